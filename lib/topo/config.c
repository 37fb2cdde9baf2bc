/* SPDX-License-Identifier: ISC */
/*
 * config: an organization's configuration in memory: making it and adding to it. What is stored
 * need not be valid (validate.c judges that), only within bounds: counts fit their arrays, and every
 * name is one.
 *
 * Invariant: the pools hold the lists of the members and nothing else, in the order of `members`.
 */
#include "base/sized.h"
#include "topo/config.h"

#include <autovpn/sa.h>

#include <string.h>

int32_t avpn_config_new(const struct avpn_host *host, struct avpn_config **config_out)
{
    static const uint8_t default_suites[] = {AVPN_SUITE_AES_256_GCM, AVPN_SUITE_CHACHA20_POLY1305};
    struct avpni_memory memory;

    if (config_out == NULL || avpni_memory_init(&memory, host) != AVPN_OK) {
        return AVPN_ERROR_ARGUMENT;
    }
    struct avpn_config *config = avpni_allocate(&memory, 1, sizeof *config);

    if (config == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    config->memory = memory;
    memcpy(config->suites, default_suites, sizeof default_suites);
    config->suite_count = sizeof default_suites;
    *config_out = config;
    return AVPN_OK;
}

void avpn_config_del(struct avpn_config *config)
{
    if (config == NULL) {
        return;
    }
    const struct avpni_memory memory = config->memory;
    void *const blocks[] = {config->members,     config->by_id,     config->by_key, config->by_name,
                            config->names,       config->hubs,      config->exports, config->manual,
                            config->sealed,      config->invites,   config->hub_ids,
                            config->named_start, config->named_ids, config->translations,
                            config->policy.rules, config->policy.breakouts};

    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        avpni_release(&memory, blocks[i]);
    }
    avpni_release(&memory, config);
}

/* ---- the organization's own fields ---------------------------------------------------------- */

bool avpni_is_name(const char *name, bool is_host)
{
    size_t count = 0;

    for (; count < AVPN_NAME_BYTES && name[count] != '\0'; count++) {
        char c = name[count];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool is_digit = c >= '0' && c <= '9';

        if (!is_letter && !is_digit && c != '.' && c != '_' && c != '-' && !(is_host && c == ':')) {
            return false;
        }
    }
    return count >= 1 && count < AVPN_NAME_BYTES;
}

int32_t avpn_config_set_name(struct avpn_config *config, const char *name)
{
    if (config->is_read) {
        return AVPN_ERROR_STATE;
    }
    if (name == NULL || !avpni_is_name(name, false)) {
        return AVPN_ERROR_FORMAT;
    }
    memset(config->name, 0, sizeof config->name);
    memcpy(config->name, name, strlen(name));
    return AVPN_OK;
}

int32_t avpn_config_set_suites(struct avpn_config *config, const uint8_t *suites, size_t count)
{
    if (config->is_read) {
        return AVPN_ERROR_STATE;
    }
    if (count == 0) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (count > AVPN_SUITES) {
        return AVPN_ERROR_LIMIT;
    }
    memset(config->suites, 0, sizeof config->suites);
    memcpy(config->suites, suites, count);
    config->suite_count = (uint8_t)count;
    return AVPN_OK;
}

int32_t avpn_config_add_registry(struct avpn_config *config,
                                 const struct avpn_registry_entry *registry)
{
    if (config->is_read) {
        return AVPN_ERROR_STATE;
    }
    struct avpn_registry_entry given;

    if (avpni_take(&given, sizeof given, registry, AVPNI_FIRST_REGISTRY_ENTRY) != AVPN_OK) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (!avpni_is_name(given.host, true)) {
        return AVPN_ERROR_FORMAT;
    }
    if (config->registry_count == AVPN_REGISTRIES) {
        return AVPN_ERROR_LIMIT;
    }
    struct avpn_registry_entry entry = {
        .size = sizeof entry, .key = given.key, .port = given.port};

    memcpy(entry.host, given.host, strlen(given.host));
    config->registries[config->registry_count++] = entry;
    return AVPN_OK;
}

/* Make room for `needed` elements in all. The array may move; it stays when there is no memory. */
static int32_t grow(const struct avpni_memory *memory, void *array_pointer, uint32_t *capacity,
                    uint32_t needed, size_t bytes)
{
    if (needed <= *capacity) {
        return AVPN_OK;
    }
    uint32_t larger = needed + needed / 2 + 4;
    void *array;

    /* Any object pointer may be copied as bytes, not accessed as a void pointer. */
    memcpy(&array, array_pointer, sizeof array);
    array = avpni_resize(memory, array, larger, bytes);
    if (array == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    memcpy(array_pointer, &array, sizeof array);
    *capacity = larger;
    return AVPN_OK;
}

/* ---- the policy [CFG-13] --------------------------------------------------------------------- */

int32_t avpn_config_set_flags(struct avpn_config *config, uint32_t flags)
{
    if (config->is_read) {
        return AVPN_ERROR_STATE;
    }
    if (flags > UINT8_MAX) {
        return AVPN_ERROR_ARGUMENT;
    }
    config->policy.flags = (uint8_t)flags;
    return AVPN_OK;
}

int32_t avpn_config_add_rule(struct avpn_config *config, const struct avpn_rule *rule)
{
    struct avpni_policy *policy = &config->policy;
    struct avpn_rule given;

    if (config->is_read) {
        return AVPN_ERROR_STATE;
    }
    if (avpni_take(&given, sizeof given, rule, AVPNI_FIRST_RULE) != AVPN_OK ||
        given.reserved[0] != 0 || given.reserved[1] != 0) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (given.name[0] != '\0' && !avpni_is_name(given.name, false)) {
        return AVPN_ERROR_FORMAT;
    }
    if (policy->rule_count == AVPN_RULES) {
        return AVPN_ERROR_LIMIT;
    }
    if (grow(&config->memory, &policy->rules, &config->rule_capacity, policy->rule_count + 1,
             sizeof given) != AVPN_OK) {
        return AVPN_ERROR_MEMORY;
    }
    struct avpn_rule *added = &policy->rules[policy->rule_count++];

    *added = given;
    /* Whatever stood behind its end would not come back from a document. */
    memset(added->name, 0, sizeof added->name);
    memcpy(added->name, given.name, strlen(given.name));
    return AVPN_OK;
}

int32_t avpn_config_add_breakout(struct avpn_config *config, const struct avpn_breakout *breakout)
{
    static const uint8_t zeros[sizeof breakout->reserved];
    struct avpni_policy *policy = &config->policy;
    struct avpn_breakout given;

    if (config->is_read) {
        return AVPN_ERROR_STATE;
    }
    if (avpni_take(&given, sizeof given, breakout, AVPNI_FIRST_BREAKOUT) != AVPN_OK ||
        memcmp(given.reserved, zeros, sizeof zeros) != 0) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (policy->breakout_count == AVPN_BREAKOUTS) {
        return AVPN_ERROR_LIMIT;
    }
    if (grow(&config->memory, &policy->breakouts, &config->breakout_capacity,
             policy->breakout_count + 1, sizeof given) != AVPN_OK) {
        return AVPN_ERROR_MEMORY;
    }
    policy->breakouts[policy->breakout_count++] = given;
    return AVPN_OK;
}

/* ---- members --------------------------------------------------------------------------------- */

/* The arrays with one element a member; their capacity counts once all have grown. */
static int32_t grow_members(struct avpn_config *config)
{
    const struct avpni_memory *memory = &config->memory;
    uint32_t needed = config->member_count + 1;
    uint32_t capacities[4];

    for (size_t i = 0; i < 4; i++) {
        capacities[i] = config->member_capacity;
    }
    if (grow(memory, &config->members, &capacities[0], needed, sizeof *config->members) ||
        grow(memory, &config->by_id, &capacities[1], needed, sizeof *config->by_id) ||
        grow(memory, &config->by_key, &capacities[2], needed, sizeof *config->by_key) ||
        grow(memory, &config->by_name, &capacities[3], needed, sizeof *config->by_name)) {
        return AVPN_ERROR_MEMORY;
    }
    config->member_capacity = capacities[0];
    return AVPN_OK;
}

/* Room for one more member, all or in part: more room than needed harms nobody. */
static int32_t reserve(struct avpn_config *config, const struct avpn_member *member,
                       size_t name_bytes)
{
    const struct avpni_memory *memory = &config->memory;

    if (grow_members(config) ||
        grow(memory, &config->names, &config->name_capacity,
             config->name_bytes + (uint32_t)name_bytes, 1) ||
        grow(memory, &config->hubs, &config->hub_capacity, config->hub_count + member->hub_count,
             sizeof *config->hubs) ||
        grow(memory, &config->exports, &config->export_capacity,
             config->export_count + member->export_count, sizeof *config->exports) ||
        grow(memory, &config->manual, &config->manual_capacity,
             config->manual_count + member->uplink_count, sizeof *config->manual) ||
        grow(memory, &config->translations, &config->translation_capacity,
             config->translation_count + member->translation_count,
             sizeof *config->translations)) {
        return AVPN_ERROR_MEMORY;
    }
    return AVPN_OK;
}

/* To the end of a pool that holds `used` bytes. Nothing is added to nowhere: neither memcpy nor NULL + 0 is defined. */
static void copy(void *pool, size_t used, const void *from, size_t bytes)
{
    if (bytes > 0) {
        memcpy((uint8_t *)pool + used, from, bytes);
    }
}

static int32_t append(struct avpn_config *config, const struct avpn_member *member, bool is_known,
                      uint32_t site_check)
{
    if (member->hub_count > AVPN_HUBS ||
        member->export_count > AVPN_EXPORTS || member->uplink_count > AVPN_UPLINKS ||
        member->translation_count > AVPN_TRANSLATIONS) {
        return AVPN_ERROR_ARGUMENT;
    }
    if (is_known && !avpni_is_name(member->name, false)) {
        return AVPN_ERROR_FORMAT;
    }
    if (config->member_count == AVPN_MEMBERS) {
        return AVPN_ERROR_LIMIT;
    }
    size_t name_bytes = strlen(member->name) + 1;

    if (reserve(config, member, name_bytes) != AVPN_OK) {
        return AVPN_ERROR_MEMORY;
    }
    config->members[config->member_count++] = (struct avpni_member_record){
        .id = member->id,
        .name = config->name_bytes,
        .hubs = config->hub_count,
        .exports = config->export_count,
        .manual = config->manual_count,
        .translations = config->translation_count,
        .site_check = site_check,
        .key = member->key,
        .role = member->role,
        .flags = member->flags,
        .hub_count = member->hub_count,
        .export_count = member->export_count,
        .uplink_count = member->uplink_count,
        .translation_count = member->translation_count,
        .is_known = is_known,
    };
    copy(config->names, config->name_bytes, member->name, name_bytes);
    copy(config->hubs, config->hub_count * sizeof *config->hubs, member->hubs,
         member->hub_count * sizeof *member->hubs);
    copy(config->exports, config->export_count * sizeof *config->exports, member->exports,
         member->export_count * sizeof *member->exports);
    copy(config->manual, config->manual_count * sizeof *config->manual, member->manual,
         member->uplink_count * sizeof *member->manual);
    copy(config->translations, config->translation_count * sizeof *config->translations,
         member->translations, member->translation_count * sizeof *member->translations);
    config->name_bytes += (uint32_t)name_bytes;
    config->hub_count += member->hub_count;
    config->export_count += member->export_count;
    config->manual_count += member->uplink_count;
    config->translation_count += member->translation_count;
    return AVPN_OK;
}

int32_t avpni_config_append(struct avpn_config *config, const struct avpn_member *member,
                            uint32_t site_check)
{
    return append(config, member, member->is_known != 0, site_check);
}

int32_t avpn_config_add_member(struct avpn_config *config, const struct avpn_member *member)
{
    if (config->is_read) {
        return AVPN_ERROR_STATE;
    }
    struct avpn_member given;

    if (avpni_take(&given, sizeof given, member, AVPNI_FIRST_MEMBER) != AVPN_OK) {
        return AVPN_ERROR_ARGUMENT;
    }
    int32_t result = append(config, &given, true, 0);

    if (result == AVPN_OK) {
        avpni_config_index_last(config);
    }
    return result;
}

size_t avpni_config_footprint(const struct avpn_config *config)
{
    size_t per_member = sizeof *config->members + 3 * sizeof *config->by_id;
    size_t bytes = sizeof *config + config->member_capacity * per_member + config->name_capacity +
                   config->hub_capacity * sizeof *config->hubs +
                   config->export_capacity * sizeof *config->exports +
                   config->manual_capacity * sizeof *config->manual +
                   config->translation_capacity * sizeof *config->translations +
                   config->rule_capacity * sizeof *config->policy.rules +
                   config->breakout_capacity * sizeof *config->policy.breakouts;

    if (config->is_read) {
        bytes += (config->is_whole ? config->member_count : 1) * sizeof *config->sealed +
                 config->invite_count * sizeof *config->invites +
                 (2 * config->member_count + config->hub_count + 1) * sizeof(uint32_t);
    }
    return bytes;
}
