/* SPDX-License-Identifier: ISC */
/* arguments: what several commands take, with one help text and one way to read each. */
#ifndef ADMIN_ARGUMENTS_H
#define ADMIN_ARGUMENTS_H

#include <getopt.h>

#include "admin/keys.h"
#include "admin/publishing.h"

#define HELP_KEYS                                                                                  \
    "      --keys DIR       where keys are (default: keys, beside ORG.YAML);\n"                    \
    "                       once for each place\n"                                                 \
    "      --key-file FILE  take the passphrase from a file's first line;\n"                       \
    "                       once for each one\n"                                                   \
    "      --no-passphrase  keys have none: do not ask for it\n"

#define OPTIONS_KEYS                                                                               \
    {"keys", required_argument, NULL, 'k'}, {"key-file", required_argument, NULL, 'f'},            \
    {                                                                                              \
        "no-passphrase", no_argument, NULL, 'm'                                                    \
    }

/* 1: it was one of OPTIONS_KEYS and is taken; 0: another one; -1 after a complaint. */
int arguments_keys(struct key_ring *ring, int option, const char *value);
/* Where no --keys was given: "keys" beside org.yaml. 0, or -1 after a complaint. */
int arguments_keys_beside(struct key_ring *ring, const char *org_path);
/* 0, or -1 after a complaint that names the option. */
int arguments_number(const char *option, const char *text, uint32_t least, uint32_t most,
                     uint32_t *number_out);
/* A span in seconds: "90m", "8h", "3d", "20s"; a number alone is hours. At most a year. */
int arguments_span(const char *option, const char *text, uint32_t *seconds_out);
/* A number of days, or "never". */
int arguments_days(const char *text, uint32_t *days_out);

#endif
