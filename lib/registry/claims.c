/* SPDX-License-Identifier: ISC */
/*
 * claims: see claims.h.
 *
 *     stored: "AVPNCLM1" | (member [4] | static key [32] | claim signature [64] | wall clock [8]) ...
 */
#include "registry/claims.h"

#include <string.h>

#define ENTRY_BYTES (4 + AVPN_KEY_BYTES + AVPN_CLAIM_BYTES + 8)

static const uint8_t magic[8] = {'A', 'V', 'P', 'N', 'C', 'L', 'M', '1'};

void avpni_claims_fini(struct avpni_claims *claims, const struct avpni_memory *memory)
{
    avpni_release(memory, claims->list);
    *claims = (struct avpni_claims){0};
}

/* The place of the first claim of that member id or a higher one. */
static uint32_t place_of(const struct avpni_claims *claims, uint32_t member)
{
    uint32_t place = 0;

    while (place < claims->count && claims->list[place].member < member) {
        place++;
    }
    return place;
}

const struct avpni_claim *avpni_claims_find(const struct avpni_claims *claims, uint32_t member)
{
    uint32_t place = place_of(claims, member);

    return place < claims->count && claims->list[place].member == member ? &claims->list[place]
                                                                         : NULL;
}

int32_t avpni_claims_reserve(struct avpni_claims *claims, const struct avpni_memory *memory)
{
    if (claims->count < claims->capacity) {
        return AVPN_OK;
    }
    if (claims->count >= AVPN_INVITES) {
        return AVPN_ERROR_LIMIT;
    }
    uint32_t capacity = claims->capacity == 0 ? 4 : 2 * claims->capacity;
    struct avpni_claim *list = avpni_resize(memory, claims->list, capacity, sizeof *list);

    if (list == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    claims->list = list;
    claims->capacity = capacity;
    return AVPN_OK;
}

void avpni_claims_add(struct avpni_claims *claims, const struct avpni_claim *claim)
{
    uint32_t place = place_of(claims, claim->member);

    memmove(claims->list + place + 1, claims->list + place,
            (claims->count - place) * sizeof *claims->list);
    claims->list[place] = *claim;
    claims->count++;
}

void avpni_claims_remove(struct avpni_claims *claims, uint32_t member)
{
    uint32_t place = place_of(claims, member);

    if (place < claims->count && claims->list[place].member == member) {
        claims->count--;
        memmove(claims->list + place, claims->list + place + 1,
                (claims->count - place) * sizeof *claims->list);
    }
}

/* ---- the stored form ---------------------------------------------------------------------- */

size_t avpni_claims_bytes(const struct avpni_claims *claims)
{
    return sizeof magic + (size_t)claims->count * ENTRY_BYTES;
}

void avpni_claims_write(const struct avpni_claims *claims, uint8_t *bytes)
{
    struct avpni_writer w = avpni_writer(bytes, avpni_claims_bytes(claims));

    avpni_write_bytes(&w, magic, sizeof magic);
    for (uint32_t i = 0; i < claims->count; i++) {
        const struct avpni_claim *claim = &claims->list[i];

        avpni_write_u32(&w, claim->member);
        avpni_write_bytes(&w, claim->device.bytes, sizeof claim->device.bytes);
        avpni_write_bytes(&w, claim->signature, sizeof claim->signature);
        avpni_write_u64(&w, (uint64_t)claim->clock);
    }
}

bool avpni_claims_open(struct avpni_reader *r)
{
    const uint8_t *start = avpni_read_view(r, sizeof magic);

    return start != NULL && memcmp(start, magic, sizeof magic) == 0;
}

bool avpni_claims_next(struct avpni_reader *r, struct avpni_claim *claim_out)
{
    struct avpni_claim claim = {.member = avpni_read_u32(r)};

    avpni_read_bytes(r, claim.device.bytes, sizeof claim.device.bytes);
    avpni_read_bytes(r, claim.signature, sizeof claim.signature);
    claim.clock = (int64_t)avpni_read_u64(r);
    if (r->failed) {
        return false;
    }
    *claim_out = claim;
    return true;
}
