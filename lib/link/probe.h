/* SPDX-License-Identifier: ISC */
/*
 * probe: sealing and opening probes of one peer, and their transactions.
 *
 * A transaction is not stored: it is the time of sending in microseconds (32 bits) and a MAC over that
 * time, our uplink, the contact and the size that was asked for (32 bits). A response proves its contact by bringing
 * back what only a receiver there can know, whatever is outstanding, without a table. The size, 0 in a plain probe, keeps
 * the two kinds of answers apart: neither is one to the other's requests. Spec: [PRB-1] to [PRB-3], [MTU-2], [MTU-3].
 */
#ifndef AVPNI_LINK_PROBE_H
#define AVPNI_LINK_PROBE_H

#include "link/context.h"

struct avpni_peer;

/* Send a request to `contact` from `uplink`. False: no randomness, counted. */
bool avpni_probe_request(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                         const struct avpn_contact *contact, avpn_time now);
/*
 * Send a size request, a datagram of `size` bytes. Only to a proved contact: it is larger than what anyone sent from there. False:
 * as above.
 */
bool avpni_probe_request_size(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                              const struct avpn_contact *contact, uint32_t size, avpn_time now);
/* Answer a request of either kind. */
bool avpni_probe_respond(struct avpni_peer *peer, uint32_t uplink,
                         const struct avpn_contact *source, const struct avpni_probe *request);
/* Open a probe, a datagram of `count` bytes that demux took for one. False: not genuine or not canonical. */
bool avpni_probe_open(const struct avpni_peer *peer, const uint8_t *bytes, size_t count,
                      struct avpni_probe *probe_out);
/* When the request was sent that this response answers; -1: none of ours, or too old [PRB-3]. */
avpn_time avpni_probe_sent_at(const struct avpni_peer *peer, uint32_t uplink,
                              const struct avpn_contact *contact, const struct avpni_probe *response,
                              avpn_time now);

#endif
