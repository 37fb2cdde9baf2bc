/* SPDX-License-Identifier: ISC */
/* log: what was published, when, what it changed, and which registry took it. */
#include <getopt.h>
#include <stdio.h>

#include "admin/command.h"
#include "admin/state.h"
#include "admin/words.h"
#include "common/version.h"

static const char help[] =
    "Usage: autovpn org log ORG.YAML [--json]\n"
    "\n"
    "Shows what was published, the newest last: version, when, what changed, and how\n"
    "each registry took it.\n"
    "\n"
    "      --json  print the list of entries: version, time, changes, registries\n"
    "      --help  print this text\n";

static void print_entry(const json_t *entry)
{
    const json_t *item;
    char version[VERSION_TEXT], when[WORDS_TIME];
    size_t i;

    printf("version %s, %s\n",
           version_text((uint64_t)json_integer_value(json_object_get(entry, "version")), version),
           words_time(json_integer_value(json_object_get(entry, "time")), when));
    json_array_foreach(json_object_get(entry, "changes"), i, item)
    {
        printf("  %s\n", json_string_value(item));
    }
    json_array_foreach(json_object_get(entry, "registries"), i, item)
    {
        const char *registry = json_string_value(json_object_get(item, "registry"));
        const char *outcome = json_string_value(json_object_get(item, "outcome"));

        if (registry && outcome)
            printf("  -> %s: %s\n", registry, outcome);
    }
}

static int print_log(const char *path, int is_json)
{
    struct state state;
    const json_t *entry;
    size_t i;

    if (state_open(&state, path) != 0)
        return 2;
    if (state.is_lost) {
        fprintf(stderr, "%s: is missing: nothing was published from here\n", state.path);
        state_close(&state);
        return 1;
    }
    if (is_json) {
        json_dumpf(state.log, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        json_array_foreach(state.log, i, entry)
        {
            print_entry(entry);
        }
    }
    state_close(&state);
    return 0;
}

int command_log(int count, char **words)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    int option, is_json = 0;

    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        if (option != 'j') {
            fputs(help, option == 'h' ? stdout : stderr);
            return option == 'h' ? 0 : 2;
        }
        is_json = 1;
    }
    if (optind + 1 != count) {
        fputs(help, stderr);
        return 2;
    }
    return print_log(words[optind], is_json);
}
