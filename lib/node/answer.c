/* SPDX-License-Identifier: ISC */
#include "node/answer.h"

#include "node/made.h"
#include "topo/config.h"
#include <string.h>

/* The first host of the first export of the family: the address after the network's own, in a prefix of one address that one. */
static bool first_host(const struct avpn_node *node, uint8_t family,
                       struct avpn_address *address_out)
{
    uint32_t last = family == AVPN_FAMILY_IPV4 ? 3 : 15, bits = family == AVPN_FAMILY_IPV4 ? 32 : 128;
    struct avpni_member_view self;

    if (!avpni_config_view(node->config, avpni_config_find(node->config, node->member), &self))
        return false;
    for (uint32_t i = 0; i < self.export_count; i++) {
        const struct avpn_prefix *prefix = &self.exports[i];

        if (prefix->family != family)
            continue;
        memset(address_out, 0, sizeof *address_out);
        address_out->family = family;
        memcpy(address_out->bytes, prefix->bytes, sizeof address_out->bytes);
        if (prefix->length < bits)
            address_out->bytes[last] |= 1;
        return true;
    }
    return false;
}

/* [ICM-2] */
static bool own_address(const struct avpn_node *node, uint8_t family,
                        struct avpn_address *address_out)
{
    const struct avpn_address *told = &node->addresses[family == AVPN_FAMILY_IPV6];

    if (told->family != family)
        return first_host(node, family, address_out);
    *address_out = *told;
    return true;
}

/* The error is about a packet as the VPN sees it; the host is to recognize its own. */
static void answer_site(struct avpn_node *node, uint8_t *error, uint32_t bytes)
{
    struct avpn_packets run = {error, 1, bytes, bytes, bytes};

    if (!avpni_translate_in(&node->rules->translator, error, bytes))
        return;
    avpni_runs_flush(&node->lane.inner); /* what came before goes before */
    node->context.host.deliver(node->context.host.user, &run, 1);
    avpni_count(&node->context, AVPN_COUNT_ICMP);
}

static void answer_peer(struct avpn_node *node, struct avpni_peer *peer, const uint8_t *error,
                        uint32_t bytes)
{
    struct avpni_outbox *outbox = &node->context.outbox;
    uint8_t *room;

    avpni_sealing_close(&node->lane.sealed, outbox);
    room = avpni_outbox_reserve(outbox, (size_t)bytes + AVPN_HEADROOM + AVPN_TAILROOM);
    memcpy(room + AVPN_HEADROOM, error, bytes);
    if (avpni_made_carry(node, peer, room + AVPN_HEADROOM, bytes))
        avpni_count(&node->context, AVPN_COUNT_ICMP);
}

void avpni_answer(struct avpn_node *node, struct avpni_peer *from, enum avpni_icmp kind,
                  uint32_t mtu_bytes, const uint8_t *packet, uint32_t bytes, avpn_time now)
{
    uint8_t error[AVPNI_ICMP_LIMIT];
    struct avpn_address own;
    uint32_t count;

    if (node->config == NULL || !avpni_icmp_may_answer(packet, bytes) ||
        !own_address(node, packet[0] >> 4, &own) || !avpni_icmp_take(&node->icmp_limit, now))
        return;
    count = avpni_icmp_write(kind, mtu_bytes, &own, packet, bytes, error);
    if (from == NULL)
        answer_site(node, error, count);
    else
        answer_peer(node, from, error, count);
}
