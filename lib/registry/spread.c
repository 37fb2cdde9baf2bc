/* SPDX-License-Identifier: ISC */
/*
 * spread: a new configuration is told to every connected member, unasked. Spec: [SYN-3].
 *
 * A push goes over the members once. It holds a place in the organization, so that a newer configuration can
 * begin another in its place; whoever was not reached hears of the version with the next Ack. What it tells members who
 * are revoked is kept apart, for they are no members any more when their turn comes.
 *
 * Most members are told the same: what is neither theirs nor their peers'. So that is made once, and a member whom
 * the change does not concern costs no walk over the document.
 */
#include "registry/engine.h"

#include "registry/cut.h"

#define BODY_BYTES (AVPNI_PART_HEAD_BYTES + AVPNI_PART_BYTES)

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
    struct avpni_cut common;
    uint8_t common_part[AVPNI_PART_BYTES]; /* its part 0 */
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

/* The end of an update: with sealed keys or without. As much as there is room for. */
static void write_tail(struct avpni_writer *w, const uint8_t *sealed)
{
    size_t room = w->capacity - w->position;

    if (room > 0) {
        avpni_write_u8(w, sealed != NULL);
        room--;
    }
    if (sealed != NULL) {
        avpni_write_bytes(w, sealed,
                          room < AVPNI_SEALED_PSK_BYTES ? room : AVPNI_SEALED_PSK_BYTES);
    }
}

static void send_first_part(struct avpn_registry *registry,
                            const struct avpni_session_target *target,
                            const struct avpni_part *part, uint8_t *body)
{
    uint8_t key[32];

    avpni_session_key(&registry->secrets, target->slot, target->generation, key);
    avpni_registry_send_part(registry, target, key, part, body);
    avpni_wipe(key, sizeof key);
}

/* Part 0 of an update that is made for one member. */
static void send_own(struct avpn_registry *registry, const struct avpni_session_target *target,
                     const struct avpni_cut *cut)
{
    struct avpni_part part = {.base = cut->base, .version = cut->version, .size = cut->size};
    uint8_t body[BODY_BYTES];

    avpni_cut_write(cut, 0, 1, body + AVPNI_PART_HEAD_BYTES);
    send_first_part(registry, target, &part, body);
}

/*
 * Part 0 of the update that all get, with a member's sealed key in the place of the zero at its end where the
 * keys have changed.
 */
static void send_common(const struct avpni_push *push, const struct avpni_session_target *target,
                        uint32_t index)
{
    const struct avpni_published *published = push->organization->published;
    bool has_sealed = published->sealed_changed > push->common.update.base;
    struct avpni_part part = {.base = push->common.base,
                              .version = push->common.version,
                              .size = push->common.size};
    uint8_t body[BODY_BYTES];
    struct avpni_writer w =
        avpni_writer(body + AVPNI_PART_HEAD_BYTES, AVPNI_PART_BYTES);
    size_t end = part.size - 1, given = end < AVPNI_PART_BYTES ? end : AVPNI_PART_BYTES;

    avpni_write_bytes(&w, push->common_part, given);
    if (has_sealed) {
        part.size += AVPNI_SEALED_PSK_BYTES;
    }
    if (given == end) {
        write_tail(&w, has_sealed ? avpni_document_sealed(&published->document, index) : NULL);
    }
    send_first_part(push->registry, target, &part, body);
}

static void push_to_member(struct avpni_push *push, uint32_t place,
                           const struct avpni_record *record)
{
    struct avpn_registry *registry = push->registry;
    const struct avpni_organization *organization = push->organization;
    struct avpni_session_target target = avpni_registry_target_of(registry, record);
    struct avpni_cut cut;

    if (!avpni_cut_concerns(&push->common, organization, place)) {
        send_common(push, &target, organization->index_of[place]);
        return;
    }
    if (avpni_cut_init(&cut, &registry->memory, organization, place, push->base)) {
        send_own(registry, &target, &cut);
    } else {
        avpni_registry_count(registry, AVPN_REGISTRY_DROP_MEMORY);
    }
    avpni_cut_fini(&cut, &registry->memory);
}

static void push_farewell(const struct avpni_push *push, const struct farewell *farewell)
{
    struct avpni_cut cut;

    avpni_cut_init_revoked(&cut, push->organization, farewell->index, push->base);
    send_own(push->registry, &farewell->target, &cut);
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
    avpni_cut_init_common(&push->common, push->organization, push->base);
    avpni_cut_write(&push->common, 0, 1, push->common_part);
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
