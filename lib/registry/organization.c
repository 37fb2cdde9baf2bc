/* SPDX-License-Identifier: ISC */
/*
 * organization: see organization.h.
 *
 * Building goes over the configuration four times: members that stay take their old places, new
 * ones the free places, then the links are counted, then written. Members come in order of
 * id, so every list comes out in that order, but for the hubs that the member itself names: so all are sorted, at little cost.
 */
#include "registry/organization.h"

#include "crypto/hash.h"
#include "topo/config.h"

#include <string.h>

#define NO_PLACE UINT16_MAX

static const uint8_t *fingerprint_of(const void *owner, uint32_t place)
{
    const struct avpni_organization *organization = owner;

    return organization->members[place].fingerprint;
}

static void make_fingerprint(const struct avpni_organization_secrets *secrets,
                             const struct avpn_key *key, uint8_t out[AVPNI_FINGERPRINT_BYTES])
{
    avpni_hash(out, AVPNI_FINGERPRINT_BYTES, secrets->fingerprint, sizeof secrets->fingerprint,
               &(struct avpni_piece){key->bytes, sizeof key->bytes}, 1);
}

/* What is needed while building. */
struct build {
    const struct avpn_config *config;
    const struct avpni_organization_secrets *secrets;
    const struct avpni_organization *old;
    struct avpni_organization *made;
    uint16_t *place_of; /* by index in the configuration; NO_PLACE: revoked */
    uint32_t capacity;  /* of made->members */
};

static int32_t put_member(struct build *build, uint32_t index,
                          const struct avpni_member_view *member,
                          const uint8_t fingerprint[AVPNI_FINGERPRINT_BYTES], uint32_t place)
{
    struct avpni_organization *made = build->made;
    struct avpni_member *kept = &made->members[place];

    memcpy(kept->fingerprint, fingerprint, AVPNI_FINGERPRINT_BYTES);
    kept->id = member->id;
    kept->role = member->role;
    build->place_of[index] = (uint16_t)place;
    if (place >= made->member_count) {
        made->member_count = place + 1;
    }
    return avpni_map_add(&made->map, fingerprint, place);
}

static int32_t place_members_that_stay(struct build *build)
{
    for (uint32_t i = 0; build->old != NULL && i < build->made->configured_count; i++) {
        struct avpni_member_view member;
        uint8_t fingerprint[AVPNI_FINGERPRINT_BYTES];

        (void)avpni_config_view(build->config, i, &member);
        if ((member.flags & AVPN_MEMBER_REVOKED) != 0) {
            continue;
        }
        make_fingerprint(build->secrets, member.key, fingerprint);
        uint32_t place = avpni_map_find(&build->old->map, fingerprint);

        if (place == AVPNI_MAP_NONE) {
            continue;
        }
        int32_t error = put_member(build, i, &member, fingerprint, place);

        if (error != AVPN_OK) {
            return error;
        }
    }
    return AVPN_OK;
}

static int32_t place_new_members(struct build *build)
{
    uint32_t free_place = 0;

    for (uint32_t i = 0; i < build->made->configured_count; i++) {
        struct avpni_member_view member;
        uint8_t fingerprint[AVPNI_FINGERPRINT_BYTES];

        (void)avpni_config_view(build->config, i, &member);
        if ((member.flags & AVPN_MEMBER_REVOKED) != 0 || build->place_of[i] != NO_PLACE) {
            continue;
        }
        while (build->made->members[free_place].id != 0) {
            free_place++;
        }
        make_fingerprint(build->secrets, member.key, fingerprint);
        int32_t error = put_member(build, i, &member, fingerprint, free_place);

        if (error != AVPN_OK) {
            return error;
        }
    }
    return AVPN_OK;
}

/* [TOP-2] */
static bool has_hub_tunnels(const struct build *build)
{
    return (avpn_config_flags(build->config) & AVPN_ORGANIZATION_NO_HUB_TUNNELS) == 0;
}

/* The orders by id: of all members and of hubs. */
static void fill_orders(struct build *build)
{
    struct avpni_organization *made = build->made;

    for (uint32_t i = 0; i < made->configured_count; i++) {
        uint16_t place = build->place_of[i];

        if (place == NO_PLACE) {
            continue;
        }
        made->index_of[place] = (uint16_t)i;
        made->by_id[made->by_id_count++] = place;
        if (has_hub_tunnels(build) && made->members[place].role == AVPN_ROLE_HUB) {
            made->hubs[made->hub_count++] = place;
        }
    }
}

static void link_pair(struct avpni_organization *made, uint32_t namer, uint32_t hub, bool counting)
{
    struct avpni_member *ends[2] = {&made->members[namer], &made->members[hub]};
    uint32_t others[2] = {hub, namer};

    for (int i = 0; i < 2; i++) {
        if (!counting) {
            made->links[ends[i]->links + ends[i]->link_count] = (uint16_t)others[i];
        }
        ends[i]->link_count++;
    }
    made->link_total += 2;
}

/* Two hubs that name each other are one pair: that of the one whose id is lower. */
static bool is_linked_from_there(const struct avpni_member_view *namer,
                                 const struct avpni_member_view *hub)
{
    return hub->id < namer->id && hub->role == namer->role &&
           avpni_member_hub_flags(hub, namer->id) >= 0;
}

static void link_named(struct build *build, uint32_t place, const struct avpni_member_view *namer,
                       bool counting)
{
    for (uint32_t i = 0; i < namer->hub_count; i++) {
        uint32_t hub = avpni_organization_find_id(build->made, namer->hubs[i].member);
        struct avpni_member_view named;

        if (hub != AVPNI_MAP_NONE &&
            avpni_config_view(build->config, build->made->index_of[hub], &named) &&
            avpni_member_is_peer(build->config, namer, &named) &&
            !is_linked_from_there(namer, &named)) {
            link_pair(build->made, place, hub, counting);
        }
    }
}

/* Every pair of a member and a hub that it names for a tunnel [TOP-1] [TOP-2]: first counted, then written. */
static void link_all(struct build *build, bool counting)
{
    struct avpni_organization *made = build->made;

    made->link_total = 0;
    for (uint32_t i = 0; i < made->configured_count; i++) {
        uint16_t place = build->place_of[i];
        struct avpni_member_view member;
        bool is_peer_of_all = place != NO_PLACE && has_hub_tunnels(build) &&
                              made->members[place].role == AVPN_ROLE_HUB;

        if (place == NO_PLACE || is_peer_of_all) {
            continue;
        }
        (void)avpni_config_view(build->config, i, &member);
        link_named(build, place, &member, counting);
    }
}

static void sort_by_id(const struct avpni_organization *made, uint16_t *places, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint16_t moving = places[i];
        uint32_t k = i;

        for (; k > 0 && made->members[places[k - 1]].id > made->members[moving].id; k--) {
            places[k] = places[k - 1];
        }
        places[k] = moving;
    }
}

static int32_t fill_links(struct build *build)
{
    struct avpni_organization *made = build->made;
    uint32_t offset = 0;

    link_all(build, true);
    made->links = avpni_allocate(&made->memory, made->link_total + 1u, sizeof *made->links);
    if (made->links == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    for (uint32_t i = 0; i < made->member_count; i++) {
        made->members[i].links = offset;
        offset += made->members[i].link_count;
        made->members[i].link_count = 0;
    }
    link_all(build, false);
    for (uint32_t i = 0; i < made->member_count; i++) {
        sort_by_id(made, made->links + made->members[i].links, made->members[i].link_count);
    }
    return AVPN_OK;
}

/* Members to be kept and hubs among them. */
static void count_members(const struct build *build, uint32_t *active_out, uint32_t *hubs_out)
{
    uint32_t active = 0, hubs = 0;

    for (uint32_t i = 0; i < build->made->configured_count; i++) {
        struct avpni_member_view member;

        (void)avpni_config_view(build->config, i, &member);
        if ((member.flags & AVPN_MEMBER_REVOKED) == 0) {
            active++;
            hubs += member.role == AVPN_ROLE_HUB;
        }
    }
    *active_out = active;
    *hubs_out = hubs;
}

/* One place more than needed each: an allocation of nothing has no meaning. */
static int32_t allocate_tables(struct build *build)
{
    struct avpni_organization *made = build->made;
    uint32_t active, hubs;

    count_members(build, &active, &hubs);
    build->capacity = active;
    if (build->old != NULL && build->old->member_count > active) {
        build->capacity = build->old->member_count;
    }
    made->members = avpni_allocate(&made->memory, build->capacity + 1u, sizeof *made->members);
    made->index_of = avpni_allocate(&made->memory, build->capacity + 1u, sizeof *made->index_of);
    made->by_id = avpni_allocate(&made->memory, active + 1u, sizeof *made->by_id);
    made->hubs = avpni_allocate(&made->memory, hubs + 1u, sizeof *made->hubs);
    build->place_of =
        avpni_allocate(&made->memory, made->configured_count + 1u, sizeof *build->place_of);
    if (made->members == NULL || made->index_of == NULL || made->by_id == NULL ||
        made->hubs == NULL || build->place_of == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    memset(build->place_of, 0xFF, made->configured_count * sizeof *build->place_of);
    return avpni_map_reserve(&made->map, active);
}

static void take_head(struct avpni_organization *made, const struct avpn_config *config)
{
    const char *name = avpn_config_name(config);

    for (size_t i = 0; i + 1 < sizeof made->name && name[i] != '\0'; i++) {
        made->name[i] = name[i];
    }
    made->version = avpn_config_version(config);
    made->created = avpn_config_created(config);
    made->expires = avpn_config_expires(config);
    made->configured_count = avpn_config_member_count(config);
}

int32_t avpni_organization_new(const struct avpni_memory *memory, const struct avpn_config *config,
                               const struct avpn_key *id,
                               const struct avpni_organization_secrets *secrets,
                               const struct avpni_organization *old,
                               struct avpni_organization **organization_out)
{
    struct avpni_organization *made = avpni_allocate(memory, 1, sizeof *made);
    struct build build = {.config = config, .secrets = secrets, .old = old, .made = made};

    if (made == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    made->memory = *memory;
    made->id = *id;
    if (config != NULL) {
        take_head(made, config);
    }
    avpni_map_init(&made->map, memory, secrets->map, AVPNI_FINGERPRINT_BYTES, fingerprint_of, made);
    int32_t error = allocate_tables(&build);

    if (error == AVPN_OK) {
        error = place_members_that_stay(&build);
    }
    if (error == AVPN_OK) {
        error = place_new_members(&build);
    }
    if (error == AVPN_OK) {
        fill_orders(&build);
        error = fill_links(&build);
    }
    avpni_release(memory, build.place_of);
    if (error != AVPN_OK) {
        avpni_organization_del(made);
        return error;
    }
    *organization_out = made;
    return AVPN_OK;
}

void avpni_organization_del(struct avpni_organization *organization)
{
    if (organization == NULL) {
        return;
    }
    struct avpni_memory memory = organization->memory;

    avpni_map_fini(&organization->map);
    avpni_published_del(organization->published);
    avpni_claims_fini(&organization->claims, &memory);
    avpni_release(&memory, organization->members);
    avpni_release(&memory, organization->index_of);
    avpni_release(&memory, organization->by_id);
    avpni_release(&memory, organization->hubs);
    avpni_release(&memory, organization->links);
    avpni_release(&memory, organization);
}

uint32_t avpni_organization_find_key(const struct avpni_organization *organization,
                                     const struct avpni_organization_secrets *secrets,
                                     const struct avpn_key *key)
{
    uint8_t fingerprint[AVPNI_FINGERPRINT_BYTES];

    make_fingerprint(secrets, key, fingerprint);
    return avpni_map_find(&organization->map, fingerprint);
}

uint32_t avpni_organization_find_id(const struct avpni_organization *organization, uint32_t id)
{
    uint32_t low = 0, high = organization->by_id_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t place = organization->by_id[middle];

        if (organization->members[place].id == id) {
            return place;
        }
        if (organization->members[place].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return AVPNI_MAP_NONE;
}

bool avpni_organization_keeps(const struct avpni_organization *old,
                              const struct avpni_organization *new_one, uint32_t place)
{
    if (place >= old->member_count || place >= new_one->member_count) {
        return false;
    }
    const struct avpni_member *was = &old->members[place], *is = &new_one->members[place];

    return was->id != 0 && is->id != 0 &&
           memcmp(was->fingerprint, is->fingerprint, AVPNI_FINGERPRINT_BYTES) == 0;
}

/* Two lists of places name the same members under the same ids. */
static bool is_same_list(const struct avpni_organization *old,
                         const struct avpni_organization *new_one, const uint16_t *was,
                         uint32_t was_count, const uint16_t *is, uint32_t is_count)
{
    if (was_count != is_count) {
        return false;
    }
    for (uint32_t i = 0; i < is_count; i++) {
        if (was[i] != is[i] || !avpni_organization_keeps(old, new_one, is[i]) ||
            old->members[is[i]].id != new_one->members[is[i]].id) {
            return false;
        }
    }
    return true;
}

bool avpni_organization_changes_hubs(const struct avpni_organization *old,
                                     const struct avpni_organization *new_one)
{
    return !is_same_list(old, new_one, old->hubs, old->hub_count, new_one->hubs,
                         new_one->hub_count);
}

bool avpni_organization_changes_peers(const struct avpni_organization *old,
                                      const struct avpni_organization *new_one, uint32_t place,
                                      bool hubs_changed)
{
    const struct avpni_member *was = &old->members[place], *is = &new_one->members[place];

    if (was->role != is->role || (is->role == AVPN_ROLE_HUB && hubs_changed)) {
        return true;
    }
    return !is_same_list(old, new_one, old->links + was->links, was->link_count,
                         new_one->links + is->links, is->link_count);
}

size_t avpni_organization_footprint(const struct avpni_organization *organization)
{
    size_t bytes =
        sizeof *organization + (organization->member_count + 1u) * sizeof(struct avpni_member) +
        (organization->member_count + organization->by_id_count + organization->hub_count +
         organization->link_total + 4u) *
            sizeof(uint16_t) +
        organization->map.capacity * sizeof *organization->map.slots +
        organization->claims.capacity * sizeof *organization->claims.list;

    if (organization->published != NULL) {
        bytes += avpni_published_footprint(organization->published);
    }
    return bytes;
}

struct avpni_peers avpni_peers(const struct avpni_organization *organization, uint32_t place)
{
    const struct avpni_member *member = &organization->members[place];
    const uint16_t *links = organization->links + member->links;
    struct avpni_peers peers = {.organization = organization,
                                .links = links,
                                .links_end = links + member->link_count,
                                .hubs = organization->hubs,
                                .hubs_end = organization->hubs,
                                .self = place};

    if (member->role == AVPN_ROLE_HUB) {
        peers.hubs_end += organization->hub_count;
    }
    return peers;
}

uint32_t avpni_peers_next(struct avpni_peers *peers)
{
    const struct avpni_member *members = peers->organization->members;

    if (peers->hubs < peers->hubs_end && *peers->hubs == peers->self) {
        peers->hubs++;
    }
    bool has_link = peers->links < peers->links_end;
    bool has_hub = peers->hubs < peers->hubs_end;

    if (has_link && (!has_hub || members[*peers->links].id < members[*peers->hubs].id)) {
        return *peers->links++;
    }
    return has_hub ? *peers->hubs++ : AVPNI_MAP_NONE;
}
