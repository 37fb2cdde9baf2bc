/* SPDX-License-Identifier: ISC */
/*
 * subnets: what one site exports, and under which addresses the others know it [CFG-14].
 *
 * An entry of `exports` is a subnet, or {subnet, local}: the others know the hosts of `local` by the addresses of `subnet`. `translate`
 * does the same for single hosts and for parts of an export. Findings are made here, where the line is at hand: after
 * sorting, places are not those of the file.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/org.h"
#include "admin/prefixes.h"

/* ---- remembering -------------------------------------------------------------------------------- */

/* Room for one more, or 0 after a complaint: rules of the firewall are made of these, so none may be missing. */
static int make_room(struct org *org, const struct setting *where, void **list, uint32_t count,
                     uint32_t *capacity, size_t bytes)
{
    uint32_t more = *capacity ? *capacity * 2 : 64;
    void *larger;

    if (count < *capacity)
        return 1;
    larger = realloc(*list, more * bytes);
    if (!larger) {
        settings_problem(&org->file, where, NULL, "out of memory");
        return 0;
    }
    *list = larger;
    *capacity = more;
    return 1;
}

static void remember_export(struct org *org, struct org_site *site, const struct setting *item,
                            uint32_t index, const struct avpn_prefix *prefix)
{
    void *list = org->exports;
    int has_room =
        make_room(org, item, &list, org->export_count, &org->export_capacity, sizeof *org->exports);

    org->exports = list;
    if (!has_room)
        return;
    org->exports[org->export_count++] =
        (struct org_export){*prefix, (uint32_t)(site - org->sites), index};
    site->export_count++;
}

static void remember_translation(struct org *org, struct org_site *site, const struct setting *item,
                                 const struct org_translation *translation)
{
    void *list = org->translations;
    int has_room = make_room(org, item, &list, org->translation_count, &org->translation_capacity,
                             sizeof *org->translations);

    org->translations = list;
    if (!has_room)
        return;
    org->translations[org->translation_count++] = *translation;
    site->translation_count++;
}

static int setting_at(const struct org *org, uint32_t site, const char *name, uint32_t index,
                      struct setting *where_out)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting list;

    return settings_get(file, &org->sites[site].where, name, &list) &&
           settings_at(file, &list, index, where_out);
}

int org_export_setting(const struct org *org, const struct org_export *export,
                       struct setting *where_out)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting item;

    if (!setting_at(org, export->site, "exports", export->index, &item))
        return 0;
    if (!settings_is_map(&item) || !settings_get(file, &item, "subnet", where_out))
        *where_out = item;
    return 1;
}

int org_translation_setting(const struct org *org, const struct org_translation *translation,
                            struct setting *where_out)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    const char *name = translation->is_export ? "exports" : "translate";
    struct setting item;

    return setting_at(org, translation->site, name, translation->index, &item) &&
           settings_get(file, &item, "local", where_out);
}

/* ---- translations --------------------------------------------------------------------------------- */

/* A subnet, or one host. */
static int read_subnet(struct org *org, const struct setting *value, struct avpn_prefix *prefix_out)
{
    struct avpn_address address;
    const char *text;

    if (!settings_text(&org->file, value, &text))
        return 0;
    if (avpn_address_parse(text, &address) != AVPN_OK)
        return settings_prefix(&org->file, value, prefix_out);
    *prefix_out = prefixes_host(&address);
    return 1;
}

static int is_same(const struct avpn_prefix *a, const struct avpn_prefix *b)
{
    return prefixes_compare(a, b) == 0;
}

static int lies_in_export(const struct avpn_member *member, const struct avpn_prefix *prefix)
{
    for (uint8_t i = 0; i < member->export_count; i++)
        if (prefixes_contain(&member->exports[i], prefix))
            return 1;
    return 0;
}

static const char *trouble(const struct avpn_member *member, const struct avpn_translation *pair)
{
    if (pair->local.family != pair->exported.family)
        return "is of another family: IPv4 is translated to IPv4, IPv6 to IPv6";
    if (pair->local.length != pair->exported.length)
        return "is not as large as what it is exported as: host by host, both have one length";
    if (pair->local.length == 0)
        return "is a default route, which cannot be translated";
    for (uint8_t i = 0; i < member->translation_count; i++) {
        if (is_same(&member->translations[i].local, &pair->local))
            return "is translated twice, keep one of them";
        if (is_same(&member->translations[i].exported, &pair->exported))
            return "is exported as the same as another one: a host has one address in the VPN";
    }
    return NULL;
}

static void add_translation(struct org *org, struct org_site *site, struct avpn_member *member,
                            const struct setting *local, const struct org_translation *translation)
{
    const char *message = trouble(member, &translation->pair);

    if (message) {
        settings_problem(&org->file, local, NULL, "%s", message);
    } else if (member->translation_count == AVPN_TRANSLATIONS) {
        settings_problem(&org->file, local, NULL,
                         "is one more than a site can have: %d, those in exports counted too",
                         AVPN_TRANSLATIONS);
    } else {
        member->translations[member->translation_count++] = translation->pair;
        remember_translation(org, site, local, translation);
    }
}

static void read_translation(struct org *org, struct org_site *site, struct avpn_member *member,
                             const struct setting *item, uint32_t index)
{
    struct org_translation translation = {.site = (uint32_t)(site - org->sites), .index = index};
    struct setting local, exported;

    if (!settings_expect(&org->file, item, "local", "exported", NULL) ||
        !settings_require(&org->file, item, "local", &local) ||
        !settings_require(&org->file, item, "exported", &exported) ||
        !read_subnet(org, &local, &translation.pair.local) ||
        !read_subnet(org, &exported, &translation.pair.exported))
        return;
    if (lies_in_export(member, &translation.pair.exported))
        add_translation(org, site, member, &local, &translation);
    else
        settings_problem(&org->file, &exported, NULL,
                         "lies in none of this site's exports, so nobody would send to it; it "
                         "should be in one of them");
}

/* [CFG-1] */
static int compare_translations(const void *a, const void *b)
{
    return prefixes_compare(&((const struct avpn_translation *)a)->exported,
                            &((const struct avpn_translation *)b)->exported);
}

static void read_translations(struct org *org, struct org_site *site, struct avpn_member *member)
{
    struct setting list, item;
    uint32_t count;

    if (settings_get(&org->file, &site->where, "translate", &list)) {
        count = org_list(org, &list, AVPN_TRANSLATIONS);
        for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++)
            read_translation(org, site, member, &item, i);
    }
    qsort(member->translations, member->translation_count, sizeof member->translations[0],
          compare_translations);
}

/* ---- exports -------------------------------------------------------------------------------------- */

static void judge_export(struct org *org, const struct setting *subnet,
                         const struct avpn_member *member, uint32_t index)
{
    const struct avpn_prefix *prefix = &member->exports[index];

    if (prefix->length == 0)
        settings_problem(&org->file, subnet, NULL,
                         "is a default route, no export; a site asks for one with "
                         "default_route at a hub");
    for (uint32_t k = 0; k < index; k++)
        if (is_same(&member->exports[k], prefix))
            settings_problem(&org->file, subnet, NULL, "appears twice, keep one of them");
}

static void read_export(struct org *org, struct org_site *site, struct avpn_member *member,
                        const struct setting *item, uint32_t index)
{
    struct org_translation translation = {
        .site = (uint32_t)(site - org->sites), .index = index, .is_export = 1};
    struct avpn_prefix *prefix = &member->exports[index];
    struct setting subnet = *item;
    struct setting local;

    if (settings_is_map(item) && (!settings_expect(&org->file, item, "subnet", "local", NULL) ||
                                  !settings_require(&org->file, item, "subnet", &subnet)))
        return;
    if (!settings_prefix(&org->file, &subnet, prefix))
        return;
    judge_export(org, &subnet, member, index);
    remember_export(org, site, &subnet, index, prefix);
    translation.pair.exported = *prefix;
    if (settings_is_map(item) && settings_require(&org->file, item, "local", &local) &&
        settings_prefix(&org->file, &local, &translation.pair.local))
        add_translation(org, site, member, &local, &translation);
}

void org_read_subnets(struct org *org, struct org_site *site, struct avpn_member *member)
{
    struct setting list, item;
    uint32_t count;

    site->first_export = org->export_count;
    site->first_translation = org->translation_count;
    site->export_count = site->translation_count = 0;
    if (settings_get(&org->file, &site->where, "exports", &list)) {
        count = org_list(org, &list, AVPN_EXPORTS);
        for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++)
            read_export(org, site, member, &item, i);
        qsort(member->exports, count, sizeof member->exports[0], prefixes_compare);
        member->export_count = (uint8_t)count;
    }
    read_translations(org, site, member);
}
