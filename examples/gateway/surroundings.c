/* SPDX-License-Identifier: ISC */
#include "gateway/surroundings.h"

#include <string.h>

#include "common/log.h"
#include "gateway/gateway.h"

#define LOOK_SPAN (5 * AVPN_SECOND)        /* between two looks */
#define LOOK_SOON (100 * AVPN_MILLISECOND) /* after the kernel said that something changed */

/* A registry that is known, to ask the kernel for the way to it. */
static void registry_contact(const struct gateway *gateway, uint32_t uplink,
                             struct avpn_contact *contact_out)
{
    memset(contact_out, 0, sizeof *contact_out);
    for (uint32_t i = 0; i < AVPN_REGISTRIES; i++) {
        struct avpn_registration_status status = {.size = sizeof status};

        if (avpn_node_registration_status(gateway->node, uplink, i, &status) == AVPN_OK &&
            status.registry.family != AVPN_FAMILY_NONE) {
            *contact_out = status.registry;
            return;
        }
    }
}

static void look_at_uplinks(struct gateway *gateway, avpn_time now)
{
    for (uint32_t i = 0; i < gateway->setup->uplink_count; i++) {
        struct uplink *uplink = &gateway->uplinks[i];
        const char *family = uplink->setup->family == AVPN_FAMILY_IPV6 ? "IPv6" : "IPv4";
        char text[AVPN_CONTACT_TEXT];
        struct avpn_contact towards;

        registry_contact(gateway, i, &towards);
        if (!uplink_look(uplink, &towards, gateway->setup->mark))
            continue;
        (void)avpn_contact_format(&uplink->state.local, text, sizeof text);
        if (uplink->state.is_up)
            log_line(AVPN_LOG_INFO, "uplink %u (%s, %s) is up: %s, MTU %u", i,
                     uplink->setup->interface, family, text, uplink->state.mtu_bytes);
        else
            log_line(AVPN_LOG_INFO, "uplink %u (%s, %s) is down: no address", i,
                     uplink->setup->interface, family);
        (void)avpn_node_set_uplink(gateway->node, i, &uplink->state, now);
    }
}

/* In a gateway that only claims a place nothing of the kernel's is touched. */
static int is_routing(const struct gateway *gateway)
{
    return gateway->kernel.interface != 0;
}

void surroundings_changed(struct gateway *gateway, uint32_t changes, avpn_time now)
{
    if (changes == 0)
        return;
    if (now + LOOK_SOON < gateway->look_at)
        gateway->look_at = now + LOOK_SOON;
    learn_changed(&gateway->learn, now);
}

void surroundings_renew(struct gateway *gateway, avpn_time now)
{
    if (!is_routing(gateway))
        return;
    attached_look(&gateway->attached, gateway->node, gateway->setup, now);
    learn_look(&gateway->learn, gateway->node, &gateway->kernel, 1, now);
}

void surroundings_look(struct gateway *gateway, avpn_time now)
{
    if (now >= gateway->look_at) {
        look_at_uplinks(gateway, now);
        if (is_routing(gateway))
            attached_look(&gateway->attached, gateway->node, gateway->setup, now);
        gateway->look_at = now + LOOK_SPAN;
    }
    if (is_routing(gateway))
        learn_look(&gateway->learn, gateway->node, &gateway->kernel, 0, now);
}

avpn_time surroundings_deadline(const struct gateway *gateway)
{
    return gateway->learn.table && gateway->learn.look_at < gateway->look_at
               ? gateway->learn.look_at
               : gateway->look_at;
}
