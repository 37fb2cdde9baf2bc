/* SPDX-License-Identifier: ISC */
/*
 * lpm_change: putting and removing prefixes. See lpm.h and lpm_node.h.
 *
 * A change takes the prefixes of one node out into a list, changes the list, and writes the node
 * again, in place when its size class stays. All memory is taken before anything is changed; what
 * was taken is undone by a mark, as long as nothing was released. Releasing a node moves another one into
 * its place: words kept in variables, a path's too, are void after it.
 *
 * Invariants: the word at a node's owner names it; a block has at least one item and, beyond a
 * moment's surplus of a split, at most BLOCK_LIMIT prefixes and children; a table has more than JOIN_LIMIT values
 * unless memory ran out when it was to be joined.
 */
#include "route/lpm_node.h"

#include <assert.h>

#define BLOCK_LIMIT 64u
#define JOIN_LIMIT 16u /* a quarter */
/* A table's own block has up to 510 items. One that just split may have one too many for each level. */
#define LIST_LIMIT 528u

struct item {
    uint32_t start, value;
    uint8_t code;
};

struct list {
    uint32_t count;
    struct item items[LIST_LIMIT];
};

/* How many prefixes and children a block may have: few where IPv4 is dense and a table's steps are worth their words. */
static uint32_t block_limit(const struct avpni_lpm *lpm, uint32_t depth)
{
    return lpm->bits == 32 && depth == 8 ? 4 : BLOCK_LIMIT;
}

static uint32_t *word_at(struct avpni_lpm *lpm, uint32_t location)
{
    return location == LPM_ROOT   ? &lpm->root
           : location == LPM_DEAD ? &lpm->dead
                                  : avpni_slabs_at(&lpm->slabs, location);
}

/* ---- lists ---------------------------------------------------------------------------------- */

/* The prefixes and children of a block. */
static void extract(const uint32_t *block, struct list *list)
{
    const uint8_t *codes = lpm_codes(block);

    list->count = 0;
    for (uint32_t i = 0; i < LPM_ITEMS(block[LPM_SHAPE]); i++) {
        if (codes[i] != 0) {
            list->items[list->count++] = (struct item){lpm_start(block, i), lpm_value(block, i), codes[i]};
        }
    }
}

/* Where a prefix or child is in a list or belongs. */
static uint32_t place_of(const struct list *list, uint32_t start, uint32_t code)
{
    uint32_t i = 0;

    while (i < list->count && (list->items[i].start < start ||
                               (list->items[i].start == start && list->items[i].code < code))) {
        i++;
    }
    return i;
}

static bool is_at(const struct list *list, uint32_t place, uint32_t start, uint32_t code)
{
    return place < list->count && list->items[place].start == start &&
           list->items[place].code == code;
}

static void insert(struct list *list, uint32_t place, const struct item *item)
{
    assert(list->count < LIST_LIMIT);
    memmove(&list->items[place + 1], &list->items[place],
            (list->count - place) * sizeof *list->items);
    list->items[place] = *item;
    list->count++;
}

static void erase(struct list *list, uint32_t place)
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

/* End the prefixes that end at or before a place: what is around them goes on. */
static void close_until(struct sweep *sweep, uint64_t place, struct list *out)
{
    while (sweep->depth > 0 && sweep->open[sweep->depth].end <= place) {
        uint64_t end = sweep->open[sweep->depth--].end;
        uint32_t value = sweep->open[sweep->depth].value;
        struct item *last = &out->items[out->count - 1];

        if (last->code == 0 && last->start == end) {
            last->value = value;
        } else if (end < UINT64_C(1) << 32) {
            out->items[out->count++] = (struct item){(uint32_t)end, value, 0};
        }
    }
}

/* All items of a block from its prefixes and children. `bases`: what is around each item. */
static void spread_ranges(const struct list *list, struct list *out, uint32_t *bases)
{
    struct sweep sweep = {.open = {{UINT64_MAX, LPM_INHERIT}}};

    out->count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        const struct item *item = &list->items[i];

        close_until(&sweep, item->start, out);
        if (out->count > 0 && out->items[out->count - 1].code == 0 &&
            out->items[out->count - 1].start == item->start) {
            out->count--; /* an end at which something begins need not be told */
        }
        bases[out->count] = sweep.open[sweep.depth].value;
        out->items[out->count++] = *item;
        sweep.depth++;
        sweep.open[sweep.depth].end = item->start + (UINT64_C(1) << (32 - item->code % LPM_CHILD));
        sweep.open[sweep.depth].value = item->value;
    }
    close_until(&sweep, UINT64_C(1) << 32, out);
}

static uint32_t shape_of(const struct list *items, uint32_t depth)
{
    uint32_t longest = 0, all = 0;

    for (uint32_t i = 0; i < items->count; i++) {
        uint32_t length = items->items[i].code % LPM_CHILD;

        longest = length > longest ? length : longest;
        all |= items->items[i].value; /* a child's has LPM_NODE */
    }
    return items->count | depth << 16 | (longest <= 16 ? LPM_NARROW : 0) |
           (all <= UINT16_MAX ? LPM_SMALL : 0);
}

/* Put a number into an array of 16- or 32-bit ones. */
static void store(uint32_t *array, uint32_t index, uint32_t value, bool is_halved)
{
    uint16_t half = (uint16_t)value;

    if (is_halved) {
        memcpy((uint8_t *)array + index * sizeof half, &half, sizeof half);
    } else {
        array[index] = value;
    }
}

/* Fill a block; its base and owner are left. Children get theirs. */
static void write_items(struct avpni_lpm *lpm, uint32_t block, const struct list *items,
                        uint32_t shape, const uint32_t *bases)
{
    uint32_t *at = avpni_slabs_at(&lpm->slabs, block);
    uint32_t *values = at + LPM_HEADER + lpm_words(shape, LPM_NARROW);
    uint8_t *codes = (uint8_t *)(values + lpm_words(shape, LPM_SMALL));

    at[LPM_SHAPE] = shape;
    at[LPM_TOTAL] = 0;
    for (uint32_t i = 0; i < items->count; i++) {
        const struct item *item = &items->items[i];
        bool is_narrow = (shape & LPM_NARROW) != 0;

        store(at + LPM_HEADER, i, is_narrow ? item->start >> 16 : item->start, is_narrow);
        store(values, i, item->value, (shape & LPM_SMALL) != 0);
        codes[i] = item->code;
        at[LPM_TOTAL] += item->code != 0 && item->code < LPM_CHILD;
        if (item->code > LPM_CHILD) {
            uint32_t *child = lpm_node(lpm, item->value);

            child[LPM_BASE] = bases[i];
            child[LPM_OWNER] = block + (uint32_t)(values + i - at);
            at[LPM_TOTAL] += child[LPM_TOTAL];
        }
    }
}

/* ---- nodes ------------------------------------------------------------------------------------- */

/* Correct what names a node that moved. */
static void follow(struct avpni_lpm *lpm, uint32_t block)
{
    const uint32_t *node = avpni_slabs_at(&lpm->slabs, block);
    uint32_t first = LPM_OWN, end = LPM_TABLE_WORDS;

    *word_at(lpm, node[LPM_OWNER]) = LPM_NODE | block;
    if (!lpm_is_table(block)) {
        first = lpm_values(node);
        end = node[LPM_SHAPE] & LPM_SMALL ? first : first + LPM_ITEMS(node[LPM_SHAPE]);
    }
    for (uint32_t i = first; i < end; i++) {
        if (node[i] & LPM_NODE) {
            lpm_node(lpm, node[i])[LPM_OWNER] = block + i;
        }
    }
    lpm_front_follow(lpm, block);
}

static void release_node(struct avpni_lpm *lpm, uint32_t block)
{
    if (avpni_slabs_remove(&lpm->slabs, block) != block) {
        follow(lpm, block);
    }
}

/* The reference of the first word in a node that names another, or UINT32_MAX. */
static uint32_t first_below(const struct avpni_lpm *lpm, uint32_t word)
{
    const uint32_t *node = lpm_node(lpm, word);
    uint32_t first = LPM_OWN, end = LPM_TABLE_WORDS;

    if (!lpm_is_table(word)) {
        first = lpm_values(node);
        end = node[LPM_SHAPE] & LPM_SMALL ? first : first + LPM_ITEMS(node[LPM_SHAPE]);
    }
    for (uint32_t i = first; i < end; i++) {
        /* Sums are never so large. */
        if (node[i] & LPM_NODE) {
            return (word & ~LPM_NODE) + i;
        }
    }
    return UINT32_MAX;
}

/* Release a node and all below it, from the leaves up: so each that moves on the way is still named by its owner. */
static void release_below(struct avpni_lpm *lpm, uint32_t word)
{
    lpm->dead = word;
    lpm_node(lpm, word)[LPM_OWNER] = LPM_DEAD;
    while (lpm->dead & LPM_NODE) {
        uint32_t location = LPM_DEAD, next;

        while ((next = first_below(lpm, *word_at(lpm, location))) != UINT32_MAX) {
            location = next;
        }
        uint32_t leaf = *word_at(lpm, location);

        *word_at(lpm, location) = LPM_INHERIT;
        release_node(lpm, leaf & ~LPM_NODE);
    }
}

/* A new block with these prefixes and children; its base and owner are the caller's to write. */
static int32_t add_block(struct avpni_lpm *lpm, const struct list *list, uint32_t depth,
                         uint32_t *block_out)
{
    struct list items;
    uint32_t bases[LIST_LIMIT];

    spread_ranges(list, &items, bases);
    uint32_t shape = shape_of(&items, depth);
    int32_t error = avpni_slabs_add(&lpm->slabs, avpni_slabs_class(lpm_block_words(shape)),
                                    block_out);

    if (error == AVPN_OK) {
        write_items(lpm, *block_out, &items, shape, bases);
    }
    return error;
}

/*
 * Write a block again with other prefixes and children, in its place if its class stays or if there is no memory and
 * it has room. AVPN_ERROR_MEMORY, never when there are fewer than before: unchanged.
 */
static int32_t rewrite_block(struct avpni_lpm *lpm, uint32_t block, const struct list *list)
{
    const uint32_t *at = avpni_slabs_at(&lpm->slabs, block);
    uint32_t base = at[LPM_BASE], owner = at[LPM_OWNER], target = block;
    uint32_t bases[LIST_LIMIT];
    struct list items;

    spread_ranges(list, &items, bases);
    uint32_t shape = shape_of(&items, LPM_DEPTH(at[LPM_SHAPE]));
    uint32_t class = avpni_slabs_class(lpm_block_words(shape));

    if (class != avpni_slabs_class_of(block) &&
        avpni_slabs_add(&lpm->slabs, class, &target) != AVPN_OK) {
        if (class > avpni_slabs_class_of(block)) {
            return AVPN_ERROR_MEMORY;
        }
        target = block;
    }
    write_items(lpm, target, &items, shape, bases);
    uint32_t *written = avpni_slabs_at(&lpm->slabs, target);

    written[LPM_BASE] = base;
    written[LPM_OWNER] = owner;
    *word_at(lpm, owner) = LPM_NODE | target;
    if (target != block) {
        release_node(lpm, block);
    }
    return AVPN_OK;
}

/* ---- subtrees ----------------------------------------------------------------------------------- */

struct route {
    struct avpni_lpm_key key;
    uint32_t value; /* a word */
};

/*
 * A block with some values in order, and children of it for those that are longer than its 32 bits.
 * AVPN_ERROR_MEMORY: what was added is the caller's to undo.
 */
static int32_t build(struct avpni_lpm *lpm, const struct route *routes, uint32_t count,
                     uint32_t depth, uint32_t *block_out)
{
    struct list list = {0};
    uint32_t i = 0;

    while (i < count) {
        uint32_t bits = lpm_bits(routes[i].key.high, routes[i].key.low, depth), end = i;
        uint32_t length = routes[i].key.length - depth;
        struct item item = {bits, routes[i].value, (uint8_t)length};

        if (length <= 32) {
            i++;
        } else {
            while (end < count && routes[end].key.length > depth + 32 &&
                   lpm_bits(routes[end].key.high, routes[end].key.low, depth) == bits) {
                end++;
            }
            if (build(lpm, routes + i, end - i, depth + 32, &item.value) != AVPN_OK) {
                return AVPN_ERROR_MEMORY;
            }
            item.value |= LPM_NODE;
            item.code = LPM_CHILD + 32;
            i = end;
        }
        insert(&list, list.count, &item);
    }
    return add_block(lpm, &list, depth, block_out);
}

/* Put a node under an owner whose word says what is decided above it. */
static void hang(struct avpni_lpm *lpm, uint32_t owner, uint32_t base, uint32_t block)
{
    uint32_t *node = avpni_slabs_at(&lpm->slabs, block);

    node[LPM_BASE] = base;
    node[LPM_OWNER] = owner;
    *word_at(lpm, owner) = LPM_NODE | block;
}

/* ---- tables -------------------------------------------------------------------------------------- */

void lpm_spread_own(struct avpni_lpm *lpm, uint32_t table)
{
    uint32_t *node = avpni_slabs_at(&lpm->slabs, table);
    const uint32_t *own = node[LPM_OWN] & LPM_NODE ? lpm_node(lpm, node[LPM_OWN]) : NULL;
    uint32_t items = own == NULL ? 0 : LPM_ITEMS(own[LPM_SHAPE]), next = 0, value = LPM_INHERIT;

    for (uint32_t digit = 0; digit < 256; digit++) {
        uint32_t *entry = &node[LPM_ENTRIES + digit];

        for (; next < items && lpm_start(own, next) >> 24 == digit; next++) {
            value = lpm_value(own, next);
        }
        if (*entry & LPM_NODE) {
            lpm_node(lpm, *entry)[LPM_BASE] = value;
        } else {
            *entry = value;
        }
    }
}

/* Put, replace (value) or remove (LPM_INHERIT) a prefix of a table's own. */
static int32_t change_own(struct avpni_lpm *lpm, uint32_t table, const struct item *item)
{
    uint32_t *node = avpni_slabs_at(&lpm->slabs, table);
    struct list list = {0};
    uint32_t block;

    if (node[LPM_OWN] & LPM_NODE) {
        extract(lpm_node(lpm, node[LPM_OWN]), &list);
    }
    uint32_t place = place_of(&list, item->start, item->code);
    bool is_there = is_at(&list, place, item->start, item->code);

    if (item->value == LPM_INHERIT) {
        erase(&list, place);
    } else if (is_there) {
        list.items[place].value = item->value;
    } else {
        insert(&list, place, item);
    }
    if (list.count == 0) {
        block = node[LPM_OWN] & ~LPM_NODE;
        node[LPM_OWN] = LPM_INHERIT;
        release_node(lpm, block);
    } else if (node[LPM_OWN] & LPM_NODE) {
        if (rewrite_block(lpm, node[LPM_OWN] & ~LPM_NODE, &list) != AVPN_OK) {
            return AVPN_ERROR_MEMORY;
        }
    } else {
        if (add_block(lpm, &list, LPM_DEPTH(node[LPM_SHAPE]), &block) != AVPN_OK) {
            return AVPN_ERROR_MEMORY;
        }
        hang(lpm, table + LPM_OWN, LPM_INHERIT, block);
    }
    lpm_spread_own(lpm, table);
    return AVPN_OK;
}

/* What of a full block goes below one entry of the table it becomes; returns the first item beyond. */
static uint32_t part_of(const struct list *list, uint32_t first, struct list *part_out)
{
    uint32_t i = first;

    part_out->count = 0;
    for (; i < list->count && list->items[i].start >> 24 == list->items[first].start >> 24; i++) {
        struct item item = list->items[i];

        if (item.code % LPM_CHILD > 8) {
            item.start <<= 8;
            item.code = (uint8_t)(item.code - 8);
            part_out->items[part_out->count++] = item;
        }
    }
    return i;
}

static void own_part_of(const struct list *list, struct list *part_out)
{
    part_out->count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->items[i].code <= 8) {
            part_out->items[part_out->count++] = list->items[i];
        }
    }
}

/* Blocks for the parts of a table, without children of their own: those are theirs when all is sure. */
static int32_t add_parts(struct avpni_lpm *lpm, const struct list *list, uint32_t depth,
                         uint32_t blocks_out[256])
{
    uint32_t bases[LIST_LIMIT];
    struct list part, items;
    uint32_t next;

    for (uint32_t i = 0; i < list->count; i = next) {
        next = part_of(list, i, &part);
        if (part.count == 0) {
            continue;
        }
        spread_ranges(&part, &items, bases);
        uint32_t words = lpm_block_words(shape_of(&items, depth + 8));

        if (avpni_slabs_add(&lpm->slabs, avpni_slabs_class(words),
                            &blocks_out[list->items[i].start >> 24]) != AVPN_OK) {
            return AVPN_ERROR_MEMORY;
        }
    }
    return AVPN_OK;
}

/* Fill a new table whose own block and whose parts' blocks have been added. */
static void write_table(struct avpni_lpm *lpm, uint32_t table, const struct list *list,
                        uint32_t depth, const uint32_t blocks[256])
{
    uint32_t *node = avpni_slabs_at(&lpm->slabs, table);
    uint32_t bases[LIST_LIMIT];
    struct list part, items;
    uint32_t next;

    for (uint32_t i = 0; i < list->count; i = next) {
        uint32_t digit = list->items[i].start >> 24, entry = LPM_ENTRIES + digit;

        next = part_of(list, i, &part);
        if (list->items[next - 1].code == LPM_CHILD + 8) {
            node[entry] = list->items[next - 1].value;
            lpm_node(lpm, node[entry])[LPM_OWNER] = table + entry;
        } else if (part.count > 0) {
            spread_ranges(&part, &items, bases);
            write_items(lpm, blocks[digit], &items, shape_of(&items, depth + 8), bases);
            hang(lpm, table + entry, LPM_INHERIT, blocks[digit]);
        } else {
            continue;
        }
        node[LPM_SUMS + digit / 16] += lpm_node(lpm, node[entry])[LPM_TOTAL];
        node[LPM_TOTAL] += lpm_node(lpm, node[entry])[LPM_TOTAL];
    }
}

/* Make a table of a block that would have these prefixes and children, too many. */
static int32_t split(struct avpni_lpm *lpm, uint32_t block, const struct list *list)
{
    const uint32_t *old = avpni_slabs_at(&lpm->slabs, block);
    uint32_t base = old[LPM_BASE], owner = old[LPM_OWNER], depth = LPM_DEPTH(old[LPM_SHAPE]);
    uint32_t blocks[256], table, own = 0;
    struct avpni_slabs_mark mark;
    struct list part;

    own_part_of(list, &part);
    avpni_slabs_mark(&lpm->slabs, &mark);
    if (avpni_slabs_add(&lpm->slabs, AVPNI_SLABS_SPECIAL, &table) != AVPN_OK ||
        (part.count > 0 && add_block(lpm, &part, depth, &own) != AVPN_OK) ||
        add_parts(lpm, list, depth, blocks) != AVPN_OK) {
        avpni_slabs_undo(&lpm->slabs, &mark);
        return AVPN_ERROR_MEMORY;
    }
    uint32_t *node = avpni_slabs_at(&lpm->slabs, table);

    memset(node, 0, LPM_TABLE_WORDS * sizeof *node);
    node[LPM_SHAPE] = depth << 16;
    node[LPM_TOTAL] = part.count;
    if (part.count > 0) {
        hang(lpm, table + LPM_OWN, LPM_INHERIT, own);
    }
    write_table(lpm, table, list, depth, blocks);
    hang(lpm, owner, base, table);
    lpm_spread_own(lpm, table);
    release_node(lpm, block);
    return AVPN_OK;
}

/* A table that is hardly used any more. */
static bool is_joined(const struct avpni_lpm *lpm, uint32_t word)
{
    const uint32_t *node = lpm_node(lpm, word);

    return lpm_is_table(word) &&
           node[LPM_TOTAL] <= block_limit(lpm, LPM_DEPTH(node[LPM_SHAPE])) / 4;
}

/* Make one block of a table with few values left. If there is no memory for it, it stays as it is. */
static void join(struct avpni_lpm *lpm, const struct avpni_lpm_key *key)
{
    struct route routes[JOIN_LIMIT];
    struct avpni_slabs_mark mark;
    struct lpm_path path;
    uint32_t i = 0, block;

    lpm_descend(lpm, key, &path);
    while (i < path.count && !is_joined(lpm, path.steps[i].node)) {
        i++;
    }
    if (i == path.count) {
        return;
    }
    uint32_t word = path.steps[i].node;
    const uint32_t *table = lpm_node(lpm, word);
    uint32_t count = table[LPM_TOTAL], depth = LPM_DEPTH(table[LPM_SHAPE]);
    uint32_t owner = table[LPM_OWNER], base = table[LPM_BASE];
    uint64_t high_mask = depth == 0 ? 0 : depth >= 64 ? UINT64_MAX : UINT64_MAX << (64 - depth);
    uint64_t low_mask = depth <= 64 ? 0 : UINT64_MAX << (128 - depth);

    for (uint32_t n = 0; n < count; n++) {
        routes[n].key = (struct avpni_lpm_key){key->high & high_mask, key->low & low_mask, 0};
        routes[n].value = lpm_nth(lpm, word, n, &routes[n].key) + 1;
    }
    avpni_slabs_mark(&lpm->slabs, &mark);
    if (build(lpm, routes, count, depth, &block) != AVPN_OK) {
        avpni_slabs_undo(&lpm->slabs, &mark);
        return;
    }
    hang(lpm, owner, base, block);
    release_below(lpm, word);
}

/* ---- put ------------------------------------------------------------------------------------------ */

/* Count one value more or less (UINT32_MAX) in the first nodes of a way. */
static void count_above(struct avpni_lpm *lpm, const struct lpm_path *path, uint32_t nodes,
                        uint32_t change)
{
    for (uint32_t i = 0; i < nodes; i++) {
        uint32_t *node = lpm_node(lpm, path->steps[i].node);

        node[LPM_TOTAL] += change;
        if (lpm_is_table(path->steps[i].node)) {
            node[LPM_SUMS + path->steps[i].digit / 16] += change;
        }
    }
}

/* The first value below a word that names no node. */
static int32_t plant(struct avpni_lpm *lpm, const struct route *route, const struct lpm_path *path)
{
    struct avpni_slabs_mark mark;
    uint32_t block;

    avpni_slabs_mark(&lpm->slabs, &mark);
    if (build(lpm, route, 1, path->depth, &block) != AVPN_OK) {
        avpni_slabs_undo(&lpm->slabs, &mark);
        return AVPN_ERROR_MEMORY;
    }
    count_above(lpm, path, path->count, 1);
    hang(lpm, path->location, *word_at(lpm, path->location), block);
    return AVPN_OK;
}

static int32_t put_own(struct avpni_lpm *lpm, uint32_t table, const struct item *item, bool is_new)
{
    int32_t error = change_own(lpm, table, item);

    if (error == AVPN_OK && is_new) {
        avpni_slabs_at(&lpm->slabs, table)[LPM_TOTAL]++;
    }
    return error;
}

/* Put into a block, or below it into a child that does not exist yet. */
static int32_t put_in_block(struct avpni_lpm *lpm, uint32_t block, const struct route *route)
{
    uint32_t depth = LPM_DEPTH(avpni_slabs_at(&lpm->slabs, block)[LPM_SHAPE]);
    uint32_t length = route->key.length - depth;
    struct item item = {lpm_bits(route->key.high, route->key.low, depth), route->value,
                        (uint8_t)length};
    struct avpni_slabs_mark mark;
    struct list list;
    int32_t error;

    avpni_slabs_mark(&lpm->slabs, &mark);
    if (length > 32) {
        if (build(lpm, route, 1, depth + 32, &item.value) != AVPN_OK) {
            avpni_slabs_undo(&lpm->slabs, &mark);
            return AVPN_ERROR_MEMORY;
        }
        item.value |= LPM_NODE;
        item.code = LPM_CHILD + 32;
    }
    extract(avpni_slabs_at(&lpm->slabs, block), &list);
    uint32_t place = place_of(&list, item.start, item.code);

    if (is_at(&list, place, item.start, item.code)) {
        list.items[place].value = item.value;
    } else {
        insert(&list, place, &item);
    }
    error = list.count > block_limit(lpm, depth) ? split(lpm, block, &list) : rewrite_block(lpm, block, &list);
    if (error != AVPN_OK) {
        avpni_slabs_undo(&lpm->slabs, &mark);
    }
    return error;
}

/* The value of no bits at all stands where the root is named. */
static void put_shortest(struct avpni_lpm *lpm, uint32_t word)
{
    if (lpm->root & LPM_NODE) {
        lpm_node(lpm, lpm->root)[LPM_BASE] = word;
    } else {
        lpm->root = word;
    }
}

static int32_t put(struct avpni_lpm *lpm, const struct avpni_lpm_key *key, uint32_t value)
{
    const struct route route = {*key, value + 1};
    struct lpm_path path;
    int32_t error;

    if (key->length == 0) {
        put_shortest(lpm, value + 1);
        return AVPN_OK;
    }
    lpm_descend(lpm, key, &path);
    if (!(*word_at(lpm, path.location) & LPM_NODE)) {
        return plant(lpm, &route, &path);
    }
    uint32_t last = path.steps[path.count - 1].node & ~LPM_NODE;
    bool is_new = avpni_lpm_get(lpm, key) == AVPNI_LPM_NONE;

    if (is_new) {
        count_above(lpm, &path, path.count - 1, 1);
    }
    if (lpm_is_table(last)) {
        const struct item item = {lpm_bits(key->high, key->low, path.depth), value + 1,
                                  (uint8_t)(key->length - path.depth)};

        error = put_own(lpm, last, &item, is_new);
    } else {
        error = put_in_block(lpm, last, &route);
    }
    if (error != AVPN_OK && is_new) {
        count_above(lpm, &path, path.count - 1, UINT32_MAX);
    }
    return error;
}

int32_t avpni_lpm_put(struct avpni_lpm *lpm, const struct avpni_lpm_key *key, uint32_t value)
{
    int32_t error = put(lpm, key, value);

    if (error == AVPN_OK) {
        lpm_front_update(lpm, key);
    }
    return error;
}

/* ---- remove --------------------------------------------------------------------------------------- */

/*
 * Release a block that lost its last item, and each block above it that has nothing but the way to it.
 */
static void drop_empty(struct avpni_lpm *lpm, const struct lpm_path *path)
{
    uint32_t level = path->count - 1, place = 0;
    struct list list = {0};

    for (; level > 0 && !lpm_is_table(path->steps[level - 1].node); level--) {
        extract(lpm_node(lpm, path->steps[level - 1].node), &list);
        if (list.count > 1) {
            break;
        }
    }
    uint32_t word = path->steps[level].node;
    uint32_t owner = lpm_node(lpm, word)[LPM_OWNER], base = lpm_node(lpm, word)[LPM_BASE];

    lpm->dead = word;
    lpm_node(lpm, word)[LPM_OWNER] = LPM_DEAD;
    if (level > 0 && !lpm_is_table(path->steps[level - 1].node)) {
        while (list.items[place].value != word) {
            place++;
        }
        erase(&list, place);
        rewrite_block(lpm, path->steps[level - 1].node & ~LPM_NODE, &list);
    } else {
        *word_at(lpm, owner) = base;
    }
    release_below(lpm, lpm->dead);
}

static void remove_from_block(struct avpni_lpm *lpm, const struct lpm_path *path, uint32_t start,
                              uint32_t code)
{
    uint32_t block = path->steps[path->count - 1].node & ~LPM_NODE;
    struct list list;

    extract(avpni_slabs_at(&lpm->slabs, block), &list);
    if (list.count == 1) {
        drop_empty(lpm, path);
        return;
    }
    erase(&list, place_of(&list, start, code));
    rewrite_block(lpm, block, &list);
}

static void remove_key(struct avpni_lpm *lpm, const struct avpni_lpm_key *key)
{
    struct lpm_path path;

    lpm_descend(lpm, key, &path);
    uint32_t last = path.steps[path.count - 1].node & ~LPM_NODE;
    const struct item item = {lpm_bits(key->high, key->low, path.depth), LPM_INHERIT,
                              (uint8_t)(key->length - path.depth)};

    count_above(lpm, &path, path.count - 1, UINT32_MAX);
    if (lpm_is_table(last)) {
        avpni_slabs_at(&lpm->slabs, last)[LPM_TOTAL]--;
        change_own(lpm, last, &item);
    } else {
        remove_from_block(lpm, &path, item.start, item.code);
    }
    join(lpm, key);
}

uint32_t avpni_lpm_remove(struct avpni_lpm *lpm, const struct avpni_lpm_key *key)
{
    uint32_t value = avpni_lpm_get(lpm, key);

    if (value == AVPNI_LPM_NONE) {
        return value;
    }
    if (key->length == 0) {
        put_shortest(lpm, LPM_INHERIT);
    } else {
        remove_key(lpm, key);
    }
    lpm_front_update(lpm, key);
    return value;
}
