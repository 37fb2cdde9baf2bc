/* SPDX-License-Identifier: ISC */
/*
 * icmp: errors about inner packets. Spec: [ICM-1] to [ICM-3]; RFC 792, 1122, 1812, 4443.
 */
#ifndef AVPNI_INNER_ICMP_H
#define AVPNI_INNER_ICMP_H

#include <autovpn/types.h>
#include <stdbool.h>

#define AVPNI_ICMP_LIMIT 1280 /* the longest error */
#define AVPNI_ICMP_BURST 50   /* [ICM-3] */
#define AVPNI_ICMP_SPAN (10 * AVPN_MILLISECOND)

enum avpni_icmp {
    AVPNI_ICMP_HOP_LIMIT,
    AVPNI_ICMP_TOO_BIG,
    AVPNI_ICMP_NO_ROUTE,
    AVPNI_ICMP_NO_TUNNEL,
    AVPNI_ICMP_DENIED
};

/*
 * May an error answer this packet (which avpni_inner_parse accepted) at all [ICM-3]? Not one of which it cannot be seen whether it is an
 * error: IPv6 whose header chain is cut or too long, ICMP without a type.
 */
bool avpni_icmp_may_answer(const uint8_t *packet, uint32_t bytes);
/* Is it an ICMP error itself? ICMPv6 of IPv6 and ICMP of IPv4 only. */
bool avpni_icmp_is_error(const uint8_t *packet, uint32_t bytes);
/* The same, and where its ICMP header begins; at least the first byte of that is there. */
bool avpni_icmp_find_error(const uint8_t *packet, uint32_t bytes, uint32_t *offset_out);
/*
 * An error about a packet for which may_answer is true, from `source` (of its family) to the packet's source. `mtu_bytes`: of TOO_BIG, else
 * ignored; an IPv6 host is never told less than 1280 [MTU-7]. Returns its length.
 */
uint32_t avpni_icmp_write(enum avpni_icmp kind, uint32_t mtu_bytes,
                          const struct avpn_address *source, const uint8_t *packet, uint32_t bytes,
                          uint8_t error_out[AVPNI_ICMP_LIMIT]);

/* Token bucket of errors [ICM-3]. */
struct avpni_icmp_limit {
    avpn_time next_at; /* when the bucket is full again; zero: full */
};
/* True: one more may be made now. */
bool avpni_icmp_take(struct avpni_icmp_limit *limit, avpn_time now);

#endif
