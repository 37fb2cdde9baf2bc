/* SPDX-License-Identifier: ISC */
/*
 * sync: how a node gets the next configuration: it hears which version each registry serves, fetches the update from one of
 * them part by part, and hands it up when it is whole. States: doc/protocol.md 7.6. Spec: [SYN-1], [SYN-4] to [SYN-6].
 *
 * Nothing a registry says is believed here: versions decide who is asked, and what becomes of an update is for the
 * owner to say (`take`). A registry that fails is asked again only later, and last.
 *
 * Life: init -> hold, and again whenever the configuration changes -> hear, part, for what registries say -> fini.
 */
#ifndef AVPNI_LINK_SYNC_H
#define AVPNI_LINK_SYNC_H

#include "link/context.h"

enum avpni_sync_state {
    AVPNI_SYNC_IDLE = 0,
    AVPNI_SYNC_WAITING,  /* somebody offers more, but nobody who does can be asked now */
    AVPNI_SYNC_FETCHING,
    AVPNI_SYNC_COMPLETE  /* all parts are there, the owner gets them at once */
};

/* What became of an update. */
enum avpni_sync_verdict {
    AVPNI_SYNC_TAKEN,
    AVPNI_SYNC_BROKEN, /* it does not apply, or the slice does not verify */
    AVPNI_SYNC_OLDER,  /* genuine, but nothing new: not what was announced */
    AVPNI_SYNC_REFUSED, /* genuine, and newer, but not for this node to take */
    AVPNI_SYNC_FAILED  /* nobody's fault but ours: no memory */
};

struct avpni_sync_seams {
    void *owner;
    /* Send a Sync to a registry; false: no uplink is registered with it. */
    bool (*ask)(void *owner, uint32_t registry, const struct avpni_sync *sync);
    /* A whole update from `base` (0: none), borrowed until return. May call avpni_syncer_hold and _forget. */
    enum avpni_sync_verdict (*take)(void *owner, uint64_t base, const uint8_t *update, size_t bytes,
                                    avpn_time now);
};

/* What is known about one registry. */
struct avpni_source {
    uint64_t version; /* what it says it serves; 0: it has not said */
    avpn_time behind_since; /* AVPN_TIME_NEVER: it is not */
    avpn_time blocked_until;
    avpn_span penalty; /* for its last failure; 0: none since it delivered */
};

/* Parts before `window` are all there; of the window, those with a bit in `arrived`. */
struct avpni_transfer {
    uint64_t base, version; /* version 0: there is none */
    uint32_t size;          /* of the update in bytes; 0: no part has told */
    uint32_t window;
    uint16_t arrived;
    uint8_t registry;       /* the one that is asked */
    uint8_t givers;         /* bit per registry that gave a part */
    uint8_t silences;       /* since the last window was complete */
    bool is_second;         /* once more, from `registry` alone and from base 0 [SYN-5] */
    uint8_t *bytes;
    uint32_t capacity;
};

struct avpni_syncer {
    struct avpni_context *context;
    struct avpni_sync_seams seams;
    struct avpni_timer timer;
    uint8_t state; /* enum avpni_sync_state */
    uint8_t first; /* the registry that is asked first, all else being equal */
    uint64_t held;  /* version in force, the base of updates; 0: none */
    uint64_t floor; /* only what is higher is wanted */
    avpn_time held_since;
    uint32_t source_count;
    struct avpni_source sources[AVPN_REGISTRIES];
    struct avpni_transfer transfer;
};

/* AVPN_ERROR_MEMORY. */
int32_t avpni_syncer_init(struct avpni_syncer *syncer, struct avpni_context *context,
                          const struct avpni_sync_seams *seams);
void avpni_syncer_fini(struct avpni_syncer *syncer);

/* `held` is in force now; what is not above `floor` is not wanted. */
void avpni_syncer_hold(struct avpni_syncer *syncer, uint64_t held, uint64_t floor, avpn_time now);
/* There are `count` other registries now. */
void avpni_syncer_forget(struct avpni_syncer *syncer, uint32_t count, avpn_time now);
/* A registry says, in a Register Response or an Ack, which version it serves. */
void avpni_syncer_hear(struct avpni_syncer *syncer, uint32_t registry, uint64_t version,
                       avpn_time now);
void avpni_syncer_part(struct avpni_syncer *syncer, uint32_t registry,
                       const struct avpni_part *part, const uint8_t *bytes, avpn_time now);

/* The highest version any registry speaks of; 0: none. */
uint64_t avpni_syncer_offered(const struct avpni_syncer *syncer);
/* Bytes that are there, of how many; 0 of 0: nothing is under way. */
void avpni_syncer_progress(const struct avpni_syncer *syncer, uint32_t *received_out,
                           uint32_t *total_out);

#endif
