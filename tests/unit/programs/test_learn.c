/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/learn.h"

#define BGP 186
#define STATIC 4
#define KERNEL 2

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix;

    ck_assert_msg(avpn_prefix_parse(text, &prefix) == AVPN_OK, "%s", text);
    return prefix;
}

/* A site with exports 10.1.0.0/16, 10.2.0.0/24 for 192.168.1.0/24, and 10.3.0.9/32 for the host 192.168.3.9. */
static struct learn *site(void)
{
    struct learn *learn = calloc(1, sizeof *learn);

    ck_assert_ptr_nonnull(learn);
    learn->table = 254;
    learn->self.export_count = 3;
    learn->self.exports[0] = prefix_of("10.1.0.0/16");
    learn->self.exports[1] = prefix_of("10.2.0.0/24");
    learn->self.exports[2] = prefix_of("10.3.0.9/32");
    learn->self.translation_count = 2;
    learn->self.translations[0] =
        (struct avpn_translation){prefix_of("192.168.1.0/24"), prefix_of("10.2.0.0/24")};
    learn->self.translations[1] =
        (struct avpn_translation){prefix_of("192.168.3.9/32"), prefix_of("10.3.0.9/32")};
    return learn;
}

static const struct {
    const char *route;
    uint8_t protocol;
    int seen;        /* bit i: export i */
    uint32_t strangers;
} rows[] = {
    {"10.1.0.0/16", KERNEL, 1, 0},     /* the same */
    {"10.1.7.0/24", BGP, 1, 0},        /* inside */
    {"10.0.0.0/8", BGP, 0, 1},         /* larger: says nothing about this part of it */
    {"10.0.0.0/8", STATIC, 0, 0},      /* not a daemon's: the administrator knows */
    {"192.168.1.0/24", KERNEL, 2, 0},  /* translated */
    {"192.168.1.64/26", BGP, 2, 0},
    {"192.168.3.0/24", KERNEL, 4, 0},  /* the host lies in it */
    {"172.16.0.0/12", BGP, 0, 1},
    {"fd00::/8", BGP, 0, 1},
    {"10.2.0.0/24", KERNEL, 2, 0},
};

/* [RTE-8] */
START_TEST(an_export_is_offered_for_a_route_that_is_the_same_or_lies_in_it)
{
    struct avpn_prefix route = prefix_of(rows[_i].route);
    struct learn *learn = site();

    learn_take(learn, &route, rows[_i].protocol);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(learn->is_seen[i], rows[_i].seen >> i & 1);
    ck_assert_uint_eq(learn->stranger_count, rows[_i].strangers);
    free(learn);
}
END_TEST

START_TEST(what_a_daemon_learned_beyond_the_record_is_kept_up_to_a_limit)
{
    struct avpn_prefix route = prefix_of("172.16.0.0/24");
    struct learn *learn = site();

    for (uint32_t i = 0; i < LEARN_STRANGERS + 5; i++) {
        route.bytes[1] = (uint8_t)(16 + i / 256);
        route.bytes[2] = (uint8_t)i;
        learn_take(learn, &route, BGP);
        learn_take(learn, &route, BGP); /* with another metric */
    }
    ck_assert_uint_ge(learn->stranger_count, LEARN_STRANGERS + 5);
    ck_assert_uint_eq(learn->strangers[1].prefix.bytes[2], 1);
    free(learn);
}
END_TEST

START_TEST(only_routing_daemons_have_names)
{
    ck_assert_str_eq(learn_daemon(BGP), "bgp");
    ck_assert_str_eq(learn_daemon(12), "bird");
    ck_assert_ptr_null(learn_daemon(KERNEL));
    ck_assert_ptr_null(learn_daemon(STATIC));
    ck_assert_ptr_null(learn_daemon(0x61));
}
END_TEST

START_TEST(changes_of_a_burst_are_one_look_and_looks_are_apart)
{
    struct learn *learn = site();

    learn->look_at = AVPN_TIME_NEVER;
    learn->looked_at = 100 * AVPN_SECOND;
    learn_changed(learn, 110 * AVPN_SECOND);
    ck_assert_int_eq(learn->look_at, 110 * AVPN_SECOND + 200 * AVPN_MILLISECOND);
    learn_changed(learn, 110 * AVPN_SECOND + 100 * AVPN_MILLISECOND);
    ck_assert_int_eq(learn->look_at, 110 * AVPN_SECOND + 200 * AVPN_MILLISECOND);
    learn->look_at = AVPN_TIME_NEVER;
    learn->looked_at = 111 * AVPN_SECOND;
    learn_changed(learn, 111 * AVPN_SECOND + 1);
    ck_assert_int_eq(learn->look_at, 112 * AVPN_SECOND);
    learn->table = 0; /* nothing is watched */
    learn->look_at = AVPN_TIME_NEVER;
    learn_changed(learn, 120 * AVPN_SECOND);
    ck_assert_int_eq(learn->look_at, AVPN_TIME_NEVER);
    free(learn);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(an_export_is_offered_for_a_route_that_is_the_same_or_lies_in_it,
                 HARNESS_COUNT(rows)),
    HARNESS_CASE(what_a_daemon_learned_beyond_the_record_is_kept_up_to_a_limit),
    HARNESS_CASE(only_routing_daemons_have_names),
    HARNESS_CASE(changes_of_a_burst_are_one_look_and_looks_are_apart),
};
HARNESS_MAIN("programs/learn", cases)
