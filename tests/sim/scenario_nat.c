/* SPDX-License-Identifier: ISC */
/* Scenarios about NATs: how each is classified, and which pairs can meet. */
#include "scenario.h"
#include <stdio.h>

struct world *usual_world(const char *name, uint64_t seed, uint32_t count)
{
    struct world_site sites[8] = {{.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}}};

    for (uint32_t i = 1; i < count; i++)
        sites[i] = (struct world_site){.nat = {&sim_nat_home}, .hubs = {1}};
    return world_new(name, seed, sites, count, 2);
}

/* ---- classification [NAT-1] to [NAT-5] ------------------------------------------------ */

static uint32_t classify(const char *name, uint64_t seed, const struct sim_nat_kind *kind,
                         uint32_t registries, uint8_t expected, bool is_reachable)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.nat = {kind}, .hubs = {1}}};
    struct world *w = world_new(name, seed, sites, 2, registries);

    world_run(w, SECONDS(30));
    EXPECT(w, world_nat(w, 2, 0) == expected);
    EXPECT(w, world_tunnel_is_up(w, 1, 2) == is_reachable);
    EXPECT(w, world_ping(w, 2, 1) == is_reachable);
    EXPECT(w, world_ping(w, 1, 2) == is_reachable);
    return world_del(w);
}

static uint32_t a_home_router_is_friendly(uint64_t seed)
{
    return classify(__func__, seed, &sim_nat_home, 2, AVPN_NAT_FRIENDLY, true);
}

static uint32_t no_nat_is_friendly(uint64_t seed)
{
    return classify(__func__, seed, NULL, 2, AVPN_NAT_FRIENDLY, true);
}

static uint32_t a_random_port_for_each_destination_is_unfriendly(uint64_t seed)
{
    return classify(__func__, seed, &sim_nat_symmetric, 2, AVPN_NAT_UNFRIENDLY_PORT, true);
}

static uint32_t two_public_addresses_are_unfriendly(uint64_t seed)
{
    return classify(__func__, seed, &sim_nat_two_by_destination, 2, AVPN_NAT_UNFRIENDLY_ADDRESS,
                    true);
}

static uint32_t one_registry_decides_nothing(uint64_t seed)
{
    return classify(__func__, seed, &sim_nat_symmetric, 1, AVPN_NAT_UNKNOWN, true);
}

static uint32_t udp_that_does_not_get_out_is_blocked(uint64_t seed)
{
    return classify(__func__, seed, &sim_nat_blocked, 2, AVPN_NAT_BLOCKED, false);
}

static uint32_t a_changed_nat_is_classified_anew(uint64_t seed)
{
    struct world *w = usual_world(__func__, seed, 2);

    world_run(w, SECONDS(20));
    EXPECT(w, world_nat(w, 2, 0) == AVPN_NAT_FRIENDLY);
    sim_nat_set_kind(w->nodes[2].uplinks[0].nat, &sim_nat_symmetric);
    sim_nat_reboot(w->nodes[2].uplinks[0].nat, 0);
    world_run(w, SECONDS(90));
    EXPECT(w, world_nat(w, 2, 0) == AVPN_NAT_UNFRIENDLY_PORT);
    return world_del(w);
}

/* ---- pairs --------------------------------------------------------------------------- */

/* What RFC 4787 lets two boxes do without a port search: one must be predictable and let in. */
static bool can_meet(const struct sim_nat_kind *a, const struct sim_nat_kind *b)
{
    const bool a_is_stable = a->mapping == SIM_NAT_INDEPENDENT;
    const bool b_is_stable = b->mapping == SIM_NAT_INDEPENDENT;

    if (a->is_blocking || b->is_blocking)
        return false;
    if (a_is_stable && b_is_stable)
        return true;
    return (a_is_stable && a->filtering != SIM_NAT_ADDRESS_AND_PORT) ||
           (b_is_stable && b->filtering != SIM_NAT_ADDRESS_AND_PORT);
}

static uint32_t pair_fails(uint64_t seed, const struct sim_nat_kind *a,
                           const struct sim_nat_kind *b, char *result_out)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .nat = {a}},
                                       {.role = AVPN_ROLE_HUB, .nat = {b}}};
    struct world *w = world_new("grid", seed, sites, 2, 2);
    const bool is_up = world_wait_tunnel(w, 1, 2, SECONDS(60));
    const bool as_expected = is_up == can_meet(a, b);

    *result_out = is_up ? '+' : '-';
    if (!as_expected) {
        *result_out = '!';
        printf("# %s x %s: %s, theory says otherwise (seed %llu)\n", a->name, b->name,
               is_up ? "up" : "not up", (unsigned long long)seed);
    }
    if (is_up)
        EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w) + (as_expected ? 0 : 1);
}

static uint32_t the_grid_of_nats_is_as_theory_says(uint64_t seed)
{
    uint32_t failures = 0;

    for (size_t a = 0; a < sim_nat_kind_count; a++) {
        char row[32] = {0};

        for (size_t b = 0; b < sim_nat_kind_count; b++)
            failures += pair_fails(seed, sim_nat_kinds[a], sim_nat_kinds[b], &row[b]);
        printf("# %-18s %s\n", sim_nat_kinds[a]->name, row);
    }
    return failures;
}

static uint32_t unfriendly_nats_meet_through_a_forwarded_port(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB, .nat = {&sim_nat_symmetric}, .manual_port = 51625},
        {.nat = {&sim_nat_symmetric}, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);

    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(30)));
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    EXPECT(w, world_path_contact(w, 2, 1).port == 51625);
    return world_del(w);
}

static uint32_t unfriendly_spokes_talk_through_their_hub(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_symmetric}, .hubs = {1}},
                                       {.nat = {&sim_nat_two_by_turn}, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_ping(w, 2, 3) && world_ping(w, 3, 2));
    return world_del(w);
}

static uint32_t two_sites_behind_one_nat_use_their_local_contacts(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}},
                                       {.behind = 1, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);
    struct avpn_contact contact;

    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(30)));
    EXPECT(w, world_ping(w, 1, 2));
    contact = world_path_contact(w, 2, 1);
    EXPECT(w, sim_contact_is_equal(&contact, &w->nodes[1].uplinks[0].local));
    return world_del(w);
}

/*
 * The hub keeps probing while the spoke's Linux router has lost its mappings: those packets come early,
 * take the tuple, and the router gives another port towards the hub (ORACLES 5.2).
 */
static uint32_t play_early(const char *name, uint64_t seed, const struct sim_nat_kind *hub)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .nat = {hub}},
                                       {.nat = {&sim_nat_linux}, .hubs = {1}}};
    struct world *w = world_new(name, seed, sites, 2, 2);

    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(30)));
    world_node_stop(w, 2);
    sim_nat_reboot(w->nodes[2].uplinks[0].nat, 0);
    world_run(w, SECONDS(4));
    world_node_start(w, 2, 0);
    EXPECT(w, world_wait_tunnel(w, 1, 2, HOURS(1)));
    printf("# %s: up %.1f s after the restart\n", name, (double)world_now(w) / 1e9 - 4);
    world_run(w, SECONDS(1));
    EXPECT(w, world_ping(w, 1, 2));
    EXPECT(w, sim_count(w->sim, SIM_NAT_EARLY_COLLISION) > 0);
    return world_del(w);
}

static uint32_t an_early_packet_is_made_up_for_by_an_open_filter(uint64_t seed)
{
    return play_early(__func__, seed, &sim_nat_restricted_cone);
}

static uint32_t an_early_packet_costs_minutes_with_a_closed_filter(uint64_t seed)
{
    return play_early(__func__, seed, &sim_nat_home);
}

/* Both begin at one moment, because the registry tells both at once. */
static uint32_t linux_routers_meet(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .nat = {&sim_nat_linux}},
                                       {.nat = {&sim_nat_linux}, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);

    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(60)));
    EXPECT(w, world_ping(w, 1, 2));
    return world_del(w);
}

static uint32_t a_spoke_behind_two_nats_is_served(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}},
                                       {.nat = {&sim_nat_home}, .hubs = {1}, .is_cgnat = true}};
    struct world *w = world_new(__func__, seed, sites, 2, 2);

    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(30)));
    EXPECT(w, world_nat(w, 2, 0) == AVPN_NAT_FRIENDLY);
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w);
}

/* [KDF-3]: the tag finds the peer, not the address: three spokes behind one router. */
static uint32_t spokes_behind_one_router_share_its_address(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1}},
                                       {.behind = 2, .hubs = {1}},
                                       {.behind = 2, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 4, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_ping(w, 2, 3) && world_ping(w, 3, 4) && world_ping(w, 4, 1));
    EXPECT(w, sim_count(w->sim, SIM_NAT_COLLISION) > 0);
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario nat_scenarios[] = {
    S(a_home_router_is_friendly),
    S(no_nat_is_friendly),
    S(a_random_port_for_each_destination_is_unfriendly),
    S(two_public_addresses_are_unfriendly),
    S(one_registry_decides_nothing),
    S(udp_that_does_not_get_out_is_blocked),
    S(a_changed_nat_is_classified_anew),
    S(unfriendly_nats_meet_through_a_forwarded_port),
    S(unfriendly_spokes_talk_through_their_hub),
    S(two_sites_behind_one_nat_use_their_local_contacts),
    S(an_early_packet_is_made_up_for_by_an_open_filter),
    S(an_early_packet_costs_minutes_with_a_closed_filter),
    S(linux_routers_meet),
    S(a_spoke_behind_two_nats_is_served),
    S(spokes_behind_one_router_share_its_address),
    S(the_grid_of_nats_is_as_theory_says),
};
const size_t nat_scenario_count = sizeof nat_scenarios / sizeof *nat_scenarios;
