/* SPDX-License-Identifier: ISC */
/* plan: from an organization's configuration to one member's route table. Spec: [RTE-1] to [RTE-3], [RTE-8], [RTE-10]. */
#ifndef AVPNI_TOPO_PLAN_H
#define AVPNI_TOPO_PLAN_H

#include "topo/config.h"
#include <autovpn/route.h>

/* What a plan needs to know beside the configuration. All zero: everything is offered, nothing attached, conflicts are not told. */
struct avpni_plan_seams {
    void *user;
    /* Does a member offer its export at this place now? NULL: all do. */
    bool (*is_offered)(void *user, uint32_t member, uint32_t index);
    const struct avpn_prefix *attached; /* borrowed; in any order */
    uint32_t attached_count;
    void (*conflict)(void *user, uint32_t kind, const struct avpn_prefix *prefix, uint32_t winner,
                     uint32_t loser); /* enum avpn_conflict; NULL: not told */
};

/*
 * Fill a new, empty route table for a member of a valid configuration. Hops are member ids,
 * AVPN_HOP_LOCAL for what it exports and offers, AVPN_HOP_ATTACHED for what it is attached to besides, AVPN_HOP_NOBODY for what no owner offers;
 * hops beyond AVPN_ROUTE_HOPS are left out. A revoked or unknown member has no routes. AVPN_ERROR_MEMORY: the table holds a part only,
 * throw it away.
 */
int32_t avpni_plan_routes(const struct avpn_config *config, uint32_t self,
                          const struct avpni_plan_seams *seams, struct avpn_routes *routes);

#endif
