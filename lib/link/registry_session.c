/* SPDX-License-Identifier: ISC */
/* registry_session: see registry_session.h. */
#include "link/registry_session.h"

#include "base/memory.h"
#include "crypto/box.h"
#include <string.h>

void avpni_registry_session_begin(struct avpni_registry_session *session,
                                  const struct avpni_register_response *response)
{
    avpni_wipe(session, sizeof *session);
    session->is_established = true;
    session->slot = response->slot;
    session->generation = response->generation;
    memcpy(session->key, response->key, sizeof session->key);
    memcpy(session->token, response->token, sizeof session->token);
}

void avpni_registry_session_send(struct avpni_registry_session *session,
                                 struct avpni_outbox *outbox, uint32_t uplink,
                                 const struct avpn_contact *remote, const uint8_t *body,
                                 size_t count)
{
    uint32_t size = (uint32_t)(AVPNI_SESSION_OVERHEAD + count);
    uint8_t *bytes = avpni_outbox_reserve(outbox, size);
    struct avpni_session_head head;
    uint8_t nonce[12];

    if (bytes == NULL)
        return;
    head.slot = session->slot;
    head.generation = session->generation;
    head.counter = ++session->sent;
    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_REGISTRY, head.counter);
    avpni_aead_seal(bytes + AVPNI_SESSION_BODY, body, count, bytes, AVPNI_SESSION_BODY, nonce,
                    session->key);
    avpni_outbox_commit(outbox, uplink, remote, size);
}

size_t avpni_registry_session_open(struct avpni_registry_session *session, const uint8_t *bytes,
                                   size_t count, uint8_t body_out[AVPNI_SESSION_BODY_LIMIT])
{
    struct avpni_session_head head;
    uint8_t nonce[12];

    avpni_session_head_read(bytes, &head);
    if (!session->is_established || head.slot != session->slot ||
        head.generation != session->generation || head.counter <= session->highest ||
        count - AVPNI_SESSION_OVERHEAD > AVPNI_SESSION_BODY_LIMIT)
        return 0; /* [REG-2] */
    avpni_session_nonce(nonce, AVPNI_TO_NODE, head.counter);
    if (!avpni_aead_open(body_out, bytes + AVPNI_SESSION_BODY, count - AVPNI_SESSION_BODY, bytes,
                         AVPNI_SESSION_BODY, nonce, session->key))
        return 0;
    session->highest = head.counter;
    return count - AVPNI_SESSION_OVERHEAD;
}
