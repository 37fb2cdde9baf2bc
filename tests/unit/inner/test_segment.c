/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "packets.h"
#include "reference.h"
#include "supers.h"

#include <stdlib.h>
#include <string.h>

#define FIN 0x01
#define SYN 0x02
#define PSH 0x08
#define ACK 0x10
#define URG 0x20
#define ECE 0x40
#define CWR 0x80

static struct supers_super super;
static uint8_t piece[REFERENCE_LIMIT];

static uint32_t get(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] * 256 + bytes[1];
}

static void set(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value / 256);
    bytes[1] = (uint8_t)value;
}

/* Cut in a room and from a packet that are exactly as large as they have to be. The caller frees the room. */
static int32_t cut(const struct supers_super *s, uint8_t **room_out, struct avpn_packets *run_out)
{
    size_t capacity = avpn_segment_room(&s->offload, s->packet, s->bytes);
    uint8_t *packet = packets_exact(s->packet, s->bytes), *room = malloc(capacity + 1);
    int32_t result;

    ck_assert_ptr_nonnull(room);
    if (capacity > 0) {
        ck_assert_int_eq(avpn_segment(&s->offload, packet, s->bytes, room, capacity - 1, run_out),
                         AVPN_ERROR_LIMIT);
        free(room);
        room = malloc(capacity);
        ck_assert_ptr_nonnull(room);
    }
    result = avpn_segment(&s->offload, packet, s->bytes, room, capacity, run_out);
    ck_assert_int_eq(result, capacity > 0 ? AVPN_OK : AVPN_ERROR_FORMAT);
    ck_assert_mem_eq(packet, s->packet, s->bytes);
    free(packet);
    *room_out = room;
    return result;
}

static uint32_t bytes_of(const struct avpn_packets *run, uint32_t i)
{
    return i + 1 < run->count ? run->bytes : run->last_bytes;
}

/* The run is what the reference cuts, piece by piece, with the room of batch.h. */
static void check_run(const struct supers_super *s, const uint8_t *room,
                      const struct avpn_packets *run)
{
    ck_assert_ptr_eq(run->data, room + AVPN_HEADROOM);
    ck_assert_uint_eq(run->stride, avpn_sealed_bytes(run->bytes));
    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t bytes = reference_piece(&s->offload, s->packet, s->bytes, i, piece);
        const uint8_t *made = run->data + (size_t)i * run->stride;

        ck_assert_uint_eq(bytes_of(run, i), bytes);
        ck_assert_msg(memcmp(made, piece, bytes) == 0, "piece %u of %u", i, run->count);
        ck_assert_msg(packets_fault(made, bytes) == NULL, "piece %u: %s", i,
                      packets_fault(made, bytes));
    }
    ck_assert_uint_eq(reference_piece(&s->offload, s->packet, s->bytes, run->count, piece), 0);
}

/* ---- what comes out --------------------------------------------------------------------------- */

struct row {
    const char *name;
    struct supers_shape shape;
    uint32_t count, last;         /* pieces, payload of the last */
    uint8_t first, middle, final; /* TCP flags */
};

static const struct row rows[] = {
    {"TCP in IPv4", {4, 6, ACK, 0, 0, 1400, 4200}, 3, 1400, ACK, ACK, ACK},
    {"TCP in IPv6", {6, 6, ACK, 0, 0, 1400, 4200}, 3, 1400, ACK, ACK, ACK},
    {"a short last one", {4, 6, ACK, 12, 0, 1400, 4201}, 4, 1, ACK, ACK, ACK},
    {"PSH is for the last", {4, 6, ACK | PSH, 12, 0, 100, 300}, 3, 100, ACK, ACK, ACK | PSH},
    {"FIN is for the last", {6, 6, ACK | FIN, 12, 0, 100, 300}, 3, 100, ACK, ACK, ACK | FIN},
    {"both", {4, 6, ACK | FIN | PSH, 0, 0, 100, 300}, 3, 100, ACK, ACK, ACK | FIN | PSH},
    {"CWR is for the first", {4, 6, ACK | CWR, 0, 0, 100, 300}, 3, 100, ACK | CWR, ACK, ACK},
    {"CWR is for the first, in IPv6",
     {6, 6, ACK | CWR | PSH, 0, 0, 100, 300},
     3,
     100,
     ACK | CWR,
     ACK,
     ACK | PSH},
    {"ECE is for all", {4, 6, ACK | ECE, 0, 0, 100, 300}, 3, 100, ACK | ECE, ACK | ECE, ACK | ECE},
    {"URG is copied", {4, 6, ACK | URG, 0, 0, 100, 300}, 3, 100, ACK | URG, ACK | URG, ACK | URG},
    {"no more than one",
     {4, 6, ACK | PSH | CWR, 0, 0, 1400, 1400},
     1,
     1400,
     ACK | PSH | CWR,
     0,
     ACK | PSH | CWR},
    {"less than one", {6, 6, ACK | FIN, 0, 0, 1400, 7}, 1, 7, ACK | FIN, 0, ACK | FIN},
    {"no payload", {4, 6, ACK, 0, 0, 1400, 0}, 1, 0, ACK, 0, ACK},
    {"the largest segment size", {4, 6, ACK, 0, 0, 65535, 60000}, 1, 60000, ACK, 0, ACK},
    {"the smallest", {4, 6, ACK, 0, 0, 1, 1024}, 1024, 1, ACK, ACK, ACK},
    {"all options of TCP", {4, 6, ACK, 40, 0, 100, 250}, 3, 50, ACK, ACK, ACK},
    {"all options of both", {4, 6, ACK, 40, 40, 100, 250}, 3, 50, ACK, ACK, ACK},
    {"extension headers", {6, 6, ACK, 12, 64, 100, 250}, 3, 50, ACK, ACK, ACK},
    {"UDP in IPv4", {4, 17, 0, 0, 0, 1200, 3600}, 3, 1200, 0, 0, 0},
    {"UDP in IPv6", {6, 17, 0, 0, 0, 1200, 3601}, 4, 1, 0, 0, 0},
    {"UDP behind options", {4, 17, 0, 0, 40, 1200, 3601}, 4, 1, 0, 0, 0},
    {"UDP behind an extension header", {6, 17, 0, 0, 8, 1200, 3601}, 4, 1, 0, 0, 0},
    {"UDP of one byte each", {4, 17, 0, 0, 0, 1, 128}, 128, 1, 0, 0, 0},
    {"the largest packet", {4, 6, ACK, 0, 0, 1400, 65495}, 47, 1095, ACK, ACK, ACK},
    {"the largest packet of IPv6", {6, 17, 0, 0, 0, 1400, 65527}, 47, 1127, 0, 0, 0},
};

START_TEST(a_large_packet_becomes_the_packets_it_stands_for)
{
    const struct row *row = &rows[_i];
    uint64_t state = (uint64_t)_i;
    struct avpn_packets run;
    uint8_t *room;

    supers_make(&state, &row->shape, &super);
    ck_assert_msg(cut(&super, &room, &run) == AVPN_OK, "%s", row->name);
    ck_assert_msg(run.count == row->count, "%s: %u pieces", row->name, run.count);
    ck_assert_msg(run.last_bytes == super.headers + row->last, "%s", row->name);
    check_run(&super, room, &run);
    for (uint32_t i = 0; i < run.count && row->shape.protocol == 6; i++) {
        const uint8_t *made = run.data + (size_t)i * run.stride;
        uint8_t flags = i == 0 ? row->first : i + 1 == run.count ? row->final : row->middle;

        ck_assert_msg(made[super.transport + 13] == flags, "%s: piece %u", row->name, i);
    }
    free(room);
}
END_TEST

START_TEST(any_large_packet_is_cut_as_the_reference_cuts_it)
{
    uint64_t state = 1000 + (uint64_t)_i;

    for (int round = 0; round < 40; round++) {
        struct supers_shape shape;
        struct avpn_packets run;
        uint8_t *room;

        supers_shape_random(&state, &shape);
        supers_make(&state, &shape, &super);
        ck_assert_int_eq(cut(&super, &room, &run), AVPN_OK);
        check_run(&super, room, &run);
        free(room);
    }
}
END_TEST

START_TEST(numbers_wrap)
{
    static const struct supers_shape shape = {4, 6, ACK, 0, 0, 100, 300};
    static const uint8_t sequences[3][4] = {
        {0xFF, 0xFF, 0xFF, 0x38}, {0xFF, 0xFF, 0xFF, 0x9C}, {0, 0, 0, 0}};
    uint64_t state = 1;
    struct avpn_packets run;
    uint8_t *room;

    supers_make(&state, &shape, &super);
    set(super.packet + 4, 0xFFFF);
    memcpy(super.packet + 24, sequences[0], 4);
    ck_assert_int_eq(cut(&super, &room, &run), AVPN_OK);
    for (uint32_t i = 0; i < 3; i++) {
        const uint8_t *made = run.data + (size_t)i * run.stride;

        ck_assert_mem_eq(made + 24, sequences[i], 4);
        ck_assert_uint_eq(get(made + 4), i == 0 ? 0xFFFF : i - 1);
    }
    free(room);
}
END_TEST

/* The payload's last word makes the sum of the first piece what it takes. */
START_TEST(of_the_two_zeros_each_protocol_writes_its_own)
{
    static const struct supers_shape shapes[] = {{4, 6, ACK, 0, 0, 100, 200},
                                                 {6, 6, ACK, 0, 0, 100, 200},
                                                 {4, 17, 0, 0, 0, 100, 200},
                                                 {6, 17, 0, 0, 0, 100, 200}};

    for (int i = 0; i < HARNESS_COUNT(shapes); i++) {
        uint64_t state = (uint64_t)i;
        struct avpn_packets run;
        uint8_t *room, *word;

        supers_make(&state, &shapes[i], &super);
        word = super.packet + super.headers + 98;
        set(word, 0);
        reference_piece(&super.offload, super.packet, super.bytes, 0, piece);
        set(word, get(piece + super.transport + super.offload.checksum_offset));
        ck_assert_int_eq(cut(&super, &room, &run), AVPN_OK);
        ck_assert_uint_eq(get(run.data + super.transport + super.offload.checksum_offset),
                          shapes[i].protocol == 17 ? 0xFFFF : 0);
        check_run(&super, room, &run);
        free(room);
    }
}
END_TEST

START_TEST(one_room_is_enough_for_whatever_is_not_refused)
{
    static const struct supers_shape shapes[] = {{6, 6, ACK, 40, 152, 63, 64500},
                                                 {4, 6, ACK, 40, 40, 64, 65000},
                                                 {6, 17, 0, 0, 0, 65, 65527}};

    for (int i = 0; i < HARNESS_COUNT(shapes); i++) {
        uint64_t state = 1;
        size_t room;

        supers_make(&state, &shapes[i], &super);
        room = avpn_segment_room(&super.offload, super.packet, super.bytes);
        ck_assert_uint_gt(room, 0);
        ck_assert_uint_le(room, AVPN_SEGMENT_ROOM);
    }
}
END_TEST

/* A packet with a checksum that was found right before is cut too, and its pieces get their own. */
START_TEST(tcp_that_was_checked_already_is_cut_likewise)
{
    static const struct supers_shape shape = {4, 6, ACK, 12, 0, 100, 300};
    uint64_t state = 1;
    struct avpn_packets run;
    uint8_t *room;

    supers_make(&state, &shape, &super);
    packets_seal(super.packet, super.bytes, false);
    super.offload = (struct avpn_offload){.kind = AVPN_OFFLOAD_TCP4, .segment_bytes = 100};
    ck_assert_int_eq(cut(&super, &room, &run), AVPN_OK);
    check_run(&super, room, &run);
    free(room);
}
END_TEST

/* ---- what is refused -------------------------------------------------------------------------- */

enum { TCP4, TCP6, UDP4, UDP6, TCP6_CHAIN };

static const struct supers_shape bases[] = {{4, 6, ACK, 12, 0, 100, 300},
                                            {6, 6, ACK, 12, 0, 100, 300},
                                            {4, 17, 0, 0, 0, 100, 300},
                                            {6, 17, 0, 0, 0, 100, 300},
                                            {6, 6, ACK, 0, 8, 100, 300}};

struct refusal {
    const char *name;
    int base;
    void (*spoil)(struct supers_super *);
};

static void make_length_short(struct supers_super *s)
{
    set(s->packet + (s->packet[0] / 16 == 4 ? 2 : 4), 200);
}
static void make_cut(struct supers_super *s)
{
    s->bytes -= 1;
}
static void make_tiny(struct supers_super *s)
{
    s->bytes = 1;
}
static void make_empty(struct supers_super *s)
{
    s->bytes = 0;
}
static void make_first_fragment(struct supers_super *s)
{
    s->packet[6] |= 0x20;
}
static void make_later_fragment(struct supers_super *s)
{
    s->packet[7] = 1;
}
static void make_other_version(struct supers_super *s)
{
    s->packet[0] = (uint8_t)(s->packet[0] / 16 == 4 ? 0x60 : 0x45);
}
static void make_other_kind(struct supers_super *s)
{
    s->offload.kind = s->offload.kind == AVPN_OFFLOAD_TCP4 ? AVPN_OFFLOAD_TCP6 : AVPN_OFFLOAD_TCP4;
}
static void make_kind_of_other_protocol(struct supers_super *s)
{
    bool is_udp = s->offload.kind == AVPN_OFFLOAD_UDP;

    s->offload.kind = is_udp ? AVPN_OFFLOAD_TCP4 : AVPN_OFFLOAD_UDP;
    s->offload.checksum_offset = is_udp ? 16 : 6;
}
static void make_udp_lite(struct supers_super *s)
{
    s->packet[9] = 136;
}
static void make_unknown_kind(struct supers_super *s)
{
    s->offload.kind = 4;
}
static void make_segment_nothing(struct supers_super *s)
{
    s->offload.segment_bytes = 0;
}
static void make_too_many(struct supers_super *s)
{
    struct supers_shape shape = {4, 6, ACK, 0, 0, 1, AVPN_SEGMENT_PIECES + 1};
    uint64_t state = 1;

    supers_make(&state, &shape, s);
}
static void make_piece_too_large(struct supers_super *s)
{
    struct supers_shape shape = {6, 17, 0, 0, 0, 65500, 65527};
    uint64_t state = 1;

    supers_make(&state, &shape, s);
}
static void make_tcp_header_short(struct supers_super *s)
{
    s->packet[s->transport + 12] = 0x40;
}
static void make_tcp_header_long(struct supers_super *s)
{
    struct supers_shape shape = {4, 6, ACK, 0, 0, 100, 39};
    uint64_t state = 1;

    supers_make(&state, &shape, s);
    s->packet[s->transport + 12] = 0xF0;
}
static void make_tcp_cut(struct supers_super *s)
{
    struct supers_shape shape = {4, 6, ACK, 0, 0, 100, 0};
    uint64_t state = 1;

    supers_make(&state, &shape, s);
    s->bytes = 32; /* the byte that tells the header's length is the next */
    set(s->packet + 2, 32);
}
static void make_udp_cut(struct supers_super *s)
{
    s->bytes = s->transport + 7;
    if (s->packet[0] / 16 == 4)
        set(s->packet + 2, s->bytes);
    else
        set(s->packet + 4, s->bytes - 40);
    set(s->packet + s->transport + 4, 7);
}
static void make_udp_length_lie(struct supers_super *s)
{
    set(s->packet + s->transport + 4, s->bytes - s->transport - 1);
}
static void make_no_checksum_asked(struct supers_super *s)
{
    s->offload.needs_checksum = 0;
}
static void make_checksum_elsewhere(struct supers_super *s)
{
    s->offload.checksum_start += 2;
}
static void make_checksum_at_other_offset(struct supers_super *s)
{
    s->offload.checksum_offset = 8;
}
static void make_authenticated(struct supers_super *s)
{
    s->packet[6] = 51;
    s->packet[41] = 0;
}
static void make_atomic_fragment(struct supers_super *s)
{
    s->packet[6] = 44;
    memset(s->packet + 41, 0, 7);
}
static void make_fragment6(struct supers_super *s)
{
    make_atomic_fragment(s);
    s->packet[43] = 1;
}
static void make_mobile(struct supers_super *s)
{
    s->packet[6] = 135;
}
static void make_routed(struct supers_super *s)
{
    s->packet[6] = 43;
    s->packet[43] = 1;
}
static void make_chain_lie(struct supers_super *s)
{
    s->packet[41] = 255;
}
static void make_headers_too_long(struct supers_super *s)
{
    struct supers_shape shape = {6, 6, ACK, 40, 160, 100, 300};
    uint64_t state = 1;

    supers_make(&state, &shape, s);
}

static const struct refusal refusals[] = {
    {"a length that is less", TCP4, make_length_short},
    {"a length that is less, in IPv6", TCP6, make_length_short},
    {"a byte missing", TCP4, make_cut},
    {"a byte missing, in IPv6", UDP6, make_cut},
    {"one byte", TCP4, make_tiny},
    {"nothing", TCP4, make_empty},
    {"a first fragment", TCP4, make_first_fragment},
    {"a later fragment", UDP4, make_later_fragment},
    {"a version that is none of both", TCP4, make_other_version},
    {"IPv6 that says it were IPv4", TCP6, make_other_version},
    {"the kind of the other version", TCP4, make_other_kind},
    {"the kind of the other version, in IPv6", TCP6, make_other_kind},
    {"TCP as UDP", TCP4, make_kind_of_other_protocol},
    {"UDP as TCP", UDP4, make_kind_of_other_protocol},
    {"UDP-Lite as UDP", UDP4, make_udp_lite},
    {"an unknown kind", TCP4, make_unknown_kind},
    {"a segment size of nothing", TCP4, make_segment_nothing},
    {"a segment size of nothing, in UDP", UDP6, make_segment_nothing},
    {"too many pieces", TCP4, make_too_many},
    {"a piece that is larger than a packet may be", UDP6, make_piece_too_large},
    {"a TCP header that is too short", TCP6, make_tcp_header_short},
    {"a TCP header beyond the end", TCP4, make_tcp_header_long},
    {"a TCP header that is cut", TCP4, make_tcp_cut},
    {"a UDP header that is cut", UDP4, make_udp_cut},
    {"a UDP header that is cut, in IPv6", UDP6, make_udp_cut},
    {"a UDP length that lies", UDP4, make_udp_length_lie},
    {"UDP without a checksum to make", UDP4, make_no_checksum_asked},
    {"a checksum elsewhere", TCP4, make_checksum_elsewhere},
    {"a checksum at another offset", TCP6, make_checksum_at_other_offset},
    {"a checksum at another offset, in UDP", UDP4, make_checksum_at_other_offset},
    {"authentication", TCP6_CHAIN, make_authenticated},
    {"a fragment header", TCP6_CHAIN, make_atomic_fragment},
    {"a fragment in IPv6", TCP6_CHAIN, make_fragment6},
    {"a mobility header", TCP6_CHAIN, make_mobile},
    {"stops to come", TCP6_CHAIN, make_routed},
    {"a chain that goes beyond the end", TCP6_CHAIN, make_chain_lie},
    {"more than 256 bytes of headers", TCP6, make_headers_too_long},
};

START_TEST(what_cannot_be_cut_is_refused)
{
    const struct refusal *refusal = &refusals[_i];
    uint64_t state = 1;
    struct avpn_packets run = {0};
    uint8_t *room;

    supers_make(&state, &bases[refusal->base], &super);
    ck_assert_uint_ne(avpn_segment_room(&super.offload, super.packet, super.bytes), 0);
    refusal->spoil(&super);
    ck_assert_msg(cut(&super, &room, &run) == AVPN_ERROR_FORMAT, "%s", refusal->name);
    ck_assert_ptr_null(run.data);
    free(room);
}
END_TEST

/* ---- what is not to be cut -------------------------------------------------------------------- */

START_TEST(a_packet_that_is_not_to_be_cut_is_copied)
{
    static const uint8_t nonsense[] = {0xFF, 1, 2};
    struct avpn_offload offload = {0};
    uint8_t room[AVPN_HEADROOM + 3 + AVPN_TAILROOM];
    struct avpn_packets run;

    ck_assert_uint_eq(avpn_segment_room(&offload, nonsense, 3), sizeof room);
    ck_assert_int_eq(avpn_segment(&offload, nonsense, 3, room, sizeof room, &run), AVPN_OK);
    ck_assert_uint_eq(run.count, 1);
    ck_assert_uint_eq(run.bytes, 3);
    ck_assert_uint_eq(run.last_bytes, 3);
    ck_assert_mem_eq(run.data, nonsense, 3);
    ck_assert_uint_eq(avpn_segment_room(&offload, nonsense, 0), 0);
    ck_assert_uint_eq(avpn_segment_room(&offload, super.packet, AVPN_PACKET_LIMIT + 1), 0);
    ck_assert_uint_ne(avpn_segment_room(&offload, super.packet, AVPN_PACKET_LIMIT), 0);
}
END_TEST

/* Of any protocol with a checksum over all that follows, here of those packets.c knows. */
START_TEST(a_checksum_that_was_left_open_is_completed)
{
    uint64_t state = 1 + (uint64_t)_i;
    struct avpn_address from = packets_address(_i % 2 != 0 ? "10.0.0.1" : "fd00::1");
    struct avpn_address to = packets_address(_i % 2 != 0 ? "10.9.0.1" : "fd09::1");

    for (int round = 0; round < 200; round++) {
        struct packets_packet p;
        struct packets_view view;
        struct avpn_packets run;
        uint8_t *room;

        packets_random(&state, &from, &to, 300, &p);
        ck_assert(packets_look(p.bytes, p.count, &view));
        if (!view.is_whole || !view.has_pseudo)
            continue;
        memcpy(super.packet, p.bytes, p.count);
        super.bytes = p.count;
        super.offload =
            (struct avpn_offload){.needs_checksum = 1,
                                  .checksum_start = (uint16_t)view.transport,
                                  .checksum_offset = (uint16_t)(view.checksum - view.transport)};
        /* What remains of the whole sum without the rest of the transport is the pseudo header's. */
        set(super.packet + view.checksum, 0);
        uint32_t whole = packets_transport_sum(super.packet, p.count, &view);
        uint32_t rest = packets_sum(0, super.packet + view.transport, p.count - view.transport);

        set(super.packet + view.checksum,
            packets_sum(
                whole,
                (const uint8_t[2]){(uint8_t)((0xFFFF - rest) / 256), (uint8_t)(0xFFFF - rest)}, 2));
        ck_assert_int_eq(cut(&super, &room, &run), AVPN_OK);
        ck_assert_uint_eq(run.count, 1);
        ck_assert_uint_eq(run.last_bytes, p.count);
        ck_assert_msg(packets_fault(run.data, p.count) == NULL, "protocol %u", view.protocol);
        memcpy(super.packet + view.checksum, run.data + view.checksum, 2);
        ck_assert_mem_eq(run.data, super.packet, p.count);
        free(room);
    }
}
END_TEST

START_TEST(a_checksum_that_would_be_zero_is_written_as_ffff)
{
    static const struct supers_shape shape = {4, 17, 0, 0, 0, 100, 100};
    uint64_t state = 1;
    struct avpn_packets run;
    uint8_t *room;

    supers_make(&state, &shape, &super);
    set(super.packet + 126, 0);
    reference_piece(&super.offload, super.packet, super.bytes, 0, piece);
    set(super.packet + 126, get(piece + 26));
    super.offload.kind = AVPN_OFFLOAD_NONE;
    ck_assert_int_eq(cut(&super, &room, &run), AVPN_OK);
    ck_assert_uint_eq(get(run.data + 26), 0xFFFF);
    free(room);
}
END_TEST

START_TEST(a_checksum_that_cannot_be_is_refused)
{
    static const struct {
        const char *name;
        int base;
        uint16_t start, offset;
        uint8_t fragment;
        bool is_allowed;
    } cases[] = {
        {"UDP", UDP4, 20, 6, 0, true},
        {"further inside", UDP4, 40, 16, 0, true},
        {"at the end", UDP4, 20, 106, 0, true},
        {"beyond the end", UDP4, 20, 108, 0, false},
        {"half beyond the end", UDP4, 21, 106, 0, false},
        {"far beyond the end", UDP4, 65535, 65534, 0, false},
        {"in the network header", UDP4, 18, 6, 0, false},
        {"from the beginning", UDP4, 0, 26, 0, false},
        {"in the header of IPv6", UDP6, 38, 16, 0, false},
        {"behind the header of IPv6", UDP6, 40, 16, 0, true},
        {"at an odd offset", UDP4, 20, 5, 0, false},
        {"of a fragment", UDP4, 20, 6, 0x20, false},
    };

    for (int i = 0; i < HARNESS_COUNT(cases); i++) {
        struct avpn_packets run;
        uint64_t state = 1;
        uint8_t *room;

        supers_make(&state, &bases[cases[i].base], &super);
        if (cases[i].base == UDP4) {
            super.bytes = 128;
            set(super.packet + 2, 128);
        }
        super.packet[6] |= cases[i].fragment;
        super.offload = (struct avpn_offload){.needs_checksum = 1,
                                              .checksum_start = cases[i].start,
                                              .checksum_offset = cases[i].offset};
        ck_assert_msg((cut(&super, &room, &run) == AVPN_OK) == cases[i].is_allowed, "%s",
                      cases[i].name);
        free(room);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_large_packet_becomes_the_packets_it_stands_for, HARNESS_COUNT(rows)),
    HARNESS_LOOP(any_large_packet_is_cut_as_the_reference_cuts_it, 8),
    HARNESS_CASE(numbers_wrap),
    HARNESS_CASE(of_the_two_zeros_each_protocol_writes_its_own),
    HARNESS_CASE(one_room_is_enough_for_whatever_is_not_refused),
    HARNESS_CASE(tcp_that_was_checked_already_is_cut_likewise),
    HARNESS_LOOP(what_cannot_be_cut_is_refused, HARNESS_COUNT(refusals)),
    HARNESS_CASE(a_packet_that_is_not_to_be_cut_is_copied),
    HARNESS_LOOP(a_checksum_that_was_left_open_is_completed, 8),
    HARNESS_CASE(a_checksum_that_would_be_zero_is_written_as_ffff),
    HARNESS_CASE(a_checksum_that_cannot_be_is_refused),
};

HARNESS_MAIN("inner/segment", cases)
