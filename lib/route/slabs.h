/* SPDX-License-Identifier: ISC */
/*
 * slabs: blocks of 32-bit words in arrays by size, named by 30-bit references.
 *
 * Each size class is one array without holes: a block that is released is replaced by the last one
 * of its class. So memory follows what is in use up or down within a third, whatever the history,
 * and one release moves at most one block. The owner of the blocks has to correct what names the moved one.
 *
 * A reference holds the class and the place of the block's first word; adding to it gives the
 * reference of a later word of the same block. A class holds at most 64 MiB.
 */
#ifndef AVPNI_ROUTE_SLABS_H
#define AVPNI_ROUTE_SLABS_H

#include "base/memory.h"

#define AVPNI_SLABS_CLASSES 58u
#define AVPNI_SLABS_SPECIAL 57u /* the class of blocks of a size given at init */
#define AVPNI_SLABS_WORDS_LIMIT 1280u
#define AVPNI_SLABS_PLACE_BITS 24u
#define AVPNI_SLABS_BEYOND 16u /* words behind the last block of a class that may be read, whatever they are */

struct avpni_slab {
    uint32_t *words;
    uint32_t block_words;
    uint32_t used, capacity; /* blocks */
};

struct avpni_slabs {
    struct avpni_memory memory;
    struct avpni_slab classes[AVPNI_SLABS_CLASSES];
};

/* How many blocks each class has: what undoes allocations of an operation that released nothing yet. */
struct avpni_slabs_mark {
    uint32_t used[AVPNI_SLABS_CLASSES];
};

void avpni_slabs_init(struct avpni_slabs *slabs, const struct avpni_memory *memory,
                      uint32_t special_words);
/* Release everything; as after init. */
void avpni_slabs_clear(struct avpni_slabs *slabs);
/* The same blocks under the same references, in memory of their own. AVPN_ERROR_MEMORY: `to` is empty. */
int32_t avpni_slabs_copy(struct avpni_slabs *to, const struct avpni_slabs *from);

/* The smallest class for a number of words, 1..AVPNI_SLABS_WORDS_LIMIT. */
uint32_t avpni_slabs_class(uint32_t words);
/* A block, not zeroed. AVPN_ERROR_MEMORY: unchanged. May move all blocks of the class, not their references. */
int32_t avpni_slabs_add(struct avpni_slabs *slabs, uint32_t class, uint32_t *block_out);
/* Returns the former reference of the block that now has `block`'s, or `block` when none moved. */
uint32_t avpni_slabs_remove(struct avpni_slabs *slabs, uint32_t block);

void avpni_slabs_mark(const struct avpni_slabs *slabs, struct avpni_slabs_mark *mark_out);
void avpni_slabs_undo(struct avpni_slabs *slabs, const struct avpni_slabs_mark *mark);
size_t avpni_slabs_footprint(const struct avpni_slabs *slabs);

static inline uint32_t avpni_slabs_class_of(uint32_t block)
{
    return block >> AVPNI_SLABS_PLACE_BITS;
}

/* A word; good until the next add or remove. On the packet path. */
static inline uint32_t *avpni_slabs_at(const struct avpni_slabs *slabs, uint32_t word)
{
    return slabs->classes[word >> AVPNI_SLABS_PLACE_BITS].words +
           (word & ((UINT32_C(1) << AVPNI_SLABS_PLACE_BITS) - 1));
}

#endif
