/* SPDX-License-Identifier: ISC */
#include "admin/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json.h"
#include "common/store.h"

int state_path(const char *org_path, const char *ending, char path_out[PATH_MAX])
{
    size_t length = strlen(org_path);

    if (length > 5 && strcmp(org_path + length - 5, ".yaml") == 0)
        length -= 5;
    if (snprintf(path_out, PATH_MAX, "%.*s%s", (int)length, org_path, ending) < PATH_MAX)
        return 0;
    fprintf(stderr, "%s: the path is too long\n", org_path);
    return -1;
}

/* ---- reading ------------------------------------------------------------------------------- */

static int take_number(const json_t *object, const char *name, uint64_t least, uint64_t most,
                       uint64_t *number_out)
{
    const json_t *value = json_object_get(object, name);
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || (uint64_t)number < least ||
        (uint64_t)number > most)
        return -1;
    *number_out = (uint64_t)number;
    return 0;
}

static int take_key(const json_t *value, struct avpn_key *key_out)
{
    const char *text = json_string_value(value);

    return text && avpn_key_parse(text, key_out) == AVPN_OK ? 0 : -1;
}

/* A set that is not there has no keys. */
static int take_set(const json_t *object, const char *name, struct key_set *set)
{
    const json_t *value = json_object_get(object, name);
    const json_t *keys = json_object_get(value, "keys");
    uint64_t threshold;

    if (!value)
        return 0;
    if (json_array_size(keys) > AVPN_AUTHORITY_KEYS ||
        take_number(value, "threshold", 1, json_array_size(keys), &threshold) != 0)
        return -1;
    for (size_t i = 0; i < json_array_size(keys); i++)
        if (take_key(json_array_get(keys, i), &set->keys[i]) != 0)
            return -1;
    set->threshold = (uint32_t)threshold;
    set->count = (uint32_t)json_array_size(keys);
    return 0;
}

static int are_sites(const json_t *sites)
{
    const char *name;
    const json_t *site;
    struct avpn_key key;
    uint64_t id;

    json_object_foreach((json_t *)(uintptr_t)sites, name, site)
    {
        const json_t *in_force = json_object_get(site, "key");
        const json_t *claimed = json_object_get(site, "claimed");

        if (take_number(site, "id", 1, UINT32_MAX, &id) != 0 ||
            (in_force && take_key(in_force, &key) != 0) ||
            (claimed && take_key(claimed, &key) != 0))
            return 0;
    }
    return json_is_object(sites);
}

static int are_invites(const struct state *state, const json_t *invites)
{
    const char *name;
    const json_t *invite;
    struct avpn_key key;
    uint64_t number;

    json_object_foreach((json_t *)(uintptr_t)invites, name, invite)
    {
        if (take_key(json_object_get(invite, "claim_key"), &key) != 0 ||
            take_number(invite, "expires", 0, INT64_MAX, &number) != 0 ||
            !json_object_get(state->sites, name))
            return 0;
    }
    return json_is_object(invites) && json_object_size(invites) <= AVPN_INVITES;
}

static int take(struct state *state, const json_t *object)
{
    json_t *sites = json_object_get(object, "sites");
    json_t *invites = json_object_get(object, "invites");
    json_t *log = json_object_get(object, "log");
    uint64_t serial, next_id, epoch;

    if (take_key(json_object_get(object, "organization"), &state->organization) != 0 ||
        take_number(object, "version", 0, INT64_MAX, &state->version) != 0 ||
        take_number(object, "serial", 0, STATE_SERIAL_MOST, &serial) != 0 ||
        take_number(object, "next_id", 1, UINT32_MAX, &next_id) != 0 ||
        take_number(object, "psk_epoch", 0, UINT32_MAX, &epoch) != 0 ||
        take_set(object, "root", &state->root) != 0 ||
        take_set(object, "next_root", &state->next_root) != 0 ||
        take_set(object, "signing", &state->signing) != 0 || !are_sites(sites) ||
        !json_is_array(log))
        return -1;
    state->serial = (uint32_t)serial;
    state->next_id = (uint32_t)next_id;
    state->psk_epoch = (uint32_t)epoch;
    state->sites = json_incref(sites);
    if (!are_invites(state, invites))
        return -1;
    state->invites = json_incref(invites);
    state->log = json_incref(log);
    return 0;
}

static int make_empty(struct state *state)
{
    state->is_lost = 1;
    state->next_id = 1;
    state->sites = json_object();
    state->invites = json_object();
    state->log = json_array();
    return state->sites && state->invites && state->log ? 0 : -1;
}

int state_open(struct state *state, const char *org_path)
{
    json_error_t error;
    json_t *object;
    int result;

    memset(state, 0, sizeof *state);
    if (state_path(org_path, ".state.json", state->path) != 0)
        return -1;
    if (access(state->path, F_OK) != 0)
        return make_empty(state);
    object = json_load_file(state->path, JSON_REJECT_DUPLICATES, &error);
    result = object ? take(state, object) : -1;
    json_decref(object);
    if (result != 0) {
        fprintf(stderr,
                "%s:%d: %s; it should be as the last publish left it: restore it from "
                "version control, or remove it, and what can be learnt from what was "
                "published is\n",
                state->path, object ? 1 : error.line,
                object ? "fields are missing or out of range" : error.text);
        state_close(state);
    }
    return result;
}

void state_close(struct state *state)
{
    json_decref(state->sites);
    json_decref(state->invites);
    json_decref(state->log);
    memset(state, 0, sizeof *state);
}

/* ---- writing ----------------------------------------------------------------------------- */

static void put_set(json_t *object, const char *name, const struct key_set *set)
{
    json_t *keys = json_array();

    for (uint32_t i = 0; i < set->count; i++)
        json_array_append_new(keys, json_key(&set->keys[i]));
    if (set->count > 0)
        json_object_set_new(
            object, name,
            json_pack("{s:I, s:O}", "threshold", (json_int_t)set->threshold, "keys", keys));
    json_decref(keys);
}

int state_save(const struct state *state)
{
    json_t *object = json_pack(
        "{s:o, s:I, s:I, s:I, s:I, s:O, s:O, s:O}", "organization", json_key(&state->organization),
        "version", (json_int_t)state->version, "serial", (json_int_t)state->serial, "next_id",
        (json_int_t)state->next_id, "psk_epoch", (json_int_t)state->psk_epoch, "sites",
        state->sites, "invites", state->invites, "log", state->log);
    char *text = NULL;
    int result = -1;

    put_set(object, "root", &state->root);
    put_set(object, "next_root", &state->next_root);
    put_set(object, "signing", &state->signing);
    if (object)
        text = json_dumps(object, JSON_INDENT(2) | JSON_SORT_KEYS);
    if (text)
        result = file_replace(state->path, text, strlen(text), 0644);
    if (result != 0)
        fprintf(stderr, "%s: cannot be written: %s\n", state->path, strerror(errno));
    free(text);
    json_decref(object);
    return result;
}

/* ---- sites ------------------------------------------------------------------------------- */

static json_t *site_of(struct state *state, const char *name)
{
    json_t *site = json_object_get(state->sites, name);

    if (!site) {
        site = json_object();
        json_object_set_new(state->sites, name, site);
    }
    return site;
}

void state_reserve(struct state *state, const char *name, uint32_t id)
{
    json_object_set_new(site_of(state, name), "id", json_integer(id));
    if (id >= state->next_id)
        state->next_id = id + 1;
}

uint32_t state_id(struct state *state, const char *name)
{
    json_int_t id = json_integer_value(json_object_get(json_object_get(state->sites, name), "id"));

    if (id < 1) {
        id = state->next_id;
        state_reserve(state, name, (uint32_t)id);
    }
    return (uint32_t)id;
}

int state_key(const struct state *state, const char *name, const char *which,
              struct avpn_key *key_out)
{
    return take_key(json_object_get(json_object_get(state->sites, name), which), key_out) == 0;
}

void state_set_key(struct state *state, const char *name, const char *which,
                   const struct avpn_key *key)
{
    json_object_set_new(site_of(state, name), which, json_key(key));
}

void state_rename(struct state *state, const char *from, const char *to)
{
    json_t *site = json_incref(json_object_get(state->sites, from));

    json_object_del(state->sites, from);
    json_object_set_new(state->sites, to, site);
}

int64_t state_revoked(const struct state *state, const char *name)
{
    return json_integer_value(json_object_get(json_object_get(state->sites, name), "revoked"));
}

void state_revoke(struct state *state, const char *name, int64_t when)
{
    if (when)
        json_object_set_new(site_of(state, name), "revoked", json_integer(when));
    else
        json_object_del(site_of(state, name), "revoked");
}

/* ---- invites ------------------------------------------------------------------------------- */

int state_invite(const struct state *state, const char *name, struct avpn_invite *invite_out)
{
    const json_t *invite = json_object_get(state->invites, name);
    json_int_t id = json_integer_value(json_object_get(json_object_get(state->sites, name), "id"));

    memset(invite_out, 0, sizeof *invite_out);
    if (!invite || id < 1)
        return 0;
    invite_out->size = sizeof *invite_out;
    invite_out->member = (uint32_t)id;
    invite_out->expires = json_integer_value(json_object_get(invite, "expires"));
    return take_key(json_object_get(invite, "claim_key"), &invite_out->key) == 0;
}

void state_set_invite(struct state *state, const char *name, const struct avpn_invite *invite,
                      uint64_t version)
{
    json_object_set_new(state->invites, name,
                        json_pack("{s:o, s:I, s:I}", "claim_key", json_key(&invite->key), "expires",
                                  (json_int_t)invite->expires, "version", (json_int_t)version));
}

void state_remove_invite(struct state *state, const char *name)
{
    json_object_del(state->invites, name);
}

size_t state_invites(const struct state *state, int64_t now,
                     struct avpn_invite invites_out[AVPN_INVITES])
{
    const char *name;
    json_t *invite;
    size_t count = 0;

    json_object_foreach(state->invites, name, invite)
    {
        if (count < AVPN_INVITES && state_invite(state, name, &invites_out[count]) &&
            invites_out[count].expires > now)
            count++;
    }
    return count;
}

/* ---- what was published ---------------------------------------------------------------------- */

static const char *name_of(const struct state *state, uint32_t id)
{
    const char *name;
    json_t *site;

    json_object_foreach(state->sites, name, site)
    {
        if (json_integer_value(json_object_get(site, "id")) == id)
            return name;
    }
    return NULL;
}

static void learn_members(struct state *state, const struct avpn_config *published)
{
    for (uint32_t i = 0; i < avpn_config_member_count(published); i++) {
        struct avpn_member member = {.size = sizeof member};

        if (avpn_config_member_at(published, i, &member) != AVPN_OK || !member.is_known)
            continue;
        state_reserve(state, member.name, member.id);
        state_set_key(state, member.name, "key", &member.key);
    }
}

static void learn_invites(struct state *state, const struct avpn_config *published)
{
    for (uint32_t i = 0; i < avpn_config_invite_count(published); i++) {
        struct avpn_invite invite = {.size = sizeof invite};
        const char *name;

        if (avpn_config_invite(published, i, &invite) != AVPN_OK)
            continue;
        name = name_of(state, invite.member); /* of a site that waits: lost with the state */
        if (name)
            state_set_invite(state, name, &invite, avpn_config_version(published));
        else if (invite.member >= state->next_id)
            state->next_id = invite.member + 1;
    }
}

int state_learn(struct state *state, const struct avpn_config *published)
{
    uint64_t version = avpn_config_version(published);
    uint32_t serial = (uint32_t)(version >> AVPN_VERSION_SERIAL_SHIFT);

    if (version <= state->version)
        return 0;
    learn_members(state, published);
    learn_invites(state, published);
    state->version = version;
    if (state->psk_epoch < avpn_config_psk_epoch(published))
        state->psk_epoch = avpn_config_psk_epoch(published);
    if (serial >= state->serial) {
        state->serial = serial;
        state->next_root.count = 0; /* if one was under way, it is done */
    }
    return 1;
}

uint64_t state_next_version(const struct state *state)
{
    uint64_t mask = ((uint64_t)1 << AVPN_VERSION_SERIAL_SHIFT) - 1;

    return (uint64_t)state->serial << AVPN_VERSION_SERIAL_SHIFT | ((state->version & mask) + 1);
}

void state_log_publish(struct state *state, uint64_t version, int64_t when, json_t *changes)
{
    json_array_append_new(state->log,
                          json_pack("{s:I, s:I, s:o, s:[]}", "time", (json_int_t)when, "version",
                                    (json_int_t)version, "changes", changes, "registries"));
    while (json_array_size(state->log) > STATE_LOG_ENTRIES)
        json_array_remove(state->log, 0);
}

void state_log_outcome(struct state *state, const char *registry, const char *outcome)
{
    json_t *entry = json_array_get(state->log, json_array_size(state->log) - 1);
    json_t *registries = json_object_get(entry, "registries");
    json_t *noted;
    size_t i;

    json_array_foreach(registries, i, noted)
    {
        const char *name = json_string_value(json_object_get(noted, "registry"));

        if (name && strcmp(name, registry) == 0) {
            json_object_set_new(noted, "outcome", json_string(outcome));
            return;
        }
    }
    json_array_append_new(registries,
                          json_pack("{s:s, s:s}", "registry", registry, "outcome", outcome));
}
