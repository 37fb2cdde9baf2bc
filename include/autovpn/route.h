/* SPDX-License-Identifier: ISC */
/**
 * @defgroup route Routes
 * route: a route table for IPv4 and IPv6: prefix -> next hops in order of preference.
 *
 * A next hop is a number the caller chooses (a peer's member id, say). Which hops are alive is
 * the caller's to say, in one call per hop; a lookup gives the first live one. Spec: [RTE-3], [RTE-5], [RTE-7].
 *
 * Life: new, put/remove/lookup, del. Threads: while nobody changes a table (set_state is a change), any number
 * may read it; a change needs it alone. Lookups do not allocate.
 *
 *     struct avpn_routes *routes;
 *     avpn_routes_new(NULL, &routes);
 *     struct avpn_route r = {.size = sizeof r, .prefix = lan, .hop_count = 2, .hops = {7, 9}};
 *     avpn_routes_put(routes, &r);
 *     avpn_routes_set_state(routes, 7, AVPN_HOP_ALIVE);
 *     avpn_routes_lookup(routes, &address, &hop);       // hop == 7
 * @{
 */
#ifndef AUTOVPN_ROUTE_H
#define AUTOVPN_ROUTE_H

#include <autovpn/host.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AVPN_ROUTE_HOPS 16        /**< next hops of one route, at most */
#define AVPN_ROUTE_NONE UINT32_MAX /**< no place in a list of hops */

/* Hops with a meaning of their own. Only LOCAL is ever alive. */
#define AVPN_HOP_LOCAL 0u                       /**< the prefix is this site's own: deliver here */
#define AVPN_HOP_ATTACHED (UINT32_MAX - 1)      /**< this site is attached to it and does not export it */
#define AVPN_HOP_NOBODY (UINT32_MAX - 2)        /**< its owners do not offer it now */

/** Whether a next hop can be used. */
enum avpn_hop_state {
    AVPN_HOP_DEAD = 0,  /**< not used */
    AVPN_HOP_ALIVE = 1, /**< used in its turn */
    AVPN_HOP_HELD = 2 /**< alive again, but not trusted yet: only where no other hop is alive [RTE-7] */
};

/** Two claims on the same addresses of a site's table, and who wins [RTE-3], [RTE-8], [RTE-10]: avpn_node_conflict_at. */
enum avpn_conflict {
    AVPN_CONFLICT_NONE = 0,     /**< there is none */
    AVPN_CONFLICT_SHARED = 1,   /**< `winner` and `loser` export `prefix`: the loser's next hops come after the winner's */
    AVPN_CONFLICT_OWN = 2,      /**< this site (`winner`) exports `prefix` too: the loser's is not used here */
    AVPN_CONFLICT_INSIDE = 3,   /**< `prefix` of `winner` lies in the larger export of this site (`loser`): it takes its part */
    AVPN_CONFLICT_ATTACHED = 4, /**< this machine (`winner`) is attached to `prefix`, or to more; `loser` exports it, or more: not used for it */
    AVPN_CONFLICT_WITHDRAWN = 5 /**< `loser` exports `prefix` and does not offer it now; `winner` is the one in use, or 0 */
};

/** A route table. */
struct avpn_routes;

/** One route of a table. */
struct avpn_route {
    uint32_t size; /**< sizeof(struct avpn_route) */
    struct avpn_prefix prefix;      /**< canonical */
    uint32_t hop_count;             /**< 1..AVPN_ROUTE_HOPS */
    uint32_t hops[AVPN_ROUTE_HOPS]; /**< in order of preference, no duplicates */
};

/** Make an empty table. `host` gives memory, NULL: the C library's. AVPN_ERROR_MEMORY. */
AVPN_API int32_t avpn_routes_new(const struct avpn_host *host, struct avpn_routes **routes_out);
/** NULL is ignored. */
AVPN_API void avpn_routes_del(struct avpn_routes *routes);

/**
 * Add a route, or replace the hops of the one with the same prefix. Copied.
 * AVPN_ERROR_ARGUMENT: prefix not canonical, hop list empty, too long or with a duplicate;
 * AVPN_ERROR_MEMORY. Nothing changed then.
 */
AVPN_API int32_t avpn_routes_put(struct avpn_routes *routes, const struct avpn_route *route);
/** Take a route out. AVPN_ERROR_NOT_FOUND: none with this very prefix. */
AVPN_API int32_t avpn_routes_remove(struct avpn_routes *routes, const struct avpn_prefix *prefix);
/** Take all routes out; states of hops stay. */
AVPN_API void avpn_routes_clear(struct avpn_routes *routes);

/**
 * Set the state of a hop, enum avpn_hop_state; new hops are dead. AVPN_ERROR_MEMORY: unchanged. AVPN_ERROR_ARGUMENT: no such state,
 * or one of the hops above, whose states are fixed.
 */
AVPN_API int32_t avpn_routes_set_state(struct avpn_routes *routes, uint32_t hop, uint32_t state);
/** The state of a hop, enum avpn_hop_state. */
AVPN_API uint32_t avpn_routes_state(const struct avpn_routes *routes, uint32_t hop);

/**
 * The first live hop of the longest prefix that matches, or else the first held one. AVPN_ERROR_NOT_FOUND: no prefix
 * matches; AVPN_ERROR_EMPTY: one does, but all its hops are dead ([RTE-3]: a shorter
 * prefix does not step in).
 */
AVPN_API int32_t avpn_routes_lookup(const struct avpn_routes *routes,
                                    const struct avpn_address *address, uint32_t *hop_out);
/** 1 if `hop` is a hop, alive or not, of the longest prefix that matches; else 0. [RTE-5] */
AVPN_API int32_t avpn_routes_allows(const struct avpn_routes *routes,
                                    const struct avpn_address *address, uint32_t hop);
/** The route that decides for an address. AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_routes_match(const struct avpn_routes *routes,
                                   const struct avpn_address *address, struct avpn_route *route_out);

/** How many routes there are. */
AVPN_API uint32_t avpn_routes_count(const struct avpn_routes *routes);
/** In order of prefix, the one at `index`. AVPN_ERROR_EMPTY: beyond the end. */
AVPN_API int32_t avpn_routes_at(const struct avpn_routes *routes, uint32_t index,
                                struct avpn_route *route_out);
/** The route with this very prefix. AVPN_ERROR_NOT_FOUND. */
AVPN_API int32_t avpn_routes_get(const struct avpn_routes *routes, const struct avpn_prefix *prefix,
                                 struct avpn_route *route_out);
/** The index in `hops` of the hop that a lookup gives, or AVPN_ROUTE_NONE. */
AVPN_API uint32_t avpn_routes_active(const struct avpn_routes *routes,
                                     const struct avpn_route *route);
/** Bytes on the heap. */
AVPN_API size_t avpn_routes_footprint(const struct avpn_routes *routes);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
