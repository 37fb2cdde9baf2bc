/* SPDX-License-Identifier: ISC */
/*
 * A device that joins with a token, for admin.sh: a node without tunnels.
 *
 *     device TOKEN KEY_FILE
 *
 * KEY_FILE keeps its key. Prints its public key, and ends when a registry has told where it stands. Exit status: 0 the claim
 * is noted, 3 another device has the place, 4 it is a member, 5 the token has expired, 1 nobody answered within 20 s.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include <autovpn/join.h>
#include <autovpn/node.h>

#include "common/loop.h"
#include "common/store.h"
#include "common/udp.h"

#define PATIENCE (20 * AVPN_SECOND)

static struct udp udp;

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    (void)user;
    udp_send(&udp, batch, count);
}

static void deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)user;
    (void)batch;
    (void)count;
}

/* -1: not known yet. */
static int standing(const struct avpn_node *node)
{
    struct avpn_node_status status = {.size = sizeof status};

    if (avpn_node_status(node, &status) != AVPN_OK)
        return 1;
    switch (status.join) {
    case AVPN_JOIN_PENDING:
        return 0;
    case AVPN_JOIN_TAKEN:
        return 3;
    case AVPN_JOIN_MEMBER:
    case AVPN_JOIN_NONE:
        return 4;
    case AVPN_JOIN_EXPIRED:
        return 5;
    default:
        return -1;
    }
}

static int run(struct avpn_node *node, struct udp_buffers *buffers)
{
    avpn_time now = loop_now();
    avpn_time end = now + PATIENCE;
    int found;

    while ((found = standing(node)) < 0 && now < end) {
        struct pollfd ready = {udp.fd, POLLIN, 0};

        if (poll(&ready, 1, 20) > 0) {
            struct avpn_datagrams batch[UDP_BATCH];
            size_t count = udp_receive(&udp, buffers, batch);

            (void)avpn_node_receive(node, batch, count, loop_now());
        }
        now = loop_now();
        avpn_node_tick(node, now);
    }
    return found < 0 ? 1 : found;
}

int main(int count, char **words)
{
    struct avpn_host host = {.size = sizeof host, .transmit = transmit, .deliver = deliver};
    struct avpn_node_options options = {.size = sizeof options};
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1};
    struct udp_options socket = {.bind = {.family = AVPN_FAMILY_IPV4, .bytes = {127, 0, 0, 1}}};
    struct udp_buffers *buffers = udp_buffers_new(UDP_BATCH);
    struct avpn_node *node;
    struct avpn_token token = {.size = sizeof token};
    char key[AVPN_KEY_TEXT];
    int status;

    socket.bind.port = 0;
    if (count != 3 || !buffers || avpn_token_parse(words[1], &token) != AVPN_OK ||
        key_pair_make(words[2], &options.identity) != 0 || udp_open(&udp, &socket) != 0)
        return 2;
    options.organization = token.organization;
    options.token = &token;
    uplink.local = udp.bound;
    if (avpn_node_new(&options, &host, loop_now(), &node) != AVPN_OK ||
        avpn_node_set_uplink(node, 0, &uplink, loop_now()) != AVPN_OK)
        return 2;
    status = run(node, buffers);
    (void)avpn_key_format(&options.identity.public_key, key, sizeof key);
    puts(key);
    avpn_node_del(node);
    udp_close(&udp);
    udp_buffers_del(buffers);
    return status;
}
