/* SPDX-License-Identifier: ISC */
/* Over a loopback interface whose MTU is 1500, in a network of its own. */
#include "harness.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "common/udp.h"
#include "own_network.h"

#define BYTES 65536

static uint8_t bytes[BYTES];
static struct udp_buffers *buffers;
static int is_alone; /* in a network of its own */

/* The family of a round, and what its headers take of the MTU. */
static const struct {
    uint8_t family;
    struct avpn_contact loopback;
    uint32_t fits;
} families[] = {
    {AVPN_FAMILY_IPV4, {AVPN_FAMILY_IPV4, 0, 0, {127, 0, 0, 1}}, 1500 - 28},
    {AVPN_FAMILY_IPV6, {AVPN_FAMILY_IPV6, 0, 0, {[15] = 1}}, 1500 - 48},
};

static void open_pair(int round, struct udp *from, struct udp *to)
{
    struct udp_options sender = {.bind = {.family = families[round].family}, .finds_mtu = 1};
    struct udp_options receiver = {.bind = families[round].loopback, .number = 1};

    ck_assert_int_eq(udp_open(from, &sender), 0);
    ck_assert_int_eq(udp_open(to, &receiver), 0);
}

static void send_run(struct udp *from, const struct udp *to, uint32_t count, uint32_t size,
                     uint32_t flags)
{
    struct avpn_datagrams run = {.remote = to->bound, .flags = flags,
                                 .packets = {bytes, count, size, size, size}};

    udp_send(from, &run, 1);
}

/* How many datagrams of this size wait there; those of another are a failure. */
static uint32_t received(struct udp *to, uint32_t size)
{
    struct avpn_datagrams batch[UDP_BATCH];
    struct pollfd ready = {to->fd, POLLIN, 0};
    uint32_t sum = 0;

    while (poll(&ready, 1, 50) > 0) {
        size_t count = udp_receive(to, buffers, batch);

        for (size_t i = 0; i < count; i++) {
            ck_assert_uint_eq(batch[i].packets.bytes, size);
            ck_assert_uint_eq(batch[i].packets.last_bytes, size);
            sum += batch[i].packets.count;
        }
    }
    return sum;
}

/* [MTU-2] */
START_TEST(what_the_interface_does_not_take_whole_is_lost_and_counted)
{
    uint32_t fits = families[_i].fits;
    struct udp from, to;

    if (!is_alone)
        return;
    open_pair(_i, &from, &to);
    send_run(&from, &to, 1, fits, 0);
    ck_assert_uint_eq(received(&to, fits), 1);
    ck_assert_uint_eq(tally_read(&from.too_big), 0);
    send_run(&from, &to, 1, fits + 1, 0);
    ck_assert_uint_eq(received(&to, fits + 1), 0);
    ck_assert_uint_eq(tally_read(&from.too_big), 1);
    udp_close(&from);
    udp_close(&to);
}
END_TEST

/* [MTU-7] */
START_TEST(a_run_that_may_be_fragmented_arrives_and_the_next_one_is_sent_whole_again)
{
    struct udp from, to;

    if (!is_alone)
        return;
    open_pair(_i, &from, &to);
    send_run(&from, &to, 3, 3000, AVPN_DATAGRAMS_MAY_FRAGMENT);
    ck_assert_uint_eq(received(&to, 3000), 3);
    ck_assert_uint_eq(tally_read(&from.too_big), 0);
    send_run(&from, &to, 1, families[_i].fits, 0); /* IPv6 is not left with fragments of 1280 */
    ck_assert_uint_eq(received(&to, families[_i].fits), 1);
    send_run(&from, &to, 1, 3000, 0);
    ck_assert_uint_eq(received(&to, 3000), 0);
    ck_assert_uint_eq(tally_read(&from.too_big), 1);
    udp_close(&from);
    udp_close(&to);
}
END_TEST

START_TEST(a_run_that_is_too_big_takes_nothing_with_it)
{
    struct udp from, to;
    struct avpn_datagrams batch[3];

    if (!is_alone)
        return;
    open_pair(_i, &from, &to);
    for (uint32_t i = 0; i < 3; i++)
        batch[i] = (struct avpn_datagrams){.remote = to.bound, .packets = {bytes, 5, 1000, 1000, 1000}};
    batch[1].packets = (struct avpn_packets){bytes, 5, 2000, 2000, 2000};
    udp_send(&from, batch, 3);
    ck_assert_uint_eq(received(&to, 1000), 10);
    ck_assert_uint_eq(tally_read(&from.too_big), 5);
    ck_assert_int_eq(from.can_segment, 1);
    udp_close(&from);
    udp_close(&to);
}
END_TEST

START_TEST(sockets_of_both_families_share_a_port_number)
{
    struct udp v6, v4;
    struct udp_options options = {.bind = {.family = AVPN_FAMILY_IPV6}};

    if (!is_alone)
        return;
    ck_assert_int_eq(udp_open(&v6, &options), 0);
    options.bind.family = AVPN_FAMILY_IPV4;
    options.bind.port = v6.bound.port;
    ck_assert_int_eq(udp_open(&v4, &options), 0);
    udp_close(&v6);
    udp_close(&v4);
}
END_TEST

START_TEST(a_socket_for_nobody_who_finds_the_mtu_lets_the_kernel_fragment)
{
    struct udp_options options = {.bind = {.family = families[_i].family}};
    struct udp from, to;

    if (!is_alone)
        return;
    open_pair(_i, &from, &to);
    udp_close(&from);
    ck_assert_int_eq(udp_open(&from, &options), 0);
    send_run(&from, &to, 1, 3000, 0);
    ck_assert_uint_eq(received(&to, 3000), 1);
    udp_close(&from);
    udp_close(&to);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(what_the_interface_does_not_take_whole_is_lost_and_counted, 2),
    HARNESS_LOOP(a_run_that_may_be_fragmented_arrives_and_the_next_one_is_sent_whole_again, 2),
    HARNESS_LOOP(a_run_that_is_too_big_takes_nothing_with_it, 2),
    HARNESS_CASE(sockets_of_both_families_share_a_port_number),
    HARNESS_LOOP(a_socket_for_nobody_who_finds_the_mtu_lets_the_kernel_fragment, 2),
};

int main(void)
{
    int result;

    is_alone = own_network_open() == 0;
    if (!is_alone)
        harness_skipped(9, "no network namespace of its own");
    buffers = udp_buffers_new(UDP_BATCH);
    result = harness_run("programs/udp", cases, HARNESS_COUNT(cases));
    udp_buffers_del(buffers);
    return result;
}
