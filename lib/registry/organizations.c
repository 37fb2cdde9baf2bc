/* SPDX-License-Identifier: ISC */
/*
 * organizations: which organizations a registry serves, and how one configuration takes the place of another.
 *
 * An organization's place in `organizations` is part of its slot numbers and stays as long as it
 * is served. A place that is used again begins with a floor of generations, so that sessions
 * of the time before name nobody.
 *
 * All that can fail is done first (prepare): the new tables are made beside the old ones. Then they change places
 * (commit), and what goes on - registrations, claims, an administrator's session - moves over.
 */
#include "registry/engine.h"

#include <string.h>

struct avpni_organization *avpni_registry_organization_of(const struct avpn_registry *registry,
                                                          uint32_t slot)
{
    uint32_t place = avpni_slot_organization(slot);

    return place < registry->place_count ? registry->organizations[place] : NULL;
}

struct avpni_member *avpni_registry_member_of(const struct avpn_registry *registry, uint32_t slot)
{
    struct avpni_organization *organization = avpni_registry_organization_of(registry, slot);
    uint32_t place = avpni_slot_member(slot);

    if (organization == NULL || place >= organization->member_count ||
        organization->members[place].id == 0) {
        return NULL;
    }
    return &organization->members[place];
}

/* ---- one configuration after another -----------------------------------------------------------*/

/* A place for one organization more. AVPN_ERROR_LIMIT, AVPN_ERROR_MEMORY. */
static int32_t find_place(struct avpn_registry *registry, uint32_t *place_out)
{
    uint32_t place = 0;

    while (place < registry->place_count && registry->organizations[place] != NULL) {
        place++;
    }
    if (place == AVPNI_SLOT_ORGANIZATIONS) {
        return AVPN_ERROR_LIMIT;
    }
    if (place == registry->place_count) {
        struct avpni_organization **places =
            avpni_resize(&registry->memory, registry->organizations, place + 1u, sizeof(void *));

        if (places == NULL) {
            return AVPN_ERROR_MEMORY;
        }
        places[place] = NULL;
        registry->organizations = places;
        registry->place_count++;
    }
    *place_out = place;
    return avpni_map_reserve(&registry->map, registry->organization_count + 1);
}

/* What is served limits what may follow it, as it does at a node [CFG-5]. */
static int32_t may_follow(const struct avpn_registry *registry,
                          const struct avpni_organization *old, const struct avpn_config *config)
{
    struct avpn_config *held;

    if (avpn_config_version(config) <= old->version) {
        return AVPN_ERROR_VERSION;
    }
    if (old->published == NULL) {
        return AVPN_OK;
    }
    int32_t error = avpn_config_read(old->published->bytes, old->published->count, &old->id, 0,
                                     &registry->host, &held);

    if (error == AVPN_OK) {
        error = avpn_config_succeeds(held, config);
        avpn_config_del(held);
    }
    return error;
}

/* The tables of `config`, and its document; `config` may be NULL, then there is none. */
static int32_t make_organization(struct avpn_registry *registry, const struct avpn_key *id,
                                 const struct avpn_config *config, uint8_t *bytes, size_t count,
                                 const struct avpni_organization *old,
                                 struct avpni_organization **made_out)
{
    struct avpni_organization *made;
    int32_t error = avpni_organization_new(&registry->memory, config, id,
                                           &registry->member_secrets, old, &made);

    if (error != AVPN_OK) {
        return error;
    }
    if (config != NULL) {
        error = avpni_published_new(&registry->memory, bytes, count, made->version,
                                    old != NULL ? old->published : NULL, &made->published);
    }
    if (error != AVPN_OK) {
        avpni_organization_del(made);
        return error;
    }
    made->floor = made->office_floor = registry->generation;
    *made_out = made;
    return AVPN_OK;
}

int32_t avpni_registry_prepare(struct avpn_registry *registry, const struct avpn_key *id,
                               const struct avpn_config *config, uint8_t *bytes, size_t count,
                               struct avpni_succession *succession_out)
{
    struct avpni_succession succession = {.config = config};
    int32_t error = AVPN_OK;

    succession.place = avpni_map_find(&registry->map, id->bytes);
    if (succession.place != AVPNI_MAP_NONE) {
        succession.old = registry->organizations[succession.place];
        error = may_follow(registry, succession.old, config);
    } else {
        error = find_place(registry, &succession.place);
    }
    if (error == AVPN_OK) {
        error = make_organization(registry, id, config, bytes, count, succession.old,
                                  &succession.made);
    }
    if (error == AVPN_OK) {
        *succession_out = succession;
    }
    return error;
}

void avpni_registry_abandon(struct avpni_succession *succession)
{
    avpni_organization_del(succession->made);
}

/* A member that is gone: its records go, and the host is told. */
static void drop_member(struct avpn_registry *registry, struct avpni_member *member, avpn_time now)
{
    for (uint32_t handle = member->first; handle != 0;) {
        struct avpni_record *record = avpni_table_at(&registry->table, handle);

        if ((record->flags & AVPNI_RECORD_CONNECTED) != 0) {
            avpni_table_disconnect(&registry->table, record);
            avpni_registry_raise(registry, record, now);
        }
        handle = record->sibling;
    }
    avpni_table_drop(&registry->table, member);
}

/*
 * Move registrations from one configuration to the next. Where a member's peers changed the
 * contacts version does too, so that the next Ack makes the node fetch [REG-10].
 */
static void move_records(struct avpn_registry *registry, struct avpni_organization *old,
                         struct avpni_organization *new_one, avpn_time now)
{
    bool hubs_changed = avpni_organization_changes_hubs(old, new_one);

    for (uint32_t place = 0; place < old->member_count; place++) {
        struct avpni_member *was = &old->members[place];

        if (!avpni_organization_keeps(old, new_one, place)) {
            drop_member(registry, was, now);
            continue;
        }
        struct avpni_member *is = &new_one->members[place];

        is->first = was->first;
        is->record_count = was->record_count;
        if (!avpni_organization_changes_peers(old, new_one, place, hubs_changed)) {
            continue;
        }
        for (uint32_t handle = is->first; handle != 0;) {
            struct avpni_record *record = avpni_table_at(&registry->table, handle);

            record->version++;
            handle = record->sibling;
        }
    }
}

/* What goes on under the new configuration. */
static void take_place_of(struct avpn_registry *registry, struct avpni_succession *succession,
                          avpn_time now)
{
    struct avpni_organization *old = succession->old, *made = succession->made;

    made->claims = old->claims;
    made->office = old->office;
    made->office_floor = old->office_floor;
    old->claims = (struct avpni_claims){0};
    old->office = NULL;
    avpni_registry_end_push(registry, old);
    if (old->version != 0) {
        avpni_registry_begin_push(registry, succession);
        avpni_registry_keep_claims(registry, old, made, succession->publisher != 0);
    }
    move_records(registry, old, made, now);
    registry->organizations[succession->place] = made;
    avpni_organization_del(old);
    avpni_registry_renew_office(registry, made, succession->publisher);
}

void avpni_registry_commit(struct avpn_registry *registry, struct avpni_succession *succession,
                           avpn_time now)
{
    struct avpni_organization *made = succession->made;
    bool is_first = succession->old == NULL || succession->old->version == 0;

    if (succession->old != NULL) {
        take_place_of(registry, succession, now);
    } else {
        registry->organizations[succession->place] = made;
        registry->organization_count++;
        (void)avpni_map_add(&registry->map, made->id.bytes, succession->place); /* reserved */
    }
    if (is_first || succession->publisher == 0) {
        avpni_registry_restore_claims(registry, made, now);
    }
    avpni_registry_go_on_push(made, now);
}

int32_t avpni_registry_serve(struct avpn_registry *registry, const struct avpn_key *id,
                             const struct avpn_config *config, const uint8_t *bundle, size_t count,
                             avpn_time now)
{
    struct avpni_succession succession;
    uint8_t *bytes = avpni_allocate(&registry->memory, 1, count);

    if (bytes == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    memcpy(bytes, bundle, count);
    int32_t error = avpni_registry_prepare(registry, id, config, bytes, count, &succession);

    if (error != AVPN_OK) {
        avpni_release(&registry->memory, bytes);
        return error;
    }
    avpni_registry_commit(registry, &succession, now);
    return AVPN_OK;
}

/* ---- the host's calls ------------------------------------------------------------------------ */

int32_t avpn_registry_set_organization(struct avpn_registry *registry,
                                       const struct avpn_key *organization, const uint8_t *bundle,
                                       size_t count, avpn_time now)
{
    struct avpn_config *config;

    if (registry == NULL || organization == NULL || bundle == NULL) {
        return AVPN_ERROR_ARGUMENT;
    }
    int32_t error = avpn_config_read(bundle, count, organization, avpni_registry_clock(registry),
                                     &registry->host, &config);

    if (error != AVPN_OK) {
        return error;
    }
    error = avpn_config_is_whole(config)
                ? avpni_registry_serve(registry, organization, config, bundle, count, now)
                : AVPN_ERROR_FORMAT;
    avpn_config_del(config);
    avpni_outbox_flush(&registry->outbox);
    return error;
}

static void complain(const struct avpn_registry *registry, const char *text)
{
    if (registry->host.log != NULL) {
        registry->host.log(registry->host.user, AVPN_LOG_ERROR, text);
    }
}

/*
 * What the store holds, if it verifies: it was taken from an administrator once, so that it has expired since
 * does not matter [CFG-6]. AVPN_ERROR_NOT_FOUND: nothing of use.
 */
static int32_t serve_stored(struct avpn_registry *registry, const struct avpn_key *id,
                            avpn_time now)
{
    struct avpni_succession succession;
    struct avpn_config *config;
    uint8_t *bytes;
    size_t count;
    int32_t error = avpni_registry_restore(registry, AVPNI_STORED_DOCUMENT, id, &bytes, &count);

    if (error != AVPN_OK) {
        return error;
    }
    error = avpn_config_read(bytes, count, id, 0, &registry->host, &config);
    if (error == AVPN_OK) {
        error = avpn_config_is_whole(config) ? avpni_registry_prepare(registry, id, config, bytes,
                                                                     count, &succession)
                                             : AVPN_ERROR_FORMAT;
        if (error == AVPN_OK) {
            avpni_registry_commit(registry, &succession, now);
        }
        avpn_config_del(config);
    }
    if (error != AVPN_OK) {
        avpni_release(&registry->memory, bytes);
    }
    if (error == AVPN_OK || error == AVPN_ERROR_MEMORY || error == AVPN_ERROR_LIMIT) {
        return error;
    }
    complain(registry, "a stored configuration does not verify; waiting for its administrator");
    return AVPN_ERROR_NOT_FOUND;
}

int32_t avpn_registry_admit(struct avpn_registry *registry, const struct avpn_key *organization,
                            avpn_time now)
{
    struct avpni_succession succession;

    if (registry == NULL || organization == NULL) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (avpni_map_find(&registry->map, organization->bytes) != AVPNI_MAP_NONE) {
        return AVPN_OK;
    }
    int32_t error = serve_stored(registry, organization, now);

    if (error != AVPN_ERROR_NOT_FOUND) {
        return error;
    }
    error = avpni_registry_prepare(registry, organization, NULL, NULL, 0, &succession);
    if (error == AVPN_OK) {
        avpni_registry_commit(registry, &succession, now);
    }
    return error;
}

int32_t avpn_registry_remove_organization(struct avpn_registry *registry,
                                          const struct avpn_key *organization, avpn_time now)
{
    if (registry == NULL || organization == NULL) {
        return AVPN_ERROR_ARGUMENT;
    }
    uint32_t place = avpni_map_remove(&registry->map, organization->bytes);

    if (place == AVPNI_MAP_NONE) {
        return AVPN_ERROR_NOT_FOUND;
    }
    struct avpni_organization *old = registry->organizations[place];

    for (uint32_t i = 0; i < old->member_count; i++) {
        drop_member(registry, &old->members[i], now);
    }
    avpni_registry_end_push(registry, old);
    avpni_registry_close_office(registry, old);
    registry->organizations[place] = NULL;
    registry->organization_count--;
    avpni_organization_del(old);
    return AVPN_OK;
}
