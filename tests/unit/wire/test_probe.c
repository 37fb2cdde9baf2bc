/* SPDX-License-Identifier: ISC */
/* The head and the body of a probe, section 5. */
#include "canonical.h"
#include "wire/message.h"

#define NONE "0000000000000000000000000000000000000000"
#define NONE_MAP "00000000000000000000"
#define OBSERVED "04009c41cb007107000000000000000000000000"
#define OBSERVED_MAP "F0......000000000000"
#define TAIL                                                                                       \
    "a1a2a3a4"                                                                                     \
    "b1b2b3b4b5b6b7b8"                                                                             \
    "c1c2c3c4"                                                                                     \
    "d1d2d3d4"                                                                                     \
    "e1e2e3e4"                                                                                     \
    "f1f2f3f4f5f6f7f8"                                                                             \
    "91929394"
#define TAIL_MAP                                                                                   \
    "...."                                                                                         \
    "........"                                                                                     \
    "...."                                                                                         \
    "...."                                                                                         \
    "...."                                                                                         \
    "........"                                                                                     \
    "...."
#define PLAIN "00000000" /* size and fill */
#define PLAIN_MAP "0000"

static const struct avpni_probe request = {
    .kind = AVPNI_PROBE_REQUEST,
    .uplink = 3,
    .remote_uplink = AVPNI_UPLINK_UNKNOWN,
    .flags = AVPNI_PROBE_WANTS_HANDSHAKE,
    .transaction = 0x0102030405060708,
    .session = 0xA1A2A3A4,
    .ticket = 0xB1B2B3B4B5B6B7B8,
    .sent = 0xC1C2C3C4,
    .received = 0xD1D2D3D4,
    .psk_epoch = 0xE1E2E3E4,
    .offers = 0xF1F2F3F4F5F6F7F8,
    .site_check = 0x91929394,
};

static void write_request(uint8_t *out)
{
    avpni_probe_body_write(out, &request);
}

static void write_response(uint8_t *out)
{
    struct avpni_probe response = request;

    response.kind = AVPNI_PROBE_RESPONSE;
    response.remote_uplink = 1;
    response.flags = AVPNI_PROBE_WANTS_HANDSHAKE | AVPNI_PROBE_RESERVED;
    response.observed = (struct avpn_contact){AVPN_FAMILY_IPV4, 0, 40001, {203, 0, 113, 7}};
    avpni_probe_body_write(out, &response);
}

static void write_size_request(uint8_t *out)
{
    struct avpni_probe asked = request;

    asked.kind = AVPNI_PROBE_SIZE_REQUEST;
    asked.remote_uplink = 2;
    asked.size = 0x05F0;
    avpni_probe_body_write(out, &asked);
}

static void write_size_response(uint8_t *out)
{
    struct avpni_probe response = request;

    response.kind = AVPNI_PROBE_SIZE_RESPONSE;
    response.remote_uplink = 2;
    response.observed = (struct avpn_contact){AVPN_FAMILY_IPV4, 0, 40001, {203, 0, 113, 7}};
    response.size = 0x05F0;
    avpni_probe_body_write(out, &response);
}

static bool rewrite(const uint8_t *in, size_t count, uint8_t *out)
{
    struct avpni_probe probe;

    ck_assert_uint_eq(count, AVPNI_PROBE_BODY_BYTES);
    memset(&probe, CANONICAL_POISON, sizeof probe);
    if (!avpni_probe_body_read(in, &probe)) {
        canonical_check_poison(&probe, sizeof probe);
        return false;
    }
    avpni_probe_body_write(out, &probe);
    return true;
}

static const struct codec codecs[] = {
    {"request",
     "0103ff01"
     "0102030405060708" NONE TAIL PLAIN,
     "kurg"
     "........" NONE_MAP TAIL_MAP PLAIN_MAP,
     write_request, rewrite},
    {"response",
     "02030103"
     "0102030405060708" OBSERVED TAIL PLAIN,
     "kuug"
     "........" OBSERVED_MAP TAIL_MAP PLAIN_MAP,
     write_response, rewrite},
    {"size request",
     "03030201"
     "0102030405060708" NONE TAIL "05f00000",
     "kuug"
     "........" NONE_MAP TAIL_MAP "S.00",
     write_size_request, rewrite},
    {"size response",
     "04030201"
     "0102030405060708" OBSERVED TAIL "05f00000",
     "kuug"
     "........" OBSERVED_MAP TAIL_MAP "S.00",
     write_size_response, rewrite},
};

START_TEST(a_probe_is_written_and_read_as_specified)
{
    canonical_check_sample(&codecs[_i]);
}
END_TEST

START_TEST(a_probe_with_one_byte_changed_is_read_only_if_canonical)
{
    canonical_check_bytes(&codecs[_i]);
}
END_TEST

static const struct kind_row {
    uint8_t kind, remote_uplink, family;
    uint16_t size;
    int is_good;
} kind_rows[] = {
    {1, 255, 0, 0, 1}, {1, 0, 0, 0, 1},   {1, 3, 0, 0, 1},     {1, 4, 0, 0, 0},     {1, 254, 0, 0, 0},
    {1, 0, 4, 0, 0},   {1, 255, 4, 0, 0}, {1, 0, 0, 128, 0},   {1, 0, 0, 1, 0},     {2, 0, 4, 0, 1},
    {2, 3, 4, 0, 1},   {2, 255, 4, 0, 0}, {2, 4, 4, 0, 0},     {2, 0, 0, 0, 0},     {2, 0, 4, 128, 0},
    {0, 0, 0, 0, 0},   {0, 0, 4, 0, 0},   {0, 0, 4, 128, 0},   {3, 0, 0, 0, 0},     {3, 0, 0, 127, 0},
    {3, 0, 0, 128, 1}, {3, 3, 0, 1200, 1}, {3, 0, 0, 65507, 1}, {3, 0, 0, 65508, 0}, {3, 4, 0, 128, 0},
    {3, 255, 0, 128, 0}, {3, 0, 4, 128, 0}, {4, 0, 4, 0, 0},   {4, 0, 4, 127, 0},   {4, 0, 4, 128, 1},
    {4, 3, 4, 65507, 1}, {4, 0, 4, 65508, 0}, {4, 0, 4, 65535, 0}, {4, 4, 4, 128, 0}, {4, 255, 4, 128, 0},
    {4, 0, 0, 128, 0}, {5, 0, 0, 128, 0}, {5, 0, 4, 128, 0},   {255, 0, 4, 0, 0},
};

/* A request observes nothing, a response names all, and a size is named where one is asked for. */
START_TEST(a_kind_has_what_it_needs_and_nothing_else) /* [PRB-2], [MTU-2] */
{
    const struct kind_row *row = &kind_rows[_i];
    struct avpni_probe probe = {
        .kind = row->kind, .remote_uplink = row->remote_uplink, .size = row->size};
    struct avpni_probe read;
    uint8_t body[AVPNI_PROBE_BODY_BYTES];

    if (row->family != AVPN_FAMILY_NONE) {
        probe.observed = (struct avpn_contact){row->family, 0, 40001, {203, 0, 113, 7}};
    }
    avpni_probe_body_write(body, &probe);
    ck_assert_int_eq(avpni_probe_body_read(body, &read), row->is_good);
}
END_TEST

static const struct whole_row {
    uint8_t kind;
    uint16_t size;
    size_t count;
    int is_good;
} whole_rows[] = {
    {1, 0, 128, 1},      {1, 0, 129, 0},       {2, 0, 128, 1},       {2, 0, 1200, 0},
    {3, 128, 128, 1},    {3, 128, 129, 0},     {3, 1200, 1200, 1},   {3, 1200, 1199, 0},
    {3, 1200, 1201, 0},  {3, 1200, 128, 0},    {3, 65507, 65507, 1}, {3, 65507, 65506, 0},
    {4, 1200, 128, 1},   {4, 1200, 1200, 0},   {4, 128, 129, 0},
};

START_TEST(only_a_size_request_is_longer_and_exactly_as_long_as_it_says) /* [MTU-2], [DMX-2] */
{
    const struct whole_row *row = &whole_rows[_i];
    struct avpni_probe probe = {.kind = row->kind, .size = row->size};
    static uint8_t bytes[AVPNI_PROBE_LIMIT];

    memset(bytes, 0, sizeof bytes);
    memset(bytes, CANONICAL_POISON, AVPNI_PROBE_BYTES);
    ck_assert_int_eq(avpni_probe_is_whole(&probe, bytes, row->count), row->is_good);
}
END_TEST

START_TEST(nothing_but_zeros_follows_the_tag) /* [MTU-2] */
{
    struct avpni_probe probe = {.kind = AVPNI_PROBE_SIZE_REQUEST, .size = 1200};
    uint8_t bytes[1200] = {0};

    for (size_t i = AVPNI_PROBE_BYTES; i < sizeof bytes; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] = (uint8_t)(1u << bit);
            ck_assert(!avpni_probe_is_whole(&probe, bytes, sizeof bytes));
        }
        bytes[i] = 0;
    }
    ck_assert(avpni_probe_is_whole(&probe, bytes, sizeof bytes));
}
END_TEST

START_TEST(a_head_has_the_tag_and_the_nonce_in_their_places)
{
    uint8_t bytes[AVPNI_PROBE_BYTES], tag[8], nonce[24];

    memset(bytes, CANONICAL_POISON, sizeof bytes);
    memset(tag, 0x11, sizeof tag);
    memset(nonce, 0x22, sizeof nonce);
    avpni_probe_head_write(bytes, tag, nonce);
    ck_assert_int_eq(avpni_message_kind(bytes, sizeof bytes), AVPNI_KIND_PROBE);
    ck_assert_mem_eq(bytes + 8, tag, sizeof tag);
    ck_assert_mem_eq(bytes + 16, nonce, sizeof nonce);
    ck_assert_uint_eq(bytes[40], CANONICAL_POISON);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_probe_is_written_and_read_as_specified, HARNESS_COUNT(codecs)),
    HARNESS_LOOP(a_probe_with_one_byte_changed_is_read_only_if_canonical, HARNESS_COUNT(codecs)),
    HARNESS_LOOP(a_kind_has_what_it_needs_and_nothing_else, HARNESS_COUNT(kind_rows)),
    HARNESS_LOOP(only_a_size_request_is_longer_and_exactly_as_long_as_it_says,
                 HARNESS_COUNT(whole_rows)),
    HARNESS_CASE(nothing_but_zeros_follows_the_tag),
    HARNESS_CASE(a_head_has_the_tag_and_the_nonce_in_their_places),
};
HARNESS_MAIN("wire/probe", cases)
