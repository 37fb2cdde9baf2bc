/* SPDX-License-Identifier: ISC */
/*
 * header: the 8 bytes every control message begins with, and ranges that several messages share.
 * Spec: doc/protocol.md section 1.
 */
#ifndef AVPNI_WIRE_HEADER_H
#define AVPNI_WIRE_HEADER_H

#include "wire/message.h"
#include <autovpn/config.h>
#include <autovpn/nat.h>

/* Marker, version, type and the reserved 16 bits. */
void avpni_header_write(struct avpni_writer *w, enum avpni_kind type);

/* One byte that must not pass `limit`; marks the reader failed otherwise. */
uint8_t avpni_read_u8_upto(struct avpni_reader *r, uint8_t limit);

/* An uplink number; every byte string that names another is refused. */
static inline uint8_t avpni_read_uplink(struct avpni_reader *r)
{
    return avpni_read_u8_upto(r, AVPN_UPLINKS - 1);
}

static inline uint8_t avpni_read_nat(struct avpni_reader *r)
{
    return avpni_read_u8_upto(r, AVPN_NAT_BLOCKED);
}

#endif
