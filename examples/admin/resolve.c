/* SPDX-License-Identifier: ISC */
/*
 * resolve: what the file and the state beside it together say of each site.
 *
 * Id: the file's own, else the one the site had, else a new one. Key: the file's, else the one a device
 * claimed or the site last had. A site of a new name under a key that is gone from the file is the same site
 * renamed. Revoked: the file's word, else the state's.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/findings.h"
#include "admin/org.h"

/* ---- sites that are gone ----------------------------------------------------------------- */

static int find_gone(struct org *org, const struct state *state)
{
    const char *name;
    json_t *site;

    free(org->gone);
    org->gone_count = 0;
    org->gone = calloc(json_object_size(state->sites) + 1, sizeof *org->gone);
    if (!org->gone)
        return -1;
    json_object_foreach(state->sites, name, site)
    {
        struct org_gone *gone = &org->gone[org->gone_count];

        if (org_site_by_name(org, name) || !state_key(state, name, "key", &gone->key))
            continue;
        gone->name = name;
        gone->id = (uint32_t)json_integer_value(json_object_get(site, "id"));
        org->gone_count++;
    }
    return 0;
}

static struct org_gone *gone_by_key(const struct org *org, const struct avpn_key *key)
{
    for (uint32_t i = 0; i < org->gone_count; i++)
        if (memcmp(&org->gone[i].key, key, sizeof *key) == 0)
            return &org->gone[i];
    return NULL;
}

/* ---- one site ------------------------------------------------------------------------------ */

/* Quietly: build complains of what is no key, flag or number. */
static const char *text_of(struct org *org, const struct org_site *site, const char *field,
                           struct setting *value_out)
{
    return settings_get(&org->file, &site->where, field, value_out) && settings_is_text(value_out)
               ? (const char *)value_out->node->data.scalar.value
               : "";
}

static void take_file_key(struct org *org, struct org_site *site)
{
    struct setting value;

    site->has_file_key = avpn_key_parse(text_of(org, site, "key", &value), &site->key) == AVPN_OK;
    site->has_key = site->has_file_key;
}

static void take_renamed(struct org *org, struct state *state, const struct org_site *site)
{
    struct org_gone *gone = site->has_file_key ? gone_by_key(org, &site->key) : NULL;

    if (!gone || json_object_get(state->sites, site->name))
        return;
    findings_warn(&org->file, &site->where, site->name,
                  "has the key of %s, which is gone from the file: it is taken as the same site "
                  "under a new name and keeps its id",
                  gone->name);
    state_rename(state, gone->name, site->name);
    *gone = org->gone[--org->gone_count];
}

static void take_file_id(struct org *org, struct state *state, struct org_site *site)
{
    struct setting value;
    char *end;
    const char *text = text_of(org, site, "id", &value);
    unsigned long long id = strtoull(text, &end, 0);

    if (text[0] < '0' || text[0] > '9' || *end || id < 1 || id >= UINT32_MAX)
        return;
    site->id = (uint32_t)id;
    state_reserve(state, site->name, site->id);
}

static void take_revoked(struct org *org, struct state *state, struct org_site *site)
{
    struct setting value;
    const char *text = text_of(org, site, "revoked", &value);

    if (strcmp(text, "false") == 0)
        state_revoke(state, site->name, 0); /* the file takes it back */
    site->is_revoked = strcmp(text, "true") == 0 || state_revoked(state, site->name) != 0;
}

int org_resolve(struct org *org, struct state *state)
{
    if (find_gone(org, state) != 0)
        return -1;
    for (uint32_t i = 0; i < org->site_count; i++) {
        take_file_key(org, &org->sites[i]);
        take_renamed(org, state, &org->sites[i]);
        take_file_id(org, state, &org->sites[i]);
    }
    for (uint32_t i = 0; i < org->site_count; i++) {
        struct org_site *site = &org->sites[i];

        /* Only now, so that a new id is none that the file gives to a site further down. */
        if (site->id == 0)
            site->id = state_id(state, site->name);
        if (!site->has_file_key)
            site->has_key = (uint8_t)state_key(state, site->name, "key", &site->key);
        take_revoked(org, state, site);
    }
    return org_index_ids(org);
}
