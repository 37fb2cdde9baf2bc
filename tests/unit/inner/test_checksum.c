/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/checksum.h"
#include "packets.h"
#include <stdlib.h>
#include <string.h>

START_TEST(the_examples_of_the_rfcs_come_out)
{
    /* RFC 1071, 3: the sum is DDF2. */
    static const uint8_t words[] = {0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7};
    /* RFC 1624, 4: equation 3 says 0000 where equation 2 said FFFF. */
    static const uint8_t before[] = {0x55, 0x55}, after[] = {0x32, 0x85};
    uint8_t field[2] = {0xDD, 0x2F};

    ck_assert_uint_eq(avpni_sum_finish(avpni_sum_add(0, words, sizeof words)), 0xFFFF - 0xDDF2);
    avpni_checksum_adjust(field, before, after, 2);
    ck_assert_mem_eq(field, ((uint8_t[]){0, 0}), 2);
    ck_assert_uint_eq(avpni_sum_finish(0), 0xFFFF);
}
END_TEST

START_TEST(a_sum_is_that_of_plain_addition_for_every_length)
{
    uint64_t state = 11;
    uint8_t bytes[300];

    for (uint32_t count = 0; count < sizeof bytes; count++) {
        for (uint32_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)(harness_random(&state) | 1);
        uint8_t *exact = packets_exact(bytes, count);
        uint32_t split = 2 * packets_below(&state, count / 2 + 1);
        uint64_t sum = avpni_sum_add(avpni_sum_add(0, exact, split), exact + split, count - split);

        ck_assert_uint_eq(avpni_sum_finish(sum), 0xFFFF - packets_sum(0, bytes, count));
        free(exact);
    }
}
END_TEST

START_TEST(the_sum_of_the_longest_packet_does_not_overflow)
{
    static uint8_t bytes[65536];

    memset(bytes, 0xFF, sizeof bytes);
    ck_assert_uint_eq(avpni_sum_finish(avpni_sum_add(0, bytes, sizeof bytes)), 0);
    ck_assert_uint_eq(avpni_sum_finish(avpni_sum_add(UINT32_MAX, bytes, sizeof bytes)), 0);
}
END_TEST

/* What is changed anywhere, to anything, has the checksum that it would have had from the start. */
START_TEST(an_adjusted_checksum_is_the_one_made_anew)
{
    uint64_t state = 12;

    for (int round = 0; round < 20000; round++) {
        uint8_t bytes[64], was[64], field[2];
        uint32_t count = 2 + 2 * packets_below(&state, 31);
        uint32_t from = 2 * packets_below(&state, count / 2), size = count - from;
        uint32_t style = packets_below(&state, 3);

        for (uint32_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)(style == 0 ? 0xFF : style == 1 ? i == 0 : harness_random(&state));
        bytes[0] |= 1; /* the sum of nothing but zeros has another zero */
        memcpy(was, bytes, sizeof was);
        uint32_t sum = 0xFFFF - packets_sum(0, bytes, count);

        field[0] = (uint8_t)(sum >> 8);
        field[1] = (uint8_t)sum;
        for (uint32_t i = 0; i < size; i++)
            bytes[from + i] = (uint8_t)(packets_below(&state, 2) == 0 ? 0 : harness_random(&state));
        bytes[0] |= 1;
        avpni_checksum_adjust(field, was + from, bytes + from, size);
        sum = 0xFFFF - packets_sum(0, bytes, count);
        ck_assert_uint_eq((uint32_t)field[0] << 8 | field[1], sum);
    }
}
END_TEST

START_TEST(a_wrong_checksum_stays_wrong)
{
    static const uint8_t before[] = {10, 0, 0, 1}, after[] = {172, 16, 0, 1};

    for (uint32_t wrong = 1; wrong < 0xFFFF; wrong += 97) {
        uint32_t right = 0xFFFF - packets_sum(0, before, 4);
        uint32_t sum = (right + wrong) % 0xFFFF;
        uint8_t field[2] = {(uint8_t)(sum >> 8), (uint8_t)sum};

        avpni_checksum_adjust(field, before, after, 4);
        ck_assert_uint_ne(packets_sum(packets_sum(0, after, 4), field, 2), 0xFFFF);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(the_examples_of_the_rfcs_come_out),
    HARNESS_CASE(a_sum_is_that_of_plain_addition_for_every_length),
    HARNESS_CASE(the_sum_of_the_longest_packet_does_not_overflow),
    HARNESS_CASE(an_adjusted_checksum_is_the_one_made_anew),
    HARNESS_CASE(a_wrong_checksum_stays_wrong),
};
HARNESS_MAIN("inner/checksum", cases)
