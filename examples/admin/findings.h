/* SPDX-License-Identifier: ISC */
/*
 * findings: what --json of the org commands prints: one object, with every complaint about the
 * file in its list "findings".
 */
#ifndef ADMIN_FINDINGS_H
#define ADMIN_FINDINGS_H

#include <jansson.h>

/* Collect complaints in a new object instead of printing them. NULL: out of memory. */
json_t *findings_begin(void);
/* Add "ok", print the object, release it. Returns `status`, the exit status. */
int findings_print(json_t *object, int status);

#endif
