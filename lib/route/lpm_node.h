/* SPDX-License-Identifier: ISC */
/*
 * lpm_node: how the nodes of an lpm lie in words. For lpm.c and lpm_change.c only.
 *
 * A word that decides is LPM_INHERIT, a value + 1, or LPM_NODE with the reference of a node. In a front, it may
 * be LPM_NODE | LPM_DIRECT with the reference of an item at which the search begins.
 *
 *     every node   base | owner | total | shape
 *     a block      .. starts | values | codes        of its items
 *     packed       .. start and value each | LPM_END | codes
 *     a table      .. own block | 16 sums | 256 entries
 *
 * `base` is what the nodes above decide for the node's prefix; `owner` the reference of the word
 * that names the node; `total` the number of prefixes in and below it; `shape` the number of items
 * of a block, how wide they are, and the node's depth: the bits of the address that lead to it.
 *
 * An item says what is decided from its start on (the next 32 bits of an address). Its code tells what it
 * is: 1..32 a prefix of as many bits beyond the depth; LPM_CHILD + 1..32 such a prefix whose
 * longer ones are in a node of their own; 0 the place where a prefix ends and what is around it
 * goes on. Items are sorted by start, then length, a child last: the last item at or before an
 * address decides, and the first one starts at 0. A key that a child's prefix begins is in the child if it is
 * longer, else in the block.
 *
 * Where all starts and values fit, a block is *packed*: 16 bits of start and 16 of the value in one word. That
 * takes half the memory, and start and value are read together. Because the starts are in the upper half and no
 * value is 0xffff, the items at or before an address are the words up to it and LPM_LAST; the word
 * after the last item is LPM_END, above them all, so that a search can begin at any item without knowing how many
 * follow. That is what the front of an IPv4 table points to: see lpm_front.c.
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
#define LPM_DIRECT (UINT32_C(1) << 30)

#define LPM_BASE 0u
#define LPM_OWNER 1u
#define LPM_TOTAL 2u
#define LPM_SHAPE 3u
#define LPM_HEADER 4u
#define LPM_OWN 4u
#define LPM_SUMS 5u
#define LPM_ENTRIES 21u
#define LPM_TABLE_WORDS (LPM_ENTRIES + 256u)

#define LPM_PACKED (UINT32_C(1) << 15)
#define LPM_ITEMS(shape) ((shape) & (LPM_PACKED - 1))
#define LPM_DEPTH(shape) ((shape) >> 16)
#define LPM_CHILD 64u

#define LPM_LAST UINT32_C(0xfffe) /* the largest value of a packed item */
#define LPM_END UINT32_MAX

#if defined(__GNUC__)
#define LPM_PREFETCH(address) __builtin_prefetch(address)
#else
#define LPM_PREFETCH(address) ((void)(address))
#endif

/* The place of the lowest bit of some. */
static inline uint32_t lpm_lowest(uint32_t bits)
{
#if defined(__GNUC__)
    return (uint32_t)__builtin_ctz(bits);
#else
    uint32_t place = 0;

    while (!(bits >> place & 1)) {
        place++;
    }
    return place;
#endif
}

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

/* What is decided here, or else what was above; nobody can predict which. */
static inline uint32_t lpm_choose(uint32_t here, uint32_t above)
{
    return here | (above & (0u - (uint32_t)(here == LPM_INHERIT)));
}

/* The item that a word of a front begins with. */
static inline const uint32_t *lpm_direct(const struct avpni_lpm *lpm, uint32_t word)
{
    return avpni_slabs_at(&lpm->slabs, word & ~(LPM_NODE | LPM_DIRECT));
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

static inline bool lpm_is_packed(uint32_t shape)
{
    return (shape & LPM_PACKED) != 0;
}

/* Where the codes begin, counted from the block's first word. */
static inline uint32_t lpm_codes_place(uint32_t shape)
{
    return LPM_HEADER + (lpm_is_packed(shape) ? LPM_ITEMS(shape) + 1 : 2 * LPM_ITEMS(shape));
}

static inline uint32_t lpm_block_words(uint32_t shape)
{
    return lpm_codes_place(shape) + (LPM_ITEMS(shape) + 3) / 4;
}

static inline const uint8_t *lpm_codes(const uint32_t *block)
{
    return (const uint8_t *)(block + lpm_codes_place(block[LPM_SHAPE]));
}

static inline uint32_t lpm_start(const uint32_t *block, uint32_t index)
{
    uint32_t word = block[LPM_HEADER + index];

    return lpm_is_packed(block[LPM_SHAPE]) ? word & UINT32_C(0xffff0000) : word;
}

static inline uint32_t lpm_value(const uint32_t *block, uint32_t index)
{
    return lpm_is_packed(block[LPM_SHAPE])
               ? block[LPM_HEADER + index] & UINT16_MAX
               : block[LPM_HEADER + LPM_ITEMS(block[LPM_SHAPE]) + index];
}

/* Where the words are that may name children, counted from the block's first word; a packed one has none. */
static inline uint32_t lpm_values(const uint32_t *block)
{
    return LPM_HEADER + LPM_ITEMS(block[LPM_SHAPE]);
}

static inline uint32_t lpm_values_end(const uint32_t *block)
{
    uint32_t items = LPM_ITEMS(block[LPM_SHAPE]);

    return LPM_HEADER + items + (lpm_is_packed(block[LPM_SHAPE]) ? 0 : items);
}

/* The last item at or before some bits. */
static inline uint32_t lpm_item(const uint32_t *block, uint32_t bits)
{
    uint32_t shape = block[LPM_SHAPE], low = 0;
    const uint32_t *starts = block + LPM_HEADER;

    bits = lpm_is_packed(shape) ? (bits & UINT32_C(0xffff0000)) | LPM_LAST : bits;
    /* No branch depends on what is compared. */
    for (uint32_t rest = LPM_ITEMS(shape); rest > 1; rest -= rest / 2) {
        low += starts[low + rest / 2] <= bits ? rest / 2 : 0;
    }
    return low;
}

/* What a block decides for the bits after its depth. */
static inline uint32_t lpm_search(const uint32_t *block, uint32_t bits)
{
    return lpm_value(block, lpm_item(block, bits));
}

/* What items decide, from the one at which the front begins, for the 16 bits of an address after the first 16. */
static inline uint32_t lpm_search_direct(const uint32_t *item, uint32_t address)
{
    uint32_t bits = address << 16 | LPM_LAST;

    while (item[1] <= bits) {
        item++;
    }
    return *item & UINT16_MAX;
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

/* ---- lpm_block.c ----------------------------------------------------------------------------- */

/* A table's own block has up to 511 items. One that just split may have one too many for each level. */
#define LPM_LIST_LIMIT 530u

/* Prefixes and children of a block, or all of its items. */
struct lpm_list {
    uint32_t count;
    struct lpm_list_item {
        uint32_t start, value;
        uint8_t code;
    } items[LPM_LIST_LIMIT];
};

/* The prefixes and children of a block. */
void lpm_extract(const uint32_t *block, struct lpm_list *list);
/* Where a prefix or child is in a list or belongs. */
uint32_t lpm_list_place(const struct lpm_list *list, uint32_t start, uint32_t code);
bool lpm_list_has(const struct lpm_list *list, uint32_t place, uint32_t start, uint32_t code);
void lpm_list_insert(struct lpm_list *list, uint32_t place, const struct lpm_list_item *item);
void lpm_list_erase(struct lpm_list *list, uint32_t place);

/* Memory for a block with these prefixes and children, not written yet. */
int32_t lpm_reserve_block(struct avpni_lpm *lpm, const struct lpm_list *list, uint32_t depth,
                          uint32_t *block_out);
/* Fill it; its base and owner are left. Children get theirs. */
void lpm_write_block(struct avpni_lpm *lpm, uint32_t block, const struct lpm_list *list,
                     uint32_t depth);
/* Both. */
int32_t lpm_add_block(struct avpni_lpm *lpm, const struct lpm_list *list, uint32_t depth,
                      uint32_t *block_out);
/*
 * Write a block again with other prefixes and children, in its place if its class stays or if there is no memory and
 * it has room. AVPN_ERROR_MEMORY, never when there are fewer than before: unchanged.
 */
int32_t lpm_rewrite_block(struct avpni_lpm *lpm, uint32_t block, const struct lpm_list *list);

/* The word at a reference, in a node or outside of all. */
uint32_t *lpm_word_at(struct avpni_lpm *lpm, uint32_t location);
/* Put a node under an owner; `base` is what is decided above it. */
void lpm_hang(struct avpni_lpm *lpm, uint32_t owner, uint32_t base, uint32_t node);
void lpm_release_node(struct avpni_lpm *lpm, uint32_t node);
/* A node and all below it. */
void lpm_release_below(struct avpni_lpm *lpm, uint32_t word);

/* ---- lpm_table.c ----------------------------------------------------------------------------- */

/* Put, replace (value) or remove (LPM_INHERIT) a prefix of a table's own. AVPN_ERROR_MEMORY: unchanged. */
int32_t lpm_table_change(struct avpni_lpm *lpm, uint32_t table, const struct lpm_list_item *item);
/* How many prefixes and children a block may have. */
uint32_t lpm_block_limit(const struct avpni_lpm *lpm, uint32_t depth);
/* Make a table of a block that would have these prefixes and children, too many. AVPN_ERROR_MEMORY: unchanged. */
int32_t lpm_split(struct avpni_lpm *lpm, uint32_t block, const struct lpm_list *list);

/* ---- lpm_vectors.c --------------------------------------------------------------------------- */

/* The best that this machine has. */
uint32_t lpm_vectors(void);
/*
 * The first step of a batch, and mostly the last: the words of the front for addresses, and for those that are LPM_DIRECT what
 * the items decide. Returns which of them, as bits, name another node.
 */
uint32_t lpm_front_begin(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t count,
                         uint32_t *words_out);
/* Values from words that name no node any more. */
void lpm_front_end(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t count,
                   const uint32_t *words, uint32_t *values_out);

/* ---- lpm_front.c --------------------------------------------------------------------------- */

#define LPM_FRONT_ABOVE 65536u /* words; the entries follow */

/* Where the search for an address begins. There is a front. */
static inline uint32_t lpm_front_word(const struct avpni_lpm *lpm, uint32_t address)
{
    return lpm->front[LPM_FRONT_ABOVE + (address >> (32 - lpm->front_bits))];
}

/* What is decided above the node in which it begins. */
static inline uint32_t lpm_front_above(const struct avpni_lpm *lpm, uint32_t address)
{
    return lpm->front[address >> 16];
}

/* After a value of this key was put or removed. */
void lpm_front_update(struct avpni_lpm *lpm, const struct avpni_lpm_key *key);
/* After a node moved to this place. */
void lpm_front_follow(struct avpni_lpm *lpm, uint32_t node);
/* Make it anew, for 16..19 bits, below a root that is a table. Without memory, what there was stays. */
bool lpm_front_make(struct avpni_lpm *lpm, uint32_t bits);
void lpm_front_release(struct avpni_lpm *lpm);
int32_t lpm_front_copy(struct avpni_lpm *to, const struct avpni_lpm *from);
size_t lpm_front_footprint(const struct avpni_lpm *lpm);

#endif
