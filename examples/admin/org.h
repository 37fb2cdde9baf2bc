/* SPDX-License-Identifier: ISC */
/*
 * org: an organization as one YAML file, and what publishing remembers beside it.
 *
 * Life: open (parses) -> resolve ids with the state -> build (an avpn_config, checked; findings
 * are shown at the line they are about) -> close. The file: autovpn-org.yaml(5).
 */
#ifndef ADMIN_ORG_H
#define ADMIN_ORG_H

#include <limits.h>
#include <stdint.h>

#include <autovpn/config.h>

#include "admin/state.h"
#include "common/settings.h"

struct org_site {
    const char *name;
    struct setting where;
    uint32_t id; /* 0: not known yet */
};

struct org {
    struct settings file;
    struct setting root;
    struct setting registries;
    uint32_t site_count;
    struct org_site *sites; /* in the file's order */
    uint32_t *by_name;      /* places of `sites`, in order of name */
    uint32_t *by_id;        /* and of id, once resolved */
};

/* 0, or -1 when there is nothing to go on with: problems were shown. */
int org_open(struct org *org, const char *path);
/* Give every site its id: the file's own, the one it had, or a new one, noted in the state. */
void org_resolve(struct org *org, struct state *state);
/* 0 when valid; the configuration is the caller's. -1: problems were shown. */
int org_build(struct org *org, struct avpn_config **config_out);
void org_close(struct org *org);

#endif
