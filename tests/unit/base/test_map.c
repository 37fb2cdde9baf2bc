/* SPDX-License-Identifier: ISC */
#include "base/map.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES 400
#define KEY_BYTES 6

/* The owner of the entries, and the naive model: is_in says what the map should hold. */
struct owner {
    uint8_t keys[ENTRIES][KEY_BYTES];
    bool is_in[ENTRIES];
    int allocations_left;
};

static const uint8_t *key_of(const void *owner, uint32_t value)
{
    const struct owner *o = owner;

    if (value >= ENTRIES || !o->is_in[value]) {
        ck_abort_msg("asked for %u, not in the map", value);
    }
    return o->keys[value];
}

static void *limited_allocate(void *user, size_t bytes)
{
    struct owner *o = user;

    return o->allocations_left-- > 0 ? malloc(bytes) : NULL;
}

static void *limited_resize(void *user, void *memory, size_t bytes)
{
    (void)user;
    return realloc(memory, bytes);
}

static void limited_release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static void make(struct avpni_map *map, struct owner *o, uint64_t seed)
{
    struct avpni_memory memory = {o, limited_allocate, limited_resize, limited_release};
    uint8_t secret[16];

    memset(o, 0, sizeof *o);
    o->allocations_left = 1000;
    for (uint32_t i = 0; i < ENTRIES; i++) {
        uint64_t bits = harness_random(&seed);

        memcpy(o->keys[i], &bits, KEY_BYTES - 2);
        o->keys[i][4] = (uint8_t)(i >> 8); /* never twice the same */
        o->keys[i][5] = (uint8_t)i;
    }
    for (int i = 0; i < 16; i++) {
        secret[i] = (uint8_t)harness_random(&seed);
    }
    avpni_map_init(map, &memory, secret, KEY_BYTES, key_of, o);
}

static void add(struct avpni_map *map, struct owner *o, uint32_t entry)
{
    ck_assert_int_eq(avpni_map_add(map, o->keys[entry], entry), AVPN_OK);
    o->is_in[entry] = true;
}

static void check_all(const struct avpni_map *map, const struct owner *o)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < ENTRIES; i++) {
        /* Check's macros are too slow for the inner loop. */
        if (avpni_map_find(map, o->keys[i]) != (o->is_in[i] ? i : AVPNI_MAP_NONE)) {
            ck_abort_msg("entry %u, in the map: %d, is not found so", i, o->is_in[i]);
        }
        count += o->is_in[i];
    }
    ck_assert_uint_eq(map->count, count);
    ck_assert_uint_le(5 * map->count, 4 * map->capacity);
}

START_TEST(an_empty_map_finds_and_removes_nothing)
{
    struct owner o;
    struct avpni_map map;

    make(&map, &o, 1);
    ck_assert_uint_eq(avpni_map_find(&map, o.keys[0]), AVPNI_MAP_NONE);
    ck_assert_uint_eq(avpni_map_remove(&map, o.keys[0]), AVPNI_MAP_NONE);
    add(&map, &o, 7);
    ck_assert_uint_eq(avpni_map_remove(&map, o.keys[7]), 7);
    o.is_in[7] = false;
    check_all(&map, &o);
    avpni_map_fini(&map);
}
END_TEST

/* Small seeds keep the map crowded (long runs, wrap-around), large ones let it grow. */
START_TEST(random_operations_agree_with_the_naive_model)
{
    struct owner o;
    struct avpni_map map;
    uint64_t random = (uint64_t)_i + 1;
    uint32_t range = _i < 10 ? 13 + (uint32_t)_i : ENTRIES;

    make(&map, &o, random);
    for (int step = 0; step < 4000; step++) {
        uint32_t entry = (uint32_t)(harness_random(&random) % range);
        bool wants_in = harness_random(&random) % 5 < 3;

        if (wants_in && !o.is_in[entry]) {
            add(&map, &o, entry);
        } else if (!wants_in) {
            uint32_t expected = o.is_in[entry] ? entry : AVPNI_MAP_NONE;

            ck_assert_uint_eq(avpni_map_remove(&map, o.keys[entry]), expected);
            o.is_in[entry] = false;
        }
        if (step % 16 == 0) {
            check_all(&map, &o);
        }
    }
    check_all(&map, &o);
    avpni_map_fini(&map);
}
END_TEST

/* Every entry at home in the same slot, the last one, so that the run wraps around the end. */
START_TEST(removal_from_a_run_of_colliding_keys_loses_nobody)
{
    struct owner o;
    struct avpni_map map;
    uint32_t run[8], found = 0;

    make(&map, &o, 99);
    ck_assert_int_eq(avpni_map_reserve(&map, 16), AVPN_OK);
    for (uint32_t i = 0; i < ENTRIES && found < 8; i++) {
        uint64_t hash = avpni_siphash(map.secret, o.keys[i], KEY_BYTES);

        if ((hash >> 32) * map.capacity >> 32 == map.capacity - 1) {
            run[found++] = i;
        }
    }
    ck_assert_uint_eq(found, 8);
    for (int first = 0; first < 8; first++) {
        for (int i = 0; i < 8; i++) {
            add(&map, &o, run[i]);
        }
        for (int i = 0; i < 8; i++) {
            uint32_t entry = run[(first + 3 * i) % 8];

            ck_assert_uint_eq(avpni_map_remove(&map, o.keys[entry]), entry);
            o.is_in[entry] = false;
            check_all(&map, &o);
        }
    }
    avpni_map_fini(&map);
}
END_TEST

START_TEST(reserved_room_is_filled_without_allocating)
{
    struct owner o;
    struct avpni_map map;
    uint32_t count = 1 + (uint32_t)_i * 7;

    make(&map, &o, 5);
    o.allocations_left = 1;
    ck_assert_int_eq(avpni_map_reserve(&map, count), AVPN_OK);
    ck_assert_int_eq(avpni_map_reserve(&map, count / 2), AVPN_OK);
    for (uint32_t i = 0; i < count; i++) {
        add(&map, &o, i);
    }
    check_all(&map, &o);
    avpni_map_fini(&map);
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
    struct owner o;
    struct avpni_map map;
    uint32_t entry = 0;

    make(&map, &o, 6);
    o.allocations_left = 0;
    ck_assert_int_eq(avpni_map_add(&map, o.keys[0], 0), AVPN_ERROR_MEMORY);
    ck_assert_int_eq(avpni_map_reserve(&map, 10), AVPN_ERROR_MEMORY);
    check_all(&map, &o);
    o.allocations_left = 1;
    while (avpni_map_add(&map, o.keys[entry], entry) == AVPN_OK) {
        o.is_in[entry++] = true;
    }
    ck_assert_uint_gt(entry, 0);
    ck_assert_int_eq(avpni_map_reserve(&map, UINT32_MAX), AVPN_ERROR_MEMORY);
    check_all(&map, &o);
    avpni_map_fini(&map);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(an_empty_map_finds_and_removes_nothing),
    HARNESS_LOOP(random_operations_agree_with_the_naive_model, 20),
    HARNESS_CASE(removal_from_a_run_of_colliding_keys_loses_nobody),
    HARNESS_LOOP(reserved_room_is_filled_without_allocating, 10),
    HARNESS_CASE(without_memory_nothing_changes),
};
HARNESS_MAIN("base/map", cases)
