/* SPDX-License-Identifier: ISC */
#include "base/text.h"
#include "harness.h"
#include <string.h>

START_TEST(pieces_and_numbers_become_one_line)
{
    struct avpni_text text = {0};

    avpni_text_add(&text, "member ");
    avpni_text_add_number(&text, 0);
    avpni_text_add(&text, ", ");
    avpni_text_add_number(&text, UINT64_MAX);
    ck_assert_str_eq(text.bytes, "member 0, 18446744073709551615");
    ck_assert_uint_eq(text.count, strlen(text.bytes));
}
END_TEST

START_TEST(what_does_not_fit_is_cut_off)
{
    struct avpni_text text = {0};

    for (int i = 0; i < 100; i++)
        avpni_text_add(&text, "0123456789");
    ck_assert_uint_eq(text.count, AVPNI_TEXT_BYTES - 1);
    ck_assert_uint_eq(strlen(text.bytes), AVPNI_TEXT_BYTES - 1);
    avpni_text_add_number(&text, 5);
    ck_assert_uint_eq(text.count, AVPNI_TEXT_BYTES - 1);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(pieces_and_numbers_become_one_line),
    HARNESS_CASE(what_does_not_fit_is_cut_off),
};
HARNESS_MAIN("base/text", cases)
