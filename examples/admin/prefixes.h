/* SPDX-License-Identifier: ISC */
/* prefixes: which subnet lies in which. Values in, value out. */
#ifndef ADMIN_PREFIXES_H
#define ADMIN_PREFIXES_H

#include <stdint.h>

#include <autovpn/types.h>

/* Family, bits, length: what contains a prefix comes before it, and what lies in one behind it. For qsort. */
int prefixes_compare(const void *a, const void *b);
/* Equal ones contain each other. */
int prefixes_contain(const struct avpn_prefix *outer, const struct avpn_prefix *inner);
int prefixes_overlap(const struct avpn_prefix *a, const struct avpn_prefix *b);
/* Sort, and leave out what lies in another one. Returns how many are left. */
uint32_t prefixes_shorten(struct avpn_prefix *prefixes, uint32_t count);
/* The subnet of one host. */
struct avpn_prefix prefixes_host(const struct avpn_address *address);
/* The address of a host of `from`, with the same host bits, in `to`; both have one length. */
struct avpn_prefix prefixes_move(const struct avpn_prefix *inner, const struct avpn_prefix *from,
                                 const struct avpn_prefix *to);

#endif
