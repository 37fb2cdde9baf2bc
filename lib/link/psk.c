/* SPDX-License-Identifier: ISC */
/* psk: see psk.h. */
#include "link/psk.h"

#include <stddef.h>

const struct avpn_key *avpni_psks_find(const struct avpni_psks *psks, uint32_t epoch)
{
    if (epoch == 0 || psks->epoch == 0)
        return NULL;
    if (epoch == psks->epoch)
        return &psks->current;
    return epoch == psks->epoch - 1 ? &psks->previous : NULL;
}

uint32_t avpni_psk_agree(uint32_t epoch, uint32_t peer_epoch)
{
    uint32_t lower = epoch < peer_epoch ? epoch : peer_epoch;
    uint32_t higher = epoch < peer_epoch ? peer_epoch : epoch;

    return higher - lower <= 1 ? lower : 0;
}
