/* SPDX-License-Identifier: ISC */
/*
 * aead_openssl: both suites over OpenSSL's EVP. The state is a pointer to a context of OpenSSL's own, on its heap, which carries
 * what a packet needs between calls: so one call at a time.
 *
 * AES only where the processor has it as instructions: OpenSSL would do it in software too, several times slower than
 * ChaCha20-Poly1305 and, on some processors, with tables that tell the cache about the key.
 *
 * Decrypting writes the text before the tag is verified. A text that proves forged is encrypted again, which gives back what came.
 */
#include "crypto/providers.h"

#include "base/memory.h"
#include "crypto/box.h"
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

struct state {
    EVP_CIPHER_CTX *context;
};

static int32_t set_key(const EVP_CIPHER *cipher, struct state *state, const uint8_t *key)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    /* Nonces of 12 bytes are the default of both. */
    if (context == NULL || EVP_CipherInit_ex(context, cipher, NULL, key, NULL, 1) != 1) {
        EVP_CIPHER_CTX_free(context);
        return -1;
    }
    state->context = context;
    return 0;
}

static void clear_key(void *user, void *place)
{
    struct state *state = place;

    (void)user;
    EVP_CIPHER_CTX_free(state->context);
    state->context = NULL;
}

/* Everything but the tag, in either direction. */
static bool pass(EVP_CIPHER_CTX *context, int is_sealing, uint8_t *text, size_t count,
                 const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    int written;

    return count <= INT32_MAX &&
           EVP_CipherInit_ex(context, NULL, NULL, NULL, nonce, is_sealing) == 1 &&
           EVP_CipherUpdate(context, NULL, &written, ad, (int)ad_bytes) == 1 &&
           (count == 0 || EVP_CipherUpdate(context, text, &written, text, (int)count) == 1);
}

static void seal(void *user, void *place, uint8_t *text, size_t count, uint8_t *tag,
                 const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    EVP_CIPHER_CTX *context = ((struct state *)place)->context;
    int written;

    (void)user;
    if (!pass(context, 1, text, count, ad, ad_bytes, nonce) ||
        EVP_CipherFinal_ex(context, text + count, &written) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, AVPNI_TAG_BYTES, tag) != 1) {
        /* It does not happen. If it did, the text must not go out as it is. */
        memset(text, 0, count);
        memset(tag, 0, AVPNI_TAG_BYTES);
    }
}

static int32_t open_sealed(void *user, void *place, uint8_t *text, size_t count, const uint8_t *tag,
                           const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    EVP_CIPHER_CTX *context = ((struct state *)place)->context;
    uint8_t copy[AVPNI_TAG_BYTES]; /* OpenSSL takes the tag as writable */
    int written;

    (void)user;
    memcpy(copy, tag, sizeof copy);
    if (!pass(context, 0, text, count, ad, ad_bytes, nonce)) {
        return 0;
    }
    if (EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, sizeof copy, copy) == 1 &&
        EVP_CipherFinal_ex(context, text + count, &written) == 1) {
        return 1;
    }
    (void)pass(context, 1, text, count, ad, ad_bytes, nonce);
    return 0;
}

/* ---- AES-256-GCM ---------------------------------------------------------------------------- */

static uint64_t hexadecimal(const char *text)
{
    uint64_t value = 0;

    for (;; text++) {
        if (*text >= '0' && *text <= '9') {
            value = value << 4 | (uint64_t)(*text - '0');
        } else if (*text >= 'a' && *text <= 'f') {
            value = value << 4 | (uint64_t)(*text - 'a' + 10);
        } else {
            return value;
        }
    }
}

/*
 * OpenSSL's own idea of the processor, by which it chooses its code. It tells it as text (OPENSSL_ia32cap(3), and for ARM the
 * bits of its arm_arch.h): the first word after the mark.
 */
static bool has_bits(const char *info, const char *mark, uint64_t bits)
{
    const char *at;

    for (at = info; *at != '\0'; at++) {
        if (strncmp(at, mark, strlen(mark)) == 0) {
            return (hexadecimal(at + strlen(mark)) & bits) == bits;
        }
    }
    return false;
}

#define X86_AES_AND_PCLMULQDQ ((uint64_t)1 << 57 | (uint64_t)1 << 33)
#define ARM_AES_AND_PMULL ((uint64_t)1 << 2 | (uint64_t)1 << 5)

static int32_t aes_is_available(void *user)
{
    const char *info = OPENSSL_info(OPENSSL_INFO_CPU_SETTINGS);

    (void)user;
    return info != NULL && (has_bits(info, "OPENSSL_ia32cap=0x", X86_AES_AND_PCLMULQDQ) ||
                            has_bits(info, "OPENSSL_armcap=0x", ARM_AES_AND_PMULL));
}

static int32_t aes_set_key(void *user, void *state, const uint8_t *key)
{
    (void)user;
    return set_key(EVP_aes_256_gcm(), state, key);
}

const struct avpn_aead avpni_aead_openssl_aes = {
    .size = sizeof(struct avpn_aead),
    .suite = AVPN_SUITE_AES_256_GCM,
    .name = "OpenSSL",
    .flags = AVPN_AEAD_EXCLUSIVE,
    .state_align = _Alignof(struct state),
    .state_bytes = sizeof(struct state),
    .is_available = aes_is_available,
    .set_key = aes_set_key,
    .clear_key = clear_key,
    .seal = seal,
    .open = open_sealed,
};

/* ---- ChaCha20-Poly1305 ------------------------------------------------------------------------ */

static int32_t chacha_set_key(void *user, void *state, const uint8_t *key)
{
    (void)user;
    return set_key(EVP_chacha20_poly1305(), state, key);
}

const struct avpn_aead avpni_aead_openssl_chacha = {
    .size = sizeof(struct avpn_aead),
    .suite = AVPN_SUITE_CHACHA20_POLY1305,
    .name = "OpenSSL",
    .flags = AVPN_AEAD_EXCLUSIVE,
    .state_align = _Alignof(struct state),
    .state_bytes = sizeof(struct state),
    .set_key = chacha_set_key,
    .clear_key = clear_key,
    .seal = seal,
    .open = open_sealed,
};
