/* SPDX-License-Identifier: ISC */
/**
 * @defgroup worker Workers: more threads
 * worker: more threads for the packets of one node.
 *
 * The node keeps what forwarding needs - routes, tunnels, keys, rules - where any number of workers read it while the
 * node changes it. A worker seals and opens, checks and delivers exactly as the node itself does; what it cannot do - messages
 * of the control protocol, packets that need an answer or change the state of a tunnel - it hands back as a *punt*: a block
 * of bytes that means nothing to the host, who carries it to the node's thread and gives it to avpn_node_take_punt there.
 * A change of the configuration, a rekey or a roam stops no worker and loses none of its packets.
 *
 * Life: avpn_node_new -> avpn_worker_new for each thread -> receive and send, each worker on one thread at a time, the node on
 * its own -> avpn_worker_del -> avpn_node_del. _new and _del belong to the node's thread; during _del nobody is inside
 * that worker. `now` is of the same clock everywhere; threads may be a little apart. Without workers nothing here is needed: the node carries
 * all packets itself, with no lock and no atomic operation that another thread could wait for.
 *
 *     struct avpn_worker_host host = {.size = sizeof host, .user = &thread, .transmit = send_them,
 *                                     .deliver = write_them, .punt = queue_for_the_node};
 *     avpn_worker_new(node, &host, &worker);
 *     // on the worker's thread
 *     avpn_worker_send(worker, packets, n, now());
 *     avpn_worker_receive(worker, datagrams, m, now());
 *     // on the node's thread
 *     avpn_node_take_punt(node, bytes, count, now());
 * @{
 */
#ifndef AUTOVPN_WORKER_H
#define AUTOVPN_WORKER_H

#include <autovpn/batch.h>
#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct avpn_node;
/** A node's packets on one more thread. */
struct avpn_worker;

#define AVPN_WORKERS 64 /**< of one node */
#define AVPN_PUNT_LIMIT 65792 /**< no punt has more bytes */

/** A worker's seams, called on the worker's thread, inside of its calls. transmit, deliver and punt have no default. */
struct avpn_worker_host {
    uint32_t size; /**< sizeof(struct avpn_worker_host) */
    uint32_t reserved;
    void *user; /**< given back as the first argument */
    /** As avpn_host.transmit. */
    void (*transmit)(void *user, const struct avpn_datagrams *batch, size_t count);
    /** As avpn_host.deliver. */
    void (*deliver)(void *user, const struct avpn_packets *batch, size_t count);
    /** As avpn_host.breakout. */
    void (*breakout)(void *user, const struct avpn_packets *batch, size_t count);
    /**
     * To be copied and given to the node's thread. Borrowed until return. What the host has no room for it may lose, as a
     * network loses packets; it should count them.
     */
    void (*punt)(void *user, const uint8_t *bytes, size_t count);
};

/**
 * Make a worker. Host is copied. AVPN_ERROR_ARGUMENT: size, missing callbacks; AVPN_ERROR_STATE: the node hands over (sa.h); AVPN_ERROR_LIMIT:
 * AVPN_WORKERS; AVPN_ERROR_MEMORY.
 */
AVPN_API int32_t avpn_worker_new(struct avpn_node *node, const struct avpn_worker_host *host,
                                 struct avpn_worker **worker_out);
/** NULL is ignored. Its counters stay in those of the node. */
AVPN_API void avpn_worker_del(struct avpn_worker *worker);

/** As avpn_node_receive; answers and control messages leave by the node. */
AVPN_API int32_t avpn_worker_receive(struct avpn_worker *worker, const struct avpn_datagrams *batch,
                                     size_t count, avpn_time now);
/** As avpn_node_send. */
AVPN_API int32_t avpn_worker_send(struct avpn_worker *worker, const struct avpn_packets *batch,
                                  size_t count, avpn_time now);

/**
 * What a worker of this node punted. Bytes are overwritten. AVPN_ERROR_FORMAT: no punt of this library's build; nothing was
 * done.
 */
AVPN_API int32_t avpn_node_take_punt(struct avpn_node *node, uint8_t *bytes, size_t count,
                                     avpn_time now);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
