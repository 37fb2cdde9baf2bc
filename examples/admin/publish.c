/* SPDX-License-Identifier: ISC */
/* publish: bring an organization's file to its registries. */
#include <stdio.h>

#include "admin/arguments.h"
#include "admin/command.h"
#include "admin/findings.h"

static const char help[] =
    "Usage: autovpn org publish ORG.YAML [OPTION...]\n"
    "\n"
    "Checks an organization's file, takes in the devices that claimed their places, signs\n"
    "the configuration and sends it to every registry. What was signed is kept first:\n"
    "after a failure, the same command sends the same again. Exit status 1: not every\n"
    "registry took it.\n"
    "\n" HELP_KEYS
    "      --expires DAYS   how long it is valid, or never (default: as the one before,\n"
    "                       30 at first)\n"
    "      --refresh        sign again, with a new expiry, though nothing has changed\n"
    "      --out BUNDLE     write it to a file too\n"
    "      --only-file      talk to no registry\n"
    "      --json           print one object: ok, version, is_new, sites, bytes, expires,\n"
    "                       changes, claims, registries, findings\n"
    "      --help           print this text\n";

static int publish(const char *path, struct publishing *publishing)
{
    struct desk desk;
    int status;

    if (arguments_keys_beside(publishing->ring, path) != 0)
        return 2;
    status = desk_open(&desk, path, 1);
    if (status != 0)
        return status;
    org_warn(&desk.org, &desk.state, desk.config);
    status = publishing_run(&desk, publishing);
    desk_close(&desk);
    return status;
}

/* 0, or -1: bad usage, or help was asked for, as is_help says. */
static int read_options(int count, char **words, struct publishing *publishing, int *is_json,
                        int *is_help)
{
    static const struct option options[] = {OPTIONS_KEYS,
                                            {"out", required_argument, NULL, 'o'},
                                            {"expires", required_argument, NULL, 'e'},
                                            {"refresh", no_argument, NULL, 'r'},
                                            {"only-file", no_argument, NULL, 'l'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;

    while ((option = getopt_long(count, words, "o:h", options, NULL)) != -1) {
        int taken = arguments_keys(publishing->ring, option, optarg);

        if (taken < 0 || option == '?')
            return -1;
        if (option == 'o')
            publishing->out = optarg;
        else if (option == 'e' && arguments_days(optarg, &publishing->days) != 0)
            return -1;
        publishing->is_refresh |= option == 'r';
        publishing->is_file_only |= option == 'l';
        *is_json |= option == 'j';
        *is_help |= option == 'h';
    }
    return *is_help || optind + 1 != count ? -1 : 0;
}

int command_publish(int count, char **words)
{
    static struct key_ring ring;
    struct publishing publishing = {.ring = &ring, .say = stdout};
    int is_json = 0, is_help = 0, status;

    if (read_options(count, words, &publishing, &is_json, &is_help) != 0) {
        fputs(help, is_help ? stdout : stderr);
        return is_help ? 0 : 2;
    }
    if (is_json) {
        publishing.json = findings_begin();
        publishing.say = NULL;
    }
    status = publish(words[optind], &publishing);
    keys_close(&ring);
    return publishing.json ? findings_print(publishing.json, status) : status;
}
