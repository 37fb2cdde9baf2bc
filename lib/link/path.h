/* SPDX-License-Identifier: ISC */
/*
 * path: one of our uplinks towards one of a peer's: the hole punched between them, the
 * contact proved at the far end, whether it is alive. States and events: doc/protocol.md 7.3.
 *
 * A path has one timer, which means the next punch while punching, the next
 * attempt while empty, and the next probe, size request, death or end of a challenge while alive.
 */
#ifndef AVPNI_LINK_PATH_H
#define AVPNI_LINK_PATH_H

#include "link/context.h"
#include "link/mtu.h"

struct avpni_peer;

struct avpni_candidate {
    struct avpn_contact contact;
    uint8_t sent; /* requests in this attempt [PRB-4] */
};

struct avpni_path {
    struct avpni_peer *peer;
    struct avpni_timer timer;
    uint8_t uplink, remote_uplink;
    uint8_t state;    /* enum avpn_path_state */
    uint8_t step;     /* place in the punching schedule */
    uint8_t failures; /* attempts that failed in a row */
    uint8_t candidate_count;
    bool is_challenging;
    bool is_challenge_answered;
    struct avpni_candidate candidates[AVPNI_CANDIDATES];
    struct avpn_contact contact;    /* proved [PRB-4] */
    struct avpn_contact challenged; /* another source that may become the contact [PRB-7] */
    avpn_time attempt_at;           /* when the attempt began */
    avpn_time challenged_at;
    avpn_time alive_since;
    avpn_time answered_at;    /* last answer of the contact; -1: never */
    avpn_time answered_probe; /* when the newest answered request to it was sent */
    avpn_time probe_at;       /* when the last probe to it was sent */
    avpn_time unanswered_at;  /* the first probe since the last answer; AVPN_TIME_NEVER: none */
    uint32_t rtt_us;
    uint32_t probes_sent, probes_answered;
    struct avpni_mtu mtu; /* how large a datagram it carries, while alive */
};

int32_t avpni_path_new(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                       struct avpni_path **path_out);
void avpni_path_del(struct avpni_path *path);

/* Begin an attempt with what is known now; nothing if alive or nothing is known. [PRB-11] */
void avpni_path_attempt(struct avpni_path *path, avpn_time now);
/* Down at once: the uplink is gone or the peer's contacts were purged. */
void avpni_path_reset(struct avpni_path *path, avpn_time now);
/* A genuine request, or the newest ESP packet, came from `source` [PRB-7], [PRB-8]. */
void avpni_path_heard(struct avpni_path *path, const struct avpn_contact *source, avpn_time now);
/* A genuine response; `sent_at` from its transaction. False: it does not count [PRB-3]. */
bool avpni_path_answered(struct avpni_path *path, const struct avpn_contact *source,
                         avpn_time sent_at, avpn_time now);
/* A size response to a request sent at `sent_at`. False: it does not count [MTU-3]. */
bool avpni_path_size_answered(struct avpni_path *path, const struct avpn_contact *source,
                              uint32_t size, avpn_time sent_at, avpn_time now);
/* Probe it at once, if it is alive [PRB-14]. */
void avpni_path_probe(struct avpni_path *path, avpn_time now);
/* The proved contact, or a candidate of the attempt under way. */
bool avpni_path_expects(const struct avpni_path *path, const struct avpn_contact *contact);
bool avpni_path_is_alive(const struct avpni_path *path);

#endif
