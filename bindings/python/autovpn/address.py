# SPDX-License-Identifier: ISC
"""Addresses, contacts and prefixes: immutable, hashable and ordered, with the library's own text forms.

They are made from text, from each other and from what Python has: `ipaddress` objects and the (host, port) of sockets; and go
back by `.ip`, `.network` and `.sockaddr`. Text is taken in the forms of autovpn/types.h only: no host bits in a prefix, no
scope in an address, for neither has a place in the protocol.
"""
import ctypes
import ipaddress
from typing import Any, ClassVar, Optional, Tuple, Type, TypeVar, Union

from . import _declarations as d
from ._native import check, lib
from ._values import u16
from .enums import Family
from .errors import FormatError

__all__ = ["Address", "AddressLike", "Contact", "ContactLike", "Prefix", "PrefixLike"]

V = TypeVar("V", bound="_Value")


class _Value:
    """A value with a text form; subclasses name the struct and its functions."""

    __slots__ = ("_value", "_packed")
    _value: Any
    _packed: bytes
    _struct: ClassVar[Any]
    _word: ClassVar[str]

    @classmethod
    def _read(cls: Type[V], struct: Any) -> Optional[V]:
        """A copy of a struct; None where its family says that there is nothing."""
        if struct.family == d.AVPN_FAMILY_NONE:
            return None
        made = object.__new__(cls)
        made._fill(cls._struct.from_buffer_copy(struct))
        return made

    @classmethod
    def parse(cls: Type[V], text: str) -> V:
        """From text. FormatError: it is none; TypeError: it is no text."""
        if not isinstance(text, str):
            raise TypeError(f"a {cls.__name__} is parsed from text, not from {text!r}")
        struct = cls._struct()
        code = getattr(lib, f"avpn_{cls._word}_parse")(text.encode(), ctypes.byref(struct)) if "\0" not in text \
            else d.AVPN_ERROR_FORMAT
        if code == d.AVPN_ERROR_FORMAT:
            raise FormatError(f"{text!r} is no {cls._word}: write it as {_EXAMPLES[cls._word]}")
        check(code, f"avpn_{cls._word}_parse")
        made = object.__new__(cls)
        made._fill(struct)
        return made

    def _fill(self, struct: Any) -> None:
        object.__setattr__(self, "_value", struct)
        object.__setattr__(self, "_packed", bytes(struct))

    @property
    def family(self) -> Family:
        """IPv4 or IPv6."""
        return Family(self._value.family)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a {type(self).__name__} does not change")

    def __str__(self) -> str:
        text = ctypes.create_string_buffer(64)
        check(getattr(lib, f"avpn_{self._word}_format")(ctypes.byref(self._value), text, len(text)),
              f"avpn_{self._word}_format")
        return text.value.decode()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._packed == other._packed  # type: ignore[attr-defined]

    def __hash__(self) -> int:
        return hash(self._packed)

    def _order(self) -> Tuple[int, bytes, int]:
        """IPv4 before IPv6, then by address, then by port or length."""
        raise NotImplementedError

    def __lt__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._order() < _order_of(other)

    def __le__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._order() <= _order_of(other)

    def __gt__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._order() > _order_of(other)

    def __ge__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return self._order() >= _order_of(other)

    @property
    def packed(self) -> bytes:
        """The address in network byte order: 4 bytes, or 16."""
        return bytes(self._value.bytes[:4 if self._value.family == d.AVPN_FAMILY_IPV4 else 16])

    def __reduce__(self) -> Any:
        return (type(self).parse, (str(self),))


def _order_of(value: Any) -> Tuple[int, bytes, int]:
    order: Tuple[int, bytes, int] = value._order()
    return order


_EXAMPLES = {"address": "192.0.2.1 or 2001:db8::1", "contact": "192.0.2.1:40000 or [2001:db8::1]:40000",
             "prefix": "10.1.0.0/16, with no bit set beyond its length"}


class Address(_Value):
    """An IPv4 or IPv6 address: Address("192.0.2.1")."""

    __slots__ = ()
    _struct, _word = d.avpn_address, "address"

    def __init__(self, address: "AddressLike") -> None:
        self._fill(Address.parse(str(address))._value)

    @classmethod
    def of(cls, address: "AddressLike") -> "Address":
        """`address` itself, or what its text says."""
        return address if isinstance(address, Address) else cls(address)

    @property
    def ip(self) -> "IP":
        """As ipaddress.IPv4Address or IPv6Address."""
        return ipaddress.ip_address(self.packed)

    def _order(self) -> Tuple[int, bytes, int]:
        return (self._value.family, self.packed, 0)


class Contact(_Value):
    """An address and a UDP port: Contact("192.0.2.1:40000"), Contact("2001:db8::1", 40000)."""

    __slots__ = ()
    _struct, _word = d.avpn_contact, "contact"

    def __init__(self, host: "Union[AddressLike, Contact]", port: Optional[int] = None) -> None:
        if port is None:
            self._fill(Contact.parse(str(host))._value)
            return
        address = Address.parse(str(host))._value
        struct = d.avpn_contact(family=address.family, port=u16(port, "port"))
        struct.bytes[:] = address.bytes[:]
        self._fill(struct)

    @classmethod
    def of(cls, contact: "ContactLike") -> "Contact":
        """`contact` itself, or what a text or a socket's address - (host, port, ...) - says."""
        if isinstance(contact, Contact):
            return contact
        return cls(contact) if isinstance(contact, str) else cls(contact[0], contact[1])

    @property
    def address(self) -> Address:
        """Without the port."""
        return Address(self.ip)

    @property
    def ip(self) -> "IP":
        """The address as ipaddress.IPv4Address or IPv6Address."""
        return ipaddress.ip_address(self.packed)

    @property
    def host(self) -> str:
        """The address as text, without the port."""
        return str(self.address)

    @property
    def sockaddr(self) -> Tuple[str, int]:
        """(host, port), as sockets take it."""
        return (self.host, self.port)

    def _order(self) -> Tuple[int, bytes, int]:
        return (self._value.family, self.packed, self.port)

    @property
    def port(self) -> int:
        """The UDP port."""
        return int(self._value.port)


class Prefix(_Value):
    """A subnet: Prefix("10.1.0.0/16")."""

    __slots__ = ()
    _struct, _word = d.avpn_prefix, "prefix"

    def __init__(self, prefix: "PrefixLike") -> None:
        self._fill(Prefix.parse(str(prefix))._value)

    @classmethod
    def of(cls, prefix: "PrefixLike") -> "Prefix":
        """`prefix` itself, or what its text says."""
        return prefix if isinstance(prefix, Prefix) else cls(prefix)

    @property
    def length(self) -> int:
        """How many bits are given: 0 to 32, or 0 to 128."""
        return int(self._value.length)

    @property
    def address(self) -> Address:
        """The first one in it."""
        return Address(ipaddress.ip_address(self.packed))

    @property
    def network(self) -> "Network":
        """As ipaddress.IPv4Network or IPv6Network."""
        return ipaddress.ip_network((self.packed, self.length))

    def __contains__(self, inner: "Union[AddressLike, Prefix]") -> bool:
        """An address, or a prefix that lies in this one or is the same."""
        if isinstance(inner, (Prefix, ipaddress.IPv4Network, ipaddress.IPv6Network)):
            other = Prefix.of(inner)
            return other.length >= self.length and other.address in self
        address = Address.of(inner)
        shift = len(self.packed) * 8 - self.length
        return self.family == address.family and \
            int.from_bytes(self.packed, "big") >> shift == int.from_bytes(address.packed, "big") >> shift

    def _order(self) -> Tuple[int, bytes, int]:
        return (self._value.family, self.packed, self.length)


IP = Union[ipaddress.IPv4Address, ipaddress.IPv6Address]
Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
#: What is taken for an address, a contact, a prefix.
AddressLike = Union[Address, str, ipaddress.IPv4Address, ipaddress.IPv6Address]
ContactLike = Union[Contact, str, Tuple["AddressLike", int], Tuple[str, int, int, int]]
PrefixLike = Union[Prefix, str, ipaddress.IPv4Network, ipaddress.IPv6Network]
