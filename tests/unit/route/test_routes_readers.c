/* SPDX-License-Identifier: ISC */
/*
 * Readers on other threads, beside an owner that sets states: they find routes, and the places of hops, and never see
 * anything but what the routes say. Meant for ThreadSanitizer (-Db_sanitize=thread), and true without.
 */
#include "harness.h"

#include "route/routes.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#define READERS 2
#define ROUTES 1000u
#define STATES 40000u
#define STRANGERS 500u /* hops that have a state and no route */

static struct avpn_routes *routes;
static uint32_t places[ROUTES][2]; /* as the owner saw them before it began */
static atomic_bool is_over;

struct reader {
    pthread_t thread;
    uint64_t lookups, wrong;
};

/* Route i is 10.x.y.0/24 by the hops i + 1 and ROUTES + 1. */
static struct avpn_address address_in(uint32_t i)
{
    return (struct avpn_address){.family = AVPN_FAMILY_IPV4,
                                 .bytes = {10, (uint8_t)(i >> 8), (uint8_t)i, 7}};
}

static void put_all(void)
{
    ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
    for (uint32_t i = 0; i < ROUTES; i++) {
        struct avpn_route route = {
            .size = sizeof route, .hop_count = 2, .hops = {i + 1, ROUTES + 1}};

        route.prefix.family = AVPN_FAMILY_IPV4;
        route.prefix.length = 24;
        memcpy(route.prefix.bytes, address_in(i).bytes, 3);
        ck_assert_int_eq(avpn_routes_put(routes, &route), AVPN_OK);
    }
}

static uint64_t check(uint32_t i, uint32_t route)
{
    if (route == AVPN_ROUTE_NONE || avpni_routes_hop_count(routes, route) != 2) {
        return 1;
    }
    return (uint64_t)(avpni_routes_hop_place(routes, route, 0) != places[i][0]) +
           (avpni_routes_hop_place(routes, route, 1) != places[i][1]);
}

static void look(struct reader *reader)
{
    struct avpn_address addresses[AVPNI_ROUTES_BATCH];
    uint32_t which[AVPNI_ROUTES_BATCH], found[AVPNI_ROUTES_BATCH];

    for (uint32_t i = 0; i < AVPNI_ROUTES_BATCH; i++) {
        which[i] = (uint32_t)(reader->lookups + 7 * i) % ROUTES;
        addresses[i] = address_in(which[i]);
    }
    avpni_routes_find_batch(routes, addresses, AVPNI_ROUTES_BATCH, found);
    for (uint32_t i = 0; i < AVPNI_ROUTES_BATCH; i++) {
        reader->wrong += check(which[i], found[i]);
        reader->wrong += avpni_routes_find(routes, &addresses[i]) != found[i];
    }
    reader->lookups += AVPNI_ROUTES_BATCH;
}

static void *read_on(void *argument)
{
    struct reader *reader = argument;

    do {
        look(reader);
    } while (!atomic_load(&is_over));
    return NULL;
}

START_TEST(states_change_beside_readers)
{
    static struct reader readers[READERS];
    uint64_t lookups = 0, wrong = 0;

    put_all();
    for (uint32_t i = 0; i < ROUTES; i++) {
        const struct avpn_address address = address_in(i);
        uint32_t route = avpni_routes_find(routes, &address);

        places[i][0] = avpni_routes_hop_place(routes, route, 0);
        places[i][1] = avpni_routes_hop_place(routes, route, 1);
    }
    for (int i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (uint32_t i = 0; i < STATES; i++) {
        uint32_t hop = 1 + i * 11 % (ROUTES + STRANGERS);

        ck_assert_int_eq(avpn_routes_set_state(routes, hop, i % 3), AVPN_OK);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        lookups += readers[i].lookups;
        wrong += readers[i].wrong;
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_gt(lookups, 0);
    avpn_routes_del(routes);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(states_change_beside_readers),
};
HARNESS_MAIN("route/routes_readers", cases)
