/* SPDX-License-Identifier: ISC */
/*
 * node: the engine's own state. Composition only: what is decided is decided in link, topo and
 * route; here things are held, found and handed on.
 *
 *     receive.c    datagram in:  demux -> open -> source check -> firewall -> deliver or forward
 *     send.c       packet in:    parse -> route -> firewall -> carry
 *     carry.c      ... of both:  fit the path (MSS, fragments) -> seal -> transmit
 *     answer.c     what cannot be passed on: ICMP errors back to where it came from
 *     configure.c  configuration in: verified, compared, kept, undone; the store is slices.c
 *     apply.c      configuration into force: peers, routes, rules, registries by difference
 *     routing.c    the route table: planned, told as events, conflicts
 *     node.c       life, time, uplinks
 *     status.c     looking in; explain.c what would happen to a packet, and why
 */
#ifndef AVPNI_NODE_NODE_H
#define AVPNI_NODE_NODE_H

#include "base/map.h"
#include "inner/firewall.h"
#include "inner/icmp.h"
#include "inner/translate.h"
#include "link/context.h"
#include "link/guard.h"
#include "link/peer.h"
#include "link/registration.h"
#include "link/sync.h"
#include "node/configure.h"
#include "node/routing.h"
#include "node/runs.h"
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
    struct avpni_peer *last_peer; /* the one found last, a guess for the next packet */
    struct avpni_map by_tag, by_key;
    struct avpni_routing routing;
    struct avpni_firewall firewall;     /* the policy's rules and breakouts */
    struct avpni_translator translator; /* of this site */
    struct avpn_address addresses[2];   /* of this node, by family: IPv4, IPv6; as the host told [ICM-2] */
    struct avpni_icmp_limit icmp_limit;

    struct avpni_registrar registrars[AVPN_REGISTRIES];
    uint32_t registrar_count;
    struct avpni_registration *registrations[AVPN_UPLINKS][AVPN_REGISTRIES];

    struct avpni_runs inner;     /* to deliver */
    struct avpni_runs breakout;  /* to leave by the site's own connection */
    struct avpni_sealing sealed; /* to transmit */
};

/* The peer with a member id, or NULL. */
struct avpni_peer *avpni_node_find_peer(const struct avpn_node *node, uint32_t member);

/* apply.c */
int32_t avpni_node_apply(struct avpn_node *node, struct avpn_config *config, avpn_time now);
/* Other registries from now on: the configuration's, or a token's. Entries are copied. */
void avpni_node_set_registries(struct avpn_node *node, const struct avpn_registry_entry *entries,
                               uint32_t count, avpn_time now);
void avpni_node_drop_configuration(struct avpn_node *node);

/* Everything that changed and was collected during a call is told and goes out. */
void avpni_node_flush(struct avpn_node *node, avpn_time now);

#endif
