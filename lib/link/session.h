/* SPDX-License-Identifier: ISC */
/*
 * session: the life of what one handshake between two nodes leaves (forward/session.h): two transport keys, and from them a pair of SAs
 * per path.
 *
 * A session's index is (random | place << 4): the place finds the session of an ESP packet without a
 * search, the random part keeps an old index from meaning a new session [HS-3].
 * SAs exist for every path the peer has, made when the session or the path is made, so that
 * nothing is allocated on the packet path and no unproved packet costs memory.
 */
#ifndef AVPNI_LINK_SESSION_H
#define AVPNI_LINK_SESSION_H

#include "forward/session.h"
#include "link/context.h"

/* Reserves an index. AVPN_ERROR_MEMORY, AVPN_ERROR_RANDOM, AVPN_ERROR_LIMIT. */
int32_t avpni_session_new(struct avpni_context *context, struct avpni_peer *peer,
                          struct avpni_session **session_out);
/* Found no more from now on; wiped when the last lane has left it. NULL is ignored. */
void avpni_session_del(struct avpni_context *context, struct avpni_session *session);
/* Keys have been agreed: makes the SAs of all paths the peer has, or hands them over. AVPN_ERROR_MEMORY: none made. */
int32_t avpni_session_start(struct avpni_session *session, uint8_t suite, uint32_t remote_index,
                            const struct avpn_key *send_key, const struct avpn_key *receive_key,
                            avpn_time now);
/* SAs for a path that came later; `path` is our uplink * 4 + the peer's. AVPN_ERROR_MEMORY. */
int32_t avpni_session_add_path(struct avpni_session *session, uint32_t path);
/* Of one direction of one path, keys too: to be wiped. */
void avpni_session_parameters(const struct avpni_session *session, uint32_t path, bool is_sender,
                              struct avpn_sa_parameters *parameters_out);
/* The session an SPI of ours belongs to, or NULL. */
struct avpni_session *avpni_session_find(struct avpni_context *context, uint32_t spi);
/* Too old to seal or open [ESP-6]. */
bool avpni_session_is_expired(const struct avpni_session *session, avpn_time now);

#endif
