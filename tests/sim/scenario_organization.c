/* SPDX-License-Identifier: ISC */
/* Scenarios about the organization itself: what is published, how it arrives, who joins and who leaves. */
#include "scenario.h"
#include <string.h>

#define MEMBERS 3

/* A hub, a spoke and a third site that scenarios change. Copied, then edited. */
static const struct world_site usual[MEMBERS] = {{.role = AVPN_ROLE_HUB, .nat = {&sim_nat_home}},
                                                 {.nat = {&sim_nat_home}, .hubs = {1}},
                                                 {.nat = {&sim_nat_random_cone}, .hubs = {1}}};

struct sites {
    struct world_site at[MEMBERS];
};

static struct sites usual_sites(void)
{
    struct sites sites;

    memcpy(sites.at, usual, sizeof usual);
    return sites;
}

static bool has_extra_route(const struct world *w, uint32_t site, uint32_t number)
{
    const struct avpn_prefix wanted = {
        .family = AVPN_FAMILY_IPV4, .length = 24, .bytes = {172, 16, (uint8_t)number}};
    struct avpn_route route = {.size = sizeof route};
    uint32_t active;

    for (uint32_t i = 0;
         avpn_node_route_at(w->nodes[site].node, i, &route, &active) == AVPN_OK; i++)
        if (memcmp(&route.prefix, &wanted, sizeof wanted) == 0)
            return true;
    return false;
}

/* ---- delivery -------------------------------------------------------------------------------- */

/* [SYN-3]: the registries are 10 ms away and the sites' lines take 5: a round trip is 30 ms. */
static uint32_t a_change_reaches_every_node_within_a_round_trip(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(3));
    for (uint32_t number = 1; number <= 20; number++) {
        sites.at[2].extra = number;
        EXPECT(w, world_change(w, sites.at));
        EXPECT(w, world_wait_version(w, w->version, 30 * AVPN_MILLISECOND));
        EXPECT(w, has_extra_route(w, 2, number) && !has_extra_route(w, 2, number - 1));
        world_run(w, SECONDS(1));
    }
    EXPECT(w, w->nodes[1].downs == 0 && w->nodes[2].downs == 0);
    EXPECT(w, w->nodes[2].configurations == 21);
    return world_del(w);
}

static uint32_t a_changed_subnet_costs_no_packet(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(3));
    sites.at[2].extra = 7;
    world_publish(w, sites.at);
    world_deliver(w, 3);
    EXPECT(w, world_stream(w, 1, 2, 1000, 2 * AVPN_MILLISECOND) == 1000);
    EXPECT(w, world_version(w, 1) == w->version && has_extra_route(w, 2, 7));
    world_deliver(w, 3); /* once more: nothing new */
    world_run(w, SECONDS(1));
    EXPECT(w, world_delivery(w, 0).reason == AVPN_PUBLISH_IN_FORCE);
    EXPECT(w, w->nodes[2].configurations == 2);
    return world_del(w);
}

static uint32_t every_kind_of_change_arrives(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    sites.at[2].role = AVPN_ROLE_HUB; /* a spoke becomes a hub, and the other's second hub */
    sites.at[2].hubs[0] = 0;
    sites.at[1].hubs[1] = 3;
    EXPECT(w, world_change(w, sites.at));
    EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
    EXPECT(w, world_wait_tunnel(w, 2, 3, SECONDS(30)));
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    sites.at[1].hubs[0] = 3; /* and its only one */
    sites.at[1].hubs[1] = 0;
    EXPECT(w, world_change(w, sites.at));
    EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
    world_run(w, SECONDS(2));
    EXPECT(w, !world_tunnel_is_up(w, 1, 2) && world_tunnel_is_up(w, 2, 3));
    EXPECT(w, world_ping(w, 1, 2) && world_ping(w, 2, 1)); /* through 3 */
    return world_del(w);
}

/* Half of everything is lost: parts, pushes, offers. It takes longer, that is all. */
static uint32_t a_change_arrives_over_the_worst_of_lines(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);
    const struct sim_link bad = {.delay = 40 * AVPN_MILLISECOND,
                                 .loss_ppm = 300000,
                                 .duplicate_ppm = 100000,
                                 .reorder_ppm = 200000,
                                 .reorder_span = 50 * AVPN_MILLISECOND,
                                 .corrupt_ppm = 50000,
                                 .truncate_ppm = 20000};

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (uint32_t site = 1; site <= MEMBERS; site++)
        world_link(w, site, 0, &bad);
    for (uint32_t number = 1; number <= 5; number++) {
        sites.at[1].extra = number;
        EXPECT(w, world_change(w, sites.at));
        EXPECT(w, world_wait_version(w, w->version, MINUTES(2)));
    }
    for (uint32_t r = 0; r < 2; r++)
        EXPECT(w, (w->nodes[1].faults[r] & 1u << AVPN_FAULT_FORGED) == 0);
    return world_del(w);
}

#define MANY 60

/* Updates of several parts, for nodes that missed one version, many versions, and all. */
static uint32_t who_was_away_catches_up(uint64_t seed)
{
    struct world_site sites[MANY] = {{.role = AVPN_ROLE_HUB}};
    struct world *w;

    for (uint32_t i = 1; i < MANY; i++)
        sites[i] = (struct world_site){.nat = {&sim_nat_home}, .hubs = {1}};
    w = world_new(__func__, seed, sites, MANY, 2);
    EXPECT(w, world_wait_all(w, SECONDS(60)));
    for (uint32_t site = 1; site <= MANY; site++)
        w->nodes[site].keeps = true;
    world_node_stop(w, 2);
    for (uint32_t i = 1; i < MANY; i++)
        sites[i].extra = i;
    EXPECT(w, world_change(w, sites));
    world_run(w, SECONDS(1));
    world_node_stop(w, 3);
    sites[9].extra = 99;
    EXPECT(w, world_change(w, sites));
    EXPECT(w, world_wait_version(w, w->version, SECONDS(2)));
    world_node_start(w, 2, 0);
    world_node_start(w, 3, 0);
    EXPECT(w, world_version(w, 2) == w->version - 2 && world_version(w, 3) == w->version - 1);
    EXPECT(w, world_wait_version(w, w->version, SECONDS(5)));
    EXPECT(w, has_extra_route(w, 2, 99) && has_extra_route(w, 3, 50));
    /* A registry that was born again knows no base: it gives everything. */
    world_node_stop(w, 2);
    sites[9].extra = 98;
    EXPECT(w, world_change(w, sites));
    world_registry_stop(w, 0);
    world_registry_stop(w, 1);
    world_registry_start(w, 0);
    world_registry_start(w, 1);
    world_node_start(w, 2, 0);
    EXPECT(w, world_wait_version(w, w->version, SECONDS(30)));
    EXPECT(w, has_extra_route(w, 2, 98));
    return world_del(w);
}

static uint32_t one_registry_is_enough_to_deliver(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_registry_stop(w, 1);
    sites.at[2].extra = 5;
    world_publish(w, sites.at);
    world_deliver(w, 3);
    world_run(w, SECONDS(20));
    EXPECT(w, world_delivery(w, 0).state == AVPN_PUBLISHER_DONE);
    EXPECT(w, world_delivery(w, 1).state == AVPN_PUBLISHER_SILENT);
    EXPECT(w, world_wait_version(w, w->version, SECONDS(1)));
    world_registry_start(w, 1);
    world_deliver(w, 2); /* repeated, it has it too */
    world_run(w, SECONDS(5));
    EXPECT(w, world_delivery(w, 1).state == AVPN_PUBLISHER_DONE);
    EXPECT(w, w->nodes[2].configurations == 2);
    return world_del(w);
}

/* ---- rotations -------------------------------------------------------------------------------- */

/* [PRB-13]: whoever gets the new epoch later than the other, packets pass all the time. */
static uint32_t rotating_the_pre_shared_key_drops_no_packet(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);
    avpn_time session;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t late = 1 + i % 2;

        session = world_peer(w, 1, 2).session_since;
        world_rotate_psk(w);
        world_publish(w, sites.at);
        world_line_set(w, 3, 0, i % 2 == 0); /* the third misses every other one for a while */
        sim_cut(w->sim, "198.51.100.1", late == 1 ? "11.0.0.1" : "11.0.0.2");
        sim_cut(w->sim, "198.51.100.2", late == 1 ? "11.0.0.1" : "11.0.0.2");
        world_deliver(w, 3);
        EXPECT(w, world_stream(w, 1, 2, 500, AVPN_SECOND / 2) == 500);
        sim_heal(w->sim, "198.51.100.1", late == 1 ? "11.0.0.1" : "11.0.0.2");
        sim_heal(w->sim, "198.51.100.2", late == 1 ? "11.0.0.1" : "11.0.0.2");
        world_line_set(w, 3, 0, true);
        EXPECT(w, world_stream(w, 2, 1, 800, AVPN_SECOND) == 800);
        EXPECT(w, world_version(w, 1) == w->version && world_version(w, 2) == w->version);
        EXPECT(w, world_peer(w, 1, 2).session_since > session); /* rekeyed under the new epoch */
    }
    EXPECT(w, w->nodes[1].downs <= 4 && w->nodes[2].downs == 0);
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(60)));
    return world_del(w);
}

/* [CFG-2] [CFG-3] [CFG-5]: the organization's id stays, whoever signs. */
static uint32_t keys_of_the_authority_are_rotated_under_way(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);
    const struct avpn_key organization = w->organization;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (uint32_t i = 0; i < 6; i++) {
        if (i % 3 != 0)
            world_rotate_signer(w);
        if (i % 3 != 1)
            world_rotate_root(w);
        sites.at[2].extra = i + 1;
        EXPECT(w, world_change(w, sites.at));
        EXPECT(w, world_wait_version(w, w->version, SECONDS(1)));
        EXPECT(w, has_extra_route(w, 2, i + 1));
    }
    EXPECT(w, memcmp(&organization, &w->organization, sizeof organization) == 0);
    EXPECT(w, w->nodes[1].downs == 0 && world_ping(w, 2, 3));
    return world_del(w);
}

/* ---- revocation -------------------------------------------------------------------------------- */

static uint32_t a_revoked_site_is_out_at_once_and_knows_why(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);
    struct avpn_node_status status = {.size = sizeof status};

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(3));
    sites.at[1].is_revoked = true;
    EXPECT(w, world_change(w, sites.at));
    world_run(w, 100 * AVPN_MILLISECOND);
    avpn_node_status(w->nodes[2].node, &status);
    EXPECT(w, status.is_revoked && status.tunnels_up == 0);
    EXPECT(w, !world_is_registered(w, 0, 2) && !world_is_registered(w, 1, 2));
    EXPECT(w, !world_tunnel_is_up(w, 1, 2) && world_tunnel_is_up(w, 1, 3));
    EXPECT(w, !world_ping(w, 1, 2) && !world_ping(w, 2, 1));
    world_run(w, MINUTES(20));
    EXPECT(w, w->nodes[2].undone == 0);
    return world_del(w);
}

/* ---- store and clock ---------------------------------------------------------------------------- */

/* [CFG-11]: power fails while a configuration is written, again and again. */
static uint32_t a_torn_or_failed_write_leaves_the_configuration_before(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);
    struct world_store *store = &w->nodes[2].engine.store;

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    w->nodes[2].keeps = true;
    for (uint32_t i = 1; i <= 30; i++) {
        *(i % 3 == 0 ? &store->failing : &store->tearing) = i % 2;
        sites.at[2].extra = i;
        EXPECT(w, world_change(w, sites.at));
        EXPECT(w, world_wait_version(w, w->version, SECONDS(1)));
        world_node_stop(w, 2);
        store->failing = store->tearing = 0;
        w->nodes[2].version = 0;
        world_node_start(w, 2, 0);
        EXPECT(w, world_version(w, 2) >= w->version - 1);
        EXPECT(w, world_wait_version(w, w->version, SECONDS(3)));
    }
    EXPECT(w, store->torn > 0 && store->failed > 0);
    return world_del(w);
}

/* [CFG-6]: one node has no clock, one lives in 2100, one in 1980, and then they jump. */
static uint32_t clocks_lock_nobody_out(uint64_t seed)
{
    static const int64_t clocks[] = {0, INT64_C(4102444800), 315532800, INT64_MAX / 4, 1};
    struct sites sites = usual_sites();
    struct world *w = world_new(__func__, seed, sites.at, MEMBERS, 2);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    for (uint32_t i = 0; i < 15; i++) {
        for (uint32_t site = 1; site <= MEMBERS; site++)
            w->nodes[site].engine.wall = clocks[(i + 2 * site) % 5];
        sites.at[2].extra = i + 1;
        EXPECT(w, world_change(w, sites.at));
        EXPECT(w, world_wait_version(w, w->version, SECONDS(1)));
        world_run(w, SECONDS(20));
        EXPECT(w, world_ping(w, 2, 3));
    }
    EXPECT(w, w->nodes[1].downs == 0);
    return world_del(w);
}

/* ---- undoing ------------------------------------------------------------------------------------ */

/* [CFG-12]: the registries' addresses are mistyped and a spoke's only hub is another one. */
static uint32_t a_configuration_that_cuts_off_is_undone(uint64_t seed)
{
    struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                 {.nat = {&sim_nat_home}, .hubs = {1}},
                                 {.role = AVPN_ROLE_HUB, .nat = {&sim_nat_blocked}}};
    struct world *w = world_new(__func__, seed, sites, 3, 2);
    uint64_t good = w->version;

    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(30)));
    world_run(w, SECONDS(5));
    sites[1].hubs[0] = 3;
    w->misplaced = 2;
    EXPECT(w, world_change(w, sites));
    world_run(w, SECONDS(1));
    EXPECT(w, world_version(w, 2) == w->version && !world_tunnel_is_up(w, 1, 2));
    world_run(w, SECONDS(150));
    EXPECT(w, w->nodes[2].undone == 1 && world_version(w, 2) == good);
    /* Its old registries have it again, and the next configuration heals everything. */
    sites[1].hubs[0] = 1;
    w->misplaced = 0;
    EXPECT(w, world_change(w, sites));
    world_run(w, SECONDS(30));
    EXPECT(w, world_version(w, 2) == w->version);
    EXPECT(w, world_wait_tunnel(w, 1, 2, MINUTES(6)));
    EXPECT(w, world_ping(w, 1, 2));
    return world_del(w);
}

/* ---- joining ------------------------------------------------------------------------------------ */

static uint8_t join_state(const struct world *w, uint32_t site)
{
    struct avpn_node_status status = {.size = sizeof status};

    avpn_node_status(w->nodes[site].node, &status);
    return status.join;
}

/* The third site's device has nothing but a token. [JOIN-2] [JOIN-3] [JOIN-5] */
static uint32_t a_device_joins_with_nothing_but_a_token(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w;

    sites.at[2].waits = true;
    w = world_new(__func__, seed, sites.at, MEMBERS, 2);
    EXPECT(w, world_wait_tunnel(w, 1, 2, SECONDS(30)));
    world_invite(w, 3, HOURS(72));
    EXPECT(w, world_change(w, sites.at));
    world_node_start(w, 3, 0);
    EXPECT(w, join_state(w, 3) == AVPN_JOIN_CLAIMING);
    world_run(w, SECONDS(2));
    EXPECT(w, join_state(w, 3) == AVPN_JOIN_PENDING && world_version(w, 3) == 0);
    EXPECT(w, world_take_claims(w) == 1);
    sites.at[2].waits = false;
    EXPECT(w, world_change(w, sites.at));
    EXPECT(w, world_wait_version(w, w->version, SECONDS(40)));
    EXPECT(w, join_state(w, 3) == AVPN_JOIN_NONE);
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    EXPECT(w, world_ping(w, 2, 3) && w->nodes[1].downs == 0);
    /* From now on it is a node like any other. */
    world_node_stop(w, 3);
    w->nodes[3].version = 0;
    world_node_start(w, 3, 0);
    EXPECT(w, world_version(w, 3) == w->version);
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    return world_del(w);
}

/* [JOIN-4]: the fourth site's device has the third's token as well. */
static uint32_t of_two_devices_with_one_token_exactly_one_joins(uint64_t seed)
{
    struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                 {.nat = {&sim_nat_home}, .hubs = {1}},
                                 {.nat = {&sim_nat_home}, .hubs = {1}, .waits = true},
                                 {.nat = {&sim_nat_home}, .hubs = {1}, .waits = true}};
    struct world *w = world_new(__func__, seed, sites, 4, 2);
    struct avpn_key devices[5];
    uint32_t winner;

    world_invite(w, 3, HOURS(72));
    w->nodes[4].token = w->nodes[3].token;
    w->nodes[4].has_token = true;
    EXPECT(w, world_change(w, sites));
    devices[3] = w->nodes[3].identity.public_key;
    devices[4] = w->nodes[4].identity.public_key;
    world_node_start(w, seed % 2 == 0 ? 3 : 4, 0);
    world_node_start(w, seed % 2 == 0 ? 4 : 3, 0);
    world_run(w, SECONDS(5));
    EXPECT(w, (join_state(w, 3) == AVPN_JOIN_PENDING) + (join_state(w, 4) == AVPN_JOIN_PENDING) >= 1);
    EXPECT(w, world_take_claims(w) == 1);
    winner = memcmp(&w->nodes[3].identity.public_key, &devices[3], sizeof devices[3]) == 0 ? 3 : 4;
    EXPECT(w, memcmp(&w->nodes[3].identity.public_key, &devices[winner], sizeof devices[3]) == 0);
    sites[2].waits = false;
    EXPECT(w, world_change(w, sites));
    world_run(w, SECONDS(40));
    EXPECT(w, world_version(w, winner) == w->version && world_version(w, 7 - winner) == 0);
    EXPECT(w, join_state(w, 7 - winner) == AVPN_JOIN_TAKEN);
    return world_del(w);
}

static uint32_t an_expired_token_is_told_and_lets_nobody_in(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w;

    sites.at[2].waits = true;
    w = world_new(__func__, seed, sites.at, MEMBERS, 2);
    world_invite(w, 3, HOURS(1));
    EXPECT(w, world_change(w, sites.at));
    for (uint32_t r = 0; r < 2; r++)
        w->registries[r].engine.wall = 1700000000 + 7200;
    world_node_start(w, 3, 0);
    world_run(w, SECONDS(5));
    EXPECT(w, join_state(w, 3) == AVPN_JOIN_EXPIRED);
    EXPECT(w, world_take_claims(w) == 0);
    return world_del(w);
}

/* A registry that dies between the claim and the publish remembers it. [JOIN-4] */
static uint32_t a_claim_outlives_the_registries(uint64_t seed)
{
    struct sites sites = usual_sites();
    struct world *w;

    sites.at[2].waits = true;
    w = world_new(__func__, seed, sites.at, MEMBERS, 2);
    world_invite(w, 3, HOURS(72));
    EXPECT(w, world_change(w, sites.at));
    world_node_start(w, 3, 0);
    world_run(w, SECONDS(5));
    world_node_stop(w, 3);
    for (uint32_t r = 0; r < 2; r++) {
        world_registry_stop(w, r);
        w->registries[r].is_empty = true; /* what it knows is in its store */
        world_registry_start(w, r);
    }
    world_run(w, SECONDS(5));
    EXPECT(w, world_take_claims(w) == 1);
    sites.at[2].waits = false;
    EXPECT(w, world_change(w, sites.at));
    world_node_start(w, 3, 0);
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(60)));
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario organization_scenarios[] = {
    S(a_change_reaches_every_node_within_a_round_trip),
    S(a_changed_subnet_costs_no_packet),
    S(every_kind_of_change_arrives),
    S(a_change_arrives_over_the_worst_of_lines),
    S(who_was_away_catches_up),
    S(one_registry_is_enough_to_deliver),
    S(rotating_the_pre_shared_key_drops_no_packet),
    S(keys_of_the_authority_are_rotated_under_way),
    S(a_revoked_site_is_out_at_once_and_knows_why),
    S(a_torn_or_failed_write_leaves_the_configuration_before),
    S(clocks_lock_nobody_out),
    S(a_configuration_that_cuts_off_is_undone),
    S(a_device_joins_with_nothing_but_a_token),
    S(of_two_devices_with_one_token_exactly_one_joins),
    S(an_expired_token_is_told_and_lets_nobody_in),
    S(a_claim_outlives_the_registries),
};
const size_t organization_scenario_count =
    sizeof organization_scenarios / sizeof *organization_scenarios;
