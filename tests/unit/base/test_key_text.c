/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <autovpn/types.h>
#include <string.h>

static const struct {
    const char *text;
    uint8_t first, last; /* of 32 bytes, those between are zero */
} valid[] = {
    {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 0, 0},
    {"/wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE=", 0xff, 1},
    {"gAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAP8=", 0x80, 0xff},
};

static const char *const invalid[] = {
    "",
    "=",
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",   /* no padding */
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",  /* 31 bytes */
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",  /* 33 bytes */
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=",  /* an unused bit set */
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAC=",  /* the other one */
    "AAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAAAAAAAA=",  /* the URL alphabet */
    "AAAAAAAAAAAAAAAAAAAAA=AAAAAAAAAAAAAAAAAAAAA=",  /* padding inside */
    "AAAAAAAAAAAAAAAAAAAAA AAAAAAAAAAAAAAAAAAAAA=",  /* a blank */
    " AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", /* a blank before */
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
};

START_TEST(a_canonical_text_is_read_and_written_back)
{
    struct avpn_key key;
    char text[AVPN_KEY_TEXT];

    ck_assert_int_eq(avpn_key_parse(valid[_i].text, &key), AVPN_OK);
    ck_assert_uint_eq(key.bytes[0], valid[_i].first);
    ck_assert_uint_eq(key.bytes[31], valid[_i].last);
    for (int i = 1; i < 31; i++) {
        ck_assert_uint_eq(key.bytes[i], 0);
    }
    ck_assert_int_eq(avpn_key_format(&key, text, sizeof text), AVPN_OK);
    ck_assert_str_eq(text, valid[_i].text);
}
END_TEST

START_TEST(any_other_text_is_refused_and_the_key_kept)
{
    struct avpn_key key, before;

    memset(&key, 0x55, sizeof key);
    before = key;
    ck_assert_int_eq(avpn_key_parse(invalid[_i], &key), AVPN_ERROR_FORMAT);
    ck_assert_mem_eq(&key, &before, sizeof key);
}
END_TEST

START_TEST(random_keys_survive_the_round_trip)
{
    uint64_t random = 3;

    for (int round = 0; round < 500; round++) {
        struct avpn_key key, again;
        char text[AVPN_KEY_TEXT];

        for (int i = 0; i < AVPN_KEY_BYTES; i++) {
            key.bytes[i] = (uint8_t)harness_random(&random);
        }
        ck_assert_int_eq(avpn_key_format(&key, text, sizeof text), AVPN_OK);
        ck_assert_uint_eq(strlen(text), 44);
        ck_assert_int_eq(avpn_key_parse(text, &again), AVPN_OK);
        ck_assert_mem_eq(&key, &again, sizeof key);
    }
}
END_TEST

START_TEST(a_small_buffer_is_left_alone)
{
    struct avpn_key key = {{0}};
    char text[AVPN_KEY_TEXT] = "x";

    ck_assert_int_eq(avpn_key_format(&key, text, sizeof text - 1), AVPN_ERROR_SPACE);
    ck_assert_str_eq(text, "x");
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_canonical_text_is_read_and_written_back, HARNESS_COUNT(valid)),
    HARNESS_LOOP(any_other_text_is_refused_and_the_key_kept, HARNESS_COUNT(invalid)),
    HARNESS_CASE(random_keys_survive_the_round_trip),
    HARNESS_CASE(a_small_buffer_is_left_alone),
};
HARNESS_MAIN("base/key_text", cases)
