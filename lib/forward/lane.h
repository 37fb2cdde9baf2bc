/* SPDX-License-Identifier: ISC */
/*
 * lane: one thread's way through the plane: datagrams in, inner packets out, and the other way round.
 *
 *     inbound.c    datagram in:  find its SA -> open -> source check -> deliver, or on to another peer
 *     outbound.c   packet in:    parse -> route -> source check -> firewall
 *     departure.c  ... of both:  fit the path -> seal -> transmit
 *
 * The node has one lane of its own, each worker one. Packets pass in vectors of up to 64, step by step all of them: what the next step
 * reads is fetched meanwhile, and the packets of one SA are sealed or opened together, in their order. What a
 * packet shares with the one before it - addresses, and so both lookups - is not done again.
 *
 * A lane decides everything about a packet but changes nothing that others see, except counters, numbers and windows of SAs. What needs
 * more - an answer, a change of the tunnel - it tells as *trouble*: the node's own lane to the node at once, a worker's as a punt.
 */
#ifndef AVPNI_FORWARD_LANE_H
#define AVPNI_FORWARD_LANE_H

#include "forward/lookups.h"
#include "forward/plane.h"
#include "forward/runs.h"

#define AVPNI_LANE_VECTOR AVPNI_LOOKUPS_LIMIT

enum avpni_trouble_kind {
    AVPNI_TROUBLE_NONE = 0,
    AVPNI_TROUBLE_DATAGRAM,  /* a control message: `uplink`, `source`, `packet` */
    AVPNI_TROUBLE_CONFIRMED, /* a genuine packet came under a session that is not confirmed: `session` [ESP-7] */
    AVPNI_TROUBLE_HEARD,     /* ... from a contact that is not the proved one: `session`, `path`, `source` [PRB-8] */
    AVPNI_TROUBLE_EXHAUSTED, /* the tunnel to `to` needs new keys [ESP-6] */
    AVPNI_TROUBLE_NO_ROUTE,  /* inner packets from here on: `from`, `packet`, room around it; dropped, but for ... */
    AVPNI_TROUBLE_NO_TUNNEL,
    AVPNI_TROUBLE_HOP_LIMIT,
    AVPNI_TROUBLE_DENIED,
    AVPNI_TROUBLE_TOO_BIG,   /* ... this one, which may go to `to` in pieces of `limit` [MTU-6] */
    AVPNI_TROUBLES
};

/* Only what its kind says is set. Borrowed until return. */
struct avpni_trouble {
    uint8_t kind;
    uint32_t from, to; /* members; from AVPN_HOP_LOCAL: this site */
    uint32_t limit;
    uint32_t uplink, session, path;
    struct avpn_contact source;
    uint8_t *packet;
    uint32_t bytes;
};

/* One datagram on its way in. */
struct avpni_arrival {
    uint8_t *bytes; /* of the datagram, once opened of the inner packet */
    uint32_t count;
    uint32_t buffer; /* the input run it lies in */
    uint32_t uplink, spi;
    const struct avpn_contact *source;
    struct avpni_session *session;
    struct avpni_pair *pair;
    int32_t opened;
};

/* One inner packet of this site, as far as it has come: its lookup is due. */
struct avpni_sending {
    uint8_t *packet;
    uint32_t bytes;
    uint32_t buffer;
    uint32_t number; /* of its lookup */
};

/* One inner packet for a peer. */
struct avpni_departure {
    uint8_t *packet;
    uint32_t bytes;
    uint32_t buffer;
    uint32_t flags;
    struct avpni_gate *to, *from; /* from NULL: this site */
    struct avpni_way *way;
};

struct avpni_lane {
    struct avpni_plane *plane;
    const struct avpni_tables *tables; /* as of the last enter */
    avpn_time now;
    bool is_inside; /* between begin and end */
    bool is_shared; /* other lanes run at the same time */
    bool is_handed_over; /* ESP is the host's: none is opened here */
    uint32_t buffer, sealed_buffer, inner_buffer; /* numbers of input runs: the newest, and those of the runs being made */
    struct avpni_tally *counters;
    struct avpni_outbox *outbox;
    struct avpni_runs inner;     /* to deliver */
    struct avpni_runs breakout;  /* to leave by the site's own connection */
    struct avpni_sealing sealed; /* to transmit */
    void *owner;
    void (*trouble)(void *owner, const struct avpni_trouble *trouble);
    uint32_t arrival_count, sending_count, departure_count;
    struct avpni_arrival arrivals[AVPNI_LANE_VECTOR];
    struct avpni_sending sendings[AVPNI_LANE_VECTOR];
    struct avpni_lookups lookups; /* of sendings */
    struct avpni_departure departures[AVPNI_LANE_VECTOR];
};

/*
 * Begin and end of a call with packets. In between tables stay what they are, but for avpni_lane_renew: whoever else may be changing them, and
 * nothing that was published may be released.
 */
void avpni_lane_begin(struct avpni_lane *lane, avpn_time now);
void avpni_lane_renew(struct avpni_lane *lane);
void avpni_lane_end(struct avpni_lane *lane);
/* Hand over all that was collected. */
void avpni_lane_flush(struct avpni_lane *lane);

/* A run of datagrams, or of inner packets with room, whose numbers do not contradict each other. */
void avpni_lane_receive(struct avpni_lane *lane, const struct avpn_datagrams *datagrams);
void avpni_lane_send(struct avpni_lane *lane, const struct avpn_packets *packets);
/* All packets taken in since are on their way after it: before anything else that has to keep the order. */
void avpni_lane_settle(struct avpni_lane *lane);

/* Numbers that do not contradict each other. */
bool avpni_lane_is_receivable(const struct avpn_datagrams *datagrams);
bool avpni_lane_is_sendable(const struct avpn_packets *packets);

/* outbound.c, departure.c: what is in the vectors goes on. */
void avpni_sendings_pass(struct avpni_lane *lane);
/* A packet for a peer joins the vector. */
void avpni_departure_add(struct avpni_lane *lane, struct avpni_gate *to, struct avpni_gate *from,
                         uint8_t *packet, uint32_t bytes, uint32_t buffer);
void avpni_departures_seal(struct avpni_lane *lane);
/*
 * A packet made here, with room around it, under the way to a peer. The datagram's size, or 0: dropped and counted. `way_out`:
 * where it is to go.
 */
uint32_t avpni_departure_seal_one(struct avpni_lane *lane, struct avpni_gate *to, uint8_t *packet,
                                  uint32_t bytes, const struct avpni_way **way_out);
/* Lower the MSS of a SYN to what the tunnel of a peer carries [MTU-8]. */
void avpni_departure_clamp(struct avpni_lane *lane, const struct avpni_gate *peer, uint8_t *packet,
                           uint32_t bytes);

static inline void avpni_lane_count(struct avpni_lane *lane, enum avpn_counter counter)
{
    avpni_tally_add(&lane->counters[counter], 1);
}

#endif
