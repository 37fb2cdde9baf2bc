/* SPDX-License-Identifier: ISC */
/*
 * table: a host's routing table, kept from nothing but the events of its engine, as a program that feeds a kernel or a
 * routing daemon keeps it. When a scenario ends it has to be what the engine's own table is.
 */
#include "world.h"
#include <stdlib.h>
#include <string.h>

/* Routes by prefix, in any order: the last event about each that is still there. */
struct table {
    struct avpn_event *routes;
    size_t count;
};

static struct avpn_event *find(const struct table *table, const struct avpn_prefix *prefix)
{
    for (size_t i = 0; i < table->count; i++)
        if (memcmp(&table->routes[i].prefix, prefix, sizeof *prefix) == 0)
            return &table->routes[i];
    return NULL;
}

static void take(struct world *world, struct table *table, const struct avpn_event *event)
{
    struct avpn_event *there = find(table, &event->prefix);

    switch (event->kind) {
    case AVPN_EVENT_ROUTE_ADD:
        EXPECT(world, there == NULL);
        if (there == NULL)
            table->routes[table->count++] = *event;
        break;
    case AVPN_EVENT_ROUTE_REPLACE:
        EXPECT(world, there != NULL);
        if (there != NULL)
            *there = *event;
        break;
    case AVPN_EVENT_ROUTE_DELETE:
        EXPECT(world, there != NULL);
        if (there != NULL)
            *there = table->routes[--table->count];
        break;
    default:
        break;
    }
}

static bool is_told_so(const struct avpn_event *told, const struct avpn_route *route, uint32_t active)
{
    if (told == NULL)
        return false;
    if (active == AVPN_ROUTE_NONE)
        return told->state == 0;
    return told->state == 1 && told->peer == route->hops[active] && told->metric == active;
}

/* The site's own routes are told by nobody. */
static size_t compare(struct world *world, const struct table *table, const struct avpn_node *node)
{
    struct avpn_route route = {.size = sizeof route};
    uint32_t active;
    size_t routes = 0;

    for (uint32_t i = 0; avpn_node_route_at(node, i, &route, &active) == AVPN_OK; i++) {
        if (route.hops[0] == AVPN_HOP_LOCAL || route.hops[0] == AVPN_HOP_ATTACHED)
            continue;
        routes++;
        EXPECT(world, is_told_so(find(table, &route.prefix), &route, active));
    }
    return routes;
}

void world_check_table(struct world *world, uint32_t site)
{
    const struct world_node *node = &world->nodes[site];
    struct table table = {NULL, 0};

    if (node->has_lost)
        return;
    table.routes = calloc(node->told_count + 1, sizeof *table.routes);
    if (table.routes == NULL)
        abort();
    for (size_t i = node->told_before; i < node->told_count; i++)
        take(world, &table, &node->told[i]);
    EXPECT(world, compare(world, &table, node->node) == table.count);
    free(table.routes);
}
