/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "forward/runs.h"
#include "base/memory.h"
#include <string.h>

#define PACKETS 4000

/* What came out, one line per packet. */
struct place {
    const uint8_t *data;
    uint32_t bytes;
};

static struct place seen[PACKETS];
static uint32_t seen_count, run_count, call_count;

static void take(const struct avpn_packets *run)
{
    run_count++;
    ck_assert_uint_ge(run->count, 1);
    ck_assert_uint_le(run->last_bytes, run->bytes);
    if (run->count == 1)
        ck_assert_uint_eq(run->last_bytes, run->bytes);
    for (uint32_t k = 0; k < run->count; k++) {
        ck_assert_uint_lt(seen_count, PACKETS);
        seen[seen_count].data = run->data + (size_t)k * run->stride;
        seen[seen_count++].bytes = k + 1 < run->count ? run->bytes : run->last_bytes;
    }
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)user;
    call_count++;
    for (size_t i = 0; i < count; i++)
        take(&batch[i]);
}

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    (void)user;
    call_count++;
    for (size_t i = 0; i < count; i++)
        take(&batch[i].packets);
}

static const struct avpn_host host = {
    .size = sizeof host, .transmit = transmit};
static uint8_t buffer[1 << 22];

static void forget(void)
{
    seen_count = run_count = call_count = 0;
}

START_TEST(packets_at_equal_distances_become_one_run)
{
    struct avpni_runs runs;

    avpni_runs_init(&runs, NULL, deliver);
    forget();
    for (uint32_t i = 0; i < 10; i++)
        avpni_runs_add(&runs, buffer + 200 * i, i < 9 ? 100 : 60);
    avpni_runs_flush(&runs);
    ck_assert_uint_eq(run_count, 1);
    ck_assert_uint_eq(seen_count, 10);
    ck_assert_uint_eq(seen[9].bytes, 60);
}
END_TEST

struct row {
    const char *name;
    uint32_t at[3], bytes[3];
    uint32_t runs;
};

static const struct row rows[] = {
    {"a longer one begins a run", {0, 200, 400}, {100, 101, 101}, 2},
    {"after a shorter one comes a new run", {0, 200, 400}, {100, 99, 99}, 2},
    {"another distance begins a run", {0, 200, 500}, {100, 100, 100}, 2},
    {"backwards is no run", {400, 200, 0}, {100, 100, 100}, 3},
    {"the same place twice is no run", {0, 0, 200}, {100, 100, 100}, 2},
    {"overlapping is no run", {0, 99, 198}, {100, 100, 100}, 3},
    {"end to end is one", {0, 100, 200}, {100, 100, 100}, 1},
    {"the last may be shorter", {0, 100, 200}, {100, 100, 1}, 1},
    {"too far apart for one buffer", {0, 200000, 400000}, {100, 100, 100}, 3},
};

START_TEST(a_run_ends_where_the_pattern_does)
{
    const struct row *row = &rows[_i];
    struct avpni_runs runs;

    avpni_runs_init(&runs, NULL, deliver);
    forget();
    for (uint32_t i = 0; i < 3; i++)
        avpni_runs_add(&runs, buffer + row->at[i], row->bytes[i]);
    avpni_runs_flush(&runs);
    ck_assert_msg(run_count == row->runs, "%s: %u", row->name, run_count);
    ck_assert_uint_eq(seen_count, 3);
}
END_TEST

START_TEST(a_closed_run_does_not_grow)
{
    struct avpni_runs runs;

    avpni_runs_init(&runs, NULL, deliver);
    forget();
    avpni_runs_add(&runs, buffer, 100);
    runs.is_open = false;
    avpni_runs_add(&runs, buffer + 100, 100);
    avpni_runs_flush(&runs);
    ck_assert_uint_eq(run_count, 2);
}
END_TEST

START_TEST(a_full_list_is_delivered_and_nothing_is_lost)
{
    struct avpni_runs runs;

    avpni_runs_init(&runs, NULL, deliver);
    forget();
    for (uint32_t i = 0; i < 3 * AVPNI_RUNS + 5; i++)
        avpni_runs_add(&runs, buffer + 300 * i, 100 + i % 2);
    avpni_runs_flush(&runs);
    ck_assert_uint_eq(seen_count, 3 * AVPNI_RUNS + 5);
    ck_assert_uint_ge(call_count, 2);
    avpni_runs_flush(&runs); /* nothing left: no call */
    uint32_t calls = call_count;

    avpni_runs_flush(&runs);
    ck_assert_uint_eq(call_count, calls);
}
END_TEST

/* Whatever the pattern, the packets that come out are those that went in, in their order. */
static const struct avpni_way ways[] = {
    {.uplink = 0, .contact = {.family = AVPN_FAMILY_IPV4, .port = 1}},
    {.uplink = 0, .contact = {.family = AVPN_FAMILY_IPV4, .port = 2}},
};

START_TEST(runs_say_what_single_packets_would)
{
    static struct place given[PACKETS];
    struct avpni_memory memory;
    struct avpni_outbox outbox;
    uint64_t state = (uint64_t)_i + 1;
    struct avpni_sealing sealing = {0};
    struct avpni_runs runs;
    uint32_t at = 0, count = 500, bytes = 100, gap = 100;
    const struct avpni_way *way = &ways[0];

    avpni_runs_init(&runs, NULL, deliver);
    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    ck_assert_int_eq(avpni_outbox_init(&outbox, &memory, &host), AVPN_OK);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t dice = harness_random(&state) % 20;

        if (dice == 0)
            bytes = 20 + (uint32_t)(harness_random(&state) % 200);
        if (dice == 1)
            gap = bytes + (uint32_t)(harness_random(&state) % 50);
        if (gap < bytes)
            gap = bytes;
        given[i].data = buffer + at;
        given[i].bytes = dice == 2 ? bytes / 2 : bytes;
        at += gap;
    }
    forget();
    for (uint32_t i = 0; i < count; i++)
        avpni_runs_add(&runs, buffer + (given[i].data - buffer), given[i].bytes);
    avpni_runs_flush(&runs);
    ck_assert_uint_eq(seen_count, count);
    ck_assert_mem_eq(seen, given, count * sizeof *given);
    ck_assert_uint_lt(run_count, count);

    forget();
    for (uint32_t i = 0; i < count; i++) {
        if (harness_random(&state) % 30 == 0)
            way = way == &ways[0] ? &ways[1] : &ways[0];
        avpni_sealing_add(&sealing, &outbox, way, 0, buffer + (given[i].data - buffer),
                          given[i].bytes);
    }
    avpni_sealing_close(&sealing, &outbox);
    avpni_outbox_flush(&outbox);
    ck_assert_uint_eq(seen_count, count);
    ck_assert_mem_eq(seen, given, count * sizeof *given);
    ck_assert_uint_lt(run_count, count);
    avpni_outbox_fini(&outbox);
}
END_TEST

START_TEST(another_way_or_flag_begins_a_run)
{
    struct avpni_memory memory;
    struct avpni_outbox outbox;
    struct avpni_sealing sealing = {0};

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    ck_assert_int_eq(avpni_outbox_init(&outbox, &memory, &host), AVPN_OK);
    forget();
    avpni_sealing_add(&sealing, &outbox, &ways[0], 0, buffer, 100);
    avpni_sealing_add(&sealing, &outbox, &ways[0], 0, buffer + 100, 100);
    avpni_sealing_add(&sealing, &outbox, &ways[1], 0, buffer + 200, 100);
    avpni_sealing_add(&sealing, &outbox, &ways[1], AVPN_DATAGRAMS_MAY_FRAGMENT, buffer + 300, 100);
    avpni_sealing_close(&sealing, &outbox);
    avpni_sealing_close(&sealing, &outbox); /* once is enough */
    avpni_outbox_flush(&outbox);
    ck_assert_uint_eq(run_count, 3);
    ck_assert_uint_eq(seen_count, 4);
    avpni_outbox_fini(&outbox);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(packets_at_equal_distances_become_one_run),
    HARNESS_LOOP(a_run_ends_where_the_pattern_does, HARNESS_COUNT(rows)),
    HARNESS_CASE(a_closed_run_does_not_grow),
    HARNESS_CASE(a_full_list_is_delivered_and_nothing_is_lost),
    HARNESS_LOOP(runs_say_what_single_packets_would, 20),
    HARNESS_CASE(another_way_or_flag_begins_a_run),
};
HARNESS_MAIN("forward/runs", cases)
