/* SPDX-License-Identifier: ISC */
/*
 * bench_node: what a hub with 10,000 tunnels does for a packet, beside the bare AEAD of the same
 * provider with as many keys. Packets come in random order, each a run of its own, 64 in a call: nothing can
 * be done once for many, and keys are seldom in a cache.
 *
 *     bare  the provider's seal and open, with a key drawn at random for each packet
 *     node  avpn_node_send to a spoke drawn at random; avpn_node_receive of what random spokes sent
 *
 * Both go through the same PACKETS buffers in the same order. Ways take turns; a ratio is the
 * median of the rounds' ratios. The same with 1 and 100 of the tunnels shows what the caches do.
 *
 *     bench_node [--quick] [tunnels]
 */
#include <autovpn/aead.h>

#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TUNNELS 10000u
#define TUNNELS_QUICK 500u
#define TUNNELS_LIMIT 25000u
#define PACKETS 4096u /* in a round */
#define BATCH 64u
#define ROUNDS 41u
#define ROUNDS_QUICK 9u
#define ROOM_BYTES 1536u
#define TAG_BYTES 16u
#define LARGEST_BYTES 1400u
#define FORGET_BYTES (64u << 20) /* more than caches hold */
#define CACHE_LINE 64u
#define RAISE_STEPS 2000u /* milliseconds in which a tunnel has to be up */

enum way { BARE, NODE, WAYS };

static const char *const way_names[WAYS] = {"bare", "node"};

struct bench {
    struct net net;
    uint32_t tunnels; /* that stand */
    uint32_t used;    /* of them, by this measurement */
    uint32_t bytes, rounds;
    size_t text_bytes; /* of the same packet in ESP, with its trailer */
    const struct avpn_aead *aead;
    void **states; /* of the bare provider, one for each tunnel */
    uint64_t counter, random;
    uint8_t *forget;
    uint32_t place[PACKETS];            /* the spoke of each packet */
    struct avpn_packets plain[PACKETS]; /* each a run of one */
    struct avpn_datagrams sealed[PACKETS];
    uint8_t room[PACKETS][ROOM_BYTES];
    double seal[WAYS][ROUNDS], open[WAYS][ROUNDS]; /* ns per packet */
};

/* xorshift64*: the same order in each run */
static uint32_t draw(struct bench *bench, uint32_t below)
{
    bench->random ^= bench->random >> 12;
    bench->random ^= bench->random << 25;
    bench->random ^= bench->random >> 27;
    return (uint32_t)((bench->random * 2685821657736338717u) >> 32) % below;
}

/* ---- the network -------------------------------------------------------------------------- */

/* A tunnel with the other, and its path is known to carry the largest packet of all measurements. */
static bool is_ready(const struct net *net, uint32_t place, uint32_t other)
{
    struct avpn_peer_status peer = {.size = sizeof peer};

    return avpn_node_peer(net->sites[place].node, other + 1, &peer) == AVPN_OK &&
           peer.mtu_bytes >= LARGEST_BYTES;
}

static void tick(struct net *net, uint32_t place)
{
    struct avpn_node *node = net->sites[place].node;

    if (avpn_node_deadline(node) <= net->now)
        avpn_node_tick(node, net->now);
    net_drain(net);
}

/* Only the hub and this spoke live in that time. */
static void raise_tunnel(struct net *net, uint32_t place)
{
    net_open_alone(net, place);
    net_connect(net, place);
    for (uint32_t i = 0; i < RAISE_STEPS; i++) {
        if (is_ready(net, place, NET_HUB) && is_ready(net, NET_HUB, place))
            return;
        net->now += AVPN_MILLISECOND;
        tick(net, place);
        tick(net, NET_HUB);
    }
    net_die("a tunnel did not come up");
}

/* One packet of each spoke: what a session has to do once is done. */
static void use_tunnels(struct bench *bench)
{
    struct net *net = &bench->net;

    for (uint32_t place = 1; place <= bench->tunnels; place++) {
        struct avpn_packets run = {bench->room[0] + AVPN_HEADROOM, 1, 64, 64, 64};

        net_packet(run.data, place, NET_HUB, 64);
        avpn_node_send(net->sites[place].node, &run, 1, net->now);
        net_drain(net);
    }
    if (net->sites[NET_HUB].delivered != bench->tunnels)
        net_die("a tunnel carries nothing");
}

static void begin(struct bench *bench)
{
    size_t bytes;
    uint8_t key[32] = {0};

    bench->random = 88172645463325252u;
    bench->aead = avpn_aead_find(AVPN_SUITE_AES_256_GCM);
    if (bench->aead == NULL)
        net_die("no AES-256-GCM on this machine");
    bytes = (bench->aead->state_bytes + AVPN_AEAD_ALIGN - 1) / AVPN_AEAD_ALIGN * AVPN_AEAD_ALIGN;
    bench->states = calloc(bench->tunnels, sizeof *bench->states);
    bench->forget = calloc(FORGET_BYTES, 1);
    if (bench->states == NULL || bench->forget == NULL)
        net_die("memory");
    for (uint32_t i = 0; i < bench->tunnels; i++) {
        memcpy(key, &i, sizeof i);
        bench->states[i] = aligned_alloc(AVPN_AEAD_ALIGN, bytes);
        if (bench->states[i] == NULL || bench->aead->set_key(bench->aead->user, bench->states[i], key))
            net_die("keys");
    }
    net_begin(&bench->net, bench->tunnels, AVPN_SUITE_AES_256_GCM);
    net_open(&bench->net, NET_HUB);
    net_connect(&bench->net, NET_HUB);
    for (uint32_t place = 1; place <= bench->tunnels; place++)
        raise_tunnel(&bench->net, place);
    use_tunnels(bench);
    bench->net.is_captured = true;
}

static void end(struct bench *bench)
{
    net_end(&bench->net);
    for (uint32_t i = 0; i < bench->tunnels; i++) {
        if (bench->aead->clear_key != NULL)
            bench->aead->clear_key(bench->aead->user, bench->states[i]);
        free(bench->states[i]);
    }
    free(bench->states);
    free(bench->forget);
}

/* ---- bare --------------------------------------------------------------------------------- */

static void bare_seal(struct bench *bench, uint32_t first)
{
    uint8_t nonce[12] = {1}, ad[12] = {2};

    for (uint32_t i = first; i < first + BATCH; i++) {
        uint8_t *text = bench->plain[i].data;
        uint64_t counter = bench->counter + i;

        memcpy(nonce + 4, &counter, sizeof counter);
        memcpy(ad + 4, &counter, sizeof counter);
        bench->aead->seal(bench->aead->user, bench->states[bench->place[i] - 1], text,
                          bench->text_bytes, text + bench->text_bytes, ad, sizeof ad, nonce);
    }
}

static void bare_open(struct bench *bench, uint32_t first)
{
    uint8_t nonce[12] = {1}, ad[12] = {2};

    for (uint32_t i = first; i < first + BATCH; i++) {
        uint8_t *text = bench->plain[i].data;
        uint64_t counter = bench->counter + i;

        memcpy(nonce + 4, &counter, sizeof counter);
        memcpy(ad + 4, &counter, sizeof counter);
        if (bench->aead->open(bench->aead->user, bench->states[bench->place[i] - 1], text,
                              bench->text_bytes, text + bench->text_bytes, ad, sizeof ad, nonce) != 1)
            net_die("bare");
    }
}

/* ---- node --------------------------------------------------------------------------------- */

static void node_seal(struct bench *bench, uint32_t first)
{
    bench->net.captured_count = 0;
    avpn_node_send(bench->net.sites[NET_HUB].node, bench->plain + first, BATCH, bench->net.now);
}

static void node_open(struct bench *bench, uint32_t first)
{
    avpn_node_receive(bench->net.sites[NET_HUB].node, bench->sealed + first, BATCH, bench->net.now);
}

/* What the spokes send, as the hub's socket would give it. */
static void spokes_seal(struct bench *bench)
{
    struct net *net = &bench->net;

    for (uint32_t i = 0; i < PACKETS; i++) {
        net->captured_count = 0;
        avpn_node_send(net->sites[bench->place[i]].node, &bench->plain[i], 1, net->now);
        if (net->captured_count != 1)
            net_die("a spoke sent nothing");
        bench->sealed[i] = net->captured[0];
    }
}

/* ---- measuring ----------------------------------------------------------------------------- */

static void fill(struct bench *bench, bool is_to_hub)
{
    for (uint32_t i = 0; i < PACKETS; i++) {
        uint8_t *data = bench->room[i] + AVPN_HEADROOM;

        bench->plain[i] = (struct avpn_packets){data, 1, bench->bytes, bench->bytes, bench->bytes};
        net_packet(data, is_to_hub ? bench->place[i] : NET_HUB, is_to_hub ? NET_HUB : bench->place[i],
                   bench->bytes);
    }
}

/* What the pass before left in the caches is gone, but for the packets: each pass begins alike. */
static void forget(struct bench *bench)
{
    volatile uint8_t *room = bench->room[0];

    for (size_t i = 0; i < FORGET_BYTES; i += CACHE_LINE)
        bench->forget[i]++;
    for (size_t i = 0; i < sizeof bench->room; i += CACHE_LINE)
        (void)room[i];
}

static double timed(struct bench *bench, void (*batch)(struct bench *, uint32_t))
{
    uint64_t start;

    forget(bench);
    start = net_cpu_nanoseconds();
    for (uint32_t i = 0; i < PACKETS; i += BATCH)
        batch(bench, i);
    return (double)(net_cpu_nanoseconds() - start) / PACKETS;
}

static void measure_round(struct bench *bench, uint32_t round)
{
    for (uint32_t i = 0; i < PACKETS; i++)
        bench->place[i] = 1 + draw(bench, bench->used);
    fill(bench, false);
    bench->seal[BARE][round] = timed(bench, bare_seal);
    bench->open[BARE][round] = timed(bench, bare_open);
    bench->counter += PACKETS;
    fill(bench, false);
    bench->seal[NODE][round] = timed(bench, node_seal);
    fill(bench, true);
    spokes_seal(bench);
    bench->open[NODE][round] = timed(bench, node_open);
}

static void report(struct bench *bench, enum way way, bool is_open)
{
    double(*const all)[ROUNDS] = is_open ? bench->open : bench->seal;
    double value[ROUNDS], ratio[ROUNDS], more[ROUNDS];

    for (uint32_t i = 0; i < bench->rounds; i++) {
        value[i] = all[way][i];
        ratio[i] = all[way][i] / all[BARE][i];
        more[i] = all[way][i] - all[BARE][i];
    }
    printf("%7u %5u  %-4s  %-4s %8.1f %+8.1f %7.3f\n", bench->used, bench->bytes, way_names[way],
           is_open ? "open" : "seal", net_median(value, bench->rounds),
           net_median(more, bench->rounds), net_median(ratio, bench->rounds));
}

static void measure(struct bench *bench, uint32_t used, uint32_t bytes)
{
    struct net_site *hub = &bench->net.sites[NET_HUB];
    uint64_t before = hub->delivered;

    bench->used = used;
    bench->bytes = bytes;
    bench->text_bytes = avpn_sealed_bytes(bytes) - AVPN_HEADROOM - TAG_BYTES;
    for (uint32_t round = 0; round < bench->rounds; round++)
        measure_round(bench, round);
    if (hub->delivered - before != (uint64_t)PACKETS * bench->rounds)
        net_die("packets were lost");
    for (int way = 0; way < WAYS; way++) {
        report(bench, (enum way)way, false);
        report(bench, (enum way)way, true);
    }
}

int main(int argc, char **argv)
{
    static const uint32_t sizes[] = {64, 256, LARGEST_BYTES};
    static struct bench bench;
    bool is_quick = net_is_quick(argc, argv);
    int place = is_quick ? 2 : 1;

    bench.tunnels = argc > place ? (uint32_t)strtoul(argv[place], NULL, 10)
                                 : is_quick ? TUNNELS_QUICK : TUNNELS;
    if (bench.tunnels == 0 || bench.tunnels > TUNNELS_LIMIT)
        net_die("usage: bench_node [--quick] [tunnels]");
    bench.rounds = is_quick ? ROUNDS_QUICK : ROUNDS;
    begin(&bench);
    printf("%s, packets in random order, %u in a call, %u rounds of %u; goal with 10,000: x1.25\n",
           bench.aead->name, BATCH, bench.rounds, PACKETS);
    printf("%7s %5s  %-4s  %-4s %8s %8s %7s\n", "tunnels", "bytes", "way", "", "ns", "+ns", "ratio");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        measure(&bench, 1, sizes[i]);
        if (bench.tunnels > 100)
            measure(&bench, 100, sizes[i]);
        if (bench.tunnels > 1)
            measure(&bench, bench.tunnels, sizes[i]);
    }
    end(&bench);
    return EXIT_SUCCESS;
}
