/* SPDX-License-Identifier: ISC */
/*
 * places: where hosts are and what they are called. The translations of a site are done here once more, by trying
 * all of them for the longest that matches, so that the engine's are judged by something else than themselves.
 */
#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct avpn_prefix world_prefix(const char *text)
{
    struct avpn_prefix prefix;

    if (avpn_prefix_parse(text, &prefix) != AVPN_OK) {
        fprintf(stderr, "sim: not a prefix: %s\n", text);
        abort();
    }
    return prefix;
}

struct avpn_address world_host(uint32_t site, uint8_t family, uint8_t host)
{
    if (site == 0)
        return sim_address(family == AVPN_FAMILY_IPV6 ? "2001:db8::a" : "8.8.8.8");
    if (family == AVPN_FAMILY_IPV6)
        return (struct avpn_address){
            .family = AVPN_FAMILY_IPV6,
            .bytes = {0xfd, [6] = (uint8_t)(site >> 8), [7] = (uint8_t)site, [15] = host}};
    return (struct avpn_address){.family = AVPN_FAMILY_IPV4,
                                 .bytes = {10, (uint8_t)(site >> 8), (uint8_t)site, host}};
}

static bool bit_at(const uint8_t *bytes, uint32_t place)
{
    return (bytes[place / 8] >> (7 - place % 8) & 1) != 0;
}

static bool prefix_has(const struct avpn_prefix *prefix, const struct avpn_address *address)
{
    if (prefix->family != address->family)
        return false;
    for (uint32_t i = 0; i < prefix->length; i++)
        if (bit_at(prefix->bytes, i) != bit_at(address->bytes, i))
            return false;
    return true;
}

/* The network's bits of a prefix, the host's bits of an address. */
static struct avpn_address moved(struct avpn_address address, const struct avpn_prefix *to)
{
    for (uint32_t i = 0; i < to->length; i++) {
        const uint8_t bit = (uint8_t)(0x80u >> i % 8);

        address.bytes[i / 8] = (uint8_t)((address.bytes[i / 8] & ~bit) | (to->bytes[i / 8] & bit));
    }
    return address;
}

static struct avpn_address translated(const struct world *world, uint32_t site,
                                      struct avpn_address address, bool is_out)
{
    struct avpn_prefix best_to = {0};
    int32_t best = -1;

    for (uint32_t i = 0; site != 0 && i < 4; i++) {
        const struct world_translation *t = &world->sites[site].translations[i];
        struct avpn_prefix from, to;

        if (t->local == NULL)
            continue;
        from = world_prefix(is_out ? t->local : t->exported);
        to = world_prefix(is_out ? t->exported : t->local);
        if (prefix_has(&from, &address) && from.length > best) {
            best = from.length;
            best_to = to;
        }
    }
    return best < 0 ? address : moved(address, &best_to);
}

struct avpn_address world_to_vpn(const struct world *world, uint32_t site,
                                 struct avpn_address local)
{
    return translated(world, site, local, true);
}

struct avpn_address world_to_local(const struct world *world, uint32_t site,
                                   struct avpn_address exported)
{
    return translated(world, site, exported, false);
}
