/* SPDX-License-Identifier: ISC */
/*
 * trie: see trie.h.
 *
 * Invariants: a child's prefix is longer than its parent's and begins with it, and its next bit
 * is the side it hangs on; a node without a value has two children; `count` is the number of
 * values in a subtree. So a table of n prefixes has fewer than 2 n nodes, walking a node before
 * its children gives the order of prefixes, and `count` finds the n-th of them on one way down.
 */
#include "route/trie.h"

#include <assert.h>

#define NODES_FIRST 16u
#define NODES_LIMIT (UINT32_C(1) << 28)

void avpni_trie_init(struct avpni_trie *trie, const struct avpni_memory *memory)
{
    *trie = (struct avpni_trie){
        .memory = *memory, .root = AVPNI_TRIE_NONE, .free = AVPNI_TRIE_NONE};
}

void avpni_trie_fini(struct avpni_trie *trie)
{
    avpni_release(&trie->memory, trie->nodes);
    trie->nodes = NULL;
}

void avpni_trie_clear(struct avpni_trie *trie)
{
    trie->root = AVPNI_TRIE_NONE;
    trie->free = AVPNI_TRIE_NONE;
    trie->used = 0;
}

/* ---- bits --------------------------------------------------------------------------- */

/* The bit at a place below 128, counted from the front. */
static unsigned bit_of(uint64_t high, uint64_t low, uint32_t place)
{
    return (unsigned)(place < 64 ? high >> (63 - place) : low >> (127 - place)) & 1;
}

/* How many bits two keys have in common, 0..128. */
static uint32_t common_bits(uint64_t high, uint64_t low, uint64_t other_high, uint64_t other_low)
{
    uint64_t high_difference = high ^ other_high, low_difference = low ^ other_low;
    uint32_t places = 0;
    uint64_t rest = high_difference;

    if (high_difference == 0) {
        if (low_difference == 0) {
            return 128;
        }
        places = 64;
        rest = low_difference;
    }
    /* Halve the stretch in which the first difference lies. */
    for (uint32_t step = 32; step > 0; step /= 2) {
        if (rest >> (64 - step) == 0) {
            rest <<= step;
            places += step;
        }
    }
    return places;
}

static uint64_t mask_of(uint32_t bits)
{
    return bits == 0 ? 0 : UINT64_MAX << (64 - bits);
}

/* The key begins with the node's prefix. On the packet path: no loop. */
static bool is_prefix(const struct avpni_trie_node *node, uint64_t high, uint64_t low)
{
    if (node->length <= 64) {
        return ((node->high ^ high) & mask_of(node->length)) == 0;
    }
    return node->high == high && ((node->low ^ low) & mask_of(node->length - 64u)) == 0;
}

static bool is_key(const struct avpni_trie_node *node, const struct avpni_trie_key *key)
{
    return node->length == key->length && node->high == key->high && node->low == key->low;
}

/* ---- nodes -------------------------------------------------------------------------- */

/* Make room for `count` more nodes. */
static int32_t reserve(struct avpni_trie *trie, uint32_t count)
{
    uint32_t listed = 0;

    for (uint32_t n = trie->free; n != AVPNI_TRIE_NONE && listed < count;
         n = trie->nodes[n].child[0]) {
        listed++;
    }
    if (trie->capacity - trie->used >= count - listed) {
        return AVPN_OK;
    }
    uint32_t capacity = trie->capacity == 0 ? NODES_FIRST : trie->capacity + trie->capacity / 2;

    if (capacity > NODES_LIMIT) {
        return AVPN_ERROR_MEMORY;
    }
    struct avpni_trie_node *nodes =
        avpni_resize(&trie->memory, trie->nodes, capacity, sizeof *nodes);

    if (nodes == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    trie->nodes = nodes;
    trie->capacity = capacity;
    return AVPN_OK;
}

/* A node from what reserve() made sure of. */
static uint32_t take_node(struct avpni_trie *trie, const struct avpni_trie_node *content)
{
    uint32_t n = trie->free;

    if (n != AVPNI_TRIE_NONE) {
        trie->free = trie->nodes[n].child[0];
    } else {
        assert(trie->used < trie->capacity);
        n = trie->used++;
    }
    trie->nodes[n] = *content;
    return n;
}

static void free_node(struct avpni_trie *trie, uint32_t n)
{
    trie->nodes[n].child[0] = trie->free;
    trie->free = n;
}

/* ---- change ------------------------------------------------------------------------- */

/* Where a key belongs: the link that leads to its node, or that its node is to be put into. */
static uint32_t *find_link(struct avpni_trie *trie, const struct avpni_trie_key *key)
{
    uint32_t *link = &trie->root;

    while (*link != AVPNI_TRIE_NONE) {
        struct avpni_trie_node *node = &trie->nodes[*link];

        if (node->length >= key->length || !is_prefix(node, key->high, key->low)) {
            break;
        }
        link = &node->child[bit_of(key->high, key->low, node->length)];
    }
    return link;
}

/* Add to the counts of all nodes above a key's own. */
static void count_above(struct avpni_trie *trie, const struct avpni_trie_key *key, uint32_t change)
{
    uint32_t n = trie->root;

    while (n != AVPNI_TRIE_NONE) {
        struct avpni_trie_node *node = &trie->nodes[n];

        if (node->length >= key->length || !is_prefix(node, key->high, key->low)) {
            break;
        }
        node->count += change;
        n = node->child[bit_of(key->high, key->low, node->length)];
    }
}

/* Put a leaf and the node at its place under a new common parent, which may be the leaf itself. */
static void insert_above(struct avpni_trie *trie, uint32_t *link, const struct avpni_trie_node *leaf)
{
    uint32_t below = *link;
    const struct avpni_trie_node *sibling = &trie->nodes[below];
    uint32_t shared = common_bits(leaf->high, leaf->low, sibling->high, sibling->low);
    struct avpni_trie_node top = *leaf;

    shared = shared < leaf->length ? shared : leaf->length;
    shared = shared < sibling->length ? shared : sibling->length;
    top.count = sibling->count + 1;
    if (shared == leaf->length) {
        top.child[bit_of(sibling->high, sibling->low, shared)] = below;
    } else {
        unsigned side = bit_of(leaf->high, leaf->low, shared);

        top.high &= mask_of(shared < 64 ? shared : 64);
        top.low &= mask_of(shared < 64 ? 0 : shared - 64);
        top.length = (uint8_t)shared;
        top.value = AVPNI_TRIE_NONE;
        top.child[side] = take_node(trie, leaf);
        top.child[!side] = below;
    }
    *link = take_node(trie, &top);
}

int32_t avpni_trie_put(struct avpni_trie *trie, const struct avpni_trie_key *key, uint32_t value)
{
    uint32_t *link = find_link(trie, key);

    if (*link != AVPNI_TRIE_NONE && is_key(&trie->nodes[*link], key) &&
        trie->nodes[*link].value != AVPNI_TRIE_NONE) {
        trie->nodes[*link].value = value;
        return AVPN_OK;
    }
    /* At most two: the prefix's own node and one that branches. */
    if (reserve(trie, 2) != AVPN_OK) {
        return AVPN_ERROR_MEMORY;
    }
    count_above(trie, key, 1);
    link = find_link(trie, key); /* the array may have moved */
    const struct avpni_trie_node leaf = {.high = key->high,
                                         .low = key->low,
                                         .child = {AVPNI_TRIE_NONE, AVPNI_TRIE_NONE},
                                         .count = 1,
                                         .value = value,
                                         .length = key->length};

    if (*link == AVPNI_TRIE_NONE) {
        *link = take_node(trie, &leaf);
    } else if (is_key(&trie->nodes[*link], key)) {
        trie->nodes[*link].value = value;
        trie->nodes[*link].count++;
    } else {
        insert_above(trie, link, &leaf);
    }
    return AVPN_OK;
}

/* Take a node without a value out of the trie if fewer than two children need it. */
static void collapse(struct avpni_trie *trie, uint32_t *link)
{
    uint32_t n = *link;
    const struct avpni_trie_node *node = &trie->nodes[n];

    if (node->value != AVPNI_TRIE_NONE) {
        return;
    }
    if (node->child[0] == AVPNI_TRIE_NONE) {
        *link = node->child[1];
    } else if (node->child[1] == AVPNI_TRIE_NONE) {
        *link = node->child[0];
    } else {
        return;
    }
    free_node(trie, n);
}

/* The link to the parent of a key's node, or NULL at the root. */
static uint32_t *find_parent_link(struct avpni_trie *trie, const struct avpni_trie_key *key)
{
    uint32_t *link = &trie->root, *parent = NULL;

    while (!is_key(&trie->nodes[*link], key)) {
        struct avpni_trie_node *node = &trie->nodes[*link];

        parent = link;
        link = &node->child[bit_of(key->high, key->low, node->length)];
    }
    return parent;
}

uint32_t avpni_trie_remove(struct avpni_trie *trie, const struct avpni_trie_key *key)
{
    uint32_t *link = find_link(trie, key);

    if (*link == AVPNI_TRIE_NONE || !is_key(&trie->nodes[*link], key) ||
        trie->nodes[*link].value == AVPNI_TRIE_NONE) {
        return AVPNI_TRIE_NONE;
    }
    struct avpni_trie_node *node = &trie->nodes[*link];
    uint32_t value = node->value;
    uint32_t *parent = find_parent_link(trie, key);

    count_above(trie, key, UINT32_MAX); /* minus one */
    node->value = AVPNI_TRIE_NONE;
    node->count--;
    collapse(trie, link);
    /* A parent that only branched may have lost its reason. */
    if (parent != NULL) {
        collapse(trie, parent);
    }
    return value;
}

/* ---- look --------------------------------------------------------------------------- */

uint32_t avpni_trie_get(const struct avpni_trie *trie, const struct avpni_trie_key *key)
{
    uint32_t n = trie->root;

    while (n != AVPNI_TRIE_NONE) {
        const struct avpni_trie_node *node = &trie->nodes[n];

        if (node->length >= key->length) {
            return is_key(node, key) ? node->value : AVPNI_TRIE_NONE;
        }
        if (!is_prefix(node, key->high, key->low)) {
            break;
        }
        n = node->child[bit_of(key->high, key->low, node->length)];
    }
    return AVPNI_TRIE_NONE;
}

uint32_t avpni_trie_match(const struct avpni_trie *trie, uint64_t high, uint64_t low,
                          uint8_t *length_out)
{
    const struct avpni_trie_node *best = NULL;
    uint32_t n = trie->root;

    while (n != AVPNI_TRIE_NONE) {
        const struct avpni_trie_node *node = &trie->nodes[n];

        if (!is_prefix(node, high, low)) {
            break;
        }
        if (node->value != AVPNI_TRIE_NONE) {
            best = node;
        }
        if (node->length == 128) {
            break;
        }
        n = node->child[bit_of(high, low, node->length)];
    }
    if (best == NULL) {
        return AVPNI_TRIE_NONE;
    }
    if (length_out != NULL) {
        *length_out = best->length;
    }
    return best->value;
}

uint32_t avpni_trie_at(const struct avpni_trie *trie, uint32_t index, struct avpni_trie_key *key_out)
{
    uint32_t n = trie->root;

    if (index >= avpni_trie_count(trie)) {
        return AVPNI_TRIE_NONE;
    }
    for (;;) {
        const struct avpni_trie_node *node = &trie->nodes[n];
        uint32_t left = node->child[0];
        uint32_t left_count = left == AVPNI_TRIE_NONE ? 0 : trie->nodes[left].count;

        if (node->value != AVPNI_TRIE_NONE && index-- == 0) {
            *key_out = (struct avpni_trie_key){node->high, node->low, node->length};
            return node->value;
        }
        n = index < left_count ? left : node->child[1];
        index -= index < left_count ? 0 : left_count;
    }
}

uint32_t avpni_trie_count(const struct avpni_trie *trie)
{
    return trie->root == AVPNI_TRIE_NONE ? 0 : trie->nodes[trie->root].count;
}

size_t avpni_trie_footprint(const struct avpni_trie *trie)
{
    return (size_t)trie->capacity * sizeof *trie->nodes;
}
