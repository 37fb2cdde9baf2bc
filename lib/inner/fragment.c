/* SPDX-License-Identifier: ISC */
/*
 * fragment: IPv4 fragmentation (RFC 791, 3.2, the example procedure).
 *
 * The first piece has the packet's header, all later ones the header with those options only whose copied bit is set. Every piece but the last
 * carries a multiple of 8 bytes and More Fragments; the last has that flag as the packet had it, which may be a fragment
 * itself. Spec: [MTU-6].
 */
#include "inner/fragment.h"

#include "inner/bytes.h"
#include "inner/checksum.h"
#include "inner/packet.h"
#include <string.h>

#define HEADER_LIMIT 60
#define DONT_FRAGMENT 0x4000u
#define MORE_FRAGMENTS 0x2000u
#define OFFSET 0x1FFFu
#define OPTION_END 0
#define OPTION_NOTHING 1
#define OPTION_COPIED 0x80u

static uint32_t header_bytes(const uint8_t *packet)
{
    return (packet[0] & 15u) * 4u;
}

bool avpni_fragment_is_allowed(const uint8_t *packet, uint32_t bytes, uint32_t limit)
{
    if (packet[0] >> 4 != 4)
        return false;
    uint32_t flags = avpni_word_at(packet + 6), header = header_bytes(packet);

    return (flags & DONT_FRAGMENT) == 0 && limit >= header + 8 &&
           (flags & OFFSET) * 8 + (bytes - header) <= (OFFSET + 1) * 8;
}

void avpni_fragments_init(struct avpni_fragments *fragments, const uint8_t *packet, uint32_t bytes,
                          uint32_t limit)
{
    *fragments = (struct avpni_fragments){.packet = packet, .bytes = bytes, .limit = limit};
}

/* Those to be copied, of `count` bytes of options, padded to a multiple of 4. Returns their length. What lies ends the list. */
static uint32_t copy_options(uint8_t *out, const uint8_t *options, uint32_t count)
{
    uint32_t at = 0, copied = 0;

    while (at < count && options[at] != OPTION_END) {
        uint32_t length = 1;

        if (options[at] != OPTION_NOTHING) {
            length = count - at < 2 ? 0 : options[at + 1];
            if (length < 2 || length > count - at)
                break;
        }
        if ((options[at] & OPTION_COPIED) != 0) {
            memcpy(out + copied, options + at, length);
            copied += length;
        }
        at += length;
    }
    while (copied % 4 != 0)
        out[copied++] = OPTION_END;
    return copied;
}

/* The header of the piece at `at`, but for what depends on its length. Returns its own. */
static uint32_t begin_piece(uint8_t header_out[HEADER_LIMIT], const uint8_t *packet, uint32_t at)
{
    uint32_t header = header_bytes(packet);

    if (at == 0) {
        memcpy(header_out, packet, header);
        return header;
    }
    memcpy(header_out, packet, AVPNI_IPV4_HEADER);
    header =
        AVPNI_IPV4_HEADER + copy_options(header_out + AVPNI_IPV4_HEADER, packet + AVPNI_IPV4_HEADER,
                                         header - AVPNI_IPV4_HEADER);
    header_out[0] = (uint8_t)(0x40 | header / 4);
    return header;
}

static void finish_header(uint8_t *header, uint32_t header_count, uint32_t total, uint32_t flags)
{
    avpni_word_put(header + 2, total);
    avpni_word_put(header + 6, flags);
    avpni_word_put(header + 10, 0);
    avpni_word_put(header + 10, avpni_sum_finish(avpni_sum_add(0, header, header_count)));
}

uint32_t avpni_fragments_next(struct avpni_fragments *fragments, uint8_t *piece_out)
{
    const uint8_t *packet = fragments->packet;
    uint32_t payload = header_bytes(packet), left = fragments->bytes - payload - fragments->at;

    if (left == 0)
        return 0;
    uint32_t header = begin_piece(piece_out, packet, fragments->at);
    uint32_t count = fragments->limit - header;
    uint32_t flags = avpni_word_at(packet + 6) + fragments->at / 8;

    if (left > count) {
        count &= ~7u;
        flags |= MORE_FRAGMENTS;
    } else {
        count = left;
    }
    memcpy(piece_out + header, packet + payload + fragments->at, count);
    finish_header(piece_out, header, header + count, flags);
    fragments->at += count;
    return header + count;
}
