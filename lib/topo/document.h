/* SPDX-License-Identifier: ISC */
/*
 * document: where things are in the bytes of a bundle or slice, the slices cut from a bundle, and
 * updates: how one slice becomes the next. Bytes in, bytes out; nothing here is verified and nothing
 * believed: what results is for avpn_config_read to judge. Spec: doc/protocol.md 8, 8.2, [UPD-1],
 * [UPD-2].
 *
 *     registry:  bundle --avpni_update_write--> parts of an update
 *     node:      slice held + update --avpni_update_apply--> next slice --avpn_config_read--> ...
 */
#ifndef AVPNI_TOPO_DOCUMENT_H
#define AVPNI_TOPO_DOCUMENT_H

#include "base/cursor.h"
#include "topo/config.h"

enum avpni_document_kind { AVPNI_DOCUMENT_WHOLE = 1, AVPNI_DOCUMENT_SLICE = 2 };

/* All borrowed from the document's bytes, but the hash: of `keys`, or that which a slice names. */
struct avpni_document {
    const uint8_t *head, *charter, *policy, *members, *keys;
    size_t head_bytes, charter_bytes, policy_bytes, members_bytes, keys_bytes;
    uint32_t member_count;
    uint8_t kind; /* enum avpni_document_kind */
    uint8_t keys_hash[32];
};

/* One member's two leaves. identity_bytes 0: not told. */
struct avpni_leaves {
    const uint8_t *site, *identity;
    uint16_t site_bytes, identity_bytes;
};

/*
 * As far as the charter, which may be all there is; keys_hash is not made. False: the frame is broken
 * or ends before.
 */
bool avpni_document_read_start(const uint8_t *bytes, size_t count,
                               struct avpni_document *document_out);
/* False: the frame is broken. Every leaf is then at hand: reading member_count of them cannot fail. */
bool avpni_document_read(const uint8_t *bytes, size_t count, struct avpni_document *document_out);
/* The next member, by a reader over `members`. */
void avpni_leaves_read(struct avpni_reader *members, struct avpni_leaves *leaves_out);
/* The member id in a site's or an identity's bytes; 0: too short. */
uint32_t avpni_leaf_id(const uint8_t *leaf, size_t count);
/* The sealed keys of the member at `index` in a whole document; of a slice, its only ones. */
const uint8_t *avpni_document_sealed(const struct avpni_document *document, uint32_t index);

/* The Merkle root that the head should have [CFG-4]. */
void avpni_document_root(const struct avpni_document *document, uint8_t root_out[32]);
/*
 * Are head and charter genuine [CFG-3], of a document of which no more need have arrived [PUB-4]?
 * AVPN_ERROR_FORMAT: they are not all there, or broken; AVPN_ERROR_AUTH.
 */
int32_t avpni_bundle_prove_start(const uint8_t *bytes, size_t count,
                                 const struct avpn_key *organization, uint64_t *version_out);

/* Writing: what comes before the member count, of the given kind, and the leaves of one member. */
void avpni_document_write_start(struct avpni_writer *w, uint8_t kind,
                                const struct avpni_document *parts);
void avpni_leaves_write(struct avpni_writer *w, const struct avpni_leaves *leaves);

/*
 * What an update tells. Arrays are by place in order of member id, borrowed. A leaf is told if its number is above
 * `base`; with `is_full` everything is.
 */
struct avpni_update {
    const struct avpni_document *document; /* whole */
    const uint32_t *offsets;      /* of each member's leaves in document->members */
    const uint32_t *site_changed; /* number of the change in which the site became what it is */
    const uint32_t *peer_changed; /* the same for identity, role, hubs and revocation */
    uint32_t base;
    bool is_full;
    bool has_charter, has_policy, has_sealed; /* they changed since `base`; implied by is_full */
    bool has_new_peers; /* who its peers are may have changed since: all their identities are told */
    uint32_t self;                /* place */
    const uint32_t *known;        /* places of self and its peers, ascending */
    uint32_t known_count;
    const uint32_t *removed;      /* ids that left the configuration after `base`, ascending */
    uint32_t removed_count;
};

/*
 * Writes the update's bytes from `from` on, at most `capacity`; returns the size of the whole update, so
 * that any part can be made at any time. With capacity 0: only the size. At most AVPN_BUNDLE_LIMIT.
 */
size_t avpni_update_write(const struct avpni_update *update, size_t from, uint8_t *out,
                          size_t capacity);

/*
 * The slice that an update makes of the one held (NULL: none, base version 0). To be released with
 * avpni_release. AVPN_ERROR_FORMAT: the update is no update, or does not fit what is held. AVPN_ERROR_MEMORY.
 */
int32_t avpni_update_apply(const struct avpni_memory *memory, const uint8_t *held,
                           size_t held_bytes, const uint8_t *update, size_t update_bytes,
                           uint8_t **slice_out, size_t *slice_bytes_out);

#endif
