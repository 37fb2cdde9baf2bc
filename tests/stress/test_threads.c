/* SPDX-License-Identifier: ISC */
/*
 * Engines share nothing: whole organizations - authority, registry, a hub, spokes, their traffic - each in a thread of its own, all
 * at once in one process, and then each again alone. What passed on each network is the same to the bit: times, contacts,
 * datagrams, packets, events. Built with ThreadSanitizer it says what they share after all.
 *
 * Everything random comes from an organization's seed, time is virtual, and the network is a ring.
 */
#define _POSIX_C_SOURCE 200809L
#include "harness.h"

#include <autovpn/autovpn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 4
#define ROUNDS 3 /* organizations a thread runs one after the other */
#define SITES_MOST 5
#define HUB 0
#define RING 1024
#define PACKET 100 /* bytes of the inner packets */
#define STEP (100 * AVPN_MILLISECOND)
#define LAST (8 * AVPN_SECOND)
#define REGISTRY SITES_MOST

struct parcel {
    uint32_t from, to, bytes; /* hosts */
    uint8_t data[2048];
};

struct organization;

struct host {
    struct organization *organization;
    uint32_t number;
    struct avpn_contact contact;
    struct avpn_key_pair keys;
    struct avpn_node *node;
};

struct organization {
    uint64_t chance, digest;
    uint32_t sites;
    struct host hosts[SITES_MOST + 1];
    struct avpn_registry *registry;
    struct parcel ring[RING];
    uint32_t sent, received, delivered;
    avpn_time now;
};

/* Check's own assertions are for its thread. */
#define MUST(fact) ((fact) ? (void)0 : broken(#fact))
static void broken(const char *fact)
{
    printf("Bail out! not so: %s\n", fact);
    fflush(stdout);
    abort();
}

/* ---- what happened, as a number ------------------------------------------------------------ */

/* FNV-1a */
static void note(struct organization *o, const void *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        o->digest = (o->digest ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
}

static void note_numbers(struct organization *o, uint64_t a, uint64_t b, uint64_t c)
{
    const uint64_t numbers[] = {(uint64_t)o->now, a, b, c};

    note(o, numbers, sizeof numbers);
}

/* ---- seams ------------------------------------------------------------------------------------ */

static int32_t draw(void *user, uint8_t *bytes, size_t count)
{
    struct host *host = user;

    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)harness_random(&host->organization->chance);
    return 0;
}

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct host *host = user;
    struct organization *o = host->organization;

    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].packets.count; k++) {
            const struct avpn_packets *run = &batch[i].packets;
            struct parcel *parcel = &o->ring[o->sent++ % RING];

            parcel->from = host->number;
            parcel->to = batch[i].remote.bytes[3]; /* the last number of an address is its host's */
            parcel->bytes = k + 1 < run->count ? run->bytes : run->last_bytes;
            MUST(o->sent - o->received <= RING);
            MUST(parcel->bytes <= sizeof parcel->data);
            memcpy(parcel->data, run->data + (size_t)k * run->stride, parcel->bytes);
            note_numbers(o, parcel->from, parcel->to, parcel->bytes);
            note(o, parcel->data, parcel->bytes);
        }
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    struct host *host = user;

    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].count; k++) {
            note_numbers(host->organization, host->number, k, batch[i].bytes);
            note(host->organization, batch[i].data + (size_t)k * batch[i].stride, PACKET);
            host->organization->delivered++;
        }
}

/* ---- an organization ---------------------------------------------------------------------------- */

static struct avpn_key key_from(struct organization *o)
{
    struct avpn_key key;

    for (size_t i = 0; i < sizeof key.bytes; i++)
        key.bytes[i] = (uint8_t)harness_random(&o->chance);
    return key;
}

static void add_member(struct organization *o, struct avpn_config *config, uint32_t i)
{
    struct avpn_member member = {.size = sizeof member, .id = i + 1, .key = o->hosts[i].keys.public_key,
                                 .role = i == HUB ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE, .hub_count = i != HUB,
                                 .export_count = 1};
    char text[AVPN_PREFIX_TEXT];

    snprintf(member.name, sizeof member.name, "site-%u", i);
    member.hubs[0].member = i == HUB ? 0 : HUB + 1;
    snprintf(text, sizeof text, "10.%u.0.0/16", i);
    MUST(avpn_prefix_parse(text, &member.exports[0]) == AVPN_OK);
    MUST(avpn_config_add_member(config, &member) == AVPN_OK);
}

static size_t sign(struct organization *o, struct avpn_key *id_out, uint8_t *bundle, size_t capacity)
{
    struct avpn_publication publication = {.size = sizeof publication, .psk_epoch = 1, .version = 1,
                                           .psk = key_from(o)};
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350, .host = "198.51.100.5",
                                        .key = o->hosts[REGISTRY].keys.public_key};
    const struct avpn_key root = key_from(o), signer = key_from(o);
    struct avpn_authority *authority;
    struct avpn_config *config;
    size_t bytes = 0;

    MUST(avpn_config_new(NULL, &config) == AVPN_OK);
    MUST(avpn_config_set_name(config, "threads") == AVPN_OK);
    MUST(avpn_config_add_registry(config, &entry) == AVPN_OK);
    for (uint32_t i = 0; i < o->sites; i++)
        add_member(o, config, i);
    MUST(avpn_authority_new(NULL, &authority) == AVPN_OK);
    MUST(avpn_authority_add_root(authority, &root) == AVPN_OK);
    MUST(avpn_authority_add_signer(authority, &signer) == AVPN_OK);
    MUST(avpn_authority_organization(authority, id_out) == AVPN_OK);
    MUST(avpn_authority_sign(authority, config, &publication, bundle, capacity, &bytes) == AVPN_OK);
    avpn_authority_del(authority);
    avpn_config_del(config);
    return bytes;
}

static void begin_host(struct organization *o, uint32_t i, const struct avpn_key *id, const uint8_t *bundle,
                       size_t bytes)
{
    struct host *self = &o->hosts[i];
    struct avpn_host host = {.size = sizeof host, .user = self, .random = draw, .transmit = transmit,
                             .deliver = deliver};
    struct avpn_node_options site = {.size = sizeof site, .organization = *id, .identity = self->keys,
                                     .bundle = bundle, .bundle_bytes = bytes};
    struct avpn_registry_options server = {.size = sizeof server, .identity = self->keys};
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1, .local = self->contact};

    if (i == REGISTRY) {
        MUST(avpn_registry_new(&server, &host, o->now, &o->registry) == AVPN_OK);
        MUST(avpn_registry_set_organization(o->registry, id, bundle, bytes, o->now) == AVPN_OK);
    } else {
        MUST(avpn_node_new(&site, &host, o->now, &self->node) == AVPN_OK);
        MUST(avpn_node_set_uplink(self->node, 0, &uplink, o->now) == AVPN_OK);
    }
}

static void begin(struct organization *o, uint64_t seed)
{
    uint8_t bundle[8192];
    struct avpn_key id;
    size_t bytes;

    memset(o, 0, sizeof *o);
    o->chance = seed;
    o->sites = 2 + (uint32_t)(seed % (SITES_MOST - 1));
    for (uint32_t i = 0; i <= REGISTRY; i++) {
        const struct avpn_key secret = key_from(o);

        o->hosts[i].organization = o;
        o->hosts[i].number = i;
        o->hosts[i].contact = (struct avpn_contact){.family = AVPN_FAMILY_IPV4, .port = i == REGISTRY ? 9350 : 40000,
                                                    .bytes = {198, 51, 100, (uint8_t)i}};
        MUST(avpn_key_pair_from_secret(&secret, &o->hosts[i].keys) == AVPN_OK);
    }
    bytes = sign(o, &id, bundle, sizeof bundle);
    begin_host(o, REGISTRY, &id, bundle, bytes);
    for (uint32_t i = 0; i < o->sites; i++)
        begin_host(o, i, &id, bundle, bytes);
}

static void end(struct organization *o)
{
    for (uint32_t i = 0; i < o->sites; i++)
        avpn_node_del(o->hosts[i].node);
    avpn_registry_del(o->registry);
}

/* ---- its life --------------------------------------------------------------------------------- */

static void run_ring(struct organization *o)
{
    for (; o->received != o->sent; o->received++) {
        struct parcel parcel = o->ring[o->received % RING];
        struct avpn_datagrams in = {.remote = o->hosts[parcel.from].contact,
                                    .packets = {parcel.data, 1, parcel.bytes, parcel.bytes, parcel.bytes}};

        if (parcel.to == REGISTRY)
            MUST(avpn_registry_receive(o->registry, &in, 1, o->now) == AVPN_OK);
        else if (parcel.to < o->sites)
            MUST(avpn_node_receive(o->hosts[parcel.to].node, &in, 1, o->now) == AVPN_OK);
    }
}

static void serve(struct organization *o)
{
    struct avpn_event event;

    avpn_registry_tick(o->registry, o->now);
    for (uint32_t i = 0; i < o->sites; i++) {
        avpn_node_tick(o->hosts[i].node, o->now);
        while (avpn_node_next_event(o->hosts[i].node, &event) == AVPN_OK)
            note_numbers(o, i, event.kind, event.state);
    }
    run_ring(o);
}

/* From each site to a random other one. */
static void send_packets(struct organization *o)
{
    for (uint32_t i = 0; i < o->sites; i++) {
        uint8_t room[AVPN_HEADROOM + PACKET + AVPN_TAILROOM] = {0}, *packet = room + AVPN_HEADROOM;
        struct avpn_packets run = {packet, 1, PACKET, PACKET, PACKET};
        uint32_t to = (i + 1 + (uint32_t)(harness_random(&o->chance) % (o->sites - 1))) % o->sites;
        const uint8_t header[] = {0x45, 0, 0, PACKET, 0, 0, 0, 0, 64, 253, 0, 0, 10, (uint8_t)i, 0, 1, 10, (uint8_t)to, 0, 1};

        memcpy(packet, header, sizeof header);
        MUST(avpn_node_send(o->hosts[i].node, &run, 1, o->now) == AVPN_OK);
    }
    run_ring(o);
}

/* Everything about one organization, in one number. */
static uint64_t live(uint64_t seed)
{
    struct organization *o = malloc(sizeof *o);
    uint32_t sent = 0;
    uint64_t digest;

    MUST(o != NULL);
    begin(o, seed);
    for (; o->now < LAST; o->now += STEP) {
        serve(o);
        if (o->now >= LAST / 2) {
            send_packets(o);
            sent += o->sites;
        }
        if (o->now == 3 * LAST / 4)
            MUST(avpn_node_rekey(o->hosts[o->sites - 1].node, HUB + 1, o->now) == AVPN_OK);
    }
    MUST(sent > 0);
    MUST(o->delivered == sent);
    digest = o->digest;
    end(o);
    free(o);
    return digest;
}

/* ---- all at once ---------------------------------------------------------------------------------- */

static struct worker {
    pthread_t thread;
    uint32_t number;
    uint64_t digests[ROUNDS];
} workers[THREADS];
static pthread_barrier_t start;

static uint64_t seed_of(uint32_t thread, uint32_t round)
{
    return 1 + thread * ROUNDS + round;
}

static void *work(void *user)
{
    struct worker *worker = user;

    pthread_barrier_wait(&start); /* the first use of everything is at the same moment too */
    for (uint32_t round = 0; round < ROUNDS; round++)
        worker->digests[round] = live(seed_of(worker->number, round));
    return NULL;
}

START_TEST(organizations_in_threads_live_as_they_do_alone)
{
    ck_assert_int_eq(pthread_barrier_init(&start, NULL, THREADS), 0);
    for (uint32_t i = 0; i < THREADS; i++) {
        workers[i].number = i;
        ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (uint32_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
    pthread_barrier_destroy(&start);
    for (uint32_t i = 0; i < THREADS; i++)
        for (uint32_t round = 0; round < ROUNDS; round++)
            ck_assert_uint_eq(workers[i].digests[round], live(seed_of(i, round)));
}
END_TEST

START_TEST(another_seed_is_another_life)
{
    ck_assert_uint_ne(live(1), live(1 + (SITES_MOST - 1)));
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(organizations_in_threads_live_as_they_do_alone),
    HARNESS_CASE(another_seed_is_another_life),
};
HARNESS_MAIN("stress/threads", cases)
