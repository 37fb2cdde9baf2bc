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

enum setup_family {
    SETUP_FAMILY_ANY = 0, /* both, where the number of uplinks allows; else IPv4 */
    SETUP_FAMILY_BOTH = 1,
    SETUP_FAMILY_IPV4 = 2,
    SETUP_FAMILY_IPV6 = 3
};

/* An entry of `uplinks`: one WAN. */
struct setup_wan {
    char interface[IFNAMSIZ];    /* empty: bound to `address` */
    struct avpn_address address; /* family NONE: bound to `interface` */
    uint16_t port;               /* 0: one of its own, kept across restarts */
    uint32_t family;             /* enum setup_family */
};

/* What the engine calls an uplink: one WAN in one family. */
struct setup_uplink {
    char interface[IFNAMSIZ];
    struct avpn_address address;
    uint16_t port;
    uint8_t family; /* enum avpn_family */
    uint8_t is_cut; /* the WAN's IPv6 was left out, for the number of uplinks */
    uint32_t wan;   /* place of its entry */
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
    int is_tun_plain; /* without offloads */
    uint32_t workers; /* threads that carry packets; 0: the engine's does */
    struct avpn_prefix tun_address; /* family NONE: none */
    uint32_t table, guard, priority, mark, protocol, metric;
    uint32_t learn_table; /* 0: none is watched */
    char control[108]; /* empty: none */
    uint32_t log_level;
    uint32_t undo_after_s; /* 0: the library's default */
};

/* 0, or -1 when problems were shown. */
int setup_read(const char *path, struct setup *setup_out);

/*
 * WANs to uplinks in order, IPv6 of each before its IPv4 (setup_uplinks.c). A family that was not asked for
 * in so many words is left out where there would be more than AVPN_UPLINKS; returns how many there are, 0: too many.
 */
uint32_t setup_expand(const struct setup_wan *wans, uint32_t count,
                      struct setup_uplink uplinks_out[AVPN_UPLINKS]);

#endif
