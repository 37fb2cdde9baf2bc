/* SPDX-License-Identifier: ISC */
/*
 * handover: what the host of a node that handed its SAs over asks and tells (link/handover.h).
 */
#include "base/address.h"
#include "base/sized.h"
#include "link/handover.h"
#include "node/node.h"

static bool is_source(const struct avpn_contact *source)
{
    return source->family == AVPN_FAMILY_NONE || avpni_contact_is_usable(source);
}

/* A receiver's SPI is ours and finds its session; a sender's is the peer's, and only the current session has senders. */
static struct avpni_session *find_session(struct avpn_node *node, struct avpni_peer *peer,
                                          const struct avpn_sa_report *report)
{
    struct avpni_session *session = report->is_sender
                                        ? peer->tunnel.current
                                        : avpni_session_find(&node->context, report->spi);

    if (session == NULL || session->peer != peer)
        return NULL;
    return !report->is_sender || session->remote_index == (report->spi & ~15u) ? session : NULL;
}

int32_t avpn_node_report_sa(struct avpn_node *node, const struct avpn_sa_report *report,
                            avpn_time now)
{
    struct avpni_session *session;
    struct avpn_sa_report own;
    struct avpni_peer *peer;
    bool is_known;

    if (node == NULL || avpni_take(&own, sizeof own, report, AVPNI_FIRST_SA_REPORT) != AVPN_OK ||
        own.is_sender > 1 || !is_source(&own.source))
        return AVPN_ERROR_ARGUMENT;
    if (!node->context.hands_over)
        return AVPN_ERROR_STATE;
    peer = avpni_node_find_peer(node, own.member);
    if (peer == NULL)
        return AVPN_ERROR_NOT_FOUND;
    session = find_session(node, peer, &own);
    is_known = avpni_handover_report(
        session, own.is_sender ? own.spi & 15 : avpni_session_path(own.spi), &own, now);
    avpni_node_flush(node, now);
    return is_known ? AVPN_OK : AVPN_ERROR_NOT_FOUND;
}

int32_t avpn_node_rekey(struct avpn_node *node, uint32_t member, avpn_time now)
{
    struct avpni_peer *peer;

    if (node == NULL)
        return AVPN_ERROR_ARGUMENT;
    peer = avpni_node_find_peer(node, member);
    if (peer == NULL)
        return AVPN_ERROR_NOT_FOUND;
    if (peer->tunnel.current == NULL)
        return AVPN_ERROR_STATE;
    avpni_tunnel_want_rekey(peer, now);
    avpni_node_flush(node, now);
    return AVPN_OK;
}
