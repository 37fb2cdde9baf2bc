/* SPDX-License-Identifier: ISC */
/* Inner packets meet the size of a path, and what cannot be passed on is answered. */
#include "harness.h"
#include "link/path.h"
#include "node/pair.h"
#include <string.h>

/* Two spokes of one hub, another hub with a spoke of its own. */
static const struct pair_site sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16", "fd00:1::/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16", "fd00:2::/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.3.0.0/16", "fd00:3::/32"}},
    {.role = AVPN_ROLE_HUB, .exports = {"10.4.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {4}, .exports = {"10.5.0.0/16"}},
};
enum { HUB, B, C, HUB2, E };

static struct pair pair;
static uint32_t wire_limit; /* larger datagrams to or from C vanish, unless they may be fragmented; 0: none does */
static uint32_t largest, fragmentable;

static bool is_carried(struct pair *p, struct pair_datagram *d)
{
    bool is_of_c = d->from == C || memcmp(&d->remote, &p->hosts[C].contacts[0], sizeof d->remote) == 0;

    if (d->data[0] != 0 || d->data[1] != 0 || d->data[2] != 0 || d->data[3] != 0) {
        largest = d->bytes > largest ? d->bytes : largest;
        fragmentable += d->flags & AVPN_DATAGRAMS_MAY_FRAGMENT;
    }
    return wire_limit == 0 || !is_of_c || d->bytes <= wire_limit ||
           (d->flags & AVPN_DATAGRAMS_MAY_FRAGMENT) != 0;
}

static void start(uint32_t count, uint32_t limit)
{
    wire_limit = limit;
    pair_begin(&pair, sites, count, 1, 11);
    pair.filter = is_carried;
    pair_start(&pair);
    pair_run(&pair, 30 * AVPN_SECOND);
    for (uint32_t i = 0; i < count; i++)
        pair.hosts[i].delivered = 0;
    largest = fragmentable = 0;
}

static void give(uint32_t number, const char *source, const char *destination, uint32_t bytes,
                 uint8_t flags, uint8_t limit)
{
    uint8_t packet[PAIR_DATAGRAM];

    pair_packet(packet, source, destination, bytes);
    if (packet[0] >> 4 == 4) {
        packet[6] = flags;
        packet[8] = limit;
    } else {
        packet[7] = limit;
    }
    pair_give(&pair, number, packet, bytes);
    pair_run(&pair, AVPN_SECOND / 5);
}

static uint32_t inner_limit(uint32_t number, uint32_t of)
{
    struct avpn_peer_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_node_peer(pair.hosts[number].node, of + 1, &status), AVPN_OK);
    return status.mtu_bytes;
}

START_TEST(paths_of_1500_and_of_1280_are_found) /* [MTU-1], [MTU-3] */
{
    start(3, 1252);
    ck_assert_uint_eq(inner_limit(B, HUB), avpn_inner_bytes(1472));
    ck_assert_uint_le(inner_limit(C, HUB), avpn_inner_bytes(1252));
    ck_assert_uint_ge(inner_limit(C, HUB), avpn_inner_bytes(1252 - 8));
    ck_assert_uint_eq(inner_limit(C, HUB), inner_limit(HUB, C));
    pair_end(&pair);
}
END_TEST

START_TEST(what_does_not_fit_is_answered_with_the_size_that_does) /* [MTU-6], [ICM-1], [ICM-2] */
{
    const uint8_t *error = pair.hosts[C].last_packet;
    uint32_t limit;

    start(3, 1252);
    limit = inner_limit(C, HUB);
    give(C, "10.3.0.9", "10.1.0.1", limit, 0x40, 64);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1);
    give(C, "10.3.0.9", "10.1.0.1", limit + 1, 0x40, 64);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1);
    ck_assert_uint_eq(pair_counter(&pair, C, AVPN_DROP_SIZE), 1);
    ck_assert_uint_eq(pair_counter(&pair, C, AVPN_COUNT_ICMP), 1);
    ck_assert_uint_eq(error[20], 3);
    ck_assert_uint_eq(error[21], 4);
    ck_assert_uint_eq((uint32_t)error[26] << 8 | error[27], limit);
    ck_assert_mem_eq(error + 12, "\x0a\x03\x00\x01", 4); /* the first host of its export */
    ck_assert_mem_eq(error + 16, "\x0a\x03\x00\x09", 4);
    give(C, "fd00:3::9", "fd00:1::1", 1400, 0, 64);
    ck_assert_uint_eq(error[6], 58);
    ck_assert_uint_eq(error[40], 2);
    ck_assert_uint_eq((uint32_t)error[46] << 8 | error[47], 1280); /* so much passes in any case */
    pair_end(&pair);
}
END_TEST

/* The hub has room for 1500 towards B and for 1280 towards C. */
START_TEST(a_hub_answers_for_the_next_path) /* [MTU-6] */
{
    struct avpn_address own;
    const uint8_t *error = pair.hosts[B].last_packet;

    start(3, 1252);
    ck_assert_int_eq(avpn_address_parse("10.1.77.7", &own), AVPN_OK);
    ck_assert_int_eq(avpn_node_set_addresses(pair.hosts[HUB].node, &own, 1), AVPN_OK);
    give(B, "10.2.0.9", "10.3.0.9", 1400, 0x40, 64);
    ck_assert_uint_eq(pair.hosts[C].delivered, 0);
    ck_assert_uint_eq(pair.hosts[B].delivered, 1);
    ck_assert_uint_eq(error[20], 3);
    ck_assert_uint_eq(error[21], 4);
    ck_assert_uint_eq((uint32_t)error[26] << 8 | error[27], inner_limit(HUB, C));
    ck_assert_mem_eq(error + 12, own.bytes, 4);
    pair_end(&pair);
}
END_TEST

START_TEST(ipv4_without_df_is_sent_in_pieces) /* [MTU-6] */
{
    start(3, 1252);
    give(B, "10.2.0.9", "10.3.0.9", 1400, 0, 64);
    ck_assert_uint_eq(pair.hosts[C].delivered, 2);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_FRAGMENTED), 1);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_FORWARDED), 1);
    ck_assert_uint_eq(fragmentable, 0);
    pair_end(&pair);
}
END_TEST

START_TEST(ipv6_of_1280_always_passes) /* [MTU-7] */
{
    start(3, 1252);
    give(B, "fd00:2::9", "fd00:3::9", 1280, 0, 64);
    ck_assert_uint_eq(pair.hosts[C].delivered, 1);
    ck_assert_uint_eq(fragmentable, 1);
    give(B, "fd00:2::9", "fd00:3::9", 1281, 0, 64);
    ck_assert_uint_eq(pair.hosts[C].delivered, 1);
    ck_assert_uint_eq(pair.hosts[B].delivered, 1); /* the hub's error */
    pair_end(&pair);
}
END_TEST

START_TEST(below_1200_everything_may_be_fragmented) /* [MTU-7] */
{
    start(3, 900);
    give(B, "10.2.0.9", "10.3.0.9", 1000, 0x40, 64);
    ck_assert_uint_eq(pair.hosts[C].delivered, 1);
    ck_assert_uint_eq(fragmentable, 1);
    pair_end(&pair);
}
END_TEST

START_TEST(a_syn_asks_for_no_more_than_both_tunnels_carry) /* [MTU-8] */
{
    uint8_t syn[44];
    uint32_t limit;

    start(3, 1252);
    limit = inner_limit(HUB, C);
    pair_packet(syn, "10.2.0.9", "10.3.0.9", sizeof syn);
    syn[9] = 6;
    memset(syn + 20, 0, 24);
    syn[32] = 0x60;
    syn[33] = 0x02;
    memcpy(syn + 40, "\x02\x04\x05\xb4", 4);
    pair_give(&pair, B, syn, sizeof syn);
    pair_run(&pair, AVPN_SECOND / 5);
    ck_assert_uint_eq(pair.hosts[C].delivered, 1);
    ck_assert_uint_eq((uint32_t)pair.hosts[C].last_packet[42] << 8 | pair.hosts[C].last_packet[43],
                      limit - 40);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_CLAMPED), 1);
    pair_end(&pair);
}
END_TEST

/* ---- what cannot be passed on ------------------------------------------------------- */

START_TEST(a_hop_limit_that_ends_at_a_hub_is_answered_by_it) /* [RTE-4], [ICM-1] */
{
    const uint8_t *error = pair.hosts[B].last_packet;

    start(5, 0);
    give(B, "10.2.0.9", "10.5.0.9", 100, 0, 1); /* over two hubs */
    ck_assert_uint_eq(pair.hosts[B].delivered, 1);
    ck_assert_uint_eq(error[20], 11);
    ck_assert_mem_eq(error + 12, "\x0a\x01\x00\x01", 4);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_HOP_LIMIT), 1);
    give(B, "10.2.0.9", "10.5.0.9", 100, 0, 2);
    ck_assert_uint_eq(pair.hosts[B].delivered, 2);
    ck_assert_mem_eq(error + 12, "\x0a\x04\x00\x01", 4);
    give(B, "10.2.0.9", "10.5.0.9", 100, 0, 3);
    ck_assert_uint_eq(pair.hosts[E].delivered, 1);
    ck_assert_uint_eq(pair.hosts[E].last_packet[8], 1);
    pair_end(&pair);
}
END_TEST

START_TEST(no_route_and_no_tunnel_are_told_apart) /* [ICM-1] */
{
    const uint8_t *error = pair.hosts[B].last_packet;

    start(5, 0);
    give(B, "10.2.0.9", "10.99.0.1", 100, 0, 64);
    ck_assert_uint_eq(error[20], 3);
    ck_assert_uint_eq(error[21], 0);
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_DROP_NO_ROUTE), 1);
    pair_uplink(&pair, C, 0, false);
    pair_run(&pair, 4 * AVPN_SECOND);
    give(B, "10.2.0.9", "10.3.0.1", 100, 0, 64); /* the hub knows that C is gone */
    ck_assert_uint_eq(pair.hosts[B].delivered, 2);
    ck_assert_uint_eq(error[21], 1);
    pair_end(&pair);
}
END_TEST

START_TEST(errors_are_few_and_never_about_errors) /* [ICM-3] */
{
    uint8_t packet[100];

    start(3, 0);
    pair_packet(packet, "10.2.0.9", "10.99.0.1", sizeof packet);
    for (uint32_t i = 0; i < 200; i++)
        pair_give(&pair, B, packet, sizeof packet);
    ck_assert_uint_ge(pair.hosts[B].delivered, 49);
    ck_assert_uint_le(pair.hosts[B].delivered, 52);
    pair_run(&pair, 2 * AVPN_SECOND);
    pair.hosts[B].delivered = 0;
    packet[9] = 1;
    packet[20] = 3; /* an ICMP error */
    pair_give(&pair, B, packet, sizeof packet);
    ck_assert_uint_eq(pair.hosts[B].delivered, 0);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(paths_of_1500_and_of_1280_are_found),
    HARNESS_CASE(what_does_not_fit_is_answered_with_the_size_that_does),
    HARNESS_CASE(a_hub_answers_for_the_next_path),
    HARNESS_CASE(ipv4_without_df_is_sent_in_pieces),
    HARNESS_CASE(ipv6_of_1280_always_passes),
    HARNESS_CASE(below_1200_everything_may_be_fragmented),
    HARNESS_CASE(a_syn_asks_for_no_more_than_both_tunnels_carry),
    HARNESS_CASE(a_hop_limit_that_ends_at_a_hub_is_answered_by_it),
    HARNESS_CASE(no_route_and_no_tunnel_are_told_apart),
    HARNESS_CASE(errors_are_few_and_never_about_errors),
};

HARNESS_MAIN("node/carry", cases)
