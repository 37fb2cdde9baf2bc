/* SPDX-License-Identifier: ISC */
#include "forward/plane.h"

#include <string.h>

/* ---- releasing ---------------------------------------------------------------------- */

/* `retired` is the first member of all that is released here. */

static void release_plain(void *owner, struct avpni_retired *retired)
{
    const struct avpni_plane *plane = owner;

    avpni_release(&plane->memory, retired);
}

static void release_directory(void *owner, struct avpni_retired *retired)
{
    const struct avpni_plane *plane = owner;
    struct avpni_directory *directory = (struct avpni_directory *)retired;

    avpn_routes_del(directory->routes);
    avpni_release(&plane->memory, directory->faces);
    avpni_release(&plane->memory, directory);
}

static void release_rules(void *owner, struct avpni_retired *retired)
{
    const struct avpni_plane *plane = owner;
    struct avpni_rules *rules = (struct avpni_rules *)retired;

    avpni_firewall_fini(&rules->firewall);
    avpni_release(&plane->memory, rules);
}

static void retire(struct avpni_plane *plane, struct avpni_retired *retired,
                   void (*release)(void *owner, struct avpni_retired *retired))
{
    avpni_reclaim_retire(&plane->reclaim, retired, release);
}

/* ---- tables --------------------------------------------------------------------------- */

int32_t avpni_directory_new(struct avpni_plane *plane, struct avpn_routes *routes,
                            struct avpni_gate *(*find)(const void *owner, uint32_t hop),
                            const void *owner, struct avpni_directory **directory_out)
{
    uint32_t places = avpni_routes_hop_places(routes);
    struct avpni_directory *directory = avpni_allocate(&plane->memory, 1, sizeof *directory);
    struct avpni_face *faces = avpni_allocate(&plane->memory, (size_t)places + 1, sizeof *faces);

    if (directory == NULL || faces == NULL) {
        avpni_release(&plane->memory, directory);
        avpni_release(&plane->memory, faces);
        return AVPN_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < places; i++) {
        faces[i].hop = avpni_routes_hop_at_place(routes, i);
        faces[i].gate = find(owner, faces[i].hop);
    }
    directory->routes = routes;
    directory->faces = faces;
    *directory_out = directory;
    return AVPN_OK;
}

void avpni_directory_retire(struct avpni_plane *plane, struct avpni_directory *directory)
{
    if (directory != NULL)
        retire(plane, &directory->retired, release_directory);
}

int32_t avpni_rules_new(struct avpni_plane *plane, struct avpni_rules **rules_out)
{
    struct avpni_rules *rules = avpni_allocate(&plane->memory, 1, sizeof *rules);

    if (rules == NULL)
        return AVPN_ERROR_MEMORY;
    avpni_firewall_init(&rules->firewall, &plane->memory);
    *rules_out = rules;
    return AVPN_OK;
}

void avpni_rules_retire(struct avpni_plane *plane, struct avpni_rules *rules)
{
    if (rules != NULL)
        retire(plane, &rules->retired, release_rules);
}

int32_t avpni_tables_new(struct avpni_plane *plane, struct avpni_tables **tables_out)
{
    *tables_out = avpni_allocate(&plane->memory, 1, sizeof **tables_out);
    return *tables_out == NULL ? AVPN_ERROR_MEMORY : AVPN_OK;
}

void avpni_tables_retire(struct avpni_plane *plane, struct avpni_tables *tables)
{
    if (tables != NULL)
        retire(plane, &tables->retired, release_plain);
}

void avpni_plane_publish(struct avpni_plane *plane, struct avpni_tables *tables)
{
    avpni_tables_retire(plane, atomic_exchange(&plane->tables, tables));
}

/* ---- gates ------------------------------------------------------------------------------ */

struct avpni_gate *avpni_gate_new(struct avpni_plane *plane, uint32_t member)
{
    struct avpni_gate *gate = avpni_allocate(&plane->memory, 1, sizeof *gate);

    if (gate != NULL)
        gate->member = member;
    return gate;
}

void avpni_gate_retire(struct avpni_plane *plane, struct avpni_gate *gate)
{
    if (gate == NULL)
        return;
    (void)avpni_gate_set_way(plane, gate, NULL);
    retire(plane, &gate->retired, release_plain);
}

int32_t avpni_gate_set_way(struct avpni_plane *plane, struct avpni_gate *gate,
                           const struct avpni_way *way)
{
    struct avpni_way *next = way == NULL ? NULL : avpni_allocate(&plane->memory, 1, sizeof *next);
    struct avpni_way *last;

    if (next != NULL) {
        next->sa = way->sa;
        next->until = way->until;
        next->limit = way->limit;
        next->uplink = way->uplink;
        next->path = way->path;
        next->flags = way->flags;
        next->contact = way->contact;
    }
    last = atomic_exchange(&gate->way, next);
    if (last != NULL)
        retire(plane, &last->retired, release_plain);
    return way != NULL && next == NULL ? AVPN_ERROR_MEMORY : AVPN_OK;
}

/* ---- life -------------------------------------------------------------------------------- */

static struct avpni_gate *find_nobody(const void *owner, uint32_t hop)
{
    (void)owner;
    (void)hop;
    return NULL;
}

static int32_t make_empty(struct avpni_plane *plane, struct avpni_tables *tables)
{
    struct avpni_directory *directory;
    struct avpni_rules *rules;
    struct avpn_routes *routes;
    struct avpn_host host = {.size = sizeof host, .user = plane->memory.user,
                             .allocate = plane->memory.allocate, .resize = plane->memory.resize,
                             .release = plane->memory.release};
    int32_t error = avpn_routes_new(&host, &routes);

    if (error != AVPN_OK)
        return error;
    error = avpni_directory_new(plane, routes, find_nobody, NULL, &directory);
    if (error != AVPN_OK) {
        avpn_routes_del(routes);
        return error;
    }
    error = avpni_rules_new(plane, &rules);
    if (error != AVPN_OK) {
        avpni_directory_retire(plane, directory);
        return error;
    }
    tables->directory = directory;
    tables->rules = rules;
    return AVPN_OK;
}

int32_t avpni_plane_init(struct avpni_plane *plane, const struct avpni_memory *memory)
{
    struct avpni_tables *tables;
    int32_t error;

    plane->memory = *memory;
    avpni_reclaim_init(&plane->reclaim, plane);
    error = avpni_tables_new(plane, &tables);
    if (error != AVPN_OK)
        return error;
    error = make_empty(plane, tables);
    if (error != AVPN_OK) {
        avpni_tables_retire(plane, tables);
        return error;
    }
    avpni_plane_publish(plane, tables);
    return AVPN_OK;
}

void avpni_plane_fini(struct avpni_plane *plane)
{
    struct avpni_sessions *sessions = atomic_exchange(&plane->sessions, NULL);

    if (plane->reclaim.last == NULL)
        return; /* never begun */
    if (sessions != NULL)
        retire(plane, &sessions->retired, release_plain);
    avpni_plane_publish(plane, NULL);
    avpni_reclaim_fini(&plane->reclaim);
}

uint64_t avpni_local_check(uint8_t family, const uint8_t *address, uint16_t port)
{
    uint64_t head = (uint64_t)port << 48 | (uint64_t)family << 40, halves[2];
    uint32_t v4;

    if (family == AVPN_FAMILY_IPV4) {
        memcpy(&v4, address, sizeof v4);
        return head | v4;
    }
    memcpy(halves, address, sizeof halves);
    halves[0] = (halves[0] ^ halves[1] * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xBF58476D1CE4E5B9);
    return head | halves[0] >> 24;
}
