/* SPDX-License-Identifier: ISC */
/* The trie's own invariants, seen from inside, after every change of a random run. */
#include "harness.h"

#include "route/trie.h"

#define PREFIXES 64

static struct avpni_trie new_trie(void)
{
    struct avpni_memory memory;
    struct avpni_trie trie;

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    avpni_trie_init(&trie, &memory);
    return trie;
}

/* What a walk over all nodes found; an assertion for each would take most of the time. */
struct walk {
    uint32_t nodes, wrong;
};

/* Visits a subtree; returns how many values it holds. */
static uint32_t inspect(const struct avpni_trie *trie, uint32_t n, struct walk *walk)
{
    const struct avpni_trie_node *node = &trie->nodes[n];
    uint32_t values = node->value != AVPNI_TRIE_NONE, children = 0;

    walk->nodes++;
    for (int side = 0; side < 2; side++) {
        if (node->child[side] != AVPNI_TRIE_NONE) {
            walk->wrong += trie->nodes[node->child[side]].length <= node->length;
            children++;
            values += inspect(trie, node->child[side], walk);
        }
    }
    walk->wrong += node->value == AVPNI_TRIE_NONE && children != 2;
    walk->wrong += node->count != values;
    return values;
}

/* Every node is in the tree or in the free list, once. */
static void inspect_all(const struct avpni_trie *trie, uint32_t expected)
{
    struct walk walk = {0};
    uint32_t values = 0;

    if (trie->root != AVPNI_TRIE_NONE) {
        values = inspect(trie, trie->root, &walk);
    }
    ck_assert_uint_eq(values, expected);
    ck_assert_uint_eq(avpni_trie_count(trie), expected);
    ck_assert(walk.nodes <= 2 * expected);
    ck_assert_uint_eq(walk.wrong, 0);
    for (uint32_t n = trie->free; n != AVPNI_TRIE_NONE; n = trie->nodes[n].child[0]) {
        walk.nodes++;
    }
    ck_assert_uint_eq(walk.nodes, trie->used);
}

/* Keys that share long starts, of all lengths. */
static struct avpni_trie_key random_key(uint64_t *state)
{
    struct avpni_trie_key key = {.length = (uint8_t)(harness_random(state) % 129)};
    uint64_t high = harness_random(state) & harness_random(state) & harness_random(state);
    uint64_t low = harness_random(state) & harness_random(state) & harness_random(state);
    uint32_t high_bits = key.length < 64 ? key.length : 64;
    uint32_t low_bits = key.length - high_bits;

    key.high = high_bits == 0 ? 0 : high >> (64 - high_bits) << (64 - high_bits);
    key.low = low_bits == 0 ? 0 : low >> (64 - low_bits) << (64 - low_bits);
    return key;
}

START_TEST(invariants_hold_after_every_change)
{
    struct avpni_trie trie = new_trie();
    struct avpni_trie_key keys[PREFIXES];
    bool is_in[PREFIXES] = {false};
    uint64_t state = 600 + (uint64_t)_i;
    uint32_t count = 0;

    for (uint32_t i = 0; i < PREFIXES; i++) {
        keys[i] = random_key(&state);
        for (uint32_t k = 0; k < i; k++) {
            if (keys[k].high == keys[i].high && keys[k].low == keys[i].low &&
                keys[k].length == keys[i].length) {
                keys[i] = random_key(&state);
                k = UINT32_MAX; /* from the start again */
            }
        }
    }
    for (int step = 0; step < 2000; step++) {
        uint32_t i = (uint32_t)(harness_random(&state) % PREFIXES);

        if (is_in[i]) {
            ck_assert_uint_eq(avpni_trie_remove(&trie, &keys[i]), i);
            count--;
        } else {
            ck_assert_uint_eq(avpni_trie_remove(&trie, &keys[i]), AVPNI_TRIE_NONE);
            ck_assert_int_eq(avpni_trie_put(&trie, &keys[i], i), AVPN_OK);
            count++;
        }
        is_in[i] = !is_in[i];
        ck_assert_uint_eq(avpni_trie_get(&trie, &keys[i]), is_in[i] ? i : AVPNI_TRIE_NONE);
        inspect_all(&trie, count);
    }
    avpni_trie_fini(&trie);
}
END_TEST

START_TEST(a_trie_that_was_cleared_is_as_new)
{
    struct avpni_trie trie = new_trie();
    const struct avpni_trie_key all = {0, 0, 0}, host = {1, 2, 128};

    ck_assert_int_eq(avpni_trie_put(&trie, &all, 1), AVPN_OK);
    ck_assert_int_eq(avpni_trie_put(&trie, &host, 2), AVPN_OK);
    ck_assert_uint_eq(avpni_trie_match(&trie, 1, 2, NULL), 2);
    ck_assert_uint_eq(avpni_trie_match(&trie, 1, 3, NULL), 1);
    avpni_trie_clear(&trie);
    inspect_all(&trie, 0);
    ck_assert_uint_eq(avpni_trie_match(&trie, 1, 2, NULL), AVPNI_TRIE_NONE);
    ck_assert_int_eq(avpni_trie_put(&trie, &host, 3), AVPN_OK);
    ck_assert_uint_eq(avpni_trie_match(&trie, 1, 2, NULL), 3);
    avpni_trie_fini(&trie);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(invariants_hold_after_every_change, 5),
    HARNESS_CASE(a_trie_that_was_cleared_is_as_new),
};
HARNESS_MAIN("route/trie", cases)
