# SPDX-License-Identifier: ISC
# Made by scripts/declare_ctypes.py from doc/api.json: do not edit.
"""The numbers of the library, under their names without the prefix: limits, sizes, flags, units of time."""
from typing import Final

__all__ = [
    "ADDRESS_TEXT",
    "AEAD_ALIGN",
    "AEAD_EXCLUSIVE",
    "ATTACHED",
    "AUTHORITY_KEYS",
    "BREAKOUTS",
    "BUNDLE_LIMIT",
    "CLAIM_BYTES",
    "COALESCE_SLICES",
    "COALESCE_TCP4",
    "COALESCE_TCP6",
    "COALESCE_UDP",
    "CONFLICTS",
    "CONTACT_TEXT",
    "DATAGRAMS_MAY_FRAGMENT",
    "ESP_DUMMY",
    "EVENT_QUEUE",
    "EXPLAIN_DEFAULT",
    "EXPORTS",
    "HEADROOM",
    "HOP_ATTACHED",
    "HOP_LOCAL",
    "HOP_NOBODY",
    "HUBS",
    "HUB_DEFAULT_ROUTE",
    "INVITES",
    "KEY_BYTES",
    "KEY_TEXT",
    "MEMBERS",
    "MEMBER_LAST",
    "MEMBER_REVOKED",
    "MICROSECOND",
    "MILLISECOND",
    "MTU_LEAST",
    "MTU_MOST",
    "NAME_BYTES",
    "NAT_BLOCKED_AFTER",
    "NAT_REPORT_SPAN",
    "NOISE_1_OVERHEAD",
    "NOISE_2_OVERHEAD",
    "NOISE_HASH_BYTES",
    "ORGANIZATION_NO_HUB_TUNNELS",
    "PACKET_LIMIT",
    "PREFIX_TEXT",
    "PUNT_LIMIT",
    "REGISTRIES",
    "ROTATIONS",
    "ROUTE_HOPS",
    "ROUTE_NONE",
    "RULES",
    "SECOND",
    "SEGMENT_PIECES",
    "SEGMENT_ROOM",
    "SIZE_LIMIT",
    "SUITES",
    "TAILROOM",
    "TIME_NEVER",
    "TOKEN_SECRET_BYTES",
    "TOKEN_TEXT",
    "TRANSLATIONS",
    "UPLINKS",
    "VERSION_MAJOR",
    "VERSION_MINOR",
    "VERSION_NUMBER",
    "VERSION_PATCH",
    "VERSION_SERIAL_SHIFT",
    "VERSION_TEXT",
    "VNET_BYTES",
    "WORKERS",
]

#: no provider's state asks for more
AEAD_ALIGN: Final = 64
#: A state serves one call at a time: the library keeps workers apart. Without it seal and open only
#: read the state.
AEAD_EXCLUSIVE: Final = 1
#: ESP header 8 + IV 8
HEADROOM: Final = 16
#: padding 0..3 + trailer 2 + ICV 16, rounded up
TAILROOM: Final = 24
#: bytes of the largest packet of a run
PACKET_LIMIT: Final = 65535
#: This run may be fragmented by the outer IP layer on its way; every other datagram is to be sent
#: with DF set (IPv4) and whole (IPv6), and to vanish where it is too big: that is how the path MTU
#: is found [MTU-2], [MTU-7].
DATAGRAMS_MAY_FRAGMENT: Final = 1
#: 63 characters and NUL
NAME_BYTES: Final = 64
#: of an organization
MEMBERS: Final = 65535
#: the highest id [CFG-9]: those above are no members' (route.h)
MEMBER_LAST: Final = 4294967039
#: that a member names
HUBS: Final = 16
#: of a member
EXPORTS: Final = 64
#: of a member
UPLINKS: Final = 4
#: of a member
TRANSLATIONS: Final = 64
#: of the firewall
RULES: Final = 1024
#: of the policy
BREAKOUTS: Final = 256
#: of an organization
REGISTRIES: Final = 8
#: of a set
AUTHORITY_KEYS: Final = 8
#: that an organization allows
SUITES: Final = 4
#: of root keys
ROTATIONS: Final = 16
#: open at once
INVITES: Final = 1024
#: bytes
BUNDLE_LIMIT: Final = 33554432
#: The upper 16 bits of a version are the serial of the charter [CFG-5].
VERSION_SERIAL_SHIFT: Final = 48
#: shut out: nobody's peer
MEMBER_REVOKED: Final = 1
#: this hub takes the member's default route
HUB_DEFAULT_ROUTE: Final = 1
#: Hubs have no tunnels with each other, but where one takes the other's default route [TOP-2].
ORGANIZATION_NO_HUB_TUNNELS: Final = 1
#: events that wait, at most
EVENT_QUEUE: Final = 256
#: of the random secret
TOKEN_SECRET_BYTES: Final = 16
#: buffer size that fits any token, with NUL
TOKEN_TEXT: Final = 1600
#: a claim's signature
CLAIM_BYTES: Final = 64
#: older reports are forgotten [NAT-1]
NAT_REPORT_SPAN: Final = 70000000000
#: without any answer [NAT-5]
NAT_BLOCKED_AFTER: Final = 15000000000
#: what every IPv4 link carries
MTU_LEAST: Final = 576
#: the largest IPv6 packet there is
MTU_MOST: Final = 65575
#: subnets a machine is attached to, at most
ATTACHED: Final = 256
#: that are kept, at most
CONFLICTS: Final = 4096
#: no rule or breakout decides
EXPLAIN_DEFAULT: Final = 4294967295
#: e 32 + s 48 + payload tag 16
NOISE_1_OVERHEAD: Final = 96
#: e 32 + payload tag 16
NOISE_2_OVERHEAD: Final = 48
#: of the handshake hash
NOISE_HASH_BYTES: Final = 64
#: struct virtio_net_hdr as TUN uses it, in this machine's byte order
VNET_BYTES: Final = 10
#: at most, of one packet: as gso_max_segs of the TUN device should be set
SEGMENT_PIECES: Final = 1024
#: bytes that are enough for any packet that is not refused
SEGMENT_ROOM: Final = 393216
#: TUN_F_TSO4
COALESCE_TCP4: Final = 2
#: TUN_F_TSO6
COALESCE_TCP6: Final = 4
#: TUN_F_USO4 and TUN_F_USO6
COALESCE_UDP: Final = 8
#: at most, of one packet: virtio-net header and headers, then payloads
COALESCE_SLICES: Final = 66
#: next hops of one route, at most
ROUTE_HOPS: Final = 16
#: no place in a list of hops
ROUTE_NONE: Final = 4294967295
#: the prefix is this site's own: deliver here
HOP_LOCAL: Final = 0
#: this site is attached to it and does not export it
HOP_ATTACHED: Final = 4294967294
#: its owners do not offer it now
HOP_NOBODY: Final = 4294967293
#: What RFC 4303 calls the next header of a packet that carries nothing: to be dropped after
#: opening.
ESP_DUMMY: Final = 59
#: later than every moment
TIME_NEVER: Final = 9223372036854775807
#: as a span
MICROSECOND: Final = 1000
#: as a span
MILLISECOND: Final = 1000000
#: as a span
SECOND: Final = 1000000000
#: No struct that grows becomes larger.
SIZE_LIMIT: Final = 65536
#: buffer size that fits any address, with NUL
ADDRESS_TEXT: Final = 46
#: "[v6]:65535" with NUL
CONTACT_TEXT: Final = 56
#: "v6/128" with NUL
PREFIX_TEXT: Final = 50
#: of every key
KEY_BYTES: Final = 32
#: base64 with padding and NUL
KEY_TEXT: Final = 45
#: first number of these headers' version
VERSION_MAJOR: Final = 0
#: second number
VERSION_MINOR: Final = 1
#: third number
VERSION_PATCH: Final = 0
#: the three numbers as text
VERSION_TEXT: Final = '0.1.0'
#: As one number, which rises with each version: for `#if` and for comparing with
#: avpn_version_number.
VERSION_NUMBER: Final = 256
#: of one node
WORKERS: Final = 64
#: no punt has more bytes
PUNT_LIMIT: Final = 65792
