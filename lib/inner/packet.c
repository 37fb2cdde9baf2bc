/* SPDX-License-Identifier: ISC */
/*
 * packet: headers of inner packets.
 *
 * The walk along an IPv6 header chain ends at the first header that is none of RFC 8200's, at a later fragment (what follows its
 * fragment header is data), or in an error. Every step moves on by at least 8 bytes and stays within the packet.
 */
#include "inner/packet.h"

#include "inner/bytes.h"
#include <string.h>

#define IPV4_MORE_FRAGMENTS 0x2000u
#define IPV4_FRAGMENT_OFFSET 0x1FFFu
#define IPV6_MORE_FRAGMENTS 1u
#define IPV6_FRAGMENT_OFFSET 0xFFF8u

enum ipv6_header {
    HEADER_HOP_BY_HOP = 0,
    HEADER_ROUTING = 43,
    HEADER_FRAGMENT = 44,
    HEADER_AUTHENTICATION = 51,
    HEADER_DESTINATION = 60,
    HEADER_MOBILITY = 135
};

/* Straight into its place: an address made aside and copied would wait for its own bytes. */
static void put_ipv4(struct avpn_address *address, const uint8_t *bytes)
{
    memset(address, 0, sizeof *address);
    address->family = AVPN_FAMILY_IPV4;
    memcpy(address->bytes, bytes, 4);
}

static void put_ipv6(struct avpn_address *address, const uint8_t *bytes)
{
    memset(address, 0, sizeof *address);
    address->family = AVPN_FAMILY_IPV6;
    memcpy(address->bytes, bytes, 16);
}

bool avpni_inner_parse(const uint8_t *packet, uint32_t bytes, struct avpn_address *source_out,
                       struct avpn_address *destination_out)
{
    if (bytes >= AVPNI_IPV4_HEADER && packet[0] >> 4 == 4) {
        uint32_t header = (packet[0] & 15u) * 4u, total = avpni_word_at(packet + 2);

        if (header < AVPNI_IPV4_HEADER || total < header || total != bytes)
            return false;
        put_ipv4(source_out, packet + 12);
        put_ipv4(destination_out, packet + 16);
        return true;
    }
    if (bytes >= AVPNI_IPV6_HEADER && packet[0] >> 4 == 6) {
        if (avpni_word_at(packet + 4) + AVPNI_IPV6_HEADER != bytes)
            return false;
        put_ipv6(source_out, packet + 8);
        put_ipv6(destination_out, packet + 24);
        return true;
    }
    return false;
}

bool avpni_inner_follows(const uint8_t *packet, uint32_t bytes, const uint8_t *accepted)
{
    if (bytes < AVPNI_IPV4_HEADER || packet[0] != accepted[0])
        return false;
    if (packet[0] >> 4 == 4)
        return avpni_word_at(packet + 2) == bytes && (packet[0] & 15u) * 4u <= bytes &&
               memcmp(packet + 12, accepted + 12, 8) == 0;
    return bytes >= AVPNI_IPV6_HEADER &&
           avpni_word_at(packet + 4) + AVPNI_IPV6_HEADER == bytes &&
           memcmp(packet + 8, accepted + 8, 32) == 0;
}

static bool ipv4_transport(const uint8_t *packet, uint32_t bytes, struct avpni_transport *t)
{
    uint32_t flags = avpni_word_at(packet + 6);

    t->protocol = packet[9];
    t->is_later_fragment = (flags & IPV4_FRAGMENT_OFFSET) != 0;
    t->is_fragment = t->is_later_fragment || (flags & IPV4_MORE_FRAGMENTS) != 0;
    t->offset = (uint16_t)((packet[0] & 15u) * 4u);
    return t->offset >= AVPNI_IPV4_HEADER && t->offset <= bytes;
}

/* The length of an IPv6 header that has another behind it, 0 for any other. `header`: 8 bytes that are there. */
static uint32_t extension_bytes(uint8_t kind, const uint8_t *header)
{
    switch (kind) {
    case HEADER_HOP_BY_HOP:
    case HEADER_ROUTING:
    case HEADER_DESTINATION:
    case HEADER_MOBILITY:
        return (header[1] + 1u) * 8u;
    case HEADER_AUTHENTICATION:
        return (header[1] + 2u) * 4u;
    case HEADER_FRAGMENT:
        return 8;
    default:
        return 0;
    }
}

static bool is_extension(uint8_t kind)
{
    static const uint8_t any[8];

    return extension_bytes(kind, any) != 0;
}

static void note_fragment(const uint8_t *header, struct avpni_transport *t)
{
    uint32_t flags = avpni_word_at(header + 2);

    t->is_later_fragment = (flags & IPV6_FRAGMENT_OFFSET) != 0;
    if (t->is_later_fragment || (flags & IPV6_MORE_FRAGMENTS) != 0)
        t->is_fragment = true;
}

static bool ipv6_transport(const uint8_t *packet, uint32_t bytes, struct avpni_transport *t)
{
    uint32_t at = AVPNI_IPV6_HEADER;
    uint8_t kind = packet[6];

    for (uint32_t walked = 0; is_extension(kind) && !t->is_later_fragment; walked++) {
        const uint8_t *header = packet + at;

        if (walked == AVPNI_INNER_CHAIN || bytes - at < 8)
            return false;
        uint32_t length = extension_bytes(kind, header);

        if (length > bytes - at)
            return false;
        if (kind == HEADER_FRAGMENT)
            note_fragment(header, t);
        if (kind == HEADER_ROUTING && header[3] != 0)
            t->is_routed = true;
        kind = header[0];
        at += length;
    }
    t->protocol = kind;
    t->offset = (uint16_t)at;
    return true;
}

bool avpni_inner_chain(const uint8_t *packet, uint32_t bytes, struct avpni_transport *transport_out)
{
    *transport_out = (struct avpni_transport){0};
    return packet[0] >> 4 == 4 ? ipv4_transport(packet, bytes, transport_out)
                               : ipv6_transport(packet, bytes, transport_out);
}

bool avpni_protocol_has_ports(uint8_t protocol)
{
    return protocol == AVPNI_PROTOCOL_TCP || protocol == AVPNI_PROTOCOL_UDP ||
           protocol == AVPNI_PROTOCOL_DCCP || protocol == AVPNI_PROTOCOL_SCTP ||
           protocol == AVPNI_PROTOCOL_UDPLITE;
}

bool avpni_inner_transport(const uint8_t *packet, uint32_t bytes,
                           struct avpni_transport *transport_out)
{
    struct avpni_transport *t = transport_out;

    if (!avpni_inner_chain(packet, bytes, t))
        return false;
    if (t->is_later_fragment || !avpni_protocol_has_ports(t->protocol))
        return true;
    if (bytes - t->offset < 4)
        return false;
    t->has_ports = true;
    t->source_port = avpni_word_at(packet + t->offset);
    t->destination_port = avpni_word_at(packet + t->offset + 2);
    return true;
}

/* RFC 1624: the checksum follows the one byte that changed, and of the two zeros it is the one that a whole sum gives. */
static void hop_ipv4(uint8_t *packet)
{
    uint32_t sum = avpni_word_at(packet + 10) + 0x100u;

    sum += sum >= 0xFFFF;
    packet[8]--;
    packet[10] = (uint8_t)(sum >> 8);
    packet[11] = (uint8_t)sum;
}

bool avpni_inner_hop(uint8_t *packet)
{
    uint8_t *limit = packet[0] >> 4 == 4 ? packet + 8 : packet + 7;

    if (*limit <= 1)
        return false;
    if (packet[0] >> 4 == 4)
        hop_ipv4(packet);
    else
        (*limit)--;
    return true;
}
