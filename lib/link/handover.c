/* SPDX-License-Identifier: ISC */
#include "link/handover.h"

#include "base/address.h"
#include "link/path.h"
#include "link/peer.h"
#include <string.h>

/* ---- telling ---------------------------------------------------------------------------- */

static struct avpni_told *told_of(const struct avpni_session *session, uint32_t path,
                                  bool is_sender)
{
    struct avpni_handed *handed = &session->handed[path];

    return is_sender ? &handed->sender : &handed->receiver;
}

/* Keys go with an installation only, and are wiped here when the host has it. */
static void tell(const struct avpni_session *session, uint32_t path, bool is_sender,
                 enum avpn_sa_action action)
{
    const struct avpni_context *context = session->peer->context;
    const struct avpni_told *told = told_of(session, path, is_sender);
    struct avpn_sa_parameters parameters = {0};
    struct avpn_sa_change change = {.size = sizeof change};

    avpni_session_parameters(session, path, is_sender, &parameters);
    change.action = (uint8_t)action;
    change.is_sender = is_sender;
    change.suite = parameters.suite;
    change.spi = parameters.spi;
    change.member = session->peer->member;
    change.uplink = path / AVPN_UPLINKS;
    change.remote_uplink = path % AVPN_UPLINKS;
    change.local = told->local;
    change.remote = told->remote;
    change.window = is_sender ? 0 : parameters.window;
    change.limit = is_sender ? parameters.limit : 0;
    change.inner_bytes = is_sender ? session->handed[path].inner_bytes : 0;
    if (action == AVPN_SA_INSTALL) {
        memcpy(change.key, parameters.key, sizeof change.key);
        memcpy(change.salt, parameters.salt, sizeof change.salt);
    }
    avpni_wipe(&parameters, sizeof parameters);
    context->host.sa(context->host.user, &change);
    avpni_wipe(&change, sizeof change);
}

static const struct avpn_contact *own_contact(const struct avpni_session *session, uint32_t path)
{
    return &session->peer->context->uplinks[path / AVPN_UPLINKS].local;
}

static void install(const struct avpni_session *session, uint32_t path, bool is_sender)
{
    struct avpni_told *told = told_of(session, path, is_sender);
    const struct avpni_path *at = session->peer->paths[path];

    told->is_there = true;
    told->local = *own_contact(session, path);
    if (avpni_path_is_alive(at))
        told->remote = at->contact;
    tell(session, path, is_sender, AVPN_SA_INSTALL);
}

/* A path that is not alive ends where it ended last: there is no better word. */
static void move(const struct avpni_session *session, uint32_t path, bool is_sender)
{
    struct avpni_told *told = told_of(session, path, is_sender);
    const struct avpni_path *at = session->peer->paths[path];
    const struct avpn_contact *local = own_contact(session, path);
    const struct avpn_contact *remote = avpni_path_is_alive(at) ? &at->contact : &told->remote;

    if (!told->is_there || (avpni_contact_is_equal(local, &told->local) &&
                            avpni_contact_is_equal(remote, &told->remote)))
        return;
    told->local = *local;
    told->remote = *remote;
    tell(session, path, is_sender, AVPN_SA_MOVE);
}

static void take_back(const struct avpni_session *session, uint32_t path, bool is_sender)
{
    struct avpni_tunnel *tunnel = &session->peer->tunnel;
    struct avpni_told *told = told_of(session, path, is_sender);

    if (!told->is_there)
        return;
    if (is_sender && tunnel->selected == session && tunnel->selected_path == path) {
        tunnel->selected = NULL;
        tell(session, path, true, AVPN_SA_DESELECT);
    }
    told->is_there = false;
    tell(session, path, is_sender, AVPN_SA_REMOVE);
}

/* ---- sessions --------------------------------------------------------------------------- */

int32_t avpni_handover_start(struct avpni_session *session)
{
    const struct avpni_peer *peer = session->peer;

    session->handed =
        avpni_allocate(&peer->context->memory, AVPNI_PATHS, sizeof *session->handed);
    if (session->handed == NULL)
        return AVPN_ERROR_MEMORY;
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        if (peer->paths[i] != NULL)
            avpni_handover_add_path(session, i);
    return AVPN_OK;
}

void avpni_handover_add_path(struct avpni_session *session, uint32_t path)
{
    if (!session->handed[path].receiver.is_there)
        install(session, path, false);
}

void avpni_handover_end(struct avpni_session *session)
{
    if (session->handed == NULL)
        return;
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        take_back(session, i, true);
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        take_back(session, i, false);
    avpni_release(&session->peer->context->memory, session->handed);
    session->handed = NULL;
}

/* ---- settling --------------------------------------------------------------------------- */

static void settle_senders(const struct avpni_session *session)
{
    for (uint32_t i = 0; i < AVPNI_PATHS; i++) {
        if (session->handed[i].sender.is_there)
            move(session, i, true);
        else if (session->handed[i].receiver.is_there &&
                 avpni_path_is_alive(session->peer->paths[i]))
            install(session, i, true);
    }
}

static void deselect(struct avpni_tunnel *tunnel)
{
    const struct avpni_session *session = tunnel->selected;

    tunnel->selected = NULL;
    if (session != NULL)
        tell(session, tunnel->selected_path, true, AVPN_SA_DESELECT);
}

static void settle_selection(struct avpni_peer *peer)
{
    struct avpni_tunnel *tunnel = &peer->tunnel;
    struct avpni_session *session = tunnel->current;
    uint32_t path = peer->selected, inner_bytes = avpni_peer_inner_limit(peer);

    if (session == NULL || path == AVPNI_PATH_NONE || !session->handed[path].sender.is_there) {
        deselect(tunnel);
        return;
    }
    if (tunnel->selected == session && tunnel->selected_path == path &&
        session->handed[path].inner_bytes == inner_bytes)
        return;
    tunnel->selected = session;
    tunnel->selected_path = path;
    session->handed[path].inner_bytes = inner_bytes;
    tell(session, path, true, AVPN_SA_SELECT);
}

void avpni_handover_settle(struct avpni_peer *peer)
{
    const struct avpni_tunnel *tunnel = &peer->tunnel;
    struct avpni_session *const sessions[3] = {tunnel->current, tunnel->previous, tunnel->pending};

    for (uint32_t s = 0; s < 3; s++)
        for (uint32_t i = 0; i < AVPNI_PATHS && sessions[s] != NULL; i++)
            move(sessions[s], i, false);
    if (sessions[0] != NULL)
        settle_senders(sessions[0]);
    settle_selection(peer);
    for (uint32_t s = 1; s < 3; s++)
        for (uint32_t i = 0; i < AVPNI_PATHS && sessions[s] != NULL; i++)
            take_back(sessions[s], i, true);
}

/* ---- what the host says ----------------------------------------------------------------- */

bool avpni_handover_was_heard(const struct avpni_session *session)
{
    for (uint32_t i = 0; i < AVPNI_PATHS; i++)
        if (session->handed[i].receiver.packets > 0)
            return true;
    return false;
}

/* How much more than last time; less is no news. */
static uint64_t grow(uint64_t *told, uint64_t reported)
{
    uint64_t more = reported > *told ? reported - *told : 0;

    *told += more;
    return more;
}

static void report_sender(struct avpni_peer *peer, struct avpni_told *told, uint32_t path,
                          const struct avpn_sa_report *report, avpn_time now)
{
    uint64_t packets = grow(&told->packets, report->packets);

    avpni_tally_add(&peer->gate->sent_packets, packets);
    avpni_tally_add(&peer->gate->sent_bytes, grow(&told->bytes, report->bytes));
    if (packets > 0 && peer->paths[path] != NULL) /* large ones too, for all that is known [MTU-5] */
        avpni_mtu_note_sent(&peer->paths[path]->mtu, peer->paths[path]->mtu.size);
    if (report->sequence >= AVPNI_REKEY_AFTER_PACKETS)
        avpni_tunnel_want_rekey(peer, now);
}

/* What it says of the source is a reason to ask there, as any genuine packet is [PRB-8]. */
static void report_receiver(struct avpni_session *session, struct avpni_told *told, uint32_t path,
                            const struct avpn_sa_report *report, avpn_time now)
{
    struct avpni_peer *peer = session->peer;
    uint64_t packets = grow(&told->packets, report->packets);
    bool has_source = report->source.family != AVPN_FAMILY_NONE;

    avpni_tally_add(&peer->gate->received_packets, packets);
    avpni_tally_add(&peer->gate->received_bytes, grow(&told->bytes, report->bytes));
    if (packets > 0 || has_source)
        avpni_tunnel_confirm(peer, session, now); /* [ESP-7] */
    if (has_source && peer->paths[path] != NULL)
        avpni_path_heard(peer->paths[path], &report->source, now);
}

bool avpni_handover_report(struct avpni_session *session, uint32_t path,
                           const struct avpn_sa_report *report, avpn_time now)
{
    struct avpni_told *told;

    if (session == NULL || session->handed == NULL)
        return false;
    told = told_of(session, path, report->is_sender != 0);
    if (!told->is_there)
        return false;
    if (report->is_sender)
        report_sender(session->peer, told, path, report, now);
    else
        report_receiver(session, told, path, report, now);
    return true;
}
