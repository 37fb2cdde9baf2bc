/* SPDX-License-Identifier: ISC */
/*
 * Chaos: what breaks, and when, is drawn from the seed. While it lasts only the invariants of world.h
 * must hold; once everything works again every tunnel must come up and carry packets.
 */
#include "scenario.h"
#include <stdio.h>

#define SITES 6

static const struct world_site chaos_sites[SITES] = {
    {.role = AVPN_ROLE_HUB},
    {.role = AVPN_ROLE_HUB, .nat = {&sim_nat_full_cone, &sim_nat_home}, .uplinks = 2},
    {.nat = {&sim_nat_home}, .hubs = {1, 2}},
    {.nat = {&sim_nat_symmetric}, .hubs = {2, 1}},
    {.nat = {&sim_nat_random_cone, &sim_nat_two_by_turn}, .uplinks = 2, .hubs = {1}},
    {.nat = {&sim_nat_restricted_cone}, .hubs = {1, 2}},
};

struct chaos {
    struct world *w;
    bool is_line_down[SITES + 1];
};

static uint32_t draw(struct chaos *c, uint32_t bound)
{
    return (uint32_t)sim_random_below(c->w->sim, bound);
}

static void toggle_registry(struct chaos *c)
{
    const uint32_t registry = draw(c, 2);

    if (c->w->registries[registry].registry != NULL)
        world_registry_stop(c->w, registry);
    else
        world_registry_start(c->w, registry);
}

static void toggle_node(struct chaos *c, uint32_t site)
{
    if (c->w->nodes[site].node != NULL)
        world_node_stop(c->w, site);
    else
        world_node_start(c->w, site, (uint16_t)draw(c, 2));
}

static void disturb_nat(struct chaos *c, uint32_t site)
{
    struct sim_nat *nat = c->w->nodes[site].uplinks[0].nat;

    if (nat == NULL)
        return;
    if (draw(c, 2) == 0)
        sim_nat_reboot(nat, draw(c, 10) * AVPN_SECOND);
    else
        sim_nat_rebind(nat);
}

static void worsen_line(struct chaos *c, uint32_t site)
{
    world_link(c->w, site, 0, &(struct sim_link){.delay = draw(c, 200) * AVPN_MILLISECOND,
                                                 .jitter = draw(c, 100) * AVPN_MILLISECOND,
                                                 .loss_ppm = draw(c, 300000),
                                                 .burst_enter_ppm = draw(c, 20000),
                                                 .burst_leave_ppm = 100000,
                                                 .duplicate_ppm = draw(c, 200000),
                                                 .reorder_ppm = draw(c, 200000),
                                                 .reorder_span = 100 * AVPN_MILLISECOND,
                                                 .corrupt_ppm = draw(c, 50000),
                                                 .truncate_ppm = draw(c, 20000),
                                                 .mtu = 1200 + draw(c, 400)});
}

static void disturb(struct chaos *c)
{
    const uint32_t site = 1 + draw(c, SITES);

    switch (draw(c, 6)) {
    case 0:
        toggle_registry(c);
        break;
    case 1:
        toggle_node(c, site);
        break;
    case 2:
        disturb_nat(c, site);
        break;
    case 3:
        c->is_line_down[site] = !c->is_line_down[site];
        world_line_set(c->w, site, 0, !c->is_line_down[site]);
        break;
    default:
        worsen_line(c, site);
        break;
    }
}

static void repair(struct chaos *c)
{
    for (uint32_t registry = 0; registry < 2; registry++)
        if (c->w->registries[registry].registry == NULL)
            world_registry_start(c->w, registry);
    for (uint32_t site = 1; site <= SITES; site++) {
        world_line_set(c->w, site, 0, true);
        if (c->w->nodes[site].node == NULL)
            world_node_start(c->w, site, 0);
    }
}

static uint32_t after_any_chaos_all_tunnels_return(uint64_t seed)
{
    struct chaos c = {.w = world_new(__func__, seed, chaos_sites, SITES, 2)};
    avpn_time calm;

    for (int i = 0; i < 100; i++) {
        disturb(&c);
        for (uint32_t k = 0; k < 10; k++) {
            world_send(c.w, &(struct world_flow){.from = 1 + draw(&c, SITES),
                                                 .to = 1 + draw(&c, SITES),
                                                 .protocol = draw(&c, 2) == 0 ? INNER_ICMP : 0,
                                                 .bytes = 100 + draw(&c, 1400),
                                                 .is_whole = draw(&c, 2) == 0});
            world_run(c.w, draw(&c, 1500) * AVPN_MILLISECOND);
        }
    }
    repair(&c);
    calm = world_now(c.w);
    EXPECT(c.w, world_wait_all(c.w, SECONDS(360)));
    printf("# all up %.1f s after the last fault\n", (double)(world_now(c.w) - calm) / 1e9);
    world_run(c.w, SECONDS(2));
    for (uint32_t a = 1; a <= SITES; a++)
        for (uint32_t b = 1; b <= SITES; b++)
            if (a != b)
                EXPECT(c.w, world_ping(c.w, a, b));
    EXPECT(c.w, sim_count(c.w->sim, SIM_TOO_BIG) > 0);
    return world_del(c.w);
}

const struct scenario chaos_scenarios[] = {
    {"after_any_chaos_all_tunnels_return", after_any_chaos_all_tunnels_return, NULL},
};
const size_t chaos_scenario_count = sizeof chaos_scenarios / sizeof *chaos_scenarios;
