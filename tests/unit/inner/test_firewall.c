/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include "inner/firewall.h"
#include "packets.h"
#include <stdlib.h>
#include <string.h>

#define ALLOW AVPN_RULE_ALLOW
#define DENY AVPN_RULE_DENY

static void start(struct avpni_firewall *firewall, uint32_t rules, uint32_t breakouts)
{
    struct avpni_memory memory;

    ck_assert_int_eq(avpni_memory_init(&memory, NULL), AVPN_OK);
    avpni_firewall_init(firewall, &memory);
    ck_assert_int_eq(avpni_firewall_reserve(firewall, rules, breakouts), AVPN_OK);
}

static struct avpn_rule rule_of(uint8_t action, uint8_t protocol, const char *source,
                                const char *destination, uint16_t first, uint16_t last)
{
    return (struct avpn_rule){.size = sizeof(struct avpn_rule),
                              .action = action,
                              .protocol = protocol,
                              .source = packets_prefix(source),
                              .destination = packets_prefix(destination),
                              .destination_first = first,
                              .destination_last = last};
}

static struct avpni_transport ports(uint8_t protocol, uint16_t source, uint16_t destination)
{
    return (struct avpni_transport){.protocol = protocol,
                                    .has_ports = true,
                                    .source_port = source,
                                    .destination_port = destination};
}

static uint32_t find(const struct avpni_firewall *firewall, const char *source,
                     const char *destination, const struct avpni_transport *transport)
{
    struct avpn_address from = packets_address(source), to = packets_address(destination);

    return avpni_firewall_find(firewall, &(struct avpni_judged){&from, &to, transport});
}

/* ---- [FWL-1] --------------------------------------------------------------------------------- */

START_TEST(without_rules_everything_is_allowed)
{
    struct avpni_transport tcp = ports(6, 1000, 80);
    struct avpni_firewall firewall;

    start(&firewall, 0, 0);
    ck_assert_uint_eq(find(&firewall, "10.0.0.1", "10.9.0.1", &tcp), AVPNI_RULE_NONE);
    ck_assert(avpni_firewall_allows(&firewall, AVPNI_RULE_NONE));
    avpni_firewall_fini(&firewall);
    ck_assert_uint_eq(find(&firewall, "10.0.0.1", "10.9.0.1", &tcp), AVPNI_RULE_NONE);
}
END_TEST

START_TEST(the_first_rule_that_matches_decides)
{
    struct avpni_transport web = ports(6, 1000, 80), ssh = ports(6, 1000, 22),
                           dns = ports(17, 1000, 53);
    struct avpni_firewall firewall;

    start(&firewall, 4, 0);
    firewall.rules[0] = rule_of(ALLOW, 6, "10.1.0.0/16", NULL, 80, 80);
    firewall.rules[1] = rule_of(DENY, 6, "10.0.0.0/8", NULL, 80, 80);
    firewall.rules[2] = rule_of(ALLOW, 6, NULL, NULL, 0, 0);
    firewall.rules[3] = rule_of(DENY, 0, NULL, "10.9.0.0/16", 0, 0);
    ck_assert_uint_eq(find(&firewall, "10.1.0.1", "10.9.0.1", &web), 0);
    ck_assert_uint_eq(find(&firewall, "10.2.0.1", "10.9.0.1", &web), 1);
    ck_assert_uint_eq(find(&firewall, "10.2.0.1", "10.9.0.1", &ssh), 2);
    ck_assert_uint_eq(find(&firewall, "10.2.0.1", "10.9.0.1", &dns), 3);
    ck_assert_uint_eq(find(&firewall, "10.2.0.1", "10.8.0.1", &dns), AVPNI_RULE_NONE);
    ck_assert(avpni_firewall_allows(&firewall, 0) && avpni_firewall_allows(&firewall, 2));
    ck_assert(!avpni_firewall_allows(&firewall, 1) && !avpni_firewall_allows(&firewall, 3));
    ck_assert_uint_eq(avpni_tally_read(&firewall.sent[0]) + avpni_tally_read(&firewall.received[1]), 0);
    avpni_firewall_fini(&firewall);
}
END_TEST

/* ---- [FWL-2], [FWL-3] ------------------------------------------------------------------------ */

/* TCP to port 80, in the forms in which it comes, and what has none. */
static const struct avpni_transport whole = {
    .protocol = 6, .has_ports = true, .source_port = 1000, .destination_port = 80};
static const struct avpni_transport first = {.protocol = 6,
                                             .has_ports = true,
                                             .is_fragment = true,
                                             .source_port = 1000,
                                             .destination_port = 80};
static const struct avpni_transport later = {
    .protocol = 6, .is_fragment = true, .is_later_fragment = true};
static const struct avpni_transport gre = {.protocol = 47};
static const struct avpni_transport unknown = {.protocol = 0};

struct row {
    const char *name;
    uint8_t action, protocol;
    const char *source, *destination;
    uint16_t ports[4];
    const struct avpni_transport *transport;
    bool matches;
};

static const struct row rows[] = {
    {"anything", DENY, 0, NULL, NULL, {0}, &whole, true},
    {"anything, of what nothing is known", DENY, 0, NULL, NULL, {0}, &unknown, true},
    {"a protocol, of what nothing is known", DENY, 6, NULL, NULL, {0}, &unknown, false},
    {"ports, of what nothing is known", DENY, 6, NULL, NULL, {0, 0, 80, 80}, &unknown, false},
    {"its protocol", DENY, 6, NULL, NULL, {0}, &whole, true},
    {"another protocol", DENY, 17, NULL, NULL, {0}, &whole, false},
    {"its source", DENY, 0, "10.1.0.0/16", NULL, {0}, &whole, true},
    {"another source", DENY, 0, "10.2.0.0/16", NULL, {0}, &whole, false},
    {"its destination", DENY, 0, NULL, "10.9.0.0/16", {0}, &whole, true},
    {"another destination", DENY, 0, NULL, "10.1.0.0/16", {0}, &whole, false},
    {"all of IPv4", DENY, 0, "0.0.0.0/0", NULL, {0}, &whole, true},
    {"all of IPv6", DENY, 0, "::/0", NULL, {0}, &whole, false},
    {"the host", DENY, 0, "10.1.0.1/32", "10.9.0.1/32", {0}, &whole, true},
    {"its neighbour", DENY, 0, "10.1.0.0/32", NULL, {0}, &whole, false},
    {"an IPv6 prefix with the same bits", DENY, 0, "a01::/16", NULL, {0}, &whole, false},
    {"its port", DENY, 6, NULL, NULL, {0, 0, 80, 80}, &whole, true},
    {"its ports", DENY, 6, NULL, NULL, {1000, 1000, 80, 80}, &whole, true},
    {"from its port on", DENY, 6, NULL, NULL, {0, 0, 80, 90}, &whole, true},
    {"up to its port", DENY, 6, NULL, NULL, {0, 0, 1, 80}, &whole, true},
    {"up to just before", DENY, 6, NULL, NULL, {0, 0, 1, 79}, &whole, false},
    {"from just after", DENY, 6, NULL, NULL, {0, 0, 81, 65535}, &whole, false},
    {"from zero on is a range", DENY, 6, NULL, NULL, {0, 0, 0, 79}, &whole, false},
    {"its source port", DENY, 6, NULL, NULL, {1000, 1000, 0, 0}, &whole, true},
    {"another source port", DENY, 6, NULL, NULL, {1001, 65535, 0, 0}, &whole, false},
    {"one of two", DENY, 6, NULL, NULL, {1000, 1000, 81, 81}, &whole, false},
    {"ports, where there are none", ALLOW, 0, NULL, NULL, {0, 0, 80, 80}, &gre, false},
    {"every port, where there are none", DENY, 0, NULL, NULL, {0, 0, 0, 65535}, &gre, false},
    {"the first fragment, as a whole packet", DENY, 6, NULL, NULL, {0, 0, 80, 80}, &first, true},
    {"the first fragment, another port", ALLOW, 6, NULL, NULL, {0, 0, 81, 81}, &first, false},
    {"a later fragment, allowed whatever its port",
     ALLOW,
     6,
     NULL,
     NULL,
     {0, 0, 81, 81},
     &later,
     true},
    {"a later fragment, allowed whatever its source port",
     ALLOW,
     6,
     NULL,
     NULL,
     {5, 5, 0, 0},
     &later,
     true},
    {"a later fragment, not of that protocol",
     ALLOW,
     17,
     NULL,
     NULL,
     {0, 0, 81, 81},
     &later,
     false},
    {"a later fragment, not of that site",
     ALLOW,
     6,
     "10.2.0.0/16",
     NULL,
     {0, 0, 81, 81},
     &later,
     false},
    {"a later fragment, not denied by port", DENY, 6, NULL, NULL, {0, 0, 80, 80}, &later, false},
    {"a later fragment, not denied by source port",
     DENY,
     6,
     NULL,
     NULL,
     {1000, 1000, 0, 0},
     &later,
     false},
    {"a later fragment, denied without", DENY, 6, NULL, NULL, {0}, &later, true},
};

START_TEST(a_rule_matches_if_all_that_it_names_does)
{
    const struct row *row = &rows[_i];
    struct avpni_firewall firewall;

    start(&firewall, 1, 0);
    firewall.rules[0] = rule_of(row->action, row->protocol, row->source, row->destination,
                                row->ports[2], row->ports[3]);
    firewall.rules[0].source_first = row->ports[0];
    firewall.rules[0].source_last = row->ports[1];
    ck_assert_msg(find(&firewall, "10.1.0.1", "10.9.0.1", row->transport) ==
                      (row->matches ? 0 : AVPNI_RULE_NONE),
                  "%s", row->name);
    avpni_firewall_fini(&firewall);
}
END_TEST

START_TEST(prefixes_of_every_length_are_compared_bit_by_bit)
{
    for (uint8_t family = 4; family <= 6; family += 2) {
        uint32_t bits = family == 4 ? 32 : 128;

        for (uint32_t length = 0; length <= bits; length++) {
            struct avpn_address from = {.family = family}, to = {.family = family};
            struct avpni_firewall firewall;

            memset(from.bytes, 0xA6, bits / 8);
            start(&firewall, 1, 0);
            firewall.rules[0] = rule_of(DENY, 0, NULL, NULL, 0, 0);
            firewall.rules[0].source =
                (struct avpn_prefix){.family = family, .length = (uint8_t)length};
            for (uint32_t bit = 0; bit < length; bit++)
                firewall.rules[0].source.bytes[bit / 8] |=
                    (uint8_t)(from.bytes[bit / 8] & 0x80 >> bit % 8);
            for (uint32_t bit = 0; bit < bits; bit++) {
                from.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
                uint32_t found =
                    avpni_firewall_find(&firewall, &(struct avpni_judged){&from, &to, &whole});

                ck_assert_uint_eq(found, bit >= length ? 0 : AVPNI_RULE_NONE);
                from.bytes[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            }
            avpni_firewall_fini(&firewall);
        }
    }
}
END_TEST

/* ---- against the plainest reading of the rules ------------------------------------------------ */

static bool naive_matches(const struct avpn_rule *r, const struct avpn_address *from,
                          const struct avpn_address *to, const struct avpni_transport *t)
{
    bool names_ports = r->source_first != 0 || r->source_last != 0 || r->destination_first != 0 ||
                       r->destination_last != 0;

    if (r->protocol != 0 && t->protocol != r->protocol)
        return false;
    if (r->source.family != 0 && !packets_is_in(&r->source, from))
        return false;
    if (r->destination.family != 0 && !packets_is_in(&r->destination, to))
        return false;
    if (!names_ports)
        return true;
    if (t->is_later_fragment)
        return r->action == ALLOW;
    if (!t->has_ports)
        return false;
    if ((r->source_first != 0 || r->source_last != 0) &&
        (t->source_port < r->source_first || t->source_port > r->source_last))
        return false;
    if ((r->destination_first != 0 || r->destination_last != 0) &&
        (t->destination_port < r->destination_first || t->destination_port > r->destination_last))
        return false;
    return true;
}

static struct avpn_address some_address(uint64_t *state, uint8_t family)
{
    struct avpn_address address = {.family = family};

    for (int i = 0; i < (family == 4 ? 4 : 16); i++)
        address.bytes[i] = (uint8_t)(packets_below(state, 2) * 0xFF);
    return address;
}

static struct avpn_prefix some_prefix(uint64_t *state, uint8_t family)
{
    struct avpn_address address = some_address(state, family);
    struct avpn_prefix prefix = {.family = family};

    if (packets_below(state, 4) == 0)
        return (struct avpn_prefix){0};
    prefix.length = (uint8_t)packets_below(state, family == 4 ? 33 : 129);
    if (packets_below(state, 2) == 0)
        prefix.length %= 18;
    for (int bit = 0; bit < prefix.length; bit++)
        prefix.bytes[bit / 8] |= (uint8_t)(address.bytes[bit / 8] & 0x80 >> bit % 8);
    return prefix;
}

static void some_range(uint64_t *state, uint16_t *first_out, uint16_t *last_out)
{
    *first_out = *last_out = 0;
    if (packets_below(state, 2) == 0) {
        *first_out = (uint16_t)packets_below(state, 6);
        *last_out = (uint16_t)(*first_out + packets_below(state, 4));
    }
}

static struct avpn_rule some_rule(uint64_t *state)
{
    static const uint8_t protocols[] = {0, 0, 6, 17, 47};
    uint8_t family = packets_below(state, 2) == 0 ? 4 : 6;
    struct avpn_rule rule = {.action = (uint8_t)(1 + packets_below(state, 2)),
                             .protocol = protocols[packets_below(state, sizeof protocols)],
                             .source = some_prefix(state, family),
                             .destination = some_prefix(state, family)};

    some_range(state, &rule.source_first, &rule.source_last);
    some_range(state, &rule.destination_first, &rule.destination_last);
    return rule;
}

static struct avpni_transport some_transport(uint64_t *state)
{
    static const uint8_t protocols[] = {0, 6, 17, 47};
    struct avpni_transport t = {.protocol = protocols[packets_below(state, sizeof protocols)]};

    t.is_later_fragment = packets_below(state, 4) == 0;
    t.is_fragment = t.is_later_fragment || packets_below(state, 4) == 0;
    t.has_ports = !t.is_later_fragment && avpni_protocol_has_ports(t.protocol);
    if (t.has_ports) {
        t.source_port = (uint16_t)packets_below(state, 9);
        t.destination_port = (uint16_t)packets_below(state, 9);
    }
    return t;
}

START_TEST(random_rules_decide_as_a_naive_reading_of_them)
{
    uint64_t state = 71;
    uint32_t found = 0, later_ones = 0;

    for (int round = 0; round < 300; round++) {
        struct avpni_firewall firewall;

        start(&firewall, 1 + packets_below(&state, 12), 0);
        for (uint32_t i = 0; i < firewall.rule_count; i++)
            firewall.rules[i] = some_rule(&state);
        for (int i = 0; i < 300; i++) {
            uint8_t family = packets_below(&state, 2) == 0 ? 4 : 6;
            struct avpn_address from = some_address(&state, family),
                                to = some_address(&state, family);
            struct avpni_transport t = some_transport(&state);
            uint32_t expected = 0;

            while (expected < firewall.rule_count &&
                   !naive_matches(&firewall.rules[expected], &from, &to, &t))
                expected++;
            if (expected == firewall.rule_count)
                expected = AVPNI_RULE_NONE;
            ck_assert_uint_eq(
                avpni_firewall_find(&firewall, &(struct avpni_judged){&from, &to, &t}), expected);
            found += expected != AVPNI_RULE_NONE;
            later_ones += expected != AVPNI_RULE_NONE && expected > 2;
        }
        avpni_firewall_fini(&firewall);
    }
    ck_assert_uint_gt(found, 10000);
    ck_assert_uint_gt(later_ones, 3000);
}
END_TEST

START_TEST(the_last_of_a_thousand_rules_is_found)
{
    struct avpni_firewall firewall;

    start(&firewall, AVPN_RULES, 0);
    for (uint32_t i = 0; i < AVPN_RULES; i++)
        firewall.rules[i] = rule_of(DENY, 6, NULL, NULL, (uint16_t)(i + 1), (uint16_t)(i + 1));
    for (uint32_t i = 0; i < AVPN_RULES; i++) {
        struct avpni_transport t = ports(6, 1, (uint16_t)(i + 1));

        ck_assert_uint_eq(find(&firewall, "10.0.0.1", "10.9.0.1", &t), i);
    }
    avpni_firewall_fini(&firewall);
}
END_TEST

/* ---- breakouts [RTE-9] ------------------------------------------------------------------------ */

static uint32_t find_breakout(const struct avpni_firewall *firewall, uint32_t member,
                              const char *destination, const struct avpni_transport *t)
{
    struct avpn_address from = packets_address("10.0.0.1"), to = packets_address(destination);

    return avpni_breakout_find(firewall, member, &(struct avpni_judged){&from, &to, t});
}

START_TEST(a_breakout_matches_its_members_destination_protocol_and_ports)
{
    struct avpni_transport web = ports(6, 1000, 443), call = ports(17, 1000, 5004);
    struct avpni_transport rest = {.protocol = 17, .is_fragment = true, .is_later_fragment = true};
    struct avpni_firewall firewall;

    start(&firewall, 0, 0);
    ck_assert_uint_eq(find_breakout(&firewall, 1, "192.0.2.1", &web), AVPNI_RULE_NONE);
    ck_assert_int_eq(avpni_firewall_reserve(&firewall, 0, 4), AVPN_OK);
    firewall.breakouts[0] =
        (struct avpn_breakout){.member = 7, .destination = packets_prefix("192.0.2.0/24")};
    firewall.breakouts[1] =
        (struct avpn_breakout){.destination = packets_prefix("198.51.100.0/24"), .protocol = 6};
    firewall.breakouts[2] =
        (struct avpn_breakout){.protocol = 17, .destination_first = 0, .destination_last = 5010};
    firewall.breakouts[3] = (struct avpn_breakout){.destination = packets_prefix("2001:db8::/32")};
    ck_assert_uint_eq(find_breakout(&firewall, 7, "192.0.2.1", &web), 0);
    ck_assert_uint_eq(find_breakout(&firewall, 8, "192.0.2.1", &web), AVPNI_RULE_NONE);
    ck_assert_uint_eq(find_breakout(&firewall, 8, "198.51.100.1", &web), 1);
    ck_assert_uint_eq(find_breakout(&firewall, 8, "198.51.100.1", &unknown), AVPNI_RULE_NONE);
    ck_assert_uint_eq(find_breakout(&firewall, 8, "203.0.113.1", &call), 2);
    ck_assert_uint_eq(find_breakout(&firewall, 8, "2001:db9::1", &call), 2);
    call.destination_port = 5011;
    ck_assert_uint_eq(find_breakout(&firewall, 8, "203.0.113.1", &call), AVPNI_RULE_NONE);
    ck_assert_uint_eq(find_breakout(&firewall, 8, "2001:db8::1", &call), 3);
    /* A later fragment stays in the tunnel where ports would have to say otherwise [FWL-3]. */
    ck_assert_uint_eq(find_breakout(&firewall, 8, "203.0.113.1", &rest), AVPNI_RULE_NONE);
    ck_assert_uint_eq(find_breakout(&firewall, 8, "2001:db8::1", &rest), 3);
    avpni_firewall_fini(&firewall);
}
END_TEST

/* ---- counters and memory ---------------------------------------------------------------------- */

START_TEST(counters_go_with_the_rules_that_stay)
{
    struct avpni_firewall old, new;

    start(&old, 4, 0);
    for (uint32_t i = 0; i < 4; i++) {
        old.rules[i] = rule_of(DENY, 6, NULL, NULL, (uint16_t)(i + 1), (uint16_t)(i + 1));
        avpni_tally_set(&old.sent[i], 10 + i);
        avpni_tally_set(&old.received[i], 20 + i);
    }
    start(&new, 5, 0);
    new.rules[0] = old.rules[3]; /* moved to the front */
    new.rules[1] = old.rules[0];
    new.rules[2] = rule_of(ALLOW, 6, NULL, NULL, 2, 2); /* another action */
    new.rules[3] = old.rules[2];
    new.rules[4] = old.rules[1];
    strcpy(new.rules[4].name, "new-name");
    avpni_firewall_adopt(&new, &old);
    ck_assert_mem_eq(new.sent, ((uint64_t[]){13, 10, 0, 12, 0}), 5 * sizeof(uint64_t));
    ck_assert_mem_eq(new.received, ((uint64_t[]){23, 20, 0, 22, 0}), 5 * sizeof(uint64_t));
    avpni_firewall_fini(&old);
    start(&old, 0, 0);
    avpni_firewall_adopt(&new, &old);
    ck_assert_uint_eq(avpni_tally_read(&new.sent[0]), 13);
    avpni_firewall_fini(&old);
    avpni_firewall_fini(&new);
}
END_TEST

struct heap {
    uint32_t calls, fail_at;
    int live;
};

static void *heap_allocate(void *user, size_t bytes)
{
    struct heap *heap = user;

    if (++heap->calls == heap->fail_at)
        return NULL;
    heap->live++;
    return malloc(bytes);
}

static void heap_release(void *user, void *memory)
{
    struct heap *heap = user;

    heap->live -= memory != NULL;
    free(memory);
}

START_TEST(without_memory_the_rules_stay_as_they_are)
{
    for (uint32_t fail_at = 1; fail_at <= 5; fail_at++) {
        struct heap heap = {0};
        const struct avpni_memory memory = {
            .user = &heap, .allocate = heap_allocate, .release = heap_release};
        struct avpni_firewall firewall;

        avpni_firewall_init(&firewall, &memory);
        ck_assert_int_eq(avpni_firewall_reserve(&firewall, 1, 1), AVPN_OK);
        firewall.rules[0] = rule_of(DENY, 6, NULL, NULL, 0, 0);
        avpni_tally_set(&firewall.sent[0], 5);
        int live = heap.live;

        heap.calls = 0;
        heap.fail_at = fail_at;
        int32_t result = avpni_firewall_reserve(&firewall, 3, 2);

        ck_assert_int_eq(result, fail_at <= 4 ? AVPN_ERROR_MEMORY : AVPN_OK);
        ck_assert_int_eq(heap.live, live);
        if (result != AVPN_OK) {
            ck_assert_uint_eq(firewall.rule_count, 1);
            ck_assert_uint_eq(find(&firewall, "10.0.0.1", "10.9.0.1", &whole), 0);
            ck_assert_uint_eq(avpni_tally_read(&firewall.sent[0]), 5);
        } else {
            ck_assert_uint_eq(firewall.rule_count, 3);
            ck_assert_uint_eq(avpni_tally_read(&firewall.sent[2]), 0);
            ck_assert_uint_eq(avpni_tally_read(&firewall.received[2]), 0);
            ck_assert_uint_eq(firewall.rules[2].action, 0);
        }
        avpni_firewall_fini(&firewall);
        ck_assert_int_eq(heap.live, 0);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(without_rules_everything_is_allowed),
    HARNESS_CASE(the_first_rule_that_matches_decides),
    HARNESS_LOOP(a_rule_matches_if_all_that_it_names_does, HARNESS_COUNT(rows)),
    HARNESS_CASE(prefixes_of_every_length_are_compared_bit_by_bit),
    HARNESS_CASE(random_rules_decide_as_a_naive_reading_of_them),
    HARNESS_CASE(the_last_of_a_thousand_rules_is_found),
    HARNESS_CASE(a_breakout_matches_its_members_destination_protocol_and_ports),
    HARNESS_CASE(counters_go_with_the_rules_that_stay),
    HARNESS_CASE(without_memory_the_rules_stay_as_they_are),
};
HARNESS_MAIN("inner/firewall", cases)
