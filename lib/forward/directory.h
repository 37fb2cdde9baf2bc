/* SPDX-License-Identifier: ISC */
/*
 * directory: where packets go and whose they may be, asked on the packet path. Routes are those of route/routes.h; which hops are
 * alive the gates say.
 */
#ifndef AVPNI_FORWARD_DIRECTORY_H
#define AVPNI_FORWARD_DIRECTORY_H

#include "forward/plane.h"

enum avpni_next_kind {
    AVPNI_NEXT_NONE = 0, /* no route */
    AVPNI_NEXT_DEAD,     /* a route, and none of its hops is alive */
    AVPNI_NEXT_HERE,     /* this site */
    AVPNI_NEXT_PEER
};

struct avpni_next {
    enum avpni_next_kind kind;
    struct avpni_gate *gate; /* of a PEER */
};

/* Ask memory for what avpni_directory_next will read, in two steps with others' in between. */
void avpni_directory_prefetch(const struct avpni_directory *directory, uint32_t route);
/* The first live hop of a route, or else the first held one [RTE-3], [RTE-7]. `route` may be AVPN_ROUTE_NONE. */
struct avpni_next avpni_directory_next(const struct avpni_directory *directory, uint32_t route);
/* The hop is one of the route's, alive or not [RTE-5]. `route` may be AVPN_ROUTE_NONE. */
bool avpni_directory_allows(const struct avpni_directory *directory, uint32_t route, uint32_t hop);
/* May packets whose source has this route go from this site to a peer: of the site, or on its exit hub anybody's [RTE-5], [RTE-6]. */
bool avpni_directory_may_send(const struct avpni_directory *directory, uint32_t source_route,
                              const struct avpni_gate *to);
/* May a packet go on from one peer to another: from a hub to a spoke directly, never to another hub [RTE-4]. */
bool avpni_rules_may_forward(const struct avpni_rules *rules, const struct avpni_gate *from,
                              const struct avpni_gate *to);
/*
 * The firewall's word [FWL-1], counted in `tallies` (the firewall's sent or received) of the rule that decides. False: denied, or its ports are
 * hidden from the rules [FWL-3].
 */
bool avpni_rules_allow(const struct avpni_rules *rules, struct avpni_tally *tallies,
                         bool is_shared, const struct avpn_address *source,
                         const struct avpn_address *destination, const uint8_t *packet,
                         uint32_t bytes);

#endif
