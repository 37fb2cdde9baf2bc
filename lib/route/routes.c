/* SPDX-License-Identifier: ISC */
/*
 * routes: the route table: per family a table from prefix to a list of hops. Spec: [RTE-3], [RTE-5].
 *
 * Invariant: every value in the tables is the handle of a list that is in use, taken once for each prefix.
 */
#include "route/routes.h"

#include "base/address.h"
#include "base/sized.h"
#include "route/hops.h"
#include "route/lpm.h"

#include <string.h>

struct avpn_routes {
    struct avpni_memory memory;
    struct avpni_lpm ipv4, ipv6;
    struct avpni_hops hops;
};

int32_t avpn_routes_new(const struct avpn_host *host, struct avpn_routes **routes_out)
{
    struct avpni_memory memory;

    if (routes_out == NULL || avpni_memory_init(&memory, host) != AVPN_OK) {
        return AVPN_ERROR_ARGUMENT;
    }
    struct avpn_routes *routes = avpni_allocate(&memory, 1, sizeof *routes);

    if (routes == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    routes->memory = memory;
    avpni_lpm_init(&routes->ipv4, &memory, 32);
    avpni_lpm_init(&routes->ipv6, &memory, 128);
    avpni_hops_init(&routes->hops, &memory);
    *routes_out = routes;
    return AVPN_OK;
}

void avpn_routes_del(struct avpn_routes *routes)
{
    if (routes == NULL) {
        return;
    }
    const struct avpni_memory memory = routes->memory;

    avpni_lpm_fini(&routes->ipv4);
    avpni_lpm_fini(&routes->ipv6);
    avpni_hops_fini(&routes->hops);
    avpni_release(&memory, routes);
}

/* ---- between prefixes and keys --------------------------------------------------------- */

static uint64_t load_u64(const uint8_t bytes[8])
{
    uint64_t value = 0;

    for (size_t i = 0; i < 8; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static void store_u64(uint8_t bytes[8], uint64_t value)
{
    for (size_t i = 8; i-- > 0; value >>= 8) {
        bytes[i] = (uint8_t)value;
    }
}

static struct avpni_lpm_key key_of(const struct avpn_prefix *prefix)
{
    return (struct avpni_lpm_key){load_u64(prefix->bytes), load_u64(prefix->bytes + 8),
                                   prefix->length};
}

static struct avpn_prefix prefix_of(uint8_t family, const struct avpni_lpm_key *key)
{
    struct avpn_prefix prefix = {.family = family, .length = key->length};

    store_u64(prefix.bytes, key->high);
    store_u64(prefix.bytes + 8, key->low);
    return prefix;
}

static const struct avpni_lpm *table_of(const struct avpn_routes *routes, uint8_t family)
{
    return family == AVPN_FAMILY_IPV4 ? &routes->ipv4 : &routes->ipv6;
}

static struct avpni_lpm *table_to_change(struct avpn_routes *routes, uint8_t family)
{
    return family == AVPN_FAMILY_IPV4 ? &routes->ipv4 : &routes->ipv6;
}

/* ---- change --------------------------------------------------------------------------- */

static bool is_hop_list(const uint32_t *hops, uint32_t count)
{
    if (count == 0 || count > AVPN_ROUTE_HOPS) {
        return false;
    }
    for (uint32_t i = 1; i < count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (hops[i] == hops[k]) {
                return false;
            }
        }
    }
    return true;
}

int32_t avpn_routes_put(struct avpn_routes *routes, const struct avpn_route *route)
{
    struct avpn_route own;

    if (avpni_take(&own, sizeof own, route, AVPNI_FIRST_ROUTE) != AVPN_OK ||
        !avpni_prefix_is_canonical(&own.prefix) || !is_hop_list(own.hops, own.hop_count)) {
        return AVPN_ERROR_ARGUMENT;
    }
    const struct avpni_lpm_key key = key_of(&own.prefix);
    struct avpni_lpm *table = table_to_change(routes, own.prefix.family);
    uint32_t list = avpni_hops_add(&routes->hops, own.hops, own.hop_count);

    if (list == AVPNI_HOPS_NONE) {
        return AVPN_ERROR_MEMORY;
    }
    uint32_t old = avpni_lpm_get(table, &key);

    if (avpni_lpm_put(table, &key, list) != AVPN_OK) {
        avpni_hops_remove(&routes->hops, list);
        return AVPN_ERROR_MEMORY;
    }
    if (old != AVPNI_LPM_NONE) {
        avpni_hops_remove(&routes->hops, old);
    }
    return AVPN_OK;
}

int32_t avpn_routes_remove(struct avpn_routes *routes, const struct avpn_prefix *prefix)
{
    if (!avpni_prefix_is_canonical(prefix)) {
        return AVPN_ERROR_NOT_FOUND;
    }
    const struct avpni_lpm_key key = key_of(prefix);
    uint32_t list = avpni_lpm_remove(table_to_change(routes, prefix->family), &key);

    if (list == AVPNI_LPM_NONE) {
        return AVPN_ERROR_NOT_FOUND;
    }
    avpni_hops_remove(&routes->hops, list);
    return AVPN_OK;
}

void avpn_routes_clear(struct avpn_routes *routes)
{
    avpni_lpm_clear(&routes->ipv4);
    avpni_lpm_clear(&routes->ipv6);
    avpni_hops_clear(&routes->hops);
}

int32_t avpn_routes_set_state(struct avpn_routes *routes, uint32_t hop, uint32_t state)
{
    if (state > AVPN_HOP_HELD || hop == AVPN_HOP_LOCAL || hop == AVPN_HOP_ATTACHED ||
        hop == AVPN_HOP_NOBODY) {
        return AVPN_ERROR_ARGUMENT;
    }
    return avpni_hops_set_state(&routes->hops, hop, (uint8_t)state);
}

uint32_t avpn_routes_state(const struct avpn_routes *routes, uint32_t hop)
{
    return avpni_hops_state(&routes->hops, hop);
}

/* ---- the packet path ------------------------------------------------------------------ */

static uint32_t load_u32(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

uint32_t avpni_routes_find(const struct avpn_routes *routes, const struct avpn_address *address)
{
    if (address->family == AVPN_FAMILY_IPV4) {
        return avpni_lpm_find_ipv4(&routes->ipv4, load_u32(address->bytes));
    }
    if (address->family == AVPN_FAMILY_IPV6) {
        return avpni_lpm_find_ipv6(&routes->ipv6, load_u64(address->bytes),
                                   load_u64(address->bytes + 8));
    }
    return AVPN_ROUTE_NONE;
}

/* The addresses of one family among some, with their places, on the way to a batch lookup. */
struct gathered {
    uint32_t ipv4[AVPNI_ROUTES_BATCH];
    uint64_t ipv6[AVPNI_ROUTES_BATCH][2];
    uint32_t ipv4_count, ipv6_count;
    uint8_t ipv4_places[AVPNI_ROUTES_BATCH], ipv6_places[AVPNI_ROUTES_BATCH];
};

static void gather(const struct avpn_address *addresses, uint32_t count, struct gathered *all,
                   uint32_t *found_out)
{
    all->ipv4_count = 0;
    all->ipv6_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const uint8_t *bytes = addresses[i].bytes;

        found_out[i] = AVPN_ROUTE_NONE;
        if (addresses[i].family == AVPN_FAMILY_IPV4) {
            all->ipv4_places[all->ipv4_count] = (uint8_t)i;
            all->ipv4[all->ipv4_count++] = load_u32(bytes);
        } else if (addresses[i].family == AVPN_FAMILY_IPV6) {
            all->ipv6_places[all->ipv6_count] = (uint8_t)i;
            all->ipv6[all->ipv6_count][0] = load_u64(bytes);
            all->ipv6[all->ipv6_count++][1] = load_u64(bytes + 8);
        }
    }
}

void avpni_routes_find_batch(const struct avpn_routes *routes,
                             const struct avpn_address *addresses, uint32_t count,
                             uint32_t *found_out)
{
    uint32_t found[AVPNI_ROUTES_BATCH];
    struct gathered all;

    gather(addresses, count, &all, found_out);
    if (all.ipv4_count == count) { /* mostly: nothing to put into order */
        avpni_lpm_find_ipv4_batch(&routes->ipv4, all.ipv4, count, found_out);
        return;
    }
    avpni_lpm_find_ipv4_batch(&routes->ipv4, all.ipv4, all.ipv4_count, found);
    for (uint32_t i = 0; i < all.ipv4_count; i++) {
        found_out[all.ipv4_places[i]] = found[i];
    }
    avpni_lpm_find_ipv6_batch(&routes->ipv6, (const uint64_t(*)[2])all.ipv6, all.ipv6_count, found);
    for (uint32_t i = 0; i < all.ipv6_count; i++) {
        found_out[all.ipv6_places[i]] = found[i];
    }
}

uint32_t avpni_routes_hop_count(const struct avpn_routes *routes, uint32_t route)
{
    return avpni_hops_count(&routes->hops, route);
}

uint32_t avpni_routes_hop(const struct avpn_routes *routes, uint32_t route, uint32_t index,
                          uint8_t *state_out)
{
    const struct avpni_hop *hop = avpni_hops_at(&routes->hops, route, index);

    if (state_out != NULL) {
        *state_out = hop->state;
    }
    return hop->id;
}

uint32_t avpni_routes_hop_place(const struct avpn_routes *routes, uint32_t route, uint32_t index)
{
    return avpni_hops_place(&routes->hops, route, index);
}

uint32_t avpni_routes_hop_places(const struct avpn_routes *routes)
{
    return avpni_hops_places(&routes->hops);
}

uint32_t avpni_routes_hop_at_place(const struct avpn_routes *routes, uint32_t place)
{
    return avpni_hops_at_place(&routes->hops, place);
}

bool avpni_routes_has_hop(const struct avpn_routes *routes, uint32_t route, uint32_t hop)
{
    uint32_t count = avpni_hops_count(&routes->hops, route);

    for (uint32_t i = 0; i < count; i++) {
        if (avpni_hops_at(&routes->hops, route, i)->id == hop) {
            return true;
        }
    }
    return false;
}

uint32_t avpni_routes_active(const struct avpn_routes *routes, uint32_t route)
{
    uint32_t count = avpni_hops_count(&routes->hops, route);
    const struct avpni_hop *held = NULL;

    for (uint32_t i = 0; i < count; i++) {
        const struct avpni_hop *hop = avpni_hops_at(&routes->hops, route, i);

        if (hop->state == AVPN_HOP_ALIVE) {
            return hop->id;
        }
        if (hop->state == AVPN_HOP_HELD && held == NULL) {
            held = hop;
        }
    }
    return held != NULL ? held->id : AVPN_ROUTE_NONE; /* [RTE-7] */
}

int32_t avpn_routes_lookup(const struct avpn_routes *routes, const struct avpn_address *address,
                           uint32_t *hop_out)
{
    uint32_t route = avpni_routes_find(routes, address), hop;

    if (route == AVPN_ROUTE_NONE) {
        return AVPN_ERROR_NOT_FOUND;
    }
    hop = avpni_routes_active(routes, route);
    if (hop == AVPN_ROUTE_NONE) {
        return AVPN_ERROR_EMPTY; /* [RTE-3]: the longest prefix decides even when it cannot deliver. */
    }
    *hop_out = hop;
    return AVPN_OK;
}

void avpni_routes_prefetch(const struct avpn_routes *routes, uint32_t route)
{
    if (route != AVPN_ROUTE_NONE) {
        __builtin_prefetch(&routes->hops.pool[route]);
    }
}

int32_t avpn_routes_allows(const struct avpn_routes *routes, const struct avpn_address *address,
                           uint32_t hop)
{
    uint32_t route = avpni_routes_find(routes, address);

    return route != AVPN_ROUTE_NONE && avpni_routes_has_hop(routes, route, hop);
}

/* ---- look ----------------------------------------------------------------------------- */

static int32_t describe(const struct avpn_routes *routes, const struct avpn_prefix *prefix,
                        uint32_t list, struct avpn_route *route_out)
{
    struct avpn_route route = {.size = sizeof route, .prefix = *prefix};

    route.hop_count = avpni_hops_count(&routes->hops, list);
    for (uint32_t i = 0; i < route.hop_count; i++) {
        route.hops[i] = avpni_hops_at(&routes->hops, list, i)->id;
    }
    return avpni_give(route_out, &route, sizeof route, AVPNI_FIRST_ROUTE);
}

/* The value of the prefix that decides, or AVPN_ROUTE_NONE. */
static uint32_t match(const struct avpn_routes *routes, const struct avpn_address *address,
                      uint8_t *length_out)
{
    if (address->family == AVPN_FAMILY_IPV4)
        return avpni_lpm_match(&routes->ipv4, (uint64_t)load_u32(address->bytes) << 32, 0,
                               length_out);
    if (address->family == AVPN_FAMILY_IPV6)
        return avpni_lpm_match(&routes->ipv6, load_u64(address->bytes),
                               load_u64(address->bytes + 8), length_out);
    return AVPN_ROUTE_NONE;
}

uint32_t avpni_routes_match_length(const struct avpn_routes *routes,
                                   const struct avpn_address *address)
{
    uint8_t length = 0;

    return match(routes, address, &length) == AVPN_ROUTE_NONE ? UINT32_MAX : length;
}

int32_t avpn_routes_match(const struct avpn_routes *routes, const struct avpn_address *address,
                          struct avpn_route *route_out)
{
    struct avpn_prefix prefix = {.family = address->family};
    uint32_t list = match(routes, address, &prefix.length);

    if (list == AVPN_ROUTE_NONE) {
        return AVPN_ERROR_NOT_FOUND;
    }
    memcpy(prefix.bytes, address->bytes, (prefix.length + 7u) / 8);
    if (prefix.length % 8 != 0) {
        prefix.bytes[prefix.length / 8] &= (uint8_t)(0xff << (8 - prefix.length % 8));
    }
    return describe(routes, &prefix, list, route_out);
}

uint32_t avpn_routes_count(const struct avpn_routes *routes)
{
    return avpni_lpm_count(&routes->ipv4) + avpni_lpm_count(&routes->ipv6);
}

int32_t avpni_routes_read(const struct avpn_routes *routes, uint32_t index,
                          struct avpn_route *route_out, uint32_t *handle_out)
{
    uint32_t before = avpni_lpm_count(&routes->ipv4);
    uint8_t family = index < before ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;
    struct avpni_lpm_key key;
    uint32_t list = avpni_lpm_at(table_of(routes, family),
                                  family == AVPN_FAMILY_IPV4 ? index : index - before, &key);

    if (list == AVPNI_LPM_NONE) {
        return AVPN_ERROR_EMPTY;
    }
    const struct avpn_prefix prefix = prefix_of(family, &key);

    *handle_out = list;
    return describe(routes, &prefix, list, route_out);
}

int32_t avpn_routes_at(const struct avpn_routes *routes, uint32_t index,
                       struct avpn_route *route_out)
{
    uint32_t handle;

    return avpni_routes_read(routes, index, route_out, &handle);
}

int32_t avpn_routes_get(const struct avpn_routes *routes, const struct avpn_prefix *prefix,
                        struct avpn_route *route_out)
{
    if (!avpni_prefix_is_canonical(prefix)) {
        return AVPN_ERROR_NOT_FOUND;
    }
    const struct avpni_lpm_key key = key_of(prefix);
    uint32_t list = avpni_lpm_get(table_of(routes, prefix->family), &key);

    if (list == AVPNI_LPM_NONE) {
        return AVPN_ERROR_NOT_FOUND;
    }
    return describe(routes, prefix, list, route_out);
}

uint32_t avpn_routes_active(const struct avpn_routes *routes, const struct avpn_route *route)
{
    uint32_t held = AVPN_ROUTE_NONE;
    struct avpn_route own;

    if (avpni_take(&own, sizeof own, route, AVPNI_FIRST_ROUTE) != AVPN_OK) {
        return AVPN_ROUTE_NONE;
    }
    for (uint32_t i = 0; i < own.hop_count && i < AVPN_ROUTE_HOPS; i++) {
        uint8_t state = avpni_hops_state(&routes->hops, own.hops[i]);

        if (state == AVPN_HOP_ALIVE) {
            return i;
        }
        if (state == AVPN_HOP_HELD && held == AVPN_ROUTE_NONE) {
            held = i;
        }
    }
    return held;
}

size_t avpn_routes_footprint(const struct avpn_routes *routes)
{
    return sizeof *routes + avpni_lpm_footprint(&routes->ipv4) +
           avpni_lpm_footprint(&routes->ipv6) + avpni_hops_footprint(&routes->hops);
}
