/* SPDX-License-Identifier: ISC */
/*
 * lpm_find: the packet path. See lpm.h and lpm_node.h.
 *
 * A batch is taken through each level together: no branch depends on an address, for none can be predicted, and
 * what the next level reads is prefetched for all, so that misses overlap. IPv4 addresses have most of their way behind them
 * after the front and its items (lpm_vectors.c).
 */
#include "route/lpm_node.h"

/* ---- one address ---------------------------------------------------------------------------- */

/* On from a word that names a node. */
static uint32_t find_below(const struct avpni_lpm *lpm, uint32_t word, uint64_t high, uint64_t low,
                           uint32_t decided)
{
    while (word & LPM_NODE) {
        const uint32_t *node = lpm_node(lpm, word);
        uint32_t bits = lpm_bits(high, low, LPM_DEPTH(node[LPM_SHAPE]));

        decided = lpm_choose(node[LPM_BASE], decided);
        word = lpm_is_table(word) ? node[LPM_ENTRIES + (bits >> 24)] : lpm_search(node, bits);
    }
    return lpm_choose(word, decided);
}

uint32_t avpni_lpm_find_ipv4(const struct avpni_lpm *lpm, uint32_t address)
{
    uint32_t word;

    /* LPM_INHERIT becomes AVPNI_LPM_NONE. */
    if (lpm->front == NULL) {
        return find_below(lpm, lpm->root, (uint64_t)address << 32, 0, LPM_INHERIT) - 1;
    }
    word = lpm_front_word(lpm, address);
    if (word >= (LPM_NODE | LPM_DIRECT)) {
        word = lpm_search_direct(lpm_direct(lpm, word), address);
    } else if (word & LPM_NODE) {
        word = find_below(lpm, word, (uint64_t)address << 32, 0, LPM_INHERIT);
    }
    return lpm_choose(word, lpm_front_above(lpm, address)) - 1;
}

uint32_t avpni_lpm_find_ipv6(const struct avpni_lpm *lpm, uint64_t high, uint64_t low)
{
    return find_below(lpm, lpm->root, high, low, LPM_INHERIT) - 1;
}

/* ---- a batch -------------------------------------------------------------------------------- */

struct batch {
    uint32_t words[AVPNI_LPM_BATCH];   /* where each key is */
    uint32_t decided[AVPNI_LPM_BATCH]; /* what is decided above it */
    uint32_t bits[AVPNI_LPM_BATCH];    /* those of the key after the depth of its block */
    uint8_t tables[AVPNI_LPM_BATCH], blocks[AVPNI_LPM_BATCH]; /* the keys at either kind of node */
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

static inline void decide(struct batch *batch, uint32_t key, const uint32_t *node)
{
    batch->decided[key] = lpm_choose(node[LPM_BASE], batch->decided[key]);
}

static void begin_at_root(const struct avpni_lpm *lpm, uint32_t count, struct batch *batch)
{
    batch->table_count = 0;
    batch->block_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        batch->words[i] = lpm->root;
        batch->decided[i] = LPM_INHERIT;
        sort_key(batch, i);
    }
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

/* A search among the items of a block, whichever way they lie. */
struct search {
    const uint32_t *items;
    uint32_t low, rest, bits;
};

static inline void begin_search(struct search *search, const uint32_t *node, uint32_t bits)
{
    uint32_t is_packed = node[LPM_SHAPE] / LPM_PACKED & 1;

    search->items = node + LPM_HEADER;
    search->low = 0;
    search->rest = LPM_ITEMS(node[LPM_SHAPE]);
    /* Of a packed one, what is below the start counts as LPM_LAST. */
    search->bits = (bits | (UINT16_MAX & (0u - is_packed))) - is_packed;
}

static inline uint32_t end_search(const struct search *search, uint32_t shape)
{
    uint32_t is_packed = shape / LPM_PACKED & 1;
    uint32_t values = LPM_ITEMS(shape) & (is_packed - 1);

    return search->items[search->low + values] & (UINT32_MAX >> 16 * is_packed);
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
            uint32_t is_at = search->items[search->low + half] <= search->bits;

            search->low += half & (0u - is_at);
            search->rest -= half;
        }
    }
    for (uint32_t i = 0; i < batch->block_count; i++) {
        uint32_t key = batch->blocks[i];

        batch->words[key] =
            end_search(&searches[i], lpm_node(lpm, batch->words[key])[LPM_SHAPE]);
    }
}

/* From where the keys are sorted to. An IPv4 block has no children. */
static void search_ipv4(const struct avpni_lpm *lpm, const uint32_t *addresses,
                        struct batch *batch)
{
    while (batch->table_count > 0) {
        uint32_t tables = batch->table_count;

        batch->table_count = 0;
        for (uint32_t i = 0; i < tables; i++) {
            uint32_t key = batch->tables[i];
            const uint32_t *node = lpm_node(lpm, batch->words[key]);
            uint32_t bits = addresses[key] << LPM_DEPTH(node[LPM_SHAPE]);

            decide(batch, key, node);
            batch->words[key] = node[LPM_ENTRIES + (bits >> 24)];
            sort_key(batch, key);
        }
    }
    prefetch_blocks(lpm, batch);
    for (uint32_t i = 0; i < batch->block_count; i++) {
        uint32_t key = batch->blocks[i];
        const uint32_t *node = lpm_node(lpm, batch->words[key]);

        batch->bits[key] = addresses[key] << LPM_DEPTH(node[LPM_SHAPE]);
    }
    search_blocks(lpm, batch);
}

static inline const uint32_t *entry_below_16(const struct avpni_lpm *lpm, uint32_t word,
                                             uint32_t address)
{
    return lpm_node(lpm, word) + LPM_ENTRIES + (address >> 8 & 255);
}

/*
 * The keys at tables that the front names. These are all below 16 bits, and what they have in their
 * base the front knows: so one line of a table is read, not its header too.
 */
static void leave_tables(const struct avpni_lpm *lpm, const uint32_t *addresses,
                         struct batch *batch)
{
    uint32_t tables = batch->table_count;

    for (uint32_t i = 0; i < tables; i++) {
        uint32_t key = batch->tables[i];

        LPM_PREFETCH(entry_below_16(lpm, batch->words[key], addresses[key]));
    }
    batch->table_count = 0;
    for (uint32_t i = 0; i < tables; i++) {
        uint32_t key = batch->tables[i];

        batch->words[key] = *entry_below_16(lpm, batch->words[key], addresses[key]);
        sort_key(batch, key);
    }
}

/* The keys for which the front names a node. */
static void search_rest(const struct avpni_lpm *lpm, const uint32_t *addresses, uint32_t rest,
                        struct batch *batch)
{
    batch->table_count = 0;
    batch->block_count = 0;
    for (uint32_t keys = rest; keys != 0; keys &= keys - 1) {
        uint32_t key = lpm_lowest(keys);

        batch->decided[key] = LPM_INHERIT;
        sort_key(batch, key);
    }
    leave_tables(lpm, addresses, batch);
    search_ipv4(lpm, addresses, batch);
    for (uint32_t keys = rest; keys != 0; keys &= keys - 1) {
        uint32_t key = lpm_lowest(keys);

        batch->words[key] = lpm_choose(batch->words[key], batch->decided[key]);
    }
}

static void end_batch(const struct batch *batch, uint32_t count, uint32_t *values_out)
{
    for (uint32_t i = 0; i < count; i++) {
        /* LPM_INHERIT becomes AVPNI_LPM_NONE. */
        values_out[i] = lpm_choose(batch->words[i], batch->decided[i]) - 1;
    }
}

void avpni_lpm_find_ipv4_batch(const struct avpni_lpm *lpm, const uint32_t *addresses,
                               uint32_t count, uint32_t *values_out)
{
    struct batch batch;
    uint32_t rest;

    if (lpm->front == NULL) {
        begin_at_root(lpm, count, &batch);
        search_ipv4(lpm, addresses, &batch);
        end_batch(&batch, count, values_out);
        return;
    }
    rest = lpm_front_begin(lpm, addresses, count, batch.words);
    if (rest != 0) {
        search_rest(lpm, addresses, rest, &batch);
    }
    lpm_front_end(lpm, addresses, count, batch.words, values_out);
}

void avpni_lpm_find_ipv6_batch(const struct avpni_lpm *lpm, const uint64_t (*addresses)[2],
                               uint32_t count, uint32_t *values_out)
{
    struct batch batch;

    begin_at_root(lpm, count, &batch);
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
