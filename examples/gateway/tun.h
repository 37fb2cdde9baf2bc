/* SPDX-License-Identifier: ISC */
/*
 * tun: the gateway's network interface: inner packets in and out, one per system call.
 *
 * Packets read in one go lie in one buffer with the room of batch.h around them, and those of
 * equal size behind each other as one run, so that the sealed ones can leave as one segmented
 * send.
 */
#ifndef GATEWAY_TUN_H
#define GATEWAY_TUN_H

#include <net/if.h>
#include <stddef.h>

#include <autovpn/batch.h>

#define TUN_BATCH 64

struct tun {
    int fd; /* -1: closed */
    char name[IFNAMSIZ];
    uint32_t mtu;
    size_t buffer_bytes;
    uint8_t *buffer;
};

/* 0, or -1 with errno. The interface vanishes with the descriptor. */
int tun_open(struct tun *tun, const char *name, uint32_t mtu);
void tun_close(struct tun *tun);
/* The runs read, at most TUN_BATCH packets in all; their bytes live until the next call. */
size_t tun_read(struct tun *tun, struct avpn_packets batch_out[TUN_BATCH]);
void tun_write(struct tun *tun, const struct avpn_packets *batch, size_t count);

#endif
