/* SPDX-License-Identifier: ISC */
/* fields: see fields.h. */
#include "topo/fields.h"

#include "base/address.h"
#include "topo/config.h"

#include <string.h>

void avpni_expect_u8(struct avpni_reader *r, uint8_t value)
{
    if (avpni_read_u8(r) != value) {
        avpni_reader_fail(r);
    }
}

uint8_t avpni_read_count(struct avpni_reader *r, uint8_t least, uint8_t most)
{
    uint8_t count = avpni_read_u8(r);

    if (count < least || count > most) {
        avpni_reader_fail(r);
        return 0;
    }
    return count;
}

void avpni_name_write(struct avpni_writer *w, const char *name)
{
    size_t count = strlen(name);

    avpni_write_u8(w, (uint8_t)count);
    avpni_write_bytes(w, (const uint8_t *)name, count);
}

void avpni_name_read(struct avpni_reader *r, uint8_t least, bool is_host,
                     char name_out[AVPN_NAME_BYTES])
{
    size_t count = avpni_read_count(r, least, AVPN_NAME_BYTES - 1);

    memset(name_out, 0, AVPN_NAME_BYTES);
    avpni_read_bytes(r, (uint8_t *)name_out, count);
    /* A NUL inside would make the name shorter than it says. */
    if (strlen(name_out) != count || (count > 0 && !avpni_is_name(name_out, is_host))) {
        avpni_reader_fail(r);
    }
}

void avpni_prefix_write(struct avpni_writer *w, const struct avpn_prefix *prefix)
{
    avpni_write_u8(w, prefix->family);
    avpni_write_u8(w, prefix->length);
    avpni_write_bytes(w, prefix->bytes, (prefix->length + 7u) / 8);
}

/* Bits as they come, canonical or not. */
static struct avpn_prefix read_prefix(struct avpni_reader *r)
{
    struct avpn_prefix prefix = {.family = avpni_read_u8(r)};

    prefix.length = avpni_read_u8(r);
    if (prefix.length <= 8 * sizeof prefix.bytes) {
        avpni_read_bytes(r, prefix.bytes, (prefix.length + 7u) / 8);
    }
    return prefix;
}

void avpni_prefix_read(struct avpni_reader *r, struct avpn_prefix *prefix_out)
{
    *prefix_out = read_prefix(r);
    if (!avpni_prefix_is_canonical(prefix_out)) {
        avpni_reader_fail(r);
    }
}

void avpni_scope_read(struct avpni_reader *r, struct avpn_prefix *prefix_out)
{
    *prefix_out = read_prefix(r);
    bool is_any = prefix_out->family == AVPN_FAMILY_NONE && prefix_out->length == 0;

    if (!is_any && !avpni_prefix_is_canonical(prefix_out)) {
        avpni_reader_fail(r);
    }
}
