/* SPDX-License-Identifier: ISC */
#include "world.h"

#include "base/address.h"
#include "harness.h"

#include <string.h>

/* A hub, two spokes of it, and a hub apart with a spoke of its own: hubs are peers [TOP-1]. */
static const struct world_member members[] = {
    {.id = 1, .role = AVPN_ROLE_HUB},
    {.id = 2, .role = AVPN_ROLE_SPOKE, .hubs = {1}},
    {.id = 3, .role = AVPN_ROLE_SPOKE, .hubs = {1}},
    {.id = 4, .role = AVPN_ROLE_HUB},
    {.id = 5, .role = AVPN_ROLE_SPOKE, .hubs = {4}},
    {.id = 6, .role = AVPN_ROLE_SPOKE, .hubs = {1}, .flags = AVPN_MEMBER_REVOKED},
};
enum { HUB, SPOKE, OTHER_SPOKE, FAR_HUB, FAR_SPOKE, REVOKED };
#define ORGANIZATION 7

static struct world w;

static void begin(void)
{
    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 3, members, HARNESS_COUNT(members)), AVPN_OK);
}

static struct client client(int member, const char *contact)
{
    return client_of(&w, ORGANIZATION, &members[member], 0, contact);
}

static struct avpn_registration registration(uint32_t member, uint32_t uplink)
{
    struct avpn_registration seen = {.size = sizeof seen};
    struct avpn_key organization = world_organization(ORGANIZATION);

    ck_assert_int_eq(
        avpn_registry_registration(w.registry, &organization, member, uplink, &seen), AVPN_OK);
    return seen;
}

static bool is_at(uint32_t member, const char *contact)
{
    struct avpn_contact expected = contact_of(contact);
    struct avpn_registration seen = registration(member, 0);

    return seen.is_connected == 1 && avpni_contact_is_equal(&seen.observed, &expected);
}

/* The one entry of the one Change that a client heard. */
static struct avpni_entry change_of(const struct client *c, uint32_t *version_out)
{
    struct avpni_page_head head;
    struct avpni_reader entries;
    struct avpni_entry entry;
    uint8_t body[1100];

    ck_assert_uint_eq(client_heard(c, AVPNI_BODY_CHANGE, body), 1);
    for (uint32_t i = 0; i < w.sent_count; i++) {
        size_t count = client_open(c, i, body);

        if (count > 0 && avpni_body_kind(body, count) == AVPNI_BODY_CHANGE) {
            ck_assert(avpni_entries_read(body, count, &head, &entries));
        }
    }
    ck_assert_uint_eq(head.count, 1);
    avpni_entry_read(&entries, &entry);
    *version_out = head.contacts_version;
    return entry;
}

/* How many peers the page that a client has just got tells of. */
static uint32_t entries_of(const struct client *c)
{
    uint8_t body[1100];
    uint32_t entries = 0;

    for (uint32_t i = 0; i < w.sent_count; i++) {
        size_t count = client_open(c, i, body);
        struct avpni_page_head head;
        struct avpni_reader r;

        if (count > 0 && avpni_body_kind(body, count) == AVPNI_BODY_PAGE) {
            ck_assert(avpni_entries_read(body, count, &head, &r));
            entries += head.count;
        }
    }
    return entries;
}

START_TEST(a_member_registers_by_a_handshake_and_a_keepalive)
{
    struct avpn_event event;
    struct avpni_ack ack;
    uint8_t body[1100];

    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");

    ck_assert(client_hello(&c));
    ck_assert_uint_eq(c.session.keepalive_seconds, 10);
    ck_assert_uint_eq(c.session.config_version, 3);
    ck_assert_uint_eq(world_status(&w).connected_count, 0);
    client_keep(&c, true);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, body), 1);
    ck_assert(avpni_ack_read(body, &ack));
    ck_assert(avpni_contact_is_equal(&ack.observed, &c.contact));
    ck_assert_uint_eq(ack.config_version, 3);
    ck_assert_uint_eq(ack.contacts_version, c.session.contacts_version);
    ck_assert(is_at(2, "198.51.100.7:40007"));
    struct avpn_registration seen = registration(2, 0);

    ck_assert(avpni_contact_is_equal(&seen.local, &c.local));
    ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_OK);
    ck_assert_uint_eq(event.kind, AVPN_EVENT_MEMBER);
    ck_assert_uint_eq(event.state, 1);
    ck_assert_uint_eq(event.peer, 2);
    ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_ERROR_EMPTY);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_HANDSHAKES), 1);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_KEEPALIVES), 1);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_TRANSMITTED), 3); /* and a page */
    world_end(&w);
}
END_TEST

START_TEST(a_handshake_alone_leaves_no_registration)
{
    struct avpn_registration seen = {.size = sizeof seen};
    struct avpn_key organization = world_organization(ORGANIZATION);

    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");
    uint64_t before = world_status(&w).memory_bytes;

    for (int i = 0; i < 10; i++) {
        ck_assert(client_hello(&c));
    }
    ck_assert_int_eq(avpn_registry_registration(w.registry, &organization, 2, 0, &seen),
                     AVPN_ERROR_NOT_FOUND);
    ck_assert_uint_eq(world_status(&w).memory_bytes, before);
    ck_assert_int_eq(avpn_registry_deadline(w.registry), AVPN_TIME_NEVER);
    world_end(&w);
}
END_TEST

/* [REG-13], [HS-5] */
START_TEST(an_unproved_source_gets_no_more_bytes_than_it_sent)
{
    uint8_t bytes[256];

    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");

    client_initiation(&c, NULL, bytes);
    world_receive(&w, &c.contact, bytes, sizeof bytes);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_le(w.sent[0].count, 256);
    memset(bytes + 240, 1, 16);
    world_receive(&w, &c.contact, bytes, sizeof bytes);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_le(w.sent[0].count, 256);
    ck_assert(client_hello(&c));
    client_keep(&c, false);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_le(w.sent[0].count, 96);
    client_fetch(&c, NULL, 0, bytes);
    world_receive(&w, &c.contact, bytes, 96);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_le(w.sent[0].count, 96);
    world_end(&w);
}
END_TEST

/* [REG-5] */
START_TEST(without_a_token_there_is_a_challenge_and_no_change)
{
    struct avpni_challenge challenge;
    uint8_t body[1100];

    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");

    ck_assert(client_hello(&c));
    client_keep(&c, false);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_CHALLENGE, body), 1);
    ck_assert(avpni_challenge_read(body, &challenge));
    ck_assert(avpni_contact_is_equal(&challenge.observed, &c.contact));
    ck_assert_uint_eq(world_status(&w).connected_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_TOKEN), 0);
    memcpy(c.session.token, challenge.token, 16);
    client_keep(&c, true);
    ck_assert(is_at(2, "198.51.100.7:40007"));
    client_keep(&c, false); /* once established none is needed */
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, NULL), 1);
    world_end(&w);
}
END_TEST

START_TEST(a_wrong_token_is_challenged_and_counted)
{
    uint8_t bytes[96], token[16];

    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");

    ck_assert(client_hello(&c));
    for (unsigned bit = 0; bit < 128; bit++) {
        memcpy(token, c.session.token, 16);
        token[bit / 8] ^= (uint8_t)(1u << bit % 8);
        client_alive(&c, token, 0, 0, bytes);
        world_receive(&w, &c.contact, bytes, 96);
        ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_CHALLENGE, NULL), 1);
        ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_TOKEN), bit + 1);
    }
    ck_assert_uint_eq(world_status(&w).connected_count, 0);
    world_end(&w);
}
END_TEST

/* [REG-4] */
START_TEST(a_token_lives_through_the_next_period_and_no_longer)
{
    begin();
    w.now = 1200 * AVPN_SECOND; /* begin of period 10 */
    struct client early = client(SPOKE, "198.51.100.7:40007");
    struct client late = client(OTHER_SPOKE, "198.51.100.8:40007");

    ck_assert(client_hello(&early));
    ck_assert(client_hello(&late));
    w.now = 1440 * AVPN_SECOND - 1;
    client_keep(&early, true);
    ck_assert_uint_eq(client_heard(&early, AVPNI_BODY_ACK, NULL), 1);
    w.now = 1440 * AVPN_SECOND;
    client_keep(&late, true);
    ck_assert_uint_eq(client_heard(&late, AVPNI_BODY_CHALLENGE, NULL), 1);
    world_end(&w);
}
END_TEST

START_TEST(a_replay_from_another_address_changes_nothing)
{
    struct avpn_contact thief = contact_of("203.0.113.66:6666");
    uint8_t fresh[96], seen[96];

    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");

    client_register(&c);
    client_alive(&c, c.session.token, 0, 0, seen);
    world_receive(&w, &c.contact, seen, 96);
    world_receive(&w, &thief, seen, 96);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_REPLAY), 1);
    client_alive(&c, c.session.token, 0, 0, fresh); /* caught on the way: never arrived */
    world_receive(&w, &thief, fresh, 96);
    ck_assert_uint_eq(w.sent_count, 1);
    ck_assert_uint_le(w.sent[0].count, 96);
    ck_assert(is_at(2, "198.51.100.7:40007"));
    world_receive(&w, &c.contact, fresh, 96); /* and is still good for its owner */
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, NULL), 1);
    world_end(&w);
}
END_TEST

/* [REG-2] */
START_TEST(each_counter_counts_once_within_a_window_of_32)
{
    static const struct {
        uint64_t counter;
        bool is_accepted;
    } steps[] = {
        {40, true},  {40, false}, {41, true}, {10, true}, {10, false}, {9, false},
        {39, true},  {39, false}, {72, true}, {41, false}, {40, false}, {71, true},
        {42, true},  {1000, true}, {969, true}, {968, false}, {72, false}, {1000, false},
        {UINT64_C(1) << 47, true}, {1000, false}, {UINT64_C(1) << 48, false}, {UINT64_MAX, false},
    };
    uint8_t bytes[96];

    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");

    client_register(&c);
    for (int i = 0; i < HARNESS_COUNT(steps); i++) {
        client_alive(&c, NULL, 0, steps[i].counter, bytes);
        world_receive(&w, &c.contact, bytes, 96);
        ck_assert_msg((client_heard(&c, AVPNI_BODY_ACK, NULL) == 1) == steps[i].is_accepted,
                      "step %d", i);
    }
    world_end(&w);
}
END_TEST

/* [REG-5], [REG-6] */
START_TEST(the_older_generation_stays_until_the_newer_is_proved)
{
    begin();
    struct client old = client(SPOKE, "198.51.100.7:40007");
    struct client new_one = old;

    client_register(&old);
    ck_assert(client_hello(&new_one));
    ck_assert_uint_gt(new_one.session.generation, old.session.generation);
    ck_assert_uint_eq(new_one.session.contacts_version, old.session.contacts_version);
    client_keep(&new_one, false);
    ck_assert_uint_eq(client_heard(&new_one, AVPNI_BODY_CHALLENGE, NULL), 1);
    client_keep(&old, false);
    ck_assert_uint_eq(client_heard(&old, AVPNI_BODY_ACK, NULL), 1);
    client_keep(&new_one, true);
    ck_assert_uint_eq(client_heard(&new_one, AVPNI_BODY_ACK, NULL), 1);
    client_keep(&old, true);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_SESSION), 1);
    world_end(&w);
}
END_TEST

START_TEST(a_node_moves_with_a_token_for_its_new_contact)
{
    struct avpni_challenge challenge;
    struct avpn_event event;
    uint32_t version;
    uint8_t body[1100];

    begin();
    struct client hub = client(HUB, "203.0.113.1:40001"), c = client(SPOKE, "198.51.100.7:40007");

    client_register(&hub);
    client_register(&c);
    c.contact = contact_of("[2001:db8::7]:40007");
    client_keep(&c, true); /* the token was for the old contact */
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_CHALLENGE, body), 1);
    ck_assert(avpni_challenge_read(body, &challenge));
    ck_assert(is_at(2, "198.51.100.7:40007"));
    memcpy(c.session.token, challenge.token, 16);
    client_keep(&c, true);
    ck_assert(is_at(2, "[2001:db8::7]:40007"));
    for (int i = 0; i < 3; i++) /* both connected, then it moved */
        ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_OK);
    ck_assert_uint_eq(event.peer, 2);
    ck_assert_uint_eq(event.state, 1);
    ck_assert(avpni_contact_is_equal(&event.contact, &c.contact));
    ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_ERROR_EMPTY);
    struct avpni_entry entry = change_of(&hub, &version);

    ck_assert_uint_eq(entry.member, 2);
    ck_assert(avpni_contact_is_equal(&entry.observed, &c.contact));
    ck_assert_uint_eq(version, hub.session.contacts_version + 2);
    world_end(&w);
}
END_TEST

/* [REG-8], [REG-9] */
START_TEST(a_silent_node_is_disconnected_after_70_seconds)
{
    struct avpn_event event;
    uint32_t version;

    begin();
    struct client hub = client(HUB, "203.0.113.1:40001"), c = client(SPOKE, "198.51.100.7:40007");

    client_register(&c);
    client_register(&hub);
    for (int i = 0; i < 7; i++) {
        ck_assert(is_at(2, "198.51.100.7:40007"));
        ck_assert_int_gt(avpn_registry_deadline(w.registry), w.now);
        world_tick(&w, 10 * AVPN_SECOND);
        client_keep(&hub, false);
    }
    ck_assert(is_at(2, "198.51.100.7:40007"));
    ck_assert_int_le(avpn_registry_deadline(w.registry), w.now + AVPN_SECOND / 10);
    world_tick(&w, avpn_registry_deadline(w.registry) - w.now);
    ck_assert_uint_eq(registration(2, 0).is_connected, 0);
    struct avpni_entry entry = change_of(&hub, &version);

    ck_assert_uint_eq(entry.member, 2);
    ck_assert_uint_eq(entry.flags & AVPNI_ENTRY_CONNECTED, 0);
    ck_assert_uint_eq(world_status(&w).connected_count, 1);
    while (avpn_registry_next_event(w.registry, &event) == AVPN_OK) {
    }
    ck_assert_uint_eq(event.state, 0);
    ck_assert_uint_eq(event.peer, 2);
    /* Its session is good still; it is told to fetch by another version. */
    client_keep(&c, false);
    ck_assert(is_at(2, "198.51.100.7:40007"));
    entry = change_of(&hub, &version);
    ck_assert_uint_eq(entry.flags & AVPNI_ENTRY_CONNECTED, AVPNI_ENTRY_CONNECTED);
    world_end(&w);
}
END_TEST

START_TEST(a_late_host_still_disconnects_whoever_is_silent)
{
    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");

    client_register(&c);
    world_tick(&w, 30000 * AVPN_SECOND);
    ck_assert_uint_eq(world_status(&w).connected_count, 0);
    ck_assert_int_eq(avpn_registry_deadline(w.registry), AVPN_TIME_NEVER);
    world_end(&w);
}
END_TEST

/* [REG-15] */
START_TEST(a_leaving_node_is_disconnected_at_once)
{
    uint32_t version;
    uint8_t bytes[96];

    begin();
    struct client hub = client(HUB, "203.0.113.1:40001"), c = client(SPOKE, "198.51.100.7:40007");

    client_register(&hub);
    client_register(&c);
    client_alive(&c, NULL, AVPNI_ALIVE_LEAVING, 0, bytes);
    world_receive(&w, &c.contact, bytes, 96);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, NULL), 1);
    ck_assert_uint_eq(change_of(&hub, &version).flags, 0);
    ck_assert_uint_eq(registration(2, 0).is_connected, 0);
    world_tick(&w, 71 * AVPN_SECOND);
    client_register(&c);
    ck_assert(is_at(2, "198.51.100.7:40007"));
    world_end(&w);
}
END_TEST

/* [REG-12] */
START_TEST(strangers_and_revoked_members_get_no_answer)
{
    static const struct world_member nobody = {.id = 77, .role = AVPN_ROLE_SPOKE};

    begin();
    struct client clients[] = {client(SPOKE, "198.51.100.7:40007"),
                               client(REVOKED, "198.51.100.7:40007"),
                               client_of(&w, ORGANIZATION, &nobody, 0, "198.51.100.7:40007")};

    clients[0].organization.bytes[5] ^= 1;
    for (int i = 0; i < HARNESS_COUNT(clients); i++) {
        ck_assert(!client_hello(&clients[i]));
        ck_assert_uint_eq(w.sent_count, 0);
        ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_STRANGER), (unsigned)i + 1);
    }
    world_end(&w);
}
END_TEST

/* [MAC-4], [MAC-6] */
START_TEST(under_load_a_cookie_comes_first)
{
    uint8_t bytes[256];

    world_begin(&w, 2, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 3, members, HARNESS_COUNT(members)), AVPN_OK);
    struct client c = client(SPOKE, "198.51.100.7:40007");

    ck_assert(client_hello(&c));
    ck_assert(client_hello(&c));
    client_initiation(&c, NULL, bytes);
    world_receive(&w, &c.contact, bytes, sizeof bytes);
    ck_assert(client_take_cookie(&c, bytes));
    ck_assert_uint_eq(w.sent[0].count, 68);
    for (int i = 0; i < 20; i++) {
        ck_assert(client_hello(&c));
    }
    ck_assert(!client_hello(&c)); /* its share is spent */
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_LOAD), 1);
    c.contact = contact_of("198.51.100.9:40007"); /* another's cookie */
    ck_assert(!client_hello(&c));
    ck_assert_uint_eq(w.sent[0].count, 68);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_COUNT_COOKIES), 2);
    w.now += AVPN_SECOND;
    c.has_cookie = false;
    ck_assert(client_hello(&c));
    world_end(&w);
}
END_TEST

START_TEST(changes_go_to_peers_only_and_count_up)
{
    uint32_t version;

    begin();
    struct client hub = client(HUB, "203.0.113.1:40001"), spoke = client(SPOKE, "198.51.100.7:407"),
                  other = client(OTHER_SPOKE, "198.51.100.8:408"),
                  far_hub = client(FAR_HUB, "203.0.113.4:40004"),
                  far_spoke = client(FAR_SPOKE, "198.51.100.9:409");

    client_register(&hub);
    client_register(&other);
    client_register(&far_hub);
    client_register(&far_spoke);
    uint32_t before = hub.session.contacts_version + 2; /* other, far hub */

    client_register(&spoke);
    ck_assert_uint_eq(w.sent_count, 3); /* Ack, Page, one Change */
    struct avpni_entry entry = change_of(&hub, &version);

    ck_assert_uint_eq(version, before + 1);
    ck_assert_uint_eq(entry.member, 2);
    ck_assert_uint_eq(entry.flags, AVPNI_ENTRY_CONNECTED);
    ck_assert(avpni_contact_is_equal(&entry.local, &spoke.local));
    spoke.nat = 1;
    client_keep(&spoke, false);
    ck_assert_uint_eq(change_of(&hub, &version).nat, 1);
    ck_assert_uint_eq(version, before + 2);
    spoke.local = contact_of("10.0.0.3:40000");
    client_keep(&spoke, false);
    entry = change_of(&hub, &version);
    ck_assert(avpni_contact_is_equal(&entry.local, &spoke.local));
    client_keep(&spoke, false); /* nothing new */
    ck_assert_uint_eq(w.sent_count, 1);
    hub.nat = 2;
    client_keep(&hub, false); /* a hub's change: its spokes and the other hub */
    ck_assert_uint_eq(w.sent_count, 4);
    ck_assert_uint_eq(change_of(&spoke, &version).member, 1);
    ck_assert_uint_eq(change_of(&other, &version).member, 1);
    ck_assert_uint_eq(change_of(&far_hub, &version).member, 1);
    world_end(&w);
}
END_TEST

/* Nor is a hub told where another is with which it has no tunnel. [TOP-2] */
START_TEST(without_hub_tunnels_hubs_do_not_hear_of_each_other)
{
    struct world_member apart[HARNESS_COUNT(members)];
    struct world_document document = {.number = ORGANIZATION,
                                      .version = 3,
                                      .members = apart,
                                      .count = HARNESS_COUNT(members),
                                      .flags = AVPN_ORGANIZATION_NO_HUB_TUNNELS};

    memcpy(apart, members, sizeof apart);
    apart[FAR_HUB].hubs[0] = _i == 1 ? 1 : 0; /* it takes the default route */
    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_set(&w, &document), AVPN_OK);
    struct client far_hub = client(FAR_HUB, "203.0.113.4:40004"),
                  hub = client(HUB, "203.0.113.1:40001"), c = client(SPOKE, "198.51.100.7:40007");

    client_register(&far_hub);
    client_register(&c);
    client_register(&hub); /* its spoke hears of it */
    ck_assert_uint_eq(client_heard(&far_hub, AVPNI_BODY_CHANGE, NULL), (uint32_t)_i);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_CHANGE, NULL), 1);
    ck_assert_uint_eq(entries_of(&hub), 1 + (uint32_t)_i); /* its spoke */
    document.version = 4;
    document.flags = 0;
    ck_assert_int_eq(world_set(&w, &document), AVPN_OK);
    far_hub.nat = 2;
    client_keep(&far_hub, false);
    ck_assert_uint_eq(client_heard(&hub, AVPNI_BODY_CHANGE, NULL), 1);
    world_end(&w);
}
END_TEST

START_TEST(the_uplinks_of_a_member_are_apart)
{
    static const char *const contacts[] = {"198.51.100.1:401", "198.51.100.2:402",
                                           "[2001:db8::3]:403", "198.51.100.4:404"};
    struct client uplinks[4];

    begin();
    struct client hub = client(HUB, "203.0.113.1:40001");

    for (uint8_t i = 0; i < 4; i++) {
        uint8_t uplink = (uint8_t)(3 - i);

        uplinks[uplink] = client_of(&w, ORGANIZATION, &members[SPOKE], uplink, contacts[uplink]);
        client_register(&uplinks[uplink]);
    }
    for (uint8_t i = 0; i < 4; i++) {
        struct avpn_registration seen = registration(2, i);

        ck_assert(avpni_contact_is_equal(&seen.observed, &uplinks[i].contact));
    }
    ck_assert_uint_eq(world_status(&w).connected_count, 4);
    client_register(&hub); /* told to each of them */
    for (uint8_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(client_heard(&uplinks[i], AVPNI_BODY_CHANGE, NULL), 1);
    }
    world_end(&w);
}
END_TEST

/* [REG-12] */
START_TEST(organizations_do_not_see_each_other)
{
    begin();
    ck_assert_int_eq(world_serve(&w, 8, 1, members, HARNESS_COUNT(members)), AVPN_OK);
    struct client ours = client(HUB, "203.0.113.1:40001"),
                  theirs = client_of(&w, 8, &members[SPOKE], 0, "198.51.100.7:407"), liar = theirs;

    client_register(&ours);
    client_register(&theirs);
    ck_assert_uint_eq(client_heard(&ours, AVPNI_BODY_CHANGE, NULL), 0);
    liar.organization = world_organization(ORGANIZATION);
    ck_assert(!client_hello(&liar));
    theirs.session.slot = ours.session.slot; /* their key, our slot */
    client_keep(&theirs, true);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_status(&w).organization_count, 2);
    ck_assert_uint_eq(world_status(&w).member_count, 12);
    world_end(&w);
}
END_TEST

START_TEST(the_limit_of_registrations_holds)
{
    world_begin(&w, 0, 1);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 3, members, HARNESS_COUNT(members)), AVPN_OK);
    struct client a = client(HUB, "203.0.113.1:40001"), b = client(SPOKE, "198.51.100.7:40007");

    client_register(&a);
    ck_assert(client_hello(&b));
    client_keep(&b, true);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_FULL), 1);
    client_register(&a);
    world_tick(&w, 71 * AVPN_SECOND);
    client_keep(&b, true);
    ck_assert_uint_eq(client_heard(&b, AVPNI_BODY_ACK, NULL), 1);
    world_end(&w);
}
END_TEST

START_TEST(without_memory_or_randomness_nothing_is_answered)
{
    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007");

    w.random_fails = true;
    ck_assert(!client_hello(&c));
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_RANDOM), 1);
    w.random_fails = false;
    ck_assert(client_hello(&c));
    w.allocation_fails = true;
    world_remember(&w);
    client_keep(&c, true);
    ck_assert(world_is_unchanged(&w));
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_uint_eq(world_counter(&w, AVPN_REGISTRY_DROP_MEMORY), 1);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 4, members, HARNESS_COUNT(members)),
                     AVPN_ERROR_MEMORY);
    w.allocation_fails = false;
    client_keep(&c, true);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, NULL), 1);
    world_end(&w);
}
END_TEST

START_TEST(a_batch_is_worked_off_in_order)
{
    static const size_t sizes[] = {96, 96, 1, 96, 0, 95, 96, 256, 96, 96, 43, 96};
    static uint8_t bytes[12][256];
    struct avpn_datagrams batch[12];
    struct avpni_session_head head;
    uint64_t last = 0;

    begin();
    struct client c = client(SPOKE, "198.51.100.7:40007"), other = client(HUB, "203.0.113.1:40001");

    client_register(&other);
    client_register(&c);
    memset(bytes, 0xA5, sizeof bytes);
    for (int i = 0; i < 12; i++) {
        if (sizes[i] == 96 && i != 6) { /* 6: right size, wrong slot */
            client_alive(i % 2 == 0 ? &c : &other, NULL, 0, 0, bytes[i]);
        } else if (i == 6) {
            memcpy(bytes[i], bytes[0], 96);
            memset(bytes[i] + 8, 0xFF, 4);
        }
        batch[i] = (struct avpn_datagrams){
            .remote = i % 2 == 0 ? c.contact : other.contact,
            .packets = {bytes[i], 1, (uint32_t)sizes[i], (uint32_t)sizes[i], 0}};
    }
    w.sent_count = 0;
    ck_assert_int_eq(avpn_registry_receive(w.registry, batch, 12, w.now), AVPN_OK);
    ck_assert_uint_eq(w.sent_count, 6);
    for (uint32_t i = 0; i < w.sent_count; i++) {
        avpni_session_head_read(w.sent[i].bytes, &head);
        ck_assert_uint_gt(head.counter, last);
        last = head.counter;
    }
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, NULL), 2);
    ck_assert_uint_eq(client_heard(&other, AVPNI_BODY_ACK, NULL), 4);

    /* A run: three of equal size and a shorter one, 128 bytes apart. */
    uint8_t run[4][128];

    for (int i = 0; i < 4; i++) {
        client_alive(&c, NULL, 0, 0, run[i]);
    }
    batch[0] = (struct avpn_datagrams){.remote = c.contact,
                                       .packets = {run[0], 4, 96, 95, sizeof run[0]}};
    w.sent_count = 0;
    ck_assert_int_eq(avpn_registry_receive(w.registry, batch, 1, w.now), AVPN_OK);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, NULL), 3);
    batch[0].packets.last_bytes = 97;
    ck_assert_int_eq(avpn_registry_receive(w.registry, batch, 1, w.now), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_registry_receive(w.registry, NULL, 0, w.now), AVPN_OK);
    world_end(&w);
}
END_TEST

START_TEST(bad_calls_are_refused)
{
    struct avpn_registry *registry = NULL;
    struct avpn_registry_status status = {.size = 1};
    struct avpn_key organization = world_organization(9);

    begin();
    struct avpn_registry_options options = w.options;
    struct avpn_host host = w.host;

    options.size = 1;
    ck_assert_int_eq(avpn_registry_new(&options, &host, 0, &registry), AVPN_ERROR_ARGUMENT);
    options = w.options;
    options.identity.public_key.bytes[0] ^= 1;
    ck_assert_int_eq(avpn_registry_new(&options, &host, 0, &registry), AVPN_ERROR_ARGUMENT);
    host.transmit = NULL;
    ck_assert_int_eq(avpn_registry_new(&w.options, &host, 0, &registry), AVPN_ERROR_ARGUMENT);
    ck_assert_ptr_null(registry);
    ck_assert_int_eq(avpn_registry_status(w.registry, &status), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_registry_remove_organization(w.registry, &organization, w.now),
                     AVPN_ERROR_NOT_FOUND);
    ck_assert_str_eq(avpn_registry_counter_name(AVPN_REGISTRY_DROP_TOKEN), "drop-token");
    ck_assert_str_eq(avpn_registry_counter_name(AVPN_REGISTRY_COUNTERS), "unknown");
    world_end(&w);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_member_registers_by_a_handshake_and_a_keepalive),
    HARNESS_CASE(a_handshake_alone_leaves_no_registration),
    HARNESS_CASE(an_unproved_source_gets_no_more_bytes_than_it_sent),
    HARNESS_CASE(without_a_token_there_is_a_challenge_and_no_change),
    HARNESS_CASE(a_wrong_token_is_challenged_and_counted),
    HARNESS_CASE(a_token_lives_through_the_next_period_and_no_longer),
    HARNESS_CASE(a_replay_from_another_address_changes_nothing),
    HARNESS_CASE(each_counter_counts_once_within_a_window_of_32),
    HARNESS_CASE(the_older_generation_stays_until_the_newer_is_proved),
    HARNESS_CASE(a_node_moves_with_a_token_for_its_new_contact),
    HARNESS_CASE(a_silent_node_is_disconnected_after_70_seconds),
    HARNESS_CASE(a_late_host_still_disconnects_whoever_is_silent),
    HARNESS_CASE(a_leaving_node_is_disconnected_at_once),
    HARNESS_CASE(strangers_and_revoked_members_get_no_answer),
    HARNESS_CASE(under_load_a_cookie_comes_first),
    HARNESS_CASE(changes_go_to_peers_only_and_count_up),
    HARNESS_LOOP(without_hub_tunnels_hubs_do_not_hear_of_each_other, 2),
    HARNESS_CASE(the_uplinks_of_a_member_are_apart),
    HARNESS_CASE(organizations_do_not_see_each_other),
    HARNESS_CASE(the_limit_of_registrations_holds),
    HARNESS_CASE(without_memory_or_randomness_nothing_is_answered),
    HARNESS_CASE(a_batch_is_worked_off_in_order),
    HARNESS_CASE(bad_calls_are_refused),
};
HARNESS_MAIN("registry/registry", cases)
