/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include "crypto/box.h"
#include "link/guard.h"
#include "wire/message.h"

#include <stdbool.h>
#include <string.h>

#define BYTES AVPNI_INITIATION_NODE_BYTES

static struct avpni_guard guard;
static struct avpn_key self = {{7}};
static uint64_t random_state;
static bool random_fails;
static const avpn_time start = 1000 * AVPN_SECOND;

static int32_t fill(void *user, uint8_t *bytes, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)harness_random(&random_state);
    }
    return random_fails ? -1 : 0;
}

static void begin(uint32_t rate)
{
    struct avpni_random random = {NULL, fill};
    struct avpni_memory memory;

    random_fails = false;
    ck_assert_int_ge(avpni_crypto_init(), 0);
    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    ck_assert_int_eq(avpni_guard_init(&guard, &memory, &random, &self, rate, start), AVPN_OK);
}

static struct avpn_contact contact(const char *text)
{
    struct avpn_contact parsed;

    ck_assert_int_eq(avpn_contact_parse(text, &parsed), AVPN_OK);
    return parsed;
}

/* An initiation with a right mac1, and mac2 under a cookie unless that is NULL. */
static void make(uint8_t message[BYTES], const uint8_t *cookie)
{
    memset(message, 0, BYTES);
    avpni_initiation_write_head(message, 0xABCD00);
    message[20] = (uint8_t)harness_random(&random_state);
    avpni_mac1(message + BYTES - 32, message, BYTES - 32, &self);
    if (cookie != NULL) {
        avpni_mac2(message + BYTES - 16, message, BYTES - 16, cookie);
    }
}

static enum avpni_guard_verdict check(const uint8_t *cookie, const char *from, avpn_time now)
{
    struct avpn_contact source = contact(from);
    uint8_t message[BYTES], reply[68];

    make(message, cookie);
    return avpni_guard_check(&guard, message, BYTES, &source, now, reply);
}

static void get_cookie(const char *from, avpn_time now, uint8_t cookie[16])
{
    struct avpn_contact source = contact(from);
    struct avpni_cookie_message opened;
    uint8_t message[BYTES], reply[68];

    make(message, NULL);
    memset(message + BYTES - 16, 1, 16); /* [MAC-3] */
    ck_assert_int_eq(avpni_guard_check(&guard, message, BYTES, &source, now, reply),
                     AVPNI_GUARD_COOKIE);
    ck_assert_int_eq(avpni_message_kind(reply, sizeof reply), AVPNI_KIND_COOKIE);
    avpni_cookie_read(reply, &opened);
    ck_assert_uint_eq(opened.receiver, 0xABCD00);
    ck_assert(avpni_cookie_open(cookie, opened.sealed, opened.nonce, message + BYTES - 32, &self));
}

/* [MAC-1] */
START_TEST(a_wrong_mac1_changes_nothing_at_all)
{
    struct avpn_contact source = contact("192.0.2.1:40000");
    uint8_t message[BYTES], reply[68];

    begin(0);
    make(message, NULL);
    struct avpni_guard before = guard;
    uint64_t random_before = random_state;

    for (size_t bit = 0; bit < (BYTES - 16) * 8; bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(avpni_guard_check(&guard, message, BYTES, &source,
                                           start + 1000 * AVPN_SECOND, reply),
                         AVPNI_GUARD_DROP_MAC1);
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert_mem_eq(&before, &guard, sizeof guard);
    ck_assert_uint_eq(random_before, random_state);
    avpni_guard_fini(&guard);
}
END_TEST

/* [MAC-4] */
START_TEST(the_default_is_500_at_once_and_500_a_second)
{
    begin(0);
    for (int i = 0; i < 500; i++) {
        ck_assert_int_eq(check(NULL, "192.0.2.1:40000", start), AVPNI_GUARD_PASS);
    }
    ck_assert_int_eq(check(NULL, "192.0.2.1:40000", start), AVPNI_GUARD_COOKIE);
    ck_assert_int_eq(check(NULL, "192.0.2.2:40000", start + 2 * AVPN_MILLISECOND - 1),
                     AVPNI_GUARD_COOKIE);
    ck_assert_int_eq(check(NULL, "192.0.2.1:40000", start + 2 * AVPN_MILLISECOND),
                     AVPNI_GUARD_PASS);
    ck_assert_int_eq(check(NULL, "192.0.2.1:40000", start + 2 * AVPN_MILLISECOND),
                     AVPNI_GUARD_COOKIE);
    avpni_guard_fini(&guard);
}
END_TEST

START_TEST(under_load_a_source_with_a_cookie_has_20_a_second)
{
    uint8_t cookie[16], other[16];

    begin(1);
    get_cookie("192.0.2.1:40000", start, cookie);
    get_cookie("192.0.2.1:40001", start, other);
    ck_assert_int_eq(check(cookie, "192.0.2.1:40000", start), AVPNI_GUARD_PASS); /* global */
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(check(cookie, "192.0.2.1:40000", start), AVPNI_GUARD_PASS);
    }
    ck_assert_int_eq(check(cookie, "192.0.2.1:40000", start), AVPNI_GUARD_DROP_LOAD);
    /* Another port is the same source; another address has its own cookie and bucket. */
    ck_assert_int_eq(check(other, "192.0.2.1:40001", start), AVPNI_GUARD_DROP_LOAD);
    ck_assert_int_eq(check(cookie, "192.0.2.1:40001", start), AVPNI_GUARD_COOKIE);
    ck_assert_int_eq(check(cookie, "192.0.2.2:40000", start), AVPNI_GUARD_COOKIE);
    get_cookie("192.0.2.2:40000", start, other);
    ck_assert_int_eq(check(other, "192.0.2.2:40000", start), AVPNI_GUARD_PASS);
    ck_assert_int_eq(check(cookie, "192.0.2.1:40000", start + 50 * AVPN_MILLISECOND),
                     AVPNI_GUARD_PASS);
    ck_assert_int_eq(check(cookie, "192.0.2.1:40000", start + 50 * AVPN_MILLISECOND),
                     AVPNI_GUARD_DROP_LOAD);
    avpni_guard_fini(&guard);
}
END_TEST

START_TEST(ipv6_sources_share_a_bucket_by_64)
{
    uint8_t a[16], b[16], c[16];

    begin(1);
    get_cookie("[2001:db8:0:1::1]:1", start, a);
    get_cookie("[2001:db8:0:1:ffff::2]:1", start, b);
    get_cookie("[2001:db8:0:2::1]:1", start, c);
    ck_assert_int_eq(check(NULL, "192.0.2.1:1", start), AVPNI_GUARD_PASS);
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(check(a, "[2001:db8:0:1::1]:1", start), AVPNI_GUARD_PASS);
    }
    ck_assert_int_eq(check(b, "[2001:db8:0:1:ffff::2]:1", start), AVPNI_GUARD_DROP_LOAD);
    ck_assert_int_eq(check(c, "[2001:db8:0:2::1]:1", start), AVPNI_GUARD_PASS);
    avpni_guard_fini(&guard);
}
END_TEST

/* [MAC-5] */
START_TEST(a_cookie_lives_through_the_next_secret_and_no_longer)
{
    uint8_t cookie[16];

    begin(0);
    get_cookie("192.0.2.1:40000", start, cookie);
    ck_assert_int_eq(check(cookie, "192.0.2.1:40000", start + 119 * AVPN_SECOND), AVPNI_GUARD_PASS);
    ck_assert_int_eq(check(cookie, "192.0.2.1:40000", start + 121 * AVPN_SECOND), AVPNI_GUARD_PASS);
    ck_assert_int_eq(check(cookie, "192.0.2.1:40000", start + 242 * AVPN_SECOND),
                     AVPNI_GUARD_COOKIE);
    avpni_guard_fini(&guard);
}
END_TEST

START_TEST(without_randomness_there_is_no_cookie)
{
    begin(1);
    ck_assert_int_eq(check(NULL, "192.0.2.1:40000", start), AVPNI_GUARD_PASS);
    random_fails = true;
    ck_assert_int_eq(check(NULL, "192.0.2.1:40000", start), AVPNI_GUARD_DROP_LOAD);
    avpni_guard_fini(&guard);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_wrong_mac1_changes_nothing_at_all),
    HARNESS_CASE(the_default_is_500_at_once_and_500_a_second),
    HARNESS_CASE(under_load_a_source_with_a_cookie_has_20_a_second),
    HARNESS_CASE(ipv6_sources_share_a_bucket_by_64),
    HARNESS_CASE(a_cookie_lives_through_the_next_secret_and_no_longer),
    HARNESS_CASE(without_randomness_there_is_no_cookie),
};
HARNESS_MAIN("link/guard", cases)
