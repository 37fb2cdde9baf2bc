/* SPDX-License-Identifier: ISC */
/*
 * published: the document that an organization publishes, as a registry keeps it: its bytes, where each member's
 * leaves are, and when they became what they are. From that it can be told what any member that holds
 * an older version lacks. Spec: 8.2, [SYN-2], [UPD-2].
 *
 * Moments are change numbers: 1 for the first document that this process got, one more with each that takes
 * its place. Of the versions before, the last AVPNI_VERSIONS_KNOWN are remembered with their numbers, and so
 * are the ids that left, up to AVPNI_REMOVALS_KNOWN; whoever holds an older version is told everything. A member
 * costs 12 bytes besides its part of the document.
 */
#ifndef AVPNI_REGISTRY_PUBLISHED_H
#define AVPNI_REGISTRY_PUBLISHED_H

#include "base/memory.h"
#include "topo/document.h"
#include "topo/record.h"
#include <stdbool.h>

#define AVPNI_VERSIONS_KNOWN 64
#define AVPNI_REMOVALS_KNOWN 512
#define AVPNI_DOCUMENT_HASH_BYTES 16 /* [PUB-2] */

struct avpni_published {
    struct avpni_memory memory;
    uint8_t *bytes;
    size_t count;
    struct avpni_document document; /* of `bytes` */
    uint8_t hash[AVPNI_DOCUMENT_HASH_BYTES];
    struct avpni_key_set signing; /* of its charter */
    uint32_t *offsets; /* by place in the document, as the two below; one block of memory */
    uint32_t *site_changed, *peer_changed;
    uint32_t change; /* this document's number */
    uint32_t charter_changed, policy_changed, sealed_changed;
    uint32_t hubs_changed; /* hubs began or ceased to be peers of each other by policy [TOP-2] */
    uint32_t oldest; /* bases of a lower number are told everything */
    uint64_t versions[AVPNI_VERSIONS_KNOWN]; /* of change n at n modulo the size; 0: none */
    uint32_t *removed_ids;                   /* ascending; one block with the next */
    uint32_t *removed_at;                    /* the change that left them out */
    uint32_t removed_count;
};

/*
 * `bytes` are a whole document of `version` that was verified, from `memory`: taken over on success, else the
 * caller's. `old`: what it will replace, or NULL; unchanged. AVPN_ERROR_MEMORY.
 */
int32_t avpni_published_new(const struct avpni_memory *memory, uint8_t *bytes, size_t count,
                            uint64_t version, const struct avpni_published *old,
                            struct avpni_published **published_out);
void avpni_published_del(struct avpni_published *published);

/* The change number of a version before this one. False: not known, or not before. */
bool avpni_published_base(const struct avpni_published *published, uint64_t version,
                          uint32_t *change_out);
/* The place in the document of the member with this id, or AVPNI_MEMBER_NONE. */
uint32_t avpni_published_find(const struct avpni_published *published, uint32_t id);
/* Ids that left after change `base`, ascending; returns how many. */
uint32_t avpni_published_removed(const struct avpni_published *published, uint32_t base,
                                 uint32_t ids_out[AVPNI_REMOVALS_KNOWN]);

/* Invites, which follow the sealed keys. */
uint32_t avpni_published_invite_count(const struct avpni_published *published);
/* The invite of a member id; false: there is none. */
bool avpni_published_invite(const struct avpni_published *published, uint32_t member,
                            struct avpn_invite *invite_out);

/* Bytes on the heap, without those of the document. */
size_t avpni_published_footprint(const struct avpni_published *published);

#endif
