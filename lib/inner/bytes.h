/* SPDX-License-Identifier: ISC */
/* bytes: 16-bit words of an inner packet, big-endian, at any place. Whoever asks has checked that they are inside. */
#ifndef AVPNI_INNER_BYTES_H
#define AVPNI_INNER_BYTES_H

#include <stdint.h>

static inline uint16_t avpni_word_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline void avpni_word_put(uint8_t *bytes, uint32_t word)
{
    bytes[0] = (uint8_t)(word >> 8);
    bytes[1] = (uint8_t)word;
}

#endif
