/* SPDX-License-Identifier: ISC */
/* The authority's calls: keys, their order and number, what it signs and what it refuses. */
#include "publish.h"
#include "route/counting.h"
#include "topo/document.h"
#include "topo/record.h"

static const struct site sites[] = {
    {1, 'H', "", "10.1.0.0/16"}, {2, 'S', "1*", "10.2.0.0/16 10.0.0.0/8"}, {3, 's', "1", ""}};

START_TEST(the_organization_is_the_set_of_root_keys_in_any_order) /* [CFG-2] */
{
    struct avpn_authority *forth = authority_of(NULL, 3, 0), *back = authority_of(NULL, 0, 0),
                          *other = authority_of(NULL, 2, 0);
    struct avpn_key a, b, c;

    ck_assert_int_eq(avpn_authority_organization(back, &b), AVPN_ERROR_STATE);
    for (uint8_t i = 3; i >= 1; i--) {
        const struct avpn_key seed = seed_of(i);

        ck_assert_int_eq(avpn_authority_add_root(back, &seed), AVPN_OK);
    }
    ck_assert_int_eq(avpn_authority_organization(forth, &a), AVPN_OK);
    ck_assert_int_eq(avpn_authority_organization(back, &b), AVPN_OK);
    ck_assert_int_eq(avpn_authority_organization(other, &c), AVPN_OK);
    ck_assert_mem_eq(&a, &b, sizeof a);
    ck_assert_mem_ne(&a, &c, sizeof a);
    avpn_authority_del(forth);
    avpn_authority_del(back);
    avpn_authority_del(other);
    avpn_authority_del(NULL);
}
END_TEST

START_TEST(keys_are_different_not_zero_and_at_most_eight) /* [CFG-8] */
{
    struct avpn_authority *authority = authority_of(NULL, 8, 8);
    const struct avpn_key zero = {{0}}, known = seed_of(3), fresh = seed_of(50);

    ck_assert_int_eq(avpn_authority_add_root(authority, &zero), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_add_root(authority, &known), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_add_root(authority, &fresh), AVPN_ERROR_LIMIT);
    ck_assert_int_eq(avpn_authority_add_signer(authority, &fresh), AVPN_ERROR_LIMIT);
    avpn_authority_del(authority);
}
END_TEST

START_TEST(what_was_signed_is_read_again)
{
    struct avpn_config *config = config_of(sites, 3), *read = NULL;
    static const uint8_t counts[][2] = {{1, 1}, {2, 1}, {8, 8}};
    struct bundle bundle = bundle_of(config, counts[_i][0], counts[_i][1]);
    struct avpn_key organization;
    struct avpn_member member = {.size = sizeof member}, expected = {.size = sizeof expected};

    ck_assert_int_eq(avpn_bundle_organization(bundle.bytes, bundle.count, &organization), AVPN_OK);
    ck_assert_mem_eq(&organization, &bundle.organization, sizeof organization);
    ck_assert_int_eq(
        avpn_config_read(bundle.bytes, bundle.count, &organization, 1500, NULL, &read), AVPN_OK);
    ck_assert_int_eq(avpn_config_organization(read, &organization), AVPN_OK);
    ck_assert_mem_eq(&organization, &bundle.organization, sizeof organization);
    ck_assert_str_eq(avpn_config_name(read), "example");
    ck_assert_uint_eq(avpn_config_version(read), 5);
    ck_assert_int_eq(avpn_config_created(read), 1000);
    ck_assert_int_eq(avpn_config_expires(read), 2000);
    ck_assert_uint_eq(avpn_config_psk_epoch(read), 3);
    ck_assert_uint_eq(avpn_config_member_count(read), 3);
    ck_assert_int_eq(avpn_config_member(read, 1, &member), AVPN_OK);
    expected = member_of(&sites[0]);
    ck_assert_mem_eq(&member, &expected, sizeof member);
    ck_assert_int_eq(avpn_config_member(read, 2, &member), AVPN_OK);
    ck_assert(member.exports[0].length == 8 && member.exports[1].length == 16); /* sorted */
    avpn_config_del(config);
    avpn_config_del(read);
    free(bundle.bytes);
}
END_TEST

START_TEST(each_member_opens_the_pre_shared_key_and_a_revoked_one_does_not) /* [CFG-7] */
{
    struct avpn_config *config = config_of(sites, 3), *read = NULL;
    struct bundle bundle = bundle_of(config, 1, 1);
    const struct avpn_publication publication = publication_of(5);
    const struct avpn_key_pair pair = pair_of(sites[_i].id), stranger = pair_of(99);
    struct avpn_key psk = {{1}}, before = psk, previous;

    ck_assert_int_eq(avpn_config_read(bundle.bytes, bundle.count, &bundle.organization, 0, NULL,
                                      &read), AVPN_OK);
    ck_assert_int_eq(avpn_config_psk(read, sites[_i].id, &stranger, &psk, NULL),
                     _i == 2 ? AVPN_ERROR_NOT_FOUND : AVPN_ERROR_AUTH);
    ck_assert_int_eq(avpn_config_psk(read, 77, &pair, &psk, NULL), AVPN_ERROR_NOT_FOUND);
    ck_assert_mem_eq(&psk, &before, sizeof psk);
    if (_i == 2) {
        ck_assert_int_eq(avpn_config_psk(read, 3, &pair, &psk, NULL), AVPN_ERROR_NOT_FOUND);
    } else {
        ck_assert_int_eq(avpn_config_psk(read, sites[_i].id, &pair, &psk, &previous), AVPN_OK);
        ck_assert_mem_eq(&psk, &publication.psk, sizeof psk);
        ck_assert_mem_eq(&previous, &publication.previous_psk, sizeof psk);
    }
    avpn_config_del(config);
    avpn_config_del(read);
    free(bundle.bytes);
}
END_TEST

START_TEST(a_configuration_that_was_read_stays_as_it_is)
{
    struct avpn_config *config = config_of(sites, 3), *read = NULL;
    struct bundle bundle = bundle_of(config, 1, 1);
    const struct avpn_member member = member_of(&sites[0]);
    const struct avpn_registry_entry registry = registry_of(2);
    const uint8_t suite = 2;

    ck_assert_int_eq(avpn_config_read(bundle.bytes, bundle.count, &bundle.organization, 0, NULL,
                                      &read), AVPN_OK);
    ck_assert_int_eq(avpn_config_set_name(read, "other"), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_config_set_suites(read, &suite, 1), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_config_add_registry(read, &registry), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_config_add_member(read, &member), AVPN_ERROR_STATE);
    avpn_config_del(config);
    avpn_config_del(read);
    free(bundle.bytes);
}
END_TEST

static const struct {
    uint64_t version;
    int64_t created, expires;
    uint32_t size_change, psk_epoch;
    bool has_psk, has_previous;
    int32_t expected;
} publications[] = {
    {1, 0, 0, 0, 3, true, true, AVPN_OK},
    {UINT64_MAX, 0, INT64_MAX, 0, 3, true, true, AVPN_OK},
    {UINT64_C(1) << 48 | 1, 0, 0, 0, 3, true, true, AVPN_OK},
    {0, 0, 0, 0, 3, true, true, AVPN_ERROR_ARGUMENT},
    {UINT64_C(1) << 48, 0, 0, 0, 3, true, true, AVPN_ERROR_ARGUMENT},
    {1, -1, 0, 0, 3, true, true, AVPN_ERROR_ARGUMENT},
    {1, 5, 5, 0, 3, true, true, AVPN_ERROR_ARGUMENT},
    {1, 5, -1, 0, 3, true, true, AVPN_ERROR_ARGUMENT},
    {1, 0, 0, UINT32_MAX, 3, true, true, AVPN_ERROR_ARGUMENT},
    /* [CFG-7]: there is no key before that of epoch 1, and before all others there is one */
    {1, 0, 0, 0, 1, true, false, AVPN_OK},
    {1, 0, 0, 0, 1, true, true, AVPN_ERROR_ARGUMENT},
    {1, 0, 0, 0, 2, true, false, AVPN_ERROR_ARGUMENT},
    {1, 0, 0, 0, UINT32_MAX, true, true, AVPN_OK},
    {1, 0, 0, 0, 0, true, false, AVPN_ERROR_ARGUMENT},
    {1, 0, 0, 0, 0, true, true, AVPN_ERROR_ARGUMENT},
    {1, 0, 0, 0, 3, false, true, AVPN_ERROR_ARGUMENT},
};

START_TEST(a_publication_has_a_version_times_in_order_and_keys)
{
    static uint8_t bytes[4096];
    struct avpn_config *config = config_of(sites, 3);
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    struct avpn_publication publication = publication_of(publications[_i].version);
    size_t needed;

    publication.created = publications[_i].created;
    publication.expires = publications[_i].expires;
    publication.size += publications[_i].size_change;
    publication.psk_epoch = publications[_i].psk_epoch;
    publication.psk = (struct avpn_key){{publications[_i].has_psk}};
    publication.previous_psk = (struct avpn_key){{publications[_i].has_previous}};
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, bytes, sizeof bytes,
                                         &needed),
                     publications[_i].expected);
    avpn_authority_del(authority);
    avpn_config_del(config);
}
END_TEST

/* ---- invites --------------------------------------------------------------------------------- */

START_TEST(invites_come_back_by_member_in_whatever_order_they_were_given)
{
    static uint8_t bytes[4096];
    const struct avpn_invite invites[] = {{sizeof *invites, 9, {{3}}, 5000},
                                          {sizeof *invites, 2, {{1}}, 0},
                                          {sizeof *invites, 4, {{2}}, INT64_MAX}};
    struct avpn_config *config = config_of(sites, 3), *read = NULL;
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    struct avpn_publication publication = publication_of(1);
    struct avpn_key organization;
    struct avpn_invite invite = {.size = sizeof invite};
    size_t count;

    publication.invites = invites;
    publication.invite_count = 3;
    ck_assert_int_eq(avpn_authority_organization(authority, &organization), AVPN_OK);
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, bytes, sizeof bytes,
                                         &count), AVPN_OK);
    ck_assert_int_eq(avpn_config_read(bytes, count, &organization, 0, NULL, &read), AVPN_OK);
    ck_assert_uint_eq(avpn_config_invite_count(read), 3);
    for (uint32_t i = 0; i < 3; i++) {
        const struct avpn_invite *expected = &invites[(i + 1) % 3];

        ck_assert_int_eq(avpn_config_invite(read, i, &invite), AVPN_OK);
        ck_assert_mem_eq(&invite, expected, sizeof invite);
    }
    ck_assert_int_eq(avpn_config_invite(read, 3, &invite), AVPN_ERROR_EMPTY);
    ck_assert_uint_eq(avpn_config_invite_count(config), 0);
    avpn_authority_del(authority);
    avpn_config_del(config);
    avpn_config_del(read);
}
END_TEST

static const struct {
    uint32_t member, other;
    uint8_t key;
    int64_t expires;
    uint32_t size_change;
    int32_t expected;
} invitations[] = {
    {1, 2, 1, 5, 0, AVPN_OK},
    {3, 2, 1, 5, 0, AVPN_OK},
    {2, 2, 1, 5, 0, AVPN_ERROR_ARGUMENT},
    {0, 2, 1, 5, 0, AVPN_ERROR_ARGUMENT},
    {1, 2, 0, 5, 0, AVPN_ERROR_ARGUMENT},
    {1, 2, 1, -1, 0, AVPN_ERROR_ARGUMENT},
    {1, 2, 1, 5, 1, AVPN_ERROR_ARGUMENT},
};

START_TEST(an_invite_is_for_a_place_of_its_own_and_has_a_key)
{
    static uint8_t bytes[4096];
    const struct avpn_invite invites[] = {
        {sizeof *invites, invitations[_i].other, {{9}}, 5},
        {(uint32_t)sizeof *invites + invitations[_i].size_change, invitations[_i].member,
         {{invitations[_i].key}}, invitations[_i].expires}};
    struct avpn_config *config = config_of(sites, 3);
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    struct avpn_publication publication = publication_of(1);
    size_t count;

    publication.invites = invites;
    publication.invite_count = 2;
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, bytes, sizeof bytes,
                                         &count),
                     invitations[_i].expected);
    avpn_authority_del(authority);
    avpn_config_del(config);
}
END_TEST

START_TEST(there_are_at_most_1024_invites) /* [CFG-8] */
{
    static struct avpn_invite invites[AVPN_INVITES + 1];
    static uint8_t bytes[65536];
    struct avpn_config *config = config_of(sites, 3);
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    struct avpn_publication publication = publication_of(1);
    size_t count;

    for (uint32_t i = 0; i <= AVPN_INVITES; i++) {
        invites[i] = (struct avpn_invite){sizeof *invites, AVPN_INVITES + 1 - i, {{1}}, 5};
    }
    publication.invites = invites;
    publication.invite_count = AVPN_INVITES + (size_t)_i;
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, bytes, sizeof bytes,
                                         &count), _i == 0 ? AVPN_OK : AVPN_ERROR_LIMIT);
    avpn_authority_del(authority);
    avpn_config_del(config);
}
END_TEST

/* ---- the same again, and not the same -------------------------------------------------------- */

/* Where nothing about a member changed, its seal has the same bytes; a new key is sealed anew. [CFG-7] */
START_TEST(what_did_not_change_has_the_same_bytes)
{
    static uint8_t first[8192], second[8192];
    struct avpn_config *few = config_of(sites, 2), *more = config_of(sites, 3);
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    struct avpn_publication publication = publication_of(1);
    struct avpni_document a, b;
    size_t count;

    ck_assert_int_eq(avpn_authority_sign(authority, few, &publication, first, sizeof first, &count),
                     AVPN_OK);
    ck_assert(avpni_document_read(first, count, &a));
    publication.version++;
    publication.psk.bytes[20] = _i == 1;
    publication.previous_psk.bytes[20] = _i == 2;
    publication.psk_epoch += _i == 3;
    ck_assert_int_eq(avpn_authority_sign(authority, more, &publication, second, sizeof second,
                                         &count), AVPN_OK);
    ck_assert(avpni_document_read(second, count, &b));
    ck_assert_uint_eq(a.charter_bytes, b.charter_bytes);
    ck_assert_mem_eq(a.charter, b.charter, a.charter_bytes);
    for (uint32_t i = 0; i < 2; i++) {
        const uint8_t *was = avpni_document_sealed(&a, i), *is = avpni_document_sealed(&b, i);

        ck_assert_int_eq(memcmp(was, is, AVPNI_SEALED_PSK_BYTES) == 0, _i == 0);
        /* Never two texts under one ephemeral key. */
        ck_assert_int_eq(memcmp(was, is, AVPN_KEY_BYTES) == 0, _i == 0);
    }
    avpn_authority_del(authority);
    avpn_config_del(few);
    avpn_config_del(more);
}
END_TEST

START_TEST(nothing_is_signed_of_which_part_is_not_known)
{
    static uint8_t bytes[8192], slice[8192];
    struct avpn_config *config = config_of(sites, 3), *whole, *part;
    struct bundle bundle = bundle_of(config, 1, 1);
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    const struct avpn_publication publication = publication_of(6);
    size_t count;

    ck_assert_int_eq(avpn_config_read(bundle.bytes, bundle.count, &bundle.organization, 0, NULL,
                                      &whole), AVPN_OK);
    ck_assert_int_eq(avpn_bundle_slice(bundle.bytes, bundle.count, whole, 2, slice, sizeof slice,
                                       &count), AVPN_OK);
    ck_assert_int_eq(avpn_config_read(slice, count, &bundle.organization, 0, NULL, &part), AVPN_OK);
    ck_assert_int_eq(avpn_authority_sign(authority, part, &publication, bytes, sizeof bytes,
                                         &count), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_authority_sign(authority, whole, &publication, bytes, sizeof bytes,
                                         &count), AVPN_OK);
    avpn_authority_del(authority);
    avpn_config_del(config);
    avpn_config_del(whole);
    avpn_config_del(part);
    free(bundle.bytes);
}
END_TEST

START_TEST(signing_needs_keys_of_both_kinds_and_a_valid_configuration)
{
    static uint8_t bytes[4096];
    struct avpn_authority *no_root = authority_of(NULL, 0, 1), *no_signer = authority_of(NULL, 1, 0),
                          *both = authority_of(NULL, 1, 1);
    struct avpn_config *config = config_of(sites, 3), *invalid = config_of(sites + 1, 1);
    const struct avpn_publication publication = publication_of(1);
    size_t needed = 9;

    ck_assert_int_eq(avpn_authority_sign(no_root, config, &publication, bytes, sizeof bytes,
                                         &needed), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_sign(no_signer, config, &publication, bytes, sizeof bytes,
                                         &needed), AVPN_ERROR_STATE);
    ck_assert_int_eq(avpn_authority_sign(both, invalid, &publication, bytes, sizeof bytes,
                                         &needed), AVPN_ERROR_ARGUMENT);
    avpn_authority_del(no_root);
    avpn_authority_del(no_signer);
    avpn_authority_del(both);
    avpn_config_del(config);
    avpn_config_del(invalid);
}
END_TEST

START_TEST(nothing_is_written_when_the_buffer_is_too_small)
{
    static uint8_t bytes[4096];
    struct avpn_config *config = config_of(sites, 3);
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    const struct avpn_publication publication = publication_of(1);
    size_t needed = 0, again = 0;

    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, NULL, 0, &needed),
                     AVPN_ERROR_SPACE);
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, bytes, needed - 1,
                                         &again), AVPN_ERROR_SPACE);
    ck_assert_uint_eq(again, needed);
    for (size_t i = 0; i < sizeof bytes; i++) {
        ck_assert(bytes[i] == 0);
    }
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, bytes, needed, &again),
                     AVPN_OK);
    ck_assert_uint_eq(again, needed);
    avpn_authority_del(authority);
    avpn_config_del(config);
}
END_TEST

START_TEST(a_bundle_beyond_the_limit_is_refused) /* [CFG-8] */
{
    struct avpn_config *config = empty_config(NULL);
    struct avpn_authority *authority = authority_of(NULL, 1, 1);
    const struct avpn_publication publication = publication_of(1);
    struct avpn_member member = {.size = sizeof member, .role = AVPN_ROLE_HUB, .export_count = 20};
    size_t needed = 0;

    for (uint8_t i = 0; i < member.export_count; i++) {
        member.exports[i] = (struct avpn_prefix){AVPN_FAMILY_IPV6, 128, {0}, {0xfd, i}};
    }
    for (uint32_t id = 1; id <= AVPN_MEMBERS; id++) {
        member.id = id;
        memcpy(member.key.bytes, &id, sizeof id);
        snprintf(member.name, sizeof member.name, "site-%u", id);
        ck_assert(avpn_config_add_member(config, &member) == AVPN_OK);
    }
    ck_assert_int_eq(avpn_authority_sign(authority, config, &publication, NULL, 0, &needed),
                     AVPN_ERROR_LIMIT);
    ck_assert_uint_gt(needed, AVPN_BUNDLE_LIMIT);
    avpn_authority_del(authority);
    avpn_config_del(config);
}
END_TEST

START_TEST(running_out_of_memory_leaks_nothing)
{
    struct counting counting = {.fail_at = 1};
    const struct avpn_host host = counting_host(&counting);
    struct avpn_authority *authority = NULL;

    ck_assert_int_eq(avpn_authority_new(&host, &authority), AVPN_ERROR_MEMORY);
    ck_assert_ptr_null(authority);
    counting.fail_at = 0;
    authority = authority_of(&host, 1, 1);
    avpn_authority_del(authority);
    ck_assert_int_eq(counting.blocks, 0);
}
END_TEST

/* The charter, the policy: whatever of it finds no memory, nothing is signed and nothing is left. */
START_TEST(signing_without_memory_leaks_nothing)
{
    struct avpn_config *config = config_of(sites, 3);
    const struct avpn_publication publication = publication_of(1);
    int32_t result = AVPN_ERROR_MEMORY;
    int64_t points = 0;

    for (int64_t fail_at = 1; result != AVPN_ERROR_SPACE; fail_at++, points++) {
        struct counting counting = {.fail_at = 0};
        const struct avpn_host host = counting_host(&counting);
        struct avpn_authority *authority = authority_of(&host, 1, 1);
        int64_t blocks = counting.blocks;
        size_t needed = 1;

        counting.requests = 0;
        counting.fail_at = fail_at;
        result = avpn_authority_sign(authority, config, &publication, NULL, 0, &needed);
        ck_assert(result == AVPN_ERROR_MEMORY ? needed == 0 : result == AVPN_ERROR_SPACE);
        ck_assert_int_eq(counting.blocks, blocks);
        avpn_authority_del(authority);
    }
    ck_assert_int_ge(points, 3);
    avpn_config_del(config);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_CASE(the_organization_is_the_set_of_root_keys_in_any_order),
    HARNESS_CASE(keys_are_different_not_zero_and_at_most_eight),
    HARNESS_LOOP(what_was_signed_is_read_again, 3),
    HARNESS_LOOP(each_member_opens_the_pre_shared_key_and_a_revoked_one_does_not, 3),
    HARNESS_CASE(a_configuration_that_was_read_stays_as_it_is),
    HARNESS_LOOP(a_publication_has_a_version_times_in_order_and_keys, HARNESS_COUNT(publications)),
    HARNESS_CASE(invites_come_back_by_member_in_whatever_order_they_were_given),
    HARNESS_LOOP(an_invite_is_for_a_place_of_its_own_and_has_a_key, HARNESS_COUNT(invitations)),
    HARNESS_LOOP(there_are_at_most_1024_invites, 2),
    HARNESS_LOOP(what_did_not_change_has_the_same_bytes, 4),
    HARNESS_CASE(nothing_is_signed_of_which_part_is_not_known),
    HARNESS_CASE(signing_needs_keys_of_both_kinds_and_a_valid_configuration),
    HARNESS_CASE(nothing_is_written_when_the_buffer_is_too_small),
    HARNESS_CASE(a_bundle_beyond_the_limit_is_refused),
    HARNESS_CASE(running_out_of_memory_leaks_nothing),
    HARNESS_CASE(signing_without_memory_leaks_nothing),
};
HARNESS_MAIN("authority/authority", cases)
