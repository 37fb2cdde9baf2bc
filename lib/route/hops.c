/* SPDX-License-Identifier: ISC */
/*
 * hops: see hops.h.
 *
 * Invariants: a record is in use while a list names it or it is alive; a record in use is in
 * `by_id`; the record of AVPN_HOP_LOCAL is alive from the moment it exists.
 *
 * Only the last SHARED_LIMIT lists that begin with a hop are looked at for sharing, so that adding stays
 * cheap however many there are. A list that is not found is stored once more, which costs memory alone.
 */
#include "route/hops.h"

#include <string.h>

#define FIRST_CAPACITY 8u
#define POOL_LIMIT (UINT32_C(1) << 30)
#define SHARED_LIMIT 8u

/* The words of a list in the pool. */
#define COUNT 0u
#define USES 1u
#define NEXT 2u
#define INDICES 3u

static const uint8_t *id_of(const void *owner, uint32_t index)
{
    const struct avpni_hops *hops = owner;

    return (const uint8_t *)&hops->records[index].id;
}

void avpni_hops_init(struct avpni_hops *hops, const struct avpni_memory *memory)
{
    /* Hops are the caller's own numbers: nobody outside chooses them, so no secret is needed. */
    static const uint8_t secret[16];

    *hops = (struct avpni_hops){.memory = *memory, .free_record = AVPNI_HOPS_NONE};
    avpni_map_init(&hops->by_id, memory, secret, sizeof(uint32_t), id_of, hops);
    memset(hops->free_lists, 0xff, sizeof hops->free_lists);
}

void avpni_hops_fini(struct avpni_hops *hops)
{
    avpni_map_fini(&hops->by_id);
    avpni_release(&hops->memory, hops->records);
    avpni_release(&hops->memory, hops->pool);
}

static uint32_t find_record(const struct avpni_hops *hops, uint32_t id)
{
    return avpni_map_find(&hops->by_id, (const uint8_t *)&id);
}

static int32_t grow_records(struct avpni_hops *hops)
{
    uint32_t capacity = hops->record_capacity == 0 ? FIRST_CAPACITY : 2 * hops->record_capacity;

    if (capacity > POOL_LIMIT) {
        return AVPN_ERROR_MEMORY;
    }
    struct avpni_hop *records =
        avpni_resize(&hops->memory, hops->records, capacity, sizeof *records);

    if (records == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    hops->records = records;
    hops->record_capacity = capacity;
    return AVPN_OK;
}

/* The record of a hop, made when there is none; AVPNI_HOPS_NONE: no memory. */
static uint32_t ensure_record(struct avpni_hops *hops, uint32_t id)
{
    uint32_t found = find_record(hops, id);

    if (found != AVPNI_MAP_NONE) {
        return found;
    }
    bool is_new = hops->free_record == AVPNI_HOPS_NONE;

    if (is_new && hops->record_count == hops->record_capacity && grow_records(hops) != AVPN_OK) {
        return AVPNI_HOPS_NONE;
    }
    uint32_t index = is_new ? hops->record_count : hops->free_record;

    if (avpni_map_add(&hops->by_id, (const uint8_t *)&id, index) != AVPN_OK) {
        return AVPNI_HOPS_NONE;
    }
    if (is_new) {
        hops->record_count++;
    } else {
        hops->free_record = hops->records[index].uses;
    }
    hops->records[index] = (struct avpni_hop){
        .id = id, .lists = AVPNI_HOPS_NONE, .state = id == AVPN_HOP_LOCAL ? AVPN_HOP_ALIVE : AVPN_HOP_DEAD};
    return index;
}

/* Free a record that nothing needs any more. */
static void release_record(struct avpni_hops *hops, uint32_t index)
{
    struct avpni_hop *record = &hops->records[index];

    if (record->uses == 0 && (record->state == AVPN_HOP_DEAD || record->id == AVPN_HOP_LOCAL)) {
        avpni_map_remove(&hops->by_id, (const uint8_t *)&record->id);
        record->uses = hops->free_record;
        hops->free_record = index;
    }
}

/* Room for a list in the pool, not yet taken; AVPNI_HOPS_NONE: no memory. */
static uint32_t find_room(struct avpni_hops *hops, uint32_t count)
{
    if (hops->free_lists[count] != AVPNI_HOPS_NONE) {
        return hops->free_lists[count];
    }
    uint32_t needed = hops->pool_used + INDICES + count;

    if (needed > hops->pool_capacity) {
        uint32_t capacity = hops->pool_capacity + hops->pool_capacity / 2 + 4 * FIRST_CAPACITY;
        uint32_t *pool = capacity > POOL_LIMIT ? NULL
                                               : avpni_resize(&hops->memory, hops->pool, capacity,
                                                              sizeof *pool);

        if (pool == NULL) {
            return AVPNI_HOPS_NONE;
        }
        hops->pool = pool;
        hops->pool_capacity = capacity;
    }
    return hops->pool_used;
}

static void take_room(struct avpni_hops *hops, uint32_t list, uint32_t count)
{
    if (list == hops->free_lists[count]) {
        hops->free_lists[count] = hops->pool[list + NEXT];
    } else {
        hops->pool_used += INDICES + count;
    }
    hops->pool[list + COUNT] = count;
    hops->pool[list + USES] = 1;
}

/* ---- sharing ------------------------------------------------------------------------- */

static bool is_list(const struct avpni_hops *hops, uint32_t list, const uint32_t *ids,
                    uint32_t count)
{
    uint32_t same = 0;

    if (hops->pool[list + COUNT] != count) {
        return false;
    }
    while (same < count && hops->records[hops->pool[list + INDICES + same]].id == ids[same]) {
        same++;
    }
    return same == count;
}

/* A list with these ids that can be shared, or AVPNI_HOPS_NONE. */
static uint32_t find_shared(const struct avpni_hops *hops, const uint32_t *ids, uint32_t count)
{
    uint32_t first = find_record(hops, ids[0]);
    uint32_t list = first == AVPNI_MAP_NONE ? AVPNI_HOPS_NONE : hops->records[first].lists;

    while (list != AVPNI_HOPS_NONE && !is_list(hops, list, ids, count)) {
        list = hops->pool[list + NEXT];
    }
    return list;
}

/* Offer a list for sharing. The one offered longest is forgotten when there are too many. */
static void offer(struct avpni_hops *hops, uint32_t list)
{
    struct avpni_hop *first = &hops->records[hops->pool[list + INDICES]];
    uint32_t last = list, count = 1;

    hops->pool[list + NEXT] = first->lists;
    first->lists = list;
    while (hops->pool[last + NEXT] != AVPNI_HOPS_NONE && count < SHARED_LIMIT) {
        last = hops->pool[last + NEXT];
        count++;
    }
    hops->pool[last + NEXT] = AVPNI_HOPS_NONE;
}

static void withdraw(struct avpni_hops *hops, uint32_t list)
{
    uint32_t *link = &hops->records[hops->pool[list + INDICES]].lists;

    while (*link != AVPNI_HOPS_NONE && *link != list) {
        link = &hops->pool[*link + NEXT];
    }
    if (*link == list) {
        *link = hops->pool[list + NEXT];
    }
}

/* ---- lists --------------------------------------------------------------------------- */

uint32_t avpni_hops_add(struct avpni_hops *hops, const uint32_t *ids, uint32_t count)
{
    uint32_t indices[AVPN_ROUTE_HOPS];
    uint32_t list = find_shared(hops, ids, count), done = 0;

    if (list != AVPNI_HOPS_NONE) {
        hops->pool[list + USES]++;
        return list;
    }
    list = find_room(hops, count);

    for (; list != AVPNI_HOPS_NONE && done < count; done++) {
        indices[done] = ensure_record(hops, ids[done]);
        if (indices[done] == AVPNI_HOPS_NONE) {
            list = AVPNI_HOPS_NONE;
            break;
        }
        hops->records[indices[done]].uses++;
    }
    if (list == AVPNI_HOPS_NONE) {
        while (done-- > 0) {
            hops->records[indices[done]].uses--;
            release_record(hops, indices[done]);
        }
        return AVPNI_HOPS_NONE;
    }
    take_room(hops, list, count);
    memcpy(&hops->pool[list + INDICES], indices, count * sizeof *indices);
    offer(hops, list);
    return list;
}

void avpni_hops_remove(struct avpni_hops *hops, uint32_t list)
{
    uint32_t count = hops->pool[list + COUNT];

    if (--hops->pool[list + USES] > 0) {
        return;
    }
    withdraw(hops, list);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t index = hops->pool[list + INDICES + i];

        hops->records[index].uses--;
        release_record(hops, index);
    }
    hops->pool[list + NEXT] = hops->free_lists[count];
    hops->free_lists[count] = list;
}

void avpni_hops_clear(struct avpni_hops *hops)
{
    for (uint32_t i = 0; i < hops->record_count; i++) {
        /* Records of the free list are not in the map under their id. */
        if (find_record(hops, hops->records[i].id) == i) {
            hops->records[i].uses = 0;
            hops->records[i].lists = AVPNI_HOPS_NONE;
            release_record(hops, i);
        }
    }
    hops->pool_used = 0;
    memset(hops->free_lists, 0xff, sizeof hops->free_lists);
}

int32_t avpni_hops_set_state(struct avpni_hops *hops, uint32_t id, uint8_t state)
{
    bool is_dead = state == AVPN_HOP_DEAD;
    uint32_t index = is_dead ? find_record(hops, id) : ensure_record(hops, id);

    if (index == AVPNI_HOPS_NONE) {
        return is_dead ? AVPN_OK : AVPN_ERROR_MEMORY;
    }
    hops->records[index].state = state;
    release_record(hops, index);
    return AVPN_OK;
}

uint32_t avpni_hops_count(const struct avpni_hops *hops, uint32_t list)
{
    return hops->pool[list + COUNT];
}

const struct avpni_hop *avpni_hops_at(const struct avpni_hops *hops, uint32_t list, uint32_t index)
{
    return &hops->records[avpni_hops_place(hops, list, index)];
}

uint32_t avpni_hops_place(const struct avpni_hops *hops, uint32_t list, uint32_t index)
{
    return hops->pool[list + INDICES + index];
}

uint32_t avpni_hops_places(const struct avpni_hops *hops)
{
    return hops->record_count;
}

uint32_t avpni_hops_at_place(const struct avpni_hops *hops, uint32_t place)
{
    /* Records of the free list are not in the map under their id. */
    return place < hops->record_count && find_record(hops, hops->records[place].id) == place
               ? hops->records[place].id
               : AVPNI_HOPS_NONE;
}

uint8_t avpni_hops_state(const struct avpni_hops *hops, uint32_t id)
{
    uint32_t index = find_record(hops, id);

    if (id == AVPN_HOP_LOCAL) {
        return AVPN_HOP_ALIVE;
    }
    return index == AVPNI_MAP_NONE ? AVPN_HOP_DEAD : hops->records[index].state;
}

size_t avpni_hops_footprint(const struct avpni_hops *hops)
{
    return hops->record_capacity * sizeof *hops->records +
           hops->pool_capacity * sizeof *hops->pool +
           hops->by_id.capacity * sizeof *hops->by_id.slots;
}
