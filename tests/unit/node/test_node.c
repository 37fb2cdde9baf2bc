/* SPDX-License-Identifier: ISC */
/* The engine as a whole: nodes and registries in one process, see pair.h. */
#include "harness.h"
#include "link/path.h"
#include "link/session.h"
#include "node/node.h"
#include "node/pair.h"
#include <stdlib.h>
#include <string.h>

/* A hub, two spokes, a second hub with a spoke of its own, a third hub. */
static const struct pair_site sites_of_all[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16", "fd00:1::/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.3.0.0/16", "fd00:3::/32"}},
    {.role = AVPN_ROLE_HUB, .exports = {"10.4.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {4}, .exports = {"10.5.0.0/16"}},
    {.role = AVPN_ROLE_HUB, .exports = {"10.6.0.0/16"}},
};
enum { HUB, B, C, HUB2, E, HUB3 };

static struct pair pair;

static void start(uint32_t count, uint32_t registries, uint64_t seed)
{
    pair_begin(&pair, sites_of_all, count, registries, seed);
    pair_start(&pair);
}

static uint64_t counter(uint32_t number, enum avpn_counter which)
{
    return pair_counter(&pair, number, which);
}

START_TEST(two_nodes_register_and_have_a_tunnel_within_five_seconds)
{
    struct avpn_registration_status status = {.size = sizeof status};
    struct avpn_node_status node = {.size = sizeof node};
    struct avpn_peer_status peer = {.size = sizeof peer};
    struct avpn_path_status path = {.size = sizeof path};

    start(2, 2, (uint64_t)_i);
    pair_run(&pair, 5 * AVPN_SECOND);
    for (uint32_t i = 0; i < 2; i++) {
        for (uint32_t r = 0; r < 2; r++) {
            ck_assert_int_eq(avpn_node_registration_status(pair.hosts[i].node, 0, r, &status),
                             AVPN_OK);
            ck_assert_uint_eq(status.state, AVPN_REGISTRATION_REGISTERED);
            ck_assert(memcmp(&status.observed, &pair.hosts[i].contacts[0],
                             sizeof status.observed) == 0);
        }
        ck_assert(pair_is_up(&pair, i, 1 - i));
        ck_assert_int_eq(avpn_node_status(pair.hosts[i].node, &node), AVPN_OK);
        ck_assert_uint_eq(node.tunnels_up, 1);
        ck_assert_uint_eq(node.member, i + 1);
        ck_assert_str_eq(node.organization_name, "example");
        ck_assert_int_eq(avpn_node_peer(pair.hosts[i].node, 2 - i, &peer), AVPN_OK);
        ck_assert_uint_eq(peer.tunnel, AVPN_TUNNEL_UP);
        ck_assert_uint_eq(peer.is_connected, 1);
        ck_assert_uint_eq(peer.is_initiator, pair_initiator(&pair, 0, 1) == i);
        ck_assert_int_eq(avpn_node_path_at(pair.hosts[i].node, 2 - i, 0, &path), AVPN_OK);
        ck_assert_uint_eq(path.state, AVPN_PATH_ALIVE);
        ck_assert_uint_eq(path.is_selected, 1);
        ck_assert_uint_ge(path.rtt_us, 9000);
        ck_assert_uint_le(path.rtt_us, 11000);
        ck_assert_uint_eq(pair.hosts[i].events[AVPN_EVENT_TUNNEL], 1);
        ck_assert_uint_eq(pair.hosts[i].last_event[AVPN_EVENT_TUNNEL].state, 1);
        ck_assert_uint_eq(pair.hosts[i].events[AVPN_EVENT_CONFIG], 1);
        ck_assert_uint_ge(pair.hosts[i].events[AVPN_EVENT_ROUTE_ADD], 1);
        for (uint32_t c = AVPN_DROP_MALFORMED; c < AVPN_COUNTERS; c++)
            if (c != AVPN_DROP_TRANSACTION && c != AVPN_COUNT_PUNTED) /* several candidates may answer */
                ck_assert_msg(counter(i, c) == 0, "%s", avpn_counter_name(c));
    }
    pair_end(&pair);
}
END_TEST

/* A segmented run stays one run from end to end, with the stride of sealed packets. */
START_TEST(batches_cross_as_one_run)
{
    static const uint32_t sizes[] = {20, 21, 84, 1400, 1401, 1402, 1403};

    start(2, 1, 1);
    pair_run(&pair, 5 * AVPN_SECOND);
    for (uint32_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        uint32_t bytes = sizes[s];
        struct pair_host *to = &pair.hosts[0];
        uint64_t delivered = to->delivered, sent = counter(1, AVPN_COUNT_SENT);

        pair_send(&pair, 1, "10.2.0.1", "10.1.0.1", 30, bytes, bytes > 20 ? 20 : bytes);
        ck_assert_uint_eq(pair.hosts[1].last_run.count, 30);
        ck_assert_uint_eq(pair.hosts[1].last_run.bytes, avpn_sealed_bytes(bytes));
        ck_assert_uint_eq(pair.hosts[1].last_run.stride, avpn_sealed_bytes(bytes));
        ck_assert_uint_eq(counter(1, AVPN_COUNT_SENT) - sent, 30);
        pair_run(&pair, AVPN_SECOND / 10);
        ck_assert_uint_eq(to->delivered - delivered, 30);
    }
    pair_end(&pair);
}
END_TEST

START_TEST(a_received_run_is_delivered_as_one)
{
    static uint8_t buffer[64 * 1500];
    struct avpn_datagrams in = {.packets = {buffer, 0, 0, 0, 0}};
    uint32_t stride = avpn_sealed_bytes(1000);

    start(2, 1, 2);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair_send(&pair, 0, "10.1.0.1", "10.2.0.1", 20, 1000, 500);
    ck_assert_uint_eq(pair.wire_last - pair.wire_first, 20);
    for (uint32_t i = 0; i < 20; i++)
        memcpy(buffer + i * stride, pair.wire[(pair.wire_first + i) % PAIR_WIRE].data, stride);
    pair.wire_first = pair.wire_last;
    in.remote = pair.hosts[0].contacts[0];
    in.packets = (struct avpn_packets){buffer, 20, stride, avpn_sealed_bytes(500), stride};
    pair.hosts[1].delivered = pair.hosts[1].delivered_runs = 0;
    ck_assert_int_eq(avpn_node_receive(pair.hosts[1].node, &in, 1, pair.now), AVPN_OK);
    ck_assert_uint_eq(pair.hosts[1].delivered, 20);
    ck_assert_uint_eq(pair.hosts[1].delivered_runs, 1);
    ck_assert_uint_eq(pair.hosts[1].last_inner.bytes, 1000);
    ck_assert_uint_eq(pair.hosts[1].last_inner.last_bytes, 500);
    pair_end(&pair);
}
END_TEST

START_TEST(a_packet_arrives_as_it_was_sent)
{
    uint8_t expected[1300];

    start(3, 1, 3);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair_send(&pair, HUB, "10.1.0.1", "10.2.3.4", 1, 1300, 1300);
    pair_run(&pair, AVPN_SECOND / 10);
    pair_packet(expected, "10.1.0.1", "10.2.3.4", 1300);
    ck_assert_uint_eq(pair.hosts[B].delivered, 1);
    ck_assert_mem_eq(pair.hosts[B].last_packet, expected, 1300);
    pair_send(&pair, HUB, "fd00:1::1", "fd00:3::1", 1, 100, 100);
    pair_run(&pair, AVPN_SECOND / 10);
    pair_packet(expected, "fd00:1::1", "fd00:3::1", 100);
    ck_assert_mem_eq(pair.hosts[C].last_packet, expected, 100);
    pair_end(&pair);
}
END_TEST

START_TEST(a_hub_forwards_between_its_spokes)
{
    uint8_t expected[200];

    start(3, 1, 4);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_ptr_null(pair_peer(&pair, B, C)); /* no tunnel between spokes [TOP-1] */
    pair_send(&pair, B, "10.2.0.1", "10.3.0.1", 10, 200, 200);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(counter(HUB, AVPN_COUNT_FORWARDED), 10);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 0);
    ck_assert_uint_eq(pair.hosts[C].delivered, 10);
    pair_packet(expected, "10.2.0.1", "10.3.0.1", 200);
    ck_assert_uint_eq(pair.hosts[C].last_packet[8], 63); /* one hop [RTE-4] */
    ck_assert_mem_eq(pair.hosts[C].last_packet + 12, expected + 12, 188);
    pair_end(&pair);
}
END_TEST

/* Put one inner packet on the wire below the checks of avpn_node_send, as a bad node would. */
static void forge(uint32_t from, uint32_t to, const char *source, const char *destination,
                  uint8_t ttl)
{
    uint8_t room[AVPN_HEADROOM + 100 + AVPN_TAILROOM] = {0};
    struct avpn_node *node = pair.hosts[from].node;
    struct avpni_peer *peer = pair_peer(&pair, from, to);

    pair_packet(room + AVPN_HEADROOM, source, destination, 100);
    if (ttl != 0)
        room[AVPN_HEADROOM + 8] = ttl;
    avpni_lane_begin(&node->lane, pair.now);
    avpni_departure_add(&node->lane, peer->gate, NULL, room + AVPN_HEADROOM, 100, 0);
    avpni_lane_end(&node->lane);
    avpni_node_flush(node, pair.now);
    pair_run(&pair, AVPN_SECOND / 10);
}

START_TEST(a_source_that_is_not_the_peers_is_dropped)
{
    static const struct {
        const char *source;
        bool is_good;
    } rows[] = {
        {"10.2.0.1", true},     {"10.2.255.255", true}, {"10.3.0.1", false}, {"10.1.0.1", false},
        {"192.0.2.1", false},   {"10.4.0.1", false},
    };

    start(3, 1, 5);
    pair_run(&pair, 5 * AVPN_SECOND);
    for (uint32_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t dropped = counter(HUB, AVPN_DROP_SOURCE), delivered = pair.hosts[HUB].delivered;

        forge(B, HUB, rows[i].source, "10.1.0.9", 0); /* [RTE-5] */
        ck_assert_msg(pair.hosts[HUB].delivered - delivered == rows[i].is_good, "%s",
                      rows[i].source);
        ck_assert_uint_eq(counter(HUB, AVPN_DROP_SOURCE) - dropped, !rows[i].is_good);
    }
    pair_end(&pair);
}
END_TEST

START_TEST(our_own_site_may_send_only_what_is_its_own)
{
    start(3, 1, 6);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair_send(&pair, B, "10.9.0.1", "10.1.0.1", 1, 100, 100);
    ck_assert_uint_eq(counter(B, AVPN_DROP_SOURCE), 1);
    pair_send(&pair, B, "10.3.0.1", "10.1.0.1", 1, 100, 100);
    ck_assert_uint_eq(counter(B, AVPN_DROP_SOURCE), 2);
    pair_send(&pair, B, "10.2.0.1", "10.99.0.1", 1, 100, 100);
    ck_assert_uint_eq(counter(B, AVPN_DROP_NO_ROUTE), 1);
    pair_send(&pair, B, "10.2.0.1", "10.2.0.2", 1, 100, 100); /* local */
    ck_assert_uint_eq(counter(B, AVPN_DROP_NO_ROUTE), 2);
    ck_assert_uint_eq(counter(B, AVPN_COUNT_SENT), 0);
    pair_end(&pair);
}
END_TEST

START_TEST(a_used_up_hop_limit_is_not_forwarded)
{
    start(3, 1, 7);
    pair_run(&pair, 5 * AVPN_SECOND);
    forge(B, HUB, "10.2.0.1", "10.3.0.1", 1);
    ck_assert_uint_eq(counter(HUB, AVPN_DROP_HOP_LIMIT), 1);
    ck_assert_uint_eq(pair.hosts[C].delivered, 0);
    forge(B, HUB, "10.2.0.1", "10.1.0.1", 1); /* delivery is no hop */
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1);
    pair_end(&pair);
}
END_TEST

START_TEST(two_hubs_carry_between_their_spokes_and_never_in_circles)
{
    start(6, 1, 8);
    pair_run(&pair, 6 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, HUB, HUB2));
    pair_send(&pair, B, "10.2.0.1", "10.5.0.1", 1, 100, 100); /* B - HUB - HUB2 - E */
    pair_run(&pair, AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[E].delivered, 1);
    ck_assert_uint_eq(pair.hosts[E].last_packet[8], 62);

    /* From a hub to a hub: only to what is its own or its spoke's [RTE-4]. */
    uint64_t before = counter(HUB2, AVPN_DROP_NO_ROUTE);

    forge(HUB, HUB2, "10.1.0.1", "10.2.0.1", 0); /* B's: behind HUB itself */
    ck_assert_uint_eq(counter(HUB2, AVPN_DROP_NO_ROUTE), before + 1);
    ck_assert_uint_eq(counter(HUB2, AVPN_COUNT_FORWARDED), 1);
    ck_assert_uint_eq(pair.hosts[B].delivered, 0);
    forge(HUB3, HUB2, "10.6.0.1", "10.2.0.1", 0); /* HUB2 would have to ask HUB */
    ck_assert_uint_eq(counter(HUB2, AVPN_DROP_NO_ROUTE), before + 2);
    ck_assert_uint_eq(counter(HUB2, AVPN_COUNT_FORWARDED), 1);
    ck_assert_uint_eq(pair.hosts[B].delivered, 0);
    forge(HUB, HUB2, "10.1.0.1", "10.4.0.1", 0);
    ck_assert_uint_eq(pair.hosts[HUB2].delivered, 1);
    pair_end(&pair);
}
END_TEST

START_TEST(an_exit_hub_takes_the_default_route_of_who_marked_it)
{
    struct pair_site sites[3];

    memcpy(sites, sites_of_all, sizeof sites);
    sites[B].takes_default = true;
    pair_begin(&pair, sites, 3, 1, 9);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair_send(&pair, B, "10.2.0.1", "192.0.2.77", 1, 100, 100);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1); /* [RTE-6] */
    pair_send(&pair, HUB, "192.0.2.77", "10.2.0.1", 1, 100, 100); /* and back */
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(pair.hosts[B].delivered, 1);
    /* C did not mark the hub. */
    pair_send(&pair, C, "10.3.0.1", "192.0.2.77", 1, 100, 100);
    ck_assert_uint_eq(counter(C, AVPN_DROP_NO_ROUTE), 1);
    forge(C, HUB, "10.3.0.1", "192.0.2.77", 0);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1);
    ck_assert_uint_eq(counter(HUB, AVPN_DROP_NO_ROUTE), 1);
    pair_send(&pair, HUB, "192.0.2.77", "10.3.0.1", 1, 100, 100);
    ck_assert_uint_eq(counter(HUB, AVPN_DROP_SOURCE), 1);
    pair_end(&pair);
}
END_TEST

START_TEST(an_update_changes_only_what_it_concerns)
{
    struct avpni_session *session;
    struct avpn_route route = {.size = sizeof route};

    start(4, 1, 10);
    pair_run(&pair, 6 * AVPN_SECOND);
    session = pair_peer(&pair, HUB, B)->tunnel.current;
    ck_assert_ptr_nonnull(session);
    uint32_t index = session->index;
    struct avpni_path *path = pair_path(&pair, HUB, B);

    pair.sites[B].exports[1] = "10.22.0.0/16";
    pair.sites[HUB2].is_absent = true;
    pair_configure(&pair);
    ck_assert_uint_eq(pair.hosts[HUB].last_event[AVPN_EVENT_CONFIG].version, 2);
    ck_assert_ptr_null(pair_peer(&pair, HUB, HUB2));
    ck_assert_ptr_eq(pair_peer(&pair, HUB, B)->tunnel.current, session);
    ck_assert_uint_eq(session->index, index);
    ck_assert_ptr_eq(pair_path(&pair, HUB, B), path);
    ck_assert(pair_is_up(&pair, HUB, B));
    ck_assert_uint_eq(pair.hosts[HUB].last_event[AVPN_EVENT_TUNNEL].peer, HUB2 + 1);
    ck_assert_uint_eq(pair.hosts[HUB].last_event[AVPN_EVENT_TUNNEL].state, 0);
    ck_assert_uint_ge(pair.hosts[HUB].events[AVPN_EVENT_ROUTE_DELETE], 1);
    for (uint32_t i = 0;; i++) {
        ck_assert_int_eq(avpn_node_route_at(pair.hosts[HUB].node, i, &route, NULL), AVPN_OK);
        if (route.prefix.bytes[1] == 22)
            break;
    }
    pair_send(&pair, HUB, "10.1.0.1", "10.22.0.1", 1, 100, 100);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(pair.hosts[B].delivered, 1);
    pair_end(&pair);
}
END_TEST

/* The registry may hear of a new member before the nodes do. */
START_TEST(a_member_that_comes_later_gets_its_tunnel)
{
    pair_begin(&pair, sites_of_all, 3, 1, 11);
    pair.sites[C].is_absent = true;
    pair_start(&pair);
    pair_run(&pair, 6 * AVPN_SECOND);
    pair.sites[C].is_absent = false;
    pair_publish(&pair);
    pair.hosts[HUB].node->syncer.floor = pair.version; /* it wants nothing from registries */
    ck_assert_int_eq(avpn_registry_set_organization(pair.hosts[3].registry, &pair.organization,
                                                    pair.bundle, pair.bundle_bytes, pair.now),
                     AVPN_OK);
    ck_assert_int_eq(pair_open(&pair, C), AVPN_OK);
    ck_assert_int_eq(pair_uplink(&pair, C, 0, true), AVPN_OK);
    pair_run(&pair, 300 * AVPN_SECOND); /* C punches all the while, nobody knows it */
    ck_assert(!pair_is_up(&pair, HUB, C));
    ck_assert_int_eq(avpn_node_set_configuration(pair.hosts[HUB].node, pair.bundle,
                                                 pair.bundle_bytes, pair.now), AVPN_OK);
    pair_run(&pair, 6 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, HUB, C));
    ck_assert(pair_is_up(&pair, C, HUB));
    pair_end(&pair);
}
END_TEST

START_TEST(an_older_foreign_or_broken_bundle_changes_nothing)
{
    struct avpn_node *node;
    uint8_t *old, *broken;
    size_t old_bytes;

    start(2, 1, 12);
    pair_run(&pair, 5 * AVPN_SECOND);
    node = pair.hosts[0].node;
    old_bytes = pair.bundle_bytes;
    old = malloc(old_bytes);
    memcpy(old, pair.bundle, old_bytes);
    ck_assert_int_eq(avpn_node_set_configuration(node, old, old_bytes, pair.now),
                     AVPN_ERROR_VERSION); /* [CFG-5] */
    pair_configure(&pair);
    pair_remember(&pair, 0);
    ck_assert_int_eq(avpn_node_set_configuration(node, old, old_bytes, pair.now),
                     AVPN_ERROR_VERSION);
    pair_publish(&pair);
    broken = malloc(pair.bundle_bytes);
    for (size_t i = 0; i < pair.bundle_bytes; i += 7) {
        memcpy(broken, pair.bundle, pair.bundle_bytes);
        broken[i] ^= 1;
        ck_assert_int_lt(avpn_node_set_configuration(node, broken, pair.bundle_bytes, pair.now), 0);
    }
    ck_assert_int_lt(avpn_node_set_configuration(node, pair.bundle, pair.bundle_bytes - 1,
                                                 pair.now), 0);
    ck_assert_uint_eq(avpn_config_version(avpn_node_config(node)), 2);
    ck_assert(pair_is_up(&pair, 0, 1));
    free(broken);
    free(old);
    pair_end(&pair);
}
END_TEST

START_TEST(a_revoked_node_has_no_tunnels_and_nobody_talks_to_it)
{
    struct avpn_node_status status = {.size = sizeof status};

    start(3, 1, 13);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair.sites[B].is_revoked = true;
    pair_configure(&pair);
    ck_assert_uint_eq(pair.hosts[B].events[AVPN_EVENT_REVOKED], 1);
    ck_assert_int_eq(avpn_node_status(pair.hosts[B].node, &status), AVPN_OK);
    ck_assert_uint_eq(status.is_revoked, 1);
    ck_assert_uint_eq(status.peer_count, 0);
    ck_assert_uint_eq(status.tunnels_up, 0);
    ck_assert_ptr_null(pair_peer(&pair, HUB, B));
    uint64_t sent = pair.hosts[B].transmitted;

    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[B].transmitted, sent);
    ck_assert(pair_is_up(&pair, HUB, C));
    pair.sites[B].is_revoked = false; /* and the administrator changes his mind */
    pair_configure(&pair);
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, HUB, B));
    pair_end(&pair);
}
END_TEST

START_TEST(a_node_that_restarts_lives_from_its_store)
{
    pair_begin(&pair, sites_of_all, 2, 1, (uint64_t)(14 + _i));
    pair.hosts[0].stores = pair.hosts[1].stores = true;
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_ptr_nonnull(pair_stored(&pair, (uint32_t)_i, "configuration-0")->bytes);
    pair_close(&pair, (uint32_t)_i);
    pair.hosts[_i].is_bare = true;
    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert(!pair_is_up(&pair, 1 - (uint32_t)_i, (uint32_t)_i));
    ck_assert_int_eq(pair_open(&pair, (uint32_t)_i), AVPN_OK);
    ck_assert_ptr_nonnull(avpn_node_config(pair.hosts[_i].node));
    ck_assert_int_eq(pair_uplink(&pair, (uint32_t)_i, 0, true), AVPN_OK);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    ck_assert(pair_is_up(&pair, 1, 0));
    pair_end(&pair);
}
END_TEST

START_TEST(a_store_that_does_not_take_it_is_complained_of)
{
    pair_begin(&pair, sites_of_all, 2, 1, 16); /* these hosts keep nothing */
    pair_start(&pair);
    ck_assert_str_eq(pair.hosts[0].last_log,
                     "the store did not take configuration 1: it is in force, but a restart will find "
                     "an older one or none");
    pair_end(&pair);
}
END_TEST

START_TEST(a_torn_store_is_as_good_as_none)
{
    pair_begin(&pair, sites_of_all, 2, 1, 16);
    pair.hosts[0].stores = true;
    pair_start(&pair);
    pair_close(&pair, 0);
    pair_stored(&pair, 0, "configuration-0")->bytes[100] ^= 1; /* in the head */
    pair.hosts[0].is_bare = true;
    ck_assert_int_eq(pair_open(&pair, 0), AVPN_OK);
    ck_assert_ptr_null(avpn_node_config(pair.hosts[0].node));
    ck_assert_str_eq(pair.hosts[0].last_log,
                     "stored configuration 0 is not used: AVPN_ERROR_AUTH");
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    ck_assert_int_eq(avpn_node_set_configuration(pair.hosts[0].node, pair.bundle,
                                                 pair.bundle_bytes, pair.now), AVPN_OK);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    pair_end(&pair);
}
END_TEST

START_TEST(a_second_uplink_takes_over_and_gives_back)
{
    start(2, 1, 17);
    ck_assert_int_eq(pair_uplink(&pair, 0, 1, true), AVPN_OK);
    pair_run(&pair, 6 * AVPN_SECOND);
    ck_assert_uint_eq(pair_peer(&pair, 0, 1)->selected, 0);
    ck_assert(avpni_path_is_alive(pair_peer(&pair, 0, 1)->paths[4]));
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, false), AVPN_OK);
    ck_assert_uint_eq(pair_peer(&pair, 0, 1)->selected, 4); /* at once [PTH-1] */
    ck_assert(pair_is_up(&pair, 0, 1));
    pair_send(&pair, 0, "10.1.0.1", "10.2.0.1", 1, 100, 100);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(pair.hosts[1].delivered, 1);
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(avpni_path_is_alive(pair_path(&pair, 0, 1)));
    ck_assert_uint_eq(pair_peer(&pair, 0, 1)->selected, 4); /* not yet [PTH-2] */
    pair_run(&pair, 11 * AVPN_SECOND);
    ck_assert_uint_eq(pair_peer(&pair, 0, 1)->selected, 0);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_TUNNEL], 1);
    pair_end(&pair);
}
END_TEST

START_TEST(datagrams_of_a_closed_uplink_are_dropped)
{
    const uint8_t byte = 0xFF;

    start(2, 1, 18);
    pair_receive(&pair, 0, 1, &pair.hosts[1].contacts[0], &byte, 1);
    ck_assert_uint_eq(counter(0, AVPN_DROP_UPLINK), 1);
    pair_receive(&pair, 0, 0, &pair.hosts[1].contacts[0], &byte, 1);
    ck_assert_uint_eq(counter(0, AVPN_COUNT_KEEPALIVE), 1);
    pair_end(&pair);
}
END_TEST

START_TEST(an_expired_configuration_stays_in_force_with_an_event)
{
    pair_begin(&pair, sites_of_all, 2, 1, 19);
    pair.wall_clock = 1000;
    pair.expires = 2000;
    pair_start(&pair);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_EXPIRED], 0);
    pair.wall_clock = 2001;
    pair_run(&pair, 40 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_EXPIRED], 1); /* [CFG-6] */
    ck_assert(pair_is_up(&pair, 0, 1));
    pair_publish(&pair); /* seems to have expired as well: taken, whatever the clock says */
    ck_assert_int_eq(avpn_node_set_configuration(pair.hosts[0].node, pair.bundle,
                                                 pair.bundle_bytes, pair.now), AVPN_OK);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_EXPIRED], 2);
    pair_end(&pair);
}
END_TEST

START_TEST(leaving_is_told_at_once)
{
    struct avpn_registration registration = {.size = sizeof registration};

    start(2, 1, 20);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(avpni_peer_is_connected(pair_peer(&pair, 0, 1)));
    avpn_node_leave(pair.hosts[1].node, pair.now);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_int_eq(avpn_registry_registration(pair.hosts[2].registry, &pair.organization, 2, 0,
                                                &registration), AVPN_OK);
    ck_assert_uint_eq(registration.is_connected, 0); /* [REG-15] */
    ck_assert(!avpni_peer_is_connected(pair_peer(&pair, 0, 1)));
    pair_end(&pair);
}
END_TEST

START_TEST(a_dead_peer_makes_its_routes_standby)
{
    start(2, 1, 21);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_ROUTE_REPLACE].state, 1);
    pair_close(&pair, 1);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(!pair_is_up(&pair, 0, 1));
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_ROUTE_REPLACE].state, 0);
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_TUNNEL].state, 0);
    pair_send(&pair, 0, "10.1.0.1", "10.2.0.1", 1, 100, 100);
    ck_assert_uint_eq(counter(0, AVPN_DROP_NO_TUNNEL), 1);
    pair_end(&pair);
}
END_TEST

/* ---- arguments ------------------------------------------------------------------------- */

static void ignore_datagrams(void *user, const struct avpn_datagrams *batch, size_t count)
{
    (void)user, (void)batch, (void)count;
}

static void ignore_packets(void *user, const struct avpn_packets *batch, size_t count)
{
    (void)user, (void)batch, (void)count;
}

START_TEST(wrong_arguments_make_no_node)
{
    struct avpn_host good = {.size = sizeof good, .transmit = ignore_datagrams,
                             .deliver = ignore_packets}, host;
    struct avpn_node_options right = {.size = sizeof right}, options;
    struct avpn_node *node = NULL;

    ck_assert_int_eq(avpn_key_pair_generate(&right.identity), AVPN_OK);
    ck_assert_int_eq(avpn_node_new(NULL, &good, 0, &node), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_new(&right, NULL, 0, &node), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_new(&right, &good, 0, NULL), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_new(&right, &good, -1, &node), AVPN_ERROR_ARGUMENT);
    options = right, options.size--;
    ck_assert_int_eq(avpn_node_new(&options, &good, 0, &node), AVPN_ERROR_ARGUMENT);
    options = right, options.identity.public_key.bytes[3] ^= 1;
    ck_assert_int_eq(avpn_node_new(&options, &good, 0, &node), AVPN_ERROR_ARGUMENT);
    options = right, memset(&options.identity, 0, sizeof options.identity);
    ck_assert_int_eq(avpn_node_new(&options, &good, 0, &node), AVPN_ERROR_ARGUMENT);
    options = right, options.purge_after = -1;
    ck_assert_int_eq(avpn_node_new(&options, &good, 0, &node), AVPN_ERROR_ARGUMENT);
    host = good, host.size = 0;
    ck_assert_int_eq(avpn_node_new(&right, &host, 0, &node), AVPN_ERROR_ARGUMENT);
    host = good, host.transmit = NULL;
    ck_assert_int_eq(avpn_node_new(&right, &host, 0, &node), AVPN_ERROR_ARGUMENT);
    host = good, host.deliver = NULL;
    ck_assert_int_eq(avpn_node_new(&right, &host, 0, &node), AVPN_ERROR_ARGUMENT);
    ck_assert_ptr_null(node);
    ck_assert_int_eq(avpn_node_new(&right, &good, 0, &node), AVPN_OK);
    avpn_node_del(node);
    options = right, options.purge_after = AVPN_TIME_NEVER;
    ck_assert_int_eq(avpn_node_new(&options, &good, 0, &node), AVPN_OK);
    ck_assert_int_eq(node->context.purge_after, AVPNI_NODE_PURGE_LIMIT); /* sums do not overflow */
    avpn_node_del(node);
    avpn_node_del(NULL);
}
END_TEST

/* [PRB-12]: nobody could ever take back what a registry said that is asked no more. */
START_TEST(what_replaced_registries_said_is_forgotten)
{
    start(2, 2, 26);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_uint_eq(pair_peer(&pair, 0, 1)->remotes[0]->connected, 3);
    pair.registry_count = 1; /* the second one is still there, but no longer named */
    pair_configure(&pair);
    pair.registry_count = 2;
    ck_assert_uint_eq(pair_peer(&pair, 0, 1)->remotes[0]->connected, 0);
    ck_assert(pair_is_up(&pair, 0, 1));
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_uint_eq(pair_peer(&pair, 0, 1)->remotes[0]->connected, 1);
    ck_assert(pair_is_up(&pair, 0, 1));
    pair_end(&pair);
}
END_TEST

START_TEST(a_key_that_is_no_members_makes_no_node)
{
    pair_begin(&pair, sites_of_all, 3, 1, 22);
    pair.sites[C].is_absent = true;
    pair_publish(&pair);
    ck_assert_int_eq(pair_open(&pair, C), AVPN_ERROR_NOT_FOUND);
    ck_assert_ptr_null(pair.hosts[C].node);
    pair_end(&pair);
}
END_TEST

START_TEST(a_node_without_configuration_waits)
{
    struct avpn_node_status status = {.size = sizeof status};

    pair_begin(&pair, sites_of_all, 2, 1, 23);
    ck_assert_int_eq(pair_open(&pair, 0), AVPN_OK); /* nothing published yet */
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    pair_send(&pair, 0, "10.1.0.1", "10.2.0.1", 1, 100, 100);
    ck_assert_uint_eq(counter(0, AVPN_DROP_NO_ROUTE), 1);
    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].transmitted, 0);
    ck_assert_int_eq(avpn_node_status(pair.hosts[0].node, &status), AVPN_OK);
    ck_assert_uint_eq(status.member, 0);
    ck_assert_uint_eq(status.config_version, 0);
    ck_assert_ptr_null(avpn_node_config(pair.hosts[0].node));
    pair_end(&pair);
}
END_TEST

START_TEST(contradicting_runs_are_refused)
{
    static uint8_t bytes[4096];
    const struct avpn_packets runs[] = {
        {NULL, 1, 20, 20, 20},          {bytes, 0, 20, 20, 20},     {bytes, 1, 20, 19, 20},
        {bytes, 2, 20, 21, 100},        {bytes, 2, 100, 100, 99},   {bytes, 1, 65536, 65536, 1},
        {bytes, UINT32_MAX, 100, 101, 0},
    };
    struct avpn_datagrams in = {.remote = {.family = 4, .port = 1}};

    start(2, 1, 24);
    for (uint32_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        in.packets = runs[i];
        ck_assert_int_eq(avpn_node_receive(pair.hosts[0].node, &in, 1, pair.now),
                         AVPN_ERROR_ARGUMENT);
        ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &runs[i], 1, pair.now),
                         AVPN_ERROR_ARGUMENT);
    }
    in.packets = (struct avpn_packets){bytes, 1, 20, 20, 0};
    in.uplink = 4;
    ck_assert_int_eq(avpn_node_receive(pair.hosts[0].node, &in, 1, pair.now), AVPN_ERROR_ARGUMENT);
    /* No room between packets. */
    struct avpn_packets tight = {bytes + 16, 2, 100, 100, 101};

    ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &tight, 1, pair.now), AVPN_ERROR_ARGUMENT);
    tight.stride = 100 + AVPN_HEADROOM + AVPN_TAILROOM - 1;
    if (tight.stride != avpn_sealed_bytes(100))
        ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &tight, 1, pair.now),
                         AVPN_ERROR_ARGUMENT);
    tight.last_bytes = 0;
    tight.stride = 200;
    ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &tight, 1, pair.now), AVPN_ERROR_ARGUMENT);
    pair_end(&pair);
}
END_TEST

START_TEST(every_call_judges_its_arguments)
{
    struct avpn_node *node;
    struct avpn_uplink uplink = {.size = sizeof uplink};
    struct avpn_address address = {.family = AVPN_FAMILY_IPV4};
    struct avpn_node_status status = {.size = 1};
    struct avpn_uplink_status uplink_status = {.size = 1};
    struct avpn_registration_status registration = {.size = 1};
    struct avpn_peer_status peer = {.size = 1};
    struct avpn_path_status path = {.size = 1};
    struct avpn_event event;
    struct avpn_route route = {.size = sizeof route};
    uint32_t active;

    start(2, 1, 25);
    node = pair.hosts[0].node;
    ck_assert_int_eq(avpn_node_set_uplink(NULL, 0, &uplink, 0), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_set_uplink(node, 4, &uplink, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_set_uplink(node, 0, NULL, pair.now), AVPN_ERROR_ARGUMENT);
    uplink.is_up = 2;
    ck_assert_int_eq(avpn_node_set_uplink(node, 0, &uplink, pair.now), AVPN_ERROR_ARGUMENT);
    uplink.is_up = 1, uplink.local.family = 5;
    ck_assert_int_eq(avpn_node_set_uplink(node, 0, &uplink, pair.now), AVPN_ERROR_ARGUMENT);
    uplink.local.family = AVPN_FAMILY_IPV4; /* port 0 */
    ck_assert_int_eq(avpn_node_set_uplink(node, 0, &uplink, pair.now), AVPN_ERROR_ARGUMENT);
    uplink.local.family = 0, uplink.size--;
    ck_assert_int_eq(avpn_node_set_uplink(node, 0, &uplink, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_set_configuration(NULL, pair.bundle, 1, 0), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_set_configuration(node, NULL, 1, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_resolved(NULL, 1, &address, 1, 0), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_resolved(node, 1, NULL, 1, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_resolved(node, 0, &address, 1, pair.now), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_node_resolved(node, 1, &address, 1, pair.now), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_node_resolved(node, 9, &address, 1, pair.now), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_node_receive(NULL, NULL, 0, 0), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_receive(node, NULL, 1, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_receive(node, NULL, 0, pair.now), AVPN_OK);
    ck_assert_int_eq(avpn_node_send(NULL, NULL, 0, 0), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_send(node, NULL, 1, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_send(node, NULL, 0, pair.now), AVPN_OK);
    ck_assert_int_eq(avpn_node_next_event(NULL, &event), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_next_event(node, NULL), AVPN_ERROR_ARGUMENT);
    avpn_node_tick(NULL, 0);
    avpn_node_leave(NULL, 0);
    ck_assert(avpn_node_deadline(NULL) == AVPN_TIME_NEVER);
    ck_assert_uint_eq(avpn_node_counters(NULL, NULL, 0), AVPN_COUNTERS);
    ck_assert_str_eq(avpn_counter_name(AVPN_COUNTERS), "unknown");
    for (uint32_t i = 0; i < AVPN_COUNTERS; i++)
        for (uint32_t k = 0; k < i; k++)
            ck_assert_str_ne(avpn_counter_name(i), avpn_counter_name(k));
    ck_assert_int_eq(avpn_node_status(node, &status), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_status(node, NULL), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_uplink_status(node, 0, &uplink_status), AVPN_ERROR_ARGUMENT);
    uplink_status.size = sizeof uplink_status;
    ck_assert_int_eq(avpn_node_uplink_status(node, 4, &uplink_status), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_uplink_status(node, 0, &uplink_status), AVPN_OK);
    ck_assert_int_eq(avpn_node_registration_status(node, 0, 0, &registration),
                     AVPN_ERROR_ARGUMENT);
    registration.size = sizeof registration;
    ck_assert_int_lt(avpn_node_registration_status(node, 4, 0, &registration), 0);
    ck_assert_int_lt(avpn_node_registration_status(node, 0, 1, &registration), 0);
    ck_assert_int_eq(avpn_node_peer(node, 2, &peer), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_peer_at(node, 0, &peer), AVPN_ERROR_ARGUMENT);
    peer.size = sizeof peer;
    ck_assert_int_eq(avpn_node_peer(node, 9, &peer), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_node_peer_at(node, 1, &peer), AVPN_ERROR_EMPTY);
    ck_assert_int_eq(avpn_node_path_at(node, 2, 0, &path), AVPN_ERROR_ARGUMENT);
    path.size = sizeof path;
    ck_assert_int_eq(avpn_node_path_at(node, 9, 0, &path), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_node_path_at(node, 2, 16, &path), AVPN_ERROR_EMPTY);
    ck_assert_int_eq(avpn_node_route_at(NULL, 0, &route, &active), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_route_at(node, 0, NULL, NULL), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_route_at(node, 99, &route, NULL), AVPN_ERROR_EMPTY);
    ck_assert_ptr_null(avpn_node_config(NULL));
    pair_end(&pair);
}
END_TEST

START_TEST(inner_packets_that_are_none_are_dropped)
{
    uint8_t room[200] = {0};
    struct avpn_packets run = {room + AVPN_HEADROOM, 1, 19, 19, 19};

    start(2, 1, 26);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &run, 1, pair.now), AVPN_OK);
    ck_assert_uint_eq(counter(0, AVPN_DROP_INNER), 1);
    pair_end(&pair);
}
END_TEST

/* However large, what may be cut is cut [MTU-6]. */
START_TEST(what_fits_no_datagram_is_dropped)
{
    static uint8_t room[AVPN_HEADROOM + 65535 + AVPN_TAILROOM];
    struct avpn_packets run = {room + AVPN_HEADROOM, 1, 65500, 65500, 65500};

    start(2, 1, 27);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair_packet(run.data, "10.1.0.1", "10.2.0.1", 65500);
    run.data[6] = 0x40;
    ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &run, 1, pair.now), AVPN_OK);
    run.bytes = run.last_bytes = 65535;
    pair_packet(run.data, "10.1.0.1", "10.2.0.1", 65535);
    run.data[6] = 0x40;
    ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &run, 1, pair.now), AVPN_OK);
    ck_assert_uint_eq(counter(0, AVPN_DROP_SIZE), 2);
    ck_assert_uint_eq(counter(0, AVPN_COUNT_SENT), 0);
    run.data[6] = 0;
    ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &run, 1, pair.now), AVPN_OK);
    ck_assert_uint_eq(counter(0, AVPN_COUNT_SENT), 1);
    ck_assert_uint_eq(counter(0, AVPN_COUNT_FRAGMENTED), 1);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(pair.hosts[1].delivered, 47); /* 65,515 bytes of payload, 1,416 in each */
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(two_nodes_register_and_have_a_tunnel_within_five_seconds, 10),
    HARNESS_CASE(batches_cross_as_one_run),
    HARNESS_CASE(a_received_run_is_delivered_as_one),
    HARNESS_CASE(a_packet_arrives_as_it_was_sent),
    HARNESS_CASE(a_hub_forwards_between_its_spokes),
    HARNESS_CASE(a_source_that_is_not_the_peers_is_dropped),
    HARNESS_CASE(our_own_site_may_send_only_what_is_its_own),
    HARNESS_CASE(a_used_up_hop_limit_is_not_forwarded),
    HARNESS_CASE(two_hubs_carry_between_their_spokes_and_never_in_circles),
    HARNESS_CASE(an_exit_hub_takes_the_default_route_of_who_marked_it),
    HARNESS_CASE(an_update_changes_only_what_it_concerns),
    HARNESS_CASE(a_member_that_comes_later_gets_its_tunnel),
    HARNESS_CASE(an_older_foreign_or_broken_bundle_changes_nothing),
    HARNESS_CASE(a_revoked_node_has_no_tunnels_and_nobody_talks_to_it),
    HARNESS_LOOP(a_node_that_restarts_lives_from_its_store, 2),
    HARNESS_CASE(a_store_that_does_not_take_it_is_complained_of),
    HARNESS_CASE(a_torn_store_is_as_good_as_none),
    HARNESS_CASE(a_second_uplink_takes_over_and_gives_back),
    HARNESS_CASE(datagrams_of_a_closed_uplink_are_dropped),
    HARNESS_CASE(an_expired_configuration_stays_in_force_with_an_event),
    HARNESS_CASE(leaving_is_told_at_once),
    HARNESS_CASE(a_dead_peer_makes_its_routes_standby),
    HARNESS_CASE(what_replaced_registries_said_is_forgotten),
    HARNESS_CASE(wrong_arguments_make_no_node),
    HARNESS_CASE(a_key_that_is_no_members_makes_no_node),
    HARNESS_CASE(a_node_without_configuration_waits),
    HARNESS_CASE(contradicting_runs_are_refused),
    HARNESS_CASE(every_call_judges_its_arguments),
    HARNESS_CASE(what_fits_no_datagram_is_dropped),
    HARNESS_CASE(inner_packets_that_are_none_are_dropped),
};
HARNESS_MAIN("node/node", cases)
