/* SPDX-License-Identifier: ISC */
#include "forward/groups.h"

#include <string.h>

#define BUCKETS 128u

/* SAs lie at multiples of their alignment: the bits above tell them apart. */
static uint32_t bucket_of(const void *key)
{
    uint64_t bits = (uint64_t)(uintptr_t)key >> 4;

    return (uint32_t)((bits * UINT64_C(0x9E3779B97F4A7C15)) >> 57) % BUCKETS;
}

void avpni_groups_make(struct avpni_groups *groups, const void *const *keys, uint32_t count)
{
    uint8_t buckets[BUCKETS], chain[AVPNI_GROUPS_LIMIT], last[AVPNI_GROUPS_LIMIT];
    const void *latest = NULL;
    uint32_t group = AVPNI_GROUPS_END;

    groups->count = 0;
    memset(buckets, AVPNI_GROUPS_END, sizeof buckets);
    for (uint32_t i = 0; i < count; i++) {
        groups->next[i] = AVPNI_GROUPS_END;
        if (keys[i] == NULL)
            continue;
        if (keys[i] != latest) {
            uint32_t bucket = bucket_of(keys[i]);

            latest = keys[i];
            group = buckets[bucket];
            while (group != AVPNI_GROUPS_END && keys[groups->first[group]] != latest)
                group = chain[group];
            if (group == AVPNI_GROUPS_END) {
                group = groups->count++;
                chain[group] = buckets[bucket];
                buckets[bucket] = (uint8_t)group;
                groups->first[group] = last[group] = (uint8_t)i;
                continue;
            }
        }
        groups->next[last[group]] = (uint8_t)i;
        last[group] = (uint8_t)i;
    }
}
