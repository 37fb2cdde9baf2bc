/* SPDX-License-Identifier: ISC */
/*
 * packets: inner packets for tests, and a second opinion on them.
 *
 * Everything here is written from the RFCs and shares nothing with lib/inner: the walk along headers, the checksums, and the prefixes are done the slow
 * and plain way.
 */
#ifndef AUTOVPN_TESTS_PACKETS_H
#define AUTOVPN_TESTS_PACKETS_H

#include <autovpn/types.h>
#include <stdbool.h>

#define PACKETS_LIMIT 2048

struct packets_packet {
    uint32_t count;
    uint8_t bytes[PACKETS_LIMIT];
};

/* Where things are. */
struct packets_view {
    uint32_t transport; /* offset */
    uint32_t headers;   /* of IPv6 before it */
    uint8_t protocol;
    bool is_first, is_whole; /* has the transport header; has all of it */
    uint32_t checksum;       /* offset of the transport's, 0: none, or not there */
    bool has_pseudo;         /* which covers the addresses */
};
/* Of `count` bytes, which may be fewer than the header says. False: the headers are not all there. */
bool packets_look(const uint8_t *packet, uint32_t count, struct packets_view *view_out);

/* One's complement sum with end-around carry in every step, from `sum`. */
uint32_t packets_sum(uint32_t sum, const uint8_t *bytes, uint32_t count);
/* Pseudo header and what is there from the transport header on. 0xFFFF for a right whole packet. */
uint32_t packets_transport_sum(const uint8_t *packet, uint32_t count,
                               const struct packets_view *view);
/* Set lengths and every checksum of a packet, right. A UDP checksum becomes zero where `has_no_udp_sum` (IPv4). */
void packets_seal(uint8_t *packet, uint32_t count, bool has_no_udp_sum);
/* What is wrong with a packet's lengths and checksums, or NULL. */
const char *packets_fault(const uint8_t *packet, uint32_t count);

/*
 * A packet of any kind: options or header chains, whole or a fragment, of TCP with options, UDP with and without checksum, UDP-Lite, DCCP, SCTP, ICMP, or another. At most
 * `payload_limit` bytes behind the transport header.
 */
void packets_random(uint64_t *state, const struct avpn_address *source,
                    const struct avpn_address *destination, uint32_t payload_limit,
                    struct packets_packet *out);
/* Headers without options, and a payload of `count` random bytes; sealed. */
void packets_plain(uint64_t *state, const struct avpn_address *source,
                   const struct avpn_address *destination, uint8_t protocol, uint32_t count,
                   struct packets_packet *out);
/* An ICMP error about the first `inside` bytes of a packet; sealed. */
void packets_error(const struct avpn_address *source, const struct avpn_address *destination,
                   const uint8_t *about, uint32_t inside, struct packets_packet *out);

/* A copy on the heap of exactly its size, so that a sanitizer sees what is read beyond. The caller frees it. */
uint8_t *packets_exact(const uint8_t *bytes, uint32_t count);
struct avpn_address packets_address(const char *text);
struct avpn_prefix packets_prefix(const char *text); /* NULL: family NONE */
/* The address lies in the prefix; bit by bit. */
bool packets_is_in(const struct avpn_prefix *prefix, const struct avpn_address *address);
uint32_t packets_below(uint64_t *state, uint32_t limit);

#endif
