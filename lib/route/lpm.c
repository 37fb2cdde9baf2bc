/* SPDX-License-Identifier: ISC */
/*
 * lpm: see lpm.h. Life, and what only reads but is not on the packet path.
 */
#include "route/lpm_node.h"

void avpni_lpm_init(struct avpni_lpm *lpm, const struct avpni_memory *memory, uint32_t bits)
{
    *lpm = (struct avpni_lpm){
        .root = LPM_INHERIT, .dead = LPM_INHERIT, .bits = bits, .vectors = lpm_vectors()};
    avpni_slabs_init(&lpm->slabs, memory, LPM_TABLE_WORDS);
}

void avpni_lpm_fini(struct avpni_lpm *lpm)
{
    avpni_lpm_clear(lpm);
}

void avpni_lpm_clear(struct avpni_lpm *lpm)
{
    lpm_front_release(lpm);
    avpni_slabs_clear(&lpm->slabs);
    lpm->root = LPM_INHERIT;
}

int32_t avpni_lpm_copy(struct avpni_lpm *to, const struct avpni_lpm *from)
{
    *to = (struct avpni_lpm){.root = from->root,
                             .dead = LPM_INHERIT,
                             .bits = from->bits,
                             .vectors = from->vectors};
    if (avpni_slabs_copy(&to->slabs, &from->slabs) != AVPN_OK ||
        lpm_front_copy(to, from) != AVPN_OK) {
        avpni_lpm_clear(to);
        return AVPN_ERROR_MEMORY;
    }
    return AVPN_OK;
}

size_t avpni_lpm_footprint(const struct avpni_lpm *lpm)
{
    return avpni_slabs_footprint(&lpm->slabs) + lpm_front_footprint(lpm);
}

static uint32_t value_of(uint32_t word)
{
    return word == LPM_INHERIT ? AVPNI_LPM_NONE : word - 1;
}

/* ---- looking closely ------------------------------------------------------------------------ */

/* The item of the longest prefix of a block itself that begins some bits, or UINT32_MAX. */
static uint32_t longest_item(const uint32_t *block, uint32_t bits)
{
    const uint8_t *codes = lpm_codes(block);
    uint32_t best = UINT32_MAX;

    for (uint32_t i = 0; i < LPM_ITEMS(block[LPM_SHAPE]); i++) {
        if (codes[i] != 0 && codes[i] < LPM_CHILD &&
            (lpm_start(block, i) ^ bits) >> (32 - codes[i]) == 0) {
            best = i; /* of two that do, the later one is longer */
        }
    }
    return best;
}

uint32_t avpni_lpm_match(const struct avpni_lpm *lpm, uint64_t high, uint64_t low,
                         uint8_t *length_out)
{
    uint32_t word = lpm->root;
    uint32_t decided = word & LPM_NODE ? lpm_node(lpm, word)[LPM_BASE] : word;
    uint32_t length = 0;

    while (word & LPM_NODE) {
        const uint32_t *node = lpm_node(lpm, word), *block = node;
        uint32_t depth = LPM_DEPTH(node[LPM_SHAPE]), bits = lpm_bits(high, low, depth);

        if (lpm_is_table(word)) {
            block = node[LPM_OWN] & LPM_NODE ? lpm_node(lpm, node[LPM_OWN]) : NULL;
            word = node[LPM_ENTRIES + (bits >> 24)];
        } else {
            word = lpm_search(node, bits);
        }
        uint32_t item = block == NULL ? UINT32_MAX : longest_item(block, bits);

        if (item != UINT32_MAX) {
            decided = lpm_value(block, item);
            length = depth + lpm_codes(block)[item];
        }
    }
    if (decided != LPM_INHERIT && length_out != NULL) {
        *length_out = (uint8_t)length;
    }
    return value_of(decided);
}

static uint32_t word_at(const struct avpni_lpm *lpm, uint32_t location)
{
    return location == LPM_ROOT ? lpm->root : *avpni_slabs_at(&lpm->slabs, location);
}

void lpm_descend(const struct avpni_lpm *lpm, const struct avpni_lpm_key *key,
                 struct lpm_path *path_out)
{
    uint32_t word = lpm->root;

    path_out->count = 0;
    path_out->depth = 0;
    path_out->location = LPM_ROOT;
    while (word & LPM_NODE) {
        const uint32_t *node = lpm_node(lpm, word);
        struct lpm_step *step = &path_out->steps[path_out->count++];
        uint32_t depth = LPM_DEPTH(node[LPM_SHAPE]), bits = lpm_bits(key->high, key->low, depth);
        uint32_t item, code;

        *step = (struct lpm_step){word, bits >> 24};
        path_out->depth = depth;
        if (lpm_is_table(word)) {
            if (key->length <= depth + 8) {
                break;
            }
            path_out->location = (word & ~LPM_NODE) + LPM_ENTRIES + step->digit;
            path_out->depth = depth + 8;
        } else {
            item = lpm_item(node, bits);
            code = lpm_codes(node)[item];
            if (code <= LPM_CHILD || key->length <= depth + code - LPM_CHILD) {
                break;
            }
            path_out->location = (word & ~LPM_NODE) + lpm_values(node) + item;
        }
        word = word_at(lpm, path_out->location);
    }
}

/* The last node of a way, if it is one that has prefixes of its own for the key: its block, or NULL. */
static const uint32_t *own_block(const struct avpni_lpm *lpm, const struct lpm_path *path)
{
    if (!(word_at(lpm, path->location) & LPM_NODE)) {
        return NULL;
    }
    const uint32_t *node = lpm_node(lpm, path->steps[path->count - 1].node);

    if (!lpm_is_table(path->steps[path->count - 1].node)) {
        return node;
    }
    return node[LPM_OWN] & LPM_NODE ? lpm_node(lpm, node[LPM_OWN]) : NULL;
}

uint32_t avpni_lpm_get(const struct avpni_lpm *lpm, const struct avpni_lpm_key *key)
{
    struct lpm_path path;

    if (key->length == 0) {
        return value_of(lpm->root & LPM_NODE ? lpm_node(lpm, lpm->root)[LPM_BASE] : lpm->root);
    }
    lpm_descend(lpm, key, &path);
    const uint32_t *block = own_block(lpm, &path);

    if (block == NULL) {
        return AVPNI_LPM_NONE;
    }
    uint32_t bits = lpm_bits(key->high, key->low, path.depth);

    for (uint32_t i = 0; i < LPM_ITEMS(block[LPM_SHAPE]); i++) {
        if (lpm_codes(block)[i] == key->length - path.depth && lpm_start(block, i) == bits) {
            return value_of(lpm_value(block, i));
        }
    }
    return AVPNI_LPM_NONE;
}

/* ---- order -------------------------------------------------------------------------------- */

static uint32_t total_of(const struct avpni_lpm *lpm, uint32_t word)
{
    return word & LPM_NODE ? lpm_node(lpm, word)[LPM_TOTAL] : 0;
}

uint32_t avpni_lpm_count(const struct avpni_lpm *lpm)
{
    uint32_t shortest = lpm->root & LPM_NODE ? lpm_node(lpm, lpm->root)[LPM_BASE] : lpm->root;

    return total_of(lpm, lpm->root) + (shortest != LPM_INHERIT);
}

/* Put bits into a key at a depth. */
static void set_bits(struct avpni_lpm_key *key, uint32_t depth, uint32_t bits, uint32_t length)
{
    uint64_t value = (uint64_t)bits << 32;

    if (depth < 64) {
        key->high |= value >> depth;
        key->low |= depth == 0 ? 0 : value << (64 - depth);
    } else {
        key->low |= value >> (depth - 64);
    }
    key->length = (uint8_t)(depth + length);
}

/*
 * One step towards the n-th value of a block: the value's word, or the child's to go on in, with `index` counted down
 * to it. What a child's prefix alone is, it has in common with a value.
 */
static uint32_t nth_in_block(const struct avpni_lpm *lpm, const uint32_t *block, uint32_t *index,
                             struct avpni_lpm_key *key)
{
    const uint8_t *codes = lpm_codes(block);

    for (uint32_t i = 0;; i++) {
        uint32_t value = lpm_value(block, i);
        uint32_t total = codes[i] == 0 ? 0 : codes[i] < LPM_CHILD ? 1 : total_of(lpm, value);

        if (*index < total) {
            set_bits(key, LPM_DEPTH(block[LPM_SHAPE]), lpm_start(block, i), codes[i] % LPM_CHILD);
            return value;
        }
        *index -= total;
    }
}

/* The same for a table, whose own prefixes stand before what is below the entry at which they start. */
static uint32_t nth_in_table(const struct avpni_lpm *lpm, const uint32_t *table, uint32_t *index,
                             struct avpni_lpm_key *key)
{
    const uint32_t *own = table[LPM_OWN] & LPM_NODE ? lpm_node(lpm, table[LPM_OWN]) : NULL;
    uint32_t depth = LPM_DEPTH(table[LPM_SHAPE]), digit = 0, next = 0;
    uint32_t items = own == NULL ? 0 : LPM_ITEMS(own[LPM_SHAPE]);

    for (;;) {
        for (; next < items && lpm_start(own, next) >> 24 == digit; next++) {
            if (lpm_codes(own)[next] != 0 && (*index)-- == 0) {
                *index = 0;
                set_bits(key, depth, lpm_start(own, next), lpm_codes(own)[next]);
                return lpm_value(own, next);
            }
        }
        bool is_plain = next == items || lpm_start(own, next) >> 28 > digit >> 4;
        uint32_t below = total_of(lpm, table[LPM_ENTRIES + digit]);

        if (digit % 16 == 0 && is_plain && *index >= table[LPM_SUMS + digit / 16]) {
            *index -= table[LPM_SUMS + digit / 16];
            digit += 16;
        } else if (*index < below) {
            set_bits(key, depth, digit << 24, 8);
            return table[LPM_ENTRIES + digit];
        } else {
            *index -= below;
            digit++;
        }
    }
}

uint32_t lpm_nth(const struct avpni_lpm *lpm, uint32_t word, uint32_t index,
                 struct avpni_lpm_key *key)
{
    while (word & LPM_NODE) {
        const uint32_t *node = lpm_node(lpm, word);

        word = lpm_is_table(word) ? nth_in_table(lpm, node, &index, key)
                                  : nth_in_block(lpm, node, &index, key);
    }
    return word - 1;
}

uint32_t avpni_lpm_at(const struct avpni_lpm *lpm, uint32_t index, struct avpni_lpm_key *key_out)
{
    uint32_t count = avpni_lpm_count(lpm), total = total_of(lpm, lpm->root);

    if (index >= count) {
        return AVPNI_LPM_NONE;
    }
    *key_out = (struct avpni_lpm_key){0};
    if (count > total && index == 0) {
        return avpni_lpm_get(lpm, key_out);
    }
    return lpm_nth(lpm, lpm->root, index - (count - total), key_out);
}
