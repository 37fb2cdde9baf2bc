/* SPDX-License-Identifier: ISC */
/*
 * What a registry must not react to: every truncation and every flipped bit of every message it
 * accepts, and messages that are not for it. Each time all of the heap but the counters must be
 * what it was, and nothing be sent. [DMX-2], [DMX-5], [HS-6], [MAC-1]
 */
#include "world.h"

#include "crypto/box.h"
#include "harness.h"

#include <string.h>

static const struct world_member members[] = {
    {.id = 1, .role = AVPN_ROLE_HUB},
    {.id = 2, .role = AVPN_ROLE_SPOKE, .hubs = {1}},
};
#define ORGANIZATION 7

static struct world w;
static struct client hub, spoke;

static void begin(void)
{
    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 3, members, HARNESS_COUNT(members)), AVPN_OK);
    hub = client_of(&w, ORGANIZATION, &members[0], 0, "203.0.113.1:40001");
    spoke = client_of(&w, ORGANIZATION, &members[1], 0, "[2001:db8::7]:40007");
    client_register(&hub);
    client_register(&spoke);
    w.now += 200 * AVPN_SECOND; /* secrets are due to change */
}

static uint64_t drops(void)
{
    uint64_t all = 0;

    for (uint32_t i = 0; i < AVPN_REGISTRY_COUNTERS; i++) {
        if (strncmp(avpn_registry_counter_name(i), "drop-", 5) == 0) {
            all += world_counter(&w, (enum avpn_registry_counter)i);
        }
    }
    return all;
}

static void must_be_dropped(const uint8_t *bytes, size_t count, const char *what, size_t where)
{
    uint64_t before = drops();

    world_receive(&w, &spoke.contact, bytes, count);
    ck_assert_msg(w.sent_count == 0, "%s %zu is answered", what, where);
    ck_assert_msg(world_is_unchanged(&w), "%s %zu changes the heap", what, where);
    ck_assert_msg(drops() == before + 1, "%s %zu is not counted", what, where);
}

static void try_all(const uint8_t *message, size_t count, size_t flips)
{
    uint8_t bytes[1200];

    world_remember(&w);
    for (size_t i = 0; i < count; i++) {
        must_be_dropped(message, i, "truncation", i);
    }
    memcpy(bytes, message, count);
    bytes[count] = 0;
    must_be_dropped(bytes, count + 1, "extension", 0);
    for (size_t bit = 0; bit < flips * 8; bit++) {
        memcpy(bytes, message, count);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        must_be_dropped(bytes, count, "bit", bit);
    }
}

START_TEST(a_damaged_initiation_does_nothing)
{
    uint8_t bytes[256];

    begin();
    client_initiation(&spoke, NULL, bytes);
    try_all(bytes, 256, 240);
    for (size_t bit = 240 * 8; bit < 256 * 8; bit++) { /* mac2: a cookie and nothing else [MAC-3] */
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        world_receive(&w, &spoke.contact, bytes, 256);
        ck_assert_uint_eq(w.sent_count, 1);
        ck_assert_uint_eq(w.sent[0].count, 68);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    world_receive(&w, &spoke.contact, bytes, 256);
    ck_assert_uint_eq(w.sent[0].count, 160);
    world_end(&w);
}
END_TEST

START_TEST(a_damaged_keepalive_does_nothing)
{
    uint8_t bytes[96];

    begin();
    client_alive(&spoke, spoke.session.token, 0, 0, bytes);
    try_all(bytes, 96, 96);
    world_receive(&w, &spoke.contact, bytes, 96);
    ck_assert_uint_eq(client_heard(&spoke, AVPNI_BODY_ACK, NULL), 1);
    world_remember(&w);
    must_be_dropped(bytes, 96, "replay", 0);
    world_end(&w);
}
END_TEST

START_TEST(a_damaged_fetch_does_nothing)
{
    uint8_t bytes[96];

    begin();
    client_fetch(&spoke, NULL, 0, bytes);
    try_all(bytes, 96, 96);
    world_receive(&w, &spoke.contact, bytes, 96);
    ck_assert_uint_eq(client_heard(&spoke, AVPNI_BODY_PAGE, NULL), 1);
    world_remember(&w);
    must_be_dropped(bytes, 96, "replay", 0);
    world_end(&w);
}
END_TEST

START_TEST(a_damaged_sync_does_nothing)
{
    struct avpni_sync sync = {.version = 3, .mask = 1};
    uint8_t bytes[96];

    begin();
    client_sync(&spoke, &sync, bytes);
    try_all(bytes, 96, 96);
    world_receive(&w, &spoke.contact, bytes, 96);
    ck_assert_uint_eq(client_heard(&spoke, AVPNI_BODY_PART, NULL), 1);
    world_remember(&w);
    must_be_dropped(bytes, 96, "replay", 0);
    world_end(&w);
}
END_TEST

/* ---- administrators ------------------------------------------------------------------------ */

static void ask_as_administrator(const struct client *c, uint8_t asked[116])
{
    struct avpni_admin_request request = {.organization = c->organization, .signer = 0};
    struct avpn_key seed = world_signer(ORGANIZATION, 0);
    uint8_t text[AVPNI_ADMIN_TEXT_BYTES];
    size_t count = avpni_admin_text(text, &w.identity.public_key, &c->pair.public_key,
                                    &c->organization);

    avpni_sign(request.signature, text, count, seed.bytes);
    avpni_admin_request_write(asked, &request);
}

/* At the contact of the spoke, with a session that nothing was said in yet. */
static struct client administrator(void)
{
    struct world_member nobody = {.id = 999};
    struct client c = client_of(&w, ORGANIZATION, &nobody, 0, "[2001:db8::7]:40007");
    uint8_t asked[116], bytes[256], payload[96];
    struct avpn_noise noise;

    ask_as_administrator(&c, asked);
    client_begin(&c, asked, &noise, bytes);
    world_receive(&w, &c.contact, bytes, sizeof bytes);
    ck_assert(client_read_response(&c, &noise, payload));
    ck_assert(avpni_register_response_read(payload, &c.session));
    return c;
}

START_TEST(a_damaged_claim_or_administration_does_nothing)
{
    uint8_t asked[116], bytes[256];
    struct avpni_claim_request claim = {.organization = world_organization(ORGANIZATION),
                                        .member = 2}; /* the spoke itself: it is answered */

    begin();
    if (_i == 0) {
        avpni_claim_request_write(asked, &claim);
    } else {
        ask_as_administrator(&spoke, asked);
    }
    client_begin(&spoke, asked, NULL, bytes);
    try_all(bytes, 256, 240);
    world_receive(&w, &spoke.contact, bytes, 256);
    ck_assert_uint_eq(w.sent[0].count, 160);
    world_end(&w);
}
END_TEST

START_TEST(requests_in_a_form_of_their_own_are_dropped)
{
    static const struct {
        size_t at;
        uint8_t value;
    } rows[] = {{0, 0}, {0, 4}, {0, 255}, {1, 1}, {115, 1}, {36, 9}};
    uint8_t asked[116], bytes[256];

    begin();
    ask_as_administrator(&spoke, asked);
    asked[rows[_i].at] = rows[_i].value;
    client_begin(&spoke, asked, NULL, bytes);
    world_receive(&w, &spoke.contact, bytes, 256);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_MALFORMED), 1);
    world_end(&w);
}
END_TEST

/* Offer, List, and a Part that is waited for. */
START_TEST(a_damaged_message_of_an_administrator_does_nothing)
{
    struct avpni_offer offer = {.version = 4, .size = 2000};
    struct avpni_fetch list = {0};
    struct avpni_part part = {.version = 4, .size = 2000};
    uint8_t body[1100] = {0}, bytes[1100];

    begin();
    struct client c = administrator();
    size_t count = 52;

    memcpy(offer.token, c.session.token, 16);
    memcpy(list.token, c.session.token, 16);
    avpni_offer_write(body, &offer);
    if (_i == 1) {
        avpni_list_write(body, &list);
    } else if (_i == 2) {
        world_receive(&w, &c.contact, bytes, client_seal(&c, body, 52, bytes));
        ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_WANT, NULL), 1);
        count = 28 + 1024;
        avpni_part_head_write(body, &part);
    }
    count = client_seal(&c, body, count, bytes);
    try_all(bytes, count, count);
    world_remember(&w);
    world_receive(&w, &c.contact, bytes, count);
    ck_assert(!world_is_unchanged(&w)); /* it would have done something */
    world_remember(&w);
    must_be_dropped(bytes, count, "replay", 0);
    world_end(&w);
}
END_TEST

/* A registration that is not proved yet is no easier to disturb. */
START_TEST(a_damaged_first_keepalive_does_nothing)
{
    uint8_t bytes[96];

    begin();
    ck_assert(client_hello(&spoke));
    client_alive(&spoke, spoke.session.token, 0, 0, bytes);
    try_all(bytes, 96, 96);
    world_end(&w);
}
END_TEST

START_TEST(what_a_registry_sends_it_does_not_take)
{
    uint8_t bytes[256];

    begin();
    client_initiation(&spoke, NULL, bytes);
    world_receive(&w, &spoke.contact, bytes, 256);
    struct world_datagram response = w.sent[0];

    bytes[255] ^= 1;
    world_receive(&w, &spoke.contact, bytes, 256);
    struct world_datagram cookie = w.sent[0];

    client_keep(&spoke, false);
    struct world_datagram ack = w.sent[0];

    client_fetch(&spoke, NULL, 0, bytes);
    world_receive(&w, &spoke.contact, bytes, 96);
    struct world_datagram page = w.sent[0];
    struct avpni_sync sync = {.version = 3, .mask = 1};

    client_sync(&spoke, &sync, bytes);
    world_receive(&w, &spoke.contact, bytes, 96);
    struct world_datagram part = w.sent[0];
    struct client c = administrator();
    struct avpni_offer offer = {.version = 4, .size = 2000};
    uint8_t body[52];

    memcpy(offer.token, c.session.token, 16);
    avpni_offer_write(body, &offer);
    world_receive(&w, &c.contact, bytes, client_seal(&c, body, 52, bytes));
    struct world_datagram want = w.sent[0];
    const struct world_datagram *all[] = {&response, &cookie, &ack, &page, &part, &want};

    world_remember(&w);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        must_be_dropped(all[i]->bytes, all[i]->count, "reflection", i);
    }
    world_end(&w);
}
END_TEST

static const struct {
    uint8_t start[8];
    size_t count;
    enum avpn_registry_counter counter;
} others[] = {
    {{0xFF}, 1, AVPN_REGISTRY_DROP_UNEXPECTED},                      /* NAT keepalive */
    {{0, 0, 1, 0}, 64, AVPN_REGISTRY_DROP_UNEXPECTED},               /* ESP */
    {{0, 0, 0, 200}, 64, AVPN_REGISTRY_DROP_MALFORMED},              /* SPI below 256 [DMX-3] */
    {{0, 0, 0, 0, 1, 5}, 128, AVPN_REGISTRY_DROP_UNEXPECTED},        /* probe */
    {{0, 0, 0, 0, 1, 1}, 164, AVPN_REGISTRY_DROP_UNEXPECTED},        /* initiation to a node */
    {{0, 0, 0, 0, 1, 2}, 76, AVPN_REGISTRY_DROP_UNEXPECTED},         /* response */
    {{0, 0, 0, 0, 2, 1}, 256, AVPN_REGISTRY_DROP_MALFORMED},         /* version 2 */
    {{0, 0, 0, 0, 1, 1, 1}, 256, AVPN_REGISTRY_DROP_MALFORMED},      /* reserved */
    {{0, 0, 0, 0, 1, 9}, 96, AVPN_REGISTRY_DROP_MALFORMED},          /* type 9 */
    {{0, 0, 0, 0, 1, 1}, 256, AVPN_REGISTRY_DROP_MAC1},
    {{0, 0, 0, 0, 1, 4}, 96, AVPN_REGISTRY_DROP_SESSION},
    {{0}, 0, AVPN_REGISTRY_DROP_MALFORMED},
};

START_TEST(what_is_not_for_a_registry_is_dropped_and_counted)
{
    uint8_t bytes[256] = {0};

    begin();
    uint64_t before = world_counter(&w, others[_i].counter);

    memcpy(bytes, others[_i].start, 8);
    world_remember(&w);
    must_be_dropped(bytes, others[_i].count, "other", (size_t)_i);
    ck_assert_uint_eq(world_counter(&w, others[_i].counter), before + 1);
    world_end(&w);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_damaged_initiation_does_nothing),
    HARNESS_CASE(a_damaged_keepalive_does_nothing),
    HARNESS_CASE(a_damaged_fetch_does_nothing),
    HARNESS_CASE(a_damaged_sync_does_nothing),
    HARNESS_CASE(a_damaged_first_keepalive_does_nothing),
    HARNESS_LOOP(a_damaged_claim_or_administration_does_nothing, 2),
    HARNESS_LOOP(requests_in_a_form_of_their_own_are_dropped, 6),
    HARNESS_LOOP(a_damaged_message_of_an_administrator_does_nothing, 3),
    HARNESS_CASE(what_a_registry_sends_it_does_not_take),
    HARNESS_LOOP(what_is_not_for_a_registry_is_dropped_and_counted, HARNESS_COUNT(others)),
};
HARNESS_MAIN("registry/drops", cases)
