/* SPDX-License-Identifier: ISC */
/*
 * forwarder: its two directions, each used by one thread, which may be the same: forwarder_out.c, what the kernel hands to the TUN device is
 * cut, sealed and sent; forwarder_in.c, what comes by UDP is opened, joined and written to the TUN device.
 *
 * On the wire a packet looks like ESP: SPI and number (authenticated), IV, ciphertext, tag.
 */
#ifndef AUTOVPN_BENCH_FORWARDER_H
#define AUTOVPN_BENCH_FORWARDER_H

#include <autovpn/aead.h>
#include <autovpn/sa.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define HEAD_BYTES 16u /* SPI 4, number 4, IV 8 */
#define AUTHENTICATED_BYTES 8u
#define TAG_BYTES 16u
#define NONCE_BYTES 12u
#define VNET_BYTES 10u     /* struct virtio_net_hdr */
#define PIECES 64u         /* of one large packet: UDP_MAX_SEGMENTS of kernels before 6.9 */
#define LARGE_BYTES 65400u /* no large packet is longer */
#define ROOM_BYTES 65664u  /* for whatever the kernel gives at once */
#define ROUNDS 64u         /* reads in a row before the other direction has its turn */

struct forwarder {
    int tun, udp;
    struct sockaddr_in peer;
    const struct avpn_aead *aead; /* NULL: nothing is sealed */
    void *seal_state, *open_state;
};

struct forwarder_out;
struct forwarder_in;

/* NULL: no memory. The forwarder is borrowed. */
struct forwarder_out *forwarder_out_new(const struct forwarder *forwarder);
struct forwarder_in *forwarder_in_new(const struct forwarder *forwarder);
/* Carry what is there now, a bounded part of it; false: there was nothing. */
_Bool forwarder_out_run(struct forwarder_out *out);
_Bool forwarder_in_run(struct forwarder_in *in);

/* ---- bytes of packets: big-endian fields, and the Internet checksum in memory's order ---- */

static inline uint16_t load16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline void store16(uint8_t *at, size_t value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
}

static inline uint32_t load32(const uint8_t *at)
{
    return (uint32_t)load16(at) << 16 | load16(at + 2);
}

static inline void store32(uint8_t *at, uint32_t value)
{
    store16(at, value >> 16);
    store16(at + 2, value & 0xFFFF);
}

/* 32-bit words in 64 bits: no carry is lost, and the compiler makes vectors of the loop. */
static inline uint64_t sum_bytes(const uint8_t *at, size_t count, uint64_t sum)
{
    uint32_t word;
    uint16_t half;

    for (; count >= sizeof word; count -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        sum += word;
    }
    if (count >= sizeof half) {
        memcpy(&half, at, sizeof half);
        sum += half;
        at += sizeof half;
    }
    return (count & 1) != 0 ? sum + htons((uint16_t)(*at << 8)) : sum;
}

static inline uint16_t sum_fold(uint64_t sum)
{
    while (sum >> 16 != 0)
        sum = (sum & 0xFFFF) + (sum >> 16);
    return (uint16_t)sum;
}

static inline void store_checksum(uint8_t *at, uint16_t folded)
{
    memcpy(at, &folded, sizeof folded);
}

/* Both addresses of an IPv4 packet, its protocol, and how long the transport's part is. */
static inline uint64_t sum_pseudo(const uint8_t *packet, size_t transport_bytes)
{
    return sum_bytes(packet + 12, 8, 0) + htons(packet[9]) + htons((uint16_t)transport_bytes);
}

static inline void checksum_ipv4(uint8_t *packet, size_t header_bytes)
{
    store16(packet + 10, 0);
    store_checksum(packet + 10, (uint16_t)~sum_fold(sum_bytes(packet, header_bytes, 0)));
}

#endif
