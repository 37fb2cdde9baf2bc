/* SPDX-License-Identifier: ISC */
/*
 * tun: the gateway's network interface: its queues, and what the kernel leaves to us.
 *
 * With a virtio-net header the kernel hands over and takes packets of up to 64 KiB, and checksums that are not
 * computed yet. It is asked for as much as it knows, in steps (tun.c): segmentation of TCP and UDP, of TCP, checksums
 * alone, and then plain packets. Packets pass through ports: tun_port.h.
 */
#ifndef GATEWAY_TUN_H
#define GATEWAY_TUN_H

#include <net/if.h>
#include <stdint.h>

#define TUN_QUEUES 16

#define TUN_CHECKSUM 1u /* checksums are left to whoever takes the packet */
#define TUN_TSO 2u      /* TCP of both families comes and goes uncut */
#define TUN_USO 4u      /* and UDP */

struct tun {
    char name[IFNAMSIZ];
    uint32_t queue_count;
    int fds[TUN_QUEUES]; /* -1: closed */
    int has_header;      /* virtio-net, in front of each packet */
    uint32_t offloads;   /* TUN_* in use */
};

struct tun_options {
    const char *name;
    uint32_t queue_count; /* 1..TUN_QUEUES */
    int is_plain;         /* ask for nothing */
};

/* 0, or -1 with errno. The interface vanishes with its descriptors. */
int tun_open(struct tun *tun, const struct tun_options *options);
void tun_close(struct tun *tun);

#endif
