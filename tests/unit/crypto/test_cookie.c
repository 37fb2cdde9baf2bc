/* SPDX-License-Identifier: ISC */
/* MACs and cookies against flooding. */
#include "crypto/box.h"
#include "crypto/cookie.h"
#include "crypto/hash.h"
#include "harness.h"

#include <string.h>

static const struct avpn_key receiver = {{0x52}};
static const uint8_t message[40] = {1, 2, 3};

static int32_t count_up(void *user, uint8_t *bytes, size_t count)
{
    uint8_t *next = user;

    memset(bytes, ++*next, count);
    return 0;
}

static int32_t refuse(void *user, uint8_t *bytes, size_t count)
{
    (void)user;
    (void)bytes;
    (void)count;
    return -1;
}

START_TEST(mac1_is_made_as_specified) /* [MAC-1] */
{
    struct avpni_piece piece = {"autovpn mac1R", 13};
    uint8_t label[12 + 32], key[32], expected[16], mac[16];

    memcpy(label, "autovpn mac1", 12);
    memcpy(label + 12, receiver.bytes, 32);
    piece = (struct avpni_piece){label, sizeof label};
    avpni_hash(key, sizeof key, NULL, 0, &piece, 1);
    piece = (struct avpni_piece){message, sizeof message};
    avpni_hash(expected, sizeof expected, key, sizeof key, &piece, 1);
    avpni_mac1(mac, message, sizeof message, &receiver);
    ck_assert_mem_eq(mac, expected, sizeof mac);
}
END_TEST

START_TEST(a_cookie_is_made_as_specified) /* [MAC-2] [MAC-5] */
{
    struct avpni_cookie_jar jar = {.secret = {{9}}};
    const struct avpn_contact v4 = {.family = 4, .port = 0x1234, .bytes = {192, 0, 2, 1}};
    const struct avpn_contact v6 = {.family = 6, .port = 0x1234, .bytes = {0x20, 1, 13, 0xb8}};
    const uint8_t text4[7] = {4, 192, 0, 2, 1, 0x12, 0x34};
    const uint8_t text6[19] = {6, 0x20, 1, 13, 0xb8, [17] = 0x12, [18] = 0x34};
    const struct avpni_piece pieces[] = {{text4, 7}, {text6, 19}, {message, sizeof message}};
    uint8_t cookie[16], expected[16];

    avpni_cookie_jar_bake(&jar, &v4, cookie);
    avpni_hash(expected, 16, jar.secret[0], 32, &pieces[0], 1);
    ck_assert_mem_eq(cookie, expected, 16);
    avpni_cookie_jar_bake(&jar, &v6, cookie);
    avpni_hash(expected, 16, jar.secret[0], 32, &pieces[1], 1);
    ck_assert_mem_eq(cookie, expected, 16);
    uint8_t mac2[16];

    avpni_mac2(mac2, message, sizeof message, cookie);
    avpni_hash(expected, 16, cookie, 16, &pieces[2], 1);
    ck_assert_mem_eq(mac2, expected, 16);
}
END_TEST

/* mac2 that a client with the jar's present cookie for `source` makes. */
static void make_mac2(const struct avpni_cookie_jar *jar, const struct avpn_contact *source,
                      uint8_t mac2[16])
{
    uint8_t cookie[16];

    avpni_cookie_jar_bake(jar, source, cookie);
    avpni_mac2(mac2, message, sizeof message, cookie);
}

START_TEST(a_cookie_is_good_for_its_source_and_message_only)
{
    uint8_t next = 0, mac2[16], other[sizeof message];
    const struct avpni_random random = {&next, count_up};
    const struct avpn_contact source = {.family = 4, .port = 4000, .bytes = {192, 0, 2, 1}};
    struct avpn_contact wrong;
    struct avpni_cookie_jar jar;

    ck_assert_int_eq(avpni_cookie_jar_init(&jar, &random, 0), AVPN_OK);
    make_mac2(&jar, &source, mac2);
    ck_assert(avpni_cookie_jar_verify(&jar, &source, message, sizeof message, mac2));
    wrong = source;
    wrong.port++;
    ck_assert(!avpni_cookie_jar_verify(&jar, &wrong, message, sizeof message, mac2));
    wrong = source;
    wrong.bytes[3]++;
    ck_assert(!avpni_cookie_jar_verify(&jar, &wrong, message, sizeof message, mac2));
    wrong = source;
    wrong.family = 6;
    ck_assert(!avpni_cookie_jar_verify(&jar, &wrong, message, sizeof message, mac2));
    memcpy(other, message, sizeof other);
    other[39] ^= 1;
    ck_assert(!avpni_cookie_jar_verify(&jar, &source, other, sizeof other, mac2));
    for (int bit = 0; bit < 128; bit++) {
        mac2[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!avpni_cookie_jar_verify(&jar, &source, message, sizeof message, mac2));
        mac2[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

START_TEST(a_cookie_outlives_one_rotation_and_not_two)
{
    uint8_t next = 0, mac2[16];
    const struct avpni_random random = {&next, count_up};
    const struct avpn_contact source = {.family = 6, .port = 1, .bytes = {0x20}};
    struct avpni_cookie_jar jar;

    ck_assert_int_eq(avpni_cookie_jar_init(&jar, &random, 1000), AVPN_OK);
    make_mac2(&jar, &source, mac2);
    avpni_cookie_jar_rotate(&jar, &random, 1000 + AVPNI_COOKIE_LIFE - 1);
    ck_assert_uint_eq(next, 1);
    avpni_cookie_jar_rotate(&jar, &random, 1000 + AVPNI_COOKIE_LIFE);
    ck_assert_uint_eq(next, 2);
    ck_assert(avpni_cookie_jar_verify(&jar, &source, message, sizeof message, mac2));
    avpni_cookie_jar_rotate(&jar, &random, 1000 + 2 * AVPNI_COOKIE_LIFE);
    ck_assert(!avpni_cookie_jar_verify(&jar, &source, message, sizeof message, mac2));
}
END_TEST

START_TEST(after_a_long_rest_the_old_secret_is_not_honoured)
{
    uint8_t next = 0, mac2[16];
    const struct avpni_random random = {&next, count_up};
    const struct avpn_contact source = {.family = 4, .port = 1, .bytes = {1}};
    struct avpni_cookie_jar jar;

    ck_assert_int_eq(avpni_cookie_jar_init(&jar, &random, 0), AVPN_OK);
    make_mac2(&jar, &source, mac2);
    avpni_cookie_jar_rotate(&jar, &random, 2 * AVPNI_COOKIE_LIFE);
    ck_assert(!avpni_cookie_jar_verify(&jar, &source, message, sizeof message, mac2));
}
END_TEST

START_TEST(without_randomness_a_jar_keeps_its_secret_and_none_is_made)
{
    uint8_t next = 0;
    const struct avpni_random random = {&next, count_up}, broken = {NULL, refuse};
    struct avpni_cookie_jar jar, before;

    memset(&jar, 0x33, sizeof jar);
    before = jar;
    ck_assert_int_eq(avpni_cookie_jar_init(&jar, &broken, 0), AVPN_ERROR_RANDOM);
    ck_assert_mem_eq(jar.secret, before.secret, sizeof jar.secret);
    ck_assert_int_eq(avpni_cookie_jar_init(&jar, &random, 0), AVPN_OK);
    before = jar;
    avpni_cookie_jar_rotate(&jar, &broken, 10 * AVPNI_COOKIE_LIFE);
    ck_assert_mem_eq(jar.secret, before.secret, sizeof jar.secret);
    ck_assert(jar.changed_at == 0 && !jar.has_previous);
}
END_TEST

START_TEST(a_cookie_travels_sealed_to_the_mac1_it_answers)
{
    const uint8_t cookie[16] = {7, 7}, nonce[24] = {1}, mac1[16] = {2}, wrong[16] = {3};
    const struct avpn_key other = {{0x53}};
    uint8_t sealed[32], out[16] = {0};

    avpni_cookie_seal(sealed, cookie, nonce, mac1, &receiver);
    ck_assert(!avpni_cookie_open(out, sealed, nonce, wrong, &receiver));
    ck_assert(!avpni_cookie_open(out, sealed, nonce, mac1, &other));
    for (int bit = 0; bit < 256; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ck_assert(!avpni_cookie_open(out, sealed, nonce, mac1, &receiver));
        sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert(avpni_cookie_open(out, sealed, nonce, mac1, &receiver));
    ck_assert_mem_eq(out, cookie, 16);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(mac1_is_made_as_specified),
    HARNESS_CASE(a_cookie_is_made_as_specified),
    HARNESS_CASE(a_cookie_is_good_for_its_source_and_message_only),
    HARNESS_CASE(a_cookie_outlives_one_rotation_and_not_two),
    HARNESS_CASE(after_a_long_rest_the_old_secret_is_not_honoured),
    HARNESS_CASE(without_randomness_a_jar_keeps_its_secret_and_none_is_made),
    HARNESS_CASE(a_cookie_travels_sealed_to_the_mac1_it_answers),
};
HARNESS_MAIN("crypto/cookie", cases)
