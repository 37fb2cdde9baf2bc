/* SPDX-License-Identifier: ISC */
/* Tests of forward/reclaim.h: nothing is released under a reader, and nothing is kept for ever. */
#include "harness.h"

#include "forward/reclaim.h"

#define THINGS 64

struct thing {
    struct avpni_retired retired;
    bool is_released;
};

static struct thing things[THINGS];
static uint32_t order[THINGS], released;

static void release(void *owner, struct avpni_retired *retired)
{
    struct thing *thing = (struct thing *)retired;

    ck_assert_ptr_eq(owner, things);
    ck_assert(!thing->is_released);
    thing->is_released = true;
    order[released++] = (uint32_t)(thing - things);
}

static void start(struct avpni_reclaim *reclaim)
{
    memset(things, 0, sizeof things);
    released = 0;
    avpni_reclaim_init(reclaim, things);
}

static void retire(struct avpni_reclaim *reclaim, uint32_t number)
{
    avpni_reclaim_retire(reclaim, &things[number].retired, release);
}

START_TEST(without_readers_all_goes_in_order)
{
    struct avpni_reclaim reclaim;

    start(&reclaim);
    for (uint32_t i = 0; i < 5; i++)
        retire(&reclaim, i);
    ck_assert_uint_eq(released, 0); /* never before it is asked for */
    avpni_reclaim_collect(&reclaim);
    ck_assert_uint_eq(released, 5);
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_uint_eq(order[i], i);
    avpni_reclaim_collect(&reclaim);
    ck_assert_uint_eq(released, 5);
}
END_TEST

START_TEST(a_reader_inside_holds_what_was_retired_after_it_began)
{
    struct avpni_reclaim_reader first, second;
    struct avpni_reclaim reclaim;

    start(&reclaim);
    avpni_reclaim_add_reader(&reclaim, &first);
    avpni_reclaim_add_reader(&reclaim, &second);
    retire(&reclaim, 0);
    avpni_reclaim_enter(&reclaim, &first); /* thing 0 is published no more */
    retire(&reclaim, 1);
    avpni_reclaim_enter(&reclaim, &second);
    retire(&reclaim, 2);
    avpni_reclaim_collect(&reclaim);
    ck_assert_uint_eq(released, 1);
    avpni_reclaim_leave(&first);
    avpni_reclaim_collect(&reclaim);
    ck_assert_uint_eq(released, 2);
    avpni_reclaim_enter(&reclaim, &first); /* again: newer than all of it */
    avpni_reclaim_leave(&second);
    avpni_reclaim_collect(&reclaim);
    ck_assert_uint_eq(released, 3);
}
END_TEST

START_TEST(a_reader_that_is_removed_holds_nothing)
{
    struct avpni_reclaim_reader reader, other;
    struct avpni_reclaim reclaim;

    start(&reclaim);
    avpni_reclaim_add_reader(&reclaim, &other);
    avpni_reclaim_add_reader(&reclaim, &reader);
    avpni_reclaim_enter(&reclaim, &reader);
    retire(&reclaim, 0);
    avpni_reclaim_remove_reader(&reclaim, &reader);
    avpni_reclaim_remove_reader(&reclaim, &reader); /* twice is as once */
    avpni_reclaim_collect(&reclaim);
    ck_assert_uint_eq(released, 1);
    avpni_reclaim_enter(&reclaim, &other);
    retire(&reclaim, 1);
    avpni_reclaim_fini(&reclaim);
    ck_assert_uint_eq(released, 2);
}
END_TEST

/* The epoch is 32 bits: a busy node gets around. */
START_TEST(epochs_wrap_and_are_never_0)
{
    struct avpni_reclaim_reader reader;
    struct avpni_reclaim reclaim;

    start(&reclaim);
    avpni_reclaim_add_reader(&reclaim, &reader);
    atomic_store(&reclaim.epoch, UINT32_MAX);
    avpni_reclaim_enter(&reclaim, &reader);
    retire(&reclaim, 0);
    ck_assert_uint_eq(atomic_load(&reclaim.epoch), 1);
    retire(&reclaim, 1);
    avpni_reclaim_collect(&reclaim);
    ck_assert_uint_eq(released, 0);
    avpni_reclaim_leave(&reader);
    avpni_reclaim_enter(&reclaim, &reader);
    ck_assert_uint_ne(atomic_load(&reader.epoch), 0);
    avpni_reclaim_collect(&reclaim);
    ck_assert_uint_eq(released, 2);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(without_readers_all_goes_in_order),
    HARNESS_CASE(a_reader_inside_holds_what_was_retired_after_it_began),
    HARNESS_CASE(a_reader_that_is_removed_holds_nothing),
    HARNESS_CASE(epochs_wrap_and_are_never_0),
};
HARNESS_MAIN("forward/reclaim", cases)
