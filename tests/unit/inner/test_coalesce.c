/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "packets.h"
#include "reference.h"
#include "supers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10
#define URG 0x20
#define ECE 0x40
#define CWR 0x80
#define ALL (AVPN_COALESCE_TCP4 | AVPN_COALESCE_TCP6 | AVPN_COALESCE_UDP)
#define LIMIT 256 /* packets at a time */

/* What goes in. Each on the heap in its exact size, so that a sanitizer sees what is read beyond. */
static struct {
    uint8_t *bytes;
    uint32_t count;
} in[LIMIT];
static uint32_t in_count;

/* What comes out, cut again. */
static struct {
    uint8_t *bytes;
    uint32_t count;
} out[LIMIT];
static uint32_t out_count;
static char written[1024]; /* "3 1": three joined, then one */
static uint8_t flat[AVPN_VNET_BYTES + REFERENCE_LIMIT], piece[REFERENCE_LIMIT];
static struct supers_super super;

static uint32_t get(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] * 256 + bytes[1];
}

static void set(uint8_t *bytes, uint32_t value)
{
    bytes[0] = (uint8_t)(value / 256);
    bytes[1] = (uint8_t)value;
}

static void put_in(const uint8_t *bytes, uint32_t count)
{
    ck_assert_uint_lt(in_count, LIMIT);
    in[in_count].bytes = packets_exact(bytes, count);
    in[in_count++].count = count;
}

static void put_out(const uint8_t *bytes, uint32_t count)
{
    ck_assert_uint_lt(out_count, LIMIT);
    out[out_count].bytes = packets_exact(bytes, count);
    out[out_count++].count = count;
}

static void clear(void)
{
    while (in_count > 0)
        free(in[--in_count].bytes);
    while (out_count > 0)
        free(out[--out_count].bytes);
    written[0] = 0;
}

static bool is_borrowed(const struct avpn_slice *slice)
{
    const uint8_t *bytes = slice->bytes;

    for (uint32_t i = 0; i < in_count; i++)
        if (bytes >= in[i].bytes && bytes + slice->count <= in[i].bytes + in[i].count)
            return true;
    return false;
}

/* A joined packet is one that a kernel would hand over: headers are true, and the checksum is begun. */
static void check_joined(const struct avpn_offload *offload, const uint8_t *packet, uint32_t bytes,
                         const struct avpn_slice *slices, size_t count)
{
    struct supers_super expected = {.offload = *offload, .bytes = bytes};
    uint32_t headers = reference_headers(packet);
    uint16_t hint;

    memcpy(&hint, flat + 2, sizeof hint);
    ck_assert_uint_eq(hint, headers);
    ck_assert_uint_eq(slices[1].count, headers);
    for (size_t i = 2; i < count; i++) {
        ck_assert(is_borrowed(&slices[i]));
        ck_assert(i + 1 < count ? slices[i].count == offload->segment_bytes
                                : slices[i].count <= offload->segment_bytes);
    }
    expected.transport = offload->checksum_start;
    memcpy(expected.packet, packet, bytes);
    supers_prepare_checksum(&expected);
    ck_assert_mem_eq(expected.packet, packet, bytes);
    if (packet[0] / 16 == 4)
        ck_assert_uint_eq(packets_sum(0, packet, 20), 0xFFFF);
    ck_assert_uint_eq(get(packet + (packet[0] / 16 == 4 ? 2 : 4)),
                      packet[0] / 16 == 4 ? bytes : bytes - 40);
    if (offload->kind == AVPN_OFFLOAD_UDP)
        ck_assert_uint_eq(get(packet + offload->checksum_start + 4),
                          bytes - offload->checksum_start);
    ck_assert_uint_gt(avpn_segment_room(offload, packet, bytes), 0);
}

static void take_written(void *user, const struct avpn_slice *slices, size_t count)
{
    struct avpn_offload offload;
    uint32_t bytes = 0, pieces = 0, made;

    ck_assert_ptr_eq(user, in);
    ck_assert_uint_ge(count, 2);
    ck_assert_uint_le(count, AVPN_COALESCE_SLICES);
    ck_assert_uint_eq(slices[0].count, AVPN_VNET_BYTES);
    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_le(bytes + slices[i].count, AVPN_VNET_BYTES + AVPN_PACKET_LIMIT);
        memcpy(flat + bytes, slices[i].bytes, slices[i].count);
        bytes += (uint32_t)slices[i].count;
    }
    bytes -= AVPN_VNET_BYTES;
    const uint8_t *packet = flat + AVPN_VNET_BYTES;

    ck_assert_int_eq(avpn_offload_read(flat, bytes, &offload), AVPN_OK);
    if (offload.kind == AVPN_OFFLOAD_NONE) {
        static const uint8_t nothing[AVPN_VNET_BYTES];

        ck_assert_mem_eq(flat, nothing, sizeof nothing);
        ck_assert_uint_eq(count, 2);
        ck_assert(is_borrowed(&slices[1]));
        put_out(packet, bytes);
        pieces = 1;
    } else {
        check_joined(&offload, packet, bytes, slices, count);
        while ((made = reference_piece(&offload, packet, bytes, pieces, piece)) > 0) {
            put_out(piece, made);
            pieces++;
        }
        ck_assert_uint_ge(pieces, 2);
        ck_assert_uint_eq(pieces, count - 2);
    }
    snprintf(written + strlen(written), sizeof written - strlen(written), "%s%u",
             written[0] != 0 ? " " : "", pieces);
}

/* All that is in, each as a run of its own. */
static void coalesce(uint32_t kinds)
{
    struct avpn_packets batch[LIMIT];
    struct avpn_coalescer *coalescer;

    for (uint32_t i = 0; i < in_count; i++)
        batch[i] = (struct avpn_packets){in[i].bytes, 1, in[i].count, in[i].count, 0};
    ck_assert_int_eq(avpn_coalescer_new(NULL, kinds, &coalescer), AVPN_OK);
    avpn_coalesce(coalescer, batch, in_count, take_written, in);
    avpn_coalescer_del(coalescer);
}

static bool is_equal(uint32_t i, uint32_t o)
{
    return in[i].count == out[o].count && memcmp(in[i].bytes, out[o].bytes, in[i].count) == 0;
}

/*
 * Each packet came out as it was, and those that may be of one flow in their order. Of equal ones the n-th is the n-th.
 */
static void check_all_came_out(void)
{
    uint32_t place[LIMIT];

    ck_assert_uint_eq(out_count, in_count);
    for (uint32_t i = 0; i < in_count; i++) {
        uint32_t same = 0, o = 0;

        for (uint32_t k = 0; k < i; k++)
            same +=
                in[k].count == in[i].count && memcmp(in[k].bytes, in[i].bytes, in[i].count) == 0;
        while (o < out_count && (!is_equal(i, o) || same-- > 0))
            o++;
        ck_assert_msg(o < out_count, "packet %u is not there as it was", i);
        place[i] = o;
    }
    for (uint32_t i = 0; i < in_count; i++)
        for (uint32_t k = i + 1; k < in_count; k++)
            ck_assert_msg(place[i] < place[k] || !reference_is_related(in[i].bytes, in[i].count,
                                                                       in[k].bytes, in[k].count),
                          "packet %u overtook packet %u", k, i);
}

static void put_pieces(const struct supers_super *s)
{
    uint32_t bytes;

    for (uint32_t i = 0; (bytes = reference_piece(&s->offload, s->packet, s->bytes, i, piece)) > 0;
         i++)
        put_in(piece, bytes);
}

/* ---- rules ------------------------------------------------------------------------------------ */

enum { TCP4, TCP6, UDP4, UDP6 };

/* Four pieces, the last one shorter. */
static const struct supers_shape bases[] = {{4, 6, ACK, 12, 0, 100, 350},
                                            {6, 6, ACK, 12, 0, 100, 350},
                                            {4, 17, 0, 0, 0, 100, 350},
                                            {6, 17, 0, 0, 0, 100, 350}};

/* Change bytes of packets `from` to `to`; checksums are made right again. */
struct rule {
    const char *name;
    int base;
    uint32_t from, to;
    int at; /* in the packet; negative: in the transport header, from its end at -1 on: -1 - offset */
    uint8_t flip; /* bits */
    const char *written;
};

#define T(offset_) (-1 - (offset_))

static const struct rule rules[] = {
    {"TCP in IPv4", TCP4, 0, 0, 0, 0, "4"},
    {"TCP in IPv6", TCP6, 0, 0, 0, 0, "4"},
    {"UDP in IPv4", UDP4, 0, 0, 0, 0, "4"},
    {"UDP in IPv6", UDP6, 0, 0, 0, 0, "4"},
    {"other DSCP", TCP4, 2, 4, 1, 0x04, "2 2"},
    {"other ECN", TCP4, 2, 4, 1, 0x01, "2 2"},
    {"one with a mark of congestion", UDP4, 1, 2, 1, 0x03, "1 1 2"},
    {"other class in IPv6", TCP6, 2, 4, 0, 0x01, "2 2"},
    {"other ECN in IPv6", TCP6, 2, 4, 1, 0x10, "2 2"},
    {"other flow label", TCP6, 2, 4, 3, 0x01, "2 2"},
    {"other flow label, its first bits", UDP6, 2, 4, 1, 0x08, "2 2"},
    {"an identification that is not the next", TCP4, 2, 3, 5, 0x80, "2 1 1"},
    {"an identification that is not the next in UDP", UDP4, 2, 4, 4, 0x80, "2 2"},
    {"DF or not", TCP4, 2, 4, 6, 0x40, "2 2"},
    {"a reserved flag", TCP4, 0, 4, 6, 0x80, "1 1 1 1"},
    {"first fragments", UDP4, 0, 4, 6, 0x20, "1 1 1 1"},
    {"a later fragment", TCP4, 2, 3, 7, 0x01, "2 1 1"},
    {"other TTL", TCP4, 2, 4, 8, 0x02, "2 2"},
    {"other hop limit", UDP6, 2, 4, 7, 0x02, "2 2"},
    {"another protocol in between", TCP4, 1, 2, 9, 0x80, "1 1 2"},
    {"another next header in between", TCP6, 1, 2, 6, 0x80, "1 1 2"},
    {"of another source", TCP4, 1, 2, 13, 0x01, "1 2 1"},
    {"of another destination", TCP4, 1, 2, 19, 0x01, "1 2 1"},
    {"of another source in IPv6", UDP6, 1, 2, 8, 0x01, "3 1"},
    {"of another destination in IPv6", UDP6, 1, 2, 39, 0x02, "3 1"},
    {"from another port", UDP4, 1, 2, T(1), 0x01, "1 2 1"},
    {"to another port", UDP4, 1, 2, T(2), 0x01, "1 2 1"},
    {"to another port in IPv6", UDP6, 1, 2, T(3), 0x01, "3 1"},
    {"a sequence number that is not the next", TCP6, 2, 4, T(7), 0x01, "2 2"},
    {"a sequence number far away", TCP6, 2, 4, T(4), 0x80, "2 2"},
    {"another acknowledgment", TCP6, 2, 4, T(8), 0x80, "2 2"},
    {"another acknowledgment, its last bit", TCP4, 2, 4, T(11), 0x01, "2 2"},
    {"accurate ECN in all", TCP6, 0, 4, T(12), 0x01, "4"},
    {"accurate ECN in some", TCP6, 2, 4, T(12), 0x01, "2 2"},
    {"a reserved bit in some", TCP4, 2, 4, T(12), 0x08, "2 2"},
    {"PSH", TCP4, 1, 2, T(13), PSH, "2 2"},
    {"PSH in the first", TCP4, 0, 1, T(13), PSH, "1 3"},
    {"PSH in the last", TCP4, 3, 4, T(13), PSH, "4"},
    {"PSH in all", TCP6, 0, 4, T(13), PSH, "1 1 1 1"},
    {"FIN", TCP6, 1, 2, T(13), FIN, "2 2"},
    {"FIN in the first", TCP6, 0, 1, T(13), FIN, "1 3"},
    {"FIN and PSH in the last", TCP6, 3, 4, T(13), FIN | PSH, "4"},
    {"SYN", TCP4, 0, 4, T(13), SYN, "1 1 1 1"},
    {"RST", TCP4, 0, 4, T(13), RST, "1 1 1 1"},
    {"URG", TCP4, 0, 4, T(13), URG, "1 1 1 1"},
    {"no ACK", TCP4, 0, 4, T(13), ACK, "1 1 1 1"},
    {"ECE in all", TCP4, 0, 4, T(13), ECE, "4"},
    {"ECE in some", TCP4, 2, 4, T(13), ECE, "2 2"},
    {"CWR in all", TCP4, 0, 4, T(13), CWR, "1 1 1 1"},
    {"CWR in the first", TCP4, 0, 1, T(13), CWR, "1 3"},
    {"CWR inside", TCP6, 2, 3, T(13), CWR, "2 1 1"},
    {"another window", TCP4, 2, 4, T(14), 0x80, "2 2"},
    {"another window, its last bit", TCP4, 2, 4, T(15), 0x01, "2 2"},
    {"another urgent pointer", TCP4, 2, 4, T(18), 0x80, "2 2"},
    {"another urgent pointer, its last bit", TCP4, 2, 4, T(19), 0x01, "2 2"},
    {"an option changed", TCP4, 2, 4, T(20), 0x01, "2 2"},
    {"an option changed, its last byte", TCP6, 2, 4, T(31), 0x01, "2 2"},
    {"other lengths of options", TCP6, 2, 4, T(12), 0x10, "2 1 1"},
    {"a TCP header beyond the end", TCP4, 3, 4, T(12), 0x70, "3 1"},
    {"a TCP header that is too short", TCP4, 0, 4, T(12), 0xC0, "1 1 1 1"},
};

START_TEST(only_what_cutting_makes_again_is_joined)
{
    const struct rule *rule = &rules[_i];
    uint64_t state = 7;

    clear();
    supers_make(&state, &bases[rule->base], &super);
    put_pieces(&super);
    ck_assert_uint_eq(in_count, 4);
    for (uint32_t i = rule->from; i < rule->to; i++) {
        uint32_t at =
            rule->at >= 0 ? (uint32_t)rule->at : super.transport + (uint32_t)(-1 - rule->at);

        in[i].bytes[at] ^= rule->flip;
        packets_seal(in[i].bytes, in[i].count, false);
    }
    coalesce(ALL);
    ck_assert_msg(strcmp(written, rule->written) == 0, "%s: \"%s\"", rule->name, written);
    check_all_came_out();
    clear();
}
END_TEST

/* In order of packets: what is wrong with which, and what is written. */
START_TEST(a_damaged_packet_stays_alone_as_it_is)
{
    clear();
    static const struct {
        int base;
        uint32_t which, at;
        const char *written;
    } damages[] = {
        {TCP4, 1, 10, "1 1 2"}, {TCP4, 0, 10, "1 3"},    {TCP4, 2, 70, "2 1 1"},
        {TCP4, 3, 80, "3 1"},   {TCP6, 1, 100, "1 1 2"}, {TCP6, 0, 100, "1 3"},
        {TCP6, 1, 56, "1 1 2"}, {UDP4, 1, 26, "1 1 2"},  {UDP4, 1, 127, "1 1 2"},
        {UDP4, 2, 60, "2 1 1"}, {UDP6, 1, 46, "1 1 2"},  {UDP6, 3, 60, "3 1"},
    };

    for (int i = 0; i < HARNESS_COUNT(damages); i++) {
        uint64_t state = 7;

        supers_make(&state, &bases[damages[i].base], &super);
        put_pieces(&super);
        in[damages[i].which].bytes[damages[i].at] ^= 0x01;
        coalesce(ALL);
        ck_assert_msg(strcmp(written, damages[i].written) == 0, "case %d: \"%s\"", i, written);
        check_all_came_out();
        clear();
    }
}
END_TEST

/* Of the two forms of zero cutting makes one, so the other is left alone. */
START_TEST(a_checksum_that_cutting_would_write_otherwise_stays)
{
    clear();
    static const struct {
        const char *name;
        int base;
        bool is_network; /* IPv4 header's, else the transport's */
        uint16_t before, after;
        const char *written;
    } zeros[] = {
        {"UDP with FFFF", UDP4, false, 0xFFFF, 0xFFFF, "4"},
        {"UDP without a checksum", UDP4, false, 0xFFFF, 0, "1 1 2"},
        {"UDP without a checksum in IPv6", UDP6, false, 0xFFFF, 0, "1 1 2"},
        {"TCP with zero", TCP4, false, 0, 0, "4"},
        {"TCP with FFFF", TCP4, false, 0, 0xFFFF, "1 1 2"},
        {"TCP with FFFF in IPv6", TCP6, false, 0, 0xFFFF, "1 1 2"},
        {"a header with zero", TCP4, true, 0, 0, "4"},
        {"a header with FFFF", TCP4, true, 0, 0xFFFF, "1 1 2"},
    };

    for (int i = 0; i < HARNESS_COUNT(zeros); i++) {
        uint32_t at, field;
        uint64_t state = 7;

        supers_make(&state, &bases[zeros[i].base], &super);
        at = zeros[i].is_network ? 4
                                 : super.headers + 50; /* a word that makes the sum what it takes */
        field = zeros[i].is_network ? 10 : super.transport + super.offload.checksum_offset;
        if (zeros[i].is_network) {
            reference_piece(&super.offload, super.packet, super.bytes, 1, piece);
            set(super.packet + 4, (get(super.packet + 4) + get(piece + 10)) % 0xFFFF);
        }
        put_pieces(&super);
        if (!zeros[i].is_network) {
            set(in[1].bytes + at, 0);
            packets_seal(in[1].bytes, in[1].count, false);
            set(in[1].bytes + at, get(in[1].bytes + field));
            packets_seal(in[1].bytes, in[1].count, false);
        }
        ck_assert_msg(get(in[1].bytes + field) == zeros[i].before, "%s: %x", zeros[i].name,
                      get(in[1].bytes + field));
        set(in[1].bytes + field, zeros[i].after);
        coalesce(ALL);
        ck_assert_msg(strcmp(written, zeros[i].written) == 0, "%s: \"%s\"", zeros[i].name, written);
        check_all_came_out();
        clear();
    }
}
END_TEST

/* Which of the four has how much payload. */
START_TEST(pieces_are_equally_long_but_for_the_last)
{
    clear();
    static const struct {
        uint32_t payloads[5];
        const char *written;
    } cases[] = {
        {{100, 100, 100, 100, 100}, "5"}, {{100, 99, 100, 100, 100}, "2 3"},
        {{100, 101, 101, 101, 1}, "1 4"}, {{100, 100, 1, 1, 1}, "3 2"},
        {{1, 1, 1, 1, 1}, "5"},           {{100, 0, 100, 100, 100}, "1 1 3"},
        {{0, 0, 0, 0, 0}, "1 1 1 1 1"},   {{100, 1, 100, 1, 100}, "2 2 1"},
    };

    for (int base = TCP4; base <= UDP6; base++)
        for (int i = 0; i < HARNESS_COUNT(cases); i++) {
            uint64_t state = 7;
            uint32_t from = 0;

            /* Each is the first piece of a packet that begins where the one before ended. */
            supers_make(&state, &bases[base], &super);
            for (uint32_t k = 0; k < 5; k++) {
                uint32_t bytes = super.headers + cases[i].payloads[k];

                memcpy(piece, super.packet, bytes);
                set(piece + 4, super.packet[0] / 16 == 4 ? get(super.packet + 4) + k : 0);
                if (super.offload.kind == AVPN_OFFLOAD_UDP)
                    set(piece + super.transport + 4, bytes - super.transport);
                else
                    set(piece + super.transport + 6, 0x1000 + from);
                packets_seal(piece, bytes, false);
                put_in(piece, bytes);
                from += cases[i].payloads[k];
            }
            coalesce(ALL);
            ck_assert_msg(strcmp(written, cases[i].written) == 0, "base %d, case %d: \"%s\"", base,
                          i, written);
            check_all_came_out();
            clear();
        }
}
END_TEST

START_TEST(a_length_of_udp_that_lies_is_not_joined)
{
    clear();
    for (int base = UDP4; base <= UDP6; base++) {
        uint64_t state = 7;

        supers_make(&state, &bases[base], &super);
        put_pieces(&super);
        for (uint32_t i = 0; i < 4; i++) {
            set(in[i].bytes + super.transport + 4, in[i].count - super.transport - 1);
            packets_seal(in[i].bytes, in[i].count, false);
        }
        coalesce(ALL);
        ck_assert_str_eq(written, "1 1 1 1");
        check_all_came_out();
        clear();
    }
}
END_TEST

/* Sequence numbers go on as if that were true. */
START_TEST(a_tcp_header_shorter_than_any_is_not_joined)
{
    static const struct supers_shape shape = {4, 6, ACK, 0, 0, 100, 400};
    uint64_t state = 7;

    clear();
    supers_make(&state, &shape, &super);
    put_pieces(&super);
    for (uint32_t i = 0; i < in_count; i++) {
        in[i].bytes[32] = 0x40;
        set(in[i].bytes + 26, 1000 + 104 * i);
        packets_seal(in[i].bytes, in[i].count, false);
    }
    coalesce(ALL);
    ck_assert_str_eq(written, "1 1 1 1");
    check_all_came_out();
    clear();
}
END_TEST

START_TEST(numbers_wrap)
{
    static const uint8_t sequence[4] = {0xFF, 0xFF, 0xFF, 0x38};
    uint64_t state = 7;

    clear();
    supers_make(&state, &bases[TCP4], &super);
    set(super.packet + 4, 0xFFFE);
    memcpy(super.packet + super.transport + 4, sequence, 4);
    put_pieces(&super);
    coalesce(ALL);
    ck_assert_str_eq(written, "4");
    check_all_came_out();
    clear();
}
END_TEST

START_TEST(packets_with_options_or_extension_headers_stay_alone)
{
    clear();
    static const struct supers_shape shapes[] = {{4, 6, ACK, 12, 4, 100, 350},
                                                 {4, 17, 0, 0, 40, 100, 350},
                                                 {6, 6, ACK, 0, 8, 100, 350},
                                                 {6, 17, 0, 0, 16, 100, 350}};

    for (int i = 0; i < HARNESS_COUNT(shapes); i++) {
        uint64_t state = 7;

        supers_make(&state, &shapes[i], &super);
        put_pieces(&super);
        coalesce(ALL);
        ck_assert_str_eq(written, "1 1 1 1");
        check_all_came_out();
        clear();
    }
}
END_TEST

START_TEST(only_what_the_device_takes_is_made)
{
    clear();
    static const uint32_t bits[] = {AVPN_COALESCE_TCP4, AVPN_COALESCE_TCP6, AVPN_COALESCE_UDP,
                                    AVPN_COALESCE_UDP};

    for (int base = TCP4; base <= UDP6; base++)
        for (int is_taken = 0; is_taken < 2; is_taken++) {
            uint64_t state = 7;

            supers_make(&state, &bases[base], &super);
            put_pieces(&super);
            coalesce(is_taken != 0 ? bits[base] : ALL & ~bits[base]);
            ck_assert_str_eq(written, is_taken != 0 ? "4" : "1 1 1 1");
            check_all_came_out();
            clear();
        }
}
END_TEST

/* ---- limits ----------------------------------------------------------------------------------- */

START_TEST(a_joined_packet_has_limits)
{
    clear();
    static const struct {
        struct supers_shape shape;
        const char *written;
    } cases[] = {
        {{4, 6, ACK, 12, 0, 1400, 64400}, "46"},
        {{4, 6, ACK, 0, 0, 10, 640}, "64"},
        {{4, 17, 0, 0, 0, 10, 641}, "64 1"},
        {{6, 6, ACK, 12, 0, 1400, 65463}, "47"}, /* 65535 */
        {{6, 6, ACK, 12, 0, 1400, 65464}, "46 1"},
        {{4, 6, ACK, 0, 0, 32747, 65494}, "2"},  /* 65534 */
        {{6, 17, 0, 0, 0, 32744, 65487}, "2"},   /* 65535 */
        {{6, 17, 0, 0, 0, 32744, 65488}, "1 1"}, /* one more */
    };

    for (int i = 0; i < HARNESS_COUNT(cases); i++) {
        uint64_t state = 7;

        supers_make(&state, &cases[i].shape, &super);
        put_pieces(&super);
        coalesce(ALL);
        ck_assert_msg(strcmp(written, cases[i].written) == 0, "case %d: \"%s\"", i, written);
        check_all_came_out();
        clear();
    }
}
END_TEST

/* Pieces of `flows` flows in turns, told apart by their source port. */
static void put_interleaved(uint32_t flows)
{
    uint64_t state = 7;

    supers_make(&state, &bases[TCP4], &super);
    for (uint32_t i = 0; i < 4; i++)
        for (uint32_t flow = 0; flow < flows; flow++) {
            uint32_t bytes = reference_piece(&super.offload, super.packet, super.bytes, i, piece);

            set(piece + 20, flow);
            packets_seal(piece, bytes, false);
            put_in(piece, bytes);
        }
}

START_TEST(sixteen_flows_are_joined_side_by_side)
{
    clear();
    put_interleaved(16);
    coalesce(ALL);
    ck_assert_str_eq(written, "4 4 4 4 4 4 4 4 4 4 4 4 4 4 4 4");
    check_all_came_out();
    clear();
}
END_TEST

START_TEST(more_flows_than_can_be_open_are_written_all_the_same)
{
    clear();
    put_interleaved(17);
    coalesce(ALL);
    ck_assert_uint_eq(out_count, 68);
    check_all_came_out();
    clear();
    put_interleaved(40);
    coalesce(ALL);
    check_all_came_out();
    clear();
}
END_TEST

START_TEST(runs_of_packets_are_taken_as_they_are_delivered)
{
    clear();
    static const struct supers_shape shape = {4, 6, ACK, 12, 0, 100, 350};
    uint8_t *room = malloc(AVPN_SEGMENT_ROOM);
    struct avpn_coalescer *coalescer;
    struct avpn_packets run;
    uint64_t state = 7;

    ck_assert_ptr_nonnull(room);
    supers_make(&state, &shape, &super);
    ck_assert_int_eq(
        avpn_segment(&super.offload, super.packet, super.bytes, room, AVPN_SEGMENT_ROOM, &run),
        AVPN_OK);
    put_in(room, AVPN_SEGMENT_ROOM); /* for the check of what is borrowed */
    memcpy(in[0].bytes, room, AVPN_SEGMENT_ROOM);
    run.data = in[0].bytes + (run.data - room);
    ck_assert_int_eq(avpn_coalescer_new(NULL, ALL, &coalescer), AVPN_OK);
    for (int again = 0; again < 3; again++) { /* nothing is left over from one call to the next */
        written[0] = 0;
        avpn_coalesce(coalescer, &run, 1, take_written, in);
        ck_assert_str_eq(written, "4");
    }
    written[0] = 0;
    avpn_coalesce(coalescer, NULL, 0, take_written, in);
    ck_assert_str_eq(written, "");
    avpn_coalescer_del(coalescer);
    avpn_coalescer_del(NULL);
    free(room);
    clear();
}
END_TEST

static int allocations;

static void *count_allocation(void *user, size_t bytes)
{
    (void)user;
    allocations++;
    return allocations > 1 ? NULL : malloc(bytes);
}
static void *no_resize(void *user, void *memory, size_t bytes)
{
    (void)user, (void)memory, (void)bytes;
    allocations++;
    return NULL;
}
static void release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

START_TEST(one_block_of_memory_is_all_it_takes)
{
    clear();
    struct avpn_host host = {
        .size = sizeof host, .allocate = count_allocation, .resize = no_resize, .release = release};
    struct avpn_coalescer *coalescer = NULL, *none = NULL;
    struct avpn_packets run;

    allocations = 0;
    ck_assert_int_eq(avpn_coalescer_new(&host, ALL, &coalescer), AVPN_OK);
    put_interleaved(17);
    for (uint32_t i = 0; i < in_count; i++) {
        run = (struct avpn_packets){in[i].bytes, 1, in[i].count, in[i].count, 0};
        avpn_coalesce(coalescer, &run, 1, take_written, in);
    }
    ck_assert_int_eq(allocations, 1);
    ck_assert_int_eq(avpn_coalescer_new(&host, ALL, &none), AVPN_ERROR_MEMORY);
    ck_assert_int_eq(avpn_coalescer_new(&host, 1, &none), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_coalescer_new(&host, 16, &none), AVPN_ERROR_ARGUMENT);
    host.resize = NULL;
    ck_assert_int_eq(avpn_coalescer_new(&host, ALL, &none), AVPN_ERROR_ARGUMENT);
    ck_assert_ptr_null(none);
    avpn_coalescer_del(coalescer);
    clear();
}
END_TEST

/* ---- order ------------------------------------------------------------------------------------ */

/* Something between two pieces of a flow and the other two; `written` tells whether it closed the flow. */
struct between {
    const char *name;
    int base;
    void (*make)(uint8_t *packet, uint32_t *bytes); /* out of the second piece */
    const char *written;
};

static void make_pure_ack(uint8_t *packet, uint32_t *bytes)
{
    *bytes = super.headers;
    packets_seal(packet, *bytes, false);
}
static void make_pure_ack_of_other(uint8_t *packet, uint32_t *bytes)
{
    packet[super.transport] ^= 1;
    make_pure_ack(packet, bytes);
}
static void make_pure_ack_to_other(uint8_t *packet, uint32_t *bytes)
{
    packet[super.transport + 3] ^= 1;
    make_pure_ack(packet, bytes);
}
static void make_udp_of_same_ports(uint8_t *packet, uint32_t *bytes)
{
    packet[9] = 17;
    set(packet + super.transport + 4, *bytes - super.transport);
    packets_seal(packet, *bytes, false);
}
static void make_udp_cut(uint8_t *packet, uint32_t *bytes)
{
    *bytes = super.transport + 4;
    packets_seal(packet, *bytes, false);
}
static void make_fragment(uint8_t *packet, uint32_t *bytes)
{
    packet[7] = 9;
    packet[super.transport] ^= 1; /* data that looks as another port */
    packets_seal(packet, *bytes, false);
}
static void make_first_fragment(uint8_t *packet, uint32_t *bytes)
{
    packet[6] = 0x20;
    packet[super.transport] ^= 1;
    packets_seal(packet, *bytes, false);
}
static void make_icmp(uint8_t *packet, uint32_t *bytes)
{
    packet[super.packet[0] / 16 == 4 ? 9 : 6] = super.packet[0] / 16 == 4 ? 1 : 58;
    packets_seal(packet, *bytes, false);
}
static void make_icmp_of_other(uint8_t *packet, uint32_t *bytes)
{
    packet[super.packet[0] / 16 == 4 ? 15 : 23] ^= 1;
    make_icmp(packet, bytes);
}
static void make_sctp(uint8_t *packet, uint32_t *bytes)
{
    packet[9] = 132; /* has ports of its own */
    packets_seal(packet, *bytes, false);
}
static void make_optional(uint8_t *packet, uint32_t *bytes)
{
    memmove(packet + 24, packet + 20, *bytes - 20);
    packet[0] = 0x46;
    memset(packet + 20, 1, 4);
    *bytes += 4;
    packets_seal(packet, *bytes, false);
}
static void make_optional_of_other(uint8_t *packet, uint32_t *bytes)
{
    packet[20] ^= 1;
    make_optional(packet, bytes);
}
static void make_extended(uint8_t *packet, uint32_t *bytes)
{
    memmove(packet + 48, packet + 40, *bytes - 40);
    memset(packet + 40, 0, 8);
    packet[40] = packet[6];
    packet[6] = 60;
    *bytes += 8;
    packets_seal(packet, *bytes, false);
}
static void make_chain_lie(uint8_t *packet, uint32_t *bytes)
{
    packet[6] = 60;
    packet[41] = 255;
    (void)bytes;
}
static void make_nonsense(uint8_t *packet, uint32_t *bytes)
{
    packet[0] = 0;
    *bytes = 5;
}
static void make_length_lie(uint8_t *packet, uint32_t *bytes)
{
    set(packet + (packet[0] / 16 == 4 ? 2 : 4), *bytes + 1);
}
static void make_other_version(uint8_t *packet, uint32_t *bytes)
{
    memset(packet, 0, 40);
    packet[0] = 0x60;
    packet[6] = 59;
    set(packet + 4, *bytes - 40);
}

static const struct between betweens[] = {
    {"an acknowledgment of the flow", TCP4, make_pure_ack, "2 1 2"},
    {"an acknowledgment of the flow in IPv6", TCP6, make_pure_ack, "2 1 2"},
    {"an acknowledgment of another flow", TCP4, make_pure_ack_of_other, "1 4"},
    {"an acknowledgment to another port", TCP4, make_pure_ack_to_other, "1 4"},
    {"an acknowledgment of another flow in IPv6", TCP6, make_pure_ack_of_other, "1 4"},
    {"UDP with the same ports", TCP4, make_udp_of_same_ports, "4 1"},
    {"UDP that is cut", UDP4, make_udp_cut, "2 1 2"},
    {"a fragment", UDP4, make_fragment, "2 1 2"},
    {"a first fragment", TCP4, make_first_fragment, "2 1 2"},
    {"ICMP of the same hosts", TCP4, make_icmp, "2 1 2"},
    {"ICMP of the same hosts in IPv6", UDP6, make_icmp, "2 1 2"},
    {"ICMP of other hosts", TCP4, make_icmp_of_other, "1 4"},
    {"ICMP of other hosts in IPv6", UDP6, make_icmp_of_other, "1 4"},
    {"SCTP with the same ports", UDP4, make_sctp, "2 1 2"},
    {"the flow with options", TCP4, make_optional, "2 1 2"},
    {"another flow with options", UDP4, make_optional_of_other, "1 4"},
    {"the flow with an extension header", TCP6, make_extended, "2 1 2"},
    {"the flow with an extension header, UDP", UDP6, make_extended, "2 1 2"},
    {"a chain that lies", TCP6, make_chain_lie, "2 1 2"},
    {"nonsense", TCP4, make_nonsense, "2 1 2"},
    {"nonsense in the midst of IPv6", UDP6, make_nonsense, "2 1 2"},
    {"a length that lies", UDP6, make_length_lie, "2 1 2"},
    {"the other version", TCP4, make_other_version, "1 4"},
};

START_TEST(nothing_overtakes_what_may_be_of_its_flow)
{
    clear();
    const struct between *between = &betweens[_i];
    uint64_t state = 7;
    uint32_t bytes;

    supers_make(&state, &bases[between->base], &super);
    for (uint32_t i = 0; i < 4; i++) {
        bytes = reference_piece(&super.offload, super.packet, super.bytes, i, piece);
        put_in(piece, bytes);
        if (i == 1) {
            between->make(piece, &bytes);
            put_in(piece, bytes);
        }
    }
    coalesce(ALL);
    ck_assert_msg(strcmp(written, between->written) == 0, "%s: \"%s\"", between->name, written);
    check_all_came_out();
    clear();
}
END_TEST

/* ---- anything --------------------------------------------------------------------------------- */

/* A handful of flows, whose ports, addresses and kinds differ or not. */
static void begin_flow(uint64_t *state, struct supers_super *flow)
{
    static const uint16_t segments[] = {1, 4, 100, 100, 512, 1400};
    struct supers_shape shape;

    supers_shape_random(state, &shape);
    shape.network = packets_below(state, 8) == 0 ? 8 : 0;
    shape.segment = segments[packets_below(state, HARNESS_COUNT(segments))];
    shape.payload = shape.segment * 20u + packets_below(state, shape.segment + 1);
    shape.flags = packets_below(state, 4) == 0 ? shape.flags : ACK;
    if (packets_below(state, 2) == 0)
        shape.flags |= PSH;
    supers_make(state, &shape, flow);
    flow->packet[flow->transport] = flow->packet[flow->transport + 2] = 0;
    flow->packet[flow->transport + 1] = (uint8_t)packets_below(state, 2);
    flow->packet[flow->transport + 3] = 1;
    flow->packet[flow->packet[0] / 16 == 4 ? 15 : 23] = (uint8_t)(1 + packets_below(state, 4) / 3);
}

/* One piece of a flow, now and then not as it should be. */
static void put_piece(uint64_t *state, const struct supers_super *flow, uint32_t i)
{
    uint32_t bytes = reference_piece(&flow->offload, flow->packet, flow->bytes, i, piece);
    struct packets_packet other;
    struct avpn_address source = {.family = piece[0] / 16}, destination = source;

    if (bytes == 0)
        return;
    switch (packets_below(state, 40)) {
    case 0: /* damage */
        piece[packets_below(state, bytes)] ^= (uint8_t)(1u << packets_below(state, 8));
        break;
    case 1: /* a change that is meant */
        piece[packets_below(state, bytes)] ^= (uint8_t)(1u << packets_below(state, 8));
        if (packets_fault(piece, bytes) == NULL ||
            strstr(packets_fault(piece, bytes), "checksum") != NULL)
            packets_seal(piece, bytes, packets_below(state, 2) == 0);
        break;
    case 2: /* twice */
        put_in(piece, bytes);
        break;
    case 3: /* without payload */
        bytes = flow->headers;
        if (flow->offload.kind == AVPN_OFFLOAD_UDP)
            set(piece + flow->transport + 4, 8);
        packets_seal(piece, bytes, false);
        break;
    case 4: /* anything else of the same addresses */
        memcpy(source.bytes, piece + (source.family == 4 ? 12 : 8), source.family == 4 ? 4 : 16);
        memcpy(destination.bytes, piece + (source.family == 4 ? 16 : 24),
               source.family == 4 ? 4 : 16);
        packets_random(state, &source, &destination, 200, &other);
        put_in(other.bytes, other.count);
        break;
    case 5: /* lost */
        return;
    default:
        break;
    }
    put_in(piece, bytes);
}

START_TEST(any_mixture_comes_out_as_it_came_in_flow_by_flow)
{
    clear();
    static struct supers_super flows[6];
    uint64_t state = 100 + (uint64_t)_i;
    uint32_t joined = 0, rounds = 100;

    for (uint32_t round = 0; round < rounds; round++) {
        uint32_t next[6] = {0}, count = 1 + packets_below(&state, 6);

        for (uint32_t f = 0; f < count; f++)
            begin_flow(&state, &flows[f]);
        while (in_count < 60) {
            uint32_t f = packets_below(&state, count), burst = 1 + packets_below(&state, 6);

            while (burst-- > 0)
                put_piece(&state, &flows[f], next[f]++);
            if (next[f] > 20)
                next[f] = 0;
            if (packets_below(&state, 16) == 0 && next[f] > 0)
                next[f]--; /* out of order */
        }
        coalesce(ALL);
        check_all_came_out();
        joined += strlen(written) < 100;
        clear();
    }
    ck_assert_uint_gt(joined, rounds / 4); /* else this proves nothing */
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(only_what_cutting_makes_again_is_joined, HARNESS_COUNT(rules)),
    HARNESS_CASE(a_damaged_packet_stays_alone_as_it_is),
    HARNESS_CASE(a_checksum_that_cutting_would_write_otherwise_stays),
    HARNESS_CASE(pieces_are_equally_long_but_for_the_last),
    HARNESS_CASE(a_length_of_udp_that_lies_is_not_joined),
    HARNESS_CASE(a_tcp_header_shorter_than_any_is_not_joined),
    HARNESS_CASE(numbers_wrap),
    HARNESS_CASE(packets_with_options_or_extension_headers_stay_alone),
    HARNESS_CASE(only_what_the_device_takes_is_made),
    HARNESS_CASE(a_joined_packet_has_limits),
    HARNESS_CASE(sixteen_flows_are_joined_side_by_side),
    HARNESS_CASE(more_flows_than_can_be_open_are_written_all_the_same),
    HARNESS_CASE(runs_of_packets_are_taken_as_they_are_delivered),
    HARNESS_CASE(one_block_of_memory_is_all_it_takes),
    HARNESS_LOOP(nothing_overtakes_what_may_be_of_its_flow, HARNESS_COUNT(betweens)),
    HARNESS_LOOP(any_mixture_comes_out_as_it_came_in_flow_by_flow, 8),
};

HARNESS_MAIN("inner/coalesce", cases)
