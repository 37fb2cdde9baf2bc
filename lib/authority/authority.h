/* SPDX-License-Identifier: ISC */
/* authority: the inside of an authority, and the charter it would sign. */
#ifndef AVPNI_AUTHORITY_AUTHORITY_H
#define AVPNI_AUTHORITY_AUTHORITY_H

#include "authority/keys.h"
#include <autovpn/authority.h>

struct avpn_authority {
    struct avpni_memory memory;
    struct avpni_charter charter; /* root sets and signing set of the next charter, no more */
    struct avpni_seeds root, signing;
    bool is_root_declared, is_signing_declared; /* else the keys added make the set */
    bool is_rotated;     /* the last rotation is not signed yet */
    uint8_t *adopted;    /* the last charter published, with its signatures; NULL: none */
    size_t adopted_bytes, adopted_body_bytes;
    uint16_t adopted_serial;
};

/*
 * The charter of a configuration, signed, or the adopted one, if it says the same. To be released
 * with avpni_release. AVPN_ERROR_STATE: fewer keys than a threshold; AVPN_ERROR_ARGUMENT: a rotation
 * under a serial that is no higher; AVPN_ERROR_MEMORY.
 */
int32_t avpni_charter_make(const struct avpn_authority *authority,
                           const struct avpn_config *config, uint64_t version,
                           uint8_t **charter_out, size_t *charter_bytes_out);

#endif
