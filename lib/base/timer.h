/* SPDX-License-Identifier: ISC */
/*
 * timer: deadlines of one engine, in a binary heap of pointers to timers that
 * live inside the objects they belong to.
 *
 * Room is reserved when an object is made (avpni_timers_reserve), so that
 * setting a timer can never fail. Equal deadlines fire in the order in which they were
 * set: runs repeat bit for bit.
 */
#ifndef AVPNI_BASE_TIMER_H
#define AVPNI_BASE_TIMER_H

#include "base/memory.h"
#include <stdbool.h>

struct avpni_timer {
    avpn_time when;    /* AVPN_TIME_NEVER when not set */
    uint64_t order;    /* tie breaker */
    uint32_t position; /* 1-based place in the heap; 0: not set */
    void (*fire)(void *owner, avpn_time now);
    void *owner;
};

struct avpni_timers {
    struct avpni_memory memory;
    struct avpni_timer **heap;
    uint32_t count, capacity, reserved;
    uint64_t next_order;
};

void avpni_timers_init(struct avpni_timers *timers, const struct avpni_memory *memory);
void avpni_timers_fini(struct avpni_timers *timers);

/* Make room for `count` more timers (negative gives room back). AVPN_ERROR_MEMORY. */
int32_t avpni_timers_reserve(struct avpni_timers *timers, int32_t count);

void avpni_timer_init(struct avpni_timer *timer, void (*fire)(void *owner, avpn_time now),
                      void *owner);
/* Set, move, or with AVPN_TIME_NEVER clear. */
void avpni_timer_set(struct avpni_timers *timers, struct avpni_timer *timer, avpn_time when);
void avpni_timer_clear(struct avpni_timers *timers, struct avpni_timer *timer);
bool avpni_timer_is_set(const struct avpni_timer *timer);

/* The earliest deadline, or AVPN_TIME_NEVER. */
avpn_time avpni_timers_deadline(const struct avpni_timers *timers);
/*
 * Fire every timer due at `now`, earliest first, each cleared before its call.
 * Timers set during the run for a moment <= now fire in the same run, but at most
 * `limit` calls are made, so that a bug can never hang the host.
 */
uint32_t avpni_timers_run(struct avpni_timers *timers, avpn_time now, uint32_t limit);

#endif
