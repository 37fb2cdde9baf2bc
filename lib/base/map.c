/* SPDX-License-Identifier: ISC */
/*
 * map: open addressing, linear probing, backward-shift deletion.
 *
 * A slot holds value + 1, or 0 when it is empty. An entry's home is its hash scaled to the
 * capacity (so any capacity will do, and a reserved map wastes nothing). Invariant: no empty
 * slot lies between an entry's home and its slot. Hence a search may stop at the first empty
 * slot, and a removal must pull back entries which the new hole would cut off from their home.
 */
#include "base/map.h"

#include <assert.h>
#include <string.h>

#define CAPACITY_LIMIT (UINT32_C(1) << 31)

void avpni_map_init(struct avpni_map *map, const struct avpni_memory *memory,
                    const uint8_t secret[16], size_t key_bytes,
                    const uint8_t *(*key_of)(const void *owner, uint32_t value), const void *owner)
{
    *map = (struct avpni_map){
        .memory = *memory, .key_bytes = key_bytes, .key_of = key_of, .owner = owner};
    memcpy(map->secret, secret, sizeof map->secret);
}

void avpni_map_fini(struct avpni_map *map)
{
    avpni_release(&map->memory, map->slots);
    avpni_wipe(map->secret, sizeof map->secret);
    map->slots = NULL;
    map->capacity = 0;
    map->count = 0;
}

static uint32_t home_of(const struct avpni_map *map, const uint8_t *key)
{
    uint64_t hash = avpni_siphash(map->secret, key, map->key_bytes);

    return (uint32_t)((hash >> 32) * map->capacity >> 32);
}

static uint32_t next_slot(const struct avpni_map *map, uint32_t slot)
{
    return slot + 1 == map->capacity ? 0 : slot + 1;
}

/* Steps from one slot forward to another. */
static uint32_t distance(const struct avpni_map *map, uint32_t from, uint32_t to)
{
    return to >= from ? to - from : to + (map->capacity - from);
}

/* Entries a capacity can hold at a load of 4/5. */
static uint32_t room(uint32_t capacity)
{
    return (uint32_t)((uint64_t)capacity * 4 / 5);
}

/* Put a value whose key is not in the map into the first empty slot after its home. */
static void place(struct avpni_map *map, const uint8_t *key, uint32_t value)
{
    uint32_t slot = home_of(map, key);

    while (map->slots[slot] != 0) {
        slot = next_slot(map, slot);
    }
    map->slots[slot] = value + 1;
}

static int32_t grow(struct avpni_map *map, uint64_t capacity)
{
    if (capacity > CAPACITY_LIMIT) {
        return AVPN_ERROR_MEMORY;
    }
    uint32_t *slots = avpni_allocate(&map->memory, (size_t)capacity, sizeof *slots);

    if (slots == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    struct avpni_map old = *map;

    map->slots = slots;
    map->capacity = (uint32_t)capacity;
    for (uint32_t i = 0; i < old.capacity; i++) {
        if (old.slots[i] != 0) {
            uint32_t value = old.slots[i] - 1;

            place(map, map->key_of(map->owner, value), value);
        }
    }
    avpni_release(&map->memory, old.slots);
    avpni_wipe(old.secret, sizeof old.secret);
    return AVPN_OK;
}

int32_t avpni_map_reserve(struct avpni_map *map, uint32_t count)
{
    if (count <= room(map->capacity)) {
        return AVPN_OK;
    }
    return grow(map, (uint64_t)count + count / 4 + 1);
}

/* The slot of a key; false: it is not there. */
static bool find_slot(const struct avpni_map *map, const uint8_t *key, uint32_t *slot_out)
{
    if (map->count == 0) {
        return false;
    }
    uint32_t slot = home_of(map, key);

    for (; map->slots[slot] != 0; slot = next_slot(map, slot)) {
        const uint8_t *other = map->key_of(map->owner, map->slots[slot] - 1);

        if (memcmp(other, key, map->key_bytes) == 0) {
            *slot_out = slot;
            return true;
        }
    }
    return false;
}

uint32_t avpni_map_find(const struct avpni_map *map, const uint8_t *key)
{
    uint32_t slot;

    return find_slot(map, key, &slot) ? map->slots[slot] - 1 : AVPNI_MAP_NONE;
}

int32_t avpni_map_add(struct avpni_map *map, const uint8_t *key, uint32_t value)
{
    assert(value != AVPNI_MAP_NONE);
    if (map->count >= room(map->capacity)) {
        int32_t error = grow(map, (uint64_t)map->capacity + map->capacity / 2 + 8);

        if (error != AVPN_OK) {
            return error;
        }
    }
    place(map, key, value);
    map->count++;
    return AVPN_OK;
}

/* Empty a slot, pulling back what the hole would make unreachable. */
static void close_hole(struct avpni_map *map, uint32_t hole)
{
    uint32_t slot = next_slot(map, hole);

    for (; map->slots[slot] != 0; slot = next_slot(map, slot)) {
        uint32_t home = home_of(map, map->key_of(map->owner, map->slots[slot] - 1));

        if (distance(map, home, slot) >= distance(map, hole, slot)) {
            map->slots[hole] = map->slots[slot];
            hole = slot;
        }
    }
    map->slots[hole] = 0;
}

uint32_t avpni_map_remove(struct avpni_map *map, const uint8_t *key)
{
    uint32_t slot;

    if (!find_slot(map, key, &slot)) {
        return AVPNI_MAP_NONE;
    }
    uint32_t value = map->slots[slot] - 1;

    close_hole(map, slot);
    map->count--;
    return value;
}
