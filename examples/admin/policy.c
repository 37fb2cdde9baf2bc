/* SPDX-License-Identifier: ISC */
#include "admin/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/matches.h"

/* ---- the firewall --------------------------------------------------------------------------------- */

static void put_rule(void *user, const struct avpn_rule *rule)
{
    struct policy *policy = user;

    policy->rules[policy->rule_count++] = *rule;
}

static void read_name(struct org *org, const struct setting *entry, struct rules_spec *spec)
{
    struct setting value;
    const char *text;

    if (!settings_get(&org->file, entry, "name", &value) ||
        !settings_text(&org->file, &value, &text))
        return;
    if (strlen(text) < sizeof spec->name &&
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
            strlen(text))
        strcpy(spec->name, text);
    else
        settings_problem(&org->file, &value, NULL,
                         "should be 1 to 63 characters of a-z A-Z 0-9 . _ -");
}

static void read_action(struct org *org, const struct setting *entry, struct rules_spec *spec)
{
    struct setting value;
    const char *text;

    if (!settings_require(&org->file, entry, "action", &value) ||
        !settings_text(&org->file, &value, &text))
        return;
    if (strcmp(text, "allow") == 0)
        spec->action = AVPN_RULE_ALLOW;
    else if (strcmp(text, "deny") == 0)
        spec->action = AVPN_RULE_DENY;
    else
        settings_problem(&org->file, &value, NULL, "should be allow or deny");
}

/* Returns how many rules the entry makes; they are added while `total` has room for them. */
static uint64_t read_rule(struct org *org, const struct setting *entry, uint32_t place,
                          uint64_t total)
{
    struct policy *policy = org->policy;
    struct matches matches = {0};
    struct rules_spec *spec = &matches.spec;
    uint32_t first = policy->rule_count;
    uint32_t before = org->file.problems;
    uint64_t count = 0;

    if (!settings_expect(&org->file, entry, "name", "action", "protocol", "from", "to", "ports",
                         "source_ports", NULL))
        return 0;
    read_name(org, entry, spec);
    read_action(org, entry, spec);
    matches_read(org, entry, &matches);
    if (org->file.problems == before) {
        count = rules_count(spec);
        if (count == 0)
            settings_problem(&org->file, entry, spec->name,
                             "matches nothing: what it names is IPv4 here and IPv6 there");
        else if (count <= AVPN_RULES && total + count <= AVPN_RULES)
            rules_expand(spec, put_rule, policy);
    }
    while (first < policy->rule_count)
        policy->rule_places[first++] = place;
    matches_free(&matches);
    return count;
}

static void read_firewall(struct org *org)
{
    struct setting list, entry;
    uint64_t total = 0, most = 0;
    uint32_t largest = 0;
    uint32_t count;

    if (!settings_get(&org->file, &org->root, "firewall", &list))
        return;
    count = org_list(org, &list, AVPN_RULES);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &entry); i++) {
        uint64_t made = read_rule(org, &entry, i, total);

        total += made;
        if (made > most) {
            most = made;
            largest = i;
        }
    }
    if (total > AVPN_RULES && settings_at(&org->file, &list, largest, &entry))
        settings_problem(&org->file, &list, "",
                         "makes %llu rules once lists and sites are written out, and at most %d "
                         "can be; the entry at line %u alone makes %llu",
                         (unsigned long long)total, AVPN_RULES, entry.line,
                         (unsigned long long)most);
}

/* ---- breakouts ------------------------------------------------------------------------------------- */

struct breakouts {
    struct policy *policy;
    uint32_t member;
    uint32_t place;
    uint64_t total;
};

static void put_breakout(void *user, const struct avpn_rule *rule)
{
    struct breakouts *breakouts = user;
    struct policy *policy = breakouts->policy;

    if (breakouts->total++ >= AVPN_BREAKOUTS)
        return;
    policy->breakout_places[policy->breakout_count] = breakouts->place;
    policy->breakouts[policy->breakout_count++] =
        (struct avpn_breakout){.size = sizeof(struct avpn_breakout),
                               .member = breakouts->member,
                               .destination = rule->destination,
                               .protocol = rule->protocol,
                               .destination_first = rule->destination_first,
                               .destination_last = rule->destination_last};
}

static void expand_breakout(const struct rules_spec *spec, struct breakouts *breakouts)
{
    uint64_t count = rules_count(spec);

    if (count > AVPN_BREAKOUTS)
        breakouts->total += count;
    else
        rules_expand(spec, put_breakout, breakouts);
}

static void expand_for_sites(struct org *org, const struct setting *entry,
                             const struct rules_spec *spec, struct breakouts *breakouts)
{
    struct setting field, value;
    uint32_t count = matches_values(org, entry, "sites", AVPN_MEMBERS, &field);
    const char *text;

    breakouts->member = 0;
    if (!field.node)
        expand_breakout(spec, breakouts);
    for (uint32_t i = 0; i < count; i++) {
        const struct org_site *site;

        if (!matches_value_at(org, &field, i, &value, &text))
            continue;
        site = org_site_by_name(org, text);
        if (!site) {
            settings_problem(&org->file, &value, NULL, "there is no such site under sites");
            continue;
        }
        breakouts->member = site->id;
        expand_breakout(spec, breakouts);
    }
}

static void read_breakout(struct org *org, const struct setting *entry, struct breakouts *breakouts)
{
    struct matches matches = {0};
    struct rules_spec *spec = &matches.spec;
    uint32_t before = org->file.problems;

    if (!settings_expect(&org->file, entry, "to", "protocol", "ports", "sites", NULL))
        return;
    matches_read(org, entry, &matches);
    if (org->file.problems == before) {
        if (spec->to_count == 0 && spec->protocol_count == 0)
            settings_problem(
                &org->file, entry, "",
                "should name what leaves by the site's own connection: to or protocol; "
                "for everything, its hubs need no default_route");
        else if (rules_count(spec) == 0)
            settings_problem(&org->file, entry, "",
                             "matches nothing: what it names is IPv4 here and IPv6 there");
        else
            expand_for_sites(org, entry, spec, breakouts);
    }
    matches_free(&matches);
}

static void read_breakouts(struct org *org)
{
    struct breakouts breakouts = {.policy = org->policy};
    struct setting list, entry;
    uint32_t count;

    if (!settings_get(&org->file, &org->root, "breakout", &list))
        return;
    count = org_list(org, &list, AVPN_BREAKOUTS);
    for (uint32_t i = 0; i < count && settings_at(&org->file, &list, i, &entry); i++) {
        breakouts.place = i;
        read_breakout(org, &entry, &breakouts);
    }
    if (breakouts.total > AVPN_BREAKOUTS)
        settings_problem(&org->file, &list, "",
                         "makes %llu breakouts once lists and sites are written out, and at most "
                         "%d can be; without sites one is for all",
                         (unsigned long long)breakouts.total, AVPN_BREAKOUTS);
}

/* ---- all of it --------------------------------------------------------------------------------------- */

void policy_read(struct org *org)
{
    struct setting value;
    int has_tunnels = 1;

    memset(org->policy, 0, sizeof *org->policy);
    if (settings_get(&org->file, &org->root, "hub_tunnels", &value))
        settings_flag(&org->file, &value, &has_tunnels);
    org->policy->flags = has_tunnels ? 0 : AVPN_ORGANIZATION_NO_HUB_TUNNELS;
    read_firewall(org);
    read_breakouts(org);
}

static int is_waiting(const struct org *org, uint32_t member)
{
    const struct org_site *site = member ? org_site_by_id(org, member) : NULL;

    return site && !site->has_key;
}

void policy_add(struct org *org, int is_whole, struct avpn_config *config)
{
    const struct policy *policy = org->policy;
    int32_t error = avpn_config_set_flags(config, policy->flags);

    for (uint32_t i = 0; error == AVPN_OK && i < policy->rule_count; i++)
        error = avpn_config_add_rule(config, &policy->rules[i]);
    for (uint32_t i = 0; error == AVPN_OK && i < policy->breakout_count; i++)
        if (is_whole || !is_waiting(org, policy->breakouts[i].member))
            error = avpn_config_add_breakout(config, &policy->breakouts[i]);
    if (error != AVPN_OK)
        settings_problem(&org->file, &org->root, "", "the policy cannot be made: %s",
                         avpn_error_name(error));
}

static int setting_at(const struct org *org, const char *name, uint32_t place,
                      struct setting *where_out)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting list;

    return settings_get(file, &org->root, name, &list) &&
           settings_at(file, &list, place, where_out);
}

int policy_rule_setting(const struct org *org, uint32_t rule, struct setting *where_out)
{
    return rule < org->policy->rule_count &&
           setting_at(org, "firewall", org->policy->rule_places[rule], where_out);
}

int policy_breakout_setting(const struct org *org, uint32_t breakout, struct setting *where_out)
{
    return breakout < org->policy->breakout_count &&
           setting_at(org, "breakout", org->policy->breakout_places[breakout], where_out);
}
