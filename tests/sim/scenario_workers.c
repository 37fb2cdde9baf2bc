/* SPDX-License-Identifier: ISC */
/*
 * Scenarios about workers whose punts come late or never. Many others run with workers too (meson.build), whose punts are taken at
 * once.
 */
#include "scenario.h"
#include <string.h>

#define LATE (2 * AVPN_MILLISECOND)

static const struct world_site three[] = {
    {.role = AVPN_ROLE_HUB},
    {.nat = {&sim_nat_home}, .hubs = {1}},
    {.nat = {&sim_nat_home}, .hubs = {1}},
};

static struct world *manned(const char *name, uint64_t seed, struct world_site sites[3])
{
    struct world *w;

    memcpy(sites, three, sizeof three);
    w = world_new(name, seed, sites, 3, 2);
    w->punt_delay = LATE;
    world_set_workers(w, 3);
    return w;
}

static uint64_t punts(const struct world *w)
{
    return w->nodes[1].punted + w->nodes[2].punted + w->nodes[3].punted;
}

/* Every second control message is lost on its way to the node's thread: they are repeated. */
static uint32_t half_of_all_punts_are_lost_and_tunnels_come_up(uint64_t seed)
{
    struct world_site sites[3];
    struct world *w = manned(__func__, seed, sites);

    w->punts_losing = 50;
    EXPECT(w, world_wait_all(w, MINUTES(2)));
    world_run(w, MINUTES(25)); /* two rekeys */
    EXPECT(w, w->nodes[1].punts_lost > 1000);
    w->punts_losing = 0;
    EXPECT(w, world_wait_all(w, MINUTES(1)));
    world_run(w, SECONDS(30));
    EXPECT(w, world_ping(w, 2, 3) && world_ping(w, 3, 1) && world_ping(w, 1, 2));
    return world_del(w);
}

/* [TOP-1]: what its workers knew of the site ends with the call that applies the configuration. */
static uint32_t of_a_revoked_site_nothing_passes_a_worker(uint64_t seed)
{
    struct world_site sites[3];
    struct world *w = manned(__func__, seed, sites);
    avpn_time revoked_at = 0;
    uint32_t before = 0;
    size_t first;

    EXPECT(w, world_wait_all(w, SECONDS(30)) && world_ping(w, 3, 2));
    sites[2].is_revoked = true;
    world_publish(w, sites);
    world_deliver(w, 3);
    first = w->packet_count;
    for (uint32_t i = 0; i < 2000; i++) {
        world_send(w, &(struct world_flow){.from = 3, .to = 1});
        world_send(w, &(struct world_flow){.from = 3, .to = 2});
        world_send(w, &(struct world_flow){.from = 1, .to = 3});
        world_run(w, AVPN_MILLISECOND);
        if (revoked_at == 0 && world_version(w, 1) == w->version)
            revoked_at = world_now(w);
    }
    EXPECT(w, revoked_at != 0);
    for (size_t i = first; i < w->packet_count; i++) {
        const struct world_packet *packet = world_packet(w, i);

        before += packet->arrivals > 0;
        if (packet->from == 3 && packet->to == 1)
            EXPECT(w, packet->arrivals == 0 || packet->arrived_at <= revoked_at);
        else /* what the hub had passed on is on its way */
            EXPECT(w, packet->arrivals == 0 || packet->arrived_at <= revoked_at + SECONDS(1) / 10);
    }
    EXPECT(w, before > 10);
    return world_del(w);
}

/* What is on its way to a site while it moves, or until its new contact is proved, its NAT does not let in. */
static bool is_excused(const struct world_packet *packet, avpn_time moved_at)
{
    return packet->to == 2 && packet->sent_at > moved_at - SECONDS(1) / 10 &&
           packet->sent_at < moved_at + SECONDS(2);
}

/* [ESP-6], [PRB-7]: a packet every 10 ms on three ways, while everything changes that does not concern them. */
static uint32_t changes_under_a_stream_lose_nothing(uint64_t seed)
{
    struct world_site sites[3];
    struct world *w = manned(__func__, seed, sites);
    avpn_time moves[8], session;
    uint32_t count = 0, lost = 0;
    size_t first;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(30) + (avpn_span)sim_random_below(w->sim, AVPN_SECOND));
    session = world_peer(w, 1, 2).session_since;
    first = w->packet_count;
    for (uint32_t i = 0; i < 66000; i++) {
        world_send(w, &(struct world_flow){.from = 2, .to = 3});
        world_send(w, &(struct world_flow){.from = 3, .to = 2, .family = AVPN_FAMILY_IPV6});
        world_send_run(w, &(struct world_flow){.from = 1, .to = 2}, 1 + i % 5, i % 2 == 0);
        world_run(w, 10 * AVPN_MILLISECOND);
        if (i % 3000 == 500) {
            sites[1].extra = 1 + i % 200;
            world_publish(w, sites);
            world_deliver(w, 3);
        }
        if (i % 9000 == 1500) {
            sim_nat_renumber(w->nodes[2].uplinks[0].nat, i % 18000 == 1500 ? "192.0.2.7" : "192.0.2.8");
            moves[count++] = world_now(w);
        }
        if (i == 40000)
            world_set_workers(w, WORLD_WORKERS);
    }
    world_run(w, SECONDS(2));
    for (size_t i = first; i < w->packet_count; i++) {
        const struct world_packet *packet = world_packet(w, i);
        bool is_missing = packet->arrivals == 0;

        for (uint32_t k = 0; k < count && is_missing; k++)
            is_missing = !is_excused(packet, moves[k]);
        lost += is_missing;
    }
    EXPECT(w, lost == 0);
    EXPECT(w, world_peer(w, 1, 2).session_since != session);
    EXPECT(w, world_version(w, 2) > 3 && w->nodes[1].downs == 0 && w->nodes[1].roams == count);
    return world_del(w);
}

/* Whoever did what: the node's counters tell of all of it, once. */
static uint32_t workers_and_their_node_count_together(uint64_t seed)
{
    struct world_site sites[3];
    struct world *w = manned(__func__, seed, sites);
    uint64_t forwarded, before;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(10));
    before = punts(w);
    EXPECT(w, world_stream(w, 2, 3, 500, 3 * AVPN_MILLISECOND) == 500);
    EXPECT(w, world_stream(w, 1, 2, 300, 3 * AVPN_MILLISECOND) == 300);
    for (uint32_t i = 0; i < 30; i++)
        world_send(w, &(struct world_flow){.from = 2, .to = 3, .spoof = 1});
    world_run(w, SECONDS(2));
    forwarded = world_counter(w, 1, AVPN_COUNT_FORWARDED);
    EXPECT(w, world_counter(w, 2, AVPN_COUNT_SENT) == 500 && forwarded == 500);
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_SENT) == 300);
    EXPECT(w, world_counter(w, 2, AVPN_DROP_SOURCE) == 30);
    EXPECT(w, world_peer(w, 2, 1).sent_packets == 500 && world_peer(w, 1, 2).received_packets == 500);
    for (uint32_t site = 1; site <= 3; site++)
        EXPECT(w, world_counter(w, site, AVPN_COUNT_DELIVERED) == w->nodes[site].delivered);
    EXPECT(w, world_counter(w, 1, AVPN_COUNT_PUNTED) == w->nodes[1].punted);
    EXPECT(w, punts(w) - before < 400); /* probes and the like; not packets */
    return world_del(w);
}

#define S(f) {#f, f, NULL}
const struct scenario worker_scenarios[] = {
    S(half_of_all_punts_are_lost_and_tunnels_come_up),
    S(of_a_revoked_site_nothing_passes_a_worker),
    S(changes_under_a_stream_lose_nothing),
    S(workers_and_their_node_count_together),
};
const size_t worker_scenario_count = sizeof worker_scenarios / sizeof *worker_scenarios;
