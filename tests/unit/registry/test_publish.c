/* SPDX-License-Identifier: ISC */
/* Administrators: who they are, what they bring, and what becomes of it. */
#include "world.h"

#include "crypto/box.h"
#include "crypto/hash.h"
#include "harness.h"
#include <autovpn/publisher.h>

#include <stdlib.h>
#include <string.h>

#define ORGANIZATION 7
#define SPOKES 40
#define SPOKES_MANY 320 /* a document of three windows */
#define NO_SIGNER 255

static struct world w;
static struct world_member members[1 + SPOKES_MANY];

/* A document on its way, and the administrator's session. */
struct upload {
    struct client client;
    uint8_t *bundle;
    size_t count;
    uint64_t version;
    uint8_t hash[16];
    struct avpni_want want; /* the last one heard */
};

static void begin(void)
{
    world_begin(&w, 100000, 0);
    members[0] = (struct world_member){.id = 1, .role = AVPN_ROLE_HUB};
    for (uint32_t i = 1; i <= SPOKES_MANY; i++) {
        members[i] = (struct world_member){.id = 10 + i, .role = AVPN_ROLE_SPOKE, .hubs = {1}};
    }
}

static void admit(void)
{
    struct avpn_key organization = world_organization(ORGANIZATION);

    ck_assert_int_eq(avpn_registry_admit(w.registry, &organization, w.now), AVPN_OK);
}

static struct world_document document_of(uint64_t version)
{
    return (struct world_document){
        .number = ORGANIZATION, .version = version, .members = members, .count = 1 + SPOKES};
}

static void begin_with(uint64_t version)
{
    struct world_document document = document_of(version);

    begin();
    ck_assert_int_eq(world_set(&w, &document), AVPN_OK);
}

/* ---- the administrator's half ------------------------------------------------------------------------ */

static void sign_request(const struct client *c, const struct avpn_key *seed,
                         struct avpni_admin_request *request)
{
    uint8_t text[AVPNI_ADMIN_TEXT_BYTES];
    size_t count = avpni_admin_text(text, &w.identity.public_key, &c->pair.public_key,
                                    &c->organization);

    avpni_sign(request->signature, text, count, seed->bytes);
}

/* Handshake under the key with this number; the seed is another's unless `seed` is NULL. */
static bool hello(struct client *c, uint8_t signer, const struct avpn_key *seed)
{
    struct avpni_admin_request request = {.organization = c->organization, .signer = signer};
    struct avpn_key own = world_signer(ORGANIZATION, 0);
    uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES], bytes[256];
    uint8_t asked[AVPNI_REGISTER_REQUEST_BYTES];
    struct avpn_noise noise;

    if (signer != NO_SIGNER) {
        sign_request(c, seed != NULL ? seed : &own, &request);
    }
    avpni_admin_request_write(asked, &request);
    client_begin(c, asked, &noise, bytes);
    world_receive(&w, &c->contact, bytes, sizeof bytes);
    if (!client_read_response(c, &noise, payload)) {
        return false;
    }
    ck_assert(avpni_register_response_read(payload, &c->session));
    ck_assert_uint_eq(c->session.slot >> 2 & 0xFFFF, 65535); /* [PUB-1] */
    c->counter = 0;
    return true;
}

static struct client administrator(uint8_t number, const char *contact)
{
    struct world_member nobody = {.id = 60000u + number, .salt = number};

    return client_of(&w, ORGANIZATION, &nobody, 0, contact);
}

static struct upload upload_of(const struct world_document *document, uint8_t signer)
{
    static uint8_t number = 1;
    struct upload u = {.client = administrator(number++, "198.51.100.1:50000"),
                       .version = document->version};

    u.bundle = world_sign(&w, document, &u.count);
    avpni_hash(u.hash, sizeof u.hash, NULL, 0, &(struct avpni_piece){u.bundle, u.count}, 1);
    ck_assert(hello(&u.client, signer, NULL));
    return u;
}

/* The one datagram sent is a Want; it is kept. */
static bool hear(struct upload *u)
{
    uint8_t body[1100];
    size_t count = w.sent_count == 1 ? client_open(&u->client, 0, body) : 0;

    return count > 0 && avpni_body_kind(body, count) == AVPNI_BODY_WANT &&
           avpni_want_read(body, &u->want);
}

static void say(struct client *c, const uint8_t *body, size_t count)
{
    uint8_t bytes[1100];
    size_t size = client_seal(c, body, count, bytes);

    world_receive(&w, &c->contact, bytes, size);
}

static bool offer_of(struct upload *u, uint32_t size)
{
    struct avpni_offer offer = {.version = u->version, .size = size};
    uint8_t body[52];

    memcpy(offer.hash, u->hash, sizeof offer.hash);
    memcpy(offer.token, u->client.session.token, sizeof offer.token);
    avpni_offer_write(body, &offer);
    say(&u->client, body, sizeof body);
    return hear(u);
}

static bool offer(struct upload *u)
{
    return offer_of(u, (uint32_t)u->count);
}

static bool send_part(struct upload *u, uint32_t number)
{
    struct avpni_part part = {
        .version = u->version, .size = (uint32_t)u->count, .number = number};
    uint8_t body[1100];
    uint32_t count = avpni_part_bytes(part.size, number);

    avpni_part_head_write(body, &part);
    memcpy(body + 28, u->bundle + (size_t)number * 1024, count);
    say(&u->client, body, 28 + count);
    return hear(u);
}

/* Send the parts of the last Want that are in `mask`; true: answered by another Want. */
static bool send_window(struct upload *u, uint32_t mask)
{
    struct avpni_want want = u->want;

    for (uint32_t i = 0; i < 32; i++) {
        if ((want.mask & mask) >> i & 1) {
            if (send_part(u, want.first + i)) {
                return true;
            }
        }
    }
    return false;
}

/* From an offer that was answered to the end of the matter. */
static uint8_t finish(struct upload *u)
{
    while (u->want.status == AVPN_PUBLISH_WANTED) {
        ck_assert(send_window(u, UINT32_MAX));
    }
    return u->want.status;
}

static uint8_t publish(struct upload *u)
{
    ck_assert(offer(u));
    return finish(u);
}

static void done(struct upload *u)
{
    free(u->bundle);
}

static uint64_t served(void)
{
    return world_organization_status(&w, ORGANIZATION).version;
}

/* ---- the good case ------------------------------------------------------------------------------------- */

/* [PUB-1], [PUB-3], [PUB-5]; with and without a signature. */
START_TEST(a_document_is_taken_window_by_window_stored_and_served)
{
    begin_with(1);
    struct world_document document = document_of(2);

    document.count = 1 + SPOKES_MANY;
    struct upload u = upload_of(&document, _i == 0 ? 0 : NO_SIGNER);
    struct avpn_event event;
    uint32_t windows = 0;

    ck_assert_uint_eq(u.client.session.config_version, 1);
    ck_assert(offer(&u));
    while (u.want.status == AVPN_PUBLISH_WANTED) {
        ck_assert_uint_eq(u.want.version, 2);
        ck_assert_uint_eq(served(), 1);
        ck_assert_uint_eq(w.store_writes, 0);
        ck_assert(send_window(&u, UINT32_MAX));
        windows++;
    }
    ck_assert_uint_eq(u.want.status, AVPN_PUBLISH_IN_FORCE);
    ck_assert_uint_eq(u.want.version, 2);
    /* Without a signature head and charter come first. */
    ck_assert_uint_gt(u.count, 2 * 32768);
    ck_assert_uint_eq(windows, (u.count + 32767) / 32768 + (_i == 0 ? 0 : 1));
    ck_assert_uint_eq(served(), 2);
    ck_assert_uint_eq(w.store_writes, 1);
    ck_assert_uint_eq(w.stored[0].count, u.count);
    ck_assert_mem_eq(w.stored[0].bytes, u.bundle, u.count);
    ck_assert_int_eq(strncmp(w.stored[0].name, "organization-", 13), 0);
    ck_assert_uint_eq(strlen(w.stored[0].name), 13 + 64);
    ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_OK);
    ck_assert_uint_eq(event.kind, AVPN_EVENT_PUBLISHED);
    ck_assert_uint_eq(event.version, 2);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_PUBLISHES), 1);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_REFUSALS), 0);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(an_organization_that_is_admitted_gets_its_first_document)
{
    begin();
    admit();
    struct avpn_organization_status before = world_organization_status(&w, ORGANIZATION);
    struct world_document document = document_of(5);
    struct upload u = upload_of(&document, 0); /* a signature that nothing can verify yet */

    ck_assert_uint_eq(before.version, 0);
    ck_assert_uint_eq(before.member_count, 0);
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    struct avpn_organization_status after = world_organization_status(&w, ORGANIZATION);

    ck_assert_uint_eq(after.version, 5);
    ck_assert_uint_eq(after.member_count, 1 + SPOKES);
    ck_assert_uint_eq(after.document_bytes, u.count);
    ck_assert_str_eq(after.name, "test");
    ck_assert_int_eq(after.created, 1);
    struct client c = client_of(&w, ORGANIZATION, &members[3], 0, "203.0.113.1:40001");

    client_register(&c);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(what_was_published_is_served_again_after_a_restart)
{
    begin();
    admit();
    struct world_document document = document_of(5);

    document.expires = 1000; /* expired since: whoever took it keeps serving it [CFG-6] */
    struct upload u = upload_of(&document, NO_SIGNER);

    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    w.wall_clock = 2000;
    world_restart(&w);
    admit();
    ck_assert_uint_eq(served(), 5);
    admit(); /* it is served already */
    ck_assert_uint_eq(world_status(&w).organization_count, 1);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(a_broken_store_is_as_good_as_none)
{
    begin();
    admit();
    struct world_document document = document_of(5);
    struct upload u = upload_of(&document, NO_SIGNER);

    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    if (_i == 0) {
        w.stored[0].bytes[w.stored[0].count / 2] ^= 1;
    } else {
        w.stored[0].count = (size_t)_i;
    }
    world_restart(&w);
    admit();
    ck_assert_uint_eq(served(), 0);
    done(&u);
    u = upload_of(&document, NO_SIGNER);
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

/* Connected members hear of it in the same call [SYN-3]. */
START_TEST(members_are_told_in_the_moment_of_publishing)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct client c = client_of(&w, ORGANIZATION, &members[3], 0, "203.0.113.1:40001");

    client_register(&c);
    struct upload u = upload_of(&document, 0);

    ck_assert(offer(&u));
    uint8_t body[1100];

    while (u.want.status == AVPN_PUBLISH_WANTED && send_window(&u, UINT32_MAX)) {
    }
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_PART, NULL), 1);
    ck_assert_uint_eq(client_heard(&u.client, AVPNI_BODY_WANT, body), 1);
    ck_assert(avpni_want_read(body, &u.want));
    ck_assert_uint_eq(u.want.status, AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

/* ---- repeating, losing, reordering [PUB-3] ------------------------------------------------------------------ */

START_TEST(a_repeated_offer_asks_for_what_is_missing)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct upload u = upload_of(&document, 0);

    ck_assert(offer(&u));
    uint32_t all = u.want.mask;

    ck_assert(!send_window(&u, 0x5));
    ck_assert(offer(&u));
    ck_assert_uint_eq(u.want.first, 0);
    ck_assert_uint_eq(u.want.mask, all & ~0x5u);
    ck_assert_uint_eq(finish(&u), AVPN_PUBLISH_IN_FORCE);
    ck_assert(offer(&u)); /* the answer was lost */
    ck_assert_uint_eq(u.want.status, AVPN_PUBLISH_IN_FORCE);
    ck_assert_uint_eq(w.store_writes, 1);
    done(&u);
    world_end(&w);
}
END_TEST

/* Parts lost, doubled, in any order. */
START_TEST(parts_may_come_in_any_order_twice_or_not_at_all)
{
    uint64_t state = (uint64_t)_i;

    begin_with(1);
    struct world_document document = document_of(2);
    struct upload u = upload_of(&document, _i % 2 == 0 ? 0 : NO_SIGNER);

    ck_assert(offer(&u));
    for (int n = 0; u.want.status == AVPN_PUBLISH_WANTED; n++) {
        uint64_t random = harness_random(&state);
        uint32_t first = (uint32_t)(random % 32), i = 0;

        ck_assert_int_lt(n, 10000);
        if (random >> 32 & 1) {
            ck_assert(offer(&u));
        }
        while ((u.want.mask >> (first + i) % 32 & 1) == 0) {
            i++;
        }
        (void)send_part(&u, u.want.first + (first + i) % 32);
    }
    ck_assert_uint_eq(u.want.status, AVPN_PUBLISH_IN_FORCE);
    ck_assert_uint_eq(served(), 2);
    done(&u);
    world_end(&w);
}
END_TEST

static void break_version(struct upload *u)
{
    u->version++;
}

static void break_size(struct upload *u)
{
    u->count++;
}

static void (*const breaks[])(struct upload *) = {break_version, break_size};

START_TEST(parts_nobody_waits_for_are_dropped_and_counted)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct upload u = upload_of(&document, 0);
    uint8_t body[28 + 1024] = {133};

    ck_assert(!send_part(&u, 0)); /* before any offer */
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert(offer(&u));
    ck_assert(!send_part(&u, 0));
    world_remember(&w);
    ck_assert(!send_part(&u, 0)); /* again */
    ck_assert(!send_part(&u, (uint32_t)(u.count / 1024 + 1)));
    for (int i = 0; i < HARNESS_COUNT(breaks); i++) {
        struct upload other = u;

        breaks[i](&other);
        ck_assert(!send_part(&other, 1));
        u.client.counter = other.client.counter;
    }
    body[11] = 1; /* base version 1 */
    body[19] = 2;
    struct avpni_part part = {.base = 1, .version = 2, .size = (uint32_t)u.count, .number = 1};

    avpni_part_head_write(body, &part);
    say(&u.client, body, 28 + 1024);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert(world_is_unchanged(&w));
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_UPLOAD), 5);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_MALFORMED), 1); /* there is no such part */
    ck_assert_uint_eq(finish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

/* Before, behind and far behind the window that is open, in a document of three. */
START_TEST(parts_outside_of_the_window_are_dropped)
{
    begin_with(1);
    struct world_document document = document_of(2);

    document.count = 1 + SPOKES_MANY;
    struct upload u = upload_of(&document, 0);

    ck_assert(offer(&u));
    ck_assert_uint_eq(u.want.mask, UINT32_MAX);
    world_remember(&w);
    ck_assert(!send_part(&u, 32)); /* in the place of part 0, were it counted in bits */
    ck_assert(!send_part(&u, 64));
    ck_assert(world_is_unchanged(&w));
    ck_assert(send_window(&u, UINT32_MAX));
    ck_assert_uint_eq(u.want.first, 32);
    world_remember(&w);
    ck_assert(!send_part(&u, 0));
    ck_assert(!send_part(&u, 31));
    ck_assert(!send_part(&u, 64));
    ck_assert(world_is_unchanged(&w));
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_UPLOAD), 5);
    ck_assert_uint_eq(finish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(an_upload_goes_on_in_another_session_of_the_same_document)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct upload u = upload_of(&document, 0);

    ck_assert(offer(&u));
    ck_assert(!send_window(&u, 0x1));
    ck_assert(hello(&u.client, 0, NULL));
    ck_assert(offer(&u));
    ck_assert_uint_eq(u.want.mask & 1, 0);
    ck_assert_uint_eq(finish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(parts_come_from_the_session_that_offered_them)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct upload u = upload_of(&document, 0), other = upload_of(&document, 0);
    struct avpni_fetch list = {0};
    uint8_t body[52];

    memcpy(list.token, other.client.session.token, sizeof list.token);
    avpni_list_write(body, &list);
    ck_assert(offer(&u));
    say(&other.client, body, sizeof body); /* it is there too, and says something else */
    ck_assert_uint_eq(client_heard(&other.client, AVPNI_BODY_CLAIMS, NULL), 1);
    other.bundle[5] ^= 1;
    ck_assert(!send_part(&other, 0));
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_UPLOAD), 1);
    ck_assert_uint_eq(finish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    done(&other);
    world_end(&w);
}
END_TEST

START_TEST(after_a_restart_an_upload_begins_again)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct upload u = upload_of(&document, 0);

    ck_assert(offer(&u));
    ck_assert(!send_window(&u, 0x1));
    document.version = 1;
    world_restart(&w);
    ck_assert_int_eq(world_set(&w, &document), AVPN_OK);
    ck_assert(!offer(&u)); /* a session of the time before */
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert(hello(&u.client, 0, NULL));
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

/* ---- who it is ---------------------------------------------------------------------------------------------- */

/* [REG-5], [REG-13] */
START_TEST(an_administrator_proves_its_contact_like_anybody)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct upload u = upload_of(&document, 0);
    uint8_t body[1100];
    struct avpni_challenge challenge;

    world_remember(&w);
    memset(u.client.session.token, _i, sizeof u.client.session.token);
    ck_assert(!offer(&u));
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_le(w.sent[0].count, 96);
    ck_assert_uint_eq(client_heard(&u.client, AVPNI_BODY_CHALLENGE, body), 1);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_TOKEN), (uint64_t)_i);
    ck_assert(avpni_challenge_read(body, &challenge));
    memcpy(u.client.session.token, challenge.token, sizeof challenge.token);
    ck_assert(offer(&u));
    u.client.contact = contact_of("198.51.100.2:50000"); /* and again when it moved */
    ck_assert(!send_part(&u, 0));
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert(!offer(&u));
    ck_assert_uint_eq(client_heard(&u.client, AVPNI_BODY_CHALLENGE, body), 1);
    ck_assert(avpni_challenge_read(body, &challenge));
    memcpy(u.client.session.token, challenge.token, sizeof challenge.token);
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(a_message_counts_once)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct upload u = upload_of(&document, 0);
    uint8_t bytes[96], body[52];
    struct avpni_fetch list = {0};

    memcpy(list.token, u.client.session.token, sizeof list.token);
    avpni_list_write(body, &list);
    size_t count = client_seal(&u.client, body, sizeof body, bytes);

    world_receive(&w, &u.client.contact, bytes, count);
    ck_assert_uint_eq(client_heard(&u.client, AVPNI_BODY_CLAIMS, NULL), 1);
    world_receive(&w, &u.client.contact, bytes, count);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_REPLAY), 1);
    done(&u);
    world_end(&w);
}
END_TEST

/* Whether a session has the rights of a signing key shows in the list of claims [PUB-1], [PUB-6]. */
static bool may_list(struct client *c)
{
    struct avpni_fetch list = {0};
    uint8_t body[52];

    memcpy(list.token, c->session.token, sizeof list.token);
    avpni_list_write(body, &list);
    say(c, body, sizeof body);
    return client_heard(c, AVPNI_BODY_CLAIMS, NULL) == 1;
}

static const struct signer {
    uint8_t number;  /* as it says */
    uint8_t seed[3]; /* under which it signed */
    bool is_signer;
} signers[] = {
    {0, {ORGANIZATION, 2, 0}, true},
    {0, {ORGANIZATION, 2, 1}, false}, /* a key that was never one */
    {0, {ORGANIZATION, 1, 0}, false}, /* a root key is not a signing key */
    {1, {ORGANIZATION, 2, 0}, false}, /* there is no second one */
    {NO_SIGNER, {0}, false},
};

START_TEST(only_a_signing_key_of_the_charter_gives_rights)
{
    const struct signer *signer = &signers[_i];
    struct avpn_key seed = {{signer->seed[0], signer->seed[1], signer->seed[2]}};
    struct client c;

    begin_with(1);
    c = administrator(1, "198.51.100.1:50000");
    ck_assert(hello(&c, signer->number, &seed));
    ck_assert(may_list(&c) == signer->is_signer);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_UPLOAD), signer->is_signer ? 0 : 1);
    world_end(&w);
}
END_TEST

/* The signature is over the session's own key, the registry and the organization: it is of no use elsewhere. */
START_TEST(a_signature_is_for_one_session_key_registry_and_organization)
{
    struct avpn_key seed = world_signer(ORGANIZATION, 0);
    struct client c, other;

    begin_with(1);
    c = administrator(1, "198.51.100.1:50000");
    other = administrator(2, "198.51.100.1:50000");
    struct avpni_admin_request request = {.organization = c.organization, .signer = 0};
    uint8_t text[AVPNI_ADMIN_TEXT_BYTES], asked[116], bytes[256], payload[96];
    struct avpn_key registry = w.identity.public_key, organization = c.organization;
    struct avpn_noise noise;

    registry.bytes[0] ^= _i == 1;
    organization.bytes[0] ^= _i == 2;
    size_t count = avpni_admin_text(
        text, &registry, _i == 0 ? &other.pair.public_key : &c.pair.public_key, &organization);

    avpni_sign(request.signature, text, count, seed.bytes);
    avpni_admin_request_write(asked, &request);
    client_begin(&c, asked, &noise, bytes);
    world_receive(&w, &c.contact, bytes, sizeof bytes);
    ck_assert(client_read_response(&c, &noise, payload));
    ck_assert(avpni_register_response_read(payload, &c.session));
    ck_assert(may_list(&c) == (_i == 3));
    world_end(&w);
}
END_TEST

START_TEST(for_organizations_that_are_not_served_there_is_silence)
{
    begin_with(1);
    struct client c = administrator(1, "198.51.100.1:50000");

    c.organization.bytes[0] ^= 1;
    ck_assert(!hello(&c, NO_SIGNER, NULL));
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_STRANGER), 1);
    world_end(&w);
}
END_TEST

/* A node's session is none of an administrator, and the other way round. */
START_TEST(members_and_administrators_keep_to_their_messages)
{
    begin_with(1);
    struct client node = client_of(&w, ORGANIZATION, &members[3], 0, "203.0.113.1:40001");
    struct client admin = administrator(1, "198.51.100.1:50000");
    uint8_t body[52], bytes[96];
    struct avpni_offer offer = {.version = 2, .size = 5000};

    client_register(&node);
    ck_assert(hello(&admin, 0, NULL));
    avpni_offer_write(body, &offer);
    say(&node, body, sizeof body);
    client_alive(&admin, admin.session.token, 0, 0, bytes);
    world_receive(&w, &admin.contact, bytes, sizeof bytes);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_MALFORMED), 2);
    ck_assert_uint_eq(world_status(&w).connected_count, 1);
    world_end(&w);
}
END_TEST

/* A key that is left out of the charter loses its sessions; the one that published goes on. */
START_TEST(with_another_charter_sessions_of_the_old_keys_end)
{
    begin_with(1);
    struct world_document document = document_of(2);
    struct client old = administrator(9, "198.51.100.9:50000");

    ck_assert(hello(&old, 0, NULL));
    ck_assert(may_list(&old));
    struct client waiting = administrator(8, "198.51.100.8:50000");

    ck_assert(hello(&waiting, 0, NULL));
    document.signer = 5;
    struct upload u = upload_of(&document, 0);

    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    ck_assert(offer(&u));
    ck_assert_uint_eq(u.want.status, AVPN_PUBLISH_IN_FORCE);
    ck_assert(!may_list(&old));
    ck_assert(!may_list(&waiting));
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_SESSION), 2);
    struct avpn_key seed = world_signer(ORGANIZATION, 5);

    ck_assert(hello(&old, 0, &seed));
    ck_assert(may_list(&old));
    done(&u);
    world_end(&w);
}
END_TEST

/* ---- refusals [PUB-2] ------------------------------------------------------------------------------------------ */

/* What is offered where version 5 is served, and what comes of it. */
static const struct offered {
    uint8_t status;
    uint64_t version;
    const char *name;
    int64_t expires;
    uint8_t damage; /* 1: in the head, 2: in a sealed key, 3: at the beginning, 4: after the end */
    uint8_t number; /* of another organization */
    uint32_t size;
} offered[] = {
    {.status = AVPN_PUBLISH_IN_FORCE, .version = 5},
    {.status = AVPN_PUBLISH_IN_FORCE, .version = 6},
    {.status = AVPN_PUBLISH_OLDER, .version = 4},
    {.status = AVPN_PUBLISH_OLDER, .version = 5, .name = "other"},
    {.status = AVPN_PUBLISH_OLDER, .version = 6 + (UINT64_C(1) << 32)}, /* more than a step [CFG-5] */
    {.status = AVPN_PUBLISH_EXPIRED, .version = 6, .expires = 1000},
    {.status = AVPN_PUBLISH_IN_FORCE, .version = 6, .expires = 1001},
    {.status = AVPN_PUBLISH_NOT_VERIFIED, .version = 6, .damage = 1},
    {.status = AVPN_PUBLISH_NOT_VERIFIED, .version = 6, .damage = 2},
    {.status = AVPN_PUBLISH_NOT_VALID, .version = 6, .damage = 3},
    {.status = AVPN_PUBLISH_NOT_VERIFIED, .version = 6, .damage = 4},
    {.status = AVPN_PUBLISH_FOREIGN, .version = 6, .number = 8},
    {.status = AVPN_PUBLISH_TOO_LARGE, .version = 6, .size = AVPN_BUNDLE_LIMIT + 1},
};

static void damage(struct upload *u, uint8_t how)
{
    if (how == 1) {
        u->bundle[12 + 70] ^= 1; /* the head's commitment */
    } else if (how == 2) {
        u->bundle[u->count - 200] ^= 1; /* a sealed key */
    } else if (how == 3) {
        u->bundle[0] ^= 1;
    } else if (how == 4) {
        u->bundle = realloc(u->bundle, u->count + 1);
        ck_assert_ptr_nonnull(u->bundle);
        u->bundle[u->count++] = 0;
    }
    avpni_hash(u->hash, sizeof u->hash, NULL, 0, &(struct avpni_piece){u->bundle, u->count}, 1);
}

static void check_offered(const struct offered *row, uint8_t signer)
{
    struct world_document document = document_of(row->version);

    begin_with(5);
    w.wall_clock = 1000;
    document.name = row->name;
    document.expires = row->expires;
    document.number = row->number != 0 ? row->number : ORGANIZATION;
    struct upload u = upload_of(&document, signer);

    damage(&u, row->damage);
    ck_assert(offer_of(&u, row->size != 0 ? row->size : (uint32_t)u.count));
    ck_assert_uint_eq(finish(&u), row->status);
    bool is_taken = row->status == AVPN_PUBLISH_IN_FORCE && row->version == 6;

    ck_assert_uint_eq(served(), is_taken ? 6 : 5);
    ck_assert_uint_eq(u.want.version, served());
    ck_assert_uint_eq(w.store_writes, is_taken);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_REFUSALS),
                      row->status != AVPN_PUBLISH_IN_FORCE);
    uint64_t parts = u.client.counter;

    ck_assert(offer_of(&u, row->size != 0 ? row->size : (uint32_t)u.count));
    ck_assert_uint_eq(u.want.status, row->status); /* at once: it is remembered */
    ck_assert_uint_eq(u.client.counter, parts + 1);
    done(&u);
    world_end(&w);
}

START_TEST(each_document_gets_the_answer_it_deserves)
{
    check_offered(&offered[_i / 2], _i % 2 == 0 ? 0 : NO_SIGNER);
}
END_TEST

/* What follows `bundle` under another root key, which is that of `number`. */
static uint8_t *rotate(const struct upload *from, uint64_t version, uint8_t number, size_t *count_out)
{
    struct avpn_key organization = world_organization(ORGANIZATION), root = {{ORGANIZATION, 1}};
    struct avpn_key next = {{number, 99}}, signer = world_signer(ORGANIZATION, 0), public_key;
    struct avpn_publication publication = {
        .size = sizeof publication, .psk_epoch = 1, .version = version, .created = 1, .psk = {{9, 1}}};
    struct avpn_authority *authority;
    struct avpn_config *config;
    uint8_t *bundle = malloc(1u << 20);

    ck_assert_ptr_nonnull(bundle);
    ck_assert_int_eq(avpn_authority_public_key(&next, &public_key), AVPN_OK);
    ck_assert_int_eq(avpn_authority_new(NULL, &authority), AVPN_OK);
    ck_assert_int_eq(avpn_authority_adopt(authority, &organization, from->bundle, from->count),
                     AVPN_OK);
    ck_assert_int_eq(avpn_authority_rotate_root(authority, 1, &public_key, 1), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_root(authority, &root), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_root(authority, &next), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &signer), AVPN_OK);
    ck_assert_int_eq(
        avpn_config_read(from->bundle, from->count, &organization, 0, NULL, &config), AVPN_OK);
    ck_assert_int_eq(
        avpn_authority_sign(authority, config, &publication, bundle, 1u << 20, count_out), AVPN_OK);
    avpn_config_del(config);
    avpn_authority_del(authority);
    return bundle;
}

/* Both are genuine children of what was served; once one is taken the other is a fork of it [CFG-5]. */
START_TEST(a_fork_of_the_root_keys_is_not_taken)
{
    begin();
    admit();
    struct world_document document = document_of(5);
    struct upload first = upload_of(&document, NO_SIGNER), child = first, fork = first;

    ck_assert_uint_eq(publish(&first), AVPN_PUBLISH_IN_FORCE);
    child.version = (UINT64_C(1) << 48) + 1;
    child.bundle = rotate(&first, child.version, 1, &child.count);
    fork.version = (UINT64_C(1) << 48) + 2;
    fork.bundle = rotate(&first, fork.version, _i == 0 ? 2 : 1, &fork.count);
    ck_assert(hello(&child.client, 0, NULL));
    damage(&child, 0);
    ck_assert_uint_eq(publish(&child), AVPN_PUBLISH_IN_FORCE);
    ck_assert(hello(&fork.client, 0, NULL));
    damage(&fork, 0);
    ck_assert_uint_eq(publish(&fork), _i == 0 ? AVPN_PUBLISH_NOT_VERIFIED : AVPN_PUBLISH_IN_FORCE);
    ck_assert_uint_eq(served(), _i == 0 ? child.version : fork.version);
    done(&first);
    done(&child);
    done(&fork);
    world_end(&w);
}
END_TEST

/* Without a signature nothing beyond head and charter is asked for before these verify [PUB-4]. */
START_TEST(without_a_signature_little_is_taken_before_it_proves_genuine)
{
    begin_with(5);
    struct world_document document = document_of(6);
    struct upload u = upload_of(&document, NO_SIGNER);
    uint64_t before = world_status(&w).memory_bytes;

    ck_assert_uint_gt(u.count, 8 * 1024);
    damage(&u, 1);
    ck_assert(offer(&u));
    ck_assert_uint_eq(u.want.first, 0);
    ck_assert_uint_eq(u.want.mask, 1);
    ck_assert_uint_lt(world_status(&w).memory_bytes, before + 3000);
    ck_assert(send_part(&u, 0));
    ck_assert_uint_eq(u.want.status, AVPN_PUBLISH_NOT_VERIFIED);
    done(&u);
    world_end(&w);
}
END_TEST

/* A version that is only claimed is no newer version. */
START_TEST(an_offer_that_lies_about_the_version_ends)
{
    begin_with(5);
    struct world_document document = document_of(5);
    struct upload u = upload_of(&document, _i == 0 ? 0 : NO_SIGNER);

    u.version = 6;
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_NOT_VALID);
    ck_assert_uint_eq(served(), 5);
    if (_i == 1) { /* an offer and a part: what is genuine but not newer is not taken either [PUB-4] */
        ck_assert_uint_eq(u.client.counter, 2);
    }
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(an_offer_that_lies_about_the_hash_or_the_size_ends)
{
    begin_with(5);
    struct world_document document = document_of(6);
    struct upload u = upload_of(&document, _i < 3 ? 0 : NO_SIGNER);

    u.hash[0] ^= _i % 3 == 0;
    if (_i % 3 == 1) {
        u.count -= 100;
        avpni_hash(u.hash, sizeof u.hash, NULL, 0, &(struct avpni_piece){u.bundle, u.count}, 1);
    } else if (_i % 3 == 2) {
        u.count = 100;
        avpni_hash(u.hash, sizeof u.hash, NULL, 0, &(struct avpni_piece){u.bundle, u.count}, 1);
    }
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_NOT_VALID);
    ck_assert_uint_eq(served(), 5);
    ck_assert_uint_eq(w.store_writes, 0);
    done(&u);
    world_end(&w);
}
END_TEST

/* A slice verifies too, and is what every member has: but it is no document to serve. */
START_TEST(a_slice_is_not_taken_for_the_whole)
{
    struct avpn_key organization = world_organization(ORGANIZATION);
    struct world_document document = document_of(6);
    struct avpn_config *config;

    begin_with(5);
    struct upload u = upload_of(&document, _i == 0 ? 0 : NO_SIGNER);
    uint8_t *slice = malloc(u.count);
    size_t count;

    ck_assert_ptr_nonnull(slice);
    ck_assert_int_eq(avpn_config_read(u.bundle, u.count, &organization, 0, NULL, &config), AVPN_OK);
    ck_assert_int_eq(avpn_bundle_slice(u.bundle, u.count, config, 1, slice, u.count, &count),
                     AVPN_OK);
    avpn_config_del(config);
    ck_assert_int_eq(avpn_registry_set_organization(w.registry, &organization, slice, count, w.now),
                     AVPN_ERROR_FORMAT);
    free(u.bundle);
    u.bundle = slice;
    u.count = count;
    damage(&u, 0);
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_NOT_VALID);
    ck_assert_uint_eq(served(), 5);
    /* Nor from the store. */
    strcpy(w.stored[0].name, "organization-");
    for (int i = 0; i < 32; i++) {
        static const char digits[] = "0123456789abcdef";

        w.stored[0].name[13 + 2 * i] = digits[organization.bytes[i] >> 4];
        w.stored[0].name[14 + 2 * i] = digits[organization.bytes[i] & 15];
    }
    w.stored[0].bytes = slice;
    w.stored[0].count = count;
    world_restart(&w);
    admit();
    ck_assert_uint_eq(served(), 0);
    world_end(&w); /* frees it */
}
END_TEST

/* Stored, and only then served [PUB-5]. */
START_TEST(what_cannot_be_stored_is_not_served)
{
    begin_with(5);
    struct world_document document = document_of(6);
    struct upload u = upload_of(&document, 0);

    w.store_fails = true;
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_NOT_STORED);
    ck_assert_uint_eq(served(), 5);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_STORE), 1);
    w.store_fails = false;
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE); /* that may change: not remembered */
    ck_assert_uint_eq(served(), 6);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(without_a_store_it_is_taken_all_the_same)
{
    begin();
    avpn_registry_del(w.registry);
    w.host.store_write = NULL;
    w.host.store_read = NULL;
    ck_assert_int_eq(avpn_registry_new(&w.options, &w.host, w.now, &w.registry), AVPN_OK);
    admit();
    struct world_document document = document_of(6);
    struct upload u = upload_of(&document, NO_SIGNER);

    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

/* Whenever memory ends, nothing half is served, nothing is stored that is not, and it can be tried again. */
START_TEST(without_memory_a_publish_changes_nothing)
{
    begin_with(5);
    struct world_document document = document_of(6);
    bool is_taken = false;

    for (uint32_t left = 1; !is_taken; left++) {
        struct upload u = upload_of(&document, left % 2 == 0 ? 0 : NO_SIGNER);

        ck_assert_uint_lt(left, 200);
        w.allocations_left = left;
        ck_assert(offer(&u));
        is_taken = finish(&u) == AVPN_PUBLISH_IN_FORCE;
        w.allocation_fails = false;
        w.allocations_left = 0;
        ck_assert(is_taken || u.want.status == AVPN_PUBLISH_BUSY);
        ck_assert_uint_eq(served(), is_taken ? 6 : 5);
        ck_assert_uint_eq(w.store_writes, is_taken);
        done(&u);
    }
    world_end(&w);
}
END_TEST

/* ---- several at once [PUB-4] -------------------------------------------------------------------------------------- */

START_TEST(of_two_administrators_the_second_is_told_to_wait)
{
    begin_with(5);
    struct world_document document = document_of(6), other = document_of(7);
    struct upload first = upload_of(&document, _i == 0 ? 0 : NO_SIGNER);
    struct upload second = upload_of(&other, _i == 0 ? 0 : NO_SIGNER);

    ck_assert(offer(&first));
    ck_assert(offer(&second));
    ck_assert_uint_eq(second.want.status, AVPN_PUBLISH_BUSY);
    w.now += 2 * AVPN_SECOND;
    ck_assert(_i == 0 ? !send_window(&first, 1) : send_window(&first, 1));
    w.now += 2 * AVPN_SECOND;
    ck_assert(offer(&second));
    ck_assert_uint_eq(second.want.status, AVPN_PUBLISH_BUSY);
    w.now += 1 * AVPN_SECOND; /* 3 s without a part */
    ck_assert_uint_eq(publish(&second), AVPN_PUBLISH_IN_FORCE);
    ck_assert_uint_eq(served(), 7);
    ck_assert(offer(&first));
    ck_assert_uint_eq(first.want.status, AVPN_PUBLISH_OLDER);
    ck_assert_uint_eq(first.want.version, 7);
    done(&first);
    done(&second);
    world_end(&w);
}
END_TEST

START_TEST(who_cannot_sign_does_not_keep_out_who_can)
{
    begin_with(5);
    struct world_document document = document_of(6);
    struct upload flood[20], genuine = upload_of(&document, 0);

    ck_assert(offer(&genuine));
    for (int i = 0; i < 20; i++) {
        flood[i] = upload_of(&document, NO_SIGNER);
        flood[i].hash[0] = (uint8_t)i;
        ck_assert(offer(&flood[i]));
        ck_assert_uint_eq(flood[i].want.status,
                          i == 0 ? AVPN_PUBLISH_WANTED : AVPN_PUBLISH_BUSY);
        done(&flood[i]);
    }
    ck_assert_uint_eq(finish(&genuine), AVPN_PUBLISH_IN_FORCE);
    done(&genuine);
    world_end(&w);
}
END_TEST

/* After one that failed, who cannot sign must wait a moment; who can need not. */
START_TEST(uploads_without_a_signature_that_fail_are_paced)
{
    begin_with(5);
    struct world_document document = document_of(6);
    struct upload bad = upload_of(&document, NO_SIGNER), good = upload_of(&document, NO_SIGNER);

    damage(&bad, 1);
    ck_assert_uint_eq(publish(&bad), AVPN_PUBLISH_NOT_VERIFIED);
    ck_assert(offer(&good));
    ck_assert_uint_eq(good.want.status, AVPN_PUBLISH_BUSY);
    w.now += AVPN_SECOND;
    ck_assert_uint_eq(publish(&good), AVPN_PUBLISH_IN_FORCE);
    done(&bad);
    done(&good);
    world_end(&w);
}
END_TEST

START_TEST(three_signed_sessions_are_remembered_and_more_can_come)
{
    struct client c[5];

    begin_with(5);
    for (int i = 0; i < 5; i++) {
        c[i] = administrator((uint8_t)(i + 1), "198.51.100.1:50000");
        ck_assert(hello(&c[i], 0, NULL));
        w.now += AVPN_SECOND;
        ck_assert(may_list(&c[i]));
    }
    memset(c[4].session.token, 0, 16);
    memset(c[0].session.token, 0, 16);
    ck_assert(may_list(&c[4]));
    ck_assert(!may_list(&c[0])); /* its seat went to another: it is challenged */
    ck_assert_uint_eq(client_heard(&c[0], AVPNI_BODY_CHALLENGE, NULL), 1);
    world_end(&w);
}
END_TEST

/* Nothing of an administrator stays who went away. */
START_TEST(an_office_nobody_comes_to_is_closed)
{
    begin_with(5);
    struct world_document document = document_of(6);
    struct upload u = upload_of(&document, 0);
    uint64_t before = world_status(&w).memory_bytes;
    avpn_time until = w.now + 200 * AVPN_SECOND;

    ck_assert(offer(&u));
    ck_assert_uint_gt(world_status(&w).memory_bytes, before + 8192);
    world_tick(&w, 31 * AVPN_SECOND);
    ck_assert_uint_lt(world_status(&w).memory_bytes, before + 2000);
    while (w.now < until && avpn_registry_deadline(w.registry) != AVPN_TIME_NEVER) {
        world_tick(&w, avpn_registry_deadline(w.registry) - w.now);
    }
    ck_assert_int_lt(w.now, until);
    ck_assert_uint_le(world_status(&w).memory_bytes, before + 256);
    ck_assert(hello(&u.client, 0, NULL));
    ck_assert_uint_eq(publish(&u), AVPN_PUBLISH_IN_FORCE);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(an_organization_that_goes_ends_its_uploads)
{
    begin_with(5);
    struct avpn_key organization = world_organization(ORGANIZATION);
    struct world_document document = document_of(6);
    struct upload u = upload_of(&document, 0);

    ck_assert(offer(&u));
    ck_assert_int_eq(avpn_registry_remove_organization(w.registry, &organization, w.now), AVPN_OK);
    ck_assert(!send_window(&u, UINT32_MAX));
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_int_eq(avpn_registry_deadline(w.registry), AVPN_TIME_NEVER);
    admit(); /* in the same place */
    ck_assert(!offer(&u));
    ck_assert_uint_eq(w.sent_count, 0);
    done(&u);
    world_end(&w);
}
END_TEST

START_TEST(bad_calls_are_refused)
{
    struct avpn_organization_status status = {.size = sizeof status};
    struct avpn_key organization = world_organization(ORGANIZATION);

    begin();
    ck_assert_int_eq(avpn_registry_admit(NULL, &organization, 0), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_registry_admit(w.registry, NULL, 0), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_registry_organization(w.registry, &organization, &status),
                     AVPN_ERROR_NOT_FOUND);
    status.size--;
    ck_assert_int_eq(avpn_registry_organization(w.registry, &organization, &status),
                     AVPN_ERROR_ARGUMENT);
    for (int i = 0; i < AVPN_REGISTRY_COUNTERS; i++) {
        ck_assert_ptr_nonnull(avpn_registry_counter_name((uint32_t)i));
    }
    w.allocation_fails = true;
    ck_assert_int_eq(avpn_registry_admit(w.registry, &organization, w.now), AVPN_ERROR_MEMORY);
    w.allocation_fails = false;
    world_end(&w);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_document_is_taken_window_by_window_stored_and_served, 2),
    HARNESS_CASE(an_organization_that_is_admitted_gets_its_first_document),
    HARNESS_CASE(what_was_published_is_served_again_after_a_restart),
    HARNESS_LOOP(a_broken_store_is_as_good_as_none, 20),
    HARNESS_CASE(members_are_told_in_the_moment_of_publishing),
    HARNESS_CASE(a_repeated_offer_asks_for_what_is_missing),
    HARNESS_LOOP(parts_may_come_in_any_order_twice_or_not_at_all, 6),
    HARNESS_CASE(parts_nobody_waits_for_are_dropped_and_counted),
    HARNESS_CASE(parts_outside_of_the_window_are_dropped),
    HARNESS_CASE(an_upload_goes_on_in_another_session_of_the_same_document),
    HARNESS_CASE(parts_come_from_the_session_that_offered_them),
    HARNESS_CASE(after_a_restart_an_upload_begins_again),
    HARNESS_LOOP(an_administrator_proves_its_contact_like_anybody, 2),
    HARNESS_CASE(a_message_counts_once),
    HARNESS_LOOP(only_a_signing_key_of_the_charter_gives_rights, HARNESS_COUNT(signers)),
    HARNESS_LOOP(a_signature_is_for_one_session_key_registry_and_organization, 4),
    HARNESS_CASE(for_organizations_that_are_not_served_there_is_silence),
    HARNESS_CASE(members_and_administrators_keep_to_their_messages),
    HARNESS_CASE(with_another_charter_sessions_of_the_old_keys_end),
    HARNESS_LOOP(each_document_gets_the_answer_it_deserves, 2 * HARNESS_COUNT(offered)),
    HARNESS_LOOP(a_fork_of_the_root_keys_is_not_taken, 2),
    HARNESS_CASE(without_a_signature_little_is_taken_before_it_proves_genuine),
    HARNESS_LOOP(an_offer_that_lies_about_the_version_ends, 2),
    HARNESS_LOOP(an_offer_that_lies_about_the_hash_or_the_size_ends, 6),
    HARNESS_LOOP(a_slice_is_not_taken_for_the_whole, 2),
    HARNESS_CASE(what_cannot_be_stored_is_not_served),
    HARNESS_CASE(without_a_store_it_is_taken_all_the_same),
    HARNESS_CASE(without_memory_a_publish_changes_nothing),
    HARNESS_LOOP(of_two_administrators_the_second_is_told_to_wait, 2),
    HARNESS_CASE(who_cannot_sign_does_not_keep_out_who_can),
    HARNESS_CASE(uploads_without_a_signature_that_fail_are_paced),
    HARNESS_CASE(three_signed_sessions_are_remembered_and_more_can_come),
    HARNESS_CASE(an_office_nobody_comes_to_is_closed),
    HARNESS_CASE(an_organization_that_goes_ends_its_uploads),
    HARNESS_CASE(bad_calls_are_refused),
};
HARNESS_MAIN("registry/publish", cases)
