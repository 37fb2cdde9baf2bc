/* SPDX-License-Identifier: ISC */
/*
 * outbox: collects the datagrams that one call of an engine sends, and hands them to the
 * host's transmit seam in batches. It flushes itself when it is full, so nothing is ever lost
 * here; an engine flushes at the end of each of its calls.
 *
 *     uint8_t *bytes = avpni_outbox_reserve(&outbox, 80);
 *     ...write 80 bytes...
 *     avpni_outbox_commit(&outbox, uplink, &remote, 80);
 *     avpni_outbox_flush(&outbox);
 */
#ifndef AVPNI_FORWARD_OUTBOX_H
#define AVPNI_FORWARD_OUTBOX_H

#include "base/memory.h"
#include <autovpn/batch.h>

#define AVPNI_OUTBOX_BYTES 65536 /* of control messages between two flushes */
#define AVPNI_OUTBOX_RUNS 256    /* datagram runs between two flushes */

struct avpni_outbox {
    struct avpni_memory memory;
    void *user;
    void (*transmit)(void *user, const struct avpn_datagrams *batch, size_t count);
    uint8_t *bytes;
    struct avpn_datagrams *runs;
    uint32_t used;        /* of bytes */
    uint32_t count;       /* of runs */
    uint64_t transmitted; /* datagrams, since init */
};

/* AVPN_ERROR_ARGUMENT: the host has no transmit; AVPN_ERROR_MEMORY. */
int32_t avpni_outbox_init(struct avpni_outbox *outbox, const struct avpni_memory *memory,
                          const struct avpn_host *host);
void avpni_outbox_fini(struct avpni_outbox *outbox);
/*
 * Room for one datagram of at most AVPNI_OUTBOX_BYTES, never NULL, valid until the next call. May
 * flush.
 */
uint8_t *avpni_outbox_reserve(struct avpni_outbox *outbox, size_t size);
/* Send what was written at the place reserved last. `size` is at most what was reserved. */
void avpni_outbox_commit(struct avpni_outbox *outbox, uint32_t uplink,
                         const struct avpn_contact *remote, size_t size);
/* AVPN_DATAGRAMS_* of the one committed last. */
void avpni_outbox_set_flags(struct avpni_outbox *outbox, uint32_t flags);
/* Send a run whose bytes are the caller's: borrowed until the next flush. `flags`: AVPN_DATAGRAMS_*. */
void avpni_outbox_add_run(struct avpni_outbox *outbox, uint32_t uplink, uint32_t flags,
                          const struct avpn_contact *remote, const struct avpn_packets *packets);
void avpni_outbox_flush(struct avpni_outbox *outbox);
/* Bytes on the heap. */
size_t avpni_outbox_footprint(const struct avpni_outbox *outbox);

#endif
