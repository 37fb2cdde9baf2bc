/* SPDX-License-Identifier: ISC */
/*
 * Scenarios about IPv6 outside: alone, beside IPv4, and against it. Inside, every other scenario has both families. A
 * dual-stack site is one with two uplinks, IPv6 first: the order of uplinks is the preference [PTH-1].
 */
#include "scenario.h"

#define V6 AVPN_FAMILY_IPV6

/* [RTE-4] */
static uint32_t both_families_pass_inside_of_ipv6(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .ipv6 = 1},
                                       {.nat = {&sim_nat_home}, .hubs = {1}, .ipv6 = 1},
                                       {.nat = {&sim_nat_symmetric}, .hubs = {1}, .ipv6 = 1}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_path_contact(w, 2, 1).family == V6);
    EXPECT(w, world_path_contact(w, 1, 3).family == V6);
    EXPECT(w, world_echoes(w, 2, 3) && world_echoes(w, 3, 2) && world_echoes(w, 1, 2));
    EXPECT(w, world_stream(w, 2, 3, 300, 100 * AVPN_MILLISECOND) == 300);
    EXPECT(w, w->nodes[2].downs == 0);
    return world_del(w);
}

/* Firewalls with state on both sides are punched as NATs are; there is nothing to translate. */
static uint32_t a_firewall_before_both_ends_is_punched(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}, .ipv6 = 1},
                                       {.nat = {&sim_nat_symmetric}, .hubs = {1}, .ipv6 = 1}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_echoes(w, 1, 2) && world_echoes(w, 2, 1));
    EXPECT(w, world_path_contact(w, 1, 2).family == V6);
    return world_del(w);
}

static const struct world_site dual_stack[] = {
    {.role = AVPN_ROLE_HUB, .uplinks = 2, .ipv6 = 1},
    {.nat = {&sim_nat_home, &sim_nat_home}, .uplinks = 2, .hubs = {1}, .ipv6 = 1},
    {.nat = {&sim_nat_home, &sim_nat_symmetric}, .uplinks = 2, .hubs = {1}, .ipv6 = 1},
};

/* [PTH-1] [PTH-2] */
static uint32_t ipv6_is_preferred_and_ipv4_stands_in(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, dual_stack, 3, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(15));
    EXPECT(w, world_path_contact(w, 2, 1).family == V6 && world_path_contact(w, 1, 2).family == V6);
    EXPECT(w, world_path_contact(w, 3, 1).family == V6);
    EXPECT(w, world_mtu(w, 2, 1) == avpn_inner_bytes(1452));
    world_line_set(w, 2, 0, false);
    world_run(w, SECONDS(4));
    EXPECT(w, world_path_contact(w, 2, 1).family == AVPN_FAMILY_IPV4);
    EXPECT(w, world_path_contact(w, 1, 2).family == AVPN_FAMILY_IPV4);
    EXPECT(w, world_mtu(w, 2, 1) == avpn_inner_bytes(1472)); /* of both paths, whichever is used */
    EXPECT(w, world_echoes(w, 2, 3) && world_echoes(w, 3, 2));
    world_line_set(w, 2, 0, true);
    world_run(w, MINUTES(3));
    EXPECT(w, world_path_contact(w, 2, 1).family == V6);
    EXPECT(w, world_echoes(w, 2, 3) && world_echoes(w, 3, 2));
    EXPECT(w, w->nodes[1].downs == 0 && w->nodes[2].downs == 0);
    return world_del(w);
}

/* A path of one family at one end and of the other at the other does not exist, and is not tried. */
static uint32_t the_families_do_not_mix(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1}, .ipv6 = 1}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);
    struct avpn_path_status path = {.size = sizeof path};
    size_t packet;

    world_run(w, SECONDS(60));
    EXPECT(w, world_is_registered(w, 0, 1) && world_is_registered(w, 0, 2));
    EXPECT(w, world_peer(w, 2, 1).is_connected == 1); /* it is there, and cannot be reached */
    EXPECT(w, world_peer(w, 2, 1).tunnel == AVPN_TUNNEL_DOWN);
    EXPECT(w, world_peer(w, 1, 2).tunnel == AVPN_TUNNEL_DOWN);
    avpn_node_path_at(w->nodes[2].node, 1, 0, &path);
    EXPECT(w, path.state == AVPN_PATH_EMPTY && path.probes_sent == 0);
    EXPECT(w, path.contact.family == AVPN_FAMILY_NONE);
    packet = world_send(w, &(struct world_flow){.from = 2, .to = 1, .is_forbidden = true});
    EXPECT(w, world_error(w, packet) == WORLD_NO_TUNNEL);
    EXPECT(w, world_hop(w, 2, "10.0.1.0/24") == AVPN_ROUTE_NONE);
    return world_del(w);
}

static uint32_t a_dual_stack_hub_joins_the_two_internets(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .uplinks = 2, .ipv6 = 1},
                                       {.nat = {&sim_nat_home}, .hubs = {1}, .ipv6 = 1},
                                       {.nat = {&sim_nat_home}, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_path_contact(w, 2, 1).family == V6);
    EXPECT(w, world_path_contact(w, 3, 1).family == AVPN_FAMILY_IPV4);
    EXPECT(w, world_echoes(w, 2, 3) && world_echoes(w, 3, 2));
    return world_del(w);
}

/* [REG-16]: a name with addresses of both families serves an uplink of either. */
static uint32_t registries_are_reached_by_the_family_of_the_uplink(uint64_t seed)
{
    struct world *w = world_new(__func__, seed, dual_stack, 3, 2);
    struct avpn_registration_status status = {.size = sizeof status};

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(5));
    for (uint32_t uplink = 0; uplink < 2; uplink++)
        for (uint32_t registry = 0; registry < 2; registry++) {
            const uint8_t family = uplink == 0 ? V6 : AVPN_FAMILY_IPV4;

            avpn_node_registration_status(w->nodes[2].node, uplink, registry, &status);
            EXPECT(w, status.state == AVPN_REGISTRATION_REGISTERED);
            EXPECT(w, status.registry.family == family && status.observed.family == family);
        }
    EXPECT(w, world_nat(w, 2, 0) == AVPN_NAT_FRIENDLY && world_nat(w, 2, 1) == AVPN_NAT_FRIENDLY);
    return world_del(w);
}

/* [RTE-7]: the tunnel goes down only when both families are gone, and the next hub takes over then. */
static uint32_t a_hub_that_lost_one_family_is_not_left(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB, .uplinks = 2, .ipv6 = 1},
        {.role = AVPN_ROLE_HUB, .uplinks = 2, .ipv6 = 1},
        {.nat = {&sim_nat_home, &sim_nat_home}, .uplinks = 2, .hubs = {1, 2}, .ipv6 = 1}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(15));
    world_line_set(w, 1, 0, false);
    world_run(w, SECONDS(4));
    EXPECT(w, world_hop(w, 3, "10.0.1.0/24") == 1);
    EXPECT(w, world_path_contact(w, 3, 1).family == AVPN_FAMILY_IPV4);
    world_line_set(w, 1, 1, false);
    world_run(w, SECONDS(4));
    EXPECT(w, world_hop(w, 3, "10.0.1.0/24") == 2);
    EXPECT(w, w->nodes[3].downs == 1);
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario ipv6_scenarios[] = {
    S(both_families_pass_inside_of_ipv6),
    S(a_firewall_before_both_ends_is_punched),
    S(ipv6_is_preferred_and_ipv4_stands_in),
    S(the_families_do_not_mix),
    S(a_dual_stack_hub_joins_the_two_internets),
    S(registries_are_reached_by_the_family_of_the_uplink),
    S(a_hub_that_lost_one_family_is_not_left),
};
const size_t ipv6_scenario_count = sizeof ipv6_scenarios / sizeof *ipv6_scenarios;
