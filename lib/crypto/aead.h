/* SPDX-License-Identifier: ISC */
/*
 * aead: the provider seam of the packet path. A provider is a table of functions for one suite;
 * esp.c is the only caller. Adding a provider is adding one file and a line in aead.c.
 *
 * None of the functions allocates, fails for lack of anything, or branches on key or text.
 */
#ifndef AVPNI_CRYPTO_AEAD_H
#define AVPNI_CRYPTO_AEAD_H

#include <autovpn/sa.h>
#include <stdbool.h>

/* No provider asks for a stricter alignment: malloc's own, so that any allocator will do. */
#define AVPNI_AEAD_STATE_ALIGN_LIMIT 16

struct avpni_aead {
    const char *name; /* "libsodium" */
    uint8_t suite;
    size_t state_bytes; /* of the expanded key; a multiple of 8 */
    size_t state_align; /* a power of two, 1..AVPNI_AEAD_STATE_ALIGN_LIMIT */
    bool (*is_available)(void);
    void (*set_key)(void *state, const uint8_t key[32]);
    /* In place over text[0..count), tag of 16 bytes written to / read from `tag`. */
    void (*seal)(const void *state, uint8_t *text, size_t count, uint8_t tag[16],
                 const uint8_t *ad, size_t ad_bytes, const uint8_t nonce[12]);
    /* False: not genuine, text unchanged. */
    bool (*open)(const void *state, uint8_t *text, size_t count, const uint8_t tag[16],
                 const uint8_t *ad, size_t ad_bytes, const uint8_t nonce[12]);
};

/* The best available provider of a suite, or NULL. avpni_crypto_init has been called before. */
const struct avpni_aead *avpni_aead_find(uint8_t suite);
/* Every provider built in, for cross-checks: NULL-terminated. */
const struct avpni_aead *const *avpni_aead_all(void);

#endif
