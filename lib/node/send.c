/* SPDX-License-Identifier: ISC */
/*
 * send: an inner packet on its way out: parse -> route -> path -> seal -> transmit.
 */
#include "link/path.h"
#include "link/session.h"
#include "inner/packet.h"
#include "node/node.h"

#define DATAGRAM_LIMIT 65507 /* the largest UDP payload over IPv4 */

static void count_seal_error(struct avpn_node *node, struct avpni_peer *peer, int32_t error,
                             avpn_time now)
{
    if (error != AVPN_ERROR_EXHAUSTED) {
        avpni_count(&node->context, AVPN_DROP_INNER);
        return;
    }
    avpni_count(&node->context, AVPN_DROP_EXHAUSTED);
    avpni_tunnel_want_rekey(peer, now);
}

bool avpni_node_seal(struct avpn_node *node, struct avpni_peer *peer, uint8_t *packet,
                     uint32_t bytes, avpn_time now)
{
    struct avpni_session *session = avpni_tunnel_sender(peer, now);
    struct avpni_pair *pair = NULL;
    struct avpni_path *path;
    int32_t sealed;

    if (session != NULL && peer->selected != AVPNI_PATH_NONE)
        pair = session->pairs[peer->selected];
    if (pair == NULL) {
        avpni_count(&node->context, AVPN_DROP_NO_TUNNEL);
        return false;
    }
    path = peer->paths[peer->selected];
    sealed = avpni_esp_seal(pair->send, packet, bytes);
    if (sealed < 0) {
        count_seal_error(node, peer, sealed, now);
        return false;
    }
    if (pair->send->sequence >= AVPNI_REKEY_AFTER_PACKETS)
        avpni_tunnel_want_rekey(peer, now);
    peer->sent_packets++;
    peer->sent_bytes += bytes;
    avpni_sealing_add(&node->sealed, &node->context.outbox, path->uplink, &path->contact,
                      packet - AVPN_HEADROOM, (uint32_t)sealed);
    return true;
}

/* The sender's own site, or - on an exit hub - anything that is nobody's [RTE-5] [RTE-6]. */
static bool may_send(const struct avpn_node *node, const struct avpni_peer *peer,
                     const struct avpn_address *source)
{
    struct avpn_route route;

    if (avpn_routes_allows(node->routes, source, AVPN_HOP_LOCAL))
        return true;
    return peer->marks_us && avpn_routes_match(node->routes, source, &route) != AVPN_OK;
}

static void send_packet(struct avpn_node *node, uint8_t *packet, uint32_t bytes, avpn_time now)
{
    struct avpni_context *context = &node->context;
    struct avpn_address source, destination;
    struct avpni_peer *peer;
    uint32_t hop = AVPN_ROUTE_NONE;
    int32_t found;

    if (!avpni_inner_parse(packet, bytes, &source, &destination)) {
        avpni_count(context, AVPN_DROP_INNER);
        return;
    }
    if (avpn_sealed_bytes(bytes) > DATAGRAM_LIMIT) {
        avpni_count(context, AVPN_DROP_SIZE);
        return;
    }
    found = avpn_routes_lookup(node->routes, &destination, &hop);
    if (found != AVPN_OK || hop == AVPN_HOP_LOCAL) {
        avpni_count(context, found == AVPN_ERROR_EMPTY ? AVPN_DROP_NO_TUNNEL : AVPN_DROP_NO_ROUTE);
        return;
    }
    peer = avpni_node_find_peer(node, hop);
    if (peer == NULL) {
        avpni_count(context, AVPN_DROP_NO_TUNNEL);
        return;
    }
    node->last_peer = peer;
    if (!may_send(node, peer, &source)) {
        avpni_count(context, AVPN_DROP_SOURCE);
        return;
    }
    if (avpni_node_seal(node, peer, packet, bytes, now))
        avpni_count(context, AVPN_COUNT_SENT);
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
    avpni_node_flush(node);
    return result;
}
