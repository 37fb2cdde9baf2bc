/* SPDX-License-Identifier: ISC */
/*
 * sign: from a configuration to its bundle. Spec: doc/protocol.md 8.
 *
 * A bundle is written front to back with the head's place left open: its size is known, its Merkle
 * root only when all else is there, and then by the reader that will verify it. Nothing in it is
 * random, so what did not change has the same bytes again, and updates are small.
 */
#include "authority/authority.h"
#include "base/sized.h"

#include "crypto/hash.h"
#include "topo/document.h"
#include "topo/merkle.h"
#include "topo/sort.h"

#include <string.h>

#define SITE_LIMIT 1536 /* more than the largest one */
#define IDENTITY_LIMIT 2560
#define HEAD_LIMIT (AVPNI_HEAD_BODY_BYTES + sizeof(struct avpni_signatures))

/* What one bundle is made of. */
struct job {
    const struct avpn_authority *authority;
    const struct avpn_config *config;
    const struct avpn_publication *publication;
    struct avpn_key organization;
    const uint8_t *charter;
    size_t charter_bytes;
    const uint8_t *policy;
    size_t policy_bytes;
    uint32_t invite_order[AVPN_INVITES]; /* by member id */
};

/* ---- members --------------------------------------------------------------------------------- */

static int32_t write_member(struct avpni_writer *w, const struct avpni_member_view *member)
{
    uint8_t site[SITE_LIMIT], identity[IDENTITY_LIMIT], hash[AVPNI_HASH_BYTES] = {0};
    struct avpni_writer site_writer = avpni_writer(site, sizeof site);
    struct avpni_writer identity_writer = avpni_writer(identity, sizeof identity);

    /* Of a slice nothing can be signed. */
    if (!member->is_known) {
        return AVPN_ERROR_ARGUMENT;
    }
    avpni_identity_write(&identity_writer, member);
    if (!w->failed) {
        avpni_merkle_leaf(identity, identity_writer.position, hash);
    }
    avpni_site_write(&site_writer, member, hash);
    const struct avpni_leaves leaves = {site, identity, (uint16_t)site_writer.position,
                                        (uint16_t)identity_writer.position};

    avpni_leaves_write(w, &leaves);
    return AVPN_OK;
}

static int32_t write_members(struct avpni_writer *w, const struct job *job)
{
    struct avpni_member_view member;

    avpni_write_u32(w, avpn_config_member_count(job->config));
    for (uint32_t i = 0; avpni_config_view(job->config, i, &member); i++) {
        int32_t result = write_member(w, &member);

        if (result != AVPN_OK) {
            return result;
        }
    }
    return AVPN_OK;
}

/* ---- keys [CFG-7] ---------------------------------------------------------------------------- */

/* Another one for each member, key and epoch, and for both of the keys that are sealed. */
static void derive_ephemeral(const struct job *job, const struct avpn_key *member,
                             struct avpn_key *ephemeral_out)
{
    const struct avpn_publication *publication = job->publication;
    uint8_t context[3 * AVPN_KEY_BYTES + 4];
    struct avpni_writer w = avpni_writer(context, sizeof context);

    avpni_write_bytes(&w, job->organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u32(&w, publication->psk_epoch);
    avpni_write_bytes(&w, member->bytes, AVPN_KEY_BYTES);
    avpni_write_bytes(&w, publication->previous_psk.bytes, AVPN_KEY_BYTES);
    avpni_derive(ephemeral_out->bytes, AVPN_KEY_BYTES, &publication->psk, "seal", context,
                 w.position);
    avpni_wipe(context, sizeof context);
}

static int32_t write_sealed(struct avpni_writer *w, const struct job *job,
                            const struct avpni_member_view *member)
{
    uint8_t sealed[AVPNI_SEALED_PSK_BYTES] = {0};
    int32_t result = AVPN_OK;

    if (!w->failed && (member->flags & AVPN_MEMBER_REVOKED) == 0) {
        struct avpn_key keys[2] = {job->publication->psk, job->publication->previous_psk};
        struct avpn_key ephemeral;

        derive_ephemeral(job, member->key, &ephemeral);
        result = avpni_sealed_write(sealed, keys[0].bytes, sizeof keys, member->key, &ephemeral);
        avpni_wipe(keys, sizeof keys);
        avpni_wipe(&ephemeral, sizeof ephemeral);
    }
    avpni_write_bytes(w, sealed, sizeof sealed);
    return result;
}

static int32_t write_keys(struct avpni_writer *w, const struct job *job)
{
    struct avpni_member_view member;

    for (uint32_t i = 0; avpni_config_view(job->config, i, &member); i++) {
        int32_t result = write_sealed(w, job, &member);

        if (result != AVPN_OK) {
            return result;
        }
    }
    avpni_write_u16(w, (uint16_t)job->publication->invite_count);
    for (size_t i = 0; i < job->publication->invite_count; i++) {
        avpni_invite_write(w, &job->publication->invites[job->invite_order[i]]);
    }
    return AVPN_OK;
}

/* ---- head ------------------------------------------------------------------------------------ */

static size_t head_bytes_of(const struct job *job)
{
    return AVPNI_HEAD_BODY_BYTES + 1 +
           job->authority->charter.signing.threshold * (1u + AVPNI_SIGNATURE_BYTES);
}

/* Into its place in a bundle that is complete otherwise. */
static void write_head(const struct job *job, uint8_t *bundle, size_t count)
{
    const struct avpn_publication *publication = job->publication;
    struct avpn_key keys[2] = {publication->psk, publication->previous_psk};
    struct avpni_head head = {.organization = job->organization,
                              .version = publication->version,
                              .created = publication->created,
                              .expires = publication->expires,
                              .psk_epoch = publication->psk_epoch,
                              .member_count = avpn_config_member_count(job->config)};
    struct avpni_signatures signatures;
    struct avpni_document document;

    if (!avpni_document_read(bundle, count, &document)) {
        return;
    }
    avpni_psk_commitment(&head.organization, head.psk_epoch, keys, head.psk_commitment);
    avpni_wipe(keys, sizeof keys);
    avpni_document_root(&document, head.root);
    struct avpni_writer w =
        avpni_writer(bundle + (document.head - bundle), document.head_bytes);

    avpni_head_write(&w, &head);
    avpni_seeds_sign(&job->authority->signing, &job->authority->charter.signing, AVPNI_HEAD_LABEL,
                     w.bytes, w.position, &signatures);
    avpni_signatures_write(&w, &signatures);
}

/* ---- all of it ------------------------------------------------------------------------------- */

/* With a writer of no capacity: the size, and no cryptography at all. */
static int32_t write_bundle(struct avpni_writer *w, const struct job *job)
{
    static const uint8_t no_head[HEAD_LIMIT];
    const struct avpni_document start = {.head = no_head,
                                         .head_bytes = head_bytes_of(job),
                                         .charter = job->charter,
                                         .charter_bytes = job->charter_bytes,
                                         .policy = job->policy,
                                         .policy_bytes = job->policy_bytes};

    avpni_document_write_start(w, AVPNI_DOCUMENT_WHOLE, &start);
    int32_t result = write_members(w, job);

    if (result == AVPN_OK) {
        result = write_keys(w, job);
    }
    if (result == AVPN_OK && !w->failed) {
        write_head(job, w->bytes, w->position);
    }
    return result;
}

static bool is_zero(const struct avpn_key *key)
{
    static const struct avpn_key zero;

    return memcmp(key, &zero, sizeof zero) == 0;
}

static bool is_in_range(const struct avpn_publication *publication)
{
    uint64_t in_serial = publication->version << (64 - AVPN_VERSION_SERIAL_SHIFT);

    return in_serial != 0 &&
           publication->psk_epoch >= 1 && !is_zero(&publication->psk) &&
           is_zero(&publication->previous_psk) == (publication->psk_epoch == 1) &&
           publication->created >= 0 &&
           (publication->expires == 0 || publication->expires > publication->created);
}

static int32_t compare_invites(const void *user, uint32_t a, uint32_t b)
{
    const struct avpn_publication *publication = user;
    uint32_t id_a = publication->invites[a].member, id_b = publication->invites[b].member;

    return (id_a > id_b) - (id_a < id_b);
}

static int32_t sort_invites(const struct avpn_publication *publication,
                            uint32_t order_out[AVPN_INVITES])
{
    size_t count = publication->invite_count;

    for (uint32_t i = 0; i < count; i++) {
        const struct avpn_invite *invite = &publication->invites[i];

        if (invite->member == 0 || is_zero(&invite->key) ||
            invite->expires < 0) {
            return AVPN_ERROR_ARGUMENT;
        }
        order_out[i] = i;
    }
    avpni_sort(order_out, count, compare_invites, publication);
    for (size_t i = 1; i < count; i++) {
        if (compare_invites(publication, order_out[i - 1], order_out[i]) == 0) {
            return AVPN_ERROR_ARGUMENT;
        }
    }
    return AVPN_OK;
}

/* The caller's invites lie as far apart as the first one says, and each says the same. */
static int32_t take_invites(const struct avpni_memory *memory,
                            const struct avpn_publication *publication,
                            struct avpn_invite **invites_out)
{
    const uint8_t *theirs = (const uint8_t *)publication->invites;
    size_t count = publication->invite_count;

    if (count > AVPN_INVITES) {
        return AVPN_ERROR_LIMIT;
    }
    if (count == 0) {
        return AVPN_OK;
    }
    if (theirs == NULL) {
        return AVPN_ERROR_ARGUMENT;
    }
    struct avpn_invite *invites = avpni_allocate(memory, count, sizeof *invites);
    uint32_t stride = publication->invites[0].size;
    int32_t result = invites == NULL ? AVPN_ERROR_MEMORY : AVPN_OK;

    for (size_t i = 0; i < count && result == AVPN_OK; i++) {
        uint32_t size;

        memcpy(&size, theirs + i * stride, sizeof size);
        result = size != stride ? AVPN_ERROR_ARGUMENT
                                : avpni_take(&invites[i], sizeof *invites, theirs + i * stride,
                                             AVPNI_FIRST_INVITE);
    }
    *invites_out = invites;
    return result;
}

/* What can be wrong before anything is signed. */
static int32_t begin(struct job *job)
{
    const struct avpn_authority *authority = job->authority;

    if (!is_in_range(job->publication) || avpn_config_check(job->config, NULL, NULL) != 0) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (avpn_authority_organization(authority, &job->organization) != AVPN_OK ||
        authority->charter.signing.count == 0 ||
        !avpni_seeds_suffice(&authority->signing, &authority->charter.signing)) {
        return AVPN_ERROR_STATE;
    }
    return sort_invites(job->publication, job->invite_order);
}

static int32_t sign(const struct job *job, uint8_t *bundle_out, size_t capacity,
                    size_t *needed_out)
{
    struct avpni_writer size = avpni_writer(NULL, 0);
    int32_t result = write_bundle(&size, job);

    if (result != AVPN_OK) {
        return result;
    }
    *needed_out = size.position;
    /* [CFG-8] */
    if (size.position > AVPN_BUNDLE_LIMIT) {
        return AVPN_ERROR_LIMIT;
    }
    if (size.position > capacity) {
        return AVPN_ERROR_SPACE;
    }
    struct avpni_writer w = avpni_writer(bundle_out, capacity);

    return write_bundle(&w, job);
}

/* To be released with avpni_release. */
static int32_t make_policy(const struct job *job, uint8_t **policy_out, size_t *policy_bytes_out)
{
    const struct avpni_policy *policy = avpni_config_policy(job->config);
    struct avpni_writer size = avpni_writer(NULL, 0);

    avpni_policy_write(&size, policy);
    *policy_out = avpni_allocate(&job->authority->memory, size.position, 1);
    if (*policy_out == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    struct avpni_writer w = avpni_writer(*policy_out, size.position);

    avpni_policy_write(&w, policy);
    *policy_bytes_out = size.position;
    return AVPN_OK;
}

int32_t avpn_authority_sign(const struct avpn_authority *authority,
                            const struct avpn_config *config,
                            const struct avpn_publication *publication, uint8_t *bundle_out,
                            size_t capacity, size_t *needed_out)
{
    struct avpn_publication own;
    struct job job = {.authority = authority, .config = config, .publication = &own};
    struct avpn_invite *invites = NULL;
    uint8_t *charter = NULL, *policy = NULL;

    *needed_out = 0;
    int32_t result = avpni_take(&own, sizeof own, publication, AVPNI_FIRST_PUBLICATION);

    if (result == AVPN_OK) {
        result = take_invites(&authority->memory, &own, &invites);
    }
    if (result == AVPN_OK) {
        own.invites = invites;
        result = begin(&job);
    }
    if (result == AVPN_OK) {
        result = avpni_charter_make(authority, config, own.version, &charter,
                                    &job.charter_bytes);
    }
    if (result == AVPN_OK) {
        result = make_policy(&job, &policy, &job.policy_bytes);
    }
    if (result == AVPN_OK) {
        job.charter = charter;
        job.policy = policy;
        result = sign(&job, bundle_out, capacity, needed_out);
    }
    avpni_release(&authority->memory, policy);
    avpni_release(&authority->memory, charter);
    avpni_release(&authority->memory, invites);
    avpni_wipe(&own, sizeof own); /* keys */
    return result;
}
