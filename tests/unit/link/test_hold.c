/* SPDX-License-Identifier: ISC */
/* [RTE-7]: how long a tunnel that came back is held. */
#include "harness.h"
#include "link/hold.h"

#define TURNS 12

static const struct turn_row {
    const char *name;
    struct {
        int up, down; /* seconds of each: up, then down */
        int held;     /* expected at its beginning; 0: not at all */
    } turns[TURNS];
} rows[] = {
    {"the first time there is no hold", {{5, 1, 0}}},
    {"after a second of it neither is the span doubled", {{1, 1, 0}, {1000, 1, 10}}},
    {"down within a minute after the hold doubles it",
     {{1000, 1, 0}, {69, 1, 10}, {79, 1, 20}, {99, 1, 40}, {139, 1, 80}, {219, 1, 160}, {359, 1, 300},
      {359, 1, 300}}},
    {"down during the hold doubles it", {{1000, 1, 0}, {3, 1, 10}, {3, 1, 20}, {39, 1, 40}, {1, 1, 80}}},
    {"a minute after the hold leaves it", {{1000, 1, 0}, {69, 1, 10}, {80, 1, 20}, {80, 1, 20}, {1, 1, 20}}},
    {"ten minutes up forget",
     {{1000, 1, 0}, {1, 1, 10}, {1, 1, 20}, {599, 1, 40}, {600, 1, 40}, {1, 1, 10}, {1, 1, 20}}},
    {"being down for long forgets nothing", {{1000, 1, 0}, {1, 9999, 10}, {1, 9999, 20}, {1, 1, 40}}},
    {"ten minutes up forget even where the hold was long",
     {{1000, 1, 0}, {1, 1, 10}, {1, 1, 20}, {1, 1, 40}, {1, 1, 80}, {1, 1, 160}, {1, 1, 300},
      {600, 1, 300}, {1, 1, 10}}},
};

START_TEST(a_tunnel_that_comes_back_is_held_as_long_as_it_deserves)
{
    avpn_time now = 77 * AVPN_SECOND;
    struct avpni_hold hold;

    avpni_hold_init(&hold);
    for (uint32_t i = 0; i < TURNS && rows[_i].turns[i].up != 0; i++) {
        avpn_span held = rows[_i].turns[i].held * AVPN_SECOND;

        ck_assert_msg(avpni_hold_up(&hold, now) == (held != 0), "%s: turn %u", rows[_i].name, i);
        ck_assert_msg(hold.until == (held != 0 ? now + held : -1), "%s: turn %u: %d s",
                      rows[_i].name, i, (int)((hold.until - now) / AVPN_SECOND));
        now += rows[_i].turns[i].up * AVPN_SECOND;
        ck_assert_int_eq(avpni_hold_end(&hold, now), held != 0 && rows[_i].turns[i].up * AVPN_SECOND >= held);
        avpni_hold_down(&hold, now);
        ck_assert_int_eq(hold.until, -1);
        now += rows[_i].turns[i].down * AVPN_SECOND;
    }
}
END_TEST

START_TEST(a_hold_ends_once_and_not_before_its_time)
{
    struct avpni_hold hold;

    avpni_hold_init(&hold);
    ck_assert(!avpni_hold_end(&hold, AVPN_TIME_NEVER)); /* there is none */
    avpni_hold_up(&hold, 0);
    ck_assert(!avpni_hold_end(&hold, AVPN_TIME_NEVER));
    avpni_hold_down(&hold, AVPN_SECOND);
    ck_assert(avpni_hold_up(&hold, 2 * AVPN_SECOND));
    ck_assert(!avpni_hold_end(&hold, 12 * AVPN_SECOND - 1));
    ck_assert_int_eq(hold.until, 12 * AVPN_SECOND);
    ck_assert(avpni_hold_end(&hold, 12 * AVPN_SECOND));
    ck_assert_int_eq(hold.until, -1);
    ck_assert(!avpni_hold_end(&hold, 13 * AVPN_SECOND));
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_tunnel_that_comes_back_is_held_as_long_as_it_deserves, HARNESS_COUNT(rows)),
    HARNESS_CASE(a_hold_ends_once_and_not_before_its_time),
};
HARNESS_MAIN("link/hold", cases)
