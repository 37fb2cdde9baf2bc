/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <string.h>

#include "gateway/subnets.h"

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix;

    ck_assert_msg(avpn_prefix_parse(text, &prefix) == AVPN_OK, "%s", text);
    return prefix;
}

static const struct {
    const char *address;
    uint32_t length;
    const char *subnet;
} subnets[] = {
    {"10.1.2.3", 24, "10.1.2.0/24"},      {"10.1.2.3", 32, "10.1.2.3/32"},
    {"10.1.2.3", 0, "0.0.0.0/0"},         {"10.1.255.3", 17, "10.1.128.0/17"},
    {"10.1.2.3", 33, "10.1.2.3/32"},      {"10.1.2.3", 31, "10.1.2.2/31"},
    {"2001:db8::1", 64, "2001:db8::/64"}, {"2001:db8::1", 129, "2001:db8::1/128"},
    {"2001:db8:ffff::", 33, "2001:db8:8000::/33"},
};

START_TEST(a_subnet_is_its_address_without_host_bits)
{
    struct avpn_address address;
    struct avpn_prefix made, wanted = prefix_of(subnets[_i].subnet);

    ck_assert_int_eq(avpn_address_parse(subnets[_i].address, &address), AVPN_OK);
    subnets_of(address.family, address.bytes, subnets[_i].length, &made);
    ck_assert_mem_eq(&made, &wanted, sizeof made);
}
END_TEST

static const struct {
    const char *outer, *inner;
    int is_inside;
} pairs[] = {
    {"10.0.0.0/8", "10.1.0.0/16", 1},   {"10.1.0.0/16", "10.0.0.0/8", 0},
    {"10.1.0.0/16", "10.1.0.0/16", 1},  {"10.1.0.0/17", "10.1.128.0/17", 0},
    {"0.0.0.0/0", "10.1.0.0/16", 1},    {"0.0.0.0/0", "::/0", 0},
    {"10.1.2.2/31", "10.1.2.3/32", 1},  {"10.1.2.2/31", "10.1.2.4/32", 0},
    {"2001:db8::/33", "2001:db8:8000::/48", 0}, {"2001:db8::/32", "2001:db8:8000::/48", 1},
};

START_TEST(a_subnet_contains_itself_and_its_parts_and_nothing_else)
{
    struct avpn_prefix outer = prefix_of(pairs[_i].outer), inner = prefix_of(pairs[_i].inner);
    struct avpn_address address = {.family = inner.family};

    ck_assert_int_eq(subnets_contain(&outer, &inner), pairs[_i].is_inside);
    if (inner.length < outer.length)
        return;
    memcpy(address.bytes, inner.bytes, sizeof address.bytes);
    ck_assert_int_eq(subnets_contain_address(&outer, &address), pairs[_i].is_inside);
}
END_TEST

START_TEST(the_larger_subnet_comes_before_what_lies_in_it)
{
    static const char *const order[] = {"0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/16", "10.1.0.0/16",
                                        "::/0", "2001:db8::/32"};

    for (int i = 0; i < HARNESS_COUNT(order); i++)
        for (int k = 0; k < HARNESS_COUNT(order); k++) {
            struct avpn_prefix a = prefix_of(order[i]), b = prefix_of(order[k]);
            int sign = subnets_compare(&a, &b);

            ck_assert_msg((sign > 0) - (sign < 0) == (i > k) - (i < k), "%s %s", order[i], order[k]);
        }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_subnet_is_its_address_without_host_bits, HARNESS_COUNT(subnets)),
    HARNESS_LOOP(a_subnet_contains_itself_and_its_parts_and_nothing_else, HARNESS_COUNT(pairs)),
    HARNESS_CASE(the_larger_subnet_comes_before_what_lies_in_it),
};
HARNESS_MAIN("programs/subnets", cases)
