/* SPDX-License-Identifier: ISC */
#include "reference.h"

#include <string.h>

static uint32_t get(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] * 256 + bytes[1];
}

static void set(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value / 256 % 256);
    bytes[1] = (uint8_t)(value % 256);
}

/* Word by word, with end-around carry in each step. */
static uint32_t sum(uint32_t so_far, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        so_far += i % 2 == 0 ? (uint32_t)bytes[i] * 256 : bytes[i];
        if (so_far > 0xFFFF)
            so_far -= 0xFFFF;
    }
    return so_far;
}

/* Of a packet whose chain, if any, has headers of the form "next, length in 8 bytes". */
static uint32_t transport_of(const uint8_t *packet, uint8_t *protocol_out)
{
    uint32_t at = 40;
    uint8_t next = packet[6];

    if (packet[0] / 16 == 4) {
        *protocol_out = packet[9];
        return packet[0] % 16 * 4u;
    }
    while (next == 0 || next == 43 || next == 60) {
        next = packet[at];
        at += packet[at + 1] * 8u + 8;
    }
    *protocol_out = next;
    return at;
}

uint32_t reference_headers(const uint8_t *packet)
{
    uint8_t protocol;
    uint32_t at = transport_of(packet, &protocol);

    return at + (protocol == 17 ? 8 : packet[at + 12] / 16 * 4u);
}

static uint32_t transport_sum(const uint8_t *packet, uint32_t bytes)
{
    uint8_t protocol, tail[4] = {0};
    uint32_t at = transport_of(packet, &protocol), total;

    set(tail, bytes - at);
    tail[3] = protocol;
    total = packet[0] / 16 == 4 ? sum(0, packet + 12, 8) : sum(0, packet + 8, 32);
    return sum(sum(total, tail, 4), packet + at, bytes - at);
}

static void seal(uint8_t *packet, uint32_t bytes)
{
    uint8_t protocol;
    uint32_t at = transport_of(packet, &protocol), check;

    if (packet[0] / 16 == 4) {
        set(packet + 2, bytes);
        set(packet + 10, 0);
        set(packet + 10, 0xFFFF - sum(0, packet, packet[0] % 16 * 4u));
    } else {
        set(packet + 4, bytes - 40);
    }
    if (protocol == 17)
        set(packet + at + 4, bytes - at);
    uint8_t *field = packet + at + (protocol == 17 ? 6 : 16);

    set(field, 0);
    check = 0xFFFF - transport_sum(packet, bytes);
    set(field, check == 0 && protocol == 17 ? 0xFFFF : check);
}

uint32_t reference_piece(const struct avpn_offload *offload, const uint8_t *packet, uint32_t bytes,
                         uint32_t i, uint8_t *out)
{
    uint32_t headers = reference_headers(packet), from = i * offload->segment_bytes, count;
    uint8_t protocol;
    uint32_t at = transport_of(packet, &protocol);
    bool is_last = bytes - headers - from <= offload->segment_bytes;

    if (i > 0 && from >= bytes - headers)
        return 0;
    count = is_last ? bytes - headers - from : offload->segment_bytes;
    memcpy(out, packet, headers);
    memcpy(out + headers, packet + headers + from, count);
    if (packet[0] / 16 == 4)
        set(out + 4, get(out + 4) + i);
    if (protocol == 6) {
        uint8_t *tcp = out + at;
        uint64_t sequence = (uint64_t)get(tcp + 4) * 65536 + get(tcp + 6) + from;

        set(tcp + 4, (uint32_t)(sequence / 65536));
        set(tcp + 6, (uint32_t)(sequence % 65536));
        if (i > 0 && tcp[13] >= 128)
            tcp[13] = (uint8_t)(tcp[13] - 128); /* CWR */
        if (!is_last && tcp[13] / 8 % 2 == 1)
            tcp[13] = (uint8_t)(tcp[13] - 8); /* PSH */
        if (!is_last && tcp[13] % 2 == 1)
            tcp[13] = (uint8_t)(tcp[13] - 1); /* FIN */
    }
    seal(out, headers + count);
    return headers + count;
}

bool reference_is_sound(const uint8_t *packet, uint32_t bytes)
{
    uint8_t protocol;
    uint32_t at = transport_of(packet, &protocol);

    if (packet[0] / 16 == 4
            ? get(packet + 2) != bytes || sum(0, packet, packet[0] % 16 * 4u) != 0xFFFF
            : get(packet + 4) + 40 != bytes)
        return false;
    if (protocol == 17 && (get(packet + at + 4) != bytes - at || get(packet + at + 6) == 0))
        return false;
    return transport_sum(packet, bytes) == 0xFFFF;
}

/* ---- flows ------------------------------------------------------------------------------------ */

static bool is_packet(const uint8_t *packet, uint32_t bytes)
{
    if (bytes >= 20 && packet[0] / 16 == 4)
        return packet[0] % 16 >= 5 && packet[0] % 16 * 4u <= bytes && get(packet + 2) == bytes;
    return bytes >= 40 && packet[0] / 16 == 6 && get(packet + 4) + 40 == bytes;
}

/* What follows the headers of IPv6, if all of them are there and none says that this is a fragment. */
static bool walk(const uint8_t *packet, uint32_t bytes, uint32_t *at_out, uint8_t *protocol_out)
{
    uint32_t at = 40, length;
    uint8_t next = packet[6];

    while (next == 0 || next == 43 || next == 44 || next == 51 || next == 60 || next == 135) {
        if (at + 8 > bytes)
            return false;
        if (next == 44 && (get(packet + at + 2) >= 8 || packet[at + 3] % 2 == 1))
            return false;
        length = next == 44 ? 8 : next == 51 ? packet[at + 1] * 4u + 8 : packet[at + 1] * 8u + 8;
        next = packet[at];
        at += length;
        if (at > bytes)
            return false;
    }
    *at_out = at;
    *protocol_out = next;
    return true;
}

/* Of TCP or UDP that is no fragment; NULL: anything else. */
static const uint8_t *ports_of(const uint8_t *packet, uint32_t bytes)
{
    uint32_t at = packet[0] % 16 * 4u;
    uint8_t protocol = packet[9];

    if (packet[0] / 16 == 4 ? get(packet + 6) % 0x4000 != 0 : !walk(packet, bytes, &at, &protocol))
        return NULL;
    return (protocol == 6 || protocol == 17) && bytes >= at + 4 ? packet + at : NULL;
}

static uint8_t protocol_of(const uint8_t *packet, uint32_t bytes)
{
    uint32_t at;
    uint8_t protocol = packet[9];

    if (packet[0] / 16 == 6)
        walk(packet, bytes, &at, &protocol);
    return protocol;
}

bool reference_is_related(const uint8_t *a, uint32_t a_bytes, const uint8_t *b, uint32_t b_bytes)
{
    const uint8_t *a_ports, *b_ports;

    if (!is_packet(a, a_bytes) || !is_packet(b, b_bytes))
        return true;
    if (a[0] / 16 != b[0] / 16 ||
        (a[0] / 16 == 4 ? memcmp(a + 12, b + 12, 8) : memcmp(a + 8, b + 8, 32)) != 0)
        return false;
    a_ports = ports_of(a, a_bytes);
    b_ports = ports_of(b, b_bytes);
    if (a_ports == NULL || b_ports == NULL)
        return true;
    return protocol_of(a, a_bytes) == protocol_of(b, b_bytes) && memcmp(a_ports, b_ports, 4) == 0;
}
