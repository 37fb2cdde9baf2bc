/* SPDX-License-Identifier: ISC */
/*
 * fuzz_bundle: the readers of a configuration, of updates and of tokens. No fuzzer forges a
 * signature, so besides the whole document each record is read by itself, which is what stands behind
 * the signatures.
 *
 * What is accepted must be written again as the very same bytes: there is one encoding [CFG-1]. And
 * whatever an update makes of a slice has the frame of a slice [UPD-1].
 */
#include "fuzz.h"

#include "topo/document.h"
#include "topo/record.h"
#include <autovpn/join.h>

#include <stdlib.h>
#include <string.h>

#define AGAIN_BYTES (1u << 18)

static uint8_t again[AGAIN_BYTES];

static void compare(const struct avpni_writer *w, const uint8_t *bytes, size_t count)
{
    FUZZ_CHECK(!w->failed && w->position == count && memcmp(w->bytes, bytes, count) == 0);
}

static void read_head(const uint8_t *bytes, size_t count)
{
    struct avpni_writer w = avpni_writer(again, sizeof again);
    struct avpni_head head;
    struct avpni_signatures signatures;
    size_t body_bytes;

    if (avpni_head_read(bytes, count, &head, &signatures, &body_bytes)) {
        avpni_head_write(&w, &head);
        avpni_signatures_write(&w, &signatures);
        compare(&w, bytes, count);
    }
}

static void read_charter(const uint8_t *bytes, size_t count)
{
    struct avpni_writer w = avpni_writer(again, sizeof again);
    struct avpni_charter charter;
    struct avpni_signatures signatures;
    size_t body_bytes;

    if (avpni_charter_read(bytes, count, &charter, &signatures, &body_bytes)) {
        avpni_charter_write(&w, &charter);
        avpni_signatures_write(&w, &signatures);
        compare(&w, bytes, count);
    }
}

/* As a configuration's only member, which is how it is written again. */
static void write_member(const struct avpn_member *member, struct avpni_writer *w,
                         const uint8_t *identity_hash)
{
    struct avpn_config *config;
    struct avpni_member_view view;

    FUZZ_CHECK(avpn_config_new(NULL, &config) == AVPN_OK);
    FUZZ_CHECK(avpni_config_append(config, member, 0) == AVPN_OK);
    FUZZ_CHECK(avpni_config_index(config) == AVPN_OK);
    FUZZ_CHECK(avpni_config_view(config, 0, &view));
    avpn_config_check(config, NULL, NULL);
    if (identity_hash != NULL) {
        avpni_site_write(w, &view, identity_hash);
    } else {
        avpni_identity_write(w, &view);
    }
    avpn_config_del(config);
}

static void read_member(const uint8_t *bytes, size_t count)
{
    struct avpni_writer w = avpni_writer(again, sizeof again);
    struct avpn_member member = {.size = sizeof member};
    uint8_t hash[AVPNI_HASH_BYTES];

    if (avpni_site_read(bytes, count, &member, hash)) {
        write_member(&member, &w, hash);
        compare(&w, bytes, count);
    }
    memset(&member, 0, sizeof member);
    member.size = sizeof member;
    member.id = avpni_leaf_id(bytes, count);
    if (avpni_identity_read(bytes, count, &member)) {
        member.is_known = 1;
        write_member(&member, &w, NULL);
        compare(&w, bytes, count);
    }
}

/* Into arrays of the size that the first pass told; what is read is checked as that of a configuration. */
static void read_policy(const uint8_t *bytes, size_t count)
{
    struct avpni_writer w = avpni_writer(again, sizeof again);
    struct avpni_policy policy = {.rules = NULL};
    struct avpn_config *config;

    if (!avpni_policy_read(bytes, count, &policy)) {
        return;
    }
    policy.rules = calloc(policy.rule_count + 1u, sizeof *policy.rules);
    policy.breakouts = calloc(policy.breakout_count + 1u, sizeof *policy.breakouts);
    FUZZ_CHECK(policy.rules != NULL && policy.breakouts != NULL);
    FUZZ_CHECK(avpni_policy_read(bytes, count, &policy));
    avpni_policy_write(&w, &policy);
    compare(&w, bytes, count);
    FUZZ_CHECK(avpn_config_new(NULL, &config) == AVPN_OK);
    FUZZ_CHECK(avpn_config_set_flags(config, policy.flags) == AVPN_OK);
    for (uint32_t i = 0; i < policy.rule_count; i++) {
        FUZZ_CHECK(avpn_config_add_rule(config, &policy.rules[i]) == AVPN_OK);
    }
    for (uint32_t i = 0; i < policy.breakout_count; i++) {
        FUZZ_CHECK(avpn_config_add_breakout(config, &policy.breakouts[i]) == AVPN_OK);
    }
    avpn_config_check(config, NULL, NULL);
    avpn_config_del(config);
    free(policy.rules);
    free(policy.breakouts);
}

static void read_invites(const uint8_t *bytes, size_t count)
{
    static struct avpn_invite invites[AVPN_INVITES];
    struct avpni_writer w = avpni_writer(again, sizeof again);
    uint32_t invite_count;

    if (avpni_invites_read(bytes, count, invites, &invite_count)) {
        avpni_write_u16(&w, (uint16_t)invite_count);
        for (uint32_t i = 0; i < invite_count; i++) {
            avpni_invite_write(&w, &invites[i]);
        }
        compare(&w, bytes, count);
    }
}

static void read_document(const uint8_t *bytes, size_t count)
{
    struct avpn_key organization;
    struct avpn_config *config;
    struct avpni_document document;
    uint64_t version;

    if (avpni_document_read(bytes, count, &document)) {
        uint8_t root[32];

        avpni_document_root(&document, root);
    }
    if (avpn_bundle_organization(bytes, count, &organization) == AVPN_OK) {
        FUZZ_CHECK(avpn_bundle_version(bytes, count, &version) == AVPN_OK);
        avpni_bundle_prove_start(bytes, count, &organization, &version);
        if (avpn_config_read(bytes, count, &organization, 0, NULL, &config) == AVPN_OK) {
            avpn_config_del(config);
        }
    }
}

static void apply(const uint8_t *held, size_t held_bytes, const uint8_t *update,
                  size_t update_bytes)
{
    struct avpni_memory memory;
    struct avpni_document document;
    uint8_t *slice;
    size_t slice_bytes;

    avpni_memory_init(&memory, NULL);
    if (avpni_update_apply(&memory, held, held_bytes, update, update_bytes, &slice, &slice_bytes) ==
        AVPN_OK) {
        FUZZ_CHECK(avpni_document_read(slice, slice_bytes, &document));
        FUZZ_CHECK(document.kind == AVPNI_DOCUMENT_SLICE);
        FUZZ_CHECK(slice_bytes <= held_bytes + update_bytes + 64);
        avpni_release(&memory, slice);
    }
}

/* Members 1 to 9 with leaves of a few bytes. */
static size_t write_slice(uint8_t *bytes, size_t capacity)
{
    const struct avpni_document start = {.head = bytes, .charter = bytes, .policy = bytes};
    struct avpni_writer w = avpni_writer(bytes, capacity);

    avpni_document_write_start(&w, AVPNI_DOCUMENT_SLICE, &start);
    avpni_write_u32(&w, 9);
    for (uint8_t id = 1; id <= 9; id++) {
        const uint8_t leaf[] = {3, 0, 0, 0, id, 77};
        const struct avpni_leaves leaves = {leaf, leaf, sizeof leaf,
                                            id % 2 == 0 ? sizeof leaf : 0};

        avpni_leaves_write(&w, &leaves);
    }
    avpni_write_zeros(&w, 32 + AVPNI_SEALED_PSK_BYTES);
    return w.position;
}

/* To nothing, to a sound slice, and to whatever the first part of the input is. */
static void apply_update(const uint8_t *bytes, size_t count)
{
    uint8_t slice[1024];

    apply(NULL, 0, bytes, count);
    apply(slice, write_slice(slice, sizeof slice), bytes, count);
    if (count >= 2) {
        size_t held_bytes = (size_t)(bytes[0] << 8 | bytes[1]) % (count - 1);

        apply(bytes + 2, held_bytes, bytes + 2 + held_bytes, count - 2 - held_bytes);
    }
}

static void read_token(const uint8_t *bytes, size_t count)
{
    char text[2 * AVPN_TOKEN_TEXT], formatted[AVPN_TOKEN_TEXT];
    struct avpn_token token = {.size = sizeof token}, out = {.size = sizeof out};

    if (count >= sizeof text) {
        return;
    }
    memcpy(text, bytes, count);
    text[count] = '\0';
    if (avpn_token_parse(text, &token) == AVPN_OK) {
        FUZZ_CHECK(avpn_token_format(&token, formatted, sizeof formatted) == AVPN_OK);
        FUZZ_CHECK(avpn_token_parse(formatted, &out) == AVPN_OK);
        FUZZ_CHECK(memcmp(&token, &out, sizeof out) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    read_head(bytes, count);
    read_charter(bytes, count);
    read_member(bytes, count);
    read_policy(bytes, count);
    read_invites(bytes, count);
    read_document(bytes, count);
    apply_update(bytes, count);
    read_token(bytes, count);
    return 0;
}
