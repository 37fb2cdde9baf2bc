/* SPDX-License-Identifier: ISC */
/*
 * publishing: from the desk to the registries: claims taken in, signed, kept, sent.
 *
 * What is signed is kept before anybody gets it, so whatever fails after that, the same again sends the same bytes
 * again. Where nothing changed since the last publish, nothing new is signed.
 */
#ifndef ADMIN_PUBLISHING_H
#define ADMIN_PUBLISHING_H

#include <stdio.h>

#include "admin/desk.h"
#include "admin/keys.h"

#define PUBLISHING_DAYS 30
#define PUBLISHING_NEVER UINT32_MAX

struct publishing {
    struct key_ring *ring;
    const char *out; /* write the bundle there too; NULL: no */
    uint32_t
        days; /* it expires after; PUBLISHING_NEVER; 0: as the one before, or PUBLISHING_DAYS */
    int is_file_only;     /* talk to nobody */
    int is_refresh;       /* sign again though nothing changed */
    FILE *say;            /* what is done is told there; NULL: nowhere */
    json_t *json;         /* ... and noted here; NULL: no */
    uint32_t asked, took; /* out: registries of the file, and those that serve it */
};

/* The exit status: 0, or 1 after complaints: also if not all registries took it. */
int publishing_run(struct desk *desk, struct publishing *publishing);

#endif
