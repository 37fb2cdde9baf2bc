/* SPDX-License-Identifier: ISC */
/*
 * Keys: declared sets of which a threshold signs, going on from a published bundle, rotating the
 * root set; and what a holder of one configuration takes after it. [CFG-3] [CFG-5]
 */
#include "publish.h"
#include "route/counting.h"

enum { BUNDLE_BYTES = 65536 };

static const struct site sites[] = {{1, 'H', "", "10.1.0.0/16"}, {2, 'S', "1*", "10.2.0.0/16"}};

static struct avpn_key public_of(uint8_t number)
{
    const struct avpn_key seed = seed_of(number);
    struct avpn_key key;

    ck_assert_int_eq(avpn_authority_public_key(&seed, &key), AVPN_OK);
    return key;
}

/* Public keys first .. first + count - 1, in an order that is not theirs. */
static void publics(struct avpn_key *keys, uint8_t first, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        keys[i] = public_of((uint8_t)(first + count - 1 - i));
    }
}

/* An authority that declares `roots` root keys (1..) and `signers` signing keys (101..). */
static struct avpn_authority *declared(uint8_t roots, uint8_t root_threshold, uint8_t signers,
                                       uint8_t signer_threshold)
{
    struct avpn_authority *authority = authority_of(NULL, 0, 0);
    struct avpn_key keys[AVPN_AUTHORITY_KEYS];

    publics(keys, 1, roots);
    ck_assert_int_eq(avpn_authority_set_root_keys(authority, root_threshold, keys, roots), AVPN_OK);
    publics(keys, 101, signers);
    ck_assert_int_eq(avpn_authority_set_signing_keys(authority, signer_threshold, keys, signers),
                     AVPN_OK);
    return authority;
}

/* Seeds by the bits of a mask: bit i is seed first + i. */
static void add_roots(struct avpn_authority *authority, uint8_t first, uint32_t mask)
{
    for (uint8_t i = 0; i < 32; i++) {
        const struct avpn_key seed = seed_of((uint8_t)(first + i));

        if ((mask >> i & 1) != 0) {
            ck_assert_int_eq(avpn_authority_add_root(authority, &seed), AVPN_OK);
        }
    }
}

static void add_signers(struct avpn_authority *authority, uint32_t mask)
{
    for (uint8_t i = 0; i < 32; i++) {
        const struct avpn_key seed = seed_of((uint8_t)(101 + i));

        if ((mask >> i & 1) != 0) {
            ck_assert_int_eq(avpn_authority_add_signer(authority, &seed), AVPN_OK);
        }
    }
}

static int32_t sign(const struct avpn_authority *authority, const struct avpn_config *config,
                    uint64_t version, struct bundle *bundle_out)
{
    const struct avpn_publication publication = publication_of(version);

    bundle_out->bytes = malloc(BUNDLE_BYTES);
    ck_assert_int_eq(avpn_authority_organization(authority, &bundle_out->organization), AVPN_OK);
    int32_t result = avpn_authority_sign(authority, config, &publication, bundle_out->bytes,
                                         BUNDLE_BYTES, &bundle_out->count);

    if (result != AVPN_OK) {
        free(bundle_out->bytes);
        bundle_out->bytes = NULL;
    }
    return result;
}

static struct avpn_config *read_back(const struct bundle *bundle)
{
    struct avpn_config *config = NULL;

    ck_assert_int_eq(avpn_config_read(bundle->bytes, bundle->count, &bundle->organization, 0, NULL,
                                      &config), AVPN_OK);
    return config;
}

static uint32_t count_bits(uint32_t mask)
{
    uint32_t bits = 0;

    for (; mask != 0; mask &= mask - 1) {
        bits++;
    }
    return bits;
}

/* ---- thresholds ------------------------------------------------------------------------------ */

START_TEST(any_keys_up_to_the_threshold_sign_and_fewer_do_not)
{
    struct avpn_config *config = config_of(sites, 2);
    const uint8_t threshold = (uint8_t)(1 + _i);

    for (uint32_t mask = 0; mask < 8; mask++) {
        struct avpn_authority *few_roots = declared(3, threshold, 1, 1);
        struct avpn_authority *few_signers = declared(1, 1, 3, threshold);
        const int32_t expected = count_bits(mask) >= threshold ? AVPN_OK : AVPN_ERROR_STATE;
        struct bundle bundle;

        add_roots(few_roots, 1, mask);
        add_signers(few_roots, 1);
        ck_assert_int_eq(sign(few_roots, config, 5, &bundle), expected);
        if (expected == AVPN_OK) {
            avpn_config_del(read_back(&bundle));
        }
        free(bundle.bytes);
        add_roots(few_signers, 1, 1);
        add_signers(few_signers, mask);
        ck_assert_int_eq(sign(few_signers, config, 5, &bundle), expected);
        if (expected == AVPN_OK) {
            avpn_config_del(read_back(&bundle));
        }
        free(bundle.bytes);
        avpn_authority_del(few_roots);
        avpn_authority_del(few_signers);
    }
    avpn_config_del(config);
}
END_TEST

START_TEST(seeds_added_in_any_order_give_the_same_bytes)
{
    struct avpn_config *config = config_of(sites, 2);
    struct avpn_authority *forth = declared(3, 2, 2, 1), *back = declared(3, 2, 2, 1);
    struct bundle a, b, again;

    add_roots(forth, 1, 1);
    add_roots(forth, 1, 4);
    add_signers(forth, 2);
    add_roots(back, 1, 4);
    add_signers(back, 2);
    add_roots(back, 1, 1);
    ck_assert_int_eq(sign(forth, config, 5, &a), AVPN_OK);
    ck_assert_int_eq(sign(forth, config, 5, &again), AVPN_OK);
    ck_assert_int_eq(sign(back, config, 5, &b), AVPN_OK);
    ck_assert(a.count == b.count && a.count == again.count);
    ck_assert_mem_eq(a.bytes, b.bytes, a.count);
    ck_assert_mem_eq(a.bytes, again.bytes, a.count);
    free(a.bytes);
    free(b.bytes);
    free(again.bytes);
    avpn_authority_del(forth);
    avpn_authority_del(back);
    avpn_config_del(config);
}
END_TEST

/* ---- declaring ------------------------------------------------------------------------------- */

static const struct {
    uint32_t threshold;
    size_t count;
    bool is_twice, is_zero;
    int32_t expected;
} sets[] = {
    {1, 1, false, false, AVPN_OK},
    {8, 8, false, false, AVPN_OK},
    {2, 3, false, false, AVPN_OK},
    {0, 1, false, false, AVPN_ERROR_ARGUMENT},
    {2, 1, false, false, AVPN_ERROR_ARGUMENT},
    {257, 2, false, false, AVPN_ERROR_ARGUMENT},
    {0, 0, false, false, AVPN_ERROR_ARGUMENT},
    {1, 9, false, false, AVPN_ERROR_ARGUMENT},
    {1, 2, true, false, AVPN_ERROR_ARGUMENT},
    {1, 2, false, true, AVPN_ERROR_ARGUMENT},
};

START_TEST(a_set_has_one_to_eight_different_keys_and_a_threshold_it_can_meet) /* [CFG-3] [CFG-8] */
{
    struct avpn_authority *authority = authority_of(NULL, 0, 0);
    struct avpn_key keys[9], organization;

    publics(keys, 1, 8);
    keys[8] = public_of(60);
    if (sets[_i].is_twice) {
        keys[1] = keys[0];
    }
    if (sets[_i].is_zero) {
        memset(&keys[1], 0, sizeof keys[1]);
    }
    ck_assert_int_eq(
        avpn_authority_set_root_keys(authority, sets[_i].threshold, keys, sets[_i].count),
        sets[_i].expected);
    ck_assert_int_eq(
        avpn_authority_set_signing_keys(authority, sets[_i].threshold, keys, sets[_i].count),
        sets[_i].expected);
    ck_assert_int_eq(avpn_authority_organization(authority, &organization),
                     sets[_i].expected == AVPN_OK ? AVPN_OK : AVPN_ERROR_STATE);
    avpn_authority_del(authority);
}
END_TEST

START_TEST(a_declared_set_takes_its_own_seeds_only_and_each_once)
{
    struct avpn_authority *authority = declared(2, 1, 2, 1);
    const struct avpn_key known = seed_of(1), strange = seed_of(9), signer = seed_of(101),
                          zero = {{0}};
    struct avpn_key key;

    ck_assert_int_eq(avpn_authority_add_root(authority, &strange), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_add_root(authority, &signer), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_add_root(authority, &zero), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_add_root(authority, &known), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_root(authority, &known), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &known), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &signer), AVPN_OK);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &signer), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_public_key(&zero, &key), AVPN_ERROR_ARGUMENT);
    avpn_authority_del(authority);
}
END_TEST

START_TEST(a_set_is_declared_before_its_seeds)
{
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    const struct avpn_key key = public_of(7);

    ck_assert_int_eq(avpn_authority_set_root_keys(authority, 1, &key, 1), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_set_signing_keys(authority, 1, &key, 1), AVPN_ERROR_STATE);
    avpn_authority_del(authority);
}
END_TEST

/* One set of keys is one organization, declared or added; another threshold is another one. [CFG-2] */
START_TEST(the_organization_is_made_of_the_first_root_set)
{
    struct avpn_authority *added = authority_of(NULL, 3, 0), *all = declared(3, 3, 1, 1),
                          *two = declared(3, 2, 1, 1);
    struct avpn_key a, b, c;

    ck_assert_int_eq(avpn_authority_organization(added, &a), AVPN_OK);
    ck_assert_int_eq(avpn_authority_organization(all, &b), AVPN_OK);
    ck_assert_int_eq(avpn_authority_organization(two, &c), AVPN_OK);
    ck_assert_mem_eq(&a, &b, sizeof a);
    ck_assert_mem_ne(&a, &c, sizeof a);
    avpn_authority_del(added);
    avpn_authority_del(all);
    avpn_authority_del(two);
}
END_TEST

/* ---- going on -------------------------------------------------------------------------------- */

/* A published bundle of an organization with 2 of 3 root keys and one signing key. */
static struct bundle published(const struct avpn_config *config, uint64_t version)
{
    struct avpn_authority *authority = declared(3, 2, 1, 1);
    struct bundle bundle;

    add_roots(authority, 1, 3);
    add_signers(authority, 1);
    ck_assert_int_eq(sign(authority, config, version, &bundle), AVPN_OK);
    avpn_authority_del(authority);
    return bundle;
}

static struct avpn_authority *adopting(const struct bundle *bundle)
{
    struct avpn_authority *authority = authority_of(NULL, 0, 0);

    ck_assert_int_eq(avpn_authority_adopt(authority, &bundle->organization, bundle->bytes,
                                          bundle->count), AVPN_OK);
    return authority;
}

START_TEST(while_the_charter_stays_signing_keys_alone_go_on)
{
    struct avpn_config *config = config_of(sites, 1), *more = config_of(sites, 2), *read;
    struct bundle first = published(config, 5), second;
    struct avpn_authority *authority = adopting(&first);

    ck_assert_int_eq(avpn_authority_needs_root(authority, more, 6), 0);
    add_signers(authority, 1);
    ck_assert_int_eq(sign(authority, more, 6, &second), AVPN_OK);
    ck_assert_mem_eq(&second.organization, &first.organization, sizeof second.organization);
    read = read_back(&second);
    ck_assert_uint_eq(avpn_config_member_count(read), 2);
    avpn_config_del(read);
    avpn_config_del(config);
    avpn_config_del(more);
    free(first.bytes);
    free(second.bytes);
    avpn_authority_del(authority);
}
END_TEST

/* What changes the charter. */
static void other_name(struct avpn_config *config) { avpn_config_set_name(config, "other"); }
static void longer_name(struct avpn_config *config) { avpn_config_set_name(config, "example-2"); }
static void other_suites(struct avpn_config *config)
{
    avpn_config_set_suites(config, (const uint8_t[]){2}, 1);
}
static void another_registry(struct avpn_config *config)
{
    const struct avpn_registry_entry registry = registry_of(2);

    avpn_config_add_registry(config, &registry);
}
static void same(struct avpn_config *config) { avpn_config_set_name(config, "example"); }

static const struct {
    void (*change)(struct avpn_config *config);
    uint64_t version;
    int32_t needs_root;
} changes[] = {
    {same, 6, 0},
    {same, UINT64_C(1) << 48 | 1, 1},
    {other_name, 6, 1},
    {longer_name, 6, 1},
    {other_suites, 6, 1},
    {another_registry, 6, 1},
};

START_TEST(a_charter_that_changes_needs_root_keys)
{
    struct avpn_config *config = config_of(sites, 2), *changed = config_of(sites, 2);
    struct bundle first = published(config, 5), second;
    struct avpn_authority *authority = adopting(&first);

    changes[_i].change(changed);
    ck_assert_int_eq(avpn_authority_needs_root(authority, changed, changes[_i].version),
                     changes[_i].needs_root);
    add_signers(authority, 1);
    ck_assert_int_eq(sign(authority, changed, changes[_i].version, &second),
                     changes[_i].needs_root ? AVPN_ERROR_STATE : AVPN_OK);
    free(second.bytes);
    add_roots(authority, 1, 6);
    ck_assert_int_eq(sign(authority, changed, changes[_i].version, &second), AVPN_OK);
    avpn_config_del(read_back(&second));
    avpn_config_del(config);
    avpn_config_del(changed);
    free(first.bytes);
    free(second.bytes);
    avpn_authority_del(authority);
}
END_TEST

START_TEST(another_signing_set_may_take_the_place_of_the_adopted_one)
{
    struct avpn_config *config = config_of(sites, 2);
    struct bundle first = published(config, 5), second;
    struct avpn_authority *authority = adopting(&first);
    const struct avpn_key key = public_of(102), old = seed_of(101);

    ck_assert_int_eq(avpn_authority_set_signing_keys(authority, 1, &key, 1), AVPN_OK);
    ck_assert_int_eq(avpn_authority_needs_root(authority, config, 6), 1);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &old), AVPN_ERROR_ARGUMENT);
    add_signers(authority, 2);
    add_roots(authority, 1, 3);
    ck_assert_int_eq(sign(authority, config, 6, &second), AVPN_OK);
    avpn_config_del(read_back(&second));
    avpn_config_del(config);
    free(first.bytes);
    free(second.bytes);
    avpn_authority_del(authority);
}
END_TEST

START_TEST(only_a_genuine_bundle_of_the_organization_is_adopted_and_only_at_first)
{
    struct avpn_config *config = config_of(sites, 2);
    struct bundle first = published(config, 5);
    struct avpn_authority *authority = authority_of(NULL, 0, 0), *seeded = authority_of(NULL, 1, 0),
                          *set = declared(1, 1, 1, 1);
    const struct avpn_key stranger = {{1}}, key = public_of(7);
    struct avpn_key organization;

    ck_assert_int_eq(avpn_authority_adopt(authority, &stranger, first.bytes, first.count),
                     AVPN_ERROR_AUTH);
    ck_assert_int_eq(
        avpn_authority_adopt(authority, &first.organization, first.bytes, first.count - 1),
        AVPN_ERROR_FORMAT);
    ck_assert_int_eq(avpn_authority_adopt(authority, &first.organization, first.bytes, 40),
                     AVPN_ERROR_FORMAT);
    ck_assert_int_eq(avpn_authority_organization(authority, &organization), AVPN_ERROR_STATE);
    ck_assert_int_eq(
        avpn_authority_adopt(authority, &first.organization, first.bytes, first.count), AVPN_OK);
    ck_assert_int_eq(
        avpn_authority_adopt(authority, &first.organization, first.bytes, first.count),
        AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_set_root_keys(authority, 1, &key, 1), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_adopt(seeded, &first.organization, first.bytes, first.count),
                     AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_adopt(set, &first.organization, first.bytes, first.count),
                     AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_organization(authority, &organization), AVPN_OK);
    ck_assert_mem_eq(&organization, &first.organization, sizeof organization);
    avpn_authority_del(authority);
    avpn_authority_del(seeded);
    avpn_authority_del(set);
    avpn_config_del(config);
    free(first.bytes);
}
END_TEST

/* ---- rotating the root set ------------------------------------------------------------------- */

#define SERIAL(serial_, number_) ((uint64_t)(serial_) << 48 | (number_))

/* Seeds by mask of the set before (1..3, of which 2) and of the new one (11..13, of which 2). */
static const struct {
    uint32_t before, after;
    uint64_t version;
    int32_t expected;
} rotations[] = {
    {3, 3, SERIAL(1, 1), AVPN_OK},
    {6, 5, SERIAL(9, 1), AVPN_OK},
    {7, 7, SERIAL(1, 1), AVPN_OK},
    {1, 7, SERIAL(1, 1), AVPN_ERROR_STATE},
    {7, 1, SERIAL(1, 1), AVPN_ERROR_STATE},
    {0, 7, SERIAL(1, 1), AVPN_ERROR_STATE},
    {7, 0, SERIAL(1, 1), AVPN_ERROR_STATE},
    {7, 7, SERIAL(0, 6), AVPN_ERROR_ARGUMENT},
};

START_TEST(a_new_root_set_needs_both_sets_and_a_higher_serial)
{
    struct avpn_config *config = config_of(sites, 2), *read;
    struct bundle first = published(config, 5), second, third;
    struct avpn_authority *authority = adopting(&first);
    struct avpn_key keys[3];

    publics(keys, 11, 3);
    ck_assert_int_eq(avpn_authority_rotate_root(authority, 2, keys, 3), AVPN_OK);
    ck_assert_int_eq(avpn_authority_rotate_root(authority, 2, keys, 3), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_needs_root(authority, config, 6), 1);
    add_roots(authority, 1, rotations[_i].before);
    add_roots(authority, 11, rotations[_i].after);
    add_signers(authority, 1);
    ck_assert_int_eq(sign(authority, config, rotations[_i].version, &second),
                     rotations[_i].expected);
    avpn_authority_del(authority);
    if (rotations[_i].expected == AVPN_OK) {
        ck_assert_mem_eq(&second.organization, &first.organization, sizeof second.organization);
        read = read_back(&second);
        ck_assert_uint_eq(avpn_config_rotations(read), 1);
        avpn_config_del(read);
        /* From now on the new set signs, and the one before no longer. */
        authority = adopting(&second);
        const struct avpn_key old = seed_of(1);

        ck_assert_int_eq(avpn_authority_add_root(authority, &old), AVPN_ERROR_ARGUMENT);
        add_roots(authority, 11, 3);
        add_signers(authority, 1);
        ck_assert_int_eq(sign(authority, config, SERIAL(12, 1), &third), AVPN_OK);
        read = read_back(&third);
        ck_assert_uint_eq(avpn_config_rotations(read), 1);
        avpn_config_del(read);
        free(third.bytes);
        avpn_authority_del(authority);
    }
    avpn_config_del(config);
    free(first.bytes);
    free(second.bytes);
}
END_TEST

START_TEST(only_what_was_adopted_is_rotated_and_to_a_set_that_can_sign)
{
    struct avpn_config *config = config_of(sites, 2);
    struct bundle first = published(config, 5);
    struct avpn_authority *fresh = declared(1, 1, 1, 1), *authority = adopting(&first);
    const struct avpn_key key = public_of(11), zero = {{0}};

    ck_assert_int_eq(avpn_authority_rotate_root(fresh, 1, &key, 1), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_rotate_root(authority, 2, &key, 1), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_rotate_root(authority, 1, &zero, 1), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_rotate_root(authority, 1, &key, 1), AVPN_OK);
    avpn_authority_del(fresh);
    avpn_authority_del(authority);
    avpn_config_del(config);
    free(first.bytes);
}
END_TEST

/* Root set 0 is key 1, then one key after the other: the bundle after so many rotations. */
static struct bundle rotated(const struct avpn_config *config, uint32_t count)
{
    struct bundle bundle = bundle_of(config, 1, 1);

    for (uint32_t i = 1; i <= count; i++) {
        struct avpn_authority *authority = adopting(&bundle);
        const struct avpn_key key = public_of((uint8_t)(i + 1));

        free(bundle.bytes);
        ck_assert_int_eq(avpn_authority_rotate_root(authority, 1, &key, 1), AVPN_OK);
        add_roots(authority, (uint8_t)i, 3);
        add_signers(authority, 1);
        ck_assert_int_eq(sign(authority, config, SERIAL(i, 1), &bundle), AVPN_OK);
        avpn_authority_del(authority);
    }
    return bundle;
}

START_TEST(sixteen_times_the_root_set_is_rotated_and_not_once_more) /* [CFG-8] */
{
    struct avpn_config *config = config_of(sites, 2), *read;
    struct bundle bundle = rotated(config, AVPN_ROTATIONS);
    struct avpn_authority *authority = adopting(&bundle);
    const struct avpn_key key = public_of(99);

    read = read_back(&bundle);
    ck_assert_uint_eq(avpn_config_rotations(read), AVPN_ROTATIONS);
    ck_assert_int_eq(avpn_authority_rotate_root(authority, 1, &key, 1), AVPN_ERROR_LIMIT);
    avpn_config_del(read);
    avpn_config_del(config);
    avpn_authority_del(authority);
    free(bundle.bytes);
}
END_TEST

/* ---- what follows what [CFG-5] --------------------------------------------------------------- */

static struct avpn_config *signed_config(const struct avpn_config *config, uint64_t version,
                                         uint8_t roots)
{
    struct avpn_authority *authority = authority_of(NULL, roots, 1);
    struct bundle bundle;

    ck_assert_int_eq(sign(authority, config, version, &bundle), AVPN_OK);
    struct avpn_config *read = read_back(&bundle);

    avpn_authority_del(authority);
    free(bundle.bytes);
    return read;
}

static const struct {
    uint64_t held, next;
    int32_t expected;
} steps[] = {
    {SERIAL(0, 5), SERIAL(0, 6), AVPN_OK},
    {SERIAL(0, 5), SERIAL(0, 5), AVPN_ERROR_VERSION},
    {SERIAL(0, 5), SERIAL(0, 4), AVPN_ERROR_VERSION},
    {SERIAL(0, 5), SERIAL(0, 5 + (UINT64_C(1) << 32)), AVPN_OK},
    {SERIAL(0, 5), SERIAL(0, 6 + (UINT64_C(1) << 32)), AVPN_ERROR_VERSION},
    {SERIAL(0, 5), SERIAL(1, 1), AVPN_OK},
    {SERIAL(0, 5), SERIAL(1, (UINT64_C(1) << 48) - 1), AVPN_OK},
    {SERIAL(0, (UINT64_C(1) << 48) - 1), SERIAL(1, 1), AVPN_OK}, /* no version locks out for good */
    {SERIAL(0, 5), SERIAL(16, 1), AVPN_OK},
    {SERIAL(0, 5), SERIAL(17, 1), AVPN_ERROR_VERSION},
    {SERIAL(2, 5), SERIAL(1, 9), AVPN_ERROR_VERSION},
    {SERIAL(2, 5), SERIAL(18, 9), AVPN_OK},
    {SERIAL(2, 5), SERIAL(19, 9), AVPN_ERROR_VERSION},
    {SERIAL(65535, 5), SERIAL(65535, 6), AVPN_OK},
};

START_TEST(a_version_is_higher_by_one_step_at_most)
{
    struct avpn_config *config = config_of(sites, 2);
    struct avpn_config *held = signed_config(config, steps[_i].held, 1);
    struct avpn_config *next = signed_config(config, steps[_i].next, 1);

    ck_assert_int_eq(avpn_config_succeeds(held, next), steps[_i].expected);
    avpn_config_del(config);
    avpn_config_del(held);
    avpn_config_del(next);
}
END_TEST

START_TEST(root_sets_continue_those_held)
{
    struct avpn_config *config = config_of(sites, 2), *configs[3], *made = config_of(sites, 2);

    for (uint32_t i = 0; i < 3; i++) {
        struct bundle bundle = rotated(config, i);

        configs[i] = read_back(&bundle);
        free(bundle.bytes);
    }
    ck_assert_int_eq(avpn_config_succeeds(configs[0], configs[1]), AVPN_OK);
    ck_assert_int_eq(avpn_config_succeeds(configs[0], configs[2]), AVPN_OK);
    ck_assert_int_eq(avpn_config_succeeds(configs[1], configs[2]), AVPN_OK);
    ck_assert_int_eq(avpn_config_succeeds(configs[2], configs[1]), AVPN_ERROR_AUTH);
    ck_assert_int_eq(avpn_config_succeeds(configs[0], made), AVPN_ERROR_AUTH);
    ck_assert_int_eq(avpn_config_succeeds(made, configs[0]), AVPN_ERROR_AUTH);
    avpn_config_del(config);
    avpn_config_del(made);
    for (uint32_t i = 0; i < 3; i++) {
        avpn_config_del(configs[i]);
    }
}
END_TEST

/* The first set alone can be made to rotate twice, each time from the same bundle: a fork. */
START_TEST(root_sets_of_a_fork_do_not_continue_each_other)
{
    struct avpn_config *config = config_of(sites, 2), *forks[2], *old;
    struct bundle first = bundle_of(config, 1, 1);

    for (uint8_t i = 0; i < 2; i++) {
        struct avpn_authority *authority = adopting(&first);
        const struct avpn_key key = public_of((uint8_t)(2 + i));
        struct bundle bundle;

        ck_assert_int_eq(avpn_authority_rotate_root(authority, 1, &key, 1), AVPN_OK);
        add_roots(authority, 1, 1);
        add_roots(authority, (uint8_t)(2 + i), 1);
        add_signers(authority, 1);
        ck_assert_int_eq(sign(authority, config, SERIAL(1 + i, 1), &bundle), AVPN_OK);
        forks[i] = read_back(&bundle);
        free(bundle.bytes);
        avpn_authority_del(authority);
    }
    old = signed_config(config, SERIAL(9, 1), 1); /* by the set that was rotated out */
    ck_assert_int_eq(avpn_config_succeeds(forks[0], forks[1]), AVPN_ERROR_AUTH);
    ck_assert_int_eq(avpn_config_succeeds(forks[0], old), AVPN_ERROR_AUTH);
    avpn_config_del(old);
    avpn_config_del(config);
    avpn_config_del(forks[0]);
    avpn_config_del(forks[1]);
    free(first.bytes);
}
END_TEST

START_TEST(another_organization_does_not_follow)
{
    struct avpn_config *config = config_of(sites, 2);
    struct avpn_config *held = signed_config(config, 5, 1), *next = signed_config(config, 6, 2);

    ck_assert_int_eq(avpn_config_succeeds(held, next), AVPN_ERROR_AUTH);
    avpn_config_del(config);
    avpn_config_del(held);
    avpn_config_del(next);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

START_TEST(memory_may_run_out_anywhere_without_a_leak)
{
    struct avpn_config *config = config_of(sites, 2);
    struct bundle first = published(config, 5), second;
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    int32_t result = AVPN_ERROR_MEMORY;

    for (int64_t fail_at = 1; result != AVPN_OK; fail_at++) {
        struct avpn_authority *authority;

        counting = (struct counting){.fail_at = fail_at};
        result = avpn_authority_new(&host, &authority);
        if (result == AVPN_OK) {
            result = avpn_authority_adopt(authority, &first.organization, first.bytes, first.count);
        } else {
            authority = NULL;
        }
        if (result == AVPN_OK) {
            add_signers(authority, 1);
            result = avpn_authority_needs_root(authority, config, 6);
        }
        if (result == AVPN_OK) {
            result = sign(authority, config, 6, &second);
            free(result == AVPN_OK ? second.bytes : NULL);
        }
        ck_assert(result == AVPN_OK || result == AVPN_ERROR_MEMORY);
        avpn_authority_del(authority);
        ck_assert_int_eq(counting.blocks, 0);
    }
    avpn_config_del(config);
    free(first.bytes);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(any_keys_up_to_the_threshold_sign_and_fewer_do_not, 3),
    HARNESS_CASE(seeds_added_in_any_order_give_the_same_bytes),
    HARNESS_LOOP(a_set_has_one_to_eight_different_keys_and_a_threshold_it_can_meet,
                 HARNESS_COUNT(sets)),
    HARNESS_CASE(a_declared_set_takes_its_own_seeds_only_and_each_once),
    HARNESS_CASE(a_set_is_declared_before_its_seeds),
    HARNESS_CASE(the_organization_is_made_of_the_first_root_set),
    HARNESS_CASE(while_the_charter_stays_signing_keys_alone_go_on),
    HARNESS_LOOP(a_charter_that_changes_needs_root_keys, HARNESS_COUNT(changes)),
    HARNESS_CASE(another_signing_set_may_take_the_place_of_the_adopted_one),
    HARNESS_CASE(only_a_genuine_bundle_of_the_organization_is_adopted_and_only_at_first),
    HARNESS_LOOP(a_new_root_set_needs_both_sets_and_a_higher_serial, HARNESS_COUNT(rotations)),
    HARNESS_CASE(only_what_was_adopted_is_rotated_and_to_a_set_that_can_sign),
    HARNESS_CASE(sixteen_times_the_root_set_is_rotated_and_not_once_more),
    HARNESS_LOOP(a_version_is_higher_by_one_step_at_most, HARNESS_COUNT(steps)),
    HARNESS_CASE(root_sets_continue_those_held),
    HARNESS_CASE(root_sets_of_a_fork_do_not_continue_each_other),
    HARNESS_CASE(another_organization_does_not_follow),
    HARNESS_CASE(memory_may_run_out_anywhere_without_a_leak),
};
HARNESS_MAIN("authority/keys", cases)
