/* SPDX-License-Identifier: ISC */
/* Pages, newer configurations, and organizations that come and go. */
#include "world.h"

#include "base/address.h"
#include "harness.h"

#include <string.h>

#define ORGANIZATION 7
#define SPOKES 130

static struct world w;

/* A hub 1, another hub 2, and spokes 10, 11 ... of both. */
static uint32_t make_members(struct world_member *members, uint32_t spokes)
{
    members[0] = (struct world_member){.id = 1, .role = AVPN_ROLE_HUB};
    members[1] = (struct world_member){.id = 2, .role = AVPN_ROLE_HUB};
    for (uint32_t i = 0; i < spokes; i++) {
        members[2 + i] =
            (struct world_member){.id = 10 + i, .role = AVPN_ROLE_SPOKE, .hubs = {2, 1}};
    }
    return 2 + spokes;
}

/* One page; returns the number of entries, which go to `members` with their uplinks. */
static uint32_t fetch(struct client *c, uint32_t first, struct avpni_page_head *head_out,
                      struct avpni_entry *entries_out)
{
    struct avpni_reader entries;
    uint8_t bytes[96], body[1100];

    client_fetch(c, NULL, first, bytes);
    world_receive(&w, &c->contact, bytes, 96);
    ck_assert_uint_eq(w.sent_count, 1);
    size_t count = client_open(c, 0, body);

    ck_assert_uint_gt(count, 0);
    ck_assert(avpni_entries_read(body, count, head_out, &entries));
    for (uint32_t i = 0; i < head_out->count; i++) {
        avpni_entry_read(&entries, &entries_out[i]);
    }
    return head_out->count;
}

static struct client spoke_uplink(const struct world_member *member, uint8_t uplink)
{
    return client_of(&w, ORGANIZATION, member, uplink,
                     member->id % 3 == 0 ? "[2001:db8::7]:40007" : "198.51.100.7:40007");
}

/* [REG-11] */
START_TEST(pages_come_in_order_of_member_and_uplink)
{
    struct world_member members[2 + SPOKES];
    struct avpni_entry entries[SPOKES * 2 + 10];
    struct avpni_page_head head;
    uint32_t got = 0, pages = 0, expected = 1;

    world_begin(&w, 100000, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, make_members(members, SPOKES)),
                     AVPN_OK);
    struct client hub = client_of(&w, ORGANIZATION, &members[0], 0, "203.0.113.1:40001");
    struct client other = client_of(&w, ORGANIZATION, &members[1], 0, "203.0.113.2:40001");

    client_register(&hub);
    for (uint32_t i = SPOKES; i-- > 0;) {
        for (uint8_t uplink = 0; uplink <= i % 2; uplink++) {
            struct client spoke = spoke_uplink(&members[2 + i], (uint8_t)(3 - uplink));

            client_register(&spoke);
            expected++;
        }
    }
    client_register(&other);
    do {
        got += fetch(&hub, got, &head, entries + got);
        ck_assert_uint_eq(head.total, expected);
        ck_assert_uint_eq(head.contacts_version, hub.session.contacts_version + expected);
        ck_assert((head.flags == AVPNI_PAGE_LAST) == (got == expected));
        pages++;
    } while (head.flags != AVPNI_PAGE_LAST && pages < 30);
    ck_assert_uint_eq(got, expected);
    ck_assert_uint_gt(pages, 3);
    ck_assert_uint_eq(entries[0].member, 2);
    for (uint32_t i = 1; i < got; i++) {
        ck_assert_uint_gt(entries[i].member * 4 + entries[i].uplink,
                          entries[i - 1].member * 4 + entries[i - 1].uplink);
    }
    ck_assert_uint_eq(fetch(&hub, expected, &head, entries), 0);
    ck_assert_uint_eq(head.flags, AVPNI_PAGE_LAST);
    ck_assert_uint_eq(fetch(&hub, UINT32_MAX, &head, entries), 0);
    world_end(&w);
}
END_TEST

START_TEST(a_spoke_is_given_its_hubs_only)
{
    struct world_member members[6];
    struct avpni_entry entries[60];
    struct avpni_page_head head;

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, make_members(members, 4)), AVPN_OK);
    for (int i = 5; i >= 0; i--) {
        struct client c = client_of(&w, ORGANIZATION, &members[i], 0, "198.51.100.7:40007");

        client_register(&c);
        if (i == 0) {
            ck_assert_uint_eq(fetch(&c, 0, &head, entries), 5);
        }
    }
    struct client spoke = client_of(&w, ORGANIZATION, &members[3], 0, "198.51.100.7:40007");

    client_register(&spoke);
    ck_assert_uint_eq(fetch(&spoke, 0, &head, entries), 2);
    ck_assert_uint_eq(entries[0].member, 1);
    ck_assert_uint_eq(entries[1].member, 2);
    world_end(&w);
}
END_TEST

/* [REG-11] */
START_TEST(the_first_page_comes_unasked_when_a_registration_begins)
{
    struct world_member members[4];
    struct avpni_page_head head;
    struct avpni_reader entries;
    uint8_t body[1100];

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, make_members(members, 2)), AVPN_OK);
    struct client hub = client_of(&w, ORGANIZATION, &members[0], 0, "203.0.113.1:40001"),
                  spoke = client_of(&w, ORGANIZATION, &members[2], 0, "198.51.100.2:402");

    client_register(&hub);
    client_register(&spoke);
    ck_assert_uint_eq(client_heard(&hub, AVPNI_BODY_CHANGE, NULL), 1);
    ck_assert_uint_eq(client_heard(&spoke, AVPNI_BODY_PAGE, body), 1);
    ck_assert(avpni_entries_read(body, AVPNI_PAGE_HEAD_BYTES + 22, &head, &entries));
    ck_assert_uint_eq(head.first, 0);
    ck_assert_uint_eq(head.total, 1);
    ck_assert_uint_eq(head.contacts_version, spoke.session.contacts_version);
    client_register(&spoke); /* goes on: nothing begins */
    ck_assert_uint_eq(client_heard(&spoke, AVPNI_BODY_PAGE, NULL), 0);
    world_tick(&w, 71 * AVPN_SECOND);
    client_keep(&spoke, false);
    ck_assert_uint_eq(client_heard(&spoke, AVPNI_BODY_PAGE, NULL), 1);
    world_end(&w);
}
END_TEST

/* [REG-5]: a fetch proves a contact as well as a keepalive. */
START_TEST(a_fetch_with_a_token_registers)
{
    struct world_member members[3];
    uint8_t bytes[96];

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, make_members(members, 1)), AVPN_OK);
    struct client c = client_of(&w, ORGANIZATION, &members[2], 0, "198.51.100.7:40007");

    ck_assert(client_hello(&c));
    client_fetch(&c, NULL, 0, bytes);
    world_receive(&w, &c.contact, bytes, 96);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_CHALLENGE, NULL), 1);
    client_fetch(&c, c.session.token, 0, bytes);
    world_receive(&w, &c.contact, bytes, 96);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_PAGE, NULL), 1);
    ck_assert_uint_eq(world_status(&w).connected_count, 1);
    world_end(&w);
}
END_TEST

START_TEST(a_newer_configuration_keeps_who_stays)
{
    struct world_member members[6];
    struct avpni_ack ack;
    uint8_t body[1100];
    uint32_t count = make_members(members, 3);

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 5, members, count), AVPN_OK);
    struct client hub = client_of(&w, ORGANIZATION, &members[0], 0, "203.0.113.1:40001"),
                  stays = client_of(&w, ORGANIZATION, &members[2], 0, "198.51.100.2:402"),
                  goes = client_of(&w, ORGANIZATION, &members[3], 0, "198.51.100.3:403"),
                  pending = client_of(&w, ORGANIZATION, &members[4], 0, "198.51.100.4:404");

    client_register(&stays);
    client_register(&goes);
    client_register(&hub);
    ck_assert(client_hello(&pending));
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 5, members, count), AVPN_ERROR_VERSION);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 4, members, count), AVPN_ERROR_VERSION);

    /* Member 11 goes; member 5, new, comes first in order and gets its place. */
    members[3] = members[2];
    members[2] = (struct world_member){.id = 5, .role = AVPN_ROLE_SPOKE, .hubs = {1}};
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 6, members, count), AVPN_OK);
    ck_assert_uint_eq(world_status(&w).connected_count, 2);

    client_keep(&stays, false); /* same peers: same version */
    ck_assert_uint_eq(client_heard(&stays, AVPNI_BODY_ACK, body), 1);
    ck_assert(avpni_ack_read(body, &ack));
    ck_assert_uint_eq(ack.config_version, 6);
    ck_assert_uint_eq(ack.contacts_version, stays.session.contacts_version + 1); /* the hub came */
    client_keep(&hub, false); /* other peers: fetch */
    ck_assert_uint_eq(client_heard(&hub, AVPNI_BODY_ACK, body), 1);
    ck_assert(avpni_ack_read(body, &ack));
    ck_assert_uint_eq(ack.contacts_version, hub.session.contacts_version + 1);
    client_keep(&goes, true);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert(!client_hello(&goes));
    client_keep(&pending, true); /* begun before the change: begins again */
    ck_assert_uint_eq(w.sent_count, 0);
    client_register(&pending);

    struct client new_one = client_of(&w, ORGANIZATION, &members[2], 0, "198.51.100.5:405");

    client_register(&new_one);
    ck_assert_uint_eq(new_one.session.slot, goes.session.slot); /* the place is used again */
    ck_assert_uint_eq(client_heard(&hub, AVPNI_BODY_CHANGE, NULL), 1);
    client_keep(&goes, true); /* and its old session is nobody's */
    ck_assert_uint_eq(w.sent_count, 0);
    world_tick(&w, 71 * AVPN_SECOND);
    ck_assert_uint_eq(world_status(&w).connected_count, 0);
    world_end(&w);
}
END_TEST

START_TEST(a_key_changed_under_the_same_id_is_another_member)
{
    struct world_member members[3];
    uint32_t count = make_members(members, 1);

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    struct client old = client_of(&w, ORGANIZATION, &members[2], 0, "198.51.100.2:402");

    client_register(&old);
    members[2].salt = 1;
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, members, count), AVPN_OK);
    ck_assert_uint_eq(world_status(&w).connected_count, 0);
    client_keep(&old, true);
    ck_assert_uint_eq(w.sent_count, 0);
    world_end(&w);
}
END_TEST

START_TEST(a_revoked_member_is_dropped_with_the_configuration_that_says_so)
{
    struct world_member members[3];
    struct avpn_event event;
    uint32_t count = make_members(members, 1);

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    struct client c = client_of(&w, ORGANIZATION, &members[2], 0, "198.51.100.2:402");

    client_register(&c);
    members[2].flags = AVPN_MEMBER_REVOKED;
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 2, members, count), AVPN_OK);
    client_keep(&c, true);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert(!client_hello(&c));
    ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_OK);
    ck_assert_int_eq(avpn_registry_next_event(w.registry, &event), AVPN_OK);
    ck_assert_uint_eq(event.state, 0);
    ck_assert_uint_eq(event.peer, 10);
    world_end(&w);
}
END_TEST

START_TEST(an_organization_that_is_removed_gets_no_answer)
{
    struct world_member members[3];
    struct avpn_key organization = world_organization(ORGANIZATION);
    uint32_t count = make_members(members, 1);

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    struct client c = client_of(&w, ORGANIZATION, &members[2], 0, "198.51.100.2:402");

    client_register(&c);
    ck_assert_int_eq(avpn_registry_remove_organization(w.registry, &organization, w.now), AVPN_OK);
    client_keep(&c, true);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert(!client_hello(&c));
    ck_assert_uint_eq(world_status(&w).connected_count, 0);
    ck_assert_int_eq(world_serve(&w, 9, 1, members, count), AVPN_OK); /* into the same place */
    client_keep(&c, true);
    ck_assert_uint_eq(w.sent_count, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    client_register(&c);
    world_tick(&w, 71 * AVPN_SECOND);
    world_end(&w);
}
END_TEST

START_TEST(a_configuration_that_finds_no_memory_changes_nothing)
{
    struct world_member members[5];
    uint32_t count = make_members(members, 3), failures = 0;
    int32_t error;

    world_begin(&w, 0, 0);
    ck_assert_int_eq(world_serve(&w, ORGANIZATION, 1, members, count), AVPN_OK);
    struct client c = client_of(&w, ORGANIZATION, &members[2], 0, "198.51.100.2:402");

    client_register(&c);
    for (;;) {
        w.allocations_left = failures + 1;
        error = world_serve(&w, ORGANIZATION, 2, members, count - 1);
        w.allocation_fails = false;
        w.allocations_left = 0;
        if (error == AVPN_OK) {
            break;
        }
        ck_assert_int_eq(error, AVPN_ERROR_MEMORY);
        ck_assert_uint_eq(world_status(&w).member_count, 5);
        client_keep(&c, false);
        ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, NULL), 1);
        failures++;
    }
    ck_assert_uint_gt(failures, 6);
    ck_assert_uint_eq(world_status(&w).member_count, 4);
    client_keep(&c, false);
    ck_assert_uint_eq(client_heard(&c, AVPNI_BODY_ACK, NULL), 1);
    world_end(&w);
}
END_TEST

START_TEST(a_registry_is_made_whole_or_not_at_all)
{
    uint32_t failures = 0;
    int32_t error;

    world_begin(&w, 0, 0);
    for (;;) {
        struct avpn_registry *registry = NULL;

        w.allocations_left = failures + 1;
        error = avpn_registry_new(&w.options, &w.host, w.now, &registry);
        w.allocation_fails = false;
        w.allocations_left = 0;
        if (error == AVPN_OK) {
            avpn_registry_del(registry);
            break;
        }
        ck_assert_int_eq(error, AVPN_ERROR_MEMORY);
        ck_assert_ptr_null(registry);
        failures++;
    }
    ck_assert_uint_ge(failures, 5);
    world_end(&w);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(pages_come_in_order_of_member_and_uplink),
    HARNESS_CASE(a_spoke_is_given_its_hubs_only),
    HARNESS_CASE(the_first_page_comes_unasked_when_a_registration_begins),
    HARNESS_CASE(a_fetch_with_a_token_registers),
    HARNESS_CASE(a_newer_configuration_keeps_who_stays),
    HARNESS_CASE(a_key_changed_under_the_same_id_is_another_member),
    HARNESS_CASE(a_revoked_member_is_dropped_with_the_configuration_that_says_so),
    HARNESS_CASE(an_organization_that_is_removed_gets_no_answer),
    HARNESS_CASE(a_configuration_that_finds_no_memory_changes_nothing),
    HARNESS_CASE(a_registry_is_made_whole_or_not_at_all),
};
HARNESS_MAIN("registry/serve", cases)
