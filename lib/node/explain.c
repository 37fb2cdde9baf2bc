/* SPDX-License-Identifier: ISC */
/*
 * explain: what would happen to a packet, and why. It asks what forward/outbound.c and forward/inbound.c ask, in the same order, and
 * changes nothing.
 */
#include "base/address.h"
#include "base/sized.h"
#include "forward/directory.h"
#include "link/path.h"
#include "link/session.h"
#include "node/node.h"
#include <string.h>

#define SOURCE_TRANSLATED 1u
#define DESTINATION_TRANSLATED 2u

/* The question, with what is found out on the way. */
struct question {
    const struct avpn_node *node;
    const struct avpn_routes *routes;
    struct avpni_transport transport;
    struct avpn_explanation *out;
    bool is_destination_ours; /* in an export that this node offers */
};

/* ---- parts of the answer ------------------------------------------------------------- */

/* Addresses as the VPN sees them: hosts of this site are named by their own. */
static struct avpn_address translated(struct question *q, const struct avpn_address *address,
                                      uint8_t bit)
{
    struct avpn_address exported = avpni_translate_to_vpn(&q->node->rules->translator, address);

    if (!avpni_address_is_equal(&exported, address))
        q->out->is_translated |= bit;
    return exported;
}

static void fill_route(struct question *q)
{
    struct avpn_explanation *out = q->out;
    struct avpn_route route = {.size = sizeof route};

    if (avpn_routes_match(q->routes, &out->destination, &route) != AVPN_OK)
        return;
    out->has_route = 1;
    out->prefix = route.prefix;
    out->hop_count = route.hop_count;
    memcpy(out->hops, route.hops, sizeof out->hops);
    out->active = avpn_routes_active(q->routes, &route);
    q->is_destination_ours = out->hops[0] == AVPN_HOP_LOCAL;
    for (uint32_t i = 0; i < out->hop_count; i++) {
        static const uint8_t reasons[] = {AVPN_HOP_REASON_DOWN, AVPN_HOP_REASON_STANDBY,
                                          AVPN_HOP_REASON_HELD};
        uint32_t state = avpn_routes_state(q->routes, out->hops[i]);

        out->hop_reasons[i] = i == out->active ? AVPN_HOP_REASON_USED : reasons[state];
    }
}

static void fill_conflicts(struct question *q)
{
    const struct avpni_table *table = &q->node->routing.table;
    struct avpn_explanation *out = q->out;
    const uint32_t room = sizeof out->conflicts / sizeof out->conflicts[0];

    for (uint32_t i = 0; i < table->conflict_count; i++) {
        if (!avpni_prefix_has_address(&table->conflicts[i].prefix, &out->destination))
            continue;
        if (out->conflict_count < room)
            out->conflicts[out->conflict_count] = i;
        out->conflict_count++;
    }
}

static void fill_path(struct question *q, const struct avpni_peer *peer)
{
    const struct avpni_session *session = peer->tunnel.current;
    struct avpn_explanation *out = q->out;
    const struct avpni_path *path;

    out->next_hop = peer->member;
    out->suite = session != NULL ? session->suite : AVPN_SUITE_NONE;
    out->mtu_bytes = avpni_peer_inner_limit(peer);
    if (peer->selected == AVPNI_PATH_NONE)
        return;
    path = peer->paths[peer->selected];
    out->uplink = path->uplink;
    out->remote_uplink = path->remote_uplink;
    out->contact = path->contact;
    out->rtt_us = path->rtt_us;
}

/* True: allowed. */
static bool fill_rule(struct question *q)
{
    const struct avpni_judged judged = {&q->out->source, &q->out->destination, &q->transport};
    uint32_t rule = avpni_firewall_find(&q->node->rules->firewall, &judged);

    q->out->rule = rule == AVPNI_RULE_NONE ? AVPN_EXPLAIN_DEFAULT : rule;
    return rule == AVPNI_RULE_NONE || avpni_firewall_allows(&q->node->rules->firewall, rule);
}

static bool is_broken_out(struct question *q, const struct avpn_flow *flow)
{
    const struct avpni_judged judged = {&flow->source, &flow->destination, &q->transport};
    uint32_t breakout;

    if (!q->out->has_route || q->out->prefix.length != 0)
        return false;
    breakout = avpni_breakout_find(&q->node->rules->firewall, q->node->member, &judged);
    q->out->breakout = breakout == AVPNI_RULE_NONE ? AVPN_EXPLAIN_DEFAULT : breakout;
    return breakout != AVPNI_RULE_NONE;
}

/* ---- the two directions ----------------------------------------------------------------- */

/* [TRN-3]: the address that the source has in the VPN leads back to it. */
static bool has_one_address(const struct question *q, const struct avpn_flow *flow)
{
    struct avpn_address host;

    return avpni_translate_to_local(&q->node->rules->translator, &q->out->source, &host) &&
           avpni_address_is_equal(&host, &flow->source);
}

/* As forward/outbound.c does. */
static uint8_t judge_outbound(struct question *q, const struct avpn_flow *flow)
{
    struct avpn_explanation *out = q->out;
    const struct avpni_peer *peer;
    bool is_allowed;

    if (q->is_destination_ours || (out->has_route && out->hops[0] == AVPN_HOP_ATTACHED))
        return AVPN_EXPLAIN_HERE;
    if (is_broken_out(q, flow))
        return AVPN_EXPLAIN_BREAKOUT;
    if (!has_one_address(q, flow))
        return AVPN_EXPLAIN_SOURCE;
    is_allowed = fill_rule(q); /* of interest whatever comes of it */
    if (!out->has_route)
        return AVPN_EXPLAIN_NO_ROUTE;
    if (out->active == AVPN_ROUTE_NONE)
        return AVPN_EXPLAIN_NO_TUNNEL;
    peer = avpni_node_find_peer(q->node, out->hops[out->active]);
    if (peer == NULL)
        return AVPN_EXPLAIN_NO_TUNNEL;
    fill_path(q, peer);
    if (!avpni_directory_may_send(q->node->routing.table.directory,
                                  avpni_routes_find(q->routes, &out->source), peer->gate))
        return AVPN_EXPLAIN_SOURCE;
    return is_allowed ? AVPN_EXPLAIN_TUNNEL : AVPN_EXPLAIN_DENIED;
}

/* As forward/inbound.c does with a packet that came through the tunnel of `from`. */
static uint8_t judge_inbound(struct question *q, const struct avpni_peer *from)
{
    struct avpn_explanation *out = q->out;
    const struct avpni_peer *to;

    if (q->is_destination_ours || (!out->has_route && atomic_load(&from->gate->marks_us)))
        return fill_rule(q) ? AVPN_EXPLAIN_DELIVERED : AVPN_EXPLAIN_DENIED;
    if (!out->has_route)
        return AVPN_EXPLAIN_NO_ROUTE;
    if (out->active == AVPN_ROUTE_NONE)
        return AVPN_EXPLAIN_NO_TUNNEL;
    to = avpni_node_find_peer(q->node, out->hops[out->active]);
    if (to == NULL || !avpni_rules_may_forward(q->node->rules, from->gate, to->gate))
        return AVPN_EXPLAIN_NO_ROUTE; /* [RTE-4] */
    fill_path(q, to);
    return AVPN_EXPLAIN_TUNNEL;
}

/* The peer through whose tunnel packets with this source come, or NULL: it is of this site, or nobody's. */
static const struct avpni_peer *find_sender(const struct question *q)
{
    struct avpn_route route = {.size = sizeof route};
    uint32_t active;

    if (avpn_routes_match(q->routes, &q->out->source, &route) != AVPN_OK ||
        (route.prefix.length == 0 && !q->is_destination_ours))
        return NULL;
    active = avpn_routes_active(q->routes, &route);
    return avpni_node_find_peer(q->node, route.hops[active == AVPN_ROUTE_NONE ? 0 : active]);
}

static bool is_question(const struct avpn_flow *flow)
{
    return flow->source.family == flow->destination.family &&
           (flow->source.family == AVPN_FAMILY_IPV4 || flow->source.family == AVPN_FAMILY_IPV6);
}

static void init_question(struct question *q, const struct avpn_node *node,
                          const struct avpn_flow *flow, struct avpn_explanation *out)
{
    out->rule = out->breakout = AVPN_EXPLAIN_DEFAULT;
    out->active = AVPN_ROUTE_NONE;
    out->uplink = out->remote_uplink = AVPNI_UPLINK_UNKNOWN;
    *q = (struct question){.node = node, .routes = node->routing.table.routes, .out = out};
    q->transport.protocol = flow->protocol;
    q->transport.has_ports = avpni_protocol_has_ports(flow->protocol);
    q->transport.source_port = flow->source_port;
    q->transport.destination_port = flow->destination_port;
    out->source = translated(q, &flow->source, SOURCE_TRANSLATED);
    out->destination = translated(q, &flow->destination, DESTINATION_TRANSLATED);
}

int32_t avpn_node_explain(const struct avpn_node *node, const struct avpn_flow *flow,
                          struct avpn_explanation *explanation_out)
{
    struct avpn_explanation out = {0};
    const struct avpni_peer *sender;
    struct avpn_flow asked;
    struct question q;

    if (node == NULL || avpni_take(&asked, sizeof asked, flow, AVPNI_FIRST_FLOW) != AVPN_OK ||
        !avpni_can_give(explanation_out, AVPNI_FIRST_EXPLANATION) || !is_question(&asked))
        return AVPN_ERROR_ARGUMENT;
    if (node->config == NULL)
        return AVPN_ERROR_STATE;
    init_question(&q, node, &asked, &out);
    fill_route(&q);
    fill_conflicts(&q);
    sender = find_sender(&q);
    if (sender != NULL) {
        out.from = sender->member;
        out.verdict = judge_inbound(&q, sender);
    } else {
        out.verdict = judge_outbound(&q, &asked);
    }
    return avpni_give(explanation_out, &out, sizeof out, AVPNI_FIRST_EXPLANATION);
}
