/* SPDX-License-Identifier: ISC */
/* A queue here is one end of a pair of sockets: the test is the kernel at the other. */
#include "harness.h"

#include <fcntl.h>
#include <linux/virtio_net.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <autovpn/offload.h>

#include "gateway/tun_port.h"

#define HEADERS 28u /* IPv4 and UDP */

static struct tun tun;
static struct tun_port port;
static int kernel;

static void open_port(int has_header)
{
    int pair[2];

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    ck_assert_int_eq(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    tun = (struct tun){.queue_count = 1, .fds = {pair[0]}, .has_header = has_header,
                       .offloads = has_header ? TUN_CHECKSUM | TUN_TSO | TUN_USO : 0};
    kernel = pair[1];
    ck_assert_int_eq(tun_port_open(&port, &tun), 0);
}

static void close_port(void)
{
    tun_port_close(&port);
    close(tun.fds[0]);
    close(kernel);
}

/* ---- packets ------------------------------------------------------------------------------------- */

static void put_word(uint8_t *at, uint32_t word)
{
    at[0] = (uint8_t)(word >> 8);
    at[1] = (uint8_t)word;
}

static uint32_t word_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static uint32_t sum(uint32_t start, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        start += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (start >> 16)
        start = (start & 0xffff) + (start >> 16);
    return start;
}

/* An UDP packet of `bytes`; its checksum is whole, or of the pseudo header alone. */
static void make_packet(uint8_t *packet, uint32_t bytes, uint8_t fill, int is_whole)
{
    uint32_t length = bytes - 20, pseudo;

    memset(packet, fill, bytes);
    memset(packet, 0, HEADERS);
    packet[0] = 0x45;
    put_word(packet + 2, bytes);
    put_word(packet + 4, fill); /* packets that belong together are numbered */
    packet[8] = 64;
    packet[9] = 17;
    memcpy(packet + 12, (const uint8_t[]){10, 1, 0, 1, 10, 2, 0, 1}, 8);
    put_word(packet + 10, ~sum(0, packet, 20) & 0xffff);
    put_word(packet + 20, 4000);
    put_word(packet + 22, 5000);
    put_word(packet + 24, length);
    pseudo = sum(17 + length, packet + 12, 8);
    put_word(packet + 26, pseudo);
    if (is_whole) {
        put_word(packet + 26, 0);
        put_word(packet + 26, ~sum(pseudo, packet + 20, length) & 0xffff);
    }
}

/* The kernel hands over a packet; `header`: NULL on a plain tun. */
static void hand_over(const struct virtio_net_hdr *header, const uint8_t *packet, uint32_t bytes)
{
    static uint8_t whole[70000];
    size_t used = header ? AVPN_VNET_BYTES : 0;

    if (header)
        memcpy(whole, header, used);
    memcpy(whole + used, packet, bytes);
    ck_assert_int_eq(send(kernel, whole, used + bytes, 0), (ssize_t)(used + bytes));
}

static const struct virtio_net_hdr whole_packet;

static void hand_over_plain(uint32_t bytes, uint8_t fill)
{
    uint8_t packet[9000];

    make_packet(packet, bytes, fill, 1);
    hand_over(tun.has_header ? &whole_packet : NULL, packet, bytes);
}

static void hand_over_large(uint32_t bytes, uint32_t segment, uint8_t fill)
{
    static uint8_t packet[65535];
    const struct virtio_net_hdr header = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = 5, /* UDP_L4 */
        .hdr_len = HEADERS, .gso_size = (uint16_t)segment, .csum_start = 20, .csum_offset = 6};

    make_packet(packet, bytes, fill, 0);
    hand_over(&header, packet, bytes);
}

static const uint8_t *packet_at(const struct avpn_packets *run, uint32_t i)
{
    return run->data + (size_t)i * run->stride;
}

static void check_packet(const struct avpn_packets *run, uint32_t i, uint32_t bytes, uint8_t fill)
{
    uint8_t expected[9000];

    ck_assert_uint_eq(i + 1 == run->count ? run->last_bytes : run->bytes, bytes);
    make_packet(expected, bytes, fill, 1);
    /* pieces have numbers of their own */
    memcpy(expected + 4, packet_at(run, i) + 4, 2);
    memcpy(expected + 10, packet_at(run, i) + 10, 2);
    ck_assert_mem_eq(packet_at(run, i), expected, bytes);
}

/* ---- reading ---------------------------------------------------------------------------------------- */

START_TEST(packets_of_one_size_are_a_run_that_seals_end_to_end)
{
    static const uint32_t sizes[] = {100, 100, 60, 100, 100, 101};
    struct avpn_packets batch[TUN_BATCH];
    int is_drained;

    open_port(_i);
    for (uint32_t i = 0; i < 6; i++)
        hand_over_plain(sizes[i], (uint8_t)i);
    ck_assert_uint_eq(tun_read(&port, 0, batch, &is_drained), 3);
    ck_assert_int_eq(is_drained, 1);
    ck_assert_uint_eq(batch[0].count, 3); /* a shorter one ends it */
    ck_assert_uint_eq(batch[0].stride, avpn_sealed_bytes(100));
    ck_assert_uint_eq(batch[1].count, 2);
    ck_assert_uint_eq(batch[2].count, 1);
    for (uint32_t i = 0, run = 0, k = 0; i < 6; i++) {
        check_packet(&batch[run], k, sizes[i], (uint8_t)i);
        if (++k == batch[run].count)
            run++, k = 0;
    }
    for (uint32_t i = 0; i < 2; i++)
        ck_assert_int_ge(batch[i + 1].data - packet_at(&batch[i], batch[i].count - 1),
                         (int)(batch[i].last_bytes + AVPN_TAILROOM + AVPN_HEADROOM));
    close_port();
}
END_TEST

START_TEST(no_more_packets_are_read_than_a_batch_has_and_none_is_left)
{
    struct avpn_packets batch[TUN_BATCH];
    uint32_t got = 0;
    int is_drained = 0;

    open_port(_i);
    for (uint32_t i = 0; i < TUN_BATCH + 36; i++)
        hand_over_plain(40 + i % 2, (uint8_t)i);
    ck_assert_uint_eq(tun_read(&port, 0, batch, &is_drained), TUN_BATCH / 2 + 1); /* 40; 41 40; 41 40 ... 41 */
    ck_assert_int_eq(is_drained, 0);
    for (got = TUN_BATCH; !is_drained;)
        for (size_t i = 0, count = tun_read(&port, 0, batch, &is_drained); i < count; i++)
            got += batch[i].count;
    ck_assert_uint_eq(got, TUN_BATCH + 36);
    close_port();
}
END_TEST

START_TEST(a_large_packet_is_cut_where_its_header_says)
{
    struct avpn_packets batch[TUN_BATCH];
    int is_drained;

    open_port(1);
    hand_over_plain(500, 9);
    hand_over_large(HEADERS + 3 * 500 + 77, 500, 7);
    ck_assert_uint_eq(tun_read(&port, 0, batch, &is_drained), 2);
    check_packet(&batch[0], 0, 500, 9);
    ck_assert_uint_eq(batch[1].count, 4);
    for (uint32_t i = 0; i < 3; i++)
        check_packet(&batch[1], i, HEADERS + 500, 7);
    check_packet(&batch[1], 3, HEADERS + 77, 7);
    ck_assert_uint_eq(tally_read(&port.large_read), 1);
    ck_assert_uint_eq(tally_read(&port.pieces), 4);
    close_port();
}
END_TEST

/* Also when each is of the largest size and cut into the smallest pieces that a kernel makes. */
START_TEST(large_packets_that_wait_all_come)
{
    struct avpn_packets batch[TUN_BATCH];
    uint32_t got = 0, rounds = 0;
    int is_drained = 0;

    open_port(1);
    for (uint32_t i = 0; i < 3; i++)
        hand_over_large(65535, _i ? 64 : 1472, (uint8_t)i);
    for (; !is_drained; rounds++)
        for (size_t i = 0, count = tun_read(&port, 0, batch, &is_drained); i < count; i++)
            got += batch[i].count;
    ck_assert_uint_eq(got, 3 * ((65535 - HEADERS - 1) / (_i ? 64 : 1472) + 1));
    ck_assert_uint_gt(rounds, 3); /* each by itself, while it is warm */
    ck_assert_uint_eq(tally_read(&port.malformed), 0);
    close_port();
}
END_TEST

START_TEST(a_checksum_that_was_left_open_is_completed)
{
    const struct virtio_net_hdr header = {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 20,
                                          .csum_offset = 6};
    struct avpn_packets batch[TUN_BATCH];
    uint8_t packet[200];
    int is_drained;

    open_port(1);
    make_packet(packet, sizeof packet, 5, 0);
    hand_over(&header, packet, sizeof packet);
    ck_assert_uint_eq(tun_read(&port, 0, batch, &is_drained), 1);
    check_packet(&batch[0], 0, sizeof packet, 5);
    close_port();
}
END_TEST

static const struct {
    uint32_t bytes; /* of the packet behind the header */
    struct virtio_net_hdr header;
} lies[] = {
    {0, {0}},
    {100, {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 99, .csum_offset = 6}},
    {100, {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .csum_start = 65535, .csum_offset = 65535}},
    {100, {.gso_type = VIRTIO_NET_HDR_GSO_UDP, .gso_size = 40}}, /* fragments */
    {100, {.gso_type = 0x7f, .gso_size = 40}},
    {2000, {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = 5, .gso_size = 0, .csum_start = 20,
            .csum_offset = 6}},
    {2000, {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = 5, .gso_size = 1, .csum_start = 20,
            .csum_offset = 6}},
    {2000, {.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM, .gso_type = VIRTIO_NET_HDR_GSO_TCPV4,
            .gso_size = 500, .csum_start = 20, .csum_offset = 16}}, /* it is UDP */
    {2000, {.gso_type = VIRTIO_NET_HDR_GSO_TCPV6, .gso_size = 500}},
};

START_TEST(a_header_that_lies_costs_its_packet_only_and_is_counted)
{
    struct avpn_packets batch[TUN_BATCH];
    uint8_t packet[2000];
    int is_drained;

    open_port(1);
    hand_over_plain(100, 1);
    make_packet(packet, sizeof packet, 2, 0);
    hand_over(&lies[_i].header, packet, lies[_i].bytes);
    hand_over_plain(100, 3);
    ck_assert_uint_eq(tun_read(&port, 0, batch, &is_drained), 1);
    ck_assert_uint_eq(batch[0].count, 2);
    check_packet(&batch[0], 0, 100, 1);
    check_packet(&batch[0], 1, 100, 3);
    ck_assert_uint_eq(tally_read(&port.malformed), 1);
    close_port();
}
END_TEST

START_TEST(less_than_a_header_is_counted_too)
{
    struct avpn_packets batch[TUN_BATCH];
    int is_drained;

    open_port(1);
    ck_assert_int_eq(send(kernel, "short", 5, 0), 5);
    ck_assert_uint_eq(tun_read(&port, 0, batch, &is_drained), 0);
    ck_assert_uint_eq(tally_read(&port.malformed), 1);
    close_port();
}
END_TEST

/* ---- writing ---------------------------------------------------------------------------------------- */

START_TEST(what_belongs_together_is_written_as_one)
{
    static uint8_t bytes[5 * 600], got[65535 + AVPN_VNET_BYTES];
    struct avpn_packets run = {bytes, 5, 528, 528, 600};
    struct virtio_net_hdr header;
    ssize_t count;

    open_port(1);
    for (uint32_t i = 0; i < 5; i++)
        make_packet(bytes + (size_t)i * 600, 528, (uint8_t)i, 1);
    tun_write(&port, 0, &run, 1);
    count = recv(kernel, got, sizeof got, MSG_DONTWAIT);
    ck_assert_int_eq(count, AVPN_VNET_BYTES + HEADERS + 5 * 500);
    memcpy(&header, got, AVPN_VNET_BYTES);
    ck_assert_uint_eq(header.gso_type, 5);
    ck_assert_uint_eq(header.gso_size, 500);
    ck_assert_uint_eq(word_at(got + AVPN_VNET_BYTES + 2), HEADERS + 5 * 500);
    ck_assert_uint_eq(tally_read(&port.joined), 5);
    ck_assert_int_lt(recv(kernel, got, sizeof got, MSG_DONTWAIT), 0);
    close_port();
}
END_TEST

START_TEST(a_plain_tun_gets_each_packet_as_it_is)
{
    static uint8_t bytes[5 * 600], got[9000];
    struct avpn_packets run = {bytes, 5, 528, 100, 600};

    open_port(0);
    for (uint32_t i = 0; i < 5; i++)
        make_packet(bytes + (size_t)i * 600, i < 4 ? 528 : 100, (uint8_t)i, 1);
    tun_write(&port, 0, &run, 1);
    for (uint32_t i = 0; i < 5; i++) {
        ck_assert_int_eq(recv(kernel, got, sizeof got, MSG_DONTWAIT), i < 4 ? 528 : 100);
        ck_assert_mem_eq(got, bytes + (size_t)i * 600, i < 4 ? 528 : 100);
    }
    ck_assert_uint_eq(tally_read(&port.joined), 0);
    close_port();
}
END_TEST

START_TEST(what_the_kernel_does_not_take_is_counted_by_packets)
{
    static uint8_t bytes[5 * 600];
    struct avpn_packets run = {bytes, 5, 528, 528, 600};

    open_port(_i);
    for (uint32_t i = 0; i < 5; i++)
        make_packet(bytes + (size_t)i * 600, 528, (uint8_t)i, 1);
    while (tally_read(&port.unwritten) == 0)
        tun_write(&port, 0, &run, 1); /* until the socket's buffer is full */
    if (_i)
        ck_assert_uint_eq(tally_read(&port.unwritten), 5);
    tun_write(&port, 0, &run, 1);
    ck_assert_uint_ge(tally_read(&port.unwritten), 6);
    close_port();
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(packets_of_one_size_are_a_run_that_seals_end_to_end, 2),
    HARNESS_LOOP(no_more_packets_are_read_than_a_batch_has_and_none_is_left, 2),
    HARNESS_CASE(a_large_packet_is_cut_where_its_header_says),
    HARNESS_LOOP(large_packets_that_wait_all_come, 2),
    HARNESS_CASE(a_checksum_that_was_left_open_is_completed),
    HARNESS_LOOP(a_header_that_lies_costs_its_packet_only_and_is_counted, HARNESS_COUNT(lies)),
    HARNESS_CASE(less_than_a_header_is_counted_too),
    HARNESS_CASE(what_belongs_together_is_written_as_one),
    HARNESS_CASE(a_plain_tun_gets_each_packet_as_it_is),
    HARNESS_LOOP(what_the_kernel_does_not_take_is_counted_by_packets, 2),
};
HARNESS_MAIN("programs/tun_port", cases)
