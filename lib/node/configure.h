/* SPDX-License-Identifier: ISC */
/*
 * configure: how a configuration is taken: verified, compared with what is held, applied by difference, kept - and undone
 * when it turns out to cut the node off. Every configuration comes this way: from the store, from the host, from registries.
 *
 * On trial means: what was in force before is still at hand (`fallback`), because the node was connected under it and
 * has not yet been connected under the new one for `undo_after` without a break. A trial that begins with a
 * restart (the store's mark says so) ends the same way. Spec: [CFG-5], [CFG-6], [CFG-10] to [CFG-12].
 *
 *     taken -> on trial -> connected for undo_after -> stands
 *                       -> cut off for undo_after   -> undone -> after 10, 20, 40 min ... 1 day: on trial again
 */
#ifndef AVPNI_NODE_CONFIGURE_H
#define AVPNI_NODE_CONFIGURE_H

#include "link/sync.h"
#include "node/slices.h"

struct avpni_configure {
    uint64_t highest;             /* version ever taken: only what is above it is */
    struct avpni_slice current;   /* in force, the base of updates */
    struct avpni_slice fallback;  /* on trial: what an undoing brings back; else none */
    struct avpni_slice undone;    /* waits for its next trial; else none */
    struct avpni_slices slices;   /* the store */
    struct avpni_timer timer;     /* on trial each second; undone: the next trial */
    avpn_span undo_after;         /* 0: never */
    avpn_time connected_since, cut_since; /* on trial; AVPN_TIME_NEVER: is not */
    avpn_span retry_span;         /* before the trial that is under way, or is next; 0: it is the first */
};

/*
 * The first configuration: the newest that is stored, and the bundle of the options if that is newer; without either the
 * node joins with its token. Errors as avpn_node_new. Fini also after an error.
 */
int32_t avpni_configure_init(struct avpn_node *node, const struct avpn_node_options *options,
                             avpn_time now);
void avpni_configure_fini(struct avpn_node *node);
/* An update has arrived, from the configuration in force or from `base` 0. */
enum avpni_sync_verdict avpni_configure_update(struct avpn_node *node, uint64_t base,
                                               const uint8_t *update, size_t bytes, avpn_time now);

#endif
