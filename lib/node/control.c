/* SPDX-License-Identifier: ISC */
/*
 * control: messages between nodes, and between a node and registries, handed to the state machine they belong to.
 * Whatever is wrong is dropped under a counter; nothing here answers a stranger.
 */
#include "link/session.h"
#include "node/node.h"
#include <string.h>

struct datagram {
    uint32_t uplink;
    const struct avpn_contact *source;
    uint8_t *bytes;
    uint32_t count;
    avpn_time now;
};

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

static struct avpni_session *session_of_index(struct avpn_node *node, uint32_t index)
{
    return (index & 15) == 0 ? avpni_session_find(&node->context, index) : NULL;
}

/* The peer whose handshake under way, or session, has this index of ours. */
static struct avpni_peer *peer_of_index(struct avpn_node *node, uint32_t index)
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

/* ---- demultiplex ---------------------------------------------------------------------------- */

void avpni_node_control(struct avpn_node *node, uint32_t uplink, const struct avpn_contact *source,
                        uint8_t *bytes, uint32_t count, avpn_time now)
{
    const struct datagram d = {uplink, source, bytes, count, now};

    switch (avpni_message_kind(bytes, count)) {
    case AVPNI_KIND_PROBE:
        receive_probe(node, &d);
        break;
    case AVPNI_KIND_INITIATION:
        receive_initiation(node, &d);
        break;
    case AVPNI_KIND_RESPONSE:
        receive_response(node, &d);
        break;
    case AVPNI_KIND_COOKIE:
        receive_cookie(node, &d);
        break;
    case AVPNI_KIND_SESSION:
        receive_session(node, &d);
        break;
    case AVPNI_KIND_CONFIRMATION:
        receive_confirmation(node, &d);
        break;
    case AVPNI_KIND_KEEPALIVE:
        avpni_count(&node->context, AVPN_COUNT_KEEPALIVE);
        break;
    case AVPNI_KIND_ESP: /* a packet is no control message */
    case AVPNI_KIND_BAD:
        avpni_count(&node->context, AVPN_DROP_MALFORMED);
        break;
    }
}
