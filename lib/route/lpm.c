/* SPDX-License-Identifier: ISC */
/*
 * lpm: see lpm.h. Life and everything that only reads; lpm_change.c writes.
 */
#include "route/lpm_node.h"

void avpni_lpm_init(struct avpni_lpm *lpm, const struct avpni_memory *memory, uint32_t bits)
{
    *lpm = (struct avpni_lpm){.root = LPM_INHERIT, .dead = LPM_INHERIT, .bits = bits};
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
    *to = (struct avpni_lpm){.root = from->root, .dead = LPM_INHERIT, .bits = from->bits};
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

/* ---- the packet path --------------------------------------------------------------------- */

static uint32_t value_of(uint32_t word)
{
    return word == LPM_INHERIT ? AVPNI_LPM_NONE : word - 1;
}

/* What is decided here, or else what was above; nobody can predict which. */
static inline uint32_t choose(uint32_t here, uint32_t above)
{
    return here | (above & (0u - (uint32_t)(here == LPM_INHERIT)));
}

/* Where the search for an IPv4 address begins. */
static inline uint32_t begin_ipv4(const struct avpni_lpm *lpm, uint32_t address)
{
    return lpm->front != NULL ? lpm->front[address >> 16] : lpm->root;
}

uint32_t avpni_lpm_find_ipv4(const struct avpni_lpm *lpm, uint32_t address)
{
    uint32_t word = begin_ipv4(lpm, address), decided = LPM_INHERIT;

    while (word & LPM_NODE) {
        const uint32_t *node = lpm_node(lpm, word);
        uint32_t bits = address << LPM_DEPTH(node[LPM_SHAPE]);

        decided = choose(node[LPM_BASE], decided);
        word = lpm_is_table(word) ? node[LPM_ENTRIES + (bits >> 24)] : lpm_search(node, bits);
    }
    return choose(word, decided) - 1; /* LPM_INHERIT becomes AVPNI_LPM_NONE */
}

uint32_t avpni_lpm_find_ipv6(const struct avpni_lpm *lpm, uint64_t high, uint64_t low)
{
    uint32_t word = lpm->root, decided = LPM_INHERIT;

    while (word & LPM_NODE) {
        const uint32_t *node = lpm_node(lpm, word);
        uint32_t bits = lpm_bits(high, low, LPM_DEPTH(node[LPM_SHAPE]));

        decided = choose(node[LPM_BASE], decided);
        word = lpm_is_table(word) ? node[LPM_ENTRIES + (bits >> 24)] : lpm_search(node, bits);
    }
    return choose(word, decided) - 1; /* LPM_INHERIT becomes AVPNI_LPM_NONE */
}

/* ---- the same for many -------------------------------------------------------------------- */

/*
 * Keys that go down side by side. All that are at tables take a step, then all that are at blocks
 * search in lockstep, so that neither waits for memory one by one nor mispredicts where a search ends.
 */
struct batch {
    uint32_t words[AVPNI_LPM_BATCH], decided[AVPNI_LPM_BATCH];
    uint32_t bits[AVPNI_LPM_BATCH]; /* after the depth of the node, once it is known */
    uint8_t tables[AVPNI_LPM_BATCH], blocks[AVPNI_LPM_BATCH];
    uint32_t table_count, block_count;
};

/* Put a key where its word tells. Without branches: which it is cannot be predicted. */
static inline void sort_key(struct batch *batch, uint32_t key)
{
    uint32_t word = batch->words[key], is_table = lpm_names_table(word);

    batch->tables[batch->table_count] = (uint8_t)key;
    batch->blocks[batch->block_count] = (uint8_t)key;
    batch->table_count += is_table;
    batch->block_count += word / LPM_NODE - is_table;
}

static void end_batch(const struct batch *batch, uint32_t count, uint32_t *values_out)
{
    for (uint32_t i = 0; i < count; i++) {
        /* LPM_INHERIT becomes AVPNI_LPM_NONE. */
        values_out[i] = choose(batch->words[i], batch->decided[i]) - 1;
    }
}

static inline void decide(struct batch *batch, uint32_t key, const uint32_t *node)
{
    batch->decided[key] = choose(node[LPM_BASE], batch->decided[key]);
}

static void prefetch_blocks(const struct avpni_lpm *lpm, const struct batch *batch)
{
    for (uint32_t i = 0; i < batch->block_count; i++) {
        const uint32_t *node = lpm_node(lpm, batch->words[batch->blocks[i]]);

        LPM_PREFETCH(node);
        LPM_PREFETCH(node + 16);
        LPM_PREFETCH(node + 32);
    }
}

/* A search among 16- or 32-bit numbers, each read as 32 bits of which some count. */
struct search {
    const uint8_t *starts;
    uint32_t low, rest, bits, mask, stride;
};

static inline uint32_t load_u32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static inline void begin_search(struct search *search, const uint32_t *node, uint32_t bits)
{
    uint32_t is_narrow = node[LPM_SHAPE] / LPM_NARROW & 1;

    search->starts = (const uint8_t *)(node + LPM_HEADER);
    search->low = 0;
    search->rest = LPM_ITEMS(node[LPM_SHAPE]);
    search->stride = 4 - 2 * is_narrow;
    search->mask = UINT32_MAX >> 16 * is_narrow;
    search->bits = bits >> 16 * is_narrow;
}

/* All ones or nothing. */
static inline uint32_t if_at_or_before(const struct search *search, uint32_t index)
{
    uint32_t start = load_u32(search->starts + (size_t)index * search->stride) & search->mask;

    return 0u - (uint32_t)(start <= search->bits);
}

/* What the search found. Codes follow the values, so that reading 32 bits stays in the block. */
static inline uint32_t end_search(const struct search *search, const uint32_t *node)
{
    uint32_t shape = node[LPM_SHAPE], is_small = shape / LPM_SMALL & 1;
    uint32_t starts = (LPM_ITEMS(shape) * search->stride + 3) / 4;
    const uint8_t *values = (const uint8_t *)(node + LPM_HEADER + starts);
    uint32_t value = load_u32(values + (size_t)search->low * (4 - 2 * is_small));

    return value & UINT32_MAX >> 16 * is_small & if_at_or_before(search, search->low);
}

/* Take all keys that are at blocks to what these decide. */
static void search_blocks(const struct avpni_lpm *lpm, struct batch *batch)
{
    struct search searches[AVPNI_LPM_BATCH];
    uint32_t longest = 0;

    for (uint32_t i = 0; i < batch->block_count; i++) {
        uint32_t key = batch->blocks[i];
        const uint32_t *node = lpm_node(lpm, batch->words[key]);

        decide(batch, key, node);
        begin_search(&searches[i], node, batch->bits[key]);
        longest = searches[i].rest > longest ? searches[i].rest : longest;
    }
    /* One that has come down to a single item stays as it is. */
    for (; longest > 1; longest -= longest / 2) {
        for (uint32_t i = 0; i < batch->block_count; i++) {
            struct search *search = &searches[i];
            uint32_t half = search->rest / 2;

            search->low += half & if_at_or_before(search, search->low + half);
            search->rest -= half;
        }
    }
    for (uint32_t i = 0; i < batch->block_count; i++) {
        uint32_t key = batch->blocks[i];

        batch->words[key] = end_search(&searches[i], lpm_node(lpm, batch->words[key]));
    }
}

void avpni_lpm_find_ipv4_batch(const struct avpni_lpm *lpm, const uint32_t *addresses,
                               uint32_t count, uint32_t *values_out)
{
    struct batch batch;

    batch.table_count = 0;
    batch.block_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        batch.words[i] = begin_ipv4(lpm, addresses[i]);
        batch.decided[i] = LPM_INHERIT;
        sort_key(&batch, i);
    }
    while (batch.table_count > 0) {
        uint32_t tables = batch.table_count;

        batch.table_count = 0;
        for (uint32_t i = 0; i < tables; i++) {
            uint32_t key = batch.tables[i];
            const uint32_t *node = lpm_node(lpm, batch.words[key]);
            uint32_t bits = addresses[key] << LPM_DEPTH(node[LPM_SHAPE]);

            decide(&batch, key, node);
            batch.words[key] = node[LPM_ENTRIES + (bits >> 24)];
            sort_key(&batch, key);
        }
    }
    prefetch_blocks(lpm, &batch);
    for (uint32_t i = 0; i < batch.block_count; i++) {
        uint32_t key = batch.blocks[i];
        const uint32_t *node = lpm_node(lpm, batch.words[key]);

        batch.bits[key] = addresses[key] << LPM_DEPTH(node[LPM_SHAPE]);
    }
    search_blocks(lpm, &batch); /* an IPv4 block has no children */
    end_batch(&batch, count, values_out);
}

void avpni_lpm_find_ipv6_batch(const struct avpni_lpm *lpm, const uint64_t (*addresses)[2],
                               uint32_t count, uint32_t *values_out)
{
    struct batch batch;

    batch.table_count = 0;
    batch.block_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        batch.words[i] = lpm->root;
        batch.decided[i] = LPM_INHERIT;
        sort_key(&batch, i);
    }
    while (batch.table_count + batch.block_count > 0) {
        uint32_t tables = batch.table_count, blocks;

        batch.table_count = 0;
        for (uint32_t i = 0; i < tables; i++) {
            uint32_t key = batch.tables[i];
            const uint32_t *node = lpm_node(lpm, batch.words[key]);

            decide(&batch, key, node);
            batch.words[key] =
                node[LPM_ENTRIES + (lpm_bits(addresses[key][0], addresses[key][1],
                                             LPM_DEPTH(node[LPM_SHAPE])) >> 24)];
            sort_key(&batch, key);
        }
        if (batch.table_count > 0) {
            continue;
        }
        prefetch_blocks(lpm, &batch);
        for (uint32_t i = 0; i < batch.block_count; i++) {
            uint32_t key = batch.blocks[i];
            uint32_t depth = LPM_DEPTH(lpm_node(lpm, batch.words[key])[LPM_SHAPE]);

            batch.bits[key] = lpm_bits(addresses[key][0], addresses[key][1], depth);
        }
        search_blocks(lpm, &batch);
        blocks = batch.block_count;
        batch.block_count = 0;
        for (uint32_t i = 0; i < blocks; i++) {
            sort_key(&batch, batch.blocks[i]);
        }
    }
    end_batch(&batch, count, values_out);
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
            code = item == UINT32_MAX ? 0 : lpm_codes(node)[item];
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
