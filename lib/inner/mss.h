/* SPDX-License-Identifier: ISC */
/* mss: the segment size that a TCP SYN asks for, lowered to what the tunnel carries. Spec: [MTU-8]. */
#ifndef AVPNI_INNER_MSS_H
#define AVPNI_INNER_MSS_H

#include <autovpn/types.h>
#include <stdbool.h>

/*
 * Lower the MSS option of a packet that avpni_inner_parse accepted, its checksum with it. Cheap for what is no SYN. `mtu_bytes`: the largest inner
 * packet. True: it was lowered. What is behind an option that lies about its length is left as it is.
 */
bool avpni_mss_clamp(uint8_t *packet, uint32_t bytes, uint32_t mtu_bytes);

#endif
