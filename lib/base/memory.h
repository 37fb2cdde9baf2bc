/* SPDX-License-Identifier: ISC */
/*
 * memory: the host's allocator behind three calls, and the base of every object.
 *
 * Need                     | Use                          | Never
 * heap memory              | avpni_allocate / _resize     | malloc, calloc, realloc
 * memory that held a key   | avpni_wipe before release    | memset
 * bytes from/to a datagram | base/cursor.h                | pointer casts, ntohl on pointers
 * a set of timers          | base/timer.h                 | own lists of deadlines
 * a map from bytes         | base/map.h                   | own hash tables
 */
#ifndef AVPNI_BASE_MEMORY_H
#define AVPNI_BASE_MEMORY_H

#include <autovpn/host.h>
#include <stddef.h>

/* The allocator seam, defaults filled in. Copied by value into each engine. */
struct avpni_memory {
    void *user;
    void *(*allocate)(void *user, size_t bytes);
    void *(*resize)(void *user, void *memory, size_t bytes);
    void (*release)(void *user, void *memory);
};

/* From a host of any version (may be NULL: defaults). AVPN_ERROR_ARGUMENT: its size, or only some of the three given. */
int32_t avpni_memory_init(struct avpni_memory *memory, const struct avpn_host *host);

/* Zeroed memory for `count` objects of `bytes`; NULL when there is none or the product overflows. */
void *avpni_allocate(const struct avpni_memory *memory, size_t count, size_t bytes);

/*
 * Grow or shrink an array; new space is not zeroed. On NULL the old block is intact.
 */
void *avpni_resize(const struct avpni_memory *memory, void *block, size_t count, size_t bytes);

void avpni_release(const struct avpni_memory *memory, void *block);

/* Zero that the compiler may not remove. */
void avpni_wipe(void *bytes, size_t count);

#endif
