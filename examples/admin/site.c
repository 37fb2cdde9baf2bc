/* SPDX-License-Identifier: ISC */
/* site: one entry under "sites" as a member. Whatever is wrong is told at its line; reading goes on. */
#include <string.h>

#include "admin/org.h"

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

static void name_hub(struct org *org, const struct setting *value, const char *name,
                     struct avpn_member_hub *hub)
{
    const struct org_site *site = org_site_by_name(org, name);

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
    count = org_list(org, &list, AVPN_HUBS);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++)
        read_hub(org, &item, &member->hubs[i]);
    member->hub_count = (uint8_t)count;
}

static void read_uplinks(struct org *org, const struct setting *where, struct avpn_member *member)
{
    struct setting list;
    struct setting item;
    struct setting value;
    uint32_t count;

    if (!settings_get(&org->file, where, "uplinks", &list))
        return;
    count = org_list(org, &list, AVPN_UPLINKS);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++)
        if (settings_expect(&org->file, &item, "manual", NULL) &&
            settings_get(&org->file, &item, "manual", &value))
            settings_contact(&org->file, &value, &member->manual[i]);
    member->uplink_count = (uint8_t)count;
}

static void read_name(struct org *org, const struct org_site *site, struct avpn_member *member)
{
    if (strlen(site->name) >= sizeof member->name)
        settings_problem(&org->file, &site->where, "",
                         "the name should have at most %zu characters", sizeof member->name - 1);
    else
        strcpy(member->name, site->name);
}

/* A site that waits is judged like the others, under a key that nobody has. */
static void read_key(struct org *org, const struct org_site *site, struct avpn_member *member)
{
    struct setting value;

    if (settings_get(&org->file, &site->where, "key", &value)) {
        settings_key(&org->file, &value, &member->key);
    } else if (site->has_key) {
        member->key = site->key;
    } else {
        memset(member->key.bytes, 0xee, sizeof member->key.bytes);
        memcpy(member->key.bytes, &site->id, sizeof site->id);
    }
}

/* What findings about several sites need to know of each. */
static void remember(struct org_site *site, const struct avpn_member *member)
{
    site->role = member->role;
    site->hub_count = member->hub_count;
    memcpy(site->hubs, member->hubs, sizeof site->hubs);
}

void org_read_site(struct org *org, struct org_site *site, struct avpn_member *member)
{
    const struct setting *where = &site->where;
    struct setting value;
    int flag;

    memset(member, 0, sizeof *member);
    member->size = sizeof *member;
    member->id = site->id;
    if (!settings_expect(&org->file, where, "id", "key", "role", "hubs", "exports", "translate",
                         "uplinks", "revoked", NULL))
        return;
    read_name(org, site, member);
    read_key(org, site, member);
    if (settings_get(&org->file, where, "id", &value)) {
        uint32_t id;

        settings_number(&org->file, &value, 1, UINT32_MAX - 1, &id);
    }
    if (settings_get(&org->file, where, "revoked", &value))
        settings_flag(&org->file, &value, &flag);
    member->flags = site->is_revoked ? AVPN_MEMBER_REVOKED : 0;
    read_role(org, where, member);
    read_hubs(org, where, member);
    org_read_subnets(org, site, member);
    read_uplinks(org, where, member);
    remember(site, member);
}
