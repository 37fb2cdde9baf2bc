/* SPDX-License-Identifier: ISC */
/* random: the randomness seam and the jitter stream. State is the caller's. */
#include "base/random.h"

#include <stdbool.h>
#include <string.h>

void avpni_random_init(struct avpni_random *random, const struct avpn_host *host,
                       int32_t (*fallback)(void *user, uint8_t *bytes, size_t count))
{
    bool is_given = host != NULL && host->random != NULL;

    random->user = is_given ? host->user : NULL;
    random->fill = is_given ? host->random : fallback;
}

int32_t avpni_random_fill(const struct avpni_random *random, uint8_t *bytes, size_t count)
{
    if (random->fill(random->user, bytes, count) < 0) {
        /* Half-random bytes must not pass for a key somewhere. */
        memset(bytes, 0, count);
        return AVPN_ERROR_RANDOM;
    }
    return AVPN_OK;
}

uint64_t avpni_jitter_seed(const uint8_t bytes[AVPNI_JITTER_SEED])
{
    uint64_t seed = 0;

    for (size_t i = 0; i < AVPNI_JITTER_SEED; i++) {
        seed |= (uint64_t)bytes[i] << (8 * i);
    }
    return seed;
}

uint64_t avpni_jitter_next(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

avpn_span avpni_jitter_span(uint64_t *state, avpn_span span)
{
    avpn_span half = span / 8;

    if (half <= 0) {
        return span;
    }
    return span - half + (avpn_span)(avpni_jitter_next(state) % (2 * (uint64_t)half));
}
