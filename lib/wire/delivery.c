/* SPDX-License-Identifier: ISC */
/*
 * delivery: plain bodies of the messages that carry configurations and claims, sections 4.1 to 4.3.
 * As in session.c, readers take bodies whose length avpni_body_kind has checked.
 */
#include "wire/header.h"
#include <autovpn/publisher.h>

#define SYNC_FILL 8
#define OFFER_FILL 4

static void expect(struct avpni_reader *r, enum avpni_body kind)
{
    if (avpni_read_u8(r) != (uint8_t)kind)
        avpni_reader_fail(r);
}

/* ---- parts ------------------------- */

uint32_t avpni_part_count(uint32_t size)
{
    return size / AVPNI_PART_BYTES + (size % AVPNI_PART_BYTES != 0);
}

uint32_t avpni_part_bytes(uint32_t size, uint32_t number)
{
    if (number >= avpni_part_count(size))
        return 0;
    uint32_t left = size - number * AVPNI_PART_BYTES;

    return left < AVPNI_PART_BYTES ? left : AVPNI_PART_BYTES;
}

void avpni_part_head_write(uint8_t *body, const struct avpni_part *part)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_PART_HEAD_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_PART);
    avpni_write_zeros(&w, 3);
    avpni_write_u64(&w, part->base);
    avpni_write_u64(&w, part->version);
    avpni_write_u32(&w, part->size);
    avpni_write_u32(&w, part->number);
}

bool avpni_part_read(const uint8_t *body, size_t count, struct avpni_part *part_out,
                     const uint8_t **bytes_out)
{
    struct avpni_reader r = avpni_reader(body, count);
    struct avpni_part part;

    expect(&r, AVPNI_BODY_PART);
    avpni_read_zeros(&r, 3);
    part.base = avpni_read_u64(&r);
    part.version = avpni_read_u64(&r);
    part.size = avpni_read_u32(&r);
    part.number = avpni_read_u32(&r);
    size_t bytes = r.failed ? 0 : avpni_part_bytes(part.size, part.number);
    const uint8_t *view = avpni_read_view(&r, bytes);

    if (!avpni_reader_is_done(&r) || bytes == 0 || part.version <= part.base)
        return false;
    *part_out = part;
    *bytes_out = view;
    return true;
}

/* ---- to a registry ------------------------- */

void avpni_sync_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_sync *sync)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_REQUEST_BODY_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_SYNC);
    avpni_write_zeros(&w, 3);
    avpni_write_bytes(&w, sync->token, sizeof sync->token);
    avpni_write_u64(&w, sync->base);
    avpni_write_u64(&w, sync->version);
    avpni_write_u32(&w, sync->first);
    avpni_write_u32(&w, sync->mask);
    avpni_write_zeros(&w, SYNC_FILL);
}

static uint32_t count_bits(uint32_t mask)
{
    uint32_t bits = 0;

    for (; mask != 0; mask &= mask - 1)
        bits++;
    return bits;
}

bool avpni_sync_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_sync *sync_out)
{
    struct avpni_reader r = avpni_reader(body, AVPNI_REQUEST_BODY_BYTES);
    struct avpni_sync sync;

    expect(&r, AVPNI_BODY_SYNC);
    avpni_read_zeros(&r, 3);
    avpni_read_bytes(&r, sync.token, sizeof sync.token);
    sync.base = avpni_read_u64(&r);
    sync.version = avpni_read_u64(&r);
    sync.first = avpni_read_u32(&r);
    sync.mask = avpni_read_u32(&r);
    avpni_read_zeros(&r, SYNC_FILL);
    if (!avpni_reader_is_done(&r) || sync.version <= sync.base || sync.mask == 0 ||
        count_bits(sync.mask) > AVPNI_SYNC_WINDOW)
        return false; /* [SYN-1] */
    *sync_out = sync;
    return true;
}

void avpni_offer_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_offer *offer)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_REQUEST_BODY_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_OFFER);
    avpni_write_zeros(&w, 3);
    avpni_write_bytes(&w, offer->token, sizeof offer->token);
    avpni_write_u64(&w, offer->version);
    avpni_write_u32(&w, offer->size);
    avpni_write_bytes(&w, offer->hash, sizeof offer->hash);
    avpni_write_zeros(&w, OFFER_FILL);
}

bool avpni_offer_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_offer *offer_out)
{
    struct avpni_reader r = avpni_reader(body, AVPNI_REQUEST_BODY_BYTES);
    struct avpni_offer offer;

    expect(&r, AVPNI_BODY_OFFER);
    avpni_read_zeros(&r, 3);
    avpni_read_bytes(&r, offer.token, sizeof offer.token);
    offer.version = avpni_read_u64(&r);
    offer.size = avpni_read_u32(&r);
    avpni_read_bytes(&r, offer.hash, sizeof offer.hash);
    avpni_read_zeros(&r, OFFER_FILL);
    if (!avpni_reader_is_done(&r) || offer.version == 0 || offer.size == 0)
        return false;
    *offer_out = offer;
    return true;
}

/* ---- to an administrator ------------------------- */

void avpni_want_write(uint8_t body[AVPNI_WANT_BODY_BYTES], const struct avpni_want *want)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_WANT_BODY_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_WANT);
    avpni_write_u8(&w, want->status);
    avpni_write_zeros(&w, 2);
    avpni_write_u64(&w, want->version);
    avpni_write_u32(&w, want->first);
    avpni_write_u32(&w, want->mask);
}

bool avpni_want_read(const uint8_t body[AVPNI_WANT_BODY_BYTES], struct avpni_want *want_out)
{
    struct avpni_reader r = avpni_reader(body, AVPNI_WANT_BODY_BYTES);
    struct avpni_want want;

    expect(&r, AVPNI_BODY_WANT);
    want.status = avpni_read_u8_upto(&r, AVPN_PUBLISH_TOO_LARGE);
    avpni_read_zeros(&r, 2);
    want.version = avpni_read_u64(&r);
    want.first = avpni_read_u32(&r);
    want.mask = avpni_read_u32(&r);
    /* Parts are wanted, or the matter is ended. */
    if (!avpni_reader_is_done(&r) || (want.status == AVPN_PUBLISH_WANTED) != (want.mask != 0) ||
        (want.mask == 0 && want.first != 0))
        return false;
    *want_out = want;
    return true;
}

void avpni_claims_head_write(uint8_t *body, const struct avpni_claims_head *head)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_CLAIMS_HEAD_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_CLAIMS);
    avpni_write_u8(&w, 0);
    avpni_write_u16(&w, head->count);
    avpni_write_u32(&w, head->total);
    avpni_write_u32(&w, head->first);
}

void avpni_claim_entry_write(struct avpni_writer *w, const struct avpni_claim_entry *entry)
{
    avpni_write_u32(w, entry->member);
    avpni_write_bytes(w, entry->device.bytes, AVPN_KEY_BYTES);
    avpni_write_u32(w, entry->age);
    avpni_write_bytes(w, entry->signature, sizeof entry->signature);
}

void avpni_claim_entry_read(struct avpni_reader *r, struct avpni_claim_entry *entry_out)
{
    entry_out->member = avpni_read_u32(r);
    avpni_read_bytes(r, entry_out->device.bytes, AVPN_KEY_BYTES);
    entry_out->age = avpni_read_u32(r);
    avpni_read_bytes(r, entry_out->signature, sizeof entry_out->signature);
}

bool avpni_claims_read(const uint8_t *body, size_t count, struct avpni_claims_head *head_out,
                       struct avpni_reader *entries_out)
{
    struct avpni_reader r = avpni_reader(body, count);
    struct avpni_claims_head head;

    expect(&r, AVPNI_BODY_CLAIMS);
    avpni_read_zeros(&r, 1);
    head.count = avpni_read_u16(&r);
    head.total = avpni_read_u32(&r);
    head.first = avpni_read_u32(&r);
    if (r.failed || head.count > AVPNI_CLAIMS_PER_PAGE || head.first > head.total ||
        head.count > head.total - head.first ||
        avpni_reader_left(&r) != (size_t)head.count * AVPNI_CLAIM_ENTRY_BYTES)
        return false;
    *head_out = head;
    *entries_out = r;
    return true;
}
