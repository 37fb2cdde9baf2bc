# SPDX-License-Identifier: ISC
"""Auto VPN for Python: the parts of libautovpn that are useful alone.

Times are integers in nanoseconds. Errors of the library are raised as `Error`, whose
`name` is the one in autovpn/types.h.
"""
from ._native import lib as _lib
from .errors import Error
from .address import Address, Contact, Prefix
from .nat import NatKind, NatVerdict, classify_nat
from .routes import LOCAL, Routes
from .sa import Receiver, Sender, Suite, suite_is_available


def version():
    """The library's version, "MAJOR.MINOR.PATCH"."""
    return _lib.avpn_version().decode()


def wire_version():
    """The protocol version spoken on the wire."""
    return _lib.avpn_wire_version()


__all__ = [
    "Address", "Contact", "Prefix", "Error", "LOCAL", "NatKind", "NatVerdict", "Receiver", "Routes",
    "Sender", "Suite", "classify_nat", "suite_is_available", "version", "wire_version",
]
