/* SPDX-License-Identifier: ISC */
/*
 * stage: what all threads share: virtual time, what may happen now, sites, the registry, and what went wrong. The conductor
 * moves time one step on when every thread is done with the last one.
 */
#ifndef AUTOVPN_STRESS_STAGE_H
#define AUTOVPN_STRESS_STAGE_H

#include "site.h"

#define STEP (30 * AVPN_MILLISECOND)

enum mood {
    MOOD_QUIET,  /* no packets of ours */
    MOOD_CALM,   /* packets, and nothing else happens */
    MOOD_GENTLE, /* changes that lose nothing */
    MOOD_WILD    /* anything */
};

struct stage {
    struct bundles bundles;
    struct site sites[SITES];
    struct avpn_registry *registry;
    struct queue for_registry;
    pthread_t registry_thread;
    atomic_uint registry_done;
    _Atomic avpn_time now;
    atomic_uint step, mood;
    atomic_uint rekey; /* the step in which all are to change keys */
    atomic_bool stops;
    atomic_uint failures, lingered;
};

void stage_fail(struct stage *stage, uint32_t site, const char *what);
/* A datagram from somewhere to somewhere. */
void stage_carry(struct stage *stage, const struct avpn_contact *source, const struct avpn_contact *to,
                 const uint8_t *bytes, uint32_t count, uint64_t *chance);
uint32_t stage_random(uint64_t *state, uint32_t below);
void stage_nap(void);
/* A thread with the same stack everywhere: musl's own, 128 KiB, is less than a batch of packets takes. */
void stage_thread(pthread_t *thread_out, void *(*body)(void *), void *user);

#endif
