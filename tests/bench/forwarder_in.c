/* SPDX-License-Identifier: ISC */
/*
 * forwarder_in: UDP to TUN. The kernel gives rows of datagrams of one sender joined (UDP_GRO). Opened in place, packets that
 * follow each other in a TCP stream, or in a flow of UDP packets of equal size, are written as one large packet: the headers
 * of the first, and the payloads from where they lie.
 */
#define _GNU_SOURCE
#include "forwarder.h"

#include <linux/virtio_net.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#ifndef UDP_GRO
#define UDP_GRO 104
#endif
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

#define DATAGRAMS 8u
#define CONTROL_BYTES 64u
#define IPV4_BYTES 20u /* with options a packet stays alone */
#define TCP_BYTES 20u
#define HEADERS_LIMIT 80u /* IPv4, and TCP with all its options */
#define TCP_ACK 0x10u
#define TCP_PSH 0x08u

/* One large packet in the making: slices[0] is VNET_BYTES and the headers. */
struct joined {
    uint8_t head[VNET_BYTES + HEADERS_LIMIT];
    struct iovec slices[PIECES + 1];
    uint32_t count;
    size_t transport; /* bytes of its header */
    size_t segment, payload;
    uint32_t next; /* TCP sequence number */
    bool is_closed;
};

struct forwarder_in {
    const struct forwarder *forwarder;
    struct joined joined;
    struct mmsghdr messages[DATAGRAMS];
    struct iovec slices[DATAGRAMS];
    _Alignas(struct cmsghdr) char control[DATAGRAMS][CONTROL_BYTES];
    uint8_t rooms[DATAGRAMS][ROOM_BYTES];
};

struct forwarder_in *forwarder_in_new(const struct forwarder *forwarder)
{
    struct forwarder_in *in = calloc(1, sizeof *in);

    if (in != NULL)
        in->forwarder = forwarder;
    return in;
}

/* ---- writing ------------------------------------------------------------------------------ */

static void describe(struct joined *joined)
{
    uint8_t *packet = joined->head + VNET_BYTES, *transport = packet + IPV4_BYTES;
    bool is_tcp = packet[9] == IPPROTO_TCP;
    size_t transport_bytes = joined->transport + joined->payload;
    struct virtio_net_hdr vnet = {
        .flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
        .gso_type = is_tcp ? VIRTIO_NET_HDR_GSO_TCPV4 : VIRTIO_NET_HDR_GSO_UDP_L4,
        .gso_size = (uint16_t)joined->segment,
        .hdr_len = (uint16_t)(IPV4_BYTES + joined->transport),
        .csum_start = IPV4_BYTES,
        .csum_offset = is_tcp ? 16 : 6};

    store16(packet + 2, IPV4_BYTES + transport_bytes);
    checksum_ipv4(packet, IPV4_BYTES);
    if (!is_tcp)
        store16(transport + 4, transport_bytes);
    store_checksum(transport + vnet.csum_offset, sum_fold(sum_pseudo(packet, transport_bytes)));
    memcpy(joined->head, &vnet, VNET_BYTES);
}

static void write_joined(struct forwarder_in *in)
{
    struct joined *joined = &in->joined;

    if (joined->count == 0)
        return;
    memset(joined->head, 0, VNET_BYTES);
    if (joined->count > 1)
        describe(joined);
    joined->slices[0] = (struct iovec){joined->head, VNET_BYTES + IPV4_BYTES + joined->transport};
    (void)!writev(in->forwarder->tun, joined->slices, (int)joined->count + 1);
    joined->count = 0;
}

static void write_alone(struct forwarder_in *in, uint8_t *packet, size_t bytes)
{
    uint8_t vnet[VNET_BYTES] = {0};
    struct iovec slices[2] = {{vnet, sizeof vnet}, {packet, bytes}};

    (void)!writev(in->forwarder->tun, slices, 2);
}

/* ---- joining ------------------------------------------------------------------------------ */

/* Bytes of the transport header of a packet that may be joined, which has payload; 0: it may not. */
static size_t joinable(const uint8_t *packet, size_t bytes)
{
    const uint8_t *transport = packet + IPV4_BYTES;
    size_t header = 8;

    if (bytes < IPV4_BYTES + 8 || packet[0] != 0x45 || (load16(packet + 6) & 0x3FFF) != 0)
        return 0;
    if (packet[9] == IPPROTO_TCP) {
        if (bytes < IPV4_BYTES + TCP_BYTES || (transport[13] & ~TCP_PSH) != TCP_ACK)
            return 0;
        header = (size_t)(transport[12] >> 4) * 4;
    } else if (packet[9] != IPPROTO_UDP) {
        return 0;
    }
    return bytes > IPV4_BYTES + header ? header : 0;
}

static bool follows(const struct joined *joined, const uint8_t *packet, size_t transport, size_t payload)
{
    const uint8_t *first = joined->head + VNET_BYTES;
    const uint8_t *a = first + IPV4_BYTES, *b = packet + IPV4_BYTES;

    if (joined->is_closed || joined->count == PIECES || joined->transport != transport ||
        payload > joined->segment || joined->payload + payload > LARGE_BYTES - HEADERS_LIMIT)
        return false;
    if (first[9] != packet[9] || first[1] != packet[1] || first[8] != packet[8] ||
        memcmp(first + 12, packet + 12, 8) != 0 || memcmp(a, b, 4) != 0)
        return false;
    return packet[9] == IPPROTO_UDP ||
           (load32(b + 4) == joined->next && memcmp(a + 8, b + 8, 4) == 0 &&
            memcmp(a + 14, b + 14, 2) == 0 &&
            memcmp(a + TCP_BYTES, b + TCP_BYTES, transport - TCP_BYTES) == 0);
}

static void begin(struct joined *joined, const uint8_t *packet, size_t transport, size_t payload)
{
    memcpy(joined->head + VNET_BYTES, packet, IPV4_BYTES + transport);
    joined->transport = transport;
    joined->segment = payload;
    joined->payload = 0;
    joined->next = load32(packet + IPV4_BYTES + 4);
    joined->is_closed = false;
}

static void append(struct joined *joined, uint8_t *packet, size_t payload)
{
    uint8_t *flags = joined->head + VNET_BYTES + IPV4_BYTES + 13;
    bool is_pushed = packet[9] == IPPROTO_TCP && (packet[IPV4_BYTES + 13] & TCP_PSH) != 0;

    joined->slices[++joined->count] =
        (struct iovec){packet + IPV4_BYTES + joined->transport, payload};
    joined->payload += payload;
    joined->next += (uint32_t)payload;
    if (is_pushed)
        *flags |= TCP_PSH;
    joined->is_closed = is_pushed || payload < joined->segment;
}

static void take(struct forwarder_in *in, uint8_t *packet, size_t bytes)
{
    struct joined *joined = &in->joined;
    size_t transport = joinable(packet, bytes);
    size_t payload = bytes - IPV4_BYTES - transport;

    if (transport == 0) {
        write_joined(in);
        write_alone(in, packet, bytes);
        return;
    }
    if (joined->count > 0 && !follows(joined, packet, transport, payload))
        write_joined(in);
    if (joined->count == 0)
        begin(joined, packet, transport, payload);
    append(joined, packet, payload);
}

/* ---- reading ------------------------------------------------------------------------------ */

static bool open_sealed(const struct forwarder *f, uint8_t *sealed, size_t bytes)
{
    uint8_t nonce[NONCE_BYTES] = {0};
    size_t count = bytes - HEAD_BYTES - TAG_BYTES;
    uint8_t *text = sealed + HEAD_BYTES;

    if (bytes < HEAD_BYTES + IPV4_BYTES + TAG_BYTES)
        return false;
    if (f->aead == NULL)
        return true;
    memcpy(nonce + 4, sealed + 8, 8);
    return f->aead->open(f->aead->user, f->open_state, text, count, text + count, sealed,
                         AUTHENTICATED_BYTES, nonce) == 1;
}

/* The size of each datagram in a row but the last; 0: there is only one. */
static size_t row_piece(struct msghdr *message)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c))
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            int piece;

            memcpy(&piece, CMSG_DATA(c), sizeof piece);
            return piece > 0 ? (size_t)piece : 0;
        }
    return 0;
}

static void take_row(struct forwarder_in *in, uint8_t *row, size_t bytes, size_t piece)
{
    size_t part;

    for (size_t offset = 0; offset < bytes; offset += part) {
        part = piece == 0 || bytes - offset < piece ? bytes - offset : piece;
        if (open_sealed(in->forwarder, row + offset, part))
            take(in, row + offset + HEAD_BYTES, part - HEAD_BYTES - TAG_BYTES);
    }
}

_Bool forwarder_in_run(struct forwarder_in *in)
{
    int count;

    for (uint32_t i = 0; i < DATAGRAMS; i++) {
        in->slices[i] = (struct iovec){in->rooms[i], sizeof in->rooms[i]};
        in->messages[i].msg_hdr = (struct msghdr){.msg_iov = &in->slices[i], .msg_iovlen = 1,
                                                  .msg_control = in->control[i],
                                                  .msg_controllen = sizeof in->control[i]};
    }
    count = recvmmsg(in->forwarder->udp, in->messages, DATAGRAMS, MSG_DONTWAIT, NULL);
    for (int i = 0; i < count; i++)
        take_row(in, in->rooms[i], in->messages[i].msg_len, row_piece(&in->messages[i].msg_hdr));
    write_joined(in);
    return count > 0;
}
