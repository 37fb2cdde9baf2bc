/* SPDX-License-Identifier: ISC */
/*
 * outbox: see outbox.h. Owns a byte arena, used from the front, and an array of runs, which
 * point into the arena or to the caller's memory. A flush empties both.
 */
#include "forward/outbox.h"

#include <assert.h>

int32_t avpni_outbox_init(struct avpni_outbox *outbox, const struct avpni_memory *memory,
                          const struct avpn_host *host)
{
    if (host == NULL || host->transmit == NULL) {
        return AVPN_ERROR_ARGUMENT;
    }
    struct avpni_outbox fresh = {
        .memory = *memory, .user = host->user, .transmit = host->transmit};

    fresh.bytes = avpni_allocate(memory, 1, AVPNI_OUTBOX_BYTES);
    fresh.runs = avpni_allocate(memory, AVPNI_OUTBOX_RUNS, sizeof *fresh.runs);
    if (fresh.bytes == NULL || fresh.runs == NULL) {
        avpni_outbox_fini(&fresh);
        return AVPN_ERROR_MEMORY;
    }
    *outbox = fresh;
    return AVPN_OK;
}

void avpni_outbox_fini(struct avpni_outbox *outbox)
{
    avpni_release(&outbox->memory, outbox->bytes);
    avpni_release(&outbox->memory, outbox->runs);
    outbox->bytes = NULL;
    outbox->runs = NULL;
    outbox->used = 0;
    outbox->count = 0;
}

uint8_t *avpni_outbox_reserve(struct avpni_outbox *outbox, size_t size)
{
    assert(size <= AVPNI_OUTBOX_BYTES);
    if (outbox->count == AVPNI_OUTBOX_RUNS || size > AVPNI_OUTBOX_BYTES - outbox->used) {
        avpni_outbox_flush(outbox);
    }
    return outbox->bytes + outbox->used;
}

void avpni_outbox_commit(struct avpni_outbox *outbox, uint32_t uplink,
                         const struct avpn_contact *remote, size_t size)
{
    assert(size >= 1 && size <= AVPNI_OUTBOX_BYTES - outbox->used);
    uint32_t bytes = (uint32_t)size;

    outbox->runs[outbox->count++] = (struct avpn_datagrams){
        .uplink = uplink,
        .remote = *remote,
        .packets = {.data = outbox->bytes + outbox->used,
                    .count = 1,
                    .bytes = bytes,
                    .last_bytes = bytes,
                    .stride = bytes},
    };
    outbox->used += bytes;
    outbox->transmitted++;
}

void avpni_outbox_set_flags(struct avpni_outbox *outbox, uint32_t flags)
{
    assert(outbox->count > 0);
    outbox->runs[outbox->count - 1].flags = flags;
}

void avpni_outbox_add_run(struct avpni_outbox *outbox, uint32_t uplink, uint32_t flags,
                          const struct avpn_contact *remote, const struct avpn_packets *packets)
{
    if (outbox->count == AVPNI_OUTBOX_RUNS) {
        avpni_outbox_flush(outbox);
    }
    outbox->runs[outbox->count++] =
        (struct avpn_datagrams){.uplink = uplink,
                                .flags = flags,
                                .remote = *remote,
                                .packets = *packets};
    outbox->transmitted += packets->count;
}

void avpni_outbox_flush(struct avpni_outbox *outbox)
{
    if (outbox->count == 0) {
        return;
    }
    outbox->transmit(outbox->user, outbox->runs, outbox->count);
    outbox->count = 0;
    outbox->used = 0;
}

size_t avpni_outbox_footprint(const struct avpni_outbox *outbox)
{
    return outbox->bytes != NULL
               ? AVPNI_OUTBOX_BYTES + AVPNI_OUTBOX_RUNS * sizeof *outbox->runs
               : 0;
}
