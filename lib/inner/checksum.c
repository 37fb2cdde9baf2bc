/* SPDX-License-Identifier: ISC */
/*
 * checksum: one's complement sums of 16-bit words.
 *
 * Sums are kept in 64 bits and folded at the end: a packet has at most 2^15 words, so nothing overflows.
 */
#include "inner/checksum.h"

#include "inner/bytes.h"

static uint16_t fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)sum;
}

uint64_t avpni_sum_add(uint64_t sum, const uint8_t *bytes, size_t count)
{
    size_t even = count & ~(size_t)1;

    for (size_t i = 0; i < even; i += 2)
        sum += avpni_word_at(bytes + i);
    return even == count ? sum : sum + ((uint64_t)bytes[even] << 8);
}

uint16_t avpni_sum_finish(uint64_t sum)
{
    return (uint16_t)~fold(sum);
}

/* HC' = ~(~HC + ~m + m'): unlike equation 4 it never makes a zero that means "none" out of a sum that is not. */
void avpni_checksum_adjust(uint8_t field[2], const uint8_t *before, const uint8_t *after,
                           size_t count)
{
    uint64_t sum = (uint16_t)~avpni_word_at(field);

    for (size_t i = 0; i + 1 < count; i += 2) {
        sum += (uint16_t)~avpni_word_at(before + i);
        sum += avpni_word_at(after + i);
    }
    avpni_word_put(field, avpni_sum_finish(sum));
}
