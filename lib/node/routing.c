/* SPDX-License-Identifier: ISC */
#include "node/routing.h"

#include "base/address.h"
#include "base/sized.h"
#include "node/node.h"
#include "topo/plan.h"
#include <string.h>

/* ---- a table ------------------------------------------------------------------------ */

/* What is handed to the plan, and how it answers. */
struct planning {
    struct avpn_node *node;
    const struct avpni_routing_ground *ground;
    struct avpni_table *table;
    uint32_t conflict_capacity;
    bool is_out_of_memory;
};

/* What a member offers: all, if it is no peer. */
static uint64_t offers_of(const struct avpni_routing_ground *ground, uint32_t member)
{
    uint32_t low = 0, high = ground->peer_count;

    if (member == ground->self)
        return ground->offers;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (ground->peers[middle]->member < member)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == ground->peer_count || ground->peers[low]->member != member)
        return UINT64_MAX;
    return ground->peer_offers != NULL ? ground->peer_offers[low] : ground->peers[low]->offers;
}

/* [RTE-8] */
static bool is_offered(void *user, uint32_t member, uint32_t index)
{
    const struct planning *planning = user;

    return (offers_of(planning->ground, member) >> index & 1) != 0;
}

/* Conflicts beyond what is kept are not worth failing for; nor is a list that cannot grow. */
static void note_conflict(void *user, uint32_t kind, const struct avpn_prefix *prefix,
                          uint32_t winner, uint32_t loser)
{
    struct planning *planning = user;
    struct avpni_table *table = planning->table;

    if (table->conflict_count == planning->conflict_capacity) {
        uint32_t wanted = planning->conflict_capacity == 0 ? 16 : planning->conflict_capacity * 2;
        struct avpni_conflict *grown;

        if (wanted > AVPN_CONFLICTS || planning->is_out_of_memory)
            return;
        grown = avpni_resize(&planning->node->context.memory, table->conflicts, wanted,
                             sizeof *grown);
        if (grown == NULL) {
            planning->is_out_of_memory = true;
            return;
        }
        table->conflicts = grown;
        planning->conflict_capacity = wanted;
    }
    table->conflicts[table->conflict_count++] =
        (struct avpni_conflict){*prefix, kind, winner, loser};
}

/* For a hop in the table: peers are in order of member id. */
static struct avpni_gate *find_gate(const void *owner, uint32_t hop)
{
    const struct avpni_routing_ground *ground = owner;
    uint32_t low = 0, high = ground->peer_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (ground->peers[middle]->member < hop)
            low = middle + 1;
        else
            high = middle;
    }
    return low < ground->peer_count && ground->peers[low]->member == hop ? ground->peers[low]->gate
                                                                         : NULL;
}

static int32_t fill_table(struct avpn_node *node, const struct avpni_routing_ground *ground,
                          struct avpni_table *table)
{
    struct planning planning = {.node = node, .ground = ground, .table = table};
    const struct avpni_plan_seams seams = {.user = &planning,
                                           .is_offered = is_offered,
                                           .attached = node->routing.attached,
                                           .attached_count = node->routing.attached_count,
                                           .conflict = note_conflict};
    struct avpni_plane *plane = &node->context.plane;
    int32_t error = avpn_routes_new(&node->context.host, &table->routes);

    if (error == AVPN_OK)
        error = avpni_plan_routes(ground->config, ground->self, &seams, table->routes);
    for (uint32_t i = 0; i < ground->peer_count && error == AVPN_OK; i++)
        error = avpn_routes_set_state(table->routes, ground->peers[i]->member,
                                      ground->peers[i]->hop_state);
    if (error == AVPN_OK)
        error = avpni_directory_new(plane, table->routes, find_gate, ground, &table->directory);
    if (error == AVPN_OK)
        error = avpni_tables_new(plane, &table->tables);
    if (error != AVPN_OK)
        return error;
    table->told =
        avpni_allocate(&node->context.memory, (size_t)avpn_routes_count(table->routes) + 1,
                       sizeof *table->told);
    return table->told == NULL ? AVPN_ERROR_MEMORY : AVPN_OK;
}

int32_t avpni_table_make(struct avpn_node *node, const struct avpni_routing_ground *ground,
                         struct avpni_table *table_out)
{
    struct avpni_table table = {0};
    int32_t error = fill_table(node, ground, &table);

    if (error != AVPN_OK)
        avpni_table_free(node, &table);
    else
        *table_out = table;
    return error;
}

void avpni_table_free(struct avpn_node *node, struct avpni_table *table)
{
    avpni_release(&node->context.memory, table->told);
    avpni_release(&node->context.memory, table->conflicts);
    if (table->directory != NULL)
        avpni_directory_retire(&node->context.plane, table->directory); /* with its routes */
    else
        avpn_routes_del(table->routes);
    avpni_tables_retire(&node->context.plane, table->tables);
    memset(table, 0, sizeof *table);
}

/* ---- telling ------------------------------------------------------------------------ */

static void tell_route(struct avpn_node *node, uint32_t kind, const struct avpn_route *route,
                       uint32_t active, avpn_time now)
{
    struct avpn_event event = avpni_event(kind, active != AVPN_ROUTE_NONE, now);

    event.prefix = route->prefix;
    event.metric = active == AVPN_ROUTE_NONE ? 0 : active;
    event.peer = route->hops[event.metric];
    if (event.peer == AVPN_HOP_NOBODY)
        event.peer = 0;
    avpni_events_push(&node->context.events, &event);
}

/* The site's own business, of which no event tells. */
static bool is_own(const struct avpn_route *route)
{
    return route->hops[0] == AVPN_HOP_LOCAL || route->hops[0] == AVPN_HOP_ATTACHED;
}

static uint32_t active_hop(const struct avpn_routes *routes, const struct avpn_route *route)
{
    uint32_t active = avpn_routes_active(routes, route);

    return active == AVPN_ROUTE_NONE ? AVPN_ROUTE_NONE : route->hops[active];
}

static void tell_hops(struct avpn_node *node, avpn_time now)
{
    struct avpni_table *table = &node->routing.table;
    uint32_t count = avpn_routes_count(table->routes);

    for (uint32_t i = 0; i < count; i++) {
        uint32_t hop = avpni_routes_active(table->routes, table->told[i].route);
        struct avpn_route route = {.size = sizeof route};

        if (hop == table->told[i].hop)
            continue; /* nearly all: not even read */
        avpn_routes_at(table->routes, i, &route);
        table->told[i].hop = hop;
        tell_route(node, AVPN_EVENT_ROUTE_REPLACE, &route,
                   avpn_routes_active(table->routes, &route), now);
    }
}

static uint32_t place_of(const struct avpn_route *route, uint32_t hop)
{
    uint32_t place = 0;

    while (place < route->hop_count && route->hops[place] != hop)
        place++;
    return place;
}

/* The same hop at another place has another metric. */
static bool is_moved(const struct avpn_route *old, uint32_t old_hop, const struct avpn_route *new,
                     uint32_t new_hop)
{
    return new_hop != old_hop || place_of(new, new_hop) != place_of(old, old_hop);
}

/* One prefix of the old table, the new one, or both; `order` says which. */
static void tell_difference(struct avpn_node *node, const struct avpni_table *next,
                            const struct avpn_route *old, uint32_t old_hop,
                            const struct avpn_route *new, int32_t order, avpn_time now)
{
    bool was_told = order <= 0 && !is_own(old), is_told = order >= 0 && !is_own(new);
    uint32_t kind = was_told ? AVPN_EVENT_ROUTE_REPLACE : AVPN_EVENT_ROUTE_ADD;

    if (was_told && !is_told)
        tell_route(node, AVPN_EVENT_ROUTE_DELETE, old, AVPN_ROUTE_NONE, now);
    if (is_told && (!was_told || is_moved(old, old_hop, new, active_hop(next->routes, new))))
        tell_route(node, kind, new, avpn_routes_active(next->routes, new), now);
}

/* Add, replace and delete events from the old table to the new one; both are in order of prefix. */
static void tell_routes(struct avpn_node *node, struct avpni_table *next, avpn_time now)
{
    const struct avpni_table *old_table = &node->routing.table;
    uint32_t old_count = avpn_routes_count(old_table->routes);
    uint32_t new_count = avpn_routes_count(next->routes);
    uint32_t i = 0, k = 0;

    while (i < old_count || k < new_count) {
        struct avpn_route old = {.size = sizeof old}, new = {.size = sizeof new};
        int32_t order = i == old_count ? 1 : k == new_count ? -1 : 0;

        if (i < old_count)
            avpn_routes_at(old_table->routes, i, &old);
        if (k < new_count)
            avpni_routes_read(next->routes, k, &new, &next->told[k].route);
        if (order == 0)
            order = avpni_prefix_compare(&old.prefix, &new.prefix);
        tell_difference(node, next, &old, order <= 0 ? old_table->told[i].hop : 0, &new, order,
                        now);
        if (order >= 0)
            next->told[k].hop = active_hop(next->routes, &new);
        i += order <= 0;
        k += order >= 0;
    }
}

static bool is_equal(const struct avpni_conflict *a, const struct avpni_conflict *b)
{
    return a->kind == b->kind && a->winner == b->winner && a->loser == b->loser &&
           avpni_prefix_is_equal(&a->prefix, &b->prefix);
}

/* Both lists come from the same walk, so that an old one is most often the next in turn. */
static bool had_conflict(const struct avpni_table *before, const struct avpni_conflict *conflict,
                         uint32_t *at)
{
    for (uint32_t i = 0; before != NULL && i < before->conflict_count; i++) {
        uint32_t place = (*at + i) % before->conflict_count;

        if (is_equal(&before->conflicts[place], conflict)) {
            *at = place + 1;
            return true;
        }
    }
    return false;
}

void avpni_routing_tell_conflicts(struct avpn_node *node, const struct avpni_table *before,
                                  avpn_time now)
{
    const struct avpni_table *table = &node->routing.table;
    uint32_t told = 0, at = 0;

    for (uint32_t i = 0; i < table->conflict_count && told < AVPNI_CONFLICT_EVENTS; i++) {
        const struct avpni_conflict *conflict = &table->conflicts[i];
        struct avpn_event event = avpni_event(AVPN_EVENT_CONFLICT, conflict->kind, now);

        if (had_conflict(before, conflict, &at))
            continue;
        event.prefix = conflict->prefix;
        event.peer = conflict->winner;
        event.other = conflict->loser;
        avpni_events_push(&node->context.events, &event);
        told++;
    }
}

/* ---- in force ----------------------------------------------------------------------- */

static void take(struct avpn_node *node, struct avpni_table *table, struct avpni_rules *rules,
                 avpn_time now)
{
    tell_routes(node, table, now);
    table->tables->directory = table->directory;
    table->tables->rules = rules;
    avpni_plane_publish(&node->context.plane, table->tables);
    table->tables = NULL;
    node->routing.table = *table;
    node->routing.planned_at = now;
    node->routing.is_plan_due = false;
}

void avpni_routing_take(struct avpn_node *node, struct avpni_table *table,
                        struct avpni_rules *rules, avpn_time now)
{
    struct avpni_table before = node->routing.table;

    take(node, table, rules, now);
    avpni_table_free(node, &before);
    memset(table, 0, sizeof *table);
}

/* Out of memory the old table goes on, and a second later it is tried again. */
static void plan_again(struct avpn_node *node, avpn_time now)
{
    const struct avpni_routing_ground ground = {
        .config = node->config,
        .self = node->member,
        .peers = node->peers,
        .peer_count = node->peer_count,
        .offers = node->context.offers,
    };
    struct avpni_table next, before;

    if (avpni_table_make(node, &ground, &next) != AVPN_OK) {
        avpni_count(&node->context, AVPN_DROP_MEMORY);
        node->routing.planned_at = now;
        avpni_timer_set(&node->context.timers, &node->routing.timer, now + AVPNI_ROUTING_SPAN);
        return;
    }
    before = node->routing.table;
    take(node, &next, node->rules, now);
    avpni_routing_tell_conflicts(node, &before, now);
    avpni_table_free(node, &before);
}

void avpni_routing_settle(struct avpn_node *node, avpn_time now)
{
    struct avpni_routing *routing = &node->routing;
    avpn_time due;

    if (routing->is_plan_due && node->config != NULL) {
        due = routing->planned_at < 0 ? now : routing->planned_at + AVPNI_ROUTING_SPAN;
        if (due <= now)
            plan_again(node, now);
        else
            avpni_timer_set(&node->context.timers, &routing->timer, due);
    }
    if (routing->hops_changed_at >= 0)
        tell_hops(node, routing->hops_changed_at);
    routing->hops_changed_at = -1;
}

static void fire(void *owner, avpn_time now)
{
    struct avpn_node *node = owner;

    (void)now;
    node->routing.is_plan_due = true; /* settled at the end of the call */
}

int32_t avpni_routing_init(struct avpn_node *node)
{
    struct avpni_routing *routing = &node->routing;

    routing->planned_at = -1;
    routing->hops_changed_at = -1;
    avpni_timer_init(&routing->timer, fire, node);
    return avpni_timers_reserve(&node->context.timers, 1);
}

void avpni_routing_fini(struct avpn_node *node)
{
    avpni_table_free(node, &node->routing.table);
}

/* ---- what changes it ------------------------------------------------------------------ */

void avpni_routing_hop_changed(struct avpn_node *node, const struct avpni_peer *peer,
                               uint32_t state, avpn_time now)
{
    avpn_routes_set_state(node->routing.table.routes, peer->member, state); /* known since the plan: cannot fail */
    node->routing.hops_changed_at = now; /* told once, at the end of the call, however many changed */
}

static void tell_offer(struct avpn_node *node, const struct avpni_peer *peer,
                       const struct avpn_prefix *prefix, bool is_offered_now, avpn_time now)
{
    struct avpn_event event = avpni_event(AVPN_EVENT_OFFER, is_offered_now, now);

    event.peer = peer->member;
    event.prefix = *prefix;
    avpni_events_push(&node->context.events, &event);
}

void avpni_routing_offers_changed(struct avpn_node *node, struct avpni_peer *peer, avpn_time now)
{
    uint64_t changed = peer->offers ^ peer->offers_told;
    struct avpni_member_view view;

    if (avpni_config_view(node->config, avpni_config_find(node->config, peer->member), &view))
        for (uint32_t i = 0; i < view.export_count; i++)
            if ((changed >> i & 1) != 0)
                tell_offer(node, peer, &view.exports[i], (peer->offers >> i & 1) != 0, now);
    peer->offers_told = peer->offers;
    node->routing.is_plan_due = true;
}

uint64_t avpni_offers_carry(const struct avpn_config *old, const struct avpn_config *next,
                            uint32_t member, uint64_t old_offers)
{
    struct avpni_member_view before, after;
    uint64_t offers = UINT64_MAX;

    if (old == NULL || old_offers == UINT64_MAX ||
        !avpni_config_view(old, avpni_config_find(old, member), &before) ||
        !avpni_config_view(next, avpni_config_find(next, member), &after))
        return offers;
    for (uint32_t i = 0; i < after.export_count; i++)
        for (uint32_t k = 0; k < before.export_count; k++)
            if ((old_offers >> k & 1) == 0 &&
                avpni_prefix_is_equal(&after.exports[i], &before.exports[k]))
                offers &= ~(UINT64_C(1) << i);
    return offers;
}

/* ---- the host's calls ------------------------------------------------------------------- */

int32_t avpn_node_set_offer(struct avpn_node *node, const struct avpn_prefix *prefix,
                            int32_t is_offered_now, avpn_time now)
{
    struct avpni_member_view self;
    uint32_t place = 0;
    uint64_t offers;

    if (node == NULL || prefix == NULL || is_offered_now < 0 || is_offered_now > 1)
        return AVPN_ERROR_ARGUMENT;
    if (node->config == NULL ||
        !avpni_config_view(node->config, avpni_config_find(node->config, node->member), &self))
        return AVPN_ERROR_NOT_FOUND;
    while (place < self.export_count && !avpni_prefix_is_equal(&self.exports[place], prefix))
        place++;
    if (place == self.export_count)
        return AVPN_ERROR_NOT_FOUND;
    offers = node->context.offers & ~(UINT64_C(1) << place);
    if (is_offered_now)
        offers |= UINT64_C(1) << place;
    if (offers == node->context.offers)
        return AVPN_OK;
    node->context.offers = offers;
    for (uint32_t i = 0; i < node->peer_count; i++)
        avpni_peer_announce_offers(node->peers[i], now);
    plan_again(node, now);
    avpni_node_flush(node, now);
    return AVPN_OK;
}

int32_t avpn_node_set_attached(struct avpn_node *node, const struct avpn_prefix *prefixes,
                               size_t count, avpn_time now)
{
    if (node == NULL || (prefixes == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    if (count > AVPN_ATTACHED)
        return AVPN_ERROR_LIMIT;
    for (size_t i = 0; i < count; i++)
        if (!avpni_prefix_is_canonical(&prefixes[i]) || avpni_prefix_is_default(&prefixes[i]))
            return AVPN_ERROR_ARGUMENT;
    if (count > 0)
        memcpy(node->routing.attached, prefixes, count * sizeof *prefixes);
    node->routing.attached_count = (uint32_t)count;
    if (node->config != NULL)
        plan_again(node, now);
    avpni_node_flush(node, now);
    return AVPN_OK;
}

int32_t avpn_node_conflict_at(const struct avpn_node *node, uint32_t index,
                              struct avpn_conflict_status *status_out)
{
    const struct avpni_conflict *conflict;
    struct avpn_conflict_status status = {0};

    if (node == NULL || !avpni_can_give(status_out, AVPNI_FIRST_CONFLICT_STATUS))
        return AVPN_ERROR_ARGUMENT;
    if (index >= node->routing.table.conflict_count)
        return AVPN_ERROR_EMPTY;
    conflict = &node->routing.table.conflicts[index];
    status.kind = conflict->kind;
    status.prefix = conflict->prefix;
    status.winner = conflict->winner;
    status.loser = conflict->loser;
    return avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_CONFLICT_STATUS);
}
