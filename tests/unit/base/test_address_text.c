/* SPDX-License-Identifier: ISC */
/* Text forms of addresses, held against the C library's inet_pton and inet_ntop. */
#include "harness.h"

#include <arpa/inet.h>
#include <autovpn/types.h>
#include <stdbool.h>
#include <string.h>

static const char *const texts[] = {
    "0.0.0.0", "255.255.255.255", "192.0.2.1", "1.2.3.4", "01.2.3.4", "1.2.3.04", "1.2.3", "1.2.3.",
    "1.2.3.4.", "1.2.3.4.5", ".1.2.3.4", "1..2.3", "256.1.1.1", "1.1.1.256", "1.1.1.1000", "1.1.1.-1",
    "1.1.1.+1", " 1.1.1.1", "1.1.1.1 ", "0x1.1.1.1", "", ".", "1", "1.1", "4294967295", "00.0.0.0",
    "::", "::1", "1::", "::1:2", "1::2", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1:2:3:4::5:6:7:8", "1:2:3::5:6:7:8", "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9", ":", ":::", "1:::2", "1::2::3", ":1", "1:", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:",
    "::1:", ":1::", "ABCD:EF01:2345:6789:abcd:ef01:2345:6789", "abcde::", "::12345", "::00001", "::0001",
    "::g", "::ffff:1.2.3.4", "::1.2.3.4", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", "1.2.3.4::",
    "::1.2.3.4:5", "::1.2.3", "::1.2.3.256", "::ffff:1.2.3.4.", "64:ff9b::192.0.2.33", "fe80::1%eth0",
    "[::1]", "2001:db8::1/64", "2001:db8:0:0:1:0:0:1", "1:0:0:2:0:0:0:3", "::ffff:0:0", "1::1.2.3.4",
    "1:2:3:4:5::1.2.3.4", "1:2:3:4:5:6::1.2.3.4", "none", "localhost",
};

START_TEST(what_inet_pton_reads_is_read_and_nothing_else)
{
    struct avpn_address address = {.family = 99}, expected = {0};
    int result = AVPN_OK;

    if (inet_pton(AF_INET, texts[_i], expected.bytes) == 1) {
        expected.family = AVPN_FAMILY_IPV4;
    } else if (inet_pton(AF_INET6, texts[_i], expected.bytes) == 1) {
        expected.family = AVPN_FAMILY_IPV6;
    } else {
        result = AVPN_ERROR_FORMAT;
    }
    ck_assert_msg(avpn_address_parse(texts[_i], &address) == result, "\"%s\"", texts[_i]);
    if (result == AVPN_OK) {
        ck_assert_mem_eq(&address, &expected, sizeof address);
    } else {
        ck_assert_uint_eq(address.family, 99);
    }
}
END_TEST

static struct avpn_address random_address(uint64_t *random)
{
    struct avpn_address address = {0};
    int bytes = harness_random(random) % 4 == 0 ? 4 : 16;
    /* Whole groups of zeros, in every pattern, are what the IPv6 form turns on. */
    uint64_t zeros = harness_random(random) & harness_random(random);

    address.family = bytes == 4 ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;
    for (int i = 0; i < bytes; i++) {
        uint64_t bits = harness_random(random);
        bool is_small = (bits & 0x700) == 0;

        address.bytes[i] = (uint8_t)(is_small ? bits & 0xf : bits);
        if ((zeros >> (i / 2) & 1) == 0 && bytes == 16) {
            address.bytes[i] = 0;
        }
    }
    return address;
}

/* Of equally long runs of zeros RFC 5952 (4.2.3) shortens the first. musl shortens a later one. */
static bool c_library_follows_rfc5952(void)
{
    static const uint8_t bytes[16] = {[7] = 1, [15] = 1};
    char text[INET6_ADDRSTRLEN];

    inet_ntop(AF_INET6, bytes, text, sizeof text);
    return strcmp(text, "::1:0:0:0:1") == 0;
}

START_TEST(random_addresses_read_and_write_as_inet_ntop_does)
{
    bool is_referee = c_library_follows_rfc5952();
    uint64_t random = 17;

    if (!is_referee) {
        harness_skipped(1, "an inet_ntop that does not follow RFC 5952");
    }

    for (int round = 0; round < 4000; round++) {
        struct avpn_address address = random_address(&random), again;
        char text[AVPN_ADDRESS_TEXT], expected[INET6_ADDRSTRLEN];
        int family = address.family == AVPN_FAMILY_IPV4 ? AF_INET : AF_INET6;

        ck_assert_int_eq(avpn_address_format(&address, text, sizeof text), AVPN_OK);
        ck_assert_int_eq(avpn_address_parse(text, &again), AVPN_OK);
        ck_assert_mem_eq(&address, &again, sizeof address);
        inet_ntop(family, address.bytes, expected, sizeof expected);
        /* The C library still writes the deprecated ::a.b.c.d; RFC 5952 does not ask for it. */
        if (is_referee && (strncmp(expected, "::", 2) != 0 || strchr(expected, '.') == NULL)) {
            ck_assert_str_eq(text, expected);
        }
    }
}
END_TEST

static const struct {
    const char *written, *canonical;
} spellings[] = {
    {"2001:0DB8:0:0:0:0:0:0001", "2001:db8::1"},       /* RFC 5952 4.1, 4.3 */
    {"2001:db8:0:0:0:0:2:1", "2001:db8::2:1"},         /* 4.2.1 */
    {"2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},   /* 4.2.2 */
    {"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},           /* 4.2.3: the longest */
    {"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},     /* 4.2.3: the first of equals */
    {"::ffff:c000:201", "::ffff:192.0.2.1"},           /* 5 */
    {"0:0:0:0:0:0:0:0", "::"},
    {"1:0:0:0:0:0:0:0", "1::"},
    {"::102:304", "::102:304"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

START_TEST(ipv6_is_written_after_rfc_5952)
{
    struct avpn_address address;
    char text[AVPN_ADDRESS_TEXT];

    ck_assert_int_eq(avpn_address_parse(spellings[_i].written, &address), AVPN_OK);
    ck_assert_int_eq(avpn_address_format(&address, text, sizeof text), AVPN_OK);
    ck_assert_str_eq(text, spellings[_i].canonical);
}
END_TEST

static const struct {
    const char *text;
    int family, port; /* family NONE: not a contact */
} contacts[] = {
    {"192.0.2.1:40000", AVPN_FAMILY_IPV4, 40000},
    {"0.0.0.0:1", AVPN_FAMILY_IPV4, 1},
    {"255.255.255.255:65535", AVPN_FAMILY_IPV4, 65535},
    {"[2001:db8::1]:40000", AVPN_FAMILY_IPV6, 40000},
    {"[::]:9350", AVPN_FAMILY_IPV6, 9350},
    {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535", AVPN_FAMILY_IPV6, 65535},
    {"192.0.2.1", 0, 0},
    {"192.0.2.1:", 0, 0},
    {"192.0.2.1:0", 0, 0},
    {"192.0.2.1:65536", 0, 0},
    {"192.0.2.1:100000", 0, 0},
    {"192.0.2.1:08", 0, 0},
    {"192.0.2.1:+8", 0, 0},
    {"192.0.2.1:80 ", 0, 0},
    {"192.0.2.1:80:80", 0, 0},
    {":80", 0, 0},
    {"", 0, 0},
    {"[", 0, 0},
    {"[]", 0, 0},
    {"[]:1", 0, 0},
    {"[::1", 0, 0},
    {"[::1]", 0, 0},
    {"[::1]80", 0, 0},
    {"[::1:80", 0, 0},
    {"[::1]]:80", 0, 0},
    {"::1:80", 0, 0},
    {"2001:db8::1:80", 0, 0},
    {"[192.0.2.1]:80", 0, 0},
    {"none", 0, 0},
};

START_TEST(contacts_have_an_address_and_a_port)
{
    struct avpn_contact contact = {.family = 99};
    char text[AVPN_CONTACT_TEXT];
    int32_t expected = contacts[_i].family == 0 ? AVPN_ERROR_FORMAT : AVPN_OK;

    ck_assert_msg(avpn_contact_parse(contacts[_i].text, &contact) == expected, "\"%s\"",
                  contacts[_i].text);
    if (expected == AVPN_OK) {
        ck_assert_int_eq(contact.family, contacts[_i].family);
        ck_assert_int_eq(contact.port, contacts[_i].port);
        ck_assert_int_eq(avpn_contact_format(&contact, text, sizeof text), AVPN_OK);
        ck_assert_str_eq(text, contacts[_i].text);
    } else {
        ck_assert_uint_eq(contact.family, 99);
    }
}
END_TEST

static const struct {
    const char *text;
    int family, length;
} prefixes[] = {
    {"10.1.0.0/16", AVPN_FAMILY_IPV4, 16},
    {"0.0.0.0/0", AVPN_FAMILY_IPV4, 0},
    {"192.0.2.1/32", AVPN_FAMILY_IPV4, 32},
    {"128.0.0.0/1", AVPN_FAMILY_IPV4, 1},
    {"10.1.2.4/30", AVPN_FAMILY_IPV4, 30},
    {"::/0", AVPN_FAMILY_IPV6, 0},
    {"2001:db8::/32", AVPN_FAMILY_IPV6, 32},
    {"2001:db8::1/128", AVPN_FAMILY_IPV6, 128},
    {"fe80::/10", AVPN_FAMILY_IPV6, 10},
    {"10.1.0.1/16", 0, 0}, /* bits beyond the length */
    {"10.1.2.5/30", 0, 0},
    {"1.0.0.0/0", 0, 0},
    {"2001:db8::1/127", 0, 0},
    {"10.1.0.0", 0, 0},
    {"10.1.0.0/", 0, 0},
    {"10.1.0.0/33", 0, 0},
    {"10.1.0.0/016", 0, 0},
    {"10.1.0.0/-1", 0, 0},
    {"10.1.0.0/16/16", 0, 0},
    {"10.1/16", 0, 0},
    {"2001:db8::/129", 0, 0},
    {"2001:db8::/256", 0, 0}, /* would be 0 in a byte */
    {"/8", 0, 0},
    {"", 0, 0},
};

START_TEST(prefixes_have_no_bits_beyond_their_length)
{
    struct avpn_prefix prefix = {.family = 99};
    char text[AVPN_PREFIX_TEXT];
    int32_t expected = prefixes[_i].family == 0 ? AVPN_ERROR_FORMAT : AVPN_OK;

    ck_assert_msg(avpn_prefix_parse(prefixes[_i].text, &prefix) == expected, "\"%s\"",
                  prefixes[_i].text);
    if (expected == AVPN_OK) {
        ck_assert_int_eq(prefix.family, prefixes[_i].family);
        ck_assert_int_eq(prefix.length, prefixes[_i].length);
        ck_assert_int_eq(avpn_prefix_format(&prefix, text, sizeof text), AVPN_OK);
        ck_assert_str_eq(text, prefixes[_i].text);
    } else {
        ck_assert_uint_eq(prefix.family, 99);
    }
}
END_TEST

START_TEST(no_address_is_written_as_none)
{
    struct avpn_address address = {0};
    struct avpn_contact contact = {0};
    struct avpn_prefix prefix = {0};
    char text[AVPN_CONTACT_TEXT];

    ck_assert_int_eq(avpn_address_format(&address, text, sizeof text), AVPN_OK);
    ck_assert_str_eq(text, "none");
    ck_assert_int_eq(avpn_contact_format(&contact, text, sizeof text), AVPN_OK);
    ck_assert_str_eq(text, "none");
    ck_assert_int_eq(avpn_prefix_format(&prefix, text, sizeof text), AVPN_OK);
    ck_assert_str_eq(text, "none");
}
END_TEST

START_TEST(a_small_buffer_is_left_alone)
{
    struct avpn_address address = {.family = AVPN_FAMILY_IPV4};
    struct avpn_contact contact = {.family = AVPN_FAMILY_IPV4};
    struct avpn_prefix prefix = {.family = AVPN_FAMILY_IPV4};
    char text[AVPN_CONTACT_TEXT] = "x";

    ck_assert_int_eq(avpn_address_format(&address, text, AVPN_ADDRESS_TEXT - 1), AVPN_ERROR_SPACE);
    ck_assert_int_eq(avpn_contact_format(&contact, text, AVPN_CONTACT_TEXT - 1), AVPN_ERROR_SPACE);
    ck_assert_int_eq(avpn_prefix_format(&prefix, text, AVPN_PREFIX_TEXT - 1), AVPN_ERROR_SPACE);
    ck_assert_str_eq(text, "x");
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(what_inet_pton_reads_is_read_and_nothing_else, HARNESS_COUNT(texts)),
    HARNESS_CASE(random_addresses_read_and_write_as_inet_ntop_does),
    HARNESS_LOOP(ipv6_is_written_after_rfc_5952, HARNESS_COUNT(spellings)),
    HARNESS_LOOP(contacts_have_an_address_and_a_port, HARNESS_COUNT(contacts)),
    HARNESS_LOOP(prefixes_have_no_bits_beyond_their_length, HARNESS_COUNT(prefixes)),
    HARNESS_CASE(no_address_is_written_as_none),
    HARNESS_CASE(a_small_buffer_is_left_alone),
};
HARNESS_MAIN("base/address_text", cases)
