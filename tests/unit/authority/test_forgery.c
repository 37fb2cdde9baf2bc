/* SPDX-License-Identifier: ISC */
/*
 * Forged documents, put together here from parts, with genuine signatures wherever the case allows:
 * each is refused, and for its own reason. [CFG-1] [CFG-2] [CFG-3] [CFG-4] [CFG-5] [CFG-6] [CFG-7] [CFG-9] [CFG-13] [CFG-14]
 */
#include "publish.h"
#include "route/counting.h"
#include "topo/document.h"
#include "topo/merkle.h"
#include "topo/record.h"

enum { KEYS = 2, MEMBERS = 3, ROOT_SETS = 3, LEAF_LIMIT = 2048, BUFFER_BYTES = 16384 };

static const struct site sites[] = {
    {1, 'H', "", "10.1.0.0/16"}, {2, 'S', "1*", "10.2.0.0/16"}, {3, 's', "1", ""}};

typedef uint8_t seed_pair[KEYS][32]; /* by ascending public key */

struct parts {
    uint8_t format, kind;
    struct avpni_charter charter; /* which keys sign is in its signatures; their bytes are made */
    struct avpni_head head;
    seed_pair root_seeds[ROOT_SETS], signing_seeds;
    struct avpni_signatures charter_by, head_by;
    const seed_pair *charter_seeds, *head_seeds;
    const char *charter_label, *head_label, *rotation_label;
    struct avpn_member members[MEMBERS];
    bool is_told[MEMBERS];
    uint32_t member_count;
    uint32_t members_claimed;     /* in the frame */
    uint32_t identity_shift;      /* added to the ids of identities */
    uint8_t number_shift;         /* to the numbers of rotations as they are signed */
    struct avpn_key organization; /* what the reader was born knowing */
    struct avpn_key rotation_organization;
    bool is_root_wrong, is_keys_hash_wrong, is_charter_signature_wrong, is_head_signature_wrong;
    bool is_identity_wrong, is_rotation_wrong_by_previous, is_rotation_wrong_by_itself;
    bool is_told_to_all, is_told_to_none;
    struct avpn_invite invites[2];
    uint16_t invite_count;
    int64_t wall_clock;
    struct avpni_policy policy;
    struct avpn_rule rules[2];
    struct avpn_breakout breakouts[2];
    size_t policy_cut, policy_more; /* bytes before it is signed */
    uint8_t policy_kind;
    bool is_policy_stripped, is_policy_left_out, is_policy_wrong; /* after that */
};

/* ---- parts that fit -------------------------------------------------------------------------- */

static void make_keys(struct avpni_key_set *set, seed_pair seeds, uint8_t first)
{
    struct avpn_key keys[KEYS];

    for (uint8_t i = 0; i < KEYS; i++) {
        const struct avpn_key seed = seed_of((uint8_t)(first + i));

        memcpy(seeds[i], seed.bytes, 32);
        avpni_sign_keypair(seeds[i], &keys[i]);
    }
    if (memcmp(&keys[0], &keys[1], 32) > 0) {
        const struct avpn_key key = keys[0];
        uint8_t seed[32];

        memcpy(seed, seeds[0], 32);
        memcpy(seeds[0], seeds[1], 32);
        memcpy(seeds[1], seed, 32);
        keys[0] = keys[1];
        keys[1] = key;
    }
    *set = (struct avpni_key_set){.threshold = KEYS, .count = KEYS, .keys = {keys[0], keys[1]}};
}

static void name_organization(struct parts *parts)
{
    avpni_organization_id(&parts->charter.first_root, &parts->organization);
    parts->head.organization = parts->rotation_organization = parts->organization;
}

static void good_parts(struct parts *parts)
{
    static const struct avpni_signatures both = {.count = 2, .numbers = {0, 1}};

    *parts = (struct parts){.format = 3,
                            .kind = AVPNI_DOCUMENT_WHOLE,
                            .charter_label = AVPNI_CHARTER_LABEL,
                            .head_label = AVPNI_HEAD_LABEL,
                            .rotation_label = AVPNI_ROTATION_LABEL,
                            .charter_by = both,
                            .head_by = both,
                            .member_count = MEMBERS,
                            .members_claimed = MEMBERS,
                            .is_told = {true, true, true},
                            .charter_seeds = &parts->root_seeds[0],
                            .head_seeds = &parts->signing_seeds,
                            .invites = {{0, 2, {{1}}, 5000}, {0, 9, {{2}}, 5000}},
                            .invite_count = 2,
                            .policy = {.rules = parts->rules,
                                       .rule_count = 2,
                                       .breakouts = parts->breakouts,
                                       .breakout_count = 2}};
    for (uint32_t i = 0; i < 2; i++) {
        parts->rules[i] = (struct avpn_rule){.action = AVPN_RULE_DENY,
                                             .protocol = 6,
                                             .source = prefix_of_text("10.2.0.0/16"),
                                             .destination = prefix_of_text("10.1.0.0/16"),
                                             .destination_first = 22,
                                             .destination_last = 23,
                                             .name = "rule"};
        parts->breakouts[i] = (struct avpn_breakout){
            .member = 2 * i, .destination = prefix_of_text("198.51.100.0/24")};
    }
    strcpy(parts->charter.name, "example");
    make_keys(&parts->charter.first_root, parts->root_seeds[0], 1);
    make_keys(&parts->charter.rotations[0].set, parts->root_seeds[1], 11);
    make_keys(&parts->charter.rotations[1].set, parts->root_seeds[2], 21);
    for (uint32_t i = 0; i < ROOT_SETS - 1; i++) {
        parts->charter.rotations[i].by_previous = parts->charter.rotations[i].by_itself = both;
    }
    make_keys(&parts->charter.signing, parts->signing_seeds, 101);
    parts->charter.suites[0] = 2;
    parts->charter.suite_count = 1;
    parts->charter.registry_count = 1;
    parts->charter.registries[0] = registry_of(1);
    for (uint32_t i = 0; i < MEMBERS; i++) {
        parts->members[i] = member_of(&sites[i]);
    }
    parts->head = (struct avpni_head){.version = 9,
                                      .created = 1000,
                                      .expires = 2000,
                                      .psk_epoch = 1,
                                      .member_count = MEMBERS};
    name_organization(parts);
}

/* ---- putting them together ------------------------------------------------------------------- */

static void make_signatures(struct avpni_signatures *signatures, const char *label,
                            const uint8_t *body, size_t count, const seed_pair *seeds,
                            bool is_wrong)
{
    uint8_t text[AVPNI_SIGNED_LIMIT];
    size_t text_bytes = avpni_signed_text(text, label, body, count);

    for (uint8_t i = 0; i < signatures->count; i++) {
        avpni_sign(signatures->bytes[i], text, text_bytes, (*seeds)[signatures->numbers[i] % KEYS]);
        signatures->bytes[i][0] ^= is_wrong && i + 1 == signatures->count;
    }
}

/* Only the last rotation's signatures are wrong, where they are to be. */
static void sign_rotations(struct parts *parts)
{
    for (uint8_t i = 0; i < parts->charter.rotation_count; i++) {
        struct avpni_rotation *rotation = &parts->charter.rotations[i];
        bool is_last = i + 1 == parts->charter.rotation_count;
        uint8_t body[AVPNI_ROTATION_LIMIT];
        size_t count = avpni_rotation_body(body, &parts->rotation_organization,
                                           (uint8_t)(i + 1 + parts->number_shift), &rotation->set);

        make_signatures(&rotation->by_previous, parts->rotation_label, body, count,
                        &parts->root_seeds[i], is_last && parts->is_rotation_wrong_by_previous);
        make_signatures(&rotation->by_itself, parts->rotation_label, body, count,
                        &parts->root_seeds[i + 1], is_last && parts->is_rotation_wrong_by_itself);
    }
}

static void sign_rest(struct avpni_writer *w, const char *label, const seed_pair *seeds,
                      struct avpni_signatures *by, bool is_wrong)
{
    make_signatures(by, label, w->bytes, w->position, seeds, is_wrong);
    avpni_signatures_write(w, by);
}

static void add_member(struct avpni_writer *members, struct avpni_merkle *sites_tree,
                       const struct parts *parts, uint32_t index)
{
    const struct avpn_member *member = &parts->members[index];
    struct avpni_member_view view = {.id = member->id + parts->identity_shift,
                                     .key = &member->key,
                                     .name = member->name,
                                     .role = member->role,
                                     .flags = member->flags,
                                     .hub_count = member->hub_count,
                                     .export_count = member->export_count,
                                     .uplink_count = member->uplink_count,
                                     .translation_count = member->translation_count,
                                     .translations = member->translations,
                                     .hubs = member->hubs,
                                     .exports = member->exports,
                                     .manual = member->manual};
    uint8_t site[LEAF_LIMIT], identity[LEAF_LIMIT], hash[32];
    struct avpni_writer site_writer = avpni_writer(site, sizeof site),
                        identity_writer = avpni_writer(identity, sizeof identity);

    avpni_identity_write(&identity_writer, &view);
    avpni_merkle_leaf(identity, identity_writer.position, hash);
    hash[3] ^= parts->is_identity_wrong;
    view.id = member->id;
    avpni_site_write(&site_writer, &view, hash);
    avpni_merkle_add(sites_tree, site, site_writer.position);
    const struct avpni_leaves leaves = {
        site, identity, (uint16_t)site_writer.position,
        parts->is_told[index] ? (uint16_t)identity_writer.position : 0};

    avpni_leaves_write(members, &leaves);
}

static void write_keys(struct avpni_writer *w, const struct parts *parts)
{
    for (uint32_t i = 0; i < parts->member_count; i++) {
        bool is_told = (parts->members[i].flags == 0 || parts->is_told_to_all) &&
                       !parts->is_told_to_none;
        const uint8_t sealed[AVPNI_SEALED_PSK_BYTES] = {is_told};

        avpni_write_bytes(w, sealed, sizeof sealed);
    }
    avpni_write_u16(w, parts->invite_count);
    for (uint32_t i = 0; i < parts->invite_count; i++) {
        avpni_invite_write(w, &parts->invites[i]);
    }
}

/* The Merkle root as doc/protocol.md composes it. */
static void make_root(struct parts *parts, const struct avpni_writer *charter,
                      const struct avpni_writer *policy, const struct avpni_merkle *sites_tree,
                      const uint8_t keys_hash[32])
{
    uint8_t sites_root[32], rest[32];

    avpni_merkle_root(sites_tree, sites_root);
    avpni_merkle_leaf(policy->bytes, policy->position, rest);
    avpni_merkle_join(rest, sites_root);
    avpni_merkle_leaf(charter->bytes, charter->position, parts->head.root);
    avpni_merkle_join(parts->head.root, rest);
    avpni_merkle_join(parts->head.root, keys_hash);
    parts->head.root[5] ^= parts->is_root_wrong;
}

/* As the members are read it is in the bytes that rules, breakouts and all are refused or not. */
static void write_policy(struct avpni_writer *w, const struct parts *parts)
{
    avpni_policy_write(w, &parts->policy);
    if (parts->policy_cut > 0) {
        w->position -= parts->policy_cut;
    }
    avpni_write_zeros(w, parts->policy_more);
    if (parts->policy_kind != 0) {
        w->bytes[0] = parts->policy_kind;
    }
}

/* What a registry could do to it once it is signed. */
static void spoil_policy(struct avpni_writer *w, const struct parts *parts)
{
    if (parts->is_policy_stripped) {
        const struct avpni_policy none = {.flags = 0};

        *w = avpni_writer(w->bytes, w->capacity);
        avpni_policy_write(w, &none);
    }
    if (parts->is_policy_left_out) {
        w->position = 0;
    }
    w->bytes[w->position / 2] ^= parts->is_policy_wrong;
}

static size_t forge(struct parts *parts, uint8_t out[BUFFER_BYTES])
{
    static uint8_t charter[BUFFER_BYTES], members[BUFFER_BYTES], keys[BUFFER_BYTES], head[1024];
    static uint8_t policy[BUFFER_BYTES];
    struct avpni_writer charter_writer = avpni_writer(charter, sizeof charter),
                        policy_writer = avpni_writer(policy, sizeof policy),
                        members_writer = avpni_writer(members, sizeof members),
                        keys_writer = avpni_writer(keys, sizeof keys),
                        head_writer = avpni_writer(head, sizeof head),
                        w = avpni_writer(out, BUFFER_BYTES);
    struct avpni_merkle sites_tree;
    uint8_t keys_hash[32];

    sign_rotations(parts);
    avpni_charter_write(&charter_writer, &parts->charter);
    sign_rest(&charter_writer, parts->charter_label, parts->charter_seeds, &parts->charter_by,
              parts->is_charter_signature_wrong);
    avpni_merkle_init(&sites_tree);
    for (uint32_t i = 0; i < parts->member_count; i++) {
        add_member(&members_writer, &sites_tree, parts, i);
    }
    write_keys(&keys_writer, parts);
    avpni_merkle_leaf(keys, keys_writer.position, keys_hash);
    write_policy(&policy_writer, parts);
    make_root(parts, &charter_writer, &policy_writer, &sites_tree, keys_hash);
    spoil_policy(&policy_writer, parts);
    keys_hash[7] ^= parts->is_keys_hash_wrong;
    avpni_head_write(&head_writer, &parts->head);
    sign_rest(&head_writer, parts->head_label, parts->head_seeds, &parts->head_by,
              parts->is_head_signature_wrong);
    const struct avpni_document start = {.head = head,
                                         .head_bytes = head_writer.position,
                                         .charter = charter,
                                         .charter_bytes = charter_writer.position,
                                         .policy = policy,
                                         .policy_bytes = policy_writer.position};

    avpni_document_write_start(&w, parts->kind, &start);
    avpni_write_u32(&w, parts->members_claimed);
    avpni_write_bytes(&w, members, members_writer.position);
    if (parts->kind == AVPNI_DOCUMENT_SLICE) {
        avpni_write_bytes(&w, keys_hash, sizeof keys_hash);
        avpni_write_bytes(&w, keys, AVPNI_SEALED_PSK_BYTES);
    } else {
        avpni_write_bytes(&w, keys, keys_writer.position);
    }
    out[8] = parts->format;
    ck_assert(!w.failed && !charter_writer.failed && !members_writer.failed &&
              !head_writer.failed && !policy_writer.failed);
    return w.position;
}

/* ---- what is spoiled ------------------------------------------------------------------------- */

static void nothing(struct parts *p) { p->wall_clock = 0; }
static void slice(struct parts *p) { p->kind = AVPNI_DOCUMENT_SLICE; }
static void slice_with_one_identity(struct parts *p)
{
    p->kind = AVPNI_DOCUMENT_SLICE;
    p->is_told[0] = p->is_told[2] = false;
}
static void one_of_two(struct parts *p)
{
    p->charter.first_root.threshold = p->charter.signing.threshold = 1;
    p->charter_by = p->head_by = (struct avpni_signatures){.count = 1, .numbers = {1}};
    name_organization(p);
}
static void no_members(struct parts *p)
{
    p->member_count = p->members_claimed = p->head.member_count = 0;
    p->policy.breakout_count = 1; /* that of everybody */
}
static void other_format(struct parts *p) { p->format = 2; }
static void other_kind(struct parts *p) { p->kind = 3; }
static void no_kind(struct parts *p) { p->kind = 0; }

static void fewer_root_signatures(struct parts *p) { p->charter_by.count = 1; }
static void fewer_head_signatures(struct parts *p) { p->head_by.count = 1; }
static void same_key_twice(struct parts *p) { p->head_by.numbers[1] = 0; }
static void unknown_key(struct parts *p) { p->head_by.numbers[1] = 2; }
static void impossible_key(struct parts *p) { p->head_by.numbers[1] = 255; }
static void wrong_charter_signature(struct parts *p) { p->is_charter_signature_wrong = true; }
static void wrong_head_signature(struct parts *p) { p->is_head_signature_wrong = true; }
static void wrong_signature_beyond_threshold(struct parts *p)
{
    p->charter.first_root.threshold = 1;
    name_organization(p);
    p->is_charter_signature_wrong = true;
}
static void labels_swapped(struct parts *p)
{
    p->charter_label = AVPNI_HEAD_LABEL;
    p->head_label = AVPNI_CHARTER_LABEL;
}
static void head_signed_by_root(struct parts *p) { p->head_seeds = &p->root_seeds[0]; }
static void threshold_lowered(struct parts *p)
{
    p->charter.first_root.threshold = 1; /* another organization then, whoever signs */
    p->charter_by.count = 1;
}
static void threshold_zero(struct parts *p) { p->charter.signing.threshold = 0; }
static void other_organization(struct parts *p) { p->organization.bytes[0] ^= 1; }
static void head_of_other_organization(struct parts *p) { p->head.organization.bytes[0] ^= 1; }
static void other_root_keys(struct parts *p)
{
    make_keys(&p->charter.first_root, p->root_seeds[0], 50);
}

static void rotate(struct parts *p, uint8_t count)
{
    p->charter.rotation_count = count;
    p->charter_seeds = &p->root_seeds[count];
}
static void rotated(struct parts *p) { rotate(p, 1); }
static void rotated_twice(struct parts *p) { rotate(p, 2); }
static void rotated_against_the_set_before(struct parts *p)
{
    rotate(p, 2);
    p->is_rotation_wrong_by_previous = true;
}
static void rotated_without_the_new_set(struct parts *p)
{
    rotate(p, 2);
    p->is_rotation_wrong_by_itself = true;
}
static void rotated_by_too_few_before(struct parts *p)
{
    rotate(p, 1);
    p->charter.rotations[0].by_previous.count = 1;
}
static void rotated_to_too_few(struct parts *p)
{
    rotate(p, 1);
    p->charter.rotations[0].by_itself.count = 1;
}
static void first_rotation_is_wrong(struct parts *p)
{
    rotate(p, 2);
    p->charter.rotations[0].by_previous.count = 1;
}
static void rotation_of_another_number(struct parts *p)
{
    rotate(p, 1);
    p->number_shift = 1;
}
static void rotation_of_another_organization(struct parts *p)
{
    rotate(p, 1);
    p->rotation_organization.bytes[9] ^= 1;
}
static void rotation_under_another_label(struct parts *p)
{
    rotate(p, 1);
    p->rotation_label = AVPNI_CHARTER_LABEL;
}
static void signed_by_the_set_before_last(struct parts *p)
{
    rotate(p, 2);
    p->charter_seeds = &p->root_seeds[1];
}
static void signed_by_the_first_set(struct parts *p)
{
    rotate(p, 1);
    p->charter_seeds = &p->root_seeds[0];
}
static void born_knowing_a_later_set(struct parts *p)
{
    rotate(p, 1);
    avpni_organization_id(&p->charter.rotations[0].set, &p->organization);
}

static void serial_one(struct parts *p)
{
    p->charter.serial = 1;
    p->head.version |= UINT64_C(1) << 48;
}
static void serial_of_the_head_alone(struct parts *p) { p->head.version |= UINT64_C(1) << 48; }
static void serial_of_the_charter_alone(struct parts *p) { p->charter.serial = 1; }

static void wrong_merkle_root(struct parts *p) { p->is_root_wrong = true; }
static void wrong_identity(struct parts *p) { p->is_identity_wrong = true; }
static void wrong_identity_in_a_slice(struct parts *p)
{
    slice_with_one_identity(p);
    p->is_identity_wrong = true;
}
static void wrong_identity_that_is_not_told(struct parts *p)
{
    slice(p);
    p->is_identity_wrong = true;
    p->is_told[0] = p->is_told[1] = p->is_told[2] = false;
}
static void identity_of_another_member(struct parts *p) { p->identity_shift = 1; }
static void identity_not_told(struct parts *p) { p->is_told[1] = false; }
static void wrong_keys_hash(struct parts *p)
{
    slice(p);
    p->is_keys_hash_wrong = true;
}
static void more_members_claimed(struct parts *p) { p->head.member_count = p->members_claimed = 4; }
static void member_counts_differ(struct parts *p) { p->head.member_count = 2; }
static void member_left_over(struct parts *p) { p->head.member_count = p->members_claimed = 2; }

static void version_zero(struct parts *p) { p->head.version = 0; }
static void ends_before_it_begins(struct parts *p) { p->head.expires = 900; }
static void members_out_of_order(struct parts *p)
{
    const struct avpn_member member = p->members[0];

    p->members[0] = p->members[1];
    p->members[1] = member;
}
static void member_twice(struct parts *p) { p->members[1] = p->members[0]; }
static void member_zero(struct parts *p) { p->members[0].id = 0; }
static void psk_for_the_revoked(struct parts *p) { p->is_told_to_all = true; }
static void psk_for_nobody(struct parts *p) { p->is_told_to_none = true; }
static void slice_without_psk(struct parts *p)
{
    slice(p);
    p->is_told_to_none = true;
}
static void invites_out_of_order(struct parts *p) { p->invites[1].member = 1; }
static void invite_twice(struct parts *p) { p->invites[1].member = 2; }
static void no_invites(struct parts *p) { p->invite_count = 0; }

static void no_registry(struct parts *p) { p->charter.registry_count = 0; }
static void unknown_suite(struct parts *p) { p->charter.suites[0] = 3; }
static void unknown_role(struct parts *p) { p->members[0].role = 9; }
static void unknown_hub(struct parts *p) { p->members[1].hubs[0].member = 55; }
static void same_key(struct parts *p) { p->members[1].key = p->members[0].key; }
static void same_name(struct parts *p) { strcpy(p->members[1].name, p->members[0].name); }
static void zero_key(struct parts *p) { memset(&p->members[1].key, 0, 32); }
static void exports_default(struct parts *p)
{
    p->members[1].exports[0] = (struct avpn_prefix){.family = AVPN_FAMILY_IPV4};
}
static void manual_loopback(struct parts *p)
{
    p->members[0].uplink_count = 1;
    avpn_contact_parse("127.0.0.1:40000", &p->members[0].manual[0]);
}
static void invite_for_nobody(struct parts *p) { p->invites[0].member = 0; }
static void invite_without_key(struct parts *p) { memset(&p->invites[0].key, 0, 32); }

static void no_policy(struct parts *p) { p->policy = (struct avpni_policy){.flags = 0}; }
static void no_hub_tunnels(struct parts *p) { p->policy.flags = 1; }
static void unknown_flag(struct parts *p) { p->policy.flags = 2; }
static void policy_stripped(struct parts *p) { p->is_policy_stripped = true; }
static void policy_stripped_in_a_slice(struct parts *p)
{
    slice(p);
    policy_stripped(p);
}
static void policy_left_out(struct parts *p) { p->is_policy_left_out = true; }
static void wrong_policy(struct parts *p) { p->is_policy_wrong = true; }
static void wrong_policy_in_a_slice(struct parts *p)
{
    slice(p);
    wrong_policy(p);
}
static void policy_signed_empty(struct parts *p)
{
    no_policy(p);
    p->policy_cut = 6;
}
static void policy_cut_short(struct parts *p) { p->policy_cut = 1; }
static void policy_with_more_behind(struct parts *p) { p->policy_more = 1; }
static void policy_of_another_kind(struct parts *p) { p->policy_kind = 4; }
static void rule_prefix_with_bits(struct parts *p) { p->rules[1].source.length = 14; }
static void rule_prefix_of_no_family(struct parts *p) { p->rules[1].destination.family = 5; }
static void any_prefix_with_a_length(struct parts *p) { p->rules[1].source.family = 0; }
static void rule_without_a_name(struct parts *p) { p->rules[1].name[0] = '\0'; }
static void rule_of_a_strange_name(struct parts *p) { p->rules[1].name[1] = ' '; }
static void unknown_action(struct parts *p) { p->rules[1].action = 3; }
static void ports_out_of_order(struct parts *p) { p->rules[1].destination_last = 21; }
static void ports_without_protocol(struct parts *p) { p->rules[1].protocol = 0; }
static void rule_of_two_families(struct parts *p)
{
    p->rules[1].source = prefix_of_text("2001:db8::/32");
}
static void breakout_of_nobody(struct parts *p) { p->breakouts[1].member = 77; }
static void breakout_of_everything(struct parts *p)
{
    memset(&p->breakouts[1].destination, 0, sizeof p->breakouts[1].destination);
}

static void translate(struct parts *p, const char *local, const char *exported)
{
    struct avpn_member *member = &p->members[1];
    struct avpn_translation *translation = &member->translations[member->translation_count++];

    translation->local = prefix_of_text(local);
    translation->exported = prefix_of_text(exported);
}
static void translated(struct parts *p)
{
    translate(p, "192.168.2.0/24", "10.2.1.0/24");
    translate(p, "192.168.1.0/24", "10.2.2.0/24");
}
static void translated_beyond_the_exports(struct parts *p)
{
    translate(p, "192.168.2.0/24", "10.3.1.0/24");
}
static void translated_twice(struct parts *p)
{
    translated(p);
    p->members[1].translations[1].local = p->members[1].translations[0].local;
}

static void before_the_end(struct parts *p) { p->wall_clock = 1999; }
static void at_the_end(struct parts *p) { p->wall_clock = 2000; }
static void before_the_beginning(struct parts *p) { p->wall_clock = 1; }
static void never_ends(struct parts *p)
{
    p->head.expires = 0;
    p->wall_clock = INT64_MAX;
}

static const struct {
    void (*spoil)(struct parts *parts);
    int32_t expected;
} forgeries[] = {
    {nothing, AVPN_OK},
    {slice, AVPN_OK},
    {slice_with_one_identity, AVPN_OK},
    {one_of_two, AVPN_OK},
    {no_members, AVPN_OK},
    {other_format, AVPN_ERROR_FORMAT},
    {other_kind, AVPN_ERROR_FORMAT},
    {no_kind, AVPN_ERROR_FORMAT},
    /* [CFG-2], [CFG-3] */
    {fewer_root_signatures, AVPN_ERROR_AUTH},
    {fewer_head_signatures, AVPN_ERROR_AUTH},
    {same_key_twice, AVPN_ERROR_FORMAT},
    {unknown_key, AVPN_ERROR_AUTH},
    {impossible_key, AVPN_ERROR_AUTH},
    {wrong_charter_signature, AVPN_ERROR_AUTH},
    {wrong_head_signature, AVPN_ERROR_AUTH},
    {wrong_signature_beyond_threshold, AVPN_ERROR_AUTH},
    {labels_swapped, AVPN_ERROR_AUTH},
    {head_signed_by_root, AVPN_ERROR_AUTH},
    {threshold_lowered, AVPN_ERROR_AUTH},
    {threshold_zero, AVPN_ERROR_FORMAT},
    {other_organization, AVPN_ERROR_AUTH},
    {head_of_other_organization, AVPN_ERROR_AUTH},
    {other_root_keys, AVPN_ERROR_AUTH},
    {rotated, AVPN_OK},
    {rotated_twice, AVPN_OK},
    {rotated_against_the_set_before, AVPN_ERROR_AUTH},
    {rotated_without_the_new_set, AVPN_ERROR_AUTH},
    {rotated_by_too_few_before, AVPN_ERROR_AUTH},
    {rotated_to_too_few, AVPN_ERROR_AUTH},
    {first_rotation_is_wrong, AVPN_ERROR_AUTH},
    {rotation_of_another_number, AVPN_ERROR_AUTH},
    {rotation_of_another_organization, AVPN_ERROR_AUTH},
    {rotation_under_another_label, AVPN_ERROR_AUTH},
    {signed_by_the_set_before_last, AVPN_ERROR_AUTH},
    {signed_by_the_first_set, AVPN_ERROR_AUTH},
    {born_knowing_a_later_set, AVPN_ERROR_AUTH},
    /* [CFG-5] */
    {serial_one, AVPN_OK},
    {serial_of_the_head_alone, AVPN_ERROR_AUTH},
    {serial_of_the_charter_alone, AVPN_ERROR_AUTH},
    /* [CFG-4] */
    {wrong_merkle_root, AVPN_ERROR_AUTH},
    {wrong_identity, AVPN_ERROR_AUTH},
    {wrong_identity_in_a_slice, AVPN_ERROR_AUTH},
    {wrong_identity_that_is_not_told, AVPN_OK},
    {identity_of_another_member, AVPN_ERROR_FORMAT},
    {identity_not_told, AVPN_ERROR_FORMAT},
    {wrong_keys_hash, AVPN_ERROR_AUTH},
    {more_members_claimed, AVPN_ERROR_FORMAT},
    {member_counts_differ, AVPN_ERROR_FORMAT},
    {member_left_over, AVPN_ERROR_AUTH}, /* taken for keys */
    /* [CFG-1], [CFG-7] */
    {version_zero, AVPN_ERROR_FORMAT},
    {ends_before_it_begins, AVPN_ERROR_FORMAT},
    {members_out_of_order, AVPN_ERROR_FORMAT},
    {member_twice, AVPN_ERROR_FORMAT},
    {member_zero, AVPN_ERROR_FORMAT},
    {psk_for_the_revoked, AVPN_ERROR_FORMAT},
    {psk_for_nobody, AVPN_ERROR_FORMAT},
    {slice_without_psk, AVPN_OK}, /* incomplete, but for one that is revoked [CFG-10] */
    {invites_out_of_order, AVPN_ERROR_FORMAT},
    {invite_twice, AVPN_ERROR_FORMAT},
    {no_invites, AVPN_OK},
    /* [CFG-9] */
    {no_registry, AVPN_ERROR_ARGUMENT},
    {unknown_suite, AVPN_ERROR_ARGUMENT},
    {unknown_role, AVPN_ERROR_ARGUMENT},
    {unknown_hub, AVPN_ERROR_ARGUMENT},
    {same_key, AVPN_ERROR_ARGUMENT},
    {same_name, AVPN_ERROR_ARGUMENT},
    {zero_key, AVPN_ERROR_ARGUMENT},
    {exports_default, AVPN_ERROR_ARGUMENT},
    {manual_loopback, AVPN_ERROR_ARGUMENT},
    {invite_for_nobody, AVPN_ERROR_ARGUMENT},
    {invite_without_key, AVPN_ERROR_ARGUMENT},
    /* [CFG-13]: nothing of the policy can be taken away or changed */
    {no_policy, AVPN_OK},
    {no_hub_tunnels, AVPN_OK},
    {unknown_flag, AVPN_ERROR_ARGUMENT},
    {policy_stripped, AVPN_ERROR_AUTH},
    {policy_stripped_in_a_slice, AVPN_ERROR_AUTH},
    {policy_left_out, AVPN_ERROR_AUTH},
    {wrong_policy, AVPN_ERROR_AUTH},
    {wrong_policy_in_a_slice, AVPN_ERROR_AUTH},
    {policy_signed_empty, AVPN_ERROR_FORMAT},
    {policy_cut_short, AVPN_ERROR_FORMAT},
    {policy_with_more_behind, AVPN_ERROR_FORMAT},
    {policy_of_another_kind, AVPN_ERROR_FORMAT},
    {rule_prefix_with_bits, AVPN_ERROR_FORMAT},
    {rule_prefix_of_no_family, AVPN_ERROR_FORMAT},
    {any_prefix_with_a_length, AVPN_ERROR_FORMAT},
    {rule_without_a_name, AVPN_OK},
    {rule_of_a_strange_name, AVPN_ERROR_FORMAT},
    {unknown_action, AVPN_ERROR_ARGUMENT},
    {ports_out_of_order, AVPN_ERROR_ARGUMENT},
    {ports_without_protocol, AVPN_ERROR_ARGUMENT},
    {rule_of_two_families, AVPN_ERROR_ARGUMENT},
    {breakout_of_nobody, AVPN_ERROR_ARGUMENT},
    {breakout_of_everything, AVPN_ERROR_ARGUMENT},
    /* [CFG-14] */
    {translated, AVPN_OK},
    {translated_beyond_the_exports, AVPN_ERROR_ARGUMENT},
    {translated_twice, AVPN_ERROR_ARGUMENT},
    /* [CFG-6] */
    {before_the_end, AVPN_OK},
    {at_the_end, AVPN_ERROR_EXPIRED},
    {before_the_beginning, AVPN_OK},
    {never_ends, AVPN_OK},
};

START_TEST(each_forgery_is_refused_for_its_reason)
{
    static uint8_t bytes[BUFFER_BYTES];
    static struct parts parts;
    struct counting counting = {0};
    const struct avpn_host host = counting_host(&counting);
    struct avpn_config *read = NULL;

    good_parts(&parts);
    forgeries[_i].spoil(&parts);
    size_t count = forge(&parts, bytes);

    ck_assert_int_eq(
        avpn_config_read(bytes, count, &parts.organization, parts.wall_clock, &host, &read),
        forgeries[_i].expected);
    ck_assert((read != NULL) == (forgeries[_i].expected == AVPN_OK));
    if (read != NULL) {
        ck_assert_uint_eq(avpn_config_rotations(read), parts.charter.rotation_count);
        ck_assert_int_eq(avpn_config_is_whole(read), parts.kind == AVPNI_DOCUMENT_WHOLE);
        ck_assert_uint_eq(avpn_config_invite_count(read),
                          parts.kind == AVPNI_DOCUMENT_WHOLE ? parts.invite_count : 0);
    }
    avpn_config_del(read);
    ck_assert_int_eq(counting.blocks, 0);
}
END_TEST

/* Head and charter alone prove as much as they would in the whole, and no more. */
START_TEST(the_beginning_of_a_document_proves_who_signed_it)
{
    static uint8_t bytes[BUFFER_BYTES];
    static struct parts parts;
    struct avpni_document document;
    uint64_t version = 0;

    good_parts(&parts);
    forgeries[_i].spoil(&parts);
    size_t count = forge(&parts, bytes);
    struct avpn_key organization = parts.organization;

    if (!avpni_document_read_start(bytes, count, &document)) {
        ck_assert_int_eq(forgeries[_i].expected, AVPN_ERROR_FORMAT);
        ck_assert_int_eq(avpni_bundle_prove_start(bytes, count, &organization, &version),
                         AVPN_ERROR_FORMAT);
        return;
    }
    size_t start_bytes = (size_t)(document.charter + document.charter_bytes - bytes);
    int32_t result = avpni_bundle_prove_start(bytes, start_bytes, &organization, &version);
    bool is_signed = parts.head.member_count == MEMBERS && !parts.is_root_wrong &&
                     !parts.is_keys_hash_wrong && !parts.is_identity_wrong &&
                     !parts.is_policy_wrong && !parts.is_policy_stripped &&
                     !parts.is_policy_left_out;

    if (forgeries[_i].expected == AVPN_ERROR_AUTH && is_signed) {
        ck_assert_int_eq(result, AVPN_ERROR_AUTH);
    } else if (forgeries[_i].expected != AVPN_ERROR_FORMAT) {
        ck_assert_int_eq(result, AVPN_OK);
        ck_assert_uint_eq(version, parts.head.version);
        ck_assert_int_eq(avpni_bundle_prove_start(bytes, start_bytes - 1, &organization, &version),
                         AVPN_ERROR_FORMAT);
    }
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(each_forgery_is_refused_for_its_reason, HARNESS_COUNT(forgeries)),
    HARNESS_LOOP(the_beginning_of_a_document_proves_who_signed_it, HARNESS_COUNT(forgeries)),
};
HARNESS_MAIN("authority/forgery", cases)
