/* SPDX-License-Identifier: ISC */
/* publish: check an organization's file, and sign it into a bundle. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/command.h"
#include "admin/findings.h"
#include "admin/keys.h"
#include "admin/org.h"
#include "common/store.h"

#define DAY 86400

static const char check_help[] =
    "Usage: autovpn org check ORG.YAML [--json]\n"
    "\n"
    "Checks an organization's file. Every finding is one line: file:line: field: value:\n"
    "what would be right. Exit status 0: valid, 2: not.\n"
    "\n"
    "      --json  print one object: ok, sites, registries, findings\n"
    "      --help  print this text\n";

static const char publish_help[] =
    "Usage: autovpn org publish ORG.YAML --out BUNDLE [--keys DIR] [--expires DAYS] [--json]\n"
    "\n"
    "Checks an organization's file and signs it. Ids and the version number are kept in\n"
    "ORG.state.json beside it. Give the bundle to registries and gateways, send them SIGHUP.\n"
    "\n"
    "      --out BUNDLE    file to write\n"
    "      --keys DIR      the organization's keys (default: keys, beside ORG.YAML)\n"
    "      --expires DAYS  refuse it when it is older (default: never)\n"
    "      --json          print one object: ok, bundle, version, sites, bytes, findings\n"
    "      --help          print this text\n";

struct publish {
    const char *org;
    const char *out;
    const char *keys; /* NULL: beside the file */
    uint32_t days;
    json_t *json; /* NULL: text */
};

/* 0 with a valid configuration and the state it will have; -1 after complaints. */
static int load(const char *path, struct org *org, struct state *state,
                struct avpn_config **config_out)
{
    *config_out = NULL;
    if (state_open(state, path) != 0)
        return -1;
    if (org_open(org, path) != 0) {
        org_close(org);
        state_close(state);
        return -1;
    }
    org_resolve(org, state);
    if (org_build(org, config_out) == 0)
        return 0;
    org_close(org);
    state_close(state);
    return -1;
}

static int check(const char *path, json_t *json)
{
    struct avpn_config *config;
    struct state state;
    struct org org;

    if (load(path, &org, &state, &config) != 0)
        return 2;
    if (json) {
        json_object_set_new(json, "sites", json_integer((json_int_t)org.site_count));
        json_object_set_new(json, "registries",
                            json_integer((json_int_t)avpn_config_registry_count(config)));
    } else {
        printf("%s: valid: %u sites, %u registries\n", path, org.site_count,
               avpn_config_registry_count(config));
    }
    avpn_config_del(config);
    org_close(&org);
    state_close(&state);
    return 0;
}

int command_check(int count, char **words)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    json_t *json = NULL;
    int option, is_json = 0, status;

    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(check_help, stdout);
            return 0;
        }
        if (option != 'j') {
            fputs(check_help, stderr);
            return 2;
        }
        is_json = 1;
    }
    if (optind + 1 != count) {
        fputs(check_help, stderr);
        return 2;
    }
    if (is_json)
        json = findings_begin();
    status = check(words[optind], json);
    return json ? findings_print(json, status) : status;
}

static void keys_path(const struct publish *publish, char path_out[PATH_MAX])
{
    const char *slash = strrchr(publish->org, '/');

    if (publish->keys)
        (void)snprintf(path_out, PATH_MAX, "%s", publish->keys);
    else if (slash)
        (void)snprintf(path_out, PATH_MAX, "%.*s/keys", (int)(slash - publish->org), publish->org);
    else
        (void)snprintf(path_out, PATH_MAX, "keys");
}

static int write_bundle(const struct publish *publish, struct state *state, const uint8_t *bytes,
                        size_t count)
{
    /* The state first: a version is used up even if writing the bundle fails afterwards. */
    if (state_save(state) != 0)
        return 1;
    if (file_replace(publish->out, bytes, count, 0644) == 0)
        return 0;
    fprintf(stderr, "%s: cannot be written: %s\n", publish->out, strerror(errno));
    return 1;
}

static int sign(const struct publish *publish, const struct keys *keys, struct state *state,
                const struct avpn_config *config)
{
    struct avpn_publication publication = {.size = sizeof publication};
    uint8_t *bytes = malloc(AVPN_BUNDLE_LIMIT);
    size_t needed = 0;
    int32_t error = AVPN_ERROR_MEMORY;
    int result = 1;

    state->version++;
    publication.version = state->version;
    publication.psk_epoch = state->psk_epoch;
    publication.psk = keys->psk;
    publication.created = (int64_t)time(NULL);
    if (publish->days)
        publication.expires = publication.created + (int64_t)publish->days * DAY;
    if (bytes)
        error = avpn_authority_sign(keys->authority, config, &publication, bytes,
                                    AVPN_BUNDLE_LIMIT, &needed);
    explicit_bzero(&publication, sizeof publication);
    if (error == AVPN_OK)
        result = write_bundle(publish, state, bytes, needed);
    else
        fprintf(stderr, "%s: cannot be signed: %s\n", publish->org, avpn_error_name(error));
    free(bytes);
    if (result == 0 && publish->json)
        json_object_update_new(
            publish->json,
            json_pack("{s:s, s:I, s:I, s:I}", "bundle", publish->out, "version",
                      (json_int_t)state->version, "sites",
                      (json_int_t)avpn_config_member_count(config), "bytes", (json_int_t)needed));
    else if (result == 0)
        printf("%s: version %llu, %u sites, %zu bytes\n", publish->out,
               (unsigned long long)state->version, avpn_config_member_count(config), needed);
    return result;
}

static int publish_all(const struct publish *publish)
{
    struct avpn_config *config;
    struct state state;
    struct keys keys;
    struct org org;
    char path[PATH_MAX];
    int result = 2;

    if (load(publish->org, &org, &state, &config) != 0)
        return 2;
    keys_path(publish, path);
    if (keys_open(&keys, path) == 0) {
        result = sign(publish, &keys, &state, config);
        keys_close(&keys);
    }
    avpn_config_del(config);
    org_close(&org);
    state_close(&state);
    return result;
}

static int read_days(const char *text, uint32_t *days_out)
{
    char *end;
    unsigned long days = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end || days < 1 || days > 36500) {
        fprintf(stderr, "--expires: %s: should be a number of days from 1 to 36500\n", text);
        return -1;
    }
    *days_out = (uint32_t)days;
    return 0;
}

int command_publish(int count, char **words)
{
    static const struct option options[] = {
        {"out", required_argument, NULL, 'o'},     {"keys", required_argument, NULL, 'k'},
        {"expires", required_argument, NULL, 'e'}, {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {0}};
    struct publish publish = {0};
    int option, is_json = 0, status;

    while ((option = getopt_long(count, words, "o:h", options, NULL)) != -1) {
        switch (option) {
        case 'o':
            publish.out = optarg;
            break;
        case 'k':
            publish.keys = optarg;
            break;
        case 'e':
            if (read_days(optarg, &publish.days) != 0)
                return 2;
            break;
        case 'j':
            is_json = 1;
            break;
        case 'h':
            fputs(publish_help, stdout);
            return 0;
        default:
            fputs(publish_help, stderr);
            return 2;
        }
    }
    if (optind + 1 != count || !publish.out) {
        fputs(publish_help, stderr);
        return 2;
    }
    publish.org = words[optind];
    if (is_json)
        publish.json = findings_begin();
    status = publish_all(&publish);
    return publish.json ? findings_print(publish.json, status) : status;
}
