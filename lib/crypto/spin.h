/* SPDX-License-Identifier: ISC */
/*
 * spin: a lock of one byte for sections of at most a few microseconds. The library has no threads of its own and calls no
 * operating system, so those who wait, turn.
 */
#ifndef AVPNI_CRYPTO_SPIN_H
#define AVPNI_CRYPTO_SPIN_H

#include <stdatomic.h>
#include <stdbool.h>

/* All zero: free. */
struct avpni_spin {
    atomic_bool is_held;
};

static inline void avpni_spin_lock(struct avpni_spin *spin)
{
    while (atomic_exchange_explicit(&spin->is_held, true, memory_order_acquire))
        /* Reading keeps the line shared until there is something to win. */
        while (atomic_load_explicit(&spin->is_held, memory_order_relaxed)) {
        }
}

static inline void avpni_spin_unlock(struct avpni_spin *spin)
{
    atomic_store_explicit(&spin->is_held, false, memory_order_release);
}

#endif
