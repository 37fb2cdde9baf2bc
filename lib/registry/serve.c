/* SPDX-License-Identifier: ISC */
/*
 * serve: what members are told of their configuration. Spec: [SYN-1] to [SYN-3], [UPD-2].
 *
 * An update is never kept: any part of it is made again when it is asked for, from the document and the numbers
 * of its changes. To a proved contact only, and within the member's bucket (receive.c).
 *
 * A push goes over the members once. It holds a place in the organization, so that a newer configuration can
 * begin another in its place; whoever was not reached hears of the version with the next Ack. What it tells members who
 * are revoked is kept apart, for they are no members any more when their turn comes.
 */
#include "registry/engine.h"

#include <string.h>

#define KNOWN_FEW (AVPN_HUBS + 1) /* a spoke and its hubs */

/* ---- one update ------------------------------------------------------------------------------- */

/* An update for one member, and what it borrows. */
struct cut {
    struct avpni_update update;
    uint64_t base, version;
    uint32_t size;
    uint32_t *block; /* a hub's peers; else `few` is enough */
    uint32_t few[KNOWN_FEW];
    uint32_t removed[AVPNI_REMOVALS_KNOWN];
};

/* The member's own place in the document and its peers', ascending. False: no memory. */
static bool find_known(struct cut *cut, const struct avpni_memory *memory,
                       const struct avpni_organization *organization, uint32_t place)
{
    const struct avpni_member *member = &organization->members[place];
    uint32_t limit = member->link_count + organization->hub_count + 1u;
    uint32_t *known = cut->few, self = organization->index_of[place];
    struct avpni_peers peers = avpni_peers(organization, place);
    uint32_t count = 0;
    bool has_self = false;

    if (member->role == AVPN_ROLE_HUB || limit - organization->hub_count > KNOWN_FEW) {
        known = cut->block = avpni_allocate(memory, limit, sizeof *known);
        if (known == NULL) {
            return false;
        }
    }
    for (uint32_t peer = avpni_peers_next(&peers); peer != AVPNI_MAP_NONE;
         peer = avpni_peers_next(&peers)) {
        uint32_t index = organization->index_of[peer];

        if (!has_self && index > self) {
            known[count++] = self;
            has_self = true;
        }
        known[count++] = index;
    }
    if (!has_self) {
        known[count++] = self;
    }
    cut->update.known = known;
    cut->update.known_count = count;
    return true;
}

/* All but who is known, for the member at a place in the document. */
static void fill_update(struct cut *cut, const struct avpni_organization *organization,
                        uint32_t self, uint64_t base_version)
{
    const struct avpni_published *published = organization->published;
    struct avpni_update *update = &cut->update;
    uint32_t base = 0;
    bool is_known = avpni_published_base(published, base_version, &base);

    cut->base = is_known ? base_version : 0;
    cut->version = organization->version;
    memset(update, 0, sizeof *update);
    update->document = &published->document;
    update->offsets = published->offsets;
    update->site_changed = published->site_changed;
    update->peer_changed = published->peer_changed;
    update->base = base;
    update->is_full = base == 0;
    update->self = self;
    update->has_charter = published->charter_changed > base;
    update->has_new_peers = published->peer_changed[self] > base;
    /* Another key, or no longer revoked, and the seal is another too. */
    update->has_sealed = published->sealed_changed > base || update->has_new_peers;
    update->removed_count = avpni_published_removed(published, base, cut->removed);
    update->removed = cut->removed;
}

/* The update of a member from a base version, or, where that is not known, from 0. False: no memory. */
static bool cut_update(struct cut *cut, const struct avpni_memory *memory,
                       const struct avpni_organization *organization, uint32_t place, uint64_t base)
{
    cut->block = NULL;
    fill_update(cut, organization, organization->index_of[place], base);
    if (!find_known(cut, memory, organization, place)) {
        return false;
    }
    cut->size = (uint32_t)avpni_update_write(&cut->update, 0, NULL, 0);
    return true;
}

/* A part; its bytes stand after room for the head. */
static void send_part(struct avpn_registry *registry, const struct avpni_session_target *target,
                      const uint8_t key[32], const struct cut *cut, uint32_t number, uint8_t *body)
{
    struct avpni_part part = {
        .base = cut->base, .version = cut->version, .size = cut->size, .number = number};

    avpni_part_head_write(body, &part);
    avpni_registry_send(registry, target, key, body,
                        AVPNI_PART_HEAD_BYTES + avpni_part_bytes(part.size, number));
    avpni_registry_count(registry, AVPN_REGISTRY_COUNT_PARTS);
}

/* Parts that follow each other: made in one walk over the document, at most a window. */
static void send_run(struct avpn_registry *registry, const struct avpni_session_target *target,
                     const uint8_t key[32], const struct cut *cut, uint32_t first, uint32_t count)
{
    uint8_t bytes[AVPNI_PART_HEAD_BYTES + AVPNI_SYNC_WINDOW * AVPNI_PART_BYTES];

    (void)avpni_update_write(&cut->update, (size_t)first * AVPNI_PART_BYTES,
                             bytes + AVPNI_PART_HEAD_BYTES, (size_t)count * AVPNI_PART_BYTES);
    for (uint32_t i = 0; i < count; i++) {
        /* Each head goes over the last bytes of the part before it, which has been sent. */
        send_part(registry, target, key, cut, first + i, bytes + (size_t)i * AVPNI_PART_BYTES);
    }
}

/* ---- asked for [SYN-1], [SYN-2] ---------------------------------------------------------------- */

static void send_asked(struct avpn_registry *registry, const struct avpni_session_target *target,
                       const uint8_t key[32], const struct cut *cut, uint32_t first, uint32_t mask)
{
    uint32_t total = avpni_part_count(cut->size);

    for (uint32_t i = 0; i < 32 && first < total && i < total - first;) {
        uint32_t count = 0;

        while (i + count < 32 && i + count < total - first && (mask >> (i + count) & 1) != 0) {
            count++;
        }
        if (count > 0) {
            send_run(registry, target, key, cut, first + i, count);
        }
        i += count + 1;
    }
}

void avpni_registry_send_parts(struct avpn_registry *registry,
                               const struct avpni_session_target *target, const uint8_t key[32],
                               const struct avpni_sync *sync)
{
    const struct avpni_organization *organization =
        avpni_registry_organization_of(registry, target->slot);
    struct cut cut;

    if (!cut_update(&cut, &registry->memory, organization, avpni_slot_member(target->slot),
                    sync->base)) {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY);
    } else if (cut.base == sync->base && cut.version == sync->version) {
        send_asked(registry, target, key, &cut, sync->first, sync->mask);
    } else {
        send_run(registry, target, key, &cut, 0, 1); /* [SYN-2] */
    }
    avpni_release(&registry->memory, cut.block);
}

/* ---- unasked [SYN-3] ------------------------------------------------------------------------------ */

/* A member that is revoked: where it was, and its place in the document that says so. */
struct farewell {
    struct avpni_session_target target;
    uint32_t index;
};

struct avpni_push {
    struct avpni_timer timer;
    struct avpn_registry *registry;
    struct avpni_organization *organization;
    uint64_t base; /* the version before */
    uint32_t next; /* place of the member whose turn it is */
    uint32_t farewell_count, farewells_sent;
    struct farewell farewells[];
};

/* The record of one connected uplink, or NULL. */
static const struct avpni_record *find_connected(const struct avpn_registry *registry,
                                                 const struct avpni_member *member)
{
    for (uint32_t handle = member->first; handle != 0;) {
        const struct avpni_record *record = avpni_table_at(&registry->table, handle);

        if ((record->flags & AVPNI_RECORD_CONNECTED) != 0) {
            return record;
        }
        handle = record->sibling;
    }
    return NULL;
}

static void send_first_part(struct avpn_registry *registry,
                            const struct avpni_session_target *target, const struct cut *cut)
{
    uint8_t key[32];

    avpni_session_key(&registry->secrets, target->slot, target->generation, key);
    send_run(registry, target, key, cut, 0, 1);
    avpni_wipe(key, sizeof key);
}

static void push_to_member(struct avpni_push *push, uint32_t place,
                           const struct avpni_record *record)
{
    struct avpn_registry *registry = push->registry;
    struct avpni_session_target target = avpni_registry_target_of(registry, record);
    struct cut cut;

    if (cut_update(&cut, &registry->memory, push->organization, place, push->base)) {
        send_first_part(registry, &target, &cut);
    } else {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY);
    }
    avpni_release(&registry->memory, cut.block);
}

/* A revoked member knows itself and has no peers. */
static void push_farewell(struct avpni_push *push, const struct farewell *farewell)
{
    const struct avpni_organization *organization = push->organization;
    struct cut cut;

    fill_update(&cut, organization, farewell->index, push->base);
    cut.few[0] = farewell->index;
    cut.update.known = cut.few;
    cut.update.known_count = 1;
    cut.size = (uint32_t)avpni_update_write(&cut.update, 0, NULL, 0);
    send_first_part(push->registry, &farewell->target, &cut);
}

/* The next AVPNI_PUSH_BATCH at most; true: there are more. */
static bool push_batch(struct avpni_push *push)
{
    const struct avpni_organization *organization = push->organization;

    for (uint32_t sent = 0; sent < AVPNI_PUSH_BATCH; sent++) {
        if (push->farewells_sent < push->farewell_count) {
            push_farewell(push, &push->farewells[push->farewells_sent++]);
            continue;
        }
        const struct avpni_record *record = NULL;

        while (record == NULL && push->next < organization->member_count) {
            record = find_connected(push->registry, &organization->members[push->next++]);
        }
        if (record == NULL) {
            return false;
        }
        push_to_member(push, push->next - 1, record);
    }
    return true;
}

static void go_on(void *owner, avpn_time now)
{
    struct avpni_push *push = owner;

    if (push_batch(push)) {
        avpni_timer_set(&push->registry->timers, &push->timer, now + AVPNI_PUSH_PAUSE);
    } else {
        avpni_registry_end_push(push->registry, push->organization);
    }
}

void avpni_registry_go_on_push(struct avpni_organization *organization, avpn_time now)
{
    if (organization->push != NULL) {
        go_on(organization->push, now);
    }
}

/* The old member is in the new document, with its key, as revoked: its place there, or AVPNI_MEMBER_NONE. */
static uint32_t find_revoked(const struct avpn_registry *registry,
                             const struct avpni_succession *succession,
                             const struct avpni_member *member)
{
    uint32_t index = avpni_config_find(succession->config, member->id);
    struct avpni_member_view view;

    if (index == AVPNI_MEMBER_NONE || !avpni_config_view(succession->config, index, &view) ||
        (view.flags & AVPN_MEMBER_REVOKED) == 0) {
        return AVPNI_MEMBER_NONE;
    }
    uint32_t place =
        avpni_organization_find_key(succession->old, &registry->member_secrets, view.key);

    return place != AVPNI_MAP_NONE && &succession->old->members[place] == member
               ? index
               : AVPNI_MEMBER_NONE;
}

/* Note, or with `farewells` NULL only count, the members to be told that they are revoked. */
static uint32_t find_farewells(const struct avpn_registry *registry,
                               const struct avpni_succession *succession,
                               struct farewell *farewells)
{
    uint32_t count = 0;

    for (uint32_t place = 0; place < succession->old->member_count; place++) {
        const struct avpni_member *member = &succession->old->members[place];
        const struct avpni_record *record = find_connected(registry, member);

        if (record == NULL || avpni_organization_keeps(succession->old, succession->made, place)) {
            continue;
        }
        uint32_t index = find_revoked(registry, succession, member);

        if (index != AVPNI_MEMBER_NONE) {
            if (farewells != NULL) {
                farewells[count].target = avpni_registry_target_of(registry, record);
                farewells[count].index = index;
            }
            count++;
        }
    }
    return count;
}

void avpni_registry_begin_push(struct avpn_registry *registry,
                               const struct avpni_succession *succession)
{
    uint32_t count = find_farewells(registry, succession, NULL);
    struct avpni_push *push = avpni_allocate(
        &registry->memory, 1, sizeof *push + count * sizeof push->farewells[0]);

    if (push == NULL || avpni_timers_reserve(&registry->timers, 1) != AVPN_OK) {
        avpni_release(&registry->memory, push);
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY); /* Acks will tell */
        return;
    }
    push->registry = registry;
    push->organization = succession->made;
    push->base = succession->old->version;
    push->farewell_count = find_farewells(registry, succession, push->farewells);
    avpni_timer_init(&push->timer, go_on, push);
    succession->made->push = push;
}

void avpni_registry_end_push(struct avpn_registry *registry,
                             struct avpni_organization *organization)
{
    struct avpni_push *push = organization->push;

    if (push != NULL) {
        organization->push = NULL;
        avpni_timer_clear(&registry->timers, &push->timer);
        (void)avpni_timers_reserve(&registry->timers, -1);
        avpni_release(&registry->memory, push);
    }
}
