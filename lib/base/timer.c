/* SPDX-License-Identifier: ISC */
/*
 * timer: a binary heap of pointers, earliest first, first set first among equals.
 *
 * Invariants: heap[i]->position == i + 1 for every i < count; a timer in the heap is never
 * AVPN_TIME_NEVER; count <= reserved <= capacity. That the last holds is what makes
 * avpni_timer_set unable to fail, so an object reserves as many timers as it has before it
 * sets one and gives the room back after it cleared them.
 */
#include "base/timer.h"

#include <assert.h>

#define CAPACITY_MIN 16u

void avpni_timers_init(struct avpni_timers *timers, const struct avpni_memory *memory)
{
    *timers = (struct avpni_timers){.memory = *memory};
}

void avpni_timers_fini(struct avpni_timers *timers)
{
    for (uint32_t i = 0; i < timers->count; i++) {
        timers->heap[i]->when = AVPN_TIME_NEVER;
        timers->heap[i]->position = 0;
    }
    avpni_release(&timers->memory, timers->heap);
    *timers = (struct avpni_timers){.memory = timers->memory};
}

static int32_t set_capacity(struct avpni_timers *timers, uint32_t capacity)
{
    struct avpni_timer **heap =
        avpni_resize(&timers->memory, timers->heap, capacity, sizeof *timers->heap);

    if (heap == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    timers->heap = heap;
    timers->capacity = capacity;
    return AVPN_OK;
}

static void give_back(struct avpni_timers *timers, uint32_t count)
{
    assert(count <= timers->reserved - timers->count);
    timers->reserved -= count;
    if (timers->capacity > CAPACITY_MIN && timers->reserved <= timers->capacity / 4) {
        /* Keeping the larger heap is as good: nothing depends on this succeeding. */
        (void)set_capacity(timers, timers->capacity / 2);
    }
}

int32_t avpni_timers_reserve(struct avpni_timers *timers, int32_t count)
{
    if (count <= 0) {
        give_back(timers, (uint32_t) - (int64_t)count);
        return AVPN_OK;
    }
    if ((uint32_t)count > UINT32_MAX / 4 - timers->reserved) {
        return AVPN_ERROR_MEMORY;
    }
    uint32_t needed = timers->reserved + (uint32_t)count;

    if (needed > timers->capacity) {
        uint32_t doubled =
            timers->capacity * 2 > CAPACITY_MIN ? timers->capacity * 2 : CAPACITY_MIN;
        int32_t error = set_capacity(timers, needed > doubled ? needed : doubled);

        if (error != AVPN_OK) {
            return error;
        }
    }
    timers->reserved = needed;
    return AVPN_OK;
}

void avpni_timer_init(struct avpni_timer *timer, void (*fire)(void *owner, avpn_time now),
                      void *owner)
{
    *timer = (struct avpni_timer){.when = AVPN_TIME_NEVER, .fire = fire, .owner = owner};
}

static bool is_before(const struct avpni_timer *a, const struct avpni_timer *b)
{
    return a->when != b->when ? a->when < b->when : a->order < b->order;
}

static void place(struct avpni_timers *timers, uint32_t index, struct avpni_timer *timer)
{
    timers->heap[index] = timer;
    timer->position = index + 1;
}

/* Let `timer` rise from the hole at `index`. */
static void sift_up(struct avpni_timers *timers, uint32_t index, struct avpni_timer *timer)
{
    while (index > 0) {
        uint32_t parent = (index - 1) / 2;

        if (!is_before(timer, timers->heap[parent])) {
            break;
        }
        place(timers, index, timers->heap[parent]);
        index = parent;
    }
    place(timers, index, timer);
}

/* Let `timer` sink from the hole at `index`. */
static void sift_down(struct avpni_timers *timers, uint32_t index, struct avpni_timer *timer)
{
    for (;;) {
        uint32_t child = 2 * index + 1;

        if (child >= timers->count) {
            break;
        }
        if (child + 1 < timers->count && is_before(timers->heap[child + 1], timers->heap[child])) {
            child++;
        }
        if (!is_before(timers->heap[child], timer)) {
            break;
        }
        place(timers, index, timers->heap[child]);
        index = child;
    }
    place(timers, index, timer);
}

/* Fill the hole at `index` with `timer`, whichever way it has to go. */
static void settle(struct avpni_timers *timers, uint32_t index, struct avpni_timer *timer)
{
    if (index > 0 && is_before(timer, timers->heap[(index - 1) / 2])) {
        sift_up(timers, index, timer);
    } else {
        sift_down(timers, index, timer);
    }
}

void avpni_timer_set(struct avpni_timers *timers, struct avpni_timer *timer, avpn_time when)
{
    if (when == AVPN_TIME_NEVER) {
        avpni_timer_clear(timers, timer);
        return;
    }
    timer->when = when;
    timer->order = timers->next_order++;
    if (timer->position != 0) {
        settle(timers, timer->position - 1, timer);
    } else {
        assert(timers->count < timers->reserved);
        sift_up(timers, timers->count++, timer);
    }
}

void avpni_timer_clear(struct avpni_timers *timers, struct avpni_timer *timer)
{
    if (timer->position == 0) {
        return;
    }
    uint32_t hole = timer->position - 1;
    struct avpni_timer *last = timers->heap[--timers->count];

    timer->when = AVPN_TIME_NEVER;
    timer->position = 0;
    if (last != timer) {
        settle(timers, hole, last);
    }
}

bool avpni_timer_is_set(const struct avpni_timer *timer)
{
    return timer->position != 0;
}

avpn_time avpni_timers_deadline(const struct avpni_timers *timers)
{
    return timers->count == 0 ? AVPN_TIME_NEVER : timers->heap[0]->when;
}

uint32_t avpni_timers_run(struct avpni_timers *timers, avpn_time now, uint32_t limit)
{
    uint32_t fired = 0;

    while (fired < limit && timers->count > 0 && timers->heap[0]->when <= now) {
        struct avpni_timer *timer = timers->heap[0];

        avpni_timer_clear(timers, timer);
        fired++;
        /* The call may free the object the timer lives in: not touched after. */
        timer->fire(timer->owner, now);
    }
    return fired;
}
