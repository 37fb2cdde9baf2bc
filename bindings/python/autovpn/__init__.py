# SPDX-License-Identifier: ISC
"""Auto VPN for Python: engines without sockets or clocks, and the parts of them that are useful alone.

Times are integers in nanoseconds of a monotonic clock. Errors are exceptions, one class for each of the library's (errors.py).
"""
from ._native import lib as _lib
from .errors import *
from .enums import *

# ---- parts
from .address import Address, AddressLike, Contact, ContactLike, Prefix, PrefixLike
from .aead import Aead, Cipher, HostAead, aead_for, aeads, suite_is_available, suite_name
from .bundle import bundle_organization, bundle_version
from .keys import Key, KeyLike, KeyPair, SecretKey
from .nat import NAT_BLOCKED_AFTER, NAT_REPORT_SPAN, NatVerdict, classify_nat, nat_name
from .noise import NOISE_1_OVERHEAD, NOISE_2_OVERHEAD, NoiseInitiator, NoiseKeys, NoiseResponder
from .routes import HOP_ATTACHED, HOP_LOCAL, HOP_NOBODY, ROUTE_HOPS, Route, Routes
from .sa import HEADROOM, PACKET_LIMIT, TAILROOM, Receiver, Sender, inner_bytes, sealed_bytes


def version() -> str:
    """The library's version, "MAJOR.MINOR.PATCH"."""
    return str(_lib.avpn_version().decode())


def wire_version() -> int:
    """The protocol version spoken on the wire."""
    return int(_lib.avpn_wire_version())
