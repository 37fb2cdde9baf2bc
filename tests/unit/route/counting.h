/* SPDX-License-Identifier: ISC */
/*
 * counting: an allocator that counts blocks in use and can be told to fail at the n-th request, or at
 * large ones, so that a test can walk through every point at which memory may run out.
 */
#ifndef AUTOVPN_TESTS_ROUTE_COUNTING_H
#define AUTOVPN_TESTS_ROUTE_COUNTING_H

#include <autovpn/host.h>
#include <stdlib.h>

struct counting {
    int64_t blocks;   /* in use */
    int64_t requests; /* made so far */
    int64_t fail_at;  /* this one and all later ones fail; 0: none */
    size_t largest;   /* larger requests fail; 0: none */
};

static inline int counting_refuses(struct counting *counting, size_t bytes)
{
    counting->requests++;
    return (counting->fail_at != 0 && counting->requests >= counting->fail_at) ||
           (counting->largest != 0 && bytes > counting->largest);
}

static inline void *counting_allocate(void *user, size_t bytes)
{
    struct counting *counting = user;
    void *memory = counting_refuses(counting, bytes) ? NULL : malloc(bytes);

    counting->blocks += memory != NULL;
    return memory;
}

static inline void *counting_resize(void *user, void *memory, size_t bytes)
{
    struct counting *counting = user;
    void *larger = counting_refuses(counting, bytes) ? NULL : realloc(memory, bytes);

    counting->blocks += larger != NULL && memory == NULL;
    return larger;
}

static inline void counting_release(void *user, void *memory)
{
    struct counting *counting = user;

    counting->blocks -= memory != NULL;
    free(memory);
}

static inline struct avpn_host counting_host(struct counting *counting)
{
    return (struct avpn_host){.size = sizeof(struct avpn_host),
                              .user = counting,
                              .allocate = counting_allocate,
                              .resize = counting_resize,
                              .release = counting_release};
}

#endif
