/* SPDX-License-Identifier: ISC */
/*
 * outbound: inner packets of this site on their way out: parse -> break out? -> translate -> route -> source check -> firewall.
 */
#include "base/address.h"
#include "forward/directory.h"
#include "forward/lane.h"

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

/* False likewise. Packets of one flow are asked for their addresses once, where nothing rewrites them. */
static bool take_in(struct avpni_lane *lane, uint8_t *packet, uint32_t bytes, uint32_t *number_out)
{
    const struct avpni_rules *rules = lane->tables->rules;
    const struct avpni_sending *last =
        lane->sending_count > 0 ? &lane->sendings[lane->sending_count - 1] : NULL;
    struct avpn_address source, destination;

    if (last != NULL && rules->translator.count == 0 && rules->firewall.breakout_count == 0 &&
        avpni_inner_follows(packet, bytes, last->packet)) {
        *number_out = last->number;
        if (!is_recursion(lane, packet, bytes, avpni_lookup_source(&lane->lookups, last->number)))
            return true;
        avpni_lane_count(lane, AVPN_DROP_RECURSION);
        return false;
    }
    if (!prepare(lane, packet, bytes, &source, &destination))
        return false;
    *number_out = avpni_lookups_add(&lane->lookups, &source, &destination);
    return true;
}

/* ---- second half: where it goes ---------------------------------------------------------------- */

/* What packets with the same addresses have in common. */
struct verdict {
    struct avpni_next next;
    bool may_send;
};

static struct verdict judge(const struct avpni_lane *lane, uint32_t number)
{
    const struct avpni_directory *directory = lane->tables->directory;
    const struct avpni_lookup lookup = avpni_lookup_at(&lane->lookups, number);
    struct verdict verdict = {avpni_directory_next(directory, lookup.destination_route), false};

    if (verdict.next.kind == AVPNI_NEXT_PEER)
        verdict.may_send =
            avpni_directory_may_send(directory, lookup.source_route, verdict.next.gate);
    return verdict;
}

static bool is_allowed(struct avpni_lane *lane, const struct avpni_sending *s)
{
    const struct avpni_rules *rules = lane->tables->rules;

    return avpni_rules_allow(rules, rules->firewall.sent, lane->is_shared,
                             avpni_lookup_source(&lane->lookups, s->number),
                             avpni_lookup_destination(&lane->lookups, s->number), s->packet,
                             s->bytes);
}

static void pass(struct avpni_lane *lane, const struct avpni_sending *s,
                 const struct verdict *verdict)
{
    if (verdict->next.kind == AVPNI_NEXT_DEAD)
        tell(lane, AVPNI_TROUBLE_NO_TUNNEL, s->packet, s->bytes);
    else if (verdict->next.kind != AVPNI_NEXT_PEER)
        tell(lane, AVPNI_TROUBLE_NO_ROUTE, s->packet, s->bytes);
    else if (!verdict->may_send)
        avpni_lane_count(lane, AVPN_DROP_SOURCE);
    else if (!is_allowed(lane, s))
        tell(lane, AVPNI_TROUBLE_DENIED, s->packet, s->bytes);
    else
        avpni_departure_add(lane, verdict->next.gate, NULL, s->packet, s->bytes, s->buffer);
}

void avpni_sendings_pass(struct avpni_lane *lane)
{
    const struct avpni_sending *s = lane->sendings;
    struct verdict verdict;

    if (lane->sending_count == 0)
        return;
    avpni_lookups_run(&lane->lookups, lane->tables->directory->routes);
    for (uint32_t i = 0; i < lane->lookups.count; i++)
        avpni_directory_prefetch(lane->tables->directory,
                                 avpni_lookup_at(&lane->lookups, i).destination_route);
    for (uint32_t i = 0; i < lane->sending_count; i++) {
        if (i == 0 || s[i].number != s[i - 1].number)
            verdict = judge(lane, s[i].number);
        pass(lane, &s[i], &verdict);
    }
    lane->sending_count = 0;
    avpni_lookups_init(&lane->lookups);
}

/* ---- the way in -------------------------------------------------------------------------------- */

static void send(struct avpni_lane *lane, uint8_t *packet, uint32_t bytes)
{
    struct avpni_sending *s = &lane->sendings[lane->sending_count];

    if (!take_in(lane, packet, bytes, &s->number))
        return;
    s->packet = packet;
    s->bytes = bytes;
    s->buffer = lane->buffer;
    if (++lane->sending_count == AVPNI_LANE_VECTOR)
        avpni_sendings_pass(lane);
}

void avpni_lane_send(struct avpni_lane *lane, const struct avpn_packets *run)
{
    lane->buffer++;
    lane->breakout.is_open = false;
    for (uint32_t k = 0; k < run->count; k++)
        send(lane, run->data + (size_t)k * run->stride,
             k + 1 < run->count ? run->bytes : run->last_bytes);
}
