/* SPDX-License-Identifier: ISC */
/*
 * hash: BLAKE2b as this protocol uses it: hashes of any length up to 64, keyed MACs,
 * and key derivation with a label. Spec: [KDF-1].
 */
#ifndef AVPNI_CRYPTO_HASH_H
#define AVPNI_CRYPTO_HASH_H

#include <autovpn/types.h>
#include <stdbool.h>

/* One piece of a message given in several. */
struct avpni_piece {
    const void *bytes;
    size_t count;
};

/* BLAKE2b of the concatenated pieces; `key` may be NULL (then key_bytes is 0). out_bytes 1..64. */
void avpni_hash(uint8_t *out, size_t out_bytes, const uint8_t *key, size_t key_bytes,
                const struct avpni_piece *pieces, size_t piece_count);
/* [KDF-1]: BLAKE2b(out_bytes; key; label || 0x00 || context). */
void avpni_derive(uint8_t *out, size_t out_bytes, const struct avpn_key *key, const char *label,
                  const void *context, size_t context_bytes);
/* Constant-time equality. */
bool avpni_is_equal(const uint8_t *a, const uint8_t *b, size_t count);

#endif
