/* SPDX-License-Identifier: ISC */
/*
 * invite: a one-time token with which a device takes a site's place. Spec: [JOIN-1].
 *
 * The token alone goes to standard output, everything else to standard error, so that a script can take it.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <autovpn/join.h>
#include <sodium.h>

#include "admin/arguments.h"
#include "admin/command.h"
#include "admin/findings.h"
#include "admin/qr.h"
#include "admin/words.h"

#define DEFAULT_SPAN (72u * 3600u) /* seconds */

static const char help[] =
    "Usage: autovpn invite ORG.YAML SITE [OPTION...]\n"
    "\n"
    "Makes a one-time token for the device of a site, publishes the invite, and prints\n"
    "the token:\n"
    "    autovpn-gateway --join TOKEN\n"
    "The next \"autovpn org publish\" takes in the device that came with it. An invite\n"
    "again replaces the one before. Exit status 0: at least one registry has it.\n"
    "\n"
    "      --expires SPAN   how long it is good for: 90m, 8h, 3d (default 72h)\n"
    "      --qr, --no-qr    show it as a QR code too (default: if standard error is a\n"
    "                       terminal)\n" HELP_KEYS "      --only-file      talk to no registry\n"
    "      --json           print one object: ok, token, site, token_expires, and what\n"
    "                       publish prints\n"
    "      --help           print this text\n";

struct invite {
    const char *path;
    const char *name;
    uint32_t span; /* seconds */
    int has_qr;    /* -1: as the terminal says */
    struct publishing publishing;
};

/* ---- who may be invited ----------------------------------------------------------------------- */

static int judge(const struct desk *desk, const struct org_site *site)
{
    struct settings *file = (struct settings *)(uintptr_t)&desk->org.file; /* read only */
    struct setting value;

    if (site->has_file_key && settings_get(file, &site->where, "key", &value)) {
        settings_problem(file, &value, NULL,
                         "remove this line first: a key in the file wins over the one a device "
                         "brings. Until a device has come, the site keeps it");
        return -1;
    }
    if (site->is_revoked) {
        settings_problem(file, &site->where, site->name,
                         "is revoked; write revoked: false first, if a new device may take its "
                         "place");
        return -1;
    }
    return 0;
}

static void tell_situation(const struct desk *desk, const struct org_site *site)
{
    struct avpn_invite before = {.size = sizeof before};

    if (state_invite(&desk->state, site->name, &before))
        fprintf(stderr, "%s: the token before is void from now on\n", site->name);
    if (site->has_key)
        fprintf(stderr,
                "%s: has a device already; the one that comes with this token replaces it\n",
                site->name);
}

/* ---- the token -------------------------------------------------------------------------------- */

static void make_token(const struct desk *desk, const struct invite *invite,
                       const struct org_site *site, struct avpn_token *token)
{
    memset(token, 0, sizeof *token);
    token->size = sizeof *token;
    token->member = site->id;
    token->organization = desk->state.organization;
    token->version = state_next_version(&desk->state);
    token->expires = (int64_t)time(NULL) + invite->span;
    randombytes_buf(token->secret, sizeof token->secret);
    while (token->registry_count < AVPN_REGISTRIES) {
        struct avpn_token_registry *place = &token->registries[token->registry_count];
        struct avpn_registry_entry entry = {.size = sizeof entry};

        if (avpn_config_registry(desk->config, token->registry_count, &entry) != AVPN_OK)
            break;
        place->key = entry.key;
        place->port = entry.port;
        memcpy(place->host, entry.host, sizeof place->host);
        token->registry_count++;
    }
}

static int note_invite(struct desk *desk, const struct org_site *site,
                       const struct avpn_token *token)
{
    struct avpn_invite invite = {
        .size = sizeof invite, .member = token->member, .expires = token->expires};
    int32_t error = avpn_token_claim_key(token, &invite.key);

    if (error != AVPN_OK) {
        fprintf(stderr, "%s: no token can be made: %s\n", site->name, avpn_error_name(error));
        return -1;
    }
    if (json_object_size(desk->state.invites) >= AVPN_INVITES) {
        fprintf(stderr, "%s: %d invites are open, more there cannot be\n", site->name,
                AVPN_INVITES);
        return -1;
    }
    state_set_invite(&desk->state, site->name, &invite, state_next_version(&desk->state));
    return 0;
}

static void print_token(const struct invite *invite, const struct avpn_token *token,
                        const char *text)
{
    int is_terminal = isatty(STDERR_FILENO) == 1;
    int has_qr = invite->has_qr < 0 ? is_terminal : invite->has_qr;
    char when[WORDS_TIME];

    if (invite->publishing.json) {
        json_object_update_new(invite->publishing.json,
                               json_pack("{s:s, s:s, s:I}", "token", text, "site", invite->name,
                                         "token_expires", (json_int_t)token->expires));
        return;
    }
    if (has_qr && qr_print(text, is_terminal, stderr) != 0)
        fprintf(stderr, "the token is too long for a QR code\n");
    fprintf(stderr, "token for the device of %s, good until %s: autovpn-gateway --join\n",
            invite->name, words_time(token->expires, when));
    fflush(stderr);
    puts(text);
}

/* ---- all of it -------------------------------------------------------------------------------- */

static int publish(struct desk *desk, struct invite *invite, struct avpn_token *token)
{
    uint64_t version = state_next_version(&desk->state);
    int status = publishing_run(desk, &invite->publishing);
    char text[AVPN_TOKEN_TEXT];

    /* not signed: a token without its invite would be good for nothing */
    if (!desk->published || avpn_config_version(desk->published) < version)
        return status ? status : 1;
    token->version = avpn_config_version(desk->published);
    if (avpn_token_format(token, text, sizeof text) != AVPN_OK) {
        fprintf(stderr, "%s: no token can be made\n", invite->name);
        return 1;
    }
    print_token(invite, token, text);
    sodium_memzero(text, sizeof text);
    /* one registry that has it is enough for the device, and the next publish tries the others */
    return invite->publishing.is_file_only || invite->publishing.took > 0 ? 0 : status;
}

static int run(struct invite *invite)
{
    const struct org_site *site;
    struct avpn_token token = {.size = sizeof token};
    struct desk desk;
    int status;

    if (arguments_keys_beside(invite->publishing.ring, invite->path) != 0)
        return 2;
    status = desk_open(&desk, invite->path, 1);
    if (status != 0)
        return status;
    site = desk_site(&desk, invite->name);
    status = site && judge(&desk, site) == 0 ? 0 : 2;
    if (status == 0) {
        tell_situation(&desk, site);
        make_token(&desk, invite, site, &token);
        status = note_invite(&desk, site, &token) == 0 ? publish(&desk, invite, &token) : 1;
        sodium_memzero(&token, sizeof token);
    }
    desk_close(&desk);
    return status;
}

/* 0, -1 after a complaint, 1: help is to be shown. */
static int read_options(int count, char **words, struct invite *invite, int *is_json, int *is_help)
{
    static const struct option options[] = {OPTIONS_KEYS,
                                            {"expires", required_argument, NULL, 'e'},
                                            {"qr", no_argument, NULL, 'q'},
                                            {"no-qr", no_argument, NULL, 'Q'},
                                            {"only-file", no_argument, NULL, 'l'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;

    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        if (option == '?')
            return 1;
        if (arguments_keys(invite->publishing.ring, option, optarg) < 0 ||
            (option == 'e' && arguments_span("--expires", optarg, &invite->span) != 0))
            return -1;
        if (option == 'q' || option == 'Q')
            invite->has_qr = option == 'q';
        invite->publishing.is_file_only |= option == 'l';
        *is_json |= option == 'j';
        *is_help |= option == 'h';
    }
    if (*is_help || optind + 2 != count)
        return 1;
    invite->path = words[optind];
    invite->name = words[optind + 1];
    return 0;
}

int command_invite(int count, char **words)
{
    static struct key_ring ring;
    struct invite invite = {
        .span = DEFAULT_SPAN, .has_qr = -1, .publishing = {.ring = &ring, .say = stderr}};
    int is_json = 0, is_help = 0;
    int status = read_options(count, words, &invite, &is_json, &is_help);

    if (status != 0) {
        if (status > 0)
            fputs(help, is_help ? stdout : stderr);
        return is_help ? 0 : 2;
    }
    if (is_json) {
        invite.publishing.json = findings_begin();
        invite.publishing.say = NULL;
    }
    status = run(&invite);
    keys_close(&ring);
    return is_json ? findings_print(invite.publishing.json, status) : status;
}
