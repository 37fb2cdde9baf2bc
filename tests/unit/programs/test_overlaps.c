/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <string.h>

#include "admin/overlaps.h"
#include "admin/prefixes.h"

#define SITES 4
#define EXPORTS 10

static struct avpn_prefix prefix(const char *text)
{
    struct avpn_prefix value;

    ck_assert_msg(avpn_prefix_parse(text, &value) == AVPN_OK, "%s", text);
    return value;
}

START_TEST(owners_of_one_prefix_stand_in_the_order_in_which_they_are_asked)
{
    /* [RTE-3]: hubs before spokes, then by id; a revoked site owns nothing */
    struct org_site sites[SITES] = {{.id = 2, .role = AVPN_ROLE_SPOKE},
                                    {.id = 9, .role = AVPN_ROLE_HUB},
                                    {.id = 3, .role = AVPN_ROLE_HUB},
                                    {.id = 1, .role = AVPN_ROLE_HUB, .is_revoked = 1}};
    struct org_export exports[] = {{.prefix = prefix("10.1.0.0/16"), .site = 0},
                                   {.prefix = prefix("10.1.0.0/16"), .site = 1},
                                   {.prefix = prefix("10.1.0.0/16"), .site = 2},
                                   {.prefix = prefix("10.1.0.0/16"), .site = 3},
                                   {.prefix = prefix("10.0.0.0/8"), .site = 0}};
    struct org org = {.site_count = SITES, .sites = sites, .export_count = 5, .exports = exports};
    static const uint32_t wanted[] = {0, 2, 1, 0};
    struct overlaps overlaps;

    ck_assert_int_eq(overlaps_make(&overlaps, &org), 0);
    ck_assert_uint_eq(overlaps.count, 4);
    for (uint32_t i = 0; i < 4; i++)
        ck_assert_uint_eq(overlaps.sorted[i]->site, wanted[i]);
    ck_assert_uint_eq(overlaps_group(&overlaps, 0), 1);
    ck_assert_uint_eq(overlaps_group(&overlaps, 1), 3);
    overlaps_free(&overlaps);
}
END_TEST

/* Of few values, so that many lie in each other. */
static struct avpn_prefix some_prefix(uint64_t *state)
{
    struct avpn_prefix value = {.family = harness_random(state) % 4 ? AVPN_FAMILY_IPV4
                                                                    : AVPN_FAMILY_IPV6};

    value.length = (uint8_t)(6 + harness_random(state) % 5);
    value.bytes[0] = (uint8_t)(harness_random(state) << 2);
    value.bytes[1] = (uint8_t)(harness_random(state) << 6);
    if (value.length < 8)
        value.bytes[0] &= (uint8_t)(0xffu << (8 - value.length));
    value.bytes[1] &= value.length > 8 ? (uint8_t)(0xffu << (16 - value.length)) : 0;
    return value;
}

START_TEST(an_overlap_with_another_site_is_found_whenever_there_is_one)
{
    struct org_site sites[SITES] = {{.id = 1}, {.id = 2}, {.id = 3}, {.id = 4}};
    struct org_export exports[EXPORTS] = {{{0}, 0, 0}};
    struct org org = {
        .site_count = SITES, .sites = sites, .export_count = EXPORTS, .exports = exports};
    uint64_t state = 5;
    uint32_t found_some = 0, found_none = 0;

    for (int round = 0; round < 2000; round++) {
        struct avpn_prefix wanted = some_prefix(&state);
        uint32_t but = (uint32_t)(harness_random(&state) % (SITES + 1));
        const struct org_export *found;
        struct overlaps overlaps;
        int is_there = 0;

        for (uint32_t i = 0; i < EXPORTS; i++)
            exports[i] = (struct org_export){.prefix = some_prefix(&state),
                                             .site = (uint32_t)(harness_random(&state) % SITES)};
        for (uint32_t i = 0; i < EXPORTS; i++)
            is_there |= exports[i].site != but && prefixes_overlap(&exports[i].prefix, &wanted);
        ck_assert_int_eq(overlaps_make(&overlaps, &org), 0);
        found = overlaps_find(&overlaps, &wanted, but == SITES ? OVERLAPS_ANY : but);
        ck_assert_int_eq(found != NULL, is_there);
        if (found)
            ck_assert(found->site != but && prefixes_overlap(&found->prefix, &wanted));
        found_some += found != NULL;
        found_none += found == NULL;
        overlaps_free(&overlaps);
    }
    ck_assert_uint_gt(found_some, 100);
    ck_assert_uint_gt(found_none, 100);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(owners_of_one_prefix_stand_in_the_order_in_which_they_are_asked),
    HARNESS_CASE(an_overlap_with_another_site_is_found_whenever_there_is_one),
};
HARNESS_MAIN("programs/overlaps", cases)
