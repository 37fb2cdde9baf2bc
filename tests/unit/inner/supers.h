/* SPDX-License-Identifier: ISC */
/* supers: large TCP and UDP packets for tests, as a kernel hands them over with a virtio-net header. */
#ifndef AUTOVPN_TESTS_SUPERS_H
#define AUTOVPN_TESTS_SUPERS_H

#include "packets.h"
#include <autovpn/offload.h>

#define SUPERS_LIMIT 65600u

struct supers_shape {
    uint8_t family, protocol; /* 4 or 6; 6 (TCP) or 17 (UDP) */
    uint8_t flags;            /* of TCP */
    uint8_t options;          /* bytes of TCP options, a multiple of 4 */
    uint8_t
        network; /* bytes of IPv4 options, a multiple of 4, or of IPv6 extension headers, a multiple of 8 */
    uint16_t segment;
    uint32_t payload;
};

struct supers_super {
    struct avpn_offload offload;
    uint32_t bytes, transport, headers;
    uint8_t packet[SUPERS_LIMIT];
};

/* From 10.0.0.1 or fd00::1 to 10.9.0.1 or fd09::1; all that the shape does not say is random, but TTL and flow are not zero. */
void supers_make(uint64_t *state, const struct supers_shape *shape, struct supers_super *out);
/* A shape that can be cut. */
void supers_shape_random(uint64_t *state, struct supers_shape *out);
/* The pseudo header's sum to where the checksum is, as a kernel leaves it. */
void supers_prepare_checksum(struct supers_super *super);

#endif
