/* SPDX-License-Identifier: ISC */
/*
 * signing: the next bundle, signed with as few keys as will do: root keys are opened only when the charter changes.
 */
#ifndef ADMIN_SIGNING_H
#define ADMIN_SIGNING_H

#include "admin/desk.h"
#include "admin/keys.h"

/*
 * Sign the desk's configuration as its state's next version, valid until `expires`. The bundle is the caller's, to be freed. Does not
 * change the state. 0, or the exit status after a complaint.
 */
int signing_run(const struct desk *desk, struct key_ring *ring, int64_t now, int64_t expires,
                uint8_t **bundle_out, size_t *count_out);

/*
 * A signing key of the charter in force, for sessions with registries. Returns its number in the charter, 255 if there is none to
 * be had, -1 after a complaint.
 */
int signing_session_key(const struct desk *desk, struct key_ring *ring, struct avpn_key *seed_out);

/* Those in force, as far as is known; where the state was lost, those whose files are there. */
void signing_set(const struct desk *desk, const struct key_ring *ring, struct key_set *set_out);

#endif
