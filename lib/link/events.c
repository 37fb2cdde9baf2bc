/* SPDX-License-Identifier: ISC */
/* events: see events.h. Invariant: count <= AVPN_EVENT_QUEUE, first < AVPN_EVENT_QUEUE. */
#include "link/events.h"

int32_t avpni_events_init(struct avpni_events *events, const struct avpni_memory *memory,
                          const struct avpn_host *host)
{
    struct avpni_events fresh = {.memory = *memory};

    if (host != NULL) {
        fresh.user = host->user;
        fresh.callback = host->event;
    }
    fresh.ring = avpni_allocate(memory, AVPN_EVENT_QUEUE, sizeof *fresh.ring);
    if (fresh.ring == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    *events = fresh;
    return AVPN_OK;
}

void avpni_events_fini(struct avpni_events *events)
{
    avpni_release(&events->memory, events->ring);
    events->ring = NULL;
    events->count = 0;
}

void avpni_events_push(struct avpni_events *events, const struct avpn_event *event)
{
    struct avpn_event copy = *event;

    copy.lost = 0;
    if (events->count == AVPN_EVENT_QUEUE) {
        events->first = (events->first + 1) % AVPN_EVENT_QUEUE;
        events->count--;
        events->lost++;
    }
    events->ring[(events->first + events->count) % AVPN_EVENT_QUEUE] = copy;
    events->count++;
    if (events->callback != NULL) {
        events->callback(events->user, &copy);
    }
}

int32_t avpni_events_pop(struct avpni_events *events, struct avpn_event *event_out)
{
    if (events->count == 0) {
        return AVPN_ERROR_EMPTY;
    }
    *event_out = events->ring[events->first];
    event_out->lost = events->lost;
    events->lost = 0;
    events->first = (events->first + 1) % AVPN_EVENT_QUEUE;
    events->count--;
    return AVPN_OK;
}

size_t avpni_events_footprint(const struct avpni_events *events)
{
    return events->ring != NULL ? AVPN_EVENT_QUEUE * sizeof *events->ring : 0;
}

const char *avpn_event_name(uint32_t kind)
{
    static const char *const names[] = {
        [AVPN_EVENT_NONE] = "none",
        [AVPN_EVENT_CONFIG] = "config",
        [AVPN_EVENT_REGISTRY] = "registry",
        [AVPN_EVENT_NAT] = "nat",
        [AVPN_EVENT_TUNNEL] = "tunnel",
        [AVPN_EVENT_PATH] = "path",
        [AVPN_EVENT_ROAM] = "roam",
        [AVPN_EVENT_ROUTE_ADD] = "route-add",
        [AVPN_EVENT_ROUTE_REPLACE] = "route-replace",
        [AVPN_EVENT_ROUTE_DELETE] = "route-delete",
        [AVPN_EVENT_EXPIRED] = "expired",
        [AVPN_EVENT_CONFLICT] = "conflict",
        [AVPN_EVENT_REVOKED] = "revoked",
        [AVPN_EVENT_UNDONE] = "undone",
        [AVPN_EVENT_JOIN] = "join",
        [AVPN_EVENT_FAULT] = "fault",
        [AVPN_EVENT_MTU] = "mtu",
        [AVPN_EVENT_OFFER] = "offer",
        [AVPN_EVENT_MEMBER] = "member",
        [AVPN_EVENT_PUBLISHED] = "published",
        [AVPN_EVENT_CLAIM] = "claim",
    };

    if (kind >= sizeof names / sizeof names[0] || names[kind] == NULL) {
        return "unknown";
    }
    return names[kind];
}
