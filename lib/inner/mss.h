/* SPDX-License-Identifier: ISC */
/* mss: the segment size that a TCP SYN asks for, lowered to what the tunnel carries. Spec: [MTU-8]. */
#ifndef AVPNI_INNER_MSS_H
#define AVPNI_INNER_MSS_H

#include "inner/packet.h"

/*
 * Lower the MSS option of a packet that avpni_inner_parse accepted, its checksum with it. Cheap for what is no SYN. `mtu_bytes`: the largest inner
 * packet. True: it was lowered. What is behind an option that lies about its length is left as it is.
 */
bool avpni_mss_clamp(uint8_t *packet, uint32_t bytes, uint32_t mtu_bytes);

/*
 * False for nearly all packets, without reading much of them: not a SYN. IPv6 headers that may hide one count as one. Of a packet that
 * avpni_inner_parse accepted.
 */
static inline bool avpni_mss_may_clamp(const uint8_t *packet, uint32_t bytes)
{
    uint32_t at = packet[0] >> 4 == 4 ? (packet[0] & 15u) * 4u : AVPNI_IPV6_HEADER;
    uint8_t protocol = packet[0] >> 4 == 4 ? packet[9] : packet[6];

    if (protocol == AVPNI_PROTOCOL_TCP)
        return bytes > at + 13 && (packet[at + 13] & 2) != 0;
    return packet[0] >> 4 == 6 && protocol != AVPNI_PROTOCOL_UDP;
}

#endif
