/* SPDX-License-Identifier: ISC */
/*
 * server: hosts one registry engine: its sockets, its store, its clock.
 *
 * Life: open -> run until a signal -> close. One thread. The number of a socket is the
 * `uplink` of its batches, so that answers leave where questions came in.
 */
#ifndef REGISTRY_SERVER_H
#define REGISTRY_SERVER_H

#include <autovpn/registry.h>

#include "common/control.h"
#include "common/loop.h"
#include "common/udp.h"
#include "registry/changes.h"
#include "registry/database.h"
#include "registry/setup.h"

struct server;

struct server_socket {
    struct udp udp;
    struct loop_watch watch;
    struct server *server;
};

struct server {
    struct setup *setup; /* the caller's; SIGHUP gives it other organizations */
    const char *setup_path;
    struct database database;
    struct loop loop;
    struct avpn_registry *registry;
    struct server_socket sockets[SETUP_LISTEN];
    struct udp_buffers *buffers;
    struct control control;
    struct changes changes;
    struct avpn_key public_key;
    avpn_time started_at;
    int64_t run; /* tells this run from others: when it began, ms since 1970 */
};

/* 0, or 1 after a complaint. */
int server_open(struct server *server, struct setup *setup, const char *setup_path,
                const struct avpn_key_pair *identity);
void server_run(struct server *server);
void server_close(struct server *server);
/* Answers of the control socket: status, counters, changes, registrations. Fits control_open. */
json_t *server_answer(void *user, const char *command, const json_t *request);

#endif
