/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "admin/prefixes.h"
#include "admin/rules.h"

static struct avpn_prefix prefix(const char *text)
{
    struct avpn_prefix value = {0};

    if (text && strcmp(text, "any") != 0)
        ck_assert_msg(avpn_prefix_parse(text, &value) == AVPN_OK, "%s", text);
    return value;
}

/* ---- protocols and ports --------------------------------------------------------------------- */

static const struct protocol_row {
    const char *text;
    int number; /* -1: refused */
    int has_ports;
} protocol_rows[] = {
    {"any", 0, 0},    {"icmp", 1, 0},
    {"tcp", 6, 1},    {"udp", 17, 1},
    {"dccp", 33, 1},  {"gre", 47, 0},
    {"esp", 50, 0},   {"icmpv6", 58, 0},
    {"sctp", 132, 1}, {"udplite", 136, 1},
    {"1", 1, 0},      {"6", 6, 1},
    {"89", 89, 0},    {"255", 255, 0},
    {"256", -1, 0},   {"0", -1, 0},
    {"-1", -1, 0},    {"TCP", -1, 0},
    {"", -1, 0},      {"6x", -1, 0},
    {" 6", -1, 0},    {"99999999999999999999", -1, 0},
};

START_TEST(protocols_are_names_or_numbers)
{
    const struct protocol_row *row = &protocol_rows[_i];
    char name[RULES_PROTOCOL_TEXT];

    ck_assert_int_eq(rules_protocol(row->text), row->number);
    if (row->number < 0)
        return;
    ck_assert_int_eq(rules_has_ports((uint8_t)row->number), row->has_ports);
    ck_assert_int_eq(rules_protocol(rules_protocol_name((uint8_t)row->number, name)), row->number);
}
END_TEST

static const struct range_row {
    const char *text;
    uint16_t first, last; /* 0: refused */
} range_rows[] = {
    {"22", 22, 22},
    {"8000-8100", 8000, 8100},
    {"1-65535", 1, 65535},
    {"65535", 65535, 65535},
    {"7-7", 7, 7},
    {"0", 0, 0},
    {"0-10", 0, 0},
    {"65536", 0, 0},
    {"10-65536", 0, 0},
    {"20-10", 0, 0},
    {"-5", 0, 0},
    {"5-", 0, 0},
    {"5-6-7", 0, 0},
    {"5 - 6", 0, 0},
    {"", 0, 0},
    {"ssh", 0, 0},
    {"22x", 0, 0},
    {"4294967318", 0, 0},
};

START_TEST(ports_are_numbers_or_ranges)
{
    const struct range_row *row = &range_rows[_i];
    struct rules_range range = {0};

    ck_assert_int_eq(rules_parse_range(row->text, &range), row->last ? 0 : -1);
    ck_assert_uint_eq(range.first, row->first);
    ck_assert_uint_eq(range.last, row->last);
}
END_TEST

START_TEST(ranges_that_overlap_or_adjoin_are_joined)
{
    struct rules_range ranges[] = {{8000, 8100}, {22, 22},       {8101, 8101},  {8050, 8060},
                                   {8103, 8103}, {65535, 65535}, {65535, 65535}};
    static const struct rules_range wanted[] = {
        {22, 22}, {8000, 8101}, {8103, 8103}, {65535, 65535}};

    ck_assert_uint_eq(rules_join_ranges(ranges, 7), 4);
    ck_assert_mem_eq(ranges, wanted, sizeof wanted);
    ck_assert_uint_eq(rules_join_ranges(ranges, 0), 0);
}
END_TEST

/* ---- expansion ---------------------------------------------------------------------------------- */

#define LIST 4
#define MADE 64

static const struct expansion {
    uint8_t protocols[LIST];
    const char *from[LIST], *to[LIST];
    struct rules_range source_ports[LIST], ports[LIST];
    const char *wanted[8]; /* in words, after "deny " */
} expansions[] = {
    {.wanted = {"any from any to any"}},
    {.protocols = {6}, .ports = {{22, 22}}, .wanted = {"tcp from any to any port 22"}},
    {.from = {"10.1.0.0/16", "10.2.0.0/16"},
     .to = {"10.3.0.0/16", "10.4.0.1/32"},
     .wanted = {"any from 10.1.0.0/16 to 10.3.0.0/16", "any from 10.1.0.0/16 to 10.4.0.1/32",
                "any from 10.2.0.0/16 to 10.3.0.0/16", "any from 10.2.0.0/16 to 10.4.0.1/32"}},
    /* families do not mix, any is of both */
    {.from = {"10.1.0.0/16", "2001:db8::/32"},
     .to = {"10.3.0.0/16", "fd00::/8"},
     .wanted = {"any from 10.1.0.0/16 to 10.3.0.0/16", "any from 2001:db8::/32 to fd00::/8"}},
    {.from = {"10.1.0.0/16", "2001:db8::/32"},
     .wanted = {"any from 10.1.0.0/16 to any", "any from 2001:db8::/32 to any"}},
    {.from = {"10.1.0.0/16"}, .to = {"fd00::/8"}, .wanted = {NULL}},
    /* ICMP is IPv4's, ICMPv6 is IPv6's */
    {.protocols = {1, 58},
     .to = {"10.3.0.0/16", "fd00::/8"},
     .wanted = {"icmp from any to 10.3.0.0/16", "icmpv6 from any to fd00::/8"}},
    {.protocols = {58}, .from = {"10.3.0.0/16"}, .wanted = {NULL}},
    {.protocols = {1}, .wanted = {"icmp from any to any"}},
    {.protocols = {6, 17},
     .source_ports = {{1024, 65535}},
     .ports = {{53, 53}, {853, 853}},
     .wanted = {"tcp from any ports 1024-65535 to any port 53",
                "tcp from any ports 1024-65535 to any port 853",
                "udp from any ports 1024-65535 to any port 53",
                "udp from any ports 1024-65535 to any port 853"}},
};

struct made {
    uint32_t count;
    struct avpn_rule rules[MADE];
};

static void put(void *user, const struct avpn_rule *rule)
{
    struct made *made = user;

    ck_assert_uint_lt(made->count, MADE);
    made->rules[made->count++] = *rule;
}

static uint32_t read_prefixes(const char *const texts[LIST], struct avpn_prefix values[LIST])
{
    uint32_t count = 0;

    for (; count < LIST && texts[count]; count++)
        values[count] = prefix(texts[count]);
    return count;
}

static uint32_t read_ranges(const struct rules_range given[LIST], struct rules_range *ranges)
{
    uint32_t count = 0;

    for (; count < LIST && given[count].last; count++)
        ranges[count] = given[count];
    return count;
}

START_TEST(a_rule_with_lists_becomes_one_for_each_possible_combination)
{
    const struct expansion *row = &expansions[_i];
    struct avpn_prefix from[LIST], to[LIST];
    struct rules_spec spec = {.action = AVPN_RULE_DENY, .from = from, .to = to, .name = "x"};
    struct made made = {0};
    uint32_t wanted = 0;

    spec.from_count = read_prefixes(row->from, from);
    spec.to_count = read_prefixes(row->to, to);
    spec.source_port_count = read_ranges(row->source_ports, spec.source_ports);
    spec.port_count = read_ranges(row->ports, spec.ports);
    while (spec.protocol_count < LIST && row->protocols[spec.protocol_count]) {
        spec.protocols[spec.protocol_count] = row->protocols[spec.protocol_count];
        spec.protocol_count++;
    }
    rules_expand(&spec, put, &made);
    for (; row->wanted[wanted]; wanted++) {
        char words[RULES_TEXT];

        ck_assert_uint_lt(wanted, made.count);
        ck_assert_str_eq(rules_words(&made.rules[wanted], words) + strlen("deny "),
                         row->wanted[wanted]);
        ck_assert_uint_eq(made.rules[wanted].size, sizeof(struct avpn_rule));
        ck_assert_uint_eq(made.rules[wanted].action, AVPN_RULE_DENY);
        ck_assert_str_eq(made.rules[wanted].name, "x");
    }
    ck_assert_uint_eq(made.count, wanted);
    ck_assert_uint_eq(rules_count(&spec), wanted);
}
END_TEST

START_TEST(counting_does_not_take_as_long_as_making)
{
    static struct avpn_prefix many[100000];
    struct rules_spec spec = {.action = AVPN_RULE_DENY,
                              .from = many,
                              .from_count = 100000,
                              .to = many,
                              .to_count = 100000,
                              .protocols = {6},
                              .protocol_count = 1,
                              .ports = {{1, 1}, {3, 3}, {5, 5}},
                              .port_count = 3};

    for (uint32_t i = 0; i < 100000; i++)
        many[i] = (struct avpn_prefix){.family = i % 4 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6,
                                       .length = 32,
                                       .bytes = {1, (uint8_t)(i >> 8), (uint8_t)i}};
    ck_assert_uint_eq(rules_count(&spec), 3 * (75000ull * 75000 + 25000ull * 25000));
}
END_TEST

/* ---- one rule before another ----------------------------------------------------------------------- */

struct end {
    uint8_t protocol;
    const char *from, *to;
    uint16_t source_first, source_last, first, last;
};

static struct avpn_rule rule_of(const struct end *end)
{
    return (struct avpn_rule){.size = sizeof(struct avpn_rule),
                              .action = AVPN_RULE_ALLOW,
                              .protocol = end->protocol,
                              .source = prefix(end->from),
                              .destination = prefix(end->to),
                              .source_first = end->source_first,
                              .source_last = end->source_last,
                              .destination_first = end->first,
                              .destination_last = end->last};
}

static const struct cover_row {
    struct end outer, inner;
    int covers, covers_back;
} cover_rows[] = {
    {{0}, {0}, 1, 1},
    {{0}, {.protocol = 6, .from = "10.0.0.0/8", .first = 1, .last = 2}, 1, 0},
    {{.protocol = 6}, {.protocol = 17}, 0, 0},
    {{.protocol = 6}, {.protocol = 6, .first = 22, .last = 22}, 1, 0},
    {{.protocol = 6, .source_first = 22, .source_last = 22}, {.protocol = 6}, 0, 1},
    {{.protocol = 6, .first = 1, .last = 100}, {.protocol = 6, .first = 22, .last = 22}, 1, 0},
    {{.protocol = 6, .first = 1, .last = 100}, {.protocol = 6, .first = 50, .last = 101}, 0, 0},
    {{.protocol = 6, .first = 0, .last = 100}, {.protocol = 6}, 0, 1},
    {{.protocol = 6, .source_first = 5, .source_last = 9},
     {.protocol = 6, .source_first = 4, .source_last = 9},
     0,
     1},
    {{.from = "10.0.0.0/8"}, {.from = "10.1.0.0/16"}, 1, 0},
    {{.to = "10.0.0.0/8"}, {.to = "10.1.0.0/16"}, 1, 0},
    {{.to = "10.0.0.0/8"}, {.from = "10.0.0.0/8"}, 0, 0},
    {{.from = "0.0.0.0/0"}, {0}, 0, 1},
    {{.from = "0.0.0.0/0"}, {.from = "::/0"}, 0, 0},
    {{.from = "10.0.0.0/8", .to = "10.1.0.0/16"},
     {.from = "10.2.0.0/16", .to = "10.1.2.0/24"},
     1,
     0},
    {{.from = "10.2.0.0/16", .to = "10.1.2.0/24"},
     {.from = "10.0.0.0/8", .to = "10.1.2.3/32"},
     0,
     0},
};

START_TEST(a_rule_covers_what_is_not_wider_in_anything)
{
    struct avpn_rule outer = rule_of(&cover_rows[_i].outer);
    struct avpn_rule inner = rule_of(&cover_rows[_i].inner);

    ck_assert_int_eq(rules_cover(&outer, &inner), cover_rows[_i].covers);
    ck_assert_int_eq(rules_cover(&inner, &outer), cover_rows[_i].covers_back);
    ck_assert_int_eq(rules_equal(&inner, &outer),
                     cover_rows[_i].covers && cover_rows[_i].covers_back);
    outer.action = AVPN_RULE_DENY;
    ck_assert_int_eq(rules_cover(&outer, &inner), cover_rows[_i].covers);
    ck_assert(!rules_equal(&inner, &outer));
}
END_TEST

/* A naive packet filter over few values. */
struct packet {
    uint8_t protocol;
    struct avpn_prefix source, destination;
    uint16_t source_port, port;
};

static int in_range(uint16_t port, uint16_t first, uint16_t last)
{
    return last == 0 || (first <= port && port <= last);
}

static int matches(const struct avpn_rule *rule, const struct packet *packet)
{
    return (!rule->protocol || rule->protocol == packet->protocol) &&
           (!rule->source.family || prefixes_contain(&rule->source, &packet->source)) &&
           (!rule->destination.family ||
            prefixes_contain(&rule->destination, &packet->destination)) &&
           in_range(packet->source_port, rule->source_first, rule->source_last) &&
           in_range(packet->port, rule->destination_first, rule->destination_last);
}

static struct avpn_prefix some_prefix(uint64_t *state, int is_host)
{
    struct avpn_prefix value = {.family = AVPN_FAMILY_IPV4};

    if (!is_host && harness_random(state) % 3 == 0)
        return (struct avpn_prefix){0};
    value.length = (uint8_t)(is_host ? 2 : harness_random(state) % 3);
    value.bytes[0] = (uint8_t)(harness_random(state) << (8 - value.length));
    return value;
}

static uint16_t some_port(uint64_t *state)
{
    return (uint16_t)(1 + harness_random(state) % 3);
}

static struct avpn_rule some_rule(uint64_t *state)
{
    struct avpn_rule rule = {.size = sizeof rule, .action = AVPN_RULE_ALLOW};

    rule.protocol = harness_random(state) % 3 ? 6 : 0;
    rule.source = some_prefix(state, 0);
    rule.destination = some_prefix(state, 0);
    if (rule.protocol && harness_random(state) % 2) {
        rule.destination_first = some_port(state);
        rule.destination_last = (uint16_t)(rule.destination_first + harness_random(state) % 2);
    }
    return rule;
}

START_TEST(no_packet_gets_past_a_covering_rule)
{
    uint64_t state = 97;
    int covered = 0;

    for (int round = 0; round < 20000; round++) {
        struct avpn_rule outer = some_rule(&state), inner = some_rule(&state);
        struct packet packet = {.protocol = 6,
                                .source = some_prefix(&state, 1),
                                .destination = some_prefix(&state, 1),
                                .source_port = some_port(&state),
                                .port = some_port(&state)};

        if (!rules_cover(&outer, &inner) || !matches(&inner, &packet))
            continue;
        covered++;
        ck_assert(matches(&outer, &packet));
    }
    ck_assert_int_gt(covered, 200);
}
END_TEST

START_TEST(a_breakout_is_told_in_words)
{
    struct avpn_breakout breakout = {.size = sizeof breakout,
                                     .destination = prefix("203.0.113.0/24"),
                                     .protocol = 17,
                                     .destination_first = 53,
                                     .destination_last = 54};
    char words[RULES_TEXT];

    ck_assert_str_eq(rules_breakout_words(&breakout, words), "udp to 203.0.113.0/24 ports 53-54");
    breakout = (struct avpn_breakout){.size = sizeof breakout, .protocol = 89};
    ck_assert_str_eq(rules_breakout_words(&breakout, words), "89 to any");
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(protocols_are_names_or_numbers, HARNESS_COUNT(protocol_rows)),
    HARNESS_LOOP(ports_are_numbers_or_ranges, HARNESS_COUNT(range_rows)),
    HARNESS_CASE(ranges_that_overlap_or_adjoin_are_joined),
    HARNESS_LOOP(a_rule_with_lists_becomes_one_for_each_possible_combination,
                 HARNESS_COUNT(expansions)),
    HARNESS_CASE(counting_does_not_take_as_long_as_making),
    HARNESS_LOOP(a_rule_covers_what_is_not_wider_in_anything, HARNESS_COUNT(cover_rows)),
    HARNESS_CASE(no_packet_gets_past_a_covering_rule),
    HARNESS_CASE(a_breakout_is_told_in_words),
};
HARNESS_MAIN("programs/rules", cases)
