/* SPDX-License-Identifier: ISC */
/*
 * checksum: one's complement sums of 16-bit words.
 *
 * A one's complement sum does not depend on the order of bytes but for a swap at the end, nor on how wide the words are that are added
 * (RFC 1071, 2). So bytes are added as 32-bit words of this machine in lanes of 64 bits, which nothing overflows that fits into memory.
 * The lanes are vectors of the compiler: as wide as every processor of the kind has them, or as wide as AVX2 has them, which
 * is asked for once for each sum.
 */
#include "inner/checksum.h"

#include "inner/bytes.h"
#include <string.h>

typedef uint64_t narrow __attribute__((vector_size(16)));
#define BLOCK(vector_) (2 * sizeof(vector_)) /* two at a time keep the adders busy */

#if defined(__x86_64__)
#define HAS_WIDE 1
typedef uint64_t wide __attribute__((vector_size(32)));
#else
#define HAS_WIDE 0
#endif

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

/* The body of a function that adds up `blocks` of BLOCK(vector_), and copies them unless `to` is NULL. */
#define SUM_BLOCKS(vector_, to_, from_, blocks_)                                                   \
    vector_ a, b, low_a = {0}, low_b = {0}, high_a = {0}, high_b = {0};                            \
    uint64_t sum = 0;                                                                              \
                                                                                                   \
    for (; (blocks_) > 0; (blocks_)--, (from_) += BLOCK(vector_)) {                                \
        memcpy(&a, (from_), sizeof a);                                                             \
        memcpy(&b, (from_) + sizeof a, sizeof b);                                                  \
        if ((to_) != NULL) {                                                                       \
            memcpy((to_), &a, sizeof a);                                                           \
            memcpy((to_) + sizeof a, &b, sizeof b);                                                \
            (to_) += BLOCK(vector_);                                                               \
        }                                                                                          \
        low_a += a & 0xFFFFFFFF;                                                                   \
        low_b += b & 0xFFFFFFFF;                                                                   \
        high_a += a >> 32;                                                                         \
        high_b += b >> 32;                                                                         \
    }                                                                                              \
    low_a += low_b + high_a + high_b;                                                              \
    for (size_t i = 0; i < sizeof(vector_) / sizeof(uint64_t); i++)                                \
        sum += low_a[i];                                                                           \
    return sum

static uint64_t sum_narrow(uint8_t *to, const uint8_t *from, size_t blocks)
{
    SUM_BLOCKS(narrow, to, from, blocks);
}

#if HAS_WIDE
__attribute__((target("avx2"))) static uint64_t sum_wide(uint8_t *to, const uint8_t *from,
                                                         size_t blocks)
{
    SUM_BLOCKS(wide, to, from, blocks);
}
#endif

/* What fills no block. */
static uint64_t sum_rest(const uint8_t *bytes, size_t count)
{
    uint64_t sum = 0, words;
    uint32_t word = 0;

    for (; count >= 8; bytes += 8, count -= 8) {
        memcpy(&words, bytes, 8);
        sum += (words & 0xFFFFFFFF) + (words >> 32);
    }
    if (count >= 4) {
        memcpy(&word, bytes, 4);
        sum += word;
        bytes += 4;
        count -= 4;
        word = 0;
    }
    for (size_t i = 0; i < count; i++)
        memcpy((uint8_t *)&word + i, bytes + i, 1);
    return sum + word;
}

static uint64_t add(uint64_t sum, uint8_t *to, const uint8_t *from, size_t count)
{
    uint64_t own = 0;
    size_t done = 0;

#if HAS_WIDE
    if (count >= BLOCK(wide) && __builtin_cpu_supports("avx2")) {
        done = count - count % BLOCK(wide);
        own = sum_wide(to, from, count / BLOCK(wide));
    } else
#endif
        if (count >= BLOCK(narrow)) {
        done = count - count % BLOCK(narrow);
        own = sum_narrow(to, from, count / BLOCK(narrow));
    }
    if (to != NULL)
        memcpy(to + done, from + done, count - done);
    return sum + as_network(own + sum_rest(from + done, count - done));
}

uint64_t avpni_sum_add(uint64_t sum, const uint8_t *bytes, size_t count)
{
    return add(sum, NULL, bytes, count);
}

uint64_t avpni_sum_copy(uint64_t sum, uint8_t *to, const uint8_t *from, size_t count)
{
    return add(sum, to, from, count);
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
