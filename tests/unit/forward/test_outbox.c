/* SPDX-License-Identifier: ISC */
/* The outbox and the event queue. */
#include "harness.h"

#include "link/events.h"
#include "forward/outbox.h"

#include <string.h>

static struct {
    uint32_t calls, runs, datagrams, wrong;
    uint32_t expected; /* number in the next datagram */
    uint32_t events, last_event;
} seen;

static void transmit(void *user, const struct avpn_datagrams *batch, size_t count)
{
    ck_assert_ptr_eq(user, &seen);
    seen.calls++;
    for (size_t i = 0; i < count; i++) {
        const struct avpn_packets *packets = &batch[i].packets;

        seen.runs++;
        seen.datagrams += packets->count;
        for (uint32_t k = 0; k < packets->count; k++) {
            uint32_t number;

            memcpy(&number, packets->data + (size_t)k * packets->stride, sizeof number);
            seen.wrong += number != seen.expected++;
            seen.wrong += batch[i].remote.port != number % 60000 && packets->count == 1;
        }
    }
}

static void on_event(void *user, const struct avpn_event *event)
{
    ck_assert_ptr_eq(user, &seen);
    seen.events++;
    seen.last_event = event->peer;
}

static const struct avpn_host host = {
    .size = sizeof host, .user = &seen, .transmit = transmit, .event = on_event};

static struct avpni_memory memory_of(void)
{
    struct avpni_memory memory;

    memset(&seen, 0, sizeof seen);
    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    return memory;
}

static void put(struct avpni_outbox *outbox, uint32_t number, size_t reserved, size_t size)
{
    struct avpn_contact remote = {.family = AVPN_FAMILY_IPV4, .port = (uint16_t)(number % 60000)};
    uint8_t *bytes = avpni_outbox_reserve(outbox, reserved);

    memset(bytes, 0xEE, reserved);
    memcpy(bytes, &number, sizeof number);
    avpni_outbox_commit(outbox, 1, &remote, size);
}

START_TEST(datagrams_leave_in_order_and_none_is_lost)
{
    static const size_t sizes[] = {4, 80, 1144, 65536, 160};
    struct avpni_memory memory = memory_of();
    struct avpni_outbox outbox;

    ck_assert_int_eq(avpni_outbox_init(&outbox, &memory, &host), AVPN_OK);
    for (uint32_t i = 0; i < 5000; i++) {
        size_t size = sizes[i % 1000 == 7 ? 3 : i % 3];

        put(&outbox, i, size, size);
    }
    avpni_outbox_flush(&outbox);
    ck_assert_uint_eq(seen.wrong, 0);
    ck_assert_uint_eq(seen.datagrams, 5000);
    ck_assert_uint_eq(outbox.transmitted, 5000);
    ck_assert_uint_gt(seen.calls, 5000 / AVPNI_OUTBOX_RUNS);
    uint32_t calls = seen.calls;

    avpni_outbox_flush(&outbox); /* nothing to do */
    ck_assert_uint_eq(seen.calls, calls);
    avpni_outbox_fini(&outbox);
}
END_TEST

START_TEST(what_was_reserved_and_not_committed_is_not_sent)
{
    struct avpni_memory memory = memory_of();
    struct avpni_outbox outbox;

    ck_assert_int_eq(avpni_outbox_init(&outbox, &memory, &host), AVPN_OK);
    (void)avpni_outbox_reserve(&outbox, 100);
    put(&outbox, 0, 100, 8);
    avpni_outbox_flush(&outbox);
    ck_assert_uint_eq(seen.datagrams, 1);
    avpni_outbox_fini(&outbox);
}
END_TEST

START_TEST(runs_of_the_caller_keep_their_place)
{
    struct avpni_memory memory = memory_of();
    struct avpn_contact remote = {.family = AVPN_FAMILY_IPV4, .port = 9};
    uint32_t numbers[4][2] = {{1}, {2}, {3}, {4}};
    struct avpn_packets run = {(uint8_t *)numbers, 4, 8, 4, 8};
    struct avpni_outbox outbox;

    ck_assert_int_eq(avpni_outbox_init(&outbox, &memory, &host), AVPN_OK);
    put(&outbox, 0, 8, 8);
    avpni_outbox_add_run(&outbox, 0, 0, &remote, &run);
    put(&outbox, 5, 8, 8);
    avpni_outbox_flush(&outbox);
    ck_assert_uint_eq(seen.wrong, 0);
    ck_assert_uint_eq(seen.datagrams, 6);
    ck_assert_uint_eq(outbox.transmitted, 6);
    ck_assert_uint_eq(seen.calls, 1);
    seen.expected = 1;
    for (uint32_t i = 0; i < 2 * AVPNI_OUTBOX_RUNS; i++) {
        avpni_outbox_add_run(&outbox, 0, 0, &remote, &run);
    }
    avpni_outbox_flush(&outbox);
    ck_assert_uint_eq(seen.runs, 3 + 2 * AVPNI_OUTBOX_RUNS);
    avpni_outbox_fini(&outbox);
}
END_TEST

START_TEST(a_host_that_cannot_transmit_is_refused)
{
    struct avpni_memory memory = memory_of();
    struct avpn_host mute = {.size = sizeof mute};
    struct avpni_outbox outbox;

    ck_assert_int_eq(avpni_outbox_init(&outbox, &memory, NULL), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpni_outbox_init(&outbox, &memory, &mute), AVPN_ERROR_ARGUMENT);
}
END_TEST

START_TEST(the_oldest_events_make_room_and_are_counted)
{
    struct avpni_memory memory = memory_of();
    struct avpni_events events;
    struct avpn_event event = {.kind = AVPN_EVENT_TUNNEL, .lost = 9};

    ck_assert_int_eq(avpni_events_init(&events, &memory, &host), AVPN_OK);
    ck_assert_int_eq(avpni_events_pop(&events, &event), AVPN_ERROR_EMPTY);
    for (uint32_t i = 0; i < AVPN_EVENT_QUEUE + 10; i++) {
        event.peer = i;
        avpni_events_push(&events, &event);
    }
    ck_assert_uint_eq(seen.events, AVPN_EVENT_QUEUE + 10);
    ck_assert_uint_eq(seen.last_event, AVPN_EVENT_QUEUE + 9);
    for (uint32_t i = 10; i < AVPN_EVENT_QUEUE + 10; i++) {
        ck_assert_int_eq(avpni_events_pop(&events, &event), AVPN_OK);
        ck_assert_uint_eq(event.peer, i);
        ck_assert_uint_eq(event.lost, i == 10 ? 10 : 0);
    }
    ck_assert_int_eq(avpni_events_pop(&events, &event), AVPN_ERROR_EMPTY);
    avpni_events_fini(&events);
}
END_TEST

START_TEST(every_event_has_a_name)
{
    ck_assert_str_eq(avpn_event_name(AVPN_EVENT_TUNNEL), "tunnel");
    ck_assert_str_eq(avpn_event_name(AVPN_EVENT_ROUTE_ADD), "route-add");
    ck_assert_str_eq(avpn_event_name(AVPN_EVENT_MEMBER), "member");
    ck_assert_str_eq(avpn_event_name(AVPN_EVENT_CLAIM), "claim");
    ck_assert_str_eq(avpn_event_name(AVPN_EVENT_PUBLISHED), "published");
    ck_assert_str_eq(avpn_event_name(AVPN_EVENT_OFFER + 1), "unknown");
    ck_assert_str_eq(avpn_event_name(UINT32_MAX), "unknown");
    for (uint32_t kind = 0; kind <= AVPN_EVENT_FAULT; kind++) {
        ck_assert_str_ne(avpn_event_name(kind), "unknown");
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(datagrams_leave_in_order_and_none_is_lost),
    HARNESS_CASE(what_was_reserved_and_not_committed_is_not_sent),
    HARNESS_CASE(runs_of_the_caller_keep_their_place),
    HARNESS_CASE(a_host_that_cannot_transmit_is_refused),
    HARNESS_CASE(the_oldest_events_make_room_and_are_counted),
    HARNESS_CASE(every_event_has_a_name),
};
HARNESS_MAIN("forward/outbox", cases)
