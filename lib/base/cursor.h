/* SPDX-License-Identifier: ISC */
/*
 * cursor: the only way bytes from outside are read, and messages written.
 *
 * A cursor walks a fixed buffer. The first access beyond the end sets `failed`
 * and every later call is harmless (reads give zero, writes do nothing), so a
 * parser reads as a schema and asks once at the end. Integers are big-endian.
 *
 *     struct avpni_reader r = avpni_reader(bytes, count);
 *     m.index = avpni_read_u32(&r);
 *     avpni_read_bytes(&r, m.key, 32);
 *     if (!avpni_reader_is_done(&r)) return AVPN_ERROR_FORMAT;
 */
#ifndef AVPNI_BASE_CURSOR_H
#define AVPNI_BASE_CURSOR_H

#include <autovpn/types.h>
#include <stdbool.h>

struct avpni_reader {
    const uint8_t *bytes;
    size_t count;
    size_t position;
    bool failed;
};

struct avpni_reader avpni_reader(const uint8_t *bytes, size_t count);
uint8_t avpni_read_u8(struct avpni_reader *r);
uint16_t avpni_read_u16(struct avpni_reader *r);
uint32_t avpni_read_u32(struct avpni_reader *r);
uint64_t avpni_read_u64(struct avpni_reader *r);
/* Copies; zero-fills `out` when there are not enough. */
void avpni_read_bytes(struct avpni_reader *r, uint8_t *out, size_t count);
/* A pointer to the next `count` bytes inside the buffer, or NULL (and failed). */
const uint8_t *avpni_read_view(struct avpni_reader *r, size_t count);
/* Marks failed unless the next `count` bytes are all zero. */
void avpni_read_zeros(struct avpni_reader *r, size_t count);
/* Marks failed: for a value that is not canonical. */
void avpni_reader_fail(struct avpni_reader *r);
size_t avpni_reader_left(const struct avpni_reader *r);
/* Nothing failed and nothing is left over. */
bool avpni_reader_is_done(const struct avpni_reader *r);

struct avpni_writer {
    uint8_t *bytes;
    size_t capacity;
    size_t position; /* bytes written, or that would have been: the needed size */
    bool failed;     /* capacity was too small */
};

struct avpni_writer avpni_writer(uint8_t *bytes, size_t capacity);
void avpni_write_u8(struct avpni_writer *w, uint8_t value);
void avpni_write_u16(struct avpni_writer *w, uint16_t value);
void avpni_write_u32(struct avpni_writer *w, uint32_t value);
void avpni_write_u64(struct avpni_writer *w, uint64_t value);
void avpni_write_bytes(struct avpni_writer *w, const uint8_t *bytes, size_t count);
void avpni_write_zeros(struct avpni_writer *w, size_t count);

#endif
