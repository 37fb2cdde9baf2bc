/* SPDX-License-Identifier: ISC */
/*
 * site: a node, the thread of its engine, the threads of its workers, and what lies between: queues of datagrams for
 * each of them and one of punts. The network is a function: who transmits puts a copy into a queue of
 * the destination, of any of its threads by turns.
 *
 * Time is virtual and moves in steps (stage.h), so that however the machine schedules the threads, no probe comes too late. A
 * thread says that it is done with a step once it has handled all that lay in its queues when the step began.
 *
 * A worker is deleted while its thread stands still: the engine's thread asks it to, and lets it go again. Its queue waits.
 *
 * Each engine's heap is used by the engine's thread alone: counted without a lock, so that ThreadSanitizer tells of a worker
 * that allocates.
 */
#ifndef AUTOVPN_STRESS_SITE_H
#define AUTOVPN_STRESS_SITE_H

#include "bundles.h"
#include "flows.h"
#include "queue.h"
#include <autovpn/autovpn.h>
#include <pthread.h>
#include <stdatomic.h>

#define SITES MEMBERS
#define WORKERS 3
#define HUB 0u

enum lane_state { LANE_RUNS, LANE_ASKED, LANE_STANDS };

struct site;

/* The thread of one worker. */
struct lane {
    struct site *site;
    uint32_t number;
    struct avpn_worker *worker; /* belongs to the engine's thread while the lane stands, else to its own */
    struct queue datagrams;
    pthread_t thread;
    atomic_uint state, done; /* enum lane_state; the step it is done with */
    atomic_uint loops;
    uint64_t chance;
    uint64_t given, transmitted, delivered; /* read when it stands */
};

struct site {
    struct stage *stage;
    uint32_t number;
    struct avpn_contact contact;
    atomic_uint shift; /* its NAT adds so much to the port */
    struct avpn_node *node;
    struct lane lanes[WORKERS];
    struct queue datagrams, punts;
    pthread_t thread;
    atomic_uint done, loops, turn;
    atomic_uint lingers; /* somebody holds up a call until others have moved on */
    uint64_t chance;
    uint32_t version;          /* of the configuration it was given */
    uint32_t rekeyed, changed; /* steps */
    size_t live_bytes, live_blocks;
    uint64_t given, transmitted, delivered, punts_taken;
    atomic_uint punts_lost, datagrams_lost;
};

void site_begin(struct site *site, struct stage *stage, uint32_t number);
/* Its threads have ended. */
void site_end(struct site *site);
/* From here on its threads run until the stage says stop. */
void site_run(struct site *site);
void site_join(struct site *site);

/* From any thread. */
void site_post(struct site *site, const struct avpn_contact *source, const uint8_t *bytes, uint32_t count);

#endif
