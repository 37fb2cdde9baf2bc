/* SPDX-License-Identifier: ISC */
/* subnets: arithmetic on prefixes. Pure functions. */
#ifndef GATEWAY_SUBNETS_H
#define GATEWAY_SUBNETS_H

#include <autovpn/types.h>

/* The subnet of an address: host bits cleared. A length beyond the family's is cut to it. */
void subnets_of(uint8_t family, const uint8_t *bytes, uint32_t length,
                struct avpn_prefix *prefix_out);
/* 1 if `inner` is `outer` or lies in it. */
int subnets_contain(const struct avpn_prefix *outer, const struct avpn_prefix *inner);
int subnets_contain_address(const struct avpn_prefix *prefix, const struct avpn_address *address);
/* Family, address, length: below 0, 0, above 0, as for qsort. The larger comes before what lies in it. */
int subnets_compare(const struct avpn_prefix *a, const struct avpn_prefix *b);

#endif
