/* SPDX-License-Identifier: ISC */
/*
 * peer: one other node: its keys, what registries say about where it is, its paths and its tunnel.
 *
 * Life: avpni_peer_new when the configuration makes it a peer, avpni_peer_del when it no longer does.
 * A peer owns its remotes, paths and sessions, and its gate (forward/gate.h), through which the packet path sees it. Whatever may change what the
 * gate is to say calls avpni_peer_touch; avpni_peers_settle brings the gates up to date, before the next packet.
 */
#ifndef AVPNI_LINK_PEER_H
#define AVPNI_LINK_PEER_H

#include "link/context.h"
#include "link/hold.h"
#include "link/tunnel.h"

struct avpni_path;

#define AVPNI_PATHS (AVPN_UPLINKS * AVPN_UPLINKS)
#define AVPNI_PATH_NONE 255
#define AVPNI_OFFERS_ALL UINT64_MAX /* bits without an export are ones too [PRB-14] */

/* What is known about one of the peer's uplinks. */
struct avpni_remote {
    struct avpn_contact manual;                    /* the configuration's word */
    struct avpn_contact observed[AVPN_REGISTRIES]; /* by registry */
    struct avpn_contact local;
    uint8_t connected; /* bit per registry */
    uint8_t nats[AVPN_REGISTRIES];          /* enum avpn_nat_kind as the peer told each */
    uint8_t nat;                            /* as told last */
    avpn_time told_at[AVPN_REGISTRIES];     /* when each last said something of it */
    avpn_time changed_at;                   /* when one of them last said something else */
};

struct avpni_peer {
    struct avpni_context *context;
    uint32_t member;
    uint8_t role;
    bool is_initiator; /* [HS-8] */
    bool is_up;
    bool is_touched;           /* in the context's list, linked by `touched` */
    struct avpni_peer *touched;
    struct avpni_gate *gate;
    struct avpn_key key;
    struct avpn_key shared; /* DH of the static keys */
    uint8_t send_probe_key[32], receive_probe_key[32]; /* [KDF-4] */
    uint8_t send_tag[8], receive_tag[8];
    struct avpni_remote *remotes[AVPN_UPLINKS];
    struct avpni_path *paths[AVPNI_PATHS]; /* by local uplink * 4 + remote uplink */
    uint8_t selected;                      /* the path traffic takes, or AVPNI_PATH_NONE [PTH-1] */
    struct avpni_tunnel tunnel;
    struct avpni_timer timer; /* failback, purge and the end of a hold */
    avpn_time heard_at;       /* last connected or heard [PRB-12] */
    avpn_time up_since;
    avpn_time failback_at;
    struct avpni_hold hold;
    uint32_t hop_state;  /* enum avpn_hop_state, as last told to the node above */
    uint32_t site_check; /* of its site in the configuration in force [PRB-14] */
    uint64_t offers;     /* bit by place of its exports; all ones until it says otherwise [RTE-8] */
    uint64_t offers_told; /* by the node above, in events */
    avpn_time offers_asked_at; /* when its request with other offers last made us probe; -1: never */
};

/*
 * AVPN_ERROR_MEMORY, AVPN_ERROR_RANDOM; AVPN_ERROR_ARGUMENT: the key is a low-order point [KDF-2].
 */
int32_t avpni_peer_new(struct avpni_context *context, uint32_t member, const struct avpn_key *key,
                       avpn_time now, struct avpni_peer **peer_out);
void avpni_peer_del(struct avpni_peer *peer);

/* Role, site check and manual contacts by the configuration in force. Another site check than before: all is offered. */
int32_t avpni_peer_configure(struct avpni_peer *peer, uint8_t role, bool marks_us, uint32_t site_check,
                             const struct avpn_contact *manual, size_t manual_count,
                             avpn_time now);
/* Our offers changed: probe all live paths, so that the peer asks. */
void avpni_peer_announce_offers(struct avpni_peer *peer, avpn_time now);
/* The gate may have to say something else. */
void avpni_peer_touch(struct avpni_peer *peer);
/* Gates of all touched peers say what is so. Out of memory a peer has no way for now, and stays touched. */
void avpni_peers_settle(struct avpni_context *context);
/* What lanes noted about the path in use since the last time is the path's. */
void avpni_peer_collect(struct avpni_peer *peer);
/* A session ends: its SAs are used no more, not by the gate either. */
void avpni_peer_close(struct avpni_peer *peer, const struct avpni_session *session);
/* The largest inner packet that the selected path carries whole; 0: none is selected. */
uint32_t avpni_peer_inner_limit(const struct avpni_peer *peer);
/* What a registry says [REG-14]. */
void avpni_peer_learn(struct avpni_peer *peer, uint32_t registry, const struct avpni_entry *entry,
                      avpn_time now);
/* Other registries serve from now on: what the old ones said is forgotten. Live paths stay. */
void avpni_peer_forget_registries(struct avpni_peer *peer);
/* An uplink of ours came up, went down, or moved. */
void avpni_peer_uplink_changed(struct avpni_peer *peer, uint32_t uplink, avpn_time now);

/* A probe with our tag for this peer arrived, a datagram of `count` bytes. */
void avpni_peer_receive_probe(struct avpni_peer *peer, uint32_t uplink,
                              const struct avpn_contact *source, const uint8_t *bytes,
                              size_t count, avpn_time now);

/* The candidates of one remote uplink seen from one of ours, in order [PRB-10]; how many. */
uint32_t avpni_peer_candidates(const struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                               struct avpn_contact candidates_out[AVPNI_CANDIDATES]);

/* A path became alive, died or went: choose where traffic goes, and tell when the tunnel's state changed. */
void avpni_peer_reselect(struct avpni_peer *peer, avpn_time now);
/* The path, made when there is none yet; NULL: out of memory. */
struct avpni_path *avpni_peer_path(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink);
/* The live path whose proved contact this is, or NULL. */
struct avpni_path *avpni_peer_proved_path(const struct avpni_peer *peer, uint32_t uplink,
                                          const struct avpn_contact *contact);
/* May a handshake come from there: proved, or a candidate of an attempt under way [HS-9]. */
bool avpni_peer_expects(const struct avpni_peer *peer, uint32_t uplink,
                        const struct avpn_contact *contact);
bool avpni_peer_is_connected(const struct avpni_peer *peer);

#endif
