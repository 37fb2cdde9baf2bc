/* SPDX-License-Identifier: ISC */
/*
 * mss: the option list of a TCP SYN (RFC 9293, 3.1 and 3.7.1).
 *
 * The value may lie at an odd distance from the header. Then the checksum follows the two words it lies in, which are inside: a header ends at a
 * multiple of four, so behind what ends at an odd place there is one more byte. Spec: [MTU-8].
 */
#include "inner/mss.h"

#include "inner/bytes.h"
#include "inner/checksum.h"
#include "inner/packet.h"
#include <string.h>

#define TCP_HEADER 20
#define TCP_CHECKSUM 16
#define TCP_SYN 2
#define OPTION_END 0
#define OPTION_NOTHING 1
#define OPTION_MSS 2
#define OPTION_MSS_BYTES 4

/* The TCP header of a SYN, all of it, or NULL. A length below TCP_HEADER has no options. */
static uint8_t *find_syn(uint8_t *packet, uint32_t bytes, uint32_t *header_bytes_out)
{
    struct avpni_transport t;

    if (!avpni_inner_transport(packet, bytes, &t) || t.protocol != AVPNI_PROTOCOL_TCP ||
        t.is_later_fragment || bytes - t.offset < TCP_HEADER)
        return NULL;
    uint8_t *tcp = packet + t.offset;

    *header_bytes_out = (uint32_t)(tcp[12] >> 4) * 4;
    return (tcp[13] & TCP_SYN) != 0 && *header_bytes_out <= bytes - t.offset ? tcp : NULL;
}

/* `at`: of the value in the header. */
static bool lower(uint8_t *tcp, uint32_t at, uint32_t limit)
{
    uint32_t from = at & ~1u, count = from == at ? 2 : 4;
    uint8_t before[4];

    if (avpni_word_at(tcp + at) <= limit)
        return false;
    memcpy(before, tcp + from, count);
    avpni_word_put(tcp + at, limit);
    avpni_checksum_adjust(tcp + TCP_CHECKSUM, before, tcp + from, count);
    return true;
}

static bool lower_all(uint8_t *tcp, uint32_t header_bytes, uint32_t limit)
{
    bool is_lowered = false;
    uint32_t at = TCP_HEADER;

    while (at < header_bytes && tcp[at] != OPTION_END) {
        uint32_t count = 1;

        if (tcp[at] != OPTION_NOTHING) {
            count = header_bytes - at < 2 ? 0 : tcp[at + 1];
            if (count < 2 || count > header_bytes - at)
                break;
        }
        if (tcp[at] == OPTION_MSS && count == OPTION_MSS_BYTES && lower(tcp, at + 2, limit))
            is_lowered = true; /* and on: of two the last one counts with many stacks */
        at += count;
    }
    return is_lowered;
}

bool avpni_mss_clamp(uint8_t *packet, uint32_t bytes, uint32_t mtu_bytes)
{
    uint32_t headers = TCP_HEADER + (packet[0] >> 4 == 4 ? AVPNI_IPV4_HEADER : AVPNI_IPV6_HEADER);
    uint32_t header_bytes;
    uint8_t *tcp = find_syn(packet, bytes, &header_bytes);

    /* No room at all is no size to ask for. */
    return tcp != NULL && mtu_bytes > headers && lower_all(tcp, header_bytes, mtu_bytes - headers);
}
