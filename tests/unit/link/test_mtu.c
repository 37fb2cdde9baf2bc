/* SPDX-License-Identifier: ISC */
/* The table of doc/protocol.md 6.1, each pair of state and event; and the machine on wires of all sizes. */
#include "harness.h"
#include "link/mtu.h"

#include <stdio.h>
#include <string.h>

#define LIMIT 1472 /* of a link of 1500 bytes, IPv4 */
#define ANSWERS 16

/* A wire that carries datagrams up to a size, an end that answers, and plain probes beside it. */
static struct {
    struct avpni_mtu mtu;
    uint32_t limit, passes, rtt_us;
    bool is_silent;      /* nothing passes at all */
    uint32_t loss;       /* in percent, each way */
    uint64_t state;      /* of chance */
    avpn_time now, heard_at;
    uint32_t requests, largest; /* sent */
    uint32_t news, last_news;
    struct {
        avpn_time at, sent_at;
        uint32_t size;
    } answers[ANSWERS];
    uint32_t answer_count;
} wire;

static void begin(uint32_t limit, uint32_t passes)
{
    memset(&wire, 0, sizeof wire);
    wire.limit = limit;
    wire.passes = passes;
    wire.rtt_us = 20000;
    wire.state = 1;
    wire.now = 1000 * AVPN_SECOND + 123456789; /* no round numbers */
    avpni_mtu_stop(&wire.mtu);
    avpni_mtu_start(&wire.mtu, limit, wire.now);
}

static bool is_lost(void)
{
    return wire.is_silent || harness_random(&wire.state) % 100 < wire.loss;
}

static void tell(void)
{
    uint32_t news = avpni_mtu_news(&wire.mtu);

    if (news != 0) {
        wire.news++;
        wire.last_news = news;
    }
}

static void serve(void)
{
    uint32_t size;

    if (!wire.is_silent)
        wire.heard_at = wire.now; /* plain probes pass all the time */
    size = avpni_mtu_serve(&wire.mtu, wire.limit, wire.rtt_us, wire.heard_at, wire.now);
    tell();
    if (size == 0)
        return;
    wire.requests++;
    wire.largest = size > wire.largest ? size : wire.largest;
    ck_assert_uint_le(size, wire.limit);
    ck_assert_int_gt(wire.mtu.due_at, wire.now);
    if (size > wire.passes || is_lost() || is_lost())
        return;
    ck_assert_uint_lt(wire.answer_count, ANSWERS);
    wire.answers[wire.answer_count].at = wire.now + wire.rtt_us * AVPN_MICROSECOND;
    wire.answers[wire.answer_count].sent_at = wire.now / 1000 * 1000;
    wire.answers[wire.answer_count++].size = size;
}

static void take_answer(void)
{
    uint32_t size = wire.answers[0].size;
    avpn_time sent_at = wire.answers[0].sent_at;

    wire.answer_count--;
    memmove(wire.answers, wire.answers + 1, wire.answer_count * sizeof wire.answers[0]);
    avpni_mtu_answered(&wire.mtu, size, sent_at, wire.now);
    ck_assert_uint_le(wire.mtu.size, wire.passes > AVPNI_MTU_BASE ? 65535 : AVPNI_MTU_BASE);
    tell();
}

/* To the next thing that happens, or `end`. False: the end. */
static bool step(avpn_time end)
{
    avpn_time due = wire.mtu.due_at;
    bool is_answer = wire.answer_count > 0 && wire.answers[0].at <= due;
    avpn_time next = is_answer ? wire.answers[0].at : due;

    if (next > end) {
        wire.now = end;
        return false;
    }
    wire.now = next > wire.now ? next : wire.now;
    if (is_answer)
        take_answer();
    else
        serve();
    return true;
}

static void run(avpn_span span)
{
    avpn_time end = wire.now + span;

    while (step(end)) {
    }
}

/* ---- the table ------------------------------------------------------------------------ */

enum event {
    ANSWERED,  /* what is asked now, or what would be */
    LOST,      /* three times, what is asked now */
    TWO,       /* seconds, nothing large was sent */
    TWO_LARGE, /* seconds, something was */
    TEN,
    SIXTY,
    SIX_HUNDRED,
    LARGER_LINK,
    SMALLER_LINK, /* than the size where one is proved, but not than the base */
    TINY_LINK,
    MOVED,
    DEAD
};

static const struct table_row {
    uint8_t before, event, after;
    uint32_t size, asked; /* afterwards */
} table[] = {
    {AVPN_MTU_NONE, ANSWERED, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, LOST, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, TWO, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, TWO_LARGE, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, TEN, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, SIXTY, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, SIX_HUNDRED, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, LARGER_LINK, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, SMALLER_LINK, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, TINY_LINK, AVPN_MTU_NONE, 0, 0},
    {AVPN_MTU_NONE, MOVED, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_NONE, DEAD, AVPN_MTU_NONE, 0, 0},

    {AVPN_MTU_BASE, ANSWERED, AVPN_MTU_SEARCHING, 1200, LIMIT},
    {AVPN_MTU_BASE, LOST, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_BASE, LARGER_LINK, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_BASE, SMALLER_LINK, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_BASE, TINY_LINK, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_BASE, MOVED, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_BASE, DEAD, AVPN_MTU_NONE, 0, 0},

    {AVPN_MTU_SEARCHING, ANSWERED, AVPN_MTU_DONE, LIMIT, 0},
    {AVPN_MTU_SEARCHING, LOST, AVPN_MTU_SEARCHING, 1200, 1336}, /* half way between 1200 and 1471 */
    {AVPN_MTU_SEARCHING, LARGER_LINK, AVPN_MTU_SEARCHING, 1200, 8972},
    {AVPN_MTU_SEARCHING, SMALLER_LINK, AVPN_MTU_SEARCHING, 1200, 1300},
    {AVPN_MTU_SEARCHING, TINY_LINK, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_SEARCHING, MOVED, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_SEARCHING, DEAD, AVPN_MTU_NONE, 0, 0},

    {AVPN_MTU_DONE, ANSWERED, AVPN_MTU_DONE, LIMIT, 0},
    {AVPN_MTU_DONE, LOST, AVPN_MTU_DONE, LIMIT, 0}, /* nothing is in question */
    {AVPN_MTU_DONE, TWO, AVPN_MTU_DONE, LIMIT, 0},
    {AVPN_MTU_DONE, TWO_LARGE, AVPN_MTU_DONE, LIMIT, LIMIT},
    {AVPN_MTU_DONE, TEN, AVPN_MTU_DONE, LIMIT, LIMIT},
    {AVPN_MTU_DONE, SIXTY, AVPN_MTU_DONE, LIMIT, LIMIT},
    {AVPN_MTU_DONE, SIX_HUNDRED, AVPN_MTU_DONE, LIMIT, LIMIT}, /* nothing is larger */
    {AVPN_MTU_DONE, LARGER_LINK, AVPN_MTU_SEARCHING, LIMIT, 8972},
    {AVPN_MTU_DONE, SMALLER_LINK, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_DONE, TINY_LINK, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_DONE, MOVED, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_DONE, DEAD, AVPN_MTU_NONE, 0, 0},

    {AVPN_MTU_BELOW, ANSWERED, AVPN_MTU_BELOW, 1200, 0}, /* nothing is in question */
    {AVPN_MTU_BELOW, LOST, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_BELOW, TWO, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_BELOW, TWO_LARGE, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_BELOW, TEN, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_BELOW, SIXTY, AVPN_MTU_BELOW, 1200, 1200},
    {AVPN_MTU_BELOW, SIX_HUNDRED, AVPN_MTU_BELOW, 1200, 1200},
    {AVPN_MTU_BELOW, LARGER_LINK, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_BELOW, SMALLER_LINK, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_BELOW, TINY_LINK, AVPN_MTU_BELOW, 1200, 0},
    {AVPN_MTU_BELOW, MOVED, AVPN_MTU_BASE, 1200, 1200},
    {AVPN_MTU_BELOW, DEAD, AVPN_MTU_NONE, 0, 0},
};

static void answer(void)
{
    serve();
    avpni_mtu_answered(&wire.mtu, wire.mtu.asked != 0 ? wire.mtu.asked : wire.limit,
                       wire.now / 1000 * 1000, wire.now);
}

/* Three requests and the time after the last; nothing where nothing is in question. */
static void lose(void)
{
    uint32_t asked = wire.mtu.asked;

    for (uint32_t i = 0; asked != 0 && i < 3; i++) {
        ck_assert_uint_eq(wire.mtu.asked, asked);
        serve();
        ck_assert_uint_eq(wire.mtu.tries, i + 1);
        ck_assert_int_eq(wire.mtu.due_at - wire.now, 500 * AVPN_MILLISECOND); /* [MTU-3] */
        wire.now = wire.mtu.due_at;
    }
    serve();
}

static void reach(uint8_t state)
{
    begin(LIMIT, 0);
    switch ((enum avpn_mtu_state)state) {
    case AVPN_MTU_NONE:
        avpni_mtu_stop(&wire.mtu);
        break;
    case AVPN_MTU_BASE:
        break;
    case AVPN_MTU_DONE:
        answer();
        answer();
        break;
    case AVPN_MTU_SEARCHING:
        answer();
        break;
    case AVPN_MTU_BELOW:
        lose();
        break;
    }
    ck_assert_uint_eq(wire.mtu.state, state);
}

static void wait_for(avpn_span span)
{
    wire.now += span;
    serve();
}

static void relink(uint32_t limit)
{
    wire.limit = limit;
    serve();
}

static void happen(uint8_t event)
{
    switch ((enum event)event) {
    case ANSWERED:
        answer();
        break;
    case LOST:
        lose();
        break;
    case TWO_LARGE:
        avpni_mtu_note_sent(&wire.mtu, 1201);
        wait_for(2 * AVPN_SECOND);
        break;
    case TWO:
        avpni_mtu_note_sent(&wire.mtu, 1200);
        wait_for(2 * AVPN_SECOND);
        break;
    case TEN:
        wait_for(10 * AVPN_SECOND);
        break;
    case SIXTY:
        wait_for(60 * AVPN_SECOND);
        break;
    case SIX_HUNDRED:
        wait_for(600 * AVPN_SECOND);
        break;
    case LARGER_LINK:
        relink(8972);
        break;
    case SMALLER_LINK:
        relink(1300);
        break;
    case TINY_LINK:
        relink(1199);
        break;
    case MOVED:
        avpni_mtu_start(&wire.mtu, wire.limit, wire.now);
        break;
    case DEAD:
        avpni_mtu_stop(&wire.mtu);
        break;
    }
}

START_TEST(each_state_takes_each_event_as_the_table_says)
{
    const struct table_row *row = &table[_i];

    reach(row->before);
    happen(row->event);
    ck_assert_uint_eq(wire.mtu.state, row->after);
    ck_assert_uint_eq(wire.mtu.size, row->size);
    ck_assert_uint_eq(wire.mtu.asked, row->asked);
    ck_assert_int_eq(wire.mtu.due_at == AVPN_TIME_NEVER, row->after == AVPN_MTU_NONE);
}
END_TEST

/* What comes after something was asked: state below asks again, a size in use is no longer answered. */
START_TEST(below_asks_again_and_goes_up_when_it_is_answered)
{
    reach(AVPN_MTU_BELOW);
    wait_for(60 * AVPN_SECOND);
    if (_i == 0) {
        answer();
        ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_SEARCHING);
        ck_assert_uint_eq(wire.mtu.asked, LIMIT);
        return;
    }
    wire.now = wire.mtu.due_at;
    serve();
    wire.now = wire.mtu.due_at;
    serve();
    wire.now = wire.mtu.due_at;
    serve();
    ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_BELOW);
    ck_assert_uint_eq(wire.mtu.asked, 0);
    ck_assert_int_eq(wire.mtu.due_at, wire.now + 60 * AVPN_SECOND);
}
END_TEST

START_TEST(a_size_in_use_that_no_longer_passes_ends_at_the_base)
{
    reach(AVPN_MTU_DONE);
    wait_for(10 * AVPN_SECOND);
    for (int i = 0; i < 3; i++) {
        ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_DONE);
        ck_assert_uint_eq(wire.mtu.size, LIMIT); /* until then it stays in use */
        wire.now = wire.mtu.due_at;
        serve();
    }
    ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_BASE);
    ck_assert_uint_eq(wire.mtu.size, 1200);
    ck_assert_uint_eq(wire.mtu.asked, 1200);
}
END_TEST

START_TEST(what_is_larger_is_tried_again_after_ten_minutes)
{
    uint32_t before;

    begin(LIMIT, 1400);
    run(20 * AVPN_SECOND);
    ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_DONE);
    before = wire.mtu.size;
    ck_assert_uint_gt(before, 1400 - 8);
    ck_assert_uint_le(before, 1400);
    wire.passes = LIMIT;
    wire.largest = 0;
    run(570 * AVPN_SECOND);
    ck_assert_uint_eq(wire.largest, before); /* confirmed and nothing else */
    run(40 * AVPN_SECOND);
    ck_assert_uint_eq(wire.mtu.size, LIMIT);
    ck_assert_uint_eq(wire.news, 2); /* [MTU-4] */
    ck_assert_uint_eq(wire.last_news, LIMIT);
}
END_TEST

/* ---- [MTU-1] ----------------------------------------------------------------------------- */

static const struct limit_row {
    uint32_t mtu, family, limit;
} limit_rows[] = {
    {1500, AVPN_FAMILY_IPV4, 1472},   {1500, AVPN_FAMILY_IPV6, 1452},
    {9000, AVPN_FAMILY_IPV4, 8972},   {9000, AVPN_FAMILY_IPV6, 8952},
    {1280, AVPN_FAMILY_IPV6, 1232},   {576, AVPN_FAMILY_IPV4, 548},
    {576, AVPN_FAMILY_IPV6, 528},     {65535, AVPN_FAMILY_IPV4, 65507},
    {65536, AVPN_FAMILY_IPV4, 65507}, {65555, AVPN_FAMILY_IPV6, 65507},
    {65575, AVPN_FAMILY_IPV6, 65507}, {65575, AVPN_FAMILY_IPV4, 65507},
};

START_TEST(a_link_takes_its_mtu_less_the_headers)
{
    ck_assert_uint_eq(avpni_mtu_limit(limit_rows[_i].mtu, limit_rows[_i].family),
                      limit_rows[_i].limit);
}
END_TEST

static const uint32_t limits[] = {LIMIT, 1452, 8972, 65507};

/* Every size from 1200 to the link's: within 8 bytes, after no more requests than halving takes. */
START_TEST(every_size_is_found)
{
    uint32_t limit = limits[_i], most = 0;

    for (uint32_t passes = 1200; passes <= limit && passes <= 9000; passes++) {
        begin(limit, passes);
        run(60 * AVPN_SECOND);
        ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_DONE);
        ck_assert_uint_le(wire.mtu.size, passes);
        ck_assert_msg(passes - wire.mtu.size < 8, "%u of %u", wire.mtu.size, passes);
        ck_assert_uint_eq(wire.news, 1);
        ck_assert_uint_eq(wire.last_news, wire.mtu.size);
        /* The base, the largest three times, and halves: each at most three times; six confirmations. */
        most = wire.requests > most ? wire.requests : most;
    }
    /* log2((limit - 1200) / 8) halves */
    ck_assert_uint_le(most, (_i < 2 ? 1 + 3 + 3 * 6 : _i == 2 ? 1 + 3 + 3 * 10 : 1 + 3 + 3 * 13) + 6);
}
END_TEST

/* [MTU-1]: in most paths the first try succeeds, two round trips after the path became alive. */
START_TEST(a_path_as_wide_as_its_link_takes_two_requests)
{
    for (uint32_t limit = 1200; limit <= 9000; limit++) {
        begin(limit, limit);
        run(3 * 20 * AVPN_MILLISECOND);
        ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_DONE);
        ck_assert_uint_eq(wire.mtu.size, limit < 1208 ? 1200 : limit);
        ck_assert_uint_eq(wire.requests, limit < 1208 ? 1 : 2);
    }
}
END_TEST

START_TEST(a_link_below_the_base_is_not_asked)
{
    begin(972, 972);
    run(3600 * AVPN_SECOND);
    ck_assert_uint_eq(wire.requests, 0);
    ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_BELOW);
    ck_assert_uint_eq(wire.mtu.size, 1200);
    ck_assert_uint_eq(wire.news, 1); /* [MTU-4] */
    ck_assert_uint_eq(wire.mtu.told_state, AVPN_MTU_BELOW);
}
END_TEST

START_TEST(a_path_below_the_base_is_asked_every_minute)
{
    begin(LIMIT, 1199);
    run(601 * AVPN_SECOND);
    ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_BELOW);
    ck_assert_uint_eq(wire.requests, 3 * 10);
    ck_assert_uint_eq(wire.largest, 1200);
    ck_assert_uint_eq(wire.news, 1);
    wire.passes = LIMIT;
    run(62 * AVPN_SECOND);
    ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_DONE);
    ck_assert_uint_eq(wire.mtu.size, LIMIT);
    ck_assert_uint_eq(wire.news, 2);
}
END_TEST

/* ---- [MTU-3] ------------------------------------------------------------------------------- */

static const struct patience_row {
    uint32_t rtt_us;
    avpn_span span;
} patience_rows[] = {
    {0, 500 * AVPN_MILLISECOND},      {166000, 500 * AVPN_MILLISECOND},
    {167000, 501 * AVPN_MILLISECOND}, {500000, 1500 * AVPN_MILLISECOND},
    {1000000, 3 * AVPN_SECOND},       {UINT32_MAX, 3 * AVPN_SECOND},
};

START_TEST(one_request_at_a_time_and_patience_with_slow_paths)
{
    const struct patience_row *row = &patience_rows[_i];

    begin(LIMIT, 0);
    wire.rtt_us = row->rtt_us;
    serve();
    ck_assert_uint_eq(wire.requests, 1);
    ck_assert_int_eq(wire.mtu.due_at, wire.now + row->span);
    wire.now += row->span - 1;
    serve();
    ck_assert_uint_eq(wire.requests, 1);
    wire.now += 1;
    serve();
    ck_assert_uint_eq(wire.requests, 2);
}
END_TEST

/* The first request is sent at 0; what is answered when, and does it count? */
static const struct answer_row {
    const char *name;
    avpn_span at, sent_at; /* ms */
    uint32_t size;
    int counts;
} answer_rows[] = {
    {"at once", 0, 0, 1200, 1},
    {"in time", 499, 0, 1200, 1},
    {"the first, after the second was sent", 600, 0, 1200, 1},
    {"the second", 600, 500, 1200, 1},
    {"the first, after the third was sent", 1400, 0, 1200, 1},
    {"another size", 10, 0, 1199, 0},
    {"no size", 10, 0, 0, 0},
    {"the size modulo 2^16", 10, 0, 65536 + 1200, 0},
    {"one from before", 10, -1, 1200, 0},
    {"too late: it has failed", 1500, 0, 1200, 0},
};

START_TEST(only_an_answer_to_the_question_counts)
{
    const struct answer_row *row = &answer_rows[_i];
    avpn_time start;

    begin(LIMIT, 0);
    start = wire.now;
    run(row->at * AVPN_MILLISECOND);
    ck_assert_msg(avpni_mtu_answered(&wire.mtu, row->size,
                                     (start + row->sent_at * AVPN_MILLISECOND) / 1000 * 1000,
                                     wire.now) == row->counts,
                  "%s", row->name);
    /* and once only */
    ck_assert(!avpni_mtu_answered(&wire.mtu, row->size,
                                  (start + row->sent_at * AVPN_MILLISECOND) / 1000 * 1000,
                                  wire.now));
}
END_TEST

/* An answer from the confirmation before does not hide a black hole. */
START_TEST(an_answer_of_the_last_question_does_not_count_for_this_one)
{
    avpn_time before;

    reach(AVPN_MTU_DONE);
    avpni_mtu_note_sent(&wire.mtu, LIMIT);
    wait_for(2 * AVPN_SECOND);
    before = wire.now / 1000 * 1000;
    ck_assert(avpni_mtu_answered(&wire.mtu, LIMIT, before, wire.now));
    avpni_mtu_note_sent(&wire.mtu, LIMIT);
    wait_for(2 * AVPN_SECOND);
    ck_assert_uint_eq(wire.mtu.asked, LIMIT);
    ck_assert(!avpni_mtu_answered(&wire.mtu, LIMIT, before, wire.now)); /* 2 s old: not for [PRB-3] to refuse */
}
END_TEST

START_TEST(before_anything_is_asked_nothing_counts)
{
    begin(LIMIT, 0);
    ck_assert(!avpni_mtu_answered(&wire.mtu, 1200, wire.now, wire.now));
    avpni_mtu_stop(&wire.mtu);
    ck_assert(!avpni_mtu_answered(&wire.mtu, 1200, wire.now, wire.now));
    ck_assert(!avpni_mtu_answered(&wire.mtu, 0, wire.now, wire.now));
}
END_TEST

/* ---- [MTU-5] ---------------------------------------------------------------------------------- */

/* The wire narrows at any moment, with large datagrams before, or from then on. */
START_TEST(a_black_hole_is_over_after_two_seconds_and_three_tries)
{
    for (avpn_span phase = 0; phase < 12 * AVPN_SECOND; phase += 70 * AVPN_MILLISECOND) {
        avpn_time start;

        begin(LIMIT, LIMIT);
        run(AVPN_SECOND);
        for (avpn_span i = 0; i < phase; i += 10 * AVPN_MILLISECOND) {
            if (_i == 1)
                avpni_mtu_note_sent(&wire.mtu, 1400);
            run(10 * AVPN_MILLISECOND);
        }
        wire.passes = 1300;
        start = wire.now;
        while (wire.mtu.size > wire.passes) {
            avpni_mtu_note_sent(&wire.mtu, 1400);
            run(10 * AVPN_MILLISECOND);
            ck_assert_int_le(wire.now - start, 3520 * AVPN_MILLISECOND);
        }
        run(12 * AVPN_SECOND);
        ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_DONE);
        ck_assert_uint_gt(wire.mtu.size, 1300 - 8);
        ck_assert_uint_le(wire.mtu.size, 1300);
        ck_assert_uint_eq(wire.news, 2);
    }
}
END_TEST

/* What was proved at the beginning of a long search is not trusted longer because of the search. */
START_TEST(a_black_hole_that_comes_during_a_search_ends_with_it)
{
    begin(8972, 5000);
    while (wire.mtu.size < 4900)
        step(AVPN_TIME_NEVER);
    wire.passes = 1300;
    avpni_mtu_note_sent(&wire.mtu, 4000);
    while (wire.mtu.state == AVPN_MTU_SEARCHING && wire.mtu.size > 1300)
        step(AVPN_TIME_NEVER);
    ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_DONE);
    run(0);
    ck_assert_uint_eq(wire.mtu.asked, wire.mtu.size); /* at once */
    run(1500 * AVPN_MILLISECOND);
    ck_assert_uint_eq(wire.mtu.size, 1200);
}
END_TEST

START_TEST(an_idle_path_is_asked_every_ten_seconds_and_a_busy_one_every_two)
{
    begin(LIMIT, LIMIT);
    run(AVPN_SECOND);
    wire.requests = 0;
    for (int i = 0; i < 1000; i++) {
        if (_i == 1)
            avpni_mtu_note_sent(&wire.mtu, 1400);
        run(100 * AVPN_MILLISECOND);
    }
    ck_assert_uint_ge(wire.requests, _i == 1 ? 49 : 9);
    ck_assert_uint_le(wire.requests, _i == 1 ? 50 : 10);
}
END_TEST

/* ---- loss ------------------------------------------------------------------------------------------ */

/* Where nothing passes it is not the size [MTU-3]. */
START_TEST(an_outage_does_not_cost_the_size)
{
    begin(LIMIT, 1400);
    run(20 * AVPN_SECOND);
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t size = wire.mtu.size;

        avpni_mtu_note_sent(&wire.mtu, size);
        run((avpn_span)(harness_random(&wire.state) % 4000) * AVPN_MILLISECOND);
        avpni_mtu_note_sent(&wire.mtu, size);
        wire.is_silent = true;
        run(2900 * AVPN_MILLISECOND);
        wire.is_silent = false;
        run(3 * AVPN_SECOND);
        ck_assert_uint_eq(wire.mtu.size, size);
    }
}
END_TEST

/* One in five datagrams is lost each way: the size falls, and comes back. */
START_TEST(loss_does_not_lower_the_size_for_good)
{
    avpn_span small = 0, longest = 0, since = 0;

    begin(LIMIT, LIMIT);
    wire.loss = 20;
    for (uint32_t i = 0; i < 24 * 3600 * 10; i++) {
        avpni_mtu_note_sent(&wire.mtu, 1400);
        run(100 * AVPN_MILLISECOND);
        since = wire.mtu.size < LIMIT ? since + 1 : 0;
        small += wire.mtu.size < LIMIT;
        longest = since > longest ? since : longest;
    }
    /* A search that failed is repeated after 600 s; it may fail again, but not for long. */
    ck_assert_int_lt(longest, 30 * 60 * 10);
    ck_assert_int_lt(small, 24 * 3600 * 10 / 4);
    printf("# in a day at 20 %% loss the size is too small for %d s, at most %d s at once\n",
           (int)(small / 10), (int)(longest / 10));
    wire.loss = 0;
    run(700 * AVPN_SECOND);
    ck_assert_uint_eq(wire.mtu.size, LIMIT);
}
END_TEST

/* ---- [MTU-4] ----------------------------------------------------------------------------------- */

START_TEST(what_is_found_again_is_no_news)
{
    begin(LIMIT, LIMIT);
    run(AVPN_SECOND);
    ck_assert_uint_eq(wire.news, 1);
    avpni_mtu_start(&wire.mtu, LIMIT, wire.now); /* the contact moved */
    run(AVPN_SECOND);
    avpni_mtu_stop(&wire.mtu); /* the path died and came back */
    avpni_mtu_start(&wire.mtu, LIMIT, wire.now);
    run(AVPN_SECOND);
    ck_assert_uint_eq(wire.news, 1);
    avpni_mtu_start(&wire.mtu, LIMIT, wire.now);
    wire.passes = 1200;
    run(20 * AVPN_SECOND);
    ck_assert_uint_eq(wire.news, 2);
    ck_assert_uint_eq(wire.last_news, 1200);
    wire.passes = 500; /* 1200 as well, but it does not pass */
    run(20 * AVPN_SECOND);
    ck_assert_uint_eq(wire.mtu.state, AVPN_MTU_BELOW);
    ck_assert_uint_eq(wire.news, 3);
}
END_TEST

START_TEST(while_a_search_goes_on_upward_the_proved_size_stays)
{
    begin(8972, 5000);
    run(60 * AVPN_SECOND);
    ck_assert_uint_ge(wire.mtu.size, 4993);
    wire.passes = 6000;
    for (uint32_t before = wire.mtu.size; wire.mtu.size < 5993; before = wire.mtu.size) {
        run(100 * AVPN_MILLISECOND);
        ck_assert_uint_ge(wire.mtu.size, before);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(each_state_takes_each_event_as_the_table_says, HARNESS_COUNT(table)),
    HARNESS_LOOP(below_asks_again_and_goes_up_when_it_is_answered, 2),
    HARNESS_CASE(a_size_in_use_that_no_longer_passes_ends_at_the_base),
    HARNESS_CASE(what_is_larger_is_tried_again_after_ten_minutes),
    HARNESS_LOOP(a_link_takes_its_mtu_less_the_headers, HARNESS_COUNT(limit_rows)),
    HARNESS_LOOP(every_size_is_found, HARNESS_COUNT(limits)),
    HARNESS_CASE(a_path_as_wide_as_its_link_takes_two_requests),
    HARNESS_CASE(a_link_below_the_base_is_not_asked),
    HARNESS_CASE(a_path_below_the_base_is_asked_every_minute),
    HARNESS_LOOP(one_request_at_a_time_and_patience_with_slow_paths, HARNESS_COUNT(patience_rows)),
    HARNESS_LOOP(only_an_answer_to_the_question_counts, HARNESS_COUNT(answer_rows)),
    HARNESS_CASE(an_answer_of_the_last_question_does_not_count_for_this_one),
    HARNESS_CASE(before_anything_is_asked_nothing_counts),
    HARNESS_LOOP(a_black_hole_is_over_after_two_seconds_and_three_tries, 2),
    HARNESS_CASE(a_black_hole_that_comes_during_a_search_ends_with_it),
    HARNESS_LOOP(an_idle_path_is_asked_every_ten_seconds_and_a_busy_one_every_two, 2),
    HARNESS_CASE(an_outage_does_not_cost_the_size),
    HARNESS_CASE(loss_does_not_lower_the_size_for_good),
    HARNESS_CASE(what_is_found_again_is_no_news),
    HARNESS_CASE(while_a_search_goes_on_upward_the_proved_size_stays),
};
HARNESS_MAIN("link/mtu", cases)
