/* SPDX-License-Identifier: ISC */
/*
 * record: the canonical bytes of a bundle's head and leaves (charter, members) and back.
 * Spec: doc/protocol.md 8, [CFG-1]. No memory, no state.
 *
 * Reading refuses whatever writing could not have made. What is well-formed but makes no sense (a
 * role of 9, a hub that does not exist) is validate.c's to judge.
 */
#ifndef AVPNI_TOPO_RECORD_H
#define AVPNI_TOPO_RECORD_H

#include "base/cursor.h"
#include "crypto/box.h"
#include "topo/config.h"

#define AVPNI_LEAVES (AVPN_MEMBERS + 1)

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
    uint32_t leaf_count;
    uint8_t root[32];
};

struct avpni_charter {
    char name[AVPN_NAME_BYTES];
    struct avpni_key_set root, signing;
    uint8_t suites[AVPN_SUITES];
    uint8_t suite_count;
    uint32_t psk_epoch;
    uint8_t registry_count;
    struct avpn_registry_entry registries[AVPN_REGISTRIES];
};

/* Reading: the body's size goes to `body_bytes_out`: what the signatures are over. */
bool avpni_head_read(const uint8_t *bytes, size_t count, struct avpni_head *head_out,
                     struct avpni_signatures *signatures_out, size_t *body_bytes_out);
bool avpni_charter_read(const uint8_t *bytes, size_t count, struct avpni_charter *charter_out,
                        struct avpni_signatures *signatures_out, size_t *body_bytes_out);
bool avpni_member_read(const uint8_t *bytes, size_t count, struct avpn_member *member_out,
                       uint8_t sealed_out[AVPNI_SEALED_PSK_BYTES]);

/* Writing: bodies are without their signatures, which follow. */
void avpni_head_write(struct avpni_writer *w, const struct avpni_head *head);
void avpni_charter_write(struct avpni_writer *w, const struct avpni_charter *charter);
void avpni_signatures_write(struct avpni_writer *w, const struct avpni_signatures *signatures);
/* Exports may be in any order; `sealed` is 80 zero bytes for a revoked member [CFG-7]. */
void avpni_member_write(struct avpni_writer *w, const struct avpni_member_view *member,
                        const uint8_t sealed[AVPNI_SEALED_PSK_BYTES]);

/* ---- what is signed [CFG-3] ---------------------------------------------------------------- */

#define AVPNI_SIGNED_LIMIT 1536 /* more than the largest label and body together */
#define AVPNI_CHARTER_LABEL "autovpn charter 1"
#define AVPNI_HEAD_LABEL "autovpn head 1"

/* label || body, contiguous; returns its size, 0: too large to be a body. */
size_t avpni_signed_text(uint8_t text_out[AVPNI_SIGNED_LIMIT], const char *label,
                         const uint8_t *body, size_t count);
/* At least the threshold, and every one of them genuine. */
bool avpni_signatures_verify(const struct avpni_signatures *signatures,
                             const struct avpni_key_set *keys, const char *label,
                             const uint8_t *body, size_t count);
/* [CFG-2] */
void avpni_organization_id(const struct avpni_key_set *root, struct avpn_key *organization_out);

#endif
