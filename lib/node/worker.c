/* SPDX-License-Identifier: ISC */
/*
 * worker: a lane of its own for another thread, and punts: its trouble, written down.
 *
 * A worker owns its lane, outbox and counters; of the node it reads the plane alone. The node keeps a list of its workers, for counters and
 * for what may be released when. A punt is a head of fixed size, then the packet with the room of batch.h around it. It never
 * leaves the process: the head is the struct as it lies in memory, and what is read from it is checked like anything
 * that comes from outside.
 */
#include "base/sized.h"
#include "node/worker.h"

#include "inner/packet.h"
#include <string.h>

#define PUNT_MAGIC 0x61767075u /* another build's punts have other heads: the size is part of it */

struct head {
    uint32_t magic, bytes;
    struct avpni_trouble trouble; /* without its packet */
};

#define PUNT_BYTES(bytes) (sizeof(struct head) + AVPN_HEADROOM + (size_t)(bytes) + AVPN_TAILROOM)
_Static_assert(PUNT_BYTES(AVPN_PACKET_LIMIT) <= AVPN_PUNT_LIMIT, "a punt would be too large");

struct avpn_worker {
    struct avpn_node *node;
    struct avpn_worker *next;
    struct avpn_worker_host host;
    struct avpni_reclaim_reader reader;
    struct avpni_lane lane;
    struct avpni_outbox outbox;
    struct avpni_tally counters[AVPN_COUNTERS];
    uint8_t punt[AVPN_PUNT_LIMIT];
};

/* ---- punts ----------------------------------------------------------------------- */

static void tell(void *owner, const struct avpni_trouble *trouble)
{
    struct avpn_worker *worker = owner;
    struct head head;
    uint8_t *at = worker->punt;

    memset(&head, 0, sizeof head);
    head.magic = PUNT_MAGIC + sizeof head;
    head.bytes = trouble->packet != NULL ? trouble->bytes : 0;
    head.trouble = *trouble;
    head.trouble.packet = NULL;
    head.trouble.bytes = 0;
    memcpy(at, &head, sizeof head);
    memset(at + sizeof head, 0, AVPN_HEADROOM);
    at += sizeof head + AVPN_HEADROOM;
    if (head.bytes > 0)
        memcpy(at, trouble->packet, head.bytes);
    memset(at + head.bytes, 0, AVPN_TAILROOM);
    avpni_lane_count(&worker->lane, AVPN_COUNT_PUNTED);
    worker->host.punt(worker->host.user, worker->punt, PUNT_BYTES(head.bytes));
}

/* The packet is what its kind says. */
static bool is_possible(const struct avpni_trouble *trouble)
{
    struct avpn_address source, destination;

    switch ((enum avpni_trouble_kind)trouble->kind) {
    case AVPNI_TROUBLE_DATAGRAM:
        return trouble->uplink < AVPN_UPLINKS;
    case AVPNI_TROUBLE_CONFIRMED:
    case AVPNI_TROUBLE_HEARD:
    case AVPNI_TROUBLE_EXHAUSTED:
        return true;
    case AVPNI_TROUBLE_NO_ROUTE:
    case AVPNI_TROUBLE_NO_TUNNEL:
    case AVPNI_TROUBLE_HOP_LIMIT:
    case AVPNI_TROUBLE_DENIED:
    case AVPNI_TROUBLE_TOO_BIG:
        return trouble->limit <= AVPN_PACKET_LIMIT &&
               avpni_inner_parse(trouble->packet, trouble->bytes, &source, &destination);
    case AVPNI_TROUBLE_NONE:
    case AVPNI_TROUBLES:
        break;
    }
    return false;
}

int32_t avpn_node_take_punt(struct avpn_node *node, uint8_t *bytes, size_t count, avpn_time now)
{
    struct head head;

    if (node == NULL || bytes == NULL)
        return AVPN_ERROR_ARGUMENT;
    if (count < PUNT_BYTES(0))
        return AVPN_ERROR_FORMAT;
    memcpy(&head, bytes, sizeof head);
    if (head.magic != PUNT_MAGIC + sizeof head || head.bytes > AVPN_PACKET_LIMIT ||
        count != PUNT_BYTES(head.bytes))
        return AVPN_ERROR_FORMAT;
    head.trouble.packet = bytes + sizeof head + AVPN_HEADROOM;
    head.trouble.bytes = head.bytes;
    if (!is_possible(&head.trouble))
        return AVPN_ERROR_FORMAT;
    avpni_lane_begin(&node->lane, now);
    avpni_node_trouble(node, &head.trouble);
    avpni_lane_end(&node->lane);
    avpni_node_flush(node, now);
    return AVPN_OK;
}

/* ---- life ---------------------------------------------------------------------------- */

static bool has_callbacks(const struct avpn_worker_host *host)
{
    return host->transmit != NULL && host->deliver != NULL && host->punt != NULL;
}

static void init_lane(struct avpn_worker *worker)
{
    struct avpni_lane *lane = &worker->lane;
    const struct avpn_worker_host *host = &worker->host;

    lane->plane = &worker->node->context.plane;
    lane->is_shared = true;
    lane->counters = worker->counters;
    lane->outbox = &worker->outbox;
    lane->owner = worker;
    lane->trouble = tell;
    avpni_runs_init(&lane->inner, host->user, host->deliver);
    avpni_runs_init(&lane->breakout, host->user, host->breakout);
}

static uint32_t count_workers(const struct avpn_node *node)
{
    uint32_t count = 0;

    for (const struct avpn_worker *worker = node->workers; worker != NULL; worker = worker->next)
        count++;
    return count;
}

int32_t avpn_worker_new(struct avpn_node *node, const struct avpn_worker_host *host,
                        struct avpn_worker **worker_out)
{
    struct avpn_host outbox_host = {.size = sizeof outbox_host};
    struct avpn_worker_host own;
    struct avpn_worker *worker;

    if (node == NULL || worker_out == NULL ||
        avpni_take(&own, sizeof own, host, AVPNI_FIRST_WORKER_HOST) != AVPN_OK ||
        !has_callbacks(&own))
        return AVPN_ERROR_ARGUMENT;
    if (node->context.hands_over)
        return AVPN_ERROR_STATE;
    if (count_workers(node) == AVPN_WORKERS)
        return AVPN_ERROR_LIMIT;
    worker = avpni_allocate(&node->context.memory, 1, sizeof *worker);
    if (worker == NULL)
        return AVPN_ERROR_MEMORY;
    worker->node = node;
    worker->host = own;
    outbox_host.user = own.user;
    outbox_host.transmit = own.transmit;
    if (avpni_outbox_init(&worker->outbox, &node->context.memory, &outbox_host) != AVPN_OK) {
        avpni_release(&node->context.memory, worker);
        return AVPN_ERROR_MEMORY;
    }
    init_lane(worker);
    avpni_reclaim_add_reader(&node->context.plane.reclaim, &worker->reader);
    worker->next = node->workers;
    node->workers = worker;
    node->lane.is_shared = true;
    *worker_out = worker;
    return AVPN_OK;
}

void avpn_worker_del(struct avpn_worker *worker)
{
    struct avpn_worker **place;
    struct avpn_node *node;

    if (worker == NULL)
        return;
    node = worker->node;
    for (place = &node->workers; *place != worker; place = &(*place)->next)
        ;
    *place = worker->next;
    node->lane.is_shared = node->workers != NULL;
    for (uint32_t i = 0; i < AVPN_COUNTERS; i++)
        node->gone[i] += avpni_tally_read(&worker->counters[i]);
    avpni_reclaim_remove_reader(&node->context.plane.reclaim, &worker->reader);
    avpni_outbox_fini(&worker->outbox);
    avpni_wipe(worker, sizeof *worker);
    avpni_release(&node->context.memory, worker);
}

uint64_t avpni_workers_counter(const struct avpn_node *node, enum avpn_counter counter)
{
    uint64_t sum = 0;

    for (const struct avpn_worker *worker = node->workers; worker != NULL; worker = worker->next)
        sum += avpni_tally_read(&worker->counters[counter]);
    return sum;
}

/* ---- the calls -------------------------------------------------------------------------- */

static void begin(struct avpn_worker *worker, avpn_time now)
{
    avpni_reclaim_enter(&worker->node->context.plane.reclaim, &worker->reader);
    avpni_lane_begin(&worker->lane, now);
}

static void end(struct avpn_worker *worker)
{
    avpni_lane_end(&worker->lane);
    avpni_lane_flush(&worker->lane);
    avpni_reclaim_leave(&worker->reader);
}

int32_t avpn_worker_receive(struct avpn_worker *worker, const struct avpn_datagrams *batch,
                            size_t count, avpn_time now)
{
    int32_t result = AVPN_OK;

    if (worker == NULL || (batch == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    begin(worker, now);
    for (size_t i = 0; i < count && result == AVPN_OK; i++) {
        if (avpni_lane_is_receivable(&batch[i]))
            avpni_lane_receive(&worker->lane, &batch[i]);
        else
            result = AVPN_ERROR_ARGUMENT;
    }
    end(worker);
    return result;
}

int32_t avpn_worker_send(struct avpn_worker *worker, const struct avpn_packets *batch, size_t count,
                         avpn_time now)
{
    int32_t result = AVPN_OK;

    if (worker == NULL || (batch == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    begin(worker, now);
    for (size_t i = 0; i < count && result == AVPN_OK; i++) {
        if (avpni_lane_is_sendable(&batch[i]))
            avpni_lane_send(&worker->lane, &batch[i]);
        else
            result = AVPN_ERROR_ARGUMENT;
    }
    end(worker);
    return result;
}
