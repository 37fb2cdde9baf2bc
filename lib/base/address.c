/* SPDX-License-Identifier: ISC */
/*
 * address: comparisons and classes. Values in, values out; text forms are in address_text.c.
 *
 * Canonical form: a family of 4 or 6, every byte the family does not use zero. Whatever is not
 * canonical is in no class and equal only to itself, so a check for a class is a check for form.
 */
#include "base/address.h"

#include <string.h>

static size_t family_bytes(uint8_t family)
{
    return family == AVPN_FAMILY_IPV4 ? 4 : family == AVPN_FAMILY_IPV6 ? 16 : 0;
}

static bool is_zero(const uint8_t *bytes, size_t count)
{
    uint8_t seen = 0;

    for (size_t i = 0; i < count; i++) {
        seen |= bytes[i];
    }
    return seen == 0;
}

/* The first `bits` bits of both are the same. */
static bool is_same_start(const uint8_t *a, const uint8_t *b, uint32_t bits)
{
    uint32_t whole = bits / 8, rest = bits % 8;

    if (memcmp(a, b, whole) != 0) {
        return false;
    }
    return rest == 0 || (uint8_t)(a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

static int32_t order_of(int32_t difference)
{
    return (difference > 0) - (difference < 0);
}

bool avpni_contact_is_equal(const struct avpn_contact *a, const struct avpn_contact *b)
{
    return avpni_contact_is_same_address(a, b) && a->port == b->port;
}

bool avpni_contact_is_same_address(const struct avpn_contact *a, const struct avpn_contact *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool avpni_address_is_equal(const struct avpn_address *a, const struct avpn_address *b)
{
    return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool avpni_prefix_is_equal(const struct avpn_prefix *a, const struct avpn_prefix *b)
{
    return avpni_prefix_compare(a, b) == 0;
}

static bool is_usable_ipv4(const uint8_t bytes[16])
{
    static const uint8_t broadcast[4] = {255, 255, 255, 255};
    bool is_this_network = bytes[0] == 0;
    bool is_loopback = bytes[0] == 127;
    bool is_multicast = bytes[0] >= 224 && bytes[0] <= 239;

    return !is_this_network && !is_loopback && !is_multicast && memcmp(bytes, broadcast, 4) != 0;
}

static bool is_usable_ipv6(const uint8_t bytes[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    bool is_unspecified_or_loopback = is_zero(bytes, 15) && bytes[15] <= 1;
    bool is_multicast = bytes[0] == 0xff;

    /* ::ffff:a.b.c.d would be a second spelling of an IPv4 contact, 127.0.0.1 among them. */
    return !is_unspecified_or_loopback && !is_multicast && memcmp(bytes, mapped, 12) != 0;
}

bool avpni_contact_is_usable(const struct avpn_contact *contact)
{
    size_t used = family_bytes(contact->family);

    if (used == 0 || contact->reserved != 0 || contact->port == 0 ||
        !is_zero(contact->bytes + used, sizeof contact->bytes - used)) {
        return false;
    }
    return used == 4 ? is_usable_ipv4(contact->bytes) : is_usable_ipv6(contact->bytes);
}

bool avpni_prefix_is_canonical(const struct avpn_prefix *prefix)
{
    static const uint8_t zeros[16];
    size_t used = family_bytes(prefix->family);

    if (used == 0 || prefix->length > 8 * used || !is_zero(prefix->reserved, 2)) {
        return false;
    }
    uint32_t whole = prefix->length / 8, rest = prefix->length % 8;

    if (rest != 0 && (uint8_t)(prefix->bytes[whole] << rest) != 0) {
        return false;
    }
    whole += rest != 0;
    return memcmp(prefix->bytes + whole, zeros, sizeof zeros - whole) == 0;
}

bool avpni_prefix_has_address(const struct avpn_prefix *prefix, const struct avpn_address *address)
{
    return prefix->family == address->family && family_bytes(address->family) != 0 &&
           prefix->length <= 8 * family_bytes(prefix->family) &&
           is_same_start(prefix->bytes, address->bytes, prefix->length);
}

bool avpni_prefix_has_prefix(const struct avpn_prefix *outer, const struct avpn_prefix *inner)
{
    return outer->family == inner->family && family_bytes(outer->family) != 0 &&
           inner->length <= 8 * family_bytes(inner->family) && outer->length <= inner->length &&
           is_same_start(outer->bytes, inner->bytes, outer->length);
}

bool avpni_prefix_is_default(const struct avpn_prefix *prefix)
{
    return prefix->length == 0 && avpni_prefix_is_canonical(prefix);
}

int32_t avpni_prefix_compare(const struct avpn_prefix *a, const struct avpn_prefix *b)
{
    if (a->family != b->family) {
        return order_of(a->family - b->family);
    }
    int bytes = memcmp(a->bytes, b->bytes, sizeof a->bytes);

    return bytes != 0 ? order_of(bytes) : order_of(a->length - b->length);
}

int32_t avpni_contact_compare(const struct avpn_contact *a, const struct avpn_contact *b)
{
    if (a->family != b->family) {
        return order_of(a->family - b->family);
    }
    int bytes = memcmp(a->bytes, b->bytes, sizeof a->bytes);

    return bytes != 0 ? order_of(bytes) : order_of(a->port - b->port);
}

struct avpn_address avpni_contact_address(const struct avpn_contact *contact)
{
    struct avpn_address address = {.family = contact->family};

    memcpy(address.bytes, contact->bytes, sizeof address.bytes);
    return address;
}

static bool is_in_any(const struct avpn_address *address, const struct avpn_prefix *prefixes,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (avpni_prefix_has_address(&prefixes[i], address)) {
            return true;
        }
    }
    return false;
}

bool avpni_address_is_private(const struct avpn_address *address)
{
    static const struct avpn_prefix private_prefixes[] = {
        {.family = AVPN_FAMILY_IPV4, .length = 8, .bytes = {10}},
        {.family = AVPN_FAMILY_IPV4, .length = 12, .bytes = {172, 16}},
        {.family = AVPN_FAMILY_IPV4, .length = 16, .bytes = {192, 168}},
        {.family = AVPN_FAMILY_IPV4, .length = 16, .bytes = {169, 254}},
        {.family = AVPN_FAMILY_IPV6, .length = 7, .bytes = {0xfc}},
        {.family = AVPN_FAMILY_IPV6, .length = 10, .bytes = {0xfe, 0x80}},
    };

    return is_in_any(address, private_prefixes, sizeof private_prefixes / sizeof *private_prefixes);
}

bool avpni_address_is_cgnat(const struct avpn_address *address)
{
    static const struct avpn_prefix cgnat = {
        .family = AVPN_FAMILY_IPV4, .length = 10, .bytes = {100, 64}};

    return avpni_prefix_has_address(&cgnat, address);
}
