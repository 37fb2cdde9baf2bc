/* SPDX-License-Identifier: ISC */
#include "admin/keys.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sodium.h>

#include "admin/secret_file.h"
#include "common/store.h"

#define PSK_BYTES (2 * AVPN_KEY_BYTES)

static int complain(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    return -1;
}

static int join(char path_out[PATH_MAX], const char *directory, const char *name)
{
    if (snprintf(path_out, PATH_MAX, "%s/%s", directory, name) < PATH_MAX)
        return 0;
    return complain(directory, "the path is too long");
}

static struct passphrases *lock_of(struct key_ring *ring)
{
    return ring->is_plain ? NULL : &ring->passphrases;
}

int keys_add_directory(struct key_ring *ring, const char *directory)
{
    if (ring->count == KEY_DIRECTORIES)
        return complain(directory, "--keys may be given 8 times at most");
    if (strlen(directory) >= PATH_MAX)
        return complain(directory, "the path is too long");
    strcpy(ring->directories[ring->count++], directory);
    return 0;
}

void keys_close(struct key_ring *ring)
{
    passphrases_close(&ring->passphrases);
}

/* ---- making ------------------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b)
{
    return memcmp(a, b, AVPN_KEY_BYTES);
}

static void sort(struct key_set *set)
{
    qsort(set->keys, set->count, sizeof set->keys[0], compare_keys);
}

static int make_one(struct key_ring *ring, const char *path, const char *kind,
                    struct avpn_key *public_out)
{
    struct secret_label label = {.is_plain = ring->is_plain};
    struct avpn_key seed;
    int result = -1;

    if (access(path, F_OK) == 0)
        return complain(path, "exists already; an organization's keys are never overwritten");
    randombytes_buf(seed.bytes, sizeof seed.bytes);
    (void)snprintf(label.kind, sizeof label.kind, "%s", kind);
    if (avpn_authority_public_key(&seed, public_out) == AVPN_OK &&
        avpn_key_format(public_out, label.public_text, sizeof label.public_text) == AVPN_OK)
        result = secret_file_save(path, &label, lock_of(ring), seed.bytes, sizeof seed.bytes);
    sodium_memzero(&seed, sizeof seed);
    return result;
}

static int make_directory(const struct key_ring *ring)
{
    struct store store;

    if (store_open(&store, ring->directories[0]) == 0)
        return 0;
    return complain(ring->directories[0], strerror(errno));
}

int keys_make(struct key_ring *ring, const char *kind, uint32_t count, uint32_t threshold,
              struct key_set *set_out)
{
    char path[PATH_MAX];
    char name[32];

    memset(set_out, 0, sizeof *set_out);
    set_out->threshold = threshold;
    if (make_directory(ring) != 0)
        return -1;
    for (uint32_t i = 0; i < count && i < AVPN_AUTHORITY_KEYS; i++) {
        (void)snprintf(name, sizeof name, "%s-%u", kind, i + 1);
        if (join(path, ring->directories[0], name) != 0 ||
            make_one(ring, path, kind, &set_out->keys[i]) != 0)
            return -1;
        set_out->count++;
    }
    sort(set_out);
    return 0;
}

static int retire_one(const char *directory, const char *name, uint32_t generation)
{
    char before[PATH_MAX];
    char after[PATH_MAX];
    char retired[64];

    (void)snprintf(retired, sizeof retired, "retired-%u-%s", generation, name);
    if (join(before, directory, name) != 0 || join(after, directory, retired) != 0)
        return -1;
    if (access(after, F_OK) == 0)
        return complain(after, "exists already; move it away");
    if (rename(before, after) != 0 && errno != ENOENT)
        return complain(before, strerror(errno));
    return 0;
}

int keys_retire(const struct key_ring *ring, const char *kind, uint32_t generation)
{
    char name[32];

    for (uint32_t i = 0; i < ring->count; i++)
        for (uint32_t k = 1; k <= AVPN_AUTHORITY_KEYS; k++) {
            (void)snprintf(name, sizeof name, "%s-%u", kind, k);
            if (retire_one(ring->directories[i], name, generation) != 0)
                return -1;
        }
    return 0;
}

/* ---- finding ------------------------------------------------------------------------------ */

/* The file of that kind and public half: 1 and its path, 0 none, -1 after a complaint. */
static int find_in(const char *directory, const char *kind, const char *public_text,
                   char path_out[PATH_MAX])
{
    DIR *listing = opendir(directory);
    struct dirent *entry;
    int result = 0;

    if (!listing) {
        fprintf(stderr, "%s: %s; autovpn org init makes it, --keys says where it is\n", directory,
                strerror(errno));
        return -1;
    }
    while (result == 0 && (entry = readdir(listing)) != NULL) {
        struct secret_label label;

        if (entry->d_name[0] == '.' || entry->d_type == DT_DIR)
            continue;
        result = join(path_out, directory, entry->d_name);
        if (result == 0)
            result = secret_file_label(path_out, &label);
        if (result == 1)
            result = strcmp(label.kind, kind) == 0 &&
                     (!public_text || strcmp(label.public_text, public_text) == 0);
    }
    (void)closedir(listing);
    return result;
}

static int find(const struct key_ring *ring, const char *kind, const char *public_text,
                char path_out[PATH_MAX])
{
    int result = 0;

    for (uint32_t i = 0; result == 0 && i < ring->count; i++)
        result = find_in(ring->directories[i], kind, public_text, path_out);
    return result;
}

/* What was opened has to be what the file says it is, plain files too. */
static int is_seed_of(const struct avpn_key *seed, const struct avpn_key *public_key)
{
    struct avpn_key found;

    return avpn_authority_public_key(seed, &found) == AVPN_OK &&
           memcmp(&found, public_key, sizeof found) == 0;
}

static int open_file(struct key_ring *ring, const char *path, uint8_t *secret_out, size_t count)
{
    struct secret_label label;

    if (secret_file_label(path, &label) != 1 ||
        secret_file_open(path, &ring->passphrases, secret_out, count) != 0)
        return -1;
    ring->is_plain = label.is_plain;
    return 0;
}

int keys_seed(struct key_ring *ring, const char *kind, const struct avpn_key *public_key,
              struct avpn_key *seed_out)
{
    char text[AVPN_KEY_TEXT];
    char path[PATH_MAX];
    int result;

    if (avpn_key_format(public_key, text, sizeof text) != AVPN_OK)
        return -1;
    result = find(ring, kind, text, path);
    if (result != 1)
        return result;
    if (open_file(ring, path, seed_out->bytes, sizeof seed_out->bytes) != 0)
        return -1;
    if (is_seed_of(seed_out, public_key))
        return 1;
    return complain(path, "the secret is not that of the public half beside it");
}

/* Bit i: a file has the set's key i. */
static int complain_of_missing(const char *kind, const struct key_set *set, uint32_t given,
                               uint32_t found)
{
    char text[AVPN_KEY_TEXT];

    fprintf(stderr,
            "%u of %u %s keys are needed, %u found; --keys DIR, once for each place, says where "
            "they are. Not found:\n",
            set->threshold, set->count, kind, given);
    for (uint32_t i = 0; i < set->count; i++)
        if ((found >> i & 1) == 0 && avpn_key_format(&set->keys[i], text, sizeof text) == AVPN_OK)
            fprintf(stderr, "    %s\n", text);
    return -1;
}

static int32_t give_one(const char *kind, struct avpn_authority *authority,
                        const struct avpn_key *seed)
{
    return strcmp(kind, "root") == 0 ? avpn_authority_add_root(authority, seed)
                                     : avpn_authority_add_signer(authority, seed);
}

int keys_give(struct key_ring *ring, const char *kind, const struct key_set *set,
              struct avpn_authority *authority)
{
    uint32_t given = 0;
    uint32_t found = 0;

    for (uint32_t i = 0; i < set->count && given < set->threshold; i++) {
        struct avpn_key seed;
        int result = keys_seed(ring, kind, &set->keys[i], &seed);
        int32_t error = result == 1 ? give_one(kind, authority, &seed) : AVPN_OK;

        sodium_memzero(&seed, sizeof seed);
        if (result < 0)
            return -1;
        if (error != AVPN_OK)
            return complain(kind, avpn_error_name(error));
        given += (uint32_t)result;
        found |= (uint32_t)result << i;
    }
    return given >= set->threshold ? 0 : complain_of_missing(kind, set, given, found);
}

void keys_guess(const struct key_ring *ring, const char *kind, uint32_t threshold,
                struct key_set *set_out)
{
    memset(set_out, 0, sizeof *set_out);
    set_out->threshold = threshold;
    for (uint32_t i = 0; i < ring->count; i++)
        for (uint32_t k = 1; k <= AVPN_AUTHORITY_KEYS; k++) {
            struct secret_label label;
            char path[PATH_MAX];
            char name[32];

            (void)snprintf(name, sizeof name, "%s-%u", kind, k);
            if (join(path, ring->directories[i], name) == 0 &&
                secret_file_label(path, &label) == 1 && strcmp(label.kind, kind) == 0 &&
                set_out->count < AVPN_AUTHORITY_KEYS &&
                avpn_key_parse(label.public_text, &set_out->keys[set_out->count]) == AVPN_OK)
                set_out->count++;
        }
    sort(set_out);
}

/* ---- the pre-shared keys --------------------------------------------------------------------- */

static int find_psk(const struct key_ring *ring, char path_out[PATH_MAX], uint32_t *epoch_out)
{
    struct secret_label label;
    char *end;
    unsigned long epoch;
    int result = find(ring, "psk", NULL, path_out);

    if (result == 0)
        return complain(ring->directories[0],
                        "has no file of pre-shared keys; autovpn org init makes it");
    if (result < 0 || secret_file_label(path_out, &label) != 1)
        return -1;
    epoch = strtoul(label.public_text, &end, 10);
    if (*end != 0 || epoch < 1 || epoch > UINT32_MAX)
        return complain(path_out, "the epoch should be a number from 1 on");
    *epoch_out = (uint32_t)epoch;
    return 0;
}

int keys_psk_epoch(const struct key_ring *ring, uint32_t *epoch_out)
{
    char path[PATH_MAX];

    return find_psk(ring, path, epoch_out);
}

int keys_psk_open(struct key_ring *ring, struct key_psk *psk_out)
{
    uint8_t secret[PSK_BYTES];
    char path[PATH_MAX];
    int result = -1;

    memset(psk_out, 0, sizeof *psk_out);
    if (find_psk(ring, path, &psk_out->epoch) == 0 &&
        open_file(ring, path, secret, sizeof secret) == 0) {
        memcpy(psk_out->current.bytes, secret, AVPN_KEY_BYTES);
        memcpy(psk_out->previous.bytes, secret + AVPN_KEY_BYTES, AVPN_KEY_BYTES);
        result = 0;
    }
    sodium_memzero(secret, sizeof secret);
    return result;
}

int keys_psk_save(struct key_ring *ring, const struct key_psk *psk)
{
    struct secret_label label = {.kind = "psk", .is_plain = ring->is_plain};
    uint8_t secret[PSK_BYTES];
    char path[PATH_MAX];
    uint32_t epoch;
    int result = 0;

    if (psk->epoch == 1)
        result = join(path, ring->directories[0], "psk"); /* a new organization's first */
    else
        result = find_psk(ring, path, &epoch);
    (void)snprintf(label.public_text, sizeof label.public_text, "%u", psk->epoch);
    memcpy(secret, psk->current.bytes, AVPN_KEY_BYTES);
    memcpy(secret + AVPN_KEY_BYTES, psk->previous.bytes, AVPN_KEY_BYTES);
    if (result == 0)
        result = secret_file_save(path, &label, lock_of(ring), secret, sizeof secret);
    sodium_memzero(secret, sizeof secret);
    return result;
}
