/* SPDX-License-Identifier: ISC */
/* The configuration as a store: what goes in comes out, in order; limits; memory. */
#include "organization.h"
#include "route/counting.h"

static const struct site sites[] = {
    {30, 'S', "10* 20", "10.30.0.0/16 fd30::/48"},
    {10, 'H', "", "10.10.0.0/16"},
    {20, 'H', "10*", ""},
    {40, 's', "20", "10.40.0.0/16"},
};

START_TEST(members_come_back_by_place_id_key_and_name)
{
    struct avpn_config *config = config_of(sites, 4);
    const struct avpn_member expected = member_of(&sites[_i]);
    struct avpn_member member = {.size = sizeof member};

    ck_assert_uint_eq(avpn_config_member_count(config), 4);
    ck_assert_int_eq(avpn_config_member(config, sites[_i].id, &member), AVPN_OK);
    ck_assert_mem_eq(&member, &expected, sizeof member);
    ck_assert_int_eq(avpn_config_member_at(config, sites[_i].id / 10 - 1, &member), AVPN_OK);
    ck_assert_mem_eq(&member, &expected, sizeof member);
    ck_assert_int_eq(avpn_config_member_by_key(config, &expected.key, &member), AVPN_OK);
    ck_assert_mem_eq(&member, &expected, sizeof member);
    ck_assert_int_eq(avpn_config_member_by_name(config, expected.name, &member), AVPN_OK);
    ck_assert_mem_eq(&member, &expected, sizeof member);
    avpn_config_del(config);
}
END_TEST

START_TEST(what_is_not_there_is_not_found)
{
    struct avpn_config *config = config_of(sites, 4);
    const struct avpn_key key = {{9}};
    const struct avpn_key_pair pair = pair_of(10);
    struct avpn_member member = {.size = sizeof member};
    struct avpn_registry_entry registry = {.size = sizeof registry};
    struct avpn_key out;

    ck_assert_int_eq(avpn_config_member(config, 11, &member), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_config_member(config, 0, &member), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_config_member(config, UINT32_MAX, &member), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_config_member_at(config, 4, &member), AVPN_ERROR_EMPTY);
    ck_assert_int_eq(avpn_config_member_by_key(config, &key, &member), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_config_member_by_name(config, "site", &member), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_config_registry(config, 1, &registry), AVPN_ERROR_EMPTY);
    ck_assert_int_eq(avpn_config_organization(config, &out), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_config_psk(config, 10, &pair, &out, NULL), AVPN_ERROR_NOT_FOUND);
    ck_assert_uint_eq(avpn_config_version(config), 0);
    avpn_config_del(config);
    avpn_config_del(NULL);
}
END_TEST

START_TEST(the_organizations_fields_come_back)
{
    struct avpn_config *config = empty_config(NULL);
    const struct avpn_registry_entry expected = registry_of(1);
    const uint8_t chosen[] = {2};
    uint8_t suites[4] = {9, 9, 9, 9};
    struct avpn_registry_entry registry = {.size = sizeof registry};

    ck_assert_str_eq(avpn_config_name(config), "example");
    ck_assert_uint_eq(avpn_config_suites(config, suites, 4), 2);
    ck_assert(suites[0] == 1 && suites[1] == 2 && suites[2] == 9);
    ck_assert_int_eq(avpn_config_set_suites(config, chosen, 1), AVPN_OK);
    ck_assert_uint_eq(avpn_config_suites(config, suites, 0), 1);
    ck_assert_uint_eq(avpn_config_registry_count(config), 1);
    ck_assert_int_eq(avpn_config_registry(config, 0, &registry), AVPN_OK);
    ck_assert_mem_eq(&registry, &expected, sizeof registry);
    avpn_config_del(config);
}
END_TEST

START_TEST(the_policy_comes_back_in_order) /* [CFG-13] */
{
    struct avpn_config *config = empty_config(NULL);
    struct avpn_rule rule = {.size = sizeof rule, .action = AVPN_RULE_ALLOW, .name = "a"}, read = {.size = sizeof read};
    struct avpn_breakout breakout = {.size = sizeof breakout, .protocol = 6},
                         read_breakout = {.size = sizeof read_breakout};

    ck_assert_uint_eq(avpn_config_flags(config), 0);
    ck_assert_int_eq(avpn_config_set_flags(config, AVPN_ORGANIZATION_NO_HUB_TUNNELS), AVPN_OK);
    ck_assert_uint_eq(avpn_config_flags(config), 1);
    for (uint32_t i = 0; i < 20; i++) {
        ck_assert_uint_eq(avpn_config_rule_count(config), i);
        ck_assert_uint_eq(avpn_config_breakout_count(config), i);
        rule.protocol = (uint8_t)(20 - i);
        breakout.destination_last = (uint16_t)(20 - i);
        ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
        ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_OK);
    }
    for (uint32_t i = 0; i < 20; i++) {
        rule.protocol = (uint8_t)(20 - i);
        breakout.destination_last = (uint16_t)(20 - i);
        ck_assert_int_eq(avpn_config_rule(config, i, &read), AVPN_OK);
        ck_assert_mem_eq(&read, &rule, sizeof rule);
        ck_assert_int_eq(avpn_config_breakout(config, i, &read_breakout), AVPN_OK);
        ck_assert_mem_eq(&read_breakout, &breakout, sizeof breakout);
    }
    ck_assert_int_eq(avpn_config_rule(config, 20, &read), AVPN_ERROR_EMPTY);
    ck_assert_int_eq(avpn_config_breakout(config, 20, &read_breakout), AVPN_ERROR_EMPTY);
    avpn_config_del(config);
}
END_TEST

START_TEST(of_a_policy_what_cannot_be_represented_is_refused) /* [CFG-8] */
{
    struct avpn_config *config = empty_config(NULL);
    struct avpn_rule rule = {.size = sizeof rule}, read = {.size = sizeof read};
    struct avpn_breakout breakout = {.size = sizeof breakout};

    ck_assert_int_eq(avpn_config_set_flags(config, 256), AVPN_ERROR_ARGUMENT);
    rule.size--;
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_ERROR_ARGUMENT);
    rule = (struct avpn_rule){.size = sizeof rule, .reserved = {0, 1}};
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_ERROR_ARGUMENT);
    rule = (struct avpn_rule){.size = sizeof rule, .name = "two words"};
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_ERROR_FORMAT);
    memset(rule.name, 'a', sizeof rule.name); /* no end */
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_ERROR_FORMAT);
    breakout.size--;
    ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_ERROR_ARGUMENT);
    breakout = (struct avpn_breakout){.size = sizeof breakout, .reserved = {0, 0, 1}};
    ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_ERROR_ARGUMENT);
    ck_assert_uint_eq(avpn_config_rule_count(config) + avpn_config_breakout_count(config), 0);

    /* What stands behind the end of a name is no part of it. */
    rule = (struct avpn_rule){.size = sizeof rule, .name = {'a', '\0', 'b'}};
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
    ck_assert_int_eq(avpn_config_rule(config, 0, &read), AVPN_OK);
    ck_assert_int_eq(read.name[2], '\0');
    for (uint32_t i = 1; i < AVPN_RULES; i++) {
        ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
    }
    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_ERROR_LIMIT);
    breakout = (struct avpn_breakout){.size = sizeof breakout};
    for (uint32_t i = 0; i < AVPN_BREAKOUTS; i++) {
        ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_OK);
    }
    ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_ERROR_LIMIT);
    avpn_config_del(config);
}
END_TEST

static const struct {
    const char *name;
    int32_t as_name, as_host;
} names[] = {
    {"a", AVPN_OK, AVPN_OK},
    {"Site-1.example_X", AVPN_OK, AVPN_OK},
    {"123456789012345678901234567890123456789012345678901234567890123", AVPN_OK, AVPN_OK},
    {"1234567890123456789012345678901234567890123456789012345678901234", AVPN_ERROR_FORMAT,
     AVPN_ERROR_FORMAT},
    {"", AVPN_ERROR_FORMAT, AVPN_ERROR_FORMAT},
    {"two words", AVPN_ERROR_FORMAT, AVPN_ERROR_FORMAT},
    {"a/b", AVPN_ERROR_FORMAT, AVPN_ERROR_FORMAT},
    {"2001:db8::1", AVPN_ERROR_FORMAT, AVPN_OK},
    {"caf\xc3\xa9", AVPN_ERROR_FORMAT, AVPN_ERROR_FORMAT},
};

START_TEST(only_names_are_taken_as_names)
{
    struct avpn_config *config = empty_config(NULL);
    struct avpn_registry_entry registry = registry_of(2);
    struct avpn_member member = member_of(&sites[0]);

    memset(registry.host, 0, sizeof registry.host);
    memset(member.name, 0, sizeof member.name);
    memcpy(registry.host, names[_i].name, strlen(names[_i].name));
    memcpy(member.name, names[_i].name, strlen(names[_i].name));
    ck_assert_int_eq(avpn_config_set_name(config, names[_i].name), names[_i].as_name);
    ck_assert_int_eq(avpn_config_add_member(config, &member), names[_i].as_name);
    ck_assert_int_eq(avpn_config_add_registry(config, &registry), names[_i].as_host);
    avpn_config_del(config);
}
END_TEST

START_TEST(what_cannot_be_represented_is_refused) /* [CFG-8] */
{
    struct avpn_config *config = empty_config(NULL);
    const uint8_t suites[5] = {1, 2, 1, 2, 1};
    struct avpn_member member = member_of(&sites[0]);
    struct avpn_registry_entry registry = registry_of(2);

    member.size--;
    ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_ERROR_ARGUMENT);
    member = member_of(&sites[0]);
    member.hub_count = AVPN_HUBS + 1;
    ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_ERROR_ARGUMENT);
    member = member_of(&sites[0]);
    member.export_count = AVPN_EXPORTS + 1;
    ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_ERROR_ARGUMENT);
    member = member_of(&sites[0]);
    member.uplink_count = AVPN_UPLINKS + 1;
    ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_ERROR_ARGUMENT);
    member = member_of(&sites[0]);
    member.translation_count = AVPN_TRANSLATIONS + 1;
    ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_config_set_name(config, NULL), AVPN_ERROR_FORMAT);
    ck_assert_int_eq(avpn_config_set_suites(config, suites, 0), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_config_set_suites(config, suites, 5), AVPN_ERROR_LIMIT);
    registry.size = 0;
    ck_assert_int_eq(avpn_config_add_registry(config, &registry), AVPN_ERROR_ARGUMENT);
    registry = registry_of(2);
    for (int i = 1; i < AVPN_REGISTRIES; i++) {
        ck_assert_int_eq(avpn_config_add_registry(config, &registry), AVPN_OK);
    }
    ck_assert_int_eq(avpn_config_add_registry(config, &registry), AVPN_ERROR_LIMIT);
    ck_assert_uint_eq(avpn_config_member_count(config), 0);
    avpn_config_del(config);
}
END_TEST

/* In an order that is neither ascending nor descending: 40503 and 2^16 have no common factor. */
START_TEST(as_many_members_as_the_limit_allows_can_be_added_and_checked) /* [CFG-8] */
{
    struct avpn_config *config = empty_config(NULL);
    struct avpni_member_view view;
    struct avpn_member member = {.size = sizeof member, .role = AVPN_ROLE_HUB};

    for (uint32_t i = 1; i <= AVPN_MEMBERS; i++) {
        member.id = i * 40503u & 0xffff;
        memcpy(member.key.bytes, &member.id, sizeof member.id);
        snprintf(member.name, sizeof member.name, "s%u", member.id);
        ck_assert(avpn_config_add_member(config, &member) == AVPN_OK);
    }
    ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_ERROR_LIMIT);
    ck_assert_uint_eq(avpn_config_check(config, NULL, NULL), 0);
    for (uint32_t i = 0; i < AVPN_MEMBERS; i++) {
        ck_assert(avpni_config_view(config, i, &view) && view.id == i + 1);
    }
    ck_assert(!avpni_config_view(config, AVPN_MEMBERS, &view));
    ck_assert_uint_eq(avpni_config_find_name(config, "s65535"), 65534);
    ck_assert_uint_lt(avpni_config_footprint(config), AVPN_MEMBERS * 160);
    avpn_config_del(config);
}
END_TEST

START_TEST(running_out_of_memory_changes_nothing_and_leaks_nothing)
{
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    bool is_over = false;

    for (int64_t fail_at = 1; !is_over; fail_at++) {
        struct avpn_config *config = NULL;
        uint32_t added = 0;

        counting = (struct counting){.fail_at = fail_at};
        if (avpn_config_new(&host, &config) == AVPN_OK) {
            for (size_t i = 0; i < 12; i++) {
                struct avpn_member member = member_of(&sites[i % 4]);
                struct avpn_rule rule = {.size = sizeof rule};
                struct avpn_breakout breakout = {.size = sizeof breakout};
                uint32_t rules = avpn_config_rule_count(config);
                uint32_t breakouts = avpn_config_breakout_count(config);

                member.translation_count = (uint8_t)i;
                rules += avpn_config_add_rule(config, &rule) == AVPN_OK;
                breakouts += avpn_config_add_breakout(config, &breakout) == AVPN_OK;
                ck_assert_uint_eq(avpn_config_rule_count(config), rules);
                ck_assert_uint_eq(avpn_config_breakout_count(config), breakouts);
                added += avpn_config_add_member(config, &member) == AVPN_OK;
                ck_assert_uint_eq(avpn_config_member_count(config), added);
                avpn_config_check(config, NULL, NULL);
            }
        }
        is_over = added == 12 && counting.requests < fail_at;
        avpn_config_del(config);
        ck_assert_int_eq(counting.blocks, 0);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(members_come_back_by_place_id_key_and_name, HARNESS_COUNT(sites)),
    HARNESS_CASE(what_is_not_there_is_not_found),
    HARNESS_CASE(the_organizations_fields_come_back),
    HARNESS_CASE(the_policy_comes_back_in_order),
    HARNESS_CASE(of_a_policy_what_cannot_be_represented_is_refused),
    HARNESS_LOOP(only_names_are_taken_as_names, HARNESS_COUNT(names)),
    HARNESS_CASE(what_cannot_be_represented_is_refused),
    HARNESS_CASE(as_many_members_as_the_limit_allows_can_be_added_and_checked),
    HARNESS_CASE(running_out_of_memory_changes_nothing_and_leaks_nothing),
};
HARNESS_MAIN("topo/config", cases)
