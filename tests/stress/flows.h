/* SPDX-License-Identifier: ISC */
/*
 * flows: numbered inner packets between the sites, and a book of which arrived. Any thread writes packets and any
 * reads them.
 *
 * FLOW_SHARE of a flow begin in one step. A packet may be held up twice, each time for as long as the step and the next one last: by the
 * thread that sealed it, and by the one that is to open it. What passes it meanwhile, four steps of the five flows that share an SA at
 * most, must not be more than a replay window.
 */
#ifndef AUTOVPN_STRESS_FLOWS_H
#define AUTOVPN_STRESS_FLOWS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define FLOWS 14
#define FLOW_SHARE 96u
#define FLOW_LIMIT (1u << 20) /* packets of one flow */
#define FLOW_LEAST 64u        /* bytes of a packet */

struct flow {
    uint32_t from, to; /* sites, from 0 */
    uint32_t claimed;  /* the site its source address is of */
    bool is_v6;
    atomic_uint next, arrived, forgotten;
    atomic_ullong share; /* the step, and how many have begun in it */
    atomic_uchar *seen; /* by number */
};

extern struct flow flows[FLOWS];

void flows_begin(void);
void flows_end(void);
/* Numbers for up to `wanted` packets; the first of them, how many in *count_out. */
uint32_t flow_reserve(struct flow *flow, uint32_t step, uint32_t wanted, uint32_t *count_out);
void flow_write(const struct flow *flow, uint32_t number, uint8_t *packet, uint32_t bytes);
/* An inner packet was delivered at `site`. NULL, or what is wrong with that. ICMP is not ours. */
const char *flow_arrived(uint32_t site, const uint8_t *packet, uint32_t bytes);
/* What has not arrived is not waited for any more. */
void flows_forget(void);
/* Packets sent and neither arrived nor forgotten, of all flows that may arrive. */
uint32_t flows_missing(void);
uint64_t flows_arrived(void);

#endif
