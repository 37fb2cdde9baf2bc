/* SPDX-License-Identifier: ISC */
#include "admin/rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/prefixes.h"

#define ICMP 1
#define ICMPV6 58

/* ---- protocols and ports -------------------------------------------------------------------- */

static const struct {
    const char *name;
    uint8_t number;
    uint8_t has_ports;
} protocols[] = {
    {"any", 0, 0},  {"icmp", ICMP, 0}, {"tcp", 6, 1},         {"udp", 17, 1},   {"dccp", 33, 1},
    {"gre", 47, 0}, {"esp", 50, 0},    {"icmpv6", ICMPV6, 0}, {"sctp", 132, 1}, {"udplite", 136, 1},
};

#define PROTOCOLS (sizeof protocols / sizeof protocols[0])

int rules_protocol(const char *text)
{
    char *end;
    unsigned long number;

    for (size_t i = 0; i < PROTOCOLS; i++)
        if (strcmp(text, protocols[i].name) == 0)
            return protocols[i].number;
    number = strtoul(text, &end, 10);
    return text[0] >= '1' && text[0] <= '9' && *end == 0 && number <= 255 ? (int)number : -1;
}

const char *rules_protocol_name(uint8_t protocol, char text_out[RULES_PROTOCOL_TEXT])
{
    (void)snprintf(text_out, RULES_PROTOCOL_TEXT, "%u", protocol);
    for (size_t i = 0; i < PROTOCOLS; i++)
        if (protocols[i].number == protocol)
            (void)snprintf(text_out, RULES_PROTOCOL_TEXT, "%s", protocols[i].name);
    return text_out;
}

int rules_has_ports(uint8_t protocol)
{
    for (size_t i = 0; i < PROTOCOLS; i++)
        if (protocols[i].number == protocol)
            return protocols[i].has_ports;
    return 0;
}

static int parse_port(const char *text, char **end, uint16_t *port_out)
{
    unsigned long port = strtoul(text, end, 10);

    *port_out = (uint16_t)port;
    return text[0] >= '0' && text[0] <= '9' && port >= 1 && port <= UINT16_MAX;
}

int rules_parse_range(const char *text, struct rules_range *range_out)
{
    struct rules_range range;
    char *end;

    if (!parse_port(text, &end, &range.first))
        return -1;
    range.last = range.first;
    if (*end == '-' && !parse_port(end + 1, &end, &range.last))
        return -1;
    if (*end || range.last < range.first)
        return -1;
    *range_out = range;
    return 0;
}

static int compare_ranges(const void *a, const void *b)
{
    return ((const struct rules_range *)a)->first - ((const struct rules_range *)b)->first;
}

uint32_t rules_join_ranges(struct rules_range *ranges, uint32_t count)
{
    uint32_t kept = 0;

    if (count > 1)
        qsort(ranges, count, sizeof *ranges, compare_ranges);
    for (uint32_t i = 0; i < count; i++) {
        struct rules_range *before = kept ? &ranges[kept - 1] : NULL;

        if (!before || ranges[i].first > before->last + 1)
            ranges[kept++] = ranges[i];
        else if (ranges[i].last > before->last)
            before->last = ranges[i].last;
    }
    return kept;
}

/* ---- expansion ------------------------------------------------------------------------------ */

/* The one family in which packets of a protocol are, or NONE: of both. */
static uint8_t family_of(uint8_t protocol)
{
    if (protocol == ICMP)
        return AVPN_FAMILY_IPV4;
    return protocol == ICMPV6 ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_NONE;
}

static int can_meet(uint8_t a, uint8_t b)
{
    return a == AVPN_FAMILY_NONE || b == AVPN_FAMILY_NONE || a == b;
}

static int is_possible(const struct avpn_rule *rule)
{
    uint8_t family = family_of(rule->protocol);

    return can_meet(rule->source.family, rule->destination.family) &&
           can_meet(family, rule->source.family) && can_meet(family, rule->destination.family);
}

/* Each dimension has one place at least: any, which is all zeros. */
static uint32_t places(uint32_t count)
{
    return count ? count : 1;
}

static uint64_t count_family(const struct avpn_prefix *prefixes, uint32_t count, uint8_t family)
{
    uint64_t found = 0;

    for (uint32_t i = 0; i < count; i++)
        found += prefixes[i].family == family;
    return count ? found : 1;
}

/* By arithmetic: lists may be of all subnets of thousands of sites. */
static uint64_t count_pairs(const struct rules_spec *spec, uint8_t protocol)
{
    uint64_t count = 0;

    if (spec->from_count == 0 && spec->to_count == 0)
        return 1;
    for (uint8_t family = AVPN_FAMILY_IPV4; family <= AVPN_FAMILY_IPV6; family += 2)
        if (can_meet(family_of(protocol), family))
            count += count_family(spec->from, spec->from_count, family) *
                     count_family(spec->to, spec->to_count, family);
    return count;
}

static uint8_t protocol_at(const struct rules_spec *spec, uint32_t place)
{
    return spec->protocol_count ? spec->protocols[place] : 0;
}

uint64_t rules_count(const struct rules_spec *spec)
{
    uint64_t count = 0;

    for (uint32_t p = 0; p < places(spec->protocol_count); p++)
        count += count_pairs(spec, protocol_at(spec, p));
    return count * places(spec->source_port_count) * places(spec->port_count);
}

static void expand_ports(const struct rules_spec *spec, struct avpn_rule *rule,
                         void (*put)(void *user, const struct avpn_rule *rule), void *user)
{
    for (uint32_t s = 0; s < places(spec->source_port_count); s++)
        for (uint32_t d = 0; d < places(spec->port_count); d++) {
            rule->source_first = spec->source_ports[s].first;
            rule->source_last = spec->source_ports[s].last;
            rule->destination_first = spec->ports[d].first;
            rule->destination_last = spec->ports[d].last;
            put(user, rule);
        }
}

void rules_expand(const struct rules_spec *spec,
                  void (*put)(void *user, const struct avpn_rule *rule), void *user)
{
    struct avpn_rule rule = {.size = sizeof rule, .action = spec->action};

    memcpy(rule.name, spec->name, sizeof rule.name);
    for (uint32_t p = 0; p < places(spec->protocol_count); p++)
        for (uint32_t f = 0; f < places(spec->from_count); f++)
            for (uint32_t t = 0; t < places(spec->to_count); t++) {
                rule.protocol = protocol_at(spec, p);
                if (spec->from_count)
                    rule.source = spec->from[f];
                if (spec->to_count)
                    rule.destination = spec->to[t];
                if (is_possible(&rule))
                    expand_ports(spec, &rule, put, user);
            }
}

/* ---- comparing ------------------------------------------------------------------------------ */

static int covers_prefix(const struct avpn_prefix *outer, const struct avpn_prefix *inner)
{
    return outer->family == AVPN_FAMILY_NONE || prefixes_contain(outer, inner);
}

static int covers_ports(uint16_t outer_first, uint16_t outer_last, uint16_t inner_first,
                        uint16_t inner_last)
{
    return outer_last == 0 ||
           (outer_first <= inner_first && inner_last <= outer_last && inner_last);
}

int rules_cover(const struct avpn_rule *outer, const struct avpn_rule *inner)
{
    return (outer->protocol == 0 || outer->protocol == inner->protocol) &&
           covers_prefix(&outer->source, &inner->source) &&
           covers_prefix(&outer->destination, &inner->destination) &&
           covers_ports(outer->source_first, outer->source_last, inner->source_first,
                        inner->source_last) &&
           covers_ports(outer->destination_first, outer->destination_last, inner->destination_first,
                        inner->destination_last);
}

int rules_equal(const struct avpn_rule *a, const struct avpn_rule *b)
{
    return a->action == b->action && rules_cover(a, b) && rules_cover(b, a);
}

/* ---- words ---------------------------------------------------------------------------------- */

static void append(char *text, const char *more)
{
    size_t length = strlen(text);

    (void)snprintf(text + length, RULES_TEXT - length, "%s", more);
}

static void append_prefix(char *text, const char *word, const struct avpn_prefix *prefix)
{
    char value[AVPN_PREFIX_TEXT] = "any";

    if (prefix->family != AVPN_FAMILY_NONE)
        (void)avpn_prefix_format(prefix, value, sizeof value);
    append(text, word);
    append(text, value);
}

static void append_ports(char *text, const char *word, uint16_t first, uint16_t last)
{
    char value[48] = "";

    if (last && first == last)
        (void)snprintf(value, sizeof value, " %sport %u", word, first);
    else if (last)
        (void)snprintf(value, sizeof value, " %sports %u-%u", word, first, last);
    append(text, value);
}

const char *rules_words(const struct avpn_rule *rule, char text_out[RULES_TEXT])
{
    char protocol[RULES_PROTOCOL_TEXT];

    (void)snprintf(text_out, RULES_TEXT, "%s %s",
                   rule->action == AVPN_RULE_ALLOW ? "allow" : "deny",
                   rules_protocol_name(rule->protocol, protocol));
    append_prefix(text_out, " from ", &rule->source);
    append_ports(text_out, "", rule->source_first, rule->source_last);
    append_prefix(text_out, " to ", &rule->destination);
    append_ports(text_out, "", rule->destination_first, rule->destination_last);
    return text_out;
}

const char *rules_breakout_words(const struct avpn_breakout *breakout, char text_out[RULES_TEXT])
{
    char protocol[RULES_PROTOCOL_TEXT];

    (void)snprintf(text_out, RULES_TEXT, "%s", rules_protocol_name(breakout->protocol, protocol));
    append_prefix(text_out, " to ", &breakout->destination);
    append_ports(text_out, "", breakout->destination_first, breakout->destination_last);
    return text_out;
}
