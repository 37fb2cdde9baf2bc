/* SPDX-License-Identifier: ISC */
/*
 * offload: what segmenting and coalescing share: fields of TCP and UDP headers, the pseudo header, and the virtio-net header of
 * autovpn/offload.h.
 */
#ifndef AVPNI_INNER_OFFLOAD_H
#define AVPNI_INNER_OFFLOAD_H

#include <autovpn/offload.h>
#include <stdbool.h>

#define AVPNI_TCP_HEADER 20u /* without options */
#define AVPNI_TCP_SEQUENCE 4u
#define AVPNI_TCP_FLAGS 13u
#define AVPNI_TCP_CHECKSUM 16u
#define AVPNI_UDP_HEADER 8u
#define AVPNI_UDP_LENGTH 4u
#define AVPNI_UDP_CHECKSUM 6u

#define AVPNI_TCP_FIN 0x01u
#define AVPNI_TCP_SYN 0x02u
#define AVPNI_TCP_RST 0x04u
#define AVPNI_TCP_PSH 0x08u
#define AVPNI_TCP_ACK 0x10u
#define AVPNI_TCP_URG 0x20u
#define AVPNI_TCP_CWR 0x80u

/* What `offload` says, as avpn_offload_read reads it. `header_bytes`: all headers of a packet that is to be cut. */
void avpni_offload_write(const struct avpn_offload *offload, uint32_t header_bytes,
                         uint8_t vnet[AVPN_VNET_BYTES]);
/* Where the checksum lies in the transport header of a kind that is cut. */
uint32_t avpni_offload_checksum(uint8_t kind);
/* Addresses and protocol: the pseudo header (RFC 9293, 3.1; RFC 8200, 8.1) but for its length. */
uint64_t avpni_pseudo_sum(const uint8_t *packet, uint8_t protocol);
/* Set the length of a packet, and the checksum of an IPv4 header. */
void avpni_network_length(uint8_t *packet, uint32_t bytes);

#endif
