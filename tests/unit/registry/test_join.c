/* SPDX-License-Identifier: ISC */
/* Devices that claim a place with a token, and who hears of them. */
#include "world.h"

#include "base/address.h"
#include "crypto/box.h"
#include "harness.h"
#include <autovpn/join.h>

#include <stdlib.h>
#include <string.h>

#define ORGANIZATION 7
#define EXPIRES 5000

static struct world w;

static const struct world_member members[] = {
    {.id = 1, .role = AVPN_ROLE_HUB},
    {.id = 2, .role = AVPN_ROLE_SPOKE, .hubs = {1}},
    {.id = 3, .role = AVPN_ROLE_SPOKE, .hubs = {1}, .flags = AVPN_MEMBER_REVOKED},
};

/* The token of a member's invite; another one for each `secret`. */
static struct avpn_token token_of(uint32_t member, uint8_t secret)
{
    struct avpn_token token = {.size = sizeof token,
                               .member = member,
                               .organization = world_organization(ORGANIZATION),
                               .secret = {secret, 0x5e, 0xc2, 0xe7},
                               .version = 1,
                               .expires = EXPIRES,
                               .registry_count = 1};

    token.registries[0] = (struct avpn_token_registry){.key = w.identity.public_key,
                                                       .port = 9350,
                                                       .host = "192.0.2.1"};
    return token;
}

static struct avpn_invite invite_of(uint32_t member, uint8_t secret)
{
    struct avpn_token token = token_of(member, secret);
    struct avpn_invite invite = {.size = sizeof invite, .member = member, .expires = EXPIRES};

    ck_assert_int_eq(avpn_token_claim_key(&token, &invite.key), AVPN_OK);
    return invite;
}

/* Serve a version with invites for some members. */
static void serve(uint64_t version, const struct avpn_invite *invites, size_t count)
{
    struct world_document document = {.number = ORGANIZATION,
                                      .version = version,
                                      .members = members,
                                      .count = HARNESS_COUNT(members),
                                      .invites = invites,
                                      .invite_count = count};

    ck_assert_int_eq(world_set(&w, &document), AVPN_OK);
}

/* Invites for the members 2 (whose device is to be replaced), 8 and 9. */
static void serve_invites(uint64_t version)
{
    struct avpn_invite invites[] = {invite_of(2, 1), invite_of(8, 1), invite_of(9, 1)};

    serve(version, invites, 3);
}

static void begin(void)
{
    world_begin(&w, 0, 0);
    serve_invites(1);
}

static struct client device(uint8_t number)
{
    struct world_member nobody = {.id = 50000u + number, .salt = number};

    return client_of(&w, ORGANIZATION, &nobody, 0, "203.0.113.77:41000");
}

static struct avpni_claim_request request_of(const struct client *c, const struct avpn_token *token)
{
    struct avpni_claim_request request = {.organization = token->organization,
                                          .member = token->member};

    ck_assert_int_eq(avpn_token_claim(token, &c->pair.public_key, request.signature), AVPN_OK);
    return request;
}

/* Status of the answer, or 0: silence. */
static uint8_t send_request(const struct client *c, const struct avpni_claim_request *request,
                            uint8_t bytes[256])
{
    uint8_t asked[AVPNI_REGISTER_REQUEST_BYTES], payload[AVPNI_REGISTER_RESPONSE_BYTES];
    struct avpni_claim_response response;
    struct avpn_noise noise;

    avpni_claim_request_write(asked, request);
    client_begin(c, asked, &noise, bytes);
    world_receive(&w, &c->contact, bytes, 256);
    if (w.sent_count == 0) {
        return 0;
    }
    ck_assert(client_read_response(c, &noise, payload));
    ck_assert(avpni_claim_response_read(payload, &response));
    ck_assert_uint_eq(response.config_version, world_organization_status(&w, ORGANIZATION).version);
    return response.status;
}

static uint8_t claim(const struct client *c, uint32_t member, uint8_t secret)
{
    struct avpn_token token = token_of(member, secret);
    struct avpni_claim_request request = request_of(c, &token);
    uint8_t bytes[256];

    return send_request(c, &request, bytes);
}

static uint32_t claim_count(void)
{
    return world_organization_status(&w, ORGANIZATION).claim_count;
}

/* ---- the good case [JOIN-3] --------------------------------------------------------------------------- */

START_TEST(a_claim_is_noted_stored_and_told)
{
    struct avpn_event event;

    begin();
    struct client c = device(1);

    ck_assert_uint_eq(world_organization_status(&w, ORGANIZATION).invite_count, 3);
    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim_count(), 1);
    ck_assert_uint_eq(w.store_writes, 1);
    ck_assert_int_eq(strncmp(w.stored[0].name, "claims-", 7), 0);
    ck_assert_uint_eq(strlen(w.stored[0].name), 7 + 64);
    ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_OK);
    ck_assert_uint_eq(event.kind, AVPN_EVENT_CLAIM);
    ck_assert_uint_eq(event.peer, 8);
    ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_ERROR_EMPTY);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_CLAIMS), 1);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_HANDSHAKES), 0);
    world_end(&w);
}
END_TEST

/* [JOIN-4]; whichever comes first. */
START_TEST(of_two_claims_at_once_exactly_one_wins)
{
    begin();
    struct client c[2] = {device(1), device(2)};
    int first = _i, second = 1 - _i;

    ck_assert_uint_eq(claim(&c[first], 8, 1), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim(&c[second], 8, 1), AVPNI_CLAIM_TAKEN);
    ck_assert_uint_eq(claim(&c[first], 8, 1), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim_count(), 1);
    ck_assert_uint_eq(w.store_writes, 1);
    ck_assert_uint_eq(claim(&c[second], 9, 1), AVPNI_CLAIM_PENDING); /* another place is free */
    ck_assert_uint_eq(claim_count(), 2);
    world_end(&w);
}
END_TEST

/* A member that has a device can be invited again: for another device. */
START_TEST(a_key_that_is_the_members_gets_to_know_it)
{
    begin();
    struct client hub = client_of(&w, ORGANIZATION, &members[0], 0, "203.0.113.1:40001");
    struct client spoke = client_of(&w, ORGANIZATION, &members[1], 0, "203.0.113.2:40001");
    struct client revoked = client_of(&w, ORGANIZATION, &members[2], 0, "203.0.113.3:40001");
    struct client c = device(1);

    ck_assert_uint_eq(claim(&hub, 1, 1), AVPNI_CLAIM_MEMBER); /* without an invite */
    ck_assert_uint_eq(claim(&spoke, 2, 1), AVPNI_CLAIM_MEMBER);
    ck_assert_uint_eq(claim(&spoke, 2, 77), AVPNI_CLAIM_MEMBER); /* whatever it signs */
    ck_assert_uint_eq(claim(&c, 2, 1), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim(&spoke, 1, 1), 0); /* it is another member */
    ck_assert_uint_eq(claim(&revoked, 3, 1), 0);
    ck_assert_uint_eq(claim_count(), 1);
    world_end(&w);
}
END_TEST

/* ---- silence ---------------------------------------------------------------------------------------- */

static void break_signature(struct avpni_claim_request *request)
{
    request->signature[20] ^= 1;
}

static void break_member(struct avpni_claim_request *request)
{
    request->member = 9; /* invited too, by another key */
}

static void break_organization(struct avpni_claim_request *request)
{
    request->organization.bytes[0] ^= 1;
}

static void keep_it(struct avpni_claim_request *request)
{
    (void)request;
}

/* Claims that are not genuine: what is changed, whose secret, and which place. */
static const struct forged {
    void (*forge)(struct avpni_claim_request *);
    uint32_t member;
    uint8_t secret;
    uint8_t signer; /* the device the claim was made for */
} forgeries[] = {
    {break_signature, 8, 1, 1},
    {break_member, 8, 1, 1},
    {break_organization, 8, 1, 1},
    {keep_it, 8, 2, 1},  /* by a token that was never given */
    {keep_it, 10, 1, 1}, /* no such invite */
    {keep_it, 8, 1, 2},  /* a claim that another device made: its key is not ours */
};

START_TEST(what_is_not_genuine_gets_silence)
{
    const struct forged *forged = &forgeries[_i];
    struct avpn_token token = token_of(forged->member, forged->secret);
    uint8_t bytes[256];

    begin();
    struct client c = device(1), signer = device(forged->signer);
    struct avpni_claim_request request = request_of(&signer, &token);

    forged->forge(&request);
    w.wall_clock = 10 * EXPIRES; /* it does not even learn that it comes too late */
    ck_assert_uint_eq(send_request(&c, &request, bytes), 0);
    ck_assert_uint_eq(claim_count(), 0);
    ck_assert_uint_eq(w.store_writes, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_STRANGER), 1);
    world_end(&w);
}
END_TEST

/* Whoever recorded a claim and sends it again, from anywhere, changes nothing; nor does one that is late. */
START_TEST(a_replayed_claim_changes_nothing)
{
    struct avpn_token token = token_of(8, 1);
    struct avpn_contact stranger = contact_of("198.51.100.1:1");
    struct client c;
    uint8_t bytes[256];

    begin();
    c = device(1);
    struct avpni_claim_request request = request_of(&c, &token);

    ck_assert_uint_eq(send_request(&c, &request, bytes), AVPNI_CLAIM_PENDING);
    for (int i = 0; i < 5; i++) {
        world_receive(&w, &stranger, bytes, sizeof bytes);
        ck_assert_uint_eq(w.sent_count, 1); /* which nobody but the device can read */
        ck_assert_uint_le(w.sent[0].count, sizeof bytes);
    }
    ck_assert_uint_eq(claim_count(), 1);
    ck_assert_uint_eq(w.store_writes, 1);
    serve(2, NULL, 0);
    uint32_t writes = w.store_writes;

    world_receive(&w, &stranger, bytes, sizeof bytes);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(claim_count(), 0);
    ck_assert_uint_eq(w.store_writes, writes);
    world_end(&w);
}
END_TEST

/* ---- time, store, memory [JOIN-4] ---------------------------------------------------------------------- */

START_TEST(an_invite_expires_where_the_clock_is_known)
{
    begin();
    struct client c = device(1), other = device(2), third = device(3);

    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING); /* unknown: not judged */
    w.wall_clock = EXPIRES - 1;
    ck_assert_uint_eq(claim(&other, 9, 1), AVPNI_CLAIM_PENDING);
    w.wall_clock = EXPIRES;
    ck_assert_uint_eq(claim(&third, 2, 1), AVPNI_CLAIM_EXPIRED);
    /* What is held is held. */
    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim(&third, 8, 1), AVPNI_CLAIM_TAKEN);
    ck_assert_uint_eq(claim_count(), 2);
    world_end(&w);
}
END_TEST

START_TEST(a_claim_that_cannot_be_stored_is_not_noted_nor_answered)
{
    begin();
    struct client c = device(1), other = device(2);

    w.store_fails = true;
    ck_assert_uint_eq(claim(&c, 8, 1), 0);
    ck_assert_uint_eq(claim_count(), 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_STORE), 1);
    w.store_fails = false;
    ck_assert_uint_eq(claim(&other, 8, 1), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_TAKEN);
    world_end(&w);
}
END_TEST

START_TEST(without_memory_a_claim_is_not_noted)
{
    uint8_t status = 0;

    begin();
    struct client c = device(1);

    for (uint32_t left = 1; status == 0; left++) {
        ck_assert_uint_lt(left, 10);
        ck_assert_uint_eq(claim_count(), 0);
        ck_assert_uint_eq(w.store_writes, 0);
        w.allocations_left = left;
        status = claim(&c, 8, 1);
        w.allocation_fails = false;
        w.allocations_left = 0;
    }
    ck_assert_uint_eq(status, AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(w.store_writes, 1);
    world_end(&w);
}
END_TEST

START_TEST(a_claim_holds_its_place_over_restarts)
{
    begin();
    struct client c = device(1), other = device(2);

    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim(&other, 2, 1), AVPNI_CLAIM_PENDING);
    world_restart(&w);
    serve_invites(1);
    ck_assert_uint_eq(claim_count(), 2);
    ck_assert_uint_eq(claim(&other, 8, 1), AVPNI_CLAIM_TAKEN);
    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING);
    world_restart(&w);
    serve(2, NULL, 0); /* in the meantime the invites are gone */
    ck_assert_uint_eq(claim_count(), 0);
    world_end(&w);
}
END_TEST

START_TEST(what_a_store_says_is_checked)
{
    begin();
    struct client c = device(1), other = device(2);

    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING);
    struct world_stored *stored = &w.stored[0];

    if (_i == 0) {
        stored->bytes[8 + 4 + 3] ^= 1; /* another device */
    } else if (_i == 1) {
        stored->count--; /* torn */
    } else {
        stored->bytes[0] ^= 1;
    }
    world_restart(&w);
    serve_invites(1);
    ck_assert_uint_eq(claim_count(), 0);
    ck_assert_uint_eq(claim(&other, 8, 1), AVPNI_CLAIM_PENDING);
    world_end(&w);
}
END_TEST

START_TEST(a_claim_goes_with_its_invite)
{
    begin();
    struct client c = device(1), other = device(2);
    struct avpn_invite invites[] = {invite_of(8, 1), invite_of(9, 2)}; /* 9: by another token */

    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim(&other, 9, 1), AVPNI_CLAIM_PENDING);
    serve_invites(2);
    ck_assert_uint_eq(claim_count(), 2);
    ck_assert_uint_eq(w.store_writes, 2);
    serve(3, invites, 2);
    ck_assert_uint_eq(claim_count(), 1);
    ck_assert_uint_eq(claim(&other, 9, 1), 0);
    ck_assert_uint_eq(claim(&c, 9, 2), AVPNI_CLAIM_PENDING);
    ck_assert_uint_eq(claim(&other, 8, 1), AVPNI_CLAIM_TAKEN);
    world_end(&w);
}
END_TEST

/* ---- listed [PUB-6] -------------------------------------------------------------------------------------- */

#define MANY 25

static void hello(struct client *c)
{
    struct avpni_admin_request request = {.organization = c->organization, .signer = 0};
    struct avpn_key seed = world_signer(ORGANIZATION, 0);
    uint8_t text[AVPNI_ADMIN_TEXT_BYTES], bytes[256], payload[96], asked[116];
    size_t count = avpni_admin_text(text, &w.identity.public_key, &c->pair.public_key,
                                    &c->organization);
    struct avpn_noise noise;

    avpni_sign(request.signature, text, count, seed.bytes);
    avpni_admin_request_write(asked, &request);
    client_begin(c, asked, &noise, bytes);
    world_receive(&w, &c->contact, bytes, sizeof bytes);
    ck_assert(client_read_response(c, &noise, payload));
    ck_assert(avpni_register_response_read(payload, &c->session));
}

static uint32_t list(struct client *c, uint32_t first, struct avpni_claims_head *head_out,
                     struct avpni_claim_entry *entries_out)
{
    struct avpni_fetch question = {.first = first};
    struct avpni_reader entries;
    uint8_t body[1100], bytes[96];

    memcpy(question.token, c->session.token, sizeof question.token);
    avpni_list_write(body, &question);
    size_t count = client_seal(c, body, 52, bytes);

    world_receive(&w, &c->contact, bytes, count);
    ck_assert_uint_eq(w.sent_count, 1);
    count = client_open(c, 0, body);
    ck_assert(avpni_claims_read(body, count, head_out, &entries));
    for (uint32_t i = 0; i < head_out->count; i++) {
        avpni_claim_entry_read(&entries, &entries_out[i]);
    }
    return head_out->count;
}

/* As an administrator's program gets them: with all it needs to verify each itself. */
START_TEST(claims_are_listed_ten_at_a_time_with_their_age)
{
    struct avpn_invite invites[MANY];
    struct avpni_claim_entry entries[10];
    struct avpni_claims_head head;
    uint32_t got = 0;

    world_begin(&w, 0, 0);
    for (uint32_t i = 0; i < MANY; i++) {
        invites[i] = invite_of(100 + i, 1);
    }
    serve(1, invites, MANY);
    for (uint32_t i = MANY; i-- > 0;) {
        struct client c = device((uint8_t)i);

        ck_assert_uint_eq(claim(&c, 100 + i, 1), AVPNI_CLAIM_PENDING);
    }
    struct client admin = device(200);

    hello(&admin);
    w.now += 90 * AVPN_SECOND;
    while (got < MANY) {
        uint32_t count = list(&admin, got, &head, entries);

        ck_assert_uint_eq(count, MANY - got < 10 ? MANY - got : 10);
        ck_assert_uint_eq(head.total, MANY);
        ck_assert_uint_eq(head.first, got);
        for (uint32_t i = 0; i < count; i++, got++) {
            ck_assert_uint_eq(entries[i].member, 100 + got);
            ck_assert_uint_eq(entries[i].age, 90);
            ck_assert_int_eq(avpn_claim_verify(&invites[got].key, &admin.organization, 100 + got,
                                               &entries[i].device, entries[i].signature),
                             AVPN_OK);
        }
    }
    ck_assert_uint_eq(list(&admin, MANY + 5, &head, entries), 0);
    ck_assert_uint_eq(head.first, MANY);
    world_end(&w);
}
END_TEST

/* The age goes on over a restart where the wall clock is known. */
START_TEST(the_age_of_a_claim_survives_a_restart)
{
    static const struct {
        int64_t noted, listed;
        uint32_t age;
    } rows[] = {{100, 160, 60}, {0, 160, 0}, {100, 0, 0}, {200, 100, 0}};
    struct avpni_claim_entry entries[10];
    struct avpni_claims_head head;

    w.wall_clock = 0;
    begin();
    w.wall_clock = rows[_i].noted;
    struct client c = device(1), admin = device(200);

    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING);
    w.wall_clock = rows[_i].listed;
    world_restart(&w);
    serve_invites(1);
    hello(&admin);
    ck_assert_uint_eq(list(&admin, 0, &head, entries), 1);
    ck_assert_uint_eq(entries[0].age, rows[_i].age);
    world_end(&w);
}
END_TEST

/* ---- nothing secret ------------------------------------------------------------------------------------------ */

static bool has(const uint8_t *bytes, size_t count, const uint8_t *secret, size_t secret_bytes)
{
    for (size_t i = 0; i + secret_bytes <= count; i++) {
        if (bytes[i] == secret[0] && memcmp(bytes + i, secret, secret_bytes) == 0) {
            return true;
        }
    }
    return false;
}

static bool is_anywhere(const void *secret, size_t secret_bytes)
{
    bool found = has(w.arena, w.used, secret, secret_bytes);

    for (int i = 0; i < WORLD_STORED; i++) {
        found = found || has(w.stored[i].bytes, w.stored[i].count, secret, secret_bytes);
    }
    return found;
}

/*
 * Members registered, one is invited and claims, everything is published and stored: in all of the registry's
 * memory, what was freed too, and in its store there is no private key, no pre-shared key, no invite's secret.
 */
START_TEST(a_registry_holds_no_secret_of_anybody)
{
    struct avpn_token token = token_of(8, 1);
    struct avpn_key psk = {{9, 1}}, seed = world_signer(ORGANIZATION, 0), root = {{ORGANIZATION, 1}};
    struct avpn_invite invite = invite_of(8, 1);

    begin();
    struct client hub = client_of(&w, ORGANIZATION, &members[0], 0, "203.0.113.1:40001");
    struct client spoke = client_of(&w, ORGANIZATION, &members[1], 0, "203.0.113.2:40001");
    struct client c = device(1);

    client_register(&hub);
    client_register(&spoke);
    ck_assert_uint_eq(claim(&c, 8, 1), AVPNI_CLAIM_PENDING);
    serve_invites(2);
    /* This would find them: what is public is there. */
    ck_assert(is_anywhere(&hub.pair.public_key, 32));
    ck_assert(is_anywhere(&c.pair.public_key, 32));
    ck_assert(is_anywhere(&invite.key, 32));
    ck_assert(!is_anywhere(&hub.pair.secret_key, 32));
    ck_assert(!is_anywhere(&spoke.pair.secret_key, 32));
    ck_assert(!is_anywhere(&c.pair.secret_key, 32));
    ck_assert(!is_anywhere(&psk, 32));
    ck_assert(!is_anywhere(token.secret, sizeof token.secret));
    ck_assert(!is_anywhere(&seed, 32));
    ck_assert(!is_anywhere(&root, 32));
    ck_assert(!is_anywhere(hub.session.key, 32)); /* nor a session's key */
    world_end(&w);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_claim_is_noted_stored_and_told),
    HARNESS_LOOP(of_two_claims_at_once_exactly_one_wins, 2),
    HARNESS_CASE(a_key_that_is_the_members_gets_to_know_it),
    HARNESS_LOOP(what_is_not_genuine_gets_silence, HARNESS_COUNT(forgeries)),
    HARNESS_CASE(a_replayed_claim_changes_nothing),
    HARNESS_CASE(an_invite_expires_where_the_clock_is_known),
    HARNESS_CASE(a_claim_that_cannot_be_stored_is_not_noted_nor_answered),
    HARNESS_CASE(without_memory_a_claim_is_not_noted),
    HARNESS_CASE(a_claim_holds_its_place_over_restarts),
    HARNESS_LOOP(what_a_store_says_is_checked, 3),
    HARNESS_CASE(a_claim_goes_with_its_invite),
    HARNESS_CASE(claims_are_listed_ten_at_a_time_with_their_age),
    HARNESS_LOOP(the_age_of_a_claim_survives_a_restart, 4),
    HARNESS_CASE(a_registry_holds_no_secret_of_anybody),
};
HARNESS_MAIN("registry/join", cases)
