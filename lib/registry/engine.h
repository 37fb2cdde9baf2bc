/* SPDX-License-Identifier: ISC */
/*
 * engine: what the parts of the registry engine share: the object itself, and the steps that
 * cross from one part to another.
 *
 *     registry.c       life, the cycle
 *     organizations.c  which organizations are served, and how one configuration takes another's place
 *     handshake.c      initiations: registrations, claims, administrators
 *     receive.c        what nodes say in their sessions: keepalives, fetches, syncs
 *     push.c           what nodes are told of each other: changes, pages
 *     serve.c          what nodes ask of their configuration: parts of updates
 *     spread.c         what they are told of it unasked
 *     join.c           claims
 *     office.c         administrators' sessions
 *     publish.c        from an upload to a configuration that is served
 *     store.c          what outlives the process
 *
 * A dropped datagram changes `counters` and nothing else on the heap.
 */
#ifndef AVPNI_REGISTRY_ENGINE_H
#define AVPNI_REGISTRY_ENGINE_H

#include "base/map.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/timer.h"
#include "link/events.h"
#include "link/guard.h"
#include "forward/outbox.h"
#include "registry/organization.h"
#include "registry/session.h"
#include "registry/table.h"
#include "wire/message.h"
#include <autovpn/noise.h>
#include <autovpn/publisher.h>
#include <autovpn/registry.h>

struct avpn_registry {
    struct avpn_host host;
    struct avpni_memory memory;
    struct avpni_random random;
    struct avpn_noise responder; /* ready to read message 1; copied for each handshake */
    struct avpni_guard guard;
    struct avpni_outbox outbox;
    struct avpni_events events;
    struct avpni_timers timers; /* of pushes and offices */
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

/* Where a datagram came from, and when. */
struct avpni_arrival {
    uint32_t socket;
    struct avpn_contact source;
    avpn_time now;
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

/* ---- organizations.c ------------------------------------------------------------------------ */

/* A configuration that could take its place at once: nothing can fail any more. */
struct avpni_succession {
    const struct avpn_config *config; /* borrowed until it is over */
    uint32_t place;
    struct avpni_organization *old; /* NULL: a new organization */
    struct avpni_organization *made;
    uint64_t publisher; /* session of the administrator who published it, or 0 */
};

/*
 * Make the tables of a configuration and its document, both verified; `bytes`, from the registry's memory, are taken
 * over on success. AVPN_ERROR_VERSION, AVPN_ERROR_AUTH: it may not follow what is served [CFG-5].
 * AVPN_ERROR_LIMIT, AVPN_ERROR_MEMORY. Then commit or abandon.
 */
int32_t avpni_registry_prepare(struct avpn_registry *registry, const struct avpn_key *id,
                               const struct avpn_config *config, uint8_t *bytes, size_t count,
                               struct avpni_succession *succession_out);
void avpni_registry_commit(struct avpn_registry *registry, struct avpni_succession *succession,
                           avpn_time now);
void avpni_registry_abandon(struct avpni_succession *succession);
/* Both, with a copy of `bundle`. */
int32_t avpni_registry_serve(struct avpn_registry *registry, const struct avpn_key *id,
                             const struct avpn_config *config, const uint8_t *bundle, size_t count,
                             avpn_time now);

/* ---- push.c ------------------------------------------------------------------------- */

/* Where a session message goes, and under which session. */
struct avpni_session_target {
    uint32_t socket;
    struct avpn_contact contact;
    uint32_t slot;
    uint64_t generation;
};

struct avpni_session_target avpni_registry_target_of(const struct avpn_registry *registry,
                                                     const struct avpni_record *record);
void avpni_registry_send(struct avpn_registry *registry, const struct avpni_session_target *target,
                         const uint8_t key[32], const uint8_t *body, size_t count);
/* Prove yourself, by this token [REG-5]. */
void avpni_registry_challenge(struct avpn_registry *registry,
                              const struct avpni_session_target *target, const uint8_t key[32],
                              avpn_time now);
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

/* ---- serve.c ------------------------------------------------------------------------ */

/* Answer a Sync of a member of this slot [SYN-1], [SYN-2]. */
void avpni_registry_send_parts(struct avpn_registry *registry,
                               const struct avpni_session_target *target, const uint8_t key[32],
                               const struct avpni_sync *sync);
/* One part; its bytes stand in `body` after room for the head, which is written here. */
void avpni_registry_send_part(struct avpn_registry *registry,
                              const struct avpni_session_target *target, const uint8_t key[32],
                              const struct avpni_part *part, uint8_t *body);

/* ---- spread.c ----------------------------------------------------------------------- */

/* Find whom to tell of the configuration that is about to take its place [SYN-3]. */
void avpni_registry_begin_push(struct avpn_registry *registry,
                               const struct avpni_succession *succession);
/* ... and when it has, tell the first of them; the rest follows by a timer. */
void avpni_registry_go_on_push(struct avpni_organization *organization, avpn_time now);
void avpni_registry_end_push(struct avpn_registry *registry,
                             struct avpni_organization *organization);

/* ---- join.c --------------------------------------------------------------------------- */

/* Seconds since 1970, or 0: unknown. */
int64_t avpni_registry_clock(const struct avpn_registry *registry);
/* False: no answer, counted. */
bool avpni_registry_claim(struct avpn_registry *registry,
                          const struct avpni_claim_request *request, const struct avpn_key *device,
                          avpn_time now, struct avpni_claim_response *response_out);
/*
 * `made` has the claims of `old`: leave out those whose invite is gone. In the store they are left out only after a
 * publish: a host that starts again may give older configurations first, which do not know the latest invites.
 */
void avpni_registry_keep_claims(const struct avpn_registry *registry,
                                const struct avpni_organization *old,
                                struct avpni_organization *made, bool is_published);
/* Take back from the store, beside those held, the claims that its configuration has invites for. */
void avpni_registry_restore_claims(struct avpn_registry *registry,
                                   struct avpni_organization *organization, avpn_time now);

/* ---- office.c, publish.c ------------------------------------------------------------------ */

/* Of slots that are no member's but an administrator's [PUB-1]. */
#define AVPNI_PLACE_ADMINISTRATOR 65535u

/* The slot of a session for this administrator, by the signature with its rights; false: not served here, counted. */
bool avpni_registry_find_office(struct avpn_registry *registry, const struct avpn_key *key,
                                const struct avpni_admin_request *request, uint32_t *slot_out);
/* A session message for such a slot. */
void avpni_registry_take_office(struct avpn_registry *registry,
                                const struct avpni_arrival *arrival, const uint8_t *bytes,
                                size_t count);
/*
 * Another configuration is about to be served. With another charter, sessions end that were begun under the old
 * one's signing keys, except the one that published it (0: none).
 */
void avpni_registry_renew_office(struct avpn_registry *registry,
                                 struct avpni_organization *organization, uint64_t publisher);
void avpni_registry_close_office(struct avpn_registry *registry,
                                 struct avpni_organization *organization);
size_t avpni_registry_office_footprint(const struct avpni_office *office);

struct avpni_upload;
/* All parts that were allowed have come: allow more (AVPN_PUBLISH_WANTED), or how the matter ended. */
enum avpn_publish_result avpni_registry_publish(struct avpn_registry *registry, uint32_t place,
                                                struct avpni_upload *upload, avpn_time now);
/* What an offer is worth without a byte of the document; WANTED: it must be seen. */
enum avpn_publish_result avpni_registry_judge_offer(const struct avpni_organization *organization,
                                                    const struct avpni_offer *offer);

/* ---- store.c ---------------------------------------------------------------------------- */

enum avpni_stored { AVPNI_STORED_DOCUMENT, AVPNI_STORED_CLAIMS };

/* False: the host could not. True also where the host keeps nothing. */
bool avpni_registry_store(const struct avpn_registry *registry, enum avpni_stored what,
                          const struct avpn_key *id, const uint8_t *bytes, size_t count);
/* What is stored, to be released by the caller. AVPN_ERROR_NOT_FOUND, AVPN_ERROR_MEMORY. */
int32_t avpni_registry_restore(const struct avpn_registry *registry, enum avpni_stored what,
                               const struct avpn_key *id, uint8_t **bytes_out, size_t *count_out);

/* ---- handshake.c, receive.c --------------------------------------------------------------- */

void avpni_registry_take_initiation(struct avpn_registry *registry,
                                    const struct avpni_arrival *arrival, const uint8_t *bytes,
                                    size_t count);
void avpni_registry_take_session(struct avpn_registry *registry,
                                 const struct avpni_arrival *arrival, const uint8_t *bytes,
                                 size_t count);
/* The contacts version under which a session begins: the record's if that goes on. */
uint32_t avpni_registry_version_of(const struct avpn_registry *registry, uint32_t handle,
                                   uint32_t slot, uint64_t generation);

#endif
