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

void avpni_replay_init(struct avpni_replay *replay, uint64_t *bits, uint32_t window,
                       uint64_t highest)
{
    *replay = (struct avpni_replay){
        .highest = highest, .window = window, .words = AVPNI_REPLAY_WORDS(window), .bits = bits};
    /* What was received before a start with `highest` is not known: all of it counts as seen. */
    memset(bits, highest == 0 ? 0 : 0xff, replay->words * sizeof bits[0]);
    if (highest != 0) {
        *avpni_replay_word(replay, highest) =
            avpni_replay_bit(highest) | (avpni_replay_bit(highest) - 1);
    }
}

void avpni_replay_record(struct avpni_replay *replay, uint64_t number)
{
    if (number > replay->highest) {
        uint64_t ahead = number / 64 - replay->highest / 64;

        if (ahead >= replay->words) {
            memset(replay->bits, 0, replay->words * sizeof replay->bits[0]);
        } else {
            for (uint64_t i = 0; i < ahead; i++) {
                *avpni_replay_word(replay, number - 64 * i) = 0;
            }
        }
        replay->highest = number;
    }
    *avpni_replay_word(replay, number) |= avpni_replay_bit(number);
}
