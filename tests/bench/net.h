/* SPDX-License-Identifier: ISC */
/*
 * net: what the benchmarks share: a hub, its spokes and a registry in one process and in
 * virtual time, with heaps that count; medians, and a clock for figures (never for engines).
 *
 * Datagrams arrive at once. While `is_captured` is set they are not carried at all: what an
 * engine transmits is kept as the receiver's socket would give it: from the sender's contact, and as runs that
 * still point to the caller's own bytes.
 */
#ifndef AUTOVPN_BENCH_NET_H
#define AUTOVPN_BENCH_NET_H

#include <autovpn/autovpn.h>
#include <stdbool.h>

#define NET_CAPTURED 256
#define NET_HUB 0u /* its place; spokes follow, member ids are places + 1 */

struct net;

struct net_site {
    struct net *net;
    struct avpn_key_pair key;
    struct avpn_contact contact;
    struct avpn_node *node;
    size_t live_bytes, live_blocks; /* of its heap */
    uint64_t delivered;             /* packets */
};

struct net_datagram;

struct net {
    avpn_time now;
    uint32_t count; /* sites, the hub among them */
    struct net_site *sites;
    struct net_site registry_site;
    struct avpn_registry *registry;
    uint8_t suite;
    struct avpn_key organization;
    uint8_t *bundle;
    size_t bundle_bytes;
    const struct avpn_aead *const *aeads; /* of nodes opened from now on; NULL: the best */
    struct net_datagram *wire; /* a ring; what does not fit is lost */
    uint32_t sent, received;
    bool is_captured;
    struct avpn_datagrams captured[NET_CAPTURED];
    size_t captured_count;
};

/* Keys, a signed configuration and a registry; no node yet. `suite` 0: the default ones. */
void net_begin(struct net *net, uint32_t spokes, uint8_t suite);
void net_end(struct net *net);
/* A node, without an uplink; then its uplink up. */
void net_open(struct net *net, uint32_t place);
/*
 * Instead of net_open, for spokes by the thousand: the node knows of the hub, of itself and of no registry, which makes it
 * small and quick to make. It reaches the hub by its manual contact.
 */
void net_open_alone(struct net *net, uint32_t place);
void net_connect(struct net *net, uint32_t place);
/* Everything on the wire arrives, and what that sends, and so on. */
void net_drain(struct net *net);
void net_run(struct net *net, avpn_span span);
/* How many tunnels of the hub are up. */
uint32_t net_tunnels(const struct net *net);

/* An IPv4 packet from the first host of one site's subnet to that of another. */
void net_packet(uint8_t *packet, uint32_t from, uint32_t to, uint32_t bytes);

uint64_t net_nanoseconds(void);
/* Of this thread: what a busy machine does to the others does not count. A system call: for pieces of 100 us and more. */
uint64_t net_cpu_nanoseconds(void);
/* Sorts. */
double net_median(double *values, uint32_t count);
bool net_is_quick(int argc, char **argv);
void net_die(const char *what);

#endif
