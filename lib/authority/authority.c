/* SPDX-License-Identifier: ISC */
/*
 * authority: its life and its keys: which sets there are, which seeds it holds for them, and how it
 * goes on from what was published. What is signed with them: charter.c and sign.c.
 *
 * Invariant: there is a seed only for a key of a set in `charter`.
 */
#include "authority/authority.h"

#include "topo/document.h"

#include <string.h>

int32_t avpn_authority_new(const struct avpn_host *host, struct avpn_authority **authority_out)
{
    struct avpni_memory memory;

    if (authority_out == NULL || avpni_memory_init(&memory, host) != AVPN_OK) {
        return AVPN_ERROR_ARGUMENT;
    }
    int32_t result = avpni_crypto_init();

    if (result != AVPN_OK) {
        return result;
    }
    struct avpn_authority *authority = avpni_allocate(&memory, 1, sizeof *authority);

    if (authority == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    authority->memory = memory;
    *authority_out = authority;
    return AVPN_OK;
}

void avpn_authority_del(struct avpn_authority *authority)
{
    if (authority == NULL) {
        return;
    }
    const struct avpni_memory memory = authority->memory;

    avpni_release(&memory, authority->adopted);
    avpni_wipe(authority, sizeof *authority);
    avpni_release(&memory, authority);
}

/* ---- sets ------------------------------------------------------------------------------------ */

int32_t avpn_authority_set_root_keys(struct avpn_authority *authority, uint32_t threshold,
                                     const struct avpn_key *keys, size_t count)
{
    if (authority->root.count > 0 || authority->adopted != NULL) {
        return AVPN_ERROR_STATE;
    }
    int32_t result = avpni_key_set_make(&authority->charter.first_root, threshold, keys, count);

    authority->is_root_declared = authority->is_root_declared || result == AVPN_OK;
    return result;
}

int32_t avpn_authority_set_signing_keys(struct avpn_authority *authority, uint32_t threshold,
                                        const struct avpn_key *keys, size_t count)
{
    if (authority->signing.count > 0) {
        return AVPN_ERROR_STATE;
    }
    int32_t result = avpni_key_set_make(&authority->charter.signing, threshold, keys, count);

    authority->is_signing_declared = authority->is_signing_declared || result == AVPN_OK;
    return result;
}

/* The charter of a bundle that was verified. */
static int32_t take_charter(struct avpn_authority *authority, const uint8_t *bundle, size_t count)
{
    struct avpni_document document;
    struct avpni_signatures signatures;

    if (!avpni_document_read_start(bundle, count, &document) ||
        !avpni_charter_read(document.charter, document.charter_bytes, &authority->charter,
                            &signatures, &authority->adopted_body_bytes)) {
        return AVPN_ERROR_FORMAT;
    }
    authority->adopted = avpni_allocate(&authority->memory, document.charter_bytes, 1);
    if (authority->adopted == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    memcpy(authority->adopted, document.charter, document.charter_bytes);
    authority->adopted_bytes = document.charter_bytes;
    authority->adopted_serial = authority->charter.serial;
    authority->is_root_declared = authority->is_signing_declared = true;
    return AVPN_OK;
}

int32_t avpn_authority_adopt(struct avpn_authority *authority, const struct avpn_key *organization,
                             const uint8_t *bundle, size_t count)
{
    const struct avpni_memory *memory = &authority->memory;
    const struct avpn_host host = {.size = sizeof host,
                                   .user = memory->user,
                                   .allocate = memory->allocate,
                                   .resize = memory->resize,
                                   .release = memory->release};
    struct avpn_config *config;

    if (authority->root.count > 0 || authority->signing.count > 0 ||
        authority->is_root_declared || authority->is_signing_declared) {
        return AVPN_ERROR_STATE;
    }
    int32_t result = avpn_config_read(bundle, count, organization, 0, &host, &config);

    if (result != AVPN_OK) {
        return result;
    }
    avpn_config_del(config);
    result = take_charter(authority, bundle, count);
    if (result != AVPN_OK) {
        memset(&authority->charter, 0, sizeof authority->charter);
    }
    return result;
}

int32_t avpn_authority_rotate_root(struct avpn_authority *authority, uint32_t threshold,
                                   const struct avpn_key *keys, size_t count)
{
    struct avpni_charter *charter = &authority->charter;
    struct avpni_rotation rotation = {0};

    if (authority->adopted == NULL || authority->is_rotated) {
        return AVPN_ERROR_STATE;
    }
    int32_t result = avpni_key_set_make(&rotation.set, threshold, keys, count);

    if (result != AVPN_OK) {
        return result;
    }
    if (charter->rotation_count == AVPN_ROTATIONS) {
        return AVPN_ERROR_LIMIT;
    }
    charter->rotations[charter->rotation_count++] = rotation;
    authority->is_rotated = true;
    return AVPN_OK;
}

int32_t avpn_authority_organization(const struct avpn_authority *authority,
                                    struct avpn_key *organization_out)
{
    if (authority->charter.first_root.count == 0) {
        return AVPN_ERROR_STATE;
    }
    avpni_organization_id(&authority->charter.first_root, organization_out);
    return AVPN_OK;
}

/* ---- seeds ----------------------------------------------------------------------------------- */

static bool is_zero(const struct avpn_key *key)
{
    static const struct avpn_key zero;

    return memcmp(key, &zero, sizeof zero) == 0;
}

int32_t avpn_authority_public_key(const struct avpn_key *seed, struct avpn_key *key_out)
{
    if (is_zero(seed)) {
        return AVPN_ERROR_ARGUMENT;
    }
    int32_t result = avpni_crypto_init();

    if (result == AVPN_OK) {
        avpni_sign_keypair(seed->bytes, key_out);
    }
    return result;
}

/* Is it a key of the root set, or, in a rotation, of the one before? */
static bool is_root_key(const struct avpn_authority *authority, const struct avpn_key *key)
{
    const struct avpni_charter *charter = &authority->charter;
    uint32_t last = charter->rotation_count;

    return avpni_key_set_has(avpni_charter_root(charter, last), key) ||
           (authority->is_rotated && avpni_key_set_has(avpni_charter_root(charter, last - 1), key));
}

/* Seed and key, where the set was declared; else the key makes the set larger. */
static int32_t add(struct avpni_seeds *seeds, struct avpni_key_set *open_set,
                   const struct avpn_key *key, const struct avpn_key *seed)
{
    int32_t result = open_set == NULL ? AVPN_OK : avpni_key_set_add(open_set, key);

    if (result == AVPN_OK && !avpni_seeds_add(seeds, key, seed)) {
        result = AVPN_ERROR_ARGUMENT;
    }
    return result;
}

int32_t avpn_authority_add_root(struct avpn_authority *authority, const struct avpn_key *seed)
{
    bool is_declared = authority->is_root_declared;
    struct avpn_key key;

    if (avpn_authority_public_key(seed, &key) != AVPN_OK ||
        (is_declared && !is_root_key(authority, &key))) {
        return AVPN_ERROR_ARGUMENT;
    }
    return add(&authority->root, is_declared ? NULL : &authority->charter.first_root, &key, seed);
}

int32_t avpn_authority_add_signer(struct avpn_authority *authority, const struct avpn_key *seed)
{
    bool is_declared = authority->is_signing_declared;
    struct avpn_key key;

    if (avpn_authority_public_key(seed, &key) != AVPN_OK ||
        (is_declared && !avpni_key_set_has(&authority->charter.signing, &key))) {
        return AVPN_ERROR_ARGUMENT;
    }
    return add(&authority->signing, is_declared ? NULL : &authority->charter.signing, &key, seed);
}
