/* SPDX-License-Identifier: ISC */
/*
 * icmp: which packets an error may answer, and the errors (RFC 792, 1812 4.3.2, 4443).
 *
 * An IPv4 error is never fragmented (at most 576 bytes, DF), so its identification may be zero (RFC 6864), and it has the precedence
 * of network control (RFC 1812, 4.3.2.5). Spec: [ICM-1] to [ICM-3].
 */
#include "inner/icmp.h"

#include "base/cursor.h"
#include "inner/bytes.h"
#include "inner/checksum.h"
#include "inner/packet.h"
#include <string.h>

#define ICMP_HEADER 8
#define IPV4_ERROR_LIMIT 576
#define IPV6_ERROR_LIMIT AVPNI_ICMP_LIMIT
#define IPV6_MTU_MIN 1280
#define HOPS 64
#define DONT_FRAGMENT 0x4000u
#define NETWORK_CONTROL 0xC0

struct kind {
    uint8_t type4, code4, type6, code6;
};

static const struct kind kinds[] = {
    [AVPNI_ICMP_HOP_LIMIT] = {11, 0, 3, 0}, [AVPNI_ICMP_TOO_BIG] = {3, 4, 2, 0},
    [AVPNI_ICMP_NO_ROUTE] = {3, 0, 1, 0},   [AVPNI_ICMP_NO_TUNNEL] = {3, 1, 1, 3},
    [AVPNI_ICMP_DENIED] = {3, 13, 1, 1},
};

/* ---- what may be answered -------------------------------------------------------------------- */

static bool is_error_type(uint8_t protocol, uint8_t type)
{
    if (protocol == AVPNI_PROTOCOL_ICMPV6)
        return type < 128;
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12; /* RFC 1122, 3.2.2 */
}

static uint8_t icmp_of(const uint8_t *packet)
{
    return packet[0] >> 4 == 4 ? AVPNI_PROTOCOL_ICMP : AVPNI_PROTOCOL_ICMPV6;
}

bool avpni_icmp_find_error(const uint8_t *packet, uint32_t bytes, uint32_t *offset_out)
{
    struct avpni_transport t;

    if (!avpni_inner_chain(packet, bytes, &t) || t.protocol != icmp_of(packet) ||
        t.is_later_fragment || t.offset >= bytes)
        return false;
    *offset_out = t.offset;
    return is_error_type(t.protocol, packet[t.offset]);
}

bool avpni_icmp_is_error(const uint8_t *packet, uint32_t bytes)
{
    uint32_t offset;

    return avpni_icmp_find_error(packet, bytes, &offset);
}

/* Neither multicast, broadcast, unspecified nor loopback. */
static bool is_host(const struct avpn_address *address)
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255}, zeros[15];
    const uint8_t *bytes = address->bytes;

    if (address->family == AVPN_FAMILY_IPV6)
        return bytes[0] != 0xFF && !(memcmp(bytes, zeros, 15) == 0 && bytes[15] <= 1);
    return bytes[0] != 0 && bytes[0] != 127 && (bytes[0] & 0xF0) != 0xE0 &&
           memcmp(bytes, broadcast, 4) != 0;
}

bool avpni_icmp_may_answer(const uint8_t *packet, uint32_t bytes)
{
    struct avpn_address source, destination;
    struct avpni_transport t;

    if (!avpni_inner_parse(packet, bytes, &source, &destination) || !is_host(&source) ||
        !is_host(&destination))
        return false;
    if (!avpni_inner_chain(packet, bytes, &t) || t.is_later_fragment)
        return false;
    return t.protocol != icmp_of(packet) ||
           (t.offset < bytes && !is_error_type(t.protocol, packet[t.offset]));
}

/* ---- the errors ------------------------------------------------------------------------------ */

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

static uint32_t write_ipv4(const struct kind *kind, uint32_t mtu, const uint8_t *source,
                           const uint8_t *packet, uint32_t bytes, uint8_t *out)
{
    struct avpni_writer w = avpni_writer(out, IPV4_ERROR_LIMIT);
    uint32_t total = smaller(AVPNI_IPV4_HEADER + ICMP_HEADER + bytes, IPV4_ERROR_LIMIT);
    uint8_t *icmp = out + AVPNI_IPV4_HEADER;

    avpni_write_u8(&w, 0x45);
    avpni_write_u8(&w, NETWORK_CONTROL);
    avpni_write_u16(&w, (uint16_t)total);
    avpni_write_u16(&w, 0); /* identification */
    avpni_write_u16(&w, DONT_FRAGMENT);
    avpni_write_u8(&w, HOPS);
    avpni_write_u8(&w, AVPNI_PROTOCOL_ICMP);
    avpni_write_u16(&w, 0); /* checksum */
    avpni_write_bytes(&w, source, 4);
    avpni_write_bytes(&w, packet + 12, 4);
    avpni_write_u8(&w, kind->type4);
    avpni_write_u8(&w, kind->code4);
    avpni_write_u16(&w, 0); /* checksum */
    avpni_write_u16(&w, 0);
    avpni_write_u16(&w, (uint16_t)smaller(mtu, UINT16_MAX)); /* RFC 1191 */
    avpni_write_bytes(&w, packet, total - w.position);
    avpni_word_put(out + 10, avpni_sum_finish(avpni_sum_add(0, out, AVPNI_IPV4_HEADER)));
    avpni_word_put(icmp + 2, avpni_sum_finish(avpni_sum_add(0, icmp, total - AVPNI_IPV4_HEADER)));
    return total;
}

static uint32_t write_ipv6(const struct kind *kind, uint32_t mtu, const uint8_t *source,
                           const uint8_t *packet, uint32_t bytes, uint8_t *out)
{
    struct avpni_writer w = avpni_writer(out, IPV6_ERROR_LIMIT);
    uint32_t total = smaller(AVPNI_IPV6_HEADER + ICMP_HEADER + bytes, IPV6_ERROR_LIMIT);
    uint32_t payload = total - AVPNI_IPV6_HEADER;

    avpni_write_u32(&w, 0x60000000);
    avpni_write_u16(&w, (uint16_t)payload);
    avpni_write_u8(&w, AVPNI_PROTOCOL_ICMPV6);
    avpni_write_u8(&w, HOPS);
    avpni_write_bytes(&w, source, 16);
    avpni_write_bytes(&w, packet + 8, 16);
    avpni_write_u8(&w, kind->type6);
    avpni_write_u8(&w, kind->code6);
    avpni_write_u16(&w, 0); /* checksum */
    avpni_write_u32(&w, mtu);
    avpni_write_bytes(&w, packet, total - w.position);
    /* Pseudo header (RFC 8200, 8.1): both addresses, length, protocol. */
    uint64_t sum = avpni_sum_add(payload + AVPNI_PROTOCOL_ICMPV6, out + 8, 32);

    sum = avpni_sum_add(sum, out + AVPNI_IPV6_HEADER, payload);
    avpni_word_put(out + AVPNI_IPV6_HEADER + 2, avpni_sum_finish(sum));
    return total;
}

uint32_t avpni_icmp_write(enum avpni_icmp kind, uint32_t mtu_bytes,
                          const struct avpn_address *source, const uint8_t *packet, uint32_t bytes,
                          uint8_t error_out[AVPNI_ICMP_LIMIT])
{
    const struct kind *which = &kinds[kind];
    uint32_t mtu = kind == AVPNI_ICMP_TOO_BIG ? mtu_bytes : 0;

    if (packet[0] >> 4 == 4)
        return write_ipv4(which, mtu, source->bytes, packet, bytes, error_out);
    /* Whoever is told less could only split what the path carries anyway [MTU-7]. */
    if (kind == AVPNI_ICMP_TOO_BIG && mtu < IPV6_MTU_MIN)
        mtu = IPV6_MTU_MIN;
    return write_ipv6(which, mtu, source->bytes, packet, bytes, error_out);
}

/* ---- how many -------------------------------------------------------------------------------- */

bool avpni_icmp_take(struct avpni_icmp_limit *limit, avpn_time now)
{
    avpn_time from = limit->next_at > now ? limit->next_at : now;

    if (from - now > (AVPNI_ICMP_BURST - 1) * AVPNI_ICMP_SPAN)
        return false;
    limit->next_at = from + AVPNI_ICMP_SPAN;
    return true;
}
