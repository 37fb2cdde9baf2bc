/* SPDX-License-Identifier: ISC */
/*
 * inner: the packets that hosts of a site send each other: IPv4 and IPv6 with UDP, TCP, ICMP echoes or any other
 * protocol, and ICMP errors about them. Written and read here without any of the engine's code, checksums
 * included, so that what an engine does to a packet is judged by a second opinion.
 *
 * Every packet carries its number: behind the transport header, or in TCP as a timestamp option. The rest of its
 * payload follows from the number, in TCP from the place in the stream. So a packet can be written again from its
 * description and compared byte by byte. Values in, values out.
 */
#ifndef AVPN_SIM_INNER_H
#define AVPN_SIM_INNER_H

#include <autovpn/types.h>
#include <stdbool.h>
#include <stddef.h>

#define INNER_LARGEST 9000
#define INNER_ICMP 1
#define INNER_TCP 6
#define INNER_UDP 17
#define INNER_ICMPV6 58

#define INNER_FIN 1u
#define INNER_SYN 2u
#define INNER_ACK 16u

/* Echoes are protocol INNER_ICMP in both families; what stands in the packet is each family's own. */
struct inner {
    struct avpn_address source, destination;
    uint8_t protocol;
    uint8_t hop_limit;
    bool is_whole;      /* IPv4: DF */
    bool is_reply;      /* of echoes */
    bool is_unsummed;   /* UDP over IPv4 with a checksum of 0 */
    uint8_t tcp_flags;
    uint16_t source_port, destination_port; /* of TCP and UDP */
    uint16_t mss;       /* of TCP, 0: no option */
    uint32_t sequence, acknowledged; /* of TCP */
    uint32_t number;
    uint32_t bytes;     /* of the whole packet; raised to the smallest that holds the headers */
};

/* Returns its length. */
uint32_t inner_write(const struct inner *inner, uint8_t out[INNER_LARGEST]);
/* False: not one of ours, or a length or checksum is wrong. Fragments are none of ours. */
bool inner_read(const uint8_t *packet, uint32_t bytes, struct inner *inner_out);

/* What is where in a packet that has no IPv4 options and no IPv6 extension headers. */
uint32_t inner_header(const uint8_t *packet);
struct avpn_address inner_source(const uint8_t *packet);
struct avpn_address inner_destination(const uint8_t *packet);
/* The place of a fragment among the others of its packet. */
struct inner_fragment {
    uint16_t id;
    uint32_t at, count; /* of the payload */
    bool is_last;
};
/* False: it is none. */
bool inner_fragment(const uint8_t *packet, uint32_t bytes, struct inner_fragment *fragment_out);

/* ---- errors ---------------------------------------------------------------------------------- */

struct inner_error {
    struct avpn_address source, destination;
    uint8_t type, code;
    uint32_t mtu;
    const uint8_t *about; /* the packet inside, borrowed */
    uint32_t about_bytes;
};
/* Is it an ICMP or ICMPv6 error, whatever its checksum? */
bool inner_is_error(const uint8_t *packet, uint32_t bytes);
/* False: lengths or checksums are wrong. */
bool inner_read_error(const uint8_t *packet, uint32_t bytes, struct inner_error *error_out);
uint32_t inner_write_error(const struct inner_error *error, uint8_t out[INNER_LARGEST]);
/* The number of a packet of which an error tells only the beginning. False: not one of ours. */
bool inner_number_of_part(const uint8_t *packet, uint32_t bytes, uint32_t *number_out);

#endif
