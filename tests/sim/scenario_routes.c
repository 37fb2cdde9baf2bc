/* SPDX-License-Identifier: ISC */
/*
 * Scenarios about where packets go in every topology, and what their hosts are told when they go nowhere. How long it takes when
 * something fails: scenario_failover.c.
 */
#include "scenario.h"

#define V6 AVPN_FAMILY_IPV6

/* How many hubs packets of both families pass; -2: not the same. */
static int32_t hubs_between(struct world *w, uint32_t from, uint32_t to)
{
    const int32_t v4 = world_hubs_passed(w, &(struct world_flow){.from = from, .to = to});
    const int32_t v6 =
        world_hubs_passed(w, &(struct world_flow){.from = from, .to = to, .family = V6});

    return v4 == v6 ? v4 : -2;
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
    EACH_FAMILY(family)
    {
        error = world_answer_to(w, &(struct world_flow){.from = 3, .to = 4, .family = family});
        EXPECT(w, error == WORLD_NO_ROUTE || error == WORLD_NO_TUNNEL);
        EXPECT(w, world_is_told_by(w, 1));
        error = world_answer_to(w, &(struct world_flow){.from = 1, .to = 2, .family = family});
        EXPECT(w, error == WORLD_NO_ROUTE || error == WORLD_NO_TUNNEL);
        EXPECT(w, world_is_told_by(w, 1));
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
    EXPECT(w, world_answer_to(w, &(struct world_flow){.from = 1}) == WORLD_NO_ROUTE);
    EXPECT(w, world_answer_to(w, &(struct world_flow){.from = 1, .family = V6}) == WORLD_NO_ROUTE);
    EXPECT(w, world_is_told_by(w, 1));
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
    EACH_FAMILY(family)
    {
        struct world_flow flow = {.from = 3, .to = 4, .family = family, .hop_limit = 1};

        EXPECT(w, world_answer_to(w, &flow) == WORLD_HOP_LIMIT && world_is_told_by(w, 1));
        flow.hop_limit = 2;
        EXPECT(w, world_answer_to(w, &flow) == WORLD_HOP_LIMIT && world_is_told_by(w, 2));
        flow.hop_limit = 3;
        EXPECT(w, world_hubs_passed(w, &flow) == 2);
        flow.to = 1; /* no hub between */
        flow.hop_limit = 1;
        EXPECT(w, world_hubs_passed(w, &flow) == 0);
    }
    EXPECT(w, world_counter(w, 1, AVPN_DROP_HOP_LIMIT) == 2);
    EXPECT(w, world_counter(w, 2, AVPN_DROP_HOP_LIMIT) == 2);
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_ICMP) == 2);
    world_must(w, avpn_node_set_addresses(w->nodes[1].node, &named, 1), "avpn_node_set_addresses");
    world_answer_to(w, &(struct world_flow){.from = 3, .to = 4, .hop_limit = 1});
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
        EACH_FAMILY(family)
        {
            EXPECT(w,
                   world_answer_to(w, &(struct world_flow){.from = 4, .to = 5, .family = family}) ==
                       WORLD_NO_ROUTE);
            EXPECT(w, world_is_told_by(w, 2));
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

#define S(name_) {#name_, name_, NULL}
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
};
const size_t route_scenario_count = sizeof route_scenarios / sizeof *route_scenarios;
