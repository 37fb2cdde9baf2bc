/* SPDX-License-Identifier: ISC */
/*
 * lpm_block: a block as a list of prefixes and children, and back. See lpm_node.h.
 *
 * A change takes the prefixes of a block out into a list, changes the list, and writes the block
 * again, in place when its size class stays. Releasing a node moves another one into its place: words
 * kept in variables, a path's too, are void after it.
 *
 * Invariants: the word at a node's owner names it; a block has at least one item, and its first one starts at 0.
 */
#include "route/lpm_node.h"

#include <assert.h>

uint32_t *lpm_word_at(struct avpni_lpm *lpm, uint32_t location)
{
    return location == LPM_ROOT   ? &lpm->root
           : location == LPM_DEAD ? &lpm->dead
                                  : avpni_slabs_at(&lpm->slabs, location);
}

/* ---- lists ---------------------------------------------------------------------------------- */

void lpm_extract(const uint32_t *block, struct lpm_list *list)
{
    const uint8_t *codes = lpm_codes(block);

    list->count = 0;
    for (uint32_t i = 0; i < LPM_ITEMS(block[LPM_SHAPE]); i++) {
        if (codes[i] != 0) {
            list->items[list->count++] =
                (struct lpm_list_item){lpm_start(block, i), lpm_value(block, i), codes[i]};
        }
    }
}

uint32_t lpm_list_place(const struct lpm_list *list, uint32_t start, uint32_t code)
{
    uint32_t i = 0;

    while (i < list->count && (list->items[i].start < start ||
                               (list->items[i].start == start && list->items[i].code < code))) {
        i++;
    }
    return i;
}

bool lpm_list_has(const struct lpm_list *list, uint32_t place, uint32_t start, uint32_t code)
{
    return place < list->count && list->items[place].start == start &&
           list->items[place].code == code;
}

void lpm_list_insert(struct lpm_list *list, uint32_t place, const struct lpm_list_item *item)
{
    assert(list->count < LPM_LIST_LIMIT);
    memmove(&list->items[place + 1], &list->items[place],
            (list->count - place) * sizeof *list->items);
    list->items[place] = *item;
    list->count++;
}

void lpm_list_erase(struct lpm_list *list, uint32_t place)
{
    list->count--;
    memmove(&list->items[place], &list->items[place + 1],
            (list->count - place) * sizeof *list->items);
}

/* ---- ranges ----------------------------------------------------------------------------------- */

/* Prefixes that are open while going through a list: where they end, and what they decide. */
struct sweep {
    struct {
        uint64_t end;
        uint32_t value;
    } open[36];
    uint32_t depth;
};

/* All items of a block as they will be written. */
struct spread {
    struct lpm_list items;
    uint32_t bases[LPM_LIST_LIMIT]; /* what is around each item */
    uint32_t shape;
};

/* End the prefixes that end at or before a place: what is around them goes on. */
static void close_until(struct sweep *sweep, uint64_t place, struct lpm_list *out)
{
    while (sweep->depth > 0 && sweep->open[sweep->depth].end <= place) {
        uint64_t end = sweep->open[sweep->depth--].end;
        uint32_t value = sweep->open[sweep->depth].value;
        struct lpm_list_item *last = &out->items[out->count - 1];

        if (last->code == 0 && last->start == end) {
            last->value = value;
        } else if (end < UINT64_C(1) << 32) {
            out->items[out->count++] = (struct lpm_list_item){(uint32_t)end, value, 0};
        }
    }
}

static void spread_ranges(const struct lpm_list *list, struct spread *spread)
{
    struct sweep sweep = {.open = {{UINT64_MAX, LPM_INHERIT}}};
    struct lpm_list *out = &spread->items;

    out->items[0] = (struct lpm_list_item){0, LPM_INHERIT, 0};
    out->count = 1;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct lpm_list_item *item = &list->items[i];

        close_until(&sweep, item->start, out);
        if (out->items[out->count - 1].code == 0 &&
            out->items[out->count - 1].start == item->start) {
            out->count--; /* an end at which something begins need not be told */
        }
        spread->bases[out->count] = sweep.open[sweep.depth].value;
        out->items[out->count++] = *item;
        sweep.depth++;
        sweep.open[sweep.depth].end = item->start + (UINT64_C(1) << (32 - item->code % LPM_CHILD));
        sweep.open[sweep.depth].value = item->value;
    }
    close_until(&sweep, UINT64_C(1) << 32, out);
}

static void spread_block(const struct lpm_list *list, uint32_t depth, struct spread *spread)
{
    uint32_t longest = 0, largest = 0;

    spread_ranges(list, spread);
    for (uint32_t i = 0; i < spread->items.count; i++) {
        const struct lpm_list_item *item = &spread->items.items[i];
        uint32_t length = item->code % LPM_CHILD;

        longest = length > longest ? length : longest;
        largest = item->value > largest ? item->value : largest; /* a child's has LPM_NODE */
    }
    spread->shape = spread->items.count | depth << 16 |
                    (longest <= 16 && largest <= LPM_LAST ? LPM_PACKED : 0);
}

/* ---- blocks ----------------------------------------------------------------------------------- */

static void adopt(struct avpni_lpm *lpm, uint32_t owner, uint32_t base, uint32_t word)
{
    uint32_t *child = lpm_node(lpm, word);

    child[LPM_BASE] = base;
    child[LPM_OWNER] = owner;
}

/* Fill a block; its base and owner are left. Children get theirs. */
static void write_items(struct avpni_lpm *lpm, uint32_t block, const struct spread *spread)
{
    uint32_t *at = avpni_slabs_at(&lpm->slabs, block), count = spread->items.count;
    uint8_t *codes = (uint8_t *)(at + lpm_codes_place(spread->shape));
    bool is_packed = lpm_is_packed(spread->shape);

    at[LPM_SHAPE] = spread->shape;
    at[LPM_TOTAL] = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct lpm_list_item *item = &spread->items.items[i];

        at[LPM_HEADER + i] = is_packed ? item->start | item->value : item->start;
        if (!is_packed) {
            at[LPM_HEADER + count + i] = item->value;
        }
        codes[i] = item->code;
        at[LPM_TOTAL] += item->code != 0 && item->code < LPM_CHILD;
        if (item->code > LPM_CHILD) {
            adopt(lpm, block + LPM_HEADER + count + i, spread->bases[i], item->value);
            at[LPM_TOTAL] += lpm_node(lpm, item->value)[LPM_TOTAL];
        }
    }
    if (is_packed) {
        at[LPM_HEADER + count] = LPM_END;
    }
}

static int32_t reserve(struct avpni_lpm *lpm, uint32_t shape, uint32_t *block_out)
{
    return avpni_slabs_add(&lpm->slabs, avpni_slabs_class(lpm_block_words(shape)), block_out);
}

int32_t lpm_reserve_block(struct avpni_lpm *lpm, const struct lpm_list *list, uint32_t depth,
                          uint32_t *block_out)
{
    struct spread spread;

    spread_block(list, depth, &spread);
    return reserve(lpm, spread.shape, block_out);
}

void lpm_write_block(struct avpni_lpm *lpm, uint32_t block, const struct lpm_list *list,
                     uint32_t depth)
{
    struct spread spread;

    spread_block(list, depth, &spread);
    write_items(lpm, block, &spread);
}

int32_t lpm_add_block(struct avpni_lpm *lpm, const struct lpm_list *list, uint32_t depth,
                      uint32_t *block_out)
{
    struct spread spread;

    spread_block(list, depth, &spread);
    int32_t error = reserve(lpm, spread.shape, block_out);

    if (error == AVPN_OK) {
        write_items(lpm, *block_out, &spread);
    }
    return error;
}

int32_t lpm_rewrite_block(struct avpni_lpm *lpm, uint32_t block, const struct lpm_list *list)
{
    const uint32_t *at = avpni_slabs_at(&lpm->slabs, block);
    uint32_t base = at[LPM_BASE], owner = at[LPM_OWNER], target = block;
    struct spread spread;

    spread_block(list, LPM_DEPTH(at[LPM_SHAPE]), &spread);
    uint32_t class = avpni_slabs_class(lpm_block_words(spread.shape));

    if (class != avpni_slabs_class_of(block) &&
        avpni_slabs_add(&lpm->slabs, class, &target) != AVPN_OK) {
        if (class > avpni_slabs_class_of(block)) {
            return AVPN_ERROR_MEMORY;
        }
        target = block;
    }
    write_items(lpm, target, &spread);
    lpm_hang(lpm, owner, base, target);
    if (target != block) {
        lpm_release_node(lpm, block);
    }
    return AVPN_OK;
}

/* ---- nodes ------------------------------------------------------------------------------------- */

void lpm_hang(struct avpni_lpm *lpm, uint32_t owner, uint32_t base, uint32_t node)
{
    adopt(lpm, owner, base, LPM_NODE | node);
    *lpm_word_at(lpm, owner) = LPM_NODE | node;
}

/* Where the words are that may name nodes below. Of a table, sums are among them, which are never so large. */
static void words_of(const struct avpni_lpm *lpm, uint32_t block, uint32_t *first, uint32_t *end)
{
    const uint32_t *node = lpm_node(lpm, block);

    *first = lpm_is_table(block) ? LPM_OWN : lpm_values(node);
    *end = lpm_is_table(block) ? LPM_TABLE_WORDS : lpm_values_end(node);
}

/* Correct what names a node that moved. */
static void follow(struct avpni_lpm *lpm, uint32_t block)
{
    const uint32_t *node = avpni_slabs_at(&lpm->slabs, block);
    uint32_t first, end;

    *lpm_word_at(lpm, node[LPM_OWNER]) = LPM_NODE | block;
    words_of(lpm, block, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        if (node[i] & LPM_NODE) {
            lpm_node(lpm, node[i])[LPM_OWNER] = block + i;
        }
    }
    lpm_front_follow(lpm, block);
}

void lpm_release_node(struct avpni_lpm *lpm, uint32_t block)
{
    if (avpni_slabs_remove(&lpm->slabs, block) != block) {
        follow(lpm, block);
    }
}

/* The reference of the first word in a node that names another, or UINT32_MAX. */
static uint32_t first_below(const struct avpni_lpm *lpm, uint32_t word)
{
    const uint32_t *node = lpm_node(lpm, word);
    uint32_t first, end;

    words_of(lpm, word, &first, &end);
    for (uint32_t i = first; i < end; i++) {
        if (node[i] & LPM_NODE) {
            return (word & ~LPM_NODE) + i;
        }
    }
    return UINT32_MAX;
}

/* From the leaves up: so each that moves on the way is still named by its owner. */
void lpm_release_below(struct avpni_lpm *lpm, uint32_t word)
{
    lpm->dead = word;
    lpm_node(lpm, word)[LPM_OWNER] = LPM_DEAD;
    while (lpm->dead & LPM_NODE) {
        uint32_t location = LPM_DEAD, next;

        while ((next = first_below(lpm, *lpm_word_at(lpm, location))) != UINT32_MAX) {
            location = next;
        }
        uint32_t leaf = *lpm_word_at(lpm, location);

        *lpm_word_at(lpm, location) = LPM_INHERIT;
        lpm_release_node(lpm, leaf & ~LPM_NODE);
    }
}
