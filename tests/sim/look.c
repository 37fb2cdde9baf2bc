/* SPDX-License-Identifier: ISC */
/* look: what a world's engines say of themselves, and waiting until they say it. Nothing here changes anything. */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct avpn_peer_status world_peer(const struct world *world, uint32_t site, uint32_t peer)
{
    struct avpn_peer_status status = {.size = sizeof status};

    if (world->nodes[site].node != NULL)
        avpn_node_peer(world->nodes[site].node, peer, &status);
    return status;
}

static bool end_is_up(const struct world *world, uint32_t site, uint32_t peer)
{
    const uint8_t tunnel = world_peer(world, site, peer).tunnel;

    return tunnel == AVPN_TUNNEL_UP || tunnel == AVPN_TUNNEL_REKEYING;
}

bool world_tunnel_is_up(const struct world *world, uint32_t a, uint32_t b)
{
    return end_is_up(world, a, b) && end_is_up(world, b, a);
}

struct wait {
    const struct world *world;
    uint32_t a, b;
};

static bool tunnel_is_up(void *user)
{
    const struct wait *wait = user;

    return world_tunnel_is_up(wait->world, wait->a, wait->b);
}

bool world_wait_tunnel(struct world *world, uint32_t a, uint32_t b, avpn_span span)
{
    struct wait wait = {world, a, b};

    return sim_run_until(world->sim, span, tunnel_is_up, &wait);
}

static bool all_are_up(const struct world *world)
{
    for (uint32_t site = 1; site <= world->node_count; site++) {
        struct avpn_node_status status = {.size = sizeof status};

        avpn_node_status(world->nodes[site].node, &status);
        if (status.tunnels_up != status.peer_count)
            return false;
    }
    return true;
}

/* Says which tunnels are missing, seen from each end. */
static void show_missing(const struct world *world)
{
    struct avpn_peer_status status = {.size = sizeof status};

    for (uint32_t site = 1; site <= world->node_count; site++)
        for (uint32_t i = 0; avpn_node_peer_at(world->nodes[site].node, i, &status) == AVPN_OK; i++)
            if (status.tunnel != AVPN_TUNNEL_UP && status.tunnel != AVPN_TUNNEL_REKEYING)
                printf("# site %u has no tunnel with %u: state %u, %u paths, connected %u\n", site,
                       status.member, status.tunnel, status.path_count, status.is_connected);
}

bool world_wait_all(struct world *world, avpn_span span)
{
    const avpn_time until = world_now(world) + span;

    while (!all_are_up(world) && world_now(world) < until)
        world_run(world, 100 * AVPN_MILLISECOND);
    if (!all_are_up(world))
        show_missing(world);
    return all_are_up(world);
}

uint8_t world_nat(const struct world *world, uint32_t site, uint32_t uplink)
{
    struct avpn_uplink_status status = {.size = sizeof status};

    avpn_node_uplink_status(world->nodes[site].node, uplink, &status);
    return status.nat;
}

uint64_t world_counter(const struct world *world, uint32_t site, uint32_t counter)
{
    uint64_t counters[AVPN_COUNTERS];

    avpn_node_counters(world->nodes[site].node, counters, AVPN_COUNTERS);
    return counters[counter];
}

bool world_is_registered(const struct world *world, uint32_t registry, uint32_t site)
{
    struct avpn_registration status = {.size = sizeof status};

    return world->registries[registry].registry != NULL &&
           avpn_registry_registration(world->registries[registry].registry, &world->organization,
                                      site, 0, &status) == AVPN_OK &&
           status.is_connected == 1;
}

struct avpn_contact world_contact(const struct world *world, uint32_t site)
{
    struct avpn_registration status = {.size = sizeof status};

    avpn_registry_registration(world->registries[0].registry, &world->organization, site, 0,
                               &status);
    return status.observed;
}

uint64_t world_version(const struct world *world, uint32_t site)
{
    struct avpn_node_status status = {.size = sizeof status};

    if (world->nodes[site].node != NULL)
        avpn_node_status(world->nodes[site].node, &status);
    return status.config_version;
}

struct version_wait {
    const struct world *world;
    uint64_t version;
};

static bool all_have_version(void *user)
{
    const struct version_wait *wait = user;

    for (uint32_t site = 1; site <= wait->world->node_count; site++)
        if (wait->world->nodes[site].node != NULL &&
            world_version(wait->world, site) != wait->version)
            return false;
    return true;
}

bool world_wait_version(struct world *world, uint64_t version, avpn_span span)
{
    struct version_wait wait = {world, version};

    return all_have_version(&wait) || sim_run_until(world->sim, span, all_have_version, &wait);
}

struct avpn_contact world_path_contact(const struct world *world, uint32_t site, uint32_t peer)
{
    struct avpn_path_status status = {.size = sizeof status};

    for (uint32_t i = 0; avpn_node_path_at(world->nodes[site].node, peer, i, &status) == AVPN_OK;
         i++)
        if (status.is_selected)
            return status.contact;
    return (struct avpn_contact){0};
}

/* ---- routes ------------------------------------------------------------------------- */

/* `active_out` as avpn_node_route_at. */
static int32_t find_route(const struct world *world, uint32_t site, const char *prefix,
                          struct avpn_route *route_out, uint32_t *active_out)
{
    const struct avpn_prefix wanted = world_prefix(prefix);

    *route_out = (struct avpn_route){.size = sizeof *route_out};
    for (uint32_t i = 0;
         avpn_node_route_at(world->nodes[site].node, i, route_out, active_out) == AVPN_OK; i++)
        if (memcmp(&route_out->prefix, &wanted, sizeof wanted) == 0)
            return AVPN_OK;
    return AVPN_ERROR_NOT_FOUND;
}

int32_t world_route(const struct world *world, uint32_t site, const char *prefix,
                    struct avpn_route *route_out)
{
    uint32_t active;

    return find_route(world, site, prefix, route_out, &active);
}

uint32_t world_hop(const struct world *world, uint32_t site, const char *prefix)
{
    struct avpn_route route = {.size = sizeof route};
    uint32_t active;

    if (find_route(world, site, prefix, &route, &active) != AVPN_OK || active == AVPN_ROUTE_NONE)
        return AVPN_ROUTE_NONE;
    return route.hops[active];
}

bool world_has_conflict(const struct world *world, uint32_t site, uint32_t kind, const char *prefix,
                        uint32_t winner, uint32_t loser)
{
    const struct avpn_prefix wanted = world_prefix(prefix);
    struct avpn_conflict_status status = {.size = sizeof status};

    for (uint32_t i = 0; avpn_node_conflict_at(world->nodes[site].node, i, &status) == AVPN_OK; i++)
        if (status.kind == kind && status.winner == winner && status.loser == loser &&
            memcmp(&status.prefix, &wanted, sizeof wanted) == 0)
            return true;
    return false;
}

uint32_t world_told(const struct world *world, uint32_t site, const struct avpn_event *event,
                    const char *prefix, avpn_time since)
{
    const struct world_node *node = &world->nodes[site];
    struct avpn_prefix wanted = {0};
    uint32_t count = 0;

    if (prefix != NULL)
        wanted = world_prefix(prefix);
    for (size_t i = 0; i < node->told_count; i++) {
        const struct avpn_event *told = &node->told[i];

        if (told->at >= since && told->kind == event->kind && told->state == event->state &&
            told->peer == event->peer && told->other == event->other &&
            told->metric == event->metric &&
            (prefix == NULL || memcmp(&told->prefix, &wanted, sizeof wanted) == 0))
            count++;
    }
    return count;
}

/* ---- sizes -------------------------------------------------------------------------- */

uint32_t world_mtu(const struct world *world, uint32_t site, uint32_t peer)
{
    return world_peer(world, site, peer).mtu_bytes;
}

static bool has_size(const struct world *world, uint32_t site, uint32_t peer)
{
    struct avpn_path_status status = {.size = sizeof status};

    for (uint32_t i = 0; avpn_node_path_at(world->nodes[site].node, peer, i, &status) == AVPN_OK;
         i++)
        if (status.is_selected)
            return status.mtu_state == AVPN_MTU_DONE || status.mtu_state == AVPN_MTU_BELOW;
    return false;
}

static bool both_have_size(void *user)
{
    const struct wait *wait = user;

    return has_size(wait->world, wait->a, wait->b) && has_size(wait->world, wait->b, wait->a);
}

bool world_wait_mtu(struct world *world, uint32_t a, uint32_t b, avpn_span span)
{
    struct wait wait = {world, a, b};

    return sim_run_until(world->sim, span, both_have_size, &wait);
}
