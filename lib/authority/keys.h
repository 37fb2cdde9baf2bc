/* SPDX-License-Identifier: ISC */
/*
 * keys: sets of public keys of which a threshold signs, and the seeds that an authority holds for
 * them. Values; whoever holds seeds wipes them. Spec: [CFG-3].
 */
#ifndef AVPNI_AUTHORITY_KEYS_H
#define AVPNI_AUTHORITY_KEYS_H

#include "topo/record.h"

/* Those of two sets at most, the root set before a rotation and the one after it. */
#define AVPNI_SEEDS (2 * AVPN_AUTHORITY_KEYS)

struct avpni_seeds {
    uint8_t count;
    struct avpn_key keys[AVPNI_SEEDS]; /* public halves */
    uint8_t bytes[AVPNI_SEEDS][AVPN_KEY_BYTES];
};

/* A set of keys given in any order. AVPN_ERROR_ARGUMENT: counts, a key of zeros or one twice. */
int32_t avpni_key_set_make(struct avpni_key_set *set_out, uint32_t threshold,
                           const struct avpn_key *keys, size_t count);
/* One more key, and all must sign. AVPN_ERROR_ARGUMENT: it is there already; AVPN_ERROR_LIMIT. */
int32_t avpni_key_set_add(struct avpni_key_set *set, const struct avpn_key *key);
bool avpni_key_set_has(const struct avpni_key_set *set, const struct avpn_key *key);

/* False: the public half is there already, or there is no room. */
bool avpni_seeds_add(struct avpni_seeds *seeds, const struct avpn_key *key,
                     const struct avpn_key *seed);
/* Are there seeds for as many keys of the set as must sign? */
bool avpni_seeds_suffice(const struct avpni_seeds *seeds, const struct avpni_key_set *set);
/* As many signatures as must be, by the first keys of the set for which there are seeds. */
void avpni_seeds_sign(const struct avpni_seeds *seeds, const struct avpni_key_set *set,
                      const char *label, const uint8_t *body, size_t count,
                      struct avpni_signatures *signatures_out);

#endif
