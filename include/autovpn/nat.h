/* SPDX-License-Identifier: ISC */
/**
 * @defgroup nat NAT classification
 * nat: what kind of NAT stands in front of one uplink, from what registries saw.
 *
 * Values in, value out: no memory, no state, any thread. Spec: [NAT-1] to [NAT-6].
 *
 *     struct avpn_nat_report seen[2] = {{.seen = contact_a, .at = now}, {.seen = contact_b, .at = now}};
 *     struct avpn_nat_verdict v;
 *     avpn_nat_classify(seen, 2, AVPN_TIME_NEVER, now, &v);      // v.kind == AVPN_NAT_FRIENDLY ...
 * @{
 */
#ifndef AUTOVPN_NAT_H
#define AUTOVPN_NAT_H

#include <autovpn/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What stands in front of an uplink. */
enum avpn_nat_kind {
    AVPN_NAT_UNKNOWN = 0,            /**< fewer than two fresh reports: undecided */
    AVPN_NAT_FRIENDLY = 1,           /**< endpoint-independent mapping as far as seen (RFC 4787 4.1) */
    AVPN_NAT_UNFRIENDLY_PORT = 2,    /**< another port for each destination */
    AVPN_NAT_UNFRIENDLY_ADDRESS = 3, /**< another public address for each destination */
    AVPN_NAT_BLOCKED = 4,            /**< no registry answers: UDP does not get out or back */
};

/** The contact from which one registry saw the uplink, and when its answer came. */
struct avpn_nat_report {
    struct avpn_contact seen; /**< family NONE: this registry has not answered */
    uint32_t reserved;
    avpn_time at; /**< when it said so */
};

/** What the reports say together. */
struct avpn_nat_verdict {
    uint8_t kind; /**< enum avpn_nat_kind */
    uint8_t reserved[3];
    /** the two contacts that decided, for kinds FRIENDLY and UNFRIENDLY_*; family NONE otherwise. */
    struct avpn_contact evidence[2];
};

#define AVPN_NAT_REPORT_SPAN (70 * AVPN_SECOND)   /**< older reports are forgotten [NAT-1] */
#define AVPN_NAT_BLOCKED_AFTER (15 * AVPN_SECOND) /**< without any answer [NAT-5] */

/**
 * Judge. `reports`: one per registry, borrowed until return. `asking_since`: since when requests
 * have gone out without any answer, or AVPN_TIME_NEVER when not asking.
 * AVPN_ERROR_ARGUMENT: NULL where not allowed; *verdict_out is then unchanged.
 */
AVPN_API int32_t avpn_nat_classify(const struct avpn_nat_report *reports, size_t count,
                                   avpn_time asking_since, avpn_time now,
                                   struct avpn_nat_verdict *verdict_out);
/** "friendly", "unfriendly (port)" ... Static text, never NULL. */
AVPN_API const char *avpn_nat_name(uint8_t kind);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
