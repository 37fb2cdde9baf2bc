/* SPDX-License-Identifier: ISC */
/*
 * bench_registry: what a registry costs, each figure beside the bare cost of what it cannot do
 * without, measured in turns within one run.
 *
 *     bench_registry [nodes] [members per organization] [hubs per spoke] [rounds]
 *     bench_registry 1000000 10000
 *
 * keepalive: 64 authenticated keepalives of nodes chosen at random, from recvmmsg through the
 * engine to sendmmsg, beside recvmmsg and sendmmsg alone with datagrams of the same sizes, over
 * loopback, one thread; only the registry's half is timed. handshake: beside its five scalar
 * multiplications.
 * Nodes are registered through the engine by keepalives with tokens; their session keys are taken
 * from the engine's secrets instead of a million handshakes.
 */
#define _GNU_SOURCE
#include "crypto/box.h"
#include "crypto/cookie.h"
#include "registry/engine.h"
#include "wire/message.h"
#include <autovpn/authority.h>

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define BATCH 64
#define REQUEST 96
#define ACK 80
#define HANDSHAKES 256
#define ROUNDS_LIMIT 100000

struct bench {
    struct avpn_registry *registry;
    struct avpn_key_pair identity;
    uint32_t nodes, members, hubs, rounds;
    uint64_t counter;
    uint64_t random;
    avpn_time now;
    int server, client;
    struct sockaddr_in server_address, client_address;
    struct avpn_contact client_contact;
    uint8_t *document; /* of every organization */
    size_t document_bytes;
    struct avpn_config *config; /* what it says */
    uint64_t answers; /* datagrams the engine sent */
    bool is_wired;    /* transmit through the socket */
    uint8_t messages[BATCH][REQUEST];
};

static void die(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static uint64_t nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static double median(uint64_t *values, uint32_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (double)values[count / 2];
}

/* ---- sockets ---------------------------------------------------------------------------- */

static int open_socket(struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_DGRAM, 0), bytes = 4 << 20;
    socklen_t length = sizeof *address;

    *address = (struct sockaddr_in){.sin_family = AF_INET};
    address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)address, length) < 0 ||
        getsockname(fd, (struct sockaddr *)address, &length) < 0) {
        die("socket");
    }
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    return fd;
}

struct mmsg {
    struct mmsghdr headers[BATCH];
    struct iovec vectors[BATCH];
    struct sockaddr_in addresses[BATCH];
};

static void fill_mmsg(struct mmsg *m, uint8_t *bytes, size_t stride, size_t count)
{
    memset(m->headers, 0, sizeof m->headers);
    for (size_t i = 0; i < BATCH; i++) {
        m->vectors[i] = (struct iovec){bytes + i * stride, count};
        m->headers[i].msg_hdr.msg_iov = &m->vectors[i];
        m->headers[i].msg_hdr.msg_iovlen = 1;
        m->headers[i].msg_hdr.msg_name = &m->addresses[i];
        m->headers[i].msg_hdr.msg_namelen = sizeof m->addresses[i];
    }
}

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    static struct mmsg m;
    struct bench *bench = user;

    bench->answers += count;
    for (size_t done = 0; bench->is_wired && done < count; done += BATCH) {
        size_t part = count - done < BATCH ? count - done : BATCH;

        fill_mmsg(&m, NULL, 0, 0);
        for (size_t i = 0; i < part; i++) {
            const struct avpn_datagrams *one = &batch[done + i];

            m.vectors[i] = (struct iovec){one->packets.data, one->packets.last_bytes};
            m.addresses[i].sin_family = AF_INET;
            m.addresses[i].sin_port = htons(one->remote.port);
            memcpy(&m.addresses[i].sin_addr, one->remote.bytes, 4);
        }
        if (sendmmsg(bench->server, m.headers, (unsigned)part, 0) != (int)part) {
            die("sendmmsg");
        }
    }
}

/* ---- nodes -------------------------------------------------------------------------------- */

static uint64_t next_random(struct bench *bench)
{
    return avpni_jitter_next(&bench->random);
}

static struct avpn_config *make_config(const struct bench *bench)
{
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350, .host = "192.0.2.1"};
    struct avpn_config *config;

    entry.key = bench->identity.public_key;
    if (avpn_config_new(NULL, &config) != AVPN_OK ||
        avpn_config_set_name(config, "bench") != AVPN_OK ||
        avpn_config_add_registry(config, &entry) != AVPN_OK) {
        die("config");
    }
    for (uint32_t i = 1; i <= bench->members; i++) {
        struct avpn_member member = {.size = sizeof member, .id = i};

        snprintf(member.name, sizeof member.name, "m%u", i);
        memcpy(member.key.bytes + 4, &i, 4);
        if (i == bench->members) { /* the one that makes real handshakes */
            struct avpn_key_pair pair;

            (void)avpn_key_pair_from_secret(&(struct avpn_key){{42}}, &pair);
            member.key = pair.public_key;
        }
        member.role = i <= bench->hubs ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE;
        for (uint32_t k = 0; k < bench->hubs && i > bench->hubs; k++) {
            member.hubs[member.hub_count++].member = k + 1;
        }
        if (avpn_config_add_member(config, &member) != AVPN_OK) {
            die("member");
        }
    }
    return config;
}

/* One signed document, which all organizations serve: an id is all that tells them apart. */
static void sign(struct bench *bench)
{
    struct avpn_publication publication = {
        .size = sizeof publication, .psk_epoch = 1, .version = 1, .created = 1, .psk = {{9}}};
    struct avpn_config *config = make_config(bench);
    struct avpn_authority *authority;
    struct avpn_key seed = {{1}}, organization;

    if (avpn_authority_new(NULL, &authority) != AVPN_OK ||
        avpn_authority_add_root(authority, &seed) != AVPN_OK ||
        avpn_authority_add_signer(authority, &(struct avpn_key){{2}}) != AVPN_OK ||
        avpn_authority_organization(authority, &organization) != AVPN_OK) {
        die("authority");
    }
    bench->document = malloc(AVPN_BUNDLE_LIMIT);
    if (bench->document == NULL ||
        avpn_authority_sign(authority, config, &publication, bench->document, AVPN_BUNDLE_LIMIT,
                            &bench->document_bytes) != AVPN_OK) {
        die("sign");
    }
    avpn_authority_del(authority);
    avpn_config_del(config);
    if (avpn_config_read(bench->document, bench->document_bytes, &organization, 0, NULL,
                         &bench->config) != AVPN_OK) {
        die("read");
    }
}

static void serve(struct bench *bench, uint32_t number)
{
    struct avpn_key id = {{(uint8_t)number, (uint8_t)(number >> 8), 1}};

    if (avpni_registry_serve(bench->registry, &id, bench->config, bench->document,
                             bench->document_bytes, bench->now) != AVPN_OK) {
        die("serve");
    }
}

static uint32_t slot_of(const struct bench *bench, uint32_t node)
{
    return avpni_slot(node / bench->members, node % bench->members, 0);
}

static void make_keepalive(struct bench *bench, uint32_t slot, uint64_t generation, bool with_token,
                           uint8_t bytes[REQUEST])
{
    struct avpni_alive alive = {.nat = 1, .local = bench->client_contact};
    struct avpni_session_head head = {
        .slot = slot, .generation = generation, .counter = ++bench->counter};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES], key[32], nonce[12];

    if (with_token) {
        avpni_session_token(&bench->registry->secrets, slot, generation, &bench->client_contact,
                            bench->now, alive.token);
    }
    avpni_session_key(&bench->registry->secrets, slot, generation, key);
    avpni_alive_write(body, &alive);
    memset(bytes, 0, REQUEST);
    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, head.counter);
    avpni_aead_seal(bytes + AVPNI_SESSION_BODY, body, sizeof body, bytes, AVPNI_SESSION_BODY, nonce,
                    key);
}

static void receive(struct bench *bench, uint8_t *bytes, size_t stride, size_t size, uint32_t count)
{
    struct avpn_datagrams batch[BATCH];

    for (uint32_t i = 0; i < count; i++) {
        batch[i] = (struct avpn_datagrams){
            .remote = bench->client_contact,
            .packets = {bytes + i * stride, 1, (uint32_t)size, (uint32_t)size, (uint32_t)size}};
    }
    if (avpn_registry_receive(bench->registry, batch, count, bench->now) != AVPN_OK) {
        die("receive");
    }
}

/* From the last node to the first, so that hubs come last and hear of all at once. */
static void register_nodes(struct bench *bench)
{
    bench->registry->generation = bench->nodes;
    for (uint32_t i = 0; i < bench->registry->place_count; i++) {
        bench->registry->organizations[i]->floor = 0;
    }
    for (uint32_t node = bench->nodes; node-- > 0;) {
        make_keepalive(bench, slot_of(bench, node), node + 1u, true, bench->messages[0]);
        receive(bench, bench->messages[0], REQUEST, REQUEST, 1);
    }
}

/* ---- figures ------------------------------------------------------------------------------- */

static void random_keepalives(struct bench *bench)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        uint32_t node = (uint32_t)(next_random(bench) % bench->nodes);

        make_keepalive(bench, slot_of(bench, node), node + 1u, false, bench->messages[i]);
    }
}

static void client_sends(struct bench *bench)
{
    struct mmsg m;

    fill_mmsg(&m, bench->messages[0], REQUEST, REQUEST);
    for (uint32_t i = 0; i < BATCH; i++) {
        m.addresses[i] = bench->server_address;
    }
    if (sendmmsg(bench->client, m.headers, BATCH, 0) != BATCH) {
        die("client sendmmsg");
    }
}

static void client_drains(struct bench *bench)
{
    static uint8_t bytes[BATCH][2048];
    struct mmsg m;
    int got = 0;

    fill_mmsg(&m, bytes[0], sizeof bytes[0], sizeof bytes[0]);
    while (got < BATCH) {
        int n = recvmmsg(bench->client, m.headers, BATCH, MSG_WAITFORONE, NULL);

        if (n < 0) {
            die("client recvmmsg");
        }
        got += n;
    }
}

/* One batch through the registry's half; `with_engine` or a bare echo. Nanoseconds. */
static uint64_t serve_batch(struct bench *bench, bool with_engine)
{
    static uint8_t bytes[BATCH][2048];
    static struct mmsg m;
    struct avpn_datagrams batch[BATCH];
    uint64_t begin = nanoseconds();

    fill_mmsg(&m, bytes[0], sizeof bytes[0], sizeof bytes[0]);
    if (recvmmsg(bench->server, m.headers, BATCH, 0, NULL) != BATCH) {
        die("recvmmsg");
    }
    if (!with_engine) {
        for (uint32_t i = 0; i < BATCH; i++) {
            m.vectors[i].iov_len = ACK;
        }
        if (sendmmsg(bench->server, m.headers, BATCH, 0) != BATCH) {
            die("sendmmsg");
        }
        return nanoseconds() - begin;
    }
    for (uint32_t i = 0; i < BATCH; i++) {
        batch[i] = (struct avpn_datagrams){
            .remote = {.family = AVPN_FAMILY_IPV4, .port = ntohs(m.addresses[i].sin_port)},
            .packets = {bytes[i], 1, m.headers[i].msg_len, m.headers[i].msg_len, 0}};
        memcpy(batch[i].remote.bytes, &m.addresses[i].sin_addr, 4);
    }
    if (avpn_registry_receive(bench->registry, batch, BATCH, bench->now) != AVPN_OK) {
        die("receive");
    }
    return nanoseconds() - begin;
}

static void bench_keepalives(struct bench *bench)
{
    uint64_t *echo = calloc(bench->rounds, sizeof *echo);
    uint64_t *full = calloc(bench->rounds, sizeof *full);
    uint64_t *engine = calloc(bench->rounds, sizeof *engine);
    uint64_t before = bench->registry->counters[AVPN_REGISTRY_COUNT_KEEPALIVES];

    if (echo == NULL || full == NULL || engine == NULL) {
        die("calloc");
    }
    for (uint32_t i = 0; i < bench->rounds; i++) {
        for (int with_engine = 0; with_engine < 2; with_engine++) {
            random_keepalives(bench);
            client_sends(bench);
            bench->is_wired = true;
            uint64_t spent = serve_batch(bench, with_engine == 1);

            bench->is_wired = false;
            client_drains(bench);
            *(with_engine == 1 ? &full[i] : &echo[i]) = spent;
        }
        random_keepalives(bench);
        uint64_t begin = nanoseconds();

        receive(bench, bench->messages[0], REQUEST, REQUEST, BATCH);
        engine[i] = nanoseconds() - begin;
    }
    if (bench->registry->counters[AVPN_REGISTRY_COUNT_KEEPALIVES] - before !=
        2 * (uint64_t)bench->rounds * BATCH) {
        fprintf(stderr, "keepalives were not accepted\n");
        exit(EXIT_FAILURE);
    }
    double echo_ns = median(echo, bench->rounds) / BATCH;
    double full_ns = median(full, bench->rounds) / BATCH;

    printf("echo, recvmmsg + sendmmsg        %8.0f ns  %9.0f /s\n", echo_ns, 1e9 / echo_ns);
    printf("keepalive with the same          %8.0f ns  %9.0f /s  ratio %.2f (goal 0.85)\n", full_ns,
           1e9 / full_ns, echo_ns / full_ns);
    printf("keepalive, engine alone          %8.0f ns\n", median(engine, bench->rounds) / BATCH);
    free(echo);
    free(full);
    free(engine);
}

static void make_initiation(const struct bench *bench, uint8_t bytes[256])
{
    static const uint8_t prologue[] = "autovpn 1 registry";
    struct avpni_register_request request = {.organization = {{0, 0, 1}},
                                             .local = bench->client_contact};
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES];
    struct avpn_key_pair self, ephemeral;
    struct avpn_noise noise;

    (void)avpn_key_pair_from_secret(&(struct avpn_key){{42}}, &self);
    (void)avpn_key_pair_generate(&ephemeral);
    avpni_register_request_write(payload, &request);
    (void)avpn_noise_init_initiator(&noise, &self, &bench->identity.public_key, prologue,
                                    sizeof prologue - 1);
    memset(bytes, 0, 256);
    avpni_initiation_write_head(bytes, 1);
    (void)avpn_noise_write_1(&noise, &ephemeral.secret_key, payload, sizeof payload,
                             bytes + AVPNI_INITIATION_NOISE);
    avpni_mac1(bytes + 224, bytes, 224, &bench->identity.public_key);
}

static uint64_t bare_handshake(const struct bench *bench)
{
    struct avpn_key_pair ephemeral;
    struct avpn_key shared;
    uint64_t begin = nanoseconds();

    (void)avpn_key_pair_from_secret(&(struct avpn_key){{1}}, &ephemeral);
    for (int i = 0; i < 4; i++) {
        (void)avpni_dh(&shared, &ephemeral.secret_key, &bench->identity.public_key);
    }
    return nanoseconds() - begin;
}

/* The responder's half of Noise with payloads of these sizes, and nothing around it. */
static uint64_t noise_alone(const struct bench *bench, const uint8_t bytes[256])
{
    static const uint8_t answer[AVPNI_REGISTER_RESPONSE_BYTES];
    uint8_t payload[AVPNI_REGISTER_REQUEST_BYTES], out[AVPNI_RESPONSE_REGISTRY_BYTES];
    struct avpn_noise noise = bench->registry->responder;
    struct avpn_key key, ephemeral = {{9}};
    uint64_t begin = nanoseconds();

    if (avpn_noise_read_1(&noise, bytes + AVPNI_INITIATION_NOISE,
                          AVPNI_REGISTER_REQUEST_BYTES + AVPN_NOISE_1_OVERHEAD, &key,
                          payload) != AVPN_OK ||
        avpn_noise_write_2(&noise, &ephemeral, &(struct avpn_key){{0}}, answer, sizeof answer,
                           out) != AVPN_OK) {
        die("noise");
    }
    return nanoseconds() - begin;
}

static void bench_handshakes(struct bench *bench)
{
    static uint8_t bytes[256];
    static uint64_t full[HANDSHAKES], bare[HANDSHAKES], noise[HANDSHAKES], junk[HANDSHAKES];
    uint64_t before = bench->registry->counters[AVPN_REGISTRY_COUNT_HANDSHAKES];

    for (uint32_t i = 0; i < HANDSHAKES; i++) {
        make_initiation(bench, bytes);
        uint64_t begin = nanoseconds();

        receive(bench, bytes, sizeof bytes, sizeof bytes, 1);
        full[i] = nanoseconds() - begin;
        bare[i] = bare_handshake(bench);
        noise[i] = noise_alone(bench, bytes);
        bytes[20] ^= 1;
        begin = nanoseconds();
        receive(bench, bytes, 0, sizeof bytes, BATCH);
        junk[i] = nanoseconds() - begin;
    }
    if (bench->registry->counters[AVPN_REGISTRY_COUNT_HANDSHAKES] - before != HANDSHAKES) {
        fprintf(stderr, "handshakes were not answered\n");
        exit(EXIT_FAILURE);
    }
    double full_ns = median(full, HANDSHAKES), bare_ns = median(bare, HANDSHAKES);
    double noise_ns = median(noise, HANDSHAKES);

    printf("five scalar multiplications      %8.0f ns  %9.0f /s\n", bare_ns, 1e9 / bare_ns);
    printf("the Noise object alone           %8.0f ns\n", noise_ns);
    printf("handshake                        %8.0f ns  %9.0f /s  %.2f of the multiplications, "
           "%.2f of Noise (goal 1.10)\n",
           full_ns, 1e9 / full_ns, full_ns / bare_ns, full_ns / noise_ns);
    printf("junk initiation refused          %8.0f ns\n", median(junk, HANDSHAKES) / BATCH);
}

static void bench_memory(const struct bench *bench, uint64_t empty)
{
    struct avpn_registry_status status = {.size = sizeof status};

    (void)avpn_registry_status(bench->registry, &status);
    printf("nodes connected                  %8u\n", status.connected_count);
    printf("heap per node                    %8.1f bytes (goal 96, at most 128)\n",
           (double)(status.memory_bytes - status.configuration_bytes - empty) / bench->nodes);
    printf("the documents, per node          %8.1f bytes\n",
           (double)status.configuration_bytes / bench->nodes);
    printf("heap of an empty registry        %8" PRIu64 " bytes\n", empty);
}

static uint32_t argument(int argc, char **argv, int index, uint32_t otherwise)
{
    return argc > index ? (uint32_t)strtoul(argv[index], NULL, 10) : otherwise;
}

static void begin(struct bench *bench, int argc, char **argv)
{
    struct avpn_registry_options options = {.size = sizeof options,
                                            .handshakes_per_second = 1000000000};
    struct avpn_host host = {.size = sizeof host, .user = bench, .transmit = transmit};

    bench->nodes = argument(argc, argv, 1, 100000);
    bench->members = argument(argc, argv, 2, 10000);
    bench->hubs = argument(argc, argv, 3, 2);
    bench->rounds = argument(argc, argv, 4, 2000);
    if (bench->members == 0 || bench->members > AVPN_MEMBERS || bench->hubs > AVPN_HUBS ||
        bench->nodes < bench->members || bench->rounds == 0 || bench->rounds > ROUNDS_LIMIT) {
        fprintf(stderr, "usage: bench_registry [nodes] [members] [hubs] [rounds]\n");
        exit(EXIT_FAILURE);
    }
    bench->nodes -= bench->nodes % bench->members;
    bench->now = 1000 * AVPN_SECOND;
    bench->server = open_socket(&bench->server_address);
    bench->client = open_socket(&bench->client_address);
    bench->client_contact = (struct avpn_contact){
        .family = AVPN_FAMILY_IPV4, .port = ntohs(bench->client_address.sin_port)};
    memcpy(bench->client_contact.bytes, &bench->client_address.sin_addr, 4);
    (void)avpn_key_pair_generate(&bench->identity);
    options.identity = bench->identity;
    if (avpn_registry_new(&options, &host, bench->now, &bench->registry) != AVPN_OK) {
        die("registry");
    }
}

int main(int argc, char **argv)
{
    static struct bench bench;
    struct avpn_registry_status status = {.size = sizeof status};

    begin(&bench, argc, argv);
    sign(&bench);
    (void)avpn_registry_status(bench.registry, &status);
    uint64_t start = nanoseconds();

    for (uint32_t i = 0; i < bench.nodes / bench.members; i++) {
        serve(&bench, i);
    }
    uint64_t served = nanoseconds();

    register_nodes(&bench);
    printf("organizations                    %8u  in %.1f s\n", bench.nodes / bench.members,
           (double)(served - start) / 1e9);
    printf("registrations and %-9" PRIu64 "changes  in %.1f s\n",
           bench.registry->counters[AVPN_REGISTRY_COUNT_CHANGES],
           (double)(nanoseconds() - served) / 1e9);
    bench_memory(&bench, status.memory_bytes);
    bench_keepalives(&bench);
    bench_handshakes(&bench);
    avpn_registry_del(bench.registry);
    avpn_config_del(bench.config);
    free(bench.document);
    return EXIT_SUCCESS;
}
