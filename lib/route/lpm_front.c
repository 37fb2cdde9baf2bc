/* SPDX-License-Identifier: ISC */
/*
 * lpm_front: where the search for an IPv4 address begins. See lpm_node.h.
 *
 * Between an address and its value stand the misses of the processor's caches: one for each array or node that is
 * touched. So the tables of the first two levels, 1 KB each and all over the memory, are not touched at
 * all: the front is one array indexed by the first `front_bits` bits, with the word that the search
 * goes on with. Where one value decides for all of these addresses, it is that value. Where a packed block below the
 * first 16 bits does, it is LPM_DIRECT and the item that decides for the first of them: the search
 * compares the few words from there to the next larger one, mostly in one cache line, and never sees the
 * block's header. Any other node is named as it is.
 *
 * How many bits: 16 take 256 KiB, which a second-level cache holds. From 131,072 values on the front has one
 * bit more with each doubling, up to 19 (2 MiB). It then costs a value 2 to 4 bytes, and saves what is scarce with so many: the
 * items of a block lie in several lines, those of an eighth of it in one.
 *
 * What a node leaves to those above it stands in a second array, for each 16 bits: what prefixes of up to
 * 16 bits decide there. Were it written into the entries, a short prefix above a million others would be
 * changed in every line of every block; so a change of the node concerns its own entries, and a change above it one
 * word. (Entries with no node below them are filled, for nothing else would tell.) Two words are not all that is read:
 * a value from above costs one more look, at 256 KiB that all lookups share.
 *
 * The front is made from the tree and follows it. Without memory for it, the search begins at the root;
 * without memory for a larger one, it stays as it is. So that a change need not fill all of it, it remembers which of
 * the root's entries are tables.
 */
#include "route/lpm_node.h"

/* Values from which on a front is worth its half a megabyte. */
#define FRONT_VALUES 512u
#define LEAST_BITS 16u
#define MOST_BITS 19u

#define ABOVE_WORDS LPM_FRONT_ABOVE
#define TABLE_WORDS 256u

static uint32_t words_of(uint32_t bits)
{
    return ABOVE_WORDS + (UINT32_C(1) << bits) + TABLE_WORDS;
}

/* The words that tell whether an entry of the root is a table. */
static uint32_t *tables_of(const struct avpni_lpm *lpm)
{
    return lpm->front + ABOVE_WORDS + (UINT32_C(1) << lpm->front_bits);
}

/* The first entry for 16 bits. */
static uint32_t *entries_of(const struct avpni_lpm *lpm, uint32_t place)
{
    return lpm->front + ABOVE_WORDS + (place << (lpm->front_bits - LEAST_BITS));
}

static uint32_t resolve(uint32_t word, uint32_t above)
{
    return word != LPM_INHERIT ? word : above;
}

static void fill(uint32_t *words, uint32_t count, uint32_t word)
{
    for (uint32_t i = 0; i < count; i++) {
        words[i] = word;
    }
}

/* ---- from the tree to the front ------------------------------------------------------------- */

/* The entries of a block below the first 8 or 16 bits. */
static void show_block(struct avpni_lpm *lpm, uint32_t block, uint32_t *entries)
{
    const uint32_t *at = avpni_slabs_at(&lpm->slabs, block);
    uint32_t shape = at[LPM_SHAPE], bits = lpm->front_bits - LPM_DEPTH(shape), item = 0;
    uint64_t step = UINT64_C(1) << (32 - bits);
    uint32_t named = LPM_NODE | block;

    for (uint64_t start = 0; start >> 32 == 0; start += step) {
        while (item + 1 < LPM_ITEMS(shape) && lpm_start(at, item + 1) <= start) {
            item++;
        }
        if (lpm_is_packed(shape) && LPM_DEPTH(shape) == 16) {
            named = LPM_NODE | LPM_DIRECT | (block + LPM_HEADER + item);
        }
        bool is_decided =
            item + 1 == LPM_ITEMS(shape) || lpm_start(at, item + 1) >= start + step;

        *entries++ = is_decided ? lpm_value(at, item) : named;
    }
}

static void show(struct avpni_lpm *lpm, uint32_t word, uint32_t place)
{
    uint32_t *entries = entries_of(lpm, place);

    if (!(word & LPM_NODE) || lpm_is_table(word)) {
        fill(entries, UINT32_C(1) << (lpm->front_bits - LEAST_BITS), word);
    } else {
        show_block(lpm, word & ~LPM_NODE, entries);
    }
}

/* What changed: only what is above the nodes that the front names, or these too. */
enum extent { ABOVE, ALL };

/* 16 bits below a table of the second level, for which the root decides `above`. */
static void refresh_entry(struct avpni_lpm *lpm, const uint32_t *table, uint32_t above,
                          uint32_t place, enum extent extent)
{
    uint32_t word = table[LPM_ENTRIES + place % 256];

    if (word & LPM_NODE) {
        lpm->front[place] = resolve(lpm_node(lpm, word)[LPM_BASE], above);
    } else {
        word = resolve(word, above);
        lpm->front[place] = word;
    }
    if (extent == ALL || !(word & LPM_NODE)) {
        show(lpm, word, place);
    }
}

/* Some of the 16 bits below a table of the second level. */
static void refresh_entries(struct avpni_lpm *lpm, uint32_t place, uint32_t count,
                            enum extent extent)
{
    const uint32_t *root = lpm_node(lpm, lpm->root);
    const uint32_t *table = lpm_node(lpm, root[LPM_ENTRIES + place / 256]);
    uint32_t above = resolve(table[LPM_BASE], root[LPM_BASE]);

    for (uint32_t i = 0; i < count; i++) {
        refresh_entry(lpm, table, above, place + i, extent);
    }
}

/* All below an entry of the root. */
static void refresh(struct avpni_lpm *lpm, uint32_t first, enum extent extent)
{
    const uint32_t *root = lpm_node(lpm, lpm->root);
    uint32_t word = root[LPM_ENTRIES + first], above = root[LPM_BASE], place = first * 256;
    bool is_table = (word & LPM_NODE) != 0 && lpm_is_table(word);

    tables_of(lpm)[first] = is_table;
    if (is_table) {
        refresh_entries(lpm, place, 256, extent);
    } else if (word & LPM_NODE) {
        fill(lpm->front + place, 256, resolve(lpm_node(lpm, word)[LPM_BASE], above));
        show_block(lpm, word & ~LPM_NODE, entries_of(lpm, place));
    } else {
        fill(lpm->front + place, 256, resolve(word, above));
        fill(entries_of(lpm, place), UINT32_C(256) << (lpm->front_bits - LEAST_BITS),
             resolve(word, above));
    }
}

/* ---- size ----------------------------------------------------------------------------------- */

/* How many bits there should be, 0: no front. Of a few more or less values, nothing is made anew. */
static uint32_t wanted_bits(const struct avpni_lpm *lpm)
{
    uint32_t count = avpni_lpm_count(lpm), bits = LEAST_BITS;

    while (bits < MOST_BITS && count >> (bits + 1) != 0) {
        bits++;
    }
    if (lpm->front == NULL) {
        return count >= FRONT_VALUES ? bits : 0;
    }
    return bits + 1 == lpm->front_bits ? lpm->front_bits : bits;
}

bool lpm_front_make(struct avpni_lpm *lpm, uint32_t bits)
{
    uint32_t *front = avpni_resize(&lpm->slabs.memory, NULL, words_of(bits), sizeof *front);

    if (front == NULL) {
        return false;
    }
    lpm_front_release(lpm);
    lpm->front = front;
    lpm->front_bits = bits;
    for (uint32_t first = 0; first < 256; first++) {
        refresh(lpm, first, ALL);
    }
    return true;
}

void lpm_front_release(struct avpni_lpm *lpm)
{
    avpni_release(&lpm->slabs.memory, lpm->front);
    lpm->front = NULL;
    lpm->front_bits = 0;
}

int32_t lpm_front_copy(struct avpni_lpm *to, const struct avpni_lpm *from)
{
    if (from->front == NULL) {
        return AVPN_OK;
    }
    uint32_t words = words_of(from->front_bits);

    to->front = avpni_resize(&to->slabs.memory, NULL, words, sizeof *to->front);
    if (to->front == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    to->front_bits = from->front_bits;
    memcpy(to->front, from->front, words * sizeof *to->front);
    return AVPN_OK;
}

size_t lpm_front_footprint(const struct avpni_lpm *lpm)
{
    return lpm->front == NULL ? 0 : words_of(lpm->front_bits) * sizeof *lpm->front;
}

/* ---- after a change ------------------------------------------------------------------------- */

void lpm_front_update(struct avpni_lpm *lpm, const struct avpni_lpm_key *key)
{
    uint32_t bits = lpm_bits(key->high, key->low, 0), first = bits >> 24, place = bits >> 16;

    if (lpm->bits != 32) {
        return;
    }
    if (!(lpm->root & LPM_NODE) || !lpm_is_table(lpm->root)) {
        lpm_front_release(lpm);
        return;
    }
    uint32_t wanted = wanted_bits(lpm);

    if ((wanted != lpm->front_bits && lpm_front_make(lpm, wanted)) || lpm->front == NULL) {
        return;
    }
    if (key->length <= 8) {
        for (uint32_t i = 0; i < 256u >> key->length; i++) {
            refresh(lpm, first + i, ABOVE);
        }
        return;
    }
    uint32_t word = lpm_node(lpm, lpm->root)[LPM_ENTRIES + first];

    if (!(word & LPM_NODE) || !lpm_is_table(word) || !tables_of(lpm)[first]) {
        refresh(lpm, first, ALL);
    } else if (key->length <= 16) {
        refresh_entries(lpm, place, UINT32_C(1) << (16 - key->length), ABOVE);
    } else {
        refresh_entries(lpm, place, 1, ALL);
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

void lpm_front_follow(struct avpni_lpm *lpm, uint32_t node)
{
    const uint32_t *at = avpni_slabs_at(&lpm->slabs, node);
    uint32_t owner = at[LPM_OWNER], digit = digit_of(owner), depth = LPM_DEPTH(at[LPM_SHAPE]);

    if (lpm->front == NULL || digit == 256) {
        return;
    }
    if (depth == 8 && !lpm_is_table(node)) {
        show_block(lpm, node, entries_of(lpm, digit << 8));
    } else if (depth == 16) {
        uint32_t first = digit_of(avpni_slabs_at(&lpm->slabs, owner - digit - LPM_ENTRIES)[LPM_OWNER]);

        if (first != 256) { /* else the table above is being released */
            show(lpm, LPM_NODE | node, first << 8 | digit);
        }
    }
}
