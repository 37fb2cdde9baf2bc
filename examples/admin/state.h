/* SPDX-License-Identifier: ISC */
/*
 * state: what publishing must never forget: the last version, and every id ever given, also
 * those of sites that are gone, for ids are never reused. A JSON file beside org.yaml that
 * belongs into the same git repository.
 */
#ifndef ADMIN_STATE_H
#define ADMIN_STATE_H

#include <limits.h>
#include <stdint.h>

#include <jansson.h>

struct state {
    char path[PATH_MAX];
    uint64_t version; /* last published, 0: never */
    uint32_t next_id;
    uint32_t psk_epoch;
    json_t *ids; /* name -> id */
};

/* Of the organization in `org_path`. 0, or -1 after a complaint; a missing file is an empty state. */
int state_open(struct state *state, const char *org_path);
void state_close(struct state *state);
/* 0, or -1 after a complaint. */
int state_save(const struct state *state);
/* Note an id that the file itself gives. */
void state_reserve(struct state *state, const char *name, uint32_t id);
/* The id a site has, a new one if it has none. */
uint32_t state_id(struct state *state, const char *name);

#endif
