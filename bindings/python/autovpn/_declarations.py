# SPDX-License-Identifier: ISC
# Made by scripts/declare_ctypes.py from doc/api.json: do not edit.
"""The C API as ctypes sees it: types and tables only, nothing is called here."""
from __future__ import annotations

from ctypes import (
    CFUNCTYPE, POINTER, Array, Structure, c_char, c_char_p, c_int32, c_int64, c_size_t,
    c_uint8, c_uint16, c_uint32, c_uint64, c_void_p)
from typing import Any, Dict, Tuple

_Text = bytes

VERSION = "0.1.0"

# ---- constants

AVPN_AEAD_ALIGN = 64
AVPN_AEAD_EXCLUSIVE = 1
AVPN_HEADROOM = 16
AVPN_TAILROOM = 24
AVPN_PACKET_LIMIT = 65535
AVPN_DATAGRAMS_MAY_FRAGMENT = 1
AVPN_NAME_BYTES = 64
AVPN_MEMBERS = 65535
AVPN_MEMBER_LAST = 4294967039
AVPN_HUBS = 16
AVPN_EXPORTS = 64
AVPN_UPLINKS = 4
AVPN_TRANSLATIONS = 64
AVPN_RULES = 1024
AVPN_BREAKOUTS = 256
AVPN_REGISTRIES = 8
AVPN_AUTHORITY_KEYS = 8
AVPN_SUITES = 4
AVPN_ROTATIONS = 16
AVPN_INVITES = 1024
AVPN_BUNDLE_LIMIT = 33554432
AVPN_VERSION_SERIAL_SHIFT = 48
AVPN_MEMBER_REVOKED = 1
AVPN_HUB_DEFAULT_ROUTE = 1
AVPN_ORGANIZATION_NO_HUB_TUNNELS = 1
AVPN_EVENT_QUEUE = 256
AVPN_TOKEN_SECRET_BYTES = 16
AVPN_TOKEN_TEXT = 1600
AVPN_CLAIM_BYTES = 64
AVPN_NAT_REPORT_SPAN = 70000000000
AVPN_NAT_BLOCKED_AFTER = 15000000000
AVPN_MTU_LEAST = 576
AVPN_MTU_MOST = 65575
AVPN_ATTACHED = 256
AVPN_CONFLICTS = 4096
AVPN_EXPLAIN_DEFAULT = 4294967295
AVPN_NOISE_1_OVERHEAD = 96
AVPN_NOISE_2_OVERHEAD = 48
AVPN_NOISE_HASH_BYTES = 64
AVPN_VNET_BYTES = 10
AVPN_SEGMENT_PIECES = 1024
AVPN_SEGMENT_ROOM = 393216
AVPN_COALESCE_TCP4 = 2
AVPN_COALESCE_TCP6 = 4
AVPN_COALESCE_UDP = 8
AVPN_COALESCE_SLICES = 66
AVPN_ROUTE_HOPS = 16
AVPN_ROUTE_NONE = 4294967295
AVPN_HOP_LOCAL = 0
AVPN_HOP_ATTACHED = 4294967294
AVPN_HOP_NOBODY = 4294967293
AVPN_ESP_DUMMY = 59
AVPN_TIME_NEVER = 9223372036854775807
AVPN_MICROSECOND = 1000
AVPN_MILLISECOND = 1000000
AVPN_SECOND = 1000000000
AVPN_SIZE_LIMIT = 65536
AVPN_ADDRESS_TEXT = 46
AVPN_CONTACT_TEXT = 56
AVPN_PREFIX_TEXT = 50
AVPN_KEY_BYTES = 32
AVPN_KEY_TEXT = 45
AVPN_VERSION_MAJOR = 0
AVPN_VERSION_MINOR = 1
AVPN_VERSION_PATCH = 0
AVPN_VERSION_TEXT = '0.1.0'
AVPN_VERSION_NUMBER = 256
AVPN_WORKERS = 64
AVPN_PUNT_LIMIT = 65792

# enum avpn_error
AVPN_OK = 0
AVPN_ERROR_ARGUMENT = -1
AVPN_ERROR_MEMORY = -2
AVPN_ERROR_STATE = -3
AVPN_ERROR_LIMIT = -4
AVPN_ERROR_FORMAT = -5
AVPN_ERROR_AUTH = -6
AVPN_ERROR_VERSION = -7
AVPN_ERROR_EXPIRED = -8
AVPN_ERROR_NOT_FOUND = -9
AVPN_ERROR_EMPTY = -10
AVPN_ERROR_SPACE = -11
AVPN_ERROR_RANDOM = -12
AVPN_ERROR_EXHAUSTED = -13

# enum avpn_family
AVPN_FAMILY_NONE = 0
AVPN_FAMILY_IPV4 = 4
AVPN_FAMILY_IPV6 = 6

# enum avpn_log_level
AVPN_LOG_ERROR = 1
AVPN_LOG_WARNING = 2
AVPN_LOG_INFO = 3
AVPN_LOG_DEBUG = 4

# enum avpn_role
AVPN_ROLE_NONE = 0
AVPN_ROLE_HUB = 1
AVPN_ROLE_SPOKE = 2

# enum avpn_rule_action
AVPN_RULE_ALLOW = 1
AVPN_RULE_DENY = 2

# enum avpn_event_kind
AVPN_EVENT_NONE = 0
AVPN_EVENT_CONFIG = 1
AVPN_EVENT_REGISTRY = 2
AVPN_EVENT_NAT = 3
AVPN_EVENT_TUNNEL = 4
AVPN_EVENT_PATH = 5
AVPN_EVENT_ROAM = 6
AVPN_EVENT_ROUTE_ADD = 7
AVPN_EVENT_ROUTE_REPLACE = 8
AVPN_EVENT_ROUTE_DELETE = 9
AVPN_EVENT_EXPIRED = 10
AVPN_EVENT_CONFLICT = 11
AVPN_EVENT_REVOKED = 12
AVPN_EVENT_UNDONE = 13
AVPN_EVENT_JOIN = 14
AVPN_EVENT_FAULT = 15
AVPN_EVENT_MTU = 16
AVPN_EVENT_OFFER = 17
AVPN_EVENT_PUBLISHED = 33
AVPN_EVENT_CLAIM = 34
AVPN_EVENT_MEMBER = 32

# enum avpn_nat_kind
AVPN_NAT_UNKNOWN = 0
AVPN_NAT_FRIENDLY = 1
AVPN_NAT_UNFRIENDLY_PORT = 2
AVPN_NAT_UNFRIENDLY_ADDRESS = 3
AVPN_NAT_BLOCKED = 4

# enum avpn_hop_state
AVPN_HOP_DEAD = 0
AVPN_HOP_ALIVE = 1
AVPN_HOP_HELD = 2

# enum avpn_conflict
AVPN_CONFLICT_NONE = 0
AVPN_CONFLICT_SHARED = 1
AVPN_CONFLICT_OWN = 2
AVPN_CONFLICT_INSIDE = 3
AVPN_CONFLICT_ATTACHED = 4
AVPN_CONFLICT_WITHDRAWN = 5

# enum avpn_suite
AVPN_SUITE_NONE = 0
AVPN_SUITE_AES_256_GCM = 1
AVPN_SUITE_CHACHA20_POLY1305 = 2

# enum avpn_sa_action
AVPN_SA_NONE = 0
AVPN_SA_INSTALL = 1
AVPN_SA_SELECT = 2
AVPN_SA_MOVE = 3
AVPN_SA_REMOVE = 4
AVPN_SA_DESELECT = 5

# enum avpn_counter
AVPN_COUNT_RECEIVED = 0
AVPN_COUNT_TRANSMITTED = 1
AVPN_COUNT_SENT = 2
AVPN_COUNT_DELIVERED = 3
AVPN_COUNT_FORWARDED = 4
AVPN_COUNT_KEEPALIVE = 5
AVPN_COUNT_DUMMY = 6
AVPN_DROP_MALFORMED = 7
AVPN_DROP_UNEXPECTED = 8
AVPN_DROP_MAC1 = 9
AVPN_DROP_LOAD = 10
AVPN_DROP_UNPROVED = 11
AVPN_DROP_HANDSHAKE = 12
AVPN_DROP_TICKET = 13
AVPN_DROP_SESSION = 14
AVPN_DROP_PROBE = 15
AVPN_DROP_TRANSACTION = 16
AVPN_DROP_SPI = 17
AVPN_DROP_ESP = 18
AVPN_DROP_REPLAY = 19
AVPN_DROP_SOURCE = 20
AVPN_DROP_INNER = 21
AVPN_DROP_NO_ROUTE = 22
AVPN_DROP_NO_TUNNEL = 23
AVPN_DROP_HOP_LIMIT = 24
AVPN_DROP_SIZE = 25
AVPN_DROP_EXHAUSTED = 26
AVPN_DROP_MEMORY = 27
AVPN_DROP_RANDOM = 28
AVPN_DROP_UPLINK = 29
AVPN_DROP_FIREWALL = 30
AVPN_DROP_TRANSLATION = 31
AVPN_DROP_RECURSION = 32
AVPN_DROP_BREAKOUT = 33
AVPN_COUNT_BREAKOUT = 34
AVPN_COUNT_ICMP = 35
AVPN_COUNT_FRAGMENTED = 36
AVPN_COUNT_CLAMPED = 37
AVPN_COUNT_PUNTED = 38
AVPN_DROP_HANDED_OVER = 39
AVPN_COUNTERS = 40

# enum avpn_join_state
AVPN_JOIN_NONE = 0
AVPN_JOIN_CLAIMING = 1
AVPN_JOIN_PENDING = 2
AVPN_JOIN_TAKEN = 3
AVPN_JOIN_EXPIRED = 4
AVPN_JOIN_MEMBER = 5

# enum avpn_registry_fault
AVPN_FAULT_NONE = 0
AVPN_FAULT_FORGED = 1
AVPN_FAULT_BEHIND = 2
AVPN_FAULT_STALLED = 3
AVPN_FAULT_CONTACTS = 4

# enum avpn_registration_state
AVPN_REGISTRATION_IDLE = 0
AVPN_REGISTRATION_RESOLVING = 1
AVPN_REGISTRATION_REGISTERING = 2
AVPN_REGISTRATION_REGISTERED = 3

# enum avpn_tunnel_state
AVPN_TUNNEL_DOWN = 0
AVPN_TUNNEL_CONNECTING = 1
AVPN_TUNNEL_UP = 2
AVPN_TUNNEL_REKEYING = 3

# enum avpn_mtu_state
AVPN_MTU_NONE = 0
AVPN_MTU_BASE = 1
AVPN_MTU_SEARCHING = 2
AVPN_MTU_DONE = 3
AVPN_MTU_BELOW = 4

# enum avpn_path_state
AVPN_PATH_EMPTY = 0
AVPN_PATH_PUNCHING = 1
AVPN_PATH_ALIVE = 2

# enum avpn_explain_verdict
AVPN_EXPLAIN_NONE = 0
AVPN_EXPLAIN_TUNNEL = 1
AVPN_EXPLAIN_HERE = 2
AVPN_EXPLAIN_BREAKOUT = 3
AVPN_EXPLAIN_DENIED = 4
AVPN_EXPLAIN_SOURCE = 5
AVPN_EXPLAIN_NO_ROUTE = 6
AVPN_EXPLAIN_NO_TUNNEL = 7
AVPN_EXPLAIN_DELIVERED = 8

# enum avpn_hop_reason
AVPN_HOP_REASON_NONE = 0
AVPN_HOP_REASON_USED = 1
AVPN_HOP_REASON_STANDBY = 2
AVPN_HOP_REASON_HELD = 3
AVPN_HOP_REASON_DOWN = 4

# enum avpn_offload_kind
AVPN_OFFLOAD_NONE = 0
AVPN_OFFLOAD_TCP4 = 1
AVPN_OFFLOAD_TCP6 = 2
AVPN_OFFLOAD_UDP = 3

# enum avpn_publisher_state
AVPN_PUBLISHER_CONNECTING = 0
AVPN_PUBLISHER_IDLE = 1
AVPN_PUBLISHER_SENDING = 2
AVPN_PUBLISHER_LISTING = 3
AVPN_PUBLISHER_DONE = 4
AVPN_PUBLISHER_REFUSED = 5
AVPN_PUBLISHER_SILENT = 6

# enum avpn_publish_result
AVPN_PUBLISH_WANTED = 0
AVPN_PUBLISH_IN_FORCE = 1
AVPN_PUBLISH_OLDER = 2
AVPN_PUBLISH_NOT_VERIFIED = 3
AVPN_PUBLISH_FOREIGN = 4
AVPN_PUBLISH_EXPIRED = 5
AVPN_PUBLISH_NOT_STORED = 6
AVPN_PUBLISH_NOT_VALID = 7
AVPN_PUBLISH_BUSY = 8
AVPN_PUBLISH_TOO_LARGE = 9

# enum avpn_registry_counter
AVPN_REGISTRY_COUNT_RECEIVED = 0
AVPN_REGISTRY_COUNT_TRANSMITTED = 1
AVPN_REGISTRY_COUNT_HANDSHAKES = 2
AVPN_REGISTRY_COUNT_KEEPALIVES = 3
AVPN_REGISTRY_COUNT_CHALLENGES = 4
AVPN_REGISTRY_COUNT_COOKIES = 5
AVPN_REGISTRY_COUNT_CHANGES = 6
AVPN_REGISTRY_COUNT_PAGES = 7
AVPN_REGISTRY_DROP_MALFORMED = 8
AVPN_REGISTRY_DROP_UNEXPECTED = 9
AVPN_REGISTRY_DROP_MAC1 = 10
AVPN_REGISTRY_DROP_LOAD = 11
AVPN_REGISTRY_DROP_HANDSHAKE = 12
AVPN_REGISTRY_DROP_STRANGER = 13
AVPN_REGISTRY_DROP_SESSION = 14
AVPN_REGISTRY_DROP_REPLAY = 15
AVPN_REGISTRY_DROP_TOKEN = 16
AVPN_REGISTRY_DROP_FULL = 17
AVPN_REGISTRY_DROP_MEMORY = 18
AVPN_REGISTRY_DROP_RANDOM = 19
AVPN_REGISTRY_DROP_RATE = 20
AVPN_REGISTRY_DROP_UPLOAD = 21
AVPN_REGISTRY_DROP_STORE = 22
AVPN_REGISTRY_COUNT_PARTS = 23
AVPN_REGISTRY_COUNT_CLAIMS = 24
AVPN_REGISTRY_COUNT_PUBLISHES = 25
AVPN_REGISTRY_COUNT_REFUSALS = 26
AVPN_REGISTRY_COUNTERS = 27


# ---- structs


class avpn_address(Structure):
    family: int
    reserved: Array[c_uint8]
    bytes: Array[c_uint8]


class avpn_contact(Structure):
    family: int
    reserved: int
    port: int
    bytes: Array[c_uint8]


class avpn_prefix(Structure):
    family: int
    length: int
    reserved: Array[c_uint8]
    bytes: Array[c_uint8]


class avpn_key(Structure):
    bytes: Array[c_uint8]


class avpn_aead(Structure):
    size: int
    suite: int
    reserved: Array[c_uint8]
    name: Any
    flags: int
    state_align: int
    state_bytes: int
    user: Any
    is_available: Any
    set_key: Any
    clear_key: Any
    seal: Any
    open: Any


class avpn_packets(Structure):
    data: Any
    count: int
    bytes: int
    last_bytes: int
    stride: int


class avpn_datagrams(Structure):
    uplink: int
    remote: avpn_contact
    packets: avpn_packets
    flags: int
    reserved: int


class avpn_event(Structure):
    kind: int
    lost: int
    at: int
    state: int
    peer: int
    other: int
    uplink: int
    remote_uplink: int
    registry: int
    organization: int
    metric: int
    version: int
    contact: avpn_contact
    prefix: avpn_prefix
    reserved: Array[c_uint64]


class avpn_sa_change(Structure):
    size: int
    action: int
    is_sender: int
    suite: int
    reserved: int
    spi: int
    member: int
    uplink: int
    remote_uplink: int
    local: avpn_contact
    remote: avpn_contact
    key: Array[c_uint8]
    salt: Array[c_uint8]
    window: int
    sequence: int
    limit: int
    inner_bytes: int
    reserved2: int


class avpn_host(Structure):
    size: int
    reserved: int
    user: Any
    allocate: Any
    resize: Any
    release: Any
    random: Any
    wall_clock: Any
    store_read: Any
    store_write: Any
    resolve: Any
    log: Any
    transmit: Any
    deliver: Any
    breakout: Any
    event: Any
    sa: Any
    aeads: Any


class avpn_key_pair(Structure):
    secret_key: avpn_key
    public_key: avpn_key


class avpn_noise(Structure):
    opaque: Array[c_uint8]


class avpn_member_hub(Structure):
    member: int
    flags: int


class avpn_translation(Structure):
    local: avpn_prefix
    exported: avpn_prefix


class avpn_member(Structure):
    size: int
    id: int
    key: avpn_key
    name: _Text
    role: int
    flags: int
    hub_count: int
    export_count: int
    uplink_count: int
    is_known: int
    translation_count: int
    reserved: int
    hubs: Array[avpn_member_hub]
    exports: Array[avpn_prefix]
    manual: Array[avpn_contact]
    translations: Array[avpn_translation]


class avpn_rule(Structure):
    size: int
    action: int
    protocol: int
    reserved: Array[c_uint8]
    source: avpn_prefix
    destination: avpn_prefix
    source_first: int
    source_last: int
    destination_first: int
    destination_last: int
    name: _Text


class avpn_breakout(Structure):
    size: int
    member: int
    destination: avpn_prefix
    protocol: int
    reserved: Array[c_uint8]
    destination_first: int
    destination_last: int


class avpn_registry_entry(Structure):
    size: int
    key: avpn_key
    port: int
    reserved: int
    host: _Text


class avpn_invite(Structure):
    size: int
    member: int
    key: avpn_key
    expires: int


class avpn_problem(Structure):
    size: int
    member: int
    index: int
    reserved: int
    field: Any
    value: Any
    message: Any


class avpn_publication(Structure):
    size: int
    psk_epoch: int
    version: int
    created: int
    expires: int
    psk: avpn_key
    previous_psk: avpn_key
    invites: Any
    invite_count: int


class avpn_token_registry(Structure):
    key: avpn_key
    port: int
    reserved: int
    host: _Text


class avpn_token(Structure):
    size: int
    member: int
    organization: avpn_key
    secret: Array[c_uint8]
    version: int
    expires: int
    registry_count: int
    reserved: int
    registries: Array[avpn_token_registry]


class avpn_nat_report(Structure):
    seen: avpn_contact
    reserved: int
    at: int


class avpn_nat_verdict(Structure):
    kind: int
    reserved: Array[c_uint8]
    evidence: Array[avpn_contact]


class avpn_route(Structure):
    size: int
    prefix: avpn_prefix
    hop_count: int
    hops: Array[c_uint32]


class avpn_sa_parameters(Structure):
    size: int
    spi: int
    suite: int
    reserved: Array[c_uint8]
    window: int
    aead: Any
    key: Array[c_uint8]
    salt: Array[c_uint8]
    reserved2: Array[c_uint8]
    sequence: int
    limit: int


class avpn_sa_report(Structure):
    size: int
    spi: int
    member: int
    is_sender: int
    reserved: Array[c_uint8]
    sequence: int
    packets: int
    bytes: int
    source: avpn_contact
    reserved2: int


class avpn_worker_host(Structure):
    size: int
    reserved: int
    user: Any
    transmit: Any
    deliver: Any
    breakout: Any
    punt: Any


class avpn_node_options(Structure):
    size: int
    reserved: int
    organization: avpn_key
    identity: avpn_key_pair
    bundle: Any
    bundle_bytes: int
    purge_after: int
    handshakes_per_second: int
    hands_over: int
    token: Any
    undo_after: int


class avpn_uplink(Structure):
    size: int
    is_up: int
    local: avpn_contact
    mtu_bytes: int
    reserved: int


class avpn_node_status(Structure):
    size: int
    member: int
    peer_count: int
    route_count: int
    tunnels_up: int
    role: int
    is_revoked: int
    is_expired: int
    reserved: int
    config_version: int
    name: _Text
    organization_name: _Text
    offered_version: int
    undone_version: int
    config_created: int
    config_expires: int
    sync_received: int
    sync_total: int
    join: int
    reserved2: Array[c_uint8]


class avpn_uplink_status(Structure):
    size: int
    is_up: int
    nat: int
    reserved: Array[c_uint8]
    local: avpn_contact
    evidence: Array[avpn_contact]


class avpn_registration_status(Structure):
    size: int
    state: int
    reserved: Array[c_uint8]
    registry: avpn_contact
    observed: avpn_contact
    answered_at: int
    rtt_us: int
    missed: int
    host: _Text
    config_version: int
    fault: int
    reserved2: Array[c_uint8]


class avpn_peer_status(Structure):
    size: int
    member: int
    name: _Text
    role: int
    tunnel: int
    suite: int
    is_connected: int
    nat: int
    path_uplink: int
    path_remote_uplink: int
    is_initiator: int
    path_count: int
    rtt_us: int
    up_since: int
    session_since: int
    held_until: int
    mtu_bytes: int
    reserved: int
    sent_packets: int
    sent_bytes: int
    received_packets: int
    received_bytes: int


class avpn_path_status(Structure):
    size: int
    state: int
    uplink: int
    remote_uplink: int
    is_selected: int
    contact: avpn_contact
    rtt_us: int
    answered_at: int
    probes_sent: int
    probes_answered: int
    mtu_bytes: int
    mtu_state: int
    reserved: Array[c_uint8]


class avpn_conflict_status(Structure):
    size: int
    kind: int
    prefix: avpn_prefix
    winner: int
    loser: int


class avpn_rule_status(Structure):
    size: int
    reserved: int
    sent_packets: int
    received_packets: int


class avpn_flow(Structure):
    size: int
    protocol: int
    reserved: int
    source_port: int
    destination_port: int
    reserved2: int
    source: avpn_address
    destination: avpn_address


class avpn_explanation(Structure):
    size: int
    verdict: int
    is_translated: int
    suite: int
    reserved: int
    source: avpn_address
    destination: avpn_address
    rule: int
    breakout: int
    next_hop: int
    has_route: int
    prefix: avpn_prefix
    hop_count: int
    hops: Array[c_uint32]
    active: int
    hop_reasons: Array[c_uint8]
    conflict_count: int
    conflicts: Array[c_uint32]
    uplink: int
    remote_uplink: int
    reserved2: Array[c_uint8]
    contact: avpn_contact
    rtt_us: int
    mtu_bytes: int


class avpn_offload(Structure):
    kind: int
    needs_checksum: int
    segment_bytes: int
    checksum_start: int
    checksum_offset: int


class avpn_slice(Structure):
    bytes: Any
    count: int


class avpn_publisher_options(Structure):
    size: int
    signer_number: int
    organization: avpn_key
    registry: avpn_key
    signer: avpn_key
    contact: avpn_contact
    reserved: int
    give_up_after: int


class avpn_publisher_status(Structure):
    size: int
    state: int
    reason: int
    has_claims: int
    reserved: int
    claim_count: int
    sent_bytes: int
    total_bytes: int
    reserved2: int
    served_version: int


class avpn_claim(Structure):
    size: int
    member: int
    device: avpn_key
    age: int
    signature: Array[c_uint8]


class avpn_registry_options(Structure):
    size: int
    handshakes_per_second: int
    identity: avpn_key_pair
    registration_limit: int
    reserved: int


class avpn_registry_status(Structure):
    size: int
    organization_count: int
    member_count: int
    connected_count: int
    memory_bytes: int
    configuration_bytes: int


class avpn_organization_status(Structure):
    size: int
    member_count: int
    version: int
    created: int
    expires: int
    claim_count: int
    invite_count: int
    document_bytes: int
    name: _Text


class avpn_registration(Structure):
    size: int
    member: int
    uplink: int
    is_connected: int
    nat: int
    reserved: int
    observed: avpn_contact
    local: avpn_contact
    reserved2: int
    heard_at: int


# ---- callbacks

avpn_aead_is_available = CFUNCTYPE(c_int32, c_void_p)
avpn_aead_set_key = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_void_p)
avpn_aead_clear_key = CFUNCTYPE(None, c_void_p, c_void_p)
avpn_aead_seal = CFUNCTYPE(
    None, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_size_t, c_void_p)
avpn_aead_open = CFUNCTYPE(
    c_int32, c_void_p, c_void_p, c_void_p, c_size_t, c_void_p, c_void_p, c_size_t, c_void_p)
avpn_host_allocate = CFUNCTYPE(c_void_p, c_void_p, c_size_t)
avpn_host_resize = CFUNCTYPE(c_void_p, c_void_p, c_void_p, c_size_t)
avpn_host_release = CFUNCTYPE(None, c_void_p, c_void_p)
avpn_host_random = CFUNCTYPE(c_int32, c_void_p, c_void_p, c_size_t)
avpn_host_wall_clock = CFUNCTYPE(c_int64, c_void_p)
avpn_host_store_read = CFUNCTYPE(c_int64, c_void_p, c_char_p, c_void_p, c_size_t)
avpn_host_store_write = CFUNCTYPE(c_int32, c_void_p, c_char_p, c_void_p, c_size_t)
avpn_host_resolve = CFUNCTYPE(None, c_void_p, c_uint32, c_char_p)
avpn_host_log = CFUNCTYPE(None, c_void_p, c_uint32, c_char_p)
avpn_host_transmit = CFUNCTYPE(None, c_void_p, POINTER(avpn_datagrams), c_size_t)
avpn_host_deliver = CFUNCTYPE(None, c_void_p, POINTER(avpn_packets), c_size_t)
avpn_host_breakout = CFUNCTYPE(None, c_void_p, POINTER(avpn_packets), c_size_t)
avpn_host_event = CFUNCTYPE(None, c_void_p, POINTER(avpn_event))
avpn_host_sa = CFUNCTYPE(None, c_void_p, POINTER(avpn_sa_change))
avpn_worker_host_transmit = CFUNCTYPE(None, c_void_p, POINTER(avpn_datagrams), c_size_t)
avpn_worker_host_deliver = CFUNCTYPE(None, c_void_p, POINTER(avpn_packets), c_size_t)
avpn_worker_host_breakout = CFUNCTYPE(None, c_void_p, POINTER(avpn_packets), c_size_t)
avpn_worker_host_punt = CFUNCTYPE(None, c_void_p, c_void_p, c_size_t)
avpn_config_check_report = CFUNCTYPE(None, c_void_p, POINTER(avpn_problem))
avpn_coalesce_write = CFUNCTYPE(None, c_void_p, POINTER(avpn_slice), c_size_t)

# ---- fields

avpn_address._fields_ = [
    ("family", c_uint8),
    ("reserved", c_uint8 * 3),
    ("bytes", c_uint8 * 16),
]
avpn_contact._fields_ = [
    ("family", c_uint8),
    ("reserved", c_uint8),
    ("port", c_uint16),
    ("bytes", c_uint8 * 16),
]
avpn_prefix._fields_ = [
    ("family", c_uint8),
    ("length", c_uint8),
    ("reserved", c_uint8 * 2),
    ("bytes", c_uint8 * 16),
]
avpn_key._fields_ = [
    ("bytes", c_uint8 * 32),
]
avpn_aead._fields_ = [
    ("size", c_uint32),
    ("suite", c_uint8),
    ("reserved", c_uint8 * 3),
    ("name", c_char_p),
    ("flags", c_uint32),
    ("state_align", c_uint32),
    ("state_bytes", c_uint64),
    ("user", c_void_p),
    ("is_available", avpn_aead_is_available),
    ("set_key", avpn_aead_set_key),
    ("clear_key", avpn_aead_clear_key),
    ("seal", avpn_aead_seal),
    ("open", avpn_aead_open),
]
avpn_packets._fields_ = [
    ("data", c_void_p),
    ("count", c_uint32),
    ("bytes", c_uint32),
    ("last_bytes", c_uint32),
    ("stride", c_uint32),
]
avpn_datagrams._fields_ = [
    ("uplink", c_uint32),
    ("remote", avpn_contact),
    ("packets", avpn_packets),
    ("flags", c_uint32),
    ("reserved", c_uint32),
]
avpn_event._fields_ = [
    ("kind", c_uint32),
    ("lost", c_uint32),
    ("at", c_int64),
    ("state", c_uint32),
    ("peer", c_uint32),
    ("other", c_uint32),
    ("uplink", c_uint32),
    ("remote_uplink", c_uint32),
    ("registry", c_uint32),
    ("organization", c_uint32),
    ("metric", c_uint32),
    ("version", c_uint64),
    ("contact", avpn_contact),
    ("prefix", avpn_prefix),
    ("reserved", c_uint64 * 4),
]
avpn_sa_change._fields_ = [
    ("size", c_uint32),
    ("action", c_uint8),
    ("is_sender", c_uint8),
    ("suite", c_uint8),
    ("reserved", c_uint8),
    ("spi", c_uint32),
    ("member", c_uint32),
    ("uplink", c_uint32),
    ("remote_uplink", c_uint32),
    ("local", avpn_contact),
    ("remote", avpn_contact),
    ("key", c_uint8 * 32),
    ("salt", c_uint8 * 4),
    ("window", c_uint32),
    ("sequence", c_uint64),
    ("limit", c_uint64),
    ("inner_bytes", c_uint32),
    ("reserved2", c_uint32),
]
avpn_host._fields_ = [
    ("size", c_uint32),
    ("reserved", c_uint32),
    ("user", c_void_p),
    ("allocate", avpn_host_allocate),
    ("resize", avpn_host_resize),
    ("release", avpn_host_release),
    ("random", avpn_host_random),
    ("wall_clock", avpn_host_wall_clock),
    ("store_read", avpn_host_store_read),
    ("store_write", avpn_host_store_write),
    ("resolve", avpn_host_resolve),
    ("log", avpn_host_log),
    ("transmit", avpn_host_transmit),
    ("deliver", avpn_host_deliver),
    ("breakout", avpn_host_breakout),
    ("event", avpn_host_event),
    ("sa", avpn_host_sa),
    ("aeads", POINTER(POINTER(avpn_aead))),
]
avpn_key_pair._fields_ = [
    ("secret_key", avpn_key),
    ("public_key", avpn_key),
]
avpn_noise._fields_ = [
    ("opaque", c_uint8 * 512),
]
avpn_member_hub._fields_ = [
    ("member", c_uint32),
    ("flags", c_uint32),
]
avpn_translation._fields_ = [
    ("local", avpn_prefix),
    ("exported", avpn_prefix),
]
avpn_member._fields_ = [
    ("size", c_uint32),
    ("id", c_uint32),
    ("key", avpn_key),
    ("name", c_char * 64),
    ("role", c_uint8),
    ("flags", c_uint8),
    ("hub_count", c_uint8),
    ("export_count", c_uint8),
    ("uplink_count", c_uint8),
    ("is_known", c_uint8),
    ("translation_count", c_uint8),
    ("reserved", c_uint8),
    ("hubs", avpn_member_hub * 16),
    ("exports", avpn_prefix * 64),
    ("manual", avpn_contact * 4),
    ("translations", avpn_translation * 64),
]
avpn_rule._fields_ = [
    ("size", c_uint32),
    ("action", c_uint8),
    ("protocol", c_uint8),
    ("reserved", c_uint8 * 2),
    ("source", avpn_prefix),
    ("destination", avpn_prefix),
    ("source_first", c_uint16),
    ("source_last", c_uint16),
    ("destination_first", c_uint16),
    ("destination_last", c_uint16),
    ("name", c_char * 64),
]
avpn_breakout._fields_ = [
    ("size", c_uint32),
    ("member", c_uint32),
    ("destination", avpn_prefix),
    ("protocol", c_uint8),
    ("reserved", c_uint8 * 3),
    ("destination_first", c_uint16),
    ("destination_last", c_uint16),
]
avpn_registry_entry._fields_ = [
    ("size", c_uint32),
    ("key", avpn_key),
    ("port", c_uint16),
    ("reserved", c_uint16),
    ("host", c_char * 64),
]
avpn_invite._fields_ = [
    ("size", c_uint32),
    ("member", c_uint32),
    ("key", avpn_key),
    ("expires", c_int64),
]
avpn_problem._fields_ = [
    ("size", c_uint32),
    ("member", c_uint32),
    ("index", c_uint32),
    ("reserved", c_uint32),
    ("field", c_char_p),
    ("value", c_char_p),
    ("message", c_char_p),
]
avpn_publication._fields_ = [
    ("size", c_uint32),
    ("psk_epoch", c_uint32),
    ("version", c_uint64),
    ("created", c_int64),
    ("expires", c_int64),
    ("psk", avpn_key),
    ("previous_psk", avpn_key),
    ("invites", POINTER(avpn_invite)),
    ("invite_count", c_size_t),
]
avpn_token_registry._fields_ = [
    ("key", avpn_key),
    ("port", c_uint16),
    ("reserved", c_uint16),
    ("host", c_char * 64),
]
avpn_token._fields_ = [
    ("size", c_uint32),
    ("member", c_uint32),
    ("organization", avpn_key),
    ("secret", c_uint8 * 16),
    ("version", c_uint64),
    ("expires", c_int64),
    ("registry_count", c_uint32),
    ("reserved", c_uint32),
    ("registries", avpn_token_registry * 8),
]
avpn_nat_report._fields_ = [
    ("seen", avpn_contact),
    ("reserved", c_uint32),
    ("at", c_int64),
]
avpn_nat_verdict._fields_ = [
    ("kind", c_uint8),
    ("reserved", c_uint8 * 3),
    ("evidence", avpn_contact * 2),
]
avpn_route._fields_ = [
    ("size", c_uint32),
    ("prefix", avpn_prefix),
    ("hop_count", c_uint32),
    ("hops", c_uint32 * 16),
]
avpn_sa_parameters._fields_ = [
    ("size", c_uint32),
    ("spi", c_uint32),
    ("suite", c_uint8),
    ("reserved", c_uint8 * 3),
    ("window", c_uint32),
    ("aead", POINTER(avpn_aead)),
    ("key", c_uint8 * 32),
    ("salt", c_uint8 * 4),
    ("reserved2", c_uint8 * 4),
    ("sequence", c_uint64),
    ("limit", c_uint64),
]
avpn_sa_report._fields_ = [
    ("size", c_uint32),
    ("spi", c_uint32),
    ("member", c_uint32),
    ("is_sender", c_uint8),
    ("reserved", c_uint8 * 3),
    ("sequence", c_uint64),
    ("packets", c_uint64),
    ("bytes", c_uint64),
    ("source", avpn_contact),
    ("reserved2", c_uint32),
]
avpn_worker_host._fields_ = [
    ("size", c_uint32),
    ("reserved", c_uint32),
    ("user", c_void_p),
    ("transmit", avpn_worker_host_transmit),
    ("deliver", avpn_worker_host_deliver),
    ("breakout", avpn_worker_host_breakout),
    ("punt", avpn_worker_host_punt),
]
avpn_node_options._fields_ = [
    ("size", c_uint32),
    ("reserved", c_uint32),
    ("organization", avpn_key),
    ("identity", avpn_key_pair),
    ("bundle", c_void_p),
    ("bundle_bytes", c_size_t),
    ("purge_after", c_int64),
    ("handshakes_per_second", c_uint32),
    ("hands_over", c_uint32),
    ("token", POINTER(avpn_token)),
    ("undo_after", c_int64),
]
avpn_uplink._fields_ = [
    ("size", c_uint32),
    ("is_up", c_uint32),
    ("local", avpn_contact),
    ("mtu_bytes", c_uint32),
    ("reserved", c_uint32),
]
avpn_node_status._fields_ = [
    ("size", c_uint32),
    ("member", c_uint32),
    ("peer_count", c_uint32),
    ("route_count", c_uint32),
    ("tunnels_up", c_uint32),
    ("role", c_uint8),
    ("is_revoked", c_uint8),
    ("is_expired", c_uint8),
    ("reserved", c_uint8),
    ("config_version", c_uint64),
    ("name", c_char * 64),
    ("organization_name", c_char * 64),
    ("offered_version", c_uint64),
    ("undone_version", c_uint64),
    ("config_created", c_int64),
    ("config_expires", c_int64),
    ("sync_received", c_uint32),
    ("sync_total", c_uint32),
    ("join", c_uint8),
    ("reserved2", c_uint8 * 7),
]
avpn_uplink_status._fields_ = [
    ("size", c_uint32),
    ("is_up", c_uint8),
    ("nat", c_uint8),
    ("reserved", c_uint8 * 2),
    ("local", avpn_contact),
    ("evidence", avpn_contact * 2),
]
avpn_registration_status._fields_ = [
    ("size", c_uint32),
    ("state", c_uint8),
    ("reserved", c_uint8 * 3),
    ("registry", avpn_contact),
    ("observed", avpn_contact),
    ("answered_at", c_int64),
    ("rtt_us", c_uint32),
    ("missed", c_uint32),
    ("host", c_char * 64),
    ("config_version", c_uint64),
    ("fault", c_uint8),
    ("reserved2", c_uint8 * 7),
]
avpn_peer_status._fields_ = [
    ("size", c_uint32),
    ("member", c_uint32),
    ("name", c_char * 64),
    ("role", c_uint8),
    ("tunnel", c_uint8),
    ("suite", c_uint8),
    ("is_connected", c_uint8),
    ("nat", c_uint8),
    ("path_uplink", c_uint8),
    ("path_remote_uplink", c_uint8),
    ("is_initiator", c_uint8),
    ("path_count", c_uint32),
    ("rtt_us", c_uint32),
    ("up_since", c_int64),
    ("session_since", c_int64),
    ("held_until", c_int64),
    ("mtu_bytes", c_uint32),
    ("reserved", c_uint32),
    ("sent_packets", c_uint64),
    ("sent_bytes", c_uint64),
    ("received_packets", c_uint64),
    ("received_bytes", c_uint64),
]
avpn_path_status._fields_ = [
    ("size", c_uint32),
    ("state", c_uint8),
    ("uplink", c_uint8),
    ("remote_uplink", c_uint8),
    ("is_selected", c_uint8),
    ("contact", avpn_contact),
    ("rtt_us", c_uint32),
    ("answered_at", c_int64),
    ("probes_sent", c_uint32),
    ("probes_answered", c_uint32),
    ("mtu_bytes", c_uint32),
    ("mtu_state", c_uint8),
    ("reserved", c_uint8 * 3),
]
avpn_conflict_status._fields_ = [
    ("size", c_uint32),
    ("kind", c_uint32),
    ("prefix", avpn_prefix),
    ("winner", c_uint32),
    ("loser", c_uint32),
]
avpn_rule_status._fields_ = [
    ("size", c_uint32),
    ("reserved", c_uint32),
    ("sent_packets", c_uint64),
    ("received_packets", c_uint64),
]
avpn_flow._fields_ = [
    ("size", c_uint32),
    ("protocol", c_uint8),
    ("reserved", c_uint8),
    ("source_port", c_uint16),
    ("destination_port", c_uint16),
    ("reserved2", c_uint16),
    ("source", avpn_address),
    ("destination", avpn_address),
]
avpn_explanation._fields_ = [
    ("size", c_uint32),
    ("verdict", c_uint8),
    ("is_translated", c_uint8),
    ("suite", c_uint8),
    ("reserved", c_uint8),
    ("source", avpn_address),
    ("destination", avpn_address),
    ("rule", c_uint32),
    ("breakout", c_uint32),
    ("from", c_uint32),
    ("next_hop", c_uint32),
    ("has_route", c_uint32),
    ("prefix", avpn_prefix),
    ("hop_count", c_uint32),
    ("hops", c_uint32 * 16),
    ("active", c_uint32),
    ("hop_reasons", c_uint8 * 16),
    ("conflict_count", c_uint32),
    ("conflicts", c_uint32 * 8),
    ("uplink", c_uint8),
    ("remote_uplink", c_uint8),
    ("reserved2", c_uint8 * 2),
    ("contact", avpn_contact),
    ("rtt_us", c_uint32),
    ("mtu_bytes", c_uint32),
]
avpn_offload._fields_ = [
    ("kind", c_uint8),
    ("needs_checksum", c_uint8),
    ("segment_bytes", c_uint16),
    ("checksum_start", c_uint16),
    ("checksum_offset", c_uint16),
]
avpn_slice._fields_ = [
    ("bytes", c_void_p),
    ("count", c_size_t),
]
avpn_publisher_options._fields_ = [
    ("size", c_uint32),
    ("signer_number", c_uint32),
    ("organization", avpn_key),
    ("registry", avpn_key),
    ("signer", avpn_key),
    ("contact", avpn_contact),
    ("reserved", c_uint32),
    ("give_up_after", c_int64),
]
avpn_publisher_status._fields_ = [
    ("size", c_uint32),
    ("state", c_uint8),
    ("reason", c_uint8),
    ("has_claims", c_uint8),
    ("reserved", c_uint8),
    ("claim_count", c_uint32),
    ("sent_bytes", c_uint32),
    ("total_bytes", c_uint32),
    ("reserved2", c_uint32),
    ("served_version", c_uint64),
]
avpn_claim._fields_ = [
    ("size", c_uint32),
    ("member", c_uint32),
    ("device", avpn_key),
    ("age", c_uint32),
    ("signature", c_uint8 * 64),
]
avpn_registry_options._fields_ = [
    ("size", c_uint32),
    ("handshakes_per_second", c_uint32),
    ("identity", avpn_key_pair),
    ("registration_limit", c_uint32),
    ("reserved", c_uint32),
]
avpn_registry_status._fields_ = [
    ("size", c_uint32),
    ("organization_count", c_uint32),
    ("member_count", c_uint32),
    ("connected_count", c_uint32),
    ("memory_bytes", c_uint64),
    ("configuration_bytes", c_uint64),
]
avpn_organization_status._fields_ = [
    ("size", c_uint32),
    ("member_count", c_uint32),
    ("version", c_uint64),
    ("created", c_int64),
    ("expires", c_int64),
    ("claim_count", c_uint32),
    ("invite_count", c_uint32),
    ("document_bytes", c_uint64),
    ("name", c_char * 64),
]
avpn_registration._fields_ = [
    ("size", c_uint32),
    ("member", c_uint32),
    ("uplink", c_uint8),
    ("is_connected", c_uint8),
    ("nat", c_uint8),
    ("reserved", c_uint8),
    ("observed", avpn_contact),
    ("local", avpn_contact),
    ("reserved2", c_uint32),
    ("heard_at", c_int64),
]

STRUCTS = (avpn_address, avpn_contact, avpn_prefix, avpn_key, avpn_aead, avpn_packets,
    avpn_datagrams, avpn_event, avpn_sa_change, avpn_host, avpn_key_pair, avpn_noise,
    avpn_member_hub, avpn_translation, avpn_member, avpn_rule, avpn_breakout,
    avpn_registry_entry, avpn_invite, avpn_problem, avpn_publication, avpn_token_registry,
    avpn_token, avpn_nat_report, avpn_nat_verdict, avpn_route, avpn_sa_parameters,
    avpn_sa_report, avpn_worker_host, avpn_node_options, avpn_uplink, avpn_node_status,
    avpn_uplink_status, avpn_registration_status, avpn_peer_status, avpn_path_status,
    avpn_conflict_status, avpn_rule_status, avpn_flow, avpn_explanation, avpn_offload,
    avpn_slice, avpn_publisher_options, avpn_publisher_status, avpn_claim,
    avpn_registry_options, avpn_registry_status, avpn_organization_status, avpn_registration)

# ---- functions: result, parameters, the build option they hang on

FUNCTIONS: Dict[str, Tuple[Any, Tuple[Any, ...], str]] = {
    "avpn_error_name": (c_char_p, (c_int32,), ""),
    "avpn_address_parse": (c_int32, (c_char_p, POINTER(avpn_address)), ""),
    "avpn_contact_parse": (c_int32, (c_char_p, POINTER(avpn_contact)), ""),
    "avpn_prefix_parse": (c_int32, (c_char_p, POINTER(avpn_prefix)), ""),
    "avpn_address_format": (c_int32, (POINTER(avpn_address), c_char_p, c_size_t), ""),
    "avpn_contact_format": (c_int32, (POINTER(avpn_contact), c_char_p, c_size_t), ""),
    "avpn_prefix_format": (c_int32, (POINTER(avpn_prefix), c_char_p, c_size_t), ""),
    "avpn_key_parse": (c_int32, (c_char_p, POINTER(avpn_key)), ""),
    "avpn_key_format": (c_int32, (POINTER(avpn_key), c_char_p, c_size_t), ""),
    "avpn_aead_at": (POINTER(avpn_aead), (c_uint32,), ""),
    "avpn_aead_find": (POINTER(avpn_aead), (c_uint8,), ""),
    "avpn_aead_test": (c_int32, (POINTER(avpn_aead),), ""),
    "avpn_sealed_bytes": (c_uint32, (c_uint32,), ""),
    "avpn_inner_bytes": (c_uint32, (c_uint32,), ""),
    "avpn_key_pair_from_secret": (c_int32, (POINTER(avpn_key), POINTER(avpn_key_pair)), ""),
    "avpn_key_pair_generate": (c_int32, (POINTER(avpn_key_pair),), ""),
    "avpn_noise_init_initiator": (c_int32, (
        POINTER(avpn_noise), POINTER(avpn_key_pair), POINTER(avpn_key), c_void_p, c_size_t), ""),
    "avpn_noise_init_responder": (c_int32, (
        POINTER(avpn_noise), POINTER(avpn_key_pair), c_void_p, c_size_t), ""),
    "avpn_noise_write_1": (c_int32, (
        POINTER(avpn_noise), POINTER(avpn_key), c_void_p, c_size_t, c_void_p), ""),
    "avpn_noise_read_1": (c_int32, (
        POINTER(avpn_noise), c_void_p, c_size_t, POINTER(avpn_key), c_void_p), ""),
    "avpn_noise_write_2": (c_int32, (
        POINTER(avpn_noise), POINTER(avpn_key), POINTER(avpn_key), c_void_p, c_size_t, c_void_p), ""),
    "avpn_noise_read_2": (c_int32, (
        POINTER(avpn_noise), POINTER(avpn_key), c_void_p, c_size_t, c_void_p), ""),
    "avpn_noise_split": (c_int32, (POINTER(avpn_noise), POINTER(avpn_key), POINTER(avpn_key)), ""),
    "avpn_noise_hash": (c_int32, (POINTER(avpn_noise), c_void_p), ""),
    "avpn_noise_wipe": (None, (POINTER(avpn_noise),), ""),
    "avpn_config_new": (c_int32, (POINTER(avpn_host), POINTER(c_void_p)), ""),
    "avpn_config_del": (None, (c_void_p,), ""),
    "avpn_config_set_name": (c_int32, (c_void_p, c_char_p), ""),
    "avpn_config_set_suites": (c_int32, (c_void_p, c_void_p, c_size_t), ""),
    "avpn_config_add_registry": (c_int32, (c_void_p, POINTER(avpn_registry_entry)), ""),
    "avpn_config_add_member": (c_int32, (c_void_p, POINTER(avpn_member)), ""),
    "avpn_config_add_rule": (c_int32, (c_void_p, POINTER(avpn_rule)), ""),
    "avpn_config_add_breakout": (c_int32, (c_void_p, POINTER(avpn_breakout)), ""),
    "avpn_config_set_flags": (c_int32, (c_void_p, c_uint32), ""),
    "avpn_config_check": (c_uint32, (c_void_p, avpn_config_check_report, c_void_p), ""),
    "avpn_config_read": (c_int32, (
        c_void_p, c_size_t, POINTER(avpn_key), c_int64, POINTER(avpn_host), POINTER(c_void_p)), ""),
    "avpn_bundle_organization": (c_int32, (c_void_p, c_size_t, POINTER(avpn_key)), ""),
    "avpn_bundle_version": (c_int32, (c_void_p, c_size_t, POINTER(c_uint64)), ""),
    "avpn_bundle_slice": (c_int32, (
        c_void_p, c_size_t, c_void_p, c_uint32, c_void_p, c_size_t, POINTER(c_size_t)), ""),
    "avpn_config_name": (c_char_p, (c_void_p,), ""),
    "avpn_config_version": (c_uint64, (c_void_p,), ""),
    "avpn_config_created": (c_int64, (c_void_p,), ""),
    "avpn_config_expires": (c_int64, (c_void_p,), ""),
    "avpn_config_psk_epoch": (c_uint32, (c_void_p,), ""),
    "avpn_config_is_whole": (c_int32, (c_void_p,), ""),
    "avpn_config_rotations": (c_uint32, (c_void_p,), ""),
    "avpn_config_invite_count": (c_uint32, (c_void_p,), ""),
    "avpn_config_invite": (c_int32, (c_void_p, c_uint32, POINTER(avpn_invite)), ""),
    "avpn_config_succeeds": (c_int32, (c_void_p, c_void_p), ""),
    "avpn_config_is_complete": (c_int32, (c_void_p, c_uint32), ""),
    "avpn_config_flags": (c_uint32, (c_void_p,), ""),
    "avpn_config_rule_count": (c_uint32, (c_void_p,), ""),
    "avpn_config_rule": (c_int32, (c_void_p, c_uint32, POINTER(avpn_rule)), ""),
    "avpn_config_breakout_count": (c_uint32, (c_void_p,), ""),
    "avpn_config_breakout": (c_int32, (c_void_p, c_uint32, POINTER(avpn_breakout)), ""),
    "avpn_config_suites": (c_uint32, (c_void_p, c_void_p, c_size_t), ""),
    "avpn_config_organization": (c_int32, (c_void_p, POINTER(avpn_key)), ""),
    "avpn_config_registry_count": (c_uint32, (c_void_p,), ""),
    "avpn_config_registry": (c_int32, (c_void_p, c_uint32, POINTER(avpn_registry_entry)), ""),
    "avpn_config_member_count": (c_uint32, (c_void_p,), ""),
    "avpn_config_member_at": (c_int32, (c_void_p, c_uint32, POINTER(avpn_member)), ""),
    "avpn_config_member": (c_int32, (c_void_p, c_uint32, POINTER(avpn_member)), ""),
    "avpn_config_member_by_key": (c_int32, (c_void_p, POINTER(avpn_key), POINTER(avpn_member)), ""),
    "avpn_config_member_by_name": (c_int32, (c_void_p, c_char_p, POINTER(avpn_member)), ""),
    "avpn_config_psk": (c_int32, (
        c_void_p, c_uint32, POINTER(avpn_key_pair), POINTER(avpn_key), POINTER(avpn_key)), ""),
    "avpn_config_is_peer": (c_int32, (c_void_p, c_uint32, c_uint32), ""),
    "avpn_config_peers": (c_uint32, (c_void_p, c_uint32, POINTER(c_uint32), c_size_t), ""),
    "avpn_authority_new": (c_int32, (POINTER(avpn_host), POINTER(c_void_p)), "authority"),
    "avpn_authority_del": (None, (c_void_p,), "authority"),
    "avpn_authority_add_root": (c_int32, (c_void_p, POINTER(avpn_key)), "authority"),
    "avpn_authority_add_signer": (c_int32, (c_void_p, POINTER(avpn_key)), "authority"),
    "avpn_authority_set_root_keys": (c_int32, (
        c_void_p, c_uint32, POINTER(avpn_key), c_size_t), "authority"),
    "avpn_authority_set_signing_keys": (c_int32, (
        c_void_p, c_uint32, POINTER(avpn_key), c_size_t), "authority"),
    "avpn_authority_adopt": (c_int32, (
        c_void_p, POINTER(avpn_key), c_void_p, c_size_t), "authority"),
    "avpn_authority_rotate_root": (c_int32, (
        c_void_p, c_uint32, POINTER(avpn_key), c_size_t), "authority"),
    "avpn_authority_organization": (c_int32, (c_void_p, POINTER(avpn_key)), "authority"),
    "avpn_authority_public_key": (c_int32, (POINTER(avpn_key), POINTER(avpn_key)), "authority"),
    "avpn_authority_needs_root": (c_int32, (c_void_p, c_void_p, c_uint64), "authority"),
    "avpn_authority_sign": (c_int32, (
        c_void_p, c_void_p, POINTER(avpn_publication), c_void_p, c_size_t, POINTER(c_size_t)), "authority"),
    "avpn_event_name": (c_char_p, (c_uint32,), ""),
    "avpn_token_parse": (c_int32, (c_char_p, POINTER(avpn_token)), ""),
    "avpn_token_format": (c_int32, (POINTER(avpn_token), c_char_p, c_size_t), ""),
    "avpn_token_claim_key": (c_int32, (POINTER(avpn_token), POINTER(avpn_key)), ""),
    "avpn_token_claim": (c_int32, (POINTER(avpn_token), POINTER(avpn_key), c_void_p), ""),
    "avpn_claim_verify": (c_int32, (
        POINTER(avpn_key), POINTER(avpn_key), c_uint32, POINTER(avpn_key), c_void_p), ""),
    "avpn_nat_classify": (c_int32, (
        POINTER(avpn_nat_report), c_size_t, c_int64, c_int64, POINTER(avpn_nat_verdict)), ""),
    "avpn_nat_name": (c_char_p, (c_uint8,), ""),
    "avpn_routes_new": (c_int32, (POINTER(avpn_host), POINTER(c_void_p)), ""),
    "avpn_routes_del": (None, (c_void_p,), ""),
    "avpn_routes_put": (c_int32, (c_void_p, POINTER(avpn_route)), ""),
    "avpn_routes_remove": (c_int32, (c_void_p, POINTER(avpn_prefix)), ""),
    "avpn_routes_clear": (None, (c_void_p,), ""),
    "avpn_routes_set_state": (c_int32, (c_void_p, c_uint32, c_uint32), ""),
    "avpn_routes_state": (c_uint32, (c_void_p, c_uint32), ""),
    "avpn_routes_lookup": (c_int32, (c_void_p, POINTER(avpn_address), POINTER(c_uint32)), ""),
    "avpn_routes_allows": (c_int32, (c_void_p, POINTER(avpn_address), c_uint32), ""),
    "avpn_routes_match": (c_int32, (c_void_p, POINTER(avpn_address), POINTER(avpn_route)), ""),
    "avpn_routes_count": (c_uint32, (c_void_p,), ""),
    "avpn_routes_at": (c_int32, (c_void_p, c_uint32, POINTER(avpn_route)), ""),
    "avpn_routes_get": (c_int32, (c_void_p, POINTER(avpn_prefix), POINTER(avpn_route)), ""),
    "avpn_routes_active": (c_uint32, (c_void_p, POINTER(avpn_route)), ""),
    "avpn_routes_footprint": (c_size_t, (c_void_p,), ""),
    "avpn_suite_is_available": (c_int32, (c_uint8,), ""),
    "avpn_suite_name": (c_char_p, (c_uint8,), ""),
    "avpn_sa_new_sender": (c_int32, (
        POINTER(avpn_sa_parameters), POINTER(avpn_host), POINTER(c_void_p)), ""),
    "avpn_sa_new_receiver": (c_int32, (
        POINTER(avpn_sa_parameters), POINTER(avpn_host), POINTER(c_void_p)), ""),
    "avpn_sa_del": (None, (c_void_p,), ""),
    "avpn_sa_seal": (c_int32, (c_void_p, c_void_p, c_uint32), ""),
    "avpn_sa_open": (c_int32, (c_void_p, c_void_p, c_uint32), ""),
    "avpn_sa_seal_run": (c_int32, (c_void_p, POINTER(avpn_packets), POINTER(c_uint32)), ""),
    "avpn_sa_open_run": (c_int32, (c_void_p, POINTER(avpn_packets), POINTER(c_int32)), ""),
    "avpn_sa_aead": (POINTER(avpn_aead), (c_void_p,), ""),
    "avpn_sa_sequence": (c_uint64, (c_void_p,), ""),
    "avpn_sa_spi": (c_uint32, (c_void_p,), ""),
    "avpn_sa_footprint": (c_size_t, (c_void_p,), ""),
    "avpn_worker_new": (c_int32, (c_void_p, POINTER(avpn_worker_host), POINTER(c_void_p)), ""),
    "avpn_worker_del": (None, (c_void_p,), ""),
    "avpn_worker_receive": (c_int32, (c_void_p, POINTER(avpn_datagrams), c_size_t, c_int64), ""),
    "avpn_worker_send": (c_int32, (c_void_p, POINTER(avpn_packets), c_size_t, c_int64), ""),
    "avpn_node_take_punt": (c_int32, (c_void_p, c_void_p, c_size_t, c_int64), ""),
    "avpn_node_new": (c_int32, (
        POINTER(avpn_node_options), POINTER(avpn_host), c_int64, POINTER(c_void_p)), ""),
    "avpn_node_del": (None, (c_void_p,), ""),
    "avpn_node_leave": (None, (c_void_p, c_int64), ""),
    "avpn_node_set_uplink": (c_int32, (c_void_p, c_uint32, POINTER(avpn_uplink), c_int64), ""),
    "avpn_node_set_addresses": (c_int32, (c_void_p, POINTER(avpn_address), c_size_t), ""),
    "avpn_node_set_attached": (c_int32, (c_void_p, POINTER(avpn_prefix), c_size_t, c_int64), ""),
    "avpn_node_set_offer": (c_int32, (c_void_p, POINTER(avpn_prefix), c_int32, c_int64), ""),
    "avpn_node_set_configuration": (c_int32, (c_void_p, c_void_p, c_size_t, c_int64), ""),
    "avpn_node_resolved": (c_int32, (
        c_void_p, c_uint32, POINTER(avpn_address), c_size_t, c_int64), ""),
    "avpn_node_receive": (c_int32, (c_void_p, POINTER(avpn_datagrams), c_size_t, c_int64), ""),
    "avpn_node_send": (c_int32, (c_void_p, POINTER(avpn_packets), c_size_t, c_int64), ""),
    "avpn_node_report_sa": (c_int32, (c_void_p, POINTER(avpn_sa_report), c_int64), ""),
    "avpn_node_rekey": (c_int32, (c_void_p, c_uint32, c_int64), ""),
    "avpn_node_tick": (None, (c_void_p, c_int64), ""),
    "avpn_node_deadline": (c_int64, (c_void_p,), ""),
    "avpn_node_next_event": (c_int32, (c_void_p, POINTER(avpn_event)), ""),
    "avpn_node_counters": (c_uint32, (c_void_p, POINTER(c_uint64), c_size_t), ""),
    "avpn_counter_name": (c_char_p, (c_uint32,), ""),
    "avpn_node_status": (c_int32, (c_void_p, POINTER(avpn_node_status)), ""),
    "avpn_node_uplink_status": (c_int32, (c_void_p, c_uint32, POINTER(avpn_uplink_status)), ""),
    "avpn_node_registration_status": (c_int32, (
        c_void_p, c_uint32, c_uint32, POINTER(avpn_registration_status)), ""),
    "avpn_node_peer_at": (c_int32, (c_void_p, c_uint32, POINTER(avpn_peer_status)), ""),
    "avpn_node_peer": (c_int32, (c_void_p, c_uint32, POINTER(avpn_peer_status)), ""),
    "avpn_node_path_at": (c_int32, (c_void_p, c_uint32, c_uint32, POINTER(avpn_path_status)), ""),
    "avpn_node_route_at": (c_int32, (
        c_void_p, c_uint32, POINTER(avpn_route), POINTER(c_uint32)), ""),
    "avpn_node_hop_state": (c_uint32, (c_void_p, c_uint32), ""),
    "avpn_node_conflict_at": (c_int32, (c_void_p, c_uint32, POINTER(avpn_conflict_status)), ""),
    "avpn_node_rule_at": (c_int32, (
        c_void_p, c_uint32, POINTER(avpn_rule), POINTER(avpn_rule_status)), ""),
    "avpn_node_outer_at": (c_int32, (
        c_void_p, c_uint32, POINTER(c_uint32), POINTER(avpn_contact)), ""),
    "avpn_node_explain": (c_int32, (c_void_p, POINTER(avpn_flow), POINTER(avpn_explanation)), ""),
    "avpn_node_aead": (POINTER(avpn_aead), (c_void_p, c_uint8), ""),
    "avpn_node_config": (c_void_p, (c_void_p,), ""),
    "avpn_offload_read": (c_int32, (c_void_p, c_uint32, POINTER(avpn_offload)), ""),
    "avpn_segment_room": (c_size_t, (POINTER(avpn_offload), c_void_p, c_uint32), ""),
    "avpn_segment": (c_int32, (
        POINTER(avpn_offload), c_void_p, c_uint32, c_void_p, c_size_t, POINTER(avpn_packets)), ""),
    "avpn_coalescer_new": (c_int32, (POINTER(avpn_host), c_uint32, POINTER(c_void_p)), ""),
    "avpn_coalescer_del": (None, (c_void_p,), ""),
    "avpn_coalesce": (None, (
        c_void_p, POINTER(avpn_packets), c_size_t, avpn_coalesce_write, c_void_p), ""),
    "avpn_publish_result_text": (c_char_p, (c_uint32,), "authority"),
    "avpn_publisher_new": (c_int32, (
        POINTER(avpn_publisher_options), POINTER(avpn_host), c_int64, POINTER(c_void_p)), "authority"),
    "avpn_publisher_del": (None, (c_void_p,), "authority"),
    "avpn_publisher_offer": (c_int32, (c_void_p, c_void_p, c_size_t, c_int64), "authority"),
    "avpn_publisher_list_claims": (c_int32, (c_void_p, c_int64), "authority"),
    "avpn_publisher_receive": (c_int32, (
        c_void_p, POINTER(avpn_datagrams), c_size_t, c_int64), "authority"),
    "avpn_publisher_tick": (None, (c_void_p, c_int64), "authority"),
    "avpn_publisher_deadline": (c_int64, (c_void_p,), "authority"),
    "avpn_publisher_status": (c_int32, (c_void_p, POINTER(avpn_publisher_status)), "authority"),
    "avpn_publisher_claim": (c_int32, (c_void_p, c_uint32, POINTER(avpn_claim)), "authority"),
    "avpn_registry_new": (c_int32, (
        POINTER(avpn_registry_options), POINTER(avpn_host), c_int64, POINTER(c_void_p)), "registry"),
    "avpn_registry_del": (None, (c_void_p,), "registry"),
    "avpn_registry_admit": (c_int32, (c_void_p, POINTER(avpn_key), c_int64), "registry"),
    "avpn_registry_set_organization": (c_int32, (
        c_void_p, POINTER(avpn_key), c_void_p, c_size_t, c_int64), "registry"),
    "avpn_registry_remove_organization": (c_int32, (
        c_void_p, POINTER(avpn_key), c_int64), "registry"),
    "avpn_registry_receive": (c_int32, (
        c_void_p, POINTER(avpn_datagrams), c_size_t, c_int64), "registry"),
    "avpn_registry_tick": (None, (c_void_p, c_int64), "registry"),
    "avpn_registry_deadline": (c_int64, (c_void_p,), "registry"),
    "avpn_registry_next_event": (c_int32, (c_void_p, POINTER(avpn_event)), "registry"),
    "avpn_registry_counters": (c_uint32, (c_void_p, POINTER(c_uint64), c_size_t), "registry"),
    "avpn_registry_counter_name": (c_char_p, (c_uint32,), "registry"),
    "avpn_registry_status": (c_int32, (c_void_p, POINTER(avpn_registry_status)), "registry"),
    "avpn_registry_organization": (c_int32, (
        c_void_p, POINTER(avpn_key), POINTER(avpn_organization_status)), "registry"),
    "avpn_registry_organization_at": (c_int32, (c_void_p, c_uint32, POINTER(avpn_key)), "registry"),
    "avpn_registry_registration": (c_int32, (
        c_void_p, POINTER(avpn_key), c_uint32, c_uint32, POINTER(avpn_registration)), "registry"),
    "avpn_version": (c_char_p, (), ""),
    "avpn_version_number": (c_uint32, (), ""),
    "avpn_wire_version": (c_uint32, (), ""),
    "avpn_has_feature": (c_int32, (c_char_p,), ""),
    "avpn_feature_at": (c_char_p, (c_uint32,), ""),
}

# What the headers say of errors, function by function.

ERRORS: Dict[str, Dict[int, str]] = {
    "avpn_address_parse": {
        AVPN_ERROR_FORMAT: "not such a text; a prefix with bits set beyond its length is refused too, for it usually means a mistyped one. *out is then unchanged",
    },
    "avpn_address_format": {
        AVPN_ERROR_SPACE: "`capacity` is below the AVPN_*_TEXT size; nothing is written",
    },
    "avpn_key_format": {
        AVPN_ERROR_SPACE: "`capacity` is below AVPN_KEY_TEXT",
    },
    "avpn_aead_test": {
        AVPN_ERROR_ARGUMENT: "the table contradicts itself",
        AVPN_ERROR_STATE: "not available here",
        AVPN_ERROR_AUTH: "it computes something else",
    },
    "avpn_key_pair_from_secret": {
        AVPN_ERROR_ARGUMENT: "`secret_key` is all zero",
    },
    "avpn_noise_init_initiator": {
        AVPN_ERROR_ARGUMENT: "`responder` is a low-order point",
    },
    "avpn_noise_write_1": {
        AVPN_ERROR_STATE: "wrong role or moment",
        AVPN_ERROR_LIMIT: "the message would pass 65535 bytes",
        AVPN_ERROR_ARGUMENT: "`ephemeral` is all zero",
    },
    "avpn_noise_read_1": {
        AVPN_ERROR_FORMAT: "too short",
        AVPN_ERROR_AUTH: "forged, for someone else, or with another prologue",
    },
    "avpn_config_set_name": {
        AVPN_ERROR_FORMAT: "not 1 to 63 characters of a-z A-Z 0-9 . _ -",
    },
    "avpn_config_set_flags": {
        AVPN_ERROR_ARGUMENT: "more than 8 bits",
    },
    "avpn_config_read": {
        AVPN_ERROR_FORMAT: "not canonical",
        AVPN_ERROR_AUTH: "another organization, or a signature or the Merkle root does not verify",
        AVPN_ERROR_ARGUMENT: "well signed but invalid by [CFG-9]",
    },
    "avpn_bundle_slice": {
        AVPN_ERROR_NOT_FOUND: "no such member",
        AVPN_ERROR_SPACE: "*needed_out says how much",
        AVPN_ERROR_STATE: "config is no bundle's",
    },
    "avpn_config_succeeds": {
        AVPN_ERROR_VERSION: "not higher, or higher than one step may be",
        AVPN_ERROR_AUTH: "its root sets do not continue those held",
    },
    "avpn_config_organization": {
        AVPN_ERROR_NOT_FOUND: "it was not read from a bundle",
    },
    "avpn_config_psk": {
        AVPN_ERROR_AUTH: "not to this key, or they do not fit the commitment in the head",
        AVPN_ERROR_NOT_FOUND: "no such member, or it is revoked",
    },
    "avpn_authority_add_root": {
        AVPN_ERROR_ARGUMENT: "zero, twice, or in no set",
    },
    "avpn_authority_set_root_keys": {
        AVPN_ERROR_ARGUMENT: "counts, a key twice",
        AVPN_ERROR_STATE: "seeds are there",
    },
    "avpn_authority_rotate_root": {
        AVPN_ERROR_LIMIT: "AVPN_ROTATIONS reached",
        AVPN_ERROR_STATE: "nothing was adopted, or rotated already",
    },
    "avpn_authority_organization": {
        AVPN_ERROR_STATE: "no root key yet",
    },
    "avpn_authority_sign": {
        AVPN_ERROR_ARGUMENT: "the configuration has problems, or version, times, keys or invites are out of range",
        AVPN_ERROR_STATE: "fewer keys than a threshold",
        AVPN_ERROR_SPACE: "`capacity` is too small",
    },
    "avpn_token_parse": {
        AVPN_ERROR_FORMAT: "not a token, or mistyped (it carries a check)",
        AVPN_ERROR_ARGUMENT: "fields out of range",
    },
    "avpn_token_format": {
        AVPN_ERROR_ARGUMENT: "fields out of range",
        AVPN_ERROR_SPACE: "`capacity` is below AVPN_TOKEN_TEXT",
    },
    "avpn_nat_classify": {
        AVPN_ERROR_ARGUMENT: "NULL where not allowed; *verdict_out is then unchanged",
    },
    "avpn_routes_put": {
        AVPN_ERROR_ARGUMENT: "prefix not canonical, hop list empty, too long or with a duplicate",
    },
    "avpn_routes_remove": {
        AVPN_ERROR_NOT_FOUND: "none with this very prefix",
    },
    "avpn_routes_set_state": {
        AVPN_ERROR_MEMORY: "unchanged",
        AVPN_ERROR_ARGUMENT: "no such state, or one of the hops above, whose states are fixed",
    },
    "avpn_routes_lookup": {
        AVPN_ERROR_NOT_FOUND: "no prefix matches",
        AVPN_ERROR_EMPTY: "one does, but all its hops are dead ([RTE-3]: a shorter prefix does not step in)",
    },
    "avpn_routes_at": {
        AVPN_ERROR_EMPTY: "beyond the end",
    },
    "avpn_sa_new_sender": {
        AVPN_ERROR_ARGUMENT: "spi, suite, window or size out of range, or a provider of another suite",
        AVPN_ERROR_STATE: "suite not available here",
        AVPN_ERROR_AUTH: "`aead` fails its self-test (avpn_aead_test)",
    },
    "avpn_sa_seal": {
        AVPN_ERROR_FORMAT: "neither IPv4 nor IPv6 by its first nibble",
        AVPN_ERROR_EXHAUSTED: "the limit is reached, nothing was written",
        AVPN_ERROR_ARGUMENT: "a receiver, or more than AVPN_PACKET_LIMIT",
    },
    "avpn_sa_open": {
        AVPN_ERROR_FORMAT: "too short, or genuine but with wrong padding, next header or inner length",
        AVPN_ERROR_VERSION: "replayed or left of the window",
        AVPN_ERROR_AUTH: "not genuine, or of another SPI",
        AVPN_ERROR_ARGUMENT: "a sender",
    },
    "avpn_sa_seal_run": {
        AVPN_ERROR_ARGUMENT: "also when the run contradicts itself",
    },
    "avpn_sa_open_run": {
        AVPN_ERROR_ARGUMENT: "a sender, or the run contradicts itself; no result was written",
    },
    "avpn_worker_new": {
        AVPN_ERROR_ARGUMENT: "size, missing callbacks",
        AVPN_ERROR_STATE: "the node hands over (sa.h)",
        AVPN_ERROR_LIMIT: "AVPN_WORKERS",
    },
    "avpn_node_take_punt": {
        AVPN_ERROR_FORMAT: "no punt of this library's build; nothing was done",
    },
    "avpn_node_new": {
        AVPN_ERROR_ARGUMENT: "size, keys, token, or missing callbacks; of the bundle those of avpn_node_set_configuration (but one that is not newer is no error)",
    },
    "avpn_node_set_uplink": {
        AVPN_ERROR_ARGUMENT: "number 4 or more, size, or an MTU that no IP link has",
    },
    "avpn_node_set_addresses": {
        AVPN_ERROR_ARGUMENT: "more than 2, two of a family",
    },
    "avpn_node_set_attached": {
        AVPN_ERROR_ARGUMENT: "one is not canonical, or a default",
        AVPN_ERROR_LIMIT: "more than AVPN_ATTACHED",
    },
    "avpn_node_set_offer": {
        AVPN_ERROR_NOT_FOUND: "this node has no such export",
    },
    "avpn_node_set_configuration": {
        AVPN_ERROR_VERSION: "not above any taken before, or further above than one step may be [CFG-5]",
        AVPN_ERROR_NOT_FOUND: "this key is not a member, or the slice does not tell what it needs [CFG-10]",
    },
    "avpn_node_resolved": {
        AVPN_ERROR_NOT_FOUND: "no such request",
    },
    "avpn_node_receive": {
        AVPN_ERROR_ARGUMENT: "a run whose numbers contradict each other; runs before it were processed",
    },
    "avpn_node_report_sa": {
        AVPN_ERROR_STATE: "this node does not hand over",
        AVPN_ERROR_NOT_FOUND: "no such SA, or no more",
        AVPN_ERROR_ARGUMENT: "size, is_sender, or a source that is no contact",
    },
    "avpn_node_rekey": {
        AVPN_ERROR_NOT_FOUND: "no such peer",
        AVPN_ERROR_STATE: "there are none yet",
    },
    "avpn_node_next_event": {
        AVPN_ERROR_EMPTY: "nothing new",
    },
    "avpn_node_status": {
        AVPN_ERROR_ARGUMENT: "size",
    },
    "avpn_node_uplink_status": {
        AVPN_ERROR_ARGUMENT: "size, or a number of 4 or more",
    },
    "avpn_node_registration_status": {
        AVPN_ERROR_EMPTY: "beyond the last registry",
        AVPN_ERROR_ARGUMENT: "size, uplink",
    },
    "avpn_node_explain": {
        AVPN_ERROR_ARGUMENT: "size, or no addresses of one family",
        AVPN_ERROR_STATE: "there is no configuration",
    },
    "avpn_offload_read": {
        AVPN_ERROR_FORMAT: "it contradicts itself or the packet's size, or asks for what is not known here: fragmentation (UFO), tunnels, accurate ECN",
    },
    "avpn_segment": {
        AVPN_ERROR_FORMAT: "headers that lie; a fragment; a segment size of 0, or one that makes more than AVPN_SEGMENT_PIECES; a piece beyond AVPN_PACKET_LIMIT; more than 256 bytes of headers, or such as cannot stand in each piece (IPv6 authentication, routing with stops to come)",
        AVPN_ERROR_LIMIT: "`capacity` is too small",
    },
    "avpn_coalescer_new": {
        AVPN_ERROR_ARGUMENT: "unknown kinds, or a host with only some of the allocator's three",
    },
    "avpn_publisher_offer": {
        AVPN_ERROR_ARGUMENT: "empty or too large",
    },
    "avpn_publisher_list_claims": {
        AVPN_ERROR_STATE: "without a signing key nobody is told",
    },
    "avpn_publisher_status": {
        AVPN_ERROR_ARGUMENT: "size",
    },
    "avpn_registry_new": {
        AVPN_ERROR_ARGUMENT: "size, key, or no transmit",
    },
    "avpn_registry_set_organization": {
        AVPN_ERROR_VERSION: "not newer",
    },
    "avpn_registry_next_event": {
        AVPN_ERROR_EMPTY: "nothing new",
    },
    "avpn_registry_status": {
        AVPN_ERROR_ARGUMENT: "size",
    },
    "avpn_registry_organization_at": {
        AVPN_ERROR_NOT_FOUND: "none is there any more",
    },
    "avpn_registry_registration": {
        AVPN_ERROR_NOT_FOUND: "never registered, or no such organization, member or uplink",
    },
}

ERROR_NAMES: Dict[int, str] = {
    AVPN_OK: "AVPN_OK",
    AVPN_ERROR_ARGUMENT: "AVPN_ERROR_ARGUMENT",
    AVPN_ERROR_MEMORY: "AVPN_ERROR_MEMORY",
    AVPN_ERROR_STATE: "AVPN_ERROR_STATE",
    AVPN_ERROR_LIMIT: "AVPN_ERROR_LIMIT",
    AVPN_ERROR_FORMAT: "AVPN_ERROR_FORMAT",
    AVPN_ERROR_AUTH: "AVPN_ERROR_AUTH",
    AVPN_ERROR_VERSION: "AVPN_ERROR_VERSION",
    AVPN_ERROR_EXPIRED: "AVPN_ERROR_EXPIRED",
    AVPN_ERROR_NOT_FOUND: "AVPN_ERROR_NOT_FOUND",
    AVPN_ERROR_EMPTY: "AVPN_ERROR_EMPTY",
    AVPN_ERROR_SPACE: "AVPN_ERROR_SPACE",
    AVPN_ERROR_RANDOM: "AVPN_ERROR_RANDOM",
    AVPN_ERROR_EXHAUSTED: "AVPN_ERROR_EXHAUSTED",
}

# What each error means where the function's own comment does not say.

ERROR_TEXTS: Dict[int, str] = {
    AVPN_OK: "done",
    AVPN_ERROR_ARGUMENT: "a parameter is outside its contract: fix the call",
    AVPN_ERROR_MEMORY: "the allocator returned NULL: nothing changed, try later",
    AVPN_ERROR_STATE: "not now: the call does not fit the object's state",
    AVPN_ERROR_LIMIT: "a documented limit would be passed: nothing changed",
    AVPN_ERROR_FORMAT: "bytes or text are not in canonical form",
    AVPN_ERROR_AUTH: "a signature, tag or key does not verify",
    AVPN_ERROR_VERSION: "older than what is held: refused",
    AVPN_ERROR_EXPIRED: "validity has ended by the wall clock",
    AVPN_ERROR_NOT_FOUND: "no such member, peer, route ...",
    AVPN_ERROR_EMPTY: "nothing more to return",
    AVPN_ERROR_SPACE: "the output buffer is too small; the needed size is reported",
    AVPN_ERROR_RANDOM: "the randomness seam failed: nothing changed",
    AVPN_ERROR_EXHAUSTED: "a key's packet limit is reached: rekey first",
}
