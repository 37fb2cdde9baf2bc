/* SPDX-License-Identifier: ISC */
/* json: the library's values as JSON text, null where there is none. New references. */
#ifndef EXAMPLES_JSON_H
#define EXAMPLES_JSON_H

#include <jansson.h>

#include <autovpn/event.h>
#include <autovpn/types.h>

json_t *json_contact(const struct avpn_contact *contact);
json_t *json_prefix(const struct avpn_prefix *prefix);
json_t *json_key(const struct avpn_key *key);
/* Seconds from `since` to `moment`, null when the moment is negative. */
json_t *json_seconds(avpn_time moment, avpn_time since);

#endif
