/* SPDX-License-Identifier: ISC */
/*
 * progress: a line for each registry: drawn again and again on a terminal, else printed once, when it is done.
 */
#ifndef ADMIN_PROGRESS_H
#define ADMIN_PROGRESS_H

#include <stdio.h>

#include "admin/fleet.h"

struct progress {
    FILE *out; /* NULL: nowhere */
    int is_terminal;
    uint32_t lines; /* drawn, and to be drawn over */
};

/* The fleet's changes are shown from now on. `out` NULL: nobody looks. */
void progress_begin(struct progress *progress, struct fleet *fleet, FILE *out);
/* Wipe what was drawn; the final lines stay if `is_kept`. */
void progress_end(struct progress *progress, const struct fleet *fleet, int is_kept);

#endif
