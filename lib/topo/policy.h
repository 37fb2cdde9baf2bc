/* SPDX-License-Identifier: ISC */
/*
 * policy: the leaf for what holds in the whole organization, its canonical bytes and back. Spec: doc/protocol.md 8,
 * [CFG-1], [CFG-13]. No memory, no state.
 *
 * Reading refuses whatever writing could not have made. An action of 9 or ports in the wrong order are
 * well-formed, and validate.c's to judge.
 */
#ifndef AVPNI_TOPO_POLICY_H
#define AVPNI_TOPO_POLICY_H

#include "base/cursor.h"
#include <autovpn/config.h>

struct avpni_policy {
    uint8_t flags; /* AVPN_ORGANIZATION_* */
    uint32_t rule_count, breakout_count;
    struct avpn_rule *rules; /* these two in the order that decides */
    struct avpn_breakout *breakouts;
};

void avpni_policy_write(struct avpni_writer *w, const struct avpni_policy *policy);
/*
 * Flags and counts, and what there is room for: the arrays of `policy` are as long as their counts say, or NULL. So
 * the first call is with two NULLs, and tells how much is needed.
 */
bool avpni_policy_read(const uint8_t *bytes, size_t count, struct avpni_policy *policy);

#endif
