/* SPDX-License-Identifier: ISC */
/*
 * autovpn-registry: the VPN registry as a daemon. Manual: autovpn-registry(8).
 *
 * Exit status: 0 ended by a signal or did what was asked, 1 something failed, 2 bad usage or
 * configuration, and then nothing was started.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/log.h"
#include "common/store.h"
#include "registry/server.h"

#define DEFAULT_CONFIG "/etc/autovpn/registry.yaml"

static const char help[] =
    "Usage: autovpn-registry [--config FILE] [--check | --show-key]\n"
    "\n"
    "Tells the nodes of its organizations where their peers can be reached.\n"
    "\n"
    "  -c, --config FILE  settings (default " DEFAULT_CONFIG ")\n"
    "      --check        only check settings and bundles\n"
    "      --show-key     print the registry's public key, made first if there is none\n"
    "      --help         print this text\n"
    "      --version      print the version\n"
    "\n"
    "SIGHUP reads the bundles again. See autovpn-registry(8).\n";

enum task { TASK_RUN, TASK_CHECK, TASK_SHOW_KEY };

/* The key's directory is made (0700) when it is the only thing that is missing. */
static int make_identity(const struct setup *setup, struct avpn_key_pair *out)
{
    struct store store;
    char directory[PATH_MAX];
    char *slash;

    (void)snprintf(directory, sizeof directory, "%s", setup->key);
    slash = strrchr(directory, '/');
    if (slash && slash != directory) {
        *slash = 0;
        (void)store_open(&store, directory);
    }
    if (key_pair_make(setup->key, out) == 0)
        return 0;
    fprintf(stderr, "%s: cannot be used: %s; it should hold a secret key as one line of base64\n",
            setup->key, strerror(errno));
    return -1;
}

static int show_key(const struct setup *setup)
{
    struct avpn_key_pair pair;
    char text[AVPN_KEY_TEXT];

    if (make_identity(setup, &pair) != 0)
        return 1;
    (void)avpn_key_format(&pair.public_key, text, sizeof text);
    explicit_bzero(&pair, sizeof pair);
    puts(text);
    return 0;
}

static int run(const struct setup *setup)
{
    static struct server server;
    struct avpn_key_pair identity;
    int result;

    if (make_identity(setup, &identity) != 0)
        return 2;
    log_set("autovpn-registry", setup->log_level);
    result = server_open(&server, setup, &identity);
    explicit_bzero(&identity, sizeof identity);
    if (result == 0)
        server_run(&server);
    server_close(&server);
    return result;
}

/* -1: go on; else the exit status. */
static int read_options(int count, char **words, const char **path_out, enum task *task_out)
{
    static const struct option options[] = {
        {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
        {"show-key", no_argument, NULL, 's'},     {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},      {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(count, words, "c:h", options, NULL)) != -1) {
        switch (option) {
        case 'c':
            *path_out = optarg;
            break;
        case 'k':
            *task_out = TASK_CHECK;
            break;
        case 's':
            *task_out = TASK_SHOW_KEY;
            break;
        case 'h':
            fputs(help, stdout);
            return 0;
        case 'v':
            printf("autovpn-registry %s\n", avpn_version());
            return 0;
        default:
            fputs("Try autovpn-registry --help\n", stderr);
            return 2;
        }
    }
    if (optind == count)
        return -1;
    fprintf(stderr, "autovpn-registry: %s: unexpected; try --help\n", words[optind]);
    return 2;
}

static int perform(enum task task, const struct setup *setup, const char *path)
{
    /* The key is made before an organization exists: registries are named in org.yaml by it. */
    if (task == TASK_SHOW_KEY)
        return show_key(setup);
    if (server_check_bundles(setup, path) != 0)
        return 2;
    if (task == TASK_RUN)
        return run(setup);
    printf("%s: valid\n", path);
    return 0;
}

int main(int count, char **words)
{
    const char *path = DEFAULT_CONFIG;
    enum task task = TASK_RUN;
    struct setup setup;
    int result = read_options(count, words, &path, &task);

    if (result >= 0)
        return result;
    result = setup_read(path, &setup) == 0 ? perform(task, &setup, path) : 2;
    setup_free(&setup);
    return result;
}
