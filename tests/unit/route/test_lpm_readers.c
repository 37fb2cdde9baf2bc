/* SPDX-License-Identifier: ISC */
/*
 * Readers on other threads, beside one writer that keeps to the contract of lpm.h: it changes a copy, hands
 * it over as a pointer, and releases the table before when no reader is in it any more. Meant for
 * ThreadSanitizer (-Db_sanitize=thread), and true without.
 */
#include "harness.h"

#include "route/lpm.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#define READERS 2
#define VERSIONS 60u
#define PREFIXES 200u

static struct avpni_lpm tables[2];
static _Atomic(struct avpni_lpm *) published;
static atomic_bool is_over;

struct reader {
    pthread_t thread;
    _Atomic(struct avpni_lpm *) inside; /* the table it reads, or NULL */
    uint64_t lookups, wrong;
};

static struct reader readers[READERS];

/* In every version all prefixes have the same value: what shows others saw half a change. */
static void look(struct reader *reader, const struct avpni_lpm *lpm, uint32_t *last)
{
    uint32_t addresses[AVPNI_LPM_BATCH], values[AVPNI_LPM_BATCH];

    for (uint32_t i = 0; i < AVPNI_LPM_BATCH; i++) {
        addresses[i] = (uint32_t)(reader->lookups + i * 7) % PREFIXES << 16 | i;
    }
    avpni_lpm_find_ipv4_batch(lpm, addresses, AVPNI_LPM_BATCH, values);
    for (uint32_t i = 0; i < AVPNI_LPM_BATCH; i++) {
        reader->wrong += values[i] != values[0];
        reader->wrong += avpni_lpm_find_ipv4(lpm, addresses[i]) != values[i];
    }
    reader->wrong += values[0] < *last; /* nor does time go back */
    *last = values[0];
    reader->lookups += AVPNI_LPM_BATCH;
}

static void *read_on(void *argument)
{
    struct reader *reader = argument;
    uint32_t last = 0;

    while (!atomic_load(&is_over)) {
        struct avpni_lpm *lpm = atomic_load(&published);

        atomic_store(&reader->inside, lpm);
        if (atomic_load(&published) == lpm) { /* else it may be gone already */
            look(reader, lpm, &last);
        }
        atomic_store(&reader->inside, NULL);
    }
    return NULL;
}

static void wait_until_left(const struct avpni_lpm *lpm)
{
    for (int i = 0; i < READERS; i++) {
        while (atomic_load(&readers[i].inside) == lpm) {
            sched_yield();
        }
    }
}

static void set_all(struct avpni_lpm *lpm, uint32_t value)
{
    for (uint32_t i = 0; i < PREFIXES; i++) {
        const struct avpni_lpm_key key = {(uint64_t)i << 48, 0, 16};
        const struct avpni_lpm_key narrow = {(uint64_t)i << 48 | (uint64_t)(value % 30) << 32, 0, 32};

        ck_assert_int_eq(avpni_lpm_put(lpm, &key, value), AVPN_OK);
        if (value % 2 == 0) {
            ck_assert_int_eq(avpni_lpm_put(lpm, &narrow, value), AVPN_OK);
        }
    }
}

/* The prefixes of the version before would tell its value. */
static void unset(struct avpni_lpm *lpm, uint32_t value)
{
    for (uint32_t i = 0; i < PREFIXES; i++) {
        const struct avpni_lpm_key narrow = {(uint64_t)i << 48 | (uint64_t)(value % 30) << 32, 0, 32};

        avpni_lpm_remove(lpm, &narrow);
    }
}

START_TEST(readers_see_all_of_a_change_or_nothing)
{
    struct avpni_memory memory;
    uint64_t lookups = 0, wrong = 0;

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    avpni_lpm_init(&tables[0], &memory, 32);
    set_all(&tables[0], 1);
    atomic_store(&published, &tables[0]);
    for (int i = 0; i < READERS; i++) {
        ck_assert_int_eq(pthread_create(&readers[i].thread, NULL, read_on, &readers[i]), 0);
    }
    for (uint32_t version = 2; version < VERSIONS; version++) {
        struct avpni_lpm *old = &tables[version % 2], *new = &tables[1 - version % 2];

        ck_assert_int_eq(avpni_lpm_copy(new, old), AVPN_OK);
        unset(new, version - 1);
        set_all(new, version);
        atomic_store(&published, new);
        wait_until_left(old);
        avpni_lpm_fini(old);
    }
    atomic_store(&is_over, true);
    for (int i = 0; i < READERS; i++) {
        pthread_join(readers[i].thread, NULL);
        lookups += readers[i].lookups;
        wrong += readers[i].wrong;
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_gt(lookups, 0);
    avpni_lpm_fini(atomic_load(&published));
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(readers_see_all_of_a_change_or_nothing),
};
HARNESS_MAIN("route/lpm_readers", cases)
