/* SPDX-License-Identifier: ISC */
/*
 * hash: thin over libsodium's BLAKE2b. Values in, values out; the running state is wiped because
 * it depends on the key. Spec: [KDF-1].
 */
#include "crypto/hash.h"

#include "base/memory.h"
#include <sodium.h>
#include <string.h>

void avpni_hash(uint8_t *out, size_t out_bytes, const uint8_t *key, size_t key_bytes,
                const struct avpni_piece *pieces, size_t piece_count)
{
    crypto_generichash_blake2b_state state;

    crypto_generichash_blake2b_init(&state, key, key_bytes, out_bytes);
    for (size_t i = 0; i < piece_count; i++) {
        crypto_generichash_blake2b_update(&state, pieces[i].bytes, pieces[i].count);
    }
    crypto_generichash_blake2b_final(&state, out, out_bytes);
    avpni_wipe(&state, sizeof state);
}

void avpni_derive(uint8_t *out, size_t out_bytes, const struct avpn_key *key, const char *label,
                  const void *context, size_t context_bytes)
{
    /* The label's own terminator is the 0x00 of [KDF-1]. */
    const struct avpni_piece pieces[] = {{label, strlen(label) + 1}, {context, context_bytes}};

    avpni_hash(out, out_bytes, key->bytes, sizeof key->bytes, pieces, 2);
}

bool avpni_is_equal(const uint8_t *a, const uint8_t *b, size_t count)
{
    return sodium_memcmp(a, b, count) == 0;
}
