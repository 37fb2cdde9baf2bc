/* SPDX-License-Identifier: ISC */
#include "common/options.h"

#include <getopt.h>
#include <stdio.h>

#include <autovpn/version.h>

static int refuse(const struct options *options, const char *word)
{
    if (word)
        fprintf(stderr, "%s: %s: unexpected; ", options->program, word);
    fprintf(stderr, "try %s --help\n", options->program);
    return 2;
}

int options_read(struct options *options, int count, char **words)
{
    const struct option known[] = {
        {"config", required_argument, NULL, 'c'},
        {"check", no_argument, NULL, 'k'},
        {"show-key", no_argument, NULL, 's'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},
        {options->own_word, required_argument, NULL, 'o'}, /* without a word it ends the list */
        {NULL, 0, NULL, 0},
    };
    int option;

    options->task = OPTIONS_RUN;
    while ((option = getopt_long(count, words, "c:h", known, NULL)) != -1) {
        switch (option) {
        case 'c':
            options->config = optarg;
            break;
        case 'k':
            options->task = OPTIONS_CHECK;
            break;
        case 's':
            options->task = OPTIONS_SHOW_KEY;
            break;
        case 'o':
            options->task = OPTIONS_OWN;
            options->own_value = optarg;
            break;
        case 'h':
            fputs(options->help, stdout);
            return 0;
        case 'v':
            printf("%s %s\n", options->program, avpn_version());
            return 0;
        default:
            return refuse(options, NULL);
        }
    }
    return optind == count ? -1 : refuse(options, words[optind]);
}
