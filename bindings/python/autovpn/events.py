# SPDX-License-Identifier: ISC
"""What engines tell about their state: a frozen dataclass for each kind of event.

Events carry ids, never objects; details are asked for with the engine's own methods. An engine holds 256: when its queue is full the
oldest is dropped, and `lost` of the next one says how many were.

    for event in node.events():
        if isinstance(event, TunnelEvent): print(event.peer, "up" if event.is_up else "down")
"""
from dataclasses import dataclass, fields
from typing import Any, Callable, Dict, Optional, Tuple, Type

from ._native import lib, text
from .address import Contact, Prefix
from .enums import Conflict, EventKind, JoinState, MtuState, NatKind, RegistryFault

__all__ = [
    "ClaimEvent", "ConfigEvent", "ConflictEvent", "Event", "ExpiredEvent", "FaultEvent", "JoinEvent", "MemberEvent",
    "MtuEvent", "NatEvent", "OfferEvent", "PathEvent", "PublishedEvent", "RegistryEvent", "RevokedEvent", "RoamEvent",
    "RouteAddEvent", "RouteDeleteEvent", "RouteEvent", "RouteReplaceEvent", "TunnelEvent", "UndoneEvent",
]


@dataclass(frozen=True)
class Event:
    """What all events have. One of a kind that is newer than these bindings comes as an Event itself."""

    #: Which kind it is; for those who prefer it to isinstance().
    kind: EventKind
    #: The `now` at which it happened, nanoseconds.
    at: int
    #: Events dropped before this one, because nobody fetched them.
    lost: int

    @property
    def name(self) -> str:
        """The library's word for the kind: "tunnel", "route-add"."""
        return text(lib.avpn_event_name(self.kind))

    @staticmethod
    def _read(struct: Any) -> "Event":
        kind = EventKind(struct.kind)
        made = _KINDS.get(kind, Event)
        values = {f.name: _READERS[f.name](struct) for f in fields(made) if f.name not in _SHARED}
        return made(kind, struct.at, struct.lost, **values)


@dataclass(frozen=True)
class ConfigEvent(Event):
    """A configuration is in force."""

    #: Its version.
    version: int


@dataclass(frozen=True)
class RegistryEvent(Event):
    """An uplink is registered with a registry, or lost it."""

    #: Own uplink, 0 to 3.
    uplink: int
    #: Place of the registry in the configuration's list.
    registry: int
    #: False: it is lost.
    is_registered: bool


@dataclass(frozen=True)
class NatEvent(Event):
    """What kind of NAT stands before an uplink has become known, or is another."""

    #: Own uplink, 0 to 3.
    uplink: int
    #: The new kind.
    nat: NatKind


@dataclass(frozen=True)
class TunnelEvent(Event):
    """A tunnel came up or went down."""

    #: The peer's member id.
    peer: int
    #: False: down.
    is_up: bool


@dataclass(frozen=True)
class PathEvent(Event):
    """A path of a tunnel lives, or died."""

    #: The peer's member id.
    peer: int
    #: Own uplink, 0 to 3.
    uplink: int
    #: The peer's uplink, 0 to 3.
    remote_uplink: int
    #: False: dead.
    is_alive: bool
    #: Where it ends.
    contact: Optional[Contact]


@dataclass(frozen=True)
class RoamEvent(Event):
    """A peer's uplink moved."""

    #: The peer's member id.
    peer: int
    #: Own uplink, 0 to 3.
    uplink: int
    #: The peer's uplink, 0 to 3.
    remote_uplink: int
    #: Where it is now.
    contact: Optional[Contact]


@dataclass(frozen=True)
class RouteEvent(Event):
    """What the host's routing table is to hold. Of three kinds, each with a class of its own."""

    #: The subnet.
    prefix: Optional[Prefix]
    #: The next hop's member id.
    peer: int
    #: The place of `peer` in the order of preference, from 0.
    metric: int
    #: False: standby, no hop is alive; the route should be an unreachable one then.
    is_active: bool


@dataclass(frozen=True)
class RouteAddEvent(RouteEvent):
    """A route is new."""


@dataclass(frozen=True)
class RouteReplaceEvent(RouteEvent):
    """A route has another next hop or state."""


@dataclass(frozen=True)
class RouteDeleteEvent(RouteEvent):
    """A route is gone."""


@dataclass(frozen=True)
class ExpiredEvent(Event):
    """The configuration held has expired. It stays in force."""

    #: Its version.
    version: int


@dataclass(frozen=True)
class ConflictEvent(Event):
    """Two members claim the same addresses. At most 32 a change: Node.conflicts() has all."""

    #: Which kind of conflict.
    conflict: Conflict
    #: Who wins.
    peer: int
    #: Who loses.
    other: int
    #: What it is about.
    prefix: Optional[Prefix]


@dataclass(frozen=True)
class RevokedEvent(Event):
    """This node is revoked, or no longer a member: all tunnels are gone."""


@dataclass(frozen=True)
class UndoneEvent(Event):
    """A configuration cut this node off, and was undone."""

    #: The one undone.
    version: int


@dataclass(frozen=True)
class JoinEvent(Event):
    """How far joining is."""

    #: The new state.
    join: JoinState
    #: Place of the registry that said so.
    registry: int


@dataclass(frozen=True)
class FaultEvent(Event):
    """Something is wrong with a registry, as far as this node can prove it."""

    #: Place of the registry in the configuration's list.
    registry: int
    #: What it is.
    fault: RegistryFault
    #: The version it speaks of.
    version: int


@dataclass(frozen=True)
class MtuEvent(Event):
    """What a path carries was found, or changed."""

    #: The peer's member id.
    peer: int
    #: Own uplink, 0 to 3.
    uplink: int
    #: The peer's uplink, 0 to 3.
    remote_uplink: int
    #: DONE: so much passes; BELOW: not even so much.
    mtu_state: MtuState
    #: Size of UDP payloads, in bytes.
    datagram_bytes: int


@dataclass(frozen=True)
class OfferEvent(Event):
    """A peer offers one of its exports, or no longer does."""

    #: The peer's member id.
    peer: int
    #: The export.
    prefix: Optional[Prefix]
    #: False: no longer.
    is_offered: bool


@dataclass(frozen=True)
class PublishedEvent(Event):
    """Of a registry: an organization's new configuration is served."""

    #: Place of the organization in the registry's list: Registry.organization_at().
    organization: int
    #: Its version.
    version: int


@dataclass(frozen=True)
class ClaimEvent(Event):
    """Of a registry: a device claims a place."""

    #: Place of the organization in the registry's list.
    organization: int
    #: The place claimed, a member id.
    peer: int


@dataclass(frozen=True)
class MemberEvent(Event):
    """Of a registry: a member's uplink connected, is seen or reported anew, or is gone."""

    #: Place of the organization in the registry's list.
    organization: int
    #: The member's id.
    peer: int
    #: Which of its uplinks.
    uplink: int
    #: False: gone.
    is_connected: bool
    #: Where it is seen.
    contact: Optional[Contact]


_SHARED = ("kind", "at", "lost")

_KINDS: Dict[int, Type[Event]] = {
    EventKind.CONFIG: ConfigEvent, EventKind.REGISTRY: RegistryEvent, EventKind.NAT: NatEvent,
    EventKind.TUNNEL: TunnelEvent, EventKind.PATH: PathEvent, EventKind.ROAM: RoamEvent,
    EventKind.ROUTE_ADD: RouteAddEvent, EventKind.ROUTE_REPLACE: RouteReplaceEvent,
    EventKind.ROUTE_DELETE: RouteDeleteEvent, EventKind.EXPIRED: ExpiredEvent, EventKind.CONFLICT: ConflictEvent,
    EventKind.REVOKED: RevokedEvent, EventKind.UNDONE: UndoneEvent, EventKind.JOIN: JoinEvent,
    EventKind.FAULT: FaultEvent, EventKind.MTU: MtuEvent, EventKind.OFFER: OfferEvent,
    EventKind.PUBLISHED: PublishedEvent, EventKind.CLAIM: ClaimEvent, EventKind.MEMBER: MemberEvent,
}


def _is_set(struct: Any) -> bool:
    return bool(struct.state)


# How each field is found in struct avpn_event, whose `state` means another thing in each kind.
_READERS: Dict[str, Callable[[Any], Any]] = {
    "version": lambda s: s.version, "peer": lambda s: s.peer, "other": lambda s: s.other,
    "uplink": lambda s: s.uplink, "remote_uplink": lambda s: s.remote_uplink, "registry": lambda s: s.registry,
    "organization": lambda s: s.organization, "metric": lambda s: s.metric, "datagram_bytes": lambda s: s.metric,
    "contact": lambda s: Contact._read(s.contact), "prefix": lambda s: Prefix._read(s.prefix),
    "nat": lambda s: NatKind(s.state), "conflict": lambda s: Conflict(s.state), "join": lambda s: JoinState(s.state),
    "fault": lambda s: RegistryFault(s.state), "mtu_state": lambda s: MtuState(s.state),
    "is_registered": _is_set, "is_up": _is_set, "is_alive": _is_set, "is_active": _is_set, "is_offered": _is_set,
    "is_connected": _is_set,
}


def kinds() -> Tuple[Type[Event], ...]:
    """All classes of events, in the order of their kinds."""
    return tuple(_KINDS[kind] for kind in sorted(_KINDS))
