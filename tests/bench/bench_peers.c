/* SPDX-License-Identifier: ISC */
/*
 * bench_peers: bytes a hub holds for each spoke, all in: its part of the configuration, its route,
 * timers, keys, paths and SAs; as the heap is asked for them, without the allocator's own overhead.
 *
 *     configured  the hub has the configuration
 *     known       a registry told where every spoke is, and the hub tries to reach it
 *     up          a tunnel stands, through a registry and a handshake, with each started spoke
 *     rekeyed     ... and the session before is still there for packets on their way
 *
 *     bench_peers [--quick] [spokes [tunnels]]
 */
#include "link/peer.h"
#include "net.h"
#include "node/node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A peer alone, as ZeroTier 1.14 has one: its Peer object and one path. */
#define ANCHOR (3200 + 480)

static size_t held(const struct net *net)
{
    return net->sites[NET_HUB].live_bytes;
}

/* A hub alone in its organization. */
static size_t empty_hub(void)
{
    static struct net net;
    size_t bytes;

    net_begin(&net, 0, 0);
    net_open(&net, NET_HUB);
    net_connect(&net, NET_HUB);
    bytes = held(&net);
    net_end(&net);
    return bytes;
}

static void learn_all(struct net *net)
{
    struct avpn_node *hub = net->sites[NET_HUB].node;

    for (uint32_t i = 1; i < net->count; i++) {
        struct avpni_entry entry = {.member = i + 1, .flags = AVPNI_ENTRY_CONNECTED, .nat = 1,
                                    .observed = net->sites[i].contact,
                                    .local = net->sites[i].contact};

        hub->context.entry_learned(hub, 0, &entry, net->now);
    }
    avpni_node_flush(hub, net->now);
}

static void rekey_all(struct net *net, uint32_t tunnels)
{
    struct avpn_node *hub = net->sites[NET_HUB].node;

    net_run(net, 3 * AVPN_SECOND);
    for (uint32_t i = 0; i <= tunnels; i++) {
        struct avpn_node *node = net->sites[i].node;

        for (uint32_t k = 0; k < (node == hub ? tunnels : 1); k++)
            if (node->peers[k]->is_initiator && node->peers[k]->is_up)
                avpni_tunnel_want_rekey(node->peers[k], net->now);
        avpni_node_flush(node, net->now);
    }
    net_run(net, 2 * AVPN_SECOND);
}

static void measure(uint32_t spokes, uint32_t tunnels)
{
    static struct net net;
    size_t empty = empty_hub(), configured, known, idle, up, rekeyed;
    uint32_t count;

    net_begin(&net, spokes, 0);
    net_open(&net, NET_HUB);
    net_connect(&net, NET_HUB);
    configured = held(&net);
    learn_all(&net);
    known = held(&net);
    net_run(&net, 10 * AVPN_SECOND);
    idle = held(&net);
    for (uint32_t i = 1; i <= tunnels; i++) {
        net_open(&net, i);
        net_connect(&net, i);
        net_run(&net, 5 * AVPN_MILLISECOND);
    }
    net_run(&net, 20 * AVPN_SECOND);
    count = net_tunnels(&net);
    up = held(&net);
    rekey_all(&net, tunnels);
    rekeyed = held(&net);
    if (count == 0 || count < tunnels)
        net_die("tunnels are missing");

    double per_configured = (double)(configured - empty) / spokes;
    double per_known = per_configured + (double)(known - configured) / spokes;
    double per_up = per_known + ((double)up - (double)idle) / count;
    double per_rekeyed = per_up + ((double)rekeyed - (double)up) / count;

    printf("%6u %6u %9zu %11.0f %7.0f %7.0f %8.0f %7.2f\n", spokes, count, empty, per_configured,
           per_known, per_up, per_rekeyed, per_up / ANCHOR);
    net_end(&net);
}

int main(int argc, char **argv)
{
    bool is_quick = net_is_quick(argc, argv);
    int first = is_quick ? 2 : 1;

    printf("bytes for one spoke; ratio: up against %d\n", ANCHOR);
    printf("%6s %6s %9s %11s %7s %7s %8s %7s\n", "spokes", "up", "empty hub", "configured", "known",
           "up", "rekeyed", "ratio");
    if (argc > first) {
        uint32_t spokes = (uint32_t)strtoul(argv[first], NULL, 10), tunnels = spokes;

        if (argc > first + 1)
            tunnels = (uint32_t)strtoul(argv[first + 1], NULL, 10);
        if (spokes == 0 || spokes > 60000 || tunnels > spokes || tunnels == 0)
            net_die("usage: bench_peers [--quick] [spokes [tunnels]]");
        measure(spokes, tunnels);
        return EXIT_SUCCESS;
    }
    measure(200, is_quick ? 50 : 200);
    measure(2000, is_quick ? 20 : 200);
    return EXIT_SUCCESS;
}
