/* SPDX-License-Identifier: ISC */
/*
 * keys: see keys.h. Sets are sorted, for that is the order in which a charter lists keys and
 * signatures count them; so one set of keys has one form however it was given.
 */
#include "authority/keys.h"

#include <string.h>

static int32_t insert(struct avpni_key_set *set, const struct avpn_key *key)
{
    uint8_t place = set->count;

    for (; place > 0; place--) {
        int order = memcmp(&set->keys[place - 1], key, sizeof *key);

        if (order == 0) {
            return AVPN_ERROR_ARGUMENT;
        }
        if (order < 0) {
            break;
        }
    }
    if (set->count == AVPN_AUTHORITY_KEYS) {
        return AVPN_ERROR_LIMIT;
    }
    memmove(&set->keys[place + 1], &set->keys[place],
            (size_t)(set->count - place) * sizeof *set->keys);
    set->keys[place] = *key;
    set->count++;
    return AVPN_OK;
}

int32_t avpni_key_set_make(struct avpni_key_set *set_out, uint32_t threshold,
                           const struct avpn_key *keys, size_t count)
{
    static const struct avpn_key zero;
    struct avpni_key_set set = {.threshold = (uint8_t)threshold};

    if (count > AVPN_AUTHORITY_KEYS || threshold < 1 || threshold > count) {
        return AVPN_ERROR_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&keys[i], &zero, sizeof zero) == 0 || insert(&set, &keys[i]) != AVPN_OK) {
            return AVPN_ERROR_ARGUMENT;
        }
    }
    *set_out = set;
    return AVPN_OK;
}

int32_t avpni_key_set_add(struct avpni_key_set *set, const struct avpn_key *key)
{
    int32_t result = insert(set, key);

    set->threshold = set->count;
    return result;
}

bool avpni_key_set_has(const struct avpni_key_set *set, const struct avpn_key *key)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (memcmp(&set->keys[i], key, sizeof *key) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- seeds ----------------------------------------------------------------------------------- */

/* The seed of a public key, or NULL. */
static const uint8_t *find_seed(const struct avpni_seeds *seeds, const struct avpn_key *key)
{
    for (uint32_t i = 0; i < seeds->count; i++) {
        if (memcmp(&seeds->keys[i], key, sizeof *key) == 0) {
            return seeds->bytes[i];
        }
    }
    return NULL;
}

bool avpni_seeds_add(struct avpni_seeds *seeds, const struct avpn_key *key,
                     const struct avpn_key *seed)
{
    if (seeds->count == AVPNI_SEEDS || find_seed(seeds, key) != NULL) {
        return false;
    }
    seeds->keys[seeds->count] = *key;
    memcpy(seeds->bytes[seeds->count], seed, AVPN_KEY_BYTES);
    seeds->count++;
    return true;
}

bool avpni_seeds_suffice(const struct avpni_seeds *seeds, const struct avpni_key_set *set)
{
    uint32_t found = 0;

    for (uint32_t i = 0; i < set->count; i++) {
        found += find_seed(seeds, &set->keys[i]) != NULL;
    }
    return found >= set->threshold;
}

void avpni_seeds_sign(const struct avpni_seeds *seeds, const struct avpni_key_set *set,
                      const char *label, const uint8_t *body, size_t count,
                      struct avpni_signatures *signatures_out)
{
    uint8_t text[AVPNI_SIGNED_LIMIT];
    size_t text_bytes = avpni_signed_text(text, label, body, count);

    memset(signatures_out, 0, sizeof *signatures_out);
    for (uint8_t i = 0; i < set->count && signatures_out->count < set->threshold; i++) {
        const uint8_t *seed = find_seed(seeds, &set->keys[i]);

        if (seed != NULL) {
            signatures_out->numbers[signatures_out->count] = i;
            avpni_sign(signatures_out->bytes[signatures_out->count], text, text_bytes, seed);
            signatures_out->count++;
        }
    }
}
