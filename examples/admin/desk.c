/* SPDX-License-Identifier: ISC */
#include "admin/desk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/store.h"
#include "common/version.h"

/* ---- what was published ------------------------------------------------------------------- */

static int read_bundle(struct desk *desk)
{
    static const struct avpn_key nobody;
    struct avpn_key organization = desk->state.organization;
    int32_t error = AVPN_OK;

    if (memcmp(&organization, &nobody, sizeof nobody) == 0)
        error = avpn_bundle_organization(desk->bundle, desk->bundle_bytes, &organization);
    if (error == AVPN_OK)
        error = avpn_config_read(desk->bundle, desk->bundle_bytes, &organization, 0, NULL,
                                 &desk->published);
    if (error == AVPN_OK) {
        desk->state.organization = organization;
        return 0;
    }
    fprintf(stderr, "%s: %s; restore it from version control\n", desk->bundle_path,
            error == AVPN_ERROR_AUTH ? "is of another organization, or was altered"
                                     : "is no configuration that was published");
    return -1;
}

/* The state is what may be lost or old: what was published is signed. */
static void compare_with_state(struct desk *desk)
{
    uint64_t state_version = desk->state.version;
    uint64_t version = avpn_config_version(desk->published);
    char ours[VERSION_TEXT], theirs[VERSION_TEXT];

    version_text(state_version, ours);
    version_text(version, theirs);
    if (state_learn(&desk->state, desk->published))
        fprintf(stderr,
                "%s: warning: %s; ids, keys and invites were taken from %s (version %s). Restore "
                "it from version control if there is a newer one\n",
                desk->state.path, desk->state.is_lost ? "is missing" : "is older",
                desk->bundle_path, theirs);
    else if (version < state_version)
        fprintf(stderr,
                "%s: warning: is version %s, but version %s was published; restore it from version "
                "control if you can\n",
                desk->bundle_path, theirs, ours);
}

static int load_bundle(struct desk *desk)
{
    if (state_path(desk->path, ".published", desk->bundle_path) != 0)
        return -1;
    if (file_read(desk->bundle_path, AVPN_BUNDLE_LIMIT, &desk->bundle, &desk->bundle_bytes) != 0) {
        desk->bundle = NULL;
        if (errno != ENOENT) {
            fprintf(stderr, "%s: cannot be read: %s\n", desk->bundle_path, strerror(errno));
            return -1;
        }
        if (desk->state.version > 0)
            fprintf(stderr,
                    "%s: warning: is missing, though a version was published; restore it from "
                    "version control if you can: without it root keys have to sign again\n",
                    desk->bundle_path);
        return 0;
    }
    if (read_bundle(desk) != 0)
        return -1;
    compare_with_state(desk);
    return 0;
}

int desk_keep(struct desk *desk, uint8_t *bundle, size_t count)
{
    if (file_replace(desk->bundle_path, bundle, count, 0644) != 0) {
        fprintf(stderr, "%s: cannot be written: %s\n", desk->bundle_path, strerror(errno));
        free(bundle);
        return -1;
    }
    free(desk->bundle);
    avpn_config_del(desk->published);
    desk->published = NULL;
    desk->bundle = bundle;
    desk->bundle_bytes = count;
    return read_bundle(desk);
}

/* ---- life -------------------------------------------------------------------------------------- */

static int lock(struct desk *desk, int is_for_writing)
{
    desk->lock = is_for_writing ? open(desk->path, O_RDONLY | O_CLOEXEC) : -1;
    if (desk->lock < 0 || flock(desk->lock, LOCK_EX | LOCK_NB) == 0)
        return 0; /* a file that cannot be read is told of by org_open */
    fprintf(stderr, "%s: another autovpn is at work on it; try again when it is done\n",
            desk->path);
    return -1;
}

int desk_rebuild(struct desk *desk)
{
    avpn_config_del(desk->config);
    desk->config = NULL;
    return org_resolve(&desk->org, &desk->state) == 0 ? org_build(&desk->org, &desk->config) : -1;
}

static int load(struct desk *desk, int is_for_writing)
{
    if (lock(desk, is_for_writing) != 0)
        return 1;
    if (state_open(&desk->state, desk->path) != 0 || load_bundle(desk) != 0 ||
        org_open(&desk->org, desk->path) != 0)
        return 2;
    return desk_rebuild(desk) == 0 ? 0 : 2;
}

int desk_open(struct desk *desk, const char *path, int is_for_writing)
{
    int status;

    memset(desk, 0, sizeof *desk);
    desk->path = path;
    desk->lock = -1;
    status = load(desk, is_for_writing);
    if (status != 0)
        desk_close(desk);
    return status;
}

void desk_close(struct desk *desk)
{
    avpn_config_del(desk->config);
    avpn_config_del(desk->published);
    free(desk->bundle);
    org_close(&desk->org);
    state_close(&desk->state);
    if (desk->lock >= 0)
        (void)close(desk->lock);
    memset(desk, 0, sizeof *desk);
    desk->lock = -1;
}

const struct org_site *desk_site(const struct desk *desk, const char *name)
{
    const struct org_site *site = org_site_by_name(&desk->org, name);

    if (!site)
        fprintf(stderr, "%s: sites.%s: there is no such site; add it first, with its role\n",
                desk->path, name);
    return site;
}
