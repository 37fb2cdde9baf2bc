/* SPDX-License-Identifier: ISC */
/* The bytes of each record: one encoding, there and back. [CFG-1] [CFG-13] [CFG-14] */
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

static struct avpni_signatures sample_signatures(void)
{
    return (struct avpni_signatures){
        .count = 2, .numbers = {0, 2}, .bytes = {{1, 2, 3}, {4, 5, 6}}};
}

/* A set takes the place of another: what the two sign. */
static struct avpni_rotation rotation_of(uint8_t first)
{
    struct avpni_rotation rotation = {.set = key_set_of(1, 2, first),
                                      .by_previous = sample_signatures()};

    rotation.by_itself = (struct avpni_signatures){.count = 1, .numbers = {1}, .bytes = {{7}}};
    return rotation;
}

static struct avpni_charter sample_charter(void)
{
    struct avpni_charter charter = {.name = "example",
                                    .serial = 0x1234,
                                    .rotation_count = 2,
                                    .first_root = key_set_of(2, 3, 10),
                                    .rotations = {rotation_of(30), rotation_of(40)},
                                    .signing = key_set_of(1, 2, 20),
                                    .suites = {1, 2},
                                    .suite_count = 2,
                                    .registry_count = 2,
                                    .registries = {registry_of(1), registry_of(2)}};

    return charter;
}

static struct avpni_head sample_head(void)
{
    return (struct avpni_head){.organization = {{1}}, .version = 3, .created = 1000,
                               .expires = 2000, .psk_epoch = 5, .psk_commitment = {8},
                               .member_count = 4, .root = {9}};
}

enum kind {
    KIND_HEAD,
    KIND_CHARTER,
    KIND_SITE,
    KIND_IDENTITY,
    KIND_IDENTITY_MANUAL,
    KIND_IDENTITY_TRANSLATED,
    KIND_POLICY,
    KIND_POLICY_EMPTY,
    KIND_INVITES,
    KINDS
};

#define SAMPLE_BYTES 4096

static struct avpni_member_view view_of(const struct avpn_member *member)
{
    return (struct avpni_member_view){.id = member->id,
                                      .key = &member->key,
                                      .name = member->name,
                                      .role = member->role,
                                      .flags = member->flags,
                                      .hub_count = member->hub_count,
                                      .export_count = member->export_count,
                                      .uplink_count = member->uplink_count,
                                      .translation_count = member->translation_count,
                                      .translations = member->translations,
                                      .is_known = true,
                                      .hubs = member->hubs,
                                      .exports = member->exports,
                                      .manual = member->manual};
}

static void write_invites(struct avpni_writer *w, const struct avpn_invite *invites, uint16_t count)
{
    avpni_write_u16(w, count);
    for (uint32_t i = 0; i < count; i++) {
        avpni_invite_write(w, &invites[i]);
    }
}

/* What every field of a rule and a breakout may be, and what none need be. */
static void write_sample_policy(struct avpni_writer *w, int kind)
{
    struct avpn_rule rules[] = {
        {.action = AVPN_RULE_DENY,
         .protocol = 6,
         .source = prefix_of_text("10.7.0.0/17"),
         .destination = prefix_of_text("192.0.2.1/32"),
         .source_first = 1,
         .source_last = 65535,
         .destination_first = 22,
         .destination_last = 23,
         .name = "no-shells.1_A"},
        {.action = AVPN_RULE_ALLOW},
        {.action = 77, .protocol = 58, .source = prefix_of_text("2001:db8::/33"), .source_last = 9},
    };
    struct avpn_breakout breakouts[] = {
        {.member = 7, .protocol = 17, .destination_first = 53, .destination_last = 53},
        {.destination = prefix_of_text("::/0")},
    };
    const struct avpni_policy policy = {1, 3, 2, rules, breakouts}, none = {.flags = 0};

    avpni_policy_write(w, kind == KIND_POLICY ? &policy : &none);
}

static void add_translations(struct avpn_member *member)
{
    static const char *const texts[][2] = {{"192.168.1.0/24", "10.7.2.0/24"},
                                           {"192.168.9.0/24", "10.7.1.0/24"},
                                           {"192.168.9.7/32", "10.7.1.7/32"},
                                           {"fd99::/64", "fd07:0:0:1::/64"}};

    for (size_t i = 0; i < HARNESS_COUNT(texts); i++) {
        struct avpn_translation *translation = &member->translations[member->translation_count++];

        translation->local = prefix_of_text(texts[i][0]);
        translation->exported = prefix_of_text(texts[i][1]);
    }
}

static size_t write_sample(int kind, uint8_t bytes[SAMPLE_BYTES])
{
    static const struct avpn_invite invites[] = {{0, 4, {{1}}, 5000}, {0, 9, {{2}}, 0}};
    static const uint8_t hash[32] = {6, 7, 8};
    struct avpni_writer w = avpni_writer(bytes, SAMPLE_BYTES);
    const struct avpni_signatures signatures = sample_signatures();
    const struct avpni_head head = sample_head();
    const struct avpni_charter charter = sample_charter();
    struct avpn_member member = member_of(&site);
    const struct avpni_member_view view = view_of(&member);

    if (kind == KIND_HEAD) {
        avpni_head_write(&w, &head);
        avpni_signatures_write(&w, &signatures);
    } else if (kind == KIND_CHARTER) {
        avpni_charter_write(&w, &charter);
        avpni_signatures_write(&w, &signatures);
    } else if (kind == KIND_SITE) {
        avpni_site_write(&w, &view, hash);
    } else if (kind == KIND_IDENTITY) {
        avpni_identity_write(&w, &view);
    } else if (kind == KIND_IDENTITY_MANUAL) {
        member.uplink_count = 3;
        avpn_contact_parse("192.0.2.1:40000", &member.manual[0]);
        avpn_contact_parse("[2001:db8::1]:40000", &member.manual[2]);
        const struct avpni_member_view manual = view_of(&member);

        avpni_identity_write(&w, &manual);
    } else if (kind == KIND_IDENTITY_TRANSLATED) {
        add_translations(&member);
        const struct avpni_member_view translated = view_of(&member);

        avpni_identity_write(&w, &translated);
    } else if (kind == KIND_POLICY || kind == KIND_POLICY_EMPTY) {
        write_sample_policy(&w, kind);
    } else {
        write_invites(&w, invites, 2);
    }
    ck_assert(!w.failed);
    return w.position;
}

static bool rewrite_signed(int kind, const uint8_t *bytes, size_t count, struct avpni_writer *w)
{
    struct avpni_signatures signatures;
    struct avpni_charter charter;
    struct avpni_head head;
    size_t body_bytes;

    if (kind == KIND_HEAD) {
        if (!avpni_head_read(bytes, count, &head, &signatures, &body_bytes)) {
            return false;
        }
        avpni_head_write(w, &head);
        ck_assert_uint_eq(w->position, AVPNI_HEAD_BODY_BYTES);
    } else {
        if (!avpni_charter_read(bytes, count, &charter, &signatures, &body_bytes)) {
            return false;
        }
        avpni_charter_write(w, &charter);
    }
    ck_assert_uint_eq(w->position, body_bytes);
    avpni_signatures_write(w, &signatures);
    return true;
}

static bool rewrite_policy(const uint8_t *bytes, size_t count, struct avpni_writer *w)
{
    static struct avpn_rule rules[AVPN_RULES];
    static struct avpn_breakout breakouts[AVPN_BREAKOUTS];
    struct avpni_policy policy = {.rules = NULL}, counted = {.rules = NULL};

    if (!avpni_policy_read(bytes, count, &counted)) {
        return false;
    }
    policy.rules = rules;
    policy.breakouts = breakouts;
    ck_assert(avpni_policy_read(bytes, count, &policy));
    ck_assert_uint_eq(counted.rule_count, policy.rule_count);
    ck_assert_uint_eq(counted.breakout_count, policy.breakout_count);
    avpni_policy_write(w, &policy);
    return true;
}

/* Read, and write again what was read. False: refused. */
static bool rewrite(int kind, const uint8_t *bytes, size_t count, uint8_t again[SAMPLE_BYTES],
                    size_t *again_bytes_out)
{
    static struct avpn_invite invites[AVPN_INVITES];
    struct avpni_writer w = avpni_writer(again, SAMPLE_BYTES);
    struct avpn_member member = {.id = site.id};
    uint8_t hash[32];
    uint32_t invite_count;

    if (kind == KIND_HEAD || kind == KIND_CHARTER) {
        if (!rewrite_signed(kind, bytes, count, &w)) {
            return false;
        }
    } else if (kind == KIND_SITE) {
        if (!avpni_site_read(bytes, count, &member, hash)) {
            return false;
        }
        const struct avpni_member_view view = view_of(&member);

        avpni_site_write(&w, &view, hash);
    } else if (kind == KIND_POLICY || kind == KIND_POLICY_EMPTY) {
        if (!rewrite_policy(bytes, count, &w)) {
            return false;
        }
    } else if (kind == KIND_INVITES) {
        if (!avpni_invites_read(bytes, count, invites, &invite_count)) {
            return false;
        }
        write_invites(&w, invites, (uint16_t)invite_count);
    } else {
        if (!avpni_identity_read(bytes, count, &member)) {
            return false;
        }
        const struct avpni_member_view view = view_of(&member);

        avpni_identity_write(&w, &view);
    }
    *again_bytes_out = w.position;
    return true;
}

START_TEST(what_was_written_is_read_and_written_alike)
{
    uint8_t bytes[SAMPLE_BYTES], again[SAMPLE_BYTES];
    size_t count = write_sample(_i, bytes), again_bytes = 0;

    ck_assert(rewrite(_i, bytes, count, again, &again_bytes));
    ck_assert_uint_eq(again_bytes, count);
    ck_assert_mem_eq(bytes, again, count);
}
END_TEST

START_TEST(every_truncation_and_every_byte_too_many_is_refused)
{
    uint8_t bytes[SAMPLE_BYTES] = {0}, again[SAMPLE_BYTES];
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
    uint8_t bytes[SAMPLE_BYTES], again[SAMPLE_BYTES];
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
    uint8_t bytes[SAMPLE_BYTES];
    struct avpni_charter charter = sample_charter(), out;
    const struct avpni_signatures signatures = sample_signatures();
    struct avpni_signatures signatures_out;
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    size_t body_bytes;

    charter.first_root = key_set_of(key_sets[_i].threshold, 8, key_sets[_i].first);
    charter.first_root.count = key_sets[_i].count > 8 ? 8 : key_sets[_i].count;
    charter.first_root.keys[1].bytes[0] = (uint8_t)(key_sets[_i].first + key_sets[_i].step);
    avpni_charter_write(&w, &charter);
    avpni_signatures_write(&w, &signatures);
    if (key_sets[_i].count == 9) {
        bytes[1 + 8 + 2 + 1 + 1] = 9;
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
    uint32_t psk_epoch, member_count;
    bool is_good;
} heads[] = {
    {1, 0, 0, 1, 0, true},
    {1, 0, 1, 1, 65535, true},
    {UINT64_MAX, 5, 6, UINT32_MAX, 2, true},
    {UINT64_C(7) << 48 | 1, 0, 0, 1, 1, true},
    {0, 0, 0, 1, 1, false},
    {UINT64_C(7) << 48, 0, 0, 1, 1, false},
    {1, 5, 5, 1, 1, false},
    {1, 5, 4, 1, 1, false},
    {1, 0, 0, 0, 1, false},
    {1, 0, 0, 1, 65536, false},
    {1, 0, UINT64_MAX, 1, 1, false},
    {1, UINT64_C(1) << 63, 0, 1, 1, false},
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
    head.psk_epoch = heads[_i].psk_epoch;
    head.member_count = heads[_i].member_count;
    avpni_head_write(&w, &head);
    avpni_signatures_write(&w, &signatures);
    ck_assert_int_eq(avpni_head_read(bytes, w.position, &out, &signatures_out, &body_bytes),
                     heads[_i].is_good);
}
END_TEST

static const char *const member_names[] = {"site-7", "sit\0-7", "site 7", "site:7", "\0ite-7"};

START_TEST(a_name_has_only_the_characters_of_names)
{
    uint8_t bytes[SAMPLE_BYTES];
    const size_t name_at = 1 + 4 + 32 + 1;
    size_t count = write_sample(KIND_IDENTITY, bytes);
    struct avpn_member member = {.id = site.id};

    memcpy(bytes + name_at, member_names[_i], 6);
    ck_assert_int_eq(avpni_identity_read(bytes, count, &member), _i == 0);
}
END_TEST

START_TEST(an_identity_is_that_of_its_site) /* [CFG-4] */
{
    uint8_t bytes[SAMPLE_BYTES];
    size_t count = write_sample(KIND_IDENTITY, bytes);
    struct avpn_member member = {.id = site.id}, other = {.id = site.id + 1};

    ck_assert(avpni_identity_read(bytes, count, &member));
    ck_assert(!avpni_identity_read(bytes, count, &other));
}
END_TEST

START_TEST(a_charter_has_at_most_sixteen_rotations) /* [CFG-8] */
{
    static uint8_t bytes[65536];
    static struct avpni_charter charter, out;
    struct avpni_signatures signatures = sample_signatures(), signatures_out;
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    size_t body_bytes;

    charter = sample_charter();
    charter.rotation_count = AVPN_ROTATIONS;
    for (uint8_t i = 0; i < AVPN_ROTATIONS; i++) {
        charter.rotations[i] = rotation_of(i);
    }
    avpni_charter_write(&w, &charter);
    avpni_signatures_write(&w, &signatures);
    ck_assert(avpni_charter_read(bytes, w.position, &out, &signatures_out, &body_bytes));
    ck_assert_uint_eq(out.rotation_count, AVPN_ROTATIONS);
    ck_assert_uint_eq(avpni_charter_root(&out, 0)->threshold, 2);
    ck_assert_uint_eq(avpni_charter_root(&out, AVPN_ROTATIONS)->keys[0].bytes[0], 15);
    bytes[1 + 8 + 2] = AVPN_ROTATIONS + 1;
    ck_assert(!avpni_charter_read(bytes, w.position, &out, &signatures_out, &body_bytes));
}
END_TEST

static const struct {
    uint32_t first, second;
    int64_t expires;
    bool is_good;
} invite_lists[] = {
    {1, 2, 0, true}, {1, UINT32_MAX, INT64_MAX, true}, {2, 1, 0, false}, {2, 2, 0, false},
    {1, 2, -1, false},
};

START_TEST(invites_are_by_member_and_each_once) /* [CFG-1] */
{
    uint8_t bytes[SAMPLE_BYTES];
    const struct avpn_invite invites[] = {
        {0, invite_lists[_i].first, {{1}}, 5},
        {0, invite_lists[_i].second, {{1}}, invite_lists[_i].expires}};
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    uint32_t count;

    write_invites(&w, invites, 2);
    ck_assert_int_eq(avpni_invites_read(bytes, w.position, NULL, &count), invite_lists[_i].is_good);
}
END_TEST

START_TEST(there_are_at_most_1024_invites) /* [CFG-8] */
{
    static uint8_t bytes[65536];
    static struct avpn_invite out[AVPN_INVITES];
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    const uint16_t invites = (uint16_t)(AVPN_INVITES + _i);
    uint32_t count;

    avpni_write_u16(&w, invites);
    for (uint32_t i = 1; i <= invites; i++) {
        const struct avpn_invite invite = {.member = i};

        avpni_invite_write(&w, &invite);
    }
    ck_assert_int_eq(avpni_invites_read(bytes, w.position, out, &count), _i == 0);
}
END_TEST

/* At the limit and one beyond: the count alone is refused, whatever follows. */
static const struct {
    uint32_t rules, breakouts;
    bool is_good;
} policy_sizes[] = {
    {AVPN_RULES, 0, true},
    {AVPN_RULES + 1, 0, false},
    {0, AVPN_BREAKOUTS, true},
    {0, AVPN_BREAKOUTS + 1, false},
    {AVPN_RULES, AVPN_BREAKOUTS, true},
};

START_TEST(there_are_at_most_1024_rules_and_256_breakouts) /* [CFG-8] */
{
    static uint8_t bytes[65536];
    static struct avpn_rule rules[AVPN_RULES + 1];
    static struct avpn_breakout breakouts[AVPN_BREAKOUTS + 1];
    const struct avpni_policy policy = {0, policy_sizes[_i].rules, policy_sizes[_i].breakouts,
                                        rules, breakouts};
    struct avpni_policy read = {.rules = NULL};
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);

    avpni_policy_write(&w, &policy);
    ck_assert(!w.failed);
    ck_assert_int_eq(avpni_policy_read(bytes, w.position, &read), policy_sizes[_i].is_good);
}
END_TEST

/* By exported prefix, each once, and no more than 64. [CFG-1] [CFG-8] */
static const struct {
    uint32_t count, step; /* between one and the next */
    bool is_good;
} translation_lists[] = {{64, 1, true}, {65, 1, false}, {2, 0, false}, {2, 255, false}, {0, 0, true}};

START_TEST(translations_are_in_order_and_at_most_64)
{
    uint8_t bytes[SAMPLE_BYTES];
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);
    struct avpn_member member = member_of(&site);
    const struct avpni_member_view view = view_of(&member);
    struct avpn_member out = {.id = site.id};

    avpni_identity_write(&w, &view);
    w.position--; /* the count of none */
    avpni_write_u8(&w, (uint8_t)translation_lists[_i].count);
    for (uint32_t i = 0; i < translation_lists[_i].count; i++) {
        const uint8_t third = (uint8_t)(100 + i * translation_lists[_i].step);
        const uint8_t pair[] = {4, 24, 192, 168, (uint8_t)i, 4, 24, 10, 7, third};

        avpni_write_bytes(&w, pair, sizeof pair);
    }
    ck_assert_int_eq(avpni_identity_read(bytes, w.position, &out), translation_lists[_i].is_good);
}
END_TEST

/* [CFG-3]: the label ends before the hash, and the hash is of all that is signed. */
START_TEST(what_is_signed_is_a_label_and_a_hash)
{
    static const uint8_t abc[] = "abc";
    uint8_t text[AVPNI_SIGNED_LIMIT], other[AVPNI_SIGNED_LIMIT], hash[32];
    struct avpn_key organization = {{5}};
    struct avpni_key_set set = key_set_of(1, 2, 9);
    uint8_t body[AVPNI_ROTATION_LIMIT];

    harness_hex("bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319", hash, 32);
    ck_assert_uint_eq(avpni_signed_text(text, AVPNI_HEAD_LABEL, abc, 3), 14 + 1 + 32);
    ck_assert_mem_eq(text, "autovpn head 2", 15);
    ck_assert_mem_eq(text + 15, hash, 32);
    avpni_signed_text(other, AVPNI_HEAD_LABEL, abc, 2);
    ck_assert_mem_ne(text + 15, other + 15, 32);
    ck_assert_uint_eq(avpni_rotation_body(body, &organization, 3, &set), 32 + 1 + 2 + 64);
    ck_assert(body[0] == 5 && body[32] == 3 && body[33] == 1 && body[34] == 2 && body[35] == 9);
}
END_TEST

/* Whose numbers go beyond the set, whatever lies behind it. [CFG-3] */
START_TEST(only_keys_of_the_set_sign)
{
    static const uint8_t body[] = "body", seed[32] = {3};
    struct avpni_key_set set = {.threshold = 1, .count = 1 + (uint8_t)_i};
    struct avpni_signatures signatures = {.count = 1, .numbers = {1}};
    uint8_t text[AVPNI_SIGNED_LIMIT];
    size_t text_bytes = avpni_signed_text(text, AVPNI_HEAD_LABEL, body, sizeof body);

    avpni_sign_keypair(seed, &set.keys[1]);
    avpni_sign(signatures.bytes[0], text, text_bytes, seed);
    ck_assert_int_eq(
        avpni_signatures_verify(&signatures, &set, AVPNI_HEAD_LABEL, body, sizeof body), _i == 1);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(what_was_written_is_read_and_written_alike, KINDS),
    HARNESS_LOOP(every_truncation_and_every_byte_too_many_is_refused, KINDS),
    HARNESS_LOOP(every_flipped_bit_is_refused_or_means_something_else, KINDS),
    HARNESS_LOOP(a_key_set_is_ascending_and_its_threshold_can_be_met, HARNESS_COUNT(key_sets)),
    HARNESS_LOOP(signatures_are_by_different_keys_in_order, HARNESS_COUNT(signature_lists)),
    HARNESS_LOOP(numbers_of_a_head_are_in_range, HARNESS_COUNT(heads)),
    HARNESS_LOOP(a_name_has_only_the_characters_of_names, HARNESS_COUNT(member_names)),
    HARNESS_CASE(an_identity_is_that_of_its_site),
    HARNESS_CASE(a_charter_has_at_most_sixteen_rotations),
    HARNESS_LOOP(invites_are_by_member_and_each_once, HARNESS_COUNT(invite_lists)),
    HARNESS_LOOP(there_are_at_most_1024_invites, 2),
    HARNESS_LOOP(there_are_at_most_1024_rules_and_256_breakouts, HARNESS_COUNT(policy_sizes)),
    HARNESS_LOOP(translations_are_in_order_and_at_most_64, HARNESS_COUNT(translation_lists)),
    HARNESS_CASE(what_is_signed_is_a_label_and_a_hash),
    HARNESS_LOOP(only_keys_of_the_set_sign, 2),
};
HARNESS_MAIN("topo/record", cases)
