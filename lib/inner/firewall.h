/* SPDX-License-Identifier: ISC */
/*
 * firewall: the first rule that matches decides. Also which packets break out. Spec: [FWL-1] to [FWL-3], [RTE-9].
 *
 *     avpni_firewall_init(&firewall, &memory);
 *     avpni_firewall_reserve(&firewall, rules, breakouts);
 *     ...fill in firewall.rules and firewall.breakouts
 *     avpni_firewall_adopt(&firewall, &old);
 *     avpni_firewall_fini(&old);
 *     rule = avpni_firewall_find(&firewall, &packet);
 *     if (!avpni_firewall_allows(&firewall, rule)) ...
 */
#ifndef AVPNI_INNER_FIREWALL_H
#define AVPNI_INNER_FIREWALL_H

#include "base/memory.h"
#include "base/tally.h"
#include "inner/packet.h"
#include <autovpn/config.h>

#define AVPNI_RULE_NONE UINT32_MAX

/* Without rules: what avpni_firewall_init makes. The arrays are owned by it; the counters are the caller's to count. */
struct avpni_firewall {
    struct avpni_memory memory;
    struct avpn_rule *rules;
    struct avpn_breakout *breakouts;
    struct avpni_tally *sent, *received; /* packets by rule that decided */
    uint32_t rule_count, breakout_count;
};

void avpni_firewall_init(struct avpni_firewall *firewall, const struct avpni_memory *memory);
void avpni_firewall_fini(struct avpni_firewall *firewall);
/*
 * Room for so many rules and breakouts, all zero, for the caller to fill in, as in a valid configuration, before any packet is judged; what was there before
 * is gone. AVPN_ERROR_MEMORY: nothing changed. A configuration change makes a new firewall; avpni_firewall_adopt takes over the counters of
 * rules that are equal in both, all fields of them.
 */
int32_t avpni_firewall_reserve(struct avpni_firewall *firewall, uint32_t rules, uint32_t breakouts);
void avpni_firewall_adopt(struct avpni_firewall *firewall, const struct avpni_firewall *old);

/* A packet as the rules see it, borrowed until return. Transport of a flow of which nothing is known: zeros. */
struct avpni_judged {
    const struct avpn_address *source, *destination;
    const struct avpni_transport *transport;
};
/* The place of the rule that decides, or AVPNI_RULE_NONE: allowed. Counts nothing. */
uint32_t avpni_firewall_find(const struct avpni_firewall *firewall,
                             const struct avpni_judged *packet);
bool avpni_firewall_allows(const struct avpni_firewall *firewall, uint32_t rule);
/*
 * The place of the breakout that matches and is `member`'s or everybody's, or AVPNI_RULE_NONE. A later fragment matches none that names
 * ports: what belongs into the tunnel never leaves it by guessing [FWL-3].
 */
uint32_t avpni_breakout_find(const struct avpni_firewall *firewall, uint32_t member,
                             const struct avpni_judged *packet);

#endif
