/* SPDX-License-Identifier: ISC */
/*
 * Everything a node can receive, maltreated at the very moment at which the genuine datagram would be
 * accepted: truncated, with each bit flipped, extended, reflected, replayed. Nothing may be sent or
 * delivered, nothing on the node's heap may change, and exactly one named counter moves.
 */
#include "crypto/box.h"
#include "crypto/cookie.h"
#include "harness.h"
#include "link/path.h"
#include "link/probe.h"
#include "link/session.h"
#include "node/pair.h"
#include <string.h>

enum wanted {
    INITIATION,
    RESPONSE,
    COOKIE,
    REGISTRY_RESPONSE,
    REGISTRY_COOKIE,
    ACK,
    CHALLENGE,
    PAGE,
    CHANGE,
    PART,
    CLAIM_ANSWER,
    PROBE_REQUEST,
    PROBE_RESPONSE,
    SIZE_REQUEST,
    SIZE_RESPONSE,
    CONFIRMATION,
    ESP_AES,
    ESP_CHACHA,
    WANTED
};

static const char *const names[WANTED] = {
    "initiation", "response", "cookie",        "registry response", "registry cookie",
    "ack",        "challenge", "page",         "change",            "part",
    "claim answer", "probe request", "probe response", "size request", "size response",
    "confirmation", "ESP, AES-256-GCM", "ESP, ChaCha20-Poly1305"};

static const struct pair_site two[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}},
};

static struct pair pair;
static struct pair_datagram caught;
static uint32_t victim;
static enum wanted wanted;
static avpn_time not_before;

static bool is_for(const struct pair_datagram *d, uint32_t number)
{
    return memcmp(&d->remote, &pair.hosts[number].contacts[0], sizeof d->remote) == 0;
}

static bool is_probe(const struct pair_datagram *d, uint8_t kind)
{
    struct avpni_peer *peer = pair_peer(&pair, victim, 1 - victim);
    struct avpni_probe probe;

    if (avpni_message_kind(d->data, d->bytes) != AVPNI_KIND_PROBE || d->from == victim)
        return false;
    return avpni_probe_open(peer, d->data, d->bytes, &probe) && probe.kind == kind;
}

/* The registry's bodies are told apart by opening them with the victim's session key. */
static bool is_body(const struct pair_datagram *d, uint8_t kind)
{
    const struct avpni_registration *r = pair.hosts[victim].node->registrations[0][0];
    uint8_t nonce[12], body[AVPNI_SESSION_BODY_LIMIT];
    struct avpni_session_head head;

    if (avpni_message_kind(d->data, d->bytes) != AVPNI_KIND_SESSION || d->from != 2)
        return false;
    avpni_session_head_read(d->data, &head);
    avpni_session_nonce(nonce, AVPNI_TO_NODE, head.counter);
    return avpni_aead_open(body, d->data + AVPNI_SESSION_BODY, d->bytes - AVPNI_SESSION_BODY,
                           d->data, AVPNI_SESSION_BODY, nonce, r->session.key) &&
           body[0] == kind;
}

static bool is_wanted(const struct pair_datagram *d)
{
    enum avpni_kind kind = avpni_message_kind(d->data, d->bytes);

    if (!is_for(d, victim) || pair.now < not_before)
        return false;
    switch (wanted) {
    case INITIATION:
        return kind == AVPNI_KIND_INITIATION;
    case RESPONSE:
        return kind == AVPNI_KIND_RESPONSE && d->bytes == AVPNI_RESPONSE_NODE_BYTES;
    case COOKIE:
        return kind == AVPNI_KIND_COOKIE && d->from < 2;
    case REGISTRY_RESPONSE:
        return kind == AVPNI_KIND_RESPONSE && d->bytes == AVPNI_RESPONSE_REGISTRY_BYTES;
    case REGISTRY_COOKIE:
        return kind == AVPNI_KIND_COOKIE && d->from == 2;
    case ACK:
        return is_body(d, AVPNI_BODY_ACK);
    case CHALLENGE:
        return is_body(d, AVPNI_BODY_CHALLENGE);
    case PAGE:
        return is_body(d, AVPNI_BODY_PAGE);
    case CHANGE:
        return is_body(d, AVPNI_BODY_CHANGE);
    case PART:
        return is_body(d, AVPNI_BODY_PART);
    case CLAIM_ANSWER:
        return kind == AVPNI_KIND_RESPONSE && d->bytes == AVPNI_RESPONSE_REGISTRY_BYTES &&
               pair.hosts[victim].node->registrations[0][0]->is_claim;
    case PROBE_REQUEST:
        return is_probe(d, AVPNI_PROBE_REQUEST);
    case PROBE_RESPONSE:
        return is_probe(d, AVPNI_PROBE_RESPONSE);
    case SIZE_REQUEST:
        return is_probe(d, AVPNI_PROBE_SIZE_REQUEST);
    case SIZE_RESPONSE:
        return is_probe(d, AVPNI_PROBE_SIZE_RESPONSE);
    case CONFIRMATION:
        return kind == AVPNI_KIND_CONFIRMATION;
    case ESP_AES:
    case ESP_CHACHA:
        return kind == AVPNI_KIND_ESP && d->bytes > avpn_sealed_bytes(0);
    case WANTED:
        break;
    }
    return false;
}

static bool catch_one(struct pair *world, struct pair_datagram *d)
{
    if (world->is_stopped || !is_wanted(d))
        return true;
    caught = *d;
    world->is_stopped = true;
    return false;
}

static void run_until_caught(avpn_span span)
{
    pair.filter = catch_one;
    pair_run(&pair, span);
    ck_assert_msg(pair.is_stopped, "%s was never sent", names[wanted]);
    pair.filter = NULL;
}

/* The victim has a token in the place of a configuration; its key is a member's already [JOIN-3]. */
static void give_token(void)
{
    static struct avpn_token token;

    pair_publish(&pair); /* to know the organization */
    token = (struct avpn_token){.size = sizeof token, .member = victim + 1, .version = 1,
                                .organization = pair.organization, .secret = {1},
                                .registry_count = 1};
    token.registries[0] = (struct avpn_token_registry){
        .port = 9350, .key = pair.hosts[2].key.public_key,
        .host = "198.51.100.3"};
    pair.hosts[victim].token = &token;
    pair.hosts[victim].is_bare = true;
}

/* Its registry has something new for the victim. */
static void push_update(void)
{
    pair.sites[1 - victim].exports[1] = "10.9.0.0/16";
    pair_publish(&pair);
    pair.filter = catch_one;
    ck_assert_int_eq(avpn_registry_set_organization(pair.hosts[2].registry, &pair.organization,
                                                    pair.bundle, pair.bundle_bytes, pair.now),
                     AVPN_OK);
}

/* Not every machine has the instructions for AES, and without them no node takes the suite. */
static bool is_possible(enum wanted what)
{
    if (what == ESP_AES && !avpn_suite_is_available(AVPN_SUITE_AES_256_GCM)) {
        harness_skipped(1, "no hardware AES for AES-256-GCM");
        return false;
    }
    return true;
}

/* Bring a net to the moment at which `victim` would accept the wanted message. */
static void arrange(enum wanted what, uint64_t seed)
{
    wanted = what;
    not_before = 0;
    pair_begin(&pair, two, 2, 1, seed);
    if (what == ESP_AES || what == ESP_CHACHA) {
        pair.suite_count = 1;
        pair.suites[0] = what == ESP_AES ? AVPN_SUITE_AES_256_GCM : AVPN_SUITE_CHACHA20_POLY1305;
    }
    if (what == REGISTRY_COOKIE)
        pair.registry_handshakes_per_second = 1;
    victim = pair_initiator(&pair, 0, 1);
    if (what == INITIATION || what == CONFIRMATION)
        victim = 1 - victim;
    if (what == REGISTRY_COOKIE)
        victim = 0; /* the one that came second */
    if (what == CLAIM_ANSWER)
        give_token();
    pair_start(&pair);
    if (what == COOKIE)
        pair.hosts[1 - victim].node->guard.spent_until = pair.now + 3600 * AVPN_SECOND;
    if (what == PROBE_REQUEST || what == PROBE_RESPONSE || what == ACK)
        not_before = pair.now + 7 * AVPN_SECOND;
    if (what >= ESP_AES || what == CHALLENGE || what == CHANGE || what == PART)
        pair_run(&pair, 6 * AVPN_SECOND);
    if (what >= ESP_AES) {
        pair.filter = catch_one;
        pair_send(&pair, 1 - victim, victim == 0 ? "10.2.0.1" : "10.1.0.1",
                  victim == 0 ? "10.1.0.1" : "10.2.0.1", 1, 60, 60);
        pair.filter = NULL;
        ck_assert(pair.is_stopped);
        return;
    }
    if (what == CHALLENGE)
        pair.hosts[victim].contacts[0] = pair_contact("203.0.113.99:50000");
    if (what == CHANGE)
        pair.hosts[1 - victim].contacts[0] = pair_contact("203.0.113.99:50000");
    if (what == PART)
        push_update();
    if (!pair.is_stopped)
        run_until_caught(30 * AVPN_SECOND);
    pair.filter = NULL;
}

struct before {
    uint64_t counters[AVPN_COUNTERS];
    uint64_t transmitted, delivered;
};

static struct before look(uint32_t number)
{
    struct before before = {.transmitted = pair.hosts[number].transmitted,
                            .delivered = pair.hosts[number].delivered};

    avpn_node_counters(pair.hosts[number].node, before.counters, AVPN_COUNTERS);
    return before;
}

/* One datagram that must have no effect but one drop counter, and `sent` datagrams. */
static void expect_nothing(uint32_t number, const struct avpn_contact *source, const uint8_t *bytes,
                           size_t count, uint64_t sent, bool may_guard, const char *what,
                           size_t place)
{
    struct before before = look(number), after;
    uint64_t drops = 0;

    pair_receive(&pair, number, 0, source, bytes, count);
    after = look(number);
    ck_assert_msg(after.transmitted - before.transmitted == sent, "%s, %s %zu: sent %d",
                  names[wanted], what, place, (int)(after.transmitted - before.transmitted));
    ck_assert_msg(after.delivered == before.delivered, "%s, %s %zu: delivered", names[wanted], what,
                  place);
    ck_assert_uint_eq(after.counters[AVPN_COUNT_RECEIVED] - before.counters[AVPN_COUNT_RECEIVED],
                      1);
    for (uint32_t i = AVPN_COUNT_SENT; i < AVPN_COUNTERS; i++)
        drops += after.counters[i] - before.counters[i];
    ck_assert_msg(drops == 1, "%s, %s %zu: %d counters", names[wanted], what, place, (int)drops);
    ck_assert_msg(pair_is_unchanged(&pair, number, may_guard), "%s, %s %zu: the heap changed",
                  names[wanted], what, place);
}

START_TEST(a_spoilt_datagram_has_no_effect_but_its_counter)
{
    uint8_t bytes[PAIR_DATAGRAM];
    size_t count;

    if (!is_possible((enum wanted)_i))
        return;
    arrange((enum wanted)_i, 31);
    count = caught.bytes;
    pair_remember(&pair, victim);
    for (size_t i = 0; i < count; i++)
        expect_nothing(victim, &caught.source, caught.data, i, 0, false, "cut at", i);
    for (size_t bit = 0; bit < count * 8; bit++) {
        bool is_mac2 = wanted == INITIATION && bit >= AVPNI_MAC2_OFFSET(count) * 8;

        memcpy(bytes, caught.data, count);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        expect_nothing(victim, &caught.source, bytes, count, is_mac2, false, "bit", bit);
        if (is_mac2) { /* [MAC-3], [HS-5] */
            ck_assert_uint_eq(pair.hosts[victim].last_run.bytes, AVPNI_COOKIE_MESSAGE_BYTES);
            pair.wire_last--;
        }
    }
    memcpy(bytes, caught.data, count);
    for (size_t more = 1; more <= 16; more++) {
        memset(bytes + count, (int)more, more);
        expect_nothing(victim, &caught.source, bytes, count + more, 0, false, "extended by", more);
    }
    /* After all that the genuine one is still welcome. */
    struct before before = look(victim), after;

    pair_receive(&pair, victim, 0, &caught.source, caught.data, count);
    after = look(victim);
    for (uint32_t i = AVPN_DROP_MALFORMED; i < AVPN_COUNTERS; i++)
        ck_assert_msg(after.counters[i] == before.counters[i], "%s: %s", names[_i],
                      avpn_counter_name(i));
    pair_end(&pair);
}
END_TEST

START_TEST(a_replayed_datagram_has_no_effect_but_its_counter)
{
    if (!is_possible((enum wanted)_i))
        return;
    arrange((enum wanted)_i, 32);
    pair_receive(&pair, victim, 0, &caught.source, caught.data, caught.bytes);
    pair_remember(&pair, victim);
    for (size_t i = 0; i < 20; i++) {
        pair.now += 37; /* nothing may hang on fractions of a microsecond */
        if (wanted == PROBE_REQUEST || wanted == SIZE_REQUEST) { /* answered, one for one [PRB-2] */
            struct before before = look(victim);

            pair_receive(&pair, victim, 0, &caught.source, caught.data, caught.bytes);
            ck_assert_uint_eq(look(victim).transmitted - before.transmitted, 1);
            ck_assert_uint_eq(pair.hosts[victim].last_run.bytes, AVPNI_PROBE_BYTES); /* [MTU-2] */
            ck_assert(pair_is_unchanged(&pair, victim, false));
        } else {
            expect_nothing(victim, &caught.source, caught.data, caught.bytes, 0,
                           wanted == INITIATION, "replay", i);
        }
    }
    pair_end(&pair);
}
END_TEST

START_TEST(a_reflected_datagram_has_no_effect_but_its_counter)
{
    if (!is_possible((enum wanted)_i))
        return;
    arrange((enum wanted)_i, 33);
    if (caught.from < 2) { /* those of registries: tests/unit/registry */
        pair_remember(&pair, caught.from);
        expect_nothing(caught.from, &caught.remote, caught.data, caught.bytes, 0, false,
                       "reflection", 0); /* [DMX-5] */
    }
    pair_end(&pair);
}
END_TEST

START_TEST(from_another_contact_a_handshake_message_has_no_effect)
{
    struct avpn_contact elsewhere = pair_contact("192.0.2.1:1234");

    arrange((enum wanted)_i, 34);
    pair_remember(&pair, victim);
    expect_nothing(victim, &elsewhere, caught.data, caught.bytes, 0, wanted == INITIATION,
                   "elsewhere", 0); /* [HS-4] [HS-9] */
    pair_end(&pair);
}
END_TEST

START_TEST(a_probe_response_from_another_contact_does_not_count)
{
    struct avpn_contact elsewhere = pair_contact("192.0.2.1:1234");

    arrange(_i == 0 ? PROBE_RESPONSE : SIZE_RESPONSE, 35); /* [PRB-3], [MTU-3] */
    pair_remember(&pair, victim);
    expect_nothing(victim, &elsewhere, caught.data, caught.bytes, 0, false, "elsewhere", 0);
    pair.now += 3 * AVPN_SECOND + AVPN_MILLISECOND; /* nor one that is late [PRB-3] */
    expect_nothing(victim, &caught.source, caught.data, caught.bytes, 0, false, "late", 0);
    pair_end(&pair);
}
END_TEST

/* mac1 is no secret: who changes an index on its way can write a new one. The prologue tells [HS-3]. */
START_TEST(an_initiation_with_another_index_is_dropped)
{
    arrange(INITIATION, 36);
    pair_remember(&pair, victim);
    caught.data[9] ^= 0x40;
    avpni_mac1(caught.data + AVPNI_MAC1_OFFSET(caught.bytes), caught.data,
               AVPNI_MAC1_OFFSET(caught.bytes), &pair.hosts[victim].key.public_key);
    expect_nothing(victim, &caught.source, caught.data, caught.bytes, 0, true, "index", 0);
    pair_end(&pair);
}
END_TEST

/* The session's keys prove it, not its way: roaming between response and confirmation loses nothing. */
START_TEST(a_confirmation_counts_from_wherever_it_comes)
{
    struct avpn_contact elsewhere = pair_contact("192.0.2.1:1234");

    arrange(CONFIRMATION, 38);
    ck_assert(!pair_is_up(&pair, victim, 1 - victim));
    pair_receive(&pair, victim, 0, &elsewhere, caught.data, caught.bytes); /* [HS-11] */
    ck_assert(pair_is_up(&pair, victim, 1 - victim));
    pair_end(&pair);
}
END_TEST

START_TEST(a_stranger_gets_nothing_at_all)
{
    struct avpn_contact elsewhere = pair_contact("192.0.2.1:1234");
    uint8_t bytes[300];
    uint64_t state = 5;

    wanted = PROBE_REQUEST;
    pair_begin(&pair, two, 2, 1, 37);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair_remember(&pair, 0);
    for (size_t round = 0; round < 20000; round++) {
        size_t count = (size_t)(harness_random(&state) % sizeof bytes);

        for (size_t i = 0; i < count; i++)
            bytes[i] = (uint8_t)harness_random(&state);
        if (round % 2 == 0 && count >= 8) { /* a right head */
            static const size_t sizes[] = {164, 76, 68, 0, 128, 28, 256, 160};
            size_t kind = round / 2 % 8;

            memset(bytes, 0, 8);
            bytes[4] = 1;
            bytes[5] = kind < 6 ? (uint8_t)(kind + 1) : (uint8_t)(kind - 5);
            count = sizes[kind] != 0 ? sizes[kind] : count;
        }
        struct before before = look(0);

        pair_receive(&pair, 0, 0, &elsewhere, bytes, count);
        ck_assert_uint_eq(look(0).transmitted, before.transmitted);
        ck_assert_uint_eq(look(0).delivered, before.delivered);
    }
    ck_assert(pair_is_unchanged(&pair, 0, false));
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_spoilt_datagram_has_no_effect_but_its_counter, WANTED),
    HARNESS_LOOP(a_replayed_datagram_has_no_effect_but_its_counter, WANTED),
    HARNESS_LOOP(a_reflected_datagram_has_no_effect_but_its_counter, WANTED),
    HARNESS_LOOP(from_another_contact_a_handshake_message_has_no_effect, COOKIE + 1),
    HARNESS_LOOP(a_probe_response_from_another_contact_does_not_count, 2),
    HARNESS_CASE(an_initiation_with_another_index_is_dropped),
    HARNESS_CASE(a_confirmation_counts_from_wherever_it_comes),
    HARNESS_CASE(a_stranger_gets_nothing_at_all),
};
HARNESS_MAIN("node/hostile", cases)
