/* SPDX-License-Identifier: ISC */
/*
 * departure: inner packets into tunnels: fit the path -> seal -> transmit. It serves what the site sends and what a hub
 * forwards. Spec: [MTU-6] to [MTU-8].
 */
#include "forward/groups.h"
#include "forward/lane.h"
#include "inner/mss.h"
#include "wire/limits.h"

#define IPV6_ALWAYS 1280 /* [MTU-7] */

/* ---- fit ---------------------------------------------------------------------------------- */

static void tell(struct avpni_lane *lane, uint8_t kind, const struct avpni_departure *d,
                 uint32_t limit)
{
    struct avpni_trouble trouble = {.kind = kind,
                                    .from = d->from != NULL ? d->from->member : AVPN_HOP_LOCAL,
                                    .to = d->to->member,
                                    .limit = limit,
                                    .packet = d->packet,
                                    .bytes = d->bytes};

    lane->trouble(lane->owner, &trouble);
}

static struct avpni_way *way_to(const struct avpni_lane *lane, const struct avpni_gate *gate)
{
    struct avpni_way *way = atomic_load(&gate->way);

    return way != NULL && lane->now < way->until ? way : NULL;
}

static bool is_always_carried(const uint8_t *packet, uint32_t bytes)
{
    return packet[0] >> 4 == 6 && bytes <= IPV6_ALWAYS;
}

void avpni_departure_clamp(struct avpni_lane *lane, const struct avpni_gate *peer, uint8_t *packet,
                           uint32_t bytes)
{
    const struct avpni_way *way;

    if (!avpni_mss_may_clamp(packet, bytes))
        return;
    way = atomic_load(&peer->way);
    if (way != NULL && avpni_mss_clamp(packet, bytes, way->limit))
        avpni_lane_count(lane, AVPN_COUNT_CLAMPED);
}

/* Why it does not leave as it is; NONE: it does. */
static enum avpni_trouble_kind fit(struct avpni_lane *lane, struct avpni_departure *d)
{
    if (d->way == NULL)
        return AVPNI_TROUBLE_NO_TUNNEL;
    d->flags = d->way->flags;
    if (d->bytes <= d->way->limit) {
        if (avpni_mss_may_clamp(d->packet, d->bytes) &&
            avpni_mss_clamp(d->packet, d->bytes, d->way->limit))
            avpni_lane_count(lane, AVPN_COUNT_CLAMPED);
        return AVPNI_TROUBLE_NONE;
    }
    if (!is_always_carried(d->packet, d->bytes))
        return AVPNI_TROUBLE_TOO_BIG;
    d->flags = AVPN_DATAGRAMS_MAY_FRAGMENT;
    return AVPNI_TROUBLE_NONE;
}

/* ---- seal ----------------------------------------------------------------------------------- */

static void count_sent(struct avpni_lane *lane, struct avpni_gate *gate, uint64_t packets,
                       uint64_t bytes)
{
    if (lane->is_shared) {
        avpni_tally_add_shared(&gate->sent_packets, packets);
        avpni_tally_add_shared(&gate->sent_bytes, bytes);
    } else {
        avpni_tally_add(&gate->sent_packets, packets);
        avpni_tally_add(&gate->sent_bytes, bytes);
    }
}

static void note_size(struct avpni_way *way, uint32_t sealed)
{
    if (sealed > atomic_load_explicit(&way->largest, memory_order_relaxed))
        atomic_store_explicit(&way->largest, sealed, memory_order_relaxed);
}

static void count_failure(struct avpni_lane *lane, const struct avpni_departure *d, int32_t error)
{
    if (error != AVPN_ERROR_EXHAUSTED) {
        avpni_lane_count(lane, AVPN_DROP_INNER);
        return;
    }
    avpni_lane_count(lane, AVPN_DROP_EXHAUSTED);
    tell(lane, AVPNI_TROUBLE_EXHAUSTED, d, 0);
}

static void transmit(struct avpni_lane *lane, const struct avpni_departure *d, uint32_t sealed)
{
    if (lane->sealed_buffer != d->buffer)
        avpni_sealing_close(&lane->sealed, lane->outbox); /* another buffer, another run */
    lane->sealed_buffer = d->buffer;
    avpni_lane_count(lane, d->from == NULL ? AVPN_COUNT_SENT : AVPN_COUNT_FORWARDED);
    avpni_sealing_add(&lane->sealed, lane->outbox, d->way, d->flags, d->packet - AVPN_HEADROOM,
                      sealed);
}

/* Packets under one SA: the way is that of the first. */
static void seal_group(struct avpni_lane *lane, const uint8_t *members, uint32_t count)
{
    struct avpni_departure *first = &lane->departures[members[0]];
    struct avpni_esp_item items[AVPNI_LANE_VECTOR];
    uint64_t packets = 0, bytes = 0;
    uint32_t largest = 0;

    for (uint32_t i = 0; i < count; i++) {
        items[i].bytes = lane->departures[members[i]].packet;
        items[i].count = lane->departures[members[i]].bytes;
    }
    avpni_esp_seal_batch(first->way->sa, items, count, lane->is_shared);
    for (uint32_t i = 0; i < count; i++) {
        const struct avpni_departure *d = &lane->departures[members[i]];

        if (items[i].result < 0) {
            count_failure(lane, d, items[i].result);
            continue;
        }
        transmit(lane, d, (uint32_t)items[i].result);
        packets++;
        bytes += d->bytes;
        largest = (uint32_t)items[i].result > largest ? (uint32_t)items[i].result : largest;
    }
    note_size(first->way, largest);
    if (packets > 0)
        count_sent(lane, first->to, packets, bytes);
    if (avpni_esp_sequence(first->way->sa) >= AVPNI_REKEY_AFTER_PACKETS)
        tell(lane, AVPNI_TROUBLE_EXHAUSTED, first, 0);
}

/* Step by step for all of them, as inbound.c finds SAs. */
static void find_ways(struct avpni_lane *lane)
{
    struct avpni_departure *d = lane->departures;
    uint32_t count = lane->departure_count;

    for (uint32_t i = 0; i < count; i++) {
        bool is_next = i > 0 && d[i].to == d[i - 1].to;

        d[i].way = is_next ? d[i - 1].way : atomic_load(&d[i].to->way);
        if (!is_next) {
            __builtin_prefetch(d[i].way);
            __builtin_prefetch((const uint8_t *)d[i].way + 64);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        if (d[i].way != NULL && lane->now >= d[i].way->until)
            d[i].way = NULL;
        if (d[i].way != NULL && (i == 0 || d[i].way != d[i - 1].way))
            avpni_esp_prefetch(d[i].way->sa);
    }
}

void avpni_departures_seal(struct avpni_lane *lane)
{
    enum avpni_trouble_kind troubles[AVPNI_LANE_VECTOR];
    const void *keys[AVPNI_LANE_VECTOR];
    uint8_t members[AVPNI_LANE_VECTOR];
    struct avpni_groups groups;
    uint32_t total = lane->departure_count;

    if (total == 0)
        return;
    find_ways(lane);
    for (uint32_t i = 0; i < total; i++) {
        troubles[i] = fit(lane, &lane->departures[i]);
        keys[i] = troubles[i] == AVPNI_TROUBLE_NONE ? lane->departures[i].way : NULL;
    }
    avpni_groups_make(&groups, keys, total);
    for (uint32_t g = 0; g < groups.count; g++) {
        uint32_t count = 0;

        for (uint8_t i = groups.first[g]; i != AVPNI_GROUPS_END; i = groups.next[i])
            members[count++] = i;
        seal_group(lane, members, count);
    }
    for (uint32_t i = 0; i < total; i++) /* pieces are sealed at once: what came before goes before */
        if (troubles[i] != AVPNI_TROUBLE_NONE)
            tell(lane, (uint8_t)troubles[i], &lane->departures[i],
                 lane->departures[i].way != NULL ? lane->departures[i].way->limit : 0);
    lane->departure_count = 0;
}

void avpni_departure_add(struct avpni_lane *lane, struct avpni_gate *to, struct avpni_gate *from,
                         uint8_t *packet, uint32_t bytes, uint32_t buffer)
{
    struct avpni_departure *d = &lane->departures[lane->departure_count++];

    if (lane->departure_count == 1 || to != d[-1].to)
        __builtin_prefetch(&to->way);
    d->packet = packet;
    d->bytes = bytes;
    d->buffer = buffer;
    d->to = to;
    d->from = from;
    if (lane->departure_count == AVPNI_LANE_VECTOR)
        avpni_departures_seal(lane);
}

uint32_t avpni_departure_seal_one(struct avpni_lane *lane, struct avpni_gate *to, uint8_t *packet,
                                  uint32_t bytes, const struct avpni_way **way_out)
{
    struct avpni_departure d = {.packet = packet, .bytes = bytes, .to = to};
    struct avpni_esp_item item = {.bytes = packet, .count = bytes};

    d.way = way_to(lane, to);
    if (d.way == NULL) {
        avpni_lane_count(lane, AVPN_DROP_NO_TUNNEL);
        return 0;
    }
    avpni_esp_seal_batch(d.way->sa, &item, 1, lane->is_shared);
    if (item.result < 0) {
        count_failure(lane, &d, item.result);
        return 0;
    }
    note_size(d.way, (uint32_t)item.result);
    count_sent(lane, to, 1, bytes);
    *way_out = d.way;
    return (uint32_t)item.result;
}
