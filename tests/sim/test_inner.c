/* SPDX-License-Identifier: ISC */
/* The simulator's packets: what judges the engine has to be right itself. */
#include "chance.h"
#include "harness.h"
#include "inner.h"
#include "net.h"
#include <string.h>

static const uint8_t protocols[] = {INNER_ICMP, INNER_TCP, INNER_UDP, 47};

static struct inner drawn(struct sim_chance *chance, uint8_t protocol, bool is_v6)
{
    const uint64_t bits = sim_chance_next(chance);

    return (struct inner){
        .source = sim_address(is_v6 ? "fd00:0:0:2::a" : "10.0.2.10"),
        .destination = sim_address(is_v6 ? "fd00:0:0:3::a" : "10.0.3.10"),
        .protocol = protocol,
        .hop_limit = (uint8_t)(1 + bits % 64),
        .is_whole = !is_v6 && (bits >> 8 & 1) != 0,
        .tcp_flags = protocol == INNER_TCP ? INNER_ACK : 0,
        .source_port = protocol == INNER_TCP || protocol == INNER_UDP ? (uint16_t)(bits >> 16) : 0,
        .destination_port = protocol == INNER_TCP || protocol == INNER_UDP ? 80 : 0,
        .mss = protocol == INNER_TCP ? (uint16_t)(bits >> 32) : 0,
        .sequence = protocol == INNER_TCP ? (uint32_t)(bits >> 24) : 0,
        .number = (uint32_t)(bits >> 12),
        .bytes = 100 + (uint32_t)(bits >> 40) % 1400};
}

/* The header of RFC 791's kind whose checksum is worked out in many textbooks. */
START_TEST(a_header_has_the_checksum_that_the_books_give_it)
{
    static const uint8_t book[20] = {0x45, 0,    0,    0x73, 0, 0, 0x40, 0,    0x40, 0x11,
                                     0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,    0xc7};
    const struct inner inner = {.source = sim_address("192.168.0.1"),
                                .destination = sim_address("192.168.0.199"),
                                .protocol = INNER_UDP,
                                .hop_limit = 64,
                                .is_whole = true,
                                .bytes = 0x73};
    uint8_t packet[INNER_LARGEST];

    ck_assert_uint_eq(inner_write(&inner, packet), 0x73);
    ck_assert_mem_eq(packet, book, sizeof book);
}
END_TEST

START_TEST(what_is_written_is_read_again)
{
    struct sim_chance chance;
    uint8_t packet[INNER_LARGEST], again[INNER_LARGEST];
    struct inner read;

    sim_chance_init(&chance, 1);
    for (int i = 0; i < 2000; i++) {
        const struct inner inner = drawn(&chance, protocols[i % 4], i % 8 < 4);
        const uint32_t bytes = inner_write(&inner, packet);

        ck_assert_uint_eq(bytes, inner.bytes);
        ck_assert(inner_read(packet, bytes, &read));
        ck_assert_uint_eq(read.number, inner.number);
        ck_assert_uint_eq(read.source_port, inner.source_port);
        ck_assert_uint_eq(read.mss, inner.mss);
        ck_assert_uint_eq(read.hop_limit, inner.hop_limit);
        ck_assert(read.is_whole == inner.is_whole);
        ck_assert_uint_eq(inner_write(&read, again), bytes);
        ck_assert_mem_eq(again, packet, bytes);
    }
}
END_TEST

/*
 * But for what nothing covers: the hop limit of IPv6, addresses of IPv6 before a protocol without a checksum, and a UDP checksum
 * that becomes 0.
 */
START_TEST(a_bit_that_flips_is_noticed)
{
    struct sim_chance chance;
    uint8_t packet[INNER_LARGEST], again[INNER_LARGEST];
    struct inner read;

    sim_chance_init(&chance, 2);
    for (int i = 0; i < 8; i++) {
        struct inner inner = drawn(&chance, protocols[i % 4], i >= 4);
        uint32_t bytes;

        inner.bytes = 120;
        bytes = inner_write(&inner, packet);
        for (uint32_t bit = 0; bit < bytes * 8; bit++) {
            packet[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
            if (inner_read(packet, bytes, &read) && inner_write(&read, again) == bytes)
                ck_assert(read.number != inner.number || memcmp(packet, again, bytes) != 0 ||
                          (i >= 4 && bit / 8 == 7) || protocols[i % 4] == 47 || read.is_unsummed);
            packet[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
        }
    }
}
END_TEST

START_TEST(a_packet_that_is_cut_is_noticed)
{
    struct sim_chance chance;
    uint8_t packet[INNER_LARGEST];
    struct inner read;

    sim_chance_init(&chance, 3);
    for (int i = 0; i < 8; i++) {
        const struct inner inner = drawn(&chance, protocols[i % 4], i >= 4);
        const uint32_t bytes = inner_write(&inner, packet);

        for (uint32_t cut = 0; cut < bytes; cut++)
            ck_assert(!inner_read(packet, cut, &read));
    }
}
END_TEST

START_TEST(an_error_tells_its_packet)
{
    struct sim_chance chance;
    uint8_t packet[INNER_LARGEST], written[INNER_LARGEST];
    struct inner_error read;
    uint32_t number;

    sim_chance_init(&chance, 4);
    for (int i = 0; i < 400; i++) {
        const bool is_v6 = i % 8 >= 4;
        const struct inner inner = drawn(&chance, protocols[i % 4], is_v6);
        const uint32_t about = inner_write(&inner, packet);
        const struct inner_error error = {.source = inner.destination,
                                          .destination = inner.source,
                                          .type = is_v6 ? 2 : 3,
                                          .code = is_v6 ? 0 : 4,
                                          .mtu = 1300,
                                          .about = packet,
                                          .about_bytes = about};
        const uint32_t bytes = inner_write_error(&error, written);

        ck_assert_uint_le(bytes, is_v6 ? 1280 : 576);
        ck_assert(inner_is_error(written, bytes) && !inner_is_error(packet, about));
        ck_assert(inner_read_error(written, bytes, &read));
        ck_assert_uint_eq(read.mtu, 1300);
        ck_assert_mem_eq(read.about, packet, read.about_bytes);
        ck_assert(inner_number_of_part(read.about, read.about_bytes, &number));
        ck_assert_uint_eq(number, inner.number);
        written[bytes - 1] ^= 1;
        ck_assert(!inner_read_error(written, bytes, &read));
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_header_has_the_checksum_that_the_books_give_it),
    HARNESS_CASE(what_is_written_is_read_again),
    HARNESS_CASE(a_bit_that_flips_is_noticed),
    HARNESS_CASE(a_packet_that_is_cut_is_noticed),
    HARNESS_CASE(an_error_tells_its_packet),
};
HARNESS_MAIN("sim/inner", cases)
