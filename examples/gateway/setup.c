/* SPDX-License-Identifier: ISC */
#include "gateway/setup.h"

#include <stdio.h>
#include <string.h>

#include <autovpn/host.h>

#include "common/log.h"
#include "gateway/kernel.h"
#include "gateway/setup_read.h"
#include "gateway/tun.h"

static void set_defaults(struct setup *setup)
{
    memset(setup, 0, sizeof *setup);
    strcpy(setup->state, "/var/lib/autovpn");
    strcpy(setup->control, "/run/autovpn/gateway.sock");
    strcpy(setup->tun, "avpn0");
    setup->mtu = 1500; /* as the LAN's: it is the engine that says what is too big [MTU-6] */
    setup->table = 9350;
    setup->priority = 9350;
    setup->mark = 0x9350;
    setup->protocol = 0x61;
    setup->metric = 100;
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

void setup_read_interface(struct settings *file, const struct setting *value, char out[IFNAMSIZ])
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

static void read_tun(struct settings *file, const struct setting *root, struct setup *setup)
{
    struct setting map;
    struct setting value;
    int has_offloads;

    if (!settings_get(file, root, "tun", &map) ||
        !settings_expect(file, &map, "name", "mtu", "address", "offloads", NULL))
        return;
    if (settings_get(file, &map, "name", &value))
        setup_read_interface(file, &value, setup->tun);
    read_number(file, &map, "mtu", 576, 9000, &setup->mtu);
    if (settings_get(file, &map, "offloads", &value) &&
        settings_flag(file, &value, &has_offloads))
        setup->is_tun_plain = !has_offloads;
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

/* A table of our own: 253 to 255 are the kernel's. */
static void read_table(struct settings *file, const struct setting *map, const char *name,
                       uint32_t *table_out)
{
    struct setting value;

    if (settings_get(file, map, name, &value) &&
        settings_number(file, &value, 1, INT32_MAX, table_out) && *table_out >= 253 &&
        *table_out <= 255)
        settings_problem(file, &value, NULL, "is one of the kernel's own tables; should be another");
}

static void read_routing(struct settings *file, const struct setting *root, struct setup *setup)
{
    uint32_t guard = 0;
    struct setting map;

    if (settings_get(file, root, "routing", &map) &&
        settings_expect(file, &map, "table", "guard_table", "priority", "mark", "protocol", "metric",
                        NULL)) {
        read_table(file, &map, "table", &setup->table);
        read_table(file, &map, "guard_table", &guard);
        read_number(file, &map, "priority", 1, 32766 - KERNEL_RULES, &setup->priority);
        read_number(file, &map, "mark", 1, UINT32_MAX, &setup->mark);
        read_number(file, &map, "protocol", 5, 255, &setup->protocol);
        read_number(file, &map, "metric", 1, 1000000, &setup->metric);
        if (guard == setup->table || (guard == 0 && setup->table == 252))
            settings_problem(file, &map, "", "guard_table should be another one than table, and none of "
                                             "the kernel's");
    }
    setup->guard = guard ? guard : setup->table + 1;
}

static void read_learn(struct settings *file, const struct setting *root, struct setup *setup)
{
    struct setting map;
    struct setting value;

    if (!settings_get(file, root, "learn", &map) || !settings_expect(file, &map, "table", NULL) ||
        !settings_require(file, &map, "table", &value) ||
        !settings_number(file, &value, 1, INT32_MAX, &setup->learn_table))
        return;
    if (setup->learn_table == setup->table || setup->learn_table == setup->guard)
        settings_problem(file, &value, NULL,
                         "is the gateway's own table; should be that of a routing daemon, 254: main");
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
                         "tun", "workers", "routing", "learn", "control", "log", "undo_after_s", NULL))
        return;
    if (settings_get(file, &root, "organization", &value) &&
        settings_key(file, &value, &setup->organization))
        setup->organization_line = value.line;
    read_path(file, &root, "state_directory", setup->state, sizeof setup->state);
    read_path(file, &root, "bundle", setup->bundle, sizeof setup->bundle);
    if (settings_get(file, &root, "bundle", &value))
        setup->bundle_line = value.line;
    read_number(file, &root, "workers", 0, TUN_QUEUES, &setup->workers);
    read_number(file, &root, "undo_after_s", 10, 86400, &setup->undo_after_s);
    read_path(file, &root, "control", setup->control, sizeof setup->control);
    setup_read_uplinks(file, &root, setup);
    read_tun(file, &root, setup);
    read_routing(file, &root, setup);
    read_learn(file, &root, setup);
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
