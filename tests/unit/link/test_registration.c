/* SPDX-License-Identifier: ISC */
/* One uplink and one registry: doc/protocol.md 7.1. */
#include "crypto/box.h"
#include "two.h"

#define REGISTRY 2

static avpn_time initiations[64];
static uint32_t initiation_count, messages; /* of node 0 to the registry */
static bool is_cut; /* the registry hears nothing of node 0 */

static bool watch(struct pair *world, struct pair_datagram *d)
{
    if (d->from != 0 || !avpni_contact_is_equal(&d->remote, &world->hosts[REGISTRY].contacts[0]))
        return true;
    if (kind_of(d) == AVPNI_KIND_INITIATION && initiation_count < 64)
        initiations[initiation_count++] = world->now;
    messages += kind_of(d) == AVPNI_KIND_SESSION;
    return !is_cut;
}

static void begin_watch(uint64_t seed)
{
    initiation_count = messages = 0;
    is_cut = false;
    begin_two(seed);
    pair.filter = watch;
}

static struct avpni_registration *registration(void)
{
    return pair.hosts[0].node->registrations[0][0];
}

START_TEST(an_uplink_registers_and_keeps_alive)
{
    struct avpn_registration known = {.size = sizeof known};

    begin_watch(1);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_uint_eq(initiation_count, 1);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERED);
    ck_assert(registration()->has_contacts);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_REGISTRY], 1);
    ck_assert_int_eq(avpn_registry_registration(pair.hosts[REGISTRY].registry, &pair.organization,
                                                1, 0, &known), AVPN_OK);
    ck_assert_uint_eq(known.is_connected, 1);
    ck_assert(avpni_contact_is_equal(&known.observed, &pair.hosts[0].contacts[0]));
    pair_run(&pair, 10 * AVPN_SECOND);
    messages = 0;
    pair_run(&pair, 1000 * AVPN_SECOND);
    ck_assert_uint_ge(messages, 99); /* [REG-8] every 10 s, early by up to 1 s */
    ck_assert_uint_le(messages, 112);
    pair_end(&pair);
}
END_TEST

START_TEST(initiations_are_repeated_ever_more_slowly)
{
    static const int32_t pauses[] = {1, 2, 4, 8, 16, 30, 30, 30};

    begin_watch(2);
    is_cut = true;
    pair_start(&pair);
    pair_run(&pair, 200 * AVPN_SECOND);
    ck_assert_uint_ge(initiation_count, 9);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERING);
    for (uint32_t i = 0; i < 8; i++) {
        avpn_span pause = initiations[i + 1] - initiations[i];

        ck_assert_int_ge(pause, pauses[i] * AVPN_SECOND * 7 / 8);
        ck_assert_int_le(pause, pauses[i] * AVPN_SECOND * 9 / 8);
    }
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_NAT].state, AVPN_NAT_BLOCKED); /* [NAT-5] */
    is_cut = false;
    pair_run(&pair, 40 * AVPN_SECOND);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERED);
    ck_assert_uint_ne(pair.hosts[0].last_event[AVPN_EVENT_NAT].state, AVPN_NAT_BLOCKED);
    ck_assert(pair_is_up(&pair, 0, 1));
    pair_end(&pair);
}
END_TEST

START_TEST(three_unanswered_keepalives_begin_a_handshake)
{
    begin_watch(3);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    is_cut = true;
    initiation_count = 0;
    pair_run(&pair, 14 * AVPN_SECOND);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERING); /* [REG-7] */
    ck_assert_uint_ge(initiation_count, 1);
    ck_assert(registration()->session.is_established); /* usable until it is replaced */
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_REGISTRY].state, 0);
    pair_run(&pair, 60 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1)); /* the tunnel needs no registry [REG-14] */
    is_cut = false;
    pair_run(&pair, 40 * AVPN_SECOND);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERED);
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_REGISTRY].state, 1);
    pair_end(&pair);
}
END_TEST

START_TEST(a_registry_that_restarts_is_whole_again_soon)
{
    struct avpn_registration known = {.size = sizeof known};

    begin_watch(4);
    pair_start(&pair);
    pair_run(&pair, 30 * AVPN_SECOND);
    pair_close(&pair, REGISTRY);
    ck_assert_int_eq(pair_open(&pair, REGISTRY), AVPN_OK);
    pair_run(&pair, 20 * AVPN_SECOND);
    for (uint32_t member = 1; member <= 2; member++) {
        ck_assert_int_eq(avpn_registry_registration(pair.hosts[REGISTRY].registry,
                                                    &pair.organization, member, 0, &known),
                         AVPN_OK);
        ck_assert_uint_eq(known.is_connected, 1);
    }
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_TUNNEL], 1);
    pair_end(&pair);
}
END_TEST

START_TEST(the_handshake_is_repeated_every_hour)
{
    begin_watch(5);
    pair_start(&pair);
    pair_run(&pair, 3 * 3600 * AVPN_SECOND);
    ck_assert_uint_ge(initiation_count, 3);
    ck_assert_uint_le(initiation_count, 4);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_REGISTRY], 1); /* nobody noticed */
    pair_end(&pair);
}
END_TEST

START_TEST(a_new_contact_is_challenged_and_passed_on)
{
    struct avpn_contact fresh = pair_contact("192.0.2.80:8080");
    struct avpn_registration known = {.size = sizeof known};

    begin_watch(6);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    pair.hosts[0].contacts[0] = fresh;
    pair_run(&pair, 12 * AVPN_SECOND);
    ck_assert(avpni_contact_is_equal(&registration()->observed, &fresh));
    ck_assert_int_eq(avpn_registry_registration(pair.hosts[REGISTRY].registry, &pair.organization,
                                                1, 0, &known), AVPN_OK);
    ck_assert(avpni_contact_is_equal(&known.observed, &fresh)); /* [REG-5] */
    ck_assert(avpni_contact_is_equal(&peer_of(1)->remotes[0]->observed[0], &fresh)); /* [REG-9] */
    pair_end(&pair);
}
END_TEST

START_TEST(a_registry_under_load_is_answered_with_its_cookie)
{
    begin_watch(7);
    pair.registry_handshakes_per_second = 1;
    pair_start(&pair);
    pair_run(&pair, 500 * AVPN_MILLISECOND);
    ck_assert(registration()->initiator.has_cookie || registration()->state == AVPN_REGISTRATION_REGISTERED);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERED);
    ck_assert(pair_is_up(&pair, 0, 1));
    ck_assert_int_ge(registration()->initiator.cookie_at, 0); /* it took one */
    pair_end(&pair);
}
END_TEST

START_TEST(names_are_resolved_by_the_host)
{
    struct avpn_address wrong, right;
    struct pair_host *host;

    begin_watch(8);
    pair.uses_names = true;
    pair_start(&pair);
    host = &pair.hosts[0];
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_RESOLVING);
    ck_assert_uint_eq(host->resolve_calls, 1);
    ck_assert_int_eq(avpn_node_resolved(host->node, host->resolve_request, NULL, 0, pair.now),
                     AVPN_OK); /* cannot be resolved now */
    pair_run(&pair, 10 * AVPN_SECOND);
    ck_assert_uint_ge(host->resolve_calls, 2); /* [REG-16] */
    ck_assert_int_eq(avpn_address_parse("198.51.100.77", &wrong), AVPN_OK);
    ck_assert_int_eq(avpn_address_parse("198.51.100.3", &right), AVPN_OK);
    const struct avpn_address addresses[] = {wrong, right};

    ck_assert_int_eq(avpn_node_resolved(host->node, host->resolve_request, addresses, 2, pair.now),
                     AVPN_OK);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERING);
    pair_run(&pair, 5 * AVPN_SECOND); /* one address after the other */
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERED);
    ck_assert_int_eq(avpn_node_resolved(host->node, host->resolve_request, NULL, 0, pair.now),
                     AVPN_ERROR_NOT_FOUND); /* answered already */
    pair_end(&pair);
}
END_TEST

START_TEST(an_uplink_that_goes_is_silent)
{
    begin_watch(9);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, false), AVPN_OK);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_IDLE);
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_REGISTRY].state, 0);
    uint64_t sent = pair.hosts[0].transmitted;

    pair_run(&pair, 100 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].transmitted, sent);
    ck_assert(!avpni_peer_is_connected(peer_of(1))); /* [REG-8] after 70 s */
    ck_assert_int_eq(pair_uplink(&pair, 0, 0, true), AVPN_OK);
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_uint_eq(registration()->state, AVPN_REGISTRATION_REGISTERED);
    pair_end(&pair);
}
END_TEST

/* ---- what a registry may say, in the voice of one that lies ------------------------------------ */

static uint64_t liar_counter;

static void tell(const uint8_t *body, size_t count)
{
    const struct avpni_registry_session *session = &registration()->session;
    struct avpni_session_head head = {session->slot, session->generation, ++liar_counter};
    uint8_t bytes[AVPNI_SESSION_OVERHEAD + AVPNI_SESSION_BODY_LIMIT], nonce[12];

    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_NODE, head.counter);
    avpni_aead_seal(bytes + AVPNI_SESSION_BODY, body, count, bytes, AVPNI_SESSION_BODY, nonce,
                    session->key);
    pair_receive(&pair, 0, 0, &pair.hosts[REGISTRY].contacts[0], bytes,
                 AVPNI_SESSION_OVERHEAD + count);
}

static size_t with_entry(uint8_t *body, size_t head, uint32_t member, const char *observed)
{
    struct avpni_entry entry = {.member = member, .flags = AVPNI_ENTRY_CONNECTED,
                                .observed = pair_contact(observed)};
    struct avpni_writer w = avpni_writer(body + head, AVPNI_ENTRY_LIMIT);

    avpni_entry_write(&w, &entry);
    return head + 8 + 7 + 1; /* fixed part, an IPv4 contact, none */
}

static void change(uint32_t version, uint32_t member, const char *observed)
{
    struct avpni_page_head head = {.count = 1, .contacts_version = version};
    uint8_t body[200];

    avpni_change_head_write(body, &head);
    tell(body, with_entry(body, AVPNI_CHANGE_HEAD_BYTES, member, observed));
}

static void page(uint32_t version, uint32_t at, uint32_t total, bool is_last)
{
    struct avpni_page_head head = {.flags = is_last ? AVPNI_PAGE_LAST : 0, .count = 1,
                                   .contacts_version = version, .first = at, .total = total};
    uint8_t body[200];

    avpni_page_head_write(body, &head);
    tell(body, with_entry(body, AVPNI_PAGE_HEAD_BYTES, 2, "203.0.113.2:40000"));
}

static void begin_liar(uint64_t seed)
{
    begin_watch(seed);
    pair_start(&pair);
    pair_run(&pair, 5 * AVPN_SECOND);
    liar_counter = registration()->session.highest;
    is_cut = true;
    messages = 0;
}

START_TEST(the_next_change_is_applied_another_makes_it_fetch)
{
    uint32_t version;

    begin_liar(20);
    version = registration()->contacts_version;
    change(version + 1, 2, "203.0.113.2:41111");
    ck_assert_uint_eq(registration()->contacts_version, version + 1); /* [REG-10] */
    ck_assert_uint_eq(messages, 0);
    ck_assert_uint_eq(peer_of(0)->remotes[0]->observed[0].port, 41111);
    change(version + 5, 2, "203.0.113.2:41112");
    ck_assert(registration()->is_fetching);
    ck_assert_uint_eq(messages, 1);
    page(version + 5, 0, 1, true);
    ck_assert(!registration()->is_fetching);
    ck_assert_uint_eq(registration()->contacts_version, version + 5);
    pair_end(&pair);
}
END_TEST

START_TEST(pages_of_another_version_make_it_begin_again)
{
    begin_liar(21);
    change(1000, 2, "203.0.113.2:41112");
    ck_assert(registration()->is_fetching);
    page(1000, 0, 3, false);
    ck_assert_uint_eq(registration()->fetch_next, 1); /* [REG-11] */
    page(1000, 0, 3, false); /* twice the same: not counted twice */
    ck_assert_uint_eq(registration()->fetch_next, 1);
    page(1000, 2, 3, true); /* one that was not asked for */
    ck_assert(registration()->is_fetching);
    ck_assert_uint_eq(registration()->fetch_next, 1);
    page(1001, 1, 3, false);
    ck_assert_uint_eq(registration()->fetch_next, 0);
    ck_assert(registration()->is_fetching);
    page(1001, 0, 2, false);
    page(1001, 1, 2, true);
    ck_assert(!registration()->is_fetching);
    ck_assert_uint_eq(registration()->contacts_version, 1001);
    pair_end(&pair);
}
END_TEST

/* Else a large hub, of which some peer always moves, would never come to the end [REG-11]. */
START_TEST(a_change_between_pages_does_not_make_it_begin_again)
{
    begin_liar(24);
    change(1000, 2, "203.0.113.2:41112");
    page(1000, 0, 3, false);
    change(1001, 2, "203.0.113.2:41113");
    page(1001, 1, 3, false);
    ck_assert_uint_eq(registration()->fetch_next, 2);
    page(1001, 2, 3, true);
    ck_assert(!registration()->is_fetching);
    ck_assert_uint_eq(registration()->contacts_version, 1001);
    pair_end(&pair);
}
END_TEST

START_TEST(an_ack_nobody_asked_for_moves_nothing)
{
    struct avpni_ack ack = {.config_version = 1};
    uint8_t body[AVPNI_ACK_BODY_BYTES];

    begin_liar(25);
    ck_assert(!registration()->is_waiting);
    ack.observed = pair_contact("192.0.2.9:999");
    ack.contacts_version = registration()->contacts_version;
    avpni_ack_write(body, &ack);
    tell(body, sizeof body);
    ck_assert(memcmp(&registration()->observed, &pair.hosts[0].contacts[0],
                     sizeof registration()->observed) == 0);
    pair_end(&pair);
}
END_TEST

START_TEST(an_ack_of_another_version_makes_it_fetch)
{
    struct avpni_ack ack = {.config_version = 1};
    uint8_t body[AVPNI_ACK_BODY_BYTES];

    begin_liar(22);
    ack.observed = pair.hosts[0].contacts[0];
    ack.contacts_version = registration()->contacts_version;
    avpni_ack_write(body, &ack);
    tell(body, sizeof body);
    ck_assert_uint_eq(messages, 0);
    ack.contacts_version++;
    avpni_ack_write(body, &ack);
    tell(body, sizeof body);
    ck_assert_uint_eq(messages, 1); /* [REG-10] */
    pair_end(&pair);
}
END_TEST

/* [REG-14]: hints, and nothing but. */
START_TEST(lies_tear_nothing_down)
{
    struct avpn_contact before;
    struct avpn_node_status status = {.size = sizeof status};

    begin_liar(23);
    before = path_of(0)->contact;
    change(registration()->contacts_version + 1, 77, "192.0.2.1:1"); /* nobody */
    change(registration()->contacts_version + 1, 1, "192.0.2.1:1");  /* ourselves */
    change(registration()->contacts_version + 1, 2, "192.0.2.1:1");  /* elsewhere */
    for (uint32_t i = 0; i < 100; i++)
        change(registration()->contacts_version + 1, 2, i % 2 ? "192.0.2.1:1" : "192.0.2.1:2");
    pair_run(&pair, 5 * AVPN_SECOND);
    ck_assert_int_eq(avpn_node_status(pair.hosts[0].node, &status), AVPN_OK);
    ck_assert_uint_eq(status.peer_count, 1);
    ck_assert_uint_eq(status.tunnels_up, 1);
    ck_assert(avpni_contact_is_equal(&path_of(0)->contact, &before));
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_TUNNEL], 1);
    pair_end(&pair);
}
END_TEST

START_TEST(what_only_nodes_say_is_not_taken_from_a_registry)
{
    struct avpni_alive alive = {.nat = 0};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];
    uint64_t before;

    begin_liar(24);
    before = pair_counter(&pair, 0, AVPN_DROP_MALFORMED);
    avpni_alive_write(body, &alive);
    tell(body, sizeof body); /* [DMX-5] */
    ck_assert_uint_eq(pair_counter(&pair, 0, AVPN_DROP_MALFORMED), before + 1);
    ck_assert_uint_eq(messages, 0);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(an_uplink_registers_and_keeps_alive),
    HARNESS_CASE(initiations_are_repeated_ever_more_slowly),
    HARNESS_CASE(three_unanswered_keepalives_begin_a_handshake),
    HARNESS_CASE(a_registry_that_restarts_is_whole_again_soon),
    HARNESS_CASE(the_handshake_is_repeated_every_hour),
    HARNESS_CASE(a_new_contact_is_challenged_and_passed_on),
    HARNESS_CASE(a_registry_under_load_is_answered_with_its_cookie),
    HARNESS_CASE(names_are_resolved_by_the_host),
    HARNESS_CASE(an_uplink_that_goes_is_silent),
    HARNESS_CASE(the_next_change_is_applied_another_makes_it_fetch),
    HARNESS_CASE(pages_of_another_version_make_it_begin_again),
    HARNESS_CASE(a_change_between_pages_does_not_make_it_begin_again),
    HARNESS_CASE(an_ack_nobody_asked_for_moves_nothing),
    HARNESS_CASE(an_ack_of_another_version_makes_it_fetch),
    HARNESS_CASE(lies_tear_nothing_down),
    HARNESS_CASE(what_only_nodes_say_is_not_taken_from_a_registry),
};
HARNESS_MAIN("link/registration", cases)
