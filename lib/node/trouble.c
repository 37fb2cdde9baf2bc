/* SPDX-License-Identifier: ISC */
/*
 * trouble: what a lane cannot settle by itself. The node's own lane tells at once, inside of the call; a worker's trouble comes as a
 * punt (worker.c), and what it speaks of may be gone by then.
 */
#include "inner/fragment.h"
#include "link/path.h"
#include "link/session.h"
#include "node/answer.h"
#include "node/made.h"

/* Gates and tables may say something else from here on: before the next packet. */
static void renew(struct avpn_node *node)
{
    avpni_peers_settle(&node->context);
    avpni_lane_renew(&node->lane);
}

/* ---- news of sessions -------------------------------------------------------------- */

static void hear(struct avpn_node *node, const struct avpni_trouble *trouble, avpn_time now)
{
    struct avpni_session *session = avpni_session_find(&node->context, trouble->session);
    struct avpni_path *path;

    if (session == NULL || trouble->path >= AVPNI_PATHS)
        return;
    path = session->peer->paths[trouble->path];
    if (path != NULL)
        avpni_path_heard(path, &trouble->source, now); /* [PRB-8] */
}

static void confirm(struct avpn_node *node, const struct avpni_trouble *trouble, avpn_time now)
{
    struct avpni_session *session = avpni_session_find(&node->context, trouble->session);

    if (session != NULL)
        avpni_tunnel_confirm(session->peer, session, now);
}

static void want_rekey(struct avpn_node *node, uint32_t member, avpn_time now)
{
    struct avpni_peer *peer = avpni_node_find_peer(node, member);

    if (peer != NULL)
        avpni_tunnel_want_rekey(peer, now);
}

/* ---- inner packets -------------------------------------------------------------------- */

static const struct {
    enum avpn_counter drop;
    enum avpni_icmp icmp;
} reasons[AVPNI_TROUBLES] = {
    [AVPNI_TROUBLE_NO_ROUTE] = {AVPN_DROP_NO_ROUTE, AVPNI_ICMP_NO_ROUTE},
    [AVPNI_TROUBLE_NO_TUNNEL] = {AVPN_DROP_NO_TUNNEL, AVPNI_ICMP_NO_TUNNEL},
    [AVPNI_TROUBLE_HOP_LIMIT] = {AVPN_DROP_HOP_LIMIT, AVPNI_ICMP_HOP_LIMIT},
    [AVPNI_TROUBLE_DENIED] = {AVPN_DROP_FIREWALL, AVPNI_ICMP_DENIED},
    [AVPNI_TROUBLE_TOO_BIG] = {AVPN_DROP_SIZE, AVPNI_ICMP_TOO_BIG},
};

/* In pieces, if that is allowed. False: it is to be dropped. */
static bool carry_pieces(struct avpn_node *node, const struct avpni_trouble *trouble)
{
    struct avpni_peer *to = avpni_node_find_peer(node, trouble->to);
    bool is_own = trouble->from == AVPN_HOP_LOCAL;

    if (to == NULL || trouble->limit == 0 ||
        !avpni_fragment_is_allowed(trouble->packet, trouble->bytes, trouble->limit))
        return false;
    if (avpni_made_pieces(node, to, trouble->packet, trouble->bytes, trouble->limit))
        avpni_count(&node->context, is_own ? AVPN_COUNT_SENT : AVPN_COUNT_FORWARDED);
    return true;
}

static void refuse(struct avpn_node *node, const struct avpni_trouble *trouble, avpn_time now)
{
    struct avpni_peer *from = NULL;

    if (trouble->kind == AVPNI_TROUBLE_TOO_BIG && carry_pieces(node, trouble))
        return;
    avpni_count(&node->context, reasons[trouble->kind].drop);
    if (trouble->from != AVPN_HOP_LOCAL) {
        from = avpni_node_find_peer(node, trouble->from);
        if (from == NULL)
            return; /* a peer no more */
    }
    avpni_answer(node, from, reasons[trouble->kind].icmp, trouble->limit, trouble->packet,
                 trouble->bytes, now);
}

void avpni_node_trouble(struct avpn_node *node, const struct avpni_trouble *trouble)
{
    avpn_time now = node->lane.now;

    switch ((enum avpni_trouble_kind)trouble->kind) {
    case AVPNI_TROUBLE_DATAGRAM:
        avpni_node_control(node, trouble->uplink, &trouble->source, trouble->packet,
                           trouble->bytes, now);
        renew(node);
        break;
    case AVPNI_TROUBLE_CONFIRMED:
        confirm(node, trouble, now);
        renew(node);
        break;
    case AVPNI_TROUBLE_HEARD:
        hear(node, trouble, now);
        renew(node);
        break;
    case AVPNI_TROUBLE_EXHAUSTED:
        want_rekey(node, trouble->to, now);
        break;
    case AVPNI_TROUBLE_NO_ROUTE:
    case AVPNI_TROUBLE_NO_TUNNEL:
    case AVPNI_TROUBLE_HOP_LIMIT:
    case AVPNI_TROUBLE_DENIED:
    case AVPNI_TROUBLE_TOO_BIG:
        refuse(node, trouble, now);
        break;
    case AVPNI_TROUBLE_NONE:
    case AVPNI_TROUBLES:
        break;
    }
}
