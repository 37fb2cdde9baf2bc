/* SPDX-License-Identifier: ISC */
/*
 * demux: what a datagram is, from its header and its length alone [DMX-1].
 *
 * This runs for every datagram from anywhere, so it reads at most 8 bytes and decides nothing
 * but the kind. Lengths are exact for every kind except session messages, probes that measure a size, and ESP.
 */
#include "wire/header.h"

#define KEEPALIVE 0xFF     /* RFC 3948 2.3 */
#define ESP_BYTES_LEAST 36 /* SPI and sequence 8, IV 8, padded trailer 4, ICV 16 */

void avpni_header_write(struct avpni_writer *w, enum avpni_kind type)
{
    avpni_write_u32(w, 0);
    avpni_write_u8(w, AVPNI_WIRE_VERSION);
    avpni_write_u8(w, (uint8_t)type);
    avpni_write_u16(w, 0);
}

uint8_t avpni_read_u8_upto(struct avpni_reader *r, uint8_t limit)
{
    uint8_t value = avpni_read_u8(r);

    if (value > limit)
        avpni_reader_fail(r);
    return value;
}

/* Whether a message of this type can have this length; false for unknown types. */
static bool has_length(uint8_t type, size_t count)
{
    switch (type) {
    case AVPNI_KIND_INITIATION:
        return count == AVPNI_INITIATION_REGISTRY_BYTES || count == AVPNI_INITIATION_NODE_BYTES;
    case AVPNI_KIND_RESPONSE:
        return count == AVPNI_RESPONSE_REGISTRY_BYTES || count == AVPNI_RESPONSE_NODE_BYTES;
    case AVPNI_KIND_COOKIE:
        return count == AVPNI_COOKIE_MESSAGE_BYTES;
    case AVPNI_KIND_SESSION:
        return count > AVPNI_SESSION_OVERHEAD &&
               count <= AVPNI_SESSION_OVERHEAD + AVPNI_SESSION_BODY_LIMIT;
    case AVPNI_KIND_CONFIRMATION:
        return count == AVPNI_CONFIRMATION_BYTES;
    case AVPNI_KIND_PROBE:
        return count >= AVPNI_PROBE_BYTES && count <= AVPNI_PROBE_LIMIT;
    default:
        return false;
    }
}

/* The rest of the header, after the marker. */
static enum avpni_kind control_kind(struct avpni_reader *r, size_t count)
{
    uint8_t version = avpni_read_u8(r);
    uint8_t type = avpni_read_u8(r);
    uint16_t reserved = avpni_read_u16(r);

    if (r->failed || version != AVPNI_WIRE_VERSION || reserved != 0 || !has_length(type, count))
        return AVPNI_KIND_BAD; /* [DMX-2] */
    return (enum avpni_kind)type;
}

enum avpni_kind avpni_message_kind(const uint8_t *bytes, size_t count)
{
    struct avpni_reader r = avpni_reader(bytes, count);
    uint32_t spi;

    if (count == 1 && avpni_read_u8(&r) == KEEPALIVE)
        return AVPNI_KIND_KEEPALIVE;
    if (count < AVPNI_HEADER_BYTES)
        return AVPNI_KIND_BAD;
    spi = avpni_read_u32(&r);
    if (spi == 0)
        return control_kind(&r, count);
    if (spi < AVPNI_SPI_FIRST || count < ESP_BYTES_LEAST)
        return AVPNI_KIND_BAD; /* [DMX-3] */
    return AVPNI_KIND_ESP;
}

uint32_t avpni_esp_spi(const uint8_t *bytes)
{
    struct avpni_reader r = avpni_reader(bytes, 4);

    return avpni_read_u32(&r);
}
