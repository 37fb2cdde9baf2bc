/* SPDX-License-Identifier: ISC */
/*
 * lpm_node: how the nodes of an lpm lie in words. For lpm.c and lpm_change.c only.
 *
 * A word that decides is LPM_INHERIT, a value + 1, or LPM_NODE with the reference of a node.
 *
 *     every node   base | owner | total | shape
 *     a block      .. starts | values | codes        of its items
 *     a table      .. own block | 16 sums | 256 entries
 *
 * `base` is what the nodes above decide for the node's prefix; `owner` the reference of the word
 * that names the node; `total` the number of prefixes in and below it; `shape` the number of items
 * of a block, how wide they are, and the node's depth: the bits of the address that lead to it.
 *
 * An item says what is decided from its start on (the next 32 bits of an address; a block
 * whose prefixes all have 16 bits or less beyond its depth is *narrow* and keeps the upper 16; one
 * without children whose values are all below 65536 is *small* and keeps 16 bits of them). Its code tells what it
 * is: 1..32 a prefix of as many bits beyond the depth; LPM_CHILD + 1..32 such a prefix whose
 * longer ones are in a node of their own; 0 the place where a prefix ends and what is around it
 * goes on. Items are sorted by start, then length, a child last: the last item at or before an
 * address decides. A key that a child's prefix begins is in the child if it is longer, else in the block.
 *
 * A table's own block has its prefixes of 1..8 bits beyond the depth; entries are made from it. A
 * table's sums count the prefixes below 16 entries each, so that the n-th prefix is found quickly.
 */
#ifndef AVPNI_ROUTE_LPM_NODE_H
#define AVPNI_ROUTE_LPM_NODE_H

#include "route/lpm.h"

#include <stdbool.h>
#include <string.h>

#define LPM_INHERIT 0u
#define LPM_NODE (UINT32_C(1) << 31)

#define LPM_BASE 0u
#define LPM_OWNER 1u
#define LPM_TOTAL 2u
#define LPM_SHAPE 3u
#define LPM_HEADER 4u
#define LPM_OWN 4u
#define LPM_SUMS 5u
#define LPM_ENTRIES 21u
#define LPM_TABLE_WORDS (LPM_ENTRIES + 256u)

#define LPM_NARROW (UINT32_C(1) << 15)
#define LPM_SMALL (UINT32_C(1) << 14)
#define LPM_ITEMS(shape) ((shape) & (LPM_SMALL - 1))
#define LPM_DEPTH(shape) ((shape) >> 16)
#define LPM_CHILD 64u

#if defined(__GNUC__)
#define LPM_PREFETCH(address) __builtin_prefetch(address)
#else
#define LPM_PREFETCH(address) ((void)(address))
#endif

/* Of a word that names a node, or of a reference. */
static inline bool lpm_is_table(uint32_t word)
{
    return (word & ~LPM_NODE) >> AVPNI_SLABS_PLACE_BITS == AVPNI_SLABS_SPECIAL;
}

/* The same of any word, with bits that a compiler need not branch on. */
static inline uint32_t lpm_names_table(uint32_t word)
{
    return word >> AVPNI_SLABS_PLACE_BITS == (LPM_NODE >> AVPNI_SLABS_PLACE_BITS | AVPNI_SLABS_SPECIAL);
}

static inline uint32_t *lpm_node(const struct avpni_lpm *lpm, uint32_t word)
{
    return avpni_slabs_at(&lpm->slabs, word & ~LPM_NODE);
}

/* The 32 bits of a key after the first `depth`. */
static inline uint32_t lpm_bits(uint64_t high, uint64_t low, uint32_t depth)
{
    if (depth < 64) {
        high = high << depth | (low >> 1) >> (63 - depth);
    } else {
        high = depth < 128 ? low << (depth - 64) : 0;
    }
    return (uint32_t)(high >> 32);
}

/* ---- items of a block --------------------------------------------------------------------- */

/* Words for the starts or the values. */
static inline uint32_t lpm_words(uint32_t shape, uint32_t halved)
{
    return shape & halved ? (LPM_ITEMS(shape) + 1) / 2 : LPM_ITEMS(shape);
}

static inline uint32_t lpm_block_words(uint32_t shape)
{
    return LPM_HEADER + lpm_words(shape, LPM_NARROW) + lpm_words(shape, LPM_SMALL) +
           (LPM_ITEMS(shape) + 3) / 4;
}

/* One of an array of 16-bit numbers. */
static inline uint32_t lpm_half(const uint32_t *halves, uint32_t index)
{
    uint16_t half;

    memcpy(&half, (const uint8_t *)halves + index * sizeof half, sizeof half);
    return half;
}

static inline uint32_t lpm_start(const uint32_t *block, uint32_t index)
{
    return block[LPM_SHAPE] & LPM_NARROW ? lpm_half(block + LPM_HEADER, index) << 16
                                         : block[LPM_HEADER + index];
}

/* Where the values begin, counted from the block's first word. */
static inline uint32_t lpm_values(const uint32_t *block)
{
    return LPM_HEADER + lpm_words(block[LPM_SHAPE], LPM_NARROW);
}

static inline uint32_t lpm_value(const uint32_t *block, uint32_t index)
{
    const uint32_t *values = block + lpm_values(block);

    return block[LPM_SHAPE] & LPM_SMALL ? lpm_half(values, index) : values[index];
}

static inline const uint8_t *lpm_codes(const uint32_t *block)
{
    return (const uint8_t *)(block + lpm_values(block) + lpm_words(block[LPM_SHAPE], LPM_SMALL));
}

/* The last item at or before some bits, or UINT32_MAX. */
static inline uint32_t lpm_item(const uint32_t *block, uint32_t bits)
{
    uint32_t low = 0;

    for (uint32_t rest = LPM_ITEMS(block[LPM_SHAPE]); rest > 1; rest -= rest / 2) {
        low += lpm_start(block, low + rest / 2) <= bits ? rest / 2 : 0;
    }
    return lpm_start(block, low) <= bits ? low : UINT32_MAX;
}

/* What a block decides for the bits after its depth. No branch depends on what is compared. */
static inline uint32_t lpm_search(const uint32_t *block, uint32_t bits)
{
    const uint32_t *starts = block + LPM_HEADER;
    uint32_t shape = block[LPM_SHAPE], low = 0, first;

    if (shape & LPM_NARROW) {
        bits >>= 16;
        for (uint32_t rest = LPM_ITEMS(shape); rest > 1; rest -= rest / 2) {
            low += lpm_half(starts, low + rest / 2) <= bits ? rest / 2 : 0;
        }
        first = lpm_half(starts, low);
    } else {
        for (uint32_t rest = LPM_ITEMS(shape); rest > 1; rest -= rest / 2) {
            low += starts[low + rest / 2] <= bits ? rest / 2 : 0;
        }
        first = starts[low];
    }
    return lpm_value(block, low) & (0u - (uint32_t)(first <= bits));
}

/* ---- ways ------------------------------------------------------------------------------------ */

#define LPM_STEPS_LIMIT 24u /* a table each 8 bits, a block above each child */

struct lpm_step {
    uint32_t node;  /* a word */
    uint32_t digit; /* the entry of a table that was taken */
};

struct lpm_path {
    struct lpm_step steps[LPM_STEPS_LIMIT];
    uint32_t count;
    uint32_t location; /* the reference of the word that names the last node or, without LPM_NODE in it, would */
    uint32_t depth;    /* of the node that it names or would */
};

/* References of words outside of all nodes. */
#define LPM_ROOT (UINT32_C(62) << AVPNI_SLABS_PLACE_BITS)
#define LPM_DEAD (UINT32_C(63) << AVPNI_SLABS_PLACE_BITS)

/* The way to the node that has a prefix of at least one bit, or should have it. */
void lpm_descend(const struct avpni_lpm *lpm, const struct avpni_lpm_key *key,
                 struct lpm_path *path_out);
/* The n-th value in and below a node, n < its total. `key` has the node's prefix and gets the value's. */
uint32_t lpm_nth(const struct avpni_lpm *lpm, uint32_t word, uint32_t index,
                 struct avpni_lpm_key *key);

/* ---- lpm_front.c --------------------------------------------------------------------------- */

/* After a value of this key was put or removed. */
void lpm_front_update(struct avpni_lpm *lpm, const struct avpni_lpm_key *key);
/* After a node moved to this place. */
void lpm_front_follow(struct avpni_lpm *lpm, uint32_t block);
void lpm_front_release(struct avpni_lpm *lpm);
int32_t lpm_front_copy(struct avpni_lpm *to, const struct avpni_lpm *from);
size_t lpm_front_footprint(const struct avpni_lpm *lpm);
/* lpm_change.c: make a table's entries anew from its own prefixes. */
void lpm_spread_own(struct avpni_lpm *lpm, uint32_t table);

#endif
