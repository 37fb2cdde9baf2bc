/* SPDX-License-Identifier: ISC */
/*
 * segment: one large packet into the packets it stands for, as Linux cuts them in software (tcp_gso_segment, __udp_gso_segment,
 * inet_gso_segment), so that nobody can tell whether the kernel or we did it.
 *
 *   in every piece   lengths, checksums; IPv4: an identification one higher than before, with DF too
 *   TCP              a sequence number higher by what went before; CWR only in the first piece (RFC 3168, 6.1.2); FIN and PSH only in the last
 *   UDP              its own length; a checksum of zero is written as FFFF (RFC 768)
 *   all else         is copied: options, DSCP and ECN, TTL, flow label, extension headers
 *
 * A plan is made first, from headers that are all checked; what it says is then only carried out. IPv6 packets are
 * cut behind those extension headers that may stand in each piece alike: hop-by-hop and destination options, and a routing
 * header without more stops (with more, the checksum covers an address that is not in the header).
 */
#include "inner/bytes.h"
#include "inner/checksum.h"
#include "inner/offload.h"
#include "inner/packet.h"
#include <string.h>

#define NEXT_HOP_BY_HOP 0
#define NEXT_ROUTING 43
#define NEXT_DESTINATION 60
#define HEADERS_LIMIT 256u /* IPv4 with all options and TCP with all options have 120 */

_Static_assert(AVPN_HEADROOM + 65575u +
                       AVPN_SEGMENT_PIECES * (HEADERS_LIMIT + AVPN_HEADROOM + AVPN_TAILROOM) <=
                   AVPN_SEGMENT_ROOM,
               "room for every packet that is cut");

struct plan {
    const uint8_t *packet;
    uint32_t bytes;
    uint8_t kind;
    uint8_t protocol;
    uint32_t transport;     /* offset */
    uint32_t header_bytes;  /* that stand in each piece; 0: copied as it is */
    uint32_t segment_bytes; /* of payload */
    uint32_t count;         /* of pieces */
    uint32_t piece_bytes, last_bytes, stride;
    uint32_t
        checksum; /* offset in the packet of one to be completed, 0: none; only without header_bytes */
};

/* ---- the plan -------------------------------------------------------------------------------- */

static bool is_extension_repeatable(uint8_t kind)
{
    return kind == NEXT_HOP_BY_HOP || kind == NEXT_ROUTING || kind == NEXT_DESTINATION;
}

/* Extension headers up to the transport header are such that may stand in each piece. The chain was walked before: it is sound. */
static bool is_chain_repeatable(const uint8_t *packet, const struct avpni_transport *t)
{
    uint8_t kind = packet[6];

    if (packet[0] >> 4 == 4)
        return true;
    for (uint32_t at = AVPNI_IPV6_HEADER; at < t->offset; at += (packet[at + 1] + 1u) * 8u) {
        if (!is_extension_repeatable(kind))
            return false;
        kind = packet[at];
    }
    return !t->is_routed;
}

/* The headers of the network, and where those of the transport begin. */
static bool look(const uint8_t *packet, uint32_t bytes, struct avpni_transport *t)
{
    struct avpn_address source, destination;

    return avpni_inner_parse(packet, bytes, &source, &destination) &&
           avpni_inner_transport(packet, bytes, t) && !t->is_fragment;
}

/* TCP or UDP of the version the kind is for. */
static bool is_of_kind(uint8_t kind, const uint8_t *packet, const struct avpni_transport *t)
{
    switch (kind) {
    case AVPN_OFFLOAD_TCP4:
        return packet[0] >> 4 == 4 && t->protocol == AVPNI_PROTOCOL_TCP;
    case AVPN_OFFLOAD_TCP6:
        return packet[0] >> 4 == 6 && t->protocol == AVPNI_PROTOCOL_TCP;
    case AVPN_OFFLOAD_UDP:
        return t->protocol == AVPNI_PROTOCOL_UDP;
    default:
        return false;
    }
}

/* The length of the transport header; 0: it lies. */
static uint32_t transport_bytes(uint8_t kind, const uint8_t *transport, uint32_t bytes)
{
    if (kind == AVPN_OFFLOAD_UDP)
        return bytes >= AVPNI_UDP_HEADER && avpni_word_at(transport + AVPNI_UDP_LENGTH) == bytes
                   ? AVPNI_UDP_HEADER
                   : 0;
    if (bytes < AVPNI_TCP_HEADER)
        return 0;
    uint32_t header = (uint32_t)(transport[12] >> 4) * 4;

    return header >= AVPNI_TCP_HEADER && header <= bytes ? header : 0;
}

static bool is_checksum_as_expected(const struct avpn_offload *offload, uint32_t transport)
{
    if (offload->needs_checksum == 0)
        return offload->kind != AVPN_OFFLOAD_UDP;
    return offload->checksum_start == transport &&
           offload->checksum_offset == avpni_offload_checksum(offload->kind);
}

static bool plan_cut(const struct avpn_offload *offload, struct plan *plan)
{
    struct avpni_transport t;

    if (!look(plan->packet, plan->bytes, &t) || !is_of_kind(offload->kind, plan->packet, &t) ||
        !is_chain_repeatable(plan->packet, &t) || !is_checksum_as_expected(offload, t.offset))
        return false;
    uint32_t header =
        transport_bytes(offload->kind, plan->packet + t.offset, plan->bytes - t.offset);

    if (header == 0 || t.offset + header > HEADERS_LIMIT || offload->segment_bytes == 0)
        return false;
    plan->protocol = t.protocol;
    plan->transport = t.offset;
    plan->header_bytes = t.offset + header;
    plan->segment_bytes = offload->segment_bytes;
    uint32_t payload = plan->bytes - plan->header_bytes;

    plan->count = payload <= plan->segment_bytes
                      ? 1
                      : (payload + plan->segment_bytes - 1) / plan->segment_bytes;
    plan->last_bytes = plan->header_bytes + payload - (plan->count - 1) * plan->segment_bytes;
    return plan->count <= AVPN_SEGMENT_PIECES;
}

/* A packet that is not to be cut need not be one that is understood, unless it is to be changed. */
static bool plan_whole(const struct avpn_offload *offload, struct plan *plan)
{
    uint32_t start = offload->checksum_start, offset = offload->checksum_offset;
    struct avpni_transport t;

    plan->count = 1;
    plan->last_bytes = plan->bytes;
    if (offload->needs_checksum == 0)
        return plan->bytes > 0;
    if (!look(plan->packet, plan->bytes, &t) || start < t.offset || offset % 2 != 0 ||
        start + offset + 2 > plan->bytes)
        return false;
    plan->transport = start;
    plan->checksum = start + offset;
    return true;
}

static bool make_plan(const struct avpn_offload *offload, const uint8_t *packet, uint32_t bytes,
                      struct plan *plan)
{
    *plan = (struct plan){.packet = packet, .bytes = bytes, .kind = offload->kind};
    if (!(offload->kind == AVPN_OFFLOAD_NONE ? plan_whole(offload, plan) : plan_cut(offload, plan)))
        return false;
    plan->piece_bytes =
        plan->count == 1 ? plan->last_bytes : plan->header_bytes + plan->segment_bytes;
    plan->stride = avpn_sealed_bytes(plan->piece_bytes);
    return plan->stride != 0;
}

static size_t plan_room(const struct plan *plan)
{
    return AVPN_HEADROOM + (size_t)(plan->count - 1) * plan->stride + plan->last_bytes +
           AVPN_TAILROOM;
}

size_t avpn_segment_room(const struct avpn_offload *offload, const uint8_t *packet, uint32_t bytes)
{
    struct plan plan;

    return make_plan(offload, packet, bytes, &plan) ? plan_room(&plan) : 0;
}

/* ---- carried out ------------------------------------------------------------------------------ */

/* Of a checksum that covers more than what it holds; Linux writes FFFF for zero whatever the protocol (skb_checksum_help). */
static void write_whole(const struct plan *plan, uint8_t *out)
{
    memcpy(out, plan->packet, plan->bytes);
    if (plan->checksum == 0)
        return;
    uint16_t checksum =
        avpni_sum_finish(avpni_sum_add(0, out + plan->transport, plan->bytes - plan->transport));

    avpni_word_put(out + plan->checksum, checksum == 0 ? 0xFFFF : checksum);
}

static void advance_sequence(uint8_t *tcp, uint32_t by)
{
    uint32_t high = avpni_word_at(tcp + AVPNI_TCP_SEQUENCE);
    uint32_t low = avpni_word_at(tcp + AVPNI_TCP_SEQUENCE + 2);
    uint32_t sequence = (high << 16 | low) + by;

    avpni_word_put(tcp + AVPNI_TCP_SEQUENCE, sequence >> 16);
    avpni_word_put(tcp + AVPNI_TCP_SEQUENCE + 2, sequence);
}

static void adapt_tcp(const struct plan *plan, uint32_t i, uint8_t *tcp)
{
    advance_sequence(tcp, i * plan->segment_bytes);
    if (i > 0)
        tcp[AVPNI_TCP_FLAGS] &= (uint8_t)~AVPNI_TCP_CWR;
    if (i + 1 < plan->count)
        tcp[AVPNI_TCP_FLAGS] &= (uint8_t) ~(AVPNI_TCP_FIN | AVPNI_TCP_PSH);
}

/* The transport checksum, of a sum of payload and pseudo header. `bytes`: of the transport header and what follows. */
static void put_checksum(const struct plan *plan, uint64_t sum, uint8_t *transport, uint32_t bytes)
{
    uint8_t *field = transport + avpni_offload_checksum(plan->kind);

    avpni_word_put(field, 0);
    uint16_t checksum = avpni_sum_finish(
        avpni_sum_add(sum + bytes, transport, plan->header_bytes - plan->transport));

    avpni_word_put(field, checksum == 0 && plan->kind == AVPN_OFFLOAD_UDP ? 0xFFFF : checksum);
}

static void write_piece(const struct plan *plan, uint32_t i, uint64_t pseudo, uint8_t *out)
{
    uint32_t bytes = i + 1 < plan->count ? plan->piece_bytes : plan->last_bytes;
    uint8_t *transport = out + plan->transport;

    memcpy(out, plan->packet, plan->header_bytes);
    uint64_t sum =
        avpni_sum_copy(pseudo, out + plan->header_bytes,
                       plan->packet + plan->header_bytes + (size_t)i * plan->segment_bytes,
                       bytes - plan->header_bytes);

    if (out[0] >> 4 == 4)
        avpni_word_put(out + 4, avpni_word_at(out + 4) + i);
    avpni_network_length(out, bytes);
    if (plan->kind == AVPN_OFFLOAD_UDP)
        avpni_word_put(transport + AVPNI_UDP_LENGTH, bytes - plan->transport);
    else
        adapt_tcp(plan, i, transport);
    put_checksum(plan, sum, transport, bytes - plan->transport);
}

int32_t avpn_segment(const struct avpn_offload *offload, const uint8_t *packet, uint32_t bytes,
                     uint8_t *room, size_t capacity, struct avpn_packets *run_out)
{
    uint8_t *out = room + AVPN_HEADROOM;
    struct plan plan;

    if (!make_plan(offload, packet, bytes, &plan))
        return AVPN_ERROR_FORMAT;
    if (plan_room(&plan) > capacity)
        return AVPN_ERROR_LIMIT;
    if (plan.header_bytes == 0) {
        write_whole(&plan, out);
    } else {
        uint64_t pseudo = avpni_pseudo_sum(packet, plan.protocol);

        for (uint32_t i = 0; i < plan.count; i++)
            write_piece(&plan, i, pseudo, out + (size_t)i * plan.stride);
    }
    *run_out = (struct avpn_packets){.data = out,
                                     .count = plan.count,
                                     .bytes = plan.piece_bytes,
                                     .last_bytes = plan.last_bytes,
                                     .stride = plan.stride};
    return AVPN_OK;
}
