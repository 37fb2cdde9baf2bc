# SPDX-License-Identifier: ISC
"""The engine of the VPN registry, which knows every node's contact. It needs no trust, and serves any number of organizations.

    registry = autovpn.Registry(pair, now, host=autovpn.Host(store=store))
    registry.admit(organization, now)          # or set_organization(organization, bundle, now)
    ...the cycle of autovpn.Engine...
"""
import ctypes
from dataclasses import dataclass, field
from typing import Dict, Optional

from . import _declarations as d
from ._engine import EventEngine, counters_of
from ._native import lib
from ._values import moment, none, octets, read, sized, u32
from .address import Contact
from .enums import NatKind
from .host import Host
from .keys import Key, KeyLike, KeyPair

__all__ = ["OrganizationStatus", "Registration", "Registry", "RegistryStatus"]


@dataclass(frozen=True)
class RegistryStatus:
    """A registry as a whole."""

    #: Organizations served.
    organization_count: int
    #: Members of all of them.
    member_count: int
    #: Uplinks connected.
    connected_count: int
    #: On the heap, all in.
    memory_bytes: int
    #: Of these: the published documents.
    configuration_bytes: int


@dataclass(frozen=True)
class OrganizationStatus:
    """One organization at a registry."""

    #: Its name.
    name: str
    #: Members.
    member_count: int
    #: Of the configuration served; 0: nothing published yet.
    version: int
    #: Seconds since 1970 UTC.
    created: int
    #: Seconds since 1970 UTC; 0: never.
    expires: int
    #: Claims held.
    claim_count: int
    #: Places that wait for a device.
    invite_count: int
    #: Size of the published document.
    document_bytes: int


@dataclass(frozen=True)
class Registration:
    """What a registry knows of one uplink of a member."""

    #: Member id.
    member: int
    #: Uplink, 0 to 3.
    uplink: int
    #: It keeps its registration alive.
    is_connected: bool
    #: As the node reported it.
    nat: NatKind
    #: Where it is seen.
    observed: Optional[Contact]
    #: Where it says that it is.
    local: Optional[Contact]
    #: Last keepalive, nanoseconds, to the second.
    heard_at: Optional[int] = field(metadata=none(-1))


class Registry(EventEngine):
    """The engine. It has one socket: the `uplink` of what is received comes back in answers."""

    _prefix = "avpn_registry"

    def __init__(self, identity: KeyPair, now: int, *, handshakes_per_second: int = 0, registration_limit: int = 0,
                 host: Optional[Host] = None) -> None:
        """With this static key pair. `now`: nanoseconds.

        `handshakes_per_second`: accepted before "under load" begins; 0: 500. `registration_limit`: uplinks registered at once; 0: 4
        for each member. ArgumentError, OutOfMemoryError, RandomError.
        """
        super().__init__(host)
        options = sized(d.avpn_registry_options)
        options.identity = identity._value
        options.handshakes_per_second = u32(handshakes_per_second, "handshakes_per_second")
        options.registration_limit = u32(registration_limit, "registration_limit")
        self._make(options, self._seams.engine(delivers=False), now)

    def admit(self, organization: KeyLike, now: int) -> None:
        """Serve an organization as soon as its administrator publishes here, or from what the store holds, which is read now."""
        self._check(lib.avpn_registry_admit, ctypes.byref(Key.of(organization)._value), moment(now))

    def set_organization(self, organization: KeyLike, bundle: bytes, now: int) -> None:
        """Serve an organization, or a newer configuration of one; verified, not stored.

        VersionError: not newer. Others as Config.read(). On any error nothing changes.
        """
        data = octets(bundle, "bundle")
        self._check(lib.avpn_registry_set_organization, ctypes.byref(Key.of(organization)._value), data, len(data),
                    moment(now))

    def remove_organization(self, organization: KeyLike, now: int) -> None:
        """Its nodes get no answer any more. NotFoundError."""
        self._check(lib.avpn_registry_remove_organization, ctypes.byref(Key.of(organization)._value), moment(now))

    def counters(self) -> Dict[str, int]:
        """What it did and dropped, by name; since the start."""
        return counters_of(self, lib.avpn_registry_counters, lib.avpn_registry_counter_name)

    def status(self) -> RegistryStatus:
        """The registry as a whole."""
        struct = sized(d.avpn_registry_status)
        self._check(lib.avpn_registry_status, ctypes.byref(struct))
        return read(RegistryStatus, struct)

    def organization(self, organization: KeyLike) -> OrganizationStatus:
        """One organization. NotFoundError."""
        struct = sized(d.avpn_organization_status)
        self._check(lib.avpn_registry_organization, ctypes.byref(Key.of(organization)._value), ctypes.byref(struct))
        return read(OrganizationStatus, struct)

    def organization_at(self, place: int) -> Key:
        """The id of the organization at a place, as events name it. NotFoundError: none is there any more."""
        key = d.avpn_key()
        self._check(lib.avpn_registry_organization_at, u32(place, "place"), ctypes.byref(key), about=str(place))
        return Key._read(key)

    def registration(self, organization: KeyLike, member: int, uplink: int = 0) -> Registration:
        """One uplink of a member. NotFoundError: it never registered, or there is no such organization or member."""
        struct = sized(d.avpn_registration)
        self._check(lib.avpn_registry_registration, ctypes.byref(Key.of(organization)._value), u32(member, "member"),
                    u32(uplink, "uplink"), ctypes.byref(struct), about=f"member {member}, uplink {uplink}")
        return read(Registration, struct)
