/* SPDX-License-Identifier: ISC */
/*
 * lookups: the routes of both addresses of a vector of packets. Packets that follow each other mostly have the same two: they share one
 * lookup. The others are looked up together, so that their cache misses overlap.
 */
#ifndef AVPNI_FORWARD_LOOKUPS_H
#define AVPNI_FORWARD_LOOKUPS_H

#include "route/routes.h"
#include <autovpn/types.h>

#define AVPNI_LOOKUPS_LIMIT 64 /* packets of a vector */

struct avpni_lookup {
    uint32_t source_route, destination_route; /* or AVPN_ROUTE_NONE */
};

struct avpni_lookups {
    uint32_t count;
    /* Sources and destinations in turn. */
    struct avpn_address addresses[2 * AVPNI_LOOKUPS_LIMIT];
    uint32_t routes[2 * AVPNI_LOOKUPS_LIMIT];
};

static inline void avpni_lookups_init(struct avpni_lookups *lookups)
{
    lookups->count = 0;
}

/* Take in a packet's addresses: the number of its lookup. At most AVPNI_LOOKUPS_LIMIT packets. */
uint32_t avpni_lookups_add(struct avpni_lookups *lookups, const struct avpn_address *source,
                           const struct avpn_address *destination);
void avpni_lookups_run(struct avpni_lookups *lookups, const struct avpn_routes *routes);

static inline const struct avpn_address *avpni_lookup_source(const struct avpni_lookups *lookups,
                                                             uint32_t number)
{
    return &lookups->addresses[2 * number];
}

static inline const struct avpn_address *
avpni_lookup_destination(const struct avpni_lookups *lookups, uint32_t number)
{
    return &lookups->addresses[2 * number + 1];
}

static inline struct avpni_lookup avpni_lookup_at(const struct avpni_lookups *lookups,
                                                  uint32_t number)
{
    struct avpni_lookup lookup = {lookups->routes[2 * number], lookups->routes[2 * number + 1]};

    return lookup;
}

#endif
