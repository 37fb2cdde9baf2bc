/* SPDX-License-Identifier: ISC */
/* The route table as offers, attached subnets and the states of tunnels change it; its events and conflicts. */
#include "harness.h"
#include "node/pair.h"
#include <string.h>

/* Two hubs that both export a data centre, a spoke that prefers the second, another spoke of the first. */
static const struct pair_site sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16", "10.50.0.0/16"}},
    {.role = AVPN_ROLE_HUB, .exports = {"10.2.0.0/16", "10.50.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {2, 1}, .exports = {"10.3.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.4.0.0/16", "10.50.7.0/24"}},
};
enum { HUB, HUB2, B, C };

static struct pair pair;

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix;

    ck_assert_int_eq(avpn_prefix_parse(text, &prefix), AVPN_OK);
    return prefix;
}

static void start(void)
{
    pair_begin(&pair, sites, 4, 1, 5);
    pair_start(&pair);
    pair_run(&pair, 8 * AVPN_SECOND);
}

/* The hop in use for a prefix: a member id; 0: the route has none alive; -1: there is no route. */
static int32_t hop_of(uint32_t number, const char *text)
{
    struct avpn_prefix prefix = prefix_of(text);
    struct avpn_route route = {.size = sizeof route};
    uint32_t active;

    for (uint32_t i = 0;
         avpn_node_route_at(pair.hosts[number].node, i, &route, &active) == AVPN_OK; i++)
        if (memcmp(&route.prefix, &prefix, sizeof prefix) == 0)
            return active == AVPN_ROUTE_NONE ? 0 : (int32_t)route.hops[active];
    return -1;
}

static int32_t offer(uint32_t number, const char *text, int32_t is_offered)
{
    struct avpn_prefix prefix = prefix_of(text);

    return avpn_node_set_offer(pair.hosts[number].node, &prefix, is_offered, pair.now);
}

static bool has_conflict(uint32_t number, uint32_t kind, const char *text, uint32_t winner,
                         uint32_t loser)
{
    struct avpn_conflict_status status = {.size = sizeof status};
    struct avpn_prefix prefix = prefix_of(text);

    for (uint32_t i = 0; avpn_node_conflict_at(pair.hosts[number].node, i, &status) == AVPN_OK; i++)
        if (status.kind == kind && status.winner == winner && status.loser == loser &&
            memcmp(&status.prefix, &prefix, sizeof prefix) == 0)
            return true;
    return false;
}

START_TEST(a_spokes_own_order_decides_between_hubs_that_export_the_same) /* [RTE-3] */
{
    start();
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB2 + 1);
    ck_assert_int_eq(hop_of(C, "10.50.0.0/16"), HUB + 1);
    ck_assert(has_conflict(B, AVPN_CONFLICT_SHARED, "10.50.0.0/16", HUB2 + 1, HUB + 1));
    ck_assert(has_conflict(HUB, AVPN_CONFLICT_OWN, "10.50.0.0/16", HUB + 1, HUB2 + 1));
    ck_assert(has_conflict(HUB, AVPN_CONFLICT_INSIDE, "10.50.7.0/24", C + 1, HUB + 1));
    ck_assert_uint_ge(pair.hosts[B].events[AVPN_EVENT_CONFLICT], 1);
    ck_assert_uint_eq(pair.hosts[B].last_event[AVPN_EVENT_CONFLICT].peer, HUB2 + 1);
    ck_assert_uint_eq(pair.hosts[B].last_event[AVPN_EVENT_CONFLICT].other, HUB + 1);
    pair_end(&pair);
}
END_TEST

START_TEST(what_a_hub_no_longer_offers_moves_to_the_other_and_back) /* [RTE-8], [PRB-14] */
{
    uint32_t conflicts;

    start();
    conflicts = pair.hosts[B].events[AVPN_EVENT_CONFLICT];
    ck_assert_int_eq(offer(HUB2, "10.50.0.0/16", 0), AVPN_OK);
    ck_assert_int_eq(hop_of(HUB2, "10.50.0.0/16"), HUB + 1); /* to itself it is the other's */
    pair_run(&pair, 2 * AVPN_SECOND);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB + 1);
    ck_assert_int_eq(hop_of(B, "10.2.0.0/16"), HUB2 + 1);
    ck_assert_uint_eq(pair.hosts[B].events[AVPN_EVENT_OFFER], 1);
    ck_assert_uint_eq(pair.hosts[B].last_event[AVPN_EVENT_OFFER].peer, HUB2 + 1);
    ck_assert_uint_eq(pair.hosts[B].last_event[AVPN_EVENT_OFFER].state, 0);
    ck_assert(has_conflict(B, AVPN_CONFLICT_WITHDRAWN, "10.50.0.0/16", HUB + 1, HUB2 + 1));
    ck_assert_uint_eq(pair.hosts[B].events[AVPN_EVENT_CONFLICT], conflicts + 1);
    pair_send(&pair, B, "10.3.0.1", "10.50.0.1", 1, 100, 100);
    pair_run(&pair, AVPN_SECOND / 5);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1);
    ck_assert_int_eq(offer(HUB2, "10.50.0.0/16", 1), AVPN_OK);
    pair_run(&pair, 3 * AVPN_SECOND);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB2 + 1);
    pair_end(&pair);
}
END_TEST

START_TEST(what_nobody_offers_keeps_its_route_without_a_hop) /* [RTE-8] */
{
    start();
    offer(HUB, "10.50.0.0/16", 0);
    offer(HUB2, "10.50.0.0/16", 0);
    pair_run(&pair, 3 * AVPN_SECOND);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), 0);
    ck_assert_uint_eq(pair.hosts[B].last_event[AVPN_EVENT_ROUTE_REPLACE].state, 0);
    ck_assert_int_eq(offer(HUB, "10.60.0.0/16", 0), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(offer(HUB, "10.50.0.0/16", 2), AVPN_ERROR_ARGUMENT);
    pair_end(&pair);
}
END_TEST

/* The places of exports change with a configuration; what was withdrawn stays it, by its prefix. */
START_TEST(offers_survive_a_new_configuration) /* [RTE-8] */
{
    start();
    offer(HUB2, "10.50.0.0/16", 0);
    pair_run(&pair, 2 * AVPN_SECOND);
    pair.sites[HUB2].exports[2] = "10.20.0.0/16"; /* before it in the list */
    pair_configure(&pair);
    pair_run(&pair, 3 * AVPN_SECOND);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB + 1);
    ck_assert_int_eq(hop_of(B, "10.20.0.0/16"), HUB2 + 1);
    ck_assert_int_eq(hop_of(HUB2, "10.50.0.0/16"), HUB + 1);
    pair_end(&pair);
}
END_TEST

START_TEST(attached_subnets_are_the_sites_own) /* [RTE-10] */
{
    struct avpn_prefix attached[2] = {prefix_of("10.50.7.0/24"), prefix_of("10.1.0.0/16")};
    struct avpn_prefix bad = prefix_of("0.0.0.0/0");
    static const struct avpn_prefix many[AVPN_ATTACHED + 1];
    struct avpn_route route = {.size = sizeof route};

    start();
    ck_assert_int_eq(hop_of(B, "10.50.7.0/24"), HUB2 + 1);
    ck_assert_int_eq(avpn_node_set_attached(pair.hosts[B].node, attached, 2, pair.now), AVPN_OK);
    ck_assert_int_eq(hop_of(B, "10.50.7.0/24"), 0);
    ck_assert_int_eq(avpn_routes_get(pair.hosts[B].node->routing.table.routes, &attached[0], &route),
                     AVPN_OK);
    ck_assert_uint_eq(route.hops[0], AVPN_HOP_ATTACHED);
    ck_assert(has_conflict(B, AVPN_CONFLICT_ATTACHED, "10.50.7.0/24", B + 1, C + 1));
    ck_assert(has_conflict(B, AVPN_CONFLICT_ATTACHED, "10.1.0.0/16", B + 1, HUB + 1));
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB2 + 1); /* what is left of the larger one */
    ck_assert_int_eq(avpn_node_set_attached(pair.hosts[B].node, &bad, 1, pair.now),
                     AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_set_attached(pair.hosts[B].node, many, AVPN_ATTACHED + 1, pair.now),
                     AVPN_ERROR_LIMIT);
    ck_assert_int_eq(hop_of(B, "10.50.7.0/24"), 0);
    ck_assert_int_eq(avpn_node_set_attached(pair.hosts[B].node, NULL, 0, pair.now), AVPN_OK);
    ck_assert_int_eq(hop_of(B, "10.50.7.0/24"), HUB2 + 1);
    pair_end(&pair);
}
END_TEST

START_TEST(a_hub_that_comes_back_is_trusted_after_the_hold) /* [RTE-7] */
{
    start();
    ck_assert_int_eq(hop_of(B, "10.2.0.0/16"), HUB2 + 1);
    pair_uplink(&pair, HUB2, 0, false);
    pair_run(&pair, 4 * AVPN_SECOND);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB + 1);
    ck_assert_uint_eq(pair.hosts[B].last_event[AVPN_EVENT_ROUTE_REPLACE].state, 1);
    pair_uplink(&pair, HUB2, 0, true);
    for (uint32_t i = 0; i < 300 && !pair_is_up(&pair, B, HUB2); i++)
        pair_run(&pair, AVPN_SECOND / 10);
    ck_assert(pair_is_up(&pair, B, HUB2));
    ck_assert_uint_eq(avpn_node_hop_state(pair.hosts[B].node, HUB2 + 1), AVPN_HOP_HELD);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB + 1);
    pair_run(&pair, 9 * AVPN_SECOND);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB + 1);
    pair_run(&pair, 2 * AVPN_SECOND);
    ck_assert_uint_eq(avpn_node_hop_state(pair.hosts[B].node, HUB2 + 1), AVPN_HOP_ALIVE);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB2 + 1);
    ck_assert_uint_eq(pair.hosts[B].last_event[AVPN_EVENT_ROUTE_REPLACE].metric, 0);
    pair_end(&pair);
}
END_TEST

/* A peer that says something else with every probe makes nobody plan more than once a second. */
START_TEST(offers_that_flap_are_planned_once_a_second) /* [RTE-8] */
{
    struct avpni_peer *hub;
    uint32_t before;

    start();
    hub = pair_peer(&pair, B, HUB2);
    before = pair.hosts[B].events[AVPN_EVENT_ROUTE_REPLACE];
    for (uint32_t i = 0; i < 50; i++) {
        hub->offers ^= 2; /* 10.50.0.0/16 */
        hub->context->offers_changed(hub->context->owner, hub, pair.now);
        avpni_node_flush(pair.hosts[B].node, pair.now);
        pair_run(&pair, AVPN_SECOND / 50);
    }
    ck_assert_uint_ge(pair.hosts[B].events[AVPN_EVENT_OFFER], 50);
    ck_assert_uint_le(pair.hosts[B].events[AVPN_EVENT_ROUTE_REPLACE] - before, 3);
    pair_end(&pair);
}
END_TEST

/* The first of two owners is gone for good: what was the second choice is the first, and its metric says so. */
START_TEST(a_hop_that_moves_up_is_told) /* [RTE-3] */
{
    const struct avpn_event *event = &pair.hosts[B].last_event[AVPN_EVENT_ROUTE_REPLACE];

    start();
    pair_uplink(&pair, HUB2, 0, false);
    pair_run(&pair, 4 * AVPN_SECOND);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB + 1);
    ck_assert_uint_eq(event->metric, 1);
    pair.sites[HUB2].exports[1] = NULL;
    pair_configure(&pair);
    ck_assert_int_eq(hop_of(B, "10.50.0.0/16"), HUB + 1);
    ck_assert_uint_eq(event->peer, HUB + 1);
    ck_assert_uint_eq(event->metric, 0);
    pair_end(&pair);
}
END_TEST

START_TEST(explain_names_alternatives_and_conflicts)
{
    struct avpn_flow flow = {.size = sizeof flow};
    struct avpn_explanation why = {.size = sizeof why};

    start();
    avpn_address_parse("10.3.0.1", &flow.source);
    avpn_address_parse("10.50.0.1", &flow.destination);
    ck_assert_int_eq(avpn_node_explain(pair.hosts[B].node, &flow, &why), AVPN_OK);
    ck_assert_uint_eq(why.verdict, AVPN_EXPLAIN_TUNNEL);
    ck_assert_uint_eq(why.hop_count, 2);
    ck_assert_uint_eq(why.hop_reasons[0], AVPN_HOP_REASON_USED);
    ck_assert_uint_eq(why.hop_reasons[1], AVPN_HOP_REASON_STANDBY);
    ck_assert_uint_eq(why.next_hop, HUB2 + 1);
    ck_assert_uint_ge(why.conflict_count, 1);
    ck_assert_uint_eq(why.uplink, 0);
    ck_assert_uint_gt(why.mtu_bytes, 1100);
    ck_assert_uint_ne(why.suite, 0);
    avpn_address_parse("10.9.9.9", &flow.source);
    ck_assert_int_eq(avpn_node_explain(pair.hosts[B].node, &flow, &why), AVPN_OK);
    ck_assert_uint_eq(why.verdict, AVPN_EXPLAIN_SOURCE);
    avpn_address_parse("10.50.0.1", &flow.source);
    avpn_address_parse("10.3.0.1", &flow.destination);
    ck_assert_int_eq(avpn_node_explain(pair.hosts[B].node, &flow, &why), AVPN_OK);
    ck_assert_uint_eq(why.verdict, AVPN_EXPLAIN_DELIVERED);
    ck_assert_uint_eq(why.from, HUB2 + 1);
    ck_assert_int_eq(avpn_node_explain(pair.hosts[C].node, &flow, &why), AVPN_OK);
    ck_assert_uint_eq(why.verdict, AVPN_EXPLAIN_NO_ROUTE); /* a spoke forwards nothing */
    flow.destination.family = AVPN_FAMILY_IPV6;
    ck_assert_int_eq(avpn_node_explain(pair.hosts[B].node, &flow, &why), AVPN_ERROR_ARGUMENT);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_spokes_own_order_decides_between_hubs_that_export_the_same),
    HARNESS_CASE(what_a_hub_no_longer_offers_moves_to_the_other_and_back),
    HARNESS_CASE(what_nobody_offers_keeps_its_route_without_a_hop),
    HARNESS_CASE(offers_survive_a_new_configuration),
    HARNESS_CASE(attached_subnets_are_the_sites_own),
    HARNESS_CASE(a_hub_that_comes_back_is_trusted_after_the_hold),
    HARNESS_CASE(offers_that_flap_are_planned_once_a_second),
    HARNESS_CASE(a_hop_that_moves_up_is_told),
    HARNESS_CASE(explain_names_alternatives_and_conflicts),
};

HARNESS_MAIN("node/routing", cases)
