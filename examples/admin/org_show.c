/* SPDX-License-Identifier: ISC */
/*
 * org show: an organization's file as this program understands it, so that programs in any language need no reader of YAML and
 * none of its rules. Writes nothing, opens no key.
 *
 * With --json: one object with "name", "id", "version" (published last; 0: none), "suites", "hub_tunnels" and the lists
 * "registries", "sites" (in the file's order), "firewall" and "breakout". Ports and absent things are as in the answers of a gateway.
 */
#include <stdio.h>
#include <string.h>

#include <autovpn/sa.h>

#include "admin/command.h"
#include "admin/desk.h"
#include "admin/findings.h"
#include "common/json.h"
#include "common/version.h"

static const char help[] =
    "Usage: autovpn org show ORG.YAML [--json]\n"
    "\n"
    "Shows an organization as its file says: every site with its role, hubs, subnets and\n"
    "those with whom it is to have a tunnel. Sites that wait for a device are shown too.\n"
    "Exit status 0: valid, 2: not.\n"
    "\n"
    "      --json  print one object, with registries, firewall and breakouts too\n"
    "      --help  print this text\n";

/* ---- as JSON ------------------------------------------------------------------------------- */

static const char *name_of(const struct org *org, uint32_t id)
{
    const struct org_site *site = org_site_by_id(org, id);

    return site ? site->name : NULL;
}

static json_t *ports(uint16_t first, uint16_t last)
{
    if (last == 0)
        return json_null();
    return first == last ? json_sprintf("%u", first) : json_sprintf("%u-%u", first, last);
}

static json_t *protocol(uint8_t number)
{
    return number ? json_integer(number) : json_null();
}

static json_t *hubs(const struct org *org, const struct org_site *site)
{
    json_t *list = json_array();

    for (uint8_t i = 0; i < site->hub_count; i++)
        json_array_append_new(
            list, json_pack("{s:s?, s:b}", "site", name_of(org, site->hubs[i].member),
                            "default_route", site->hubs[i].flags & AVPN_HUB_DEFAULT_ROUTE));
    return list;
}

static json_t *exports(const struct org *org, const struct org_site *site)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < site->export_count; i++)
        json_array_append_new(list, json_prefix(&org->exports[site->first_export + i].prefix));
    return list;
}

static json_t *translations(const struct org *org, const struct org_site *site)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < site->translation_count; i++) {
        const struct avpn_translation *pair =
            &org->translations[site->first_translation + i].pair;

        json_array_append_new(list, json_pack("{s:o, s:o}", "local", json_prefix(&pair->local),
                                              "exported", json_prefix(&pair->exported)));
    }
    return list;
}

/* Port forwarding, by uplink; of members only, for nothing is known of the uplinks of who waits. */
static json_t *uplinks(const struct desk *desk, const struct org_site *site)
{
    struct avpn_member member = {.size = sizeof member};
    json_t *list = json_array();

    if (site->has_key && avpn_config_member(desk->config, site->id, &member) == AVPN_OK)
        for (uint8_t i = 0; i < member.uplink_count; i++)
            json_array_append_new(list, json_contact(&member.manual[i]));
    return list;
}

static json_t *peers(const struct desk *desk, const struct org_site *site)
{
    static uint32_t ids[AVPN_MEMBERS];
    uint32_t count = avpn_config_peers(desk->config, site->id, ids, AVPN_MEMBERS);
    json_t *list = json_array();

    for (uint32_t i = 0; i < count && i < AVPN_MEMBERS; i++)
        if (name_of(&desk->org, ids[i]))
            json_array_append_new(list, json_string(name_of(&desk->org, ids[i])));
    return list;
}

static json_t *site_object(const struct desk *desk, const struct org_site *site)
{
    const struct org *org = &desk->org;

    return json_pack("{s:s, s:I, s:o, s:b, s:b, s:s, s:o, s:o, s:o, s:o, s:o}", "name", site->name,
                     "id", (json_int_t)site->id, "key",
                     site->has_key ? json_key(&site->key) : json_null(), "waits", !site->has_key,
                     "revoked", site->is_revoked, "role", site->role == AVPN_ROLE_HUB ? "hub" : "spoke", "hubs",
                     hubs(org, site), "exports", exports(org, site), "translate",
                     translations(org, site), "uplinks", uplinks(desk, site), "peers",
                     peers(desk, site));
}

static json_t *sites(const struct desk *desk)
{
    json_t *list = json_array();

    for (uint32_t i = 0; i < desk->org.site_count; i++)
        json_array_append_new(list, site_object(desk, &desk->org.sites[i]));
    return list;
}

static json_t *registries(const struct avpn_config *config)
{
    struct avpn_registry_entry entry = {.size = sizeof entry};
    json_t *list = json_array();

    for (uint32_t i = 0; avpn_config_registry(config, i, &entry) == AVPN_OK; i++)
        json_array_append_new(list, json_pack("{s:s, s:I, s:o}", "host", entry.host, "port",
                                              (json_int_t)entry.port, "key",
                                              json_key(&entry.key)));
    return list;
}

static json_t *suites(const struct avpn_config *config)
{
    uint8_t values[AVPN_SUITES];
    uint32_t count = avpn_config_suites(config, values, AVPN_SUITES);
    json_t *list = json_array();

    for (uint32_t i = 0; i < count && i < AVPN_SUITES; i++)
        json_array_append_new(list, json_string(avpn_suite_name(values[i])));
    return list;
}

static json_t *firewall(const struct avpn_config *config)
{
    struct avpn_rule rule = {.size = sizeof rule};
    json_t *list = json_array();

    for (uint32_t i = 0; avpn_config_rule(config, i, &rule) == AVPN_OK; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "name", rule.name, "action",
                            rule.action == AVPN_RULE_DENY ? "deny" : "allow", "protocol",
                            protocol(rule.protocol), "source", json_prefix(&rule.source),
                            "destination", json_prefix(&rule.destination), "source_ports",
                            ports(rule.source_first, rule.source_last), "destination_ports",
                            ports(rule.destination_first, rule.destination_last)));
    return list;
}

static json_t *breakouts(const struct desk *desk)
{
    struct avpn_breakout breakout = {.size = sizeof breakout};
    json_t *list = json_array();

    for (uint32_t i = 0; avpn_config_breakout(desk->config, i, &breakout) == AVPN_OK; i++)
        json_array_append_new(
            list, json_pack("{s:s?, s:o, s:o, s:o}", "site", name_of(&desk->org, breakout.member),
                            "protocol", protocol(breakout.protocol), "destination",
                            json_prefix(&breakout.destination), "destination_ports",
                            ports(breakout.destination_first, breakout.destination_last)));
    return list;
}

static json_t *organization_id(const struct state *state)
{
    static const struct avpn_key nobody;

    return memcmp(&state->organization, &nobody, sizeof nobody) ? json_key(&state->organization)
                                                                : json_null();
}

static json_t *organization_object(const struct desk *desk)
{
    const struct avpn_config *config = desk->config;
    int has_no_mesh = (avpn_config_flags(config) & AVPN_ORGANIZATION_NO_HUB_TUNNELS) != 0;

    return json_pack("{s:s, s:o, s:I, s:o, s:b, s:o, s:o, s:o, s:o}", "name",
                     avpn_config_name(config), "id", organization_id(&desk->state), "version",
                     (json_int_t)(desk->published ? avpn_config_version(desk->published) : 0),
                     "suites", suites(config), "hub_tunnels", !has_no_mesh, "registries",
                     registries(config), "sites", sites(desk), "firewall", firewall(config),
                     "breakout", breakouts(desk));
}

/* ---- for people ------------------------------------------------------------------------------ */

static void print_list(const char *what, const json_t *list)
{
    const json_t *entry;
    size_t i;

    if (json_array_size(list) == 0)
        return;
    printf("  %-8s", what);
    json_array_foreach(list, i, entry)
    {
        const json_t *site = json_object_get(entry, "site");
        int takes_all = json_is_true(json_object_get(entry, "default_route"));

        printf(" %s%s", json_string_value(site ? site : entry), takes_all ? " (default route)" : "");
    }
    putchar('\n');
}

static void print_site(const json_t *site)
{
    printf("\n%s: %s, member %lld%s%s\n", json_string_value(json_object_get(site, "name")),
           json_string_value(json_object_get(site, "role")),
           (long long)json_integer_value(json_object_get(site, "id")),
           json_is_true(json_object_get(site, "waits")) ? ", waits for a device" : "",
           json_is_true(json_object_get(site, "revoked")) ? ", REVOKED" : "");
    print_list("hubs", json_object_get(site, "hubs"));
    print_list("exports", json_object_get(site, "exports"));
    print_list("tunnels", json_object_get(site, "peers"));
}

static void print(const json_t *object)
{
    const json_t *list = json_object_get(object, "sites");
    const json_t *site;
    size_t i;

    printf("%s: %zu sites, %zu registries, %zu rules\n",
           json_string_value(json_object_get(object, "name")), json_array_size(list),
           json_array_size(json_object_get(object, "registries")),
           json_array_size(json_object_get(object, "firewall")));
    json_array_foreach(list, i, site)
        print_site(site);
}

static int show(const char *path, json_t *json)
{
    struct desk desk;
    json_t *object;
    int status = desk_open(&desk, path, 0);

    if (status != 0)
        return status;
    object = organization_object(&desk);
    desk_close(&desk);
    if (!object) {
        fprintf(stderr, "%s: out of memory\n", path);
        return 1;
    }
    if (json)
        json_object_update(json, object);
    else
        print(object);
    json_decref(object);
    return 0;
}

int command_org_show(int count, char **words)
{
    return findings_command(count, words, help, show);
}
