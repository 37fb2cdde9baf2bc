/* SPDX-License-Identifier: ISC */
/* answer: an ICMP error to where a packet came from. Spec: [ICM-1] to [ICM-3]. */
#ifndef AVPNI_NODE_ANSWER_H
#define AVPNI_NODE_ANSWER_H

#include "node/node.h"

/*
 * `from`: the peer the packet came from; NULL: the own site, whose packet is translated already. Nothing where no error is due, or no address is
 * known to send one from.
 */
void avpni_answer(struct avpn_node *node, struct avpni_peer *from, enum avpni_icmp kind,
                  uint32_t mtu_bytes, const uint8_t *packet, uint32_t bytes, avpn_time now);

#endif
