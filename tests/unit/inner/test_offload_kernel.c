/* SPDX-License-Identifier: ISC */
/*
 * The offloads against the kernel's own, in a network namespace. The kernel is the judge in two ways:
 *
 *   forwarding   what is written into the device "in", which has a virtio-net header, leaves by the device "out", which takes nothing but
 *                plain packets: the kernel has to cut, and to complete checksums. What leaves is compared byte by byte, but for
 *                the hop it has taken.
 *   sockets      what sockets send into the device "loop", as large as the kernel makes it, is cut, turned around by swapping its
 *                addresses, joined, and written back: the same sockets' other ends have to read what was sent.
 */
#define _GNU_SOURCE
#include "harness.h"
#include "inner/offload.h"
#include "inner/packet.h"
#include "packets.h"
#include "programs/own_network.h"
#include "reference.h"
#include "supers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/ipv6.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>

#define ACK 0x10
#define UDP_SEGMENT_OPTION 103
#define OFFLOADS 0x6F /* TUN_F_CSUM, TSO4, TSO6, TSO_ECN, USO4, USO6 */
#define ECN 0x80
#define ALL (AVPN_COALESCE_TCP4 | AVPN_COALESCE_TCP6 | AVPN_COALESCE_UDP)
#define LIMIT 512

static bool is_alone; /* there is a namespace with these devices */
static int in, out, loop;
static struct supers_super super;
static uint8_t room[AVPN_SEGMENT_ROOM], packet[AVPN_VNET_BYTES + REFERENCE_LIMIT];

/* ---- the machine ------------------------------------------------------------------------------ */

static int open_device(const char *name, short flags, int mtu)
{
    struct ifreq request = {.ifr_flags = (short)(IFF_TUN | IFF_NO_PI | flags)};
    int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0 ||
        (flags != 0 && ioctl(fd, TUNSETOFFLOAD, OFFLOADS) != 0) || own_network_up(name, mtu) != 0)
        return -1;
    return fd;
}

static int write_setting(const char *name, const char *value)
{
    int fd = open(name, O_WRONLY | O_CLOEXEC);
    ssize_t written = fd < 0 ? -1 : write(fd, value, strlen(value));

    if (fd >= 0)
        close(fd);
    return written > 0 ? 0 : -1;
}

/* An address, and a route to its prefix. */
static int add_address(const char *name, const char *ipv4, const char *mask, const char *ipv6,
                       uint32_t length)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    int fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct in6_ifreq request6 = {.ifr6_prefixlen = length};
    struct ifreq request = {0};
    int result;

    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request6.ifr6_ifindex = (int)if_nametoindex(name);
    inet_pton(AF_INET6, ipv6, &request6.ifr6_addr);
    inet_pton(AF_INET, ipv4, &address.sin_addr);
    memcpy(&request.ifr_addr, &address, sizeof address);
    result = ioctl(fd, SIOCSIFADDR, &request);
    inet_pton(AF_INET, mask, &address.sin_addr);
    memcpy(&request.ifr_addr, &address, sizeof address);
    result |= ioctl(fd, SIOCSIFNETMASK, &request);
    result |= ioctl(fd6, SIOCSIFADDR, &request6);
    close(fd);
    close(fd6);
    return result;
}

static bool open_machine(void)
{
    if (own_network_open() != 0)
        return false;
    in = open_device("in", IFF_VNET_HDR, 1500);
    out = open_device("out", 0, 65535);
    loop = open_device("loop", IFF_VNET_HDR, 1420);
    return in >= 0 && out >= 0 && loop >= 0 &&
           write_setting("/proc/sys/net/ipv4/ip_forward", "1") == 0 &&
           write_setting("/proc/sys/net/ipv6/conf/all/forwarding", "1") == 0 &&
           write_setting("/proc/sys/net/ipv4/conf/all/rp_filter", "0") == 0 &&
           write_setting("/proc/sys/net/ipv4/conf/in/rp_filter", "0") == 0 &&
           write_setting("/proc/sys/net/ipv4/conf/loop/rp_filter", "0") == 0 &&
           write_setting("/proc/sys/net/ipv4/conf/loop/accept_local", "1") == 0 &&
           write_setting("/proc/sys/net/ipv4/tcp_ecn", "1") == 0 &&
           add_address("out", "10.9.9.9", "255.255.0.0", "fd09::99", 64) == 0 &&
           add_address("loop", "10.1.0.1", "255.255.255.0", "fd01::1", 64) == 0;
}

/* ---- forwarding ------------------------------------------------------------------------------- */

struct list {
    uint32_t count;
    struct {
        uint8_t *bytes;
        uint32_t count;
    } packets[LIMIT];
};

static struct list sent, left, expected;

static void add(struct list *list, const uint8_t *bytes, uint32_t count)
{
    ck_assert_uint_lt(list->count, LIMIT);
    list->packets[list->count].bytes = packets_exact(bytes, count);
    list->packets[list->count++].count = count;
}

static void clear(struct list *list)
{
    while (list->count > 0)
        free(list->packets[--list->count].bytes);
}

/* All that has left by "out" but for what the kernel says itself there. Waits for at least `least`. */
static void read_left(uint32_t least)
{
    struct pollfd waiting = {.fd = out, .events = POLLIN};
    ssize_t bytes;

    clear(&left);
    while (poll(&waiting, 1, left.count < least ? 2000 : 0) > 0)
        while ((bytes = read(out, packet, sizeof packet)) > 0) {
            bool is_ipv4 = packet[0] / 16 == 4;

            if (is_ipv4 ? packet[12] == 10 && packet[13] == 0 : packet[8] == 0xFD && packet[9] == 0)
                add(&left, packet, (uint32_t)bytes);
        }
}

static void write_in(const struct avpn_offload *offload, uint8_t flags, const uint8_t *bytes,
                     uint32_t count)
{
    avpni_offload_write(offload, reference_headers(bytes), packet);
    packet[1] |= flags;
    memcpy(packet + AVPN_VNET_BYTES, bytes, count);
    ck_assert_msg(write(in, packet, AVPN_VNET_BYTES + count) == AVPN_VNET_BYTES + (ssize_t)count,
                  "%s", strerror(errno));
}

static void hop(uint8_t *bytes)
{
    uint8_t *limit = bytes + (bytes[0] / 16 == 4 ? 8 : 7);

    *limit |= 2; /* enough for a hop, and more */
}

/* Nothing in it that a router would act on. */
static void make_forwardable(struct supers_super *s)
{
    hop(s->packet);
    if (s->packet[0] / 16 == 4) {
        memset(s->packet + 20, 1, s->transport - 20);
        s->packet[10] = s->packet[11] = 0;
        uint32_t sum = 0xFFFF - packets_sum(0, s->packet, s->transport);

        s->packet[10] = (uint8_t)(sum / 256);
        s->packet[11] = (uint8_t)sum;
    }
}

/* What the kernel should cut it to is what we cut it to. */
static void check_cut(void)
{
    struct avpn_packets run;
    bool is_cwr = super.packet[super.transport + 13] >= 0x80;
    uint8_t flags = is_cwr && (super.offload.kind == AVPN_OFFLOAD_TCP4 ||
                               super.offload.kind == AVPN_OFFLOAD_TCP6)
                        ? ECN
                        : 0;

    make_forwardable(&super);
    write_in(&super.offload, flags, super.packet, super.bytes);
    ck_assert(avpni_inner_hop(super.packet));
    ck_assert_int_eq(
        avpn_segment(&super.offload, super.packet, super.bytes, room, sizeof room, &run), AVPN_OK);
    read_left(run.count);
    ck_assert_uint_eq(left.count, run.count);
    for (uint32_t i = 0; i < run.count; i++) {
        uint32_t bytes = i + 1 < run.count ? run.bytes : run.last_bytes;

        ck_assert_uint_eq(left.packets[i].count, bytes);
        ck_assert_msg(memcmp(left.packets[i].bytes, run.data + (size_t)i * run.stride, bytes) == 0,
                      "piece %u of %u, kind %u", i, run.count, super.offload.kind);
    }
}

START_TEST(the_kernel_cuts_as_we_do)
{
    uint64_t state = 50 + (uint64_t)_i;

    for (int round = 0; round < 60 && is_alone; round++) {
        struct supers_shape shape;

        do
            supers_shape_random(&state, &shape);
        while (shape.payload <= shape.segment || /* the kernel drops what need not be cut */
               shape.payload > shape.segment * (shape.protocol == 17 ? 64u : 300u));
        if (shape.family == 4 && shape.payload > 65000 - 120u)
            shape.payload = 60000;
        supers_make(&state, &shape, &super);
        check_cut();
    }
}
END_TEST

START_TEST(the_kernel_completes_checksums_as_we_do)
{
    uint64_t state = 5;

    for (int round = 0; round < 60 && is_alone; round++) {
        struct supers_shape shape;

        do
            supers_shape_random(&state, &shape);
        while (shape.payload > 2000);
        supers_make(&state, &shape, &super);
        super.offload.kind = AVPN_OFFLOAD_NONE;
        super.offload.segment_bytes = 0;
        check_cut();
    }
}
END_TEST

static void write_slices(void *user, const struct avpn_slice *slices, size_t count)
{
    uint32_t *joined = user;

    ck_assert_msg(writev(in, (const struct iovec *)slices, (int)count) > 0, "%s", strerror(errno));
    *joined += count > 3 ? 1 : 0;
}

static uint32_t find(const struct list *list, uint32_t from, const uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = from; i < list->count; i++)
        if (list->packets[i].count == count && memcmp(list->packets[i].bytes, bytes, count) == 0)
            return i;
    return list->count;
}

/* What left by one way is what left by the other, and in the same order within each flow. */
static void check_same(const struct list *a, const struct list *b)
{
    static uint32_t place[LIMIT];

    ck_assert_uint_eq(a->count, b->count);
    for (uint32_t i = 0; i < a->count; i++) {
        place[i] = find(b, 0, a->packets[i].bytes, a->packets[i].count);
        for (uint32_t k = 0; k < i; k++) /* of equal ones each has its own */
            if (place[k] == place[i])
                place[i] = find(b, place[i] + 1, a->packets[i].bytes, a->packets[i].count);
        ck_assert_msg(place[i] < b->count, "packet %u did not come out as it was", i);
    }
    for (uint32_t i = 0; i < a->count; i++)
        for (uint32_t k = i + 1; k < a->count; k++)
            ck_assert(place[i] < place[k] ||
                      !reference_is_related(a->packets[i].bytes, a->packets[i].count,
                                            b->packets[place[k]].bytes,
                                            b->packets[place[k]].count));
}

static void make_mixture(uint64_t *state)
{
    clear(&sent);
    for (uint32_t flow = 0; flow < 6; flow++) {
        struct supers_shape shape;
        struct avpn_packets run;

        supers_shape_random(state, &shape);
        shape.network = 0;
        shape.flags = packets_below(state, 3) == 0 ? shape.flags : ACK;
        shape.segment = packets_below(state, 2) == 0 ? 1348 : 100;
        shape.payload = shape.segment * (1 + packets_below(state, 40));
        supers_make(state, &shape, &super);
        make_forwardable(&super);
        super.packet[super.transport + 1] = super.packet[super.transport + 3] =
            (uint8_t)packets_below(state, 3);
        ck_assert_int_eq(
            avpn_segment(&super.offload, super.packet, super.bytes, room, sizeof room, &run),
            AVPN_OK);
        for (uint32_t i = 0; i < run.count; i++) {
            uint8_t *piece = run.data + (size_t)i * run.stride;
            uint32_t bytes = i + 1 < run.count ? run.bytes : run.last_bytes;

            if (packets_below(state, 30) == 0)
                piece[super.transport + packets_below(state, bytes - super.transport)] ^= 1;
            add(&sent, piece, bytes);
        }
    }
}

/* Two neighbours change places now and then: streams cross, and packets of one flow overtake each other. */
static void shuffle(uint64_t *state)
{
    for (uint32_t i = 1; i < sent.count; i++)
        if (packets_below(state, 6) == 0) {
            uint32_t k = packets_below(state, i);
            uint8_t *bytes = sent.packets[k].bytes;
            uint32_t count = sent.packets[k].count;

            sent.packets[k] = sent.packets[i];
            sent.packets[i].bytes = bytes;
            sent.packets[i].count = count;
        }
}

START_TEST(what_is_joined_leaves_the_kernel_as_what_is_not)
{
    static const struct avpn_offload none;
    struct avpn_coalescer *coalescer;
    uint64_t state = 90 + (uint64_t)_i;
    uint32_t joined = 0;

    ck_assert_int_eq(avpn_coalescer_new(NULL, ALL, &coalescer), AVPN_OK);
    for (int round = 0; round < 20 && is_alone; round++) {
        struct avpn_packets batch[LIMIT];

        make_mixture(&state);
        if (round % 2 == 1)
            shuffle(&state);
        for (uint32_t i = 0; i < sent.count; i++) {
            write_in(&none, 0, sent.packets[i].bytes, sent.packets[i].count);
            batch[i] = (struct avpn_packets){sent.packets[i].bytes, 1, sent.packets[i].count,
                                             sent.packets[i].count, 0};
        }
        read_left(sent.count);
        ck_assert_uint_eq(left.count, sent.count);
        clear(&expected);
        expected = left;
        left.count = 0;
        avpn_coalesce(coalescer, batch, sent.count, write_slices, &joined);
        read_left(expected.count);
        check_same(&expected, &left);
    }
    ck_assert(!is_alone || joined > 20);
    avpn_coalescer_del(coalescer);
    clear(&sent);
    clear(&left);
    clear(&expected);
}
END_TEST

/* ---- sockets ---------------------------------------------------------------------------------- */

struct turned {
    uint32_t cut, joined, refused; /* packets */
};

static void write_loop(void *user, const struct avpn_slice *slices, size_t count)
{
    struct turned *turned = user;

    turned->joined += count > 3 ? 1 : 0;
    (void)!writev(loop, (const struct iovec *)slices, (int)count);
}

static void swap_addresses(uint8_t *bytes)
{
    uint32_t count = bytes[0] / 16 == 4 ? 4 : 16;
    uint8_t *source = bytes + (count == 4 ? 12 : 8), saved[16];

    memcpy(saved, source, count);
    memcpy(source, source + count, count);
    memcpy(source + count, saved, count);
}

/* Turn around what waits in "loop": each packet by itself, or joined as far as it goes. */
static void turn(struct avpn_coalescer *coalescer, struct turned *turned)
{
    struct avpn_offload offload;
    struct avpn_packets run;
    ssize_t bytes;

    while ((bytes = read(loop, packet, sizeof packet)) > AVPN_VNET_BYTES) {
        uint32_t count = (uint32_t)bytes - AVPN_VNET_BYTES;

        if (avpn_offload_read(packet, count, &offload) != AVPN_OK ||
            avpn_segment(&offload, packet + AVPN_VNET_BYTES, count, room, sizeof room, &run) !=
                AVPN_OK) {
            turned->refused++;
            continue;
        }
        turned->cut += run.count > 1 ? 1 : 0;
        for (uint32_t i = 0; i < run.count; i++) {
            uint8_t *piece = run.data + (size_t)i * run.stride;

            ck_assert_ptr_null(
                packets_fault(piece, i + 1 < run.count ? run.bytes : run.last_bytes));
            swap_addresses(piece);
        }
        avpn_coalesce(coalescer, &run, 1, write_loop, turned);
    }
}

/* This side's address, or the other's, with this port. */
static socklen_t make_address(int family, int is_other, uint16_t port,
                              struct sockaddr_storage *address_out)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    inet_pton(AF_INET, is_other ? "10.1.0.2" : "10.1.0.1", &ipv4.sin_addr);
    inet_pton(AF_INET6, is_other ? "fd01::2" : "fd01::1", &ipv6.sin6_addr);
    if (family == AF_INET)
        memcpy(address_out, &ipv4, sizeof ipv4);
    else
        memcpy(address_out, &ipv6, sizeof ipv6);
    return family == AF_INET ? sizeof ipv4 : sizeof ipv6;
}

/* A socket bound to this side's `port`. */
static int open_socket(int family, int type, uint16_t port)
{
    struct sockaddr_storage address;
    socklen_t length = make_address(family, 0, port, &address);
    int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), bytes = 4 << 20;

    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, length), 0);
    return fd;
}

/* Bytes of an endless stream. */
static void fill(uint32_t from, uint8_t *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(((from + i) * 2654435761u) >> 11);
}

static bool is_stream(uint32_t from, const uint8_t *bytes, uint32_t count)
{
    static uint8_t right[65536];

    fill(from, right, count);
    return memcmp(bytes, right, count) == 0;
}

START_TEST(a_tcp_stream_arrives_as_it_was_sent)
{
    const int family = _i == 0 ? AF_INET : AF_INET6;
    const uint32_t whole = 4u << 20;
    static uint8_t buffer[65536];
    struct avpn_coalescer *coalescer;
    struct sockaddr_storage address;
    struct turned turned = {0};
    uint32_t written = 0, got = 0;
    int server = -1;

    if (!is_alone)
        return;
    ck_assert_int_eq(avpn_coalescer_new(NULL, ALL, &coalescer), AVPN_OK);
    int listener = open_socket(family, SOCK_STREAM, 7000),
        client = open_socket(family, SOCK_STREAM, 7001);
    socklen_t length = make_address(family, 1, 7000, &address);

    ck_assert_int_eq(listen(listener, 1), 0);
    ck_assert(connect(client, (struct sockaddr *)&address, length) != 0 && errno == EINPROGRESS);
    while (got < whole) {
        struct pollfd waiting[] = {{loop, POLLIN, 0},
                                   {server >= 0 ? server : listener, POLLIN, 0},
                                   {client, written < whole ? POLLOUT : 0, 0}};
        ssize_t bytes;

        ck_assert_msg(poll(waiting, 3, 5000) > 0, "%u of %u bytes", got, whole);
        turn(coalescer, &turned);
        if (server < 0)
            server = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        uint32_t more = whole - written < sizeof buffer ? whole - written : sizeof buffer;

        fill(written, buffer, more);
        bytes = more > 0 ? send(client, buffer, more, MSG_NOSIGNAL) : 0;
        written += bytes > 0 ? (uint32_t)bytes : 0;
        while (server >= 0 && (bytes = recv(server, buffer, sizeof buffer, 0)) > 0) {
            ck_assert_msg(is_stream(got, buffer, (uint32_t)bytes), "at byte %u", got);
            got += (uint32_t)bytes;
        }
    }
    ck_assert_uint_eq(turned.refused, 0);
    ck_assert_uint_gt(turned.cut, 20);
    ck_assert_uint_gt(turned.joined, 20);
    close(server);
    close(client);
    close(listener);
    turn(coalescer, &turned);
    avpn_coalescer_del(coalescer);
}
END_TEST

START_TEST(datagrams_arrive_as_they_were_cut)
{
    static const struct {
        int segment;
        uint32_t bytes;
    } sends[] = {{1000, 30000}, {1000, 30001}, {1372, 64000}, {1, 64},
                 {7, 100},      {1200, 1200},  {500, 501}};
    const int family = _i == 0 ? AF_INET : AF_INET6;
    static uint8_t buffer[65536];
    struct avpn_coalescer *coalescer;
    struct sockaddr_storage address;
    struct turned turned = {0};

    if (!is_alone)
        return;
    ck_assert_int_eq(avpn_coalescer_new(NULL, ALL, &coalescer), AVPN_OK);
    int receiver = open_socket(family, SOCK_DGRAM, 7000),
        sender = open_socket(family, SOCK_DGRAM, 7001);
    socklen_t length = make_address(family, 1, 7000, &address);

    for (int i = 0; i < HARNESS_COUNT(sends); i++) {
        uint32_t got = 0;

        fill((uint32_t)i, buffer, sends[i].bytes);
        ck_assert_int_eq(setsockopt(sender, IPPROTO_UDP, UDP_SEGMENT_OPTION, &sends[i].segment,
                                    sizeof sends[i].segment),
                         0);
        ck_assert_msg(sendto(sender, buffer, sends[i].bytes, 0, (struct sockaddr *)&address,
                             length) == (ssize_t)sends[i].bytes,
                      "%s", strerror(errno));
        while (got < sends[i].bytes) {
            struct pollfd waiting[] = {{loop, POLLIN, 0}, {receiver, POLLIN, 0}};
            ssize_t bytes;

            ck_assert_msg(poll(waiting, 2, 5000) > 0, "send %d: %u bytes", i, got);
            turn(coalescer, &turned);
            while ((bytes = recv(receiver, buffer, sizeof buffer, 0)) > 0) {
                uint32_t rest = sends[i].bytes - got;

                ck_assert_int_eq(bytes,
                                 rest < (uint32_t)sends[i].segment ? (int)rest : sends[i].segment);
                ck_assert(is_stream(got + (uint32_t)i, buffer, (uint32_t)bytes));
                got += (uint32_t)bytes;
            }
        }
    }
    ck_assert_uint_eq(turned.refused, 0);
    ck_assert_uint_ge(turned.cut, 6);
    ck_assert_uint_ge(turned.joined, 6);
    close(sender);
    close(receiver);
    avpn_coalescer_del(coalescer);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(the_kernel_cuts_as_we_do, 4),
    HARNESS_CASE(the_kernel_completes_checksums_as_we_do),
    HARNESS_LOOP(what_is_joined_leaves_the_kernel_as_what_is_not, 2),
    HARNESS_LOOP(a_tcp_stream_arrives_as_it_was_sent, 2),
    HARNESS_LOOP(datagrams_arrive_as_they_were_cut, 2),
};

int main(void)
{
    is_alone = open_machine();
    if (!is_alone)
        harness_skipped(HARNESS_COUNT(cases),
                        "no network namespace of its own, or no TUN device with TSO and USO");
    return harness_run("inner/offload_kernel", cases, HARNESS_COUNT(cases));
}
