/* SPDX-License-Identifier: ISC */
/**
 * @defgroup offload Large packets (offloads)
 * offload: large TCP and UDP packets, as a TUN device with a virtio-net header gives and takes them, and runs of packets that
 * fit a tunnel. Useful without the engines.
 *
 * A kernel that may leave segmentation to others (TSO, USO) hands over one packet of up to 64 KiB with a header that says into
 * what to cut it. avpn_segment cuts it, with all headers and checksums right, straight to where each piece is to be sealed in
 * place: the sealed pieces then lie end to end, ready for one segmented send. On the way back avpn_coalesce joins what
 * belongs together to large packets again, as scattered slices, without copying payload. What comes out is what
 * came in, byte by byte: packets that a receiver could tell from the original are never joined.
 *
 *     struct avpn_offload offload;
 *     if (avpn_offload_read(vnet, bytes, &offload) == AVPN_OK &&
 *         avpn_segment(&offload, packet, bytes, room, sizeof room, &run) == AVPN_OK)
 *         avpn_node_send(node, &run, 1, now);
 *
 *     // inside of host.deliver
 *     avpn_coalesce(coalescer, batch, count, write_slices, &tun);
 * @{
 */
#ifndef AUTOVPN_OFFLOAD_H
#define AUTOVPN_OFFLOAD_H

#include <autovpn/batch.h>
#include <autovpn/host.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define AVPN_VNET_BYTES 10 /**< struct virtio_net_hdr as TUN uses it, in this machine's byte order */

/** What is to be cut, and how. */
enum avpn_offload_kind {
    AVPN_OFFLOAD_NONE = 0, /**< one packet */
    AVPN_OFFLOAD_TCP4 = 1, /**< TCP over IPv4 */
    AVPN_OFFLOAD_TCP6 = 2, /**< TCP over IPv6 */
    AVPN_OFFLOAD_UDP = 3   /**< of either family, cut by its own length (VIRTIO_NET_HDR_GSO_UDP_L4) */
};

/** What a virtio-net header asks for. */
struct avpn_offload {
    uint8_t kind;             /**< enum avpn_offload_kind */
    uint8_t needs_checksum;   /**< 1: the transport checksum holds the pseudo header's sum alone */
    uint16_t segment_bytes;   /**< payload of each piece but the last */
    uint16_t checksum_start;  /**< of the transport header in the packet */
    uint16_t checksum_offset; /**< of the checksum in the transport header */
};

/**
 * Read a virtio-net header in front of a packet of `packet_bytes`. AVPN_ERROR_FORMAT: it contradicts itself or the packet's size,
 * or asks for what is not known here: fragmentation (UFO), tunnels, accurate ECN. A TUN device asks for none of them unless told to.
 */
AVPN_API int32_t avpn_offload_read(const uint8_t *vnet, uint32_t packet_bytes,
                                   struct avpn_offload *offload_out);

#define AVPN_SEGMENT_PIECES 1024 /**< at most, of one packet: as gso_max_segs of the TUN device should be set */
#define AVPN_SEGMENT_ROOM (384u * 1024u) /**< bytes that are enough for any packet that is not refused */

/** Bytes of room that avpn_segment needs for a packet; 0: it would be refused. */
AVPN_API size_t avpn_segment_room(const struct avpn_offload *offload, const uint8_t *packet,
                                  uint32_t bytes);
/**
 * Cut a packet into a run with the room of batch.h around each piece: the first begins at room + AVPN_HEADROOM, `stride` is
 * avpn_sealed_bytes(run_out->bytes). A packet that is not to be cut makes a run of one, its checksum completed. The packet is only read; it
 * may not overlap the room. `bytes` may be beyond AVPN_PACKET_LIMIT where a large IPv6 packet is cut (65575 at most).
 * AVPN_ERROR_FORMAT: headers that lie; a fragment; a segment size of 0, or one that makes more than AVPN_SEGMENT_PIECES; a piece beyond
 * AVPN_PACKET_LIMIT; more than 256 bytes of headers, or such as cannot stand in each piece (IPv6 authentication, routing with stops
 * to come). AVPN_ERROR_LIMIT: `capacity` is too small. Nothing is promised about the room's bytes then.
 */
AVPN_API int32_t avpn_segment(const struct avpn_offload *offload, const uint8_t *packet,
                              uint32_t bytes, uint8_t *room, size_t capacity,
                              struct avpn_packets *run_out);

/** A piece of a packet to be written; laid out as struct iovec is. */
struct avpn_slice {
    const void *bytes; /**< iov_base */
    size_t count;      /**< iov_len */
};

/* What the coalescer may make, by what the TUN device takes: bits 1 << enum avpn_offload_kind. */
#define AVPN_COALESCE_TCP4 (1u << AVPN_OFFLOAD_TCP4) /**< TUN_F_TSO4 */
#define AVPN_COALESCE_TCP6 (1u << AVPN_OFFLOAD_TCP6) /**< TUN_F_TSO6 */
#define AVPN_COALESCE_UDP (1u << AVPN_OFFLOAD_UDP)   /**< TUN_F_USO4 and TUN_F_USO6 */
#define AVPN_COALESCE_SLICES 66 /**< at most, of one packet: virtio-net header and headers, then payloads */

/** Joins packets to large ones. */
struct avpn_coalescer;

/**
 * Make a coalescer: one block of memory, whose base is the host's (NULL: defaults); nothing is allocated later. One thread at a time. AVPN_ERROR_ARGUMENT: unknown
 * kinds, or a host with only some of the allocator's three; AVPN_ERROR_MEMORY.
 */
AVPN_API int32_t avpn_coalescer_new(const struct avpn_host *host, uint32_t kinds,
                                    struct avpn_coalescer **coalescer_out);
/** NULL is ignored. */
AVPN_API void avpn_coalescer_del(struct avpn_coalescer *coalescer);
/**
 * Give packets one by one or joined to `write`: slices[0] is the virtio-net header, the rest the packet. All that came in is
 * written when it returns, packets of a flow in their order. Slices are borrowed until `write` returns; packets are only read.
 *
 * Joined is what avpn_segment makes again byte by byte: TCP with payload, or UDP, without IP options or extension headers; up to 16 flows
 * side by side, up to 64 packets and AVPN_PACKET_LIMIT bytes. Each packet's checksums were found right before, since the kernel
 * does not look at those of a joined one; what is damaged is passed on as it is.
 */
AVPN_API void avpn_coalesce(struct avpn_coalescer *coalescer, const struct avpn_packets *batch,
                            size_t count,
                            void (*write)(void *user, const struct avpn_slice *slices, size_t count),
                            void *user);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
