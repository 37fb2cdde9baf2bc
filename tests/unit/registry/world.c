/* SPDX-License-Identifier: ISC */
/* world: see world.h. */
#include "world.h"

#include "base/address.h"
#include "crypto/box.h"
#include "crypto/cookie.h"
#include "harness.h"
#include "registry/engine.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_HEAD 16 /* in front of each block: its size */

static void *arena_allocate(void *user, size_t bytes)
{
    struct world *world = user;
    size_t needed = BLOCK_HEAD + (bytes + 15) / 16 * 16;

    if (world->allocation_fails) {
        return NULL;
    }
    if (world->allocations_left > 0 && --world->allocations_left == 0) {
        world->allocation_fails = true;
    }
    ck_assert_uint_le(world->used + needed, WORLD_ARENA);
    uint8_t *block = world->arena + world->used;

    memcpy(block, &bytes, sizeof bytes);
    world->used += needed;
    return block + BLOCK_HEAD;
}

static void *arena_resize(void *user, void *memory, size_t bytes)
{
    uint8_t *larger = arena_allocate(user, bytes);
    size_t before = 0;

    if (larger == NULL || memory == NULL) {
        return larger;
    }
    memcpy(&before, (uint8_t *)memory - BLOCK_HEAD, sizeof before);
    memcpy(larger, memory, before < bytes ? before : bytes);
    return larger;
}

static void arena_release(void *user, void *memory)
{
    (void)user;
    (void)memory;
}

static int32_t fill_random(void *user, uint8_t *bytes, size_t count)
{
    struct world *world = user;

    if (world->random_fails) {
        return -1;
    }
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)harness_random(&world->random_state);
    }
    return 0;
}

static void keep_sent(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct world *world = user;

    for (size_t i = 0; i < count; i++) {
        ck_assert_uint_eq(batch[i].packets.count, 1);
        ck_assert_uint_lt(world->sent_count, WORLD_SENT);
        struct world_datagram *kept = &world->sent[world->sent_count++];

        kept->uplink = batch[i].uplink;
        kept->to = batch[i].remote;
        kept->count = batch[i].packets.last_bytes;
        ck_assert_uint_le(kept->count, sizeof kept->bytes);
        memcpy(kept->bytes, batch[i].packets.data, kept->count);
    }
}

/* ---- the store ------------------------------------------------------------------------------ */

static struct world_stored *stored_of(struct world *world, const char *name, bool makes)
{
    for (int i = 0; i < WORLD_STORED; i++) {
        struct world_stored *stored = &world->stored[i];

        if (stored->name[0] == '\0' && makes) {
            strcpy(stored->name, name);
        }
        if (strcmp(stored->name, name) == 0) {
            return stored;
        }
    }
    ck_assert(!makes);
    return NULL;
}

static int64_t read_store(void *user, const char *name, uint8_t *bytes, size_t capacity)
{
    const struct world_stored *stored = stored_of(user, name, false);

    if (stored == NULL) {
        return -1;
    }
    memcpy(bytes, stored->bytes, stored->count < capacity ? stored->count : capacity);
    return (int64_t)stored->count;
}

static int32_t write_store(void *user, const char *name, const uint8_t *bytes, size_t count)
{
    struct world *world = user;

    if (world->store_fails) {
        return -1;
    }
    struct world_stored *stored = stored_of(world, name, true);

    free(stored->bytes);
    stored->bytes = malloc(count);
    ck_assert_ptr_nonnull(stored->bytes);
    memcpy(stored->bytes, bytes, count);
    stored->count = count;
    world->store_writes++;
    return 0;
}

static int64_t tell_clock(void *user)
{
    return ((struct world *)user)->wall_clock;
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct avpn_key_pair pair_of(uint8_t a, uint32_t b, uint8_t c)
{
    struct avpn_key secret_key = {{a, (uint8_t)b, (uint8_t)(b >> 8), (uint8_t)(b >> 16), c, 77}};
    struct avpn_key_pair pair;

    ck_assert_int_eq(avpn_key_pair_from_secret(&secret_key, &pair), AVPN_OK);
    return pair;
}

void world_begin(struct world *world, uint32_t handshakes_per_second, uint32_t registration_limit)
{
    *world = (struct world){.now = 1000 * AVPN_SECOND, .random_state = 5};
    world->arena = calloc(1, WORLD_ARENA);
    world->snapshot = calloc(1, WORLD_ARENA);
    world->sent = calloc(WORLD_SENT, sizeof *world->sent);
    ck_assert(world->arena != NULL && world->snapshot != NULL && world->sent != NULL);
    world->identity = pair_of(250, 1, 1);
    world->host = (struct avpn_host){.size = sizeof world->host,
                                     .user = world,
                                     .allocate = arena_allocate,
                                     .resize = arena_resize,
                                     .release = arena_release,
                                     .random = fill_random,
                                     .wall_clock = tell_clock,
                                     .store_read = read_store,
                                     .store_write = write_store,
                                     .transmit = keep_sent};
    world->options = (struct avpn_registry_options){.size = sizeof world->options,
                                                    .handshakes_per_second = handshakes_per_second,
                                                    .registration_limit = registration_limit,
                                                    .identity = world->identity};
    ck_assert_int_eq(
        avpn_registry_new(&world->options, &world->host, world->now, &world->registry), AVPN_OK);
}

void world_end(struct world *world)
{
    avpn_registry_del(world->registry);
    for (int i = 0; i < WORLD_STORED; i++) {
        free(world->stored[i].bytes);
    }
    free(world->arena);
    free(world->snapshot);
    free(world->sent);
}

void world_restart(struct world *world)
{
    avpn_registry_del(world->registry);
    ck_assert_int_eq(
        avpn_registry_new(&world->options, &world->host, world->now, &world->registry), AVPN_OK);
}

void world_receive(struct world *world, const struct avpn_contact *from, const uint8_t *bytes,
                   size_t count)
{
    uint8_t copy[2048];
    struct avpn_datagrams batch = {.uplink = 2, .remote = *from};

    ck_assert_uint_le(count, sizeof copy);
    memcpy(copy, bytes, count);
    batch.packets = (struct avpn_packets){
        .data = copy, .count = 1, .bytes = (uint32_t)count, .last_bytes = (uint32_t)count};
    world->sent_count = 0;
    ck_assert_int_eq(avpn_registry_receive(world->registry, &batch, 1, world->now), AVPN_OK);
}

void world_tick(struct world *world, avpn_span later)
{
    world->now += later;
    world->sent_count = 0;
    avpn_registry_tick(world->registry, world->now);
}

uint64_t world_counter(const struct world *world, enum avpn_registry_counter counter)
{
    uint64_t counters[AVPN_REGISTRY_COUNTERS];

    ck_assert_uint_eq(avpn_registry_counters(world->registry, counters, AVPN_REGISTRY_COUNTERS),
                      AVPN_REGISTRY_COUNTERS);
    return counters[counter];
}

struct avpn_registry_status world_status(const struct world *world)
{
    struct avpn_registry_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_registry_status(world->registry, &status), AVPN_OK);
    return status;
}

void world_remember(struct world *world)
{
    memcpy(world->snapshot, world->arena, world->used);
}

bool world_is_unchanged(struct world *world)
{
    size_t from = (size_t)((uint8_t *)world->registry->counters - world->arena);
    size_t to = from + sizeof world->registry->counters;

    return memcmp(world->arena, world->snapshot, from) == 0 &&
           memcmp(world->arena + to, world->snapshot + to, world->used - to) == 0;
}

/* ---- organizations -------------------------------------------------------------------------- */

struct avpn_key world_signer(uint8_t number, uint8_t signer)
{
    return (struct avpn_key){{number, 2, signer}};
}

static struct avpn_authority *authority_of(uint8_t number, uint8_t signer_number)
{
    struct avpn_authority *authority;
    struct avpn_key root = {{number, 1}}, signer = world_signer(number, signer_number);

    ck_assert_int_eq(avpn_authority_new(NULL, &authority), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_root(authority, &root), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &signer), AVPN_OK);
    return authority;
}

struct avpn_key world_organization(uint8_t number)
{
    struct avpn_authority *authority = authority_of(number, 0);
    struct avpn_key organization;

    ck_assert_int_eq(avpn_authority_organization(authority, &organization), AVPN_OK);
    avpn_authority_del(authority);
    return organization;
}

struct avpn_organization_status world_organization_status(const struct world *world, uint8_t number)
{
    struct avpn_key organization = world_organization(number);
    struct avpn_organization_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_registry_organization(world->registry, &organization, &status), AVPN_OK);
    return status;
}

struct avpn_key_pair world_member_pair(uint8_t number, const struct world_member *member)
{
    return pair_of(number, member->id, member->salt);
}

static void add_member(struct avpn_config *config, uint8_t number,
                       const struct world_member *member)
{
    struct avpn_member full = {.size = sizeof full,
                               .id = member->id,
                               .role = member->role,
                               .flags = member->flags};

    full.key = world_member_pair(number, member).public_key;
    full.name[0] = 'm';
    for (uint32_t i = 0, rest = member->id; i < 6; i++, rest /= 10) {
        full.name[6 - i] = (char)('0' + rest % 10);
    }
    while (full.hub_count < 2 && member->hubs[full.hub_count] != 0) {
        full.hubs[full.hub_count].member = member->hubs[full.hub_count];
        full.hubs[full.hub_count].flags =
            member->role == AVPN_ROLE_HUB ? AVPN_HUB_DEFAULT_ROUTE : 0;
        full.hub_count++;
    }
    if (member->net != 0) {
        full.exports[full.export_count++] = (struct avpn_prefix){
            .family = AVPN_FAMILY_IPV4, .length = 16, .bytes = {10, member->net}};
    }
    ck_assert_int_eq(avpn_config_add_member(config, &full), AVPN_OK);
}

static void add_policy(struct avpn_config *config, const struct world_document *document)
{
    struct avpn_rule rule = {.size = sizeof rule, .action = AVPN_RULE_ALLOW, .protocol = 17};

    rule.destination_last = (uint16_t)document->rules;
    ck_assert_int_eq(avpn_config_set_flags(config, document->flags), AVPN_OK);
    for (uint32_t i = 0; i < document->rules; i++) {
        ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
    }
}

uint8_t *world_sign(const struct world *world, const struct world_document *document,
                    size_t *count_out)
{
    struct avpn_authority *authority = authority_of(document->number, document->signer);
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350, .host = "192.0.2.1"};
    uint32_t epoch = document->psk_epoch != 0 ? document->psk_epoch : 1;
    struct avpn_publication publication = {.size = sizeof publication,
                                           .psk_epoch = epoch,
                                           .version = document->version,
                                           .created = 1,
                                           .expires = document->expires,
                                           .psk = {{9, (uint8_t)epoch}},
                                           .invites = document->invites,
                                           .invite_count = document->invite_count};
    struct avpn_config *config;
    size_t capacity = 1u << 20;
    uint8_t *bundle = malloc(capacity);

    ck_assert_ptr_nonnull(bundle);
    if (epoch > 1) {
        publication.previous_psk = (struct avpn_key){{9, (uint8_t)(epoch - 1)}};
    }
    entry.key = world->identity.public_key;
    ck_assert_int_eq(avpn_config_new(NULL, &config), AVPN_OK);
    ck_assert_int_eq(avpn_config_set_name(config, document->name != NULL ? document->name : "test"),
                     AVPN_OK);
    ck_assert_int_eq(avpn_config_add_registry(config, &entry), AVPN_OK);
    add_policy(config, document);
    for (uint32_t i = 0; i < document->count; i++) {
        add_member(config, document->number, &document->members[i]);
    }
    ck_assert_int_eq(
        avpn_authority_sign(authority, config, &publication, bundle, capacity, count_out), AVPN_OK);
    avpn_config_del(config);
    avpn_authority_del(authority);
    return bundle;
}

int32_t world_set(struct world *world, const struct world_document *document)
{
    struct avpn_key organization = world_organization(document->number);
    size_t count;
    uint8_t *bundle = world_sign(world, document, &count);

    world->sent_count = 0;
    int32_t error = avpn_registry_set_organization(world->registry, &organization, bundle, count,
                                                   world->now);

    free(bundle);
    return error;
}

int32_t world_serve(struct world *world, uint8_t number, uint64_t version,
                    const struct world_member *members, uint32_t count)
{
    struct world_document document = {
        .number = number, .version = version, .members = members, .count = count};

    return world_set(world, &document);
}

/* ---- clients ------------------------------------------------------------------------------ */

struct avpn_contact contact_of(const char *text)
{
    struct avpn_contact contact;

    ck_assert_int_eq(avpn_contact_parse(text, &contact), AVPN_OK);
    return contact;
}

struct client client_of(struct world *world, uint8_t number, const struct world_member *member,
                        uint8_t uplink, const char *contact)
{
    return (struct client){.world = world,
                           .pair = world_member_pair(number, member),
                           .organization = world_organization(number),
                           .uplink = uplink,
                           .contact = contact_of(contact),
                           .local = contact_of("10.0.0.2:40000")};
}

void client_begin(const struct client *client, const uint8_t payload[116], struct avpn_noise *noise,
                  uint8_t bytes[256])
{
    static const uint8_t prologue[] = "autovpn 1 registry";
    const struct avpn_key *registry = &client->world->identity.public_key;
    struct avpn_key_pair ephemeral;
    struct avpn_noise own;

    noise = noise != NULL ? noise : &own;
    ck_assert_int_eq(avpn_key_pair_generate(&ephemeral), AVPN_OK);
    ck_assert_int_eq(avpn_noise_init_initiator(noise, &client->pair, registry, prologue,
                                               sizeof prologue - 1),
                     AVPN_OK);
    memset(bytes, 0, 256);
    avpni_initiation_write_head(bytes, 0xC0FFEE);
    ck_assert_int_eq(avpn_noise_write_1(noise, &ephemeral.secret_key, payload,
                                        AVPNI_REGISTER_REQUEST_BYTES,
                                        bytes + AVPNI_INITIATION_NOISE),
                     AVPN_OK);
    avpni_mac1(bytes + 224, bytes, 224, registry);
    if (client->has_cookie) {
        avpni_mac2(bytes + 240, bytes, 240, client->cookie);
    }
}

void client_initiation(const struct client *client, struct avpn_noise *noise, uint8_t bytes[256])
{
    struct avpni_register_request request = {.uplink = client->uplink,
                                             .nat = client->nat,
                                             .organization = client->organization,
                                             .config_version = 1,
                                             .local = client->local};
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES];

    avpni_register_request_write(payload, &request);
    client_begin(client, payload, noise, bytes);
}

bool client_read_response(const struct client *client, struct avpn_noise *noise,
                          uint8_t payload[96])
{
    static const struct avpn_key no_psk;
    const struct world *world = client->world;

    if (world->sent_count != 1 ||
        avpni_message_kind(world->sent[0].bytes, world->sent[0].count) != AVPNI_KIND_RESPONSE) {
        return false;
    }
    const struct world_datagram *answer = &world->sent[0];

    ck_assert_uint_eq(answer->count, AVPNI_RESPONSE_REGISTRY_BYTES);
    ck_assert_uint_eq(answer->uplink, 2);
    ck_assert(avpni_contact_is_equal(&answer->to, &client->contact));
    ck_assert_uint_eq(avpni_response_receiver(answer->bytes), 0xC0FFEE);
    ck_assert_uint_eq(avpni_response_sender(answer->bytes), 0); /* [HS-3] */
    ck_assert_int_eq(avpn_noise_read_2(noise, &no_psk, answer->bytes + AVPNI_RESPONSE_NOISE,
                                       answer->count - AVPNI_RESPONSE_NOISE, payload),
                     AVPN_OK);
    return true;
}

bool client_hello(struct client *client)
{
    struct avpn_noise noise;
    uint8_t bytes[256], payload[AVPNI_REGISTER_RESPONSE_BYTES];

    client_initiation(client, &noise, bytes);
    world_receive(client->world, &client->contact, bytes, sizeof bytes);
    if (!client_read_response(client, &noise, payload)) {
        return false;
    }
    ck_assert(avpni_register_response_read(payload, &client->session));
    ck_assert(avpni_contact_is_equal(&client->session.observed, &client->contact));
    client->counter = 0;
    return true;
}

bool client_take_cookie(struct client *client, const uint8_t initiation[256])
{
    const struct world_datagram *answer = &client->world->sent[0];
    struct avpni_cookie_message message;

    if (client->world->sent_count != 1 ||
        avpni_message_kind(answer->bytes, answer->count) != AVPNI_KIND_COOKIE) {
        return false;
    }
    avpni_cookie_read(answer->bytes, &message);
    ck_assert_uint_eq(message.receiver, 0xC0FFEE);
    client->has_cookie = avpni_cookie_open(client->cookie, message.sealed, message.nonce,
                                           initiation + 224, &client->world->identity.public_key);
    return client->has_cookie;
}

static void seal(struct client *client, const uint8_t body[52], uint64_t counter, uint8_t bytes[96])
{
    struct avpni_session_head head = {.slot = client->session.slot,
                                      .generation = client->session.generation,
                                      .counter = counter != 0 ? counter : ++client->counter};
    uint8_t nonce[12];

    memset(bytes, 0, 96);
    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, head.counter);
    avpni_aead_seal(bytes + 28, body, 52, bytes, 28, nonce, client->session.key);
}

void client_alive(struct client *client, const uint8_t *token, uint8_t flags, uint64_t counter,
                  uint8_t bytes[96])
{
    struct avpni_alive alive = {.nat = client->nat, .flags = flags, .local = client->local};
    uint8_t body[52];

    if (token != NULL) {
        memcpy(alive.token, token, sizeof alive.token);
    }
    avpni_alive_write(body, &alive);
    seal(client, body, counter, bytes);
}

void client_fetch(struct client *client, const uint8_t *token, uint32_t first, uint8_t bytes[96])
{
    struct avpni_fetch fetch = {.first = first};
    uint8_t body[52];

    if (token != NULL) {
        memcpy(fetch.token, token, sizeof fetch.token);
    }
    avpni_fetch_write(body, &fetch);
    seal(client, body, 0, bytes);
}

void client_sync(struct client *client, const struct avpni_sync *sync, uint8_t bytes[96])
{
    uint8_t body[52];

    avpni_sync_write(body, sync);
    seal(client, body, 0, bytes);
}

size_t client_seal(struct client *client, const uint8_t *body, size_t count, uint8_t *bytes)
{
    struct avpni_session_head head = {.slot = client->session.slot,
                                      .generation = client->session.generation,
                                      .counter = ++client->counter};
    uint8_t nonce[12];

    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, head.counter);
    avpni_aead_seal(bytes + 28, body, count, bytes, 28, nonce, client->session.key);
    return AVPNI_SESSION_OVERHEAD + count;
}

void client_keep(struct client *client, bool with_token)
{
    uint8_t bytes[96];

    client_alive(client, with_token ? client->session.token : NULL, 0, 0, bytes);
    world_receive(client->world, &client->contact, bytes, sizeof bytes);
}

void client_register(struct client *client)
{
    ck_assert(client_hello(client));
    client_keep(client, true);
    ck_assert_uint_eq(client_heard(client, AVPNI_BODY_ACK, NULL), 1);
}

size_t client_open(const struct client *client, uint32_t n, uint8_t body[1100])
{
    const struct world_datagram *sent = &client->world->sent[n];
    struct avpni_session_head head;
    uint8_t nonce[12];

    if (avpni_message_kind(sent->bytes, sent->count) != AVPNI_KIND_SESSION) {
        return 0;
    }
    avpni_session_head_read(sent->bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_NODE, head.counter);
    if (head.slot != client->session.slot || head.generation != client->session.generation ||
        !avpni_aead_open(body, sent->bytes + 28, sent->count - 28, sent->bytes, 28, nonce,
                         client->session.key)) {
        return 0;
    }
    ck_assert(avpni_contact_is_equal(&sent->to, &client->contact));
    return sent->count - AVPNI_SESSION_OVERHEAD;
}

uint32_t client_heard(const struct client *client, enum avpni_body kind, uint8_t body[1100])
{
    uint8_t opened[1100];
    uint32_t heard = 0;

    for (uint32_t i = 0; i < client->world->sent_count; i++) {
        size_t count = client_open(client, i, opened);

        if (count > 0 && avpni_body_kind(opened, count) == kind) {
            heard++;
            if (body != NULL) {
                memcpy(body, opened, count);
            }
        }
    }
    return heard;
}
