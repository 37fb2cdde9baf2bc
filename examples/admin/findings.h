/* SPDX-License-Identifier: ISC */
/*
 * findings: what is wrong in an organization's file, or worth a thought, each at its line. Text goes to standard error;
 * with --json everything is collected in one object, in its list "findings".
 */
#ifndef ADMIN_FINDINGS_H
#define ADMIN_FINDINGS_H

#include <jansson.h>

#include "common/settings.h"

/* Collect findings in a new object instead of printing them. NULL: out of memory. */
json_t *findings_begin(void);
/* Add "ok", print the object, release it. Returns `status`, the exit status. */
int findings_print(json_t *object, int status);
/*
 * A whole command that takes a file and --json: reads `words`, lets `run` add to the object (NULL: print for people), prints
 * it. Returns the exit status.
 */
int findings_command(int count, char **words, const char *help,
                     int (*run)(const char *path, json_t *json));
/* Something legal: does not count as a problem. `value` as for settings_problem. */
void findings_warn(const struct settings *file, const struct setting *where, const char *value,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
