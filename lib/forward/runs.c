/* SPDX-License-Identifier: ISC */
#include "forward/runs.h"

static struct avpn_packets run_of_one(uint8_t *packet, uint32_t bytes)
{
    struct avpn_packets run = {packet, 1, bytes, bytes, bytes};

    return run;
}

bool avpni_run_extend(struct avpn_packets *run, uint8_t *packet, uint32_t bytes)
{
    uint8_t *expected = run->data + (size_t)run->count * run->stride;

    if (run->last_bytes != run->bytes || bytes > run->bytes)
        return false; /* a shorter one was the last */
    if (run->count == 1 && packet > run->data + run->bytes - 1 &&
        (size_t)(packet - run->data) <= 2 * (size_t)AVPN_PACKET_LIMIT) {
        run->stride = (uint32_t)(packet - run->data);
        expected = packet;
    }
    if (packet != expected)
        return false;
    run->count++;
    run->last_bytes = bytes;
    return true;
}

void avpni_runs_init(struct avpni_runs *runs, void *user,
                     void (*take)(void *user, const struct avpn_packets *batch, size_t count))
{
    runs->count = 0;
    runs->is_open = false;
    runs->user = user;
    runs->take = take;
}

void avpni_runs_flush(struct avpni_runs *runs)
{
    if (runs->count > 0)
        runs->take(runs->user, runs->runs, runs->count);
    runs->count = 0;
    runs->is_open = false;
}

void avpni_runs_add(struct avpni_runs *runs, uint8_t *packet, uint32_t bytes)
{
    if (runs->is_open && avpni_run_extend(&runs->runs[runs->count - 1], packet, bytes))
        return;
    if (runs->count == AVPNI_RUNS)
        avpni_runs_flush(runs);
    runs->runs[runs->count++] = run_of_one(packet, bytes);
    runs->is_open = true;
}

void avpni_sealing_close(struct avpni_sealing *sealing, struct avpni_outbox *outbox)
{
    if (sealing->is_open)
        avpni_outbox_add_run(outbox, sealing->open.uplink, sealing->open.flags, &sealing->open.remote,
                             &sealing->open.packets);
    sealing->is_open = false;
}

void avpni_sealing_add(struct avpni_sealing *sealing, struct avpni_outbox *outbox,
                       const struct avpni_way *way, uint32_t flags, uint8_t *packet,
                       uint32_t bytes)
{
    if (sealing->is_open && sealing->way == way && sealing->open.flags == flags &&
        avpni_run_extend(&sealing->open.packets, packet, bytes))
        return;
    avpni_sealing_close(sealing, outbox);
    sealing->way = way;
    sealing->open.uplink = way->uplink;
    sealing->open.flags = flags;
    sealing->open.remote = way->contact;
    sealing->open.packets = run_of_one(packet, bytes);
    sealing->is_open = true;
}
