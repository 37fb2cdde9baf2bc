/* SPDX-License-Identifier: ISC */
/*
 * clock: virtual time and what is to happen in it. A binary heap of events; events for the
 * same moment happen in the order in which they were added.
 */
#ifndef AVPN_SIM_CLOCK_H
#define AVPN_SIM_CLOCK_H

#include <autovpn/types.h>
#include <stdbool.h>

struct sim_event {
    avpn_time when;
    uint64_t order;
    void (*fire)(void *owner, void *subject, avpn_time now);
    void (*drop)(void *subject); /* what to do with the subject when it never fires, or NULL */
    void *owner, *subject;
};

struct sim_clock {
    avpn_time now;
    struct sim_event *heap;
    size_t count, capacity;
    uint64_t next_order, fired;
};

void sim_clock_fini(struct sim_clock *clock);
/* A moment in the past means now. */
void sim_clock_add(struct sim_clock *clock, const struct sim_event *event);
/* Take the earliest event if it is due by `until`; the time moves to it. */
bool sim_clock_take(struct sim_clock *clock, avpn_time until, struct sim_event *event_out);

#endif
