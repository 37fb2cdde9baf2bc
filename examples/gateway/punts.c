/* SPDX-License-Identifier: ISC */
/*
 * A block lies in one piece, aligned, behind its size. One that does not fit before the ring's end begins at its start. When the ring runs
 * empty it begins at its start again: in quiet times the same few pages serve.
 */
#include "gateway/punts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Some milliseconds of a fast line: so long the engine's thread may be busy with something else. */
#define RING_BYTES (2u << 20)
#define ALIGN 16u

int punts_open(struct punts *punts)
{
    memset(punts, 0, sizeof *punts);
    punts->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (punts->event < 0)
        return -1;
    punts->ring = malloc(RING_BYTES);
    errno = punts->ring ? pthread_mutex_init(&punts->lock, NULL) : ENOMEM;
    if (errno == 0)
        return 0;
    free(punts->ring);
    punts->ring = NULL;
    (void)close(punts->event);
    return -1;
}

void punts_close(struct punts *punts)
{
    if (!punts->ring)
        return;
    (void)close(punts->event);
    free(punts->ring);
    (void)pthread_mutex_destroy(&punts->lock);
    punts->ring = NULL;
}

/* Bytes of the ring that a block takes. */
static size_t taken(size_t count)
{
    return ALIGN + (count + ALIGN - 1) / ALIGN * ALIGN;
}

/* Where a block of so many bytes of the ring can lie, or RING_BYTES. What is left equal are not first and end: that means empty. */
static size_t find_place(struct punts *punts, size_t bytes)
{
    if (punts->count == 0)
        punts->first = punts->end = 0;
    if (punts->end >= punts->first) {
        if (RING_BYTES - punts->end >= bytes)
            return punts->end;
        punts->wrap = punts->end;
        return bytes < punts->first ? 0 : RING_BYTES;
    }
    return punts->end + bytes < punts->first ? punts->end : RING_BYTES;
}

static void ring_bell(const struct punts *punts)
{
    (void)!write(punts->event, &(uint64_t){1}, sizeof(uint64_t));
}

void punts_put(struct punts *punts, const uint8_t *bytes, size_t count)
{
    size_t place;

    (void)pthread_mutex_lock(&punts->lock);
    place = find_place(punts, taken(count));
    if (place < RING_BYTES) {
        memcpy(punts->ring + place, &count, sizeof count);
        memcpy(punts->ring + place + ALIGN, bytes, count);
        punts->end = place + taken(count);
        if (punts->count++ == 0)
            ring_bell(punts);
    }
    (void)pthread_mutex_unlock(&punts->lock);
    if (place == RING_BYTES)
        tally_add(&punts->lost, 1);
}

/* A block that wrapped around lies at the start. */
static size_t place_of_first(const struct punts *punts)
{
    return punts->end < punts->first && punts->first == punts->wrap ? 0 : punts->first;
}

uint8_t *punts_first(struct punts *punts, size_t *count_out)
{
    uint8_t *block = NULL;

    (void)pthread_mutex_lock(&punts->lock);
    if (punts->count > 0) {
        block = punts->ring + place_of_first(punts);
        memcpy(count_out, block, sizeof *count_out);
        block += ALIGN;
    } else {
        (void)!read(punts->event, &(uint64_t){0}, sizeof(uint64_t));
    }
    (void)pthread_mutex_unlock(&punts->lock);
    return block;
}

void punts_drop_first(struct punts *punts)
{
    size_t count;

    (void)pthread_mutex_lock(&punts->lock);
    punts->first = place_of_first(punts);
    memcpy(&count, punts->ring + punts->first, sizeof count);
    punts->first += taken(count);
    punts->count--;
    (void)pthread_mutex_unlock(&punts->lock);
}
