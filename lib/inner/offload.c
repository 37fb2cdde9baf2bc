/* SPDX-License-Identifier: ISC */
/*
 * offload: struct virtio_net_hdr, without the field `num_buffers`, in this machine's byte order (virtio 1.2, 5.1.6; Linux
 * include/uapi/linux/virtio_net.h), and what cutting and joining have in common.
 *
 * The header's `hdr_len` is a hint that may be anything (5.1.6.2.2): it is not read. Of its flags those are known that a TUN device
 * sets; with another the fields would mean something else.
 */
#include "inner/offload.h"

#include "inner/bytes.h"
#include "inner/checksum.h"
#include "inner/packet.h"
#include <string.h>

#define FLAG_NEEDS_CHECKSUM 1u
#define FLAG_IS_VALID 2u
#define CUT_TCP4 1u
#define CUT_TCP6 4u
#define CUT_UDP 5u /* VIRTIO_NET_HDR_GSO_UDP_L4; 3 is fragmentation, which Linux gave up */
#define CUT_ECN 0x80u

struct vnet {
    uint8_t flags, cut;
    uint16_t header_bytes, segment_bytes, checksum_start, checksum_offset;
};

_Static_assert(sizeof(struct vnet) == AVPN_VNET_BYTES, "laid out as struct virtio_net_hdr");

/* The kind a packet is cut as; -1: none that is known. */
static int kind_of(uint8_t cut)
{
    switch (cut) {
    case 0:
        return AVPN_OFFLOAD_NONE;
    case CUT_TCP4:
    case CUT_TCP4 | CUT_ECN:
        return AVPN_OFFLOAD_TCP4;
    case CUT_TCP6:
    case CUT_TCP6 | CUT_ECN:
        return AVPN_OFFLOAD_TCP6;
    case CUT_UDP:
        return AVPN_OFFLOAD_UDP;
    default:
        return -1;
    }
}

/*
 * Whether a packet of a kind may come with these flags. To be cut it has a checksum that is left to whoever cuts, or in TCP one
 * that was found right; only then the pieces' own may be made afresh without hiding damage.
 */
static bool is_covered(int kind, uint8_t flags)
{
    if (kind == AVPN_OFFLOAD_NONE)
        return true;
    return (flags & FLAG_NEEDS_CHECKSUM) != 0 ||
           (kind != AVPN_OFFLOAD_UDP && (flags & FLAG_IS_VALID) != 0);
}

int32_t avpn_offload_read(const uint8_t *vnet, uint32_t packet_bytes,
                          struct avpn_offload *offload_out)
{
    struct avpn_offload offload = {0};
    struct vnet header;

    memcpy(&header, vnet, sizeof header);
    int kind = kind_of(header.cut);

    if ((header.flags & ~(FLAG_NEEDS_CHECKSUM | FLAG_IS_VALID)) != 0 || kind < 0 ||
        !is_covered(kind, header.flags))
        return AVPN_ERROR_FORMAT;
    offload.kind = (uint8_t)kind;
    if (kind != AVPN_OFFLOAD_NONE) {
        if (header.segment_bytes == 0)
            return AVPN_ERROR_FORMAT;
        offload.segment_bytes = header.segment_bytes;
    }
    if ((header.flags & FLAG_NEEDS_CHECKSUM) != 0) {
        if (header.checksum_start < AVPNI_IPV4_HEADER || header.checksum_offset % 2 != 0 ||
            header.checksum_start + header.checksum_offset + 2u > packet_bytes)
            return AVPN_ERROR_FORMAT;
        offload.needs_checksum = 1;
        offload.checksum_start = header.checksum_start;
        offload.checksum_offset = header.checksum_offset;
    }
    *offload_out = offload;
    return AVPN_OK;
}

void avpni_offload_write(const struct avpn_offload *offload, uint32_t header_bytes,
                         uint8_t vnet[AVPN_VNET_BYTES])
{
    static const uint8_t cuts[] = {0, CUT_TCP4, CUT_TCP6, CUT_UDP};
    const struct vnet header = {
        .flags = offload->needs_checksum != 0 ? FLAG_NEEDS_CHECKSUM : 0,
        .cut = cuts[offload->kind],
        .header_bytes = (uint16_t)header_bytes,
        .segment_bytes = offload->segment_bytes,
        .checksum_start = offload->checksum_start,
        .checksum_offset = offload->checksum_offset,
    };

    memcpy(vnet, &header, sizeof header);
}

uint32_t avpni_offload_checksum(uint8_t kind)
{
    return kind == AVPN_OFFLOAD_UDP ? AVPNI_UDP_CHECKSUM : AVPNI_TCP_CHECKSUM;
}

uint64_t avpni_pseudo_sum(const uint8_t *packet, uint8_t protocol)
{
    return packet[0] >> 4 == 4 ? avpni_sum_add(protocol, packet + 12, 8)
                               : avpni_sum_add(protocol, packet + 8, 32);
}

void avpni_network_length(uint8_t *packet, uint32_t bytes)
{
    if (packet[0] >> 4 == 4) {
        avpni_word_put(packet + 2, bytes);
        avpni_word_put(packet + 10, 0);
        avpni_word_put(packet + 10,
                       avpni_sum_finish(avpni_sum_add(0, packet, (packet[0] & (size_t)15) * 4)));
    } else {
        avpni_word_put(packet + 4, bytes - AVPNI_IPV6_HEADER);
    }
}
