/* SPDX-License-Identifier: ISC */
#include "admin/state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/store.h"

static int make_path(struct state *state, const char *org_path)
{
    size_t length = strlen(org_path);

    if (length > 5 && strcmp(org_path + length - 5, ".yaml") == 0)
        length -= 5;
    return snprintf(state->path, sizeof state->path, "%.*s.state.json", (int)length, org_path) <
                   (int)sizeof state->path
               ? 0
               : -1;
}

static int take(struct state *state, const json_t *object)
{
    json_int_t version = json_integer_value(json_object_get(object, "version"));
    json_int_t next_id = json_integer_value(json_object_get(object, "next_id"));
    json_int_t epoch = json_integer_value(json_object_get(object, "psk_epoch"));
    json_t *ids = json_object_get(object, "ids");

    if (version < 0 || next_id < 1 || next_id > UINT32_MAX || epoch < 1 || epoch > UINT32_MAX ||
        !json_is_object(ids))
        return -1;
    state->version = (uint64_t)version;
    state->next_id = (uint32_t)next_id;
    state->psk_epoch = (uint32_t)epoch;
    state->ids = json_incref(ids);
    return 0;
}

int state_open(struct state *state, const char *org_path)
{
    json_error_t error;
    json_t *object;
    int result;

    memset(state, 0, sizeof *state);
    state->next_id = 1;
    state->psk_epoch = 1;
    if (make_path(state, org_path) != 0) {
        fprintf(stderr, "%s: the path is too long\n", org_path);
        return -1;
    }
    if (access(state->path, F_OK) != 0) {
        state->ids = json_object();
        return state->ids ? 0 : -1;
    }
    object = json_load_file(state->path, 0, &error);
    result = object ? take(state, object) : -1;
    json_decref(object);
    if (result != 0)
        fprintf(stderr, "%s:%d: %s; it should be as the last publish left it: restore it from "
                        "version control, for a lost version or id would confuse every node\n",
                state->path, object ? 1 : error.line,
                object ? "fields are missing or out of range" : error.text);
    return result;
}

void state_close(struct state *state)
{
    json_decref(state->ids);
    state->ids = NULL;
}

int state_save(const struct state *state)
{
    json_t *object = json_pack("{s:I, s:I, s:I, s:O}", "version", (json_int_t)state->version,
                               "next_id", (json_int_t)state->next_id, "psk_epoch",
                               (json_int_t)state->psk_epoch, "ids", state->ids);
    char *text = object ? json_dumps(object, JSON_INDENT(2) | JSON_SORT_KEYS) : NULL;
    int result = text ? file_replace(state->path, text, strlen(text), 0644) : -1;

    if (result != 0)
        fprintf(stderr, "%s: cannot be written: %s\n", state->path, strerror(errno));
    free(text);
    json_decref(object);
    return result;
}

void state_reserve(struct state *state, const char *name, uint32_t id)
{
    json_object_set_new(state->ids, name, json_integer(id));
    if (id >= state->next_id)
        state->next_id = id + 1;
}

uint32_t state_id(struct state *state, const char *name)
{
    json_int_t id = json_integer_value(json_object_get(state->ids, name));

    if (id < 1 || id > UINT32_MAX) {
        id = state->next_id++;
        json_object_set_new(state->ids, name, json_integer(id));
    }
    return (uint32_t)id;
}
