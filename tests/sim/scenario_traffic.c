/* SPDX-License-Identifier: ISC */
/* Scenarios about inner packets: forwarding, exits, rekeying, many sites; and about repeating a run. */
#include "scenario.h"
#include <stdio.h>
#include <stdlib.h>

static uint32_t spokes_talk_through_their_hub(uint64_t seed)
{
    struct world *w = usual_world(__func__, seed, 3);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_ping(w, 2, 3) && world_ping(w, 3, 2));
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_FORWARDED) >= 4);
    EXPECT(w, w->nodes[1].delivered == 0);
    return world_del(w);
}

static uint32_t spokes_of_different_hubs_talk_through_both(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1}},
                                       {.nat = {&sim_nat_symmetric}, .hubs = {2}}};
    struct world *w = world_new(__func__, seed, sites, 4, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_ping(w, 3, 4) && world_ping(w, 4, 3));
    EXPECT(w, world_ping(w, 1, 4) && world_ping(w, 3, 2));
    return world_del(w);
}

static uint32_t the_second_hub_takes_over(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                       {.role = AVPN_ROLE_HUB},
                                       {.nat = {&sim_nat_home}, .hubs = {1, 2}},
                                       {.nat = {&sim_nat_symmetric}, .hubs = {1, 2}}};
    struct world *w = world_new(__func__, seed, sites, 4, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, world_ping(w, 3, 4));
    world_node_stop(w, 1);
    world_run(w, SECONDS(5));
    EXPECT(w, world_ping(w, 3, 4) && world_ping(w, 4, 3));
    EXPECT(w, world_counter(w, 2, AVPN_COUNT_FORWARDED) > 0);
    world_node_start(w, 1, 0);
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    EXPECT(w, world_wait_tunnel(w, 1, 4, SECONDS(30)));
    EXPECT(w, world_ping(w, 3, 4) && world_ping(w, 4, 3));
    return world_del(w);
}

/* [RTE-2] [RTE-6] */
static uint32_t the_default_route_leads_through_the_exit_hub(uint64_t seed)
{
    const struct world_site sites[] = {
        {.role = AVPN_ROLE_HUB},
        {.nat = {&sim_nat_home}, .hubs = {1}, .exits = {1}},
        {.nat = {&sim_nat_home}, .hubs = {1}}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);
    size_t out4, out6, none;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    out4 = world_send(w, &(struct world_flow){.from = 2, .exit = 1});
    out6 = world_send(w, &(struct world_flow){.from = 2, .exit = 1, .family = AVPN_FAMILY_IPV6});
    none = world_send(w, &(struct world_flow){.from = 3, .exit = 1});
    world_run(w, SECONDS(1));
    EXPECT(w, world_has_arrived(w, out4) && world_has_arrived(w, out6));
    EXPECT(w, !world_has_arrived(w, none));
    EXPECT(w, world_counter(w, 3, AVPN_DROP_NO_ROUTE) == 1);
    return world_del(w);
}

/* [ESP-6]: six rekeys or so, each without a gap. */
static uint32_t an_hour_of_rekeying_loses_no_packet(uint64_t seed)
{
    struct world *w = usual_world(__func__, seed, 2);
    avpn_time last, session;
    uint32_t sessions = 0, lost = 0;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    last = world_peer(w, 1, 2).session_since;
    for (int minute = 0; minute < 60; minute++) {
        lost += 600 - world_stream(w, 1, 2, 600, 97 * AVPN_MILLISECOND);
        session = world_peer(w, 1, 2).session_since;
        sessions += session != last ? 1 : 0;
        last = session;
    }
    EXPECT(w, lost == 0);
    EXPECT(w, sessions >= 5 && sessions <= 8);
    EXPECT(w, w->nodes[1].downs == 0 && w->nodes[2].downs == 0);
    return world_del(w);
}

static uint32_t repeated_and_reordered_packets_arrive_once(uint64_t seed)
{
    struct world *w = usual_world(__func__, seed, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_link(w, 2, 0, &(struct sim_link){.delay = 20 * AVPN_MILLISECOND,
                                           .duplicate_ppm = 300000,
                                           .reorder_ppm = 300000,
                                           .reorder_span = 50 * AVPN_MILLISECOND});
    EXPECT(w, world_stream(w, 1, 2, 500, 5 * AVPN_MILLISECOND) == 500);
    EXPECT(w, world_stream(w, 2, 1, 500, 5 * AVPN_MILLISECOND) == 500);
    EXPECT(w, sim_count(w->sim, SIM_DUPLICATED) > 100 && sim_count(w->sim, SIM_REORDERED) > 100);
    EXPECT(w, world_counter(w, 1, AVPN_DROP_REPLAY) > 0);
    EXPECT(w, world_counter(w, 2, AVPN_DROP_REPLAY) > 0);
    return world_del(w);
}

/* [MTU-6]: but those that must not be cut, and are told so. */
static uint32_t packets_of_every_size_arrive(uint64_t seed)
{
    struct world *w = usual_world(__func__, seed, 2);
    size_t first;

    EXPECT(w, world_wait_all(w, SECONDS(30)) && world_wait_mtu(w, 1, 2, SECONDS(30)));
    first = w->packet_count;
    for (uint32_t bytes = 60; bytes <= 1500; bytes += 7)
        world_send(w, &(struct world_flow){.from = 1,
                                           .to = 2,
                                           .bytes = bytes,
                                           .family = bytes % 2 == 0 ? AVPN_FAMILY_IPV4
                                                                    : AVPN_FAMILY_IPV6});
    world_run(w, SECONDS(1));
    for (size_t i = first; i < w->packet_count; i++) {
        const struct inner *sent = &world_packet(w, i)->sent;
        const bool fits =
            sent->bytes <= world_mtu(w, 1, 2) || sent->source.family == AVPN_FAMILY_IPV4;

        EXPECT(w, world_has_arrived(w, i) == fits);
        EXPECT(w, world_error(w, i) == (fits ? 0 : WORLD_TOO_BIG));
    }
    return world_del(w);
}

static uint32_t eight_hubs_are_a_full_mesh(uint64_t seed)
{
    struct world_site sites[8];
    struct world *w;

    for (int i = 0; i < 8; i++)
        sites[i] = (struct world_site){.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}};
    w = world_new(__func__, seed, sites, 8, 2);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (uint32_t a = 1; a <= 8; a++)
        for (uint32_t b = 1; b <= 8; b++)
            if (a != b)
                EXPECT(w, world_ping(w, a, b));
    return world_del(w);
}

static uint32_t two_hundred_spokes_on_one_hub(uint64_t seed)
{
    enum { COUNT = 201 };
    struct world_site *sites = calloc(COUNT, sizeof *sites);
    struct world *w;
    uint32_t arrived = 0;

    sites[0].role = AVPN_ROLE_HUB;
    for (uint32_t i = 1; i < COUNT; i++)
        sites[i] = (struct world_site){
            .nat = {sim_nat_kinds[i % (sim_nat_kind_count - 1)]}, .hubs = {1}};
    w = world_new(__func__, seed, sites, COUNT, 2);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    printf("# 200 tunnels after %.1f s\n", (double)world_now(w) / 1e9);
    for (uint32_t i = 2; i + 1 <= COUNT; i += 10)
        arrived += world_ping(w, i, i + 1) && world_ping(w, 1, i) ? 1 : 0;
    EXPECT(w, arrived == 20);
    world_run(w, SECONDS(30));
    EXPECT(w, w->nodes[1].downs == 0);
    free(sites);
    return world_del(w);
}

static uint32_t the_first_ping_passes_within_a_second(uint64_t seed)
{
    struct world *w = usual_world(__func__, seed, 2);

    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(2)));
    printf("# tunnel up after %.3f s\n", (double)world_now(w) / 1e9);
    EXPECT(w, world_now(w) < SECONDS(1));
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1));
    return world_del(w);
}

/* ---- the same again ------------------------------------------------------------------ */

static uint64_t eventful_run(uint64_t seed, uint32_t *failures)
{
    struct world *w = usual_world("eventful run", seed, 4);
    uint64_t hash;

    world_link(w, 2, 0, &(struct sim_link){.delay = 30 * AVPN_MILLISECOND,
                                           .jitter = 20 * AVPN_MILLISECOND,
                                           .loss_ppm = 50000,
                                           .duplicate_ppm = 50000});
    world_wait_all(w, SECONDS(30));
    world_stream(w, 2, 3, 100, 20 * AVPN_MILLISECOND);
    sim_nat_rebind(w->nodes[3].uplinks[0].nat);
    world_registry_stop(w, 0);
    world_run(w, SECONDS(30));
    world_registry_start(w, 0);
    world_stream(w, 3, 4, 100, 20 * AVPN_MILLISECOND);
    world_run(w, MINUTES(2));
    hash = sim_hash(w->sim);
    *failures += world_del(w);
    return hash;
}

static uint32_t a_seed_repeats_a_run_bit_for_bit(uint64_t seed)
{
    uint32_t failures = 0;
    const uint64_t one = eventful_run(seed, &failures);
    const uint64_t again = eventful_run(seed, &failures);
    const uint64_t other = eventful_run(seed + 1, &failures);

    printf("# trace hash %016llx\n", (unsigned long long)one);
    if (one != again)
        printf("# the same seed gave %016llx\n", (unsigned long long)again);
    return failures + (one != again ? 1 : 0) + (one == other ? 1 : 0);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario traffic_scenarios[] = {
    S(the_first_ping_passes_within_a_second),
    S(spokes_talk_through_their_hub),
    S(spokes_of_different_hubs_talk_through_both),
    S(the_second_hub_takes_over),
    S(the_default_route_leads_through_the_exit_hub),
    S(an_hour_of_rekeying_loses_no_packet),
    S(repeated_and_reordered_packets_arrive_once),
    S(packets_of_every_size_arrive),
    S(eight_hubs_are_a_full_mesh),
    S(two_hundred_spokes_on_one_hub),
    S(a_seed_repeats_a_run_bit_for_bit),
};
const size_t traffic_scenario_count = sizeof traffic_scenarios / sizeof *traffic_scenarios;
