/* SPDX-License-Identifier: ISC */
/* Who is a peer of whom: small organizations as tables, random ones by the rule itself. [TOP-1] [TOP-2] */
#include "organization.h"

static const struct site sites[] = {
    {1, 'H', "", ""},      {2, 'H', "1*", ""}, {3, 'H', "", ""},     {4, 'h', "", ""},
    {11, 'S', "2 1", ""},  {12, 'S', "3", ""}, {13, 's', "1", ""},   {14, 'S', "4 3", ""},
    {15, 'S', "", ""},
};

static const struct row {
    uint32_t member, count, peers[6];
} peers[] = {
    {1, 3, {2, 3, 11}},      {2, 3, {1, 3, 11}}, {3, 4, {1, 2, 12, 14}}, {4, 0, {0}},
    {11, 2, {1, 2}},         {12, 1, {3}},       {13, 0, {0}},           {14, 1, {3}},
    {15, 0, {0}},            {99, 0, {0}},       {0, 0, {0}},
};

/* Without hub tunnels: hubs 1 and 2 are peers, for 2 goes out by 1, and 3 has its spokes alone. */
static const struct row peers_apart[] = {
    {1, 2, {2, 11}},         {2, 2, {1, 11}},    {3, 2, {12, 14}},       {4, 0, {0}},
    {11, 2, {1, 2}},         {12, 1, {3}},       {13, 0, {0}},           {14, 1, {3}},
    {15, 0, {0}},            {99, 0, {0}},       {0, 0, {0}},
};

static void check_row(const struct row *row, uint32_t flags)
{
    struct avpn_config *config = config_of(sites, 9);
    uint32_t ids[6] = {0};

    ck_assert_int_eq(avpn_config_set_flags(config, flags), AVPN_OK);
    ck_assert_uint_eq(avpn_config_peers(config, row->member, ids, 6), row->count);
    ck_assert_mem_eq(ids, row->peers, sizeof ids);
    for (uint32_t other = 0; other < 20; other++) {
        int32_t is_listed = 0;

        for (uint32_t i = 0; i < row->count; i++) {
            is_listed |= ids[i] == other;
        }
        ck_assert_int_eq(avpn_config_is_peer(config, row->member, other), is_listed);
        ck_assert_int_eq(avpn_config_is_peer(config, other, row->member), is_listed);
    }
    avpn_config_del(config);
}

START_TEST(each_member_has_the_peers_of_the_table)
{
    check_row(&peers[_i], 0);
}
END_TEST

START_TEST(without_hub_tunnels_hubs_are_peers_only_by_default_routes) /* [TOP-2] */
{
    check_row(&peers_apart[_i], AVPN_ORGANIZATION_NO_HUB_TUNNELS);
}
END_TEST

START_TEST(no_more_than_the_capacity_is_written)
{
    struct avpn_config *config = config_of(sites, 9);
    uint32_t ids[2] = {0, 55};

    ck_assert_uint_eq(avpn_config_peers(config, 3, ids, 1), 4);
    ck_assert(ids[0] == 1 && ids[1] == 55);
    ck_assert_uint_eq(avpn_config_peers(config, 3, NULL, 0), 4);
    avpn_config_del(config);
}
END_TEST

START_TEST(selection_is_symmetric_and_follows_the_rule_in_random_organizations)
{
    struct avpn_config *config = random_config(2000 + (uint64_t)_i, 40, true);
    bool has_hub_tunnels = _i % 2 == 0;
    struct avpni_member_view a, b;

    ck_assert_int_eq(avpn_config_set_flags(config, has_hub_tunnels ? 0 : 1), AVPN_OK);
    for (uint32_t i = 0; avpni_config_view(config, i, &a); i++) {
        uint32_t ids[64], count = avpn_config_peers(config, a.id, ids, 64), at = 0;

        for (uint32_t k = 0; avpni_config_view(config, k, &b); k++) {
            bool is_hub_pair = a.role == AVPN_ROLE_HUB && b.role == AVPN_ROLE_HUB && i != k;
            bool is_named = avpni_member_hub_flags(&a, b.id) >= 0 ||
                            avpni_member_hub_flags(&b, a.id) >= 0;
            bool is_pair = (is_hub_pair && (has_hub_tunnels || is_named)) ||
                           (a.role != b.role && is_named);
            bool expected = is_pair && a.flags == 0 && b.flags == 0;

            ck_assert_int_eq(avpn_config_is_peer(config, a.id, b.id), expected);
            ck_assert_int_eq(avpn_config_is_peer(config, b.id, a.id), expected);
            ck_assert(!expected || (at < count && ids[at] == b.id));
            at += expected;
        }
        ck_assert_uint_eq(at, count);
    }
    avpn_config_del(config);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(each_member_has_the_peers_of_the_table, HARNESS_COUNT(peers)),
    HARNESS_LOOP(without_hub_tunnels_hubs_are_peers_only_by_default_routes,
                 HARNESS_COUNT(peers_apart)),
    HARNESS_CASE(no_more_than_the_capacity_is_written),
    HARNESS_LOOP(selection_is_symmetric_and_follows_the_rule_in_random_organizations, 20),
};
HARNESS_MAIN("topo/select", cases)
