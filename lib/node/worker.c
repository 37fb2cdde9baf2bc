/* SPDX-License-Identifier: ISC */
/* worker: see autovpn/worker.h. */
#include <autovpn/worker.h>

#include "node/node.h"
#include <string.h>

struct avpn_worker {
    struct avpn_node *node;
    struct avpn_worker_host host;
    uint8_t punt[AVPN_PUNT_LIMIT];
};

struct head {
    uint32_t magic, is_datagram, uplink, bytes;
    struct avpn_contact source;
};
#define MAGIC 0x61767075u

int32_t avpn_worker_new(struct avpn_node *node, const struct avpn_worker_host *host,
                        struct avpn_worker **worker_out)
{
    struct avpn_worker *worker = avpni_allocate(&node->context.memory, 1, sizeof *worker);

    if (worker == NULL)
        return AVPN_ERROR_MEMORY;
    worker->node = node;
    worker->host = *host;
    *worker_out = worker;
    return AVPN_OK;
}

void avpn_worker_del(struct avpn_worker *worker)
{
    if (worker != NULL)
        avpni_release(&worker->node->context.memory, worker);
}

static void punt(struct avpn_worker *worker, const struct head *head, const uint8_t *bytes)
{
    memcpy(worker->punt, head, sizeof *head);
    memcpy(worker->punt + sizeof *head + AVPN_HEADROOM, bytes, head->bytes);
    worker->host.punt(worker->host.user, worker->punt,
                      sizeof *head + AVPN_HEADROOM + head->bytes + AVPN_TAILROOM);
}

int32_t avpn_worker_receive(struct avpn_worker *worker, const struct avpn_datagrams *batch,
                            size_t count, avpn_time now)
{
    (void)now;
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].packets.count; k++) {
            const struct avpn_packets *run = &batch[i].packets;
            struct head head = {MAGIC, 1, batch[i].uplink,
                                k + 1 < run->count ? run->bytes : run->last_bytes, batch[i].remote};

            punt(worker, &head, run->data + (size_t)k * run->stride);
        }
    return AVPN_OK;
}

int32_t avpn_worker_send(struct avpn_worker *worker, const struct avpn_packets *batch, size_t count,
                         avpn_time now)
{
    (void)now;
    for (size_t i = 0; i < count; i++)
        for (uint32_t k = 0; k < batch[i].count; k++) {
            struct head head = {MAGIC, 0, 0,
                                k + 1 < batch[i].count ? batch[i].bytes : batch[i].last_bytes, {0}};

            punt(worker, &head, batch[i].data + (size_t)k * batch[i].stride);
        }
    return AVPN_OK;
}

int32_t avpn_node_take_punt(struct avpn_node *node, uint8_t *bytes, size_t count, avpn_time now)
{
    struct avpn_packets run = {0};
    struct avpn_datagrams datagrams = {0};
    struct head head;

    if (count < sizeof head)
        return AVPN_ERROR_FORMAT;
    memcpy(&head, bytes, sizeof head);
    if (head.magic != MAGIC || count != sizeof head + AVPN_HEADROOM + head.bytes + AVPN_TAILROOM)
        return AVPN_ERROR_FORMAT;
    run.data = bytes + sizeof head + AVPN_HEADROOM;
    run.count = 1;
    run.bytes = run.last_bytes = run.stride = head.bytes;
    if (!head.is_datagram)
        return avpn_node_send(node, &run, 1, now);
    datagrams.uplink = head.uplink;
    datagrams.remote = head.source;
    datagrams.packets = run;
    return avpn_node_receive(node, &datagrams, 1, now);
}
