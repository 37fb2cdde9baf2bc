/* SPDX-License-Identifier: ISC */
#include "admin/org.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- sites by name and by id --------------------------------------------------------- */

/* qsort has no user argument in C11; the order is by what the caller put into `key`. */
struct order {
    const char *name;
    uint32_t id;
    uint32_t place;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const struct order *)a)->name, ((const struct order *)b)->name);
}

static int compare_ids(const void *a, const void *b)
{
    const struct order *x = a;
    const struct order *y = b;

    return (x->id > y->id) - (x->id < y->id);
}

static uint32_t *make_order(const struct org *org, int (*compare)(const void *, const void *))
{
    struct order *order = calloc(org->site_count + 1u, sizeof *order);
    uint32_t *places = calloc(org->site_count + 1u, sizeof *places);

    if (order && places) {
        for (uint32_t i = 0; i < org->site_count; i++)
            order[i] = (struct order){org->sites[i].name, org->sites[i].id, i};
        qsort(order, org->site_count, sizeof *order, compare);
        for (uint32_t i = 0; i < org->site_count; i++)
            places[i] = order[i].place;
    } else {
        free(places);
        places = NULL;
    }
    free(order);
    return places;
}

struct org_site *org_site_by_name(const struct org *org, const char *name)
{
    uint32_t low = 0;
    uint32_t high = org->site_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct org_site *site = &org->sites[org->by_name[middle]];
        int order = strcmp(name, site->name);

        if (order == 0)
            return site;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

struct org_site *org_site_by_id(const struct org *org, uint32_t id)
{
    uint32_t low = 0;
    uint32_t high = org->site_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        struct org_site *site = &org->sites[org->by_id[middle]];

        if (site->id == id)
            return site;
        if (id < site->id)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

int org_has_exit(const struct org_site *site)
{
    for (uint8_t i = 0; i < site->hub_count; i++)
        if (site->hubs[i].flags & AVPN_HUB_DEFAULT_ROUTE)
            return 1;
    return 0;
}

int org_index_ids(struct org *org)
{
    free(org->by_id);
    org->by_id = make_order(org, compare_ids);
    return org->by_id ? 0 : -1;
}

/* ---- life -------------------------------------------------------------------------------- */

static void read_sites(struct org *org)
{
    struct settings *file = &org->file;
    struct setting sites;
    uint32_t count;

    if (!settings_require(file, &org->root, "sites", &sites))
        return;
    count = settings_pairs(file, &sites);
    if (count > AVPN_MEMBERS) {
        settings_problem(file, &sites, NULL, "should name at most %d sites, not %u", AVPN_MEMBERS,
                         count);
        return;
    }
    org->sites = calloc(count + 1u, sizeof *org->sites);
    for (uint32_t i = 0; org->sites && i < count; i++) {
        struct org_site *site = &org->sites[org->site_count];

        if (settings_pair_at(file, &sites, i, &site->name, &site->where))
            org->site_count++;
    }
}

int org_open(struct org *org, const char *path)
{
    memset(org, 0, sizeof *org);
    if (settings_open(&org->file, path) != 0)
        return -1;
    settings_root(&org->file, &org->root);
    if (!settings_expect(&org->file, &org->root, "name", "suites", "registries", "hub_tunnels",
                         "firewall", "breakout", "sites", NULL))
        return -1;
    read_sites(org);
    if (!org->sites)
        return -1;
    org->by_name = make_order(org, compare_names);
    org->policy = calloc(1, sizeof *org->policy);
    return org->by_name && org->policy ? 0 : -1;
}

void org_close(struct org *org)
{
    free(org->sites);
    free(org->by_name);
    free(org->by_id);
    free(org->gone);
    free(org->exports);
    free(org->translations);
    free(org->policy);
    settings_close(&org->file);
    memset(org, 0, sizeof *org);
}

uint32_t org_list(struct org *org, const struct setting *list, uint32_t limit)
{
    uint32_t count = settings_list(&org->file, list);

    if (count <= limit)
        return count;
    settings_problem(&org->file, list, NULL, "should have at most %u entries, not %u", limit,
                     count);
    return 0;
}
