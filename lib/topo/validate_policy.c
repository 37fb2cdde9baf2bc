/* SPDX-License-Identifier: ISC */
/*
 * validate_policy: is the policy one that all nodes can go by, and are a member's translations ones that lead back
 * and forth? Spec: [CFG-9], [CFG-14]. One finding for each entry: the first thing that is wrong with it.
 */
#include "topo/validate.h"

#include "base/address.h"

static struct avpni_text text_of_number(uint32_t number)
{
    struct avpni_text text = {.count = 0};

    avpni_text_add_number(&text, number);
    return text;
}

static struct avpni_text text_of_pair(const struct avpn_prefix *a, const char *between,
                                      const struct avpn_prefix *b)
{
    struct avpni_text text = {.count = 0};

    avpni_text_add_prefix(&text, a);
    avpni_text_add(&text, between);
    avpni_text_add_prefix(&text, b);
    return text;
}

static struct avpni_text text_of_ports(uint16_t first, uint16_t last)
{
    struct avpni_text text = text_of_number(first);

    avpni_text_add(&text, "-");
    avpni_text_add_number(&text, last);
    return text;
}

/* ---- parts of rules and breakouts ------------------------------------------------------------ */

static bool is_any(const struct avpn_prefix *prefix)
{
    static const struct avpn_prefix any;

    return prefix->family == AVPN_FAMILY_NONE && avpni_prefix_is_equal(prefix, &any);
}

static bool is_scope(const struct avpn_prefix *prefix)
{
    return is_any(prefix) || avpni_prefix_is_canonical(prefix);
}

static bool has_ports(uint8_t protocol)
{
    return protocol == 6 || protocol == 17 || protocol == 33 || protocol == 132 || protocol == 136;
}

/* What is wrong with a range of ports beside its protocol, or NULL. */
static const char *judge_ports(uint8_t protocol, uint16_t first, uint16_t last)
{
    if (first > last) {
        return "these ports are in the wrong order: give the lower one first";
    }
    if (last != 0 && !has_ports(protocol)) {
        return "this protocol has no ports: name TCP (6), UDP (17), DCCP (33), SCTP (132) or "
               "UDP-Lite (136), or no ports";
    }
    return NULL;
}

#define NO_SUBNET "this is not a subnet: give an IPv4 or IPv6 prefix without bits beyond its length"

/* ---- the policy ------------------------------------------------------------------------------ */

/* True: nothing is wrong with the ports of a rule or breakout at a place. */
static bool check_ports(struct avpni_check *check, const char *field, uint32_t index,
                        uint8_t protocol, uint16_t first, uint16_t last)
{
    const char *message = judge_ports(protocol, first, last);

    if (message != NULL) {
        const struct avpni_text value = text_of_ports(first, last);

        avpni_found(check, field, index, value.bytes, message);
    }
    return message == NULL;
}

static void check_rule(struct avpni_check *check, uint32_t index)
{
    const struct avpn_rule *rule = &check->config->policy.rules[index];
    const struct avpni_text scopes = text_of_pair(&rule->source, " to ", &rule->destination);

    if (rule->action != AVPN_RULE_ALLOW && rule->action != AVPN_RULE_DENY) {
        const struct avpni_text action = text_of_number(rule->action);

        avpni_found(check, "rules", index, action.bytes,
                    "there is no such action: a rule allows (1) or denies (2)");
    } else if (!is_scope(&rule->source) || !is_scope(&rule->destination)) {
        avpni_found(check, "rules", index, scopes.bytes, NO_SUBNET ", or none for any");
    } else if (!is_any(&rule->source) && !is_any(&rule->destination) &&
               rule->source.family != rule->destination.family) {
        avpni_found(check, "rules", index, scopes.bytes,
                    "no packet is of both families: make both subnets IPv4 or both IPv6");
    } else if (check_ports(check, "rules", index, rule->protocol, rule->source_first,
                           rule->source_last)) {
        check_ports(check, "rules", index, rule->protocol, rule->destination_first,
                    rule->destination_last);
    }
}

static void check_breakout(struct avpni_check *check, uint32_t index)
{
    const struct avpn_breakout *breakout = &check->config->policy.breakouts[index];
    bool is_of_nobody = breakout->member != 0 &&
                        avpni_config_find(check->config, breakout->member) == AVPNI_MEMBER_NONE;

    if (is_of_nobody) {
        const struct avpni_text member = text_of_number(breakout->member);

        avpni_found(check, "breakouts", index, member.bytes,
                    "there is no member with this id: name one that exists, or 0 for all");
    } else if (!is_scope(&breakout->destination)) {
        struct avpni_text value = {.count = 0};

        avpni_text_add_prefix(&value, &breakout->destination);
        avpni_found(check, "breakouts", index, value.bytes, NO_SUBNET ", or none for any");
    } else if (check_ports(check, "breakouts", index, breakout->protocol,
                           breakout->destination_first, breakout->destination_last) &&
               is_any(&breakout->destination) && breakout->protocol == 0) {
        avpni_found(check, "breakouts", index, "any",
                    "this would let everything break out: name a destination or a protocol, or "
                    "mark no hub for the default route");
    }
}

void avpni_check_policy(struct avpni_check *check)
{
    const struct avpni_policy *policy = &check->config->policy;

    if ((policy->flags & ~AVPN_ORGANIZATION_NO_HUB_TUNNELS) != 0) {
        const struct avpni_text flags = text_of_number(policy->flags);

        avpni_found(check, "flags", 0, flags.bytes,
                    "there is no such flag: use 0, or 1 for no tunnels between hubs");
    }
    for (uint32_t i = 0; i < policy->rule_count; i++) {
        check_rule(check, i);
    }
    for (uint32_t i = 0; i < policy->breakout_count; i++) {
        check_breakout(check, i);
    }
}

/* ---- translations [CFG-14] ------------------------------------------------------------------- */

static bool is_exported(const struct avpni_member_view *member, const struct avpn_prefix *prefix)
{
    for (uint32_t i = 0; i < member->export_count; i++) {
        if (avpni_prefix_has_prefix(&member->exports[i], prefix)) {
            return true;
        }
    }
    return false;
}

/* What is wrong with one place of a member's translations, or NULL. */
static const char *judge_translation(const struct avpni_member_view *member, uint32_t index)
{
    const struct avpn_prefix *local = &member->translations[index].local;
    const struct avpn_prefix *exported = &member->translations[index].exported;

    if (!avpni_prefix_is_canonical(local) || !avpni_prefix_is_canonical(exported)) {
        return NO_SUBNET;
    }
    if (local->family != exported->family || local->length != exported->length) {
        return "these subnets are of different sizes: translation is 1:1, so give two of one "
               "family and one length";
    }
    if (local->length == 0) {
        return "a default route cannot be translated: give a subnet of the site";
    }
    if (!is_exported(member, exported)) {
        return "this member does not export the second subnet: it has to be one of its exports, "
               "or lie in one";
    }
    for (uint32_t i = 0; i < index; i++) {
        if (avpni_prefix_is_equal(&member->translations[i].local, local)) {
            return "the first subnet is translated already: name each one once";
        }
        if (avpni_prefix_is_equal(&member->translations[i].exported, exported)) {
            return "another subnet is known by the second one already: give each its own";
        }
    }
    return NULL;
}

void avpni_check_translations(struct avpni_check *check)
{
    for (uint32_t i = 0; i < check->member.translation_count; i++) {
        const struct avpn_translation *translation = &check->member.translations[i];
        const char *message = judge_translation(&check->member, i);

        if (message != NULL) {
            const struct avpni_text value =
                text_of_pair(&translation->local, " as ", &translation->exported);

            avpni_found(check, "translations", i, value.bytes, message);
        }
    }
}
