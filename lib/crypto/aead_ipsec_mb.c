/* SPDX-License-Identifier: ISC */
/*
 * aead_ipsec_mb: both suites over intel-ipsec-mb, one packet a call (its "direct" interface). That interface works on the caller's
 * key and context alone, so any number of threads may use one state; of the library's manager, 200 KB with queues for jobs, it
 * needs the addresses of the code for this processor and nothing else. They are noted, and the manager is given back.
 *
 * Decrypting does not verify and writes the text. The tag is compared here, and a text that proves forged is encrypted again:
 * with a stream cipher that gives back what came, and a good packet pays nothing for it.
 */
#include "crypto/providers.h"

#include "base/memory.h"
#include "crypto/box.h"
#include <intel-ipsec-mb.h>
#include <stdatomic.h>
#include <string.h>

#define GCM_KEY_ALIGN 64 /* the header says so to its own build only */

/* What the processor has. */
#define CODE_FOUND 1u
#define CODE_FOR_AES 2u    /* AES and carry-less multiplication; without them it would be slow */
#define CODE_FOR_CHACHA 4u /* AVX2: below that, libsodium's is as fast */

/*
 * The same for every thread that looks, so it does not matter whose writing is last; atomic, so that it is no race. Read after
 * is_available, as with any provider.
 */
static struct {
    _Atomic uint32_t flags;
    _Atomic(aes_gcm_pre_t) gcm_set_key;
    _Atomic(aes_gcm_enc_dec_t) gcm_seal, gcm_open;
    _Atomic(chacha_poly_init_t) chacha_begin;
    _Atomic(chacha_poly_enc_dec_update_t) chacha_seal, chacha_open;
    _Atomic(chacha_poly_finalize_t) chacha_end;
} code;

#define CODE(name) atomic_load_explicit(&code.name, memory_order_relaxed)
#define NOTE(name, value) atomic_store_explicit(&code.name, value, memory_order_relaxed)

static bool has(const IMB_MGR *manager, uint64_t features)
{
    return (manager->features & features) == features;
}

static uint32_t note(const IMB_MGR *manager)
{
    uint32_t flags = CODE_FOUND;

    if (!has(manager, IMB_FEATURE_SELF_TEST | IMB_FEATURE_SELF_TEST_PASS)) {
        return flags;
    }
    NOTE(gcm_set_key, manager->gcm256_pre);
    NOTE(gcm_seal, manager->gcm256_enc);
    NOTE(gcm_open, manager->gcm256_dec);
    NOTE(chacha_begin, manager->chacha20_poly1305_init);
    NOTE(chacha_seal, manager->chacha20_poly1305_enc_update);
    NOTE(chacha_open, manager->chacha20_poly1305_dec_update);
    NOTE(chacha_end, manager->chacha20_poly1305_finalize);
    if (has(manager, IMB_FEATURE_AESNI | IMB_FEATURE_PCLMULQDQ)) {
        flags |= CODE_FOR_AES;
    }
    if (has(manager, IMB_FEATURE_AVX2)) {
        flags |= CODE_FOR_CHACHA;
    }
    return flags;
}

static uint32_t find_code(void)
{
    uint32_t flags = CODE(flags);

    if (flags == 0) {
        IMB_MGR *manager = alloc_mb_mgr(0);

        if (manager == NULL) {
            return 0;
        }
        init_mb_mgr_auto(manager, NULL);
        flags = note(manager);
        free_mb_mgr(manager);
        atomic_store_explicit(&code.flags, flags, memory_order_release);
    }
    return flags;
}

/* In constant time. */
static bool is_equal(const uint8_t a[AVPNI_TAG_BYTES], const uint8_t b[AVPNI_TAG_BYTES])
{
    uint64_t x[2], y[2];

    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* ---- AES-256-GCM ---------------------------------------------------------------------------- */

static int32_t aes_is_available(void *user)
{
    (void)user;
    return (find_code() & CODE_FOR_AES) != 0;
}

static int32_t aes_set_key(void *user, void *state, const uint8_t *key)
{
    (void)user;
    CODE(gcm_set_key)(key, state);
    return 0;
}

static void aes_seal(void *user, void *state, uint8_t *text, size_t count, uint8_t *tag,
                     const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    struct gcm_context_data context;

    (void)user;
    CODE(gcm_seal)(state, &context, text, text, count, nonce, ad, ad_bytes, tag, AVPNI_TAG_BYTES);
}

static int32_t aes_open(void *user, void *state, uint8_t *text, size_t count, const uint8_t *tag,
                        const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    struct gcm_context_data context;
    uint8_t right[AVPNI_TAG_BYTES];

    (void)user;
    CODE(gcm_open)(state, &context, text, text, count, nonce, ad, ad_bytes, right, sizeof right);
    if (is_equal(right, tag)) {
        return 1;
    }
    CODE(gcm_seal)(state, &context, text, text, count, nonce, ad, ad_bytes, right, sizeof right);
    avpni_wipe(right, sizeof right); /* of this text it would be a forger's */
    return 0;
}

const struct avpn_aead avpni_aead_ipsec_mb_aes = {
    .size = sizeof(struct avpn_aead),
    .suite = AVPN_SUITE_AES_256_GCM,
    .name = "ipsec-mb",
    .state_align = GCM_KEY_ALIGN,
    .state_bytes = sizeof(struct gcm_key_data),
    .is_available = aes_is_available,
    .set_key = aes_set_key,
    .seal = aes_seal,
    .open = aes_open,
};

_Static_assert(sizeof(struct gcm_key_data) <= AVPNI_AEAD_STATE_LIMIT,
               "an SA's block would not hold the expanded key");

/* ---- ChaCha20-Poly1305 ------------------------------------------------------------------------ */

static int32_t chacha_is_available(void *user)
{
    (void)user;
    return (find_code() & CODE_FOR_CHACHA) != 0;
}

static int32_t chacha_set_key(void *user, void *state, const uint8_t *key)
{
    (void)user;
    memcpy(state, key, AVPNI_AEAD_KEY_BYTES);
    return 0;
}

static void chacha_seal(void *user, void *state, uint8_t *text, size_t count, uint8_t *tag,
                        const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    struct chacha20_poly1305_context_data context;

    (void)user;
    CODE(chacha_begin)(state, &context, nonce, ad, ad_bytes);
    CODE(chacha_seal)(state, &context, text, text, count);
    CODE(chacha_end)(&context, tag, AVPNI_TAG_BYTES);
}

static int32_t chacha_open(void *user, void *state, uint8_t *text, size_t count, const uint8_t *tag,
                           const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    struct chacha20_poly1305_context_data context;
    uint8_t right[AVPNI_TAG_BYTES];

    CODE(chacha_begin)(state, &context, nonce, ad, ad_bytes);
    CODE(chacha_open)(state, &context, text, text, count);
    CODE(chacha_end)(&context, right, sizeof right);
    if (is_equal(right, tag)) {
        return 1;
    }
    chacha_seal(user, state, text, count, right, ad, ad_bytes, nonce);
    avpni_wipe(right, sizeof right);
    return 0;
}

const struct avpn_aead avpni_aead_ipsec_mb_chacha = {
    .size = sizeof(struct avpn_aead),
    .suite = AVPN_SUITE_CHACHA20_POLY1305,
    .name = "ipsec-mb",
    .state_align = 1,
    .state_bytes = AVPNI_AEAD_KEY_BYTES,
    .is_available = chacha_is_available,
    .set_key = chacha_set_key,
    .seal = chacha_seal,
    .open = chacha_open,
};
