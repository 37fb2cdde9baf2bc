/* SPDX-License-Identifier: ISC */
/*
 * trie: prefixes of one address family -> 32-bit values, for longest-prefix match.
 *
 * A path-compressed binary trie whose nodes live in one array and name each other by index.
 * Keys are 128 bits; IPv4 uses the upper 32. Finding anything allocates nothing and takes at most 129 steps.
 */
#ifndef AVPNI_ROUTE_TRIE_H
#define AVPNI_ROUTE_TRIE_H

#include "base/memory.h"
#include <stdbool.h>

#define AVPNI_TRIE_NONE UINT32_MAX

/* The first `length` bits of a key, the rest zero. */
struct avpni_trie_key {
    uint64_t high, low;
    uint8_t length; /* 0..128 */
};

struct avpni_trie_node {
    uint64_t high, low;
    uint32_t child[2]; /* by the bit after the prefix */
    uint32_t count;    /* values in this subtree, this node's included */
    uint32_t value;    /* AVPNI_TRIE_NONE: the node only branches */
    uint8_t length;
};

struct avpni_trie {
    struct avpni_memory memory;
    struct avpni_trie_node *nodes;
    uint32_t root;
    uint32_t free; /* first node of the free list, linked by child[0] */
    uint32_t used, capacity;
};

void avpni_trie_init(struct avpni_trie *trie, const struct avpni_memory *memory);
void avpni_trie_fini(struct avpni_trie *trie);
/* Forget everything; memory is kept for reuse. */
void avpni_trie_clear(struct avpni_trie *trie);

/* Add or replace; `value` is not AVPNI_TRIE_NONE. AVPN_ERROR_MEMORY (never when replacing): unchanged. */
int32_t avpni_trie_put(struct avpni_trie *trie, const struct avpni_trie_key *key, uint32_t value);
/* The value that was there, or AVPNI_TRIE_NONE. */
uint32_t avpni_trie_remove(struct avpni_trie *trie, const struct avpni_trie_key *key);
/* The value of this very prefix, or AVPNI_TRIE_NONE. */
uint32_t avpni_trie_get(const struct avpni_trie *trie, const struct avpni_trie_key *key);
/*
 * The value of the longest prefix of a full-length key, or AVPNI_TRIE_NONE. `length_out`, which may
 * be NULL, gets that prefix's length.
 */
uint32_t avpni_trie_match(const struct avpni_trie *trie, uint64_t high, uint64_t low,
                          uint8_t *length_out);
/* The value at a place in the order of keys and then lengths, or AVPNI_TRIE_NONE beyond the end. */
uint32_t avpni_trie_at(const struct avpni_trie *trie, uint32_t index, struct avpni_trie_key *key_out);
uint32_t avpni_trie_count(const struct avpni_trie *trie);
size_t avpni_trie_footprint(const struct avpni_trie *trie);

#endif
