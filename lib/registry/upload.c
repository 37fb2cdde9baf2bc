/* SPDX-License-Identifier: ISC */
/* upload: see upload.h. All parts before `first` have come; in the window `missing` says which have not. */
#include "registry/upload.h"

#include <string.h>

struct avpni_upload *avpni_upload_new(const struct avpni_memory *memory,
                                      const struct avpni_offer *offer, uint32_t allowed,
                                      avpn_time now)
{
    struct avpni_upload *upload = avpni_allocate(memory, 1, sizeof *upload);

    if (upload != NULL) {
        upload->memory = *memory;
        upload->offer = *offer;
        upload->part_count = avpni_part_count(offer->size);
        upload->allowed = allowed < upload->part_count ? allowed : upload->part_count;
        upload->heard_at = now;
    }
    return upload;
}

void avpni_upload_del(struct avpni_upload *upload)
{
    if (upload != NULL) {
        struct avpni_memory memory = upload->memory;

        avpni_release(&memory, upload->bytes);
        avpni_release(&memory, upload);
    }
}

bool avpni_upload_is_of(const struct avpni_upload *upload, const struct avpni_offer *offer)
{
    return upload->offer.version == offer->version && upload->offer.size == offer->size &&
           memcmp(upload->offer.hash, offer->hash, sizeof offer->hash) == 0;
}

/* Room for `parts` parts from the front; grows by half, so that a large document is copied a few times only. */
static int32_t reserve(struct avpni_upload *upload, uint32_t parts)
{
    size_t needed = (size_t)parts * AVPNI_PART_BYTES, limit = upload->offer.size;

    needed = needed < limit ? needed : limit;
    if (needed <= upload->capacity) {
        return AVPN_OK;
    }
    size_t capacity = upload->capacity + upload->capacity / 2;

    capacity = capacity < needed ? needed : capacity;
    capacity = capacity < limit ? capacity : limit;
    uint8_t *bytes = avpni_resize(&upload->memory, upload->bytes, 1, capacity);

    if (bytes == NULL) {
        return AVPN_ERROR_MEMORY;
    }
    upload->bytes = bytes;
    upload->capacity = capacity;
    return AVPN_OK;
}

/* The end of the window that begins at `first`. */
static uint32_t window_end(const struct avpni_upload *upload, uint32_t first)
{
    uint32_t left = upload->allowed - first;

    return first + (left < AVPNI_UPLOAD_WINDOW ? left : AVPNI_UPLOAD_WINDOW);
}

int32_t avpni_upload_advance(struct avpni_upload *upload)
{
    uint32_t end = window_end(upload, upload->first);

    if (upload->missing != 0 || end == upload->first) {
        return AVPN_OK;
    }
    int32_t error = reserve(upload, end);

    if (error == AVPN_OK) {
        upload->missing = UINT32_MAX >> (AVPNI_UPLOAD_WINDOW - (end - upload->first));
    }
    return error;
}

bool avpni_upload_is_done(const struct avpni_upload *upload)
{
    return upload->missing == 0 && upload->first == upload->allowed;
}

bool avpni_upload_take(struct avpni_upload *upload, const struct avpni_part *part,
                       const uint8_t *bytes, avpn_time now)
{
    uint32_t place = part->number - upload->first;

    if (part->base != 0 || part->version != upload->offer.version ||
        part->size != upload->offer.size || part->number < upload->first ||
        place >= AVPNI_UPLOAD_WINDOW || (upload->missing >> place & 1) == 0) {
        return false;
    }
    memcpy(upload->bytes + (size_t)part->number * AVPNI_PART_BYTES, bytes,
           avpni_part_bytes(part->size, part->number));
    upload->missing &= ~(UINT32_C(1) << place);
    upload->heard_at = now;
    if (upload->missing == 0) {
        upload->first = window_end(upload, upload->first);
    }
    return true;
}

size_t avpni_upload_bytes(const struct avpni_upload *upload)
{
    size_t bytes = (size_t)upload->first * AVPNI_PART_BYTES;

    return bytes < upload->offer.size ? bytes : upload->offer.size;
}
