/* SPDX-License-Identifier: ISC */
/* cut: see cut.h. */
#include "registry/cut.h"

#include <string.h>

/* A hub, and what tunnels hubs have with each other has changed since: its peers are others, though its site is the same. */
static bool has_other_hubs(const struct avpni_organization *organization, uint32_t place,
                           uint32_t base)
{
    return organization->members[place].role == AVPN_ROLE_HUB &&
           organization->published->hubs_changed > base;
}

/* The member's own place in the document and its peers', ascending. False: no memory. */
static bool find_known(struct avpni_cut *cut, const struct avpni_memory *memory,
                       const struct avpni_organization *organization, uint32_t place)
{
    const struct avpni_member *member = &organization->members[place];
    uint32_t limit = member->link_count + organization->hub_count + 1u;
    uint32_t *known = cut->few, self = organization->index_of[place];
    struct avpni_peers peers = avpni_peers(organization, place);
    uint32_t count = 0;
    bool has_self = false;

    if (member->role == AVPN_ROLE_HUB || limit - organization->hub_count > AVPNI_CUT_FEW) {
        known = cut->block = avpni_allocate(memory, limit, sizeof *known);
        if (known == NULL) {
            return false;
        }
    }
    for (uint32_t peer = avpni_peers_next(&peers); peer != AVPNI_MAP_NONE;
         peer = avpni_peers_next(&peers)) {
        uint32_t index = organization->index_of[peer];

        if (!has_self && index > self) {
            known[count++] = self;
            has_self = true;
        }
        known[count++] = index;
    }
    if (!has_self) {
        known[count++] = self;
    }
    cut->update.known = known;
    cut->update.known_count = count;
    return true;
}

/* All but who is known, for the member at a place in the document. */
static void fill_update(struct avpni_cut *cut, const struct avpni_organization *organization,
                        uint32_t self, uint64_t base_version)
{
    const struct avpni_published *published = organization->published;
    struct avpni_update *update = &cut->update;
    uint32_t base = 0;
    bool is_known = avpni_published_base(published, base_version, &base);

    cut->base = is_known ? base_version : 0;
    cut->version = organization->version;
    memset(update, 0, sizeof *update);
    update->document = &published->document;
    update->offsets = published->offsets;
    update->site_changed = published->site_changed;
    update->peer_changed = published->peer_changed;
    update->base = base;
    update->is_full = base == 0;
    update->self = self;
    update->has_charter = published->charter_changed > base;
    update->has_policy = published->policy_changed > base;
    update->has_new_peers = published->peer_changed[self] > base;
    /* Another key, or no longer revoked, and the seal is another too. */
    update->has_sealed = published->sealed_changed > base || update->has_new_peers;
    update->removed_count = avpni_published_removed(published, base, cut->removed);
    update->removed = cut->removed;
}

static void measure(struct avpni_cut *cut)
{
    cut->size = (uint32_t)avpni_update_write(&cut->update, 0, NULL, 0);
}

bool avpni_cut_init(struct avpni_cut *cut, const struct avpni_memory *memory,
                    const struct avpni_organization *organization, uint32_t place, uint64_t base)
{
    cut->block = NULL;
    fill_update(cut, organization, organization->index_of[place], base);
    if (has_other_hubs(organization, place, cut->update.base)) {
        cut->update.has_new_peers = true;
    }
    if (!find_known(cut, memory, organization, place)) {
        return false;
    }
    measure(cut);
    return true;
}

void avpni_cut_fini(struct avpni_cut *cut, const struct avpni_memory *memory)
{
    avpni_release(memory, cut->block);
    cut->block = NULL;
}

void avpni_cut_init_revoked(struct avpni_cut *cut, const struct avpni_organization *organization,
                            uint32_t index, uint64_t base)
{
    cut->block = NULL;
    fill_update(cut, organization, index, base);
    cut->few[0] = index;
    cut->update.known = cut->few;
    cut->update.known_count = 1;
    measure(cut);
}

void avpni_cut_init_common(struct avpni_cut *cut, const struct avpni_organization *organization,
                           uint64_t base)
{
    cut->block = NULL;
    fill_update(cut, organization, 0, base);
    cut->update.known = cut->few;
    cut->update.has_new_peers = false;
    cut->update.has_sealed = false;
    measure(cut);
}

bool avpni_cut_concerns(const struct avpni_cut *common,
                        const struct avpni_organization *organization, uint32_t place)
{
    const struct avpni_update *update = &common->update;
    struct avpni_peers peers = avpni_peers(organization, place);

    if (update->is_full || update->peer_changed[organization->index_of[place]] > update->base ||
        has_other_hubs(organization, place, update->base)) {
        return true;
    }
    for (uint32_t peer = avpni_peers_next(&peers); peer != AVPNI_MAP_NONE;
         peer = avpni_peers_next(&peers)) {
        if (update->peer_changed[organization->index_of[peer]] > update->base) {
            return true;
        }
    }
    return false;
}

void avpni_cut_write(const struct avpni_cut *cut, uint32_t first, uint32_t count, uint8_t *out)
{
    (void)avpni_update_write(&cut->update, (size_t)first * AVPNI_PART_BYTES, out,
                             (size_t)count * AVPNI_PART_BYTES);
}
