/* SPDX-License-Identifier: ISC */
/*
 * hold: how long a tunnel that came back is not trusted as a next hop, so that routes do not flap.
 *
 * The first time up there is no hold: there is nothing to go back from. Going down soon after a hold, or during
 * it, doubles the next one; a long time up forgets. Values in, value out. Spec: [RTE-7].
 */
#ifndef AVPNI_LINK_HOLD_H
#define AVPNI_LINK_HOLD_H

#include <autovpn/types.h>
#include <stdbool.h>

struct avpni_hold {
    bool was_up;
    avpn_span span;      /* of the next hold */
    avpn_time until;     /* held until then; -1: not held */
    avpn_time ended_at;  /* when the last hold ended, or would have; -1: never held */
    avpn_time up_at;
};

void avpni_hold_init(struct avpni_hold *hold);
/* True: held, until `until`. */
bool avpni_hold_up(struct avpni_hold *hold, avpn_time now);
/* True: the hold is over with this call. */
bool avpni_hold_end(struct avpni_hold *hold, avpn_time now);
void avpni_hold_down(struct avpni_hold *hold, avpn_time now);

#endif
