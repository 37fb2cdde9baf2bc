/* SPDX-License-Identifier: ISC */
/* diff_organization: what changes about the organization itself: name, suites, keys, registries, invites. */
#include <string.h>

#include <autovpn/sa.h>

#include "admin/change.h"
#include "admin/words.h"

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
                change_add(diff, NULL, "registries", "new: %s port %u", entry.host, entry.port);

            change_effect(change, "every site registers with it");
        }
    for (uint32_t i = 0; diff->before && avpn_config_registry(diff->before, i, &entry) == AVPN_OK;
         i++)
        if (!has_registry(diff->after, &entry)) {
            json_t *change =
                change_add(diff, NULL, "registries", "no more: %s port %u", entry.host, entry.port);

            change_effect(change, "every site leaves it; tunnels stay");
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
    change = change_add(diff, NULL, "suites", "%s -> %s", before, after);
    change_effect(change, "every tunnel: from its next handshake on");
}

static void compare_name(struct diff *diff)
{
    if (strcmp(avpn_config_name(diff->before), avpn_config_name(diff->after)) == 0)
        return;
    change_effect(change_add(diff, NULL, "name", "%s -> %s", avpn_config_name(diff->before),
                          avpn_config_name(diff->after)),
               "only what is shown");
}

static void compare_authority(struct diff *diff, const struct state *state)
{
    uint64_t version = avpn_config_version(diff->before);
    uint32_t serial = (uint32_t)(version >> AVPN_VERSION_SERIAL_SHIFT);

    if (state->next_root.count)
        change_effect(change_add(diff, NULL, "root-keys", "%u of %u keys from now on, signed by both",
                              state->next_root.threshold, state->next_root.count),
                   "no tunnel and no route changes");
    else if (state->serial != serial)
        change_effect(change_add(diff, NULL, "signing-keys", "%u of %u keys from now on",
                              state->signing.threshold, state->signing.count),
                   "no tunnel and no route changes");
}

static void compare_psk(struct diff *diff, uint32_t epoch)
{
    uint32_t before = avpn_config_psk_epoch(diff->before);

    if (epoch == before)
        return;
    change_effect(change_add(diff, NULL, "psk", "epoch %u -> %u", before, epoch),
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

void diff_invites(struct diff *diff, const struct state *state, int64_t now)
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
            change_add(diff, name, "invite", "open until %s", words_time(invite.expires, when));
    }
    if (diff->before && avpn_config_invite_count(diff->before) > kept)
        change_add(diff, NULL, "invite", "%u no more open",
                   avpn_config_invite_count(diff->before) - kept);
}

void diff_organization(struct diff *diff, const struct state *state)
{
    if (diff->before) {
        compare_name(diff);
        compare_suites(diff);
        compare_authority(diff, state);
        compare_psk(diff, state->psk_epoch);
    }
    compare_registries(diff);
}
