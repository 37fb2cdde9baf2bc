/* SPDX-License-Identifier: ISC */
/*
 * probe: the head and the plain body of a probe, and what may follow its tag. Spec: section 5, [MTU-2].
 */
#include "wire/header.h"

#define BODY_FILL 2
#define FLAGS (AVPNI_PROBE_WANTS_HANDSHAKE | AVPNI_PROBE_RESERVED)

void avpni_probe_head_write(uint8_t *bytes, const uint8_t tag[8], const uint8_t nonce[24])
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_PROBE_SEALED);

    avpni_header_write(&w, AVPNI_KIND_PROBE);
    avpni_write_bytes(&w, tag, 8);
    avpni_write_bytes(&w, nonce, 24);
}

void avpni_probe_body_write(uint8_t body[AVPNI_PROBE_BODY_BYTES], const struct avpni_probe *probe)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_PROBE_BODY_BYTES);

    avpni_write_u8(&w, probe->kind);
    avpni_write_u8(&w, probe->uplink);
    avpni_write_u8(&w, probe->remote_uplink);
    avpni_write_u8(&w, probe->flags);
    avpni_write_u64(&w, probe->transaction);
    avpni_contact_write_fixed(&w, &probe->observed);
    avpni_write_u32(&w, probe->session);
    avpni_write_u64(&w, probe->ticket);
    avpni_write_u32(&w, probe->sent);
    avpni_write_u32(&w, probe->received);
    avpni_write_u32(&w, probe->psk_epoch);
    avpni_write_u64(&w, probe->offers);
    avpni_write_u32(&w, probe->site_check);
    avpni_write_u16(&w, probe->size);
    avpni_write_zeros(&w, BODY_FILL);
}

static bool is_size(uint16_t size)
{
    return size >= AVPNI_PROBE_BYTES && size <= AVPNI_PROBE_LIMIT;
}

/*
 * What the kind allows [PRB-2], [MTU-2]: a request observes nothing, a response observes a contact and names
 * both uplinks. The receiver's uplink may be unknown only to who has not heard of it, in a plain request; only
 * where a size is asked for is there one.
 */
static bool fits_kind(const struct avpni_probe *probe)
{
    bool is_observed = probe->observed.family != AVPN_FAMILY_NONE;
    bool is_known = probe->remote_uplink < AVPN_UPLINKS;

    switch (probe->kind) {
    case AVPNI_PROBE_REQUEST:
        return !is_observed && probe->size == 0 &&
               (is_known || probe->remote_uplink == AVPNI_UPLINK_UNKNOWN);
    case AVPNI_PROBE_RESPONSE:
        return is_observed && is_known && probe->size == 0;
    case AVPNI_PROBE_SIZE_REQUEST:
        return !is_observed && is_known && is_size(probe->size);
    case AVPNI_PROBE_SIZE_RESPONSE:
        return is_observed && is_known && is_size(probe->size);
    default:
        return false;
    }
}

bool avpni_probe_body_read(const uint8_t body[AVPNI_PROBE_BODY_BYTES],
                           struct avpni_probe *probe_out)
{
    struct avpni_reader r = avpni_reader(body, AVPNI_PROBE_BODY_BYTES);
    struct avpni_probe probe;

    probe.kind = avpni_read_u8(&r);
    probe.uplink = avpni_read_uplink(&r);
    probe.remote_uplink = avpni_read_u8(&r);
    probe.flags = avpni_read_u8_upto(&r, FLAGS);
    probe.transaction = avpni_read_u64(&r);
    avpni_contact_read_fixed(&r, &probe.observed);
    probe.session = avpni_read_u32(&r);
    probe.ticket = avpni_read_u64(&r);
    probe.sent = avpni_read_u32(&r);
    probe.received = avpni_read_u32(&r);
    probe.psk_epoch = avpni_read_u32(&r);
    probe.offers = avpni_read_u64(&r);
    probe.site_check = avpni_read_u32(&r);
    probe.size = avpni_read_u16(&r);
    avpni_read_zeros(&r, BODY_FILL);
    if (!avpni_reader_is_done(&r) || !fits_kind(&probe))
        return false;
    *probe_out = probe;
    return true;
}

bool avpni_probe_is_whole(const struct avpni_probe *probe, const uint8_t *bytes, size_t count)
{
    size_t size = probe->kind == AVPNI_PROBE_SIZE_REQUEST ? probe->size : AVPNI_PROBE_BYTES;
    struct avpni_reader r;

    if (count != size)
        return false;
    r = avpni_reader(bytes + AVPNI_PROBE_BYTES, count - AVPNI_PROBE_BYTES);
    avpni_read_zeros(&r, count - AVPNI_PROBE_BYTES);
    return avpni_reader_is_done(&r);
}
