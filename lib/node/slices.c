/* SPDX-License-Identifier: ISC */
/* slices: see slices.h. */
#include "node/slices.h"

#include "base/cursor.h"
#include <string.h>

#define TRIAL "configuration-trial"
#define TRIAL_BYTES 8

static const char *const places[AVPNI_SLICE_PLACES] = {"configuration-0", "configuration-1"};

void avpni_slice_drop(const struct avpni_memory *memory, struct avpni_slice *slice)
{
    avpni_release(memory, slice->bytes);
    memset(slice, 0, sizeof *slice);
}

void avpni_slices_init(struct avpni_slices *slices, const struct avpni_context *context)
{
    const struct avpn_host *host = &context->host;
    uint8_t bytes[TRIAL_BYTES] = {0};
    struct avpni_reader r = avpni_reader(bytes, sizeof bytes);

    memset(slices, 0, sizeof *slices);
    slices->context = context;
    if (host->store_read != NULL &&
        host->store_read(host->user, TRIAL, bytes, sizeof bytes) == (int64_t)sizeof bytes)
        slices->trial = avpni_read_u64(&r);
}

int32_t avpni_slices_read(const struct avpni_slices *slices, uint32_t place,
                          struct avpni_slice *slice_out)
{
    const struct avpn_host *host = &slices->context->host;
    const struct avpni_memory *memory = &slices->context->memory;
    struct avpni_slice slice = {0};
    int64_t stored =
        host->store_read != NULL ? host->store_read(host->user, places[place], NULL, 0) : -1;

    memset(slice_out, 0, sizeof *slice_out);
    if (stored <= 0 || stored > (int64_t)AVPN_BUNDLE_LIMIT)
        return AVPN_OK;
    slice.count = (size_t)stored;
    slice.bytes = avpni_allocate(memory, 1, slice.count);
    if (slice.bytes == NULL)
        return AVPN_ERROR_MEMORY;
    if (host->store_read(host->user, places[place], slice.bytes, slice.count) != stored)
        avpni_slice_drop(memory, &slice);
    *slice_out = slice;
    return AVPN_OK;
}

void avpni_slices_note(struct avpni_slices *slices, uint32_t place, uint64_t version)
{
    slices->versions[place] = version;
}

/* Not the one in force; if that is in neither, the older. */
static uint32_t choose_place(const struct avpni_slices *slices, uint64_t in_force)
{
    if (in_force != 0 && slices->versions[0] == in_force)
        return 1;
    if (in_force != 0 && slices->versions[1] == in_force)
        return 0;
    return slices->versions[1] < slices->versions[0] ? 1 : 0;
}

void avpni_slices_write(struct avpni_slices *slices, const struct avpni_slice *slice,
                        uint64_t in_force)
{
    const struct avpn_host *host = &slices->context->host;
    uint32_t place = choose_place(slices, in_force);
    struct avpni_text text = {0};

    if (host->store_write == NULL)
        return;
    slices->versions[place] = 0; /* whatever comes of it */
    if (host->store_write(host->user, places[place], slice->bytes, slice->count) >= 0) {
        slices->versions[place] = slice->version;
        return;
    }
    avpni_text_add(&text, "the store did not take configuration ");
    avpni_text_add_number(&text, slice->version);
    avpni_text_add(&text, ": it is in force, but a restart will find an older one or none");
    avpni_log(slices->context, AVPN_LOG_ERROR, &text);
}

void avpni_slices_mark(struct avpni_slices *slices, uint64_t version)
{
    const struct avpn_host *host = &slices->context->host;
    uint8_t bytes[TRIAL_BYTES];
    struct avpni_writer w = avpni_writer(bytes, sizeof bytes);

    if (version == slices->trial || host->store_write == NULL)
        return;
    avpni_write_u64(&w, version);
    /* If it fails the worst is that a restart does not undo, or tries again what was fine. */
    if (host->store_write(host->user, TRIAL, bytes, sizeof bytes) >= 0)
        slices->trial = version;
}
