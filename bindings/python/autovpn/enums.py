# SPDX-License-Identifier: ISC
# Made by scripts/declare_ctypes.py from doc/api.json: do not edit.
"""The enums of the library, under the names of their values without the prefix.

A value that this version of the bindings does not know, from a newer library, is kept: it is a member named UNKNOWN_n.
"""
from ._open_enum import OpenEnum

__all__ = [
    "Conflict",
    "EventKind",
    "ExplainVerdict",
    "Family",
    "HopReason",
    "HopState",
    "JoinState",
    "LogLevel",
    "MtuState",
    "NatKind",
    "NodeCounter",
    "OffloadKind",
    "PathState",
    "PublishResult",
    "PublisherState",
    "RegistrationState",
    "RegistryCounter",
    "RegistryFault",
    "Role",
    "RuleAction",
    "SaAction",
    "Suite",
    "TunnelState",
]


class Family(OpenEnum):
    """Which IP an address is of."""

    #: no address
    NONE = 0
    #: 4 bytes
    IPV4 = 4
    #: 16 bytes
    IPV6 = 6


class LogLevel(OpenEnum):
    """How much a line of the log matters."""

    #: something does not work
    ERROR = 1
    #: somebody should look
    WARNING = 2
    #: changes of state
    INFO = 3
    #: for developers
    DEBUG = 4


class Role(OpenEnum):
    """What a member is to the others."""

    #: no member
    NONE = 0
    #: has tunnels with hubs and with the spokes that name it
    HUB = 1
    #: has tunnels with the hubs it names
    SPOKE = 2


class RuleAction(OpenEnum):
    """What a rule says of packets that match."""

    #: they pass
    ALLOW = 1
    #: they are dropped and counted
    DENY = 2


class EventKind(OpenEnum):
    """What happened."""

    #: nothing
    NONE = 0
    #: configuration `version` is in force
    CONFIG = 1
    #: uplink/registry: `state` 1 registered, 0 lost
    REGISTRY = 2
    #: uplink: `state` is the new enum avpn_nat_kind
    NAT = 3
    #: peer: `state` 1 up, 0 down
    TUNNEL = 4
    #: peer/uplink/remote_uplink: `state` 1 alive, 0 dead; `contact`
    PATH = 5
    #: peer/uplink/remote_uplink moved to `contact`
    ROAM = 6
    #: `prefix` via `peer`, `metric`; `state` 1 active, 0 standby (no hop is alive)
    ROUTE_ADD = 7
    #: the same prefix, now with this `peer`, `metric`, `state`
    ROUTE_REPLACE = 8
    #: `prefix` has no route any more
    ROUTE_DELETE = 9
    #: the configuration held has expired, it stays in force
    EXPIRED = 10
    #: `state`: enum avpn_conflict (route.h); `peer` wins `prefix` over `other`. At most 32 a
    #: change: avpn_node_conflict_at has all
    CONFLICT = 11
    #: this node is revoked, or no longer a member: all tunnels are gone
    REVOKED = 12
    #: configuration `version` cut this node off and was undone [CFG-12]
    UNDONE = 13
    #: `state`: enum avpn_join_state (node.h); registry
    JOIN = 14
    #: registry: `state`: enum avpn_registry_fault (node.h), `version` it speaks of
    FAULT = 15
    #: peer/uplink/remote_uplink: datagrams of `metric` bytes pass, or not even these; `state` DONE
    #: or BELOW of enum avpn_mtu_state [MTU-4]
    MTU = 16
    #: `peer` offers its export `prefix` (`state` 1) or no longer does (0) [RTE-8]
    OFFER = 17
    #: organization serves configuration `version`
    PUBLISHED = 33
    #: organization: a device claims the place of `peer`
    CLAIM = 34
    #: organization/peer/uplink: `state` 1 connected, or seen or reported anew; 0 disconnected;
    #: `contact`
    MEMBER = 32


class NatKind(OpenEnum):
    """What stands in front of an uplink."""

    #: fewer than two fresh reports: undecided
    UNKNOWN = 0
    #: endpoint-independent mapping as far as seen (RFC 4787 4.1)
    FRIENDLY = 1
    #: another port for each destination
    UNFRIENDLY_PORT = 2
    #: another public address for each destination
    UNFRIENDLY_ADDRESS = 3
    #: no registry answers: UDP does not get out or back
    BLOCKED = 4


class HopState(OpenEnum):
    """Whether a next hop can be used."""

    #: not used
    DEAD = 0
    #: used in its turn
    ALIVE = 1
    #: alive again, but not trusted yet: only where no other hop is alive [RTE-7]
    HELD = 2


class Conflict(OpenEnum):
    """Two claims on the same addresses of a site's table, and who wins [RTE-3], [RTE-8], [RTE-10]:
    avpn_node_conflict_at."""

    #: there is none
    NONE = 0
    #: `winner` and `loser` export `prefix`: the loser's next hops come after the winner's
    SHARED = 1
    #: this site (`winner`) exports `prefix` too: the loser's is not used here
    OWN = 2
    #: `prefix` of `winner` lies in the larger export of this site (`loser`): it takes its part
    INSIDE = 3
    #: this machine (`winner`) is attached to `prefix`, or to more; `loser` exports it, or more: not
    #: used for it
    ATTACHED = 4
    #: `loser` exports `prefix` and does not offer it now; `winner` is the one in use, or 0
    WITHDRAWN = 5


class Suite(OpenEnum):
    """A cipher suite of ESP."""

    #: none
    NONE = 0
    #: where a provider has it (aead.h): see avpn_suite_is_available
    AES_256_GCM = 1
    #: always
    CHACHA20_POLY1305 = 2


class SaAction(OpenEnum):
    """A host with a data plane of its own - a kernel, a NIC, DPDK - makes its node with
    avpn_node_options.hands_over and is given every SA through host.sa. The engine then neither
    seals nor opens: it keeps registries, handshakes, probes, roaming, routes and verdicts, and is
    told with avpn_node_report_sa what the data plane counts. All else that the engine does to
    packets is the host's too: routes (events), the source check, the policy's rules, translations,
    what is too big. For each SA: INSTALL once, then any number of MOVE and, of a sender, SELECT and
    DESELECT, then REMOVE once. In this order: - a receiver is installed before the peer can know
    that it may send to it, and removed when nothing under it can be on its way any more, 30 s after
    its successor came into use at the latest; - a sender is installed when packets may leave under
    it, and selected when they are to. New ones are installed and selected before the one they
    replace is removed: no packet has to wait. Never is a selected one removed. A host does as it is
    told, in this order, and loses nothing."""

    #: nothing
    NONE = 0
    #: it exists: a receiver opens from now on, a sender waits to be selected
    INSTALL = 1
    #: a sender: packets to `member` leave under it from now on, and under no other. Again when
    #: `inner_bytes` changed
    SELECT = 2
    #: `local` or `remote` is another; keys, numbers, window and selection stay
    MOVE = 3
    #: nothing is sealed or opened under it any more; wipe it
    REMOVE = 4
    #: a sender: packets to `member` have no way now, and must not leave in the clear
    DESELECT = 5


class NodeCounter(OpenEnum):
    """Counters of packets; drops have a name each. Values since the start, modulo 2^64."""

    #: datagrams given to avpn_node_receive
    COUNT_RECEIVED = 0
    #: datagrams handed to transmit
    COUNT_TRANSMITTED = 1
    #: inner packets sealed for a peer
    COUNT_SENT = 2
    #: inner packets given to deliver
    COUNT_DELIVERED = 3
    #: inner packets passed from one peer to another
    COUNT_FORWARDED = 4
    #: 0xFF keepalives
    COUNT_KEEPALIVE = 5
    #: genuine ESP packets with nothing inside
    COUNT_DUMMY = 6
    #: [DMX-2] length, version, type, reserved fields
    DROP_MALFORMED = 7
    #: well-formed, but not for this role or moment
    DROP_UNEXPECTED = 8
    #: not for this node [MAC-1]
    DROP_MAC1 = 9
    #: initiation refused under load, a cookie may have been sent
    DROP_LOAD = 10
    #: [HS-9] initiation from where no peer is expected
    DROP_UNPROVED = 11
    #: initiation or response not genuine
    DROP_HANDSHAKE = 12
    #: [HS-10] initiation replayed or out of date
    DROP_TICKET = 13
    #: registry message: no such session, not genuine or replayed
    DROP_SESSION = 14
    #: probe from nobody we know, or not genuine
    DROP_PROBE = 15
    #: [PRB-3] probe response nobody waits for
    DROP_TRANSACTION = 16
    #: ESP of an unknown or expired SA
    DROP_SPI = 17
    #: ESP not genuine, or malformed inside
    DROP_ESP = 18
    #: ESP seen before or left of the window
    DROP_REPLAY = 19
    #: [RTE-5] inner source not of this peer
    DROP_SOURCE = 20
    #: inner packet not IPv4/IPv6 or its header is wrong
    DROP_INNER = 21
    #: no route to the inner destination
    DROP_NO_ROUTE = 22
    #: a route, but no next hop with a tunnel that is up
    DROP_NO_TUNNEL = 23
    #: forwarding would exceed the inner hop limit
    DROP_HOP_LIMIT = 24
    #: [MTU-6] bigger than the path carries, and not to be fragmented
    DROP_SIZE = 25
    #: [ESP-6] SA at its limit
    DROP_EXHAUSTED = 26
    #: an allocation failed while handling it
    DROP_MEMORY = 27
    #: the randomness seam failed while handling it
    DROP_RANDOM = 28
    #: datagram from or to an uplink that is not up
    DROP_UPLINK = 29
    #: [FWL-1] a rule denies it, or hides its ports from the rules [FWL-3]
    DROP_FIREWALL = 30
    #: [TRN-3] to an address that no host of this site has
    DROP_TRANSLATION = 31
    #: [RTE-11] our own outer datagram, on its way into a tunnel
    DROP_RECURSION = 32
    #: [RTE-9] to leave by the site's own connection, and the host has no seam for it
    DROP_BREAKOUT = 33
    #: given to the host's breakout seam
    COUNT_BREAKOUT = 34
    #: [ICM-1] errors made here
    COUNT_ICMP = 35
    #: [MTU-6] inner packets sent in pieces
    COUNT_FRAGMENTED = 36
    #: [MTU-8] TCP segment sizes lowered
    COUNT_CLAMPED = 37
    #: handed to the node by its workers (worker.h)
    COUNT_PUNTED = 38
    #: packets at a node that handed its SAs over (sa.h)
    DROP_HANDED_OVER = 39


class JoinState(OpenEnum):
    """How far a node is that joins with a token."""

    #: there is a configuration, or no token
    NONE = 0
    #: no registry has answered yet
    CLAIMING = 1
    #: the claim is noted: the administrator is to publish
    PENDING = 2
    #: another device claimed the place: ask the administrator for another token
    TAKEN = 3
    #: the token is no longer valid
    EXPIRED = 4
    #: signed in: the configuration is on its way
    MEMBER = 5


class RegistryFault(OpenEnum):
    """What is wrong with a registry, as far as this node can prove it [SYN-5], [SYN-6]."""

    #: nothing
    NONE = 0
    #: it delivered a configuration that does not verify
    FORGED = 1
    #: it has served an older configuration than others for 60 s
    BEHIND = 2
    #: it speaks of a newer configuration and does not deliver it
    STALLED = 3
    #: it names contacts for peers that answer elsewhere, where another registry says they are
    CONTACTS = 4


class RegistrationState(OpenEnum):
    """How far one uplink is with one registry."""

    #: nothing is under way
    IDLE = 0
    #: its name is being resolved
    RESOLVING = 1
    #: no answer yet, or none any more
    REGISTERING = 2
    #: it knows this uplink
    REGISTERED = 3


class TunnelState(OpenEnum):
    """State of the tunnel with one peer."""

    #: no live path
    DOWN = 0
    #: punching or shaking hands
    CONNECTING = 1
    #: it carries packets
    UP = 2
    #: up, and a handshake is on its way
    REKEYING = 3


class MtuState(OpenEnum):
    """How far the search for a path's size is."""

    #: the path is not alive
    NONE = 0
    #: it is being found out whether even 1200 bytes pass
    BASE = 1
    #: larger sizes are being tried
    SEARCHING = 2
    #: found; confirmed now and then
    DONE = 3
    #: less than 1200 bytes pass: datagrams may be fragmented [MTU-7]
    BELOW = 4


class PathState(OpenEnum):
    """State of a path."""

    #: not tried
    EMPTY = 0
    #: being opened
    PUNCHING = 1
    #: proved, and answering
    ALIVE = 2


class ExplainVerdict(OpenEnum):
    """What becomes of a packet."""

    #: nothing was asked
    NONE = 0
    #: leaves through the tunnel of `next_hop`
    TUNNEL = 1
    #: the destination is of this site: not the VPN's business
    HERE = 2
    #: leaves by the site's own internet connection, by `breakout` or for want of a default route
    BREAKOUT = 3
    #: by `rule`
    DENIED = 4
    #: the source is of none of this site's exports: no peer would accept it
    SOURCE = 5
    #: nobody exports the destination
    NO_ROUTE = 6
    #: the route has no hop that is alive
    NO_TUNNEL = 7
    #: comes from `from`, a peer or one behind it, and is delivered here
    DELIVERED = 8


class HopReason(OpenEnum):
    """Why a next hop is used, or is not."""

    #: no hop stands here
    NONE = 0
    #: it carries
    USED = 1
    #: alive, but others come first
    STANDBY = 2
    #: came back a short while ago [RTE-7]
    HELD = 3
    #: its tunnel is down
    DOWN = 4


class OffloadKind(OpenEnum):
    """What is to be cut, and how."""

    #: one packet
    NONE = 0
    #: TCP over IPv4
    TCP4 = 1
    #: TCP over IPv6
    TCP6 = 2
    #: of either family, cut by its own length (VIRTIO_NET_HDR_GSO_UDP_L4)
    UDP = 3


class PublisherState(OpenEnum):
    """How far it is. From DONE on there is nothing left to do."""

    #: no answer yet
    CONNECTING = 0
    #: connected, nothing under way
    IDLE = 1
    #: a bundle is on its way
    SENDING = 2
    #: claims are on their way
    LISTING = 3
    #: all that was asked for is done
    DONE = 4
    #: `reason` says why
    REFUSED = 5
    #: no answer: wrong key, wrong address, or it does not serve this organization
    SILENT = 6


class PublishResult(OpenEnum):
    """Why a registry took a bundle or did not, [PUB-2]."""

    #: its parts are being sent
    WANTED = 0
    #: the registry serves it
    IN_FORCE = 1
    #: it serves a newer one, or another of this version
    OLDER = 2
    #: its signatures do not verify
    NOT_VERIFIED = 3
    #: of another organization
    FOREIGN = 4
    #: expired by the registry's clock
    EXPIRED = 5
    #: its store did not take it
    NOT_STORED = 6
    #: well signed, but invalid by [CFG-9]
    NOT_VALID = 7
    #: another upload is under way: try again
    BUSY = 8
    #: more than AVPN_BUNDLE_LIMIT
    TOO_LARGE = 9


class RegistryCounter(OpenEnum):
    """Counters of a registry. Values since the start, modulo 2^64."""

    #: datagrams given to avpn_registry_receive
    COUNT_RECEIVED = 0
    #: datagrams handed to transmit
    COUNT_TRANSMITTED = 1
    #: initiations answered
    COUNT_HANDSHAKES = 2
    #: keepalives accepted
    COUNT_KEEPALIVES = 3
    #: messages answered with Challenge [REG-5]
    COUNT_CHALLENGES = 4
    #: sent under load [MAC-4]
    COUNT_COOKIES = 5
    #: Change messages sent
    COUNT_CHANGES = 6
    #: pages of contacts sent
    COUNT_PAGES = 7
    #: length, version, type, reserved fields [DMX-2]
    DROP_MALFORMED = 8
    #: ESP, probes, messages only registries send
    DROP_UNEXPECTED = 9
    #: not for this registry [MAC-1]
    DROP_MAC1 = 10
    #: initiation refused under load
    DROP_LOAD = 11
    #: not genuine
    DROP_HANDSHAKE = 12
    #: genuine, but not a member of an organization served here
    DROP_STRANGER = 13
    #: unknown slot, not genuine, or older generation
    DROP_SESSION = 14
    #: seen before, or too old
    DROP_REPLAY = 15
    #: genuine, wrong token: challenged
    DROP_TOKEN = 16
    #: registration_limit reached
    DROP_FULL = 17
    #: an allocation failed while handling it
    DROP_MEMORY = 18
    #: the randomness seam failed while handling it
    DROP_RANDOM = 19
    #: its registration's bucket is full [REG-17]
    DROP_RATE = 20
    #: a part nobody waits for, or an upload without a right to it
    DROP_UPLOAD = 21
    #: a claim or document that the host's store did not take
    DROP_STORE = 22
    #: of updates, sent
    COUNT_PARTS = 23
    #: claims answered
    COUNT_CLAIMS = 24
    #: documents taken
    COUNT_PUBLISHES = 25
    #: documents refused
    COUNT_REFUSALS = 26
