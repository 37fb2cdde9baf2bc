/* SPDX-License-Identifier: ISC */
/* Blocks by size: each size has a class that fits, and a removed block's place is taken by the last one. */
#include "harness.h"

#include "counting.h"
#include "route/slabs.h"

static struct avpni_slabs new_slabs(struct counting *counting)
{
    const struct avpn_host host = counting_host(counting);
    struct avpni_memory memory;
    struct avpni_slabs slabs;

    ck_assert_int_eq(avpni_memory_init(&memory, &host), AVPN_OK);
    avpni_slabs_init(&slabs, &memory, 300);
    return slabs;
}

START_TEST(each_size_fits_its_class_and_wastes_little)
{
    struct counting counting = {0};
    struct avpni_slabs slabs = new_slabs(&counting);
    uint32_t wrong = 0;

    for (uint32_t words = 1; words <= AVPNI_SLABS_WORDS_LIMIT; words++) {
        uint32_t class = avpni_slabs_class(words), fit = slabs.classes[class].block_words;

        wrong += class >= AVPNI_SLABS_SPECIAL || fit < words || fit - words > words / 4;
        wrong += class > 0 && slabs.classes[class - 1].block_words >= words;
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(slabs.classes[AVPNI_SLABS_SPECIAL].block_words, 300);
}
END_TEST

START_TEST(the_last_block_takes_the_place_of_a_removed_one)
{
    struct counting counting = {0};
    struct avpni_slabs slabs = new_slabs(&counting);
    uint32_t blocks[100];

    for (uint32_t i = 0; i < 100; i++) {
        ck_assert_int_eq(avpni_slabs_add(&slabs, 7, &blocks[i]), AVPN_OK);
        *avpni_slabs_at(&slabs, blocks[i]) = i;
    }
    ck_assert_uint_eq(avpni_slabs_remove(&slabs, blocks[10]), blocks[99]);
    ck_assert_uint_eq(*avpni_slabs_at(&slabs, blocks[10]), 99);
    ck_assert_uint_eq(avpni_slabs_remove(&slabs, blocks[98]), blocks[98]);
    for (uint32_t i = 98; i-- > 0;) {
        avpni_slabs_remove(&slabs, blocks[i]);
        ck_assert_uint_le(slabs.classes[7].capacity, i + i / 4 + 4);
    }
    ck_assert_uint_eq(avpni_slabs_footprint(&slabs), 0);
    ck_assert_int_eq(counting.blocks, 0);
}
END_TEST

START_TEST(additions_can_be_undone)
{
    struct counting counting = {0};
    struct avpni_slabs slabs = new_slabs(&counting);
    struct avpni_slabs_mark mark;
    uint32_t first, second, again;

    ck_assert_int_eq(avpni_slabs_add(&slabs, 3, &first), AVPN_OK);
    avpni_slabs_mark(&slabs, &mark);
    ck_assert_int_eq(avpni_slabs_add(&slabs, 3, &second), AVPN_OK);
    counting.fail_at = counting.requests + 1;
    ck_assert_int_eq(avpni_slabs_add(&slabs, 4, &again), AVPN_ERROR_MEMORY);
    avpni_slabs_undo(&slabs, &mark);
    ck_assert_int_eq(avpni_slabs_add(&slabs, 3, &again), AVPN_OK);
    ck_assert_uint_eq(again, second);
    avpni_slabs_clear(&slabs);
    ck_assert_int_eq(counting.blocks, 0);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(each_size_fits_its_class_and_wastes_little),
    HARNESS_CASE(the_last_block_takes_the_place_of_a_removed_one),
    HARNESS_CASE(additions_can_be_undone),
};
HARNESS_MAIN("route/slabs", cases)
