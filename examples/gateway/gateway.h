/* SPDX-License-Identifier: ISC */
/*
 * gateway: hosts one node engine on Linux: its sockets, its interface, its routes, its clock.
 *
 * Life: open -> run until a signal -> close, which removes everything it made in the kernel.
 * One thread; the only callbacks are those of loop and engine. Where the settings ask for workers, these carry the packets (pool.h),
 * and this thread does the rest.
 */
#ifndef GATEWAY_GATEWAY_H
#define GATEWAY_GATEWAY_H

#include <autovpn/node.h>
#include <autovpn/version.h>

#include "common/control.h"
#include "common/loop.h"
#include "common/resolver.h"
#include "common/store.h"
#include "gateway/attached.h"
#include "gateway/carrier.h"
#include "gateway/journal.h"
#include "gateway/kernel.h"
#include "gateway/learn.h"
#include "gateway/membership.h"
#include "gateway/pool.h"
#include "gateway/routes.h"
#include "gateway/setup.h"
#include "gateway/tun.h"
#include "gateway/uplink.h"

#define GATEWAY_EVENTS 256 /* kept for the control socket */

struct gateway {
    const struct setup *setup;
    struct loop loop;
    struct store store;
    struct membership membership;
    struct avpn_node *node;
    struct uplink uplinks[AVPN_UPLINKS];
    struct tun tun;
    struct loop_watch tun_watch;
    struct carrier carrier; /* of this thread */
    struct pool pool;       /* other threads' */
    struct kernel kernel;
    struct loop_watch kernel_watch;
    struct routes routes;
    struct attached attached;
    struct learn learn;
    struct journal journal;
    struct resolver resolver;
    struct control control;
    int are_routes_due;
    int is_config_new;
    avpn_time look_at; /* when uplinks and attached subnets are looked at next */
    avpn_time started_at;
    avpn_time first_tunnel_at; /* -1: none yet */
    uint64_t event_count;
    struct avpn_event events[GATEWAY_EVENTS]; /* a ring, event n at n % GATEWAY_EVENTS */
};

/* 0; 1 when something failed, 2 when the configuration is at fault; what was wrong has been said. */
int gateway_open(struct gateway *gateway, const struct setup *setup, const char *setup_path);
void gateway_run(struct gateway *gateway);
void gateway_close(struct gateway *gateway);
/*
 * Keep the token and open no more than what claims a place takes: state, uplinks, node. Then turn,
 * and close. As gateway_open otherwise.
 */
int gateway_open_to_join(struct gateway *gateway, const struct setup *setup,
                         const char *setup_path, const struct avpn_token *token);
/* Serve what is due, then wait for something to happen, at most until `latest`. */
void gateway_turn(struct gateway *gateway, avpn_time latest);

#endif
