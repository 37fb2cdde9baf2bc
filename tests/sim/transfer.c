/* SPDX-License-Identifier: ISC */
/*
 * transfer: one TCP connection between two sites' hosts that carries bytes one way. As much of RFC 9293 as it takes to
 * show what a path MTU does to a connection: MSS options, a window, cumulative acknowledgements, a retransmission
 * timer from 200 ms on (RFC 6298 with a low minimum, as in Linux), fast retransmission, and the path MTU discovery of RFC
 * 1191 and 8201. The receiver keeps nothing that comes out of order; there is no congestion control and no end.
 *
 * The stream's bytes are numbered from 1; the SYN has number 0. Engines are not called from their own
 * callbacks: what is to be sent waits for `work`, at the same moment.
 */
#include "world.h"
#include <stdlib.h>
#include <string.h>

#define CLIENT_PORT 50000
#define SERVER_PORT 80
#define FIRST_TIMEOUT (200 * AVPN_MILLISECOND)
#define LAST_TIMEOUT (60 * AVPN_SECOND)
#define OPTION_BYTES 12 /* the timestamp's share of each segment */

struct world_connection {
    struct world_transfer *transfer;
    avpn_time began, timer_at, heard_at;
    avpn_span timeout;
    bool is_armed, is_established, owes_syn;
    uint32_t owed;          /* acknowledgements */
    uint32_t received;      /* the next place the receiver waits for */
    uint32_t sent, highest; /* the next place to send; the highest ever */
    uint32_t acknowledged;
    uint32_t repeated; /* acknowledgements of the same place in a row */
    uint32_t mtu;      /* as the sender's host believes */
};

static uint32_t header_bytes(const struct world_transfer *transfer)
{
    return transfer->family == AVPN_FAMILY_IPV6 ? 60 : 40;
}

static void send_segment(struct world *world, bool is_back, uint8_t flags, uint32_t place,
                         uint32_t bytes)
{
    const struct world_connection *c = world->connection;
    const struct world_transfer *t = c->transfer;
    const uint32_t from = is_back ? t->to : t->from, to = is_back ? t->from : t->to;
    struct world_packet packet = {.from = from, .to = to};

    packet.sent =
        (struct inner){.source = world_to_local(world, from, world_host(from, t->family, 10)),
                       .destination = world_host(to, t->family, 10),
                       .protocol = INNER_TCP,
                       .hop_limit = 64,
                       .is_whole = true,
                       .tcp_flags = flags,
                       .source_port = is_back ? SERVER_PORT : CLIENT_PORT,
                       .destination_port = is_back ? CLIENT_PORT : SERVER_PORT,
                       .mss = (flags & INNER_SYN) != 0 ? t->mss : 0,
                       .sequence = place,
                       .acknowledged = is_back ? c->received : 1,
                       .bytes = header_bytes(t) + OPTION_BYTES + bytes};
    world_send_packet(world, &packet);
}

/* What one segment carries at most: by the other's MSS, and by the path as far as it is known. */
static uint32_t segment_bytes(const struct world_connection *c)
{
    const uint32_t by_path = c->mtu - header_bytes(c->transfer);
    const uint32_t by_peer = c->transfer->offered_mss;

    return (by_path < by_peer ? by_path : by_peer) - OPTION_BYTES;
}

/* ---- the sender ----------------------------------------------------------------------------------- */

static void work(void *user, avpn_time now);
static void timer(void *user, avpn_time now);

static void arm(struct world *world)
{
    if (world->connection->is_armed)
        return;
    world->connection->is_armed = true;
    sim_at(world->sim, world_now(world), work, world);
}

static void set_timer(struct world *world)
{
    struct world_connection *c = world->connection;

    c->timer_at = world_now(world) + c->timeout;
    sim_at(world->sim, c->timer_at, timer, world);
}

static void send_window(struct world *world)
{
    struct world_connection *c = world->connection;
    struct world_transfer *t = c->transfer;
    const uint32_t end = t->bytes + 1;

    while (c->sent < end && c->sent - c->acknowledged < t->window * segment_bytes(c)) {
        const uint32_t room = segment_bytes(c), left = end - c->sent;
        const uint32_t bytes = left < room ? left : room;

        if (c->sent < c->highest)
            t->retransmissions++;
        t->segment = (uint16_t)room;
        send_segment(world, false, INNER_ACK, c->sent, bytes);
        c->sent += bytes;
        if (c->sent > c->highest)
            c->highest = c->sent;
    }
}

static void go_back(struct world *world)
{
    world->connection->sent = world->connection->acknowledged;
    world->connection->repeated = 0;
    arm(world);
}

static void timer(void *user, avpn_time now)
{
    struct world *world = user;
    struct world_connection *c = world->connection;

    if (c == NULL || c->timer_at != now || c->transfer->is_done)
        return;
    c->timeout = c->timeout * 2 > LAST_TIMEOUT ? LAST_TIMEOUT : c->timeout * 2;
    set_timer(world);
    if (!c->is_established)
        send_segment(world, false, INNER_SYN, 0, 0);
    else
        go_back(world);
}

static void take_acknowledgement(struct world *world, const struct inner *got)
{
    struct world_connection *c = world->connection;

    if (!c->is_established) {
        if ((got->tcp_flags & INNER_SYN) == 0 || got->mss == 0)
            return;
        c->is_established = true;
        c->transfer->offered_mss = got->mss;
    } else if (got->acknowledged > c->acknowledged) {
        c->acknowledged = got->acknowledged;
        if (c->sent < c->acknowledged)
            c->sent = c->acknowledged;
        c->repeated = 0;
        c->timeout = FIRST_TIMEOUT;
        set_timer(world);
    } else if (++c->repeated == 3) {
        c->sent = c->acknowledged;
    }
    arm(world);
}

void world_transfer_error(struct world *world, const struct world_packet *packet)
{
    struct world_connection *c = world->connection;
    const bool is_v6 = packet->sent.source.family == AVPN_FAMILY_IPV6;
    uint32_t mtu = packet->error_mtu;

    if (c == NULL || packet->sent.protocol != INNER_TCP ||
        packet->sent.source_port != CLIENT_PORT || packet->error_type != (is_v6 ? 2 : 3) ||
        packet->error_code != (is_v6 ? 0 : 4))
        return;
    if (mtu < (is_v6 ? 1280u : 576u))
        mtu = is_v6 ? 1280 : 576;
    c->transfer->too_big++;
    if (mtu >= c->mtu)
        return;
    c->mtu = mtu;
    go_back(world);
}

/* ---- the receiver ------------------------------------------------------------------------------------ */

static void take_data(struct world *world, const struct inner *got)
{
    struct world_connection *c = world->connection;
    struct world_transfer *t = c->transfer;
    const uint32_t bytes = got->bytes - header_bytes(t) - OPTION_BYTES;
    const avpn_time now = world_now(world);

    if ((got->tcp_flags & INNER_SYN) != 0) {
        c->owes_syn = true;
        arm(world);
        return;
    }
    if (got->sequence <= c->received && got->sequence + bytes > c->received) {
        c->received = got->sequence + bytes;
        if (now - c->heard_at > t->stalled)
            t->stalled = now - c->heard_at;
        c->heard_at = now;
    }
    c->owed++;
    if (c->received == t->bytes + 1 && !t->is_done) {
        t->is_done = true;
        t->took = now - c->began;
    }
    arm(world);
}

void world_transfer_take(struct world *world, uint32_t site, const struct inner *got)
{
    const struct world_connection *c = world->connection;

    if (c == NULL)
        return;
    if (site == c->transfer->to && got->destination_port == SERVER_PORT)
        take_data(world, got);
    else if (site == c->transfer->from && got->source_port == SERVER_PORT)
        take_acknowledgement(world, got);
}

static void work(void *user, avpn_time now)
{
    struct world *world = user;
    struct world_connection *c = world->connection;

    (void)now;
    if (c == NULL)
        return;
    c->is_armed = false;
    if (c->owes_syn)
        send_segment(world, true, INNER_SYN | INNER_ACK, 0, 0);
    c->owes_syn = false;
    for (; c->owed > 0; c->owed--)
        send_segment(world, true, INNER_ACK, 1, 0);
    if (c->is_established)
        send_window(world);
}

/* ---- the whole ------------------------------------------------------------------------------------------ */

void world_transfer_begin(struct world *world, struct world_transfer *transfer)
{
    struct world_connection *c = calloc(1, sizeof *c);

    if (c == NULL)
        abort();
    world_transfer_fini(world);
    transfer->family = transfer->family == 0 ? AVPN_FAMILY_IPV4 : transfer->family;
    transfer->bytes = transfer->bytes == 0 ? 1u << 20 : transfer->bytes;
    transfer->window = transfer->window == 0 ? 32 : transfer->window;
    if (transfer->mss == 0)
        transfer->mss = (uint16_t)(1500 - header_bytes(transfer));
    *c = (struct world_connection){.transfer = transfer,
                                   .began = world_now(world),
                                   .heard_at = world_now(world),
                                   .timeout = FIRST_TIMEOUT,
                                   .received = 1,
                                   .sent = 1,
                                   .highest = 1,
                                   .acknowledged = 1,
                                   .mtu = transfer->mss + header_bytes(transfer)};
    world->connection = c;
    set_timer(world);
    send_segment(world, false, INNER_SYN, 0, 0);
}

static bool is_done(void *user)
{
    const struct world *world = user;

    return world->connection->transfer->is_done;
}

bool world_transfer_wait(struct world *world, avpn_span span)
{
    return sim_run_until(world->sim, span, is_done, world);
}

bool world_transfer(struct world *world, struct world_transfer *transfer, avpn_span span)
{
    world_transfer_begin(world, transfer);
    return world_transfer_wait(world, span);
}

void world_transfer_fini(struct world *world)
{
    free(world->connection);
    world->connection = NULL;
}
