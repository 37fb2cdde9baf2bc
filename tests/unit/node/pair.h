/* SPDX-License-Identifier: ISC */
/*
 * pair: a few nodes and registries back to back in one process, in virtual time.
 *
 * A datagram that one engine transmits is kept on the wire for `latency` and then received by the engine
 * that has the contact. A filter sees every datagram when it is sent and may drop it; a
 * site's contact can be changed at any time, as a NAT does. Each engine has a heap of its own: an
 * arena, of which a test can say "nothing changed", or malloc with counters and failures.
 *
 * Nodes may have workers, which then take turns with the node itself for what comes in and goes out: 2 for each node in
 * every program that runs with AVPN_TEST_WORKERS=2. What they punt is taken at once, unless a test takes it itself.
 */
#ifndef AUTOVPN_TESTS_PAIR_H
#define AUTOVPN_TESTS_PAIR_H

#include "node/node.h"
#include <autovpn/authority.h>
#include <autovpn/registry.h>

#define PAIR_NODES 6
#define PAIR_REGISTRIES 2
#define PAIR_ARENA (4u << 20)
#define PAIR_WIRE 4096
#define PAIR_DATAGRAM 2048
#define PAIR_BLOBS 4
#define PAIR_WORKERS 2

/* What the administrator says of a node. Its member id is its place + 1. */
struct pair_site {
    uint8_t role;
    uint8_t hubs[4]; /* member ids, 0 ends the list */
    bool takes_default; /* through each of its hubs */
    const char *exports[3];
    bool is_absent, is_revoked;
    const char *manual;
    const char *translations[4]; /* local, exported, local, exported */
};

/* What a heap does. */
struct pair_heap {
    bool is_arena;
    uint8_t *arena, *copy;
    size_t used, copied;
    uint64_t calls, live_blocks, live_bytes;
    uint64_t *fail_at; /* shared by all heaps of a net; 0: never fails */
    bool fails_on;     /* ... and goes on failing */
};

struct pair;
struct pair_host;
struct pair_datagram;

/* A data plane of the host's own: its node hands the SAs over (node/strict.h). */
struct pair_plane {
    void (*change)(struct pair_plane *plane, const struct avpn_sa_change *change);
    /* ESP from the network, and an inner packet of the site with room around it. */
    void (*receive)(struct pair_plane *plane, const struct pair_datagram *datagram, uint32_t uplink);
    void (*send)(struct pair_plane *plane, uint8_t *packet, uint32_t bytes);
    void (*tick)(struct pair_plane *plane, avpn_time now);
};

/* A name in a host's store. bytes NULL: there is none. */
struct pair_blob {
    char name[80];
    uint8_t *bytes;
    size_t count;
};

/* Who carries the packets of a node. */
enum pair_carrier {
    PAIR_BY_TURNS = 0, /* the node, then each of its workers */
    PAIR_BY_NODE,
    PAIR_BY_WORKER
};

struct pair_punt {
    uint8_t *bytes;
    size_t count;
};

struct pair_host {
    struct pair *pair;
    uint32_t number; /* nodes first, then registries */
    struct pair_heap heap;
    struct avpn_key_pair key;
    struct avpn_contact contacts[AVPN_UPLINKS];
    struct avpn_node *node;
    struct avpn_worker *workers[PAIR_WORKERS]; /* NULL: none */
    enum pair_carrier carrier;
    uint32_t turn;
    struct pair_punt *punts; /* not taken yet */
    uint32_t punt_count, punt_capacity;
    uint64_t punted;
    bool keeps_punts; /* the test calls pair_take_punts */
    struct avpn_registry *registry;
    bool stores;    /* has a store, which keeps what it is given */
    struct pair_blob stored[PAIR_BLOBS];
    bool is_bare;   /* opened without a bundle */
    const struct avpn_token *token;
    struct pair_plane *plane; /* NULL: packets are the engine's */
    uint32_t resolve_calls, resolve_request;
    /* what came out */
    uint64_t transmitted, delivered, deliver_calls, delivered_runs, broken_out;
    struct avpn_packets last_run;     /* transmitted; data is not to be followed */
    struct avpn_packets last_inner;   /* delivered; likewise */
    uint8_t last_packet[PAIR_DATAGRAM]; /* delivered */
    const struct avpn_aead *const *aeads; /* providers of its own, or NULL */
    bool has_breakout; /* a seam for what is to leave by the own connection */
    char last_log[256];
    uint32_t events[64];              /* by kind */
    struct avpn_event last_event[64];
};

struct pair_datagram {
    avpn_time due;
    uint32_t from, uplink, flags;
    struct avpn_contact source, remote;
    uint32_t bytes;
    uint8_t data[PAIR_DATAGRAM];
};

struct pair {
    avpn_time now;
    avpn_span latency;
    uint64_t random_state;
    uint64_t random_calls, random_fail_at; /* 0: never */
    bool random_fails_on;
    uint64_t allocation_calls, allocation_fail_at;
    int64_t wall_clock;
    struct pair_site sites[PAIR_NODES];
    uint32_t node_count, registry_count;
    uint32_t worker_count; /* of each node that is opened from now on */
    struct pair_host hosts[PAIR_NODES + PAIR_REGISTRIES];
    struct avpn_key organization;
    uint64_t version;
    int64_t expires;
    uint32_t psk_epoch;
    struct avpn_invite invites[2];
    uint32_t invite_count;
    avpn_span undo_after;
    uint32_t writes, write_fails_at, write_tears_at; /* to any store; 0: never */
    uint8_t suites[2], suite_count; /* 0: the default */
    uint8_t *bundle;
    size_t bundle_bytes;
    bool is_arena, fails_on;
    /* Adds to what is published: policy and more. */
    void (*amend)(struct pair *pair, struct avpn_config *config);
    bool uses_names; /* registries are named, not given by address: "r3.example" */
    uint32_t handshakes_per_second, registry_handshakes_per_second;
    /* Returns false to lose the datagram. */
    bool (*filter)(struct pair *pair, struct pair_datagram *datagram);
    void *filter_user;
    /* Sees every inner packet that is delivered. */
    void (*watch)(struct pair *pair, uint32_t number, const uint8_t *packet, uint32_t bytes);
    bool is_stopped; /* set by a filter: pair_run returns at once */
    struct pair_datagram *wire;
    uint64_t wire_first, wire_last;
};

/* A net of `count` sites, not started. */
void pair_begin(struct pair *pair, const struct pair_site *sites, uint32_t count,
                uint32_t registries, uint64_t seed);
void pair_end(struct pair *pair);
/* Sign the sites as they are now, with the next version. */
void pair_publish(struct pair *pair);
/* One engine; the error of its _new. A registry is given the organization. */
int32_t pair_open(struct pair *pair, uint32_t number);
void pair_close(struct pair *pair, uint32_t number);
/* Publish, open all, uplink 0 up everywhere. */
void pair_start(struct pair *pair);
/* The configuration to every engine that is open. */
void pair_configure(struct pair *pair);
int32_t pair_uplink(struct pair *pair, uint32_t number, uint32_t uplink, bool is_up);

void pair_run(struct pair *pair, avpn_span span);
/* Runs to a node, or to whom carries its packets; the error of that call. */
int32_t pair_receive_runs(struct pair *pair, uint32_t number, const struct avpn_datagrams *batch,
                          size_t count);
int32_t pair_send_runs(struct pair *pair, uint32_t number, const struct avpn_packets *batch,
                       size_t count);
/* To the node, in the order in which they came. */
void pair_take_punts(struct pair *pair, uint32_t number);
/* Hand one datagram to a node now, as from the wire. */
void pair_receive(struct pair *pair, uint32_t number, uint32_t uplink,
                  const struct avpn_contact *source, const uint8_t *bytes, size_t count);
/*
 * Inner IPv4 packets of `bytes` bytes each, end to end with exactly the room that sealing needs, the
 * last of `last` bytes.
 */
void pair_send(struct pair *pair, uint32_t number, const char *source, const char *destination,
               uint32_t count, uint32_t bytes, uint32_t last);
/* One inner packet, made by the caller; up to PAIR_DATAGRAM bytes. */
void pair_give(struct pair *pair, uint32_t number, const uint8_t *packet, uint32_t bytes);
/* An IPv4 packet with a right header; IPv6 when the addresses are. */
void pair_packet(uint8_t *packet, const char *source, const char *destination, uint32_t bytes);

/* A datagram onto the wire, as one that the host's engine transmits. */
void pair_post(struct pair_host *host, uint32_t uplink, const struct avpn_contact *remote,
               const uint8_t *bytes, uint32_t count);

/* A blob by its name; bytes NULL if there is none. */
struct pair_blob *pair_stored(struct pair *pair, uint32_t number, const char *name);

struct avpni_peer *pair_peer(struct pair *pair, uint32_t number, uint32_t of);
struct avpni_path *pair_path(struct pair *pair, uint32_t number, uint32_t of);
uint64_t pair_counter(const struct pair *pair, uint32_t number, enum avpn_counter counter);
bool pair_is_up(struct pair *pair, uint32_t number, uint32_t of);
/* The node with the lower key initiates [HS-8]: the place of that one of two. */
uint32_t pair_initiator(const struct pair *pair, uint32_t a, uint32_t b);
struct avpn_contact pair_contact(const char *text);

/* Remember a node's arena; then: is it as it was, but for counters and the outbox? */
void pair_remember(struct pair *pair, uint32_t number);
bool pair_is_unchanged(struct pair *pair, uint32_t number, bool may_guard);

#endif
