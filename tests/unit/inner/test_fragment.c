/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/fragment.h"
#include "packets.h"
#include <stdlib.h>
#include <string.h>

#define PIECES 400

static uint32_t get(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] * 256 + bytes[1];
}

static struct packets_packet plain(uint32_t payload)
{
    struct avpn_address from = packets_address("10.0.0.1"), to = packets_address("10.9.0.1");
    struct packets_packet p;
    uint64_t state = payload;

    packets_plain(&state, &from, &to, 17, payload, &p);
    return p;
}

struct allowed {
    const char *name;
    const char *first; /* the first 8 bytes, or of IPv6 */
    uint32_t bytes, limit;
    bool is_allowed;
};

static const struct allowed alloweds[] = {
    {"a usual one", "45000578 00000000", 1400, 1300, true},
    {"with DF", "45000578 00004000", 1400, 1300, false},
    {"a first fragment", "45000578 00002000", 1400, 1300, true},
    {"a later fragment", "45000578 00000010", 1400, 1300, true},
    {"a later fragment with DF", "45000578 00004010", 1400, 1300, false},
    {"IPv6", "60000000 05502C40", 1400, 1300, false},
    {"room for 8 bytes", "45000578 00000000", 1400, 28, true},
    {"room for 7 bytes", "45000578 00000000", 1400, 27, false},
    {"no room at all", "45000578 00000000", 1400, 0, false},
    {"options need room too", "4F000578 00000000", 1400, 68, true},
    {"and too much", "4F000578 00000000", 1400, 67, false},
    {"up to the last byte there is", "4500003C 00001FFB", 60, 28, true},
    {"beyond the last byte there is", "4500003D 00001FFB", 61, 28, false},
    {"far beyond", "45000578 00001FFF", 1400, 1300, false},
};

START_TEST(what_may_be_cut_is_ipv4_without_df_with_room_for_pieces) /* [MTU-6] */
{
    const struct allowed *row = &alloweds[_i];
    uint8_t packet[1500] = {0};

    ck_assert_uint_eq(harness_hex(row->first, packet, sizeof packet), 8);
    ck_assert_msg(avpni_fragment_is_allowed(packet, row->bytes, row->limit) == row->is_allowed,
                  "%s", row->name);
}
END_TEST

/* All pieces of a packet. Each is checked for what holds for every piece. */
static uint32_t cut(const struct packets_packet *p, uint32_t limit,
                    struct packets_packet pieces_out[PIECES])
{
    uint8_t *exact = packets_exact(p->bytes, p->count), *piece = malloc(limit);
    struct avpni_fragments fragments;
    uint32_t count = 0, bytes;

    avpni_fragments_init(&fragments, exact, p->count, limit);
    while ((bytes = avpni_fragments_next(&fragments, piece)) > 0) {
        ck_assert_uint_le(bytes, limit);
        ck_assert_uint_lt(count, PIECES);
        memcpy(pieces_out[count].bytes, piece, bytes);
        pieces_out[count].count = bytes;
        ck_assert_ptr_null(packets_fault(piece, bytes));
        count++;
    }
    ck_assert_uint_eq(avpni_fragments_next(&fragments, piece), 0);
    ck_assert_mem_eq(exact, p->bytes, p->count);
    free(exact);
    free(piece);
    return count;
}

/* RFC 791's own example (page 42): 472 bytes in pieces of at most 280. */
START_TEST(the_example_of_the_rfc_comes_out)
{
    static struct packets_packet pieces[PIECES];
    struct packets_packet p = plain(452);

    p.bytes[4] = 0;
    p.bytes[5] = 111;
    packets_seal(p.bytes, p.count, false);
    ck_assert_uint_eq(cut(&p, 280, pieces), 2);
    ck_assert_uint_eq(pieces[0].count, 276);
    ck_assert_uint_eq(get(pieces[0].bytes + 4), 111);
    ck_assert_uint_eq(get(pieces[0].bytes + 6), 0x2000);
    ck_assert_uint_eq(pieces[1].count, 216);
    ck_assert_uint_eq(get(pieces[1].bytes + 4), 111);
    ck_assert_uint_eq(get(pieces[1].bytes + 6), 32);
    ck_assert_mem_eq(pieces[1].bytes + 8, p.bytes + 8, 2);
    ck_assert_mem_eq(pieces[1].bytes + 12, p.bytes + 12, 8);
}
END_TEST

START_TEST(the_last_piece_of_a_fragment_has_more_behind_it_if_that_had)
{
    static const struct {
        uint32_t flags, first, last; /* fragment words */
    } rows[] = {
        {0x0000, 0x2000, 0x0001 * 4}, {0x2000, 0x2000, 0x2000 + 4}, {0x2010, 0x2010, 0x2014},
        {0x0010, 0x2010, 0x0014},     {0x8000, 0xA000, 0x8004}, /* the reserved bit stays */
    };
    static struct packets_packet pieces[PIECES];

    for (int i = 0; i < HARNESS_COUNT(rows); i++) {
        struct packets_packet p = plain(64);

        p.bytes[6] = (uint8_t)(rows[i].flags >> 8);
        p.bytes[7] = (uint8_t)rows[i].flags;
        packets_seal(p.bytes, p.count, false);
        ck_assert_uint_eq(cut(&p, 20 + 39, pieces), 2);
        ck_assert_uint_eq(get(pieces[0].bytes + 6), rows[i].first);
        ck_assert_uint_eq(get(pieces[1].bytes + 6), rows[i].last);
    }
}
END_TEST

struct options {
    const char *name, *all, *copied;
};

static const struct options option_rows[] = {
    {"none", "", ""},
    {"router alert is copied", "94040000", "94040000"},
    {"record route is not", "0707040A 00000100", ""},
    {"what is copied moves up and is padded", "01 8303 04 0707040A000001", "83030400"},
    {"two of them", "0707040A 000001 94040000 01 8303 04 0000", "94040000 83030400"},
    {"not behind the end", "00 94040000 000000", ""},
    {"nor behind an end that looks as if it had a length", "0002 94040000 0000", ""},
    {"a length of zero ends the list", "8900 0000 94040000", ""},
    {"so does one beyond the end", "94040000 89FF0000", "94040000"},
    {"and a kind alone at the end", "94040000 01010189", "94040000"},
    {"as many as there can be",
     "8328 04 0A000001 0A000001 0A000001 0A000001 0A000001 0A000001 0A000001 0A000001 0A000001 00",
     "8328 04 0A000001 0A000001 0A000001 0A000001 0A000001 0A000001 0A000001 0A000001 0A000001 00"},
};

START_TEST(later_pieces_have_the_options_that_are_to_be_copied)
{
    static struct packets_packet pieces[PIECES];
    const struct options *row = &option_rows[_i];
    struct packets_packet p = plain(140);
    uint8_t all[40], copied[40];
    uint32_t all_count = (uint32_t)harness_hex(row->all, all, 40);
    uint32_t copied_count = (uint32_t)harness_hex(row->copied, copied, 40);

    memcpy(p.bytes + 20, all, all_count);
    p.bytes[0] = (uint8_t)(0x45 + all_count / 4);
    packets_seal(p.bytes, p.count, false);
    uint32_t count = cut(&p, 80, pieces);

    ck_assert_uint_ge(count, 2);
    ck_assert_uint_eq(pieces[0].bytes[0], p.bytes[0]);
    ck_assert_mem_eq(pieces[0].bytes + 20, all, all_count);
    for (uint32_t i = 1; i < count; i++) {
        ck_assert_msg(pieces[i].bytes[0] == 0x45 + copied_count / 4, "%s", row->name);
        ck_assert_msg(memcmp(pieces[i].bytes + 20, copied, copied_count) == 0, "%s", row->name);
    }
}
END_TEST

/* ---- and back together ----------------------------------------------------------------------- */

/* What the pieces say, each byte once. */
struct whole {
    uint8_t bytes[PACKETS_LIMIT];
    bool is_there[PACKETS_LIMIT];
    uint32_t end; /* 0: the last piece is missing */
};

static void put_together(struct whole *whole, const struct packets_packet *piece)
{
    uint32_t header = piece->bytes[0] % 16 * 4u, flags = get(piece->bytes + 6);
    uint32_t at = flags % 0x2000 * 8, count = piece->count - header;

    bool is_twice = false;

    for (uint32_t i = 0; i < count; i++) {
        is_twice = is_twice || whole->is_there[at + i];
        whole->is_there[at + i] = true;
        whole->bytes[at + i] = piece->bytes[header + i];
    }
    ck_assert(!is_twice);
    if (flags / 0x2000 % 2 == 0)
        whole->end = at + count;
    else
        ck_assert_uint_eq(count % 8, 0);
}

START_TEST(pieces_and_their_pieces_make_the_packet_again)
{
    static struct packets_packet pieces[PIECES], smaller[PIECES];
    struct avpn_address from = packets_address("10.0.0.1"), to = packets_address("10.9.0.1");
    uint64_t state = 41;

    for (int round = 0; round < 1000; round++) {
        static struct whole whole;
        struct packets_packet p;

        packets_random(&state, &from, &to, 1500, &p);
        p.bytes[6] &= 0x80; /* whole */
        p.bytes[7] = 0;
        packets_seal(p.bytes, p.count, false);
        uint32_t header = p.bytes[0] % 16 * 4u, limit = header + 8 + packets_below(&state, 1400);

        if (p.count <= limit)
            continue;
        ck_assert(avpni_fragment_is_allowed(p.bytes, p.count, limit));
        whole = (struct whole){0};
        uint32_t count = cut(&p, limit, pieces);
        uint32_t again = header + 8 + packets_below(&state, limit);

        for (uint32_t i = 0; i < count; i++) {
            uint32_t parts = 0;

            if (pieces[i].count > again)
                parts = cut(&pieces[i], again, smaller);
            else
                smaller[parts++] = pieces[i];
            for (uint32_t j = 0; j < parts; j++)
                put_together(&whole, &smaller[j]);
        }
        ck_assert_uint_eq(whole.end, p.count - header);
        ck_assert_mem_eq(whole.bytes, p.bytes + header, whole.end);
    }
}
END_TEST

START_TEST(every_size_and_limit_is_cut_into_as_few_pieces_as_possible)
{
    static struct packets_packet pieces[PIECES];

    for (uint32_t payload = 9; payload < 70; payload++) {
        struct packets_packet p = plain(payload);

        for (uint32_t limit = 28; limit < p.count; limit++) {
            static struct whole whole;
            uint32_t room = (limit - 20) / 8 * 8, count = cut(&p, limit, pieces);

            /* The last one need not be a multiple of 8. */
            uint32_t best = 1;

            while (room * (best - 1) + (limit - 20) < payload)
                best++;
            ck_assert_uint_eq(count, best);
            whole = (struct whole){0};
            for (uint32_t i = 0; i < count; i++)
                put_together(&whole, &pieces[i]);
            ck_assert_uint_eq(whole.end, payload);
            ck_assert_mem_eq(whole.bytes, p.bytes + 20, payload);
        }
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(what_may_be_cut_is_ipv4_without_df_with_room_for_pieces, HARNESS_COUNT(alloweds)),
    HARNESS_CASE(the_example_of_the_rfc_comes_out),
    HARNESS_CASE(the_last_piece_of_a_fragment_has_more_behind_it_if_that_had),
    HARNESS_LOOP(later_pieces_have_the_options_that_are_to_be_copied, HARNESS_COUNT(option_rows)),
    HARNESS_CASE(pieces_and_their_pieces_make_the_packet_again),
    HARNESS_CASE(every_size_and_limit_is_cut_into_as_few_pieces_as_possible),
};
HARNESS_MAIN("inner/fragment", cases)
