/* SPDX-License-Identifier: ISC */
#include "admin/keys.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/store.h"

static const char *const names[] = {"root", "signer", "psk"};

static void path_of(const char *directory, const char *name, char path_out[PATH_MAX])
{
    (void)snprintf(path_out, PATH_MAX, "%s/%s", directory, name);
}

static int complain(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s\n", path, what);
    return -1;
}

int keys_create(const char *directory)
{
    struct store store;
    char path[PATH_MAX];

    if (store_open(&store, directory) != 0)
        return complain(directory, strerror(errno));
    for (uint32_t i = 0; i < 3; i++) {
        path_of(directory, names[i], path);
        if (access(path, F_OK) == 0)
            return complain(path, "exists already; an organization's keys are never overwritten");
    }
    for (uint32_t i = 0; i < 3; i++) {
        struct avpn_key secret;
        int result;

        if (getrandom(secret.bytes, sizeof secret.bytes, 0) != (ssize_t)sizeof secret.bytes)
            return complain(directory, "no randomness");
        path_of(directory, names[i], path);
        result = secret_save(path, &secret);
        explicit_bzero(&secret, sizeof secret);
        if (result != 0)
            return complain(path, strerror(errno));
    }
    return 0;
}

static int load(const char *directory, const char *name, struct avpn_key *secret_out)
{
    char path[PATH_MAX];

    path_of(directory, name, path);
    if (secret_load(path, secret_out) == 0)
        return 0;
    return complain(path, errno == EBADMSG ? "should hold 32 bytes as one line of base64"
                          : errno == ENOENT
                              ? "is missing; autovpn org init makes it, --keys says where it is"
                              : strerror(errno));
}

static int open_authority(struct keys *keys, const char *directory)
{
    struct avpn_key root;
    struct avpn_key signer;
    int32_t error = AVPN_ERROR_STATE;

    if (load(directory, "root", &root) == 0 && load(directory, "signer", &signer) == 0) {
        error = avpn_authority_new(NULL, &keys->authority);
        if (error == AVPN_OK)
            error = avpn_authority_add_root(keys->authority, &root);
        if (error == AVPN_OK)
            error = avpn_authority_add_signer(keys->authority, &signer);
        if (error == AVPN_OK)
            error = avpn_authority_organization(keys->authority, &keys->organization);
        if (error != AVPN_OK)
            complain(directory, avpn_error_name(error));
    }
    explicit_bzero(&root, sizeof root);
    explicit_bzero(&signer, sizeof signer);
    return error == AVPN_OK ? 0 : -1;
}

int keys_open(struct keys *keys, const char *directory)
{
    memset(keys, 0, sizeof *keys);
    if (open_authority(keys, directory) == 0 && load(directory, "psk", &keys->psk) == 0)
        return 0;
    keys_close(keys);
    return -1;
}

void keys_close(struct keys *keys)
{
    avpn_authority_del(keys->authority);
    explicit_bzero(keys, sizeof *keys);
}
