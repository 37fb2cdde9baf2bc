/* SPDX-License-Identifier: ISC */
/* Heads, cookies, confirmations and payloads of section 3. */
#include "canonical.h"
#include "wire/message.h"

#define BYTES_16 "101112131415161718191a1b1c1d1e1f"
#define BYTES_32 BYTES_16 "202122232425262728292a2b2c2d2e2f"
#define ZEROS_52                                                                                   \
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000" \
    "000000000000"
#define CONTACT "04009c41cb007107000000000000000000000000"
#define CONTACT_MAP "F0......000000000000"

static const struct avpn_contact contact = {AVPN_FAMILY_IPV4, 0, 40001, {203, 0, 113, 7}};

static void count_up(uint8_t *bytes, size_t count, uint8_t first)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)(first + i);
    }
}

static void write_register_request(uint8_t *out)
{
    struct avpni_register_request request = {
        .uplink = 3, .nat = 2, .config_version = 0x0102030405060708, .local = contact};

    count_up(request.organization.bytes, AVPN_KEY_BYTES, 0x10);
    avpni_register_request_write(out, &request);
}
CANONICAL_REWRITE(register_request)

static void write_register_response(uint8_t *out)
{
    struct avpni_register_response response = {.slot = 0xA1A2A3A4,
                                               .generation = 0xB1B2B3B4B5B6B7B8,
                                               .observed = contact,
                                               .config_version = 0xC1C2C3C4C5C6C7C8,
                                               .contacts_version = 0xD1D2D3D4,
                                               .keepalive_seconds = 0x0A0B};

    count_up(response.key, sizeof response.key, 0x10);
    count_up(response.token, sizeof response.token, 0x10);
    avpni_register_response_write(out, &response);
}
CANONICAL_REWRITE(register_response)

static void write_claim_request(uint8_t *out)
{
    struct avpni_claim_request request = {.member = 0xA1A2A3A4};

    count_up(request.organization.bytes, AVPN_KEY_BYTES, 0x10);
    count_up(request.signature, sizeof request.signature, 0x10);
    avpni_claim_request_write(out, &request);
}
CANONICAL_REWRITE(claim_request)

static void write_claim_response(uint8_t *out)
{
    struct avpni_claim_response response = {AVPNI_CLAIM_TAKEN, 0xC1C2C3C4C5C6C7C8};

    avpni_claim_response_write(out, &response);
}
CANONICAL_REWRITE(claim_response)

static void write_admin_request(uint8_t *out)
{
    struct avpni_admin_request request = {.signer = 3};

    count_up(request.organization.bytes, AVPN_KEY_BYTES, 0x10);
    count_up(request.signature, sizeof request.signature, 0x10);
    avpni_admin_request_write(out, &request);
}
CANONICAL_REWRITE(admin_request)

static void write_unsigned_request(uint8_t *out)
{
    struct avpni_admin_request request = {.signer = AVPNI_SIGNER_NONE};

    count_up(request.organization.bytes, AVPN_KEY_BYTES, 0x10);
    avpni_admin_request_write(out, &request);
}

static void write_node_request(uint8_t *out)
{
    struct avpni_node_request request = {
        0xA1A2A3A4A5A6A7A8, 0xB1B2B3B4, {2, 1, 0, 0}, 0xC1C2C3C4C5C6C7C8};

    avpni_node_request_write(out, &request);
}
CANONICAL_REWRITE(node_request)

static void write_node_response(uint8_t *out)
{
    struct avpni_node_response response = {2, 0xC1C2C3C4};

    avpni_node_response_write(out, &response);
}
CANONICAL_REWRITE(node_response)

#define BYTES_64 BYTES_32 "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f"
#define MAP_32 "................................"
#define ZEROS_8 "0000000000000000"
#define ZEROS_12 ZEROS_8 "00000000"
#define ZEROS_32 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8

static const struct codec codecs[] = {
    {"Claim", "02000000" BYTES_32 "a1a2a3a4" BYTES_64 ZEROS_12,
     "k000" MAP_32 "...." MAP_32 MAP_32 "000000000000", write_claim_request,
     rewrite_claim_request},
    {"Claim's answer", "0200000000000000c1c2c3c4c5c6c7c8" ZEROS_32 ZEROS_32 ZEROS_8 ZEROS_8,
     "c0000000........" ZEROS_32 ZEROS_8, write_claim_response, rewrite_claim_response},
    {"Administration", "03000000" BYTES_32 "03000000" BYTES_64 ZEROS_12,
     "k000" MAP_32 "s000" MAP_32 MAP_32 "000000000000", write_admin_request,
     rewrite_admin_request},
    {"Administration without a key", "03000000" BYTES_32 "ff000000" ZEROS_32 ZEROS_32 ZEROS_12,
     "k000" MAP_32 "k000" ZEROS_32 "000000000000", write_unsigned_request,
     rewrite_admin_request},
    {"Register Request", "01030200" BYTES_32 "0102030405060708" CONTACT ZEROS_52,
     "kun0"
     "................................"
     "........" CONTACT_MAP "0000000000000000000000000000000000000000000000000000",
     write_register_request, rewrite_register_request},
    {"Register Response",
     "a1a2a3a4"
     "b1b2b3b4b5b6b7b8" BYTES_32 BYTES_16 CONTACT "c1c2c3c4c5c6c7c8"
     "d1d2d3d4"
     "0a0b"
     "0000",
     "...."
     "........"
     "................................"
     "................" CONTACT_MAP "........"
     "...."
     ".."
     "00",
     write_register_response, rewrite_register_response},
    {"node payload 1",
     "a1a2a3a4a5a6a7a8"
     "b1b2b3b4"
     "02010000"
     "c1c2c3c4c5c6c7c8",
     "........"
     "...."
     "a..0"
     "........",
     write_node_request, rewrite_node_request},
    {"node payload 2",
     "02000000"
     "c1c2c3c4"
     "00000000",
     "a000"
     "...."
     "0000",
     write_node_response, rewrite_node_response},
};

START_TEST(a_payload_is_written_and_read_as_specified)
{
    canonical_check_sample(&codecs[_i]);
}
END_TEST

START_TEST(a_payload_with_one_byte_changed_is_read_only_if_canonical)
{
    canonical_check_bytes(&codecs[_i]);
}
END_TEST

static const struct suite_row {
    uint8_t suites[4];
    int is_good;
} suite_rows[] = {
    {{1, 0, 0, 0}, 1}, {{2, 1, 0, 0}, 1}, {{1, 2, 3, 4}, 1}, {{255, 1, 0, 0}, 1}, {{0, 0, 0, 0}, 0},
    {{0, 1, 0, 0}, 0}, {{1, 0, 2, 0}, 0}, {{1, 2, 0, 3}, 0}, {{1, 0, 0, 2}, 0},   {{0, 0, 0, 1}, 0},
};

START_TEST(a_list_of_suites_has_its_zeros_at_the_end) /* [HS-7] */
{
    struct avpni_node_request request = {0}, read;
    uint8_t bytes[AVPNI_NODE_REQUEST_BYTES];

    memcpy(request.suites, suite_rows[_i].suites, 4);
    avpni_node_request_write(bytes, &request);
    ck_assert_int_eq(avpni_node_request_read(bytes, &read), suite_rows[_i].is_good);
}
END_TEST

START_TEST(heads_carry_their_indices)
{
    uint8_t bytes[AVPNI_RESPONSE_NOISE + 1], expected[AVPNI_RESPONSE_NOISE];

    memset(bytes, CANONICAL_POISON, sizeof bytes);
    avpni_initiation_write_head(bytes, 0xA1A2A3A4);
    harness_hex("0000000001010000"
                "a1a2a3a4",
                expected, sizeof expected);
    ck_assert_mem_eq(bytes, expected, AVPNI_INITIATION_NOISE);
    ck_assert_uint_eq(bytes[AVPNI_INITIATION_NOISE], CANONICAL_POISON);
    ck_assert_uint_eq(avpni_initiation_sender(bytes), 0xA1A2A3A4);

    avpni_response_write_head(bytes, 0xB1B2B3B4, 0xC1C2C3C4);
    harness_hex("0000000001020000"
                "b1b2b3b4"
                "c1c2c3c4",
                expected, sizeof expected);
    ck_assert_mem_eq(bytes, expected, AVPNI_RESPONSE_NOISE);
    ck_assert_uint_eq(bytes[AVPNI_RESPONSE_NOISE], CANONICAL_POISON);
    ck_assert_uint_eq(avpni_response_sender(bytes), 0xB1B2B3B4);
    ck_assert_uint_eq(avpni_response_receiver(bytes), 0xC1C2C3C4);
}
END_TEST

START_TEST(a_cookie_message_is_written_and_read_as_specified)
{
    struct avpni_cookie_message message = {.receiver = 0xA1A2A3A4}, read;
    uint8_t bytes[AVPNI_COOKIE_MESSAGE_BYTES], expected[AVPNI_COOKIE_MESSAGE_BYTES];

    count_up(message.nonce, sizeof message.nonce, 0x30);
    count_up(message.sealed, sizeof message.sealed, 0x10);
    harness_hex("0000000001030000"
                "a1a2a3a4"
                "303132333435363738393a3b3c3d3e3f4041424344454647" BYTES_32,
                expected, sizeof expected);
    avpni_cookie_write(bytes, &message);
    ck_assert_mem_eq(bytes, expected, sizeof bytes);
    ck_assert_int_eq(avpni_message_kind(bytes, sizeof bytes), AVPNI_KIND_COOKIE);
    avpni_cookie_read(bytes, &read);
    ck_assert_mem_eq(&read, &message, sizeof read);
}
END_TEST

START_TEST(a_confirmation_is_written_and_read_as_specified) /* [HS-11] */
{
    struct avpni_confirmation message = {.receiver = 0xA1A2A3A4}, read;
    uint8_t bytes[AVPNI_CONFIRMATION_BYTES], expected[AVPNI_CONFIRMATION_BYTES];

    count_up(message.tag, sizeof message.tag, 0x30);
    harness_hex("0000000001060000"
                "a1a2a3a4"
                "303132333435363738393a3b3c3d3e3f",
                expected, sizeof expected);
    avpni_confirmation_write(bytes, &message);
    ck_assert_mem_eq(bytes, expected, sizeof bytes);
    ck_assert_int_eq(avpni_message_kind(bytes, sizeof bytes), AVPNI_KIND_CONFIRMATION);
    avpni_confirmation_read(bytes, &read);
    ck_assert_mem_eq(&read, &message, sizeof read);
}
END_TEST

START_TEST(an_answer_is_never_larger_than_the_initiation) /* [HS-5] */
{
    ck_assert_uint_le(AVPNI_RESPONSE_REGISTRY_BYTES, AVPNI_INITIATION_REGISTRY_BYTES);
    ck_assert_uint_le(AVPNI_RESPONSE_NODE_BYTES, AVPNI_INITIATION_NODE_BYTES);
    ck_assert_uint_le(AVPNI_COOKIE_MESSAGE_BYTES, AVPNI_INITIATION_NODE_BYTES);
}
END_TEST

START_TEST(a_request_to_a_registry_is_known_by_its_first_byte)
{
    uint8_t bytes[AVPNI_REGISTER_REQUEST_BYTES] = {0};

    for (unsigned kind = 0; kind < 256; kind++) {
        bytes[0] = (uint8_t)kind;
        ck_assert_int_eq(avpni_request_kind(bytes), kind >= 1 && kind <= 3 ? (int)kind : 0);
    }
}
END_TEST

START_TEST(an_administration_signature_is_over_both_static_keys_and_the_organization) /* [PUB-1] */
{
    struct avpn_key registry, administrator, organization;
    uint8_t text[AVPNI_ADMIN_TEXT_BYTES];

    count_up(registry.bytes, sizeof registry.bytes, 0x20);
    count_up(administrator.bytes, sizeof administrator.bytes, 0x40);
    count_up(organization.bytes, sizeof organization.bytes, 0x60);
    ck_assert_uint_eq(avpni_admin_text(text, &registry, &administrator, &organization),
                      sizeof text);
    ck_assert_mem_eq(text, "autovpn administration 1", 24);
    ck_assert_mem_eq(text + 24, &registry, 32);
    ck_assert_mem_eq(text + 56, &administrator, 32);
    ck_assert_mem_eq(text + 88, &organization, 32);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(a_request_to_a_registry_is_known_by_its_first_byte),
    HARNESS_CASE(an_administration_signature_is_over_both_static_keys_and_the_organization),
    HARNESS_LOOP(a_payload_is_written_and_read_as_specified, HARNESS_COUNT(codecs)),
    HARNESS_LOOP(a_payload_with_one_byte_changed_is_read_only_if_canonical, HARNESS_COUNT(codecs)),
    HARNESS_LOOP(a_list_of_suites_has_its_zeros_at_the_end, HARNESS_COUNT(suite_rows)),
    HARNESS_CASE(heads_carry_their_indices),
    HARNESS_CASE(a_cookie_message_is_written_and_read_as_specified),
    HARNESS_CASE(a_confirmation_is_written_and_read_as_specified),
    HARNESS_CASE(an_answer_is_never_larger_than_the_initiation),
};
HARNESS_MAIN("wire/handshake", cases)
