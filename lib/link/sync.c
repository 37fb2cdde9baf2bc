/* SPDX-License-Identifier: ISC */
/*
 * sync: see sync.h; the table is doc/protocol.md 7.6.
 *
 * Invariants: a transfer (version not 0) is above `floor` and its base is `held` or 0; while FETCHING, `registry` was
 * asked and the timer runs; the buffer is never larger than what has arrived, half as much again, and one window.
 * Silences are counted until a window is complete, and beginning again counts as one: so a registry that
 * trickles or changes its mind is left as one that says nothing.
 */
#include "link/sync.h"

#include "link/fault.h"
#include <string.h>

#define WINDOW AVPNI_SYNC_WINDOW
#define WINDOW_BYTES ((uint32_t)WINDOW * AVPNI_PART_BYTES)

static void fire(void *owner, avpn_time now);

int32_t avpni_syncer_init(struct avpni_syncer *syncer, struct avpni_context *context,
                          const struct avpni_sync_seams *seams)
{
    int32_t error = avpni_timers_reserve(&context->timers, 1);

    if (error != AVPN_OK)
        return error;
    memset(syncer, 0, sizeof *syncer);
    syncer->context = context;
    syncer->seams = *seams;
    avpni_timer_init(&syncer->timer, fire, syncer);
    return AVPN_OK;
}

/* ---- the transfer ---------------------------------------------------------------- */

static void drop(struct avpni_syncer *syncer)
{
    avpni_release(&syncer->context->memory, syncer->transfer.bytes);
    memset(&syncer->transfer, 0, sizeof syncer->transfer);
}

static void set_timer(struct avpni_syncer *syncer, avpn_time when)
{
    avpni_timer_set(&syncer->context->timers, &syncer->timer, when);
}

void avpni_syncer_fini(struct avpni_syncer *syncer)
{
    if (syncer->context == NULL)
        return;
    drop(syncer);
    avpni_timer_clear(&syncer->context->timers, &syncer->timer);
    avpni_timers_reserve(&syncer->context->timers, -1);
    syncer->context = NULL;
}

/* A bit for each part that the window has; all of them as long as the size is not known. */
static uint32_t window_mask(const struct avpni_transfer *transfer)
{
    uint32_t left = avpni_part_count(transfer->size) - transfer->window;

    return transfer->size == 0 || left >= WINDOW ? (1u << WINDOW) - 1 : (1u << left) - 1;
}

static bool is_last_window(const struct avpni_transfer *transfer)
{
    return avpni_part_count(transfer->size) - transfer->window <= WINDOW;
}

/* 1, 2, 4, 4, 4 s [SYN-4] */
static avpn_span patience(const struct avpni_transfer *transfer)
{
    avpn_span span = AVPNI_SYNC_RETRY_FIRST << (transfer->silences < 2 ? transfer->silences : 2);

    return span < AVPNI_SYNC_RETRY_LAST ? span : AVPNI_SYNC_RETRY_LAST;
}

/* Ask for what is missing of the window. False: the registry cannot be asked. */
static bool ask(struct avpni_syncer *syncer, avpn_time now)
{
    const struct avpni_transfer *transfer = &syncer->transfer;
    struct avpni_sync sync = {{0},
                              transfer->base,
                              transfer->version,
                              transfer->window,
                              window_mask(transfer) & ~(uint32_t)transfer->arrived};

    if (!syncer->seams.ask(syncer->seams.owner, transfer->registry, &sync))
        return false;
    syncer->state = AVPNI_SYNC_FETCHING;
    set_timer(syncer, now + patience(transfer));
    return true;
}

/* Another transfer, of which nothing is there. Silences of the same registry go on being counted. */
static void begin(struct avpni_syncer *syncer, uint32_t registry, uint64_t base, uint64_t version)
{
    struct avpni_transfer *transfer = &syncer->transfer;
    bool is_again = syncer->state == AVPNI_SYNC_FETCHING && transfer->registry == registry;
    uint8_t silences = is_again ? (uint8_t)(transfer->silences + 1) : 0;
    bool is_second = is_again && transfer->is_second;

    drop(syncer);
    transfer->base = base;
    transfer->version = version;
    transfer->registry = (uint8_t)registry;
    transfer->silences = silences;
    transfer->is_second = is_second;
}

/* ---- who is asked -------------------------------------------------------------------- */

/* Those that never failed before those that did, then the highest version. */
static bool is_better(const struct avpni_source *a, const struct avpni_source *b)
{
    return a->penalty != b->penalty ? a->penalty < b->penalty : a->version > b->version;
}

/* The best registry that offers something and is not `excluded` (bit per registry) or blocked; -1: none. */
static int32_t find_source(const struct avpni_syncer *syncer, uint32_t excluded, avpn_time now)
{
    int32_t best = -1;

    for (uint32_t i = 0; i < syncer->source_count; i++) {
        uint32_t place = (syncer->first + i) % syncer->source_count;
        const struct avpni_source *source = &syncer->sources[place];

        if (source->version <= syncer->floor || now < source->blocked_until ||
            (excluded & 1u << place))
            continue;
        if (best < 0 || is_better(source, &syncer->sources[best]))
            best = (int32_t)place;
    }
    return best;
}

/* Nobody can be asked: until one is no longer blocked, or says something [SYN-5]. */
static void wait(struct avpni_syncer *syncer, avpn_time now)
{
    avpn_time when = AVPN_TIME_NEVER;
    bool is_offered = false;

    for (uint32_t i = 0; i < syncer->source_count; i++) {
        const struct avpni_source *source = &syncer->sources[i];

        if (source->version <= syncer->floor)
            continue;
        is_offered = true;
        if (source->blocked_until > now && source->blocked_until < when)
            when = source->blocked_until;
    }
    if (!is_offered)
        drop(syncer);
    syncer->state = is_offered ? AVPNI_SYNC_WAITING : AVPNI_SYNC_IDLE;
    set_timer(syncer, when);
}

/* Go on with what is there if this registry has the same version, else begin with it. */
static void choose(struct avpni_syncer *syncer, uint32_t registry)
{
    struct avpni_transfer *transfer = &syncer->transfer;

    if (transfer->version == syncer->sources[registry].version && transfer->size != 0 &&
        !transfer->is_second) {
        transfer->registry = (uint8_t)registry;
        transfer->silences = 0;
        return;
    }
    begin(syncer, registry, syncer->held, syncer->sources[registry].version);
}

/* Turn to the best registry there is [SYN-4]. */
static void turn(struct avpni_syncer *syncer, avpn_time now)
{
    uint32_t excluded = 0;
    int32_t registry;

    while ((registry = find_source(syncer, excluded, now)) >= 0) {
        choose(syncer, (uint32_t)registry);
        if (ask(syncer, now))
            return;
        excluded |= 1u << registry;
    }
    wait(syncer, now);
}

/* ---- faults -------------------------------------------------------------------------- */

static void set_fault(struct avpni_syncer *syncer, uint32_t registry,
                      enum avpn_registry_fault fault, bool is_there, avpn_time now)
{
    avpni_fault_set(syncer->context, registry, fault, is_there, syncer->sources[registry].version,
                    now);
}

/* For nothing is it asked for a while, and longer each time [SYN-5]. */
static void block(struct avpni_syncer *syncer, uint32_t registry, avpn_time now)
{
    struct avpni_source *source = &syncer->sources[registry];
    avpn_span penalty = source->penalty == 0 ? AVPNI_FAULT_FIRST : source->penalty * 2;

    source->penalty = penalty < AVPNI_FAULT_LAST ? penalty : AVPNI_FAULT_LAST;
    source->blocked_until = now + source->penalty;
}

static void blame(struct avpni_syncer *syncer, uint32_t registry, enum avpn_registry_fault fault,
                  avpn_time now)
{
    block(syncer, registry, now);
    set_fault(syncer, registry, fault, true, now);
}

/* What the version a registry speaks of says about the registry [SYN-6]. */
static void judge(struct avpni_syncer *syncer, uint32_t registry, avpn_time now)
{
    struct avpni_source *source = &syncer->sources[registry];
    avpn_time since;

    if (source->version >= syncer->held) {
        source->behind_since = AVPN_TIME_NEVER;
        set_fault(syncer, registry, AVPN_FAULT_BEHIND, false, now);
    } else if (source->behind_since == AVPN_TIME_NEVER) {
        source->behind_since = now;
    }
    since = source->behind_since > syncer->held_since ? source->behind_since : syncer->held_since;
    if (source->behind_since != AVPN_TIME_NEVER && now - since >= AVPNI_BEHIND_AFTER)
        set_fault(syncer, registry, AVPN_FAULT_BEHIND, true, now);
    if (source->version == syncer->held) {
        set_fault(syncer, registry, AVPN_FAULT_FORGED, false, now);
        set_fault(syncer, registry, AVPN_FAULT_STALLED, false, now);
    }
}

static void note_delivery(struct avpni_syncer *syncer, uint32_t givers, avpn_time now)
{
    for (uint32_t i = 0; i < syncer->source_count; i++) {
        if (!(givers & 1u << i))
            continue;
        syncer->sources[i].penalty = 0;
        set_fault(syncer, i, AVPN_FAULT_FORGED, false, now);
        set_fault(syncer, i, AVPN_FAULT_STALLED, false, now);
    }
}

/* ---- what is heard --------------------------------------------------------------------- */

/* False: there is no such registry. */
static bool note_version(struct avpni_syncer *syncer, uint32_t registry, uint64_t version,
                         avpn_time now)
{
    if (registry >= syncer->source_count)
        return false;
    syncer->sources[registry].version = version;
    judge(syncer, registry, now);
    return true;
}

void avpni_syncer_hear(struct avpni_syncer *syncer, uint32_t registry, uint64_t version,
                       avpn_time now)
{
    if (!note_version(syncer, registry, version, now))
        return;
    if (syncer->state == AVPNI_SYNC_IDLE || syncer->state == AVPNI_SYNC_WAITING)
        turn(syncer, now);
}

/* ---- parts --------------------------------------------------------------------------------- */

/* No memory: as if the registry were blocked for a while, but no fault of it. */
static void put_off(struct avpni_syncer *syncer, avpn_time now)
{
    avpni_count(syncer->context, AVPN_DROP_MEMORY);
    syncer->sources[syncer->transfer.registry].blocked_until = now + AVPNI_FAULT_FIRST;
    drop(syncer);
    wait(syncer, now);
}

/* Room for the window: the buffer follows what has arrived, whatever a registry says is to come. */
static bool make_room(struct avpni_syncer *syncer)
{
    struct avpni_transfer *transfer = &syncer->transfer;
    uint32_t needed = transfer->window * AVPNI_PART_BYTES + WINDOW_BYTES;
    uint32_t wanted = needed + transfer->window * (AVPNI_PART_BYTES / 2);
    uint8_t *bytes;

    if (needed > transfer->size)
        needed = transfer->size;
    if (wanted > transfer->size)
        wanted = transfer->size;
    if (transfer->capacity >= needed)
        return true;
    bytes = avpni_resize(&syncer->context->memory, transfer->bytes, wanted, 1);
    if (bytes == NULL)
        return false;
    transfer->bytes = bytes;
    transfer->capacity = wanted;
    return true;
}

static void window_complete(struct avpni_syncer *syncer, avpn_time now)
{
    struct avpni_transfer *transfer = &syncer->transfer;

    if (is_last_window(transfer)) {
        syncer->state = AVPNI_SYNC_COMPLETE;
        /* Not inside of receiving: taking it may end the registration by which it came. */
        set_timer(syncer, now);
        return;
    }
    transfer->window += WINDOW;
    transfer->arrived = 0;
    transfer->silences = 0;
    if (!ask(syncer, now))
        turn(syncer, now);
}

/* A part of the transfer. One that was there already, or is not of the window, changes nothing. */
static void accept(struct avpni_syncer *syncer, uint32_t registry, const struct avpni_part *part,
                   const uint8_t *bytes, avpn_time now)
{
    struct avpni_transfer *transfer = &syncer->transfer;
    uint32_t place = part->number - transfer->window;

    if (place >= WINDOW || (transfer->arrived & 1u << place))
        return;
    transfer->size = part->size;
    if (!make_room(syncer)) {
        put_off(syncer, now);
        return;
    }
    memcpy(transfer->bytes + (size_t)part->number * AVPNI_PART_BYTES, bytes,
           avpni_part_bytes(part->size, part->number));
    transfer->arrived |= (uint16_t)(1u << place);
    transfer->givers |= (uint8_t)(1u << registry);
    if (transfer->arrived == window_mask(transfer))
        window_complete(syncer, now);
    else if (syncer->state == AVPNI_SYNC_FETCHING)
        set_timer(syncer, now + patience(transfer));
}

/* Parts of several registries go together only if these agree on everything. */
static bool belongs(const struct avpni_transfer *transfer, uint32_t registry,
                    const struct avpni_part *part)
{
    return part->base == transfer->base && part->version == transfer->version &&
           (transfer->size == part->size || transfer->size == 0) &&
           (!transfer->is_second || registry == transfer->registry);
}

/*
 * The registry that is asked has something else: another version, another base, or another idea of the size than
 * the registry before it. True: begin with what it has.
 */
static bool is_instead(const struct avpni_syncer *syncer, uint32_t registry,
                       const struct avpni_part *part)
{
    const struct avpni_transfer *transfer = &syncer->transfer;
    bool is_same = part->base == transfer->base && part->version == transfer->version;

    if (syncer->state != AVPNI_SYNC_FETCHING || registry != transfer->registry ||
        (transfer->is_second && part->base != 0))
        return false;
    if (is_same)
        return (transfer->givers & 1u << registry) == 0;
    return part->number == 0 && part->version >= transfer->version; /* [SYN-2] */
}

/* It leads from what is held to what is not, and is no larger than any configuration. */
static bool is_wanted(const struct avpni_syncer *syncer, const struct avpni_part *part)
{
    return part->size <= AVPN_BUNDLE_LIMIT && part->version > syncer->floor &&
           (part->base == 0 || part->base == syncer->held);
}

/* Nobody is asked, and this is the beginning of what we want [SYN-4]. */
static bool is_beginning(const struct avpni_syncer *syncer, uint32_t registry,
                         const struct avpni_part *part, avpn_time now)
{
    return (syncer->state == AVPNI_SYNC_IDLE || syncer->state == AVPNI_SYNC_WAITING) &&
           part->number == 0 && now >= syncer->sources[registry].blocked_until;
}

static void leave(struct avpni_syncer *syncer, avpn_time now)
{
    blame(syncer, syncer->transfer.registry, AVPN_FAULT_STALLED, now);
    turn(syncer, now);
}

/* It does not have what it announced: whatever else it has, too much of that is as good as silence. */
static void turn_away(struct avpni_syncer *syncer, avpn_time now)
{
    if (syncer->transfer.silences + 1 >= AVPNI_SYNC_TRIES)
        leave(syncer, now);
    else
        turn(syncer, now);
}

/* Begin, or go on, with a part that came, and ask for the others. */
static void begin_with(struct avpni_syncer *syncer, uint32_t registry,
                       const struct avpni_part *part, const uint8_t *bytes, avpn_time now)
{
    struct avpni_transfer *transfer = &syncer->transfer;

    if (belongs(transfer, registry, part)) { /* it waited for somebody to go on */
        transfer->registry = (uint8_t)registry;
        transfer->silences = 0;
    } else {
        begin(syncer, registry, part->base, part->version);
    }
    if (transfer->silences >= AVPNI_SYNC_TRIES) {
        leave(syncer, now);
        return;
    }
    accept(syncer, registry, part, bytes, now);
    if (transfer->version != 0 && syncer->state != AVPNI_SYNC_COMPLETE && !ask(syncer, now))
        turn(syncer, now);
}

void avpni_syncer_part(struct avpni_syncer *syncer, uint32_t registry,
                       const struct avpni_part *part, const uint8_t *bytes, avpn_time now)
{
    struct avpni_transfer *transfer = &syncer->transfer;
    bool is_fetching = syncer->state == AVPNI_SYNC_FETCHING, is_asked, is_wanted_part;

    if (!note_version(syncer, registry, part->version, now) || syncer->state == AVPNI_SYNC_COMPLETE)
        return;
    is_asked = is_fetching && registry == transfer->registry;
    is_wanted_part = is_wanted(syncer, part);
    if (is_wanted_part && is_fetching && belongs(transfer, registry, part))
        accept(syncer, registry, part, bytes, now);
    else if (is_wanted_part &&
             (is_instead(syncer, registry, part) || is_beginning(syncer, registry, part, now)))
        begin_with(syncer, registry, part, bytes, now);
    else if (is_asked && part->version < transfer->version)
        turn_away(syncer, now);
    else if (is_asked && part->size > AVPN_BUNDLE_LIMIT)
        leave(syncer, now);
    else if (!is_fetching)
        turn(syncer, now); /* it may have what we want, from another base [SYN-1] */
}

/* ---- the end of a transfer ---------------------------------------------------------------- */

static bool is_one(uint32_t bits)
{
    return bits != 0 && (bits & (bits - 1)) == 0;
}

/* It is broken, or not what was announced. Once more from base 0 and from one alone, before anybody is blamed [SYN-5]. */
static void refuse(struct avpni_syncer *syncer, const struct avpni_transfer *done,
                   enum avpn_registry_fault fault, avpn_time now)
{
    struct avpni_transfer *transfer = &syncer->transfer;

    if (done->base == 0 && is_one(done->givers)) {
        uint32_t registry = 0;

        while (!(done->givers & 1u << registry))
            registry++;
        blame(syncer, registry, fault, now);
        return;
    }
    begin(syncer, done->registry, 0, done->version);
    transfer->is_second = true;
    ask(syncer, now);
}

static void conclude(struct avpni_syncer *syncer, avpn_time now)
{
    struct avpni_transfer done = syncer->transfer;
    enum avpni_sync_verdict verdict;

    memset(&syncer->transfer, 0, sizeof syncer->transfer);
    syncer->state = AVPNI_SYNC_IDLE;
    verdict = syncer->seams.take(syncer->seams.owner, done.base, done.bytes, done.size, now);
    avpni_release(&syncer->context->memory, done.bytes);
    switch (verdict) {
    case AVPNI_SYNC_TAKEN:
        note_delivery(syncer, done.givers, now);
        break;
    case AVPNI_SYNC_BROKEN:
        refuse(syncer, &done, AVPN_FAULT_FORGED, now);
        break;
    case AVPNI_SYNC_OLDER:
        refuse(syncer, &done, AVPN_FAULT_STALLED, now);
        break;
    case AVPNI_SYNC_REFUSED:
        block(syncer, done.registry, now);
        break;
    case AVPNI_SYNC_FAILED:
        syncer->sources[done.registry].blocked_until = now + AVPNI_FAULT_FIRST;
        break;
    }
    if (syncer->state == AVPNI_SYNC_IDLE)
        turn(syncer, now);
}

/* ---- time ----------------------------------------------------------------------------------- */

static void silence(struct avpni_syncer *syncer, avpn_time now)
{
    struct avpni_transfer *transfer = &syncer->transfer;

    transfer->silences++;
    if (transfer->silences >= AVPNI_SYNC_TRIES)
        leave(syncer, now);
    else if (!ask(syncer, now))
        turn(syncer, now);
}

static void fire(void *owner, avpn_time now)
{
    struct avpni_syncer *syncer = owner;

    switch (syncer->state) {
    case AVPNI_SYNC_WAITING:
        turn(syncer, now);
        break;
    case AVPNI_SYNC_FETCHING:
        silence(syncer, now);
        break;
    case AVPNI_SYNC_COMPLETE:
        conclude(syncer, now);
        break;
    case AVPNI_SYNC_IDLE:
        break;
    }
}

/* ---- from above ------------------------------------------------------------------------------- */

void avpni_syncer_hold(struct avpni_syncer *syncer, uint64_t held, uint64_t floor, avpn_time now)
{
    const struct avpni_transfer *transfer = &syncer->transfer;

    if (held != syncer->held)
        syncer->held_since = now;
    syncer->held = held;
    syncer->floor = floor;
    for (uint32_t i = 0; i < syncer->source_count; i++)
        if (syncer->sources[i].version != 0)
            judge(syncer, i, now);
    if (transfer->version <= floor || (transfer->base != 0 && transfer->base != held)) {
        drop(syncer);
        syncer->state = AVPNI_SYNC_IDLE;
        turn(syncer, now);
    }
}

void avpni_syncer_forget(struct avpni_syncer *syncer, uint32_t count, avpn_time now)
{
    if (syncer->context == NULL)
        return; /* an engine that could not be made is taken down */
    drop(syncer);
    memset(syncer->sources, 0, sizeof syncer->sources);
    avpni_fault_forget(syncer->context, now);
    for (uint32_t i = 0; i < count; i++)
        syncer->sources[i].behind_since = AVPN_TIME_NEVER;
    syncer->source_count = count;
    syncer->first = (uint8_t)(count == 0 ? 0 : avpni_jitter_next(&syncer->context->jitter) % count);
    syncer->state = AVPNI_SYNC_IDLE;
    set_timer(syncer, AVPN_TIME_NEVER);
}

/* ---- looking in --------------------------------------------------------------------------------- */

uint64_t avpni_syncer_offered(const struct avpni_syncer *syncer)
{
    uint64_t highest = 0;

    for (uint32_t i = 0; i < syncer->source_count; i++)
        if (syncer->sources[i].version > highest)
            highest = syncer->sources[i].version;
    return highest;
}

void avpni_syncer_progress(const struct avpni_syncer *syncer, uint32_t *received_out,
                           uint32_t *total_out)
{
    const struct avpni_transfer *transfer = &syncer->transfer;

    *total_out = transfer->size;
    *received_out = transfer->window * AVPNI_PART_BYTES;
    for (uint32_t i = 0; i < WINDOW; i++)
        if (transfer->arrived & 1u << i)
            *received_out += avpni_part_bytes(transfer->size, transfer->window + i);
}
