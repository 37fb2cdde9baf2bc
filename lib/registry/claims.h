/* SPDX-License-Identifier: ISC */
/*
 * claims: the devices that claim a place of one organization, and the form in which they are stored. One claim
 * for each invite, the first; in order of member id. Nothing here is secret: keys are public halves. Spec: [JOIN-3],
 * [JOIN-4], [PUB-6].
 *
 *     find -> (nothing) -> reserve -> add -> write -> stored, or: remove
 */
#ifndef AVPNI_REGISTRY_CLAIMS_H
#define AVPNI_REGISTRY_CLAIMS_H

#include "base/cursor.h"
#include "base/memory.h"
#include <autovpn/join.h>
#include <stdbool.h>

struct avpni_claim {
    uint32_t member;
    struct avpn_key device;
    uint8_t signature[AVPN_CLAIM_BYTES];
    int64_t clock;      /* wall clock when it came, 0: not known; this is what is stored */
    avpn_time noted_at; /* the same by this process's clock; may be before its origin */
};

struct avpni_claims {
    struct avpni_claim *list;
    uint32_t count, capacity;
};

void avpni_claims_fini(struct avpni_claims *claims, const struct avpni_memory *memory);
/* The claim of a member's place, or NULL. */
const struct avpni_claim *avpni_claims_find(const struct avpni_claims *claims, uint32_t member);
/* Room for one more. AVPN_ERROR_MEMORY; AVPN_ERROR_LIMIT: there are as many as there can be invites. */
int32_t avpni_claims_reserve(struct avpni_claims *claims, const struct avpni_memory *memory);
/* After avpni_claims_reserve. There is none of that member yet. */
void avpni_claims_add(struct avpni_claims *claims, const struct avpni_claim *claim);
void avpni_claims_remove(struct avpni_claims *claims, uint32_t member);

/* The stored form. */
size_t avpni_claims_bytes(const struct avpni_claims *claims);
void avpni_claims_write(const struct avpni_claims *claims, uint8_t *bytes);
/* One claim after the other from a stored form that begins right; false at its end, or where it is broken. */
bool avpni_claims_open(struct avpni_reader *r);
bool avpni_claims_next(struct avpni_reader *r, struct avpni_claim *claim_out);

#endif
