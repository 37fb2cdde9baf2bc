/* SPDX-License-Identifier: ISC */
/* The Merkle root beside the definition of RFC 6962 2.1, written down as it stands there. [CFG-4] */
#include "harness.h"

#include "crypto/hash.h"
#include "topo/merkle.h"

#include <string.h>

#define LEAVES 70

/* Leaf i is i bytes of value i. */
static void leaf_of(uint32_t i, uint8_t leaf_out[LEAVES])
{
    memset(leaf_out, (int)i, LEAVES);
}

static void define(uint32_t first, uint32_t count, uint8_t root_out[32])
{
    static const uint8_t leaf_mark = 0, node_mark = 1;

    if (count == 1) {
        uint8_t leaf[LEAVES];
        const struct avpni_piece pieces[] = {{&leaf_mark, 1}, {leaf, first}};

        leaf_of(first, leaf);
        avpni_hash(root_out, 32, NULL, 0, pieces, 2);
        return;
    }
    uint32_t split = 1;
    uint8_t left[32], right[32];
    const struct avpni_piece pieces[] = {{&node_mark, 1}, {left, 32}, {right, 32}};

    while (2 * split < count) {
        split *= 2;
    }
    define(first, split, left);
    define(first + split, count - split, right);
    avpni_hash(root_out, 32, NULL, 0, pieces, 3);
}

START_TEST(the_root_is_that_of_the_definition)
{
    struct avpni_merkle merkle;
    uint8_t leaf[LEAVES], root[32], expected[32];

    avpni_merkle_init(&merkle);
    for (uint32_t i = 0; i < LEAVES; i++) {
        leaf_of(i, leaf);
        avpni_merkle_add(&merkle, leaf, i);
        avpni_merkle_root(&merkle, root);
        define(0, i + 1, expected);
        ck_assert_mem_eq(root, expected, 32);
    }
}
END_TEST

START_TEST(two_leaves_in_another_order_have_another_root)
{
    struct avpni_merkle forth, back;
    uint8_t root[32], other[32];

    avpni_merkle_init(&forth);
    avpni_merkle_init(&back);
    avpni_merkle_add(&forth, (const uint8_t *)"a", 1);
    avpni_merkle_add(&forth, (const uint8_t *)"b", 1);
    avpni_merkle_add(&back, (const uint8_t *)"b", 1);
    avpni_merkle_add(&back, (const uint8_t *)"a", 1);
    avpni_merkle_root(&forth, root);
    avpni_merkle_root(&back, other);
    ck_assert_mem_ne(root, other, 32);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(the_root_is_that_of_the_definition),
    HARNESS_CASE(two_leaves_in_another_order_have_another_root),
};
HARNESS_MAIN("topo/merkle", cases)
