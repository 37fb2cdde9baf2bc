/* SPDX-License-Identifier: ISC */
/*
 * lpm_vectors: the first step of a batch of IPv4 addresses, in the instructions that the machine has. See lpm_front.c.
 *
 * Each key is searched by comparing as many items at once as fit a register, with one load and no branch for most;
 * what is compared beyond LPM_END does not count, for only the first item that is too large does. Before that the lines of all
 * keys are prefetched, so that their misses overlap. With AVX-512, the front is read for 16 keys at once too; the gathers of
 * AVX2 are slower than plain loads on several processors, so there only the items are compared at once.
 *
 * Which of these is chosen at run time. Machines and compilers without them have the plain one alone.
 */
#include "route/lpm_node.h"

#define BATCH AVPNI_LPM_BATCH

/* Two lines: all that one comparison of 16 reads. */
static inline void prefetch_items(const struct avpni_lpm *lpm, const uint32_t *words, uint32_t direct)
{
    for (; direct != 0; direct &= direct - 1) {
        const uint32_t *item = lpm_direct(lpm, words[lpm_lowest(direct)]);

        LPM_PREFETCH(item);
        LPM_PREFETCH(item + AVPNI_SLABS_BEYOND);
    }
}

/* ---- plain ---------------------------------------------------------------------------------- */

static void search_plain(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t direct,
                         uint32_t *words)
{
    for (; direct != 0; direct &= direct - 1) {
        uint32_t key = lpm_lowest(direct);

        words[key] = lpm_search_direct(lpm_direct(lpm, words[key]), addresses[key]);
    }
}

/* Which words are LPM_DIRECT; which name other nodes, in `rest_out`. */
static inline uint32_t begin_plain(const struct avpni_lpm *lpm, const uint32_t *addresses,
                                   uint32_t count, uint32_t *words_out, uint32_t *rest_out)
{
    uint32_t direct = 0, rest = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t word = lpm_front_word(lpm, addresses[i]);

        words_out[i] = word;
        direct |= (uint32_t)(word >= (LPM_NODE | LPM_DIRECT)) << i;
        rest |= word >> 31 << i;
    }
    *rest_out = rest & ~direct;
    return direct;
}

static void end_plain(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t count,
                      const uint32_t *words, uint32_t *values_out)
{
    for (uint32_t i = 0; i < count; i++) {
        /* LPM_INHERIT becomes AVPNI_LPM_NONE. */
        values_out[i] = lpm_choose(words[i], lpm_front_above(lpm, addresses[i])) - 1;
    }
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* ---- AVX2 ----------------------------------------------------------------------------------- */

__attribute__((target("avx2"))) static void search_avx2(const struct avpni_lpm *lpm,
                                                        const uint32_t *addresses,
                                                        uint32_t direct, uint32_t *words)
{
    for (; direct != 0; direct &= direct - 1) {
        uint32_t key = lpm_lowest(direct), larger;
        const uint32_t *item = lpm_direct(lpm, words[key]);
        __m256i bits = _mm256_set1_epi32((int)(addresses[key] << 16 | LPM_LAST));

        do {
            __m256i next = _mm256_loadu_si256((const void *)(item + 1));
            __m256i is_at = _mm256_cmpeq_epi32(_mm256_max_epu32(next, bits), bits);

            larger = ~(uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(is_at)) & 0xff;
            item += larger != 0 ? lpm_lowest(larger) : 8;
        } while (larger == 0);
        words[key] = *item & UINT16_MAX;
    }
}

/* ---- AVX-512 -------------------------------------------------------------------------------- */

#define AVX512 __attribute__((target("avx512f")))
/* Without optimization some of these intrinsics are macros, whose conversions of masks are not ours to mend. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

AVX512 static void search_avx512(const struct avpni_lpm *lpm, const uint32_t *addresses,
                                 uint32_t direct, uint32_t *words)
{
    for (; direct != 0; direct &= direct - 1) {
        uint32_t key = lpm_lowest(direct), larger;
        const uint32_t *item = lpm_direct(lpm, words[key]);
        __m512i bits = _mm512_set1_epi32((int)(addresses[key] << 16 | LPM_LAST));

        do {
            larger = _mm512_cmpgt_epu32_mask(_mm512_loadu_si512(item + 1), bits);
            item += lpm_lowest(larger | 1u << 16);
        } while (larger == 0);
        words[key] = *item & UINT16_MAX;
    }
}

/* The lanes of half a batch that are used. */
static inline uint16_t lanes_of(uint32_t count, uint32_t half)
{
    uint32_t used = count > half ? count - half : 0;

    return (uint16_t)(used >= 16 ? UINT16_MAX : (1u << used) - 1);
}

AVX512 static uint32_t begin_avx512(const struct avpni_lpm *lpm, const uint32_t *addresses,
                                    uint32_t count, uint32_t *words_out, uint32_t *rest_out)
{
    const uint32_t *entries = lpm->front + LPM_FRONT_ABOVE;
    __m128i shift = _mm_cvtsi32_si128((int)(32 - lpm->front_bits));
    uint32_t direct = 0, nodes = 0;

    for (uint32_t half = 0; half < BATCH; half += 16) {
        __mmask16 lanes = lanes_of(count, half);
        __m512i places = _mm512_srl_epi32(_mm512_maskz_loadu_epi32(lanes, addresses + half), shift);
        __m512i words = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes, places, entries, 4);

        _mm512_mask_storeu_epi32(words_out + half, lanes, words);
        nodes |= (uint32_t)_mm512_cmpge_epu32_mask(words, _mm512_set1_epi32((int)LPM_NODE)) << half;
        direct |= (uint32_t)_mm512_cmpge_epu32_mask(
                      words, _mm512_set1_epi32((int)(LPM_NODE | LPM_DIRECT)))
                  << half;
    }
    *rest_out = nodes & ~direct;
    return direct;
}

AVX512 static void end_avx512(const struct avpni_lpm *lpm, const uint32_t *addresses,
                              uint32_t count, const uint32_t *words, uint32_t *values_out)
{
    for (uint32_t half = 0; half < count; half += 16) {
        __mmask16 lanes = lanes_of(count, half);
        __m512i here = _mm512_maskz_loadu_epi32(lanes, words + half);
        __m512i places = _mm512_srli_epi32(_mm512_maskz_loadu_epi32(lanes, addresses + half), 16);
        __mmask16 inherit = _mm512_mask_testn_epi32_mask(lanes, here, here);

        here = _mm512_mask_i32gather_epi32(here, inherit, places, lpm->front, 4);
        /* LPM_INHERIT becomes AVPNI_LPM_NONE. */
        _mm512_mask_storeu_epi32(values_out + half, lanes,
                                 _mm512_sub_epi32(here, _mm512_set1_epi32(1)));
    }
}

uint32_t lpm_vectors(void)
{
    return __builtin_cpu_supports("avx512f") ? AVPNI_LPM_AVX512
           : __builtin_cpu_supports("avx2")  ? AVPNI_LPM_AVX2
                                             : AVPNI_LPM_PLAIN;
}

uint32_t lpm_front_begin(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t count,
                         uint32_t *words_out)
{
    bool is_wide = lpm->vectors == AVPNI_LPM_AVX512;
    uint32_t rest, direct = is_wide ? begin_avx512(lpm, addresses, count, words_out, &rest)
                                    : begin_plain(lpm, addresses, count, words_out, &rest);

    prefetch_items(lpm, words_out, direct);
    if (is_wide) {
        search_avx512(lpm, addresses, direct, words_out);
    } else if (lpm->vectors == AVPNI_LPM_AVX2) {
        search_avx2(lpm, addresses, direct, words_out);
    } else {
        search_plain(lpm, addresses, direct, words_out);
    }
    return rest;
}

void lpm_front_end(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t count,
                   const uint32_t *words, uint32_t *values_out)
{
    if (lpm->vectors == AVPNI_LPM_AVX512) {
        end_avx512(lpm, addresses, count, words, values_out);
    } else {
        end_plain(lpm, addresses, count, words, values_out);
    }
}

#else

uint32_t lpm_vectors(void)
{
    return AVPNI_LPM_PLAIN;
}

uint32_t lpm_front_begin(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t count,
                         uint32_t *words_out)
{
    uint32_t rest, direct = begin_plain(lpm, addresses, count, words_out, &rest);

    prefetch_items(lpm, words_out, direct);
    search_plain(lpm, addresses, direct, words_out);
    return rest;
}

void lpm_front_end(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t count,
                   const uint32_t *words, uint32_t *values_out)
{
    end_plain(lpm, addresses, count, words, values_out);
}

#endif
