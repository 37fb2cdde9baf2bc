/* SPDX-License-Identifier: ISC */
/*
 * registry_session: a session with a registry, seen from the other end: keys and counters of what a Register
 * Response set up. Seals and opens; knows nothing of what the bodies mean. Spec: [REG-1], [REG-2].
 */
#ifndef AVPNI_LINK_REGISTRY_SESSION_H
#define AVPNI_LINK_REGISTRY_SESSION_H

#include "forward/outbox.h"
#include "wire/message.h"

struct avpni_registry_session {
    bool is_established;
    uint32_t slot;
    uint64_t generation;
    uint8_t key[32];
    uint8_t token[16]; /* zero: used up */
    uint64_t sent;     /* last counter used */
    uint64_t highest;  /* highest counter received */
};

/* Replaces whatever there was. */
void avpni_registry_session_begin(struct avpni_registry_session *session,
                                  const struct avpni_register_response *response);
/* Seal a body into the outbox, towards `remote`. */
void avpni_registry_session_send(struct avpni_registry_session *session,
                                 struct avpni_outbox *outbox, uint32_t uplink,
                                 const struct avpn_contact *remote, const uint8_t *body,
                                 size_t count);
/* The body's length, or 0: not of this session, replayed, or not genuine. `body_out` is untouched then. */
size_t avpni_registry_session_open(struct avpni_registry_session *session, const uint8_t *bytes,
                                   size_t count, uint8_t body_out[AVPNI_SESSION_BODY_LIMIT]);

#endif
