/* SPDX-License-Identifier: ISC */
/*
 * tunnel: handshakes between two nodes and the succession of their sessions.
 *
 * Invariants: `current` is confirmed; `pending` never is; a handshake that fails, whoever sent
 * it, leaves current, previous and pending as they were [HS-6]. There is no glare: the
 * lower key initiates [HS-8].
 */
#include "link/tunnel.h"

#include "base/address.h"
#include "crypto/box.h"
#include "crypto/cookie.h"
#include "crypto/hash.h"
#include "crypto/noise.h"
#include "link/handover.h"
#include "link/path.h"
#include "link/peer.h"
#include "link/probe.h"
#include "link/session.h"
#include <string.h>

struct avpni_attempt {
    struct avpn_noise noise;
    struct avpni_session *session; /* holds the index; gets its keys from the response */
    struct avpn_contact contact;
    uint8_t mac1[AVPNI_MAC_BYTES];
    uint8_t uplink;
    struct avpn_key psk; /* the one named: a rotation meanwhile changes nothing [PRB-13] */
    bool has_cookie; /* of this very initiation: the next waits for its time [MAC-6] */
    avpn_time sent_at;
};

static void fire(void *owner, avpn_time now)
{
    avpni_tunnel_drive(owner, now);
}

static int32_t new_ticket(struct avpni_context *context, uint64_t *ticket_out)
{
    uint8_t bytes[8];
    int32_t error = avpni_random_fill(&context->random, bytes, sizeof bytes);
    struct avpni_reader r = avpni_reader(bytes, sizeof bytes);

    if (error != AVPN_OK)
        return error;
    *ticket_out = avpni_read_u64(&r) | 1; /* 0 means none */
    return AVPN_OK;
}

int32_t avpni_tunnel_init(struct avpni_tunnel *tunnel, struct avpni_peer *peer)
{
    int32_t error = avpni_timers_reserve(&peer->context->timers, 1);

    if (error != AVPN_OK)
        return error;
    avpni_timer_init(&tunnel->timer, fire, peer);
    tunnel->cookie_at = -1;
    error = peer->is_initiator ? AVPN_OK : new_ticket(peer->context, &tunnel->own_ticket);
    if (error != AVPN_OK)
        avpni_timers_reserve(&peer->context->timers, -1);
    return error;
}

static void end_attempt(struct avpni_peer *peer, bool keep_session)
{
    struct avpni_attempt *attempt = peer->tunnel.attempt;

    if (attempt == NULL)
        return;
    if (!keep_session)
        avpni_session_del(peer->context, attempt->session);
    avpni_wipe(attempt, sizeof *attempt);
    avpni_release(&peer->context->memory, attempt);
    peer->tunnel.attempt = NULL;
}

void avpni_tunnel_fini(struct avpni_tunnel *tunnel, struct avpni_peer *peer)
{
    struct avpni_context *context = peer->context;

    end_attempt(peer, false);
    avpni_session_del(context, tunnel->current);
    avpni_session_del(context, tunnel->previous);
    avpni_session_del(context, tunnel->pending);
    avpni_timer_clear(&context->timers, &tunnel->timer);
    avpni_timers_reserve(&context->timers, -1);
    avpni_wipe(tunnel, sizeof *tunnel);
}

/* ---- epochs ------------------------------------------------------------------------- */

/* Which keys two nodes have, and what to do. */
static void add_epochs(struct avpni_text *text, uint32_t peer_epoch, uint32_t epoch)
{
    avpni_text_add(text, "its pre-shared key is of epoch ");
    avpni_text_add_number(text, peer_epoch);
    avpni_text_add(text, ", ours of ");
    avpni_text_add_number(text, epoch);
    avpni_text_add(text, ": give both the newest configuration");
}

/* The epoch to name in an initiation; 0: wait until one of the two has a newer configuration [PRB-13]. */
static uint32_t agree_epoch(struct avpni_peer *peer)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;
    uint32_t own = peer->context->psks.epoch;
    uint32_t epoch = avpni_psk_agree(own, tunnel->peer_epoch);
    struct avpni_text text = {0};

    if (epoch == 0 && !tunnel->is_epoch_told) {
        avpni_text_add(&text, "handshake with member ");
        avpni_text_add_number(&text, peer->member);
        avpni_text_add(&text, " has to wait: ");
        add_epochs(&text, tunnel->peer_epoch, own);
        avpni_log(peer->context, AVPN_LOG_WARNING, &text);
    }
    tunnel->is_epoch_told = epoch == 0;
    return epoch;
}

/* ---- initiator ------------------------------------------------------------------ */

static struct avpni_path *handshake_path(const struct avpni_peer *peer)
{
    return peer->selected == AVPNI_PATH_NONE ? NULL : peer->paths[peer->selected];
}

static bool is_due(const struct avpni_peer *peer, avpn_time now)
{
    const struct avpni_tunnel *tunnel = &peer->tunnel;

    if (!peer->is_initiator || peer->context->psks.epoch == 0)
        return false;
    return tunnel->current == NULL || tunnel->is_rekey_wanted || now >= tunnel->rekey_at;
}

/* mac1, and mac2 with a fresh enough cookie, at the end of an initiation [MAC-1] [MAC-2]. */
static void write_macs(struct avpni_peer *peer, uint8_t *bytes, size_t count, avpn_time now)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;
    uint8_t *mac1 = bytes + AVPNI_MAC1_OFFSET(count), *mac2 = bytes + AVPNI_MAC2_OFFSET(count);

    avpni_mac1(mac1, bytes, AVPNI_MAC1_OFFSET(count), &peer->key);
    memset(mac2, 0, AVPNI_MAC_BYTES);
    if (tunnel->cookie_at >= 0 && now - tunnel->cookie_at < AVPNI_COOKIE_SPAN)
        avpni_mac2(mac2, bytes, AVPNI_MAC2_OFFSET(count), tunnel->cookie);
}

void avpni_tunnel_prologue(const struct avpni_context *context, uint32_t index,
                           uint8_t prologue[AVPNI_PROLOGUE_BYTES])
{
    struct avpni_writer w = avpni_writer(prologue, AVPNI_PROLOGUE_BYTES);

    avpni_write_bytes(&w, (const uint8_t *)"autovpn 1 node", 14);
    avpni_write_bytes(&w, context->organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u32(&w, index);
}

static bool write_initiation(struct avpni_peer *peer, struct avpni_attempt *attempt,
                             uint32_t epoch, uint8_t *bytes, avpn_time now)
{
    struct avpni_context *context = peer->context;
    struct avpni_node_request request = {0};
    uint8_t payload[AVPNI_NODE_REQUEST_BYTES], prologue[AVPNI_PROLOGUE_BYTES];
    struct avpn_key ephemeral;
    int32_t error = avpni_key_generate(&context->random, &ephemeral);

    if (error != AVPN_OK)
        return false;
    request.ticket = peer->tunnel.peer_ticket;
    request.psk_epoch = epoch;
    request.config_version = context->config_version;
    memcpy(request.suites, context->suites, sizeof request.suites);
    avpni_node_request_write(payload, &request);
    avpni_tunnel_prologue(context, attempt->session->index, prologue);
    avpni_noise_init_initiator_cached(&attempt->noise, &context->identity, &peer->key,
                                      &peer->shared, prologue, sizeof prologue);
    avpni_initiation_write_head(bytes, attempt->session->index);
    error = avpn_noise_write_1(&attempt->noise, &ephemeral, payload, sizeof payload,
                               bytes + AVPNI_INITIATION_NOISE);
    avpni_wipe(&ephemeral, sizeof ephemeral);
    if (error != AVPN_OK)
        return false;
    write_macs(peer, bytes, AVPNI_INITIATION_NODE_BYTES, now);
    memcpy(attempt->mac1, bytes + AVPNI_MAC1_OFFSET(AVPNI_INITIATION_NODE_BYTES), AVPNI_MAC_BYTES);
    return true;
}

static struct avpni_attempt *new_attempt(struct avpni_peer *peer)
{
    struct avpni_context *context = peer->context;
    struct avpni_attempt *attempt = avpni_allocate(&context->memory, 1, sizeof *attempt);

    if (attempt == NULL) {
        avpni_count(context, AVPN_DROP_MEMORY);
        return NULL;
    }
    if (avpni_session_new(context, peer, &attempt->session) != AVPN_OK) {
        avpni_count(context, AVPN_DROP_MEMORY);
        avpni_release(&context->memory, attempt);
        return NULL;
    }
    return attempt;
}

static void initiate(struct avpni_peer *peer, struct avpni_path *path, uint32_t epoch,
                     avpn_time now)
{
    struct avpni_context *context = peer->context;
    struct avpni_attempt *attempt;
    uint8_t *bytes;

    end_attempt(peer, false);
    peer->tunnel.next_attempt_at = now + AVPNI_HANDSHAKE_TIMEOUT;
    attempt = new_attempt(peer);
    if (attempt == NULL)
        return;
    peer->tunnel.attempt = attempt;
    attempt->contact = path->contact;
    attempt->uplink = path->uplink;
    attempt->sent_at = now;
    attempt->psk = *avpni_psks_find(&context->psks, epoch);
    bytes = avpni_outbox_reserve(&context->outbox, AVPNI_INITIATION_NODE_BYTES);
    if (bytes == NULL || !write_initiation(peer, attempt, epoch, bytes, now)) {
        avpni_count(context, AVPN_DROP_RANDOM);
        end_attempt(peer, false);
        return;
    }
    peer->tunnel.peer_ticket = 0; /* good for one initiation [HS-10] */
    avpni_outbox_commit(&context->outbox, path->uplink, &path->contact,
                        AVPNI_INITIATION_NODE_BYTES);
}

/* The peer uses it: as the initiator that confirmed it, or it has sent under it. */
static bool was_heard(const struct avpni_session *session)
{
    if (!session->peer->is_initiator)
        return true;
    if (session->handed != NULL)
        return avpni_handover_was_heard(session);
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        if (atomic_load(&session->pairs[i]) != NULL &&
            avpni_esp_sequence(atomic_load(&session->pairs[i])->receive) > 0)
            return true;
    return false;
}

/*
 * A session takes over: the one before is still opened for a while. That is the one the peer uses:
 * a current one it never sent under is passed over while there is an older one.
 */
static void adopt(struct avpni_peer *peer, struct avpni_session *session, avpn_time now)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;
    struct avpni_session *gone = tunnel->current;

    if (tunnel->previous == NULL || tunnel->current == NULL || was_heard(tunnel->current)) {
        gone = tunnel->previous;
        tunnel->previous = tunnel->current;
    }
    tunnel->previous_until = now + AVPNI_PREVIOUS_SPAN;
    tunnel->current = session;
    atomic_store(&session->is_confirmed, true);
    avpni_peer_touch(peer);
    tunnel->rekey_at = session->created_at + AVPNI_REKEY_AFTER -
                       (avpn_span)(avpni_jitter_next(&peer->context->jitter) %
                                   (uint64_t)AVPNI_REKEY_JITTER);
    tunnel->is_rekey_wanted = false;
    tunnel->mismatches = 0;
    if (peer->context->hands_over)
        avpni_handover_settle(peer); /* the new one carries packets before the old one is gone */
    avpni_session_del(peer->context, gone);
}

/* What nobody can say without the session's keys; `index` is the responder's [HS-11]. */
static void confirm_tag(uint8_t tag[AVPNI_CONFIRM_TAG_BYTES], const struct avpn_key *transport,
                        uint32_t index)
{
    uint8_t bytes[4];
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);

    avpni_write_u32(&w, index);
    avpni_derive(tag, AVPNI_CONFIRM_TAG_BYTES, transport, "confirm", bytes, sizeof bytes);
}

/* Shows the responder that we have the keys of the current session [HS-11]. */
static void send_confirmation(struct avpni_peer *peer, const struct avpni_path *path)
{
    struct avpni_outbox *outbox = &peer->context->outbox;
    const struct avpni_session *session = peer->tunnel.current;
    struct avpni_confirmation message = {.receiver = session->remote_index};
    uint8_t *bytes = avpni_outbox_reserve(outbox, AVPNI_CONFIRMATION_BYTES);

    if (bytes == NULL)
        return; /* asked for again by the responder's probes [PRB-6] */
    confirm_tag(message.tag, &session->send_key, message.receiver);
    avpni_confirmation_write(bytes, &message);
    avpni_outbox_commit(outbox, path->uplink, &path->contact, AVPNI_CONFIRMATION_BYTES);
}

static bool was_offered(const struct avpni_context *context, uint8_t suite)
{
    return suite != AVPN_SUITE_NONE && memchr(context->suites, suite, AVPN_SUITES) != NULL;
}

enum avpn_counter avpni_tunnel_response(struct avpni_peer *peer, uint32_t uplink,
                                        const struct avpn_contact *source, const uint8_t *bytes,
                                        avpn_time now)
{
    struct avpni_context *context = peer->context;
    struct avpni_attempt *attempt = peer->tunnel.attempt;
    struct avpni_node_response response;
    struct avpn_noise noise;
    struct avpn_key send_key, receive_key;
    struct avpni_path *path;
    uint8_t payload[AVPNI_NODE_RESPONSE_BYTES];
    uint32_t remote_index = avpni_response_sender(bytes);
    int32_t error;

    if (attempt == NULL || attempt->session->index != avpni_response_receiver(bytes) ||
        attempt->uplink != uplink || !avpni_contact_is_equal(&attempt->contact, source))
        return AVPN_DROP_UNEXPECTED; /* [HS-4] */
    noise = attempt->noise;
    error = avpn_noise_read_2(&noise, &attempt->psk, bytes + AVPNI_RESPONSE_NOISE,
                              AVPNI_RESPONSE_NODE_BYTES - AVPNI_RESPONSE_NOISE, payload);
    if (error != AVPN_OK || !avpni_node_response_read(payload, &response) ||
        response.index != remote_index ||
        !was_offered(context, response.suite) || remote_index < AVPNI_SPI_FIRST ||
        (remote_index & 15) != 0) {
        avpn_noise_wipe(&noise);
        return AVPN_DROP_HANDSHAKE;
    }
    avpn_noise_split(&noise, &send_key, &receive_key);
    avpn_noise_wipe(&noise);
    error = avpni_session_start(attempt->session, response.suite, remote_index, &send_key,
                                &receive_key, now);
    avpni_wipe(&send_key, sizeof send_key);
    avpni_wipe(&receive_key, sizeof receive_key);
    if (error != AVPN_OK)
        return AVPN_DROP_MEMORY; /* the attempt stays; its timeout tries again */
    adopt(peer, attempt->session, now);
    end_attempt(peer, true);
    path = avpni_peer_proved_path(peer, uplink, source);
    if (path != NULL)
        send_confirmation(peer, path);
    avpni_peer_reselect(peer, now);
    avpni_tunnel_drive(peer, now);
    return AVPN_COUNTERS;
}

enum avpn_counter avpni_tunnel_cookie(struct avpni_peer *peer, uint32_t uplink,
                                      const struct avpn_contact *source, const uint8_t *bytes,
                                      avpn_time now)
{
    struct avpni_attempt *attempt = peer->tunnel.attempt;
    struct avpni_cookie_message message;
    uint8_t cookie[AVPNI_COOKIE_BYTES];

    avpni_cookie_read(bytes, &message);
    if (attempt == NULL || attempt->session->index != message.receiver || attempt->has_cookie ||
        attempt->uplink != uplink || !avpni_contact_is_equal(&attempt->contact, source))
        return AVPN_DROP_UNEXPECTED;
    if (!avpni_cookie_open(cookie, message.sealed, message.nonce, attempt->mac1, &peer->key))
        return AVPN_DROP_HANDSHAKE;
    memcpy(peer->tunnel.cookie, cookie, sizeof cookie);
    peer->tunnel.cookie_at = now;
    attempt->has_cookie = true;
    return AVPN_COUNTERS;
}

/* ---- responder --------------------------------------------------------------------- */

static uint8_t choose_suite(const struct avpni_context *context, const uint8_t offered[4])
{
    for (uint32_t i = 0; i < 4; i++)
        if (was_offered(context, offered[i]))
            return offered[i];
    return AVPN_SUITE_NONE;
}

/* Write the response and give the new session its keys; the session is the caller's to keep or drop. */
static int32_t respond(struct avpni_peer *peer, struct avpni_session *session,
                       struct avpn_noise *noise, const struct avpn_key *psk,
                       uint32_t remote_index, uint8_t suite, uint8_t *bytes, avpn_time now)
{
    struct avpni_context *context = peer->context;
    struct avpni_node_response response = {suite, session->index};
    uint8_t payload[AVPNI_NODE_RESPONSE_BYTES];
    struct avpn_key ephemeral, send_key, receive_key;
    int32_t error = avpni_key_generate(&context->random, &ephemeral);

    if (error != AVPN_OK)
        return error;
    avpni_node_response_write(payload, &response);
    avpni_response_write_head(bytes, session->index, remote_index);
    error = avpn_noise_write_2(noise, &ephemeral, psk, payload, sizeof payload,
                               bytes + AVPNI_RESPONSE_NOISE);
    avpni_wipe(&ephemeral, sizeof ephemeral);
    if (error != AVPN_OK)
        return error;
    avpn_noise_split(noise, &send_key, &receive_key);
    error = avpni_session_start(session, suite, remote_index, &send_key, &receive_key, now);
    avpni_wipe(&send_key, sizeof send_key);
    avpni_wipe(&receive_key, sizeof receive_key);
    return error;
}

static enum avpn_counter drop_for(int32_t error)
{
    switch (error) {
    case AVPN_ERROR_RANDOM:
        return AVPN_DROP_RANDOM;
    case AVPN_ERROR_MEMORY:
    case AVPN_ERROR_LIMIT:
        return AVPN_DROP_MEMORY;
    default:
        return AVPN_DROP_HANDSHAKE;
    }
}

/* A genuine peer that cannot be served: an administrator has to know. */
static void log_mismatch(const struct avpni_peer *peer, uint8_t suite,
                         const struct avpni_node_request *request)
{
    struct avpni_text text = {0};

    avpni_text_add(&text, "handshake of member ");
    avpni_text_add_number(&text, peer->member);
    avpni_text_add(&text, " refused: ");
    if (suite == AVPN_SUITE_NONE) {
        avpni_text_add(&text, "no suite in common with this machine");
    } else if (avpni_psks_find(&peer->context->psks, request->psk_epoch) == NULL) {
        add_epochs(&text, request->psk_epoch, peer->context->psks.epoch);
    } else {
        avpni_text_add(&text, "its session index is not allowed");
    }
    avpni_log(peer->context, AVPN_LOG_WARNING, &text);
}

enum avpn_counter avpni_tunnel_accept(struct avpni_peer *peer, uint32_t uplink,
                                      const struct avpn_contact *source, struct avpn_noise *noise,
                                      uint32_t remote_index,
                                      const struct avpni_node_request *request, avpn_time now)
{
    struct avpni_context *context = peer->context;
    struct avpni_tunnel *tunnel = &peer->tunnel;
    struct avpni_session *session;
    const struct avpn_key *psk = avpni_psks_find(&context->psks, request->psk_epoch);
    uint8_t suite = choose_suite(context, request->suites);
    uint64_t ticket;
    uint8_t *bytes;
    int32_t error;

    if (peer->is_initiator)
        return AVPN_DROP_UNEXPECTED; /* [HS-8] */
    if (!avpni_peer_expects(peer, uplink, source))
        return AVPN_DROP_UNPROVED; /* [HS-9] */
    if (request->ticket != tunnel->own_ticket)
        return AVPN_DROP_TICKET; /* [HS-10] */
    error = new_ticket(context, &ticket);
    if (error != AVPN_OK)
        return drop_for(error);
    if (suite == AVPN_SUITE_NONE || psk == NULL /* [PRB-13] */ ||
        remote_index < AVPNI_SPI_FIRST || (remote_index & 15) != 0) {
        tunnel->own_ticket = ticket; /* used up all the same: its copies find no ear [HS-10] */
        log_mismatch(peer, suite, request);
        return AVPN_DROP_HANDSHAKE;
    }
    error = avpni_session_new(context, peer, &session);
    if (error != AVPN_OK)
        return drop_for(error);
    bytes = avpni_outbox_reserve(&context->outbox, AVPNI_RESPONSE_NODE_BYTES);
    error = bytes == NULL ? AVPN_ERROR_MEMORY
                          : respond(peer, session, noise, psk, remote_index, suite, bytes, now);
    if (error != AVPN_OK) {
        avpni_session_del(context, session);
        return drop_for(error);
    }
    tunnel->own_ticket = ticket;
    avpni_session_del(context, tunnel->pending);
    tunnel->pending = session;
    avpni_outbox_commit(&context->outbox, uplink, source, AVPNI_RESPONSE_NODE_BYTES);
    avpni_tunnel_drive(peer, now);
    return AVPN_COUNTERS;
}

void avpni_tunnel_confirm(struct avpni_peer *peer, struct avpni_session *session, avpn_time now)
{
    if (peer->tunnel.pending != session)
        return;
    peer->tunnel.pending = NULL;
    adopt(peer, session, now);
    avpni_peer_reselect(peer, now);
    avpni_tunnel_drive(peer, now);
}

enum avpn_counter avpni_tunnel_confirmation(struct avpni_peer *peer, struct avpni_session *session,
                                            const uint8_t *bytes, avpn_time now)
{
    struct avpni_confirmation message;
    uint8_t tag[AVPNI_CONFIRM_TAG_BYTES];

    if (peer->tunnel.pending != session || avpni_session_is_expired(session, now))
        return AVPN_DROP_UNEXPECTED; /* a copy, or too late */
    avpni_confirmation_read(bytes, &message);
    confirm_tag(tag, &session->receive_key, session->index);
    if (!avpni_is_equal(tag, message.tag, sizeof tag))
        return AVPN_DROP_HANDSHAKE;
    avpni_tunnel_confirm(peer, session, now);
    return AVPN_COUNTERS;
}

/* ---- both ----------------------------------------------------------------------------- */

void avpni_tunnel_want_rekey(struct avpni_peer *peer, avpn_time now)
{
    if (peer->tunnel.is_rekey_wanted)
        return;
    peer->tunnel.is_rekey_wanted = true;
    avpni_tunnel_drive(peer, now);
}

int32_t avpni_tunnel_add_path(struct avpni_peer *peer, uint32_t path)
{
    struct avpni_session *sessions[3] = {peer->tunnel.current, peer->tunnel.previous,
                                         peer->tunnel.pending};

    for (uint32_t i = 0; i < 3; i++)
        if (sessions[i] != NULL && avpni_session_add_path(sessions[i], path) != AVPN_OK)
            return AVPN_ERROR_MEMORY;
    return AVPN_OK;
}

/* [PRB-5] */
void avpni_tunnel_fill_probe(const struct avpni_peer *peer, struct avpni_probe *probe)
{
    const struct avpni_tunnel *tunnel = &peer->tunnel;
    const struct avpni_session *newest = tunnel->pending ? tunnel->pending : tunnel->current;

    probe->session = newest != NULL ? newest->index : 0;
    probe->psk_epoch = peer->context->psks.epoch;
    if (peer->is_initiator)
        return;
    probe->ticket = tunnel->own_ticket;
    /* With a pending session: the packet that confirms it may be lost, and nothing else may come. */
    if (tunnel->current == NULL || tunnel->pending != NULL || tunnel->is_rekey_wanted)
        probe->flags |= AVPNI_PROBE_WANTS_HANDSHAKE;
}

/*
 * A response that does not fit what we have: once may be a message that crossed another, so first our keys
 * are shown again, if that may be what is missing; when it goes on, a handshake [PRB-6].
 */
static void judge_response(struct avpni_peer *peer, const struct avpni_probe *probe)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;
    struct avpni_path *path = handshake_path(peer);
    bool is_known = probe->session == tunnel->current->remote_index;
    bool is_wanted = (probe->flags & AVPNI_PROBE_WANTS_HANDSHAKE) != 0;

    if (is_known && !is_wanted) {
        tunnel->mismatches = 0;
        return;
    }
    tunnel->mismatches++;
    if (is_known && avpni_path_is_alive(path))
        send_confirmation(peer, path);
    if (tunnel->mismatches >= 3 || (is_wanted && tunnel->mismatches > 1))
        tunnel->is_rekey_wanted = true;
}

void avpni_tunnel_probe(struct avpni_peer *peer, const struct avpni_probe *probe, avpn_time now)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;

    /* Requests can be replayed, answers that count can not: only they are believed. */
    if (!peer->is_initiator || probe->kind != AVPNI_PROBE_RESPONSE)
        return;
    if (probe->ticket != 0)
        tunnel->peer_ticket = probe->ticket;
    tunnel->peer_epoch = probe->psk_epoch;
    if (tunnel->current != NULL && tunnel->attempt == NULL && !tunnel->is_rekey_wanted)
        judge_response(peer, probe);
    avpni_tunnel_drive(peer, now);
}

/* Sessions that have had their time. */
static void expire(struct avpni_peer *peer, avpn_time now)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;
    struct avpni_context *context = peer->context;

    if (tunnel->previous != NULL && (now >= tunnel->previous_until ||
                                     avpni_session_is_expired(tunnel->previous, now))) {
        avpni_session_del(context, tunnel->previous);
        tunnel->previous = NULL;
    }
    if (tunnel->pending != NULL && avpni_session_is_expired(tunnel->pending, now)) {
        avpni_session_del(context, tunnel->pending);
        tunnel->pending = NULL;
    }
    if (tunnel->current != NULL && avpni_session_is_expired(tunnel->current, now)) {
        avpni_session_del(context, tunnel->current);
        tunnel->current = NULL;
        avpni_peer_reselect(peer, now);
    }
}

static avpn_time earliest(avpn_time a, avpn_time b)
{
    return a < b ? a : b;
}

static void schedule(struct avpni_peer *peer, avpn_time now)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;
    avpn_time when = AVPN_TIME_NEVER;

    if (tunnel->previous != NULL)
        when = earliest(tunnel->previous_until, tunnel->previous->created_at + AVPNI_REJECT_AFTER);
    if (tunnel->pending != NULL)
        when = earliest(when, tunnel->pending->created_at + AVPNI_REJECT_AFTER);
    if (tunnel->current != NULL) {
        when = earliest(when, tunnel->current->created_at + AVPNI_REJECT_AFTER);
        if (peer->is_initiator && tunnel->rekey_at > now)
            when = earliest(when, tunnel->rekey_at);
    }
    if (tunnel->attempt != NULL)
        when = earliest(when, tunnel->next_attempt_at);
    avpni_timer_set(&peer->context->timers, &tunnel->timer, when);
}

void avpni_tunnel_drive(struct avpni_peer *peer, avpn_time now)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;
    struct avpni_path *path = handshake_path(peer);
    uint32_t epoch = 0;

    expire(peer, now);
    if (tunnel->attempt != NULL && now >= tunnel->next_attempt_at)
        end_attempt(peer, false);
    /* Without a ticket the next probe's answer, at most a second away, calls here again. */
    if (tunnel->attempt == NULL && path != NULL && is_due(peer, now) && tunnel->peer_ticket != 0 &&
        now >= tunnel->next_attempt_at)
        epoch = agree_epoch(peer);
    if (epoch != 0)
        initiate(peer, path, epoch, now);
    schedule(peer, now);
}
