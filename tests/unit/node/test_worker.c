/* SPDX-License-Identifier: ISC */
/* The contract of autovpn/worker.h: errors, punts, counters, and what a worker must know at once. */
#include "harness.h"
#include "node/pair.h"
#include <stdlib.h>
#include <string.h>

static const struct pair_site sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16", "fd00:1::/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16", "fd00:2::/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.3.0.0/16", "fd00:3::/32"}},
};
enum { HUB, B, C, SITES };

static struct pair pair;

static void start(void)
{
    pair_begin(&pair, sites, SITES, 1, 17);
    pair.is_arena = false;
    pair.worker_count = PAIR_WORKERS;
    for (uint32_t i = 0; i < SITES; i++)
        pair.hosts[i].carrier = PAIR_BY_WORKER;
    pair_start(&pair);
    pair_run(&pair, 30 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, B, HUB) && pair_is_up(&pair, C, HUB));
}

static uint64_t sum(const uint64_t counters[SITES])
{
    return counters[HUB] + counters[B] + counters[C];
}

/* How many of these arrive anywhere. */
static uint64_t arrivals(uint32_t from, const char *source, const char *destination, uint32_t count)
{
    uint64_t before[SITES], after[SITES];

    for (uint32_t i = 0; i < SITES; i++)
        before[i] = pair.hosts[i].delivered;
    pair_send(&pair, from, source, destination, count, 500, 300);
    pair_run(&pair, 50 * AVPN_MILLISECOND);
    for (uint32_t i = 0; i < SITES; i++)
        after[i] = pair.hosts[i].delivered;
    return sum(after) - sum(before);
}

/* ESP on its way to the hub is kept here instead. */
static struct pair_datagram caught[64];
static uint32_t caught_count;

static bool catch_esp(struct pair *p, struct pair_datagram *d)
{
    bool is_esp = d->bytes > 4 && memcmp(d->data, "\0\0\0", 4) != 0;

    if (!is_esp || memcmp(&d->remote, &p->hosts[HUB].contacts[0], sizeof d->remote) != 0)
        return true;
    ck_assert_uint_lt(caught_count, 64);
    caught[caught_count++] = *d;
    return false;
}

static void catch_from(uint32_t from, const char *source, uint32_t count)
{
    caught_count = 0;
    pair.filter = catch_esp;
    pair_send(&pair, from, source, "10.1.0.1", count, 500, 500);
    pair.filter = NULL;
    ck_assert_uint_eq(caught_count, count);
}

static void give_caught(uint32_t which)
{
    pair_receive(&pair, HUB, 0, &caught[which].source, caught[which].data, caught[which].bytes);
}

/* ---- errors ----------------------------------------------------------------------------- */

static void ignore_datagrams(void *user, const struct avpn_datagrams *batch, size_t count)
{
    (void)user, (void)batch, (void)count;
}

static void ignore_packets(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)user, (void)batch, (void)count;
}

static void ignore_punt(void *user, const uint8_t *bytes, size_t count)
{
    (void)user, (void)bytes, (void)count;
}

static const struct avpn_worker_host least = {.size = sizeof least, .transmit = ignore_datagrams,
                                              .deliver = ignore_packets, .punt = ignore_punt};

START_TEST(a_worker_needs_a_node_and_three_callbacks)
{
    struct avpn_worker *worker = NULL;
    struct avpn_worker_host host = least;

    start();
    ck_assert_int_eq(avpn_worker_new(NULL, &host, &worker), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, NULL, &worker), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &host, NULL), AVPN_ERROR_ARGUMENT);
    host.size = 8;
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &host, &worker), AVPN_ERROR_ARGUMENT);
    host = least;
    host.transmit = NULL;
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &host, &worker), AVPN_ERROR_ARGUMENT);
    host = least;
    host.deliver = NULL;
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &host, &worker), AVPN_ERROR_ARGUMENT);
    host = least;
    host.punt = NULL;
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &host, &worker), AVPN_ERROR_ARGUMENT);
    ck_assert_ptr_null(worker);
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &least, &worker), AVPN_OK);
    avpn_worker_del(worker);
    avpn_worker_del(NULL);
    pair_end(&pair);
}
END_TEST

START_TEST(a_node_has_so_many_workers_and_no_more)
{
    struct avpn_worker *workers[AVPN_WORKERS], *more = NULL;
    uint32_t count = 0;

    start();
    while (count < AVPN_WORKERS - PAIR_WORKERS)
        ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &least, &workers[count++]), AVPN_OK);
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &least, &more), AVPN_ERROR_LIMIT);
    ck_assert_ptr_null(more);
    avpn_worker_del(workers[7]);
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &least, &workers[7]), AVPN_OK);
    ck_assert_int_eq(avpn_worker_new(pair.hosts[B].node, &least, &more), AVPN_ERROR_LIMIT);
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 9), 9);
    while (count > 0)
        avpn_worker_del(workers[--count]);
    pair_end(&pair);
}
END_TEST

START_TEST(a_worker_that_has_no_memory_leaves_nothing)
{
    struct pair_heap *heap = &pair.hosts[B].heap;
    struct avpn_worker *worker = NULL;
    uint64_t blocks, n = 0;
    int32_t error;

    start();
    do {
        blocks = heap->live_blocks;
        pair.allocation_fail_at = pair.allocation_calls + ++n;
        error = avpn_worker_new(pair.hosts[B].node, &least, &worker);
        ck_assert(error == AVPN_OK || error == AVPN_ERROR_MEMORY);
        ck_assert(error == AVPN_OK || heap->live_blocks == blocks);
    } while (error != AVPN_OK);
    pair.allocation_fail_at = 0;
    ck_assert_uint_ge(n, 2);
    avpn_worker_del(worker);
    ck_assert_uint_eq(heap->live_blocks, blocks);
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 9), 9);
    pair_end(&pair);
}
END_TEST

struct run_row {
    uint32_t uplink, count, bytes, last_bytes, stride;
    bool has_no_data;
};
static const struct run_row contradictions[] = {
    {0, 0, 100, 100, 200, false},     {0, 1, 100, 99, 200, false},   {0, 2, 100, 101, 200, false},
    {0, 2, 100, 100, 99, false},      {0, 1, 65536, 65536, 65536, false},
    {0, 2, 65536, 100, 65600, false}, {0, 1, 100, 100, 100, true},
};

START_TEST(runs_that_contradict_themselves_are_refused)
{
    static uint8_t room[70000];
    const struct run_row *row = &contradictions[_i];
    struct avpn_packets bad = {row->has_no_data ? NULL : room + 64, row->count, row->bytes,
                               row->last_bytes, row->stride};
    struct avpn_packets packets[3] = {{room + 1000, 1, 100, 100, 100}, bad, {room + 1000, 1, 100, 100, 100}};
    struct avpn_datagrams datagrams[3] = {{.packets = packets[0]}, {.uplink = row->uplink, .packets = bad},
                                          {.packets = packets[0]}};
    uint64_t received, sent;

    start();
    received = pair_counter(&pair, B, AVPN_COUNT_RECEIVED);
    sent = pair_counter(&pair, B, AVPN_COUNT_SENT);
    pair_packet(room + 1000, "10.2.0.1", "10.1.0.1", 100);
    ck_assert_int_eq(pair_send_runs(&pair, B, packets, 3), AVPN_ERROR_ARGUMENT);
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_COUNT_SENT), sent + 1); /* what was before it */
    ck_assert_int_eq(pair_receive_runs(&pair, B, datagrams, 3), AVPN_ERROR_ARGUMENT);
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_COUNT_RECEIVED), received + 1);
    datagrams[1].packets = packets[0];
    datagrams[1].uplink = AVPN_UPLINKS;
    ck_assert_int_eq(pair_receive_runs(&pair, B, datagrams, 3), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_worker_send(pair.hosts[B].workers[0], NULL, 1, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_worker_receive(pair.hosts[B].workers[0], NULL, 1, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_worker_send(pair.hosts[B].workers[0], NULL, 0, pair.now), AVPN_OK);
    ck_assert_int_eq(avpn_worker_receive(pair.hosts[B].workers[0], NULL, 0, pair.now), AVPN_OK);
    ck_assert_int_eq(avpn_worker_send(NULL, packets, 1, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_worker_receive(NULL, datagrams, 1, pair.now), AVPN_ERROR_ARGUMENT);
    pair_end(&pair);
}
END_TEST

/* ---- carrying --------------------------------------------------------------------------------- */

struct way {
    uint32_t from, to;
    const char *source, *destination;
};
static const struct way ways[] = {
    {B, HUB, "10.2.0.1", "10.1.0.1"},    {HUB, B, "10.1.0.1", "10.2.0.1"},
    {B, C, "10.2.0.1", "10.3.0.1"},      {C, B, "fd00:3::1", "fd00:2::1"},
};

START_TEST(between_changes_a_worker_needs_no_node)
{
    const struct way *way = &ways[_i];
    uint64_t punted[SITES], counted[SITES], sent, delivered;

    start();
    ck_assert_uint_eq(arrivals(way->from, way->source, way->destination, 20), 20);
    ck_assert_uint_eq(arrivals(way->to, way->destination, way->source, 20), 20);
    sent = pair_counter(&pair, way->from, AVPN_COUNT_SENT);
    delivered = pair_counter(&pair, way->to, AVPN_COUNT_DELIVERED);
    for (uint32_t i = 0; i < SITES; i++)
        punted[i] = pair.hosts[i].punted;
    pair.latency = 0;
    pair_send(&pair, way->from, way->source, way->destination, 30, 1000, 700);
    ck_assert_uint_eq(pair.hosts[way->from].last_run.count, 30);
    ck_assert_uint_eq(pair.hosts[way->from].punted, punted[way->from]);
    pair_run(&pair, AVPN_MILLISECOND);
    for (uint32_t i = 0; i < SITES; i++)
        counted[i] = pair.hosts[i].punted;
    ck_assert_uint_le(sum(counted) - sum(punted), 6); /* probes that happen to come now */
    ck_assert_uint_eq(pair_counter(&pair, way->from, AVPN_COUNT_SENT), sent + 30);
    ck_assert_uint_eq(pair_counter(&pair, way->to, AVPN_COUNT_DELIVERED), delivered + 30);
    pair_end(&pair);
}
END_TEST

START_TEST(deleted_workers_leave_their_counters)
{
    uint64_t before[AVPN_COUNTERS], after[AVPN_COUNTERS];
    struct avpn_peer_status peer = {.size = sizeof peer}, peer_after = {.size = sizeof peer};

    start();
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 40), 40);
    ck_assert_uint_eq(arrivals(HUB, "10.1.0.1", "10.2.0.1", 30), 30);
    avpn_node_counters(pair.hosts[B].node, before, AVPN_COUNTERS);
    ck_assert_int_eq(avpn_node_peer(pair.hosts[B].node, HUB + 1, &peer), AVPN_OK);
    ck_assert_uint_eq(peer.sent_packets, 40);
    ck_assert_uint_eq(peer.received_packets, 30);
    ck_assert_uint_eq(peer.sent_bytes, 39 * 500 + 300);
    for (uint32_t w = 0; w < PAIR_WORKERS; w++) {
        avpn_worker_del(pair.hosts[B].workers[w]);
        pair.hosts[B].workers[w] = NULL;
    }
    avpn_node_counters(pair.hosts[B].node, after, AVPN_COUNTERS);
    ck_assert_mem_eq(before, after, sizeof before);
    ck_assert_uint_eq(after[AVPN_COUNT_SENT], 40);
    ck_assert_uint_eq(after[AVPN_COUNT_DELIVERED], 30);
    ck_assert_int_eq(avpn_node_peer(pair.hosts[B].node, HUB + 1, &peer_after), AVPN_OK);
    ck_assert_uint_eq(peer_after.sent_packets, peer.sent_packets);
    ck_assert_uint_eq(peer_after.received_bytes, peer.received_bytes);
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 3), 3);
    pair_end(&pair);
}
END_TEST

START_TEST(each_datagram_is_received_once_whoever_handles_it)
{
    uint64_t received;

    start();
    received = pair_counter(&pair, HUB, AVPN_COUNT_RECEIVED);
    catch_from(B, "10.2.0.1", 20);
    for (uint32_t i = 0; i < 20; i++) {
        if (i % 5 == 0)
            caught[i].data[30] ^= 1;
        give_caught(i);
        give_caught(i);
    }
    pair_receive(&pair, HUB, 0, &caught[0].source, (const uint8_t *)"\xff", 1);
    pair_receive(&pair, HUB, 0, &caught[0].source, (const uint8_t *)"\0\0\0\0\1", 5);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_RECEIVED), received + 42);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED), 16);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_REPLAY), 16);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_ESP), 8);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_KEEPALIVE), 1);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_PUNTED), pair.hosts[HUB].punted);
    pair_end(&pair);
}
END_TEST

/* ---- what a worker must know at once -------------------------------------------------------------- */

START_TEST(of_a_revoked_peer_no_packet_passes) /* [TOP-1] */
{
    struct pair_host *hub = &pair.hosts[HUB];
    uint64_t delivered;

    start();
    ck_assert_uint_eq(arrivals(C, "10.3.0.1", "10.1.0.1", 5), 5);
    catch_from(C, "10.3.0.1", 20);
    give_caught(0);
    delivered = pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED);
    hub->keeps_punts = true;
    pair_send(&pair, HUB, "10.1.0.1", "10.3.0.1", 4, 500, 500);
    pair.sites[C].is_revoked = true;
    pair_publish(&pair);
    ck_assert_int_eq(avpn_node_set_configuration(hub->node, pair.bundle, pair.bundle_bytes, pair.now),
                     AVPN_OK);
    hub->keeps_punts = false;
    hub->transmitted = 0;
    for (uint32_t i = 1; i < 20; i++)
        give_caught(i);
    pair_send(&pair, HUB, "10.1.0.1", "10.3.0.1", 9, 500, 500);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED), delivered);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_SPI), 19);
    ck_assert_uint_eq(hub->transmitted, 0);
    pair_end(&pair);
}
END_TEST

/* The n-th allocation of the change fails, for each n: either all of it is in force, or nothing; and it can be tried again. */
START_TEST(a_revocation_without_memory_is_none_or_whole)
{
    struct pair_host *hub = &pair.hosts[HUB];
    bool has_failed = true;

    for (uint64_t n = 1; has_failed; n++) {
        uint64_t delivered;
        int32_t error;

        start();
        catch_from(C, "10.3.0.1", 20);
        pair.sites[C].is_revoked = true;
        pair_publish(&pair);
        pair.allocation_fail_at = pair.allocation_calls + n;
        error = avpn_node_set_configuration(hub->node, pair.bundle, pair.bundle_bytes, pair.now);
        has_failed = pair.allocation_calls >= pair.allocation_fail_at;
        pair.allocation_fail_at = 0;
        delivered = pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED);
        for (uint32_t i = 0; i < 10; i++)
            give_caught(i);
        ck_assert(error == AVPN_OK || (has_failed && error == AVPN_ERROR_MEMORY));
        ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED),
                          delivered + (error == AVPN_OK ? 0 : 10));
        if (error != AVPN_OK)
            ck_assert_int_eq(avpn_node_set_configuration(hub->node, pair.bundle, pair.bundle_bytes,
                                                         pair.now), AVPN_OK);
        delivered = pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED);
        for (uint32_t i = 10; i < 20; i++)
            give_caught(i);
        ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED), delivered);
        pair_run(&pair, 2 * AVPN_SECOND);
        ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 9), 9);
        pair_end(&pair);
    }
}
END_TEST

/* All are out of memory while keys change and contacts move: what stands goes on, and what could not be made is made later. */
START_TEST(without_memory_the_keys_that_are_there_go_on)
{
    start();
    pair_run(&pair, 540 * AVPN_SECOND);
    pair.fails_on = true;
    pair.allocation_fail_at = pair.allocation_calls + 1;
    for (uint32_t i = 0; i < 120; i++) {
        if (i == 60)
            pair.hosts[B].contacts[0].port++;
        pair_run(&pair, AVPN_SECOND);
        if (i < 60 || i > 63)
            ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 2), 2);
    }
    pair.allocation_fail_at = 0;
    pair_run(&pair, 120 * AVPN_SECOND);
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.3.0.1", 5), 5);
    ck_assert_uint_eq(arrivals(HUB, "10.1.0.1", "10.2.0.1", 5), 5);
    pair_end(&pair);
}
END_TEST

/* The node's thread sleeps for a long time. */
START_TEST(keys_expire_without_a_tick) /* [ESP-6] */
{
    uint64_t transmitted;

    start();
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 5), 5);
    ck_assert_uint_eq(arrivals(HUB, "10.1.0.1", "10.2.0.1", 5), 5);
    catch_from(B, "10.2.0.1", 20);
    give_caught(0);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED), 6);
    pair.now += 900 * AVPN_SECOND;
    for (uint32_t i = 1; i < 20; i++)
        give_caught(i);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED), 6);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_SPI), 19);
    transmitted = pair.hosts[HUB].transmitted;
    pair_send(&pair, HUB, "10.1.0.1", "10.2.0.1", 9, 500, 500);
    ck_assert_uint_eq(pair.hosts[HUB].transmitted, transmitted);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_NO_TUNNEL), 9);
    pair_end(&pair);
}
END_TEST

START_TEST(through_an_uplink_that_is_down_nothing_comes_or_goes)
{
    uint64_t transmitted;

    start();
    catch_from(B, "10.2.0.1", 20);
    give_caught(0);
    ck_assert_int_eq(pair_uplink(&pair, HUB, 0, false), AVPN_OK);
    transmitted = pair.hosts[HUB].transmitted;
    for (uint32_t i = 1; i < 20; i++)
        give_caught(i);
    pair_send(&pair, HUB, "10.1.0.1", "10.2.0.1", 9, 500, 500);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED), 1);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_UPLINK), 19);
    ck_assert_uint_eq(pair.hosts[HUB].transmitted, transmitted);
    pair_end(&pair);
}
END_TEST

static void deny_everything(struct pair *p, struct avpn_config *config)
{
    struct avpn_rule rule = {.size = sizeof rule, .action = AVPN_RULE_DENY, .protocol = 253};

    (void)p;
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
}

/* Rules and routes of a new configuration hold for the next packet. */
START_TEST(a_new_configuration_holds_from_the_next_packet)
{
    static const struct way both[] = {{HUB, B, "10.1.0.1", "10.2.0.1"}, {B, HUB, "10.2.0.1", "10.1.0.1"}};

    start();
    for (uint32_t i = 0; i < 2; i++)
        ck_assert_uint_eq(arrivals(both[i].from, both[i].source, both[i].destination, 5), 5);
    pair.amend = deny_everything;
    catch_from(B, "10.2.0.1", 20);
    pair_publish(&pair);
    ck_assert_int_eq(avpn_node_set_configuration(pair.hosts[HUB].node, pair.bundle, pair.bundle_bytes,
                                                 pair.now), AVPN_OK);
    for (uint32_t i = 0; i < 20; i++)
        give_caught(i);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_COUNT_DELIVERED), 5);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_FIREWALL), 20);
    pair_send(&pair, HUB, "10.1.0.1", "10.2.0.1", 9, 500, 500);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_FIREWALL), 29);
    pair.amend = NULL;
    pair.sites[B].exports[0] = "10.9.0.0/16";
    catch_from(B, "10.2.0.1", 20);
    pair_publish(&pair);
    ck_assert_int_eq(avpn_node_set_configuration(pair.hosts[HUB].node, pair.bundle, pair.bundle_bytes,
                                                 pair.now), AVPN_OK);
    for (uint32_t i = 0; i < 20; i++)
        give_caught(i);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_SOURCE), 20);
    pair_send(&pair, HUB, "10.1.0.1", "10.2.0.1", 9, 500, 500);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_NO_ROUTE), 9);
    pair_end(&pair);
}
END_TEST

START_TEST(attached_subnets_hold_from_the_next_packet) /* [RTE-10] */
{
    struct avpn_prefix prefix;

    start();
    ck_assert_uint_eq(arrivals(HUB, "10.1.0.1", "10.3.0.1", 5), 5);
    ck_assert_int_eq(avpn_prefix_parse("10.3.0.0/16", &prefix), AVPN_OK);
    ck_assert_int_eq(avpn_node_set_attached(pair.hosts[HUB].node, &prefix, 1, pair.now), AVPN_OK);
    ck_assert_uint_eq(arrivals(HUB, "10.1.0.1", "10.3.0.1", 5), 5); /* answers */
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_NO_TUNNEL), 5);
    ck_assert_int_eq(avpn_node_set_attached(pair.hosts[HUB].node, NULL, 0, pair.now), AVPN_OK);
    ck_assert_uint_eq(arrivals(HUB, "10.1.0.1", "10.3.0.1", 5), 5);
    ck_assert_uint_eq(pair_counter(&pair, C, AVPN_COUNT_DELIVERED), 10);
    pair_end(&pair);
}
END_TEST

/* ---- punts ------------------------------------------------------------------------------------- */

/* Punts of every kind that there is now, of a node that keeps them. */
static void make_punts(void)
{
    static uint8_t small[40];

    pair.hosts[HUB].keeps_punts = true;
    pair_send(&pair, HUB, "10.1.0.1", "10.2.0.1", 2, 100, 100);
    pair_send(&pair, HUB, "10.1.0.1", "10.99.0.1", 1, 100, 100);  /* no route */
    pair_send(&pair, HUB, "10.1.0.1", "10.2.0.1", 1, 1900, 1900); /* too big */
    pair_packet(small, "10.2.0.1", "10.1.0.1", sizeof small);
    small[0] = 0x15;
    pair_give(&pair, HUB, small, sizeof small);
    catch_from(B, "10.2.0.1", 2);
    give_caught(0);
    caught[1].source.port++; /* it roams */
    give_caught(1);
    give_caught(1);
    for (uint32_t kind = 1; kind < 8; kind++) { /* junk by its size or kind stays with the worker */
        uint8_t message[128] = {0, 0, 0, 0, 1, (uint8_t)kind};

        pair_receive(&pair, HUB, 0, &caught[0].source, message, sizeof message);
    }
    ck_assert_uint_ge(pair.hosts[HUB].punt_count, 5);
}

/* In bytes of exactly that size, so that sanitizers see the end of it. */
static int32_t take(const uint8_t *bytes, size_t count)
{
    uint8_t *copy = malloc(count == 0 ? 1 : count);
    int32_t error;

    memcpy(copy, bytes, count);
    error = avpn_node_take_punt(pair.hosts[HUB].node, copy, count, pair.now);
    free(copy);
    ck_assert_msg(error == AVPN_OK || error == AVPN_ERROR_FORMAT || error == AVPN_ERROR_ARGUMENT, "%d",
                  (int)error);
    return error;
}

START_TEST(punts_of_another_length_are_refused)
{
    uint8_t longer[AVPN_PUNT_LIMIT + 8] = {0};

    start();
    make_punts();
    for (uint32_t i = 0; i < pair.hosts[HUB].punt_count; i++) {
        const struct pair_punt *punt = &pair.hosts[HUB].punts[i];

        for (size_t count = 0; count < punt->count; count++)
            ck_assert_int_eq(take(punt->bytes, count), AVPN_ERROR_FORMAT);
        memcpy(longer, punt->bytes, punt->count);
        ck_assert_int_eq(take(longer, punt->count + 1), AVPN_ERROR_FORMAT);
        ck_assert_int_eq(take(longer, sizeof longer), AVPN_ERROR_FORMAT);
    }
    ck_assert_int_eq(avpn_node_take_punt(NULL, longer, 8, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_take_punt(pair.hosts[HUB].node, NULL, 8, pair.now), AVPN_ERROR_ARGUMENT);
    pair.hosts[HUB].keeps_punts = false;
    pair_run(&pair, AVPN_SECOND);
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 9), 9);
    pair_end(&pair);
}
END_TEST

static bool lose_everything(struct pair *p, struct pair_datagram *d)
{
    (void)p, (void)d;
    return false;
}

/* The host is trusted, its memory may not be: what is spoilt is dropped or is another packet, and no more. */
START_TEST(spoilt_punts_do_no_harm)
{
    uint64_t state = 5;

    start();
    make_punts();
    pair.filter = lose_everything;
    for (uint32_t i = 0; i < pair.hosts[HUB].punt_count; i++) {
        const struct pair_punt *punt = &pair.hosts[HUB].punts[i];

        for (size_t at = 0; at < punt->count && at < 200; at++)
            for (uint32_t bit = 0; bit < 8; bit++) {
                punt->bytes[at] ^= (uint8_t)(1u << bit);
                take(punt->bytes, punt->count);
                punt->bytes[at] ^= (uint8_t)(1u << bit);
            }
        for (uint32_t round = 0; round < 100; round++) {
            uint8_t noise[300];
            size_t count = (size_t)(harness_random(&state) % sizeof noise);

            memcpy(noise, punt->bytes, punt->count < sizeof noise ? punt->count : sizeof noise);
            for (size_t k = round % 32; k < sizeof noise; k++)
                noise[k] = (uint8_t)harness_random(&state);
            take(noise, count);
            take(noise, punt->count < sizeof noise ? punt->count : sizeof noise);
        }
    }
    pair.filter = NULL;
    pair.hosts[HUB].keeps_punts = false;
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 9), 9);
    ck_assert_uint_eq(arrivals(HUB, "10.1.0.1", "10.3.0.1", 9), 9);
    pair_end(&pair);
}
END_TEST

/* A worker of one node, the thread of another. */
START_TEST(punts_of_another_node_do_no_harm)
{
    struct pair_host *hub = &pair.hosts[HUB];
    uint64_t delivered;

    start();
    make_punts();
    delivered = pair_counter(&pair, B, AVPN_COUNT_DELIVERED);
    for (uint32_t i = 0; i < hub->punt_count; i++) {
        int32_t error = avpn_node_take_punt(pair.hosts[B].node, hub->punts[i].bytes,
                                            hub->punts[i].count, pair.now);

        ck_assert(error == AVPN_OK || error == AVPN_ERROR_FORMAT);
        free(hub->punts[i].bytes);
    }
    hub->punt_count = 0;
    hub->keeps_punts = false;
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_COUNT_DELIVERED), delivered);
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 9), 9);
    pair_end(&pair);
}
END_TEST

/* All that a worker hands back for ten minutes is lost every second time: handshakes are repeated, nothing is stuck. */
START_TEST(lost_punts_are_lost_datagrams)
{
    start();
    for (uint32_t i = 0; i < SITES; i++)
        pair.hosts[i].keeps_punts = true;
    for (uint32_t round = 0; round < 6500; round++) {
        pair_run(&pair, 100 * AVPN_MILLISECOND);
        for (uint32_t i = 0; i < SITES; i++) {
            struct pair_host *host = &pair.hosts[i];

            if (round % 100 == 99 && host->punt_count > 0)
                free(host->punts[--host->punt_count].bytes);
            pair_take_punts(&pair, i);
        }
    }
    for (uint32_t i = 0; i < SITES; i++)
        pair.hosts[i].keeps_punts = false;
    ck_assert_uint_eq(arrivals(B, "10.2.0.1", "10.1.0.1", 9), 9);
    ck_assert_uint_eq(arrivals(C, "10.3.0.1", "10.2.0.1", 9), 9);
    pair_end(&pair);
}
END_TEST

/* It was on its way when its session, its peer and its uplink went. */
START_TEST(a_punt_may_come_after_everything_changed)
{
    struct pair_host *hub = &pair.hosts[HUB];

    start();
    make_punts();
    for (uint32_t round = 0; round < 4; round++) {
        if (round == 1)
            ck_assert_int_eq(pair_uplink(&pair, HUB, 0, false), AVPN_OK);
        if (round == 2) {
            ck_assert_int_eq(pair_uplink(&pair, HUB, 0, true), AVPN_OK);
            pair.sites[B].is_revoked = true;
            pair_publish(&pair);
            ck_assert_int_eq(avpn_node_set_configuration(hub->node, pair.bundle, pair.bundle_bytes,
                                                         pair.now), AVPN_OK);
        }
        if (round == 3)
            pair.now += 2000 * AVPN_SECOND;
        for (uint32_t i = 0; i < hub->punt_count; i++)
            ck_assert_int_eq(take(hub->punts[i].bytes, hub->punts[i].count), AVPN_OK);
    }
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_worker_needs_a_node_and_three_callbacks),
    HARNESS_CASE(a_node_has_so_many_workers_and_no_more),
    HARNESS_CASE(a_worker_that_has_no_memory_leaves_nothing),
    HARNESS_LOOP(runs_that_contradict_themselves_are_refused, HARNESS_COUNT(contradictions)),
    HARNESS_LOOP(between_changes_a_worker_needs_no_node, HARNESS_COUNT(ways)),
    HARNESS_CASE(deleted_workers_leave_their_counters),
    HARNESS_CASE(each_datagram_is_received_once_whoever_handles_it),
    HARNESS_CASE(of_a_revoked_peer_no_packet_passes),
    HARNESS_CASE(a_revocation_without_memory_is_none_or_whole),
    HARNESS_CASE(without_memory_the_keys_that_are_there_go_on),
    HARNESS_CASE(keys_expire_without_a_tick),
    HARNESS_CASE(through_an_uplink_that_is_down_nothing_comes_or_goes),
    HARNESS_CASE(a_new_configuration_holds_from_the_next_packet),
    HARNESS_CASE(attached_subnets_hold_from_the_next_packet),
    HARNESS_CASE(punts_of_another_length_are_refused),
    HARNESS_CASE(spoilt_punts_do_no_harm),
    HARNESS_CASE(punts_of_another_node_do_no_harm),
    HARNESS_CASE(lost_punts_are_lost_datagrams),
    HARNESS_CASE(a_punt_may_come_after_everything_changed),
};
HARNESS_MAIN("node/worker", cases)
