/* SPDX-License-Identifier: ISC */
/*
 * Scenarios about where packets go: topologies, exit hubs, breakouts, subnets that several members export, and what is
 * told of it. How long it takes when something fails: scenario_failover.c.
 */
#include "scenario.h"

#define V6 AVPN_FAMILY_IPV6
#define SHARED "10.99.0.0/16"
#define IN_SHARED "10.99.0.5"

/* A packet that arrives within a second; how many hubs it passed, or -1. */
static int32_t hubs_passed(struct world *w, const struct world_flow *flow)
{
    const size_t packet = world_send(w, flow);

    world_run(w, SECONDS(1));
    return world_has_arrived(w, packet) ? 64 - world_packet(w, packet)->arrived_hop_limit : -1;
}

static int32_t hubs_between(struct world *w, uint32_t from, uint32_t to)
{
    const int32_t v4 = hubs_passed(w, &(struct world_flow){.from = from, .to = to});
    const int32_t v6 = hubs_passed(w, &(struct world_flow){.from = from, .to = to, .family = V6});

    return v4 == v6 ? v4 : -2;
}

/* The ICMP error that a packet which must not arrive brings back within a second. */
static uint32_t answer_to(struct world *w, const struct world_flow *flow)
{
    struct world_flow doomed = *flow;
    size_t packet;

    doomed.is_forbidden = true;
    packet = world_send(w, &doomed);
    world_run(w, SECONDS(1));
    return world_error(w, packet);
}

static bool is_error_of(const struct world *w, uint32_t site, uint8_t family)
{
    const struct world_packet *packet = world_packet(w, w->packet_count - 1);
    const struct avpn_address address = world_host(site, family, 1);

    return packet->errors == 1 && sim_address_is_equal(&packet->error_source, &address);
}

/* ---- topologies -------------------------------------------------------------------------- */

/* [RTE-1] */
static uint32_t spokes_use_hubs_in_their_own_order(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {2, 1}},
                                       {.nat = {&sim_nat_home}, .hubs = {1, 2}}};
    struct world *w = world_new(__func__, seed, sites, 4, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_hop(w, 3, "10.0.4.0/24") == 2 && world_hop(w, 4, "10.0.3.0/24") == 1);
    EXPECT(w, hubs_between(w, 3, 4) == 1);
    EXPECT(w, world_counter(w, 2, AVPN_COUNT_FORWARDED) == 2);
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_FORWARDED) == 0);
    EXPECT(w, world_echoes(w, 4, 3)); /* there by 1, and back by 2 */
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_FORWARDED) == 2);
    EXPECT(w, world_counter(w, 2, AVPN_COUNT_FORWARDED) == 4);
    EXPECT(w, hubs_between(w, 3, 1) == 0 && hubs_between(w, 2, 4) == 0);
    return world_del(w);
}

static uint32_t hubs_of_a_mesh_need_no_other_hub(uint64_t seed)
{
    struct world_site sites[5];
    struct world *w;

    for (int i = 0; i < 5; i++)
        sites[i] = (struct world_site){.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}};
    w = world_new(__func__, seed, sites, 5, 2);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (uint32_t a = 1; a <= 5; a++)
        for (uint32_t b = 1; b <= 5; b++)
            if (a != b)
                EXPECT(w, hubs_between(w, a, b) == 0);
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_FORWARDED) == 0);
    return world_del(w);
}

/* [RTE-1]: one's own order counts, even where a later hub would be nearer to the other. */
static uint32_t spokes_that_share_some_hubs_still_begin_with_their_first(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.role = AVPN_ROLE_HUB},
                                       {.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1, 2}},
                                       {.nat = {&sim_nat_symmetric}, .hubs = {2, 3}},
                                       {.nat = {&sim_nat_home}, .hubs = {3}}};
    struct world *w = world_new(__func__, seed, sites, 6, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, hubs_between(w, 4, 5) == 2); /* 1, 2 */
    EXPECT(w, hubs_between(w, 5, 4) == 1); /* 2 */
    EXPECT(w, hubs_between(w, 4, 6) == 2); /* 1, 3 */
    EXPECT(w, hubs_between(w, 5, 6) == 2); /* 2, 3 */
    EXPECT(w, hubs_between(w, 6, 5) == 1); /* 3 */
    EXPECT(w, world_echoes(w, 4, 5) && world_echoes(w, 5, 6) && world_echoes(w, 6, 4));
    return world_del(w);
}

/* [TOP-2] [ICM-1] */
static uint32_t without_hub_tunnels_spokes_need_a_hub_in_common(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1}},
                                       {.nat = {&sim_nat_home}, .hubs = {2}},
                                       {.nat = {&sim_nat_home}, .hubs = {1, 2}}};
    const struct world_policy policy = {.flags = AVPN_ORGANIZATION_NO_HUB_TUNNELS};
    struct world *w = world_new_with(__func__, seed, sites, 5, 2, &policy);
    uint32_t error;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_peer(w, 1, 2).member == 0 && world_peer(w, 2, 1).member == 0);
    EXPECT(w, world_echoes(w, 3, 5) && world_echoes(w, 4, 5) && world_echoes(w, 5, 1));
    EACH_FAMILY(family) {
        error = answer_to(w, &(struct world_flow){.from = 3, .to = 4, .family = family});
        EXPECT(w, error == WORLD_NO_ROUTE || error == WORLD_NO_TUNNEL);
        EXPECT(w, is_error_of(w, 1, family));
        error = answer_to(w, &(struct world_flow){.from = 1, .to = 2, .family = family});
        EXPECT(w, error == WORLD_NO_ROUTE || error == WORLD_NO_TUNNEL);
        EXPECT(w, is_error_of(w, 1, family));
    }
    return world_del(w);
}

/* [TOP-2] */
static uint32_t an_exit_hub_keeps_its_tunnel_where_hub_tunnels_are_off(uint64_t seed)
{
    struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .hubs = {2}, .exits = {2}},
                                 {.role = AVPN_ROLE_HUB},
                                 {.role = AVPN_ROLE_HUB}};
    struct world *w =
        world_new_with(__func__, seed, sites, 3, 2,
                       &(struct world_policy){.flags = AVPN_ORGANIZATION_NO_HUB_TUNNELS});

    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(30)));
    EXPECT(w, world_peer(w, 1, 3).member == 0 && world_peer(w, 2, 3).member == 0);
    EXPECT(w, world_echo(w, &(struct world_flow){.from = 1, .exit = 2}));
    w->policy.flags = 0; /* and now all of them */
    EXPECT(w, world_change(w, sites));
    EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)) && world_wait_tunnel(w, 2, 3, SECONDS(30)));
    EXPECT(w, w->nodes[1].downs == 0 && world_echoes(w, 3, 2));
    return world_del(w);
}

static uint32_t a_site_alone_is_an_organization(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}}};
    struct world *w = world_new(__func__, seed, sites, 1, 2);

    world_run(w, SECONDS(30));
    EXPECT(w, world_is_registered(w, 0, 1) && world_is_registered(w, 1, 1));
    EXPECT(w, world_hop(w, 1, "10.0.1.0/24") == AVPN_HOP_LOCAL);
    EXPECT(w, answer_to(w, &(struct world_flow){.from = 1}) == WORLD_NO_ROUTE);
    EXPECT(w, answer_to(w, &(struct world_flow){.from = 1, .family = V6}) == WORLD_NO_ROUTE);
    EXPECT(w, is_error_of(w, 1, V6));
    EXPECT(w, world_counter(w, 1, AVPN_DROP_NO_ROUTE) == 2);
    return world_del(w);
}

/* [RTE-4] [ICM-1] [ICM-2]: each hub costs one, and says so when it was the last. */
static uint32_t a_packet_that_has_no_hops_left_is_answered_by_the_hub(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1}},
                                       {.nat = {&sim_nat_home}, .hubs = {2}}};
    const struct avpn_address named = sim_address("10.0.1.77");
    struct world *w = world_new(__func__, seed, sites, 4, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EACH_FAMILY(family) {
        struct world_flow flow = {.from = 3, .to = 4, .family = family, .hop_limit = 1};

        EXPECT(w, answer_to(w, &flow) == WORLD_HOP_LIMIT && is_error_of(w, 1, family));
        flow.hop_limit = 2;
        EXPECT(w, answer_to(w, &flow) == WORLD_HOP_LIMIT && is_error_of(w, 2, family));
        flow.hop_limit = 3;
        EXPECT(w, hubs_passed(w, &flow) == 63);
        flow.to = 1; /* no hub between */
        flow.hop_limit = 1;
        EXPECT(w, hubs_passed(w, &flow) == 63);
    }
    EXPECT(w, world_counter(w, 1, AVPN_DROP_HOP_LIMIT) == 2);
    EXPECT(w, world_counter(w, 2, AVPN_DROP_HOP_LIMIT) == 2);
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_ICMP) == 2);
    world_must(w, avpn_node_set_addresses(w->nodes[1].node, &named, 1), "avpn_node_set_addresses");
    answer_to(w, &(struct world_flow){.from = 3, .to = 4, .hop_limit = 1});
    EXPECT(w, sim_address_is_equal(&world_packet(w, w->packet_count - 1)->error_source, &named));
    return world_del(w);
}

/* [ICM-3] */
static uint32_t errors_are_limited_and_go_to_hosts_alone(uint64_t seed)
{
    struct world *w = usual_world(__func__, seed, 3);
    struct world_flow doomed = {.from = 2, .to = 3, .hop_limit = 1, .is_forbidden = true};
    uint32_t told = 0;
    size_t first, packet;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(1));
    first = w->packet_count;
    for (int i = 0; i < 300; i++)
        world_send(w, &doomed);
    world_run(w, 500 * AVPN_MILLISECOND);
    for (size_t i = first; i < w->packet_count; i++)
        told += world_packet(w, i)->errors;
    EXPECT(w, told >= 50 && told <= 52);
    EXPECT(w, world_counter(w, 1, AVPN_DROP_HOP_LIMIT) == 300);
    world_run(w, SECONDS(1));
    first = world_stream_of(w, &doomed, 300, 10 * AVPN_MILLISECOND); /* 100 a second are fine */
    world_run(w, SECONDS(1));
    for (size_t i = first; i < w->packet_count; i++)
        EXPECT(w, world_error(w, i) == WORLD_HOP_LIMIT);
    doomed.destination = "224.0.0.5";
    packet = world_send(w, &doomed);
    doomed.destination = "255.255.255.255";
    world_send(w, &doomed);
    doomed.destination = "ff02::5";
    world_send(w, &doomed);
    world_run(w, SECONDS(1));
    for (size_t i = packet; i < w->packet_count; i++)
        EXPECT(w, world_packet(w, i)->errors == 0);
    return world_del(w);
}

/* [RTE-4]: what came from a hub goes to no hub, whatever hubs that disagree believe of each other. */
static uint32_t hubs_that_disagree_make_no_loop(uint64_t seed)
{
    struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                 {.role = AVPN_ROLE_HUB},
                                 {.role = AVPN_ROLE_HUB},
                                 {.nat = {&sim_nat_home}, .hubs = {1}},
                                 {.nat = {&sim_nat_home}, .hubs = {2}}};
    struct world *w = world_new(__func__, seed, sites, 5, 2);
    uint64_t forwarded;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_echoes(w, 4, 5));
    sim_cut(w->sim, "198.51.100.1", "11.0.0.1");
    sim_cut(w->sim, "198.51.100.2", "11.0.0.1");
    for (uint32_t hub = 3; hub != 0; hub = hub == 3 ? 1 : 0) {
        sites[4].hubs[0] = hub; /* of which hub 1 does not hear, and goes on sending to hub 2 */
        EXPECT(w, world_change(w, sites));
        world_run(w, SECONDS(5));
        EXPECT(w, world_hop(w, 1, "10.0.5.0/24") == 2 && world_hop(w, 2, "10.0.5.0/24") == hub);
        forwarded = world_counter(w, 2, AVPN_COUNT_FORWARDED);
        EACH_FAMILY(family) {
            EXPECT(w, answer_to(w, &(struct world_flow){.from = 4, .to = 5, .family = family}) ==
                          WORLD_NO_ROUTE);
            EXPECT(w, is_error_of(w, 2, family));
        }
        EXPECT(w, world_counter(w, 2, AVPN_COUNT_FORWARDED) == forwarded);
        if (hub == 3)
            EXPECT(w, world_echoes(w, 2, 5) && world_echoes(w, 5, 3));
    }
    sim_heal(w->sim, "198.51.100.1", "11.0.0.1");
    sim_heal(w->sim, "198.51.100.2", "11.0.0.1");
    EXPECT(w, world_wait_tunnel(w, 1, 5, MINUTES(3)));
    EXPECT(w, world_echoes(w, 4, 5) && world_echoes(w, 2, 5));
    return world_del(w);
}

/* ---- one subnet, several owners ---------------------------------------------------------------- */

static const struct world_site two_centres[] = {
    {.role = AVPN_ROLE_HUB, .exports = {SHARED}},
    {.role = AVPN_ROLE_HUB, .exports = {SHARED}},
    {.nat = {&sim_nat_home}, .hubs = {1, 2}},
    {.nat = {&sim_nat_home}, .hubs = {2, 1}},
};

/* The site at which a packet to the subnet of both arrives, or 0. */
static uint32_t served_by(struct world *w, uint32_t from, const char *destination)
{
    const size_t packet = world_send(
        w, &(struct world_flow){.from = from, .destination = destination, .is_free = true});

    world_run(w, SECONDS(1));
    return world_has_arrived(w, packet) ? world_packet(w, packet)->arrived_site : 0;
}

/* [RTE-3] */
static uint32_t the_first_preference_serves_what_two_hubs_export(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, two_centres, 4, 2);
    const struct world_flow echo = {
        .from = 3, .to = 2, .destination = IN_SHARED, .family = AVPN_FAMILY_IPV4};

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, served_by(w, 3, IN_SHARED) == 1 && served_by(w, 4, IN_SHARED) == 2);
    EXPECT(w, world_has_conflict(w, 3, AVPN_CONFLICT_SHARED, SHARED, 1, 2));
    EXPECT(w, world_has_conflict(w, 4, AVPN_CONFLICT_SHARED, SHARED, 2, 1));
    EXPECT(w, world_has_conflict(w, 1, AVPN_CONFLICT_OWN, SHARED, 1, 2));
    EXPECT(w, world_has_conflict(w, 2, AVPN_CONFLICT_OWN, SHARED, 2, 1));
    world_node_stop(w, 1);
    world_run(w, SECONDS(4));
    EXPECT(w, served_by(w, 3, IN_SHARED) == 2);
    EXPECT(w, world_echo(w, &echo));
    world_node_start(w, 1, 0);
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    world_run(w, SECONDS(12));
    EXPECT(w, served_by(w, 3, IN_SHARED) == 1 && served_by(w, 4, IN_SHARED) == 2);
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
    EXPECT(w, served_by(w, 3, IN_SHARED) == 1); /* hubs before spokes */
    EXPECT(w, served_by(w, 4, IN_SHARED) == 1);
    EXPECT(w, served_by(w, 2, IN_SHARED) == 0); /* its own: not the VPN's business */
    EXPECT(w, served_by(w, 2, "10.98.7.5") == 3 && served_by(w, 4, "10.98.7.5") == 3);
    EXPECT(w, served_by(w, 4, "10.98.8.5") == 2);
    EXPECT(w, served_by(w, 3, "192.168.50.130") == 4 && served_by(w, 3, "192.168.50.3") == 1);
    world_must(w, avpn_node_set_attached(w->nodes[3].node, &attached, 1, world_now(w)),
               "avpn_node_set_attached");
    world_node_serve(&w->nodes[3]);
    EXPECT(w, served_by(w, 3, "192.168.50.130") == 0 && served_by(w, 3, "192.168.50.3") == 0);
    EXPECT(w, served_by(w, 3, "192.168.51.3") == 1);
    EXPECT(w, world_hop(w, 3, "192.168.50.0/24") == AVPN_ROUTE_NONE);
    EXPECT(w, served_by(w, 2, "192.168.50.130") == 4);
    world_must(w, avpn_node_set_attached(w->nodes[3].node, NULL, 0, world_now(w)),
               "avpn_node_set_attached");
    world_node_serve(&w->nodes[3]);
    EXPECT(w, served_by(w, 3, "192.168.50.130") == 4);
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
    EXPECT(w, served_by(w, 3, IN_SHARED) == 1);
    before = world_now(w);
    offer(w, 1, SHARED, 0);
    away = time_to_move(w, 3, 2);
    EXPECT(w, world_has_conflict(w, 3, AVPN_CONFLICT_WITHDRAWN, SHARED, 2, 1));
    EXPECT(w, world_told(w, 3, &withdrawn, SHARED, before) == 1);
    EXPECT(w, world_told(w, 3, &conflict, SHARED, before) == 1);
    EXPECT(w, served_by(w, 1, IN_SHARED) == 2); /* to itself too it is not its */
    EXPECT(w, served_by(w, 4, IN_SHARED) == 2);
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
    EXPECT(w, served_by(w, 3, IN_SHARED) == 2);
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
    EXPECT(w, served_by(w, 3, "10.33.0.1") == 1 && served_by(w, 1, IN_SHARED) == 2);
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
    EXPECT(w, answer_to(w, &to_hub) == WORLD_NO_TUNNEL && is_error_of(w, 2, AVPN_FAMILY_IPV4));
    EXPECT(w, answer_to(w, &to_spoke) == WORLD_NO_TUNNEL && is_error_of(w, 1, AVPN_FAMILY_IPV4));
    EXPECT(w, world_has_conflict(w, 2, AVPN_CONFLICT_WITHDRAWN, SHARED, 0, 1));
    EXPECT(w, world_echo(w, &(struct world_flow){.from = 2, .exit = 1}));
    EXPECT(w, world_echoes(w, 2, 3)); /* its LAN is still offered */
    world_node_stop(w, 3);
    world_node_start(w, 3, 0); /* a new start offers everything */
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    world_run(w, SECONDS(2));
    EXPECT(w, served_by(w, 2, "172.16.3.5") == 3);
    return world_del(w);
}

/* ---- full tunnel ------------------------------------------------------------------------------------- */

static bool has_internet(struct world *w, uint32_t from, uint32_t exit)
{
    return world_echo(w, &(struct world_flow){.from = from, .exit = exit}) &&
           world_echo(w, &(struct world_flow){.from = from, .exit = exit, .family = V6});
}

/* [RTE-2] [RTE-6] */
static uint32_t exit_hubs_are_used_in_order(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB},
        {.role = AVPN_ROLE_HUB},
        {.role = AVPN_ROLE_HUB},
        {.nat = {&sim_nat_home}, .hubs = {3, 2, 1}, .exits = {1, 2}},
        {.nat = {&sim_nat_home}, .hubs = {1, 2, 3}, .exits = {1, 2}}};
    struct world *w = world_new(__func__, seed, sites, 5, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, has_internet(w, 4, 2) && has_internet(w, 5, 1));
    world_node_stop(w, 2);
    world_run(w, SECONDS(4));
    EXPECT(w, has_internet(w, 4, 1) && has_internet(w, 5, 1));
    world_node_stop(w, 1);
    world_run(w, SECONDS(4));
    EXPECT(w, answer_to(w, &(struct world_flow){.from = 4}) == WORLD_NO_TUNNEL);
    EXPECT(w, world_echoes(w, 4, 3) && world_echoes(w, 4, 5)); /* 3 is no exit, but a hub */
    return world_del(w);
}

/* [RTE-2] [RTE-4]: a hub's default route carries its spokes' packets too, when they leave theirs to it. */
static uint32_t a_hub_of_a_mesh_has_an_exit_hub(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .hubs = {2}, .exits = {2}},
                                       {.role = AVPN_ROLE_HUB},
                                       {.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1}, .exits = {1}},
                                       {.nat = {&sim_nat_home}, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 5, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, has_internet(w, 1, 2));
    EXPECT(w, has_internet(w, 4, 2));
    EXPECT(w, answer_to(w, &(struct world_flow){.from = 3}) == WORLD_NO_ROUTE);
    EXPECT(w, answer_to(w, &(struct world_flow){.from = 5}) == WORLD_NO_ROUTE);
    EXPECT(w, answer_to(w, &(struct world_flow){.from = 2}) == WORLD_NO_ROUTE);
    return world_del(w);
}

/* [RTE-6]: who still takes a hub for its exit hub is told otherwise. */
static uint32_t a_hub_is_no_exit_for_those_who_may_not_use_it(uint64_t seed)
{
    struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                 {.nat = {&sim_nat_home}, .hubs = {1}, .exits = {1}},
                                 {.nat = {&sim_nat_home}, .hubs = {1}, .exits = {1}}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, has_internet(w, 2, 1) && has_internet(w, 3, 1));
    sim_cut(w->sim, "198.51.100.1", "11.0.0.2");
    sim_cut(w->sim, "198.51.100.2", "11.0.0.2");
    sites[1].exits[0] = 0;
    EXPECT(w, world_change(w, sites));
    world_run(w, SECONDS(2));
    EXPECT(w, world_version(w, 2) != w->version && world_version(w, 1) == w->version);
    EACH_FAMILY(family) {
        EXPECT(w, answer_to(w, &(struct world_flow){.from = 2, .family = family}) ==
                      WORLD_NO_ROUTE);
        EXPECT(w, is_error_of(w, 1, family));
    }
    EXPECT(w, world_counter(w, 1, AVPN_DROP_NO_ROUTE) == 2);
    EXPECT(w, world_echoes(w, 2, 3) && has_internet(w, 3, 1));
    return world_del(w);
}

/* [RTE-9] */
static uint32_t what_is_named_leaves_by_the_sites_own_connection(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1}, .exits = {1}},
                                       {.nat = {&sim_nat_home}, .hubs = {1}, .exits = {1}}};
    const struct world_policy policy = {
        .breakouts = {{.size = sizeof(struct avpn_breakout),
                       .destination = world_prefix("203.0.113.0/24")},
                      {.size = sizeof(struct avpn_breakout),
                       .protocol = INNER_UDP,
                       .destination_first = 53,
                       .destination_last = 53},
                      {.size = sizeof(struct avpn_breakout),
                       .member = 2,
                       .protocol = INNER_TCP,
                       .destination_first = 440,
                       .destination_last = 449}},
        .breakout_count = 3};
    const struct world_flow out[] = {
        {.from = 2, .destination = "203.0.113.9"},
        {.from = 3, .destination = "203.0.113.9", .protocol = INNER_ICMP},
        {.from = 2, .destination_port = 53},
        {.from = 3, .destination_port = 53, .family = V6},
        {.from = 2, .protocol = INNER_TCP, .destination_port = 440},
        {.from = 2, .protocol = INNER_TCP, .destination_port = 449, .family = V6}};
    const struct world_flow in[] = {
        {.from = 2, .exit = 1, .destination = "203.0.112.9"},
        {.from = 2, .exit = 1, .destination_port = 54},
        {.from = 3, .exit = 1, .protocol = INNER_TCP, .destination_port = 53},
        {.from = 3, .exit = 1, .protocol = INNER_TCP, .destination_port = 443},
        {.from = 2, .exit = 1, .protocol = INNER_TCP, .destination_port = 450},
        {.from = 2, .exit = 1, .destination_port = 443},
        {.from = 2, .to = 3, .destination_port = 53}, /* of the organization */
        {.from = 2, .to = 1, .destination_port = 53, .family = V6}};
    struct world *w = world_new_with(__func__, seed, sites, 3, 2, &policy);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        struct world_flow flow = out[i];
        size_t packet;

        flow.breaks_out = true;
        packet = world_send(w, &flow);
        EXPECT(w, world_packet(w, packet)->has_broken_out);
    }
    for (size_t i = 0; i < sizeof in / sizeof *in; i++)
        EXPECT(w, hubs_passed(w, &in[i]) >= 0);
    EXPECT(w, world_counter(w, 2, AVPN_COUNT_BREAKOUT) == 4);
    EXPECT(w, world_counter(w, 3, AVPN_COUNT_BREAKOUT) == 2);
    return world_del(w);
}

/* [RTE-9]: never into the tunnel instead. */
static uint32_t without_a_seam_a_breakout_is_dropped(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1}, .exits = {1}}};
    const struct world_policy policy = {.breakouts = {{.size = sizeof(struct avpn_breakout),
                                                       .protocol = INNER_UDP,
                                                       .destination_first = 53,
                                                       .destination_last = 53}},
                                        .breakout_count = 1};
    struct world *w = world_new_with(__func__, seed, sites, 2, 2, &policy);

    world_node_stop(w, 2);
    w->nodes[2].has_no_breakout = true;
    world_node_start(w, 2, 0);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_send(w, &(struct world_flow){.from = 2, .destination_port = 53, .is_forbidden = true});
    world_run(w, SECONDS(1));
    EXPECT(w, world_counter(w, 2, AVPN_DROP_BREAKOUT) == 1);
    EXPECT(w, has_internet(w, 2, 1));
    return world_del(w);
}

/* [RTE-11]: even where the site exports its uplinks' addresses and sends everything through a hub. */
static uint32_t the_nodes_own_datagrams_never_enter_a_tunnel(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB},
        {.hubs = {1}, .exits = {1}, .uplinks = 2, .exports = {"11.0.0.2/32", "11.10.0.2/32"}}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);
    const struct world_flow own[] = {
        {.from = 2, .source = "11.0.0.2", .source_port = 40000, .destination = "198.51.100.1"},
        {.from = 2, .source = "11.0.0.2", .source_port = 40000, .destination = "11.0.0.1"},
        {.from = 2, .source = "11.10.0.2", .source_port = 40001, .destination = "10.0.1.10"}};
    const struct world_flow others[] = {
        {.from = 2, .source = "11.0.0.2", .source_port = 40001, .destination = "198.51.100.1"},
        {.from = 2, .source = "11.0.0.2", .source_port = 53, .destination = "11.0.0.1"},
        {.from = 2,
         .source = "11.0.0.2",
         .source_port = 40000,
         .protocol = INNER_TCP,
         .destination = "198.51.100.1"},
        {.from = 2, .source_port = 40000, .destination = "198.51.100.1"}};

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        answer_to(w, &own[i]);
        EXPECT(w, world_counter(w, 2, AVPN_DROP_RECURSION) == i + 1);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct world_flow flow = others[i];

        flow.exit = 1;
        EXPECT(w, hubs_passed(w, &flow) == 0);
    }
    EXPECT(w, world_counter(w, 2, AVPN_DROP_RECURSION) == 3);
    return world_del(w);
}

#define S(name_)                                                                                   \
    {                                                                                              \
#name_, name_, NULL                                                                        \
    }
const struct scenario route_scenarios[] = {
    S(spokes_use_hubs_in_their_own_order),
    S(hubs_of_a_mesh_need_no_other_hub),
    S(spokes_that_share_some_hubs_still_begin_with_their_first),
    S(without_hub_tunnels_spokes_need_a_hub_in_common),
    S(an_exit_hub_keeps_its_tunnel_where_hub_tunnels_are_off),
    S(a_site_alone_is_an_organization),
    S(a_packet_that_has_no_hops_left_is_answered_by_the_hub),
    S(errors_are_limited_and_go_to_hosts_alone),
    S(hubs_that_disagree_make_no_loop),
    S(the_first_preference_serves_what_two_hubs_export),
    S(conflicts_of_every_kind_are_told),
    S(the_outcome_of_a_conflict_is_what_the_rules_say),
    S(a_withdrawn_offer_moves_traffic_within_a_second),
    S(a_change_of_exports_offers_nothing_that_was_withdrawn),
    S(what_nobody_offers_is_not_sent_elsewhere),
    S(exit_hubs_are_used_in_order),
    S(a_hub_of_a_mesh_has_an_exit_hub),
    S(a_hub_is_no_exit_for_those_who_may_not_use_it),
    S(what_is_named_leaves_by_the_sites_own_connection),
    S(without_a_seam_a_breakout_is_dropped),
    S(the_nodes_own_datagrams_never_enter_a_tunnel),
};
const size_t route_scenario_count = sizeof route_scenarios / sizeof *route_scenarios;
