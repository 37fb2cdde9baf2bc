/* SPDX-License-Identifier: ISC */
/*
 * piece: the rules of joining, which are those of Linux's GRO and stricter, for they follow from what inner/segment.c does.
 *
 *   IPv4    no options, no fragment, no reserved flag; the same DSCP, ECN, TTL and DF; an identification one higher each time, also with DF
 *   IPv6    no extension headers; the same traffic class, flow label and hop limit
 *   TCP     payload; ACK and of the other flags only PSH and FIN, in the last piece, and ECE, in all. Never CWR: cut again, the
 *           second piece would lose it (RFC 3168), and in accurate ECN it counts. The next sequence number; all else
 *           the same, options and window too
 *   UDP     payload, a checksum; a length that is the packet's
 *
 * Pieces are equally long but for the last.
 */
#include "inner/piece.h"

#include "inner/bytes.h"
#include "inner/checksum.h"
#include "inner/offload.h"
#include "inner/packet.h"
#include <string.h>

#define IPV4_DONT_FRAGMENT 0x4000u
#define PLAIN_IPV4 0x45u
#define PORTS 4u

static bool read_tcp(struct avpni_piece *piece)
{
    const uint8_t *tcp = piece->packet + piece->transport;
    uint32_t bytes = piece->bytes - piece->transport, flags;

    if (bytes < AVPNI_TCP_HEADER)
        return false;
    uint32_t header = (uint32_t)(tcp[12] >> 4) * 4;

    flags = tcp[AVPNI_TCP_FLAGS];
    piece->header_bytes = (uint8_t)(piece->transport + header);
    piece->ends = (flags & (AVPNI_TCP_PSH | AVPNI_TCP_FIN)) != 0;
    return header >= AVPNI_TCP_HEADER && header < bytes && (flags & AVPNI_TCP_ACK) != 0 &&
           (flags & (AVPNI_TCP_SYN | AVPNI_TCP_RST | AVPNI_TCP_URG | AVPNI_TCP_CWR)) == 0;
}

static bool read_udp(struct avpni_piece *piece)
{
    uint32_t bytes = piece->bytes - piece->transport;

    piece->kind = AVPN_OFFLOAD_UDP;
    piece->header_bytes = (uint8_t)(piece->transport + AVPNI_UDP_HEADER);
    return bytes > AVPNI_UDP_HEADER &&
           avpni_word_at(piece->packet + piece->transport + AVPNI_UDP_LENGTH) == bytes;
}

bool avpni_piece_read(const uint8_t *packet, uint32_t bytes, struct avpni_piece *piece_out)
{
    struct avpni_piece piece = {.packet = packet, .bytes = bytes};
    uint8_t protocol;

    if (bytes > AVPNI_IPV4_HEADER && packet[0] == PLAIN_IPV4) {
        if (avpni_word_at(packet + 2) != bytes ||
            (avpni_word_at(packet + 6) & ~IPV4_DONT_FRAGMENT) != 0)
            return false;
        piece.kind = AVPN_OFFLOAD_TCP4;
        piece.transport = AVPNI_IPV4_HEADER;
        protocol = packet[9];
    } else if (bytes > AVPNI_IPV6_HEADER && packet[0] >> 4 == 6) {
        if (avpni_word_at(packet + 4) + AVPNI_IPV6_HEADER != bytes)
            return false;
        piece.kind = AVPN_OFFLOAD_TCP6;
        piece.transport = AVPNI_IPV6_HEADER;
        protocol = packet[6];
    } else {
        return false;
    }
    if (!(protocol == AVPNI_PROTOCOL_TCP   ? read_tcp(&piece)
          : protocol == AVPNI_PROTOCOL_UDP ? read_udp(&piece)
                                           : false))
        return false;
    *piece_out = piece;
    return true;
}

/* Without options or extension headers addresses and ports lie side by side. */
bool avpni_piece_is_same_flow(const struct avpni_piece *a, const struct avpni_piece *b)
{
    uint32_t at = a->transport == AVPNI_IPV4_HEADER ? 12 : 8;

    return a->kind == b->kind && a->transport == b->transport &&
           memcmp(a->packet + at, b->packet + at, a->transport + PORTS - at) == 0;
}

static bool network_follows(const uint8_t *first, uint32_t count, const uint8_t *next)
{
    if (first[0] >> 4 == 4)
        return first[1] == next[1] && memcmp(first + 6, next + 6, 3) == 0 &&
               avpni_word_at(next + 4) == ((avpni_word_at(first + 4) + count) & 0xFFFF);
    return memcmp(first, next, 4) == 0 && first[7] == next[7];
}

static uint32_t sequence_of(const uint8_t *tcp)
{
    return (uint32_t)avpni_word_at(tcp + AVPNI_TCP_SEQUENCE) << 16 |
           avpni_word_at(tcp + AVPNI_TCP_SEQUENCE + 2);
}

/* But for sequence number, PSH, FIN and checksum all is equal, first of all the header's length. */
static bool tcp_follows(const uint8_t *first, uint32_t payload, const uint8_t *next,
                        uint32_t header_bytes)
{
    uint8_t flags = first[AVPNI_TCP_FLAGS] ^ next[AVPNI_TCP_FLAGS];

    return sequence_of(next) == sequence_of(first) + payload &&
           memcmp(first + 8, next + 8, 5) == 0 && (flags & ~(AVPNI_TCP_PSH | AVPNI_TCP_FIN)) == 0 &&
           memcmp(first + 14, next + 14, 2) == 0 &&
           memcmp(first + 18, next + 18, header_bytes - 18) == 0;
}

bool avpni_piece_follows(const struct avpni_piece *first, uint32_t count, uint32_t payload,
                         const struct avpni_piece *next)
{
    const uint8_t *a = first->packet, *b = next->packet;

    if (next->bytes > first->bytes || !network_follows(a, count, b))
        return false;
    return first->kind == AVPN_OFFLOAD_UDP ||
           tcp_follows(a + first->transport, payload, b + next->transport,
                       (uint32_t)(first->header_bytes - first->transport));
}

static bool is_ipv4_header_sound(const uint8_t *packet)
{
    return avpni_sum_finish(avpni_sum_add(0, packet, AVPNI_IPV4_HEADER)) == 0 &&
           avpni_word_at(packet + 10) != 0xFFFF;
}

bool avpni_piece_is_sound(const struct avpni_piece *piece)
{
    const uint8_t *packet = piece->packet, *transport = packet + piece->transport;
    uint32_t bytes = piece->bytes - piece->transport;
    bool is_udp = piece->kind == AVPN_OFFLOAD_UDP;
    uint64_t sum =
        avpni_pseudo_sum(packet, is_udp ? AVPNI_PROTOCOL_UDP : AVPNI_PROTOCOL_TCP) + bytes;

    if (piece->transport == AVPNI_IPV4_HEADER && !is_ipv4_header_sound(packet))
        return false;
    return avpni_word_at(transport + avpni_offload_checksum(piece->kind)) !=
               (is_udp ? 0 : 0xFFFF) &&
           avpni_sum_finish(avpni_sum_add(sum, transport, bytes)) == 0;
}
