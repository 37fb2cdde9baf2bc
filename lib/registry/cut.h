/* SPDX-License-Identifier: ISC */
/*
 * cut: an update as one member of an organization gets it, cut out of the published document. Never kept: made
 * again for whoever asks, and gone when its parts are written. Spec: [SYN-2], [UPD-2].
 */
#ifndef AVPNI_REGISTRY_CUT_H
#define AVPNI_REGISTRY_CUT_H

#include "registry/organization.h"
#include "wire/limits.h"

#define AVPNI_CUT_FEW (AVPN_HUBS + 1) /* a spoke and its hubs */

struct avpni_cut {
    struct avpni_update update;
    uint64_t base, version; /* base 0 where the one asked for is not known */
    uint32_t size;
    uint32_t *block; /* a hub's peers; else `few` is enough */
    uint32_t few[AVPNI_CUT_FEW];
    uint32_t removed[AVPNI_REMOVALS_KNOWN];
};

/* For the member at a place. False: no memory. To be ended by _fini either way; not to be moved. */
bool avpni_cut_init(struct avpni_cut *cut, const struct avpni_memory *memory,
                    const struct avpni_organization *organization, uint32_t place, uint64_t base);
void avpni_cut_fini(struct avpni_cut *cut, const struct avpni_memory *memory);
/* For one that is revoked, by its place in the document: it knows itself and has no peers. No _fini. */
void avpni_cut_init_revoked(struct avpni_cut *cut, const struct avpni_organization *organization,
                            uint32_t index, uint64_t base);
/* What is the same for all whom avpni_cut_concerns says no of, without their sealed keys. No _fini. */
void avpni_cut_init_common(struct avpni_cut *cut, const struct avpni_organization *organization,
                           uint64_t base);
/* The update tells this member something that it does not tell others, besides its sealed key. */
bool avpni_cut_concerns(const struct avpni_cut *common,
                        const struct avpni_organization *organization, uint32_t place);
/* `count` parts from number `first` on, one after the other without heads. */
void avpni_cut_write(const struct avpni_cut *cut, uint32_t first, uint32_t count, uint8_t *out);

#endif
