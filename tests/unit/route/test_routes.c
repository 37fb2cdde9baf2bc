/* SPDX-License-Identifier: ISC */
/* The route table: its contract as cases, and random tables beside a list that is searched naively. */
#include "harness.h"

#include "base/address.h"
#include "counting.h"
#include "route/routes.h"

#include <string.h>

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix;

    ck_assert_int_eq(avpn_prefix_parse(text, &prefix), AVPN_OK);
    return prefix;
}

static struct avpn_address address_of(const char *text)
{
    struct avpn_address address;

    ck_assert_int_eq(avpn_address_parse(text, &address), AVPN_OK);
    return address;
}

static struct avpn_route route_of(const char *text, const uint32_t *hops, uint32_t count)
{
    struct avpn_route route = {
        .size = sizeof route, .prefix = prefix_of(text), .hop_count = count};

    memcpy(route.hops, hops, count * sizeof *hops);
    return route;
}

static void put(struct avpn_routes *routes, const char *text, uint32_t first, uint32_t second)
{
    const uint32_t hops[2] = {first, second};
    const struct avpn_route route = route_of(text, hops, second == 0 ? 1 : 2);

    ck_assert_int_eq(avpn_routes_put(routes, &route), AVPN_OK);
}

static struct avpn_routes *new_routes(void)
{
    struct avpn_routes *routes;

    ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
    return routes;
}

START_TEST(an_empty_table_finds_nothing)
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_address address = address_of("10.0.0.1");
    struct avpn_route route = {.size = sizeof route};
    uint32_t hop = 99;

    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_routes_match(routes, &address, &route), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_routes_at(routes, 0, &route), AVPN_ERROR_EMPTY);
    ck_assert_int_eq(avpn_routes_allows(routes, &address, 1), 0);
    ck_assert_uint_eq(avpn_routes_count(routes), 0);
    ck_assert_uint_eq(hop, 99);
    avpn_routes_del(routes);
    avpn_routes_del(NULL);
}
END_TEST

static const struct {
    const char *address, *prefix;
    uint32_t hop;
} longest[] = {
    {"10.1.2.3", "10.1.2.3/32", 5},     {"10.1.2.4", "10.1.2.0/24", 4},
    {"10.1.3.4", "10.1.0.0/16", 3},     {"10.2.3.4", "10.0.0.0/8", 2},
    {"11.2.3.4", "0.0.0.0/0", 1},       {"255.255.255.255", "0.0.0.0/0", 1},
    {"2001:db8:1::7", "2001:db8:1::/48", 12}, {"2001:db8:2::7", "2001:db8::/32", 11},
    {"2001:db8:1::1", "2001:db8:1::1/128", 13}, {"::1", "::/0", 10},
    {"2001:db8:1:0:8000::", "2001:db8:1:0:8000::/65", 14},
};

START_TEST(the_longest_prefix_decides) /* [RTE-3] */
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_address address = address_of(longest[_i].address);
    const struct avpn_prefix expected = prefix_of(longest[_i].prefix);
    struct avpn_route route = {.size = sizeof route};
    uint32_t hop;

    for (int i = 0; i < HARNESS_COUNT(longest); i++) {
        put(routes, longest[i].prefix, longest[i].hop, 0);
        ck_assert_int_eq(avpn_routes_set_state(routes, longest[i].hop, 1), AVPN_OK);
    }
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, longest[_i].hop);
    ck_assert_int_eq(avpn_routes_match(routes, &address, &route), AVPN_OK);
    ck_assert(avpni_prefix_is_equal(&route.prefix, &expected));
    ck_assert_int_eq(avpn_routes_allows(routes, &address, longest[_i].hop), 1);
    ck_assert_int_eq(avpn_routes_allows(routes, &address, 77), 0);
    avpn_routes_del(routes);
}
END_TEST

START_TEST(the_first_live_hop_is_taken_and_a_shorter_prefix_never_steps_in) /* [RTE-3] */
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_address address = address_of("10.1.0.9");
    struct avpn_route route = {.size = sizeof route};
    uint32_t hop = 0;

    put(routes, "10.0.0.0/8", 3, 0);
    put(routes, "10.1.0.0/16", 7, 9);
    avpn_routes_set_state(routes, 3, 1);
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_ERROR_EMPTY);
    ck_assert_int_eq(avpn_routes_match(routes, &address, &route), AVPN_OK);
    ck_assert_uint_eq(avpn_routes_active(routes, &route), AVPN_ROUTE_NONE);
    avpn_routes_set_state(routes, 9, 1);
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 9);
    ck_assert_uint_eq(avpn_routes_active(routes, &route), 1);
    avpn_routes_set_state(routes, 7, 1);
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 7);
    avpn_routes_set_state(routes, 7, 0);
    avpn_routes_set_state(routes, 9, 0);
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_ERROR_EMPTY);
    avpn_routes_del(routes);
}
END_TEST

START_TEST(a_held_hop_carries_only_what_no_live_one_can) /* [RTE-7] */
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_address both = address_of("10.1.0.9"), alone = address_of("10.2.0.9");
    struct avpn_route route = {.size = sizeof route};
    uint32_t hop = 0;

    put(routes, "10.1.0.0/16", 7, 9);
    put(routes, "10.2.0.0/16", 7, 0);
    avpn_routes_set_state(routes, 7, AVPN_HOP_HELD);
    avpn_routes_set_state(routes, 9, AVPN_HOP_ALIVE);
    ck_assert_uint_eq(avpn_routes_state(routes, 7), AVPN_HOP_HELD);
    ck_assert_int_eq(avpn_routes_lookup(routes, &both, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 9);
    ck_assert_int_eq(avpn_routes_match(routes, &both, &route), AVPN_OK);
    ck_assert_uint_eq(avpn_routes_active(routes, &route), 1);
    ck_assert_int_eq(avpn_routes_lookup(routes, &alone, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 7);
    avpn_routes_set_state(routes, 9, AVPN_HOP_HELD);
    ck_assert_int_eq(avpn_routes_lookup(routes, &both, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 7);
    avpn_routes_set_state(routes, 7, AVPN_HOP_ALIVE);
    ck_assert_int_eq(avpn_routes_lookup(routes, &both, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 7);
    avpn_routes_del(routes);
}
END_TEST

START_TEST(standby_hops_may_be_sources_too) /* [RTE-5] */
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_address inside = address_of("10.1.0.9"), outside = address_of("10.2.0.9");

    put(routes, "10.0.0.0/8", 3, 0);
    put(routes, "10.1.0.0/16", 7, 9);
    ck_assert_int_eq(avpn_routes_allows(routes, &inside, 7), 1);
    ck_assert_int_eq(avpn_routes_allows(routes, &inside, 9), 1);
    ck_assert_int_eq(avpn_routes_allows(routes, &inside, 3), 0);
    ck_assert_int_eq(avpn_routes_allows(routes, &outside, 3), 1);
    ck_assert_int_eq(avpn_routes_allows(routes, &outside, 7), 0);
    avpn_routes_del(routes);
}
END_TEST

START_TEST(the_local_hop_is_always_alive)
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_address address = address_of("10.1.0.9");
    uint32_t hop = 9;

    put(routes, "10.1.0.0/16", AVPN_HOP_LOCAL, 0);
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, AVPN_HOP_LOCAL);
    ck_assert_int_eq(avpn_routes_set_state(routes, AVPN_HOP_LOCAL, AVPN_HOP_DEAD),
                     AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_routes_set_state(routes, AVPN_HOP_ATTACHED, AVPN_HOP_ALIVE),
                     AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_routes_set_state(routes, AVPN_HOP_NOBODY, AVPN_HOP_ALIVE),
                     AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_routes_set_state(routes, 7, AVPN_HOP_HELD + 1), AVPN_ERROR_ARGUMENT);
    avpn_routes_del(routes);
}
END_TEST

START_TEST(which_hops_are_alive_outlives_the_routes)
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_address address = address_of("10.1.0.9");
    const struct avpn_prefix prefix = prefix_of("10.1.0.0/16");
    uint32_t hop;

    avpn_routes_set_state(routes, 7, 1);
    put(routes, "10.1.0.0/16", 7, 9);
    ck_assert_int_eq(avpn_routes_remove(routes, &prefix), AVPN_OK);
    put(routes, "10.1.0.0/16", 9, 7);
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 7);
    avpn_routes_clear(routes);
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_ERROR_NOT_FOUND);
    ck_assert_uint_eq(avpn_routes_count(routes), 0);
    put(routes, "10.1.0.0/16", 9, 7);
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 7);
    avpn_routes_del(routes);
}
END_TEST

static const struct {
    struct avpn_prefix prefix;
    uint32_t hop_count, hops[3], size;
} refused[] = {
    {{.family = 4, .length = 8, .bytes = {10}}, 0, {1}, sizeof(struct avpn_route)},
    {{.family = 4, .length = 8, .bytes = {10}}, 17, {1}, sizeof(struct avpn_route)},
    {{.family = 4, .length = 8, .bytes = {10}}, 3, {1, 2, 1}, sizeof(struct avpn_route)},
    {{.family = 4, .length = 8, .bytes = {10, 1}}, 1, {1}, sizeof(struct avpn_route)},
    {{.family = 4, .length = 33, .bytes = {10, 1}}, 1, {1}, sizeof(struct avpn_route)},
    {{.family = 5, .length = 8, .bytes = {10}}, 1, {1}, sizeof(struct avpn_route)},
    {{.family = 0}, 1, {1}, sizeof(struct avpn_route)},
    {{.family = 6, .length = 129}, 1, {1}, sizeof(struct avpn_route)},
    {{.family = 4, .length = 8, .bytes = {10}}, 1, {1}, 4},
};

START_TEST(a_route_that_breaks_the_contract_is_refused)
{
    struct avpn_routes *routes = new_routes();
    struct avpn_route route = {.size = refused[_i].size,
                               .prefix = refused[_i].prefix,
                               .hop_count = refused[_i].hop_count};

    memcpy(route.hops, refused[_i].hops, sizeof refused[_i].hops);
    ck_assert_int_eq(avpn_routes_put(routes, &route), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_routes_remove(routes, &route.prefix), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_routes_get(routes, &route.prefix, &route), AVPN_ERROR_NOT_FOUND);
    ck_assert_uint_eq(avpn_routes_count(routes), 0);
    avpn_routes_del(routes);
}
END_TEST

START_TEST(only_the_very_prefix_is_removed)
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_prefix wider = prefix_of("10.0.0.0/7"), same = prefix_of("10.0.0.0/8"),
                             six = prefix_of("a00::/8");

    put(routes, "10.0.0.0/8", 1, 0);
    ck_assert_int_eq(avpn_routes_remove(routes, &wider), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_routes_remove(routes, &six), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_routes_remove(routes, &same), AVPN_OK);
    ck_assert_int_eq(avpn_routes_remove(routes, &same), AVPN_ERROR_NOT_FOUND);
    avpn_routes_del(routes);
}
END_TEST

/* ---- beside a naive table -------------------------------------------------------------- */

#define NAIVE_LIMIT 400

struct naive {
    struct avpn_route routes[NAIVE_LIMIT];
    uint32_t count;
    bool alive[40];
};

static uint32_t naive_find(const struct naive *naive, const struct avpn_prefix *prefix)
{
    uint32_t i = 0;

    while (i < naive->count && !avpni_prefix_is_equal(&naive->routes[i].prefix, prefix)) {
        i++;
    }
    return i;
}

static const struct avpn_route *naive_match(const struct naive *naive,
                                            const struct avpn_address *address)
{
    const struct avpn_route *best = NULL;

    for (uint32_t i = 0; i < naive->count; i++) {
        const struct avpn_route *route = &naive->routes[i];

        if (avpni_prefix_has_address(&route->prefix, address) &&
            (best == NULL || route->prefix.length > best->prefix.length)) {
            best = route;
        }
    }
    return best;
}

/* Addresses from few bits, so that prefixes nest and addresses hit them. */
static struct avpn_address random_address(uint64_t *state)
{
    uint64_t chance = harness_random(state);
    struct avpn_address address = {.family = chance & 1 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6};
    size_t used = chance & 1 ? 4 : 16;

    for (size_t i = 0; i < used; i++) {
        uint64_t value = harness_random(state);

        address.bytes[i] = (uint8_t)((value & 7) == 0 ? value >> 8 : (value & 8) * 16);
    }
    return address;
}

static struct avpn_prefix random_prefix(uint64_t *state)
{
    const struct avpn_address address = random_address(state);
    uint8_t bits = address.family == AVPN_FAMILY_IPV4 ? 32 : 128;
    struct avpn_prefix prefix = {.family = address.family,
                                 .length = (uint8_t)(harness_random(state) % (bits + 1u))};

    for (uint32_t i = 0; i < prefix.length; i++) {
        prefix.bytes[i / 8] |= (uint8_t)(address.bytes[i / 8] & 0x80 >> i % 8);
    }
    return prefix;
}

static struct avpn_route random_route(uint64_t *state)
{
    struct avpn_route route = {.size = sizeof route, .prefix = random_prefix(state)};
    uint32_t start = (uint32_t)(harness_random(state) % 40);

    route.hop_count = 1 + (uint32_t)(harness_random(state) % AVPN_ROUTE_HOPS);
    for (uint32_t i = 0; i < route.hop_count; i++) {
        route.hops[i] = (start + 7 * i) % 40;
    }
    return route;
}

static void change_both(struct avpn_routes *routes, struct naive *naive, uint64_t *state)
{
    uint64_t kind = harness_random(state) % 8;

    if (kind < 4 && naive->count < NAIVE_LIMIT) {
        const struct avpn_route route = random_route(state);
        uint32_t place = naive_find(naive, &route.prefix);

        naive->count += place == naive->count;
        naive->routes[place] = route;
        ck_assert_int_eq(avpn_routes_put(routes, &route), AVPN_OK);
    } else if (kind < 7 && naive->count > 0) {
        uint32_t place = (uint32_t)(harness_random(state) % naive->count);

        ck_assert_int_eq(avpn_routes_remove(routes, &naive->routes[place].prefix), AVPN_OK);
        naive->routes[place] = naive->routes[--naive->count];
    } else {
        uint32_t hop = 1 + (uint32_t)(harness_random(state) % 39);

        naive->alive[hop] = !naive->alive[hop];
        ck_assert_int_eq(avpn_routes_set_state(routes, hop, naive->alive[hop]), AVPN_OK);
    }
}

static void compare_lookup(const struct avpn_routes *routes, const struct naive *naive,
                           const struct avpn_address *address)
{
    const struct avpn_route *expected = naive_match(naive, address);
    struct avpn_route route = {.size = sizeof route};
    uint32_t hop, first = 0;

    if (expected == NULL) {
        ck_assert_int_eq(avpn_routes_lookup(routes, address, &hop), AVPN_ERROR_NOT_FOUND);
        ck_assert_int_eq(avpn_routes_allows(routes, address, 1), 0);
        return;
    }
    ck_assert_int_eq(avpn_routes_match(routes, address, &route), AVPN_OK);
    ck_assert_mem_eq(&route, expected, sizeof route);
    while (first < expected->hop_count && !naive->alive[expected->hops[first]]) {
        first++;
    }
    if (first == expected->hop_count) {
        ck_assert_int_eq(avpn_routes_lookup(routes, address, &hop), AVPN_ERROR_EMPTY);
        ck_assert_uint_eq(avpn_routes_active(routes, &route), AVPN_ROUTE_NONE);
    } else {
        ck_assert_int_eq(avpn_routes_lookup(routes, address, &hop), AVPN_OK);
        ck_assert_uint_eq(hop, expected->hops[first]);
        ck_assert_uint_eq(avpn_routes_active(routes, &route), first);
    }
    uint32_t wrong = 0; /* summed up, for an assertion each would take most of the time */

    for (uint32_t id = 0; id < 40; id++) {
        int32_t is_listed = 0;

        for (uint32_t i = 0; i < expected->hop_count; i++) {
            is_listed |= expected->hops[i] == id;
        }
        wrong += avpn_routes_allows(routes, address, id) != is_listed;
    }
    ck_assert_uint_eq(wrong, 0);
}

static void compare_order(const struct avpn_routes *routes, const struct naive *naive)
{
    struct avpn_route route = {.size = sizeof route}, before = {.size = sizeof before};

    ck_assert_uint_eq(avpn_routes_count(routes), naive->count);
    for (uint32_t i = 0; i < naive->count; i++) {
        ck_assert_int_eq(avpn_routes_at(routes, i, &route), AVPN_OK);
        ck_assert(i == 0 || avpni_prefix_compare(&before.prefix, &route.prefix) < 0);
        ck_assert_mem_eq(&route, &naive->routes[naive_find(naive, &route.prefix)], sizeof route);
        before = route;
        ck_assert_int_eq(avpn_routes_get(routes, &before.prefix, &route), AVPN_OK);
        ck_assert_mem_eq(&route, &before, sizeof route);
    }
    ck_assert_int_eq(avpn_routes_at(routes, naive->count, &route), AVPN_ERROR_EMPTY);
}

START_TEST(random_tables_agree_with_a_naive_search)
{
    static struct naive naive;
    struct avpn_routes *routes = new_routes();
    uint64_t state = 1000 + (uint64_t)_i;

    memset(&naive, 0, sizeof naive);
    naive.alive[AVPN_HOP_LOCAL] = true;
    for (int step = 0; step < 3000; step++) {
        change_both(routes, &naive, &state);
        struct avpn_address address = random_address(&state);

        compare_lookup(routes, &naive, &address);
        if (step % 100 == 0) {
            compare_order(routes, &naive);
        }
    }
    compare_order(routes, &naive);
    while (naive.count > 0) {
        ck_assert_int_eq(avpn_routes_remove(routes, &naive.routes[--naive.count].prefix), AVPN_OK);
    }
    compare_order(routes, &naive);
    avpn_routes_del(routes);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------- */

/* Puts until memory runs out; what stands then must still be right. */
static void fill_until_failure(struct avpn_routes *routes, struct naive *naive)
{
    uint64_t state = 5;

    for (int i = 0; i < 60; i++) {
        const struct avpn_route route = random_route(&state);
        uint32_t place = naive_find(naive, &route.prefix);

        if (avpn_routes_put(routes, &route) == AVPN_OK) {
            naive->count += place == naive->count;
            naive->routes[place] = route;
        }
        if (avpn_routes_set_state(routes, 1 + (uint32_t)i % 39, 1) == AVPN_OK) {
            naive->alive[1 + i % 39] = true;
        }
    }
}

START_TEST(running_out_of_memory_changes_nothing_and_leaks_nothing)
{
    static struct naive naive;
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    bool is_over = false;

    for (int64_t fail_at = 1; !is_over; fail_at++) {
        struct avpn_routes *routes = NULL;

        counting = (struct counting){.fail_at = fail_at};
        memset(&naive, 0, sizeof naive);
        naive.alive[AVPN_HOP_LOCAL] = true;
        if (avpn_routes_new(&host, &routes) != AVPN_OK) {
            ck_assert_int_eq(counting.blocks, 0);
            continue;
        }
        fill_until_failure(routes, &naive);
        compare_order(routes, &naive);
        for (uint64_t state = 6, i = 0; i < 100; i++) {
            struct avpn_address address = random_address(&state);

            compare_lookup(routes, &naive, &address);
        }
        is_over = counting.requests < fail_at;
        avpn_routes_del(routes);
        ck_assert_int_eq(counting.blocks, 0);
    }
}
END_TEST

START_TEST(looking_allocates_nothing_and_space_is_used_again)
{
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    static struct naive naive;
    struct avpn_routes *routes;

    memset(&naive, 0, sizeof naive);
    naive.alive[AVPN_HOP_LOCAL] = true;
    ck_assert_int_eq(avpn_routes_new(&host, &routes), AVPN_OK);
    fill_until_failure(routes, &naive);
    size_t footprint = avpn_routes_footprint(routes);
    int64_t requests = counting.requests;

    for (uint64_t state = 6, i = 0; i < 100; i++) {
        struct avpn_address address = random_address(&state);

        compare_lookup(routes, &naive, &address);
    }
    compare_order(routes, &naive);
    ck_assert_int_eq(counting.requests, requests);
    for (uint32_t i = 0; i < naive.count; i++) {
        ck_assert_int_eq(avpn_routes_remove(routes, &naive.routes[i].prefix), AVPN_OK);
    }
    for (uint32_t i = 0; i < naive.count; i++) {
        ck_assert_int_eq(avpn_routes_put(routes, &naive.routes[i]), AVPN_OK);
    }
    /* Sizes of nodes come and go in another order: within the share that one may have unused. */
    ck_assert_uint_le(avpn_routes_footprint(routes), footprint + footprint / 8);
    avpn_routes_del(routes);
}
END_TEST

/* Prefixes and hops that are always new, never many at once: what was given back must be used again. */
START_TEST(years_of_change_do_not_grow_the_table)
{
    enum { KEPT = 20, ROUNDS = 5000 };
    struct avpn_routes *routes = new_routes();
    static struct avpn_route kept[KEPT];
    uint64_t state = 77;
    uint32_t hop = 1;

    for (int i = 0; i < ROUNDS; i++) {
        struct avpn_route *route = &kept[i % KEPT];

        if (i >= KEPT) {
            avpn_routes_remove(routes, &route->prefix);
        }
        *route = random_route(&state);
        for (uint32_t k = 0; k < route->hop_count; k++) {
            route->hops[k] = hop++;
        }
        ck_assert_int_eq(avpn_routes_put(routes, route), AVPN_OK);
        ck_assert_int_eq(avpn_routes_set_state(routes, hop, 1), AVPN_OK);
        ck_assert_int_eq(avpn_routes_set_state(routes, hop, 0), AVPN_OK);
    }
    ck_assert_uint_lt(avpn_routes_footprint(routes), 32 * 1024);
    avpn_routes_del(routes);
}
END_TEST

START_TEST(the_internal_view_says_what_the_public_calls_say)
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_address address = address_of("10.1.0.9"), none = {0};
    uint8_t state = AVPN_HOP_HELD;

    put(routes, "10.1.0.0/16", 7, 9);
    avpn_routes_set_state(routes, 9, 1);
    uint32_t route = avpni_routes_find(routes, &address);

    ck_assert_uint_ne(route, AVPN_ROUTE_NONE);
    ck_assert_uint_eq(avpni_routes_hop_count(routes, route), 2);
    ck_assert_uint_eq(avpni_routes_hop(routes, route, 0, &state), 7);
    ck_assert_uint_eq(state, AVPN_HOP_DEAD);
    ck_assert_uint_eq(avpni_routes_hop(routes, route, 1, &state), 9);
    ck_assert_uint_eq(state, AVPN_HOP_ALIVE);
    ck_assert(avpni_routes_has_hop(routes, route, 7) && !avpni_routes_has_hop(routes, route, 8));
    ck_assert_uint_eq(avpni_routes_find(routes, &none), AVPN_ROUTE_NONE);
    avpn_routes_del(routes);
}
END_TEST

static uint32_t place_in(const struct avpn_routes *routes, const char *text, uint32_t index)
{
    const struct avpn_address address = address_of(text);

    return avpni_routes_hop_place(routes, avpni_routes_find(routes, &address), index);
}

START_TEST(a_hop_keeps_its_place_while_a_route_has_it)
{
    struct avpn_routes *routes = new_routes();
    const struct avpn_prefix first = prefix_of("10.1.0.0/16"), second = prefix_of("10.2.0.0/16");
    uint32_t place, other;

    ck_assert_uint_eq(avpni_routes_hop_places(routes), 0);
    ck_assert_uint_eq(avpni_routes_hop_at_place(routes, 0), AVPN_ROUTE_NONE);
    put(routes, "10.1.0.0/16", 7, 9);
    put(routes, "10.2.0.0/16", 9, 7);
    place = place_in(routes, "10.1.0.1", 1);
    other = place_in(routes, "10.1.0.1", 0);
    ck_assert_uint_eq(place_in(routes, "10.2.0.1", 0), place);
    ck_assert_uint_eq(place_in(routes, "10.2.0.1", 1), other);
    for (uint32_t hop = 100; hop < 200; hop++) { /* which moves the records */
        ck_assert_int_eq(avpn_routes_set_state(routes, hop, 1), AVPN_OK);
    }
    ck_assert_int_eq(avpn_routes_remove(routes, &first), AVPN_OK);
    ck_assert_uint_eq(place_in(routes, "10.2.0.1", 0), place);
    ck_assert_uint_eq(avpni_routes_hop_places(routes), 102);
    ck_assert_uint_eq(avpni_routes_hop_at_place(routes, place), 9);
    ck_assert_uint_eq(avpni_routes_hop_at_place(routes, other), 7);
    ck_assert_uint_eq(avpni_routes_hop_at_place(routes, 102), AVPN_ROUTE_NONE);

    /* Without a route and dead it has none; alive it has one, and so has the next route's hop. */
    ck_assert_int_eq(avpn_routes_remove(routes, &second), AVPN_OK);
    ck_assert_uint_eq(avpni_routes_hop_at_place(routes, place), AVPN_ROUTE_NONE);
    ck_assert_uint_eq(avpni_routes_hop_at_place(routes, other), AVPN_ROUTE_NONE);
    ck_assert_int_eq(avpn_routes_set_state(routes, 9, 1), AVPN_OK);
    put(routes, "10.3.0.0/16", 7, 9);
    ck_assert_uint_eq(avpni_routes_hop_at_place(routes, place_in(routes, "10.3.0.1", 0)), 7);
    ck_assert_uint_eq(avpni_routes_hop_at_place(routes, place_in(routes, "10.3.0.1", 1)), 9);
    ck_assert_uint_eq(avpni_routes_hop_places(routes), 102);
    avpn_routes_del(routes);
}
END_TEST

/* A list is stored once for all routes that have it, and stays until the last of them goes. */
START_TEST(routes_with_the_same_hops_share_them)
{
    const struct avpn_address address = address_of("10.1.2.3");
    struct avpn_routes *routes = new_routes();
    struct avpn_route route = {.size = sizeof route, .hop_count = 2, .hops = {7, 9}};
    uint32_t hop, lists[2] = {0};

    for (uint32_t i = 0; i < 4096; i++) {
        route.prefix = (struct avpn_prefix){.family = AVPN_FAMILY_IPV4, .length = 24,
                                            .bytes = {10, (uint8_t)(i >> 8), (uint8_t)i}};
        route.hops[0] = 7 + i % 2 * 2;
        route.hops[1] = 9 - i % 2 * 2;
        ck_assert_int_eq(avpn_routes_put(routes, &route), AVPN_OK);
        struct avpn_address inside = {.family = AVPN_FAMILY_IPV4};

        memcpy(inside.bytes, route.prefix.bytes, 4);
        lists[i % 2] = i < 2 ? avpni_routes_find(routes, &inside) : lists[i % 2];
        ck_assert_uint_eq(avpni_routes_find(routes, &inside), lists[i % 2]);
    }
    ck_assert_uint_ne(lists[0], lists[1]);
    avpn_routes_set_state(routes, 7, 1);
    for (uint32_t i = 0; i < 4096; i++) {
        if (i != 258) {
            route.prefix.bytes[1] = (uint8_t)(i >> 8);
            route.prefix.bytes[2] = (uint8_t)i;
            ck_assert_int_eq(avpn_routes_remove(routes, &route.prefix), AVPN_OK);
        }
    }
    ck_assert_int_eq(avpn_routes_lookup(routes, &address, &hop), AVPN_OK);
    ck_assert_uint_eq(hop, 7);
    ck_assert_int_eq(avpn_routes_match(routes, &address, &route), AVPN_OK);
    ck_assert(route.hop_count == 2 && route.hops[0] == 7 && route.hops[1] == 9);
    avpn_routes_del(routes);
}
END_TEST

START_TEST(a_batch_of_both_families_is_answered_in_its_order)
{
    struct avpn_address addresses[AVPNI_ROUTES_BATCH];
    uint32_t found[AVPNI_ROUTES_BATCH], wrong = 0;
    struct avpn_routes *routes = new_routes();
    uint64_t state = 9;

    for (uint32_t i = 0; i < 300; i++) {
        const struct avpn_route route = random_route(&state);

        ck_assert_int_eq(avpn_routes_put(routes, &route), AVPN_OK);
    }
    for (uint32_t count = 0; count <= AVPNI_ROUTES_BATCH; count++) {
        for (uint32_t i = 0; i < count; i++) {
            addresses[i] = random_address(&state);
            addresses[i].family = i % 11 == 10 ? 0 : addresses[i].family;
        }
        avpni_routes_find_batch(routes, addresses, count, found);
        for (uint32_t i = 0; i < count; i++) {
            wrong += found[i] != avpni_routes_find(routes, &addresses[i]);
        }
    }
    ck_assert_uint_eq(wrong, 0);
    avpn_routes_del(routes);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(an_empty_table_finds_nothing),
    HARNESS_LOOP(the_longest_prefix_decides, HARNESS_COUNT(longest)),
    HARNESS_CASE(the_first_live_hop_is_taken_and_a_shorter_prefix_never_steps_in),
    HARNESS_CASE(a_held_hop_carries_only_what_no_live_one_can),
    HARNESS_CASE(standby_hops_may_be_sources_too),
    HARNESS_CASE(the_local_hop_is_always_alive),
    HARNESS_CASE(which_hops_are_alive_outlives_the_routes),
    HARNESS_LOOP(a_route_that_breaks_the_contract_is_refused, HARNESS_COUNT(refused)),
    HARNESS_CASE(only_the_very_prefix_is_removed),
    HARNESS_LOOP(random_tables_agree_with_a_naive_search, 8),
    HARNESS_CASE(running_out_of_memory_changes_nothing_and_leaks_nothing),
    HARNESS_CASE(looking_allocates_nothing_and_space_is_used_again),
    HARNESS_CASE(years_of_change_do_not_grow_the_table),
    HARNESS_CASE(routes_with_the_same_hops_share_them),
    HARNESS_CASE(a_batch_of_both_families_is_answered_in_its_order),
    HARNESS_CASE(the_internal_view_says_what_the_public_calls_say),
    HARNESS_CASE(a_hop_keeps_its_place_while_a_route_has_it),
};
HARNESS_MAIN("route/routes", cases)
