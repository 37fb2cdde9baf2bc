/* SPDX-License-Identifier: ISC */
/*
 * tunnel: the sessions with one peer, one after the other. States: doc/protocol.md 7.4.
 *
 * `current` carries traffic; `previous` is only opened, for packets still on
 * their way; `pending` is a responder's, until the initiator has shown its keys [HS-11];
 * `attempt` is an initiator's handshake under way. A failed handshake touches none but its own.
 */
#ifndef AVPNI_LINK_TUNNEL_H
#define AVPNI_LINK_TUNNEL_H

#include "link/context.h"
#include <autovpn/noise.h>

struct avpni_peer;
struct avpni_session;

struct avpni_attempt;

struct avpni_tunnel {
    struct avpni_session *current, *previous, *pending;
    struct avpni_attempt *attempt;
    struct avpni_timer timer;
    avpn_time next_attempt_at;
    avpn_time rekey_at;       /* of the current session */
    avpn_time previous_until;
    uint64_t own_ticket;      /* a responder's: what the next initiation must carry [HS-10] */
    uint64_t peer_ticket;     /* an initiator's: the newest received, 0: used up */
    uint32_t peer_epoch;      /* an initiator's: of the peer's newest response [PRB-13] */
    bool is_epoch_told;       /* that no epoch is in common: said once */
    uint8_t cookie[16];
    avpn_time cookie_at;      /* -1: none */
    uint8_t mismatches;       /* [PRB-6] */
    bool is_rekey_wanted;
    struct avpni_session *selected; /* hand-over: whose sender the host was told to use, on which path; NULL: none */
    uint32_t selected_path;
};

int32_t avpni_tunnel_init(struct avpni_tunnel *tunnel, struct avpni_peer *peer);
void avpni_tunnel_fini(struct avpni_tunnel *tunnel, struct avpni_peer *peer);

#define AVPNI_PROLOGUE_BYTES 50

/* "autovpn 1 node" || organization || the initiator's index [HS-1]: so no index can be exchanged on the way. */
void avpni_tunnel_prologue(const struct avpni_context *context, uint32_t index,
                           uint8_t prologue[AVPNI_PROLOGUE_BYTES]);

/* Start a handshake if one is due and possible; set the timer. Called when anything changed. */
void avpni_tunnel_drive(struct avpni_peer *peer, avpn_time now);
/* What a genuine probe said of sessions and tickets. */
void avpni_tunnel_probe(struct avpni_peer *peer, const struct avpni_probe *probe, avpn_time now);
/* Fill in what our probes say. */
void avpni_tunnel_fill_probe(const struct avpni_peer *peer, struct avpni_probe *probe);

/*
 * An initiation whose Noise message 1 has been read: `request` is its payload. Sends the response.
 * Returns the counter to bump when it was dropped, AVPN_COUNTERS when not.
 */
enum avpn_counter avpni_tunnel_accept(struct avpni_peer *peer, uint32_t uplink,
                                      const struct avpn_contact *source, struct avpn_noise *noise,
                                      uint32_t remote_index,
                                      const struct avpni_node_request *request, avpn_time now);
/* A response or cookie for the index of our attempt. Returns as accept does. */
enum avpn_counter avpni_tunnel_response(struct avpni_peer *peer, uint32_t uplink,
                                        const struct avpn_contact *source, const uint8_t *bytes,
                                        avpn_time now);
enum avpn_counter avpni_tunnel_cookie(struct avpni_peer *peer, uint32_t uplink,
                                      const struct avpn_contact *source, const uint8_t *bytes,
                                      avpn_time now);
/* A confirmation that names `session`, one of this peer's [HS-11]. Returns as accept does. */
enum avpn_counter avpni_tunnel_confirmation(struct avpni_peer *peer, struct avpni_session *session,
                                            const uint8_t *bytes, avpn_time now);
/* A genuine ESP packet came under `session`: confirms a pending one [HS-11]. */
void avpni_tunnel_confirm(struct avpni_peer *peer, struct avpni_session *session, avpn_time now);
/* A sender reached AVPNI_REKEY_AFTER_PACKETS. */
void avpni_tunnel_want_rekey(struct avpni_peer *peer, avpn_time now);
/* A new path: SAs in every session. AVPN_ERROR_MEMORY. */
int32_t avpni_tunnel_add_path(struct avpni_peer *peer, uint32_t path);

#endif
