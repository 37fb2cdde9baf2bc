/* SPDX-License-Identifier: ISC */
/* pool: see pool.h. An element that was given back holds the handle of the next such one. */
#include "registry/pool.h"

#include <string.h>

#define HANDLE_LIMIT (UINT32_MAX - AVPNI_POOL_CHUNK)

void avpni_pool_init(struct avpni_pool *pool, const struct avpni_memory *memory,
                     size_t element_bytes)
{
    *pool = (struct avpni_pool){.memory = *memory, .element_bytes = element_bytes};
}

void avpni_pool_fini(struct avpni_pool *pool)
{
    for (uint32_t i = 0; i < pool->chunk_count; i++) {
        avpni_release(&pool->memory, pool->chunks[i]);
    }
    avpni_release(&pool->memory, pool->chunks);
    *pool = (struct avpni_pool){.memory = pool->memory, .element_bytes = pool->element_bytes};
}

/* One chunk more. */
static bool grow(struct avpni_pool *pool)
{
    if (pool->chunk_count * (uint64_t)AVPNI_POOL_CHUNK > HANDLE_LIMIT) {
        return false;
    }
    uint8_t **chunks = avpni_resize(&pool->memory, pool->chunks, pool->chunk_count + 1u,
                                    sizeof *chunks);

    if (chunks == NULL) {
        return false;
    }
    pool->chunks = chunks;
    chunks[pool->chunk_count] =
        avpni_allocate(&pool->memory, AVPNI_POOL_CHUNK, pool->element_bytes);
    if (chunks[pool->chunk_count] == NULL) {
        return false;
    }
    pool->chunk_count++;
    return true;
}

bool avpni_pool_reserve(struct avpni_pool *pool, uint32_t count)
{
    uint64_t room = pool->chunk_count * (uint64_t)AVPNI_POOL_CHUNK - pool->made;

    return room + pool->free_count >= count || grow(pool);
}

uint32_t avpni_pool_take(struct avpni_pool *pool)
{
    if (!avpni_pool_reserve(pool, 1)) {
        return 0;
    }
    if (pool->free == 0) {
        return ++pool->made;
    }
    uint32_t handle = pool->free;
    void *element = avpni_pool_at(pool, handle);

    memcpy(&pool->free, element, sizeof pool->free);
    memset(element, 0, pool->element_bytes);
    pool->free_count--;
    return handle;
}

void avpni_pool_give(struct avpni_pool *pool, uint32_t handle)
{
    memcpy(avpni_pool_at(pool, handle), &pool->free, sizeof pool->free);
    pool->free = handle;
    pool->free_count++;
}

size_t avpni_pool_footprint(const struct avpni_pool *pool)
{
    return pool->chunk_count * (AVPNI_POOL_CHUNK * pool->element_bytes + sizeof *pool->chunks);
}
