/* SPDX-License-Identifier: ISC */
/* init: a new organization: its keys, and an org.yaml to fill in. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/command.h"
#include "admin/keys.h"
#include "common/store.h"

static const char help[] =
    "Usage: autovpn org init DIR [--name NAME]\n"
    "\n"
    "Makes DIR with the keys of a new organization (DIR/keys) and an org.yaml to fill\n"
    "in, and prints the organization's id, which every gateway.yaml and registry.yaml names.\n"
    "\n"
    "      --name NAME  the organization's name (default: example)\n"
    "      --json       print {ok, organization_id}\n"
    "      --help       print this text\n";

static const char skeleton[] =
    "# An organization of autovpn; see autovpn-org.yaml(5).\n"
    "# organization id: %s\n"
    "name: %s\n"
    "\n"
    "# At least two, run by autovpn-registry. A registry's key: autovpn-registry --show-key\n"
    "registries: []\n"
    "#  - {host: registry1.example.net, port: 9350, key: BASE64}\n"
    "#  - {host: registry2.example.net, port: 9350, key: BASE64}\n"
    "\n"
    "# A site's key: autovpn-gateway --show-key\n"
    "sites: {}\n"
    "#  head-office:\n"
    "#    key: BASE64\n"
    "#    role: hub\n"
    "#    exports: [10.1.0.0/16]\n"
    "#  branch:\n"
    "#    key: BASE64\n"
    "#    role: spoke\n"
    "#    hubs: [head-office]\n"
    "#    exports: [10.2.0.0/24]\n";

static int write_skeleton(const char *path, const char *id, const char *name)
{
    char text[2048];
    int length = snprintf(text, sizeof text, skeleton, id, name);

    if (length < 0 || length >= (int)sizeof text ||
        file_replace(path, text, (size_t)length, 0644) != 0) {
        fprintf(stderr, "%s: cannot be written: %s\n", path, strerror(errno));
        return 1;
    }
    return 0;
}

static int make(const char *directory, const char *name, int is_json)
{
    struct keys keys;
    char path[PATH_MAX];
    char id[AVPN_KEY_TEXT];

    if (snprintf(path, sizeof path, "%s/org.yaml", directory) >= (int)sizeof path) {
        fprintf(stderr, "%s: the path is too long\n", directory);
        return 2;
    }
    if (access(path, F_OK) == 0) {
        fprintf(stderr, "%s: exists already; choose another directory\n", path);
        return 2;
    }
    (void)snprintf(path, sizeof path, "%.4000s/keys", directory);
    if (keys_create(path) != 0 || keys_open(&keys, path) != 0)
        return 1;
    (void)avpn_key_format(&keys.organization, id, sizeof id);
    keys_close(&keys);
    (void)snprintf(path, sizeof path, "%.4000s/org.yaml", directory);
    if (write_skeleton(path, id, name) != 0)
        return 1;
    if (is_json)
        printf("{\"ok\": true, \"organization_id\": \"%s\"}\n", id); /* base64: nothing to escape */
    else
        puts(id);
    return 0;
}

static int is_name(const char *name)
{
    size_t length = strlen(name);

    return length >= 1 && length < AVPN_NAME_BYTES &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
               length;
}

int command_init(int count, char **words)
{
    static const struct option options[] = {
        {"name", required_argument, NULL, 'n'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'}, {0}};
    const char *name = "example";
    int option, is_json = 0;

    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            return 0;
        }
        if (option == 'j') {
            is_json = 1;
        } else if (option == 'n') {
            name = optarg;
        } else {
            fputs(help, stderr);
            return 2;
        }
    }
    if (optind + 1 != count) {
        fputs(help, stderr);
        return 2;
    }
    if (!is_name(name)) {
        fprintf(stderr, "--name: %s: should be 1 to 63 characters of a-z A-Z 0-9 . _ -\n", name);
        return 2;
    }
    return make(words[optind], name, is_json);
}
