/* SPDX-License-Identifier: ISC */
/*
 * fuzz_inner: any bytes as an inner packet: everything that is done to one.
 *
 * The first two bytes choose whether the packet's lengths are made true (else little gets past the first check), and a limit; the rest is the packet, on the
 * heap in its exact size. Beyond memory safety: what is refused is left as it was, what goes out by a translation comes back by it, pieces are
 * no longer than asked and make up the packet, and errors are known as errors.
 */
#include "fuzz.h"
#include "inner/firewall.h"
#include "inner/fragment.h"
#include "inner/icmp.h"
#include "inner/mss.h"
#include "inner/packet.h"
#include "inner/translate.h"

#include <string.h>

#define BYTES_LIMIT 4096
#define CHOICES 2

static const struct avpn_translation translations[] = {
    {{.family = 4, .length = 1}, {.family = 4, .length = 1, .bytes = {0x80}}},
    {{.family = 4, .length = 9, .bytes = {10}}, {.family = 4, .length = 9, .bytes = {0xC0}}},
    {{.family = 6, .length = 1}, {.family = 6, .length = 1, .bytes = {0x80}}},
    {{.family = 6, .length = 65, .bytes = {0x20}}, {.family = 6, .length = 65, .bytes = {0xFD}}},
};

static struct avpn_rule rules[] = {
    {.action = AVPN_RULE_DENY, .protocol = 6, .destination_first = 1, .destination_last = 0x3000},
    {.action = AVPN_RULE_ALLOW, .protocol = 17, .source_first = 7, .source_last = 0x3000},
    {.action = AVPN_RULE_DENY, .source = {.family = 4, .length = 3, .bytes = {0x40}}},
    {.action = AVPN_RULE_DENY, .destination = {.family = 6, .length = 70, .bytes = {0xFD}}},
};

static struct avpn_breakout breakouts[] = {
    {.member = 1, .protocol = 17, .destination_first = 1, .destination_last = 0x3000},
    {.destination = {.family = 4, .length = 1}},
};

static uint8_t *copy_of(const uint8_t *bytes, uint32_t count)
{
    uint8_t *copy = malloc(count == 0 ? 1 : count);

    FUZZ_CHECK(copy != NULL);
    memcpy(copy, bytes, count);
    return copy;
}

static void make_lengths_true(uint8_t *packet, uint32_t count)
{
    uint32_t at = packet[0] >> 4 == 6 ? 4 : 2, length = at == 4 ? count - 40 : count;

    packet[at] = (uint8_t)(length >> 8);
    packet[at + 1] = (uint8_t)length;
}

/* The same but for checksums, of which 0 and FFFF are the same value. */
static bool is_same(const uint8_t *a, const uint8_t *b, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_zero = (a[i] == 0 || a[i] == 0xFF) && (b[i] == 0 || b[i] == 0xFF);

        if (a[i] != b[i] && !is_zero)
            return false;
    }
    return true;
}

static void swap_addresses(uint8_t *packet)
{
    uint32_t count = packet[0] >> 4 == 4 ? 4 : 16;
    uint8_t *source = packet + (count == 4 ? 12 : 8), saved[16];

    memcpy(saved, source, count);
    memcpy(source, source + count, count);
    memcpy(source + count, saved, count);
}

static void fuzz_translate(const uint8_t *packet, uint32_t count)
{
    uint8_t *copy = copy_of(packet, count);
    struct avpni_translator translator;
    struct avpni_transport t;

    avpni_translator_set(&translator, translations, 4);
    if (!avpni_translate_in(&translator, copy, count))
        FUZZ_CHECK(memcmp(copy, packet, count) == 0);
    memcpy(copy, packet, count);
    if (!avpni_translate_out(&translator, copy, count)) {
        FUZZ_CHECK(memcmp(copy, packet, count) == 0);
    } else if (avpni_inner_chain(copy, count, &t) && !t.is_routed &&
               !avpni_icmp_is_error(copy, count)) {
        swap_addresses(copy);
        FUZZ_CHECK(avpni_translate_in(&translator, copy, count));
        swap_addresses(copy);
        FUZZ_CHECK(is_same(copy, packet, count));
    }
    free(copy);
}

static void fuzz_mss(const uint8_t *packet, uint32_t count, uint32_t limit)
{
    uint8_t *copy = copy_of(packet, count);
    bool is_lowered = avpni_mss_clamp(copy, count, limit);

    FUZZ_CHECK(is_lowered == (memcmp(copy, packet, count) != 0));
    FUZZ_CHECK(!avpni_mss_clamp(copy, count, limit));
    free(copy);
}

static void fuzz_icmp(const uint8_t *packet, uint32_t count, const struct avpn_address *self)
{
    uint8_t error[AVPNI_ICMP_LIMIT];

    if (!avpni_icmp_may_answer(packet, count))
        return;
    FUZZ_CHECK(!avpni_icmp_is_error(packet, count));
    for (int kind = AVPNI_ICMP_HOP_LIMIT; kind <= AVPNI_ICMP_DENIED; kind++) {
        uint32_t bytes = avpni_icmp_write((enum avpni_icmp)kind, 1300, self, packet, count, error);
        struct avpn_address source, destination;

        FUZZ_CHECK(bytes <= (self->family == 4 ? 576 : AVPNI_ICMP_LIMIT));
        FUZZ_CHECK(avpni_inner_parse(error, bytes, &source, &destination));
        FUZZ_CHECK(avpni_icmp_is_error(error, bytes) && !avpni_icmp_may_answer(error, bytes));
        fuzz_translate(error, bytes);
    }
}

static void fuzz_fragments(const uint8_t *packet, uint32_t count, uint32_t limit)
{
    uint32_t header = (packet[0] & 15u) * 4u, at = header, bytes;
    struct avpni_fragments fragments;

    if (count <= limit || !avpni_fragment_is_allowed(packet, count, limit))
        return;
    uint8_t *piece = malloc(limit);

    FUZZ_CHECK(piece != NULL);
    avpni_fragments_init(&fragments, packet, count, limit);
    while ((bytes = avpni_fragments_next(&fragments, piece)) > 0) {
        struct avpn_address source, destination;
        uint32_t own = (piece[0] & 15u) * 4u;

        FUZZ_CHECK(bytes <= limit && bytes > own && own <= header);
        FUZZ_CHECK(avpni_inner_parse(piece, bytes, &source, &destination));
        FUZZ_CHECK(bytes - own <= count - at);
        FUZZ_CHECK(memcmp(piece + own, packet + at, bytes - own) == 0);
        at += bytes - own;
    }
    FUZZ_CHECK(at == count);
    free(piece);
}

static void fuzz_rules(const struct avpn_address *source, const struct avpn_address *destination,
                       const struct avpni_transport *t)
{
    const struct avpni_firewall firewall = {
        .rules = rules, .breakouts = breakouts, .rule_count = 4, .breakout_count = 2};
    const struct avpni_judged judged = {source, destination, t};
    uint32_t rule = avpni_firewall_find(&firewall, &judged);
    uint32_t breakout = avpni_breakout_find(&firewall, 1, &judged);

    FUZZ_CHECK(rule < 4 || rule == AVPNI_RULE_NONE);
    FUZZ_CHECK(breakout < 2 || breakout == AVPNI_RULE_NONE);
    FUZZ_CHECK(!t->is_later_fragment || (rule != 0 && breakout != 0)); /* [FWL-3] */
}

static void fuzz_packet(uint8_t *packet, uint32_t count, uint32_t limit)
{
    struct avpn_address source, destination;
    struct avpni_transport t;

    if (!avpni_inner_parse(packet, count, &source, &destination)) {
        FUZZ_CHECK(!avpni_icmp_may_answer(packet, count));
        return;
    }
    if (avpni_inner_transport(packet, count, &t)) {
        FUZZ_CHECK(t.offset <= count);
        FUZZ_CHECK(!t.has_ports || t.offset + 4u <= count);
        fuzz_rules(&source, &destination, &t);
    }
    fuzz_translate(packet, count);
    fuzz_mss(packet, count, limit);
    fuzz_icmp(packet, count, &destination);
    fuzz_fragments(packet, count, limit);
    avpni_inner_hop(packet);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    if (count < CHOICES || count > BYTES_LIMIT)
        return 0;
    uint32_t packet_count = (uint32_t)count - CHOICES;
    uint8_t *packet = copy_of(bytes + CHOICES, packet_count);

    if ((bytes[0] & 1) != 0 && packet_count >= 40)
        make_lengths_true(packet, packet_count);
    fuzz_packet(packet, packet_count, (bytes[0] >> 1) * 8u + bytes[1]);
    free(packet);
    return 0;
}
