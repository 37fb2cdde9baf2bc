/* SPDX-License-Identifier: ISC */
/*
 * routes: keeps the kernel's table equal to the engine's.
 *
 * Compares what the engine has with what was installed, and changes what differs. Prefixes of
 * peers lead into the tunnel, alive or not: were they removed while a tunnel is down, their
 * traffic would leave in the clear by the default route. The site's own exports are thrown
 * back to the tables after ours.
 */
#ifndef GATEWAY_ROUTES_H
#define GATEWAY_ROUTES_H

#include <autovpn/node.h>

#include "gateway/kernel.h"

struct routes_item {
    struct avpn_prefix prefix;
    enum kernel_route how;
};

struct routes {
    struct routes_item *items; /* installed, in the engine's order of prefix */
    uint32_t count;
};

void routes_apply(struct routes *routes, const struct avpn_node *node, struct kernel *kernel,
                  uint32_t interface);
void routes_free(struct routes *routes);

#endif
