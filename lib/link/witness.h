/* SPDX-License-Identifier: ISC */
/*
 * witness: what registries say about where a peer is, held against each other and against what answers.
 *
 * A registry is only contradicted where no honest one could be: the peer has itself compared what all its registries see
 * and found it to be the same (its NAT is friendly, says the other registry), it answers us where the other registry
 * says it is, this one names another contact of the same family as connected, and all of that has not changed for
 * AVPNI_CONTRADICTED_AFTER - longer than any registry takes to notice that a contact is gone. What either
 * said before its present session with us does not count. Values only. Spec: [SYN-6].
 */
#ifndef AVPNI_LINK_WITNESS_H
#define AVPNI_LINK_WITNESS_H

#include "link/peer.h"

/*
 * `since`: for each registry when our present session with it began; AVPN_TIME_NEVER: there is none.
 */
bool avpni_witness_contradicts(const struct avpni_peer *peer, uint32_t registry,
                               const avpn_time since[AVPN_REGISTRIES], avpn_time now);

#endif
