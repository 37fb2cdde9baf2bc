/* SPDX-License-Identifier: ISC */
/*
 * authority: signs an organization's configuration.
 *
 * Holds root and signing keys (Ed25519 seeds); usually lives offline, in an administrator's
 * program, for as long as one publish takes. Life: new, add keys, sign, del (which wipes the
 * seeds). One thread at a time. Spec: doc/protocol.md 8.
 *
 *     avpn_authority_new(NULL, &authority);
 *     avpn_authority_add_root(authority, &root_seed);
 *     avpn_authority_add_signer(authority, &signer_seed);
 *     avpn_authority_sign(authority, config, &parameters, bundle, sizeof bundle, &needed);
 */
#ifndef AUTOVPN_AUTHORITY_H
#define AUTOVPN_AUTHORITY_H

#include <autovpn/config.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avpn_authority;

struct avpn_publication {
    uint32_t size; /* sizeof(struct avpn_publication) */
    uint32_t psk_epoch;
    uint64_t version;  /* higher than any published before */
    int64_t created;   /* seconds since 1970 UTC */
    int64_t expires;   /* 0: never */
    struct avpn_key psk; /* sealed to every member */
};

AVPN_API int32_t avpn_authority_new(const struct avpn_host *host,
                                    struct avpn_authority **authority_out);
AVPN_API void avpn_authority_del(struct avpn_authority *authority);
/* 32-byte Ed25519 seeds, copied; at most AVPN_AUTHORITY_KEYS each; thresholds are the number of keys (all sign). */
AVPN_API int32_t avpn_authority_add_root(struct avpn_authority *authority,
                                         const struct avpn_key *seed);
AVPN_API int32_t avpn_authority_add_signer(struct avpn_authority *authority,
                                           const struct avpn_key *seed);
/* The organization id that these root keys make [CFG-2]. AVPN_ERROR_STATE: no root key yet. */
AVPN_API int32_t avpn_authority_organization(const struct avpn_authority *authority,
                                             struct avpn_key *organization_out);
/*
 * Sign a configuration that avpn_config_check finds valid. *needed_out is always the bundle's size.
 * AVPN_ERROR_ARGUMENT: the configuration has problems, or version or times are out of range;
 * AVPN_ERROR_STATE: a key is missing; AVPN_ERROR_SPACE: `capacity` is too small;
 * AVPN_ERROR_MEMORY; AVPN_ERROR_RANDOM.
 */
AVPN_API int32_t avpn_authority_sign(const struct avpn_authority *authority,
                                     const struct avpn_config *config,
                                     const struct avpn_publication *publication,
                                     uint8_t *bundle_out, size_t capacity, size_t *needed_out);

#ifdef __cplusplus
}
#endif

#endif
