/* SPDX-License-Identifier: ISC */
/*
 * guard: what stands before the costly part of a handshake's responder, [MAC-1] to [MAC-5].
 *
 * One global bucket says when the responder is under load; a fixed table of buckets, chosen by
 * a keyed hash of the source's address (IPv6: of its /64), limits sources that returned a
 * cookie while it is. Two sources may share a bucket; none can empty another's on purpose.
 *
 * A message whose mac1 is wrong changes nothing at all, not even secrets that are due to change.
 */
#ifndef AVPNI_LINK_GUARD_H
#define AVPNI_LINK_GUARD_H

#include "base/memory.h"
#include "base/random.h"
#include "crypto/cookie.h"
#include "wire/limits.h"

#define AVPNI_GUARD_SOURCES 4096 /* buckets per source, 8 bytes each */

enum avpni_guard_verdict {
    AVPNI_GUARD_DROP_MAC1 = 0,
    AVPNI_GUARD_PASS,     /* a token was taken: go on with the handshake */
    AVPNI_GUARD_COOKIE,   /* transmit cookie_message_out to the source, do nothing else */
    AVPNI_GUARD_DROP_LOAD /* this source had its share (or there was no randomness for a cookie) */
};

struct avpni_guard {
    struct avpni_memory memory;
    struct avpni_random random;
    struct avpn_key self; /* the responder's static public key */
    uint8_t mac1_key[32]; /* from it */
    struct avpni_cookie_jar jar;
    uint8_t hash_secret[16];
    avpn_span interval, span;  /* global bucket: one token per interval, `span` holds the burst */
    avpn_time spent_until;     /* a bucket is the moment until which its tokens are spent */
    avpn_time *sources;        /* AVPNI_GUARD_SOURCES buckets */
};

/* `handshakes_per_second` 0: AVPNI_HANDSHAKES_PER_SECOND. AVPN_ERROR_MEMORY, AVPN_ERROR_RANDOM. */
int32_t avpni_guard_init(struct avpni_guard *guard, const struct avpni_memory *memory,
                         const struct avpni_random *random, const struct avpn_key *self,
                         uint32_t handshakes_per_second, avpn_time now);
void avpni_guard_fini(struct avpni_guard *guard);
/*
 * Judge an initiation of `count` bytes, whose header and length are right. `cookie_message_out`
 * is written for the verdict COOKIE only.
 */
enum avpni_guard_verdict
avpni_guard_check(struct avpni_guard *guard, const uint8_t *message, size_t count,
                  const struct avpn_contact *source, avpn_time now,
                  uint8_t cookie_message_out[AVPNI_COOKIE_MESSAGE_BYTES]);
/* Bytes on the heap. */
size_t avpni_guard_footprint(const struct avpni_guard *guard);

#endif
