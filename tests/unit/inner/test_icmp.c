/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/icmp.h"
#include "packets.h"
#include <stdlib.h>
#include <string.h>

static uint32_t get(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] * 256 + bytes[1];
}

/* ---- what may be answered -------------------------------------------------------------------- */

struct pair {
    const char *source, *destination;
    bool may;
};

static const struct pair pairs[] = {
    {"10.0.0.1", "10.9.0.1", true},
    {"255.255.255.255", "10.9.0.1", false},
    {"10.0.0.1", "255.255.255.255", false},
    {"0.0.0.0", "10.9.0.1", false},
    {"10.0.0.1", "0.0.0.0", false},
    {"127.0.0.1", "10.9.0.1", false},
    {"10.0.0.1", "127.255.255.254", false},
    {"224.0.0.1", "10.9.0.1", false},
    {"10.0.0.1", "239.255.255.255", false},
    {"223.255.255.255", "240.0.0.1", true},
    {"126.0.0.1", "128.0.0.1", true},
    {"255.255.255.254", "254.255.255.255", true},
    {"fd00::1", "fd09::1", true},
    {"::", "fd09::1", false},
    {"fd00::1", "::", false},
    {"::1", "fd09::1", false},
    {"fd00::1", "::1", false},
    {"::2", "fd09::1", true},
    {"ff02::1", "fd09::1", false},
    {"fd00::1", "ff0e::1", false},
    {"fe80::1", "fd09::1", true},
};

START_TEST(no_error_answers_an_address_that_is_no_host) /* [ICM-3] */
{
    const struct pair *row = &pairs[_i];
    struct avpn_address from = packets_address(row->source), to = packets_address(row->destination);
    struct packets_packet p;
    uint64_t state = 1;

    packets_plain(&state, &from, &to, 17, 100, &p);
    ck_assert_msg(avpni_icmp_may_answer(p.bytes, p.count) == row->may, "%s %s", row->source,
                  row->destination);
}
END_TEST

START_TEST(no_error_answers_an_error_of_any_type) /* [ICM-3] */
{
    struct avpn_address from = packets_address("10.0.0.1"), to = packets_address("10.9.0.1");
    struct avpn_address from6 = packets_address("fd00::1"), to6 = packets_address("fd09::1");
    uint64_t state = 1;

    for (uint32_t type = 0; type < 256; type++) {
        bool is_error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        struct packets_packet p;

        packets_plain(&state, &from, &to, 1, 100, &p);
        p.bytes[20] = (uint8_t)type;
        ck_assert(avpni_icmp_is_error(p.bytes, p.count) == is_error);
        ck_assert(avpni_icmp_may_answer(p.bytes, p.count) == !is_error);
        p.bytes[9] = 58; /* of the other family: nothing special */
        ck_assert(!avpni_icmp_is_error(p.bytes, p.count));
        ck_assert(avpni_icmp_may_answer(p.bytes, p.count));

        packets_plain(&state, &from6, &to6, 58, 100, &p);
        p.bytes[40] = (uint8_t)type;
        ck_assert(avpni_icmp_is_error(p.bytes, p.count) == (type < 128));
        ck_assert(avpni_icmp_may_answer(p.bytes, p.count) == (type >= 128));
        p.bytes[6] = 1;
        ck_assert(!avpni_icmp_is_error(p.bytes, p.count));
        ck_assert(avpni_icmp_may_answer(p.bytes, p.count));
    }
}
END_TEST

struct answer {
    const char *name, *packet;
    bool is_error, may;
};

#define V4 "4500 0000 0000 "
#define V4_REST "0000 0A000001 0A000002 "
#define V6 "60000000 0000 "
#define V6_REST "FD000000000000000000000000000001 FD000000000000000000000000000002 "

static const struct answer answers[] = {
    {"the first fragment", V4 "2000 4011 " V4_REST "1234 0050", false, true},
    {"a later fragment", V4 "0001 4011 " V4_REST "1234 0050", false, false},
    {"the first fragment of an error", V4 "2000 4001 " V4_REST "0300", true, false},
    {"a later fragment of ICMP", V4 "0001 4001 " V4_REST "0300", false, false},
    {"ICMP without a type", V4 "0000 4001 " V4_REST, false, false},
    {"an error behind options", "4700 0000 0000 0000 4001 " V4_REST "01010101 01010101 0B", true,
     false},
    {"TCP without ports", V4 "0000 4006 " V4_REST, false, true},
    {"ICMPv6 without a type", V6 "3A40 " V6_REST, false, false},
    {"an error of one byte", V6 "3A40 " V6_REST "01", true, false},
    {"an error behind a header", V6 "0040 " V6_REST "3A00 0000 00000000 03", true, false},
    {"an echo behind a header", V6 "0040 " V6_REST "3A00 0000 00000000 80", false, true},
    {"the first fragment of IPv6", V6 "2C40 " V6_REST "1100 0001 00000000 1234 0050", false, true},
    {"a later fragment of IPv6", V6 "2C40 " V6_REST "1100 0009 00000000 1234 0050", false, false},
    {"a later fragment of an error", V6 "2C40 " V6_REST "3A00 0009 00000000 01", false, false},
    {"a chain that is cut", V6 "0040 " V6_REST "3A04 0000 00000000 80", false, false},
    {"lengths that lie", "45", false, false},
};

START_TEST(an_error_is_known_behind_every_header_and_what_cannot_be_seen_is_not_answered)
{
    const struct answer *row = &answers[_i];
    uint8_t packet[128];
    uint32_t count = (uint32_t)harness_hex(row->packet, packet, sizeof packet);

    if (count >= 20) {
        packets_seal(packet, count, false);
        uint8_t *exact = packets_exact(packet, count);

        ck_assert_msg(avpni_icmp_is_error(exact, count) == row->is_error, "%s", row->name);
        free(exact);
    }
    uint8_t *exact = packets_exact(packet, count);

    ck_assert_msg(avpni_icmp_may_answer(exact, count) == row->may, "%s", row->name);
    free(exact);
}
END_TEST

/* ---- the errors ------------------------------------------------------------------------------ */

struct written {
    enum avpni_icmp kind;
    uint32_t mtu;
    uint8_t type4, code4, type6, code6;
    const char *rest4, *rest6; /* the four bytes behind the checksum */
};

static const struct written writtens[] = {
    /* [ICM-1] */
    {AVPNI_ICMP_HOP_LIMIT, 1300, 11, 0, 3, 0, "00000000", "00000000"},
    {AVPNI_ICMP_TOO_BIG, 1300, 3, 4, 2, 0, "00000514", "00000514"},
    {AVPNI_ICMP_TOO_BIG, 1166, 3, 4, 2, 0, "0000048E", "00000500"}, /* [MTU-7] */
    {AVPNI_ICMP_TOO_BIG, 70000, 3, 4, 2, 0, "0000FFFF", "00011170"},
    {AVPNI_ICMP_NO_ROUTE, 1300, 3, 0, 1, 0, "00000000", "00000000"},
    {AVPNI_ICMP_NO_TUNNEL, 1300, 3, 1, 1, 3, "00000000", "00000000"},
    {AVPNI_ICMP_DENIED, 1300, 3, 13, 1, 1, "00000000", "00000000"},
};

static void check_written(const struct written *row, const char *from, const char *to,
                          const char *own, uint32_t payload)
{
    struct avpn_address source = packets_address(from), destination = packets_address(to);
    struct avpn_address self = packets_address(own);
    bool is_ipv4 = self.family == 4;
    uint32_t header = is_ipv4 ? 20 : 40, limit = is_ipv4 ? 576 : 1280, size = is_ipv4 ? 4 : 16;
    uint8_t error[AVPNI_ICMP_LIMIT], rest[4];
    struct packets_packet p;
    uint64_t state = 3;

    harness_hex(is_ipv4 ? row->rest4 : row->rest6, rest, 4);
    packets_plain(&state, &source, &destination, 17, payload, &p);
    uint8_t *exact = packets_exact(p.bytes, p.count);
    uint32_t expected = header + 8 + p.count < limit ? header + 8 + p.count : limit;

    ck_assert_uint_eq(avpni_icmp_write(row->kind, row->mtu, &self, exact, p.count, error),
                      expected);
    free(exact);
    ck_assert_ptr_null(packets_fault(error, expected));
    ck_assert_mem_eq(error + (is_ipv4 ? 12 : 8), self.bytes, size);
    ck_assert_mem_eq(error + (is_ipv4 ? 16 : 24), source.bytes, size);
    ck_assert_uint_eq(error[is_ipv4 ? 9 : 6], is_ipv4 ? 1 : 58);
    ck_assert_uint_eq(error[is_ipv4 ? 8 : 7], 64);
    ck_assert_uint_eq(error[header], is_ipv4 ? row->type4 : row->type6);
    ck_assert_uint_eq(error[header + 1], is_ipv4 ? row->code4 : row->code6);
    ck_assert_mem_eq(error + header + 4, rest, 4);
    ck_assert_mem_eq(error + header + 8, p.bytes, expected - header - 8);
    ck_assert(avpni_icmp_is_error(error, expected));
    ck_assert(!avpni_icmp_may_answer(error, expected));
}

START_TEST(an_error_says_what_happened_and_carries_what_fits)
{
    static const uint32_t payloads[] = {0, 1, 8, 100, 527, 528, 529, 1191, 1192, 1193, 1460};

    for (int i = 0; i < HARNESS_COUNT(payloads); i++) {
        check_written(&writtens[_i], "10.0.0.1", "10.9.0.1", "10.1.0.254", payloads[i]);
        check_written(&writtens[_i], "fd00::1", "fd09::1", "fd01::fe", payloads[i]);
    }
}
END_TEST

/* Bytes that another implementation made, and a dissector found right. */
START_TEST(the_bytes_of_an_error_are_these)
{
    static const char packet4[] = "4500001D00004000401126C60A0000010A0900013039003500091063"
                                  "AB";
    static const char error4[] = "45C0003900004000400125050A0100FE0A00000103040C0D00000514"
                                 "4500001D00004000401126C60A0000010A0900013039003500091063"
                                 "AB";
    static const char packet6[] = "6000000000091140FD000000000000000000000000000001FD090000"
                                  "0000000000000000000000013039003500092A61AB";
    static const char error6[] = "6000000000393A40FD0100000000000000000000000000FEFD000000"
                                 "00000000000000000000000102008C47000005146000000000091140"
                                 "FD000000000000000000000000000001FD0900000000000000000000"
                                 "000000013039003500092A61AB";
    struct avpn_address self4 = packets_address("10.1.0.254"), self6 = packets_address("fd01::fe");
    uint8_t packet[128], expected[128], error[AVPNI_ICMP_LIMIT];
    uint32_t count = (uint32_t)harness_hex(packet4, packet, sizeof packet);
    uint32_t size = (uint32_t)harness_hex(error4, expected, sizeof expected);

    ck_assert_uint_eq(avpni_icmp_write(AVPNI_ICMP_TOO_BIG, 1300, &self4, packet, count, error),
                      size);
    ck_assert_mem_eq(error, expected, size);
    count = (uint32_t)harness_hex(packet6, packet, sizeof packet);
    size = (uint32_t)harness_hex(error6, expected, sizeof expected);
    ck_assert_uint_eq(avpni_icmp_write(AVPNI_ICMP_TOO_BIG, 1300, &self6, packet, count, error),
                      size);
    ck_assert_mem_eq(error, expected, size);
}
END_TEST

START_TEST(errors_about_random_packets_are_right)
{
    struct avpn_address hosts[] = {packets_address("10.0.0.1"), packets_address("10.0.0.2"),
                                   packets_address("fd00::1"), packets_address("fd00::2")};
    uint64_t state = 51;

    for (int round = 0; round < 5000; round++) {
        uint32_t family = 2 * packets_below(&state, 2);
        enum avpni_icmp kind = (enum avpni_icmp)packets_below(&state, 5);
        uint8_t error[AVPNI_ICMP_LIMIT];
        struct packets_packet p;

        packets_random(&state, &hosts[family], &hosts[family + 1], 1400, &p);
        uint8_t *exact = packets_exact(p.bytes, p.count);
        struct packets_view view;

        ck_assert(packets_look(p.bytes, p.count, &view));
        ck_assert(avpni_icmp_may_answer(exact, p.count) == view.is_first);
        uint32_t count = avpni_icmp_write(kind, packets_below(&state, 2000), &hosts[family + 1],
                                          exact, p.count, error);

        ck_assert_ptr_null(packets_fault(error, count));
        ck_assert_uint_le(count, family == 0 ? 576 : 1280);
        ck_assert_uint_eq(get(error + (family == 0 ? 2 : 4)) + (family == 0 ? 0 : 40), count);
        free(exact);
    }
}
END_TEST

/* ---- how many -------------------------------------------------------------------------------- */

START_TEST(fifty_errors_at_once_and_a_hundred_a_second) /* [ICM-3] */
{
    static const avpn_time begins[] = {0, 1, 1000 * AVPN_SECOND, AVPN_TIME_NEVER / 2};
    avpn_time begin = begins[_i];
    struct avpni_icmp_limit limit = {0};
    uint32_t taken = 0;

    for (int i = 0; i < 200; i++)
        taken += avpni_icmp_take(&limit, begin);
    ck_assert_uint_eq(taken, 50);
    ck_assert(!avpni_icmp_take(&limit, begin + 10 * AVPN_MILLISECOND - 1));
    ck_assert(avpni_icmp_take(&limit, begin + 10 * AVPN_MILLISECOND));
    ck_assert(!avpni_icmp_take(&limit, begin + 10 * AVPN_MILLISECOND));
    taken = 0;
    for (avpn_span at = 11; at <= 10010; at++)
        taken += avpni_icmp_take(&limit, begin + at * AVPN_MILLISECOND);
    ck_assert_uint_eq(taken, 1000);
    taken = 0;
    for (int i = 0; i < 200; i++)
        taken += avpni_icmp_take(&limit, begin + 3600 * AVPN_SECOND);
    ck_assert_uint_eq(taken, 50); /* saved up, and no more */
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(no_error_answers_an_address_that_is_no_host, HARNESS_COUNT(pairs)),
    HARNESS_CASE(no_error_answers_an_error_of_any_type),
    HARNESS_LOOP(an_error_is_known_behind_every_header_and_what_cannot_be_seen_is_not_answered,
                 HARNESS_COUNT(answers)),
    HARNESS_LOOP(an_error_says_what_happened_and_carries_what_fits, HARNESS_COUNT(writtens)),
    HARNESS_CASE(the_bytes_of_an_error_are_these),
    HARNESS_CASE(errors_about_random_packets_are_right),
    HARNESS_LOOP(fifty_errors_at_once_and_a_hundred_a_second, 4),
};
HARNESS_MAIN("inner/icmp", cases)
