/* SPDX-License-Identifier: ISC */
/*
 * bench_sa: what a packet costs through an SA and through whole nodes, beside the bare AEAD of the
 * same provider over the same bytes, for every provider of the build. All in place, in warm buffers, 64 packets at a time:
 *
 *     aead    the provider's seal and open, with 12 bytes of additional data
 *     sa      64 packets through an SA in one batch, as a node does
 *     call    avpn_sa_seal and avpn_sa_open
 *     run     avpn_node_send of one run of 64 packets; what it transmits goes to avpn_node_receive
 *     single  the same as 64 runs of one packet each
 *
 * Ways take turns in slices of about a millisecond. A ratio is the median of the rounds' ratios. `keys` is about many
 * tunnels instead (bench_sa_keys.c).
 *
 *     bench_sa [keys] [--quick] [--provider NAME]
 */
#include "bench_sa.h"
#include "crypto/box.h"
#include "crypto/esp.h"
#include "net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 64
#define ROUNDS 51
#define ROUNDS_QUICK 15
#define SLICE_BYTES 300000u /* text in one slice, roughly */
#define SLICE_BATCHES 60u   /* ... and packets / 64 at most */
#define STRIDE_LIMIT 9216
#define NODE_BYTES_LIMIT 1400 /* what a path of 1500 bytes carries whole */

enum way { AEAD, SA, CALL, RUN, SINGLE, WAYS };

static const char *const way_names[WAYS] = {"aead", "sa", "call", "run", "single"};

struct bench {
    uint32_t bytes, sealed, rounds;
    const struct avpn_aead *aead;
    void *state;
    struct avpni_sa *send_batch, *receive_batch;
    uint8_t nonces[BATCH][12], ads[BATCH][12]; /* made once: what is made just before costs more to read */
    struct avpn_sa *sender, *receiver;
    struct net net;
    uint8_t room[BATCH * STRIDE_LIMIT];
    double seal[WAYS][ROUNDS], open[WAYS][ROUNDS]; /* ns per packet */
};

static void run_aead(struct bench *bench, bool is_open)
{
    size_t text = bench->sealed - 32; /* as in ESP: without header, IV and tag */

    for (uint32_t i = 0; i < BATCH; i++) {
        uint8_t *at = bench->room + (size_t)i * bench->sealed + AVPN_HEADROOM;
        const uint8_t *nonce = bench->nonces[i], *ad = bench->ads[i];

        if (!is_open)
            bench->aead->seal(bench->aead->user, bench->state, at, text, at + text, ad, 12, nonce);
        else if (!bench->aead->open(bench->aead->user, bench->state, at, text, at + text, ad, 12,
                                    nonce))
            net_die("aead");
    }
}

static void run_sa(struct bench *bench, bool is_open)
{
    struct avpni_esp_item items[BATCH];
    int32_t expected = (int32_t)(is_open ? bench->bytes : bench->sealed);

    for (uint32_t i = 0; i < BATCH; i++) {
        items[i].bytes = bench->room + (size_t)i * bench->sealed + (is_open ? 0 : AVPN_HEADROOM);
        items[i].count = is_open ? bench->sealed : bench->bytes;
    }
    if (is_open)
        avpni_esp_open_batch(bench->receive_batch, items, BATCH, false);
    else
        avpni_esp_seal_batch(bench->send_batch, items, BATCH, false);
    for (uint32_t i = 0; i < BATCH; i++)
        if (items[i].result != expected)
            net_die("batch");
}

static void run_call(struct bench *bench, bool is_open)
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
    static void (*const runs[WAYS])(struct bench *, bool) = {run_aead, run_sa, run_call, run_node,
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
    printf("%-18s %-9s %5u  %-6s  %-4s %8.1f %+8.1f %7.3f\n",
           avpn_suite_name(bench->aead->suite), bench->aead->name, bench->bytes, way_names[way], is_open ? "open" : "seal",
           net_median(value, bench->rounds), net_median(more, bench->rounds),
           net_median(ratio, bench->rounds));
}

static void measure(struct bench *bench, uint32_t bytes)
{
    uint64_t before = bench->net.sites[NET_HUB].delivered, batches;
    int ways = bytes <= NODE_BYTES_LIMIT ? WAYS : RUN;

    bench->bytes = bytes;
    bench->sealed = avpn_sealed_bytes(bytes);
    for (uint32_t round = 0; round < bench->rounds; round++) {
        for (int way = 0; way < ways; way++) {
            fill(bench);
            slice(bench, (enum way)way, round);
        }
    }
    batches = SLICE_BYTES / bytes / BATCH + 1;
    batches = batches < SLICE_BATCHES ? batches : SLICE_BATCHES;
    if (ways == WAYS &&
        bench->net.sites[NET_HUB].delivered - before != 2 * batches * BATCH * bench->rounds)
        net_die("packets were lost");
    for (int way = 0; way < ways; way++) {
        report(bench, (enum way)way, false);
        report(bench, (enum way)way, true);
    }
}

static struct avpni_sa *place_sa(const struct avpn_sa_parameters *p, bool is_receiver)
{
    size_t bytes = avpni_esp_bytes(p->aead, p->window, is_receiver);
    struct avpni_sa *sa = bench_place(bytes);

    if (avpni_esp_init(sa, p, is_receiver) != AVPN_OK)
        net_die("sa");
    return sa;
}

static void begin(struct bench *bench, const struct avpn_aead *aead)
{
    const struct avpn_aead *own[] = {aead, NULL};
    struct avpn_sa_parameters p = {.size = sizeof p, .spi = 4096, .suite = aead->suite,
                                   .key = {3}, .aead = aead};
    uint8_t key[32] = {3};

    for (uint32_t i = 0; i < BATCH; i++)
        bench->nonces[i][11] = bench->ads[i][11] = (uint8_t)i;
    bench->aead = aead;
    bench->state = bench_place(aead->state_bytes);
    bench->send_batch = place_sa(&p, false);
    bench->receive_batch = place_sa(&p, true);
    if (aead->set_key(aead->user, bench->state, key) != 0 ||
        avpn_sa_new_sender(&p, NULL, &bench->sender) ||
        avpn_sa_new_receiver(&p, NULL, &bench->receiver))
        net_die("sa");
    net_begin(&bench->net, 1, aead->suite);
    bench->net.aeads = own;
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
    avpni_esp_wipe(bench->send_batch);
    avpni_esp_wipe(bench->receive_batch);
    free(bench->send_batch);
    free(bench->receive_batch);
    avpni_aead_clear(bench->aead, bench->state);
    free(bench->state);
}

static void measure_provider(const struct avpn_aead *aead, bool is_quick)
{
    static const uint32_t sizes[] = {64, 256, 1400, 9000};
    static struct bench bench;

    bench.rounds = is_quick ? ROUNDS_QUICK : ROUNDS;
    begin(&bench, aead);
    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++)
        measure(&bench, sizes[k]);
    end(&bench);
}

void *bench_place(size_t bytes)
{
    void *block = aligned_alloc(AVPNI_ESP_ALIGN,
                                (bytes + AVPNI_ESP_ALIGN - 1) / AVPNI_ESP_ALIGN * AVPNI_ESP_ALIGN);

    if (block == NULL)
        net_die("memory");
    return block;
}

int main(int argc, char **argv)
{
    bool is_quick = net_is_quick(argc, argv), is_keys = false;
    const char *name = NULL;
    const struct avpn_aead *aead;

    if (avpni_crypto_init() < 0)
        net_die("crypto");
    for (int i = 1; i < argc; i++) {
        is_keys = is_keys || strcmp(argv[i], "keys") == 0;
        if (strcmp(argv[i], "--provider") == 0 && i + 1 < argc)
            name = argv[++i];
    }
    if (is_keys)
        bench_keys_head();
    else
        printf("one core, %u packets a batch, %u rounds; goal of \"sa\": 64 bytes +25 ns, "
               "1400 bytes x1.10\n%-18s %-9s %5s  %-6s  %-4s %8s %8s %7s\n",
               BATCH, is_quick ? ROUNDS_QUICK : ROUNDS, "suite", "provider", "bytes", "way", "",
               "ns", "+ns", "ratio");
    for (uint32_t i = 0; (aead = avpn_aead_at(i)) != NULL; i++) {
        if (name != NULL && strcmp(name, aead->name) != 0)
            continue;
        if (avpni_aead_judge(aead) != AVPN_OK)
            printf("%s of %s: not on this machine\n", avpn_suite_name(aead->suite), aead->name);
        else if (is_keys)
            bench_keys(aead, is_quick);
        else
            measure_provider(aead, is_quick);
    }
    return EXIT_SUCCESS;
}
