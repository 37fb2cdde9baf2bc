/* SPDX-License-Identifier: ISC */
/*
 * changes: the last events of the registry, numbered, for whoever follows it at the control socket.
 *
 * Who follows asks for what came after the number it has seen, as often as it likes; nothing is kept for it, and any number
 * may follow. Numbers begin at 1 with each start of the daemon; `CHANGES_KEPT` are kept, and an answer tells how many of those asked for are
 * no longer there. Who was told of a loss, or sees that the daemon started anew, asks for the state as it is and goes on from there.
 */
#ifndef REGISTRY_CHANGES_H
#define REGISTRY_CHANGES_H

#include <jansson.h>

#include <autovpn/registry.h>

#define CHANGES_KEPT 1024
#define CHANGES_ANSWER 256 /* of one answer, so that it stays small */

struct change {
    uint64_t number; /* from 1 */
    int64_t at_ms; /* since 1970 UTC */
    struct avpn_key organization;
    struct avpn_event event;
    uint64_t version; /* AVPN_EVENT_PUBLISHED: what is served */
};

struct changes {
    uint64_t last; /* number of the newest; 0: none yet */
    struct change kept[CHANGES_KEPT]; /* a ring, by number */
};

/* Note an event of the organization of that id. */
void changes_note(struct changes *changes, const struct avpn_registry *registry,
                  const struct avpn_key *organization, const struct avpn_event *event,
                  int64_t at_ms);
/* {"last": N, "missed": N, "changes": [...]} of those after number `after`, a new reference. */
json_t *changes_after(const struct changes *changes, uint64_t after);

#endif
