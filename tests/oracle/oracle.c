/* SPDX-License-Identifier: ISC */
/*
 * oracle: echo packets for IPv4 and IPv6, and SA parameters from the command line.
 *
 * Written without the library's own parsers and checksums on purpose: a mistake there must
 * not be mirrored here.
 */
#include "oracle.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define PROTOCOL_ICMP 1
#define PROTOCOL_ICMPV6 58
#define ECHO_REQUEST_V4 8
#define ECHO_REPLY_V4 0
#define ECHO_REQUEST_V6 128
#define ECHO_REPLY_V6 129

static const uint8_t OUR_V4[4] = {10, 2, 0, 1};
static const uint8_t THEIR_V4[4] = {10, 1, 0, 1};
static const uint8_t OUR_V6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 2, [15] = 1};
static const uint8_t THEIR_V6[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 1, [15] = 1};

/* Where an echo message lies in its packet and what its kind of IP calls things. */
struct echo_view {
    uint32_t header;          /* bytes before the ICMP message */
    uint32_t addresses;       /* offset of the source address */
    uint32_t address_bytes;   /* the destination follows the source */
    uint8_t protocol;
    uint8_t request;
    uint8_t reply;
};

static const struct echo_view VIEW_V4 = {IPV4_HEADER,   12, 4, PROTOCOL_ICMP, ECHO_REQUEST_V4,
                                         ECHO_REPLY_V4};
static const struct echo_view VIEW_V6 = {IPV6_HEADER,     8, 16, PROTOCOL_ICMPV6, ECHO_REQUEST_V6,
                                         ECHO_REPLY_V6};

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

/* ---- checksums (RFC 1071) ---------------------------------------------- */

static uint32_t sum16(uint32_t sum, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i + 1 < count; i += 2)
        sum += get16(bytes + i);
    if (count % 2 != 0)
        sum += (uint32_t)bytes[count - 1] << 8;
    return sum;
}

static uint32_t fold(uint32_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xffff) + (sum >> 16);
    return ~sum & 0xffff;
}

/* Over a message whose checksum field is zero the checksum; over a complete one zero. */
static uint32_t icmp_checksum(const struct echo_view *view, const uint8_t *packet, uint32_t bytes)
{
    uint32_t sum = sum16(0, packet + view->header, bytes - view->header);

    if (view->protocol == PROTOCOL_ICMPV6) {
        sum = sum16(sum, packet + view->addresses, 2 * view->address_bytes);
        sum += bytes - view->header + view->protocol;
    }
    return fold(sum);
}

static void checksums_write(const struct echo_view *view, uint8_t *packet, uint32_t bytes)
{
    if (view == &VIEW_V4) {
        put16(packet + 10, 0);
        put16(packet + 10, fold(sum16(0, packet, IPV4_HEADER)));
    }
    put16(packet + view->header + 2, 0);
    put16(packet + view->header + 2, icmp_checksum(view, packet, bytes));
}

/* ---- payload ----------------------------------------------------------- */

uint32_t echo_payload_bytes(uint16_t sequence)
{
    return sequence * 101u % (ECHO_PAYLOAD_LIMIT + 1);
}

void echo_payload_write(uint8_t *payload_out, uint16_t sequence)
{
    uint32_t bytes = echo_payload_bytes(sequence);

    for (uint32_t i = 0; i < bytes; i++)
        payload_out[i] = (uint8_t)(sequence * 7u + i);
}

bool echo_payload_matches(const uint8_t *payload, uint32_t bytes, uint16_t sequence)
{
    uint8_t expected[ECHO_PAYLOAD_LIMIT];

    if (bytes != echo_payload_bytes(sequence))
        return false;
    echo_payload_write(expected, sequence);
    return memcmp(payload, expected, bytes) == 0;
}

/* ---- packets ----------------------------------------------------------- */

uint32_t echo_request_write(uint8_t *packet_out, uint8_t family, uint16_t sequence)
{
    const struct echo_view *view = family == AVPN_FAMILY_IPV6 ? &VIEW_V6 : &VIEW_V4;
    uint32_t bytes = view->header + ECHO_HEADER_BYTES + echo_payload_bytes(sequence);
    uint8_t *icmp = packet_out + view->header;

    memset(packet_out, 0, view->header + ECHO_HEADER_BYTES);
    if (family == AVPN_FAMILY_IPV6) {
        packet_out[0] = 0x60;
        put16(packet_out + 4, bytes - IPV6_HEADER);
        packet_out[6] = view->protocol;
        packet_out[7] = 64;
        memcpy(packet_out + 8, OUR_V6, sizeof OUR_V6);
        memcpy(packet_out + 24, THEIR_V6, sizeof THEIR_V6);
    } else {
        packet_out[0] = 0x45;
        put16(packet_out + 2, bytes);
        packet_out[8] = 64;
        packet_out[9] = view->protocol;
        memcpy(packet_out + 12, OUR_V4, sizeof OUR_V4);
        memcpy(packet_out + 16, THEIR_V4, sizeof THEIR_V4);
    }
    icmp[0] = view->request;
    put16(icmp + 6, sequence);
    echo_payload_write(icmp + ECHO_HEADER_BYTES, sequence);
    checksums_write(view, packet_out, bytes);
    return bytes;
}

/* The view of an echo message, or NULL when the packet is anything else or damaged. */
static const struct echo_view *echo_view_of(const uint8_t *packet, uint32_t bytes)
{
    if (bytes >= IPV4_HEADER + ECHO_HEADER_BYTES && packet[0] == 0x45 &&
        packet[9] == PROTOCOL_ICMP && get16(packet + 2) == bytes &&
        icmp_checksum(&VIEW_V4, packet, bytes) == 0)
        return &VIEW_V4;
    if (bytes >= IPV6_HEADER + ECHO_HEADER_BYTES && packet[0] >> 4 == 6 &&
        packet[6] == PROTOCOL_ICMPV6 && get16(packet + 4) + IPV6_HEADER == bytes &&
        icmp_checksum(&VIEW_V6, packet, bytes) == 0)
        return &VIEW_V6;
    return NULL;
}

bool echo_request_answer(uint8_t *packet, uint32_t bytes)
{
    const struct echo_view *view = echo_view_of(packet, bytes);
    uint8_t source[16];
    uint8_t *addresses;

    if (view == NULL || packet[view->header] != view->request)
        return false;
    addresses = packet + view->addresses;
    memcpy(source, addresses, view->address_bytes);
    memcpy(addresses, addresses + view->address_bytes, view->address_bytes);
    memcpy(addresses + view->address_bytes, source, view->address_bytes);
    packet[view->header] = view->reply;
    checksums_write(view, packet, bytes);
    return true;
}

bool echo_reply_is_good(const uint8_t *packet, uint32_t bytes)
{
    const struct echo_view *view = echo_view_of(packet, bytes);
    const uint8_t *icmp;

    if (view == NULL || packet[view->header] != view->reply)
        return false;
    icmp = packet + view->header;
    return echo_payload_matches(icmp + ECHO_HEADER_BYTES,
                                bytes - view->header - ECHO_HEADER_BYTES,
                                (uint16_t)get16(icmp + 6));
}

/* ---- command line ------------------------------------------------------ */

uint8_t suite_parse(const char *text)
{
    if (strcmp(text, "gcm") == 0)
        return AVPN_SUITE_AES_256_GCM;
    if (strcmp(text, "chacha") == 0)
        return AVPN_SUITE_CHACHA20_POLY1305;
    return AVPN_SUITE_NONE;
}

static bool hex_parse(const char *text, uint8_t *bytes_out, size_t count)
{
    char pair[3] = {0};

    if (strlen(text) != 2 * count || strspn(text, "0123456789abcdef") != 2 * count)
        return false;
    for (size_t i = 0; i < count; i++) {
        memcpy(pair, text + 2 * i, 2);
        bytes_out[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    return true;
}

bool parameters_parse(struct avpn_sa_parameters *parameters_out, uint8_t suite, uint32_t spi,
                      const char *secret, const char *sequence)
{
    struct avpn_sa_parameters parameters = {0};
    uint8_t bytes[sizeof parameters.key + sizeof parameters.salt];
    char *end;

    if (suite == AVPN_SUITE_NONE || !hex_parse(secret, bytes, sizeof bytes))
        return false;
    errno = 0;
    parameters.sequence = strtoull(sequence, &end, 0);
    if (errno != 0 || end == sequence || *end != '\0')
        return false;
    parameters.size = sizeof parameters;
    parameters.spi = spi;
    parameters.suite = suite;
    memcpy(parameters.key, bytes, sizeof parameters.key);
    memcpy(parameters.salt, bytes + sizeof parameters.key, sizeof parameters.salt);
    *parameters_out = parameters;
    return true;
}
