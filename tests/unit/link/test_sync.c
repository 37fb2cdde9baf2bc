/* SPDX-License-Identifier: ISC */
/* The transfer of a configuration, without a network: doc/protocol.md 7.6. */
#include "harness.h"
#include "link/fault.h"
#include "link/sync.h"
#include <stdlib.h>
#include <string.h>

#define REGISTRIES 3
#define HELD 5
#define NOW (1000 * AVPN_SECOND)
#define PARTS(n_) ((uint32_t)(n_) * AVPNI_PART_BYTES - 100) /* n parts, the last a bit shorter */

static struct rig {
    struct avpni_context context;
    struct avpni_syncer syncer;
    avpn_time now;
    uint32_t reachable; /* bit per registry */
    uint32_t asks;
    uint32_t asked; /* registry */
    struct avpni_sync ask;
    enum avpni_sync_verdict verdict;
    uint32_t taken;
    uint64_t taken_base;
    uint8_t update[AVPNI_PART_BYTES * 64];
    size_t update_bytes;
    bool is_out_of_memory;
} rig;

/* ---- seams --------------------------------------------------------------------------- */

static bool ask(void *owner, uint32_t registry, const struct avpni_sync *sync)
{
    (void)owner;
    if (!(rig.reachable & 1u << registry))
        return false;
    rig.asks++;
    rig.asked = registry;
    rig.ask = *sync;
    return true;
}

static enum avpni_sync_verdict take(void *owner, uint64_t base, const uint8_t *update, size_t bytes,
                                    avpn_time now)
{
    (void)owner;
    rig.taken++;
    rig.taken_base = base;
    rig.update_bytes = bytes;
    memcpy(rig.update, update, bytes < sizeof rig.update ? bytes : sizeof rig.update);
    if (rig.verdict == AVPNI_SYNC_TAKEN)
        avpni_syncer_hold(&rig.syncer, 7, 7, now);
    return rig.verdict;
}

static void *resize(void *user, void *memory, size_t bytes)
{
    (void)user;
    return rig.is_out_of_memory ? NULL : realloc(memory, bytes);
}

static void *allocate(void *user, size_t bytes)
{
    return resize(user, NULL, bytes);
}

static void release(void *user, void *memory)
{
    (void)user;
    free(memory);
}

static void begin(void)
{
    const struct avpn_host host = {.size = sizeof host, .allocate = allocate, .resize = resize,
                                   .release = release};
    const struct avpni_sync_seams seams = {NULL, ask, take};

    memset(&rig, 0, sizeof rig);
    rig.now = NOW;
    rig.reachable = (1u << REGISTRIES) - 1;
    ck_assert_int_eq(avpni_memory_init(&rig.context.memory, &host), AVPN_OK);
    avpni_timers_init(&rig.context.timers, &rig.context.memory);
    ck_assert_int_eq(avpni_events_init(&rig.context.events, &rig.context.memory, NULL), AVPN_OK);
    ck_assert_int_eq(avpni_syncer_init(&rig.syncer, &rig.context, &seams), AVPN_OK);
    avpni_syncer_forget(&rig.syncer, REGISTRIES, rig.now);
    rig.syncer.first = 0;
    avpni_syncer_hold(&rig.syncer, HELD, HELD, rig.now);
}

static void end(void)
{
    avpni_syncer_fini(&rig.syncer);
    avpni_events_fini(&rig.context.events);
    avpni_timers_fini(&rig.context.timers);
}

/* ---- what registries do ----------------------------------------------------------------- */

static void hear(uint32_t registry, uint64_t version)
{
    avpni_syncer_hear(&rig.syncer, registry, version, rig.now);
}

static uint8_t byte_at(uint32_t offset)
{
    return (uint8_t)(offset * 7 + offset / AVPNI_PART_BYTES);
}

static void part(uint32_t registry, uint64_t base, uint64_t version, uint32_t size, uint32_t number)
{
    const struct avpni_part head = {base, version, size, number};
    uint8_t bytes[AVPNI_PART_BYTES];

    for (uint32_t i = 0; i < sizeof bytes; i++)
        bytes[i] = byte_at(number * AVPNI_PART_BYTES + i);
    avpni_syncer_part(&rig.syncer, registry, &head, bytes, rig.now);
}

/* Answer what was asked last, except for the parts in `lost`. */
static void answer(uint32_t registry, uint32_t size, uint32_t lost)
{
    const struct avpni_sync asked = rig.ask;

    for (uint32_t i = 0; i < AVPNI_SYNC_WINDOW; i++)
        if ((asked.mask & ~lost & 1u << i) && avpni_part_bytes(size, asked.first + i) != 0)
            part(registry, asked.base, asked.version, size, asked.first + i);
}

static void run(avpn_span span)
{
    avpn_time until = rig.now + span;

    while (avpni_timers_deadline(&rig.context.timers) <= until) {
        if (rig.now < avpni_timers_deadline(&rig.context.timers))
            rig.now = avpni_timers_deadline(&rig.context.timers);
        avpni_timers_run(&rig.context.timers, rig.now, 1);
    }
    rig.now = until;
}

/* The newest event of a fault; `registry` of it must be this one. */
static uint32_t told_fault(uint32_t registry)
{
    struct avpn_event event, last = {.state = 99};

    while (avpni_events_pop(&rig.context.events, &event) == AVPN_OK)
        last = event;
    if (last.state != 99) {
        ck_assert_uint_eq(last.kind, AVPN_EVENT_FAULT);
        ck_assert_uint_eq(last.registry, registry);
    }
    return last.state;
}

static uint8_t fault_of(uint32_t registry)
{
    return avpni_fault_shown(&rig.context, registry);
}

/* ---- every state, every input -------------------------------------------------------------- */

enum { IDLE, WAITING, ASKED, FETCHING, COMPLETE, STATES };

static void enter(int state)
{
    begin();
    hear(0, state == IDLE ? HELD : 7);
    if (state == WAITING)
        run(16 * AVPN_SECOND); /* silent, and blocked for it */
    if (state == FETCHING)
        part(0, HELD, 7, PARTS(3), 1);
    if (state == COMPLETE)
        answer(0, PARTS(3), 0);
    rig.asks = 0;
}

static void hear_offer(void) { hear(1, 7); }
static void hear_held(void) { hear(1, HELD); }
static void hear_older(void) { hear(1, 3); }
static void hear_of_nobody(void) { hear(REGISTRIES, 7); }
static void part_fits(void) { part(0, HELD, 7, PARTS(3), 0); }
static void part_again(void) { part(0, HELD, 7, PARTS(3), 1); }
static void part_of_another(void) { part(1, HELD, 7, PARTS(3), 0); }
static void part_of_nobody(void) { part(REGISTRIES, HELD, 7, PARTS(3), 0); }
static void part_beyond(void) { part(0, HELD, 7, PARTS(30), 20); }
static void part_other_size(void) { part(1, HELD, 7, PARTS(4), 0); }
static void part_from_nothing(void) { part(0, 0, 7, PARTS(3), 0); }
static void part_of_other_base(void) { part(1, 3, 7, PARTS(3), 0); }
static void part_newer(void) { part(0, HELD, 8, PARTS(3), 0); }
static void part_newer_of_another(void) { part(1, HELD, 8, PARTS(3), 0); }
static void part_older(void) { part(0, HELD, 6, PARTS(3), 0); }
static void part_of_held(void) { part(1, 4, HELD, PARTS(1), 0); }
static void part_too_large(void) { part(0, HELD, 7, AVPN_BUNDLE_LIMIT + 1, 0); }
static void a_second_passes(void) { run(AVPN_SECOND); }
static void hold_it(void) { avpni_syncer_hold(&rig.syncer, 7, 7, rig.now); }
static void hold_more(void) { avpni_syncer_hold(&rig.syncer, 6, 6, rig.now); }
static void others_serve(void) { avpni_syncer_forget(&rig.syncer, 2, rig.now); }

static void registrations_end(void)
{
    rig.reachable = 0;
    run(AVPN_SECOND);
}

/* For each state: the next one (I W F C), and how many times somebody was asked. */
static const struct {
    void (*happens)(void);
    const char *name, *next, *asks;
} inputs[] = {
    {hear_offer, "another registry offers it", "FFFFC", "11000"},
    {hear_held, "a registry says what is held", "IWFFC", "00000"},
    {hear_older, "a registry says something older", "IWFFC", "00000"},
    {hear_of_nobody, "a registry that is none", "IWFFC", "00000"},
    {part_fits, "a part that fits", "FWFFC", "10000"},
    {part_again, "a part that is there, or not the first", "FWFFC", "10000"},
    {part_of_another, "it comes from another", "FFFFC", "11000"},
    {part_of_nobody, "it comes from a registry that is none", "IWFFC", "00000"},
    {part_beyond, "a part beyond the window", "FWFFC", "10000"},
    {part_other_size, "of another size, from another", "FFFFC", "11000"},
    {part_from_nothing, "the beginning of all of it", "FWFFC", "10110"},
    {part_of_other_base, "from a base that is not held", "FFFFC", "11000"},
    {part_newer, "the beginning of something newer", "FWFFC", "10110"},
    {part_newer_of_another, "that, from another", "FFFFC", "11000"},
    {part_older, "the beginning of something older", "FWFFC", "10110"},
    {part_of_held, "the beginning of what is held", "IWFFC", "00000"},
    {part_too_large, "a part of something too large", "FWWWC", "10000"},
    {a_second_passes, "a second passes", "IWFFI", "00110"},
    {hold_it, "it is held now", "IIIII", "00000"},
    {hold_more, "something between is held now", "IWFFF", "00111"},
    {others_serve, "other registries serve", "IIIII", "00000"},
    {registrations_end, "nobody can be asked any more", "IWWWI", "00000"},
};

static char letter(void)
{
    return "IWFC"[rig.syncer.state];
}

START_TEST(every_state_knows_every_input)
{
    for (int state = 0; state < STATES; state++) {
        enter(state);
        ck_assert_int_eq(letter(), "IWFFC"[state]);
        inputs[_i].happens();
        ck_assert_msg(letter() == inputs[_i].next[state], "%s: state %d became %c",
                      inputs[_i].name, state, letter());
        ck_assert_msg(rig.asks == (uint32_t)(inputs[_i].asks[state] - '0'),
                      "%s: state %d asked %u times", inputs[_i].name, state, rig.asks);
        ck_assert_uint_eq(rig.syncer.sources[REGISTRIES].version, 0); /* nobody's word is noted */
        ck_assert_int_eq(avpni_timer_is_set(&rig.syncer.timer),
                         letter() == 'F' || letter() == 'C' ||
                             (letter() == 'W' && rig.syncer.sources[0].blocked_until > rig.now));
        end();
    }
}
END_TEST

/* ---- a transfer ------------------------------------------------------------------------------ */

static void expect_update(uint32_t size)
{
    ck_assert_uint_eq(rig.taken, 1);
    ck_assert_uint_eq(rig.update_bytes, size);
    for (uint32_t i = 0; i < size; i++)
        ck_assert_uint_eq(rig.update[i], byte_at(i));
}

static void expect_ask(uint32_t registry, uint64_t base, uint64_t version, uint32_t first,
                       uint32_t mask)
{
    ck_assert_uint_eq(rig.asked, registry);
    ck_assert_uint_eq(rig.ask.base, base);
    ck_assert_uint_eq(rig.ask.version, version);
    ck_assert_uint_eq(rig.ask.first, first);
    ck_assert_uint_eq(rig.ask.mask, mask);
}

/* [SYN-1] [SYN-4] */
START_TEST(an_update_comes_window_by_window)
{
    uint32_t received, total;

    begin();
    hear(1, 7);
    expect_ask(1, HELD, 7, 0, 0xFFFF);
    avpni_syncer_progress(&rig.syncer, &received, &total);
    ck_assert_uint_eq(received + total, 0);
    answer(1, PARTS(40), 0);
    expect_ask(1, HELD, 7, 16, 0xFFFF);
    avpni_syncer_progress(&rig.syncer, &received, &total);
    ck_assert_uint_eq(received, 16 * AVPNI_PART_BYTES);
    ck_assert_uint_eq(total, PARTS(40));
    answer(1, PARTS(40), 0);
    expect_ask(1, HELD, 7, 32, 0x00FF);
    answer(1, PARTS(40), 0);
    ck_assert_uint_eq(rig.taken, 0); /* not inside of receiving */
    run(0);
    expect_update(PARTS(40));
    ck_assert_uint_eq(rig.taken_base, HELD);
    ck_assert_uint_eq(rig.asks, 3);
    avpni_syncer_progress(&rig.syncer, &received, &total);
    ck_assert_uint_eq(received + total, 0);
    end();
}
END_TEST

START_TEST(parts_may_come_in_any_order_and_twice)
{
    uint64_t state = (uint64_t)_i;

    begin();
    hear(0, 7);
    while (rig.syncer.state == AVPNI_SYNC_FETCHING)
        part(0, HELD, 7, PARTS(40), (uint32_t)(harness_random(&state) % 40));
    run(0);
    expect_update(PARTS(40));
    end();
}
END_TEST

START_TEST(what_is_missing_is_asked_for_again)
{
    static const int pauses[] = {1, 2, 4, 4};

    begin();
    hear(0, 7);
    answer(0, PARTS(20), 0x0204);
    for (int i = 0; i < 4; i++) {
        run(pauses[i] * AVPN_SECOND - AVPN_MILLISECOND);
        ck_assert_int_eq(rig.asks, 1 + i);
        run(AVPN_MILLISECOND);
        ck_assert_int_eq(rig.asks, 2 + i);
        expect_ask(0, HELD, 7, 0, 0x0204);
    }
    answer(0, PARTS(20), 0);
    expect_ask(0, HELD, 7, 16, 0x000F);
    run(AVPN_SECOND); /* patience begins anew with a window */
    ck_assert_uint_eq(rig.asks, 7);
    end();
}
END_TEST

/* [SYN-4] [SYN-6] */
START_TEST(after_five_silences_another_goes_on_with_the_parts)
{
    begin();
    hear(0, 7);
    hear(1, 7);
    hear(2, 6); /* offers something else */
    answer(0, PARTS(20), 0);
    answer(0, PARTS(20), 0x0001);
    run(15 * AVPN_SECOND - 1);
    ck_assert_uint_eq(rig.asked, 0);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    run(1);
    expect_ask(1, HELD, 7, 16, 0x0001);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_STALLED);
    ck_assert_uint_eq(told_fault(0), AVPN_FAULT_STALLED);
    answer(1, PARTS(20), 0);
    run(0);
    expect_update(PARTS(20));
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE); /* it gave parts, and they were right */
    end();
}
END_TEST

/* Without a registration nobody can be blamed for saying nothing. */
START_TEST(a_registry_that_is_gone_is_left_without_a_fault)
{
    begin();
    hear(0, 7);
    hear(1, 7);
    answer(0, PARTS(4), 0x8);
    rig.reachable &= ~1u;
    run(AVPN_SECOND);
    expect_ask(1, HELD, 7, 0, 0x8);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    rig.reachable = 0;
    run(2 * AVPN_SECOND);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_WAITING);
    rig.reachable = 1;
    hear(0, 7); /* it registers again */
    expect_ask(0, HELD, 7, 0, 0x8); /* with the parts that are there */
    end();
}
END_TEST

START_TEST(parts_of_different_sizes_never_go_together)
{
    begin();
    hear(0, 7);
    hear(1, 7);
    answer(0, PARTS(3), 0x4);
    part(1, HELD, 7, PARTS(4), 2);
    part(1, HELD, 7, PARTS(2), 0);
    part(1, 0, 7, PARTS(3), 2);
    part(1, HELD, 8, PARTS(3), 2);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_FETCHING);
    run(15 * AVPN_SECOND); /* 0 is silent: 1 is asked, who has another size */
    ck_assert_uint_eq(rig.asked, 1);
    part(1, HELD, 8, PARTS(4), 0);
    answer(1, PARTS(4), 0);
    run(0);
    expect_update(PARTS(4));
    ck_assert_int_eq(rig.syncer.sources[0].penalty, AVPNI_FAULT_FIRST); /* gave nothing of it */
    end();
}
END_TEST

START_TEST(another_size_than_the_registry_before_begins_anew)
{
    begin();
    hear(0, 7);
    hear(1, 7);
    answer(0, PARTS(3), 0x4);
    run(15 * AVPN_SECOND);
    expect_ask(1, HELD, 7, 0, 0x4);
    part(1, HELD, 7, PARTS(4), 2);
    expect_ask(1, HELD, 7, 0, 0xB);
    answer(1, PARTS(4), 0);
    run(0);
    expect_update(PARTS(4));
    end();
}
END_TEST

/* [SYN-4]: a push of what changed, in one part, costs no question at all. */
START_TEST(what_is_pushed_is_taken)
{
    begin();
    part(2, HELD, 7, PARTS(1), 0);
    run(0);
    expect_update(PARTS(1));
    ck_assert_uint_eq(rig.asks, 0);
    end();
    begin();
    part(2, HELD, 7, PARTS(3), 0);
    expect_ask(2, HELD, 7, 0, 0x6);
    answer(2, PARTS(3), 0);
    run(0);
    expect_update(PARTS(3));
    end();
}
END_TEST

/* Nothing can be made of an update whose base is not held. */
START_TEST(what_leads_from_elsewhere_is_asked_for_from_here)
{
    begin();
    part(2, 3, 7, PARTS(1), 0);
    expect_ask(2, HELD, 7, 0, 0xFFFF);
    part(2, 3, 7, PARTS(1), 0);
    run(0);
    ck_assert_uint_eq(rig.taken, 0);
    answer(2, PARTS(1), 0);
    run(0);
    expect_update(PARTS(1));
    ck_assert_uint_eq(rig.taken_base, HELD);
    end();
}
END_TEST

/* [SYN-2] */
START_TEST(a_registry_that_does_not_know_our_base_tells_everything)
{
    begin();
    hear(0, 7);
    part(0, 0, 7, PARTS(20), 0);
    expect_ask(0, 0, 7, 0, 0xFFFE);
    answer(0, PARTS(20), 0);
    answer(0, PARTS(20), 0);
    run(0);
    expect_update(PARTS(20));
    ck_assert_uint_eq(rig.taken_base, 0);
    end();
}
END_TEST

START_TEST(a_newer_one_on_the_way_begins_anew)
{
    begin();
    hear(0, 7);
    answer(0, PARTS(20), 0);
    hear(0, 8); /* it says so, and at the next question it answers with that */
    ck_assert_uint_eq(rig.ask.version, 7);
    part(0, HELD, 8, PARTS(2), 0);
    expect_ask(0, HELD, 8, 0, 0x2);
    answer(0, PARTS(2), 0);
    run(0);
    expect_update(PARTS(2));
    end();
}
END_TEST

/* ---- updates that are not right --------------------------------------------------------------- */

/* [SYN-5] */
START_TEST(what_does_not_verify_is_fetched_once_more_and_then_blamed)
{
    begin();
    rig.verdict = AVPNI_SYNC_BROKEN;
    hear(0, 7);
    answer(0, PARTS(2), 0);
    run(0);
    ck_assert_uint_eq(rig.taken, 1);
    expect_ask(0, 0, 7, 0, 0xFFFF);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    part(0, HELD, 7, PARTS(2), 0); /* not that again */
    answer(0, PARTS(3), 0);
    run(0);
    ck_assert_uint_eq(rig.taken, 2);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_FORGED);
    ck_assert_uint_eq(told_fault(0), AVPN_FAULT_FORGED);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_WAITING);
    end();
}
END_TEST

/* Our own base may be what does not fit: then the second try, from base 0, heals. */
START_TEST(a_base_that_does_not_fit_costs_one_more_transfer)
{
    begin();
    rig.verdict = AVPNI_SYNC_BROKEN;
    hear(0, 7);
    answer(0, PARTS(2), 0);
    run(0);
    rig.verdict = AVPNI_SYNC_TAKEN;
    answer(0, PARTS(2), 0);
    run(0);
    ck_assert_uint_eq(rig.taken, 2);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_IDLE);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    end();
}
END_TEST

START_TEST(of_two_that_gave_parts_one_is_asked_alone)
{
    begin();
    rig.verdict = AVPNI_SYNC_BROKEN;
    hear(0, 7);
    hear(1, 7);
    answer(0, PARTS(3), 0x4);
    part(1, HELD, 7, PARTS(3), 2);
    run(0);
    ck_assert_uint_eq(rig.taken, 1);
    expect_ask(0, 0, 7, 0, 0xFFFF);
    part(0, 0, 7, PARTS(3), 0);
    part(1, 0, 7, PARTS(3), 1); /* from 0 alone */
    part(1, 0, 7, PARTS(3), 2);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_FETCHING);
    answer(0, PARTS(3), 0);
    run(0);
    ck_assert_uint_eq(rig.taken, 2);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_FORGED);
    ck_assert_uint_eq(fault_of(1), AVPN_FAULT_NONE);
    expect_ask(1, HELD, 7, 0, 0xFFFF); /* and now the other */
    rig.verdict = AVPNI_SYNC_TAKEN;
    answer(1, PARTS(3), 0);
    run(0);
    ck_assert_uint_eq(rig.taken, 3);
    end();
}
END_TEST

/* From base 0 as well: of two nobody is blamed before one has failed alone. */
START_TEST(two_are_never_blamed_for_what_one_did)
{
    begin();
    rig.verdict = AVPNI_SYNC_BROKEN;
    part(0, 0, 7, PARTS(3), 0);
    hear(1, 7);
    part(0, 0, 7, PARTS(3), 1);
    part(1, 0, 7, PARTS(3), 2);
    run(0);
    ck_assert_uint_eq(rig.taken, 1);
    ck_assert_uint_eq(fault_of(0) + fault_of(1), AVPN_FAULT_NONE);
    expect_ask(0, 0, 7, 0, 0xFFFF);
    rig.verdict = AVPNI_SYNC_TAKEN;
    answer(0, PARTS(3), 0);
    run(0);
    ck_assert_uint_eq(fault_of(0) + fault_of(1), AVPN_FAULT_NONE);
    end();
}
END_TEST

/* Forge from base 0 until blamed. */
static void forge(uint32_t registry)
{
    rig.verdict = AVPNI_SYNC_BROKEN;
    part(registry, 0, 7, PARTS(1), 0);
    run(0);
    ck_assert_uint_eq(fault_of(registry), AVPN_FAULT_FORGED);
}

START_TEST(a_forger_is_asked_for_nothing_for_ever_longer)
{
    static const int spans[] = {60, 120, 240, 480, 960, 1920, 3600, 3600};

    begin();
    for (int i = 0; i < HARNESS_COUNT(spans); i++) {
        forge(0);
        rig.asks = 0;
        for (int k = 1; k < spans[i]; k += 10) {
            hear(0, 7);
            part(0, HELD, 7, PARTS(1), 0); /* nor is it listened to */
            ck_assert_uint_eq(rig.asks, 0);
            ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_WAITING);
            run((k + 10 < spans[i] ? 10 : spans[i] - k + 1) * AVPN_SECOND - 1);
            rig.now += 1;
        }
        avpni_timers_run(&rig.context.timers, rig.now, 1);
        ck_assert_uint_eq(rig.asks, 1); /* now it is asked again */
    }
    end();
}
END_TEST

START_TEST(who_failed_is_asked_after_who_did_not)
{
    begin();
    forge(0);
    rig.reachable = 0;
    run(61 * AVPN_SECOND);
    hear(0, 1000); /* it promises the most */
    rig.reachable = 7;
    hear(1, 7);
    expect_ask(1, HELD, 7, 0, 0xFFFF);
    rig.verdict = AVPNI_SYNC_TAKEN;
    answer(1, PARTS(1), 0);
    run(0);
    expect_ask(0, 7, 1000, 0, 0xFFFF); /* only then */
    end();
}
END_TEST

START_TEST(a_fault_ends_when_the_registry_delivers_or_says_what_is_in_force)
{
    begin();
    forge(_i == 0 ? 0 : 1);
    told_fault(_i == 0 ? 0 : 1);
    if (_i == 0) {
        run(61 * AVPN_SECOND);
        rig.verdict = AVPNI_SYNC_TAKEN;
        answer(0, PARTS(1), 0);
        run(0);
        ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
        ck_assert_int_eq(rig.syncer.sources[0].penalty, 0);
        ck_assert_uint_eq(told_fault(0), AVPN_FAULT_NONE);
    } else {
        hear(1, HELD + 1);
        ck_assert_uint_eq(fault_of(1), AVPN_FAULT_FORGED);
        hear(1, HELD);
        ck_assert_uint_eq(fault_of(1), AVPN_FAULT_NONE);
        ck_assert_uint_eq(told_fault(1), AVPN_FAULT_NONE);
        ck_assert_int_ne(rig.syncer.sources[1].penalty, 0); /* that is not forgotten */
    }
    end();
}
END_TEST

START_TEST(the_old_under_a_new_number_is_no_delivery)
{
    begin();
    rig.verdict = AVPNI_SYNC_OLDER;
    part(0, 0, 7, PARTS(1), 0);
    run(0);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_STALLED);
    end();
}
END_TEST

START_TEST(what_may_not_be_taken_is_nobodys_fault_but_asked_for_less)
{
    begin();
    rig.verdict = AVPNI_SYNC_REFUSED;
    hear(0, 7);
    answer(0, PARTS(1), 0);
    run(0);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_WAITING);
    rig.asks = 0;
    run(59 * AVPN_SECOND);
    ck_assert_uint_eq(rig.asks, 0);
    run(AVPN_SECOND);
    ck_assert_uint_eq(rig.asks, 1);
    end();
}
END_TEST

/* ---- registries that are slow, restless or behind ----------------------------------------------- */

/* One part each 900 ms, which is no silence, but of 16 parts none twice. */
START_TEST(a_trickle_does_not_hold_the_node_up)
{
    begin();
    hear(0, 7);
    for (int i = 0; i < 200 && rig.asked == 0; i++) {
        hear(1, 7);
        part(0, HELD, 7, PARTS(20), 3); /* the same over and over */
        run(900 * AVPN_MILLISECOND);
    }
    ck_assert_uint_eq(rig.asked, 1);
    ck_assert_int_le(rig.now - NOW, 20 * AVPN_SECOND);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_STALLED);
    end();
}
END_TEST

START_TEST(a_registry_that_changes_its_mind_is_left)
{
    begin();
    hear(0, 7);
    for (int i = 0; i < 4; i++) /* version, base, and again */
        part(0, i % 2 == 0 ? 0 : HELD, 8 + (uint64_t)(i / 2), PARTS(3), 0);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    part(0, HELD, 20, PARTS(3), 0);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_STALLED);
    end();
    begin();
    hear(0, 9);
    for (int i = 0; i < 10 && fault_of(0) == AVPN_FAULT_NONE; i++)
        part(0, HELD, i % 2 == 0 ? 8 : 9, PARTS(3), 0);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_STALLED);
    end();
}
END_TEST

/* [SYN-6] */
START_TEST(behind_is_who_says_an_older_version_for_a_minute)
{
    begin();
    hear(0, 4);
    hear(1, HELD);
    run(59 * AVPN_SECOND);
    hear(0, 4);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    run(AVPN_SECOND);
    hear(0, 4);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_BEHIND);
    ck_assert_uint_eq(told_fault(0), AVPN_FAULT_BEHIND);
    avpni_syncer_hold(&rig.syncer, 6, 6, rig.now); /* 1 has not heard of this one yet */
    hear(1, HELD);
    run(59 * AVPN_SECOND);
    hear(1, HELD);
    ck_assert_uint_eq(fault_of(1), AVPN_FAULT_NONE);
    hear(1, 6);
    hear(0, 6);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    run(120 * AVPN_SECOND);
    hear(1, 5);
    ck_assert_uint_eq(fault_of(1), AVPN_FAULT_NONE); /* only now */
    end();
}
END_TEST

/* [CFG-12]: what was undone is in nobody's way, and is not fetched again. */
START_TEST(what_was_taken_and_undone_is_not_wanted)
{
    begin();
    avpni_syncer_hold(&rig.syncer, HELD, 7, rig.now);
    hear(0, 7);
    part(0, HELD, 7, PARTS(1), 0);
    run(100 * AVPN_SECOND);
    ck_assert_uint_eq(rig.asks + rig.taken, 0);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    hear(0, 8);
    expect_ask(0, HELD, 8, 0, 0xFFFF);
    end();
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------------ */

START_TEST(the_buffer_follows_what_arrives_not_what_is_claimed)
{
    begin();
    hear(0, 7);
    part(0, HELD, 7, AVPN_BUNDLE_LIMIT, 0);
    ck_assert_uint_le(rig.syncer.transfer.capacity, 16 * AVPNI_PART_BYTES);
    for (uint32_t i = 1; i < 400; i++) {
        part(0, HELD, 7, AVPN_BUNDLE_LIMIT, i);
        ck_assert_uint_le(rig.syncer.transfer.capacity,
                          i / 16 * 16 * AVPNI_PART_BYTES * 3 / 2 + 16 * AVPNI_PART_BYTES);
    }
    part(0, HELD, 7, AVPN_BUNDLE_LIMIT, 32767); /* far ahead: kept nowhere */
    ck_assert_uint_lt(rig.syncer.transfer.capacity, 1u << 20);
    end();
}
END_TEST

START_TEST(what_there_is_no_memory_for_is_tried_again_later)
{
    begin();
    hear(0, 7);
    rig.is_out_of_memory = true;
    answer(0, PARTS(3), 0);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_WAITING);
    ck_assert_uint_eq(avpni_tally_read(&rig.context.counters[AVPN_DROP_MEMORY]), 1);
    rig.is_out_of_memory = false;
    run(61 * AVPN_SECOND);
    answer(0, PARTS(3), 0);
    rig.verdict = AVPNI_SYNC_FAILED; /* and once more, when it is taken */
    run(0);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_WAITING);
    run(61 * AVPN_SECOND);
    rig.verdict = AVPNI_SYNC_TAKEN;
    answer(0, PARTS(3), 0);
    run(0);
    ck_assert_uint_eq(rig.taken, 2);
    ck_assert_uint_eq(rig.syncer.state, AVPNI_SYNC_IDLE);
    ck_assert_uint_eq(fault_of(0), AVPN_FAULT_NONE);
    end();
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(every_state_knows_every_input, HARNESS_COUNT(inputs)),
    HARNESS_CASE(an_update_comes_window_by_window),
    HARNESS_LOOP(parts_may_come_in_any_order_and_twice, 5),
    HARNESS_CASE(what_is_missing_is_asked_for_again),
    HARNESS_CASE(after_five_silences_another_goes_on_with_the_parts),
    HARNESS_CASE(a_registry_that_is_gone_is_left_without_a_fault),
    HARNESS_CASE(parts_of_different_sizes_never_go_together),
    HARNESS_CASE(another_size_than_the_registry_before_begins_anew),
    HARNESS_CASE(what_is_pushed_is_taken),
    HARNESS_CASE(what_leads_from_elsewhere_is_asked_for_from_here),
    HARNESS_CASE(a_registry_that_does_not_know_our_base_tells_everything),
    HARNESS_CASE(a_newer_one_on_the_way_begins_anew),
    HARNESS_CASE(what_does_not_verify_is_fetched_once_more_and_then_blamed),
    HARNESS_CASE(a_base_that_does_not_fit_costs_one_more_transfer),
    HARNESS_CASE(of_two_that_gave_parts_one_is_asked_alone),
    HARNESS_CASE(two_are_never_blamed_for_what_one_did),
    HARNESS_CASE(a_forger_is_asked_for_nothing_for_ever_longer),
    HARNESS_CASE(who_failed_is_asked_after_who_did_not),
    HARNESS_LOOP(a_fault_ends_when_the_registry_delivers_or_says_what_is_in_force, 2),
    HARNESS_CASE(the_old_under_a_new_number_is_no_delivery),
    HARNESS_CASE(what_may_not_be_taken_is_nobodys_fault_but_asked_for_less),
    HARNESS_CASE(a_trickle_does_not_hold_the_node_up),
    HARNESS_CASE(a_registry_that_changes_its_mind_is_left),
    HARNESS_CASE(behind_is_who_says_an_older_version_for_a_minute),
    HARNESS_CASE(what_was_taken_and_undone_is_not_wanted),
    HARNESS_CASE(the_buffer_follows_what_arrives_not_what_is_claimed),
    HARNESS_CASE(what_there_is_no_memory_for_is_tried_again_later),
};
HARNESS_MAIN("link/sync", cases)
