/* SPDX-License-Identifier: ISC */
/*
 * Updates: whatever was edited, the slice of any earlier version becomes that of a later one, byte
 * for byte the one cut from its bundle. And what is no update for a slice makes none of it. [UPD-1]
 * [UPD-2] [CFG-13] [TOP-2]
 */
#include "publish.h"
#include "route/counting.h"
#include "topo/document.h"

enum { MEMBERS = 12, VERSIONS = 14 };

/* One published version and in which version each part of it became what it is. */
struct version {
    struct bundle bundle;
    struct avpn_config *config;
    struct avpni_document document;
    uint32_t offsets[MEMBERS];
    uint32_t site_changed[MEMBERS], peer_changed[MEMBERS], sealed_changed[MEMBERS]; /* by place */
    uint32_t charter_changed, policy_changed, hubs_changed;
};

struct history {
    uint64_t chance;
    struct avpn_member members[MEMBERS];
    bool is_there[MEMBERS];
    uint32_t registry_count, psk_epoch, flags;
    uint32_t rule_count; /* the last one also says how it was edited */
    uint16_t last_port;
    struct avpn_authority *authority;
    struct version versions[VERSIONS + 1]; /* from 1 on */
    uint32_t count;
};

static uint32_t chance(struct history *h, uint32_t below)
{
    return (uint32_t)(harness_random(&h->chance) % below);
}

/* ---- edits ----------------------------------------------------------------------------------- */

static void name_hubs(struct history *h, struct avpn_member *member)
{
    memset(member->hubs, 0, sizeof member->hubs);
    member->hub_count = 0;
    for (uint32_t i = 0; i < MEMBERS && member->role == AVPN_ROLE_SPOKE; i++) {
        if (h->is_there[i] && h->members[i].role == AVPN_ROLE_HUB && chance(h, 2) == 0) {
            member->hubs[member->hub_count].flags = chance(h, 2);
            member->hubs[member->hub_count++].member = h->members[i].id;
        }
    }
}

static void unname(struct history *h, uint32_t id)
{
    for (uint32_t i = 0; i < MEMBERS; i++) {
        struct avpn_member *member = &h->members[i];

        for (uint32_t k = 0; k < member->hub_count; k++) {
            if (member->hubs[k].member == id) {
                member->hubs[k--] = member->hubs[--member->hub_count];
            }
        }
    }
}

static void rekey(struct history *h, struct avpn_member *member)
{
    member->key = pair_of(member->id + MEMBERS * chance(h, 100)).public_key;
}

static void add(struct history *h, uint32_t place)
{
    const struct site site = {place + 1, chance(h, 3) == 0 ? 'H' : 'S', "", ""};

    h->members[place] = member_of(&site);
    rekey(h, &h->members[place]);
    h->is_there[place] = true;
    name_hubs(h, &h->members[place]);
}

static void edit(struct history *h)
{
    uint32_t place = chance(h, MEMBERS);
    struct avpn_member *member = &h->members[place];

    if (!h->is_there[place]) {
        add(h, place);
        return;
    }
    switch (chance(h, 13)) {
    case 0:
        h->is_there[place] = false;
        unname(h, member->id);
        member->hub_count = 0;
        break;
    case 1:
        member->flags ^= AVPN_MEMBER_REVOKED;
        break;
    case 2:
        rekey(h, member);
        break;
    case 3:
        unname(h, member->id);
        member->role = member->role == AVPN_ROLE_HUB ? AVPN_ROLE_SPOKE : AVPN_ROLE_HUB;
        name_hubs(h, member);
        break;
    case 4:
        name_hubs(h, member);
        break;
    case 5:
        member->export_count = 1;
        member->translation_count = 0;
        member->exports[0] =
            (struct avpn_prefix){AVPN_FAMILY_IPV4, 24, {0}, {10, (uint8_t)chance(h, 99)}};
        break;
    case 6:
        member->uplink_count = 1;
        member->manual[0] = (struct avpn_contact){AVPN_FAMILY_IPV4, 0, 40000, {203, 0, 113, 7}};
        break;
    case 7:
        h->psk_epoch++;
        break;
    case 8:
        h->rule_count = chance(h, 4);
        break;
    case 9:
        h->last_port++;
        break;
    case 10:
        h->flags ^= AVPN_ORGANIZATION_NO_HUB_TUNNELS;
        break;
    case 11:
        member->export_count = member->translation_count = 1;
        member->exports[0] = prefix_of_text("10.200.0.0/16");
        member->translations[0].exported = prefix_of_text("10.200.1.0/24");
        member->translations[0].local =
            (struct avpn_prefix){AVPN_FAMILY_IPV4, 24, {0}, {192, 168, (uint8_t)chance(h, 9)}};
        break;
    default:
        h->registry_count = 1 + chance(h, 2);
    }
}

/* ---- publishing ------------------------------------------------------------------------------ */

static void add_rules(const struct history *h, struct avpn_config *config)
{
    ck_assert_int_eq(avpn_config_set_flags(config, h->flags), AVPN_OK);
    for (uint32_t i = 0; i < h->rule_count; i++) {
        struct avpn_rule rule = {.size = sizeof rule,
                                 .action = AVPN_RULE_ALLOW,
                                 .protocol = 17,
                                 .destination_last = 500,
                                 .name = "rule"};

        rule.destination_last = i + 1 == h->rule_count ? (uint16_t)(1 + h->last_port) : 500;
        ck_assert_int_eq(avpn_config_add_rule(config, &rule), AVPN_OK);
    }
}

static struct avpn_config *draw_up(const struct history *h)
{
    struct avpn_config *config = empty_config(NULL);

    add_rules(h, config);
    if (h->registry_count == 2) {
        const struct avpn_registry_entry second = registry_of(2);

        ck_assert_int_eq(avpn_config_add_registry(config, &second), AVPN_OK);
    }
    for (uint32_t i = 0; i < MEMBERS; i++) {
        if (h->is_there[i]) {
            ck_assert_int_eq(avpn_config_add_member(config, &h->members[i]), AVPN_OK);
        }
    }
    return config;
}

static struct bundle sign(const struct history *h, const struct avpn_config *config,
                          uint64_t version)
{
    struct avpn_publication publication = publication_of(version);
    struct bundle bundle = {.bytes = malloc(16384)};

    publication.psk_epoch = h->psk_epoch;
    publication.psk.bytes[5] = (uint8_t)h->psk_epoch;
    publication.previous_psk = (struct avpn_key){{(uint8_t)(h->psk_epoch - 1)}};
    ck_assert_int_eq(avpn_authority_organization(h->authority, &bundle.organization), AVPN_OK);
    ck_assert_int_eq(avpn_authority_sign(h->authority, config, &publication, bundle.bytes, 16384,
                                         &bundle.count), AVPN_OK);
    return bundle;
}

static bool is_same(const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
    return a_bytes == b_bytes && memcmp(a, b, a_bytes) == 0;
}

static struct avpni_leaves leaves_of(const struct version *v, uint32_t place)
{
    struct avpni_reader r = avpni_reader(v->document.members, v->document.members_bytes);
    struct avpni_leaves leaves = {0};

    for (uint32_t i = 0; i <= place; i++) {
        avpni_leaves_read(&r, &leaves);
    }
    return leaves;
}

static bool is_peering_same(const struct avpni_member_view *a, const struct avpni_member_view *b)
{
    return a->role == b->role && a->flags == b->flags && a->hub_count == b->hub_count &&
           (a->hub_count == 0 || memcmp(a->hubs, b->hubs, a->hub_count * sizeof *a->hubs) == 0);
}

/* What of the member at a place is as it was in the version before? */
static void compare_member(struct version *v, const struct version *before, uint32_t number,
                           uint32_t place)
{
    struct avpni_member_view view, other;
    const struct avpni_leaves leaves = leaves_of(v, place);

    v->site_changed[place] = v->peer_changed[place] = v->sealed_changed[place] = number;
    avpni_config_view(v->config, place, &view);
    uint32_t old = before == NULL ? AVPNI_MEMBER_NONE : avpni_config_find(before->config, view.id);

    if (old == AVPNI_MEMBER_NONE) {
        return;
    }
    const struct avpni_leaves were = leaves_of(before, old);

    avpni_config_view(before->config, old, &other);
    if (is_same(leaves.site, leaves.site_bytes, were.site, were.site_bytes)) {
        v->site_changed[place] = before->site_changed[old];
    }
    if (is_same(leaves.identity, leaves.identity_bytes, were.identity, were.identity_bytes) &&
        is_peering_same(&view, &other)) {
        v->peer_changed[place] = before->peer_changed[old];
    }
    if (memcmp(avpni_document_sealed(&v->document, place),
               avpni_document_sealed(&before->document, old), AVPNI_SEALED_PSK_BYTES) == 0) {
        v->sealed_changed[place] = before->sealed_changed[old];
    }
}

static void publish(struct history *h)
{
    uint32_t number = ++h->count;
    struct version *v = &h->versions[number];
    const struct version *before = number == 1 ? NULL : v - 1;
    struct avpn_config *config = draw_up(h);

    v->bundle = sign(h, config, number);
    avpn_config_del(config);
    ck_assert_int_eq(avpn_config_read(v->bundle.bytes, v->bundle.count, &v->bundle.organization, 0,
                                      NULL, &v->config), AVPN_OK);
    ck_assert(avpni_document_read(v->bundle.bytes, v->bundle.count, &v->document));
    v->charter_changed = number;
    if (before != NULL && is_same(v->document.charter, v->document.charter_bytes,
                                  before->document.charter, before->document.charter_bytes)) {
        v->charter_changed = before->charter_changed;
    }
    v->policy_changed = v->hubs_changed = number;
    if (before != NULL && is_same(v->document.policy, v->document.policy_bytes,
                                  before->document.policy, before->document.policy_bytes)) {
        v->policy_changed = before->policy_changed;
    }
    if (before != NULL && avpn_config_flags(v->config) == avpn_config_flags(before->config)) {
        v->hubs_changed = before->hubs_changed;
    }
    for (uint32_t i = 0; i < v->document.member_count; i++) {
        v->offsets[i] = (uint32_t)(leaves_of(v, i).site - 2 - v->document.members);
        compare_member(v, before, number, i);
    }
}

static struct history *history_of(uint64_t seed, uint32_t versions)
{
    struct history *h = calloc(1, sizeof *h);

    h->chance = seed;
    h->registry_count = h->psk_epoch = 1;
    h->authority = authority_of(NULL, 1, 1);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        if (i < 2 || chance(h, 3) > 0) {
            add(h, i);
        }
    }
    for (uint32_t v = 0; v < versions; v++) {
        for (uint32_t edits = v == 0 ? 0 : 1 + chance(h, 3); edits > 0; edits--) {
            edit(h);
        }
        publish(h);
    }
    return h;
}

static void forget(struct history *h)
{
    for (uint32_t i = 1; i <= h->count; i++) {
        avpn_config_del(h->versions[i].config);
        free(h->versions[i].bundle.bytes);
    }
    avpn_authority_del(h->authority);
    free(h);
}

/* ---- slices and updates between versions ----------------------------------------------------- */

struct bytes {
    uint8_t data[16384];
    size_t count;
};

static void slice_of(const struct version *v, uint32_t member, struct bytes *slice_out)
{
    ck_assert_int_eq(avpn_bundle_slice(v->bundle.bytes, v->bundle.count, v->config, member,
                                       slice_out->data, sizeof slice_out->data,
                                       &slice_out->count), AVPN_OK);
}

/* What a registry knows of an update; the arrays live as long as the caller wants. */
struct plan {
    struct avpni_update update;
    uint32_t known[MEMBERS], removed[MEMBERS * VERSIONS];
};

static int order_of_ids(const void *a, const void *b)
{
    const uint32_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

/* Ids that were there at some time from `base` on and are not now, each once. */
static void find_removed(const struct history *h, uint32_t base, uint32_t number,
                         struct plan *plan)
{
    for (uint32_t id = 1; id <= MEMBERS; id++) {
        bool was_there = false;

        for (uint32_t v = base; v < number; v++) {
            was_there |= avpni_config_find(h->versions[v].config, id) != AVPNI_MEMBER_NONE;
        }
        if (was_there && avpni_config_find(h->versions[number].config, id) == AVPNI_MEMBER_NONE) {
            plan->removed[plan->update.removed_count++] = id;
        }
    }
    plan->update.removed = plan->removed;
}

static void find_known(const struct version *v, uint32_t self, struct plan *plan)
{
    uint32_t ids[MEMBERS + 1], count = avpn_config_peers(v->config, self, ids, MEMBERS);

    ids[count++] = self;
    qsort(ids, count, sizeof *ids, order_of_ids);
    for (uint32_t i = 0; i < count; i++) {
        plan->known[i] = avpni_config_find(v->config, ids[i]);
    }
    plan->update.known = plan->known;
    plan->update.known_count = count;
}

static void plan_update(const struct history *h, uint32_t base, uint32_t number, uint32_t self,
                        struct plan *plan)
{
    const struct version *v = &h->versions[number];
    uint32_t place = avpni_config_find(v->config, self);
    struct avpni_member_view view;

    avpni_config_view(v->config, place, &view);
    bool has_other_hubs = view.role == AVPN_ROLE_HUB && v->hubs_changed > base; /* [TOP-2] */

    memset(plan, 0, sizeof *plan);
    plan->update = (struct avpni_update){.document = &v->document,
                                         .offsets = v->offsets,
                                         .site_changed = v->site_changed,
                                         .peer_changed = v->peer_changed,
                                         .base = base,
                                         .is_full = base == 0,
                                         .has_charter = v->charter_changed > base,
                                         .has_policy = v->policy_changed > base,
                                         .has_sealed = v->sealed_changed[place] > base,
                                         .has_new_peers =
                                             v->peer_changed[place] > base || has_other_hubs,
                                         .self = place};
    find_known(v, self, plan);
    if (base > 0) {
        find_removed(h, base, number, plan);
    }
}

/* In pieces of any size, each made anew. */
static void write_update(const struct plan *plan, size_t piece, struct bytes *out)
{
    out->count = avpni_update_write(&plan->update, 0, NULL, 0);
    ck_assert_uint_le(out->count, sizeof out->data);
    for (size_t from = 0; from < out->count; from += piece) {
        size_t capacity = out->count - from < piece ? out->count - from : piece;

        ck_assert_uint_eq(avpni_update_write(&plan->update, from, out->data + from, capacity),
                          out->count);
    }
}

static int32_t apply(const struct bytes *held, const struct bytes *update, struct bytes *out)
{
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    struct avpni_memory memory;
    uint8_t *slice = NULL;
    size_t count = 0;

    avpni_memory_init(&memory, &host);
    int32_t result = avpni_update_apply(&memory, held == NULL ? NULL : held->data,
                                        held == NULL ? 0 : held->count, update->data,
                                        update->count, &slice, &count);

    ck_assert_int_eq(counting.blocks, result == AVPN_OK);
    if (result == AVPN_OK) {
        ck_assert_uint_le(count, sizeof out->data);
        memcpy(out->data, slice, count);
        out->count = count;
    }
    avpni_release(&memory, slice);
    return result;
}

/* Every member that is there, from every version in which it was and from none. */
static void check_updates(const struct history *h, uint32_t base, uint32_t number, uint32_t self,
                          size_t piece)
{
    static struct bytes held, expected, update, made;
    const uint32_t index = avpni_config_find(h->versions[number].config, self);
    struct plan plan;

    if (index == AVPNI_MEMBER_NONE ||
        (base > 0 && avpni_config_find(h->versions[base].config, self) == AVPNI_MEMBER_NONE)) {
        return;
    }
    plan_update(h, base, number, self, &plan);
    write_update(&plan, piece, &update);
    slice_of(&h->versions[number], self, &expected);
    if (base > 0) {
        slice_of(&h->versions[base], self, &held);
    }
    ck_assert_int_eq(apply(base > 0 ? &held : NULL, &update, &made), AVPN_OK);
    ck_assert_uint_eq(made.count, expected.count);
    ck_assert_mem_eq(made.data, expected.data, expected.count);
}

START_TEST(an_update_makes_the_slice_that_is_cut_from_the_bundle)
{
    static const size_t pieces[] = {16384, 1024, 33, 1};
    struct history *h = history_of(9000 + (uint64_t)_i, VERSIONS);

    for (uint32_t number = 1; number <= VERSIONS; number++) {
        for (uint32_t base = 0; base < number; base++) {
            for (uint32_t self = 1; self <= MEMBERS; self++) {
                check_updates(h, base, number, self, pieces[(base + self) % (number == 3 ? 4 : 2)]);
            }
        }
    }
    forget(h);
}
END_TEST

/* A registry may know more ids to be gone than this base had, also some that came back. */
START_TEST(an_update_may_name_ids_that_were_never_held_or_came_back)
{
    static struct bytes held, expected, update, made;
    static const uint32_t removed[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99};
    struct history *h = history_of(9100 + (uint64_t)_i, 3);
    struct plan plan;

    if (avpni_config_find(h->versions[1].config, 1) != AVPNI_MEMBER_NONE &&
        avpni_config_find(h->versions[3].config, 1) != AVPNI_MEMBER_NONE) {
        plan_update(h, 1, 3, 1, &plan);
        plan.update.removed = removed;
        plan.update.removed_count = HARNESS_COUNT(removed);
        write_update(&plan, 1024, &update);
        slice_of(&h->versions[1], 1, &held);
        slice_of(&h->versions[3], 1, &expected);
        ck_assert_int_eq(apply(&held, &update, &made), AVPN_OK);
        ck_assert_uint_eq(made.count, expected.count);
        ck_assert_mem_eq(made.data, expected.data, expected.count);
    }
    forget(h);
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------- */

/* Is all that `made` tells also told by `genuine`, which has the same signed parts? */
static void check_is_part_of(const struct avpn_config *made, const struct avpn_config *genuine)
{
    struct avpni_member_view a, b;

    ck_assert_uint_eq(avpn_config_version(made), avpn_config_version(genuine));
    ck_assert_uint_eq(avpn_config_member_count(made), avpn_config_member_count(genuine));
    ck_assert_uint_eq(avpn_config_flags(made), avpn_config_flags(genuine));
    ck_assert_uint_eq(avpn_config_rule_count(made), avpn_config_rule_count(genuine));
    for (uint32_t i = 0; i < avpn_config_rule_count(made); i++) {
        struct avpn_rule rule = {.size = sizeof rule}, genuine_rule = {.size = sizeof genuine_rule};

        avpn_config_rule(made, i, &rule);
        avpn_config_rule(genuine, i, &genuine_rule);
        ck_assert_mem_eq(&rule, &genuine_rule, sizeof rule);
    }
    for (uint32_t i = 0; avpni_config_view(made, i, &a); i++) {
        ck_assert(avpni_config_view(genuine, i, &b));
        ck_assert(a.id == b.id && is_peering_same(&a, &b));
        ck_assert(a.export_count == b.export_count);
        ck_assert(a.export_count == 0 ||
                  memcmp(a.exports, b.exports, a.export_count * sizeof *a.exports) == 0);
        if (a.is_known) {
            ck_assert_mem_eq(a.key, b.key, sizeof *a.key);
            ck_assert_str_eq(a.name, b.name);
        }
    }
}

/* Whatever a damaged update makes is refused, or says nothing that the bundle does not say. */
static void check_damaged(const struct history *h, const struct bytes *held,
                          const struct bytes *update, uint32_t self,
                          const struct avpn_key_pair *pair)
{
    static struct bytes made;
    const struct version *v = &h->versions[h->count];
    struct avpn_config *read = NULL;
    struct avpn_key psk, expected;

    if (apply(held, update, &made) != AVPN_OK ||
        avpn_config_read(made.data, made.count, &v->bundle.organization, 0, NULL, &read) !=
            AVPN_OK) {
        return;
    }
    check_is_part_of(read, v->config);
    if (avpn_config_psk(read, self, pair, &psk, NULL) == AVPN_OK) {
        ck_assert_int_eq(avpn_config_psk(v->config, self, pair, &expected, NULL), AVPN_OK);
        ck_assert_mem_eq(&psk, &expected, sizeof psk);
    }
    avpn_config_del(read);
}

/* The last version of a small organization, to hub 1 and spoke 2, whose keys are known here. */
static struct history *small_history(void)
{
    struct history *h = calloc(1, sizeof *h);

    h->registry_count = h->psk_epoch = 1;
    h->authority = authority_of(NULL, 1, 1);
    for (uint32_t i = 0; i < 3; i++) {
        const struct site site = {i + 1, i == 0 ? 'H' : 'S', i == 0 ? "" : "1", "10.0.0.0/8"};

        h->members[i] = member_of(&site);
        h->is_there[i] = true;
    }
    publish(h);
    h->psk_epoch++;
    h->rule_count = 2;
    h->members[2].flags = AVPN_MEMBER_REVOKED;
    h->registry_count = 2;
    publish(h);
    return h;
}

START_TEST(a_flipped_bit_in_an_update_never_tells_anything_else)
{
    static struct bytes held, update;
    struct history *h = small_history();
    const uint32_t self = 1 + (uint32_t)_i % 2, base = (uint32_t)_i / 2;
    const struct avpn_key_pair pair = pair_of(self);
    struct plan plan;

    plan_update(h, base, 2, self, &plan);
    write_update(&plan, 1024, &update);
    slice_of(&h->versions[1], self, &held);
    for (size_t bit = 0; bit < 8 * update.count; bit++) {
        update.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check_damaged(h, base == 0 ? NULL : &held, &update, self, &pair);
        update.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    forget(h);
}
END_TEST

START_TEST(an_update_cut_short_or_with_more_behind_does_not_apply)
{
    static struct bytes held, update, made;
    struct history *h = small_history();
    struct plan plan;

    plan_update(h, 1, 2, 1, &plan);
    write_update(&plan, 1024, &update);
    slice_of(&h->versions[1], 1, &held);
    const size_t count = update.count;

    for (update.count = 0; update.count < count; update.count++) {
        ck_assert_int_eq(apply(&held, &update, &made), AVPN_ERROR_FORMAT);
    }
    for (update.count = count + 1; update.count < count + 9; update.count++) {
        ck_assert_int_eq(apply(&held, &update, &made), AVPN_ERROR_FORMAT);
    }
    forget(h);
}
END_TEST

START_TEST(an_update_for_another_base_never_tells_anything_else)
{
    static struct bytes held, update;
    struct history *h = history_of(9200 + (uint64_t)_i, VERSIONS);
    struct plan plan;

    for (uint32_t self = 1; self <= MEMBERS; self++) {
        if (avpni_config_find(h->versions[VERSIONS].config, self) == AVPNI_MEMBER_NONE) {
            continue;
        }
        const struct avpn_key_pair pair = pair_of(self);

        for (uint32_t base = 1; base < VERSIONS; base++) {
            plan_update(h, base, VERSIONS, self, &plan);
            write_update(&plan, 1024, &update);
            for (uint32_t other = 1; other < VERSIONS; other++) {
                if (avpni_config_find(h->versions[other].config, self) != AVPNI_MEMBER_NONE) {
                    slice_of(&h->versions[other], self, &held);
                    check_damaged(h, &held, &update, self, &pair);
                }
            }
        }
    }
    forget(h);
}
END_TEST

/* ---- updates put together by hand ------------------------------------------------------------ */

/* A leaf of a kind: its id and a mark that tells held ones (a) from told ones (b). */
static void put_leaf(struct avpni_writer *w, uint8_t kind, uint32_t id, char mark)
{
    avpni_write_u16(w, 6);
    avpni_write_u8(w, kind);
    avpni_write_u32(w, id);
    avpni_write_u8(w, (uint8_t)mark);
}

static size_t write_held(uint8_t kind, uint8_t *bytes, size_t capacity)
{
    static const uint32_t ids[] = {1, 2, 3, 5};
    static const struct avpni_document start = {.head = (const uint8_t *)"head",
                                                .head_bytes = 4,
                                                .charter = (const uint8_t *)"charter",
                                                .charter_bytes = 7,
                                                .policy = (const uint8_t *)"policy",
                                                .policy_bytes = 6};
    struct avpni_writer w = avpni_writer(bytes, capacity);

    avpni_document_write_start(&w, kind, &start);
    avpni_write_u32(&w, HARNESS_COUNT(ids));
    for (int i = 0; i < HARNESS_COUNT(ids); i++) {
        put_leaf(&w, 3, ids[i], 'a');
        if (ids[i] < 3) {
            put_leaf(&w, 4, ids[i], 'a');
        } else {
            avpni_write_u16(&w, 0);
        }
    }
    avpni_write_zeros(&w, kind == AVPNI_DOCUMENT_SLICE ? 32 + 112 : 4 * 112 + 2);
    return w.position;
}

/*
 * k5: keep up to 5; l: leave out; s2: site, S2: site and identity, o2: site only; i2: identity;
 * n5: keep sites; e: end.
 */
static void write_operations(struct avpni_writer *w, const char *text)
{
    static const char letters[] = "eklsino";

    for (; *text != '\0'; text++) {
        if (*text == ' ') {
            continue;
        }
        char letter = *text;
        bool has_id = letter != 'e' && letter != 'x';
        char *end = NULL;
        uint32_t id = has_id ? (uint32_t)strtoul(text + 1, &end, 10) : 0;
        const char *at = strchr(letters, letter == 'S' ? 's' : letter);

        text = has_id ? end - 1 : text;
        avpni_write_u8(w, at == NULL ? 7 : (uint8_t)(at - letters));
        if (letter == 'k' || letter == 'l' || letter == 'n') {
            avpni_write_u32(w, id);
        }
        if (letter == 's' || letter == 'S' || letter == 'o') {
            put_leaf(w, 3, id, 'b');
        }
        if (letter == 'i' || letter == 'S') {
            put_leaf(w, 4, id, 'b');
        } else if (letter == 's') {
            avpni_write_u16(w, 0);
        }
    }
}

/* "2ba": member 2, a site that was told, an identity that was held; '-' where there is none. */
static void describe(const struct bytes *slice, char *text_out)
{
    struct avpni_document document;

    ck_assert(avpni_document_read(slice->data, slice->count, &document));
    struct avpni_reader r = avpni_reader(document.members, document.members_bytes);

    *text_out = '\0';
    for (uint32_t i = 0; i < document.member_count; i++) {
        struct avpni_leaves leaves;

        avpni_leaves_read(&r, &leaves);
        if (leaves.identity_bytes > 0) {
            ck_assert_uint_eq(avpni_leaf_id(leaves.identity, leaves.identity_bytes),
                              avpni_leaf_id(leaves.site, leaves.site_bytes));
        }
        text_out += sprintf(text_out, "%s%u%c%c", i == 0 ? "" : " ",
                            avpni_leaf_id(leaves.site, leaves.site_bytes), leaves.site[5],
                            leaves.identity_bytes > 0 ? leaves.identity[5] : '-');
    }
}

/* NULL: no update for what is held: 1aa 2aa 3a- 5a-. */
static const struct {
    const char *operations, *made;
} operations[] = {
    {"e", ""},
    {"k5 e", "1aa 2aa 3a- 5a-"},
    {"k2 e", "1aa 2aa"},
    {"k1 k2 k5 e", "1aa 2aa 3a- 5a-"},
    {"l2 k5 e", "3a- 5a-"},
    {"k1 l2 k3 e", "1aa 3a-"},
    {"k1 l4 k5 e", "1aa 5a-"},
    {"l99 e", ""},
    {"k5 l99 e", "1aa 2aa 3a- 5a-"},
    {"n5 e", "1a- 2a- 3a- 5a-"},
    {"n1 k5 e", "1a- 2aa 3a- 5a-"},
    {"i3 e", "3ab"},
    {"k2 i3 k5 e", "1aa 2aa 3ab 5a-"},
    {"i1 e", "1ab"},
    {"s2 e", "2b-"},
    {"S2 e", "2bb"},
    {"o2 e", "2ba"},
    {"o3 e", "3b-"},
    {"s4 e", "4b-"},
    {"s1 k3 S4 k5 s6 e", "1b- 2aa 3a- 4bb 5a- 6b-"},
    {"s4294967295 e", "4294967295b-"},
    /* kept is only what is held */
    {"k4 e", NULL},
    {"k6 e", NULL},
    {"n4 e", NULL},
    {"i4 e", NULL},
    {"i6 e", NULL},
    {"o4 e", NULL},
    {"o6 e", NULL},
    {"k5 k6 e", NULL},
    /* ids ascend, from 1 */
    {"k3 k3 e", NULL},
    {"k3 k2 e", NULL},
    {"s3 k3 e", NULL},
    {"s3 s2 e", NULL},
    {"i2 i2 e", NULL},
    {"l2 l1 e", NULL},
    {"k0 e", NULL},
    {"l0 e", NULL},
    {"s0 e", NULL},
    {"i0 e", NULL},
    /* what is no operation, and no end */
    {"x e", NULL},
    {"k5 x e", NULL},
    {"k5", NULL},
    {"", NULL},
};

static void begin_update(struct avpni_writer *w, const char *charter, const char *policy)
{
    avpni_write_u16(w, 3);
    avpni_write_bytes(w, (const uint8_t *)"new", 3);
    avpni_write_u32(w, (uint32_t)strlen(charter));
    avpni_write_bytes(w, (const uint8_t *)charter, strlen(charter));
    avpni_write_u32(w, (uint32_t)strlen(policy));
    avpni_write_bytes(w, (const uint8_t *)policy, strlen(policy));
    avpni_write_zeros(w, 31);
    avpni_write_u8(w, 77);
}

START_TEST(operations_keep_change_and_leave_out_what_they_name)
{
    static struct bytes held, update, made;
    struct avpni_writer w = avpni_writer(update.data, sizeof update.data);
    struct avpni_document document;
    char text[256];

    held.count = write_held(AVPNI_DOCUMENT_SLICE, held.data, sizeof held.data);
    begin_update(&w, "", "");
    write_operations(&w, operations[_i].operations);
    avpni_write_u8(&w, 0);
    update.count = w.position;
    ck_assert_int_eq(apply(&held, &update, &made),
                     operations[_i].made == NULL ? AVPN_ERROR_FORMAT : AVPN_OK);
    if (operations[_i].made != NULL) {
        describe(&made, text);
        ck_assert_str_eq(text, operations[_i].made);
        ck_assert(avpni_document_read(made.data, made.count, &document));
        ck_assert(document.head_bytes == 3 && memcmp(document.head, "new", 3) == 0);
        ck_assert(document.charter_bytes == 7 && memcmp(document.charter, "charter", 7) == 0);
        ck_assert(document.policy_bytes == 6 && memcmp(document.policy, "policy", 6) == 0);
        ck_assert_uint_eq(document.keys_hash[31], 77);
    }
}
END_TEST

/* What is held: 0 nothing, 1 a slice, 2 a whole document, 3 no document. */
static const struct {
    int held;
    const char *charter, *policy;
    uint8_t has_sealed;
    size_t sealed_bytes;
    int32_t expected;
} rests[] = {
    {0, "c", "p", 1, 112, AVPN_OK},
    {0, "", "p", 1, 112, AVPN_ERROR_FORMAT},
    {0, "c", "", 1, 112, AVPN_ERROR_FORMAT},
    {0, "c", "p", 0, 0, AVPN_ERROR_FORMAT},
    {1, "c", "p", 1, 112, AVPN_OK},
    {1, "c", "", 1, 112, AVPN_OK},
    {1, "", "p", 1, 112, AVPN_OK},
    {1, "", "", 0, 0, AVPN_OK},
    {1, "c", "p", 1, 111, AVPN_ERROR_FORMAT},
    {1, "c", "p", 1, 113, AVPN_ERROR_FORMAT},
    {1, "c", "p", 0, 112, AVPN_ERROR_FORMAT},
    {1, "c", "p", 2, 112, AVPN_ERROR_FORMAT},
    {1, "c", "p", 2, 0, AVPN_ERROR_FORMAT},
    {2, "c", "p", 1, 112, AVPN_ERROR_FORMAT},
    {3, "c", "p", 1, 112, AVPN_ERROR_FORMAT},
};

START_TEST(charter_policy_and_sealed_key_are_told_or_held)
{
    static struct bytes held, update, made;
    struct avpni_writer w = avpni_writer(update.data, sizeof update.data);
    struct avpni_document document;

    held.count = write_held(rests[_i].held == 2 ? AVPNI_DOCUMENT_WHOLE : AVPNI_DOCUMENT_SLICE,
                            held.data, sizeof held.data);
    held.count -= rests[_i].held == 3;
    begin_update(&w, rests[_i].charter, rests[_i].policy);
    avpni_write_u8(&w, 0);
    avpni_write_u8(&w, rests[_i].has_sealed);
    memset(update.data + w.position, 9, rests[_i].sealed_bytes);
    update.count = w.position + rests[_i].sealed_bytes;
    ck_assert_int_eq(apply(rests[_i].held == 0 ? NULL : &held, &update, &made),
                     rests[_i].expected);
    if (rests[_i].expected == AVPN_OK) {
        ck_assert(avpni_document_read(made.data, made.count, &document));
        ck_assert_uint_eq(document.charter_bytes, rests[_i].charter[0] == 'c' ? 1 : 7);
        ck_assert_uint_eq(document.policy_bytes, rests[_i].policy[0] == 'p' ? 1 : 6);
        ck_assert_uint_eq(avpni_document_sealed(&document, 0)[111], rests[_i].has_sealed ? 9 : 0);
    }
}
END_TEST

START_TEST(an_update_makes_no_more_members_than_there_may_be)
{
    const uint32_t count = AVPN_MEMBERS + (uint32_t)_i;
    size_t capacity = 256 + (size_t)count * 13;
    uint8_t *update = malloc(capacity), *slice = NULL;
    struct avpni_writer w = avpni_writer(update, capacity);
    struct avpni_memory memory;
    size_t slice_bytes;

    avpni_memory_init(&memory, NULL);
    begin_update(&w, "c", "p");
    for (uint32_t id = 1; id <= count; id++) {
        avpni_write_u8(&w, 3);
        put_leaf(&w, 3, id, 'b');
        avpni_write_u16(&w, 0);
    }
    avpni_write_u8(&w, 0);
    avpni_write_u8(&w, 1);
    avpni_write_zeros(&w, 112);
    ck_assert(!w.failed);
    ck_assert_int_eq(
        avpni_update_apply(&memory, NULL, 0, update, w.position, &slice, &slice_bytes),
        _i == 0 ? AVPN_OK : AVPN_ERROR_FORMAT);
    avpni_release(&memory, slice);
    free(update);
}
END_TEST

/* Of the largest leaves: an update within the limit, that would make a slice beyond it. */
START_TEST(an_update_makes_no_larger_slice_than_there_may_be)
{
    const uint32_t count = AVPN_BUNDLE_LIMIT / 65540 + (uint32_t)_i;
    size_t capacity = 1024 + (size_t)count * 65540;
    uint8_t *update = calloc(capacity, 1), *slice = NULL;
    struct avpni_writer w = avpni_writer(update, capacity);
    struct avpni_memory memory;
    size_t slice_bytes;

    avpni_memory_init(&memory, NULL);
    begin_update(&w, "c", "p");
    for (uint32_t id = 1; id <= count; id++) {
        avpni_write_u8(&w, 3);
        avpni_write_u16(&w, UINT16_MAX);
        avpni_write_u8(&w, 3);
        avpni_write_u32(&w, id);
        w.position += UINT16_MAX - 5;
        avpni_write_u16(&w, 0);
    }
    avpni_write_u8(&w, 0);
    avpni_write_u8(&w, 1);
    avpni_write_zeros(&w, 112);
    ck_assert(!w.failed);
    ck_assert_int_eq(
        avpni_update_apply(&memory, NULL, 0, update, w.position, &slice, &slice_bytes),
        _i == 0 ? AVPN_OK : AVPN_ERROR_FORMAT);
    avpni_release(&memory, slice);
    free(update);
}
END_TEST

START_TEST(without_memory_there_is_no_slice)
{
    static struct bytes update;
    struct avpni_writer w = avpni_writer(update.data, sizeof update.data);
    struct counting counting = {.fail_at = 1};
    const struct avpn_host host = counting_host(&counting);
    struct avpni_memory memory;
    uint8_t *slice = NULL;
    size_t slice_bytes;

    avpni_memory_init(&memory, &host);
    begin_update(&w, "c", "p");
    avpni_write_u8(&w, 0);
    avpni_write_u8(&w, 1);
    avpni_write_zeros(&w, 112);
    ck_assert_int_eq(
        avpni_update_apply(&memory, NULL, 0, update.data, w.position, &slice, &slice_bytes),
        AVPN_ERROR_MEMORY);
    ck_assert_ptr_null(slice);
}
END_TEST

/* ---- what an update tells [UPD-2] ------------------------------------------------------------ */

/* The operations of an update in the letters above, then c, r and p for charter, policy and sealed keys. */
static void decode(const struct bytes *update, char *text_out)
{
    static const char letters[] = "eklsino";
    struct avpni_reader r = avpni_reader(update->data, update->count);

    avpni_read_view(&r, avpni_read_u16(&r));
    uint32_t charter_bytes = avpni_read_u32(&r);

    avpni_read_view(&r, charter_bytes);
    uint32_t policy_bytes = avpni_read_u32(&r);

    avpni_read_view(&r, policy_bytes);
    avpni_read_view(&r, 32);
    for (uint8_t operation; (operation = avpni_read_u8(&r)) != 0;) {
        const uint8_t *leaf = NULL;
        uint16_t count = 0;
        char letter = letters[operation % 7];
        uint32_t id = strchr("kln", letter) != NULL ? avpni_read_u32(&r) : 0;

        if (id == 0) {
            count = avpni_read_u16(&r);
            leaf = avpni_read_view(&r, count);
            id = avpni_leaf_id(leaf, count);
        }
        if (letter == 's' && (count = avpni_read_u16(&r)) > 0) {
            avpni_read_view(&r, count);
            letter = 'S';
        }
        text_out += sprintf(text_out, "%c%u ", letter, id);
    }
    strcpy(text_out, charter_bytes > 0 ? "c" : "");
    strcat(text_out, policy_bytes > 0 ? "r" : "");
    strcat(text_out, avpni_read_u8(&r) == 1 ? "p" : "");
}

static void edit_nothing(struct history *h) { h->registry_count = 1; }
static void edit_exports(struct history *h) { h->members[1].exports[0].bytes[0] = 11; }
static void edit_key(struct history *h) { h->members[1].key = pair_of(77).public_key; }
static void edit_manual(struct history *h)
{
    h->members[1].uplink_count = 1;
    h->members[1].manual[0] = (struct avpn_contact){AVPN_FAMILY_IPV4, 0, 40000, {203, 0, 113, 7}};
}
static void edit_hubs(struct history *h)
{
    h->members[1].hub_count = 0;
    memset(h->members[1].hubs, 0, sizeof h->members[1].hubs);
}
static void edit_revoked(struct history *h) { h->members[1].flags = AVPN_MEMBER_REVOKED; }
static void edit_removed(struct history *h) { h->is_there[1] = false; }
static void edit_removed_last(struct history *h) { h->is_there[3] = false; }
static void edit_role(struct history *h)
{
    edit_hubs(h);
    h->members[1].role = AVPN_ROLE_HUB;
}
static void edit_registries(struct history *h) { h->registry_count = 2; }
static void edit_rules(struct history *h) { h->last_port++; }
static void edit_translation(struct history *h)
{
    h->members[1].translation_count = 1;
    h->members[1].translations[0] =
        (struct avpn_translation){prefix_of_text("192.168.0.0/24"), prefix_of_text("10.2.0.0/24")};
}
static void edit_psk(struct history *h) { h->psk_epoch++; }
static void edit_added(struct history *h)
{
    const struct site site = {5, 'S', "1", ""};

    h->members[4] = member_of(&site);
    h->is_there[4] = true;
}

/* Hub 1; spokes 2, 3 and 4, of which 4 has no hub. */
static const struct {
    void (*edit)(struct history *h);
    uint32_t self;
    const char *told;
} tellings[] = {
    {edit_nothing, 1, "k4 "},
    {edit_nothing, 4, "k4 "},
    {edit_exports, 1, "k1 o2 k4 "},
    {edit_exports, 2, "k1 o2 k4 "},
    {edit_exports, 3, "k1 o2 k4 "},
    {edit_key, 1, "k1 S2 k4 "},
    {edit_key, 3, "k1 s2 k4 "},
    {edit_key, 2, "i1 S2 n4 p"},
    {edit_manual, 1, "k1 S2 k4 "},
    {edit_manual, 4, "k1 s2 k4 "},
    {edit_hubs, 1, "k1 s2 k4 "},
    {edit_hubs, 2, "n1 S2 n4 "},
    {edit_revoked, 1, "k1 s2 k4 "},
    {edit_revoked, 2, "n1 S2 n4 p"},
    {edit_revoked, 3, "k1 s2 k4 "},
    {edit_removed, 1, "k1 l2 k4 "},
    {edit_removed_last, 1, "k3 "},
    {edit_role, 1, "k1 S2 k4 "},
    {edit_role, 2, "i1 S2 n4 "},
    {edit_registries, 1, "k4 c"},
    {edit_rules, 1, "k4 r"},
    {edit_rules, 4, "k4 r"},
    {edit_translation, 1, "k1 S2 k4 "},
    {edit_translation, 3, "k1 s2 k4 "},
    {edit_psk, 3, "k4 p"},
    {edit_added, 1, "k4 S5 "},
    {edit_added, 2, "k4 s5 "},
    {edit_added, 5, "S1 s2 s3 s4 S5 crp"},
};

START_TEST(an_update_tells_what_changed_and_no_more)
{
    static const struct site sites[] = {
        {1, 'H', "", "10.1.0.0/16"},
        {2, 'S', "1", "10.2.0.0/16"},
        {3, 'S', "1", ""},
        {4, 'S', "", ""}};
    static struct bytes update;
    struct history *h = calloc(1, sizeof *h);
    struct plan plan;
    char text[256];

    h->registry_count = h->psk_epoch = h->rule_count = 1;
    h->authority = authority_of(NULL, 1, 1);
    for (uint32_t i = 0; i < 4; i++) {
        h->members[i] = member_of(&sites[i]);
        h->is_there[i] = true;
    }
    publish(h);
    tellings[_i].edit(h);
    publish(h);
    plan_update(h, tellings[_i].self == 5 ? 0 : 1, 2, tellings[_i].self, &plan);
    write_update(&plan, 1024, &update);
    decode(&update, text);
    ck_assert_str_eq(text, tellings[_i].told);
    forget(h);
}
END_TEST

/* A spoke needs to know only that hubs have no tunnels; who is a hub hears of those that it had. [TOP-2] */
static const struct {
    uint32_t flags, next_flags, self;
    const char *told;
} tunnel_tellings[] = {
    {0, 1, 1, "i1 n4 r"},       /* hubs 2 and 3 are not its business any more */
    {0, 1, 3, "n2 i3 i4 r"},    /* 4 is its spoke */
    {0, 1, 4, "k4 r"},
    {1, 0, 1, "i1 i2 i3 n4 r"}, /* and now they are */
    {1, 0, 4, "k4 r"},
    {1, 1, 1, "k4 "},
};

START_TEST(hub_tunnels_that_come_and_go_change_what_hubs_are_told)
{
    static const struct site sites[] = {
        {1, 'H', "", ""}, {2, 'H', "", ""}, {3, 'H', "", ""}, {4, 'S', "3", ""}};
    static struct bytes held, update, made, expected;
    struct history *h = calloc(1, sizeof *h);
    uint32_t self = tunnel_tellings[_i].self;
    struct plan plan;
    char text[256];

    h->registry_count = h->psk_epoch = 1;
    h->authority = authority_of(NULL, 1, 1);
    for (uint32_t i = 0; i < 4; i++) {
        h->members[i] = member_of(&sites[i]);
        h->is_there[i] = true;
    }
    h->flags = tunnel_tellings[_i].flags;
    publish(h);
    h->flags = tunnel_tellings[_i].next_flags;
    publish(h);
    plan_update(h, 1, 2, self, &plan);
    write_update(&plan, 1024, &update);
    decode(&update, text);
    ck_assert_str_eq(text, tunnel_tellings[_i].told);
    slice_of(&h->versions[1], self, &held);
    slice_of(&h->versions[2], self, &expected);
    ck_assert_int_eq(apply(&held, &update, &made), AVPN_OK);
    ck_assert_uint_eq(made.count, expected.count);
    ck_assert_mem_eq(made.data, expected.data, expected.count);
    forget(h);
}
END_TEST

/* A policy of 100 rules is told when one of them changes, and costs nothing when none does. */
START_TEST(a_policy_is_told_when_it_changes_and_only_then)
{
    static struct bytes update;
    struct history *h = calloc(1, sizeof *h);
    size_t counts[2], policy_bytes = 0;
    const struct site site = {1, 'H', "", "10.1.0.0/16"};

    for (int k = 0; k < 2; k++) { /* first without rules */
        struct plan plan;

        h->registry_count = h->psk_epoch = 1;
        h->rule_count = k == 0 ? 0 : 100;
        h->authority = authority_of(NULL, 1, 1);
        h->members[0] = member_of(&site);
        h->is_there[0] = true;
        publish(h);
        h->members[0].exports[0] = prefix_of_text("10.2.0.0/16");
        publish(h);
        plan_update(h, 1, 2, 1, &plan);
        write_update(&plan, 1024, &update);
        counts[k] = update.count;
        if (k == 1) {
            h->last_port++;
            publish(h);
            plan_update(h, 2, 3, 1, &plan);
            write_update(&plan, 1024, &update);
            policy_bytes = h->versions[3].document.policy_bytes;
            ck_assert_uint_gt(policy_bytes, 1500);
            ck_assert_uint_lt(update.count, policy_bytes + 300); /* head and a few bytes beside it */
        }
        forget(h);
        h = calloc(1, sizeof *h);
    }
    free(h);
    ck_assert_uint_eq(counts[0], counts[1]);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(hub_tunnels_that_come_and_go_change_what_hubs_are_told,
                 HARNESS_COUNT(tunnel_tellings)),
    HARNESS_CASE(a_policy_is_told_when_it_changes_and_only_then),
    HARNESS_LOOP(an_update_tells_what_changed_and_no_more, HARNESS_COUNT(tellings)),
    HARNESS_LOOP(an_update_makes_the_slice_that_is_cut_from_the_bundle, 12),
    HARNESS_LOOP(an_update_may_name_ids_that_were_never_held_or_came_back, 20),
    HARNESS_LOOP(a_flipped_bit_in_an_update_never_tells_anything_else, 4),
    HARNESS_CASE(an_update_cut_short_or_with_more_behind_does_not_apply),
    HARNESS_LOOP(an_update_for_another_base_never_tells_anything_else, 2),
    HARNESS_LOOP(operations_keep_change_and_leave_out_what_they_name, HARNESS_COUNT(operations)),
    HARNESS_LOOP(charter_policy_and_sealed_key_are_told_or_held, HARNESS_COUNT(rests)),
    HARNESS_LOOP(an_update_makes_no_more_members_than_there_may_be, 2),
    HARNESS_LOOP(an_update_makes_no_larger_slice_than_there_may_be, 2),
    HARNESS_CASE(without_memory_there_is_no_slice),
};
HARNESS_MAIN("authority/update", cases)
