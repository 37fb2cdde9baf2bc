/* SPDX-License-Identifier: ISC */
/*
 * fields: what several of a document's records are made of: counts, names and prefixes, each in its one
 * encoding. What is read is canonical, or the reader has failed. Spec: doc/protocol.md 8, [CFG-1].
 */
#ifndef AVPNI_TOPO_FIELDS_H
#define AVPNI_TOPO_FIELDS_H

#include "base/cursor.h"
#include <autovpn/config.h>

void avpni_expect_u8(struct avpni_reader *r, uint8_t value);
/* A count within bounds, else 0 and failed. */
uint8_t avpni_read_count(struct avpni_reader *r, uint8_t least, uint8_t most);

void avpni_name_write(struct avpni_writer *w, const char *name);
/* `least`: 0 where a name may be empty, else 1. */
void avpni_name_read(struct avpni_reader *r, uint8_t least, bool is_host,
                     char name_out[AVPN_NAME_BYTES]);

void avpni_prefix_write(struct avpni_writer *w, const struct avpn_prefix *prefix);
void avpni_prefix_read(struct avpni_reader *r, struct avpn_prefix *prefix_out);
/* A prefix, or any address of both families, which is written as one of no family: 0 | 0. */
void avpni_scope_read(struct avpni_reader *r, struct avpn_prefix *prefix_out);

#endif
