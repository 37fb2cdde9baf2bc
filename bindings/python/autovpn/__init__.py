# SPDX-License-Identifier: ISC
"""Auto VPN for Python: the engines of libautovpn, and its parts that are useful alone.

Everything is sans-IO: no sockets, threads or clock. Times are ints in nanoseconds of one monotonic clock; lengths are in bytes; members,
peers and hops are member ids. What the library refuses is raised as an Error; see autovpn.errors. autovpn.aio drives engines
with asyncio.
"""
# -- values, errors, seams
from . import constants
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
from .versions import features, has_feature, library_path, version, version_number, wire_version
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
from .aead import Aead, Cipher, HostAead, aead_for, aeads, suite_is_available, suite_name
from .bundle import bundle_organization, bundle_version
from .nat import NatVerdict, classify_nat, nat_name
from .noise import NoiseInitiator, NoiseKeys, NoiseResponder
from .offload import Coalesce, Coalescer, LargePacket, Offload, read_offload, segment, segment_room
from .routes import HOP_ATTACHED, HOP_LOCAL, HOP_NOBODY, Route, Routes
from .sa import Receiver, Sender, inner_bytes, sealed_bytes
from .token import Token, new_token_secret, verify_claim


__all__ = [
    "Address", "Aead", "Allocator", "Authority", "Breakout", "Cipher", "Claim", "Coalesce", "Coalescer", "Config",
    "ConfigInForce", "ConfigReader", "ConflictStatus", "Contact", "Datagram", "Explanation", "FolderStore",
    "HOP_ATTACHED", "HOP_LOCAL", "HOP_NOBODY", "Host", "HostAead", "Invite", "Key", "KeyPair", "LargePacket",
    "MICROSECOND", "MILLISECOND", "Member", "MemberHub", "NatVerdict", "Node", "NodeStatus", "NoiseInitiator",
    "NoiseKeys", "NoiseResponder", "Offload", "OrganizationStatus", "OuterContact", "PathStatus", "PeerStatus",
    "Prefix", "Problem", "Publication", "Publisher", "PublisherStatus", "Receiver", "Registration",
    "RegistrationStatus", "Registry", "RegistryEntry", "RegistryStatus", "Route", "Routes", "Rule", "RuleStatus",
    "SECOND", "SaChange", "SaReport", "SecretKey", "Sender", "SiteRoute", "Token", "Translation", "UplinkStatus",
    "Worker", "aead_for", "aeads", "bundle_organization", "bundle_version", "classify_nat", "constants", "features",
    "has_feature", "inner_bytes", "library_path", "nat_name", "new_token_secret", "read_offload", "sealed_bytes", "segment", "segment_room",
    "suite_is_available", "suite_name", "verify_claim", "version", "version_number", "wire_version",
    *_enums, *_errors, *_events,
]
