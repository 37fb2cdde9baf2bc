/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/packet.h"
#include "packets.h"
#include <stdlib.h>
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

/* Zero in one's complement is 0 or 0xFFFF; whoever sums up a header writes 0. */
START_TEST(a_hop_leaves_the_checksum_that_a_whole_sum_gives)
{
    uint8_t header[20] = {0x45, [8] = 64, [9] = 17};
    uint32_t sum;

    for (uint32_t id = 0; id < 0x10000; id++) {
        header[4] = (uint8_t)(id >> 8);
        header[5] = (uint8_t)id;
        header[8] = 64;
        header[10] = header[11] = 0;
        sum = ~folded_sum(header) & 0xFFFF;
        header[10] = (uint8_t)(sum >> 8);
        header[11] = (uint8_t)sum;
        ck_assert(avpni_inner_hop(header));
        sum = (uint32_t)header[10] << 8 | header[11];
        header[10] = header[11] = 0;
        ck_assert_uint_eq(sum, ~folded_sum(header) & 0xFFFF);
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

/* ---- transport -------------------------------------------------------------------------------- */

/* The expected result of avpni_inner_transport. */
struct chain {
    const char *name;
    const char *
        packet; /* in hex; lengths and addresses are filled in by the test where it has 20 or 40 bytes of header */
    bool is_good;
    struct avpni_transport transport;
};

#define V4 "4500 0000 0000 " /* then flags, TTL and protocol */
#define V4_REST "0000 0A000001 0A000002 "
#define V6 "60000000 0000 " /* then next header and hop limit */
#define V6_REST "FD000000000000000000000000000001 FD000000000000000000000000000002 "
#define PORTS "1234 0050 "
#define FOUR "00000000 "

static const struct chain chains[] = {
    {"TCP",
     V4 "0000 4006 " V4_REST PORTS,
     true,
     {6, .has_ports = true, .source_port = 0x1234, .destination_port = 80, .offset = 20}},
    {"UDP with DF",
     V4 "4000 4011 " V4_REST PORTS FOUR,
     true,
     {17, .has_ports = true, .source_port = 0x1234, .destination_port = 80, .offset = 20}},
    {"options",
     "4700 0000 0000 0000 4084 " V4_REST "01010101 94040000 " PORTS,
     true,
     {132, .has_ports = true, .source_port = 0x1234, .destination_port = 80, .offset = 28}},
    {"ICMP", V4 "0000 4001 " V4_REST "0800", true, {1, .offset = 20}},
    {"GRE has none", V4 "0000 402F " V4_REST PORTS, true, {47, .offset = 20}},
    {"no transport header", V4 "0000 402F " V4_REST, true, {47, .offset = 20}},
    {"IPv4: AH is a protocol like others",
     V4 "0000 4033 " V4_REST "0601" FOUR FOUR,
     true,
     {51, .offset = 20}},
    {"the first fragment",
     V4 "2000 4011 " V4_REST PORTS,
     true,
     {17, .is_fragment = true, .has_ports = true, .source_port = 0x1234, .destination_port = 80,
      .offset = 20}},
    {"a later fragment",
     V4 "2001 4011 " V4_REST PORTS,
     true,
     {17, .is_fragment = true, .is_later_fragment = true, .offset = 20}},
    {"the last fragment",
     V4 "1FFF 4011 " V4_REST "00",
     true,
     {17, .is_fragment = true, .is_later_fragment = true, .offset = 20}},
    {"the first fragment ends within its ports", V4 "2000 4011 " V4_REST "123400", false, {0}},
    {"a whole packet ends within its ports", V4 "0000 4006 " V4_REST "123400", false, {0}},
    {"a whole packet without any", V4 "0000 4021 " V4_REST, false, {0}},
    {"IPv6 UDP",
     V6 "1140 " V6_REST PORTS,
     true,
     {17, .has_ports = true, .source_port = 0x1234, .destination_port = 80, .offset = 40}},
    {"no next header", V6 "3B40 " V6_REST, true, {59, .offset = 40}},
    {"ESP ends the chain", V6 "3240 " V6_REST "0001 FFFF" FOUR, true, {50, .offset = 40}},
    {"hop by hop",
     V6 "0040 " V6_REST "0600" FOUR "0000 " PORTS,
     true,
     {6, .has_ports = true, .source_port = 0x1234, .destination_port = 80, .offset = 48}},
    {"destination options of 16 bytes",
     V6 "3C40 " V6_REST "8801 0000" FOUR FOUR FOUR PORTS,
     true,
     {136, .has_ports = true, .source_port = 0x1234, .destination_port = 80, .offset = 56}},
    {"routing, at its end", V6 "2B40 " V6_REST "3A00 0200" FOUR "80", true, {58, .offset = 48}},
    {"routing, with a stop to come",
     V6 "2B40 " V6_REST "3A00 0201" FOUR "80",
     true,
     {58, .is_routed = true, .offset = 48}},
    {"mobility", V6 "8740 " V6_REST "3B00 0000" FOUR, true, {59, .offset = 48}},
    {"AH counts in units of 4",
     V6 "3340 " V6_REST "1104 0000" FOUR FOUR FOUR FOUR FOUR PORTS,
     true,
     {17, .has_ports = true, .source_port = 0x1234, .destination_port = 80, .offset = 64}},
    {"an atomic fragment is whole",
     V6 "2C40 " V6_REST "1100 0000" FOUR PORTS,
     true,
     {17, .has_ports = true, .source_port = 0x1234, .destination_port = 80, .offset = 48}},
    {"the first fragment of IPv6",
     V6 "2C40 " V6_REST "11FF 0001" FOUR PORTS,
     true,
     {17, .is_fragment = true, .has_ports = true, .source_port = 0x1234, .destination_port = 80,
      .offset = 48}},
    {"a later fragment of IPv6",
     V6 "2C40 " V6_REST "1100 0009" FOUR PORTS,
     true,
     {17, .is_fragment = true, .is_later_fragment = true, .offset = 48}},
    {"behind a later fragment's header is data",
     V6 "2C40 " V6_REST "0000 0008" FOUR "FFFF",
     true,
     {0, .is_fragment = true, .is_later_fragment = true, .offset = 48}},
    {"its first fragment ends before the ports",
     V6 "2C40 " V6_REST "1100 0001" FOUR "1234",
     false,
     {0}},
    {"its first fragment ends within the chain",
     V6 "2C40 " V6_REST "3C00 0001" FOUR "1101 0000" FOUR FOUR,
     false,
     {0}},
    {"a chain that is cut", V6 "0040 " V6_REST "0601 0000" FOUR PORTS, false, {0}},
    {"a header that is cut", V6 "3C40 " V6_REST "0600 0000 0000 00", false, {0}},
    {"a fragment header that is cut", V6 "2C40 " V6_REST "06", false, {0}},
    {"nothing behind the last header",
     V6 "3C40 " V6_REST "3B00 0000" FOUR,
     true,
     {59, .offset = 48}},
};

static uint32_t packet_of(const char *hex, uint8_t packet[256])
{
    uint32_t count = (uint32_t)harness_hex(hex, packet, 256);

    packets_seal(packet, count, false);
    return count;
}

START_TEST(the_transport_header_is_found_behind_every_chain) /* [FWL-3] */
{
    const struct chain *row = &chains[_i];
    const struct avpni_transport *expected = &row->transport;
    struct avpni_transport t;
    struct avpn_address source, destination;
    uint8_t packet[256];
    uint32_t count = packet_of(row->packet, packet);
    uint8_t *exact = packets_exact(packet, count);

    ck_assert_msg(avpni_inner_parse(exact, count, &source, &destination), "%s", row->name);
    ck_assert_msg(avpni_inner_transport(exact, count, &t) == row->is_good, "%s", row->name);
    if (row->is_good) {
        ck_assert_msg(t.protocol == expected->protocol && t.offset == expected->offset, "%s: %u %u",
                      row->name, t.protocol, t.offset);
        ck_assert_msg(t.is_fragment == expected->is_fragment &&
                          t.is_later_fragment == expected->is_later_fragment,
                      "%s", row->name);
        ck_assert_msg(t.is_routed == expected->is_routed && t.has_ports == expected->has_ports,
                      "%s", row->name);
        ck_assert_msg(t.source_port == expected->source_port &&
                          t.destination_port == expected->destination_port,
                      "%s", row->name);
    }
    free(exact);
}
END_TEST

START_TEST(eight_headers_are_walked_and_nine_are_not) /* [FWL-3] */
{
    for (uint32_t headers = 0; headers <= 12; headers++) {
        uint8_t packet[256] = {0x60, [6] = 60, [7] = 64};
        uint32_t count = 40 + 8 * headers + 4;
        struct avpni_transport t;

        for (uint32_t i = 0; i < headers; i++)
            packet[40 + 8 * i] = i + 1 == headers ? 17 : 60;
        if (headers == 0)
            packet[6] = 17;
        packets_seal(packet, count, false);
        ck_assert(avpni_inner_transport(packet, count, &t) == (headers <= AVPNI_INNER_CHAIN));
        if (headers <= AVPNI_INNER_CHAIN)
            ck_assert_uint_eq(t.offset, count - 4);
    }
}
END_TEST

START_TEST(these_protocols_have_ports_and_no_others)
{
    for (uint32_t protocol = 0; protocol < 256; protocol++) {
        bool is_one =
            protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;

        ck_assert(avpni_protocol_has_ports((uint8_t)protocol) == is_one);
    }
}
END_TEST

/* Against the second opinion, of packets whole, cut short with true lengths, and with bytes that lie. */
START_TEST(random_packets_are_seen_as_another_walk_sees_them)
{
    struct avpn_address hosts[] = {packets_address("10.0.0.1"), packets_address("10.0.0.2"),
                                   packets_address("fd00::1"), packets_address("fd00::2")};
    uint64_t state = 21;

    for (int round = 0; round < 12000; round++) {
        uint32_t family = 2 * packets_below(&state, 2);
        struct packets_packet p;
        struct packets_view view = {0};
        struct avpni_transport t;

        packets_random(&state, &hosts[family], &hosts[family + 1], 30, &p);
        if (round % 3 == 1)
            p.bytes[(family == 0 ? 20 : 40) + packets_below(&state, 20)] ^=
                (uint8_t)harness_random(&state);
        if (round % 3 == 2)
            p.count -= packets_below(&state, p.count - (family == 0 ? 20 : 40) + 1);
        uint8_t *exact = packets_exact(p.bytes, p.count);
        bool is_seen = packets_look(p.bytes, p.count, &view) && view.headers <= AVPNI_INNER_CHAIN;

        ck_assert(avpni_inner_chain(exact, p.count, &t) == is_seen);
        if (is_seen) {
            ck_assert_uint_eq(t.offset, view.transport);
            ck_assert_uint_eq(t.protocol, view.protocol);
            ck_assert(t.is_later_fragment == !view.is_first);
            ck_assert(t.is_fragment == !view.is_whole);
            bool has_ports = view.is_first && avpni_protocol_has_ports(view.protocol);
            bool is_short = has_ports && p.count - view.transport < 4;

            ck_assert(avpni_inner_transport(exact, p.count, &t) == !is_short);
            ck_assert(is_short || t.has_ports == has_ports);
        }
        free(exact);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(the_transport_header_is_found_behind_every_chain, HARNESS_COUNT(chains)),
    HARNESS_CASE(eight_headers_are_walked_and_nine_are_not),
    HARNESS_CASE(these_protocols_have_ports_and_no_others),
    HARNESS_CASE(random_packets_are_seen_as_another_walk_sees_them),
    HARNESS_LOOP(a_header_is_accepted_only_if_its_lengths_are_true, HARNESS_COUNT(rows)),
    HARNESS_CASE(addresses_are_read_from_their_places),
    HARNESS_CASE(the_checksum_stays_right_when_the_ttl_falls),
    HARNESS_CASE(a_hop_leaves_the_checksum_that_a_whole_sum_gives),
    HARNESS_CASE(a_hop_limit_is_used_up_at_one),
};
HARNESS_MAIN("inner/packet", cases)
