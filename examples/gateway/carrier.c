/* SPDX-License-Identifier: ISC */
#include "gateway/carrier.h"

#include <string.h>

#include "gateway/gateway.h"

#define ROUNDS 16 /* of reading one descriptor before the others' turn */

int carrier_open(struct carrier *carrier, struct gateway *gateway)
{
    memset(carrier, 0, sizeof *carrier);
    carrier->gateway = gateway;
    carrier->buffers = udp_buffers_new(UDP_COALESCED_BATCH);
    return carrier->buffers && tun_port_open(&carrier->port, &gateway->tun) == 0 ? 0 : -1;
}

void carrier_close(struct carrier *carrier)
{
    tun_port_close(&carrier->port);
    udp_buffers_del(carrier->buffers);
    carrier->buffers = NULL;
}

void carrier_serve_queue(struct carrier *carrier, uint32_t lane)
{
    struct avpn_packets batch[TUN_BATCH];
    int is_drained = 0;

    carrier->lane = lane;
    for (uint32_t i = 0; i < ROUNDS && !is_drained; i++) {
        size_t count = tun_read(&carrier->port, lane, batch, &is_drained);

        if (count == 0)
            continue;
        if (carrier->worker)
            (void)avpn_worker_send(carrier->worker, batch, count, loop_now());
        else
            (void)avpn_node_send(carrier->gateway->node, batch, count, loop_now());
    }
}

void carrier_serve_socket(struct carrier *carrier, uint32_t uplink, uint32_t lane)
{
    struct udp *socket = &carrier->gateway->uplinks[uplink].sockets[lane];
    struct avpn_datagrams batch[UDP_BATCH];
    size_t count = UDP_COALESCED_BATCH;

    carrier->lane = lane;
    for (uint32_t i = 0; i < ROUNDS && count == UDP_COALESCED_BATCH; i++) {
        count = udp_receive(socket, carrier->buffers, batch);
        if (count == 0)
            break;
        if (carrier->worker)
            (void)avpn_worker_receive(carrier->worker, batch, count, loop_now());
        else
            (void)avpn_node_receive(carrier->gateway->node, batch, count, loop_now());
    }
}

/* Batches for the same uplink leave together. */
void carrier_transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    const struct carrier *carrier = user;
    struct gateway *gateway = carrier->gateway;

    for (size_t first = 0, next; first < count; first = next) {
        uint32_t uplink = batch[first].uplink;

        for (next = first + 1; next < count && batch[next].uplink == uplink; next++)
            ;
        if (uplink < gateway->setup->uplink_count)
            udp_send(&gateway->uplinks[uplink].sockets[carrier->lane], batch + first, next - first);
    }
}

void carrier_deliver(void *user, const struct avpn_packets *batch, size_t count)
{
    struct carrier *carrier = user;

    if (carrier->gateway->tun.queue_count > 0)
        tun_write(&carrier->port, carrier->lane, batch, count);
}
