/* SPDX-License-Identifier: ISC */
#include "forward/lookups.h"

#include <string.h>

static bool is_equal(const struct avpn_address *a, const struct avpn_address *b)
{
    return memcmp(a, b, sizeof *a) == 0; /* made by avpni_inner_parse: no byte is left unset */
}

uint32_t avpni_lookups_add(struct avpni_lookups *lookups, const struct avpn_address *source,
                           const struct avpn_address *destination)
{
    struct avpn_address *next = &lookups->addresses[2 * lookups->count];

    if (lookups->count > 0 && is_equal(next - 2, source) && is_equal(next - 1, destination))
        return lookups->count - 1;
    next[0] = *source;
    next[1] = *destination;
    return lookups->count++;
}

void avpni_lookups_run(struct avpni_lookups *lookups, const struct avpn_routes *routes)
{
    uint32_t total = 2 * lookups->count;

    for (uint32_t first = 0; first < total; first += AVPNI_ROUTES_BATCH) {
        uint32_t left = total - first;

        avpni_routes_find_batch(routes, lookups->addresses + first,
                                left < AVPNI_ROUTES_BATCH ? left : AVPNI_ROUTES_BATCH,
                                lookups->routes + first);
    }
    for (uint32_t i = 0; i < total; i++)
        avpni_routes_prefetch(routes, lookups->routes[i]);
}
