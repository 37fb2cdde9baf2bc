/* SPDX-License-Identifier: ISC */
/*
 * aead_test: what a provider must do before a packet is trusted to it. Short, for it runs when a program starts: published vectors;
 * fixed texts of sizes that take every branch a vectorized implementation may have, told by their tags alone, which two
 * independent libraries agree on; and a random packet, opened and refused.
 */
#include "crypto/aead.h"
#include "crypto/box.h"

#include "base/memory.h"
#include "base/sized.h"
#include <string.h>

#define NONCE_BYTES 12
#define TEXT_LIMIT 1400
#define GUARD_BYTES 64 /* behind the state: not the provider's */
#define GUARD 0xee

struct vector {
    const uint8_t *key, *nonce, *ad, *text, *sealed;
    uint16_t ad_bytes, bytes;
};

/* One provider under test, with its key. */
struct trial {
    const struct avpn_aead *aead;
    uint8_t *state; /* in room, aligned to what the provider asks for and no better */
    _Alignas(AVPN_AEAD_ALIGN) uint8_t room[AVPN_AEAD_ALIGN + AVPNI_AEAD_STATE_LIMIT + GUARD_BYTES];
    uint8_t text[TEXT_LIMIT + AVPNI_TAG_BYTES];
};

/* ---- published vectors ------------------------------------------------------------------------ */

/* "The Galois/Counter Mode of Operation" (McGrew, Viega), test case 16. */
static const uint8_t gcm_key[] = {0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65, 0x73, 0x1c, 0x6d, 0x6a, 0x8f,
                                  0x94, 0x67, 0x30, 0x83, 0x08, 0xfe, 0xff, 0xe9, 0x92, 0x86, 0x65,
                                  0x73, 0x1c, 0x6d, 0x6a, 0x8f, 0x94, 0x67, 0x30, 0x83, 0x08};
static const uint8_t gcm_nonce[] = {0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce,
                                    0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88};
static const uint8_t gcm_ad[] = {0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed,
                                 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad, 0xda, 0xd2};
static const uint8_t gcm_text[] = {
    0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26,
    0x9a, 0x86, 0xa7, 0xa9, 0x53, 0x15, 0x34, 0xf7, 0xda, 0x2e, 0x4c, 0x30, 0x3d, 0x8a, 0x31,
    0x8a, 0x72, 0x1c, 0x3c, 0x0c, 0x95, 0x95, 0x68, 0x09, 0x53, 0x2f, 0xcf, 0x0e, 0x24, 0x49,
    0xa6, 0xb5, 0x25, 0xb1, 0x6a, 0xed, 0xf5, 0xaa, 0x0d, 0xe6, 0x57, 0xba, 0x63, 0x7b, 0x39};
static const uint8_t gcm_sealed[] = {
    0x52, 0x2d, 0xc1, 0xf0, 0x99, 0x56, 0x7d, 0x07, 0xf4, 0x7f, 0x37, 0xa3, 0x2a, 0x84, 0x42, 0x7d,
    0x64, 0x3a, 0x8c, 0xdc, 0xbf, 0xe5, 0xc0, 0xc9, 0x75, 0x98, 0xa2, 0xbd, 0x25, 0x55, 0xd1, 0xaa,
    0x8c, 0xb0, 0x8e, 0x48, 0x59, 0x0d, 0xbb, 0x3d, 0xa7, 0xb0, 0x8b, 0x10, 0x56, 0x82, 0x88, 0x38,
    0xc5, 0xf6, 0x1e, 0x63, 0x93, 0xba, 0x7a, 0x0a, 0xbc, 0xc9, 0xf6, 0x62, 0x76, 0xfc, 0x6e, 0xce,
    0x0f, 0x4e, 0x17, 0x68, 0xcd, 0xdf, 0x88, 0x53, 0xbb, 0x2d, 0x55, 0x1b};

/* RFC 8439 2.8.2. */
static const uint8_t chacha_key[] = {
    0x80, 0x81, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8d, 0x8e, 0x8f,
    0x90, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f};
static const uint8_t chacha_nonce[] = {0x07, 0x00, 0x00, 0x00, 0x40, 0x41,
                                       0x42, 0x43, 0x44, 0x45, 0x46, 0x47};
static const uint8_t chacha_ad[] = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1,
                                    0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
static const char chacha_text[] = "Ladies and Gentlemen of the class of '99: If I could offer you "
                                  "only one tip for the future, sunscreen would be it.";
static const uint8_t chacha_sealed[] = {
    0xd3, 0x1a, 0x8d, 0x34, 0x64, 0x8e, 0x60, 0xdb, 0x7b, 0x86, 0xaf, 0xbc, 0x53, 0xef, 0x7e,
    0xc2, 0xa4, 0xad, 0xed, 0x51, 0x29, 0x6e, 0x08, 0xfe, 0xa9, 0xe2, 0xb5, 0xa7, 0x36, 0xee,
    0x62, 0xd6, 0x3d, 0xbe, 0xa4, 0x5e, 0x8c, 0xa9, 0x67, 0x12, 0x82, 0xfa, 0xfb, 0x69, 0xda,
    0x92, 0x72, 0x8b, 0x1a, 0x71, 0xde, 0x0a, 0x9e, 0x06, 0x0b, 0x29, 0x05, 0xd6, 0xa5, 0xb6,
    0x7e, 0xcd, 0x3b, 0x36, 0x92, 0xdd, 0xbd, 0x7f, 0x2d, 0x77, 0x8b, 0x8c, 0x98, 0x03, 0xae,
    0xe3, 0x28, 0x09, 0x1b, 0x58, 0xfa, 0xb3, 0x24, 0xe4, 0xfa, 0xd6, 0x75, 0x94, 0x55, 0x85,
    0x80, 0x8b, 0x48, 0x31, 0xd7, 0xbc, 0x3f, 0xf4, 0xde, 0xf0, 0x8e, 0x4b, 0x7a, 0x9d, 0xe5,
    0x76, 0xd2, 0x65, 0x86, 0xce, 0xc6, 0x4b, 0x61, 0x16, 0x1a, 0xe1, 0x0b, 0x59, 0x4f, 0x09,
    0xe2, 0x6a, 0x7e, 0x90, 0x2e, 0xcb, 0xd0, 0x60, 0x06, 0x91};

static const struct vector vectors[AVPNI_AEAD_SUITES] = {
    [AVPN_SUITE_AES_256_GCM] = {gcm_key, gcm_nonce, gcm_ad, gcm_text, gcm_sealed, sizeof gcm_ad,
                                sizeof gcm_text},
    [AVPN_SUITE_CHACHA20_POLY1305] = {chacha_key, chacha_nonce, chacha_ad,
                                      (const uint8_t *)chacha_text, chacha_sealed, sizeof chacha_ad,
                                      sizeof chacha_text - 1},
};

static int32_t set_key(struct trial *trial, const uint8_t *key)
{
    const struct avpn_aead *aead = trial->aead;

    memset(trial->state + aead->state_bytes, GUARD, GUARD_BYTES);
    return aead->set_key(aead->user, trial->state, key) == 0 ? AVPN_OK : AVPN_ERROR_MEMORY;
}

/* AVPN_ERROR_ARGUMENT: the provider wrote beyond the state it asked for. */
static int32_t clear_key(struct trial *trial)
{
    const struct avpn_aead *aead = trial->aead;
    uint8_t wrong = 0;

    avpni_aead_clear(aead, trial->state);
    avpni_wipe(trial->state, (size_t)aead->state_bytes);
    for (size_t i = 0; i < GUARD_BYTES; i++) {
        wrong |= trial->state[aead->state_bytes + i] ^ GUARD;
    }
    return wrong == 0 ? AVPN_OK : AVPN_ERROR_ARGUMENT;
}

static void seal(struct trial *trial, size_t bytes, const uint8_t *ad, size_t ad_bytes,
                 const uint8_t *nonce)
{
    const struct avpn_aead *aead = trial->aead;

    aead->seal(aead->user, trial->state, trial->text, bytes, trial->text + bytes, ad, ad_bytes,
               nonce);
}

static bool open_sealed(struct trial *trial, size_t bytes, const uint8_t *ad, size_t ad_bytes,
                        const uint8_t *nonce)
{
    const struct avpn_aead *aead = trial->aead;

    return aead->open(aead->user, trial->state, trial->text, bytes, trial->text + bytes, ad,
                      ad_bytes, nonce) == 1;
}

static int32_t try_vector(struct trial *trial)
{
    const struct vector *v = &vectors[trial->aead->suite];
    int32_t error = set_key(trial, v->key);
    bool is_right;

    if (error != AVPN_OK) {
        return error;
    }
    memcpy(trial->text, v->text, v->bytes);
    seal(trial, v->bytes, v->ad, v->ad_bytes, v->nonce);
    is_right = memcmp(trial->text, v->sealed, (size_t)v->bytes + AVPNI_TAG_BYTES) == 0 &&
               open_sealed(trial, v->bytes, v->ad, v->ad_bytes, v->nonce) &&
               memcmp(trial->text, v->text, v->bytes) == 0;
    error = clear_key(trial);
    return error != AVPN_OK || is_right ? error : AVPN_ERROR_AUTH;
}

/* ---- fixed texts --------------------------------------------------------------------------------- */

struct tag {
    uint16_t bytes;
    uint8_t tag[AVPNI_AEAD_SUITES][AVPNI_TAG_BYTES];
};

static const struct tag tags[] = {
    {0,
     {{0},
      {0x92, 0x61, 0xa2, 0x99, 0x45, 0xdd, 0x38, 0x97, 0xd3, 0xef, 0x1b, 0x5b, 0x74, 0xd0, 0x68,
       0x42},
      {0xdb, 0x31, 0x3d, 0x4d, 0x48, 0x14, 0x75, 0x66, 0x58, 0x99, 0x01, 0xc3, 0x73, 0xc3, 0xb2,
       0x1c}}},
    {1,
     {{0},
      {0xdc, 0x35, 0x22, 0x42, 0x92, 0x8e, 0x13, 0xdd, 0x7a, 0xcc, 0x9b, 0x48, 0x7a, 0x90, 0x2e,
       0xc7},
      {0xbf, 0xd4, 0xc7, 0x98, 0x7b, 0x80, 0x25, 0x70, 0xb3, 0x29, 0xf7, 0x5b, 0xf5, 0x7c, 0xfe,
       0x58}}},
    {257,
     {{0},
      {0x7f, 0xe4, 0x23, 0x0a, 0x97, 0x32, 0x53, 0xc4, 0x74, 0xe9, 0x19, 0xd7, 0x75, 0x17, 0xf5,
       0x84},
      {0x2a, 0x71, 0xd6, 0xac, 0x27, 0x18, 0xa2, 0x76, 0x1f, 0x49, 0x69, 0x46, 0x2c, 0x26, 0x9a,
       0x1e}}},
    {1400,
     {{0},
      {0x78, 0x15, 0x1e, 0x64, 0x28, 0x26, 0xff, 0x50, 0xcb, 0xda, 0xec, 0x00, 0x91, 0xaa, 0xf3,
       0x5b},
      {0x61, 0x6f, 0x3a, 0xbe, 0xf2, 0x16, 0xb6, 0xb5, 0x00, 0xbe, 0x08, 0x62, 0x83, 0xe8, 0x92,
       0xba}}},
};

/* Counting bytes, as those from which the tags were made. */
static void count_up(uint8_t *out, size_t bytes, uint8_t first)
{
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(first + i);
    }
}

static void fill_text(uint8_t *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        text[i] = (uint8_t)(i * 7 + (i >> 8));
    }
}

static int32_t try_tags(struct trial *trial)
{
    uint8_t key[AVPNI_AEAD_KEY_BYTES], nonce[NONCE_BYTES], ad[12];
    bool is_right = true;
    int32_t error;

    count_up(key, sizeof key, 0);
    count_up(nonce, sizeof nonce, 100);
    count_up(ad, sizeof ad, 200);
    error = set_key(trial, key);
    if (error != AVPN_OK) {
        return error;
    }
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        size_t bytes = tags[i].bytes;

        fill_text(trial->text, bytes);
        seal(trial, bytes, ad, sizeof ad, nonce);
        is_right = is_right && memcmp(trial->text + bytes, tags[i].tag[trial->aead->suite],
                                      AVPNI_TAG_BYTES) == 0;
    }
    error = clear_key(trial);
    return error != AVPN_OK || is_right ? error : AVPN_ERROR_AUTH;
}

/* ---- a random packet ------------------------------------------------------------------------------ */

/* A bit of `place` flipped: refused, and the text left as it was. */
static bool refuses(struct trial *trial, size_t bytes, uint8_t *place, const uint8_t *ad,
                    const uint8_t *nonce)
{
    uint8_t before[TEXT_LIMIT + AVPNI_TAG_BYTES];
    bool is_refused;

    *place ^= 4;
    memcpy(before, trial->text, bytes + AVPNI_TAG_BYTES);
    is_refused = !open_sealed(trial, bytes, ad, 12, nonce) &&
                 memcmp(before, trial->text, bytes + AVPNI_TAG_BYTES) == 0;
    *place ^= 4;
    return is_refused;
}

static int32_t try_random(struct trial *trial)
{
    struct {
        uint8_t key[AVPNI_AEAD_KEY_BYTES], nonce[NONCE_BYTES], ad[12], text[333];
    } packet;
    const size_t bytes = sizeof packet.text;
    uint8_t *text = trial->text;
    bool is_right;
    int32_t error;

    avpni_crypto_random(NULL, (uint8_t *)&packet, sizeof packet);
    error = set_key(trial, packet.key);
    if (error != AVPN_OK) {
        return error;
    }
    memcpy(text, packet.text, bytes);
    seal(trial, bytes, packet.ad, sizeof packet.ad, packet.nonce);
    is_right = refuses(trial, bytes, text + 200, packet.ad, packet.nonce) &&
               refuses(trial, bytes, text + bytes, packet.ad, packet.nonce) &&
               refuses(trial, bytes, text + bytes + 15, packet.ad, packet.nonce) &&
               refuses(trial, bytes, packet.ad + 3, packet.ad, packet.nonce) &&
               refuses(trial, bytes, packet.nonce + 11, packet.ad, packet.nonce) &&
               open_sealed(trial, bytes, packet.ad, sizeof packet.ad, packet.nonce) &&
               memcmp(text, packet.text, bytes) == 0;
    error = clear_key(trial);
    return error != AVPN_OK || is_right ? error : AVPN_ERROR_AUTH;
}

/* ---- the whole ------------------------------------------------------------------------------------- */

bool avpni_aead_is_sound(const struct avpn_aead *aead)
{
    return avpni_take_in_place(sizeof *aead, aead, AVPNI_FIRST_AEAD) && aead->name != NULL &&
           (aead->suite == AVPN_SUITE_AES_256_GCM || aead->suite == AVPN_SUITE_CHACHA20_POLY1305) &&
           (aead->flags & ~AVPN_AEAD_EXCLUSIVE) == 0 && aead->state_align >= 1 &&
           aead->state_align <= AVPN_AEAD_ALIGN &&
           (aead->state_align & (aead->state_align - 1)) == 0 && aead->state_bytes >= 1 &&
           aead->state_bytes <= AVPNI_AEAD_STATE_LIMIT && aead->set_key != NULL &&
           aead->seal != NULL && aead->open != NULL;
}

int32_t avpn_aead_test(const struct avpn_aead *aead)
{
    struct trial trial;
    int32_t error;

    if (!avpni_aead_is_sound(aead)) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (avpni_crypto_init() < 0 ||
        (aead->is_available != NULL && aead->is_available(aead->user) != 1)) {
        return AVPN_ERROR_STATE;
    }
    trial.aead = aead;
    trial.state = trial.room + aead->state_align;
    error = try_vector(&trial);
    if (error == AVPN_OK) {
        error = try_tags(&trial);
    }
    return error == AVPN_OK ? try_random(&trial) : error;
}
