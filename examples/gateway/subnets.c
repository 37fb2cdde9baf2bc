/* SPDX-License-Identifier: ISC */
#include "gateway/subnets.h"

#include <string.h>

static int has_common_bits(const uint8_t *a, const uint8_t *b, uint32_t length)
{
    uint32_t whole = length / 8;
    uint32_t rest = length % 8;

    if (memcmp(a, b, whole) != 0)
        return 0;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

void subnets_of(uint8_t family, const uint8_t *bytes, uint32_t length,
                struct avpn_prefix *prefix_out)
{
    uint32_t size = family == AVPN_FAMILY_IPV4 ? 4 : 16;

    if (length > size * 8)
        length = size * 8;
    memset(prefix_out, 0, sizeof *prefix_out);
    prefix_out->family = family;
    prefix_out->length = (uint8_t)length;
    memcpy(prefix_out->bytes, bytes, (length + 7) / 8);
    if (length % 8)
        prefix_out->bytes[length / 8] &= (uint8_t)(0xff00u >> length % 8);
}

int subnets_contain(const struct avpn_prefix *outer, const struct avpn_prefix *inner)
{
    return outer->family == inner->family && outer->length <= inner->length &&
           has_common_bits(outer->bytes, inner->bytes, outer->length);
}

int subnets_contain_address(const struct avpn_prefix *prefix, const struct avpn_address *address)
{
    return prefix->family == address->family &&
           has_common_bits(prefix->bytes, address->bytes, prefix->length);
}

int subnets_compare(const struct avpn_prefix *a, const struct avpn_prefix *b)
{
    int order = a->family - b->family;

    if (order == 0)
        order = memcmp(a->bytes, b->bytes, sizeof a->bytes);
    return order ? order : a->length - b->length;
}
