/* SPDX-License-Identifier: ISC */
/*
 * events: the queue behind avpn_*_next_event. A ring of AVPN_EVENT_QUEUE events; when it is
 * full the oldest is dropped and the next one taken says how many were. Each event is also given
 * to the host's callback, where there is one, the moment it is pushed.
 */
#ifndef AVPNI_LINK_EVENTS_H
#define AVPNI_LINK_EVENTS_H

#include "base/memory.h"
#include <autovpn/event.h>

struct avpni_events {
    struct avpni_memory memory;
    void *user;
    void (*callback)(void *user, const struct avpn_event *event);
    struct avpn_event *ring;
    uint32_t first, count, lost;
};

/* `host` may be NULL. AVPN_ERROR_MEMORY. */
int32_t avpni_events_init(struct avpni_events *events, const struct avpni_memory *memory,
                          const struct avpn_host *host);
void avpni_events_fini(struct avpni_events *events);
/* Copied; `lost` is filled in here. */
void avpni_events_push(struct avpni_events *events, const struct avpn_event *event);
/* AVPN_ERROR_EMPTY: nothing is queued. */
int32_t avpni_events_pop(struct avpni_events *events, struct avpn_event *event_out);
/* Bytes on the heap. */
size_t avpni_events_footprint(const struct avpni_events *events);

#endif
