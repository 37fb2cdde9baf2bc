/* SPDX-License-Identifier: ISC */
/*
 * memory: the allocator seam. The only file of the library that names malloc, realloc and free;
 * tests/api/check_symbols.py holds every other file to that.
 *
 * A request for nothing is a request for one byte, so that NULL always means "no memory".
 */
#include "base/memory.h"

#include "base/sized.h"

#include <stdlib.h>
#include <string.h>

static void *default_allocate(void *user, size_t bytes)
{
    (void)user;
    return malloc(bytes);
}

static void *default_resize(void *user, void *memory, size_t bytes)
{
    (void)user;
    return realloc(memory, bytes);
}

static void default_release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

int32_t avpni_memory_init(struct avpni_memory *memory, const struct avpn_host *host)
{
    static const struct avpni_memory defaults = {
        .allocate = default_allocate,
        .resize = default_resize,
        .release = default_release,
    };

    struct avpn_host own = {0};

    if (host != NULL && avpni_take(&own, sizeof own, host, AVPNI_FIRST_HOST) != AVPN_OK) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (own.allocate == NULL && own.resize == NULL && own.release == NULL) {
        *memory = defaults;
        return AVPN_OK;
    }
    if (own.allocate == NULL || own.resize == NULL || own.release == NULL) {
        return AVPN_ERROR_ARGUMENT;
    }
    memory->user = own.user;
    memory->allocate = own.allocate;
    memory->resize = own.resize;
    memory->release = own.release;
    return AVPN_OK;
}

/* The size of an array; 0 when it cannot be expressed. */
static size_t array_bytes(size_t count, size_t bytes)
{
    if (count == 0 || bytes == 0) {
        return 1;
    }
    return count > SIZE_MAX / bytes ? 0 : count * bytes;
}

void *avpni_allocate(const struct avpni_memory *memory, size_t count, size_t bytes)
{
    size_t total = array_bytes(count, bytes);
    void *block = total == 0 ? NULL : memory->allocate(memory->user, total);

    if (block != NULL) {
        memset(block, 0, total);
    }
    return block;
}

void *avpni_resize(const struct avpni_memory *memory, void *block, size_t count, size_t bytes)
{
    size_t total = array_bytes(count, bytes);

    return total == 0 ? NULL : memory->resize(memory->user, block, total);
}

void avpni_release(const struct avpni_memory *memory, void *block)
{
    /* A host's release need not know NULL. */
    if (block != NULL) {
        memory->release(memory->user, block);
    }
}

void avpni_wipe(void *bytes, size_t count)
{
    volatile uint8_t *at = bytes;

    while (count-- > 0) {
        *at++ = 0;
    }
}
