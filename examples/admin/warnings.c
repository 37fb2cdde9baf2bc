/* SPDX-License-Identifier: ISC */
/* warnings: what is legal in an organization's file, but worth a thought. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/findings.h"
#include "admin/org.h"
#include "admin/words.h"

/* ---- exports of several sites that overlap [RTE-3] ------------------------------------------- */

/* Family, bits, length: what contains a prefix comes before it. */
static int compare_exports(const void *a, const void *b)
{
    const struct org_export *x = a;
    const struct org_export *y = b;
    int order = x->prefix.family - y->prefix.family;

    if (order == 0)
        order = memcmp(x->prefix.bytes, y->prefix.bytes, sizeof x->prefix.bytes);
    if (order == 0)
        order = x->prefix.length - y->prefix.length;
    return order ? order : (x->site > y->site) - (x->site < y->site);
}

static int contains(const struct avpn_prefix *outer, const struct avpn_prefix *inner)
{
    uint32_t whole = outer->length / 8;
    uint32_t rest = outer->length % 8;

    if (outer->family != inner->family || outer->length > inner->length ||
        memcmp(outer->bytes, inner->bytes, whole) != 0)
        return 0;
    return rest == 0 || ((outer->bytes[whole] ^ inner->bytes[whole]) >> (8 - rest)) == 0;
}

static int locate(const struct org *org, const struct org_export *export, struct setting *where_out)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting list;

    return settings_get(file, &org->sites[export->site].where, "exports", &list) &&
           settings_at(file, &list, export->index, where_out);
}

static void warn_of_overlap(const struct org *org, const struct org_export *outer,
                            const struct org_export *inner)
{
    const char *other = org->sites[outer->site].name;
    char text[AVPN_PREFIX_TEXT];
    struct setting here;
    struct setting there;

    if (!locate(org, inner, &here) || !locate(org, outer, &there) ||
        avpn_prefix_format(&outer->prefix, text, sizeof text) != AVPN_OK)
        return;
    if (outer->prefix.length == inner->prefix.length)
        findings_warn(&org->file, &here, NULL,
                      "is exported by %s too (line %u): it goes to a hub before a spoke, then to "
                      "the site that was added first, and to the other when that is down",
                      other, there.line);
    else
        findings_warn(&org->file, &here, NULL,
                      "lies in %s of %s (line %u): the longer one wins, also when its site is down",
                      text, other, there.line);
}

/* Each export against the nearest one of another site that contains it, so that the list stays short. */
static void warn_of_overlaps(const struct org *org)
{
    const struct org_export *open[130]; /* nested: at most one of each length */
    uint32_t depth = 0;

    qsort(org->exports, org->export_count, sizeof org->exports[0], compare_exports);
    for (uint32_t i = 0; i < org->export_count; i++) {
        const struct org_export *export = &org->exports[i];
        uint32_t k;

        while (depth > 0 && !contains(&open[depth - 1]->prefix, &export->prefix))
            depth--;
        for (k = depth; k > 0 && open[k - 1]->site == export->site; k--)
            ;
        if (k > 0 && !org->sites[export->site].is_revoked)
            warn_of_overlap(org, open[k - 1], export);
        if ((depth == 0 || open[depth - 1]->prefix.length < export->prefix.length) &&
            !org->sites[export->site].is_revoked)
            open[depth++] = export;
    }
}

/* ---- sites -------------------------------------------------------------------------------- */

static void warn_of_waiting(const struct org *org, const struct state *state,
                            const struct org_site *site, int64_t now)
{
    struct avpn_invite invite;
    char when[WORDS_TIME];

    if (!state_invite(state, site->name, &invite))
        findings_warn(&org->file, &site->where, site->name,
                      "waits for a device and is not a member yet; \"autovpn invite\" makes its "
                      "token");
    else if (invite.expires <= now)
        findings_warn(&org->file, &site->where, site->name,
                      "waits for a device, and its invite has expired (%s); \"autovpn invite\" "
                      "makes another",
                      words_time(invite.expires, when));
    else
        findings_warn(&org->file, &site->where, site->name,
                      "waits for the device that has its token, valid until %s",
                      words_time(invite.expires, when));
}

static const struct org_site *hub_named(const struct org *org, const struct setting *item)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting value = *item;

    if (settings_is_map(item) && !settings_get(file, item, "name", &value))
        return NULL;
    return settings_is_text(&value)
               ? org_site_by_name(org, (const char *)value.node->data.scalar.value)
               : NULL;
}

static void warn_of_hubs(const struct org *org, const struct org_site *site, int is_spoke)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting list = site->where;
    struct setting item;
    uint32_t count =
        settings_get(file, &site->where, "hubs", &list) ? settings_list(file, &list) : 0;
    uint32_t useful = 0;

    for (uint32_t i = 0; i < count && settings_at(file, &list, i, &item); i++) {
        const struct org_site *hub = hub_named(org, &item);

        if (!hub)
            continue;
        if (!hub->has_key)
            findings_warn(&org->file, &item, hub->name,
                          "waits for a device: it is left out until it has joined");
        else if (hub->is_revoked)
            findings_warn(&org->file, &item, hub->name, "is revoked: there is no tunnel with it");
        else
            useful++;
    }
    if (is_spoke && useful == 0)
        findings_warn(&org->file, &list, site->name,
                      count ? "has no tunnel with anybody until one of its hubs is there"
                            : "is a spoke that names no hub: it has no tunnel with anybody");
}

static int is_spoke(const struct org *org, const struct org_site *site)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting value;

    return settings_get(file, &site->where, "role", &value) && settings_is_text(&value) &&
           strcmp((const char *)value.node->data.scalar.value, "spoke") == 0;
}

/* The file has one key, a device with a token came with another. */
static void warn_of_claimed(const struct org *org, const struct state *state,
                            const struct org_site *site)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct avpn_key claimed;
    struct setting value;

    if (site->has_file_key && state_key(state, site->name, "claimed", &claimed) &&
        memcmp(&claimed, &site->key, sizeof claimed) != 0 &&
        settings_get(file, &site->where, "key", &value))
        findings_warn(&org->file, &value, NULL,
                      "is not the key of the device that claimed this place; the file wins, "
                      "without this line the device's key does");
}

static void warn_of_revoked(const struct org *org, const struct state *state,
                            const struct org_site *site)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting value;

    if (state_revoked(state, site->name) && !settings_get(file, &site->where, "revoked", &value))
        findings_warn(&org->file, &site->where, site->name,
                      "was revoked by \"autovpn org revoke\"; write revoked: true here or remove "
                      "the site (revoked: false takes it back)");
}

void org_warn(const struct org *org, const struct state *state, const struct avpn_config *config)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    int64_t now = (int64_t)time(NULL);
    struct setting value;

    if (avpn_config_registry_count(config) == 1 &&
        settings_get(file, &org->root, "registries", &value))
        findings_warn(&org->file, &value, "",
                      "is one registry alone: while it is away nothing new connects, and no NAT "
                      "can be told from another; two or more, on different machines, are right");
    for (uint32_t i = 0; i < org->site_count; i++) {
        const struct org_site *site = &org->sites[i];

        if (site->is_revoked)
            warn_of_revoked(org, state, site);
        else if (!site->has_key)
            warn_of_waiting(org, state, site, now);
        warn_of_claimed(org, state, site);
        if (!site->is_revoked)
            warn_of_hubs(org, site, is_spoke(org, site));
    }
    warn_of_overlaps(org);
}
