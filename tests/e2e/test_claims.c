/* SPDX-License-Identifier: ISC */
/*
 * Which claims the administrator's tool takes, whatever registries show. [JOIN-5]
 *
 * The tool's own claims.c, over registries that are tables of claims here: no honest registry would show most of them.
 */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include <autovpn/authority.h>
#include <autovpn/join.h>

#define avpn_publisher_claim shown_claim
#include "admin/claims.c"
#undef avpn_publisher_claim

#define NOW 1800000000
#define PLACE 7u

static struct desk desk;
static struct fleet fleet;
static struct avpn_token token;
static struct avpn_claim shown[2][8]; /* by registry */
static uint32_t shown_count[2];
static char ends[2]; /* stand for the registries' publishers */
static json_t *told;

int32_t shown_claim(const struct avpn_publisher *publisher, uint32_t index,
                    struct avpn_claim *claim_out)
{
    size_t registry = (size_t)((const char *)publisher - ends);

    if (index >= shown_count[registry])
        return AVPN_ERROR_EMPTY;
    *claim_out = shown[registry][index];
    return AVPN_OK;
}

static struct avpn_key key_of(uint8_t device)
{
    struct avpn_key key;

    memset(&key, device, sizeof key);
    return key;
}

/* An organization with an open invite of "branch", and two registries that listed their claims. */
static void begin(void)
{
    struct avpn_invite invite = {.size = sizeof invite, .member = PLACE, .expires = NOW + 3600};

    memset(&desk, 0, sizeof desk);
    memset(&fleet, 0, sizeof fleet);
    memset(shown_count, 0, sizeof shown_count);
    ck_assert_int_eq(state_open(&desk.state, "/nonexistent/org.yaml"), 0);
    memset(&desk.state.organization, 9, sizeof desk.state.organization);
    state_reserve(&desk.state, "branch", PLACE);
    token = (struct avpn_token){
        .size = sizeof token, .member = PLACE, .version = 1, .expires = NOW + 3600};
    token.organization = desk.state.organization;
    token.registry_count = 1;
    token.registries[0] = (struct avpn_token_registry){
        .key = key_of(1), .port = 9350, .host = "r"};
    memset(token.secret, 5, sizeof token.secret);
    ck_assert_int_eq(avpn_token_claim_key(&token, &invite.key), AVPN_OK);
    state_set_invite(&desk.state, "branch", &invite, 1);
    fleet.count = 2;
    for (uint32_t i = 0; i < 2; i++) {
        fleet.registries[i].publisher = (struct avpn_publisher *)&ends[i];
        fleet.registries[i].status.has_claims = 1;
        fleet.registries[i].name[0] = (char)('a' + i);
    }
    told = json_array();
}

static void end(void)
{
    json_decref(told);
    state_close(&desk.state);
}

static struct avpn_claim *show(uint32_t registry, uint8_t device, uint32_t age)
{
    struct avpn_claim *claim = &shown[registry][shown_count[registry]++];

    *claim = (struct avpn_claim){.size = sizeof *claim, .member = PLACE, .age = age};
    claim->device = key_of(device);
    ck_assert_int_eq(avpn_token_claim(&token, &claim->device, claim->signature), AVPN_OK);
    return claim;
}

static uint32_t take_all(void)
{
    return claims_take(&desk, &fleet, NOW, told, NULL);
}

static void assert_taken(uint8_t device)
{
    struct avpn_key expected = key_of(device);
    struct avpn_invite invite = {.size = sizeof invite};
    struct avpn_key key;

    ck_assert_uint_eq(take_all(), 1);
    ck_assert(state_key(&desk.state, "branch", "key", &key));
    ck_assert_mem_eq(&key, &expected, sizeof key);
    ck_assert(state_key(&desk.state, "branch", "claimed", &key));
    ck_assert(!state_invite(&desk.state, "branch", &invite)); /* it is used up */
}

static void assert_not_taken(void)
{
    struct avpn_invite invite = {.size = sizeof invite};
    struct avpn_key key;

    ck_assert_uint_eq(take_all(), 0);
    ck_assert(!state_key(&desk.state, "branch", "key", &key));
    ck_assert(state_invite(&desk.state, "branch", &invite));
}

START_TEST(a_genuine_claim_is_taken)
{
    begin();
    show(0, 11, 60);
    assert_taken(11);
    ck_assert_uint_eq(json_array_size(told), 1);
    end();
}
END_TEST

START_TEST(without_claims_nothing_is_taken)
{
    begin();
    assert_not_taken();
    end();
}
END_TEST

START_TEST(a_claim_that_the_token_did_not_sign_is_not_taken)
{
    begin();
    show(0, 11, 60)->signature[_i % AVPN_CLAIM_BYTES] ^= 1;
    assert_not_taken();
    ck_assert_uint_eq(json_array_size(told), 1); /* it is told who shows it */
    end();
}
END_TEST

START_TEST(a_claim_is_of_the_device_it_was_signed_for)
{
    begin();
    show(0, 11, 60)->device = key_of(12);
    assert_not_taken();
    end();
}
END_TEST

START_TEST(a_claim_of_another_place_is_not_taken)
{
    begin();
    show(0, 11, 60)->member = PLACE + 1;
    assert_not_taken();
    end();
}
END_TEST

START_TEST(a_claim_by_an_older_token_is_not_taken)
{
    struct avpn_invite newer = {.size = sizeof newer, .member = PLACE, .expires = NOW + 7200};

    begin();
    show(0, 11, 60);
    memset(token.secret, 6, sizeof token.secret);
    ck_assert_int_eq(avpn_token_claim_key(&token, &newer.key), AVPN_OK);
    state_set_invite(&desk.state, "branch", &newer, 2);
    assert_not_taken();
    end();
}
END_TEST

START_TEST(of_two_devices_the_first_one_is_taken_and_both_are_told)
{
    begin();
    show(0, 11, 60);
    show(1, 12, 600);
    assert_taken(12);
    ck_assert_uint_eq(json_array_size(told), 2);
    end();
}
END_TEST

START_TEST(the_order_of_registries_does_not_matter)
{
    begin();
    show(1, 11, 60);
    show(0, 12, 600);
    assert_taken(12);
    end();
}
END_TEST

START_TEST(one_device_at_both_registries_is_one_device)
{
    begin();
    show(0, 11, 60);
    show(1, 11, 50);
    assert_taken(11);
    ck_assert_uint_eq(json_array_size(told), 1);
    end();
}
END_TEST

START_TEST(a_forged_older_claim_does_not_displace_a_genuine_one)
{
    begin();
    show(0, 12, 9000)->signature[5] ^= 1;
    show(1, 11, 60);
    assert_taken(11);
    end();
}
END_TEST

START_TEST(a_claim_after_the_invite_expired_is_not_taken)
{
    struct avpn_invite invite = {.size = sizeof invite};

    begin();
    ck_assert(state_invite(&desk.state, "branch", &invite));
    invite.expires = NOW - 100;
    state_set_invite(&desk.state, "branch", &invite, 1);
    show(0, 11, 60);
    assert_not_taken();
    end();
}
END_TEST

START_TEST(a_claim_before_the_invite_expired_is_taken_later_too)
{
    struct avpn_invite invite = {.size = sizeof invite};

    begin();
    ck_assert(state_invite(&desk.state, "branch", &invite));
    invite.expires = NOW - 100;
    state_set_invite(&desk.state, "branch", &invite, 1);
    show(0, 11, 160);
    assert_taken(11);
    end();
}
END_TEST

START_TEST(the_device_of_another_site_is_not_taken)
{
    struct org_site other = {.name = "head", .has_key = 1, .key = key_of(11)};

    begin();
    desk.org.sites = &other;
    desk.org.site_count = 1;
    show(0, 11, 60);
    assert_not_taken();
    end();
}
END_TEST

START_TEST(what_a_registry_did_not_finish_listing_is_not_looked_at)
{
    begin();
    show(0, 11, 60);
    fleet.registries[0].status.has_claims = 0;
    assert_not_taken();
    end();
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_genuine_claim_is_taken),
    HARNESS_CASE(without_claims_nothing_is_taken),
    HARNESS_LOOP(a_claim_that_the_token_did_not_sign_is_not_taken, AVPN_CLAIM_BYTES),
    HARNESS_CASE(a_claim_is_of_the_device_it_was_signed_for),
    HARNESS_CASE(a_claim_of_another_place_is_not_taken),
    HARNESS_CASE(a_claim_by_an_older_token_is_not_taken),
    HARNESS_CASE(of_two_devices_the_first_one_is_taken_and_both_are_told),
    HARNESS_CASE(the_order_of_registries_does_not_matter),
    HARNESS_CASE(one_device_at_both_registries_is_one_device),
    HARNESS_CASE(a_forged_older_claim_does_not_displace_a_genuine_one),
    HARNESS_CASE(a_claim_after_the_invite_expired_is_not_taken),
    HARNESS_CASE(a_claim_before_the_invite_expired_is_taken_later_too),
    HARNESS_CASE(the_device_of_another_site_is_not_taken),
    HARNESS_CASE(what_a_registry_did_not_finish_listing_is_not_looked_at),
};
HARNESS_MAIN("e2e/claims", cases)
