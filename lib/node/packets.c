/* SPDX-License-Identifier: ISC */
/*
 * packets: datagrams and inner packets in: through the node's own lane, which carries them (forward/lane.h). What it cannot settle comes back as
 * trouble (trouble.c), at once.
 */
#include "node/node.h"

int32_t avpn_node_receive(struct avpn_node *node, const struct avpn_datagrams *batch, size_t count,
                          avpn_time now)
{
    int32_t result = AVPN_OK;

    if (node == NULL || (batch == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    avpni_lane_begin(&node->lane, now);
    for (size_t i = 0; i < count && result == AVPN_OK; i++) {
        if (avpni_lane_is_receivable(&batch[i]))
            avpni_lane_receive(&node->lane, &batch[i]);
        else
            result = AVPN_ERROR_ARGUMENT;
    }
    avpni_lane_end(&node->lane);
    avpni_node_flush(node, now);
    return result;
}

int32_t avpn_node_send(struct avpn_node *node, const struct avpn_packets *batch, size_t count,
                       avpn_time now)
{
    int32_t result = AVPN_OK;

    if (node == NULL || (batch == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    avpni_lane_begin(&node->lane, now);
    for (size_t i = 0; i < count && result == AVPN_OK; i++) {
        if (!avpni_lane_is_sendable(&batch[i]))
            result = AVPN_ERROR_ARGUMENT;
        else if (node->context.hands_over)
            avpni_tally_add(&node->context.counters[AVPN_DROP_HANDED_OVER], batch[i].count);
        else
            avpni_lane_send(&node->lane, &batch[i]);
    }
    avpni_lane_end(&node->lane);
    avpni_node_flush(node, now);
    return result;
}
