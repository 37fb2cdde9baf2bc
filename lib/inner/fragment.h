/* SPDX-License-Identifier: ISC */
/*
 * fragment: an IPv4 packet in pieces (RFC 791, 3.2). Spec: [MTU-6].
 *
 *     avpni_fragments_init(&fragments, packet, bytes, limit);
 *     while ((count = avpni_fragments_next(&fragments, piece)) > 0)
 *         ...send count bytes of piece
 */
#ifndef AVPNI_INNER_FRAGMENT_H
#define AVPNI_INNER_FRAGMENT_H

#include <autovpn/types.h>
#include <stdbool.h>

/*
 * May a packet that avpni_inner_parse accepted be cut? IPv4 without DF, `limit` has room for its header and 8 bytes more, and no byte of
 * it lies beyond what a fragment's offset can say.
 */
bool avpni_fragment_is_allowed(const uint8_t *packet, uint32_t bytes, uint32_t limit);

/* A packet that is being cut. The packet is borrowed as long as it is, and not changed. */
struct avpni_fragments {
    const uint8_t *packet;
    uint32_t bytes, limit;
    uint32_t at; /* of the payload, where the next piece begins */
};
/* For a packet that may be cut and is longer than `limit`. */
void avpni_fragments_init(struct avpni_fragments *fragments, const uint8_t *packet, uint32_t bytes,
                          uint32_t limit);
/*
 * Write the next piece, at most `limit` bytes with its header: options that are not to be copied stay in the first only. A fragment is
 * cut on as RFC 791 says. Returns its length; 0: that was all.
 */
uint32_t avpni_fragments_next(struct avpni_fragments *fragments, uint8_t *piece_out);

#endif
