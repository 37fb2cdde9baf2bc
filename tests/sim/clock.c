/* SPDX-License-Identifier: ISC */
#include "clock.h"
#include <stdlib.h>

static bool is_earlier(const struct sim_event *a, const struct sim_event *b)
{
    return a->when != b->when ? a->when < b->when : a->order < b->order;
}

void sim_clock_fini(struct sim_clock *clock)
{
    for (size_t i = 0; i < clock->count; i++)
        if (clock->heap[i].drop != NULL)
            clock->heap[i].drop(clock->heap[i].subject);
    free(clock->heap);
}

void sim_clock_add(struct sim_clock *clock, const struct sim_event *event)
{
    struct sim_event added = *event;
    size_t at = clock->count;

    if (clock->count == clock->capacity) {
        clock->capacity = clock->capacity == 0 ? 256 : clock->capacity * 2;
        clock->heap = realloc(clock->heap, clock->capacity * sizeof *clock->heap);
        if (clock->heap == NULL)
            abort();
    }
    if (added.when < clock->now)
        added.when = clock->now;
    added.order = clock->next_order++;
    clock->count++;
    for (; at > 0 && is_earlier(&added, &clock->heap[(at - 1) / 2]); at = (at - 1) / 2)
        clock->heap[at] = clock->heap[(at - 1) / 2];
    clock->heap[at] = added;
}

static void sift_down(struct sim_clock *clock, struct sim_event moved)
{
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child + 1 < clock->count && is_earlier(&clock->heap[child + 1], &clock->heap[child]))
            child++;
        if (child >= clock->count || !is_earlier(&clock->heap[child], &moved))
            break;
        clock->heap[at] = clock->heap[child];
        at = child;
    }
    clock->heap[at] = moved;
}

bool sim_clock_take(struct sim_clock *clock, avpn_time until, struct sim_event *event_out)
{
    if (clock->count == 0 || clock->heap[0].when > until)
        return false;
    *event_out = clock->heap[0];
    clock->count--;
    if (clock->count > 0)
        sift_down(clock, clock->heap[clock->count]);
    clock->now = event_out->when;
    clock->fired++;
    return true;
}
