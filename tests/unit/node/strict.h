/* SPDX-License-Identifier: ISC */
/*
 * strict: a data plane of the host's own (sa.h) that does to the letter what it is told, and fails the test where that cannot be right: an
 * SA that is not there, or twice; a key that was used before; one selected that is removed, or with no way to go.
 *
 * It seals and opens with SAs of the public API, takes routes from the node's table, checks sources [RTE-5], and reports once a second,
 * as a kernel would.
 */
#ifndef AUTOVPN_TESTS_STRICT_H
#define AUTOVPN_TESTS_STRICT_H

#include "node/pair.h"
#include <autovpn/sa.h>

#define STRICT_SAS 64
#define STRICT_KEYS 512

struct strict_sa {
    struct avpn_sa *sa; /* NULL: free place */
    struct avpn_sa_change change; /* as it is now */
    struct avpn_sa_report report;
};

struct strict {
    struct pair_plane plane; /* first */
    struct pair_host *host;
    struct strict_sa sas[STRICT_SAS];
    uint8_t keys[STRICT_KEYS][36];
    uint32_t key_count;
    uint32_t counts[8]; /* changes, by action */
    struct avpn_sa_change last[8]; /* of each action */
    avpn_time report_at;
    uint32_t refused;   /* packets from elsewhere than their sender may */
    uint32_t unopened;
    bool is_silent;     /* reports nothing */
};

/* For a host of a net that is not open yet. */
void strict_begin(struct strict *strict, struct pair_host *host);
/* SAs there are; with `is_sender` 2: of both kinds. */
uint32_t strict_count(const struct strict *strict, uint32_t is_sender);
/* The sender to a member, or NULL. */
struct strict_sa *strict_selected(struct strict *strict, uint32_t member);

#endif
