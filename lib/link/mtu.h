/* SPDX-License-Identifier: ISC */
/*
 * mtu: how large a datagram a path carries, found by probing (RFC 8899). States and events: doc/protocol.md 6.1.
 *
 * A value owned by its path, without timer or memory of its own: it says when it is due and what to send.
 *
 *     avpni_mtu_start(&mtu, limit, now);
 *     ... at mtu.due_at, and whenever it suits:
 *     size = avpni_mtu_serve(&mtu, limit, rtt_us, heard_at, now);
 *     if (size != 0) ...send a size request of `size` bytes...
 *     ... a size response came, of a request sent at `sent_at`:
 *     if (avpni_mtu_answered(&mtu, size, sent_at, now)) ...it counts...
 *     ... after either of the two:
 *     if (avpni_mtu_news(&mtu) != 0) ...tell the host...
 */
#ifndef AVPNI_LINK_MTU_H
#define AVPNI_LINK_MTU_H

#include "wire/limits.h"
#include <autovpn/node.h>
#include <stdbool.h>

struct avpni_mtu {
    uint8_t state;          /* enum avpn_mtu_state */
    uint8_t tries;          /* requests of the size in question */
    uint8_t told_state;     /* in the last event */
    bool is_heard;          /* the newest of them was sent after a plain probe since the first was answered [MTU-3] */
    bool is_large_sent;     /* a datagram above the base since the size was last in question */
    uint16_t size;          /* what datagrams may have: proved, but in BASE and BELOW; 0: the path is not alive */
    uint16_t asked;         /* the size in question; 0: none is */
    uint16_t high;          /* of the search: nothing above it is tried */
    uint16_t limit;         /* what the uplink's link takes [MTU-1] */
    uint16_t told;          /* in the last event */
    avpn_time asked_since;  /* the first request of the size in question */
    avpn_time confirmed_at; /* the newest answer that counted */
    avpn_time search_at;    /* DONE: what is larger is tried again */
    avpn_time due_at;       /* AVPN_TIME_NEVER: nothing is due */
};

/* The largest datagram that a link of `mtu_bytes`, IP header included, carries to an address of `family` [MTU-1]. */
uint32_t avpni_mtu_limit(uint32_t mtu_bytes, uint32_t family);

/* The path became alive, or its contact moved. */
void avpni_mtu_start(struct avpni_mtu *mtu, uint32_t limit, avpn_time now);
void avpni_mtu_stop(struct avpni_mtu *mtu);
/*
 * The size of the request to be sent at `now`, or 0: none. `heard_at`: when the newest plain probe that was answered
 * was sent: a size does not fail while nothing at all passes [MTU-3]. Another limit than before is noticed here.
 */
uint32_t avpni_mtu_serve(struct avpni_mtu *mtu, uint32_t limit, uint32_t rtt_us, avpn_time heard_at,
                         avpn_time now);
/* A size response from the proved contact to a request sent at `sent_at`. False: it does not count [MTU-3]. */
bool avpni_mtu_answered(struct avpni_mtu *mtu, uint32_t size, avpn_time sent_at, avpn_time now);
/* The size, once, when a search ended with another one than was told last, or less than the base passes; else 0 [MTU-4]. */
uint32_t avpni_mtu_news(struct avpni_mtu *mtu);

/* A datagram of this size was sent. */
static inline void avpni_mtu_note_sent(struct avpni_mtu *mtu, uint32_t bytes)
{
    if (bytes > AVPNI_MTU_BASE)
        mtu->is_large_sent = true;
}

#endif
