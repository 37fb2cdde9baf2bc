/* SPDX-License-Identifier: ISC */
/*
 * session: heads and plain bodies of the messages between a node and a registry, section 4.
 *
 * Readers of fixed bodies take bodies whose length avpni_body_kind has checked; outputs are
 * written only when all of the bytes are canonical.
 */
#include "wire/header.h"

/* ---- head ------------------------- */

void avpni_session_head_write(uint8_t *bytes, const struct avpni_session_head *head)
{
    struct avpni_writer w = avpni_writer(bytes, AVPNI_SESSION_BODY);

    avpni_header_write(&w, AVPNI_KIND_SESSION);
    avpni_write_u32(&w, head->slot);
    avpni_write_u64(&w, head->generation);
    avpni_write_u64(&w, head->counter);
}

void avpni_session_head_read(const uint8_t *bytes, struct avpni_session_head *head_out)
{
    struct avpni_reader r =
        avpni_reader(bytes + AVPNI_HEADER_BYTES, AVPNI_SESSION_BODY - AVPNI_HEADER_BYTES);

    head_out->slot = avpni_read_u32(&r);
    head_out->generation = avpni_read_u64(&r);
    head_out->counter = avpni_read_u64(&r);
}

void avpni_session_nonce(uint8_t nonce[12], enum avpni_direction direction, uint64_t counter)
{
    struct avpni_writer w = avpni_writer(nonce, 12);

    avpni_write_u32(&w, (uint32_t)direction);
    avpni_write_u64(&w, counter);
}

/* ---- kinds ------------------------- */

enum avpni_body avpni_body_kind(const uint8_t *body, size_t count)
{
    struct avpni_reader r = avpni_reader(body, count);
    uint8_t kind = avpni_read_u8(&r);
    bool fits = false;

    switch (kind) {
    case AVPNI_BODY_ALIVE:
    case AVPNI_BODY_FETCH:
    case AVPNI_BODY_SYNC:
    case AVPNI_BODY_OFFER:
    case AVPNI_BODY_LIST:
        fits = count == AVPNI_REQUEST_BODY_BYTES;
        break;
    case AVPNI_BODY_PART:
        fits = count > AVPNI_PART_HEAD_BYTES &&
               count <= AVPNI_PART_HEAD_BYTES + AVPNI_PART_BYTES;
        break;
    case AVPNI_BODY_WANT:
        fits = count == AVPNI_WANT_BODY_BYTES;
        break;
    case AVPNI_BODY_CLAIMS:
        fits = count >= AVPNI_CLAIMS_HEAD_BYTES && count <= AVPNI_SESSION_BODY_LIMIT;
        break;
    case AVPNI_BODY_ACK:
        fits = count == AVPNI_ACK_BODY_BYTES;
        break;
    case AVPNI_BODY_CHALLENGE:
        fits = count == AVPNI_CHALLENGE_BODY_BYTES;
        break;
    case AVPNI_BODY_PAGE:
        fits = count >= AVPNI_PAGE_HEAD_BYTES && count <= AVPNI_PAGE_BODY_LIMIT;
        break;
    case AVPNI_BODY_CHANGE:
        fits = count >= AVPNI_CHANGE_HEAD_BYTES && count <= AVPNI_SESSION_BODY_LIMIT;
        break;
    default:
        break;
    }
    return fits ? (enum avpni_body)kind : AVPNI_BODY_BAD;
}

static void read_kind(struct avpni_reader *r, enum avpni_body kind)
{
    if (avpni_read_u8(r) != (uint8_t)kind)
        avpni_reader_fail(r);
}

/* ---- from node to registry ------------------------- */

void avpni_alive_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_alive *alive)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_REQUEST_BODY_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_ALIVE);
    avpni_write_u8(&w, alive->nat);
    avpni_write_u8(&w, alive->flags);
    avpni_write_u8(&w, 0);
    avpni_write_bytes(&w, alive->token, sizeof alive->token);
    avpni_write_u64(&w, alive->config_version);
    avpni_write_u32(&w, alive->contacts_version);
    avpni_contact_write_fixed(&w, &alive->local);
}

bool avpni_alive_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_alive *alive_out)
{
    struct avpni_reader r = avpni_reader(body, AVPNI_REQUEST_BODY_BYTES);
    struct avpni_alive alive;

    read_kind(&r, AVPNI_BODY_ALIVE);
    alive.nat = avpni_read_nat(&r);
    alive.flags = avpni_read_u8_upto(&r, AVPNI_ALIVE_LEAVING);
    avpni_read_zeros(&r, 1);
    avpni_read_bytes(&r, alive.token, sizeof alive.token);
    alive.config_version = avpni_read_u64(&r);
    alive.contacts_version = avpni_read_u32(&r);
    avpni_contact_read_fixed(&r, &alive.local);
    if (!avpni_reader_is_done(&r))
        return false;
    *alive_out = alive;
    return true;
}

#define FETCH_FILL 28

static void write_fetch(uint8_t body[AVPNI_REQUEST_BODY_BYTES], enum avpni_body kind,
                        const struct avpni_fetch *fetch)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_REQUEST_BODY_BYTES);

    avpni_write_u8(&w, (uint8_t)kind);
    avpni_write_zeros(&w, 3);
    avpni_write_bytes(&w, fetch->token, sizeof fetch->token);
    avpni_write_u32(&w, fetch->first);
    avpni_write_zeros(&w, FETCH_FILL);
}

static bool read_fetch(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], enum avpni_body kind,
                       struct avpni_fetch *fetch_out)
{
    struct avpni_reader r = avpni_reader(body, AVPNI_REQUEST_BODY_BYTES);
    struct avpni_fetch fetch;

    read_kind(&r, kind);
    avpni_read_zeros(&r, 3);
    avpni_read_bytes(&r, fetch.token, sizeof fetch.token);
    fetch.first = avpni_read_u32(&r);
    avpni_read_zeros(&r, FETCH_FILL);
    if (!avpni_reader_is_done(&r))
        return false;
    *fetch_out = fetch;
    return true;
}

void avpni_fetch_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_fetch *fetch)
{
    write_fetch(body, AVPNI_BODY_FETCH, fetch);
}

bool avpni_fetch_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_fetch *fetch_out)
{
    return read_fetch(body, AVPNI_BODY_FETCH, fetch_out);
}

void avpni_list_write(uint8_t body[AVPNI_REQUEST_BODY_BYTES], const struct avpni_fetch *list)
{
    write_fetch(body, AVPNI_BODY_LIST, list);
}

bool avpni_list_read(const uint8_t body[AVPNI_REQUEST_BODY_BYTES], struct avpni_fetch *list_out)
{
    return read_fetch(body, AVPNI_BODY_LIST, list_out);
}

/* ---- from registry to node ------------------------- */

void avpni_ack_write(uint8_t body[AVPNI_ACK_BODY_BYTES], const struct avpni_ack *ack)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_ACK_BODY_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_ACK);
    avpni_write_zeros(&w, 3);
    avpni_contact_write_fixed(&w, &ack->observed);
    avpni_write_u64(&w, ack->config_version);
    avpni_write_u32(&w, ack->contacts_version);
}

bool avpni_ack_read(const uint8_t body[AVPNI_ACK_BODY_BYTES], struct avpni_ack *ack_out)
{
    struct avpni_reader r = avpni_reader(body, AVPNI_ACK_BODY_BYTES);
    struct avpni_ack ack;

    read_kind(&r, AVPNI_BODY_ACK);
    avpni_read_zeros(&r, 3);
    avpni_contact_read_fixed(&r, &ack.observed);
    ack.config_version = avpni_read_u64(&r);
    ack.contacts_version = avpni_read_u32(&r);
    if (!avpni_reader_is_done(&r))
        return false;
    *ack_out = ack;
    return true;
}

void avpni_challenge_write(uint8_t body[AVPNI_CHALLENGE_BODY_BYTES],
                           const struct avpni_challenge *challenge)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_CHALLENGE_BODY_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_CHALLENGE);
    avpni_write_zeros(&w, 3);
    avpni_write_bytes(&w, challenge->token, sizeof challenge->token);
    avpni_contact_write_fixed(&w, &challenge->observed);
}

bool avpni_challenge_read(const uint8_t body[AVPNI_CHALLENGE_BODY_BYTES],
                          struct avpni_challenge *challenge_out)
{
    struct avpni_reader r = avpni_reader(body, AVPNI_CHALLENGE_BODY_BYTES);
    struct avpni_challenge challenge;

    read_kind(&r, AVPNI_BODY_CHALLENGE);
    avpni_read_zeros(&r, 3);
    avpni_read_bytes(&r, challenge.token, sizeof challenge.token);
    avpni_contact_read_fixed(&r, &challenge.observed);
    if (!avpni_reader_is_done(&r))
        return false;
    *challenge_out = challenge;
    return true;
}

/* ---- Page and Change ------------------------- */

void avpni_page_head_write(uint8_t *body, const struct avpni_page_head *head)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_PAGE_HEAD_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_PAGE);
    avpni_write_u8(&w, head->flags);
    avpni_write_u16(&w, head->count);
    avpni_write_u32(&w, head->contacts_version);
    avpni_write_u32(&w, head->first);
    avpni_write_u32(&w, head->total);
}

void avpni_change_head_write(uint8_t *body, const struct avpni_page_head *head)
{
    struct avpni_writer w = avpni_writer(body, AVPNI_CHANGE_HEAD_BYTES);

    avpni_write_u8(&w, AVPNI_BODY_CHANGE);
    avpni_write_u8(&w, 0);
    avpni_write_u16(&w, head->count);
    avpni_write_u32(&w, head->contacts_version);
}

void avpni_entry_write(struct avpni_writer *w, const struct avpni_entry *entry)
{
    avpni_write_u32(w, entry->member);
    avpni_write_u8(w, entry->uplink);
    avpni_write_u8(w, entry->flags);
    avpni_write_u8(w, entry->nat);
    avpni_write_u8(w, 0);
    avpni_contact_write_compact(w, &entry->observed);
    avpni_contact_write_compact(w, &entry->local);
}

void avpni_entry_read(struct avpni_reader *r, struct avpni_entry *entry_out)
{
    struct avpni_entry entry;

    entry.member = avpni_read_u32(r);
    entry.uplink = avpni_read_uplink(r);
    entry.flags = avpni_read_u8_upto(r, AVPNI_ENTRY_CONNECTED);
    entry.nat = avpni_read_nat(r);
    avpni_read_zeros(r, 1);
    avpni_contact_read_compact(r, &entry.observed);
    avpni_contact_read_compact(r, &entry.local);
    *entry_out = r->failed ? (struct avpni_entry){0} : entry;
}

/* Whether exactly `count` canonical entries are left; the caller's reader stays where it is. */
static bool has_entries(struct avpni_reader r, uint32_t count)
{
    struct avpni_entry entry;

    for (uint32_t i = 0; i < count && !r.failed; i++)
        avpni_entry_read(&r, &entry);
    return avpni_reader_is_done(&r);
}

bool avpni_entries_read(const uint8_t *body, size_t count, struct avpni_page_head *head_out,
                        struct avpni_reader *entries_out)
{
    struct avpni_reader r = avpni_reader(body, count);
    struct avpni_page_head head = {0};
    enum avpni_body kind = avpni_body_kind(body, count);

    if (kind != AVPNI_BODY_PAGE && kind != AVPNI_BODY_CHANGE)
        return false;
    read_kind(&r, kind);
    head.flags = avpni_read_u8_upto(&r, kind == AVPNI_BODY_PAGE ? AVPNI_PAGE_LAST : 0);
    head.count = avpni_read_u16(&r);
    head.contacts_version = avpni_read_u32(&r);
    if (kind == AVPNI_BODY_PAGE) {
        head.first = avpni_read_u32(&r);
        head.total = avpni_read_u32(&r);
    }
    if (!has_entries(r, head.count))
        return false;
    *head_out = head;
    *entries_out = r;
    return true;
}
