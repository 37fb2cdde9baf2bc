/* SPDX-License-Identifier: ISC */
/*
 * policies: the engine's routes as the kernel's IPsec policies. For each prefix of another site
 *
 *   out      packets to it leave under the SA that the engine selected for the peer that is its next hop; without one they
 *            are blocked, so that nothing leaves in the clear
 *   in, fwd  packets from it are accepted from the route's next hops, and from nobody else [RTE-5]
 *
 * The longest prefix decides, by priority. A template can demand one peer, or allow several: where a prefix has several next hops
 * the kernel would take it from the clear too, and a firewall has to see to that.
 */
#ifndef KERNEL_ESP_POLICIES_H
#define KERNEL_ESP_POLICIES_H

#include <autovpn/config.h>
#include <autovpn/route.h>

#include "kernel_esp/states.h"

struct policies_route {
    struct avpn_prefix prefix;
    uint32_t next_hop; /* a member, 0: none is alive */
    uint32_t hop_count;
    uint32_t hops[AVPN_ROUTE_HOPS]; /* members that may send from it */
};

/* The sender that packets to a peer leave under. */
struct policies_sender {
    uint32_t member;
    uint32_t spi;
    struct states_ends ends;
};

/* `sender` NULL: packets to the prefix are blocked. Replaces what is there. 0, or -1 with errno. */
int policies_put_out(struct netlink *netlink, const struct avpn_prefix *prefix,
                     const struct policies_sender *sender);
int policies_put_in(struct netlink *netlink, const struct policies_route *route);
/* All three. */
void policies_remove(struct netlink *netlink, const struct avpn_prefix *prefix);

/* The program's own datagrams are not for the tunnel, whatever a policy says. 0, or -1 with errno. */
int policies_except_socket(int fd, uint16_t family);

#endif
