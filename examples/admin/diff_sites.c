/* SPDX-License-Identifier: ISC */
/* diff_sites: what changes at each site: itself, its device, its role, hubs, subnets, translations and uplinks. */
#include <string.h>

#include "admin/change.h"
#include "admin/words.h"
#include "common/json.h"

/* ---- routes --------------------------------------------------------------------------------- */

static int has_prefix(const struct avpn_member *member, const struct avpn_prefix *prefix)
{
    for (uint8_t i = 0; i < member->export_count; i++)
        if (memcmp(&member->exports[i], prefix, sizeof *prefix) == 0)
            return 1;
    return 0;
}

static int is_revoked(const struct avpn_member *member)
{
    return (member->flags & AVPN_MEMBER_REVOKED) != 0;
}

/* The exports that count of `a` and do not of `b`. */
static json_t *prefixes_only_in(const struct avpn_member *a, const struct avpn_member *b)
{
    json_t *prefixes = json_array();

    for (uint8_t i = 0; !is_revoked(a) && i < a->export_count; i++)
        if (is_revoked(b) || !has_prefix(b, &a->exports[i]))
            json_array_append_new(prefixes, json_prefix(&a->exports[i]));
    return prefixes;
}

static void tell_routes(json_t *change, const struct avpn_member *before,
                        const struct avpn_member *after)
{
    change_list(change, "routes_begin", prefixes_only_in(after, before),
              "every other site gets a route to ", "");
    change_list(change, "routes_end", prefixes_only_in(before, after),
              "every other site loses its route to ", "");
}

/* ---- one site that is in both ------------------------------------------------------------------ */

static const char *role_name(const struct avpn_member *member)
{
    return member->role == AVPN_ROLE_HUB ? "hub" : "spoke";
}

static void compare_key(struct diff *diff, const struct avpn_member *before,
                        const struct avpn_member *after)
{
    json_t *change;

    if (memcmp(&before->key, &after->key, sizeof before->key) == 0)
        return;
    change = change_add(diff, after->name, "key", "replaced");
    change_effect(change, "the device with the old key is shut out");
    if (!is_revoked(after))
        change_list(change, "tunnels_renewed", change_peers(diff->after, after->id),
                  "tunnels with ", " are made anew");
}

static int compare_revoked(struct diff *diff, const struct avpn_member *before,
                           const struct avpn_member *after)
{
    json_t *change;

    if (is_revoked(before) == is_revoked(after))
        return is_revoked(after); /* nothing else matters then */
    change =
        change_add(diff, after->name, "site", "%s", is_revoked(after) ? "revoked" : "taken back");
    change_tunnels(diff, change, after->id);
    tell_routes(change, before, after);
    return 1;
}

static void compare_role(struct diff *diff, const struct avpn_member *before,
                         const struct avpn_member *after)
{
    json_t *change;

    if (before->role == after->role)
        return;
    change = change_add(diff, after->name, "role", "%s -> %s", role_name(before), role_name(after));
    change_tunnels(diff, change, after->id);
}

static json_t *hub_names(const struct avpn_config *config, const struct avpn_member *member,
                         uint32_t flags)
{
    json_t *names = json_array();

    for (uint8_t i = 0; i < member->hub_count; i++)
        if ((member->hubs[i].flags & flags) == flags)
            change_name(names, config, member->hubs[i].member);
    return names;
}

static void tell_default_route(const struct diff *diff, json_t *change,
                               const struct avpn_member *before, const struct avpn_member *after)
{
    json_t *was = hub_names(diff->before, before, AVPN_HUB_DEFAULT_ROUTE);
    json_t *will = hub_names(diff->after, after, AVPN_HUB_DEFAULT_ROUTE);
    char text[800];

    words_list(will, text, sizeof text);
    if (!json_equal(was, will))
        change_effect(change, "%s%s",
                   text[0] ? "its default route goes through "
                           : "it has no default route through the VPN",
                   text);
    json_decref(was);
    json_decref(will);
}

static void compare_hubs(struct diff *diff, const struct avpn_member *before,
                         const struct avpn_member *after)
{
    json_t *was, *will, *change;
    char was_text[400], will_text[400];

    if (before->hub_count == after->hub_count &&
        memcmp(before->hubs, after->hubs, sizeof before->hubs) == 0)
        return;
    was = hub_names(diff->before, before, 0);
    will = hub_names(diff->after, after, 0);
    words_list(was, was_text, sizeof was_text);
    words_list(will, will_text, sizeof will_text);
    change = change_add(diff, after->name, "hubs", "%s -> %s", was_text[0] ? was_text : "none",
                        will_text[0] ? will_text : "none");
    if (before->role == after->role) /* else told with the role */
        change_tunnels(diff, change, after->id);
    if (json_array_size(will) > 0 && after->role == AVPN_ROLE_SPOKE)
        change_effect(change, "routes to it and from it prefer %s",
                   json_string_value(json_array_get(will, 0)));
    tell_default_route(diff, change, before, after);
    json_decref(was);
    json_decref(will);
}

static void compare_exports(struct diff *diff, const struct avpn_member *before,
                            const struct avpn_member *after)
{
    json_t *more = prefixes_only_in(after, before);
    json_t *less = prefixes_only_in(before, after);
    char more_text[500], less_text[500];
    json_t *change;

    words_list(more, more_text, sizeof more_text);
    words_list(less, less_text, sizeof less_text);
    if (more_text[0] || less_text[0]) {
        change = change_add(diff, after->name, "exports", "%s%s%s%s%s", more_text[0] ? "new: " : "",
                            more_text, more_text[0] && less_text[0] ? "; " : "",
                            less_text[0] ? "no more: " : "", less_text);
        tell_routes(change, before, after);
        change_effect(change, "no tunnel changes");
    }
    json_decref(more);
    json_decref(less);
}

static int has_translation(const struct avpn_member *member, const struct avpn_translation *pair)
{
    for (uint8_t i = 0; i < member->translation_count; i++)
        if (memcmp(&member->translations[i], pair, sizeof *pair) == 0)
            return 1;
    return 0;
}

/* "192.168.1.0/24 as 10.9.1.0/24": those of `a` and not of `b`. */
static json_t *translations_only_in(const struct avpn_member *a, const struct avpn_member *b)
{
    json_t *texts = json_array();
    char local[AVPN_PREFIX_TEXT], exported[AVPN_PREFIX_TEXT];

    for (uint8_t i = 0; i < a->translation_count; i++)
        if (!has_translation(b, &a->translations[i]) &&
            avpn_prefix_format(&a->translations[i].local, local, sizeof local) == AVPN_OK &&
            avpn_prefix_format(&a->translations[i].exported, exported, sizeof exported) == AVPN_OK)
            json_array_append_new(texts, json_sprintf("%s as %s", local, exported));
    return texts;
}

static void compare_translations(struct diff *diff, const struct avpn_member *before,
                                 const struct avpn_member *after)
{
    json_t *more = translations_only_in(after, before);
    json_t *less = translations_only_in(before, after);
    char more_text[500], less_text[500];

    words_list(more, more_text, sizeof more_text);
    words_list(less, less_text, sizeof less_text);
    if (more_text[0] || less_text[0])
        change_effect(change_add(diff, after->name, "translate", "%s%s%s%s%s",
                                 more_text[0] ? "new: " : "", more_text,
                                 more_text[0] && less_text[0] ? "; " : "",
                                 less_text[0] ? "no more: " : "", less_text),
                      "connections of these hosts begin anew; no tunnel and no route changes");
    json_decref(more);
    json_decref(less);
}

static void compare_uplinks(struct diff *diff, const struct avpn_member *before,
                            const struct avpn_member *after)
{
    char text[AVPN_UPLINKS * (AVPN_CONTACT_TEXT + 2)] = "";
    json_t *change;

    if (before->uplink_count == after->uplink_count &&
        memcmp(before->manual, after->manual, sizeof before->manual) == 0)
        return;
    for (uint8_t i = 0; i < after->uplink_count; i++) {
        char contact[AVPN_CONTACT_TEXT] = "none";

        (void)avpn_contact_format(&after->manual[i], contact, sizeof contact);
        strcat(strcat(text, i ? ", " : ""), contact);
    }
    change =
        change_add(diff, after->name, "uplinks", "manual contacts: %s", text[0] ? text : "none");
    change_list(change, "peers", change_peers(diff->after, after->id), "", " look for it there");
}

static void compare_member(struct diff *diff, const struct avpn_member *before,
                           const struct avpn_member *after)
{
    if (strcmp(before->name, after->name) != 0) {
        json_t *change = change_add(diff, after->name, "name", "was %s", before->name);

        change_effect(change, "it is shown under this name; nothing else changes");
    }
    if (compare_revoked(diff, before, after))
        return;
    compare_key(diff, before, after);
    compare_role(diff, before, after);
    compare_hubs(diff, before, after);
    compare_exports(diff, before, after);
    compare_translations(diff, before, after);
    compare_uplinks(diff, before, after);
}

/* ---- sites -------------------------------------------------------------------------------- */

static void add_new_member(struct diff *diff, const struct avpn_member *after)
{
    static const struct avpn_member nobody = {.flags = AVPN_MEMBER_REVOKED};
    json_t *change = change_add(diff, after->name, "site", "added, a %s%s", role_name(after),
                                is_revoked(after) ? ", revoked" : "");

    change_tunnels(diff, change, after->id);
    tell_routes(change, &nobody, after);
}

/* A removed site stays as revoked (org.h); this is one whose key is another site's now. */
static void add_removed_member(struct diff *diff, const struct avpn_member *before)
{
    static const struct avpn_member nobody = {.flags = AVPN_MEMBER_REVOKED};
    json_t *change = change_add(diff, before->name, "site", "removed");

    change_tunnels(diff, change, before->id);
    tell_routes(change, before, &nobody);
}

/* Both in order of id: one walk. */
void diff_sites(struct diff *diff)
{
    struct avpn_member before = {.size = sizeof before};
    struct avpn_member after = {.size = sizeof after};
    uint32_t i = 0, k = 0;

    for (;;) {
        int has_before = diff->before && avpn_config_member_at(diff->before, i, &before) == AVPN_OK;
        int has_after = avpn_config_member_at(diff->after, k, &after) == AVPN_OK;

        if (!has_before && !has_after)
            return;
        if (has_before && has_after && before.id == after.id)
            compare_member(diff, &before, &after);
        else if (has_after && (!has_before || after.id < before.id))
            add_new_member(diff, &after);
        else
            add_removed_member(diff, &before);
        i += has_before && (!has_after || before.id <= after.id);
        k += has_after && (!has_before || after.id <= before.id);
    }
}
