/* SPDX-License-Identifier: ISC */
/* overlaps: all exports in force, sorted: those of one prefix together, and the site that is asked first in front [RTE-3]. */
#ifndef ADMIN_OVERLAPS_H
#define ADMIN_OVERLAPS_H

#include "admin/org.h"

#define OVERLAPS_ANY UINT32_MAX

struct overlaps {
    const struct org *org;
    const struct org_export **sorted; /* without those of revoked sites */
    uint32_t count;
};

/* 0, or -1: no memory. */
int overlaps_make(struct overlaps *overlaps, const struct org *org);
void overlaps_free(struct overlaps *overlaps);
/* One that overlaps a prefix, of a site other than the one at place `but`; OVERLAPS_ANY: of any. NULL: none does. */
const struct org_export *overlaps_find(const struct overlaps *overlaps,
                                       const struct avpn_prefix *prefix, uint32_t but);
/* How many from a place on have the same prefix. */
uint32_t overlaps_group(const struct overlaps *overlaps, uint32_t first);

#endif
