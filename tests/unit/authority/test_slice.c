/* SPDX-License-Identifier: ISC */
/*
 * Slices: to its member a slice says what the bundle says, and of others no more than it needs;
 * damaged ones are refused or say nothing else. [CFG-4] [CFG-7] [CFG-10] [CFG-13]
 */
#include "publish.h"
#include "route/counting.h"
#include "topo/document.h"
#include "topo/merkle.h"
#include "topo/plan.h"

static const struct avpni_plan_seams all_offered;

enum { MEMBERS = 24, SLICE_BYTES = 1 << 18 };

static const struct site sites[] = {{1, 'H', "", "10.1.0.0/16"},
                                    {2, 'S', "1*", "10.2.0.0/16"},
                                    {3, 's', "1", ""},
                                    {4, 'S', "1", "10.4.0.0/16"}};

/* A bundle, what was read from it, and the slice of one member with what was read from that. */
struct cut {
    struct bundle bundle;
    struct avpn_config *whole, *part;
    uint8_t *slice;
    size_t count;
    uint32_t self;
};

static struct cut cut_for(struct avpn_config *made, uint32_t self)
{
    struct cut cut = {.bundle = bundle_of(made, 1, 1), .slice = malloc(SLICE_BYTES), .self = self};

    ck_assert_int_eq(avpn_config_read(cut.bundle.bytes, cut.bundle.count, &cut.bundle.organization,
                                      0, NULL, &cut.whole), AVPN_OK);
    ck_assert_int_eq(avpn_bundle_slice(cut.bundle.bytes, cut.bundle.count, cut.whole, self,
                                       cut.slice, SLICE_BYTES, &cut.count), AVPN_OK);
    ck_assert_int_eq(avpn_config_read(cut.slice, cut.count, &cut.bundle.organization, 0, NULL,
                                      &cut.part), AVPN_OK);
    avpn_config_del(made);
    return cut;
}

static void discard(struct cut *cut)
{
    avpn_config_del(cut->whole);
    avpn_config_del(cut->part);
    free(cut->bundle.bytes);
    free(cut->slice);
}

/* ---- the same to its member ------------------------------------------------------------------ */

static void check_fields(const struct cut *cut)
{
    struct avpn_registry_entry a = {.size = sizeof a}, b = {.size = sizeof b};
    uint8_t suites_a[4] = {0}, suites_b[4] = {0};

    ck_assert_int_eq(avpn_config_is_whole(cut->whole), 1);
    ck_assert_int_eq(avpn_config_is_whole(cut->part), 0);
    ck_assert_str_eq(avpn_config_name(cut->part), avpn_config_name(cut->whole));
    ck_assert_uint_eq(avpn_config_version(cut->part), avpn_config_version(cut->whole));
    ck_assert_int_eq(avpn_config_created(cut->part), avpn_config_created(cut->whole));
    ck_assert_int_eq(avpn_config_expires(cut->part), avpn_config_expires(cut->whole));
    ck_assert_uint_eq(avpn_config_psk_epoch(cut->part), avpn_config_psk_epoch(cut->whole));
    ck_assert_int_eq(avpn_config_registry(cut->whole, 0, &a), AVPN_OK);
    ck_assert_int_eq(avpn_config_registry(cut->part, 0, &b), AVPN_OK);
    ck_assert_mem_eq(&a, &b, sizeof a);
    ck_assert_uint_eq(avpn_config_suites(cut->whole, suites_a, 4),
                      avpn_config_suites(cut->part, suites_b, 4));
    ck_assert_mem_eq(suites_a, suites_b, sizeof suites_a);
}

/* [CFG-13]: every slice has all of it, as the administrator gave it. */
static void check_policy(const struct avpn_config *made, const struct avpn_config *read)
{
    struct avpn_rule a = {.size = sizeof a}, b = {.size = sizeof b};
    struct avpn_breakout c = {.size = sizeof c}, d = {.size = sizeof d};

    ck_assert_uint_eq(avpn_config_flags(read), avpn_config_flags(made));
    ck_assert_uint_eq(avpn_config_rule_count(read), avpn_config_rule_count(made));
    ck_assert_uint_eq(avpn_config_breakout_count(read), avpn_config_breakout_count(made));
    for (uint32_t i = 0; avpn_config_rule(made, i, &a) == AVPN_OK; i++) {
        ck_assert_int_eq(avpn_config_rule(read, i, &b), AVPN_OK);
        ck_assert_mem_eq(&a, &b, sizeof a);
    }
    for (uint32_t i = 0; avpn_config_breakout(made, i, &c) == AVPN_OK; i++) {
        ck_assert_int_eq(avpn_config_breakout(read, i, &d), AVPN_OK);
        ck_assert_mem_eq(&c, &d, sizeof c);
    }
    ck_assert_int_eq(avpn_config_rule(read, avpn_config_rule_count(read), &b), AVPN_ERROR_EMPTY);
    ck_assert_int_eq(avpn_config_breakout(read, avpn_config_breakout_count(read), &d),
                     AVPN_ERROR_EMPTY);
}

/* [PRB-14]: by the leaf, so that it is the same to whoever has it. */
static void check_site_checks(const struct cut *cut)
{
    struct avpni_document document;
    struct avpni_member_view a, b;

    ck_assert(avpni_document_read(cut->slice, cut->count, &document));
    struct avpni_reader members = avpni_reader(document.members, document.members_bytes);

    for (uint32_t i = 0; avpni_config_view(cut->whole, i, &a); i++) {
        struct avpni_leaves leaves;
        uint8_t hash[32];

        ck_assert(avpni_config_view(cut->part, i, &b));
        avpni_leaves_read(&members, &leaves);
        avpni_merkle_leaf(leaves.site, leaves.site_bytes, hash);
        ck_assert_uint_eq(a.site_check, (uint32_t)hash[0] << 24 | (uint32_t)hash[1] << 16 |
                                            (uint32_t)hash[2] << 8 | hash[3]);
        ck_assert_uint_eq(b.site_check, a.site_check);
    }
}

/* Everything of itself and its peers, and of all others what routes need. */
static void check_members(const struct cut *cut)
{
    const struct avpn_key zero = {{0}};
    struct avpn_member a = {.size = sizeof a}, b = {.size = sizeof b};

    /* Those not known are not found by the key and name that they do not have. */
    ck_assert_int_eq(avpn_config_member_by_key(cut->part, &zero, &b), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_config_member_by_name(cut->part, "", &b), AVPN_ERROR_NOT_FOUND);
    ck_assert_uint_eq(avpn_config_member_count(cut->part), avpn_config_member_count(cut->whole));
    for (uint32_t i = 0; avpn_config_member_at(cut->whole, i, &a) == AVPN_OK; i++) {
        bool is_known = a.id == cut->self || avpn_config_is_peer(cut->whole, cut->self, a.id);

        ck_assert_int_eq(avpn_config_member_at(cut->part, i, &b), AVPN_OK);
        ck_assert_uint_eq(b.is_known, is_known);
        ck_assert_int_eq(avpn_config_member_by_key(cut->part, &a.key, &b),
                         is_known ? AVPN_OK : AVPN_ERROR_NOT_FOUND);
        ck_assert_int_eq(avpn_config_member_by_name(cut->part, a.name, &b),
                         is_known ? AVPN_OK : AVPN_ERROR_NOT_FOUND);
        if (!is_known) {
            memset(&a.key, 0, sizeof a.key);
            memset(a.name, 0, sizeof a.name);
            memset(a.manual, 0, sizeof a.manual);
            memset(a.translations, 0, sizeof a.translations);
            a.uplink_count = a.translation_count = a.is_known = 0;
        }
        ck_assert_int_eq(avpn_config_member(cut->part, a.id, &b), AVPN_OK);
        ck_assert_mem_eq(&a, &b, sizeof a);
    }
}

static void check_peers(const struct cut *cut)
{
    uint32_t a[MEMBERS] = {0}, b[MEMBERS] = {0};

    ck_assert_uint_eq(avpn_config_peers(cut->whole, cut->self, a, MEMBERS),
                      avpn_config_peers(cut->part, cut->self, b, MEMBERS));
    ck_assert_mem_eq(a, b, sizeof a);
}

static void check_routes(const struct cut *cut)
{
    struct avpn_routes *a, *b;
    struct avpn_route route_a = {.size = sizeof route_a}, route_b = {.size = sizeof route_b};

    ck_assert_int_eq(avpn_routes_new(NULL, &a), AVPN_OK);
    ck_assert_int_eq(avpn_routes_new(NULL, &b), AVPN_OK);
    ck_assert_int_eq(avpni_plan_routes(cut->whole, cut->self, &all_offered, a), AVPN_OK);
    ck_assert_int_eq(avpni_plan_routes(cut->part, cut->self, &all_offered, b), AVPN_OK);
    ck_assert_uint_eq(avpn_routes_count(a), avpn_routes_count(b));
    for (uint32_t i = 0; avpn_routes_at(a, i, &route_a) == AVPN_OK; i++) {
        ck_assert_int_eq(avpn_routes_at(b, i, &route_b), AVPN_OK);
        ck_assert_mem_eq(&route_a, &route_b, sizeof route_a);
    }
    avpn_routes_del(a);
    avpn_routes_del(b);
}

static void check_keys(const struct cut *cut)
{
    const struct avpn_key_pair self = pair_of(cut->self), stranger = pair_of(999);
    struct avpn_key a[2] = {{{1}}}, b[2] = {{{1}}};

    ck_assert_int_eq(avpn_config_psk(cut->part, cut->self, &self, &b[0], &b[1]),
                     avpn_config_psk(cut->whole, cut->self, &self, &a[0], &a[1]));
    ck_assert_mem_eq(a, b, sizeof a);
    ck_assert_int_ne(avpn_config_psk(cut->part, cut->self, &stranger, &b[0], NULL), AVPN_OK);
}

START_TEST(to_its_member_a_slice_says_what_the_bundle_says)
{
    for (uint32_t self = 1; self <= MEMBERS; self++) {
        struct avpn_config *made = random_config(5000 + (uint64_t)_i, MEMBERS, true);
        struct avpn_config *again = random_config(5000 + (uint64_t)_i, MEMBERS, true);

        ck_assert_int_eq(avpn_config_set_flags(made, (uint32_t)_i % 2), AVPN_OK);
        ck_assert_int_eq(avpn_config_set_flags(again, (uint32_t)_i % 2), AVPN_OK);
        struct cut cut = cut_for(made, self);

        check_policy(again, cut.whole);
        check_policy(again, cut.part);
        check_site_checks(&cut);
        avpn_config_del(again);
        ck_assert_int_eq(avpn_config_is_complete(cut.part, self), AVPN_OK);
        ck_assert_int_eq(avpn_config_is_complete(cut.whole, self), AVPN_OK);
        check_fields(&cut);
        check_members(&cut);
        check_peers(&cut);
        check_routes(&cut);
        check_keys(&cut);
        discard(&cut);
    }
}
END_TEST

/* ---- what it leaves out ---------------------------------------------------------------------- */

/* The slice again, without the identity of one member or without the sealed keys (member 0). */
static struct avpn_config *read_without(const struct cut *cut, uint32_t member)
{
    static uint8_t bytes[SLICE_BYTES];
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    struct avpni_document document;
    struct avpn_config *config;

    ck_assert(avpni_document_read(cut->slice, cut->count, &document));
    struct avpni_reader members = avpni_reader(document.members, document.members_bytes);

    avpni_document_write_start(&w, AVPNI_DOCUMENT_SLICE, &document);
    avpni_write_u32(&w, document.member_count);
    for (uint32_t i = 0; i < document.member_count; i++) {
        struct avpni_leaves leaves;

        avpni_leaves_read(&members, &leaves);
        if (avpni_leaf_id(leaves.site, leaves.site_bytes) == member) {
            leaves.identity_bytes = 0;
        }
        avpni_leaves_write(&w, &leaves);
    }
    avpni_write_bytes(&w, document.keys, document.keys_bytes);
    if (member == 0) {
        memset(bytes + w.position - AVPNI_SEALED_PSK_BYTES, 0, AVPNI_SEALED_PSK_BYTES);
    }
    ck_assert_int_eq(avpn_config_read(bytes, w.position, &cut->bundle.organization, 0, NULL,
                                      &config), AVPN_OK);
    return config;
}

static const struct {
    uint32_t self, without;
    int32_t expected;
} lacks[] = {
    {1, 99, AVPN_OK},
    {1, 1, AVPN_ERROR_NOT_FOUND},
    {1, 2, AVPN_ERROR_NOT_FOUND},
    {1, 3, AVPN_OK}, /* revoked: no peer */
    {1, 4, AVPN_ERROR_NOT_FOUND},
    {1, 0, AVPN_ERROR_NOT_FOUND},
    {2, 1, AVPN_ERROR_NOT_FOUND},
    {2, 2, AVPN_ERROR_NOT_FOUND},
    {2, 4, AVPN_OK},
    {2, 0, AVPN_ERROR_NOT_FOUND},
    {3, 1, AVPN_OK},
    {3, 3, AVPN_ERROR_NOT_FOUND},
    {3, 0, AVPN_OK},
};

START_TEST(a_slice_without_something_needed_is_incomplete) /* [CFG-10] */
{
    struct cut cut = cut_for(config_of(sites, 4), lacks[_i].self);
    struct avpn_config *config = read_without(&cut, lacks[_i].without);

    ck_assert_int_eq(avpn_config_is_complete(config, lacks[_i].self), lacks[_i].expected);
    ck_assert_int_eq(avpn_config_is_complete(config, 77), AVPN_ERROR_NOT_FOUND);
    avpn_config_del(config);
    discard(&cut);
}
END_TEST

START_TEST(a_slice_of_another_member_is_incomplete)
{
    struct cut cut = cut_for(config_of(sites, 4), 2);

    ck_assert_int_eq(avpn_config_is_complete(cut.part, 1), AVPN_ERROR_NOT_FOUND); /* a peer */
    ck_assert_int_eq(avpn_config_is_complete(cut.part, 4), AVPN_ERROR_NOT_FOUND);
    discard(&cut);
}
END_TEST

START_TEST(a_configuration_being_made_is_complete_for_nobody)
{
    struct avpn_config *made = config_of(sites, 4);

    ck_assert_int_eq(avpn_config_is_complete(made, 1), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_config_is_whole(made), 0);
    avpn_config_del(made);
}
END_TEST

/* ---- policy and translations ----------------------------------------------------------------- */

/* Of hub 1 and its spokes 2 and 4, each with a translation; 5 is a hub that only the flag sets apart. */
static const struct site translated[] = {{1, 'H', "", "10.1.0.0/16"},
                                         {2, 'S', "1*", "10.2.0.0/16"},
                                         {4, 'S', "1", "10.4.0.0/16"},
                                         {5, 'H', "", "10.5.0.0/16"}};

static const struct {
    uint32_t flags, self;
    const char *told; /* whose identity, and so whose translations, the slice tells */
} audiences[] = {
    {0, 1, "1 2 4 5 "}, {0, 2, "1 2 "}, {0, 4, "1 4 "}, {0, 5, "1 5 "},
    {1, 1, "1 2 4 "},   {1, 2, "1 2 "}, {1, 4, "1 4 "}, {1, 5, "5 "},
};

START_TEST(translations_are_told_to_the_member_and_its_peers_only) /* [CFG-10] [CFG-14] [TOP-2] */
{
    struct avpn_config *made = empty_config(NULL);
    struct avpni_member_view view;
    char told[64] = "";

    ck_assert_int_eq(avpn_config_set_flags(made, audiences[_i].flags), AVPN_OK);
    for (size_t i = 0; i < HARNESS_COUNT(translated); i++) {
        struct avpn_member member = member_of(&translated[i]);

        member.translation_count = 1;
        member.translations[0].exported = member.translations[0].local = member.exports[0];
        member.translations[0].local.bytes[0] = 172;
        ck_assert_int_eq(avpn_config_add_member(made, &member), AVPN_OK);
    }
    struct cut cut = cut_for(made, audiences[_i].self);

    ck_assert_int_eq(avpn_config_is_complete(cut.part, cut.self), AVPN_OK);
    for (uint32_t i = 0; avpni_config_view(cut.part, i, &view); i++) {
        const uint8_t local[] = {172, (uint8_t)view.id, 0, 0};
        bool is_there = false;

        /* Not only does the reader not get it: the bytes are not there. */
        for (size_t at = 0; at + 2 <= cut.count; at++) {
            is_there = is_there || memcmp(cut.slice + at, local, 2) == 0;
        }
        ck_assert_int_eq(is_there, view.translation_count == 1);
        if (view.translation_count == 1) {
            ck_assert_mem_eq(view.translations[0].local.bytes, local, sizeof local);
            snprintf(told + strlen(told), sizeof told - strlen(told), "%u ", view.id);
        }
    }
    ck_assert_str_eq(told, audiences[_i].told);
    discard(&cut);
}
END_TEST

/* The largest there may be, told whole to everybody. [CFG-8] */
START_TEST(a_policy_and_translations_at_the_limit_reach_a_slice)
{
    struct avpn_config *made = empty_config(NULL), *again = empty_config(NULL), *both[2];
    struct avpn_rule rule = {.size = sizeof rule,
                             .action = 2,
                             .protocol = 6,
                             .source = prefix_of_text("2001:db8::1/128"),
                             .destination = prefix_of_text("2001:db8::2/128")};
    struct avpn_breakout breakout = {.size = sizeof breakout,
                                     .destination = prefix_of_text("2001:db8::3/128")};
    struct avpn_member member = member_of(&sites[0]);
    struct avpni_member_view view;

    both[0] = made;
    both[1] = again;
    memset(rule.name, 'r', sizeof rule.name - 1);
    member.translation_count = AVPN_TRANSLATIONS;
    member.exports[0] = prefix_of_text("fd00::/16");
    for (uint8_t i = 0; i < AVPN_TRANSLATIONS; i++) {
        member.translations[i].exported = member.translations[i].local =
            prefix_of_text("fd00::1/128");
        member.translations[i].exported.bytes[5] = i;
        member.translations[i].local.bytes[1] = i;
    }
    for (int k = 0; k < 2; k++) {
        for (uint32_t i = 0; i < AVPN_RULES; i++) {
            rule.destination_last = (uint16_t)i;
            ck_assert_int_eq(avpn_config_add_rule(both[k], &rule), AVPN_OK);
        }
        for (uint32_t i = 0; i < AVPN_BREAKOUTS; i++) {
            ck_assert_int_eq(avpn_config_add_breakout(both[k], &breakout), AVPN_OK);
        }
        ck_assert_int_eq(avpn_config_add_member(both[k], &member), AVPN_OK);
    }
    struct cut cut = cut_for(made, 1);

    check_policy(again, cut.whole);
    check_policy(again, cut.part);
    ck_assert(avpni_config_view(cut.part, 0, &view));
    ck_assert_uint_eq(view.translation_count, AVPN_TRANSLATIONS);
    avpn_config_del(again);
    discard(&cut);
}
END_TEST

/* ---- keys ------------------------------------------------------------------------------------ */

/*
 * A registry may give member 1 the keys of another epoch, sealed to it as genuine ones are (here by
 * the authority itself): they do not fit the commitment. [CFG-7]
 */
START_TEST(keys_that_do_not_fit_the_commitment_are_refused)
{
    struct cut cut = cut_for(config_of(sites, 4), 1);
    struct avpn_config *config = config_of(sites, 4), *read;
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    struct avpn_publication publication = publication_of(6);
    const struct avpn_key_pair self = pair_of(1);
    static uint8_t other[SLICE_BYTES];
    struct avpni_document document;
    struct avpn_key psk = {{1}};
    size_t count;

    publication.psk.bytes[9] = _i == 0;
    publication.previous_psk.bytes[9] = _i == 1;
    publication.psk_epoch += _i == 2;
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, other, sizeof other,
                                         &count), AVPN_OK);
    ck_assert(avpni_document_read(other, count, &document));
    memcpy(cut.slice + cut.count - AVPNI_SEALED_PSK_BYTES, avpni_document_sealed(&document, 0),
           AVPNI_SEALED_PSK_BYTES);
    ck_assert_int_eq(avpn_config_read(cut.slice, cut.count, &cut.bundle.organization, 0, NULL,
                                      &read), AVPN_OK);
    ck_assert_int_eq(avpn_config_psk(read, 1, &self, &psk, NULL),
                     _i == 2 ? AVPN_OK : AVPN_ERROR_AUTH); /* sealing the same keys is no lie */
    ck_assert_uint_eq(psk.bytes[0], _i == 2 ? 0x42 : 1);
    avpn_config_del(read);
    avpn_config_del(config);
    avpn_authority_del(authority);
    discard(&cut);
}
END_TEST

/* ---- damage ---------------------------------------------------------------------------------- */

START_TEST(every_flipped_bit_of_a_slice_is_refused_or_in_the_sealed_keys)
{
    struct cut cut = cut_for(config_of(sites, 4), 1 + (uint32_t)_i);
    const struct avpn_key_pair self = pair_of(cut.self);
    size_t sealed_at = 8 * (cut.count - AVPNI_SEALED_PSK_BYTES);
    struct avpn_config *read;
    struct avpn_key psk;

    for (size_t bit = 0; bit < 8 * cut.count; bit++) {
        cut.slice[bit / 8] ^= (uint8_t)(1 << bit % 8);
        int32_t result = avpn_config_read(cut.slice, cut.count, &cut.bundle.organization, 0, NULL,
                                          &read);

        if (bit < sealed_at) {
            ck_assert(result == AVPN_ERROR_FORMAT || result == AVPN_ERROR_AUTH);
        } else {
            ck_assert_int_eq(result, AVPN_OK);
            ck_assert_int_ne(avpn_config_psk(read, cut.self, &self, &psk, NULL), AVPN_OK);
            avpn_config_del(read);
        }
        cut.slice[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    discard(&cut);
}
END_TEST

START_TEST(a_slice_cut_short_or_with_more_behind_is_refused)
{
    struct cut cut = cut_for(config_of(sites, 4), 2);
    struct avpn_config *read = NULL;

    for (size_t count = 0; count < cut.count + 200; count++) {
        uint8_t *other = calloc(count + 1, 1);

        memcpy(other, cut.slice, count < cut.count ? count : cut.count);
        if (count != cut.count) {
            ck_assert_int_eq(
                avpn_config_read(other, count, &cut.bundle.organization, 0, NULL, &read),
                AVPN_ERROR_FORMAT);
        }
        free(other);
    }
    discard(&cut);
}
END_TEST

START_TEST(memory_may_run_out_anywhere_without_a_leak)
{
    struct cut cut = cut_for(config_of(sites, 4), 1);
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    struct avpn_config *read = NULL;
    int32_t result = AVPN_ERROR_MEMORY;

    for (int64_t fail_at = 1; result != AVPN_OK; fail_at++) {
        counting = (struct counting){.fail_at = fail_at};
        result = avpn_config_read(cut.slice, cut.count, &cut.bundle.organization, 0, &host, &read);
        ck_assert(result == AVPN_OK || result == AVPN_ERROR_MEMORY);
        ck_assert(result == AVPN_OK || counting.blocks == 0);
    }
    avpn_config_del(read);
    ck_assert_int_eq(counting.blocks, 0);
    discard(&cut);
}
END_TEST

/* ---- cutting --------------------------------------------------------------------------------- */

START_TEST(a_slice_is_cut_only_from_the_bundle_of_the_configuration)
{
    struct cut cut = cut_for(config_of(sites, 4), 2), smaller = cut_for(config_of(sites, 3), 2);
    struct avpn_config *made = config_of(sites, 4);
    uint8_t *out = malloc(cut.count);
    size_t needed = 0;

    ck_assert_int_eq(avpn_bundle_slice(cut.bundle.bytes, cut.bundle.count, cut.whole, 77, out,
                                       cut.count, &needed), AVPN_ERROR_NOT_FOUND);
    ck_assert_int_eq(avpn_bundle_slice(cut.bundle.bytes, cut.bundle.count, cut.whole, 2, NULL, 0,
                                       &needed), AVPN_ERROR_SPACE);
    ck_assert_uint_eq(needed, cut.count);
    ck_assert_int_eq(avpn_bundle_slice(cut.bundle.bytes, cut.bundle.count, cut.whole, 2, out,
                                       cut.count - 1, &needed), AVPN_ERROR_SPACE);
    ck_assert_int_eq(avpn_bundle_slice(cut.bundle.bytes, cut.bundle.count, cut.whole, 2, out,
                                       cut.count, &needed), AVPN_OK);
    ck_assert_mem_eq(out, cut.slice, cut.count);
    ck_assert_int_eq(avpn_bundle_slice(cut.bundle.bytes, cut.bundle.count, made, 2, out, cut.count,
                                       &needed), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_bundle_slice(cut.slice, cut.count, cut.part, 2, out, cut.count, &needed),
                     AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_bundle_slice(cut.slice, cut.count, cut.whole, 2, out, cut.count,
                                       &needed), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_bundle_slice(smaller.bundle.bytes, smaller.bundle.count, cut.whole, 2,
                                       out, cut.count, &needed), AVPN_ERROR_STATE);
    free(out);
    avpn_config_del(made);
    discard(&cut);
    discard(&smaller);
}
END_TEST

START_TEST(what_a_document_claims_can_be_read_from_its_beginning)
{
    struct cut cut = cut_for(config_of(sites, 4), 2);
    const uint8_t *documents[] = {cut.bundle.bytes, cut.slice};
    const size_t counts[] = {cut.bundle.count, cut.count};
    struct avpn_key organization;
    uint64_t version;

    for (int i = 0; i < 2; i++) {
        version = 0;
        memset(&organization, 0, sizeof organization);
        ck_assert_int_eq(avpn_bundle_version(documents[i], counts[i], &version), AVPN_OK);
        ck_assert_uint_eq(version, 5);
        ck_assert_int_eq(avpn_bundle_organization(documents[i], counts[i], &organization), AVPN_OK);
        ck_assert_mem_eq(&organization, &cut.bundle.organization, sizeof organization);
        ck_assert_int_eq(avpn_bundle_version(documents[i], counts[i], NULL), AVPN_OK);
        ck_assert_int_eq(avpn_bundle_organization(documents[i], counts[i], NULL), AVPN_OK);
        ck_assert_int_eq(avpn_bundle_version(documents[i], 20, &version), AVPN_ERROR_FORMAT);
        ck_assert_int_eq(avpn_bundle_version(NULL, 0, &version), AVPN_ERROR_FORMAT);
    }
    discard(&cut);
}
END_TEST

/* Members of which there are no leaves, and more than there may be. [CFG-8] */
static const struct {
    uint32_t member_count;
    bool is_good;
} frames[] = {
    {0, true},  {AVPN_MEMBERS, true}, {AVPN_MEMBERS + 1, false}, {UINT32_MAX, false},
    {UINT32_C(1) << 31, false}};

START_TEST(a_frame_has_as_many_members_as_it_says_and_as_there_may_be)
{
    const size_t capacity = 4 * (AVPN_MEMBERS + 1) + 256;
    uint32_t leaves = frames[_i].member_count > AVPN_MEMBERS + 1 ? 0 : frames[_i].member_count;
    uint8_t *bytes = malloc(capacity);
    struct avpni_writer w = avpni_writer(bytes, capacity);
    struct avpni_document document = {.head = NULL};

    avpni_document_write_start(&w, AVPNI_DOCUMENT_SLICE, &document);
    avpni_write_u32(&w, frames[_i].member_count);
    avpni_write_zeros(&w, 4 * (size_t)leaves + 32 + AVPNI_SEALED_PSK_BYTES);
    ck_assert(!w.failed);
    ck_assert_int_eq(avpni_document_read(bytes, w.position, &document), frames[_i].is_good);
    ck_assert(!avpni_document_read(bytes, w.position - 1, &document));
    free(bytes);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(to_its_member_a_slice_says_what_the_bundle_says, 6),
    HARNESS_LOOP(a_slice_without_something_needed_is_incomplete, HARNESS_COUNT(lacks)),
    HARNESS_CASE(a_slice_of_another_member_is_incomplete),
    HARNESS_CASE(a_configuration_being_made_is_complete_for_nobody),
    HARNESS_LOOP(translations_are_told_to_the_member_and_its_peers_only, HARNESS_COUNT(audiences)),
    HARNESS_CASE(a_policy_and_translations_at_the_limit_reach_a_slice),
    HARNESS_LOOP(keys_that_do_not_fit_the_commitment_are_refused, 3),
    HARNESS_LOOP(every_flipped_bit_of_a_slice_is_refused_or_in_the_sealed_keys, 3),
    HARNESS_CASE(a_slice_cut_short_or_with_more_behind_is_refused),
    HARNESS_CASE(memory_may_run_out_anywhere_without_a_leak),
    HARNESS_CASE(a_slice_is_cut_only_from_the_bundle_of_the_configuration),
    HARNESS_CASE(what_a_document_claims_can_be_read_from_its_beginning),
    HARNESS_LOOP(a_frame_has_as_many_members_as_it_says_and_as_there_may_be, HARNESS_COUNT(frames)),
};
HARNESS_MAIN("authority/slice", cases)
