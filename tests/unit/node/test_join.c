/* SPDX-License-Identifier: ISC */
/* A device with nothing but a token [JOIN-2], and what registries deliver to nodes [SYN-1] to [SYN-5]. */
#include "base/address.h"
#include "harness.h"
#include "link/registration.h"
#include "node/pair.h"
#include <stdio.h>
#include <string.h>

#define HUB 0
#define DEVICE 1
#define RIVAL 2
#define REGISTRY 3
#define PLACE 2 /* the member id that the token is for */

static struct pair pair;
static struct avpn_token token;

static const struct pair_site sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}, .is_absent = true},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.3.0.0/16"}, .is_absent = true},
};

/* ---- what is seen of the device -------------------------------------------------------- */

static struct watch {
    avpn_time claims[64]; /* to the first registry */
    uint32_t claim_count;
    bool is_cut; /* the device from all registries */
} seen;

static bool watch(struct pair *world, struct pair_datagram *d)
{
    if (d->from == DEVICE && d->bytes == AVPNI_INITIATION_REGISTRY_BYTES &&
        avpni_contact_is_equal(&d->remote, &world->hosts[REGISTRY].contacts[0]) &&
        seen.claim_count < 64)
        seen.claims[seen.claim_count++] = world->now;
    return !(seen.is_cut && d->from == DEVICE);
}

static void make_token(void)
{
    token = (struct avpn_token){.size = sizeof token, .member = PLACE,
                                .organization = pair.organization, .secret = {1, 2, 3},
                                .version = pair.version + 1, .expires = 5000,
                                .registry_count = pair.registry_count};
    for (uint32_t i = 0; i < pair.registry_count; i++) {
        struct avpn_token_registry *entry = &token.registries[i];

        *entry = (struct avpn_token_registry){.port = 9350,
                                              .key = pair.hosts[REGISTRY + i].key.public_key};
        sprintf(entry->host, "198.51.100.%u", REGISTRY + i + 1);
    }
    pair.invites[0] = (struct avpn_invite){.size = sizeof pair.invites[0], .member = PLACE,
                                           .expires = token.expires};
    ck_assert_int_eq(avpn_token_claim_key(&token, &pair.invites[0].key), AVPN_OK);
    pair.invite_count = 1;
}

/* Hub and registries run; the place is invited to. */
static void begin(uint64_t seed, uint32_t registries)
{
    memset(&seen, 0, sizeof seen);
    pair_begin(&pair, sites, 3, registries, seed);
    pair.wall_clock = 1000;
    pair.filter = watch;
    pair_publish(&pair); /* to know the organization */
    make_token();
    for (uint32_t i = 0; i < REGISTRY + registries; i++) {
        pair.hosts[i].stores = true;
        pair.hosts[i].is_bare = i == DEVICE || i == RIVAL;
        pair.hosts[i].token = pair.hosts[i].is_bare ? &token : NULL;
    }
    pair_start(&pair);
}

static void open_device(uint32_t number)
{
    ck_assert_int_eq(pair_open(&pair, number), AVPN_OK);
    ck_assert_int_eq(pair_uplink(&pair, number, 0, true), AVPN_OK);
}

static struct avpn_node_status status_of(uint32_t number)
{
    struct avpn_node_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_node_status(pair.hosts[number].node, &status), AVPN_OK);
    return status;
}

/* The registries get what is signed now; nodes are told by them. */
static void deliver(uint32_t registries)
{
    for (uint32_t i = 0; i < registries; i++)
        ck_assert_int_eq(avpn_registry_set_organization(pair.hosts[REGISTRY + i].registry,
                                                        &pair.organization, pair.bundle,
                                                        pair.bundle_bytes, pair.now), AVPN_OK);
}

static void sign_in(uint32_t registries)
{
    pair.sites[DEVICE].is_absent = false;
    pair.invite_count = 0;
    pair_publish(&pair);
    deliver(registries);
}

/* ---- joining ------------------------------------------------------------------------------ */

START_TEST(a_device_claims_waits_and_is_a_node)
{
    begin(1, 2);
    open_device(DEVICE);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_CLAIMING);
    ck_assert_uint_eq(status_of(DEVICE).config_version, 0);
    pair_run(&pair, AVPN_SECOND);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_PENDING);
    ck_assert_uint_eq(pair.hosts[DEVICE].events[AVPN_EVENT_JOIN], 2); /* one of each registry */
    ck_assert_uint_eq(pair.hosts[DEVICE].last_event[AVPN_EVENT_JOIN].state, AVPN_JOIN_PENDING);
    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[DEVICE].events[AVPN_EVENT_JOIN], 2);
    ck_assert_ptr_null(avpn_node_config(pair.hosts[DEVICE].node));
    sign_in(2);
    pair_run(&pair, 35 * AVPN_SECOND);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_NONE);
    ck_assert_uint_eq(status_of(DEVICE).config_version, pair.version);
    ck_assert_uint_eq(status_of(DEVICE).member, PLACE);
    ck_assert(pair_is_up(&pair, HUB, DEVICE) && pair_is_up(&pair, DEVICE, HUB));
    pair_send(&pair, DEVICE, "10.2.0.1", "10.1.0.1", 1, 100, 100);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1);
    pair_close(&pair, DEVICE); /* it keeps what it got: the token is not needed again */
    pair.hosts[DEVICE].token = _i == 0 ? &token : NULL;
    seen.claim_count = 0;
    open_device(DEVICE);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_NONE);
    ck_assert_uint_eq(status_of(DEVICE).config_version, pair.version);
    pair_end(&pair);
}
END_TEST

START_TEST(claims_are_repeated_ever_more_slowly)
{
    static const int pauses[] = {5, 10, 20, 30, 30, 30};

    begin(2, 1);
    seen.is_cut = _i == 0; /* whether anybody answers or not */
    open_device(DEVICE);
    pair_run(&pair, 180 * AVPN_SECOND);
    ck_assert_uint_ge(seen.claim_count, 7);
    for (int i = 0; i < HARNESS_COUNT(pauses); i++) {
        avpn_span pause = seen.claims[i + 1] - seen.claims[i];

        ck_assert_int_ge(pause, pauses[i] * AVPN_SECOND * 7 / 8);
        ck_assert_int_le(pause, pauses[i] * AVPN_SECOND * 9 / 8);
    }
    ck_assert_uint_eq(status_of(DEVICE).join,
                      _i == 0 ? AVPN_JOIN_CLAIMING : AVPN_JOIN_PENDING);
    pair_end(&pair);
}
END_TEST

START_TEST(the_second_of_two_devices_is_told)
{
    begin(3, 1);
    open_device(DEVICE);
    pair_run(&pair, AVPN_SECOND);
    open_device(RIVAL);
    pair_run(&pair, AVPN_SECOND);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_PENDING);
    ck_assert_uint_eq(status_of(RIVAL).join, AVPN_JOIN_TAKEN);
    sign_in(1);
    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_NONE);
    ck_assert_uint_eq(status_of(RIVAL).join, AVPN_JOIN_TAKEN);
    ck_assert_ptr_null(avpn_node_config(pair.hosts[RIVAL].node));
    pair_end(&pair);
}
END_TEST

START_TEST(an_expired_token_is_told)
{
    begin(4, 1);
    pair.wall_clock = token.expires + 1;
    open_device(DEVICE);
    pair_run(&pair, AVPN_SECOND);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_EXPIRED);
    pair_end(&pair);
}
END_TEST

/* Of what the registries answered the best is shown. */
START_TEST(one_registry_that_calls_us_a_member_is_enough)
{
    begin(5, 2);
    open_device(DEVICE);
    pair_run(&pair, AVPN_SECOND);
    pair.sites[DEVICE].is_absent = false;
    pair.invite_count = 0;
    pair_publish(&pair);
    deliver(1); /* the second one has not got it */
    pair_run(&pair, 35 * AVPN_SECOND);
    ck_assert_uint_eq(status_of(DEVICE).config_version, pair.version);
    ck_assert(pair_is_up(&pair, DEVICE, HUB));
    pair_end(&pair);
}
END_TEST

/* [JOIN-2]: a registry that has an older configuration, with the device in it, does not get it believed. */
START_TEST(nothing_older_than_the_token_is_believed)
{
    struct avpn_token newer = {.size = sizeof newer};

    begin(6, 1);
    sign_in(1);
    newer = token;
    newer.version = pair.version + (uint64_t)_i;
    pair.hosts[DEVICE].token = &newer;
    open_device(DEVICE);
    pair_run(&pair, 60 * AVPN_SECOND);
    if (_i == 0) {
        ck_assert_uint_eq(status_of(DEVICE).config_version, pair.version);
    } else {
        ck_assert_ptr_null(avpn_node_config(pair.hosts[DEVICE].node));
        ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_MEMBER);
        ck_assert_int_eq(avpn_node_set_configuration(pair.hosts[DEVICE].node, pair.bundle,
                                                     pair.bundle_bytes, pair.now),
                         AVPN_ERROR_VERSION);
        pair_publish(&pair);
        deliver(1);
        pair_run(&pair, 60 * AVPN_SECOND);
        ck_assert_uint_eq(status_of(DEVICE).config_version, newer.version);
    }
    pair_end(&pair);
}
END_TEST

START_TEST(with_a_configuration_the_token_is_ignored)
{
    begin(7, 1);
    sign_in(1);
    pair.hosts[DEVICE].is_bare = false; /* it is given one */
    open_device(DEVICE);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_NONE);
    ck_assert_uint_eq(status_of(DEVICE).config_version, pair.version);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, DEVICE, HUB));
    ck_assert_uint_eq(pair.hosts[DEVICE].events[AVPN_EVENT_JOIN], 0);
    pair_end(&pair);
}
END_TEST

START_TEST(a_configuration_given_meanwhile_ends_the_claims)
{
    begin(8, 1);
    open_device(DEVICE);
    pair_run(&pair, AVPN_SECOND);
    pair.sites[DEVICE].is_absent = false;
    pair_publish(&pair);
    ck_assert_int_eq(avpn_node_set_configuration(pair.hosts[DEVICE].node, pair.bundle,
                                                 pair.bundle_bytes, pair.now), AVPN_OK);
    ck_assert_uint_eq(status_of(DEVICE).join, AVPN_JOIN_NONE);
    deliver(1);
    pair_run(&pair, 40 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, DEVICE, HUB));
    pair_end(&pair);
}
END_TEST

START_TEST(a_token_of_another_organization_makes_no_node)
{
    begin(9, 1);
    token.organization.bytes[0] ^= 1;
    ck_assert_int_eq(pair_open(&pair, DEVICE), AVPN_ERROR_ARGUMENT);
    token.organization.bytes[0] ^= 1;
    token.registry_count = AVPN_REGISTRIES + 1;
    ck_assert_int_eq(pair_open(&pair, DEVICE), AVPN_ERROR_ARGUMENT);
    token.registry_count = 1;
    token.size--;
    ck_assert_int_eq(pair_open(&pair, DEVICE), AVPN_ERROR_ARGUMENT);
    token.size++;
    open_device(DEVICE);
    pair_end(&pair);
}
END_TEST

/* ---- delivery ------------------------------------------------------------------------------- */

START_TEST(a_change_arrives_within_a_round_trip_and_costs_what_changed)
{
    uint64_t before, version;

    begin(20, 2);
    sign_in(2);
    pair.hosts[DEVICE].is_bare = false;
    open_device(DEVICE);
    pair_run(&pair, 10 * AVPN_SECOND);
    version = pair.version;
    pair.sites[DEVICE].exports[1] = "10.9.0.0/16";
    pair_publish(&pair);
    before = pair.hosts[HUB].transmitted;
    deliver(2);
    pair_run(&pair, 2 * pair.latency);
    ck_assert_uint_eq(status_of(HUB).config_version, version + 1);
    ck_assert_uint_eq(status_of(DEVICE).config_version, version + 1);
    ck_assert_uint_eq(status_of(HUB).offered_version, version + 1);
    ck_assert_uint_le(pair.hosts[HUB].transmitted, before + 6);
    ck_assert(pair_is_up(&pair, HUB, DEVICE));
    ck_assert_uint_eq(pair.hosts[HUB].events[AVPN_EVENT_FAULT], 0);
    pair_end(&pair);
}
END_TEST

/* A node that was away hears of the newest when it registers. */
START_TEST(who_comes_back_asks_from_the_version_it_holds)
{
    struct avpn_registration_status registration = {.size = sizeof registration};

    begin(21, 1);
    sign_in(1);
    pair.hosts[DEVICE].is_bare = false;
    open_device(DEVICE);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair_close(&pair, DEVICE);
    pair.hosts[DEVICE].is_bare = true;
    for (int i = 0; i < 3; i++) {
        pair.sites[HUB].exports[1] = i == 1 ? "10.8.0.0/16" : "10.7.0.0/16";
        pair_publish(&pair);
        deliver(1);
    }
    open_device(DEVICE);
    ck_assert_uint_eq(status_of(DEVICE).config_version, pair.version - 3);
    pair_run(&pair, AVPN_SECOND);
    ck_assert_uint_eq(status_of(DEVICE).config_version, pair.version);
    ck_assert_int_eq(avpn_node_registration_status(pair.hosts[DEVICE].node, 0, 0, &registration),
                     AVPN_OK);
    ck_assert_uint_eq(registration.config_version, pair.version);
    ck_assert_uint_eq(registration.fault, AVPN_FAULT_NONE);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_device_claims_waits_and_is_a_node, 2),
    HARNESS_LOOP(claims_are_repeated_ever_more_slowly, 2),
    HARNESS_CASE(the_second_of_two_devices_is_told),
    HARNESS_CASE(an_expired_token_is_told),
    HARNESS_CASE(one_registry_that_calls_us_a_member_is_enough),
    HARNESS_LOOP(nothing_older_than_the_token_is_believed, 2),
    HARNESS_CASE(with_a_configuration_the_token_is_ignored),
    HARNESS_CASE(a_configuration_given_meanwhile_ends_the_claims),
    HARNESS_CASE(a_token_of_another_organization_makes_no_node),
    HARNESS_CASE(a_change_arrives_within_a_round_trip_and_costs_what_changed),
    HARNESS_CASE(who_comes_back_asks_from_the_version_it_holds),
};
HARNESS_MAIN("node/join", cases)
