/* SPDX-License-Identifier: ISC */
/*
 * carrier: what one thread needs to carry packets: its buffers, and the way from a queue of the tun or a socket to the engine
 * and back.
 *
 * The engine's own thread has one, and each worker of the pool. There are as many *lanes* as workers, at least one: lane N is
 * queue N of the tun and socket N of each uplink. What was read in a lane leaves in that lane, whichever thread serves it, so that the
 * packets of a flow stay in one queue and in order.
 */
#ifndef GATEWAY_CARRIER_H
#define GATEWAY_CARRIER_H

#include <autovpn/batch.h>

#include "common/udp.h"
#include "gateway/tun_port.h"

struct avpn_worker;
struct gateway;

struct carrier {
    struct gateway *gateway;
    struct avpn_worker *worker; /* NULL: the engine itself */
    uint32_t lane;              /* that is served */
    struct tun_port port;
    struct udp_buffers *buffers;
};

/* 0, or -1: out of memory. The gateway's tun is open, or its port is never used. */
int carrier_open(struct carrier *carrier, struct gateway *gateway);
void carrier_close(struct carrier *carrier);
/* Carry what waits in a lane's queue, or at its socket of an uplink, but so much only that others have their turn. */
void carrier_serve_queue(struct carrier *carrier, uint32_t lane);
void carrier_serve_socket(struct carrier *carrier, uint32_t uplink, uint32_t lane);
/* Fit host.transmit and host.deliver. */
void carrier_transmit(void *user, const struct avpn_datagrams *batch, size_t count);
void carrier_deliver(void *user, const struct avpn_packets *batch, size_t count);

#endif
