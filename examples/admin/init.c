/* SPDX-License-Identifier: ISC */
/* init: a new organization: its keys, its state, and an org.yaml to fill in. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "admin/arguments.h"
#include "admin/command.h"
#include "admin/state.h"
#include "common/store.h"

static const char help[] =
    "Usage: autovpn org init DIR [OPTION...]\n"
    "\n"
    "Makes DIR with the keys of a new organization (DIR/keys), locked with a\n"
    "passphrase, and an org.yaml to fill in, and prints the organization's id, which\n"
    "every registry.yaml names.\n"
    "\n"
    "      --name NAME            the organization's name (default: example)\n"
    "      --root-keys N          root keys to make, 1 to 8 (default 1)\n"
    "      --root-threshold K     ... of which so many have to sign (default: all)\n"
    "      --signers N            signing keys to make, 1 to 8 (default 1)\n"
    "      --signing-threshold K  ... of which so many have to sign (default: all)\n"
    "      --key-file FILE        take the passphrase from a file's first line\n"
    "      --no-passphrase        leave the keys unlocked: whoever can read them owns\n"
    "                             the organization\n"
    "      --json                 print {ok, organization_id}\n"
    "      --help                 print this text\n";

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
    "# A site waits until a device claims its place, with the token of \"autovpn invite\";\n"
    "# or the key of its device (autovpn-gateway --show-key) stands here.\n"
    "sites: {}\n"
    "#  head-office:\n"
    "#    role: hub\n"
    "#    exports: [10.1.0.0/16]\n"
    "#  branch:\n"
    "#    role: spoke\n"
    "#    hubs: [head-office]\n"
    "#    exports: [10.2.0.0/24]\n"
    "\n"
    "# The first rule that matches decides; what none matches is allowed.\n"
    "firewall: []\n"
    "#  - {name: no-smb, action: deny, protocol: tcp, from: branch, to: any, ports: [139, 445]}\n";

struct init {
    const char *directory;
    const char *name;
    uint32_t root_count, root_threshold; /* threshold 0: all */
    uint32_t signer_count, signer_threshold;
    struct key_ring ring;
    int is_json;
};

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

/* ---- keys ----------------------------------------------------------------------------------- */

static int make_psk(struct key_ring *ring)
{
    struct key_psk psk = {.epoch = 1};
    int result;

    randombytes_buf(psk.current.bytes, sizeof psk.current.bytes);
    result = keys_psk_save(ring, &psk);
    sodium_memzero(&psk, sizeof psk);
    return result;
}

static int name_organization(struct state *state)
{
    struct avpn_authority *authority;
    int32_t error = avpn_authority_new(NULL, &authority);

    if (error == AVPN_OK) {
        error = avpn_authority_set_root_keys(authority, state->root.threshold, state->root.keys,
                                             state->root.count);
        if (error == AVPN_OK)
            error = avpn_authority_organization(authority, &state->organization);
        avpn_authority_del(authority);
    }
    if (error != AVPN_OK)
        fprintf(stderr, "autovpn: no organization can be made: %s\n", avpn_error_name(error));
    return error == AVPN_OK ? 0 : -1;
}

static int make_keys(struct init *init, struct state *state)
{
    struct key_ring *ring = &init->ring;

    if (ring->is_plain)
        fprintf(stderr,
                "%s: warning: the keys are not locked with a passphrase; whoever can read them "
                "owns the organization\n",
                ring->directories[0]);
    else if (passphrases_make(&ring->passphrases) != 0)
        return -1;
    if (keys_make(ring, "root", init->root_count, init->root_threshold, &state->root) != 0 ||
        keys_make(ring, "signer", init->signer_count, init->signer_threshold, &state->signing) != 0)
        return -1;
    state->psk_epoch = 1;
    return make_psk(ring) == 0 ? name_organization(state) : -1;
}

/* ---- all of it -------------------------------------------------------------------------------- */

/* Nothing of an organization is there yet: 0, or -1 after a complaint. */
static int is_free(const char *path)
{
    if (access(path, F_OK) != 0)
        return 0;
    fprintf(stderr, "%s: exists already; choose another directory\n", path);
    return -1;
}

static int make(struct init *init, const char *path)
{
    struct state state;
    char id[AVPN_KEY_TEXT];
    int status = 1;

    if (state_open(&state, path) != 0)
        return 1;
    if (make_keys(init, &state) == 0 && state_save(&state) == 0) {
        (void)avpn_key_format(&state.organization, id, sizeof id);
        status = write_skeleton(path, id, init->name);
    }
    state_close(&state);
    if (status != 0)
        return status;
    if (init->is_json)
        printf("{\"ok\": true, \"organization_id\": \"%s\"}\n", id); /* base64: nothing to escape */
    else
        puts(id);
    return 0;
}

static int run(struct init *init)
{
    char path[PATH_MAX];
    char state[PATH_MAX];

    if (snprintf(path, sizeof path, "%s/org.yaml", init->directory) >= (int)sizeof path) {
        fprintf(stderr, "%s: the path is too long\n", init->directory);
        return 2;
    }
    if (state_path(path, ".state.json", state) != 0 || is_free(path) != 0 || is_free(state) != 0)
        return 2;
    return arguments_keys_beside(&init->ring, path) == 0 ? make(init, path) : 2;
}

/* ---- usage ------------------------------------------------------------------------------------ */

static int is_name(const char *name)
{
    size_t length = strlen(name);

    if (length >= 1 && length < AVPN_NAME_BYTES &&
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == length)
        return 1;
    fprintf(stderr, "--name: %s: should be 1 to 63 characters of a-z A-Z 0-9 . _ -\n", name);
    return 0;
}

static int settle_threshold(const char *option, uint32_t *threshold, uint32_t count)
{
    if (*threshold == 0)
        *threshold = count;
    if (*threshold <= count)
        return 0;
    fprintf(stderr, "%s: %u: should not be more than the keys, which are %u\n", option, *threshold,
            count);
    return -1;
}

/* 1 taken, 0 unknown, -1 after a complaint. */
static int take_option(struct init *init, int option, const char *value)
{
    switch (option) {
    case 'n':
        init->name = value;
        return is_name(value) ? 1 : -1;
    case 'r':
        return arguments_number("--root-keys", value, 1, 8, &init->root_count) == 0 ? 1 : -1;
    case 'R':
        return arguments_number("--root-threshold", value, 1, 8, &init->root_threshold) == 0 ? 1
                                                                                             : -1;
    case 's':
        return arguments_number("--signers", value, 1, 8, &init->signer_count) == 0 ? 1 : -1;
    case 'S':
        return arguments_number("--signing-threshold", value, 1, 8, &init->signer_threshold) == 0
                   ? 1
                   : -1;
    case 'p':
        init->ring.is_plain = 1;
        return 1;
    case 'j':
        init->is_json = 1;
        return 1;
    case 'f':
        return arguments_keys(&init->ring, option, value);
    default:
        return 0;
    }
}

static int read_options(int count, char **words, struct init *init, int *is_help)
{
    static const struct option options[] = {{"name", required_argument, NULL, 'n'},
                                            {"root-keys", required_argument, NULL, 'r'},
                                            {"root-threshold", required_argument, NULL, 'R'},
                                            {"signers", required_argument, NULL, 's'},
                                            {"signing-threshold", required_argument, NULL, 'S'},
                                            {"key-file", required_argument, NULL, 'f'},
                                            {"no-passphrase", no_argument, NULL, 'p'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option;

    while ((option = getopt_long(count, words, "h", options, NULL)) != -1) {
        int taken = take_option(init, option, optarg);

        *is_help |= option == 'h';
        if (taken < 1) {
            if (taken == 0)
                fputs(help, *is_help ? stdout : stderr);
            return -1;
        }
    }
    if (optind + 1 != count) {
        fputs(help, stderr);
        return -1;
    }
    init->directory = words[optind];
    if (init->ring.is_plain && init->ring.passphrases.file_count) {
        fprintf(stderr, "--no-passphrase: does not go with --key-file; choose one\n");
        return -1;
    }
    return settle_threshold("--root-threshold", &init->root_threshold, init->root_count) == 0 &&
                   settle_threshold("--signing-threshold", &init->signer_threshold,
                                    init->signer_count) == 0
               ? 0
               : -1;
}

int command_init(int count, char **words)
{
    static struct init init = {.name = "example", .root_count = 1, .signer_count = 1};
    int is_help = 0, status;

    if (read_options(count, words, &init, &is_help) != 0)
        return is_help ? 0 : 2;
    status = run(&init);
    keys_close(&init.ring);
    return status;
}
