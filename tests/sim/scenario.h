/* SPDX-License-Identifier: ISC */
/*
 * scenario: the list of what is played. A scenario is a function of a seed that returns the number of
 * failures; test_sim plays all, or those named as arguments.
 */
#ifndef AVPN_SIM_SCENARIO_H
#define AVPN_SIM_SCENARIO_H

#include "world.h"

struct scenario {
    const char *name; /* a sentence */
    uint32_t (*play)(uint64_t seed);
    const char *todo; /* why it is known to fail, or NULL */
};

extern const struct scenario nat_scenarios[], fault_scenarios[], attack_scenarios[],
    traffic_scenarios[], chaos_scenarios[], organization_scenarios[], liar_scenarios[],
    route_scenarios[], failover_scenarios[], translation_scenarios[], ipv6_scenarios[],
    mtu_scenarios[], policy_scenarios[], explain_scenarios[], shared_scenarios[], exit_scenarios[],
    worker_scenarios[];
extern const size_t nat_scenario_count, fault_scenario_count, attack_scenario_count,
    traffic_scenario_count, chaos_scenario_count, organization_scenario_count, liar_scenario_count,
    route_scenario_count, failover_scenario_count, translation_scenario_count, ipv6_scenario_count,
    mtu_scenario_count, policy_scenario_count, explain_scenario_count, shared_scenario_count,
    exit_scenario_count, worker_scenario_count;

/* A hub and spokes behind home routers: the usual case. `count` sites in all, at most 8. */
struct world *usual_world(const char *name, uint64_t seed, uint32_t count);

/* A loop over both, whose variable is made here. */
#define EACH_FAMILY(family_)                                                                       \
    for (uint8_t family_ = AVPN_FAMILY_IPV4; family_ != AVPN_FAMILY_NONE;                          \
         family_ = family_ == AVPN_FAMILY_IPV4 ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_NONE)

#define SECONDS(n_) ((n_) * AVPN_SECOND)
#define MINUTES(n_) ((n_) * 60 * AVPN_SECOND)
#define HOURS(n_) ((n_) * 3600 * AVPN_SECOND)

#endif
