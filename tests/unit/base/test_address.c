/* SPDX-License-Identifier: ISC */
#include "base/address.h"
#include "harness.h"

#include <string.h>

static struct avpn_address address(const char *text)
{
    struct avpn_address value;

    ck_assert_int_eq(avpn_address_parse(text, &value), AVPN_OK);
    return value;
}

static struct avpn_contact contact(const char *text)
{
    struct avpn_contact value;

    ck_assert_int_eq(avpn_contact_parse(text, &value), AVPN_OK);
    return value;
}

static struct avpn_prefix prefix(const char *text)
{
    struct avpn_prefix value;

    ck_assert_int_eq(avpn_prefix_parse(text, &value), AVPN_OK);
    return value;
}

static const struct {
    const char *text;
    bool is_usable;
} usable[] = {
    {"192.0.2.1:1", true},         {"10.0.0.1:40000", true},    {"100.64.0.1:1", true},
    {"1.0.0.0:1", true},           {"223.255.255.255:1", true}, {"126.255.255.255:1", true},
    {"128.0.0.1:1", true},         {"255.255.255.254:1", true}, {"0.0.0.0:1", false},
    {"0.1.2.3:1", false},          {"127.0.0.1:1", false},      {"127.255.255.255:1", false},
    {"224.0.0.1:1", false},        {"239.255.255.255:1", false}, {"255.255.255.255:1", false},
    {"[2001:db8::1]:1", true},     {"[fe80::1]:1", true},       {"[fd00::1]:1", true},
    {"[::2]:1", true},             {"[64:ff9b::1.2.3.4]:1", true}, {"[::]:1", false},
    {"[::1]:1", false},            {"[ff02::1]:1", false},      {"[::ffff:192.0.2.1]:1", false},
};

START_TEST(usable_contacts_are_those_of_one_host)
{
    struct avpn_contact value = contact(usable[_i].text);

    ck_assert_msg(avpni_contact_is_usable(&value) == usable[_i].is_usable, "%s", usable[_i].text);
    value.port = 0;
    ck_assert(!avpni_contact_is_usable(&value));
}
END_TEST

START_TEST(a_contact_not_in_canonical_form_is_not_usable)
{
    struct avpn_contact good = contact("192.0.2.1:1"), value = good;

    value.reserved = 1;
    ck_assert(!avpni_contact_is_usable(&value));
    for (int i = 4; i < 16; i++) {
        value = good;
        value.bytes[i] = 1;
        ck_assert(!avpni_contact_is_usable(&value));
    }
    for (int family = 0; family < 256; family++) {
        value = good;
        value.family = (uint8_t)family;
        ck_assert(avpni_contact_is_usable(&value) ==
                  (family == AVPN_FAMILY_IPV4 || family == AVPN_FAMILY_IPV6));
    }
}
END_TEST

/* Every length of both families, every single bit set: canonical where the bit is inside. */
START_TEST(a_canonical_prefix_has_no_bit_beyond_its_length)
{
    for (int family = 4; family <= 6; family += 2) {
        int bits = family == 4 ? 32 : 128;

        for (int length = 0; length <= 130; length++) {
            for (int bit = 0; bit < 128; bit++) {
                struct avpn_prefix p = {.family = (uint8_t)family, .length = (uint8_t)length};

                p.bytes[bit / 8] = (uint8_t)(0x80 >> bit % 8);
                if (avpni_prefix_is_canonical(&p) != (length <= bits && bit < length)) {
                    ck_abort_msg("family %d length %d bit %d", family, length, bit);
                }
            }
        }
    }
}
END_TEST

START_TEST(reserved_bytes_and_strange_families_are_not_canonical)
{
    struct avpn_prefix p = prefix("10.0.0.0/8");

    p.reserved[1] = 1;
    ck_assert(!avpni_prefix_is_canonical(&p));
    p.reserved[1] = 0;
    ck_assert(avpni_prefix_is_canonical(&p));
    p.family = AVPN_FAMILY_NONE;
    ck_assert(!avpni_prefix_is_canonical(&p));
    p.family = 5;
    ck_assert(!avpni_prefix_is_canonical(&p));
}
END_TEST

static bool bit_of(const uint8_t *bytes, int bit)
{
    return (bytes[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

START_TEST(an_address_is_in_a_prefix_when_the_leading_bits_agree)
{
    uint64_t random = 8;

    for (int round = 0; round < 3000; round++) {
        struct avpn_prefix p = {.family = AVPN_FAMILY_IPV6};
        struct avpn_address a = {.family = AVPN_FAMILY_IPV6};
        int agree = 0;
        uint64_t flip = harness_random(&random) % 128;

        for (int i = 0; i < 16; i++) {
            p.bytes[i] = (uint8_t)harness_random(&random);
        }
        memcpy(a.bytes, p.bytes, 16);
        a.bytes[flip / 8] ^= (uint8_t)(0x80 >> flip % 8);
        while (agree < 128 && bit_of(p.bytes, agree) == bit_of(a.bytes, agree)) {
            agree++;
        }
        p.length = (uint8_t)(harness_random(&random) % 129);
        ck_assert(avpni_prefix_has_address(&p, &a) == (p.length <= agree));
    }
}
END_TEST

static const struct {
    const char *outer, *inner;
    bool is_inside;
} nestings[] = {
    {"10.0.0.0/8", "10.1.0.0/16", true},   {"10.0.0.0/8", "10.0.0.0/8", true},
    {"10.1.0.0/16", "10.0.0.0/8", false},  {"10.0.0.0/8", "11.0.0.0/16", false},
    {"0.0.0.0/0", "192.0.2.1/32", true},   {"0.0.0.0/0", "0.0.0.0/0", true},
    {"0.0.0.0/0", "::/0", false},          {"::/0", "10.0.0.0/8", false},
    {"2001:db8::/33", "2001:db8:8000::/33", false},
    {"2001:db8::/32", "2001:db8:8000::/33", true},
};

START_TEST(a_prefix_contains_its_parts)
{
    struct avpn_prefix outer = prefix(nestings[_i].outer), inner = prefix(nestings[_i].inner);

    ck_assert(avpni_prefix_has_prefix(&outer, &inner) == nestings[_i].is_inside);
}
END_TEST

START_TEST(families_do_not_mix)
{
    struct avpn_prefix v4 = prefix("0.0.0.0/0"), v6 = prefix("::/0"), none = {0};
    struct avpn_address a4 = address("1.2.3.4"), a6 = address("::1"), nowhere = {0};

    ck_assert(avpni_prefix_has_address(&v4, &a4));
    ck_assert(avpni_prefix_has_address(&v6, &a6));
    ck_assert(!avpni_prefix_has_address(&v4, &a6));
    ck_assert(!avpni_prefix_has_address(&v6, &a4));
    ck_assert(!avpni_prefix_has_address(&none, &nowhere));
    ck_assert(!avpni_prefix_has_prefix(&none, &none));
    ck_assert(avpni_prefix_is_default(&v4));
    ck_assert(avpni_prefix_is_default(&v6));
    ck_assert(!avpni_prefix_is_default(&none));
}
END_TEST

START_TEST(prefixes_are_ordered_by_family_bytes_and_length)
{
    static const char *const sorted[] = {"0.0.0.0/0", "10.0.0.0/8",    "10.0.0.0/16", "10.1.0.0/16",
                                         "192.0.2.0/24", "::/0",       "2001:db8::/32", "fc00::/7"};

    for (int i = 0; i < HARNESS_COUNT(sorted); i++) {
        for (int j = 0; j < HARNESS_COUNT(sorted); j++) {
            struct avpn_prefix a = prefix(sorted[i]), b = prefix(sorted[j]);

            ck_assert_int_eq(avpni_prefix_compare(&a, &b), (i > j) - (i < j));
            ck_assert(avpni_prefix_is_equal(&a, &b) == (i == j));
        }
    }
}
END_TEST

START_TEST(contacts_are_ordered_by_family_bytes_and_port)
{
    static const char *const sorted[] = {"1.2.3.4:5", "1.2.3.4:300", "1.2.4.0:1", "200.0.0.1:1",
                                         "[::1]:1", "[::1]:2", "[ff::]:1"};

    for (int i = 0; i < HARNESS_COUNT(sorted); i++) {
        for (int j = 0; j < HARNESS_COUNT(sorted); j++) {
            struct avpn_contact a = contact(sorted[i]), b = contact(sorted[j]);

            ck_assert_int_eq(avpni_contact_compare(&a, &b), (i > j) - (i < j));
            ck_assert(avpni_contact_is_equal(&a, &b) == (i == j));
        }
    }
}
END_TEST

START_TEST(the_same_address_may_have_another_port)
{
    struct avpn_contact a = contact("1.2.3.4:5"), b = contact("1.2.3.4:6"), c = contact("1.2.3.5:5");
    struct avpn_address plain = avpni_contact_address(&a), expected = address("1.2.3.4");

    ck_assert(avpni_contact_is_same_address(&a, &b));
    ck_assert(!avpni_contact_is_same_address(&a, &c));
    ck_assert(avpni_address_is_equal(&plain, &expected));
    expected.bytes[3]++;
    ck_assert(!avpni_address_is_equal(&plain, &expected));
}
END_TEST

static const struct {
    const char *text;
    bool is_private, is_cgnat;
} classes[] = {
    {"10.0.0.0", true, false},        {"10.255.255.255", true, false}, {"9.255.255.255", false, false},
    {"11.0.0.0", false, false},       {"172.15.255.255", false, false}, {"172.16.0.0", true, false},
    {"172.31.255.255", true, false},  {"172.32.0.0", false, false},    {"192.168.0.0", true, false},
    {"192.169.0.0", false, false},    {"169.254.1.1", true, false},    {"169.253.1.1", false, false},
    {"100.63.255.255", false, false}, {"100.64.0.0", false, true},     {"100.127.255.255", false, true},
    {"100.128.0.0", false, false},    {"8.8.8.8", false, false},       {"fc00::1", true, false},
    {"fdff::1", true, false},         {"fbff::1", false, false},       {"fe80::1", true, false},
    {"febf::1", true, false},         {"fec0::1", false, false},       {"2001:db8::1", false, false},
};

START_TEST(private_and_carrier_grade_ranges_end_where_their_rfcs_say)
{
    struct avpn_address value = address(classes[_i].text);

    ck_assert_msg(avpni_address_is_private(&value) == classes[_i].is_private, "%s", classes[_i].text);
    ck_assert_msg(avpni_address_is_cgnat(&value) == classes[_i].is_cgnat, "%s", classes[_i].text);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(usable_contacts_are_those_of_one_host, HARNESS_COUNT(usable)),
    HARNESS_CASE(a_contact_not_in_canonical_form_is_not_usable),
    HARNESS_CASE(a_canonical_prefix_has_no_bit_beyond_its_length),
    HARNESS_CASE(reserved_bytes_and_strange_families_are_not_canonical),
    HARNESS_CASE(an_address_is_in_a_prefix_when_the_leading_bits_agree),
    HARNESS_LOOP(a_prefix_contains_its_parts, HARNESS_COUNT(nestings)),
    HARNESS_CASE(families_do_not_mix),
    HARNESS_CASE(prefixes_are_ordered_by_family_bytes_and_length),
    HARNESS_CASE(contacts_are_ordered_by_family_bytes_and_port),
    HARNESS_CASE(the_same_address_may_have_another_port),
    HARNESS_LOOP(private_and_carrier_grade_ranges_end_where_their_rfcs_say, HARNESS_COUNT(classes)),
};
HARNESS_MAIN("base/address", cases)
