/* SPDX-License-Identifier: ISC */
#include "admin/overlaps.h"

#include <stdlib.h>
#include <string.h>

#include "admin/prefixes.h"

/* qsort has no user argument in C11: what decides stands in the item. */
struct item {
    const struct org_export *export;
    uint8_t is_spoke;
    uint32_t id;
};

static int compare_items(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    int order = prefixes_compare(&x->export->prefix, &y->export->prefix);

    if (order == 0)
        order = x->is_spoke - y->is_spoke;
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

int overlaps_make(struct overlaps *overlaps, const struct org *org)
{
    struct item *items = calloc(org->export_count + 1u, sizeof *items);

    memset(overlaps, 0, sizeof *overlaps);
    overlaps->org = org;
    overlaps->sorted = calloc(org->export_count + 1u, sizeof *overlaps->sorted);
    if (!items || !overlaps->sorted) {
        free(items);
        overlaps_free(overlaps);
        return -1;
    }
    for (uint32_t i = 0; i < org->export_count; i++) {
        const struct org_site *site = &org->sites[org->exports[i].site];

        if (!site->is_revoked)
            items[overlaps->count++] =
                (struct item){&org->exports[i], site->role == AVPN_ROLE_SPOKE, site->id};
    }
    qsort(items, overlaps->count, sizeof *items, compare_items);
    for (uint32_t i = 0; i < overlaps->count; i++)
        overlaps->sorted[i] = items[i].export;
    free(items);
    return 0;
}

void overlaps_free(struct overlaps *overlaps)
{
    free(overlaps->sorted);
    memset(overlaps, 0, sizeof *overlaps);
}

/* The first place whose prefix does not come before `prefix`. */
static uint32_t lower_bound(const struct overlaps *overlaps, const struct avpn_prefix *prefix)
{
    uint32_t low = 0;
    uint32_t high = overlaps->count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (prefixes_compare(&overlaps->sorted[middle]->prefix, prefix) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* From the place of `prefix` on stands what lies in it. */
static const struct org_export *find_inside(const struct overlaps *overlaps,
                                            const struct avpn_prefix *prefix, uint32_t but)
{
    for (uint32_t i = lower_bound(overlaps, prefix);
         i < overlaps->count && prefixes_contain(prefix, &overlaps->sorted[i]->prefix); i++)
        if (overlaps->sorted[i]->site != but)
            return overlaps->sorted[i];
    return NULL;
}

static const struct org_export *find_equal(const struct overlaps *overlaps,
                                           const struct avpn_prefix *prefix, uint32_t but)
{
    for (uint32_t i = lower_bound(overlaps, prefix);
         i < overlaps->count && prefixes_compare(prefix, &overlaps->sorted[i]->prefix) == 0; i++)
        if (overlaps->sorted[i]->site != but)
            return overlaps->sorted[i];
    return NULL;
}

const struct org_export *overlaps_find(const struct overlaps *overlaps,
                                       const struct avpn_prefix *prefix, uint32_t but)
{
    struct avpn_prefix outer = *prefix;
    const struct org_export *found = find_inside(overlaps, prefix, but);

    while (!found && outer.length > 0) {
        outer.length--;
        outer.bytes[outer.length / 8] &= (uint8_t) ~(0x80u >> outer.length % 8);
        found = find_equal(overlaps, &outer, but);
    }
    return found;
}

uint32_t overlaps_group(const struct overlaps *overlaps, uint32_t first)
{
    uint32_t count = 1;

    while (first + count < overlaps->count &&
           prefixes_compare(&overlaps->sorted[first]->prefix,
                            &overlaps->sorted[first + count]->prefix) == 0)
        count++;
    return count;
}
