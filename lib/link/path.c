/* SPDX-License-Identifier: ISC */
/*
 * path: see path.h for what it is, doc/protocol.md 7.3 for the table.
 *
 * Invariants: `contact` is proved whenever the state is ALIVE. Requests to contacts that are
 * not proved are counted per candidate and never exceed AVPNI_PUNCH_PROBES in one
 * attempt, whoever named the contact. live_paths of the context counts exactly the ALIVE ones, and only these have a
 * size (link/mtu.h).
 */
#include "link/path.h"

#include "base/address.h"
#include "link/peer.h"
#include "link/probe.h"
#include <string.h>

/* When the requests of an attempt go out, from its beginning [PRB-4]. */
static const int32_t punch_ms[AVPNI_PUNCH_PROBES] = {0,    200,  600,  1200, 2000,
                                                     3000, 4500, 6500, 9000, 12000};

static void fire(void *owner, avpn_time now);

int32_t avpni_path_new(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                       struct avpni_path **path_out)
{
    struct avpni_context *context = peer->context;
    struct avpni_path *path = avpni_allocate(&context->memory, 1, sizeof *path);

    if (path == NULL)
        return AVPN_ERROR_MEMORY;
    if (avpni_timers_reserve(&context->timers, 1) != AVPN_OK) {
        avpni_release(&context->memory, path);
        return AVPN_ERROR_MEMORY;
    }
    path->peer = peer;
    path->uplink = (uint8_t)uplink;
    path->remote_uplink = (uint8_t)remote_uplink;
    path->answered_at = -1;
    path->unanswered_at = AVPN_TIME_NEVER;
    avpni_mtu_stop(&path->mtu);
    avpni_timer_init(&path->timer, fire, path);
    *path_out = path;
    return AVPN_OK;
}

void avpni_path_del(struct avpni_path *path)
{
    struct avpni_context *context;

    if (path == NULL)
        return;
    context = path->peer->context;
    if (path->state == AVPN_PATH_ALIVE)
        context->live_paths--;
    avpni_timer_clear(&context->timers, &path->timer);
    avpni_timers_reserve(&context->timers, -1);
    avpni_release(&context->memory, path);
}

bool avpni_path_is_alive(const struct avpni_path *path)
{
    return path != NULL && path->state == AVPN_PATH_ALIVE;
}

static void set_timer(struct avpni_path *path, avpn_time when)
{
    avpni_timer_set(&path->peer->context->timers, &path->timer, when);
}

static struct avpn_event path_event(const struct avpni_path *path, uint32_t kind, uint32_t state,
                                    avpn_time now)
{
    struct avpn_event event = avpni_event(kind, state, now);

    event.peer = path->peer->member;
    event.uplink = path->uplink;
    event.remote_uplink = path->remote_uplink;
    event.contact = path->contact;
    return event;
}

static void push_event(struct avpni_path *path, uint32_t kind, uint32_t state, avpn_time now)
{
    struct avpn_event event = path_event(path, kind, state, now);

    avpni_events_push(&path->peer->context->events, &event);
}

/* ---- punching ------------------------------------------------------------ */

/* One request to a contact that is not proved, within its cap. */
static void punch(struct avpni_path *path, struct avpni_candidate *candidate, avpn_time now)
{
    if (candidate->sent >= AVPNI_PUNCH_PROBES)
        return;
    candidate->sent++;
    path->probes_sent++;
    avpni_probe_request(path->peer, path->uplink, path->remote_uplink, &candidate->contact, now);
}

static struct avpni_candidate *find_candidate(struct avpni_path *path,
                                              const struct avpn_contact *contact)
{
    for (uint32_t i = 0; i < path->candidate_count; i++)
        if (avpni_contact_is_equal(&path->candidates[i].contact, contact))
            return &path->candidates[i];
    return NULL;
}

bool avpni_path_expects(const struct avpni_path *path, const struct avpn_contact *contact)
{
    if (path->state == AVPN_PATH_ALIVE)
        return avpni_contact_is_equal(&path->contact, contact);
    for (uint32_t i = 0; i < path->candidate_count; i++)
        if (avpni_contact_is_equal(&path->candidates[i].contact, contact))
            return true;
    return false;
}

/*
 * A full list gives up its last place: what was heard just now is the better hint. The place's count
 * stays, so that a contact that comes and goes gets no more than its cap [PRB-4].
 */
static struct avpni_candidate *add_candidate(struct avpni_path *path,
                                             const struct avpn_contact *contact)
{
    struct avpni_candidate *candidate = find_candidate(path, contact);

    if (candidate != NULL)
        return candidate;
    if (path->candidate_count < AVPNI_CANDIDATES) {
        candidate = &path->candidates[path->candidate_count++];
        candidate->sent = 0;
    } else {
        candidate = &path->candidates[AVPNI_CANDIDATES - 1];
    }
    candidate->contact = *contact;
    return candidate;
}

static void punch_all(struct avpni_path *path, avpn_time now)
{
    for (uint32_t i = 0; i < path->candidate_count; i++)
        punch(path, &path->candidates[i], now);
    path->step++;
    if (path->step < AVPNI_PUNCH_PROBES)
        set_timer(path, path->attempt_at + punch_ms[path->step] * AVPN_MILLISECOND);
    else
        set_timer(path, now + AVPNI_PROBE_TIMEOUT);
}

/* [PRB-11]: 15 s, doubling to 300 s. */
static avpn_span attempt_pause(const struct avpni_path *path)
{
    avpn_span pause = AVPNI_ATTEMPT_FIRST;

    for (uint32_t i = 1; i < path->failures && pause < AVPNI_ATTEMPT_LAST; i++)
        pause *= 2;
    return pause < AVPNI_ATTEMPT_LAST ? pause : AVPNI_ATTEMPT_LAST;
}

static void give_up(struct avpni_path *path, avpn_time now)
{
    path->state = AVPN_PATH_EMPTY;
    path->candidate_count = 0;
    if (path->failures < UINT8_MAX)
        path->failures++;
    set_timer(path, now + avpni_jitter_span(&path->peer->context->jitter, attempt_pause(path)));
}

/* Begin with what is known, and `heard` (may be NULL) in front. */
static void begin(struct avpni_path *path, const struct avpn_contact *heard, avpn_time now)
{
    struct avpni_context *context = path->peer->context;
    struct avpn_contact known[AVPNI_CANDIDATES];
    uint32_t count = avpni_peer_candidates(path->peer, path->uplink, path->remote_uplink, known);

    path->candidate_count = 0;
    if (!context->uplinks[path->uplink].is_up)
        return;
    if (heard != NULL)
        add_candidate(path, heard);
    if (path->contact.family != AVPN_FAMILY_NONE)
        add_candidate(path, &path->contact); /* where it was last */
    for (uint32_t i = 0; i < count && path->candidate_count < AVPNI_CANDIDATES; i++)
        add_candidate(path, &known[i]);
    if (path->candidate_count == 0) {
        path->state = AVPN_PATH_EMPTY;
        avpni_timer_clear(&context->timers, &path->timer);
        return;
    }
    path->state = AVPN_PATH_PUNCHING;
    path->step = 0;
    path->attempt_at = now;
    punch_all(path, now);
}

void avpni_path_attempt(struct avpni_path *path, avpn_time now)
{
    struct avpn_contact known[AVPNI_CANDIDATES];
    uint32_t count;

    if (path->state == AVPN_PATH_ALIVE)
        return;
    if (path->state != AVPN_PATH_PUNCHING) {
        begin(path, NULL, now);
        return;
    }
    /* An attempt is under way: only what is new joins it, so that no contact gets more than its cap. */
    count = avpni_peer_candidates(path->peer, path->uplink, path->remote_uplink, known);
    for (uint32_t i = 0; i < count && path->candidate_count < AVPNI_CANDIDATES; i++) {
        if (find_candidate(path, &known[i]) != NULL)
            continue;
        punch(path, add_candidate(path, &known[i]), now);
        path->step = 1;
        path->attempt_at = now;
        set_timer(path, now + punch_ms[1] * AVPN_MILLISECOND);
    }
}

/* ---- alive ----------------------------------------------------------------- */

static void probe_contact(struct avpni_path *path, avpn_time now)
{
    path->probes_sent++;
    path->probe_at = now;
    if (path->unanswered_at == AVPN_TIME_NEVER)
        path->unanswered_at = now;
    avpni_probe_request(path->peer, path->uplink, path->remote_uplink, &path->contact, now);
}

static avpn_span probe_span(const struct avpni_context *context)
{
    avpn_span stretched = AVPNI_PROBE_SPAN_PER_PATH * context->live_paths;

    return stretched > AVPNI_PROBE_SPAN ? stretched : AVPNI_PROBE_SPAN;
}

/* Three seconds after the last answer [PRB-9]; where probes are stretched, not before it was asked for two. */
static avpn_time dead_at(const struct avpni_path *path)
{
    avpn_time by_answer = path->answered_at + AVPNI_PATH_DEAD_AFTER;
    avpn_time by_probe;

    if (path->unanswered_at == AVPN_TIME_NEVER)
        return AVPN_TIME_NEVER;
    by_probe = path->unanswered_at + AVPNI_PATH_DEAD_AFTER - AVPNI_PROBE_SPAN;
    return by_answer > by_probe ? by_answer : by_probe;
}

static avpn_time earlier(avpn_time a, avpn_time b)
{
    return a < b ? a : b;
}

static avpn_time next_probe_at(const struct avpni_path *path)
{
    if (path->unanswered_at == AVPN_TIME_NEVER)
        return path->probe_at + probe_span(path->peer->context);
    if (path->probe_at - path->unanswered_at < AVPNI_PROBE_HURRY_AFTER)
        return path->probe_at + AVPNI_PROBE_RETRY;
    return path->probe_at + AVPNI_PROBE_HURRY; /* so many that chance does not lose them all [PRB-9] */
}

static void set_alive_timer(struct avpni_path *path)
{
    avpn_time when = earlier(next_probe_at(path), dead_at(path));

    when = earlier(when, path->mtu.due_at);
    if (path->is_challenging)
        when = earlier(when, path->challenged_at + AVPNI_ROAM_WAIT);
    set_timer(path, when);
}

/* ---- size, 6.1 -------------------------------------------------------------- */

static uint32_t size_limit(const struct avpni_path *path)
{
    return avpni_mtu_limit(path->peer->context->uplinks[path->uplink].mtu_bytes,
                           path->contact.family);
}

static void tell_size(struct avpni_path *path, avpn_time now)
{
    uint32_t size = avpni_mtu_news(&path->mtu);
    struct avpn_event event;

    if (size == 0)
        return;
    event = path_event(path, AVPN_EVENT_MTU, path->mtu.state, now); /* [MTU-4] */
    event.metric = size;
    avpni_events_push(&path->peer->context->events, &event);
}

/*
 * Where one was lost a plain probe goes along, if there was none meanwhile: if that is lost too, it is not the
 * size [MTU-3].
 */
static void serve_size(struct avpni_path *path, avpn_time now)
{
    uint32_t size = avpni_mtu_serve(&path->mtu, size_limit(path), path->rtt_us,
                                    path->answered_probe, now);

    tell_size(path, now);
    if (size == 0)
        return;
    avpni_probe_request_size(path->peer, path->uplink, path->remote_uplink, &path->contact, size,
                             now);
    if (path->mtu.tries > 1 && path->probe_at < path->mtu.asked_since)
        probe_contact(path, now);
}

bool avpni_path_size_answered(struct avpni_path *path, const struct avpn_contact *source,
                              uint32_t size, avpn_time sent_at, avpn_time now)
{
    if (path->state != AVPN_PATH_ALIVE || !avpni_contact_is_equal(&path->contact, source) ||
        !avpni_mtu_answered(&path->mtu, size, sent_at, now))
        return false;
    tell_size(path, now);
    avpni_peer_touch(path->peer);
    set_alive_timer(path);
    return true;
}

/* ---- from alive and to it ----------------------------------------------------- */

static void become_alive(struct avpni_path *path, const struct avpn_contact *contact,
                         avpn_time now)
{
    path->state = AVPN_PATH_ALIVE;
    path->contact = *contact;
    path->candidate_count = 0;
    path->failures = 0;
    path->is_challenging = false;
    path->alive_since = now;
    path->answered_at = now;
    path->unanswered_at = AVPN_TIME_NEVER;
    path->probe_at = now;
    path->rtt_us = 0;
    avpni_mtu_start(&path->mtu, size_limit(path), now);
    path->peer->context->live_paths++;
    avpni_peer_touch(path->peer);
    push_event(path, AVPN_EVENT_PATH, 1, now);
}

static void die(struct avpni_path *path, avpn_time now)
{
    path->peer->context->live_paths--;
    path->state = AVPN_PATH_EMPTY;
    path->is_challenging = false;
    avpni_mtu_stop(&path->mtu);
    avpni_peer_touch(path->peer);
    push_event(path, AVPN_EVENT_PATH, 0, now);
    begin(path, NULL, now);
    avpni_peer_reselect(path->peer, now);
}

void avpni_path_probe(struct avpni_path *path, avpn_time now)
{
    if (path->state != AVPN_PATH_ALIVE)
        return;
    probe_contact(path, now);
    set_alive_timer(path);
}

void avpni_path_reset(struct avpni_path *path, avpn_time now)
{
    bool was_alive = path->state == AVPN_PATH_ALIVE;

    avpni_timer_clear(&path->peer->context->timers, &path->timer);
    path->state = AVPN_PATH_EMPTY;
    path->candidate_count = 0;
    path->failures = 0;
    path->is_challenging = false;
    avpni_mtu_stop(&path->mtu);
    avpni_peer_touch(path->peer);
    if (was_alive) {
        path->peer->context->live_paths--;
        push_event(path, AVPN_EVENT_PATH, 0, now);
        avpni_peer_reselect(path->peer, now);
    }
    memset(&path->contact, 0, sizeof path->contact);
}

/* ---- roaming [PRB-7] --------------------------------------------------------- */

static void challenge(struct avpni_path *path, const struct avpn_contact *source, avpn_time now)
{
    if (path->is_challenging)
        return; /* one at a time: a flood of sources cannot make us send more */
    path->is_challenging = true;
    path->is_challenge_answered = false;
    path->challenged = *source;
    path->challenged_at = now;
    path->probes_sent++;
    avpni_probe_request(path->peer, path->uplink, path->remote_uplink, source, now);
    probe_contact(path, now); /* the old one gets its chance to show that it is still there */
    set_alive_timer(path);
}

static void end_challenge(struct avpni_path *path, avpn_time now)
{
    path->is_challenging = false;
    if (!path->is_challenge_answered ||
        path->answered_probe > path->challenged_at - AVPN_MICROSECOND)
        return;
    path->contact = path->challenged;
    path->answered_at = now;
    path->unanswered_at = AVPN_TIME_NEVER;
    path->probe_at = now;
    avpni_mtu_start(&path->mtu, size_limit(path), now); /* another way, another size */
    push_event(path, AVPN_EVENT_ROAM, 1, now);
}

void avpni_path_heard(struct avpni_path *path, const struct avpn_contact *source, avpn_time now)
{
    struct avpni_candidate *candidate;

    if (!path->peer->context->uplinks[path->uplink].is_up)
        return;
    if (path->state == AVPN_PATH_ALIVE) {
        if (!avpni_contact_is_equal(&path->contact, source))
            challenge(path, source, now);
        return;
    }
    if (path->state == AVPN_PATH_EMPTY) {
        begin(path, source, now);
        return;
    }
    candidate = find_candidate(path, source);
    if (candidate == NULL)
        punch(path, add_candidate(path, source), now);
}

/* ---- answers ------------------------------------------------------------------ */

/* RFC 6298's smoothing, 1/8. */
static void measure(struct avpni_path *path, avpn_span round_trip)
{
    uint32_t sample = (uint32_t)(round_trip / AVPN_MICROSECOND);

    if (path->rtt_us == 0)
        path->rtt_us = sample;
    else
        path->rtt_us = path->rtt_us - path->rtt_us / 8 + sample / 8;
}

static bool answered_alive(struct avpni_path *path, const struct avpn_contact *source,
                           avpn_time sent_at, avpn_time now)
{
    if (avpni_contact_is_equal(&path->contact, source)) {
        if (sent_at <= path->answered_probe)
            return false; /* an answer we had: nothing new */
        path->answered_probe = sent_at;
        path->answered_at = now;
        path->unanswered_at = AVPN_TIME_NEVER;
        path->probes_answered++;
        measure(path, now - sent_at);
        set_alive_timer(path);
        return true;
    }
    if (path->is_challenging && !path->is_challenge_answered &&
        avpni_contact_is_equal(&path->challenged, source) && sent_at > path->challenged_at - AVPN_MICROSECOND) {
        path->is_challenge_answered = true;
        return true;
    }
    return false;
}

bool avpni_path_answered(struct avpni_path *path, const struct avpn_contact *source,
                         avpn_time sent_at, avpn_time now)
{
    if (!path->peer->context->uplinks[path->uplink].is_up)
        return false;
    if (path->state == AVPN_PATH_ALIVE)
        return answered_alive(path, source, sent_at, now);
    if (path->answered_at >= 0 && sent_at < path->answered_at && path->state == AVPN_PATH_EMPTY)
        return false; /* from before the path died or was reset */
    become_alive(path, source, now);
    path->answered_probe = sent_at;
    path->probes_answered++;
    measure(path, now - sent_at);
    set_alive_timer(path);
    avpni_peer_reselect(path->peer, now);
    return true;
}

/* ---- the timer ------------------------------------------------------------------ */

static void serve_alive(struct avpni_path *path, avpn_time now)
{
    avpni_peer_collect(path->peer);
    avpni_peer_touch(path->peer);
    if (path->is_challenging && now >= path->challenged_at + AVPNI_ROAM_WAIT)
        end_challenge(path, now);
    if (now >= dead_at(path)) {
        die(path, now);
        return;
    }
    if (now >= next_probe_at(path))
        probe_contact(path, now);
    serve_size(path, now);
    set_alive_timer(path);
}

static void fire(void *owner, avpn_time now)
{
    struct avpni_path *path = owner;

    switch ((enum avpn_path_state)path->state) {
    case AVPN_PATH_ALIVE:
        serve_alive(path, now);
        break;
    case AVPN_PATH_PUNCHING:
        if (path->step < AVPNI_PUNCH_PROBES)
            punch_all(path, now);
        else
            give_up(path, now);
        break;
    case AVPN_PATH_EMPTY:
        begin(path, NULL, now);
        break;
    }
}
