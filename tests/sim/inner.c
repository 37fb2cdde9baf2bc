/* SPDX-License-Identifier: ISC */
#include "inner.h"
#include "chance.h"
#include <string.h>

#define MAGIC UINT32_C(0x51a7e1fe)
#define ECHO_BYTES 8
#define UDP_BYTES 8
#define TCP_BYTES 20
#define TIMESTAMP_BYTES 12 /* two NOPs before it */
#define MSS_BYTES 4
#define NUMBER_BYTES 8 /* MAGIC and number, where there is no timestamp */

static void put16(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
    put16(at, value >> 16);
    put16(at + 2, value & 0xffff);
}

static uint32_t get16(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t get32(const uint8_t *at)
{
    return get16(at) << 16 | get16(at + 2);
}

/* ---- checksums, RFC 1071 -------------------------------------------------------------------- */

static uint32_t sum(uint32_t so_far, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        so_far += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
    return so_far;
}

static uint16_t fold(uint32_t total)
{
    while (total > 0xffff)
        total = (total & 0xffff) + (total >> 16);
    return (uint16_t)~total;
}

static bool is_ipv6(const uint8_t *packet)
{
    return packet[0] >> 4 == 6;
}

uint32_t inner_header(const uint8_t *packet)
{
    return is_ipv6(packet) ? 40 : 20;
}

/* As it stands in the packet. */
static uint8_t wire_protocol(const uint8_t *packet)
{
    return is_ipv6(packet) ? packet[6] : packet[9];
}

/* Of the transport header and what follows; with the pseudo header where the protocol has one. */
static uint16_t transport_checksum(const uint8_t *packet, uint32_t bytes)
{
    const uint32_t header = inner_header(packet);
    uint32_t total = sum(0, packet + header, bytes - header);

    if (wire_protocol(packet) == INNER_ICMP)
        return fold(total);
    total = is_ipv6(packet) ? sum(total, packet + 8, 32) : sum(total, packet + 12, 8);
    return fold(total + wire_protocol(packet) + bytes - header);
}

/* Where the checksum of a protocol is; 0: it has none. */
static uint32_t checksum_place(uint8_t protocol)
{
    switch (protocol) {
    case INNER_ICMP:
    case INNER_ICMPV6:
        return 2;
    case INNER_TCP:
        return 16;
    case INNER_UDP:
        return 6;
    default:
        return 0;
    }
}

static void put_transport_checksum(uint8_t *packet, uint32_t bytes)
{
    const uint32_t place = checksum_place(wire_protocol(packet));
    uint16_t checksum;

    if (place == 0)
        return;
    put16(packet + inner_header(packet) + place, 0);
    checksum = transport_checksum(packet, bytes);
    if (checksum == 0 && wire_protocol(packet) == INNER_UDP)
        checksum = 0xffff; /* 0 says that there is none */
    put16(packet + inner_header(packet) + place, checksum);
}

/* ---- headers ----------------------------------------------------------------------------------- */

static void write_ip(uint8_t *p, const struct avpn_address *source,
                     const struct avpn_address *destination, uint8_t protocol, uint8_t hop_limit,
                     uint32_t bytes)
{
    if (source->family == AVPN_FAMILY_IPV6) {
        memset(p, 0, 40);
        p[0] = 0x60;
        put16(p + 4, bytes - 40);
        p[6] = protocol;
        p[7] = hop_limit;
        memcpy(p + 8, source->bytes, 16);
        memcpy(p + 24, destination->bytes, 16);
        return;
    }
    memset(p, 0, 20);
    p[0] = 0x45;
    put16(p + 2, bytes);
    p[8] = hop_limit;
    p[9] = protocol;
    memcpy(p + 12, source->bytes, 4);
    memcpy(p + 16, destination->bytes, 4);
}

static void put_ip_checksum(uint8_t *p)
{
    if (is_ipv6(p))
        return;
    put16(p + 10, 0);
    put16(p + 10, fold(sum(0, p, 20)));
}

struct avpn_address inner_source(const uint8_t *packet)
{
    struct avpn_address address = {.family = is_ipv6(packet) ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_IPV4};

    memcpy(address.bytes, is_ipv6(packet) ? packet + 8 : packet + 12, is_ipv6(packet) ? 16 : 4);
    return address;
}

struct avpn_address inner_destination(const uint8_t *packet)
{
    struct avpn_address address = {.family = is_ipv6(packet) ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_IPV4};

    memcpy(address.bytes, is_ipv6(packet) ? packet + 24 : packet + 16, is_ipv6(packet) ? 16 : 4);
    return address;
}

bool inner_fragment(const uint8_t *packet, uint32_t bytes, struct inner_fragment *fragment_out)
{
    if (is_ipv6(packet) || bytes < 20 || (get16(packet + 6) & 0x3fff) == 0)
        return false;
    *fragment_out = (struct inner_fragment){.id = (uint16_t)get16(packet + 4),
                                            .at = (get16(packet + 6) & 0x1fff) * 8,
                                            .count = bytes - 20,
                                            .is_last = (get16(packet + 6) & 0x2000) == 0};
    return true;
}

/* ---- writing -------------------------------------------------------------------------------------- */

static uint32_t transport_bytes(const struct inner *inner)
{
    switch (inner->protocol) {
    case INNER_TCP:
        return TCP_BYTES + TIMESTAMP_BYTES + (inner->mss != 0 ? MSS_BYTES : 0);
    case INNER_UDP:
        return UDP_BYTES;
    case INNER_ICMP:
        return ECHO_BYTES;
    default:
        return 0;
    }
}

static void write_tcp(const struct inner *inner, uint8_t *t, uint32_t header)
{
    uint8_t *option = t + TCP_BYTES;

    put16(t, inner->source_port);
    put16(t + 2, inner->destination_port);
    put32(t + 4, inner->sequence);
    put32(t + 8, inner->acknowledged);
    t[12] = (uint8_t)(header / 4 << 4);
    t[13] = inner->tcp_flags;
    put16(t + 14, 0xffff);
    put16(t + 16, 0);
    put16(t + 18, 0);
    if (inner->mss != 0) {
        option[0] = 2;
        option[1] = MSS_BYTES;
        put16(option + 2, inner->mss);
        option += MSS_BYTES;
    }
    option[0] = option[1] = 1;
    option[2] = 8;
    option[3] = 10;
    put32(option + 4, inner->number);
    put32(option + 8, MAGIC);
}

static void write_echo(const struct inner *inner, uint8_t *t)
{
    if (inner->source.family == AVPN_FAMILY_IPV6)
        t[0] = inner->is_reply ? 129 : 128;
    else
        t[0] = inner->is_reply ? 0 : 8;
    t[1] = 0;
    put16(t + 2, 0);
    put16(t + 4, 1);
    put16(t + 6, inner->number & 0xffff);
}

/* The byte of a TCP stream at a place: the same in every segment that has it. */
static uint8_t stream_byte(uint32_t place)
{
    const uint32_t mixed = place * UINT32_C(0x9e3779b1);

    return (uint8_t)(mixed >> 24 ^ mixed >> 8);
}

static void write_payload(const struct inner *inner, uint8_t *at, const uint8_t *end)
{
    uint64_t filler = inner->number;

    if (inner->protocol == INNER_TCP) {
        for (uint32_t i = 0; at < end; i++)
            *at++ = stream_byte(inner->sequence + i);
        return;
    }
    put32(at, MAGIC);
    put32(at + 4, inner->number);
    for (at += NUMBER_BYTES; at < end; at++)
        *at = (uint8_t)sim_split_next(&filler);
}

uint32_t inner_write(const struct inner *inner, uint8_t out[INNER_LARGEST])
{
    const bool is_v6 = inner->source.family == AVPN_FAMILY_IPV6;
    const uint32_t header = is_v6 ? 40 : 20, transport = transport_bytes(inner);
    const uint32_t least =
        header + transport + (inner->protocol == INNER_TCP ? 0 : (uint32_t)NUMBER_BYTES);
    const uint32_t bytes = inner->bytes < least ? least : inner->bytes;
    const uint8_t protocol =
        inner->protocol == INNER_ICMP && is_v6 ? INNER_ICMPV6 : inner->protocol;
    uint8_t *t = out + header;

    write_ip(out, &inner->source, &inner->destination, protocol, inner->hop_limit, bytes);
    if (!is_v6) {
        put16(out + 4, inner->number & 0xffff);
        put16(out + 6, inner->is_whole ? 0x4000 : 0);
        put_ip_checksum(out);
    }
    if (inner->protocol == INNER_TCP) {
        write_tcp(inner, t, transport);
    } else if (inner->protocol == INNER_ICMP) {
        write_echo(inner, t);
    } else if (inner->protocol == INNER_UDP) {
        put16(t, inner->source_port);
        put16(t + 2, inner->destination_port);
        put16(t + 4, bytes - header);
        put16(t + 6, 0);
    }
    write_payload(inner, t + transport, out + bytes);
    if (!inner->is_unsummed)
        put_transport_checksum(out, bytes);
    return bytes;
}

/* ---- reading --------------------------------------------------------------------------------------- */

static bool is_ip(const uint8_t *p, uint32_t bytes)
{
    if (bytes >= 40 && p[0] == 0x60)
        return get16(p + 4) + 40 == bytes;
    return bytes >= 20 && p[0] == 0x45 && get16(p + 2) == bytes && fold(sum(0, p, 20)) == 0;
}

/* Options as write_tcp makes them, in any order; `bytes` of the transport header. */
static bool read_tcp_options(const uint8_t *t, uint32_t bytes, struct inner *inner)
{
    bool is_ours = false;

    for (uint32_t at = TCP_BYTES; at < bytes;) {
        if (t[at] == 1) {
            at++;
            continue;
        }
        if (at + 2 > bytes || t[at + 1] < 2 || at + t[at + 1] > bytes)
            return false;
        if (t[at] == 2 && t[at + 1] == MSS_BYTES)
            inner->mss = (uint16_t)get16(t + at + 2);
        if (t[at] == 8 && t[at + 1] == 10 && get32(t + at + 6) == MAGIC) {
            inner->number = get32(t + at + 2);
            is_ours = true;
        }
        at += t[at + 1];
    }
    return is_ours;
}

static bool read_tcp(const uint8_t *t, uint32_t bytes, struct inner *inner)
{
    const uint32_t header = bytes >= TCP_BYTES ? (uint32_t)(t[12] >> 4) * 4 : 0;

    if (header < TCP_BYTES || header > bytes)
        return false;
    inner->source_port = (uint16_t)get16(t);
    inner->destination_port = (uint16_t)get16(t + 2);
    inner->sequence = get32(t + 4);
    inner->acknowledged = get32(t + 8);
    inner->tcp_flags = t[13];
    return read_tcp_options(t, header, inner);
}

/* The number that stands in the open behind a transport header of `at` bytes. */
static bool read_number(const uint8_t *t, uint32_t bytes, uint32_t at, struct inner *inner)
{
    if (bytes < at + NUMBER_BYTES || get32(t + at) != MAGIC)
        return false;
    inner->number = get32(t + at + 4);
    return true;
}

static bool read_transport(const uint8_t *t, uint32_t bytes, struct inner *inner)
{
    switch (inner->protocol) {
    case INNER_TCP:
        return read_tcp(t, bytes, inner);
    case INNER_UDP:
        if (bytes < UDP_BYTES)
            return false;
        inner->source_port = (uint16_t)get16(t);
        inner->destination_port = (uint16_t)get16(t + 2);
        inner->is_unsummed = get16(t + 6) == 0;
        return read_number(t, bytes, UDP_BYTES, inner);
    case INNER_ICMP:
        inner->is_reply = t[0] == 0 || t[0] == 129;
        return read_number(t, bytes, ECHO_BYTES, inner);
    default:
        return read_number(t, bytes, 0, inner);
    }
}

static bool has_good_checksum(const uint8_t *p, uint32_t bytes)
{
    const uint32_t place = checksum_place(wire_protocol(p));

    if (place == 0)
        return true;
    if (wire_protocol(p) == INNER_UDP && get16(p + inner_header(p) + place) == 0)
        return !is_ipv6(p);
    return transport_checksum(p, bytes) == 0;
}

bool inner_read(const uint8_t *packet, uint32_t bytes, struct inner *inner_out)
{
    struct inner_fragment fragment;

    memset(inner_out, 0, sizeof *inner_out);
    if (!is_ip(packet, bytes) || inner_fragment(packet, bytes, &fragment))
        return false;
    inner_out->source = inner_source(packet);
    inner_out->destination = inner_destination(packet);
    inner_out->protocol = wire_protocol(packet);
    if (inner_out->protocol == INNER_ICMPV6)
        inner_out->protocol = INNER_ICMP;
    inner_out->hop_limit = is_ipv6(packet) ? packet[7] : packet[8];
    inner_out->is_whole = !is_ipv6(packet) && (packet[6] & 0x40) != 0;
    inner_out->bytes = bytes;
    return read_transport(packet + inner_header(packet), bytes - inner_header(packet), inner_out) &&
           has_good_checksum(packet, bytes);
}

/* ---- errors ----------------------------------------------------------------------------------------- */

bool inner_is_error(const uint8_t *packet, uint32_t bytes)
{
    const uint32_t header = bytes > 0 ? inner_header(packet) : 0;

    if (header == 0 || bytes < header + 8)
        return false;
    if (is_ipv6(packet))
        return wire_protocol(packet) == INNER_ICMPV6 && packet[header] < 128;
    return wire_protocol(packet) == INNER_ICMP && packet[header] != 0 && packet[header] != 8;
}

bool inner_read_error(const uint8_t *packet, uint32_t bytes, struct inner_error *error_out)
{
    const uint32_t header = inner_header(packet);

    if (!is_ip(packet, bytes) || !inner_is_error(packet, bytes) ||
        transport_checksum(packet, bytes) != 0)
        return false;
    *error_out = (struct inner_error){.source = inner_source(packet),
                                      .destination = inner_destination(packet),
                                      .type = packet[header],
                                      .code = packet[header + 1],
                                      .mtu = is_ipv6(packet) ? get32(packet + header + 4)
                                                             : get16(packet + header + 6),
                                      .about = packet + header + 8,
                                      .about_bytes = bytes - header - 8};
    return error_out->about_bytes >= inner_header(error_out->about) &&
           is_ipv6(error_out->about) == is_ipv6(packet);
}

uint32_t inner_write_error(const struct inner_error *error, uint8_t out[INNER_LARGEST])
{
    const bool is_v6 = error->source.family == AVPN_FAMILY_IPV6;
    const uint32_t header = is_v6 ? 40 : 20, room = (is_v6 ? 1280 : 576) - header - 8;
    const uint32_t about = error->about_bytes < room ? error->about_bytes : room;
    const uint32_t bytes = header + 8 + about;

    write_ip(out, &error->source, &error->destination, is_v6 ? INNER_ICMPV6 : INNER_ICMP, 64,
             bytes);
    put_ip_checksum(out);
    memset(out + header, 0, 8);
    out[header] = error->type;
    out[header + 1] = error->code;
    put32(out + header + 4, error->mtu);
    memcpy(out + header + 8, error->about, about);
    put_transport_checksum(out, bytes);
    return bytes;
}

bool inner_number_of_part(const uint8_t *packet, uint32_t bytes, uint32_t *number_out)
{
    const uint32_t header = bytes > 0 ? inner_header(packet) : 0;
    struct inner inner = {0};

    if (header == 0 || bytes < header + 8)
        return false;
    inner.protocol = wire_protocol(packet);
    if (inner.protocol == INNER_ICMPV6)
        inner.protocol = INNER_ICMP;
    if (!read_transport(packet + header, bytes - header, &inner))
        return false;
    *number_out = inner.number;
    return true;
}
