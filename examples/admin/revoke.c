/* SPDX-License-Identifier: ISC */
/* revoke: shut a site out, now. */
#include <stdio.h>
#include <time.h>

#include "admin/arguments.h"
#include "admin/command.h"
#include "admin/findings.h"

static const char help[] =
    "Usage: autovpn org revoke ORG.YAML SITE [OPTION...]\n"
    "\n"
    "Shuts a site out and publishes that. It is noted in ORG.state.json; write\n"
    "revoked: true into the file or remove the site there, too. An invite of the site is\n"
    "withdrawn.\n"
    "\n" HELP_KEYS "      --only-file  talk to no registry\n"
    "      --json       print one object: ok, site, and what publish prints\n"
    "      --help       print this text\n";

static void advise(const struct desk *desk, const char *name)
{
    const struct org_site *site = org_site_by_name(&desk->org, name);
    struct setting value;

    if (site && !settings_get((struct settings *)(uintptr_t)&desk->org.file, &site->where,
                              "revoked", &value))
        fprintf(stderr, "%s:%u: sites.%s: write revoked: true here, or remove the site\n",
                desk->path, site->where.line, name);
    fprintf(stderr,
            "Its device still knows the pre-shared key: \"autovpn org rotate-key --psk\" makes "
            "another.\n");
}

static int revoke(struct desk *desk, const char *name, struct publishing *publishing)
{
    struct avpn_key key;

    if (!org_site_by_name(&desk->org, name) && !state_key(&desk->state, name, "key", &key)) {
        fprintf(stderr, "%s: sites.%s: there is no such site, and never was\n", desk->path, name);
        return 2;
    }
    state_revoke(&desk->state, name, (int64_t)time(NULL));
    state_remove_invite(&desk->state, name);
    if (desk_rebuild(desk) != 0)
        return 2;
    if (!org_site_by_name(&desk->org, name) || org_site_by_name(&desk->org, name)->is_revoked) {
        int status = publishing_run(desk, publishing);

        /* noted even if it could not be signed now: the next publish brings it */
        return state_save(&desk->state) == 0 ? status : 1;
    }
    fprintf(stderr,
            "%s:%u: sites.%s: says revoked: false, and the file wins; write revoked: true\n",
            desk->path, org_site_by_name(&desk->org, name)->where.line, name);
    return 2;
}

static int run(const char *path, const char *name, struct publishing *publishing)
{
    struct desk desk;
    int status;

    if (arguments_keys_beside(publishing->ring, path) != 0)
        return 2;
    status = desk_open(&desk, path, 1);
    if (status != 0)
        return status;
    status = revoke(&desk, name, publishing);
    if (status != 2)
        advise(&desk, name);
    desk_close(&desk);
    return status;
}

int command_revoke(int count, char **words)
{
    static const struct option options[] = {OPTIONS_KEYS,
                                            {"only-file", no_argument, NULL, 'l'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    static struct key_ring ring;
    struct publishing publishing = {.ring = &ring, .say = stdout};
    int option, is_json = 0, status;

    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        if (option == 'h' || option == '?') {
            fputs(help, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
        if (arguments_keys(&ring, option, optarg) < 0)
            return 2;
        is_json |= option == 'j';
        publishing.is_file_only |= option == 'l';
    }
    if (optind + 2 != count) {
        fputs(help, stderr);
        return 2;
    }
    if (is_json) {
        publishing.json = findings_begin();
        publishing.say = NULL;
        json_object_set_new(publishing.json, "site", json_string(words[optind + 1]));
    }
    status = run(words[optind], words[optind + 1], &publishing);
    keys_close(&ring);
    return is_json ? findings_print(publishing.json, status) : status;
}
