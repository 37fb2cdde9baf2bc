/* SPDX-License-Identifier: ISC */
/*
 * join: what becomes of a device's claim. Spec: [JOIN-3], [JOIN-4].
 *
 *     key is the member's                    -> member
 *     no such invite, or signature not by it -> silence
 *     a claim is held: of this device        -> pending;  of another -> taken
 *     the invite has expired                 -> expired
 *     else it is noted, stored               -> pending
 *
 * A claim is one handshake and leaves no session. Whether it is the first is decided and stored within this one
 * call, so of two claims exactly one wins; one that comes again, or is replayed, finds itself held.
 */
#include "registry/engine.h"

#include <string.h>

/* Seconds since 1970, or 0: unknown. */
int64_t avpni_registry_clock(const struct avpn_registry *registry)
{
    return registry->host.wall_clock != NULL ? registry->host.wall_clock(registry->host.user) : 0;
}

/* False: not stored. */
static bool store_claims(const struct avpn_registry *registry,
                         const struct avpni_organization *organization)
{
    size_t count = avpni_claims_bytes(&organization->claims);
    uint8_t *bytes = avpni_allocate(&registry->memory, 1, count);

    if (bytes == NULL) {
        return false;
    }
    avpni_claims_write(&organization->claims, bytes);
    bool is_stored =
        avpni_registry_store(registry, AVPNI_STORED_CLAIMS, &organization->id, bytes, count);

    avpni_release(&registry->memory, bytes);
    return is_stored;
}

/* Stored before it is answered; else it was never there. */
static bool note_claim(struct avpn_registry *registry, struct avpni_organization *organization,
                       const struct avpni_claim *claim)
{
    if (avpni_claims_reserve(&organization->claims, &registry->memory) != AVPN_OK) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY);
        return false;
    }
    avpni_claims_add(&organization->claims, claim);
    if (!store_claims(registry, organization)) {
        avpni_claims_remove(&organization->claims, claim->member);
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_STORE);
        return false;
    }
    return true;
}

static void raise_claim(struct avpn_registry *registry, uint32_t place, uint32_t member,
                        avpn_time now)
{
    struct avpn_event event = {
        .kind = AVPN_EVENT_CLAIM, .at = now, .peer = member, .organization = place};

    avpni_events_push(&registry->events, &event);
}

/* This key is already the member's. */
static bool is_member(const struct avpn_registry *registry,
                      const struct avpni_organization *organization, const struct avpn_key *device,
                      uint32_t member)
{
    uint32_t place = avpni_organization_find_key(organization, &registry->member_secrets, device);

    return place != AVPNI_MAP_NONE && organization->members[place].id == member;
}

/* The invite that proves this claim genuine; false: there is none. */
static bool find_invite(const struct avpni_organization *organization,
                        const struct avpni_claim_request *request, const struct avpn_key *device,
                        struct avpn_invite *invite_out)
{
    return organization->published != NULL &&
           avpni_published_invite(organization->published, request->member, invite_out) &&
           avpn_claim_verify(&invite_out->key, &organization->id, request->member, device,
                             request->signature) == AVPN_OK;
}

/* Status of a genuine claim; 0: it could not be noted. */
static uint8_t judge_claim(struct avpn_registry *registry, uint32_t place,
                           const struct avpni_claim_request *request,
                           const struct avpn_key *device, int64_t expires, avpn_time now)
{
    struct avpni_organization *organization = registry->organizations[place];
    const struct avpni_claim *held = avpni_claims_find(&organization->claims, request->member);
    struct avpni_claim claim = {.member = request->member,
                                .device = *device,
                                .clock = avpni_registry_clock(registry),
                                .noted_at = now};

    if (held != NULL) {
        return memcmp(&held->device, device, sizeof *device) == 0 ? AVPNI_CLAIM_PENDING
                                                                  : AVPNI_CLAIM_TAKEN;
    }
    if (claim.clock != 0 && claim.clock >= expires) {
        return AVPNI_CLAIM_EXPIRED;
    }
    memcpy(claim.signature, request->signature, sizeof claim.signature);
    if (!note_claim(registry, organization, &claim)) {
        return 0;
    }
    raise_claim(registry, place, request->member, now);
    return AVPNI_CLAIM_PENDING;
}

bool avpni_registry_claim(struct avpn_registry *registry,
                          const struct avpni_claim_request *request, const struct avpn_key *device,
                          avpn_time now, struct avpni_claim_response *response_out)
{
    uint32_t place = avpni_map_find(&registry->map, request->organization.bytes);
    struct avpn_invite invite;

    if (place == AVPNI_MAP_NONE) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_STRANGER);
        return false;
    }
    const struct avpni_organization *organization = registry->organizations[place];
    uint8_t status = AVPNI_CLAIM_MEMBER;

    if (!is_member(registry, organization, device, request->member)) {
        if (!find_invite(organization, request, device, &invite)) {
            avpni_registry_count(registry, AVPN_REGISTRY_DROP_STRANGER);
            return false;
        }
        status = judge_claim(registry, place, request, device, invite.expires, now);
    }
    *response_out = (struct avpni_claim_response){.status = status,
                                                  .config_version = organization->version};
    return status != 0;
}

/* ---- over configurations and restarts ---------------------------------------------------------- */

void avpni_registry_keep_claims(const struct avpn_registry *registry,
                                const struct avpni_organization *old,
                                struct avpni_organization *made, bool is_published)
{
    uint32_t kept = 0, count = made->claims.count;

    for (uint32_t i = 0; i < count; i++) {
        const struct avpni_claim *claim = &made->claims.list[i];
        struct avpn_invite was, is;

        /* The same invite is one with the same key: another token makes another. */
        if (avpni_published_invite(old->published, claim->member, &was) &&
            avpni_published_invite(made->published, claim->member, &is) &&
            memcmp(&was.key, &is.key, sizeof is.key) == 0) {
            made->claims.list[kept++] = *claim;
        }
    }
    made->claims.count = kept;
    if (kept < count && is_published) {
        (void)store_claims(registry, made); /* what is stored in vain is left out when it is read */
    }
}

/* When a stored claim came, by the clock of this process. */
static avpn_time noted_at(int64_t clock, int64_t stored_clock, avpn_time now)
{
    if (clock <= 0 || stored_clock <= 0 || stored_clock > clock ||
        clock - stored_clock > UINT32_MAX) {
        return now;
    }
    return now - (clock - stored_clock) * AVPN_SECOND;
}

void avpni_registry_restore_claims(struct avpn_registry *registry,
                                   struct avpni_organization *organization, avpn_time now)
{
    uint8_t *bytes;
    size_t count;

    if (organization->published == NULL ||
        avpni_registry_restore(registry, AVPNI_STORED_CLAIMS, &organization->id, &bytes, &count) !=
            AVPN_OK) {
        return;
    }
    struct avpni_reader r = avpni_reader(bytes, count);
    int64_t clock = avpni_registry_clock(registry);
    struct avpni_claim claim;

    for (bool is_open = avpni_claims_open(&r); is_open && avpni_claims_next(&r, &claim);) {
        struct avpni_claim_request request = {.member = claim.member};
        struct avpn_invite invite;

        memcpy(request.signature, claim.signature, sizeof request.signature);
        if (avpni_claims_find(&organization->claims, claim.member) == NULL &&
            find_invite(organization, &request, &claim.device, &invite) &&
            avpni_claims_reserve(&organization->claims, &registry->memory) == AVPN_OK) {
            claim.noted_at = noted_at(clock, claim.clock, now);
            avpni_claims_add(&organization->claims, &claim);
        }
    }
    avpni_release(&registry->memory, bytes);
}
