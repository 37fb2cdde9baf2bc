/* SPDX-License-Identifier: ISC */
/*
 * The pool with queues that are pairs of sockets, real sockets on the loopback interface, and in the place of the engine's workers
 * something that looks at what it is given.
 */
#include "harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/gateway.h"
#include "own_network.h"

#define LANES 3u
#define PACKET 64u /* lane at 20, number at 24 */

static struct gateway gateway;
static struct setup setup;
static int kernels[LANES]; /* the kernel's ends of the queues */
static int is_alone;

/* ---- in the place of workers --------------------------------------------------------------------- */

struct avpn_worker {
    struct avpn_worker_host host;
};

static struct avpn_worker workers[AVPN_WORKERS];
static uint32_t worker_count;
static atomic_uint is_served[LANES];   /* by a thread, right now */
static atomic_uint next_number[LANES]; /* of the packets of a queue */
static atomic_uint disorders, datagrams, threads_seen;
static atomic_int is_punting;

int32_t __wrap_avpn_worker_new(struct avpn_node *node, const struct avpn_worker_host *host,
                               struct avpn_worker **worker_out);
void __wrap_avpn_worker_del(struct avpn_worker *worker);
int32_t __wrap_avpn_worker_send(struct avpn_worker *worker, const struct avpn_packets *batch,
                                size_t count, avpn_time now);
int32_t __wrap_avpn_worker_receive(struct avpn_worker *worker, const struct avpn_datagrams *batch,
                                   size_t count, avpn_time now);

int32_t __wrap_avpn_worker_new(struct avpn_node *node, const struct avpn_worker_host *host,
                               struct avpn_worker **worker_out)
{
    (void)node;
    workers[worker_count].host = *host;
    *worker_out = &workers[worker_count++];
    return AVPN_OK;
}

void __wrap_avpn_worker_del(struct avpn_worker *worker)
{
    (void)worker;
    worker_count--;
}

/* Packets of a queue come in order, and of one queue to one thread at a time. */
static void take_packet(const struct avpn_worker *worker, const uint8_t *packet)
{
    uint32_t lane = packet[20], number;

    memcpy(&number, packet + 24, sizeof number);
    if (number != atomic_load(&next_number[lane]))
        atomic_fetch_add(&disorders, 1);
    atomic_store(&next_number[lane], number + 1);
    if (atomic_load(&is_punting))
        worker->host.punt(worker->host.user, packet, PACKET);
}

int32_t __wrap_avpn_worker_send(struct avpn_worker *worker, const struct avpn_packets *batch,
                                size_t count, avpn_time now)
{
    uint32_t lane = batch[0].data[20];

    (void)now;
    if (atomic_fetch_add(&is_served[lane], 1) != 0)
        atomic_fetch_add(&disorders, 1);
    atomic_fetch_or(&threads_seen, 1u << (worker - workers));
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].count; k++)
            take_packet(worker, batch[i].data + (size_t)k * batch[i].stride);
    usleep(20); /* long enough for another thread to come by */
    atomic_fetch_sub(&is_served[lane], 1);
    return AVPN_OK;
}

int32_t __wrap_avpn_worker_receive(struct avpn_worker *worker, const struct avpn_datagrams *batch,
                                   size_t count, avpn_time now)
{
    (void)worker;
    (void)now;
    for (size_t i = 0; i < count; i++)
        atomic_fetch_add(&datagrams, batch[i].packets.count);
    return AVPN_OK;
}

static atomic_uint punts_taken;

int32_t __wrap_avpn_node_take_punt(struct avpn_node *node, uint8_t *bytes, size_t count,
                                   avpn_time now);

int32_t __wrap_avpn_node_take_punt(struct avpn_node *node, uint8_t *bytes, size_t count,
                                   avpn_time now)
{
    (void)node;
    (void)now;
    ck_assert_uint_eq(count, PACKET);
    memset(bytes, 0, count);
    atomic_fetch_add(&punts_taken, 1);
    return AVPN_OK;
}

/* ---- a gateway, as far as the pool needs one -------------------------------------------------------- */

static void open_queues(void)
{
    gateway.tun.queue_count = LANES;
    for (uint32_t i = 0; i < LANES; i++) {
        int pair[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
        ck_assert_int_eq(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
        gateway.tun.fds[i] = pair[0];
        kernels[i] = pair[1];
        atomic_store(&next_number[i], 0);
    }
}

static void open_gateway(void)
{
    struct udp_options options = {.bind = {AVPN_FAMILY_IPV4, 0, 0, {127, 0, 0, 1}}, .finds_mtu = 1};

    memset(&gateway, 0, sizeof gateway);
    memset(&setup, 0, sizeof setup);
    setup.uplink_count = 1;
    setup.uplinks[0].family = AVPN_FAMILY_IPV4;
    setup.uplinks[0].address = (struct avpn_address){AVPN_FAMILY_IPV4, {0}, {127, 0, 0, 1}};
    gateway.setup = &setup;
    gateway.uplinks[0].setup = &setup.uplinks[0];
    ck_assert_int_eq(udp_open(&gateway.uplinks[0].sockets[0], &options), 0);
    gateway.uplinks[0].socket_count = 1;
    open_queues();
    ck_assert_int_eq(loop_open(&gateway.loop), 0);
    atomic_store(&disorders, 0);
    atomic_store(&datagrams, 0);
    atomic_store(&punts_taken, 0);
    atomic_store(&threads_seen, 0);
    atomic_store(&is_punting, 0);
    ck_assert_int_eq(pool_open(&gateway.pool, &gateway, LANES), 0);
}

static void close_gateway(void)
{
    pool_close(&gateway.pool);
    ck_assert_uint_eq(worker_count, 0);
    for (uint32_t i = 0; i < LANES; i++) {
        close(gateway.tun.fds[i]);
        close(kernels[i]);
    }
    uplink_close(&gateway.uplinks[0]);
    loop_close(&gateway.loop);
}

static int hand_over(uint32_t lane, uint32_t number, int flags)
{
    uint8_t packet[PACKET] = {0x45};

    packet[20] = (uint8_t)lane;
    memcpy(packet + 24, &number, sizeof number);
    return send(kernels[lane], packet, sizeof packet, flags) == (ssize_t)sizeof packet ? 0 : -1;
}

static int is_true_soon(atomic_uint *value, uint32_t wanted)
{
    for (uint32_t i = 0; i < 5000 && atomic_load(value) != wanted; i++)
        usleep(1000);
    return atomic_load(value) == wanted;
}

/* ---- tests ------------------------------------------------------------------------------------------- */

START_TEST(packets_of_a_queue_stay_in_order_whichever_thread_takes_them)
{
    const uint32_t count = 20000;

    if (!is_alone)
        return;
    open_gateway();
    for (uint32_t i = 0; i < count; i++)
        for (uint32_t lane = 0; lane < LANES; lane++)
            ck_assert_int_eq(hand_over(lane, i, 0), 0);
    for (uint32_t lane = 0; lane < LANES; lane++)
        ck_assert(is_true_soon(&next_number[lane], count));
    ck_assert_uint_eq(atomic_load(&disorders), 0);
    ck_assert_uint_gt(atomic_load(&threads_seen) & (atomic_load(&threads_seen) - 1), 0); /* more than one */
    close_gateway();
}
END_TEST

START_TEST(datagrams_reach_the_pool_at_every_socket_of_an_uplink)
{
    struct udp_options options = {.bind = {.family = AVPN_FAMILY_IPV4}};
    static uint8_t text[16];
    struct avpn_datagrams run = {.packets = {text, 1, 16, 16, 16}};

    if (!is_alone)
        return;
    open_gateway();
    ck_assert_uint_eq(gateway.uplinks[0].socket_count, LANES);
    for (uint32_t i = 1; i < LANES; i++)
        ck_assert_uint_eq(gateway.uplinks[0].sockets[i].bound.port, gateway.uplinks[0].sockets[0].bound.port);
    run.remote = gateway.uplinks[0].sockets[0].bound;
    for (uint32_t i = 0; i < 40; i++) { /* of so many remotes the kernel gives some to each */
        struct udp udp;

        ck_assert_int_eq(udp_open(&udp, &options), 0);
        udp_send(&udp, &run, 1);
        udp_close(&udp);
    }
    ck_assert(is_true_soon(&datagrams, 40));
    close_gateway();
}
END_TEST

START_TEST(what_workers_punt_arrives_at_the_loop)
{
    const uint32_t count = 3000;

    if (!is_alone)
        return;
    open_gateway();
    atomic_store(&is_punting, 1);
    for (uint32_t i = 0; i < count; i++)
        ck_assert_int_eq(hand_over(i % LANES, i / LANES, 0), 0);
    for (uint32_t i = 0; i < 5000 && atomic_load(&punts_taken) < count; i++)
        loop_wait(&gateway.loop, loop_now() + AVPN_MILLISECOND);
    ck_assert_uint_eq(atomic_load(&punts_taken), count);
    ck_assert_uint_eq(tally_read(&gateway.pool.punts.lost), 0);
    close_gateway();
}
END_TEST

/* With queues that never run dry, and punts that nobody takes. */
START_TEST(it_stops_while_its_threads_are_busy)
{
    uint32_t numbers[LANES] = {0};

    if (!is_alone)
        return;
    open_gateway();
    atomic_store(&is_punting, 1);
    for (uint32_t i = 0; i < 500 * (1 + (uint32_t)_i); i++)
        for (uint32_t lane = 0; lane < LANES; lane++)
            if (hand_over(lane, numbers[lane], MSG_DONTWAIT) == 0)
                numbers[lane]++;
    close_gateway();
    ck_assert_uint_eq(atomic_load(&disorders), 0);
}
END_TEST

static uint32_t count_threads(const char *name)
{
    DIR *all = opendir("/proc/self/task");
    uint32_t count = 0;

    for (const struct dirent *one = readdir(all); one; one = readdir(all)) {
        char path[300], text[32] = "";
        FILE *file;

        (void)snprintf(path, sizeof path, "/proc/self/task/%s/comm", one->d_name);
        file = fopen(path, "r");
        if (file && fgets(text, sizeof text, file))
            count += strncmp(text, name, strlen(name)) == 0;
        if (file)
            (void)fclose(file);
    }
    closedir(all);
    return count;
}

START_TEST(threads_have_names_and_end_with_the_pool)
{
    if (!is_alone)
        return;
    open_gateway();
    ck_assert_uint_eq(count_threads("avpn-worker-"), LANES);
    close_gateway();
    ck_assert_uint_eq(count_threads("avpn-worker-"), 0);
}
END_TEST

/* There is a socket with the uplink's port that is not to be shared. */
START_TEST(a_pool_that_cannot_open_leaves_nothing_behind)
{
    struct udp_options options = {.bind = {AVPN_FAMILY_IPV4, 0, 0, {127, 0, 0, 1}}};
    struct udp stranger;

    if (!is_alone)
        return;
    open_gateway();
    pool_close(&gateway.pool);
    uplink_close(&gateway.uplinks[0]);
    ck_assert_int_eq(udp_open(&gateway.uplinks[0].sockets[0], &options), 0);
    gateway.uplinks[0].socket_count = 1;
    ck_assert_int_eq(udp_open(&stranger, &options), 0);
    gateway.uplinks[0].sockets[0].bound.port = stranger.bound.port;
    ck_assert_int_eq(pool_open(&gateway.pool, &gateway, LANES), -1);
    close_gateway();
    udp_close(&stranger);
    ck_assert_uint_eq(count_threads("avpn-worker-"), 0);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(packets_of_a_queue_stay_in_order_whichever_thread_takes_them),
    HARNESS_CASE(datagrams_reach_the_pool_at_every_socket_of_an_uplink),
    HARNESS_CASE(what_workers_punt_arrives_at_the_loop),
    HARNESS_LOOP(it_stops_while_its_threads_are_busy, 10),
    HARNESS_CASE(threads_have_names_and_end_with_the_pool),
    HARNESS_CASE(a_pool_that_cannot_open_leaves_nothing_behind),
};

int main(void)
{
    is_alone = own_network_open() == 0;
    if (!is_alone)
        harness_skipped(15, "no network namespace of its own");
    return harness_run("programs/pool", cases, HARNESS_COUNT(cases));
}
