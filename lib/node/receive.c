/* SPDX-License-Identifier: ISC */
/*
 * receive: a datagram on its way in: demux -> open -> source check -> firewall -> translate -> deliver, or forward.
 * Whatever is wrong is dropped under a counter; nothing here answers a stranger.
 */
#include "link/path.h"
#include "link/session.h"
#include "node/answer.h"
#include "node/carry.h"
#include "node/judge.h"
#include <string.h>

struct datagram {
    uint32_t uplink;
    const struct avpn_contact *source;
    uint8_t *bytes;
    uint32_t count;
    avpn_time now;
};

/* ---- inner packets ------------------------------------------------------------------- */

struct avpni_peer *avpni_onward_peer(const struct avpn_node *node, const struct avpni_peer *from,
                                     uint32_t hop)
{
    struct avpni_peer *to = avpni_node_find_peer(node, hop);

    if (node->role != AVPN_ROLE_HUB || to == NULL || to == from ||
        (from->role == AVPN_ROLE_HUB && to->role == AVPN_ROLE_HUB))
        return NULL;
    return to;
}

/* To another peer. */
static void forward(struct avpn_node *node, struct avpni_peer *from, uint32_t hop, uint8_t *packet,
                    uint32_t bytes, avpn_time now)
{
    struct avpni_context *context = &node->context;
    struct avpni_peer *to = avpni_onward_peer(node, from, hop);

    if (to == NULL) {
        avpni_count(context, AVPN_DROP_NO_ROUTE);
        avpni_answer(node, from, AVPNI_ICMP_NO_ROUTE, 0, packet, bytes, now);
        return;
    }
    if (!avpni_inner_hop(packet)) {
        avpni_count(context, AVPN_DROP_HOP_LIMIT);
        avpni_answer(node, from, AVPNI_ICMP_HOP_LIMIT, 0, packet, bytes, now);
        return;
    }
    if (avpni_carry(node, to, from, packet, bytes, now))
        avpni_count(context, AVPN_COUNT_FORWARDED);
}

static void deliver(struct avpn_node *node, const struct avpni_peer *from,
                    const struct avpn_address *source, const struct avpn_address *destination,
                    uint8_t *packet, uint32_t bytes)
{
    struct avpni_context *context = &node->context;

    if (!avpni_judge(node, node->firewall.received, source, destination, packet, bytes)) {
        avpni_count(context, AVPN_DROP_FIREWALL);
        return;
    }
    if (!avpni_translate_in(&node->translator, packet, bytes)) {
        avpni_count(context, AVPN_DROP_TRANSLATION);
        return;
    }
    avpni_carry_clamp(node, from, packet, bytes);
    avpni_count(context, AVPN_COUNT_DELIVERED);
    avpni_runs_add(&node->inner, packet, bytes);
}

static void receive_inner(struct avpn_node *node, struct avpni_peer *peer, uint8_t *packet,
                          uint32_t bytes, avpn_time now)
{
    const struct avpn_routes *routes = node->routing.table.routes;
    struct avpni_context *context = &node->context;
    struct avpn_address source, destination;
    uint32_t hop = AVPN_ROUTE_NONE;
    int32_t found;

    if (!avpni_inner_parse(packet, bytes, &source, &destination)) {
        avpni_count(context, AVPN_DROP_INNER);
        return;
    }
    if (!avpn_routes_allows(routes, &source, peer->member)) {
        avpni_count(context, AVPN_DROP_SOURCE); /* [RTE-5] */
        return;
    }
    found = avpn_routes_lookup(routes, &destination, &hop);
    if (found == AVPN_OK && hop != AVPN_HOP_LOCAL) {
        forward(node, peer, hop, packet, bytes, now);
    } else if (found == AVPN_OK || (found == AVPN_ERROR_NOT_FOUND && peer->marks_us)) {
        deliver(node, peer, &source, &destination, packet, bytes); /* [RTE-6] */
    } else {
        bool is_dead = found == AVPN_ERROR_EMPTY;

        avpni_count(context, is_dead ? AVPN_DROP_NO_TUNNEL : AVPN_DROP_NO_ROUTE);
        avpni_answer(node, peer, is_dead ? AVPNI_ICMP_NO_TUNNEL : AVPNI_ICMP_NO_ROUTE, 0, packet,
                     bytes, now);
    }
}

/* ---- ESP ------------------------------------------------------------------------------- */

static enum avpn_counter open_error(int32_t error)
{
    return error == AVPN_ERROR_VERSION ? AVPN_DROP_REPLAY : AVPN_DROP_ESP;
}

static void receive_esp(struct avpn_node *node, const struct datagram *d)
{
    struct avpni_context *context = &node->context;
    uint32_t spi = avpni_esp_spi(d->bytes), number = avpni_session_path(spi);
    struct avpni_session *session = avpni_session_find(context, spi);
    struct avpni_peer *peer;
    struct avpni_sa *sa;
    uint64_t highest;
    int32_t bytes;

    if (session == NULL || session->pairs[number] == NULL ||
        session->peer->paths[number] == NULL || number / AVPN_UPLINKS != d->uplink ||
        avpni_session_is_expired(session, d->now)) {
        avpni_count(context, AVPN_DROP_SPI);
        return;
    }
    peer = session->peer;
    sa = session->pairs[number]->receive;
    highest = sa->sequence;
    bytes = avpni_esp_open(sa, d->bytes, d->count);
    if (bytes < 0) {
        avpni_count(context, open_error(bytes));
        return;
    }
    avpni_tunnel_confirm(peer, session, d->now);
    if (sa->sequence > highest)
        avpni_path_heard(peer->paths[number], d->source, d->now); /* [PRB-8] */
    if (bytes == 0) {
        avpni_count(context, AVPN_COUNT_DUMMY);
        return;
    }
    peer->received_packets++;
    peer->received_bytes += (uint64_t)bytes;
    receive_inner(node, peer, d->bytes + AVPN_HEADROOM, (uint32_t)bytes, d->now);
}

/* ---- control ----------------------------------------------------------------------------- */

static void receive_probe(struct avpn_node *node, const struct datagram *d)
{
    uint32_t place = avpni_map_find(&node->by_tag, d->bytes + AVPNI_PROBE_TAG);

    if (place == AVPNI_MAP_NONE) {
        avpni_count(&node->context, AVPN_DROP_PROBE);
        return;
    }
    avpni_peer_receive_probe(node->peers[place], d->uplink, d->source, d->bytes, d->count,
                             d->now);
}

static struct avpni_session *session_of_index(const struct avpn_node *node, uint32_t index)
{
    return (index & 15) == 0 ? avpni_session_find(&node->context, index) : NULL;
}

/* The peer whose handshake under way, or session, has this index of ours. */
static struct avpni_peer *peer_of_index(const struct avpn_node *node, uint32_t index)
{
    struct avpni_session *session = session_of_index(node, index);

    return session != NULL ? session->peer : NULL;
}

static void drop(struct avpn_node *node, enum avpn_counter counter)
{
    if (counter < AVPN_COUNTERS)
        avpni_count(&node->context, counter);
}

/* Read message 1 and hand it to the peer it comes from. */
static enum avpn_counter accept_initiation(struct avpn_node *node, const struct datagram *d)
{
    struct avpni_context *context = &node->context;
    struct avpni_node_request request;
    uint8_t payload[AVPNI_NODE_REQUEST_BYTES], prologue[AVPNI_PROLOGUE_BYTES];
    enum avpn_counter counter = AVPN_DROP_HANDSHAKE;
    struct avpn_noise noise;
    struct avpn_key initiator;
    uint32_t place;

    avpni_tunnel_prologue(context, avpni_initiation_sender(d->bytes), prologue);
    avpn_noise_init_responder(&noise, &context->identity, prologue, sizeof prologue);
    if (avpn_noise_read_1(&noise, d->bytes + AVPNI_INITIATION_NOISE,
                          AVPNI_MAC1_OFFSET(AVPNI_INITIATION_NODE_BYTES) - AVPNI_INITIATION_NOISE,
                          &initiator, payload) == AVPN_OK &&
        avpni_node_request_read(payload, &request)) {
        place = avpni_map_find(&node->by_key, initiator.bytes);
        counter = place == AVPNI_MAP_NONE
                      ? AVPN_DROP_HANDSHAKE
                      : avpni_tunnel_accept(node->peers[place], d->uplink, d->source, &noise,
                                            avpni_initiation_sender(d->bytes), &request, d->now);
    }
    avpn_noise_wipe(&noise);
    return counter;
}

/*
 * Is a peer expected there? Asked before any Diffie-Hellman [HS-9], as long as asking everyone is
 * cheaper than one; avpni_tunnel_accept asks the right peer in any case.
 */
static bool is_expected(const struct avpn_node *node, const struct datagram *d)
{
    if (node->peer_count > AVPNI_NODE_ASKED_PEERS)
        return true;
    for (uint32_t i = 0; i < node->peer_count; i++)
        if (avpni_peer_expects(node->peers[i], d->uplink, d->source))
            return true;
    return false;
}

static void receive_initiation(struct avpn_node *node, const struct datagram *d)
{
    struct avpni_context *context = &node->context;
    uint8_t cookie[AVPNI_COOKIE_MESSAGE_BYTES];
    uint8_t *bytes;

    if (d->count != AVPNI_INITIATION_NODE_BYTES) {
        avpni_count(context, AVPN_DROP_UNEXPECTED); /* one for a registry */
        return;
    }
    switch (avpni_guard_check(&node->guard, d->bytes, d->count, d->source, d->now, cookie)) {
    case AVPNI_GUARD_DROP_MAC1:
        avpni_count(context, AVPN_DROP_MAC1);
        break;
    case AVPNI_GUARD_DROP_LOAD:
        avpni_count(context, AVPN_DROP_LOAD);
        break;
    case AVPNI_GUARD_COOKIE:
        avpni_count(context, AVPN_DROP_LOAD);
        bytes = avpni_outbox_reserve(&context->outbox, sizeof cookie);
        memcpy(bytes, cookie, sizeof cookie);
        avpni_outbox_commit(&context->outbox, d->uplink, d->source, sizeof cookie);
        break;
    case AVPNI_GUARD_PASS:
        drop(node, is_expected(node, d) ? accept_initiation(node, d) : AVPN_DROP_UNPROVED);
        break;
    }
}

static void receive_response(struct avpn_node *node, const struct datagram *d)
{
    enum avpn_counter counter = AVPN_DROP_UNEXPECTED;
    struct avpni_peer *peer;

    if (d->count == AVPNI_RESPONSE_NODE_BYTES) {
        peer = peer_of_index(node, avpni_response_receiver(d->bytes));
        if (peer != NULL)
            counter = avpni_tunnel_response(peer, d->uplink, d->source, d->bytes, d->now);
        drop(node, counter);
        return;
    }
    for (uint32_t i = 0; i < node->registrar_count && counter == AVPN_DROP_UNEXPECTED; i++)
        if (node->registrations[d->uplink][i] != NULL)
            counter = avpni_registration_response(node->registrations[d->uplink][i], d->source,
                                                  d->bytes, d->now);
    drop(node, counter);
}

static void receive_cookie(struct avpn_node *node, const struct datagram *d)
{
    enum avpn_counter counter = AVPN_DROP_UNEXPECTED;
    struct avpni_cookie_message message;
    struct avpni_peer *peer;

    avpni_cookie_read(d->bytes, &message);
    peer = peer_of_index(node, message.receiver);
    if (peer != NULL)
        counter = avpni_tunnel_cookie(peer, d->uplink, d->source, d->bytes, d->now);
    for (uint32_t i = 0; i < node->registrar_count && counter == AVPN_DROP_UNEXPECTED; i++)
        if (node->registrations[d->uplink][i] != NULL)
            counter = avpni_registration_cookie(node->registrations[d->uplink][i], d->source,
                                                d->bytes, d->now);
    drop(node, counter);
}

static void receive_confirmation(struct avpn_node *node, const struct datagram *d)
{
    struct avpni_confirmation message;
    struct avpni_session *session;

    avpni_confirmation_read(d->bytes, &message);
    session = session_of_index(node, message.receiver);
    drop(node, session == NULL
                   ? AVPN_DROP_UNEXPECTED
                   : avpni_tunnel_confirmation(session->peer, session, d->bytes, d->now));
}

static void receive_session(struct avpn_node *node, const struct datagram *d)
{
    enum avpn_counter counter = AVPN_DROP_SESSION;

    for (uint32_t i = 0; i < node->registrar_count && counter == AVPN_DROP_SESSION; i++)
        if (node->registrations[d->uplink][i] != NULL)
            counter = avpni_registration_session(node->registrations[d->uplink][i], d->source,
                                                 d->bytes, d->count, d->now);
    drop(node, counter);
}

/* ---- the way in ----------------------------------------------------------------------------- */

static void receive_datagram(struct avpn_node *node, const struct datagram *d)
{
    avpni_count(&node->context, AVPN_COUNT_RECEIVED);
    switch (avpni_message_kind(d->bytes, d->count)) {
    case AVPNI_KIND_ESP:
        receive_esp(node, d);
        break;
    case AVPNI_KIND_PROBE:
        receive_probe(node, d);
        break;
    case AVPNI_KIND_INITIATION:
        receive_initiation(node, d);
        break;
    case AVPNI_KIND_RESPONSE:
        receive_response(node, d);
        break;
    case AVPNI_KIND_COOKIE:
        receive_cookie(node, d);
        break;
    case AVPNI_KIND_SESSION:
        receive_session(node, d);
        break;
    case AVPNI_KIND_CONFIRMATION:
        receive_confirmation(node, d);
        break;
    case AVPNI_KIND_KEEPALIVE:
        avpni_count(&node->context, AVPN_COUNT_KEEPALIVE);
        break;
    case AVPNI_KIND_BAD:
        avpni_count(&node->context, AVPN_DROP_MALFORMED);
        break;
    }
}

static bool is_receivable(const struct avpn_datagrams *batch)
{
    const struct avpn_packets *run = &batch->packets;

    if (run->data == NULL || run->count == 0 || run->bytes > AVPN_PACKET_LIMIT ||
        run->last_bytes > run->bytes || batch->uplink >= AVPN_UPLINKS)
        return false;
    return run->count == 1 ? run->last_bytes == run->bytes : run->stride >= run->bytes;
}

static void receive_run(struct avpn_node *node, const struct avpn_datagrams *batch, avpn_time now)
{
    const struct avpn_packets *run = &batch->packets;
    struct datagram d = {batch->uplink, &batch->remote, run->data, 0, now};

    if (!node->context.uplinks[batch->uplink].is_up) {
        node->context.counters[AVPN_DROP_UPLINK] += run->count;
        return;
    }
    for (uint32_t k = 0; k < run->count; k++) {
        d.bytes = run->data + (size_t)k * run->stride;
        d.count = k + 1 < run->count ? run->bytes : run->last_bytes;
        receive_datagram(node, &d);
    }
    avpni_sealing_close(&node->sealed, &node->context.outbox);
    node->inner.is_open = false;
}

int32_t avpn_node_receive(struct avpn_node *node, const struct avpn_datagrams *batch, size_t count,
                          avpn_time now)
{
    int32_t result = AVPN_OK;

    if (node == NULL || (batch == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    for (size_t i = 0; i < count && result == AVPN_OK; i++) {
        if (is_receivable(&batch[i]))
            receive_run(node, &batch[i], now);
        else
            result = AVPN_ERROR_ARGUMENT;
    }
    avpni_node_flush(node, now);
    return result;
}
