/* SPDX-License-Identifier: ISC */
#include "gateway/routes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "gateway/subnets.h"

/* ---- what is wanted -------------------------------------------------------------------- */

void routes_plan(const struct avpn_route *route, uint32_t active, struct kernel_route *route_out)
{
    uint32_t first = route->hop_count > 0 ? route->hops[0] : AVPN_HOP_NOBODY;

    memset(route_out, 0, sizeof *route_out);
    route_out->prefix = route->prefix;
    if (first == AVPN_HOP_LOCAL || first == AVPN_HOP_ATTACHED) {
        route_out->kind = KERNEL_ROUTE_THROW;
    } else if (active < route->hop_count) {
        route_out->kind = KERNEL_ROUTE_TUNNEL;
        route_out->place = (uint8_t)active;
    } else {
        route_out->kind = KERNEL_ROUTE_GUARD;
    }
}

static int compare(const void *a, const void *b)
{
    const struct routes_item *x = a;
    const struct routes_item *y = b;

    return subnets_compare(&x->route.prefix, &y->route.prefix);
}

static uint32_t wanted_routes(const struct avpn_node *node, const struct kernel *kernel,
                              struct routes_item **items_out)
{
    struct avpn_node_status status = {.size = sizeof status};
    struct routes_item *items;
    uint32_t count = 0;

    if (avpn_node_status(node, &status) != AVPN_OK)
        return 0;
    items = calloc(status.route_count + 1u, sizeof *items);
    for (uint32_t i = 0; items && i < status.route_count; i++) {
        struct avpn_route route = {.size = sizeof route};
        uint32_t active;

        if (avpn_node_route_at(node, i, &route, &active) != AVPN_OK)
            break;
        if (route.prefix.family == AVPN_FAMILY_IPV4 || kernel->has_ipv6)
            routes_plan(&route, active, &items[count++].route);
    }
    *items_out = items;
    return count;
}

/* ---- what differs ------------------------------------------------------------------------ */

static void complain(void *user, void *subject, int error)
{
    const struct kernel *kernel = user;
    struct routes_item *item = subject;
    char text[AVPN_PREFIX_TEXT] = "?";
    int is_repeated = item->is_refused;

    item->is_refused = 1;
    if (is_repeated || (item->is_leaving && error == ESRCH))
        return;
    (void)avpn_prefix_format(&item->route.prefix, text, sizeof text);
    if (!item->is_leaving && error == EEXIST)
        log_line(AVPN_LOG_ERROR, "route %s: another program has one with metric %u in table %u, which stays; "
                                 "give the gateway a table of its own (routing.table)",
                 text, kernel_metric(kernel, &item->route),
                 item->route.kind == KERNEL_ROUTE_GUARD ? kernel->guard : kernel->table);
    else
        log_line(AVPN_LOG_ERROR, "route %s was not %s: %s", text,
                 item->is_leaving ? "removed" : "installed", strerror(error));
}

static void install(struct netlink_batch *batch, const struct kernel *kernel,
                    struct routes_item *item)
{
    kernel_put_route(batch, kernel, &item->route, item);
}

static void withdraw(struct netlink_batch *batch, const struct kernel *kernel,
                     struct routes_item *item)
{
    item->is_leaving = 1;
    kernel_drop_route(batch, kernel, &item->route, item);
}

static void change(struct netlink_batch *batch, const struct kernel *kernel,
                   struct routes_item *old, struct routes_item *new)
{
    int is_same = old->route.kind == new->route.kind && old->route.place == new->route.place;

    if (is_same && !old->is_refused)
        return;
    new->is_refused = is_same ? 1 : 0; /* said already */
    install(batch, kernel, new);
    if (!is_same)
        withdraw(batch, kernel, old); /* after the new one is there */
}

void routes_change(struct routes *routes, struct netlink_batch *batch, struct kernel *kernel,
                   struct routes_item *wanted, uint32_t count)
{
    uint32_t old = 0;
    uint32_t new = 0;

    netlink_batch_begin(batch, &kernel->netlink);
    batch->refused = complain;
    batch->user = kernel;
    qsort(wanted, count, sizeof *wanted, compare);
    while (old < routes->count || new < count) {
        int order = old == routes->count ? 1
                    : new == count       ? -1
                                         : compare(&routes->items[old], &wanted[new]);

        if (order < 0)
            withdraw(batch, kernel, &routes->items[old++]);
        else if (order > 0)
            install(batch, kernel, &wanted[new++]);
        else
            change(batch, kernel, &routes->items[old++], &wanted[new++]);
    }
    netlink_batch_flush(batch); /* its subjects are about to go */
    free(routes->items);
    routes->items = wanted;
    routes->count = count;
}

/* ---- breakouts ---------------------------------------------------------------------------- */

static int has_full_tunnel(const struct avpn_member *member)
{
    for (uint32_t i = 0; i < member->hub_count; i++)
        if (member->hubs[i].flags & AVPN_HUB_DEFAULT_ROUTE)
            return 1;
    return 0;
}

static int is_listed(const struct avpn_breakout *list, uint32_t count,
                     const struct avpn_breakout *breakout)
{
    for (uint32_t i = 0; i < count; i++)
        if (memcmp(&list[i], breakout, sizeof *breakout) == 0)
            return 1;
    return 0;
}

uint32_t routes_breakouts(const struct avpn_config *config, uint32_t member,
                           struct avpn_breakout breakouts_out[AVPN_BREAKOUTS])
{
    struct avpn_member self = {.size = sizeof self};
    uint32_t count = 0;

    if (!config || avpn_config_member(config, member, &self) != AVPN_OK || !has_full_tunnel(&self))
        return 0;
    for (uint32_t i = 0; count < AVPN_BREAKOUTS; i++) {
        struct avpn_breakout breakout = {.size = sizeof breakout};

        if (avpn_config_breakout(config, i, &breakout) != AVPN_OK)
            break;
        if (breakout.member != 0 && breakout.member != member)
            continue;
        breakout.member = 0; /* two that differ in nothing else are one to the kernel */
        if (!is_listed(breakouts_out, count, &breakout))
            breakouts_out[count++] = breakout;
    }
    return count;
}

static void complain_of_rule(void *user, void *subject, int error)
{
    (void)user;
    (void)subject;
    if (error != ENOENT && error != EEXIST)
        log_line(AVPN_LOG_ERROR, "the rule of a breakout from the default route was refused: %s",
                 strerror(error));
}

static void change_breakouts(struct routes *routes, struct netlink_batch *batch,
                              const struct avpn_node *node, struct kernel *kernel)
{
    struct avpn_node_status status = {.size = sizeof status};
    struct avpn_breakout wanted[AVPN_BREAKOUTS];
    uint32_t count;

    if (avpn_node_status(node, &status) != AVPN_OK)
        return;
    netlink_batch_begin(batch, &kernel->netlink);
    batch->refused = complain_of_rule;
    count = routes_breakouts(avpn_node_config(node), status.member, wanted);
    for (uint32_t i = 0; i < count; i++)
        if (!is_listed(routes->breakouts, routes->breakout_count, &wanted[i]))
            kernel_put_breakout(batch, kernel, &wanted[i]);
    for (uint32_t i = 0; i < routes->breakout_count; i++)
        if (!is_listed(wanted, count, &routes->breakouts[i]))
            kernel_drop_breakout(batch, kernel, &routes->breakouts[i]);
    netlink_batch_flush(batch);
    memcpy(routes->breakouts, wanted, count * sizeof wanted[0]);
    routes->breakout_count = count;
}

void routes_apply(struct routes *routes, const struct avpn_node *node, struct kernel *kernel)
{
    struct netlink_batch *batch = malloc(sizeof *batch);
    struct routes_item *wanted = NULL;
    uint32_t count = batch ? wanted_routes(node, kernel, &wanted) : 0;

    /* Without memory the tables stay as they are. */
    if (wanted) {
        /* what is not to enter the tunnel is known before the default route that leads there */
        change_breakouts(routes, batch, node, kernel);
        routes_change(routes, batch, kernel, wanted, count);
    }
    free(batch);
}

void routes_free(struct routes *routes)
{
    free(routes->items);
    memset(routes, 0, sizeof *routes);
}
