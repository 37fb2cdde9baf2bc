/* SPDX-License-Identifier: ISC */
/*
 * change: one change as diff.h tells it, while it is made; and the subjects a diff is made of.
 */
#ifndef ADMIN_CHANGE_H
#define ADMIN_CHANGE_H

#include <jansson.h>

#include <autovpn/config.h>

#include "admin/state.h"

struct diff {
    const struct avpn_config *before; /* NULL: none */
    const struct avpn_config *after;
    json_t *changes;
};

/* The change made is borrowed from the list. `site` NULL: the whole organization. */
json_t *change_add(struct diff *diff, const char *site, const char *field, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void change_effect(json_t *change, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The list, taken over, goes into the change under `name`, and shortened into its effects, behind `before`. */
void change_list(json_t *change, const char *name, json_t *list, const char *before,
                 const char *behind);
/* Whose tunnels with a member begin and end. */
void change_tunnels(const struct diff *diff, json_t *change, uint32_t member);
/* For what changes nothing about who is whose peer: those concerned. A new list of names. */
json_t *change_peers(const struct avpn_config *config, uint32_t member);
/* Append a member's name to a list. */
void change_name(json_t *names, const struct avpn_config *config, uint32_t id);

/* In the order in which they are told. */
void diff_organization(struct diff *diff, const struct state *state);
void diff_policy(struct diff *diff);
void diff_sites(struct diff *diff);
void diff_invites(struct diff *diff, const struct state *state, int64_t now);

#endif
