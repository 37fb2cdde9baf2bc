/* SPDX-License-Identifier: ISC */
/*
 * handshake: what one initiation does to a registry. It asks for a registration, makes a claim, or begins an
 * administrator's session. Spec: [HS-1] to [HS-6], [MAC-4], [REG-12], [REG-13], [JOIN-3], [PUB-1].
 *
 * A session is a generation and what can be derived from it: answering leaves no state. Only a claim that
 * proved genuine is noted (join.c). Every answer is smaller than the initiation.
 */
#include "registry/engine.h"

#include "crypto/box.h"

#include <string.h>

#define NOISE_1_BYTES (AVPNI_REGISTER_REQUEST_BYTES + AVPN_NOISE_1_OVERHEAD)

/* A genuine initiation on its way through the answer. */
struct applicant {
    const struct avpni_arrival *arrival;
    struct avpn_noise noise;
    struct avpn_key key; /* its static key */
    uint32_t receiver;   /* its sender index */
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES];
};

/* False: refused and counted. */
static bool pass_guard(struct avpn_registry *registry, const struct avpni_arrival *arrival,
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

/* False: not sent, counted. */
static bool send_response(struct avpn_registry *registry, struct applicant *applicant,
                          const uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES])
{
    static const struct avpn_key no_psk; /* [HS-2] */
    struct avpn_key ephemeral;

    if (avpni_key_generate(&registry->random, &ephemeral) != AVPN_OK) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_RANDOM);
        return false;
    }
    uint8_t *bytes = avpni_outbox_reserve(&registry->outbox, AVPNI_RESPONSE_REGISTRY_BYTES);

    avpni_response_write_head(bytes, 0, applicant->receiver);
    bool is_written = avpn_noise_write_2(&applicant->noise, &ephemeral, &no_psk, payload,
                                         AVPNI_REGISTER_RESPONSE_BYTES,
                                         bytes + AVPNI_RESPONSE_NOISE) == AVPN_OK;

    if (is_written) {
        avpni_outbox_commit(&registry->outbox, applicant->arrival->socket,
                            &applicant->arrival->source, AVPNI_RESPONSE_REGISTRY_BYTES);
    } else {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_HANDSHAKE);
    }
    avpni_wipe(&ephemeral, sizeof ephemeral);
    return is_written;
}

uint32_t avpni_registry_version_of(const struct avpn_registry *registry, uint32_t handle,
                                   uint32_t slot, uint64_t generation)
{
    if (handle != 0) {
        const struct avpni_record *record = avpni_table_at(&registry->table, handle);

        if ((record->flags & AVPNI_RECORD_CONNECTED) != 0) {
            return record->version;
        }
    }
    return avpni_session_version(&registry->secrets, slot, generation);
}

/* Begin a session of this slot. */
static void answer_session(struct avpn_registry *registry, struct applicant *applicant,
                           uint32_t slot)
{
    const struct avpni_arrival *arrival = applicant->arrival;
    const struct avpni_member *member = avpni_registry_member_of(registry, slot);
    uint64_t generation = registry->generation + 1;
    uint32_t handle = member != NULL ? avpni_table_find(&registry->table, member,
                                                        avpni_slot_uplink(slot))
                                     : 0;
    struct avpni_register_response response = {
        .slot = slot,
        .generation = generation,
        .observed = arrival->source,
        .config_version = avpni_registry_organization_of(registry, slot)->version,
        .contacts_version = avpni_registry_version_of(registry, handle, slot, generation),
        .keepalive_seconds = (uint16_t)(AVPNI_KEEPALIVE_SPAN / AVPN_SECOND),
    };
    uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES];

    avpni_session_key(&registry->secrets, slot, generation, response.key);
    avpni_session_token(&registry->secrets, slot, generation, &arrival->source, arrival->now,
                        response.token);
    avpni_register_response_write(payload, &response);
    if (send_response(registry, applicant, payload)) {
        registry->generation = generation;
        avpni_registry_count(registry, AVPN_REGISTRY_COUNT_HANDSHAKES);
    }
    avpni_wipe(&response, sizeof response);
    avpni_wipe(payload, sizeof payload);
}

/* ---- the three requests --------------------------------------------------------------------- */

static void take_registration(struct avpn_registry *registry, struct applicant *applicant)
{
    struct avpni_register_request request;

    if (!avpni_register_request_read(applicant->payload, &request)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
        return;
    }
    uint32_t place = avpni_map_find(&registry->map, request.organization.bytes);
    uint32_t member = AVPNI_MAP_NONE;

    if (place != AVPNI_MAP_NONE) {
        member = avpni_organization_find_key(registry->organizations[place],
                                             &registry->member_secrets, &applicant->key);
    }
    if (member == AVPNI_MAP_NONE) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_STRANGER); /* [REG-12] */
        return;
    }
    answer_session(registry, applicant, avpni_slot(place, member, request.uplink));
}

static void take_claim(struct avpn_registry *registry, struct applicant *applicant)
{
    uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES];
    struct avpni_claim_request request;
    struct avpni_claim_response response;

    if (!avpni_claim_request_read(applicant->payload, &request)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
        return;
    }
    if (!avpni_registry_claim(registry, &request, &applicant->key, applicant->arrival->now,
                              &response)) {
        return;
    }
    avpni_claim_response_write(payload, &response);
    if (send_response(registry, applicant, payload)) {
        avpni_registry_count(registry, AVPN_REGISTRY_COUNT_CLAIMS);
    }
}

static void take_administrator(struct avpn_registry *registry, struct applicant *applicant)
{
    struct avpni_admin_request request;
    uint32_t slot;

    if (!avpni_admin_request_read(applicant->payload, &request)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
    } else if (avpni_registry_find_office(registry, &applicant->key, &request, &slot)) {
        answer_session(registry, applicant, slot);
    }
}

static void take_request(struct avpn_registry *registry, struct applicant *applicant)
{
    switch (avpni_request_kind(applicant->payload)) {
    case AVPNI_REQUEST_REGISTER:
        take_registration(registry, applicant);
        break;
    case AVPNI_REQUEST_CLAIM:
        take_claim(registry, applicant);
        break;
    case AVPNI_REQUEST_ADMIN:
        take_administrator(registry, applicant);
        break;
    case AVPNI_REQUEST_BAD:
    default:
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MALFORMED);
        break;
    }
}

void avpni_registry_take_initiation(struct avpn_registry *registry,
                                    const struct avpni_arrival *arrival, const uint8_t *bytes,
                                    size_t count)
{
    if (count != AVPNI_INITIATION_REGISTRY_BYTES) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_UNEXPECTED);
        return;
    }
    if (!pass_guard(registry, arrival, bytes)) {
        return;
    }
    struct applicant applicant = {.arrival = arrival,
                                  .noise = registry->responder,
                                  .receiver = avpni_initiation_sender(bytes)};

    if (avpn_noise_read_1(&applicant.noise, bytes + AVPNI_INITIATION_NOISE, NOISE_1_BYTES,
                          &applicant.key, applicant.payload) == AVPN_OK) {
        take_request(registry, &applicant);
    } else {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_HANDSHAKE);
    }
    avpn_noise_wipe(&applicant.noise);
}
