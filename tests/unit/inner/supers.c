/* SPDX-License-Identifier: ISC */
#include "supers.h"

#include "harness.h"
#include <string.h>

static void set(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value / 256 % 256);
    bytes[1] = (uint8_t)(value % 256);
}

static void fill(uint64_t *state, uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)harness_random(state);
}

static uint32_t begin_ipv4(const struct supers_shape *shape, uint8_t *out)
{
    static const uint8_t addresses[] = {10, 0, 0, 1, 10, 9, 0, 1};

    out[0] = (uint8_t)(0x45 + shape->network / 4);
    set(out + 6, out[6] % 2 * 0x4000); /* with DF or without */
    out[8] |= 1;
    out[9] = shape->protocol;
    memcpy(out + 12, addresses, sizeof addresses);
    return 20u + shape->network;
}

/* Extension headers: one of destination options, or two. */
static uint32_t begin_ipv6(const struct supers_shape *shape, uint8_t *out)
{
    uint32_t first = shape->network > 16 ? shape->network - 16u : shape->network;

    out[0] = (uint8_t)(0x60 + out[0] % 16);
    out[7] |= 1;
    memset(out + 8, 0, 32);
    out[8] = out[24] = 0xFD;
    out[25] = 9;
    out[23] = out[39] = 1;
    out[6] = shape->network > 0 ? 60 : shape->protocol;
    if (shape->network == 0)
        return 40;
    out[40] = shape->network > first ? 43 : shape->protocol;
    out[41] = (uint8_t)(first / 8 - 1);
    if (shape->network > first) {
        out[40 + first] = shape->protocol;
        out[41 + first] = 1;
        out[43 + first] = 0; /* no more stops */
    }
    return 40u + shape->network;
}

void supers_prepare_checksum(struct supers_super *super)
{
    uint32_t length = super->bytes - super->transport;
    bool is_ipv4 = super->packet[0] / 16 == 4, is_udp = super->offload.kind == AVPN_OFFLOAD_UDP;
    uint8_t tail[4] = {(uint8_t)(length / 256), (uint8_t)length, 0, is_udp ? 17 : 6};
    uint32_t sum = packets_sum(0, super->packet + (is_ipv4 ? 12 : 8), is_ipv4 ? 8 : 32);

    set(super->packet + super->transport + (is_udp ? 6 : 16), packets_sum(sum, tail, 4));
}

void supers_make(uint64_t *state, const struct supers_shape *shape, struct supers_super *out)
{
    bool is_udp = shape->protocol == 17;

    out->headers =
        (shape->family == 4 ? 20u : 40u) + shape->network + (is_udp ? 8u : 20u + shape->options);
    out->bytes = out->headers + shape->payload;
    fill(state, out->packet, out->bytes);
    out->transport =
        shape->family == 4 ? begin_ipv4(shape, out->packet) : begin_ipv6(shape, out->packet);
    uint8_t *transport = out->packet + out->transport;

    if (shape->family == 4) {
        set(out->packet + 2, out->bytes);
        set(out->packet + 10, 0);
        set(out->packet + 10, 0xFFFF - packets_sum(0, out->packet, out->packet[0] % 16 * 4u));
    } else {
        set(out->packet + 4, out->bytes - 40);
    }
    if (is_udp) {
        set(transport + 4, out->bytes - out->transport);
    } else {
        transport[12] = (uint8_t)((20 + shape->options) / 4 * 16 + transport[12] % 2);
        transport[13] = shape->flags;
    }
    out->offload = (struct avpn_offload){.kind = is_udp               ? AVPN_OFFLOAD_UDP
                                                 : shape->family == 4 ? AVPN_OFFLOAD_TCP4
                                                                      : AVPN_OFFLOAD_TCP6,
                                         .needs_checksum = 1,
                                         .segment_bytes = shape->segment,
                                         .checksum_start = (uint16_t)out->transport,
                                         .checksum_offset = is_udp ? 6 : 16};
    supers_prepare_checksum(out);
}

void supers_shape_random(uint64_t *state, struct supers_shape *out)
{
    static const uint16_t segments[] = {1, 2, 7, 64, 512, 1399, 1400, 1448, 9000, 40000};
    uint16_t segment = segments[packets_below(state, HARNESS_COUNT(segments))];
    uint32_t limit = segment * 1000u < 64000 ? segment * 1000u : 64000;

    *out = (struct supers_shape){.family = packets_below(state, 2) == 0 ? 4 : 6,
                                 .protocol = packets_below(state, 2) == 0 ? 6 : 17,
                                 .flags = (uint8_t)harness_random(state),
                                 .segment = segment};
    out->options = out->protocol == 6 ? (uint8_t)(4 * packets_below(state, 11)) : 0;
    if (packets_below(state, 4) == 0)
        out->network = out->family == 4 ? (uint8_t)(4 * packets_below(state, 11))
                                        : (uint8_t)(8 * packets_below(state, 17));
    out->payload = packets_below(state, 4) == 0
                       ? segment * (1 + packets_below(state, limit / segment))
                       : packets_below(state, limit);
}
