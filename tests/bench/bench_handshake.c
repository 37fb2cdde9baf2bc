/* SPDX-License-Identifier: ISC */
/*
 * bench_handshake: a handshake of both sides beside the scalar multiplications it cannot do
 * without, measured in turns.
 *
 *     noise    public calls, payloads as between nodes: 2 key generations and 8 DH
 *     cached   the same when the initiator keeps the static product, as nodes do: 7 DH
 *     engines  a rekey between two nodes with a tunnel, from the wish to the confirmed session with
 *              its SAs: the cached arithmetic, with MACs, guard and tickets around it
 *
 *     bench_handshake [--quick]
 */
#include "crypto/box.h"
#include "crypto/noise.h"
#include "link/peer.h"
#include "link/session.h"
#include "net.h"
#include "node/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 1001
#define ROUNDS_QUICK 201
#define REQUEST 24
#define RESPONSE 12

static const uint8_t prologue[46] = "autovpn 1 node";

struct bench {
    uint32_t rounds;
    struct avpn_key_pair initiator, responder;
    struct net net;
    struct avpn_key shared; /* DH of the static keys */
    double noise[ROUNDS], cached[ROUNDS], engines[ROUNDS];
    double bare_noise[ROUNDS], bare_cached[ROUNDS];
};

static double bare(const struct bench *bench, uint32_t round, int exchanges)
{
    struct avpn_key_pair pair = bench->initiator;
    struct avpn_key secret = {{(uint8_t)round, 1}}, shared;
    uint64_t begin = net_nanoseconds();

    for (int i = 0; i < 2; i++)
        (void)avpn_key_pair_from_secret(&secret, &pair);
    for (int i = 0; i < exchanges; i++)
        if (!avpni_dh(&shared, &pair.secret_key, &bench->responder.public_key))
            net_die("dh");
    return (double)(net_nanoseconds() - begin);
}

static int32_t init_initiator(const struct bench *bench, struct avpn_noise *noise, bool is_cached)
{
    if (!is_cached)
        return avpn_noise_init_initiator(noise, &bench->initiator, &bench->responder.public_key,
                                         prologue, sizeof prologue);
    avpni_noise_init_initiator_cached(noise, &bench->initiator, &bench->responder.public_key,
                                      &bench->shared, prologue, sizeof prologue);
    return AVPN_OK;
}

static double noise(const struct bench *bench, uint32_t round, bool is_cached)
{
    static const uint8_t request[REQUEST], response[RESPONSE];
    uint8_t first[REQUEST + AVPN_NOISE_1_OVERHEAD], second[RESPONSE + AVPN_NOISE_2_OVERHEAD];
    uint8_t payload[REQUEST];
    struct avpn_key e1 = {{(uint8_t)round, 1}}, e2 = {{(uint8_t)round, 2}}, psk = {{5}};
    struct avpn_key key, a, b, c, d;
    struct avpn_noise i, r;
    uint64_t begin = net_nanoseconds();

    if (init_initiator(bench, &i, is_cached) ||
        avpn_noise_write_1(&i, &e1, request, sizeof request, first) ||
        avpn_noise_init_responder(&r, &bench->responder, prologue, sizeof prologue) ||
        avpn_noise_read_1(&r, first, sizeof first, &key, payload) ||
        avpn_noise_write_2(&r, &e2, &psk, response, sizeof response, second) ||
        avpn_noise_read_2(&i, &psk, second, sizeof second, payload) ||
        avpn_noise_split(&i, &a, &b) || avpn_noise_split(&r, &c, &d))
        net_die("noise");
    avpn_noise_wipe(&i);
    avpn_noise_wipe(&r);
    uint64_t spent = net_nanoseconds() - begin;

    if (memcmp(&a, &d, sizeof a) != 0 || memcmp(&b, &c, sizeof b) != 0)
        net_die("noise keys");
    return (double)spent;
}

/* A rekey, after enough virtual time for a fresh ticket. */
static double engines(struct bench *bench)
{
    struct net *net = &bench->net;
    struct avpni_peer *peers[2] = {net->sites[0].node->peers[0], net->sites[1].node->peers[0]};
    uint32_t who = peers[0]->is_initiator ? 0 : 1;
    uint64_t begin;

    net_run(net, 3 * AVPN_SECOND);
    begin = net_nanoseconds();
    avpni_tunnel_want_rekey(peers[who], net->now);
    avpni_node_flush(net->sites[who].node, net->now);
    net_drain(net);
    uint64_t spent = net_nanoseconds() - begin;

    for (int i = 0; i < 2; i++)
        if (peers[i]->tunnel.current == NULL || peers[i]->tunnel.current->created_at != net->now)
            net_die("no rekey");
    return (double)spent;
}

static void report(const struct bench *bench, const char *name, const double *full,
                   const char *bare_name, const double *bare_times)
{
    double values[ROUNDS], ratios[ROUNDS], bares[ROUNDS];

    for (uint32_t i = 0; i < bench->rounds; i++) {
        values[i] = full[i];
        bares[i] = bare_times[i];
        ratios[i] = full[i] / bare_times[i];
    }
    double value = net_median(values, bench->rounds);
    double bare_value = net_median(bares, bench->rounds);

    printf("%-8s %8.1f us %7.0f /s   beside %-15s %8.1f us   ratio %.3f\n", name, value / 1e3,
           1e9 / value, bare_name, bare_value / 1e3, net_median(ratios, bench->rounds));
}

int main(int argc, char **argv)
{
    static struct bench bench;

    if (avpni_crypto_init() < 0 || avpn_key_pair_generate(&bench.initiator) ||
        avpn_key_pair_generate(&bench.responder) ||
        !avpni_dh(&bench.shared, &bench.initiator.secret_key, &bench.responder.public_key))
        net_die("crypto");
    bench.rounds = net_is_quick(argc, argv) ? ROUNDS_QUICK : ROUNDS;
    net_begin(&bench.net, 1, 0);
    for (uint32_t i = 0; i < 2; i++) {
        net_open(&bench.net, i);
        net_connect(&bench.net, i);
    }
    net_run(&bench.net, 10 * AVPN_SECOND);
    if (net_tunnels(&bench.net) != 1)
        net_die("no tunnel");
    for (uint32_t i = 0; i < bench.rounds; i++) {
        bench.bare_noise[i] = bare(&bench, i, 8);
        bench.noise[i] = noise(&bench, i, false);
        bench.bare_cached[i] = bare(&bench, i, 7);
        bench.cached[i] = noise(&bench, i, true);
        bench.engines[i] = engines(&bench);
    }
    printf("both sides on one core, %u rounds; goal: engines x1.10 of cached\n", bench.rounds);
    report(&bench, "noise", bench.noise, "multiplications", bench.bare_noise);
    report(&bench, "cached", bench.cached, "multiplications", bench.bare_cached);
    report(&bench, "engines", bench.engines, "multiplications", bench.bare_cached);
    report(&bench, "engines", bench.engines, "cached", bench.cached);
    net_end(&bench.net);
    return EXIT_SUCCESS;
}
