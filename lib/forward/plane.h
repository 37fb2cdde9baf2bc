/* SPDX-License-Identifier: ISC */
/*
 * plane: all that forwarding needs to know, published: any number of lanes (forward/lane.h) read it while its owner, the node, changes it.
 *
 *     plane -> tables -> directory   prefix -> gates, in order of preference
 *                     -> rules       firewall, breakouts, translations, whose site this is
 *           -> sessions              SPI -> session -> SAs
 *           -> locals                which of our sockets' addresses are in use
 *
 * A table is made whole, published by one store, and never changed after; what it replaces is retired (forward/reclaim.h). Only gates
 * and sessions change in place, each field for itself. All functions belong to the owner's thread.
 */
#ifndef AVPNI_FORWARD_PLANE_H
#define AVPNI_FORWARD_PLANE_H

#include "base/memory.h"
#include "forward/session.h"
#include "inner/firewall.h"
#include "inner/translate.h"
#include "route/routes.h"
#include <autovpn/node.h>

/* What a place of a route's hops means: forward/directory.c. */
struct avpni_face {
    struct avpni_gate *gate; /* NULL: AVPN_HOP_LOCAL, or nobody to send to */
    uint32_t hop;            /* its id in the routes */
};

struct avpni_directory {
    struct avpni_retired retired;
    struct avpn_routes *routes; /* owned; states of hops may change meanwhile, lanes read gates instead */
    struct avpni_face *faces;   /* by avpni_routes_hop_place */
};

struct avpni_rules {
    struct avpni_retired retired;
    struct avpni_firewall firewall;
    struct avpni_translator translator;
    uint32_t member;
    uint8_t role;
};

struct avpni_tables {
    struct avpni_retired retired;
    struct avpni_directory *directory;
    struct avpni_rules *rules; /* its rules are counted in it */
};

struct avpni_plane {
    struct avpni_memory memory;
    struct avpni_reclaim reclaim;
    _Atomic(struct avpni_tables *) tables; /* never NULL between init and fini */
    _Atomic(struct avpni_sessions *) sessions; /* NULL: none yet */
    uint32_t session_free; /* where the search for a free place begins */
    _Atomic uint32_t uplinks; /* bit per uplink that is up */
    _Atomic uint64_t locals[AVPN_UPLINKS]; /* our sockets' addresses, as avpni_local_check; 0: none [RTE-11] */
};

/* Empty tables are published, to be retired by the caller like his own. AVPN_ERROR_MEMORY. */
int32_t avpni_plane_init(struct avpni_plane *plane, const struct avpni_memory *memory);
/* Releases everything, retired things too; lanes are gone. Zeros are ignored. */
void avpni_plane_fini(struct avpni_plane *plane);

/*
 * `find` says whose gate a hop is, NULL: nobody's, it is as dead. `routes` are the directory's from now on. AVPN_ERROR_MEMORY: they are
 * not.
 */
int32_t avpni_directory_new(struct avpni_plane *plane, struct avpn_routes *routes,
                            struct avpni_gate *(*find)(const void *owner, uint32_t hop),
                            const void *owner, struct avpni_directory **directory_out);
void avpni_directory_retire(struct avpni_plane *plane, struct avpni_directory *directory);
int32_t avpni_rules_new(struct avpni_plane *plane, struct avpni_rules **rules_out);
void avpni_rules_retire(struct avpni_plane *plane, struct avpni_rules *rules);
int32_t avpni_tables_new(struct avpni_plane *plane, struct avpni_tables **tables_out);
void avpni_tables_retire(struct avpni_plane *plane, struct avpni_tables *tables);
/* What the ones before held is the caller's to retire, if it is not held any more; they themselves are retired. */
void avpni_plane_publish(struct avpni_plane *plane, struct avpni_tables *tables);

/* State DEAD, no way. NULL: no memory. */
struct avpni_gate *avpni_gate_new(struct avpni_plane *plane, uint32_t member);
void avpni_gate_retire(struct avpni_plane *plane, struct avpni_gate *gate);
/* Another way from now on, or none; copied. AVPN_ERROR_MEMORY: there is none then. */
int32_t avpni_gate_set_way(struct avpni_plane *plane, struct avpni_gate *gate,
                           const struct avpni_way *way);

/* An address and a port of a socket of ours; exact for IPv4. Never 0. */
uint64_t avpni_local_check(uint8_t family, const uint8_t *address, uint16_t port);

/* The session an SPI of ours belongs to, or NULL. From any lane. */
static inline struct avpni_session *avpni_plane_session(struct avpni_plane *plane, uint32_t spi)
{
    struct avpni_sessions *sessions = atomic_load(&plane->sessions);
    uint32_t place = AVPNI_SESSION_PLACE(spi);
    struct avpni_session *session;

    if (sessions == NULL || place >= sessions->capacity)
        return NULL;
    session = atomic_load(&sessions->slots[place]);
    return session != NULL && session->index == (spi & ~15u) ? session : NULL;
}

#endif
