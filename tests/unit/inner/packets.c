/* SPDX-License-Identifier: ISC */
#include "packets.h"

#include "harness.h"
#include <stdlib.h>
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

uint32_t packets_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(harness_random(state) % limit);
}

static void fill(uint64_t *state, uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)harness_random(state);
}

struct avpn_address packets_address(const char *text)
{
    struct avpn_address address;

    ck_assert_int_eq(avpn_address_parse(text, &address), AVPN_OK);
    return address;
}

struct avpn_prefix packets_prefix(const char *text)
{
    struct avpn_prefix prefix = {0};

    if (text != NULL)
        ck_assert_int_eq(avpn_prefix_parse(text, &prefix), AVPN_OK);
    return prefix;
}

bool packets_is_in(const struct avpn_prefix *prefix, const struct avpn_address *address)
{
    if (prefix->family != address->family)
        return false;
    for (int bit = 0; bit < prefix->length; bit++) {
        int shift = 7 - bit % 8;

        if (((prefix->bytes[bit / 8] ^ address->bytes[bit / 8]) >> shift & 1) != 0)
            return false;
    }
    return true;
}

uint8_t *packets_exact(const uint8_t *bytes, uint32_t count)
{
    uint8_t *copy = malloc(count == 0 ? 1 : count);

    ck_assert_ptr_nonnull(copy);
    memcpy(copy, bytes, count);
    return copy;
}

/* ---- a second opinion ------------------------------------------------------------------------ */

uint32_t packets_sum(uint32_t sum, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        sum += i % 2 == 0 ? (uint32_t)bytes[i] * 256 : bytes[i];
        if (sum > 0xFFFF)
            sum -= 0xFFFF;
    }
    return sum;
}

static bool look_ipv6(const uint8_t *packet, uint32_t count, struct packets_view *view)
{
    uint32_t at = 40;
    uint8_t next = packet[6];

    while (strchr("\x2B\x2C\x33\x3C\x87", next) !=
           NULL) { /* 0, hop-by-hop, is found too: the end */
        view->headers++;
        if (at + 8 > count)
            return false;
        if (next == 44 && get(packet + at + 2) / 8 != 0)
            view->is_first = false;
        if (next == 44 && (!view->is_first || packet[at + 3] % 2 != 0))
            view->is_whole = false;
        uint32_t length = next == 44   ? 8
                          : next == 51 ? packet[at + 1] * 4u + 8
                                       : packet[at + 1] * 8u + 8;

        next = packet[at];
        at += length;
        if (at > count)
            return false;
        if (!view->is_first)
            break;
    }
    view->protocol = next;
    view->transport = at;
    return true;
}

static uint32_t checksum_offset(uint8_t protocol, uint8_t version)
{
    if (protocol == 6)
        return 16;
    if (protocol == 17 || protocol == 33 || protocol == 136)
        return 6;
    return (protocol == 1 && version == 4) || (protocol == 58 && version == 6) ? 2 : 0;
}

bool packets_look(const uint8_t *packet, uint32_t count, struct packets_view *view_out)
{
    struct packets_view view = {.is_first = true, .is_whole = true};
    uint8_t version = packet[0] / 16;

    if (version == 4) {
        view.transport = packet[0] % 16 * 4u;
        view.protocol = packet[9];
        view.is_first = get(packet + 6) % 0x2000 == 0;
        view.is_whole = view.is_first && packet[6] / 0x20 % 2 == 0;
        if (view.transport < 20 || view.transport > count)
            return false;
    } else if (!look_ipv6(packet, count, &view)) {
        return false;
    }
    uint32_t offset = checksum_offset(view.protocol, version);

    if (view.is_first && offset != 0 && view.transport + offset + 2 <= count)
        view.checksum = view.transport + offset;
    view.has_pseudo = view.checksum != 0 && view.protocol != 1;
    *view_out = view;
    return true;
}

uint32_t packets_transport_sum(const uint8_t *packet, uint32_t count,
                               const struct packets_view *view)
{
    uint32_t sum = 0, length = count - view->transport;

    if (view->has_pseudo) {
        bool is_ipv4 = packet[0] / 16 == 4;
        uint8_t tail[4] = {(uint8_t)(length / 256), (uint8_t)(length % 256), 0, view->protocol};

        sum = packets_sum(sum, packet + (is_ipv4 ? 12 : 8), is_ipv4 ? 8 : 32);
        sum = packets_sum(sum, tail, 4);
    }
    return packets_sum(sum, packet + view->transport, length);
}

void packets_seal(uint8_t *packet, uint32_t count, bool has_no_udp_sum)
{
    struct packets_view view;

    if (packet[0] / 16 == 4) {
        set(packet + 2, count);
        set(packet + 10, 0);
        set(packet + 10, 0xFFFF - packets_sum(0, packet, packet[0] % 16 * 4u));
    } else {
        set(packet + 4, count - 40);
    }
    if (!packets_look(packet, count, &view) || view.checksum == 0)
        return;
    set(packet + view.checksum, 0);
    uint32_t sum = 0xFFFF - packets_transport_sum(packet, count, &view);

    if (sum == 0 && (view.protocol == 17 || view.protocol == 136))
        sum = 0xFFFF;
    if (view.protocol != 17 || packet[0] / 16 != 4 || !has_no_udp_sum)
        set(packet + view.checksum, sum);
}

const char *packets_fault(const uint8_t *packet, uint32_t count)
{
    bool is_ipv4 = packet[0] / 16 == 4;
    struct packets_view view;

    if (is_ipv4 ? get(packet + 2) != count : get(packet + 4) + 40 != count)
        return "length";
    if (!packets_look(packet, count, &view))
        return "headers";
    if (is_ipv4 && packets_sum(0, packet, packet[0] % 16 * 4u) != 0xFFFF)
        return "header checksum";
    if (!view.is_whole || view.checksum == 0)
        return NULL;
    if (is_ipv4 && view.protocol == 17 && get(packet + view.checksum) == 0)
        return NULL;
    return packets_transport_sum(packet, count, &view) == 0xFFFF ? NULL : "transport checksum";
}

/* ---- making them ----------------------------------------------------------------------------- */

/* Options of IPv4 that are true about their lengths. Returns how many bytes, a multiple of 4. */
static uint32_t make_ipv4_options(uint64_t *state, uint8_t out[40])
{
    static const uint8_t types[] = {7, 0x44, 0x83, 0x89, 0x94, 0x86, 1};
    uint32_t at = 0, want = packets_below(state, 41);

    while (at < want) {
        uint8_t type = types[packets_below(state, sizeof types)];
        uint32_t length = type == 1 ? 1 : 2 + packets_below(state, 12);

        if (length > want - at)
            break;
        fill(state, out + at, length);
        out[at] = type;
        if (type != 1)
            out[at + 1] = (uint8_t)length;
        at += length;
    }
    while (at % 4 != 0)
        out[at++] = 0;
    return at;
}

static uint32_t make_ipv4(uint64_t *state, uint8_t *out, uint8_t protocol)
{
    uint32_t options = make_ipv4_options(state, out + 20), kind = packets_below(state, 8);

    fill(state, out, 12);
    out[0] = (uint8_t)(0x40 + (20 + options) / 4);
    out[9] = protocol;
    /* Whole, whole with DF, the first of several, a later one, the last. */
    set(out + 6, kind < 4    ? 0
                 : kind < 5  ? 0x4000
                 : kind == 5 ? 0x2000
                 : kind == 6 ? 0x2123
                             : 0x0045);
    return 20 + options;
}

static uint32_t make_ipv6(uint64_t *state, uint8_t *out, uint8_t protocol)
{
    static const uint8_t kinds[] = {0, 43, 60, 51, 135, 44};
    uint32_t at = 40, extensions = packets_below(state, 3) * packets_below(state, 4);
    uint8_t *next = out + 6;

    fill(state, out, 8);
    out[0] = (uint8_t)(0x60 + out[0] % 16);
    for (uint32_t i = 0; i < extensions; i++) {
        uint8_t kind = kinds[packets_below(state, sizeof kinds)];
        uint32_t length = kind == 44   ? 8
                          : kind == 51 ? 8 + 4 * packets_below(state, 5)
                                       : 8 + 8 * packets_below(state, 4);

        fill(state, out + at, length);
        out[at + 1] = (uint8_t)(kind == 44 ? 0 : kind == 51 ? length / 4 - 2 : length / 8 - 1);
        if (kind == 43)
            out[at + 3] = 0; /* no more stops */
        if (kind == 44)
            set(out + at + 2, packets_below(state, 2) * 0xA8 + packets_below(state, 2));
        *next = kind;
        next = out + at;
        at += length;
    }
    *next = protocol;
    return at;
}

static void put_addresses(uint8_t *out, const struct avpn_address *source,
                          const struct avpn_address *destination)
{
    if (source->family == 4) {
        memcpy(out + 12, source->bytes, 4);
        memcpy(out + 16, destination->bytes, 4);
    } else {
        memcpy(out + 8, source->bytes, 16);
        memcpy(out + 24, destination->bytes, 16);
    }
}

/* What is random already gets the form of its protocol. */
static uint32_t make_transport(uint64_t *state, uint8_t *out, uint8_t protocol, uint32_t payload)
{
    uint32_t header = protocol == 6 ? 20 + 4 * packets_below(state, 11) : 16;

    fill(state, out, header + payload);
    if (protocol == 6)
        out[12] = (uint8_t)(header / 4 * 16);
    if (protocol == 33)
        out[5] = 0; /* the checksum covers everything (RFC 4340, 9.2) */
    if (protocol == 136)
        out[4] = out[5] = 0; /* likewise (RFC 3828, 3.1) */
    if (protocol == 1)
        out[0] = packets_below(state, 2) != 0 ? 8 : 0;
    if (protocol == 58)
        out[0] = (uint8_t)(128 + packets_below(state, 2));
    return header + payload;
}

void packets_random(uint64_t *state, const struct avpn_address *source,
                    const struct avpn_address *destination, uint32_t payload_limit,
                    struct packets_packet *out)
{
    static const uint8_t protocols[] = {6, 17, 33, 136, 132, 47, 50, 1};
    uint8_t protocol = protocols[packets_below(state, sizeof protocols)];

    if (protocol == 1 && source->family == 6)
        protocol = 58;
    memset(out, 0, sizeof *out);
    out->count = source->family == 4 ? make_ipv4(state, out->bytes, protocol)
                                     : make_ipv6(state, out->bytes, protocol);
    out->count += make_transport(state, out->bytes + out->count, protocol,
                                 packets_below(state, payload_limit + 1));
    put_addresses(out->bytes, source, destination);
    packets_seal(out->bytes, out->count, packets_below(state, 4) == 0);
}

void packets_plain(uint64_t *state, const struct avpn_address *source,
                   const struct avpn_address *destination, uint8_t protocol, uint32_t count,
                   struct packets_packet *out)
{
    bool is_ipv4 = source->family == 4;

    memset(out, 0, sizeof *out);
    out->bytes[0] = is_ipv4 ? 0x45 : 0x60;
    out->bytes[is_ipv4 ? 8 : 7] = 64;
    out->bytes[is_ipv4 ? 9 : 6] = protocol;
    put_addresses(out->bytes, source, destination);
    out->count = is_ipv4 ? 20 : 40;
    fill(state, out->bytes + out->count, count);
    out->count += count;
    packets_seal(out->bytes, out->count, false);
}

void packets_error(const struct avpn_address *source, const struct avpn_address *destination,
                   const uint8_t *about, uint32_t inside, struct packets_packet *out)
{
    bool is_ipv4 = source->family == 4;
    uint64_t state = 1;

    packets_plain(&state, source, destination, is_ipv4 ? 1 : 58, 8 + inside, out);
    uint8_t *icmp = out->bytes + (is_ipv4 ? 20 : 40);

    icmp[0] = is_ipv4 ? 11 : 3;
    icmp[1] = 0;
    memset(icmp + 4, 0, 4);
    memcpy(icmp + 8, about, inside);
    packets_seal(out->bytes, out->count, false);
}
