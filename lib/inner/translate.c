/* SPDX-License-Identifier: ISC */
/*
 * translate: addresses of inner packets, and the checksums that cover them.
 *
 * A change of one address is first planned: where it is, what it will be, and where the checksums are that have to follow. An ICMP error has two
 * changes: of its own address, and of the one at the other end of the packet inside, which went the other way. Only when both are planned is
 * anything written. An address is taken only if the way back leads to it, so what goes out and what comes in are each other's inverse.
 * Spec: [TRN-1] to [TRN-3], [CFG-14].
 */
#include "inner/translate.h"

#include "base/address.h"
#include "inner/bytes.h"
#include "inner/checksum.h"
#include "inner/icmp.h"
#include "inner/packet.h"
#include <string.h>

#define ICMP_HEADER 8
#define ICMP_CHECKSUM 2
#define IPV4_CHECKSUM 10

enum way { WAY_OUT, WAY_IN };
enum end { END_SOURCE, END_DESTINATION };

/* ---- addresses ------------------------------------------------------------------------------- */

void avpni_translator_set(struct avpni_translator *translator,
                          const struct avpn_translation *translations, uint32_t count)
{
    struct avpn_translation *list = translator->list;

    *translator = (struct avpni_translator){.count = count};
    for (uint32_t i = 0; i < count; i++) {
        uint32_t at = i;

        for (; at > 0 && list[at - 1].local.length < translations[i].local.length; at--)
            list[at] = list[at - 1];
        list[at] = translations[i];
    }
}

/* The address with the first bits of `prefix`. */
static struct avpn_address move(const struct avpn_address *address,
                                const struct avpn_prefix *prefix)
{
    struct avpn_address moved = *address;
    uint32_t whole = prefix->length / 8, rest = prefix->length % 8;

    memcpy(moved.bytes, prefix->bytes, whole);
    if (rest != 0) {
        uint8_t host = (uint8_t)(0xFFu >> rest);

        moved.bytes[whole] =
            (uint8_t)((prefix->bytes[whole] & ~host) | (moved.bytes[whole] & host));
    }
    return moved;
}

static struct avpn_address map(const struct avpni_translator *translator, enum way way,
                               const struct avpn_address *address)
{
    for (uint32_t i = 0; i < translator->count; i++) {
        const struct avpn_translation *t = &translator->list[i];

        if (avpni_prefix_has_address(way == WAY_OUT ? &t->local : &t->exported, address))
            return move(address, way == WAY_OUT ? &t->exported : &t->local);
    }
    return *address;
}

/* [TRN-3] in both ways: false if the way back leads to another. */
static bool map_both(const struct avpni_translator *translator, enum way way,
                     const struct avpn_address *address, struct avpn_address *mapped_out)
{
    *mapped_out = map(translator, way, address);

    struct avpn_address back = map(translator, way == WAY_OUT ? WAY_IN : WAY_OUT, mapped_out);

    return avpni_address_is_equal(&back, address);
}

struct avpn_address avpni_translate_to_vpn(const struct avpni_translator *translator,
                                           const struct avpn_address *local)
{
    return map(translator, WAY_OUT, local);
}

bool avpni_translate_to_local(const struct avpni_translator *translator,
                              const struct avpn_address *exported, struct avpn_address *local_out)
{
    struct avpn_address local;
    bool is_found = map_both(translator, WAY_IN, exported, &local);

    if (is_found)
        *local_out = local;
    return is_found;
}

/* ---- the plan -------------------------------------------------------------------------------- */

struct change {
    uint8_t *place; /* the address in the packet; NULL: stays as it is */
    struct avpn_address after;
    uint8_t *header;    /* checksum of the IPv4 header, or NULL */
    uint8_t *transport; /* checksum with a pseudo header, or NULL */
    bool
        is_zero_none; /* of `transport`: 0 says that there is none, and is no sum (RFC 768, 3828) */
};

static size_t address_bytes(const uint8_t *packet)
{
    return packet[0] >> 4 == 4 ? 4 : 16;
}

static uint8_t *address_place(uint8_t *packet, enum end end)
{
    uint8_t *source = packet + (packet[0] >> 4 == 4 ? 12 : 8);

    return end == END_SOURCE ? source : source + address_bytes(packet);
}

/* Where in its header a transport protocol has a checksum that covers the addresses; 0: none does. */
static uint32_t checksum_place(uint8_t protocol, uint8_t version)
{
    switch (protocol) {
    case AVPNI_PROTOCOL_TCP:
        return 16;
    case AVPNI_PROTOCOL_UDP:
    case AVPNI_PROTOCOL_UDPLITE:
    case AVPNI_PROTOCOL_DCCP:
        return 6;
    case AVPNI_PROTOCOL_ICMPV6:
        return version == 6 ? ICMP_CHECKSUM : 0;
    default:
        return 0;
    }
}

/* False: one has to follow and is not there, or it is unknown whether one has to. */
static bool plan_transport(uint8_t *packet, uint32_t bytes, enum end end, struct change *change)
{
    struct avpni_transport t;

    if (!avpni_inner_chain(packet, bytes, &t))
        return false;
    /* The destination that counts is then in the routing header (RFC 8200, 8.1). */
    if (t.is_later_fragment || (t.is_routed && end == END_DESTINATION))
        return true;
    uint32_t place = checksum_place(t.protocol, packet[0] >> 4);

    if (place == 0)
        return true;
    if (bytes - t.offset < place + 2)
        return false;
    change->transport = packet + t.offset + place;
    change->is_zero_none = t.protocol == AVPNI_PROTOCOL_UDP || t.protocol == AVPNI_PROTOCOL_UDPLITE;
    return true;
}

/* `is_inside`: of an ICMP error, and cut somewhere; what is cut away need not follow. */
static bool plan(const struct avpni_translator *translator, enum way way, enum end end,
                 uint8_t *packet, uint32_t bytes, bool is_inside, struct change *change_out)
{
    struct avpn_address before = {.family = packet[0] >> 4};
    uint8_t *place = address_place(packet, end);
    struct change change = {0};

    memcpy(before.bytes, place, address_bytes(packet));
    if (!map_both(translator, way, &before, &change.after))
        return false;
    if (!avpni_address_is_equal(&before, &change.after)) {
        change.place = place;
        change.header = before.family == AVPN_FAMILY_IPV4 ? packet + IPV4_CHECKSUM : NULL;
        if (!plan_transport(packet, bytes, end, &change) && !is_inside)
            return false;
    }
    *change_out = change;
    return true;
}

/* `offset`: of the ICMP header. Its packet went the other way: our address is at its other end. */
static bool plan_inside(const struct avpni_translator *translator, enum way way, uint8_t *packet,
                        uint32_t bytes, uint32_t offset, struct change *change_out)
{
    uint32_t shortest = packet[0] >> 4 == 4 ? AVPNI_IPV4_HEADER : AVPNI_IPV6_HEADER;
    enum end end = way == WAY_OUT ? END_DESTINATION : END_SOURCE;

    if (bytes - offset < ICMP_HEADER + shortest)
        return false;
    uint8_t *inside = packet + offset + ICMP_HEADER;

    if (inside[0] >> 4 != packet[0] >> 4)
        return false;
    return plan(translator, way, end, inside, bytes - offset - ICMP_HEADER, true, change_out);
}

/* ---- the change ------------------------------------------------------------------------------ */

static void follow(uint8_t *field, bool is_zero_none, const uint8_t *before, const uint8_t *after,
                   size_t count)
{
    if (is_zero_none && avpni_word_at(field) == 0)
        return;
    avpni_checksum_adjust(field, before, after, count);
    if (is_zero_none && avpni_word_at(field) == 0)
        avpni_word_put(field, 0xFFFF); /* the other zero of one's complement */
}

/* The same for a checksum that is itself covered by that of an ICMP error. */
static void follow_inside(uint8_t *field, bool is_zero_none, const uint8_t *before,
                          const uint8_t *after, size_t count, uint8_t *error)
{
    uint8_t was[2] = {field[0], field[1]};

    follow(field, is_zero_none, before, after, count);
    if (error != NULL)
        avpni_checksum_adjust(error, was, field, 2);
}

/* `error`: checksum of the ICMP error around it, or NULL. */
static void carry_out(const struct change *change, uint8_t *error)
{
    size_t count = change->after.family == AVPN_FAMILY_IPV4 ? 4 : 16;
    const uint8_t *after = change->after.bytes;
    uint8_t before[16];

    if (change->place == NULL)
        return;
    memcpy(before, change->place, count);
    memcpy(change->place, after, count);
    if (change->header != NULL)
        follow_inside(change->header, false, before, after, count, error);
    if (change->transport != NULL)
        follow_inside(change->transport, change->is_zero_none, before, after, count, error);
    if (error != NULL)
        avpni_checksum_adjust(error, before, after, count);
}

static bool translate(const struct avpni_translator *translator, enum way way, uint8_t *packet,
                      uint32_t bytes)
{
    enum end end = way == WAY_OUT ? END_SOURCE : END_DESTINATION;
    struct change own, inside;
    uint32_t offset;

    if (translator->count == 0)
        return true;
    if (!plan(translator, way, end, packet, bytes, false, &own))
        return false;
    if (avpni_icmp_find_error(packet, bytes, &offset)) {
        if (!plan_inside(translator, way, packet, bytes, offset, &inside))
            return false;
        carry_out(&inside, packet + offset + ICMP_CHECKSUM);
    }
    carry_out(&own, NULL);
    return true;
}

bool avpni_translate_out(const struct avpni_translator *translator, uint8_t *packet, uint32_t bytes)
{
    return translate(translator, WAY_OUT, packet, bytes);
}

bool avpni_translate_in(const struct avpni_translator *translator, uint8_t *packet, uint32_t bytes)
{
    return translate(translator, WAY_IN, packet, bytes);
}
