/* SPDX-License-Identifier: ISC */
/* Tests of forward/groups.h and forward/lookups.h beside the plain way to say the same. */
#include "harness.h"

#include "forward/groups.h"
#include "forward/lookups.h"

/* Keys as SAs lie: far apart, all of one alignment. */
static const void *key_of(uint32_t number)
{
    static uint8_t room[64 * 4096];

    return number == 0 ? NULL : room + (size_t)number * 4096;
}

START_TEST(groups_keep_the_order_of_their_members)
{
    uint64_t state = 77 + (uint64_t)_i;
    uint32_t kinds = 1 + (uint32_t)(harness_random(&state) % 63);
    const void *keys[AVPNI_GROUPS_LIMIT];
    struct avpni_groups groups;
    uint32_t count = (uint32_t)(harness_random(&state) % (AVPNI_GROUPS_LIMIT + 1));
    bool is_seen[AVPNI_GROUPS_LIMIT] = {false};
    uint32_t members = 0, expected = 0;

    for (uint32_t i = 0; i < count; i++) {
        keys[i] = key_of((uint32_t)(harness_random(&state) % (kinds + 1)));
        expected += keys[i] != NULL;
    }
    avpni_groups_make(&groups, keys, count);
    for (uint32_t g = 0; g < groups.count; g++) {
        const void *key = keys[groups.first[g]];
        int32_t last = -1;

        for (uint32_t k = 0; k < g; k++) /* one group a key, groups by their first members */
            ck_assert(keys[groups.first[k]] != key && groups.first[k] < groups.first[g]);
        for (uint8_t i = groups.first[g]; i != AVPNI_GROUPS_END; i = groups.next[i]) {
            ck_assert_int_gt(i, last);
            ck_assert_ptr_eq(keys[i], key);
            ck_assert(!is_seen[i]);
            is_seen[i] = true;
            last = i;
            members++;
        }
    }
    ck_assert_uint_eq(members, expected);
}
END_TEST

START_TEST(packets_that_follow_each_other_share_a_lookup)
{
    static struct avpni_lookups lookups;
    struct avpn_address a = {.family = AVPN_FAMILY_IPV4, .bytes = {10, 1, 0, 1}}, b = a, c = a;

    b.bytes[15] = 1; /* the last byte counts, too */
    c.family = AVPN_FAMILY_IPV6;
    avpni_lookups_init(&lookups);
    ck_assert_uint_eq(avpni_lookups_add(&lookups, &a, &b), 0);
    ck_assert_uint_eq(avpni_lookups_add(&lookups, &a, &b), 0);
    ck_assert_uint_eq(avpni_lookups_add(&lookups, &b, &b), 1); /* another source */
    ck_assert_uint_eq(avpni_lookups_add(&lookups, &b, &a), 2); /* another destination */
    ck_assert_uint_eq(avpni_lookups_add(&lookups, &b, &c), 3); /* another family */
    ck_assert_uint_eq(avpni_lookups_add(&lookups, &a, &b), 4); /* only the last is looked at */
    ck_assert_mem_eq(avpni_lookup_source(&lookups, 3), &b, sizeof b);
    ck_assert_mem_eq(avpni_lookup_destination(&lookups, 3), &c, sizeof c);
}
END_TEST

START_TEST(lookups_of_a_vector_are_those_of_its_packets)
{
    static struct avpni_lookups lookups;
    struct avpn_routes *routes;
    uint64_t state = 5 + (uint64_t)_i;
    uint32_t count = 1 + (uint32_t)(harness_random(&state) % AVPNI_LOOKUPS_LIMIT);

    ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
    for (uint32_t i = 0; i < 50; i++) {
        struct avpn_route route = {.size = sizeof route, .hop_count = 1, .hops = {i + 1}};

        route.prefix = (struct avpn_prefix){.family = AVPN_FAMILY_IPV4, .length = 16,
                                            .bytes = {10, (uint8_t)i}};
        ck_assert_int_eq(avpn_routes_put(routes, &route), AVPN_OK);
    }
    avpni_lookups_init(&lookups);
    for (uint32_t i = 0; i < count; i++) {
        struct avpn_address from = {.family = AVPN_FAMILY_IPV4, .bytes = {10, 0, 0, 1}};
        struct avpn_address to = from;

        from.bytes[1] = (uint8_t)(i % 60);
        to.bytes[1] = (uint8_t)(harness_random(&state) % 60);
        to.bytes[3] = (uint8_t)i; /* no two alike */
        ck_assert_uint_eq(avpni_lookups_add(&lookups, &from, &to), i);
    }
    avpni_lookups_run(&lookups, routes);
    for (uint32_t i = 0; i < count; i++) {
        struct avpni_lookup found = avpni_lookup_at(&lookups, i);

        ck_assert_uint_eq(found.source_route,
                          avpni_routes_find(routes, avpni_lookup_source(&lookups, i)));
        ck_assert_uint_eq(found.destination_route,
                          avpni_routes_find(routes, avpni_lookup_destination(&lookups, i)));
    }
    avpn_routes_del(routes);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(groups_keep_the_order_of_their_members, 200),
    HARNESS_CASE(packets_that_follow_each_other_share_a_lookup),
    HARNESS_LOOP(lookups_of_a_vector_are_those_of_its_packets, 64),
};
HARNESS_MAIN("forward/groups", cases)
