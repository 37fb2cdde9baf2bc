/* SPDX-License-Identifier: ISC */
/* plan: from an organization's configuration to one member's route table. Spec: [RTE-1] to [RTE-3]. */
#ifndef AVPNI_TOPO_PLAN_H
#define AVPNI_TOPO_PLAN_H

#include "topo/config.h"
#include <autovpn/route.h>

/*
 * Fill a new, empty route table for a member of a valid configuration. Hops are member ids,
 * AVPN_HOP_LOCAL for its own exports; hops beyond AVPN_ROUTE_HOPS are left out. A revoked or
 * unknown member has no routes. `conflict`, which may be NULL, is told of each export that another
 * member exports too: `loser`'s next hops come after `winner`'s, or not at all where the winner is
 * `self`. AVPN_ERROR_MEMORY: the table holds a part only, throw it away.
 */
int32_t avpni_plan_routes(const struct avpn_config *config, uint32_t self,
                          struct avpn_routes *routes,
                          void (*conflict)(void *user, const struct avpn_prefix *prefix,
                                           uint32_t winner, uint32_t loser),
                          void *user);

#endif
