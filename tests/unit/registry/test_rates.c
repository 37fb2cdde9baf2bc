/* SPDX-License-Identifier: ISC */
/*
 * What a member may cost a registry [REG-17]: a hostile one cannot make it tell others, walk long pages or cut
 * updates faster than its bucket fills; and whoever behaves never notices. The bucket holds 2 s; a Page costs 5 ms,
 * a Part 2.5 ms, telling peers 250 ms.
 */
#include "world.h"

#include "harness.h"
#include "registry/table.h"

#include <string.h>

#define ORGANIZATION 7
#define MANY 1000 /* more than any bucket holds */
#define BEGUN 255 /* ms that a registration costs: telling, and the first page */

static const struct world_member members[] = {
    {.id = 1, .role = AVPN_ROLE_HUB},
    {.id = 2, .role = AVPN_ROLE_SPOKE, .hubs = {1}},
    {.id = 3, .role = AVPN_ROLE_SPOKE, .hubs = {1}},
};

static struct world w;
static struct client hub, spoke;

static void begin(void)
{
    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 3, members, HARNESS_COUNT(members)), AVPN_OK);
    hub = client_of(&w, ORGANIZATION, &members[0], 0, "203.0.113.1:40001");
    spoke = client_of(&w, ORGANIZATION, &members[1], 0, "203.0.113.2:40002");
    client_register(&hub);
    client_register(&spoke);
}

static uint64_t refused(void)
{
    return world_counter(&w, AVPN_REGISTRY_DROP_RATE);
}

static bool fetch(struct client *c)
{
    uint8_t bytes[96];

    client_fetch(c, NULL, 0, bytes);
    world_receive(&w, &c->contact, bytes, sizeof bytes);
    return client_heard(c, AVPNI_BODY_PAGE, NULL) == 1;
}

static uint32_t sync(struct client *c, uint32_t mask)
{
    struct avpni_sync ask = {.version = 3, .mask = mask};
    uint8_t bytes[96];

    client_sync(c, &ask, bytes);
    world_receive(&w, &c->contact, bytes, sizeof bytes);
    return client_heard(c, AVPNI_BODY_PART, NULL);
}

START_TEST(pages_are_given_until_the_bucket_is_full_and_then_as_it_empties)
{
    uint32_t pages = 0;

    begin();
    while (pages < MANY && fetch(&spoke)) {
        pages++;
    }
    ck_assert_uint_eq(pages, (2000 - BEGUN) / 5);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(refused(), 1);
    world_tick(&w, 4 * AVPN_MILLISECOND);
    ck_assert(!fetch(&spoke));
    world_tick(&w, 1 * AVPN_MILLISECOND);
    ck_assert(fetch(&spoke));
    ck_assert(!fetch(&spoke));
    ck_assert(fetch(&hub)); /* each has its own */
    world_tick(&w, 3 * AVPN_SECOND);
    for (pages = 0; pages < MANY && fetch(&spoke); pages++) {
    }
    ck_assert_uint_eq(pages, 400);
    world_end(&w);
}
END_TEST

/* By the parts it asks for, whether they exist or not. */
START_TEST(a_sync_costs_what_it_asks_for)
{
    uint32_t syncs = 0;

    begin();
    world_tick(&w, AVPN_SECOND);
    while (syncs < MANY && sync(&spoke, 0xFFFF) > 0) {
        syncs++;
    }
    ck_assert_uint_eq(syncs, 2000 / 40);
    ck_assert_uint_eq(refused(), 1);
    world_tick(&w, 40 * AVPN_MILLISECOND);
    ck_assert_uint_eq(sync(&spoke, 1), 1);
    ck_assert_uint_eq(sync(&spoke, 0xFFFF), 0);
    world_end(&w);
}
END_TEST

/* Whoever keeps changing its NAT class, or comes and goes, makes few Changes, and is still answered. */
START_TEST(peers_are_not_told_more_often_than_the_bucket_allows)
{
    uint32_t told = 0;
    uint8_t bytes[96];

    begin();
    for (uint32_t i = 0; i < 100; i++) {
        spoke.nat = (uint8_t)(1 + i % 2);
        client_alive(&spoke, NULL, _i == 1 && i % 2 == 1 ? AVPNI_ALIVE_LEAVING : 0, 0, bytes);
        world_receive(&w, &spoke.contact, bytes, sizeof bytes);
        ck_assert_uint_eq(client_heard(&spoke, AVPNI_BODY_ACK, NULL), 1);
        told += client_heard(&hub, AVPNI_BODY_CHANGE, NULL);
    }
    ck_assert_uint_ge(told, 6);
    ck_assert_uint_le(told, 2000 / 250);
    ck_assert_uint_ge(refused(),
                      40); /* what is refused is said again, which is no news half of the time */
    world_tick(&w, 250 * AVPN_MILLISECOND);
    spoke.nat = 3;
    client_keep(&spoke, false);
    ck_assert_uint_eq(client_heard(&hub, AVPNI_BODY_CHANGE, NULL), 1);
    world_end(&w);
}
END_TEST

/* What a keepalive beyond the bucket says is not taken, but it is one: the node stays connected. */
START_TEST(a_keepalive_beyond_the_bucket_still_keeps_alive)
{
    struct avpn_registration seen = {.size = sizeof seen};
    struct avpn_key organization = world_organization(ORGANIZATION);
    uint32_t acks = 0;

    begin();
    for (uint32_t second = 0; second < 200; second += 10) {
        w.now += 10 * AVPN_SECOND;
        for (uint32_t pages = 0; pages < MANY && fetch(&spoke); pages++) {
        }
        spoke.nat = 2;
        client_keep(&spoke, false);
        acks += client_heard(&spoke, AVPNI_BODY_ACK, NULL);
        avpn_registry_tick(w.registry, w.now);
    }
    ck_assert_uint_eq(acks, 20);
    ck_assert_int_eq(avpn_registry_registration(w.registry, &organization, 2, 0, &seen), AVPN_OK);
    ck_assert_uint_eq(seen.is_connected, 1);
    ck_assert_uint_eq(seen.nat, 0);
    world_end(&w);
}
END_TEST

/* A new generation or contact does not come with a new bucket. */
START_TEST(registering_again_does_not_empty_the_bucket)
{
    char contact[32] = "198.51.100.0:40000";
    uint32_t told = 0;

    begin();
    for (uint32_t i = 0; i < 40; i++) {
        contact[11] = (char)('0' + i % 10);
        spoke.contact = contact_of(contact);
        ck_assert(client_hello(&spoke));
        client_keep(&spoke, true);
        told += client_heard(&hub, AVPNI_BODY_CHANGE, NULL);
    }
    ck_assert_uint_ge(told, 5);
    ck_assert_uint_le(told, 2000 / 250);
    world_tick(&w, 2 * AVPN_SECOND);
    ck_assert(client_hello(&spoke));
    client_keep(&spoke, true);
    ck_assert_uint_eq(client_heard(&hub, AVPNI_BODY_CHANGE, NULL), 1);
    world_end(&w);
}
END_TEST

/* Beside a plain model, over the wrap of its 32 bits. */
START_TEST(a_bucket_agrees_with_a_model)
{
    struct avpni_table table = {.started = 5 * AVPN_SECOND};
    struct avpni_record record = {0};
    const avpn_span wrap = (avpn_span)UINT32_MAX * AVPNI_RATE_PART;
    avpn_time now = table.started + (_i == 0 ? 0 : wrap - AVPN_SECOND);
    avpn_span level = 0;
    uint64_t state = 1 + (uint64_t)_i;

    record.spent = _i == 0 ? 0 : UINT32_MAX - 400;
    for (int i = 0; i < 100000; i++) {
        avpn_span later = (avpn_span)(harness_random(&state) % 20) * AVPNI_RATE_PART;
        avpn_span cost = (avpn_span)(1 + harness_random(&state) % 102) * AVPNI_RATE_PART;

        now += later;
        level = level > later ? level - later : 0;
        bool is_free = level + cost <= AVPNI_RATE_BURST;

        ck_assert(avpni_table_spend(&table, &record, cost, now) == is_free);
        level += is_free ? cost : 0;
    }
    /* One that rested for months is empty. */
    now += 90 * 86400 * AVPN_SECOND;
    ck_assert(avpni_table_spend(&table, &record, AVPNI_RATE_BURST, now));
    ck_assert(!avpni_table_spend(&table, &record, AVPNI_RATE_PART, now));
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(pages_are_given_until_the_bucket_is_full_and_then_as_it_empties),
    HARNESS_CASE(a_sync_costs_what_it_asks_for),
    HARNESS_LOOP(peers_are_not_told_more_often_than_the_bucket_allows, 2),
    HARNESS_CASE(a_keepalive_beyond_the_bucket_still_keeps_alive),
    HARNESS_CASE(registering_again_does_not_empty_the_bucket),
    HARNESS_LOOP(a_bucket_agrees_with_a_model, 2),
};
HARNESS_MAIN("registry/rates", cases)
