/* SPDX-License-Identifier: ISC */
/*
 * fake_aead: a host's provider of ChaCha20-Poly1305 that lives in a test: libsodium's, counted, and with a defect if wanted.
 */
#ifndef AUTOVPN_TESTS_FAKE_AEAD_H
#define AUTOVPN_TESTS_FAKE_AEAD_H

#include "crypto/providers.h"

#include <stdatomic.h>
#include <string.h>

enum fake_defect {
    FAKE_SOUND,
    FAKE_NOT_HERE,             /* the processor lacks something */
    FAKE_NO_MEMORY,            /* set_key fails */
    FAKE_WRONG_TAG,
    FAKE_WRONG_ABOVE_1024,     /* right for small packets */
    FAKE_LEAVES_TEXT,          /* a tag, but nothing encrypted */
    FAKE_IGNORES_AD,
    FAKE_OPENS_ANYTHING,
    FAKE_OPENS_NOTHING,
    FAKE_IGNORES_TAG_BEGIN, /* the first half of it */
    FAKE_IGNORES_TAG_END,
    FAKE_WRITES_ON_FAILURE,
    FAKE_WRITES_BEYOND_STATE,
};

struct fake {
    enum fake_defect defect;
    _Atomic uint32_t keys, cleared, seals, opens;
    atomic_bool is_busy; /* a call is going on */
    _Atomic uint32_t overlaps;
};

struct fake_state {
    uint8_t key[32];
};

static int32_t fake_is_available(void *user)
{
    return ((struct fake *)user)->defect != FAKE_NOT_HERE;
}

static int32_t fake_set_key(void *user, void *state, const uint8_t *key)
{
    struct fake *fake = user;
    struct fake_state *own = state;

    if (fake->defect == FAKE_NO_MEMORY)
        return -1;
    memcpy(own->key, key, 32);
    if (fake->defect == FAKE_WRITES_BEYOND_STATE)
        ((uint8_t *)state)[sizeof *own] = 0;
    fake->keys++;
    return 0;
}

static void fake_clear_key(void *user, void *state)
{
    (void)state;
    ((struct fake *)user)->cleared++;
}

static void fake_enter(struct fake *fake)
{
    if (atomic_exchange(&fake->is_busy, true))
        fake->overlaps++;
}

static void fake_leave(struct fake *fake)
{
    atomic_store(&fake->is_busy, false);
}

static void fake_seal(void *user, void *state, uint8_t *text, size_t count, uint8_t *tag,
                      const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    struct fake *fake = user;
    uint8_t first = count > 0 ? text[0] : 0;

    fake_enter(fake);
    fake->seals++;
    if (fake->defect == FAKE_IGNORES_AD)
        ad_bytes = 0;
    avpni_aead_sodium_chacha.seal(NULL, state, text, count, tag, ad, ad_bytes, nonce);
    if (fake->defect == FAKE_WRONG_TAG || (fake->defect == FAKE_WRONG_ABOVE_1024 && count > 1024))
        tag[15] ^= 1;
    if (fake->defect == FAKE_LEAVES_TEXT && count > 0)
        text[0] = first;
    fake_leave(fake);
}

static int32_t fake_open(void *user, void *state, uint8_t *text, size_t count, const uint8_t *tag,
                         const uint8_t *ad, size_t ad_bytes, const uint8_t *nonce)
{
    struct fake *fake = user;
    int32_t is_genuine;

    fake_enter(fake);
    fake->opens++;
    if (fake->defect == FAKE_IGNORES_AD)
        ad_bytes = 0;
    is_genuine = avpni_aead_sodium_chacha.open(NULL, state, text, count, tag, ad, ad_bytes, nonce);
    if (fake->defect == FAKE_OPENS_NOTHING)
        is_genuine = 0;
    if (!is_genuine && count > 0 && fake->defect == FAKE_WRITES_ON_FAILURE)
        text[count - 1] ^= 1;
    if (!is_genuine && fake->defect == FAKE_OPENS_ANYTHING)
        is_genuine = 1;
    if (fake->defect == FAKE_IGNORES_TAG_BEGIN || fake->defect == FAKE_IGNORES_TAG_END) {
        uint32_t half = fake->defect == FAKE_IGNORES_TAG_END ? 8 : 0;
        uint8_t right[16];

        /* One wrong bit in that half goes through. */
        for (uint32_t bit = 0; bit < 64 && !is_genuine; bit++) {
            memcpy(right, tag, 16);
            right[half + bit / 8] ^= (uint8_t)(1 << bit % 8);
            is_genuine =
                avpni_aead_sodium_chacha.open(NULL, state, text, count, right, ad, ad_bytes, nonce);
        }
    }
    fake_leave(fake);
    return is_genuine;
}

static inline struct avpn_aead fake_aead(struct fake *fake)
{
    return (struct avpn_aead){.size = sizeof(struct avpn_aead),
                              .suite = AVPN_SUITE_CHACHA20_POLY1305,
                              .name = "fake",
                              .state_align = 1,
                              .state_bytes = sizeof(struct fake_state),
                              .user = fake,
                              .is_available = fake_is_available,
                              .set_key = fake_set_key,
                              .clear_key = fake_clear_key,
                              .seal = fake_seal,
                              .open = fake_open};
}

#endif
