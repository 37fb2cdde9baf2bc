# SPDX-License-Identifier: ISC
"""Which library is loaded, and what it can do.

    >>> version() == f"{version_number() >> 16}.{version_number() >> 8 & 255}.{version_number() & 255}"
    True
    >>> has_feature("no such thing")
    False
"""
from typing import List, Tuple

from ._native import lib, text
from .errors import ArgumentError

__all__ = ["features", "has_feature", "library_path", "version", "version_number", "wire_version"]


def version() -> str:
    """The library's version, "MAJOR.MINOR.PATCH"."""
    return text(lib.avpn_version())


def version_number() -> int:
    """The same as a number that rises with each version: 16 bits and more, 8 bits, 8 bits."""
    return int(lib.avpn_version_number())


def wire_version() -> int:
    """The protocol version spoken on the wire."""
    return int(lib.avpn_wire_version())


def has_feature(name: str) -> bool:
    """Whether this build has a part that another may lack: "registry", "authority", "ipsec-mb", "openssl". False also for a name
    that this version does not know.
    """
    if "\0" in name:
        raise ArgumentError(f"{name!r} is no name")
    return bool(lib.avpn_has_feature(name.encode()))


def features() -> Tuple[str, ...]:
    """The parts this build has."""
    found: List[str] = []
    while True:
        name = lib.avpn_feature_at(len(found))
        if name is None:
            return tuple(found)
        found.append(text(name))


def library_path() -> str:
    """The file that was loaded: of AUTOVPN_LIBRARY, of the package, or the system's name for it."""
    return lib.path
