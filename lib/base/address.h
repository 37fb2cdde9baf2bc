/* SPDX-License-Identifier: ISC */
/*
 * address: comparisons and classes of addresses, contacts and prefixes. Values in,
 * values out. Text forms are public (autovpn/types.h) and live in address_text.c.
 */
#ifndef AVPNI_BASE_ADDRESS_H
#define AVPNI_BASE_ADDRESS_H

#include <autovpn/types.h>
#include <stdbool.h>

bool avpni_contact_is_equal(const struct avpn_contact *a, const struct avpn_contact *b);
bool avpni_contact_is_same_address(const struct avpn_contact *a, const struct avpn_contact *b);
bool avpni_address_is_equal(const struct avpn_address *a, const struct avpn_address *b);
bool avpni_prefix_is_equal(const struct avpn_prefix *a, const struct avpn_prefix *b);
/*
 * Known family, port not 0, not unspecified, loopback, multicast, broadcast or IPv4-mapped;
 * unused bytes zero.
 */
bool avpni_contact_is_usable(const struct avpn_contact *contact);
/* Known family, length in range, no bit set beyond it, unused bytes zero. */
bool avpni_prefix_is_canonical(const struct avpn_prefix *prefix);
bool avpni_prefix_has_address(const struct avpn_prefix *prefix, const struct avpn_address *address);
/* `inner` lies wholly within `outer` (equal counts). */
bool avpni_prefix_has_prefix(const struct avpn_prefix *outer, const struct avpn_prefix *inner);
bool avpni_prefix_is_default(const struct avpn_prefix *prefix);
/* Total order: family, bytes, length. Negative, zero, positive. */
int32_t avpni_prefix_compare(const struct avpn_prefix *a, const struct avpn_prefix *b);
int32_t avpni_contact_compare(const struct avpn_contact *a, const struct avpn_contact *b);
struct avpn_address avpni_contact_address(const struct avpn_contact *contact);
/* RFC 1918, RFC 4193, link-local; RFC 6598 (100.64.0.0/10) has its own test. */
bool avpni_address_is_private(const struct avpn_address *address);
bool avpni_address_is_cgnat(const struct avpn_address *address);

#endif
