/* SPDX-License-Identifier: ISC */
/*
 * aead: the provider seam of the packet path; the table itself is public (autovpn/aead.h). esp.c is the only caller of seal and
 * open. Adding a provider is adding one file, a line in providers.h and one in aead.c.
 */
#ifndef AVPNI_CRYPTO_AEAD_H
#define AVPNI_CRYPTO_AEAD_H

#include <autovpn/aead.h>
#include <autovpn/sa.h>
#include <stdbool.h>

#define AVPNI_AEAD_SUITES 3 /* an array by enum avpn_suite */
#define AVPNI_AEAD_KEY_BYTES 32
#define AVPNI_AEAD_STATE_LIMIT 8192 /* of state_bytes */

/* The table does not contradict itself: what is needed is there and within its limits. */
bool avpni_aead_is_sound(const struct avpn_aead *aead);
/* As avpn_aead_test, but a provider of the build is tested once in the life of the process. Any thread. */
int32_t avpni_aead_judge(const struct avpn_aead *aead);
/* Has the provider release what it holds for a key. The state itself is the caller's to wipe. */
static inline void avpni_aead_clear(const struct avpn_aead *aead, void *state)
{
    if (aead->clear_key != NULL)
        aead->clear_key(aead->user, state);
}

/*
 * What an engine encrypts a suite with: the first of `own` (NULL-terminated, or NULL) that passes its test, else the first of the
 * build that does. NULL: the suite is not available.
 */
const struct avpn_aead *avpni_aead_choose(const struct avpn_aead *const *own, uint8_t suite);

#endif
