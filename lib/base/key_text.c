/* SPDX-License-Identifier: ISC */
/*
 * key_text: keys from and to base64 (RFC 4648 section 4). Strict: 44 characters, one "=" at the
 * end, unused bits zero, so each key has exactly one text. Not constant-time: keys as text are
 * public keys, or are handled where their owner types them.
 */
#include <autovpn/types.h>

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* 32 bytes are ten groups of 3 bytes = 4 characters, then 2 bytes = 3 characters and "=". */
#define CHARACTERS 43

int32_t avpn_key_parse(const char *text, struct avpn_key *key_out)
{
    struct avpn_key key;
    uint32_t bits = 0, bit_count = 0;
    size_t filled = 0;

    if (strlen(text) != AVPN_KEY_TEXT - 1 || text[CHARACTERS] != '=') {
        return AVPN_ERROR_FORMAT;
    }
    for (size_t i = 0; i < CHARACTERS; i++) {
        const char *place = strchr(alphabet, text[i]);

        if (place == NULL) {
            return AVPN_ERROR_FORMAT;
        }
        bits = bits << 6 | (uint32_t)(place - alphabet);
        bit_count += 6;
        if (bit_count >= 8) {
            bit_count -= 8;
            key.bytes[filled++] = (uint8_t)(bits >> bit_count);
            bits &= (1u << bit_count) - 1;
        }
    }
    if (bits != 0) {
        return AVPN_ERROR_FORMAT;
    }
    *key_out = key;
    return AVPN_OK;
}

int32_t avpn_key_format(const struct avpn_key *key, char *text_out, size_t capacity)
{
    uint32_t bits = 0, bit_count = 0;
    size_t filled = 0;

    if (capacity < AVPN_KEY_TEXT) {
        return AVPN_ERROR_SPACE;
    }
    for (size_t i = 0; i < AVPN_KEY_BYTES; i++) {
        bits = (bits << 8 | key->bytes[i]) & 0xffff;
        bit_count += 8;
        while (bit_count >= 6) {
            bit_count -= 6;
            text_out[filled++] = alphabet[bits >> bit_count & 63];
        }
    }
    text_out[filled++] = alphabet[bits << (6 - bit_count) & 63];
    text_out[filled++] = '=';
    text_out[filled] = '\0';
    return AVPN_OK;
}
