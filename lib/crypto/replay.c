/* SPDX-License-Identifier: ISC */
/*
 * replay: a ring of 64-bit words, one bit a number, after RFC 6479.
 *
 * The word of a number is number / 64 modulo the words. Moving right clears whole words, never
 * shifts; the one word more than the window needs is what makes that right: while the highest
 * number is anywhere in its word, the `window` numbers up to it are all in words not yet cleared.
 */
#include "crypto/replay.h"

#include <string.h>

static uint64_t *word_of(const struct avpni_replay *replay, uint64_t number)
{
    return &replay->bits[number / 64 % replay->words];
}

static uint64_t bit_of(uint64_t number)
{
    return (uint64_t)1 << (number % 64);
}

void avpni_replay_init(struct avpni_replay *replay, uint64_t *bits, uint32_t window,
                       uint64_t highest)
{
    *replay = (struct avpni_replay){
        .highest = highest, .window = window, .words = AVPNI_REPLAY_WORDS(window), .bits = bits};
    /* What was received before a start with `highest` is not known: all of it counts as seen. */
    memset(bits, highest == 0 ? 0 : 0xff, replay->words * sizeof bits[0]);
    if (highest != 0) {
        *word_of(replay, highest) = bit_of(highest) | (bit_of(highest) - 1);
    }
}

bool avpni_replay_is_fresh(const struct avpni_replay *replay, uint64_t number)
{
    if (number > replay->highest) {
        return true;
    }
    if (number == 0 || replay->highest - number >= replay->window) {
        return false;
    }
    return (*word_of(replay, number) & bit_of(number)) == 0;
}

void avpni_replay_record(struct avpni_replay *replay, uint64_t number)
{
    if (number > replay->highest) {
        uint64_t ahead = number / 64 - replay->highest / 64;

        if (ahead >= replay->words) {
            memset(replay->bits, 0, replay->words * sizeof replay->bits[0]);
        } else {
            for (uint64_t i = 0; i < ahead; i++) {
                *word_of(replay, number - 64 * i) = 0;
            }
        }
        replay->highest = number;
    }
    *word_of(replay, number) |= bit_of(number);
}

/*
 * RFC 4303 A2.2. The low halves of the window's numbers are contiguous modulo 2^32. A low half
 * inside the window, or right of it before the next wrap, has the highest number's high half,
 * unless the wrap lies inside the window; what is left of the window must have wrapped.
 */
uint64_t avpni_replay_complete(const struct avpni_replay *replay, uint32_t low)
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
