/* SPDX-License-Identifier: ISC */
#include "registry/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <autovpn/host.h>

#include "common/log.h"
#include "common/settings.h"

static void set_defaults(struct setup *setup)
{
    memset(setup, 0, sizeof *setup);
    strcpy(setup->key, "/var/lib/autovpn-registry/key");
    strcpy(setup->store, "/var/lib/autovpn-registry/registry.db");
    strcpy(setup->control, "/run/autovpn/registry.sock");
    setup->log_level = AVPN_LOG_INFO;
}

/* Both families, for whoever does not say. */
static void listen_anywhere(struct setup *setup)
{
    setup->listen[0].family = AVPN_FAMILY_IPV4;
    setup->listen[1].family = AVPN_FAMILY_IPV6;
    setup->listen[0].port = setup->listen[1].port = SETUP_PORT_FIRST;
    setup->listen_count = 2;
}

static void read_path(struct settings *file, const struct setting *value, char *out,
                      size_t capacity)
{
    const char *text;

    if (!settings_text(file, value, &text))
        return;
    if (text[0] != '/' || strlen(text) >= capacity)
        settings_problem(file, value, NULL,
                         "should be an absolute path of at most %zu characters", capacity - 1);
    else
        strcpy(out, text);
}

static void read_listen(struct settings *file, const struct setting *root, struct setup *setup)
{
    struct setting list;
    struct setting item;
    uint32_t count;

    if (!settings_get(file, root, "listen", &list)) {
        listen_anywhere(setup);
        return;
    }
    count = settings_list(file, &list);
    if (count < 1 || count > SETUP_LISTEN) {
        settings_problem(file, &list, NULL, "should name 1 to %u addresses", SETUP_LISTEN);
        return;
    }
    for (uint32_t i = 0; i < count && settings_at(file, &list, i, &item); i++) {
        struct avpn_contact *contact = &setup->listen[i];

        if (settings_contact(file, &item, contact) &&
            (contact->port < SETUP_PORT_FIRST || contact->port > SETUP_PORT_LAST))
            settings_problem(file, &item, NULL, "the port should be one of %u to %u",
                             SETUP_PORT_FIRST, SETUP_PORT_LAST);
    }
    setup->listen_count = count;
}

static void read_organization(struct settings *file, const struct setting *map,
                              struct setup_organization *organization)
{
    struct setting value;

    if (!settings_expect(file, map, "id", "bundle", NULL))
        return;
    if (settings_require(file, map, "id", &value))
        settings_key(file, &value, &organization->id);
    if (settings_get(file, map, "bundle", &value)) {
        organization->line = value.line;
        read_path(file, &value, organization->bundle, sizeof organization->bundle);
    }
}

static void complain_of_twins(struct settings *file, const struct setting *item,
                              const struct setup *setup, uint32_t index)
{
    for (uint32_t k = 0; k < index; k++)
        if (memcmp(&setup->organizations[k].id, &setup->organizations[index].id,
                   sizeof setup->organizations[k].id) == 0)
            settings_problem(file, item, "", "has the same id as organizations[%u]", k);
}

static void read_organizations(struct settings *file, const struct setting *root,
                               struct setup *setup)
{
    struct setting list;
    struct setting item;
    uint32_t count;

    if (!settings_require(file, root, "organizations", &list))
        return;
    count = settings_list(file, &list);
    if (count < 1 || count > SETUP_ORGANIZATIONS) {
        settings_problem(file, &list, NULL, "should name 1 to %u organizations",
                         SETUP_ORGANIZATIONS);
        return;
    }
    setup->organizations = calloc(count, sizeof *setup->organizations);
    if (!setup->organizations) {
        settings_problem(file, &list, NULL, "out of memory");
        return;
    }
    for (uint32_t i = 0; i < count && settings_at(file, &list, i, &item); i++) {
        read_organization(file, &item, &setup->organizations[i]);
        complain_of_twins(file, &item, setup, i);
    }
    setup->organization_count = count;
}

static void read_all(struct settings *file, struct setup *setup)
{
    struct setting root;
    struct setting value;
    const char *text;

    settings_root(file, &root);
    if (!settings_expect(file, &root, "listen", "key", "store", "organizations", "control",
                         "log", "handshakes_per_second", NULL))
        return;
    read_listen(file, &root, setup);
    read_organizations(file, &root, setup);
    if (settings_get(file, &root, "key", &value))
        read_path(file, &value, setup->key, sizeof setup->key);
    if (settings_get(file, &root, "store", &value))
        read_path(file, &value, setup->store, sizeof setup->store);
    if (settings_get(file, &root, "control", &value))
        read_path(file, &value, setup->control, sizeof setup->control);
    if (settings_get(file, &root, "handshakes_per_second", &value))
        settings_number(file, &value, 1, 1000000, &setup->handshakes_per_second);
    if (settings_get(file, &root, "log", &value) && settings_text(file, &value, &text)) {
        setup->log_level = log_level_parse(text);
        if (!setup->log_level)
            settings_problem(file, &value, NULL, "should be error, warning, info or debug");
    }
}

int setup_read(const char *path, struct setup *setup_out)
{
    struct settings file;
    uint32_t problems;

    set_defaults(setup_out);
    if (settings_open(&file, path) == 0)
        read_all(&file, setup_out);
    problems = file.problems;
    settings_close(&file);
    return problems ? -1 : 0;
}

void setup_free(struct setup *setup)
{
    free(setup->organizations);
    setup->organizations = NULL;
}
