/* SPDX-License-Identifier: ISC */
/*
 * psk: the organization's pre-shared keys that a node holds, of its epoch and of the one before, and which of
 * them two nodes use that may not have the same configuration yet. Values only. Spec: [CFG-7], [PRB-13].
 */
#ifndef AVPNI_LINK_PSK_H
#define AVPNI_LINK_PSK_H

#include <autovpn/types.h>

struct avpni_psks {
    uint32_t epoch; /* 0: none is held, as by a node that is revoked */
    struct avpn_key current, previous; /* previous is zero in epoch 1 */
};

/* The key of an epoch, borrowed; NULL: it is not held. */
const struct avpn_key *avpni_psks_find(const struct avpni_psks *psks, uint32_t epoch);
/*
 * The epoch that two nodes use: the lower of theirs, if the other still holds the key of it. 0: they have none in
 * common, or one has no key at all.
 */
uint32_t avpni_psk_agree(uint32_t epoch, uint32_t peer_epoch);

#endif
