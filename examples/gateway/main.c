/* SPDX-License-Identifier: ISC */
/*
 * autovpn-gateway: Auto VPN on a Linux machine. Manual: autovpn-gateway(8).
 *
 * Exit status: 0 ended by a signal or did what was asked, 1 something failed, 2 bad usage or
 * configuration, and then nothing was started.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "common/options.h"
#include "gateway/gateway.h"
#include "gateway/join.h"

#define DEFAULT_CONFIG "/etc/autovpn/gateway.yaml"

static const char help[] =
    "Usage: autovpn-gateway [--config FILE] [--check | --show-key | --join TOKEN]\n"
    "\n"
    "Connects this site with the other sites of its organization.\n"
    "\n"
    "  -c, --config FILE  device settings (default " DEFAULT_CONFIG ")\n"
    "      --check        only check settings and bundle\n"
    "      --show-key     print this node's public key, made first if there is none\n"
    "      --join TOKEN   claim this device's place in an organization with the token that\n"
    "                     autovpn invite printed; - reads it from standard input, @FILE\n"
    "                     from a file, so that other users do not see it\n"
    "      --help         print this text\n"
    "      --version      print the version\n"
    "\n"
    "SIGHUP reads the organization's bundle again. See autovpn-gateway(8).\n";

static int open_identity(const struct setup *setup, int is_making, struct avpn_key_pair *out)
{
    struct store store;
    char path[PATH_MAX];

    if (is_making && store_open(&store, setup->state) != 0) {
        fprintf(stderr, "autovpn-gateway: %s: %s\n", setup->state, strerror(errno));
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/key", setup->state);
    if ((is_making ? key_pair_make(path, out) : key_pair_load(path, out)) == 0)
        return 0;
    fprintf(stderr, "%s: cannot be used: %s\n", path, strerror(errno));
    return -1;
}

static int show_key(const struct setup *setup)
{
    struct avpn_key_pair pair;
    char text[AVPN_KEY_TEXT];

    if (open_identity(setup, 1, &pair) != 0)
        return 1;
    (void)avpn_key_format(&pair.public_key, text, sizeof text);
    explicit_bzero(&pair, sizeof pair);
    puts(text);
    return 0;
}

static int check(const struct setup *setup, const char *path)
{
    struct membership membership;
    struct avpn_key_pair pair;
    struct store store = {.lock = -1};
    int result = 2;

    (void)snprintf(store.directory, sizeof store.directory, "%s", setup->state);
    if (membership_read(&membership, setup, path, &store, NULL) == 0 &&
        (!setup->bundle[0] ||
         (open_identity(setup, 0, &pair) == 0 &&
          membership_check_bundle(&membership, setup, path, &pair) == 0)))
        result = 0;
    explicit_bzero(&membership, sizeof membership);
    explicit_bzero(&pair, sizeof pair);
    if (result == 0)
        printf("%s: valid\n", path);
    return result;
}

static int run(const struct setup *setup, const char *path)
{
    static struct gateway gateway;
    int result;

    log_set("autovpn-gateway", setup->log_level);
    result = gateway_open(&gateway, setup, path);
    if (result == 0)
        gateway_run(&gateway);
    gateway_close(&gateway);
    return result;
}

int main(int count, char **words)
{
    struct options options = {.program = "autovpn-gateway", .help = help, .own_word = "join",
                              .config = DEFAULT_CONFIG};
    struct setup setup;
    int result = options_read(&options, count, words);

    if (result >= 0)
        return result;
    if (setup_read(options.config, &setup) != 0)
        return 2;
    switch (options.task) {
    case OPTIONS_CHECK:
        return check(&setup, options.config);
    case OPTIONS_SHOW_KEY:
        return show_key(&setup);
    case OPTIONS_OWN:
        return join_organization(&setup, options.config, options.own_value);
    case OPTIONS_RUN:
        break;
    }
    return run(&setup, options.config);
}
