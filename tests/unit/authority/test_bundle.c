/* SPDX-License-Identifier: ISC */
/*
 * Reading bundles: damaged ones, forged ones (put together here from parts, with
 * genuine signatures where the case allows), expiry, memory, and that what is read selects alike.
 */
#include "publish.h"
#include "route/counting.h"
#include "topo/merkle.h"
#include "topo/record.h"

static const struct site sites[] = {
    {1, 'H', "", "10.1.0.0/16"}, {2, 'S', "1*", "10.2.0.0/16"}, {3, 's', "1", ""}};

START_TEST(every_truncation_is_refused_and_leaves_nothing)
{
    struct avpn_config *config = config_of(sites, 3), *read = NULL;
    struct bundle bundle = bundle_of(config, 2, 2);
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);

    for (size_t count = 0; count < bundle.count; count++) {
        /* A block of its own, so that reading past its end is seen. */
        uint8_t *cut = malloc(count);

        if (count > 0) {
            memcpy(cut, bundle.bytes, count);
        }
        ck_assert_int_lt(
            avpn_config_read(cut, count, &bundle.organization, 0, &host, &read), 0);
        free(cut);
    }
    ck_assert_int_eq(counting.requests, 0); /* nothing is allocated for what is not proved */
    ck_assert_ptr_null(read);
    avpn_config_del(config);
    free(bundle.bytes);
}
END_TEST

START_TEST(every_flipped_bit_is_refused_and_leaves_nothing)
{
    struct avpn_config *config = config_of(sites, 3), *read = NULL;
    struct bundle bundle = bundle_of(config, 1, 1);
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);

    for (size_t bit = 0; bit < 8 * bundle.count; bit++) {
        bundle.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int32_t result = avpn_config_read(bundle.bytes, bundle.count, &bundle.organization, 0,
                                          &host, &read);

        ck_assert(result == AVPN_ERROR_FORMAT || result == AVPN_ERROR_AUTH);
        bundle.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ck_assert_int_eq(counting.requests, 0);
    ck_assert_ptr_null(read);
    avpn_config_del(config);
    free(bundle.bytes);
}
END_TEST

START_TEST(bytes_after_the_end_are_refused)
{
    struct avpn_config *config = config_of(sites, 3), *read = NULL;
    struct bundle bundle = bundle_of(config, 1, 1);

    bundle.bytes = realloc(bundle.bytes, bundle.count + 16);
    memset(bundle.bytes + bundle.count, 0, 16);
    for (size_t more = 1; more <= 16; more++) {
        ck_assert_int_eq(avpn_config_read(bundle.bytes, bundle.count + more, &bundle.organization,
                                          0, NULL, &read), AVPN_ERROR_FORMAT);
    }
    ck_assert_int_eq(avpn_config_read(NULL, 0, &bundle.organization, 0, NULL, &read),
                     AVPN_ERROR_FORMAT);
    avpn_config_del(config);
    free(bundle.bytes);
}
END_TEST

START_TEST(memory_may_run_out_anywhere_without_a_leak)
{
    struct avpn_config *config = config_of(sites, 3), *read = NULL;
    struct bundle bundle = bundle_of(config, 1, 1);
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    int32_t result = AVPN_ERROR_MEMORY;
    int64_t points = 0;

    for (int64_t fail_at = 1; result != AVPN_OK; fail_at++, points++) {
        counting = (struct counting){.fail_at = fail_at};
        result = avpn_config_read(bundle.bytes, bundle.count, &bundle.organization, 0, &host, &read);
        ck_assert(result == AVPN_OK || result == AVPN_ERROR_MEMORY);
        ck_assert(result == AVPN_OK || counting.blocks == 0);
    }
    ck_assert_int_gt(points, 8);
    avpn_config_del(read);
    ck_assert_int_eq(counting.blocks, 0);
    avpn_config_del(config);
    free(bundle.bytes);
}
END_TEST

START_TEST(what_is_read_selects_as_what_was_written) /* [TOP-1] */
{
    struct avpn_config *config = random_config(4000 + (uint64_t)_i, 40, true), *read = NULL;
    struct bundle bundle = bundle_of(config, 1, 1);

    ck_assert_int_eq(avpn_config_read(bundle.bytes, bundle.count, &bundle.organization, 0, NULL,
                                      &read), AVPN_OK);
    for (uint32_t id = 0; id <= 41; id++) {
        uint32_t ids[64] = {0}, expected[64] = {0};
        uint32_t count = avpn_config_peers(read, id, ids, 64);

        ck_assert_uint_eq(count, avpn_config_peers(config, id, expected, 64));
        ck_assert_mem_eq(ids, expected, sizeof ids);
        ck_assert_uint_eq(avpn_config_peers(read, id, ids, 1), count);
    }
    avpn_config_del(config);
    avpn_config_del(read);
    free(bundle.bytes);
}
END_TEST

/* ---- forgeries --------------------------------------------------------------------------- */

#define LEAF_LIMIT 2048

struct parts {
    struct avpni_charter charter;
    struct avpni_head head;
    uint8_t root_seeds[2][32], signing_seeds[2][32]; /* by ascending public key */
    struct avpni_signatures charter_by, head_by;     /* which keys sign; bytes are made */
    const char *charter_label, *head_label;
    struct avpn_member members[3];
    uint32_t member_count;
    uint32_t leaves_claimed; /* in the frame */
    struct avpn_key organization; /* what the reader was born knowing */
    bool is_root_wrong, is_signature_wrong, is_psk_given_to_all, is_psk_given_to_none;
    bool is_signed_by_root_only;
    int64_t wall_clock;
};

static void make_keys(struct avpni_key_set *set, uint8_t seeds[2][32], uint8_t first)
{
    struct avpn_key keys[2];

    for (uint8_t i = 0; i < 2; i++) {
        const struct avpn_key seed = seed_of((uint8_t)(first + i));

        memcpy(seeds[i], seed.bytes, 32);
        avpni_sign_keypair(seeds[i], &keys[i]);
    }
    if (memcmp(&keys[0], &keys[1], 32) > 0) {
        uint8_t seed[32];
        struct avpn_key key = keys[0];

        memcpy(seed, seeds[0], 32);
        memcpy(seeds[0], seeds[1], 32);
        memcpy(seeds[1], seed, 32);
        keys[0] = keys[1];
        keys[1] = key;
    }
    *set = (struct avpni_key_set){.threshold = 2, .count = 2, .keys = {keys[0], keys[1]}};
}

static struct parts good_parts(void)
{
    struct parts parts = {.charter_label = AVPNI_CHARTER_LABEL,
                          .head_label = AVPNI_HEAD_LABEL,
                          .charter_by = {.count = 2, .numbers = {0, 1}},
                          .head_by = {.count = 2, .numbers = {0, 1}},
                          .member_count = 3,
                          .leaves_claimed = 4};

    strcpy(parts.charter.name, "example");
    make_keys(&parts.charter.root, parts.root_seeds, 1);
    make_keys(&parts.charter.signing, parts.signing_seeds, 101);
    parts.charter.suites[0] = 2;
    parts.charter.suite_count = 1;
    parts.charter.registry_count = 1;
    parts.charter.registries[0] = registry_of(1);
    for (uint32_t i = 0; i < 3; i++) {
        parts.members[i] = member_of(&sites[i]);
    }
    avpni_organization_id(&parts.charter.root, &parts.organization);
    parts.head = (struct avpni_head){.organization = parts.organization,
                                     .version = 9,
                                     .created = 1000,
                                     .expires = 2000,
                                     .leaf_count = 4};
    return parts;
}

static void sign_body(struct avpni_writer *w, const char *label, uint8_t seeds[2][32],
                      const struct avpni_signatures *by, bool is_wrong)
{
    struct avpni_signatures signatures = *by;
    uint8_t text[AVPNI_SIGNED_LIMIT];
    size_t count = avpni_signed_text(text, label, w->bytes, w->position);

    for (uint8_t i = 0; i < by->count; i++) {
        avpni_sign(signatures.bytes[i], text, count, seeds[by->numbers[i] % 2]);
    }
    signatures.bytes[by->count - 1][0] ^= is_wrong;
    avpni_signatures_write(w, &signatures);
}

static void add_block(struct avpni_writer *bundle, const struct avpni_writer *block)
{
    avpni_write_u32(bundle, (uint32_t)block->position);
    avpni_write_bytes(bundle, block->bytes, block->position);
}

static size_t write_member_leaf(const struct parts *parts, uint32_t index, uint8_t leaf[LEAF_LIMIT])
{
    const struct avpn_member *member = &parts->members[index];
    const struct avpni_member_view view = {
        member->id, &member->key, member->name, member->role, member->flags, member->hub_count,
        member->export_count, member->uplink_count, member->hubs, member->exports, member->manual};
    bool is_sealed = (member->flags == 0 || parts->is_psk_given_to_all) &&
                     !parts->is_psk_given_to_none;
    const uint8_t sealed[AVPNI_SEALED_PSK_BYTES] = {is_sealed};
    struct avpni_writer w = avpni_writer(leaf, LEAF_LIMIT);

    avpni_member_write(&w, &view, sealed);
    return w.position;
}

static size_t forge(struct parts *parts, uint8_t *bundle, size_t capacity)
{
    static const uint8_t magic[] = "AVPNCONF\1";
    uint8_t charter[LEAF_LIMIT], head[LEAF_LIMIT], leaves[3][LEAF_LIMIT];
    struct avpni_writer charter_writer = avpni_writer(charter, sizeof charter),
                        head_writer = avpni_writer(head, sizeof head),
                        w = avpni_writer(bundle, capacity);
    struct avpni_merkle merkle;
    size_t counts[3];

    avpni_merkle_init(&merkle);
    avpni_charter_write(&charter_writer, &parts->charter);
    sign_body(&charter_writer, parts->charter_label, parts->root_seeds, &parts->charter_by,
              parts->is_signature_wrong);
    avpni_merkle_add(&merkle, charter, charter_writer.position);
    for (uint32_t i = 0; i < parts->member_count; i++) {
        counts[i] = write_member_leaf(parts, i, leaves[i]);
        avpni_merkle_add(&merkle, leaves[i], counts[i]);
    }
    avpni_merkle_root(&merkle, parts->head.root);
    parts->head.root[5] ^= parts->is_root_wrong;
    avpni_head_write(&head_writer, &parts->head);
    sign_body(&head_writer, parts->head_label,
              parts->is_signed_by_root_only ? parts->root_seeds : parts->signing_seeds,
              &parts->head_by, false);
    avpni_write_bytes(&w, magic, sizeof magic - 1);
    add_block(&w, &head_writer);
    avpni_write_u32(&w, parts->leaves_claimed);
    add_block(&w, &charter_writer);
    for (uint32_t i = 0; i < parts->member_count; i++) {
        avpni_write_u32(&w, (uint32_t)counts[i]);
        avpni_write_bytes(&w, leaves[i], counts[i]);
    }
    ck_assert(!w.failed);
    return w.position;
}

static void nothing(struct parts *p) { p->wall_clock = 0; }
static void one_of_two(struct parts *p)
{
    p->charter.root.threshold = p->charter.signing.threshold = 1;
    p->charter_by = p->head_by = (struct avpni_signatures){.count = 1, .numbers = {1}};
    avpni_organization_id(&p->charter.root, &p->organization);
    p->head.organization = p->organization;
}
static void fewer_root_signatures(struct parts *p) { p->charter_by.count = 1; }
static void fewer_head_signatures(struct parts *p) { p->head_by.count = 1; }
static void same_key_twice(struct parts *p) { p->head_by.numbers[1] = 0; }
static void unknown_key(struct parts *p) { p->head_by.numbers[1] = 2; }
static void impossible_key(struct parts *p) { p->head_by.numbers[1] = 255; }
static void wrong_signature(struct parts *p) { p->is_signature_wrong = true; }
static void wrong_signature_beyond_threshold(struct parts *p)
{
    p->charter.root.threshold = 1;
    avpni_organization_id(&p->charter.root, &p->organization);
    p->head.organization = p->organization;
    p->is_signature_wrong = true;
}
static void labels_swapped(struct parts *p)
{
    p->charter_label = AVPNI_HEAD_LABEL;
    p->head_label = AVPNI_CHARTER_LABEL;
}
static void head_signed_by_root(struct parts *p) { p->is_signed_by_root_only = true; }
static void threshold_lowered(struct parts *p)
{
    p->charter.root.threshold = 1; /* another organization then, whoever signs */
    p->charter_by.count = 1;
}
static void threshold_zero(struct parts *p) { p->charter.signing.threshold = 0; }
static void other_organization(struct parts *p) { p->organization.bytes[0] ^= 1; }
static void head_of_other_organization(struct parts *p) { p->head.organization.bytes[0] ^= 1; }
static void other_root_keys(struct parts *p)
{
    make_keys(&p->charter.root, p->root_seeds, 50);
}
static void wrong_merkle_root(struct parts *p) { p->is_root_wrong = true; }
static void leaf_count_beyond(struct parts *p) { p->head.leaf_count = p->leaves_claimed = 5; }
static void leaf_counts_differ(struct parts *p) { p->head.leaf_count = 3; }
static void leaf_left_over(struct parts *p) { p->head.leaf_count = p->leaves_claimed = 3; }
static void version_zero(struct parts *p) { p->head.version = 0; }
static void ends_before_it_begins(struct parts *p) { p->head.expires = 900; }
static void members_out_of_order(struct parts *p)
{
    struct avpn_member member = p->members[0];

    p->members[0] = p->members[1];
    p->members[1] = member;
}
static void member_twice(struct parts *p) { p->members[1] = p->members[0]; }
static void psk_for_the_revoked(struct parts *p) { p->is_psk_given_to_all = true; }
static void psk_for_nobody(struct parts *p) { p->is_psk_given_to_none = true; }
static void no_registry(struct parts *p) { p->charter.registry_count = 0; }
static void unknown_suite(struct parts *p) { p->charter.suites[0] = 3; }
static void unknown_role(struct parts *p) { p->members[0].role = 9; }
static void unknown_hub(struct parts *p) { p->members[1].hubs[0].member = 55; }
static void same_key(struct parts *p) { p->members[1].key = p->members[0].key; }
static void same_name(struct parts *p) { strcpy(p->members[1].name, p->members[0].name); }
static void exports_default(struct parts *p) { p->members[1].exports[0] =
    (struct avpn_prefix){.family = AVPN_FAMILY_IPV4}; }
static void manual_loopback(struct parts *p)
{
    p->members[0].uplink_count = 1;
    avpn_contact_parse("127.0.0.1:40000", &p->members[0].manual[0]);
}
static void before_the_end(struct parts *p) { p->wall_clock = 1999; }
static void at_the_end(struct parts *p) { p->wall_clock = 2000; }
static void before_the_beginning(struct parts *p) { p->wall_clock = 1; }
static void never_ends(struct parts *p)
{
    p->head.expires = 0;
    p->wall_clock = INT64_MAX;
}
static void no_members(struct parts *p)
{
    p->member_count = 0;
    p->head.leaf_count = p->leaves_claimed = 1;
}

static const struct {
    void (*spoil)(struct parts *parts);
    int32_t expected;
} forgeries[] = {
    {nothing, AVPN_OK},
    {one_of_two, AVPN_OK},
    {no_members, AVPN_OK},
    /* [CFG-2], [CFG-3] */
    {fewer_root_signatures, AVPN_ERROR_AUTH},
    {fewer_head_signatures, AVPN_ERROR_AUTH},
    {same_key_twice, AVPN_ERROR_FORMAT},
    {unknown_key, AVPN_ERROR_AUTH},
    {impossible_key, AVPN_ERROR_AUTH},
    {wrong_signature, AVPN_ERROR_AUTH},
    {wrong_signature_beyond_threshold, AVPN_ERROR_AUTH},
    {labels_swapped, AVPN_ERROR_AUTH},
    {head_signed_by_root, AVPN_ERROR_AUTH},
    {threshold_lowered, AVPN_ERROR_AUTH},
    {threshold_zero, AVPN_ERROR_FORMAT},
    {other_organization, AVPN_ERROR_AUTH},
    {head_of_other_organization, AVPN_ERROR_AUTH},
    {other_root_keys, AVPN_ERROR_AUTH},
    /* [CFG-4] */
    {wrong_merkle_root, AVPN_ERROR_AUTH},
    {leaf_count_beyond, AVPN_ERROR_FORMAT},
    {leaf_counts_differ, AVPN_ERROR_FORMAT},
    {leaf_left_over, AVPN_ERROR_FORMAT},
    /* [CFG-1], [CFG-7] */
    {version_zero, AVPN_ERROR_FORMAT},
    {ends_before_it_begins, AVPN_ERROR_FORMAT},
    {members_out_of_order, AVPN_ERROR_FORMAT},
    {member_twice, AVPN_ERROR_FORMAT},
    {psk_for_the_revoked, AVPN_ERROR_FORMAT},
    {psk_for_nobody, AVPN_ERROR_FORMAT},
    /* [CFG-9] */
    {no_registry, AVPN_ERROR_ARGUMENT},
    {unknown_suite, AVPN_ERROR_ARGUMENT},
    {unknown_role, AVPN_ERROR_ARGUMENT},
    {unknown_hub, AVPN_ERROR_ARGUMENT},
    {same_key, AVPN_ERROR_ARGUMENT},
    {same_name, AVPN_ERROR_ARGUMENT},
    {exports_default, AVPN_ERROR_ARGUMENT},
    {manual_loopback, AVPN_ERROR_ARGUMENT},
    /* [CFG-6] */
    {before_the_end, AVPN_OK},
    {at_the_end, AVPN_ERROR_EXPIRED},
    {before_the_beginning, AVPN_OK},
    {never_ends, AVPN_OK},
};

START_TEST(each_forgery_is_refused_for_its_reason)
{
    uint8_t bytes[8192];
    struct parts parts = good_parts();
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    struct avpn_config *read = NULL;

    forgeries[_i].spoil(&parts);
    size_t count = forge(&parts, bytes, sizeof bytes);

    ck_assert_int_eq(
        avpn_config_read(bytes, count, &parts.organization, parts.wall_clock, &host, &read),
        forgeries[_i].expected);
    ck_assert((read != NULL) == (forgeries[_i].expected == AVPN_OK));
    avpn_config_del(read);
    ck_assert_int_eq(counting.blocks, 0);
}
END_TEST

START_TEST(thousands_of_members_are_read)
{
    enum { MEMBERS = 5000 };
    struct avpn_config *config = empty_config(NULL), *read = NULL;
    const struct avpn_key key = pair_of(1).public_key;
    struct avpn_member member = {.size = sizeof member, .key = key};
    uint32_t *ids = malloc(MEMBERS * sizeof *ids);

    for (uint32_t id = 1; id <= MEMBERS; id++) {
        member.id = id;
        member.role = id <= 2 ? AVPN_ROLE_HUB : AVPN_ROLE_SPOKE;
        member.hub_count = id > 2;
        member.hubs[0].member = 1 + id % 2;
        member.export_count = 1;
        member.exports[0] = (struct avpn_prefix){
            .family = AVPN_FAMILY_IPV4,
            .length = 24,
            .bytes = {10, (uint8_t)(id >> 8), (uint8_t)id}};
        memcpy(member.key.bytes, &id, sizeof id);
        snprintf(member.name, sizeof member.name, "site-%u", id);
        ck_assert(avpn_config_add_member(config, &member) == AVPN_OK);
    }
    struct bundle bundle = bundle_of(config, 1, 1);

    ck_assert_int_eq(avpn_config_read(bundle.bytes, bundle.count, &bundle.organization, 0, NULL,
                                      &read), AVPN_OK);
    ck_assert_uint_eq(avpn_config_member_count(read), MEMBERS);
    ck_assert_uint_eq(avpn_config_peers(read, 1, ids, MEMBERS), MEMBERS / 2);
    ck_assert(ids[0] == 2 && ids[1] == 4 && ids[MEMBERS / 2 - 1] == MEMBERS);
    avpn_config_del(config);
    avpn_config_del(read);
    free(bundle.bytes);
    free(ids);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(every_truncation_is_refused_and_leaves_nothing),
    HARNESS_CASE(every_flipped_bit_is_refused_and_leaves_nothing),
    HARNESS_CASE(bytes_after_the_end_are_refused),
    HARNESS_CASE(memory_may_run_out_anywhere_without_a_leak),
    HARNESS_LOOP(what_is_read_selects_as_what_was_written, 4),
    HARNESS_LOOP(each_forgery_is_refused_for_its_reason, HARNESS_COUNT(forgeries)),
    HARNESS_CASE(thousands_of_members_are_read),
};
HARNESS_MAIN("authority/bundle", cases)
