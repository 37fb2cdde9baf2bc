/* SPDX-License-Identifier: ISC */
/*
 * routes: the cheap way into a route table, for the packet path: one match, then its hops one
 * by one, without copying. A handle is good until the table changes.
 */
#ifndef AVPNI_ROUTE_ROUTES_H
#define AVPNI_ROUTE_ROUTES_H

#include <autovpn/route.h>
#include <stdbool.h>

/* The route that decides for an address, or AVPN_ROUTE_NONE. `length_out`, its prefix length, may be NULL. */
uint32_t avpni_routes_find(const struct avpn_routes *routes, const struct avpn_address *address,
                           uint8_t *length_out);
uint32_t avpni_routes_hop_count(const struct avpn_routes *routes, uint32_t route);
/* A hop by its place in the order of preference; `is_alive_out` may be NULL. */
uint32_t avpni_routes_hop(const struct avpn_routes *routes, uint32_t route, uint32_t index,
                          bool *is_alive_out);
/* The hop is one of the route's, alive or not. */
bool avpni_routes_has_hop(const struct avpn_routes *routes, uint32_t route, uint32_t hop);

#endif
