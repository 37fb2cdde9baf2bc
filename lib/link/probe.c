/* SPDX-License-Identifier: ISC */
#include "link/probe.h"

#include "base/map.h"
#include "crypto/box.h"
#include "link/path.h"
#include "link/peer.h"
#include "link/tunnel.h"
#include <assert.h>
#include <string.h>

/* The low 32 bits of a moment in microseconds: wraps after 71 minutes, far beyond a probe's life. */
static uint32_t microseconds(avpn_time at)
{
    return (uint32_t)((uint64_t)at / 1000);
}

static uint64_t transaction_of(const struct avpni_context *context, uint32_t uplink,
                               const struct avpn_contact *contact, uint32_t size,
                               uint32_t sent_us)
{
    uint8_t text[32];
    struct avpni_writer w = avpni_writer(text, sizeof text);

    avpni_write_u32(&w, sent_us);
    avpni_write_u32(&w, uplink);
    avpni_write_u32(&w, size);
    avpni_contact_write_fixed(&w, contact);
    return (uint64_t)sent_us << 32 |
           (avpni_siphash(context->secret, text, sizeof text) & 0xFFFFFFFFu);
}

avpn_time avpni_probe_sent_at(const struct avpni_peer *peer, uint32_t uplink,
                              const struct avpn_contact *contact, const struct avpni_probe *response,
                              avpn_time now)
{
    uint32_t sent_us = (uint32_t)(response->transaction >> 32);
    uint32_t age_us = microseconds(now) - sent_us;
    /* Whole microseconds, so that one transaction always means one moment: a replay is no news. */
    avpn_time sent_at = now / 1000 * 1000 - (avpn_span)age_us * 1000;

    if (response->transaction !=
        transaction_of(peer->context, uplink, contact, response->size, sent_us))
        return -1;
    if (age_us > (uint32_t)(AVPNI_PROBE_TIMEOUT / 1000))
        return -1;
    return sent_at < 0 ? 0 : sent_at;
}

/* What every probe says, besides what it is for. The peer's path statistics go into every one. */
static void fill(const struct avpni_peer *peer, uint32_t uplink, struct avpni_probe *probe)
{
    const struct avpni_context *context = peer->context;
    const struct avpni_path *path = NULL;

    probe->uplink = (uint8_t)uplink;
    probe->offers = context->offers; /* [PRB-14] */
    probe->site_check = context->site_check;
    if (probe->remote_uplink < AVPN_UPLINKS)
        path = peer->paths[uplink * AVPN_UPLINKS + probe->remote_uplink];
    if (path != NULL) {
        probe->sent = path->probes_sent;
        probe->received = path->probes_answered;
    }
    avpni_tunnel_fill_probe(peer, probe);
}

/* Seal and hand over one probe in a datagram of `count` bytes. */
static bool send_probe(struct avpni_peer *peer, uint32_t uplink, const struct avpn_contact *to,
                       struct avpni_probe *probe, size_t count)
{
    struct avpni_context *context = peer->context;
    uint8_t body[AVPNI_PROBE_BODY_BYTES], nonce[AVPNI_XNONCE_BYTES];
    uint8_t *bytes;

    if (avpni_random_fill(&context->random, nonce, sizeof nonce) != AVPN_OK) {
        avpni_count(context, AVPN_DROP_RANDOM);
        return false;
    }
    fill(peer, uplink, probe);
    avpni_probe_body_write(body, probe);
    bytes = avpni_outbox_reserve(&context->outbox, count);
    avpni_probe_head_write(bytes, peer->send_tag, nonce);
    avpni_xaead_seal(bytes + AVPNI_PROBE_SEALED, body, sizeof body, bytes, AVPNI_PROBE_NONCE, nonce,
                     peer->send_probe_key); /* [PRB-1] */
    memset(bytes + AVPNI_PROBE_BYTES, 0, count - AVPNI_PROBE_BYTES); /* [MTU-2] */
    avpni_outbox_commit(&context->outbox, uplink, to, count);
    return true;
}

bool avpni_probe_request(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                         const struct avpn_contact *contact, avpn_time now)
{
    struct avpni_probe probe = {.kind = AVPNI_PROBE_REQUEST,
                                .remote_uplink = (uint8_t)remote_uplink};

    probe.transaction = transaction_of(peer->context, uplink, contact, 0, microseconds(now));
    return send_probe(peer, uplink, contact, &probe, AVPNI_PROBE_BYTES);
}

bool avpni_probe_request_size(struct avpni_peer *peer, uint32_t uplink, uint32_t remote_uplink,
                              const struct avpn_contact *contact, uint32_t size, avpn_time now)
{
    struct avpni_probe probe = {.kind = AVPNI_PROBE_SIZE_REQUEST,
                                .remote_uplink = (uint8_t)remote_uplink,
                                .size = (uint16_t)size};

    assert(size >= AVPNI_PROBE_BYTES && size <= AVPNI_PROBE_LIMIT);
    probe.transaction = transaction_of(peer->context, uplink, contact, size, microseconds(now));
    return send_probe(peer, uplink, contact, &probe, size);
}

bool avpni_probe_respond(struct avpni_peer *peer, uint32_t uplink,
                         const struct avpn_contact *source, const struct avpni_probe *request)
{
    struct avpni_probe probe = {.kind = AVPNI_PROBE_RESPONSE,
                                .remote_uplink = request->uplink,
                                .transaction = request->transaction,
                                .observed = *source,
                                .size = request->size};

    if (request->kind == AVPNI_PROBE_SIZE_REQUEST)
        probe.kind = AVPNI_PROBE_SIZE_RESPONSE;
    return send_probe(peer, uplink, source, &probe, AVPNI_PROBE_BYTES);
}

bool avpni_probe_open(const struct avpni_peer *peer, const uint8_t *bytes, size_t count,
                      struct avpni_probe *probe_out)
{
    uint8_t body[AVPNI_PROBE_BODY_BYTES];
    struct avpni_probe probe;

    if (!avpni_xaead_open(body, bytes + AVPNI_PROBE_SEALED, AVPNI_PROBE_BYTES - AVPNI_PROBE_SEALED,
                          bytes, AVPNI_PROBE_NONCE, bytes + AVPNI_PROBE_NONCE,
                          peer->receive_probe_key) ||
        !avpni_probe_body_read(body, &probe) || !avpni_probe_is_whole(&probe, bytes, count))
        return false;
    *probe_out = probe;
    return true;
}
