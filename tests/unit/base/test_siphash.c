/* SPDX-License-Identifier: ISC */
/*
 * Expected values: the SipHash paper's appendix A (15 bytes) and the reference
 * implementation's vectors for key 00..0f over 00, 01, 02, ... of the lengths given.
 */
#include "base/map.h"
#include "harness.h"

static const struct {
    size_t count;
    uint64_t hash;
} vectors[] = {
    {0, UINT64_C(0x726fdb47dd0e0e31)},  {1, UINT64_C(0x74f839c593dc67fd)},
    {2, UINT64_C(0x0d6c8009d9a94f5a)},  {3, UINT64_C(0x85676696d7fb7e2d)},
    {7, UINT64_C(0xab0200f58b01d137)},  {8, UINT64_C(0x93f5f5799a932462)},
    {15, UINT64_C(0xa129ca6149be45e5)}, {63, UINT64_C(0x958a324ceb064572)},
};

START_TEST(published_vectors_agree)
{
    uint8_t secret[16], bytes[64];

    for (uint8_t i = 0; i < 64; i++) {
        secret[i % 16] = i % 16;
        bytes[i] = i;
    }
    ck_assert_uint_eq(avpni_siphash(secret, bytes, vectors[_i].count), vectors[_i].hash);
}
END_TEST

START_TEST(every_key_bit_matters)
{
    uint8_t secret[16] = {0}, text[5] = {'h', 'e', 'l', 'l', 'o'};
    uint64_t plain = avpni_siphash(secret, text, sizeof text);

    for (unsigned bit = 0; bit < 128; bit++) {
        secret[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_uint_ne(avpni_siphash(secret, text, sizeof text), plain);
        secret[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(published_vectors_agree, HARNESS_COUNT(vectors)),
    HARNESS_CASE(every_key_bit_matters),
};
HARNESS_MAIN("base/siphash", cases)
