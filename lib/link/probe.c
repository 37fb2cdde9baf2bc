/* SPDX-License-Identifier: ISC */
#include "link/probe.h"

#include "base/map.h"
#include "crypto/box.h"
#include "link/path.h"
#include "link/peer.h"
#include "link/tunnel.h"
#include <string.h>

/* The low 32 bits of a moment in microseconds: wraps after 71 minutes, far beyond a probe's life. */
static uint32_t microseconds(avpn_time at)
{
    return (uint32_t)((uint64_t)at / 1000);
}

static uint64_t transaction_of(const struct avpni_context *context, uint32_t uplink,
                               const struct avpn_contact *contact, uint32_t sent_us)
{
    uint8_t text[28];
    struct avpni_writer w = avpni_writer(text, sizeof text);

    avpni_write_u32(&w, sent_us);
    avpni_write_u32(&w, uplink);
    avpni_contact_write_fixed(&w, contact);
    return (uint64_t)sent_us << 32 |
           (avpni_siphash(context->secret, text, sizeof text) & 0xFFFFFFFFu);
}

avpn_time avpni_probe_sent_at(const struct avpni_peer *peer, uint32_t uplink,
                              const struct avpn_contact *contact, uint64_t transaction,
                              avpn_time now)
{
    uint32_t sent_us = (uint32_t)(transaction >> 32);
    uint32_t age_us = microseconds(now) - sent_us;
    /* Whole microseconds, so that one transaction always means one moment: a replay is no news. */
    avpn_time sent_at = now / 1000 * 1000 - (avpn_span)age_us * 1000;

    if (transaction != transaction_of(peer->context, uplink, contact, sent_us))
        return -1;
    if (age_us > (uint32_t)(AVPNI_PROBE_TIMEOUT / 1000))
        return -1;
    return sent_at < 0 ? 0 : sent_at;
}

/* Seal and hand over one probe. The peer's path statistics go into every one. */
static bool send_probe(struct avpni_peer *peer, uint32_t uplink, const struct avpn_contact *to,
                       struct avpni_probe *probe)
{
    struct avpni_context *context = peer->context;
    struct avpni_path *path = NULL;
    uint8_t body[AVPNI_PROBE_BODY_BYTES], nonce[AVPNI_XNONCE_BYTES];
    uint8_t *bytes;

    if (avpni_random_fill(&context->random, nonce, sizeof nonce) != AVPN_OK) {
        avpni_count(context, AVPN_DROP_RANDOM);
        return false;
    }
    probe->uplink = (uint8_t)uplink;
    if (probe->remote_uplink < AVPN_UPLINKS)
        path = peer->paths[uplink * AVPN_UPLINKS + probe->remote_uplink];
    if (path != NULL) {
        probe->sent = path->probes_sent;
        probe->received = path->probes_answered;
    }
    avpni_tunnel_fill_probe(peer, probe);
    avpni_probe_body_write(body, probe);
    bytes = avpni_outbox_reserve(&context->outbox, AVPNI_PROBE_BYTES);
    if (bytes == NULL)
        return false;
    avpni_probe_head_write(bytes, peer->send_tag, nonce);
    avpni_xaead_seal(bytes + AVPNI_PROBE_SEALED, body, sizeof body, bytes, AVPNI_PROBE_NONCE, nonce,
                     peer->send_probe_key); /* [PRB-1] */
    avpni_outbox_commit(&context->outbox, uplink, to, AVPNI_PROBE_BYTES);
    return true;
}

bool avpni_probe_request(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                         const struct avpn_contact *contact, avpn_time now)
{
    struct avpni_probe probe = {0};

    probe.kind = AVPNI_PROBE_REQUEST;
    probe.remote_uplink = (uint8_t)remote_uplink;
    probe.transaction = transaction_of(peer->context, uplink, contact, microseconds(now));
    return send_probe(peer, uplink, contact, &probe);
}

bool avpni_probe_respond(struct avpni_peer *peer, uint32_t uplink,
                         const struct avpn_contact *source, const struct avpni_probe *request)
{
    struct avpni_probe probe = {0};

    probe.kind = AVPNI_PROBE_RESPONSE;
    probe.remote_uplink = request->uplink;
    probe.transaction = request->transaction;
    probe.observed = *source;
    return send_probe(peer, uplink, source, &probe);
}

bool avpni_probe_open(const struct avpni_peer *peer, uint8_t bytes[AVPNI_PROBE_BYTES],
                      struct avpni_probe *probe_out)
{
    uint8_t body[AVPNI_PROBE_BODY_BYTES];

    return avpni_xaead_open(body, bytes + AVPNI_PROBE_SEALED,
                            AVPNI_PROBE_BYTES - AVPNI_PROBE_SEALED, bytes, AVPNI_PROBE_NONCE,
                            bytes + AVPNI_PROBE_NONCE, peer->receive_probe_key) &&
           avpni_probe_body_read(body, probe_out);
}
