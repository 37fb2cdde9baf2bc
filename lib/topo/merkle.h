/* SPDX-License-Identifier: ISC */
/*
 * merkle: the root over leaves given one after the other: the tree of RFC 6962 2.1 with
 * BLAKE2b-256. Values only; the state is the roots of the full subtrees so far. Spec: [CFG-4].
 */
#ifndef AVPNI_TOPO_MERKLE_H
#define AVPNI_TOPO_MERKLE_H

#include <stddef.h>
#include <stdint.h>

#define AVPNI_MERKLE_BYTES 32

struct avpni_merkle {
    uint32_t count;                         /* leaves so far */
    uint8_t roots[32][AVPNI_MERKLE_BYTES];  /* one per bit set in `count`, largest first */
};

void avpni_merkle_init(struct avpni_merkle *merkle);
/* Fewer than 2^32 leaves. */
void avpni_merkle_add(struct avpni_merkle *merkle, const uint8_t *leaf, size_t count);
/* Of no leaves: the hash of nothing. */
void avpni_merkle_root(const struct avpni_merkle *merkle, uint8_t root_out[AVPNI_MERKLE_BYTES]);

/* L(leaf), by itself; and `left` becomes N(left, right). [CFG-4] */
void avpni_merkle_leaf(const uint8_t *leaf, size_t count, uint8_t hash_out[AVPNI_MERKLE_BYTES]);
void avpni_merkle_join(uint8_t left[AVPNI_MERKLE_BYTES], const uint8_t right[AVPNI_MERKLE_BYTES]);

#endif
