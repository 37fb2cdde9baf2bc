/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/mss.h"
#include "packets.h"
#include <stdlib.h>
#include <string.h>

#define SYN 2
#define SYN_ACK 0x12
#define ACK 0x10

/* A TCP packet with these options. `flags_ipv4`: fragment word. Returns the offset of the options. */
static uint32_t make_tcp(const char *source, const char *destination, uint8_t flags,
                         const char *options_hex, uint32_t payload, struct packets_packet *p)
{
    struct avpn_address from = packets_address(source), to = packets_address(destination);
    uint8_t options[40];
    uint32_t count = (uint32_t)harness_hex(options_hex, options, sizeof options);
    uint64_t state = 1;

    packets_plain(&state, &from, &to, 6, 20 + count + payload, p);
    uint8_t *tcp = p->bytes + (from.family == 4 ? 20 : 40);

    tcp[12] = (uint8_t)((20 + count) / 4 * 16);
    tcp[13] = flags;
    memcpy(tcp + 20, options, count);
    packets_seal(p->bytes, p->count, false);
    return (uint32_t)(tcp + 20 - p->bytes);
}

struct row {
    const char *name;
    uint8_t flags;
    const char *options; /* before */
    uint32_t mtu;
    const char *after4; /* options after, IPv4; NULL: unchanged */
    const char *after6;
};

static const struct row rows[] = {
    {"lowered", SYN, "020405B4", 1400, "02040550", "0204053C"},
    {"in the answer too", SYN_ACK, "020405B4", 1400, "02040550", "0204053C"},
    {"with every flag", 0xFF, "020405B4", 1400, "02040550", "0204053C"},
    {"not in what is no SYN", ACK, "020405B4", 1400, NULL, NULL},
    {"never raised", SYN, "02040218", 1400, NULL, NULL},
    {"one above", SYN, "02040551", 1400, "02040550", "0204053C"},
    {"as it should be in IPv4", SYN, "02040550", 1400, NULL, "0204053C"},
    {"as it should be in IPv6", SYN, "0204053C", 1400, NULL, NULL},
    {"the largest value", SYN, "0204FFFF", 1400, "02040550", "0204053C"},
    {"never added", SYN, "", 1400, NULL, NULL},
    {"never added to others", SYN, "0402 0101", 1400, NULL, NULL},
    {"at an odd place", SYN, "01 020405B4 010101", 1400, "01 02040550 010101",
     "01 0204053C 010101"},
    {"at an odd place at the end", SYN, "010101 03030702 0405B4 0000", 1400,
     "010101 03030702 040550 0000", "010101 03030702 04053C 0000"},
    {"behind others", SYN, "0402 080A 11111111 22222222 020405B4", 1400,
     "0402 080A 11111111 22222222 02040550", "0402 080A 11111111 22222222 0204053C"},
    {"two of them", SYN, "020405B4 020405B4", 1400, "02040550 02040550", "0204053C 0204053C"},
    {"not behind the end", SYN, "00 020405B4 000000", 1400, NULL, NULL},
    {"not behind an end that looks as if it had a length", SYN, "0002 020405B4 0000", 1400, NULL,
     NULL},
    {"of another length", SYN, "02050000 05B40000", 1400, NULL, NULL},
    {"of length three", SYN, "020305B4", 1400, NULL, NULL},
    {"not behind a length of zero", SYN, "0300 0000 020405B4", 1400, NULL, NULL},
    {"not behind a length of one", SYN, "0301 0000 020405B4", 1400, NULL, NULL},
    {"not behind one beyond the end", SYN, "0309 0000 020405B4", 1400, NULL, NULL},
    {"a kind without a length at the end", SYN, "01010103", 1400, NULL, NULL},
    {"cut by the end", SYN, "01010204", 1400, NULL, NULL},
    {"cut one byte before its end", SYN, "01020405", 1400, NULL, NULL},
    {"before one that lies", SYN, "020405B4 03FF0000", 1400, "02040550 03FF0000",
     "0204053C 03FF0000"},
    {"no room for a byte", SYN, "020405B4", 40, NULL, NULL},
    {"room for one byte in IPv4", SYN, "020405B4", 41, "02040001", NULL},
    {"room for one byte in IPv6", SYN, "020405B4", 61, "02040015", "02040001"},
    {"no tunnel that is large", SYN, "0204FFFF", 65535, "0204FFD7", "0204FFC3"},
    {"nothing to lower to", SYN, "020405B4", UINT32_MAX, NULL, NULL},
};

static void check_row(const struct row *row, const char *from, const char *to, const char *after)
{
    struct packets_packet p, was;
    uint8_t options[40];
    uint32_t at = make_tcp(from, to, row->flags, row->options, 0, &p);
    uint32_t count = (uint32_t)harness_hex(after != NULL ? after : row->options, options, 40);
    uint8_t *exact = packets_exact(p.bytes, p.count);

    was = p;
    ck_assert_msg(avpni_mss_clamp(exact, p.count, row->mtu) == (after != NULL), "%s", row->name);
    memcpy(p.bytes, exact, p.count);
    free(exact);
    ck_assert_msg(memcmp(p.bytes + at, options, count) == 0, "%s", row->name);
    ck_assert_msg(packets_fault(p.bytes, p.count) == NULL, "%s", row->name);
    ck_assert_mem_eq(p.bytes, was.bytes, at - 4); /* all but checksum and options */
    if (after == NULL)
        ck_assert_mem_eq(p.bytes, was.bytes, p.count);
}

START_TEST(a_syn_asks_for_what_the_tunnel_carries_and_nothing_else_changes) /* [MTU-8] */
{
    check_row(&rows[_i], "10.0.0.1", "10.9.0.1", rows[_i].after4);
    check_row(&rows[_i], "fd00::1", "fd09::1", rows[_i].after6);
}
END_TEST

START_TEST(fragments_other_than_the_first_have_no_options)
{
    static const struct {
        uint8_t flags[2];
        bool is_lowered;
    } fragments[] = {{{0x20, 0}, true}, {{0x20, 1}, false}, {{0, 1}, false}, {{0x40, 0}, true}};

    for (int i = 0; i < HARNESS_COUNT(fragments); i++) {
        struct packets_packet p;

        make_tcp("10.0.0.1", "10.9.0.1", SYN, "020405B4", 0, &p);
        memcpy(p.bytes + 6, fragments[i].flags, 2);
        ck_assert(avpni_mss_clamp(p.bytes, p.count, 1400) == fragments[i].is_lowered);
    }
}
END_TEST

START_TEST(other_protocols_are_left_alone)
{
    for (uint32_t protocol = 0; protocol < 256; protocol++) {
        struct packets_packet p;

        make_tcp("10.0.0.1", "10.9.0.1", SYN, "020405B4", 0, &p);
        p.bytes[9] = (uint8_t)protocol;
        ck_assert(avpni_mss_clamp(p.bytes, p.count, 1400) == (protocol == 6));
    }
}
END_TEST

START_TEST(a_packet_cut_anywhere_is_left_alone)
{
    static const char *const ends[][2] = {{"10.0.0.1", "10.9.0.1"}, {"fd00::1", "fd09::1"}};

    for (int i = 0; i < HARNESS_COUNT(ends); i++) {
        struct packets_packet p;
        uint32_t header = i == 0 ? 20 : 40;

        make_tcp(ends[i][0], ends[i][1], SYN, "0402 0101 020405B4", 0, &p);
        for (uint32_t count = header; count < p.count; count++) {
            struct packets_packet cut = p;

            packets_seal(cut.bytes, count, false);
            uint8_t *exact = packets_exact(cut.bytes, count);

            ck_assert(!avpni_mss_clamp(exact, count, 1400));
            ck_assert_mem_eq(exact, cut.bytes, count);
            free(exact);
        }
        ck_assert(avpni_mss_clamp(p.bytes, p.count, 1400));
    }
}
END_TEST

START_TEST(a_data_offset_below_the_header_is_left_alone)
{
    for (uint8_t words = 0; words < 16; words++) {
        struct packets_packet p;

        make_tcp("10.0.0.1", "10.9.0.1", SYN, "020405B4", 0, &p);
        p.bytes[32] = (uint8_t)(words << 4);
        ck_assert(avpni_mss_clamp(p.bytes, p.count, 1400) == (words == 6));
    }
}
END_TEST

/* Whatever the packet: true says a value fell, false says nothing happened, and the checksum is right after either. */
START_TEST(random_packets_keep_their_checksums)
{
    struct avpn_address hosts[] = {packets_address("10.0.0.1"), packets_address("10.0.0.2"),
                                   packets_address("fd00::1"), packets_address("fd00::2")};
    uint64_t state = 31;
    uint32_t lowered = 0;

    for (int round = 0; round < 12000; round++) {
        uint32_t family = 2 * packets_below(&state, 2);
        struct packets_packet p;
        struct packets_view view;

        packets_random(&state, &hosts[family], &hosts[family + 1], 40, &p);
        ck_assert(packets_look(p.bytes, p.count, &view));
        if (view.protocol == 6 && view.is_first && p.count >= view.transport + 24) {
            p.bytes[view.transport + 13] |= SYN;
            uint32_t at = view.transport + 20 + packets_below(&state, 3);

            memset(p.bytes + view.transport + 20, 1, at - view.transport - 20);
            p.bytes[at] = 2;
            p.bytes[at + 1] = 4;
            packets_seal(p.bytes, p.count, false);
        }
        uint32_t sum = packets_transport_sum(p.bytes, p.count, &view);
        uint8_t *exact = packets_exact(p.bytes, p.count);
        bool is_lowered = avpni_mss_clamp(exact, p.count, 1300);

        ck_assert(is_lowered == (memcmp(exact, p.bytes, p.count) != 0));
        ck_assert_ptr_null(packets_fault(exact, p.count));
        ck_assert_uint_eq(packets_transport_sum(exact, p.count, &view), sum);
        ck_assert(!avpni_mss_clamp(exact, p.count, 1300));
        lowered += is_lowered;
        free(exact);
    }
    ck_assert_uint_gt(lowered, 1000);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_syn_asks_for_what_the_tunnel_carries_and_nothing_else_changes,
                 HARNESS_COUNT(rows)),
    HARNESS_CASE(fragments_other_than_the_first_have_no_options),
    HARNESS_CASE(other_protocols_are_left_alone),
    HARNESS_CASE(a_packet_cut_anywhere_is_left_alone),
    HARNESS_CASE(a_data_offset_below_the_header_is_left_alone),
    HARNESS_CASE(random_packets_keep_their_checksums),
};
HARNESS_MAIN("inner/mss", cases)
