/* SPDX-License-Identifier: ISC */
/*
 * hops: the lists of next hops of a route table, and the state of each hop.
 *
 * Each distinct hop has one record, so that a change of its life costs one write and a lookup
 * reads it without searching. Lists of 1 to AVPN_ROUTE_HOPS records' indices lie in a pool of
 * words, freed ones in a list by length. A list that is there already is shared: a table of a
 * million routes through a few hubs has a few lists.
 *
 * Readers on other threads: count() and place() read the pool alone, set_state() touches records and the map
 * alone; so they may run at the same time.
 */
#ifndef AVPNI_ROUTE_HOPS_H
#define AVPNI_ROUTE_HOPS_H

#include "base/map.h"
#include <autovpn/route.h>

#define AVPNI_HOPS_NONE UINT32_MAX

struct avpni_hop {
    uint32_t id;
    uint32_t uses;  /* lists that name it */
    uint32_t lists; /* some lists that begin with it, linked by their third word */
    uint8_t state;  /* enum avpn_hop_state */
};

struct avpni_hops {
    struct avpni_memory memory;
    struct avpni_map by_id; /* id -> place in `records` */
    struct avpni_hop *records;
    uint32_t record_count, record_capacity;
    uint32_t free_record; /* list linked by `uses` */
    uint32_t *pool;       /* a list: its length, uses, the next to be shared, then indices of records */
    uint32_t pool_used, pool_capacity;
    uint32_t free_lists[AVPN_ROUTE_HOPS + 1]; /* by length, linked by the second word */
};

void avpni_hops_init(struct avpni_hops *hops, const struct avpni_memory *memory);
void avpni_hops_fini(struct avpni_hops *hops);

/* Store or share a list of 1..AVPN_ROUTE_HOPS different ids: its handle, or AVPNI_HOPS_NONE: no memory. */
uint32_t avpni_hops_add(struct avpni_hops *hops, const uint32_t *ids, uint32_t count);
/* As often as added. */
void avpni_hops_remove(struct avpni_hops *hops, uint32_t list);
/* Forget all lists; the states of hops are kept. */
void avpni_hops_clear(struct avpni_hops *hops);

/* AVPN_ERROR_MEMORY: unchanged. */
int32_t avpni_hops_set_state(struct avpni_hops *hops, uint32_t id, uint8_t state);

uint32_t avpni_hops_count(const struct avpni_hops *hops, uint32_t list);
const struct avpni_hop *avpni_hops_at(const struct avpni_hops *hops, uint32_t list, uint32_t index);
/* The state of a hop that may be in no list. */
uint8_t avpni_hops_state(const struct avpni_hops *hops, uint32_t id);

/*
 * Places of records: small numbers for arrays beside the table. A hop keeps its place while a list names it; then another
 * may get it.
 */
uint32_t avpni_hops_place(const struct avpni_hops *hops, uint32_t list, uint32_t index);
uint32_t avpni_hops_places(const struct avpni_hops *hops);
/* The id there, or AVPNI_HOPS_NONE when no hop has the place. */
uint32_t avpni_hops_at_place(const struct avpni_hops *hops, uint32_t place);
size_t avpni_hops_footprint(const struct avpni_hops *hops);

#endif
