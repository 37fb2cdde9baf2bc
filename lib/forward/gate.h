/* SPDX-License-Identifier: ISC */
/*
 * gate: one peer as the packet path sees it, from either side: whether and how packets leave to it, and what is said of those that come.
 *
 * The peer's owner (link/peer.h) makes it, keeps it up to date and retires it; any number of threads read it meanwhile. What changes often is atomic
 * and stands for itself; what belongs together - the SA to seal with, where the datagrams go, how large they may be - is one *way*, replaced as
 * a whole.
 */
#ifndef AVPNI_FORWARD_GATE_H
#define AVPNI_FORWARD_GATE_H

#include "base/tally.h"
#include "crypto/esp.h"
#include "forward/reclaim.h"
#include <autovpn/types.h>

#define AVPNI_GATE_PATHS 16 /* AVPN_UPLINKS squared */

/* How packets to a peer leave. Constant once published, but for `largest`. */
struct avpni_way {
    struct avpni_retired retired;
    struct avpni_sa *sa;
    avpn_time until;     /* no packet is sealed from here on [ESP-6] */
    uint32_t limit;      /* largest inner packet carried whole, never 0 [MTU-6] */
    uint32_t uplink;
    uint32_t path;       /* our uplink * 4 + the peer's */
    uint32_t flags;      /* AVPN_DATAGRAMS_* */
    struct avpn_contact contact;
    _Atomic uint32_t largest; /* datagram sent since the owner looked last [MTU-5] */
};

struct avpni_gate {
    struct avpni_retired retired;
    uint32_t member;
    _Atomic uint8_t state;   /* enum avpn_hop_state */
    _Atomic uint8_t role;    /* enum avpn_role */
    _Atomic bool marks_us;   /* takes its default route through us [RTE-6] */
    _Atomic(struct avpni_way *) way; /* NULL: nothing can be sent */
    /* From where packets on a path come, as avpni_source_check; 0: from nowhere that is proved. */
    _Atomic uint32_t sources[AVPNI_GATE_PATHS];
    struct avpni_tally sent_packets, sent_bytes, received_packets, received_bytes;
};

/*
 * A contact in 32 bits, never 0: another than the proved one is noticed; one in four billion is not, until the next probe.
 */
uint32_t avpni_source_check(const struct avpn_contact *contact);

#endif
