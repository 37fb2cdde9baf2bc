/* SPDX-License-Identifier: ISC */
#include "two.h"

static struct pair_datagram caught;

static bool catch_any(struct pair *world, struct pair_datagram *d)
{
    (void)world;
    caught = *d;
    return false;
}

/* A request of node 0 to node 1, caught. */
static struct avpni_probe ask(uint32_t uplink)
{
    struct avpni_probe probe;
    struct avpn_contact to = pair.hosts[1].contacts[0];

    pair.filter = catch_any;
    ck_assert(avpni_probe_request(peer_of(0), uplink, 0, &to, pair.now));
    avpni_outbox_flush(&pair.hosts[0].node->context.outbox);
    pair.filter = NULL;
    ck_assert_uint_eq(caught.bytes, AVPNI_PROBE_BYTES);
    ck_assert(avpni_probe_open(peer_of(1), caught.data, caught.bytes, &probe));
    return probe;
}

START_TEST(a_request_crosses_and_says_what_it_should)
{
    struct avpni_probe probe;
    struct avpni_tunnel *tunnel;

    have_two((uint64_t)_i);
    probe = ask(0);
    tunnel = &peer_of(0)->tunnel;
    ck_assert_uint_eq(probe.kind, AVPNI_PROBE_REQUEST);
    ck_assert_uint_eq(probe.uplink, 0);
    ck_assert_uint_eq(probe.remote_uplink, 0);
    ck_assert_uint_eq(probe.observed.family, AVPN_FAMILY_NONE); /* [PRB-2] */
    ck_assert_uint_eq(probe.session, tunnel->current->index);   /* [PRB-5] */
    ck_assert_uint_eq(probe.session, peer_of(1)->tunnel.current->remote_index);
    ck_assert_uint_eq(probe.ticket, first == 0 ? 0 : tunnel->own_ticket);
    ck_assert_uint_eq(probe.flags, 0);
    pair_end(&pair);
}
END_TEST

START_TEST(the_sender_cannot_open_its_own)
{
    struct avpni_probe probe;

    have_two(1);
    ask(0);
    ck_assert(!avpni_probe_open(peer_of(0), caught.data, caught.bytes, &probe)); /* [KDF-4] */
    ck_assert_mem_eq(peer_of(0)->send_tag, peer_of(1)->receive_tag, 8);
    ck_assert_mem_eq(peer_of(0)->receive_tag, peer_of(1)->send_tag, 8);
    ck_assert_mem_ne(peer_of(0)->receive_tag, peer_of(0)->send_tag, 8);
    ck_assert_mem_ne(peer_of(0)->send_probe_key, peer_of(0)->receive_probe_key, 32);
    pair_end(&pair);
}
END_TEST

START_TEST(two_probes_never_have_the_same_bytes)
{
    struct pair_datagram before;

    have_two(2);
    ask(0);
    before = caught;
    ask(0);
    ck_assert_mem_ne(before.data + AVPNI_PROBE_NONCE, caught.data + AVPNI_PROBE_NONCE, 24);
    ck_assert_mem_ne(before.data + AVPNI_PROBE_SEALED, caught.data + AVPNI_PROBE_SEALED,
                     AVPNI_PROBE_BYTES - AVPNI_PROBE_SEALED);
    pair_end(&pair);
}
END_TEST

START_TEST(a_transaction_proves_its_moment_contact_and_uplink)
{
    struct avpn_contact to, other;
    struct avpni_probe probe;
    struct avpni_peer *peer;
    avpn_time sent;

    have_two(3);
    to = other = pair.hosts[1].contacts[0];
    peer = peer_of(0);
    sent = pair.now;
    probe = ask(0);
    /* The same answer, whatever the fraction of a microsecond at which it comes. */
    for (avpn_span later = 0; later < 3 * AVPN_SECOND; later += 77777777) {
        avpn_time at = avpni_probe_sent_at(peer, 0, &to, &probe, sent + later);

        ck_assert_int_eq(at, sent / 1000 * 1000);
    }
    ck_assert_int_lt(avpni_probe_sent_at(peer, 0, &to, &probe,
                                         sent + 3 * AVPN_SECOND + AVPN_MILLISECOND), 0);
    ck_assert_int_lt(avpni_probe_sent_at(peer, 0, &to, &probe, sent - AVPN_MILLISECOND),
                     0); /* not yet sent */
    ck_assert_int_lt(avpni_probe_sent_at(peer, 1, &to, &probe, sent), 0);
    other.port++;
    ck_assert_int_lt(avpni_probe_sent_at(peer, 0, &other, &probe, sent), 0);
    other = to;
    other.bytes[3]++;
    ck_assert_int_lt(avpni_probe_sent_at(peer, 0, &other, &probe, sent), 0);
    for (uint32_t bit = 0; bit < 64; bit++) {
        struct avpni_probe spoilt = probe;

        spoilt.transaction ^= UINT64_C(1) << bit;
        ck_assert_int_lt(avpni_probe_sent_at(peer, 0, &to, &spoilt, sent), 0);
    }
    ck_assert_int_lt(avpni_probe_sent_at(peer_of(1), 0, &to, &probe, sent), 0);
    pair_end(&pair);
}
END_TEST

START_TEST(the_moment_survives_the_wrap_of_its_clock)
{
    struct avpn_contact to;
    struct avpni_probe probe;

    have_two(4);
    pair.now = (INT64_C(1) << 32) * 1000 - 500 * AVPN_MICROSECOND; /* just before 2^32 us */
    to = pair.hosts[1].contacts[0];
    probe = ask(0);
    ck_assert_int_eq(avpni_probe_sent_at(peer_of(0), 0, &to, &probe,
                                         pair.now + AVPN_MILLISECOND), pair.now / 1000 * 1000);
    pair_end(&pair);
}
END_TEST

START_TEST(a_response_brings_back_what_was_asked)
{
    struct avpni_probe request, response;
    struct avpn_contact source = pair_contact("192.0.2.9:999");

    have_two(5);
    request = ask(0);
    pair.filter = catch_any;
    ck_assert(avpni_probe_respond(peer_of(1), 2, &source, &request));
    avpni_outbox_flush(&pair.hosts[1].node->context.outbox);
    pair.filter = NULL;
    ck_assert(avpni_contact_is_equal(&caught.remote, &source));
    ck_assert_uint_eq(caught.bytes, AVPNI_PROBE_BYTES); /* [PRB-2] the same length */
    ck_assert(avpni_probe_open(peer_of(0), caught.data, caught.bytes, &response));
    ck_assert_uint_eq(response.kind, AVPNI_PROBE_RESPONSE);
    ck_assert_uint_eq(response.transaction, request.transaction);
    ck_assert(avpni_contact_is_equal(&response.observed, &source));
    ck_assert_uint_eq(response.uplink, 2);
    ck_assert_uint_eq(response.remote_uplink, 0);
    pair_end(&pair);
}
END_TEST

/* A size request of node 0 to node 1, caught: 1400 bytes. */
static void ask_size(void)
{
    pair.filter = catch_any;
    ck_assert(avpni_probe_request_size(peer_of(0), 0, 0, &pair.hosts[1].contacts[0], 1400, pair.now));
    avpni_outbox_flush(&pair.hosts[0].node->context.outbox);
    pair.filter = NULL;
}

START_TEST(a_size_request_is_as_long_as_it_says_and_its_answer_short)
{
    struct avpn_contact source = pair_contact("192.0.2.9:999");
    struct avpni_probe request, response;

    have_two(7);
    ask_size();
    ck_assert_uint_eq(caught.bytes, 1400); /* [MTU-2] */
    ck_assert(avpni_probe_open(peer_of(1), caught.data, caught.bytes, &request));
    ck_assert_uint_eq(request.kind, AVPNI_PROBE_SIZE_REQUEST);
    ck_assert_uint_eq(request.size, 1400);
    ck_assert_int_eq(avpni_probe_sent_at(peer_of(0), 0, &pair.hosts[1].contacts[0], &request, pair.now),
                     pair.now / 1000 * 1000);
    pair.filter = catch_any;
    ck_assert(avpni_probe_respond(peer_of(1), 0, &source, &request));
    avpni_outbox_flush(&pair.hosts[1].node->context.outbox);
    pair.filter = NULL;
    ck_assert_uint_eq(caught.bytes, AVPNI_PROBE_BYTES);
    ck_assert(avpni_probe_open(peer_of(0), caught.data, caught.bytes, &response));
    ck_assert_uint_eq(response.kind, AVPNI_PROBE_SIZE_RESPONSE);
    ck_assert_uint_eq(response.size, 1400);
    ck_assert_uint_eq(response.transaction, request.transaction);
    ck_assert(avpni_contact_is_equal(&response.observed, &source));
    pair_end(&pair);
}
END_TEST

START_TEST(a_size_request_that_lies_about_its_length_is_refused) /* [DMX-2], [MTU-2] */
{
    struct avpni_probe probe;
    uint8_t bytes[1600] = {0}; /* zeros are all that may follow, but not more than it says */

    have_two(8);
    ask_size();
    memcpy(bytes, caught.data, caught.bytes);
    for (size_t count = AVPNI_PROBE_BYTES; count <= sizeof bytes; count++)
        ck_assert_int_eq(avpni_probe_open(peer_of(1), bytes, count, &probe), count == 1400);
    for (size_t i = AVPNI_PROBE_BYTES; i < 1400; i += 7) {
        bytes[i] = 1;
        ck_assert(!avpni_probe_open(peer_of(1), bytes, 1400, &probe));
        bytes[i] = 0;
    }
    ask(0); /* and a plain one has nothing to follow */
    memset(bytes, 0, sizeof bytes);
    memcpy(bytes, caught.data, caught.bytes);
    for (size_t count = AVPNI_PROBE_BYTES; count <= sizeof bytes; count++)
        ck_assert_int_eq(avpni_probe_open(peer_of(1), bytes, count, &probe),
                         count == AVPNI_PROBE_BYTES);
    pair_end(&pair);
}
END_TEST

/* The size is part of what a transaction proves: no answer stands for one of another size, or of none. */
START_TEST(a_transaction_proves_its_size)
{
    struct avpni_probe probe;
    struct avpn_contact to;

    have_two(9);
    to = pair.hosts[1].contacts[0];
    ask_size();
    ck_assert(avpni_probe_open(peer_of(1), caught.data, caught.bytes, &probe));
    for (uint32_t size = 0; size <= AVPNI_PROBE_LIMIT; size++) {
        probe.size = (uint16_t)size;
        if ((avpni_probe_sent_at(peer_of(0), 0, &to, &probe, pair.now) >= 0) != (size == 1400))
            ck_abort_msg("size %u", size);
    }
    probe = ask(0);
    probe.size = 1200;
    ck_assert_int_lt(avpni_probe_sent_at(peer_of(0), 0, &to, &probe, pair.now), 0);
    pair_end(&pair);
}
END_TEST

START_TEST(without_randomness_nothing_is_sent_and_it_is_counted)
{
    uint64_t before, sent;

    have_two(6);
    before = pair_counter(&pair, 0, AVPN_DROP_RANDOM);
    sent = pair.hosts[0].transmitted;
    pair.random_fail_at = pair.random_calls + 1;
    ck_assert(!avpni_probe_request(peer_of(0), 0, 0, &pair.hosts[1].contacts[0], pair.now));
    avpni_outbox_flush(&pair.hosts[0].node->context.outbox);
    ck_assert_uint_eq(pair_counter(&pair, 0, AVPN_DROP_RANDOM), before + 1);
    ck_assert_uint_eq(pair.hosts[0].transmitted, sent);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_request_crosses_and_says_what_it_should, 6),
    HARNESS_CASE(the_sender_cannot_open_its_own),
    HARNESS_CASE(two_probes_never_have_the_same_bytes),
    HARNESS_CASE(a_transaction_proves_its_moment_contact_and_uplink),
    HARNESS_CASE(the_moment_survives_the_wrap_of_its_clock),
    HARNESS_CASE(a_response_brings_back_what_was_asked),
    HARNESS_CASE(a_size_request_is_as_long_as_it_says_and_its_answer_short),
    HARNESS_CASE(a_size_request_that_lies_about_its_length_is_refused),
    HARNESS_CASE(a_transaction_proves_its_size),
    HARNESS_CASE(without_randomness_nothing_is_sent_and_it_is_counted),
};
HARNESS_MAIN("link/probe", cases)
