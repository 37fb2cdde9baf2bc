/* SPDX-License-Identifier: ISC */
/*
 * document: the frame of bundles and slices, and the slice that a bundle has for one member.
 *
 * The frame is walked once, when it is read: whoever has an avpni_document can go over its leaves
 * without a further check. Spec: doc/protocol.md 8, [CFG-1].
 */
#include "topo/document.h"

#include "topo/merkle.h"
#include "topo/record.h"

#include <string.h>

static const uint8_t magic[] = {'A', 'V', 'P', 'N', 'C', 'O', 'N', 'F', 3};

/* ---- reading --------------------------------------------------------------------------------- */

static bool read_start(struct avpni_reader *r, struct avpni_document *document_out)
{
    memset(document_out, 0, sizeof *document_out);
    const uint8_t *start = avpni_read_view(r, sizeof magic);

    document_out->kind = avpni_read_u8(r);
    document_out->head_bytes = avpni_read_u16(r);
    document_out->head = avpni_read_view(r, document_out->head_bytes);
    document_out->charter_bytes = avpni_read_u32(r);
    document_out->charter = avpni_read_view(r, document_out->charter_bytes);
    return !r->failed && memcmp(start, magic, sizeof magic) == 0 &&
           (document_out->kind == AVPNI_DOCUMENT_WHOLE ||
            document_out->kind == AVPNI_DOCUMENT_SLICE);
}

bool avpni_document_read_start(const uint8_t *bytes, size_t count,
                               struct avpni_document *document_out)
{
    struct avpni_reader r = avpni_reader(bytes, count);

    return bytes != NULL && count <= AVPN_BUNDLE_LIMIT && read_start(&r, document_out);
}

/* To the end of the last member's leaves. */
static void pass_leaves(struct avpni_reader *r, uint32_t member_count)
{
    for (uint32_t i = 0; i < 2 * member_count && !r->failed; i++) {
        avpni_read_view(r, avpni_read_u16(r));
    }
}

/* [CFG-4] */
static bool read_keys(struct avpni_document *document)
{
    if (document->kind == AVPNI_DOCUMENT_SLICE) {
        bool is_whole = document->keys_bytes == AVPNI_HASH_BYTES + AVPNI_SEALED_PSK_BYTES;

        if (is_whole) {
            memcpy(document->keys_hash, document->keys, AVPNI_HASH_BYTES);
        }
        return is_whole;
    }
    avpni_merkle_leaf(document->keys, document->keys_bytes, document->keys_hash);
    return document->keys_bytes >= (size_t)document->member_count * AVPNI_SEALED_PSK_BYTES + 2;
}

bool avpni_document_read(const uint8_t *bytes, size_t count, struct avpni_document *document_out)
{
    struct avpni_reader r = avpni_reader(bytes, count);

    if (bytes == NULL || count > AVPN_BUNDLE_LIMIT || !read_start(&r, document_out)) {
        return false;
    }
    document_out->policy_bytes = avpni_read_u32(&r);
    document_out->policy = avpni_read_view(&r, document_out->policy_bytes);
    document_out->member_count = avpni_read_u32(&r);
    if (r.failed || document_out->member_count > AVPN_MEMBERS) {
        return false;
    }
    document_out->members = bytes + r.position;
    pass_leaves(&r, document_out->member_count);
    document_out->members_bytes = (size_t)(bytes + r.position - document_out->members);
    document_out->keys_bytes = avpni_reader_left(&r);
    document_out->keys = avpni_read_view(&r, document_out->keys_bytes);
    return !r.failed && read_keys(document_out);
}

void avpni_leaves_read(struct avpni_reader *members, struct avpni_leaves *leaves_out)
{
    leaves_out->site_bytes = avpni_read_u16(members);
    leaves_out->site = avpni_read_view(members, leaves_out->site_bytes);
    leaves_out->identity_bytes = avpni_read_u16(members);
    leaves_out->identity = avpni_read_view(members, leaves_out->identity_bytes);
}

uint32_t avpni_leaf_id(const uint8_t *leaf, size_t count)
{
    struct avpni_reader r = avpni_reader(leaf, count);

    avpni_read_u8(&r); /* what kind of leaf */
    return avpni_read_u32(&r);
}

const uint8_t *avpni_document_sealed(const struct avpni_document *document, uint32_t index)
{
    return document->keys + (document->kind == AVPNI_DOCUMENT_SLICE
                                 ? AVPNI_HASH_BYTES
                                 : (size_t)index * AVPNI_SEALED_PSK_BYTES);
}

/* ---- writing --------------------------------------------------------------------------------- */

void avpni_document_write_start(struct avpni_writer *w, uint8_t kind,
                                const struct avpni_document *parts)
{
    avpni_write_bytes(w, magic, sizeof magic);
    avpni_write_u8(w, kind);
    avpni_write_u16(w, (uint16_t)parts->head_bytes);
    avpni_write_bytes(w, parts->head, parts->head_bytes);
    avpni_write_u32(w, (uint32_t)parts->charter_bytes);
    avpni_write_bytes(w, parts->charter, parts->charter_bytes);
    avpni_write_u32(w, (uint32_t)parts->policy_bytes);
    avpni_write_bytes(w, parts->policy, parts->policy_bytes);
}

void avpni_leaves_write(struct avpni_writer *w, const struct avpni_leaves *leaves)
{
    avpni_write_u16(w, leaves->site_bytes);
    avpni_write_bytes(w, leaves->site, leaves->site_bytes);
    avpni_write_u16(w, leaves->identity_bytes);
    avpni_write_bytes(w, leaves->identity, leaves->identity_bytes);
}

/* ---- the slice of one member [CFG-10] -------------------------------------------------------- */

static void write_slice(struct avpni_writer *w, const struct avpni_document *document,
                        const struct avpn_config *config, uint32_t index)
{
    struct avpni_reader members = avpni_reader(document->members, document->members_bytes);
    struct avpni_member_view self, other;
    struct avpni_leaves leaves;

    avpni_config_view(config, index, &self);
    avpni_document_write_start(w, AVPNI_DOCUMENT_SLICE, document);
    avpni_write_u32(w, document->member_count);
    for (uint32_t i = 0; avpni_config_view(config, i, &other); i++) {
        avpni_leaves_read(&members, &leaves);
        if (i != index && !avpni_member_is_peer(config, &self, &other)) {
            leaves.identity_bytes = 0;
        }
        avpni_leaves_write(w, &leaves);
    }
    avpni_write_bytes(w, document->keys_hash, AVPNI_HASH_BYTES);
    avpni_write_bytes(w, avpni_document_sealed(document, index), AVPNI_SEALED_PSK_BYTES);
}

int32_t avpn_bundle_slice(const uint8_t *bundle, size_t count, const struct avpn_config *config,
                          uint32_t member, uint8_t *slice_out, size_t capacity, size_t *needed_out)
{
    struct avpni_writer w = avpni_writer(slice_out, capacity);
    struct avpni_document document;
    uint32_t index = avpni_config_find(config, member);

    *needed_out = 0;
    if (!config->is_whole || !avpni_document_read(bundle, count, &document) ||
        document.kind != AVPNI_DOCUMENT_WHOLE || document.member_count != config->member_count) {
        return AVPN_ERROR_STATE;
    }
    if (index == AVPNI_MEMBER_NONE) {
        return AVPN_ERROR_NOT_FOUND;
    }
    write_slice(&w, &document, config, index);
    *needed_out = w.position;
    return w.failed ? AVPN_ERROR_SPACE : AVPN_OK;
}
