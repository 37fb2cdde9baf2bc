/* SPDX-License-Identifier: ISC */
/*
 * pool: worker threads that carry packets beside the engine's thread.
 *
 * Queues of the tun and sockets are waited for in common, each served by one thread at a time, whichever is free: so the packets of
 * a descriptor stay in order, and no thread is idle while another has two to serve. Each thread has a worker of the engine's and a carrier
 * of its own. What a worker punts goes to the engine's thread.
 *
 * Life: when tun, uplinks and node are there, open -> close, before any of them goes. Both on the engine's thread.
 */
#ifndef GATEWAY_POOL_H
#define GATEWAY_POOL_H

#include <pthread.h>

#include <autovpn/config.h>

#include "common/loop.h"
#include "gateway/carrier.h"
#include "gateway/punts.h"

#define POOL_THREADS TUN_QUEUES

struct gateway;
struct pool;

struct pool_thread {
    struct pool *pool;
    pthread_t id;
    int is_running;
    struct carrier carrier;
};

/* A queue of the tun, or a lane's socket of an uplink. */
struct pool_source {
    int fd;
    uint32_t lane;
    uint32_t uplink; /* POOL_QUEUE: none */
};

#define POOL_QUEUE UINT32_MAX

struct pool {
    struct gateway *gateway; /* NULL: closed */
    int epoll;
    int stop; /* an eventfd, readable when the threads are to end */
    uint32_t thread_count;
    struct pool_thread threads[POOL_THREADS];
    uint32_t source_count;
    struct pool_source sources[POOL_THREADS * (1 + AVPN_UPLINKS)];
    struct punts punts;
    struct loop_watch punts_watch;
};

/* Make the uplinks shared, and start `count` threads. 0, or -1 with errno; close it then, too. */
int pool_open(struct pool *pool, struct gateway *gateway, uint32_t count);
/* One that was never opened is ignored. */
void pool_close(struct pool *pool);

#endif
