/* SPDX-License-Identifier: ISC */
/* status: looking into a registry: counters, sizes, one uplink's state. Changes nothing. */
#include "base/sized.h"
#include "registry/engine.h"

#include <string.h>

static const char *const counter_names[AVPN_REGISTRY_COUNTERS] = {
    [AVPN_REGISTRY_COUNT_RECEIVED] = "received",
    [AVPN_REGISTRY_COUNT_TRANSMITTED] = "transmitted",
    [AVPN_REGISTRY_COUNT_HANDSHAKES] = "handshakes",
    [AVPN_REGISTRY_COUNT_KEEPALIVES] = "keepalives",
    [AVPN_REGISTRY_COUNT_CHALLENGES] = "challenges",
    [AVPN_REGISTRY_COUNT_COOKIES] = "cookies",
    [AVPN_REGISTRY_COUNT_CHANGES] = "changes",
    [AVPN_REGISTRY_COUNT_PAGES] = "pages",
    [AVPN_REGISTRY_DROP_MALFORMED] = "drop-malformed",
    [AVPN_REGISTRY_DROP_UNEXPECTED] = "drop-unexpected",
    [AVPN_REGISTRY_DROP_MAC1] = "drop-mac1",
    [AVPN_REGISTRY_DROP_LOAD] = "drop-load",
    [AVPN_REGISTRY_DROP_HANDSHAKE] = "drop-handshake",
    [AVPN_REGISTRY_DROP_STRANGER] = "drop-stranger",
    [AVPN_REGISTRY_DROP_SESSION] = "drop-session",
    [AVPN_REGISTRY_DROP_REPLAY] = "drop-replay",
    [AVPN_REGISTRY_DROP_TOKEN] = "drop-token",
    [AVPN_REGISTRY_DROP_FULL] = "drop-full",
    [AVPN_REGISTRY_DROP_MEMORY] = "drop-memory",
    [AVPN_REGISTRY_DROP_RANDOM] = "drop-random",
    [AVPN_REGISTRY_DROP_RATE] = "drop-rate",
    [AVPN_REGISTRY_DROP_UPLOAD] = "drop-upload",
    [AVPN_REGISTRY_DROP_STORE] = "drop-store",
    [AVPN_REGISTRY_COUNT_PARTS] = "parts",
    [AVPN_REGISTRY_COUNT_CLAIMS] = "claims",
    [AVPN_REGISTRY_COUNT_PUBLISHES] = "publishes",
    [AVPN_REGISTRY_COUNT_REFUSALS] = "refusals",
};

uint32_t avpn_registry_counters(const struct avpn_registry *registry, uint64_t *counters_out,
                                size_t count)
{
    for (size_t i = 0; i < count && i < AVPN_REGISTRY_COUNTERS; i++) {
        counters_out[i] = i == AVPN_REGISTRY_COUNT_TRANSMITTED ? registry->outbox.transmitted
                                                               : registry->counters[i];
    }
    return AVPN_REGISTRY_COUNTERS;
}

const char *avpn_registry_counter_name(uint32_t counter)
{
    return counter < AVPN_REGISTRY_COUNTERS ? counter_names[counter] : "unknown";
}

static uint64_t document_bytes(const struct avpni_organization *organization)
{
    return organization->published != NULL ? organization->published->count : 0;
}

int32_t avpn_registry_status(const struct avpn_registry *registry,
                             struct avpn_registry_status *status_out)
{
    if (registry == NULL || !avpni_can_give(status_out, AVPNI_FIRST_REGISTRY_STATUS)) {
        return AVPN_ERROR_ARGUMENT;
    }
    struct avpn_registry_status status = {
        .organization_count = registry->organization_count,
        .connected_count = registry->table.connected,
        .memory_bytes = sizeof *registry + avpni_guard_footprint(&registry->guard) +
                        avpni_outbox_footprint(&registry->outbox) +
                        avpni_events_footprint(&registry->events) +
                        avpni_table_footprint(&registry->table) +
                        registry->timers.capacity * sizeof *registry->timers.heap +
                        registry->place_count * sizeof *registry->organizations +
                        registry->map.capacity * sizeof *registry->map.slots,
    };

    for (uint32_t i = 0; i < registry->place_count; i++) {
        const struct avpni_organization *organization = registry->organizations[i];

        if (organization != NULL) {
            status.member_count += organization->configured_count;
            status.configuration_bytes += document_bytes(organization);
            status.memory_bytes += avpni_organization_footprint(organization);
            if (organization->office != NULL) {
                status.memory_bytes += avpni_registry_office_footprint(organization->office);
            }
        }
    }
    status.memory_bytes += status.configuration_bytes;
    return avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_REGISTRY_STATUS);
}

int32_t avpn_registry_organization(const struct avpn_registry *registry,
                                   const struct avpn_key *organization,
                                   struct avpn_organization_status *status_out)
{
    if (registry == NULL || organization == NULL ||
        !avpni_can_give(status_out, AVPNI_FIRST_ORGANIZATION_STATUS)) {
        return AVPN_ERROR_ARGUMENT;
    }
    uint32_t place = avpni_map_find(&registry->map, organization->bytes);

    if (place == AVPNI_MAP_NONE) {
        return AVPN_ERROR_NOT_FOUND;
    }
    const struct avpni_organization *found = registry->organizations[place];
    struct avpn_organization_status status = {
        .member_count = found->configured_count,
        .version = found->version,
        .created = found->created,
        .expires = found->expires,
        .claim_count = found->claims.count,
        .invite_count =
            found->published != NULL ? avpni_published_invite_count(found->published) : 0,
        .document_bytes = document_bytes(found),
    };

    memcpy(status.name, found->name, sizeof status.name);
    return avpni_give(status_out, &status, sizeof status, AVPNI_FIRST_ORGANIZATION_STATUS);
}

int32_t avpn_registry_organization_at(const struct avpn_registry *registry, uint32_t place,
                                      struct avpn_key *organization_out)
{
    if (registry == NULL || organization_out == NULL) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (place >= registry->place_count || registry->organizations[place] == NULL) {
        return AVPN_ERROR_NOT_FOUND;
    }
    *organization_out = registry->organizations[place]->id;
    return AVPN_OK;
}

/* The record of one member's uplink, or NULL. */
static const struct avpni_record *find_record(const struct avpn_registry *registry,
                                              const struct avpn_key *id, uint32_t member,
                                              uint32_t uplink)
{
    uint32_t place = avpni_map_find(&registry->map, id->bytes);

    if (place == AVPNI_MAP_NONE) {
        return NULL;
    }
    const struct avpni_organization *organization = registry->organizations[place];
    uint32_t member_place = avpni_organization_find_id(organization, member);

    if (member_place == AVPNI_MAP_NONE) {
        return NULL;
    }
    uint32_t handle =
        avpni_table_find(&registry->table, &organization->members[member_place], uplink);

    return handle != 0 ? avpni_table_at(&registry->table, handle) : NULL;
}

int32_t avpn_registry_registration(const struct avpn_registry *registry,
                                   const struct avpn_key *organization, uint32_t member,
                                   uint32_t uplink, struct avpn_registration *out)
{
    if (registry == NULL || organization == NULL ||
        !avpni_can_give(out, AVPNI_FIRST_REGISTRATION)) {
        return AVPN_ERROR_ARGUMENT;
    }
    const struct avpni_record *record = find_record(registry, organization, member, uplink);

    if (record == NULL) {
        return AVPN_ERROR_NOT_FOUND;
    }
    const struct avpn_registration registration = {
        .member = member,
        .uplink = (uint8_t)uplink,
        .is_connected = (record->flags & AVPNI_RECORD_CONNECTED) != 0,
        .nat = record->nat,
        .observed = avpni_table_contact(&registry->table, record, AVPNI_OBSERVED),
        .local = avpni_table_contact(&registry->table, record, AVPNI_LOCAL),
        .heard_at = avpni_table_heard_at(&registry->table, record),
    };
    return avpni_give(out, &registration, sizeof registration, AVPNI_FIRST_REGISTRATION);
}
