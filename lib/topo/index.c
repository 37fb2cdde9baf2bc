/* SPDX-License-Identifier: ISC */
/*
 * index: the sorted orders of a configuration's members, and who names each hub.
 *
 * Two ways to the same orders: a configuration under construction puts each new member in its
 * place, one that is read appends all and sorts once. Ties (which check will report) are in the
 * order in which the members were added, so both ways give the same result.
 */
#include "topo/config.h"
#include "topo/sort.h"

#include <string.h>

static int32_t compare_places(uint32_t a, uint32_t b)
{
    return (a > b) - (a < b);
}

static int32_t compare_ids(const void *user, uint32_t a, uint32_t b)
{
    const struct avpn_config *config = user;
    uint32_t id_a = config->members[a].id, id_b = config->members[b].id;

    return id_a != id_b ? compare_places(id_a, id_b) : compare_places(a, b);
}

static int32_t compare_keys(const void *user, uint32_t a, uint32_t b)
{
    const struct avpn_config *config = user;
    int order = memcmp(&config->members[a].key, &config->members[b].key, AVPN_KEY_BYTES);

    return order != 0 ? order : compare_places(a, b);
}

static int32_t compare_names(const void *user, uint32_t a, uint32_t b)
{
    const struct avpn_config *config = user;
    int order = strcmp(config->names + config->members[a].name,
                       config->names + config->members[b].name);

    return order != 0 ? order : compare_places(a, b);
}

/* Insert the last member into an order of all before it. */
static void insert_last(const struct avpn_config *config, uint32_t *order,
                        int32_t (*compare)(const void *user, uint32_t a, uint32_t b))
{
    uint32_t last = config->member_count - 1;
    uint32_t low = 0, high = last;

    /* Often they come in order already. */
    if (last > 0 && compare(config, order[last - 1], last) < 0) {
        low = last;
    }
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (compare(config, order[middle], last) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    memmove(order + low + 1, order + low, (last - low) * sizeof *order);
    order[low] = last;
}

void avpni_config_index_last(struct avpn_config *config)
{
    insert_last(config, config->by_id, compare_ids);
    insert_last(config, config->by_key, compare_keys);
    insert_last(config, config->by_name, compare_names);
}

/* ---- hubs and who names them ------------------------------------------------------------- */

static bool is_in_force(const struct avpni_member_record *member, uint8_t role)
{
    return member->role == role && (member->flags & AVPN_MEMBER_REVOKED) == 0;
}

static void note_hubs(struct avpn_config *config)
{
    if ((config->policy.flags & AVPN_ORGANIZATION_NO_HUB_TUNNELS) != 0) {
        return;
    }
    for (uint32_t i = 0; i < config->member_count; i++) {
        const struct avpni_member_record *member = &config->members[config->by_id[i]];

        if (is_in_force(member, AVPN_ROLE_HUB)) {
            config->hub_ids[config->hub_id_count++] = member->id;
        }
    }
}

/* Does it get tunnels by naming hubs? Hubs do where they are not peers anyway. [TOP-1] [TOP-2] */
static bool has_tunnels_by_name(const struct avpn_config *config,
                                const struct avpni_member_view *member)
{
    bool has_hub_tunnels = (config->policy.flags & AVPN_ORGANIZATION_NO_HUB_TUNNELS) == 0;

    return member->role == AVPN_ROLE_SPOKE || !has_hub_tunnels;
}

/*
 * Visit the hubs that each member names for a tunnel. `starts` holds where the next namer of each hub goes; with
 * `ids` NULL it is only moved on, which counts.
 */
static void visit_namers(const struct avpn_config *config, uint32_t *starts, uint32_t *ids)
{
    struct avpni_member_view namer, named;

    for (uint32_t i = 0; avpni_config_view(config, i, &namer); i++) {
        for (uint32_t h = 0; has_tunnels_by_name(config, &namer) && h < namer.hub_count; h++) {
            uint32_t hub = avpni_config_find(config, namer.hubs[h].member);

            if (!avpni_config_view(config, hub, &named) ||
                !avpni_member_is_peer(config, &namer, &named)) {
                continue;
            }
            if (ids != NULL) {
                ids[starts[hub]] = namer.id;
            }
            starts[hub]++;
        }
    }
}

/* Counts become places: each entry the sum of those before it. */
static void sum_up(uint32_t *starts, uint32_t count)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < count; i++) {
        uint32_t own = starts[i];

        starts[i] = sum;
        sum += own;
    }
}

static int32_t note_tunnels(struct avpn_config *config)
{
    uint32_t count = config->member_count;

    config->hub_ids = avpni_allocate(&config->memory, count, sizeof *config->hub_ids);
    config->named_start =
        avpni_allocate(&config->memory, (size_t)count + 1, sizeof *config->named_start);
    config->named_ids =
        avpni_allocate(&config->memory, config->hub_count, sizeof *config->named_ids);
    if (config->hub_ids == NULL || config->named_start == NULL || config->named_ids == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    note_hubs(config);
    visit_namers(config, config->named_start, NULL);
    sum_up(config->named_start, count + 1);
    visit_namers(config, config->named_start, config->named_ids);
    /* Each start has moved to its end, which is the start of the next. */
    memmove(config->named_start + 1, config->named_start, count * sizeof *config->named_start);
    config->named_start[0] = 0;
    return AVPN_OK;
}

int32_t avpni_config_index(struct avpn_config *config)
{
    for (uint32_t i = 0; i < config->member_count; i++) {
        config->by_id[i] = config->by_key[i] = config->by_name[i] = i;
    }
    avpni_sort(config->by_id, config->member_count, compare_ids, config);
    avpni_sort(config->by_key, config->member_count, compare_keys, config);
    avpni_sort(config->by_name, config->member_count, compare_names, config);
    return note_tunnels(config);
}

/* ---- finding -------------------------------------------------------------------------------- */

uint32_t avpni_config_find(const struct avpn_config *config, uint32_t id)
{
    uint32_t low = 0, high = config->member_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (config->members[config->by_id[middle]].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_found = low < config->member_count && config->members[config->by_id[low]].id == id;

    return is_found ? low : AVPNI_MEMBER_NONE;
}

uint32_t avpni_config_find_key(const struct avpn_config *config, const struct avpn_key *key)
{
    uint32_t low = 0, high = config->member_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct avpni_member_record *member = &config->members[config->by_key[middle]];
        int order = memcmp(&member->key, key, sizeof *key);

        if (order == 0) {
            return member->is_known ? avpni_config_find(config, member->id) : AVPNI_MEMBER_NONE;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return AVPNI_MEMBER_NONE;
}

uint32_t avpni_config_find_name(const struct avpn_config *config, const char *name)
{
    uint32_t low = 0, high = config->member_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct avpni_member_record *member = &config->members[config->by_name[middle]];
        int order = strcmp(config->names + member->name, name);

        if (order == 0) {
            return member->is_known ? avpni_config_find(config, member->id) : AVPNI_MEMBER_NONE;
        }
        if (order < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return AVPNI_MEMBER_NONE;
}
