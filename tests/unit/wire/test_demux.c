/* SPDX-License-Identifier: ISC */
/* [DMX-1] to [DMX-3]: every length of every type, and every byte of the header. */
#include "harness.h"
#include "wire/message.h"

#include <string.h>

#define LENGTH_LIMIT 65535

static const struct datagram_row {
    const char *bytes; /* hex, continued with zeros */
    size_t count;
    enum avpni_kind kind;
} rows[] = {
    {"", 0, AVPNI_KIND_BAD},
    {"ff", 1, AVPNI_KIND_KEEPALIVE},
    {"ffff", 2, AVPNI_KIND_BAD},
    {"fe", 1, AVPNI_KIND_BAD},
    {"00", 1, AVPNI_KIND_BAD},
    {"0000000001010000", 256, AVPNI_KIND_INITIATION},
    {"0000000001010000", 164, AVPNI_KIND_INITIATION},
    {"0000000001020000", 160, AVPNI_KIND_RESPONSE},
    {"0000000001020000", 76, AVPNI_KIND_RESPONSE},
    {"0000000001030000", 68, AVPNI_KIND_COOKIE},
    {"0000000001040000", 45, AVPNI_KIND_SESSION},
    {"0000000001040000", 1144, AVPNI_KIND_SESSION},
    {"0000000001050000", 127, AVPNI_KIND_BAD},
    {"0000000001050000", 128, AVPNI_KIND_PROBE},
    {"0000000001050000", 65507, AVPNI_KIND_PROBE},
    {"0000000001050000", 65508, AVPNI_KIND_BAD},
    {"0000000001000000", 128, AVPNI_KIND_BAD},
    {"0000000001060000", 28, AVPNI_KIND_CONFIRMATION},
    {"0000000001060000", 128, AVPNI_KIND_BAD},
    {"0000000001070000", 128, AVPNI_KIND_BAD},
    {"0000000000050000", 128, AVPNI_KIND_BAD},
    {"0000000002050000", 128, AVPNI_KIND_BAD},
    {"00000000", 4, AVPNI_KIND_BAD},
    {"00000001", 128, AVPNI_KIND_BAD},
    {"000000ff", 128, AVPNI_KIND_BAD},
    {"00000100", 36, AVPNI_KIND_ESP},
    {"00000100", 35, AVPNI_KIND_BAD},
    {"ffffffff", 36, AVPNI_KIND_ESP},
    {"ff000000", 1300, AVPNI_KIND_ESP},
    {"01000000", 8, AVPNI_KIND_BAD},
};

START_TEST(a_datagram_is_what_its_first_bytes_and_its_length_say)
{
    static uint8_t bytes[LENGTH_LIMIT];

    memset(bytes, 0, sizeof bytes);
    harness_hex(rows[_i].bytes, bytes, sizeof bytes);
    ck_assert_int_eq(avpni_message_kind(bytes, rows[_i].count), rows[_i].kind);
}
END_TEST

static const struct length_row {
    uint8_t type;
    size_t least[2], most[2];
} lengths[] = {
    {1, {164, 256}, {164, 256}}, {2, {76, 160}, {76, 160}},   {3, {68, 68}, {68, 68}},
    {4, {45, 45}, {1144, 1144}}, {5, {128, 128}, {65507, 65507}}, {6, {28, 28}, {28, 28}},
};

START_TEST(a_type_has_no_other_lengths_than_its_own)
{
    const struct length_row *row = &lengths[_i];
    static uint8_t bytes[LENGTH_LIMIT];

    memcpy(bytes, (uint8_t[]){0, 0, 0, 0, 1, row->type}, 6);

    for (size_t count = 0; count <= sizeof bytes; count++) {
        bool is_own = (count >= row->least[0] && count <= row->most[0]) ||
                      (count >= row->least[1] && count <= row->most[1]);

        ck_assert_int_eq(avpni_message_kind(bytes, count),
                         is_own ? (enum avpni_kind)row->type : AVPNI_KIND_BAD);
    }
}
END_TEST

START_TEST(every_other_version_and_every_reserved_bit_is_refused)
{
    uint8_t bytes[AVPNI_PROBE_BYTES] = {0, 0, 0, 0, 1, AVPNI_KIND_PROBE};
    static const size_t fixed[] = {4, 6, 7};

    for (size_t i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        uint8_t kept = bytes[fixed[i]];

        for (unsigned value = 0; value < 256; value++) {
            bytes[fixed[i]] = (uint8_t)value;
            ck_assert_int_eq(avpni_message_kind(bytes, sizeof bytes),
                             value == kept ? AVPNI_KIND_PROBE : AVPNI_KIND_BAD);
        }
        bytes[fixed[i]] = kept;
    }
}
END_TEST

START_TEST(only_spis_from_256_on_are_esp)
{
    static const uint32_t spis[] = {1, 2, 127, 254, 255, 256, 257, 65536, UINT32_MAX};

    for (size_t i = 0; i < sizeof spis / sizeof spis[0]; i++) {
        uint8_t bytes[36] = {(uint8_t)(spis[i] >> 24), (uint8_t)(spis[i] >> 16),
                             (uint8_t)(spis[i] >> 8), (uint8_t)spis[i]};

        ck_assert_int_eq(avpni_message_kind(bytes, sizeof bytes),
                         spis[i] < 256 ? AVPNI_KIND_BAD : AVPNI_KIND_ESP);
        ck_assert_uint_eq(avpni_esp_spi(bytes), spis[i]);
    }
}
END_TEST

START_TEST(an_esp_packet_is_no_shorter_than_a_dummy_packet)
{
    uint8_t bytes[LENGTH_LIMIT] = {1, 2, 3, 4};

    for (size_t count = 0; count <= sizeof bytes; count++) {
        ck_assert_int_eq(avpni_message_kind(bytes, count),
                         count < 36 ? AVPNI_KIND_BAD : AVPNI_KIND_ESP);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_datagram_is_what_its_first_bytes_and_its_length_say, HARNESS_COUNT(rows)),
    HARNESS_LOOP(a_type_has_no_other_lengths_than_its_own, HARNESS_COUNT(lengths)),
    HARNESS_CASE(every_other_version_and_every_reserved_bit_is_refused),
    HARNESS_CASE(only_spis_from_256_on_are_esp),
    HARNESS_CASE(an_esp_packet_is_no_shorter_than_a_dummy_packet),
};
HARNESS_MAIN("wire/demux", cases)
