/* SPDX-License-Identifier: ISC */
/*
 * publisher: one administrator's session with one registry: a handshake, then a list of claims, then a bundle
 * that the registry takes window by window. Spec: [PUB-1] to [PUB-6].
 *
 *     connecting -> listing (if asked) -> sending (if asked) -> done | refused
 *                         any of them, unanswered for give_up_after -> silent
 *
 * The registry leads: it says which parts it wants, and we only repeat what asks it to. So one timer does: the
 * question under way is asked again, and after TRIES in vain, by a new handshake, of a registry that
 * may have been born again.
 */
#include <autovpn/publisher.h>

#include "base/address.h"
#include "base/memory.h"
#include "base/sized.h"
#include "crypto/box.h"
#include "crypto/hash.h"
#include "link/initiator.h"
#include "link/registry_session.h"
#include <string.h>

#define GIVE_UP_AFTER (10 * AVPN_SECOND)
#define TRIES 3 /* of a question in one session */

struct avpn_publisher {
    struct avpni_memory memory;
    struct avpni_random random;
    struct avpni_outbox outbox;
    struct avpn_publisher_options options;
    struct avpn_key_pair self; /* made for the occasion */
    struct avpn_key shared;    /* DH of the static keys */
    struct avpni_initiator initiator;
    struct avpni_registry_session session;

    bool is_listing, is_sending; /* asked for and not done; listing goes first */
    bool has_asked, has_claims, is_refused, is_silent;
    uint8_t reason;
    uint64_t served_version;

    const uint8_t *bundle;
    uint32_t bundle_bytes, confirmed_bytes;
    struct avpni_offer offer;

    struct avpni_claim_entry *claims;
    uint32_t claim_count, claim_capacity;

    avpn_span retry_span;
    avpn_time retry_at, heard_at;
    uint32_t tries;
};

const char *avpn_publish_result_text(uint32_t result)
{
    static const char *const texts[] = {
        "it is being sent",
        "it is in force",
        "the registry serves a newer configuration, or another one of this version",
        "its signatures do not verify",
        "it is of another organization",
        "it has expired by the registry's clock",
        "the registry could not store it",
        "it is signed but not valid",
        "the registry is busy with another one: try again",
        "it is larger than a registry takes",
    };

    return result < sizeof texts / sizeof *texts ? texts[result] : "unknown";
}

/* ---- sending -------------------------------------------------------------------------------- */

static void sign_request(const struct avpn_publisher *publisher,
                         struct avpni_admin_request *request)
{
    uint8_t text[AVPNI_ADMIN_TEXT_BYTES];
    size_t count = avpni_admin_text(text, &publisher->options.registry, &publisher->self.public_key,
                                    &publisher->options.organization);

    avpni_sign(request->signature, text, count, publisher->options.signer.bytes); /* [PUB-1] */
}

static void send_initiation(struct avpn_publisher *publisher, avpn_time now)
{
    struct avpni_admin_request request = {.organization = publisher->options.organization,
                                          .signer = (uint8_t)publisher->options.signer_number};
    uint8_t *bytes = avpni_outbox_reserve(&publisher->outbox, AVPNI_INITIATION_REGISTRY_BYTES);
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES];

    if (request.signer != AVPNI_SIGNER_NONE)
        sign_request(publisher, &request);
    avpni_admin_request_write(payload, &request);
    if (avpni_initiator_write(&publisher->initiator, &publisher->random, &publisher->self,
                              &publisher->options.registry, &publisher->shared, payload,
                              &publisher->options.contact, bytes, now))
        avpni_outbox_commit(&publisher->outbox, 0, &publisher->options.contact,
                            AVPNI_INITIATION_REGISTRY_BYTES);
}

static void send_body(struct avpn_publisher *publisher, const uint8_t *body, size_t count)
{
    avpni_registry_session_send(&publisher->session, &publisher->outbox, 0,
                                &publisher->options.contact, body, count);
}

static void send_question(struct avpn_publisher *publisher)
{
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    if (publisher->is_listing) {
        struct avpni_fetch list = {.first = publisher->claim_count};

        memcpy(list.token, publisher->session.token, sizeof list.token);
        avpni_list_write(body, &list);
    } else {
        memcpy(publisher->offer.token, publisher->session.token, sizeof publisher->offer.token);
        avpni_offer_write(body, &publisher->offer);
    }
    send_body(publisher, body, sizeof body);
}

static bool has_question(const struct avpn_publisher *publisher)
{
    return !publisher->is_refused && !publisher->is_silent &&
           (publisher->is_listing || publisher->is_sending);
}

static bool is_connecting(const struct avpn_publisher *publisher)
{
    return !publisher->session.is_established && !publisher->is_silent && !publisher->is_refused;
}

/* Ask what is to be asked now, for the first time. */
static void ask(struct avpn_publisher *publisher, avpn_time now)
{
    publisher->tries = 0;
    publisher->retry_span = AVPNI_OFFER_RETRY_FIRST;
    publisher->retry_at = now + publisher->retry_span;
    if (is_connecting(publisher))
        send_initiation(publisher, now);
    else if (has_question(publisher))
        send_question(publisher);
}

static void ask_again(struct avpn_publisher *publisher, avpn_time now)
{
    if (publisher->session.is_established && ++publisher->tries >= TRIES) {
        avpni_wipe(&publisher->session, sizeof publisher->session); /* it may have forgotten us */
        publisher->tries = 0;
    }
    publisher->retry_span *= 2;
    if (publisher->retry_span > AVPNI_OFFER_RETRY_LAST)
        publisher->retry_span = AVPNI_OFFER_RETRY_LAST;
    publisher->retry_at = now + publisher->retry_span;
    if (publisher->session.is_established)
        send_question(publisher);
    else
        send_initiation(publisher, now);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static void send_part(struct avpn_publisher *publisher, uint32_t number)
{
    uint32_t count = avpni_part_bytes(publisher->bundle_bytes, number);
    struct avpni_part part = {
        .version = publisher->offer.version, .size = publisher->bundle_bytes, .number = number};
    uint8_t body[AVPNI_PART_HEAD_BYTES + AVPNI_PART_BYTES];

    if (count == 0)
        return;
    avpni_part_head_write(body, &part);
    memcpy(body + AVPNI_PART_HEAD_BYTES, publisher->bundle + (size_t)number * AVPNI_PART_BYTES,
           count);
    send_body(publisher, body, AVPNI_PART_HEAD_BYTES + count);
}

static void send_parts(struct avpn_publisher *publisher, const struct avpni_want *want,
                       avpn_time now)
{
    uint64_t confirmed = (uint64_t)want->first * AVPNI_PART_BYTES;

    for (uint32_t i = 0; i < AVPNI_UPLOAD_WINDOW; i++)
        if ((want->mask >> i & 1) != 0 && want->first <= UINT32_MAX - i)
            send_part(publisher, want->first + i);
    publisher->confirmed_bytes =
        confirmed < publisher->bundle_bytes ? (uint32_t)confirmed : publisher->bundle_bytes;
    publisher->tries = 0;
    publisher->retry_span = AVPNI_OFFER_RETRY_FIRST;
    publisher->retry_at = now + publisher->retry_span;
}

static bool receive_want(struct avpn_publisher *publisher, const uint8_t *body, avpn_time now)
{
    struct avpni_want want;

    if (!avpni_want_read(body, &want) || !publisher->is_sending || publisher->is_listing)
        return false;
    if (want.status == AVPN_PUBLISH_WANTED) {
        if (want.version != publisher->offer.version)
            return false;
        send_parts(publisher, &want, now);
        return true;
    }
    publisher->served_version = want.version;
    publisher->reason = want.status;
    publisher->is_sending = false;
    publisher->is_refused = want.status != AVPN_PUBLISH_IN_FORCE;
    if (!publisher->is_refused)
        publisher->confirmed_bytes = publisher->bundle_bytes;
    return true;
}

static bool reserve_claims(struct avpn_publisher *publisher, uint32_t count)
{
    if (count <= publisher->claim_capacity)
        return true;
    struct avpni_claim_entry *claims =
        avpni_resize(&publisher->memory, publisher->claims, count, sizeof *claims);

    if (claims == NULL)
        return false;
    publisher->claims = claims;
    publisher->claim_capacity = count;
    return true;
}

static bool receive_claims(struct avpn_publisher *publisher, const uint8_t *body, size_t count,
                           avpn_time now)
{
    struct avpni_claims_head head;
    struct avpni_reader entries;

    if (!avpni_claims_read(body, count, &head, &entries) || !publisher->is_listing ||
        head.first != publisher->claim_count || head.total > AVPN_INVITES ||
        (head.count == 0 && head.first != head.total) ||
        !reserve_claims(publisher, head.first + head.count))
        return false;
    for (uint32_t i = 0; i < head.count; i++)
        avpni_claim_entry_read(&entries, &publisher->claims[publisher->claim_count++]);
    publisher->is_listing = publisher->claim_count < head.total; /* [PUB-6] */
    publisher->has_claims = !publisher->is_listing;
    ask(publisher, now);
    return true;
}

static bool receive_challenge(struct avpn_publisher *publisher, const uint8_t *body)
{
    struct avpni_challenge challenge;

    if (!avpni_challenge_read(body, &challenge) || !has_question(publisher))
        return false;
    memcpy(publisher->session.token, challenge.token, sizeof publisher->session.token);
    send_question(publisher);
    return true;
}

static void receive_session(struct avpn_publisher *publisher, const uint8_t *bytes, size_t count,
                            avpn_time now)
{
    uint8_t body[AVPNI_SESSION_BODY_LIMIT];
    size_t body_bytes = avpni_registry_session_open(&publisher->session, bytes, count, body);
    enum avpni_body kind = body_bytes == 0 ? AVPNI_BODY_BAD : avpni_body_kind(body, body_bytes);
    bool is_taken = false;

    if (kind == AVPNI_BODY_WANT)
        is_taken = receive_want(publisher, body, now);
    else if (kind == AVPNI_BODY_CLAIMS)
        is_taken = receive_claims(publisher, body, body_bytes, now);
    else if (kind == AVPNI_BODY_CHALLENGE)
        is_taken = receive_challenge(publisher, body);
    if (is_taken)
        publisher->heard_at = now;
}

static void receive_response(struct avpn_publisher *publisher, const struct avpn_contact *source,
                             const uint8_t *bytes, avpn_time now)
{
    struct avpni_register_response response;
    uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES];

    if (avpni_initiator_response(&publisher->initiator, source, bytes, payload) != AVPN_COUNTERS ||
        !avpni_register_response_read(payload, &response))
        return;
    avpni_registry_session_begin(&publisher->session, &response);
    avpni_initiator_stop(&publisher->initiator);
    if (response.config_version > publisher->served_version)
        publisher->served_version = response.config_version;
    avpni_wipe(&response, sizeof response);
    avpni_wipe(payload, sizeof payload);
    publisher->heard_at = now;
    ask(publisher, now);
}

static void receive_datagram(struct avpn_publisher *publisher, const struct avpn_contact *source,
                             const uint8_t *bytes, size_t count, avpn_time now)
{
    enum avpni_kind kind = avpni_message_kind(bytes, count);

    if (!avpni_contact_is_equal(source, &publisher->options.contact))
        return;
    if (kind == AVPNI_KIND_RESPONSE && count == AVPNI_RESPONSE_REGISTRY_BYTES)
        receive_response(publisher, source, bytes, now);
    else if (kind == AVPNI_KIND_COOKIE)
        avpni_initiator_cookie(&publisher->initiator, &publisher->options.registry, source, bytes,
                               now); /* the next initiation, when it is due, carries it */
    else if (kind == AVPNI_KIND_SESSION)
        receive_session(publisher, bytes, count, now);
}

/* ---- life ------------------------------------------------------------------------------------- */

static bool is_valid(const struct avpn_publisher_options *options, const struct avpn_host *host)
{
    return host->transmit != NULL && options->give_up_after >= 0 &&
           (options->signer_number < AVPN_AUTHORITY_KEYS ||
            options->signer_number == AVPNI_SIGNER_NONE) &&
           options->contact.family != AVPN_FAMILY_NONE && options->contact.port != 0;
}

static int32_t init_parts(struct avpn_publisher *publisher, const struct avpn_host *host)
{
    int32_t error = avpni_outbox_init(&publisher->outbox, &publisher->memory, host);

    if (error == AVPN_OK)
        error = avpni_key_generate(&publisher->random, &publisher->self.secret_key);
    if (error == AVPN_OK)
        error = avpn_key_pair_from_secret(&publisher->self.secret_key, &publisher->self);
    if (error == AVPN_OK &&
        !avpni_dh(&publisher->shared, &publisher->self.secret_key, &publisher->options.registry))
        error = AVPN_ERROR_ARGUMENT; /* [KDF-2] */
    return error;
}

static int32_t make(const struct avpn_publisher_options *options, const struct avpn_host *host,
                    avpn_time now, struct avpn_publisher **publisher_out)
{
    struct avpni_memory memory;

    if (!is_valid(options, host) || avpni_memory_init(&memory, host) != AVPN_OK)
        return AVPN_ERROR_ARGUMENT;
    if (avpni_crypto_init() < 0)
        return AVPN_ERROR_STATE;
    struct avpn_publisher *publisher = avpni_allocate(&memory, 1, sizeof *publisher);

    if (publisher == NULL)
        return AVPN_ERROR_MEMORY;
    publisher->memory = memory;
    publisher->outbox.memory = memory;
    publisher->options = *options;
    if (publisher->options.give_up_after == 0)
        publisher->options.give_up_after = GIVE_UP_AFTER;
    avpni_random_init(&publisher->random, host, avpni_crypto_random);
    avpni_initiator_init(&publisher->initiator);
    int32_t error = init_parts(publisher, host);

    if (error != AVPN_OK) {
        avpn_publisher_del(publisher);
        return error;
    }
    publisher->heard_at = now;
    ask(publisher, now);
    avpni_outbox_flush(&publisher->outbox);
    *publisher_out = publisher;
    return AVPN_OK;
}

int32_t avpn_publisher_new(const struct avpn_publisher_options *options,
                           const struct avpn_host *host, avpn_time now,
                           struct avpn_publisher **publisher_out)
{
    struct avpn_publisher_options own;
    struct avpn_host own_host;
    int32_t result = AVPN_ERROR_ARGUMENT;

    if (publisher_out != NULL && now >= 0 &&
        avpni_take(&own, sizeof own, options, AVPNI_FIRST_PUBLISHER_OPTIONS) == AVPN_OK &&
        avpni_take(&own_host, sizeof own_host, host, AVPNI_FIRST_HOST) == AVPN_OK)
        result = make(&own, &own_host, now, publisher_out);
    avpni_wipe(&own, sizeof own); /* the signing key */
    return result;
}

void avpn_publisher_del(struct avpn_publisher *publisher)
{
    if (publisher == NULL)
        return;
    struct avpni_memory memory = publisher->memory;

    avpni_outbox_fini(&publisher->outbox);
    avpni_release(&memory, publisher->claims);
    avpni_wipe(publisher, sizeof *publisher);
    avpni_release(&memory, publisher);
}

/* Something new is asked for: whatever ended the last matter is history. */
static void begin(struct avpn_publisher *publisher, avpn_time now)
{
    publisher->has_asked = true;
    publisher->is_refused = false;
    publisher->is_silent = false;
    publisher->heard_at = now;
    ask(publisher, now);
    avpni_outbox_flush(&publisher->outbox);
}

int32_t avpn_publisher_offer(struct avpn_publisher *publisher, const uint8_t *bundle, size_t count,
                             avpn_time now)
{
    uint64_t version;

    if (publisher == NULL || bundle == NULL || count == 0 || count > AVPN_BUNDLE_LIMIT)
        return AVPN_ERROR_ARGUMENT;
    int32_t error = avpn_bundle_version(bundle, count, &version);

    if (error != AVPN_OK)
        return error;
    publisher->bundle = bundle;
    publisher->bundle_bytes = (uint32_t)count;
    publisher->confirmed_bytes = 0;
    publisher->offer.version = version;
    publisher->offer.size = (uint32_t)count;
    avpni_hash(publisher->offer.hash, sizeof publisher->offer.hash, NULL, 0,
               &(struct avpni_piece){bundle, count}, 1); /* [PUB-2] */
    publisher->is_sending = true;
    publisher->reason = AVPN_PUBLISH_WANTED;
    begin(publisher, now);
    return AVPN_OK;
}

int32_t avpn_publisher_list_claims(struct avpn_publisher *publisher, avpn_time now)
{
    if (publisher == NULL)
        return AVPN_ERROR_ARGUMENT;
    if (publisher->options.signer_number == AVPNI_SIGNER_NONE)
        return AVPN_ERROR_STATE;
    publisher->is_listing = true;
    publisher->has_claims = false;
    publisher->claim_count = 0;
    begin(publisher, now);
    return AVPN_OK;
}

/* ---- the cycle -------------------------------------------------------------------------------- */

int32_t avpn_publisher_receive(struct avpn_publisher *publisher, const struct avpn_datagrams *batch,
                               size_t count, avpn_time now)
{
    if (publisher == NULL || (batch == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i].packets;

        if (run->data == NULL || run->count == 0 || run->last_bytes > run->bytes ||
            (run->count > 1 && run->stride < run->bytes))
            return AVPN_ERROR_ARGUMENT;
        for (uint32_t k = 0; k < run->count; k++)
            receive_datagram(publisher, &batch[i].remote, run->data + (size_t)k * run->stride,
                             k + 1 < run->count ? run->bytes : run->last_bytes, now);
    }
    avpni_outbox_flush(&publisher->outbox);
    return AVPN_OK;
}

static bool is_waiting(const struct avpn_publisher *publisher)
{
    return is_connecting(publisher) || has_question(publisher);
}

void avpn_publisher_tick(struct avpn_publisher *publisher, avpn_time now)
{
    if (publisher == NULL || !is_waiting(publisher))
        return;
    if (now - publisher->heard_at >= publisher->options.give_up_after) {
        publisher->is_silent = true;
        avpni_initiator_stop(&publisher->initiator);
    } else if (now >= publisher->retry_at) {
        ask_again(publisher, now);
    }
    avpni_outbox_flush(&publisher->outbox);
}

avpn_time avpn_publisher_deadline(const struct avpn_publisher *publisher)
{
    if (publisher == NULL || !is_waiting(publisher))
        return AVPN_TIME_NEVER;
    avpn_time give_up_at = publisher->heard_at + publisher->options.give_up_after;

    return publisher->retry_at < give_up_at ? publisher->retry_at : give_up_at;
}

static uint8_t state_of(const struct avpn_publisher *publisher)
{
    if (publisher->is_silent)
        return AVPN_PUBLISHER_SILENT;
    if (publisher->is_refused)
        return AVPN_PUBLISHER_REFUSED;
    if (!publisher->session.is_established && is_waiting(publisher) &&
        (has_question(publisher) || !publisher->has_asked))
        return AVPN_PUBLISHER_CONNECTING;
    if (publisher->is_listing)
        return AVPN_PUBLISHER_LISTING;
    if (publisher->is_sending)
        return AVPN_PUBLISHER_SENDING;
    return publisher->has_asked ? AVPN_PUBLISHER_DONE : AVPN_PUBLISHER_IDLE;
}

int32_t avpn_publisher_status(const struct avpn_publisher *publisher,
                              struct avpn_publisher_status *status_out)
{
    if (publisher == NULL || !avpni_can_give(status_out, AVPNI_FIRST_PUBLISHER_STATUS))
        return AVPN_ERROR_ARGUMENT;
    const struct avpn_publisher_status status = {
        .state = state_of(publisher),
        .reason = publisher->reason,
        .has_claims = publisher->has_claims,
        .claim_count = publisher->claim_count,
        .sent_bytes = publisher->confirmed_bytes,
        .total_bytes = publisher->bundle_bytes,
        .served_version = publisher->served_version,
    };
    return avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_PUBLISHER_STATUS);
}

int32_t avpn_publisher_claim(const struct avpn_publisher *publisher, uint32_t index,
                             struct avpn_claim *claim_out)
{
    if (publisher == NULL || !avpni_can_give(claim_out, AVPNI_FIRST_CLAIM))
        return AVPN_ERROR_ARGUMENT;
    if (index >= publisher->claim_count)
        return AVPN_ERROR_EMPTY;
    const struct avpni_claim_entry *entry = &publisher->claims[index];

    struct avpn_claim claim = {
        .member = entry->member, .device = entry->device, .age = entry->age};

    memcpy(claim.signature, entry->signature, sizeof claim.signature);
    return avpni_give(claim_out, &claim, sizeof claim, AVPNI_FIRST_CLAIM);
}
