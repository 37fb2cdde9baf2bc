/* SPDX-License-Identifier: ISC */
/*
 * upload: a document on its way from an administrator, window by window. Spec: [PUB-3], [PUB-4].
 *
 * Knows numbers and bytes, not what they mean: `allowed` says how many parts may be asked for so far, and whoever
 * owns it raises that. Memory follows the windows, so it is never much more than what came in.
 *
 *     begin -> want -> take, take ... -> window complete -> (is it allowed more?) want -> ... -> complete
 */
#ifndef AVPNI_REGISTRY_UPLOAD_H
#define AVPNI_REGISTRY_UPLOAD_H

#include "base/memory.h"
#include "wire/message.h"

struct avpni_upload {
    struct avpni_memory memory;
    struct avpni_offer offer; /* what it is to become */
    uint64_t generation;      /* session of the administrator who sends it */
    uint8_t *bytes;
    size_t capacity;
    uint32_t part_count, allowed; /* parts in all, and those that may be asked for now */
    uint32_t first;               /* of the window */
    uint32_t missing;             /* bit i: part first + i is wanted and has not come */
    avpn_time heard_at;           /* last part that was wanted, or when it began */
};

/* Nothing is wanted yet. NULL: no memory. */
struct avpni_upload *avpni_upload_new(const struct avpni_memory *memory,
                                      const struct avpni_offer *offer, uint32_t allowed,
                                      avpn_time now);
void avpni_upload_del(struct avpni_upload *upload);
/* It is to become this document. */
bool avpni_upload_is_of(const struct avpni_upload *upload, const struct avpni_offer *offer);
/* Open the next window, of parts allowed, if there is one and the last is complete. AVPN_ERROR_MEMORY: as before. */
int32_t avpni_upload_advance(struct avpni_upload *upload);
/* All parts that are allowed have come. */
bool avpni_upload_is_done(const struct avpni_upload *upload);
/* Take a part. False: nobody waits for it, nothing changed. */
bool avpni_upload_take(struct avpni_upload *upload, const struct avpni_part *part,
                       const uint8_t *bytes, avpn_time now);
/* Bytes that have come from the front without a gap in the windows before this one. */
size_t avpni_upload_bytes(const struct avpni_upload *upload);

#endif
