/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/packet.h"
#include <string.h>

struct row {
    const char *name;
    uint32_t bytes; /* of the packet handed over */
    uint8_t first;  /* version and header length */
    uint32_t total; /* what the header says: total (4) or payload (6) */
    bool is_good;
};

static const struct row rows[] = {
    {"nothing", 0, 0x45, 0, false},
    {"one byte", 1, 0x45, 1, false},
    {"19 bytes", 19, 0x45, 19, false},
    {"the shortest IPv4", 20, 0x45, 20, true},
    {"IPv4 with options", 60, 0x4F, 60, true},
    {"header length below 5", 40, 0x44, 40, false},
    {"header length 0", 40, 0x40, 40, false},
    {"header beyond the total", 40, 0x4F, 40, false},
    {"total below the header", 40, 0x45, 19, false},
    {"total too small", 40, 0x45, 39, false},
    {"total too large", 40, 0x45, 41, false},
    {"total zero", 40, 0x45, 0, false},
    {"a normal IPv4", 1400, 0x45, 1400, true},
    {"version 5", 40, 0x55, 40, false},
    {"version 0", 40, 0x05, 40, false},
    {"IPv6 of 39 bytes", 39, 0x60, 0, false},
    {"the shortest IPv6", 40, 0x60, 0, true},
    {"IPv6 of 20 bytes", 20, 0x60, 0, false},
    {"IPv6 payload too small", 100, 0x60, 59, false},
    {"IPv6 payload too large", 100, 0x60, 61, false},
    {"IPv6 with traffic class", 100, 0x6F, 60, true},
    {"the longest IPv6", 65535, 0x60, 65495, true},
};

START_TEST(a_header_is_accepted_only_if_its_lengths_are_true)
{
    static uint8_t packet[65536];
    const struct row *row = &rows[_i];
    struct avpn_address source = {.family = 99}, destination = {.family = 99};
    uint32_t at = row->first >> 4 == 6 ? 4 : 2;

    memset(packet, 0xC3, sizeof packet);
    packet[0] = row->first;
    packet[at] = (uint8_t)(row->total >> 8);
    packet[at + 1] = (uint8_t)row->total;
    ck_assert_msg(avpni_inner_parse(packet, row->bytes, &source, &destination) == row->is_good,
                  "%s", row->name);
    if (!row->is_good) {
        ck_assert_uint_eq(source.family, 99);
        ck_assert_uint_eq(destination.family, 99);
    }
}
END_TEST

START_TEST(addresses_are_read_from_their_places)
{
    uint8_t v4[20] = {0x45, 0, 0, 20, [12] = 1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t v6[40] = {0x60};
    struct avpn_address source, destination;

    ck_assert(avpni_inner_parse(v4, 20, &source, &destination));
    ck_assert_uint_eq(source.family, AVPN_FAMILY_IPV4);
    ck_assert_mem_eq(source.bytes, ((uint8_t[16]){1, 2, 3, 4}), 16);
    ck_assert_mem_eq(destination.bytes, ((uint8_t[16]){5, 6, 7, 8}), 16);
    for (uint8_t i = 8; i < 40; i++)
        v6[i] = i;
    ck_assert(avpni_inner_parse(v6, 40, &source, &destination));
    ck_assert_uint_eq(destination.family, AVPN_FAMILY_IPV6);
    ck_assert_mem_eq(source.bytes, v6 + 8, 16);
    ck_assert_mem_eq(destination.bytes, v6 + 24, 16);
}
END_TEST

static uint32_t folded_sum(const uint8_t *header)
{
    uint32_t sum = 0;

    for (int i = 0; i < 20; i += 2)
        sum += (uint32_t)header[i] << 8 | header[i + 1];
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return sum;
}

/* RFC 1071: the sum over a header with a right checksum is 0xFFFF, after the hop as before it. */
START_TEST(the_checksum_stays_right_when_the_ttl_falls)
{
    uint64_t state = 7;

    for (int round = 0; round < 20000; round++) {
        uint8_t header[20];
        uint32_t sum;

        for (int i = 0; i < 20; i++)
            header[i] = (uint8_t)harness_random(&state);
        header[0] = 0x45;
        header[10] = header[11] = 0;
        sum = ~folded_sum(header) & 0xFFFF;
        header[10] = (uint8_t)(sum >> 8);
        header[11] = (uint8_t)sum;
        uint8_t ttl = header[8];

        if (ttl <= 1) {
            ck_assert(!avpni_inner_hop(header));
            ck_assert_uint_eq(header[8], ttl);
        } else {
            ck_assert(avpni_inner_hop(header));
            ck_assert_uint_eq(header[8], ttl - 1);
        }
        ck_assert_uint_eq(folded_sum(header), 0xFFFF);
    }
}
END_TEST

START_TEST(a_hop_limit_is_used_up_at_one)
{
    uint8_t v6[40] = {0x60, [7] = 2};

    ck_assert(avpni_inner_hop(v6));
    ck_assert_uint_eq(v6[7], 1);
    ck_assert(!avpni_inner_hop(v6)); /* [RTE-4] */
    ck_assert_uint_eq(v6[7], 1);
    v6[7] = 0;
    ck_assert(!avpni_inner_hop(v6));
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_header_is_accepted_only_if_its_lengths_are_true, HARNESS_COUNT(rows)),
    HARNESS_CASE(addresses_are_read_from_their_places),
    HARNESS_CASE(the_checksum_stays_right_when_the_ttl_falls),
    HARNESS_CASE(a_hop_limit_is_used_up_at_one),
};
HARNESS_MAIN("inner/packet", cases)
