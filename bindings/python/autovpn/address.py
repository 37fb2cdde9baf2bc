# SPDX-License-Identifier: ISC
"""Addresses, contacts and prefixes: immutable, with the library's own text forms."""
import ctypes as c

from . import _native as n


class _Text:
    """A value with a text form; subclasses name the struct and its two functions."""

    _struct = _parse = _format = None

    def __init__(self, struct):
        self._value = struct

    @classmethod
    def parse(cls, text):
        """From text; raises Error AVPN_ERROR_FORMAT where it is none."""
        struct = cls._struct()
        n.check(cls._parse(text.encode(), c.byref(struct)))
        return cls(struct)

    def __str__(self):
        text = c.create_string_buffer(64)
        n.check(type(self)._format(c.byref(self._value), text, len(text)))
        return text.value.decode()

    def __repr__(self):
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other):
        return type(self) is type(other) and bytes(self._value) == bytes(other._value)

    def __hash__(self):
        return hash(bytes(self._value))


class Address(_Text):
    """An IPv4 or IPv6 address."""
    _struct, _parse, _format = n.AddressStruct, n.lib.avpn_address_parse, n.lib.avpn_address_format


class Contact(_Text):
    """An address and a UDP port: "192.0.2.1:40000", "[2001:db8::1]:40000"."""
    _struct, _parse, _format = n.ContactStruct, n.lib.avpn_contact_parse, n.lib.avpn_contact_format


class Prefix(_Text):
    """A subnet: "10.1.0.0/16"."""
    _struct, _parse, _format = n.PrefixStruct, n.lib.avpn_prefix_parse, n.lib.avpn_prefix_format
