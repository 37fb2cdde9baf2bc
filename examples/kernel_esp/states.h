/* SPDX-License-Identifier: ISC */
/*
 * states: the kernel's ESP states (struct xfrm_state), one for each SA that the engine hands over.
 *
 * They are in tunnel mode, inside UDP, with 64-bit numbers, and carry IPv4 and IPv6. `reqid` is the member, so that
 * policies can name all states of a peer. The kernel holds the only copy of the keys: what is moved is read back.
 */
#ifndef KERNEL_ESP_STATES_H
#define KERNEL_ESP_STATES_H

#include <linux/xfrm.h>
#include <stdint.h>

#include <autovpn/sa.h>

#include "common/netlink.h"

/* What the kernel says of one state. */
struct states_count {
    uint8_t family; /* AF_INET, AF_INET6 */
    xfrm_address_t destination;
    uint32_t spi;
    uint64_t sent_sequence, received_sequence;
    uint64_t packets, bytes;
};

/* Where an SA begins and ends. */
struct states_ends {
    struct avpn_contact local, remote;
    int is_sender;
};

/* These return 0, or -1 with errno. */
int states_install(struct netlink *netlink, const struct avpn_sa_change *install);
int states_remove(struct netlink *netlink, uint32_t spi, const struct states_ends *ends);
/*
 * Another remote contact. A receiver takes packets from everywhere, and a port can be changed in place; but a sender's destination
 * is part of its name: a copy is made, `*is_copy_out` is 1, and the caller removes the old one when nothing uses it any more. The
 * copy numbers on from STATES_JUMP beyond the last number, so that none is used twice while both exist.
 */
int states_move(struct netlink *netlink, uint32_t spi, const struct states_ends *from,
                const struct states_ends *to, int *is_copy_out);
#define STATES_JUMP (UINT64_C(1) << 20)
/* All states of the kernel, one call each. */
int states_count_all(struct netlink *netlink,
                     void (*note)(void *user, const struct states_count *count), void *user);

/* Address families and addresses as the kernel wants them. */
uint16_t states_family(const struct avpn_contact *contact);
xfrm_address_t states_address(const struct avpn_contact *contact);

#endif
