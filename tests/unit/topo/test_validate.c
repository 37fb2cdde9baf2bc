/* SPDX-License-Identifier: ISC */
/* One wrong thing each in a valid organization, and the finding it must give. [CFG-9] [CFG-14] */
#include "organization.h"

static const struct site sites[] = {
    {1, 'H', "", "10.1.0.0/16"},
    {2, 'H', "1*", "10.2.0.0/16"},
    {3, 'S', "1* 2", "10.3.0.0/16 10.0.0.0/8"},
    {4, 'S', "2", "10.3.0.0/16"}, /* an overlap is legal */
    {5, 's', "", ""},
};

/* What is spoiled, by name. */
enum spoil {
    NOTHING, ID_ZERO, ID_TWICE, KEY_ZERO, KEY_TWICE, NAME_TWICE, ROLE, FLAGS, HUB_UNKNOWN,
    HUB_IS_SPOKE, HUB_SELF, HUB_TWICE, HUB_FLAGS, HUB_OF_HUB, EXPORT_BITS, EXPORT_DEFAULT,
    EXPORT_TWICE, EXPORT_FAMILY, MANUAL_PORT, MANUAL_LOOPBACK, ID_TOO_HIGH
};

static const struct {
    enum spoil spoil;
    uint32_t site; /* place in `sites` */
    uint32_t member, index;
    const char *field, *value;
} cases_of_members[] = {
    {ID_ZERO, 2, 0, 0, "id", "0"},
    {ID_TWICE, 3, 3, 0, "id", "3"},
    {ID_TOO_HIGH, 4, AVPN_MEMBER_LAST + 1, 0, "id", "4294967040"},
    {KEY_ZERO, 2, 3, 0, "key", ""},
    {KEY_TWICE, 3, 4, 0, "key", NULL},
    {NAME_TWICE, 3, 4, 0, "name", "site-1"},
    {ROLE, 4, 5, 0, "role", "9"},
    {FLAGS, 3, 4, 0, "flags", "6"},
    {HUB_UNKNOWN, 2, 3, 1, "hubs", "77"},
    {HUB_IS_SPOKE, 2, 3, 1, "hubs", "4"},
    {HUB_SELF, 2, 3, 1, "hubs", "3"},
    {HUB_TWICE, 2, 3, 1, "hubs", "1"},
    {HUB_FLAGS, 2, 3, 0, "hubs", "1"},
    {HUB_OF_HUB, 1, 2, 0, "hubs", "1"},
    {EXPORT_BITS, 2, 3, 1, "exports", NULL},
    {EXPORT_DEFAULT, 2, 3, 1, "exports", "0.0.0.0/0"},
    {EXPORT_TWICE, 2, 3, 1, "exports", "10.3.0.0/16"},
    {EXPORT_FAMILY, 2, 3, 1, "exports", NULL},
    {MANUAL_PORT, 0, 1, 1, "manual", NULL},
    {MANUAL_LOOPBACK, 0, 1, 1, "manual", "127.0.0.1:4500"},
};

static void spoil_exports(struct avpn_member *member, enum spoil spoil)
{
    struct avpn_prefix *prefix = &member->exports[1];

    memset(prefix, 0, sizeof *prefix);
    prefix->family = spoil == EXPORT_FAMILY ? 5 : AVPN_FAMILY_IPV4;
    if (spoil == EXPORT_BITS) {
        prefix->length = 8;
        prefix->bytes[1] = 1;
    } else if (spoil == EXPORT_TWICE) {
        *prefix = member->exports[0];
    }
}

static void spoil_hubs(struct avpn_member *member, enum spoil spoil)
{
    static const uint32_t ids[] = {
        [HUB_UNKNOWN] = 77, [HUB_IS_SPOKE] = 4, [HUB_SELF] = 3, [HUB_TWICE] = 1};

    if (spoil == HUB_FLAGS) {
        member->hubs[0].flags = 2;
    } else if (spoil == HUB_OF_HUB) {
        member->hubs[0].flags = 0;
    } else {
        member->hubs[1].member = ids[spoil];
    }
}

static void spoil_manual(struct avpn_member *member, enum spoil spoil)
{
    member->uplink_count = 2; /* the first one: none, which is legal */
    avpn_contact_parse(spoil == MANUAL_PORT ? "192.0.2.1:1" : "127.0.0.1:4500",
                       &member->manual[1]);
    member->manual[1].port = spoil == MANUAL_PORT ? 0 : 4500;
}

static void spoil_member(struct avpn_member *member, enum spoil spoil)
{
    if (spoil == ID_ZERO) {
        member->id = 0;
    } else if (spoil == ID_TWICE) {
        member->id = 3;
    } else if (spoil == KEY_ZERO) {
        memset(&member->key, 0, sizeof member->key);
    } else if (spoil == KEY_TWICE) {
        member->key = pair_of(1).public_key;
    } else if (spoil == NAME_TWICE) {
        strcpy(member->name, "site-1");
    } else if (spoil == ROLE) {
        member->role = 9;
    } else if (spoil == FLAGS) {
        member->flags = 6;
    } else if (spoil == ID_TOO_HIGH) {
        member->id = AVPN_MEMBER_LAST + 1;
    } else if (spoil >= MANUAL_PORT) {
        spoil_manual(member, spoil);
    } else if (spoil >= EXPORT_BITS) {
        spoil_exports(member, spoil);
    } else if (spoil >= HUB_UNKNOWN) {
        spoil_hubs(member, spoil);
    }
}

struct findings {
    uint32_t count;
    struct avpn_problem last;
    char field[32], value[64], message[256];
};

static void take(void *user, const struct avpn_problem *problem)
{
    struct findings *findings = user;

    findings->count++;
    findings->last = *problem;
    ck_assert_uint_eq(problem->size, sizeof *problem);
    ck_assert_uint_gt(strlen(problem->message), 20);
    ck_assert_ptr_nonnull(strchr(problem->message, ':'));
    snprintf(findings->field, sizeof findings->field, "%s", problem->field);
    snprintf(findings->value, sizeof findings->value, "%s", problem->value);
    snprintf(findings->message, sizeof findings->message, "%s", problem->message);
}

START_TEST(a_sound_organization_has_no_problem)
{
    struct avpn_config *config = config_of(sites, 5);
    struct findings findings = {0};

    ck_assert_uint_eq(avpn_config_check(config, take, &findings), 0);
    ck_assert_uint_eq(findings.count, 0);
    avpn_config_del(config);
}
END_TEST

START_TEST(a_wrong_field_is_named_with_member_place_and_value)
{
    struct avpn_config *config = empty_config(NULL);
    struct findings findings = {0};

    for (size_t i = 0; i < 5; i++) {
        struct avpn_member member = member_of(&sites[i]);

        if (i == cases_of_members[_i].site) {
            spoil_member(&member, cases_of_members[_i].spoil);
        }
        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), 1);
    ck_assert_uint_eq(findings.count, 1);
    ck_assert_uint_eq(avpn_config_check(config, NULL, NULL), 1);
    ck_assert_uint_eq(findings.last.member, cases_of_members[_i].member);
    ck_assert_uint_eq(findings.last.index, cases_of_members[_i].index);
    ck_assert_str_eq(findings.field, cases_of_members[_i].field);
    if (cases_of_members[_i].value != NULL) {
        ck_assert_str_eq(findings.value, cases_of_members[_i].value);
    }
    avpn_config_del(config);
}
END_TEST

START_TEST(an_organization_without_anything_lacks_a_name_and_a_registry)
{
    struct avpn_config *config;
    struct findings findings = {0};

    ck_assert_int_eq(avpn_config_new(NULL, &config), AVPN_OK);
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), 2);
    ck_assert_str_eq(findings.field, "registries");
    ck_assert_uint_eq(findings.last.member, 0);
    avpn_config_del(config);
}
END_TEST

static const struct {
    uint8_t suites[4];
    uint32_t count, problems, index;
} suites[] = {
    {{1}, 1, 0, 0}, {{2, 1}, 2, 0, 0}, {{3}, 1, 1, 0}, {{1, 0}, 2, 1, 1}, {{1, 2, 1}, 3, 1, 2},
};

START_TEST(suites_are_known_and_named_once)
{
    struct avpn_config *config = empty_config(NULL);
    struct findings findings = {0};

    ck_assert_int_eq(avpn_config_set_suites(config, suites[_i].suites, suites[_i].count), AVPN_OK);
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), suites[_i].problems);
    ck_assert(findings.count == 0 || strcmp(findings.field, "suites") == 0);
    ck_assert_uint_eq(findings.last.index, suites[_i].index);
    avpn_config_del(config);
}
END_TEST

START_TEST(registries_are_complete_and_different)
{
    struct avpn_config *config = empty_config(NULL);
    struct avpn_registry_entry registry = registry_of(_i < 3 ? 2 : 1);
    struct findings findings = {0};

    if (_i == 0) {
        registry.port = 0;
    } else if (_i == 1) {
        memset(&registry.key, 0, sizeof registry.key);
    } else if (_i == 2) {
        registry.key = registry_of(1).key;
    } else {
        registry.key = registry_of(2).key;
    }
    ck_assert_int_eq(avpn_config_add_registry(config, &registry), AVPN_OK);
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), 1);
    ck_assert_str_eq(findings.field, "registries");
    ck_assert_uint_eq(findings.last.index, 1);
    ck_assert_str_eq(findings.value, registry.host);
    avpn_config_del(config);
}
END_TEST

/* ---- the policy [CFG-9] [CFG-13] ------------------------------------------------------------ */

/* An empty prefix is any. */
static const struct {
    uint8_t action, protocol;
    const char *source;
    uint16_t source_first, source_last;
    const char *destination;
    uint16_t destination_first, destination_last;
    const char *value; /* of the finding; NULL: none */
    const char *message; /* a part of it */
} rules[] = {
    {1, 0, "", 0, 0, "", 0, 0, NULL, NULL},
    {2, 255, "0.0.0.0/0", 0, 0, "10.0.0.0/8", 0, 0, NULL, NULL},
    {1, 58, "::/0", 0, 0, "", 0, 0, NULL, NULL},
    {1, 6, "10.1.2.3/32", 0, 65535, "10.0.0.0/8", 80, 80, NULL, NULL},
    {1, 17, "", 0, 0, "", 53, 53, NULL, NULL},
    {1, 33, "", 0, 0, "", 53, 53, NULL, NULL},
    {1, 132, "", 53, 53, "", 0, 0, NULL, NULL},
    {1, 136, "", 0, 0, "", 53, 53, NULL, NULL},
    {0, 0, "", 0, 0, "", 0, 0, "0", "allows (1) or denies (2)"},
    {3, 0, "", 0, 0, "", 0, 0, "3", "allows (1) or denies (2)"},
    {1, 0, "", 0, 0, "", 53, 53, "53-53", "has no ports"},
    {1, 1, "", 1, 2, "", 0, 0, "1-2", "has no ports"},
    {1, 50, "", 0, 0, "", 0, 1, "0-1", "has no ports"},
    {1, 6, "", 0, 0, "", 81, 80, "81-80", "the lower one first"},
    {1, 6, "", 80, 0, "", 80, 80, "80-0", "the lower one first"},
    {1, 6, "10.0.0.0/8", 0, 0, "2001:db8::/32", 0, 0, "10.0.0.0/8 to 2001:db8::/32",
     "both subnets IPv4 or both IPv6"},
    {1, 6, "::/0", 0, 0, "0.0.0.0/0", 0, 0, "::/0 to 0.0.0.0/0", "both subnets"},
};

START_TEST(a_wrong_rule_is_named_with_its_place_and_what_would_be_right)
{
    struct avpn_config *config = config_of(sites, 5); /* with one rule */
    struct findings findings = {0};
    const struct avpn_rule rule = {.size = sizeof rule,
                                   .action = rules[_i].action,
                                   .protocol = rules[_i].protocol,
                                   .source = prefix_of_text(rules[_i].source),
                                   .destination = prefix_of_text(rules[_i].destination),
                                   .source_first = rules[_i].source_first,
                                   .source_last = rules[_i].source_last,
                                   .destination_first = rules[_i].destination_first,
                                   .destination_last = rules[_i].destination_last};

    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), rules[_i].value != NULL);
    if (rules[_i].value != NULL) {
        ck_assert_str_eq(findings.field, "rules");
        ck_assert_uint_eq(findings.last.index, 1);
        ck_assert_uint_eq(findings.last.member, 0);
        ck_assert_str_eq(findings.value, rules[_i].value);
        ck_assert_ptr_nonnull(strstr(findings.message, rules[_i].message));
    }
    avpn_config_del(config);
}
END_TEST

/* A prefix that is none, in each place where one may be. */
static const struct avpn_prefix no_prefixes[] = {
    {.family = 5}, {.family = AVPN_FAMILY_NONE, .length = 8}, {.family = 4, .length = 33},
    {.family = 4, .length = 8, .bytes = {10, 1}}, {.family = 0, .bytes = {1}},
};

START_TEST(what_is_no_subnet_is_none_in_rules_breakouts_and_translations)
{
    struct avpn_config *config = empty_config(NULL);
    struct avpn_rule rule = {.size = sizeof rule, .action = 1, .source = no_prefixes[_i]};
    const struct avpn_breakout breakout = {.size = sizeof breakout, .destination = no_prefixes[_i]};
    struct avpn_member member = member_of(&sites[0]);
    struct findings findings = {0};

    member.translation_count = 2;
    member.translations[0] = (struct avpn_translation){no_prefixes[_i], member.exports[0]};
    member.translations[1] = (struct avpn_translation){member.exports[0], no_prefixes[_i]};
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
    rule.destination = rule.source;
    rule.source = (struct avpn_prefix){.family = 0};
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), 5);
    avpn_config_del(config);
}
END_TEST

static const struct {
    uint32_t member;
    uint8_t protocol;
    const char *destination;
    uint16_t first, last;
    const char *value, *message;
} breakouts[] = {
    {0, 0, "192.0.2.0/24", 0, 0, NULL, NULL},
    {0, 0, "0.0.0.0/0", 0, 0, NULL, NULL},
    {4, 17, "", 53, 53, NULL, NULL},
    {5, 1, "", 0, 0, NULL, NULL}, /* it is revoked, but there */
    {77, 17, "", 0, 0, "77", "name one that exists, or 0"},
    {0, 0, "", 0, 0, "any", "name a destination or a protocol"},
    {0, 0, "", 53, 53, "53-53", "has no ports"},
    {0, 0, "192.0.2.0/24", 1, 53, "1-53", "has no ports"},
    {0, 6, "192.0.2.0/24", 53, 1, "53-1", "the lower one first"},
};

START_TEST(a_wrong_breakout_is_named_with_its_place_and_what_would_be_right)
{
    struct avpn_config *config = config_of(sites, 5); /* with one breakout */
    struct findings findings = {0};
    const struct avpn_breakout breakout = {
        .size = sizeof breakout,
        .member = breakouts[_i].member,
        .protocol = breakouts[_i].protocol,
        .destination = prefix_of_text(breakouts[_i].destination),
        .destination_first = breakouts[_i].first,
        .destination_last = breakouts[_i].last};

    ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_OK);
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), breakouts[_i].value != NULL);
    if (breakouts[_i].value != NULL) {
        ck_assert_str_eq(findings.field, "breakouts");
        ck_assert_uint_eq(findings.last.index, 1);
        ck_assert_str_eq(findings.value, breakouts[_i].value);
        ck_assert_ptr_nonnull(strstr(findings.message, breakouts[_i].message));
    }
    avpn_config_del(config);
}
END_TEST

START_TEST(only_flags_that_there_are_are_valid)
{
    static const uint32_t flags[] = {0, 1, 2, 3, 128, 255};
    struct avpn_config *config = config_of(sites, 5);
    struct findings findings = {0};

    ck_assert_int_eq(avpn_config_set_flags(config, flags[_i]), AVPN_OK);
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), flags[_i] > 1);
    ck_assert(flags[_i] <= 1 || strcmp(findings.field, "flags") == 0);
    ck_assert_uint_eq(findings.last.member, 0);
    avpn_config_del(config);
}
END_TEST

/* Of member 3, which exports 10.3.0.0/16 and 10.0.0.0/8. [CFG-14] */
static const struct {
    const char *translations[6]; /* local and exported in turn */
    uint32_t index;
    const char *value, *message;
} translations[] = {
    {{NULL}, 0, NULL, NULL},
    {{"192.168.0.0/16", "10.3.0.0/16"}, 0, NULL, NULL},
    {{"192.168.0.0/24", "10.3.5.0/24", "192.168.0.7/32", "10.3.0.1/32"}, 0, NULL, NULL},
    {{"192.168.0.0/24", "10.3.5.0/24", "192.168.0.0/25", "10.3.5.0/25"}, 0, NULL, NULL},
    {{"10.3.5.0/24", "10.3.6.0/24", "10.3.6.0/24", "10.3.5.0/24"}, 0, NULL, NULL},
    {{"192.168.0.0/24", "10.3.5.0/25"}, 0, "192.168.0.0/24 as 10.3.5.0/25", "one length"},
    {{"fd00::/24", "10.3.5.0/24"}, 0, "fd00::/24 as 10.3.5.0/24", "one family"},
    {{"192.168.0.0/24", "11.3.5.0/24"}, 0, "192.168.0.0/24 as 11.3.5.0/24", "one of its exports"},
    {{"192.0.0.0/4", "0.0.0.0/4"}, 0, "192.0.0.0/4 as 0.0.0.0/4", "one of its exports"},
    {{"0.0.0.0/0", "0.0.0.0/0"}, 0, "0.0.0.0/0 as 0.0.0.0/0", "default route"},
    {{"192.168.0.0/24", "10.3.5.0/24", "192.168.0.0/24", "10.3.6.0/24"}, 1,
     "192.168.0.0/24 as 10.3.6.0/24", "the first subnet is translated already"},
    {{"192.168.0.0/24", "10.3.5.0/24", "192.168.1.0/24", "10.3.5.0/24"}, 1,
     "192.168.1.0/24 as 10.3.5.0/24", "by the second one already"},
    {{"192.168.0.0/24", "10.3.5.0/24", "192.168.1.0/24", "10.3.6.0/24", "192.168.0.0/24",
      "10.3.7.0/24"}, 2, "192.168.0.0/24 as 10.3.7.0/24", "once"},
};

START_TEST(translations_lead_back_and_forth)
{
    struct avpn_config *config = empty_config(NULL);
    struct findings findings = {0};

    for (size_t i = 0; i < 5; i++) {
        struct avpn_member member = member_of(&sites[i]);

        for (uint32_t k = 0; i == 2 && k < 6 && translations[_i].translations[k] != NULL; k += 2) {
            const char *const *texts = &translations[_i].translations[k];

            member.translations[member.translation_count++] =
                (struct avpn_translation){prefix_of_text(texts[0]), prefix_of_text(texts[1])};
        }
        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), translations[_i].value != NULL);
    if (translations[_i].value != NULL) {
        ck_assert_str_eq(findings.field, "translations");
        ck_assert_uint_eq(findings.last.member, 3);
        ck_assert_uint_eq(findings.last.index, translations[_i].index);
        ck_assert_str_eq(findings.value, translations[_i].value);
        ck_assert_ptr_nonnull(strstr(findings.message, translations[_i].message));
    }
    avpn_config_del(config);
}
END_TEST

START_TEST(a_key_that_three_have_is_reported_twice_with_its_first_owner)
{
    struct avpn_config *config = empty_config(NULL);
    struct findings findings = {0};

    for (size_t i = 0; i < 5; i++) {
        struct avpn_member member = member_of(&sites[i]);

        if (i >= 2) {
            member.key = pair_of(3).public_key;
        }
        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
    ck_assert_uint_eq(avpn_config_check(config, take, &findings), 2);
    ck_assert_uint_eq(findings.last.member, 5);
    avpn_config_del(config);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_sound_organization_has_no_problem),
    HARNESS_LOOP(a_wrong_field_is_named_with_member_place_and_value,
                 HARNESS_COUNT(cases_of_members)),
    HARNESS_CASE(an_organization_without_anything_lacks_a_name_and_a_registry),
    HARNESS_LOOP(suites_are_known_and_named_once, HARNESS_COUNT(suites)),
    HARNESS_LOOP(registries_are_complete_and_different, 4),
    HARNESS_LOOP(a_wrong_rule_is_named_with_its_place_and_what_would_be_right, HARNESS_COUNT(rules)),
    HARNESS_LOOP(what_is_no_subnet_is_none_in_rules_breakouts_and_translations,
                 HARNESS_COUNT(no_prefixes)),
    HARNESS_LOOP(a_wrong_breakout_is_named_with_its_place_and_what_would_be_right,
                 HARNESS_COUNT(breakouts)),
    HARNESS_LOOP(only_flags_that_there_are_are_valid, 6),
    HARNESS_LOOP(translations_lead_back_and_forth, HARNESS_COUNT(translations)),
    HARNESS_CASE(a_key_that_three_have_is_reported_twice_with_its_first_owner),
};
HARNESS_MAIN("topo/validate", cases)
