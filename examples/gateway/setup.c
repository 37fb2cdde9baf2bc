/* SPDX-License-Identifier: ISC */
#include "gateway/setup.h"

#include <stdio.h>
#include <string.h>

#include <autovpn/host.h>

#include "common/log.h"
#include "common/settings.h"

static void set_defaults(struct setup *setup)
{
    memset(setup, 0, sizeof *setup);
    strcpy(setup->state, "/var/lib/autovpn");
    strcpy(setup->control, "/run/autovpn/gateway.sock");
    strcpy(setup->tun, "avpn0");
    setup->mtu = 1400;
    setup->table = 9350;
    setup->priority = 9350;
    setup->mark = 0x9350;
    setup->protocol = 0x61;
    setup->log_level = AVPN_LOG_INFO;
}

/* A text that fits, copied. */
static int copy_text(struct settings *file, const struct setting *value, char *out,
                     size_t capacity)
{
    const char *text;

    if (!settings_text(file, value, &text))
        return 0;
    if (strlen(text) >= capacity) {
        settings_problem(file, value, NULL, "should have at most %zu characters", capacity - 1);
        return 0;
    }
    strcpy(out, text);
    return 1;
}

static void read_path(struct settings *file, const struct setting *map, const char *name,
                      char *out, size_t capacity)
{
    struct setting value;

    if (!settings_get(file, map, name, &value) || !copy_text(file, &value, out, capacity))
        return;
    if (out[0] != '/')
        settings_problem(file, &value, NULL, "should be an absolute path, beginning with /");
}

static void read_interface(struct settings *file, const struct setting *value,
                           char out[IFNAMSIZ])
{
    if (copy_text(file, value, out, IFNAMSIZ) && strpbrk(out, "/ \t:"))
        settings_problem(file, value, NULL, "should be a network interface's name, like eth0");
}

static void read_number(struct settings *file, const struct setting *map, const char *name,
                        uint32_t least, uint32_t most, uint32_t *number_out)
{
    struct setting value;

    if (settings_get(file, map, name, &value))
        settings_number(file, &value, least, most, number_out);
}

static void read_uplink(struct settings *file, const struct setting *map,
                        struct setup_uplink *uplink)
{
    struct setting value;
    struct setting other;
    uint32_t port = 0;
    int has_interface;
    int has_address;

    if (!settings_expect(file, map, "interface", "address", "port", NULL))
        return;
    has_interface = settings_get(file, map, "interface", &value);
    has_address = settings_get(file, map, "address", &other);
    if (has_interface)
        read_interface(file, &value, uplink->interface);
    if (has_address)
        settings_address(file, &other, &uplink->address);
    if (has_interface == has_address)
        settings_problem(file, map, "", "should have either interface or address%s",
                         has_address ? ", not both" : "");
    if (settings_get(file, map, "port", &value) &&
        settings_number(file, &value, SETUP_PORT_FIRST, SETUP_PORT_LAST, &port))
        uplink->port = (uint16_t)port;
}

static int is_same_place(const struct setup_uplink *a, const struct setup_uplink *b)
{
    return strcmp(a->interface, b->interface) == 0 &&
           memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

static void read_uplinks(struct settings *file, const struct setting *root, struct setup *setup)
{
    struct setting list;
    struct setting item;
    uint32_t count;

    if (!settings_require(file, root, "uplinks", &list))
        return;
    count = settings_list(file, &list);
    if (count == 0 && list.node && list.node->type == YAML_SEQUENCE_NODE)
        settings_problem(file, &list, NULL, "should name at least one uplink");
    if (count > AVPN_UPLINKS) {
        settings_problem(file, &list, NULL, "should name at most %d uplinks, not %u", AVPN_UPLINKS,
                         count);
        count = AVPN_UPLINKS;
    }
    for (uint32_t i = 0; i < count && settings_at(file, &list, i, &item); i++) {
        read_uplink(file, &item, &setup->uplinks[i]);
        for (uint32_t k = 0; k < i; k++)
            if (is_same_place(&setup->uplinks[k], &setup->uplinks[i]))
                settings_problem(file, &item, "", "is the same as uplinks[%u]", k);
    }
    setup->uplink_count = count;
}

static void read_tun(struct settings *file, const struct setting *root, struct setup *setup)
{
    struct setting map;
    struct setting value;

    if (!settings_get(file, root, "tun", &map) ||
        !settings_expect(file, &map, "name", "mtu", "address", NULL))
        return;
    if (settings_get(file, &map, "name", &value))
        read_interface(file, &value, setup->tun);
    read_number(file, &map, "mtu", 576, 9000, &setup->mtu);
    /* An interface address is not a subnet: its host part is the point of it. */
    if (settings_get(file, &map, "address", &value)) {
        struct avpn_address address;

        if (settings_address(file, &value, &address)) {
            setup->tun_address.family = address.family;
            setup->tun_address.length = address.family == AVPN_FAMILY_IPV4 ? 32 : 128;
            memcpy(setup->tun_address.bytes, address.bytes, sizeof address.bytes);
        }
    }
}

static void read_routing(struct settings *file, const struct setting *root, struct setup *setup)
{
    struct setting map;

    if (!settings_get(file, root, "routing", &map) ||
        !settings_expect(file, &map, "table", "priority", "mark", "protocol", NULL))
        return;
    /* 253 to 255 are the kernel's own tables; two priorities more are used above the first */
    read_number(file, &map, "table", 256, INT32_MAX, &setup->table);
    read_number(file, &map, "priority", 1, 32763, &setup->priority);
    read_number(file, &map, "mark", 1, UINT32_MAX, &setup->mark);
    read_number(file, &map, "protocol", 5, 255, &setup->protocol);
}

static void read_log(struct settings *file, const struct setting *root, struct setup *setup)
{
    struct setting value;
    const char *text;

    if (!settings_get(file, root, "log", &value) || !settings_text(file, &value, &text))
        return;
    setup->log_level = log_level_parse(text);
    if (!setup->log_level)
        settings_problem(file, &value, NULL, "should be error, warning, info or debug");
}

static void read_all(struct settings *file, struct setup *setup)
{
    struct setting root;
    struct setting value;

    settings_root(file, &root);
    if (!settings_expect(file, &root, "organization", "state_directory", "bundle", "uplinks",
                         "tun", "routing", "control", "log", "undo_after_s", NULL))
        return;
    if (settings_get(file, &root, "organization", &value) &&
        settings_key(file, &value, &setup->organization))
        setup->organization_line = value.line;
    read_path(file, &root, "state_directory", setup->state, sizeof setup->state);
    read_path(file, &root, "bundle", setup->bundle, sizeof setup->bundle);
    if (settings_get(file, &root, "bundle", &value))
        setup->bundle_line = value.line;
    read_number(file, &root, "undo_after_s", 10, 86400, &setup->undo_after_s);
    read_path(file, &root, "control", setup->control, sizeof setup->control);
    read_uplinks(file, &root, setup);
    read_tun(file, &root, setup);
    read_routing(file, &root, setup);
    read_log(file, &root, setup);
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
