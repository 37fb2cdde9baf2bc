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
/* Record a number for which is_fresh is true. */
void avpni_replay_record(struct avpni_replay *replay, uint64_t number);

static inline uint64_t *avpni_replay_word(const struct avpni_replay *replay, uint64_t number)
{
    return &replay->bits[number / 64 % replay->words];
}

static inline uint64_t avpni_replay_bit(uint64_t number)
{
    return (uint64_t)1 << (number % 64);
}

/* Neither seen, nor left of the window, nor 0. */
static inline bool avpni_replay_is_fresh(const struct avpni_replay *replay, uint64_t number)
{
    if (number > replay->highest) {
        return true;
    }
    if (number == 0 || replay->highest - number >= replay->window) {
        return false;
    }
    return (*avpni_replay_word(replay, number) & avpni_replay_bit(number)) == 0;
}

/*
 * The 64-bit number the low 32 bits most plausibly stand for: RFC 4303 A2.2. The low halves of the window's numbers are
 * contiguous modulo 2^32. A low half inside the window, or right of it before the next wrap, has the highest number's high half,
 * unless the wrap lies inside the window; what is left of the window must have wrapped.
 */
static inline uint64_t avpni_replay_complete(const struct avpni_replay *replay, uint32_t low)
{
    uint32_t top = (uint32_t)replay->highest, high = (uint32_t)(replay->highest >> 32);
    uint32_t bottom = top - (replay->window - 1); /* wraps on purpose */

    if (top >= replay->window - 1) {
        high += low < bottom; /* beyond the last high half this gives an old number: refused */
    } else if (low >= bottom && high > 0) {
        high--;
    }
    return (uint64_t)high << 32 | low;
}

#endif
