/* SPDX-License-Identifier: ISC */
#include "admin/org.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <autovpn/sa.h>

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

static struct org_site *site_by_name(const struct org *org, const char *name)
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

static struct org_site *site_by_id(const struct org *org, uint32_t id)
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
    if (!settings_expect(&org->file, &org->root, "name", "suites", "registries", "sites", NULL))
        return -1;
    read_sites(org);
    if (!org->sites)
        return -1;
    org->by_name = make_order(org, compare_names);
    return org->by_name ? 0 : -1;
}

void org_close(struct org *org)
{
    free(org->sites);
    free(org->by_name);
    free(org->by_id);
    settings_close(&org->file);
    memset(org, 0, sizeof *org);
}

void org_resolve(struct org *org, struct state *state)
{
    struct settings *file = &org->file;

    for (uint32_t i = 0; i < org->site_count; i++) {
        struct org_site *site = &org->sites[i];
        struct setting value;
        uint32_t id = 0;

        if (!settings_get(file, &site->where, "id", &value) ||
            !settings_number(file, &value, 1, UINT32_MAX - 1, &id))
            continue;
        site->id = id;
        state_reserve(state, site->name, id);
    }
    /* Only now, so that a new id is none that the file gives to a site further down. */
    for (uint32_t i = 0; i < org->site_count; i++)
        if (org->sites[i].id == 0)
            org->sites[i].id = state_id(state, org->sites[i].name);
    org->by_id = make_order(org, compare_ids);
}

/* ---- one site ------------------------------------------------------------------------------ */

static void read_role(struct org *org, const struct setting *where, struct avpn_member *member)
{
    struct setting value;
    const char *text;

    if (!settings_require(&org->file, where, "role", &value) ||
        !settings_text(&org->file, &value, &text))
        return;
    if (strcmp(text, "hub") == 0)
        member->role = AVPN_ROLE_HUB;
    else if (strcmp(text, "spoke") == 0)
        member->role = AVPN_ROLE_SPOKE;
    else
        settings_problem(&org->file, &value, NULL, "should be hub or spoke");
}

/* The length of a list that may have `limit` elements; 0 after a complaint. */
static uint32_t bounded_list(struct org *org, const struct setting *list, uint32_t limit)
{
    uint32_t count = settings_list(&org->file, list);

    if (count <= limit)
        return count;
    settings_problem(&org->file, list, NULL, "should have at most %u entries, not %u", limit,
                     count);
    return 0;
}

static void name_hub(struct org *org, const struct setting *value, const char *name,
                     struct avpn_member_hub *hub)
{
    const struct org_site *site = site_by_name(org, name);

    if (site)
        hub->member = site->id;
    else
        settings_problem(&org->file, value, name, "there is no such site under sites");
}

static void read_hub(struct org *org, const struct setting *item, struct avpn_member_hub *hub)
{
    struct settings *file = &org->file;
    struct setting value;
    const char *name;
    int flag = 0;

    if (settings_is_text(item)) {
        if (settings_text(file, item, &name))
            name_hub(org, item, name, hub);
        return;
    }
    if (!settings_is_map(item)) {
        settings_problem(file, item, NULL,
                         "should be a site's name, or {name: SITE, default_route: true}");
        return;
    }
    if (!settings_expect(file, item, "name", "default_route", NULL))
        return;
    if (settings_require(file, item, "name", &value) && settings_text(file, &value, &name))
        name_hub(org, &value, name, hub);
    if (settings_get(file, item, "default_route", &value))
        settings_flag(file, &value, &flag);
    if (flag)
        hub->flags |= AVPN_HUB_DEFAULT_ROUTE;
}

static void read_hubs(struct org *org, const struct setting *where, struct avpn_member *member)
{
    struct setting list;
    struct setting item;
    uint32_t count;

    if (!settings_get(&org->file, where, "hubs", &list))
        return;
    count = bounded_list(org, &list, AVPN_HUBS);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++)
        read_hub(org, &item, &member->hubs[i]);
    member->hub_count = (uint8_t)count;
}

/* The canonical order of exports [CFG-1] is ours to make, not the writer's of the file. */
static int compare_prefixes(const void *a, const void *b)
{
    const struct avpn_prefix *x = a;
    const struct avpn_prefix *y = b;
    int order = x->family - y->family;

    if (order == 0)
        order = memcmp(x->bytes, y->bytes, sizeof x->bytes);
    return order ? order : x->length - y->length;
}

static void read_exports(struct org *org, const struct setting *where, struct avpn_member *member)
{
    struct setting list;
    struct setting item;
    uint32_t count;

    if (!settings_get(&org->file, where, "exports", &list))
        return;
    count = bounded_list(org, &list, AVPN_EXPORTS);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++) {
        struct avpn_prefix *prefix = &member->exports[i];

        if (!settings_prefix(&org->file, &item, prefix))
            continue;
        /* here, where the line is at hand: after sorting, places are not those of the file */
        if (prefix->length == 0)
            settings_problem(&org->file, &item, NULL,
                             "is a default route, no export; a site asks for one with "
                             "default_route at a hub");
        for (uint32_t k = 0; k < i; k++)
            if (compare_prefixes(&member->exports[k], prefix) == 0)
                settings_problem(&org->file, &item, NULL, "appears twice, keep one of them");
    }
    qsort(member->exports, count, sizeof member->exports[0], compare_prefixes);
    member->export_count = (uint8_t)count;
}

static void read_uplinks(struct org *org, const struct setting *where, struct avpn_member *member)
{
    struct setting list;
    struct setting item;
    struct setting value;
    uint32_t count;

    if (!settings_get(&org->file, where, "uplinks", &list))
        return;
    count = bounded_list(org, &list, AVPN_UPLINKS);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++)
        if (settings_expect(&org->file, &item, "manual", NULL) &&
            settings_get(&org->file, &item, "manual", &value))
            settings_contact(&org->file, &value, &member->manual[i]);
    member->uplink_count = (uint8_t)count;
}

static void read_site(struct org *org, const struct org_site *site, struct avpn_member *member)
{
    struct settings *file = &org->file;
    const struct setting *where = &site->where;
    struct setting value;
    int is_revoked = 0;

    memset(member, 0, sizeof *member);
    member->size = sizeof *member;
    member->id = site->id;
    if (!settings_expect(file, where, "id", "key", "role", "hubs", "exports", "uplinks",
                         "revoked", NULL))
        return;
    if (strlen(site->name) >= sizeof member->name)
        settings_problem(file, where, "", "the name should have at most %zu characters",
                         sizeof member->name - 1);
    else
        strcpy(member->name, site->name);
    if (settings_require(file, where, "key", &value))
        settings_key(file, &value, &member->key);
    if (settings_get(file, where, "revoked", &value))
        settings_flag(file, &value, &is_revoked);
    member->flags = is_revoked ? AVPN_MEMBER_REVOKED : 0;
    read_role(org, where, member);
    read_hubs(org, where, member);
    read_exports(org, where, member);
    read_uplinks(org, where, member);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static const char *refusal(int32_t error)
{
    switch (error) {
    case AVPN_ERROR_FORMAT:
        return "should be 1 to 63 characters of a-z A-Z 0-9 . _ -";
    case AVPN_ERROR_LIMIT:
        return "is one more than an organization can have";
    case AVPN_ERROR_MEMORY:
        return "out of memory";
    default:
        return avpn_error_name(error);
    }
}

static void build_name(struct org *org, struct avpn_config *config)
{
    struct setting value;
    const char *text;
    int32_t error;

    if (!settings_require(&org->file, &org->root, "name", &value) ||
        !settings_text(&org->file, &value, &text))
        return;
    error = avpn_config_set_name(config, text);
    if (error != AVPN_OK)
        settings_problem(&org->file, &value, NULL, "%s", refusal(error));
}

static uint8_t suite_of(const char *text)
{
    for (uint8_t suite = 1; suite <= AVPN_SUITE_CHACHA20_POLY1305; suite++)
        if (strcmp(text, avpn_suite_name(suite)) == 0)
            return suite;
    return AVPN_SUITE_NONE;
}

static void build_suites(struct org *org, struct avpn_config *config)
{
    uint8_t suites[AVPN_SUITES] = {0};
    struct setting list;
    struct setting item;
    const char *text;
    uint32_t count;

    if (!settings_get(&org->file, &org->root, "suites", &list))
        return;
    count = bounded_list(org, &list, AVPN_SUITES);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++) {
        if (!settings_text(&org->file, &item, &text))
            continue;
        suites[i] = suite_of(text);
        if (!suites[i])
            settings_problem(&org->file, &item, NULL, "should be %s or %s",
                             avpn_suite_name(AVPN_SUITE_AES_256_GCM),
                             avpn_suite_name(AVPN_SUITE_CHACHA20_POLY1305));
    }
    if (count == 0 || avpn_config_set_suites(config, suites, count) != AVPN_OK)
        settings_problem(&org->file, &list, NULL, "should name each suite once, the best first");
}

static void build_registry(struct org *org, const struct setting *item,
                           struct avpn_config *config)
{
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350};
    struct settings *file = &org->file;
    struct setting value;
    const char *host;
    uint32_t port;
    uint32_t before = file->problems;
    int32_t error;

    if (!settings_expect(file, item, "host", "port", "key", NULL))
        return;
    if (settings_require(file, item, "host", &value) && settings_text(file, &value, &host)) {
        if (strlen(host) >= sizeof entry.host)
            settings_problem(file, &value, NULL, "should have at most %zu characters",
                             sizeof entry.host - 1);
        else
            strcpy(entry.host, host);
    }
    if (settings_get(file, item, "port", &value) &&
        settings_number(file, &value, 9350, 9381, &port))
        entry.port = (uint16_t)port;
    if (settings_require(file, item, "key", &value))
        settings_key(file, &value, &entry.key);
    if (file->problems > before)
        return;
    error = avpn_config_add_registry(config, &entry);
    if (error != AVPN_OK)
        settings_problem(file, item, entry.host, "%s",
                         error == AVPN_ERROR_FORMAT ? "host should be a name or an address"
                                                    : refusal(error));
}

static void build_registries(struct org *org, struct avpn_config *config)
{
    struct setting item;
    uint32_t count;

    if (!settings_require(&org->file, &org->root, "registries", &org->registries))
        return;
    count = bounded_list(org, &org->registries, AVPN_REGISTRIES);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &org->registries, i, &item); i++)
        build_registry(org, &item, config);
}

static void build_sites(struct org *org, struct avpn_config *config)
{
    /* by id: the order in which the configuration keeps them */
    for (uint32_t i = 0; i < org->site_count; i++) {
        const struct org_site *site = &org->sites[org->by_id[i]];
        struct avpn_member member;
        uint32_t before = org->file.problems;
        int32_t error;

        read_site(org, site, &member);
        if (i > 0 && org->sites[org->by_id[i - 1]].id == site->id)
            settings_problem(&org->file, &site->where, "", "has the same id (%u) as %s", site->id,
                             org->sites[org->by_id[i - 1]].name);
        if (org->file.problems > before)
            continue; /* said what is wrong; no second opinion of a half-read site */
        error = avpn_config_add_member(config, &member);
        if (error != AVPN_OK)
            settings_problem(&org->file, &site->where, site->name, "%s", refusal(error));
    }
}

/* The library's finding at the line it is about: the element, the field, or at least the site. */
static void place_finding(void *user, const struct avpn_problem *problem)
{
    struct org *org = user;
    const struct org_site *site = problem->member ? site_by_id(org, problem->member) : NULL;
    const struct setting *around = site ? &site->where : &org->root;
    const char *field = strcmp(problem->field, "manual") == 0 ? "uplinks" : problem->field;
    struct setting where = *around;
    struct setting item;

    if (settings_get(&org->file, around, field, &where) &&
        strcmp(field, "exports") != 0 && /* sorted: places are not those of the file */
        settings_at(&org->file, &where, problem->index, &item))
        where = item;
    settings_problem(&org->file, &where, problem->value ? problem->value : "", "%s",
                     problem->message);
}

int org_build(struct org *org, struct avpn_config **config_out)
{
    struct avpn_config *config = NULL;

    *config_out = NULL;
    if (!org->by_id || avpn_config_new(NULL, &config) != AVPN_OK) {
        settings_problem(&org->file, &org->root, "", "out of memory");
        return -1;
    }
    build_name(org, config);
    build_suites(org, config);
    build_registries(org, config);
    build_sites(org, config);
    if (org->file.problems == 0)
        (void)avpn_config_check(config, place_finding, org);
    if (org->file.problems == 0) {
        *config_out = config;
        return 0;
    }
    avpn_config_del(config);
    return -1;
}
