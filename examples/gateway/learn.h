/* SPDX-License-Identifier: ISC */
/*
 * learn: what this site offers follows a routing table [RTE-8].
 *
 * An export of this site's record is offered while the watched table has a route that is the same or lies in
 * it (for a translated one: that has to do with its local subnet): connected, static, or put there by a
 * routing daemon. What a daemon put there and no export covers is not offered: the record decides what a
 * site may export. It is kept, to be shown.
 */
#ifndef GATEWAY_LEARN_H
#define GATEWAY_LEARN_H

#include <autovpn/node.h>

#include "gateway/kernel.h"

#define LEARN_STRANGERS 256

struct learn_stranger {
    struct avpn_prefix prefix;
    uint8_t protocol;
};

struct learn {
    uint32_t table;     /* 0: everything is offered */
    avpn_time look_at;  /* when the table is to be looked at next */
    avpn_time looked_at;
    struct avpn_member self;
    uint8_t is_seen[AVPN_EXPORTS];  /* by place in self.exports */
    uint32_t stranger_count;        /* may be more than are kept */
    struct learn_stranger strangers[LEARN_STRANGERS];
};

/* ---- parts without a system behind them ------------------------------------------------------- */

/* A routing daemon's number (rtnetlink's RTPROT_*), and its name; NULL for all other numbers. */
const char *learn_daemon(uint8_t protocol);
/* One route of the table: note which exports it stands for. Fits kernel_each_route. */
void learn_take(void *learn, const struct avpn_prefix *prefix, uint8_t protocol);

/* ---- the whole ---------------------------------------------------------------------------------- */

/* The table may have changed: look soon. A daemon's thousand changes are one look. */
void learn_changed(struct learn *learn, avpn_time now);
/* Look if it is time; `is_new`: another configuration is in force, all are offered. */
void learn_look(struct learn *learn, struct avpn_node *node, struct kernel *kernel, int is_new,
                avpn_time now);

#endif
