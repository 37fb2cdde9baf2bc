/* SPDX-License-Identifier: ISC */
/* warnings_policy: rules that decide nothing, breakouts of nobody, and who is cut off where hubs have no tunnels. */
#include <stdlib.h>
#include <string.h>

#include "admin/findings.h"
#include "admin/prefixes.h"
#include "admin/rules.h"
#include "admin/warnings.h"

/* ---- rules that can never decide [FWL-1] --------------------------------------------------------- */

/* The first rule before the entry of `rule` that covers it, or `rule` itself: none does. */
static uint32_t covered_by(const struct policy *policy, uint32_t rule)
{
    for (uint32_t i = 0; policy->rule_places[i] < policy->rule_places[rule]; i++)
        if (rules_cover(&policy->rules[i], &policy->rules[rule]))
            return i;
    return rule;
}

/* One entry of the file, rules `first` to `end`: dead only if all of them are. */
static void warn_of_covered(const struct org *org, uint32_t first, uint32_t end)
{
    const struct policy *policy = org->policy;
    uint32_t before = covered_by(policy, first);
    struct setting here, there;
    int is_one = 1;

    for (uint32_t i = first; i < end; i++) {
        if (covered_by(policy, i) == i)
            return;
        is_one &= policy->rule_places[covered_by(policy, i)] == policy->rule_places[before];
    }
    if (!policy_rule_setting(org, first, &here) || !policy_rule_setting(org, before, &there))
        return;
    if (is_one)
        findings_warn(&org->file, &here, policy->rules[first].name,
                      "can never decide: the rule at line %u %s all of it before", there.line,
                      policy->rules[before].action == AVPN_RULE_ALLOW ? "allows" : "denies");
    else
        findings_warn(&org->file, &here, policy->rules[first].name,
                      "can never decide: the rule at line %u and others decide all of it before",
                      there.line);
}

static void warn_of_name(const struct org *org, uint32_t first)
{
    const struct policy *policy = org->policy;
    const char *name = policy->rules[first].name;
    struct setting here, there;

    for (uint32_t i = 0; name[0] && i < first; i++)
        if (strcmp(policy->rules[i].name, name) == 0) {
            if (policy_rule_setting(org, first, &here) && policy_rule_setting(org, i, &there))
                findings_warn(&org->file, &here, name,
                              "is the name of the rule at line %u too: counters and \"autovpn "
                              "explain\" tell them apart by number alone",
                              there.line);
            return;
        }
}

/* What no rule matches is allowed, so allowing alone keeps nobody out. */
static void warn_of_allowing(const struct org *org)
{
    const struct policy *policy = org->policy;
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct setting list;

    for (uint32_t i = 0; i < policy->rule_count; i++)
        if (policy->rules[i].action == AVPN_RULE_DENY)
            return;
    if (policy->rule_count > 0 && settings_get(file, &org->root, "firewall", &list))
        findings_warn(&org->file, &list, "",
                      "denies nothing: what no rule matches is allowed; to allow only what is "
                      "listed, end it with {action: deny}");
}

/* ---- rules about addresses that nobody has in the VPN ---------------------------------------------- */

static int has_exits(const struct org *org)
{
    for (uint32_t i = 0; i < org->site_count; i++)
        if (!org->sites[i].is_revoked && org_has_exit(&org->sites[i]))
            return 1;
    return 0;
}

static const struct org_translation *translation_of(const struct org *org,
                                                    const struct avpn_prefix *prefix)
{
    for (uint32_t i = 0; i < org->translation_count; i++)
        if (prefixes_contain(&org->translations[i].pair.local, prefix))
            return &org->translations[i];
    return NULL;
}

static void warn_of_address(const struct overlaps *overlaps, uint32_t rule, const char *field,
                            const struct avpn_prefix *prefix)
{
    const struct org *org = overlaps->org;
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    const struct org_translation *translation;
    char text[AVPN_PREFIX_TEXT], meant_text[AVPN_PREFIX_TEXT];
    struct avpn_prefix meant;
    struct setting entry, where;

    if (prefix->family == AVPN_FAMILY_NONE || prefix->length == 0 ||
        overlaps_find(overlaps, prefix, OVERLAPS_ANY) || !policy_rule_setting(org, rule, &entry) ||
        !settings_get(file, &entry, field, &where) ||
        avpn_prefix_format(prefix, text, sizeof text) != AVPN_OK)
        return;
    translation = translation_of(org, prefix);
    if (translation) {
        meant = prefixes_move(prefix, &translation->pair.local, &translation->pair.exported);
        (void)avpn_prefix_format(&meant, meant_text, sizeof meant_text);
        findings_warn(&org->file, &where, text,
                      "is a local address of %s; rules are about exported ones: is %s meant?",
                      org->sites[translation->site].name, meant_text);
    } else if (!has_exits(org)) {
        findings_warn(&org->file, &where, text,
                      "is exported by no site, so the rule never matches it");
    }
}

/* A list of two fields makes each prefix appear in several rules of one entry. */
static int is_told(const struct policy *policy, uint32_t first, uint32_t rule, int is_source)
{
    for (uint32_t i = first; i < rule; i++)
        if (is_source ? prefixes_compare(&policy->rules[i].source, &policy->rules[rule].source) == 0
                      : prefixes_compare(&policy->rules[i].destination,
                                         &policy->rules[rule].destination) == 0)
            return 1;
    return 0;
}

static void warn_of_rules(const struct overlaps *overlaps)
{
    const struct policy *policy = overlaps->org->policy;
    uint32_t end;

    for (uint32_t first = 0; first < policy->rule_count; first = end) {
        for (end = first + 1;
             end < policy->rule_count && policy->rule_places[end] == policy->rule_places[first];
             end++)
            ;
        warn_of_covered(overlaps->org, first, end);
        warn_of_name(overlaps->org, first);
        for (uint32_t i = first; i < end; i++) {
            if (!is_told(policy, first, i, 1))
                warn_of_address(overlaps, i, "from", &policy->rules[i].source);
            if (!is_told(policy, first, i, 0))
                warn_of_address(overlaps, i, "to", &policy->rules[i].destination);
        }
    }
    warn_of_allowing(overlaps->org);
}

/* ---- breakouts [RTE-9] -------------------------------------------------------------------------------- */

static int is_same_entry(const struct policy *policy, uint32_t breakout, uint32_t other)
{
    return policy->breakout_places[breakout] == policy->breakout_places[other];
}

static void warn_of_breakout(const struct overlaps *overlaps, uint32_t place)
{
    const struct org *org = overlaps->org;
    const struct policy *policy = org->policy;
    const struct avpn_breakout *breakout = &policy->breakouts[place];
    const struct org_site *site = breakout->member ? org_site_by_id(org, breakout->member) : NULL;
    const struct org_export *export = NULL;
    char text[AVPN_PREFIX_TEXT] = "";
    struct setting here, there;
    int is_first = place == 0 || !is_same_entry(policy, place, place - 1);

    if (!policy_breakout_setting(org, place, &here))
        return;
    if (site && !org_has_exit(site) &&
        (is_first || policy->breakouts[place - 1].member != breakout->member))
        findings_warn(&org->file, &here, site->name,
                      "has no exit hub (one with default_route: true): what it names leaves by the "
                      "site's own connection anyway");
    if (!site && is_first && !has_exits(org))
        findings_warn(&org->file, &here, "",
                      "does nothing: no site has an exit hub (one with default_route: true)");
    if (breakout->destination.length > 0)
        export = overlaps_find(overlaps, &breakout->destination, OVERLAPS_ANY);
    if (export && prefixes_contain(&export->prefix, &breakout->destination) &&
        (is_first || prefixes_compare(&policy->breakouts[place - 1].destination,
                                      &breakout->destination) != 0) &&
        org_export_setting(org, export, &there) &&
        avpn_prefix_format(&breakout->destination, text, sizeof text) == AVPN_OK)
        findings_warn(&org->file, &here, text,
                      "is exported by %s (line %u): a breakout is of what takes the default route, "
                      "so this still goes there",
                      org->sites[export->site].name, there.line);
}

/* ---- hubs without tunnels [TOP-2] -------------------------------------------------------------------- */

/* Spokes with the same hubs in the same order. */
struct kin {
    uint32_t hubs[AVPN_HUBS]; /* ids; revoked ones left out */
    uint32_t hub_count;
    const struct org_site *first;
    uint64_t count;
};

static int compare_kin(const void *a, const void *b)
{
    const struct kin *x = a;
    const struct kin *y = b;

    return memcmp(x->hubs, y->hubs, sizeof x->hubs);
}

static struct kin kin_of(const struct org *org, const struct org_site *spoke)
{
    struct kin kin = {.first = spoke, .count = 1};

    for (uint8_t i = 0; i < spoke->hub_count; i++) {
        const struct org_site *hub = org_site_by_id(org, spoke->hubs[i].member);

        if (hub && !hub->is_revoked)
            kin.hubs[kin.hub_count++] = hub->id;
    }
    return kin;
}

/* Does one hub take the other's default route, so that they have a tunnel all the same? */
static int is_exit_of(const struct org *org, uint32_t hub, uint32_t other)
{
    const struct org_site *site = org_site_by_id(org, other);

    for (uint8_t i = 0; site && i < site->hub_count; i++)
        if (site->hubs[i].member == hub)
            return 1;
    return 0;
}

/* Of its hubs a spoke asks those that reach the other [RTE-1]: they share one, or two of theirs have a tunnel. */
static int can_meet(const struct org *org, const struct kin *a, const struct kin *b)
{
    for (uint32_t i = 0; i < a->hub_count; i++)
        for (uint32_t k = 0; k < b->hub_count; k++)
            if (a->hubs[i] == b->hubs[k] || is_exit_of(org, a->hubs[i], b->hubs[k]) ||
                is_exit_of(org, b->hubs[k], a->hubs[i]))
                return 1;
    return 0;
}

/* All spokes that send anything, those with the same hubs together. Returns how many groups. */
static uint32_t gather_kin(const struct org *org, struct kin *kin)
{
    uint32_t count = 0, kept = 0;

    for (uint32_t i = 0; i < org->site_count; i++) {
        const struct org_site *site = &org->sites[i];

        if (site->role != AVPN_ROLE_SPOKE || site->is_revoked || site->export_count == 0)
            continue;
        kin[count] = kin_of(org, site);
        count += kin[count].hub_count > 0; /* one without a hub has a warning of its own */
    }
    qsort(kin, count, sizeof *kin, compare_kin);
    for (uint32_t i = 0; i < count; i++) {
        if (kept > 0 && compare_kin(&kin[kept - 1], &kin[i]) == 0)
            kin[kept - 1].count++;
        else
            kin[kept++] = kin[i];
    }
    return kept;
}

static void warn_of_parted(const struct org *org, const struct setting *where, struct kin *kin)
{
    const struct kin *a = NULL, *b = NULL;
    uint32_t groups = gather_kin(org, kin);
    uint64_t pairs = 0;

    for (uint32_t i = 0; i < groups; i++)
        for (uint32_t k = i + 1; k < groups; k++) {
            if (can_meet(org, &kin[i], &kin[k]))
                continue;
            if (pairs == 0) {
                a = &kin[i];
                b = &kin[k];
            }
            pairs += kin[i].count * kin[k].count;
        }
    if (pairs > 0)
        findings_warn(&org->file, where, NULL,
                      "leaves %llu pair%s of spokes without a way to each other, %s%s and %s: they "
                      "have no hub in common",
                      (unsigned long long)pairs, pairs > 1 ? "s" : "", pairs > 1 ? "such as " : "",
                      a->first->name, b->first->name);
}

static void warn_of_hub_tunnels(const struct org *org)
{
    struct settings *file = (struct settings *)(uintptr_t)&org->file; /* read only */
    struct kin *kin;
    struct setting where;

    if (!(org->policy->flags & AVPN_ORGANIZATION_NO_HUB_TUNNELS) ||
        !settings_get(file, &org->root, "hub_tunnels", &where))
        return;
    kin = calloc(org->site_count + 1u, sizeof *kin);
    if (kin)
        warn_of_parted(org, &where, kin);
    free(kin);
}

void warnings_policy(const struct overlaps *overlaps)
{
    warn_of_rules(overlaps);
    for (uint32_t i = 0; i < overlaps->org->policy->breakout_count; i++)
        warn_of_breakout(overlaps, i);
    warn_of_hub_tunnels(overlaps->org);
}
