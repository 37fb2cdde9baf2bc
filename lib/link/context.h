/* SPDX-License-Identifier: ISC */
/*
 * context: what all state machines of one node share: the host's seams, timers, the way out,
 * counters, identity, uplinks - and the few calls by which they tell the node above
 * what happened. The node owns it and outlives everything that points to it.
 */
#ifndef AVPNI_LINK_CONTEXT_H
#define AVPNI_LINK_CONTEXT_H

#include "base/memory.h"
#include "base/random.h"
#include "base/text.h"
#include "base/timer.h"
#include "crypto/aead.h"
#include "link/events.h"
#include "forward/outbox.h"
#include "forward/plane.h"
#include "link/psk.h"
#include "wire/message.h"
#include <autovpn/node.h>

struct avpni_peer;
struct avpni_session;

struct avpni_uplink {
    bool is_up;
    uint8_t nat; /* enum avpn_nat_kind */
    struct avpn_contact local;
    struct avpn_contact evidence[2];
    struct avpn_contact observed; /* the newest answer of any registry */
    uint32_t mtu_bytes;           /* as the host told, or 1500 */
};

struct avpni_context {
    struct avpn_host host;
    struct avpni_memory memory;
    struct avpni_random random;
    struct avpni_timers timers;
    struct avpni_outbox outbox;
    struct avpni_events events;
    uint64_t jitter;
    struct avpni_tally counters[AVPN_COUNTERS];
    struct avpni_plane plane;
    bool hands_over; /* packets are the host's (link/handover.h) */
    struct avpni_peer *touched; /* peers whose gates are not up to date (link/peer.h) */

    struct avpn_key_pair identity;
    struct avpn_key organization;
    uint8_t secret[16];        /* of transactions [PRB-2] */
    avpn_span purge_after;

    struct avpni_psks psks;
    uint64_t config_version;
    bool is_claiming; /* as long as there is no configuration (link/claim.h) */
    struct avpni_claim_request claim;
    const struct avpn_aead *aeads[AVPNI_AEAD_SUITES]; /* by suite; NULL: not available here */
    uint8_t suites[AVPN_SUITES]; /* allowed and available here, in order, zero-padded */

    uint64_t offers;     /* of own exports, bit by place, ones beyond them [PRB-14] */
    uint32_t site_check; /* of the own site, 0 without a configuration */

    struct avpni_uplink uplinks[AVPN_UPLINKS];
    uint8_t faults[AVPN_REGISTRIES]; /* bit 1 << enum avpn_registry_fault (link/fault.h) */
    uint32_t live_paths;

    void *owner;
    /* What a peer is as a next hop has changed: enum avpn_hop_state [RTE-7]. */
    void (*hop_changed)(void *owner, struct avpni_peer *peer, uint32_t state, avpn_time now);
    /* A peer offers other exports than before: peer->offers [RTE-8]. */
    void (*offers_changed)(void *owner, struct avpni_peer *peer, avpn_time now);
    /* A registry told about a member's uplink. */
    void (*entry_learned)(void *owner, uint32_t registry, const struct avpni_entry *entry,
                          avpn_time now);
    /* A registry said which version it serves, or sent a part of an update (link/sync.h). */
    void (*version_heard)(void *owner, uint32_t registry, uint64_t version, avpn_time now);
    void (*part_received)(void *owner, uint32_t registry, const struct avpni_part *part,
                          const uint8_t *bytes, avpn_time now);
    /* A registry answered, or none does: judge the NAT again. */
    void (*uplink_observed)(void *owner, uint32_t uplink, avpn_time now);
};

static inline void avpni_count(struct avpni_context *context, enum avpn_counter counter)
{
    avpni_tally_add(&context->counters[counter], 1);
}

/* A line for a person: what no event tells. */
static inline void avpni_log(const struct avpni_context *context, enum avpn_log_level level,
                             const struct avpni_text *text)
{
    if (context->host.log != NULL)
        context->host.log(context->host.user, level, text->bytes);
}

/* An event with the common fields filled in. */
static inline struct avpn_event avpni_event(uint32_t kind, uint32_t state, avpn_time now)
{
    struct avpn_event event = {0};

    event.kind = kind;
    event.state = state;
    event.at = now;
    return event;
}

#endif
