/* SPDX-License-Identifier: ISC */
/*
 * routes: the cheap way into a route table, for the packet path: one match, then its hops one
 * by one, without copying. A handle is good until a route is put, removed or cleared.
 *
 * Threads: while its owner calls avpn_routes_set_state(), others may call avpni_routes_find(), find_batch(),
 * hop_count() and hop_place(): what these read, a change of state never touches. Nothing else may run
 * beside a change. So a reader learns of a route the *place* of each hop, and the owner, who alone asks what stands
 * at a place, keeps what readers need to know of a hop in an array of theirs.
 */
#ifndef AVPNI_ROUTE_ROUTES_H
#define AVPNI_ROUTE_ROUTES_H

#include <autovpn/route.h>
#include <stdbool.h>

#define AVPNI_ROUTES_BATCH 32u

/* The route that decides for an address, or AVPN_ROUTE_NONE. Routes with the same hops may have the same handle. */
uint32_t avpni_routes_find(const struct avpn_routes *routes, const struct avpn_address *address);
/* The same for up to AVPNI_ROUTES_BATCH addresses of either family. */
void avpni_routes_find_batch(const struct avpn_routes *routes,
                             const struct avpn_address *addresses, uint32_t count,
                             uint32_t *found_out);
uint32_t avpni_routes_hop_count(const struct avpn_routes *routes, uint32_t route);
/* A hop by its place in the order of preference; `state_out` (enum avpn_hop_state) may be NULL. */
uint32_t avpni_routes_hop(const struct avpn_routes *routes, uint32_t route, uint32_t index,
                          uint8_t *state_out);
/*
 * The place of a hop, a small number: the same one in all routes that have the hop, from the first of
 * them until the last is gone. Then another hop may get it.
 */
uint32_t avpni_routes_hop_place(const struct avpn_routes *routes, uint32_t route, uint32_t index);
/* All places are below. It grows when a route is put or a state set, and never shrinks. */
uint32_t avpni_routes_hop_places(const struct avpn_routes *routes);
/* The hop at a place, which may be in no route and only have a state; AVPN_ROUTE_NONE: there is none. */
uint32_t avpni_routes_hop_at_place(const struct avpn_routes *routes, uint32_t place);
/* As avpn_routes_at, and the handle of the route. */
int32_t avpni_routes_read(const struct avpn_routes *routes, uint32_t index,
                          struct avpn_route *route_out, uint32_t *handle_out);
/* The hop that a lookup gives, or AVPN_ROUTE_NONE. */
uint32_t avpni_routes_active(const struct avpn_routes *routes, uint32_t route);
/* Ask memory for what the hops of a route will be read from; it may be AVPN_ROUTE_NONE. */
void avpni_routes_prefetch(const struct avpn_routes *routes, uint32_t route);
/* The length of the prefix that decides for an address; UINT32_MAX: none does. */
uint32_t avpni_routes_match_length(const struct avpn_routes *routes,
                                   const struct avpn_address *address);
/* The hop is one of the route's, alive or not. */
bool avpni_routes_has_hop(const struct avpn_routes *routes, uint32_t route, uint32_t hop);

#endif
