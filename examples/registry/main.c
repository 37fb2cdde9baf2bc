/* SPDX-License-Identifier: ISC */
/*
 * autovpn-registry: the VPN registry as a daemon. Manual: autovpn-registry(8).
 *
 * Exit status: 0 ended by a signal or did what was asked, 1 something failed, 2 bad usage or
 * configuration, and then nothing was started.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/options.h"
#include "common/store.h"
#include "registry/organizations.h"

#define DEFAULT_CONFIG "/etc/autovpn/registry.yaml"

static const char help[] =
    "Usage: autovpn-registry [--config FILE] [--check | --show-key]\n"
    "\n"
    "Tells the nodes of its organizations where their peers can be reached, and brings them\n"
    "the configuration that their administrator publishes.\n"
    "\n"
    "  -c, --config FILE  settings (default " DEFAULT_CONFIG ")\n"
    "      --check        only check settings, bundles and store\n"
    "      --show-key     print the registry's public key, made first if there is none\n"
    "      --help         print this text\n"
    "      --version      print the version\n"
    "\n"
    "SIGHUP reads the organizations and their bundles again. See autovpn-registry(8).\n";

static int make_identity(const struct setup *setup, struct avpn_key_pair *out)
{
    if (file_make_directory(setup->key) == 0 && key_pair_make(setup->key, out) == 0)
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

static int check(const struct setup *setup, const char *path)
{
    char problem[DATABASE_PROBLEM];

    if (database_check(setup->store, problem) != 0) {
        fprintf(stderr, "%s: store: %s %s\n", path, setup->store, problem);
        return 2;
    }
    printf("%s: valid\n", path);
    return 0;
}

static int run(struct setup *setup, const char *path)
{
    static struct server server;
    struct avpn_key_pair identity;
    int result;

    if (make_identity(setup, &identity) != 0)
        return 2;
    log_set("autovpn-registry", setup->log_level);
    result = server_open(&server, setup, path, &identity);
    explicit_bzero(&identity, sizeof identity);
    if (result == 0)
        server_run(&server);
    server_close(&server);
    return result;
}

static int perform(enum options_task task, struct setup *setup, const char *path)
{
    /* The key is made before an organization exists: registries are named in org.yaml by it. */
    if (task == OPTIONS_SHOW_KEY)
        return show_key(setup);
    if (organizations_check(setup, path) != 0)
        return 2;
    return task == OPTIONS_RUN ? run(setup, path) : check(setup, path);
}

int main(int count, char **words)
{
    struct options options = {.program = "autovpn-registry", .help = help,
                              .config = DEFAULT_CONFIG};
    struct setup setup;
    int result = options_read(&options, count, words);

    if (result >= 0)
        return result;
    result = setup_read(options.config, &setup) == 0
                 ? perform(options.task, &setup, options.config)
                 : 2;
    setup_free(&setup);
    return result;
}
