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

/* The same under every rule there is: translation, firewall, exit hubs, shared subnets, IPv6 outside. */
static const struct world_site ruled_sites[SITES] = {
    {.role = AVPN_ROLE_HUB, .hubs = {2}, .exits = {2}, .exports = {"10.99.0.0/16"}},
    {.role = AVPN_ROLE_HUB,
     .nat = {NULL, &sim_nat_full_cone},
     .uplinks = 2,
     .ipv6 = 1,
     .exports = {"10.99.0.0/16"}},
    {.nat = {&sim_nat_home},
     .hubs = {1, 2},
     .exits = {2},
     .translations = {{"192.168.1.0/24", "10.0.3.0/24"}, {"fd11::/64", "fd00:0:0:3::/64"}}},
    {.nat = {&sim_nat_symmetric},
     .hubs = {2, 1},
     .translations = {{"192.168.1.0/24", "10.0.4.0/24"}}},
    {.nat = {&sim_nat_home, &sim_nat_random_cone}, .uplinks = 2, .ipv6 = 1, .hubs = {2}},
    {.nat = {&sim_nat_restricted_cone}, .hubs = {1, 2}, .exits = {1, 2}},
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

/* What a host says of itself, and a line that carries less or more than before. */
static void disturb_routes(struct chaos *c)
{
    const struct avpn_prefix shared = world_prefix("10.99.0.0/16");
    const struct avpn_prefix attached = world_prefix("10.99.128.0/17");
    const uint32_t site = 1 + draw(c, SITES), hub = 1 + draw(c, 2);
    const struct sim_link line = {.delay = 5 * AVPN_MILLISECOND, .mtu = 1000 + draw(c, 600)};

    if (c->w->nodes[hub].node != NULL) {
        avpn_node_set_offer(c->w->nodes[hub].node, &shared, (int32_t)draw(c, 2), world_now(c->w));
        world_node_serve(&c->w->nodes[hub]);
    }
    if (c->w->nodes[site].node != NULL) {
        avpn_node_set_attached(c->w->nodes[site].node, &attached, draw(c, 2), world_now(c->w));
        world_node_serve(&c->w->nodes[site]);
    }
    world_link(c->w, site, 0, &line);
}

/* Anything that a host may send; only the rules and the addresses say where it must not arrive. */
static void send_anything(struct chaos *c)
{
    static const uint8_t protocols[] = {INNER_UDP, INNER_TCP, INNER_ICMP, 47};
    static const char *const elsewhere[] = {"10.99.0.5", "10.99.200.5", "8.8.8.8", "172.20.0.1",
                                            "2001:db8::9"};
    struct world_flow flow = {.from = 1 + draw(c, SITES)};

    flow.to = 1 + draw(c, SITES);
    flow.protocol = protocols[draw(c, 4)];
    flow.family = draw(c, 2) == 0 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;
    flow.bytes = 100 + draw(c, draw(c, 4) == 0 ? 4000 : 1500);
    flow.is_whole = draw(c, 2) == 0;
    flow.hop_limit = draw(c, 8) == 0 ? (uint8_t)(1 + draw(c, 3)) : 64;
    flow.destination_port = (uint16_t)(7 + draw(c, 4));
    flow.mss = draw(c, 4) == 0 ? 1460 : 0;
    flow.is_refused = draw(c, 8) == 0;
    flow.is_forbidden = flow.protocol == INNER_UDP && flow.destination_port == 9;
    if (draw(c, 4) == 0) {
        flow.destination = elsewhere[draw(c, 5)];
        flow.is_free = true;
        flow.is_forbidden = flow.is_refused = false;
    }
    world_send(c->w, &flow);
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

/* Chaos that nothing survives, or that nothing meets, would show nothing. */
static void show_what_became_of_packets(struct world *w)
{
    uint32_t arrived = 0, cut = 0, answered = 0, told = 0, broken_out = 0;

    for (size_t i = 0; i < w->packet_count; i++) {
        const struct world_packet *packet = world_packet(w, i);

        arrived += packet->arrivals;
        cut += packet->pieces > 1 ? 1 : 0;
        answered += packet->is_answered ? 1 : 0;
        told += packet->errors > 0 ? 1 : 0;
        broken_out += packet->has_broken_out ? 1 : 0;
    }
    printf("# of %zu packets %u arrived, %u of them in pieces, %u echoes were answered, of %u an error "
           "told, and %u broke out\n",
           w->packet_count, arrived, cut, answered, told, broken_out);
    EXPECT(w, arrived > 100 && cut > 5 && answered > 20 && told > 200 && broken_out > 5);
}

/* [FWL-1] [TRN-1] [MTU-6] [ICM-1]: the invariants are those of world.h. */
static uint32_t after_any_chaos_every_rule_still_holds(uint64_t seed)
{
    const struct world_policy policy = {
        .rules = {{.size = sizeof(struct avpn_rule),
                   .action = AVPN_RULE_DENY,
                   .protocol = INNER_UDP,
                   .destination_first = 9,
                   .destination_last = 9}},
        .rule_count = 1,
        .breakouts = {{.size = sizeof(struct avpn_breakout),
                       .destination = world_prefix("172.16.0.0/12")}},
        .breakout_count = 1};
    struct chaos c = {.w = world_new_with(__func__, seed, ruled_sites, SITES, 2, &policy)};

    for (int i = 0; i < 100; i++) {
        if (draw(&c, 2) == 0)
            disturb(&c);
        else
            disturb_routes(&c);
        for (uint32_t k = 0; k < 30; k++) {
            send_anything(&c);
            world_run(c.w, draw(&c, 500) * AVPN_MILLISECOND);
        }
    }
    show_what_became_of_packets(c.w);
    repair(&c);
    EXPECT(c.w, world_wait_all(c.w, SECONDS(360)));
    world_run(c.w, SECONDS(2));
    for (uint32_t a = 1; a <= SITES; a++)
        for (uint32_t b = 1; b <= SITES; b++)
            if (a != b)
                EXPECT(c.w, world_echoes(c.w, a, b));
    EXPECT(c.w, sim_count(c.w->sim, SIM_TOO_BIG) > 0);
    return world_del(c.w);
}

const struct scenario chaos_scenarios[] = {
    {"after_any_chaos_all_tunnels_return", after_any_chaos_all_tunnels_return, NULL},
    {"after_any_chaos_every_rule_still_holds", after_any_chaos_every_rule_still_holds, NULL},
};
const size_t chaos_scenario_count = sizeof chaos_scenarios / sizeof *chaos_scenarios;
