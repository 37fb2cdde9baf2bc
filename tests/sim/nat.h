/* SPDX-License-Identifier: ISC */
/*
 * nat: NAT boxes after RFC 4787, between an inner segment and an outer one.
 *
 * A kind says how mappings are made and whom they let in; the presets below name
 * the boxes one meets. The outer segment may be the inside of another box (carrier-grade
 * NAT). IPv6 passes untranslated, but filtered by the same rule as in a stateful firewall.
 *
 *     struct sim_nat *nat = sim_nat_new(sim_internet(sim), &sim_nat_home, "203.0.113.1");
 *     struct sim_port *host = sim_attach(sim_nat_inside(nat), "192.168.1.2");
 */
#ifndef AVPN_SIM_NAT_H
#define AVPN_SIM_NAT_H

#include "net.h"

/* What a mapping, or the permission to come in, depends on besides the inside contact. */
enum sim_nat_scope {
    SIM_NAT_INDEPENDENT = 0,
    SIM_NAT_ADDRESS = 1,
    SIM_NAT_ADDRESS_AND_PORT = 2
};

/* Which public port a new mapping gets. */
enum sim_nat_ports { SIM_NAT_PRESERVED = 0, SIM_NAT_RANDOM = 1, SIM_NAT_SEQUENTIAL = 2 };

/* Which public address, where there are two. */
enum sim_nat_pooling { SIM_NAT_PAIRED = 0, SIM_NAT_BY_DESTINATION = 1, SIM_NAT_BY_TURN = 2 };

struct sim_nat_kind {
    const char *name;
    enum sim_nat_scope mapping, filtering;
    enum sim_nat_ports ports;
    enum sim_nat_pooling pooling;
    uint16_t pool_first, pool_last; /* public ports; 0: 1024..65535 */
    avpn_span timeout;              /* of a mapping and of a permission; 0: 120 s */
    avpn_span unreplied;            /* ... as long as nothing came back; 0: the same */
    bool is_refreshed_inbound;
    bool has_hairpin;
    bool has_early_collision; /* Linux: early inbound packets take the tuple */
    bool is_blocking;         /* UDP does not get out */
    uint16_t blocked_first, blocked_last; /* remote ports that are not let out */
};

/* The kinds of ORACLES.md 5.1, friendly ones first. */
extern const struct sim_nat_kind sim_nat_full_cone, sim_nat_restricted_cone, sim_nat_home,
    sim_nat_linux, sim_nat_random_cone, sim_nat_by_address, sim_nat_symmetric, sim_nat_small_pool,
    sim_nat_two_by_destination, sim_nat_two_by_turn, sim_nat_blocked;
extern const struct sim_nat_kind *const sim_nat_kinds[];
extern const size_t sim_nat_kind_count;
/* By name; ends the program when there is none. */
const struct sim_nat_kind *sim_nat_named(const char *name);

struct sim_nat;

struct sim_nat *sim_nat_new(struct sim_segment *outer, const struct sim_nat_kind *kind,
                            const char *public_address);
void sim_nat_add_address(struct sim_nat *nat, const char *public_address);
struct sim_segment *sim_nat_inside(const struct sim_nat *nat);
/* The port on the outer segment: the site's access line, where links and faults belong. */
struct sim_port *sim_nat_outside(const struct sim_nat *nat);
/* Let everything to this public port in, to one inside contact. */
void sim_nat_forward(struct sim_nat *nat, uint16_t public_port, const char *inside);
/* Power cycle: nothing passes for `down`, and all mappings and permissions are gone. */
void sim_nat_reboot(struct sim_nat *nat, avpn_span down);
/* Every mapping gets another public port; who wrote to the old one is not heard. */
void sim_nat_rebind(struct sim_nat *nat);
/* Another public address takes the place of the first; mappings keep their ports. */
void sim_nat_renumber(struct sim_nat *nat, const char *public_address);
void sim_nat_set_kind(struct sim_nat *nat, const struct sim_nat_kind *kind);
/* Live mappings. */
size_t sim_nat_mappings(const struct sim_nat *nat);
/* The public contact of an inside one, as seen by `remote`; family NONE without a mapping. */
struct avpn_contact sim_nat_public(const struct sim_nat *nat, struct avpn_contact inside,
                                   struct avpn_contact remote);

#endif
