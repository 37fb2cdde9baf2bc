/* SPDX-License-Identifier: ISC */
#include "base/cursor.h"
#include "harness.h"

#include <string.h>

static const uint8_t bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0};

START_TEST(integers_are_read_big_endian)
{
    struct avpni_reader r = avpni_reader(bytes, 15);

    ck_assert_uint_eq(avpni_read_u8(&r), 1);
    ck_assert_uint_eq(avpni_read_u16(&r), 0x0203);
    ck_assert_uint_eq(avpni_read_u32(&r), 0x04050607);
    ck_assert_uint_eq(avpni_reader_left(&r), 8);
    ck_assert(!avpni_reader_is_done(&r));
    ck_assert_uint_eq(avpni_read_u64(&r), UINT64_C(0x08090a0b0c0d0e0f));
    ck_assert(avpni_reader_is_done(&r));
}
END_TEST

START_TEST(a_read_beyond_the_end_fails_and_stays_failed)
{
    struct avpni_reader r = avpni_reader(bytes, 3);
    uint8_t out[4] = {9, 9, 9, 9};

    ck_assert_uint_eq(avpni_read_u32(&r), 0);
    ck_assert(!avpni_reader_is_done(&r));
    /* One byte would be there, yet after a failure nothing is given. */
    ck_assert_uint_eq(avpni_read_u8(&r), 0);
    ck_assert_uint_eq(avpni_reader_left(&r), 0);
    ck_assert_ptr_null(avpni_read_view(&r, 0));
    avpni_read_bytes(&r, out, sizeof out);
    ck_assert_mem_eq(out, "\0\0\0\0", 4);
    ck_assert(!avpni_reader_is_done(&r));
}
END_TEST

START_TEST(an_empty_buffer_is_done_at_once)
{
    struct avpni_reader r = avpni_reader(NULL, 0);

    avpni_read_bytes(&r, NULL, 0);
    avpni_read_zeros(&r, 0);
    ck_assert(avpni_reader_is_done(&r));
    ck_assert_uint_eq(avpni_read_u8(&r), 0);
    ck_assert(!avpni_reader_is_done(&r));
}
END_TEST

START_TEST(a_view_points_into_the_buffer)
{
    struct avpni_reader r = avpni_reader(bytes, 16);

    ck_assert_ptr_eq(avpni_read_view(&r, 4), bytes);
    ck_assert_ptr_eq(avpni_read_view(&r, 12), bytes + 4);
    ck_assert(avpni_reader_is_done(&r));
    ck_assert_ptr_null(avpni_read_view(&r, 1));
}
END_TEST

START_TEST(a_length_near_the_end_of_size_does_not_wrap)
{
    struct avpni_reader r = avpni_reader(bytes, 16);

    (void)avpni_read_u32(&r);
    ck_assert_ptr_null(avpni_read_view(&r, SIZE_MAX - 1));
    ck_assert_uint_eq(avpni_reader_left(&r), 0);
}
END_TEST

START_TEST(zeros_must_be_zero)
{
    static const uint8_t text[4] = {0, 0, 0, 1};
    struct avpni_reader good = avpni_reader(text, 3), bad = avpni_reader(text, 4);
    struct avpni_reader late = avpni_reader(text, 3);

    avpni_read_zeros(&good, 3);
    ck_assert(avpni_reader_is_done(&good));
    avpni_read_zeros(&bad, 4);
    ck_assert(!avpni_reader_is_done(&bad));
    avpni_read_zeros(&late, 4);
    ck_assert(!avpni_reader_is_done(&late));
}
END_TEST

START_TEST(a_parser_may_declare_failure)
{
    struct avpni_reader r = avpni_reader(bytes, 1);

    (void)avpni_read_u8(&r);
    avpni_reader_fail(&r);
    ck_assert(!avpni_reader_is_done(&r));
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
    uint8_t buffer[22];
    struct avpni_writer w = avpni_writer(buffer, sizeof buffer);

    memset(buffer, 0xee, sizeof buffer);
    avpni_write_u8(&w, 0x81);
    avpni_write_u16(&w, 0x8283);
    avpni_write_u32(&w, 0x84858687);
    avpni_write_u64(&w, UINT64_C(0x88898a8b8c8d8e8f));
    avpni_write_bytes(&w, bytes, 4);
    avpni_write_zeros(&w, 3);
    ck_assert(!w.failed);
    ck_assert_uint_eq(w.position, 22);

    struct avpni_reader r = avpni_reader(buffer, w.position);

    ck_assert_uint_eq(avpni_read_u8(&r), 0x81);
    ck_assert_uint_eq(avpni_read_u16(&r), 0x8283);
    ck_assert_uint_eq(avpni_read_u32(&r), 0x84858687);
    ck_assert_uint_eq(avpni_read_u64(&r), UINT64_C(0x88898a8b8c8d8e8f));
    ck_assert_mem_eq(avpni_read_view(&r, 4), bytes, 4);
    avpni_read_zeros(&r, 3);
    ck_assert(avpni_reader_is_done(&r));
}
END_TEST

START_TEST(a_full_writer_writes_nothing_but_counts_the_size_needed)
{
    uint8_t buffer[8];
    struct avpni_writer w = avpni_writer(buffer, 5);

    memset(buffer, 0xee, sizeof buffer);
    avpni_write_u32(&w, 0);
    avpni_write_u16(&w, 0);
    ck_assert(w.failed);
    avpni_write_u8(&w, 0); /* would fit, but what follows a gap is worthless */
    avpni_write_bytes(&w, bytes, 3);
    avpni_write_zeros(&w, 2);
    ck_assert_uint_eq(w.position, 4 + 2 + 1 + 3 + 2);
    ck_assert_mem_eq(buffer, "\0\0\0\0\xee\xee\xee\xee", 8);
}
END_TEST

START_TEST(a_writer_without_a_buffer_measures)
{
    struct avpni_writer w = avpni_writer(NULL, 0);

    avpni_write_bytes(&w, NULL, 0);
    ck_assert(!w.failed);
    avpni_write_u64(&w, 1);
    avpni_write_zeros(&w, SIZE_MAX);
    ck_assert(w.failed);
    ck_assert_uint_eq(w.position, SIZE_MAX);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(integers_are_read_big_endian),
    HARNESS_CASE(a_read_beyond_the_end_fails_and_stays_failed),
    HARNESS_CASE(an_empty_buffer_is_done_at_once),
    HARNESS_CASE(a_view_points_into_the_buffer),
    HARNESS_CASE(a_length_near_the_end_of_size_does_not_wrap),
    HARNESS_CASE(zeros_must_be_zero),
    HARNESS_CASE(a_parser_may_declare_failure),
    HARNESS_CASE(what_is_written_is_read_back),
    HARNESS_CASE(a_full_writer_writes_nothing_but_counts_the_size_needed),
    HARNESS_CASE(a_writer_without_a_buffer_measures),
};
HARNESS_MAIN("base/cursor", cases)
