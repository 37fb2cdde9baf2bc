/* SPDX-License-Identifier: ISC */
/*
 * node: the engine's own state. Composition only: what is decided is decided in link, topo and
 * route; here things are held, found and handed on.
 *
 *     packets.c    datagrams and inner packets in: through the node's lane (forward/lane.h), which carries them
 *     control.c    messages that are not packets: handshakes, probes, registries
 *     trouble.c    what a lane cannot settle by itself: pieces, answers, news of tunnels
 *     answer.c     ICMP errors back to where a packet came from
 *     worker.c     more lanes, for other threads
 *     configure.c  configuration in: verified, compared, kept, undone; the store is slices.c
 *     apply.c      configuration into force: peers, routes, rules, registries by difference
 *     routing.c    the route table: planned, told as events, conflicts
 *     node.c       life, time, uplinks
 *     status.c     looking in; explain.c what would happen to a packet, and why
 */
#ifndef AVPNI_NODE_NODE_H
#define AVPNI_NODE_NODE_H

#include "base/map.h"
#include "forward/lane.h"
#include "inner/icmp.h"
#include "link/context.h"
#include "link/guard.h"
#include "link/peer.h"
#include "link/registration.h"
#include "link/sync.h"
#include "node/configure.h"
#include "node/routing.h"
#include <autovpn/node.h>

/* Up to so many peers are asked one by one whether a handshake is expected from a contact [HS-9]. */
#define AVPNI_NODE_ASKED_PEERS 64
#define AVPNI_NODE_PURGE_LIMIT (10 * 365 * 86400 * AVPN_SECOND)
#define AVPNI_NODE_HOUSEKEEPING (10 * AVPN_SECOND)
#define AVPNI_NODE_TIMER_LIMIT 65536 /* timers served in one tick */

struct avpn_node {
    struct avpni_context context;
    struct avpni_guard guard;
    struct avpni_timer housekeeping;

    struct avpni_configure configure;
    struct avpni_syncer syncer;
    struct avpn_config *config; /* in force; NULL: none yet */
    uint32_t member;
    uint8_t role;
    bool is_revoked, is_expired;

    struct avpni_peer **peers; /* in order of member id */
    uint32_t peer_count;
    struct avpni_map by_tag, by_key;
    struct avpni_routing routing;
    struct avpni_rules *rules; /* the one published */
    struct avpn_address addresses[2];   /* of this node, by family: IPv4, IPv6; as the host told [ICM-2] */
    struct avpni_icmp_limit icmp_limit;

    struct avpni_registrar registrars[AVPN_REGISTRIES];
    uint32_t registrar_count;
    struct avpni_registration *registrations[AVPN_UPLINKS][AVPN_REGISTRIES];

    struct avpni_lane lane;       /* the node's own way through the plane */
    struct avpn_worker *workers;  /* linked by `next`, worker.c */
    uint64_t gone[AVPN_COUNTERS]; /* of workers that are no more */
};

/* The peer with a member id, or NULL. */
struct avpni_peer *avpni_node_find_peer(const struct avpn_node *node, uint32_t member);

/* control.c: a datagram that is not ESP. */
void avpni_node_control(struct avpn_node *node, uint32_t uplink, const struct avpn_contact *source,
                        uint8_t *bytes, uint32_t count, avpn_time now);
/* trouble.c: of any lane; packets are borrowed until return. */
void avpni_node_trouble(struct avpn_node *node, const struct avpni_trouble *trouble);

/* apply.c */
int32_t avpni_node_apply(struct avpn_node *node, struct avpn_config *config, avpn_time now);
/* Other registries from now on: the configuration's, or a token's. Entries are copied. */
void avpni_node_set_registries(struct avpn_node *node, const struct avpn_registry_entry *entries,
                               uint32_t count, avpn_time now);
void avpni_node_drop_configuration(struct avpn_node *node);

/* Everything that changed and was collected during a call is told and goes out. */
void avpni_node_flush(struct avpn_node *node, avpn_time now);

#endif
