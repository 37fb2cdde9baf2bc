/* SPDX-License-Identifier: ISC */
/* Heads and bodies of the messages between a node and a registry, section 4. */
#include "canonical.h"
#include "wire/message.h"

#define TOKEN "101112131415161718191a1b1c1d1e1f"
#define TOKEN_MAP "................"
#define CONTACT "04009c41cb007107000000000000000000000000"
#define CONTACT_MAP "F0......000000000000"
#define VERSIONS                                                                                   \
    "0102030405060708"                                                                             \
    "a1a2a3a4"
#define VERSIONS_MAP                                                                               \
    "........"                                                                                     \
    "...."
#define ZEROS_28 "00000000000000000000000000000000000000000000000000000000"

/* Two entries: IPv4 observed and IPv6 local; nothing known. */
#define ENTRIES                                                                                    \
    "b1b2b3b4"                                                                                     \
    "03010200"                                                                                     \
    "049c41cb007107"                                                                               \
    "06a028"                                                                                       \
    "20010db8000000000000000000000009"                                                             \
    "000000c8"                                                                                     \
    "00000000"                                                                                     \
    "00"                                                                                           \
    "00"
#define ENTRIES_MAP                                                                                \
    "...."                                                                                         \
    "ufn0"                                                                                         \
    "k......"                                                                                      \
    "k.."                                                                                          \
    "................"                                                                             \
    "...."                                                                                         \
    "ufn0"                                                                                         \
    "k"                                                                                            \
    "k"

static const struct avpn_contact contact = {AVPN_FAMILY_IPV4, 0, 40001, {203, 0, 113, 7}};
static const struct avpni_entry entries[2] = {
    {0xB1B2B3B4,
     3,
     AVPNI_ENTRY_CONNECTED,
     2,
     {AVPN_FAMILY_IPV4, 0, 40001, {203, 0, 113, 7}},
     {AVPN_FAMILY_IPV6, 0, 41000, {0x20, 0x01, 0x0d, 0xb8, [15] = 9}}},
    {.member = 200},
};

static void fill_token(uint8_t token[16])
{
    for (size_t i = 0; i < 16; i++) {
        token[i] = (uint8_t)(0x10 + i);
    }
}

static void write_alive(uint8_t *out)
{
    struct avpni_alive alive = {.nat = 3,
                                .flags = AVPNI_ALIVE_LEAVING,
                                .config_version = 0x0102030405060708,
                                .contacts_version = 0xA1A2A3A4,
                                .local = contact};

    fill_token(alive.token);
    avpni_alive_write(out, &alive);
}
CANONICAL_REWRITE(alive)

static void write_fetch(uint8_t *out)
{
    struct avpni_fetch fetch = {.first = 0xB1B2B3B4};

    fill_token(fetch.token);
    avpni_fetch_write(out, &fetch);
}
CANONICAL_REWRITE(fetch)

static void write_ack(uint8_t *out)
{
    struct avpni_ack ack = {contact, 0x0102030405060708, 0xA1A2A3A4};

    avpni_ack_write(out, &ack);
}
CANONICAL_REWRITE(ack)

static void write_challenge(uint8_t *out)
{
    struct avpni_challenge challenge = {.observed = contact};

    fill_token(challenge.token);
    avpni_challenge_write(out, &challenge);
}
CANONICAL_REWRITE(challenge)

/* The head has been written; the bytes of the whole body. */
static size_t write_entries(uint8_t *out, size_t head_bytes)
{
    struct avpni_writer w = avpni_writer(out + head_bytes, 2 * AVPNI_ENTRY_LIMIT);

    avpni_entry_write(&w, &entries[0]);
    avpni_entry_write(&w, &entries[1]);
    ck_assert(!w.failed);
    return head_bytes + w.position;
}

static void write_page(uint8_t *out)
{
    struct avpni_page_head head = {AVPNI_PAGE_LAST, 2, 0xA1A2A3A4, 0xC1C2C3C4, 0xD1D2D3D4};

    avpni_page_head_write(out, &head);
    write_entries(out, AVPNI_PAGE_HEAD_BYTES);
}

static void write_change(uint8_t *out)
{
    struct avpni_page_head head = {.count = 2, .contacts_version = 0xA1A2A3A4};

    avpni_change_head_write(out, &head);
    write_entries(out, AVPNI_CHANGE_HEAD_BYTES);
}

static bool rewrite_entries(const uint8_t *in, size_t count, uint8_t *out)
{
    struct avpni_page_head head;
    struct avpni_reader r;
    struct avpni_writer w = avpni_writer(out, CANONICAL_BYTES);

    memset(&head, CANONICAL_POISON, sizeof head);
    if (!avpni_entries_read(in, count, &head, &r)) {
        canonical_check_poison(&head, sizeof head);
        return false;
    }
    if (avpni_body_kind(in, count) == AVPNI_BODY_PAGE) {
        avpni_page_head_write(out, &head);
        w.position = AVPNI_PAGE_HEAD_BYTES;
    } else {
        avpni_change_head_write(out, &head);
        w.position = AVPNI_CHANGE_HEAD_BYTES;
    }
    for (uint32_t i = 0; i < head.count; i++) {
        struct avpni_entry entry;

        avpni_entry_read(&r, &entry);
        avpni_entry_write(&w, &entry);
    }
    ck_assert(avpni_reader_is_done(&r));
    ck_assert_uint_eq(w.position, count);
    return true;
}

static const struct codec codecs[] = {
    {"Keepalive", "01030100" TOKEN VERSIONS CONTACT, "knf0" TOKEN_MAP VERSIONS_MAP CONTACT_MAP,
     write_alive, rewrite_alive},
    {"Fetch", "02000000" TOKEN "b1b2b3b4" ZEROS_28,
     "k000" TOKEN_MAP "...."
     "0000000000000000000000000000",
     write_fetch, rewrite_fetch},
    {"Ack", "81000000" CONTACT VERSIONS, "k000" CONTACT_MAP VERSIONS_MAP, write_ack, rewrite_ack},
    {"Challenge", "82000000" TOKEN CONTACT, "k000" TOKEN_MAP CONTACT_MAP, write_challenge,
     rewrite_challenge},
    {"Page",
     "83010002"
     "a1a2a3a4"
     "c1c2c3c4"
     "d1d2d3d4" ENTRIES,
     "kfkk"
     "...."
     "...."
     "...." ENTRIES_MAP,
     write_page, rewrite_entries},
    {"Change",
     "84000002"
     "a1a2a3a4" ENTRIES,
     "k0kk"
     "...." ENTRIES_MAP,
     write_change, rewrite_entries},
};

START_TEST(a_body_is_written_and_read_as_specified)
{
    canonical_check_sample(&codecs[_i]);
}
END_TEST

START_TEST(a_body_with_one_byte_changed_is_read_only_if_canonical)
{
    canonical_check_bytes(&codecs[_i]);
}
END_TEST

static const struct body_row {
    uint8_t kind;
    size_t least, most;
} body_rows[] = {
    {1, 52, 52},     {2, 52, 52},    {3, 52, 52},   {4, 52, 52},     {5, 52, 52},
    {129, 36, 36},   {130, 40, 40},  {131, 16, 1100}, {132, 8, 1100}, {133, 29, 1052},
    {134, 20, 20},   {135, 12, 1100}, {0, 1, 0},     {6, 1, 0},       {128, 1, 0},
    {136, 1, 0},     {255, 1, 0},
};

START_TEST(a_kind_of_body_has_no_other_lengths_than_its_own)
{
    const struct body_row *row = &body_rows[_i];
    uint8_t body[1200] = {row->kind};

    for (size_t count = 0; count <= sizeof body; count++) {
        bool is_own = count >= row->least && count <= row->most;

        ck_assert_int_eq(avpni_body_kind(body, count),
                         is_own ? (enum avpni_body)row->kind : AVPNI_BODY_BAD);
    }
}
END_TEST

START_TEST(entries_cut_short_or_with_bytes_after_them_are_refused)
{
    const struct codec *codec = &codecs[4 + _i];
    uint8_t body[CANONICAL_BYTES] = {0};
    size_t whole = harness_hex(codec->sample, body, sizeof body);
    struct avpni_page_head head;
    struct avpni_reader r;

    for (size_t count = 0; count <= AVPNI_SESSION_BODY_LIMIT; count++) {
        ck_assert_int_eq(avpni_entries_read(body, count, &head, &r), count == whole);
    }
}
END_TEST

START_TEST(other_bodies_have_no_entries)
{
    uint8_t body[CANONICAL_BYTES];
    struct avpni_page_head head;
    struct avpni_reader r;

    for (size_t i = 0; i < 4; i++) {
        size_t count = harness_hex(codecs[i].sample, body, sizeof body);

        ck_assert(!avpni_entries_read(body, count, &head, &r));
    }
}
END_TEST

START_TEST(a_page_without_entries_is_read)
{
    struct avpni_page_head head = {.flags = AVPNI_PAGE_LAST, .contacts_version = 7}, read;
    uint8_t body[AVPNI_PAGE_HEAD_BYTES];
    struct avpni_reader r;

    avpni_page_head_write(body, &head);
    ck_assert(avpni_entries_read(body, sizeof body, &read, &r));
    ck_assert_uint_eq(read.count, 0);
    ck_assert(avpni_reader_is_done(&r));
}
END_TEST

START_TEST(a_page_of_the_largest_entries_holds_as_many_as_fit) /* [REG-11] */
{
    struct avpni_entry entry = {.member = 1};
    struct avpni_page_head head = {0}, read;
    uint8_t body[AVPNI_PAGE_BODY_LIMIT];
    struct avpni_writer w =
        avpni_writer(body + AVPNI_PAGE_HEAD_BYTES, sizeof body - AVPNI_PAGE_HEAD_BYTES);
    struct avpni_reader r;
    size_t used = 0;

    entry.observed = entry.local = entries[0].local;
    for (;;) {
        avpni_entry_write(&w, &entry);
        if (w.failed) {
            break;
        }
        ck_assert_uint_eq(w.position - used, AVPNI_ENTRY_LIMIT);
        used = w.position;
        head.count++;
    }
    ck_assert_uint_eq(head.count, (1100 - 16) / 46);
    avpni_page_head_write(body, &head);
    ck_assert(avpni_entries_read(body, AVPNI_PAGE_HEAD_BYTES + used, &read, &r));
    ck_assert_uint_eq(read.count, head.count);
}
END_TEST

START_TEST(a_head_is_written_and_read_as_specified)
{
    struct avpni_session_head head = {0xA1A2A3A4, 0xB1B2B3B4B5B6B7B8, 0xC1C2C3C4C5C6C7C8}, read;
    uint8_t bytes[AVPNI_SESSION_BODY + 1], expected[AVPNI_SESSION_BODY];

    memset(bytes, CANONICAL_POISON, sizeof bytes);
    harness_hex("0000000001040000"
                "a1a2a3a4"
                "b1b2b3b4b5b6b7b8"
                "c1c2c3c4c5c6c7c8",
                expected, sizeof expected);
    avpni_session_head_write(bytes, &head);
    ck_assert_mem_eq(bytes, expected, sizeof expected);
    ck_assert_uint_eq(bytes[AVPNI_SESSION_BODY], CANONICAL_POISON);
    avpni_session_head_read(bytes, &read);
    ck_assert_uint_eq(read.slot, head.slot);
    ck_assert_uint_eq(read.generation, head.generation);
    ck_assert_uint_eq(read.counter, head.counter);
}
END_TEST

START_TEST(a_nonce_is_direction_and_counter) /* [REG-1] */
{
    uint8_t nonce[12], expected[12];

    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, 0x0102030405060708);
    harness_hex("00000001"
                "0102030405060708",
                expected, sizeof expected);
    ck_assert_mem_eq(nonce, expected, sizeof nonce);
    avpni_session_nonce(nonce, AVPNI_TO_NODE, 0x0102030405060708);
    expected[3] = 2;
    ck_assert_mem_eq(nonce, expected, sizeof nonce);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_body_is_written_and_read_as_specified, HARNESS_COUNT(codecs)),
    HARNESS_LOOP(a_body_with_one_byte_changed_is_read_only_if_canonical, HARNESS_COUNT(codecs)),
    HARNESS_LOOP(a_kind_of_body_has_no_other_lengths_than_its_own, HARNESS_COUNT(body_rows)),
    HARNESS_LOOP(entries_cut_short_or_with_bytes_after_them_are_refused, 2),
    HARNESS_CASE(other_bodies_have_no_entries),
    HARNESS_CASE(a_page_without_entries_is_read),
    HARNESS_CASE(a_page_of_the_largest_entries_holds_as_many_as_fit),
    HARNESS_CASE(a_head_is_written_and_read_as_specified),
    HARNESS_CASE(a_nonce_is_direction_and_counter),
};
HARNESS_MAIN("wire/session", cases)
