/* SPDX-License-Identifier: ISC */
/* made: packets that this node makes, into a peer's tunnel: in the outbox's own bytes, one by one. */
#ifndef AVPNI_NODE_MADE_H
#define AVPNI_NODE_MADE_H

#include "node/node.h"

/* A packet with AVPN_HEADROOM and AVPN_TAILROOM in the outbox's bytes reserved last. False: dropped and counted. */
bool avpni_made_carry(struct avpn_node *node, struct avpni_peer *to, uint8_t *packet,
                      uint32_t bytes);
/*
 * An IPv4 packet in pieces of at most `limit` bytes, which avpni_fragment_is_allowed said of it [MTU-6]; it is only read. False: not all of
 * them left.
 */
bool avpni_made_pieces(struct avpn_node *node, struct avpni_peer *to, const uint8_t *packet,
                       uint32_t bytes, uint32_t limit);

#endif
