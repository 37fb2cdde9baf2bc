/* SPDX-License-Identifier: ISC */
#include "admin/diff.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <autovpn/sa.h>

#include "admin/words.h"
#include "common/json.h"

#define LOGGED_CHANGES 50

struct diff {
    const struct avpn_config *before; /* NULL: none */
    const struct avpn_config *after;
    json_t *changes;
};

/* ---- making one change ---------------------------------------------------------------------- */

static json_t *text_of(const char *format, va_list arguments)
{
    char text[1024];

    (void)vsnprintf(text, sizeof text, format, arguments);
    return json_string(text);
}

__attribute__((format(printf, 4, 5))) static json_t *
add_change(struct diff *diff, const char *site, const char *field, const char *format, ...)
{
    va_list arguments;
    json_t *change;

    va_start(arguments, format);
    change = json_pack("{s:o, s:s, s:o, s:[]}", "site", site ? json_string(site) : json_null(),
                       "field", field, "change", text_of(format, arguments), "effects");
    va_end(arguments);
    json_array_append_new(diff->changes, change);
    return change;
}

__attribute__((format(printf, 2, 3))) static void add_effect(json_t *change, const char *format,
                                                             ...)
{
    va_list arguments;

    va_start(arguments, format);
    json_array_append_new(json_object_get(change, "effects"), text_of(format, arguments));
    va_end(arguments);
}

/* ---- tunnels -------------------------------------------------------------------------------- */

struct peers {
    uint32_t count;
    uint32_t *ids; /* ascending */
};

static struct peers peers_of(const struct avpn_config *config, uint32_t member)
{
    struct peers peers = {0};

    if (config)
        peers.count = avpn_config_peers(config, member, NULL, 0);
    peers.ids = calloc(peers.count + 1u, sizeof *peers.ids);
    if (!peers.ids)
        peers.count = 0;
    else if (peers.count)
        (void)avpn_config_peers(config, member, peers.ids, peers.count);
    return peers;
}

static void append_name(json_t *names, const struct avpn_config *config, uint32_t id)
{
    struct avpn_member member = {.size = sizeof member};

    if (avpn_config_member(config, id, &member) == AVPN_OK)
        json_array_append_new(names, json_string(member.name));
}

/* Those in `a` and not in `b`. */
static json_t *names_only_in(const struct avpn_config *config, const struct peers *a,
                             const struct peers *b)
{
    json_t *names = json_array();
    uint32_t k = 0;

    for (uint32_t i = 0; i < a->count; i++) {
        while (k < b->count && b->ids[k] < a->ids[i])
            k++;
        if (k == b->count || b->ids[k] != a->ids[i])
            append_name(names, config, a->ids[i]);
    }
    return names;
}

/* The list, taken over, goes into the change under `name`, and shortened into its effects, behind `before`. */
static void tell_list(json_t *change, const char *name, json_t *list, const char *before,
                      const char *behind)
{
    char text[800];

    if (json_array_size(list) > 0) {
        words_list(list, text, sizeof text);
        add_effect(change, "%s%s%s", before, text, behind);
        json_object_set_new(change, name, list);
    } else {
        json_decref(list);
    }
}

static void tell_tunnels(const struct diff *diff, json_t *change, uint32_t member)
{
    struct peers before = peers_of(diff->before, member);
    struct peers after = peers_of(diff->after, member);

    tell_list(change, "tunnels_begin", names_only_in(diff->after, &after, &before),
              "tunnels begin with ", "");
    if (diff->before)
        tell_list(change, "tunnels_end", names_only_in(diff->before, &before, &after),
                  "tunnels end with ", "");
    free(before.ids);
    free(after.ids);
}

/* For what changes nothing about who is whose peer: those concerned. */
static json_t *names_of_peers(const struct avpn_config *config, uint32_t member)
{
    struct peers peers = peers_of(config, member);
    json_t *names = json_array();

    for (uint32_t i = 0; i < peers.count; i++)
        append_name(names, config, peers.ids[i]);
    free(peers.ids);
    return names;
}

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
    tell_list(change, "routes_begin", prefixes_only_in(after, before),
              "every other site gets a route to ", "");
    tell_list(change, "routes_end", prefixes_only_in(before, after),
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
    change = add_change(diff, after->name, "key", "replaced");
    add_effect(change, "the device with the old key is shut out");
    if (!is_revoked(after))
        tell_list(change, "tunnels_renewed", names_of_peers(diff->after, after->id),
                  "tunnels with ", " are made anew");
}

static int compare_revoked(struct diff *diff, const struct avpn_member *before,
                           const struct avpn_member *after)
{
    json_t *change;

    if (is_revoked(before) == is_revoked(after))
        return is_revoked(after); /* nothing else matters then */
    change =
        add_change(diff, after->name, "site", "%s", is_revoked(after) ? "revoked" : "taken back");
    tell_tunnels(diff, change, after->id);
    tell_routes(change, before, after);
    return 1;
}

static void compare_role(struct diff *diff, const struct avpn_member *before,
                         const struct avpn_member *after)
{
    json_t *change;

    if (before->role == after->role)
        return;
    change = add_change(diff, after->name, "role", "%s -> %s", role_name(before), role_name(after));
    tell_tunnels(diff, change, after->id);
}

static json_t *hub_names(const struct avpn_config *config, const struct avpn_member *member,
                         uint32_t flags)
{
    json_t *names = json_array();

    for (uint8_t i = 0; i < member->hub_count; i++)
        if ((member->hubs[i].flags & flags) == flags)
            append_name(names, config, member->hubs[i].member);
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
        add_effect(change, "%s%s",
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
    change = add_change(diff, after->name, "hubs", "%s -> %s", was_text[0] ? was_text : "none",
                        will_text[0] ? will_text : "none");
    if (before->role == after->role) /* else told with the role */
        tell_tunnels(diff, change, after->id);
    if (json_array_size(will) > 0 && after->role == AVPN_ROLE_SPOKE)
        add_effect(change, "routes to it and from it prefer %s",
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
        change = add_change(diff, after->name, "exports", "%s%s%s%s%s", more_text[0] ? "new: " : "",
                            more_text, more_text[0] && less_text[0] ? "; " : "",
                            less_text[0] ? "no more: " : "", less_text);
        tell_routes(change, before, after);
        add_effect(change, "no tunnel changes");
    }
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
        add_change(diff, after->name, "uplinks", "manual contacts: %s", text[0] ? text : "none");
    tell_list(change, "peers", names_of_peers(diff->after, after->id), "", " look for it there");
}

static void compare_member(struct diff *diff, const struct avpn_member *before,
                           const struct avpn_member *after)
{
    if (strcmp(before->name, after->name) != 0) {
        json_t *change = add_change(diff, after->name, "name", "was %s", before->name);

        add_effect(change, "it is shown under this name; nothing else changes");
    }
    if (compare_revoked(diff, before, after))
        return;
    compare_key(diff, before, after);
    compare_role(diff, before, after);
    compare_hubs(diff, before, after);
    compare_exports(diff, before, after);
    compare_uplinks(diff, before, after);
}

/* ---- sites -------------------------------------------------------------------------------- */

static void add_new_member(struct diff *diff, const struct avpn_member *after)
{
    static const struct avpn_member nobody = {.flags = AVPN_MEMBER_REVOKED};
    json_t *change = add_change(diff, after->name, "site", "added, a %s%s", role_name(after),
                                is_revoked(after) ? ", revoked" : "");

    tell_tunnels(diff, change, after->id);
    tell_routes(change, &nobody, after);
}

/* A removed site stays as revoked (org.h); this is one whose key is another site's now. */
static void add_removed_member(struct diff *diff, const struct avpn_member *before)
{
    static const struct avpn_member nobody = {.flags = AVPN_MEMBER_REVOKED};
    json_t *change = add_change(diff, before->name, "site", "removed");

    tell_tunnels(diff, change, before->id);
    tell_routes(change, before, &nobody);
}

/* Both in order of id: one walk. */
static void compare_members(struct diff *diff)
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

/* ---- the organization -------------------------------------------------------------------------- */

static int has_registry(const struct avpn_config *config, const struct avpn_registry_entry *wanted)
{
    struct avpn_registry_entry entry = {.size = sizeof entry};

    for (uint32_t i = 0; config && avpn_config_registry(config, i, &entry) == AVPN_OK; i++)
        if (entry.port == wanted->port && strcmp(entry.host, wanted->host) == 0 &&
            memcmp(&entry.key, &wanted->key, sizeof entry.key) == 0)
            return 1;
    return 0;
}

static void compare_registries(struct diff *diff)
{
    struct avpn_registry_entry entry = {.size = sizeof entry};

    for (uint32_t i = 0; avpn_config_registry(diff->after, i, &entry) == AVPN_OK; i++)
        if (!has_registry(diff->before, &entry)) {
            json_t *change =
                add_change(diff, NULL, "registries", "new: %s port %u", entry.host, entry.port);

            add_effect(change, "every site registers with it");
        }
    for (uint32_t i = 0; diff->before && avpn_config_registry(diff->before, i, &entry) == AVPN_OK;
         i++)
        if (!has_registry(diff->after, &entry)) {
            json_t *change =
                add_change(diff, NULL, "registries", "no more: %s port %u", entry.host, entry.port);

            add_effect(change, "every site leaves it; tunnels stay");
        }
}

static void suites_text(const struct avpn_config *config, char *text_out, size_t capacity)
{
    uint8_t suites[AVPN_SUITES];
    uint32_t count = avpn_config_suites(config, suites, AVPN_SUITES);
    json_t *names = json_array();

    for (uint32_t i = 0; i < count && i < AVPN_SUITES; i++)
        json_array_append_new(names, json_string(avpn_suite_name(suites[i])));
    words_list(names, text_out, capacity);
    json_decref(names);
}

static void compare_suites(struct diff *diff)
{
    char before[200], after[200];
    json_t *change;

    suites_text(diff->before, before, sizeof before);
    suites_text(diff->after, after, sizeof after);
    if (strcmp(before, after) == 0)
        return;
    change = add_change(diff, NULL, "suites", "%s -> %s", before, after);
    add_effect(change, "every tunnel: from its next handshake on");
}

static void compare_name(struct diff *diff)
{
    if (strcmp(avpn_config_name(diff->before), avpn_config_name(diff->after)) == 0)
        return;
    add_effect(add_change(diff, NULL, "name", "%s -> %s", avpn_config_name(diff->before),
                          avpn_config_name(diff->after)),
               "only what is shown");
}

static void compare_authority(struct diff *diff, const struct state *state)
{
    uint64_t version = avpn_config_version(diff->before);
    uint32_t serial = (uint32_t)(version >> AVPN_VERSION_SERIAL_SHIFT);

    if (state->next_root.count)
        add_effect(add_change(diff, NULL, "root-keys", "%u of %u keys from now on, signed by both",
                              state->next_root.threshold, state->next_root.count),
                   "no tunnel and no route changes");
    else if (state->serial != serial)
        add_effect(add_change(diff, NULL, "signing-keys", "%u of %u keys from now on",
                              state->signing.threshold, state->signing.count),
                   "no tunnel and no route changes");
}

static void compare_psk(struct diff *diff, uint32_t epoch)
{
    uint32_t before = avpn_config_psk_epoch(diff->before);

    if (epoch == before)
        return;
    add_effect(add_change(diff, NULL, "psk", "epoch %u -> %u", before, epoch),
               "every tunnel: from its next handshake on; no packet is lost");
}

/* ---- invites -------------------------------------------------------------------------------- */

static int find_invite(const struct avpn_config *config, const struct avpn_invite *wanted)
{
    struct avpn_invite invite = {.size = sizeof invite};

    for (uint32_t i = 0; config && avpn_config_invite(config, i, &invite) == AVPN_OK; i++)
        if (invite.member == wanted->member &&
            memcmp(&invite.key, &wanted->key, sizeof invite.key) == 0 &&
            invite.expires == wanted->expires)
            return 1;
    return 0;
}

static void compare_invites(struct diff *diff, const struct state *state, int64_t now)
{
    const char *name;
    json_t *ignored;
    struct avpn_invite invite = {.size = sizeof invite};
    char when[WORDS_TIME];
    uint32_t kept = 0;

    json_object_foreach(state->invites, name, ignored)
    {
        if (!state_invite(state, name, &invite) || invite.expires <= now)
            continue;
        if (find_invite(diff->before, &invite))
            kept++;
        else
            add_change(diff, name, "invite", "open until %s", words_time(invite.expires, when));
    }
    if (diff->before && avpn_config_invite_count(diff->before) > kept)
        add_change(diff, NULL, "invite", "%u no more open",
                   avpn_config_invite_count(diff->before) - kept);
}

/* ---- all ------------------------------------------------------------------------------------ */

json_t *diff_make(const struct avpn_config *before, const struct avpn_config *after,
                  const struct state *state, int64_t now)
{
    struct diff diff = {before, after, json_array()};

    if (before) {
        compare_name(&diff);
        compare_suites(&diff);
        compare_authority(&diff, state);
        compare_psk(&diff, state->psk_epoch);
    }
    compare_registries(&diff);
    compare_members(&diff);
    compare_invites(&diff, state, now);
    return diff.changes;
}

static void print_change(const json_t *change, FILE *file)
{
    const char *site = json_string_value(json_object_get(change, "site"));
    const json_t *effect;
    size_t i;

    fprintf(file, "  %s%s%s: %s\n", site ? site : "", site ? ": " : "",
            json_string_value(json_object_get(change, "field")),
            json_string_value(json_object_get(change, "change")));
    json_array_foreach(json_object_get(change, "effects"), i, effect)
    {
        fprintf(file, "      %s\n", json_string_value(effect));
    }
}

void diff_print(const json_t *changes, size_t limit, FILE *file)
{
    const json_t *change;
    size_t i;

    json_array_foreach(changes, i, change)
    {
        if (i == limit) {
            fprintf(file, "  and %zu more changes; --json tells all\n",
                    json_array_size(changes) - limit);
            return;
        }
        print_change(change, file);
    }
}

json_t *diff_texts(const json_t *changes)
{
    json_t *texts = json_array();
    const json_t *change;
    size_t i;

    json_array_foreach(changes, i, change)
    {
        const char *site = json_string_value(json_object_get(change, "site"));
        char text[600];

        if (i == LOGGED_CHANGES) {
            (void)snprintf(text, sizeof text, "and %zu more", json_array_size(changes) - i);
            json_array_append_new(texts, json_string(text));
            break;
        }
        (void)snprintf(text, sizeof text, "%s%s%s: %s", site ? site : "", site ? ": " : "",
                       json_string_value(json_object_get(change, "field")),
                       json_string_value(json_object_get(change, "change")));
        json_array_append_new(texts, json_string(text));
    }
    return texts;
}
