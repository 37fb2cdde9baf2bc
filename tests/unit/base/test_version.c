/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <autovpn/types.h>
#include <string.h>

START_TEST(the_wire_version_is_one)
{
    ck_assert_uint_eq(avpn_wire_version(), 1);
    ck_assert_str_eq(avpn_version(), "0.1.0");
}
END_TEST

START_TEST(every_error_has_a_name_of_its_own)
{
    for (int32_t error = AVPN_ERROR_EXHAUSTED; error <= AVPN_OK; error++) {
        const char *name = avpn_error_name(error);

        ck_assert_msg(strncmp(name, "AVPN_", 5) == 0, "error %d is called %s", error, name);
        for (int32_t other = AVPN_ERROR_EXHAUSTED; other < error; other++) {
            ck_assert_str_ne(name, avpn_error_name(other));
        }
    }
    ck_assert_str_eq(avpn_error_name(AVPN_ERROR_LIMIT), "AVPN_ERROR_LIMIT");
}
END_TEST

START_TEST(other_numbers_are_unknown)
{
    static const int32_t numbers[] = {1, AVPN_ERROR_EXHAUSTED - 1, INT32_MIN, INT32_MAX};

    for (int i = 0; i < HARNESS_COUNT(numbers); i++) {
        ck_assert_str_eq(avpn_error_name(numbers[i]), "unknown");
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(the_wire_version_is_one),
    HARNESS_CASE(every_error_has_a_name_of_its_own),
    HARNESS_CASE(other_numbers_are_unknown),
};
HARNESS_MAIN("base/version", cases)
