/* SPDX-License-Identifier: ISC */
#include "gateway/routes.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/udp.h"

/* 0: prefix of the same place, else the order of the table: family, address, length. */
static int compare(const void *a, const void *b)
{
    const struct routes_item *x = a;
    const struct routes_item *y = b;
    int order = x->prefix.family - y->prefix.family;

    if (order == 0)
        order = memcmp(x->prefix.bytes, y->prefix.bytes, sizeof x->prefix.bytes);
    return order ? order : x->prefix.length - y->prefix.length;
}

static int covers(const struct avpn_prefix *prefix, const struct avpn_contact *address)
{
    uint32_t whole = prefix->length / 8u;
    uint32_t rest = prefix->length % 8u;

    if (prefix->family != address->family || memcmp(prefix->bytes, address->bytes, whole) != 0)
        return 0;
    return rest == 0 || (prefix->bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

/* A route over a network this machine is attached to takes it away: say so when it happens. */
static void warn_of_cover(const struct avpn_prefix *prefix, uint32_t interface)
{
    char text[AVPN_PREFIX_TEXT];
    struct ifaddrs *all;

    if (prefix->length == 0 || avpn_prefix_format(prefix, text, sizeof text) != AVPN_OK ||
        getifaddrs(&all) != 0)
        return;
    for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
        struct sockaddr_storage storage = {0};
        struct avpn_contact address;

        if (!one->ifa_addr || if_nametoindex(one->ifa_name) == interface ||
            (one->ifa_addr->sa_family != AF_INET && one->ifa_addr->sa_family != AF_INET6))
            continue;
        memcpy(&storage, one->ifa_addr,
               one->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
                                                   : sizeof(struct sockaddr_in6));
        udp_address_to(&storage, &address);
        if (covers(prefix, &address))
            log_line(AVPN_LOG_WARNING, "route %s into the tunnel covers the local network of %s",
                     text, one->ifa_name);
    }
    freeifaddrs(all);
}

static uint32_t wanted_routes(const struct avpn_node *node, struct routes_item **items_out)
{
    struct avpn_node_status status = {.size = sizeof status};
    struct routes_item *items;
    uint32_t count = 0;

    if (avpn_node_status(node, &status) != AVPN_OK)
        return 0;
    items = calloc(status.route_count + 1u, sizeof *items);
    while (items && count < status.route_count) {
        struct avpn_route route = {.size = sizeof route};
        uint32_t active;

        if (avpn_node_route_at(node, count, &route, &active) != AVPN_OK)
            break;
        items[count].prefix = route.prefix;
        items[count].how = route.hop_count > 0 && route.hops[0] == AVPN_HOP_LOCAL
                               ? KERNEL_ROUTE_THROW
                               : KERNEL_ROUTE_TUNNEL;
        count++;
    }
    if (items)
        qsort(items, count, sizeof *items, compare);
    *items_out = items;
    return count;
}

static void complain(const char *what, const struct avpn_prefix *prefix)
{
    char text[AVPN_PREFIX_TEXT] = "?";
    int saved = errno;

    (void)avpn_prefix_format(prefix, text, sizeof text);
    log_line(AVPN_LOG_ERROR, "route %s was not %s: %s", text, what, strerror(saved));
}

static void install(struct kernel *kernel, const struct routes_item *item, uint32_t interface)
{
    if (item->how == KERNEL_ROUTE_TUNNEL)
        warn_of_cover(&item->prefix, interface);
    if (kernel_add_route(kernel, &item->prefix, item->how, interface) != 0)
        complain("installed", &item->prefix);
}

static void withdraw(struct kernel *kernel, const struct routes_item *item)
{
    if (kernel_remove_route(kernel, &item->prefix, item->how) != 0 && errno != ESRCH)
        complain("removed", &item->prefix);
}

void routes_apply(struct routes *routes, const struct avpn_node *node, struct kernel *kernel,
                  uint32_t interface)
{
    struct routes_item *wanted = NULL;
    uint32_t count = wanted_routes(node, &wanted);
    uint32_t old = 0;
    uint32_t new = 0;

    if (!wanted)
        return; /* out of memory: the table stays as it is */
    while (old < routes->count || new < count) {
        int order = old == routes->count ? 1
                    : new == count       ? -1
                                         : compare(&routes->items[old], &wanted[new]);

        if (order == 0 && routes->items[old].how != wanted[new].how)
            order = -1; /* gone first, then made anew */
        if (order < 0) {
            withdraw(kernel, &routes->items[old++]);
        } else if (order > 0) {
            install(kernel, &wanted[new++], interface);
        } else {
            old++;
            new++;
        }
    }
    free(routes->items);
    routes->items = wanted;
    routes->count = count;
}

void routes_free(struct routes *routes)
{
    free(routes->items);
    memset(routes, 0, sizeof *routes);
}
