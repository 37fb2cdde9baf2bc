/* SPDX-License-Identifier: ISC */
/* tally: a counter that any thread adds to and reads. All zero at first. */
#ifndef EXAMPLES_TALLY_H
#define EXAMPLES_TALLY_H

#include <stdatomic.h>
#include <stdint.h>

struct tally {
    _Atomic uint64_t sum;
};

static inline void tally_add(struct tally *tally, uint64_t number)
{
    (void)atomic_fetch_add_explicit(&tally->sum, number, memory_order_relaxed);
}

static inline uint64_t tally_read(const struct tally *tally)
{
    return atomic_load_explicit(&tally->sum, memory_order_relaxed);
}

#endif
