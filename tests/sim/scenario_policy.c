/* SPDX-License-Identifier: ISC */
/*
 * Scenarios about the site-to-site firewall: rules in order, at both ends, counted, without state.
 */
#include "scenario.h"
#include <string.h>

#define V6 AVPN_FAMILY_IPV6
#define RULE(...) {.size = sizeof(struct avpn_rule), __VA_ARGS__}
#define ALLOW .action = AVPN_RULE_ALLOW
#define DENY .action = AVPN_RULE_DENY

static const struct world_site sites[] = {{.role = AVPN_ROLE_HUB},
                                          {.nat = {&sim_nat_home}, .hubs = {1}},
                                          {.nat = {&sim_nat_home}, .hubs = {1}},
                                          {.nat = {&sim_nat_home}, .hubs = {1}}};

static struct world *policed(const char *name, uint64_t seed, const struct world_policy *policy)
{
    struct world *w = world_new_with(name, seed, sites, 4, 2, policy);

    EXPECT(w, world_wait_all(w, SECONDS(30)));
    world_run(w, SECONDS(2));
    return w;
}

static struct avpn_rule_status rule(const struct world *w, uint32_t site, uint32_t place)
{
    struct avpn_rule_status status = {.size = sizeof status};

    avpn_node_rule_at(w->nodes[site].node, place, NULL, &status);
    return status;
}

static bool is_called(const struct world *w, uint32_t site, uint32_t place, const char *name)
{
    struct avpn_rule found = {.size = sizeof found};

    return avpn_node_rule_at(w->nodes[site].node, place, &found, NULL) == AVPN_OK &&
           strcmp(found.name, name) == 0;
}

static bool passes(struct world *w, const struct world_flow *flow)
{
    const size_t packet = world_send(w, flow);

    world_run(w, SECONDS(1));
    return world_has_arrived(w, packet) && world_packet(w, packet)->errors == 0;
}

/* Not only that it does not arrive: its host is told, at once. */
static bool is_denied(struct world *w, const struct world_flow *flow)
{
    struct world_flow doomed = *flow;
    size_t packet;

    doomed.is_forbidden = true;
    packet = world_send(w, &doomed);
    return world_error(w, packet) == WORLD_DENIED;
}

/* [FWL-1] [FWL-2] */
static uint32_t the_first_rule_that_matches_decides(uint64_t seed)
{
    const struct world_policy policy = {
        .rules = {RULE(DENY, .protocol = INNER_TCP, .destination_first = 22, .destination_last = 22),
                  RULE(ALLOW, .source = world_prefix("10.0.2.0/24"),
                       .destination = world_prefix("10.0.3.0/24"), .protocol = INNER_UDP,
                       .destination_first = 5000, .destination_last = 5999),
                  RULE(DENY, .destination = world_prefix("10.0.3.0/24"), .protocol = INNER_UDP),
                  RULE(DENY, .source = world_prefix("fd00:0:0:4::/64"), .protocol = INNER_ICMPV6),
                  RULE(ALLOW, .source = world_prefix("10.0.4.9/32")),
                  RULE(DENY, .source = world_prefix("10.0.4.0/25"), .source_first = 7000,
                       .source_last = 7000, .protocol = INNER_UDP)},
        .rule_count = 6};
    const struct world_flow denied[] = {
        {.from = 2, .to = 3, .protocol = INNER_TCP, .destination_port = 22},
        {.from = 3, .to = 1, .protocol = INNER_TCP, .destination_port = 22, .family = V6},
        {.from = 2, .to = 3, .destination_port = 4999},
        {.from = 2, .to = 3, .destination_port = 6000},
        {.from = 4, .to = 3, .destination_port = 5000},
        {.from = 1, .to = 3},
        {.from = 4, .to = 2, .protocol = INNER_ICMP, .family = V6},
        {.from = 4, .to = 2}};
    const struct world_flow allowed[] = {
        {.from = 2, .to = 3, .protocol = INNER_TCP, .destination_port = 23},
        {.from = 2, .to = 3, .destination_port = 5000},
        {.from = 2, .to = 3, .destination_port = 5999},
        {.from = 2, .to = 3, .family = V6},
        {.from = 2, .to = 3, .protocol = 47},
        {.from = 3, .to = 2},
        {.from = 4, .to = 2, .source_port = 7001},
        {.from = 4, .to = 2, .source = "10.0.4.9"},
        {.from = 4, .to = 2, .source = "10.0.4.200"},
        {.from = 2, .to = 4, .protocol = INNER_TCP, .source_port = 22}};
    struct world *w = policed(__func__, seed, &policy);

    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++)
        EXPECT(w, is_denied(w, &denied[i]));
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        EXPECT(w, passes(w, &allowed[i]));
    EXPECT(w, world_echo(w, &(struct world_flow){.from = 4, .to = 2}));
    EXPECT(w, world_counter(w, 2, AVPN_DROP_FIREWALL) == 3);
    EXPECT(w, world_counter(w, 1, AVPN_DROP_FIREWALL) == 1); /* its own; it does not judge others' */
    EXPECT(w, world_counter(w, 3, AVPN_DROP_FIREWALL) == 1);
    EXPECT(w, world_counter(w, 4, AVPN_DROP_FIREWALL) == 3);
    return world_del(w);
}

/* [FWL-1]: where it enters and where it leaves, by the rule that decided. */
static uint32_t every_rule_counts_what_it_decided(uint64_t seed)
{
    const struct world_policy policy = {
        .rules = {RULE(ALLOW, .protocol = INNER_UDP, .destination_first = 7001,
                       .destination_last = 7001, .name = "test"),
                  RULE(DENY, .protocol = INNER_UDP)},
        .rule_count = 2};
    struct world_policy other = policy;
    struct world *w = policed(__func__, seed, &policy);

    for (int i = 0; i < 5; i++)
        EXPECT(w, passes(w, &(struct world_flow){.from = 2, .to = 3}));
    for (int i = 0; i < 3; i++)
        EXPECT(w, is_denied(w, &(struct world_flow){.from = 2, .to = 3, .destination_port = 9}));
    EXPECT(w, passes(w, &(struct world_flow){.from = 2, .to = 3, .protocol = INNER_TCP}));
    EXPECT(w, rule(w, 2, 0).sent_packets == 5 && rule(w, 2, 0).received_packets == 0);
    EXPECT(w, rule(w, 2, 1).sent_packets == 3 && rule(w, 2, 1).received_packets == 0);
    EXPECT(w, rule(w, 3, 0).sent_packets == 0 && rule(w, 3, 0).received_packets == 5);
    EXPECT(w, rule(w, 3, 1).received_packets == 0);
    EXPECT(w, rule(w, 1, 0).sent_packets == 0 && rule(w, 1, 0).received_packets == 0);
    EXPECT(w, is_called(w, 2, 0, "test"));
    /* A rule that stays keeps its count, whatever comes before it. */
    other.rules[1] = policy.rules[0];
    other.rules[0] = (struct avpn_rule)RULE(DENY, .protocol = 47);
    w->policy = other;
    EXPECT(w, world_change(w, sites) && world_wait_version(w, w->version, SECONDS(2)));
    EXPECT(w, rule(w, 2, 1).sent_packets == 5 && rule(w, 2, 0).sent_packets == 0);
    EXPECT(w, passes(w, &(struct world_flow){.from = 2, .to = 3, .destination_port = 9}));
    EXPECT(w, is_denied(w, &(struct world_flow){.from = 2, .to = 3, .protocol = 47}));
    EXPECT(w, w->nodes[2].downs == 0);
    return world_del(w);
}

static void cut_from_registries(struct world *w, const char *address, bool is_cut)
{
    static const char *const registries[] = {"198.51.100.1", "198.51.100.2"};

    for (size_t i = 0; i < 2; i++) {
        if (is_cut)
            sim_cut(w->sim, registries[i], address);
        else
            sim_heal(w->sim, registries[i], address);
    }
}

/* [FWL-1]: a sender that has not heard of the rule, or does not want to, is dropped by the receiver. */
static uint32_t the_receiver_drops_what_an_old_sender_lets_pass(uint64_t seed)
{
    const struct world_flow telnet = {
        .from = 2, .to = 3, .protocol = INNER_TCP, .destination_port = 23};
    const struct world_flow other = {
        .from = 2, .to = 3, .protocol = INNER_TCP, .destination_port = 24};
    struct world *w = policed(__func__, seed, &(struct world_policy){0});
    struct world_flow doomed = telnet;
    uint64_t old;

    EXPECT(w, passes(w, &telnet));
    old = world_version(w, 2);
    cut_from_registries(w, "11.0.0.2", true);
    w->policy.rules[0] = (struct avpn_rule)RULE(DENY, .protocol = INNER_TCP,
                                                .destination_first = 23, .destination_last = 23);
    w->policy.rule_count = 1;
    EXPECT(w, world_change(w, sites));
    world_run(w, SECONDS(2));
    EXPECT(w, world_version(w, 2) == old && world_version(w, 3) == w->version);
    doomed.is_forbidden = true;
    for (int i = 0; i < 4; i++)
        world_send(w, &doomed);
    doomed.family = V6;
    world_send(w, &doomed);
    world_run(w, SECONDS(1));
    EXPECT(w, world_counter(w, 2, AVPN_DROP_FIREWALL) == 0);
    EXPECT(w, world_counter(w, 2, AVPN_COUNT_SENT) >= 6);
    EXPECT(w, world_counter(w, 3, AVPN_DROP_FIREWALL) == 5);
    EXPECT(w, rule(w, 3, 0).received_packets == 5);
    EXPECT(w, world_packet(w, w->packet_count - 1)->errors == 0); /* only where it enters */
    EXPECT(w, passes(w, &other));
    cut_from_registries(w, "11.0.0.2", false);
    world_run(w, MINUTES(2));
    EXPECT(w, world_version(w, 2) == w->version && is_denied(w, &telnet));
    return world_del(w);
}

/* [FWL-3]: the receiver sees pieces. Without the first the others are of no use. */
static uint32_t a_denied_port_is_denied_in_fragments_too(uint64_t seed)
{
    const struct world_flow large = {.from = 2, .to = 3, .bytes = 4000, .destination_port = 23};
    const struct world_flow other = {.from = 2, .to = 3, .bytes = 4000, .destination_port = 24};
    struct world *w = policed(__func__, seed, &(struct world_policy){0});
    struct world_flow doomed = large;

    EXPECT(w, passes(w, &large));
    cut_from_registries(w, "11.0.0.2", true);
    w->policy.rules[0] = (struct avpn_rule)RULE(DENY, .protocol = INNER_UDP,
                                                .destination_first = 23, .destination_last = 23);
    w->policy.rule_count = 1;
    EXPECT(w, world_change(w, sites));
    world_run(w, SECONDS(2));
    doomed.is_forbidden = true;
    world_send(w, &doomed);
    world_run(w, SECONDS(1));
    EXPECT(w, world_counter(w, 3, AVPN_DROP_FIREWALL) == 1);
    EXPECT(w, passes(w, &other));
    return world_del(w);
}

/* [FWL-1] [TRN-1]: rules are about the addresses in the VPN. */
static uint32_t rules_are_about_exported_addresses(uint64_t seed)
{
    struct world_site translated[4];
    const struct world_policy policy = {
        .rules = {RULE(DENY, .source = world_prefix("10.0.2.10/32"),
                       .destination = world_prefix("10.0.3.0/24")),
                  RULE(DENY, .source = world_prefix("192.168.1.0/24")),
                  RULE(DENY, .destination = world_prefix("192.168.1.0/24"))},
        .rule_count = 3};
    struct world *w;

    memcpy(translated, sites, sizeof sites);
    for (int i = 1; i <= 2; i++)
        translated[i].translations[0] = (struct world_translation){
            "192.168.1.0/24", i == 1 ? "10.0.2.0/24" : "10.0.3.0/24"};
    w = world_new_with(__func__, seed, translated, 4, 2, &policy);
    EXPECT(w, world_wait_all(w, SECONDS(30)));
    EXPECT(w, is_denied(w, &(struct world_flow){.from = 2, .to = 3}));
    EXPECT(w, passes(w, &(struct world_flow){.from = 2, .to = 3, .source = "192.168.1.11"}));
    EXPECT(w, passes(w, &(struct world_flow){.from = 2, .to = 4}));
    EXPECT(w, passes(w, &(struct world_flow){.from = 4, .to = 2}));
    return world_del(w);
}

/* No state: the way back has to be allowed for itself. */
static uint32_t an_answer_is_a_packet_of_its_own(uint64_t seed)
{
    const struct world_policy policy = {
        .rules = {RULE(ALLOW, .source = world_prefix("10.0.2.0/24"), .protocol = INNER_ICMP),
                  RULE(DENY, .protocol = INNER_ICMP)},
        .rule_count = 2};
    struct world *w = policed(__func__, seed, &policy);
    const size_t echo = world_send(
        w, &(struct world_flow){.from = 2, .to = 3, .protocol = INNER_ICMP});

    world_run(w, SECONDS(1));
    EXPECT(w, world_has_arrived(w, echo) && !world_packet(w, echo)->is_answered);
    EXPECT(w, rule(w, 3, 1).sent_packets == 1);
    EXPECT(w, world_echo(w, &(struct world_flow){.from = 2, .to = 3, .family = V6}));
    return world_del(w);
}

/* [CFG-13]: the policy is signed with everything else, and reaches everybody as fast. */
static uint32_t a_new_rule_holds_within_a_round_trip(uint64_t seed)
{
    struct world *w = policed(__func__, seed, &(struct world_policy){0});
    const struct world_flow flow = {.from = 2, .to = 3};

    EXPECT(w, passes(w, &flow));
    w->policy.rules[0] = (struct avpn_rule)RULE(DENY, .destination = world_prefix("10.0.3.0/24"));
    w->policy.rule_count = 1;
    EXPECT(w, world_change(w, sites));
    EXPECT(w, world_wait_version(w, w->version, 30 * AVPN_MILLISECOND));
    EXPECT(w, is_denied(w, &flow) && passes(w, &(struct world_flow){.from = 2, .to = 4}));
    w->policy.rule_count = 0;
    EXPECT(w, world_change(w, sites));
    EXPECT(w, world_wait_version(w, w->version, 30 * AVPN_MILLISECOND));
    EXPECT(w, passes(w, &flow) && w->nodes[2].downs == 0);
    return world_del(w);
}

#define S(name_) {#name_, name_, NULL}
const struct scenario policy_scenarios[] = {
    S(the_first_rule_that_matches_decides),
    S(every_rule_counts_what_it_decided),
    S(the_receiver_drops_what_an_old_sender_lets_pass),
    S(a_denied_port_is_denied_in_fragments_too),
    S(rules_are_about_exported_addresses),
    S(an_answer_is_a_packet_of_its_own),
    S(a_new_rule_holds_within_a_round_trip),
};
const size_t policy_scenario_count = sizeof policy_scenarios / sizeof *policy_scenarios;
