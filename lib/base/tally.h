/* SPDX-License-Identifier: ISC */
/*
 * tally: a counter that any thread may read. One thread adds to it at a time, or all use avpni_tally_add_shared.
 *
 * Relaxed: a tally says how many, never what happened before what.
 */
#ifndef AVPNI_BASE_TALLY_H
#define AVPNI_BASE_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

struct avpni_tally {
    _Atomic uint64_t value;
};

static inline uint64_t avpni_tally_read(const struct avpni_tally *tally)
{
    return atomic_load_explicit(&tally->value, memory_order_relaxed);
}

static inline void avpni_tally_set(struct avpni_tally *tally, uint64_t value)
{
    atomic_store_explicit(&tally->value, value, memory_order_relaxed);
}

/* No other thread adds to it. */
static inline void avpni_tally_add(struct avpni_tally *tally, uint64_t count)
{
    avpni_tally_set(tally, avpni_tally_read(tally) + count);
}

static inline void avpni_tally_add_shared(struct avpni_tally *tally, uint64_t count)
{
    (void)atomic_fetch_add_explicit(&tally->value, count, memory_order_relaxed);
}

#endif
