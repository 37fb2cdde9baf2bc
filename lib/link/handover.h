/* SPDX-License-Identifier: ISC */
/*
 * handover: a host that carries the packets itself (avpn_node_options.hands_over) is told of every SA, and tells what became of it.
 *
 * A receiver is told when its session has keys: before the peer can know that it may send. A sender is told when its
 * session is the current one and its path has a proved contact, and taken back when another session is current. At most one sender of a peer is
 * selected. All this follows from tunnel, paths and selection: avpni_handover_settle compares it with what the host was told, and
 * tells the difference, so that what is new comes before what it replaces goes.
 *
 * Invariant: of one session and path either direction is told once, and taken back once: numbers and windows are the host's, and would
 * begin again.
 */
#ifndef AVPNI_LINK_HANDOVER_H
#define AVPNI_LINK_HANDOVER_H

#include "link/session.h"

struct avpni_told {
    bool is_there;
    struct avpn_contact local, remote; /* remote NONE: not known yet */
    uint64_t packets, bytes;           /* as the host reported */
};

/* Of one path of a session. */
struct avpni_handed {
    struct avpni_told sender, receiver;
    uint32_t inner_bytes; /* as told when the sender was selected last */
};

/* The session's keys are there: receivers of all paths the peer has. AVPN_ERROR_MEMORY: nothing was told. */
int32_t avpni_handover_start(struct avpni_session *session);
/* ... and of one that comes later. */
void avpni_handover_add_path(struct avpni_session *session, uint32_t path);
/* Everything that was told is taken back. */
void avpni_handover_end(struct avpni_session *session);
/* Tunnel, paths, selection or the own contact are not what they were. */
void avpni_handover_settle(struct avpni_peer *peer);

/* The peer has sent under it. */
bool avpni_handover_was_heard(const struct avpni_session *session);
/* False: there is no such SA. `session` and `path` are those of report->spi. */
bool avpni_handover_report(struct avpni_session *session, uint32_t path,
                           const struct avpn_sa_report *report, avpn_time now);

#endif
