/* SPDX-License-Identifier: ISC */
/*
 * options: the command line that the daemons have in common.
 *
 *     --config FILE | --check | --show-key | --help | --version
 *
 * and one further option with an argument for the program that has one.
 */
#ifndef EXAMPLES_OPTIONS_H
#define EXAMPLES_OPTIONS_H

enum options_task { OPTIONS_RUN, OPTIONS_CHECK, OPTIONS_SHOW_KEY, OPTIONS_OWN };

struct options {
    const char *program;   /* the caller's, like the next two */
    const char *help;      /* what --help prints */
    const char *own_word;  /* "join": --join WORD asks for OPTIONS_OWN; NULL: none */
    const char *config;    /* in: the default */
    const char *own_value; /* out: WORD */
    enum options_task task;
};

/* -1: go on; else the exit status, and what there was to say has been said. */
int options_read(struct options *options, int count, char **words);

#endif
