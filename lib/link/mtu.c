/* SPDX-License-Identifier: ISC */
/*
 * mtu: see mtu.h for what it is, doc/protocol.md 6.1 for the table.
 *
 * One size is in question at a time (`asked`): the base, a candidate, or the size in use. `size` passes and what is above
 * `high` is known not to, or was not asked; a search ends when less than AVPNI_MTU_OPEN bytes lie between.
 * Invariants: size <= limit in SEARCHING and DONE; asked != 0 in BASE and SEARCHING; due_at is NEVER only in NONE.
 */
#include "link/mtu.h"

#define OVERHEAD_IPV4 28 /* IP and UDP header */
#define OVERHEAD_IPV6 48

uint32_t avpni_mtu_limit(uint32_t mtu_bytes, uint32_t family)
{
    uint32_t limit = mtu_bytes - (family == AVPN_FAMILY_IPV6 ? OVERHEAD_IPV6 : OVERHEAD_IPV4);

    return limit < AVPNI_PROBE_LIMIT ? limit : AVPNI_PROBE_LIMIT;
}

/* ---- transitions ------------------------------------------------------------------ */

static void ask(struct avpni_mtu *mtu, uint32_t size, avpn_time now)
{
    mtu->asked = (uint16_t)size;
    mtu->tries = 0;
    mtu->is_heard = false;
    mtu->due_at = now;
}

static void wait_until(struct avpni_mtu *mtu, avpn_time when)
{
    mtu->asked = 0;
    mtu->tries = 0;
    mtu->due_at = when;
}

static void enter_below(struct avpni_mtu *mtu, avpn_time now)
{
    mtu->state = AVPN_MTU_BELOW;
    wait_until(mtu, now + AVPNI_MTU_BELOW_AGAIN);
}

/* A link that takes less than the base needs no asking. */
static void enter_base(struct avpni_mtu *mtu, avpn_time now)
{
    mtu->size = AVPNI_MTU_BASE;
    mtu->state = AVPN_MTU_BASE;
    if (mtu->limit < AVPNI_MTU_BASE)
        enter_below(mtu, now);
    else
        ask(mtu, AVPNI_MTU_BASE, now);
}

/* Confirmed two seconds after the last proof, which may be long ago when the search took its time [MTU-5]. */
static void enter_done(struct avpni_mtu *mtu, avpn_time now)
{
    mtu->state = AVPN_MTU_DONE;
    mtu->search_at = now + AVPNI_MTU_SEARCH_AGAIN;
    wait_until(mtu, mtu->confirmed_at + AVPNI_MTU_CONFIRM_LARGE);
}

static bool is_open(uint32_t low, uint32_t high)
{
    return high - low >= AVPNI_MTU_OPEN;
}

/* The next candidate, half way up; or the search is over [MTU-1]. */
static void go_on(struct avpni_mtu *mtu, avpn_time now)
{
    if (is_open(mtu->size, mtu->high))
        ask(mtu, mtu->size + (mtu->high - mtu->size + 1u) / 2, now);
    else
        enter_done(mtu, now);
}

/* Upward from the size, the largest first: on most paths that is all there is to it. */
static void enter_searching(struct avpni_mtu *mtu, avpn_time now)
{
    mtu->state = AVPN_MTU_SEARCHING;
    mtu->high = mtu->limit;
    if (is_open(mtu->size, mtu->high))
        ask(mtu, mtu->high, now);
    else
        enter_done(mtu, now);
}

void avpni_mtu_start(struct avpni_mtu *mtu, uint32_t limit, avpn_time now)
{
    mtu->limit = (uint16_t)limit;
    mtu->is_large_sent = false;
    mtu->confirmed_at = now;
    enter_base(mtu, now);
}

void avpni_mtu_stop(struct avpni_mtu *mtu)
{
    mtu->state = AVPN_MTU_NONE;
    mtu->size = 0;
    wait_until(mtu, AVPN_TIME_NEVER);
}

/* The host says that the link takes more, or less, than before. */
static void take_limit(struct avpni_mtu *mtu, uint32_t limit, avpn_time now)
{
    bool is_proved = mtu->state == AVPN_MTU_SEARCHING || mtu->state == AVPN_MTU_DONE;

    mtu->limit = (uint16_t)limit;
    if (is_proved && mtu->size <= limit)
        enter_searching(mtu, now);
    else
        enter_base(mtu, now);
}

/* ---- time ------------------------------------------------------------------------------ */

/* The size in question does not pass. */
static void fail(struct avpni_mtu *mtu, avpn_time now)
{
    switch ((enum avpn_mtu_state)mtu->state) {
    case AVPN_MTU_BASE:
    case AVPN_MTU_BELOW:
        enter_below(mtu, now);
        break;
    case AVPN_MTU_SEARCHING:
        mtu->high = (uint16_t)(mtu->asked - 1);
        go_on(mtu, now);
        break;
    case AVPN_MTU_DONE:
        enter_base(mtu, now); /* a black hole [MTU-5] */
        break;
    case AVPN_MTU_NONE:
        break;
    }
}

static avpn_time earlier(avpn_time a, avpn_time b)
{
    return a < b ? a : b;
}

/* Whether large datagrams were sent is looked at every two seconds: noting it costs the packet path one byte [MTU-5]. */
static void confirm(struct avpni_mtu *mtu, avpn_time now)
{
    avpn_time confirm_at = mtu->confirmed_at + AVPNI_MTU_CONFIRM;

    if (!mtu->is_large_sent && now < confirm_at) {
        mtu->due_at = earlier(now + AVPNI_MTU_CONFIRM_LARGE, confirm_at);
        return;
    }
    mtu->is_large_sent = false;
    ask(mtu, mtu->size, now);
}

/* Nothing is in question: what is it time for? */
static void wake(struct avpni_mtu *mtu, avpn_time now)
{
    if (mtu->state == AVPN_MTU_BELOW && mtu->limit < AVPNI_MTU_BASE)
        enter_below(mtu, now);
    else if (mtu->state == AVPN_MTU_BELOW)
        ask(mtu, AVPNI_MTU_BASE, now);
    else if (now >= mtu->search_at && is_open(mtu->size, mtu->limit))
        enter_searching(mtu, now);
    else
        confirm(mtu, now);
}

/* [MTU-3] */
static avpn_span patience(uint32_t rtt_us)
{
    avpn_span span = 3 * (avpn_span)rtt_us * AVPN_MICROSECOND;

    if (span < AVPNI_MTU_TIMEOUT)
        return AVPNI_MTU_TIMEOUT;
    return span < AVPNI_MTU_TIMEOUT_LAST ? span : AVPNI_MTU_TIMEOUT_LAST;
}

/* Not before the size in question was first asked; moments that come back on the wire are whole microseconds. */
static bool is_since_asked(const struct avpni_mtu *mtu, avpn_time at)
{
    return at > mtu->asked_since - AVPN_MICROSECOND;
}

/*
 * Three requests lost in an outage say nothing, and neither does a plain probe that is answered when it is over: one more
 * request has to go out after that [MTU-3].
 */
static void note_request(struct avpni_mtu *mtu, avpn_time heard_at, avpn_time now)
{
    if (mtu->tries == 0)
        mtu->asked_since = now;
    else
        mtu->is_heard = is_since_asked(mtu, heard_at);
    if (mtu->tries < AVPNI_MTU_TRIES)
        mtu->tries++;
}

uint32_t avpni_mtu_serve(struct avpni_mtu *mtu, uint32_t limit, uint32_t rtt_us, avpn_time heard_at,
                         avpn_time now)
{
    if (mtu->state == AVPN_MTU_NONE)
        return 0;
    if (limit != mtu->limit)
        take_limit(mtu, limit, now);
    if (now < mtu->due_at)
        return 0;
    if (mtu->asked == 0)
        wake(mtu, now);
    else if (mtu->tries >= AVPNI_MTU_TRIES && mtu->is_heard)
        fail(mtu, now);
    if (mtu->asked == 0)
        return 0;
    note_request(mtu, heard_at, now);
    mtu->due_at = now + patience(rtt_us);
    return mtu->asked;
}

/* ---- answers ------------------------------------------------------------------------------ */

bool avpni_mtu_answered(struct avpni_mtu *mtu, uint32_t size, avpn_time sent_at, avpn_time now)
{
    if (mtu->tries == 0 || size != mtu->asked || !is_since_asked(mtu, sent_at))
        return false;
    mtu->confirmed_at = now;
    mtu->size = mtu->asked;
    if (mtu->state == AVPN_MTU_SEARCHING)
        go_on(mtu, now);
    else if (mtu->state == AVPN_MTU_DONE)
        wait_until(mtu, now + AVPNI_MTU_CONFIRM_LARGE);
    else
        enter_searching(mtu, now);
    return true;
}

uint32_t avpni_mtu_news(struct avpni_mtu *mtu)
{
    bool is_ended = mtu->state == AVPN_MTU_DONE || mtu->state == AVPN_MTU_BELOW;

    if (!is_ended || (mtu->told == mtu->size && mtu->told_state == mtu->state))
        return 0;
    mtu->told = mtu->size;
    mtu->told_state = mtu->state;
    return mtu->size;
}
