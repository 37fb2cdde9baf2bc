/* SPDX-License-Identifier: ISC */
/*
 * bench_sa: what a packet costs through an SA and through whole nodes, beside the bare AEAD of the
 * same provider over the same bytes. All in place, in warm buffers, 64 packets at a time:
 *
 *     aead    the provider's seal and open, with 12 bytes of additional data
 *     sa      avpn_sa_seal and avpn_sa_open
 *     run     avpn_node_send of one run of 64 packets; what it transmits goes to avpn_node_receive
 *     single  the same as 64 runs of one packet each
 *
 * Ways take turns in slices of about a millisecond. A ratio is the median of the rounds' ratios.
 *
 *     bench_sa [--quick]
 */
#include "crypto/aead.h"
#include "crypto/box.h"
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64
#define ROUNDS 51
#define ROUNDS_QUICK 15
#define SLICE_BYTES 300000u /* text in one slice, roughly */
#define SLICE_BATCHES 60u   /* ... and packets / 64 at most */
#define STRIDE_LIMIT 1536

enum way { AEAD, SA, RUN, SINGLE, WAYS };

static const char *const way_names[WAYS] = {"aead", "sa", "run", "single"};

struct bench {
    uint32_t bytes, sealed, rounds;
    uint8_t suite;
    const struct avpn_aead *aead;
    void *state;
    uint64_t counter;
    struct avpn_sa *sender, *receiver;
    struct net net;
    uint8_t room[BATCH * STRIDE_LIMIT];
    double seal[WAYS][ROUNDS], open[WAYS][ROUNDS]; /* ns per packet */
};

static void aead_nonce(uint8_t nonce[12], uint8_t ad[12], uint64_t counter)
{
    memset(nonce, 1, 12);
    memset(ad, 2, 12);
    memcpy(nonce + 4, &counter, sizeof counter);
    memcpy(ad + 4, &counter, sizeof counter);
}

static void run_aead(struct bench *bench, bool is_open)
{
    size_t text = bench->sealed - 32; /* as in ESP: without header, IV and tag */
    uint8_t nonce[12], ad[12];

    for (uint32_t i = 0; i < BATCH; i++) {
        uint8_t *at = bench->room + (size_t)i * bench->sealed + AVPN_HEADROOM;

        aead_nonce(nonce, ad, bench->counter + i);
        if (!is_open)
            bench->aead->seal(bench->aead->user, bench->state, at, text, at + text, ad, sizeof ad, nonce);
        else if (!bench->aead->open(bench->aead->user, bench->state, at, text, at + text, ad,
                                    sizeof ad, nonce))
            net_die("aead");
    }
    if (is_open)
        bench->counter += BATCH;
}

static void run_sa(struct bench *bench, bool is_open)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        uint8_t *at = bench->room + (size_t)i * bench->sealed;

        if (is_open ? avpn_sa_open(bench->receiver, at, bench->sealed) != (int32_t)bench->bytes
                    : avpn_sa_seal(bench->sender, at + AVPN_HEADROOM, bench->bytes) !=
                          (int32_t)bench->sealed)
            net_die("sa");
    }
}

static void node_open(struct bench *bench)
{
    struct net *net = &bench->net;

    avpn_node_receive(net->sites[NET_HUB].node, net->captured, net->captured_count, net->now);
}

static void run_node(struct bench *bench, bool is_open)
{
    struct net *net = &bench->net;
    struct avpn_packets run = {bench->room + AVPN_HEADROOM, BATCH, bench->bytes, bench->bytes,
                               bench->sealed};

    if (is_open) {
        node_open(bench);
        return;
    }
    net->captured_count = 0;
    avpn_node_send(net->sites[1].node, &run, 1, net->now);
}

static void split_captured(struct bench *bench)
{
    struct net *net = &bench->net;
    struct avpn_datagrams first = net->captured[0];

    for (uint32_t i = 0; i < BATCH; i++) {
        net->captured[i] = first;
        net->captured[i].packets = (struct avpn_packets){
            bench->room + (size_t)i * bench->sealed, 1, bench->sealed, bench->sealed,
            bench->sealed};
    }
    net->captured_count = BATCH;
}

static void run_single(struct bench *bench, bool is_open)
{
    struct net *net = &bench->net;
    struct avpn_packets runs[BATCH];

    if (is_open) {
        node_open(bench);
        return;
    }
    for (uint32_t i = 0; i < BATCH; i++)
        runs[i] = (struct avpn_packets){bench->room + (size_t)i * bench->sealed + AVPN_HEADROOM, 1,
                                        bench->bytes, bench->bytes, bench->bytes};
    net->captured_count = 0;
    avpn_node_send(net->sites[1].node, runs, BATCH, net->now);
}

static void slice(struct bench *bench, enum way way, uint32_t round)
{
    static void (*const runs[WAYS])(struct bench *, bool) = {run_aead, run_sa, run_node,
                                                             run_single};
    uint32_t batches = SLICE_BYTES / bench->bytes / BATCH + 1, packets;
    uint64_t seal = 0, open = 0;

    batches = batches < SLICE_BATCHES ? batches : SLICE_BATCHES;
    packets = batches * BATCH;
    for (uint32_t i = 0; i < batches; i++) {
        uint64_t begin = net_nanoseconds();

        runs[way](bench, false);
        seal += net_nanoseconds() - begin;
        if (way == SINGLE)
            split_captured(bench);
        begin = net_nanoseconds();
        runs[way](bench, true);
        open += net_nanoseconds() - begin;
    }
    bench->seal[way][round] = (double)seal / packets;
    bench->open[way][round] = (double)open / packets;
}

static void fill(struct bench *bench)
{
    for (uint32_t i = 0; i < BATCH; i++)
        net_packet(bench->room + (size_t)i * bench->sealed + AVPN_HEADROOM, 1, NET_HUB,
                   bench->bytes);
}

static void report(struct bench *bench, enum way way, bool is_open)
{
    double(*const all)[ROUNDS] = is_open ? bench->open : bench->seal;
    double value[ROUNDS], ratio[ROUNDS], more[ROUNDS];

    for (uint32_t i = 0; i < bench->rounds; i++) {
        value[i] = all[way][i];
        ratio[i] = all[way][i] / all[AEAD][i];
        more[i] = all[way][i] - all[AEAD][i];
    }
    printf("%-18s %5u  %-6s  %-4s %8.1f %+8.1f %7.3f\n", avpn_suite_name(bench->suite),
           bench->bytes, way_names[way], is_open ? "open" : "seal",
           net_median(value, bench->rounds), net_median(more, bench->rounds),
           net_median(ratio, bench->rounds));
}

static void measure(struct bench *bench, uint32_t bytes)
{
    uint64_t before = bench->net.sites[NET_HUB].delivered, batches;

    bench->bytes = bytes;
    bench->sealed = avpn_sealed_bytes(bytes);
    for (uint32_t round = 0; round < bench->rounds; round++) {
        for (int way = 0; way < WAYS; way++) {
            fill(bench);
            slice(bench, (enum way)way, round);
        }
    }
    batches = SLICE_BYTES / bytes / BATCH + 1;
    batches = batches < SLICE_BATCHES ? batches : SLICE_BATCHES;
    if (bench->net.sites[NET_HUB].delivered - before != 2 * batches * BATCH * bench->rounds)
        net_die("packets were lost");
    for (int way = 0; way < WAYS; way++) {
        report(bench, (enum way)way, false);
        report(bench, (enum way)way, true);
    }
}

static void begin(struct bench *bench, uint8_t suite)
{
    struct avpn_sa_parameters p = {.size = sizeof p, .spi = 4096, .suite = suite, .key = {3}};
    uint8_t key[32] = {3};

    bench->suite = suite;
    bench->aead = avpn_aead_find(suite);
    bench->state = aligned_alloc(64, (bench->aead->state_bytes + 63) / 64 * 64);
    if (bench->state == NULL || avpn_sa_new_sender(&p, NULL, &bench->sender) ||
        avpn_sa_new_receiver(&p, NULL, &bench->receiver))
        net_die("sa");
    bench->aead->set_key(bench->aead->user, bench->state, key);
    net_begin(&bench->net, 1, suite);
    for (uint32_t i = 0; i < 2; i++) {
        net_open(&bench->net, i);
        net_connect(&bench->net, i);
    }
    net_run(&bench->net, 10 * AVPN_SECOND);
    if (net_tunnels(&bench->net) != 1)
        net_die("no tunnel");
    bench->net.is_captured = true;
}

static void end(struct bench *bench)
{
    net_end(&bench->net);
    avpn_sa_del(bench->sender);
    avpn_sa_del(bench->receiver);
    free(bench->state);
}

int main(int argc, char **argv)
{
    static const uint8_t suites[] = {AVPN_SUITE_AES_256_GCM, AVPN_SUITE_CHACHA20_POLY1305};
    static const uint32_t sizes[] = {64, 1400};
    static struct bench bench;

    if (avpni_crypto_init() < 0)
        net_die("crypto");
    bench.rounds = net_is_quick(argc, argv) ? ROUNDS_QUICK : ROUNDS;
    printf("one core, %u packets a batch, %u rounds; goal: 64 bytes +25 ns, 1400 bytes x1.10\n",
           BATCH, bench.rounds);
    printf("%-18s %5s  %-6s  %-4s %8s %8s %7s\n", "suite", "bytes", "way", "", "ns", "+ns",
           "ratio");
    for (size_t i = 0; i < sizeof suites; i++) {
        if (!avpn_suite_is_available(suites[i])) {
            printf("%s: not on this machine\n", avpn_suite_name(suites[i]));
            continue;
        }
        begin(&bench, suites[i]);
        for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
            measure(&bench, sizes[k]);
        end(&bench);
    }
    return EXIT_SUCCESS;
}
