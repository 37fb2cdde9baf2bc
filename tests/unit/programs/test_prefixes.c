/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <string.h>

#include "admin/prefixes.h"

#define FEW 12

static struct avpn_prefix prefix(const char *text)
{
    struct avpn_prefix value;

    ck_assert_msg(avpn_prefix_parse(text, &value) == AVPN_OK, "%s", text);
    return value;
}

/* ---- one in another --------------------------------------------------------------------------- */

static const struct pair {
    const char *outer, *inner;
    int contains;
} pairs[] = {
    {"10.0.0.0/8", "10.1.0.0/16", 1},
    {"10.0.0.0/8", "10.0.0.0/8", 1},
    {"10.1.0.0/16", "10.0.0.0/8", 0},
    {"10.0.0.0/8", "11.0.0.0/8", 0},
    {"0.0.0.0/0", "255.255.255.255/32", 1},
    {"0.0.0.0/0", "::/0", 0},
    {"10.0.0.0/9", "10.127.0.0/16", 1},
    {"10.0.0.0/9", "10.128.0.0/16", 0},
    {"10.1.2.2/31", "10.1.2.3/32", 1},
    {"10.1.2.2/32", "10.1.2.3/32", 0},
    {"2001:db8::/33", "2001:db8:7fff::/48", 1},
    {"2001:db8::/33", "2001:db8:8000::/48", 0},
    {"::/0", "2001:db8::1/128", 1},
};

START_TEST(a_prefix_contains_the_longer_ones_with_its_bits)
{
    struct avpn_prefix outer = prefix(pairs[_i].outer);
    struct avpn_prefix inner = prefix(pairs[_i].inner);

    ck_assert_int_eq(prefixes_contain(&outer, &inner), pairs[_i].contains);
    if (pairs[_i].contains) {
        ck_assert(prefixes_overlap(&outer, &inner));
        ck_assert(prefixes_overlap(&inner, &outer));
        ck_assert_int_le(prefixes_compare(&outer, &inner), 0);
    }
}
END_TEST

/* ---- lists ---------------------------------------------------------------------------------------- */

/* Of few values, so that many lie in each other. */
static struct avpn_prefix random_prefix(uint64_t *state)
{
    struct avpn_prefix value = {.family = harness_random(state) % 2 ? AVPN_FAMILY_IPV4
                                                                    : AVPN_FAMILY_IPV6};

    value.length = (uint8_t)(harness_random(state) % 5);
    value.bytes[0] = (uint8_t)(harness_random(state) << (8 - value.length));
    return value;
}

static int is_in(const struct avpn_prefix *list, uint32_t count, const struct avpn_prefix *wanted)
{
    for (uint32_t i = 0; i < count; i++)
        if (prefixes_contain(&list[i], wanted))
            return 1;
    return 0;
}

START_TEST(a_shortened_list_means_the_same_and_nothing_in_it_overlaps)
{
    uint64_t state = 41;

    for (int round = 0; round < 500; round++) {
        struct avpn_prefix before[FEW], after[FEW];
        uint32_t count = (uint32_t)(harness_random(&state) % FEW);
        uint32_t kept;

        for (uint32_t i = 0; i < count; i++)
            before[i] = random_prefix(&state);
        memcpy(after, before, count * sizeof before[0]);
        kept = prefixes_shorten(after, count);
        ck_assert_uint_le(kept, count);
        for (uint32_t i = 0; i < count; i++)
            ck_assert(is_in(after, kept, &before[i]));
        for (uint32_t i = 0; i < kept; i++) {
            ck_assert(is_in(before, count, &after[i]));
            for (uint32_t k = i + 1; k < kept; k++)
                ck_assert(!prefixes_overlap(&after[i], &after[k]));
        }
    }
}
END_TEST

/* ---- hosts, moving ---------------------------------------------------------------------------------- */

START_TEST(a_host_is_the_longest_prefix_of_its_family)
{
    struct avpn_address address;
    struct avpn_prefix host;

    ck_assert_int_eq(avpn_address_parse("10.1.2.3", &address), AVPN_OK);
    host = prefixes_host(&address);
    ck_assert_mem_eq(&host, &(struct avpn_prefix[]){prefix("10.1.2.3/32")}, sizeof host);
    ck_assert_int_eq(avpn_address_parse("2001:db8::1", &address), AVPN_OK);
    host = prefixes_host(&address);
    ck_assert_mem_eq(&host, &(struct avpn_prefix[]){prefix("2001:db8::1/128")}, sizeof host);
}
END_TEST

static const struct move {
    const char *inner, *from, *to, *moved;
} moves[] = {
    {"192.168.1.7/32", "192.168.1.0/24", "10.9.1.0/24", "10.9.1.7/32"},
    {"192.168.1.0/24", "192.168.1.0/24", "10.9.1.0/24", "10.9.1.0/24"},
    {"192.168.1.129/32", "192.168.1.128/25", "10.9.1.0/25", "10.9.1.1/32"},
    {"fd00:1::7/128", "fd00:1::/64", "2001:db8:1::/64", "2001:db8:1::7/128"},
};

START_TEST(host_bits_stay_when_a_prefix_moves)
{
    struct avpn_prefix inner = prefix(moves[_i].inner), from = prefix(moves[_i].from);
    struct avpn_prefix to = prefix(moves[_i].to), wanted = prefix(moves[_i].moved);
    struct avpn_prefix moved = prefixes_move(&inner, &from, &to);

    ck_assert_mem_eq(&moved, &wanted, sizeof moved);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_prefix_contains_the_longer_ones_with_its_bits, HARNESS_COUNT(pairs)),
    HARNESS_CASE(a_shortened_list_means_the_same_and_nothing_in_it_overlaps),
    HARNESS_CASE(a_host_is_the_longest_prefix_of_its_family),
    HARNESS_LOOP(host_bits_stay_when_a_prefix_moves, HARNESS_COUNT(moves)),
};
HARNESS_MAIN("programs/prefixes", cases)
