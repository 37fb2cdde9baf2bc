/* SPDX-License-Identifier: ISC */
/* How a configuration is taken, kept and undone. */
#include "harness.h"
#include "link/path.h"
#include "node/pair.h"
#include "topo/document.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HUB 0
#define SPOKE 1
#define OTHER 2 /* a hub that nobody runs */
#define REGISTRY 3
#define MINUTE (60 * AVPN_SECOND)
#define SERIAL(n_) ((uint64_t)(n_) << AVPN_VERSION_SERIAL_SHIFT)

static struct pair pair;

static const struct pair_site sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}},
    {.role = AVPN_ROLE_HUB, .exports = {"10.3.0.0/16"}},
};

static struct avpn_node *spoke(void)
{
    return pair.hosts[SPOKE].node;
}

static void begin(uint64_t seed)
{
    pair_begin(&pair, sites, 3, 1, seed);
    pair.hosts[SPOKE].stores = true;
}

/* The hub and the spoke run, and are connected. */
static void start(uint64_t seed)
{
    begin(seed);
    pair_publish(&pair);
    for (uint32_t i = 0; i < 4; i++) {
        if (i == OTHER)
            continue;
        ck_assert_int_eq(pair_open(&pair, i), AVPN_OK);
        if (i != REGISTRY)
            ck_assert_int_eq(pair_uplink(&pair, i, 0, true), AVPN_OK);
    }
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, HUB, SPOKE) && pair_is_up(&pair, SPOKE, HUB));
}

static int32_t give(void)
{
    return avpn_node_set_configuration(spoke(), pair.bundle, pair.bundle_bytes, pair.now);
}

static void publish_version(uint64_t version)
{
    pair.version = version - 1;
    pair_publish(&pair);
}

static struct avpn_node_status status_of_spoke(void)
{
    struct avpn_node_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_node_status(spoke(), &status), AVPN_OK);
    return status;
}

static uint64_t version_in_force(void)
{
    return status_of_spoke().config_version;
}

static void restart(void)
{
    pair_close(&pair, SPOKE);
    pair.hosts[SPOKE].is_bare = true;
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    ck_assert_int_eq(pair_uplink(&pair, SPOKE, 0, true), AVPN_OK);
}

static struct pair_blob *place(uint32_t number)
{
    return pair_stored(&pair, SPOKE, number == 0 ? "configuration-0" : "configuration-1");
}

static uint64_t version_at(uint32_t number)
{
    uint64_t version = 0;

    if (place(number)->bytes != NULL)
        avpn_bundle_version(place(number)->bytes, place(number)->count, &version);
    return version;
}

/* ---- what is taken [CFG-5] ---------------------------------------------------------------- */

static const struct {
    uint64_t held, next;
    int32_t error;
} successions[] = {
    {5, 6, AVPN_OK},
    {5, 5, AVPN_ERROR_VERSION},
    {5, 4, AVPN_ERROR_VERSION},
    {5, UINT64_C(5) + (UINT64_C(1) << 32), AVPN_OK},
    {5, UINT64_C(6) + (UINT64_C(1) << 32), AVPN_ERROR_VERSION},
    {5, SERIAL(1) | 1, AVPN_OK},
    {5, SERIAL(16) | 1, AVPN_OK},
    {5, SERIAL(17) | 1, AVPN_ERROR_VERSION},
    {SERIAL(3) | 5, SERIAL(2) | 6, AVPN_ERROR_VERSION},
    {SERIAL(3) | 5, SERIAL(3) | 6, AVPN_OK},
    {SERIAL(3) | 5, SERIAL(4) | 1, AVPN_OK},
    /* The last number of a serial locks nobody out: the root keys raise the serial. */
    {SERIAL(1) - 1, SERIAL(1) | 1, AVPN_OK},
    {SERIAL(0x10) - 1, SERIAL(0x10) | 1, AVPN_OK},
};

START_TEST(a_version_may_follow_another)
{
    struct pair_blob before;

    begin((uint64_t)_i);
    publish_version(successions[_i].held);
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    before = *place(1);
    publish_version(successions[_i].next);
    ck_assert_int_eq(give(), successions[_i].error);
    if (successions[_i].error == AVPN_OK) {
        ck_assert_uint_eq(version_in_force(), successions[_i].next);
    } else {
        ck_assert_uint_eq(version_in_force(), successions[_i].held);
        ck_assert_ptr_eq(place(1)->bytes, before.bytes);
        ck_assert_uint_eq(pair.hosts[SPOKE].events[AVPN_EVENT_CONFIG], 1);
    }
    pair_end(&pair);
}
END_TEST

/* What is given as a whole is kept as this node's slice, as a registry would have cut it. */
START_TEST(of_a_bundle_the_own_slice_is_kept)
{
    struct avpn_config *config;
    uint8_t *slice = malloc(65536);
    size_t needed;

    begin(20);
    pair_publish(&pair);
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    ck_assert_int_eq(avpn_config_is_whole(avpn_node_config(spoke())), 0);
    ck_assert_int_eq(avpn_config_read(pair.bundle, pair.bundle_bytes, &pair.organization, 0, NULL,
                                      &config), AVPN_OK);
    ck_assert_int_eq(avpn_bundle_slice(pair.bundle, pair.bundle_bytes, config, SPOKE + 1, slice,
                                       65536, &needed), AVPN_OK);
    ck_assert_uint_eq(place(0)->count, needed);
    ck_assert_mem_eq(place(0)->bytes, slice, needed);
    pair_publish(&pair);
    avpn_config_del(config);
    ck_assert_int_eq(avpn_config_read(pair.bundle, pair.bundle_bytes, &pair.organization, 0, NULL,
                                      &config), AVPN_OK);
    ck_assert_int_eq(avpn_bundle_slice(pair.bundle, pair.bundle_bytes, config, SPOKE + 1, slice,
                                       65536, &needed), AVPN_OK);
    ck_assert_int_eq(avpn_node_set_configuration(spoke(), slice, needed, pair.now), AVPN_OK);
    ck_assert_uint_eq(version_in_force(), 2);
    avpn_config_del(config);
    free(slice);
    pair_end(&pair);
}
END_TEST

/* [CFG-10]: the slice of another, in which this node's own key or its peer's is not told. */
START_TEST(the_slice_of_another_is_not_taken)
{
    struct avpn_config *config;
    uint8_t *slice = malloc(65536);
    size_t needed;

    begin(21);
    pair_publish(&pair);
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    pair_publish(&pair);
    ck_assert_int_eq(avpn_config_read(pair.bundle, pair.bundle_bytes, &pair.organization, 0, NULL,
                                      &config), AVPN_OK);
    ck_assert_int_eq(avpn_bundle_slice(pair.bundle, pair.bundle_bytes, config,
                                       (_i == 0 ? HUB : OTHER) + 1, slice, 65536, &needed),
                     AVPN_OK);
    ck_assert_int_ne(avpn_node_set_configuration(spoke(), slice, needed, pair.now), AVPN_OK);
    ck_assert_uint_eq(version_in_force(), 1);
    ck_assert_uint_eq(version_at(1), 0);
    avpn_config_del(config);
    free(slice);
    pair_end(&pair);
}
END_TEST

/* The slice with the hub's identity left out, which is canonical, and proves like any other [CFG-4]. */
static size_t withhold_hub(const uint8_t *slice, size_t count, uint8_t *out)
{
    struct avpni_document document;
    struct avpni_leaves leaves;
    struct avpni_reader members;
    struct avpni_writer w = avpni_writer(out, 65536);

    ck_assert(avpni_document_read(slice, count, &document));
    members = avpni_reader(document.members, document.members_bytes);
    avpni_write_bytes(&w, slice, (size_t)(document.members - slice));
    for (uint32_t i = 0; i < document.member_count; i++) {
        avpni_leaves_read(&members, &leaves);
        if (i == HUB)
            leaves.identity_bytes = 0;
        avpni_leaves_write(&w, &leaves);
    }
    avpni_write_bytes(&w, document.keys, document.keys_bytes);
    return w.position;
}

/* [CFG-10] */
START_TEST(a_slice_that_withholds_a_peer_is_not_taken)
{
    struct avpn_config *config;
    uint8_t *slice = malloc(65536), *spoilt = malloc(65536);
    size_t needed;

    begin(22);
    pair_publish(&pair);
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    pair_publish(&pair);
    ck_assert_int_eq(avpn_config_read(pair.bundle, pair.bundle_bytes, &pair.organization, 0, NULL,
                                      &config), AVPN_OK);
    ck_assert_int_eq(avpn_bundle_slice(pair.bundle, pair.bundle_bytes, config, SPOKE + 1, slice,
                                       65536, &needed), AVPN_OK);
    ck_assert_int_eq(avpn_node_set_configuration(spoke(), spoilt,
                                                 withhold_hub(slice, needed, spoilt), pair.now),
                     AVPN_ERROR_NOT_FOUND);
    ck_assert_uint_eq(version_in_force(), 1);
    ck_assert_int_eq(avpn_node_set_configuration(spoke(), slice, needed, pair.now), AVPN_OK);
    avpn_config_del(config);
    free(slice);
    free(spoilt);
    pair_end(&pair);
}
END_TEST

/* ---- clocks [CFG-6] --------------------------------------------------------------------------- */

static const int64_t clocks[] = {0, 1, 315532800, 2000, 4102444800, INT64_MAX / 4, INT64_MAX};

START_TEST(no_clock_locks_a_node_out_or_in)
{
    begin((uint64_t)(30 + _i));
    pair.expires = 2000;
    pair.wall_clock = clocks[_i];
    pair_publish(&pair);
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    for (int i = 0; i < HARNESS_COUNT(clocks); i++) { /* and now it jumps */
        pair.wall_clock = clocks[(_i + i * 3) % HARNESS_COUNT(clocks)];
        pair_publish(&pair);
        ck_assert_int_eq(give(), AVPN_OK);
        pair_run(&pair, 11 * AVPN_SECOND);
        ck_assert_uint_eq(status_of_spoke().is_expired, pair.wall_clock >= 2000);
        ck_assert_uint_eq(version_in_force(), pair.version);
    }
    pair.version -= 2; /* nor does it let what is old come in */
    pair_publish(&pair);
    ck_assert_int_eq(give(), AVPN_ERROR_VERSION);
    ck_assert_int_eq(status_of_spoke().config_expires, 2000);
    ck_assert_int_eq(status_of_spoke().config_created, 1);
    pair_end(&pair);
}
END_TEST

/* ---- the store [CFG-11] ---------------------------------------------------------------------------- */

/* Versions 1 and 2 are stored. */
static void have_two_stored(uint64_t seed)
{
    begin(seed);
    pair_publish(&pair);
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    pair_publish(&pair);
    ck_assert_int_eq(give(), AVPN_OK);
    ck_assert_uint_eq(version_at(0), 1);
    ck_assert_uint_eq(version_at(1), 2);
}

static void flip(struct pair_blob *blob) { blob->bytes[blob->count / 2] ^= 0x10; }
static void cut_short(struct pair_blob *blob) { blob->count /= 3; }
static void cut_by_one(struct pair_blob *blob) { blob->count--; }
static void make_empty(struct pair_blob *blob) { blob->count = 0; }
static void zero(struct pair_blob *blob) { memset(blob->bytes, 0, blob->count); }

static void forget(struct pair_blob *blob)
{
    strcpy(blob->name, "lost");
}

static void (*const damages[])(struct pair_blob *) = {flip, cut_short, cut_by_one, make_empty,
                                                      zero, forget};

START_TEST(of_two_stored_the_other_survives)
{
    for (uint32_t which = 0; which < 3; which++) { /* the older, the newer, both */
        have_two_stored((uint64_t)(40 + _i));
        pair_close(&pair, SPOKE);
        if (which != 0)
            damages[_i](place(1));
        if (which != 1)
            damages[_i](place(0));
        pair.hosts[SPOKE].is_bare = true;
        ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
        ck_assert_uint_eq(version_in_force(), which == 0 ? 2 : which == 1 ? 1 : 0);
        pair_publish(&pair); /* and from there it goes on */
        ck_assert_int_eq(give(), AVPN_OK);
        restart();
        ck_assert_uint_eq(version_in_force(), 3);
        pair_end(&pair);
    }
}
END_TEST

START_TEST(it_does_not_matter_which_place_is_which)
{
    struct pair_blob swap;

    have_two_stored(50);
    pair_close(&pair, SPOKE);
    swap = *place(0);
    place(0)->bytes = place(1)->bytes;
    pair.hosts[SPOKE].stored[0].count = place(1)->count;
    pair.hosts[SPOKE].stored[1].bytes = swap.bytes;
    pair.hosts[SPOKE].stored[1].count = swap.count;
    pair.hosts[SPOKE].is_bare = true;
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    ck_assert_uint_eq(version_in_force(), 2);
    pair_publish(&pair);
    ck_assert_int_eq(give(), AVPN_OK);
    ck_assert_uint_eq(version_at(0), 2); /* the older one made room */
    ck_assert_uint_eq(version_at(1), 3);
    pair_end(&pair);
}
END_TEST

START_TEST(the_older_place_is_written_whatever_fails)
{
    have_two_stored(51);
    for (int i = 0; i < 6; i++) {
        uint32_t *fault = i % 2 == 0 ? &pair.write_fails_at : &pair.write_tears_at;
        uint64_t held = pair.version;

        pair_publish(&pair);
        *fault = pair.writes + 1;
        ck_assert_int_eq(give(), AVPN_OK); /* it is in force all the same */
        ck_assert_uint_eq(version_in_force(), held + 1);
        ck_assert_uint_eq(pair.writes, *fault);
        restart();
        ck_assert_uint_eq(version_in_force(), held); /* a torn or failed write left the other one */
        ck_assert_int_eq(give(), AVPN_OK);
        restart();
        ck_assert_uint_eq(version_in_force(), held + 1);
    }
    pair_end(&pair);
}
END_TEST

/* Several writes in a row fail: the last good one must still be there. */
START_TEST(no_number_of_failed_writes_costs_the_last_good_one)
{
    have_two_stored(52);
    for (int i = 0; i < 5; i++) {
        pair_publish(&pair);
        pair.write_fails_at = pair.writes + 1;
        ck_assert_int_eq(give(), AVPN_OK);
    }
    restart();
    ck_assert_uint_eq(version_in_force(), 2);
    pair_end(&pair);
}
END_TEST

START_TEST(a_bundle_older_than_what_is_stored_is_no_news)
{
    uint8_t *old = malloc(65536);
    size_t old_bytes;

    begin(53);
    pair_publish(&pair);
    memcpy(old, pair.bundle, pair.bundle_bytes);
    old_bytes = pair.bundle_bytes;
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    pair_publish(&pair);
    ck_assert_int_eq(give(), AVPN_OK);
    pair_close(&pair, SPOKE);
    free(pair.bundle);
    pair.bundle = old;
    pair.bundle_bytes = old_bytes;
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    ck_assert_uint_eq(version_in_force(), 2);
    pair_end(&pair);
}
END_TEST

/* ---- undoing [CFG-12] --------------------------------------------------------------------------------- */

/* No registry can be found by its name, and the spoke's only hub is one that does not run. */
static void publish_cut(void)
{
    pair.uses_names = true;
    pair.sites[SPOKE].hubs[0] = OTHER + 1;
    pair_publish(&pair);
    pair.uses_names = false;
    pair.sites[SPOKE].hubs[0] = HUB + 1;
}

static bool is_undone(uint32_t times)
{
    return pair.hosts[SPOKE].events[AVPN_EVENT_UNDONE] == times;
}

START_TEST(what_cuts_off_is_undone_and_tried_again_ever_later)
{
    static const int waits[] = {10, 20, 40, 80, 160, 320, 640, 1280, 1440, 1440}; /* minutes */
    avpn_span left;

    start(60);
    publish_cut();
    ck_assert_int_eq(give(), AVPN_OK);
    for (uint32_t i = 0; i < HARNESS_COUNT(waits); i++) {
        ck_assert_uint_eq(version_in_force(), 2);
        ck_assert_uint_eq(status_of_spoke().undone_version, 0);
        ck_assert(!pair_is_up(&pair, SPOKE, HUB));
        pair_run(&pair, 118 * AVPN_SECOND);
        ck_assert(is_undone(i));
        pair_run(&pair, 4 * AVPN_SECOND);
        ck_assert(is_undone(i + 1));
        ck_assert_uint_eq(pair.hosts[SPOKE].last_event[AVPN_EVENT_UNDONE].version, 2);
        ck_assert_uint_eq(version_in_force(), 1);
        ck_assert_uint_eq(status_of_spoke().undone_version, 2);
        pair_run(&pair, 10 * AVPN_SECOND);
        ck_assert(pair_is_up(&pair, SPOKE, HUB)); /* it is as it was */
        if (i == 0)
            pair_run(&pair, waits[i] * MINUTE - 15 * AVPN_SECOND);
        ck_assert_uint_eq(version_in_force(), 1);
        left = spoke()->configure.timer.when - pair.now;
        ck_assert_int_le(left, (waits[i] + 1) * MINUTE);
        ck_assert_int_ge(left, i == 0 ? AVPN_SECOND : (waits[i] - 1) * MINUTE);
        if (i > 0) /* days need not be waited for */
            avpni_timer_set(&spoke()->context.timers, &spoke()->configure.timer, pair.now);
        while (version_in_force() == 1)
            pair_run(&pair, AVPN_SECOND / 2);
    }
    pair_end(&pair);
}
END_TEST

START_TEST(a_higher_one_is_taken_at_once_and_the_undone_forgotten)
{
    start(61);
    publish_cut();
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, 130 * AVPN_SECOND);
    ck_assert(is_undone(1));
    ck_assert_int_eq(give(), AVPN_ERROR_VERSION); /* that one was taken before */
    pair_publish(&pair);
    ck_assert_int_eq(give(), AVPN_OK);
    ck_assert_uint_eq(version_in_force(), 3);
    ck_assert_uint_eq(status_of_spoke().undone_version, 0);
    pair_run(&pair, 15 * MINUTE);
    ck_assert_uint_eq(version_in_force(), 3);
    ck_assert(is_undone(1));
    pair_end(&pair);
}
END_TEST

/* The second of two in a row cuts off as well: back to the one under which the node was connected. */
START_TEST(what_was_on_trial_itself_is_not_gone_back_to)
{
    start(62);
    publish_cut();
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, 60 * AVPN_SECOND);
    publish_cut();
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, 110 * AVPN_SECOND);
    ck_assert_uint_eq(version_in_force(), 3);
    pair_run(&pair, 15 * AVPN_SECOND);
    ck_assert_uint_eq(version_in_force(), 1);
    ck_assert_uint_eq(status_of_spoke().undone_version, 3);
    pair_end(&pair);
}
END_TEST

static bool is_network_down;

static bool lose_all(struct pair *world, struct pair_datagram *d)
{
    (void)world;
    (void)d;
    return !is_network_down;
}

/* After two minutes of connection a network that fails is not the configuration's fault. */
START_TEST(what_stood_its_trial_is_never_undone)
{
    start(63);
    is_network_down = false;
    pair.filter = lose_all;
    pair_publish(&pair);
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, 125 * AVPN_SECOND);
    is_network_down = true;
    pair_run(&pair, 6 * MINUTE);
    ck_assert(is_undone(0));
    restart(); /* nor after a restart */
    pair_run(&pair, 6 * MINUTE);
    ck_assert(is_undone(0));
    ck_assert_uint_eq(version_in_force(), 2);
    pair_end(&pair);
}
END_TEST

/* One that leaves a registration, or a tunnel, does not cut off. */
START_TEST(one_of_both_is_enough)
{
    start(64);
    if (_i == 0)
        pair.sites[SPOKE].hubs[0] = OTHER + 1;
    else
        pair.uses_names = true;
    pair_publish(&pair);
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, 10 * MINUTE);
    ck_assert(is_undone(0));
    pair_end(&pair);
}
END_TEST

START_TEST(undoing_can_be_had_sooner_or_never)
{
    start(65);
    pair_close(&pair, SPOKE);
    pair.undo_after = _i == 0 ? 20 * AVPN_SECOND : -1;
    restart();
    pair_run(&pair, 5 * AVPN_SECOND);
    publish_cut();
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, 22 * AVPN_SECOND);
    ck_assert(is_undone(_i == 0 ? 1 : 0));
    pair_run(&pair, 5 * MINUTE);
    ck_assert(is_undone(_i == 0 ? 1 : 0));
    pair_end(&pair);
}
END_TEST

START_TEST(who_was_not_connected_has_nothing_to_go_back_to)
{
    begin(66);
    pair_publish(&pair);
    ck_assert_int_eq(pair_open(&pair, SPOKE), AVPN_OK);
    ck_assert_int_eq(pair_uplink(&pair, SPOKE, 0, true), AVPN_OK);
    publish_cut();
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, 10 * MINUTE);
    ck_assert(is_undone(0));
    ck_assert_uint_eq(version_in_force(), 2);
    pair_end(&pair);
}
END_TEST

START_TEST(a_revocation_is_not_undone)
{
    start(67);
    pair.sites[SPOKE].is_revoked = true;
    pair_publish(&pair);
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, 6 * MINUTE);
    ck_assert(is_undone(0));
    ck_assert_uint_eq(status_of_spoke().is_revoked, 1);
    restart();
    pair_run(&pair, 6 * MINUTE);
    ck_assert_uint_eq(status_of_spoke().is_revoked, 1);
    pair_end(&pair);
}
END_TEST

/* An administrator who finds the site dead turns it off and on again: it helps. */
START_TEST(a_trial_survives_a_restart)
{
    start(68);
    publish_cut();
    ck_assert_int_eq(give(), AVPN_OK);
    pair_run(&pair, _i == 0 ? 30 * AVPN_SECOND : 200 * AVPN_SECOND); /* on trial, or undone */
    restart();
    ck_assert_uint_eq(version_in_force(), 2); /* the newer is tried again */
    pair_run(&pair, 100 * AVPN_SECOND);
    ck_assert_uint_eq(version_in_force(), 2);
    pair_run(&pair, 25 * AVPN_SECOND);
    ck_assert_uint_eq(version_in_force(), 1);
    ck_assert_uint_eq(status_of_spoke().undone_version, 2);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, SPOKE, HUB));
    pair_end(&pair);
}
END_TEST

/* Where the mark of a trial is torn or lost, the newer one stands: as if it had passed. */
START_TEST(a_lost_mark_costs_only_the_undoing)
{
    start(69);
    publish_cut();
    ck_assert_int_eq(give(), AVPN_OK);
    pair_stored(&pair, SPOKE, "configuration-trial")->count = 3;
    restart();
    pair_run(&pair, 10 * MINUTE);
    ck_assert_uint_eq(version_in_force(), 2);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_version_may_follow_another, HARNESS_COUNT(successions)),
    HARNESS_CASE(of_a_bundle_the_own_slice_is_kept),
    HARNESS_LOOP(the_slice_of_another_is_not_taken, 2),
    HARNESS_CASE(a_slice_that_withholds_a_peer_is_not_taken),
    HARNESS_LOOP(no_clock_locks_a_node_out_or_in, HARNESS_COUNT(clocks)),
    HARNESS_LOOP(of_two_stored_the_other_survives, HARNESS_COUNT(damages)),
    HARNESS_CASE(it_does_not_matter_which_place_is_which),
    HARNESS_CASE(the_older_place_is_written_whatever_fails),
    HARNESS_CASE(no_number_of_failed_writes_costs_the_last_good_one),
    HARNESS_CASE(a_bundle_older_than_what_is_stored_is_no_news),
    HARNESS_CASE(what_cuts_off_is_undone_and_tried_again_ever_later),
    HARNESS_CASE(a_higher_one_is_taken_at_once_and_the_undone_forgotten),
    HARNESS_CASE(what_was_on_trial_itself_is_not_gone_back_to),
    HARNESS_CASE(what_stood_its_trial_is_never_undone),
    HARNESS_LOOP(one_of_both_is_enough, 2),
    HARNESS_LOOP(undoing_can_be_had_sooner_or_never, 2),
    HARNESS_CASE(who_was_not_connected_has_nothing_to_go_back_to),
    HARNESS_CASE(a_revocation_is_not_undone),
    HARNESS_LOOP(a_trial_survives_a_restart, 2),
    HARNESS_CASE(a_lost_mark_costs_only_the_undoing),
};
HARNESS_MAIN("node/configure", cases)
