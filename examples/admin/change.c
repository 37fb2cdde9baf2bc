/* SPDX-License-Identifier: ISC */
#include "admin/change.h"

#include <stdarg.h>
#include <stdlib.h>

#include "admin/words.h"

/* ---- making one change ---------------------------------------------------------------------- */

static json_t *text_of(const char *format, va_list arguments)
{
    char text[1024];

    (void)vsnprintf(text, sizeof text, format, arguments);
    return json_string(text);
}

json_t *change_add(struct diff *diff, const char *site, const char *field, const char *format, ...)
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

void change_effect(json_t *change, const char *format, ...)
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

void change_name(json_t *names, const struct avpn_config *config, uint32_t id)
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
            change_name(names, config, a->ids[i]);
    }
    return names;
}

void change_list(json_t *change, const char *name, json_t *list, const char *before,
                 const char *behind)
{
    char text[800];

    if (json_array_size(list) > 0) {
        words_list(list, text, sizeof text);
        change_effect(change, "%s%s%s", before, text, behind);
        json_object_set_new(change, name, list);
    } else {
        json_decref(list);
    }
}

void change_tunnels(const struct diff *diff, json_t *change, uint32_t member)
{
    struct peers before = peers_of(diff->before, member);
    struct peers after = peers_of(diff->after, member);

    change_list(change, "tunnels_begin", names_only_in(diff->after, &after, &before),
                "tunnels begin with ", "");
    if (diff->before)
        change_list(change, "tunnels_end", names_only_in(diff->before, &before, &after),
                    "tunnels end with ", "");
    free(before.ids);
    free(after.ids);
}

json_t *change_peers(const struct avpn_config *config, uint32_t member)
{
    struct peers peers = peers_of(config, member);
    json_t *names = json_array();

    for (uint32_t i = 0; i < peers.count; i++)
        change_name(names, config, peers.ids[i]);
    free(peers.ids);
    return names;
}
