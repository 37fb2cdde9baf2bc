/* SPDX-License-Identifier: ISC */
/*
 * checksum: one's complement sums of 16-bit words.
 *
 * A one's complement sum does not depend on the order of bytes but for a swap at the end, nor on how wide the words are that are added
 * (RFC 1071, 2). So bytes are added as 32-bit words of this machine, in lanes of 64 bits, which nothing overflows that fits into memory;
 * the lanes are vectors of the compiler, and become whatever the processor has.
 */
#include "inner/checksum.h"

#include "inner/bytes.h"
#include <string.h>

#define LANES 4u

typedef uint64_t lanes __attribute__((vector_size(LANES * 8)));

uint16_t avpni_sum_fold(uint64_t sum)
{
    sum = (sum & 0xFFFFFFFF) + (sum >> 32);
    sum = (sum & 0xFFFF) + (sum >> 16);
    sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)((sum & 0xFFFF) + (sum >> 16));
}

/* This machine's words to network order. */
static uint64_t as_network(uint64_t sum)
{
    uint16_t word = avpni_sum_fold(sum);
    uint8_t bytes[2];

    memcpy(bytes, &word, 2);
    return avpni_word_at(bytes);
}

/* Fewer bytes than fill the lanes. */
static uint64_t add_rest(uint64_t sum, const uint8_t *bytes, size_t count)
{
    uint32_t word;

    for (; count >= 4; bytes += 4, count -= 4) {
        memcpy(&word, bytes, 4);
        sum += word;
    }
    word = 0;
    memcpy(&word, bytes, count);
    return sum + word;
}

static uint64_t lanes_sum(const lanes *even, const lanes *odd)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < LANES; i++)
        sum += (*even)[i] + (*odd)[i];
    return sum;
}

uint64_t avpni_sum_add(uint64_t sum, const uint8_t *bytes, size_t count)
{
    lanes even = {0}, odd = {0};

    for (; count >= sizeof(lanes); bytes += sizeof(lanes), count -= sizeof(lanes)) {
        lanes words;

        memcpy(&words, bytes, sizeof words);
        even += words & 0xFFFFFFFF;
        odd += words >> 32;
    }
    return sum + as_network(add_rest(lanes_sum(&even, &odd), bytes, count));
}

uint64_t avpni_sum_copy(uint64_t sum, uint8_t *to, const uint8_t *from, size_t count)
{
    lanes even = {0}, odd = {0};

    for (; count >= sizeof(lanes);
         to += sizeof(lanes), from += sizeof(lanes), count -= sizeof(lanes)) {
        lanes words;

        memcpy(&words, from, sizeof words);
        memcpy(to, &words, sizeof words);
        even += words & 0xFFFFFFFF;
        odd += words >> 32;
    }
    memcpy(to, from, count);
    return sum + as_network(add_rest(lanes_sum(&even, &odd), from, count));
}

uint16_t avpni_sum_finish(uint64_t sum)
{
    return (uint16_t)~avpni_sum_fold(sum);
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
