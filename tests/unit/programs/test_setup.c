/* SPDX-License-Identifier: ISC */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/settings.h"
#include "gateway/setup.h"

#define ANY SETUP_FAMILY_ANY
#define BOTH SETUP_FAMILY_BOTH
#define V4 SETUP_FAMILY_IPV4
#define V6 SETUP_FAMILY_IPV6

static const struct {
    uint32_t count;
    uint32_t families[4]; /* of the WANs */
    const char *uplinks;  /* WAN and family of each; c: its IPv6 was cut */
} rows[] = {
    {1, {ANY}, "0:6 0:4 "},
    {2, {ANY, ANY}, "0:6 0:4 1:6 1:4 "},
    {3, {ANY, ANY, ANY}, "0:6 0:4 1:4c 2:4c "},
    {4, {ANY, ANY, ANY, ANY}, "0:4c 1:4c 2:4c 3:4c "},
    {3, {V4, ANY, ANY}, "0:4 1:6 1:4 2:4c "},
    {3, {V4, V6, BOTH}, "0:4 1:6 2:6 2:4 "},
    {3, {ANY, ANY, BOTH}, "0:4c 1:4c 2:6 2:4 "}, /* what was asked for in words comes first */
    {2, {BOTH, BOTH}, "0:6 0:4 1:6 1:4 "},
    {3, {BOTH, BOTH, V4}, ""}, /* more than there can be */
    {4, {V6, V4, V6, V4}, "0:6 1:4 2:6 3:4 "},
};

START_TEST(a_wan_is_an_uplink_for_each_family_as_far_as_there_is_room)
{
    struct setup_wan wans[4] = {{{0}}};
    struct setup_uplink uplinks[AVPN_UPLINKS];
    char text[80] = "";
    uint32_t count;

    for (uint32_t i = 0; i < rows[_i].count; i++)
        wans[i].family = rows[_i].families[i];
    count = setup_expand(wans, rows[_i].count, uplinks);
    for (uint32_t i = 0; i < count; i++) {
        size_t used = strlen(text);

        (void)snprintf(text + used, sizeof text - used, "%u:%u%s ", uplinks[i].wan, uplinks[i].family,
                       uplinks[i].is_cut ? "c" : "");
    }
    ck_assert_str_eq(text, rows[_i].uplinks);
}
END_TEST

static char said[2048];

static void note(void *user, const struct settings_finding *finding)
{
    size_t used = strlen(said);

    (void)user;
    (void)snprintf(said + used, sizeof said - used, "%s: %s: %s\n", finding->field, finding->value,
                   finding->message);
}

static int read_text(const char *text, struct setup *setup_out)
{
    char path[] = "/tmp/test-setup-XXXXXX";
    int fd = mkstemp(path);
    int result;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    said[0] = 0;
    settings_report_to(note, NULL);
    result = setup_read(path, setup_out);
    settings_report_to(NULL, NULL);
    unlink(path);
    return result;
}

START_TEST(the_guard_table_follows_the_table)
{
    struct setup setup;

    ck_assert_int_eq(read_text("uplinks: [{interface: eth0}]\n", &setup), 0);
    ck_assert_uint_eq(setup.table, 9350);
    ck_assert_uint_eq(setup.guard, 9351);
    ck_assert_uint_eq(setup.metric, 100);
    ck_assert_uint_eq(setup.mtu, 1500);
    ck_assert_uint_eq(setup.learn_table, 0);
    ck_assert_int_eq(read_text("uplinks: [{interface: eth0}]\nrouting: {table: 93}\n", &setup), 0);
    ck_assert_uint_eq(setup.guard, 94);
    ck_assert_int_eq(read_text("uplinks: [{interface: eth0}]\nrouting: {table: 93, guard_table: 7, metric: 20}\n"
                               "learn: {table: 254}\n", &setup), 0);
    ck_assert_uint_eq(setup.guard, 7);
    ck_assert_uint_eq(setup.metric, 20);
    ck_assert_uint_eq(setup.learn_table, 254);
}
END_TEST

static const struct {
    const char *text, *said;
} bad[] = {
    {"uplinks: [{interface: eth0}]\nrouting: {table: 254}\n", "kernel's own tables"},
    {"uplinks: [{interface: eth0}]\nrouting: {table: 252}\n", "guard_table should be another"},
    {"uplinks: [{interface: eth0}]\nrouting: {table: 7, guard_table: 7}\n",
     "guard_table should be another"},
    {"uplinks: [{interface: eth0}]\nrouting: {metric: 0}\n", "metric"},
    {"uplinks: [{interface: eth0}]\nrouting: {priority: 32760}\n", "priority"},
    {"uplinks: [{interface: eth0}]\nlearn: {table: 9350}\n", "the gateway's own table"},
    {"uplinks: [{interface: eth0}]\nlearn: {table: 9351}\n", "the gateway's own table"},
    {"uplinks: [{interface: eth0}]\nlearn: {}\n", "table"},
    {"uplinks: [{interface: eth0, family: v4}]\n", "should be both, ipv4 or ipv6"},
    {"uplinks: [{address: 192.0.2.1, family: ipv4}]\n", "an address has its own family"},
    {"uplinks: [{interface: a, family: both}, {interface: b, family: both}, {interface: c}]\n",
     "asks for 5 uplinks"},
    {"uplinks: [{interface: a, family: ipv4}, {interface: a}]\n", "is the same as uplinks[0]"},
};

START_TEST(what_cannot_be_is_complained_about)
{
    struct setup setup;

    ck_assert_int_ne(read_text(bad[_i].text, &setup), 0);
    ck_assert_msg(strstr(said, bad[_i].said) != NULL, "%s", said);
}
END_TEST

START_TEST(one_interface_may_have_an_entry_for_each_family)
{
    struct setup setup;

    ck_assert_msg(read_text("uplinks: [{interface: a, family: ipv4, port: 40000}, {interface: a, family: ipv6}]\n",
                            &setup) == 0, "%s", said);
    ck_assert_uint_eq(setup.uplink_count, 2);
    ck_assert_uint_eq(setup.uplinks[0].family, AVPN_FAMILY_IPV4);
    ck_assert_uint_eq(setup.uplinks[0].port, 40000);
    ck_assert_uint_eq(setup.uplinks[1].family, AVPN_FAMILY_IPV6);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_wan_is_an_uplink_for_each_family_as_far_as_there_is_room, HARNESS_COUNT(rows)),
    HARNESS_CASE(the_guard_table_follows_the_table),
    HARNESS_LOOP(what_cannot_be_is_complained_about, HARNESS_COUNT(bad)),
    HARNESS_CASE(one_interface_may_have_an_entry_for_each_family),
};
HARNESS_MAIN("programs/setup", cases)
