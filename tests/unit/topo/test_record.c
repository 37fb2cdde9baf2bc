/* SPDX-License-Identifier: ISC */
/* The bytes of head, charter and member: one encoding each, there and back. [CFG-1] */
#include "organization.h"
#include "topo/record.h"

static const struct site site = {7, 'S', "1* 2", "10.7.0.0/16 10.0.0.0/9 fd07::/48 10.0.0.0/8"};

static struct avpni_key_set key_set_of(uint8_t threshold, uint8_t count, uint8_t first)
{
    struct avpni_key_set set = {.threshold = threshold, .count = count};

    for (uint8_t i = 0; i < count && i < AVPN_AUTHORITY_KEYS; i++) {
        set.keys[i].bytes[0] = (uint8_t)(first + i);
    }
    return set;
}

static struct avpni_charter sample_charter(void)
{
    struct avpni_charter charter = {.name = "example",
                                    .root = key_set_of(2, 3, 10),
                                    .signing = key_set_of(1, 2, 20),
                                    .suites = {1, 2},
                                    .suite_count = 2,
                                    .psk_epoch = 5,
                                    .registry_count = 2,
                                    .registries = {registry_of(1), registry_of(2)}};

    return charter;
}

static struct avpni_head sample_head(void)
{
    return (struct avpni_head){.organization = {{1}}, .version = 3, .created = 1000,
                               .expires = 2000, .leaf_count = 4, .root = {9}};
}

static struct avpni_signatures sample_signatures(void)
{
    return (struct avpni_signatures){
        .count = 2, .numbers = {0, 2}, .bytes = {{1, 2, 3}, {4, 5, 6}}};
}

/* The sample of a kind: 0 head, 1 charter, 2 member, 3 member that is revoked and has a manual contact. */
static size_t write_sample(int kind, uint8_t bytes[2048])
{
    struct avpni_writer w = avpni_writer(bytes, 2048);
    const struct avpni_signatures signatures = sample_signatures();
    const struct avpni_head head = sample_head();
    const struct avpni_charter charter = sample_charter();
    uint8_t sealed[AVPNI_SEALED_PSK_BYTES] = {0};
    struct avpn_config *config = empty_config(NULL);
    struct avpn_member member = member_of(&site);
    struct avpni_member_view view;

    if (kind == 3) {
        member.flags = AVPN_MEMBER_REVOKED;
        member.uplink_count = 3;
        avpn_contact_parse("192.0.2.1:40000", &member.manual[0]);
        avpn_contact_parse("[2001:db8::1]:40000", &member.manual[2]);
    } else {
        sealed[3] = 1;
    }
    avpn_config_add_member(config, &member);
    avpni_config_view(config, 0, &view);
    if (kind == 0) {
        avpni_head_write(&w, &head);
        avpni_signatures_write(&w, &signatures);
    } else if (kind == 1) {
        avpni_charter_write(&w, &charter);
        avpni_signatures_write(&w, &signatures);
    } else {
        avpni_member_write(&w, &view, sealed);
    }
    avpn_config_del(config);
    ck_assert(!w.failed);
    return w.position;
}

/* Read, and write again what was read. False: refused. */
static bool rewrite(int kind, const uint8_t *bytes, size_t count, uint8_t again[2048],
                    size_t *again_bytes_out)
{
    struct avpni_writer w = avpni_writer(again, 2048);
    struct avpni_signatures signatures;
    size_t body_bytes;

    if (kind == 0) {
        struct avpni_head head;

        if (!avpni_head_read(bytes, count, &head, &signatures, &body_bytes)) {
            return false;
        }
        avpni_head_write(&w, &head);
        ck_assert_uint_eq(w.position, body_bytes);
        avpni_signatures_write(&w, &signatures);
    } else if (kind == 1) {
        struct avpni_charter charter;

        if (!avpni_charter_read(bytes, count, &charter, &signatures, &body_bytes)) {
            return false;
        }
        avpni_charter_write(&w, &charter);
        ck_assert_uint_eq(w.position, body_bytes);
        avpni_signatures_write(&w, &signatures);
    } else {
        struct avpn_member member;
        uint8_t sealed[AVPNI_SEALED_PSK_BYTES];

        if (!avpni_member_read(bytes, count, &member, sealed)) {
            return false;
        }
        const struct avpni_member_view view = {
            member.id, &member.key, member.name, member.role, member.flags, member.hub_count,
            member.export_count, member.uplink_count, member.hubs, member.exports, member.manual};

        avpni_member_write(&w, &view, sealed);
    }
    *again_bytes_out = w.position;
    return true;
}

START_TEST(what_was_written_is_read_and_written_alike)
{
    uint8_t bytes[2048], again[2048];
    size_t count = write_sample(_i, bytes), again_bytes = 0;

    ck_assert(rewrite(_i, bytes, count, again, &again_bytes));
    ck_assert_uint_eq(again_bytes, count);
    ck_assert_mem_eq(bytes, again, count);
}
END_TEST

START_TEST(every_truncation_and_every_byte_too_many_is_refused)
{
    uint8_t bytes[2048] = {0}, again[2048];
    size_t count = write_sample(_i, bytes), again_bytes;

    for (size_t cut = 0; cut < count; cut++) {
        ck_assert(!rewrite(_i, bytes, cut, again, &again_bytes));
    }
    for (size_t more = 1; more <= 16; more++) {
        ck_assert(!rewrite(_i, bytes, count + more, again, &again_bytes));
    }
}
END_TEST

START_TEST(every_flipped_bit_is_refused_or_means_something_else)
{
    uint8_t bytes[2048], again[2048];
    size_t count = write_sample(_i, bytes), again_bytes;

    for (size_t bit = 0; bit < 8 * count; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (rewrite(_i, bytes, count, again, &again_bytes)) {
            ck_assert_uint_eq(again_bytes, count);
            ck_assert_mem_eq(again, bytes, count);
        }
        bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
}
END_TEST

/* Sets that no signer makes. */
static const struct {
    uint8_t threshold, count, first, step;
} key_sets[] = {{0, 2, 1, 1}, {3, 2, 1, 1}, {1, 0, 1, 1}, {1, 9, 1, 1}, {1, 2, 1, 0}, {1, 2, 9, 255}};

START_TEST(a_key_set_is_ascending_and_its_threshold_can_be_met) /* [CFG-3] */
{
    uint8_t bytes[2048];
    struct avpni_charter charter = sample_charter(), out;
    const struct avpni_signatures signatures = sample_signatures();
    struct avpni_signatures signatures_out;
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    size_t body_bytes;

    charter.root = key_set_of(key_sets[_i].threshold, 8, key_sets[_i].first);
    charter.root.count = key_sets[_i].count > 8 ? 8 : key_sets[_i].count;
    charter.root.keys[1].bytes[0] = (uint8_t)(key_sets[_i].first + key_sets[_i].step);
    avpni_charter_write(&w, &charter);
    avpni_signatures_write(&w, &signatures);
    if (key_sets[_i].count == 9) {
        bytes[1 + 8 + 1] = 9;
    }
    ck_assert(!avpni_charter_read(bytes, w.position, &out, &signatures_out, &body_bytes));
}
END_TEST

static const struct avpni_signatures signature_lists[] = {
    {.count = 0},
    {.count = 2, .numbers = {1, 1}},
    {.count = 2, .numbers = {2, 1}},
};

START_TEST(signatures_are_by_different_keys_in_order)
{
    uint8_t bytes[1024];
    const struct avpni_head head = sample_head();
    struct avpni_head out;
    struct avpni_signatures signatures_out;
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    size_t body_bytes;

    avpni_head_write(&w, &head);
    avpni_signatures_write(&w, &signature_lists[_i]);
    ck_assert(!avpni_head_read(bytes, w.position, &out, &signatures_out, &body_bytes));
}
END_TEST

static const struct {
    uint64_t version, created, expires;
    uint32_t leaf_count;
    bool is_good;
} heads[] = {
    {1, 0, 0, 1, true},           {1, 0, 1, 65536, true},      {UINT64_MAX, 5, 6, 2, true},
    {0, 0, 0, 1, false},          {1, 5, 5, 1, false},         {1, 5, 4, 1, false},
    {1, 0, 0, 0, false},          {1, 0, 0, 65537, false},     {1, 0, UINT64_MAX, 1, false},
    {1, UINT64_C(1) << 63, 0, 1, false},
};

START_TEST(numbers_of_a_head_are_in_range)
{
    uint8_t bytes[1024];
    const struct avpni_signatures signatures = sample_signatures();
    struct avpni_head head = sample_head(), out;
    struct avpni_signatures signatures_out;
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    size_t body_bytes;

    head.version = heads[_i].version;
    head.created = (int64_t)heads[_i].created;
    head.expires = (int64_t)heads[_i].expires;
    head.leaf_count = heads[_i].leaf_count;
    avpni_head_write(&w, &head);
    avpni_signatures_write(&w, &signatures);
    ck_assert_int_eq(avpni_head_read(bytes, w.position, &out, &signatures_out, &body_bytes),
                     heads[_i].is_good);
}
END_TEST

static const char *const member_names[] = {"site-7", "sit\0-7", "site 7", "site:7", "\0ite-7"};

START_TEST(a_name_has_only_the_characters_of_names)
{
    uint8_t bytes[2048], sealed[AVPNI_SEALED_PSK_BYTES];
    const size_t name_at = 1 + 4 + 32 + 1 + 1 + 1;
    size_t count = write_sample(2, bytes);
    struct avpn_member member;

    memcpy(bytes + name_at, member_names[_i], 6);
    ck_assert_int_eq(avpni_member_read(bytes, count, &member, sealed), _i == 0);
}
END_TEST

START_TEST(the_largest_charter_can_be_signed)
{
    uint8_t bytes[2048], text[AVPNI_SIGNED_LIMIT];
    struct avpni_charter charter = {.root = key_set_of(8, 8, 1), .signing = key_set_of(8, 8, 1)};
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);

    memset(charter.name, 'x', AVPN_NAME_BYTES - 1);
    charter.suite_count = AVPN_SUITES;
    charter.registry_count = AVPN_REGISTRIES;
    for (int i = 0; i < AVPN_REGISTRIES; i++) {
        charter.registries[i] = registry_of(1);
        memset(charter.registries[i].host, 'x', AVPN_NAME_BYTES - 1);
    }
    avpni_charter_write(&w, &charter);
    ck_assert_uint_ne(avpni_signed_text(text, AVPNI_CHARTER_LABEL, bytes, w.position), 0);
    ck_assert_uint_eq(avpni_signed_text(text, "", bytes, AVPNI_SIGNED_LIMIT + 1), 0);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(what_was_written_is_read_and_written_alike, 4),
    HARNESS_LOOP(every_truncation_and_every_byte_too_many_is_refused, 4),
    HARNESS_LOOP(every_flipped_bit_is_refused_or_means_something_else, 4),
    HARNESS_LOOP(a_key_set_is_ascending_and_its_threshold_can_be_met, HARNESS_COUNT(key_sets)),
    HARNESS_LOOP(signatures_are_by_different_keys_in_order, HARNESS_COUNT(signature_lists)),
    HARNESS_LOOP(numbers_of_a_head_are_in_range, HARNESS_COUNT(heads)),
    HARNESS_LOOP(a_name_has_only_the_characters_of_names, HARNESS_COUNT(member_names)),
    HARNESS_CASE(the_largest_charter_can_be_signed),
};
HARNESS_MAIN("topo/record", cases)
