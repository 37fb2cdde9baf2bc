# SPDX-License-Identifier: ISC
"""Which library was loaded, and what it can do."""
from typing import List, Tuple

from ._native import lib, text

__all__ = ["features", "has_feature", "library_path", "version", "version_number", "wire_version"]


def version() -> str:
    """The library's version, "MAJOR.MINOR.PATCH"."""
    return text(lib.avpn_version())


def version_number() -> int:
    """The same as one number, which rises with each version; compare it with constants.VERSION_NUMBER."""
    return int(lib.avpn_version_number())


def wire_version() -> int:
    """The protocol version spoken on the wire."""
    return int(lib.avpn_wire_version())


def has_feature(name: str) -> bool:
    """Does this build have a part that another may lack: "registry", "authority", "ipsec-mb", "openssl"? False also for an unknown name.

    Without "registry" a Registry raises UnsupportedError, without "authority" an Authority and a Publisher do.
    """
    return "\0" not in name and bool(lib.avpn_has_feature(name.encode()))


def features() -> Tuple[str, ...]:
    """The names of the parts this build has."""
    found: List[str] = []
    while True:
        name = lib.avpn_feature_at(len(found))
        if name is None:
            return tuple(found)
        found.append(text(name))


def library_path() -> str:
    """The file that was loaded, or the name by which the system found it."""
    return lib.path
