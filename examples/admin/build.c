/* SPDX-License-Identifier: ISC */
/*
 * build: the configuration that an organization's file and state make.
 *
 * Judged first as if every site had its key, so that a site that waits is no excuse for a mistake; then
 * assembled as it can be published today: without the sites that wait, and with those that are gone, revoked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <autovpn/sa.h>

#include "admin/org.h"

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
    count = org_list(org, &list, AVPN_SUITES);
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

static void build_registry(struct org *org, const struct setting *item, struct avpn_config *config)
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
    struct setting list;
    struct setting item;
    uint32_t count;

    if (!settings_require(&org->file, &org->root, "registries", &list))
        return;
    count = org_list(org, &list, AVPN_REGISTRIES);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &item); i++)
        build_registry(org, &item, config);
}

static struct org_site *site_at(const struct org *org, uint32_t place)
{
    return &org->sites[org->by_id[place]];
}

static void read_sites(struct org *org, struct avpn_member *members)
{
    org->export_count = 0;
    org->translation_count = 0;
    for (uint32_t i = 0; i < org->site_count; i++) {
        org_read_site(org, site_at(org, i), &members[i]);
        if (i > 0 && members[i - 1].id == members[i].id)
            settings_problem(&org->file, &site_at(org, i)->where, "", "has the same id (%u) as %s",
                             members[i].id, site_at(org, i - 1)->name);
    }
}

static void add_member(struct org *org, const struct org_site *site, struct avpn_config *config,
                       const struct avpn_member *member)
{
    int32_t error = avpn_config_add_member(config, member);

    if (error != AVPN_OK)
        settings_problem(&org->file, &site->where, site->name, "%s", refusal(error));
}

/* The library's finding at the line it is about: the element, the field, or at least the site. */
static void place_finding(void *user, const struct avpn_problem *problem)
{
    struct org *org = user;
    const struct org_site *site = problem->member ? org_site_by_id(org, problem->member) : NULL;
    const struct setting *around = site ? &site->where : &org->root;
    const char *field = strcmp(problem->field, "manual") == 0 ? "uplinks" : problem->field;
    struct setting where = *around;
    struct setting item;

    if (strcmp(field, "rules") == 0)
        (void)policy_rule_setting(org, problem->index, &where);
    else if (strcmp(field, "breakouts") == 0)
        (void)policy_breakout_setting(org, problem->index, &where);
    else if (settings_get(&org->file, around, field, &where) &&
        strcmp(field, "exports") != 0 && /* sorted: places are not those of the file */
        settings_at(&org->file, &where, problem->index, &item))
        where = item;
    settings_problem(&org->file, &where, problem->value ? problem->value : "", "%s",
                     problem->message);
}

/* Everything the file says of the organization itself. NULL after a complaint. */
static struct avpn_config *new_config(struct org *org)
{
    struct avpn_config *config = NULL;

    if (avpn_config_new(NULL, &config) != AVPN_OK) {
        settings_problem(&org->file, &org->root, "", "out of memory");
        return NULL;
    }
    build_name(org, config);
    build_suites(org, config);
    build_registries(org, config);
    return config;
}

/* Judge the whole file, as if every site had its key. */
static void judge(struct org *org, const struct avpn_member *members)
{
    struct avpn_config *config = new_config(org);

    if (config && org->file.problems == 0) /* no second opinion of half-read sites */
        policy_add(org, 1, config);
    if (config && org->file.problems == 0)
        for (uint32_t i = 0; i < org->site_count; i++)
            add_member(org, site_at(org, i), config, &members[i]);
    if (config && org->file.problems == 0)
        (void)avpn_config_check(config, place_finding, org);
    avpn_config_del(config);
}

/* A hub that waits is left out until it is there: a configuration names only members. */
static void leave_out_waiting(const struct org *org, struct avpn_member *member)
{
    uint8_t kept = 0;

    for (uint8_t i = 0; i < member->hub_count; i++)
        if (org_site_by_id(org, member->hubs[i].member)->has_key)
            member->hubs[kept++] = member->hubs[i];
    memset(member->hubs + kept, 0, sizeof member->hubs - kept * sizeof member->hubs[0]);
    member->hub_count = kept;
}

/* [TOP-1] A revoked member has no peers, so nothing but who it was matters. */
static void add_gone(struct org *org, struct avpn_config *config)
{
    for (uint32_t i = 0; i < org->gone_count; i++) {
        const struct org_gone *gone = &org->gone[i];
        struct avpn_member member = {.size = sizeof member,
                                     .id = gone->id,
                                     .key = gone->key,
                                     .role = AVPN_ROLE_SPOKE,
                                     .flags = AVPN_MEMBER_REVOKED};

        (void)snprintf(member.name, sizeof member.name, "%s", gone->name);
        if (avpn_config_add_member(config, &member) != AVPN_OK)
            settings_problem(&org->file, &org->root, gone->name,
                             "is gone from the file and cannot be added as revoked");
    }
}

/* Its key may be another site's now: the new holder is no stranger to be shut out. */
static void forget_reused_keys(struct org *org, const struct avpn_member *members)
{
    uint32_t kept = 0;

    for (uint32_t i = 0; i < org->gone_count; i++) {
        uint32_t k = 0;

        while (k < org->site_count &&
               memcmp(&members[k].key, &org->gone[i].key, sizeof members[k].key) != 0)
            k++;
        if (k == org->site_count)
            org->gone[kept++] = org->gone[i];
    }
    org->gone_count = kept;
}

static struct avpn_config *assemble(struct org *org, struct avpn_member *members)
{
    struct avpn_config *config = new_config(org);

    for (uint32_t i = 0; config && i < org->site_count; i++) {
        if (!site_at(org, i)->has_key)
            continue;
        leave_out_waiting(org, &members[i]);
        add_member(org, site_at(org, i), config, &members[i]);
    }
    forget_reused_keys(org, members);
    if (config)
        add_gone(org, config);
    if (config)
        policy_add(org, 0, config);
    if (config && org->file.problems == 0)
        (void)avpn_config_check(config, place_finding, org);
    return config;
}

int org_build(struct org *org, struct avpn_config **config_out)
{
    struct avpn_member *members = calloc(org->site_count + 1u, sizeof *members);
    struct avpn_config *config = NULL;

    *config_out = NULL;
    if (!members) {
        settings_problem(&org->file, &org->root, "", "out of memory");
        return -1;
    }
    read_sites(org, members);
    policy_read(org);
    judge(org, members);
    if (org->file.problems == 0)
        config = assemble(org, members);
    free(members);
    if (config && org->file.problems == 0) {
        *config_out = config;
        return 0;
    }
    avpn_config_del(config);
    return -1;
}
