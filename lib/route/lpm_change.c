/* SPDX-License-Identifier: ISC */
/*
 * lpm_change: putting and removing prefixes. See lpm.h and lpm_node.h.
 *
 * All memory is taken before anything is changed; what was taken is undone by a mark, as long as nothing was
 * released.
 *
 * Invariant: beyond a moment's surplus of a split, a block has at most lpm_block_limit() prefixes and children; a
 * table has more than a quarter as many values unless memory ran out when it was to be joined.
 */
#include "route/lpm_node.h"

#define JOIN_LIMIT 16u /* a quarter of the largest limit */

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
    struct lpm_list list = {0};
    uint32_t i = 0;

    while (i < count) {
        uint32_t bits = lpm_bits(routes[i].key.high, routes[i].key.low, depth), end = i;
        uint32_t length = routes[i].key.length - depth;
        struct lpm_list_item item = {bits, routes[i].value, (uint8_t)length};

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
        lpm_list_insert(&list, list.count, &item);
    }
    return lpm_add_block(lpm, &list, depth, block_out);
}

/* A table that is hardly used any more. */
static bool is_joined(const struct avpni_lpm *lpm, uint32_t word)
{
    const uint32_t *node = lpm_node(lpm, word);

    return lpm_is_table(word) &&
           node[LPM_TOTAL] <= lpm_block_limit(lpm, LPM_DEPTH(node[LPM_SHAPE])) / 4;
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
    lpm_hang(lpm, owner, base, block);
    lpm_release_below(lpm, word);
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
    lpm_hang(lpm, path->location, *lpm_word_at(lpm, path->location), block);
    return AVPN_OK;
}

static int32_t put_own(struct avpni_lpm *lpm, uint32_t table, const struct lpm_list_item *item, bool is_new)
{
    int32_t error = lpm_table_change(lpm, table, item);

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
    struct lpm_list_item item = {lpm_bits(route->key.high, route->key.low, depth), route->value,
                        (uint8_t)length};
    struct avpni_slabs_mark mark;
    struct lpm_list list;
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
    lpm_extract(avpni_slabs_at(&lpm->slabs, block), &list);
    uint32_t place = lpm_list_place(&list, item.start, item.code);

    if (lpm_list_has(&list, place, item.start, item.code)) {
        list.items[place].value = item.value;
    } else {
        lpm_list_insert(&list, place, &item);
    }
    error = list.count > lpm_block_limit(lpm, depth) ? lpm_split(lpm, block, &list)
                                                     : lpm_rewrite_block(lpm, block, &list);
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
    if (!(*lpm_word_at(lpm, path.location) & LPM_NODE)) {
        return plant(lpm, &route, &path);
    }
    uint32_t last = path.steps[path.count - 1].node & ~LPM_NODE;
    bool is_new = avpni_lpm_get(lpm, key) == AVPNI_LPM_NONE;

    if (is_new) {
        count_above(lpm, &path, path.count - 1, 1);
    }
    if (lpm_is_table(last)) {
        const struct lpm_list_item item = {lpm_bits(key->high, key->low, path.depth), value + 1,
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
    struct lpm_list list = {0};

    for (; level > 0 && !lpm_is_table(path->steps[level - 1].node); level--) {
        lpm_extract(lpm_node(lpm, path->steps[level - 1].node), &list);
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
        lpm_list_erase(&list, place);
        lpm_rewrite_block(lpm, path->steps[level - 1].node & ~LPM_NODE, &list);
    } else {
        *lpm_word_at(lpm, owner) = base;
    }
    lpm_release_below(lpm, lpm->dead);
}

static void remove_from_block(struct avpni_lpm *lpm, const struct lpm_path *path, uint32_t start,
                              uint32_t code)
{
    uint32_t block = path->steps[path->count - 1].node & ~LPM_NODE;
    struct lpm_list list;

    lpm_extract(avpni_slabs_at(&lpm->slabs, block), &list);
    if (list.count == 1) {
        drop_empty(lpm, path);
        return;
    }
    lpm_list_erase(&list, lpm_list_place(&list, start, code));
    lpm_rewrite_block(lpm, block, &list);
}

static void remove_key(struct avpni_lpm *lpm, const struct avpni_lpm_key *key)
{
    struct lpm_path path;

    lpm_descend(lpm, key, &path);
    uint32_t last = path.steps[path.count - 1].node & ~LPM_NODE;
    const struct lpm_list_item item = {lpm_bits(key->high, key->low, path.depth), LPM_INHERIT,
                              (uint8_t)(key->length - path.depth)};

    count_above(lpm, &path, path.count - 1, UINT32_MAX);
    if (lpm_is_table(last)) {
        avpni_slabs_at(&lpm->slabs, last)[LPM_TOTAL]--;
        lpm_table_change(lpm, last, &item);
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
