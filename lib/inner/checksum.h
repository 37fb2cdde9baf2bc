/* SPDX-License-Identifier: ISC */
/*
 * checksum: the Internet checksum, whole (RFC 1071) and adjusted for what changed (RFC 1624, equation 3).
 *
 *     avpni_word_put(header + 10, 0);
 *     avpni_word_put(header + 10, avpni_sum_finish(avpni_sum_add(0, header, 20)));
 */
#ifndef AVPNI_INNER_CHECKSUM_H
#define AVPNI_INNER_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/*
 * Sum of bytes as 16-bit words, big-endian, an odd one padded with zero (so only the last part of a sum may be odd); starts from an
 * earlier sum. Not folded.
 */
uint64_t avpni_sum_add(uint64_t sum, const uint8_t *bytes, size_t count);
/* The same, and the bytes are copied on the way: memory is read once. `to` and `from` may not overlap. */
uint64_t avpni_sum_copy(uint64_t sum, uint8_t *to, const uint8_t *from, size_t count);
/* A sum as one word, 0 only for a sum that is 0. */
uint16_t avpni_sum_fold(uint64_t sum);
/* The checksum of a sum: folded, complemented. */
uint16_t avpni_sum_finish(uint64_t sum);
/*
 * Adjust the checksum at `field` for `count` bytes (even, at an even distance from where its sum begins) that were `before` and are `after`.
 * A checksum that was wrong stays wrong.
 */
void avpni_checksum_adjust(uint8_t field[2], const uint8_t *before, const uint8_t *after,
                           size_t count);

#endif
