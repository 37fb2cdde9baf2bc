/* SPDX-License-Identifier: ISC */
/*
 * engine: what the parts of the registry engine share: the object itself, and the steps that
 * cross from one part to another.
 *
 *     registry.c   life, organizations, looking in
 *     receive.c    what datagrams do: handshakes, keepalives, fetches
 *     push.c       what nodes are told: session messages, changes, pages
 *
 * A dropped datagram changes `counters` and nothing else on the heap.
 */
#ifndef AVPNI_REGISTRY_ENGINE_H
#define AVPNI_REGISTRY_ENGINE_H

#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "link/events.h"
#include "link/guard.h"
#include "link/outbox.h"
#include "registry/organization.h"
#include "registry/session.h"
#include "registry/table.h"
#include "wire/message.h"
#include <autovpn/noise.h>
#include <autovpn/registry.h>

struct avpn_registry {
    struct avpn_host host;
    struct avpni_memory memory;
    struct avpni_random random;
    struct avpn_noise responder; /* ready to read message 1; copied for each handshake */
    struct avpni_guard guard;
    struct avpni_outbox outbox;
    struct avpni_events events;
    struct avpni_table table;
    struct avpni_session_secrets secrets;
    struct avpni_organization_secrets member_secrets;
    struct avpni_organization **organizations; /* by place; NULL: free */
    uint32_t place_count, organization_count;
    struct avpni_map map; /* organization id -> place */
    uint32_t registration_limit; /* 0: as many as there are uplinks */
    uint64_t generation; /* last one issued [REG-3] */
    uint64_t counter;    /* last one sent, over all sessions [REG-2] */
    uint64_t counters[AVPN_REGISTRY_COUNTERS];
};

static inline void avpni_registry_count(struct avpn_registry *registry,
                                        enum avpn_registry_counter counter)
{
    registry->counters[counter]++;
}

/* The organization and member that a record belongs to. */
struct avpni_organization *avpni_registry_organization_of(const struct avpn_registry *registry,
                                                          uint32_t slot);
struct avpni_member *avpni_registry_member_of(const struct avpn_registry *registry, uint32_t slot);

/*
 * Serve a configuration that was verified: make its tables, in the place of an older one's or in a
 * new place. Borrowed until return. Errors as avpn_registry_set_organization.
 */
int32_t avpni_registry_serve(struct avpn_registry *registry, const struct avpn_key *id,
                             const struct avpn_config *config, avpn_time now);

/* ---- push.c ------------------------------------------------------------------------- */

/* Where a session message goes, and under which session. */
struct avpni_session_target {
    uint32_t socket;
    struct avpn_contact contact;
    uint32_t slot;
    uint64_t generation;
};

void avpni_registry_send(struct avpn_registry *registry, const struct avpni_session_target *target,
                         const uint8_t key[32], const uint8_t *body, size_t count);
/* Tell every connected peer what became of a record [REG-9]. */
void avpni_registry_push_change(struct avpn_registry *registry, const struct avpni_record *record);
/* Answer a Fetch [REG-11]. */
void avpni_registry_send_page(struct avpn_registry *registry,
                              const struct avpni_session_target *target, const uint8_t key[32],
                              uint32_t version, uint32_t first);
/* Raise AVPN_EVENT_MEMBER with what the record says now. */
void avpni_registry_raise(struct avpn_registry *registry, const struct avpni_record *record,
                          avpn_time now);
/* Mark disconnected, tell peers and host. Nothing happens to a record that is not connected. */
void avpni_registry_disconnect(struct avpn_registry *registry, struct avpni_record *record,
                               avpn_time now);

/* ---- receive.c ---------------------------------------------------------------------- */

void avpni_registry_take_datagram(struct avpn_registry *registry, uint32_t socket,
                                  const struct avpn_contact *source, const uint8_t *bytes,
                                  size_t count, avpn_time now);

#endif
