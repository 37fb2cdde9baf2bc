/* SPDX-License-Identifier: ISC */
/* Tokens as text and back, and the claims made with them. [JOIN-1] */
#include "organization.h"
#include "crypto/box.h"
#include "crypto/hash.h"
#include <autovpn/join.h>

static struct avpn_token_registry token_registry(uint32_t i)
{
    const struct avpn_registry_entry entry = registry_of(i);
    struct avpn_token_registry place = {.key = entry.key, .port = entry.port};

    memcpy(place.host, entry.host, sizeof place.host);
    return place;
}

static struct avpn_token sample_token(void)
{
    struct avpn_token token = {.size = sizeof token,
                               .member = 7,
                               .organization = {{1, 2, 3}},
                               .secret = {4, 5, 6},
                               .version = 9,
                               .expires = 1700000000,
                               .registry_count = 2};

    token.registries[0] = token_registry(1);
    token.registries[1] = token_registry(2);
    return token;
}

static void format(const struct avpn_token *token, char text_out[AVPN_TOKEN_TEXT])
{
    ck_assert_int_eq(avpn_token_format(token, text_out, AVPN_TOKEN_TEXT), AVPN_OK);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void same(struct avpn_token *t) { t->reserved = 0; }
static void largest(struct avpn_token *t)
{
    t->registry_count = AVPN_REGISTRIES;
    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++) {
        t->registries[i] = token_registry(i);
        memset(t->registries[i].host, 'a' + (int)i, AVPN_NAME_BYTES - 1);
    }
    t->member = UINT32_MAX;
    t->version = UINT64_MAX;
    t->expires = INT64_MAX;
}
static void literal_address(struct avpn_token *t)
{
    memset(t->registries[0].host, 0, AVPN_NAME_BYTES);
    strcpy(t->registries[0].host, "2001:db8::1");
}
static void short_names(struct avpn_token *t)
{
    t->registry_count = 1;
    memset(&t->registries[1], 0, sizeof t->registries[1]);
    memset(t->registries[0].host, 0, AVPN_NAME_BYTES);
    t->registries[0].host[0] = 'a';
}
static void never_expires(struct avpn_token *t) { t->expires = 0; }

static void (*const good_tokens[])(struct avpn_token *token) = {same, largest, literal_address,
                                                                short_names, never_expires};

START_TEST(a_token_comes_back_from_its_text)
{
    struct avpn_token token = sample_token(), out;
    char text[AVPN_TOKEN_TEXT];

    good_tokens[_i](&token);
    format(&token, text);
    ck_assert(strncmp(text, "AVPN", 4) == 0);
    ck_assert_uint_eq(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"), strlen(text));
    memset(&out, 0xff, sizeof out);
    out.size = sizeof out;
    ck_assert_int_eq(avpn_token_parse(text, &out), AVPN_OK);
    ck_assert_mem_eq(&out, &token, sizeof out);
}
END_TEST

/* Decoded here bit by bit. */
START_TEST(the_text_is_base32_of_what_the_protocol_says)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    struct avpn_token token = sample_token();
    uint8_t bytes[1024] = {0}, hash[32];
    char text[AVPN_TOKEN_TEXT];
    size_t count = 0;

    token.registry_count = 1;
    format(&token, text);
    for (const char *c = text + 4; *c != '\0'; c++) {
        uint32_t value = (uint32_t)(strchr(digits, *c) - digits);

        for (int bit = 4; bit >= 0; bit--, count++) {
            bytes[count / 8] |= (uint8_t)((value >> bit & 1) << (7 - count % 8));
        }
    }
    count /= 8;
    ck_assert_uint_eq(count, 1 + 32 + 16 + 4 + 8 + 8 + 1 + 32 + 2 + 1 + 21 + 4);
    ck_assert(bytes[0] == 1 && bytes[1] == 1 && bytes[2] == 2 && bytes[33] == 4);
    ck_assert(bytes[52] == 7 && bytes[60] == 9 && bytes[69] == 1);
    ck_assert_mem_eq(bytes + 70, &token.registries[0].key, 32);
    ck_assert(bytes[102] == 9350 >> 8 && bytes[103] == (9350 & 255) && bytes[104] == 21);
    ck_assert_mem_eq(bytes + 105, "registry1.example.net", 21);
    const struct avpni_piece piece = {bytes, count - 4};

    avpni_hash(hash, sizeof hash, NULL, 0, &piece, 1);
    ck_assert_mem_eq(bytes + count - 4, hash, 4);
}
END_TEST

START_TEST(case_spaces_and_line_breaks_do_not_matter)
{
    const struct avpn_token token = sample_token();
    struct avpn_token out = {.size = sizeof out};
    char text[AVPN_TOKEN_TEXT], other[3 * AVPN_TOKEN_TEXT];
    size_t count = 0;

    format(&token, text);
    for (size_t i = 0; text[i] != '\0'; i++) {
        bool is_capital = text[i] >= 'A' && text[i] <= 'Z';

        if (i % 5 == 0) {
            other[count++] = " \r\n\t"[i / 5 % 4];
        }
        other[count++] = (char)(is_capital && i % 3 == 0 ? text[i] + 32 : text[i]);
    }
    strcpy(other + count, " \n");
    ck_assert_int_eq(avpn_token_parse(other, &out), AVPN_OK);
    ck_assert_mem_eq(&out, &token, sizeof out);
}
END_TEST

START_TEST(every_mistyped_character_is_noticed)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const struct avpn_token token = sample_token();
    struct avpn_token out, before;
    char text[AVPN_TOKEN_TEXT];

    format(&token, text);
    memset(&out, 0x5a, sizeof out);
    out.size = sizeof out;
    before = out;
    for (size_t i = 0; text[i] != '\0'; i++) {
        const char right = text[i];

        for (const char *wrong = digits; *wrong != '\0'; wrong++) {
            text[i] = *wrong;
            if (*wrong != right) {
                ck_assert_int_eq(avpn_token_parse(text, &out), AVPN_ERROR_FORMAT);
            }
        }
        text[i] = right;
        if (text[i] != text[i + 1] && text[i + 1] != '\0') {
            text[i] = text[i + 1];
            text[i + 1] = right;
            ck_assert_int_eq(avpn_token_parse(text, &out), AVPN_ERROR_FORMAT);
            text[i + 1] = text[i];
            text[i] = right;
        }
    }
    ck_assert_mem_eq(&out, &before, sizeof out);
    ck_assert_int_eq(avpn_token_parse(text, &out), AVPN_OK);
}
END_TEST

START_TEST(a_text_cut_short_or_with_more_behind_is_no_token)
{
    const struct avpn_token token = sample_token();
    struct avpn_token out = {.size = sizeof out};
    char text[AVPN_TOKEN_TEXT], other[2 * AVPN_TOKEN_TEXT];
    size_t count;

    format(&token, text);
    count = strlen(text);
    for (size_t cut = 0; cut < count; cut++) {
        memcpy(other, text, cut);
        other[cut] = '\0';
        ck_assert_int_eq(avpn_token_parse(other, &out), AVPN_ERROR_FORMAT);
    }
    for (size_t more = 1; more < AVPN_TOKEN_TEXT; more++) {
        memcpy(other, text, count);
        memset(other + count, 'A', more);
        other[count + more] = '\0';
        ck_assert_int_eq(avpn_token_parse(other, &out), AVPN_ERROR_FORMAT);
    }
}
END_TEST

static const char *const no_tokens[] = {
    "", " ", "A", "AVPN", "AVPNA", "AVPNAA", "AVPN AAAAAAAA AAAAAAAA", "AVPM", "VPNAAAAA",
    "AVPN0", "AVPN1", "AVPN8", "AVPN=", "AVPN-AAAA", "AVPN\x80", "avpn"};

START_TEST(other_texts_are_no_tokens)
{
    struct avpn_token out = {.size = sizeof out};

    ck_assert_int_eq(avpn_token_parse(no_tokens[_i], &out), AVPN_ERROR_FORMAT);
}
END_TEST

/* ---- fields ---------------------------------------------------------------------------------- */

static void other_size(struct avpn_token *t) { t->size--; }
static void no_member(struct avpn_token *t) { t->member = 0; }
static void no_organization(struct avpn_token *t) { memset(&t->organization, 0, 32); }
static void no_secret(struct avpn_token *t) { memset(t->secret, 0, sizeof t->secret); }
static void no_version(struct avpn_token *t) { t->version = 0; }
static void serial_only(struct avpn_token *t) { t->version = UINT64_C(5) << 48; }
static void expired_before_1970(struct avpn_token *t) { t->expires = -1; }
static void no_registries(struct avpn_token *t) { t->registry_count = 0; }
static void too_many_registries(struct avpn_token *t) { t->registry_count = 9; }
static void registry_without_port(struct avpn_token *t) { t->registries[1].port = 0; }
static void registry_without_key(struct avpn_token *t) { memset(&t->registries[1].key, 0, 32); }
static void registry_without_name(struct avpn_token *t) { t->registries[1].host[0] = '\0'; }
static void registry_with_a_space(struct avpn_token *t) { t->registries[1].host[3] = ' '; }
static void registry_name_without_end(struct avpn_token *t)
{
    memset(t->registries[1].host, 'a', AVPN_NAME_BYTES);
}
static void registry_twice(struct avpn_token *t) { t->registries[1].key = t->registries[0].key; }
static void place_twice(struct avpn_token *t)
{
    memcpy(t->registries[1].host, t->registries[0].host, AVPN_NAME_BYTES);
}

static void (*const bad_tokens[])(struct avpn_token *token) = {
    other_size, no_member, no_organization, no_secret, no_version, serial_only, expired_before_1970,
    no_registries, too_many_registries, registry_without_port, registry_without_key,
    registry_without_name, registry_with_a_space, registry_name_without_end, registry_twice,
    place_twice};

START_TEST(a_token_with_fields_out_of_range_is_neither_written_nor_used)
{
    struct avpn_token token = sample_token();
    const struct avpn_key device = {{9}};
    char text[AVPN_TOKEN_TEXT] = "";
    uint8_t signature[AVPN_CLAIM_BYTES];
    struct avpn_key key;

    bad_tokens[_i](&token);
    ck_assert_int_eq(avpn_token_format(&token, text, sizeof text), AVPN_ERROR_ARGUMENT);
    ck_assert_str_eq(text, "");
    ck_assert_int_eq(avpn_token_claim_key(&token, &key), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_token_claim(&token, &device, signature), AVPN_ERROR_ARGUMENT);
}
END_TEST

START_TEST(a_small_buffer_is_refused)
{
    const struct avpn_token token = sample_token();
    char text[AVPN_TOKEN_TEXT] = "";

    ck_assert_int_eq(avpn_token_format(&token, text, sizeof text - 1), AVPN_ERROR_SPACE);
    ck_assert_str_eq(text, "");
}
END_TEST

/* ---- texts with a right check and wrong fields ----------------------------------------------- */

static void to_text(const uint8_t *bytes, size_t count, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    text += sprintf(text, "AVPN");
    for (size_t bit = 0; bit < 8 * count; bit += 5) {
        uint32_t value = 0;

        for (size_t i = bit; i < bit + 5; i++) {
            value = value << 1 | (i < 8 * count && (bytes[i / 8] >> (7 - i % 8) & 1) != 0);
        }
        *text++ = digits[value];
    }
    *text = '\0';
}

static const struct {
    size_t at; /* in the bytes of the sample token with one registry */
    uint8_t value;
    int32_t expected;
} overwrites[] = {
    {0, 1, AVPN_OK},
    {0, 2, AVPN_ERROR_FORMAT},    /* token version */
    {52, 0, AVPN_ERROR_ARGUMENT}, /* member */
    {60, 0, AVPN_ERROR_ARGUMENT}, /* version */
    {61, 0x80, AVPN_ERROR_ARGUMENT}, /* expires */
    {69, 0, AVPN_ERROR_FORMAT},   /* registry count: bytes are left over */
    {69, 2, AVPN_ERROR_FORMAT},   /* ... or missing */
    {69, 255, AVPN_ERROR_FORMAT},
    {104, 20, AVPN_ERROR_FORMAT}, /* length of the name */
    {104, 64, AVPN_ERROR_FORMAT},
    {105, 0, AVPN_ERROR_FORMAT},  /* a NUL in it */
    {105, '/', AVPN_ERROR_ARGUMENT},
};

START_TEST(a_right_check_does_not_make_fields_right)
{
    struct avpn_token token = sample_token(), out = {.size = sizeof out};
    uint8_t bytes[1024], hash[32];
    char text[AVPN_TOKEN_TEXT];
    size_t count = 1 + 32 + 16 + 4 + 8 + 8 + 1 + 32 + 2 + 1 + 21;
    const struct avpni_piece piece = {bytes, count};

    memset(bytes, 0, sizeof bytes);
    bytes[0] = bytes[69] = 1;
    memcpy(bytes + 1, &token.organization, 32);
    memcpy(bytes + 33, token.secret, 16);
    bytes[52] = 7;
    bytes[60] = 9;
    bytes[68] = 200;
    memcpy(bytes + 70, &token.registries[0].key, 32);
    bytes[103] = 77;
    bytes[104] = 21;
    memcpy(bytes + 105, token.registries[0].host, 21);
    bytes[overwrites[_i].at] = overwrites[_i].value;
    avpni_hash(hash, sizeof hash, NULL, 0, &piece, 1);
    memcpy(bytes + count, hash, 4);
    to_text(bytes, count + 4, text);
    ck_assert_int_eq(avpn_token_parse(text, &out), overwrites[_i].expected);
}
END_TEST

/* Digits that would mean the same bytes: bits behind the last byte, or whole digits. */
START_TEST(there_is_one_text_for_a_token)
{
    struct avpn_token token = sample_token(), out = {.size = sizeof out};
    char text[AVPN_TOKEN_TEXT];
    bool has_spare_bits = false;

    for (size_t length = 1; length < 20; length++) {
        memset(token.registries[0].host, 0, AVPN_NAME_BYTES);
        memset(token.registries[0].host, 'x', length);
        format(&token, text);
        size_t last = strlen(text) - 1, bits = 5 * (last + 1 - 4) % 8;

        ck_assert_int_eq(avpn_token_parse(text, &out), AVPN_OK);
        if (bits > 0) {
            has_spare_bits = true;
            text[last] = text[last] == '7' ? '6' : text[last] == 'Z' ? '2' : (char)(text[last] + 1);
            ck_assert_int_eq(avpn_token_parse(text, &out), AVPN_ERROR_FORMAT);
        }
    }
    ck_assert(has_spare_bits);
}
END_TEST

/* ---- claims ---------------------------------------------------------------------------------- */

START_TEST(a_claim_verifies_for_what_it_claims_and_nothing_else)
{
    const struct avpn_token token = sample_token();
    struct avpn_key device = {{7, 7}}, other = {{7, 8}}, claim_key, organization;
    uint8_t signature[AVPN_CLAIM_BYTES];

    ck_assert_int_eq(avpn_token_claim_key(&token, &claim_key), AVPN_OK);
    ck_assert_int_eq(avpn_token_claim(&token, &device, signature), AVPN_OK);
    organization = token.organization;
    ck_assert_int_eq(avpn_claim_verify(&claim_key, &organization, 7, &device, signature), AVPN_OK);
    ck_assert_int_eq(avpn_claim_verify(&claim_key, &organization, 8, &device, signature),
                     AVPN_ERROR_AUTH);
    ck_assert_int_eq(avpn_claim_verify(&claim_key, &organization, 7, &other, signature),
                     AVPN_ERROR_AUTH);
    ck_assert_int_eq(avpn_claim_verify(&device, &organization, 7, &device, signature),
                     AVPN_ERROR_AUTH);
    organization.bytes[31] ^= 1;
    ck_assert_int_eq(avpn_claim_verify(&claim_key, &organization, 7, &device, signature),
                     AVPN_ERROR_AUTH);
    organization.bytes[31] ^= 1;
    for (uint32_t bit = 0; bit < 8 * AVPN_CLAIM_BYTES; bit++) {
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(avpn_claim_verify(&claim_key, &organization, 7, &device, signature),
                         AVPN_ERROR_AUTH);
        signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    memset(&other, 0, sizeof other);
    ck_assert_int_eq(avpn_token_claim(&token, &other, signature), AVPN_ERROR_ARGUMENT);
}
END_TEST

static void other_secret(struct avpn_token *t) { t->secret[15] ^= 1; }
static void other_member(struct avpn_token *t) { t->member++; }
static void other_organization(struct avpn_token *t) { t->organization.bytes[0] ^= 1; }
static void other_version(struct avpn_token *t) { t->version++; }
static void other_expiry(struct avpn_token *t) { t->expires++; }
static void other_registries(struct avpn_token *t) { t->registry_count--; }

/* Made of organization, member and secret: so it can be in an invite before all else is known. */
static const struct {
    void (*change)(struct avpn_token *token);
    bool is_same;
} claim_keys[] = {
    {same, true},          {other_secret, false}, {other_member, false}, {other_organization, false},
    {other_version, true}, {other_expiry, true},  {other_registries, true},
};

START_TEST(the_claim_key_is_made_of_place_and_secret)
{
    struct avpn_token token = sample_token(), changed = sample_token();
    struct avpn_key a, b;

    claim_keys[_i].change(&changed);
    ck_assert_int_eq(avpn_token_claim_key(&token, &a), AVPN_OK);
    ck_assert_int_eq(avpn_token_claim_key(&changed, &b), AVPN_OK);
    ck_assert_int_eq(memcmp(&a, &b, sizeof a) == 0, claim_keys[_i].is_same);
}
END_TEST

/* [JOIN-1], step by step. */
START_TEST(seed_and_claim_are_what_the_protocol_says)
{
    const struct avpn_token token = sample_token();
    const struct avpn_key device = {{7, 7}}, no_key = {{0}};
    uint8_t context[32 + 4 + 16] = {0}, seed[32], text[15 + 32 + 4 + 32] = "autovpn claim 1";
    struct avpn_key expected, claim_key;
    uint8_t signature[64], made[64];

    memcpy(context, &token.organization, 32);
    context[35] = 7;
    memcpy(context + 36, token.secret, 16);
    avpni_derive(seed, 32, &no_key, "claim", context, sizeof context);
    avpni_sign_keypair(seed, &expected);
    ck_assert_int_eq(avpn_token_claim_key(&token, &claim_key), AVPN_OK);
    ck_assert_mem_eq(&claim_key, &expected, sizeof claim_key);
    memcpy(text + 15, &token.organization, 32);
    text[50] = 7;
    memcpy(text + 51, &device, 32);
    avpni_sign(signature, text, sizeof text, seed);
    ck_assert_int_eq(avpn_token_claim(&token, &device, made), AVPN_OK);
    ck_assert_mem_eq(signature, made, sizeof made);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_token_comes_back_from_its_text, HARNESS_COUNT(good_tokens)),
    HARNESS_CASE(the_text_is_base32_of_what_the_protocol_says),
    HARNESS_CASE(case_spaces_and_line_breaks_do_not_matter),
    HARNESS_CASE(every_mistyped_character_is_noticed),
    HARNESS_CASE(a_text_cut_short_or_with_more_behind_is_no_token),
    HARNESS_LOOP(other_texts_are_no_tokens, HARNESS_COUNT(no_tokens)),
    HARNESS_LOOP(a_token_with_fields_out_of_range_is_neither_written_nor_used,
                 HARNESS_COUNT(bad_tokens)),
    HARNESS_CASE(a_small_buffer_is_refused),
    HARNESS_LOOP(a_right_check_does_not_make_fields_right, HARNESS_COUNT(overwrites)),
    HARNESS_CASE(there_is_one_text_for_a_token),
    HARNESS_CASE(a_claim_verifies_for_what_it_claims_and_nothing_else),
    HARNESS_LOOP(the_claim_key_is_made_of_place_and_secret, HARNESS_COUNT(claim_keys)),
    HARNESS_CASE(seed_and_claim_are_what_the_protocol_says),
};
HARNESS_MAIN("topo/token", cases)
