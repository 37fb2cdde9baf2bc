/* SPDX-License-Identifier: ISC */
/*
 * reclaim: when what other threads may be reading can be released: epochs.
 *
 * The owner's thread replaces a published pointer, *retires* what it pointed to, and releases that once no reader is left that began
 * before. A reader enters before it loads published pointers and leaves when it has forgotten them; both cost it one store. The owner
 * itself is no reader: it collects only where it holds nothing.
 *
 *     avpni_reclaim_enter(&reclaim, &reader);            // reader
 *     thing = atomic_load(&published); ...
 *     avpni_reclaim_leave(&reader);
 *
 *     old = atomic_exchange(&published, new);            // owner
 *     avpni_reclaim_retire(&reclaim, &old->retired, release_thing);
 *     avpni_reclaim_collect(&reclaim);                   // now and then
 *
 * Loads and stores of published pointers, of epochs and of readers are sequentially consistent. That is the proof: a reader whose
 * store of its epoch the owner did not see when it collected loads its pointers later, and finds the new ones.
 */
#ifndef AVPNI_FORWARD_RECLAIM_H
#define AVPNI_FORWARD_RECLAIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In everything that is published. */
struct avpni_retired {
    struct avpni_retired *next;
    void (*release)(void *owner, struct avpni_retired *retired);
    uint32_t epoch;
};

struct avpni_reclaim_reader {
    struct avpni_reclaim_reader *next;
    _Atomic uint32_t epoch; /* in which it entered; 0: outside */
};

struct avpni_reclaim {
    _Atomic uint32_t epoch; /* never 0 */
    struct avpni_reclaim_reader *readers;
    struct avpni_retired *first, **last; /* oldest first */
    void *owner;
};

void avpni_reclaim_init(struct avpni_reclaim *reclaim, void *owner);
/* Releases all; no reader is inside. */
void avpni_reclaim_fini(struct avpni_reclaim *reclaim);
/* The reader is the caller's to keep; outside when removed. */
void avpni_reclaim_add_reader(struct avpni_reclaim *reclaim, struct avpni_reclaim_reader *reader);
void avpni_reclaim_remove_reader(struct avpni_reclaim *reclaim, struct avpni_reclaim_reader *reader);

/* It is published nowhere any more; `release` is called when no reader can hold it. */
void avpni_reclaim_retire(struct avpni_reclaim *reclaim, struct avpni_retired *retired,
                          void (*release)(void *owner, struct avpni_retired *retired));
void avpni_reclaim_collect(struct avpni_reclaim *reclaim);

static inline void avpni_reclaim_enter(struct avpni_reclaim *reclaim, struct avpni_reclaim_reader *reader)
{
    atomic_store(&reader->epoch, atomic_load(&reclaim->epoch));
}

static inline void avpni_reclaim_leave(struct avpni_reclaim_reader *reader)
{
    atomic_store_explicit(&reader->epoch, 0, memory_order_release);
}

#endif
