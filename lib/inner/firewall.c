/* SPDX-License-Identifier: ISC */
/*
 * firewall: rules tried one after the other, as they stand in the configuration.
 *
 * An address is taken apart once into two words; a rule is then a few comparisons, of which the cheapest come first, and a thousand of them are
 * some microseconds. No index could be wrong. Spec: [FWL-1] to [FWL-3], [RTE-9].
 */
#include "inner/firewall.h"

#include "base/sized.h"

#include <string.h>

/* ---- memory ---------------------------------------------------------------------------------- */

void avpni_firewall_init(struct avpni_firewall *firewall, const struct avpni_memory *memory)
{
    *firewall = (struct avpni_firewall){.memory = *memory};
}

void avpni_firewall_fini(struct avpni_firewall *firewall)
{
    const struct avpni_memory memory = firewall->memory;

    avpni_release(&memory, firewall->rules);
    avpni_release(&memory, firewall->breakouts);
    avpni_release(&memory, firewall->sent);
    avpni_release(&memory, firewall->received);
    avpni_firewall_init(firewall, &memory);
}

int32_t avpni_firewall_reserve(struct avpni_firewall *firewall, uint32_t rules, uint32_t breakouts)
{
    const struct avpni_memory *memory = &firewall->memory;
    struct avpni_firewall made = {
        .memory = *memory,
        .rules = avpni_allocate(memory, rules, sizeof *made.rules),
        .breakouts = avpni_allocate(memory, breakouts, sizeof *made.breakouts),
        .sent = avpni_allocate(memory, rules, sizeof *made.sent),
        .received = avpni_allocate(memory, rules, sizeof *made.received),
        .rule_count = rules,
        .breakout_count = breakouts,
    };

    if (made.rules == NULL || made.breakouts == NULL || made.sent == NULL ||
        made.received == NULL) {
        avpni_firewall_fini(&made);
        return AVPN_ERROR_MEMORY;
    }
    avpni_firewall_fini(firewall);
    *firewall = made;
    return AVPN_OK;
}

_Static_assert(AVPNI_FIRST_RULE == 120, "rules are compared as bytes: no padding");

/* The place in `old` of the rule, searched from `from` on around: most configurations differ by a rule or two. */
static uint32_t find_equal(const struct avpni_firewall *old, const struct avpn_rule *rule,
                           uint32_t from)
{
    for (uint32_t i = 0; i < old->rule_count; i++) {
        uint32_t at = (from + i) % old->rule_count;

        if (memcmp(&old->rules[at], rule, sizeof *rule) == 0)
            return at;
    }
    return AVPNI_RULE_NONE;
}

void avpni_firewall_adopt(struct avpni_firewall *firewall, const struct avpni_firewall *old)
{
    uint32_t next = 0;

    for (uint32_t i = 0; i < firewall->rule_count; i++) {
        uint32_t at = find_equal(old, &firewall->rules[i], next);

        if (at == AVPNI_RULE_NONE)
            continue;
        avpni_tally_set(&firewall->sent[i], avpni_tally_read(&old->sent[at]));
        avpni_tally_set(&firewall->received[i], avpni_tally_read(&old->received[at]));
        next = at + 1;
    }
}

/* ---- matching -------------------------------------------------------------------------------- */

struct words {
    uint64_t high, low;
    uint8_t family;
};

/* Written out, for then compilers see one load. */
static uint64_t word_of(const uint8_t b[8])
{
    return (uint64_t)b[0] << 56 | (uint64_t)b[1] << 48 | (uint64_t)b[2] << 40 |
           (uint64_t)b[3] << 32 | (uint64_t)b[4] << 24 | (uint64_t)b[5] << 16 |
           (uint64_t)b[6] << 8 | b[7];
}

static struct words words_of(const struct avpn_address *address)
{
    return (struct words){word_of(address->bytes), word_of(address->bytes + 8), address->family};
}

/* A prefix of no family has every address. */
static bool has(const struct avpn_prefix *prefix, const struct words *address)
{
    if (prefix->family == AVPN_FAMILY_NONE || prefix->length == 0)
        return prefix->family == AVPN_FAMILY_NONE || prefix->family == address->family;
    if (prefix->family != address->family)
        return false;
    uint64_t high = word_of(prefix->bytes) ^ address->high;

    if (prefix->length <= 64)
        return high >> (64 - prefix->length) == 0;
    return high == 0 && (word_of(prefix->bytes + 8) ^ address->low) >> (128 - prefix->length) == 0;
}

static bool is_any(uint16_t first, uint16_t last)
{
    return first == 0 && last == 0;
}

static bool is_in(uint16_t first, uint16_t last, uint16_t port)
{
    return is_any(first, last) || (first <= port && port <= last);
}

static bool ports_match(const struct avpn_rule *rule, const struct avpni_transport *t)
{
    if (is_any(rule->source_first, rule->source_last) &&
        is_any(rule->destination_first, rule->destination_last))
        return true;
    if (t->is_later_fragment)
        return rule->action == AVPN_RULE_ALLOW; /* [FWL-3] */
    return t->has_ports && is_in(rule->source_first, rule->source_last, t->source_port) &&
           is_in(rule->destination_first, rule->destination_last, t->destination_port);
}

static uint32_t find_rule(const struct avpni_firewall *firewall, const struct avpni_judged *packet)
{
    struct words source = words_of(packet->source), destination = words_of(packet->destination);
    const struct avpni_transport *t = packet->transport;

    for (uint32_t i = 0; i < firewall->rule_count; i++) {
        const struct avpn_rule *rule = &firewall->rules[i];

        if ((rule->protocol == 0 || rule->protocol == t->protocol) && has(&rule->source, &source) &&
            has(&rule->destination, &destination) && ports_match(rule, t))
            return i;
    }
    return AVPNI_RULE_NONE;
}

uint32_t avpni_firewall_find(const struct avpni_firewall *firewall,
                             const struct avpni_judged *packet)
{
    return firewall->rule_count == 0 ? AVPNI_RULE_NONE : find_rule(firewall, packet);
}

bool avpni_firewall_allows(const struct avpni_firewall *firewall, uint32_t rule)
{
    return rule == AVPNI_RULE_NONE || firewall->rules[rule].action == AVPN_RULE_ALLOW;
}

static bool breakout_matches(const struct avpn_breakout *breakout, const struct words *destination,
                             const struct avpni_transport *t)
{
    uint16_t first = breakout->destination_first, last = breakout->destination_last;

    return (breakout->protocol == 0 || breakout->protocol == t->protocol) &&
           has(&breakout->destination, destination) &&
           (is_any(first, last) || (t->has_ports && is_in(first, last, t->destination_port)));
}

uint32_t avpni_breakout_find(const struct avpni_firewall *firewall, uint32_t member,
                             const struct avpni_judged *packet)
{
    if (firewall->breakout_count == 0)
        return AVPNI_RULE_NONE;
    struct words destination = words_of(packet->destination);

    for (uint32_t i = 0; i < firewall->breakout_count; i++) {
        const struct avpn_breakout *breakout = &firewall->breakouts[i];

        if ((breakout->member == 0 || breakout->member == member) &&
            breakout_matches(breakout, &destination, packet->transport))
            return i;
    }
    return AVPNI_RULE_NONE;
}
