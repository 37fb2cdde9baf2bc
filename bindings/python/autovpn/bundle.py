# SPDX-License-Identifier: ISC
"""What a signed bundle or slice claims to be, without verifying anything: to show it to a person, to choose the newest.

Config.read() verifies, and Config.slice() cuts what one member gets.
"""
import ctypes

from . import _declarations as d
from ._native import check, lib
from ._values import octets
from .keys import Key

__all__ = ["bundle_organization", "bundle_version"]


def bundle_organization(document: bytes) -> Key:
    """The id of the organization. FormatError: it is no bundle or slice."""
    data, key = octets(document, "document"), d.avpn_key()
    check(lib.avpn_bundle_organization(data, len(data), ctypes.byref(key)), "avpn_bundle_organization")
    found: Key = Key._read(key)
    return found


def bundle_version(document: bytes) -> int:
    """The version: 64 bits, of which the upper 16 are the serial of the charter. FormatError: it is no bundle or slice."""
    data, version = octets(document, "document"), ctypes.c_uint64()
    check(lib.avpn_bundle_version(data, len(data), ctypes.byref(version)), "avpn_bundle_version")
    return version.value
