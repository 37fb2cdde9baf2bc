/* SPDX-License-Identifier: ISC */
/*
 * probe: sealing and opening probes of one peer, and their transactions.
 *
 * A transaction is not stored: it is the time of sending in microseconds (32 bits) and a MAC over that
 * time, our uplink and the contact (32 bits). A response proves its contact by bringing back
 * what only a receiver there can know, whatever is outstanding, without a table. Spec: [PRB-1] to [PRB-3].
 */
#ifndef AVPNI_LINK_PROBE_H
#define AVPNI_LINK_PROBE_H

#include "link/context.h"

struct avpni_peer;

/* Send a request to `contact` from `uplink`. False: no randomness, counted. */
bool avpni_probe_request(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                         const struct avpn_contact *contact, avpn_time now);
bool avpni_probe_respond(struct avpni_peer *peer, uint32_t uplink,
                         const struct avpn_contact *source, const struct avpni_probe *request);
/* Open a probe in place. False: not genuine or not canonical. */
bool avpni_probe_open(const struct avpni_peer *peer, uint8_t bytes[AVPNI_PROBE_BYTES],
                      struct avpni_probe *probe_out);
/* When the request was sent that a response answers; -1: none of ours, or too old [PRB-3]. */
avpn_time avpni_probe_sent_at(const struct avpni_peer *peer, uint32_t uplink,
                              const struct avpn_contact *contact, uint64_t transaction,
                              avpn_time now);

#endif
