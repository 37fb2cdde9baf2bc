/* SPDX-License-Identifier: ISC */
/*
 * box: the primitives of control messages, thin over libsodium.
 *
 * libsodium zeroes the output when a tag is wrong; here it stays untouched, so opening is two
 * calls: verify only, then decrypt. That costs the same as the one call, which does just that.
 */
#include "crypto/box.h"

#include "base/memory.h"
#include "crypto/hash.h"
#include <sodium.h>
#include <string.h>

int32_t avpni_crypto_init(void)
{
    return sodium_init() < 0 ? AVPN_ERROR_STATE : AVPN_OK;
}

int32_t avpni_crypto_random(void *user, uint8_t *bytes, size_t count)
{
    (void)user;
    randombytes_buf(bytes, count);
    return AVPN_OK;
}

void avpni_aead_seal(uint8_t *out, const uint8_t *plain, size_t count, const uint8_t *ad,
                     size_t ad_bytes, const uint8_t nonce[12], const uint8_t key[32])
{
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, plain, count, ad, ad_bytes, NULL, nonce,
                                              key);
}

bool avpni_aead_open(uint8_t *out, const uint8_t *sealed, size_t count, const uint8_t *ad,
                     size_t ad_bytes, const uint8_t nonce[12], const uint8_t key[32])
{
    if (count < AVPNI_TAG_BYTES) {
        return false;
    }
    size_t text_bytes = count - AVPNI_TAG_BYTES;

    if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(NULL, NULL, sealed, text_bytes,
                                                           sealed + text_bytes, ad, ad_bytes,
                                                           nonce, key) != 0) {
        return false;
    }
    /* RFC 8439 2.8: block 0 made the one-time key, the text begins with block 1. */
    crypto_stream_chacha20_ietf_xor_ic(out, sealed, text_bytes, nonce, 1, key);
    return true;
}

/* XChaCha20-Poly1305 is the 12-byte kind under a subkey, with the last 8 bytes of the nonce. */
static void derive_subkey(uint8_t subkey[32], uint8_t short_nonce[12], const uint8_t nonce[24],
                          const uint8_t key[32])
{
    avpni_hchacha(subkey, nonce, key);
    memset(short_nonce, 0, 4);
    memcpy(short_nonce + 4, nonce + 16, 8);
}

void avpni_xaead_seal(uint8_t *out, const uint8_t *plain, size_t count, const uint8_t *ad,
                      size_t ad_bytes, const uint8_t nonce[24], const uint8_t key[32])
{
    uint8_t subkey[32], short_nonce[12];

    derive_subkey(subkey, short_nonce, nonce, key);
    avpni_aead_seal(out, plain, count, ad, ad_bytes, short_nonce, subkey);
    avpni_wipe(subkey, sizeof subkey);
}

bool avpni_xaead_open(uint8_t *out, const uint8_t *sealed, size_t count, const uint8_t *ad,
                      size_t ad_bytes, const uint8_t nonce[24], const uint8_t key[32])
{
    uint8_t subkey[32], short_nonce[12];

    derive_subkey(subkey, short_nonce, nonce, key);
    bool is_genuine = avpni_aead_open(out, sealed, count, ad, ad_bytes, short_nonce, subkey);

    avpni_wipe(subkey, sizeof subkey);
    return is_genuine;
}

void avpni_hchacha(uint8_t out[32], const uint8_t input[16], const uint8_t key[32])
{
    crypto_core_hchacha20(out, input, key, NULL);
}

bool avpni_dh(struct avpn_key *out, const struct avpn_key *secret_key,
              const struct avpn_key *public_key)
{
    struct avpn_key shared;
    /* libsodium refuses low-order points before and an all-zero result after [KDF-2]. */
    bool is_usable = crypto_scalarmult(shared.bytes, secret_key->bytes, public_key->bytes) == 0;

    if (is_usable) {
        *out = shared;
    }
    avpni_wipe(&shared, sizeof shared);
    return is_usable;
}

int32_t avpni_key_generate(const struct avpni_random *random, struct avpn_key *secret_out)
{
    struct avpn_key secret;
    int32_t result = avpni_random_fill(random, secret.bytes, sizeof secret.bytes);

    /* A generator that says yes and gives zeros is broken, and this key would be everybody's. */
    if (result == AVPN_OK && sodium_is_zero(secret.bytes, sizeof secret.bytes)) {
        result = AVPN_ERROR_RANDOM;
    }
    if (result == AVPN_OK) {
        *secret_out = secret;
    }
    avpni_wipe(&secret, sizeof secret);
    return result == AVPN_OK ? AVPN_OK : AVPN_ERROR_RANDOM;
}

int32_t avpn_key_pair_from_secret(const struct avpn_key *secret_key, struct avpn_key_pair *pair_out)
{
    if (sodium_is_zero(secret_key->bytes, sizeof secret_key->bytes)) {
        return AVPN_ERROR_ARGUMENT;
    }
    struct avpn_key_pair pair = {.secret_key = *secret_key};

    crypto_scalarmult_base(pair.public_key.bytes, pair.secret_key.bytes);
    *pair_out = pair;
    avpni_wipe(&pair, sizeof pair);
    return AVPN_OK;
}

int32_t avpn_key_pair_generate(struct avpn_key_pair *pair_out)
{
    if (avpni_crypto_init() != AVPN_OK) {
        return AVPN_ERROR_RANDOM;
    }
    const struct avpni_random random = {.fill = avpni_crypto_random};
    struct avpn_key secret;
    int32_t result = avpni_key_generate(&random, &secret);

    if (result == AVPN_OK) {
        result = avpn_key_pair_from_secret(&secret, pair_out);
        avpni_wipe(&secret, sizeof secret);
    }
    return result;
}

/* What crypto_box_seal does, which takes its ephemeral key from the generator and nowhere else. */
int32_t avpni_sealed_write(uint8_t *out, const uint8_t *plain, size_t count,
                           const struct avpn_key *to, const struct avpn_key *ephemeral_secret)
{
    uint8_t nonce[crypto_box_NONCEBYTES];

    crypto_scalarmult_base(out, ephemeral_secret->bytes);
    const struct avpni_piece pieces[] = {{out, crypto_box_PUBLICKEYBYTES}, {to, sizeof *to}};

    avpni_hash(nonce, sizeof nonce, NULL, 0, pieces, 2);
    return crypto_box_easy(out + crypto_box_PUBLICKEYBYTES, plain, count, nonce, to->bytes,
                           ephemeral_secret->bytes) == 0
               ? AVPN_OK
               : AVPN_ERROR_ARGUMENT;
}

bool avpni_sealed_read(uint8_t *out, const uint8_t *sealed, size_t count,
                       const struct avpn_key_pair *self)
{
    /* crypto_box_seal_open checks the tag before it writes anything. */
    return crypto_box_seal_open(out, sealed, count, self->public_key.bytes,
                                self->secret_key.bytes) == 0;
}
