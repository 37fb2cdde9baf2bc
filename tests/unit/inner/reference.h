/* SPDX-License-Identifier: ISC */
/*
 * reference: cutting large packets the slow and plain way, and the order that joining has to keep. Written from the RFCs and from what Linux
 * does; shares nothing with lib/inner and does not check what it is given.
 */
#ifndef AUTOVPN_TESTS_REFERENCE_H
#define AUTOVPN_TESTS_REFERENCE_H

#include <autovpn/offload.h>
#include <stdbool.h>

#define REFERENCE_LIMIT 65600u

/* Where the payload of a TCP or UDP packet begins. */
uint32_t reference_headers(const uint8_t *packet);
/* Piece `i` of a packet that is to be cut; its size. 0: there are fewer. */
uint32_t reference_piece(const struct avpn_offload *offload, const uint8_t *packet, uint32_t bytes,
                         uint32_t i, uint8_t *out);
/* The checksums of a TCP or UDP packet without extension headers are there and right, and its lengths are true. */
bool reference_is_sound(const uint8_t *packet, uint32_t bytes);
/*
 * Two packets may be of one flow: the same addresses, and not different ports of TCP or UDP that both show, nor two different of these
 * protocols. What is no packet may be of any.
 */
bool reference_is_related(const uint8_t *a, uint32_t a_bytes, const uint8_t *b, uint32_t b_bytes);

#endif
