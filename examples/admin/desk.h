/* SPDX-License-Identifier: ISC */
/*
 * desk: what every command about an organization has before it: its file, its state, what was published last, and
 * the configuration that a publish would make of it now.
 *
 * Life: open (locked against other runs) -> look, change the state, rebuild -> close. Nothing is written
 * but by state_save and desk_keep.
 */
#ifndef ADMIN_DESK_H
#define ADMIN_DESK_H

#include "admin/org.h"
#include "admin/state.h"

struct desk {
    const char *path; /* of org.yaml */
    int lock;         /* its descriptor, -1: none */
    struct org org;
    struct state state;
    struct avpn_config *config; /* as of now, not signed */
    char bundle_path[PATH_MAX]; /* org.published */
    uint8_t *bundle;            /* what was published last; NULL: nothing */
    size_t bundle_bytes;
    struct avpn_config *published; /* the same, read */
};

/*
 * `is_for_writing`: one run at a time. 0, or the exit status after complaints: then there is nothing to close.
 */
int desk_open(struct desk *desk, const char *path, int is_for_writing);
/* Make `config` again of what the state says now. 0, or -1 after complaints; the old one is gone then. */
int desk_rebuild(struct desk *desk);
/* Keep a new bundle, taken over, in org.published, and read it. 0, or -1 after a complaint. */
int desk_keep(struct desk *desk, uint8_t *bundle, size_t count);
/* The site of that name in the file, or NULL after a complaint. */
const struct org_site *desk_site(const struct desk *desk, const char *name);
void desk_close(struct desk *desk);

#endif
