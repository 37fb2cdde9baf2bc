/* SPDX-License-Identifier: ISC */
/*
 * bundle: reads a signed configuration, whole or a slice, and believes nothing before it is proved.
 *
 *     frame -> head, charter -> organization -> root sets -> signatures -> Merkle root
 *           -> identities -> expiry -> policy -> members -> check
 *
 * Policy and members are parsed only after the root over them proved genuine. Nothing is allocated
 * before either. Spec: [CFG-1] to [CFG-9], [CFG-13].
 */
#include "topo/document.h"

#include "topo/merkle.h"
#include "topo/record.h"

#include <string.h>

/* Who signed what: everything but policy and members. */
struct proof {
    struct avpni_document document;
    struct avpni_head head;
    struct avpni_charter charter;
    struct avpni_signatures head_signatures, charter_signatures;
    size_t head_body_bytes, charter_body_bytes;
};

static bool read_signed(struct proof *proof)
{
    const struct avpni_document *document = &proof->document;

    return avpni_head_read(document->head, document->head_bytes, &proof->head,
                           &proof->head_signatures, &proof->head_body_bytes) &&
           avpni_charter_read(document->charter, document->charter_bytes, &proof->charter,
                              &proof->charter_signatures, &proof->charter_body_bytes);
}

static int32_t read_proof(const uint8_t *bytes, size_t count, struct proof *proof_out)
{
    bool is_good = avpni_document_read(bytes, count, &proof_out->document) &&
                   read_signed(proof_out) &&
                   proof_out->document.member_count == proof_out->head.member_count;

    return is_good ? AVPN_OK : AVPN_ERROR_FORMAT;
}

/* [CFG-3]: each root set has the consent of the one before and its own. */
static bool verify_rotations(const struct proof *proof, const struct avpn_key *organization)
{
    const struct avpni_charter *charter = &proof->charter;

    for (uint8_t i = 0; i < charter->rotation_count; i++) {
        const struct avpni_rotation *rotation = &charter->rotations[i];
        uint8_t body[AVPNI_ROTATION_LIMIT];
        size_t count = avpni_rotation_body(body, organization, (uint8_t)(i + 1), &rotation->set);

        if (!avpni_signatures_verify(&rotation->by_previous, avpni_charter_root(charter, i),
                                     AVPNI_ROTATION_LABEL, body, count) ||
            !avpni_signatures_verify(&rotation->by_itself, &rotation->set, AVPNI_ROTATION_LABEL,
                                     body, count)) {
            return false;
        }
    }
    return true;
}

/* [CFG-2], [CFG-3]: organization -> root sets -> charter -> signing keys -> head. */
static int32_t verify_signatures(const struct proof *proof, const struct avpn_key *organization)
{
    const struct avpni_charter *charter = &proof->charter;
    struct avpn_key id;

    avpni_organization_id(&charter->first_root, &id);
    bool is_ours = memcmp(&id, organization, sizeof id) == 0 &&
                   memcmp(&proof->head.organization, organization, sizeof id) == 0;
    /* [CFG-5]: who has signing keys alone cannot go beyond the serial that root keys gave. */
    bool is_of_charter = proof->head.version >> AVPN_VERSION_SERIAL_SHIFT == charter->serial;

    if (!is_ours || !is_of_charter || !verify_rotations(proof, organization) ||
        !avpni_signatures_verify(&proof->charter_signatures,
                                 avpni_charter_root(charter, charter->rotation_count),
                                 AVPNI_CHARTER_LABEL, proof->document.charter,
                                 proof->charter_body_bytes) ||
        !avpni_signatures_verify(&proof->head_signatures, &charter->signing, AVPNI_HEAD_LABEL,
                                 proof->document.head, proof->head_body_bytes)) {
        return AVPN_ERROR_AUTH;
    }
    return AVPN_OK;
}

/* [CFG-4] */
void avpni_document_root(const struct avpni_document *document,
                         uint8_t root_out[AVPNI_MERKLE_BYTES])
{
    struct avpni_reader r = avpni_reader(document->members, document->members_bytes);
    struct avpni_merkle sites;
    uint8_t sites_root[AVPNI_MERKLE_BYTES], rest[AVPNI_MERKLE_BYTES];

    avpni_merkle_init(&sites);
    for (uint32_t i = 0; i < document->member_count; i++) {
        struct avpni_leaves leaves;

        avpni_leaves_read(&r, &leaves);
        avpni_merkle_add(&sites, leaves.site, leaves.site_bytes);
    }
    avpni_merkle_root(&sites, sites_root);
    avpni_merkle_leaf(document->policy, document->policy_bytes, rest);
    avpni_merkle_join(rest, sites_root);
    avpni_merkle_leaf(document->charter, document->charter_bytes, root_out);
    avpni_merkle_join(root_out, rest);
    avpni_merkle_join(root_out, document->keys_hash);
}

/* An identity that is told is the one that its site names. */
static bool is_named(const struct avpni_leaves *leaves)
{
    struct avpni_reader site = avpni_reader(leaves->site, leaves->site_bytes);
    uint8_t named[AVPNI_HASH_BYTES], hash[AVPNI_HASH_BYTES];

    avpni_read_view(&site, 5); /* kind and id */
    avpni_read_bytes(&site, named, sizeof named);
    avpni_merkle_leaf(leaves->identity, leaves->identity_bytes, hash);
    return memcmp(hash, named, sizeof hash) == 0;
}

static int32_t verify_leaves(const struct proof *proof)
{
    const struct avpni_document *document = &proof->document;
    struct avpni_reader r = avpni_reader(document->members, document->members_bytes);
    uint8_t root[AVPNI_MERKLE_BYTES];

    avpni_document_root(document, root);
    if (memcmp(root, proof->head.root, sizeof root) != 0) {
        return AVPN_ERROR_AUTH;
    }
    for (uint32_t i = 0; i < document->member_count; i++) {
        struct avpni_leaves leaves;

        avpni_leaves_read(&r, &leaves);
        if (leaves.identity_bytes > 0 && !is_named(&leaves)) {
            return AVPN_ERROR_AUTH;
        }
    }
    return AVPN_OK;
}

/* ---- from proved bytes to a configuration ---------------------------------------------------- */

/*
 * A member. *last_id is that of the one before, or 0. Only a slice may leave identities
 * out [CFG-1].
 */
static bool read_member(const struct proof *proof, const struct avpni_leaves *leaves,
                        uint32_t *last_id, struct avpn_member *member_out)
{
    uint8_t identity_hash[AVPNI_HASH_BYTES];

    if (!avpni_site_read(leaves->site, leaves->site_bytes, member_out, identity_hash) ||
        member_out->id <= *last_id) {
        return false;
    }
    *last_id = member_out->id;
    if (leaves->identity_bytes == 0) {
        return proof->document.kind == AVPNI_DOCUMENT_SLICE;
    }
    member_out->is_known = 1;
    return avpni_identity_read(leaves->identity, leaves->identity_bytes, member_out);
}

/* [CFG-7]: only who is revoked is told no keys. Whom a slice is for it does not say. */
static bool is_told_rightly(const struct proof *proof, uint32_t index,
                            const struct avpn_member *member)
{
    static const uint8_t zeros[AVPNI_SEALED_PSK_BYTES];
    const uint8_t *sealed = avpni_document_sealed(&proof->document, index);
    bool is_withheld = memcmp(sealed, zeros, sizeof zeros) == 0;

    return proof->document.kind == AVPNI_DOCUMENT_SLICE ||
           is_withheld == ((member->flags & AVPN_MEMBER_REVOKED) != 0);
}

/* [CFG-13] First its size: nothing is allocated for rules that are not there. */
static int32_t read_policy(const struct proof *proof, struct avpn_config *config)
{
    const struct avpni_document *document = &proof->document;
    struct avpni_policy policy = {.rules = NULL};

    if (!avpni_policy_read(document->policy, document->policy_bytes, &policy)) {
        return AVPN_ERROR_FORMAT;
    }
    policy.rules = avpni_allocate(&config->memory, policy.rule_count, sizeof *policy.rules);
    policy.breakouts =
        avpni_allocate(&config->memory, policy.breakout_count, sizeof *policy.breakouts);
    config->policy = policy;
    config->rule_capacity = policy.rule_count;
    config->breakout_capacity = policy.breakout_count;
    if (policy.rules == NULL || policy.breakouts == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    avpni_policy_read(document->policy, document->policy_bytes, &config->policy);
    return AVPN_OK;
}

/* [PRB-14] */
static uint32_t site_check_of(const struct avpni_leaves *leaves)
{
    uint8_t hash[AVPNI_MERKLE_BYTES];

    avpni_merkle_leaf(leaves->site, leaves->site_bytes, hash);
    struct avpni_reader r = avpni_reader(hash, sizeof hash);

    return avpni_read_u32(&r);
}

static int32_t read_members(const struct proof *proof, struct avpn_config *config)
{
    const struct avpni_document *document = &proof->document;
    struct avpni_reader members = avpni_reader(document->members, document->members_bytes);
    uint32_t last_id = 0;

    for (uint32_t i = 0; i < document->member_count; i++) {
        struct avpni_leaves leaves;
        struct avpn_member member;

        avpni_leaves_read(&members, &leaves);
        if (!read_member(proof, &leaves, &last_id, &member) ||
            !is_told_rightly(proof, i, &member)) {
            return AVPN_ERROR_FORMAT;
        }
        int32_t result = avpni_config_append(config, &member, site_check_of(&leaves));

        if (result != AVPN_OK) {
            return result;
        }
    }
    return avpni_config_index(config);
}

/* A slice has one sealed key; a whole document one for each member, and then the invites. */
static int32_t read_keys(const struct proof *proof, struct avpn_config *config)
{
    const struct avpni_document *document = &proof->document;
    uint32_t sealed_count = config->is_whole ? document->member_count : 1;
    size_t sealed_bytes = (size_t)sealed_count * AVPNI_SEALED_PSK_BYTES;

    config->sealed = avpni_allocate(&config->memory, sealed_count, AVPNI_SEALED_PSK_BYTES);
    if (config->sealed == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    if (sealed_bytes > 0) {
        memcpy(config->sealed, avpni_document_sealed(document, 0), sealed_bytes);
    }
    if (!config->is_whole) {
        return AVPN_OK;
    }
    const uint8_t *invites = document->keys + sealed_bytes;
    size_t invites_bytes = document->keys_bytes - sealed_bytes;

    if (!avpni_invites_read(invites, invites_bytes, NULL, &config->invite_count)) {
        config->invite_count = 0;
        return AVPN_ERROR_FORMAT;
    }
    config->invites =
        avpni_allocate(&config->memory, config->invite_count, sizeof *config->invites);
    if (config->invites == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    avpni_invites_read(invites, invites_bytes, config->invites, &config->invite_count);
    return AVPN_OK;
}

static void take_signed(const struct proof *proof, struct avpn_config *config)
{
    const struct avpni_charter *charter = &proof->charter;

    memcpy(config->name, charter->name, sizeof config->name);
    memcpy(config->suites, charter->suites, sizeof config->suites);
    memcpy(config->registries, charter->registries, sizeof config->registries);
    config->suite_count = charter->suite_count;
    config->registry_count = charter->registry_count;
    config->rotation_count = charter->rotation_count;
    for (uint32_t i = 0; i <= charter->rotation_count; i++) {
        avpni_organization_id(avpni_charter_root(charter, i), &config->roots[i]);
    }
    config->organization = proof->head.organization;
    config->version = proof->head.version;
    config->created = proof->head.created;
    config->expires = proof->head.expires;
    config->psk_epoch = proof->head.psk_epoch;
    memcpy(config->psk_commitment, proof->head.psk_commitment, sizeof config->psk_commitment);
}

static int32_t build(const struct proof *proof, struct avpn_config *config)
{
    take_signed(proof, config);
    config->is_whole = proof->document.kind == AVPNI_DOCUMENT_WHOLE;
    int32_t result = read_policy(proof, config);

    if (result == AVPN_OK) {
        result = read_members(proof, config);
    }
    if (result == AVPN_OK) {
        result = read_keys(proof, config);
    }
    if (result != AVPN_OK) {
        return result;
    }
    config->is_read = true;
    return avpn_config_check(config, NULL, NULL) == 0 ? AVPN_OK : AVPN_ERROR_ARGUMENT;
}

static bool is_expired(const struct avpni_head *head, int64_t wall_clock)
{
    return wall_clock != 0 && head->expires != 0 && wall_clock >= head->expires;
}

int32_t avpn_config_read(const uint8_t *document, size_t count,
                         const struct avpn_key *organization, int64_t wall_clock,
                         const struct avpn_host *host, struct avpn_config **config_out)
{
    struct proof proof;
    struct avpn_config *config;
    int32_t result = avpni_crypto_init();

    if (result == AVPN_OK) {
        result = read_proof(document, count, &proof);
    }
    if (result == AVPN_OK) {
        result = verify_signatures(&proof, organization);
    }
    if (result == AVPN_OK) {
        result = verify_leaves(&proof);
    }
    /* [CFG-6] */
    if (result == AVPN_OK && is_expired(&proof.head, wall_clock)) {
        result = AVPN_ERROR_EXPIRED;
    }
    if (result == AVPN_OK) {
        result = avpn_config_new(host, &config);
    }
    if (result != AVPN_OK) {
        return result;
    }
    result = build(&proof, config);
    if (result != AVPN_OK) {
        avpn_config_del(config);
        return result;
    }
    *config_out = config;
    return AVPN_OK;
}

/* ---- what it claims, and what its beginning proves ------------------------------------------- */

static int32_t read_claims(const uint8_t *bytes, size_t count, struct avpni_head *head_out)
{
    struct avpni_document document;
    struct avpni_signatures signatures;
    size_t body_bytes;
    bool is_good =
        avpni_document_read_start(bytes, count, &document) &&
        avpni_head_read(document.head, document.head_bytes, head_out, &signatures, &body_bytes);

    return is_good ? AVPN_OK : AVPN_ERROR_FORMAT;
}

int32_t avpn_bundle_organization(const uint8_t *document, size_t count,
                                 struct avpn_key *organization_out)
{
    struct avpni_head head;
    int32_t result = read_claims(document, count, &head);

    if (result == AVPN_OK && organization_out != NULL) {
        *organization_out = head.organization;
    }
    return result;
}

int32_t avpn_bundle_version(const uint8_t *document, size_t count, uint64_t *version_out)
{
    struct avpni_head head;
    int32_t result = read_claims(document, count, &head);

    if (result == AVPN_OK && version_out != NULL) {
        *version_out = head.version;
    }
    return result;
}

int32_t avpni_bundle_prove_start(const uint8_t *bytes, size_t count,
                                 const struct avpn_key *organization, uint64_t *version_out)
{
    struct proof proof;

    if (!avpni_document_read_start(bytes, count, &proof.document) || !read_signed(&proof)) {
        return AVPN_ERROR_FORMAT;
    }
    int32_t result = verify_signatures(&proof, organization);

    if (result == AVPN_OK) {
        *version_out = proof.head.version;
    }
    return result;
}
