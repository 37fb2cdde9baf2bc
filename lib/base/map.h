/* SPDX-License-Identifier: ISC */
/*
 * map: from fixed-size byte keys to 32-bit values (indices into an array).
 *
 * Open addressing with linear probing and backward-shift deletion, keyed SipHash
 * so that a hostile sender cannot choose colliding keys. The map does not store
 * keys: it asks its owner whether entry `value` has the key, which keeps it at
 * 4 bytes a slot. Load is kept at or below 4/5.
 */
#ifndef AVPNI_BASE_MAP_H
#define AVPNI_BASE_MAP_H

#include "base/memory.h"
#include <stdbool.h>

#define AVPNI_MAP_NONE UINT32_MAX

struct avpni_map {
    struct avpni_memory memory;
    uint32_t *slots; /* value + 1, or 0: empty */
    uint32_t capacity, count;
    uint8_t secret[16];
    size_t key_bytes;
    const uint8_t *(*key_of)(const void *owner, uint32_t value);
    const void *owner;
};

/* `secret`: 16 random bytes, copied. `key_of` gives the key of an entry that is in the map. */
void avpni_map_init(struct avpni_map *map, const struct avpni_memory *memory,
                    const uint8_t secret[16], size_t key_bytes,
                    const uint8_t *(*key_of)(const void *owner, uint32_t value), const void *owner);
void avpni_map_fini(struct avpni_map *map);
/* Room for `count` entries in all. AVPN_ERROR_MEMORY: unchanged. */
int32_t avpni_map_reserve(struct avpni_map *map, uint32_t count);
uint32_t avpni_map_find(const struct avpni_map *map, const uint8_t *key);
/* The key must not be there yet. AVPN_ERROR_MEMORY: unchanged. */
int32_t avpni_map_add(struct avpni_map *map, const uint8_t *key, uint32_t value);
/* Returns the value removed, or AVPNI_MAP_NONE. */
uint32_t avpni_map_remove(struct avpni_map *map, const uint8_t *key);

/* SipHash-2-4 of `count` bytes: the one keyed hash of the base layer. */
uint64_t avpni_siphash(const uint8_t secret[16], const uint8_t *bytes, size_t count);

#endif
