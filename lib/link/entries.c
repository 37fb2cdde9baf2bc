/* SPDX-License-Identifier: ISC */
/* entries: see entries.h. Its state are the last fields of a registration. */
#include "link/entries.h"

#include <string.h>

void avpni_entries_ask(struct avpni_registration *r, avpn_time now)
{
    struct avpni_fetch fetch = {{0}, r->fetch_next};
    uint8_t body[AVPNI_REQUEST_BODY_BYTES];

    memcpy(fetch.token, r->session.token, sizeof fetch.token);
    avpni_fetch_write(body, &fetch);
    r->fetch_at = now + AVPNI_KEEPALIVE_RETRY;
    avpni_registration_send(r, body);
}

void avpni_entries_fetch(struct avpni_registration *r, avpn_time now)
{
    r->is_fetching = true;
    r->fetch_next = 0;
    avpni_entries_ask(r, now);
}

static void hand_up(struct avpni_registration *r, struct avpni_reader *entries, uint32_t count,
                    avpn_time now)
{
    for (uint32_t i = 0; i < count; i++) {
        struct avpni_entry entry;

        avpni_entry_read(entries, &entry);
        r->context->entry_learned(r->context->owner, r->registrar->number, &entry, now);
    }
}

void avpni_entries_page(struct avpni_registration *r, const struct avpni_page_head *head,
                        struct avpni_reader *entries, avpn_time now)
{
    if (!r->is_fetching && !r->has_contacts && head->first == 0) {
        r->is_fetching = true; /* the one sent unasked when the registration began */
        r->fetch_next = 0;
    }
    if (!r->is_fetching || head->first != r->fetch_next)
        return; /* an old page, or one asked for twice */
    if (head->first != 0 && head->contacts_version != r->fetch_version) {
        hand_up(r, entries, head->count, now); /* true all the same */
        avpni_entries_fetch(r, now);
        return;
    }
    r->fetch_version = head->contacts_version;
    r->fetch_next = head->first + head->count;
    hand_up(r, entries, head->count, now);
    if ((head->flags & AVPNI_PAGE_LAST) || head->count == 0) {
        r->is_fetching = false;
        r->has_contacts = true;
        r->contacts_version = head->contacts_version;
    } else {
        avpni_entries_ask(r, now);
    }
}

void avpni_entries_change(struct avpni_registration *r, const struct avpni_page_head *head,
                          struct avpni_reader *entries, avpn_time now)
{
    hand_up(r, entries, head->count, now); /* true whatever the version */
    if (r->is_fetching && r->fetch_next != 0 && head->contacts_version == r->fetch_version + 1) {
        r->fetch_version = head->contacts_version; /* the pages to come include it: go on */
        return;
    }
    if (r->has_contacts && head->contacts_version == r->contacts_version + 1)
        r->contacts_version = head->contacts_version;
    else if (!r->is_fetching)
        avpni_entries_fetch(r, now);
}
