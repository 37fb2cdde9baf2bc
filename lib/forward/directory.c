/* SPDX-License-Identifier: ISC */
#include "forward/directory.h"

static uint8_t state_of(const struct avpni_face *face)
{
    if (face->hop == AVPN_HOP_LOCAL)
        return AVPN_HOP_ALIVE;
    return face->gate == NULL ? AVPN_HOP_DEAD
                              : atomic_load_explicit(&face->gate->state, memory_order_relaxed);
}

static struct avpni_next next_of(const struct avpni_face *face)
{
    struct avpni_next next = {face->hop == AVPN_HOP_LOCAL ? AVPNI_NEXT_HERE : AVPNI_NEXT_PEER,
                              face->gate};

    return next;
}

void avpni_directory_prefetch(const struct avpni_directory *directory, uint32_t route)
{
    if (route != AVPN_ROUTE_NONE)
        __builtin_prefetch(
            directory->faces[avpni_routes_hop_place(directory->routes, route, 0)].gate);
}

struct avpni_next avpni_directory_next(const struct avpni_directory *directory, uint32_t route)
{
    const struct avpni_face *held = NULL;
    struct avpni_next none = {AVPNI_NEXT_NONE, NULL}, dead = {AVPNI_NEXT_DEAD, NULL};
    uint32_t count;

    if (route == AVPN_ROUTE_NONE)
        return none;
    count = avpni_routes_hop_count(directory->routes, route);
    for (uint32_t i = 0; i < count; i++) {
        const struct avpni_face *face =
            &directory->faces[avpni_routes_hop_place(directory->routes, route, i)];
        uint8_t state = state_of(face);

        if (state == AVPN_HOP_ALIVE)
            return next_of(face);
        if (state == AVPN_HOP_HELD && held == NULL)
            held = face;
    }
    return held != NULL ? next_of(held) : dead;
}

bool avpni_directory_allows(const struct avpni_directory *directory, uint32_t route, uint32_t hop)
{
    uint32_t count;

    if (route == AVPN_ROUTE_NONE)
        return false;
    count = avpni_routes_hop_count(directory->routes, route);
    for (uint32_t i = 0; i < count; i++)
        if (directory->faces[avpni_routes_hop_place(directory->routes, route, i)].hop == hop)
            return true;
    return false;
}

bool avpni_directory_may_send(const struct avpni_directory *directory, uint32_t source_route,
                              const struct avpni_gate *to)
{
    if (avpni_directory_allows(directory, source_route, AVPN_HOP_LOCAL))
        return true;
    return source_route == AVPN_ROUTE_NONE &&
           atomic_load_explicit(&to->marks_us, memory_order_relaxed);
}

static bool is_hub(const struct avpni_gate *gate)
{
    return atomic_load_explicit(&gate->role, memory_order_relaxed) == AVPN_ROLE_HUB;
}

bool avpni_rules_may_forward(const struct avpni_rules *rules, const struct avpni_gate *from,
                              const struct avpni_gate *to)
{
    return rules->role == AVPN_ROLE_HUB && to != from && !(is_hub(from) && is_hub(to));
}

bool avpni_rules_allow(const struct avpni_rules *rules, struct avpni_tally *tallies,
                         bool is_shared, const struct avpn_address *source,
                         const struct avpn_address *destination, const uint8_t *packet,
                         uint32_t bytes)
{
    struct avpni_transport transport;
    const struct avpni_judged judged = {source, destination, &transport};
    uint32_t rule;

    if (rules->firewall.rule_count == 0)
        return true;
    if (!avpni_inner_transport(packet, bytes, &transport))
        return false;
    rule = avpni_firewall_find(&rules->firewall, &judged);
    if (rule == AVPNI_RULE_NONE)
        return true;
    if (is_shared)
        avpni_tally_add_shared(&tallies[rule], 1);
    else
        avpni_tally_add(&tallies[rule], 1);
    return avpni_firewall_allows(&rules->firewall, rule);
}
