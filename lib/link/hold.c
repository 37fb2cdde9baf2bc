/* SPDX-License-Identifier: ISC */
/*
 * hold: see hold.h. `span` is judged when the tunnel goes down, because only then is known how long it was up.
 */
#include "link/hold.h"

#include "wire/limits.h"

void avpni_hold_init(struct avpni_hold *hold)
{
    *hold = (struct avpni_hold){.span = AVPNI_HOLD_FIRST, .until = -1, .ended_at = -1, .up_at = -1};
}

bool avpni_hold_up(struct avpni_hold *hold, avpn_time now)
{
    bool is_held = hold->was_up;

    hold->was_up = true;
    hold->up_at = now;
    if (is_held)
        hold->until = hold->ended_at = now + hold->span;
    return is_held;
}

bool avpni_hold_end(struct avpni_hold *hold, avpn_time now)
{
    if (hold->until < 0 || now < hold->until)
        return false;
    hold->until = -1;
    return true;
}

void avpni_hold_down(struct avpni_hold *hold, avpn_time now)
{
    hold->until = -1;
    if (now - hold->up_at >= AVPNI_HOLD_FORGET)
        hold->span = AVPNI_HOLD_FIRST;
    else if (hold->ended_at >= hold->up_at && now - hold->ended_at < AVPNI_HOLD_FLAP)
        hold->span *= 2;
    if (hold->span > AVPNI_HOLD_LAST)
        hold->span = AVPNI_HOLD_LAST;
}
