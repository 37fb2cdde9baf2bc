/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/attached.h"

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix;

    ck_assert_msg(avpn_prefix_parse(text, &prefix) == AVPN_OK, "%s", text);
    return prefix;
}

static struct avpn_address address_of(const char *text)
{
    struct avpn_address address;

    ck_assert_msg(avpn_address_parse(text, &address) == AVPN_OK, "%s", text);
    return address;
}

static const struct {
    const char *added[4];
    const char *kept[4];
} rows[] = {
    {{"10.1.0.0/24", "10.1.0.0/24"}, {"10.1.0.0/24"}}, /* two addresses of one network */
    {{"10.1.0.0/24", "10.1.0.7/32"}, {"10.1.0.0/24"}},
    {{"10.1.0.7/32", "10.1.0.9/32", "10.1.0.0/24"}, {"10.1.0.0/24"}},
    {{"10.1.0.0/24", "10.2.0.0/24"}, {"10.1.0.0/24", "10.2.0.0/24"}},
    {{"169.254.0.0/16", "169.254.1.2/32", "127.0.0.0/8", "fe80::/64"}, {NULL}}, /* every link has them */
    {{"::1/128", "ff02::/16", "224.0.0.0/24", "0.0.0.0/0"}, {NULL}},
    {{"fd00:1::/64", "2001:db8::/64"}, {"fd00:1::/64", "2001:db8::/64"}},
};

/* [RTE-10] */
START_TEST(what_a_machine_is_attached_to_is_kept_once)
{
    struct attached attached = {0};
    uint32_t count = 0;

    for (int i = 0; i < 4 && rows[_i].added[i]; i++) {
        struct avpn_prefix prefix = prefix_of(rows[_i].added[i]);

        attached_add(&attached, &prefix);
    }
    for (; count < 4 && rows[_i].kept[count]; count++) {
        struct avpn_prefix wanted = prefix_of(rows[_i].kept[count]);

        ck_assert_uint_gt(attached.count, count);
        ck_assert_mem_eq(&attached.prefixes[count], &wanted, sizeof wanted);
    }
    ck_assert_uint_eq(attached.count, count);
    ck_assert_uint_eq(attached.left_out, 0);
}
END_TEST

START_TEST(subnets_beyond_the_limit_are_counted)
{
    struct attached attached = {0};

    for (uint32_t i = 0; i < AVPN_ATTACHED + 3; i++) {
        struct avpn_prefix prefix = prefix_of("10.0.0.0/24");

        prefix.bytes[1] = (uint8_t)(i >> 8);
        prefix.bytes[2] = (uint8_t)i;
        attached_add(&attached, &prefix);
    }
    ck_assert_uint_eq(attached.count, AVPN_ATTACHED);
    ck_assert_uint_eq(attached.left_out, 3);
}
END_TEST

static const struct {
    const char *own, *inner; /* NULL: none */
} inner[] = {
    {"10.1.0.1", "10.1.0.1"},        /* in an export */
    {"10.9.0.1", NULL},              /* in none */
    {"192.168.1.77", "10.2.0.77"},   /* of a translated subnet */
    {"192.168.1.5", "10.1.0.250"},   /* of a translated host in it: the longest counts */
    {"192.168.7.1", NULL},           /* translated to what is not exported */
    {"fd00:1::1", "fd00:1::1"},
    {"fd00:7:0:1::9", "fd00:2:0:1::9"},
};

/* [ICM-2], [TRN-1] */
START_TEST(an_inner_address_is_what_the_organization_knows_a_machine_by)
{
    struct avpn_member member = {.size = sizeof member, .export_count = 4, .translation_count = 4};
    struct avpn_address own = address_of(inner[_i].own), found = {0};

    member.exports[0] = prefix_of("10.1.0.0/24");
    member.exports[1] = prefix_of("10.2.0.0/24");
    member.exports[2] = prefix_of("fd00:1::/64");
    member.exports[3] = prefix_of("fd00:2::/48");
    member.translations[0] =
        (struct avpn_translation){prefix_of("192.168.1.0/24"), prefix_of("10.2.0.0/24")};
    member.translations[1] =
        (struct avpn_translation){prefix_of("192.168.1.5/32"), prefix_of("10.1.0.250/32")};
    member.translations[2] =
        (struct avpn_translation){prefix_of("192.168.7.0/24"), prefix_of("10.7.0.0/24")};
    member.translations[3] =
        (struct avpn_translation){prefix_of("fd00:7::/48"), prefix_of("fd00:2::/48")};
    ck_assert_int_eq(attached_inner(&member, &own, &found), inner[_i].inner != NULL);
    if (inner[_i].inner) {
        struct avpn_address wanted = address_of(inner[_i].inner);

        ck_assert_mem_eq(&found, &wanted, sizeof wanted);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(what_a_machine_is_attached_to_is_kept_once, HARNESS_COUNT(rows)),
    HARNESS_CASE(subnets_beyond_the_limit_are_counted),
    HARNESS_LOOP(an_inner_address_is_what_the_organization_knows_a_machine_by, HARNESS_COUNT(inner)),
};
HARNESS_MAIN("programs/attached", cases)
