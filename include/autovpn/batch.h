/* SPDX-License-Identifier: ISC */
/**
 * @defgroup batch Packets and batches
 * batch: how packets cross the library's border.
 *
 * A run is a number of packets of equal size (the last may be shorter) at equal
 * distances in one buffer. That is the shape UDP segmentation offload (UDP_SEGMENT,
 * UDP_GRO), TUN offloads and recvmmsg all produce, so a host hands over what it
 * read and writes what it gets without copying. A single packet is a run of one.
 *
 *        data         data + stride      data + 2 * stride
 *         |<- bytes ->|....|<- bytes ->|....|<last_bytes>|
 *
 * Room. Sealing and opening happen in place. Around every *inner* packet given to
 * avpn_node_send the host leaves AVPN_HEADROOM bytes before and AVPN_TAILROOM
 * after it, which the engine overwrites; for a run of several packets this means
 * stride >= bytes + AVPN_HEADROOM + AVPN_TAILROOM - or exactly
 * avpn_sealed_bytes(bytes), and then sealed packets lie end to end, ready for
 * one segmented send. Datagrams need no room: opening only shrinks.
 *
 * Buffers belong to the caller; their bytes after a call are unspecified.
 * @{
 */
#ifndef AUTOVPN_BATCH_H
#define AUTOVPN_BATCH_H

#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AVPN_HEADROOM 16 /**< ESP header 8 + IV 8 */
#define AVPN_TAILROOM 24 /**< padding 0..3 + trailer 2 + ICV 16, rounded up */
#define AVPN_PACKET_LIMIT 65535 /**< bytes of the largest packet of a run */

/** A run of packets in one buffer. */
struct avpn_packets {
    uint8_t *data;       /**< first byte of the first packet */
    uint32_t count;      /**< packets in the run, >= 1 */
    uint32_t bytes;      /**< size of each packet but the last */
    uint32_t last_bytes; /**< size of the last packet, 1..bytes; equals bytes when count is 1 */
    uint32_t stride;     /**< distance between the starts of two packets; ignored when count is 1 */
};

/**
 * This run may be fragmented by the outer IP layer on its way; every other datagram is to be sent with DF set (IPv4) and whole
 * (IPv6), and to vanish where it is too big: that is how the path MTU is found [MTU-2], [MTU-7].
 */
#define AVPN_DATAGRAMS_MAY_FRAGMENT 1u

/** Datagrams of one uplink from, or to, one contact. */
struct avpn_datagrams {
    uint32_t uplink; /**< 0..3: which socket */
    struct avpn_contact remote; /**< from where they came, or where they go */
    struct avpn_packets packets; /**< the datagrams' payloads */
    uint32_t flags; /**< AVPN_DATAGRAMS_*; ignored when received */
    uint32_t reserved;
};

/**
 * The size of the ESP datagram that carries an inner packet of `bytes` bytes; 0 beyond
 * AVPN_PACKET_LIMIT.
 */
AVPN_API uint32_t avpn_sealed_bytes(uint32_t bytes);
/** The largest inner packet that fits an ESP datagram of `bytes` bytes; 0 if none does. */
AVPN_API uint32_t avpn_inner_bytes(uint32_t bytes);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
