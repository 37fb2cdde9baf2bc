/* SPDX-License-Identifier: ISC */
/*
 * forwarder_out: TUN to UDP. Packets are cut to pieces that fit, copied once, to where they are sealed in
 * place behind each other, and up to 64 pieces of equal size leave in one call (UDP_SEGMENT); a shorter one ends the row. IPv4 only.
 */
#define _GNU_SOURCE
#include "forwarder.h"

#include <linux/virtio_net.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

#define SPI 1u
#define TCP_FIN_PSH 0x09u

struct forwarder_out {
    const struct forwarder *forwarder;
    uint64_t number; /* of the last packet sealed */
    size_t used;     /* of `row` */
    size_t piece;    /* bytes of each piece but the last */
    uint32_t count;
    uint8_t row[ROOM_BYTES];
    uint8_t packet[VNET_BYTES + ROOM_BYTES];
};

struct forwarder_out *forwarder_out_new(const struct forwarder *forwarder)
{
    struct forwarder_out *out = calloc(1, sizeof *out);

    if (out != NULL)
        out->forwarder = forwarder;
    return out;
}

/* What the kernel does not take is lost, as on any wire. */
static void send_row(struct forwarder_out *out)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(uint16_t))];
    } control = {0};
    struct sockaddr_in peer = out->forwarder->peer;
    struct iovec slice = {out->row, out->used};
    struct msghdr message = {.msg_name = &peer, .msg_namelen = sizeof peer, .msg_iov = &slice,
                             .msg_iovlen = 1};

    if (out->count > 1) {
        uint16_t piece = (uint16_t)out->piece;

        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        control.align = (struct cmsghdr){.cmsg_level = SOL_UDP, .cmsg_type = UDP_SEGMENT,
                                         .cmsg_len = CMSG_LEN(sizeof piece)};
        memcpy(CMSG_DATA(&control.align), &piece, sizeof piece);
    }
    if (out->count > 0)
        (void)!sendmsg(out->forwarder->udp, &message, 0);
    out->count = 0;
    out->used = 0;
}

static void seal(struct forwarder_out *out, uint8_t *sealed, size_t bytes)
{
    const struct forwarder *f = out->forwarder;
    uint8_t nonce[NONCE_BYTES] = {0};
    uint8_t *text = sealed + HEAD_BYTES;

    out->number++;
    store32(sealed, SPI);
    store32(sealed + 4, (uint32_t)out->number);
    store32(sealed + 8, (uint32_t)(out->number >> 32));
    store32(sealed + 12, (uint32_t)out->number);
    if (f->aead == NULL)
        return;
    memcpy(nonce + 4, sealed + 8, 8);
    f->aead->seal(f->aead->user, f->seal_state, text, bytes, text + bytes, sealed,
                  AUTHENTICATED_BYTES, nonce);
}

/* Where the next packet goes; one that cannot join the row sends it first. */
static uint8_t *next_piece(struct forwarder_out *out, size_t bytes)
{
    size_t sealed = HEAD_BYTES + bytes + TAG_BYTES;

    if (out->count > 0 &&
        (sealed > out->piece || out->count == PIECES || out->used + sealed > LARGE_BYTES))
        send_row(out);
    if (out->count == 0)
        out->piece = sealed;
    return out->row + out->used + HEAD_BYTES;
}

static void end_piece(struct forwarder_out *out, size_t bytes)
{
    size_t sealed = HEAD_BYTES + bytes + TAG_BYTES;

    seal(out, out->row + out->used, bytes);
    out->used += sealed;
    out->count++;
    if (sealed < out->piece)
        send_row(out);
}

static void take_whole(struct forwarder_out *out, const struct virtio_net_hdr *vnet,
                       const uint8_t *packet, size_t bytes)
{
    uint8_t *piece = next_piece(out, bytes);
    size_t start = vnet->csum_start, field = start + vnet->csum_offset;

    memcpy(piece, packet, bytes);
    if ((vnet->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) != 0 && field + 2 <= bytes)
        store_checksum(piece + field, (uint16_t)~sum_fold(sum_bytes(piece + start, bytes - start, 0)));
    end_piece(out, bytes);
}

/* The headers of one piece, `offset` bytes of payload into a packet; all were copied from the large one's. */
static void fix_headers(uint8_t *piece, size_t ip_bytes, size_t payload, size_t offset, bool is_last)
{
    bool is_tcp = piece[9] == IPPROTO_TCP;
    uint8_t *transport = piece + ip_bytes;
    size_t transport_bytes = (is_tcp ? (size_t)(transport[12] >> 4) * 4 : 8) + payload;
    uint8_t *checksum = transport + (is_tcp ? 16 : 6);

    store16(piece + 2, ip_bytes + transport_bytes);
    checksum_ipv4(piece, ip_bytes);
    if (is_tcp) {
        store32(transport + 4, load32(transport + 4) + (uint32_t)offset);
        transport[13] &= (uint8_t)(is_last ? 0xFF : ~TCP_FIN_PSH);
    } else {
        store16(transport + 4, transport_bytes);
    }
    store16(checksum, 0);
    store_checksum(checksum, (uint16_t)~sum_fold(sum_bytes(transport, transport_bytes,
                                                           sum_pseudo(piece, transport_bytes))));
}

static void cut(struct forwarder_out *out, size_t segment, const uint8_t *packet, size_t bytes)
{
    size_t ip_bytes = (size_t)(packet[0] & 15) * 4;
    size_t headers = ip_bytes + (packet[9] == IPPROTO_TCP ? (size_t)(packet[ip_bytes + 12] >> 4) * 4 : 8);
    size_t payload = bytes - headers, part;
    uint16_t id = load16(packet + 4);

    for (size_t offset = 0; offset < payload; offset += part) {
        uint8_t *piece;

        part = payload - offset < segment ? payload - offset : segment;
        piece = next_piece(out, headers + part);
        memcpy(piece, packet, headers);
        memcpy(piece + headers, packet + headers + offset, part);
        store16(piece + 4, id++);
        fix_headers(piece, ip_bytes, part, offset, offset + part == payload);
        end_piece(out, headers + part);
    }
}

_Bool forwarder_out_run(struct forwarder_out *out)
{
    uint32_t round;

    for (round = 0; round < ROUNDS; round++) {
        ssize_t count = read(out->forwarder->tun, out->packet, sizeof out->packet);
        const uint8_t *packet = out->packet + VNET_BYTES;
        struct virtio_net_hdr vnet;

        if (count <= (ssize_t)VNET_BYTES)
            break;
        memcpy(&vnet, out->packet, VNET_BYTES);
        if (vnet.gso_type == VIRTIO_NET_HDR_GSO_NONE)
            take_whole(out, &vnet, packet, (size_t)count - VNET_BYTES);
        else if (packet[0] >> 4 == 4)
            cut(out, vnet.gso_size, packet, (size_t)count - VNET_BYTES);
    }
    send_row(out);
    return round > 0;
}
