/* SPDX-License-Identifier: ISC */
/*
 * autovpn-gateway: Auto VPN on a Linux machine. Manual: autovpn-gateway(8).
 *
 * Exit status: 0 ended by a signal or did what was asked, 1 something failed, 2 bad usage or
 * configuration, and then nothing was started.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "common/log.h"
#include "gateway/gateway.h"

#define DEFAULT_CONFIG "/etc/autovpn/gateway.yaml"

static const char help[] =
    "Usage: autovpn-gateway [--config FILE] [--check | --show-key]\n"
    "\n"
    "Connects this site with the other sites of its organization.\n"
    "\n"
    "  -c, --config FILE  device settings (default " DEFAULT_CONFIG ")\n"
    "      --check        only check settings and bundle\n"
    "      --show-key     print this node's public key, made first if there is none\n"
    "      --help         print this text\n"
    "      --version      print the version\n"
    "\n"
    "SIGHUP reads the organization's bundle again. See autovpn-gateway(8).\n";

enum task { TASK_RUN, TASK_CHECK, TASK_SHOW_KEY };

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
    struct avpn_key_pair pair;
    int result = 0;

    if (setup->bundle[0] && (open_identity(setup, 0, &pair) != 0 ||
                             gateway_check_bundle(setup, path, &pair) != 0))
        result = 2;
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
            printf("autovpn-gateway %s\n", avpn_version());
            return 0;
        default:
            fputs("Try autovpn-gateway --help\n", stderr);
            return 2;
        }
    }
    if (optind == count)
        return -1;
    fprintf(stderr, "autovpn-gateway: %s: unexpected; try --help\n", words[optind]);
    return 2;
}

int main(int count, char **words)
{
    const char *path = DEFAULT_CONFIG;
    enum task task = TASK_RUN;
    struct setup setup;
    int result = read_options(count, words, &path, &task);

    if (result >= 0)
        return result;
    if (setup_read(path, &setup) != 0)
        return 2;
    switch (task) {
    case TASK_CHECK:
        return check(&setup, path);
    case TASK_SHOW_KEY:
        return show_key(&setup);
    case TASK_RUN:
        break;
    }
    return run(&setup, path);
}
