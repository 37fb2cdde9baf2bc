/* SPDX-License-Identifier: ISC */
#include "base/timer.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define TIMERS 120

/* One timer and, beside it, the naive model: when it is due and when it was set. */
struct item {
    struct avpni_timer timer;
    struct world *world;
    avpn_time due;
    uint64_t set_at;
    avpn_time again; /* set anew for this moment when it fires; NEVER: not */
};

struct world {
    struct avpni_timers timers;
    struct item items[TIMERS];
    uint64_t steps;
    uint32_t fired[4 * TIMERS];
    uint32_t fired_count;
};

static void set(struct world *world, uint32_t index, avpn_time when)
{
    struct item *item = &world->items[index];

    item->due = when;
    item->set_at = ++world->steps;
    avpni_timer_set(&world->timers, &item->timer, when);
}

static void fire(void *owner, avpn_time now)
{
    struct item *item = owner;
    struct world *world = item->world;
    uint32_t index = (uint32_t)(item - world->items);

    ck_assert(!avpni_timer_is_set(&item->timer));
    ck_assert_int_le(item->due, now);
    item->due = AVPN_TIME_NEVER;
    if (world->fired_count < 4 * TIMERS) {
        world->fired[world->fired_count++] = index;
    }
    if (item->again != AVPN_TIME_NEVER) {
        set(world, index, item->again);
    }
}

static struct world *make(void)
{
    struct world *world = calloc(1, sizeof *world);
    struct avpni_memory memory;

    ck_assert_ptr_nonnull(world);
    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    avpni_timers_init(&world->timers, &memory);
    ck_assert_int_eq(avpni_timers_reserve(&world->timers, TIMERS), AVPN_OK);
    for (int i = 0; i < TIMERS; i++) {
        struct item *item = &world->items[i];

        avpni_timer_init(&item->timer, fire, item);
        item->world = world;
        item->due = AVPN_TIME_NEVER;
        item->again = AVPN_TIME_NEVER;
    }
    return world;
}

static void destroy(struct world *world)
{
    avpni_timers_fini(&world->timers);
    free(world);
}

/* The naive model's next timer: earliest, then first set. TIMERS: none. */
static uint32_t model_next(const struct world *world)
{
    uint32_t best = TIMERS;

    for (uint32_t i = 0; i < TIMERS; i++) {
        const struct item *a = &world->items[i], *b = best < TIMERS ? &world->items[best] : NULL;

        if (a->due != AVPN_TIME_NEVER && (b == NULL || a->due < b->due ||
                                          (a->due == b->due && a->set_at < b->set_at))) {
            best = i;
        }
    }
    return best;
}

static void check_against_model(struct world *world)
{
    uint32_t next = model_next(world);
    avpn_time expected = next == TIMERS ? AVPN_TIME_NEVER : world->items[next].due;

    ck_assert_int_eq(avpni_timers_deadline(&world->timers), expected);
    for (int i = 0; i < TIMERS; i++) {
        const struct item *item = &world->items[i];

        /* Check's macros are too slow for the inner loop. */
        if (avpni_timer_is_set(&item->timer) != (item->due != AVPN_TIME_NEVER) ||
            item->timer.when != item->due) {
            ck_abort_msg("timer %d differs from the model", i);
        }
    }
}

START_TEST(without_timers_there_is_no_deadline)
{
    struct world *world = make();

    ck_assert_int_eq(avpni_timers_deadline(&world->timers), AVPN_TIME_NEVER);
    ck_assert_uint_eq(avpni_timers_run(&world->timers, AVPN_TIME_NEVER, 10), 0);
    avpni_timer_clear(&world->timers, &world->items[0].timer);
    set(world, 0, AVPN_TIME_NEVER);
    ck_assert(!avpni_timer_is_set(&world->items[0].timer));
    destroy(world);
}
END_TEST

START_TEST(equal_deadlines_fire_in_the_order_they_were_set)
{
    static const uint32_t order[] = {5, 3, 9, 1, 0, 7, 2};
    struct world *world = make();

    for (int i = 0; i < HARNESS_COUNT(order); i++) {
        set(world, order[i], 100);
    }
    set(world, 5, 100); /* set again: now the last one */
    ck_assert_uint_eq(avpni_timers_run(&world->timers, 99, 100), 0);
    ck_assert_uint_eq(avpni_timers_run(&world->timers, 100, 100), 7);
    for (uint32_t i = 0; i < 6; i++) {
        ck_assert_uint_eq(world->fired[i], order[i + 1]);
    }
    ck_assert_uint_eq(world->fired[6], 5);
    destroy(world);
}
END_TEST

/* Moments come from a small range, so equal ones are common. */
START_TEST(random_operations_agree_with_a_sorted_list)
{
    struct world *world = make();
    uint64_t random = (uint64_t)_i + 1;
    avpn_time now = 0;

    for (int step = 0; step < 1500; step++) {
        uint32_t index = (uint32_t)(harness_random(&random) % TIMERS);
        uint64_t what = harness_random(&random) % 10;

        if (what < 7) {
            set(world, index, now + (avpn_time)(harness_random(&random) % 40));
        } else if (what < 8) {
            world->items[index].due = AVPN_TIME_NEVER;
            avpni_timer_clear(&world->timers, &world->items[index].timer);
        } else {
            uint32_t next = model_next(world);

            now += 3;
            while (next < TIMERS && world->items[next].due <= now) {
                world->fired_count = 0;
                ck_assert_uint_eq(avpni_timers_run(&world->timers, now, 1), 1);
                ck_assert_uint_eq(world->fired[0], next);
                next = model_next(world);
            }
            ck_assert_uint_eq(avpni_timers_run(&world->timers, now, 1), 0);
        }
        check_against_model(world);
    }
    destroy(world);
}
END_TEST

START_TEST(a_timer_set_while_running_for_now_fires_in_the_same_run)
{
    struct world *world = make();

    world->items[0].again = 50;
    set(world, 0, 10);
    set(world, 1, 60);
    /* Timer 0 sets itself for 50 each time it fires: only the limit ends this. */
    ck_assert_uint_eq(avpni_timers_run(&world->timers, 55, 20), 20);
    ck_assert(avpni_timer_is_set(&world->items[0].timer));
    ck_assert_int_eq(avpni_timers_deadline(&world->timers), 50);
    world->items[0].again = 56;
    ck_assert_uint_eq(avpni_timers_run(&world->timers, 55, 20), 1);
    ck_assert_int_eq(avpni_timers_deadline(&world->timers), 56);
    destroy(world);
}
END_TEST

static void fire_and_free(void *owner, avpn_time now)
{
    (void)now;
    free(owner);
}

START_TEST(a_timer_may_free_the_object_it_lives_in)
{
    struct world *world = make();
    struct avpni_timer *timer = malloc(sizeof *timer);

    avpni_timer_init(timer, fire_and_free, timer);
    avpni_timer_set(&world->timers, timer, 5);
    ck_assert_uint_eq(avpni_timers_run(&world->timers, 5, 2), 1);
    destroy(world);
}
END_TEST

START_TEST(fini_leaves_the_timers_unset)
{
    struct world *world = make();

    set(world, 3, 7);
    avpni_timers_fini(&world->timers);
    ck_assert(!avpni_timer_is_set(&world->items[3].timer));
    ck_assert_int_eq(world->items[3].timer.when, AVPN_TIME_NEVER);
    free(world);
}
END_TEST

static void *refuse_to_resize(void *user, void *memory, size_t bytes)
{
    int *budget = user;

    return (*budget)-- > 0 ? realloc(memory, bytes) : NULL;
}

static void release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

START_TEST(room_is_taken_and_given_back)
{
    int budget = 1;
    struct avpni_memory memory = {&budget, NULL, refuse_to_resize, release};
    struct avpni_timers timers;

    avpni_timers_init(&timers, &memory);
    ck_assert_int_eq(avpni_timers_reserve(&timers, 100), AVPN_OK);
    ck_assert_int_eq(avpni_timers_reserve(&timers, 1), AVPN_ERROR_MEMORY);
    ck_assert_uint_eq(timers.reserved, 100);
    ck_assert_int_eq(avpni_timers_reserve(&timers, INT32_MAX), AVPN_ERROR_MEMORY);
    ck_assert_int_eq(avpni_timers_reserve(&timers, -60), AVPN_OK);
    ck_assert_int_eq(avpni_timers_reserve(&timers, 60), AVPN_OK);
    /* Giving back never fails, even where shrinking does. */
    ck_assert_int_eq(avpni_timers_reserve(&timers, -100), AVPN_OK);
    ck_assert_uint_eq(timers.reserved, 0);
    budget = 1;
    ck_assert_int_eq(avpni_timers_reserve(&timers, 10), AVPN_OK);
    ck_assert_int_eq(avpni_timers_reserve(&timers, -10), AVPN_OK);
    ck_assert_uint_eq(timers.capacity, 50);
    avpni_timers_fini(&timers);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(without_timers_there_is_no_deadline),
    HARNESS_CASE(equal_deadlines_fire_in_the_order_they_were_set),
    HARNESS_LOOP(random_operations_agree_with_a_sorted_list, 10),
    HARNESS_CASE(a_timer_set_while_running_for_now_fires_in_the_same_run),
    HARNESS_CASE(a_timer_may_free_the_object_it_lives_in),
    HARNESS_CASE(fini_leaves_the_timers_unset),
    HARNESS_CASE(room_is_taken_and_given_back),
};
HARNESS_MAIN("base/timer", cases)
