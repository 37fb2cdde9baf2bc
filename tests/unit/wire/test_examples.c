/* SPDX-License-Identifier: ISC */
/*
 * The worked examples of doc/protocol.md, section 11: every message once, from fixed keys. Each is
 * built here, opened again by its receiver, and compared with the page.
 *
 *     test_examples --print      writes the text of section 11 from its title on
 *
 * On the page an example is a fenced block whose label is the example's name. Lines that begin in
 * the first column name an item; indented lines are its bytes in hex.
 */
#include "base/memory.h"
#include "crypto/box.h"
#include "crypto/cookie.h"
#include "crypto/hash.h"
#include "harness.h"
#include "topo/document.h"
#include "wire/message.h"
#include <autovpn/authority.h>
#include <autovpn/batch.h>
#include <autovpn/join.h>
#include <autovpn/publisher.h>
#include <autovpn/sa.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS 12
#define ITEM_BYTES 2048
#define LINE_BYTES 32

/* Works with and without a running Check case (--print has none). */
#define MUST(condition_) must((condition_), #condition_, __LINE__)

static bool is_printing;

static void must(bool is_true, const char *text, int line)
{
    if (is_true) {
        return;
    }
    if (is_printing) {
        fprintf(stderr, "test_examples.c:%d: %s\n", line, text);
        exit(EXIT_FAILURE);
    }
    ck_abort_msg("line %d: %s", line, text);
}

/* ---- examples ------------------------- */

struct item {
    const char *label;
    size_t count;
    uint8_t bytes[ITEM_BYTES];
};

struct example {
    size_t count;
    struct item items[ITEMS];
};

static void add(struct example *e, const char *label, const void *bytes, size_t count)
{
    MUST(e->count < ITEMS && count <= ITEM_BYTES);
    struct item *item = &e->items[e->count++];

    item->label = label;
    item->count = count;
    memcpy(item->bytes, bytes, count);
}

static void fill(uint8_t *bytes, size_t count, uint8_t first)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(first + i);
    }
}

static struct avpn_key key_from(uint8_t first)
{
    struct avpn_key key;

    fill(key.bytes, sizeof key.bytes, first);
    return key;
}

/* What all examples share, and what one leaves for a later one. */
static struct {
    struct avpn_key_pair a, b, registry;
    struct avpn_key organization, psk, session_key;
    uint8_t token[16];
    uint8_t node_prologue[50];
    uint8_t initiation[AVPNI_INITIATION_REGISTRY_BYTES];
    struct avpn_noise with_registry[2], with_node[2]; /* initiator's, responder's */
    struct avpn_key a_to_b, b_to_a;                   /* transport keys */
} world;

#define REGISTRY_PROLOGUE ((const uint8_t *)"autovpn 1 registry")
#define REGISTRY_PROLOGUE_BYTES 18
#define INDEX_REGISTRY 0x0A0B0C0Du
#define INDEX_A 0x00A1B2C0u
#define INDEX_B 0x00D4E5F0u
#define TICKET UINT64_C(0x7469636b65742042)
#define SITE_CHECK_A 0x5A5B5C5Du /* as if their sites had these hashes [PRB-14] */
#define SITE_CHECK_B 0x6A6B6C6Du
#define SIZE_ASKED 160
#define CONFIG_VERSION 42
#define SLOT 3
#define GENERATION UINT64_C(0x0000000100000009)

static const struct avpn_contact public_a = {AVPN_FAMILY_IPV4, 0, 40001, {203, 0, 113, 7}};
static const struct avpn_contact local_a = {AVPN_FAMILY_IPV4, 0, 40001, {192, 168, 1, 2}};
static const struct avpn_contact public_b = {
    AVPN_FAMILY_IPV6, 0, 41000, {0x20, 0x01, 0x0d, 0xb8, [15] = 9}};

static void pair_from(uint8_t first, struct avpn_key_pair *pair_out)
{
    struct avpn_key secret = key_from(first);

    MUST(avpn_key_pair_from_secret(&secret, pair_out) == AVPN_OK);
}

static void make_world(void)
{
    memset(&world, 0, sizeof world);
    pair_from(0x40, &world.a);
    pair_from(0x10, &world.b);
    pair_from(0x70, &world.registry);
    /* [HS-8]: node a is the one that initiates. */
    MUST(memcmp(&world.a.public_key, &world.b.public_key, AVPN_KEY_BYTES) < 0);
    world.organization = key_from(0xA0);
    world.psk = key_from(0xC0);
    world.session_key = key_from(0xE0);
    fill(world.token, sizeof world.token, 0x21);
    memcpy(world.node_prologue, "autovpn 1 node", 14); /* [HS-1] */
    memcpy(world.node_prologue + 14, world.organization.bytes, AVPN_KEY_BYTES);
    struct avpni_writer w = avpni_writer(world.node_prologue + 46, 4);

    avpni_write_u32(&w, INDEX_A);
}

static void build_keys(struct example *e)
{
    add(e, "secret key of node a", &world.a.secret_key, AVPN_KEY_BYTES);
    add(e, "public key of node a", &world.a.public_key, AVPN_KEY_BYTES);
    add(e, "secret key of node b", &world.b.secret_key, AVPN_KEY_BYTES);
    add(e, "public key of node b", &world.b.public_key, AVPN_KEY_BYTES);
    add(e, "secret key of the registry", &world.registry.secret_key, AVPN_KEY_BYTES);
    add(e, "public key of the registry", &world.registry.public_key, AVPN_KEY_BYTES);
    add(e, "organization", &world.organization, AVPN_KEY_BYTES);
    add(e, "pre-shared key", &world.psk, AVPN_KEY_BYTES);
}

/* ---- handshake with a registry ------------------------- */

static void build_initiation_registry(struct example *e)
{
    struct avpni_register_request request = {
        .uplink = 0, .nat = 1, .config_version = CONFIG_VERSION};
    struct avpn_key ephemeral = key_from(0x31), initiator;
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES], opened[AVPNI_REGISTER_REQUEST_BYTES];
    uint8_t *bytes = world.initiation;
    size_t size = AVPNI_INITIATION_REGISTRY_BYTES;

    request.organization = world.organization;
    request.local = local_a;
    avpni_register_request_write(payload, &request);
    memset(bytes, 0, size);
    avpni_initiation_write_head(bytes, INDEX_REGISTRY);
    MUST(avpn_noise_init_initiator(&world.with_registry[0], &world.a, &world.registry.public_key,
                                   REGISTRY_PROLOGUE, REGISTRY_PROLOGUE_BYTES) == AVPN_OK);
    MUST(avpn_noise_write_1(&world.with_registry[0], &ephemeral, payload, sizeof payload,
                            bytes + AVPNI_INITIATION_NOISE) == AVPN_OK);
    avpni_mac1(bytes + AVPNI_MAC1_OFFSET(size), bytes, AVPNI_MAC1_OFFSET(size),
               &world.registry.public_key); /* [MAC-1] */

    MUST(avpni_message_kind(bytes, size) == AVPNI_KIND_INITIATION);
    MUST(avpn_noise_init_responder(&world.with_registry[1], &world.registry, REGISTRY_PROLOGUE,
                                   REGISTRY_PROLOGUE_BYTES) == AVPN_OK);
    MUST(avpn_noise_read_1(&world.with_registry[1], bytes + AVPNI_INITIATION_NOISE,
                           sizeof payload + AVPN_NOISE_1_OVERHEAD, &initiator, opened) == AVPN_OK);
    MUST(memcmp(opened, payload, sizeof payload) == 0);
    MUST(memcmp(&initiator, &world.a.public_key, sizeof initiator) == 0);
    add(e, "ephemeral secret key", &ephemeral, AVPN_KEY_BYTES);
    add(e, "payload", payload, sizeof payload);
    add(e, "datagram", bytes, size);
}

static void build_cookie(struct example *e)
{
    struct avpni_cookie_jar jar = {0};
    struct avpni_cookie_message message = {.receiver = INDEX_REGISTRY};
    const uint8_t *mac1 = world.initiation + AVPNI_MAC1_OFFSET(sizeof world.initiation);
    const struct avpn_key *registry = &world.registry.public_key;
    uint8_t cookie[16], opened[16], mac2[16], bytes[AVPNI_COOKIE_MESSAGE_BYTES];

    fill(jar.secret[0], 32, 0x51);
    avpni_cookie_jar_bake(&jar, &public_a, cookie); /* [MAC-5] */
    fill(message.nonce, sizeof message.nonce, 0x81);
    avpni_cookie_seal(message.sealed, cookie, message.nonce, mac1, registry);
    avpni_cookie_write(bytes, &message);
    avpni_mac2(mac2, world.initiation, AVPNI_MAC2_OFFSET(sizeof world.initiation), cookie);

    MUST(avpni_message_kind(bytes, sizeof bytes) == AVPNI_KIND_COOKIE);
    MUST(avpni_cookie_open(opened, message.sealed, message.nonce, mac1, registry));
    MUST(memcmp(opened, cookie, sizeof cookie) == 0);
    MUST(avpni_cookie_jar_verify(&jar, &public_a, world.initiation,
                                 AVPNI_MAC2_OFFSET(sizeof world.initiation), mac2));
    add(e, "secret", jar.secret[0], 32);
    add(e, "source: family, address, port", "\x04\xcb\x00\x71\x07\x9c\x41", 7);
    add(e, "cookie", cookie, sizeof cookie);
    add(e, "nonce", message.nonce, sizeof message.nonce);
    add(e, "datagram", bytes, sizeof bytes);
    add(e, "mac2 of the initiation above, were it sent with this cookie", mac2, sizeof mac2);
}

static void build_response_registry(struct example *e)
{
    static const struct avpn_key no_psk; /* [HS-2] */
    struct avpni_register_response response = {.slot = SLOT,
                                               .generation = GENERATION,
                                               .observed = public_a,
                                               .config_version = CONFIG_VERSION,
                                               .contacts_version = 1,
                                               .keepalive_seconds = 10};
    struct avpn_key ephemeral = key_from(0x91);
    uint8_t payload[AVPNI_REGISTER_RESPONSE_BYTES], opened[AVPNI_REGISTER_RESPONSE_BYTES];
    uint8_t bytes[AVPNI_RESPONSE_REGISTRY_BYTES];

    memcpy(response.key, world.session_key.bytes, sizeof response.key);
    memcpy(response.token, world.token, sizeof response.token);
    avpni_register_response_write(payload, &response);
    avpni_response_write_head(bytes, 0, INDEX_REGISTRY); /* [HS-3]: a registry sends 0 */
    MUST(avpn_noise_write_2(&world.with_registry[1], &ephemeral, &no_psk, payload, sizeof payload,
                            bytes + AVPNI_RESPONSE_NOISE) == AVPN_OK);

    MUST(avpni_message_kind(bytes, sizeof bytes) == AVPNI_KIND_RESPONSE);
    MUST(avpn_noise_read_2(&world.with_registry[0], &no_psk, bytes + AVPNI_RESPONSE_NOISE,
                           sizeof bytes - AVPNI_RESPONSE_NOISE, opened) == AVPN_OK);
    MUST(memcmp(opened, payload, sizeof payload) == 0);
    add(e, "ephemeral secret key", &ephemeral, AVPN_KEY_BYTES);
    add(e, "payload", payload, sizeof payload);
    add(e, "datagram", bytes, sizeof bytes);
}

/* ---- registry session ------------------------- */

/* Seals a body under the session key and adds body, nonce and datagram. [REG-1] */
static void add_session(struct example *e, enum avpni_direction direction, uint64_t counter,
                        const uint8_t *body, size_t count)
{
    struct avpni_session_head head = {SLOT, GENERATION, counter};
    uint8_t bytes[AVPNI_SESSION_OVERHEAD + AVPNI_SESSION_BODY_LIMIT];
    uint8_t opened[AVPNI_SESSION_BODY_LIMIT], nonce[12];
    size_t size = AVPNI_SESSION_OVERHEAD + count;

    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, direction, counter);
    avpni_aead_seal(bytes + AVPNI_SESSION_BODY, body, count, bytes, AVPNI_SESSION_BODY, nonce,
                    world.session_key.bytes);

    MUST(avpni_message_kind(bytes, size) == AVPNI_KIND_SESSION);
    MUST(avpni_aead_open(opened, bytes + AVPNI_SESSION_BODY, size - AVPNI_SESSION_BODY, bytes,
                         AVPNI_SESSION_BODY, nonce, world.session_key.bytes));
    MUST(memcmp(opened, body, count) == 0);
    MUST(avpni_body_kind(opened, count) != AVPNI_BODY_BAD);
    add(e, "nonce", nonce, sizeof nonce);
    add(e, "body", body, count);
    add(e, "datagram", bytes, size);
}

static void build_keepalive(struct example *e)
{
    struct avpni_alive alive = {
        .nat = 1, .config_version = CONFIG_VERSION, .contacts_version = 0, .local = local_a};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    memcpy(alive.token, world.token, sizeof alive.token);
    avpni_alive_write(body, &alive);
    add_session(e, AVPNI_TO_REGISTRY, 1, body, sizeof body);
}

static void build_fetch(struct example *e)
{
    struct avpni_fetch fetch = {.first = 0};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    memcpy(fetch.token, world.token, sizeof fetch.token);
    avpni_fetch_write(body, &fetch);
    add_session(e, AVPNI_TO_REGISTRY, 2, body, sizeof body);
}

static void build_ack(struct example *e)
{
    struct avpni_ack ack = {public_a, CONFIG_VERSION, 1};
    uint8_t body[AVPNI_ACK_BODY_BYTES];

    avpni_ack_write(body, &ack);
    add_session(e, AVPNI_TO_NODE, 1, body, sizeof body);
}

static void build_challenge(struct example *e)
{
    struct avpni_challenge challenge = {.observed = public_a};
    uint8_t body[AVPNI_CHALLENGE_BODY_BYTES];

    memcpy(challenge.token, world.token, sizeof challenge.token);
    avpni_challenge_write(body, &challenge);
    add_session(e, AVPNI_TO_NODE, 2, body, sizeof body);
}

static const struct avpni_entry entry_b = {
    2,
    0,
    AVPNI_ENTRY_CONNECTED,
    2,
    {AVPN_FAMILY_IPV4, 0, 41000, {198, 51, 100, 9}},
    {AVPN_FAMILY_IPV6, 0, 41000, {0x20, 0x01, 0x0d, 0xb8, [15] = 9}}};

static void build_page(struct example *e)
{
    struct avpni_page_head head = {AVPNI_PAGE_LAST, 2, 1, 0, 2};
    struct avpni_entry unknown = {.member = 3};
    uint8_t body[AVPNI_PAGE_BODY_LIMIT];
    struct avpni_writer w =
        avpni_writer(body + AVPNI_PAGE_HEAD_BYTES, sizeof body - AVPNI_PAGE_HEAD_BYTES);

    avpni_page_head_write(body, &head);
    avpni_entry_write(&w, &entry_b);
    avpni_entry_write(&w, &unknown);
    add_session(e, AVPNI_TO_NODE, 3, body, AVPNI_PAGE_HEAD_BYTES + w.position);
}

static void build_change(struct example *e)
{
    struct avpni_page_head head = {.count = 1, .contacts_version = 2};
    struct avpni_entry gone = entry_b;
    uint8_t body[AVPNI_SESSION_BODY_LIMIT];
    struct avpni_writer w =
        avpni_writer(body + AVPNI_CHANGE_HEAD_BYTES, sizeof body - AVPNI_CHANGE_HEAD_BYTES);

    gone.flags = 0;
    avpni_change_head_write(body, &head);
    avpni_entry_write(&w, &gone);
    add_session(e, AVPNI_TO_NODE, 4, body, AVPNI_CHANGE_HEAD_BYTES + w.position);
}

/* ---- delivery, joining, publishing ------------------------- */

static void build_sync(struct example *e)
{
    struct avpni_sync sync = {.base = CONFIG_VERSION, .version = CONFIG_VERSION + 1, .mask = 3};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    memcpy(sync.token, world.token, sizeof sync.token);
    avpni_sync_write(body, &sync);
    add_session(e, AVPNI_TO_REGISTRY, 3, body, sizeof body);
}

static void build_part(struct example *e)
{
    struct avpni_part part = {CONFIG_VERSION, CONFIG_VERSION + 1, AVPNI_PART_BYTES + 20, 1};
    uint8_t body[AVPNI_PART_HEAD_BYTES + 20];

    avpni_part_head_write(body, &part);
    fill(body + AVPNI_PART_HEAD_BYTES, 20, 0x51);
    add_session(e, AVPNI_TO_NODE, 5, body, sizeof body);
}

/* [JOIN-1]: claim key, what is signed, the payload, and the answer's. */
static void build_claim(struct example *e)
{
    struct avpni_claim_request request = {.organization = world.organization, .member = 9};
    struct avpni_claim_response response = {AVPNI_CLAIM_PENDING, CONFIG_VERSION};
    struct avpn_key seed, claim_key;
    uint8_t context[AVPN_KEY_BYTES + 4 + 16], text[15 + 2 * AVPN_KEY_BYTES + 4];
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES], answer[AVPNI_REGISTER_RESPONSE_BYTES];
    struct avpni_writer c = avpni_writer(context, sizeof context);
    struct avpni_writer t = avpni_writer(text, sizeof text);
    static const struct avpn_key zero;

    avpni_write_bytes(&c, world.organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u32(&c, request.member);
    avpni_write_bytes(&c, world.token, 16);
    avpni_derive(seed.bytes, sizeof seed.bytes, &zero, "claim", context, sizeof context);
    avpni_sign_keypair(seed.bytes, &claim_key);
    avpni_write_bytes(&t, (const uint8_t *)"autovpn claim 1", 15);
    avpni_write_bytes(&t, world.organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u32(&t, request.member);
    avpni_write_bytes(&t, world.a.public_key.bytes, AVPN_KEY_BYTES);
    avpni_sign(request.signature, text, sizeof text, seed.bytes);
    avpni_claim_request_write(payload, &request);
    avpni_claim_response_write(answer, &response);
    add(e, "secret of the token", world.token, 16);
    add(e, "claim key", &claim_key, AVPN_KEY_BYTES);
    add(e, "payload", payload, sizeof payload);
    add(e, "payload of the answer", answer, sizeof answer);
}

static void build_administration(struct example *e)
{
    struct avpni_admin_request request = {.organization = world.organization, .signer = 0};
    struct avpn_key seed = key_from(0x91), signing_key;
    uint8_t text[AVPNI_ADMIN_TEXT_BYTES], payload[AVPNI_REGISTER_REQUEST_BYTES];
    size_t count = avpni_admin_text(text, &world.registry.public_key, &world.b.public_key,
                                    &world.organization);

    avpni_sign_keypair(seed.bytes, &signing_key);
    avpni_sign(request.signature, text, count, seed.bytes);
    avpni_admin_request_write(payload, &request);
    add(e, "signing key", &signing_key, AVPN_KEY_BYTES);
    add(e, "payload", payload, sizeof payload);
}

static void build_publishing(struct example *e)
{
    struct avpni_offer offer = {.version = CONFIG_VERSION + 1, .size = 3000};
    struct avpni_want want = {AVPN_PUBLISH_WANTED, CONFIG_VERSION + 1, 0, 7};
    struct avpni_want end = {AVPN_PUBLISH_IN_FORCE, CONFIG_VERSION + 1, 0, 0};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES], answer[AVPNI_WANT_BODY_BYTES];

    memcpy(offer.token, world.token, sizeof offer.token);
    fill(offer.hash, sizeof offer.hash, 0x61);
    avpni_offer_write(body, &offer);
    avpni_want_write(answer, &want);
    add(e, "body of the offer", body, sizeof body);
    add(e, "body of the want", answer, sizeof answer);
    avpni_want_write(answer, &end);
    add(e, "body of the want that ends it", answer, sizeof answer);
}

static void build_claims(struct example *e)
{
    struct avpni_fetch list = {.first = 0};
    struct avpni_claims_head head = {1, 1, 0};
    struct avpni_claim_entry entry = {.member = 9, .device = world.a.public_key, .age = 60};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];
    uint8_t answer[AVPNI_CLAIMS_HEAD_BYTES + AVPNI_CLAIM_ENTRY_BYTES];
    struct avpni_writer w = avpni_writer(answer + AVPNI_CLAIMS_HEAD_BYTES, AVPNI_CLAIM_ENTRY_BYTES);

    memcpy(list.token, world.token, sizeof list.token);
    avpni_list_write(body, &list);
    fill(entry.signature, sizeof entry.signature, 0x71);
    avpni_claims_head_write(answer, &head);
    avpni_claim_entry_write(&w, &entry);
    add(e, "body of the list", body, sizeof body);
    add(e, "body of the claims", answer, sizeof answer);
}

/* ---- handshake between nodes ------------------------- */

static void build_initiation_node(struct example *e)
{
    struct avpni_node_request request = {
        TICKET, 7, {AVPN_SUITE_AES_256_GCM, AVPN_SUITE_CHACHA20_POLY1305}, CONFIG_VERSION};
    struct avpn_key ephemeral = key_from(0x52), initiator;
    uint8_t payload[AVPNI_NODE_REQUEST_BYTES], opened[AVPNI_NODE_REQUEST_BYTES];
    uint8_t bytes[AVPNI_INITIATION_NODE_BYTES] = {0};

    avpni_node_request_write(payload, &request);
    avpni_initiation_write_head(bytes, INDEX_A);
    MUST(avpn_noise_init_initiator(&world.with_node[0], &world.a, &world.b.public_key,
                                   world.node_prologue, sizeof world.node_prologue) == AVPN_OK);
    MUST(avpn_noise_write_1(&world.with_node[0], &ephemeral, payload, sizeof payload,
                            bytes + AVPNI_INITIATION_NOISE) == AVPN_OK);
    avpni_mac1(bytes + AVPNI_MAC1_OFFSET(sizeof bytes), bytes, AVPNI_MAC1_OFFSET(sizeof bytes),
               &world.b.public_key);

    MUST(avpni_message_kind(bytes, sizeof bytes) == AVPNI_KIND_INITIATION);
    MUST(avpn_noise_init_responder(&world.with_node[1], &world.b, world.node_prologue,
                                   sizeof world.node_prologue) == AVPN_OK);
    MUST(avpn_noise_read_1(&world.with_node[1], bytes + AVPNI_INITIATION_NOISE,
                           sizeof payload + AVPN_NOISE_1_OVERHEAD, &initiator, opened) == AVPN_OK);
    MUST(memcmp(opened, payload, sizeof payload) == 0);
    add(e, "prologue", world.node_prologue, sizeof world.node_prologue);
    add(e, "ephemeral secret key", &ephemeral, AVPN_KEY_BYTES);
    add(e, "payload", payload, sizeof payload);
    add(e, "datagram", bytes, sizeof bytes);
}

static void build_response_node(struct example *e)
{
    struct avpni_node_response response = {AVPN_SUITE_AES_256_GCM, INDEX_B};
    struct avpn_key ephemeral = key_from(0xB3), send, receive;
    uint8_t payload[AVPNI_NODE_RESPONSE_BYTES], opened[AVPNI_NODE_RESPONSE_BYTES];
    uint8_t bytes[AVPNI_RESPONSE_NODE_BYTES];

    avpni_node_response_write(payload, &response);
    avpni_response_write_head(bytes, INDEX_B, INDEX_A);
    MUST(avpn_noise_write_2(&world.with_node[1], &ephemeral, &world.psk, payload, sizeof payload,
                            bytes + AVPNI_RESPONSE_NOISE) == AVPN_OK);

    MUST(avpni_message_kind(bytes, sizeof bytes) == AVPNI_KIND_RESPONSE);
    MUST(avpn_noise_read_2(&world.with_node[0], &world.psk, bytes + AVPNI_RESPONSE_NOISE,
                           sizeof bytes - AVPNI_RESPONSE_NOISE, opened) == AVPN_OK);
    MUST(memcmp(opened, payload, sizeof payload) == 0);
    MUST(avpn_noise_split(&world.with_node[0], &world.a_to_b, &world.b_to_a) == AVPN_OK);
    MUST(avpn_noise_split(&world.with_node[1], &send, &receive) == AVPN_OK);
    MUST(memcmp(&send, &world.b_to_a, sizeof send) == 0);
    MUST(memcmp(&receive, &world.a_to_b, sizeof receive) == 0);
    add(e, "ephemeral secret key", &ephemeral, AVPN_KEY_BYTES);
    add(e, "payload", payload, sizeof payload);
    add(e, "datagram", bytes, sizeof bytes);
    add(e, "transport key from a to b", &world.a_to_b, AVPN_KEY_BYTES);
    add(e, "transport key from b to a", &world.b_to_a, AVPN_KEY_BYTES);
}

static void build_confirmation(struct example *e)
{
    struct avpni_confirmation message = {.receiver = INDEX_B};
    uint8_t index[4], bytes[AVPNI_CONFIRMATION_BYTES];
    struct avpni_writer w = avpni_writer(index, sizeof index);

    avpni_write_u32(&w, INDEX_B);
    avpni_derive(message.tag, sizeof message.tag, &world.a_to_b, "confirm", index, sizeof index);
    avpni_confirmation_write(bytes, &message);

    MUST(avpni_message_kind(bytes, sizeof bytes) == AVPNI_KIND_CONFIRMATION);
    add(e, "datagram", bytes, sizeof bytes);
}

/* ---- probes ------------------------- */

/* [KDF-3], seen from either end. */
static struct avpn_key pair_key(const struct avpn_key_pair *self, const struct avpn_key *other)
{
    struct avpn_key shared, key;
    const struct avpni_piece pieces[] = {
        {"autovpn pair", 13}, /* with the 0x00 after it */
        {&shared, AVPN_KEY_BYTES},
        {&world.organization, AVPN_KEY_BYTES},
        {&world.a.public_key, AVPN_KEY_BYTES}, /* the lower one */
        {&world.b.public_key, AVPN_KEY_BYTES},
    };

    MUST(avpni_dh(&shared, &self->secret_key, other));
    avpni_hash(key.bytes, sizeof key.bytes, NULL, 0, pieces, sizeof pieces / sizeof pieces[0]);
    return key;
}

static void build_probe_keys(struct example *e)
{
    struct avpn_key pair = pair_key(&world.a, &world.b.public_key);
    struct avpn_key other = pair_key(&world.b, &world.a.public_key);
    const struct avpn_key *senders[] = {&world.a.public_key, &world.b.public_key};
    static const char *const labels[][2] = {{"probe key of node a", "probe tag of node a"},
                                            {"probe key of node b", "probe tag of node b"}};

    MUST(memcmp(&pair, &other, sizeof pair) == 0);
    add(e, "pair key", &pair, AVPN_KEY_BYTES);
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[32], tag[8];

        avpni_derive(key, sizeof key, &pair, "probe", senders[i], AVPN_KEY_BYTES); /* [KDF-4] */
        avpni_derive(tag, sizeof tag, &pair, "tag", senders[i], AVPN_KEY_BYTES);
        add(e, labels[i][0], key, sizeof key);
        add(e, labels[i][1], tag, sizeof tag);
    }
}

/* Seals a probe under its sender's key and adds nonce, body and datagram. [PRB-1] */
static void add_probe(struct example *e, const struct avpn_key_pair *sender,
                      const struct avpn_key *receiver, uint8_t nonce_first,
                      const struct avpni_probe *probe)
{
    struct avpn_key pair = pair_key(sender, receiver);
    uint8_t key[32], tag[8], nonce[24];
    uint8_t body[AVPNI_PROBE_BODY_BYTES], opened[AVPNI_PROBE_BODY_BYTES];
    uint8_t bytes[SIZE_ASKED] = {0};
    size_t count = probe->kind == AVPNI_PROBE_SIZE_REQUEST ? SIZE_ASKED : AVPNI_PROBE_BYTES;
    struct avpni_probe read;

    avpni_derive(key, sizeof key, &pair, "probe", &sender->public_key, AVPN_KEY_BYTES);
    avpni_derive(tag, sizeof tag, &pair, "tag", &sender->public_key, AVPN_KEY_BYTES);
    fill(nonce, sizeof nonce, nonce_first);
    avpni_probe_body_write(body, probe);
    avpni_probe_head_write(bytes, tag, nonce);
    avpni_xaead_seal(bytes + AVPNI_PROBE_SEALED, body, sizeof body, bytes, AVPNI_PROBE_NONCE, nonce,
                     key);

    MUST(avpni_message_kind(bytes, count) == AVPNI_KIND_PROBE);
    MUST(avpni_xaead_open(opened, bytes + AVPNI_PROBE_SEALED, AVPNI_PROBE_BYTES - AVPNI_PROBE_SEALED,
                          bytes, AVPNI_PROBE_NONCE, nonce, key));
    MUST(memcmp(opened, body, sizeof body) == 0);
    MUST(avpni_probe_body_read(opened, &read) && avpni_probe_is_whole(&read, bytes, count));
    add(e, "nonce", nonce, sizeof nonce);
    add(e, "body", body, sizeof body);
    add(e, "datagram", bytes, count);
}

static void build_probe_request(struct example *e)
{
    struct avpni_probe probe = {.kind = AVPNI_PROBE_REQUEST,
                                .uplink = 1,
                                .remote_uplink = AVPNI_UPLINK_UNKNOWN,
                                .flags = AVPNI_PROBE_WANTS_HANDSHAKE,
                                .transaction = UINT64_C(0x1122334455667788),
                                .ticket = TICKET,
                                .sent = 1,
                                .offers = UINT64_MAX,
                                .site_check = SITE_CHECK_B};

    add_probe(e, &world.b, &world.a.public_key, 0x61, &probe);
}

static void build_probe_response(struct example *e)
{
    struct avpni_probe probe = {.kind = AVPNI_PROBE_RESPONSE,
                                .uplink = 0,
                                .remote_uplink = 1,
                                .transaction = UINT64_C(0x1122334455667788),
                                .observed = public_b,
                                .session = INDEX_A,
                                .sent = 5,
                                .received = 4,
                                .psk_epoch = 7,
                                .offers = UINT64_MAX - 2,
                                .site_check = SITE_CHECK_A};

    add_probe(e, &world.a, &world.b.public_key, 0xA1, &probe);
}

static void build_size_request(struct example *e)
{
    struct avpni_probe probe = {.kind = AVPNI_PROBE_SIZE_REQUEST,
                                .uplink = 0,
                                .remote_uplink = 1,
                                .transaction = UINT64_C(0x99aabbccddeeff00),
                                .session = INDEX_A,
                                .sent = 6,
                                .received = 5,
                                .psk_epoch = 7,
                                .offers = UINT64_MAX - 2,
                                .site_check = SITE_CHECK_A,
                                .size = SIZE_ASKED};

    add_probe(e, &world.a, &world.b.public_key, 0xC1, &probe);
}

static void build_size_response(struct example *e)
{
    struct avpni_probe probe = {.kind = AVPNI_PROBE_SIZE_RESPONSE,
                                .uplink = 1,
                                .remote_uplink = 0,
                                .transaction = UINT64_C(0x99aabbccddeeff00),
                                .observed = public_a,
                                .session = INDEX_B,
                                .ticket = TICKET,
                                .sent = 3,
                                .received = 2,
                                .psk_epoch = 7,
                                .offers = UINT64_MAX,
                                .site_check = SITE_CHECK_B,
                                .size = SIZE_ASKED};

    add_probe(e, &world.b, &world.a.public_key, 0xE1, &probe);
}

/* ---- ESP ------------------------- */

static const uint8_t packet_v4[] = {0x45, 0x00, 0x00, 0x21, 0x00, 0x01, 0x40, 0x00, 0x40,
                                    0x11, 0x26, 0xbe, 0x0a, 0x01, 0x00, 0x05, 0x0a, 0x02,
                                    0x00, 0x06, 0x13, 0x88, 0x13, 0x89, 0x00, 0x0d, 0x00,
                                    0x00, 'h',  'e',  'l',  'l',  'o'};
static const uint8_t packet_v6[] = {0x60, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3b, 0x40, 0xfd, 0x00,
                                    0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x06, 0xfd, 0x00, 0x00, 0x01, 0x00, 0x00,
                                    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x05};

struct esp_row {
    const struct avpn_key *transport;
    uint32_t receiver_index;
    uint8_t suite, from, to; /* the sender's uplink, the receiver's */
    uint64_t last;           /* number of the packet before */
    const uint8_t *packet;
    uint32_t packet_bytes; /* 0: a dummy packet */
};

static struct avpn_sa_parameters esp_parameters(const struct esp_row *row, struct example *e)
{
    struct avpn_sa_parameters p = {.size = sizeof p};
    const uint8_t context[3] = {row->suite, row->from, row->to};
    uint8_t material[36];

    avpni_derive(material, sizeof material, row->transport, "esp", context, sizeof context);
    p.spi = row->receiver_index + 4u * row->from + row->to; /* [ESP-2] */
    p.suite = row->suite;
    p.sequence = row->last;
    memcpy(p.key, material, sizeof p.key);
    memcpy(p.salt, material + 32, sizeof p.salt);
    add(e, "suite, uplink a, uplink b", context, sizeof context);
    add(e, "key", p.key, sizeof p.key);
    add(e, "salt", p.salt, sizeof p.salt);
    return p;
}

static void add_esp(struct example *e, const struct esp_row *row)
{
    uint8_t bytes[AVPN_HEADROOM + 128 + AVPN_TAILROOM] = {0};
    struct avpn_sa_parameters p;
    struct avpn_sa *sender, *receiver;
    int32_t size;

    p = esp_parameters(row, e);
    MUST(avpn_sa_new_sender(&p, NULL, &sender) == AVPN_OK);
    if (row->packet_bytes > 0) {
        memcpy(bytes + AVPN_HEADROOM, row->packet, row->packet_bytes);
        add(e, "inner packet", row->packet, row->packet_bytes);
    }
    size = avpn_sa_seal(sender, bytes + AVPN_HEADROOM, row->packet_bytes);
    MUST(size > 0);
    add(e, "datagram", bytes, (size_t)size);
    avpn_sa_del(sender);

    MUST(avpni_message_kind(bytes, (size_t)size) == AVPNI_KIND_ESP);
    MUST(avpni_esp_spi(bytes) == p.spi);
    p.sequence = 0;
    MUST(avpn_sa_new_receiver(&p, NULL, &receiver) == AVPN_OK);
    MUST(avpn_sa_open(receiver, bytes, (uint32_t)size) == (int32_t)row->packet_bytes);
    MUST(row->packet_bytes == 0 ||
         memcmp(bytes + AVPN_HEADROOM, row->packet, row->packet_bytes) == 0);
    avpn_sa_del(receiver);
}

static void build_esp_aes(struct example *e)
{
    struct esp_row row = {&world.a_to_b, INDEX_B,         AVPN_SUITE_AES_256_GCM, 0, 1, 0,
                          packet_v4,     sizeof packet_v4};

    add_esp(e, &row);
}

static void build_esp_chacha(struct example *e)
{
    struct esp_row row = {&world.b_to_a, INDEX_A,         AVPN_SUITE_CHACHA20_POLY1305, 1, 0, 0,
                          packet_v6,     sizeof packet_v6};

    add_esp(e, &row);
}

static void build_esp_dummy(struct example *e)
{
    struct esp_row row = {&world.a_to_b, INDEX_B, AVPN_SUITE_CHACHA20_POLY1305, 0, 1, 255, NULL, 0};

    add_esp(e, &row);
}

/* ---- configuration ------------------------- */

/* Nobody gets at the shells of the hub's site, and the spoke looks up names by its own connection. */
static void fill_policy(struct avpn_config *config)
{
    struct avpn_rule rule = {.size = sizeof rule,
                             .action = AVPN_RULE_DENY,
                             .protocol = 6,
                             .destination_first = 22,
                             .destination_last = 23,
                             .name = "no-shells"};
    struct avpn_breakout breakout = {.size = sizeof breakout,
                                     .member = 2,
                                     .protocol = 17,
                                     .destination_first = 53,
                                     .destination_last = 53};

    MUST(avpn_prefix_parse("10.1.0.0/16", &rule.destination) == AVPN_OK);
    MUST(avpn_config_add_rule(config, &rule) == AVPN_OK);
    MUST(avpn_config_add_breakout(config, &breakout) == AVPN_OK);
}

/* Node a is hub 1, node b its spoke 2, and there is an invite for member 9. */
static void fill_configuration(struct avpn_config *config)
{
    struct avpn_registry_entry registry = {
        .size = sizeof registry, .key = world.registry.public_key, .port = 9350};
    struct avpn_member hub = {.size = sizeof hub,
                              .id = 1,
                              .key = world.a.public_key,
                              .name = "hub",
                              .role = AVPN_ROLE_HUB,
                              .export_count = 1,
                              .uplink_count = 1,
                              .manual = {public_a}};
    struct avpn_member spoke = {.size = sizeof spoke,
                                .id = 2,
                                .key = world.b.public_key,
                                .name = "spoke",
                                .role = AVPN_ROLE_SPOKE,
                                .hub_count = 1,
                                .export_count = 2,
                                .translation_count = 1,
                                .hubs = {{1, AVPN_HUB_DEFAULT_ROUTE}}};

    memcpy(registry.host, "198.51.100.1", 13);
    MUST(avpn_prefix_parse("10.1.0.0/16", &hub.exports[0]) == AVPN_OK);
    MUST(avpn_prefix_parse("10.2.0.0/24", &spoke.exports[0]) == AVPN_OK);
    MUST(avpn_prefix_parse("2001:db8:2::/48", &spoke.exports[1]) == AVPN_OK);
    MUST(avpn_prefix_parse("192.168.1.0/25", &spoke.translations[0].local) == AVPN_OK);
    MUST(avpn_prefix_parse("10.2.0.0/25", &spoke.translations[0].exported) == AVPN_OK);
    MUST(avpn_config_set_name(config, "example") == AVPN_OK);
    fill_policy(config);
    MUST(avpn_config_add_registry(config, &registry) == AVPN_OK);
    MUST(avpn_config_add_member(config, &hub) == AVPN_OK);
    MUST(avpn_config_add_member(config, &spoke) == AVPN_OK);
}

static struct avpn_token example_token(const struct avpn_key *organization)
{
    struct avpn_token token = {.size = sizeof token,
                               .member = 9,
                               .organization = *organization,
                               .version = CONFIG_VERSION,
                               .expires = 1700259200,
                               .registry_count = 1};

    memcpy(token.secret, world.token, sizeof token.secret);
    token.registries[0] = (struct avpn_token_registry){
        .key = world.registry.public_key, .port = 9350};
    memcpy(token.registries[0].host, "198.51.100.1", 13);
    return token;
}

/* The bundle that everything below is cut from, signed with seeds 0x81, 0x82 ... and 0x91, 0x92 ... */
static size_t sign_configuration(uint8_t *bundle, size_t capacity, struct avpn_key *organization)
{
    const struct avpn_key root = key_from(0x81), signer = key_from(0x91);
    struct avpn_invite invite = {.size = sizeof invite, .member = 9, .expires = 1700259200};
    struct avpn_publication publication = {.size = sizeof publication,
                                           .psk_epoch = 1,
                                           .version = CONFIG_VERSION,
                                           .created = 1700000000,
                                           .expires = 1702592000,
                                           .psk = world.psk,
                                           .invites = &invite,
                                           .invite_count = 1};
    struct avpn_authority *authority;
    struct avpn_config *config;
    size_t bytes = 0;

    MUST(avpn_config_new(NULL, &config) == AVPN_OK);
    fill_configuration(config);
    MUST(avpn_authority_new(NULL, &authority) == AVPN_OK);
    MUST(avpn_authority_add_root(authority, &root) == AVPN_OK);
    MUST(avpn_authority_add_signer(authority, &signer) == AVPN_OK);
    MUST(avpn_authority_organization(authority, organization) == AVPN_OK);
    const struct avpn_token token = example_token(organization);

    MUST(avpn_token_claim_key(&token, &invite.key) == AVPN_OK);
    MUST(avpn_authority_sign(authority, config, &publication, bundle, capacity, &bytes) == AVPN_OK);
    avpn_authority_del(authority);
    avpn_config_del(config);
    return bytes;
}

static void build_document(struct example *e)
{
    uint8_t bundle[ITEM_BYTES], root[32];
    struct avpn_key organization;
    struct avpni_document document;
    size_t count = sign_configuration(bundle, sizeof bundle, &organization);

    MUST(avpni_document_read(bundle, count, &document));
    avpni_document_root(&document, root);
    add(e, "organization", &organization, AVPN_KEY_BYTES);
    add(e, "document", bundle, count);
    add(e, "keys hash", document.keys_hash, sizeof document.keys_hash);
    add(e, "Merkle root", root, sizeof root);
}

static void build_slice(struct example *e)
{
    uint8_t bundle[ITEM_BYTES], slice[ITEM_BYTES];
    struct avpn_key organization, psk;
    struct avpn_config *config;
    size_t count = sign_configuration(bundle, sizeof bundle, &organization), slice_bytes;

    MUST(avpn_config_read(bundle, count, &organization, 0, NULL, &config) == AVPN_OK);
    MUST(avpn_bundle_slice(bundle, count, config, 2, slice, sizeof slice, &slice_bytes) == AVPN_OK);
    avpn_config_del(config);
    MUST(avpn_config_read(slice, slice_bytes, &organization, 0, NULL, &config) == AVPN_OK);
    MUST(avpn_config_is_complete(config, 2) == AVPN_OK);
    MUST(avpn_config_psk(config, 2, &world.b, &psk, NULL) == AVPN_OK);
    MUST(memcmp(&psk, &world.psk, sizeof psk) == 0);
    avpn_config_del(config);
    add(e, "document", slice, slice_bytes);
}

static void build_token(struct example *e)
{
    uint8_t bundle[ITEM_BYTES];
    char text[AVPN_TOKEN_TEXT];
    struct avpn_key organization;
    struct avpn_token token = {.size = sizeof token}, again = {.size = sizeof again};

    sign_configuration(bundle, sizeof bundle, &organization);
    token = example_token(&organization);
    MUST(avpn_token_format(&token, text, sizeof text) == AVPN_OK);
    MUST(avpn_token_parse(text, &again) == AVPN_OK && again.member == token.member);
    add(e, "text, as ASCII", text, strlen(text));
}

/* ---- the list, in the page's order ------------------------- */

static const struct chapter {
    const char *name; /* label of the block on the page */
    const char *text;
    void (*build)(struct example *e);
    uint8_t suite; /* needed; 0: none */
} chapters[] = {
    {"keys",
     "Keys of all examples. Node a has the lower public key and so it initiates ([HS-8]). The\n"
     "session key and the token of the registry session are shown in the registry's response.",
     build_keys, 0},
    {"initiation-registry",
     "Node a registers its uplink 0: sender index 0x0a0b0c0d, NAT class friendly, configuration\n"
     "version 42, local contact 192.168.1.2:40001, no cookie.",
     build_initiation_registry, 0},
    {"cookie",
     "What a registry under load answers instead, to 203.0.113.7:40001. The cookie is the keyed\n"
     "hash of the source ([MAC-5]).",
     build_cookie, 0},
    {"response-registry",
     "The registry's response: slot 3, generation 0x0000000100000009, observed 203.0.113.7:40001,\n"
     "contacts version 1.",
     build_response_registry, 0},
    {"session-keepalive", "The keepalive that confirms the registration, with the token.",
     build_keepalive, 0},
    {"session-fetch", "Asks for all entries.", build_fetch, 0},
    {"session-ack", "The registry's answer to a keepalive.", build_ack, 0},
    {"session-challenge", "Its answer to a message whose source it has not proved.",
     build_challenge, 0},
    {"session-page",
     "Its answer to Fetch, in one page: member 2, connected, unfriendly by port, with an IPv4\n"
     "contact observed and an IPv6 contact locally; member 3, of which nothing is known.",
     build_page, 0},
    {"session-change", "Member 2 is no longer connected; contacts version 2.", build_change, 0},
    {"session-sync", "Asks for both parts of the update from version 42 to 43.", build_sync, 0},
    {"session-part", "The second part of that update, 20 bytes long.", build_part, 0},
    {"claim",
     "Node a claims the place of member 9; the secret of the token is the token above. Payloads "
     "of\n"
     "the initiation and of the response, which is pending.",
     build_claim, 0},
    {"administration",
     "An administrator, whose static key is that of node b, with signing key 0. Payload of the\n"
     "initiation.",
     build_administration, 0},
    {"publishing", "Version 43, 3000 bytes, is offered, wanted in three parts, and in force.",
     build_publishing, 0},
    {"claims", "Claims are asked for and told: one, a minute old, its signature 0x71, 0x72 ...",
     build_claims, 0},
    {"initiation-node",
     "Node a to node b: sender index 0x00a1b2c0, the ticket of the probe request below, epoch 7 "
     "of\n"
     "the pre-shared key, both suites.",
     build_initiation_node, 0},
    {"response-node",
     "Node b chooses suite 1; its index is 0x00d4e5f0. Split gives the transport keys.",
     build_response_node, 0},
    {"confirmation", "Node a has the response, and shows its keys ([HS-11]).", build_confirmation, 0},
    {"probe-keys", "What both nodes derive before any handshake.", build_probe_keys, 0},
    {"probe-request",
     "Node b, from its uplink 1, to a contact of node a; it wants a handshake and offers a ticket.",
     build_probe_request, 0},
    {"probe-response",
     "Node a answers; it saw the request come from [2001:db8::9]:41000, and its newest session is\n"
     "that of the initiation above.",
     build_probe_response, 0},
    {"size-request",
     "Node a asks whether 160 bytes pass from its uplink 0 to uplink 1 of node b; 32 zeros follow "
     "the\n"
     "tag. Of its exports it does not offer the second.",
     build_size_request, 0},
    {"size-response", "They do: node b saw them come from 203.0.113.7:40001.",
     build_size_response, 0},
    {"esp-aes-256-gcm",
     "First ESP packet from uplink 0 of node a to uplink 1 of node b: a UDP packet over IPv4.",
     build_esp_aes, AVPN_SUITE_AES_256_GCM},
    {"esp-chacha20-poly1305",
     "First ESP packet from uplink 1 of node b to uplink 0 of node a, were suite 2 chosen: an\n"
     "IPv6 header without content.",
     build_esp_chacha, 0},
    {"esp-dummy", "Packet 256 from node a to node b under suite 2, a dummy packet.",
     build_esp_dummy, 0},
    {"document",
     "A whole document, version 42, of two members: node a is hub 1 with a manual contact, node b "
     "its\n"
     "spoke 2. Root key and signing key have the seeds 0x81, 0x82 ... and 0x91, 0x92 ...; the\n"
     "pre-shared key is the one above, in epoch 1; there is an invite for member 9. One rule denies TCP to\n"
     "ports 22 and 23 of 10.1.0.0/16; UDP to port 53 breaks out of spoke 2, whose 192.168.1.0/25 is known as\n"
     "10.2.0.0/25.",
     build_document, 0},
    {"slice", "The slice of member 2.", build_slice, 0},
    {"token", "The token of that invite.", build_token, 0},
};

#define CHAPTERS HARNESS_COUNT(chapters)

static struct example examples[CHAPTERS];
static bool is_built;

static bool can_build(int i)
{
    return chapters[i].suite == 0 || avpn_suite_is_available(chapters[i].suite);
}

/* All of them, once: later ones need what earlier ones leave. */
static void build_all(void)
{
    if (is_built) {
        return;
    }
    MUST(avpni_crypto_init() == AVPN_OK);
    make_world();
    for (int i = 0; i < CHAPTERS; i++) {
        if (can_build(i)) {
            chapters[i].build(&examples[i]);
        }
    }
    is_built = true;
}

/* ---- writing the page ------------------------- */

static void print_item(const struct item *item)
{
    printf("%s", item->label);
    for (size_t i = 0; i < item->count; i++) {
        printf("%s%02x", i % LINE_BYTES == 0 ? "\n    " : "", item->bytes[i]);
    }
    printf("\n");
}

static int print_all(void)
{
    is_printing = true;
    build_all();
    printf("## 11. Worked examples\n\n"
           "Regenerated and compared by `tests/unit/wire/test_examples.c`; keys are fixed there. "
           "Bytes are\n"
           "hexadecimal. A datagram is the whole UDP payload; payloads, bodies and inner packets "
           "are its\n"
           "plain parts.\n");
    for (int i = 0; i < CHAPTERS; i++) {
        MUST(can_build(i));
        printf("\n### 11.%d %s\n\n%s\n\n```%s\n", i + 1, chapters[i].name, chapters[i].text,
               chapters[i].name);
        for (size_t k = 0; k < examples[i].count; k++) {
            print_item(&examples[i].items[k]);
        }
        printf("```\n");
    }
    return EXIT_SUCCESS;
}

/* ---- reading the page ------------------------- */

static char *read_page(void)
{
    const char *root = getenv("AVPN_SOURCE_ROOT");
    char path[4096];
    size_t capacity = 1 << 20;
    char *text = malloc(capacity);
    FILE *file;

    snprintf(path, sizeof path, "%s/doc/protocol.md", root != NULL ? root : ".");
    file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "cannot open %s", path);
    ck_assert_ptr_nonnull(text);
    size_t got = fread(text, 1, capacity - 1, file);

    fclose(file);
    ck_assert_uint_lt(got, capacity - 1);
    text[got] = '\0';
    return text;
}

/* The first line of a block's content; the block ends before the next "```". */
static char *find_block(char *page, const char *name)
{
    char fence[64];
    char *block;

    snprintf(fence, sizeof fence, "\n```%s\n", name);
    block = strstr(page, fence);
    ck_assert_msg(block != NULL, "no block %s on the page", name);
    block += strlen(fence);
    char *end = strstr(block, "```");

    ck_assert_msg(end != NULL, "block %s does not end", name);
    *end = '\0';
    return block;
}

/* The indented lines at `*at` as bytes; moves `*at` behind them. */
static size_t read_bytes(char **at, uint8_t *out)
{
    size_t count = 0;

    while (**at == ' ') {
        char *end = strchr(*at, '\n');

        ck_assert_ptr_nonnull(end);
        *end = '\0';
        count += harness_hex(*at, out + count, ITEM_BYTES - count);
        *at = end + 1;
    }
    return count;
}

START_TEST(an_example_on_the_page_is_what_the_library_makes)
{
    uint8_t bytes[ITEM_BYTES];

    build_all();
    if (!can_build(_i)) {
        harness_skipped(1, "this machine has no AES instructions");
        return;
    }
    char *page = read_page();
    char *at = find_block(page, chapters[_i].name);

    for (size_t k = 0; k < examples[_i].count; k++) {
        const struct item *item = &examples[_i].items[k];
        char *end = strchr(at, '\n');

        ck_assert_ptr_nonnull(end);
        *end = '\0';
        ck_assert_str_eq(at, item->label);
        at = end + 1;
        ck_assert_uint_eq(read_bytes(&at, bytes), item->count);
        ck_assert_msg(memcmp(bytes, item->bytes, item->count) == 0, "%s: %s differs",
                      chapters[_i].name, item->label);
    }
    ck_assert_str_eq(at, "");
    free(page);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(an_example_on_the_page_is_what_the_library_makes, CHAPTERS),
};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--print") == 0) {
        return print_all();
    }
    return harness_run("wire/examples", cases, HARNESS_COUNT(cases));
}
