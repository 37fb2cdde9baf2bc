/* SPDX-License-Identifier: ISC */
/*
 * setup: what a device's own YAML file says to the gateway. Role, hubs and subnets are not here:
 * they come from the organization's configuration. Fields: autovpn-gateway.yaml(5).
 */
#ifndef GATEWAY_SETUP_H
#define GATEWAY_SETUP_H

#include <limits.h>
#include <net/if.h>
#include <stdint.h>

#include <autovpn/config.h>

#define SETUP_PORT_FIRST 32768u /* [DMX-4] */
#define SETUP_PORT_LAST 61000u

struct setup_uplink {
    char interface[IFNAMSIZ];    /* empty: bound to `address` */
    struct avpn_address address; /* family NONE: bound to `interface` */
    uint16_t port;               /* 0: one of its own, kept across restarts */
};

struct setup {
    struct avpn_key organization; /* zero where none is named: the token or the store tells */
    uint32_t organization_line;   /* 0: none is named */
    char state[PATH_MAX - 128];
    char bundle[PATH_MAX]; /* empty: only what registries deliver */
    uint32_t bundle_line;
    uint32_t uplink_count;
    struct setup_uplink uplinks[AVPN_UPLINKS];
    char tun[IFNAMSIZ];
    uint32_t mtu;
    struct avpn_prefix tun_address; /* family NONE: none */
    uint32_t table, priority, mark, protocol;
    char control[108]; /* empty: none */
    uint32_t log_level;
    uint32_t undo_after_s; /* 0: the library's default */
};

/* 0, or -1 when problems were shown. */
int setup_read(const char *path, struct setup *setup_out);

#endif
