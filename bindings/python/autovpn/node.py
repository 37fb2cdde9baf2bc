# SPDX-License-Identifier: ISC
"""The engine of one site: it registers, finds its peers, keeps tunnels with them and carries inner packets.

    node = autovpn.Node(organization, pair, now, bundle=bundle)
    node.set_uplink(0, now, local="203.0.113.2:40002")
    ...the cycle of autovpn.Engine, and:
    node.send_packet(packet, now)                  # an inner IP packet of this site
    for packet in node.packets_received(): ...     # inner IP packets for this site
    for event in node.events(): print(event)
"""
import ctypes
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Optional, Sequence, Tuple, Type, TypeVar

from . import _declarations as d
from ._engine import EventEngine, counters_of
from ._native import check, lib
from ._values import moment, none, octets, read, sized, span, u16, u32, u8
from .address import Address, AddressLike, Contact, ContactLike, Prefix, PrefixLike
from .config import ConfigReader, Rule
from .enums import (
    Conflict, ExplainVerdict, HopReason, HopState, JoinState, MtuState, NatKind, PathState, RegistrationState,
    RegistryFault, Role, Suite, TunnelState)
from .errors import StateError
from .handover import SaReport
from .host import Host
from .keys import Key, KeyLike, KeyPair
from .packets import packet_batch

if TYPE_CHECKING:
    from .token import Token

__all__ = [
    "ConfigInForce", "ConflictStatus", "Explanation", "Node", "NodeStatus", "OuterContact", "PathStatus", "PeerStatus",
    "RegistrationStatus", "RuleStatus", "SiteRoute", "UplinkStatus",
]

T = TypeVar("T")


@dataclass(frozen=True)
class NodeStatus:
    """A node as a whole."""

    #: Own member id; 0: no configuration.
    member: int
    #: Own name.
    name: str
    #: Own role.
    role: Role
    #: Name of the organization.
    organization_name: str
    #: Peers.
    peer_count: int
    #: Routes.
    route_count: int
    #: Tunnels that are up.
    tunnels_up: int
    #: This node is revoked, or no longer a member.
    is_revoked: bool
    #: The configuration has expired, and stays in force.
    is_expired: bool
    #: Version in force; 0: none.
    config_version: int
    #: The highest any registry speaks of; 0: none.
    offered_version: int
    #: Cut this node off and is not in force; 0: none.
    undone_version: int
    #: Seconds since 1970 UTC.
    config_created: int
    #: Seconds since 1970 UTC; 0: never.
    config_expires: int
    #: Bytes of the update under way that came.
    sync_received: int
    #: Its size; 0: none is under way.
    sync_total: int
    #: How far joining is.
    join: JoinState


@dataclass(frozen=True)
class UplinkStatus:
    """One uplink."""

    #: As the host said.
    is_up: bool
    #: What stands before it.
    nat: NatKind
    #: The socket's own contact; None: not known.
    local: Optional[Contact]
    #: The two contacts that decided the kind of NAT, or none.
    evidence: Tuple[Contact, ...]


@dataclass(frozen=True)
class RegistrationStatus:
    """One uplink at one registry."""

    #: How far it is.
    state: RegistrationState
    #: Where the registry is; None: not resolved.
    registry: Optional[Contact]
    #: This uplink's contact as it sees it.
    observed: Optional[Contact]
    #: Last answer, nanoseconds; None: never.
    answered_at: Optional[int] = field(metadata=none(-1))
    #: Round trip of the last answer, microseconds; 0: not measured.
    rtt_us: int
    #: Keepalives unanswered in a row.
    missed: int
    #: As the configuration names it.
    host: str
    #: What it says it serves; 0: unknown.
    config_version: int
    #: What is wrong with the registry, whatever the uplink.
    fault: RegistryFault


@dataclass(frozen=True)
class PeerStatus:
    """One peer, and the tunnel with it."""

    #: Its member id.
    member: int
    #: Its name.
    name: str
    #: Its role.
    role: Role
    #: The tunnel's state.
    tunnel: TunnelState
    #: Cipher of the session.
    suite: Suite
    #: A registry says that it is connected.
    is_connected: bool
    #: As it reported, of its first uplink.
    nat: NatKind
    #: Own uplink of the path that traffic takes; None: no path.
    path_uplink: Optional[int] = field(metadata=none(255))
    #: The peer's uplink of that path; None: no path.
    path_remote_uplink: Optional[int] = field(metadata=none(255))
    #: This side initiates handshakes.
    is_initiator: bool
    #: Paths in use or being tried.
    path_count: int
    #: Round trip of that path, smoothed, microseconds.
    rtt_us: int
    #: Nanoseconds; None: not up.
    up_since: Optional[int] = field(metadata=none(-1))
    #: Of the keys in use, nanoseconds; None: none.
    session_since: Optional[int] = field(metadata=none(-1))
    #: The tunnel came back, and is trusted as a next hop from then, nanoseconds; None: it is trusted.
    held_until: Optional[int] = field(metadata=none(-1))
    #: The largest inner packet that path carries whole; 0: no path.
    mtu_bytes: int
    #: Inner packets.
    sent_packets: int
    #: Inner bytes.
    sent_bytes: int
    #: Inner packets.
    received_packets: int
    #: Inner bytes.
    received_bytes: int


@dataclass(frozen=True)
class PathStatus:
    """One path: an own uplink and one of a peer."""

    #: How far it is.
    state: PathState
    #: Own uplink, 0 to 3.
    uplink: int
    #: The peer's uplink, 0 to 3.
    remote_uplink: int
    #: Traffic takes this path.
    is_selected: bool
    #: Proved remote contact; None: none.
    contact: Optional[Contact]
    #: Smoothed, microseconds.
    rtt_us: int
    #: Last probe answered, nanoseconds; None: never.
    answered_at: Optional[int] = field(metadata=none(-1))
    #: Probes sent.
    probes_sent: int
    #: Probes answered.
    probes_answered: int
    #: Largest datagram (UDP payload) proved to pass, bytes; 0: not alive.
    mtu_bytes: int
    #: How far finding it is.
    mtu_state: MtuState


@dataclass(frozen=True)
class SiteRoute:
    """A route of the node: a subnet and its next hops."""

    #: The subnet.
    prefix: Prefix
    #: Member ids in order of preference, or constants.HOP_*.
    hops: Tuple[int, ...]
    #: Place of the hop in use in `hops`; None: none is alive.
    active: Optional[int]

    @property
    def hop(self) -> Optional[int]:
        """The hop in use; None: none is alive."""
        return None if self.active is None else self.hops[self.active]

    @classmethod
    def _of(cls, struct: Any, active: int) -> "SiteRoute":
        prefix = Prefix._read(struct.prefix)
        assert prefix is not None, "a route has a prefix"
        return cls(prefix, tuple(struct.hops[:struct.hop_count]), None if active == d.AVPN_ROUTE_NONE else active)


@dataclass(frozen=True)
class ConflictStatus:
    """A route that is not used, or not as configured."""

    #: Why.
    kind: Conflict
    #: What it is about.
    prefix: Optional[Prefix]
    #: Member id.
    winner: int
    #: Member id.
    loser: int


@dataclass(frozen=True)
class RuleStatus:
    """A rule of the firewall, and what it did here since it came into force."""

    #: The rule.
    rule: Rule
    #: Packets it decided on their way into the VPN.
    sent_packets: int
    #: Packets it decided on their way out of it.
    received_packets: int


@dataclass(frozen=True)
class OuterContact:
    """A contact to which the node sends of itself."""

    #: By which uplink.
    uplink: int
    #: Where to.
    contact: Contact


@dataclass(frozen=True)
class Explanation:
    """What a node would do with a packet now, and why."""

    #: What.
    verdict: ExplainVerdict
    #: The source's address is another in the VPN.
    translates_source: bool
    #: The destination's address is another in the VPN.
    translates_destination: bool
    #: Cipher of the tunnel.
    suite: Suite
    #: As the VPN sees it.
    source: Optional[Address]
    #: As the VPN sees it.
    destination: Optional[Address]
    #: Place of the rule that decides; None: none does, allowed.
    rule: Optional[int] = field(metadata=none(d.AVPN_EXPLAIN_DEFAULT))
    #: Place of the breakout; None: none matches.
    breakout: Optional[int] = field(metadata=none(d.AVPN_EXPLAIN_DEFAULT))
    #: Member behind whose tunnel the source lies; 0: this site.
    source_member: int
    #: Member; 0: none.
    next_hop: int
    #: The route that decides for the destination; None: there is none.
    route: Optional[SiteRoute]
    #: Why each of its hops is used or is not, by place in `route.hops`.
    hop_reasons: Tuple[HopReason, ...]
    #: How many of Node.conflicts() are about this destination.
    conflict_count: int
    #: The first 8 of them, by place.
    conflicts: Tuple[int, ...]
    #: Own uplink of the path; None: none.
    uplink: Optional[int] = field(metadata=none(255))
    #: The peer's uplink of the path; None: none.
    remote_uplink: Optional[int] = field(metadata=none(255))
    #: Where the path ends; None: nowhere.
    contact: Optional[Contact]
    #: Microseconds.
    rtt_us: int
    #: Largest inner packet that is carried whole.
    mtu_bytes: int

    @classmethod
    def _read(cls, struct: Any) -> "Explanation":
        route = SiteRoute._of(struct, struct.active) if struct.has_route else None
        count = len(route.hops) if route is not None else 0
        return read(
            cls, struct, route=route, source_member=getattr(struct, "from"),
            translates_source=bool(struct.is_translated & 1), translates_destination=bool(struct.is_translated & 2),
            hop_reasons=tuple(HopReason(reason) for reason in struct.hop_reasons[:count]),
            conflicts=tuple(struct.conflicts[:min(struct.conflict_count, len(struct.conflicts))]))


class ConfigInForce(ConfigReader):
    """Node.configuration: asks the node, each time, of what is in force then. StateError: there is none."""

    def __init__(self, node: "Node") -> None:
        self._node = node

    def _call(self, function: Any, *arguments: Any) -> Any:
        with self._node._borrowed(function.__name__) as node:
            config = lib.avpn_node_config(node)
            if not config:
                raise StateError("this node has no configuration yet")
            return function(config, *arguments)

    def _check(self, function: Any, *arguments: Any, about: Optional[str] = None) -> int:
        return check(self._call(function, *arguments), function.__name__, about)


class Node(EventEngine):
    """The engine of one site."""

    _prefix = "avpn_node"

    def __init__(self, organization: KeyLike, identity: KeyPair, now: int, *, bundle: Optional[bytes] = None,
                 token: "Optional[Token]" = None, hands_over: bool = False, handshakes_per_second: int = 0,
                 purge_after: int = 0, undo_after: int = 0, host: Optional[Host] = None) -> None:
        """A node of the organization with this id. `now`: nanoseconds.

        The newest configuration in the host's store is in force, or `bundle` (also a slice) if that is newer. Without either the node
        joins with its `token`; without that it waits for set_configuration().

        `hands_over`: Host.sa gets all security associations, and the node neither seals nor opens. `handshakes_per_second`: accepted
        before "under load" begins; 0: 500. `purge_after`: nanoseconds, contacts of peers not heard for so long are forgotten; 0: 4 h.
        `undo_after`: nanoseconds, a new configuration that cuts the node off for so long is undone; 0: 120 s, negative: never.

        ArgumentError: keys, token, or no Host.sa to hand over to. Of `bundle` those of set_configuration(), but one that is not newer
        is no error. OutOfMemoryError, RandomError.
        """
        super().__init__(host)
        options = sized(d.avpn_node_options)
        options.organization, options.identity = Key.of(organization)._value, identity._value
        data = octets(bundle, "bundle") if bundle is not None else b""
        room = ctypes.create_string_buffer(data, len(data) or 1)  # borrowed until the node is made
        options.bundle = ctypes.addressof(room) if bundle is not None else None
        options.bundle_bytes = len(data)
        options.purge_after, options.undo_after = span(purge_after, "purge_after"), span(undo_after, "undo_after")
        options.handshakes_per_second = u32(handshakes_per_second, "handshakes_per_second")
        options.hands_over = int(hands_over)
        if token is not None:
            options.token = ctypes.pointer(token._value)
        self._make(options, self._seams.engine(), now)
        del room

    # ---- what the host tells -------------------------------------------------

    def set_uplink(self, uplink: int, now: int, *, local: Optional[ContactLike] = None, is_up: bool = True,
                   mtu_bytes: int = 0) -> None:
        """Bring an uplink up or down, or tell that its address or the MTU of its link changed.

        Numbers are preference: 0 is tried first. `local`: the socket's own contact; None: not known. `mtu_bytes`: of the link, IP header
        included, 576 to 65575; 0: 1500. ArgumentError: 4 or more, or an MTU that no IP link has.
        """
        struct = sized(d.avpn_uplink)
        struct.is_up, struct.mtu_bytes = int(is_up), u32(mtu_bytes, "mtu_bytes")
        if local is not None:
            struct.local = Contact.of(local)._value
        self._check(lib.avpn_node_set_uplink, u32(uplink, "uplink"), ctypes.byref(struct), moment(now),
                    about=f"uplink {uplink}, {local}, {mtu_bytes} bytes")

    def set_addresses(self, addresses: Sequence[AddressLike]) -> None:
        """The node's own addresses on the inside, one of a family: ICMP errors come from there. ArgumentError: two of a family."""
        array = _array(d.avpn_address, [Address.of(address)._value for address in addresses])
        self._check(lib.avpn_node_set_addresses, array, len(addresses))

    def set_attached(self, prefixes: Sequence[PrefixLike], now: int) -> None:
        """All subnets this machine is attached to: what others export inside of them is not used here, and a conflict.

        Replaces those before. ArgumentError: a default route. LimitError: more than 256.
        """
        array = _array(d.avpn_prefix, [Prefix.of(prefix)._value for prefix in prefixes])
        self._check(lib.avpn_node_set_attached, array, len(prefixes), moment(now))

    def set_offer(self, prefix: PrefixLike, is_offered: bool, now: int) -> None:
        """Does this node offer its export now? At first it offers all. NotFoundError: it has no such export."""
        value = Prefix.of(prefix)
        self._check(lib.avpn_node_set_offer, ctypes.byref(value._value), int(is_offered), moment(now), about=str(value))

    def set_configuration(self, document: bytes, now: int) -> None:
        """Offer a newer configuration, a bundle or this node's slice: verified, applied by difference, kept.

        VersionError: not above any taken before, or further above than one step may be. NotFoundError: this key is not a member, or
        the slice does not tell what it needs. Others as Config.read(). On any error the old one stays in force.
        """
        data = octets(document, "document")
        self._check(lib.avpn_node_set_configuration, data, len(data), moment(now))

    def resolved(self, request: int, addresses: Sequence[AddressLike], now: int) -> None:
        """The answer to Host.resolve, also from inside of it: all addresses; none: it could not be resolved.

        At most 8 are used. NotFoundError: no such request.
        """
        array = _array(d.avpn_address, [Address.of(address)._value for address in addresses])
        arguments = (u32(request, "request"), array, len(addresses), moment(now))
        if self._seams.resolving == threading.get_ident():  # inside of the call that asks, which holds the lock
            pointer = self._owned.pointer
            if pointer is None:  # avpn_node_new is that call
                raise StateError("the node is being made: answer when it is there")
            check(lib.avpn_node_resolved(pointer, *arguments), "avpn_node_resolved", str(request))
        else:
            self._check(lib.avpn_node_resolved, *arguments, about=str(request))

    def leave(self, now: int) -> None:
        """Tell registries that the node goes away; send what then waits, and close()."""
        self._call(lib.avpn_node_leave, moment(now))

    def rekey(self, member: int, now: int) -> None:
        """New keys with a peer now. NotFoundError: no such peer. StateError: there are none yet."""
        self._check(lib.avpn_node_rekey, u32(member, "member"), moment(now), about=str(member))

    def report_sa(self, report: SaReport, now: int) -> None:
        """What the host's data plane knows of an SA; once a second, and at once when packets come from another source.

        StateError: this node does not hand over. NotFoundError: no such SA. ArgumentError.
        """
        self._check(lib.avpn_node_report_sa, ctypes.byref(report._value), moment(now), about=f"SPI {report.spi:#x}")

    def take_punt(self, punt: bytes, now: int) -> None:
        """What a worker of this node punted. FormatError: no punt."""
        data = octets(punt, "punt")
        buffer = ctypes.create_string_buffer(data, len(data) or 1)
        self._check(lib.avpn_node_take_punt, buffer, len(data), moment(now))

    # ---- inner packets ---------------------------------------------------------

    def send_packet(self, packet: bytes, now: int) -> None:
        """An inner IP packet from this site. What cannot be carried is dropped and counted. ArgumentError: empty, or above 65535."""
        self.send_packets([packet], now)

    def send_packets(self, packets: Iterable[bytes], now: int) -> None:
        """Several in one call, which is faster."""
        batch, count, buffer = packet_batch(packets)
        self._check(lib.avpn_node_send, batch, count, moment(now))
        del buffer  # that is how long it had to live

    def packets_received(self) -> List[bytes]:
        """Inner packets for this site, decrypted and checked; each is given once. Nothing, where Host.deliver takes them.

        At most 65536 wait, the oldest are lost first.
        """
        self._require_open()
        return self._seams.inward.take()

    # ---- looking in --------------------------------------------------------------

    def counters(self) -> Dict[str, int]:
        """Packets by what was done with them, and one name for each reason to drop one; since the start."""
        return counters_of(self, lib.avpn_node_counters, lib.avpn_counter_name)

    @property
    def configuration(self) -> ConfigInForce:
        """The configuration in force, to be asked; what it says may be another after the next call."""
        return ConfigInForce(self)

    def status(self) -> NodeStatus:
        """The node as a whole."""
        struct = sized(d.avpn_node_status)
        self._check(lib.avpn_node_status, ctypes.byref(struct))
        return read(NodeStatus, struct)

    def uplink(self, uplink: int) -> UplinkStatus:
        """One uplink. ArgumentError: 4 or more."""
        struct = sized(d.avpn_uplink_status)
        self._check(lib.avpn_node_uplink_status, u32(uplink, "uplink"), ctypes.byref(struct), about=str(uplink))
        return read(UplinkStatus, struct)

    def registration(self, uplink: int, registry: int) -> RegistrationStatus:
        """One uplink at the registry of this place. NotFoundError or ArgumentError: there is no such one."""
        struct = sized(d.avpn_registration_status)
        self._check(lib.avpn_node_registration_status, u32(uplink, "uplink"), u32(registry, "registry"),
                    ctypes.byref(struct), about=f"uplink {uplink}, registry {registry}")
        return read(RegistrationStatus, struct)

    def peer(self, member: int) -> PeerStatus:
        """One peer, by member id. NotFoundError."""
        struct = sized(d.avpn_peer_status)
        self._check(lib.avpn_node_peer, u32(member, "member"), ctypes.byref(struct), about=str(member))
        return read(PeerStatus, struct)

    def peers(self) -> List[PeerStatus]:
        """All peers, by member id."""
        return self._all(PeerStatus, d.avpn_peer_status, lib.avpn_node_peer_at)

    def paths(self, member: int) -> List[PathStatus]:
        """The paths to a peer. NotFoundError: no such peer."""
        return self._all(PathStatus, d.avpn_path_status, lib.avpn_node_path_at, u32(member, "member"))

    def conflicts(self) -> List[ConflictStatus]:
        """Routes that are not used, or not as configured, and why; at most 4096."""
        return self._all(ConflictStatus, d.avpn_conflict_status, lib.avpn_node_conflict_at)

    def rules(self) -> List[RuleStatus]:
        """The firewall's rules and what they did here, in the order in which they are tried."""
        found: List[RuleStatus] = []
        rule, struct = sized(d.avpn_rule), sized(d.avpn_rule_status)
        while self._more(lib.avpn_node_rule_at, len(found), ctypes.byref(rule), ctypes.byref(struct)):
            found.append(read(RuleStatus, struct, rule=Rule._read(rule)))
        return found

    def routes(self) -> List[SiteRoute]:
        """All routes, by prefix."""
        found: List[SiteRoute] = []
        struct, active = sized(d.avpn_route), ctypes.c_uint32()
        while self._more(lib.avpn_node_route_at, len(found), ctypes.byref(struct), ctypes.byref(active)):
            found.append(SiteRoute._of(struct, active.value))
        return found

    def outer_contacts(self) -> List[OuterContact]:
        """Contacts to which the node sends of itself, in no order: to keep outer traffic out of the tunnel."""
        found: List[OuterContact] = []
        contact, uplink, place = d.avpn_contact(), ctypes.c_uint32(), 0
        while self._more(lib.avpn_node_outer_at, place, ctypes.byref(uplink), ctypes.byref(contact)):
            place += 1
            remote = Contact._read(contact)
            if remote is not None:
                found.append(OuterContact(uplink.value, remote))
        return found

    def hop_state(self, member: int) -> HopState:
        """A member as a next hop."""
        return HopState(self._call(lib.avpn_node_hop_state, u32(member, "member")))

    def explain(self, source: AddressLike, destination: AddressLike, *, protocol: int = 0, source_port: int = 0,
                destination_port: int = 0) -> Explanation:
        """What this node would do with such a packet now, and why; nothing is sent or counted.

        `protocol`: IANA number; 0 and port 0: not said, rules that name one do not match. ArgumentError: addresses of two families.
        StateError: there is no configuration.
        """
        flow, struct = sized(d.avpn_flow), sized(d.avpn_explanation)
        flow.source, flow.destination = Address.of(source)._value, Address.of(destination)._value
        flow.protocol = u8(protocol, "protocol")
        flow.source_port, flow.destination_port = u16(source_port, "port"), u16(destination_port, "port")
        self._check(lib.avpn_node_explain, ctypes.byref(flow), ctypes.byref(struct), about=f"{source} to {destination}")
        return Explanation._read(struct)

    def aead_name(self, suite: Suite) -> Optional[str]:
        """The provider that encrypts packets of a suite here; None: the suite is not available."""
        aead = self._call(lib.avpn_node_aead, u8(suite, "suite"))
        return aead.contents.name.decode() if aead else None

    def _more(self, function: Any, *arguments: Any) -> bool:
        """Call an *_at function; False beyond the end."""
        code = self._call(function, *arguments)
        if code == d.AVPN_ERROR_EMPTY:
            return False
        check(code, function.__name__)
        return True

    def _all(self, kind: Type[T], struct_kind: Any, function: Any, *before: int) -> List[T]:
        found: List[T] = []
        struct = sized(struct_kind)
        while self._more(function, *before, len(found), ctypes.byref(struct)):
            found.append(read(kind, struct))
        return found


def _array(kind: Any, items: List[Any]) -> Any:
    return (kind * max(len(items), 1))(*items)
