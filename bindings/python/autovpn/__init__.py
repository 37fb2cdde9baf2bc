# SPDX-License-Identifier: ISC
"""Auto VPN for Python: the engines of libautovpn, and its parts that are useful alone.

Everything is sans-IO: no sockets, threads or clock. Times are ints in nanoseconds of one monotonic clock; lengths are in bytes; members,
peers and hops are member ids. What the library refuses is raised as an Error; see autovpn.errors. autovpn.aio drives engines
with asyncio.
"""
# -- values, errors, seams
from . import constants
from ._native import lib as _lib
from .address import Address, Contact, Prefix
from .constants import MICROSECOND, MILLISECOND, SECOND
from .enums import *  # noqa: F403  # all of them, by its __all__
from .enums import __all__ as _enums
from .errors import *  # noqa: F403
from .errors import __all__ as _errors
from .events import *  # noqa: F403
from .events import __all__ as _events
from .handover import SaChange, SaReport
from .host import Allocator, FolderStore, Host
from .keys import Key, KeyPair, SecretKey
from .packets import Datagram
# -- engines
from .authority import Authority, Publication
from .config import (
    Breakout, Config, ConfigReader, Invite, Member, MemberHub, Problem, RegistryEntry, Rule, Translation)
from .node import (
    ConfigInForce, ConflictStatus, Explanation, Node, NodeStatus, OuterContact, PathStatus, PeerStatus,
    RegistrationStatus, RuleStatus, SiteRoute, UplinkStatus)
from .publisher import Claim, Publisher, PublisherStatus
from .registry import OrganizationStatus, Registration, Registry, RegistryStatus
from .worker import Worker
# -- parts
from .nat import NatVerdict, classify_nat
from .routes import LOCAL, Routes
from .sa import Receiver, Sender, suite_is_available


def version() -> str:
    """The library's version, "MAJOR.MINOR.PATCH"."""
    return str(_lib.avpn_version().decode())


def wire_version() -> int:
    """The protocol version spoken on the wire."""
    return int(_lib.avpn_wire_version())


__all__ = [
    "Address", "Allocator", "Authority", "Breakout", "Claim", "Config", "ConfigInForce", "ConfigReader",
    "ConflictStatus", "Contact", "Datagram", "Explanation", "FolderStore", "Host", "Invite", "Key", "KeyPair", "LOCAL",
    "MICROSECOND", "MILLISECOND", "Member", "MemberHub", "NatVerdict", "Node", "NodeStatus", "OrganizationStatus",
    "OuterContact", "PathStatus", "PeerStatus", "Prefix", "Problem", "Publication", "Publisher", "PublisherStatus",
    "Receiver", "Registration", "RegistrationStatus", "Registry", "RegistryEntry", "RegistryStatus", "Routes", "Rule",
    "RuleStatus", "SECOND", "SaChange", "SaReport", "SecretKey", "Sender", "SiteRoute", "Translation", "UplinkStatus",
    "Worker", "classify_nat", "constants", "suite_is_available", "version", "wire_version",
    *_enums, *_errors, *_events,
]
