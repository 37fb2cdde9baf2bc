/* SPDX-License-Identifier: ISC */
/*
 * kernel: what the gateway changes in the Linux kernel's network, over netlink: its interface, its
 * routes in two tables of their own, and the rules that lead there.
 *
 * Everything it makes carries its protocol number, and it changes and removes only what carries that
 * number in those tables: at the end, and what an earlier run left at the start. A route of
 * another program in the place of one of ours stays, and ours is refused.
 *
 * Rules, at successive priorities; all but the excepting one are for packets without the gateway's
 * mark, which the tunnels' outer packets have:
 *   0  own table, but no default route: subnets of other sites that can be reached
 *   1  main table, but no default route: networks this machine is attached to, or knows a way to
 *   2  guard table, but no default route: subnets of other sites that cannot be reached now. They
 *      must not leave in the clear by a default route
 *   3  packets with the mark go on behind the next rules, whose selectors a "not" would turn round
 *   4  breakouts from the VPN's default route, to the main table [RTE-9]
 *   5  own table: the VPN's default route, before the machine's own
 *   6  guard table: the same while no exit hub can be reached
 */
#ifndef GATEWAY_KERNEL_H
#define GATEWAY_KERNEL_H

#include <stdint.h>

#include <autovpn/config.h>
#include <autovpn/types.h>

#include "common/netlink.h"

#define KERNEL_RULES 7      /* priorities in use, from the first */
#define KERNEL_METRICS 17u  /* in use, from the first: one for each place of a hop, one for the rest */

struct kernel {
    struct netlink netlink;
    struct mnl_socket *monitor; /* changes of links, addresses and routes */
    uint32_t table, guard, priority, mark, metric;
    uint32_t interface; /* the tun's index, from kernel_interface on */
    uint8_t protocol;
    int has_ipv6; /* from kernel_add_rules on */
};

/* These return 0, or -1 with errno. */
int kernel_open(struct kernel *kernel);
void kernel_close(struct kernel *kernel);
/* Bring the tun up with this MTU, and have the kernel take what the engine delivers there. */
int kernel_interface(struct kernel *kernel, const char *name, uint32_t mtu);
int kernel_address(struct kernel *kernel, const struct avpn_prefix *address);

/* ---- routes (kernel_routes.c) ------------------------------------------------------------- */

enum kernel_route_kind {
    KERNEL_ROUTE_TUNNEL, /* own table: into the tunnel */
    KERNEL_ROUTE_THROW,  /* own table: by the tables that come after */
    KERNEL_ROUTE_GUARD   /* guard table: nowhere. A default route: into the tunnel, where it ends */
};

struct kernel_route {
    struct avpn_prefix prefix;
    uint8_t kind;  /* enum kernel_route_kind */
    uint8_t place; /* TUNNEL: of the hop in the order of preference, from 0 */
};

/* The metric it has in the kernel: a better place, a lower one. */
uint32_t kernel_metric(const struct kernel *kernel, const struct kernel_route *route);
void kernel_put_route(struct netlink_batch *batch, const struct kernel *kernel,
                      const struct kernel_route *route, void *subject);
void kernel_drop_route(struct netlink_batch *batch, const struct kernel *kernel,
                       const struct kernel_route *route, void *subject);
/*
 * What others have in a table: routes to a next hop that is there, but default routes, own ones and
 * those into the tunnel. 0, or -1 with errno; a table that does not exist is empty.
 */
int kernel_each_route(struct kernel *kernel, uint32_t table,
                      void (*note)(void *user, const struct avpn_prefix *prefix, uint8_t protocol),
                      void *user);

/* ---- rules (kernel_rules.c) ---------------------------------------------------------------- */

/* All but the breakouts. */
int kernel_add_rules(struct kernel *kernel);
/* A breakout, for each family that it means. */
void kernel_put_breakout(struct netlink_batch *batch, const struct kernel *kernel,
                          const struct avpn_breakout *breakout);
void kernel_drop_breakout(struct netlink_batch *batch, const struct kernel *kernel,
                           const struct avpn_breakout *breakout);

/* ---- leftovers (kernel_clean.c) --------------------------------------------------------------- */

/* Remove own routes and rules that are there. */
void kernel_clean(struct kernel *kernel);

/* ---- changes ------------------------------------------------------------------------------------ */

#define KERNEL_CHANGED_LINKS 1u  /* interfaces, their addresses */
#define KERNEL_CHANGED_ROUTES 2u /* routes, but own ones */

/* Descriptor that becomes readable when something changes; drain says what: KERNEL_CHANGED_*. */
int kernel_monitor_fd(const struct kernel *kernel);
uint32_t kernel_monitor_drain(struct kernel *kernel);

/* AF_INET or AF_INET6, and how many bytes its addresses have. */
uint8_t kernel_family(const struct avpn_prefix *prefix);
uint32_t kernel_address_bytes(uint8_t family);

#endif
