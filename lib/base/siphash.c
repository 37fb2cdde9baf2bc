/* SPDX-License-Identifier: ISC */
/*
 * siphash: SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), 64-bit output.
 * Written here and not taken from libsodium because the base layer lies below crypto.
 */
#include "base/map.h"

struct state {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

/* Spelled out, for compilers turn this form into a single load. */
static uint64_t word(const uint8_t b[8])
{
    return (uint64_t)b[0] | (uint64_t)b[1] << 8 | (uint64_t)b[2] << 16 | (uint64_t)b[3] << 24 |
           (uint64_t)b[4] << 32 | (uint64_t)b[5] << 40 | (uint64_t)b[6] << 48 |
           (uint64_t)b[7] << 56;
}

/* The bytes after the last whole word, 0 to 7 of them. */
static uint64_t rest(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;

    while (count-- > 0) {
        value = value << 8 | bytes[count];
    }
    return value;
}

static void mix(struct state *s)
{
    s->v0 += s->v1;
    s->v2 += s->v3;
    s->v1 = rotate_left(s->v1, 13) ^ s->v0;
    s->v3 = rotate_left(s->v3, 16) ^ s->v2;
    s->v0 = rotate_left(s->v0, 32);
    s->v2 += s->v1;
    s->v0 += s->v3;
    s->v1 = rotate_left(s->v1, 17) ^ s->v2;
    s->v3 = rotate_left(s->v3, 21) ^ s->v0;
    s->v2 = rotate_left(s->v2, 32);
}

static void absorb(struct state *s, uint64_t word)
{
    s->v3 ^= word;
    mix(s);
    mix(s);
    s->v0 ^= word;
}

uint64_t avpni_siphash(const uint8_t secret[16], const uint8_t *bytes, size_t count)
{
    uint64_t k0 = word(secret), k1 = word(secret + 8);
    struct state s = {
        .v0 = k0 ^ UINT64_C(0x736f6d6570736575), /* "somepseudorandomlygeneratedbytes" */
        .v1 = k1 ^ UINT64_C(0x646f72616e646f6d),
        .v2 = k0 ^ UINT64_C(0x6c7967656e657261),
        .v3 = k1 ^ UINT64_C(0x7465646279746573),
    };
    size_t whole = count & ~(size_t)7;

    for (size_t i = 0; i < whole; i += 8) {
        absorb(&s, word(bytes + i));
    }
    absorb(&s, (uint64_t)count << 56 | rest(bytes + whole, count - whole));
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; i++) {
        mix(&s);
    }
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}
