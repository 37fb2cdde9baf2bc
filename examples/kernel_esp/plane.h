/* SPDX-License-Identifier: ISC */
/*
 * plane: the kernel's ESP as the data plane of a node that hands its SAs over.
 *
 * What the engine says of SAs (host.sa) and of routes (its events) becomes states and policies; what the kernel counts and
 * hears becomes reports. One uplink, at one local address. A data plane that was left by a program that died is taken away at
 * the start: all states and policies of this network namespace are this program's.
 *
 * Life: open -> change, refresh, report and read_mappings as things happen -> close, which removes everything.
 */
#ifndef KERNEL_ESP_PLANE_H
#define KERNEL_ESP_PLANE_H

#include <autovpn/node.h>

#include "kernel_esp/policies.h"

#define PLANE_SAS 1024u    /* of all peers: two in each direction while keys change */
#define PLANE_ROUTES 1024u

struct mnl_socket;

struct plane_sa {
    struct avpn_sa_report report; /* what the engine was told last; `spi`, `member` and `is_sender` name it */
    struct states_ends ends;
    uint64_t packets_before, bytes_before; /* of states whose copy this one is */
};

struct plane {
    struct netlink netlink;
    struct mnl_socket *mappings; /* where the kernel tells that a peer's source has changed */
    struct plane_sa sas[PLANE_SAS];
    uint32_t sa_count;
    struct policies_sender senders[PLANE_SAS]; /* the one selected of each member that has one */
    uint32_t sender_count;
    struct policies_route routes[PLANE_ROUTES];
    uint32_t route_count;
};

/* 0, or -1 with errno. */
int plane_open(struct plane *plane);
void plane_close(struct plane *plane);
/* Becomes readable for plane_read_mappings. */
int plane_mapping_fd(const struct plane *plane);

/* From host.sa. */
void plane_change(struct plane *plane, const struct avpn_sa_change *change);
/* After events about routes, tunnels or the configuration. */
void plane_refresh(struct plane *plane, const struct avpn_node *node);
/* Once a second. */
void plane_report(struct plane *plane, struct avpn_node *node, avpn_time now);
void plane_read_mappings(struct plane *plane, struct avpn_node *node, avpn_time now);

#endif
