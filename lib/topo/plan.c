/* SPDX-License-Identifier: ISC */
/*
 * plan: all exports of all members, sorted so that those of one prefix stand together and its
 * first owner first ([RTE-3]: self, then hubs, then spokes, each by id). One route for each such
 * group, its hops those of its owners in turn.
 *
 * How self reaches an owner ([RTE-1]), leaving out who is revoked:
 *
 *     self    owner           next hops
 *     any     self            here, and nowhere else
 *     hub     hub             the owner
 *     hub     spoke           the owner if it names self, then the other hubs it names
 *     spoke   hub it names    the owner, then the other hubs that self names
 *     spoke   anyone else     the hubs that self names
 *
 * Every hub reaches every other directly, so a hub between two hubs would help nobody; and
 * [RTE-4] would drop what came that way.
 */
#include "topo/plan.h"

#include "base/address.h"
#include "topo/sort.h"

struct plan {
    const struct avpn_config *config;
    struct avpni_member_view self;
    uint32_t *owners; /* member's place, by place of the export in the pool */
    uint32_t *order;  /* places of exports in the pool */
    uint32_t count;
};

/* ---- hops of one route ------------------------------------------------------------------------- */

static void add_hop(struct avpn_route *route, uint32_t hop)
{
    for (uint32_t i = 0; i < route->hop_count; i++) {
        if (route->hops[i] == hop) {
            return;
        }
    }
    if (route->hop_count < AVPN_ROUTE_HOPS) {
        route->hops[route->hop_count++] = hop;
    }
}

/* The hubs of a list, in its order, with which self has tunnels. */
static void add_hubs(const struct plan *plan, const struct avpni_member_view *namer, uint32_t flags,
                     struct avpn_route *route)
{
    for (uint32_t i = 0; i < namer->hub_count; i++) {
        const struct avpn_member_hub *hub = &namer->hubs[i];

        if ((hub->flags & flags) == flags &&
            avpn_config_is_peer(plan->config, plan->self.id, hub->member)) {
            add_hop(route, hub->member);
        }
    }
}

static void add_hops_to(const struct plan *plan, const struct avpni_member_view *owner,
                        struct avpn_route *route)
{
    if (avpni_member_is_peer(&plan->self, owner)) {
        add_hop(route, owner->id);
    }
    if (plan->self.role == AVPN_ROLE_SPOKE) {
        add_hubs(plan, &plan->self, 0, route);
    } else if (owner->role == AVPN_ROLE_SPOKE) {
        add_hubs(plan, owner, 0, route);
    }
}

/* A route nobody can carry is not one. */
static int32_t put(struct avpn_routes *routes, const struct avpn_route *route)
{
    return route->hop_count == 0 ? AVPN_OK : avpn_routes_put(routes, route);
}

/* [RTE-2] */
static int32_t put_default_routes(const struct plan *plan, struct avpn_routes *routes)
{
    struct avpn_route route = {.size = sizeof route};

    add_hubs(plan, &plan->self, AVPN_HUB_DEFAULT_ROUTE, &route);
    route.prefix.family = AVPN_FAMILY_IPV4;
    int32_t result = put(routes, &route);

    if (result != AVPN_OK) {
        return result;
    }
    route.prefix.family = AVPN_FAMILY_IPV6;
    return put(routes, &route);
}

/* ---- all exports, sorted ------------------------------------------------------------------------ */

static uint32_t rank_of(const struct plan *plan, const struct avpni_member_view *owner)
{
    if (owner->id == plan->self.id) {
        return 0;
    }
    return owner->role == AVPN_ROLE_HUB ? 1 : 2;
}

/* [RTE-3] */
static int32_t compare_exports(const void *user, uint32_t a, uint32_t b)
{
    const struct plan *plan = user;
    int32_t order = avpni_prefix_compare(&plan->config->exports[a], &plan->config->exports[b]);
    struct avpni_member_view owner_a, owner_b;

    if (order != 0 || !avpni_config_view(plan->config, plan->owners[a], &owner_a) ||
        !avpni_config_view(plan->config, plan->owners[b], &owner_b)) {
        return order;
    }
    uint32_t rank_a = rank_of(plan, &owner_a), rank_b = rank_of(plan, &owner_b);

    if (rank_a != rank_b) {
        return rank_a < rank_b ? -1 : 1;
    }
    return (owner_a.id > owner_b.id) - (owner_a.id < owner_b.id);
}

static int32_t collect_exports(struct plan *plan)
{
    const struct avpn_config *config = plan->config;
    struct avpni_member_view member;

    plan->owners = avpni_allocate(&config->memory, config->export_count, sizeof *plan->owners);
    plan->order = avpni_allocate(&config->memory, config->export_count, sizeof *plan->order);
    if (plan->owners == NULL || plan->order == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    for (uint32_t i = 0; avpni_config_view(config, i, &member); i++) {
        bool is_revoked = (member.flags & AVPN_MEMBER_REVOKED) != 0;

        for (uint32_t e = 0; !is_revoked && e < member.export_count; e++) {
            uint32_t place = (uint32_t)(member.exports - config->exports) + e;

            plan->owners[place] = i;
            plan->order[plan->count++] = place;
        }
    }
    avpni_sort(plan->order, plan->count, compare_exports, plan);
    return AVPN_OK;
}

/* ---- one route for each group ------------------------------------------------------------------- */

/* The route of the group that begins at `first`; returns where the next one begins. */
static uint32_t plan_group(const struct plan *plan, uint32_t first, struct avpn_route *route,
                           const struct avpni_plan_seams *seams)
{
    const struct avpn_prefix *prefix = &plan->config->exports[plan->order[first]];
    struct avpni_member_view winner, owner;
    uint32_t at = first;

    *route = (struct avpn_route){.size = sizeof *route, .prefix = *prefix};
    avpni_config_view(plan->config, plan->owners[plan->order[first]], &winner);
    bool is_local = winner.id == plan->self.id;

    if (is_local) {
        add_hop(route, AVPN_HOP_LOCAL);
    }
    for (; at < plan->count &&
           avpni_prefix_is_equal(prefix, &plan->config->exports[plan->order[at]]);
         at++) {
        avpni_config_view(plan->config, plan->owners[plan->order[at]], &owner);
        if (!is_local) {
            add_hops_to(plan, &owner, route);
        }
        if (owner.id != winner.id && seams->conflict != NULL) {
            seams->conflict(seams->user, AVPN_CONFLICT_SHARED, prefix, winner.id, owner.id);
        }
    }
    return at;
}

int32_t avpni_plan_routes(const struct avpn_config *config, uint32_t self,
                          const struct avpni_plan_seams *seams, struct avpn_routes *routes)
{
    struct plan plan = {.config = config};

    if (!avpni_config_view(config, avpni_config_find(config, self), &plan.self) ||
        (plan.self.flags & AVPN_MEMBER_REVOKED) != 0) {
        return AVPN_OK;
    }
    int32_t result = put_default_routes(&plan, routes);

    if (result == AVPN_OK) {
        result = collect_exports(&plan);
    }
    for (uint32_t at = 0; result == AVPN_OK && at < plan.count;) {
        struct avpn_route route;

        at = plan_group(&plan, at, &route, seams);
        result = put(routes, &route);
    }
    avpni_release(&config->memory, plan.owners);
    avpni_release(&config->memory, plan.order);
    return result;
}
