/* SPDX-License-Identifier: ISC */
/*
 * session: what one handshake between two nodes left, as far as packets need it: a pair of SAs for each path, found by SPI.
 *
 * A session's index is (random | place << 4); its SPIs are index + path. The table of places is published, and doubled by replacing it.
 * Sessions are made, started and retired by link/session.h. Other threads read what is marked so, and of that first a pair:
 * what stands beside it was written before.
 */
#ifndef AVPNI_FORWARD_SESSION_H
#define AVPNI_FORWARD_SESSION_H

#include "forward/gate.h"
#include <autovpn/noise.h>

#define AVPNI_SESSION_PLACE_BITS 18
#define AVPNI_SESSION_LIMIT (1u << AVPNI_SESSION_PLACE_BITS)
#define AVPNI_SESSION_PLACE(spi) ((spi) >> 4 & (AVPNI_SESSION_LIMIT - 1))

struct avpni_handed;
struct avpni_peer;

struct avpni_pair {
    struct avpni_sa *send, *receive;
};

struct avpni_session {
    struct avpni_retired retired;
    uint32_t index;          /* read by all */
    _Atomic bool is_confirmed; /* read by all [ESP-7] */
    uint8_t suite;           /* 0: keys are not there yet */
    avpn_time created_at;    /* read by all */
    struct avpni_gate *gate; /* read by all */
    _Atomic(struct avpni_pair *) pairs[AVPNI_GATE_PATHS]; /* read by all; by our uplink * 4 + the peer's */

    struct avpni_peer *peer;
    uint32_t remote_index;
    struct avpn_key send_key, receive_key;
    struct avpni_handed *handed; /* by path, in the place of pairs; NULL: packets are the engine's (link/handover.h) */
};

struct avpni_sessions {
    struct avpni_retired retired;
    uint32_t capacity; /* a power of two */
    _Atomic(struct avpni_session *) slots[];
};

/* The number of our path that an SPI of ours means. */
static inline uint32_t avpni_session_path(uint32_t spi)
{
    uint32_t a = spi >> 2 & 3, b = spi & 3; /* the peer's uplink, ours */

    return b * 4 + a;
}

#endif
