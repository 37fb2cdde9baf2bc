/* SPDX-License-Identifier: ISC */
/*
 * The WANs of the settings, and the uplinks that they are to the engine: one for each family, IPv6 before
 * IPv4, so that it is preferred where both are equally good.
 */
#include <stdio.h>
#include <string.h>

#include "gateway/setup_read.h"

/* ---- WANs to uplinks ------------------------------------------------------------------- */

static uint32_t least_uplinks(const struct setup_wan *wans, uint32_t count)
{
    uint32_t least = 0;

    for (uint32_t i = 0; i < count; i++)
        least += wans[i].family == SETUP_FAMILY_BOTH ? 2 : 1;
    return least;
}

static void add_uplink(struct setup_uplink **next, const struct setup_wan *wan, uint32_t number,
                       uint8_t family)
{
    struct setup_uplink *uplink = (*next)++;

    memset(uplink, 0, sizeof *uplink);
    memcpy(uplink->interface, wan->interface, sizeof uplink->interface);
    uplink->address = wan->address;
    uplink->port = wan->port;
    uplink->wan = number;
    uplink->family = family;
}

uint32_t setup_expand(const struct setup_wan *wans, uint32_t count,
                      struct setup_uplink uplinks_out[AVPN_UPLINKS])
{
    uint32_t used = least_uplinks(wans, count);
    struct setup_uplink *next = uplinks_out;

    if (used > AVPN_UPLINKS)
        return 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t family = wans[i].family;
        uint8_t is_cut = 0;

        if (family == SETUP_FAMILY_ANY) {
            is_cut = used == AVPN_UPLINKS;
            used += !is_cut;
            family = is_cut ? SETUP_FAMILY_IPV4 : SETUP_FAMILY_BOTH;
        }
        if (family != SETUP_FAMILY_IPV4)
            add_uplink(&next, &wans[i], i, AVPN_FAMILY_IPV6);
        if (family != SETUP_FAMILY_IPV6)
            add_uplink(&next, &wans[i], i, AVPN_FAMILY_IPV4);
        next[-1].is_cut = is_cut;
    }
    return (uint32_t)(next - uplinks_out);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void read_family(struct settings *file, const struct setting *map, struct setup_wan *wan)
{
    static const char *const names[] = {"", "both", "ipv4", "ipv6"};
    struct setting value;
    const char *text;

    if (!settings_get(file, map, "family", &value) || !settings_text(file, &value, &text))
        return;
    for (uint32_t i = 1; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i]) == 0)
            wan->family = i;
    if (wan->family == SETUP_FAMILY_ANY)
        settings_problem(file, &value, NULL, "should be both, ipv4 or ipv6");
    else if (wan->address.family != AVPN_FAMILY_NONE)
        settings_problem(file, &value, NULL, "goes with interface; an address has its own family");
}

static void read_wan(struct settings *file, const struct setting *map, struct setup_wan *wan)
{
    struct setting value;
    struct setting other;
    uint32_t port = 0;
    int has_interface;
    int has_address;

    if (!settings_expect(file, map, "interface", "address", "port", "family", NULL))
        return;
    has_interface = settings_get(file, map, "interface", &value);
    has_address = settings_get(file, map, "address", &other);
    if (has_interface)
        setup_read_interface(file, &value, wan->interface);
    if (has_address)
        settings_address(file, &other, &wan->address);
    if (has_interface == has_address)
        settings_problem(file, map, "", "should have either interface or address%s",
                         has_address ? ", not both" : "");
    read_family(file, map, wan);
    if (wan->address.family != AVPN_FAMILY_NONE)
        wan->family = wan->address.family == AVPN_FAMILY_IPV6 ? SETUP_FAMILY_IPV6 : SETUP_FAMILY_IPV4;
    if (settings_get(file, map, "port", &value) &&
        settings_number(file, &value, SETUP_PORT_FIRST, SETUP_PORT_LAST, &port))
        wan->port = (uint16_t)port;
}

/* One interface may be there twice, with a family each. */
static int is_same_place(const struct setup_wan *a, const struct setup_wan *b)
{
    int are_apart = (a->family == SETUP_FAMILY_IPV4 && b->family == SETUP_FAMILY_IPV6) ||
                    (a->family == SETUP_FAMILY_IPV6 && b->family == SETUP_FAMILY_IPV4);

    return strcmp(a->interface, b->interface) == 0 && !are_apart &&
           memcmp(&a->address, &b->address, sizeof a->address) == 0;
}

void setup_read_uplinks(struct settings *file, const struct setting *root, struct setup *setup)
{
    struct setup_wan wans[AVPN_UPLINKS] = {{{0}}};
    struct setting list;
    struct setting item;
    uint32_t count;

    if (!settings_require(file, root, "uplinks", &list))
        return;
    count = settings_list(file, &list);
    if (count == 0 && list.node && list.node->type == YAML_SEQUENCE_NODE)
        settings_problem(file, &list, NULL, "should name at least one uplink");
    if (count > AVPN_UPLINKS) {
        settings_problem(file, &list, NULL, "should name at most %d uplinks, not %u", AVPN_UPLINKS,
                         count);
        count = AVPN_UPLINKS;
    }
    for (uint32_t i = 0; i < count && settings_at(file, &list, i, &item); i++) {
        read_wan(file, &item, &wans[i]);
        for (uint32_t k = 0; k < i; k++)
            if (is_same_place(&wans[k], &wans[i]))
                settings_problem(file, &item, "", "is the same as uplinks[%u]", k);
    }
    if (least_uplinks(wans, count) > AVPN_UPLINKS)
        settings_problem(file, &list, "",
                         "asks for %u uplinks, one for each family; a gateway has at most %d: leave "
                         "family: both out where it matters least, or say ipv4 or ipv6",
                         least_uplinks(wans, count), AVPN_UPLINKS);
    setup->uplink_count = setup_expand(wans, count, setup->uplinks);
}
