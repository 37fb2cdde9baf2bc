/* SPDX-License-Identifier: ISC */
/* The window against a model that remembers every number ever received. [ESP-5] */
#include "crypto/replay.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW_LIMIT 8192
#define SPAN (WINDOW_LIMIT * 4) /* how far back the model remembers one by one */

/* The model: a flag for each number, in a ring much longer than any window. */
struct model {
    uint64_t highest;
    uint32_t window;
    uint64_t number[SPAN]; /* the number this place stands for, 0: none */
};

static struct model model;
static uint64_t bits[AVPNI_REPLAY_WORDS(WINDOW_LIMIT)];

static bool model_is_fresh(uint64_t number)
{
    if (number == 0) {
        return false;
    }
    if (number + model.window <= model.highest) {
        return false;
    }
    return model.number[number % SPAN] != number;
}

static void model_record(uint64_t number)
{
    model.number[number % SPAN] = number;
    if (number > model.highest) {
        model.highest = number;
    }
}

/* A number near the edges that matter: the top, the left edge, far ahead, word borders. */
static uint64_t next_number(uint64_t *seed)
{
    uint64_t r = harness_random(seed), step = r >> 8;

    switch (r % 16) {
    case 0:
        return model.highest + 1 + step % (3 * (uint64_t)model.window);
    case 1:
        return model.highest - model.window + step % 5 - 2;
    case 2:
        return (model.highest | 63) + step % 3;
    case 3:
    case 4:
    case 5:
        return model.highest - step % (2 * (uint64_t)model.window);
    case 6:
        return step % 40;
    default:
        return model.highest + step % 4;
    }
}

static const uint32_t windows[] = {64, 128, 192, 256, 1024, 2048, 4096, 8192};
static const uint64_t starts[] = {0, 1, 63, 64, 0xffff0000u, 0xffffffffu, 0x5ffffe000u};

START_TEST(the_window_agrees_with_a_model_that_remembers_everything)
{
    uint64_t seed = 0x5eed0 + (uint64_t)_i;
    struct avpni_replay replay;

    memset(&model, 0, sizeof model);
    model.window = windows[(size_t)_i % 8];
    avpni_replay_init(&replay, bits, model.window, 0);
    uint64_t start = starts[(size_t)_i / 8];

    if (start != 0) {
        avpni_replay_record(&replay, start);
        model_record(start);
    }
    for (int i = 0; i < 40000; i++) {
        uint64_t number = next_number(&seed);
        bool expected = model_is_fresh(number);

        /* Numbers before zero wrap to the top of 64 bits; no real stream gets there. */
        if (number > UINT64_MAX / 2) {
            continue;
        }
        bool is_fresh = avpni_replay_is_fresh(&replay, number);

        if (expected) {
            avpni_replay_record(&replay, number);
            model_record(number);
        }
        /* Check's own asserts are too slow for millions of steps. */
        if (is_fresh != expected || avpni_replay_is_fresh(&replay, number) ||
            replay.highest != model.highest) {
            ck_abort_msg("window %u step %d highest %llu number %llu", model.window, i,
                         (unsigned long long)model.highest, (unsigned long long)number);
        }
    }
}
END_TEST

START_TEST(numbers_near_the_highest_are_completed_right_across_every_wrap)
{
    uint64_t seed = 7;
    struct avpni_replay replay;

    for (int i = 0; i < 400000; i++) {
        uint32_t window = windows[harness_random(&seed) % 8];
        uint64_t wraps = harness_random(&seed) % 4;
        /* Within 10000 of a wrap, on either side; with none before, from 0. */
        uint64_t highest =
            (wraps << 32) + harness_random(&seed) % 20000 - (wraps != 0 ? 10000 : 0);

        replay = (struct avpni_replay){.highest = highest, .window = window};
        uint64_t back = harness_random(&seed) % window, ahead = harness_random(&seed) % 1000000;
        uint64_t inside = highest > back ? highest - back : highest;

        if (avpni_replay_complete(&replay, (uint32_t)inside) != inside ||
            avpni_replay_complete(&replay, (uint32_t)(highest + ahead)) != highest + ahead) {
            ck_abort_msg("window %u highest %llu back %llu ahead %llu", window,
                         (unsigned long long)highest, (unsigned long long)back,
                         (unsigned long long)ahead);
        }
        /* The furthest number that can be told apart: 2^32 - window ahead. */
        uint64_t furthest = highest + UINT32_MAX - window + 1;

        if (highest >= window && avpni_replay_complete(&replay, (uint32_t)furthest) != furthest) {
            ck_abort_msg("window %u highest %llu, furthest", window, (unsigned long long)highest);
        }
    }
}
END_TEST

START_TEST(before_the_first_wrap_nothing_is_completed_to_below_zero)
{
    const struct avpni_replay replay = {.highest = 5, .window = 64};

    for (uint64_t low = UINT32_MAX - 70; low <= UINT32_MAX; low++) {
        ck_assert_uint_eq(avpni_replay_complete(&replay, (uint32_t)low), low);
    }
}
END_TEST

START_TEST(a_stream_that_crosses_the_wrap_out_of_order_is_taken_once_each)
{
    struct avpni_replay replay;
    uint64_t seed = 99, first = 0xffffffffu - 3000;

    avpni_replay_init(&replay, bits, 2048, first - 1);
    for (uint64_t i = 0; i < 6000; i += 8) {
        /* Blocks of eight, each in an order of its own, each number twice. */
        uint64_t turn = harness_random(&seed) % 8;

        for (uint64_t j = 0; j < 16; j++) {
            uint64_t number = first + i + (j * 3 + turn) % 8;
            uint64_t completed = avpni_replay_complete(&replay, (uint32_t)number);

            ck_assert_uint_eq(completed, number);
            ck_assert_int_eq(avpni_replay_is_fresh(&replay, completed), j < 8);
            if (j < 8) {
                avpni_replay_record(&replay, completed);
            }
        }
    }
    ck_assert_uint_eq(replay.highest >> 32, 1);
}
END_TEST

START_TEST(zero_and_everything_before_a_restart_are_refused)
{
    struct avpni_replay replay;

    avpni_replay_init(&replay, bits, 64, 0);
    ck_assert(!avpni_replay_is_fresh(&replay, 0));
    ck_assert(avpni_replay_is_fresh(&replay, 1));
    for (uint64_t highest = 1; highest < 300; highest++) {
        avpni_replay_init(&replay, bits, 64, highest);
        for (uint64_t number = 0; number <= highest; number++) {
            ck_assert(!avpni_replay_is_fresh(&replay, number));
        }
        avpni_replay_record(&replay, highest + 70);
        ck_assert(avpni_replay_is_fresh(&replay, highest + 69));
        ck_assert(avpni_replay_is_fresh(&replay, highest + 7));
        ck_assert(!avpni_replay_is_fresh(&replay, highest + 6));
    }
}
END_TEST

START_TEST(the_top_of_64_bits_neither_wraps_nor_accepts_an_old_number)
{
    struct avpni_replay replay;

    avpni_replay_init(&replay, bits, 64, UINT64_MAX - 2);
    ck_assert(avpni_replay_is_fresh(&replay, UINT64_MAX));
    avpni_replay_record(&replay, UINT64_MAX);
    ck_assert(!avpni_replay_is_fresh(&replay, UINT64_MAX));
    ck_assert(avpni_replay_is_fresh(&replay, UINT64_MAX - 1));
    ck_assert(!avpni_replay_is_fresh(&replay, avpni_replay_complete(&replay, 0)));
    ck_assert(!avpni_replay_is_fresh(&replay, avpni_replay_complete(&replay, 5)));
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(the_window_agrees_with_a_model_that_remembers_everything,
                 HARNESS_COUNT(windows) * HARNESS_COUNT(starts)),
    HARNESS_CASE(numbers_near_the_highest_are_completed_right_across_every_wrap),
    HARNESS_CASE(before_the_first_wrap_nothing_is_completed_to_below_zero),
    HARNESS_CASE(a_stream_that_crosses_the_wrap_out_of_order_is_taken_once_each),
    HARNESS_CASE(zero_and_everything_before_a_restart_are_refused),
    HARNESS_CASE(the_top_of_64_bits_neither_wraps_nor_accepts_an_old_number),
};
HARNESS_MAIN("crypto/replay", cases)
