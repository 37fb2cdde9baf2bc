/* SPDX-License-Identifier: ISC */
/*
 * piece: a packet as cutting makes them, and whether another is its successor: the packet that cutting one larger packet would have made
 * next, byte by byte. What is no piece is never joined.
 *
 * Values in, values out; nothing is changed.
 */
#ifndef AVPNI_INNER_PIECE_H
#define AVPNI_INNER_PIECE_H

#include <stdbool.h>
#include <stdint.h>

#define AVPNI_PIECE_HEADERS 100u /* at most: IPv6 and TCP with all options */

struct avpni_piece {
    const uint8_t *packet;
    uint32_t bytes;
    uint8_t kind;         /* enum avpn_offload_kind, not NONE */
    bool ends;            /* none can follow: FIN or PSH */
    uint8_t transport;    /* offset of the transport header */
    uint8_t header_bytes; /* all headers; less than `bytes` */
};

/* False: not one, or its lengths lie. Checksums are not looked at. */
bool avpni_piece_read(const uint8_t *packet, uint32_t bytes, struct avpni_piece *piece_out);
/* Of the same addresses, ports and protocol. */
bool avpni_piece_is_same_flow(const struct avpni_piece *a, const struct avpni_piece *b);
/*
 * `next` comes after `count` pieces of one flow, `first` and such that are as long and do not end, whose payload is `payload` bytes in all. It may be
 * shorter, and is then the last one.
 */
bool avpni_piece_follows(const struct avpni_piece *first, uint32_t count, uint32_t payload,
                         const struct avpni_piece *next);
/* Its checksums are those that cutting writes: there and right, and of the two zeros of one's complement the one that is used. */
bool avpni_piece_is_sound(const struct avpni_piece *piece);

#endif
