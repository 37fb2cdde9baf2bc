/* SPDX-License-Identifier: ISC */
/* Route tables of members as tables of hops. [RTE-1] [RTE-2] [RTE-3] [RTE-8] [RTE-10] */
#include "organization.h"
#include "route/counting.h"
#include "topo/plan.h"

static const struct avpni_plan_seams all_offered;

#define SITES 10

static const struct site mesh[SITES] = {
    {1, 'H', "", "10.1.0.0/16"}, {2, 'H', "", "10.2.0.0/16"}, {3, 'H', "1*", "10.3.0.0/16"}};
static const struct site star[SITES] = {
    {1, 'H', "", "10.1.0.0/16"}, {11, 'S', "1", "10.11.0.0/16"}, {12, 'S', "1*", "10.12.0.0/16"}};
static const struct site two_hubs[SITES] = {
    {1, 'H', "", "10.1.0.0/16"},
    {2, 'H', "", "10.2.0.0/16"},
    {3, 'H', "", "10.3.0.0/16"},
    {11, 'S', "2* 1*", "10.11.0.0/16 fd11::/48"},
    {12, 'S', "1", "10.12.0.0/16"},
    {13, 'S', "3", "10.13.0.0/16"},
    {14, 'S', "", "10.14.0.0/16"}};
static const struct site shared[SITES] = {
    {1, 'H', "", "10.9.0.0/16"},
    {2, 'H', "", "10.9.0.0/16"},
    {11, 'S', "2 1", "10.9.0.0/16 10.11.0.0/16"},
    {12, 'S', "1 2", "10.11.0.0/16"},
    {13, 'S', "2", "10.11.0.0/16"},
    {14, 'S', "2 1", "10.14.0.0/16"}};
static const struct site data_centres[SITES] = {
    {1, 'H', "", "10.1.0.0/16"},
    {2, 'H', "", "10.9.0.0/16"},
    {3, 'H', "", "10.9.0.0/16"},
    {11, 'S', "3 2", "10.11.0.0/16"},
    {12, 'S', "2 1 3", "10.12.0.0/16"},
    {13, 'S', "3", "10.13.0.0/16"},
    {14, 'S', "1 2", "10.9.0.0/16"}};
static const struct site late_hub[SITES] = {
    {1, 'S', "8 9", "10.5.0.0/16"}, {8, 'H', "", ""}, {9, 'H', "", "10.5.0.0/16"}};
static const struct site revoked[SITES] = {
    {1, 'h', "", "10.1.0.0/16"},
    {2, 'H', "", "10.2.0.0/16"},
    {11, 'S', "1* 2*", "10.11.0.0/16"},
    {12, 's', "2", "10.12.0.0/16"},
    {13, 'S', "1", "10.13.0.0/16"}};

/* Hops: L is here, A attached, N nobody, - is no route. */
static const struct {
    const struct site *sites;
    uint32_t self;
    const char *prefix, *hops;
} plans[] = {
    {mesh, 1, "10.1.0.0/16", "L"},
    {mesh, 1, "10.2.0.0/16", "2"},
    {mesh, 2, "10.3.0.0/16", "3"},
    {mesh, 3, "0.0.0.0/0", "1"},
    {mesh, 3, "::/0", "1"},
    {mesh, 1, "0.0.0.0/0", "-"},

    {star, 1, "10.11.0.0/16", "11"},
    {star, 11, "10.1.0.0/16", "1"},
    {star, 11, "10.12.0.0/16", "1"},
    {star, 11, "10.11.0.0/16", "L"},
    {star, 11, "0.0.0.0/0", "-"},
    {star, 12, "0.0.0.0/0", "1"},

    {two_hubs, 1, "10.11.0.0/16", "11 2"},   /* direct, else through the owner's other hub */
    {two_hubs, 2, "10.11.0.0/16", "11 1"},
    {two_hubs, 3, "10.11.0.0/16", "2 1"},    /* not a peer: the owner's hubs in its order */
    {two_hubs, 3, "fd11::/48", "2 1"},
    {two_hubs, 2, "10.12.0.0/16", "1"},
    {two_hubs, 1, "10.3.0.0/16", "3"},       /* never through a hub between two hubs */
    {two_hubs, 11, "10.12.0.0/16", "2 1"},   /* own hubs in own order */
    {two_hubs, 11, "10.13.0.0/16", "2 1"},
    {two_hubs, 11, "10.1.0.0/16", "1 2"},    /* a hub it names: that one first */
    {two_hubs, 11, "10.2.0.0/16", "2 1"},
    {two_hubs, 11, "10.3.0.0/16", "2 1"},    /* a hub it does not name */
    {two_hubs, 11, "0.0.0.0/0", "2 1"},
    {two_hubs, 11, "::/0", "2 1"},
    {two_hubs, 13, "fd11::/48", "3"},
    {two_hubs, 1, "10.14.0.0/16", "-"},      /* nobody can reach it */
    {two_hubs, 14, "10.1.0.0/16", "-"},
    {two_hubs, 14, "10.14.0.0/16", "L"},

    {shared, 1, "10.9.0.0/16", "L"},         /* the own export wins, first and only */
    {shared, 11, "10.9.0.0/16", "L"},
    {shared, 2, "10.11.0.0/16", "11 1 12 13"}, /* owners by id, each with what is behind it */
    {shared, 1, "10.11.0.0/16", "11 2 12"},
    {shared, 14, "10.9.0.0/16", "2 1"},      /* own hubs as owners as it prefers them */
    {shared, 12, "10.9.0.0/16", "1 2"},
    {shared, 13, "10.9.0.0/16", "2"},        /* hub 1, which comes behind hub 2 here, is reached by it */
    {shared, 1, "10.14.0.0/16", "14 2"},
    {late_hub, 8, "10.5.0.0/16", "9 1"},     /* the hub, although its id is higher */
    {data_centres, 11, "10.9.0.0/16", "3 2"}, /* own hubs first, in its order */
    {data_centres, 12, "10.9.0.0/16", "2 1 3"},
    {data_centres, 13, "10.9.0.0/16", "3"},
    {data_centres, 1, "10.9.0.0/16", "2 3 14"}, /* hubs by id, then spokes */
    {data_centres, 2, "10.9.0.0/16", "L"},

    {revoked, 2, "10.1.0.0/16", "-"},
    {revoked, 11, "10.1.0.0/16", "-"},
    {revoked, 11, "0.0.0.0/0", "2"},
    {revoked, 2, "10.12.0.0/16", "-"},
    {revoked, 2, "10.11.0.0/16", "11"},
    {revoked, 2, "10.13.0.0/16", "-"},
    {revoked, 11, "10.13.0.0/16", "2"},
    {revoked, 12, "10.12.0.0/16", "-"},      /* who is revoked has no routes, not even its own */
    {revoked, 99, "10.2.0.0/16", "-"},
};

static void describe(const struct avpn_routes *routes, const char *text, char *hops_out)
{
    struct avpn_prefix prefix;
    struct avpn_route route = {.size = sizeof route};
    size_t used = 0;

    ck_assert_int_eq(avpn_prefix_parse(text, &prefix), AVPN_OK);
    strcpy(hops_out, "-");
    if (avpn_routes_get(routes, &prefix, &route) != AVPN_OK) {
        return;
    }
    for (uint32_t i = 0; i < route.hop_count; i++) {
        used += (size_t)sprintf(hops_out + used, i == 0 ? "%u" : " %u", route.hops[i]);
    }
    if (route.hop_count == 1 && route.hops[0] == AVPN_HOP_LOCAL) {
        strcpy(hops_out, "L");
    } else if (route.hop_count == 1 && route.hops[0] == AVPN_HOP_ATTACHED) {
        strcpy(hops_out, "A");
    } else if (route.hop_count == 1 && route.hops[0] == AVPN_HOP_NOBODY) {
        strcpy(hops_out, "N");
    }
}

START_TEST(a_member_has_the_next_hops_of_the_table)
{
    struct avpn_config *config = config_of(plans[_i].sites, SITES);
    struct avpn_routes *routes;
    char hops[256];

    ck_assert_uint_eq(avpn_config_check(config, NULL, NULL), 0);
    ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
    ck_assert_int_eq(avpni_plan_routes(config, plans[_i].self, &all_offered, routes), AVPN_OK);
    describe(routes, plans[_i].prefix, hops);
    ck_assert_str_eq(hops, plans[_i].hops);
    avpn_routes_del(routes);
    avpn_config_del(config);
}
END_TEST

/* ---- without tunnels between hubs [TOP-2] -------------------------------------------------- */

/* Hub 3 takes hub 4's default route, so these two are peers; no other hubs are. */
static const struct site apart[SITES] = {
    {1, 'H', "", "10.1.0.0/16"},
    {2, 'H', "", "10.2.0.0/16"},
    {3, 'H', "", "10.3.0.0/16"},
    {4, 'H', "3*", "10.4.0.0/16"},
    {11, 'S', "1 2", "10.11.0.0/16"},
    {12, 'S', "2", "10.12.0.0/16"},
    {13, 'S', "3", "10.13.0.0/16 10.12.0.0/16"},
    {14, 'S', "2 4", "10.14.0.0/16"},
    {15, 'S', "", "10.15.0.0/16"}};

static const struct {
    uint32_t self;
    const char *prefix, *hops;
} apart_plans[] = {
    {1, "10.2.0.0/16", "-"},        /* no tunnel, and no hub behind a hub */
    {1, "10.11.0.0/16", "11"},      /* the owner's other hub is no peer */
    {1, "10.12.0.0/16", "-"},
    {3, "10.4.0.0/16", "4"},
    {4, "10.3.0.0/16", "3"},
    {4, "0.0.0.0/0", "3"},
    {3, "0.0.0.0/0", "-"},
    {4, "10.13.0.0/16", "3"},       /* by the owner's hub, which is a peer */
    {3, "10.14.0.0/16", "4"},
    {2, "10.14.0.0/16", "14"},
    {11, "10.12.0.0/16", "2"},      /* hub 1, which it prefers, has no way there */
    {11, "10.1.0.0/16", "1"},
    {11, "10.2.0.0/16", "2"},
    {11, "10.14.0.0/16", "2"},
    {11, "10.13.0.0/16", "1 2"},    /* nobody has: its hubs say so */
    {13, "10.14.0.0/16", "3"},      /* over two hubs, 3 and 4 */
    {14, "10.13.0.0/16", "4"},
    {14, "10.11.0.0/16", "2"},
    {14, "10.12.0.0/16", "2 4"},    /* of 12 by hub 2, of 13 by hub 4 and 3 */
    {14, "10.3.0.0/16", "4"},
    {12, "10.15.0.0/16", "2"},
};

START_TEST(hubs_without_tunnels_are_no_next_hops_of_each_other)
{
    struct avpn_config *config = config_of(apart, SITES);
    struct avpn_routes *routes;
    char hops[256];

    ck_assert_int_eq(avpn_config_set_flags(config, AVPN_ORGANIZATION_NO_HUB_TUNNELS), AVPN_OK);
    ck_assert_uint_eq(avpn_config_check(config, NULL, NULL), 0);
    ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
    ck_assert_int_eq(avpni_plan_routes(config, apart_plans[_i].self, &all_offered, routes),
                     AVPN_OK);
    describe(routes, apart_plans[_i].prefix, hops);
    ck_assert_str_eq(hops, apart_plans[_i].hops);
    avpn_routes_del(routes);
    avpn_config_del(config);
}
END_TEST

/* ---- offers, attached subnets and conflicts ------------------------------------------------ */

/* What a spoke sees of others' claims: its own, a part of them, more than them, and what several share. */
static const struct site claims[SITES] = {
    {1, 'H', "", "10.0.0.0/8 10.9.0.0/16"},
    {2, 'H', "", "10.9.0.0/16 10.11.7.0/24 fd00::/16"},
    {11, 'S', "2 1", "10.11.0.0/16 10.11.8.0/24 10.9.0.0/16"},
    {12, 'S', "1", "10.11.7.128/25 10.11.0.0/16 10.12.0.0/16"},
    {13, 'S', "1 2", "10.12.0.0/16"}};

/* Spoke 14, of no hub, exports parts of what the hubs do, and nobody can reach it. */
static const struct site lost[SITES] = {
    {1, 'H', "", "11.0.0.0/8"}, {2, 'H', "", "10.0.0.0/8"}, {14, 'S', "", "10.14.0.0/16 11.14.0.0/16"}};

/* "11:10.9.0.0/16": what is not offered; attached subnets; the whole table; the conflicts. */
static const struct {
    const struct site *sites;
    uint32_t self;
    const char *withdrawn, *attached, *routes, *conflicts;
} situations[] = {
    {mesh, 1, "", "", "10.1.0.0/16 L, 10.2.0.0/16 2, 10.3.0.0/16 3, ", ""},
    {shared, 1, "", "",
     "10.9.0.0/16 L, 10.11.0.0/16 11 2 12, 10.14.0.0/16 14 2, ",
     "own 10.9.0.0/16 1>2, own 10.9.0.0/16 1>11, shared 10.11.0.0/16 11>12, "
     "shared 10.11.0.0/16 11>13, "},
    {shared, 13, "", "",
     "10.9.0.0/16 2, 10.11.0.0/16 L, 10.14.0.0/16 2, ",
     "shared 10.9.0.0/16 2>1, shared 10.9.0.0/16 2>11, own 10.11.0.0/16 13>11, "
     "own 10.11.0.0/16 13>12, "},
    {revoked, 12, "", "10.2.0.0/16", "", ""},

    /* [RTE-8] who does not offer it is no owner, and without one there is nobody */
    {star, 12, "11:10.11.0.0/16", "",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 N, 10.12.0.0/16 L, ::/0 1, ",
     "withdrawn 10.11.0.0/16 0>11, "},
    {star, 11, "11:10.11.0.0/16", "", "10.1.0.0/16 1, 10.11.0.0/16 N, 10.12.0.0/16 1, ",
     "withdrawn 10.11.0.0/16 0>11, "},
    {data_centres, 11, "3:10.9.0.0/16", "",
     "10.1.0.0/16 3 2, 10.9.0.0/16 2 3, 10.11.0.0/16 L, 10.12.0.0/16 3 2, 10.13.0.0/16 3 2, ",
     "withdrawn 10.9.0.0/16 2>3, shared 10.9.0.0/16 2>14, "},
    {data_centres, 2, "2:10.9.0.0/16", "",
     "10.1.0.0/16 1, 10.9.0.0/16 3 14 1, 10.11.0.0/16 11 3, 10.12.0.0/16 12 1 3, "
     "10.13.0.0/16 3, ",
     "withdrawn 10.9.0.0/16 3>2, shared 10.9.0.0/16 3>14, "},
    {data_centres, 1, "2:10.9.0.0/16 3:10.9.0.0/16", "",
     "10.1.0.0/16 L, 10.9.0.0/16 14 2, 10.11.0.0/16 3 2, 10.12.0.0/16 12 2 3, 10.13.0.0/16 3, ",
     "withdrawn 10.9.0.0/16 14>2, withdrawn 10.9.0.0/16 14>3, "},

    /* [RTE-10] a part of an own export is its owner's, what is equal is not */
    {claims, 11, "", "",
     "10.0.0.0/8 1 2, 10.9.0.0/16 L, 10.11.0.0/16 L, 10.11.7.0/24 2 1, 10.11.7.128/25 2 1, "
     "10.11.8.0/24 L, 10.12.0.0/16 2 1, fd00::/16 2 1, ",
     "own 10.9.0.0/16 11>2, own 10.9.0.0/16 11>1, own 10.11.0.0/16 11>12, "
     "inside 10.11.7.0/24 2>11, inside 10.11.7.128/25 12>11, shared 10.12.0.0/16 12>13, "},
    /* not while it is not offered: then it is not its own */
    {claims, 11, "11:10.11.0.0/16", "",
     "10.0.0.0/8 1 2, 10.9.0.0/16 L, 10.11.0.0/16 2 1, 10.11.7.0/24 2 1, 10.11.7.128/25 2 1, "
     "10.11.8.0/24 L, 10.12.0.0/16 2 1, fd00::/16 2 1, ",
     "own 10.9.0.0/16 11>2, own 10.9.0.0/16 11>1, withdrawn 10.11.0.0/16 12>11, "
     "shared 10.12.0.0/16 12>13, "},
    /* what nobody offers takes no part */
    {claims, 11, "2:10.11.7.0/24", "",
     "10.0.0.0/8 1 2, 10.9.0.0/16 L, 10.11.0.0/16 L, 10.11.7.0/24 N, 10.11.7.128/25 2 1, "
     "10.11.8.0/24 L, 10.12.0.0/16 2 1, fd00::/16 2 1, ",
     "own 10.9.0.0/16 11>2, own 10.9.0.0/16 11>1, own 10.11.0.0/16 11>12, "
     "withdrawn 10.11.7.0/24 0>2, inside 10.11.7.128/25 12>11, shared 10.12.0.0/16 12>13, "},

    /* attached: equal, a part, more; given twice; of no use */
    {star, 12, "", "10.11.0.0/16 10.11.0.0/16 192.168.1.0/24 10.11.0.0/16 fe80::/64",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 A, 10.12.0.0/16 L, 192.168.1.0/24 A, ::/0 1, "
     "fe80::/64 A, ",
     "attached 10.11.0.0/16 12>11, "},
    {star, 12, "", "10.8.0.0/13",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.8.0.0/13 A, 10.12.0.0/16 L, ::/0 1, ",
     "attached 10.11.0.0/16 12>11, "},
    {star, 12, "", "10.11.3.0/24",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 1, 10.11.3.0/24 A, 10.12.0.0/16 L, ::/0 1, ",
     "attached 10.11.3.0/24 12>11, "},
    {star, 12, "", "10.11.3.0/24 10.11.3.128/25 10.11.0.0/17",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 1, 10.11.0.0/17 A, 10.11.3.0/24 A, "
     "10.11.3.128/25 A, 10.12.0.0/16 L, ::/0 1, ",
     "attached 10.11.0.0/17 12>11, "},
    {star, 12, "", "0.0.0.0/0 ::/0", "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 1, "
     "10.12.0.0/16 L, ::/0 1, ", ""},
    /* what it exports itself it delivers, and what lies in that needs no route of its own */
    {star, 12, "", "10.12.0.0/16 10.12.1.0/24",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 1, 10.12.0.0/16 L, ::/0 1, ", ""},
    {star, 12, "12:10.12.0.0/16", "10.12.0.0/16 10.12.1.0/24",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 1, 10.12.0.0/16 A, 10.12.1.0/24 A, ::/0 1, ",
     "withdrawn 10.12.0.0/16 0>12, "},
    /* an own export in a larger one that is attached is still delivered */
    {star, 12, "", "10.0.0.0/8",
     "0.0.0.0/0 1, 10.0.0.0/8 A, 10.12.0.0/16 L, ::/0 1, ",
     "attached 10.1.0.0/16 12>1, attached 10.11.0.0/16 12>11, "},
    /* a part of an own export that is another's, and a part of that which is attached */
    {claims, 11, "", "10.11.7.0/26",
     "10.0.0.0/8 1 2, 10.9.0.0/16 L, 10.11.0.0/16 L, 10.11.7.0/24 2 1, 10.11.7.0/26 A, "
     "10.11.7.128/25 2 1, 10.11.8.0/24 L, 10.12.0.0/16 2 1, fd00::/16 2 1, ",
     "own 10.9.0.0/16 11>2, own 10.9.0.0/16 11>1, own 10.11.0.0/16 11>12, "
     "inside 10.11.7.0/24 2>11, attached 10.11.7.0/26 11>2, inside 10.11.7.128/25 12>11, "
     "shared 10.12.0.0/16 12>13, "},
    {claims, 11, "", "10.11.7.0/24",
     "10.0.0.0/8 1 2, 10.9.0.0/16 L, 10.11.0.0/16 L, 10.11.8.0/24 L, 10.12.0.0/16 2 1, "
     "fd00::/16 2 1, ",
     "own 10.9.0.0/16 11>2, own 10.9.0.0/16 11>1, own 10.11.0.0/16 11>12, "
     "attached 10.11.7.0/24 11>2, attached 10.11.7.128/25 11>12, shared 10.12.0.0/16 12>13, "},
    {claims, 13, "", "10.11.0.0/16", /* two exports in each other, in what is attached */
     "10.0.0.0/8 1 2, 10.9.0.0/16 1 2, 10.11.0.0/16 A, 10.12.0.0/16 L, fd00::/16 2 1, ",
     "shared 10.9.0.0/16 1>2, shared 10.9.0.0/16 1>11, attached 10.11.0.0/16 13>11, "
     "attached 10.11.0.0/16 13>12, attached 10.11.0.0/16 13>1, attached 10.11.7.0/24 13>2, "
     "attached 10.11.7.128/25 13>12, attached 10.11.8.0/24 13>11, own 10.12.0.0/16 13>12, "},
    {star, 12, "", "10.12.1.0/24 10.12.1.128/25",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 1, 10.12.0.0/16 L, ::/0 1, ", ""},
    /* what nobody can reach takes no part of anything */
    {lost, 1, "", "10.14.3.0/24",
     "10.0.0.0/8 2, 10.14.3.0/24 A, 11.0.0.0/8 L, ", "attached 10.14.3.0/24 1>2, "},
    /* what nobody offers is attached all the same */
    {star, 12, "11:10.11.0.0/16", "10.11.0.0/16",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 A, 10.12.0.0/16 L, ::/0 1, ",
     "attached 10.11.0.0/16 12>11, "},
    {star, 12, "11:10.11.0.0/16", "10.11.9.0/24",
     "0.0.0.0/0 1, 10.1.0.0/16 1, 10.11.0.0/16 N, 10.11.9.0/24 A, 10.12.0.0/16 L, ::/0 1, ",
     "withdrawn 10.11.0.0/16 0>11, "},
};

struct situation {
    const struct avpn_config *config;
    const char *withdrawn;
    char conflicts[1024];
    size_t used;
};

static bool is_offered(void *user, uint32_t member, uint32_t index)
{
    const struct situation *situation = user;
    char prefix[AVPN_PREFIX_TEXT], text[AVPN_PREFIX_TEXT + 16];
    struct avpn_member whole = {.size = sizeof whole};

    ck_assert_int_eq(avpn_config_member(situation->config, member, &whole), AVPN_OK);
    ck_assert_uint_lt(index, whole.export_count);
    avpn_prefix_format(&whole.exports[index], prefix, sizeof prefix);
    snprintf(text, sizeof text, "%u:%s", member, prefix);
    return strstr(situation->withdrawn, text) == NULL;
}

static void note(void *user, uint32_t kind, const struct avpn_prefix *prefix, uint32_t winner,
                 uint32_t loser)
{
    static const char *const kinds[] = {"none", "shared", "own", "inside", "attached", "withdrawn"};
    struct situation *situation = user;
    char text[AVPN_PREFIX_TEXT];

    ck_assert_uint_le(kind, AVPN_CONFLICT_WITHDRAWN);
    avpn_prefix_format(prefix, text, sizeof text);
    situation->used += (size_t)sprintf(situation->conflicts + situation->used, "%s %s %u>%u, ",
                                       kinds[kind], text, winner, loser);
}

static void describe_all(const struct avpn_routes *routes, char *text_out)
{
    struct avpn_route route = {.size = sizeof route};

    *text_out = '\0';
    for (uint32_t i = 0; avpn_routes_at(routes, i, &route) == AVPN_OK; i++) {
        char prefix[AVPN_PREFIX_TEXT], hops[256];

        avpn_prefix_format(&route.prefix, prefix, sizeof prefix);
        describe(routes, prefix, hops);
        text_out += sprintf(text_out, "%s %s, ", prefix, hops);
    }
}

/* [RTE-3] [RTE-8] [RTE-10] */
START_TEST(offers_and_attached_subnets_make_the_table_and_are_told)
{
    struct avpn_config *config = config_of(situations[_i].sites, SITES);
    struct situation told = {.config = config, .withdrawn = situations[_i].withdrawn};
    struct avpn_member attached = {.export_count = 0};
    struct avpn_routes *routes;
    char text[1024];

    add_exports_text(&attached, situations[_i].attached);
    const struct avpni_plan_seams seams = {.user = &told,
                                           .is_offered = is_offered,
                                           .attached = attached.exports,
                                           .attached_count = attached.export_count,
                                           .conflict = note};

    ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
    ck_assert_int_eq(avpni_plan_routes(config, situations[_i].self, &seams, routes), AVPN_OK);
    describe_all(routes, text);
    ck_assert_str_eq(text, situations[_i].routes);
    ck_assert_str_eq(told.conflicts, situations[_i].conflicts);
    avpn_routes_del(routes);
    avpn_config_del(config);
}
END_TEST

START_TEST(every_next_hop_is_a_peer_in_random_organizations)
{
    struct avpn_config *config = random_config(3000 + (uint64_t)_i, 40, true);
    struct avpni_member_view self;

    ck_assert_int_eq(avpn_config_set_flags(config, (uint32_t)_i % 2), AVPN_OK);
    for (uint32_t i = 0; avpni_config_view(config, i, &self); i++) {
        struct avpn_routes *routes;
        struct avpn_route route = {.size = sizeof route};

        ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
        ck_assert_int_eq(avpni_plan_routes(config, self.id, &all_offered, routes), AVPN_OK);
        ck_assert(self.flags == 0 || avpn_routes_count(routes) == 0);
        for (uint32_t r = 0; avpn_routes_at(routes, r, &route) == AVPN_OK; r++) {
            for (uint32_t h = 0; h < route.hop_count; h++) {
                bool is_local = route.hop_count == 1 && route.hops[h] == AVPN_HOP_LOCAL;

                ck_assert(is_local || avpn_config_is_peer(config, self.id, route.hops[h]));
            }
        }
        avpn_routes_del(routes);
    }
    avpn_config_del(config);
}
END_TEST

/* ---- packets on their way ------------------------------------------------------------------ */

#define MEMBERS 24

struct organization {
    struct avpn_config *config;
    struct avpn_routes *routes[MEMBERS + 1]; /* by id */
    struct avpni_member_view views[MEMBERS + 1];
};

static struct avpn_address host_in(const struct avpn_prefix *prefix)
{
    struct avpn_address address = {.family = prefix->family};

    memcpy(address.bytes, prefix->bytes, 4);
    address.bytes[3] = 9;
    return address;
}

/* The first hop there, by the rule for what came from a hub if `from` is one. [RTE-4] */
static uint32_t next_hop(const struct organization *o, uint32_t at, uint32_t from,
                         const struct avpn_address *to)
{
    struct avpn_route route = {.size = sizeof route};
    bool is_from_hub = from != 0 && o->views[from].role == AVPN_ROLE_HUB;

    if (avpn_routes_match(o->routes[at], to, &route) != AVPN_OK) {
        return AVPN_ROUTE_NONE;
    }
    for (uint32_t i = 0; i < route.hop_count; i++) {
        uint32_t hop = route.hops[i];

        if (hop == AVPN_HOP_LOCAL || !is_from_hub || o->views[hop].role == AVPN_ROLE_SPOKE) {
            return hop;
        }
    }
    return AVPN_ROUTE_NONE;
}

/* The number of tunnels a packet crossed, or 0: dropped on the way. */
static uint32_t walk(const struct organization *o, uint32_t from, const struct avpn_address *source,
                     const struct avpn_address *destination)
{
    uint32_t at = from, before = 0;

    for (uint32_t crossed = 0; crossed < 5; crossed++) {
        uint32_t hop = next_hop(o, at, before, destination);

        if (hop == AVPN_HOP_LOCAL || hop == AVPN_ROUTE_NONE) {
            return hop == AVPN_HOP_LOCAL ? crossed : 0;
        }
        /* [RTE-5] at the other end */
        if (avpn_routes_allows(o->routes[hop], source, at) != 1) {
            return 0;
        }
        before = at;
        at = hop;
    }
    return 0;
}

static bool has_hub(const struct organization *o, uint32_t id)
{
    uint32_t peers[MEMBERS];

    return o->views[id].flags == 0 && (o->views[id].role == AVPN_ROLE_HUB ||
                                       avpn_config_peers(o->config, id, peers, MEMBERS) > 0);
}

/* Is there a way of at most two hubs by which packets go? [RTE-4] */
static bool has_way(const struct organization *o, uint32_t a, uint32_t b)
{
    bool is_spoke_a = o->views[a].role == AVPN_ROLE_SPOKE;
    bool is_spoke_b = o->views[b].role == AVPN_ROLE_SPOKE;

    if (avpn_config_is_peer(o->config, a, b)) {
        return true;
    }
    for (uint32_t h = 1; h <= MEMBERS; h++) {
        bool is_first = o->views[h].role == AVPN_ROLE_HUB && avpn_config_is_peer(o->config, a, h);

        if (is_first && (is_spoke_a || is_spoke_b) && avpn_config_is_peer(o->config, h, b)) {
            return true;
        }
        for (uint32_t k = 1; is_first && is_spoke_a && is_spoke_b && k <= MEMBERS; k++) {
            if (o->views[k].role == AVPN_ROLE_HUB && avpn_config_is_peer(o->config, h, k) &&
                avpn_config_is_peer(o->config, k, b)) {
                return true;
            }
        }
    }
    return false;
}

static void plan_all(struct organization *o)
{
    for (uint32_t id = 1; id <= MEMBERS; id++) {
        ck_assert(avpni_config_view(o->config, id - 1, &o->views[id]));
        ck_assert_int_eq(avpn_routes_new(NULL, &o->routes[id]), AVPN_OK);
        ck_assert_int_eq(avpni_plan_routes(o->config, id, &all_offered, o->routes[id]), AVPN_OK);
    }
}

static void forget_all(struct organization *o)
{
    for (uint32_t id = 1; id <= MEMBERS; id++) {
        avpn_routes_del(o->routes[id]);
    }
    avpn_config_del(o->config);
}

static uint32_t walk_between(const struct organization *o, uint32_t a, uint32_t b)
{
    const struct avpn_address source = host_in(o->views[a].exports),
                              destination = host_in(o->views[b].exports);

    return walk(o, a, &source, &destination);
}

static bool have_exports(const struct organization *o, uint32_t a, uint32_t b)
{
    return a != b && o->views[a].export_count > 0 && o->views[b].export_count > 0;
}

START_TEST(packets_between_any_two_sites_pass_every_source_check) /* [RTE-4] [RTE-5] */
{
    struct organization o = {.config = random_config(5000 + (uint64_t)_i, MEMBERS, false)};

    plan_all(&o);
    for (uint32_t a = 1; a <= MEMBERS; a++) {
        for (uint32_t b = 1; b <= MEMBERS; b++) {
            if (!have_exports(&o, a, b)) {
                continue;
            }
            uint32_t crossed = walk_between(&o, a, b);

            if (has_hub(&o, a) && has_hub(&o, b)) {
                ck_assert_msg(crossed >= 1 && crossed <= 3, "%u to %u: %u", a, b, crossed);
            } else {
                ck_assert_uint_eq(crossed, 0);
            }
        }
    }
    forget_all(&o);
}
END_TEST

START_TEST(without_hub_tunnels_packets_go_wherever_there_is_a_way) /* [TOP-2] [RTE-1] */
{
    struct organization o = {.config = random_config(6000 + (uint64_t)_i, MEMBERS, false)};

    ck_assert_int_eq(avpn_config_set_flags(o.config, AVPN_ORGANIZATION_NO_HUB_TUNNELS), AVPN_OK);
    plan_all(&o);
    for (uint32_t a = 1; a <= MEMBERS; a++) {
        for (uint32_t b = 1; b <= MEMBERS; b++) {
            if (have_exports(&o, a, b)) {
                uint32_t crossed = walk_between(&o, a, b);

                ck_assert_msg((crossed > 0) == has_way(&o, a, b), "%u to %u: %u", a, b, crossed);
                ck_assert_uint_le(crossed, 3);
            }
        }
    }
    forget_all(&o);
}
END_TEST

START_TEST(no_more_next_hops_than_a_route_holds)
{
    struct site many[24];
    struct avpn_routes *routes;
    struct avpn_prefix prefix;
    struct avpn_route route = {.size = sizeof route};

    for (uint32_t i = 0; i < 24; i++) {
        many[i] = (struct site){i + 1, 'H', "", i == 0 ? "" : "10.1.0.0/16"};
    }
    struct avpn_config *config = config_of(many, 24);

    ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
    ck_assert_int_eq(avpni_plan_routes(config, 1, &all_offered, routes), AVPN_OK);
    avpn_prefix_parse("10.1.0.0/16", &prefix);
    ck_assert_int_eq(avpn_routes_get(routes, &prefix, &route), AVPN_OK);
    ck_assert_uint_eq(route.hop_count, AVPN_ROUTE_HOPS);
    for (uint32_t i = 0; i < AVPN_ROUTE_HOPS; i++) {
        ck_assert_uint_eq(route.hops[i], i + 2);
    }
    avpn_routes_del(routes);
    avpn_config_del(config);
}
END_TEST

/* ::/1 to ::/128, by two hubs; every fourth attached as well. */
START_TEST(prefixes_may_lie_in_each_other_to_the_last_bit)
{
    struct avpn_config *config = empty_config(NULL);
    struct avpn_prefix attached[32];
    const struct avpni_plan_seams seams = {.attached = attached, .attached_count = 32};
    struct avpn_routes *routes;
    struct avpn_route route = {.size = sizeof route};

    for (uint32_t id = 1; id <= 3; id++) {
        const struct site site = {id, 'H', "", ""};
        struct avpn_member member = member_of(&site);

        for (uint8_t i = 0; id > 1 && i < AVPN_EXPORTS; i++) {
            member.exports[member.export_count++] = (struct avpn_prefix){
                AVPN_FAMILY_IPV6, (uint8_t)(2 * i + id - 1), {0}, {0}};
        }
        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
    ck_assert_uint_eq(avpn_config_check(config, NULL, NULL), 0);
    for (uint8_t i = 0; i < 32; i++) {
        attached[i] = (struct avpn_prefix){AVPN_FAMILY_IPV6, (uint8_t)(128 - 4 * i), {0}, {0}};
    }
    for (uint32_t count = 0; count <= 32; count += 32) {
        struct avpni_plan_seams some = seams;

        some.attached_count = count;
        ck_assert_int_eq(avpn_routes_new(NULL, &routes), AVPN_OK);
        ck_assert_int_eq(avpni_plan_routes(config, 1, &some, routes), AVPN_OK);
        /* ::/1 to ::/3 are the others'; ::/4 and the attached ones in it are this machine's. */
        ck_assert_uint_eq(avpn_routes_count(routes), count == 0 ? 128 : 3 + 32);
        for (uint32_t i = 0; avpn_routes_at(routes, i, &route) == AVPN_OK; i++) {
            uint32_t hop = route.prefix.length % 2 == 1 ? 2 : 3;

            ck_assert_uint_eq(route.hop_count, 1);
            ck_assert_uint_eq(route.hops[0], count == 0 || i < 3 ? hop : AVPN_HOP_ATTACHED);
        }
        avpn_routes_del(routes);
    }
    avpn_config_del(config);
}
END_TEST

START_TEST(running_out_of_memory_is_told_and_leaks_nothing)
{
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    struct avpn_config *config = empty_config(&host);
    int32_t result = AVPN_ERROR_MEMORY;

    for (size_t i = 0; two_hubs[i].id != 0; i++) {
        const struct avpn_member member = member_of(&two_hubs[i]);

        ck_assert_int_eq(avpn_config_add_member(config, &member), AVPN_OK);
    }
    for (int64_t fail_at = 2; result != AVPN_OK; fail_at++) {
        struct avpn_routes *routes;
        int64_t blocks = counting.blocks;

        counting.requests = 0;
        counting.fail_at = fail_at;
        ck_assert_int_eq(avpn_routes_new(&host, &routes), AVPN_OK);
        result = avpni_plan_routes(config, 11, &all_offered, routes);
        ck_assert(result == AVPN_OK || result == AVPN_ERROR_MEMORY);
        avpn_routes_del(routes);
        ck_assert_int_eq(counting.blocks, blocks);
    }
    avpn_config_del(config);
    ck_assert_int_eq(counting.blocks, 0);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_member_has_the_next_hops_of_the_table, HARNESS_COUNT(plans)),
    HARNESS_LOOP(offers_and_attached_subnets_make_the_table_and_are_told, HARNESS_COUNT(situations)),
    HARNESS_LOOP(hubs_without_tunnels_are_no_next_hops_of_each_other, HARNESS_COUNT(apart_plans)),
    HARNESS_LOOP(every_next_hop_is_a_peer_in_random_organizations, 10),
    HARNESS_LOOP(packets_between_any_two_sites_pass_every_source_check, 20),
    HARNESS_LOOP(without_hub_tunnels_packets_go_wherever_there_is_a_way, 20),
    HARNESS_CASE(no_more_next_hops_than_a_route_holds),
    HARNESS_CASE(prefixes_may_lie_in_each_other_to_the_last_bit),
    HARNESS_CASE(running_out_of_memory_is_told_and_leaks_nothing),
};
HARNESS_MAIN("topo/plan", cases)
