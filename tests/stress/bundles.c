/* SPDX-License-Identifier: ISC */
/* bundles: see bundles.h. */
#include "bundles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUNDLE_LIMIT 16384

static void must(int32_t error, const char *what)
{
    if (error == AVPN_OK)
        return;
    fprintf(stderr, "%s: %s\n", what, avpn_error_name(error));
    exit(EXIT_FAILURE);
}

void bundles_begin(struct bundles *bundles)
{
    memset(bundles, 0, sizeof *bundles);
    for (uint32_t i = 0; i < MEMBERS; i++)
        must(avpn_key_pair_generate(&bundles->keys[i]), "key");
    must(avpn_key_pair_generate(&bundles->registry_key), "key");
    bundles_sign(bundles, BUNDLE_PLAIN, 0);
}

void bundles_end(struct bundles *bundles)
{
    for (uint32_t i = 0; i < atomic_load(&bundles->count); i++)
        free(bundles->list[i].bytes);
}

static void add_export(struct avpn_member *member, const char *text)
{
    must(avpn_prefix_parse(text, &member->exports[member->export_count++]), text);
}

/* Wild 1: the second spoke has lost what it exports. Wild 2: it is revoked. */
static void add_member(const struct bundles *bundles, struct avpn_config *config, uint32_t i,
                       enum bundle_kind kind, uint32_t variant)
{
    struct avpn_member member = {.size = sizeof member, .id = i + 1, .key = bundles->keys[i].public_key,
                                 .role = i == 0 ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE, .hub_count = i != 0};
    bool is_struck = kind == BUNDLE_WILD && i == 2;
    char text[AVPN_PREFIX_TEXT];

    snprintf(member.name, sizeof member.name, "site-%u", i);
    member.hubs[0].member = i == 0 ? 0 : 1;
    member.flags = is_struck && variant % 4 == 2 ? AVPN_MEMBER_REVOKED : 0;
    if (!is_struck || variant % 4 != 1) {
        snprintf(text, sizeof text, "10.%u.0.0/16", i + 1);
        add_export(&member, text);
        snprintf(text, sizeof text, "fd00:%u::/32", i + 1);
        add_export(&member, text);
    }
    if (kind == BUNDLE_GENTLE && variant % 3 == 1) {
        snprintf(text, sizeof text, "10.%u.0.0/16", 100 + i + variant % 50);
        add_export(&member, text);
    }
    must(avpn_config_add_member(config, &member), "member");
}

/* It is never switched on. */
static void add_guest(struct avpn_config *config, uint32_t variant)
{
    struct avpn_member member = {.size = sizeof member, .id = 10 + variant % 5, .role = AVPN_ROLE_SPOKE,
                                 .hub_count = 1, .name = "guest"};
    struct avpn_key_pair key;

    must(avpn_key_pair_from_secret(&(struct avpn_key){{(uint8_t)(1 + variant % 200)}}, &key), "key");
    member.key = key.public_key;
    member.hubs[0].member = 1;
    add_export(&member, "10.200.0.0/16");
    must(avpn_config_add_member(config, &member), "guest");
}

static void add_rule(struct avpn_config *config, uint8_t protocol)
{
    struct avpn_rule rule = {.size = sizeof rule, .action = AVPN_RULE_DENY, .protocol = protocol};

    must(avpn_config_add_rule(config, &rule), "rule");
}

static void draw_up(const struct bundles *bundles, struct avpn_config *config, enum bundle_kind kind,
                    uint32_t variant)
{
    struct avpn_registry_entry entry = {.size = sizeof entry, .port = 9350, .host = "198.51.100.1",
                                        .key = bundles->registry_key.public_key};

    must(avpn_config_set_name(config, "stress"), "name");
    must(avpn_config_add_registry(config, &entry), "registry");
    for (uint32_t i = 0; i < MEMBERS; i++)
        add_member(bundles, config, i, kind, variant);
    if (kind == BUNDLE_GENTLE && variant % 2 == 1)
        add_guest(config, variant);
    if (kind == BUNDLE_GENTLE && variant % 5 < 2)
        add_rule(config, (uint8_t)(100 + variant % 100));
    if (kind == BUNDLE_WILD && variant % 4 == 3)
        add_rule(config, 253);
}

void bundles_sign(struct bundles *bundles, enum bundle_kind kind, uint32_t variant)
{
    uint32_t number = atomic_load(&bundles->count);
    struct avpn_publication publication = {.size = sizeof publication, .version = number + 1,
                                           .psk_epoch = 1, .psk = {{7}}};
    struct bundle *bundle = &bundles->list[number];
    struct avpn_authority *authority;
    struct avpn_config *config;

    if (number == BUNDLES)
        return;
    must(avpn_config_new(NULL, &config), "configuration");
    draw_up(bundles, config, kind, variant);
    must(avpn_authority_new(NULL, &authority), "authority");
    must(avpn_authority_add_root(authority, &(struct avpn_key){{1}}), "root");
    must(avpn_authority_add_signer(authority, &(struct avpn_key){{2}}), "signer");
    must(avpn_authority_organization(authority, &bundles->organization), "organization");
    bundle->bytes = malloc(BUNDLE_LIMIT);
    must(avpn_authority_sign(authority, config, &publication, bundle->bytes, BUNDLE_LIMIT,
                             &bundle->count), "sign");
    avpn_authority_del(authority);
    avpn_config_del(config);
    atomic_store(&bundles->count, number + 1);
}

const struct bundle *bundles_newest(struct bundles *bundles, uint32_t *version_out)
{
    *version_out = atomic_load(&bundles->count);
    return &bundles->list[*version_out - 1];
}
