/* SPDX-License-Identifier: ISC */
/* record: see record.h. Each reader mirrors its writer, line by line. */
#include "topo/record.h"

#include "base/address.h"
#include "crypto/hash.h"
#include "topo/fields.h"
#include "wire/message.h"

#include <string.h>

enum { HEAD = 1, CHARTER = 2, SITE = 3, IDENTITY = 4 };

#define VERSION_IN_SERIAL ((UINT64_C(1) << AVPN_VERSION_SERIAL_SHIFT) - 1)

/* ---- parts ----------------------------------------------------------------------------------- */

static void write_key_set(struct avpni_writer *w, const struct avpni_key_set *set)
{
    avpni_write_u8(w, set->threshold);
    avpni_write_u8(w, set->count);
    for (uint32_t i = 0; i < set->count; i++) {
        avpni_write_bytes(w, set->keys[i].bytes, AVPN_KEY_BYTES);
    }
}

static void read_key_set(struct avpni_reader *r, struct avpni_key_set *set_out)
{
    memset(set_out, 0, sizeof *set_out);
    set_out->threshold = avpni_read_u8(r);
    set_out->count = avpni_read_count(r, 1, AVPN_AUTHORITY_KEYS);
    for (uint32_t i = 0; i < set_out->count; i++) {
        avpni_read_bytes(r, set_out->keys[i].bytes, AVPN_KEY_BYTES);
        /* A key given twice would count twice towards the threshold. */
        if (i > 0 && memcmp(&set_out->keys[i - 1], &set_out->keys[i], AVPN_KEY_BYTES) >= 0) {
            avpni_reader_fail(r);
        }
    }
    if (set_out->threshold < 1 || set_out->threshold > set_out->count) {
        avpni_reader_fail(r);
    }
}

void avpni_signatures_write(struct avpni_writer *w, const struct avpni_signatures *signatures)
{
    avpni_write_u8(w, signatures->count);
    for (uint32_t i = 0; i < signatures->count; i++) {
        avpni_write_u8(w, signatures->numbers[i]);
        avpni_write_bytes(w, signatures->bytes[i], AVPNI_SIGNATURE_BYTES);
    }
}

static void read_signatures(struct avpni_reader *r, struct avpni_signatures *signatures_out)
{
    memset(signatures_out, 0, sizeof *signatures_out);
    signatures_out->count = avpni_read_count(r, 1, AVPN_AUTHORITY_KEYS);
    for (uint32_t i = 0; i < signatures_out->count; i++) {
        signatures_out->numbers[i] = avpni_read_u8(r);
        if (i > 0 && signatures_out->numbers[i] <= signatures_out->numbers[i - 1]) {
            avpni_reader_fail(r);
        }
        avpni_read_bytes(r, signatures_out->bytes[i], AVPNI_SIGNATURE_BYTES);
    }
}

/* ---- head ------------------------------------------------------------------------------------ */

void avpni_head_write(struct avpni_writer *w, const struct avpni_head *head)
{
    avpni_write_u8(w, HEAD);
    avpni_write_bytes(w, head->organization.bytes, AVPN_KEY_BYTES);
    avpni_write_u64(w, head->version);
    avpni_write_u64(w, (uint64_t)head->created);
    avpni_write_u64(w, (uint64_t)head->expires);
    avpni_write_u32(w, head->psk_epoch);
    avpni_write_bytes(w, head->psk_commitment, AVPNI_HASH_BYTES);
    avpni_write_u32(w, head->member_count);
    avpni_write_bytes(w, head->root, AVPNI_HASH_BYTES);
}

static int64_t read_seconds(struct avpni_reader *r)
{
    uint64_t seconds = avpni_read_u64(r);

    if (seconds > INT64_MAX) {
        avpni_reader_fail(r);
        return 0;
    }
    return (int64_t)seconds;
}

bool avpni_head_read(const uint8_t *bytes, size_t count, struct avpni_head *head_out,
                     struct avpni_signatures *signatures_out, size_t *body_bytes_out)
{
    struct avpni_reader r = avpni_reader(bytes, count);

    avpni_expect_u8(&r, HEAD);
    avpni_read_bytes(&r, head_out->organization.bytes, AVPN_KEY_BYTES);
    head_out->version = avpni_read_u64(&r);
    head_out->created = read_seconds(&r);
    head_out->expires = read_seconds(&r);
    head_out->psk_epoch = avpni_read_u32(&r);
    avpni_read_bytes(&r, head_out->psk_commitment, AVPNI_HASH_BYTES);
    head_out->member_count = avpni_read_u32(&r);
    avpni_read_bytes(&r, head_out->root, AVPNI_HASH_BYTES);
    *body_bytes_out = r.position;
    read_signatures(&r, signatures_out);
    bool is_in_range = (head_out->version & VERSION_IN_SERIAL) != 0 && head_out->psk_epoch >= 1 &&
                       head_out->member_count <= AVPN_MEMBERS &&
                       (head_out->expires == 0 || head_out->expires > head_out->created);

    return avpni_reader_is_done(&r) && is_in_range;
}

/* ---- charter --------------------------------------------------------------------------------- */

const struct avpni_key_set *avpni_charter_root(const struct avpni_charter *charter,
                                               uint32_t number)
{
    return number == 0 ? &charter->first_root : &charter->rotations[number - 1].set;
}

void avpni_charter_write(struct avpni_writer *w, const struct avpni_charter *charter)
{
    avpni_write_u8(w, CHARTER);
    avpni_name_write(w, charter->name);
    avpni_write_u16(w, charter->serial);
    avpni_write_u8(w, charter->rotation_count);
    write_key_set(w, &charter->first_root);
    for (uint32_t i = 0; i < charter->rotation_count; i++) {
        write_key_set(w, &charter->rotations[i].set);
        avpni_signatures_write(w, &charter->rotations[i].by_previous);
        avpni_signatures_write(w, &charter->rotations[i].by_itself);
    }
    write_key_set(w, &charter->signing);
    avpni_write_u8(w, charter->suite_count);
    avpni_write_bytes(w, charter->suites, charter->suite_count);
    avpni_write_u8(w, charter->registry_count);
    for (uint32_t i = 0; i < charter->registry_count; i++) {
        avpni_write_bytes(w, charter->registries[i].key.bytes, AVPN_KEY_BYTES);
        avpni_write_u16(w, charter->registries[i].port);
        avpni_name_write(w, charter->registries[i].host);
    }
}

static void read_roots(struct avpni_reader *r, struct avpni_charter *charter_out)
{
    charter_out->rotation_count = avpni_read_count(r, 0, AVPN_ROTATIONS);
    read_key_set(r, &charter_out->first_root);
    for (uint32_t i = 0; i < charter_out->rotation_count; i++) {
        read_key_set(r, &charter_out->rotations[i].set);
        read_signatures(r, &charter_out->rotations[i].by_previous);
        read_signatures(r, &charter_out->rotations[i].by_itself);
    }
}

static void read_registries(struct avpni_reader *r, struct avpni_charter *charter_out)
{
    charter_out->registry_count = avpni_read_count(r, 0, AVPN_REGISTRIES);
    for (uint32_t i = 0; i < charter_out->registry_count; i++) {
        struct avpn_registry_entry *registry = &charter_out->registries[i];

        registry->size = sizeof *registry;
        avpni_read_bytes(r, registry->key.bytes, AVPN_KEY_BYTES);
        registry->port = avpni_read_u16(r);
        avpni_name_read(r, 1, true, registry->host);
    }
}

bool avpni_charter_read(const uint8_t *bytes, size_t count, struct avpni_charter *charter_out,
                        struct avpni_signatures *signatures_out, size_t *body_bytes_out)
{
    struct avpni_reader r = avpni_reader(bytes, count);

    memset(charter_out, 0, sizeof *charter_out);
    avpni_expect_u8(&r, CHARTER);
    avpni_name_read(&r, 1, false, charter_out->name);
    charter_out->serial = avpni_read_u16(&r);
    read_roots(&r, charter_out);
    read_key_set(&r, &charter_out->signing);
    charter_out->suite_count = avpni_read_count(&r, 1, AVPN_SUITES);
    avpni_read_bytes(&r, charter_out->suites, charter_out->suite_count);
    read_registries(&r, charter_out);
    *body_bytes_out = r.position;
    read_signatures(&r, signatures_out);
    return avpni_reader_is_done(&r);
}

/* ---- site ------------------------------------------------------------------------------------ */

/* Exports of a view in ascending order. */
static void sort_exports(const struct avpni_member_view *member,
                         const struct avpn_prefix *sorted_out[AVPN_EXPORTS])
{
    for (uint32_t i = 0; i < member->export_count; i++) {
        uint32_t place = i;

        for (; place > 0 &&
               avpni_prefix_compare(sorted_out[place - 1], &member->exports[i]) > 0;
             place--) {
            sorted_out[place] = sorted_out[place - 1];
        }
        sorted_out[place] = &member->exports[i];
    }
}

void avpni_site_write(struct avpni_writer *w, const struct avpni_member_view *member,
                      const uint8_t identity_hash[AVPNI_HASH_BYTES])
{
    const struct avpn_prefix *exports[AVPN_EXPORTS];

    avpni_write_u8(w, SITE);
    avpni_write_u32(w, member->id);
    avpni_write_bytes(w, identity_hash, AVPNI_HASH_BYTES);
    avpni_write_u8(w, member->role);
    avpni_write_u8(w, member->flags);
    avpni_write_u8(w, member->hub_count);
    for (uint32_t i = 0; i < member->hub_count; i++) {
        avpni_write_u32(w, member->hubs[i].member);
        avpni_write_u8(w, (uint8_t)member->hubs[i].flags);
    }
    sort_exports(member, exports);
    avpni_write_u8(w, member->export_count);
    for (uint32_t i = 0; i < member->export_count; i++) {
        avpni_prefix_write(w, exports[i]);
    }
}

static void read_hubs(struct avpni_reader *r, struct avpn_member *member_out)
{
    member_out->hub_count = avpni_read_count(r, 0, AVPN_HUBS);
    for (uint32_t i = 0; i < member_out->hub_count; i++) {
        member_out->hubs[i].member = avpni_read_u32(r);
        member_out->hubs[i].flags = avpni_read_u8(r);
    }
}

static void read_exports(struct avpni_reader *r, struct avpn_member *member_out)
{
    member_out->export_count = avpni_read_count(r, 0, AVPN_EXPORTS);
    for (uint32_t i = 0; i < member_out->export_count; i++) {
        avpni_prefix_read(r, &member_out->exports[i]);
        if (i > 0 &&
            avpni_prefix_compare(&member_out->exports[i - 1], &member_out->exports[i]) >= 0) {
            avpni_reader_fail(r);
        }
    }
}

bool avpni_site_read(const uint8_t *bytes, size_t count, struct avpn_member *member_out,
                     uint8_t identity_hash_out[AVPNI_HASH_BYTES])
{
    struct avpni_reader r = avpni_reader(bytes, count);

    memset(member_out, 0, sizeof *member_out);
    member_out->size = sizeof *member_out;
    avpni_expect_u8(&r, SITE);
    member_out->id = avpni_read_u32(&r);
    avpni_read_bytes(&r, identity_hash_out, AVPNI_HASH_BYTES);
    member_out->role = avpni_read_u8(&r);
    member_out->flags = avpni_read_u8(&r);
    read_hubs(&r, member_out);
    read_exports(&r, member_out);
    return avpni_reader_is_done(&r);
}

/* ---- identity -------------------------------------------------------------------------------- */

/* Translations of a view, ascending by exported prefix [CFG-1]. */
static void sort_translations(const struct avpni_member_view *member,
                              const struct avpn_translation *sorted_out[AVPN_TRANSLATIONS])
{
    for (uint32_t i = 0; i < member->translation_count; i++) {
        const struct avpn_translation *moving = &member->translations[i];
        uint32_t place = i;

        for (; place > 0 &&
               avpni_prefix_compare(&sorted_out[place - 1]->exported, &moving->exported) > 0;
             place--) {
            sorted_out[place] = sorted_out[place - 1];
        }
        sorted_out[place] = moving;
    }
}

static void write_translations(struct avpni_writer *w, const struct avpni_member_view *member)
{
    const struct avpn_translation *translations[AVPN_TRANSLATIONS];

    sort_translations(member, translations);
    avpni_write_u8(w, member->translation_count);
    for (uint32_t i = 0; i < member->translation_count; i++) {
        avpni_prefix_write(w, &translations[i]->local);
        avpni_prefix_write(w, &translations[i]->exported);
    }
}

static void read_translations(struct avpni_reader *r, struct avpn_member *member)
{
    member->translation_count = avpni_read_count(r, 0, AVPN_TRANSLATIONS);
    for (uint32_t i = 0; i < member->translation_count; i++) {
        struct avpn_translation *translation = &member->translations[i];

        avpni_prefix_read(r, &translation->local);
        avpni_prefix_read(r, &translation->exported);
        if (i > 0 && avpni_prefix_compare(&translation[-1].exported, &translation->exported) >= 0) {
            avpni_reader_fail(r);
        }
    }
}

void avpni_identity_write(struct avpni_writer *w, const struct avpni_member_view *member)
{
    avpni_write_u8(w, IDENTITY);
    avpni_write_u32(w, member->id);
    avpni_write_bytes(w, member->key->bytes, AVPN_KEY_BYTES);
    avpni_name_write(w, member->name);
    avpni_write_u8(w, member->uplink_count);
    for (uint32_t i = 0; i < member->uplink_count; i++) {
        avpni_contact_write_compact(w, &member->manual[i]);
    }
    write_translations(w, member);
}

bool avpni_identity_read(const uint8_t *bytes, size_t count, struct avpn_member *member)
{
    struct avpni_reader r = avpni_reader(bytes, count);

    avpni_expect_u8(&r, IDENTITY);
    if (avpni_read_u32(&r) != member->id) {
        avpni_reader_fail(&r);
    }
    avpni_read_bytes(&r, member->key.bytes, AVPN_KEY_BYTES);
    avpni_name_read(&r, 1, false, member->name);
    member->uplink_count = avpni_read_count(&r, 0, AVPN_UPLINKS);
    for (uint32_t i = 0; i < member->uplink_count; i++) {
        avpni_contact_read_compact(&r, &member->manual[i]);
    }
    read_translations(&r, member);
    return avpni_reader_is_done(&r);
}

/* ---- invites --------------------------------------------------------------------------------- */

void avpni_invite_write(struct avpni_writer *w, const struct avpn_invite *invite)
{
    avpni_write_u32(w, invite->member);
    avpni_write_bytes(w, invite->key.bytes, AVPN_KEY_BYTES);
    avpni_write_u64(w, (uint64_t)invite->expires);
}

bool avpni_invites_read(const uint8_t *bytes, size_t count, struct avpn_invite *invites_out,
                        uint32_t *invite_count_out)
{
    struct avpni_reader r = avpni_reader(bytes, count);
    uint32_t invite_count = avpni_read_u16(&r), last = 0;

    for (uint32_t i = 0; i < invite_count && !r.failed; i++) {
        struct avpn_invite invite = {.size = sizeof invite, .member = avpni_read_u32(&r)};

        avpni_read_bytes(&r, invite.key.bytes, AVPN_KEY_BYTES);
        invite.expires = read_seconds(&r);
        if (i > 0 && invite.member <= last) {
            avpni_reader_fail(&r);
        }
        last = invite.member;
        if (invites_out != NULL && i < AVPN_INVITES) {
            invites_out[i] = invite;
        }
    }
    *invite_count_out = invite_count;
    return avpni_reader_is_done(&r) && invite_count <= AVPN_INVITES;
}

/* ---- what is signed -------------------------------------------------------------------------- */

size_t avpni_signed_text(uint8_t text_out[AVPNI_SIGNED_LIMIT], const char *label,
                         const uint8_t *body, size_t count)
{
    const struct avpni_piece piece = {body, count};
    struct avpni_writer w = avpni_writer(text_out, AVPNI_SIGNED_LIMIT);
    uint8_t hash[AVPNI_HASH_BYTES];

    avpni_hash(hash, sizeof hash, NULL, 0, &piece, 1);
    avpni_write_bytes(&w, (const uint8_t *)label, strlen(label));
    avpni_write_u8(&w, 0);
    avpni_write_bytes(&w, hash, sizeof hash);
    return w.position;
}

size_t avpni_rotation_body(uint8_t body_out[AVPNI_ROTATION_LIMIT],
                           const struct avpn_key *organization, uint8_t number,
                           const struct avpni_key_set *set)
{
    struct avpni_writer w = avpni_writer(body_out, AVPNI_ROTATION_LIMIT);

    avpni_write_bytes(&w, organization->bytes, AVPN_KEY_BYTES);
    avpni_write_u8(&w, number);
    write_key_set(&w, set);
    return w.position;
}

bool avpni_signatures_verify(const struct avpni_signatures *signatures,
                             const struct avpni_key_set *keys, const char *label,
                             const uint8_t *body, size_t count)
{
    uint8_t text[AVPNI_SIGNED_LIMIT];
    size_t text_bytes = avpni_signed_text(text, label, body, count);

    if (signatures->count < keys->threshold) {
        return false;
    }
    for (uint32_t i = 0; i < signatures->count; i++) {
        if (signatures->numbers[i] >= keys->count ||
            !avpni_sign_verify(signatures->bytes[i], text, text_bytes,
                               &keys->keys[signatures->numbers[i]])) {
            return false;
        }
    }
    return true;
}

void avpni_organization_id(const struct avpni_key_set *root, struct avpn_key *organization_out)
{
    static const char label[] = "autovpn organization";
    const struct avpni_piece pieces[] = {
        {label, sizeof label - 1},
        {&root->threshold, 1},
        {&root->count, 1},
        {root->keys, root->count * sizeof *root->keys},
    };

    avpni_hash(organization_out->bytes, AVPN_KEY_BYTES, NULL, 0, pieces, 4);
}
