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

static int32_t chacha_set_key(void *user, void *state, const uint8_t *key)
{
    (void)user;
    memcpy(state, key, AVPNI_AEAD_KEY_BYTES);
    return 0;
}

static void chacha_seal(void *user, void *state, uint8_t *text, size_t count, uint8_t *tag,
                        const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    (void)user;
    crypto_aead_chacha20poly1305_ietf_encrypt_detached(text, tag, NULL, text, count, ad, ad_bytes,
                                                       NULL, nonce, state);
}

static int32_t chacha_open(void *user, void *state, uint8_t *text, size_t count, const uint8_t *tag,
                           const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    (void)user;
    if (crypto_aead_chacha20poly1305_ietf_decrypt_detached(NULL, NULL, text, count, tag, ad,
                                                           ad_bytes, nonce, state) != 0) {
        return 0;
    }
    crypto_stream_chacha20_ietf_xor_ic(text, text, count, nonce, 1, state);
    return 1;
}

const struct avpn_aead avpni_aead_sodium_chacha = {
    .size = sizeof(struct avpn_aead),
    .suite = AVPN_SUITE_CHACHA20_POLY1305,
    .name = "libsodium",
    .state_align = 1,
    .state_bytes = AVPNI_AEAD_KEY_BYTES,
    .set_key = chacha_set_key,
    .seal = chacha_seal,
    .open = chacha_open,
};

static int32_t aes_is_available(void *user)
{
    (void)user;
    return crypto_aead_aes256gcm_is_available() != 0;
}

static int32_t aes_set_key(void *user, void *state, const uint8_t *key)
{
    (void)user;
    crypto_aead_aes256gcm_beforenm(state, key);
    return 0;
}

static void aes_seal(void *user, void *state, uint8_t *text, size_t count, uint8_t *tag,
                     const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    (void)user;
    crypto_aead_aes256gcm_encrypt_detached_afternm(text, tag, NULL, text, count, ad, ad_bytes, NULL,
                                                   nonce, state);
}

/* `out` NULL verifies only; else it is zeroed when the tag is wrong. */
static bool aes_decrypt(const void *state, uint8_t *out, const uint8_t *text, size_t count,
                        const uint8_t *tag, const uint8_t *ad, size_t ad_bytes,
                        const uint8_t *nonce)
{
    return crypto_aead_aes256gcm_decrypt_detached_afternm(out, NULL, text, count, tag, ad, ad_bytes,
                                                          nonce, state) == 0;
}

static int32_t aes_open(void *user, void *state, uint8_t *text, size_t count, const uint8_t *tag,
                        const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    (void)user;
    if (count > SAVED_BYTES) {
        return aes_decrypt(state, NULL, text, count, tag, ad, ad_bytes, nonce) &&
               aes_decrypt(state, text, text, count, tag, ad, ad_bytes, nonce);
    }
    uint8_t saved[SAVED_BYTES]; /* ciphertext: nothing to wipe */

    memcpy(saved, text, count);
    if (!aes_decrypt(state, text, text, count, tag, ad, ad_bytes, nonce)) {
        memcpy(text, saved, count);
        return 0;
    }
    return 1;
}

const struct avpn_aead avpni_aead_sodium_aes = {
    .size = sizeof(struct avpn_aead),
    .suite = AVPN_SUITE_AES_256_GCM,
    .name = "libsodium",
    .state_align = _Alignof(crypto_aead_aes256gcm_state),
    .state_bytes = sizeof(crypto_aead_aes256gcm_state),
    .is_available = aes_is_available,
    .set_key = aes_set_key,
    .seal = aes_seal,
    .open = aes_open,
};

_Static_assert(_Alignof(crypto_aead_aes256gcm_state) <= AVPN_AEAD_ALIGN,
               "an SA's block would not be aligned enough");
