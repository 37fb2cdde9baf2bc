/* SPDX-License-Identifier: ISC */
/*
 * published: see published.h.
 *
 * The changes between two documents are found by comparing leaves of the same id, byte by byte, in one walk over
 * both. Of a site all but its exports concerns who is whose peer; it also names the hash of the identity. So
 * a member's `peer_changed` moves exactly when that part of its site does. A flag of the policy concerns all hubs at once, and has
 * a number of its own.
 */
#include "registry/published.h"

#include "crypto/hash.h"

#include <string.h>

/* Of a site's bytes: kind, id, hash of the identity, role, flags, then the hubs with their count. */
#define SITE_HUB_COUNT 39
#define SITE_HUB_BYTES 5

/* How many bytes of a site come before its exports. */
static size_t before_exports(const struct avpni_leaves *leaves)
{
    size_t bytes = SITE_HUB_COUNT + 1u;

    if (leaves->site_bytes > SITE_HUB_COUNT) {
        bytes += (size_t)leaves->site[SITE_HUB_COUNT] * SITE_HUB_BYTES;
    }
    return bytes < leaves->site_bytes ? bytes : leaves->site_bytes;
}

static bool is_same(const uint8_t *a, size_t a_count, const uint8_t *b, size_t b_count)
{
    return a_count == b_count && memcmp(a, b, a_count) == 0;
}

static struct avpni_leaves leaves_at(const struct avpni_published *published, uint32_t index)
{
    const struct avpni_document *document = &published->document;
    uint32_t offset = published->offsets[index];
    struct avpni_reader r =
        avpni_reader(document->members + offset, document->members_bytes - offset);
    struct avpni_leaves leaves;

    avpni_leaves_read(&r, &leaves);
    return leaves;
}

static uint32_t id_at(const struct avpni_published *published, uint32_t index)
{
    struct avpni_leaves leaves = leaves_at(published, index);

    return avpni_leaf_id(leaves.site, leaves.site_bytes);
}

/* ---- making ----------------------------------------------------------------------------- */

static void index_leaves(struct avpni_published *made)
{
    struct avpni_reader r = avpni_reader(made->document.members, made->document.members_bytes);
    struct avpni_leaves leaves;

    for (uint32_t i = 0; i < made->document.member_count; i++) {
        made->offsets[i] = (uint32_t)r.position;
        avpni_leaves_read(&r, &leaves);
    }
}

/* A member that both documents have. */
static void compare_member(struct avpni_published *made, uint32_t index,
                           const struct avpni_published *old, uint32_t old_index)
{
    struct avpni_leaves is = leaves_at(made, index), was = leaves_at(old, old_index);

    if (is_same(is.site, is.site_bytes, was.site, was.site_bytes)) {
        made->site_changed[index] = old->site_changed[old_index];
    }
    if (is_same(is.site, before_exports(&is), was.site, before_exports(&was))) {
        made->peer_changed[index] = old->peer_changed[old_index];
        /* A seal to the same key under the same secrets has the same bytes [CFG-7]. */
        if (memcmp(avpni_document_sealed(&made->document, index),
                   avpni_document_sealed(&old->document, old_index), AVPNI_SEALED_PSK_BYTES) != 0) {
            made->sealed_changed = made->change;
        }
    }
}

static void remove_id(struct avpni_published *made, uint32_t id, uint32_t change)
{
    made->removed_ids[made->removed_count] = id;
    made->removed_at[made->removed_count++] = change;
}

/* Forget removals that are more than can be kept, oldest first, and whoever would need them. */
static void forget_removals(struct avpni_published *made)
{
    while (made->removed_count > AVPNI_REMOVALS_KNOWN) {
        uint32_t oldest = UINT32_MAX, kept = 0;

        for (uint32_t i = 0; i < made->removed_count; i++) {
            oldest = made->removed_at[i] < oldest ? made->removed_at[i] : oldest;
        }
        for (uint32_t i = 0; i < made->removed_count; i++) {
            if (made->removed_at[i] != oldest) {
                made->removed_ids[kept] = made->removed_ids[i];
                made->removed_at[kept++] = made->removed_at[i];
            }
        }
        made->removed_count = kept;
        made->oldest = oldest > made->oldest ? oldest : made->oldest;
    }
}

/* The smallest of three ids; 0 has none. */
static uint32_t lowest(uint32_t a, uint32_t b, uint32_t c)
{
    uint32_t id = a - 1u < b - 1u ? a : b;

    return id - 1u < c - 1u ? id : c;
}

/* One walk in order of id over both documents and the removals known before. */
static void compare_members(struct avpni_published *made, const struct avpni_published *old)
{
    uint32_t is = 0, was = 0, gone = 0;

    for (;;) {
        uint32_t is_id = is < made->document.member_count ? id_at(made, is) : 0;
        uint32_t was_id = was < old->document.member_count ? id_at(old, was) : 0;
        uint32_t gone_id = gone < old->removed_count ? old->removed_ids[gone] : 0;
        uint32_t id = lowest(is_id, was_id, gone_id);

        if (id == 0) {
            break;
        }
        if (is_id != id && was_id == id) {
            remove_id(made, id, made->change);
        } else if (is_id != id) {
            remove_id(made, id, old->removed_at[gone]);
        } else if (was_id == id) {
            compare_member(made, is, old, was);
        }
        is += is_id == id;
        was += was_id == id;
        gone += gone_id == id;
    }
    forget_removals(made);
}

/* [TOP-2] */
static bool has_hub_tunnels(const struct avpni_published *published)
{
    const struct avpni_document *document = &published->document;
    struct avpni_policy policy = {.rules = NULL};

    /* Was verified: cannot fail. */
    (void)avpni_policy_read(document->policy, document->policy_bytes, &policy);
    return (policy.flags & AVPN_ORGANIZATION_NO_HUB_TUNNELS) == 0;
}

static void compare(struct avpni_published *made, const struct avpni_published *old)
{
    memcpy(made->versions, old->versions, sizeof made->versions);
    made->oldest = old->oldest;
    if (is_same(made->document.charter, made->document.charter_bytes, old->document.charter,
                old->document.charter_bytes)) {
        made->charter_changed = old->charter_changed;
    }
    if (is_same(made->document.policy, made->document.policy_bytes, old->document.policy,
                old->document.policy_bytes)) {
        made->policy_changed = old->policy_changed;
    }
    if (has_hub_tunnels(made) == has_hub_tunnels(old)) {
        made->hubs_changed = old->hubs_changed;
    }
    made->sealed_changed = old->sealed_changed;
    compare_members(made, old);
}

/* Ids that left: at most those known before and all members of the old document. */
static int32_t allocate_removals(struct avpni_published *made, const struct avpni_published *old)
{
    uint32_t count = old->removed_count + old->document.member_count;

    made->removed_ids = avpni_allocate(&made->memory, count + 1u, 2 * sizeof *made->removed_ids);
    if (made->removed_ids == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    made->removed_at = made->removed_ids + count + 1;
    return AVPN_OK;
}

/* Keep no more memory than the removals need; where there is none for that the larger block stays. */
static void trim_removals(struct avpni_published *made)
{
    uint32_t count = made->removed_count;
    uint32_t *ids = NULL;

    if (count > 0) {
        ids = avpni_allocate(&made->memory, count, 2 * sizeof *ids);
        if (ids == NULL) {
            return;
        }
        memcpy(ids, made->removed_ids, count * sizeof *ids);
        memcpy(ids + count, made->removed_at, count * sizeof *ids);
    }
    avpni_release(&made->memory, made->removed_ids);
    made->removed_ids = ids;
    made->removed_at = ids != NULL ? ids + count : NULL;
}

static int32_t allocate_index(struct avpni_published *made)
{
    uint32_t count = made->document.member_count;

    made->offsets = avpni_allocate(&made->memory, count + 1u, 3 * sizeof *made->offsets);
    if (made->offsets == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    made->site_changed = made->offsets + count + 1;
    made->peer_changed = made->site_changed + count + 1;
    for (uint32_t i = 0; i < count; i++) {
        made->site_changed[i] = made->peer_changed[i] = made->change;
    }
    return AVPN_OK;
}

static void take_signing_set(struct avpni_published *made)
{
    struct avpni_signatures signatures;
    struct avpni_charter charter;
    size_t body_bytes;

    if (avpni_charter_read(made->document.charter, made->document.charter_bytes, &charter,
                           &signatures, &body_bytes)) {
        made->signing = charter.signing;
    }
}

int32_t avpni_published_new(const struct avpni_memory *memory, uint8_t *bytes, size_t count,
                            uint64_t version, const struct avpni_published *old,
                            struct avpni_published **published_out)
{
    struct avpni_published *made = avpni_allocate(memory, 1, sizeof *made);

    if (made == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    made->memory = *memory;
    made->change = old != NULL ? old->change + 1 : 1;
    made->oldest = 1;
    made->charter_changed = made->policy_changed = made->sealed_changed = made->change;
    made->hubs_changed = made->change;
    (void)avpni_document_read(bytes, count, &made->document); /* was verified: cannot fail */
    int32_t error = allocate_index(made);

    if (error == AVPN_OK && old != NULL) {
        error = allocate_removals(made, old);
    }
    if (error != AVPN_OK) {
        avpni_published_del(made);
        return error;
    }
    made->bytes = bytes;
    made->count = count;
    take_signing_set(made);
    avpni_hash(made->hash, sizeof made->hash, NULL, 0, &(struct avpni_piece){bytes, count}, 1);
    index_leaves(made);
    if (old != NULL) {
        compare(made, old);
        trim_removals(made);
    }
    made->versions[made->change % AVPNI_VERSIONS_KNOWN] = version;
    *published_out = made;
    return AVPN_OK;
}

void avpni_published_del(struct avpni_published *published)
{
    if (published == NULL) {
        return;
    }
    struct avpni_memory memory = published->memory;

    avpni_release(&memory, published->bytes);
    avpni_release(&memory, published->offsets);
    avpni_release(&memory, published->removed_ids);
    avpni_release(&memory, published);
}

/* ---- asking ------------------------------------------------------------------------------ */

bool avpni_published_base(const struct avpni_published *published, uint64_t version,
                          uint32_t *change_out)
{
    uint32_t last = published->change - 1;

    for (uint32_t change = last;
         change >= published->oldest && last - change < AVPNI_VERSIONS_KNOWN - 1; change--) {
        if (published->versions[change % AVPNI_VERSIONS_KNOWN] == version) {
            *change_out = change;
            return true;
        }
    }
    return false;
}

uint32_t avpni_published_find(const struct avpni_published *published, uint32_t id)
{
    uint32_t low = 0, high = published->document.member_count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        uint32_t found = id_at(published, middle);

        if (found == id) {
            return middle;
        }
        if (found < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return AVPNI_MEMBER_NONE;
}

uint32_t avpni_published_removed(const struct avpni_published *published, uint32_t base,
                                 uint32_t ids_out[AVPNI_REMOVALS_KNOWN])
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < published->removed_count; i++) {
        if (published->removed_at[i] > base) {
            ids_out[count++] = published->removed_ids[i];
        }
    }
    return count;
}

static struct avpni_reader invites_of(const struct avpni_published *published)
{
    const struct avpni_document *document = &published->document;
    size_t sealed = (size_t)document->member_count * AVPNI_SEALED_PSK_BYTES;

    return avpni_reader(document->keys + sealed, document->keys_bytes - sealed);
}

uint32_t avpni_published_invite_count(const struct avpni_published *published)
{
    struct avpni_reader r = invites_of(published);

    return avpni_read_u16(&r);
}

bool avpni_published_invite(const struct avpni_published *published, uint32_t member,
                            struct avpn_invite *invite_out)
{
    struct avpni_reader r = invites_of(published);
    uint32_t count = avpni_read_u16(&r);

    for (uint32_t i = 0; i < count; i++) {
        struct avpn_invite invite = {.size = sizeof invite, .member = avpni_read_u32(&r)};

        avpni_read_bytes(&r, invite.key.bytes, sizeof invite.key.bytes);
        invite.expires = (int64_t)avpni_read_u64(&r);
        if (!r.failed && invite.member == member) {
            *invite_out = invite;
            return true;
        }
    }
    return false;
}

size_t avpni_published_footprint(const struct avpni_published *published)
{
    return sizeof *published + 3 * (published->document.member_count + 1u) * sizeof(uint32_t) +
           2 * published->removed_count * sizeof(uint32_t);
}
