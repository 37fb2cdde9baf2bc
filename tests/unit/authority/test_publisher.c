/* SPDX-License-Identifier: ISC */
/*
 * The administrator's end of a session, against a registry played by hand: it reads what the publisher
 * sends with the wire's own readers and answers what each case wants. [PUB-1] to [PUB-6]
 */
#include "crypto/box.h"
#include "crypto/hash.h"
#include "harness.h"
#include "publish.h"
#include "wire/message.h"
#include <autovpn/publisher.h>
#include <stdlib.h>
#include <string.h>

#define SLOT 0x0003FFFCu
#define SENT_LIMIT 64
#define PARTS 70 /* more than the bundle offered here has */

static const struct avpn_contact where = {AVPN_FAMILY_IPV4, 0, 9350, {198, 51, 100, 1}};

/* What the publisher sent, and the other end's keys. */
static struct {
    struct avpn_publisher *publisher;
    struct avpn_key_pair registry;
    struct avpn_key organization, signer;
    uint8_t bundle[PARTS * AVPNI_PART_BYTES];
    size_t bundle_bytes;
    struct {
        uint8_t bytes[1400];
        size_t count;
    } sent[SENT_LIMIT];
    uint32_t sent_count;
    avpn_time now;
    uint8_t key[32], token[16];
    uint64_t generation, counter;
    uint32_t allocations_left; /* 0: no limit */
    int is_random_failing;
} desk;

/* ---- seams ------------------------------------------------------------------------------ */

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *run = &batch[i].packets;

        ck_assert_int_eq(memcmp(&batch[i].remote, &where, sizeof where), 0);
        for (uint32_t k = 0; k < run->count; k++) {
            size_t bytes = k + 1 < run->count ? run->bytes : run->last_bytes;

            ck_assert_uint_lt(desk.sent_count, SENT_LIMIT);
            memcpy(desk.sent[desk.sent_count].bytes, run->data + (size_t)k * run->stride, bytes);
            desk.sent[desk.sent_count++].count = bytes;
        }
    }
}

static int may_allocate(void)
{
    return desk.allocations_left == 0 || --desk.allocations_left > 0;
}

static void *take(void *user, size_t bytes)
{
    (void)user;
    return may_allocate() ? malloc(bytes) : NULL;
}

static void *resize(void *user, void *memory, size_t bytes)
{
    (void)user;
    return may_allocate() ? realloc(memory, bytes) : NULL;
}

static void release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static int32_t fill_random(void *user, uint8_t *bytes, size_t count)
{
    return desk.is_random_failing ? -1 : avpni_crypto_random(user, bytes, count);
}

static int32_t open_publisher(uint32_t signer_number)
{
    const struct avpn_host host = {.size = sizeof host,
                                   .allocate = take,
                                   .resize = resize,
                                   .release = release,
                                   .random = fill_random,
                                   .transmit = transmit};
    const struct avpn_publisher_options options = {.size = sizeof options,
                                                   .signer_number = signer_number,
                                                   .organization = desk.organization,
                                                   .registry = desk.registry.public_key,
                                                   .signer = desk.signer,
                                                   .contact = where};

    desk.sent_count = 0;
    return avpn_publisher_new(&options, &host, desk.now, &desk.publisher);
}

/* A bundle of some 20 KB. */
static void make_bundle(void)
{
    struct avpn_config *config = random_config(1, 90, false);
    struct bundle bundle = bundle_of(config, 1, 1);

    ck_assert_uint_le(bundle.count, sizeof desk.bundle);
    memcpy(desk.bundle, bundle.bytes, bundle.count);
    desk.bundle_bytes = bundle.count;
    free(bundle.bytes);
    avpn_config_del(config);
}

static void set_up(uint32_t signer_number)
{
    memset(&desk, 0, sizeof desk);
    ck_assert_int_eq(avpni_crypto_init(), AVPN_OK);
    avpn_key_pair_generate(&desk.registry);
    for (size_t i = 0; i < AVPN_KEY_BYTES; i++) {
        desk.organization.bytes[i] = (uint8_t)(i + 1);
        desk.signer.bytes[i] = (uint8_t)(0x80 + i);
    }
    desk.now = 1000 * AVPN_SECOND;
    make_bundle();
    ck_assert_int_eq(open_publisher(signer_number), AVPN_OK);
}

static void tear_down(void)
{
    avpn_publisher_del(desk.publisher);
}

/* ---- the registry's part -------------------------------------------------------------------- */

static void give(uint8_t *bytes, size_t count)
{
    const struct avpn_datagrams batch = {
        .remote = where, .packets = {bytes, 1, (uint32_t)count, (uint32_t)count, (uint32_t)count}};

    ck_assert_int_eq(avpn_publisher_receive(desk.publisher, &batch, 1, desk.now), AVPN_OK);
}

static struct avpn_publisher_status status(void)
{
    struct avpn_publisher_status out = {.size = sizeof out};

    ck_assert_int_eq(avpn_publisher_status(desk.publisher, &out), AVPN_OK);
    return out;
}

/* Reads the initiation sent last and answers it; what was asked comes back. */
static struct avpni_admin_request answer_initiation(void)
{
    const uint8_t *bytes = desk.sent[desk.sent_count - 1].bytes;
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES], reply[AVPNI_RESPONSE_REGISTRY_BYTES];
    uint8_t answer[AVPNI_REGISTER_RESPONSE_BYTES];
    static const struct avpn_key no_psk;
    struct avpni_register_response response = {
        .slot = SLOT, .generation = ++desk.generation, .observed = where, .config_version = 3};
    struct avpni_admin_request request;
    struct avpn_key administrator, ephemeral;
    struct avpn_noise noise;

    ck_assert_int_eq(avpni_message_kind(bytes, desk.sent[desk.sent_count - 1].count),
                     AVPNI_KIND_INITIATION);
    avpn_noise_init_responder(&noise, &desk.registry, (const uint8_t *)"autovpn 1 registry", 18);
    ck_assert_int_eq(avpn_noise_read_1(&noise, bytes + AVPNI_INITIATION_NOISE,
                                       AVPNI_REGISTER_REQUEST_BYTES + AVPN_NOISE_1_OVERHEAD,
                                       &administrator, payload),
                     AVPN_OK);
    ck_assert(avpni_admin_request_read(payload, &request));
    if (request.signer != AVPNI_SIGNER_NONE) {
        uint8_t text[AVPNI_ADMIN_TEXT_BYTES];
        struct avpn_key public_key;
        size_t count =
            avpni_admin_text(text, &desk.registry.public_key, &administrator, &desk.organization);

        avpni_sign_keypair(desk.signer.bytes, &public_key);
        ck_assert(avpni_sign_verify(request.signature, text, count, &public_key));
    }
    avpni_crypto_random(NULL, desk.key, sizeof desk.key);
    avpni_crypto_random(NULL, desk.token, sizeof desk.token);
    avpni_crypto_random(NULL, ephemeral.bytes, sizeof ephemeral.bytes);
    memcpy(response.key, desk.key, sizeof response.key);
    memcpy(response.token, desk.token, sizeof response.token);
    avpni_register_response_write(answer, &response);
    avpni_response_write_head(reply, 0, avpni_initiation_sender(bytes));
    ck_assert_int_eq(avpn_noise_write_2(&noise, &ephemeral, &no_psk, answer, sizeof answer,
                                        reply + AVPNI_RESPONSE_NOISE),
                     AVPN_OK);
    desk.sent_count = 0;
    give(reply, sizeof reply);
    return request;
}

static void say(const uint8_t *body, size_t count)
{
    struct avpni_session_head head = {SLOT, desk.generation, ++desk.counter};
    uint8_t bytes[AVPNI_SESSION_OVERHEAD + AVPNI_SESSION_BODY_LIMIT], nonce[12];

    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_NODE, head.counter);
    avpni_aead_seal(bytes + AVPNI_SESSION_BODY, body, count, bytes, AVPNI_SESSION_BODY, nonce,
                    desk.key);
    desk.sent_count = 0;
    give(bytes, AVPNI_SESSION_OVERHEAD + count);
}

/* The body of a datagram that the publisher sent; its length. */
static size_t hear(uint32_t index, uint8_t body_out[AVPNI_SESSION_BODY_LIMIT])
{
    const uint8_t *bytes = desk.sent[index].bytes;
    size_t count = desk.sent[index].count;
    struct avpni_session_head head;
    uint8_t nonce[12];

    ck_assert_uint_lt(index, desk.sent_count);
    ck_assert_int_eq(avpni_message_kind(bytes, count), AVPNI_KIND_SESSION);
    avpni_session_head_read(bytes, &head);
    ck_assert_uint_eq(head.slot, SLOT);
    ck_assert_uint_eq(head.generation, desk.generation);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, head.counter);
    ck_assert(avpni_aead_open(body_out, bytes + AVPNI_SESSION_BODY, count - AVPNI_SESSION_BODY,
                              bytes, AVPNI_SESSION_BODY, nonce, desk.key));
    return count - AVPNI_SESSION_OVERHEAD;
}

static struct avpni_offer hear_offer(void)
{
    uint8_t body[AVPNI_SESSION_BODY_LIMIT];
    struct avpni_offer offer;

    ck_assert_uint_eq(desk.sent_count, 1);
    ck_assert_uint_eq(hear(0, body), AVPNI_REQUEST_BODY_BYTES);
    ck_assert(avpni_offer_read(body, &offer));
    ck_assert_mem_eq(offer.token, desk.token, sizeof desk.token);
    return offer;
}

static void want(uint8_t result, uint64_t version, uint32_t first, uint32_t mask)
{
    uint8_t body[AVPNI_WANT_BODY_BYTES];

    avpni_want_write(body, &(struct avpni_want){result, version, first, mask});
    say(body, sizeof body);
}

static void offer_bundle(void)
{
    ck_assert_int_eq(avpn_publisher_offer(desk.publisher, desk.bundle, desk.bundle_bytes, desk.now),
                     AVPN_OK);
}

static void tick_until(avpn_time until)
{
    while (avpn_publisher_deadline(desk.publisher) <= until) {
        desk.now = avpn_publisher_deadline(desk.publisher);
        avpn_publisher_tick(desk.publisher, desk.now);
        ck_assert_int_gt(avpn_publisher_deadline(desk.publisher), desk.now);
    }
    desk.now = until;
}

/* ---- cases ------------------------------------------------------------------------------------ */

START_TEST(a_session_is_signed_by_the_key_it_names) /* [PUB-1] */
{
    set_up(3);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_CONNECTING);
    ck_assert_uint_eq(answer_initiation().signer, 3);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_IDLE);
    ck_assert_uint_eq(status().served_version, 3);
    tear_down();
}
END_TEST

START_TEST(without_a_key_it_is_not_signed_and_hears_no_claims)
{
    set_up(AVPNI_SIGNER_NONE);
    ck_assert_uint_eq(answer_initiation().signer, AVPNI_SIGNER_NONE);
    ck_assert_int_eq(avpn_publisher_list_claims(desk.publisher, desk.now), AVPN_ERROR_STATE);
    tear_down();
}
END_TEST

START_TEST(a_bundle_goes_as_it_is_wanted) /* [PUB-2] [PUB-3] */
{
    uint8_t got[sizeof desk.bundle] = {0}, body[AVPNI_SESSION_BODY_LIMIT], hash[16];
    uint32_t parts;

    set_up(0);
    offer_bundle();
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_CONNECTING);
    answer_initiation();
    struct avpni_offer offer = hear_offer();

    avpni_hash(hash, sizeof hash, NULL, 0, &(struct avpni_piece){desk.bundle, desk.bundle_bytes},
               1);
    ck_assert_mem_eq(offer.hash, hash, sizeof hash);
    ck_assert_uint_eq(offer.size, desk.bundle_bytes);
    parts = avpni_part_count(offer.size);
    for (uint32_t first = 0; first < parts; first += 3) {
        want(AVPN_PUBLISH_WANTED, offer.version, first, 7);
        ck_assert_int_eq(status().state, AVPN_PUBLISHER_SENDING);
        ck_assert_uint_eq(status().sent_bytes, first * AVPNI_PART_BYTES);
        for (uint32_t i = 0; i < desk.sent_count; i++) {
            struct avpni_part part;
            const uint8_t *bytes;

            ck_assert(avpni_part_read(body, hear(i, body), &part, &bytes));
            ck_assert_uint_eq(part.version, offer.version);
            ck_assert_uint_eq(part.number, first + i);
            memcpy(got + (size_t)part.number * AVPNI_PART_BYTES, bytes,
                   avpni_part_bytes(part.size, part.number));
        }
    }
    ck_assert_mem_eq(got, desk.bundle, desk.bundle_bytes);
    want(AVPN_PUBLISH_IN_FORCE, offer.version, 0, 0);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_DONE);
    ck_assert_int_eq(status().reason, AVPN_PUBLISH_IN_FORCE);
    ck_assert_uint_eq(status().sent_bytes, desk.bundle_bytes);
    ck_assert_int_eq(avpn_publisher_deadline(desk.publisher), AVPN_TIME_NEVER);
    tear_down();
}
END_TEST

START_TEST(a_refusal_ends_the_matter_with_its_reason)
{
    const uint8_t result = (uint8_t)(AVPN_PUBLISH_OLDER + _i);

    set_up(0);
    offer_bundle();
    answer_initiation();
    want(result, 77, 0, 0);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_REFUSED);
    ck_assert_uint_eq(status().reason, result);
    ck_assert_uint_eq(status().served_version, 77);
    ck_assert_str_ne(avpn_publish_result_text(result), "unknown");
    offer_bundle(); /* and can be tried again */
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_SENDING);
    tear_down();
}
END_TEST

START_TEST(an_offer_is_repeated_with_longer_pauses_and_then_in_a_new_session)
{
    avpn_time began;

    set_up(0);
    offer_bundle();
    answer_initiation();
    began = desk.now;
    for (uint32_t i = 0; i < 2; i++) {
        desk.sent_count = 0;
        tick_until(began + ((300 << i) + (i == 0 ? 0 : 300)) * AVPN_MILLISECOND);
        hear_offer();
    }
    desk.sent_count = 0;
    tick_until(desk.now + 1200 * AVPN_MILLISECOND);
    ck_assert_int_eq(avpni_message_kind(desk.sent[0].bytes, desk.sent[0].count),
                     AVPNI_KIND_INITIATION);
    answer_initiation(); /* the registry was born again */
    hear_offer();
    tear_down();
}
END_TEST

START_TEST(silence_is_given_up_after_ten_seconds)
{
    set_up(0);
    offer_bundle();
    tick_until(desk.now + 10 * AVPN_SECOND);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_SILENT);
    ck_assert_int_eq(avpn_publisher_deadline(desk.publisher), AVPN_TIME_NEVER);
    tear_down();
}
END_TEST

START_TEST(a_challenge_is_answered_with_its_token) /* [REG-5] */
{
    struct avpni_challenge challenge = {.observed = where};
    uint8_t body[AVPNI_CHALLENGE_BODY_BYTES];

    set_up(0);
    offer_bundle();
    answer_initiation();
    memset(challenge.token, 0x5A, sizeof challenge.token);
    memset(desk.token, 0x5A, sizeof desk.token);
    avpni_challenge_write(body, &challenge);
    say(body, sizeof body);
    hear_offer();
    tear_down();
}
END_TEST

/* A page of `count` claims from `first` on, of `total`. */
static void say_claims(uint32_t first, uint16_t count, uint32_t total)
{
    uint8_t body[AVPNI_SESSION_BODY_LIMIT];
    struct avpni_claims_head head = {count, total, first};
    struct avpni_writer w =
        avpni_writer(body + AVPNI_CLAIMS_HEAD_BYTES, sizeof body - AVPNI_CLAIMS_HEAD_BYTES);

    avpni_claims_head_write(body, &head);
    for (uint32_t i = 0; i < count; i++)
        avpni_claim_entry_write(&w, &(struct avpni_claim_entry){.member = first + i + 1, .age = 9});
    say(body, AVPNI_CLAIMS_HEAD_BYTES + w.position);
}

START_TEST(claims_are_listed_page_by_page_before_a_bundle_is_sent) /* [PUB-6] */
{
    struct avpn_claim claim = {.size = sizeof claim};

    set_up(0);
    ck_assert_int_eq(avpn_publisher_list_claims(desk.publisher, desk.now), AVPN_OK);
    offer_bundle();
    answer_initiation();
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_LISTING);
    say_claims(0, 10, 13);
    say_claims(0, 10, 13); /* a duplicate of what was taken */
    ck_assert_uint_eq(status().claim_count, 10);
    say_claims(10, 3, 13);
    ck_assert(status().has_claims);
    hear_offer();
    for (uint32_t i = 0; i < 13; i++) {
        ck_assert_int_eq(avpn_publisher_claim(desk.publisher, i, &claim), AVPN_OK);
        ck_assert_uint_eq(claim.member, i + 1);
        ck_assert_uint_eq(claim.age, 9);
    }
    ck_assert_int_eq(avpn_publisher_claim(desk.publisher, 13, &claim), AVPN_ERROR_EMPTY);
    tear_down();
}
END_TEST

START_TEST(a_list_without_end_is_not_believed)
{
    set_up(0);
    avpn_publisher_list_claims(desk.publisher, desk.now);
    answer_initiation();
    say_claims(0, 1, AVPN_INVITES + 1);
    ck_assert_uint_eq(status().claim_count, 0);
    say_claims(0, 0, 5); /* nothing, of five */
    ck_assert(!status().has_claims);
    say_claims(0, 0, 0);
    ck_assert(status().has_claims);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_DONE);
    tear_down();
}
END_TEST

START_TEST(what_does_not_fit_changes_nothing)
{
    uint8_t junk[200] = {0};
    struct avpn_datagrams batch = {.remote = where, .packets = {junk, 1, 100, 100, 100}};

    set_up(0);
    offer_bundle();
    answer_initiation();
    struct avpni_offer offer = hear_offer();

    want(AVPN_PUBLISH_WANTED, offer.version + 1, 0, 1); /* of another version */
    ck_assert_uint_eq(desk.sent_count, 0);
    want(AVPN_PUBLISH_WANTED, offer.version, 4000000, 1); /* beyond the end */
    ck_assert_uint_eq(desk.sent_count, 0);
    want(AVPN_PUBLISH_WANTED, offer.version, UINT32_MAX, 0x80000000);
    ck_assert_uint_eq(desk.sent_count, 0);
    say_claims(0, 1, 1); /* nobody asked */
    ck_assert_uint_eq(status().claim_count, 0);
    say(junk, sizeof junk);
    give(junk, sizeof junk);
    batch.remote.port++; /* from elsewhere */
    ck_assert_int_eq(avpn_publisher_receive(desk.publisher, &batch, 1, desk.now), AVPN_OK);
    batch.packets.last_bytes = 300;
    ck_assert_int_eq(avpn_publisher_receive(desk.publisher, &batch, 1, desk.now),
                     AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_SENDING);
    want(AVPN_PUBLISH_IN_FORCE, offer.version, 0, 0);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_DONE);
    tear_down();
}
END_TEST

START_TEST(a_want_that_is_replayed_or_forged_is_dropped) /* [REG-2] */
{
    uint8_t body[AVPNI_WANT_BODY_BYTES];

    set_up(0);
    offer_bundle();
    answer_initiation();
    struct avpni_offer offer = hear_offer();

    want(AVPN_PUBLISH_WANTED, offer.version, 0, 1);
    ck_assert_uint_eq(desk.sent_count, 1);
    desk.counter--; /* the same number again */
    want(AVPN_PUBLISH_WANTED, offer.version, 0, 1);
    ck_assert_uint_eq(desk.sent_count, 0);
    desk.key[0] ^= 1;
    avpni_want_write(body, &(struct avpni_want){AVPN_PUBLISH_IN_FORCE, offer.version, 0, 0});
    say(body, sizeof body);
    ck_assert_int_eq(status().state, AVPN_PUBLISHER_SENDING);
    tear_down();
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused)
{
    struct avpn_publisher *publisher;
    const struct avpn_host host = {.size = sizeof host, .transmit = transmit};
    struct avpn_publisher_options good = {.size = sizeof good, .contact = where}, bad;

    set_up(0);
    good.registry = desk.registry.public_key;
    bad = good;
    bad.size--;
    ck_assert_int_eq(avpn_publisher_new(&bad, &host, 0, &publisher), AVPN_ERROR_ARGUMENT);
    bad = good;
    bad.signer_number = AVPN_AUTHORITY_KEYS;
    ck_assert_int_eq(avpn_publisher_new(&bad, &host, 0, &publisher), AVPN_ERROR_ARGUMENT);
    bad = good;
    bad.contact.port = 0;
    ck_assert_int_eq(avpn_publisher_new(&bad, &host, 0, &publisher), AVPN_ERROR_ARGUMENT);
    bad = good;
    memset(&bad.registry, 0, sizeof bad.registry); /* a low-order point [KDF-2] */
    ck_assert_int_eq(avpn_publisher_new(&bad, &host, 0, &publisher), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_publisher_new(&good, NULL, 0, &publisher), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_publisher_offer(desk.publisher, desk.bundle, 0, desk.now),
                     AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_publisher_offer(desk.publisher, desk.bundle, 20, desk.now),
                     AVPN_ERROR_FORMAT);
    tear_down();
}
END_TEST

START_TEST(without_memory_or_chance_there_is_no_publisher_and_no_leak)
{
    int32_t error = AVPN_ERROR_MEMORY;

    set_up(0);
    tear_down();
    for (uint32_t n = 1; error != AVPN_OK; n++) {
        ck_assert_uint_lt(n, 20);
        desk.allocations_left = n;
        error = open_publisher(0);
        ck_assert(error == AVPN_OK || error == AVPN_ERROR_MEMORY);
    }
    tear_down();
    desk.allocations_left = 0;
    desk.is_random_failing = 1;
    ck_assert_int_eq(open_publisher(0), AVPN_ERROR_RANDOM);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_session_is_signed_by_the_key_it_names),
    HARNESS_CASE(without_a_key_it_is_not_signed_and_hears_no_claims),
    HARNESS_CASE(a_bundle_goes_as_it_is_wanted),
    HARNESS_LOOP(a_refusal_ends_the_matter_with_its_reason, 8),
    HARNESS_CASE(an_offer_is_repeated_with_longer_pauses_and_then_in_a_new_session),
    HARNESS_CASE(silence_is_given_up_after_ten_seconds),
    HARNESS_CASE(a_challenge_is_answered_with_its_token),
    HARNESS_CASE(claims_are_listed_page_by_page_before_a_bundle_is_sent),
    HARNESS_CASE(a_list_without_end_is_not_believed),
    HARNESS_CASE(what_does_not_fit_changes_nothing),
    HARNESS_CASE(a_want_that_is_replayed_or_forged_is_dropped),
    HARNESS_CASE(options_that_make_no_sense_are_refused),
    HARNESS_CASE(without_memory_or_chance_there_is_no_publisher_and_no_leak),
};
HARNESS_MAIN("authority/publisher", cases)
