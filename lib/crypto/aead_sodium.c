/* SPDX-License-Identifier: ISC */
/*
 * aead_sodium: both suites over libsodium. ChaCha20-Poly1305 runs everywhere; AES-256-GCM only
 * where the processor has AES and carry-less multiplication, with the key expanded once.
 *
 * libsodium zeroes the text when the tag is wrong, and the seam promises to leave it alone. For
 * ChaCha, verifying and decrypting are separate calls anyway. For GCM, decrypting always verifies
 * again, so packets of usual size are saved first (a copy is a thirtieth of the work) and put back
 * when they prove forged; larger ones are verified twice.
 */
#include "crypto/providers.h"

#include <sodium.h>
#include <string.h>

#define SAVED_BYTES 2048

static bool chacha_is_available(void)
{
    return true;
}

static void chacha_set_key(void *state, const uint8_t key[32])
{
    memcpy(state, key, 32);
}

static void chacha_seal(const void *state, uint8_t *text, size_t count, uint8_t tag[16],
                        const uint8_t *ad, size_t ad_bytes, const uint8_t nonce[12])
{
    crypto_aead_chacha20poly1305_ietf_encrypt_detached(text, tag, NULL, text, count, ad, ad_bytes,
                                                       NULL, nonce, state);
}

static bool chacha_open(const void *state, uint8_t *text, size_t count, const uint8_t tag[16],
                        const uint8_t *ad, size_t ad_bytes, const uint8_t nonce[12])
{
    if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(NULL, NULL, text, count, tag, ad,
                                                           ad_bytes, nonce, state) != 0) {
        return false;
    }
    crypto_stream_chacha20_ietf_xor_ic(text, text, count, nonce, 1, state);
    return true;
}

const struct avpni_aead avpni_aead_sodium_chacha = {
    .name = "libsodium",
    .suite = AVPN_SUITE_CHACHA20_POLY1305,
    .state_bytes = 32,
    .state_align = 1,
    .is_available = chacha_is_available,
    .set_key = chacha_set_key,
    .seal = chacha_seal,
    .open = chacha_open,
};

static bool aes_is_available(void)
{
    return crypto_aead_aes256gcm_is_available() != 0;
}

static void aes_set_key(void *state, const uint8_t key[32])
{
    crypto_aead_aes256gcm_beforenm(state, key);
}

static void aes_seal(const void *state, uint8_t *text, size_t count, uint8_t tag[16],
                     const uint8_t *ad, size_t ad_bytes, const uint8_t nonce[12])
{
    crypto_aead_aes256gcm_encrypt_detached_afternm(text, tag, NULL, text, count, ad, ad_bytes, NULL,
                                                   nonce, state);
}

/* `out` NULL verifies only; else it is zeroed when the tag is wrong. */
static bool aes_decrypt(const void *state, uint8_t *out, const uint8_t *text, size_t count,
                        const uint8_t tag[16], const uint8_t *ad, size_t ad_bytes,
                        const uint8_t nonce[12])
{
    return crypto_aead_aes256gcm_decrypt_detached_afternm(out, NULL, text, count, tag, ad, ad_bytes,
                                                          nonce, state) == 0;
}

static bool aes_open(const void *state, uint8_t *text, size_t count, const uint8_t tag[16],
                     const uint8_t *ad, size_t ad_bytes, const uint8_t nonce[12])
{
    if (count > SAVED_BYTES) {
        return aes_decrypt(state, NULL, text, count, tag, ad, ad_bytes, nonce) &&
               aes_decrypt(state, text, text, count, tag, ad, ad_bytes, nonce);
    }
    uint8_t saved[SAVED_BYTES]; /* ciphertext: nothing to wipe */

    memcpy(saved, text, count);
    if (!aes_decrypt(state, text, text, count, tag, ad, ad_bytes, nonce)) {
        memcpy(text, saved, count);
        return false;
    }
    return true;
}

const struct avpni_aead avpni_aead_sodium_aes = {
    .name = "libsodium",
    .suite = AVPN_SUITE_AES_256_GCM,
    .state_bytes = sizeof(crypto_aead_aes256gcm_state),
    .state_align = 16,
    .is_available = aes_is_available,
    .set_key = aes_set_key,
    .seal = aes_seal,
    .open = aes_open,
};

_Static_assert(_Alignof(crypto_aead_aes256gcm_state) <= AVPNI_AEAD_STATE_ALIGN_LIMIT,
               "an SA's block would not be aligned enough");
