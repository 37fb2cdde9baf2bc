/* SPDX-License-Identifier: ISC */
/**
 * @defgroup authority Authority: signing a configuration
 * authority: signs an organization's configuration.
 *
 * Holds root and signing keys (Ed25519 seeds); usually lives offline, in an administrator's
 * program, for as long as one publish takes. Life: new, keys, sign, del (which wipes the
 * seeds). One thread at a time. Spec: doc/protocol.md 8.
 *
 * The charter needs root keys only when it changes: an authority that adopted the last bundle signs
 * the next with signing keys alone, as long as the charter would come out the same.
 *
 *     avpn_authority_new(NULL, &authority);
 *     avpn_authority_add_root(authority, &root_seed);
 *     avpn_authority_add_signer(authority, &signer_seed);
 *     avpn_authority_sign(authority, config, &publication, bundle, sizeof bundle, &needed);
 * @{
 */
#ifndef AUTOVPN_AUTHORITY_H
#define AUTOVPN_AUTHORITY_H

#include <autovpn/config.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Keys that sign, for as long as one publish takes. */
struct avpn_authority;

/** What a signed configuration says of itself, beside the configuration. */
struct avpn_publication {
    uint32_t size; /**< sizeof(struct avpn_publication) */
    uint32_t psk_epoch; /**< 1 or more */
    uint64_t version;  /**< higher than any published before; upper 16 bits: the charter's serial */
    int64_t created;   /**< seconds since 1970 UTC */
    int64_t expires;   /**< 0: never */
    struct avpn_key psk; /**< sealed to every member */
    struct avpn_key previous_psk; /**< of the epoch before; zero in epoch 1, and only then */
    const struct avpn_invite *invites; /**< borrowed until return, any order; NULL: none. All of one `size`, which is their distance */
    size_t invite_count; /**< up to AVPN_INVITES */
};

/** Make one without a key. `host` gives memory, NULL: the C library's. AVPN_ERROR_MEMORY. */
AVPN_API int32_t avpn_authority_new(const struct avpn_host *host,
                                    struct avpn_authority **authority_out);
/** Wipes its seeds. NULL is ignored. */
AVPN_API void avpn_authority_del(struct avpn_authority *authority);

/**
 * Add a root key: Ed25519 seeds, copied; at most AVPN_AUTHORITY_KEYS in a set. Where no set was declared below, the keys
 * added are the set and all of it must sign. Where one was, a key that is in none of them is refused.
 * AVPN_ERROR_ARGUMENT: zero, twice, or in no set. AVPN_ERROR_LIMIT.
 */
AVPN_API int32_t avpn_authority_add_root(struct avpn_authority *authority,
                                         const struct avpn_key *seed);
/** Add a signing key: as avpn_authority_add_root, for the signing set. */
AVPN_API int32_t avpn_authority_add_signer(struct avpn_authority *authority,
                                           const struct avpn_key *seed);
/**
 * Declare the root set by its public keys, of which `threshold` must sign; before any seed is added. It is the first
 * set, of which the organization's id is made. AVPN_ERROR_ARGUMENT: counts, a key twice. AVPN_ERROR_STATE: seeds are there.
 */
AVPN_API int32_t avpn_authority_set_root_keys(struct avpn_authority *authority, uint32_t threshold,
                                              const struct avpn_key *keys, size_t count);
/** Declare the signing set likewise. */
AVPN_API int32_t avpn_authority_set_signing_keys(struct avpn_authority *authority,
                                                 uint32_t threshold, const struct avpn_key *keys,
                                                 size_t count);
/**
 * Go on from the last published bundle of `organization`, which is verified (expiry is not judged): its root sets
 * with all rotations, its signing set, and its charter's signatures as long as the charter does
 * not change. Before any seed is added; in the place of avpn_authority_set_root_keys. A signing set may be declared
 * after it, in the place of the bundle's. Errors as avpn_config_read; AVPN_ERROR_STATE.
 */
AVPN_API int32_t avpn_authority_adopt(struct avpn_authority *authority,
                                      const struct avpn_key *organization, const uint8_t *bundle,
                                      size_t count);
/**
 * From the next sign on there is a new root set; the organization's id stays. Seeds of the set before and of the new one are
 * then needed, each up to its threshold: avpn_authority_add_root takes both kinds. The serial of
 * the version must rise [CFG-5]. AVPN_ERROR_LIMIT: AVPN_ROTATIONS reached. AVPN_ERROR_ARGUMENT as above.
 * AVPN_ERROR_STATE: nothing was adopted, or rotated already.
 */
AVPN_API int32_t avpn_authority_rotate_root(struct avpn_authority *authority, uint32_t threshold,
                                            const struct avpn_key *keys, size_t count);
/** The organization id [CFG-2]. AVPN_ERROR_STATE: no root key yet. */
AVPN_API int32_t avpn_authority_organization(const struct avpn_authority *authority,
                                             struct avpn_key *organization_out);
/** The public half of a seed. */
AVPN_API int32_t avpn_authority_public_key(const struct avpn_key *seed, struct avpn_key *key_out);
/** 1 if signing `config` under this version changes the charter, so that root keys are needed; 0 if not. */
AVPN_API int32_t avpn_authority_needs_root(const struct avpn_authority *authority,
                                           const struct avpn_config *config, uint64_t version);
/**
 * Sign a configuration that avpn_config_check finds valid. *needed_out is always the bundle's size. The same input
 * gives the same bytes.
 * AVPN_ERROR_ARGUMENT: the configuration has problems, or version, times, keys or invites are out of range;
 * AVPN_ERROR_STATE: fewer keys than a threshold; AVPN_ERROR_SPACE: `capacity` is too small; AVPN_ERROR_LIMIT;
 * AVPN_ERROR_MEMORY.
 */
AVPN_API int32_t avpn_authority_sign(const struct avpn_authority *authority,
                                     const struct avpn_config *config,
                                     const struct avpn_publication *publication,
                                     uint8_t *bundle_out, size_t capacity, size_t *needed_out);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
