/* SPDX-License-Identifier: ISC */
/*
 * rotate: new keys in the place of old ones. What is made here takes effect with the next publish; until then everything
 * goes on with the old.
 */
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "admin/arguments.h"
#include "admin/command.h"
#include "admin/findings.h"

static const char help[] =
    "Usage: autovpn org rotate-key ORG.YAML (--psk | --signer | --root) [OPTION...]\n"
    "\n"
    "Makes new keys, which the next publish puts in force. The old files stay, as retired-...\n"
    "\n"
    "      --psk                  the pre-shared key: a new epoch, the one before overlaps\n"
    "      --signer               the signing keys; root keys sign the change\n"
    "      --root                 the root keys; the old and the new ones sign the change\n"
    "      --signers N --signing-threshold K, --root-keys N --root-threshold K\n"
    "                             how many, and how many have to sign (default: as before)\n"
    "      --publish              publish at once\n" HELP_KEYS
    "      --json                 print one object: ok, rotated, and with --publish what publish "
    "prints\n"
    "      --help                 print this text\n";

struct rotate {
    const char *path;
    char kind; /* 'p', 's' or 'r'; 0: not told */
    int is_twice;
    uint32_t count, threshold; /* 0: as before */
    int is_publishing;
    struct publishing publishing;
};

static int complain(const struct desk *desk, const char *what)
{
    fprintf(stderr, "%s: %s\n", desk->path, what);
    return 1;
}

/* One step at a time: nodes know the epoch and the charter before, none further back. */
static int is_pending(const struct desk *desk)
{
    uint64_t serial = avpn_config_version(desk->published) >> AVPN_VERSION_SERIAL_SHIFT;

    return serial != desk->state.serial ||
           avpn_config_psk_epoch(desk->published) != desk->state.psk_epoch;
}

/* ---- the three -------------------------------------------------------------------------------- */

static int rotate_psk(struct desk *desk, struct key_ring *ring, struct key_psk *psk)
{
    psk->epoch++;
    psk->previous = psk->current;
    randombytes_buf(psk->current.bytes, sizeof psk->current.bytes);
    if (keys_psk_save(ring, psk) != 0)
        return 1;
    desk->state.psk_epoch = psk->epoch;
    return 0;
}

static int make_set(const struct desk *desk, const struct rotate *rotate, const char *kind,
                    const struct key_set *before, struct key_set *set_out)
{
    uint32_t count = rotate->count ? rotate->count : before->count;
    uint32_t threshold = rotate->threshold ? rotate->threshold
                         : rotate->count   ? count
                                           : before->threshold;

    if (threshold > count) {
        fprintf(stderr, "threshold %u: should not be more than the keys, which are %u\n", threshold,
                count);
        return -1;
    }
    if (keys_retire(rotate->publishing.ring, kind, desk->state.serial) != 0)
        return -1;
    return keys_make(rotate->publishing.ring, kind, count, threshold, set_out);
}

static int rotate_signer(struct desk *desk, const struct rotate *rotate)
{
    struct key_set before = desk->state.signing;
    struct key_set set;

    if (before.count == 0)
        keys_guess(rotate->publishing.ring, "signer", 1, &before);
    if (make_set(desk, rotate, "signer", &before, &set) != 0)
        return 1;
    desk->state.signing = set;
    desk->state.serial++;
    return 0;
}

static int rotate_root(struct desk *desk, const struct rotate *rotate)
{
    struct key_set set;

    if (desk->state.root.count == 0) { /* the state was lost: those there are */
        keys_guess(rotate->publishing.ring, "root", 1, &desk->state.root);
        desk->state.root.threshold = desk->state.root.count;
    }
    if (make_set(desk, rotate, "root", &desk->state.root, &set) != 0)
        return 1;
    desk->state.next_root = set;
    desk->state.serial++;
    return 0;
}

/* ---- all of it -------------------------------------------------------------------------------- */

static int make_keys(struct desk *desk, struct rotate *rotate)
{
    struct key_psk psk;
    int status = 1;

    if (!desk->published)
        return complain(desk, "nothing was published yet, so there is nothing to rotate");
    if (is_pending(desk))
        return complain(desk, "keys that were rotated before wait to be published; publish first");
    if (rotate->kind != 'p' && desk->state.serial >= STATE_SERIAL_MOST)
        return complain(desk, "its charter cannot change any more");
    /* opened for each kind: it tells whether, and with which passphrase, keys are locked here */
    if (keys_psk_open(rotate->publishing.ring, &psk) == 0) {
        if (rotate->kind == 'p')
            status = rotate_psk(desk, rotate->publishing.ring, &psk);
        else
            status = rotate->kind == 's' ? rotate_signer(desk, rotate) : rotate_root(desk, rotate);
    }
    sodium_memzero(&psk, sizeof psk);
    return status == 0 && state_save(&desk->state) != 0 ? 1 : status;
}

static const char *name_of(char kind)
{
    return kind == 'p' ? "new pre-shared keys" : kind == 's' ? "new signing keys" : "new root keys";
}

static void tell(const struct rotate *rotate)
{
    if (rotate->publishing.json)
        json_object_set_new(rotate->publishing.json, "rotated", json_string(name_of(rotate->kind)));
    else if (!rotate->is_publishing)
        printf("%s: made: %s; \"autovpn org publish\" puts them in force\n", rotate->path,
               name_of(rotate->kind));
    if (rotate->kind != 'p')
        fprintf(stderr, "The old files are kept as retired-...; destroy them when every registry "
                        "has taken the next publish.\n");
}

static int run(struct rotate *rotate)
{
    struct desk desk;
    int status;

    if (arguments_keys_beside(rotate->publishing.ring, rotate->path) != 0)
        return 2;
    status = desk_open(&desk, rotate->path, 1);
    if (status != 0)
        return status;
    status = make_keys(&desk, rotate);
    if (status == 0) {
        tell(rotate);
        if (rotate->is_publishing)
            status = publishing_run(&desk, &rotate->publishing);
    }
    desk_close(&desk);
    return status;
}

/* ---- usage ------------------------------------------------------------------------------------ */

static void choose(struct rotate *rotate, char kind)
{
    rotate->is_twice |= rotate->kind != 0;
    rotate->kind = kind;
}

/* 0, -1 after a complaint, 1: help is to be shown. */
static int read_options(int count, char **words, struct rotate *rotate, int *is_json, int *is_help)
{
    static const struct option options[] = {OPTIONS_KEYS,
                                            {"psk", no_argument, NULL, 'p'},
                                            {"signer", no_argument, NULL, 's'},
                                            {"root", no_argument, NULL, 'r'},
                                            {"root-keys", required_argument, NULL, 'n'},
                                            {"root-threshold", required_argument, NULL, 't'},
                                            {"signers", required_argument, NULL, 'n'},
                                            {"signing-threshold", required_argument, NULL, 't'},
                                            {"publish", no_argument, NULL, 'u'},
                                            {"json", no_argument, NULL, 'j'},
                                            {"help", no_argument, NULL, 'h'},
                                            {0}};
    int option, place = 0;

    while ((option = getopt_long(count, words, "h", options, &place)) != -1) {
        if (option == '?' || arguments_keys(rotate->publishing.ring, option, optarg) < 0)
            return option == '?' ? 1 : -1;
        if (option == 'p' || option == 's' || option == 'r')
            choose(rotate, (char)option);
        if ((option == 'n' || option == 't') &&
            arguments_number(options[place].name, optarg, 1, 8,
                             option == 'n' ? &rotate->count : &rotate->threshold) != 0)
            return -1;
        rotate->is_publishing |= option == 'u';
        *is_json |= option == 'j';
        *is_help |= option == 'h';
    }
    if (*is_help || optind + 1 != count || !rotate->kind || rotate->is_twice)
        return 1;
    rotate->path = words[optind];
    return 0;
}

int command_rotate_key(int count, char **words)
{
    static struct key_ring ring;
    struct rotate rotate = {.publishing = {.ring = &ring, .say = stdout}};
    int is_json = 0, is_help = 0;
    int status = read_options(count, words, &rotate, &is_json, &is_help);

    if (status != 0) {
        if (status > 0)
            fputs(help, is_help ? stdout : stderr);
        return is_help ? 0 : 2;
    }
    if (is_json) {
        rotate.publishing.json = findings_begin();
        rotate.publishing.say = NULL;
    }
    status = run(&rotate);
    keys_close(&ring);
    return is_json ? findings_print(rotate.publishing.json, status) : status;
}
