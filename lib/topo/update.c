/* SPDX-License-Identifier: ISC */
/*
 * update: how the slice of one version becomes that of the next. Spec: doc/protocol.md 8.2.
 *
 * Writing and applying both walk the members once, in order of id. Writing keeps nothing between
 * two calls: each makes the whole update again and gives away only what lies in its window.
 * Applying runs twice, first to learn the size of the slice, then to write it; so what an update
 * claims is never memory before it is bytes.
 */
#include "topo/document.h"

#include "topo/record.h"

#include <string.h>

enum operation {
    END = 0,
    KEEP = 1,          /* what is held, up to an id */
    LEAVE_OUT = 2,     /* likewise */
    SITE = 3,          /* and identity, or none */
    IDENTITY = 4,      /* of the site held */
    KEEP_SITES = 5,    /* as KEEP, without identities */
    SITE_ONLY = 6      /* with the identity held */
};

/* ---- writing --------------------------------------------------------------------------------- */

/* A writer that gives away only the bytes from `from` on, and counts all. */
struct window {
    size_t from, capacity;
    uint8_t *out;
    size_t position;
};

static void put(struct window *w, const uint8_t *bytes, size_t count)
{
    size_t start = w->position, end = start + count, last = w->from + w->capacity;

    w->position = end;
    if (end <= w->from || start >= last) {
        return;
    }
    size_t skipped = start < w->from ? w->from - start : 0;
    size_t kept = (end < last ? end : last) - start - skipped;

    if (kept > 0) {
        memcpy(w->out + (start + skipped - w->from), bytes + skipped, kept);
    }
}

/* Counts the next bytes, if none of them lies in the window. */
static bool pass(struct window *w, size_t count)
{
    bool is_outside = w->position + count <= w->from || w->position >= w->from + w->capacity;

    w->position += is_outside ? count : 0;
    return is_outside;
}

static void put_u8(struct window *w, uint8_t value)
{
    put(w, &value, 1);
}

static void put_u16(struct window *w, uint16_t value)
{
    uint8_t bytes[2];
    struct avpni_writer number = avpni_writer(bytes, sizeof bytes);

    avpni_write_u16(&number, value);
    put(w, bytes, sizeof bytes);
}

static void put_u32(struct window *w, uint32_t value)
{
    uint8_t bytes[4];
    struct avpni_writer number = avpni_writer(bytes, sizeof bytes);

    avpni_write_u32(&number, value);
    put(w, bytes, sizeof bytes);
}

static void put_leaf(struct window *w, const uint8_t *leaf, uint16_t count)
{
    put_u16(w, count);
    put(w, leaf, count);
}

/* Charter or policy; no bytes: the one held. */
static void put_long(struct window *w, const uint8_t *bytes, size_t count)
{
    put_u32(w, (uint32_t)count);
    put(w, bytes, count);
}

/* The walk over the members, and the run of members kept alike that is not written yet. */
struct walk {
    const struct avpni_update *update;
    struct window *w;
    uint8_t run;        /* KEEP or KEEP_SITES, or END: none */
    uint32_t run_last;  /* place of its last member */
    uint32_t removed;   /* how many of the removed ids lie behind */
    uint32_t known;     /* how many of the known places do */
};

static struct avpni_leaves leaves_at(const struct avpni_update *update, uint32_t place)
{
    const struct avpni_document *document = update->document;
    struct avpni_reader r = avpni_reader(document->members, document->members_bytes);
    struct avpni_leaves leaves;

    avpni_read_view(&r, update->offsets[place]);
    avpni_leaves_read(&r, &leaves);
    return leaves;
}

static uint32_t id_at(const struct avpni_update *update, uint32_t place)
{
    const struct avpni_leaves leaves = leaves_at(update, place);

    return avpni_leaf_id(leaves.site, leaves.site_bytes);
}

static void end_run(struct walk *walk)
{
    if (walk->run != END) {
        put_u8(walk->w, walk->run);
        put_u32(walk->w, id_at(walk->update, walk->run_last));
        walk->run = END;
    }
}

/* The last id that was removed between the member before and this one; 0: none was. */
static uint32_t pass_removed(struct walk *walk, uint32_t place)
{
    const struct avpni_update *update = walk->update;
    uint32_t last = 0;

    if (walk->removed == update->removed_count) {
        return 0;
    }
    uint32_t id = id_at(update, place);

    while (walk->removed < update->removed_count && update->removed[walk->removed] <= id) {
        /* One that came back is not gone. */
        last = update->removed[walk->removed] < id ? update->removed[walk->removed] : last;
        walk->removed++;
    }
    return last;
}

static bool pass_known(struct walk *walk, uint32_t place)
{
    const struct avpni_update *update = walk->update;

    while (walk->known < update->known_count && update->known[walk->known] < place) {
        walk->known++;
    }
    return walk->known < update->known_count && update->known[walk->known] == place;
}

/* [UPD-2] */
static uint8_t operation_for(const struct avpni_update *update, uint32_t place, bool is_known)
{
    bool is_site_new = update->is_full || update->site_changed[place] > update->base;
    bool is_told_anew = update->is_full || update->has_new_peers ||
                        update->peer_changed[place] > update->base;

    if (is_site_new) {
        return is_told_anew ? SITE : SITE_ONLY;
    }
    if (is_told_anew) {
        return is_known ? IDENTITY : KEEP_SITES;
    }
    return KEEP;
}

static void put_kept(struct walk *walk, uint32_t place, uint8_t operation, uint32_t removed)
{
    if (walk->run != operation || removed != 0) {
        end_run(walk);
    }
    /* Before anything else the gap needs no word: what lies between two operations is left out. */
    if (removed != 0) {
        put_u8(walk->w, LEAVE_OUT);
        put_u32(walk->w, removed);
    }
    walk->run = operation;
    walk->run_last = place;
}

/* SITE, IDENTITY, SITE_ONLY */
static void put_leaves(struct walk *walk, uint32_t place, uint8_t operation, bool is_known)
{
    const struct avpni_leaves leaves = leaves_at(walk->update, place);
    uint16_t identity_bytes = is_known ? leaves.identity_bytes : 0;
    size_t count = 1u + (operation == IDENTITY ? 0 : 2u + leaves.site_bytes) +
                   (operation == SITE_ONLY ? 0 : 2u + identity_bytes);

    if (pass(walk->w, count)) {
        return;
    }
    put_u8(walk->w, operation);
    if (operation != IDENTITY) {
        put_leaf(walk->w, leaves.site, leaves.site_bytes);
    }
    if (operation != SITE_ONLY) {
        put_leaf(walk->w, leaves.identity, identity_bytes);
    }
}

static void put_member(struct walk *walk, uint32_t place)
{
    uint32_t removed = pass_removed(walk, place);
    bool is_known = pass_known(walk, place);
    uint8_t operation = operation_for(walk->update, place, is_known);

    if (operation == KEEP || operation == KEEP_SITES) {
        put_kept(walk, place, operation, removed);
        return;
    }
    end_run(walk);
    put_leaves(walk, place, operation, is_known);
}

size_t avpni_update_write(const struct avpni_update *update, size_t from, uint8_t *out,
                          size_t capacity)
{
    const struct avpni_document *document = update->document;
    struct window w = {.from = from, .capacity = capacity, .out = out};
    struct walk walk = {.update = update, .w = &w};
    bool has_charter = update->is_full || update->has_charter;
    bool has_policy = update->is_full || update->has_policy;
    bool has_sealed = update->is_full || update->has_sealed;

    put_leaf(&w, document->head, (uint16_t)document->head_bytes);
    put_long(&w, document->charter, has_charter ? document->charter_bytes : 0);
    put_long(&w, document->policy, has_policy ? document->policy_bytes : 0);
    put(&w, document->keys_hash, sizeof document->keys_hash);
    for (uint32_t place = 0; place < document->member_count; place++) {
        put_member(&walk, place);
    }
    end_run(&walk);
    put_u8(&w, END);
    put_u8(&w, has_sealed);
    if (has_sealed) {
        put(&w, avpni_document_sealed(document, update->self), AVPNI_SEALED_PSK_BYTES);
    }
    return w.position;
}

/* ---- applying -------------------------------------------------------------------------------- */

struct application {
    struct avpni_document held; /* without members where nothing is held */
    bool is_held;
    struct avpni_reader members; /* the held ones that are left, but for the next */
    struct avpni_leaves next;
    uint32_t left, next_id;      /* how many are left with the next; its id */
    uint32_t last_id;            /* where the operation before ended */
    struct avpni_reader r;       /* over the update */
    struct avpni_writer w;
    uint32_t member_count;       /* of the slice, so far */
};

static void read_next(struct application *a)
{
    if (a->left > 0) {
        avpni_leaves_read(&a->members, &a->next);
        a->next_id = avpni_leaf_id(a->next.site, a->next.site_bytes);
    }
}

static void pass_next(struct application *a)
{
    a->left--;
    read_next(a);
}

static bool is_next(const struct application *a, uint32_t id)
{
    return a->left > 0 && a->next_id == id;
}

static void write_member(struct application *a, const struct avpni_leaves *leaves)
{
    avpni_leaves_write(&a->w, leaves);
    a->member_count++;
}

/* KEEP, KEEP_SITES, LEAVE_OUT. What is kept has to be held, else it is another slice's update. */
static bool apply_run(struct application *a, uint8_t operation, uint32_t id)
{
    bool is_met = operation == LEAVE_OUT;

    while (a->left > 0 && a->next_id <= id) {
        is_met = is_met || a->next_id == id;
        if (operation == KEEP_SITES) {
            a->next.identity_bytes = 0;
        }
        if (operation != LEAVE_OUT) {
            write_member(a, &a->next);
        }
        pass_next(a);
    }
    return is_met;
}

/* SITE, IDENTITY, SITE_ONLY: `told` is what the update says, the rest is held. */
static bool apply_member(struct application *a, uint8_t operation, uint32_t id,
                         struct avpni_leaves *told)
{
    while (a->left > 0 && a->next_id < id) {
        pass_next(a);
    }
    bool is_held = is_next(a, id);

    if (operation == IDENTITY) {
        told->site = a->next.site;
        told->site_bytes = a->next.site_bytes;
    } else if (operation == SITE_ONLY) {
        told->identity = a->next.identity;
        told->identity_bytes = a->next.identity_bytes;
    }
    if (operation != SITE && !is_held) {
        return false;
    }
    write_member(a, told);
    if (is_held) {
        pass_next(a);
    }
    return true;
}

/* Nothing, where the update ends before. */
static void read_leaf(struct avpni_reader *r, const uint8_t **leaf_out, uint16_t *count_out)
{
    uint16_t count = avpni_read_u16(r);

    *leaf_out = avpni_read_view(r, count);
    *count_out = *leaf_out == NULL ? 0 : count;
}

/* One operation that is not END. Ids ascend, so each member held is passed once and all ends. */
static bool apply_operation(struct application *a, uint8_t operation)
{
    struct avpni_leaves told = {0};
    uint32_t id;

    switch (operation) {
    case KEEP:
    case KEEP_SITES:
    case LEAVE_OUT:
        id = avpni_read_u32(&a->r);
        break;
    case SITE:
        read_leaf(&a->r, &told.site, &told.site_bytes);
        read_leaf(&a->r, &told.identity, &told.identity_bytes);
        id = avpni_leaf_id(told.site, told.site_bytes);
        break;
    case SITE_ONLY:
        read_leaf(&a->r, &told.site, &told.site_bytes);
        id = avpni_leaf_id(told.site, told.site_bytes);
        break;
    case IDENTITY:
        read_leaf(&a->r, &told.identity, &told.identity_bytes);
        id = avpni_leaf_id(told.identity, told.identity_bytes);
        break;
    default:
        return false;
    }
    if (a->r.failed || id <= a->last_id) {
        return false;
    }
    a->last_id = id;
    return operation == KEEP || operation == KEEP_SITES || operation == LEAVE_OUT
               ? apply_run(a, operation, id)
               : apply_member(a, operation, id, &told);
}

static bool apply_operations(struct application *a)
{
    for (;;) {
        uint8_t operation = avpni_read_u8(&a->r);

        if (a->r.failed) {
            return false;
        }
        if (operation == END) {
            return true;
        }
        if (!apply_operation(a, operation) || a->member_count > AVPN_MEMBERS) {
            return false;
        }
    }
}

/* Charter or policy: the one held where the update has none. False: it has none and nothing is held. */
static bool read_long(struct application *a, const uint8_t *held, size_t held_bytes,
                      const uint8_t **bytes_out, size_t *count_out)
{
    size_t count = avpni_read_u32(&a->r);
    const uint8_t *bytes = avpni_read_view(&a->r, count);

    *bytes_out = count == 0 ? held : bytes;
    *count_out = count == 0 ? held_bytes : count;
    return count > 0 || a->is_held;
}

/* Head, charter and policy. */
static bool apply_start(struct application *a)
{
    struct avpni_document start = {.head_bytes = avpni_read_u16(&a->r)};

    start.head = avpni_read_view(&a->r, start.head_bytes);
    bool is_there = read_long(a, a->held.charter, a->held.charter_bytes, &start.charter,
                              &start.charter_bytes) &&
                    read_long(a, a->held.policy, a->held.policy_bytes, &start.policy,
                              &start.policy_bytes);

    if (a->r.failed || !is_there) {
        return false;
    }
    avpni_document_write_start(&a->w, AVPNI_DOCUMENT_SLICE, &start);
    return true;
}

/* One run over the update. `member_count` is what the run before found, 0 in the first. */
static bool apply(struct application *a, uint32_t member_count)
{
    if (!apply_start(a)) {
        return false;
    }
    const uint8_t *keys_hash = avpni_read_view(&a->r, AVPNI_HASH_BYTES);

    avpni_write_u32(&a->w, member_count);
    if (!apply_operations(a)) {
        return false;
    }
    uint8_t has_sealed = avpni_read_u8(&a->r);
    const uint8_t *sealed = a->is_held ? avpni_document_sealed(&a->held, 0) : NULL;

    if (has_sealed == 1) {
        sealed = avpni_read_view(&a->r, AVPNI_SEALED_PSK_BYTES);
    }
    if (!avpni_reader_is_done(&a->r) || has_sealed > 1 || sealed == NULL) {
        return false;
    }
    avpni_write_bytes(&a->w, keys_hash, AVPNI_HASH_BYTES);
    avpni_write_bytes(&a->w, sealed, AVPNI_SEALED_PSK_BYTES);
    return true;
}

int32_t avpni_update_apply(const struct avpni_memory *memory, const uint8_t *held,
                           size_t held_bytes, const uint8_t *update, size_t update_bytes,
                           uint8_t **slice_out, size_t *slice_bytes_out)
{
    struct application start = {.is_held = held != NULL, .r = avpni_reader(update, update_bytes)};

    if (held != NULL && (!avpni_document_read(held, held_bytes, &start.held) ||
                         start.held.kind != AVPNI_DOCUMENT_SLICE)) {
        return AVPN_ERROR_FORMAT;
    }
    start.members = avpni_reader(start.held.members, start.held.members_bytes);
    start.left = start.held.member_count;
    read_next(&start);
    struct application size = start, writing = start;

    if (!apply(&size, 0) || size.w.position > AVPN_BUNDLE_LIMIT) {
        return AVPN_ERROR_FORMAT;
    }
    uint8_t *slice = avpni_allocate(memory, size.w.position, 1);

    if (slice == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    writing.w = avpni_writer(slice, size.w.position);
    apply(&writing, size.member_count);
    *slice_out = slice;
    *slice_bytes_out = size.w.position;
    return AVPN_OK;
}
