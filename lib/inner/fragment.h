/* SPDX-License-Identifier: ISC */
/* fragment: an IPv4 packet in pieces (RFC 791, 3.2). Spec: [MTU-6]. */
#ifndef AVPNI_INNER_FRAGMENT_H
#define AVPNI_INNER_FRAGMENT_H

#include <autovpn/types.h>
#include <stdbool.h>

/* IPv4 without DF, and `limit` has room for its header and 8 bytes more. */
bool avpni_fragment_is_allowed(const uint8_t *packet, uint32_t bytes, uint32_t limit);

/* A packet that is being cut. The packet is borrowed and not changed. */
struct avpni_fragments {
    const uint8_t *packet;
    uint32_t bytes, limit;
    uint32_t at; /* of the payload, where the next piece begins */
};
void avpni_fragments_init(struct avpni_fragments *fragments, const uint8_t *packet, uint32_t bytes,
                          uint32_t limit);
/*
 * Write the next piece, at most `limit` bytes with its header: options that are not to be copied stay in the first only. A fragment is
 * cut on as RFC 791 says. Returns its length; 0: that was all.
 */
uint32_t avpni_fragments_next(struct avpni_fragments *fragments, uint8_t *piece_out);

#endif
