/* SPDX-License-Identifier: ISC */
/*
 * fuzz_wire: all readers of the wire layer on any bytes [DMX-2].
 *
 * The first byte selects a reader, the rest is the message. Beyond memory safety it checks that
 * encodings are canonical: what is read, written again, must give the same bytes.
 */
#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_LIMIT 2048

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool is_true)
{
    if (!is_true)
        abort();
}

/* For messages of one size: read a copy of exactly this size, write, compare. */
#define FIXED(function_, struct_, bytes_)                                                          \
    static void fuzz_##function_(const uint8_t *data, size_t size)                                 \
    {                                                                                              \
        uint8_t in[bytes_] = {0}, out[bytes_];                                                     \
        struct struct_ value;                                                                      \
                                                                                                   \
        memcpy(in, data, size < sizeof in ? size : sizeof in);                                     \
        if (!avpni_##function_##_read(in, &value))                                                 \
            return;                                                                                \
        avpni_##function_##_write(out, &value);                                                    \
        must(memcmp(in, out, sizeof in) == 0);                                                     \
    }

FIXED(register_request, avpni_register_request, AVPNI_REGISTER_REQUEST_BYTES)
FIXED(register_response, avpni_register_response, AVPNI_REGISTER_RESPONSE_BYTES)
FIXED(node_request, avpni_node_request, AVPNI_NODE_REQUEST_BYTES)
FIXED(node_response, avpni_node_response, AVPNI_NODE_RESPONSE_BYTES)
FIXED(alive, avpni_alive, AVPNI_REQUEST_BODY_BYTES)
FIXED(fetch, avpni_fetch, AVPNI_REQUEST_BODY_BYTES)
FIXED(ack, avpni_ack, AVPNI_ACK_BODY_BYTES)
FIXED(challenge, avpni_challenge, AVPNI_CHALLENGE_BODY_BYTES)
FIXED(probe_body, avpni_probe, AVPNI_PROBE_BODY_BYTES)
FIXED(claim_request, avpni_claim_request, AVPNI_REGISTER_REQUEST_BYTES)
FIXED(claim_response, avpni_claim_response, AVPNI_REGISTER_RESPONSE_BYTES)
FIXED(admin_request, avpni_admin_request, AVPNI_REGISTER_REQUEST_BYTES)
FIXED(sync, avpni_sync, AVPNI_REQUEST_BODY_BYTES)
FIXED(offer, avpni_offer, AVPNI_REQUEST_BODY_BYTES)
FIXED(list, avpni_fetch, AVPNI_REQUEST_BODY_BYTES)
FIXED(want, avpni_want, AVPNI_WANT_BODY_BYTES)

static void fuzz_part(const uint8_t *data, size_t size)
{
    uint8_t out[AVPNI_PART_HEAD_BYTES];
    struct avpni_part part;
    const uint8_t *bytes;

    if (!avpni_part_read(data, size, &part, &bytes))
        return;
    avpni_part_head_write(out, &part);
    must(memcmp(data, out, sizeof out) == 0);
    must(bytes == data + sizeof out && size == sizeof out + avpni_part_bytes(part.size, part.number));
}

static void fuzz_claims(const uint8_t *data, size_t size)
{
    uint8_t out[AVPNI_SESSION_BODY_LIMIT];
    struct avpni_writer w = avpni_writer(out, sizeof out);
    struct avpni_claims_head head;
    struct avpni_reader r;

    if (!avpni_claims_read(data, size, &head, &r))
        return;
    avpni_claims_head_write(out, &head);
    w.position = r.position;
    for (uint32_t i = 0; i < head.count; i++) {
        struct avpni_claim_entry entry;

        avpni_claim_entry_read(&r, &entry);
        avpni_claim_entry_write(&w, &entry);
    }
    must(avpni_reader_is_done(&r) && !w.failed && w.position == size);
    must(memcmp(data, out, size) == 0);
}

static void fuzz_entries(const uint8_t *data, size_t size)
{
    uint8_t out[BYTES_LIMIT];
    struct avpni_writer w = avpni_writer(out, sizeof out);
    struct avpni_page_head head;
    struct avpni_reader r;

    if (!avpni_entries_read(data, size, &head, &r))
        return;
    w.position = r.position;
    if (avpni_body_kind(data, size) == AVPNI_BODY_PAGE)
        avpni_page_head_write(out, &head);
    else
        avpni_change_head_write(out, &head);
    for (uint32_t i = 0; i < head.count; i++) {
        struct avpni_entry entry;

        avpni_entry_read(&r, &entry);
        avpni_entry_write(&w, &entry);
    }
    must(avpni_reader_is_done(&r) && !w.failed && w.position == size);
    must(memcmp(data, out, size) == 0);
}

static void fuzz_cookie(const uint8_t *data)
{
    uint8_t out[AVPNI_COOKIE_MESSAGE_BYTES];
    struct avpni_cookie_message message;

    avpni_cookie_read(data, &message);
    avpni_cookie_write(out, &message);
    must(memcmp(data, out, sizeof out) == 0);
}

static void fuzz_confirmation(const uint8_t *data)
{
    uint8_t out[AVPNI_CONFIRMATION_BYTES];
    struct avpni_confirmation message;

    avpni_confirmation_read(data, &message);
    avpni_confirmation_write(out, &message);
    must(memcmp(data, out, sizeof out) == 0);
}

static void fuzz_session(const uint8_t *data)
{
    uint8_t out[AVPNI_SESSION_BODY];
    struct avpni_session_head head;

    avpni_session_head_read(data, &head);
    avpni_session_head_write(out, &head);
    must(memcmp(data, out, sizeof out) == 0);
}

static void fuzz_initiation(const uint8_t *data)
{
    uint8_t out[AVPNI_INITIATION_NOISE];

    avpni_initiation_write_head(out, avpni_initiation_sender(data));
    must(memcmp(data, out, sizeof out) == 0);
}

static void fuzz_response(const uint8_t *data)
{
    uint8_t out[AVPNI_RESPONSE_NOISE];

    avpni_response_write_head(out, avpni_response_sender(data), avpni_response_receiver(data));
    must(memcmp(data, out, sizeof out) == 0);
}

/* As a datagram: what its kind promises can be read. */
static void fuzz_datagram(const uint8_t *data, size_t size)
{
    switch (avpni_message_kind(data, size)) {
    case AVPNI_KIND_INITIATION:
        fuzz_initiation(data);
        break;
    case AVPNI_KIND_RESPONSE:
        fuzz_response(data);
        break;
    case AVPNI_KIND_COOKIE:
        fuzz_cookie(data);
        break;
    case AVPNI_KIND_SESSION:
        fuzz_session(data);
        break;
    case AVPNI_KIND_CONFIRMATION:
        fuzz_confirmation(data);
        break;
    case AVPNI_KIND_ESP:
        must(avpni_esp_spi(data) >= AVPNI_SPI_FIRST);
        break;
    case AVPNI_KIND_KEEPALIVE:
        must(size == 1);
        break;
    case AVPNI_KIND_PROBE:
    case AVPNI_KIND_BAD:
        break;
    }
}

static void (*const readers[])(const uint8_t *data, size_t size) = {
    fuzz_datagram,
    fuzz_register_request,
    fuzz_register_response,
    fuzz_node_request,
    fuzz_node_response,
    fuzz_alive,
    fuzz_fetch,
    fuzz_ack,
    fuzz_challenge,
    fuzz_probe_body,
    fuzz_entries,
    fuzz_claim_request,
    fuzz_claim_response,
    fuzz_admin_request,
    fuzz_sync,
    fuzz_offer,
    fuzz_list,
    fuzz_want,
    fuzz_part,
    fuzz_claims,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0)
        readers[data[0] % (sizeof readers / sizeof readers[0])](data + 1, size - 1);
    return 0;
}
