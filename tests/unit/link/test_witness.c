/* SPDX-License-Identifier: ISC */
/* Which registry is contradicted by what answers [SYN-6]. */
#include "link/witness.h"
#include "link/fault.h"
#include "two.h"

#define LIAR 0
#define HONEST 1

static avpn_time since[AVPN_REGISTRIES];
static struct avpni_remote *remote;

/* Node 0 has its peer, which two registries saw at the same contact; then the first one names another. */
static void begin_lie(const char *contact)
{
    struct avpni_entry entry = {.member = 2, .flags = AVPNI_ENTRY_CONNECTED,
                                .nat = AVPN_NAT_FRIENDLY};

    pair_begin(&pair, two_sites, 2, 2, 1);
    pair_start(&pair);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, 0, 1));
    entry.observed = pair_contact(contact);
    entry.local = pair.hosts[1].contacts[0];
    avpni_peer_learn(peer_of(0), LIAR, &entry, pair.now);
    remote = peer_of(0)->remotes[0];
    for (int i = 0; i < AVPN_REGISTRIES; i++)
        since[i] = i < 2 ? 0 : AVPN_TIME_NEVER;
}

static void tell_the_truth(void) { remote->observed[LIAR] = remote->observed[HONEST]; }
static void be_unfriendly(void) { remote->nats[HONEST] = AVPN_NAT_UNFRIENDLY_PORT; }
static void be_unknown(void) { remote->nats[HONEST] = AVPN_NAT_UNKNOWN; }
static void be_gone(void) { remote->connected &= (uint8_t)~(1u << LIAR); }
static void be_gone_there(void) { remote->connected &= (uint8_t)~(1u << HONEST); }
static void begin_anew(void) { since[LIAR] = pair.now + 1; }
static void begin_anew_there(void) { since[HONEST] = pair.now + 1; }
static void be_silent(void) { since[LIAR] = AVPN_TIME_NEVER; }
static void be_silent_there(void) { since[HONEST] = AVPN_TIME_NEVER; }
static void change(void) { remote->changed_at = pair.now + 1; }
static void answer_nowhere(void) { path_of(0)->state = AVPN_PATH_EMPTY; }
static void answer_elsewhere(void) { path_of(0)->contact.port++; }
static void nothing(void) {}

static const struct {
    const char *contact;
    void (*but)(void);
    bool is_contradicted;
    const char *name;
} rows[] = {
    {"192.0.2.9:9", nothing, true, "a lie"},
    {"203.0.113.2:40001", nothing, true, "another port"},
    {"[2001:db8::9]:9", nothing, false, "another family"},
    {"192.0.2.9:9", tell_the_truth, false, "the truth"},
    {"192.0.2.9:9", be_unfriendly, false, "an unfriendly NAT: both may be right"},
    {"192.0.2.9:9", be_unknown, false, "a NAT that is not known"},
    {"192.0.2.9:9", be_gone, false, "it does not say that the peer is there"},
    {"192.0.2.9:9", be_gone_there, false, "nor does the other"},
    {"192.0.2.9:9", begin_anew, false, "it said so before it was born again"},
    {"192.0.2.9:9", begin_anew_there, false, "so did the other"},
    {"192.0.2.9:9", be_silent, false, "it does not answer us now"},
    {"192.0.2.9:9", be_silent_there, false, "nor does the other"},
    {"192.0.2.9:9", change, false, "not for two minutes"},
    {"192.0.2.9:9", answer_nowhere, false, "the peer does not answer"},
    {"192.0.2.9:9", answer_elsewhere, false, "the peer answers at a third place"},
};

START_TEST(only_a_lie_is_contradicted)
{
    begin_lie(rows[_i].contact);
    rows[_i].but();
    ck_assert_msg(avpni_witness_contradicts(peer_of(0), LIAR, since,
                                            pair.now + AVPNI_CONTRADICTED_AFTER) ==
                      rows[_i].is_contradicted, "%s", rows[_i].name);
    ck_assert(!avpni_witness_contradicts(peer_of(0), LIAR, since,
                                         pair.now + AVPNI_CONTRADICTED_AFTER - 1));
    ck_assert(!avpni_witness_contradicts(peer_of(0), HONEST, since,
                                         pair.now + AVPNI_CONTRADICTED_AFTER)); /* never the other */
    pair_end(&pair);
}
END_TEST

START_TEST(the_node_tells_which_registry_lies)
{
    struct avpn_registration_status status = {.size = sizeof status};

    begin_lie("192.0.2.9:9");
    pair_run(&pair, 115 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_FAULT], 0);
    pair_run(&pair, 20 * AVPN_SECOND);
    ck_assert_uint_eq(pair.hosts[0].events[AVPN_EVENT_FAULT], 1);
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_FAULT].registry, LIAR);
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_FAULT].state, AVPN_FAULT_CONTACTS);
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_FAULT].version, 1);
    ck_assert_int_eq(avpn_node_registration_status(pair.hosts[0].node, 0, LIAR, &status), AVPN_OK);
    ck_assert_uint_eq(status.fault, AVPN_FAULT_CONTACTS);
    ck_assert(pair_is_up(&pair, 0, 1)); /* [REG-14] */
    avpni_registration_refresh(pair.hosts[0].node->registrations[0][LIAR], pair.now);
    pair_run(&pair, 15 * AVPN_SECOND); /* and now it tells the truth */
    ck_assert_uint_eq(pair.hosts[0].last_event[AVPN_EVENT_FAULT].state, AVPN_FAULT_NONE);
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(only_a_lie_is_contradicted, HARNESS_COUNT(rows)),
    HARNESS_CASE(the_node_tells_which_registry_lies),
};
HARNESS_MAIN("link/witness", cases)
