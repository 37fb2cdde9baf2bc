/* SPDX-License-Identifier: ISC */
#include "base/memory.h"
#include "harness.h"

#include <stdlib.h>
#include <string.h>

/* A host that counts its blocks and can run out of memory. */
struct counting_host {
    int blocks;
    int budget; /* calls that still succeed */
};

static void *counted_allocate(void *user, size_t bytes)
{
    struct counting_host *host = user;
    void *block = host->budget-- > 0 ? malloc(bytes) : NULL;

    if (block != NULL) {
        memset(block, 0xee, bytes);
        host->blocks++;
    }
    return block;
}

static void *counted_resize(void *user, void *memory, size_t bytes)
{
    struct counting_host *host = user;

    if (host->budget-- <= 0) {
        return NULL;
    }
    host->blocks += memory == NULL;
    return realloc(memory, bytes);
}

static void counted_release(void *user, void *memory)
{
    struct counting_host *host = user;

    ck_assert_ptr_nonnull(memory);
    host->blocks--;
    free(memory);
}

static struct avpni_memory counted_memory(struct counting_host *counter)
{
    struct avpn_host host = {.size = sizeof host,
                             .user = counter,
                             .allocate = counted_allocate,
                             .resize = counted_resize,
                             .release = counted_release};
    struct avpni_memory memory;

    ck_assert_int_eq(avpni_memory_init(&memory, &host), AVPN_OK);
    return memory;
}

START_TEST(the_default_allocator_zeroes_and_resizes)
{
    struct avpni_memory memory;

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    uint8_t *block = avpni_allocate(&memory, 3, 5);

    ck_assert_ptr_nonnull(block);
    ck_assert_mem_eq(block, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    block[14] = 7;
    block = avpni_resize(&memory, block, 100, 5);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(block[14], 7);
    avpni_release(&memory, block);
    avpni_release(&memory, NULL);
}
END_TEST

START_TEST(a_host_without_allocator_gets_the_default)
{
    struct avpn_host host = {.size = sizeof host};
    struct avpni_memory memory;

    ck_assert_int_eq(avpni_memory_init(&memory, &host), AVPN_OK);
    avpni_release(&memory, avpni_allocate(&memory, 1, 1));
}
END_TEST

START_TEST(all_three_calls_or_none)
{
    for (int given = 1; given < 7; given++) {
        struct avpn_host host = {.size = sizeof host};
        struct avpni_memory memory;

        host.allocate = given & 1 ? counted_allocate : NULL;
        host.resize = given & 2 ? counted_resize : NULL;
        host.release = given & 4 ? counted_release : NULL;
        ck_assert_int_eq(avpni_memory_init(&memory, &host), AVPN_ERROR_ARGUMENT);
    }
}
END_TEST

START_TEST(the_hosts_allocator_is_used_and_its_memory_zeroed)
{
    struct counting_host counter = {.budget = 2};
    struct avpni_memory memory = counted_memory(&counter);
    uint8_t *block = avpni_allocate(&memory, 4, 1);

    ck_assert_int_eq(counter.blocks, 1);
    ck_assert_mem_eq(block, "\0\0\0\0", 4);
    block = avpni_resize(&memory, block, 8, 1);
    ck_assert_ptr_nonnull(block);
    ck_assert_ptr_null(avpni_allocate(&memory, 1, 1));
    ck_assert_ptr_null(avpni_resize(&memory, block, 16, 1));
    avpni_release(&memory, block);
    avpni_release(&memory, NULL);
    ck_assert_int_eq(counter.blocks, 0);
}
END_TEST

START_TEST(a_size_that_overflows_is_refused_without_asking)
{
    struct counting_host counter = {.budget = 9};
    struct avpni_memory memory = counted_memory(&counter);

    ck_assert_ptr_null(avpni_allocate(&memory, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(avpni_resize(&memory, NULL, 3, SIZE_MAX / 2));
    ck_assert_int_eq(counter.budget, 9);
}
END_TEST

START_TEST(nothing_is_still_a_block)
{
    struct counting_host counter = {.budget = 2};
    struct avpni_memory memory = counted_memory(&counter);
    void *block = avpni_allocate(&memory, 0, 8);

    ck_assert_ptr_nonnull(block);
    block = avpni_resize(&memory, block, 0, 8);
    ck_assert_ptr_nonnull(block);
    avpni_release(&memory, block);
    ck_assert_int_eq(counter.blocks, 0);
}
END_TEST

START_TEST(wiping_touches_just_what_it_was_given)
{
    uint8_t bytes[6] = {1, 2, 3, 4, 5, 6};

    avpni_wipe(bytes + 1, 4);
    ck_assert_mem_eq(bytes, "\1\0\0\0\0\6", 6);
    avpni_wipe(NULL, 0);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(the_default_allocator_zeroes_and_resizes),
    HARNESS_CASE(a_host_without_allocator_gets_the_default),
    HARNESS_CASE(all_three_calls_or_none),
    HARNESS_CASE(the_hosts_allocator_is_used_and_its_memory_zeroed),
    HARNESS_CASE(a_size_that_overflows_is_refused_without_asking),
    HARNESS_CASE(nothing_is_still_a_block),
    HARNESS_CASE(wiping_touches_just_what_it_was_given),
};
HARNESS_MAIN("base/memory", cases)
