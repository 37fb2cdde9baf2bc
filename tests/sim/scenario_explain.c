/* SPDX-License-Identifier: ISC */
/*
 * Scenarios about explain: in an organization drawn from the seed, whatever a node says it would do with a packet is what
 * it then does with one. The counters, the peers' counts and what arrives decide, not the code that explains.
 */
#include "scenario.h"
#include <stdio.h>

#define V6 AVPN_FAMILY_IPV6
#define SITES 8
#define HUBS 3
#define FLOWS 1500
#define RULE_SIZE .size = sizeof(struct avpn_rule)

struct draw {
    struct world *w;
    struct sim_chance chance;
    struct world_site sites[SITES];
    struct world_policy policy;
    uint32_t verdicts[AVPN_EXPLAIN_DELIVERED + 1];
};

static uint32_t below(struct draw *d, uint32_t bound)
{
    return (uint32_t)(sim_chance_next(&d->chance) % bound);
}

/* ---- the organization --------------------------------------------------------------------------- */

static void draw_spoke(struct draw *d, struct world_site *site)
{
    const uint32_t first = below(d, HUBS), count = 1 + below(d, HUBS);

    site->nat[0] = &sim_nat_home;
    for (uint32_t i = 0; i < count; i++) {
        site->hubs[i] = 1 + (first + i) % HUBS;
        site->exits[i] = below(d, 2) == 0 ? site->hubs[i] : 0;
    }
}

static void draw_sites(struct draw *d)
{
    static const char *const more[] = {"10.99.0.0/16", "10.98.0.0/16", "10.98.7.0/24", NULL};
    static struct world_translation translations[SITES + 1];
    static char exported[SITES + 1][32];

    for (uint32_t site = 1; site <= SITES; site++) {
        struct world_site *s = &d->sites[site - 1];

        if (site <= HUBS)
            s->role = AVPN_ROLE_HUB;
        else
            draw_spoke(d, s);
        s->exports[0] = more[below(d, 4)];
        if (below(d, 3) != 0)
            continue;
        snprintf(exported[site], sizeof exported[site], "10.0.%u.0/24", site);
        translations[site] = (struct world_translation){"192.168.1.0/24", exported[site]};
        s->translations[0] = translations[site];
    }
    if (below(d, 2) == 0) {
        d->sites[0].hubs[0] = 2; /* a hub with an exit hub */
        d->sites[0].exits[0] = 2;
    }
}

static void draw_policy(struct draw *d)
{
    static const char *const places[] = {"10.0.4.0/24", "10.0.0.0/16", "10.98.0.0/15",
                                         "fd00:0:0:5::/64", "0.0.0.0/1"};

    d->policy.flags = below(d, 4) == 0 ? AVPN_ORGANIZATION_NO_HUB_TUNNELS : 0;
    for (; d->policy.rule_count < 5; d->policy.rule_count++) {
        struct avpn_rule *rule = &d->policy.rules[d->policy.rule_count];

        *rule = (struct avpn_rule){RULE_SIZE,
                                   .action = below(d, 2) == 0 ? AVPN_RULE_ALLOW : AVPN_RULE_DENY,
                                   .protocol = below(d, 2) == 0 ? INNER_UDP : INNER_TCP,
                                   .destination = world_prefix(places[below(d, 5)])};
        if (below(d, 2) == 0)
            rule->destination_first = rule->destination_last = (uint16_t)(1 + below(d, 4));
        if (below(d, 3) == 0)
            rule->protocol = INNER_ICMP;
        if (rule->protocol == INNER_ICMP)
            rule->destination_first = rule->destination_last = 0;
    }
    for (; d->policy.breakout_count < 2; d->policy.breakout_count++)
        d->policy.breakouts[d->policy.breakout_count] =
            (struct avpn_breakout){.size = sizeof(struct avpn_breakout),
                                   .member = below(d, 2) == 0 ? 0 : 1 + below(d, SITES),
                                   .protocol = INNER_UDP,
                                   .destination_first = (uint16_t)(1 + below(d, 2)),
                                   .destination_last = (uint16_t)(2 + below(d, 2))};
}

/* ---- a flow ---------------------------------------------------------------------------------------- */

static const char *const destinations[] = {
    "10.0.1.10",    "10.0.2.10",      "10.0.3.10",      "10.0.4.10",      "10.0.5.10",
    "10.0.6.10",    "10.0.7.10",      "10.0.8.10",      "10.99.0.5",      "10.98.0.5",
    "10.98.7.5",    "10.77.0.1",      "8.8.8.8",        "203.0.113.5",    "172.20.0.9",
    "192.168.1.10", "fd00:0:0:1::10", "fd00:0:0:4::10", "fd00:0:0:5::10", "fd00:0:0:8::10",
    "2001:db8::77"};
static const char *const sources[] = {NULL,           NULL,        NULL,       NULL,
                                      "192.168.1.10", "10.0.4.10", "10.99.0.9"};

static struct world_flow draw_flow(struct draw *d)
{
    static const uint8_t protocols[] = {INNER_UDP, INNER_TCP, INNER_ICMP, 47};
    struct world_flow flow = {
        .from = 1 + below(d, SITES),
        .destination = destinations[below(d, sizeof destinations / sizeof *destinations)],
        .protocol = protocols[below(d, 4)],
        .destination_port = (uint16_t)(1 + below(d, 5)),
        .is_free = true};

    flow.source = sources[below(d, sizeof sources / sizeof *sources)];
    if (flow.source != NULL && sim_address(flow.destination).family == V6)
        flow.source = NULL;
    return flow;
}

/* ---- what happened ------------------------------------------------------------------------------------ */

struct seen {
    uint64_t counters[AVPN_COUNTERS];
    uint64_t to_peer[SITES + 1];
    uint64_t rule_sent[8];
};

static struct seen look(const struct world *w, uint32_t site)
{
    struct avpn_rule_status rule = {.size = sizeof rule};
    struct seen seen = {0};

    avpn_node_counters(w->nodes[site].node, seen.counters, AVPN_COUNTERS);
    for (uint32_t peer = 1; peer <= SITES; peer++)
        seen.to_peer[peer] = world_peer(w, site, peer).sent_packets;
    for (uint32_t i = 0; avpn_node_rule_at(w->nodes[site].node, i, NULL, &rule) == AVPN_OK; i++)
        seen.rule_sent[i] = rule.sent_packets;
    return seen;
}

/* The peer that was sent the packet; 0: none; UINT32_MAX: several. */
static uint32_t sent_to(const struct seen *before, const struct seen *after)
{
    uint32_t found = 0;

    for (uint32_t peer = 1; peer <= SITES; peer++) {
        if (before->to_peer[peer] == after->to_peer[peer])
            continue;
        if (found != 0 || after->to_peer[peer] != before->to_peer[peer] + 1)
            return UINT32_MAX;
        found = peer;
    }
    return found;
}

static bool counted(const struct seen *before, const struct seen *after, uint32_t counter)
{
    return after->counters[counter] == before->counters[counter] + 1;
}

/* Does what was seen fit the verdict? `packet` was handed over at that very moment. */
static bool fits(struct draw *d, const struct avpn_explanation *e, size_t packet,
                 const struct seen *before, const struct seen *after)
{
    const uint32_t to = sent_to(before, after);
    const bool has_broken_out = world_packet(d->w, packet)->has_broken_out;
    const uint32_t error = world_error(d->w, packet);

    if (e->verdict != AVPN_EXPLAIN_TUNNEL && to != 0)
        return false;
    if (e->verdict != AVPN_EXPLAIN_BREAKOUT && e->verdict != AVPN_EXPLAIN_HERE && has_broken_out)
        return false;
    if (e->rule != AVPN_EXPLAIN_DEFAULT &&
        (e->verdict == AVPN_EXPLAIN_TUNNEL || e->verdict == AVPN_EXPLAIN_DENIED) &&
        after->rule_sent[e->rule] != before->rule_sent[e->rule] + 1)
        return false;
    switch (e->verdict) {
    case AVPN_EXPLAIN_TUNNEL:
        return to == e->next_hop && counted(before, after, AVPN_COUNT_SENT) && error == 0;
    case AVPN_EXPLAIN_HERE: /* its host had no reason to send it to the gateway: not into a tunnel, that is all */
        return true;
    case AVPN_EXPLAIN_BREAKOUT:
        return has_broken_out || e->breakout == AVPN_EXPLAIN_DEFAULT;
    case AVPN_EXPLAIN_DENIED:
        return counted(before, after, AVPN_DROP_FIREWALL) && error == WORLD_DENIED;
    case AVPN_EXPLAIN_SOURCE:
        return counted(before, after, AVPN_DROP_SOURCE) ||
               counted(before, after, AVPN_DROP_TRANSLATION);
    case AVPN_EXPLAIN_NO_ROUTE:
        return counted(before, after, AVPN_DROP_NO_ROUTE);
    case AVPN_EXPLAIN_NO_TUNNEL:
        return counted(before, after, AVPN_DROP_NO_TUNNEL);
    default:
        return false;
    }
}

static void tell(struct draw *d, const struct world_flow *flow, const struct avpn_explanation *e,
                 size_t packet)
{
    char text[200], source[AVPN_ADDRESS_TEXT];

    avpn_address_format(&world_packet(d->w, packet)->sent.source, source, sizeof source);
    snprintf(
        text, sizeof text,
        "site %u, %s -> %s, protocol %u, port %u: explained as %u by rule %d, next hop %u, and "
        "that is not what happened (error %u)",
        flow->from, source, flow->destination, flow->protocol, flow->destination_port, e->verdict,
        (int)e->rule, e->next_hop, world_error(d->w, packet));
    world_fail(d->w, text);
}

/*
 * Explain takes a packet to come from where answers to it would go. With a source that several sites export, or that hosts of both have at
 * home, or on its way through several exit hubs, that need not be so.
 */
static bool is_ambiguous(const struct world *w, const struct world_packet *p,
                         const struct avpn_flow *flow, const struct avpn_explanation *e)
{
    const struct avpn_address ours = world_to_vpn(w, p->arrived_site, flow->source);
    const bool is_ours = e->has_route && e->hops[0] == AVPN_HOP_LOCAL;

    return !sim_address_is_equal(&ours, &flow->source) ||
           (!is_ours && (e->from != p->from || p->arrived_hop_limit != 64));
}

/* Where a packet arrived, the node there would say so, and behind whose tunnel it came from. */
static void check_arrival(struct draw *d, size_t packet)
{
    const struct world_packet *p = world_packet(d->w, packet);
    struct avpn_explanation e = {.size = sizeof e};
    struct avpn_flow flow = {.size = sizeof flow, .protocol = p->sent.protocol};

    if (p->arrivals == 0)
        return;
    if (p->sent.protocol == INNER_ICMP && p->sent.source.family == V6)
        flow.protocol = INNER_ICMPV6;
    if (p->sent.protocol == INNER_UDP || p->sent.protocol == INNER_TCP) {
        flow.source_port = p->sent.source_port;
        flow.destination_port = p->sent.destination_port;
    }
    flow.source = world_to_vpn(d->w, p->from, p->sent.source);
    flow.destination = world_to_local(d->w, p->arrived_site, p->sent.destination);
    world_must(d->w, avpn_node_explain(d->w->nodes[p->arrived_site].node, &flow, &e),
               "avpn_node_explain");
    if (is_ambiguous(d->w, p, &flow, &e))
        return;
    if (e.verdict != AVPN_EXPLAIN_DELIVERED || e.from == 0) {
        char text[200], source[AVPN_ADDRESS_TEXT], destination[AVPN_ADDRESS_TEXT];

        avpn_address_format(&flow.source, source, sizeof source);
        avpn_address_format(&flow.destination, destination, sizeof destination);
        snprintf(text, sizeof text,
                 "%s -> %s of site %u arrived at %u, which explains it as %u from %u", source,
                 destination, p->from, p->arrived_site, e.verdict, e.from);
        world_fail(d->w, text);
    }
    d->verdicts[AVPN_EXPLAIN_DELIVERED]++;
}

static void play_flow(struct draw *d)
{
    const struct world_flow flow = draw_flow(d);
    struct avpn_explanation e;
    struct seen before, after;
    size_t packet;

    if (d->w->nodes[flow.from].node == NULL)
        return;
    before = look(d->w, flow.from);
    e = world_explain(d->w, &flow);
    packet = world_send(d->w, &flow);
    after = look(d->w, flow.from);
    if (e.verdict <= AVPN_EXPLAIN_DELIVERED)
        d->verdicts[e.verdict]++;
    /* With a source of another site the answer is about a packet that comes from there. */
    if (e.from == 0 && !fits(d, &e, packet, &before, &after))
        tell(d, &flow, &e, packet);
    world_run(d->w, 200 * AVPN_MILLISECOND);
    check_arrival(d, packet);
}

/* [RTE-3] [RTE-9] [FWL-1] [TRN-1], as explain tells them. */
static uint32_t what_is_explained_is_what_happens(uint64_t seed)
{
    struct draw d = {0};
    const struct avpn_prefix attached = world_prefix("172.20.0.0/16");

    sim_chance_init(&d.chance, seed ^ UINT64_C(0x6578706c));
    draw_sites(&d);
    draw_policy(&d);
    d.w = world_new_with(__func__, seed, d.sites, SITES, 2, &d.policy);
    EXPECT(d.w, world_wait_all(d.w, SECONDS(30)));
    world_must(d.w, avpn_node_set_attached(d.w->nodes[5].node, &attached, 1, world_now(d.w)),
               "avpn_node_set_attached");
    world_node_serve(&d.w->nodes[5]);
    for (uint32_t i = 0; i < FLOWS; i++) {
        if (i == FLOWS / 3) /* some routes stand by, some hops are dead */
            world_node_stop(d.w, 1 + below(&d, HUBS));
        if (i == FLOWS / 2)
            for (uint32_t site = 1; site <= HUBS; site++)
                if (d.w->nodes[site].node == NULL)
                    world_node_start(d.w, site, 0); /* and now some are held */
        play_flow(&d);
    }
    printf("# tunnel %u, here %u, breakout %u, denied %u, source %u, no route %u, no tunnel %u, "
           "delivered %u\n",
           d.verdicts[1], d.verdicts[2], d.verdicts[3], d.verdicts[4], d.verdicts[5], d.verdicts[6],
           d.verdicts[7], d.verdicts[8]);
    EXPECT(d.w, d.verdicts[AVPN_EXPLAIN_TUNNEL] > 100 && d.verdicts[AVPN_EXPLAIN_DELIVERED] > 100);
    return world_del(d.w);
}

/* An organization by hand, in which each verdict is known beforehand. */
static uint32_t each_verdict_is_given_where_it_is_due(uint64_t seed)
{
    const struct world_site sites[] = {{.role = AVPN_ROLE_HUB, .exports = {"10.99.0.0/16"}},
                                       {.role = AVPN_ROLE_HUB, .exports = {"10.99.0.0/16"}},
                                       {.nat = {&sim_nat_home},
                                        .hubs = {1, 2},
                                        .exits = {2},
                                        .translations = {{"192.168.1.0/24", "10.0.3.0/24"}}},
                                       {.nat = {&sim_nat_home}, .hubs = {1}}};
    const struct world_policy policy = {
        .rules = {{RULE_SIZE, .action = AVPN_RULE_ALLOW, .protocol = INNER_TCP},
                  {RULE_SIZE, .action = AVPN_RULE_DENY, .protocol = INNER_UDP,
                   .destination_first = 9, .destination_last = 9}},
        .rule_count = 2,
        .breakouts = {{.size = sizeof(struct avpn_breakout),
                       .protocol = INNER_UDP,
                       .destination_first = 53,
                       .destination_last = 53}},
        .breakout_count = 1};
    struct world *w = world_new_with(__func__, seed, sites, 4, 2, &policy);
    const struct avpn_address exported = world_host(3, AVPN_FAMILY_IPV4, 10);
    struct avpn_explanation e;

    EXPECT(w, world_wait_all(w, SECONDS(30)) && world_wait_mtu(w, 3, 1, SECONDS(30)));
    e = world_explain(w, &(struct world_flow){.from = 3, .destination = "10.99.0.5"});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_TUNNEL && e.next_hop == 1 && e.from == 0);
    EXPECT(w, e.has_route == 1 && e.prefix.length == 16 && e.hop_count >= 2);
    EXPECT(w, e.hop_reasons[0] == AVPN_HOP_REASON_USED && e.active == 0);
    EXPECT(w, e.hop_reasons[1] == AVPN_HOP_REASON_STANDBY);
    EXPECT(w, e.conflict_count == 1 && e.is_translated == 1 && e.rule == AVPN_EXPLAIN_DEFAULT);
    EXPECT(w, sim_address_is_equal(&e.source, &exported));
    EXPECT(w, e.mtu_bytes == world_mtu(w, 3, 1) && e.suite == world_peer(w, 3, 1).suite);
    EXPECT(w, e.contact.family == AVPN_FAMILY_IPV4 && e.rtt_us > 0 && e.uplink == 0);
    e = world_explain(
        w, &(struct world_flow){.from = 3, .to = 4, .protocol = INNER_TCP, .destination_port = 9});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_TUNNEL && e.rule == 0);
    e = world_explain(w, &(struct world_flow){.from = 3, .to = 4, .destination_port = 9});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_DENIED && e.rule == 1);
    e = world_explain(w, &(struct world_flow){.from = 3, .destination_port = 53});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_BREAKOUT && e.breakout == 0);
    e = world_explain(w, &(struct world_flow){.from = 3});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_TUNNEL && e.next_hop == 2 && e.prefix.length == 0);
    e = world_explain(w, &(struct world_flow){.from = 4});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_NO_ROUTE ||
                  (e.verdict == AVPN_EXPLAIN_BREAKOUT && e.breakout == AVPN_EXPLAIN_DEFAULT));
    e = world_explain(w, &(struct world_flow){.from = 4, .to = 3, .source = "10.0.9.9"});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_SOURCE);
    /* Its address in the VPN leads to the host at home that has it: this one is none. */
    e = world_explain(w, &(struct world_flow){.from = 3, .to = 4, .source = "10.0.3.10"});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_SOURCE);
    e = world_explain(w, &(struct world_flow){.from = 3, .destination = "192.168.1.77"});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_HERE);
    e = world_explain(w, &(struct world_flow){.from = 4, .destination = "10.0.4.99"});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_HERE);
    world_node_stop(w, 1);
    world_run(w, SECONDS(4));
    e = world_explain(w, &(struct world_flow){.from = 3, .destination = "10.99.0.5"});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_TUNNEL && e.next_hop == 2 && e.active == 1);
    EXPECT(w, e.hop_reasons[0] == AVPN_HOP_REASON_DOWN && e.hop_reasons[1] == AVPN_HOP_REASON_USED);
    e = world_explain(w, &(struct world_flow){.from = 4, .to = 3});
    EXPECT(w, e.verdict == AVPN_EXPLAIN_NO_TUNNEL && e.has_route == 1);
    world_node_start(w, 1, 0);
    EXPECT(w, world_wait_tunnel(w, 1, 3, SECONDS(30)));
    e = world_explain(w, &(struct world_flow){.from = 3, .destination = "10.99.0.5"});
    EXPECT(w, e.next_hop == 2 && e.hop_reasons[0] == AVPN_HOP_REASON_HELD);
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario explain_scenarios[] = {
    S(what_is_explained_is_what_happens),
    S(each_verdict_is_given_where_it_is_due),
};
const size_t explain_scenario_count = sizeof explain_scenarios / sizeof *explain_scenarios;
