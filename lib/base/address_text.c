/* SPDX-License-Identifier: ISC */
/*
 * address_text: addresses, contacts and prefixes from and to text. One spelling is written
 * (RFC 5952), all of RFC 4291 is read; zone names, octal or short IPv4 forms and signs are not.
 *
 * Parsers work on a slice (text, count), never beyond it, and write their output last.
 */
#include "base/address.h"

#include <string.h>

#define GROUP_NONE SIZE_MAX /* no "::" seen */

/* ---- reading ---------------------------------------------------------- */

/* Decimal, no sign, no superfluous zero, at most `limit`. */
static bool parse_decimal(const char *text, size_t count, uint32_t limit, uint32_t *value_out)
{
    uint32_t value = 0;

    if (count == 0 || count > 5 || (count > 1 && text[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (text[i] < '0' || text[i] > '9') {
            return false;
        }
        value = value * 10 + (uint32_t)(text[i] - '0');
    }
    *value_out = value;
    return value <= limit;
}

/* The number of characters before the next `mark`, or all. */
static size_t until(const char *text, size_t count, char mark)
{
    const char *at = count == 0 ? NULL : memchr(text, mark, count);

    return at == NULL ? count : (size_t)(at - text);
}

static bool parse_ipv4(const char *text, size_t count, uint8_t bytes_out[4])
{
    uint8_t bytes[4];

    for (size_t i = 0; i < 4; i++) {
        size_t digits = until(text, count, '.');
        uint32_t value;

        if (!parse_decimal(text, digits, 255, &value) || (digits == count) != (i == 3)) {
            return false;
        }
        bytes[i] = (uint8_t)value;
        if (i < 3) {
            text += digits + 1;
            count -= digits + 1;
        }
    }
    memcpy(bytes_out, bytes, sizeof bytes);
    return true;
}

static int32_t hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One to four hex digits. */
static bool parse_group(const char *text, size_t count, uint8_t bytes_out[2])
{
    uint32_t value = 0;

    if (count == 0 || count > 4) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        int32_t digit = hex_digit(text[i]);

        if (digit < 0) {
            return false;
        }
        value = value << 4 | (uint32_t)digit;
    }
    bytes_out[0] = (uint8_t)(value >> 8);
    bytes_out[1] = (uint8_t)value;
    return true;
}

/* An IPv6 text under way: bytes from the left, and where "::" stood among them. */
struct ipv6_parser {
    uint8_t bytes[16];
    size_t filled, gap;
};

/* A group, or a dotted quad in the last place. Bytes taken, 0: neither. */
static size_t parse_piece(struct ipv6_parser *p, const char *text, size_t count)
{
    size_t piece = until(text, count, ':');
    uint8_t *to = p->bytes + p->filled;

    if (p->filled <= 14 && parse_group(text, piece, to)) {
        p->filled += 2;
        return piece;
    }
    if (piece == count && p->filled <= 12 && parse_ipv4(text, piece, to)) {
        p->filled += 4;
        return piece;
    }
    return 0;
}

/* Move what stood right of "::" to the right end. False: the text has too few or many groups. */
static bool close_gap(struct ipv6_parser *p)
{
    if (p->gap == GROUP_NONE) {
        return p->filled == 16;
    }
    if (p->filled > 14) {
        return false;
    }
    size_t tail = p->filled - p->gap;

    memmove(p->bytes + 16 - tail, p->bytes + p->gap, tail);
    memset(p->bytes + p->gap, 0, 16 - p->filled);
    return true;
}

static bool parse_ipv6(const char *text, size_t count, uint8_t bytes_out[16])
{
    struct ipv6_parser p = {.gap = GROUP_NONE};
    size_t at = 0;

    if (count >= 2 && text[0] == ':' && text[1] == ':') {
        p.gap = 0;
        at = 2;
    }
    while (at < count) {
        size_t piece = parse_piece(&p, text + at, count - at);

        if (piece == 0) {
            return false;
        }
        at += piece;
        if (at == count) {
            break;
        }
        at++; /* the colon */
        if (at == count) {
            return false;
        }
        if (text[at] == ':') {
            if (p.gap != GROUP_NONE) {
                return false;
            }
            p.gap = p.filled;
            at++;
        }
    }
    if (!close_gap(&p)) {
        return false;
    }
    memcpy(bytes_out, p.bytes, sizeof p.bytes);
    return true;
}

/* Either family; AVPN_FAMILY_NONE when it is neither. Unused bytes become zero. */
static uint8_t parse_any(const char *text, size_t count, uint8_t bytes_out[16])
{
    memset(bytes_out, 0, 16);
    if (parse_ipv4(text, count, bytes_out)) {
        return AVPN_FAMILY_IPV4;
    }
    return parse_ipv6(text, count, bytes_out) ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_NONE;
}

int32_t avpn_address_parse(const char *text, struct avpn_address *address_out)
{
    struct avpn_address address = {0};

    address.family = parse_any(text, strlen(text), address.bytes);
    if (address.family == AVPN_FAMILY_NONE) {
        return AVPN_ERROR_FORMAT;
    }
    *address_out = address;
    return AVPN_OK;
}

int32_t avpn_contact_parse(const char *text, struct avpn_contact *contact_out)
{
    struct avpn_contact contact = {0};
    bool is_bracketed = text[0] == '[';
    const char *from = text + is_bracketed;
    size_t count = until(from, strlen(from), is_bracketed ? ']' : ':');
    const char *port_text = from + count + (is_bracketed && from[count] == ']');
    uint32_t port;

    if (port_text[0] != ':' ||
        !parse_decimal(port_text + 1, strlen(port_text + 1), UINT16_MAX, &port) || port == 0) {
        return AVPN_ERROR_FORMAT;
    }
    contact.family = parse_any(from, count, contact.bytes);
    if (contact.family != (is_bracketed ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_IPV4)) {
        return AVPN_ERROR_FORMAT;
    }
    contact.port = (uint16_t)port;
    *contact_out = contact;
    return AVPN_OK;
}

int32_t avpn_prefix_parse(const char *text, struct avpn_prefix *prefix_out)
{
    struct avpn_prefix prefix = {0};
    size_t count = until(text, strlen(text), '/');
    uint32_t length;

    if (text[count] != '/' ||
        !parse_decimal(text + count + 1, strlen(text + count + 1), 128, &length)) {
        return AVPN_ERROR_FORMAT;
    }
    prefix.family = parse_any(text, count, prefix.bytes);
    prefix.length = (uint8_t)length;
    if (!avpni_prefix_is_canonical(&prefix)) {
        return AVPN_ERROR_FORMAT;
    }
    *prefix_out = prefix;
    return AVPN_OK;
}

/* ---- writing ---------------------------------------------------------- */

/* The AVPN_*_TEXT sizes fit the longest text of their kind, so these need no bounds. */
static char *put_text(char *at, const char *text)
{
    size_t count = strlen(text);

    memcpy(at, text, count);
    return at + count;
}

/* `value` in a base up to 16, no leading zeros. */
static char *put_number(char *at, uint32_t value, uint32_t base)
{
    char digits[10];
    size_t count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) {
        *at++ = digits[--count];
    }
    return at;
}

static char *put_ipv4(char *at, const uint8_t bytes[4])
{
    for (int i = 0; i < 4; i++) {
        if (i > 0) {
            *at++ = '.';
        }
        at = put_number(at, bytes[i], 10);
    }
    return at;
}

/* The longest run of zero groups, the first of equals; one group alone is not a run (RFC 5952 4.2). */
static void find_zeros(const uint8_t bytes[16], int32_t *first_out, int32_t *count_out)
{
    int32_t run = 0;

    *first_out = -1;
    *count_out = 1;
    for (int32_t group = 0; group < 8; group++) {
        bool is_zero = (bytes[2 * group] | bytes[2 * group + 1]) == 0;

        run = is_zero ? run + 1 : 0;
        if (run > *count_out) {
            *first_out = group - run + 1;
            *count_out = run;
        }
    }
}

static char *put_ipv6(char *at, const uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    int32_t first, count;

    if (memcmp(bytes, mapped, sizeof mapped) == 0) {
        return put_ipv4(put_text(at, "::ffff:"), bytes + 12);
    }
    find_zeros(bytes, &first, &count);
    for (int32_t group = 0; group < 8;) {
        if (group == first) {
            at = put_text(at, "::");
            group += count;
            continue;
        }
        if (group > 0 && group != first + count) {
            *at++ = ':';
        }
        at = put_number(at, (uint32_t)bytes[2 * group] << 8 | bytes[2 * group + 1], 16);
        group++;
    }
    return at;
}

static char *put_any(char *at, uint8_t family, const uint8_t bytes[16])
{
    if (family == AVPN_FAMILY_IPV4) {
        return put_ipv4(at, bytes);
    }
    return family == AVPN_FAMILY_IPV6 ? put_ipv6(at, bytes) : put_text(at, "none");
}

static bool is_known(uint8_t family)
{
    return family == AVPN_FAMILY_IPV4 || family == AVPN_FAMILY_IPV6;
}

int32_t avpn_address_format(const struct avpn_address *address, char *text_out, size_t capacity)
{
    if (capacity < AVPN_ADDRESS_TEXT) {
        return AVPN_ERROR_SPACE;
    }
    *put_any(text_out, address->family, address->bytes) = '\0';
    return AVPN_OK;
}

int32_t avpn_contact_format(const struct avpn_contact *contact, char *text_out, size_t capacity)
{
    bool is_ipv6 = contact->family == AVPN_FAMILY_IPV6;
    char *at = text_out;

    if (capacity < AVPN_CONTACT_TEXT) {
        return AVPN_ERROR_SPACE;
    }
    at = put_text(at, is_ipv6 ? "[" : "");
    at = put_any(at, contact->family, contact->bytes);
    at = put_text(at, is_ipv6 ? "]" : "");
    if (is_known(contact->family)) {
        *at++ = ':';
        at = put_number(at, contact->port, 10);
    }
    *at = '\0';
    return AVPN_OK;
}

int32_t avpn_prefix_format(const struct avpn_prefix *prefix, char *text_out, size_t capacity)
{
    if (capacity < AVPN_PREFIX_TEXT) {
        return AVPN_ERROR_SPACE;
    }
    char *at = put_any(text_out, prefix->family, prefix->bytes);

    if (is_known(prefix->family)) {
        *at++ = '/';
        at = put_number(at, prefix->length, 10);
    }
    *at = '\0';
    return AVPN_OK;
}
