/* SPDX-License-Identifier: ISC */
/*
 * pool: many small elements of one size, named by 32-bit handles, in chunks that never move.
 *
 * A handle is 1 or more; 0 names nothing. Elements given back are reused before new ones are
 * made; chunks stay until the pool ends. So a pool of n elements costs n times their size, up to
 * one chunk and a pointer per chunk more, and growing it never copies an element.
 */
#ifndef AVPNI_REGISTRY_POOL_H
#define AVPNI_REGISTRY_POOL_H

#include "base/memory.h"
#include <stdbool.h>

#define AVPNI_POOL_CHUNK 1024u /* elements */

struct avpni_pool {
    struct avpni_memory memory;
    size_t element_bytes; /* 4 or more, a multiple of 4 */
    uint8_t **chunks;
    uint32_t chunk_count;
    uint32_t made;     /* elements handed out at least once */
    uint32_t free;     /* handle of the first that was given back, or 0 */
    uint32_t free_count;
};

void avpni_pool_init(struct avpni_pool *pool, const struct avpni_memory *memory,
                     size_t element_bytes);
void avpni_pool_fini(struct avpni_pool *pool);
/* After success the next `count` (up to AVPNI_POOL_CHUNK) takes cannot fail. */
bool avpni_pool_reserve(struct avpni_pool *pool, uint32_t count);
/* The handle of a zeroed element, or 0 when there is no memory. */
uint32_t avpni_pool_take(struct avpni_pool *pool);
void avpni_pool_give(struct avpni_pool *pool, uint32_t handle);
/* Bytes on the heap. */
size_t avpni_pool_footprint(const struct avpni_pool *pool);

static inline void *avpni_pool_at(const struct avpni_pool *pool, uint32_t handle)
{
    uint32_t index = handle - 1;

    return pool->chunks[index / AVPNI_POOL_CHUNK] + index % AVPNI_POOL_CHUNK * pool->element_bytes;
}

#endif
