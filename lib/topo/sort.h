/* SPDX-License-Identifier: ISC */
/*
 * sort: order an array of indices by what they stand for. In place, no recursion, no memory,
 * n log n whatever the input.
 */
#ifndef AVPNI_TOPO_SORT_H
#define AVPNI_TOPO_SORT_H

#include <stddef.h>
#include <stdint.h>

/* `compare` is a total order: negative, zero, positive. Equal indices may change places. */
void avpni_sort(uint32_t *indices, size_t count,
                int32_t (*compare)(const void *user, uint32_t a, uint32_t b), const void *user);

#endif
