/* SPDX-License-Identifier: ISC */
/*
 * record: the canonical bytes of a document's records (head, charter, sites, identities, invites; the policy has
 * a file of its own) and back. Spec: doc/protocol.md 8, [CFG-1]. No memory, no state.
 *
 * Reading refuses whatever writing could not have made. What is well-formed but makes no sense (a
 * role of 9, a hub that does not exist) is validate.c's to judge.
 */
#ifndef AVPNI_TOPO_RECORD_H
#define AVPNI_TOPO_RECORD_H

#include "base/cursor.h"
#include "crypto/box.h"
#include "topo/config.h"

#define AVPNI_HASH_BYTES 32
#define AVPNI_HEAD_BODY_BYTES 129
#define AVPNI_INVITE_BYTES 44

/* Keys of which `threshold` must sign; ascending, so that one set has one form. */
struct avpni_key_set {
    uint8_t threshold, count;
    struct avpn_key keys[AVPN_AUTHORITY_KEYS];
};

/* By ascending number of the key, each at most once. */
struct avpni_signatures {
    uint8_t count;
    uint8_t numbers[AVPN_AUTHORITY_KEYS];
    uint8_t bytes[AVPN_AUTHORITY_KEYS][AVPNI_SIGNATURE_BYTES];
};

struct avpni_head {
    struct avpn_key organization;
    uint64_t version;
    int64_t created, expires;
    uint32_t psk_epoch;
    uint32_t member_count;
    uint8_t psk_commitment[AVPNI_HASH_BYTES]; /* [CFG-7] */
    uint8_t root[AVPNI_HASH_BYTES];
};

/* A root set that took the place of the one before, with the consent of both. */
struct avpni_rotation {
    struct avpni_key_set set;
    struct avpni_signatures by_previous, by_itself;
};

struct avpni_charter {
    char name[AVPN_NAME_BYTES];
    uint16_t serial;
    uint8_t rotation_count;
    struct avpni_key_set first_root;
    struct avpni_rotation rotations[AVPN_ROTATIONS];
    struct avpni_key_set signing;
    uint8_t suites[AVPN_SUITES];
    uint8_t suite_count;
    uint8_t registry_count;
    struct avpn_registry_entry registries[AVPN_REGISTRIES];
};

/* The root set after that many rotations. */
const struct avpni_key_set *avpni_charter_root(const struct avpni_charter *charter,
                                               uint32_t number);

/* Reading: the body's size goes to `body_bytes_out`: what the signatures are over. */
bool avpni_head_read(const uint8_t *bytes, size_t count, struct avpni_head *head_out,
                     struct avpni_signatures *signatures_out, size_t *body_bytes_out);
bool avpni_charter_read(const uint8_t *bytes, size_t count, struct avpni_charter *charter_out,
                        struct avpni_signatures *signatures_out, size_t *body_bytes_out);
/* What a site tells of a member; the rest of `member_out` is cleared. */
bool avpni_site_read(const uint8_t *bytes, size_t count, struct avpn_member *member_out,
                     uint8_t identity_hash_out[AVPNI_HASH_BYTES]);
/* Adds what an identity tells. False too if it is another member's. */
bool avpni_identity_read(const uint8_t *bytes, size_t count, struct avpn_member *member);
/* Invites with their count, by member id; `invites_out` has AVPN_INVITES places, or is NULL. */
bool avpni_invites_read(const uint8_t *bytes, size_t count, struct avpn_invite *invites_out,
                        uint32_t *invite_count_out);

/* Writing: bodies are without their signatures, which follow. */
void avpni_head_write(struct avpni_writer *w, const struct avpni_head *head);
void avpni_charter_write(struct avpni_writer *w, const struct avpni_charter *charter);
void avpni_signatures_write(struct avpni_writer *w, const struct avpni_signatures *signatures);
/* Exports may be in any order, and so may translations. */
void avpni_site_write(struct avpni_writer *w, const struct avpni_member_view *member,
                      const uint8_t identity_hash[AVPNI_HASH_BYTES]);
void avpni_identity_write(struct avpni_writer *w, const struct avpni_member_view *member);
void avpni_invite_write(struct avpni_writer *w, const struct avpn_invite *invite);

/* ---- what is signed [CFG-3] ------------------------------------------------------------------ */

#define AVPNI_HEAD_LABEL "autovpn head 2"
#define AVPNI_CHARTER_LABEL "autovpn charter 2"
#define AVPNI_ROTATION_LABEL "autovpn rotation 1"
#define AVPNI_SIGNED_LIMIT 64 /* label, 0x00 and hash */
#define AVPNI_ROTATION_LIMIT (AVPN_KEY_BYTES + 3 + AVPN_AUTHORITY_KEYS * AVPN_KEY_BYTES)

/* label || 0x00 || BLAKE2b-256(body); returns its size. */
size_t avpni_signed_text(uint8_t text_out[AVPNI_SIGNED_LIMIT], const char *label,
                         const uint8_t *body, size_t count);
/* organization || number || set: the body of a rotation's signatures; returns its size. */
size_t avpni_rotation_body(uint8_t body_out[AVPNI_ROTATION_LIMIT],
                           const struct avpn_key *organization, uint8_t number,
                           const struct avpni_key_set *set);
/* At least the threshold, and every one of them genuine. */
bool avpni_signatures_verify(const struct avpni_signatures *signatures,
                             const struct avpni_key_set *keys, const char *label,
                             const uint8_t *body, size_t count);
/* [CFG-2]; for a later root set a name of the same kind. */
void avpni_organization_id(const struct avpni_key_set *root, struct avpn_key *organization_out);

#endif
