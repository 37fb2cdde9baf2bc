/* SPDX-License-Identifier: ISC */
/* look: what a configuration says: its fields, its members as views and in full, a member's key. */
#include "topo/config.h"

#include "crypto/box.h"

#include <string.h>

const char *avpn_config_name(const struct avpn_config *config)
{
    return config->name;
}

uint64_t avpn_config_version(const struct avpn_config *config)
{
    return config->version;
}

int64_t avpn_config_created(const struct avpn_config *config)
{
    return config->created;
}

int64_t avpn_config_expires(const struct avpn_config *config)
{
    return config->expires;
}

uint32_t avpn_config_psk_epoch(const struct avpn_config *config)
{
    return config->psk_epoch;
}

uint32_t avpn_config_suites(const struct avpn_config *config, uint8_t *suites_out, size_t capacity)
{
    for (size_t i = 0; i < config->suite_count && i < capacity; i++) {
        suites_out[i] = config->suites[i];
    }
    return config->suite_count;
}

int32_t avpn_config_organization(const struct avpn_config *config,
                                 struct avpn_key *organization_out)
{
    if (!config->is_read) {
        return AVPN_ERROR_NOT_FOUND;
    }
    *organization_out = config->organization;
    return AVPN_OK;
}

uint32_t avpn_config_registry_count(const struct avpn_config *config)
{
    return config->registry_count;
}

int32_t avpn_config_registry(const struct avpn_config *config, uint32_t index,
                             struct avpn_registry_entry *registry_out)
{
    if (index >= config->registry_count) {
        return AVPN_ERROR_EMPTY;
    }
    *registry_out = config->registries[index];
    return AVPN_OK;
}

const struct avpn_registry_entry *avpni_config_registries(const struct avpn_config *config,
                                                          uint32_t *count_out)
{
    *count_out = config->registry_count;
    return config->registries;
}

/* ---- members --------------------------------------------------------------------------------- */

uint32_t avpn_config_member_count(const struct avpn_config *config)
{
    return config->member_count;
}

bool avpni_config_view(const struct avpn_config *config, uint32_t index,
                       struct avpni_member_view *view_out)
{
    if (index >= config->member_count) {
        return false;
    }
    const struct avpni_member_record *member = &config->members[config->by_id[index]];

    *view_out = (struct avpni_member_view){
        .id = member->id,
        .key = &member->key,
        .name = config->names + member->name,
        .role = member->role,
        .flags = member->flags,
        .hub_count = member->hub_count,
        .export_count = member->export_count,
        .uplink_count = member->uplink_count,
        .hubs = config->hubs == NULL ? NULL : config->hubs + member->hubs,
        .exports = config->exports == NULL ? NULL : config->exports + member->exports,
        .manual = config->manual == NULL ? NULL : config->manual + member->manual,
    };
    return true;
}

static void expand(const struct avpni_member_view *view, struct avpn_member *member_out)
{
    memset(member_out, 0, sizeof *member_out);
    member_out->size = sizeof *member_out;
    member_out->id = view->id;
    member_out->key = *view->key;
    memcpy(member_out->name, view->name, strlen(view->name));
    member_out->role = view->role;
    member_out->flags = view->flags;
    member_out->hub_count = view->hub_count;
    member_out->export_count = view->export_count;
    member_out->uplink_count = view->uplink_count;
    for (uint32_t i = 0; i < view->hub_count; i++) {
        member_out->hubs[i] = view->hubs[i];
    }
    for (uint32_t i = 0; i < view->export_count; i++) {
        member_out->exports[i] = view->exports[i];
    }
    for (uint32_t i = 0; i < view->uplink_count; i++) {
        member_out->manual[i] = view->manual[i];
    }
}

/* `absent` is what to answer when there is no member at the place. */
static int32_t give_member(const struct avpn_config *config, uint32_t index, int32_t absent,
                           struct avpn_member *member_out)
{
    struct avpni_member_view view;

    if (!avpni_config_view(config, index, &view)) {
        return absent;
    }
    expand(&view, member_out);
    return AVPN_OK;
}

int32_t avpn_config_member_at(const struct avpn_config *config, uint32_t index,
                              struct avpn_member *member_out)
{
    return give_member(config, index, AVPN_ERROR_EMPTY, member_out);
}

int32_t avpn_config_member(const struct avpn_config *config, uint32_t id,
                           struct avpn_member *member_out)
{
    return give_member(config, avpni_config_find(config, id), AVPN_ERROR_NOT_FOUND, member_out);
}

int32_t avpn_config_member_by_key(const struct avpn_config *config, const struct avpn_key *key,
                                  struct avpn_member *member_out)
{
    return give_member(config, avpni_config_find_key(config, key), AVPN_ERROR_NOT_FOUND,
                       member_out);
}

int32_t avpn_config_member_by_name(const struct avpn_config *config, const char *name,
                                   struct avpn_member *member_out)
{
    return give_member(config, avpni_config_find_name(config, name), AVPN_ERROR_NOT_FOUND,
                       member_out);
}

int32_t avpn_config_psk(const struct avpn_config *config, uint32_t member,
                        const struct avpn_key_pair *self, struct avpn_key *psk_out,
                        struct avpn_key *previous_out)
{
    uint32_t index = avpni_config_find(config, member);
    struct avpn_key psk;

    if (!config->is_read || index == AVPNI_MEMBER_NONE) {
        return AVPN_ERROR_NOT_FOUND;
    }
    /* [CFG-7] */
    if (!avpni_sealed_read(psk.bytes, config->sealed[config->by_id[index]],
                           AVPNI_SEALED_PSK_BYTES, self)) {
        return AVPN_ERROR_AUTH;
    }
    *psk_out = psk;
    if (previous_out != NULL) {
        memset(previous_out, 0, sizeof *previous_out);
    }
    avpni_wipe(&psk, sizeof psk);
    return AVPN_OK;
}
