/* SPDX-License-Identifier: ISC */
/*
 * routing: the node's route table. It is planned (topo/plan.h) from the configuration in force, from what this node and its peers offer, and
 * from the subnets the machine is attached to; whenever one of these changes it is planned anew and the difference told as
 * events. What does not fit together is kept as a list of conflicts. Spec: [RTE-1] to [RTE-10].
 *
 *     made (beside the one in force) -> told by difference -> in force
 *
 * Offers and states of hops change inside of calls that carry packets: then it is only noted here, and done when the call
 * ends (avpni_routing_settle); another plan because of offers at the earliest a second after the last.
 */
#ifndef AVPNI_NODE_ROUTING_H
#define AVPNI_NODE_ROUTING_H

#include "base/timer.h"
#include <autovpn/node.h>
#include <stdbool.h>

#define AVPNI_ROUTING_SPAN AVPN_SECOND
#define AVPNI_CONFLICT_EVENTS 32 /* told of one plan */

struct avpni_directory;
struct avpni_peer;
struct avpni_rules;
struct avpni_tables;

struct avpni_conflict {
    struct avpn_prefix prefix;
    uint32_t kind, winner, loser;
};

/* What the last event about a route said. */
struct avpni_told_route {
    uint32_t route; /* its handle */
    uint32_t hop;   /* or AVPN_ROUTE_NONE */
};

/* A plan, in force or being made. */
struct avpni_table {
    struct avpni_directory *directory; /* what lanes read of it; owns the routes */
    struct avpni_tables *tables;       /* room to publish it; NULL once that is done */
    struct avpn_routes *routes;
    struct avpni_told_route *told;   /* by place in routes */
    struct avpni_conflict *conflicts;
    uint32_t conflict_count;
};

struct avpni_routing {
    struct avpni_table table;
    struct avpn_prefix attached[AVPN_ATTACHED];
    uint32_t attached_count;
    struct avpni_timer timer;  /* the next plan */
    avpn_time planned_at;      /* -1: never */
    avpn_time hops_changed_at; /* a hop came or went and no event says so yet; -1: none */
    bool is_plan_due;
};

/* For what is a table made: the configuration in force, or one that comes into force. */
struct avpni_routing_ground {
    const struct avpn_config *config;
    uint32_t self;
    struct avpni_peer *const *peers; /* in order of member id */
    uint32_t peer_count;
    const uint64_t *peer_offers; /* by place in peers; NULL: as they say themselves */
    uint64_t offers;             /* of self */
};

int32_t avpni_routing_init(struct avpn_node *node); /* AVPN_ERROR_MEMORY */
void avpni_routing_fini(struct avpn_node *node);
/* A table for it, hops as alive as peers are. AVPN_ERROR_MEMORY: nothing is left. */
int32_t avpni_table_make(struct avpn_node *node, const struct avpni_routing_ground *ground,
                         struct avpni_table *table_out);
void avpni_table_free(struct avpn_node *node, struct avpni_table *table);
/*
 * Tell the difference as events, put `table` into force in the place of the old one and publish it, together with `rules`. Cannot fail.
 */
void avpni_routing_take(struct avpn_node *node, struct avpni_table *table,
                        struct avpni_rules *rules, avpn_time now);
/* Conflicts of the table in force that `before` (may be NULL) did not have. */
void avpni_routing_tell_conflicts(struct avpn_node *node, const struct avpni_table *before,
                                  avpn_time now);

/* What peers say, through the context's seams. */
void avpni_routing_hop_changed(struct avpn_node *node, const struct avpni_peer *peer,
                               uint32_t state, avpn_time now);
void avpni_routing_offers_changed(struct avpn_node *node, struct avpni_peer *peer, avpn_time now);
/* At the end of each call: what changed is planned and told. */
void avpni_routing_settle(struct avpn_node *node, avpn_time now);

/* The offers of a member's next site, of which `old` were those of the one before: what stays keeps its state, what is new is offered [RTE-8]. */
uint64_t avpni_offers_carry(const struct avpn_config *old, const struct avpn_config *next,
                            uint32_t member, uint64_t old_offers);

#endif
