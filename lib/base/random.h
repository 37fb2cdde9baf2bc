/* SPDX-License-Identifier: ISC */
/*
 * random: the host's randomness seam, and a small deterministic generator for what
 * needs no secrecy (jitter of timers).
 */
#ifndef AVPNI_BASE_RANDOM_H
#define AVPNI_BASE_RANDOM_H

#include <autovpn/host.h>

struct avpni_random {
    void *user;
    int32_t (*fill)(void *user, uint8_t *bytes, size_t count);
};

/* From a host; `fallback` (crypto's) is used where the host has none. */
void avpni_random_init(struct avpni_random *random, const struct avpn_host *host,
                       int32_t (*fallback)(void *user, uint8_t *bytes, size_t count));
/* AVPN_ERROR_RANDOM: the host could not; `bytes` are then zero. */
int32_t avpni_random_fill(const struct avpni_random *random, uint8_t *bytes, size_t count);

/* Where a stream begins, from random bytes; the same on machines of either byte order. */
#define AVPNI_JITTER_SEED 8
uint64_t avpni_jitter_seed(const uint8_t bytes[AVPNI_JITTER_SEED]);
/* splitmix64: next value of a non-secret stream. */
uint64_t avpni_jitter_next(uint64_t *state);
/* A span in [span - span/8, span + span/8). */
avpn_span avpni_jitter_span(uint64_t *state, avpn_span span);

#endif
