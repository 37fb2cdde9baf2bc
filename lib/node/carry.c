/* SPDX-License-Identifier: ISC */
#include "node/carry.h"

#include "inner/fragment.h"
#include "inner/mss.h"
#include "link/path.h"
#include "link/session.h"
#include "node/answer.h"

#define IPV6_ALWAYS 1280 /* [MTU-7] */

static uint32_t flags_of(const struct avpni_path *path)
{
    return path->mtu.state == AVPN_MTU_BELOW ? AVPN_DATAGRAMS_MAY_FRAGMENT : 0;
}

/* ---- seal ------------------------------------------------------------------------------- */

static void count_seal_error(struct avpn_node *node, struct avpni_peer *peer, int32_t error,
                             avpn_time now)
{
    if (error != AVPN_ERROR_EXHAUSTED) {
        avpni_count(&node->context, AVPN_DROP_INNER);
        return;
    }
    avpni_count(&node->context, AVPN_DROP_EXHAUSTED);
    avpni_tunnel_want_rekey(peer, now);
}

static struct avpni_pair *pair_of(struct avpni_peer *peer, avpn_time now)
{
    struct avpni_session *session = avpni_tunnel_sender(peer, now);

    return session != NULL && peer->selected != AVPNI_PATH_NONE ? session->pairs[peer->selected]
                                                                : NULL;
}

/* In place. The datagram's length, or 0: dropped and counted. */
static uint32_t seal(struct avpn_node *node, struct avpni_peer *peer, struct avpni_pair *pair,
                     uint8_t *packet, uint32_t bytes, avpn_time now)
{
    int32_t sealed = avpni_esp_seal(pair->send, packet, bytes);

    if (sealed < 0) {
        count_seal_error(node, peer, sealed, now);
        return 0;
    }
    if (avpni_esp_sequence(pair->send) >= AVPNI_REKEY_AFTER_PACKETS)
        avpni_tunnel_want_rekey(peer, now);
    avpni_mtu_note_sent(&peer->paths[peer->selected]->mtu, (uint32_t)sealed);
    return (uint32_t)sealed;
}

static void note_sent(struct avpni_peer *peer, uint32_t bytes)
{
    peer->sent_packets++;
    peer->sent_bytes += bytes;
}

static bool carry_in_place(struct avpn_node *node, struct avpni_peer *peer,
                           struct avpni_pair *pair, uint8_t *packet, uint32_t bytes,
                           uint32_t flags, avpn_time now)
{
    const struct avpni_path *path = peer->paths[peer->selected];
    uint32_t sealed = seal(node, peer, pair, packet, bytes, now);

    if (sealed == 0)
        return false;
    note_sent(peer, bytes);
    avpni_sealing_add(&node->sealed, &node->context.outbox, path->uplink, flags, &path->contact,
                      packet - AVPN_HEADROOM, sealed);
    return true;
}

bool avpni_carry_made(struct avpn_node *node, struct avpni_peer *to, uint8_t *packet,
                      uint32_t bytes, avpn_time now)
{
    struct avpni_outbox *outbox = &node->context.outbox;
    struct avpni_pair *pair = pair_of(to, now);
    const struct avpni_path *path;
    uint32_t sealed;

    if (pair == NULL) {
        avpni_count(&node->context, AVPN_DROP_NO_TUNNEL);
        return false;
    }
    path = to->paths[to->selected];
    sealed = seal(node, to, pair, packet, bytes, now);
    if (sealed == 0)
        return false;
    note_sent(to, bytes);
    avpni_outbox_commit(outbox, path->uplink, &path->contact, sealed);
    avpni_outbox_set_flags(outbox, flags_of(path));
    return true;
}

/* ---- fit -------------------------------------------------------------------------------- */

/* In pieces, each in the outbox's own bytes: the packet is not needed after. */
static bool carry_pieces(struct avpn_node *node, struct avpni_peer *to, const uint8_t *packet,
                         uint32_t bytes, uint32_t limit, avpn_time now)
{
    struct avpni_outbox *outbox = &node->context.outbox;
    struct avpni_fragments fragments;

    avpni_sealing_close(&node->sealed, outbox); /* what came before goes before */
    avpni_count(&node->context, AVPN_COUNT_FRAGMENTED);
    avpni_fragments_init(&fragments, packet, bytes, limit);
    for (;;) {
        uint8_t *room =
            avpni_outbox_reserve(outbox, (size_t)limit + AVPN_HEADROOM + AVPN_TAILROOM);
        uint32_t piece = avpni_fragments_next(&fragments, room + AVPN_HEADROOM);

        if (piece == 0)
            return true;
        if (!avpni_carry_made(node, to, room + AVPN_HEADROOM, piece, now))
            return false;
    }
}

static bool is_always_carried(const uint8_t *packet, uint32_t bytes)
{
    return packet[0] >> 4 == 6 && bytes <= IPV6_ALWAYS;
}

void avpni_carry_clamp(struct avpn_node *node, const struct avpni_peer *peer, uint8_t *packet,
                       uint32_t bytes)
{
    uint32_t limit = avpni_peer_inner_limit(peer);

    if (limit > 0 && avpni_mss_clamp(packet, bytes, limit))
        avpni_count(&node->context, AVPN_COUNT_CLAMPED);
}

bool avpni_carry(struct avpn_node *node, struct avpni_peer *to, struct avpni_peer *from,
                 uint8_t *packet, uint32_t bytes, avpn_time now)
{
    struct avpni_pair *pair = pair_of(to, now);
    uint32_t limit = avpni_peer_inner_limit(to), flags;

    if (pair == NULL || limit == 0) {
        avpni_count(&node->context, AVPN_DROP_NO_TUNNEL);
        avpni_answer(node, from, AVPNI_ICMP_NO_TUNNEL, 0, packet, bytes, now);
        return false;
    }
    flags = flags_of(to->paths[to->selected]);
    if (bytes <= limit) {
        avpni_carry_clamp(node, to, packet, bytes);
        return carry_in_place(node, to, pair, packet, bytes, flags, now);
    }
    if (is_always_carried(packet, bytes))
        return carry_in_place(node, to, pair, packet, bytes, AVPN_DATAGRAMS_MAY_FRAGMENT, now);
    if (avpni_fragment_is_allowed(packet, bytes, limit))
        return carry_pieces(node, to, packet, bytes, limit, now);
    avpni_count(&node->context, AVPN_DROP_SIZE);
    avpni_answer(node, from, AVPNI_ICMP_TOO_BIG, limit, packet, bytes, now);
    return false;
}
