/* SPDX-License-Identifier: ISC */
/*
 * push: what a registry tells nodes under their sessions. Spec: [REG-1], [REG-9] to [REG-12].
 *
 * Peers are those of the configuration and nobody else, so nothing here can hand a contact to
 * a node that is not to have it. Every Change raises its receiver's contacts version by one;
 * what got lost on the way shows as a gap, and the node fetches.
 */
#include "registry/engine.h"

#include "crypto/box.h"

#include <string.h>

void avpni_registry_send(struct avpn_registry *registry, const struct avpni_session_target *target,
                         const uint8_t key[32], const uint8_t *body, size_t count)
{
    uint8_t *bytes = avpni_outbox_reserve(&registry->outbox, AVPNI_SESSION_OVERHEAD + count);
    struct avpni_session_head head = {.slot = target->slot,
                                      .generation = target->generation,
                                      .counter = ++registry->counter};
    uint8_t nonce[12];

    avpni_session_head_write(bytes, &head);
    avpni_session_nonce(nonce, AVPNI_TO_NODE, head.counter);
    avpni_aead_seal(bytes + AVPNI_SESSION_BODY, body, count, bytes, AVPNI_SESSION_BODY, nonce, key);
    avpni_outbox_commit(&registry->outbox, target->socket, &target->contact,
                        AVPNI_SESSION_OVERHEAD + count);
}

void avpni_registry_challenge(struct avpn_registry *registry,
                              const struct avpni_session_target *target, const uint8_t key[32],
                              avpn_time now)
{
    struct avpni_challenge challenge = {.observed = target->contact};
    uint8_t body[AVPNI_CHALLENGE_BODY_BYTES];

    avpni_session_token(&registry->secrets, target->slot, target->generation, &target->contact, now,
                        challenge.token);
    avpni_challenge_write(body, &challenge);
    avpni_registry_send(registry, target, key, body, sizeof body);
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_CHALLENGES);
}

struct avpni_session_target avpni_registry_target_of(const struct avpn_registry *registry,
                                                     const struct avpni_record *record)
{
    return (struct avpni_session_target){
        .socket = (record->flags & AVPNI_RECORD_SOCKET_MASK) >> AVPNI_RECORD_SOCKET_SHIFT,
        .contact = avpni_table_contact(&registry->table, record, AVPNI_OBSERVED),
        .slot = record->slot,
        .generation = avpni_record_generation(record),
    };
}

static struct avpni_entry entry_of(const struct avpn_registry *registry,
                                   const struct avpni_record *record)
{
    return (struct avpni_entry){
        .member = avpni_registry_member_of(registry, record->slot)->id,
        .uplink = (uint8_t)avpni_slot_uplink(record->slot),
        .flags = (record->flags & AVPNI_RECORD_CONNECTED) != 0 ? AVPNI_ENTRY_CONNECTED : 0,
        .nat = record->nat,
        .observed = avpni_table_contact(&registry->table, record, AVPNI_OBSERVED),
        .local = avpni_table_contact(&registry->table, record, AVPNI_LOCAL),
    };
}

/* One Change to one uplink of a peer. `body` holds the entry after room for the head. */
static void send_change(struct avpn_registry *registry, struct avpni_record *to, uint8_t *body,
                        size_t count)
{
    struct avpni_session_target target = avpni_registry_target_of(registry, to);
    struct avpni_page_head head = {.count = 1, .contacts_version = ++to->version};
    uint8_t key[32];

    avpni_change_head_write(body, &head);
    avpni_session_key(&registry->secrets, target.slot, target.generation, key);
    avpni_registry_send(registry, &target, key, body, count);
    avpni_wipe(key, sizeof key);
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_CHANGES);
}

void avpni_registry_push_change(struct avpn_registry *registry, const struct avpni_record *record)
{
    struct avpni_organization *organization =
        avpni_registry_organization_of(registry, record->slot);
    struct avpni_peers peers = avpni_peers(organization, avpni_slot_member(record->slot));
    struct avpni_entry entry = entry_of(registry, record);
    uint8_t body[AVPNI_CHANGE_HEAD_BYTES + AVPNI_ENTRY_LIMIT];
    struct avpni_writer w = avpni_writer(body, sizeof body);

    avpni_write_zeros(&w, AVPNI_CHANGE_HEAD_BYTES);
    avpni_entry_write(&w, &entry);
    for (uint32_t place = avpni_peers_next(&peers); place != AVPNI_MAP_NONE;
         place = avpni_peers_next(&peers)) {
        uint32_t handle = organization->members[place].first;

        while (handle != 0) {
            struct avpni_record *to = avpni_table_at(&registry->table, handle);

            if ((to->flags & AVPNI_RECORD_CONNECTED) != 0) {
                send_change(registry, to, body, w.position);
            }
            handle = to->sibling;
        }
    }
}

/* ---- pages ----------------------------------------------------------------------------- */

/* A page being filled: entries from `first` on, as long as there is room. */
struct page {
    struct avpni_writer writer;
    uint32_t first; /* number of the first entry wanted */
    uint32_t total; /* entries counted so far */
    uint16_t count; /* entries written */
    bool is_full;
};

static void add_entry(const struct avpn_registry *registry, struct page *page,
                      const struct avpni_record *record)
{
    if (page->total++ < page->first || page->is_full) {
        return;
    }
    struct avpni_entry entry = entry_of(registry, record);
    struct avpni_writer longer = page->writer;

    avpni_entry_write(&longer, &entry);
    if (longer.failed) {
        page->is_full = true;
        return;
    }
    page->writer = longer;
    page->count++;
}

/* A member's entries. Those before and after the page are counted without a look at the records. */
static void add_member(const struct avpn_registry *registry, struct page *page,
                       const struct avpni_member *member)
{
    if (page->is_full || page->total + member->record_count <= page->first) {
        page->total += member->record_count;
        return;
    }
    for (uint32_t handle = member->first; handle != 0;) {
        const struct avpni_record *record = avpni_table_at(&registry->table, handle);

        add_entry(registry, page, record);
        handle = record->sibling;
    }
}

void avpni_registry_send_page(struct avpn_registry *registry,
                              const struct avpni_session_target *target, const uint8_t key[32],
                              uint32_t version, uint32_t first)
{
    const struct avpni_organization *organization =
        avpni_registry_organization_of(registry, target->slot);
    struct avpni_peers peers = avpni_peers(organization, avpni_slot_member(target->slot));
    uint8_t body[AVPNI_PAGE_BODY_LIMIT];
    struct page page = {.writer = avpni_writer(body, sizeof body), .first = first};

    avpni_write_zeros(&page.writer, AVPNI_PAGE_HEAD_BYTES);
    for (uint32_t place = avpni_peers_next(&peers); place != AVPNI_MAP_NONE;
         place = avpni_peers_next(&peers)) {
        add_member(registry, &page, &organization->members[place]);
    }
    bool is_last = (uint64_t)first + page.count >= page.total;
    struct avpni_page_head head = {.flags = is_last ? AVPNI_PAGE_LAST : 0,
                                   .count = page.count,
                                   .contacts_version = version,
                                   .first = first,
                                   .total = page.total};

    avpni_page_head_write(body, &head);
    avpni_registry_send(registry, target, key, body, page.writer.position);
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_PAGES);
}

/* ---- begin and end ------------------------------------------------------------------------ */

void avpni_registry_raise(struct avpn_registry *registry, const struct avpni_record *record,
                          avpn_time now)
{
    struct avpn_event event = {
        .kind = AVPN_EVENT_MEMBER,
        .at = now,
        .state = (record->flags & AVPNI_RECORD_CONNECTED) != 0,
        .peer = avpni_registry_member_of(registry, record->slot)->id,
        .uplink = avpni_slot_uplink(record->slot),
        .organization = avpni_slot_organization(record->slot),
        .contact = avpni_table_contact(&registry->table, record, AVPNI_OBSERVED),
    };

    avpni_events_push(&registry->events, &event);
}

void avpni_registry_disconnect(struct avpn_registry *registry, struct avpni_record *record,
                               avpn_time now)
{
    if ((record->flags & AVPNI_RECORD_CONNECTED) == 0) {
        return;
    }
    avpni_table_disconnect(&registry->table, record);
    avpni_registry_push_change(registry, record);
    avpni_registry_raise(registry, record, now);
}
