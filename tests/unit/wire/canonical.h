/* SPDX-License-Identifier: ISC */
/*
 * canonical: the checks every reader and writer of a plain message must pass [DMX-2].
 *
 * A codec is a sample message as bytes written by hand from the specification, and a map with one
 * letter per byte that says which other values of this byte alone keep the message canonical:
 *
 *     .  any                      0  none: it must be zero     k  none: it is fixed
 *     u  an uplink, 0..3          r  an uplink or 255          n  a NAT class, 0..4
 *     f  one flag, 0..1           g  two flags, 0..3           a  anything but 0
 *     F  the family of an IPv4 contact in fixed form: 4 or 6
 *     c  the status of a claim, 1..4     w  a status that ends an upload, 1..9
 *     s  the number of a signing key, 0..7           S  the high byte of a size from 128 to 65,507: not 255
 */
#ifndef AUTOVPN_TESTS_CANONICAL_H
#define AUTOVPN_TESTS_CANONICAL_H

#include "harness.h"

#include <stdbool.h>
#include <string.h>

#define CANONICAL_BYTES 1200
#define CANONICAL_POISON 0xA5

struct codec {
    const char *name;
    const char *sample; /* hex */
    const char *map;
    void (*write)(uint8_t *out);                                    /* the sample's struct */
    bool (*rewrite)(const uint8_t *in, size_t count, uint8_t *out); /* read, then write */
};

/* A rewrite function for a message whose functions and struct have the same name. */
#define CANONICAL_REWRITE(name_)                                                                   \
    static bool rewrite_##name_(const uint8_t *in, size_t count, uint8_t *out)                     \
    {                                                                                              \
        struct avpni_##name_ value;                                                                \
                                                                                                   \
        (void)count;                                                                               \
        memset(&value, CANONICAL_POISON, sizeof value);                                            \
        if (!avpni_##name_##_read(in, &value)) {                                                   \
            canonical_check_poison(&value, sizeof value);                                          \
            return false;                                                                          \
        }                                                                                          \
        avpni_##name_##_write(out, &value);                                                        \
        return true;                                                                               \
    }

/* A refused message leaves the output as it was. */
static inline void canonical_check_poison(const void *value, size_t bytes)
{
    const uint8_t *at = value;

    for (size_t i = 0; i < bytes; i++) {
        ck_assert_uint_eq(at[i], CANONICAL_POISON);
    }
}

static inline bool canonical_allows(char letter, uint8_t value)
{
    switch (letter) {
    case '.':
        return true;
    case 'u':
        return value <= 3;
    case 'r':
        return value <= 3 || value == 255;
    case 'n':
        return value <= 4;
    case 'f':
        return value <= 1;
    case 'g':
        return value <= 3;
    case 'a':
        return value != 0;
    case 'F':
        return value == 4 || value == 6;
    case 'c':
        return value >= 1 && value <= 4;
    case 'w':
        return value >= 1 && value <= 9;
    case 's':
        return value <= 7;
    case 'S':
        return value != 255;
    default:
        ck_assert(letter == '0' || letter == 'k');
        return false;
    }
}

/* The sample is what the writer makes of its struct, and what reading it gives back. */
static inline void canonical_check_sample(const struct codec *codec)
{
    uint8_t sample[CANONICAL_BYTES], out[CANONICAL_BYTES];
    size_t count = harness_hex(codec->sample, sample, sizeof sample);

    ck_assert_msg(strlen(codec->map) == count, "%s: map of %zu, sample of %zu bytes", codec->name,
                  strlen(codec->map), count);
    memset(out, CANONICAL_POISON, sizeof out);
    codec->write(out);
    ck_assert_mem_eq(out, sample, count);
    ck_assert_uint_eq(out[count], CANONICAL_POISON);
    memset(out, CANONICAL_POISON, sizeof out);
    ck_assert_msg(codec->rewrite(sample, count, out), "%s", codec->name);
    ck_assert_mem_eq(out, sample, count);
    ck_assert_uint_eq(out[count], CANONICAL_POISON);
}

/* All 255 other values of each byte are accepted or refused as the map says. */
static inline void canonical_check_bytes(const struct codec *codec)
{
    uint8_t bytes[CANONICAL_BYTES], out[CANONICAL_BYTES];
    size_t count = harness_hex(codec->sample, bytes, sizeof bytes);

    for (size_t i = 0; i < count; i++) {
        uint8_t kept = bytes[i];

        for (unsigned value = 0; value < 256; value++) {
            bytes[i] = (uint8_t)value;
            bool is_expected = value == kept || canonical_allows(codec->map[i], bytes[i]);
            bool is_read = codec->rewrite(bytes, count, out);

            ck_assert_msg(is_read == is_expected, "%s: byte %zu = %u", codec->name, i, value);
            if (is_read) {
                ck_assert_mem_eq(out, bytes, count);
            }
        }
        bytes[i] = kept;
    }
}

#endif
