/* SPDX-License-Identifier: ISC */
/* Reading bundles: damaged ones, memory, size, and that what is read selects alike. */
#include "publish.h"
#include "route/counting.h"

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
        ck_assert_int_lt(avpn_config_read(bundle.bytes, bundle.count + more, &bundle.organization,
                                          0, NULL, &read), 0);
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

START_TEST(what_is_read_selects_as_what_was_written) /* [TOP-1] [TOP-2] */
{
    struct avpn_config *config = random_config(4000 + (uint64_t)_i, 40, true), *read = NULL;

    ck_assert_int_eq(avpn_config_set_flags(config, (uint32_t)_i % 2), AVPN_OK);
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
    HARNESS_LOOP(what_is_read_selects_as_what_was_written, 8),
    HARNESS_CASE(thousands_of_members_are_read),
};
HARNESS_MAIN("authority/bundle", cases)
