/* SPDX-License-Identifier: ISC */
/* net: see net.h. */
#define _POSIX_C_SOURCE 200809L
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WIRE 16384
#define DATAGRAM 1536
#define BLOCK_HEAD 16
#define STEP AVPN_MILLISECOND
#define REGISTRY "198.51.100.1"
#define NOBODY "198.51.100.255" /* no datagram to it arrives */

struct net_datagram {
    struct avpn_contact from, to;
    uint32_t bytes;
    uint8_t data[DATAGRAM];
};

void net_die(const char *what)
{
    fprintf(stderr, "failed: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- figures -------------------------------------------------------------------------- */

uint64_t net_nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t net_cpu_nanoseconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

double net_median(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, compare);
    return values[count / 2];
}

bool net_is_quick(int argc, char **argv)
{
    return argc > 1 && strcmp(argv[1], "--quick") == 0;
}

/* ---- seams ---------------------------------------------------------------------------- */

static void *allocate(void *user, size_t bytes)
{
    struct net_site *site = user;
    uint8_t *block = malloc(bytes + BLOCK_HEAD);

    if (block == NULL)
        return NULL;
    memcpy(block, &bytes, sizeof bytes);
    site->live_bytes += bytes;
    site->live_blocks++;
    return block + BLOCK_HEAD;
}

static void release(void *user, void *memory)
{
    struct net_site *site = user;
    size_t bytes;

    if (memory == NULL)
        return;
    memcpy(&bytes, (uint8_t *)memory - BLOCK_HEAD, sizeof bytes);
    site->live_bytes -= bytes;
    site->live_blocks--;
    free((uint8_t *)memory - BLOCK_HEAD);
}

static void *resize(void *user, void *memory, size_t bytes)
{
    void *block = allocate(user, bytes);
    size_t old = 0;

    if (block == NULL || memory == NULL)
        return block;
    memcpy(&old, (uint8_t *)memory - BLOCK_HEAD, sizeof old);
    memcpy(block, memory, old < bytes ? old : bytes);
    release(user, memory);
    return block;
}

static void post(struct net_site *site, const struct avpn_datagrams *run)
{
    struct net *net = site->net;

    for (uint32_t k = 0; k < run->packets.count; k++) {
        const struct avpn_packets *p = &run->packets;
        struct net_datagram *d = &net->wire[net->sent % WIRE];

        d->bytes = k + 1 < p->count ? p->bytes : p->last_bytes;
        if (d->bytes > DATAGRAM || net->sent - net->received >= WIRE)
            continue;
        d->from = site->contact;
        d->to = run->remote;
        memcpy(d->data, p->data + (size_t)k * p->stride, d->bytes);
        net->sent++;
    }
}

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    struct net_site *site = user;
    struct net *net = site->net;

    for (size_t i = 0; i < count; i++) {
        if (!net->is_captured) {
            post(site, &batch[i]);
        } else if (net->captured_count < NET_CAPTURED) {
            net->captured[net->captured_count] = batch[i];
            net->captured[net->captured_count++].remote = site->contact;
        }
    }
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ((struct net_site *)user)->delivered += batch[i].count;
}

static struct avpn_host seams(struct net_site *site)
{
    return (struct avpn_host){.size = sizeof(struct avpn_host),
                              .user = site,
                              .allocate = allocate,
                              .resize = resize,
                              .release = release,
                              .transmit = transmit,
                              .deliver = deliver};
}

/* ---- making ---------------------------------------------------------------------------- */

static void place_subnet(uint8_t address[4], uint32_t place)
{
    address[0] = 10;
    address[1] = (uint8_t)(place >> 8);
    address[2] = (uint8_t)place;
    address[3] = 0;
}

static void add_member(const struct net *net, struct avpn_config *config, uint32_t place)
{
    struct avpn_member member = {.size = sizeof member, .id = place + 1, .export_count = 1,
                                 .key = net->sites[place].key.public_key,
                                 .role = place == NET_HUB ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE,
                                 .hub_count = place != NET_HUB,
                                 .uplink_count = place == NET_HUB};

    snprintf(member.name, sizeof member.name, "site-%u", place);
    member.hubs[0].member = place == NET_HUB ? 0 : NET_HUB + 1;
    member.exports[0].family = AVPN_FAMILY_IPV4;
    member.exports[0].length = 24;
    place_subnet(member.exports[0].bytes, place);
    if (place == NET_HUB)
        member.manual[0] = net->sites[place].contact;
    if (avpn_config_add_member(config, &member) != AVPN_OK)
        net_die("add member");
}

static struct avpn_config *begin_config(struct net *net, const char *registry)
{
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350,
                                        .key = net->registry_site.key.public_key};
    struct avpn_config *config;

    snprintf(entry.host, sizeof entry.host, "%s", registry);
    if (avpn_config_new(NULL, &config) || avpn_config_set_name(config, "bench") ||
        avpn_config_add_registry(config, &entry) ||
        (net->suite != 0 && avpn_config_set_suites(config, &net->suite, 1)))
        net_die("configuration");
    return config;
}

/* The bundle; to be freed. Takes the configuration. */
static uint8_t *sign(struct net *net, struct avpn_config *config, size_t *bytes_out)
{
    struct avpn_publication publication = {.size = sizeof publication, .psk_epoch = 1,
                                           .version = 1, .psk = {{7}}};
    struct avpn_authority *authority;
    uint8_t *bundle;

    if (avpn_authority_new(NULL, &authority) ||
        avpn_authority_add_root(authority, &(struct avpn_key){{1}}) ||
        avpn_authority_add_signer(authority, &(struct avpn_key){{2}}) ||
        avpn_authority_organization(authority, &net->organization))
        net_die("authority");
    avpn_authority_sign(authority, config, &publication, NULL, 0, bytes_out);
    bundle = malloc(*bytes_out);
    if (bundle == NULL ||
        avpn_authority_sign(authority, config, &publication, bundle, *bytes_out, bytes_out))
        net_die("sign");
    avpn_authority_del(authority);
    avpn_config_del(config);
    return bundle;
}

static void publish(struct net *net)
{
    struct avpn_config *config = begin_config(net, REGISTRY);

    for (uint32_t i = 0; i < net->count; i++)
        add_member(net, config, i);
    net->bundle = sign(net, config, &net->bundle_bytes);
}

static void init_site(struct net *net, struct net_site *site, uint32_t place)
{
    site->net = net;
    if (avpn_key_pair_generate(&site->key) != AVPN_OK)
        net_die("key");
    site->contact = (struct avpn_contact){
        .family = AVPN_FAMILY_IPV4, .port = 40000,
        .bytes = {100, 64, (uint8_t)(place >> 8), (uint8_t)place}};
}

void net_begin(struct net *net, uint32_t spokes, uint8_t suite)
{
    struct avpn_registry_options options = {.size = sizeof options,
                                            .handshakes_per_second = 1000000};
    struct avpn_host host;

    memset(net, 0, sizeof *net);
    net->now = 1000 * AVPN_SECOND;
    net->suite = suite;
    net->count = spokes + 1;
    net->sites = calloc(net->count, sizeof *net->sites);
    net->wire = calloc(WIRE, sizeof *net->wire);
    if (net->sites == NULL || net->wire == NULL)
        net_die("memory");
    for (uint32_t i = 0; i < net->count; i++)
        init_site(net, &net->sites[i], i);
    init_site(net, &net->registry_site, 0);
    avpn_contact_parse(REGISTRY ":9350", &net->registry_site.contact);
    publish(net);
    host = seams(&net->registry_site);
    options.identity = net->registry_site.key;
    if (avpn_registry_new(&options, &host, net->now, &net->registry) ||
        avpn_registry_set_organization(net->registry, &net->organization, net->bundle,
                                       net->bundle_bytes, net->now))
        net_die("registry");
}

void net_end(struct net *net)
{
    for (uint32_t i = 0; i < net->count; i++) {
        avpn_node_del(net->sites[i].node);
        if (net->sites[i].live_blocks != 0)
            net_die("a node leaked");
    }
    avpn_registry_del(net->registry);
    if (net->registry_site.live_blocks != 0)
        net_die("the registry leaked");
    free(net->sites);
    free(net->bundle);
    free(net->wire);
}

static void make_node(struct net *net, uint32_t place, const uint8_t *bundle, size_t bundle_bytes)
{
    struct net_site *site = &net->sites[place];
    struct avpn_host host = seams(site);
    struct avpn_node_options options = {.size = sizeof options,
                                        .organization = net->organization,
                                        .identity = site->key,
                                        .bundle = bundle,
                                        .bundle_bytes = bundle_bytes,
                                        .handshakes_per_second = 1000000};

    host.aeads = net->aeads;
    if (avpn_node_new(&options, &host, net->now, &site->node) != AVPN_OK)
        net_die("node");
}

void net_open(struct net *net, uint32_t place)
{
    make_node(net, place, net->bundle, net->bundle_bytes);
}

void net_open_alone(struct net *net, uint32_t place)
{
    struct avpn_config *config = begin_config(net, NOBODY);
    size_t bundle_bytes;
    uint8_t *bundle;

    add_member(net, config, NET_HUB);
    add_member(net, config, place);
    bundle = sign(net, config, &bundle_bytes);
    make_node(net, place, bundle, bundle_bytes);
    free(bundle);
}

void net_connect(struct net *net, uint32_t place)
{
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1,
                                 .local = net->sites[place].contact};

    if (avpn_node_set_uplink(net->sites[place].node, 0, &uplink, net->now) != AVPN_OK)
        net_die("uplink");
}

/* ---- time ---------------------------------------------------------------------------------- */

void net_drain(struct net *net)
{
    for (; net->received != net->sent; net->received++) {
        struct net_datagram *d = &net->wire[net->received % WIRE];
        struct avpn_datagrams in = {0, d->from, {d->data, 1, d->bytes, d->bytes, d->bytes}};
        uint32_t place = (uint32_t)d->to.bytes[2] << 8 | d->to.bytes[3];

        if (memcmp(&d->to, &net->registry_site.contact, sizeof d->to) == 0)
            avpn_registry_receive(net->registry, &in, 1, net->now);
        else if (place < net->count && net->sites[place].node != NULL)
            avpn_node_receive(net->sites[place].node, &in, 1, net->now);
    }
}

static avpn_time next_deadline(const struct net *net)
{
    avpn_time next = avpn_registry_deadline(net->registry);

    for (uint32_t i = 0; i < net->count; i++)
        if (net->sites[i].node != NULL && avpn_node_deadline(net->sites[i].node) < next)
            next = avpn_node_deadline(net->sites[i].node);
    return next;
}

void net_run(struct net *net, avpn_span span)
{
    avpn_time end = net->now + span;

    net_drain(net);
    while (net->now < end) {
        avpn_time next = next_deadline(net);

        if (next < net->now + STEP)
            next = net->now + STEP;
        net->now = next < end ? next : end;
        avpn_registry_tick(net->registry, net->now);
        net_drain(net);
        for (uint32_t i = 0; i < net->count; i++)
            if (net->sites[i].node != NULL && avpn_node_deadline(net->sites[i].node) <= net->now) {
                avpn_node_tick(net->sites[i].node, net->now);
                net_drain(net);
            }
    }
}

uint32_t net_tunnels(const struct net *net)
{
    struct avpn_node_status status = {.size = sizeof status};

    if (avpn_node_status(net->sites[NET_HUB].node, &status) != AVPN_OK)
        net_die("status");
    return status.tunnels_up;
}

/* ---- packets -------------------------------------------------------------------------- */

void net_packet(uint8_t *packet, uint32_t from, uint32_t to, uint32_t bytes)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < bytes; i++)
        packet[i] = (uint8_t)(i * 7);
    memset(packet, 0, 20);
    packet[0] = 0x45;
    packet[2] = (uint8_t)(bytes >> 8);
    packet[3] = (uint8_t)bytes;
    packet[8] = 64;
    packet[9] = 253;
    place_subnet(packet + 12, from);
    place_subnet(packet + 16, to);
    packet[15] = packet[19] = 1;
    for (uint32_t i = 0; i < 20; i += 2)
        sum += (uint32_t)packet[i] << 8 | packet[i + 1];
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFF) + (sum >> 16);
    packet[10] = (uint8_t)(~sum >> 8);
    packet[11] = (uint8_t)~sum;
}
