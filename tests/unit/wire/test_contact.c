/* SPDX-License-Identifier: ISC */
/* Contacts in fixed and compact form: what is canonical, and that nothing else is read. */
#include "harness.h"
#include "wire/message.h"

#include <string.h>

#define V6 "20010db8000000000000000000000007"

static const struct contact_row {
    const char *text; /* NULL: family NONE */
    const char *fixed, *compact;
} valid[] = {
    {NULL, "0000000000000000000000000000000000000000", "00"},
    {"203.0.113.7:40001", "04009c41cb007107000000000000000000000000", "049c41cb007107"},
    {"0.0.0.0:1", "0400000100000000000000000000000000000000", "04000100000000"},
    {"255.255.255.255:65535", "0400ffffffffffff000000000000000000000000", "04ffffffffffff"},
    {"[2001:db8::7]:256", "06000100" V6, "060100" V6},
    {"[::]:65535", "0600ffff00000000000000000000000000000000",
     "06ffff00000000000000000000000000000000"},
};

static struct avpn_contact contact_of(const struct contact_row *row)
{
    struct avpn_contact contact = {0};

    if (row->text != NULL) {
        ck_assert_int_eq(avpn_contact_parse(row->text, &contact), AVPN_OK);
    }
    return contact;
}

/* Reads `form` in either form; false when it was refused or bytes were left. */
static bool read_form(const char *form, bool is_fixed, struct avpn_contact *contact_out)
{
    uint8_t bytes[64];
    struct avpni_reader r = avpni_reader(bytes, harness_hex(form, bytes, sizeof bytes));

    if (is_fixed) {
        avpni_contact_read_fixed(&r, contact_out);
    } else {
        avpni_contact_read_compact(&r, contact_out);
    }
    return avpni_reader_is_done(&r);
}

START_TEST(a_contact_is_written_and_read_in_both_forms)
{
    struct avpn_contact contact = contact_of(&valid[_i]), read;

    for (int is_fixed = 0; is_fixed < 2; is_fixed++) {
        const char *form = is_fixed ? valid[_i].fixed : valid[_i].compact;
        uint8_t expected[64], bytes[64];
        size_t count = harness_hex(form, expected, sizeof expected);
        struct avpni_writer w = avpni_writer(bytes, sizeof bytes);

        if (is_fixed) {
            avpni_contact_write_fixed(&w, &contact);
        } else {
            avpni_contact_write_compact(&w, &contact);
        }
        ck_assert_uint_eq(w.position, count);
        ck_assert_mem_eq(bytes, expected, count);
        ck_assert(read_form(form, is_fixed, &read));
        ck_assert_mem_eq(&read, &contact, sizeof contact);
    }
}
END_TEST

START_TEST(a_contact_cut_short_is_refused_at_every_length)
{
    for (int is_fixed = 0; is_fixed < 2; is_fixed++) {
        char form[64];
        const char *whole = is_fixed ? valid[_i].fixed : valid[_i].compact;

        for (size_t count = 0; count < strlen(whole); count += 2) {
            struct avpn_contact read;

            memcpy(form, whole, count);
            form[count] = '\0';
            ck_assert(!read_form(form, is_fixed, &read));
            ck_assert_uint_eq(read.family, AVPN_FAMILY_NONE);
        }
    }
}
END_TEST

static const struct bad_row {
    const char *form;
    int is_fixed;
} bad[] = {
    {"0001000000000000000000000000000000000000", 1}, /* reserved byte */
    {"0000000100000000000000000000000000000000", 1}, /* none with a port */
    {"0000000001000000000000000000000000000000", 1}, /* none with an address */
    {"0000000000000000000000000000000000000001", 1},
    {"04019c41cb007107000000000000000000000000", 1}, /* reserved byte */
    {"04000000cb007107000000000000000000000000", 1}, /* port 0 */
    {"04009c41cb007107010000000000000000000000", 1}, /* beyond an IPv4 address */
    {"04009c41cb007107000000000000000000000001", 1},
    {"06000000" V6, 1},                              /* port 0 */
    {"06ff0001" V6, 1},                              /* reserved byte */
    {"01009c41cb007107000000000000000000000000", 1}, /* unknown families */
    {"05009c41cb007107000000000000000000000000", 1},
    {"ff00000000000000000000000000000000000000", 1},
    {"040000cb007107", 0}, /* port 0 */
    {"060000" V6, 0},
    {"0000", 0}, /* a byte more than none has */
    {"01", 0},   /* unknown families */
    {"059c41cb007107", 0},
    {"ff", 0},
};

START_TEST(a_contact_that_is_not_canonical_is_refused)
{
    struct avpn_contact read;

    ck_assert(!read_form(bad[_i].form, bad[_i].is_fixed, &read));
    ck_assert_uint_eq(read.family, AVPN_FAMILY_NONE);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_contact_is_written_and_read_in_both_forms, HARNESS_COUNT(valid)),
    HARNESS_LOOP(a_contact_cut_short_is_refused_at_every_length, HARNESS_COUNT(valid)),
    HARNESS_LOOP(a_contact_that_is_not_canonical_is_refused, HARNESS_COUNT(bad)),
};
HARNESS_MAIN("wire/contact", cases)
