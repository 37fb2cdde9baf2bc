/* SPDX-License-Identifier: ISC */
#include "base/random.h"
#include "harness.h"

static int32_t give_sevens(void *user, uint8_t *bytes, size_t count)
{
    *(int *)user += 1;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = 7;
    }
    return 0;
}

static int32_t give_nines(void *user, uint8_t *bytes, size_t count)
{
    ck_assert_ptr_null(user);
    for (size_t i = 0; i < count; i++) {
        bytes[i] = 9;
    }
    return 0;
}

static int32_t give_some_and_fail(void *user, uint8_t *bytes, size_t count)
{
    (void)user;
    bytes[0] = 1;
    (void)count;
    return -1;
}

START_TEST(the_hosts_randomness_comes_first)
{
    int calls = 0;
    struct avpn_host host = {.size = sizeof host, .user = &calls, .random = give_sevens};
    struct avpni_random random;
    uint8_t bytes[3];

    avpni_random_init(&random, &host, give_nines);
    ck_assert_int_eq(avpni_random_fill(&random, bytes, sizeof bytes), AVPN_OK);
    ck_assert_mem_eq(bytes, "\7\7\7", 3);
    ck_assert_int_eq(calls, 1);
}
END_TEST

START_TEST(without_one_the_fallback_serves)
{
    int calls = 0;
    struct avpn_host host = {.size = sizeof host, .user = &calls};
    struct avpni_random random;
    uint8_t bytes[3];

    avpni_random_init(&random, &host, give_nines);
    ck_assert_int_eq(avpni_random_fill(&random, bytes, sizeof bytes), AVPN_OK);
    ck_assert_mem_eq(bytes, "\11\11\11", 3);
    avpni_random_init(&random, NULL, give_nines);
    ck_assert_int_eq(avpni_random_fill(&random, bytes, sizeof bytes), AVPN_OK);
}
END_TEST

START_TEST(a_failure_is_told_and_leaves_zeros)
{
    struct avpni_random random;
    uint8_t bytes[3] = {5, 5, 5};

    avpni_random_init(&random, NULL, give_some_and_fail);
    ck_assert_int_eq(avpni_random_fill(&random, bytes, sizeof bytes), AVPN_ERROR_RANDOM);
    ck_assert_mem_eq(bytes, "\0\0\0", 3);
}
END_TEST

/* First values of splitmix64 from state 1234567, as in the published reference sequence. */
START_TEST(the_jitter_stream_is_splitmix64)
{
    static const uint64_t expected[] = {UINT64_C(6457827717110365317),
                                        UINT64_C(3203168211198807973),
                                        UINT64_C(9817491932198370423),
                                        UINT64_C(4593380528125082431),
                                        UINT64_C(16408922859458223821)};
    uint64_t state = 1234567;

    for (int i = 0; i < HARNESS_COUNT(expected); i++) {
        ck_assert_uint_eq(avpni_jitter_next(&state), expected[i]);
    }
}
END_TEST

START_TEST(a_stream_begins_at_the_same_place_on_every_machine)
{
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6, 7, 0xF8};

    ck_assert_uint_eq(avpni_jitter_seed(bytes), UINT64_C(0xF807060504030201));
}
END_TEST

START_TEST(jittered_spans_fill_their_range_and_do_not_leave_it)
{
    uint64_t state = 42;
    avpn_span span = 8 * AVPN_SECOND, lowest = INT64_MAX, highest = 0;

    for (int i = 0; i < 2000; i++) {
        avpn_span one = avpni_jitter_span(&state, span);

        ck_assert_int_ge(one, 7 * AVPN_SECOND);
        ck_assert_int_lt(one, 9 * AVPN_SECOND);
        lowest = one < lowest ? one : lowest;
        highest = one > highest ? one : highest;
    }
    ck_assert_int_lt(lowest, 7 * AVPN_SECOND + 20 * AVPN_MILLISECOND);
    ck_assert_int_gt(highest, 9 * AVPN_SECOND - 20 * AVPN_MILLISECOND);
}
END_TEST

START_TEST(a_span_too_short_to_vary_is_kept)
{
    uint64_t state = 42;

    for (avpn_span span = 0; span < 8; span++) {
        ck_assert_int_eq(avpni_jitter_span(&state, span), span);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(the_hosts_randomness_comes_first),
    HARNESS_CASE(without_one_the_fallback_serves),
    HARNESS_CASE(a_failure_is_told_and_leaves_zeros),
    HARNESS_CASE(the_jitter_stream_is_splitmix64),
    HARNESS_CASE(a_stream_begins_at_the_same_place_on_every_machine),
    HARNESS_CASE(jittered_spans_fill_their_range_and_do_not_leave_it),
    HARNESS_CASE(a_span_too_short_to_vary_is_kept),
};
HARNESS_MAIN("base/random", cases)
