/* SPDX-License-Identifier: ISC */
/*
 * judge: what the node decides about an inner packet apart from where it goes: whose it may be, and what the firewall says.
 */
#ifndef AVPNI_NODE_JUDGE_H
#define AVPNI_NODE_JUDGE_H

#include "node/node.h"

/*
 * The firewall's word [FWL-1], counted in `counters` (the firewall's sent or received) of the rule that decides. False: denied, or its ports are
 * hidden from the rules [FWL-3].
 */
static inline bool avpni_judge(struct avpn_node *node, uint64_t *counters,
                               const struct avpn_address *source,
                               const struct avpn_address *destination, const uint8_t *packet,
                               uint32_t bytes)
{
    struct avpni_transport transport;
    const struct avpni_judged judged = {source, destination, &transport};
    uint32_t rule;

    if (node->firewall.rule_count == 0)
        return true;
    if (!avpni_inner_transport(packet, bytes, &transport))
        return false;
    rule = avpni_firewall_find(&node->firewall, &judged);
    if (rule == AVPNI_RULE_NONE)
        return true;
    counters[rule]++;
    return avpni_firewall_allows(&node->firewall, rule);
}

/* send.c: may a packet with this source go to a peer: of the own site, or on its exit hub anybody's [RTE-5], [RTE-6]. */
bool avpni_may_send(const struct avpn_node *node, const struct avpni_peer *peer,
                    const struct avpn_address *source);

/*
 * receive.c: where a packet from a peer goes on to, whose route says `hop`: from a hub to a spoke directly, never to another hub [RTE-4].
 * NULL: nowhere.
 */
struct avpni_peer *avpni_onward_peer(const struct avpn_node *node, const struct avpni_peer *from,
                                     uint32_t hop);

#endif
