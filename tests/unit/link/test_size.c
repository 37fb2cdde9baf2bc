/* SPDX-License-Identifier: ISC */
/* Size requests and responses on a path [MTU-2] to [MTU-4]; the machine behind them: test_mtu.c. */
#include "two.h"

static uint32_t passes;              /* from node 0 to node 1 */
static uint32_t size_requests;       /* of node 0 */
static uint32_t largest;             /* of them */
static struct pair_datagram answer;  /* the newest size response to node 0 */
static bool catches_answers;

static struct avpni_probe opened(const struct pair_datagram *d)
{
    struct avpni_probe probe = {0};

    if (d->from < 2 && pair.hosts[1 - d->from].node != NULL && kind_of(d) == AVPNI_KIND_PROBE)
        ck_assert(avpni_probe_open(peer_of(1 - d->from), d->data, d->bytes, &probe));
    return probe;
}

/* Loses what is too large. Whatever happens, only a proved contact is sent more than it sent [MTU-2]. */
static bool watch(struct pair *world, struct pair_datagram *d)
{
    struct avpni_probe probe = opened(d);

    (void)world;
    if (probe.kind == AVPNI_PROBE_SIZE_REQUEST) {
        ck_assert(avpni_path_is_alive(path_of(d->from)));
        ck_assert(avpni_contact_is_equal(&d->remote, &path_of(d->from)->contact));
        ck_assert_uint_eq(d->bytes, probe.size);
    } else if (probe.kind != 0) {
        ck_assert_uint_eq(d->bytes, AVPNI_PROBE_BYTES);
    }
    if (probe.kind == AVPNI_PROBE_SIZE_REQUEST && d->from == 0) {
        size_requests++;
        largest = d->bytes > largest ? d->bytes : largest;
    }
    if (probe.kind == AVPNI_PROBE_SIZE_RESPONSE && d->from == 1) {
        answer = *d;
        if (catches_answers)
            return false;
    }
    return d->from != 0 || d->bytes <= passes;
}

static void start(uint64_t seed, uint32_t size)
{
    passes = size;
    size_requests = largest = 0;
    catches_answers = false;
    begin_two(seed);
    pair.filter = watch;
    pair_start(&pair);
}

static struct avpn_path_status path_status(void)
{
    struct avpn_path_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_node_path_at(pair.hosts[0].node, 2, 0, &status), AVPN_OK);
    return status;
}

static struct avpn_peer_status peer_status(void)
{
    struct avpn_peer_status status = {.size = sizeof status};

    ck_assert_int_eq(avpn_node_peer(pair.hosts[0].node, 2, &status), AVPN_OK);
    return status;
}

START_TEST(a_path_as_wide_as_its_link_is_measured_when_it_comes_up)
{
    const struct avpn_event *event = &pair.hosts[0].last_event[AVPN_EVENT_MTU];

    start(1, 2000);
    pair_run(&pair, 2 * AVPN_SECOND);
    ck_assert_uint_eq(path_status().mtu_bytes, 1472);
    ck_assert_uint_eq(path_status().mtu_state, AVPN_MTU_DONE);
    ck_assert_uint_eq(peer_status().mtu_bytes, avpn_inner_bytes(1472));
    ck_assert_uint_eq(size_requests, 2);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_MTU], 1); /* [MTU-4] */
    ck_assert_uint_eq(event->metric, 1472);
    ck_assert_uint_eq(event->state, AVPN_MTU_DONE);
    ck_assert_uint_eq(event->peer, 2);
    ck_assert_uint_eq(event->uplink, 0);
    ck_assert_uint_eq(event->remote_uplink, 0);
    ck_assert(avpni_contact_is_equal(&event->contact, &pair.hosts[1].contacts[0]));
    pair_end(&pair);
}
END_TEST

START_TEST(each_direction_has_its_own_size)
{
    start(2, 1300);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_uint_gt(path_status().mtu_bytes, 1300 - 8);
    ck_assert_uint_le(path_status().mtu_bytes, 1300);
    ck_assert_uint_eq(path_of(1)->mtu.size, 1472);
    pair_end(&pair);
}
END_TEST

START_TEST(over_ipv6_the_headers_take_more)
{
    struct pair_site sites[2];

    memcpy(sites, two_sites, sizeof sites);
    sites[0].manual = "[2001:db8::1]:40000"; /* the registry is in the other family */
    pair_begin(&pair, sites, 2, 1, 3);
    passes = 2000;
    pair.hosts[0].contacts[0] = pair_contact("[2001:db8::1]:40000");
    pair.hosts[1].contacts[0] = pair_contact("[2001:db8::2]:40000");
    pair.filter = watch;
    pair_start(&pair);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_ptr_nonnull(path_of(0));
    ck_assert_uint_eq(path_of(0)->contact.family, AVPN_FAMILY_IPV6);
    ck_assert_uint_eq(path_status().mtu_bytes, 1452);
    pair_end(&pair);
}
END_TEST

static void set_link(uint32_t mtu_bytes, int32_t result)
{
    struct avpn_uplink state = {.size = sizeof state, .is_up = 1, .mtu_bytes = mtu_bytes,
                                .local = pair.hosts[0].contacts[0]};

    ck_assert_int_eq(avpn_node_set_uplink(pair.hosts[0].node, 0, &state, pair.now), result);
}

START_TEST(a_link_that_changes_is_noticed_within_a_second)
{
    start(4, 2048);
    pair_run(&pair, 5 * AVPN_SECOND);
    set_link(1800, AVPN_OK);
    pair_run(&pair, 1100 * AVPN_MILLISECOND);
    ck_assert_uint_eq(path_status().mtu_bytes, 1772);
    set_link(1280, AVPN_OK);
    pair_run(&pair, 1100 * AVPN_MILLISECOND);
    ck_assert_uint_eq(path_status().mtu_bytes, 1252);
    largest = 0;
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_uint_eq(largest, 1252);
    set_link(1000, AVPN_OK);
    pair_run(&pair, 1100 * AVPN_MILLISECOND);
    ck_assert_uint_eq(path_status().mtu_state, AVPN_MTU_BELOW);
    ck_assert_uint_eq(peer_status().mtu_bytes, avpn_inner_bytes(1200));
    set_link(0, AVPN_OK);
    pair_run(&pair, 1100 * AVPN_MILLISECOND);
    ck_assert_uint_eq(path_status().mtu_bytes, 1472);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_PATH], 1); /* and nothing else happened */
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_TUNNEL], 1);
    pair_end(&pair);
}
END_TEST

START_TEST(no_link_has_such_an_mtu)
{
    static const uint32_t bad[] = {1, 28, 575, 65576, UINT32_MAX}, good[] = {0, 576, 1500, 65575};

    start(5, 0);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        set_link(1400, AVPN_OK);
        set_link(bad[i], AVPN_ERROR_ARGUMENT);
        ck_assert_uint_eq(pair.hosts[0].node->context.uplinks[0].mtu_bytes, 1400);
    }
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        set_link(good[i], AVPN_OK);
        ck_assert_uint_eq(pair.hosts[0].node->context.uplinks[0].mtu_bytes,
                          good[i] != 0 ? good[i] : 1500);
    }
    pair_end(&pair);
}
END_TEST

START_TEST(a_path_that_is_not_alive_has_no_size)
{
    start(6, 2000);
    pair_run(&pair, 5 * AVPN_SECOND);
    if (_i == 0) {
        passes = 0;
        pair_run(&pair, 4 * AVPN_SECOND);
    } else {
        ck_assert_int_eq(pair_uplink(&pair, 0, 0, false), AVPN_OK);
    }
    size_requests = 0;
    ck_assert_uint_eq(path_status().mtu_bytes, 0);
    ck_assert_uint_eq(path_status().mtu_state, AVPN_MTU_NONE);
    ck_assert_uint_eq(peer_status().mtu_bytes, 0);
    pair_run(&pair, 30 * AVPN_SECOND);
    ck_assert_uint_eq(size_requests, 0);
    passes = 2000;
    if (_i == 1)
        ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert_uint_eq(path_status().mtu_bytes, 1472);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_MTU], 1); /* the same as before: no news */
    pair_end(&pair);
}
END_TEST

START_TEST(another_contact_is_measured_anew)
{
    start(7, 2000);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair.hosts[1].contacts[0] = pair_contact("192.0.2.50:5050");
    passes = 1400;
    while (pair.hosts[0].events[AVPN_EVENT_ROAM] == 0)
        pair_run(&pair, AVPN_MILLISECOND);
    ck_assert_uint_eq(path_status().mtu_bytes, 1200);
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert_uint_gt(path_status().mtu_bytes, 1400 - 8);
    ck_assert_uint_le(path_status().mtu_bytes, 1400);
    pair_end(&pair);
}
END_TEST

/* The path's size request is answered, but the answer is in our hands. */
static void catch_answer(uint64_t seed)
{
    start(seed, 2000);
    catches_answers = true;
    memset(&answer, 0, sizeof answer);
    for (int i = 0; i < 5000 && answer.bytes == 0; i++)
        pair_run(&pair, AVPN_MILLISECOND);
    ck_assert_uint_eq(answer.bytes, AVPNI_PROBE_BYTES); /* [MTU-2] */
    ck_assert_uint_eq(path_of(0)->mtu.asked, 1200);
}

static void expect_dropped(const struct avpn_contact *source, const struct pair_datagram *d)
{
    uint64_t before = pair_counter(&pair, 0, AVPN_DROP_TRANSACTION);
    struct avpni_path path = *path_of(0);

    pair_receive(&pair, 0, 0, source, d->data, d->bytes);
    ck_assert_uint_eq(pair_counter(&pair, 0, AVPN_DROP_TRANSACTION), before + 1);
    ck_assert_mem_eq(&path, path_of(0), sizeof path);
}

START_TEST(a_size_response_counts_once_and_only_from_the_proved_contact) /* [MTU-3] */
{
    struct avpn_contact elsewhere = pair_contact("192.0.2.1:1234");

    catch_answer(8);
    expect_dropped(&elsewhere, &answer);
    pair_receive(&pair, 0, 0, &answer.source, answer.data, answer.bytes);
    ck_assert_uint_eq(path_of(0)->mtu.state, AVPN_MTU_SEARCHING);
    expect_dropped(&answer.source, &answer);
    pair_end(&pair);
}
END_TEST

START_TEST(a_size_response_is_too_late_after_three_seconds)
{
    struct pair_datagram caught;

    catch_answer(9);
    caught = answer;
    pair_run(&pair, 3 * AVPN_SECOND);
    expect_dropped(&caught.source, &caught);
    pair_end(&pair);
}
END_TEST

/* Node 1, which knows all keys, answers otherwise than it was asked. */
static struct pair_datagram forge(struct avpni_probe request)
{
    struct pair_datagram kept = answer, forged;

    ck_assert(avpni_probe_respond(peer_of(1), 0, &pair.hosts[0].contacts[0], &request));
    pair.hosts[1].last_run.bytes = 0;
    avpni_outbox_flush(&pair.hosts[1].node->context.outbox);
    pair.wire_last -= request.kind == AVPNI_PROBE_REQUEST; /* a size response was caught */
    forged = request.kind == AVPNI_PROBE_REQUEST ? pair.wire[pair.wire_last % PAIR_WIRE] : answer;
    answer = kept;
    return forged;
}

START_TEST(neither_kind_of_answer_stands_for_the_other) /* [PRB-3], [MTU-3] */
{
    struct avpni_probe asked, probe = {0};
    struct pair_datagram forged;

    catch_answer(10);
    asked = opened(&answer);
    ck_assert_uint_eq(asked.size, 1200);

    /* To the size request comes a plain response, or one of another size. */
    probe.transaction = asked.transaction;
    probe.kind = AVPNI_PROBE_REQUEST;
    forged = forge(probe);
    ck_assert_uint_eq(opened(&forged).kind, AVPNI_PROBE_RESPONSE);
    expect_dropped(&answer.source, &forged);
    probe.kind = AVPNI_PROBE_SIZE_REQUEST;
    probe.size = 1472;
    forged = forge(probe);
    expect_dropped(&answer.source, &forged);

    /* To a plain request comes a size response. */
    ck_assert(avpni_probe_request(peer_of(0), 0, 0, &pair.hosts[1].contacts[0], pair.now));
    avpni_outbox_flush(&pair.hosts[0].node->context.outbox);
    probe = opened(&pair.wire[--pair.wire_last % PAIR_WIRE]);
    ck_assert_uint_eq(probe.kind, AVPNI_PROBE_REQUEST);
    probe.kind = AVPNI_PROBE_SIZE_REQUEST;
    probe.size = 1200;
    forged = forge(probe);
    expect_dropped(&answer.source, &forged);
    probe.kind = AVPNI_PROBE_REQUEST; /* it was a good transaction */
    probe.size = 0;
    forged = forge(probe);
    pair_receive(&pair, 0, 0, &answer.source, forged.data, forged.bytes);
    ck_assert_int_eq(path_of(0)->answered_at, pair.now);
    pair_end(&pair);
}
END_TEST

/* The MAC holds for the contact that was asked; that it is the one of this path is for the path to say. */
START_TEST(a_size_response_for_another_contact_does_not_count)
{
    const struct avpn_contact *other = &pair.hosts[1].contacts[1];
    struct pair_datagram forged;
    struct avpni_probe probe;

    catch_answer(14);
    path_of(0)->mtu.asked = 1300; /* so that the other request is told from the path's own */
    pair.filter = NULL;
    ck_assert(avpni_probe_request_size(peer_of(0), 0, 1, other, 1300, pair.now));
    avpni_outbox_flush(&pair.hosts[0].node->context.outbox);
    probe = opened(&pair.wire[--pair.wire_last % PAIR_WIRE]);
    pair.filter = watch;
    forged = forge(probe); /* says that it comes from uplink 0 */
    ck_assert_uint_eq(opened(&forged).uplink, 0);
    expect_dropped(other, &forged);
    pair_end(&pair);
}
END_TEST

/* A size request proves nothing and provokes nothing but its answer, wherever it comes from. */
START_TEST(a_size_request_from_anywhere_gets_less_than_it_brings)
{
    struct avpn_contact elsewhere = pair_contact("192.0.2.1:1234");
    struct pair_datagram asked;
    struct avpni_path path;
    uint64_t before;

    start(11, 2000);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(avpni_probe_request_size(peer_of(0), 0, 0, &pair.hosts[1].contacts[0], 1300, pair.now));
    avpni_outbox_flush(&pair.hosts[0].node->context.outbox);
    asked = pair.wire[--pair.wire_last % PAIR_WIRE];
    ck_assert_uint_eq(asked.bytes, 1300);
    path = *path_of(1);
    for (int i = 0; i < 50; i++) {
        before = pair.hosts[1].transmitted;
        pair_receive(&pair, 1, 0, &elsewhere, asked.data, asked.bytes);
        ck_assert_uint_eq(pair.hosts[1].transmitted, before + 1);
        ck_assert_uint_eq(answer.bytes, AVPNI_PROBE_BYTES);
        ck_assert(avpni_contact_is_equal(&answer.remote, &elsewhere));
        ck_assert_mem_eq(&path, path_of(1), sizeof path);
    }
    pair_end(&pair);
}
END_TEST

/* Large datagrams, seen by nobody: within the bound of [MTU-5] they are large no more. */
START_TEST(a_black_hole_ends_in_time)
{
    avpn_time begun;

    start(12, 2000);
    pair_run(&pair, (17000 + 190 * _i) * AVPN_MILLISECOND);
    passes = 1300;
    begun = pair.now;
    while (path_of(0)->mtu.size > 1300) {
        avpni_mtu_note_sent(&path_of(0)->mtu, 1472);
        pair_run(&pair, 10 * AVPN_MILLISECOND);
        ck_assert_int_lt(pair.now - begun, 3550 * AVPN_MILLISECOND);
    }
    pair_run(&pair, 12 * AVPN_SECOND);
    ck_assert_uint_gt(path_status().mtu_bytes, 1300 - 8);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_MTU], 2);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_PATH], 1); /* the path never was in doubt */
    pair_end(&pair);
}
END_TEST

/* The plain probe that shows that it is the size goes along, where the usual ones would come too late [MTU-3]. */
START_TEST(three_tries_are_enough_whenever_plain_probes_go_out)
{
    avpn_time asked;

    start(15, 2000);
    pair_run(&pair, 17 * AVPN_SECOND);
    avpni_mtu_note_sent(&path_of(0)->mtu, 1472);
    asked = path_of(0)->mtu.due_at;
    pair_run(&pair, asked - 5 * AVPN_MILLISECOND - pair.now);
    avpni_path_probe(path_of(0), pair.now); /* the next one is due just before the third try */
    avpni_node_flush(pair.hosts[0].node, pair.now);
    passes = 1300;
    pair_run(&pair, asked + 1501 * AVPN_MILLISECOND - pair.now);
    ck_assert_uint_eq(path_of(0)->mtu.size, 1200);
    pair_end(&pair);
}
END_TEST

/* Between a loss of everything and one of large datagrams the plain probes tell. */
START_TEST(an_outage_that_the_path_survives_does_not_cost_its_size)
{
    start(13, 2000);
    pair_run(&pair, 5 * AVPN_SECOND);
    for (uint32_t i = 0; i < 40; i++) {
        avpni_mtu_note_sent(&path_of(0)->mtu, 1472);
        pair_run(&pair, (3000 + 130 * i) * AVPN_MILLISECOND);
        avpni_mtu_note_sent(&path_of(0)->mtu, 1472);
        for (uint32_t k = 0; k < 480; k++) {
            passes = k < 180 ? 0 : 2000;
            pair_run(&pair, 10 * AVPN_MILLISECOND);
            ck_assert_uint_eq(path_of(0)->mtu.size, 1472);
        }
    }
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_PATH], 1);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_path_as_wide_as_its_link_is_measured_when_it_comes_up),
    HARNESS_CASE(each_direction_has_its_own_size),
    HARNESS_CASE(over_ipv6_the_headers_take_more),
    HARNESS_CASE(a_link_that_changes_is_noticed_within_a_second),
    HARNESS_CASE(no_link_has_such_an_mtu),
    HARNESS_LOOP(a_path_that_is_not_alive_has_no_size, 2),
    HARNESS_CASE(another_contact_is_measured_anew),
    HARNESS_CASE(a_size_response_counts_once_and_only_from_the_proved_contact),
    HARNESS_CASE(a_size_response_is_too_late_after_three_seconds),
    HARNESS_CASE(neither_kind_of_answer_stands_for_the_other),
    HARNESS_CASE(a_size_response_for_another_contact_does_not_count),
    HARNESS_CASE(a_size_request_from_anywhere_gets_less_than_it_brings),
    HARNESS_LOOP(a_black_hole_ends_in_time, 20),
    HARNESS_CASE(three_tries_are_enough_whenever_plain_probes_go_out),
    HARNESS_CASE(an_outage_that_the_path_survives_does_not_cost_its_size),
};
HARNESS_MAIN("link/size", cases)
