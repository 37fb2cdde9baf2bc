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
    "SUITES",
    "TAILROOM",
    "TIME_NEVER",
    "TOKEN_SECRET_BYTES",
    "TOKEN_TEXT",
    "TRANSLATIONS",
    "UPLINKS",
    "VERSION_SERIAL_SHIFT",
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
#: [CFG-8]
MEMBERS: Final = 65535
#: the highest id [CFG-9]: those above are no members' (route.h)
MEMBER_LAST: Final = 4294967039
#: [CFG-8]
HUBS: Final = 16
#: [CFG-8]
EXPORTS: Final = 64
#: [CFG-8]
UPLINKS: Final = 4
#: [CFG-8]
TRANSLATIONS: Final = 64
#: [CFG-8]
RULES: Final = 1024
#: [CFG-8]
BREAKOUTS: Final = 256
#: [CFG-8]
REGISTRIES: Final = 8
#: [CFG-8]
AUTHORITY_KEYS: Final = 8
#: [CFG-8]
SUITES: Final = 4
#: [CFG-8]
ROTATIONS: Final = 16
#: [CFG-8]
INVITES: Final = 1024
#: [CFG-8]
BUNDLE_LIMIT: Final = 33554432
#: The upper 16 bits of a version are the serial of the charter [CFG-5].
VERSION_SERIAL_SHIFT: Final = 48
MEMBER_REVOKED: Final = 1
#: this hub takes the member's default route
HUB_DEFAULT_ROUTE: Final = 1
#: Hubs have no tunnels with each other, but where one takes the other's default route [TOP-2].
ORGANIZATION_NO_HUB_TUNNELS: Final = 1
EVENT_QUEUE: Final = 256
TOKEN_SECRET_BYTES: Final = 16
#: buffer size that fits any token, with NUL
TOKEN_TEXT: Final = 1600
#: a claim's signature
CLAIM_BYTES: Final = 64
#: older reports are forgotten [NAT-1]
NAT_REPORT_SPAN: Final = 70000000000
#: without any answer [NAT-5]
NAT_BLOCKED_AFTER: Final = 15000000000
MTU_LEAST: Final = 576
#: the largest IPv6 packet there is
MTU_MOST: Final = 65575
#: All subnets this machine is attached to, whether it exports them or not [RTE-10]: what others
#: export inside of them is not used here, and a conflict. Replaces those of the last call, copied.
#: AVPN_ERROR_ARGUMENT: one is not canonical, or a default; AVPN_ERROR_LIMIT: more than
#: AVPN_ATTACHED. On error those before stay. Out of memory the table follows a second later.
ATTACHED: Final = 256
#: Routes that are not used, or not as configured, and why. At most AVPN_CONFLICTS are kept.
#: AVPN_ERROR_EMPTY beyond the end.
CONFLICTS: Final = 4096
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
#: of one node
WORKERS: Final = 64
#: no punt has more bytes
PUNT_LIMIT: Final = 65792
