/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <autovpn/types.h>
#include <autovpn/version.h>
#include <stdio.h>
#include <string.h>

START_TEST(the_wire_version_is_one)
{
    ck_assert_uint_eq(avpn_wire_version(), 1);
}
END_TEST

/* PROJECT_VERSION is meson's. */
START_TEST(versions_of_headers_library_and_build_agree)
{
    char text[32];

    snprintf(text, sizeof text, "%d.%d.%d", AVPN_VERSION_MAJOR, AVPN_VERSION_MINOR,
             AVPN_VERSION_PATCH);
    ck_assert_str_eq(text, PROJECT_VERSION);
    ck_assert_str_eq(AVPN_VERSION_TEXT, PROJECT_VERSION);
    ck_assert_str_eq(avpn_version(), PROJECT_VERSION);
    ck_assert_uint_eq(avpn_version_number(), AVPN_VERSION_NUMBER);
    ck_assert_uint_eq(avpn_version_number() >> 16, AVPN_VERSION_MAJOR);
}
END_TEST

START_TEST(features_are_those_of_the_build)
{
    static const struct {
        const char *name;
        int32_t is_built;
    } parts[] = {{"registry", HAS_REGISTRY},
                 {"authority", HAS_AUTHORITY},
                 {"ipsec-mb", HAS_IPSEC_MB},
                 {"openssl", HAS_OPENSSL}};
    uint32_t count = 0;

    for (int i = 0; i < HARNESS_COUNT(parts); i++) {
        ck_assert_int_eq(avpn_has_feature(parts[i].name), parts[i].is_built);
        count += (uint32_t)parts[i].is_built;
    }
    for (uint32_t i = 0; i < count; i++)
        ck_assert_int_eq(avpn_has_feature(avpn_feature_at(i)), 1);
    ck_assert_ptr_null(avpn_feature_at(count));
    ck_assert_ptr_null(avpn_feature_at(UINT32_MAX));
    ck_assert_int_eq(avpn_has_feature("node"), 0);
    ck_assert_int_eq(avpn_has_feature(""), 0);
    ck_assert_int_eq(avpn_has_feature(NULL), 0);
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
    HARNESS_CASE(versions_of_headers_library_and_build_agree),
    HARNESS_CASE(features_are_those_of_the_build),
    HARNESS_CASE(every_error_has_a_name_of_its_own),
    HARNESS_CASE(other_numbers_are_unknown),
};
HARNESS_MAIN("base/version", cases)
