/* SPDX-License-Identifier: ISC */
/*
 * token: the one-time token as text and back, and the claims made with it. Spec: [JOIN-1].
 *
 * There is one text for a token: base32 without padding and with no bits left over; but for case,
 * spaces and line breaks, which people and terminals add.
 */
#include <autovpn/join.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "base/sized.h"
#include "crypto/box.h"
#include "crypto/hash.h"
#include "topo/config.h"

#include <string.h>

#define TOKEN_VERSION 1
#define CHECK_BYTES 4
#define BYTES_LIMIT 1024 /* more than the largest token */
#define CLAIM_LABEL "autovpn claim 1"

static const char prefix[] = "AVPN";
static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/* ---- what is a token ------------------------------------------------------------------------- */

static bool is_zero(const uint8_t *bytes, size_t count)
{
    uint8_t seen = 0;

    for (size_t i = 0; i < count; i++) {
        seen |= bytes[i];
    }
    return seen == 0;
}

void avpni_token_registries(const struct avpn_token *token,
                            struct avpn_registry_entry entries_out[AVPN_REGISTRIES])
{
    for (uint32_t i = 0; i < token->registry_count; i++) {
        const struct avpn_token_registry *registry = &token->registries[i];
        struct avpn_registry_entry *entry = &entries_out[i];

        *entry = (struct avpn_registry_entry){
            .size = sizeof *entry, .key = registry->key, .port = registry->port};
        memcpy(entry->host, registry->host, sizeof entry->host);
    }
}

static bool has_registries(const struct avpn_token *token)
{
    if (token->registry_count > AVPN_REGISTRIES) {
        return false;
    }
    for (uint32_t i = 0; i < token->registry_count; i++) {
        if (!avpni_is_name(token->registries[i].host, true)) {
            return false;
        }
    }
    struct avpn_registry_entry entries[AVPN_REGISTRIES];

    avpni_token_registries(token, entries);
    return avpni_registries_are_valid(entries, token->registry_count);
}

static bool is_in_range(const struct avpn_token *token)
{
    return token->member != 0 &&
           token->version << (64 - AVPN_VERSION_SERIAL_SHIFT) != 0 && token->expires >= 0 &&
           !is_zero(token->organization.bytes, AVPN_KEY_BYTES) &&
           !is_zero(token->secret, AVPN_TOKEN_SECRET_BYTES) && has_registries(token);
}

/* A caller's, of any version, if it is one. Has a secret: to be wiped. */
static int32_t take_token(struct avpn_token *own, const struct avpn_token *token)
{
    int32_t result = avpni_take(own, sizeof *own, token, AVPNI_FIRST_TOKEN);

    return result != AVPN_OK || is_in_range(own) ? result : AVPN_ERROR_ARGUMENT;
}

/* ---- bytes ----------------------------------------------------------------------------------- */

static void make_check(const uint8_t *bytes, size_t count, uint8_t check_out[CHECK_BYTES])
{
    const struct avpni_piece piece = {bytes, count};
    uint8_t hash[32];

    avpni_hash(hash, sizeof hash, NULL, 0, &piece, 1);
    memcpy(check_out, hash, CHECK_BYTES);
}

static size_t write_token(const struct avpn_token *token, uint8_t bytes_out[BYTES_LIMIT])
{
    struct avpni_writer w = avpni_writer(bytes_out, BYTES_LIMIT);
    uint8_t check[CHECK_BYTES];

    avpni_write_u8(&w, TOKEN_VERSION);
    avpni_write_bytes(&w, token->organization.bytes, AVPN_KEY_BYTES);
    avpni_write_bytes(&w, token->secret, AVPN_TOKEN_SECRET_BYTES);
    avpni_write_u32(&w, token->member);
    avpni_write_u64(&w, token->version);
    avpni_write_u64(&w, (uint64_t)token->expires);
    avpni_write_u8(&w, (uint8_t)token->registry_count);
    for (uint32_t i = 0; i < token->registry_count; i++) {
        const struct avpn_token_registry *registry = &token->registries[i];
        size_t host_bytes = strlen(registry->host);

        avpni_write_bytes(&w, registry->key.bytes, AVPN_KEY_BYTES);
        avpni_write_u16(&w, registry->port);
        avpni_write_u8(&w, (uint8_t)host_bytes);
        avpni_write_bytes(&w, (const uint8_t *)registry->host, host_bytes);
    }
    make_check(bytes_out, w.position, check);
    avpni_write_bytes(&w, check, sizeof check);
    return w.position;
}

static void read_registries(struct avpni_reader *r, struct avpn_token *token_out)
{
    token_out->registry_count = avpni_read_u8(r);
    if (token_out->registry_count > AVPN_REGISTRIES) {
        avpni_reader_fail(r);
        token_out->registry_count = 0;
    }
    for (uint32_t i = 0; i < token_out->registry_count; i++) {
        struct avpn_token_registry *registry = &token_out->registries[i];

        avpni_read_bytes(r, registry->key.bytes, AVPN_KEY_BYTES);
        registry->port = avpni_read_u16(r);
        size_t host_bytes = avpni_read_u8(r);

        if (host_bytes >= AVPN_NAME_BYTES) {
            avpni_reader_fail(r);
            return;
        }
        avpni_read_bytes(r, (uint8_t *)registry->host, host_bytes);
        /* A NUL inside would make the name shorter than it says. */
        if (strlen(registry->host) != host_bytes) {
            avpni_reader_fail(r);
        }
    }
}

/* Not by the check: that is for mistyped ones, and was looked at before. */
static bool read_token(const uint8_t *bytes, size_t count, struct avpn_token *token_out)
{
    struct avpni_reader r = avpni_reader(bytes, count);

    memset(token_out, 0, sizeof *token_out);
    token_out->size = sizeof *token_out;
    if (avpni_read_u8(&r) != TOKEN_VERSION) {
        return false;
    }
    avpni_read_bytes(&r, token_out->organization.bytes, AVPN_KEY_BYTES);
    avpni_read_bytes(&r, token_out->secret, AVPN_TOKEN_SECRET_BYTES);
    token_out->member = avpni_read_u32(&r);
    token_out->version = avpni_read_u64(&r);
    token_out->expires = (int64_t)avpni_read_u64(&r);
    read_registries(&r, token_out);
    return avpni_reader_is_done(&r);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void write_base32(const uint8_t *bytes, size_t count, char *text_out)
{
    uint32_t bits = 0, bit_count = 0;

    for (size_t i = 0; i < count; i++) {
        bits = bits << 8 | bytes[i];
        for (bit_count += 8; bit_count >= 5; bit_count -= 5) {
            *text_out++ = alphabet[bits >> (bit_count - 5) & 31];
        }
    }
    if (bit_count > 0) {
        *text_out++ = alphabet[bits << (5 - bit_count) & 31];
    }
    *text_out = '\0';
}

static char to_capital(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The value of a digit, or -1. */
static int32_t digit_of(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    return c >= '2' && c <= '7' ? c - '2' + 26 : -1;
}

/* The text after the prefix, as bytes; 0: it is not base32, or too long. */
static size_t read_base32(const char *text, uint8_t bytes_out[BYTES_LIMIT])
{
    uint32_t bits = 0, bit_count = 0;
    size_t count = 0;

    for (; *text != '\0'; text++) {
        int32_t digit = digit_of(to_capital(*text));

        if (is_blank(*text)) {
            continue;
        }
        if (digit < 0 || count == BYTES_LIMIT) {
            return 0;
        }
        bits = (bits << 5 | (uint32_t)digit) & 0xfff;
        bit_count += 5;
        if (bit_count >= 8) {
            bit_count -= 8;
            bytes_out[count++] = (uint8_t)(bits >> bit_count);
        }
    }
    /* Neither a digit too many nor bits that say nothing. */
    bool is_exact = bit_count < 5 && (bits & ((1u << bit_count) - 1)) == 0;

    return is_exact ? count : 0;
}

/* Behind the prefix, or NULL. */
static const char *pass_prefix(const char *text)
{
    for (const char *expected = prefix; *expected != '\0'; text++) {
        if (is_blank(*text)) {
            continue;
        }
        if (to_capital(*text) != *expected++) {
            return NULL;
        }
    }
    return text;
}

int32_t avpn_token_format(const struct avpn_token *token, char *text_out, size_t capacity)
{
    uint8_t bytes[BYTES_LIMIT];
    struct avpn_token own;
    int32_t result = take_token(&own, token);

    if (result == AVPN_OK && capacity < AVPN_TOKEN_TEXT) {
        result = AVPN_ERROR_SPACE;
    }
    if (result == AVPN_OK) {
        size_t count = write_token(&own, bytes);

        memcpy(text_out, prefix, sizeof prefix);
        write_base32(bytes, count, text_out + sizeof prefix - 1);
        avpni_wipe(bytes, sizeof bytes);
    }
    avpni_wipe(&own, sizeof own);
    return result;
}

int32_t avpn_token_parse(const char *text, struct avpn_token *token_out)
{
    uint8_t bytes[BYTES_LIMIT], check[CHECK_BYTES];
    const char *digits = pass_prefix(text);
    size_t count = digits == NULL ? 0 : read_base32(digits, bytes);
    struct avpn_token token;
    int32_t result = AVPN_ERROR_FORMAT;

    if (count > CHECK_BYTES) {
        size_t body_bytes = count - CHECK_BYTES;

        make_check(bytes, body_bytes, check);
        if (memcmp(check, bytes + body_bytes, sizeof check) == 0 &&
            read_token(bytes, body_bytes, &token)) {
            result = is_in_range(&token) ? AVPN_OK : AVPN_ERROR_ARGUMENT;
        }
    }
    if (result == AVPN_OK) {
        result = avpni_give(token_out, &token, sizeof token, AVPNI_FIRST_TOKEN);
    }
    avpni_wipe(bytes, sizeof bytes);
    avpni_wipe(&token, sizeof token);
    return result;
}

/* ---- claims ---------------------------------------------------------------------------------- */

/* Whoever has the token has this seed. */
static void derive_seed(const struct avpn_token *token, uint8_t seed_out[32])
{
    static const struct avpn_key no_key;
    uint8_t context[AVPN_KEY_BYTES + 4 + AVPN_TOKEN_SECRET_BYTES];
    struct avpni_writer w = avpni_writer(context, sizeof context);

    avpni_write_bytes(&w, token->organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u32(&w, token->member);
    avpni_write_bytes(&w, token->secret, AVPN_TOKEN_SECRET_BYTES);
    avpni_derive(seed_out, 32, &no_key, "claim", context, w.position);
    avpni_wipe(context, sizeof context);
}

#define CLAIM_TEXT_BYTES (sizeof CLAIM_LABEL - 1 + 2 * AVPN_KEY_BYTES + 4)

static void write_claim(const struct avpn_key *organization, uint32_t member,
                        const struct avpn_key *device, uint8_t text_out[CLAIM_TEXT_BYTES])
{
    struct avpni_writer w = avpni_writer(text_out, CLAIM_TEXT_BYTES);

    avpni_write_bytes(&w, (const uint8_t *)CLAIM_LABEL, sizeof CLAIM_LABEL - 1);
    avpni_write_bytes(&w, organization->bytes, AVPN_KEY_BYTES);
    avpni_write_u32(&w, member);
    avpni_write_bytes(&w, device->bytes, AVPN_KEY_BYTES);
}

int32_t avpn_token_claim_key(const struct avpn_token *token, struct avpn_key *key_out)
{
    uint8_t seed[32];
    struct avpn_token own;
    int32_t result = take_token(&own, token);

    if (result == AVPN_OK) {
        derive_seed(&own, seed);
        avpni_sign_keypair(seed, key_out);
        avpni_wipe(seed, sizeof seed);
    }
    avpni_wipe(&own, sizeof own);
    return result;
}

int32_t avpn_token_claim(const struct avpn_token *token, const struct avpn_key *device,
                         uint8_t signature_out[AVPN_CLAIM_BYTES])
{
    uint8_t seed[32], text[CLAIM_TEXT_BYTES];
    struct avpn_token own;
    int32_t result = take_token(&own, token);

    if (result == AVPN_OK && is_zero(device->bytes, AVPN_KEY_BYTES)) {
        result = AVPN_ERROR_ARGUMENT;
    }
    if (result == AVPN_OK) {
        derive_seed(&own, seed);
        write_claim(&own.organization, own.member, device, text);
        avpni_sign(signature_out, text, sizeof text, seed);
        avpni_wipe(seed, sizeof seed);
    }
    avpni_wipe(&own, sizeof own);
    return result;
}

int32_t avpn_claim_verify(const struct avpn_key *claim_key, const struct avpn_key *organization,
                          uint32_t member, const struct avpn_key *device,
                          const uint8_t signature[AVPN_CLAIM_BYTES])
{
    uint8_t text[CLAIM_TEXT_BYTES];

    write_claim(organization, member, device, text);
    return avpni_sign_verify(signature, text, sizeof text, claim_key) ? AVPN_OK : AVPN_ERROR_AUTH;
}
