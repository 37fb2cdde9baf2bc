/* SPDX-License-Identifier: ISC */
#include "gateway/attached.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/log.h"
#include "common/udp.h"
#include "gateway/subnets.h"

/* ---- subnets --------------------------------------------------------------------------------- */

static int is_of_interest(const struct avpn_prefix *prefix)
{
    static const struct avpn_prefix not[] = {
        {AVPN_FAMILY_IPV4, 8, {0}, {127}},
        {AVPN_FAMILY_IPV4, 16, {0}, {169, 254}},
        {AVPN_FAMILY_IPV4, 4, {0}, {224}},
        {AVPN_FAMILY_IPV6, 128, {0}, {[15] = 1}},
        {AVPN_FAMILY_IPV6, 10, {0}, {0xfe, 0x80}},
        {AVPN_FAMILY_IPV6, 8, {0}, {0xff}},
    };

    if (prefix->length == 0)
        return 0;
    for (size_t i = 0; i < sizeof not / sizeof not[0]; i++)
        if (subnets_contain(&not[i], prefix))
            return 0;
    return 1;
}

void attached_add(struct attached *attached, const struct avpn_prefix *prefix)
{
    uint32_t kept = 0;

    if (!is_of_interest(prefix))
        return;
    for (uint32_t i = 0; i < attached->count; i++)
        if (subnets_contain(&attached->prefixes[i], prefix))
            return;
    for (uint32_t i = 0; i < attached->count; i++)
        if (!subnets_contain(prefix, &attached->prefixes[i]))
            attached->prefixes[kept++] = attached->prefixes[i];
    attached->count = kept;
    if (kept == AVPN_ATTACHED)
        attached->left_out++;
    else
        attached->prefixes[attached->count++] = *prefix;
}

/* ---- inner addresses ------------------------------------------------------------------------------ */

static const struct avpn_translation *translation_of(const struct avpn_member *member,
                                                     const struct avpn_address *address)
{
    const struct avpn_translation *longest = NULL;

    for (uint32_t i = 0; i < member->translation_count; i++) {
        const struct avpn_translation *one = &member->translations[i];

        if (subnets_contain_address(&one->local, address) &&
            (!longest || one->local.length > longest->local.length))
            longest = one;
    }
    return longest;
}

static void translate(const struct avpn_translation *translation, struct avpn_address *address)
{
    uint32_t length = translation->exported.length;
    uint32_t size = address->family == AVPN_FAMILY_IPV4 ? 4 : 16;

    for (uint32_t i = 0; i < size; i++) {
        uint32_t bits = length > i * 8 ? length - i * 8 : 0; /* of the subnet, in this byte */
        uint32_t mask = bits >= 8 ? 0xffu : 0xff00u >> bits & 0xffu;

        address->bytes[i] =
            (uint8_t)((translation->exported.bytes[i] & mask) | (address->bytes[i] & ~mask));
    }
}

int attached_inner(const struct avpn_member *member, const struct avpn_address *address,
                   struct avpn_address *inner_out)
{
    const struct avpn_translation *translation = translation_of(member, address);
    struct avpn_address inner = *address;

    if (translation)
        translate(translation, &inner);
    for (uint32_t i = 0; i < member->export_count; i++)
        if (subnets_contain_address(&member->exports[i], &inner)) {
            *inner_out = inner;
            return 1;
        }
    return 0;
}

static void add_address(struct attached *attached, const struct avpn_address *address)
{
    for (uint32_t i = 0; i < attached->address_count; i++)
        if (attached->addresses[i].family == address->family)
            return;
    if (attached->address_count < 2)
        attached->addresses[attached->address_count++] = *address;
}

/* ---- this machine ------------------------------------------------------------------------------------ */

static int to_address(const struct sockaddr *from, struct avpn_address *address_out)
{
    struct sockaddr_storage storage = {0};
    struct avpn_contact contact;

    if (!from || (from->sa_family != AF_INET && from->sa_family != AF_INET6))
        return 0;
    memcpy(&storage, from,
           from->sa_family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    udp_address_to(&storage, &contact);
    memset(address_out, 0, sizeof *address_out);
    /* of the socket's family, whatever its bytes look like: a netmask may begin as a mapped address does */
    address_out->family = from->sa_family == AF_INET ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6;
    if (contact.family == address_out->family)
        memcpy(address_out->bytes, contact.bytes, sizeof address_out->bytes);
    return contact.family == address_out->family;
}

static uint32_t length_of(const struct sockaddr *netmask, uint32_t otherwise)
{
    struct avpn_address mask;
    uint32_t length = 0;

    if (!to_address(netmask, &mask))
        return otherwise;
    while (length < 128 && mask.bytes[length / 8] & 0x80u >> length % 8)
        length++;
    return length;
}

static void note_interface(struct attached *attached, const struct avpn_member *member,
                           const struct ifaddrs *one)
{
    struct avpn_address own, network;
    struct avpn_prefix prefix;

    if (!to_address(one->ifa_addr, &own))
        return;
    /* at the other end of a link between two lies what the kernel has a route to */
    if (!(one->ifa_flags & IFF_POINTOPOINT) || !to_address(one->ifa_dstaddr, &network))
        network = own;
    subnets_of(own.family, network.bytes, length_of(one->ifa_netmask, 128), &prefix);
    attached_add(attached, &prefix);
    if (attached_inner(member, &own, &own))
        add_address(attached, &own);
}

static int gather(struct attached *attached, const struct avpn_member *member,
                  const struct setup *setup)
{
    struct ifaddrs *all;

    if (setup->tun_address.family != AVPN_FAMILY_NONE) {
        struct avpn_address address = {.family = setup->tun_address.family};

        memcpy(address.bytes, setup->tun_address.bytes, sizeof address.bytes);
        add_address(attached, &address);
    }
    if (getifaddrs(&all) != 0)
        return -1;
    for (const struct ifaddrs *one = all; one; one = one->ifa_next)
        if ((one->ifa_flags & IFF_UP) && !(one->ifa_flags & IFF_LOOPBACK) &&
            strcmp(one->ifa_name, setup->tun) != 0)
            note_interface(attached, member, one);
    freeifaddrs(all);
    return 0;
}

static int compare(const void *a, const void *b)
{
    return subnets_compare(a, b);
}

void attached_look(struct attached *attached, struct avpn_node *node, const struct setup *setup,
                   avpn_time now)
{
    const struct avpn_config *config = avpn_node_config(node);
    struct avpn_node_status status = {.size = sizeof status};
    struct avpn_member self = {.size = sizeof self};
    struct attached new = {0};

    if (config && avpn_node_status(node, &status) == AVPN_OK &&
        avpn_config_member(config, status.member, &self) != AVPN_OK)
        memset(&self, 0, sizeof self);
    if (gather(&new, &self, setup) != 0)
        return;
    qsort(new.prefixes, new.count, sizeof new.prefixes[0], compare);
    new.is_told = 1;
    if (memcmp(attached, &new, sizeof new) == 0)
        return;
    if (new.left_out && new.left_out != attached->left_out)
        log_line(AVPN_LOG_WARNING, "this machine is attached to more than %d subnets; %u are left out and not "
                                   "kept from routes of other sites",
                 AVPN_ATTACHED, new.left_out);
    *attached = new;
    (void)avpn_node_set_addresses(node, new.addresses, new.address_count);
    (void)avpn_node_set_attached(node, new.prefixes, new.count, now);
}
