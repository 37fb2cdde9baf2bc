/* SPDX-License-Identifier: ISC */
/*
 * carry: an inner packet into a peer's tunnel: fit the path -> seal -> transmit. It serves what the site sends and what a hub
 * forwards. Spec: [MTU-6] to [MTU-8].
 */
#ifndef AVPNI_NODE_CARRY_H
#define AVPNI_NODE_CARRY_H

#include "node/node.h"

/*
 * In place, with the room of batch.h. `from`: the peer it came from, NULL: the own site; there the error goes if it does not fit. False:
 * dropped and counted.
 */
bool avpni_carry(struct avpn_node *node, struct avpni_peer *to, struct avpni_peer *from,
                 uint8_t *packet, uint32_t bytes, avpn_time now);
/* A packet made here, with AVPN_HEADROOM and AVPN_TAILROOM in the outbox's bytes reserved last. False: dropped and counted. */
bool avpni_carry_made(struct avpn_node *node, struct avpni_peer *to, uint8_t *packet,
                      uint32_t bytes, avpn_time now);
/* Lower the MSS of a SYN to what the tunnel of a peer carries [MTU-8]. */
void avpni_carry_clamp(struct avpn_node *node, const struct avpni_peer *peer, uint8_t *packet,
                       uint32_t bytes);

#endif
