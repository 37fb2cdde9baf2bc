/* SPDX-License-Identifier: ISC */
/*
 * organization: the members of one organization as a registry keeps them, and who is whose peer.
 *
 * Made from a verified configuration, which is not needed afterwards; the document it was read from is kept
 * (published.h). A member costs 32 bytes here, 5 in the map, 2 in the order by id, 2 for its place in the
 * document, and 2 for each hub at either end. Its key is held as
 * a keyed fingerprint of 128 bits: enough to recognize it, and half the size. Revoked members
 * are left out. Before anything is published an organization has no members and version 0.
 *
 * A member's place is its index in `members`, and part of slot numbers: a newer configuration
 * leaves members that stay where they are and puts new ones into places that became free. `floor`
 * says which generations were issued before that: they begin nothing any more.
 * Spec: [REG-12], [TOP-1], [TOP-2].
 */
#ifndef AVPNI_REGISTRY_ORGANIZATION_H
#define AVPNI_REGISTRY_ORGANIZATION_H

#include "base/map.h"
#include "base/memory.h"
#include "registry/claims.h"
#include "registry/published.h"
#include <autovpn/config.h>
#include <stdbool.h>

#define AVPNI_FINGERPRINT_BYTES 16

struct avpni_member {
    uint8_t fingerprint[AVPNI_FINGERPRINT_BYTES];
    uint32_t id;    /* 0: this place is free */
    uint32_t first; /* handle of the first of its records, uplinks ascending, or 0 */
    uint32_t links; /* its part of `links`: whom it names or who names it for a tunnel, ascending id */
    uint16_t link_count;
    uint8_t role;         /* enum avpn_role */
    uint8_t record_count; /* length of the list at `first` */
};

struct avpni_office;
struct avpni_push;

struct avpni_organization {
    struct avpni_memory memory;
    struct avpn_key id;
    char name[AVPN_NAME_BYTES];
    uint64_t version; /* 0: nothing published yet, and no members */
    int64_t created, expires;
    uint64_t floor;            /* generations up to this one begin no registration */
    uint64_t office_floor;     /* ... and up to this one no administrator's session */
    struct avpni_published *published; /* NULL: nothing */
    struct avpni_claims claims;
    struct avpni_office *office; /* of administrators; NULL: none is there */
    struct avpni_push *push;     /* members who are still to be told; NULL: none */
    uint32_t configured_count; /* members of the configuration, revoked ones too */
    uint32_t member_count;     /* places */
    struct avpni_member *members;
    uint16_t *by_id; /* places in order of member id */
    uint16_t *index_of; /* by place: the member's place in the document */
    uint32_t by_id_count;
    uint16_t *hubs; /* places of all hubs in order of member id; none, if hubs are not peers as such [TOP-2] */
    uint32_t hub_count;
    uint16_t *links;
    uint32_t link_total;
    struct avpni_map map; /* fingerprint -> place */
};

/* Random for the life of a registry process. */
struct avpni_organization_secrets {
    uint8_t fingerprint[32];
    uint8_t map[16];
};

/*
 * `config` is borrowed until return; NULL: nothing published yet. `old`: what this one will replace, or
 * NULL; unchanged. No member has records yet, and there is nothing published, claimed or under way. AVPN_ERROR_MEMORY.
 */
int32_t avpni_organization_new(const struct avpni_memory *memory, const struct avpn_config *config,
                               const struct avpn_key *id,
                               const struct avpni_organization_secrets *secrets,
                               const struct avpni_organization *old,
                               struct avpni_organization **organization_out);
/* Office and push must be gone. */
void avpni_organization_del(struct avpni_organization *organization);

/* The place of the member with this key, or AVPNI_MAP_NONE. */
uint32_t avpni_organization_find_key(const struct avpni_organization *organization,
                                     const struct avpni_organization_secrets *secrets,
                                     const struct avpn_key *key);
/* The place of the member with this id, or AVPNI_MAP_NONE. */
uint32_t avpni_organization_find_id(const struct avpni_organization *organization, uint32_t id);
/* The member at `place` is the same one (by key) in both. */
bool avpni_organization_keeps(const struct avpni_organization *old,
                              const struct avpni_organization *new_one, uint32_t place);
/* For a member that both have at `place`: its peers are others, or have other ids. */
bool avpni_organization_changes_peers(const struct avpni_organization *old,
                                      const struct avpni_organization *new_one, uint32_t place,
                                      bool hubs_changed);
/* The list of hubs that are peers of each other is another: what the call above asks for, once for all members. */
bool avpni_organization_changes_hubs(const struct avpni_organization *old,
                                     const struct avpni_organization *new_one);
/* Bytes on the heap, without the document's. */
size_t avpni_organization_footprint(const struct avpni_organization *organization);

/* A walk over a member's peers in order of id: two ordered lists merged. */
struct avpni_peers {
    const struct avpni_organization *organization;
    const uint16_t *links, *links_end;
    const uint16_t *hubs, *hubs_end;
    uint32_t self;
};

struct avpni_peers avpni_peers(const struct avpni_organization *organization, uint32_t place);
/* The next peer's place, or AVPNI_MAP_NONE at the end. */
uint32_t avpni_peers_next(struct avpni_peers *peers);

#endif
