/* SPDX-License-Identifier: ISC */
/*
 * inner: what the engine needs to know of an inner packet: RFC 791 and RFC 8200 headers, no more.
 * Values in, values out.
 */
#ifndef AVPNI_NODE_INNER_H
#define AVPNI_NODE_INNER_H

#include <autovpn/types.h>
#include <stdbool.h>

/* Source and destination. False: not IPv4 or IPv6, or its lengths and `bytes` contradict each other. */
bool avpni_inner_parse(const uint8_t *packet, uint32_t bytes, struct avpn_address *source_out,
                       struct avpn_address *destination_out);
/* Decrement TTL or hop limit. False: it is used up, nothing changed [RTE-4]. */
bool avpni_inner_hop(uint8_t *packet);

#endif
