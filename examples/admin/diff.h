/* SPDX-License-Identifier: ISC */
/*
 * diff: what the next publish changes, and for whom.
 *
 * A list of objects, in the order of sites:
 *
 *     site      its name; null: the whole organization
 *     field     "site", "key", "role", "hubs", "exports", "translate", "uplinks", "name", "registries",
 *               "suites", "signing-keys", "root-keys", "psk", "hub_tunnels", "firewall", "breakout", "invite"
 *     change    what changes, a few words
 *     effects   a list of sentences: whose tunnels and routes change, and how
 *     tunnels_begin, tunnels_end, routes_begin, routes_end    names and subnets, all of them, where there are some
 */
#ifndef ADMIN_DIFF_H
#define ADMIN_DIFF_H

#include <jansson.h>

#include "admin/state.h"

/* `before` NULL: nothing was published. Of the state: keys of the authority, epoch of the pre-shared keys, invites. */
json_t *diff_make(const struct avpn_config *before, const struct avpn_config *after,
                  const struct state *state, int64_t now);
/* Each change with its effects, indented; at most `limit` of them. */
void diff_print(const json_t *changes, size_t limit, FILE *file);
/* "SITE: FIELD: CHANGE" for each, as the log keeps them. */
json_t *diff_texts(const json_t *changes);

#endif
