/* SPDX-License-Identifier: ISC */
/* A peer as a next hop [RTE-7], and what it offers [PRB-14], [RTE-8]. */
#include "two.h"

#define SITE 0x5A5B5C5Du
#define CHANGES 64

/* What node 0 is told of its peer. */
static struct {
    avpn_time at;
    uint32_t state;
} hops[CHANGES];
static uint32_t hop_count;
static uint32_t offers_count;
static uint64_t told_offers;

static void (*node_hop_changed)(void *owner, struct avpni_peer *peer, uint32_t state, avpn_time now);

static void note_hop(void *owner, struct avpni_peer *peer, uint32_t state, avpn_time now)
{
    ck_assert_uint_lt(hop_count, CHANGES);
    ck_assert_uint_eq(peer->hop_state, state);
    hops[hop_count].at = now;
    hops[hop_count++].state = state;
    node_hop_changed(owner, peer, state, now);
}

static void note_offers(void *owner, struct avpni_peer *peer, avpn_time now)
{
    ck_assert_ptr_eq(owner, pair.hosts[0].node);
    ck_assert_int_le(now, pair.now);
    told_offers = peer->offers;
    offers_count++;
}

static struct avpni_context *context_of(uint32_t number)
{
    return &pair.hosts[number].node->context;
}

static bool loses_all;                  /* between the two nodes */
static struct pair_datagram request;    /* the newest of node 1 */
static uint32_t requests;               /* of node 0 */
static bool loses_responses;            /* of node 1 */

static struct avpni_probe opened(const struct pair_datagram *d)
{
    struct avpni_probe probe = {0};

    if (d->from < 2 && kind_of(d) == AVPNI_KIND_PROBE)
        ck_assert(avpni_probe_open(peer_of(1 - d->from), d->data, d->bytes, &probe));
    return probe;
}

static bool watch(struct pair *world, struct pair_datagram *d)
{
    struct avpni_probe probe = opened(d);
    bool is_to_registry = d->from >= 2 ||
                          avpni_contact_is_equal(&d->remote, &world->hosts[2].contacts[0]);

    if (probe.kind != 0) { /* of every kind */
        ck_assert(probe.offers == context_of(d->from)->offers);
        ck_assert_uint_eq(probe.site_check, context_of(d->from)->site_check);
    }
    if (d->from == 1 && probe.kind == AVPNI_PROBE_REQUEST)
        request = *d;
    requests += d->from == 0 && probe.kind == AVPNI_PROBE_REQUEST;
    if (d->from == 1 && probe.kind == AVPNI_PROBE_RESPONSE && loses_responses)
        return false;
    return is_to_registry || !loses_all;
}

/* Two nodes that are up and know each other's sites; what node 0 hears from now on is noted. */
static void have_watched(uint64_t seed)
{
    loses_all = loses_responses = false;
    have_two(seed);
    pair.filter = watch;
    hop_count = offers_count = requests = 0;
    node_hop_changed = context_of(0)->hop_changed;
    context_of(0)->hop_changed = note_hop;
    context_of(0)->offers_changed = note_offers;
    context_of(1)->site_check = SITE;
    context_of(1)->offers = AVPNI_OFFERS_ALL;
    peer_of(0)->site_check = SITE;
    peer_of(0)->role = AVPN_ROLE_HUB; /* only hubs are held */
}

static void lose_for(avpn_span span)
{
    loses_all = true;
    pair_run(&pair, span);
    loses_all = false;
}

/* ---- holds ---------------------------------------------------------------------------------- */

static struct avpn_peer_status status_of(uint32_t number)
{
    struct avpn_peer_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_node_peer(pair.hosts[number].node, 2 - number, &status), AVPN_OK);
    return status;
}

START_TEST(a_tunnel_that_was_never_up_is_not_held)
{
    have_two(1);
    ck_assert_uint_eq(peer_of(0)->hop_state, AVPN_HOP_ALIVE);
    ck_assert_int_eq(status_of(0).held_until, -1);
    pair_end(&pair);
}
END_TEST

START_TEST(one_that_comes_back_is_held_for_ten_seconds_to_the_moment)
{
    avpn_time up;

    have_watched(2);
    lose_for(4 * AVPN_SECOND);
    ck_assert_uint_eq(hop_count, 1);
    ck_assert_uint_eq(hops[0].state, AVPN_HOP_DEAD);
    ck_assert_int_eq(status_of(0).held_until, -1);
    pair_run(&pair, 4 * AVPN_SECOND);
    ck_assert_uint_eq(hop_count, 2);
    ck_assert_uint_eq(hops[1].state, AVPN_HOP_HELD);
    up = status_of(0).up_since;
    ck_assert_int_eq(hops[1].at, up);
    ck_assert_int_eq(status_of(0).held_until, up + 10 * AVPN_SECOND);
    pair_run(&pair, up + 10 * AVPN_SECOND - pair.now - 1);
    ck_assert_uint_eq(hop_count, 2);
    pair_run(&pair, 1);
    ck_assert_uint_eq(hop_count, 3);
    ck_assert_uint_eq(hops[2].state, AVPN_HOP_ALIVE);
    ck_assert_int_eq(hops[2].at, up + 10 * AVPN_SECOND);
    ck_assert_int_eq(status_of(0).held_until, -1);
    pair_run(&pair, 1000 * AVPN_SECOND); /* rekeys too */
    ck_assert_uint_eq(hop_count, 3);
    pair_end(&pair);
}
END_TEST

/* Its other hubs may have no tunnel with it, and nobody here would know [RTE-7]. */
START_TEST(a_spoke_that_comes_back_is_not_held)
{
    have_watched(2);
    peer_of(0)->role = AVPN_ROLE_SPOKE;
    lose_for(4 * AVPN_SECOND);
    pair_run(&pair, 30 * AVPN_SECOND);
    ck_assert_uint_eq(hop_count, 2);
    ck_assert_uint_eq(hops[1].state, AVPN_HOP_ALIVE);
    ck_assert_int_eq(status_of(0).held_until, -1);
    pair_end(&pair);
}
END_TEST

START_TEST(one_that_flaps_is_held_longer_each_time)
{
    static const int spans[] = {10, 20, 40, 80};

    have_watched(3);
    for (uint32_t i = 0; i < 4; i++) {
        lose_for(4 * AVPN_SECOND);
        pair_run(&pair, 4 * AVPN_SECOND);
        ck_assert_uint_eq(peer_of(0)->hop_state, AVPN_HOP_HELD);
        ck_assert_int_eq(status_of(0).held_until - status_of(0).up_since, spans[i] * AVPN_SECOND);
    }
    pair_end(&pair);
}
END_TEST

START_TEST(neither_a_rekey_nor_another_path_is_going_down)
{
    have_watched(4);
    pair_run(&pair, 1300 * AVPN_SECOND);
    ck_assert_uint_eq(hop_count, 0);
    ck_assert_int_gt(peer_of(0)->tunnel.current->created_at, 500 * AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 1, true), AVPN_OK);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, false), AVPN_OK);
    ck_assert_uint_eq(peer_of(0)->selected / AVPN_UPLINKS, 1);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_uint_eq(peer_of(0)->selected / AVPN_UPLINKS, 0);
    ck_assert_uint_eq(hop_count, 0);
    pair_end(&pair);
}
END_TEST

/* ---- offers ------------------------------------------------------------------------------------ */

START_TEST(what_a_peer_offers_is_known_after_its_next_answer)
{
    have_watched(5);
    context_of(1)->offers = AVPNI_OFFERS_ALL - 2;
    pair_run(&pair, 1100 * AVPN_MILLISECOND);
    ck_assert(peer_of(0)->offers == AVPNI_OFFERS_ALL - 2);
    ck_assert(told_offers == AVPNI_OFFERS_ALL - 2);
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert_uint_eq(offers_count, 1); /* told once */
    context_of(1)->offers = AVPNI_OFFERS_ALL;
    pair_run(&pair, 1100 * AVPN_MILLISECOND);
    ck_assert(peer_of(0)->offers == AVPNI_OFFERS_ALL);
    ck_assert_uint_eq(offers_count, 2);
    pair_end(&pair);
}
END_TEST

/* An announcement, the question it provokes, and the answer to that: three times over the wire. */
START_TEST(an_announcement_is_known_at_once)
{
    have_watched(6);
    pair_run(&pair, 2 * AVPN_SECOND);
    for (uint32_t i = 0; i < 5; i++) {
        pair_run(&pair, 1300 * AVPN_MILLISECOND);
        context_of(1)->offers ^= 1u << i;
        avpni_peer_announce_offers(peer_of(1), pair.now);
        avpni_node_flush(pair.hosts[1].node, pair.now);
        pair_run(&pair, 3 * pair.latency);
        ck_assert(peer_of(0)->offers == context_of(1)->offers);
        ck_assert_uint_eq(offers_count, i + 1);
    }
    pair_end(&pair);
}
END_TEST

START_TEST(offers_about_another_site_do_not_count)
{
    have_watched(7);
    context_of(1)->offers = 0;
    context_of(1)->site_check = _i == 0 ? SITE + 1 : 0;
    if (_i == 2)
        peer_of(0)->site_check = 0; /* no configuration, on either end */
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert(peer_of(0)->offers == AVPNI_OFFERS_ALL);
    ck_assert_uint_eq(offers_count, 0);
    pair_end(&pair);
}
END_TEST

START_TEST(a_request_is_only_a_reason_to_ask)
{
    have_watched(8);
    loses_responses = true;
    context_of(1)->offers = 0;
    pair_run(&pair, 2 * AVPN_SECOND);
    ck_assert(peer_of(0)->offers == AVPNI_OFFERS_ALL);
    loses_responses = false;
    pair_run(&pair, AVPN_SECOND);
    ck_assert(peer_of(0)->offers == 0);
    pair_end(&pair);
}
END_TEST

START_TEST(replayed_requests_make_us_ask_once_a_second_at_most)
{
    struct pair_datagram old;
    uint32_t usual;

    have_watched(9);
    pair_run(&pair, 2 * AVPN_SECOND);
    old = request; /* offers everything */
    context_of(1)->offers = 0;
    pair_run(&pair, 2 * AVPN_SECOND);
    requests = 0;
    pair_run(&pair, 20 * AVPN_SECOND);
    usual = requests;
    requests = 0;
    for (uint32_t i = 0; i < 2000; i++) {
        pair_receive(&pair, 0, 0, &old.source, old.data, old.bytes);
        pair_run(&pair, 10 * AVPN_MILLISECOND);
    }
    ck_assert_uint_le(requests, usual + 21);
    ck_assert(peer_of(0)->offers == 0);
    ck_assert_uint_eq(offers_count, 1);
    pair_end(&pair);
}
END_TEST

START_TEST(with_the_tunnel_gone_everything_is_offered_again)
{
    have_watched(10);
    context_of(1)->offers = 4;
    pair_run(&pair, 2 * AVPN_SECOND);
    ck_assert(peer_of(0)->offers == 4);
    lose_for(4 * AVPN_SECOND);
    ck_assert(peer_of(0)->offers == AVPNI_OFFERS_ALL); /* [RTE-8] */
    ck_assert_uint_eq(offers_count, 2);
    ck_assert(told_offers == AVPNI_OFFERS_ALL);
    pair_run(&pair, 4 * AVPN_SECOND);
    ck_assert(peer_of(0)->offers == 4); /* heard again */
    pair_end(&pair);
}
END_TEST

START_TEST(with_another_site_everything_is_offered_again)
{
    have_watched(11);
    context_of(1)->offers = 4;
    pair_run(&pair, 2 * AVPN_SECOND);
    avpni_peer_configure(peer_of(0), AVPN_ROLE_SPOKE, false, SITE, NULL, 0, pair.now);
    ck_assert(peer_of(0)->offers == 4); /* the same site */
    avpni_peer_configure(peer_of(0), AVPN_ROLE_SPOKE, false, SITE + 1, NULL, 0, pair.now);
    ck_assert(peer_of(0)->offers == AVPNI_OFFERS_ALL);
    ck_assert_uint_eq(offers_count, 2);
    pair_run(&pair, 3 * AVPN_SECOND); /* the peer still speaks of the old one */
    ck_assert(peer_of(0)->offers == AVPNI_OFFERS_ALL);
    context_of(1)->site_check = SITE + 1;
    pair_run(&pair, 2 * AVPN_SECOND);
    ck_assert(peer_of(0)->offers == 4);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_tunnel_that_was_never_up_is_not_held),
    HARNESS_CASE(one_that_comes_back_is_held_for_ten_seconds_to_the_moment),
    HARNESS_CASE(a_spoke_that_comes_back_is_not_held),
    HARNESS_CASE(one_that_flaps_is_held_longer_each_time),
    HARNESS_CASE(neither_a_rekey_nor_another_path_is_going_down),
    HARNESS_CASE(what_a_peer_offers_is_known_after_its_next_answer),
    HARNESS_CASE(an_announcement_is_known_at_once),
    HARNESS_LOOP(offers_about_another_site_do_not_count, 3),
    HARNESS_CASE(a_request_is_only_a_reason_to_ask),
    HARNESS_CASE(replayed_requests_make_us_ask_once_a_second_at_most),
    HARNESS_CASE(with_the_tunnel_gone_everything_is_offered_again),
    HARNESS_CASE(with_another_site_everything_is_offered_again),
};
HARNESS_MAIN("link/peer", cases)
