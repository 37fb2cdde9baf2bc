/* SPDX-License-Identifier: ISC */
/*
 * chance: xoshiro256** seeded by splitmix64, the simulator's only source of randomness.
 * Values in, values out; the same on every machine.
 */
#ifndef AVPN_SIM_CHANCE_H
#define AVPN_SIM_CHANCE_H

#include <stdint.h>

struct sim_chance {
    uint64_t state[4];
};

static inline uint64_t sim_split_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline void sim_chance_init(struct sim_chance *chance, uint64_t seed)
{
    for (int i = 0; i < 4; i++)
        chance->state[i] = sim_split_next(&seed);
}

static inline uint64_t sim_rotate(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static inline uint64_t sim_chance_next(struct sim_chance *chance)
{
    uint64_t *s = chance->state;
    const uint64_t result = sim_rotate(s[1] * 5, 7) * 9;
    const uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = sim_rotate(s[3], 45);
    return result;
}

#endif
