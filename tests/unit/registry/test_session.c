/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include "crypto/box.h"
#include "registry/session.h"

#include <string.h>

#define PERIOD (120 * AVPN_SECOND)

static struct avpni_session_secrets secrets(void)
{
    struct avpni_random random;
    struct avpni_session_secrets made;

    ck_assert_int_ge(avpni_crypto_init(), 0);
    avpni_random_init(&random, NULL, avpni_crypto_random);
    ck_assert_int_eq(avpni_session_secrets_init(&made, &random), AVPN_OK);
    return made;
}

static struct avpn_contact contact(const char *text)
{
    struct avpn_contact parsed;

    ck_assert_int_eq(avpn_contact_parse(text, &parsed), AVPN_OK);
    return parsed;
}

START_TEST(a_slot_says_organization_member_and_uplink)
{
    uint32_t slot = avpni_slot(AVPNI_SLOT_ORGANIZATIONS - 1, 65535, 3);

    ck_assert_uint_eq(slot, UINT32_MAX);
    slot = avpni_slot(5, 1234, 2);
    ck_assert_uint_eq(avpni_slot_organization(slot), 5);
    ck_assert_uint_eq(avpni_slot_member(slot), 1234);
    ck_assert_uint_eq(avpni_slot_uplink(slot), 2);
}
END_TEST

/* [REG-3] */
START_TEST(each_slot_and_generation_has_a_key_of_its_own)
{
    struct avpni_session_secrets s = secrets(), t = secrets();
    uint8_t key[32], other[32];

    avpni_session_key(&s, 1, 2, key);
    avpni_session_key(&s, 1, 2, other);
    ck_assert_mem_eq(key, other, 32);
    avpni_session_key(&s, 2, 2, other);
    ck_assert_mem_ne(key, other, 32);
    avpni_session_key(&s, 1, 3, other);
    ck_assert_mem_ne(key, other, 32);
    avpni_session_key(&s, 1, 2 | UINT64_C(1) << 40, other);
    ck_assert_mem_ne(key, other, 32);
    avpni_session_key(&t, 1, 2, other);
    ck_assert_mem_ne(key, other, 32);
}
END_TEST

/* [REG-4] */
START_TEST(a_token_is_for_one_slot_generation_contact_and_two_periods)
{
    struct avpni_session_secrets s = secrets();
    struct avpn_contact here = contact("192.0.2.1:40000"), port = contact("192.0.2.1:40001"),
                        there = contact("[2001:db8::1]:40000");
    uint8_t token[16];

    avpni_session_token(&s, 1, 2, &here, 10 * PERIOD, token);
    ck_assert(avpni_session_token_verify(&s, 1, 2, &here, 10 * PERIOD, token));
    ck_assert(avpni_session_token_verify(&s, 1, 2, &here, 12 * PERIOD - 1, token));
    ck_assert(!avpni_session_token_verify(&s, 1, 2, &here, 12 * PERIOD, token));
    ck_assert(!avpni_session_token_verify(&s, 1, 2, &here, 10 * PERIOD - 1, token));
    ck_assert(!avpni_session_token_verify(&s, 0, 2, &here, 10 * PERIOD, token));
    ck_assert(!avpni_session_token_verify(&s, 1, 3, &here, 10 * PERIOD, token));
    ck_assert(!avpni_session_token_verify(&s, 1, 2, &port, 10 * PERIOD, token));
    ck_assert(!avpni_session_token_verify(&s, 1, 2, &there, 10 * PERIOD, token));
    avpni_session_token(&s, 1, 2, &here, 0, token);
    ck_assert(avpni_session_token_verify(&s, 1, 2, &here, PERIOD, token));
}
END_TEST

START_TEST(a_new_registration_begins_with_another_version)
{
    struct avpni_session_secrets s = secrets();

    ck_assert_uint_eq(avpni_session_version(&s, 1, 2), avpni_session_version(&s, 1, 2));
    ck_assert_uint_ne(avpni_session_version(&s, 1, 2), avpni_session_version(&s, 1, 3));
    ck_assert_uint_ne(avpni_session_version(&s, 1, 2), avpni_session_version(&s, 5, 2));
}
END_TEST

/* Beside a naive list of everything seen [REG-2]. */
START_TEST(the_window_agrees_with_a_list)
{
    static bool seen[4096];
    struct avpni_counter_window window = {0};
    uint64_t state = 7, highest = 0;

    memset(seen, 0, sizeof seen);
    for (int i = 0; i < 20000; i++) {
        uint64_t spread = harness_random(&state) % 50, back = harness_random(&state) % 40;
        uint64_t counter = highest + spread % 3 * (spread / 25) + 20 > back + 20
                               ? highest + spread % 3 * (spread / 25) + 20 - back
                               : 0;

        counter = counter < sizeof seen ? counter : sizeof seen - 1;
        bool allowed = counter != 0 && !seen[counter] &&
                       (counter > highest || highest - counter < 32);

        ck_assert_int_eq(avpni_counter_window_allows(&window, counter), allowed);
        if (allowed) {
            avpni_counter_window_mark(&window, counter);
            seen[counter] = true;
            highest = counter > highest ? counter : highest;
        }
        ck_assert_uint_eq(window.highest, highest);
    }
    ck_assert_uint_eq(highest, sizeof seen - 1);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_slot_says_organization_member_and_uplink),
    HARNESS_CASE(each_slot_and_generation_has_a_key_of_its_own),
    HARNESS_CASE(a_token_is_for_one_slot_generation_contact_and_two_periods),
    HARNESS_CASE(a_new_registration_begins_with_another_version),
    HARNESS_CASE(the_window_agrees_with_a_list),
};
HARNESS_MAIN("registry/session", cases)
