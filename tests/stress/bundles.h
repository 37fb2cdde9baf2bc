/* SPDX-License-Identifier: ISC */
/*
 * bundles: the configurations of the organization, one version after the other. The conductor signs them, every engine's thread
 * reads the newest. A hub and two spokes stay members in all; gentle ones change what concerns no flow: a member that never
 * runs, an export, a rule. Wild ones deny, revoke and take exports away.
 */
#ifndef AUTOVPN_STRESS_BUNDLES_H
#define AUTOVPN_STRESS_BUNDLES_H

#include <autovpn/autovpn.h>
#include <stdatomic.h>
#include <stdbool.h>

#define BUNDLES 4096
#define MEMBERS 3

struct bundle {
    uint8_t *bytes;
    size_t count;
};

enum bundle_kind { BUNDLE_PLAIN, BUNDLE_GENTLE, BUNDLE_WILD };

struct bundles {
    struct avpn_key_pair keys[MEMBERS], registry_key;
    struct avpn_key organization;
    struct bundle list[BUNDLES]; /* by version - 1 */
    atomic_uint count;           /* of them that are there */
};

void bundles_begin(struct bundles *bundles);
void bundles_end(struct bundles *bundles);
/* The next version; `variant` chooses what is different. Nothing, once there are too many. */
void bundles_sign(struct bundles *bundles, enum bundle_kind kind, uint32_t variant);
const struct bundle *bundles_newest(struct bundles *bundles, uint32_t *version_out);

#endif
