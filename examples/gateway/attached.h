/* SPDX-License-Identifier: ISC */
/*
 * attached: the subnets that this machine's interfaces are in [RTE-10], and the address from which the
 * engine's ICMP errors come [ICM-2].
 *
 * All interfaces that are up count, uplinks too: what lies in the network of an uplink cannot be
 * reached by a tunnel, or the tunnel could not be reached. Not the tun, the loopback interface, and
 * networks that mean every link alike (link-local, multicast).
 */
#ifndef GATEWAY_ATTACHED_H
#define GATEWAY_ATTACHED_H

#include <autovpn/node.h>

#include "gateway/setup.h"

struct attached {
    uint32_t count;
    uint32_t left_out; /* beyond the limit */
    struct avpn_prefix prefixes[AVPN_ATTACHED];
    uint32_t address_count;
    struct avpn_address addresses[2]; /* inner ones, at most one of a family */
    int is_told;
};

/* ---- parts without a system behind them ------------------------------------------------------ */

/* Add one; ignored if it is of no interest or lies in one that is there, whose parts go. */
void attached_add(struct attached *attached, const struct avpn_prefix *prefix);
/*
 * An address of this machine as the VPN knows it, if it lies in an export of `member`: itself, or what it is translated
 * to. 1, or 0: not an inner one.
 */
int attached_inner(const struct avpn_member *member, const struct avpn_address *address,
                   struct avpn_address *inner_out);

/* ---- the whole ----------------------------------------------------------------------------- */

/* Look at this machine and tell the engine what changed. */
void attached_look(struct attached *attached, struct avpn_node *node, const struct setup *setup,
                   avpn_time now);

#endif
