/* SPDX-License-Identifier: ISC */
/*
 * slices: what a node keeps in its host's store: two slices, in two places, and which one is on trial.
 *
 * A slice is written to the place that does not hold the one in force, so a write that fails or is torn costs
 * nothing that is needed. The mark of a trial is written before the slice it means: whatever a crash leaves
 * behind, a slice that has not stood its trial is known for one. Nothing read is believed here.
 * Spec: [CFG-11], [CFG-12].
 */
#ifndef AVPNI_NODE_SLICES_H
#define AVPNI_NODE_SLICES_H

#include "link/context.h"

#define AVPNI_SLICE_PLACES 2

/* A slice on the heap. bytes NULL: none. */
struct avpni_slice {
    uint8_t *bytes;
    size_t count;
    uint64_t version;
};

struct avpni_slices {
    const struct avpni_context *context;
    uint64_t versions[AVPNI_SLICE_PLACES]; /* what each place holds, as far as known; 0: nothing of use */
    uint64_t trial;                        /* the version marked in the store; 0: none */
};

void avpni_slice_drop(const struct avpni_memory *memory, struct avpni_slice *slice);

/* Reads the mark. */
void avpni_slices_init(struct avpni_slices *slices, const struct avpni_context *context);
/* What a place holds, version not yet known. bytes NULL and AVPN_OK: nothing. AVPN_ERROR_MEMORY. */
int32_t avpni_slices_read(const struct avpni_slices *slices, uint32_t place,
                          struct avpni_slice *slice_out);
/* It was verified: the place holds this version. */
void avpni_slices_note(struct avpni_slices *slices, uint32_t place, uint64_t version);
/* Keep a slice, beside the one of version `in_force` where that is there. A failure is logged. */
void avpni_slices_write(struct avpni_slices *slices, const struct avpni_slice *slice,
                        uint64_t in_force);
/* Mark this version as on trial; 0: none is. */
void avpni_slices_mark(struct avpni_slices *slices, uint64_t version);

#endif
