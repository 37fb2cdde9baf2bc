/* SPDX-License-Identifier: ISC */
/*
 * crew: the workers of each node, as a host with threads would have them. The simulation has one thread: for each batch chance
 * says who handles it. A punt lies in a queue until the worker returns, or for up to world->punt_delay, so that other workers, the
 * network and timers overtake it, as the node's thread comes late on a busy machine.
 */
#include "world.h"
#include <stdlib.h>
#include <string.h>

struct world_punt {
    struct world_punt *next;
    avpn_time due;
    size_t count;
    uint8_t bytes[];
};

/* In the order in which they came: a queue. */
static void take_punts(void *user, avpn_time now)
{
    struct world_node *node = user;
    struct world_punt *punt;

    while ((punt = node->punts) != NULL && punt->due <= now) {
        node->punts = punt->next;
        if (node->punts == NULL)
            node->punts_end = &node->punts;
        world_must(node->engine.world, avpn_node_take_punt(node->node, punt->bytes, punt->count, now),
                   "avpn_node_take_punt");
        free(punt);
        world_node_serve(node);
    }
}

static void crew_punt(void *user, const uint8_t *bytes, size_t count)
{
    struct world_node *node = user;
    struct world *world = node->engine.world;
    const uint64_t chance = sim_chance_next(&node->engine.chance);
    struct world_punt *punt;

    node->punted++;
    if (count > AVPN_PUNT_LIMIT)
        world_fail(world, "a punt is larger than any is");
    if (chance >> 32 < (uint64_t)world->punts_losing * (UINT32_MAX / 100)) {
        node->punts_lost++;
        return;
    }
    punt = malloc(sizeof *punt + count);
    if (punt == NULL)
        abort();
    *punt = (struct world_punt){.due = world_now(world), .count = count};
    if (world->punt_delay > 0)
        punt->due += (avpn_span)(chance & UINT32_MAX) % world->punt_delay;
    memcpy(punt->bytes, bytes, count);
    *node->punts_end = punt;
    node->punts_end = &punt->next;
    if (world->punt_delay > 0)
        sim_at(world->sim, punt->due, take_punts, node);
}

static void add_worker(struct world_node *node, uint32_t number)
{
    const struct avpn_worker_host host = {.size = sizeof host,
                                          .user = node,
                                          .transmit = world_node_transmit,
                                          .deliver = world_node_deliver,
                                          .breakout = node->has_no_breakout ? NULL : world_node_breakout,
                                          .punt = crew_punt};

    world_must(node->engine.world, avpn_worker_new(node->node, &host, &node->workers[number]),
               "avpn_worker_new");
}

void world_crew_open(struct world_node *node)
{
    node->punts_end = &node->punts;
    for (uint32_t i = 0; i < node->engine.world->workers; i++)
        if (node->workers[i] == NULL)
            add_worker(node, i);
}

void world_crew_close(struct world_node *node)
{
    struct world_punt *punt;

    for (uint32_t i = 0; i < WORLD_WORKERS; i++) {
        avpn_worker_del(node->workers[i]);
        node->workers[i] = NULL;
    }
    while ((punt = node->punts) != NULL) {
        node->punts = punt->next;
        free(punt);
    }
    node->punts_end = &node->punts;
}

void world_set_workers(struct world *world, uint32_t count)
{
    world->workers = count > world->workers ? count : world->workers;
    for (uint32_t site = 1; site <= world->node_count; site++)
        if (world->nodes[site].node != NULL)
            world_crew_open(&world->nodes[site]);
}

/* NULL: the node itself. */
static struct avpn_worker *choose(struct world_node *node)
{
    const uint32_t workers = node->engine.world->workers;
    uint64_t turn;

    if (workers == 0)
        return NULL;
    turn = sim_chance_next(&node->engine.chance) % (workers + 1);
    return turn == workers ? NULL : node->workers[turn];
}

void world_crew_receive(struct world_node *node, const struct avpn_datagrams *batch)
{
    struct world *world = node->engine.world;
    struct avpn_worker *worker = choose(node);

    if (worker != NULL) {
        world_must(world, avpn_worker_receive(worker, batch, 1, world_now(world)), "avpn_worker_receive");
        take_punts(node, world_now(world));
        return;
    }
    world_must(world, avpn_node_receive(node->node, batch, 1, world_now(world)), "avpn_node_receive");
    world_node_serve(node);
}

int32_t world_crew_send(struct world_node *node, const struct avpn_packets *run)
{
    const avpn_time now = world_now(node->engine.world);
    struct avpn_worker *worker = choose(node);

    int32_t error;

    if (worker == NULL)
        return avpn_node_send(node->node, run, 1, now);
    error = avpn_worker_send(worker, run, 1, now);
    take_punts(node, now);
    return error;
}
