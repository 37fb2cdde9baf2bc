/* SPDX-License-Identifier: ISC */
/*
 * routes: keeps the kernel's tables equal to the engine's.
 *
 * Compares what the engine has with what was installed, and changes what differs. What has a live next
 * hop leads into the tunnel, from the own table, where routing daemons may see it. What has none is
 * taken from there and stands in the guard table: its traffic must not leave in the clear by a default
 * route. Own exports, and networks this machine is attached to, are thrown back to the tables after
 * ours. And the breakouts of the organization's policy, where this site has a full tunnel.
 */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include <autovpn/node.h>

#include "gateway/kernel.h"

struct routes_item {
    struct kernel_route route;
    uint8_t is_refused; /* the kernel did not take it; tried again the next time */
    uint8_t is_leaving;
};

struct routes {
    struct routes_item *items; /* installed, in order of prefix */
    uint32_t count;
    struct avpn_breakout breakouts[AVPN_BREAKOUTS]; /* installed */
    uint32_t breakout_count;
};

/* How the kernel is to treat a route of the engine's. `active`: as avpn_node_route_at says. */
void routes_plan(const struct avpn_route *route, uint32_t active, struct kernel_route *route_out);
/* The breakouts that a member needs, each once; none without a full tunnel. Returns how many. */
uint32_t routes_breakouts(const struct avpn_config *config, uint32_t member,
                           struct avpn_breakout breakouts_out[AVPN_BREAKOUTS]);
/* From what is installed to what is wanted, which is taken over: allocated, each prefix once. */
void routes_change(struct routes *routes, struct netlink_batch *batch, struct kernel *kernel,
                   struct routes_item *wanted, uint32_t count);
/* What the engine has now. */
void routes_apply(struct routes *routes, const struct avpn_node *node, struct kernel *kernel);
void routes_free(struct routes *routes);

#endif
