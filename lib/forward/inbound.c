/* SPDX-License-Identifier: ISC */
/*
 * inbound: datagrams on their way in: find the SA -> open -> source check -> firewall -> translate -> deliver, or on to another peer.
 *
 * ESP goes through vectors; anything else is the node's business and told as it comes, after what came before it. What is wrong is
 * dropped under a counter; nobody gets an answer to a datagram.
 */
#include "forward/directory.h"
#include "forward/groups.h"
#include "forward/lane.h"
#include "wire/message.h"

/* ---- find ------------------------------------------------------------------------------- */

static void prefetch(const void *at)
{
    __builtin_prefetch(at);
}

static const void *slot_of(const struct avpni_sessions *sessions, uint32_t spi)
{
    uint32_t place = AVPNI_SESSION_PLACE(spi);

    return sessions != NULL && place < sessions->capacity ? &sessions->slots[place] : NULL;
}

static bool is_expired(const struct avpni_session *session, avpn_time now)
{
    return now - session->created_at >= AVPNI_REJECT_AFTER;
}

/* The pair that is to open it, or NULL. `created_at` stands once there is a pair. */
static struct avpni_pair *pair_of(const struct avpni_lane *lane, const struct avpni_arrival *a)
{
    uint32_t path = avpni_session_path(a->spi);
    struct avpni_pair *pair;

    if (a->session == NULL || path / AVPN_UPLINKS != a->uplink)
        return NULL;
    pair = atomic_load(&a->session->pairs[path]);
    return pair != NULL && !is_expired(a->session, lane->now) ? pair : NULL;
}

/* Step by step for all of them, so that one's cache misses are the others' waiting time. */
static void find(struct avpni_lane *lane)
{
    struct avpni_sessions *sessions = atomic_load(&lane->plane->sessions);
    uint32_t count = lane->arrival_count;
    struct avpni_arrival *a = lane->arrivals;

    for (uint32_t i = 0; i < count; i++)
        if (i == 0 || a[i].spi != a[i - 1].spi)
            prefetch(slot_of(sessions, a[i].spi));
    for (uint32_t i = 0; i < count; i++) {
        bool is_next = i > 0 && a[i].spi == a[i - 1].spi;

        a[i].session = is_next ? a[i - 1].session : avpni_plane_session(lane->plane, a[i].spi);
        if (a[i].session != NULL && !is_next)
            prefetch(&a[i].session->pairs[avpni_session_path(a[i].spi)]);
    }
    for (uint32_t i = 0; i < count; i++) {
        bool is_next = i > 0 && a[i].spi == a[i - 1].spi && a[i].uplink == a[i - 1].uplink;

        a[i].pair = is_next ? a[i - 1].pair : pair_of(lane, &a[i]);
        if (a[i].pair != NULL && !is_next)
            prefetch(a[i].pair);
        if (a[i].pair == NULL)
            avpni_lane_count(lane, AVPN_DROP_SPI);
    }
    for (uint32_t i = 0; i < count; i++)
        if (a[i].pair != NULL && (i == 0 || a[i].pair != a[i - 1].pair))
            avpni_esp_prefetch(a[i].pair->receive);
}

/* ---- open --------------------------------------------------------------------------------- */

static void tell_session(struct avpni_lane *lane, uint8_t kind, const struct avpni_arrival *a)
{
    struct avpni_trouble trouble = {.kind = kind,
                                    .session = a->session->index,
                                    .path = avpni_session_path(a->spi),
                                    .source = *a->source};

    lane->trouble(lane->owner, &trouble);
}

/* A genuine packet says that the peer has the keys, and the newest from where it sends. */
static void tell_genuine(struct avpni_lane *lane, const struct avpni_arrival *newest, bool is_news)
{
    const struct avpni_session *session = newest->session;
    uint32_t path = avpni_session_path(newest->spi);

    if (!atomic_load_explicit(&session->is_confirmed, memory_order_relaxed))
        tell_session(lane, AVPNI_TROUBLE_CONFIRMED, newest);
    if (is_news && atomic_load_explicit(&session->gate->sources[path], memory_order_relaxed) !=
                       avpni_source_check(newest->source))
        tell_session(lane, AVPNI_TROUBLE_HEARD, newest);
}

static void count_received(struct avpni_lane *lane, struct avpni_gate *gate, uint64_t packets,
                           uint64_t bytes)
{
    if (lane->is_shared) {
        avpni_tally_add_shared(&gate->received_packets, packets);
        avpni_tally_add_shared(&gate->received_bytes, bytes);
    } else {
        avpni_tally_add(&gate->received_packets, packets);
        avpni_tally_add(&gate->received_bytes, bytes);
    }
}

static void note_result(struct avpni_lane *lane, int32_t result)
{
    if (result == 0)
        avpni_lane_count(lane, AVPN_COUNT_DUMMY);
    else if (result < 0)
        avpni_lane_count(lane, result == AVPN_ERROR_VERSION ? AVPN_DROP_REPLAY : AVPN_DROP_ESP);
}

/* Datagrams of one SA. */
static void open_group(struct avpni_lane *lane, const uint8_t *members, uint32_t count)
{
    struct avpni_arrival *first = &lane->arrivals[members[0]], *newest = NULL;
    struct avpni_sa *sa = first->pair->receive;
    struct avpni_esp_item items[AVPNI_LANE_VECTOR];
    uint64_t before = avpni_esp_sequence(sa), highest = 0, packets = 0, bytes = 0;

    for (uint32_t i = 0; i < count; i++) {
        items[i].bytes = lane->arrivals[members[i]].bytes;
        items[i].count = lane->arrivals[members[i]].count;
    }
    avpni_esp_open_batch(sa, items, count, lane->is_shared);
    for (uint32_t i = 0; i < count; i++) {
        struct avpni_arrival *a = &lane->arrivals[members[i]];

        a->opened = items[i].result;
        note_result(lane, a->opened);
        packets += a->opened > 0;
        bytes += a->opened > 0 ? (uint64_t)a->opened : 0;
        if (a->opened >= 0 && items[i].number >= highest) {
            highest = items[i].number;
            newest = a;
        }
    }
    if (newest != NULL)
        tell_genuine(lane, newest, highest > before);
    if (packets > 0)
        count_received(lane, first->session->gate, packets, bytes);
}

static void open_all(struct avpni_lane *lane)
{
    const void *keys[AVPNI_LANE_VECTOR];
    uint8_t members[AVPNI_LANE_VECTOR];
    struct avpni_groups groups;

    for (uint32_t i = 0; i < lane->arrival_count; i++)
        keys[i] = lane->arrivals[i].pair;
    avpni_groups_make(&groups, keys, lane->arrival_count);
    for (uint32_t g = 0; g < groups.count; g++) {
        uint32_t count = 0;

        for (uint8_t i = groups.first[g]; i != AVPNI_GROUPS_END; i = groups.next[i])
            members[count++] = i;
        open_group(lane, members, count);
    }
}

/* ---- what was inside ---------------------------------------------------------------------- */

static void tell_inner(struct avpni_lane *lane, uint8_t kind, const struct avpni_arrival *a)
{
    struct avpni_trouble trouble = {.kind = kind,
                                    .from = a->session->gate->member,
                                    .packet = a->bytes,
                                    .bytes = a->count};

    lane->trouble(lane->owner, &trouble);
}

static void forward(struct avpni_lane *lane, const struct avpni_arrival *a, struct avpni_gate *to)
{
    struct avpni_gate *from = a->session->gate;

    if (!avpni_rules_may_forward(lane->tables->rules, from, to))
        tell_inner(lane, AVPNI_TROUBLE_NO_ROUTE, a);
    else if (!avpni_inner_hop(a->bytes))
        tell_inner(lane, AVPNI_TROUBLE_HOP_LIMIT, a);
    else
        avpni_departure_add(lane, to, from, a->bytes, a->count, a->buffer);
}

static void deliver(struct avpni_lane *lane, const struct avpni_arrival *a,
                    const struct avpn_address *source, const struct avpn_address *destination)
{
    struct avpni_rules *rules = lane->tables->rules;

    if (!avpni_rules_allow(rules, rules->firewall.received, lane->is_shared, source,
                             destination, a->bytes, a->count)) {
        avpni_lane_count(lane, AVPN_DROP_FIREWALL);
        return;
    }
    if (!avpni_translate_in(&rules->translator, a->bytes, a->count)) {
        avpni_lane_count(lane, AVPN_DROP_TRANSLATION);
        return;
    }
    avpni_departure_clamp(lane, a->session->gate, a->bytes, a->count);
    avpni_lane_count(lane, AVPN_COUNT_DELIVERED);
    if (lane->inner_buffer != a->buffer)
        lane->inner.is_open = false; /* another buffer, another run */
    lane->inner_buffer = a->buffer;
    avpni_runs_add(&lane->inner, a->bytes, a->count);
}

/* What packets from the same peer with the same addresses have in common. */
struct verdict {
    bool is_allowed; /* [RTE-5] */
    struct avpni_next next;
};

static struct verdict judge(const struct avpni_lane *lane, const struct avpni_gate *from,
                            struct avpni_lookup lookup)
{
    const struct avpni_directory *directory = lane->tables->directory;
    struct verdict verdict = {
        avpni_directory_allows(directory, lookup.source_route, from->member),
        avpni_directory_next(directory, lookup.destination_route)};

    if (verdict.next.kind == AVPNI_NEXT_NONE &&
        atomic_load_explicit(&from->marks_us, memory_order_relaxed))
        verdict.next.kind = AVPNI_NEXT_HERE; /* [RTE-6] */
    return verdict;
}

static void pass_inner(struct avpni_lane *lane, const struct avpni_arrival *a,
                       const struct verdict *verdict, const struct avpn_address *source,
                       const struct avpn_address *destination)
{
    if (!verdict->is_allowed)
        avpni_lane_count(lane, AVPN_DROP_SOURCE);
    else if (verdict->next.kind == AVPNI_NEXT_PEER)
        forward(lane, a, verdict->next.gate);
    else if (verdict->next.kind == AVPNI_NEXT_HERE)
        deliver(lane, a, source, destination);
    else if (verdict->next.kind == AVPNI_NEXT_DEAD)
        tell_inner(lane, AVPNI_TROUBLE_NO_TUNNEL, a);
    else
        tell_inner(lane, AVPNI_TROUBLE_NO_ROUTE, a);
}

/* The packets inside, one after the other; `numbers` of their lookups. How many there are. */
static uint32_t take_in(struct avpni_lane *lane, struct avpni_lookups *lookups,
                        struct avpni_arrival *inner[], uint32_t *numbers)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < lane->arrival_count; i++) {
        struct avpni_arrival *a = &lane->arrivals[i];
        struct avpn_address source, destination;

        if (a->pair == NULL || a->opened <= 0)
            continue;
        a->bytes += AVPN_HEADROOM;
        a->count = (uint32_t)a->opened;
        if (count > 0 && avpni_inner_follows(a->bytes, a->count, inner[count - 1]->bytes)) {
            numbers[count] = numbers[count - 1];
        } else if (avpni_inner_parse(a->bytes, a->count, &source, &destination)) {
            numbers[count] = avpni_lookups_add(lookups, &source, &destination);
        } else {
            avpni_lane_count(lane, AVPN_DROP_INNER);
            continue;
        }
        inner[count++] = a;
    }
    return count;
}

static void pass_all(struct avpni_lane *lane)
{
    struct avpni_arrival *inner[AVPNI_LANE_VECTOR];
    uint32_t numbers[AVPNI_LANE_VECTOR], count;
    struct avpni_lookups lookups;
    struct verdict verdict;

    avpni_lookups_init(&lookups);
    count = take_in(lane, &lookups, inner, numbers);
    avpni_lookups_run(&lookups, lane->tables->directory->routes);
    for (uint32_t i = 0; i < lookups.count; i++)
        avpni_directory_prefetch(lane->tables->directory,
                                 avpni_lookup_at(&lookups, i).destination_route);
    for (uint32_t i = 0; i < count; i++) {
        struct avpni_gate *from = inner[i]->session->gate;

        if (i == 0 || numbers[i] != numbers[i - 1] || from != inner[i - 1]->session->gate)
            verdict = judge(lane, from, avpni_lookup_at(&lookups, numbers[i]));
        pass_inner(lane, inner[i], &verdict, avpni_lookup_source(&lookups, numbers[i]),
                   avpni_lookup_destination(&lookups, numbers[i]));
    }
}

/* ---- the way in ------------------------------------------------------------------------------ */

static void settle_arrivals(struct avpni_lane *lane)
{
    if (lane->arrival_count == 0)
        return;
    find(lane);
    open_all(lane);
    pass_all(lane);
    lane->arrival_count = 0;
}

void avpni_lane_settle(struct avpni_lane *lane)
{
    settle_arrivals(lane);
    avpni_sendings_pass(lane);
    avpni_departures_seal(lane);
}

static void hand_over(struct avpni_lane *lane, const struct avpn_datagrams *datagrams,
                      uint8_t *bytes, uint32_t count)
{
    struct avpni_trouble trouble = {.kind = AVPNI_TROUBLE_DATAGRAM,
                                    .uplink = datagrams->uplink,
                                    .source = datagrams->remote,
                                    .packet = bytes,
                                    .bytes = count};

    avpni_lane_settle(lane); /* what came before goes before */
    lane->trouble(lane->owner, &trouble);
}

/* Junk is no news: a flood of it stays with the lane that meets it. */
static void pass_control(struct avpni_lane *lane, const struct avpn_datagrams *datagrams,
                         enum avpni_kind kind, uint8_t *bytes, uint32_t count)
{
    if (kind == AVPNI_KIND_BAD)
        avpni_lane_count(lane, AVPN_DROP_MALFORMED);
    else if (kind == AVPNI_KIND_KEEPALIVE)
        avpni_lane_count(lane, AVPN_COUNT_KEEPALIVE);
    else
        hand_over(lane, datagrams, bytes, count);
}

static void receive(struct avpni_lane *lane, const struct avpn_datagrams *datagrams, uint8_t *bytes,
                    uint32_t count)
{
    struct avpni_arrival *a;

    enum avpni_kind kind = avpni_message_kind(bytes, count);

    if (kind != AVPNI_KIND_ESP) {
        pass_control(lane, datagrams, kind, bytes, count);
        return;
    }
    if (lane->is_handed_over) {
        avpni_lane_count(lane, AVPN_DROP_HANDED_OVER);
        return;
    }
    a = &lane->arrivals[lane->arrival_count++];
    a->bytes = bytes;
    a->count = count;
    a->buffer = lane->buffer;
    a->uplink = datagrams->uplink;
    a->spi = avpni_esp_spi(bytes);
    a->source = &datagrams->remote;
    if (lane->arrival_count == AVPNI_LANE_VECTOR)
        settle_arrivals(lane);
}

void avpni_lane_receive(struct avpni_lane *lane, const struct avpn_datagrams *datagrams)
{
    const struct avpn_packets *run = &datagrams->packets;
    bool is_up = (atomic_load_explicit(&lane->plane->uplinks, memory_order_relaxed) >>
                  datagrams->uplink & 1) != 0;

    if (!is_up) {
        avpni_tally_add(&lane->counters[AVPN_DROP_UPLINK], run->count);
        return;
    }
    avpni_tally_add(&lane->counters[AVPN_COUNT_RECEIVED], run->count);
    lane->buffer++;
    for (uint32_t k = 0; k < run->count; k++)
        receive(lane, datagrams, run->data + (size_t)k * run->stride,
                k + 1 < run->count ? run->bytes : run->last_bytes);
}
