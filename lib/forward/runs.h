/* SPDX-License-Identifier: ISC */
/*
 * runs: packets one after the other become runs (autovpn/batch.h) again, so that what came in as
 * one segmented buffer goes out as one. A run is closed when a packet does not fit its
 * pattern, and at the end of each input run, since then another buffer begins.
 */
#ifndef AVPNI_FORWARD_RUNS_H
#define AVPNI_FORWARD_RUNS_H

#include "forward/gate.h"
#include "forward/outbox.h"
#include <autovpn/host.h>
#include <stdbool.h>

#define AVPNI_RUNS 64

/* Inner packets for the host. They lie in the caller's buffers until they are flushed. */
struct avpni_runs {
    struct avpn_packets runs[AVPNI_RUNS];
    uint32_t count;
    bool is_open; /* the last one may grow */
    void *user;
    void (*take)(void *user, const struct avpn_packets *batch, size_t count);
};

/* Extend `run` by a packet if it fits the pattern. */
bool avpni_run_extend(struct avpn_packets *run, uint8_t *packet, uint32_t bytes);

/* `take`: the host's seam they go to. */
void avpni_runs_init(struct avpni_runs *runs, void *user,
                     void (*take)(void *user, const struct avpn_packets *batch, size_t count));
void avpni_runs_add(struct avpni_runs *runs, uint8_t *packet, uint32_t bytes);
void avpni_runs_flush(struct avpni_runs *runs);

/* Sealed packets that leave by one way; at most one run is open. */
struct avpni_sealing {
    struct avpn_datagrams open;
    const struct avpni_way *way; /* of the open run */
    bool is_open;
};

/* `flags`: AVPN_DATAGRAMS_* */
void avpni_sealing_add(struct avpni_sealing *sealing, struct avpni_outbox *outbox,
                       const struct avpni_way *way, uint32_t flags, uint8_t *packet,
                       uint32_t bytes);
void avpni_sealing_close(struct avpni_sealing *sealing, struct avpni_outbox *outbox);

#endif
