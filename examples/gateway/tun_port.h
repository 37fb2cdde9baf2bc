/* SPDX-License-Identifier: ISC */
/*
 * tun_port: a thread's way into the queues of a tun: buffers, the cutting of large packets, and the joining of small ones.
 *
 * Packets read in one go lie in one buffer with the room of batch.h around them, and those of equal size behind each
 * other as one run, so that the sealed ones can leave as one segmented send. A packet that the kernel left uncut becomes a run.
 * What is given at once to be written leaves as large packets where the kernel takes them.
 */
#ifndef GATEWAY_TUN_PORT_H
#define GATEWAY_TUN_PORT_H

#include <stddef.h>

#include <autovpn/batch.h>

#include "common/tally.h"
#include "gateway/tun.h"

#define TUN_BATCH 64

struct avpn_coalescer;

struct tun_port {
    const struct tun *tun;
    uint8_t *packet; /* as the kernel gives it, its header first */
    uint8_t *room;
    struct avpn_coalescer *coalescer; /* NULL: the tun is plain */
    int writes_to;                    /* descriptor of a tun_write under way */
    struct tally large_read; /* packets that were cut */
    struct tally pieces;     /* into so many */
    struct tally joined;     /* packets that were written as parts of large ones */
    struct tally malformed;  /* read, and headers lie: dropped */
    struct tally unwritten;  /* packets that the kernel did not take */
};

/* 0, or -1: out of memory. The tun outlives the port. */
int tun_port_open(struct tun_port *port, const struct tun *tun);
void tun_port_close(struct tun_port *port);
/*
 * The runs read from a queue; their bytes live until the next call. `is_drained_out`: nothing is left in the
 * queue. Without that there may be no run and yet more to read.
 */
size_t tun_read(struct tun_port *port, uint32_t queue, struct avpn_packets batch_out[TUN_BATCH],
                int *is_drained_out);
void tun_write(struct tun_port *port, uint32_t queue, const struct avpn_packets *batch,
               size_t count);

#endif
