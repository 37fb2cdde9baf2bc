/* SPDX-License-Identifier: ISC */
/* Peers as the registry keeps them, beside avpn_config_peers, for random configurations [TOP-1] [TOP-2]. */
#include "harness.h"

#include "crypto/box.h"
#include "registry/organization.h"

#include <string.h>

static const struct avpni_organization_secrets secrets = {.fingerprint = {1}, .map = {2}};
static struct avpni_memory memory;

static struct avpn_key key_of(uint32_t id, uint32_t salt)
{
    struct avpn_key key = {{(uint8_t)id, (uint8_t)(id >> 8), (uint8_t)salt, 1}};

    return key;
}

/* Ids 1 .. count, some left out, some revoked; hubs are every fifth, and some name others for their default route. */
static struct avpn_config *random_config(uint64_t *state, uint32_t count, uint32_t flags)
{
    struct avpn_config *config;
    bool exists[200];

    ck_assert_int_ge(avpni_crypto_init(), 0);
    ck_assert_int_eq(avpn_config_new(NULL, &config), AVPN_OK);
    ck_assert_int_eq(avpn_config_set_flags(config, flags), AVPN_OK);
    for (uint32_t id = 1; id <= count; id++) {
        exists[id] = harness_random(state) % 8 != 0;
    }
    for (uint32_t n = 1; n <= count; n++) {
        uint32_t id = count + 1 - n;
        struct avpn_member member = {.size = sizeof member, .id = id, .name = "m"};

        if (!exists[id]) {
            continue;
        }
        member.name[1] = (char)('a' + id / 26);
        member.name[2] = (char)('a' + id % 26);
        member.key = key_of(id, harness_random(state) % 10 == 0);
        member.role = id % 5 == 0 ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE;
        member.flags = harness_random(state) % 9 == 0 ? AVPN_MEMBER_REVOKED : 0;
        uint32_t first = (uint32_t)harness_random(state);

        for (uint32_t k = 0; k < 3; k++) {
            uint32_t hub = 5 + 5 * ((first % 1000 + 3 - k) % (count / 5));

            if (exists[hub] && hub != id) {
                member.hubs[member.hub_count].flags = member.role == AVPN_ROLE_HUB;
                member.hubs[member.hub_count++].member = hub;
            }
        }
        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
    return config;
}

static void check_peers(const struct avpni_organization *made, const struct avpn_config *config)
{
    uint32_t count = avpn_config_member_count(config), active = 0;

    for (uint32_t i = 0; i < count; i++) {
        struct avpn_member member = {.size = sizeof member};
        uint32_t expected[200], got = 0;

        ck_assert_int_eq(avpn_config_member_at(config, i, &member), AVPN_OK);
        uint32_t place = avpni_organization_find_id(made, member.id);

        if ((member.flags & AVPN_MEMBER_REVOKED) != 0) {
            ck_assert_uint_eq(place, AVPNI_MAP_NONE);
            ck_assert_uint_eq(avpni_organization_find_key(made, &secrets, &member.key),
                              AVPNI_MAP_NONE);
            continue;
        }
        active++;
        ck_assert_uint_ne(place, AVPNI_MAP_NONE);
        ck_assert_uint_eq(avpni_organization_find_key(made, &secrets, &member.key), place);
        uint32_t total = avpn_config_peers(config, member.id, expected, 200);
        struct avpni_peers peers = avpni_peers(made, place);

        for (uint32_t peer = avpni_peers_next(&peers); peer != AVPNI_MAP_NONE;
             peer = avpni_peers_next(&peers)) {
            ck_assert_uint_lt(got, total);
            ck_assert_uint_eq(made->members[peer].id, expected[got++]);
        }
        ck_assert_uint_eq(got, total);
    }
    ck_assert_uint_eq(made->by_id_count, active);
}

START_TEST(peers_are_those_of_the_configuration)
{
    uint64_t state = (uint64_t)_i + 1;
    struct avpni_organization *made, *next;
    struct avpn_key id = {{1}};

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    uint32_t flags = (uint32_t)_i % 2, newer_flags = (uint32_t)_i / 2 % 2; /* [TOP-2] */
    struct avpn_config *config = random_config(&state, 20 + (uint32_t)_i * 8, flags);
    struct avpn_config *newer = random_config(&state, 20 + (uint32_t)_i * 8, newer_flags);

    ck_assert_int_eq(avpni_organization_new(&memory, config, &id, &secrets, NULL, &made), AVPN_OK);
    check_peers(made, config);
    ck_assert_int_eq(avpni_organization_new(&memory, newer, &id, &secrets, made, &next), AVPN_OK);
    check_peers(next, newer);
    bool hubs_changed = avpni_organization_changes_hubs(made, next);

    for (uint32_t place = 0; place < made->member_count; place++) {
        struct avpn_key key = {{0}};
        uint32_t before[200], after[200], n;

        if (made->members[place].id == 0) {
            continue;
        }
        for (uint32_t salt = 0; salt < 2; salt++) {
            key = key_of(made->members[place].id, salt);
            if (avpni_organization_find_key(made, &secrets, &key) == place) {
                break;
            }
        }
        uint32_t stays = avpni_organization_find_key(next, &secrets, &key);

        ck_assert_int_eq(avpni_organization_keeps(made, next, place), stays != AVPNI_MAP_NONE);
        if (stays == AVPNI_MAP_NONE) {
            continue;
        }
        ck_assert_uint_eq(stays, place);
        n = avpn_config_peers(config, made->members[place].id, before, 200);
        bool ids_differ = avpn_config_peers(newer, next->members[place].id, after, 200) != n ||
                          memcmp(before, after, n * sizeof *before) != 0;

        if (ids_differ) {
            ck_assert(avpni_organization_changes_peers(made, next, place, hubs_changed));
        }
    }
    avpni_organization_del(made);
    avpni_organization_del(next);
    avpn_config_del(config);
    avpn_config_del(newer);
}
END_TEST

/* The flag alone makes other peers, for hubs, and the same ones for spokes. */
START_TEST(hub_tunnels_change_the_peers_of_hubs_only)
{
    uint64_t state = 77, again = 77;
    struct avpni_organization *made, *next;
    struct avpn_key id = {{1}};
    bool has_hubs = false;

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    struct avpn_config *config = random_config(&state, 60, (uint32_t)_i);
    struct avpn_config *newer = random_config(&again, 60, 1 - (uint32_t)_i);

    ck_assert_int_eq(avpni_organization_new(&memory, config, &id, &secrets, NULL, &made), AVPN_OK);
    ck_assert_int_eq(avpni_organization_new(&memory, newer, &id, &secrets, made, &next), AVPN_OK);
    bool hubs_changed = avpni_organization_changes_hubs(made, next);

    for (uint32_t place = 0; place < made->member_count; place++) {
        bool is_hub = made->members[place].role == AVPN_ROLE_HUB;

        ck_assert_int_eq(avpni_organization_changes_peers(made, next, place, hubs_changed), is_hub);
        has_hubs = has_hubs || is_hub;
    }
    ck_assert(has_hubs && hubs_changed);
    avpni_organization_del(made);
    avpni_organization_del(next);
    avpn_config_del(config);
    avpn_config_del(newer);
}
END_TEST

START_TEST(the_same_configuration_changes_no_peers)
{
    uint64_t state = 5;
    struct avpni_organization *made, *next;
    struct avpn_key id = {{1}};

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    struct avpn_config *config = random_config(&state, 100, (uint32_t)_i);

    ck_assert_int_eq(avpni_organization_new(&memory, config, &id, &secrets, NULL, &made), AVPN_OK);
    ck_assert_int_eq(avpni_organization_new(&memory, config, &id, &secrets, made, &next), AVPN_OK);
    ck_assert(!avpni_organization_changes_hubs(made, next));
    for (uint32_t place = 0; place < made->member_count; place++) {
        ck_assert(avpni_organization_keeps(made, next, place));
        ck_assert(!avpni_organization_changes_peers(made, next, place, false));
    }
    avpni_organization_del(made);
    avpni_organization_del(next);
    avpn_config_del(config);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(peers_are_those_of_the_configuration, 20),
    HARNESS_LOOP(hub_tunnels_change_the_peers_of_hubs_only, 2),
    HARNESS_LOOP(the_same_configuration_changes_no_peers, 2),
};
HARNESS_MAIN("registry/organization", cases)
