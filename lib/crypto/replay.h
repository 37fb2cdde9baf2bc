/* SPDX-License-Identifier: ISC */
/*
 * replay: the sliding window of RFC 6479 over 64-bit numbers, and the guess of RFC 4303
 * A2.2 that completes a 32-bit number from the wire to 64 bits.
 *
 * The bitmap is the caller's: `window` / 64 + 1 words. Check first, update only after the packet
 * has proved genuine.
 */
#ifndef AVPNI_CRYPTO_REPLAY_H
#define AVPNI_CRYPTO_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#define AVPNI_REPLAY_WINDOW_DEFAULT 2048
#define AVPNI_REPLAY_WORDS(window) ((window) / 64 + 1)

struct avpni_replay {
    uint64_t highest; /* 0: nothing received */
    uint32_t window;  /* packets; a multiple of 64 */
    uint32_t words;   /* AVPNI_REPLAY_WORDS(window); need not be a power of two */
    uint64_t *bits;
};

/* Everything up to `highest` counts as received. */
void avpni_replay_init(struct avpni_replay *replay, uint64_t *bits, uint32_t window,
                       uint64_t highest);
/* Neither seen, nor left of the window, nor 0. */
bool avpni_replay_is_fresh(const struct avpni_replay *replay, uint64_t number);
/* Record a number for which is_fresh is true. */
void avpni_replay_record(struct avpni_replay *replay, uint64_t number);
/* The 64-bit number the low 32 bits most plausibly stand for. */
uint64_t avpni_replay_complete(const struct avpni_replay *replay, uint32_t low);

#endif
