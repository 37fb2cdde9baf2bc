/* SPDX-License-Identifier: ISC */
/*
 * select: who is a peer of whom, a pure function of the configuration that every node and
 * registry evaluates alike. Spec: [TOP-1], [TOP-2].
 */
#include "topo/config.h"

int32_t avpni_member_hub_flags(const struct avpni_member_view *view, uint32_t hub)
{
    for (uint32_t i = 0; i < view->hub_count; i++) {
        if (view->hubs[i].member == hub) {
            return (int32_t)(view->hubs[i].flags & INT32_MAX);
        }
    }
    return -1;
}

static bool is_spoke_of(const struct avpni_member_view *spoke, const struct avpni_member_view *hub)
{
    return spoke->role == AVPN_ROLE_SPOKE && hub->role == AVPN_ROLE_HUB &&
           avpni_member_hub_flags(spoke, hub->id) >= 0;
}

/* A valid hub names another for its default route and for nothing else [CFG-9], but this asks who is not valid too. */
static bool is_exit_of(const struct avpni_member_view *hub, const struct avpni_member_view *exit)
{
    int32_t flags = avpni_member_hub_flags(hub, exit->id);

    return flags > 0 && (flags & (int32_t)AVPN_HUB_DEFAULT_ROUTE) != 0;
}

bool avpni_member_is_peer(const struct avpn_config *config, const struct avpni_member_view *a,
                          const struct avpni_member_view *b)
{
    bool has_hub_tunnels = (config->policy.flags & AVPN_ORGANIZATION_NO_HUB_TUNNELS) == 0;

    if (a->id == b->id || ((a->flags | b->flags) & AVPN_MEMBER_REVOKED) != 0) {
        return false;
    }
    if (a->role == AVPN_ROLE_HUB && b->role == AVPN_ROLE_HUB) {
        return has_hub_tunnels || is_exit_of(a, b) || is_exit_of(b, a); /* [TOP-2] */
    }
    return is_spoke_of(a, b) || is_spoke_of(b, a);
}

int32_t avpn_config_is_peer(const struct avpn_config *config, uint32_t a, uint32_t b)
{
    struct avpni_member_view view_a, view_b;

    return avpni_config_view(config, avpni_config_find(config, a), &view_a) &&
           avpni_config_view(config, avpni_config_find(config, b), &view_b) &&
           avpni_member_is_peer(config, &view_a, &view_b);
}

/* Where ids go: counts all, keeps what there is room for. */
struct id_list {
    uint32_t *ids;
    size_t capacity;
    uint32_t count;
};

static void append(struct id_list *list, uint32_t id)
{
    if (list->count < list->capacity) {
        list->ids[list->count] = id;
    }
    list->count++;
}

/* The peers among the hubs that a member names, ascending; returns how many. */
static uint32_t sort_named(const struct avpn_config *config, const struct avpni_member_view *self,
                           uint32_t ids_out[AVPN_HUBS])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < self->hub_count; i++) {
        uint32_t id = self->hubs[i].member, place = count;

        if (!avpn_config_is_peer(config, self->id, id)) {
            continue;
        }
        for (; place > 0 && ids_out[place - 1] > id; place--) {
            ids_out[place] = ids_out[place - 1];
        }
        ids_out[place] = id;
        count++;
    }
    return count;
}

static void append_peers_of_spoke(const struct avpn_config *config,
                                  const struct avpni_member_view *self, struct id_list *list)
{
    uint32_t ids[AVPN_HUBS], count = sort_named(config, self, ids);

    for (uint32_t i = 0; i < count; i++) {
        append(list, ids[i]);
    }
}

/*
 * All other hubs, or without hub tunnels those that it names; and who names it. Merged: both lists are ascending, and
 * two hubs that name each other are in both. No member has the id that stands for the end [CFG-9].
 */
static void append_peers_of_hub(const struct avpn_config *config, uint32_t index,
                                const struct avpni_member_view *self, struct id_list *list)
{
    bool has_hub_tunnels = (config->policy.flags & AVPN_ORGANIZATION_NO_HUB_TUNNELS) == 0;
    uint32_t own[AVPN_HUBS];
    const uint32_t *hubs = has_hub_tunnels ? config->hub_ids : own;
    uint32_t hub_count = has_hub_tunnels ? config->hub_id_count : sort_named(config, self, own);
    uint32_t h = 0, n = config->named_start[index], end = config->named_start[index + 1];

    while (h < hub_count || n < end) {
        uint32_t hub = h < hub_count ? hubs[h] : UINT32_MAX;
        uint32_t namer = n < end ? config->named_ids[n] : UINT32_MAX;
        uint32_t id = hub < namer ? hub : namer;

        h += hub == id;
        n += namer == id;
        if (id != self->id) {
            append(list, id);
        }
    }
}

/* Without an index, as long as the configuration is being made. */
static void append_peers_by_search(const struct avpn_config *config,
                                   const struct avpni_member_view *self, struct id_list *list)
{
    struct avpni_member_view other;

    for (uint32_t i = 0; avpni_config_view(config, i, &other); i++) {
        if (avpni_member_is_peer(config, self, &other)) {
            append(list, other.id);
        }
    }
}

uint32_t avpn_config_peers(const struct avpn_config *config, uint32_t member, uint32_t *ids_out,
                           size_t capacity)
{
    uint32_t index = avpni_config_find(config, member);
    struct id_list list = {.ids = ids_out, .capacity = capacity};
    struct avpni_member_view self;

    if (!avpni_config_view(config, index, &self) || (self.flags & AVPN_MEMBER_REVOKED) != 0) {
        return 0;
    }
    if (!config->is_read) {
        append_peers_by_search(config, &self, &list);
    } else if (self.role == AVPN_ROLE_HUB) {
        append_peers_of_hub(config, index, &self, &list);
    } else {
        append_peers_of_spoke(config, &self, &list);
    }
    return list.count;
}
