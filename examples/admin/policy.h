/* SPDX-License-Identifier: ISC */
/*
 * policy: what an organization's file says for all of its sites [CFG-13]: tunnels between hubs, the firewall, breakouts.
 *
 * A site's name in a rule means the subnets it exports in this file. Every rule remembers the entry of the file that it comes
 * from, so that a finding about it can be told at its line.
 */
#ifndef ADMIN_POLICY_H
#define ADMIN_POLICY_H

#include <autovpn/config.h>

#include "common/settings.h"

struct org;

struct policy {
    uint32_t flags; /* AVPN_ORGANIZATION_* */
    uint32_t rule_count;
    struct avpn_rule rules[AVPN_RULES];
    uint32_t rule_places[AVPN_RULES]; /* of their entries under "firewall" */
    uint32_t breakout_count;
    struct avpn_breakout breakouts[AVPN_BREAKOUTS];
    uint32_t breakout_places[AVPN_BREAKOUTS]; /* under "breakout" */
};

/* Of a file whose sites are read. Whatever is wrong is told. */
void policy_read(struct org *org);
/* `is_whole`: as if every site had its key; else breakouts of sites that wait are left out. */
void policy_add(struct org *org, int is_whole, struct avpn_config *config);
/* Where the rule at a place, or else a breakout, stands in the file. 1, or 0: nowhere. */
int policy_rule_setting(const struct org *org, uint32_t rule, struct setting *where_out);
int policy_breakout_setting(const struct org *org, uint32_t breakout, struct setting *where_out);

#endif
