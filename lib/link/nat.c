/* SPDX-License-Identifier: ISC */
/*
 * nat: what kind of NAT stands in front of one uplink.
 *
 * Two registries each report the contact from which our request reached them. The same
 * contact twice means peers can predict it: FRIENDLY. Two different ones, in port or in address,
 * mean they cannot. One report decides nothing. Contacts of IPv4 and of IPv6 are two different
 * views of the uplink and are never compared [NAT-6]: the worse of the two verdicts stands.
 */
#include "base/address.h"
#include <autovpn/nat.h>

static bool is_fresh(const struct avpn_nat_report *report, avpn_time now)
{
    return report->seen.family != AVPN_FAMILY_NONE && now - report->at < AVPN_NAT_REPORT_SPAN;
}

/* The verdict over the reports of one family. [NAT-2] to [NAT-4] */
static struct avpn_nat_verdict judge(const struct avpn_nat_report *reports, size_t count,
                                     uint8_t family, avpn_time now)
{
    struct avpn_nat_verdict verdict = {0};
    const struct avpn_nat_report *first = NULL;

    for (size_t i = 0; i < count; i++) {
        const struct avpn_nat_report *report = &reports[i];
        uint8_t kind = AVPN_NAT_FRIENDLY;

        if (!is_fresh(report, now) || report->seen.family != family)
            continue;
        if (first == NULL) {
            first = report;
            continue;
        }
        if (!avpni_contact_is_same_address(&first->seen, &report->seen))
            kind = AVPN_NAT_UNFRIENDLY_ADDRESS;
        else if (first->seen.port != report->seen.port)
            kind = AVPN_NAT_UNFRIENDLY_PORT;
        if (kind > verdict.kind) {
            verdict.kind = kind;
            verdict.evidence[0] = first->seen;
            verdict.evidence[1] = report->seen;
        }
    }
    return verdict;
}

int32_t avpn_nat_classify(const struct avpn_nat_report *reports, size_t count,
                          avpn_time asking_since, avpn_time now,
                          struct avpn_nat_verdict *verdict_out)
{
    struct avpn_nat_verdict v4, v6;

    if (verdict_out == NULL || (reports == NULL && count > 0))
        return AVPN_ERROR_ARGUMENT;
    v4 = judge(reports, count, AVPN_FAMILY_IPV4, now);
    v6 = judge(reports, count, AVPN_FAMILY_IPV6, now);
    *verdict_out = v6.kind > v4.kind ? v6 : v4;
    if (asking_since != AVPN_TIME_NEVER && now - asking_since >= AVPN_NAT_BLOCKED_AFTER)
        *verdict_out = (struct avpn_nat_verdict){.kind = AVPN_NAT_BLOCKED}; /* [NAT-5] */
    return AVPN_OK;
}

const char *avpn_nat_name(uint8_t kind)
{
    static const char *const names[] = {"unknown", "friendly", "unfriendly (port)",
                                        "unfriendly (address)", "blocked"};

    return kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}
