/* SPDX-License-Identifier: ISC */
/*
 * matches: what an entry of the firewall or of the breakouts names: protocol, from, to, ports, source_ports. Each is one
 * value or a list of them. Whatever is wrong is told at its line.
 *
 * Life: zero -> read -> expand its spec -> free.
 */
#ifndef ADMIN_MATCHES_H
#define ADMIN_MATCHES_H

#include "admin/org.h"
#include "admin/rules.h"

struct matches {
    struct rules_spec spec;
    struct avpn_prefix *from, *to; /* the spec's */
};

void matches_read(struct org *org, const struct setting *entry, struct matches *matches);
void matches_free(struct matches *matches);

/* How many values a field has, one or a list; 0: it is absent, or after a complaint. */
uint32_t matches_values(struct org *org, const struct setting *entry, const char *name,
                        uint32_t most, struct setting *field_out);
/* The value at a place of these. 0 after a complaint. */
int matches_value_at(struct org *org, const struct setting *field, uint32_t place,
                     struct setting *value_out, const char **text_out);

#endif
