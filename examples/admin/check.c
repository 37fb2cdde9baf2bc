/* SPDX-License-Identifier: ISC */
/* check: is an organization's file valid, and what would publishing it change? Writes nothing, opens no key. */
#include <stdio.h>
#include <time.h>

#include "admin/command.h"
#include "admin/desk.h"
#include "admin/diff.h"
#include "admin/findings.h"
#include "common/version.h"

#define SHOWN_CHANGES 100

static const char help[] =
    "Usage: autovpn org check ORG.YAML [--json]\n"
    "\n"
    "Checks an organization's file and tells what publishing it would change, for whom.\n"
    "Every finding is one line: file:line: field: value: what would be right. Warnings\n"
    "are legal.\n"
    "Exit status 0: valid, 2: not.\n"
    "\n"
    "      --json  print one object: ok, sites, registries, version, changes, findings\n"
    "      --help  print this text\n";

static void print(const struct desk *desk, const json_t *changes)
{
    char version[VERSION_TEXT];

    printf("%s: valid: %u sites, %u registries\n", desk->path, desk->org.site_count,
           avpn_config_registry_count(desk->config));
    if (!desk->published) {
        puts("nothing was published yet; a publish would bring");
    } else if (json_array_size(changes) == 0) {
        printf("version %s is what the file says: a publish changes nothing\n",
               version_text(avpn_config_version(desk->published), version));
        return;
    } else {
        printf("against version %s, a publish would change\n",
               version_text(avpn_config_version(desk->published), version));
    }
    diff_print(changes, SHOWN_CHANGES, stdout);
}

static int check(const char *path, json_t *json)
{
    struct desk desk;
    json_t *changes;
    int status = desk_open(&desk, path, 0);

    if (status != 0)
        return status;
    org_warn(&desk.org, &desk.state, desk.config);
    changes = diff_make(desk.published, desk.config, &desk.state, (int64_t)time(NULL));
    if (json)
        json_object_update_new(
            json,
            json_pack("{s:I, s:I, s:I, s:O}", "sites", (json_int_t)desk.org.site_count,
                      "registries", (json_int_t)avpn_config_registry_count(desk.config), "version",
                      (json_int_t)(desk.published ? avpn_config_version(desk.published) : 0),
                      "changes", changes));
    else
        print(&desk, changes);
    json_decref(changes);
    desk_close(&desk);
    return 0;
}

int command_check(int count, char **words)
{
    return findings_command(count, words, help, check);
}
