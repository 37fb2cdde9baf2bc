/* SPDX-License-Identifier: ISC */
/* A kernel that lacks something is made of this one: the ioctl that asks for it is refused on the way. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <netinet/udp.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/tun.h"
#include "gateway/tun_port.h"
#include "own_network.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static unsigned long lacking; /* TUN_F_* that the kernel does not know */
static short lacking_flags;   /* IFF_* */
static int is_alone;

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

int __wrap_ioctl(int fd, unsigned long request, ...)
{
    unsigned long argument;
    va_list arguments;

    va_start(arguments, request);
    argument = va_arg(arguments, unsigned long);
    va_end(arguments);
    if ((request == TUNSETOFFLOAD && (argument & lacking)) ||
        (request == TUNSETIFF && (((const struct ifreq *)argument)->ifr_flags & lacking_flags))) {
        errno = EINVAL;
        return -1;
    }
    return __real_ioctl(fd, request, argument);
}

#define USO 0x60ul
#define ALL (TUN_CHECKSUM | TUN_TSO | TUN_USO)

static const struct {
    unsigned long lacking;
    short flags;
    int is_plain;
    int has_header;
    uint32_t offloads;
} kernels[] = {
    {0, 0, 0, 1, ALL},
    {USO, 0, 0, 1, TUN_CHECKSUM | TUN_TSO},
    {USO | TUN_F_TSO4 | TUN_F_TSO6, 0, 0, 1, TUN_CHECKSUM},
    {~0ul, 0, 0, 0, 0},
    {0, IFF_VNET_HDR, 0, 0, 0},
    {0, 0, 1, 0, 0}, /* it is not asked */
};

START_TEST(as_much_is_used_as_the_kernel_has)
{
    struct tun_options options = {.name = "avtest", .queue_count = 1};
    struct tun tun;

    if (!is_alone)
        return;
    for (options.queue_count = 1; options.queue_count <= 3; options.queue_count += 2) {
        lacking = kernels[_i].lacking;
        lacking_flags = kernels[_i].flags;
        options.is_plain = kernels[_i].is_plain;
        ck_assert_int_eq(tun_open(&tun, &options), 0);
        ck_assert_str_eq(tun.name, "avtest");
        ck_assert_uint_eq(tun.queue_count, options.queue_count);
        ck_assert_int_eq(tun.has_header, kernels[_i].has_header);
        ck_assert_uint_eq(tun.offloads, kernels[_i].offloads);
        tun_close(&tun);
        ck_assert_uint_eq(if_nametoindex("avtest"), 0);
    }
    lacking = 0;
    lacking_flags = 0;
}
END_TEST

START_TEST(an_interface_that_is_another_gateways_is_refused)
{
    struct tun_options options = {.name = "avtest", .queue_count = 1};
    struct tun first, second;

    if (!is_alone)
        return;
    ck_assert_int_eq(tun_open(&first, &options), 0);
    ck_assert_int_eq(tun_open(&second, &options), -1);
    ck_assert_int_eq(errno, EBUSY);
    ck_assert_uint_eq(second.queue_count, 0);
    tun_close(&first);
}
END_TEST

/* ---- what comes is the same ---------------------------------------------------------------------- */

static void set_address(const char *interface, const char *text)
{
    struct ifreq request = {0};
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    strncpy(request.ifr_name, interface, IFNAMSIZ - 1);
    inet_pton(AF_INET, text, &address.sin_addr);
    memcpy(&request.ifr_addr, &address, sizeof address);
    ck_assert_int_eq(ioctl(fd, SIOCSIFADDR, &request), 0);
    inet_pton(AF_INET, "255.255.255.0", &address.sin_addr);
    memcpy(&request.ifr_netmask, &address, sizeof address);
    ck_assert_int_eq(ioctl(fd, SIOCSIFNETMASK, &request), 0);
    close(fd);
}

/* Datagrams of `segment` bytes, `bytes` in all, from 10.9.0.1 to 10.9.0.2. */
static void send_segments(uint16_t segment, size_t bytes)
{
    static uint8_t text[65000];
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_port = htons(4000)};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(5000)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    for (size_t i = 0; i < bytes; i++)
        text[i] = (uint8_t)(i * 7 + i / 251);
    inet_pton(AF_INET, "10.9.0.1", &from.sin_addr);
    inet_pton(AF_INET, "10.9.0.2", &to.sin_addr);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    if (bytes > segment)
        ck_assert_int_eq(setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &(int){segment}, sizeof(int)), 0);
    ck_assert_int_eq(sendto(fd, text, bytes, 0, (struct sockaddr *)&to, sizeof to), (ssize_t)bytes);
    close(fd);
}

struct seen {
    uint32_t count, bytes;
    uint8_t packets[90000];
};

/* Packets from 10.9.0.1; numbers in IPv4 headers are the kernel's choice. */
static void look(struct seen *seen, const struct avpn_packets *run)
{
    for (uint32_t i = 0; i < run->count; i++) {
        uint32_t bytes = i + 1 == run->count ? run->last_bytes : run->bytes;
        uint8_t *packet = run->data + (size_t)i * run->stride;

        if (packet[0] != 0x45 || packet[9] != IPPROTO_UDP)
            continue; /* the interface greets its neighbours */
        memset(packet + 4, 0, 2);
        memset(packet + 10, 0, 2);
        ck_assert_uint_le(seen->bytes + bytes, sizeof seen->packets);
        memcpy(seen->packets + seen->bytes, packet, bytes);
        seen->bytes += bytes;
        seen->count++;
    }
}

static void capture(int is_plain, uint16_t segment, size_t bytes, struct seen *seen)
{
    struct tun_options options = {.name = "avtest", .queue_count = 1, .is_plain = is_plain};
    struct tun tun;
    struct tun_port port;
    struct pollfd ready;

    seen->count = seen->bytes = 0;
    ck_assert_int_eq(tun_open(&tun, &options), 0);
    ck_assert_int_eq(tun_port_open(&port, &tun), 0);
    set_address("avtest", "10.9.0.1");
    ck_assert_int_eq(own_network_up("avtest", 1500), 0);
    send_segments(segment, bytes);
    ready = (struct pollfd){tun.fds[0], POLLIN, 0};
    while (poll(&ready, 1, 100) > 0) {
        struct avpn_packets batch[TUN_BATCH];
        int is_drained;

        for (size_t i = 0, count = tun_read(&port, 0, batch, &is_drained); i < count; i++)
            look(seen, &batch[i]);
    }
    ck_assert_uint_eq(tally_read(&port.malformed), 0);
    if (!is_plain && bytes > segment)
        ck_assert_uint_gt(tally_read(&port.large_read), 0);
    tun_port_close(&port);
    tun_close(&tun);
}

static const struct {
    uint16_t segment;
    uint16_t bytes;
} messages[] = {
    {1, 1}, {1472, 1472}, {1, 60}, {100, 250}, {1000, 64000}, {1200, 1200 * 54}, {1472, 1472 * 44}, {999, 8001},
};

START_TEST(with_offloads_the_same_packets_come_as_without)
{
    static struct seen plain, large;

    if (!is_alone)
        return;
    capture(1, messages[_i].segment, messages[_i].bytes, &plain);
    capture(0, messages[_i].segment, messages[_i].bytes, &large);
    ck_assert_uint_eq(plain.count, (messages[_i].bytes - 1u) / messages[_i].segment + 1);
    ck_assert_uint_eq(large.count, plain.count);
    ck_assert_uint_eq(large.bytes, plain.bytes);
    ck_assert_mem_eq(large.packets, plain.packets, plain.bytes);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(as_much_is_used_as_the_kernel_has, HARNESS_COUNT(kernels)),
    HARNESS_CASE(an_interface_that_is_another_gateways_is_refused),
    HARNESS_LOOP(with_offloads_the_same_packets_come_as_without, HARNESS_COUNT(messages)),
};

static int is_tun_here(void)
{
    struct tun tun;

    if (tun_open(&tun, &(struct tun_options){.name = "avtest", .queue_count = 1}) != 0)
        return 0;
    tun_close(&tun);
    return 1;
}

int main(void)
{
    is_alone = own_network_open() == 0 && is_tun_here();
    if (!is_alone)
        harness_skipped(HARNESS_COUNT(kernels) + 1 + HARNESS_COUNT(messages),
                        "no network namespace of its own, or no /dev/net/tun");
    return harness_run("programs/tun", cases, HARNESS_COUNT(cases));
}
