/* SPDX-License-Identifier: ISC */
/*
 * Plays scenarios and prints TAP. Arguments: parts of names; without any, all are played.
 * AVPN_SEED chooses the seed (default 1), AVPN_SEEDS how many from there on (default 1). The trace of a scenario
 * is a hash of every datagram that travelled, with its time and its ends.
 */
#include "scenario.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_chosen(const struct scenario *scenario, int count, char **parts)
{
    for (int i = 1; i < count; i++)
        if (strstr(scenario->name, parts[i]) != NULL)
            return true;
    return count <= 1;
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static int played, failed;

static void play(const struct scenario *scenarios, size_t count, int argc, char **argv)
{
    const uint64_t first = number_from("AVPN_SEED", 1), seeds = number_from("AVPN_SEEDS", 1);

    for (size_t i = 0; i < count; i++) {
        uint32_t failures = 0;

        if (!is_chosen(&scenarios[i], argc, argv))
            continue;
        for (uint64_t seed = first; seed < first + seeds; seed++)
            failures += scenarios[i].play(seed);
        played++;
        failed += failures > 0 && scenarios[i].todo == NULL ? 1 : 0;
        printf("%s %d - %s (seed %llu)%s%s\n", failures > 0 ? "not ok" : "ok", played,
               scenarios[i].name, (unsigned long long)first,
               scenarios[i].todo != NULL ? " # TODO " : "",
               scenarios[i].todo != NULL ? scenarios[i].todo : "");
        printf("# trace %016llx of %s\n", (unsigned long long)world_take_traces(),
               scenarios[i].name);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    play(nat_scenarios, nat_scenario_count, argc, argv);
    play(fault_scenarios, fault_scenario_count, argc, argv);
    play(attack_scenarios, attack_scenario_count, argc, argv);
    play(traffic_scenarios, traffic_scenario_count, argc, argv);
    play(route_scenarios, route_scenario_count, argc, argv);
    play(shared_scenarios, shared_scenario_count, argc, argv);
    play(exit_scenarios, exit_scenario_count, argc, argv);
    play(failover_scenarios, failover_scenario_count, argc, argv);
    play(policy_scenarios, policy_scenario_count, argc, argv);
    play(translation_scenarios, translation_scenario_count, argc, argv);
    play(ipv6_scenarios, ipv6_scenario_count, argc, argv);
    play(mtu_scenarios, mtu_scenario_count, argc, argv);
    play(explain_scenarios, explain_scenario_count, argc, argv);
    play(organization_scenarios, organization_scenario_count, argc, argv);
    play(liar_scenarios, liar_scenario_count, argc, argv);
    play(worker_scenarios, worker_scenario_count, argc, argv);
    play(chaos_scenarios, chaos_scenario_count, argc, argv);
    printf("1..%d\n", played);
    return failed > 0 || played == 0;
}
