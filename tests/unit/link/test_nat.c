/* SPDX-License-Identifier: ISC */
#include "harness.h"
#include <autovpn/nat.h>
#include <string.h>

#define NOW (1000 * AVPN_SECOND)

struct row {
    const char *name;
    const char *seen[4]; /* NULL: this registry has not answered */
    int32_t age[4];      /* seconds */
    int32_t asking;      /* seconds without an answer; -1: not asking */
    uint8_t kind;
    int8_t evidence[2]; /* places in `seen`, or -1 */
};

static const struct row rows[] = {
    {"nobody answered", {0}, {0}, -1, AVPN_NAT_UNKNOWN, {-1, -1}},
    {"one answer decides nothing [NAT-2]", {"192.0.2.1:40000"}, {0}, -1, AVPN_NAT_UNKNOWN, {-1, -1}},
    {"two equal [NAT-3]", {"192.0.2.1:40000", "192.0.2.1:40000"}, {0}, -1, AVPN_NAT_FRIENDLY, {0, 1}},
    {"four equal", {"192.0.2.1:1", "192.0.2.1:1", "192.0.2.1:1", "192.0.2.1:1"}, {0}, -1,
     AVPN_NAT_FRIENDLY, {0, 1}},
    {"ports differ [NAT-4]", {"192.0.2.1:40000", "192.0.2.1:40001"}, {0}, -1,
     AVPN_NAT_UNFRIENDLY_PORT, {0, 1}},
    {"addresses differ", {"192.0.2.1:40000", "192.0.2.2:40000"}, {0}, -1,
     AVPN_NAT_UNFRIENDLY_ADDRESS, {0, 1}},
    {"address weighs more than port", {"192.0.2.1:1", "192.0.2.1:2", "192.0.2.2:1"}, {0}, -1,
     AVPN_NAT_UNFRIENDLY_ADDRESS, {0, 2}},
    {"address before port", {"192.0.2.1:1", "192.0.2.2:1", "192.0.2.1:2"}, {0}, -1,
     AVPN_NAT_UNFRIENDLY_ADDRESS, {0, 1}},
    {"the third differs", {"192.0.2.1:1", "192.0.2.1:1", "192.0.2.1:2"}, {0}, -1,
     AVPN_NAT_UNFRIENDLY_PORT, {0, 2}},
    {"one that did not answer between", {"192.0.2.1:1", NULL, "192.0.2.1:1"}, {0}, -1,
     AVPN_NAT_FRIENDLY, {0, 2}},
    {"an old report is forgotten [NAT-1]", {"192.0.2.1:1", "192.0.2.1:2"}, {0, 71}, -1,
     AVPN_NAT_UNKNOWN, {-1, -1}},
    {"a report of 69 s counts", {"192.0.2.1:1", "192.0.2.1:2"}, {0, 69}, -1,
     AVPN_NAT_UNFRIENDLY_PORT, {0, 1}},
    {"families are not compared [NAT-6]", {"192.0.2.1:1", "[2001:db8::1]:1"}, {0}, -1,
     AVPN_NAT_UNKNOWN, {-1, -1}},
    {"IPv6 alone", {"[2001:db8::1]:1", "[2001:db8::1]:1"}, {0}, -1, AVPN_NAT_FRIENDLY, {0, 1}},
    {"the worse family stands",
     {"192.0.2.1:1", "192.0.2.1:1", "[2001:db8::1]:1", "[2001:db8::1]:2"}, {0}, -1,
     AVPN_NAT_UNFRIENDLY_PORT, {2, 3}},
    {"silent for 15 s [NAT-5]", {0}, {0}, 15, AVPN_NAT_BLOCKED, {-1, -1}},
    {"silent for 14 s", {0}, {0}, 14, AVPN_NAT_UNKNOWN, {-1, -1}},
    {"silent after answers", {"192.0.2.1:1", "192.0.2.1:1"}, {20, 20}, 16, AVPN_NAT_BLOCKED, {-1, -1}},
    {"asked only just now", {"192.0.2.1:1", "192.0.2.1:1"}, {5, 5}, 4, AVPN_NAT_FRIENDLY, {0, 1}},
};

START_TEST(reports_make_a_verdict)
{
    const struct row *row = &rows[_i];
    struct avpn_nat_report reports[4] = {0};
    struct avpn_nat_verdict verdict;

    for (int i = 0; i < 4; i++) {
        if (row->seen[i] != NULL)
            ck_assert_int_eq(avpn_contact_parse(row->seen[i], &reports[i].seen), AVPN_OK);
        reports[i].at = NOW - row->age[i] * AVPN_SECOND;
    }
    ck_assert_int_eq(avpn_nat_classify(reports, 4,
                                       row->asking < 0 ? AVPN_TIME_NEVER
                                                       : NOW - row->asking * AVPN_SECOND,
                                       NOW, &verdict),
                     AVPN_OK);
    ck_assert_msg(verdict.kind == row->kind, "%s: %u", row->name, verdict.kind);
    for (int i = 0; i < 2; i++) {
        static const struct avpn_contact none;
        const struct avpn_contact *expected =
            row->evidence[i] < 0 ? &none : &reports[row->evidence[i]].seen;

        ck_assert_msg(memcmp(&verdict.evidence[i], expected, sizeof *expected) == 0, "%s",
                      row->name);
    }
}
END_TEST

START_TEST(wrong_arguments_leave_the_verdict_alone)
{
    struct avpn_nat_verdict verdict = {.kind = 77};

    ck_assert_int_eq(avpn_nat_classify(NULL, 1, AVPN_TIME_NEVER, NOW, &verdict),
                     AVPN_ERROR_ARGUMENT);
    ck_assert_uint_eq(verdict.kind, 77);
    ck_assert_int_eq(avpn_nat_classify(NULL, 0, AVPN_TIME_NEVER, NOW, NULL), AVPN_ERROR_ARGUMENT);
    ck_assert_int_eq(avpn_nat_classify(NULL, 0, AVPN_TIME_NEVER, NOW, &verdict), AVPN_OK);
    ck_assert_uint_eq(verdict.kind, AVPN_NAT_UNKNOWN);
}
END_TEST

START_TEST(every_kind_has_a_name)
{
    for (uint8_t i = 0; i <= AVPN_NAT_BLOCKED; i++)
        for (uint8_t k = 0; k < i; k++)
            ck_assert_str_ne(avpn_nat_name(i), avpn_nat_name(k));
    ck_assert_str_eq(avpn_nat_name(5), "unknown");
    ck_assert_str_eq(avpn_nat_name(255), "unknown");
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(reports_make_a_verdict, HARNESS_COUNT(rows)),
    HARNESS_CASE(wrong_arguments_leave_the_verdict_alone),
    HARNESS_CASE(every_kind_has_a_name),
};
HARNESS_MAIN("link/nat", cases)
