/* SPDX-License-Identifier: ISC */
/*
 * send: an inner packet of this site on its way out: parse -> route -> translate -> source check -> firewall -> carry (carry.c).
 */
#include "base/address.h"
#include "node/answer.h"
#include "node/carry.h"
#include "node/judge.h"
#include <string.h>

/*
 * Our own outer datagrams must not enter a tunnel: they would be sealed again and again [RTE-11]. Asked of every
 * packet, so that most are through after the protocol.
 */
static bool is_recursion(const struct avpn_node *node, const uint8_t *packet, uint32_t bytes,
                         const struct avpn_address *source)
{
    uint8_t protocol = packet[0] >> 4 == 4 ? packet[9] : packet[6];
    struct avpni_transport transport;

    if (protocol != AVPNI_PROTOCOL_UDP || !avpni_inner_transport(packet, bytes, &transport) ||
        !transport.has_ports)
        return false;
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++) {
        const struct avpni_uplink *uplink = &node->context.uplinks[i];

        if (uplink->is_up && uplink->local.port == transport.source_port &&
            uplink->local.family == source->family &&
            memcmp(uplink->local.bytes, source->bytes, sizeof source->bytes) == 0)
            return true;
    }
    return false;
}

/* The sender's own site, or - on an exit hub - anything that is nobody's [RTE-5] [RTE-6]. */
bool avpni_may_send(const struct avpn_node *node, const struct avpni_peer *peer,
                    const struct avpn_address *source)
{
    const struct avpn_routes *routes = node->routing.table.routes;
    struct avpn_route route;

    if (avpn_routes_allows(routes, source, AVPN_HOP_LOCAL))
        return true;
    return peer->marks_us && avpn_routes_match(routes, source, &route) != AVPN_OK;
}

/* [RTE-9]: by a default route, and the policy excepts it. */
static bool breaks_out(const struct avpn_node *node, const struct avpn_address *source,
                       const struct avpn_address *destination, const uint8_t *packet,
                       uint32_t bytes)
{
    struct avpni_transport transport;
    const struct avpni_judged judged = {source, destination, &transport};
    struct avpn_route route;

    return node->firewall.breakout_count > 0 &&
           avpn_routes_match(node->routing.table.routes, destination, &route) == AVPN_OK &&
           route.prefix.length == 0 && avpni_inner_transport(packet, bytes, &transport) &&
           avpni_breakout_find(&node->firewall, node->member, &judged) != AVPNI_RULE_NONE;
}

static void break_out(struct avpn_node *node, uint8_t *packet, uint32_t bytes)
{
    if (node->context.host.breakout == NULL) {
        avpni_count(&node->context, AVPN_DROP_BREAKOUT);
        return;
    }
    avpni_count(&node->context, AVPN_COUNT_BREAKOUT);
    avpni_runs_add(&node->breakout, packet, bytes);
}

/* Nobody to send it to: dropped, counted, answered. */
static void refuse(struct avpn_node *node, int32_t found, const uint8_t *packet, uint32_t bytes,
                   avpn_time now)
{
    bool is_dead = found == AVPN_ERROR_EMPTY;

    avpni_count(&node->context, is_dead ? AVPN_DROP_NO_TUNNEL : AVPN_DROP_NO_ROUTE);
    avpni_answer(node, NULL, is_dead ? AVPNI_ICMP_NO_TUNNEL : AVPNI_ICMP_NO_ROUTE, 0, packet,
                 bytes, now);
}

static void send_to(struct avpn_node *node, uint32_t hop, const struct avpn_address *source,
                    const struct avpn_address *destination, uint8_t *packet, uint32_t bytes,
                    avpn_time now)
{
    struct avpni_peer *peer = avpni_node_find_peer(node, hop);

    if (peer == NULL) {
        refuse(node, AVPN_ERROR_EMPTY, packet, bytes, now);
        return;
    }
    node->last_peer = peer;
    if (!avpni_may_send(node, peer, source)) {
        avpni_count(&node->context, AVPN_DROP_SOURCE);
        return;
    }
    if (!avpni_judge(node, node->firewall.sent, source, destination, packet, bytes)) {
        avpni_count(&node->context, AVPN_DROP_FIREWALL);
        avpni_answer(node, NULL, AVPNI_ICMP_DENIED, 0, packet, bytes, now);
        return;
    }
    if (avpni_carry(node, peer, NULL, packet, bytes, now))
        avpni_count(&node->context, AVPN_COUNT_SENT);
}

/* A host whose address at home is translated: no default route leads to it, nor does another site's subnet of the same name. */
static bool is_of_this_site(const struct avpn_node *node, const struct avpn_address *destination)
{
    struct avpn_address exported = avpni_translate_to_vpn(&node->translator, destination);

    return !avpni_address_is_equal(&exported, destination);
}

static void send_packet(struct avpn_node *node, uint8_t *packet, uint32_t bytes, avpn_time now)
{
    struct avpni_context *context = &node->context;
    struct avpn_address source, destination;
    uint32_t hop = AVPN_ROUTE_NONE;
    int32_t found;

    if (!avpni_inner_parse(packet, bytes, &source, &destination)) {
        avpni_count(context, AVPN_DROP_INNER);
        return;
    }
    if (is_recursion(node, packet, bytes, &source)) {
        avpni_count(context, AVPN_DROP_RECURSION);
        return;
    }
    if (breaks_out(node, &source, &destination, packet, bytes)) {
        break_out(node, packet, bytes);
        return;
    }
    if (!avpni_translate_out(&node->translator, packet, bytes)) {
        avpni_count(context, AVPN_DROP_TRANSLATION);
        return;
    }
    if (node->translator.count > 0) {
        source = avpni_translate_to_vpn(&node->translator, &source);
        if (is_of_this_site(node, &destination)) {
            refuse(node, AVPN_ERROR_NOT_FOUND, packet, bytes, now);
            return;
        }
    }
    found = avpn_routes_lookup(node->routing.table.routes, &destination, &hop);
    if (found != AVPN_OK || hop == AVPN_HOP_LOCAL)
        refuse(node, found, packet, bytes, now);
    else
        send_to(node, hop, &source, &destination, packet, bytes, now);
}

/* Numbers that do not contradict each other, with the room of batch.h between packets. */
static bool is_sendable(const struct avpn_packets *run)
{
    if (run->data == NULL || run->count == 0 || run->bytes > AVPN_PACKET_LIMIT ||
        run->last_bytes == 0 || run->last_bytes > run->bytes)
        return false;
    if (run->count == 1)
        return run->last_bytes == run->bytes;
    return run->stride >= run->bytes + AVPN_HEADROOM + AVPN_TAILROOM ||
           run->stride == avpn_sealed_bytes(run->bytes);
}

int32_t avpn_node_send(struct avpn_node *node, const struct avpn_packets *batch, size_t count,
                       avpn_time now)
{
    int32_t result = AVPN_OK;

    if (node == NULL || (batch == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i];

        if (!is_sendable(run)) {
            result = AVPN_ERROR_ARGUMENT;
            break;
        }
        for (uint32_t k = 0; k < run->count; k++)
            send_packet(node, run->data + (size_t)k * run->stride,
                        k + 1 < run->count ? run->bytes : run->last_bytes, now);
        avpni_sealing_close(&node->sealed, &node->context.outbox);
    }
    avpni_node_flush(node, now);
    return result;
}
