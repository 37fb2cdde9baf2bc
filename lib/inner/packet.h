/* SPDX-License-Identifier: ISC */
/*
 * packet: what the engine needs to know of an inner packet: RFC 791 and RFC 8200 headers, and where the transport header begins.
 * Values in, values out; bytes that lie are refused, never read beyond.
 */
#ifndef AVPNI_INNER_PACKET_H
#define AVPNI_INNER_PACKET_H

#include <autovpn/types.h>
#include <stdbool.h>

#define AVPNI_PROTOCOL_ICMP 1
#define AVPNI_PROTOCOL_TCP 6
#define AVPNI_PROTOCOL_UDP 17
#define AVPNI_PROTOCOL_DCCP 33
#define AVPNI_PROTOCOL_ICMPV6 58
#define AVPNI_PROTOCOL_SCTP 132
#define AVPNI_PROTOCOL_UDPLITE 136
#define AVPNI_IPV4_HEADER 20u /* without options */
#define AVPNI_IPV6_HEADER 40u
#define AVPNI_INNER_CHAIN 8 /* IPv6 headers before the transport header that are walked [FWL-3] */

struct avpni_transport {
    uint8_t protocol; /* the last of the header chain; of a later fragment in IPv6: the first behind its fragment header */
    bool is_later_fragment;  /* no transport header here */
    bool is_fragment;        /* the first or a later one */
    bool is_routed;          /* IPv6, and a routing header names more stops: the header's destination is not the last */
    bool has_ports;
    uint16_t source_port, destination_port; /* 0 without */
    uint16_t offset; /* of the transport header in the packet; may be equal to its length */
};

/* Source and destination. False: not IPv4 or IPv6, or its lengths and `bytes` contradict each other. */
bool avpni_inner_parse(const uint8_t *packet, uint32_t bytes, struct avpn_address *source_out,
                       struct avpn_address *destination_out);
/*
 * A packet with the same addresses as one that avpni_inner_parse accepted, and which it would accept too. False: it has to be asked. Much cheaper for
 * the packets of one flow.
 */
bool avpni_inner_follows(const uint8_t *packet, uint32_t bytes, const uint8_t *accepted);
/*
 * Of a packet that avpni_inner_parse accepted. False: the chain is cut or longer than AVPNI_INNER_CHAIN headers, or what has a transport
 * header (all but a later fragment) ends before its ports [FWL-3]. `transport_out` is then unspecified.
 */
bool avpni_inner_transport(const uint8_t *packet, uint32_t bytes,
                           struct avpni_transport *transport_out);
/*
 * The same but for ports, which are not looked at, and of a packet that may be cut: the one inside an ICMP error. `bytes` are those that are there,
 * AVPNI_IPV4_HEADER or AVPNI_IPV6_HEADER at least. False: the chain goes on beyond them, or is too long.
 */
bool avpni_inner_chain(const uint8_t *packet, uint32_t bytes,
                       struct avpni_transport *transport_out);
/* Decrement TTL or hop limit. False: it is used up, nothing changed [RTE-4]. */
bool avpni_inner_hop(uint8_t *packet);
/* Protocols with ports in their first four bytes. */
bool avpni_protocol_has_ports(uint8_t protocol);

#endif
