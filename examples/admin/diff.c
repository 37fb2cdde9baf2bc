/* SPDX-License-Identifier: ISC */
#include "admin/diff.h"

#include "admin/change.h"

#define LOGGED_CHANGES 50

json_t *diff_make(const struct avpn_config *before, const struct avpn_config *after,
                  const struct state *state, int64_t now)
{
    struct diff diff = {before, after, json_array()};

    diff_organization(&diff, state);
    diff_policy(&diff);
    diff_sites(&diff);
    diff_invites(&diff, state, now);
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
