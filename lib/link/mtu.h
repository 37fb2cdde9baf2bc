/* SPDX-License-Identifier: ISC */
/*
 * mtu: how large a datagram a path carries, found by probing (RFC 8899). States and events: doc/protocol.md 6.1.
 *
 * A value owned by its path, without timer or memory of its own: it says when it is due and what to send.
 */
#ifndef AVPNI_LINK_MTU_H
#define AVPNI_LINK_MTU_H

#include <autovpn/node.h>
#include <stdbool.h>

struct avpni_mtu {
    uint8_t state;        /* enum avpn_mtu_state */
    uint8_t tries;        /* of the size asked for */
    bool is_asked;        /* a request is outstanding */
    bool is_large_sent;   /* a datagram above the base since the last confirmation */
    uint16_t size;        /* proved; what datagrams may have */
    uint16_t asked;       /* what the outstanding request has */
    uint16_t low, high;   /* of the search: low passes, above high nothing is tried */
    uint16_t told;        /* in the last event */
    avpn_time asked_at;
    avpn_time due_at;     /* AVPN_TIME_NEVER: nothing is due */
};

/* The path became alive, or its contact moved: `limit` is the largest datagram of its uplink [MTU-1]. */
void avpni_mtu_start(struct avpni_mtu *mtu, uint32_t limit, avpn_time now);
void avpni_mtu_stop(struct avpni_mtu *mtu);
/* What is due at `now`: the size to ask for, or 0: nothing. `rtt_us` of the path. */
uint32_t avpni_mtu_serve(struct avpni_mtu *mtu, uint32_t limit, uint32_t rtt_us, avpn_time now);
/* A size response that counts. */
void avpni_mtu_answered(struct avpni_mtu *mtu, uint32_t size, uint32_t limit, avpn_time now);
/* A datagram of this size was sent. */
static inline void avpni_mtu_note_sent(struct avpni_mtu *mtu, uint32_t bytes);
/* A search ended, and this is not what was told last: the size, once; else 0 [MTU-4]. */
uint32_t avpni_mtu_news(struct avpni_mtu *mtu);

static inline void avpni_mtu_note_sent(struct avpni_mtu *mtu, uint32_t bytes)
{
    if (bytes > 1200)
        mtu->is_large_sent = true;
}

#endif
