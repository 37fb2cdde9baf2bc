/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <autovpn/worker.h>

#include "gateway/punts.h"

#define PUTTERS 4u
#define EACH 20000u

static struct punts punts;

static int is_readable(void)
{
    struct pollfd ready = {punts.event, POLLIN, 0};

    return poll(&ready, 1, 0) == 1;
}

/* A block whose bytes tell its number and size. */
static void put_block(uint32_t number, size_t bytes)
{
    static uint8_t block[AVPN_PUNT_LIMIT];

    memset(block, (int)number, bytes);
    memcpy(block, &number, bytes < 4 ? bytes : 4);
    punts_put(&punts, block, bytes);
}

static void check_block(uint32_t number, size_t bytes)
{
    size_t count = 0;
    uint8_t *block = punts_first(&punts, &count);
    uint32_t found = 0;
    size_t sound = 4;

    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(count, bytes);
    memcpy(&found, block, 4);
    ck_assert_uint_eq(found, number);
    while (sound < bytes && block[sound] == (uint8_t)number)
        sound++;
    ck_assert_uint_eq(sound, bytes);
    memset(block, 0xAA, bytes); /* it may be changed */
    punts_drop_first(&punts);
}

START_TEST(it_is_readable_while_something_is_in_it)
{
    size_t count;

    ck_assert_int_eq(punts_open(&punts), 0);
    ck_assert_int_eq(is_readable(), 0);
    ck_assert_ptr_null(punts_first(&punts, &count));
    put_block(1, 100);
    put_block(2, 5);
    ck_assert_int_eq(is_readable(), 1);
    check_block(1, 100);
    ck_assert_int_eq(is_readable(), 1);
    check_block(2, 5);
    ck_assert_ptr_null(punts_first(&punts, &count));
    ck_assert_int_eq(is_readable(), 0);
    punts_close(&punts);
}
END_TEST

/* Sizes up to the largest, kept at another fill in each round, until the ring has turned many times. */
START_TEST(blocks_come_in_order_with_their_bytes)
{
    static size_t sizes[4096];
    uint64_t seed = 7;
    uint32_t put = 0, taken = 0;

    ck_assert_int_eq(punts_open(&punts), 0);
    while (put < 3000) {
        uint32_t goal = (uint32_t)(harness_random(&seed) % 30);

        for (; put - taken < goal; put++) {
            sizes[put] = 4 + harness_random(&seed) % (put % 5 ? 3000 : AVPN_PUNT_LIMIT - 3);
            put_block(put, sizes[put]);
        }
        for (goal /= 2; put - taken > goal; taken++)
            check_block(taken, sizes[taken]);
    }
    ck_assert_uint_eq(tally_read(&punts.lost), 0);
    for (; taken < put; taken++)
        check_block(taken, sizes[taken]);
    punts_close(&punts);
}
END_TEST

/* Whatever the block's size is, and wherever the ring has its seam. */
START_TEST(what_finds_no_room_is_lost_and_nothing_else)
{
    uint32_t put = 0, taken = 0;
    size_t bytes = 1000 + (size_t)_i * 9973;

    ck_assert_int_eq(punts_open(&punts), 0);
    for (uint32_t turn = 0; turn < 5; turn++) {
        uint64_t lost = tally_read(&punts.lost);

        while (tally_read(&punts.lost) == lost)
            put_block(put++, bytes);
        put--;
        ck_assert_uint_gt(put - taken, (1u << 20) / bytes);
        for (uint32_t until = put - turn % 2 * 5; taken < until; taken++)
            check_block(taken, bytes);
    }
    punts_close(&punts);
}
END_TEST

static void *put_many(void *user)
{
    uint32_t block[3] = {(uint32_t)(uintptr_t)user, 0, 0};

    for (block[1] = 0; block[1] < EACH; block[1]++)
        punts_put(&punts, (const uint8_t *)block, sizeof block);
    return NULL;
}

START_TEST(threads_that_put_at_once_lose_and_mix_nothing)
{
    pthread_t threads[PUTTERS];
    uint32_t next[PUTTERS] = {0};
    uint64_t sum = 0;

    ck_assert_int_eq(punts_open(&punts), 0);
    for (uintptr_t i = 0; i < PUTTERS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, put_many, (void *)i), 0);
    while (sum + tally_read(&punts.lost) < PUTTERS * EACH) {
        size_t count;
        const uint8_t *bytes = punts_first(&punts, &count);
        uint32_t block[3] = {PUTTERS};

        if (!bytes) {
            (void)poll(&(struct pollfd){punts.event, POLLIN, 0}, 1, 10);
            continue;
        }
        if (count == sizeof block)
            memcpy(block, bytes, sizeof block);
        if (block[0] >= PUTTERS || block[1] < next[block[0]])
            ck_abort_msg("block %u of %u", block[1], block[0]);
        next[block[0]] = block[1] + 1;
        punts_drop_first(&punts);
        sum++;
    }
    for (uint32_t i = 0; i < PUTTERS; i++)
        pthread_join(threads[i], NULL);
    punts_close(&punts);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(it_is_readable_while_something_is_in_it),
    HARNESS_CASE(blocks_come_in_order_with_their_bytes),
    HARNESS_LOOP(what_finds_no_room_is_lost_and_nothing_else, 7),
    HARNESS_CASE(threads_that_put_at_once_lose_and_mix_nothing),
};
HARNESS_MAIN("programs/punts", cases)
