/* SPDX-License-Identifier: ISC */
/* The table of prefixes: its nodes seen from inside after every change, and its answers beside a list searched naively. */
#include "harness.h"

#include "counting.h"
#include "route/lpm_node.h"

#define NAIVE_LIMIT 3000u

static struct avpni_lpm new_table(uint32_t bits)
{
    struct avpni_memory memory;
    struct avpni_lpm lpm;

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    avpni_lpm_init(&lpm, &memory, bits);
    return lpm;
}

/* ---- the inside ----------------------------------------------------------------------------- */

/* What a walk over all nodes found; an assertion for each would take most of the time. */
struct walk {
    uint32_t nodes, tables, wrong;
};

static uint32_t inspect(const struct avpni_lpm *lpm, uint32_t word, uint32_t owner,
                        struct walk *walk);

static uint32_t inspect_block(const struct avpni_lpm *lpm, uint32_t word, struct walk *walk)
{
    const uint32_t *node = lpm_node(lpm, word);
    const uint8_t *codes = lpm_codes(node);
    uint32_t items = LPM_ITEMS(node[LPM_SHAPE]), total = 0;

    walk->wrong += items == 0;
    walk->wrong += lpm_block_words(node[LPM_SHAPE]) >
                   lpm->slabs.classes[avpni_slabs_class_of(word & ~LPM_NODE)].block_words;
    for (uint32_t i = 0; i < items; i++) {
        walk->wrong += i > 0 && lpm_start(node, i) < lpm_start(node, i - 1);
        walk->wrong += i > 0 && lpm_start(node, i) == lpm_start(node, i - 1) &&
                       codes[i] <= codes[i - 1];
        walk->wrong += codes[i] != 0 && codes[i] < LPM_CHILD && lpm_value(node, i) == LPM_INHERIT;
        walk->wrong += (codes[i] > LPM_CHILD) != ((lpm_value(node, i) & LPM_NODE) != 0);
        if (codes[i] > LPM_CHILD) {
            uint32_t at = (word & ~LPM_NODE) + lpm_values(node) + i;

            walk->wrong += LPM_DEPTH(lpm_node(lpm, lpm_value(node, i))[LPM_SHAPE]) !=
                           LPM_DEPTH(node[LPM_SHAPE]) + codes[i] - LPM_CHILD;
            total += inspect(lpm, lpm_value(node, i), at, walk);
        } else {
            total += codes[i] != 0;
        }
    }
    return total;
}

static uint32_t inspect_table(const struct avpni_lpm *lpm, uint32_t word, struct walk *walk)
{
    const uint32_t *node = lpm_node(lpm, word);
    uint32_t place = word & ~LPM_NODE, total = 0, sum = 0;

    walk->tables++;
    if (node[LPM_OWN] & LPM_NODE) {
        total += inspect(lpm, node[LPM_OWN], place + LPM_OWN, walk);
    }
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t entry = node[LPM_ENTRIES + i];

        sum = i % 16 == 0 ? 0 : sum;
        if (entry & LPM_NODE) {
            sum += inspect(lpm, entry, place + LPM_ENTRIES + i, walk);
            walk->wrong += LPM_DEPTH(lpm_node(lpm, entry)[LPM_SHAPE]) !=
                           LPM_DEPTH(node[LPM_SHAPE]) + 8;
        }
        if (i % 16 == 15) {
            walk->wrong += node[LPM_SUMS + i / 16] != sum;
            total += sum;
        }
    }
    return total;
}

static uint32_t inspect(const struct avpni_lpm *lpm, uint32_t word, uint32_t owner,
                        struct walk *walk)
{
    const uint32_t *node = lpm_node(lpm, word);
    uint32_t total = lpm_is_table(word) ? inspect_table(lpm, word, walk)
                                        : inspect_block(lpm, word, walk);

    walk->nodes++;
    walk->wrong += node[LPM_OWNER] != owner;
    walk->wrong += node[LPM_TOTAL] != total;
    return total;
}

/* The front that was changed bit by bit is what one made anew would be. */
static void inspect_front(const struct avpni_lpm *lpm)
{
    struct avpni_lpm fresh = *lpm;

    if (lpm->front == NULL) {
        return;
    }
    fresh.front = NULL;
    ck_assert_int_eq(avpni_memory_init(&fresh.slabs.memory, NULL), AVPN_OK);
    ck_assert(lpm_front_make(&fresh, lpm->front_bits));
    ck_assert_int_eq(memcmp(fresh.front, lpm->front, lpm_front_footprint(lpm)), 0);
    lpm_front_release(&fresh);
}

/* Every node is in the tree, once. */
static struct walk inspect_all(const struct avpni_lpm *lpm)
{
    struct walk walk = {0};
    uint32_t total = 0, used = 0;

    if (lpm->root & LPM_NODE) {
        total = inspect(lpm, lpm->root, LPM_ROOT, &walk);
    }
    for (uint32_t i = 0; i < AVPNI_SLABS_CLASSES; i++) {
        used += lpm->slabs.classes[i].used;
    }
    ck_assert_uint_eq(walk.wrong, 0);
    ck_assert_uint_eq(walk.nodes, used);
    ck_assert(avpni_lpm_count(lpm) - total <= 1);
    inspect_front(lpm);
    return walk;
}

/* ---- beside a naive list -------------------------------------------------------------------- */

struct naive {
    struct avpni_lpm_key keys[NAIVE_LIMIT];
    uint32_t values[NAIVE_LIMIT];
    uint32_t count;
};

static uint64_t mask_of(uint32_t bits)
{
    return bits == 0 ? 0 : UINT64_MAX << (64 - bits);
}

static struct avpni_lpm_key cut(uint64_t high, uint64_t low, uint32_t length)
{
    return (struct avpni_lpm_key){high & mask_of(length < 64 ? length : 64),
                                  low & mask_of(length < 64 ? 0 : length - 64), (uint8_t)length};
}

static bool is_key(const struct avpni_lpm_key *a, const struct avpni_lpm_key *b)
{
    return a->high == b->high && a->low == b->low && a->length == b->length;
}

static uint32_t naive_place(const struct naive *naive, const struct avpni_lpm_key *key)
{
    uint32_t i = 0;

    while (i < naive->count && !is_key(&naive->keys[i], key)) {
        i++;
    }
    return i;
}

static uint32_t naive_match(const struct naive *naive, uint64_t high, uint64_t low,
                            uint8_t *length_out)
{
    uint32_t best = AVPNI_LPM_NONE;

    for (uint32_t i = 0; i < naive->count; i++) {
        const struct avpni_lpm_key *key = &naive->keys[i];
        const struct avpni_lpm_key start = cut(high, low, key->length);

        if (is_key(&start, key) && (best == AVPNI_LPM_NONE || key->length >= *length_out)) {
            best = naive->values[i];
            *length_out = key->length;
        }
    }
    return best;
}

static void put_both(struct avpni_lpm *lpm, struct naive *naive, const struct avpni_lpm_key *key,
                     uint32_t value)
{
    uint32_t place = naive_place(naive, key);

    if (avpni_lpm_put(lpm, key, value) != AVPN_OK) {
        return; /* memory: what follows shows that nothing changed */
    }
    naive->keys[place] = *key;
    naive->values[place] = value;
    naive->count += place == naive->count;
}

static void remove_both(struct avpni_lpm *lpm, struct naive *naive, uint32_t place)
{
    ck_assert_uint_eq(avpni_lpm_remove(lpm, &naive->keys[place]), naive->values[place]);
    ck_assert_uint_eq(avpni_lpm_remove(lpm, &naive->keys[place]), AVPNI_LPM_NONE);
    naive->count--;
    naive->keys[place] = naive->keys[naive->count];
    naive->values[place] = naive->values[naive->count];
}

static uint32_t find(const struct avpni_lpm *lpm, uint64_t high, uint64_t low)
{
    return lpm->bits == 32 ? avpni_lpm_find_ipv4(lpm, (uint32_t)(high >> 32))
                           : avpni_lpm_find_ipv6(lpm, high, low);
}

/* Whether every way to ask gives the answer expected. */
static bool is_answer(const struct avpni_lpm *lpm, uint64_t high, uint64_t low, uint32_t expected,
                      uint8_t length)
{
    uint8_t found_length = 0;
    uint32_t found = avpni_lpm_match(lpm, high, low, &found_length), single = find(lpm, high, low);

    return found == expected && single == expected &&
           (found == AVPNI_LPM_NONE || found_length == length);
}

/* The last address of a prefix. */
static void last_of(const struct avpni_lpm_key *key, uint64_t *high, uint64_t *low)
{
    *high = key->high | ~mask_of(key->length < 64 ? key->length : 64);
    *low = key->low | ~mask_of(key->length < 64 ? 0 : key->length - 64);
}

/* A key anywhere in a prefix, at either end of it, or right before or behind it. */
static void key_around(const struct avpni_lpm_key *key, uint32_t bits, uint64_t *state,
                       uint64_t *high, uint64_t *low)
{
    uint64_t kind = harness_random(state) % 6, one = bits == 32 ? UINT64_C(1) << 32 : 0;
    const struct avpni_lpm_key rest = cut(*high, *low, key->length);

    if (kind < 2) {
        *high = key->high | (*high ^ rest.high);
        *low = key->low | (*low ^ rest.low);
    } else if (kind < 4) {
        *high = key->high - (kind == 3 ? one : 0);
        *low = key->low - (kind == 3);
        *high -= kind == 3 && one == 0 && key->low == 0;
    } else {
        last_of(key, high, low);
        *high += kind == 5 ? one : 0;
        *low += kind == 5;
        *high += kind == 5 && one == 0 && *low == 0;
    }
}

/* A key around a random prefix of the table, or anywhere. */
static void random_key(const struct naive *naive, uint32_t bits, uint64_t *state, uint64_t *high,
                       uint64_t *low)
{
    bool is_anywhere = harness_random(state) % 4 == 0;

    *high = harness_random(state);
    *low = harness_random(state);
    if (!is_anywhere && naive->count > 0) {
        key_around(&naive->keys[harness_random(state) % naive->count], bits, state, high, low);
    }
    *high = bits == 32 ? *high & mask_of(32) : *high;
    *low = bits == 32 ? 0 : *low;
}

/* As many as there are in one batch, and fewer. */
static uint32_t ask_batch_by(const struct avpni_lpm *lpm, const uint64_t (*keys)[2],
                             uint32_t count, const uint32_t *expected)
{
    uint32_t ipv4[AVPNI_LPM_BATCH], found[AVPNI_LPM_BATCH + 1], wrong = 0;

    found[count] = 12345;

    for (uint32_t i = 0; i < count; i++) {
        ipv4[i] = (uint32_t)(keys[i][0] >> 32);
    }
    if (lpm->bits == 32) {
        avpni_lpm_find_ipv4_batch(lpm, ipv4, count, found);
    } else {
        avpni_lpm_find_ipv6_batch(lpm, keys, count, found);
    }
    for (uint32_t i = 0; i < count; i++) {
        wrong += found[i] != expected[i];
    }
    return wrong + (found[count] != 12345);
}

/* By all instructions that this machine has. */
static uint32_t ask_batch(const struct avpni_lpm *lpm, const uint64_t (*keys)[2], uint32_t count,
                          const uint32_t *expected)
{
    struct avpni_lpm same = *lpm;
    uint32_t wrong = 0;

    for (same.vectors = AVPNI_LPM_PLAIN; same.vectors <= lpm->vectors; same.vectors++) {
        wrong += ask_batch_by(&same, keys, count, expected);
    }
    return wrong;
}

static void compare_answers(const struct avpni_lpm *lpm, const struct naive *naive,
                            uint64_t *state, uint32_t rounds)
{
    uint32_t wrong = 0, expected[AVPNI_LPM_BATCH];
    uint64_t keys[AVPNI_LPM_BATCH][2];

    for (uint32_t i = 0; i < rounds; i++) {
        uint64_t high, low;
        uint8_t length = 0;

        random_key(naive, lpm->bits, state, &high, &low);
        keys[i][0] = high;
        keys[i][1] = low;
        expected[i] = naive_match(naive, high, low, &length);
        wrong += !is_answer(lpm, high, low, expected[i], length);
    }
    wrong += ask_batch(lpm, (const uint64_t(*)[2])keys, rounds, expected);
    ck_assert_uint_eq(wrong, 0);
}

/* The whole table in order, and each prefix by name. */
static void compare_order(const struct avpni_lpm *lpm, const struct naive *naive)
{
    struct avpni_lpm_key before = {0}, key = {0};
    uint32_t wrong = 0;

    ck_assert_uint_eq(avpni_lpm_count(lpm), naive->count);
    for (uint32_t i = 0; i < naive->count; i++) {
        uint32_t value = avpni_lpm_at(lpm, i, &key), place = naive_place(naive, &key);

        wrong += place == naive->count || naive->values[place] != value;
        wrong += avpni_lpm_get(lpm, &key) != value;
        wrong += i > 0 && (key.high < before.high ||
                           (key.high == before.high && key.low < before.low) ||
                           (key.high == before.high && key.low == before.low &&
                            key.length <= before.length));
        before = key;
    }
    wrong += avpni_lpm_at(lpm, naive->count, &key) != AVPNI_LPM_NONE;
    ck_assert_uint_eq(wrong, 0);
}

/* ---- kinds of tables ------------------------------------------------------------------------ */

/*
 * Where prefixes lie: anywhere; in few bits, so that they nest; like a provider's; all in one site's block;
 * hosts side by side, so that they touch.
 */
enum layout { ANYWHERE, NESTED, PROVIDER, SITE, ADJACENT, LAYOUTS };

static struct avpni_lpm_key random_prefix(uint32_t bits, enum layout layout, uint64_t *state)
{
    uint64_t high = harness_random(state), low = harness_random(state);
    uint32_t length = (uint32_t)(harness_random(state) % (bits + 1));
    bool is_six = bits == 128;

    if (layout == NESTED) {
        high &= harness_random(state) & harness_random(state) & harness_random(state);
        low &= harness_random(state) & harness_random(state) & harness_random(state);
    } else if (layout == PROVIDER) {
        high = (high & UINT64_C(0x0003ffffffffffff)) | UINT64_C(0x2000) << 48;
        length = is_six ? 24 + (uint32_t)(harness_random(state) % 30)
                        : 14 + (uint32_t)(harness_random(state) % 13);
    } else if (layout == SITE) {
        high = is_six ? UINT64_C(0xfd12345678900000) | (high & 0xffff)
                      : UINT64_C(0x0a01000000000000) | (high & UINT64_C(0xffff00000000));
        length = is_six ? 60 + (uint32_t)(harness_random(state) % 6) * 4
                        : 20 + (uint32_t)(harness_random(state) % 13);
    } else if (layout == ADJACENT) {
        high = is_six ? UINT64_C(0xfd00000000000000) : UINT64_C(0x0a00000000000000) |
               (high & UINT64_C(0x03ff00000000));
        low &= 0x3ff;
        length = bits - (uint32_t)(harness_random(state) % 2);
    }
    return cut(bits == 32 ? high & mask_of(32) : high, bits == 32 ? 0 : low, length);
}

static void change_both(struct avpni_lpm *lpm, struct naive *naive, enum layout layout,
                        bool is_growing, uint64_t *state)
{
    uint64_t kind = harness_random(state) % 8;
    /* Mostly such that fit a small block. */
    uint32_t value = (uint32_t)(harness_random(state) %
                                (kind == 3 ? AVPNI_LPM_VALUE_LIMIT : UINT16_MAX));

    if (naive->count == 0 || (kind < (is_growing ? 6 : 2) && naive->count < NAIVE_LIMIT)) {
        const struct avpni_lpm_key key = random_prefix(lpm->bits, layout, state);

        put_both(lpm, naive, &key, value);
    } else if (kind == 7) {
        put_both(lpm, naive, &naive->keys[harness_random(state) % naive->count], value);
    } else {
        remove_both(lpm, naive, (uint32_t)(harness_random(state) % naive->count));
    }
}

static const struct {
    uint32_t bits;
    int steps, walk_each;
} edits[] = {{32, 1000, 1}, {128, 1000, 1}, {32, 5000, 200}, {128, 5000, 200}};

START_TEST(histories_of_edits_agree_with_a_naive_list)
{
    static struct naive naive;
    enum layout layout = (enum layout)(_i % LAYOUTS);
    struct avpni_lpm lpm = new_table(edits[_i / LAYOUTS].bits);
    uint64_t state = 4000 + (uint64_t)_i;
    int steps = edits[_i / LAYOUTS].steps;

    naive.count = 0;
    for (int step = 0; step < steps; step++) {
        change_both(&lpm, &naive, layout, step < steps * 6 / 10, &state);
        if (step == steps / 2 && lpm.front != NULL && _i % 2 == 0) {
            ck_assert(lpm_front_make(&lpm, 17)); /* as in larger tables */
        }
        if (step % edits[_i / LAYOUTS].walk_each == 0) {
            inspect_all(&lpm);
            compare_answers(&lpm, &naive, &state, 1 + (uint32_t)step % AVPNI_LPM_BATCH);
        }
        if (step % (steps / 4) == 0) {
            compare_order(&lpm, &naive);
        }
    }
    compare_order(&lpm, &naive);
    while (naive.count > 0) {
        remove_both(&lpm, &naive, naive.count - 1);
    }
    compare_order(&lpm, &naive);
    ck_assert_uint_eq(avpni_lpm_footprint(&lpm), 0);
    avpni_lpm_fini(&lpm);
}
END_TEST

/* Each length around one address, put and removed in either order. */
START_TEST(prefixes_of_every_length_nest)
{
    static struct naive naive;
    uint32_t bits = _i % 2 == 0 ? 32 : 128;
    struct avpni_lpm lpm = new_table(bits);
    uint64_t state = 70 + (uint64_t)_i, high = harness_random(&state), low = harness_random(&state);

    high = bits == 32 ? high & mask_of(32) : high;
    low = bits == 32 ? 0 : low;
    naive.count = 0;
    for (uint32_t i = 0; i <= bits; i++) {
        const struct avpni_lpm_key key = cut(high, low, _i / 2 == 0 ? i : bits - i);

        put_both(&lpm, &naive, &key, i);
        inspect_all(&lpm);
        compare_answers(&lpm, &naive, &state, 32);
    }
    compare_order(&lpm, &naive);
    ck_assert_uint_eq(find(&lpm, high, low), _i / 2 == 0 ? bits : 0);
    while (naive.count > 0) {
        remove_both(&lpm, &naive, _i / 2 == 0 ? naive.count - 1 : 0);
        inspect_all(&lpm);
        compare_answers(&lpm, &naive, &state, 32);
    }
    ck_assert_uint_eq(avpni_lpm_footprint(&lpm), 0);
    avpni_lpm_fini(&lpm);
}
END_TEST

/* All prefixes of the last 8 bits, and all of 8 bits above a front that has to follow. */
START_TEST(every_prefix_of_eight_bits_can_be_there)
{
    static struct naive naive;
    struct avpni_lpm lpm = new_table(32);
    uint64_t state = 12;

    naive.count = 0;
    for (uint32_t i = 0; i < 600; i++) {
        const struct avpni_lpm_key key = cut(harness_random(&state) & mask_of(32), 0, 25);

        put_both(&lpm, &naive, &key, i);
    }
    for (uint32_t length = 1; length <= 8; length++) {
        for (uint64_t start = 0; start < UINT64_C(1) << length; start++) {
            const struct avpni_lpm_key top = cut(start << (64 - length), 0, length);
            const struct avpni_lpm_key end =
                cut(UINT64_C(0x0a0b0c) << 40 | start << (40 - length), 0, 24 + length);

            put_both(&lpm, &naive, &top, length * 1000 + (uint32_t)start);
            put_both(&lpm, &naive, &end, length * 2000 + (uint32_t)start);
            compare_answers(&lpm, &naive, &state, 10);
        }
    }
    inspect_all(&lpm);
    compare_order(&lpm, &naive);
    while (naive.count > 0) {
        remove_both(&lpm, &naive, (uint32_t)(harness_random(&state) % naive.count));
        compare_answers(&lpm, &naive, &state, 10);
    }
    ck_assert_uint_eq(avpni_lpm_footprint(&lpm), 0);
    avpni_lpm_fini(&lpm);
}
END_TEST

START_TEST(a_table_that_was_cleared_is_as_new)
{
    struct avpni_lpm lpm = new_table(128);
    const struct avpni_lpm_key all = {0, 0, 0}, host = {1, 2, 128};

    ck_assert_int_eq(avpni_lpm_put(&lpm, &all, 1), AVPN_OK);
    ck_assert_int_eq(avpni_lpm_put(&lpm, &host, 2), AVPN_OK);
    ck_assert_uint_eq(find(&lpm, 1, 2), 2);
    ck_assert_uint_eq(find(&lpm, 1, 3), 1);
    avpni_lpm_clear(&lpm);
    ck_assert_uint_eq(avpni_lpm_count(&lpm), 0);
    ck_assert_uint_eq(avpni_lpm_footprint(&lpm), 0);
    ck_assert_uint_eq(find(&lpm, 1, 2), AVPNI_LPM_NONE);
    ck_assert_int_eq(avpni_lpm_put(&lpm, &host, 3), AVPN_OK);
    ck_assert_uint_eq(find(&lpm, 1, 2), 3);
    avpni_lpm_fini(&lpm);
}
END_TEST

/* ---- large ------------------------------------------------------------------------------------ */

/* The answer from the prefixes by name, longest first: independent of ranges. */
static uint32_t by_name(const struct avpni_lpm *lpm, uint64_t high, uint64_t low)
{
    for (uint32_t length = lpm->bits + 1; length-- > 0;) {
        const struct avpni_lpm_key key = cut(high, low, length);
        uint32_t value = avpni_lpm_get(lpm, &key);

        if (value != AVPNI_LPM_NONE) {
            return value;
        }
    }
    return AVPNI_LPM_NONE;
}

/* A prefix as in the large tables of the Internet. */
static struct avpni_lpm_key public_prefix(uint32_t bits, uint64_t *state)
{
    static const uint8_t lengths[2][8] = {{24, 24, 24, 24, 23, 22, 20, 16},
                                          {48, 48, 48, 44, 40, 36, 32, 64}};
    uint64_t block = harness_random(state) % 20000, rest = harness_random(state);
    uint64_t high = bits == 32 ? rest & mask_of(32)
                               : UINT64_C(0x2a00) << 48 | block * 7919 << 24 << 8 | rest >> 32;

    return cut(high, 0, lengths[bits == 128][harness_random(state) % 8]);
}

/* `bytes`: at most so many a prefix. 64 are reached by what is hard for a table: few, and far apart. */
static const struct {
    uint32_t bits, count, bytes;
} sizes[] = {{32, 10, 64},     {32, 100, 64},      {32, 10000, 120}, {32, 100000, 34},
             {32, 1000000, 16}, {128, 10, 100},    {128, 1000, 100}, {128, 200000, 40}};

START_TEST(tables_of_all_sizes_answer_and_stay_small)
{
    struct avpni_lpm lpm = new_table(sizes[_i].bits);
    uint64_t state = 31, replay;
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < sizes[_i].count; i++) {
        const struct avpni_lpm_key key = public_prefix(lpm.bits, &state);

        wrong += avpni_lpm_put(&lpm, &key, i % 5000) != AVPN_OK;
    }
    inspect_all(&lpm);
    ck_assert_uint_le(avpni_lpm_footprint(&lpm), (size_t)sizes[_i].bytes * avpni_lpm_count(&lpm));
    for (uint32_t i = 0; i < 5000; i++) {
        uint64_t high = public_prefix(lpm.bits, &state).high | harness_random(&state) >> 40 << 32;
        uint64_t low = lpm.bits == 32 ? 0 : harness_random(&state);
        uint32_t expected = by_name(&lpm, high, low);

        const uint64_t keys[1][2] = {{high, low}};
        uint8_t length = 0;

        wrong += find(&lpm, high, low) != expected;
        wrong += ask_batch(&lpm, keys, 1, &expected);
        wrong += avpni_lpm_match(&lpm, high, low, &length) != expected;
    }
    replay = 31;
    for (uint32_t i = 0; i < sizes[_i].count; i++) {
        const struct avpni_lpm_key key = public_prefix(lpm.bits, &replay);

        avpni_lpm_remove(&lpm, &key);
    }
    ck_assert_uint_eq(wrong, 0);
    ck_assert_uint_eq(avpni_lpm_count(&lpm), 0);
    ck_assert_uint_eq(avpni_lpm_footprint(&lpm), 0);
    avpni_lpm_fini(&lpm);
}
END_TEST

/* Batches around prefixes that are put again from `state`, asked for by name. */
static uint32_t compare_by_name(const struct avpni_lpm *lpm, uint64_t state, uint32_t batches)
{
    uint64_t keys[AVPNI_LPM_BATCH][2], place = 7;
    uint32_t expected[AVPNI_LPM_BATCH], wrong = 0;

    for (uint32_t i = 0; i < batches * AVPNI_LPM_BATCH; i++) {
        const struct avpni_lpm_key key = public_prefix(lpm->bits, &state);
        uint64_t *at = keys[i % AVPNI_LPM_BATCH];

        at[0] = harness_random(&place);
        at[1] = 0;
        key_around(&key, lpm->bits, &place, &at[0], &at[1]);
        at[0] &= mask_of(32);
        at[1] = 0;
        expected[i % AVPNI_LPM_BATCH] = by_name(lpm, at[0], 0);
        wrong += find(lpm, at[0], 0) != expected[i % AVPNI_LPM_BATCH];
        if (i % AVPNI_LPM_BATCH == AVPNI_LPM_BATCH - 1) {
            wrong += ask_batch(lpm, (const uint64_t(*)[2])keys, AVPNI_LPM_BATCH, expected);
        }
    }
    return wrong;
}

/* Any lengths, as they come or one /16 that is full of them; values that fit a packed block or not. */
static uint32_t change_anywhere(struct avpni_lpm *lpm, uint32_t changes, uint64_t *state)
{
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < changes; i++) {
        uint64_t high = i % 3 == 0 ? UINT64_C(0x0a0b) << 48 : 0;
        const struct avpni_lpm_key key =
            cut(high | (harness_random(state) & mask_of(32)) >> (high != 0 ? 16 : 0), 0,
                i % 7 == 0 ? (uint32_t)(harness_random(state) % 33)
                           : 15 + (uint32_t)(harness_random(state) % 18));

        if (i % 4 == 3) {
            avpni_lpm_remove(lpm, &key);
        } else {
            wrong += avpni_lpm_put(lpm, &key, i % 5 == 0 ? 70000 + i : i) != AVPN_OK;
        }
    }
    return wrong;
}

START_TEST(the_front_grows_and_shrinks_with_the_table)
{
    enum { MANY = 266000, CHANGES = 20000, FEW = 120000, MEGABYTE = 1 << 20 };
    struct counting counting = {.largest = MEGABYTE};
    const struct avpn_host host = counting_host(&counting);
    uint64_t state = 77, replay = 77;
    struct avpni_memory memory;
    struct avpni_lpm lpm;
    uint32_t wrong = 0;

    ck_assert_int_eq(avpni_memory_init(&memory, &host), AVPN_OK);
    avpni_lpm_init(&lpm, &memory, 32);
    while (avpni_lpm_count(&lpm) < MANY) {
        const struct avpni_lpm_key key = public_prefix(32, &state);

        wrong += avpni_lpm_put(&lpm, &key, (uint32_t)(state % 5000)) != AVPN_OK;
    }
    ck_assert_uint_eq(lpm.front_bits, 17); /* no memory for more */
    inspect_all(&lpm);
    wrong += compare_by_name(&lpm, 77, 60);
    counting.largest = 0;
    wrong += change_anywhere(&lpm, CHANGES, &state);
    ck_assert_uint_eq(lpm.front_bits, 18);
    inspect_all(&lpm);
    wrong += compare_by_name(&lpm, 77, 60);
    while (avpni_lpm_count(&lpm) > FEW) {
        const struct avpni_lpm_key key = public_prefix(32, &replay);

        ck_assert_uint_eq(lpm.front_bits, avpni_lpm_count(&lpm) < 131072 ? 16 : 18);
        avpni_lpm_remove(&lpm, &key);
    }
    inspect_all(&lpm);
    wrong += compare_by_name(&lpm, 77, 60);
    ck_assert_uint_eq(wrong, 0);
    avpni_lpm_fini(&lpm);
    ck_assert_int_eq(counting.blocks, 0);
}
END_TEST

/* The largest values that share a word with their start, and those that do not any more; at the first and the last starts. */
START_TEST(values_around_half_a_word_are_found)
{
    static struct naive naive;
    struct avpni_lpm lpm = new_table(32);
    uint64_t state = 8, wrong = 0;

    naive.count = 0;
    for (uint32_t i = 0; i < 600; i++) {
        const uint64_t block = (uint64_t)(1 + i % 100) << 56 | (uint64_t)(i / 100) << 48;
        const struct avpni_lpm_key first = cut(block, 0, 26);
        const struct avpni_lpm_key last = cut(block | UINT64_C(0xffff) << 32, 0, 31 + i % 2);

        put_both(&lpm, &naive, &first, UINT16_MAX - 3 + i % 5);
        put_both(&lpm, &naive, &last, UINT16_MAX - 3 + i / 5 % 5);
    }
    inspect_all(&lpm);
    for (uint32_t i = 0; i < naive.count; i++) {
        const uint64_t keys[1][2] = {{naive.keys[i].high, 0}};

        wrong += find(&lpm, keys[0][0], 0) != naive.values[i];
        wrong += ask_batch(&lpm, keys, 1, &naive.values[i]);
    }
    for (int i = 0; i < 20; i++) {
        compare_answers(&lpm, &naive, &state, AVPNI_LPM_BATCH);
    }
    ck_assert_uint_eq(wrong, 0);
    avpni_lpm_fini(&lpm);
}
END_TEST

/* Where nothing begins inside an entry, nothing is searched. */
START_TEST(what_one_value_decides_stands_in_the_front)
{
    struct avpni_lpm lpm = new_table(32);
    const uint32_t *entries;
    uint32_t nodes = 0;
    uint64_t state = 6;

    for (uint32_t i = 0; i < 1000; i++) {
        const struct avpni_lpm_key key =
            cut(harness_random(&state) & mask_of(32), 0, i % 2 == 0 ? 19 : 12 + i % 7);

        ck_assert_int_eq(avpni_lpm_put(&lpm, &key, i), AVPN_OK);
    }
    ck_assert(lpm_front_make(&lpm, 19));
    entries = lpm.front + LPM_FRONT_ABOVE;
    for (uint32_t i = 0; i < 1u << 19; i++) {
        nodes += (entries[i] & LPM_NODE) != 0;
    }
    ck_assert_uint_eq(nodes, 0);
    avpni_lpm_fini(&lpm);
}
END_TEST

/* Half of the prefixes go, others come, for long: no more memory than a new table of these prefixes has, and a third. */
START_TEST(years_of_updates_do_not_grow_the_table)
{
    enum { KEPT = 4000, UPDATES = 300000 };
    static struct avpni_lpm_key kept[KEPT];
    struct avpni_lpm lpm = new_table(_i == 0 ? 32 : 128), fresh = new_table(lpm.bits);
    uint64_t state = 5;
    uint32_t wrong = 0;

    for (uint32_t i = 0; i < UPDATES; i++) {
        struct avpni_lpm_key *key = &kept[harness_random(&state) % KEPT];

        if (key->length != 0) {
            avpni_lpm_remove(&lpm, key);
        }
        *key = public_prefix(lpm.bits, &state);
        wrong += avpni_lpm_put(&lpm, key, i) != AVPN_OK;
    }
    for (uint32_t i = 0; i < KEPT; i++) {
        wrong += kept[i].length != 0 && avpni_lpm_put(&fresh, &kept[i], i) != AVPN_OK;
    }
    ck_assert_uint_eq(wrong, 0);
    inspect_all(&lpm);
    ck_assert_uint_le(avpni_lpm_footprint(&lpm), avpni_lpm_footprint(&fresh) * 4 / 3);
    avpni_lpm_fini(&lpm);
    avpni_lpm_fini(&fresh);
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------- */

static const struct {
    uint32_t bits;
    enum layout layout;
    int steps;
    int64_t stride; /* between the requests that fail */
} shortages[] = {{32, NESTED, 200, 1},  {128, NESTED, 200, 1}, {32, SITE, 200, 1},
                 {128, SITE, 200, 1},   {128, PROVIDER, 200, 1}, {32, ANYWHERE, 1200, 29}};

START_TEST(running_out_of_memory_changes_nothing_and_leaks_nothing)
{
    static struct naive naive;
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    struct avpni_memory memory;
    bool is_over = false;

    ck_assert_int_eq(avpni_memory_init(&memory, &host), AVPN_OK);
    for (int64_t fail_at = 1; !is_over; fail_at += shortages[_i].stride) {
        struct avpni_lpm lpm, copy;
        uint64_t state = 8;

        counting = (struct counting){.fail_at = fail_at};
        avpni_lpm_init(&lpm, &memory, shortages[_i].bits);
        naive.count = 0;
        for (int step = 0; step < shortages[_i].steps; step++) {
            change_both(&lpm, &naive, shortages[_i].layout, step < shortages[_i].steps * 8 / 10,
                        &state);
        }
        inspect_all(&lpm);
        compare_order(&lpm, &naive);
        compare_answers(&lpm, &naive, &state, 32);
        is_over = counting.requests < fail_at;
        if (avpni_lpm_copy(&copy, &lpm) == AVPN_OK) {
            avpni_lpm_fini(&copy);
        }
        while (naive.count > 0) { /* this works without memory */
            remove_both(&lpm, &naive, naive.count - 1);
        }
        ck_assert_uint_eq(avpni_lpm_count(&lpm), 0);
        avpni_lpm_fini(&lpm);
        ck_assert_int_eq(counting.blocks, 0);
    }
}
END_TEST

START_TEST(a_copy_is_a_table_of_its_own)
{
    static struct naive naive, before;
    struct avpni_lpm lpm = new_table(_i == 0 ? 32 : 128), copy;
    uint64_t state = 3;

    naive.count = 0;
    for (int step = 0; step < 1500; step++) {
        change_both(&lpm, &naive, PROVIDER, true, &state);
    }
    before = naive;
    ck_assert_int_eq(avpni_lpm_copy(&copy, &lpm), AVPN_OK);
    ck_assert_uint_le(avpni_lpm_footprint(&copy), avpni_lpm_footprint(&lpm));
    for (int step = 0; step < 500; step++) {
        change_both(&lpm, &naive, NESTED, false, &state);
    }
    inspect_all(&copy);
    compare_order(&copy, &before);
    compare_order(&lpm, &naive);
    avpni_lpm_fini(&lpm);
    compare_answers(&copy, &before, &state, 32);
    change_both(&copy, &before, ANYWHERE, true, &state);
    inspect_all(&copy);
    compare_order(&copy, &before);
    avpni_lpm_fini(&copy);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(histories_of_edits_agree_with_a_naive_list, HARNESS_COUNT(edits) * LAYOUTS),
    HARNESS_LOOP(prefixes_of_every_length_nest, 4),
    HARNESS_CASE(every_prefix_of_eight_bits_can_be_there),
    HARNESS_CASE(a_table_that_was_cleared_is_as_new),
    HARNESS_LOOP(tables_of_all_sizes_answer_and_stay_small, HARNESS_COUNT(sizes)),
    HARNESS_CASE(the_front_grows_and_shrinks_with_the_table),
    HARNESS_CASE(what_one_value_decides_stands_in_the_front),
    HARNESS_CASE(values_around_half_a_word_are_found),
    HARNESS_LOOP(years_of_updates_do_not_grow_the_table, 2),
    HARNESS_LOOP(running_out_of_memory_changes_nothing_and_leaks_nothing, HARNESS_COUNT(shortages)),
    HARNESS_LOOP(a_copy_is_a_table_of_its_own, 2),
};
HARNESS_MAIN("route/lpm", cases)
