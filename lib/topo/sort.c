/* SPDX-License-Identifier: ISC */
/* sort: heapsort. Invariant: every index at or after `start` is not below its children. */
#include "topo/sort.h"

static void sift_down(uint32_t *indices, size_t start, size_t count,
                      int32_t (*compare)(const void *user, uint32_t a, uint32_t b),
                      const void *user)
{
    uint32_t moving = indices[start];

    while (2 * start + 1 < count) {
        size_t child = 2 * start + 1;

        if (child + 1 < count && compare(user, indices[child], indices[child + 1]) < 0) {
            child++;
        }
        if (compare(user, moving, indices[child]) >= 0) {
            break;
        }
        indices[start] = indices[child];
        start = child;
    }
    indices[start] = moving;
}

void avpni_sort(uint32_t *indices, size_t count,
                int32_t (*compare)(const void *user, uint32_t a, uint32_t b), const void *user)
{
    for (size_t start = count / 2; start-- > 0;) {
        sift_down(indices, start, count, compare, user);
    }
    while (count > 1) {
        uint32_t largest = indices[0];

        count--;
        indices[0] = indices[count];
        indices[count] = largest;
        sift_down(indices, 0, count, compare, user);
    }
}
