/* SPDX-License-Identifier: ISC */
#include "registry/organizations.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/store.h"

#define STORE_NAME_BYTES 80 /* "organization-" and 64 digits */

static const char *bundle_advice(int32_t error)
{
    switch (error) {
    case AVPN_ERROR_FORMAT:
        return "is not a bundle made by autovpn org publish, or damaged";
    case AVPN_ERROR_AUTH:
        return "is of another organization than id, or its signatures do not verify";
    case AVPN_ERROR_EXPIRED:
        return "has expired: publish a new one (or is this machine's clock wrong?)";
    default:
        return avpn_error_name(error);
    }
}

const char *organizations_label(const struct server *server, const struct avpn_key *id,
                                char label_out[ORGANIZATION_LABEL])
{
    struct avpn_organization_status status = {.size = sizeof status};
    char text[AVPN_KEY_TEXT] = "";

    (void)avpn_key_format(id, text, sizeof text);
    if (avpn_registry_organization(server->registry, id, &status) == AVPN_OK && status.name[0])
        (void)snprintf(label_out, ORGANIZATION_LABEL, "organization %s (%s)", status.name, text);
    else
        (void)snprintf(label_out, ORGANIZATION_LABEL, "organization %s", text);
    return label_out;
}

/* ---- bundles' files ------------------------------------------------------------------- */

static int check_bundle(const struct setup_organization *organization, uint32_t index,
                        const char *setup_path)
{
    struct avpn_config *config = NULL;
    uint8_t *bytes;
    size_t count;
    int32_t error;

    if (!organization->bundle[0])
        return 0;
    if (file_read(organization->bundle, AVPN_BUNDLE_LIMIT, &bytes, &count) != 0) {
        fprintf(stderr, "%s:%u: organizations[%u].bundle: %s: cannot be read: %s; it should be "
                        "the file that autovpn org publish wrote\n",
                setup_path, organization->line, index, organization->bundle, strerror(errno));
        return -1;
    }
    error = avpn_config_read(bytes, count, &organization->id, loop_wall_clock(NULL), NULL,
                             &config);
    free(bytes);
    avpn_config_del(config);
    if (error == AVPN_OK)
        return 0;
    fprintf(stderr, "%s:%u: organizations[%u].bundle: %s: %s\n", setup_path, organization->line,
            index, organization->bundle, bundle_advice(error));
    return -1;
}

int organizations_check(const struct setup *setup, const char *setup_path)
{
    int result = 0;

    for (uint32_t i = 0; i < setup->organization_count; i++)
        if (check_bundle(&setup->organizations[i], i, setup_path) != 0)
            result = -1;
    return result;
}

/* The name under which the engine keeps an organization's configuration (host.h). */
static void store_name(const struct avpn_key *id, char name_out[STORE_NAME_BYTES])
{
    size_t used = (size_t)snprintf(name_out, STORE_NAME_BYTES, "organization-");

    for (size_t i = 0; i < sizeof id->bytes; i++)
        used += (size_t)snprintf(name_out + used, STORE_NAME_BYTES - used, "%02x", id->bytes[i]);
}

/* What is not newer than what is served changes nothing. */
static void take_bundle(struct server *server, const struct setup_organization *organization)
{
    char name[STORE_NAME_BYTES];
    uint8_t *bytes;
    size_t count;
    int32_t error;

    if (!organization->bundle[0])
        return;
    if (file_read(organization->bundle, AVPN_BUNDLE_LIMIT, &bytes, &count) != 0) {
        log_line(AVPN_LOG_ERROR, "%s cannot be read: %s", organization->bundle, strerror(errno));
        return;
    }
    error = avpn_registry_set_organization(server->registry, &organization->id, bytes, count,
                                           loop_now());
    if (error == AVPN_OK) {
        log_line(AVPN_LOG_INFO, "%s is in force", organization->bundle);
        store_name(&organization->id, name);
        (void)database_write(&server->database, name, bytes, count);
    } else if (error != AVPN_ERROR_VERSION) {
        log_line(AVPN_LOG_ERROR, "%s %s", organization->bundle, bundle_advice(error));
    }
    free(bytes);
}

/* ---- the store ------------------------------------------------------------------------- */

struct restoring {
    struct server *server;
    const struct avpn_key *id;
};

/* One of the last versions, the oldest first: the engine makes updates from one to the next. */
static void restore(void *user, const uint8_t *bytes, size_t count)
{
    const struct restoring *restoring = user;
    char label[ORGANIZATION_LABEL];
    int32_t error = avpn_registry_set_organization(restoring->server->registry, restoring->id,
                                                   bytes, count, loop_now());

    if (error != AVPN_OK && error != AVPN_ERROR_VERSION && error != AVPN_ERROR_EXPIRED)
        log_line(AVPN_LOG_WARNING, "%s: a configuration in the store is left out: %s",
                 organizations_label(restoring->server, restoring->id, label),
                 avpn_error_name(error));
}

static void serve(struct server *server, const struct setup_organization *organization)
{
    struct restoring restoring = {server, &organization->id};
    struct avpn_organization_status status = {.size = sizeof status};
    char label[ORGANIZATION_LABEL], name[STORE_NAME_BYTES];
    int32_t error;

    store_name(&organization->id, name);
    database_history(&server->database, name, restore, &restoring);
    error = avpn_registry_admit(server->registry, &organization->id, loop_now());
    if (error != AVPN_OK) {
        log_line(AVPN_LOG_ERROR, "%s is not served: %s",
                 organizations_label(server, &organization->id, label), avpn_error_name(error));
        return;
    }
    take_bundle(server, organization);
    if (avpn_registry_organization(server->registry, &organization->id, &status) == AVPN_OK &&
        status.version == 0)
        log_line(AVPN_LOG_INFO, "%s waits for its first autovpn org publish",
                 organizations_label(server, &organization->id, label));
}

void organizations_open(struct server *server)
{
    for (uint32_t i = 0; i < server->setup->organization_count; i++)
        serve(server, &server->setup->organizations[i]);
}

/* ---- SIGHUP ---------------------------------------------------------------------------- */

static int names(const struct setup *setup, const struct avpn_key *id)
{
    for (uint32_t i = 0; i < setup->organization_count; i++)
        if (memcmp(&setup->organizations[i].id, id, sizeof *id) == 0)
            return 1;
    return 0;
}

static void remove_organization(struct server *server, const struct avpn_key *id)
{
    char label[ORGANIZATION_LABEL];

    (void)organizations_label(server, id, label);
    if (avpn_registry_remove_organization(server->registry, id, loop_now()) == AVPN_OK)
        log_line(AVPN_LOG_INFO, "%s is not served any more", label);
}

void organizations_reload(struct server *server)
{
    struct setup fresh, old;

    if (setup_read(server->setup_path, &fresh) != 0) {
        log_line(AVPN_LOG_ERROR, "%s is not valid: everything stays as it was", server->setup_path);
        setup_free(&fresh);
        return;
    }
    old = *server->setup;
    server->setup->organizations = fresh.organizations;
    server->setup->organization_count = fresh.organization_count;
    for (uint32_t i = 0; i < old.organization_count; i++)
        if (!names(server->setup, &old.organizations[i].id))
            remove_organization(server, &old.organizations[i].id);
    for (uint32_t i = 0; i < fresh.organization_count; i++) {
        if (names(&old, &fresh.organizations[i].id))
            take_bundle(server, &fresh.organizations[i]);
        else
            serve(server, &fresh.organizations[i]);
    }
    setup_free(&old);
}
