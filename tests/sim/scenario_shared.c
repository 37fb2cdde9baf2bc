/* SPDX-License-Identifier: ISC */
/* Scenarios about subnets that several members export, that are not offered now, or that this machine is attached to. */
#include "scenario.h"

#define SHARED "10.99.0.0/16"
#define IN_SHARED "10.99.0.5"

static const struct world_site two_centres[] = {
    {.role = AVPN_ROLE_HUB, .exports = {SHARED}},
    {.role = AVPN_ROLE_HUB, .exports = {SHARED}},
    {.nat = {&sim_nat_home}, .hubs = {1, 2}},
    {.nat = {&sim_nat_home}, .hubs = {2, 1}},
};

/* [RTE-3] */
static uint32_t the_first_preference_serves_what_two_hubs_export(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, two_centres, 4, 2);
    const struct world_flow echo = {
        .from = 3, .to = 2, .destination = IN_SHARED, .family = AVPN_FAMILY_IPV4};

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_served_by(w, 3, IN_SHARED) == 1 && world_served_by(w, 4, IN_SHARED) == 2);
    EXPECT(w, world_has_conflict(w, 3, AVPN_CONFLICT_SHARED, SHARED, 1, 2));
    EXPECT(w, world_has_conflict(w, 4, AVPN_CONFLICT_SHARED, SHARED, 2, 1));
    EXPECT(w, world_has_conflict(w, 1, AVPN_CONFLICT_OWN, SHARED, 1, 2));
    EXPECT(w, world_has_conflict(w, 2, AVPN_CONFLICT_OWN, SHARED, 2, 1));
    world_node_stop(w, 1);
    world_run(w, SECONDS(4));
    EXPECT(w, world_served_by(w, 3, IN_SHARED) == 2);
    EXPECT(w, world_echo(w, &echo));
    world_node_start(w, 1, 0);
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    world_run(w, SECONDS(12));
    EXPECT(w, world_served_by(w, 3, IN_SHARED) == 1 && world_served_by(w, 4, IN_SHARED) == 2);
    return world_del(w);
}

/* [RTE-3] the events name both owners, once. */
static uint32_t conflicts_of_every_kind_are_told(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB, .exports = {SHARED, "192.168.0.0/16"}},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exports = {SHARED, "10.98.0.0/16"}},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exports = {"10.98.7.0/24"}},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exports = {"192.168.50.128/25"}}};
    const struct avpn_prefix attached = world_prefix("192.168.50.0/24");
    struct world *w = world_new(__func__, seed, sites, 4, 2);
    struct avpn_event event = {.kind = AVPN_EVENT_CONFLICT};
    avpn_time before;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    event.state = AVPN_CONFLICT_OWN;
    event.peer = 2;
    event.other = 1;
    EXPECT(w, world_has_conflict(w, 2, AVPN_CONFLICT_OWN, SHARED, 2, 1));
    EXPECT(w, world_told(w, 2, &event, SHARED, 0) == 1);
    event.state = AVPN_CONFLICT_SHARED;
    event.peer = 1;
    event.other = 2;
    EXPECT(w, world_has_conflict(w, 3, AVPN_CONFLICT_SHARED, SHARED, 1, 2));
    EXPECT(w, world_told(w, 3, &event, SHARED, 0) == 1);
    event.state = AVPN_CONFLICT_INSIDE;
    event.peer = 3;
    EXPECT(w, world_has_conflict(w, 2, AVPN_CONFLICT_INSIDE, "10.98.7.0/24", 3, 2));
    EXPECT(w, world_told(w, 2, &event, "10.98.7.0/24", 0) == 1);
    before = world_now(w);
    world_must(w, avpn_node_set_attached(w->nodes[3].node, &attached, 1, before),
               "avpn_node_set_attached");
    world_node_serve(&w->nodes[3]);
    event.state = AVPN_CONFLICT_ATTACHED;
    event.other = 4;
    EXPECT(w, world_has_conflict(w, 3, AVPN_CONFLICT_ATTACHED, "192.168.50.128/25", 3, 4));
    EXPECT(w, world_told(w, 3, &event, "192.168.50.128/25", before) == 1);
    return world_del(w);
}

/* [RTE-3] [RTE-10] */
static uint32_t the_outcome_of_a_conflict_is_what_the_rules_say(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB, .exports = {SHARED, "192.168.0.0/16"}},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exports = {SHARED, "10.98.0.0/16"}},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exports = {"10.98.7.0/24"}},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exports = {"192.168.50.128/25"}}};
    const struct avpn_prefix attached = world_prefix("192.168.50.0/24");
    struct world *w = world_new(__func__, seed, sites, 4, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_served_by(w, 3, IN_SHARED) == 1); /* hubs before spokes */
    EXPECT(w, world_served_by(w, 4, IN_SHARED) == 1);
    EXPECT(w, world_served_by(w, 2, IN_SHARED) == 0); /* its own: not the VPN's business */
    EXPECT(w, world_served_by(w, 2, "10.98.7.5") == 3 && world_served_by(w, 4, "10.98.7.5") == 3);
    EXPECT(w, world_served_by(w, 4, "10.98.8.5") == 2);
    EXPECT(w, world_served_by(w, 3, "192.168.50.130") == 4 &&
                  world_served_by(w, 3, "192.168.50.3") == 1);
    world_must(w, avpn_node_set_attached(w->nodes[3].node, &attached, 1, world_now(w)),
               "avpn_node_set_attached");
    world_node_serve(&w->nodes[3]);
    EXPECT(w, world_served_by(w, 3, "192.168.50.130") == 0 &&
                  world_served_by(w, 3, "192.168.50.3") == 0);
    EXPECT(w, world_served_by(w, 3, "192.168.51.3") == 1);
    EXPECT(w, world_hop(w, 3, "192.168.50.0/24") == AVPN_ROUTE_NONE);
    EXPECT(w, world_served_by(w, 2, "192.168.50.130") == 4);
    world_must(w, avpn_node_set_attached(w->nodes[3].node, NULL, 0, world_now(w)),
               "avpn_node_set_attached");
    world_node_serve(&w->nodes[3]);
    EXPECT(w, world_served_by(w, 3, "192.168.50.130") == 4);
    return world_del(w);
}

/* ---- offers --------------------------------------------------------------------------------------- */

static void offer(struct world *w, uint32_t site, const char *prefix, int32_t is_offered)
{
    const struct avpn_prefix wanted = world_prefix(prefix);

    world_must(w, avpn_node_set_offer(w->nodes[site].node, &wanted, is_offered, world_now(w)),
               "avpn_node_set_offer");
    world_node_serve(&w->nodes[site]);
}

/* How long packets from a site still go elsewhere than to `wanted`; 5 s if they never come there. */
static avpn_span time_to_move(struct world *w, uint32_t from, uint32_t wanted)
{
    const struct world_flow flow = {.from = from, .destination = IN_SHARED, .is_free = true};
    const avpn_time began = world_now(w);
    const size_t first = world_stream_of(w, &flow, 500, 10 * AVPN_MILLISECOND);
    size_t last = first + 500;

    world_run(w, SECONDS(1));
    while (last > first && world_has_arrived(w, last - 1) &&
           world_packet(w, last - 1)->arrived_site == wanted)
        last--;
    return last == first + 500 ? SECONDS(5) : world_packet(w, last)->sent_at - began;
}

/* [PRB-14] [RTE-8] */
static uint32_t a_withdrawn_offer_moves_traffic_within_a_second(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, two_centres, 4, 2);
    const struct avpn_event withdrawn = {.kind = AVPN_EVENT_OFFER, .peer = 1, .state = 0};
    const struct avpn_event offered = {.kind = AVPN_EVENT_OFFER, .peer = 1, .state = 1};
    const struct avpn_event conflict = {
        .kind = AVPN_EVENT_CONFLICT, .state = AVPN_CONFLICT_WITHDRAWN, .peer = 2, .other = 1};
    avpn_span away, back;
    avpn_time before;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(5));
    EXPECT(w, world_served_by(w, 3, IN_SHARED) == 1);
    before = world_now(w);
    offer(w, 1, SHARED, 0);
    away = time_to_move(w, 3, 2);
    EXPECT(w, world_has_conflict(w, 3, AVPN_CONFLICT_WITHDRAWN, SHARED, 2, 1));
    EXPECT(w, world_told(w, 3, &withdrawn, SHARED, before) == 1);
    EXPECT(w, world_told(w, 3, &conflict, SHARED, before) == 1);
    EXPECT(w, world_served_by(w, 1, IN_SHARED) == 2); /* to itself too it is not its */
    EXPECT(w, world_served_by(w, 4, IN_SHARED) == 2);
    before = world_now(w);
    offer(w, 1, SHARED, 1);
    back = time_to_move(w, 3, 1);
    EXPECT(w, !world_has_conflict(w, 3, AVPN_CONFLICT_WITHDRAWN, SHARED, 2, 1));
    EXPECT(w, world_told(w, 3, &offered, SHARED, before) == 1);
    EXPECT(w, away <= 1100 * AVPN_MILLISECOND && back <= 1100 * AVPN_MILLISECOND);
    EXPECT(w, w->nodes[3].downs == 0);
    return world_del(w);
}

/* [PRB-14]: the bits are by place, and a new configuration moves places; what was withdrawn stays so meanwhile. */
static uint32_t a_change_of_exports_offers_nothing_that_was_withdrawn(uint64_t seed)
{
    struct world_site sites[4];
    struct world *w;
    size_t first;

    for (int i = 0; i < 4; i++)
        sites[i] = two_centres[i];
    w = world_new(__func__, seed, sites, 4, 2);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(5));
    offer(w, 1, SHARED, 0);
    world_run(w, SECONDS(2));
    EXPECT(w, world_served_by(w, 3, IN_SHARED) == 2);
    sites[0].exports[1] = "10.33.0.0/16"; /* before it, in the order of exports */
    world_publish(w, sites);
    world_deliver(w, 3);
    first = world_stream_of(
        w, &(struct world_flow){.from = 3, .destination = IN_SHARED, .is_free = true}, 3000,
        AVPN_MILLISECOND);
    world_run(w, SECONDS(1));
    EXPECT(w, world_version(w, 1) == w->version && world_version(w, 3) == w->version);
    for (size_t i = first; i < w->packet_count; i++)
        if (world_packet(w, i)->arrived_site != 2)
            EXPECT(w, world_packet(w, i)->arrived_site == 2);
    EXPECT(w, world_served_by(w, 3, "10.33.0.1") == 1 && world_served_by(w, 1, IN_SHARED) == 2);
    return world_del(w);
}

/* [RTE-8] not by the default route either. */
static uint32_t what_nobody_offers_is_not_sent_elsewhere(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB, .exports = {SHARED}},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exits = {1}},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exports = {"172.16.3.0/24"}}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);
    const struct world_flow to_hub = {.from = 2, .destination = IN_SHARED};
    const struct world_flow to_spoke = {.from = 2, .destination = "172.16.3.5"};

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(5));
    offer(w, 1, SHARED, 0);
    offer(w, 3, "172.16.3.0/24", 0);
    world_run(w, SECONDS(2));
    EXPECT(w, world_answer_to(w, &to_hub) == WORLD_NO_TUNNEL && world_is_told_by(w, 2));
    EXPECT(w, world_answer_to(w, &to_spoke) == WORLD_NO_TUNNEL && world_is_told_by(w, 1));
    EXPECT(w, world_has_conflict(w, 2, AVPN_CONFLICT_WITHDRAWN, SHARED, 0, 1));
    EXPECT(w, world_echo(w, &(struct world_flow){.from = 2, .exit = 1}));
    EXPECT(w, world_echoes(w, 2, 3)); /* its LAN is still offered */
    world_node_stop(w, 3);
    world_node_start(w, 3, 0); /* a new start offers everything */
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    world_run(w, SECONDS(2));
    EXPECT(w, world_served_by(w, 2, "172.16.3.5") == 3);
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario shared_scenarios[] = {
    S(the_first_preference_serves_what_two_hubs_export),
    S(conflicts_of_every_kind_are_told),
    S(the_outcome_of_a_conflict_is_what_the_rules_say),
    S(a_withdrawn_offer_moves_traffic_within_a_second),
    S(a_change_of_exports_offers_nothing_that_was_withdrawn),
    S(what_nobody_offers_is_not_sent_elsewhere),
};
const size_t shared_scenario_count = sizeof shared_scenarios / sizeof *shared_scenarios;
