/* SPDX-License-Identifier: ISC */
/*
 * diff_policy: what changes for all sites at once: tunnels between hubs, the firewall, breakouts.
 *
 * A rule of the file may be many in what is published. Those that stand together with one name and one action are told as one,
 * numbered as they stand. Which of them stayed is the longest common subsequence of both lists; of the others, one that is
 * in both under the same name has changed, or moved if it says the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/change.h"
#include "admin/rules.h"
#include "admin/words.h"

/* ---- the firewall: rules of one name ---------------------------------------------------------------- */

struct group {
    uint32_t first, count; /* places of rules */
    uint8_t is_kept;       /* in both, in order */
    uint8_t is_told;
};

struct firewall {
    struct avpn_rule *rules;
    struct group *groups;
    uint32_t rule_count, group_count;
};

static int is_same_entry(const struct avpn_rule *a, const struct avpn_rule *b)
{
    return a->name[0] && a->action == b->action && strcmp(a->name, b->name) == 0;
}

/* 0, or -1: no memory. `config` NULL: no rules. */
static int read_firewall(const struct avpn_config *config, struct firewall *firewall)
{
    uint32_t count = config ? avpn_config_rule_count(config) : 0;

    memset(firewall, 0, sizeof *firewall);
    firewall->rules = calloc(count + 1u, sizeof *firewall->rules);
    firewall->groups = calloc(count + 1u, sizeof *firewall->groups);
    if (!firewall->rules || !firewall->groups)
        return -1;
    for (uint32_t i = 0; i < count; i++) {
        struct avpn_rule *rule = &firewall->rules[i];

        rule->size = sizeof *rule;
        if (avpn_config_rule(config, i, rule) != AVPN_OK)
            break;
        firewall->rule_count++;
        if (i > 0 && is_same_entry(rule - 1, rule))
            firewall->groups[firewall->group_count - 1].count++;
        else
            firewall->groups[firewall->group_count++] = (struct group){.first = i, .count = 1};
    }
    return 0;
}

static void free_firewall(struct firewall *firewall)
{
    free(firewall->rules);
    free(firewall->groups);
}

static const char *name_of(const struct firewall *firewall, uint32_t group)
{
    return firewall->rules[firewall->groups[group].first].name;
}

static int says_same(const struct firewall *a, uint32_t i, const struct firewall *b, uint32_t k)
{
    const struct group *x = &a->groups[i];
    const struct group *y = &b->groups[k];

    if (x->count != y->count || strcmp(name_of(a, i), name_of(b, k)) != 0)
        return 0;
    for (uint32_t r = 0; r < x->count; r++)
        if (!rules_equal(&a->rules[x->first + r], &b->rules[y->first + r]))
            return 0;
    return 1;
}

/* Mark what stayed: by the table of lengths of common subsequences of the rests. Without memory nothing has. */
static void mark_kept(struct firewall *before, struct firewall *after)
{
    uint32_t width = after->group_count + 1;
    uint16_t *length = calloc((size_t)(before->group_count + 1) * width, sizeof *length);

    if (!length)
        return;
    for (uint32_t i = before->group_count; i-- > 0;)
        for (uint32_t k = after->group_count; k-- > 0;) {
            uint16_t skip_i = length[(i + 1) * width + k];
            uint16_t skip_k = length[i * width + k + 1];

            length[i * width + k] = says_same(before, i, after, k)
                                        ? (uint16_t)(length[(i + 1) * width + k + 1] + 1)
                                    : skip_i > skip_k ? skip_i
                                                      : skip_k;
        }
    for (uint32_t i = 0, k = 0; i < before->group_count && k < after->group_count;) {
        if (says_same(before, i, after, k))
            before->groups[i++].is_kept = after->groups[k++].is_kept = 1;
        else if (length[(i + 1) * width + k] >= length[i * width + k + 1])
            i++;
        else
            k++;
    }
    free(length);
}

/* ---- the firewall: what changed ------------------------------------------------------------------------ */

/* "deny tcp from 10.9.0.0/16 to any port 22, and 3 more". */
static const char *group_words(const struct firewall *firewall, uint32_t group, char *text_out,
                               size_t capacity)
{
    const struct group *at = &firewall->groups[group];
    char words[RULES_TEXT];

    rules_words(&firewall->rules[at->first], words);
    if (at->count > 1)
        (void)snprintf(text_out, capacity, "%s, and %u more", words, at->count - 1);
    else
        (void)snprintf(text_out, capacity, "%s", words);
    return text_out;
}

/* Its number and, where it has one, its name. */
static const char *group_title(const struct firewall *firewall, uint32_t group,
                               char text_out[AVPN_NAME_BYTES + 24])
{
    const char *name = name_of(firewall, group);

    (void)snprintf(text_out, AVPN_NAME_BYTES + 24, "rule %u%s%s", group + 1, name[0] ? " " : "",
                   name);
    return text_out;
}

/* The rule that `group` was before, or the number of them: none. */
static uint32_t find_before(const struct firewall *before, const struct firewall *after,
                            uint32_t group)
{
    for (uint32_t i = 0; i < before->group_count; i++)
        if (!before->groups[i].is_kept && !before->groups[i].is_told &&
            (says_same(before, i, after, group) ||
             (name_of(after, group)[0] && strcmp(name_of(before, i), name_of(after, group)) == 0)))
            return i;
    return before->group_count;
}

static void tell_rule(struct diff *diff, struct firewall *before, const struct firewall *after,
                      uint32_t group)
{
    char title[AVPN_NAME_BYTES + 24], will[RULES_TEXT + 24], was[RULES_TEXT + 24];
    uint32_t earlier = find_before(before, after, group);

    group_title(after, group, title);
    group_words(after, group, will, sizeof will);
    if (earlier == before->group_count) {
        change_add(diff, NULL, "firewall", "%s added: %s", title, will);
        return;
    }
    before->groups[earlier].is_told = 1;
    if (says_same(before, earlier, after, group))
        change_add(diff, NULL, "firewall", "%s moved, it was rule %u: %s", title, earlier + 1,
                   will);
    else
        change_add(diff, NULL, "firewall", "%s changed: %s -> %s", title,
                   group_words(before, earlier, was, sizeof was), will);
}

static void compare_firewalls(struct diff *diff, struct firewall *before, struct firewall *after)
{
    char title[AVPN_NAME_BYTES + 24], words[RULES_TEXT + 24];

    mark_kept(before, after);
    for (uint32_t i = 0; i < after->group_count; i++)
        if (!after->groups[i].is_kept)
            tell_rule(diff, before, after, i);
    for (uint32_t i = 0; i < before->group_count; i++)
        if (!before->groups[i].is_kept && !before->groups[i].is_told)
            change_add(diff, NULL, "firewall", "%s removed: %s", group_title(before, i, title),
                       group_words(before, i, words, sizeof words));
}

static void diff_firewall(struct diff *diff)
{
    struct firewall before, after;
    int has_memory = read_firewall(diff->before, &before) == 0;

    if (read_firewall(diff->after, &after) == 0 && has_memory)
        compare_firewalls(diff, &before, &after);
    free_firewall(&before);
    free_firewall(&after);
}

/* ---- breakouts ------------------------------------------------------------------------------------------ */

static int has_breakout(const struct avpn_config *config, const struct avpn_breakout *wanted)
{
    struct avpn_breakout breakout = {.size = sizeof breakout};

    for (uint32_t i = 0; config && avpn_config_breakout(config, i, &breakout) == AVPN_OK; i++)
        if (memcmp(&breakout, wanted, sizeof breakout) == 0)
            return 1;
    return 0;
}

/* Those of `config` that `other` has not. */
static void tell_breakouts(struct diff *diff, const struct avpn_config *config,
                           const struct avpn_config *other, const char *what)
{
    struct avpn_breakout breakout = {.size = sizeof breakout};
    struct avpn_member member = {.size = sizeof member};
    char words[RULES_TEXT];

    for (uint32_t i = 0; config && avpn_config_breakout(config, i, &breakout) == AVPN_OK; i++) {
        int is_named =
            breakout.member && avpn_config_member(config, breakout.member, &member) == AVPN_OK;

        if (!has_breakout(other, &breakout))
            change_add(diff, NULL, "breakout", "%s: %s, at %s", what,
                       rules_breakout_words(&breakout, words),
                       is_named ? member.name : "every site");
    }
}

/* ---- tunnels between hubs [TOP-2] ------------------------------------------------------------------------ */

static uint32_t flags_of(const struct avpn_config *config)
{
    return config ? avpn_config_flags(config) : 0;
}

static void diff_hub_tunnels(struct diff *diff)
{
    int was_off = (flags_of(diff->before) & AVPN_ORGANIZATION_NO_HUB_TUNNELS) != 0;
    int is_off = (flags_of(diff->after) & AVPN_ORGANIZATION_NO_HUB_TUNNELS) != 0;

    if (was_off == is_off)
        return;
    change_effect(change_add(diff, NULL, "hub_tunnels", "%s -> %s", was_off ? "false" : "true",
                             is_off ? "false" : "true"),
                  is_off ? "tunnels end between hubs, except where one takes the other's default "
                           "route; a spoke reaches another only if its first hub is one of the "
                           "other's"
                         : "every hub has a tunnel with every other");
}

void diff_policy(struct diff *diff)
{
    diff_hub_tunnels(diff);
    diff_firewall(diff);
    tell_breakouts(diff, diff->after, diff->before, "new");
    tell_breakouts(diff, diff->before, diff->after, "no more");
}
