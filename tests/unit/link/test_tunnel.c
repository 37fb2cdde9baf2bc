/* SPDX-License-Identifier: ISC */
/* Handshakes and the succession of sessions: doc/protocol.md 7.4. */
#include "two.h"

static uint32_t initiations[2];        /* to the other node, by sender */
static struct pair_datagram newest[2]; /* the newest of them */
static bool loses_handshakes, loses_esp, loses_confirmations;
static uint32_t confirmations_to_lose; /* after the second initiation */
static uint32_t confirmations;

static bool watch(struct pair *world, struct pair_datagram *d)
{
    bool is_handshake = d->bytes == AVPNI_INITIATION_NODE_BYTES ||
                        d->bytes == AVPNI_RESPONSE_NODE_BYTES;

    (void)world;
    if (kind_of(d) == AVPNI_KIND_INITIATION && d->bytes == AVPNI_INITIATION_NODE_BYTES) {
        initiations[d->from]++;
        newest[d->from] = *d;
    }
    if (kind_of(d) == AVPNI_KIND_CONFIRMATION) {
        confirmations++;
        if (initiations[first] > 1 && confirmations_to_lose > 0) {
            confirmations_to_lose--;
            return false;
        }
        return !loses_confirmations;
    }
    if (kind_of(d) == AVPNI_KIND_ESP)
        return !loses_esp;
    return !(loses_handshakes && is_handshake &&
             (kind_of(d) == AVPNI_KIND_INITIATION || kind_of(d) == AVPNI_KIND_RESPONSE));
}

static void begin_watch(uint64_t seed)
{
    initiations[0] = initiations[1] = 0;
    loses_handshakes = loses_esp = loses_confirmations = false;
    confirmations_to_lose = confirmations = 0;
    begin_two(seed);
    pair.filter = watch;
    pair_start(&pair);
}

static uint32_t index_of(uint32_t number)
{
    return peer_of(number)->tunnel.current == NULL ? 0 : peer_of(number)->tunnel.current->index;
}

/* Both ways, one packet each arrives. */
static void expect_traffic(void)
{
    uint64_t before[2] = {pair.hosts[0].delivered, pair.hosts[1].delivered};

    say(0);
    say(1);
    pair_run(&pair, 20 * AVPN_MILLISECOND);
    for (int i = 0; i < 2; i++)
        ck_assert_uint_eq(pair.hosts[i].delivered, before[i] + 1);
}

START_TEST(a_handshake_leaves_both_with_one_session)
{
    begin_watch((uint64_t)_i);
    pair_run(&pair, 5 * AVPN_SECOND);
    for (uint32_t i = 0; i < 2; i++) {
        struct avpni_tunnel *tunnel = &peer_of(i)->tunnel;

        ck_assert_ptr_nonnull(tunnel->current);
        ck_assert_ptr_null(tunnel->previous);
        ck_assert_ptr_null(tunnel->pending);
        ck_assert_ptr_null(tunnel->attempt);
        ck_assert_uint_eq(tunnel->current->remote_index, index_of(1 - i));
        ck_assert_mem_eq(&tunnel->current->send_key, &peer_of(1 - i)->tunnel.current->receive_key,
                         AVPN_KEY_BYTES);
        ck_assert_mem_ne(&tunnel->current->send_key, &tunnel->current->receive_key, AVPN_KEY_BYTES);
    }
    ck_assert_uint_eq(initiations[first], 1);
    ck_assert_uint_eq(initiations[second], 0);
    expect_traffic();
    pair_end(&pair);
}
END_TEST

START_TEST(the_higher_key_never_initiates)
{
    begin_watch((uint64_t)(10 + _i));
    pair_run(&pair, 2000 * AVPN_SECOND);
    ck_assert_uint_ge(initiations[first], 3);
    ck_assert_uint_le(initiations[first], 4);
    ck_assert_uint_eq(initiations[second], 0); /* [HS-8] */
    pair_end(&pair);
}
END_TEST

START_TEST(the_responder_sends_nothing_before_it_is_confirmed)
{
    begin_watch(20);
    loses_confirmations = true;
    pair_run(&pair, 3 * AVPN_SECOND);
    ck_assert_ptr_nonnull(peer_of(first)->tunnel.current);
    ck_assert_ptr_null(peer_of(second)->tunnel.current); /* [HS-11] [ESP-7] */
    ck_assert_ptr_nonnull(peer_of(second)->tunnel.pending);
    ck_assert(!pair_is_up(&pair, second, first));
    uint64_t before = pair_counter(&pair, second, AVPN_DROP_NO_TUNNEL);

    say(second);
    ck_assert_uint_eq(pair_counter(&pair, second, AVPN_DROP_NO_TUNNEL), before + 1);
    ck_assert_uint_eq(pair_counter(&pair, second, AVPN_COUNT_SENT), 0);
    loses_confirmations = false;
    pair_run(&pair, 5 * AVPN_SECOND); /* nobody sends packets: the probes tell that something is amiss */
    ck_assert(pair_is_up(&pair, second, first));
    expect_traffic();
    pair_end(&pair);
}
END_TEST

/* The one confirmation of a rekey is lost and only the responder has something to send. */
START_TEST(a_lost_confirmation_of_a_rekey_stops_no_traffic)
{
    uint64_t sent = 0, delivered;

    begin_watch(21);
    pair_run(&pair, 5 * AVPN_SECOND);
    delivered = pair.hosts[first].delivered;
    confirmations_to_lose = _i == 0 ? 1 : 12;
    for (int i = 0; i < 800; i++) {
        say(second);
        sent++;
        pair_run(&pair, AVPN_SECOND);
    }
    ck_assert_uint_eq(confirmations_to_lose, 0);
    ck_assert_uint_eq(pair.hosts[first].delivered - delivered, sent);
    if (_i == 0) /* showing the keys once more is enough, no other handshake is made */
        ck_assert_uint_eq(initiations[first], 2);
    pair_end(&pair);
}
END_TEST

/* ESP may be lost, or carried by somebody else: sessions follow each other without any [HS-11]. */
START_TEST(sessions_are_confirmed_without_a_packet_of_esp)
{
    begin_watch(52);
    loses_esp = true;
    pair_run(&pair, 1300 * AVPN_SECOND);
    for (uint32_t i = 0; i < 2; i++) {
        ck_assert(pair_is_up(&pair, i, 1 - i));
        ck_assert_uint_eq(pair.hosts[i].events[AVPN_EVENT_TUNNEL], 1);
        ck_assert_uint_eq(peer_of(i)->tunnel.current->remote_index, index_of(1 - i));
        ck_assert_uint_eq(peer_of(i)->tunnel.current->pairs[0]->send->sequence, 0);
    }
    ck_assert_uint_eq(confirmations, initiations[first]); /* one each, none was asked for again */
    pair_end(&pair);
}
END_TEST

/* The confirmation is lost for good, the initiator's traffic is not. */
START_TEST(a_packet_of_esp_confirms_too)
{
    begin_watch(53);
    loses_confirmations = true;
    pair_run(&pair, 1200 * AVPN_MILLISECOND);
    ck_assert_ptr_nonnull(peer_of(second)->tunnel.pending);
    say(first);
    pair_run(&pair, 20 * AVPN_MILLISECOND);
    ck_assert(pair_is_up(&pair, second, first)); /* [ESP-7] */
    expect_traffic();
    pair_end(&pair);
}
END_TEST

START_TEST(a_ticket_is_good_once)
{
    uint64_t before;
    uint32_t index;

    begin_watch(22);
    pair_run(&pair, 5 * AVPN_SECOND);
    before = pair_counter(&pair, second, AVPN_DROP_TICKET);
    index = index_of(second);
    for (int i = 0; i < 5; i++) {
        pair_receive(&pair, second, 0, &newest[first].source, newest[first].data,
                     newest[first].bytes);
        pair_run(&pair, AVPN_SECOND);
    }
    ck_assert_uint_eq(pair_counter(&pair, second, AVPN_DROP_TICKET), before + 5); /* [HS-10] */
    ck_assert_uint_eq(index_of(second), index);
    ck_assert_ptr_null(peer_of(second)->tunnel.pending);
    pair_end(&pair);
}
END_TEST

START_TEST(a_responder_under_load_asks_for_a_cookie_first)
{
    static const uint8_t none[AVPNI_MAC_BYTES];
    uint32_t offset = AVPNI_MAC2_OFFSET(AVPNI_INITIATION_NODE_BYTES);

    begin_watch(23);
    pair.hosts[second].node->guard.spent_until = pair.now + 60 * AVPN_SECOND;
    pair_run(&pair, 1900 * AVPN_MILLISECOND);
    ck_assert_uint_eq(initiations[first], 1);
    ck_assert_mem_eq(newest[first].data + offset, none, sizeof none);
    ck_assert_uint_eq(pair_counter(&pair, second, AVPN_DROP_LOAD), 1); /* [MAC-4] */
    ck_assert(peer_of(first)->tunnel.attempt != NULL);
    ck_assert(!pair_is_up(&pair, 0, 1));
    pair_run(&pair, 3 * AVPN_SECOND); /* after the regular timeout [MAC-6] */
    ck_assert_uint_eq(initiations[first], 2);
    ck_assert_mem_ne(newest[first].data + offset, none, sizeof none);
    ck_assert(pair_is_up(&pair, 0, 1));
    ck_assert(pair_is_up(&pair, 1, 0));
    pair_end(&pair);
}
END_TEST

START_TEST(sessions_are_renewed_before_600_seconds_without_a_loss)
{
    uint64_t sent = 0, before[2];
    uint32_t index;
    avpn_time created;

    begin_watch((uint64_t)(30 + _i));
    pair_run(&pair, 5 * AVPN_SECOND);
    before[0] = pair.hosts[0].delivered;
    before[1] = pair.hosts[1].delivered;
    index = index_of(first);
    created = peer_of(first)->tunnel.current->created_at;
    while (index_of(first) == index) {
        say(0);
        say(1);
        sent++;
        pair_run(&pair, AVPN_SECOND / 2);
    }
    ck_assert_int_ge(pair.now - created, 570 * AVPN_SECOND); /* [ESP-6] */
    ck_assert_int_le(pair.now - created, 602 * AVPN_SECOND);
    ck_assert_ptr_nonnull(peer_of(first)->tunnel.previous);
    for (int i = 0; i < 80; i++) {
        say(0);
        say(1);
        sent++;
        pair_run(&pair, AVPN_SECOND / 2);
    }
    ck_assert_ptr_null(peer_of(first)->tunnel.previous); /* 30 s have gone */
    ck_assert_ptr_null(peer_of(second)->tunnel.previous);
    ck_assert_uint_eq(pair.hosts[0].delivered - before[0], sent);
    ck_assert_uint_eq(pair.hosts[1].delivered - before[1], sent);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_TUNNEL], 1);
    pair_end(&pair);
}
END_TEST

START_TEST(sessions_are_renewed_after_2_to_the_32_packets)
{
    uint32_t from = (uint32_t)_i, index;

    begin_watch(40);
    pair_run(&pair, 5 * AVPN_SECOND);
    index = index_of(0);
    peer_of(from)->tunnel.current->pairs[0]->send->sequence = AVPNI_REKEY_AFTER_PACKETS - 2;
    expect_traffic();
    pair_run(&pair, 3 * AVPN_SECOND);
    ck_assert_uint_eq(index_of(0), index);
    expect_traffic(); /* the number 2^32 */
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_uint_ne(index_of(0), index);
    ck_assert_uint_eq(initiations[first], 2);
    ck_assert(!peer_of(from)->tunnel.is_rekey_wanted);
    expect_traffic();
    pair_end(&pair);
}
END_TEST

START_TEST(nothing_is_sealed_beyond_the_limit)
{
    begin_watch(41);
    pair_run(&pair, 5 * AVPN_SECOND);
    loses_handshakes = true;
    peer_of(0)->tunnel.current->pairs[0]->send->sequence = AVPNI_REJECT_AFTER_PACKETS - 1;
    say(0);
    ck_assert_uint_eq(pair_counter(&pair, 0, AVPN_COUNT_SENT), 1);
    say(0);
    ck_assert_uint_eq(pair_counter(&pair, 0, AVPN_COUNT_SENT), 1);
    ck_assert_uint_eq(pair_counter(&pair, 0, AVPN_DROP_EXHAUSTED), 1); /* [ESP-6] */
    loses_handshakes = false;
    pair_run(&pair, 6 * AVPN_SECOND);
    expect_traffic();
    pair_end(&pair);
}
END_TEST

START_TEST(a_session_ends_at_900_seconds_whatever_comes)
{
    uint64_t delivered;

    begin_watch(42);
    pair_run(&pair, 5 * AVPN_SECOND);
    avpn_time created = peer_of(first)->tunnel.current->created_at;

    loses_handshakes = true;
    pair_run(&pair, created + 899 * AVPN_SECOND - pair.now);
    expect_traffic();
    pair_run(&pair, 2 * AVPN_SECOND);
    ck_assert(!pair_is_up(&pair, 0, 1));
    ck_assert(!pair_is_up(&pair, 1, 0));
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_TUNNEL].state, 0);
    ck_assert_ptr_null(peer_of(first)->tunnel.current);
    delivered = pair.hosts[1].delivered;
    say(0);
    pair_run(&pair, AVPN_SECOND / 10);
    ck_assert_uint_eq(pair.hosts[1].delivered, delivered);
    ck_assert(avpni_path_is_alive(path_of(0)));
    loses_handshakes = false;
    pair_run(&pair, 5 * AVPN_SECOND);
    expect_traffic();
    pair_end(&pair);
}
END_TEST

START_TEST(initiations_follow_each_other_every_two_seconds)
{
    begin_watch(43);
    loses_handshakes = true;
    pair_run(&pair, 61 * AVPN_SECOND);
    ck_assert_uint_ge(initiations[first], 20); /* a ticket must come in between */
    ck_assert_uint_le(initiations[first], 31);
    ck_assert_uint_eq(atomic_load(&pair.hosts[first].node->context.plane.sessions)->capacity, 16); /* old attempts are gone */
    pair_end(&pair);
}
END_TEST

/* [PRB-6]: the other side's probes tell the initiator that its session is gone. */
START_TEST(either_side_may_restart)
{
    uint32_t who = (uint32_t)_i;

    begin_watch(44);
    pair_run(&pair, 5 * AVPN_SECOND);
    expect_traffic();
    pair_close(&pair, who);
    ck_assert_int_eq(pair_open(&pair, who), AVPN_OK); /* at once: the other has not noticed */
    ck_assert_int_eq(pair_uplink(&pair, who, 0, true), AVPN_OK);
    pair_run(&pair, 6 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    ck_assert(pair_is_up(&pair, 1, 0));
    expect_traffic();
    pair_end(&pair);
}
END_TEST

/* ---- rotation of the pre-shared key [PRB-13] ---------------------------------------- */

static void rotate_psk(void)
{
    pair.psk_epoch++;
    pair_publish(&pair);
}

static void give(uint32_t number)
{
    ck_assert_int_eq(avpn_node_set_configuration(pair.hosts[number].node, pair.bundle,
                                                 pair.bundle_bytes, pair.now), AVPN_OK);
}

/* Packets both ways until `moment`; none is lost. */
static void talk_until(avpn_time moment)
{
    uint64_t before[2] = {pair.hosts[0].delivered, pair.hosts[1].delivered}, sent = 0;

    while (pair.now < moment) {
        say(0);
        say(1);
        sent++;
        pair_run(&pair, AVPN_SECOND / 2);
    }
    for (int i = 0; i < 2; i++)
        ck_assert_uint_eq(pair.hosts[i].delivered - before[i], sent);
}

START_TEST(a_rotation_loses_no_packet_whoever_has_it_first)
{
    uint32_t early = (uint32_t)_i, late = 1 - early, index;

    begin_watch((uint64_t)(45 + _i));
    pair_run(&pair, 5 * AVPN_SECOND);
    for (int round = 0; round < 2; round++) {
        rotate_psk();
        give(early);
        index = index_of(first);
        talk_until(pair.now + 620 * AVPN_SECOND);
        ck_assert_uint_ne(index_of(first), index); /* renewed with one ahead of the other */
        give(late);
        index = index_of(first);
        talk_until(pair.now + 620 * AVPN_SECOND);
        ck_assert_uint_ne(index_of(first), index);
    }
    for (uint32_t i = 0; i < 2; i++) {
        ck_assert_uint_eq(pair_counter(&pair, i, AVPN_DROP_HANDSHAKE), 0);
        ck_assert_uint_eq(pair.hosts[i].events[AVPN_EVENT_TUNNEL], 1);
    }
    pair_end(&pair);
}
END_TEST

START_TEST(two_epochs_apart_stand_on_their_session_until_it_ends)
{
    uint32_t ahead = (uint32_t)_i, behind = 1 - ahead;
    avpn_time created;

    begin_watch((uint64_t)(47 + _i));
    pair_run(&pair, 5 * AVPN_SECOND);
    created = peer_of(first)->tunnel.current->created_at;
    rotate_psk();
    rotate_psk();
    give(ahead);
    talk_until(created + 898 * AVPN_SECOND);
    ck_assert_uint_eq(initiations[first], 1); /* it waits, and says so */
    ck_assert_ptr_nonnull(strstr(pair.hosts[first].last_log, "has to wait"));
    strcpy(pair.hosts[first].last_log, "");
    pair_run(&pair, 30 * AVPN_SECOND);
    ck_assert_str_eq(pair.hosts[first].last_log, ""); /* once */
    ck_assert(!pair_is_up(&pair, 0, 1) && !pair_is_up(&pair, 1, 0));
    give(behind);
    pair_run(&pair, 3 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1) && pair_is_up(&pair, 1, 0));
    talk_until(pair.now + 10 * AVPN_SECOND);
    pair_end(&pair);
}
END_TEST

/* The message 1 under way names the old epoch, and the answer comes after the rotation. */
START_TEST(a_rotation_in_the_middle_of_a_handshake_does_not_break_it)
{
    begin_watch((uint64_t)(49 + _i));
    while (initiations[first] == 0)
        pair_run(&pair, AVPN_MILLISECOND);
    for (int i = 0; i <= _i; i++)
        rotate_psk();
    give(first); /* once or twice rotated: the attempt has the key it named */
    pair_run(&pair, AVPN_SECOND);
    ck_assert_uint_eq(initiations[first], 1);
    ck_assert(pair_is_up(&pair, 0, 1) && pair_is_up(&pair, 1, 0));
    expect_traffic();
    pair_end(&pair);
}
END_TEST

/* An initiator that does not keep to the rule: names an epoch that is gone or to come, or has not its key. */
START_TEST(only_the_key_of_an_epoch_held_makes_a_session)
{
    static const struct {
        uint32_t named, refused_by_second;
    } cases_of[] = {{1, 1}, {4, 1}, {3, 0}};
    struct avpni_tunnel *tunnel;

    begin_watch(51);
    pair_run(&pair, 5 * AVPN_SECOND);
    rotate_psk();
    rotate_psk();
    give(second); /* holds 3 and 2 */
    uint64_t ticket = peer_of(second)->tunnel.own_ticket;
    uint32_t index = index_of(first);

    tunnel = &peer_of(first)->tunnel;
    pair.hosts[first].node->context.psks.epoch = tunnel->peer_epoch = cases_of[_i].named;
    tunnel->is_rekey_wanted = true;
    avpni_tunnel_drive(peer_of(first), pair.now);
    avpn_node_tick(pair.hosts[first].node, pair.now);
    pair_run(&pair, AVPN_SECOND / 2);
    ck_assert_uint_eq(initiations[first], 2);
    ck_assert_uint_eq(pair_counter(&pair, second, AVPN_DROP_HANDSHAKE),
                      cases_of[_i].refused_by_second);
    ck_assert_uint_eq(pair_counter(&pair, first, AVPN_DROP_HANDSHAKE),
                      1 - cases_of[_i].refused_by_second);
    ck_assert(peer_of(second)->tunnel.own_ticket != ticket); /* used up all the same [HS-10] */
    ck_assert_uint_eq(index_of(first), index);
    expect_traffic(); /* the old session stands [HS-6] */
    pair_end(&pair);
}
END_TEST

START_TEST(the_suite_is_the_first_that_both_allow)
{
    struct avpn_peer_status status = {.size = sizeof status};

    if (!avpn_suite_is_available((uint8_t)(_i + 1))) {
        harness_skipped(1, "no hardware AES for AES-256-GCM");
        return;
    }
    begin_two(46);
    pair.suite_count = 1;
    pair.suites[0] = (uint8_t)(_i + 1);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_int_eq(avpn_node_peer(pair.hosts[0].node, 2, &status), AVPN_OK);
    ck_assert_int_eq(status.suite, _i + 1); /* [HS-7] */
    expect_traffic();
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_handshake_leaves_both_with_one_session, 6),
    HARNESS_LOOP(the_higher_key_never_initiates, 2),
    HARNESS_CASE(the_responder_sends_nothing_before_it_is_confirmed),
    HARNESS_LOOP(a_lost_confirmation_of_a_rekey_stops_no_traffic, 2),
    HARNESS_CASE(sessions_are_confirmed_without_a_packet_of_esp),
    HARNESS_CASE(a_packet_of_esp_confirms_too),
    HARNESS_CASE(a_ticket_is_good_once),
    HARNESS_CASE(a_responder_under_load_asks_for_a_cookie_first),
    HARNESS_LOOP(sessions_are_renewed_before_600_seconds_without_a_loss, 3),
    HARNESS_LOOP(sessions_are_renewed_after_2_to_the_32_packets, 2),
    HARNESS_CASE(nothing_is_sealed_beyond_the_limit),
    HARNESS_CASE(a_session_ends_at_900_seconds_whatever_comes),
    HARNESS_CASE(initiations_follow_each_other_every_two_seconds),
    HARNESS_LOOP(either_side_may_restart, 2),
    HARNESS_LOOP(a_rotation_loses_no_packet_whoever_has_it_first, 2),
    HARNESS_LOOP(two_epochs_apart_stand_on_their_session_until_it_ends, 2),
    HARNESS_LOOP(a_rotation_in_the_middle_of_a_handshake_does_not_break_it, 2),
    HARNESS_LOOP(only_the_key_of_an_epoch_held_makes_a_session, 3),
    HARNESS_LOOP(the_suite_is_the_first_that_both_allow, 2),
};
HARNESS_MAIN("link/tunnel", cases)
