/* SPDX-License-Identifier: ISC */
/*
 * handshake: heads of initiations and responses, cookies, confirmations, and the payloads inside Noise
 * messages. Section 3. Outputs are written only when all of the bytes are canonical.
 */
#include "base/memory.h"
#include "wire/header.h"
#include <string.h>

/* ---- heads ------------------------- */

void avpni_initiation_write_head(uint8_t *bytes, uint32_t sender)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_INITIATION_NOISE);

    avpni_header_write(&w, AVPNI_KIND_INITIATION);
    avpni_write_u32(&w, sender);
}

/* The index that begins at `offset`. */
static uint32_t read_index(const uint8_t *bytes, size_t offset)
{
    struct avpni_reader r = avpni_reader(bytes + offset, 4);

    return avpni_read_u32(&r);
}

uint32_t avpni_initiation_sender(const uint8_t *bytes)
{
    return read_index(bytes, AVPNI_HEADER_BYTES);
}

void avpni_response_write_head(uint8_t *bytes, uint32_t sender, uint32_t receiver)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_RESPONSE_NOISE);

    avpni_header_write(&w, AVPNI_KIND_RESPONSE);
    avpni_write_u32(&w, sender);
    avpni_write_u32(&w, receiver);
}

uint32_t avpni_response_sender(const uint8_t *bytes)
{
    return read_index(bytes, AVPNI_HEADER_BYTES);
}

uint32_t avpni_response_receiver(const uint8_t *bytes)
{
    return read_index(bytes, AVPNI_HEADER_BYTES + 4);
}

/* ---- cookie ------------------------- */

void avpni_cookie_write(uint8_t bytes[AVPNI_COOKIE_MESSAGE_BYTES],
                        const struct avpni_cookie_message *message)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_COOKIE_MESSAGE_BYTES);

    avpni_header_write(&w, AVPNI_KIND_COOKIE);
    avpni_write_u32(&w, message->receiver);
    avpni_write_bytes(&w, message->nonce, sizeof message->nonce);
    avpni_write_bytes(&w, message->sealed, sizeof message->sealed);
}

void avpni_cookie_read(const uint8_t bytes[AVPNI_COOKIE_MESSAGE_BYTES],
                       struct avpni_cookie_message *message_out)
{
    struct avpni_reader r =
        avpni_reader(bytes + AVPNI_HEADER_BYTES, AVPNI_COOKIE_MESSAGE_BYTES - AVPNI_HEADER_BYTES);

    message_out->receiver = avpni_read_u32(&r);
    avpni_read_bytes(&r, message_out->nonce, sizeof message_out->nonce);
    avpni_read_bytes(&r, message_out->sealed, sizeof message_out->sealed);
}

/* ---- confirmation ------------------------- */

void avpni_confirmation_write(uint8_t bytes[AVPNI_CONFIRMATION_BYTES],
                              const struct avpni_confirmation *message)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_CONFIRMATION_BYTES);

    avpni_header_write(&w, AVPNI_KIND_CONFIRMATION);
    avpni_write_u32(&w, message->receiver);
    avpni_write_bytes(&w, message->tag, sizeof message->tag);
}

void avpni_confirmation_read(const uint8_t bytes[AVPNI_CONFIRMATION_BYTES],
                             struct avpni_confirmation *message_out)
{
    struct avpni_reader r =
        avpni_reader(bytes + AVPNI_HEADER_BYTES, AVPNI_CONFIRMATION_BYTES - AVPNI_HEADER_BYTES);

    message_out->receiver = avpni_read_u32(&r);
    avpni_read_bytes(&r, message_out->tag, sizeof message_out->tag);
}

/* ---- payloads with a registry ------------------------- */

#define REGISTER_REQUEST_FILL 52
#define CLAIM_FILL 12
#define CLAIM_ANSWER_FILL 80
#define ADMIN_FILL 12

enum avpni_request_kind avpni_request_kind(const uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES])
{
    return bytes[0] >= AVPNI_REQUEST_REGISTER && bytes[0] <= AVPNI_REQUEST_ADMIN
               ? (enum avpni_request_kind)bytes[0]
               : AVPNI_REQUEST_BAD;
}

void avpni_register_request_write(uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                                  const struct avpni_register_request *request)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_REGISTER_REQUEST_BYTES);

    avpni_write_u8(&w, AVPNI_REQUEST_REGISTER);
    avpni_write_u8(&w, request->uplink);
    avpni_write_u8(&w, request->nat);
    avpni_write_u8(&w, 0);
    avpni_write_bytes(&w, request->organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u64(&w, request->config_version);
    avpni_contact_write_fixed(&w, &request->local);
    avpni_write_zeros(&w, REGISTER_REQUEST_FILL);
}

bool avpni_register_request_read(const uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                                 struct avpni_register_request *request_out)
{
    struct avpni_reader r = avpni_reader(bytes, AVPNI_REGISTER_REQUEST_BYTES);
    struct avpni_register_request request;

    if (avpni_read_u8(&r) != AVPNI_REQUEST_REGISTER)
        return false;
    request.uplink = avpni_read_uplink(&r);
    request.nat = avpni_read_nat(&r);
    avpni_read_zeros(&r, 1);
    avpni_read_bytes(&r, request.organization.bytes, AVPN_KEY_BYTES);
    request.config_version = avpni_read_u64(&r);
    avpni_contact_read_fixed(&r, &request.local);
    avpni_read_zeros(&r, REGISTER_REQUEST_FILL);
    if (!avpni_reader_is_done(&r))
        return false;
    *request_out = request;
    return true;
}

void avpni_register_response_write(uint8_t bytes[AVPNI_REGISTER_RESPONSE_BYTES],
                                   const struct avpni_register_response *response)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_REGISTER_RESPONSE_BYTES);

    avpni_write_u32(&w, response->slot);
    avpni_write_u64(&w, response->generation);
    avpni_write_bytes(&w, response->key, sizeof response->key);
    avpni_write_bytes(&w, response->token, sizeof response->token);
    avpni_contact_write_fixed(&w, &response->observed);
    avpni_write_u64(&w, response->config_version);
    avpni_write_u32(&w, response->contacts_version);
    avpni_write_u16(&w, response->keepalive_seconds);
    avpni_write_u16(&w, 0);
}

bool avpni_register_response_read(const uint8_t bytes[AVPNI_REGISTER_RESPONSE_BYTES],
                                  struct avpni_register_response *response_out)
{
    struct avpni_reader r = avpni_reader(bytes, AVPNI_REGISTER_RESPONSE_BYTES);
    struct avpni_register_response response;
    bool is_done;

    response.slot = avpni_read_u32(&r);
    response.generation = avpni_read_u64(&r);
    avpni_read_bytes(&r, response.key, sizeof response.key);
    avpni_read_bytes(&r, response.token, sizeof response.token);
    avpni_contact_read_fixed(&r, &response.observed);
    response.config_version = avpni_read_u64(&r);
    response.contacts_version = avpni_read_u32(&r);
    response.keepalive_seconds = avpni_read_u16(&r);
    avpni_read_zeros(&r, 2);
    is_done = avpni_reader_is_done(&r);
    if (is_done)
        *response_out = response;
    avpni_wipe(&response, sizeof response);
    return is_done;
}

void avpni_claim_request_write(uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                               const struct avpni_claim_request *request)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_REGISTER_REQUEST_BYTES);

    avpni_write_u8(&w, AVPNI_REQUEST_CLAIM);
    avpni_write_zeros(&w, 3);
    avpni_write_bytes(&w, request->organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u32(&w, request->member);
    avpni_write_bytes(&w, request->signature, sizeof request->signature);
    avpni_write_zeros(&w, CLAIM_FILL);
}

bool avpni_claim_request_read(const uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                              struct avpni_claim_request *request_out)
{
    struct avpni_reader r = avpni_reader(bytes, AVPNI_REGISTER_REQUEST_BYTES);
    struct avpni_claim_request request;

    if (avpni_read_u8(&r) != AVPNI_REQUEST_CLAIM)
        return false;
    avpni_read_zeros(&r, 3);
    avpni_read_bytes(&r, request.organization.bytes, AVPN_KEY_BYTES);
    request.member = avpni_read_u32(&r);
    avpni_read_bytes(&r, request.signature, sizeof request.signature);
    avpni_read_zeros(&r, CLAIM_FILL);
    if (!avpni_reader_is_done(&r))
        return false;
    *request_out = request;
    return true;
}

void avpni_claim_response_write(uint8_t bytes[AVPNI_REGISTER_RESPONSE_BYTES],
                                const struct avpni_claim_response *response)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_REGISTER_RESPONSE_BYTES);

    avpni_write_u8(&w, response->status);
    avpni_write_zeros(&w, 7);
    avpni_write_u64(&w, response->config_version);
    avpni_write_zeros(&w, CLAIM_ANSWER_FILL);
}

bool avpni_claim_response_read(const uint8_t bytes[AVPNI_REGISTER_RESPONSE_BYTES],
                               struct avpni_claim_response *response_out)
{
    struct avpni_reader r = avpni_reader(bytes, AVPNI_REGISTER_RESPONSE_BYTES);
    struct avpni_claim_response response;

    response.status = avpni_read_u8_upto(&r, AVPNI_CLAIM_MEMBER);
    avpni_read_zeros(&r, 7);
    response.config_version = avpni_read_u64(&r);
    avpni_read_zeros(&r, CLAIM_ANSWER_FILL);
    if (!avpni_reader_is_done(&r) || response.status < AVPNI_CLAIM_PENDING)
        return false;
    *response_out = response;
    return true;
}

void avpni_admin_request_write(uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                               const struct avpni_admin_request *request)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_REGISTER_REQUEST_BYTES);

    avpni_write_u8(&w, AVPNI_REQUEST_ADMIN);
    avpni_write_zeros(&w, 3);
    avpni_write_bytes(&w, request->organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u8(&w, request->signer);
    avpni_write_zeros(&w, 3);
    avpni_write_bytes(&w, request->signature, sizeof request->signature);
    avpni_write_zeros(&w, ADMIN_FILL);
}

bool avpni_admin_request_read(const uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES],
                              struct avpni_admin_request *request_out)
{
    static const uint8_t none[64];
    struct avpni_reader r = avpni_reader(bytes, AVPNI_REGISTER_REQUEST_BYTES);
    struct avpni_admin_request request;

    if (avpni_read_u8(&r) != AVPNI_REQUEST_ADMIN)
        return false;
    avpni_read_zeros(&r, 3);
    avpni_read_bytes(&r, request.organization.bytes, AVPN_KEY_BYTES);
    request.signer = avpni_read_u8(&r);
    avpni_read_zeros(&r, 3);
    avpni_read_bytes(&r, request.signature, sizeof request.signature);
    avpni_read_zeros(&r, ADMIN_FILL);
    bool is_unsigned = memcmp(request.signature, none, sizeof none) == 0;

    if (!avpni_reader_is_done(&r) ||
        (request.signer != AVPNI_SIGNER_NONE && request.signer >= AVPN_AUTHORITY_KEYS) ||
        is_unsigned != (request.signer == AVPNI_SIGNER_NONE))
        return false;
    *request_out = request;
    return true;
}

size_t avpni_admin_text(uint8_t text_out[AVPNI_ADMIN_TEXT_BYTES], const struct avpn_key *registry,
                        const struct avpn_key *administrator, const struct avpn_key *organization)
{
    static const char label[] = "autovpn administration 1";
    struct avpni_writer w = avpni_writer(text_out, AVPNI_ADMIN_TEXT_BYTES);

    avpni_write_bytes(&w, (const uint8_t *)label, sizeof label - 1);
    avpni_write_bytes(&w, registry->bytes, AVPN_KEY_BYTES);
    avpni_write_bytes(&w, administrator->bytes, AVPN_KEY_BYTES);
    avpni_write_bytes(&w, organization->bytes, AVPN_KEY_BYTES);
    return w.position;
}

/* ---- payloads between nodes ------------------------- */

void avpni_node_request_write(uint8_t bytes[AVPNI_NODE_REQUEST_BYTES],
                              const struct avpni_node_request *request)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_NODE_REQUEST_BYTES);

    avpni_write_u64(&w, request->ticket);
    avpni_write_u32(&w, request->psk_epoch);
    avpni_write_bytes(&w, request->suites, sizeof request->suites);
    avpni_write_u64(&w, request->config_version);
}

/* [HS-7]: at least one, and zeros only at the end. */
static bool is_suite_list(const uint8_t suites[4])
{
    for (size_t i = 1; i < 4; i++) {
        if (suites[i] != 0 && suites[i - 1] == 0)
            return false;
    }
    return suites[0] != 0;
}

bool avpni_node_request_read(const uint8_t bytes[AVPNI_NODE_REQUEST_BYTES],
                             struct avpni_node_request *request_out)
{
    struct avpni_reader r = avpni_reader(bytes, AVPNI_NODE_REQUEST_BYTES);
    struct avpni_node_request request;

    request.ticket = avpni_read_u64(&r);
    request.psk_epoch = avpni_read_u32(&r);
    avpni_read_bytes(&r, request.suites, sizeof request.suites);
    request.config_version = avpni_read_u64(&r);
    if (!avpni_reader_is_done(&r) || !is_suite_list(request.suites))
        return false;
    *request_out = request;
    return true;
}

void avpni_node_response_write(uint8_t bytes[AVPNI_NODE_RESPONSE_BYTES],
                               const struct avpni_node_response *response)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_NODE_RESPONSE_BYTES);

    avpni_write_u8(&w, response->suite);
    avpni_write_zeros(&w, 3);
    avpni_write_u32(&w, response->index);
    avpni_write_zeros(&w, 4);
}

bool avpni_node_response_read(const uint8_t bytes[AVPNI_NODE_RESPONSE_BYTES],
                              struct avpni_node_response *response_out)
{
    struct avpni_reader r = avpni_reader(bytes, AVPNI_NODE_RESPONSE_BYTES);
    struct avpni_node_response response;

    response.suite = avpni_read_u8(&r);
    avpni_read_zeros(&r, 3);
    response.index = avpni_read_u32(&r);
    avpni_read_zeros(&r, 4);
    if (!avpni_reader_is_done(&r) || response.suite == 0)
        return false;
    *response_out = response;
    return true;
}
