/* SPDX-License-Identifier: ISC */
/*
 * claims: devices that came with a token. What registries hold is verified again, for nobody trusts them; of several
 * genuine claims of one place the oldest is taken. Spec: [JOIN-5].
 */
#ifndef ADMIN_CLAIMS_H
#define ADMIN_CLAIMS_H

#include "admin/desk.h"
#include "admin/fleet.h"

/*
 * Of what the fleet has listed: the keys of those taken are noted in the state, their invites removed. What was taken, and what
 * was not and why, is told on `out` (NULL: on nobody's) and appended to `told`, a list of {site, key, registry, age, taken, text}.
 * Returns how many were taken.
 */
uint32_t claims_take(struct desk *desk, const struct fleet *fleet, int64_t now, json_t *told,
                     FILE *out);

#endif
