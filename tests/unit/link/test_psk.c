/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "link/psk.h"
#include <string.h>

struct row {
    uint32_t own, peer, agreed;
};

static const struct row rows[] = {
    {1, 1, 1},
    {7, 7, 7},
    {7, 8, 7},
    {8, 7, 7},
    {1, 2, 1},
    {2, 1, 1},
    {7, 9, 0}, /* the peer no longer holds ours */
    {9, 7, 0}, /* we no longer hold the peer's */
    {1, 3, 0},
    {0, 0, 0}, /* no key at all */
    {0, 1, 0},
    {1, 0, 0},
    {0, 7, 0},
    {UINT32_MAX, UINT32_MAX - 1, UINT32_MAX - 1},
    {UINT32_MAX, 1, 0},
    {1, UINT32_MAX, 0},
};

/* [PRB-13] */
START_TEST(the_lower_epoch_is_used_if_both_hold_it)
{
    const struct row *row = &rows[_i];

    ck_assert_uint_eq(avpni_psk_agree(row->own, row->peer), row->agreed);
}
END_TEST

/* Whatever is agreed on, both have a key for it. */
START_TEST(an_epoch_agreed_on_is_held_by_both)
{
    struct avpni_psks own = {.epoch = rows[_i].own}, peer = {.epoch = rows[_i].peer};

    if (rows[_i].agreed == 0)
        return;
    ck_assert_ptr_nonnull(avpni_psks_find(&own, rows[_i].agreed));
    ck_assert_ptr_nonnull(avpni_psks_find(&peer, rows[_i].agreed));
}
END_TEST

/* [CFG-7] */
START_TEST(the_keys_of_two_epochs_are_held_and_no_other)
{
    const struct avpni_psks psks = {7, {{1}}, {{2}}}, first = {1, {{1}}, {{0}}}, none = {0};

    ck_assert_ptr_eq(avpni_psks_find(&psks, 7), &psks.current);
    ck_assert_ptr_eq(avpni_psks_find(&psks, 6), &psks.previous);
    ck_assert_ptr_null(avpni_psks_find(&psks, 5));
    ck_assert_ptr_null(avpni_psks_find(&psks, 8));
    ck_assert_ptr_null(avpni_psks_find(&psks, 0));
    ck_assert_ptr_eq(avpni_psks_find(&first, 1), &first.current);
    ck_assert_ptr_null(avpni_psks_find(&first, 0)); /* zeros are no key */
    ck_assert_ptr_null(avpni_psks_find(&none, 0));
    ck_assert_ptr_null(avpni_psks_find(&none, UINT32_MAX));
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(the_lower_epoch_is_used_if_both_hold_it, HARNESS_COUNT(rows)),
    HARNESS_LOOP(an_epoch_agreed_on_is_held_by_both, HARNESS_COUNT(rows)),
    HARNESS_CASE(the_keys_of_two_epochs_are_held_and_no_other),
};
HARNESS_MAIN("link/psk", cases)
