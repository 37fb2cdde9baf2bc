/* SPDX-License-Identifier: ISC */
/*
 * bench_delivery: what it costs to give a large organization its configuration: bytes and datagrams of a full
 * sync of one node, bytes for each node after a change, and the registry's time for each node it tells.
 *
 *     bench_delivery [members] [hubs]
 *     bench_delivery 10000 20
 *
 * Two subnets for each member; each spoke names two hubs. Bytes are whole datagrams, UDP payload, both
 * directions. Nodes are registered through the engine by keepalives with tokens; their session keys are taken
 * from the engine's secrets.
 */
#define _GNU_SOURCE
#include "crypto/box.h"
#include "registry/engine.h"
#include "wire/message.h"
#include <autovpn/authority.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REQUEST 96
#define FIRST_ID 10 /* ids 10, 20, 30 ...: there is room for a new one between two */

struct bench {
    struct avpn_registry *registry;
    struct avpn_key_pair identity;
    struct avpn_authority *authority;
    struct avpn_key organization;
    uint32_t members, hubs;
    uint64_t version;
    uint64_t counter;
    avpn_time now;
    struct avpn_contact contact;
    uint8_t *document;
    size_t document_bytes;

    /* What was sent since it was reset. */
    uint64_t datagrams, bytes;
    uint32_t size; /* of the update whose part came last, if `reader` is set */
    uint32_t reader;
    bool is_reading;
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static uint64_t nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

/* ---- the organization ------------------------------------------------------------------------- */

/* What differs between the versions. */
struct change {
    bool has_other_subnet, has_new_site, has_other_rule, has_hubs_apart;
    uint32_t psk_epoch, rules;
};

static struct avpn_member make_member(const struct bench *bench, uint32_t place)
{
    struct avpn_member member = {.size = sizeof member, .id = FIRST_ID * (place + 1)};

    snprintf(member.name, sizeof member.name, "site-%u", place);
    memcpy(member.key.bytes + 4, &member.id, 4);
    member.role = place < bench->hubs ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE;
    for (uint32_t k = 0; k < 2 && place >= bench->hubs; k++) {
        member.hubs[member.hub_count++].member = FIRST_ID * ((place + k) % bench->hubs + 1);
    }
    for (uint32_t k = 0; k < 2; k++) {
        struct avpn_prefix *prefix = &member.exports[member.export_count++];

        *prefix = (struct avpn_prefix){.family = AVPN_FAMILY_IPV4, .length = 24};
        prefix->bytes[0] = (uint8_t)(10 + k);
        prefix->bytes[1] = (uint8_t)(place >> 8);
        prefix->bytes[2] = (uint8_t)place;
    }
    return member;
}

static void add(struct avpn_config *config, const struct avpn_member *member)
{
    if (avpn_config_add_member(config, member) != AVPN_OK) {
        die("member");
    }
}

/* Each denies one service of one subnet. */
static void add_policy(struct avpn_config *config, const struct change *change)
{
    for (uint32_t i = 0; i < change->rules; i++) {
        struct avpn_rule rule = {.size = sizeof rule, .action = AVPN_RULE_DENY, .protocol = 6};

        snprintf(rule.name, sizeof rule.name, "rule-%u", i);
        rule.source = rule.destination =
            (struct avpn_prefix){.family = AVPN_FAMILY_IPV4, .length = 24, .bytes = {10, 0, (uint8_t)i}};
        rule.destination.bytes[0] = 11;
        rule.destination_first = 22;
        rule.destination_last = change->has_other_rule && i == change->rules / 2 ? 23 : 22;
        if (avpn_config_add_rule(config, &rule) != AVPN_OK) {
            die("rule");
        }
    }
    if (avpn_config_set_flags(config, change->has_hubs_apart ? AVPN_ORGANIZATION_NO_HUB_TUNNELS : 0) !=
        AVPN_OK) {
        die("flags");
    }
}

static struct avpn_config *make_config(const struct bench *bench, const struct change *change)
{
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350, .host = "192.0.2.1"};
    struct avpn_config *config;

    entry.key = bench->identity.public_key;
    if (avpn_config_new(NULL, &config) != AVPN_OK ||
        avpn_config_set_name(config, "bench") != AVPN_OK ||
        avpn_config_add_registry(config, &entry) != AVPN_OK) {
        die("config");
    }
    add_policy(config, change);
    for (uint32_t place = 0; place < bench->members; place++) {
        struct avpn_member member = make_member(bench, place);

        if (change->has_other_subnet && place == bench->members / 2) {
            member.exports[0].bytes[0] = 9;
        }
        add(config, &member);
        if (change->has_new_site && place == bench->members / 2) {
            member.id++;
            snprintf(member.name, sizeof member.name, "new");
            memcpy(member.key.bytes + 4, &member.id, 4);
            member.exports[0].bytes[0] = 8;
            member.exports[1].bytes[0] = 8;
            member.exports[1].bytes[1] = 255;
            add(config, &member);
        }
    }
    return config;
}

static void sign(struct bench *bench, const struct change *change)
{
    struct avpn_publication publication = {.size = sizeof publication,
                                           .psk_epoch = change->psk_epoch,
                                           .version = ++bench->version,
                                           .created = 1,
                                           .psk = {{9, (uint8_t)change->psk_epoch}}};
    struct avpn_config *config = make_config(bench, change);

    if (change->psk_epoch > 1) {
        publication.previous_psk = (struct avpn_key){{9, (uint8_t)(change->psk_epoch - 1)}};
    }
    if (avpn_authority_sign(bench->authority, config, &publication, bench->document,
                            AVPN_BUNDLE_LIMIT, &bench->document_bytes) != AVPN_OK) {
        die("sign");
    }
    avpn_config_del(config);
}

static void set(struct bench *bench)
{
    if (avpn_registry_set_organization(bench->registry, &bench->organization, bench->document,
                                       bench->document_bytes, bench->now) != AVPN_OK) {
        die("set");
    }
}

/* ---- nodes --------------------------------------------------------------------------------------- */

static uint32_t slot_of(const struct bench *bench, uint32_t place)
{
    const struct avpni_organization *organization = bench->registry->organizations[0];
    uint32_t found = avpni_organization_find_id(organization, FIRST_ID * (place + 1));

    return avpni_slot(0, found, 0);
}

static uint64_t generation_of(uint32_t place)
{
    return place + 1u;
}

/* The size that a part says, if it is for the node that is being read. */
static void read_part(struct bench *bench, const struct avpn_packets *packets)
{
    uint8_t body[AVPNI_SESSION_BODY_LIMIT], key[32], nonce[12];
    struct avpni_session_head head;
    struct avpni_part part;
    const uint8_t *bytes;
    size_t count = packets->last_bytes - AVPNI_SESSION_OVERHEAD;

    avpni_session_head_read(packets->data, &head);
    if (head.slot != slot_of(bench, bench->reader)) {
        return;
    }
    avpni_session_key(&bench->registry->secrets, head.slot, head.generation, key);
    avpni_session_nonce(nonce, AVPNI_TO_NODE, head.counter);
    if (avpni_aead_open(body, packets->data + AVPNI_SESSION_BODY, count + AVPNI_TAG_BYTES,
                        packets->data, AVPNI_SESSION_BODY, nonce, key) &&
        avpni_part_read(body, count, &part, &bytes)) {
        bench->size = part.size;
    }
}

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct bench *bench = user;

    for (size_t i = 0; i < count; i++) {
        bench->datagrams++;
        bench->bytes += batch[i].packets.last_bytes;
        if (bench->is_reading) {
            read_part(bench, &batch[i].packets);
        }
    }
}

static void say(struct bench *bench, uint32_t place, const uint8_t body[AVPNI_REQUEST_BODY_BYTES])
{
    struct avpni_session_head head = {.slot = slot_of(bench, place),
                                      .generation = generation_of(place),
                                      .counter = ++bench->counter};
    uint8_t bytes[REQUEST] = {0}, key[32], nonce[12];
    struct avpn_datagrams run = {.remote = bench->contact,
                                 .packets = {bytes, 1, REQUEST, REQUEST, REQUEST}};

    avpni_session_key(&bench->registry->secrets, head.slot, head.generation, key);
    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, head.counter);
    avpni_aead_seal(bytes + AVPNI_SESSION_BODY, body, AVPNI_REQUEST_BODY_BYTES, bytes,
                    AVPNI_SESSION_BODY, nonce, key);
    if (avpn_registry_receive(bench->registry, &run, 1, bench->now) != AVPN_OK) {
        die("receive");
    }
}

/* From the last node to the first, so that hubs come last and hear of all at once. */
static void register_nodes(struct bench *bench)
{
    struct avpni_alive alive = {.nat = 1, .local = bench->contact};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    bench->registry->generation = bench->members;
    bench->registry->organizations[0]->floor = 0;
    for (uint32_t place = bench->members; place-- > 0;) {
        avpni_session_token(&bench->registry->secrets, slot_of(bench, place), generation_of(place),
                            &bench->contact, bench->now, alive.token);
        avpni_alive_write(body, &alive);
        say(bench, place, body);
    }
    if (bench->registry->table.connected != bench->members) {
        die("register");
    }
}

/* ---- figures ---------------------------------------------------------------------------------------- */

static void reset(struct bench *bench)
{
    bench->datagrams = bench->bytes = 0;
}

/* Ask for an update window by window, as a node does; what part 0 brought unasked need not be asked for. */
static void fetch(struct bench *bench, uint32_t place, uint64_t base, bool has_first)
{
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];
    uint32_t requests = 0;

    bench->is_reading = true;
    bench->reader = place;
    bench->size = 1;
    for (uint32_t first = 0; first < avpni_part_count(bench->size); first += AVPNI_SYNC_WINDOW) {
        struct avpni_sync sync = {
            .base = base, .version = bench->version, .first = first, .mask = 0xFFFF};

        sync.mask = has_first && first == 0 ? 0xFFFE : 0xFFFF;
        avpni_sync_write(body, &sync);
        bench->now += AVPNI_SYNC_WINDOW * AVPNI_RATE_PART; /* as its bucket allows [REG-17] */
        say(bench, place, body);
        requests++;
    }
    bench->is_reading = false;
    bench->datagrams += requests;
    bench->bytes += (uint64_t)requests * REQUEST;
}

static void show_full(struct bench *bench, const char *what, uint32_t place)
{
    uint64_t begin = nanoseconds();

    reset(bench);
    fetch(bench, place, 0, false);
    printf("full sync of a %-18s %8" PRIu64 " bytes in %4" PRIu64
           " datagrams, update %7u bytes, %6.1f ms of CPU\n",
           what, bench->bytes, bench->datagrams, bench->size,
           (double)(nanoseconds() - begin) / 1e6);
}

/* The size of an update, by asking for its first part. */
static uint32_t size_for(struct bench *bench, uint32_t place)
{
    struct avpni_sync sync = {.base = bench->version - 1, .version = bench->version, .mask = 1};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    bench->is_reading = true;
    bench->reader = place;
    avpni_sync_write(body, &sync);
    bench->now += AVPNI_SYNC_WINDOW * AVPNI_RATE_PART; /* as its bucket allows [REG-17] */
    say(bench, place, body);
    bench->is_reading = false;
    return bench->size;
}

static void show_change(struct bench *bench, const char *what, const struct change *change)
{
    sign(bench, change);
    reset(bench);
    uint64_t begin = nanoseconds();

    set(bench);
    uint64_t taken = nanoseconds(), first = bench->datagrams;
    avpn_time pushed = bench->now;

    while (bench->registry->organizations[0]->push != NULL) {
        bench->now = avpn_registry_deadline(bench->registry);
        avpn_registry_tick(bench->registry, bench->now);
    }
    uint64_t ended = nanoseconds();
    double rest = (double)(bench->datagrams - first);

    printf("%-33s %8.1f bytes per node pushed to %" PRIu64 " nodes in %.0f ms, %6.0f ns of CPU "
           "each; taking it %.0f ms\n",
           what, (double)bench->bytes / (double)bench->datagrams, bench->datagrams,
           (double)(bench->now - pushed) / 1e6, rest > 0 ? (double)(ended - taken) / rest : 0.0,
           (double)(taken - begin) / 1e6);
    uint32_t spoke = size_for(bench, bench->members - 1), hub = size_for(bench, 0);

    printf("    update of any spoke %u bytes, of a hub %u, of the site itself %u\n", spoke, hub,
           size_for(bench, bench->members / 2));
}

static uint32_t argument(int argc, char **argv, int index, uint32_t otherwise)
{
    return argc > index ? (uint32_t)strtoul(argv[index], NULL, 10) : otherwise;
}

static void begin(struct bench *bench, int argc, char **argv)
{
    struct avpn_registry_options options = {.size = sizeof options};
    struct avpn_host host = {.size = sizeof host, .user = bench, .transmit = transmit};

    bench->members = argument(argc, argv, 1, 10000);
    bench->hubs = argument(argc, argv, 2, 20);
    if (bench->hubs < 2 || bench->members <= bench->hubs || bench->members >= AVPN_MEMBERS) {
        fprintf(stderr, "usage: bench_delivery [members] [hubs]\n");
        exit(EXIT_FAILURE);
    }
    bench->now = 1000 * AVPN_SECOND;
    bench->contact =
        (struct avpn_contact){.family = AVPN_FAMILY_IPV4, .port = 40000, .bytes = {203, 0, 113, 1}};
    (void)avpn_key_pair_generate(&bench->identity);
    options.identity = bench->identity;
    bench->document = malloc(AVPN_BUNDLE_LIMIT);
    if (bench->document == NULL || avpn_authority_new(NULL, &bench->authority) != AVPN_OK ||
        avpn_authority_add_root(bench->authority, &(struct avpn_key){{1}}) != AVPN_OK ||
        avpn_authority_add_signer(bench->authority, &(struct avpn_key){{2}}) != AVPN_OK ||
        avpn_authority_organization(bench->authority, &bench->organization) != AVPN_OK ||
        avpn_registry_new(&options, &host, bench->now, &bench->registry) != AVPN_OK) {
        die("begin");
    }
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct change change = {.psk_epoch = 1};

    begin(&bench, argc, argv);
    sign(&bench, &change);
    set(&bench);
    printf("members %u, hubs %u, prefixes %u, document %zu bytes\n", bench.members, bench.hubs,
           2 * bench.members, bench.document_bytes);
    register_nodes(&bench);
    bench.now += 2 * AVPN_SECOND;
    show_full(&bench, "spoke", bench.members - 1);
    show_full(&bench, "hub", 0);
    change.has_other_subnet = true;
    show_change(&bench, "one site's subnet changed", &change);
    change.has_new_site = true;
    show_change(&bench, "a site added", &change);
    change.psk_epoch = 2;
    show_change(&bench, "the pre-shared key rotated", &change);
    change.rules = 100;
    show_change(&bench, "100 rules added", &change);
    change.has_other_rule = true;
    show_change(&bench, "one rule of 100 changed", &change);
    change.has_other_subnet = false;
    show_change(&bench, "a subnet changed beside 100 rules", &change);
    change.has_hubs_apart = true;
    show_change(&bench, "no tunnels between hubs any more", &change);
    avpn_registry_del(bench.registry);
    avpn_authority_del(bench.authority);
    free(bench.document);
    return EXIT_SUCCESS;
}
