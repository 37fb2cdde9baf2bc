/* SPDX-License-Identifier: ISC */
/* Scenarios about the way to the internet: exit hubs, breakouts, and datagrams of the node itself. */
#include "scenario.h"

#define V6 AVPN_FAMILY_IPV6

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
    EXPECT(w, world_answer_to(w, &(struct world_flow){.from = 4}) == WORLD_NO_TUNNEL);
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
    EXPECT(w, world_answer_to(w, &(struct world_flow){.from = 3}) == WORLD_NO_ROUTE);
    EXPECT(w, world_answer_to(w, &(struct world_flow){.from = 5}) == WORLD_NO_ROUTE);
    EXPECT(w, world_answer_to(w, &(struct world_flow){.from = 2}) == WORLD_NO_ROUTE);
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
    EACH_FAMILY(family)
    {
        EXPECT(w, world_answer_to(w, &(struct world_flow){.from = 2, .family = family}) ==
                      WORLD_NO_ROUTE);
        EXPECT(w, world_is_told_by(w, 1));
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
        EXPECT(w, world_hubs_passed(w, &in[i]) >= 0);
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
        world_answer_to(w, &own[i]);
        EXPECT(w, world_counter(w, 2, AVPN_DROP_RECURSION) == i + 1);
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct world_flow flow = others[i];

        flow.exit = 1;
        EXPECT(w, world_hubs_passed(w, &flow) == 0);
    }
    EXPECT(w, world_counter(w, 2, AVPN_DROP_RECURSION) == 3);
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario exit_scenarios[] = {
    S(exit_hubs_are_used_in_order),
    S(a_hub_of_a_mesh_has_an_exit_hub),
    S(a_hub_is_no_exit_for_those_who_may_not_use_it),
    S(what_is_named_leaves_by_the_sites_own_connection),
    S(without_a_seam_a_breakout_is_dropped),
    S(the_nodes_own_datagrams_never_enter_a_tunnel),
};
const size_t exit_scenario_count = sizeof exit_scenarios / sizeof *exit_scenarios;
