/* SPDX-License-Identifier: ISC */
#include "admin/warnings.h"

#include <string.h>
#include <time.h>

#include "admin/findings.h"
#include "admin/words.h"

/* ---- sites -------------------------------------------------------------------------------- */

static void warn_of_waiting(const struct org *org, const struct state *state,
                            const struct org_site *site, int64_t now)
{
    struct avpn_invite invite = {.size = sizeof invite};
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

static void warn_of_hubs(const struct org *org, const struct org_site *site)
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
    if (site->role == AVPN_ROLE_SPOKE && useful == 0)
        findings_warn(&org->file, &list, site->name,
                      count ? "has no tunnel with anybody until one of its hubs is there"
                            : "is a spoke that names no hub: it has no tunnel with anybody");
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
    struct overlaps overlaps;
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
            warn_of_hubs(org, site);
    }
    if (overlaps_make(&overlaps, org) == 0) {
        warnings_addresses(&overlaps);
        warnings_policy(&overlaps);
        overlaps_free(&overlaps);
    }
}
