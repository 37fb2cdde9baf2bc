/* SPDX-License-Identifier: ISC */
#include "node/made.h"

#include "inner/fragment.h"

bool avpni_made_carry(struct avpn_node *node, struct avpni_peer *to, uint8_t *packet,
                      uint32_t bytes)
{
    struct avpni_outbox *outbox = &node->context.outbox;
    const struct avpni_way *way;
    uint32_t sealed = avpni_departure_seal_one(&node->lane, to->gate, packet, bytes, &way);

    if (sealed == 0)
        return false;
    avpni_outbox_commit(outbox, way->uplink, &way->contact, sealed);
    avpni_outbox_set_flags(outbox, way->flags);
    return true;
}

bool avpni_made_pieces(struct avpn_node *node, struct avpni_peer *to, const uint8_t *packet,
                       uint32_t bytes, uint32_t limit)
{
    struct avpni_outbox *outbox = &node->context.outbox;
    struct avpni_fragments fragments;

    avpni_sealing_close(&node->lane.sealed, outbox); /* what came before goes before */
    avpni_count(&node->context, AVPN_COUNT_FRAGMENTED);
    avpni_fragments_init(&fragments, packet, bytes, limit);
    for (;;) {
        uint8_t *room =
            avpni_outbox_reserve(outbox, (size_t)limit + AVPN_HEADROOM + AVPN_TAILROOM);
        uint32_t piece = avpni_fragments_next(&fragments, room + AVPN_HEADROOM);

        if (piece == 0)
            return true;
        if (!avpni_made_carry(node, to, room + AVPN_HEADROOM, piece))
            return false;
    }
}
