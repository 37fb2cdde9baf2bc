/* SPDX-License-Identifier: ISC */
/* The pool, and the table of records with its wheel. */
#include "harness.h"

#include "base/address.h"
#include "registry/table.h"

#include <string.h>

static struct avpni_memory memory;
static struct avpni_table table;
static uint32_t silenced;

static void begin(void)
{
    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    ck_assert_int_eq(avpni_table_init(&table, &memory, 5 * AVPN_SECOND), AVPN_OK);
    silenced = 0;
}

static struct avpn_contact contact(const char *text)
{
    struct avpn_contact parsed;

    ck_assert_int_eq(avpn_contact_parse(text, &parsed), AVPN_OK);
    return parsed;
}

static void silence(void *owner, struct avpni_record *record, avpn_time now)
{
    ck_assert_ptr_eq(owner, &table);
    ck_assert_int_ge(now - avpni_table_heard_at(&table, record), 70 * AVPN_SECOND);
    avpni_table_disconnect(&table, record);
    silenced++;
}

START_TEST(a_pool_hands_out_each_element_once)
{
    struct avpni_pool pool;
    static uint32_t handles[3000];

    begin();
    avpni_pool_init(&pool, &memory, 12);
    for (uint32_t i = 0; i < 3000; i++) {
        handles[i] = avpni_pool_take(&pool);
        uint32_t *element = avpni_pool_at(&pool, handles[i]);

        ck_assert(element[0] == 0 && element[1] == 0 && element[2] == 0);
        element[0] = element[1] = element[2] = i + 1;
    }
    for (uint32_t i = 0; i < 3000; i++) {
        ck_assert_uint_eq(((uint32_t *)avpni_pool_at(&pool, handles[i]))[2], i + 1);
    }
    size_t before = avpni_pool_footprint(&pool);

    for (uint32_t i = 0; i < 3000; i += 2) {
        avpni_pool_give(&pool, handles[i]);
    }
    for (uint32_t i = 0; i < 1500; i++) {
        uint32_t *element = avpni_pool_at(&pool, avpni_pool_take(&pool));

        ck_assert(element[0] == 0 && element[1] == 0 && element[2] == 0);
        element[0] = 1;
    }
    ck_assert_uint_eq(avpni_pool_footprint(&pool), before);
    avpni_pool_fini(&pool);
    avpni_table_fini(&table);
}
END_TEST

START_TEST(contacts_of_both_families_come_back_as_they_were)
{
    static const char *const texts[] = {"192.0.2.1:1", "[2001:db8::1]:65535", "[2001:db8::2]:1",
                                        "255.255.255.254:9", "[2001:db8::3]:7"};
    struct avpni_member member = {.id = 1};

    begin();
    struct avpni_record *record = avpni_table_at(&table, avpni_table_add(&table, &member, 0));

    for (int i = 0; i < HARNESS_COUNT(texts); i++) {
        for (int which = 0; which < 2; which++) {
            struct avpn_contact c = contact(texts[i]);

            ck_assert(avpni_table_set_contact(&table, record, (enum avpni_which)which, &c));
            ck_assert(!avpni_table_set_contact(&table, record, (enum avpni_which)which, &c));
            struct avpn_contact back =
                avpni_table_contact(&table, record, (enum avpni_which)which);

            ck_assert(avpni_contact_is_equal(&c, &back));
        }
    }
    ck_assert_uint_le(table.addresses.made, 3); /* places are used again */
    avpni_table_fini(&table);
}
END_TEST

START_TEST(records_of_a_member_are_in_order_of_uplink)
{
    static const uint32_t order[] = {2, 0, 3, 1};
    struct avpni_member member = {.id = 1};
    uint32_t uplink = 0;

    begin();
    for (int i = 0; i < 4; i++) {
        ck_assert_uint_eq(avpni_table_find(&table, &member, order[i]), 0);
        uint32_t handle = avpni_table_add(&table, &member, avpni_slot(3, 9, order[i]));

        ck_assert_uint_eq(avpni_table_find(&table, &member, order[i]), handle);
    }
    ck_assert_uint_eq(member.record_count, 4);
    for (uint32_t handle = member.first; handle != 0; uplink++) {
        ck_assert_uint_eq(avpni_table_at(&table, handle)->slot, avpni_slot(3, 9, uplink));
        handle = avpni_table_at(&table, handle)->sibling;
    }
    avpni_table_drop(&table, &member);
    ck_assert_uint_eq(member.first, 0);
    avpni_table_fini(&table);
}
END_TEST

START_TEST(numbers_of_48_bits_are_kept_whole)
{
    struct avpni_record record = {0};
    struct avpni_counter_window window = {.highest = AVPNI_NUMBER_LIMIT - 2, .seen = 0xA5A5A5A5};

    avpni_record_set(&record, UINT64_C(0x123456789ABC), &window);
    struct avpni_counter_window back = avpni_record_window(&record);

    ck_assert_uint_eq(avpni_record_generation(&record), UINT64_C(0x123456789ABC));
    ck_assert_uint_eq(back.highest, window.highest);
    ck_assert_uint_eq(back.seen, window.seen);
}
END_TEST

/* Many records, heard at random; each is silenced between 70 and 70.1 s after it was heard last. */
START_TEST(the_wheel_finds_the_silent_and_nobody_else)
{
    static struct avpni_member members[500];
    static avpn_time heard[500];
    uint64_t state = 3;
    avpn_time now = 5 * AVPN_SECOND;

    begin();
    memset(members, 0, sizeof members);
    for (uint32_t i = 0; i < 500; i++) {
        uint32_t handle = avpni_table_add(&table, &members[i], avpni_slot(0, i, 0));

        heard[i] = now;
        avpni_table_hear(&table, avpni_table_at(&table, handle), now);
        avpni_table_connect(&table, handle);
    }
    for (int round = 0; round < 4000; round++) {
        now += (avpn_span)(harness_random(&state) % (400 * AVPN_MILLISECOND));
        uint32_t i = (uint32_t)(harness_random(&state) % 500);
        struct avpni_record *record = avpni_table_at(&table, members[i].first);

        if ((record->flags & AVPNI_RECORD_CONNECTED) != 0 && i % 3 != 0) {
            heard[i] = now;
            avpni_table_hear(&table, record, now);
        }
        avpni_table_run(&table, now, silence, &table);
        ck_assert_int_gt(avpni_table_deadline(&table), now);
        uint32_t silent = 0, wrong = 0;

        for (uint32_t k = 0; k < 500; k++) {
            const struct avpni_record *other = avpni_table_at(&table, members[k].first);
            bool is_connected = (other->flags & AVPNI_RECORD_CONNECTED) != 0;

            silent += !is_connected;
            wrong += !is_connected && now - heard[k] < 70 * AVPN_SECOND;
            wrong += is_connected && now - heard[k] >= 70 * AVPN_SECOND + AVPNI_WHEEL_STEP;
        }
        ck_assert_uint_eq(wrong, 0);
        ck_assert_uint_eq(silent, silenced);
        ck_assert_uint_eq(table.connected, 500 - silent);
    }
    ck_assert_uint_gt(silenced, 160);
    avpni_table_fini(&table);
}
END_TEST

START_TEST(leaving_and_coming_back_disturbs_nobody_on_the_wheel)
{
    struct avpni_member members[3] = {{.id = 1}, {.id = 2}, {.id = 3}};
    avpn_time now = 5 * AVPN_SECOND;

    begin();
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t handle = avpni_table_add(&table, &members[i], avpni_slot(0, i, 0));

        avpni_table_hear(&table, avpni_table_at(&table, handle), now);
        avpni_table_connect(&table, handle);
    }
    struct avpni_record *last = avpni_table_at(&table, members[2].first);

    now += 2 * AVPN_SECOND;
    avpni_table_disconnect(&table, last);
    avpni_table_disconnect(&table, last); /* once is enough */
    avpni_table_hear(&table, last, now);
    avpni_table_connect(&table, members[2].first);
    ck_assert_uint_eq(table.connected, 3);
    now += 69 * AVPN_SECOND;
    avpni_table_run(&table, now, silence, &table);
    ck_assert_uint_eq(silenced, 2);
    now += 2 * AVPN_SECOND;
    avpni_table_run(&table, now, silence, &table);
    ck_assert_uint_eq(silenced, 3);
    ck_assert_int_eq(avpni_table_deadline(&table), AVPN_TIME_NEVER);
    avpni_table_fini(&table);
}
END_TEST

START_TEST(records_of_members_that_go_are_used_again)
{
    struct avpni_member member = {.id = 1};
    avpn_time now = 5 * AVPN_SECOND;

    begin();
    for (int i = 0; i < 3000; i++) {
        struct avpn_contact c = contact("[2001:db8::1]:65535");

        member.id = 1;
        ck_assert(avpni_table_reserve(&table));
        uint32_t handle = avpni_table_add(&table, &member, avpni_slot(0, 0, 0));
        struct avpni_record *record = avpni_table_at(&table, handle);

        avpni_table_set_contact(&table, record, AVPNI_OBSERVED, &c);
        avpni_table_hear(&table, record, now);
        avpni_table_connect(&table, handle);
        now += AVPN_SECOND;
        avpni_table_run(&table, now, silence, &table);
        avpni_table_drop(&table, &member);
    }
    ck_assert_uint_le(table.records.made, 75);
    ck_assert_uint_le(table.addresses.made, 2);
    ck_assert_uint_eq(silenced, 0);
    ck_assert_uint_eq(table.connected, 0);
    avpni_table_fini(&table);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_pool_hands_out_each_element_once),
    HARNESS_CASE(contacts_of_both_families_come_back_as_they_were),
    HARNESS_CASE(records_of_a_member_are_in_order_of_uplink),
    HARNESS_CASE(numbers_of_48_bits_are_kept_whole),
    HARNESS_CASE(the_wheel_finds_the_silent_and_nobody_else),
    HARNESS_CASE(leaving_and_coming_back_disturbs_nobody_on_the_wheel),
    HARNESS_CASE(records_of_members_that_go_are_used_again),
};
HARNESS_MAIN("registry/table", cases)
