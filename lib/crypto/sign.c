/* SPDX-License-Identifier: ISC */
/*
 * sign: Ed25519 from 32-byte seeds; declared in crypto/box.h. Verification is libsodium's: it
 * refuses non-canonical S and public keys, and small-order points.
 */
#include "base/memory.h"
#include "crypto/box.h"
#include <sodium.h>

void avpni_sign_keypair(const uint8_t seed[32], struct avpn_key *public_out)
{
    uint8_t expanded[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(public_out->bytes, expanded, seed);
    avpni_wipe(expanded, sizeof expanded);
}

void avpni_sign(uint8_t signature[64], const uint8_t *bytes, size_t count, const uint8_t seed[32])
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], expanded[crypto_sign_SECRETKEYBYTES];

    crypto_sign_seed_keypair(public_key, expanded, seed);
    crypto_sign_detached(signature, NULL, bytes, count, expanded);
    avpni_wipe(expanded, sizeof expanded);
}

bool avpni_sign_verify(const uint8_t signature[64], const uint8_t *bytes, size_t count,
                       const struct avpn_key *public_key)
{
    return crypto_sign_verify_detached(signature, bytes, count, public_key->bytes) == 0;
}
