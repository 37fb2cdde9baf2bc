/* SPDX-License-Identifier: ISC */
/*
 * merkle: see merkle.h. RFC 6962 splits n leaves after the largest power of two below n. So the
 * full subtrees are those of the bits of n, and their roots are joined from the right.
 */
#include "topo/merkle.h"

#include "crypto/hash.h"

#include <string.h>

static const uint8_t leaf_mark = 0, node_mark = 1;

void avpni_merkle_init(struct avpni_merkle *merkle)
{
    memset(merkle, 0, sizeof *merkle);
}

static uint32_t count_bits(uint32_t value)
{
    uint32_t bits = 0;

    for (; value != 0; value &= value - 1) {
        bits++;
    }
    return bits;
}

void avpni_merkle_leaf(const uint8_t *leaf, size_t count, uint8_t hash_out[AVPNI_MERKLE_BYTES])
{
    const struct avpni_piece pieces[] = {{&leaf_mark, 1}, {leaf, count}};

    avpni_hash(hash_out, AVPNI_MERKLE_BYTES, NULL, 0, pieces, 2);
}

void avpni_merkle_join(uint8_t left[AVPNI_MERKLE_BYTES], const uint8_t right[AVPNI_MERKLE_BYTES])
{
    const struct avpni_piece pieces[] = {
        {&node_mark, 1}, {left, AVPNI_MERKLE_BYTES}, {right, AVPNI_MERKLE_BYTES}};
    uint8_t node[AVPNI_MERKLE_BYTES];

    avpni_hash(node, sizeof node, NULL, 0, pieces, 3);
    memcpy(left, node, sizeof node);
}

void avpni_merkle_add(struct avpni_merkle *merkle, const uint8_t *leaf, size_t count)
{
    uint32_t top = count_bits(merkle->count);

    avpni_merkle_leaf(leaf, count, merkle->roots[top]);
    /* As in binary counting: each full subtree meets its equal and makes one twice as large. */
    for (uint32_t carry = merkle->count; (carry & 1) != 0; carry >>= 1) {
        top--;
        avpni_merkle_join(merkle->roots[top], merkle->roots[top + 1]);
    }
    merkle->count++;
}

void avpni_merkle_root(const struct avpni_merkle *merkle, uint8_t root_out[AVPNI_MERKLE_BYTES])
{
    struct avpni_merkle work = *merkle;

    if (work.count == 0) {
        avpni_hash(root_out, AVPNI_MERKLE_BYTES, NULL, 0, NULL, 0);
        return;
    }
    for (uint32_t top = count_bits(work.count) - 1; top > 0; top--) {
        avpni_merkle_join(work.roots[top - 1], work.roots[top]);
    }
    memcpy(root_out, work.roots[0], AVPNI_MERKLE_BYTES);
}
