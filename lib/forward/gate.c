/* SPDX-License-Identifier: ISC */
#include "forward/gate.h"

#include <string.h>

uint32_t avpni_source_check(const struct avpn_contact *contact)
{
    uint64_t halves[2], mixed;

    memcpy(halves, contact->bytes, sizeof halves);
    mixed = (halves[0] ^ ((uint64_t)contact->port << 8 | contact->family)) *
            UINT64_C(0x9E3779B97F4A7C15);
    mixed = (mixed ^ mixed >> 29 ^ halves[1]) * UINT64_C(0xBF58476D1CE4E5B9);
    return (uint32_t)(mixed >> 32) | 1;
}
