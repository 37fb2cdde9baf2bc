/* SPDX-License-Identifier: ISC */
/*
 * select: who is a peer of whom, a pure function of the configuration that every node and
 * registry evaluates alike. Spec: [TOP-1].
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

bool avpni_member_is_peer(const struct avpni_member_view *a, const struct avpni_member_view *b)
{
    if (a->id == b->id || ((a->flags | b->flags) & AVPN_MEMBER_REVOKED) != 0) {
        return false;
    }
    if (a->role == AVPN_ROLE_HUB && b->role == AVPN_ROLE_HUB) {
        return true;
    }
    return is_spoke_of(a, b) || is_spoke_of(b, a);
}

int32_t avpn_config_is_peer(const struct avpn_config *config, uint32_t a, uint32_t b)
{
    struct avpni_member_view view_a, view_b;

    return avpni_config_view(config, avpni_config_find(config, a), &view_a) &&
           avpni_config_view(config, avpni_config_find(config, b), &view_b) &&
           avpni_member_is_peer(&view_a, &view_b);
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

/* All other hubs and the spokes that name this one, merged: both lists are ascending. */
static void append_peers_of_hub(const struct avpn_config *config, uint32_t index, uint32_t self,
                                struct id_list *list)
{
    uint32_t h = 0, s = config->spoke_start[index], spokes_end = config->spoke_start[index + 1];

    while (h < config->hub_id_count || s < spokes_end) {
        bool is_hub = s == spokes_end || (h < config->hub_id_count &&
                                          config->hub_ids[h] < config->spoke_ids[s]);
        uint32_t id = is_hub ? config->hub_ids[h++] : config->spoke_ids[s++];

        if (id != self) {
            append(list, id);
        }
    }
}

static void append_peers_of_spoke(const struct avpn_config *config,
                                  const struct avpni_member_view *self, struct id_list *list)
{
    uint32_t ids[AVPN_HUBS], count = 0;

    for (uint32_t i = 0; i < self->hub_count; i++) {
        uint32_t id = self->hubs[i].member, place = count;

        if (!avpn_config_is_peer(config, self->id, id)) {
            continue;
        }
        for (; place > 0 && ids[place - 1] > id; place--) {
            ids[place] = ids[place - 1];
        }
        ids[place] = id;
        count++;
    }
    for (uint32_t i = 0; i < count; i++) {
        append(list, ids[i]);
    }
}

/* Without an index of spokes, as long as the configuration is being made. */
static void append_peers_by_search(const struct avpn_config *config,
                                   const struct avpni_member_view *self, struct id_list *list)
{
    struct avpni_member_view other;

    for (uint32_t i = 0; avpni_config_view(config, i, &other); i++) {
        if (avpni_member_is_peer(self, &other)) {
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
        append_peers_of_hub(config, index, self.id, &list);
    } else {
        append_peers_of_spoke(config, &self, &list);
    }
    return list.count;
}
