/* SPDX-License-Identifier: ISC */
/* Nodes whose packets a data plane of the host's own carries: sa.h, link/handover.h. */
#include "base/address.h"
#include "harness.h"
#include "link/path.h"
#include "node/strict.h"
#include "wire/message.h"
#include <string.h>

static const struct pair_site two[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.2.0.0/16"}},
};

static struct pair pair;
static struct strict planes[2];
static uint32_t first, second; /* who initiates [HS-8], who does not */
static uint32_t confirmations_to_lose;

/* Who may send under a session has the receiver for it there: before the message leaves that says so. */
static bool watch(struct pair *world, struct pair_datagram *d)
{
    enum avpni_kind kind = avpni_message_kind(d->data, d->bytes);

    (void)world;
    if (d->from < 2 && pair.hosts[d->from].plane != NULL &&
        ((kind == AVPNI_KIND_RESPONSE && d->bytes == AVPNI_RESPONSE_NODE_BYTES) ||
         kind == AVPNI_KIND_CONFIRMATION)) {
        struct strict *strict = &planes[d->from];

        ck_assert_msg(strict->counts[AVPN_SA_INSTALL] > 0, "the peer may send, and nobody listens");
        ck_assert(!strict->last[AVPN_SA_INSTALL].is_sender || kind == AVPNI_KIND_CONFIRMATION);
    }
    if (kind == AVPNI_KIND_CONFIRMATION && confirmations_to_lose > 0) {
        confirmations_to_lose--;
        return false;
    }
    return true;
}

/* `who`: bit per node that has a data plane of its own. */
static void begin(uint32_t who, uint64_t seed)
{
    confirmations_to_lose = 0;
    pair_begin(&pair, two, 2, 1, seed);
    first = pair_initiator(&pair, 0, 1);
    second = 1 - first;
    for (uint32_t i = 0; i < 2; i++)
        if (who >> i & 1)
            strict_begin(&planes[i], &pair.hosts[i]);
    pair.filter = watch;
    pair_start(&pair);
}

static void begin_up(uint32_t who, uint64_t seed)
{
    begin(who, seed);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1) && pair_is_up(&pair, 1, 0));
}

static void say(uint32_t from)
{
    pair_send(&pair, from, from == 0 ? "10.1.0.1" : "10.2.0.1", from == 0 ? "10.2.0.1" : "10.1.0.1",
              1, 100, 100);
}

/* Packets both ways; none is lost. */
static void talk(avpn_span span)
{
    uint64_t before[2] = {pair.hosts[0].delivered, pair.hosts[1].delivered}, sent = 0;

    for (avpn_time end = pair.now + span; pair.now < end; sent++) {
        say(0);
        say(1);
        pair_run(&pair, 100 * AVPN_MILLISECOND);
    }
    for (int i = 0; i < 2; i++)
        ck_assert_uint_eq(pair.hosts[i].delivered - before[i], sent);
}

static void end(void)
{
    pair_end(&pair);
    for (uint32_t i = 0; i < 2; i++)
        if (pair.hosts[i].plane != NULL)
            ck_assert_uint_eq(strict_count(&planes[i], 2), 0); /* the node took all back */
}

START_TEST(packets_pass_whoever_carries_them)
{
    struct avpn_peer_status status = {.size = sizeof status};

    begin_up((uint32_t)_i + 1, 60);
    talk(5 * AVPN_SECOND);
    for (uint32_t i = 0; i < 2; i++) {
        pair_run(&pair, AVPN_SECOND);
        ck_assert_int_eq(avpn_node_peer(pair.hosts[i].node, 2 - i, &status), AVPN_OK);
        ck_assert_uint_eq(status.sent_packets, 50); /* by report, or by itself */
        ck_assert_uint_eq(status.received_packets, 50);
        ck_assert_uint_eq(status.received_bytes, 5000);
        if (pair.hosts[i].plane == NULL)
            continue;
        ck_assert_uint_eq(strict_count(&planes[i], 0), 1);
        ck_assert_uint_eq(strict_count(&planes[i], 1), 1);
        ck_assert_uint_eq(strict_selected(&planes[i], 2 - i)->change.inner_bytes,
                          status.mtu_bytes);
        ck_assert_uint_eq(planes[i].refused + planes[i].unopened, 0);
    }
    end();
}
END_TEST

START_TEST(sessions_follow_each_other_without_a_loss)
{
    begin_up((uint32_t)_i + 1, 61);
    talk(1300 * AVPN_SECOND);
    for (uint32_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(pair.hosts[i].events[AVPN_EVENT_TUNNEL], 1);
        if (pair.hosts[i].plane == NULL)
            continue;
        ck_assert_uint_ge(planes[i].counts[AVPN_SA_INSTALL], 6); /* three sessions */
        ck_assert_uint_eq(strict_count(&planes[i], 1), 1);       /* senders of old ones are gone */
        ck_assert_uint_le(strict_count(&planes[i], 0), 2);
        ck_assert_uint_eq(planes[i].counts[AVPN_SA_DESELECT], 0);
    }
    end();
}
END_TEST

/* Three in a row, with and without traffic: one is passed over while the one before it is still opened. */
START_TEST(new_keys_come_when_they_are_asked_for)
{
    uint32_t who = (uint32_t)_i % 2;
    uint32_t installed;

    begin_up(3, 62);
    for (int round = 0; round < 3; round++) {
        installed = planes[who].counts[AVPN_SA_INSTALL];
        ck_assert_int_eq(avpn_node_rekey(pair.hosts[who].node, 2 - who, pair.now), AVPN_OK);
        if (_i < 2)
            talk(4 * AVPN_SECOND);
        else
            pair_run(&pair, 4 * AVPN_SECOND);
        ck_assert_uint_eq(planes[who].counts[AVPN_SA_INSTALL], installed + 2);
    }
    talk(40 * AVPN_SECOND);
    ck_assert_uint_eq(strict_count(&planes[who], 0), 1);
    for (int i = 0; i < 2; i++) /* the next one is selected while the last one is still there */
        ck_assert_uint_eq(planes[i].counts[AVPN_SA_DESELECT], 0);
    end();
}
END_TEST

START_TEST(a_report_of_many_packets_brings_new_keys)
{
    struct avpn_sa_report report;
    uint32_t who = (uint32_t)_i, installed;

    begin_up(3, 63);
    installed = planes[who].counts[AVPN_SA_INSTALL];
    report = strict_selected(&planes[who], 2 - who)->report;
    report.sequence = (UINT64_C(1) << 32) - 1;
    ck_assert_int_eq(avpn_node_report_sa(pair.hosts[who].node, &report, pair.now), AVPN_OK);
    talk(4 * AVPN_SECOND);
    ck_assert_uint_eq(planes[who].counts[AVPN_SA_INSTALL], installed);
    report = strict_selected(&planes[who], 2 - who)->report;
    report.sequence = UINT64_C(1) << 32; /* [ESP-6] */
    ck_assert_int_eq(avpn_node_report_sa(pair.hosts[who].node, &report, pair.now), AVPN_OK);
    talk(4 * AVPN_SECOND);
    ck_assert_uint_eq(planes[who].counts[AVPN_SA_INSTALL], installed + 2);
    end();
}
END_TEST

/* No confirmation arrives; what the data plane opened says as much. */
START_TEST(a_report_of_packets_confirms_a_session)
{
    begin(3, 64);
    confirmations_to_lose = UINT32_MAX;
    pair_run(&pair, 1500 * AVPN_MILLISECOND);
    ck_assert(pair_is_up(&pair, first, second));
    ck_assert(!pair_is_up(&pair, second, first));
    ck_assert_uint_eq(strict_count(&planes[second], 1), 0); /* a sender that must not be used yet */
    ck_assert_uint_ge(strict_count(&planes[second], 0), 1);
    say(first);
    pair_run(&pair, 1100 * AVPN_MILLISECOND);
    ck_assert(pair_is_up(&pair, second, first)); /* [ESP-7] */
    talk(AVPN_SECOND);
    end();
}
END_TEST

/* One end comes from elsewhere; the other learns it by the report of its data plane, or by a probe. */
START_TEST(a_peer_that_moves_is_followed)
{
    uint32_t mover = (uint32_t)_i % 2, other = 1 - mover;
    struct avpn_contact to = pair_contact("203.0.113.77:44444");

    begin_up(3, 65);
    planes[other].is_silent = _i >= 2;
    pair.hosts[mover].contacts[0] = to;
    for (int i = 0; i < 30; i++) {
        say(mover);
        pair_run(&pair, 100 * AVPN_MILLISECOND);
    }
    ck_assert_uint_ge(planes[other].counts[AVPN_SA_MOVE], 2);
    for (uint32_t i = 0; i < STRICT_SAS; i++)
        if (planes[other].sas[i].sa != NULL)
            ck_assert(avpni_contact_is_equal(&planes[other].sas[i].change.remote, &to));
    ck_assert_uint_eq(planes[other].counts[AVPN_SA_INSTALL], 2);
    talk(AVPN_SECOND);
    end();
}
END_TEST

START_TEST(another_own_address_moves_both_directions)
{
    struct avpn_uplink uplink = {.size = sizeof uplink, .is_up = 1};
    uint32_t moves;

    begin_up(3, 66);
    moves = planes[0].counts[AVPN_SA_MOVE];
    uplink.local = pair_contact("192.168.7.7:40000");
    ck_assert_int_eq(avpn_node_set_uplink(pair.hosts[0].node, 0, &uplink, pair.now), AVPN_OK);
    ck_assert_uint_eq(planes[0].counts[AVPN_SA_MOVE], moves + 2);
    for (uint32_t i = 0; i < STRICT_SAS; i++)
        if (planes[0].sas[i].sa != NULL)
            ck_assert(avpni_contact_is_equal(&planes[0].sas[i].change.local, &uplink.local));
    talk(AVPN_SECOND);
    end();
}
END_TEST

START_TEST(another_path_takes_over_and_gives_back)
{
    begin_up(3, 67);
    ck_assert_int_eq(pair_uplink(&pair, 0, 1, true), AVPN_OK);
    pair_run(&pair, 20 * AVPN_SECOND);
    talk(AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, false), AVPN_OK);
    ck_assert_uint_eq(strict_selected(&planes[0], 2)->change.uplink, 1); /* [PTH-1] */
    pair_run(&pair, 5 * AVPN_SECOND);
    talk(AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_uint_eq(strict_selected(&planes[0], 2)->change.uplink, 0); /* [PTH-2] */
    ck_assert_uint_eq(planes[0].counts[AVPN_SA_DESELECT], 0);
    talk(AVPN_SECOND);
    end();
}
END_TEST

START_TEST(without_a_path_none_is_selected_and_none_begins_again)
{
    uint32_t installed;

    begin_up(3, 68);
    talk(AVPN_SECOND);
    installed = planes[0].counts[AVPN_SA_INSTALL];
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, false), AVPN_OK);
    ck_assert_uint_eq(planes[0].counts[AVPN_SA_DESELECT], 1);
    ck_assert_ptr_null(strict_selected(&planes[0], 2));
    ck_assert_uint_eq(planes[0].counts[AVPN_SA_REMOVE], 0); /* numbers go on where they were */
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_uint_eq(planes[0].counts[AVPN_SA_INSTALL], installed);
    talk(AVPN_SECOND);
    end();
}
END_TEST

START_TEST(a_peer_that_is_none_any_more_leaves_no_sa)
{
    begin_up(3, 69);
    talk(AVPN_SECOND);
    pair.sites[1].is_revoked = true;
    pair_publish(&pair);
    pair_configure(&pair);
    ck_assert_uint_eq(strict_count(&planes[0], 2), 0);
    ck_assert_uint_eq(strict_count(&planes[1], 2), 0);
    end();
}
END_TEST

START_TEST(either_side_may_restart)
{
    uint32_t who = (uint32_t)_i;

    begin_up(3, 70);
    talk(AVPN_SECOND);
    pair_close(&pair, who);
    ck_assert_uint_eq(strict_count(&planes[who], 2), 0);
    strict_begin(&planes[who], &pair.hosts[who]);
    ck_assert_int_eq(pair_open(&pair, who), AVPN_OK);
    ck_assert_int_eq(pair_uplink(&pair, who, 0, true), AVPN_OK);
    pair_run(&pair, 6 * AVPN_SECOND);
    talk(AVPN_SECOND);
    end();
}
END_TEST

START_TEST(the_engine_touches_no_packet)
{
    uint8_t esp[64] = {1, 2, 3, 4}, packet[AVPN_HEADROOM + 40 + AVPN_TAILROOM] = {0};
    struct avpn_packets run = {packet + AVPN_HEADROOM, 1, 40, 40, 40};
    uint64_t sent;

    begin_up(1, 71);
    sent = pair.hosts[0].transmitted;
    pair_packet(packet + AVPN_HEADROOM, "10.1.0.1", "10.2.0.1", 40);
    ck_assert_int_eq(avpn_node_send(pair.hosts[0].node, &run, 1, pair.now), AVPN_OK);
    ck_assert_uint_eq(pair_counter(&pair, 0, AVPN_DROP_HANDED_OVER), 1);
    pair_receive(&pair, 0, 0, &pair.hosts[1].contacts[0], esp, sizeof esp);
    ck_assert_uint_eq(pair_counter(&pair, 0, AVPN_DROP_HANDED_OVER), 2);
    ck_assert_uint_eq(pair.hosts[0].transmitted, sent);
    end();
}
END_TEST

static void no_sa(void *user, const struct avpn_sa_change *change)
{
    (void)user;
    (void)change;
}

static void no_datagrams(void *user, const struct avpn_datagrams *batch, size_t count)
{
    (void)user;
    (void)batch;
    (void)count;
}

START_TEST(a_node_that_hands_over_needs_somebody_who_takes)
{
    struct avpn_node_options options = {.size = sizeof options, .hands_over = 1};
    struct avpn_host host = {.size = sizeof host, .transmit = no_datagrams};
    struct avpn_node *node;

    ck_assert_int_eq(avpn_key_pair_generate(&options.identity), AVPN_OK);
    ck_assert_int_eq(avpn_node_new(&options, &host, 0, &node), AVPN_ERROR_ARGUMENT);
    host.sa = no_sa; /* and nobody to deliver to */
    ck_assert_int_eq(avpn_node_new(&options, &host, 0, &node), AVPN_OK);
    avpn_node_del(node);
    options.hands_over = 2;
    ck_assert_int_eq(avpn_node_new(&options, &host, 0, &node), AVPN_ERROR_ARGUMENT);
}
END_TEST

START_TEST(a_report_names_an_sa_that_there_is)
{
    struct avpn_sa_report good, report;
    struct avpn_node *node;

    begin_up(1, 72);
    node = pair.hosts[0].node;
    good = strict_selected(&planes[0], 2)->report;
    ck_assert_int_eq(avpn_node_report_sa(node, &good, pair.now), AVPN_OK);
    for (uint32_t bit = 0; bit < 32; bit++) {
        report = good;
        report.spi ^= 1u << bit;
        ck_assert_int_eq(avpn_node_report_sa(node, &report, pair.now), AVPN_ERROR_NOT_FOUND);
    }
    report = good;
    report.member = 3;
    ck_assert_int_eq(avpn_node_report_sa(node, &report, pair.now), AVPN_ERROR_NOT_FOUND);
    report = good;
    report.is_sender = 0;
    ck_assert_int_eq(avpn_node_report_sa(node, &report, pair.now), AVPN_ERROR_NOT_FOUND);
    report.is_sender = 2;
    ck_assert_int_eq(avpn_node_report_sa(node, &report, pair.now), AVPN_ERROR_ARGUMENT);
    report = good;
    report.source.family = 9;
    ck_assert_int_eq(avpn_node_report_sa(node, &report, pair.now), AVPN_ERROR_ARGUMENT);
    report = good;
    report.size--;
    ck_assert_int_eq(avpn_node_report_sa(node, &report, pair.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_node_report_sa(pair.hosts[1].node, &good, pair.now), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_node_rekey(node, 3, pair.now), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_node_rekey(NULL, 2, pair.now), AVPN_ERROR_ARGUMENT);
    end();
}
END_TEST

START_TEST(memory_that_runs_out_leaves_no_sa_behind)
{
    for (uint64_t fail = 1; fail < 60; fail++) {
        begin(3, 73);
        pair.allocation_fail_at = pair.allocation_calls + fail;
        pair_run(&pair, 5 * AVPN_SECOND);
        pair.allocation_fail_at = 0;
        pair_run(&pair, 20 * AVPN_SECOND);
        talk(AVPN_SECOND);
        end();
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(packets_pass_whoever_carries_them, 3),
    HARNESS_LOOP(sessions_follow_each_other_without_a_loss, 3),
    HARNESS_LOOP(new_keys_come_when_they_are_asked_for, 4),
    HARNESS_LOOP(a_report_of_many_packets_brings_new_keys, 2),
    HARNESS_CASE(a_report_of_packets_confirms_a_session),
    HARNESS_LOOP(a_peer_that_moves_is_followed, 4),
    HARNESS_CASE(another_own_address_moves_both_directions),
    HARNESS_CASE(another_path_takes_over_and_gives_back),
    HARNESS_CASE(without_a_path_none_is_selected_and_none_begins_again),
    HARNESS_CASE(a_peer_that_is_none_any_more_leaves_no_sa),
    HARNESS_LOOP(either_side_may_restart, 2),
    HARNESS_CASE(the_engine_touches_no_packet),
    HARNESS_CASE(a_node_that_hands_over_needs_somebody_who_takes),
    HARNESS_CASE(a_report_names_an_sa_that_there_is),
    HARNESS_CASE(memory_that_runs_out_leaves_no_sa_behind),
};
HARNESS_MAIN("node/handover", cases)
