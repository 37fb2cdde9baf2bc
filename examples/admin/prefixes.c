/* SPDX-License-Identifier: ISC */
#include "admin/prefixes.h"

#include <stdlib.h>
#include <string.h>

int prefixes_compare(const void *a, const void *b)
{
    const struct avpn_prefix *x = a;
    const struct avpn_prefix *y = b;
    int order = x->family - y->family;

    if (order == 0)
        order = memcmp(x->bytes, y->bytes, sizeof x->bytes);
    return order ? order : x->length - y->length;
}

int prefixes_contain(const struct avpn_prefix *outer, const struct avpn_prefix *inner)
{
    uint32_t whole = outer->length / 8;
    uint32_t rest = outer->length % 8;

    if (outer->family != inner->family || outer->length > inner->length ||
        memcmp(outer->bytes, inner->bytes, whole) != 0)
        return 0;
    return rest == 0 || ((outer->bytes[whole] ^ inner->bytes[whole]) >> (8 - rest)) == 0;
}

int prefixes_overlap(const struct avpn_prefix *a, const struct avpn_prefix *b)
{
    return prefixes_contain(a, b) || prefixes_contain(b, a);
}

uint32_t prefixes_shorten(struct avpn_prefix *prefixes, uint32_t count)
{
    uint32_t kept = 0;

    if (count > 1)
        qsort(prefixes, count, sizeof *prefixes, prefixes_compare);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || !prefixes_contain(&prefixes[kept - 1], &prefixes[i]))
            prefixes[kept++] = prefixes[i];
    return kept;
}

struct avpn_prefix prefixes_host(const struct avpn_address *address)
{
    struct avpn_prefix prefix = {.family = address->family,
                                 .length = address->family == AVPN_FAMILY_IPV4 ? 32 : 128};

    memcpy(prefix.bytes, address->bytes, sizeof prefix.bytes);
    return prefix;
}

struct avpn_prefix prefixes_move(const struct avpn_prefix *inner, const struct avpn_prefix *from,
                                 const struct avpn_prefix *to)
{
    struct avpn_prefix moved = *inner;

    for (uint32_t i = 0; i < sizeof moved.bytes; i++)
        moved.bytes[i] = (uint8_t)((inner->bytes[i] ^ from->bytes[i]) | to->bytes[i]);
    return moved;
}
