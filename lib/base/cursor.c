/* SPDX-License-Identifier: ISC */
/*
 * cursor: bounds are checked in two places only, take() and put(); everything else is built
 * on them. Invariant: position <= count for a reader; a writer's position may pass its
 * capacity, for it then counts the size that would have been needed.
 */
#include "base/cursor.h"

#include <string.h>

struct avpni_reader avpni_reader(const uint8_t *bytes, size_t count)
{
    return (struct avpni_reader){.bytes = bytes, .count = count};
}

/* The next `count` bytes, or NULL once anything has failed. */
static const uint8_t *take(struct avpni_reader *r, size_t count)
{
    if (r->failed || count > r->count - r->position) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->bytes + r->position;

    r->position += count;
    return at;
}

static uint64_t take_integer(struct avpni_reader *r, size_t count)
{
    const uint8_t *at = take(r, count);
    uint64_t value = 0;

    for (size_t i = 0; at != NULL && i < count; i++) {
        value = value << 8 | at[i];
    }
    return value;
}

uint8_t avpni_read_u8(struct avpni_reader *r)
{
    return (uint8_t)take_integer(r, 1);
}

uint16_t avpni_read_u16(struct avpni_reader *r)
{
    return (uint16_t)take_integer(r, 2);
}

uint32_t avpni_read_u32(struct avpni_reader *r)
{
    return (uint32_t)take_integer(r, 4);
}

uint64_t avpni_read_u64(struct avpni_reader *r)
{
    return take_integer(r, 8);
}

void avpni_read_bytes(struct avpni_reader *r, uint8_t *out, size_t count)
{
    if (count == 0) {
        return;
    }
    const uint8_t *at = take(r, count);

    if (at != NULL) {
        memcpy(out, at, count);
    } else {
        memset(out, 0, count);
    }
}

const uint8_t *avpni_read_view(struct avpni_reader *r, size_t count)
{
    return take(r, count);
}

void avpni_read_zeros(struct avpni_reader *r, size_t count)
{
    const uint8_t *at = take(r, count);
    uint8_t seen = 0;

    for (size_t i = 0; at != NULL && i < count; i++) {
        seen |= at[i];
    }
    if (seen != 0) {
        r->failed = true;
    }
}

void avpni_reader_fail(struct avpni_reader *r)
{
    r->failed = true;
}

size_t avpni_reader_left(const struct avpni_reader *r)
{
    /* Nothing is left to one who failed, so "while something is left" always ends. */
    return r->failed ? 0 : r->count - r->position;
}

bool avpni_reader_is_done(const struct avpni_reader *r)
{
    return !r->failed && r->position == r->count;
}

struct avpni_writer avpni_writer(uint8_t *bytes, size_t capacity)
{
    return (struct avpni_writer){.bytes = bytes, .capacity = capacity};
}

/* Where the next `count` bytes go, or NULL when they do not fit; counts them in any case. */
static uint8_t *put(struct avpni_writer *w, size_t count)
{
    uint8_t *at = NULL;

    if (w->failed || count > w->capacity - w->position) {
        w->failed = true;
    } else if (count > 0) {
        at = w->bytes + w->position;
    }
    w->position = count > SIZE_MAX - w->position ? SIZE_MAX : w->position + count;
    return at;
}

static void put_integer(struct avpni_writer *w, uint64_t value, size_t count)
{
    uint8_t *at = put(w, count);

    for (size_t i = count; at != NULL && i-- > 0; value >>= 8) {
        at[i] = (uint8_t)value;
    }
}

void avpni_write_u8(struct avpni_writer *w, uint8_t value)
{
    put_integer(w, value, 1);
}

void avpni_write_u16(struct avpni_writer *w, uint16_t value)
{
    put_integer(w, value, 2);
}

void avpni_write_u32(struct avpni_writer *w, uint32_t value)
{
    put_integer(w, value, 4);
}

void avpni_write_u64(struct avpni_writer *w, uint64_t value)
{
    put_integer(w, value, 8);
}

void avpni_write_bytes(struct avpni_writer *w, const uint8_t *bytes, size_t count)
{
    uint8_t *at = put(w, count);

    if (at != NULL) {
        memcpy(at, bytes, count);
    }
}

void avpni_write_zeros(struct avpni_writer *w, size_t count)
{
    uint8_t *at = put(w, count);

    if (at != NULL) {
        memset(at, 0, count);
    }
}
