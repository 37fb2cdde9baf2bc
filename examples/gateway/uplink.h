/* SPDX-License-Identifier: ISC */
/*
 * uplink: one WAN interface of this machine in one family: its sockets, the port they keep, and what
 * local address and MTU it has right now.
 *
 * The port is drawn once from 32768-61000 and kept in the state directory, so that NAT
 * mappings and port forwards survive a restart [DMX-4]. The local address is what the kernel
 * would send from: a socket connected to a public address is asked, nothing is sent. A family of which
 * there is no address is an uplink that is down.
 */
#ifndef GATEWAY_UPLINK_H
#define GATEWAY_UPLINK_H

#include <autovpn/node.h>

#include "common/loop.h"
#include "common/store.h"
#include "common/udp.h"
#include "gateway/setup.h"
#include "gateway/tun.h"

struct gateway;

struct uplink {
    uint32_t number;
    const struct setup_uplink *setup;
    struct gateway *gateway;
    uint32_t socket_count;             /* 0: a family that this machine does not have */
    struct udp sockets[TUN_QUEUES];    /* by lane; what the engine says of itself leaves by the first */
    struct loop_watch watch;
    struct avpn_uplink state; /* as last told to the engine */
    int is_told;
};

/* Open the first socket with the kept port, or a new one which is then kept. 0, or -1 with errno. */
int uplink_open(struct uplink *uplink, const struct setup_uplink *setup, uint32_t number,
                uint32_t mark, const struct store *store);
/* Several threads are to use the uplink: `count` sockets in all. 0, or -1 with errno. */
int uplink_share(struct uplink *uplink, uint32_t count, uint32_t mark);
void uplink_close(struct uplink *uplink);
/* Datagrams that its sockets could not send. */
struct uplink_losses {
    uint64_t too_big, full; /* as in udp.h */
};
void uplink_count_losses(const struct uplink *uplink, struct uplink_losses *losses_out);
/* What the engine is to be told; 1 if that differs from last time. `towards`: a registry, or family NONE. */
int uplink_look(struct uplink *uplink, const struct avpn_contact *towards, uint32_t mark);

#endif
