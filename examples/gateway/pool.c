/* SPDX-License-Identifier: ISC */
#include "gateway/pool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/gateway.h"

#define PUNTS_AT_ONCE 256 /* before the loop's other descriptors have their turn */

/* ---- on the threads ---------------------------------------------------------------------- */

static void worker_punt(void *user, const uint8_t *bytes, size_t count)
{
    struct carrier *carrier = user;

    punts_put(&carrier->gateway->pool.punts, bytes, count);
}

static void serve(struct pool_thread *thread, const struct pool_source *source)
{
    if (source->uplink == POOL_QUEUE)
        carrier_serve_queue(&thread->carrier, source->lane);
    else
        carrier_serve_socket(&thread->carrier, source->uplink, source->lane);
}

/* A source is not waited for while it is served: EPOLLONESHOT. Waiting again tells at once what came meanwhile. */
static int wait_for(struct pool *pool, struct pool_source *source, int operation)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = source};

    return epoll_ctl(pool->epoll, operation, source->fd, &event);
}

static void *run(void *user)
{
    struct pool_thread *thread = user;
    struct epoll_event event;

    for (;;) {
        int count = epoll_wait(thread->pool->epoll, &event, 1, -1);

        if (count < 0 && errno != EINTR)
            return NULL;
        if (count <= 0)
            continue;
        if (!event.data.ptr)
            return NULL; /* the signal to stop, which stays for the others */
        serve(thread, event.data.ptr);
        (void)wait_for(thread->pool, event.data.ptr, EPOLL_CTL_MOD);
    }
}

/* ---- on the engine's thread ----------------------------------------------------------------- */

static void punts_ready(void *user, uint32_t events)
{
    struct pool *pool = user;
    uint8_t *bytes;
    size_t count;

    (void)events;
    for (uint32_t i = 0; i < PUNTS_AT_ONCE && (bytes = punts_first(&pool->punts, &count)); i++) {
        (void)avpn_node_take_punt(pool->gateway->node, bytes, count, loop_now());
        punts_drop_first(&pool->punts);
    }
}

static int add_source(struct pool *pool, int fd, uint32_t lane, uint32_t uplink)
{
    struct pool_source *source = &pool->sources[pool->source_count++];

    *source = (struct pool_source){fd, lane, uplink};
    return wait_for(pool, source, EPOLL_CTL_ADD);
}

static int add_sources(struct pool *pool)
{
    struct gateway *gateway = pool->gateway;

    for (uint32_t lane = 0; lane < gateway->tun.queue_count; lane++)
        if (add_source(pool, gateway->tun.fds[lane], lane, POOL_QUEUE) != 0)
            return -1;
    for (uint32_t i = 0; i < gateway->setup->uplink_count; i++)
        for (uint32_t lane = 0; lane < gateway->uplinks[i].socket_count; lane++)
            if (add_source(pool, gateway->uplinks[i].sockets[lane].fd, lane, i) != 0)
                return -1;
    return 0;
}

static int share_uplinks(struct pool *pool, uint32_t lanes)
{
    struct gateway *gateway = pool->gateway;

    for (uint32_t i = 0; i < gateway->setup->uplink_count; i++)
        if (uplink_share(&gateway->uplinks[i], lanes, gateway->setup->mark) != 0)
            return -1;
    return 0;
}

/* Signals are the engine's thread's. */
static int start(struct pool_thread *thread, uint32_t number)
{
    char name[16];
    sigset_t all, before;

    (void)snprintf(name, sizeof name, "avpn-worker-%u", number);
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    errno = pthread_create(&thread->id, NULL, run, thread);
    thread->is_running = errno == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!thread->is_running)
        return -1;
    (void)pthread_setname_np(thread->id, name);
    return 0;
}

static int add_thread(struct pool *pool)
{
    struct pool_thread *thread = &pool->threads[pool->thread_count];
    struct avpn_worker_host host = {.size = sizeof host, .user = &thread->carrier,
                                    .transmit = carrier_transmit, .deliver = carrier_deliver,
                                    .punt = worker_punt};

    thread->pool = pool;
    pool->thread_count++;
    if (carrier_open(&thread->carrier, pool->gateway) == 0 &&
        avpn_worker_new(pool->gateway->node, &host, &thread->carrier.worker) == AVPN_OK)
        return 0;
    errno = ENOMEM;
    return -1;
}

/* All workers are there before the first thread runs. */
static int start_threads(struct pool *pool, uint32_t count)
{
    while (pool->thread_count < count)
        if (add_thread(pool) != 0)
            return -1;
    for (uint32_t i = 0; i < count; i++)
        if (start(&pool->threads[i], i) != 0)
            return -1;
    return 0;
}

int pool_open(struct pool *pool, struct gateway *gateway, uint32_t count)
{
    struct epoll_event stop = {.events = EPOLLIN, .data.ptr = NULL};

    memset(pool, 0, sizeof *pool);
    pool->gateway = gateway;
    pool->epoll = epoll_create1(EPOLL_CLOEXEC);
    pool->stop = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (pool->epoll < 0 || pool->stop < 0 || punts_open(&pool->punts) != 0)
        return -1;
    pool->punts_watch = (struct loop_watch){pool->punts.event, punts_ready, pool};
    if (epoll_ctl(pool->epoll, EPOLL_CTL_ADD, pool->stop, &stop) != 0 ||
        loop_watch(&gateway->loop, &pool->punts_watch, EPOLLIN) != 0 ||
        share_uplinks(pool, count) != 0 || add_sources(pool) != 0)
        return -1;
    return start_threads(pool, count);
}

void pool_close(struct pool *pool)
{
    if (!pool->gateway)
        return;
    (void)!write(pool->stop, &(uint64_t){1}, sizeof(uint64_t));
    for (uint32_t i = 0; i < pool->thread_count; i++)
        if (pool->threads[i].is_running)
            (void)pthread_join(pool->threads[i].id, NULL);
    for (uint32_t i = 0; i < pool->thread_count; i++) {
        avpn_worker_del(pool->threads[i].carrier.worker);
        carrier_close(&pool->threads[i].carrier);
    }
    if (pool->punts_watch.ready)
        loop_unwatch(&pool->gateway->loop, &pool->punts_watch);
    punts_close(&pool->punts);
    if (pool->stop >= 0)
        (void)close(pool->stop);
    if (pool->epoll >= 0)
        (void)close(pool->epoll);
    pool->gateway = NULL;
}
