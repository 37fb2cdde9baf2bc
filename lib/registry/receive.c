/* SPDX-License-Identifier: ISC */
/*
 * receive: what one datagram does to a registry. Spec: [HS-1] to [HS-6], [REG-1] to [REG-8],
 * [REG-12], [REG-13], [REG-15].
 *
 * A handshake makes a generation and answers; it leaves no state. A session message passes, in
 * this order, the slot, the generation, the window, the tag, its form, and the token or the
 * contact; what fails is dropped, or challenged, with nothing changed. Only then is a record made
 * or changed.
 */
#include "registry/engine.h"

#include "base/address.h"
#include "crypto/box.h"
#include "crypto/hash.h"

#include <string.h>

#define REQUEST_BYTES (AVPNI_SESSION_OVERHEAD + AVPNI_REQUEST_BODY_BYTES)
#define NOISE_1_BYTES (AVPNI_REGISTER_REQUEST_BYTES + AVPN_NOISE_1_OVERHEAD)
#define ACK_BYTES AVPNI_ACK_BODY_BYTES

static const uint8_t no_token[16];

/* Where a datagram came from, and when. */
struct arrival {
    uint32_t socket;
    struct avpn_contact source;
    avpn_time now;
};

/* ---- handshake ---------------------------------------------------------------------------- */

/* False: refused and counted. */
static bool pass_guard(struct avpn_registry *registry, const struct arrival *arrival,
                       const uint8_t *bytes)
{
    uint8_t cookie[AVPNI_COOKIE_MESSAGE_BYTES];
    uint8_t *reply;

    switch (avpni_guard_check(&registry->guard, bytes, AVPNI_INITIATION_REGISTRY_BYTES,
                              &arrival->source, arrival->now, cookie)) {
    case AVPNI_GUARD_PASS:
        return true;
    case AVPNI_GUARD_COOKIE:
        reply = avpni_outbox_reserve(&registry->outbox, sizeof cookie);
        memcpy(reply, cookie, sizeof cookie);
        avpni_outbox_commit(&registry->outbox, arrival->socket, &arrival->source, sizeof cookie);
        avpni_registry_count(registry, AVPN_REGISTRY_COUNT_COOKIES);
        return false;
    case AVPNI_GUARD_DROP_LOAD:
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_LOAD);
        return false;
    case AVPNI_GUARD_DROP_MAC1:
    default:
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MAC1);
        return false;
    }
}

/* The slot that a genuine Register Request asks for; false: refused and counted [REG-12]. */
static bool find_applicant(struct avpn_registry *registry, const struct avpn_key *key,
                           const struct avpni_register_request *request, uint32_t *slot_out)
{
    uint32_t place = avpni_map_find(&registry->map, request->organization.bytes);
    uint32_t member = AVPNI_MAP_NONE;

    if (place != AVPNI_MAP_NONE) {
        member = avpni_organization_find_key(registry->organizations[place],
                                             &registry->member_secrets, key);
    }
    if (member == AVPNI_MAP_NONE) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_STRANGER);
        return false;
    }
    *slot_out = avpni_slot(place, member, request->uplink);
    return true;
}

/* The contacts version under which a session begins: the record's if that goes on. */
static uint32_t version_of(const struct avpn_registry *registry, uint32_t handle, uint32_t slot,
                           uint64_t generation)
{
    if (handle != 0) {
        const struct avpni_record *record = avpni_table_at(&registry->table, handle);

        if ((record->flags & AVPNI_RECORD_CONNECTED) != 0) {
            return record->version;
        }
    }
    return avpni_session_version(&registry->secrets, slot, generation);
}

static void send_response(struct avpn_registry *registry, const struct arrival *arrival,
                          struct avpn_noise *noise, uint32_t receiver, uint32_t slot)
{
    static const struct avpn_key no_psk; /* [HS-2] */
    struct avpn_key ephemeral;

    if (avpni_key_generate(&registry->random, &ephemeral) != AVPN_OK) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_RANDOM);
        return;
    }
    uint64_t generation = registry->generation + 1;
    const struct avpni_member *member = avpni_registry_member_of(registry, slot);
    uint32_t handle = avpni_table_find(&registry->table, member, avpni_slot_uplink(slot));
    struct avpni_register_response response = {
        .slot = slot,
        .generation = generation,
        .observed = arrival->source,
        .config_version = avpni_registry_organization_of(registry, slot)->version,
        .contacts_version = version_of(registry, handle, slot, generation),
        .keepalive_seconds = (uint16_t)(AVPNI_KEEPALIVE_SPAN / AVPN_SECOND),
    };
    uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES];
    uint8_t *bytes = avpni_outbox_reserve(&registry->outbox, AVPNI_RESPONSE_REGISTRY_BYTES);

    avpni_session_key(&registry->secrets, slot, generation, response.key);
    avpni_session_token(&registry->secrets, slot, generation, &arrival->source, arrival->now,
                        response.token);
    avpni_register_response_write(payload, &response);
    avpni_response_write_head(bytes, 0, receiver);
    if (avpn_noise_write_2(noise, &ephemeral, &no_psk, payload, sizeof payload,
                           bytes + AVPNI_RESPONSE_NOISE) == AVPN_OK) {
        registry->generation = generation;
        avpni_outbox_commit(&registry->outbox, arrival->socket, &arrival->source,
                            AVPNI_RESPONSE_REGISTRY_BYTES);
        avpni_registry_count(registry, AVPN_REGISTRY_COUNT_HANDSHAKES);
    } else {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_HANDSHAKE);
    }
    avpni_wipe(&ephemeral, sizeof ephemeral);
    avpni_wipe(&response, sizeof response);
    avpni_wipe(payload, sizeof payload);
}

static void take_initiation(struct avpn_registry *registry, const struct arrival *arrival,
                            const uint8_t *bytes, size_t count)
{
    if (count != AVPNI_INITIATION_REGISTRY_BYTES) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UNEXPECTED);
        return;
    }
    if (!pass_guard(registry, arrival, bytes)) {
        return;
    }
    struct avpn_noise noise = registry->responder;
    struct avpni_register_request request;
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES];
    struct avpn_key key;
    uint32_t slot;

    if (avpn_noise_read_1(&noise, bytes + AVPNI_INITIATION_NOISE, NOISE_1_BYTES, &key, payload) !=
        AVPN_OK) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_HANDSHAKE);
    } else if (!avpni_register_request_read(payload, &request)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
    } else if (find_applicant(registry, &key, &request, &slot)) {
        send_response(registry, arrival, &noise, avpni_initiation_sender(bytes), slot);
    }
    avpn_noise_wipe(&noise);
}

/* ---- session ------------------------------------------------------------------------------ */

/* A session message on its way through the checks. */
struct request {
    const struct arrival *arrival;
    struct avpni_session_head head;
    struct avpni_organization *organization;
    struct avpni_member *member;
    uint32_t handle;   /* the record, or 0 */
    bool is_current;   /* of the record's generation */
    bool is_settled;   /* ... and from its contact: needs no token [REG-5] */
    uint8_t key[32];
    bool is_alive; /* else a Fetch */
    struct avpni_alive alive;
    struct avpni_fetch fetch;
    struct avpni_counter_window window; /* with this message */
};

/* Slot, generation and window; false: dropped and counted. */
static bool find_session(struct avpn_registry *registry, struct request *request)
{
    const struct avpni_session_head *head = &request->head;

    request->organization = avpni_registry_organization_of(registry, head->slot);
    request->member = avpni_registry_member_of(registry, head->slot);
    if (request->member == NULL || head->generation > registry->generation ||
        head->counter == 0 || head->counter >= AVPNI_NUMBER_LIMIT) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION);
        return false;
    }
    uint64_t established = 0;

    request->handle =
        avpni_table_find(&registry->table, request->member, avpni_slot_uplink(head->slot));
    if (request->handle != 0) {
        const struct avpni_record *record = avpni_table_at(&registry->table, request->handle);
        struct avpn_contact contact = avpni_table_contact(&registry->table, record, AVPNI_OBSERVED);

        established = avpni_record_generation(record);
        request->is_current = head->generation == established;
        request->is_settled = request->is_current &&
                              avpni_contact_is_equal(&contact, &request->arrival->source);
        request->window = avpni_record_window(record);
    }
    if (request->is_current) {
        if (!avpni_counter_window_allows(&request->window, head->counter)) {
            avpni_registry_count(registry, AVPN_REGISTRY_DROP_REPLAY);
            return false;
        }
    } else if (head->generation < established || head->generation <= request->organization->floor) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION); /* [REG-6] */
        return false;
    } else {
        request->window = (struct avpni_counter_window){0};
    }
    avpni_counter_window_mark(&request->window, head->counter);
    return true;
}

/* Tag and form; false: dropped and counted. */
static bool open_body(struct avpn_registry *registry, struct request *request,
                      const uint8_t *bytes)
{
    uint8_t body[AVPNI_REQUEST_BODY_BYTES], nonce[12];

    avpni_session_key(&registry->secrets, request->head.slot, request->head.generation,
                      request->key);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, request->head.counter);
    if (!avpni_aead_open(body, bytes + AVPNI_SESSION_BODY, REQUEST_BYTES - AVPNI_SESSION_BODY,
                         bytes, AVPNI_SESSION_BODY, nonce, request->key)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_SESSION);
        return false;
    }
    enum avpni_body kind = avpni_body_kind(body, sizeof body);

    request->is_alive = kind == AVPNI_BODY_ALIVE;
    if (!(kind == AVPNI_BODY_ALIVE && avpni_alive_read(body, &request->alive)) &&
        !(kind == AVPNI_BODY_FETCH && avpni_fetch_read(body, &request->fetch))) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
        return false;
    }
    return true;
}

static struct avpni_session_target target_of(const struct request *request)
{
    return (struct avpni_session_target){.socket = request->arrival->socket,
                                         .contact = request->arrival->source,
                                         .slot = request->head.slot,
                                         .generation = request->head.generation};
}

static void send_challenge(struct avpn_registry *registry, const struct request *request)
{
    struct avpni_session_target target = target_of(request);
    struct avpni_challenge challenge = {.observed = request->arrival->source};
    uint8_t body[AVPNI_CHALLENGE_BODY_BYTES];

    avpni_session_token(&registry->secrets, request->head.slot, request->head.generation,
                        &request->arrival->source, request->arrival->now, challenge.token);
    avpni_challenge_write(body, &challenge);
    avpni_registry_send(registry, &target, request->key, body, sizeof body);
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_CHALLENGES);
}

/* The source is the established contact, or proves itself; false: challenged [REG-5]. */
static bool prove_source(struct avpn_registry *registry, const struct request *request)
{
    const uint8_t *token = request->is_alive ? request->alive.token : request->fetch.token;

    if (request->is_settled) {
        return true;
    }
    if (!avpni_is_equal(token, no_token, sizeof no_token)) {
        if (avpni_session_token_verify(&registry->secrets, request->head.slot,
                                       request->head.generation, &request->arrival->source,
                                       request->arrival->now, token)) {
            return true;
        }
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_TOKEN);
    }
    send_challenge(registry, request);
    return false;
}

static bool is_connected(const struct avpn_registry *registry, uint32_t handle)
{
    return handle != 0 &&
           (avpni_table_at(&registry->table, handle)->flags & AVPNI_RECORD_CONNECTED) != 0;
}

static bool is_leaving(const struct request *request)
{
    return request->is_alive && (request->alive.flags & AVPNI_ALIVE_LEAVING) != 0;
}

/* Whether accepting this makes the uplink connected; a Fetch does where it proves a contact. */
static bool connects(const struct avpn_registry *registry, const struct request *request)
{
    return !is_connected(registry, request->handle) && !is_leaving(request) &&
           (request->is_alive || !request->is_settled);
}

/* Make sure there is a record and room for what it will hold; false: dropped and counted. */
static bool prepare_record(struct avpn_registry *registry, struct request *request)
{
    if (registry->registration_limit != 0 && connects(registry, request) &&
        registry->table.connected >= registry->registration_limit) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_FULL);
        return false;
    }
    bool has_room = avpni_table_reserve(&registry->table);

    if (has_room && request->handle == 0) {
        request->handle = avpni_table_add(&registry->table, request->member, request->head.slot);
    }
    if (!has_room || request->handle == 0) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY);
        return false;
    }
    return true;
}

/* Write what the message says into the record; returns whether peers must know [REG-9]. */
static bool update_record(struct avpn_registry *registry, const struct request *request,
                          struct avpni_record *record)
{
    const struct arrival *arrival = request->arrival;
    bool is_new = avpni_table_set_contact(&registry->table, record, AVPNI_OBSERVED,
                                          &arrival->source);

    avpni_record_set(record, request->head.generation, &request->window);
    record->flags = (uint8_t)((record->flags & ~AVPNI_RECORD_SOCKET_MASK) |
                              (arrival->socket << AVPNI_RECORD_SOCKET_SHIFT &
                               AVPNI_RECORD_SOCKET_MASK));
    if (request->is_alive || !request->is_settled) {
        avpni_table_hear(&registry->table, record, arrival->now);
    }
    if (request->is_alive) {
        is_new |= avpni_table_set_contact(&registry->table, record, AVPNI_LOCAL,
                                          &request->alive.local);
        is_new |= record->nat != request->alive.nat;
        record->nat = request->alive.nat;
    }
    return is_new;
}

static void answer(struct avpn_registry *registry, const struct request *request)
{
    struct avpni_session_target target = target_of(request);
    uint32_t version = version_of(registry, request->handle, request->head.slot,
                                  request->head.generation);

    if (!request->is_alive) {
        avpni_registry_send_page(registry, &target, request->key, version, request->fetch.first);
        return;
    }
    struct avpni_ack ack = {.observed = request->arrival->source,
                            .config_version = request->organization->version,
                            .contacts_version = version};
    uint8_t body[ACK_BYTES];

    avpni_ack_write(body, &ack);
    avpni_registry_send(registry, &target, request->key, body, sizeof body);
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_KEEPALIVES);
}

/*
 * Unasked, so that a node and its peers learn of each other at the same moment: whoever punches
 * much earlier than the other may find that its packets made a NAT choose another port [REG-11].
 */
static void send_first_page(struct avpn_registry *registry, const struct request *request)
{
    struct avpni_session_target target = target_of(request);
    uint32_t version = version_of(registry, request->handle, request->head.slot,
                                  request->head.generation);

    avpni_registry_send_page(registry, &target, request->key, version, 0);
}

/* A message whose source is proved: change the record, answer, tell others. */
static void accept_request(struct avpn_registry *registry, struct request *request)
{
    if (request->handle == 0 && is_leaving(request)) {
        answer(registry, request);
        return;
    }
    bool begins = connects(registry, request);

    if (!prepare_record(registry, request)) {
        return;
    }
    struct avpni_record *record = avpni_table_at(&registry->table, request->handle);
    bool is_new = update_record(registry, request, record);

    if (begins) {
        /* Where the session goes on, Changes were missed: any other version makes the node fetch [REG-10]. */
        record->version = request->is_current
                              ? record->version + 1
                              : avpni_session_version(&registry->secrets, request->head.slot,
                                                      request->head.generation);
        avpni_table_connect(&registry->table, request->handle);
        avpni_registry_raise(registry, record, request->arrival->now);
        if (request->is_alive || request->fetch.first != 0) { /* else it is the answer */
            send_first_page(registry, request);
        }
    }
    answer(registry, request);
    if (is_leaving(request)) {
        avpni_registry_disconnect(registry, record, request->arrival->now); /* [REG-15] */
    } else if (begins || (is_new && is_connected(registry, request->handle))) {
        avpni_registry_push_change(registry, record);
    }
}

static void take_session(struct avpn_registry *registry, const struct arrival *arrival,
                         const uint8_t *bytes, size_t count)
{
    struct request request = {.arrival = arrival};

    if (count != REQUEST_BYTES) {
        /* Only registries send other lengths [DMX-5]. */
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UNEXPECTED);
        return;
    }
    avpni_session_head_read(bytes, &request.head);
    if (find_session(registry, &request) && open_body(registry, &request, bytes) &&
        prove_source(registry, &request)) {
        accept_request(registry, &request);
    }
    avpni_wipe(request.key, sizeof request.key);
}

void avpni_registry_take_datagram(struct avpn_registry *registry, uint32_t socket,
                                  const struct avpn_contact *source, const uint8_t *bytes,
                                  size_t count, avpn_time now)
{
    struct arrival arrival = {.socket = socket, .source = *source, .now = now};

    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_RECEIVED);
    switch (avpni_message_kind(bytes, count)) {
    case AVPNI_KIND_INITIATION:
        take_initiation(registry, &arrival, bytes, count);
        break;
    case AVPNI_KIND_SESSION:
        take_session(registry, &arrival, bytes, count);
        break;
    case AVPNI_KIND_RESPONSE:
    case AVPNI_KIND_COOKIE:
    case AVPNI_KIND_PROBE:
    case AVPNI_KIND_KEEPALIVE:
    case AVPNI_KIND_ESP:
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UNEXPECTED);
        break;
    case AVPNI_KIND_BAD:
    default:
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
        break;
    }
}
