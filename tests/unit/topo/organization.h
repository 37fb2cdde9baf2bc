/* SPDX-License-Identifier: ISC */
/*
 * organization: configurations for tests, written as tables of sites.
 *
 *     static const struct site sites[] = {
 *         {1, 'H', "", "10.1.0.0/16"},       a hub
 *         {2, 'S', "1* 3", "10.2.0.0/16"},   a spoke; its default route goes through hub 1
 *         {3, 'h', "", ""},                  a hub that is revoked
 *     };
 */
#ifndef AUTOVPN_TESTS_TOPO_ORGANIZATION_H
#define AUTOVPN_TESTS_TOPO_ORGANIZATION_H

#include "harness.h"
#include "topo/config.h"
#include <autovpn/noise.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct site {
    uint32_t id;
    char role; /* H hub, S spoke, small: revoked */
    const char *hubs, *exports;
};

/* The static key pair of a member of a test. */
static inline struct avpn_key_pair pair_of(uint32_t id)
{
    /* X25519 ignores the lowest bits of byte 0. */
    const struct avpn_key secret_key = {{0x70, (uint8_t)id, (uint8_t)(id >> 8), 0x77}};
    struct avpn_key_pair pair;

    ck_assert_int_eq(avpn_key_pair_from_secret(&secret_key, &pair), AVPN_OK);
    return pair;
}

static inline void add_hubs_text(struct avpn_member *member, const char *text)
{
    while (*text != '\0') {
        char *end;
        struct avpn_member_hub *hub = &member->hubs[member->hub_count++];

        hub->member = (uint32_t)strtoul(text, &end, 10);
        if (*end == '*') {
            hub->flags = AVPN_HUB_DEFAULT_ROUTE;
            end++;
        }
        text = *end == ' ' ? end + 1 : end;
    }
}

static inline void add_exports_text(struct avpn_member *member, const char *text)
{
    char word[AVPN_PREFIX_TEXT];

    for (int used = 0; sscanf(text, "%49s%n", word, &used) == 1; text += used) {
        ck_assert_int_eq(
            avpn_prefix_parse(word, &member->exports[member->export_count++]), AVPN_OK);
    }
}

static inline struct avpn_member member_of(const struct site *site)
{
    struct avpn_member member = {.size = sizeof member, .id = site->id, .is_known = 1};

    member.key = pair_of(site->id).public_key;
    snprintf(member.name, sizeof member.name, "site-%u", site->id);
    member.role = site->role == 'H' || site->role == 'h' ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE;
    member.flags = site->role >= 'a' ? AVPN_MEMBER_REVOKED : 0;
    add_hubs_text(&member, site->hubs);
    add_exports_text(&member, site->exports);
    return member;
}

static inline struct avpn_registry_entry registry_of(uint32_t number)
{
    struct avpn_registry_entry registry = {.size = sizeof registry, .port = 9350};

    registry.key = pair_of(0xff00 + number).public_key;
    snprintf(registry.host, sizeof registry.host, "registry%u.example.net", number);
    return registry;
}

/* An organization with a name and a registry, without members. */
static inline struct avpn_config *empty_config(const struct avpn_host *host)
{
    struct avpn_config *config;
    const struct avpn_registry_entry registry = registry_of(1);

    ck_assert_int_eq(avpn_config_new(host, &config), AVPN_OK);
    ck_assert_int_eq(avpn_config_set_name(config, "example"), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_registry(config, &registry), AVPN_OK);
    return config;
}

static inline struct avpn_prefix prefix_of_text(const char *text)
{
    struct avpn_prefix prefix = {0};

    ck_assert(text[0] == '\0' || avpn_prefix_parse(text, &prefix) == AVPN_OK);
    return prefix;
}

/* One rule with all that a rule can say, and one breakout. */
static inline void add_policy(struct avpn_config *config)
{
    struct avpn_rule rule = {.size = sizeof rule,
                             .action = AVPN_RULE_DENY,
                             .protocol = 6,
                             .source = prefix_of_text("10.2.0.0/15"),
                             .destination = prefix_of_text("10.1.7.0/24"),
                             .source_first = 1024,
                             .source_last = 65535,
                             .destination_first = 22,
                             .destination_last = 23,
                             .name = "no-shells"};
    struct avpn_breakout breakout = {.size = sizeof breakout,
                                     .protocol = 17,
                                     .destination = prefix_of_text("2001:db8:53::/48"),
                                     .destination_first = 53,
                                     .destination_last = 53};

    ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_OK);
}

static inline struct avpn_config *config_of(const struct site *sites, size_t count)
{
    struct avpn_config *config = empty_config(NULL);

    add_policy(config);

    for (size_t i = 0; i < count && sites[i].id != 0; i++) {
        const struct avpn_member member = member_of(&sites[i]);

        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
    return config;
}

/* A valid organization of any shape: hubs, spokes, revoked ones; below 100 members. */
static inline struct avpn_config *random_config(uint64_t seed, uint32_t count, bool has_overlaps)
{
    struct avpn_config *config = empty_config(NULL);
    uint64_t state = seed;
    uint32_t hub_limit = 1 + (uint32_t)(harness_random(&state) % (count / 2));

    add_policy(config);
    for (uint32_t id = count; id >= 1; id--) {
        char role = id <= hub_limit ? 'H' : 'S';
        const struct site site = {id, (char)(role + (harness_random(&state) % 8 == 0 ? 32 : 0)),
                                  "", ""};
        struct avpn_member member = member_of(&site);
        uint32_t hub = (uint32_t)(harness_random(&state) % hub_limit);

        for (uint32_t i = 0; i < 3 && i < hub_limit; i++) {
            struct avpn_member_hub named = {1 + (hub + i) % hub_limit, harness_random(&state) & 1};

            if (named.member != id && (role == 'S' || named.flags != 0)) {
                member.hubs[member.hub_count++] = named;
            }
        }
        for (uint32_t i = 0; i < harness_random(&state) % 4; i++) {
            struct avpn_prefix prefix = {.family = AVPN_FAMILY_IPV4, .length = 24};

            prefix.bytes[0] = 10;
            prefix.bytes[1] = (uint8_t)(has_overlaps ? harness_random(&state) % 8 : id);
            prefix.bytes[2] = (uint8_t)i;
            member.exports[member.export_count++] = prefix;
            if (harness_random(&state) % 2 == 0) {
                struct avpn_translation *translation =
                    &member.translations[member.translation_count++];

                translation->exported = translation->local = prefix;
                translation->local.bytes[0] = 192;
            }
        }
        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
    return config;
}

#endif
