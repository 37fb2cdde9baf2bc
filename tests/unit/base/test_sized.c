/* SPDX-License-Identifier: ISC */
/* Structs of other versions, by the rules of types.h. */
#include "harness.h"

#include "base/sized.h"

#include <string.h>

/* A struct that had three fields in its first version, has one more in the library's, and two more in a later one. */
struct own {
    uint32_t size, a, b, c;
};
struct later {
    uint32_t size, a, b, c, d, e;
};

#define FIRST ((enum avpni_first_bytes)12)
#define FENCE 0x5a

/* What a caller has: a struct of `size` bytes, and behind it memory of its own. */
static union {
    struct later as;
    uint8_t bytes[sizeof(struct later) + 16];
} theirs;

static void make(uint32_t size)
{
    memset(&theirs, FENCE, sizeof theirs);
    memset(&theirs, 0, size < sizeof theirs.as ? size : sizeof theirs.as);
    theirs.as.size = size;
    theirs.as.a = 1;
    theirs.as.b = 2;
}

static bool is_fenced(size_t from)
{
    for (size_t i = from; i < sizeof theirs; i++)
        if (theirs.bytes[i] != FENCE)
            return false;
    return true;
}

START_TEST(what_an_older_caller_does_not_have_is_zero)
{
    struct own own;

    make(12);
    memset(&own, 0xff, sizeof own);
    ck_assert_int_eq(avpni_take(&own, sizeof own, &theirs, FIRST), AVPN_OK);
    ck_assert_uint_eq(own.size, sizeof own);
    ck_assert_uint_eq(own.a, 1);
    ck_assert_uint_eq(own.b, 2);
    ck_assert_uint_eq(own.c, 0);
}
END_TEST

START_TEST(a_newer_caller_is_taken_if_it_asks_for_nothing_new)
{
    struct own own;

    make(sizeof(struct later));
    theirs.as.c = 3;
    ck_assert_int_eq(avpni_take(&own, sizeof own, &theirs, FIRST), AVPN_OK);
    ck_assert_uint_eq(own.size, sizeof own);
    ck_assert_uint_eq(own.c, 3);
    ck_assert(avpni_take_in_place(sizeof own, &theirs, FIRST));
    for (size_t i = sizeof own; i < sizeof(struct later); i++) {
        theirs.bytes[i] = 1;
        memset(&own, 0xee, sizeof own);
        ck_assert_int_eq(avpni_take(&own, sizeof own, &theirs, FIRST), AVPN_ERROR_ARGUMENT);
        ck_assert_uint_eq(own.size, 0xeeeeeeee);
        ck_assert(!avpni_take_in_place(sizeof own, &theirs, FIRST));
        theirs.bytes[i] = 0;
    }
}
END_TEST

START_TEST(an_older_caller_is_given_what_it_has_room_for)
{
    const struct own own = {.a = 4, .b = 5, .c = 6};

    make(12);
    ck_assert_int_eq(avpni_give(&theirs, &own, sizeof own, FIRST), AVPN_OK);
    ck_assert_uint_eq(theirs.as.size, 12);
    ck_assert_uint_eq(theirs.as.a, 4);
    ck_assert_uint_eq(theirs.as.b, 5);
    ck_assert(is_fenced(12));
}
END_TEST

START_TEST(a_newer_caller_is_told_how_much_was_filled_in)
{
    const struct own own = {.a = 4, .b = 5, .c = 6};

    make(sizeof(struct later));
    theirs.as.d = theirs.as.e = 7;
    ck_assert_int_eq(avpni_give(&theirs, &own, sizeof own, FIRST), AVPN_OK);
    ck_assert_uint_eq(theirs.as.size, sizeof own);
    ck_assert_uint_eq(theirs.as.c, 6);
    ck_assert_uint_eq(theirs.as.d, 0);
    ck_assert_uint_eq(theirs.as.e, 0);
    ck_assert(is_fenced(sizeof(struct later)));
    /* Once more with the same struct, as in a loop. */
    ck_assert_int_eq(avpni_give(&theirs, &own, sizeof own, FIRST), AVPN_OK);
    ck_assert_uint_eq(theirs.as.size, sizeof own);
}
END_TEST

START_TEST(sizes_that_no_version_has_are_refused)
{
    static const uint32_t sizes[] = {0, 1, 4, 11, AVPN_SIZE_LIMIT + 1, 0x5a5a5a5a, UINT32_MAX};
    struct own own = {0};

    make(sizes[_i]);
    ck_assert_int_eq(avpni_take(&own, sizeof own, &theirs, FIRST), AVPN_ERROR_ARGUMENT);
    ck_assert(!avpni_take_in_place(sizeof own, &theirs, FIRST));
    ck_assert(!avpni_can_give(&theirs, FIRST));
    ck_assert_int_eq(avpni_give(&theirs, &own, sizeof own, FIRST), AVPN_ERROR_ARGUMENT);
    ck_assert_uint_eq(theirs.as.size, sizes[_i]);
    ck_assert_int_eq(avpni_take(&own, sizeof own, NULL, FIRST), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpni_give(NULL, &own, sizeof own, FIRST), AVPN_ERROR_ARGUMENT);
}
END_TEST

START_TEST(a_field_is_there_when_the_size_reaches_behind_it)
{
    struct avpn_aead table = {.size = AVPNI_FIRST_AEAD};

    ck_assert(AVPNI_HAS(&table, avpn_aead, open));
    table.size--;
    ck_assert(!AVPNI_HAS(&table, avpn_aead, open));
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(what_an_older_caller_does_not_have_is_zero),
    HARNESS_CASE(a_newer_caller_is_taken_if_it_asks_for_nothing_new),
    HARNESS_CASE(an_older_caller_is_given_what_it_has_room_for),
    HARNESS_CASE(a_newer_caller_is_told_how_much_was_filled_in),
    HARNESS_LOOP(sizes_that_no_version_has_are_refused, 7),
    HARNESS_CASE(a_field_is_there_when_the_size_reaches_behind_it),
};
HARNESS_MAIN("base/sized", cases)
