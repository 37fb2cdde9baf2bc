/* SPDX-License-Identifier: ISC */
/*
 * sized: structs that cross the library's border and grow (types.h).
 *
 * Need                              | Use                  | Never
 * read a caller's struct            | avpni_take           | its fields by the caller's pointer
 * fill in a caller's struct         | avpni_give           | *status_out = ...
 * a table of functions that stays   | avpni_take_in_place, | a field newer than 0.1 without
 *   the caller's                    | AVPNI_HAS            |   asking whether it is there
 *
 * Every struct that grows has its line in the list below: the bytes of the first version that was published, told by the last
 * field it had then. So they stay what they were when the struct grows, on every machine. Why so: doc/decisions/0017.
 */
#ifndef AVPNI_BASE_SIZED_H
#define AVPNI_BASE_SIZED_H

#include <autovpn/autovpn.h>
#include <stdbool.h>

/* Bytes of a struct up to a field and with it. */
#define AVPNI_THROUGH(type, field) (offsetof(struct type, field) + sizeof(((struct type *)0)->field))

/* Is a field there in a struct whose `size` is another version's? */
#define AVPNI_HAS(pointer, type, field) ((pointer)->size >= AVPNI_THROUGH(type, field))

/* Of version 0.1. Lines are added, never changed. */
enum avpni_first_bytes {
    AVPNI_FIRST_AEAD = AVPNI_THROUGH(avpn_aead, open),
    AVPNI_FIRST_BREAKOUT = AVPNI_THROUGH(avpn_breakout, destination_last),
    AVPNI_FIRST_CLAIM = AVPNI_THROUGH(avpn_claim, signature),
    AVPNI_FIRST_CONFLICT_STATUS = AVPNI_THROUGH(avpn_conflict_status, loser),
    AVPNI_FIRST_EXPLANATION = AVPNI_THROUGH(avpn_explanation, mtu_bytes),
    AVPNI_FIRST_FLOW = AVPNI_THROUGH(avpn_flow, destination),
    AVPNI_FIRST_HOST = AVPNI_THROUGH(avpn_host, aeads),
    AVPNI_FIRST_INVITE = AVPNI_THROUGH(avpn_invite, expires),
    AVPNI_FIRST_MEMBER = AVPNI_THROUGH(avpn_member, translations),
    AVPNI_FIRST_NODE_OPTIONS = AVPNI_THROUGH(avpn_node_options, undo_after),
    AVPNI_FIRST_NODE_STATUS = AVPNI_THROUGH(avpn_node_status, reserved2),
    AVPNI_FIRST_ORGANIZATION_STATUS = AVPNI_THROUGH(avpn_organization_status, name),
    AVPNI_FIRST_PATH_STATUS = AVPNI_THROUGH(avpn_path_status, reserved),
    AVPNI_FIRST_PEER_STATUS = AVPNI_THROUGH(avpn_peer_status, received_bytes),
    AVPNI_FIRST_PROBLEM = AVPNI_THROUGH(avpn_problem, message),
    AVPNI_FIRST_PUBLICATION = AVPNI_THROUGH(avpn_publication, invite_count),
    AVPNI_FIRST_PUBLISHER_OPTIONS = AVPNI_THROUGH(avpn_publisher_options, give_up_after),
    AVPNI_FIRST_PUBLISHER_STATUS = AVPNI_THROUGH(avpn_publisher_status, served_version),
    AVPNI_FIRST_REGISTRATION = AVPNI_THROUGH(avpn_registration, heard_at),
    AVPNI_FIRST_REGISTRATION_STATUS = AVPNI_THROUGH(avpn_registration_status, reserved2),
    AVPNI_FIRST_REGISTRY_ENTRY = AVPNI_THROUGH(avpn_registry_entry, host),
    AVPNI_FIRST_REGISTRY_OPTIONS = AVPNI_THROUGH(avpn_registry_options, reserved),
    AVPNI_FIRST_REGISTRY_STATUS = AVPNI_THROUGH(avpn_registry_status, configuration_bytes),
    AVPNI_FIRST_ROUTE = AVPNI_THROUGH(avpn_route, hops),
    AVPNI_FIRST_RULE = AVPNI_THROUGH(avpn_rule, name),
    AVPNI_FIRST_RULE_STATUS = AVPNI_THROUGH(avpn_rule_status, received_packets),
    AVPNI_FIRST_SA_CHANGE = AVPNI_THROUGH(avpn_sa_change, reserved2),
    AVPNI_FIRST_SA_PARAMETERS = AVPNI_THROUGH(avpn_sa_parameters, limit),
    AVPNI_FIRST_SA_REPORT = AVPNI_THROUGH(avpn_sa_report, reserved2),
    AVPNI_FIRST_TOKEN = AVPNI_THROUGH(avpn_token, registries),
    AVPNI_FIRST_UPLINK = AVPNI_THROUGH(avpn_uplink, reserved),
    AVPNI_FIRST_UPLINK_STATUS = AVPNI_THROUGH(avpn_uplink_status, evidence),
    AVPNI_FIRST_WORKER_HOST = AVPNI_THROUGH(avpn_worker_host, punt),
};

/*
 * Copy a caller's struct, which may be of an older or a newer version, into the library's own of `own_bytes`: what the caller's
 * does not have is zero, `size` is own_bytes. AVPN_ERROR_ARGUMENT: theirs is NULL, smaller than `first`, absurdly large, or asks
 * for what this version does not know; own is then unchanged.
 */
int32_t avpni_take(void *own, size_t own_bytes, const void *theirs, enum avpni_first_bytes first);

/* The same judgement of a struct that is to stay where it is. Fields newer than the first version: AVPNI_HAS. */
bool avpni_take_in_place(size_t own_bytes, const void *theirs, enum avpni_first_bytes first);

/* May `theirs` be given what a function has to tell? For a look before the work is done: avpni_give judges too. */
bool avpni_can_give(const void *theirs, enum avpni_first_bytes first);

/*
 * Fill in a caller's struct from the library's own: as many bytes as both have, zero beyond, `size` the number of the former.
 * AVPN_ERROR_ARGUMENT: theirs is NULL, smaller than `first`, or absurdly large; it is then unchanged.
 */
int32_t avpni_give(void *theirs, const void *own, size_t own_bytes, enum avpni_first_bytes first);

#endif
