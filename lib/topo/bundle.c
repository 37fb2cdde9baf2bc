/* SPDX-License-Identifier: ISC */
/*
 * bundle: reads a signed configuration and believes nothing before it is proved.
 *
 *     frame -> head, charter -> organization -> signatures -> Merkle root -> expiry -> members -> check
 *
 * Members are parsed only after the root over them proved genuine. Nothing is allocated
 * before either. Spec: [CFG-1] to [CFG-9].
 */
#include "topo/record.h"

#include "topo/merkle.h"

#include <string.h>

static const uint8_t magic[] = {'A', 'V', 'P', 'N', 'C', 'O', 'N', 'F', 1};

/* Where the parts are. All is borrowed from the caller's bytes. */
struct frame {
    const uint8_t *head, *charter;
    size_t head_bytes, charter_bytes;
    uint32_t leaf_count;
    struct avpni_reader leaves; /* at leaf 0 */
};

static const uint8_t *read_block(struct avpni_reader *r, size_t *bytes_out)
{
    *bytes_out = avpni_read_u32(r);
    return avpni_read_view(r, *bytes_out);
}

static int32_t read_frame(const uint8_t *bundle, size_t count, struct frame *frame_out)
{
    struct avpni_reader r = avpni_reader(bundle, count);

    if (bundle == NULL || count > AVPN_BUNDLE_LIMIT) {
        return AVPN_ERROR_FORMAT;
    }
    const uint8_t *start = avpni_read_view(&r, sizeof magic);

    if (start == NULL || memcmp(start, magic, sizeof magic) != 0) {
        return AVPN_ERROR_FORMAT;
    }
    frame_out->head = read_block(&r, &frame_out->head_bytes);
    frame_out->leaf_count = avpni_read_u32(&r);
    frame_out->leaves = r;
    frame_out->charter = read_block(&r, &frame_out->charter_bytes);
    return r.failed ? AVPN_ERROR_FORMAT : AVPN_OK;
}

/* Who signed what: everything but the members. */
struct proof {
    struct frame frame;
    struct avpni_head head;
    struct avpni_charter charter;
    struct avpni_signatures head_signatures, charter_signatures;
    size_t head_body_bytes, charter_body_bytes;
};

static int32_t read_proof(const uint8_t *bundle, size_t count, struct proof *proof_out)
{
    struct frame *frame = &proof_out->frame;

    if (read_frame(bundle, count, frame) != AVPN_OK ||
        !avpni_head_read(frame->head, frame->head_bytes, &proof_out->head,
                         &proof_out->head_signatures, &proof_out->head_body_bytes) ||
        !avpni_charter_read(frame->charter, frame->charter_bytes, &proof_out->charter,
                            &proof_out->charter_signatures, &proof_out->charter_body_bytes) ||
        frame->leaf_count != proof_out->head.leaf_count) {
        return AVPN_ERROR_FORMAT;
    }
    return AVPN_OK;
}

/* [CFG-2], [CFG-3]: organization -> root keys -> charter -> signing keys -> head. */
static int32_t verify_signatures(const struct proof *proof, const struct avpn_key *organization)
{
    struct avpn_key id;

    avpni_organization_id(&proof->charter.root, &id);
    bool is_ours = memcmp(&id, organization, sizeof id) == 0 &&
                   memcmp(&proof->head.organization, organization, sizeof id) == 0;

    if (!is_ours ||
        !avpni_signatures_verify(&proof->charter_signatures, &proof->charter.root,
                                 AVPNI_CHARTER_LABEL, proof->frame.charter,
                                 proof->charter_body_bytes) ||
        !avpni_signatures_verify(&proof->head_signatures, &proof->charter.signing,
                                 AVPNI_HEAD_LABEL, proof->frame.head, proof->head_body_bytes)) {
        return AVPN_ERROR_AUTH;
    }
    return AVPN_OK;
}

/* [CFG-4]; and that the leaves fill the bundle to its end. */
static int32_t verify_leaves(const struct proof *proof)
{
    struct avpni_reader r = proof->frame.leaves;
    struct avpni_merkle merkle;
    uint8_t root[AVPNI_MERKLE_BYTES];

    avpni_merkle_init(&merkle);
    for (uint32_t i = 0; i < proof->frame.leaf_count; i++) {
        size_t bytes;
        const uint8_t *leaf = read_block(&r, &bytes);

        if (leaf == NULL) {
            return AVPN_ERROR_FORMAT;
        }
        avpni_merkle_add(&merkle, leaf, bytes);
    }
    if (!avpni_reader_is_done(&r)) {
        return AVPN_ERROR_FORMAT;
    }
    avpni_merkle_root(&merkle, root);
    return memcmp(root, proof->head.root, sizeof root) == 0 ? AVPN_OK : AVPN_ERROR_AUTH;
}

static int32_t read_members(const struct proof *proof, struct avpn_config *config)
{
    struct avpni_reader r = proof->frame.leaves;
    uint32_t member_count = proof->frame.leaf_count - 1, last_id = 0;
    size_t bytes;

    config->sealed = avpni_allocate(&config->memory, member_count, sizeof *config->sealed);
    if (config->sealed == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    read_block(&r, &bytes); /* the charter */
    for (uint32_t i = 0; i < member_count; i++) {
        struct avpn_member member;
        const uint8_t *leaf = read_block(&r, &bytes);

        if (!avpni_member_read(leaf, bytes, &member, config->sealed[i]) ||
            (i > 0 && member.id <= last_id)) {
            return AVPN_ERROR_FORMAT;
        }
        int32_t result = avpni_config_append(config, &member);

        if (result != AVPN_OK) {
            return result;
        }
        last_id = member.id;
    }
    return avpni_config_index(config);
}

static void take_charter(const struct proof *proof, struct avpn_config *config)
{
    const struct avpni_charter *charter = &proof->charter;

    memcpy(config->name, charter->name, sizeof config->name);
    memcpy(config->suites, charter->suites, sizeof config->suites);
    memcpy(config->registries, charter->registries, sizeof config->registries);
    config->suite_count = charter->suite_count;
    config->registry_count = charter->registry_count;
    config->psk_epoch = charter->psk_epoch;
    config->organization = proof->head.organization;
    config->version = proof->head.version;
    config->created = proof->head.created;
    config->expires = proof->head.expires;
}

/* From proved bytes to a valid configuration. */
static int32_t build(const struct proof *proof, struct avpn_config *config)
{
    take_charter(proof, config);
    int32_t result = read_members(proof, config);

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

int32_t avpn_config_read(const uint8_t *bundle, size_t count, const struct avpn_key *organization,
                         int64_t wall_clock, const struct avpn_host *host,
                         struct avpn_config **config_out)
{
    struct proof proof;
    struct avpn_config *config;
    int32_t result = avpni_crypto_init();

    if (result == AVPN_OK) {
        result = read_proof(bundle, count, &proof);
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

int32_t avpn_bundle_organization(const uint8_t *bundle, size_t count,
                                 struct avpn_key *organization_out)
{
    struct frame frame;
    struct avpni_head head;
    struct avpni_signatures signatures;
    size_t body_bytes;

    if (read_frame(bundle, count, &frame) != AVPN_OK ||
        !avpni_head_read(frame.head, frame.head_bytes, &head, &signatures, &body_bytes)) {
        return AVPN_ERROR_FORMAT;
    }
    *organization_out = head.organization;
    return AVPN_OK;
}
