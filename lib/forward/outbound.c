/* SPDX-License-Identifier: ISC */
/*
 * outbound: inner packets of this site on their way out: parse -> break out? -> translate -> route -> source check -> firewall.
 */
#include "base/address.h"
#include "forward/directory.h"
#include "forward/lookups.h"

/* Packets of one vector that have passed the first half: their lookups are due. */
struct outbound {
    struct avpni_lookups lookups;
    uint32_t count;
    uint8_t *packets[AVPNI_LANE_VECTOR];
    uint32_t bytes[AVPNI_LANE_VECTOR];
    uint8_t numbers[AVPNI_LANE_VECTOR]; /* of the lookup */
};

static void tell(struct avpni_lane *lane, uint8_t kind, uint8_t *packet, uint32_t bytes)
{
    struct avpni_trouble trouble = {
        .kind = kind, .from = AVPN_HOP_LOCAL, .packet = packet, .bytes = bytes};

    lane->trouble(lane->owner, &trouble);
}

/* ---- first half: what a packet says of itself ------------------------------------------------ */

/*
 * Our own outer datagrams must not enter a tunnel: they would be sealed again and again [RTE-11]. Asked of every
 * packet, so that most are through after the protocol.
 */
static bool is_recursion(const struct avpni_lane *lane, const uint8_t *packet, uint32_t bytes,
                         const struct avpn_address *source)
{
    uint8_t protocol = packet[0] >> 4 == 4 ? packet[9] : packet[6];
    struct avpni_transport transport;
    uint64_t check;

    if (protocol != AVPNI_PROTOCOL_UDP || !avpni_inner_transport(packet, bytes, &transport) ||
        !transport.has_ports)
        return false;
    check = avpni_local_check(source->family, source->bytes, transport.source_port);
    for (uint32_t i = 0; i < AVPN_UPLINKS; i++)
        if (atomic_load_explicit(&lane->plane->locals[i], memory_order_relaxed) == check)
            return true;
    return false;
}

/* [RTE-9]: by a default route, and the rules excepts it. */
static bool breaks_out(const struct avpni_lane *lane, const struct avpn_address *source,
                       const struct avpn_address *destination, const uint8_t *packet,
                       uint32_t bytes)
{
    const struct avpni_rules *rules = lane->tables->rules;
    struct avpni_transport transport;
    const struct avpni_judged judged = {source, destination, &transport};

    return rules->firewall.breakout_count > 0 &&
           avpni_routes_match_length(lane->tables->directory->routes, destination) == 0 &&
           avpni_inner_transport(packet, bytes, &transport) &&
           avpni_breakout_find(&rules->firewall, rules->member, &judged) != AVPNI_RULE_NONE;
}

static void break_out(struct avpni_lane *lane, uint8_t *packet, uint32_t bytes)
{
    if (lane->breakout.take == NULL) {
        avpni_lane_count(lane, AVPN_DROP_BREAKOUT);
        return;
    }
    avpni_lane_count(lane, AVPN_COUNT_BREAKOUT);
    avpni_runs_add(&lane->breakout, packet, bytes);
}

/* A host whose address at home is translated: no default route leads to it, nor does another site's subnet of the same name. */
static bool is_of_this_site(const struct avpni_translator *translator,
                            const struct avpn_address *destination)
{
    struct avpn_address exported = avpni_translate_to_vpn(translator, destination);

    return !avpni_address_is_equal(&exported, destination);
}

/* False: it has gone another way, or is dropped. */
static bool prepare(struct avpni_lane *lane, uint8_t *packet, uint32_t bytes,
                    struct avpn_address *source_out, struct avpn_address *destination_out)
{
    const struct avpni_translator *translator = &lane->tables->rules->translator;

    if (!avpni_inner_parse(packet, bytes, source_out, destination_out)) {
        avpni_lane_count(lane, AVPN_DROP_INNER);
        return false;
    }
    if (is_recursion(lane, packet, bytes, source_out)) {
        avpni_lane_count(lane, AVPN_DROP_RECURSION);
        return false;
    }
    if (breaks_out(lane, source_out, destination_out, packet, bytes)) {
        break_out(lane, packet, bytes);
        return false;
    }
    if (translator->count == 0)
        return true;
    if (!avpni_translate_out(translator, packet, bytes)) {
        avpni_lane_count(lane, AVPN_DROP_TRANSLATION);
        return false;
    }
    *source_out = avpni_translate_to_vpn(translator, source_out);
    if (!is_of_this_site(translator, destination_out))
        return true;
    tell(lane, AVPNI_TROUBLE_NO_ROUTE, packet, bytes);
    return false;
}

/* ---- second half: where it goes ---------------------------------------------------------------- */

static void pass(struct avpni_lane *lane, struct outbound *out, uint32_t place)
{
    const struct avpni_tables *tables = lane->tables;
    const struct avpni_lookup lookup = avpni_lookup_at(&out->lookups, out->numbers[place]);
    struct avpni_next next = avpni_directory_next(tables->directory, lookup.destination_route);
    uint8_t *packet = out->packets[place];
    uint32_t bytes = out->bytes[place];

    if (next.kind != AVPNI_NEXT_PEER) {
        tell(lane,
             next.kind == AVPNI_NEXT_DEAD ? AVPNI_TROUBLE_NO_TUNNEL : AVPNI_TROUBLE_NO_ROUTE,
             packet, bytes);
    } else if (!avpni_directory_may_send(tables->directory, lookup.source_route, next.gate)) {
        avpni_lane_count(lane, AVPN_DROP_SOURCE);
    } else if (!avpni_rules_allow(tables->rules, tables->rules->firewall.sent, lane->is_shared,
                                    avpni_lookup_source(&out->lookups, out->numbers[place]),
                                    avpni_lookup_destination(&out->lookups, out->numbers[place]),
                                    packet, bytes)) {
        tell(lane, AVPNI_TROUBLE_DENIED, packet, bytes);
    } else {
        avpni_departure_add(lane, next.gate, NULL, packet, bytes, lane->buffer);
    }
}

static void pass_all(struct avpni_lane *lane, struct outbound *out)
{
    avpni_lookups_run(&out->lookups, lane->tables->directory->routes);
    for (uint32_t i = 0; i < out->count; i++)
        pass(lane, out, i);
    out->count = 0;
    avpni_lookups_init(&out->lookups);
}

void avpni_lane_send(struct avpni_lane *lane, const struct avpn_packets *run)
{
    struct outbound out;

    out.count = 0;
    avpni_lookups_init(&out.lookups);
    lane->buffer++;
    lane->breakout.is_open = false;
    for (uint32_t k = 0; k < run->count; k++) {
        uint8_t *packet = run->data + (size_t)k * run->stride;
        uint32_t bytes = k + 1 < run->count ? run->bytes : run->last_bytes;
        struct avpn_address source, destination;

        if (!prepare(lane, packet, bytes, &source, &destination))
            continue;
        out.packets[out.count] = packet;
        out.bytes[out.count] = bytes;
        out.numbers[out.count++] = (uint8_t)avpni_lookups_add(&out.lookups, &source, &destination);
        if (out.count == AVPNI_LANE_VECTOR)
            pass_all(lane, &out);
    }
    pass_all(lane, &out);
}
