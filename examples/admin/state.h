/* SPDX-License-Identifier: ISC */
/*
 * state: what publishing must never forget, a JSON file beside org.yaml that belongs into the same version control. It has
 * no secret: version and ids (never reused, those of sites that are gone too), the key each site has, open
 * invites, the public halves of the authority's keys, and a log of what was published.
 *
 * Life: open -> ask and set -> save -> close. Changes are in memory until saved. Names are those of
 * sites; what an organization has published is told again by state_learn.
 */
#ifndef ADMIN_STATE_H
#define ADMIN_STATE_H

#include <limits.h>
#include <stdint.h>

#include <jansson.h>

#include "admin/keys.h"

#define STATE_LOG_ENTRIES 1000 /* the oldest go */
#define STATE_SERIAL_MOST 32767u

struct state {
    char path[PATH_MAX];
    int is_lost; /* there was no file */
    struct avpn_key organization;
    uint64_t version; /* last signed, 0: never; upper 16 bits as below */
    uint32_t serial;  /* of the charter, for the next publish [CFG-5] */
    uint32_t next_id;
    uint32_t psk_epoch;       /* of the pre-shared keys, for the next publish */
    struct key_set root;      /* count 0: not known */
    struct key_set next_root; /* count 0: no rotation under way */
    struct key_set signing;
    json_t *sites;   /* name -> {id, key, claimed, revoked} */
    json_t *invites; /* name -> {claim_key, expires, version} */
    json_t *log;     /* {time, version, changes, registries}, the newest last */
};

/* org.yaml -> org.state.json and the like. -1: too long. */
int state_path(const char *org_path, const char *ending, char path_out[PATH_MAX]);

/* Of the organization in `org_path`. 0, or -1 after a complaint; a missing file is an empty state. */
int state_open(struct state *state, const char *org_path);
void state_close(struct state *state);
/* 0, or -1 after a complaint. */
int state_save(const struct state *state);

/* Take from what was published all that is newer there. Returns 1 if there was something. */
int state_learn(struct state *state, const struct avpn_config *published);

/* Note an id that the file itself gives. */
void state_reserve(struct state *state, const char *name, uint32_t id);
/* The id a site has, a new one if it has none. */
uint32_t state_id(struct state *state, const char *name);
/* A site has another name now: it keeps its id. */
void state_rename(struct state *state, const char *from, const char *to);

/* "key": in force since the last publish, "claimed": by a device that had a token. 1: there is one. */
int state_key(const struct state *state, const char *name, const char *which,
              struct avpn_key *key_out);
void state_set_key(struct state *state, const char *name, const char *which,
                   const struct avpn_key *key);
/* When it was revoked by command, 0: it is not. */
int64_t state_revoked(const struct state *state, const char *name);
void state_revoke(struct state *state, const char *name, int64_t when); /* 0: no more */

/* 1: there is one. Its member is the site's id. */
int state_invite(const struct state *state, const char *name, struct avpn_invite *invite_out);
void state_set_invite(struct state *state, const char *name, const struct avpn_invite *invite,
                      uint64_t version);
void state_remove_invite(struct state *state, const char *name);
/* Those not expired at `now`; returns how many. */
size_t state_invites(const struct state *state, int64_t now,
                     struct avpn_invite invites_out[AVPN_INVITES]);

/* The version the next publish has. */
uint64_t state_next_version(const struct state *state);
/* A new entry; `changes`, a list of texts, is taken over. */
void state_log_publish(struct state *state, uint64_t version, int64_t when, json_t *changes);
/* How a registry took it: noted in the newest entry, in place of what was noted for it before. */
void state_log_outcome(struct state *state, const char *registry, const char *outcome);

#endif
