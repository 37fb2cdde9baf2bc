/* SPDX-License-Identifier: ISC */
/* What the policy and the site's translation do to packets: firewall, breakout, translation, recursion; and that explain knows. */
#include "harness.h"
#include "node/pair.h"
#include <string.h>

/* A hub that is an exit, two spokes whose LANs have the same addresses. */
static const struct pair_site sites[] = {
    {.role = AVPN_ROLE_HUB, .exports = {"10.1.0.0/16", "fd00:1::/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .takes_default = true,
     .exports = {"10.2.0.0/24", "10.2.9.7/32"},
     .translations = {"192.168.1.0/24", "10.2.0.0/24", "192.168.1.50/32", "10.2.9.7/32"}},
    {.role = AVPN_ROLE_SPOKE, .hubs = {1}, .exports = {"10.3.0.0/24"},
     .translations = {"192.168.1.0/24", "10.3.0.0/24"}},
};
enum { HUB, B, C };

static struct pair pair;

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix;

    ck_assert_int_eq(avpn_prefix_parse(text, &prefix), AVPN_OK);
    return prefix;
}

static struct avpn_address address_of(const char *text)
{
    struct avpn_address address;

    ck_assert_int_eq(avpn_address_parse(text, &address), AVPN_OK);
    return address;
}

/* Web to the hub's server is denied to C, and a range of UDP to everybody; port 8443 outside breaks out. */
static void amend(struct pair *p, struct avpn_config *config)
{
    struct avpn_rule web = {.size = sizeof web, .action = AVPN_RULE_DENY, .protocol = 6,
                            .destination_first = 80, .destination_last = 80, .name = "no-web"};
    struct avpn_rule games = {.size = sizeof games, .action = AVPN_RULE_DENY, .protocol = 17,
                              .destination_first = 5000, .destination_last = 5999};
    struct avpn_breakout breakout = {.size = sizeof breakout, .protocol = 6,
                                     .destination_first = 8443, .destination_last = 8443};

    (void)p;
    web.source = prefix_of("10.3.0.0/16");
    web.destination = prefix_of("10.1.0.80/32");
    ck_assert_int_eq(avpn_config_add_rule(config, &web), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_rule(config, &games), AVPN_OK);
    ck_assert_int_eq(avpn_config_add_breakout(config, &breakout), AVPN_OK);
}

static void start(void)
{
    pair_begin(&pair, sites, 3, 1, 7);
    pair.amend = amend;
    pair.hosts[B].has_breakout = true;
    pair_start(&pair);
    pair_run(&pair, 8 * AVPN_SECOND);
    ck_assert(pair_is_up(&pair, B, HUB) && pair_is_up(&pair, C, HUB));
    for (uint32_t i = 0; i < 3; i++)
        pair.hosts[i].delivered = 0;
}

/* A TCP or UDP packet of 60 bytes; the transport checksum is that of the protocol or 0 with UDP. */
static void flow_packet(uint8_t packet[60], const char *source, const char *destination,
                        uint8_t protocol, uint16_t port)
{
    pair_packet(packet, source, destination, 60);
    packet[10] = packet[11] = 0;
    packet[9] = protocol;
    packet[20] = 0x9c;
    packet[21] = 0x40;
    packet[22] = (uint8_t)(port >> 8);
    packet[23] = (uint8_t)port;
    packet[24] = 0;
    packet[25] = 40;
    packet[26] = packet[27] = 0;
    packet[32] = 0x50;
    packet[33] = 0x10;
}

static void give_flow(uint32_t number, const char *source, const char *destination,
                      uint8_t protocol, uint16_t port)
{
    uint8_t packet[60];

    flow_packet(packet, source, destination, protocol, port);
    pair_give(&pair, number, packet, sizeof packet);
    pair_run(&pair, AVPN_SECOND / 5);
}

struct rule_row {
    uint32_t from;
    const char *source, *destination;
    uint8_t protocol;
    uint16_t port;
    bool is_denied;
    uint32_t rule;
};
static const struct rule_row rule_rows[] = {
    {C, "192.168.1.5", "10.1.0.80", 6, 80, true, 0},
    {C, "192.168.1.5", "10.1.0.80", 6, 81, false, AVPN_EXPLAIN_DEFAULT},
    {C, "192.168.1.5", "10.1.0.81", 6, 80, false, AVPN_EXPLAIN_DEFAULT},
    {B, "192.168.1.5", "10.1.0.80", 6, 80, false, AVPN_EXPLAIN_DEFAULT},
    {B, "192.168.1.5", "10.1.0.80", 17, 5999, true, 1},
    {B, "192.168.1.5", "10.1.0.80", 17, 6000, false, AVPN_EXPLAIN_DEFAULT},
};

START_TEST(the_sender_judges_by_the_rules_and_explain_says_the_same) /* [FWL-1], [FWL-2], [TRN-1] */
{
    const struct rule_row *row = &rule_rows[_i];
    struct avpn_flow flow = {.size = sizeof flow, .protocol = row->protocol,
                             .destination_port = row->port};
    struct avpn_explanation why = {.size = sizeof why};
    struct avpn_rule_status status = {.size = sizeof status};

    start();
    give_flow(row->from, row->source, row->destination, row->protocol, row->port);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, !row->is_denied);
    ck_assert_uint_eq(pair_counter(&pair, row->from, AVPN_DROP_FIREWALL), row->is_denied);
    flow.source = address_of(row->source);
    flow.destination = address_of(row->destination);
    ck_assert_int_eq(avpn_node_explain(pair.hosts[row->from].node, &flow, &why), AVPN_OK);
    ck_assert_uint_eq(why.verdict, row->is_denied ? AVPN_EXPLAIN_DENIED : AVPN_EXPLAIN_TUNNEL);
    ck_assert_uint_eq(why.rule, row->rule);
    ck_assert_uint_eq(why.is_translated, 1);
    ck_assert_uint_eq(why.next_hop, HUB + 1);
    if (row->is_denied) {
        ck_assert_int_eq(avpn_node_rule_at(pair.hosts[row->from].node, row->rule, NULL, &status),
                         AVPN_OK);
        ck_assert_uint_eq(status.sent_packets, 1);
        ck_assert_uint_eq(status.received_packets, 0);
        /* the sender's host is told, by an error about the packet as it knows it [ICM-1] */
        ck_assert_uint_eq(pair.hosts[row->from].delivered, 1);
        ck_assert_uint_eq(pair.hosts[row->from].last_packet[20], 3);
        ck_assert_uint_eq(pair.hosts[row->from].last_packet[21], 13);
        ck_assert_mem_eq(pair.hosts[row->from].last_packet + 28 + 12, "\xc0\xa8\x01\x05", 4);
    }
    pair_end(&pair);
}
END_TEST

/* A sender whose engine does not care, be it older or hostile: what the receiver does counts. */
START_TEST(the_receiver_judges_again) /* [FWL-1] */
{
    struct avpn_rule_status status = {.size = sizeof status};
    struct avpn_rule rule = {.size = sizeof rule};

    start();
    pair.hosts[C].node->rules->firewall.rule_count = 0;
    give_flow(C, "192.168.1.5", "10.1.0.80", 6, 80);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 0);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_FIREWALL), 1);
    ck_assert_int_eq(avpn_node_rule_at(pair.hosts[HUB].node, 0, &rule, &status), AVPN_OK);
    ck_assert_uint_eq(status.received_packets, 1);
    ck_assert_str_eq(rule.name, "no-web");
    ck_assert_int_eq(avpn_node_rule_at(pair.hosts[HUB].node, 2, &rule, &status), AVPN_ERROR_EMPTY);
    pair.hosts[C].node->rules->firewall.rule_count = 2;
    pair_end(&pair);
}
END_TEST

START_TEST(a_first_fragment_does_not_hide_its_ports) /* [FWL-3] */
{
    uint8_t packet[22];

    start();
    pair_packet(packet, "10.1.0.80", "10.2.0.5", sizeof packet);
    packet[6] = 0x20; /* more follow */
    packet[9] = 6;
    pair_give(&pair, HUB, packet, sizeof packet);
    pair_run(&pair, AVPN_SECOND / 5);
    ck_assert_uint_eq(pair.hosts[B].delivered, 0);
    ck_assert_uint_eq(pair_counter(&pair, HUB, AVPN_DROP_FIREWALL), 1);
    pair_end(&pair);
}
END_TEST

START_TEST(counters_of_a_rule_that_stays_live_through_a_new_configuration) /* [FWL-1] */
{
    struct avpn_rule_status status = {.size = sizeof status};

    start();
    give_flow(C, "192.168.1.5", "10.1.0.80", 6, 80);
    pair_configure(&pair);
    ck_assert_int_eq(avpn_node_rule_at(pair.hosts[C].node, 0, NULL, &status), AVPN_OK);
    ck_assert_uint_eq(status.sent_packets, 1);
    pair_end(&pair);
}
END_TEST

START_TEST(equal_lans_talk_by_their_exported_addresses) /* [TRN-1], [TRN-3] */
{
    const uint8_t *got = pair.hosts[C].last_packet;

    start();
    give_flow(B, "192.168.1.5", "10.3.0.9", 6, 7);
    ck_assert_uint_eq(pair.hosts[C].delivered, 1);
    ck_assert_mem_eq(got + 12, "\x0a\x02\x00\x05", 4);
    ck_assert_mem_eq(got + 16, "\xc0\xa8\x01\x09", 4);
    give_flow(B, "192.168.1.50", "10.3.0.9", 6, 7); /* the single host */
    ck_assert_uint_eq(pair.hosts[C].delivered, 2);
    ck_assert_mem_eq(got + 12, "\x0a\x02\x09\x07", 4);
    give_flow(C, "192.168.1.9", "10.2.9.7", 6, 7);
    ck_assert_uint_eq(pair.hosts[B].delivered, 1);
    ck_assert_mem_eq(pair.hosts[B].last_packet + 16, "\xc0\xa8\x01\x32", 4);
    give_flow(C, "192.168.1.9", "10.2.0.50", 6, 7); /* the other address of that host: it has one */
    ck_assert_uint_eq(pair.hosts[B].delivered, 1);
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_DROP_TRANSLATION), 1);
    pair_end(&pair);
}
END_TEST

START_TEST(what_the_policy_excepts_breaks_out_of_a_default_route_only) /* [RTE-9] */
{
    struct avpn_flow flow = {.size = sizeof flow, .protocol = 6, .destination_port = 8443};
    struct avpn_explanation why = {.size = sizeof why};

    start();
    give_flow(B, "192.168.1.5", "198.18.0.1", 6, 443);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1); /* the exit hub's host has it */
    give_flow(B, "192.168.1.5", "198.18.0.1", 6, 8443);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 1);
    ck_assert_uint_eq(pair.hosts[B].broken_out, 1);
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_COUNT_BREAKOUT), 1);
    give_flow(B, "192.168.1.5", "10.1.0.1", 6, 8443); /* inside the VPN */
    ck_assert_uint_eq(pair.hosts[B].broken_out, 1);
    ck_assert_uint_eq(pair.hosts[HUB].delivered, 2);
    flow.source = address_of("192.168.1.5");
    flow.destination = address_of("198.18.0.1");
    ck_assert_int_eq(avpn_node_explain(pair.hosts[B].node, &flow, &why), AVPN_OK);
    ck_assert_uint_eq(why.verdict, AVPN_EXPLAIN_BREAKOUT);
    ck_assert_uint_eq(why.breakout, 0);
    flow.destination_port = 443;
    ck_assert_int_eq(avpn_node_explain(pair.hosts[B].node, &flow, &why), AVPN_OK);
    ck_assert_uint_eq(why.verdict, AVPN_EXPLAIN_TUNNEL);
    ck_assert_uint_eq(why.prefix.length, 0);
    pair_end(&pair);
}
END_TEST

START_TEST(without_a_seam_what_breaks_out_is_dropped_and_counted) /* [RTE-9] */
{
    pair_begin(&pair, sites, 3, 1, 7);
    pair.amend = amend;
    pair_start(&pair);
    pair_run(&pair, 8 * AVPN_SECOND);
    give_flow(B, "192.168.1.5", "198.18.0.1", 6, 8443);
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_DROP_BREAKOUT), 1);
    pair_end(&pair);
}
END_TEST

START_TEST(own_outer_datagrams_never_enter_a_tunnel) /* [RTE-11] */
{
    struct avpn_contact contact;
    uint32_t uplink, count = 0;
    uint8_t packet[60];

    start();
    flow_packet(packet, "203.0.113.2", "203.0.113.1", 17, 40000);
    pair_give(&pair, B, packet, sizeof packet); /* from port 40000, as its uplink's socket */
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_DROP_RECURSION), 1);
    packet[21]++; /* another port of the same machine is nobody's business here */
    pair_give(&pair, B, packet, sizeof packet);
    ck_assert_uint_eq(pair_counter(&pair, B, AVPN_DROP_RECURSION), 1);
    while (avpn_node_outer_at(pair.hosts[B].node, count, &uplink, &contact) == AVPN_OK) {
        ck_assert_uint_eq(uplink, 0);
        ck_assert(memcmp(&contact, &pair.hosts[HUB].contacts[0], sizeof contact) == 0 ||
                  memcmp(&contact, &pair.hosts[3].contacts[0], sizeof contact) == 0);
        count++;
    }
    ck_assert_uint_eq(count, 2); /* the registry, the hub */
    pair_end(&pair);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(the_sender_judges_by_the_rules_and_explain_says_the_same,
                 HARNESS_COUNT(rule_rows)),
    HARNESS_CASE(the_receiver_judges_again),
    HARNESS_CASE(a_first_fragment_does_not_hide_its_ports),
    HARNESS_CASE(counters_of_a_rule_that_stays_live_through_a_new_configuration),
    HARNESS_CASE(equal_lans_talk_by_their_exported_addresses),
    HARNESS_CASE(what_the_policy_excepts_breaks_out_of_a_default_route_only),
    HARNESS_CASE(without_a_seam_what_breaks_out_is_dropped_and_counted),
    HARNESS_CASE(own_outer_datagrams_never_enter_a_tunnel),
};

HARNESS_MAIN("node/policy", cases)
