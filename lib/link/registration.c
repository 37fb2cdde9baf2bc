/* SPDX-License-Identifier: ISC */
/*
 * registration: see registration.h; the table is doc/protocol.md 7.1.
 *
 * Invariants: an established session is replaced only by the response to our own newest
 * initiation; what registries say is handed upward, never acted on here [REG-14].
 * One timer serves the earliest of: next initiation, next keepalive, next fetch.
 */
#include "link/registration.h"

#include "base/address.h"
#include "link/claim.h"
#include "link/entries.h"
#include <string.h>

#define RESOLVE_AGAIN (60 * AVPN_SECOND)

static void fire(void *owner, avpn_time now);

int32_t avpni_registration_new(struct avpni_context *context, struct avpni_registrar *registrar,
                               uint32_t uplink, struct avpni_registration **registration_out)
{
    struct avpni_registration *r = avpni_allocate(&context->memory, 1, sizeof *r);

    if (r == NULL)
        return AVPN_ERROR_MEMORY;
    if (avpni_timers_reserve(&context->timers, 1) != AVPN_OK) {
        avpni_release(&context->memory, r);
        return AVPN_ERROR_MEMORY;
    }
    r->context = context;
    r->registrar = registrar;
    r->uplink = (uint8_t)uplink;
    avpni_initiator_init(&r->initiator);
    r->answered_at = -1;
    r->asking_since = AVPN_TIME_NEVER;
    avpni_timer_init(&r->timer, fire, r);
    *registration_out = r;
    return AVPN_OK;
}

void avpni_registration_del(struct avpni_registration *r)
{
    struct avpni_context *context;

    if (r == NULL)
        return;
    context = r->context;
    avpni_timer_clear(&context->timers, &r->timer);
    avpni_timers_reserve(&context->timers, -1);
    avpni_wipe(r, sizeof *r);
    avpni_release(&context->memory, r);
}

static avpn_time earlier(avpn_time a, avpn_time b)
{
    return a < b ? a : b;
}

static void schedule(struct avpni_registration *r)
{
    avpn_time when = AVPN_TIME_NEVER;

    if (r->is_handshaking)
        when = r->retry_at;
    if (r->session.is_established) {
        when = earlier(when, r->keepalive_at);
        if (!r->is_handshaking)
            when = earlier(when, r->renew_at);
        if (r->is_fetching)
            when = earlier(when, r->fetch_at);
    }
    avpni_timer_set(&r->context->timers, &r->timer, when);
}

static void tell(struct avpni_registration *r, bool is_registered, avpn_time now)
{
    struct avpn_event event = avpni_event(AVPN_EVENT_REGISTRY, is_registered, now);

    if (r->is_told == is_registered)
        return;
    r->is_told = is_registered;
    event.uplink = r->uplink;
    event.registry = r->registrar->number;
    event.contact = r->remote;
    avpni_events_push(&r->context->events, &event);
}

/* ---- addresses -------------------------------------------------------------------- */

static void ask_addresses(struct avpni_registration *r, avpn_time now)
{
    struct avpni_registrar *registrar = r->registrar;
    struct avpni_context *context = r->context;

    if (context->host.resolve == NULL || registrar->is_literal ||
        (registrar->is_asked && now - registrar->asked_at < RESOLVE_AGAIN))
        return;
    registrar->is_asked = true;
    registrar->asked_at = now;
    context->host.resolve(context->host.user, registrar->number + 1u, registrar->host);
}

/* The next address this uplink can use, starting at r->address; false: none. */
static bool pick_address(struct avpni_registration *r, struct avpn_contact *contact_out)
{
    const struct avpni_registrar *registrar = r->registrar;
    uint8_t family = r->context->uplinks[r->uplink].local.family;

    for (uint32_t i = 0; i < registrar->address_count; i++) {
        uint32_t place = (r->address + i) % registrar->address_count;
        const struct avpn_address *address = &registrar->addresses[place];

        if (family != AVPN_FAMILY_NONE && address->family != family)
            continue;
        memset(contact_out, 0, sizeof *contact_out);
        contact_out->family = address->family;
        contact_out->port = registrar->port;
        memcpy(contact_out->bytes, address->bytes, sizeof contact_out->bytes);
        r->address = (uint8_t)place;
        return true;
    }
    return false;
}

/* ---- handshake --------------------------------------------------------------------- */

static void write_request(const struct avpni_registration *r,
                          uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES])
{
    const struct avpni_context *context = r->context;
    struct avpni_register_request request = {0};

    request.uplink = r->uplink;
    request.nat = context->uplinks[r->uplink].nat;
    request.organization = context->organization;
    request.config_version = context->config_version;
    request.local = context->uplinks[r->uplink].local;
    avpni_register_request_write(payload, &request);
}

static bool write_initiation(struct avpni_registration *r, const struct avpn_contact *to,
                             uint8_t *bytes, avpn_time now)
{
    struct avpni_context *context = r->context;
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES];

    r->is_claim = avpni_claim_is_due(context, r->registrar);
    if (r->is_claim)
        avpni_claim_write(context, payload);
    else
        write_request(r, payload);
    return avpni_initiator_write(&r->initiator, &context->random, &context->identity,
                                 &r->registrar->key, &r->registrar->shared, payload, to, bytes,
                                 now);
}

static void initiate(struct avpni_registration *r, avpn_time now)
{
    struct avpni_context *context = r->context;
    struct avpn_contact to;
    uint8_t *bytes;

    r->is_handshaking = true;
    r->retry_at = now + avpni_jitter_span(&context->jitter, r->retry_span);
    r->retry_span = earlier(r->retry_span * 2, AVPNI_REGISTER_RETRY_LAST);
    if (!pick_address(r, &to)) {
        if (!r->session.is_established)
            r->state = AVPN_REGISTRATION_RESOLVING;
        ask_addresses(r, now);
        return;
    }
    if (!r->session.is_established)
        r->state = AVPN_REGISTRATION_REGISTERING;
    bytes = avpni_outbox_reserve(&context->outbox, AVPNI_INITIATION_REGISTRY_BYTES);
    if (bytes == NULL || !write_initiation(r, &to, bytes, now)) {
        avpni_count(context, AVPN_DROP_RANDOM);
        return;
    }
    if (r->asking_since == AVPN_TIME_NEVER)
        r->asking_since = now;
    avpni_outbox_commit(&context->outbox, r->uplink, &to, AVPNI_INITIATION_REGISTRY_BYTES);
}

static void begin_handshake(struct avpni_registration *r, avpn_time now)
{
    r->retry_span = avpni_claim_is_due(r->context, r->registrar) ? AVPNI_CLAIM_RETRY_FIRST
                                                                  : AVPNI_REGISTER_RETRY_FIRST;
    initiate(r, now);
}

/* ---- session messages -------------------------------------------------------------------- */

void avpni_registration_send(struct avpni_registration *r,
                             const uint8_t body[AVPNI_REQUEST_BODY_BYTES])
{
    avpni_registry_session_send(&r->session, &r->context->outbox, r->uplink, &r->remote, body,
                                AVPNI_REQUEST_BODY_BYTES);
}

static void send_keepalive(struct avpni_registration *r, avpn_time now)
{
    struct avpni_context *context = r->context;
    struct avpni_alive alive = {0};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    alive.nat = context->uplinks[r->uplink].nat;
    alive.flags = r->is_leaving ? AVPNI_ALIVE_LEAVING : 0;
    alive.config_version = context->config_version;
    alive.contacts_version = r->has_contacts ? r->contacts_version : 0;
    alive.local = context->uplinks[r->uplink].local;
    memcpy(alive.token, r->session.token, sizeof alive.token);
    avpni_alive_write(body, &alive);
    r->is_waiting = true;
    r->keepalive_sent_at = now;
    r->keepalive_at = now + AVPNI_KEEPALIVE_RETRY;
    avpni_registration_send(r, body);
}

/* Three keepalives without an answer [REG-7]: shake hands again, keep what there is. */
static void keepalive_due(struct avpni_registration *r, avpn_time now)
{
    if (r->is_waiting && r->missed < UINT8_MAX)
        r->missed++;
    if (r->missed >= AVPNI_KEEPALIVE_TRIES && r->asking_since == AVPN_TIME_NEVER)
        r->asking_since = r->keepalive_sent_at;
    send_keepalive(r, now);
    if (r->missed < AVPNI_KEEPALIVE_TRIES)
        return;
    r->keepalive_at = now + AVPNI_KEEPALIVE_SPAN;
    r->state = AVPN_REGISTRATION_REGISTERING;
    r->is_fetching = false;
    tell(r, false, now);
    if (!r->is_handshaking)
        begin_handshake(r, now);
    r->context->uplink_observed(r->context->owner, r->uplink, now);
}

static void heard(struct avpni_registration *r, const struct avpn_contact *observed, avpn_time now)
{
    r->answered_at = now;
    r->asking_since = AVPN_TIME_NEVER;
    r->observed = *observed;
    r->context->uplinks[r->uplink].observed = *observed;
    r->context->uplink_observed(r->context->owner, r->uplink, now);
}

/* ---- what comes in ------------------------------------------------------------------------- */

static void hear_version(struct avpni_registration *r, uint64_t version, avpn_time now)
{
    r->config_version = version;
    r->context->version_heard(r->context->owner, r->registrar->number, version, now);
}

/* The next claim is due at the time set when this one was sent [JOIN-2]. */
static enum avpn_counter receive_claim_answer(struct avpni_registration *r, const uint8_t *payload,
                                              avpn_time now)
{
    if (!avpni_claim_answer(r->context, r->registrar, payload, now))
        return AVPN_DROP_HANDSHAKE;
    avpni_initiator_stop(&r->initiator);
    r->asking_since = AVPN_TIME_NEVER;
    if (!avpni_claim_is_due(r->context, r->registrar))
        begin_handshake(r, now);
    schedule(r);
    return AVPN_COUNTERS;
}

enum avpn_counter avpni_registration_response(struct avpni_registration *r,
                                              const struct avpn_contact *source,
                                              const uint8_t *bytes, avpn_time now)
{
    struct avpni_register_response response;
    uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES];
    enum avpn_counter counter;

    counter = avpni_initiator_response(&r->initiator, source, bytes, payload);
    if (counter != AVPN_COUNTERS)
        return counter;
    if (r->is_claim)
        return receive_claim_answer(r, payload, now);
    if (!avpni_register_response_read(payload, &response))
        return AVPN_DROP_HANDSHAKE;
    avpni_registry_session_begin(&r->session, &response);
    avpni_wipe(&response.key, sizeof response.key);
    avpni_wipe(payload, sizeof payload);
    avpni_initiator_stop(&r->initiator);
    r->is_handshaking = false;
    r->state = AVPN_REGISTRATION_REGISTERED;
    r->remote = *source;
    r->renew_at = now + avpni_jitter_span(&r->context->jitter, AVPNI_SESSION_RENEW);
    r->missed = 0;
    r->established_at = now;
    r->has_contacts = false; /* the registry may have been born again */
    r->is_fetching = false;
    tell(r, true, now);
    send_keepalive(r, now); /* proves our address [REG-7] */
    heard(r, &response.observed, now);
    hear_version(r, response.config_version, now);
    schedule(r);
    return AVPN_COUNTERS;
}

enum avpn_counter avpni_registration_cookie(struct avpni_registration *r,
                                            const struct avpn_contact *source,
                                            const uint8_t *bytes, avpn_time now)
{
    enum avpn_counter counter =
        avpni_initiator_cookie(&r->initiator, &r->registrar->key, source, bytes, now);

    if (counter != AVPN_COUNTERS)
        return counter;
    if (r->retry_at < now + AVPNI_COOKIE_RETRY_MIN) {
        r->retry_at = now + AVPNI_COOKIE_RETRY_MIN; /* [MAC-6] */
        schedule(r);
    }
    return AVPN_COUNTERS;
}

static void receive_ack(struct avpni_registration *r, const struct avpni_ack *ack, avpn_time now)
{
    /* An Ack nobody asked for says nothing of where we are: a lying registry could make us restless. */
    struct avpn_contact observed = r->is_waiting ? ack->observed : r->observed;

    r->missed = 0;
    if (r->state == AVPN_REGISTRATION_REGISTERING) {
        r->is_handshaking = false; /* it is alive after all: the session stands */
        avpni_initiator_stop(&r->initiator);
        r->renew_at = now + AVPNI_SESSION_RENEW;
    }
    r->state = AVPN_REGISTRATION_REGISTERED;
    if (r->is_waiting) {
        r->rtt_us = (uint32_t)((now - r->keepalive_sent_at) / AVPN_MICROSECOND);
        /* Early by up to a second: the registry counts, and nodes should not march in step. */
        r->keepalive_at = r->keepalive_sent_at + AVPNI_KEEPALIVE_SPAN -
                          (avpn_span)(avpni_jitter_next(&r->context->jitter) %
                                      (uint64_t)AVPN_SECOND);
    }
    r->is_waiting = false;
    memset(r->session.token, 0, sizeof r->session.token); /* it served */
    tell(r, true, now);
    heard(r, &observed, now);
    hear_version(r, ack->config_version, now);
    if (!r->is_fetching && (!r->has_contacts || r->contacts_version != ack->contacts_version))
        avpni_entries_fetch(r, now); /* [REG-10] */
}

/* An opened body; false: not canonical, or not for a node [DMX-5]. */
static bool receive_body(struct avpni_registration *r, const uint8_t *body, size_t count,
                         avpn_time now)
{
    struct avpni_page_head head;
    struct avpni_reader entries;
    struct avpni_challenge challenge;
    struct avpni_part part;
    struct avpni_ack ack;
    const uint8_t *bytes;

    switch (avpni_body_kind(body, count)) {
    case AVPNI_BODY_ACK:
        if (!avpni_ack_read(body, &ack))
            return false;
        receive_ack(r, &ack, now);
        return true;
    case AVPNI_BODY_CHALLENGE:
        if (!avpni_challenge_read(body, &challenge))
            return false;
        memcpy(r->session.token, challenge.token, sizeof r->session.token);
        send_keepalive(r, now);
        return true;
    case AVPNI_BODY_PAGE:
    case AVPNI_BODY_CHANGE:
        if (!avpni_entries_read(body, count, &head, &entries))
            return false;
        if (body[0] == AVPNI_BODY_PAGE)
            avpni_entries_page(r, &head, &entries, now);
        else
            avpni_entries_change(r, &head, &entries, now);
        return true;
    case AVPNI_BODY_PART:
        if (!avpni_part_read(body, count, &part, &bytes))
            return false;
        r->config_version = part.version;
        r->context->part_received(r->context->owner, r->registrar->number, &part, bytes, now);
        return true;
    case AVPNI_BODY_BAD:
    case AVPNI_BODY_ALIVE:
    case AVPNI_BODY_FETCH:
    case AVPNI_BODY_SYNC:
    case AVPNI_BODY_OFFER:
    case AVPNI_BODY_LIST:
    case AVPNI_BODY_WANT:
    case AVPNI_BODY_CLAIMS:
        break;
    }
    return false;
}

enum avpn_counter avpni_registration_session(struct avpni_registration *r,
                                             const struct avpn_contact *source, uint8_t *bytes,
                                             size_t count, avpn_time now)
{
    uint8_t body[AVPNI_SESSION_BODY_LIMIT];
    size_t body_bytes;

    if (!avpni_contact_is_same_address(&r->remote, source))
        return AVPN_DROP_SESSION;
    body_bytes = avpni_registry_session_open(&r->session, bytes, count, body);
    if (body_bytes == 0)
        return AVPN_DROP_SESSION;
    if (!receive_body(r, body, body_bytes, now))
        return AVPN_DROP_MALFORMED;
    schedule(r);
    return AVPN_COUNTERS;
}

/* ---- from above ------------------------------------------------------------------------------ */

void avpni_registration_uplink_changed(struct avpni_registration *r, avpn_time now)
{
    if (!r->context->uplinks[r->uplink].is_up) {
        tell(r, false, now);
        r->state = AVPN_REGISTRATION_IDLE;
        r->is_handshaking = false;
        avpni_initiator_stop(&r->initiator);
        r->is_fetching = false;
        r->asking_since = AVPN_TIME_NEVER;
        avpni_wipe(&r->session, sizeof r->session);
        schedule(r);
        return;
    }
    if (r->session.is_established)
        send_keepalive(r, now); /* [REG-8] */
    else
        begin_handshake(r, now);
    schedule(r);
}

void avpni_registration_resolved(struct avpni_registration *r, avpn_time now)
{
    if (r->state != AVPN_REGISTRATION_RESOLVING)
        return;
    begin_handshake(r, now);
    schedule(r);
}

void avpni_registration_announce(struct avpni_registration *r, avpn_time now)
{
    if (r->state != AVPN_REGISTRATION_REGISTERED || r->is_waiting)
        return; /* the keepalive under way is followed by another if it is lost */
    send_keepalive(r, now);
    schedule(r);
}

void avpni_registration_refresh(struct avpni_registration *r, avpn_time now)
{
    r->has_contacts = false; /* where we cannot ask now, the next Ack makes us */
    if (r->state != AVPN_REGISTRATION_REGISTERED)
        return;
    avpni_entries_fetch(r, now);
    schedule(r);
}

bool avpni_registration_sync(struct avpni_registration *r, const struct avpni_sync *sync)
{
    struct avpni_sync own = *sync;
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    if (r->state != AVPN_REGISTRATION_REGISTERED)
        return false;
    memcpy(own.token, r->session.token, sizeof own.token);
    avpni_sync_write(body, &own);
    avpni_registration_send(r, body);
    return true;
}

void avpni_registration_leave(struct avpni_registration *r, avpn_time now)
{
    if (!r->session.is_established)
        return;
    r->is_leaving = true;
    send_keepalive(r, now);
}

/* A handshake's timeout: another address next time, and a look whether the name has moved. */
static void retry(struct avpni_registration *r, avpn_time now)
{
    if (!r->initiator.has_cookie) {
        if (r->initiator.sent_to.family != AVPN_FAMILY_NONE) { /* an answered claim is no timeout */
            r->address++;
            if (!r->is_claim && !r->session.is_established &&
                r->retry_span > AVPNI_CLAIM_RETRY_FIRST)
                avpni_claim_again(r->context, r->registrar, now);
        }
        if (r->retry_span >= AVPNI_REGISTER_RETRY_LAST)
            ask_addresses(r, now);
    }
    initiate(r, now);
    if (!r->session.is_established)
        r->context->uplink_observed(r->context->owner, r->uplink, now);
}

static void fire(void *owner, avpn_time now)
{
    struct avpni_registration *r = owner;

    if (r->is_handshaking && now >= r->retry_at)
        retry(r, now);
    if (r->session.is_established && now >= r->keepalive_at)
        keepalive_due(r, now);
    if (r->session.is_established && !r->is_handshaking && now >= r->renew_at) {
        begin_handshake(r, now);
    }
    if (r->session.is_established && r->is_fetching && now >= r->fetch_at)
        avpni_entries_ask(r, now);
    schedule(r);
}
