/* SPDX-License-Identifier: ISC */
/*
 * lpm: prefixes of one address family -> values, for longest-prefix match at packet rate.
 *
 * A tree of two kinds of nodes. A *block* has up to 64 prefixes as sorted ranges of the next 32
 * bits of the address, found by binary search; a *table* branches by the next 8 bits. Everything is one block
 * while there are few prefixes; a block that gets too full becomes a table of smaller ones. So the search takes a few
 * steps wherever the prefixes lie, and the ranges, with their lengths beside them, are also the ordered store.
 *
 * What a search costs is the lines of memory it touches, and with few prefixes its instructions. For IPv4, whose
 * addresses are short enough, a *front* skips the tree: an array by the first 16 to 19 bits that has the value, or the very
 * range in a block from which a few are compared at once. Most lookups touch two lines. See lpm_front.c.
 *
 * A change rewrites one node, or splits or joins one. A range that no prefix of its own node decides says *inherit*, and the
 * decision of the nodes above stands in the node's first word: a short prefix above a million others is
 * changed in at most 256 words.
 *
 * Life: init, put/remove/find, fini. Readers and writers: any number of threads may read a table
 * that nobody changes; nobody may read while it changes. Who wants readers to go on keeps two: a
 * copy() is one memcpy for each size of node (no rebuilding), changed aside and handed to the readers as a new pointer, so
 * that each of them sees all of a change or nothing; the old one is released when the last reader left it.
 */
#ifndef AVPNI_ROUTE_LPM_H
#define AVPNI_ROUTE_LPM_H

#include "route/slabs.h"

#define AVPNI_LPM_NONE UINT32_MAX
#define AVPNI_LPM_VALUE_LIMIT (UINT32_C(1) << 30) /* values are below */
#define AVPNI_LPM_BATCH 32u

/* The first `length` bits of a key, the rest zero. IPv4 uses the upper 32. */
struct avpni_lpm_key {
    uint64_t high, low;
    uint8_t length; /* 0..128 */
};

/* Instructions with which a batch is searched; all give the same answers. */
enum avpni_lpm_vectors { AVPNI_LPM_PLAIN = 0, AVPNI_LPM_AVX2, AVPNI_LPM_AVX512 };

struct avpni_lpm {
    struct avpni_slabs slabs;
    uint32_t *front;     /* where the search for an IPv4 address begins, or NULL: at the root */
    uint32_t front_bits; /* of an address that lead to an entry of it; see lpm_front.c */
    uint32_t root;       /* a word as in lpm_node.h */
    uint32_t dead;       /* the root of what is being released */
    uint32_t bits;       /* 32 or 128 */
    uint32_t vectors;    /* enum avpni_lpm_vectors: what this machine can */
};

void avpni_lpm_init(struct avpni_lpm *lpm, const struct avpni_memory *memory, uint32_t bits);
void avpni_lpm_fini(struct avpni_lpm *lpm);
/* Forget everything. */
void avpni_lpm_clear(struct avpni_lpm *lpm);
/* AVPN_ERROR_MEMORY: nothing to release. */
int32_t avpni_lpm_copy(struct avpni_lpm *to, const struct avpni_lpm *from);

/* Add or replace. AVPN_ERROR_MEMORY: unchanged. */
int32_t avpni_lpm_put(struct avpni_lpm *lpm, const struct avpni_lpm_key *key, uint32_t value);
/* The value that was there, or AVPNI_LPM_NONE. */
uint32_t avpni_lpm_remove(struct avpni_lpm *lpm, const struct avpni_lpm_key *key);

/* The value of the longest prefix that has the address, or AVPNI_LPM_NONE. */
uint32_t avpni_lpm_find_ipv4(const struct avpni_lpm *lpm, uint32_t address);
uint32_t avpni_lpm_find_ipv6(const struct avpni_lpm *lpm, uint64_t high, uint64_t low);
/* The same for up to AVPNI_LPM_BATCH addresses at once, whose cache misses then overlap. */
void avpni_lpm_find_ipv4_batch(const struct avpni_lpm *lpm, const uint32_t *addresses,
                               uint32_t count, uint32_t *values_out);
void avpni_lpm_find_ipv6_batch(const struct avpni_lpm *lpm, const uint64_t (*addresses)[2],
                               uint32_t count, uint32_t *values_out);
/* The same, slower, with the length of the prefix that decides. */
uint32_t avpni_lpm_match(const struct avpni_lpm *lpm, uint64_t high, uint64_t low,
                         uint8_t *length_out);
/* The value of this very prefix, or AVPNI_LPM_NONE. */
uint32_t avpni_lpm_get(const struct avpni_lpm *lpm, const struct avpni_lpm_key *key);
/* The value at a place in the order of keys and then lengths, or AVPNI_LPM_NONE beyond the end. */
uint32_t avpni_lpm_at(const struct avpni_lpm *lpm, uint32_t index, struct avpni_lpm_key *key_out);
uint32_t avpni_lpm_count(const struct avpni_lpm *lpm);
size_t avpni_lpm_footprint(const struct avpni_lpm *lpm);

#endif
