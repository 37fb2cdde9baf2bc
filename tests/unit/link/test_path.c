/* SPDX-License-Identifier: ISC */
/* The table of doc/protocol.md 7.3, each pair of state and event. */
#include "two.h"

#define RECORDS 4096

static struct {
    avpn_time at;
    struct avpn_contact to;
} records[RECORDS];
static uint32_t record_count;
static bool loses_probes; /* those of node 1 towards node 0 */
static bool loses_direct; /* everything between the two that is not relayed */
static struct pair_datagram request; /* the newest of node 1 */

static bool is_probe(const struct pair_datagram *d)
{
    return kind_of(d) == AVPNI_KIND_PROBE;
}

/* The kind of a probe of one of the two, 0 if it is none, or nobody is there to open it. */
static uint8_t probe_kind(const struct pair_datagram *d)
{
    struct avpni_probe probe;

    if (d->from > 1 || !is_probe(d) || pair.hosts[1 - d->from].node == NULL)
        return 0;
    return avpni_probe_open(peer_of(1 - d->from), d->data, d->bytes, &probe) ? probe.kind : 0;
}

/* Notes what node 0 sends but what has to do with sizes, loses what is to be lost. */
static bool watch(struct pair *world, struct pair_datagram *d)
{
    uint8_t kind = probe_kind(d);

    if (is_probe(d) && kind < AVPNI_PROBE_SIZE_REQUEST && d->from == 0 && record_count < RECORDS) {
        records[record_count].at = world->now;
        records[record_count++].to = d->remote;
    }
    if (d->from == 1 && kind == AVPNI_PROBE_REQUEST)
        request = *d;
    return !(is_probe(d) && loses_probes);
}

static void begin_watch(uint64_t seed, bool loses)
{
    record_count = 0;
    loses_probes = loses;
    loses_direct = false;
    begin_two(seed);
    pair.filter = watch;
    pair_start(&pair);
}

static const avpn_span schedule[] = {0, 200, 600, 1200, 2000, 3000, 4500, 6500, 9000, 12000};

START_TEST(punching_keeps_its_schedule_and_its_cap)
{
    begin_watch(1, true);
    pair_run(&pair, 13 * AVPN_SECOND);
    ck_assert_uint_eq(record_count, 10); /* [PRB-4] */
    ck_assert_uint_eq(path_of(0)->state, AVPN_PATH_PUNCHING);
    for (uint32_t i = 0; i < 10; i++) {
        ck_assert_int_eq(records[i].at - records[0].at, schedule[i] * AVPN_MILLISECOND);
        ck_assert(avpni_contact_is_equal(&records[i].to, &pair.hosts[1].contacts[0]));
    }
    pair_run(&pair, 3 * AVPN_SECOND);
    ck_assert_uint_eq(path_of(0)->state, AVPN_PATH_EMPTY); /* the attempt is over */
    ck_assert_uint_eq(record_count, 10);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_PATH], 0);
    pair_end(&pair);
}
END_TEST

/* What registries tell in the middle of an attempt joins it, and gives nobody more than his share. */
START_TEST(news_joins_an_attempt_within_the_caps)
{
    struct avpni_entry entry = {.member = 2, .flags = AVPNI_ENTRY_CONNECTED};
    uint32_t got[5] = {0};

    begin_watch(16, true);
    for (uint32_t i = 0; i < 5; i++) {
        pair_run(&pair, 3 * AVPN_SECOND);
        entry.observed = pair_contact("192.0.2.9:9000");
        entry.observed.port = (uint16_t)(9000 + i);
        avpni_peer_learn(peer_of(0), 1 + i, &entry, pair.now);
        avpni_node_flush(pair.hosts[0].node, pair.now);
        ck_assert_uint_eq(path_of(0)->state, AVPN_PATH_PUNCHING);
        ck_assert_uint_eq(records[record_count - 1].to.port, 9000 + i); /* at once */
    }
    pair_run(&pair, 15 * AVPN_SECOND);
    ck_assert_uint_eq(path_of(0)->state, AVPN_PATH_EMPTY);
    for (uint32_t i = 0; i < record_count; i++)
        if (records[i].to.port >= 9000 && records[i].to.port < 9005)
            got[records[i].to.port - 9000]++;
    for (uint32_t i = 0; i < 5; i++)
        ck_assert_uint_eq(got[i], 10);
    ck_assert_uint_eq(record_count, 60); /* those and the first contact */
    pair_end(&pair);
}
END_TEST

START_TEST(attempts_back_off_from_15_to_300_seconds)
{
    static const int32_t pauses[] = {15, 30, 60, 120, 240, 300, 300, 300};
    avpn_time begins[9];
    uint32_t attempts = 0;

    begin_watch(2, true);
    pair_run(&pair, 1900 * AVPN_SECOND);
    ck_assert_uint_ge(record_count, 90);
    for (uint32_t i = 0; i < 90; i += 10)
        begins[attempts++] = records[i].at;
    for (uint32_t i = 0; i + 1 < attempts; i++) { /* [PRB-11] */
        avpn_span pause = begins[i + 1] - begins[i] - 15 * AVPN_SECOND; /* an attempt takes 12 + 3 s */

        ck_assert_int_ge(pause, pauses[i] * AVPN_SECOND * 7 / 8);
        ck_assert_int_le(pause, pauses[i] * AVPN_SECOND * 9 / 8);
    }
    loses_probes = false;
    pair_run(&pair, 700 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    ck_assert_uint_eq(path_of(0)->failures, 0);
    pair_end(&pair);
}
END_TEST

START_TEST(a_live_path_is_probed_every_second)
{
    begin_watch(3, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    record_count = 0;
    pair_run(&pair, 60 * AVPN_SECOND);
    /* 60 requests of its own and 60 answers to the other's */
    ck_assert_uint_ge(record_count, 117);
    ck_assert_uint_le(record_count, 123);
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_PATH].state, 1);
    pair_end(&pair);
}
END_TEST

/* Twice after 300 ms, then every 100 ms: 16 in time, so that chance does not lose them all [PRB-9]. */
START_TEST(a_silent_path_is_asked_more_and_more_often_and_dead_after_three_seconds)
{
    avpn_time answered, died;
    double deaths_a_day;
    uint32_t sent;

    begin_watch(4, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    answered = path_of(0)->answered_at;
    while (path_of(0)->answered_at == answered)
        pair_run(&pair, AVPN_MILLISECOND);
    answered = path_of(0)->answered_at;
    loses_probes = true;
    pair_run(&pair, 50 * AVPN_MILLISECOND); /* what was under way arrives */
    record_count = 0;
    while (path_of(0)->state == AVPN_PATH_ALIVE)
        pair_run(&pair, AVPN_MILLISECOND);
    died = pair.now;
    ck_assert_int_ge(died - answered, 3 * AVPN_SECOND); /* [PRB-9] */
    ck_assert_int_le(died - answered, 3 * AVPN_SECOND + AVPN_MILLISECOND);
    ck_assert_uint_eq(path_of(0)->state, AVPN_PATH_PUNCHING); /* at once, last contact included */
    for (sent = 0; sent + 1 < record_count && records[sent + 1].at < died - AVPN_MILLISECOND; sent++)
        ck_assert_int_eq(records[sent + 1].at - records[sent].at,
                         (sent < 2 ? 300 : 100) * AVPN_MILLISECOND);
    /*
     * Dead by chance, then, are at one loss in five each way those of its at most 86,400 silences a day that last this
     * long: with 12 probes one in two days, with 16 one in 145.
     */
    deaths_a_day = 86400;
    for (uint32_t i = 0; i <= sent; i++)
        deaths_a_day *= 1 - 0.8 * 0.8;
    ck_assert_double_lt(deaths_a_day, 0.01);
    ck_assert(!pair_is_up(&pair, 0, 1));
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_PATH].state, 0);
    loses_probes = false;
    pair_run(&pair, 4 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1)); /* the session was still good */
    pair_end(&pair);
}
END_TEST

START_TEST(a_second_and_a_half_of_loss_kills_nothing)
{
    begin_watch(5, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    for (int i = 0; i < 20; i++) {
        loses_probes = true;
        pair_run(&pair, 1500 * AVPN_MILLISECOND);
        loses_probes = false;
        pair_run(&pair, 1500 * AVPN_MILLISECOND);
    }
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_PATH], 1);
    ck_assert_uint_eq(pair.hosts[1].events[AVPN_EVENT_PATH], 1);
    pair_end(&pair);
}
END_TEST

/* One in five datagrams between the two is lost, each way. */
static bool lose_a_fifth(struct pair *world, struct pair_datagram *d)
{
    static uint64_t state = 20;

    return d->from > 1 ||
           avpni_contact_is_equal(&d->remote, &world->hosts[2].contacts[0]) ||
           harness_random(&state) % 5 != 0;
}

START_TEST(chance_does_not_kill_a_path)
{
    begin_watch(17, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair.filter = lose_a_fifth;
    pair_run(&pair, 3 * 3600 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_PATH], 1);
    ck_assert_uint_eq(pair.hosts[1].events[AVPN_EVENT_PATH], 1);
    ck_assert_uint_gt(path_of(0)->probes_sent, path_of(0)->probes_answered * 3 / 2); /* it did lose */
    pair_end(&pair);
}
END_TEST

START_TEST(what_is_heard_while_empty_is_challenged)
{
    struct avpn_contact elsewhere = pair_contact("192.0.2.7:777");

    begin_watch(6, true);
    pair_run(&pair, 17 * AVPN_SECOND);
    ck_assert_uint_eq(path_of(0)->state, AVPN_PATH_EMPTY);
    record_count = 0;
    pair_receive(&pair, 0, 0, &elsewhere, request.data, request.bytes);
    ck_assert_uint_eq(path_of(0)->state, AVPN_PATH_PUNCHING);
    ck_assert_uint_ge(record_count, 2); /* an answer and a challenge, there */
    ck_assert(avpni_contact_is_equal(&records[0].to, &elsewhere));
    ck_assert(avpni_contact_is_equal(&records[1].to, &elsewhere));
    pair_end(&pair);
}
END_TEST

/* Requests replayed from many sources make no more than one answer each and ten requests. */
START_TEST(no_source_gets_more_than_its_cap)
{
    struct avpn_contact sources[20];
    uint32_t received[20] = {0}, got[20] = {0};

    begin_watch(7, true);
    pair_run(&pair, 2 * AVPN_SECOND);
    record_count = 0;
    for (uint32_t i = 0; i < 20; i++) {
        sources[i] = pair_contact("192.0.2.7:777");
        sources[i].port = (uint16_t)(1000 + i);
    }
    for (uint32_t round = 0; round < 50; round++) {
        uint32_t i = round % 20;

        pair_receive(&pair, 0, 0, &sources[i], request.data, request.bytes);
        received[i]++;
        pair_run(&pair, 20 * AVPN_MILLISECOND);
    }
    for (uint32_t i = 0; i < record_count; i++)
        for (uint32_t k = 0; k < 20; k++)
            got[k] += avpni_contact_is_equal(&records[i].to, &sources[k]);
    for (uint32_t k = 0; k < 20; k++)
        ck_assert_uint_le(got[k], received[k] + 10); /* [PRB-4] */
    ck_assert_uint_le(record_count, 50 + 8 * 10);
    ck_assert_uint_le(path_of(0)->candidate_count, AVPNI_CANDIDATES);
    pair_end(&pair);
}
END_TEST

/* ---- roaming [PRB-7] ---------------------------------------------------------------------- */

START_TEST(a_peer_that_moves_is_followed)
{
    struct avpn_contact fresh = pair_contact("192.0.2.50:5050");
    avpn_time moved = 0;

    begin_watch(8, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair.hosts[1].contacts[0] = fresh; /* the NAT in front of it was born again */
    while (!avpni_contact_is_equal(&path_of(0)->contact, &fresh)) {
        pair_run(&pair, 10 * AVPN_MILLISECOND);
        moved += 10 * AVPN_MILLISECOND;
        ck_assert_int_lt(moved, 3 * AVPN_SECOND);
    }
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_ROAM], 1);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_TUNNEL], 1); /* never down */
    say(0);
    pair_run(&pair, 50 * AVPN_MILLISECOND);
    ck_assert_uint_eq(pair.hosts[1].delivered, 1);
    pair_end(&pair);
}
END_TEST

START_TEST(packets_of_a_peer_that_moves_are_enough)
{
    struct avpn_contact fresh = pair_contact("192.0.2.50:5050");

    begin_watch(9, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair.hosts[1].contacts[0] = fresh;
    say(1); /* [PRB-8] */
    pair_run(&pair, 6 * AVPN_MILLISECOND);
    ck_assert(path_of(0)->is_challenging);
    ck_assert(avpni_contact_is_equal(&path_of(0)->challenged, &fresh));
    ck_assert(!avpni_contact_is_equal(&path_of(0)->contact, &fresh)); /* not on a packet's word */
    pair_run(&pair, 650 * AVPN_MILLISECOND);
    ck_assert(avpni_contact_is_equal(&path_of(0)->contact, &fresh));
    pair_end(&pair);
}
END_TEST

static struct avpn_contact relay;

/* Someone between the two who passes on what is sent to his contact. */
static bool pass_on(struct pair *world, struct pair_datagram *d)
{
    bool is_relayed = avpni_contact_is_equal(&d->remote, &relay);

    if (d->from < 2 && is_relayed) {
        d->remote = world->hosts[1 - d->from].contacts[0];
        d->source = relay;
    }
    return is_relayed || !loses_direct || d->from > 1 ||
           memcmp(&d->remote, &world->hosts[1 - d->from].contacts[0], sizeof d->remote) != 0;
}

START_TEST(a_relay_does_not_draw_a_path_away_while_the_old_contact_answers)
{
    begin_watch(10, false);
    relay = pair_contact("192.0.2.66:666");
    pair_run(&pair, 5 * AVPN_SECOND);
    pair.filter = pass_on;
    loses_direct = _i == 1;
    pair_receive(&pair, 0, 0, &relay, request.data, request.bytes);
    ck_assert(path_of(0)->is_challenging);
    pair_run(&pair, 100 * AVPN_MILLISECOND);
    ck_assert(path_of(0)->is_challenge_answered);
    pair_run(&pair, 600 * AVPN_MILLISECOND);
    ck_assert(!path_of(0)->is_challenging);
    /* With the old contact silent the relay is all there is. */
    ck_assert_int_eq(avpni_contact_is_equal(&path_of(0)->contact, &relay), _i == 1);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_ROAM], _i == 1);
    pair_end(&pair);
}
END_TEST

START_TEST(a_challenge_that_is_not_answered_moves_nothing)
{
    struct avpn_contact elsewhere = pair_contact("192.0.2.7:777");
    struct avpn_contact before;

    begin_watch(11, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    before = path_of(0)->contact;
    record_count = 0;
    for (int i = 0; i < 100; i++) /* one challenge at a time */
        pair_receive(&pair, 0, 0, &elsewhere, request.data, request.bytes);
    ck_assert_uint_eq(record_count, 100 + 2);
    pair_run(&pair, 2 * AVPN_SECOND);
    ck_assert(avpni_contact_is_equal(&path_of(0)->contact, &before));
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_ROAM], 0);
    pair_end(&pair);
}
END_TEST

/* ---- any -> empty ------------------------------------------------------------------------- */

START_TEST(an_uplink_that_goes_takes_its_paths_along)
{
    begin_watch(12, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, false), AVPN_OK);
    ck_assert_uint_eq(path_of(0)->state, AVPN_PATH_EMPTY);
    ck_assert(!pair_is_up(&pair, 0, 1));
    ck_assert_uint_eq(pair.hosts[0].node->context.live_paths, 0);
    record_count = 0;
    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert_uint_eq(record_count, 0);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    pair_end(&pair);
}
END_TEST

START_TEST(what_registries_said_is_forgotten_after_four_hours)
{
    begin_watch(13, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair_close(&pair, 1);
    pair_run(&pair, 2 * 3600 * AVPN_SECOND);
    ck_assert_uint_ne(path_of(0)->contact.family, AVPN_FAMILY_NONE); /* still tried */
    pair_run(&pair, (2 * 3600 + 200) * AVPN_SECOND);
    ck_assert_uint_eq(path_of(0)->contact.family, AVPN_FAMILY_NONE); /* [PRB-12] */
    ck_assert_uint_eq(peer_of(0)->remotes[0]->observed[0].family, AVPN_FAMILY_NONE);
    record_count = 0;
    pair_run(&pair, 1000 * AVPN_SECOND);
    ck_assert_uint_eq(record_count, 0);
    ck_assert_int_eq(pair_open(&pair, 1), AVPN_OK);
    ck_assert_int_eq(pair_uplink(&pair, 1, 0, true), AVPN_OK);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    pair_end(&pair);
}
END_TEST

/* ---- candidates [PRB-10] ---------------------------------------------------------------------- */

START_TEST(candidates_come_in_their_order)
{
    struct avpn_contact list[AVPNI_CANDIDATES];
    struct avpni_remote *remote;
    struct avpni_uplink *ours;

    begin_watch(14, false);
    pair_run(&pair, 5 * AVPN_SECOND);
    remote = peer_of(0)->remotes[0];
    ours = &pair.hosts[0].node->context.uplinks[0];
    remote->local = pair_contact("192.168.1.5:40000");
    remote->observed[0] = pair_contact("192.0.2.1:1");
    remote->observed[1] = pair_contact("192.0.2.1:2");
    remote->observed[2] = pair_contact("192.0.2.1:1"); /* twice the same */
    remote->observed[3] = pair_contact("[2001:db8::1]:1"); /* another family */
    ck_assert_uint_eq(avpni_peer_candidates(peer_of(0), 0, 0, list), 2);
    ck_assert(avpni_contact_is_equal(&list[0], &remote->observed[0]));
    ck_assert(avpni_contact_is_equal(&list[1], &remote->observed[1]));
    ours->observed = pair_contact("192.0.2.1:777"); /* neighbours: behind one address */
    ck_assert_uint_eq(avpni_peer_candidates(peer_of(0), 0, 0, list), 3);
    ck_assert(avpni_contact_is_equal(&list[0], &remote->local));
    remote->manual = pair_contact("192.0.2.200:4500");
    ck_assert_uint_eq(avpni_peer_candidates(peer_of(0), 0, 0, list), 2);
    ck_assert(avpni_contact_is_equal(&list[0], &remote->manual));
    ck_assert(avpni_contact_is_equal(&list[1], &remote->local));
    ck_assert_uint_eq(avpni_peer_candidates(peer_of(0), 0, 3, list), 0);
    /* a port that is forwarded in IPv4 says nothing of IPv6 */
    ours->local.family = AVPN_FAMILY_IPV6;
    ck_assert_uint_eq(avpni_peer_candidates(peer_of(0), 0, 0, list), 1);
    ck_assert(avpni_contact_is_equal(&list[0], &remote->observed[3]));
    ours->local.family = AVPN_FAMILY_IPV4;
    pair_end(&pair);
}
END_TEST

START_TEST(a_manual_contact_needs_no_registry)
{
    struct pair_site sites[2];

    memcpy(sites, two_sites, sizeof sites);
    sites[0].manual = "203.0.113.1:40000";
    pair_begin(&pair, sites, 2, 1, 15);
    pair_publish(&pair);
    for (uint32_t i = 0; i < 2; i++) { /* no registry is running */
        ck_assert_int_eq(pair_open(&pair, i), AVPN_OK);
        ck_assert_int_eq(pair_uplink(&pair, i, 0, true), AVPN_OK);
    }
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    ck_assert(pair_is_up(&pair, 1, 0));
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(punching_keeps_its_schedule_and_its_cap),
    HARNESS_CASE(news_joins_an_attempt_within_the_caps),
    HARNESS_CASE(attempts_back_off_from_15_to_300_seconds),
    HARNESS_CASE(a_live_path_is_probed_every_second),
    HARNESS_CASE(a_silent_path_is_asked_more_and_more_often_and_dead_after_three_seconds),
    HARNESS_CASE(a_second_and_a_half_of_loss_kills_nothing),
    HARNESS_CASE(chance_does_not_kill_a_path),
    HARNESS_CASE(what_is_heard_while_empty_is_challenged),
    HARNESS_CASE(no_source_gets_more_than_its_cap),
    HARNESS_CASE(a_peer_that_moves_is_followed),
    HARNESS_CASE(packets_of_a_peer_that_moves_are_enough),
    HARNESS_LOOP(a_relay_does_not_draw_a_path_away_while_the_old_contact_answers, 2),
    HARNESS_CASE(a_challenge_that_is_not_answered_moves_nothing),
    HARNESS_CASE(an_uplink_that_goes_takes_its_paths_along),
    HARNESS_CASE(what_registries_said_is_forgotten_after_four_hours),
    HARNESS_CASE(candidates_come_in_their_order),
    HARNESS_CASE(a_manual_contact_needs_no_registry),
};
HARNESS_MAIN("link/path", cases)
