/* SPDX-License-Identifier: ISC */
/* The control socket's answers about routes and the firewall. */
#include "gateway/report_parts.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"
#include "gateway/gateway.h"
#include "gateway/sentences.h"
#include "gateway/subnets.h"
#include "gateway/words.h"

/* ---- who exports what ------------------------------------------------------------------- */

struct owner {
    struct avpn_prefix prefix;
    uint32_t member;
};

struct owners {
    struct owner *items; /* in order of prefix, then member */
    size_t count, room;
};

static int compare_owners(const void *a, const void *b)
{
    const struct owner *x = a;
    const struct owner *y = b;
    int order = subnets_compare(&x->prefix, &y->prefix);

    return order ? order : (x->member > y->member) - (x->member < y->member);
}

static int add_owner(struct owners *owners, const struct avpn_prefix *prefix, uint32_t member)
{
    if (owners->count == owners->room) {
        size_t room = owners->room ? owners->room * 2 : 64;
        struct owner *larger = realloc(owners->items, room * sizeof *larger);

        if (!larger)
            return -1;
        owners->items = larger;
        owners->room = room;
    }
    owners->items[owners->count++] = (struct owner){*prefix, member};
    return 0;
}

static void find_owners(const struct gateway *gateway, struct owners *owners_out)
{
    const struct avpn_config *config = avpn_node_config(gateway->node);
    struct avpn_member member = {.size = sizeof member};

    memset(owners_out, 0, sizeof *owners_out);
    for (uint32_t i = 0; config && avpn_config_member_at(config, i, &member) == AVPN_OK; i++)
        for (uint32_t k = 0; k < member.export_count; k++)
            if (!(member.flags & AVPN_MEMBER_REVOKED) &&
                add_owner(owners_out, &member.exports[k], member.id) != 0)
                return; /* without memory some are not named */
    if (owners_out->items)
        qsort(owners_out->items, owners_out->count, sizeof *owners_out->items, compare_owners);
}

static json_t *owners_of(const struct gateway *gateway, const struct owners *owners,
                         const struct avpn_prefix *prefix)
{
    json_t *names = json_array();
    char name[AVPN_NAME_BYTES];
    size_t low = 0;
    size_t high = owners->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (subnets_compare(&owners->items[middle].prefix, prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < owners->count && subnets_compare(&owners->items[low].prefix, prefix) == 0; low++)
        json_array_append_new(names,
                              json_string(words_member(gateway, owners->items[low].member, name)));
    return names;
}

/* ---- routes --------------------------------------------------------------------------------- */

static const char *state_of(const struct gateway *gateway, const struct avpn_route *route,
                            uint32_t active)
{
    uint32_t first = route->hop_count > 0 ? route->hops[0] : AVPN_HOP_NOBODY;

    if (first == AVPN_HOP_LOCAL)
        return "local";
    if (first == AVPN_HOP_ATTACHED)
        return "attached";
    if (first == AVPN_HOP_NOBODY)
        return "withdrawn";
    if (active >= route->hop_count)
        return "standby";
    return avpn_node_hop_state(gateway->node, route->hops[active]) == AVPN_HOP_HELD ? "held"
                                                                                    : "active";
}

static json_t *hop_names(const struct gateway *gateway, const struct avpn_route *route)
{
    json_t *hops = json_array();
    char name[AVPN_NAME_BYTES];

    for (uint32_t i = 0; i < route->hop_count; i++) {
        uint32_t hop = route->hops[i];

        json_array_append_new(hops, json_string(hop == AVPN_HOP_LOCAL      ? "local"
                                                : hop == AVPN_HOP_ATTACHED ? "attached"
                                                : hop == AVPN_HOP_NOBODY   ? "nobody"
                                                    : words_member(gateway, hop, name)));
    }
    return hops;
}

static json_t *route_object(const struct gateway *gateway, const struct owners *owners,
                            const struct avpn_route *route, uint32_t active)
{
    json_t *hops = hop_names(gateway, route);
    struct sentence reason = {{0}, 0};
    struct kernel_route plan;
    json_t *metric = json_null();

    routes_plan(route, active, &plan);
    if (plan.kind == KERNEL_ROUTE_TUNNEL)
        metric = json_integer((json_int_t)kernel_metric(&gateway->kernel, &plan));
    sentence_route(&reason, gateway, route, active);
    return json_pack("{s:o, s:s, s:o, s:o, s:o, s:o, s:s}", "prefix", json_prefix(&route->prefix),
                     "state", state_of(gateway, route, active), "via",
                     active < route->hop_count ? json_incref(json_array_get(hops, active))
                                               : json_null(),
                     "hops", hops, "owners", owners_of(gateway, owners, &route->prefix), "metric",
                     metric, "reason", reason.text);
}

static json_t *all_routes(const struct gateway *gateway)
{
    json_t *list = json_array();
    struct owners owners;

    find_owners(gateway, &owners);
    for (uint32_t i = 0;; i++) {
        struct avpn_route route = {.size = sizeof route};
        uint32_t active = AVPN_ROUTE_NONE;

        if (avpn_node_route_at(gateway->node, i, &route, &active) != AVPN_OK)
            break;
        json_array_append_new(list, route_object(gateway, &owners, &route, active));
    }
    free(owners.items);
    return list;
}

/* The claims that lost, or won only a part. */
static json_t *unused_routes(const struct gateway *gateway)
{
    json_t *list = json_array();

    for (uint32_t i = 0;; i++) {
        struct avpn_conflict_status conflict = {.size = sizeof conflict};
        struct sentence reason = {{0}, 0};
        char name[AVPN_NAME_BYTES];

        if (avpn_node_conflict_at(gateway->node, i, &conflict) != AVPN_OK)
            break;
        sentence_conflict(&reason, gateway, &conflict);
        json_array_append_new(
            list, json_pack("{s:o, s:I, s:s, s:s, s:s}", "prefix", json_prefix(&conflict.prefix),
                            "member", (json_int_t)conflict.loser, "name",
                            conflict.loser ? words_member(gateway, conflict.loser, name) : "", "kind",
                            sentence_conflict_name(conflict.kind), "reason", reason.text));
    }
    return list;
}

static json_t *learned_not_allowed(const struct gateway *gateway)
{
    const struct learn *learn = &gateway->learn;
    json_t *list = json_array();

    for (uint32_t i = 0; i < learn->stranger_count && i < LEARN_STRANGERS; i++) {
        const struct learn_stranger *stranger = &learn->strangers[i];
        struct sentence reason = {{0}, 0};

        sentence_add(&reason, "%s put it into table %u, but no export of this site's record covers it; add it "
                              "to the exports in org.yaml if other sites are to reach it",
                     learn_daemon(stranger->protocol), learn->table);
        json_array_append_new(list, json_pack("{s:o, s:s}", "prefix", json_prefix(&stranger->prefix),
                                              "reason", reason.text));
    }
    return list;
}

json_t *report_routes(const struct gateway *gateway)
{
    return json_pack("{s:o, s:o, s:o, s:I}", "routes", all_routes(gateway), "unused",
                     unused_routes(gateway), "learned_not_allowed", learned_not_allowed(gateway),
                     "learned_not_allowed_count", (json_int_t)gateway->learn.stranger_count);
}

/* ---- firewall ----------------------------------------------------------------------------------- */

static json_t *ports_text(uint16_t first, uint16_t last)
{
    if (last == 0)
        return json_null();
    if (first == last)
        return json_sprintf("%u", first);
    return json_sprintf("%u-%u", first, last);
}

static json_t *rule_object(const struct avpn_rule *rule, const struct avpn_rule_status *status,
                           uint32_t index)
{
    char protocol[WORDS_PROTOCOL];

    return json_pack("{s:I, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:I}", "index",
                     (json_int_t)index, "name", rule->name, "action", words_action(rule->action),
                     "protocol",
                     rule->protocol ? json_string(words_protocol(rule->protocol, protocol))
                                    : json_null(),
                     "source", json_prefix(&rule->source), "destination",
                     json_prefix(&rule->destination), "source_ports",
                     ports_text(rule->source_first, rule->source_last), "destination_ports",
                     ports_text(rule->destination_first, rule->destination_last), "sent_packets",
                     (json_int_t)status->sent_packets, "received_packets",
                     (json_int_t)status->received_packets);
}

json_t *report_rules(const struct gateway *gateway)
{
    json_t *list = json_array();

    for (uint32_t i = 0;; i++) {
        struct avpn_rule_status status = {.size = sizeof status};
        struct avpn_rule rule = {.size = sizeof rule};

        if (avpn_node_rule_at(gateway->node, i, &rule, &status) != AVPN_OK)
            break;
        json_array_append_new(list, rule_object(&rule, &status, i));
    }
    return json_pack("{s:o, s:s}", "rules", list, "default", "allow");
}

json_t *report_breakout(const struct avpn_breakout *breakout, uint32_t index)
{
    char protocol[WORDS_PROTOCOL];

    return json_pack("{s:I, s:o, s:o, s:o}", "index", (json_int_t)index, "destination",
                     json_prefix(&breakout->destination), "protocol",
                     breakout->protocol ? json_string(words_protocol(breakout->protocol, protocol))
                                        : json_null(),
                     "destination_ports",
                     ports_text(breakout->destination_first, breakout->destination_last));
}
