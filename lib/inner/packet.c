/* SPDX-License-Identifier: ISC */
#include "inner/packet.h"

#include <string.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40

static uint32_t read_u16(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 8 | bytes[1];
}

static struct avpn_address address_at(uint8_t family, const uint8_t *bytes, size_t count)
{
    struct avpn_address address = {0};

    address.family = family;
    memcpy(address.bytes, bytes, count);
    return address;
}

bool avpni_inner_parse(const uint8_t *packet, uint32_t bytes, struct avpn_address *source_out,
                       struct avpn_address *destination_out)
{
    if (bytes >= IPV4_HEADER && packet[0] >> 4 == 4) {
        uint32_t header = (packet[0] & 15u) * 4, total = read_u16(packet + 2);

        if (header < IPV4_HEADER || total < header || total != bytes)
            return false;
        *source_out = address_at(AVPN_FAMILY_IPV4, packet + 12, 4);
        *destination_out = address_at(AVPN_FAMILY_IPV4, packet + 16, 4);
        return true;
    }
    if (bytes >= IPV6_HEADER && packet[0] >> 4 == 6) {
        if (read_u16(packet + 4) + IPV6_HEADER != bytes)
            return false;
        *source_out = address_at(AVPN_FAMILY_IPV6, packet + 8, 16);
        *destination_out = address_at(AVPN_FAMILY_IPV6, packet + 24, 16);
        return true;
    }
    return false;
}

/* RFC 1141: the checksum follows the one byte that changed. */
static void hop_ipv4(uint8_t *packet)
{
    uint32_t sum = read_u16(packet + 10) + 0x100u;

    sum += sum >> 16;
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
