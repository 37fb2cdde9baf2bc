/* SPDX-License-Identifier: ISC */
/*
 * coalesce: packets joined to larger ones, so that cutting them gives the same packets again.
 *
 * A stack of flows is open at a time, each with a stretch: a first piece (inner/piece.h) and those that followed it. A packet that is no
 * piece, or not the successor, first closes the stretch it could belong to, so no packet overtakes another of its flow: with known ports that of its
 * flow, else (fragments, other protocols) all of its addresses, and all if it cannot be read. All are closed
 * in the end.
 *
 * A joined packet leaves its checksum to the kernel, which would hide damage. So a piece is joined only after its own was
 * found right; the first one's is looked at when a second comes, for most that stay alone are never looked at.
 */
#include "base/memory.h"
#include "inner/bytes.h"
#include "inner/checksum.h"
#include "inner/offload.h"
#include "inner/packet.h"
#include "inner/piece.h"
#include <string.h>

#define STRETCHES 16u
#define KINDS (AVPN_COALESCE_TCP4 | AVPN_COALESCE_TCP6 | AVPN_COALESCE_UDP)
#define SLICES_BEFORE 2u /* virtio-net header, headers */
#define PIECES (AVPN_COALESCE_SLICES - SLICES_BEFORE)

struct stretch {
    struct avpni_piece first;
    uint32_t count;      /* pieces */
    uint32_t payload;    /* bytes of them all */
    const uint8_t *last; /* the last piece */
    bool is_first_sound;
    struct avpn_slice slices[AVPN_COALESCE_SLICES];
};

struct avpn_coalescer {
    struct avpni_memory memory;
    uint32_t kinds;
    uint32_t open; /* stretches: the first of `order`, the oldest first; the others are free */
    struct stretch *order[STRETCHES];
    struct stretch stretches[STRETCHES];
    void (*write)(void *user, const struct avpn_slice *slices, size_t count);
    void *user;
};

int32_t avpn_coalescer_new(const struct avpn_host *host, uint32_t kinds,
                           struct avpn_coalescer **coalescer_out)
{
    struct avpn_coalescer *coalescer;
    struct avpni_memory memory;
    int32_t result = avpni_memory_init(&memory, host);

    if (result != AVPN_OK)
        return result;
    if ((kinds & ~KINDS) != 0)
        return AVPN_ERROR_ARGUMENT;
    coalescer = avpni_allocate(&memory, 1, sizeof *coalescer);
    if (coalescer == NULL)
        return AVPN_ERROR_MEMORY;
    coalescer->memory = memory;
    coalescer->kinds = kinds;
    for (uint32_t i = 0; i < STRETCHES; i++)
        coalescer->order[i] = &coalescer->stretches[i];
    *coalescer_out = coalescer;
    return AVPN_OK;
}

void avpn_coalescer_del(struct avpn_coalescer *coalescer)
{
    if (coalescer != NULL)
        avpni_release(&coalescer->memory, coalescer);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_single(const struct avpn_coalescer *c, const uint8_t *packet, uint32_t bytes)
{
    static const uint8_t nothing[AVPN_VNET_BYTES];
    const struct avpn_slice slices[] = {{nothing, sizeof nothing}, {packet, bytes}};

    c->write(c->user, slices, 2);
}

/* The headers of the whole: its lengths, the last piece's flags, and of the transport checksum the pseudo header's part. */
static void make_headers(const struct stretch *s, uint8_t *headers)
{
    const struct avpni_piece *first = &s->first;
    uint32_t bytes = first->header_bytes + s->payload, length = bytes - first->transport;
    uint8_t *transport = headers + first->transport;
    bool is_udp = first->kind == AVPN_OFFLOAD_UDP;
    uint64_t sum =
        avpni_pseudo_sum(first->packet, is_udp ? AVPNI_PROTOCOL_UDP : AVPNI_PROTOCOL_TCP);

    memcpy(headers, first->packet, first->header_bytes);
    avpni_network_length(headers, bytes);
    if (is_udp)
        avpni_word_put(transport + AVPNI_UDP_LENGTH, length);
    else
        transport[AVPNI_TCP_FLAGS] = s->last[first->transport + AVPNI_TCP_FLAGS];
    avpni_word_put(transport + avpni_offload_checksum(first->kind), avpni_sum_fold(sum + length));
}

static void write_stretch(const struct avpn_coalescer *c, struct stretch *s)
{
    const struct avpni_piece *first = &s->first;
    uint8_t vnet[AVPN_VNET_BYTES], headers[AVPNI_PIECE_HEADERS];
    const struct avpn_offload offload = {
        .kind = first->kind,
        .needs_checksum = 1,
        .segment_bytes = (uint16_t)(first->bytes - first->header_bytes),
        .checksum_start = first->transport,
        .checksum_offset = (uint16_t)avpni_offload_checksum(first->kind),
    };

    if (s->count == 1) {
        write_single(c, first->packet, first->bytes);
        return;
    }
    avpni_offload_write(&offload, first->header_bytes, vnet);
    make_headers(s, headers);
    s->slices[0] = (struct avpn_slice){vnet, sizeof vnet};
    s->slices[1] = (struct avpn_slice){headers, first->header_bytes};
    c->write(c->user, s->slices, SLICES_BEFORE + s->count);
}

/* Write the stretch at this place of the order, and close it. */
static void close_stretch(struct avpn_coalescer *c, uint32_t place)
{
    struct stretch *s = c->order[place];

    write_stretch(c, s);
    c->open--;
    memmove(&c->order[place], &c->order[place + 1], (c->open - place) * sizeof c->order[0]);
    c->order[c->open] = s;
}

static void close_all(struct avpn_coalescer *c)
{
    for (uint32_t i = 0; i < c->open; i++)
        write_stretch(c, c->order[i]);
    c->open = 0;
}

/* ---- what is no piece ------------------------------------------------------------------------- */

/* The addresses of the stretch are those of this packet, which has been parsed. */
static bool has_addresses(const struct stretch *s, const uint8_t *packet)
{
    const uint8_t *first = s->first.packet;

    if (packet[0] >> 4 != first[0] >> 4)
        return false;
    return first[0] >> 4 == 4 ? memcmp(packet + 12, first + 12, 8) == 0
                              : memcmp(packet + 8, first + 8, 32) == 0;
}

static bool has_ports(const struct stretch *s, const struct avpni_transport *t)
{
    const uint8_t *ports = s->first.packet + s->first.transport;
    bool is_udp = s->first.kind == AVPN_OFFLOAD_UDP;

    return t->protocol == (is_udp ? AVPNI_PROTOCOL_UDP : AVPNI_PROTOCOL_TCP) &&
           t->source_port == avpni_word_at(ports) &&
           t->destination_port == avpni_word_at(ports + 2);
}

/* Whether the flow of a packet is known; a fragment's ports are those of the first one only. */
static bool find_flow(const uint8_t *packet, uint32_t bytes, struct avpni_transport *t)
{
    return avpni_inner_transport(packet, bytes, t) && !t->is_fragment &&
           (t->protocol == AVPNI_PROTOCOL_TCP || t->protocol == AVPNI_PROTOCOL_UDP);
}

static void close_touched(struct avpn_coalescer *c, const uint8_t *packet, uint32_t bytes)
{
    struct avpni_transport t;
    bool is_known = find_flow(packet, bytes, &t);

    for (uint32_t i = 0; i < c->open;) {
        if (has_addresses(c->order[i], packet) && (!is_known || has_ports(c->order[i], &t)))
            close_stretch(c, i);
        else
            i++;
    }
}

static void take_other(struct avpn_coalescer *c, const uint8_t *packet, uint32_t bytes)
{
    struct avpn_address source, destination;

    if (c->open > 0 && avpni_inner_parse(packet, bytes, &source, &destination))
        close_touched(c, packet, bytes);
    else
        close_all(c);
    write_single(c, packet, bytes);
}

/* ---- what is a piece --------------------------------------------------------------------------- */

/* The place of the stretch of a flow, or `open`. The newest is the likeliest. */
static uint32_t find_stretch(const struct avpn_coalescer *c, const struct avpni_piece *piece)
{
    for (uint32_t i = c->open; i-- > 0;)
        if (avpni_piece_is_same_flow(&c->order[i]->first, piece))
            return i;
    return c->open;
}

static void add_piece(struct stretch *s, const struct avpni_piece *piece)
{
    uint32_t payload = piece->bytes - piece->header_bytes;

    s->slices[SLICES_BEFORE + s->count] =
        (struct avpn_slice){piece->packet + piece->header_bytes, payload};
    s->count++;
    s->payload += payload;
    s->last = piece->packet;
}

static void open_stretch(struct avpn_coalescer *c, const struct avpni_piece *first)
{
    if (c->open == STRETCHES)
        close_stretch(c, 0);
    struct stretch *s = c->order[c->open++];

    s->first = *first;
    s->count = s->payload = 0;
    s->is_first_sound = false;
    add_piece(s, first);
}

static bool is_joinable(struct stretch *s, const struct avpni_piece *piece)
{
    if (s->count == PIECES || s->payload + piece->bytes > AVPN_PACKET_LIMIT ||
        !avpni_piece_follows(&s->first, s->count, s->payload, piece))
        return false;
    if (!s->is_first_sound)
        s->is_first_sound = avpni_piece_is_sound(&s->first);
    return s->is_first_sound && avpni_piece_is_sound(piece);
}

static void take_piece(struct avpn_coalescer *c, const struct avpni_piece *piece)
{
    uint32_t place = find_stretch(c, piece);

    if (place < c->open && is_joinable(c->order[place], piece)) {
        add_piece(c->order[place], piece);
        if (piece->ends || piece->bytes < c->order[place]->first.bytes)
            close_stretch(c, place);
        return;
    }
    if (place < c->open)
        close_stretch(c, place);
    if (piece->ends)
        write_single(c, piece->packet, piece->bytes);
    else
        open_stretch(c, piece);
}

static void take(struct avpn_coalescer *c, const uint8_t *packet, uint32_t bytes)
{
    struct avpni_piece piece;

    if (avpni_piece_read(packet, bytes, &piece) && (c->kinds & 1u << piece.kind) != 0)
        take_piece(c, &piece);
    else
        take_other(c, packet, bytes);
}

void avpn_coalesce(struct avpn_coalescer *coalescer, const struct avpn_packets *batch, size_t count,
                   void (*write)(void *user, const struct avpn_slice *slices, size_t count),
                   void *user)
{
    coalescer->write = write;
    coalescer->user = user;
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i];

        for (uint32_t k = 0; k < run->count; k++)
            take(coalescer, run->data + (size_t)k * run->stride,
                 k + 1 < run->count ? run->bytes : run->last_bytes);
    }
    close_all(coalescer);
}
