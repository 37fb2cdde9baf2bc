/* SPDX-License-Identifier: ISC */
/*
 * lpm_front: the first 16 bits of an IPv4 address in one step. See lpm_node.h.
 *
 * The front has, for each 16 bits, the word that the tables of the first two levels lead to: a value, or
 * the node in which the search goes on. It is made from the tree and follows it; without memory
 * for it the search begins at the root. Because a search that starts here has not seen the nodes
 * above, nodes that the front names have in their base what all levels above decide.
 *
 * So that a change need not fill all of it, the front remembers which of the root's entries are tables.
 */
#include "route/lpm_node.h"

#define FRONT_ENTRIES 65536u
#define FRONT_WORDS (FRONT_ENTRIES + 256u)
/* Values from which on a front is worth its 257 KiB. */
#define FRONT_VALUES 512u

static uint32_t resolve(uint32_t word, uint32_t above)
{
    return word != LPM_INHERIT ? word : above;
}

static void fill(uint32_t *front, uint32_t word)
{
    for (uint32_t i = 0; i < 256; i++) {
        front[i] = word;
    }
}

/* One entry below an entry of the root that is a table. */
static void refresh_entry(struct avpni_lpm *lpm, uint32_t first, uint32_t second)
{
    const uint32_t *root = lpm_node(lpm, lpm->root);
    const uint32_t *table = lpm_node(lpm, root[LPM_ENTRIES + first]);
    uint32_t above = resolve(table[LPM_BASE], root[LPM_BASE]);
    uint32_t word = table[LPM_ENTRIES + second];

    if (word & LPM_NODE) {
        uint32_t *node = lpm_node(lpm, word);

        node[LPM_BASE] = resolve(node[LPM_BASE], above);
    }
    lpm->front[first << 8 | second] = resolve(word, above);
}

/* The 256 entries below one of the root. `is_spread`: what is decided above them may have changed. */
static void refresh(struct avpni_lpm *lpm, uint32_t first, bool is_spread)
{
    const uint32_t *root = lpm_node(lpm, lpm->root);
    uint32_t word = root[LPM_ENTRIES + first];
    bool is_table = (word & LPM_NODE) != 0 && lpm_is_table(word);

    lpm->front[FRONT_ENTRIES + first] = is_table;
    if (is_table) {
        if (is_spread) {
            lpm_spread_own(lpm, word & ~LPM_NODE);
        }
        for (uint32_t second = 0; second < 256; second++) {
            refresh_entry(lpm, first, second);
        }
        return;
    }
    if (word & LPM_NODE) {
        uint32_t *node = lpm_node(lpm, word);

        node[LPM_BASE] = resolve(node[LPM_BASE], root[LPM_BASE]);
    }
    fill(lpm->front + (first << 8), resolve(word, root[LPM_BASE]));
}

static void refresh_wide(struct avpni_lpm *lpm, uint32_t first, uint32_t count)
{
    lpm_spread_own(lpm, lpm->root & ~LPM_NODE);
    for (uint32_t i = 0; i < 256; i++) {
        /* Spreading touched what all blocks below the root have from above. */
        refresh(lpm, i, i - first < count);
    }
}

void lpm_front_release(struct avpni_lpm *lpm)
{
    avpni_release(&lpm->slabs.memory, lpm->front);
    lpm->front = NULL;
}

int32_t lpm_front_copy(struct avpni_lpm *to, const struct avpni_lpm *from)
{
    if (from->front == NULL) {
        return AVPN_OK;
    }
    to->front = avpni_resize(&to->slabs.memory, NULL, FRONT_WORDS, sizeof *to->front);
    if (to->front == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    memcpy(to->front, from->front, FRONT_WORDS * sizeof *to->front);
    return AVPN_OK;
}

size_t lpm_front_footprint(const struct avpni_lpm *lpm)
{
    return lpm->front == NULL ? 0 : FRONT_WORDS * sizeof *lpm->front;
}

void lpm_front_update(struct avpni_lpm *lpm, const struct avpni_lpm_key *key)
{
    uint32_t bits = lpm_bits(key->high, key->low, 0), first = bits >> 24;
    bool was_table;

    if (lpm->bits != 32) {
        return;
    }
    if (!(lpm->root & LPM_NODE) || !lpm_is_table(lpm->root)) {
        lpm_front_release(lpm);
        return;
    }
    if (lpm->front == NULL) {
        if (avpni_lpm_count(lpm) >= FRONT_VALUES) {
            lpm->front = avpni_allocate(&lpm->slabs.memory, FRONT_WORDS, sizeof *lpm->front);
        }
        if (lpm->front != NULL) {
            refresh_wide(lpm, 0, 256);
        }
        return;
    }
    if (key->length <= 8) {
        refresh_wide(lpm, first, 256u >> key->length);
        return;
    }
    was_table = lpm->front[FRONT_ENTRIES + first] != 0;
    uint32_t word = lpm_node(lpm, lpm->root)[LPM_ENTRIES + first];

    if (was_table && (word & LPM_NODE) && lpm_is_table(word) && key->length > 16) {
        refresh_entry(lpm, first, bits >> 16 & 255);
    } else {
        refresh(lpm, first, false);
    }
}

/* The entry of a table that a reference names, or 256: it names another word. */
static uint32_t digit_of(uint32_t location)
{
    uint32_t word = (location & ((UINT32_C(1) << AVPNI_SLABS_PLACE_BITS) - 1)) % LPM_TABLE_WORDS;

    return avpni_slabs_class_of(location) == AVPNI_SLABS_SPECIAL && word >= LPM_ENTRIES
               ? word - LPM_ENTRIES
               : 256;
}

void lpm_front_follow(struct avpni_lpm *lpm, uint32_t block)
{
    const uint32_t *node = avpni_slabs_at(&lpm->slabs, block);
    uint32_t owner = node[LPM_OWNER], digit = digit_of(owner), depth = LPM_DEPTH(node[LPM_SHAPE]);

    if (lpm->front == NULL || digit == 256) {
        return;
    }
    if (depth == 8 && !lpm_is_table(block)) {
        fill(lpm->front + (digit << 8), LPM_NODE | block);
    } else if (depth == 16) {
        uint32_t first = digit_of(avpni_slabs_at(&lpm->slabs, owner - digit - LPM_ENTRIES)[LPM_OWNER]);

        if (first != 256) { /* else the table above is being released */
            lpm->front[first << 8 | digit] = LPM_NODE | block;
        }
    }
}
