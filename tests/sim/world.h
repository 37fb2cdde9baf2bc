/* SPDX-License-Identifier: ISC */
/*
 * world: an organization on the simulated network: registries, and sites behind NATs whose
 * nodes are hosted through the public API only. Members are numbered as the sites, from 1; site
 * n has the LAN 10.(n / 256).(n % 256).0/24 and fd00:0:0:n::/64.
 *
 * Invariants are checked in every callback: an inner packet arrives at most once, unchanged but for hop limit,
 * translation and TCP segment size, at the site it was meant for, and a spoofed or forbidden one nowhere; an ICMP
 * error reaches the host whose packet it is about, with that packet in it, once; nothing leaves by a breakout that was not
 * to; no engine asks to be woken in the past once
 * served; a registry sends to a contact that has not proved itself no more than it got from there; no
 * (SPI, IV) is sealed twice; events about routes add up to the table of the engine; the version of a node's configuration never falls, except when it says that
 * it undid one. What breaks them is printed and counted in `failures`.
 *
 * Nodes may have workers (crew.c): what comes and goes is handled by one of them or by the node itself, as chance has it, and
 * what they punt reaches the node a moment later, or never. 2 for each node in every scenario, if AVPN_TEST_WORKERS=2.
 *
 * The same seed gives the same trace, on any machine if AVPN_SIM_SAME_SUITE is set (tests/portability.sh compares).
 *
 *     static const struct world_site sites[] = {
 *         {.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}},
 *         {.nat = {&sim_nat_symmetric}, .hubs = {1}}};
 *     struct world *w = world_new("two sites", seed, sites, 2, 2);
 *     EXPECT(w, world_wait_tunnel(w, 1, 2, 30 * AVPN_SECOND));
 *     EXPECT(w, world_ping(w, 2, 1));
 *     return world_del(w);
 */
#ifndef AVPN_SIM_WORLD_H
#define AVPN_SIM_WORLD_H

#include "chance.h"
#include "inner.h"
#include "nat.h"
#include "net.h"
#include <autovpn/authority.h>
#include <autovpn/config.h>
#include <autovpn/event.h>
#include <autovpn/nat.h>
#include <autovpn/node.h>
#include <autovpn/publisher.h>
#include <autovpn/registry.h>

#define WORLD_UPLINKS 2
#define WORLD_REGISTRIES 3
#define WORLD_BLOBS 3
#define WORLD_WORKERS 4

struct world;

struct world_translation {
    const char *local, *exported; /* prefixes; NULL: none */
};

struct world_site {
    uint8_t role;                                   /* 0: spoke */
    const struct sim_nat_kind *nat[WORLD_UPLINKS];  /* NULL: a public address */
    uint32_t uplinks;                               /* 0: 1 */
    uint32_t hubs[4];                               /* site numbers, in order of preference */
    uint32_t exits[4];                              /* those of them that take the default route */
    uint16_t manual_port;                           /* forwarded on the first NAT, and configured */
    uint32_t behind;                                /* share the first NAT of this site */
    uint32_t claims;                                /* exports this site's subnets too */
    bool is_cgnat;                                  /* the NATs are inside a provider's */
    bool is_revoked;
    bool waits;                                     /* no member until its device has joined */
    uint32_t extra;                                 /* exports 172.16.extra.0/24 too */
    avpn_span delay;                                /* of the access line; 0: 5 ms */
    uint32_t ipv6;                                  /* bit u: uplink u has IPv6 and nothing else */
    uint32_t link_mtu;                              /* of the uplinks, as the host tells the engine; 0: it does not */
    const char *exports[4];                         /* besides its LANs */
    struct world_translation translations[4];
};

/* What holds for the whole organization. Copied. */
struct world_policy {
    uint32_t flags; /* AVPN_ORGANIZATION_* */
    struct avpn_rule rules[8];
    uint32_t rule_count;
    struct avpn_breakout breakouts[8];
    uint32_t breakout_count;
};

struct world_uplink {
    struct sim_nat *nat;
    struct sim_port *port;
    struct avpn_contact local;
    bool is_up;
    uint32_t mtu; /* told to the engine */
};

/* What a host's store holds, and how it fails. */
struct world_store {
    struct world_blob {
        char name[80];
        uint8_t *bytes;
        size_t count;
    } blobs[WORLD_BLOBS];
    uint32_t failing, tearing; /* of the next writes, so many fail or are torn */
    uint32_t failed, torn;     /* how many did */
};

/* Memory, chance and waking of one engine. */
struct world_engine {
    struct world *world;
    uint32_t id;
    struct sim_chance chance;
    size_t allocations; /* live */
    uint64_t allocated; /* ever */
    avpn_time armed;
    uint32_t ticks; /* at `ticked_at` */
    avpn_time ticked_at;
    struct world_store store;
    int64_t wall; /* seconds since 1970 at the simulation's start, as its host believes; 0: unknown */
};

struct world_node {
    struct world_engine engine; /* first: callbacks get it as `user` */
    struct avpn_node *node;     /* NULL: not running */
    struct avpn_worker *workers[WORLD_WORKERS];
    struct world_punt *punts, **punts_end; /* on their way from worker to node */
    uint64_t punted, punts_lost;
    struct avpn_key_pair identity;
    struct world_uplink uplinks[WORLD_UPLINKS];
    uint32_t uplink_count;
    uint32_t ups, downs, roams, path_downs; /* events since the start */
    uint32_t configurations, undone;
    uint32_t faults[WORLD_REGISTRIES]; /* bit per enum avpn_registry_fault ever told */
    uint64_t version;                  /* last seen: it never falls */
    uint64_t delivered;
    struct avpn_event *told; /* of routes, conflicts, sizes and offers, since the start */
    size_t told_count, told_capacity;
    size_t told_before; /* so many by engines that ran here before */
    bool has_lost;      /* the queue of events overflowed: a host asks for the whole table then */
    bool has_no_breakout; /* its host has no seam for it */
    bool keeps; /* starts from what its store holds, not from the bundle */
    bool has_token; /* the same, and joins */
    struct avpn_token token;
};

struct world_registry {
    struct world_engine engine;
    struct avpn_registry *registry; /* NULL: not running */
    struct avpn_registry *twin;     /* another engine with the same key, whose answers ... */
    uint32_t twin_for;              /* ... this site gets; NULL: none */
    bool is_empty;                  /* starts with what its store holds, not with the bundle */
    struct avpn_key_pair identity;
    struct sim_port *port;
    struct avpn_contact contact, contact6;
};

struct world {
    const char *name;
    struct sim *sim;
    uint64_t seed;
    uint32_t failures;
    struct world_node *nodes; /* by site number; 0 is not used */
    struct world_site *sites; /* likewise: what was published last */
    uint32_t node_count;
    struct world_policy policy;
    bool is_dual; /* registries stand in the configuration by names, which have addresses of both families */
    struct world_registry registries[WORLD_REGISTRIES];
    uint32_t registry_count;
    struct avpn_key organization;
    uint8_t *bundle; /* what nodes and registries are started with */
    size_t bundle_bytes;
    uint64_t version;
    struct world_office *office;
    struct avpn_key_pair intruder; /* of scenarios with one */
    uint32_t workers;      /* of each node */
    avpn_span punt_delay;  /* at most so late are they taken; 0: at once */
    uint32_t punts_losing; /* so many of 100 punts find no room */
    uint32_t misplaced; /* so many registries stand in the configuration with a wrong address */
    struct world_packet *packets; /* inner packets sent; the index is their number */
    size_t packet_count, packet_capacity;
    struct world_hosts *hosts; /* what they are doing; NULL: nothing yet */
    struct world_connection *connection; /* of the transfer under way; NULL: none */
    struct world_nonce *nonces;
    size_t nonce_count, nonce_slots, spi_reuses;
};

/* Counts and prints what is not so, and goes on. */
#define EXPECT(world_, condition_) world_expect(world_, condition_, #condition_, __LINE__)
bool world_expect(struct world *world, bool is_so, const char *what, int line);
void world_fail(struct world *world, const char *what);

/* All registries and nodes run when it returns; nothing has been sent yet. */
struct world *world_new(const char *name, uint64_t seed, const struct world_site *sites,
                        uint32_t count, uint32_t registries);
struct world *world_new_with(const char *name, uint64_t seed, const struct world_site *sites,
                             uint32_t count, uint32_t registries,
                             const struct world_policy *policy);
/* Ends everything; returns the number of failures, leaks included. */
uint32_t world_del(struct world *world);
/* The traces (sim_hash) of all worlds that ended since the last call, as one number. */
uint64_t world_take_traces(void);
void world_run(struct world *world, avpn_span span);
avpn_time world_now(const struct world *world);

/* ---- the office (office.c): what an administrator does ---------------------------------- */

/* Sign a next version, with which engines are started from now on. Nobody is told. */
void world_publish(struct world *world, const struct world_site *sites);
/* Bring the newest version to the registries of a bit mask, over the network; at once, it takes time. */
void world_deliver(struct world *world, uint32_t registries);
/* The state of that, by registry. */
struct avpn_publisher_status world_delivery(const struct world *world, uint32_t registry);
/* Publish, deliver to all, and wait until each has it; returns whether that was so within 30 s. */
bool world_change(struct world *world, const struct world_site *sites);
/* The next publications have another pre-shared key, signing key, or root key. */
void world_rotate_psk(struct world *world);
void world_rotate_signer(struct world *world);
void world_rotate_root(struct world *world);
/* The next publication invites a device for this site; its node gets the token. */
void world_invite(struct world *world, uint32_t site, avpn_span valid);
/* List the claims of the registries, and sign in whom the next publication is to know. Returns how many. */
uint32_t world_take_claims(struct world *world);
void world_office_close(struct world *world);

/* ---- faults ---------------------------------------------------------------------- */

void world_registry_stop(struct world *world, uint32_t registry);
/* With an empty memory. */
void world_registry_start(struct world *world, uint32_t registry);
void world_node_stop(struct world *world, uint32_t site);
/* From its configuration; `moved` adds to its UDP ports. */
void world_node_start(struct world *world, uint32_t site, uint16_t moved);
/* Tell the engine that an uplink is up or down. */
void world_uplink_set(struct world *world, uint32_t site, uint32_t uplink, bool is_up);
/* The access line passes nothing, or passes again; the engine is not told. */
void world_line_set(struct world *world, uint32_t site, uint32_t uplink, bool is_passing);
/* The first uplink, which has a public address, gets another one. */
void world_move(struct world *world, uint32_t site, const char *address);
/* Faults on a site's access line, both ways. */
void world_link(struct world *world, uint32_t site, uint32_t uplink, const struct sim_link *link);

/* ---- workers (crew.c) ---------------------------------------------------------------------- */

/* From now on, on all nodes that run and that will; not fewer than before. */
void world_set_workers(struct world *world, uint32_t count);

/* ---- looking (look.c) --------------------------------------------------------------------- */

struct avpn_peer_status world_peer(const struct world *world, uint32_t site, uint32_t peer);
bool world_tunnel_is_up(const struct world *world, uint32_t a, uint32_t b);
/* At both ends. Returns whether it came up within `span`. */
bool world_wait_tunnel(struct world *world, uint32_t a, uint32_t b, avpn_span span);
bool world_wait_all(struct world *world, avpn_span span);
uint8_t world_nat(const struct world *world, uint32_t site, uint32_t uplink);
uint64_t world_counter(const struct world *world, uint32_t site, uint32_t counter);
bool world_is_registered(const struct world *world, uint32_t registry, uint32_t site);
/* The contact at which `site` is seen by the first registry. */
struct avpn_contact world_contact(const struct world *world, uint32_t site);
/* The remote contact of the path in use; family NONE without one. */
struct avpn_contact world_path_contact(const struct world *world, uint32_t site, uint32_t peer);

/* The next hop in use of the route with this very prefix: a member, AVPN_HOP_*, or AVPN_ROUTE_NONE. */
uint32_t world_hop(const struct world *world, uint32_t site, const char *prefix);
/* Its next hops; AVPN_ERROR_NOT_FOUND. */
int32_t world_route(const struct world *world, uint32_t site, const char *prefix,
                    struct avpn_route *route_out);
bool world_has_conflict(const struct world *world, uint32_t site, uint32_t kind, const char *prefix,
                        uint32_t winner, uint32_t loser);
/*
 * How many events since `since` have the kind, state, peer, other and metric of this one, and its prefix, if one is
 * given. Kept of ROUTE_*, CONFLICT, MTU and OFFER.
 */
uint32_t world_told(const struct world *world, uint32_t site, const struct avpn_event *event,
                    const char *prefix, avpn_time since);
/* The largest inner packet that passes to a peer whole, as its tunnel says; 0: unknown. */
uint32_t world_mtu(const struct world *world, uint32_t site, uint32_t peer);
/* Both ends of a tunnel have found its size within `span`. */
bool world_wait_mtu(struct world *world, uint32_t a, uint32_t b, avpn_span span);

/* ---- places (places.c): what a site's hosts are called, by a second opinion -------------------------- */

struct avpn_prefix world_prefix(const char *text);
/* A host of a site's LAN, as the VPN knows it. Site 0: a place outside the organization. */
struct avpn_address world_host(uint32_t site, uint8_t family, uint8_t host);
/* [TRN-1] an address of a site's host in the VPN, and back; the same where nothing is translated. */
struct avpn_address world_to_vpn(const struct world *world, uint32_t site,
                                 struct avpn_address local);
struct avpn_address world_to_local(const struct world *world, uint32_t site,
                                   struct avpn_address exported);

/* ---- inner traffic (traffic.c, hosts.c) ------------------------------------------------------------- */

struct world_flow {
    uint32_t from, to; /* sites; `to` 0: an address in no site */
    uint8_t family;    /* 0: IPv4 */
    uint32_t bytes;    /* 0: 100; of the inner packet */
    uint32_t spoof;    /* the source address is this site's: must not arrive */
    uint32_t exit;     /* `to` 0: the site that must deliver it */
    uint8_t protocol;  /* 0: UDP; INNER_ICMP: an echo, which the host there answers */
    uint16_t source_port, destination_port; /* 0: 7000, 7001 */
    uint16_t mss;      /* of TCP: a SYN with this option */
    uint8_t hop_limit; /* 0: 64 */
    bool is_whole;     /* IPv4: DF */
    bool is_forbidden; /* must not arrive anywhere */
    bool is_free;      /* may arrive anywhere, break out, or neither: the scenario looks itself */
    bool breaks_out;   /* must not arrive, may break out */
    bool is_refused;   /* the host there answers by an ICMP error: nobody listens on this port */
    /* As hosts of the sending site use them; NULL: host 10 of the LAN. The family is the destination's. */
    const char *source, *destination;
};

/* What became of one packet. */
struct world_packet {
    struct inner sent;      /* as its host sent it */
    uint32_t from, to;      /* sites; `to` 0: outside, or wherever it is */
    uint32_t answers;       /* number + 1 of the echo it replies to, or 0 */
    avpn_time sent_at;
    uint32_t arrivals;
    avpn_time arrived_at;   /* the first time */
    uint32_t arrived_site;
    uint8_t arrived_hop_limit;
    uint16_t arrived_mss;
    uint32_t pieces;        /* it came in so many */
    bool has_broken_out, is_answered; /* by an echo reply */
    bool is_spoofed, is_forbidden, is_free, may_break_out, is_refused;
    uint32_t errors;        /* ICMP errors about it that reached its host; the last one: */
    uint8_t error_type, error_code;
    uint32_t error_mtu;
    struct avpn_address error_source;
};

/* Sends one packet; returns its number. */
size_t world_send(struct world *world, const struct world_flow *flow);
/* So many of them in one run, end to end once sealed, or with the usual room. Returns the number of the first. */
size_t world_send_run(struct world *world, const struct world_flow *flow, uint32_t count,
                      bool is_tight);
/* Valid until the next packet is sent. */
const struct world_packet *world_packet(const struct world *world, size_t packet);
bool world_has_arrived(const struct world *world, size_t packet);
/* The type and code of the ICMP error that answered it, in both families as IPv4 has them: 256 * type + code; 0: none. */
uint32_t world_error(const struct world *world, size_t packet);
#define WORLD_HOP_LIMIT (11u * 256)
#define WORLD_TOO_BIG (3u * 256 + 4)
#define WORLD_NO_ROUTE (3u * 256)
#define WORLD_NO_TUNNEL (3u * 256 + 1)
#define WORLD_DENIED (3u * 256 + 13)
#define WORLD_REFUSED (3u * 256 + 3)
/* One IPv4 and one IPv6 packet; both arrive within 2 s. */
bool world_ping(struct world *world, uint32_t from, uint32_t to);
/* An echo, answered within 2 s. Its protocol is set. */
bool world_echo(struct world *world, const struct world_flow *flow);
/* Both families, from a site's host to another's. */
bool world_echoes(struct world *world, uint32_t from, uint32_t to);
/* A packet that arrives within a second: how many hubs it passed; -1: it does not. */
int32_t world_hubs_passed(struct world *world, const struct world_flow *flow);
/* The ICMP error, as world_error, that a packet which must not arrive brings back within a second. */
uint32_t world_answer_to(struct world *world, const struct world_flow *flow);
/* The last packet sent was answered by one ICMP error, of this site's gateway. */
bool world_is_told_by(const struct world *world, uint32_t site);
/* The site at which a packet arrives within a second, wherever that is; 0: nowhere. */
uint32_t world_served_by(struct world *world, uint32_t from, const char *destination);
/* `count` packets `apart`, while the time runs; returns how many arrived 2 s after the last. */
uint32_t world_stream(struct world *world, uint32_t from, uint32_t to, uint32_t count,
                      avpn_span apart);
/* The same of any kind, without waiting after the last. Returns the number of the first. */
size_t world_stream_of(struct world *world, const struct world_flow *flow, uint32_t count,
                       avpn_span apart);
/* What the engine of flow->from says it would do with such a packet. */
struct avpn_explanation world_explain(struct world *world, const struct world_flow *flow);

/* ---- bulk transfer (transfer.c) ---------------------------------------------------------------------- */

/*
 * What a TCP connection of a careful host does with a network: MSS options both ways, DF, a window, retransmission after
 * 200 ms, doubled, and smaller segments after an ICMP error that says so. No congestion control.
 */
struct world_transfer {
    uint32_t from, to;
    uint8_t family;    /* 0: IPv4 */
    uint32_t bytes;    /* 0: 1 MiB */
    uint32_t window;   /* segments under way; 0: 32 */
    uint16_t mss;      /* of both hosts; 0: what 1500 bytes allow */
    /* out: */
    bool is_done;
    avpn_span took;
    avpn_span stalled;        /* the longest time in which the receiver got nothing new */
    uint16_t segment;         /* the largest segment that was sent in the end */
    uint16_t offered_mss;     /* as the sender heard it */
    uint32_t retransmissions, too_big;
};
/* Begin one and return; only one at a time. It is driven by world_run, and `transfer` is to live until it is done. */
void world_transfer_begin(struct world *world, struct world_transfer *transfer);
/* Run it to its end, at most for `span`. */
bool world_transfer(struct world *world, struct world_transfer *transfer, avpn_span span);
bool world_transfer_wait(struct world *world, avpn_span span);

/* The version of the configuration that a node has in force; 0: none. */
uint64_t world_version(const struct world *world, uint32_t site);
/* All nodes that run have it within `span`. */
bool world_wait_version(struct world *world, uint64_t version, avpn_span span);

/* ---- between the parts of world ---------------------------------------------------- */

void world_traffic_delivered(struct world *world, uint32_t site, const uint8_t *packet,
                             uint32_t bytes);
void world_watch_sent(struct world *world, uint32_t site, const struct avpn_contact *remote,
                      const uint8_t *datagram, size_t bytes);
void world_traffic_broke_out(struct world *world, uint32_t site, const uint8_t *packet,
                             uint32_t bytes);
void world_nonces_fini(struct world *world);
void world_traffic_fini(struct world *world);
/* A packet of this description, from a host of its site. Returns its number, which is also in it. */
size_t world_send_packet(struct world *world, const struct world_packet *packet);
/* Bytes from a host of a site, as soon as the engines have returned. */
void world_hosts_send_later(struct world *world, uint32_t site, const uint8_t *bytes,
                            uint32_t count);
void world_send_bytes(struct world *world, uint32_t site, const uint8_t *bytes, uint32_t count);
/* A host keeps a fragment. Returns the length of the whole packet when this was the last to come, else 0. */
uint32_t world_hosts_assemble(struct world *world, uint32_t site, const uint8_t *bytes,
                              uint32_t count, uint8_t whole_out[INNER_LARGEST],
                              uint32_t *pieces_out);
/* A whole packet is at its host, who does what hosts do: answers echoes, refuses. */
void world_hosts_take(struct world *world, uint32_t site, size_t number, const struct inner *got,
                      const uint8_t *bytes);
void world_hosts_fini(struct world *world);
/* A segment of the transfer, if it is one, is at its host; an ICMP error about one of its packets came back. */
void world_transfer_take(struct world *world, uint32_t site, const struct inner *got);
void world_transfer_error(struct world *world, const struct world_packet *packet);
void world_transfer_fini(struct world *world);
/* table.c: the events of a node that runs make the table that it has. */
void world_check_table(struct world *world, uint32_t site);
void world_must(struct world *world, int32_t error, const char *what);
void world_engine_init(struct world_engine *engine, struct world *world, uint32_t id);
struct avpn_host world_engine_host(struct world_engine *engine);
/* Arrange to be woken at `deadline`, or at once if that has passed. */
void world_engine_arm(struct world_engine *engine, avpn_time deadline,
                      void (*wake)(void *user, avpn_time now));
void world_store_clear(struct world_store *store);
struct avpn_key world_random_key(struct sim_chance *chance);
struct avpn_address world_site_address(uint32_t site, uint32_t uplink, uint32_t which);
/* Of a node that has just been made, or is about to go. */
void world_crew_open(struct world_node *node);
void world_crew_close(struct world_node *node);
/* To one of them, or to the node. */
void world_crew_receive(struct world_node *node, const struct avpn_datagrams *batch);
int32_t world_crew_send(struct world_node *node, const struct avpn_packets *run);
/* What a node's host does, and a worker's too. `user` is a struct world_node. */
void world_node_transmit(void *user, const struct avpn_datagrams *batch, size_t count);
void world_node_deliver(void *user, const struct avpn_packets *batch, size_t count);
void world_node_breakout(void *user, const struct avpn_packets *batch, size_t count);
/* After any call into a node: its events and its next deadline. */
void world_node_serve(struct world_node *node);

#endif
