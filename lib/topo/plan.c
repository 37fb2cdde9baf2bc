/* SPDX-License-Identifier: ISC */
/*
 * plan: all exports of all members, and the subnets that this machine is attached to, sorted so that those of one
 * prefix stand together, what is attached first, then its owners as [RTE-3] has them. Each such group is one route at most: its
 * hops are those of the owners that offer it, in turn. The sorted order visits a prefix before all that lie in it, so a stack of
 * levels knows what holds the group at hand.
 *
 * How self reaches an owner ([RTE-1]), leaving out who is revoked:
 *
 *     self    owner           next hops
 *     hub     hub             the owner, if they are peers [TOP-2]
 *     hub     spoke           the owner if it names self, then the other hubs it names that are peers of self
 *     spoke   hub it names    the owner, then the other hubs that self names
 *     spoke   anyone else     the hubs that self names
 *
 * of which, without hub tunnels, only those are of use that reach the owner.
 * There is no hub behind a hub: [RTE-4] would drop what came that way. What becomes of a group:
 *
 *     self offers it                    here, and nowhere else
 *     in an attached subnet             no route of others'; the attached subnet itself: nowhere, unless what holds it is
 *                                       delivered here anyway [RTE-10]
 *     else                              as above; nobody offers it: to nobody [RTE-8]
 */
#include "topo/plan.h"

#include "base/address.h"
#include "topo/sort.h"

#define LEVELS                                                                                     \
    130 /* prefixes that lie in each other: one for each length, and the level that holds all */

/* Everybody's claims: exports by their place in the pool, then attached subnets. */
struct plan {
    const struct avpn_config *config;
    const struct avpni_plan_seams *seams;
    struct avpni_member_view self;
    uint32_t *owners; /* member's place, by place of the export in the pool */
    uint32_t *order;  /* claims, sorted */
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

static bool has_hub_tunnels(const struct plan *plan)
{
    return (avpn_config_flags(plan->config) & AVPN_ORGANIZATION_NO_HUB_TUNNELS) == 0;
}

/* Can a hub of self pass on to an owner, directly or by one more hub? With hub tunnels all can, or none. */
static bool reaches(const struct plan *plan, uint32_t hub, const struct avpni_member_view *owner)
{
    if (has_hub_tunnels(plan) || avpn_config_is_peer(plan->config, hub, owner->id)) {
        return true;
    }
    for (uint32_t i = 0; owner->role == AVPN_ROLE_SPOKE && i < owner->hub_count; i++) {
        if (avpn_config_is_peer(plan->config, hub, owner->hubs[i].member)) {
            return true;
        }
    }
    return false;
}

/* The hubs of a list, in its order, with which self has tunnels; `owner`: those that reach it, NULL: all. */
static void add_hubs(const struct plan *plan, const struct avpni_member_view *namer, uint32_t flags,
                     const struct avpni_member_view *owner, struct avpn_route *route)
{
    for (uint32_t i = 0; i < namer->hub_count; i++) {
        const struct avpn_member_hub *hub = &namer->hubs[i];

        if ((hub->flags & flags) == flags &&
            avpn_config_is_peer(plan->config, plan->self.id, hub->member) &&
            (owner == NULL || reaches(plan, hub->member, owner))) {
            add_hop(route, hub->member);
        }
    }
}

static void add_hops_to(const struct plan *plan, const struct avpni_member_view *owner,
                        struct avpn_route *route)
{
    if (avpni_member_is_peer(plan->config, &plan->self, owner)) {
        add_hop(route, owner->id);
    }
    if (plan->self.role == AVPN_ROLE_SPOKE) {
        add_hubs(plan, &plan->self, 0, owner, route);
    } else if (owner->role == AVPN_ROLE_SPOKE) {
        add_hubs(plan, owner, 0, NULL, route);
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

    add_hubs(plan, &plan->self, AVPN_HUB_DEFAULT_ROUTE, NULL, &route);
    route.prefix.family = AVPN_FAMILY_IPV4;
    int32_t result = put(routes, &route);

    if (result != AVPN_OK) {
        return result;
    }
    route.prefix.family = AVPN_FAMILY_IPV6;
    return put(routes, &route);
}

/* ---- all claims, sorted ------------------------------------------------------------------------- */

static bool is_export(const struct plan *plan, uint32_t claim)
{
    return claim < plan->config->export_count;
}

static const struct avpn_prefix *prefix_of(const struct plan *plan, uint32_t claim)
{
    return is_export(plan, claim) ? &plan->config->exports[claim]
                                  : &plan->seams->attached[claim - plan->config->export_count];
}

static void view_owner(const struct plan *plan, uint32_t claim, struct avpni_member_view *owner_out)
{
    avpni_config_view(plan->config, plan->owners[claim], owner_out);
}

/* [RTE-3]: self, a spoke's own hubs as it prefers them, hubs, spokes. */
static uint32_t rank_of(const struct plan *plan, const struct avpni_member_view *owner)
{
    const struct avpni_member_view *self = &plan->self;

    if (owner->id == self->id) {
        return 0;
    }
    if (owner->role != AVPN_ROLE_HUB) {
        return AVPN_HUBS + 2;
    }
    for (uint32_t i = 0; self->role == AVPN_ROLE_SPOKE && i < self->hub_count; i++) {
        if (self->hubs[i].member == owner->id) {
            return i + 1;
        }
    }
    return AVPN_HUBS + 1;
}

static int32_t compare_numbers(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int32_t compare_claims(const void *user, uint32_t a, uint32_t b)
{
    const struct plan *plan = user;
    int32_t order = avpni_prefix_compare(prefix_of(plan, a), prefix_of(plan, b));
    struct avpni_member_view owner_a, owner_b;

    if (order != 0) {
        return order;
    }
    if (!is_export(plan, a) || !is_export(plan, b)) {
        return compare_numbers(b, a);
    }
    view_owner(plan, a, &owner_a);
    view_owner(plan, b, &owner_b);
    order = compare_numbers(rank_of(plan, &owner_a), rank_of(plan, &owner_b));
    return order != 0 ? order : compare_numbers(owner_a.id, owner_b.id);
}

static void collect_exports(struct plan *plan)
{
    struct avpni_member_view member;

    for (uint32_t i = 0; avpni_config_view(plan->config, i, &member); i++) {
        bool is_revoked = (member.flags & AVPN_MEMBER_REVOKED) != 0;

        for (uint32_t e = 0; !is_revoked && e < member.export_count; e++) {
            uint32_t claim = (uint32_t)(member.exports - plan->config->exports) + e;

            plan->owners[claim] = i;
            plan->order[plan->count++] = claim;
        }
    }
}

/* The host names them: what is no subnet, or all addresses, is none that could be looked for. */
static void collect_attached(struct plan *plan)
{
    for (uint32_t i = 0; i < plan->seams->attached_count; i++) {
        const struct avpn_prefix *prefix = &plan->seams->attached[i];

        if (avpni_prefix_is_canonical(prefix) && !avpni_prefix_is_default(prefix)) {
            plan->order[plan->count++] = plan->config->export_count + i;
        }
    }
}

static int32_t collect(struct plan *plan)
{
    const struct avpn_config *config = plan->config;
    size_t claims = (size_t)config->export_count + plan->seams->attached_count;

    plan->owners = avpni_allocate(&config->memory, config->export_count, sizeof *plan->owners);
    plan->order = avpni_allocate(&config->memory, claims, sizeof *plan->order);
    if (plan->owners == NULL || plan->order == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    collect_exports(plan);
    collect_attached(plan);
    avpni_sort(plan->order, plan->count, compare_claims, plan);
    return AVPN_OK;
}

/* ---- groups -------------------------------------------------------------------------------------- */

/* The claims on one prefix. */
struct group {
    const struct avpn_prefix *prefix;
    uint32_t first, end; /* in plan->order */
    uint32_t winner;     /* id of the first owner that offers it; 0: none does */
    bool is_own;         /* self is that owner */
    bool is_attached;    /* this machine is attached to this very subnet */
    bool is_withdrawn;   /* an owner does not offer it */
};

/* What holds for all that lies in a prefix. */
struct level {
    const struct avpn_prefix *prefix; /* NULL: all addresses */
    bool is_own;                      /* self offers it, or what holds it */
    bool is_attached;                 /* this machine is attached to it, or to what holds it */
    bool is_local;    /* its addresses are delivered here, but for what lies in it */
    uint32_t carrier; /* the owner whose tunnels they take; 0: none */
};

static bool is_offered(const struct plan *plan, const struct avpni_member_view *owner,
                       uint32_t claim)
{
    const struct avpni_plan_seams *seams = plan->seams;
    uint32_t index = claim - (uint32_t)(owner->exports - plan->config->exports);

    return seams->is_offered == NULL || seams->is_offered(seams->user, owner->id, index);
}

static void read_group(const struct plan *plan, uint32_t first, struct group *group_out)
{
    struct group group = {
        .prefix = prefix_of(plan, plan->order[first]), .first = first, .end = first};
    struct avpni_member_view owner;

    for (; group.end < plan->count &&
           avpni_prefix_is_equal(group.prefix, prefix_of(plan, plan->order[group.end]));
         group.end++) {
        uint32_t claim = plan->order[group.end];

        if (!is_export(plan, claim)) {
            group.is_attached = true;
            continue;
        }
        view_owner(plan, claim, &owner);
        if (!is_offered(plan, &owner, claim)) {
            group.is_withdrawn = true;
        } else if (group.winner == 0) {
            group.winner = owner.id;
        }
    }
    group.is_own = group.winner == plan->self.id;
    *group_out = group;
}

static void add_hops_of_owners(const struct plan *plan, const struct group *group,
                               struct avpn_route *route)
{
    struct avpni_member_view owner;

    for (uint32_t i = group->first; i < group->end; i++) {
        view_owner(plan, plan->order[i], &owner);
        if (is_offered(plan, &owner, plan->order[i])) {
            add_hops_to(plan, &owner, route);
        }
    }
    /* [RTE-8]: who withdrew it is a peer, so there would be a hop. */
    if (route->hop_count == 0 && group->is_withdrawn) {
        add_hop(route, AVPN_HOP_NOBODY);
    }
    /* A spoke leaves it to its hubs to say that they know no way; a default route is none either. */
    if (route->hop_count == 0 && plan->self.role == AVPN_ROLE_SPOKE) {
        add_hubs(plan, &plan->self, 0, NULL, route);
    }
}

static void make_route(const struct plan *plan, const struct group *group,
                       const struct level *above, struct avpn_route *route_out)
{
    *route_out = (struct avpn_route){.size = sizeof *route_out, .prefix = *group->prefix};
    if (group->is_own) {
        add_hop(route_out, AVPN_HOP_LOCAL);
    } else if (group->is_attached) {
        if (!above->is_local) {
            add_hop(route_out, AVPN_HOP_ATTACHED);
        }
    } else if (!above->is_attached) {
        add_hops_of_owners(plan, group, route_out);
    }
}

static void enter_level(const struct group *group, const struct level *above,
                        const struct avpn_route *route, struct level *level_out)
{
    bool is_carried = !group->is_own && !group->is_attached && group->winner != 0;

    *level_out = (struct level){
        .prefix = group->prefix,
        .is_own = above->is_own || group->is_own,
        .is_attached = above->is_attached || group->is_attached,
        .is_local = route->hop_count == 0 ? above->is_local : group->is_own,
        .carrier = route->hop_count == 0 ? above->carrier
                   : is_carried          ? group->winner
                                         : 0,
    };
}

/* ---- conflicts ----------------------------------------------------------------------------------- */

static void tell(const struct plan *plan, uint32_t kind, const struct group *group, uint32_t winner,
                 uint32_t loser)
{
    plan->seams->conflict(plan->seams->user, kind, group->prefix, winner, loser);
}

/* What becomes of one export of a group, where it is not simply the route. */
static void tell_claim(const struct plan *plan, const struct group *group, bool is_attached,
                       uint32_t claim)
{
    uint32_t self = plan->self.id, winner = group->winner;
    struct avpni_member_view owner;

    view_owner(plan, claim, &owner);
    if (owner.id == self) {
        if (!group->is_own) {
            tell(plan, AVPN_CONFLICT_WITHDRAWN, group, is_attached ? 0 : winner, self);
        }
    } else if (group->is_own) {
        tell(plan, AVPN_CONFLICT_OWN, group, self, owner.id);
    } else if (is_attached) {
        tell(plan, AVPN_CONFLICT_ATTACHED, group, self, owner.id);
    } else if (!is_offered(plan, &owner, claim)) {
        tell(plan, AVPN_CONFLICT_WITHDRAWN, group, winner, owner.id);
    } else if (owner.id != winner) {
        tell(plan, AVPN_CONFLICT_SHARED, group, winner, owner.id);
    }
}

static void tell_conflicts(const struct plan *plan, const struct group *group,
                           const struct level *above, const struct avpn_route *route)
{
    uint32_t self = plan->self.id;
    bool is_attached = above->is_attached || group->is_attached;

    if (plan->seams->conflict == NULL) {
        return;
    }
    for (uint32_t i = group->first; i < group->end; i++) {
        if (is_export(plan, plan->order[i])) {
            tell_claim(plan, group, is_attached, plan->order[i]);
        }
    }
    if (above->is_own && !group->is_own && !is_attached && group->winner != 0 &&
        route->hop_count > 0) {
        tell(plan, AVPN_CONFLICT_INSIDE, group, group->winner, self);
    }
    /* It takes its part of a larger export of another. */
    if (group->is_attached && !group->is_own && above->carrier != 0) {
        tell(plan, AVPN_CONFLICT_ATTACHED, group, self, above->carrier);
    }
}

/* ---- all of it ----------------------------------------------------------------------------------- */

static int32_t put_groups(const struct plan *plan, struct avpn_routes *routes)
{
    struct level levels[LEVELS] = {{.prefix = NULL}};
    uint32_t depth = 0;
    int32_t result = AVPN_OK;

    for (uint32_t at = 0; result == AVPN_OK && at < plan->count;) {
        struct avpn_route route;
        struct group group;

        read_group(plan, at, &group);
        while (depth > 0 && !avpni_prefix_has_prefix(levels[depth].prefix, group.prefix)) {
            depth--;
        }
        make_route(plan, &group, &levels[depth], &route);
        tell_conflicts(plan, &group, &levels[depth], &route);
        enter_level(&group, &levels[depth], &route, &levels[depth + 1]);
        depth++;
        result = put(routes, &route);
        at = group.end;
    }
    return result;
}

int32_t avpni_plan_routes(const struct avpn_config *config, uint32_t self,
                          const struct avpni_plan_seams *seams, struct avpn_routes *routes)
{
    struct plan plan = {.config = config, .seams = seams};

    if (!avpni_config_view(config, avpni_config_find(config, self), &plan.self) ||
        (plan.self.flags & AVPN_MEMBER_REVOKED) != 0) {
        return AVPN_OK;
    }
    int32_t result = put_default_routes(&plan, routes);

    if (result == AVPN_OK) {
        result = collect(&plan);
    }
    if (result == AVPN_OK) {
        result = put_groups(&plan, routes);
    }
    avpni_release(&config->memory, plan.owners);
    avpni_release(&config->memory, plan.order);
    return result;
}
