/* SPDX-License-Identifier: ISC */
/* Routes and rules in a real kernel, in a network of its own; what the kernel then does is asked of it. */
#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "gateway/routes.h"
#include "gateway/tun.h"
#include "own_network.h"

#define MARK 0x9350u
#define FOREIGN 200 /* another program's protocol number */
#define MANY 20000u

static struct tun tun; /* the tunnel's interface */
static struct tun wan; /* where the machine's own default route leads */
static struct kernel kernel;
static struct netlink_batch batch;
static int is_alone;

static struct avpn_prefix prefix_of(const char *text)
{
    struct avpn_prefix prefix;

    ck_assert_msg(avpn_prefix_parse(text, &prefix) == AVPN_OK, "%s", text);
    return prefix;
}

/* ---- another program ---------------------------------------------------------------------- */

static int foreign_route(uint16_t type, const char *prefix_text, uint32_t table, uint32_t metric,
                         uint8_t protocol, const char *interface)
{
    struct avpn_prefix prefix = {0};
    uint8_t buffer[NETLINK_REQUEST_BYTES];
    uint16_t flags = type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_EXCL : 0;
    struct nlmsghdr *request = netlink_begin(buffer, type, flags);
    struct rtmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

    if (avpn_prefix_parse(prefix_text, &prefix) != AVPN_OK)
        return -1; /* used outside of the cases too, where nothing can be asserted */
    head->rtm_family = kernel_family(&prefix);
    head->rtm_dst_len = prefix.length;
    head->rtm_protocol = protocol;
    head->rtm_type = RTN_UNICAST;
    head->rtm_scope = head->rtm_family == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
    if (prefix.length)
        mnl_attr_put(request, RTA_DST, kernel_address_bytes(head->rtm_family), prefix.bytes);
    mnl_attr_put_u32(request, RTA_TABLE, table);
    mnl_attr_put_u32(request, RTA_PRIORITY, metric);
    mnl_attr_put_u32(request, RTA_OIF, if_nametoindex(interface));
    return netlink_talk(&kernel.netlink, request);
}

/* ---- asking the kernel ----------------------------------------------------------------------- */

struct counting {
    uint32_t table;
    uint32_t own, foreign;
};

static int note_table(const struct nlattr *attribute, void *data)
{
    if (mnl_attr_get_type(attribute) == RTA_TABLE)
        *(uint32_t *)data = mnl_attr_get_u32(attribute);
    return MNL_CB_OK;
}

static void count_route(void *user, const struct nlmsghdr *answer)
{
    const struct rtmsg *head = mnl_nlmsg_get_payload(answer);
    struct counting *counting = user;
    uint32_t table = 0;

    (void)mnl_attr_parse(answer, sizeof *head, note_table, &table);
    if (table != counting->table)
        return;
    counting->own += head->rtm_protocol == kernel.protocol;
    counting->foreign += head->rtm_protocol == FOREIGN;
}

static struct counting routes_in(uint32_t table)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    struct counting counting = {.table = table};

    for (uint32_t i = 0; i < 2; i++) {
        uint8_t buffer[NETLINK_REQUEST_BYTES];
        struct nlmsghdr *request = netlink_begin(buffer, RTM_GETROUTE, 0);
        struct rtmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

        head->rtm_family = families[i];
        (void)netlink_dump(&kernel.netlink, request, count_route, &counting);
    }
    return counting;
}

static void count_rule(void *user, const struct nlmsghdr *answer)
{
    (void)answer;
    ++*(uint32_t *)user;
}

static uint32_t rule_count(uint8_t family)
{
    uint8_t buffer[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *request = netlink_begin(buffer, RTM_GETRULE, 0);
    struct fib_rule_hdr *head = mnl_nlmsg_put_extra_header(request, sizeof *head);
    uint32_t count = 0;

    head->family = family;
    ck_assert_int_eq(netlink_dump(&kernel.netlink, request, count_rule, &count), 0);
    return count;
}

static int note_interface(const struct nlattr *attribute, void *data)
{
    if (mnl_attr_get_type(attribute) == RTA_OIF)
        (void)if_indextoname(mnl_attr_get_u32(attribute), data);
    return MNL_CB_OK;
}

/* Where a packet goes: the interface's name, or what the kernel says. */
static const char *way(const char *text, uint32_t mark, int protocol, uint16_t port)
{
    static char name[IFNAMSIZ];
    struct avpn_address address;
    uint8_t buffer[NETLINK_REQUEST_BYTES], answer[8192];
    struct nlmsghdr *request = netlink_begin(buffer, RTM_GETROUTE, 0);
    struct rtmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);
    struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
    const struct nlmsghdr *first = (const struct nlmsghdr *)(const void *)answer;
    ssize_t n;

    ck_assert_int_eq(avpn_address_parse(text, &address), AVPN_OK);
    head->rtm_family = address.family == AVPN_FAMILY_IPV4 ? AF_INET : AF_INET6;
    head->rtm_dst_len = (uint8_t)(8 * kernel_address_bytes(head->rtm_family));
    mnl_attr_put(request, RTA_DST, kernel_address_bytes(head->rtm_family), address.bytes);
    if (mark)
        mnl_attr_put_u32(request, RTA_MARK, mark);
    if (protocol)
        mnl_attr_put_u8(request, RTA_IP_PROTO, (uint8_t)protocol);
    if (port)
        mnl_attr_put_u16(request, RTA_DPORT, htons(port));
    ck_assert_int_eq(mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID), 0);
    ck_assert_int_gt(mnl_socket_sendto(socket, request, request->nlmsg_len), 0);
    n = mnl_socket_recvfrom(socket, answer, sizeof answer);
    mnl_socket_close(socket);
    ck_assert_int_gt(n, 0);
    if (first->nlmsg_type == NLMSG_ERROR) {
        const struct nlmsgerr *error = mnl_nlmsg_get_payload(first);

        return error->error == -EHOSTUNREACH ? "unreachable"
               : error->error == -ENETUNREACH ? "nowhere"
                                              : strerror(-error->error);
    }
    if (((const struct rtmsg *)mnl_nlmsg_get_payload(first))->rtm_type == RTN_UNREACHABLE)
        return "unreachable";
    (void)mnl_attr_parse(first, sizeof(struct rtmsg), note_interface, name);
    return name;
}

/* ---- the machine --------------------------------------------------------------------------------- */

static struct routes routes;

static void begin(void)
{
    memset(&routes, 0, sizeof routes);
    ck_assert_int_eq(kernel_add_rules(&kernel), 0);
}

static void end(void)
{
    routes_free(&routes);
    kernel_clean(&kernel);
}

struct wish {
    const char *prefix;
    uint8_t kind, place;
};

static void want(const struct wish *wishes, uint32_t count)
{
    struct routes_item *items = calloc(count + 1, sizeof *items);

    ck_assert_ptr_nonnull(items);
    for (uint32_t i = 0; i < count; i++)
        items[i].route =
            (struct kernel_route){prefix_of(wishes[i].prefix), wishes[i].kind, wishes[i].place};
    routes_change(&routes, &batch, &kernel, items, count);
}

#define TUNNEL KERNEL_ROUTE_TUNNEL
#define THROW KERNEL_ROUTE_THROW
#define GUARD KERNEL_ROUTE_GUARD
#define WANT(...) want((const struct wish[]){__VA_ARGS__}, \
                       sizeof((const struct wish[]){__VA_ARGS__}) / sizeof(struct wish))

START_TEST(traffic_of_a_subnet_without_a_tunnel_does_not_leave_in_the_clear)
{
    if (!is_alone)
        return;
    begin();
    ck_assert_str_eq(way("10.2.0.9", 0, 0, 0), "wan");
    WANT({"10.2.0.0/16", TUNNEL, 0}, {"fd00:2::/48", TUNNEL, 1}, {"10.3.0.0/16", THROW, 0});
    ck_assert_str_eq(way("10.2.0.9", 0, 0, 0), "tun");
    ck_assert_str_eq(way("fd00:2::9", 0, 0, 0), "tun");
    ck_assert_str_eq(way("10.3.0.9", 0, 0, 0), "wan");
    ck_assert_str_eq(way("10.2.0.9", MARK, 0, 0), "wan"); /* what carries the tunnel itself */
    WANT({"10.2.0.0/16", GUARD, 0}, {"fd00:2::/48", GUARD, 0}, {"10.3.0.0/16", THROW, 0});
    ck_assert_str_eq(way("10.2.0.9", 0, 0, 0), "unreachable");
    ck_assert_str_eq(way("fd00:2::9", 0, 0, 0), "unreachable");
    ck_assert_str_eq(way("10.4.0.9", 0, 0, 0), "wan");
    ck_assert_str_eq(way("10.2.0.9", MARK, 0, 0), "wan");
    ck_assert_uint_eq(routes_in(kernel.table).own, 1); /* daemons see what works, no more */
    ck_assert_uint_eq(routes_in(kernel.guard).own, 2);
    end();
}
END_TEST

START_TEST(a_full_tunnel_leaves_breakouts_out_and_holds_while_no_exit_hub_is_there)
{
    struct avpn_breakout web = {.size = sizeof web, .protocol = IPPROTO_TCP, .destination_first = 443,
                                .destination_last = 450};
    struct avpn_breakout subnet = {.size = sizeof subnet, .destination = prefix_of("198.51.100.0/24")};
    struct avpn_breakout icmp = {.size = sizeof icmp, .protocol = IPPROTO_ICMP};

    if (!is_alone)
        return;
    begin();
    WANT({"0.0.0.0/0", TUNNEL, 0}, {"10.2.0.0/16", TUNNEL, 0});
    netlink_batch_begin(&batch, &kernel.netlink);
    kernel_put_breakout(&batch, &kernel, &web);
    kernel_put_breakout(&batch, &kernel, &subnet);
    kernel_put_breakout(&batch, &kernel, &icmp);
    netlink_batch_flush(&batch);
    for (int turn = 0; turn < 2; turn++) {
        ck_assert_str_eq(way("192.0.2.1", 0, 0, 0), "tun");
        ck_assert_str_eq(way("192.0.2.1", 0, IPPROTO_TCP, 442), "tun");
        ck_assert_str_eq(way("192.0.2.1", 0, IPPROTO_TCP, 443), "wan");
        ck_assert_str_eq(way("192.0.2.1", 0, IPPROTO_TCP, 450), "wan");
        ck_assert_str_eq(way("192.0.2.1", 0, IPPROTO_UDP, 443), "tun");
        ck_assert_str_eq(way("192.0.2.1", 0, IPPROTO_ICMP, 0), "wan");
        ck_assert_str_eq(way("198.51.100.7", 0, 0, 0), "wan");
        ck_assert_str_eq(way("192.0.2.1", MARK, 0, 0), "wan");
        ck_assert_str_eq(way("10.2.0.1", 0, IPPROTO_TCP, 443), turn ? "unreachable" : "tun");
        /* again while the exit hub is gone: only engine and tunnel see what would have left */
        WANT({"0.0.0.0/0", GUARD, 0}, {"10.2.0.0/16", GUARD, 0});
    }
    netlink_batch_begin(&batch, &kernel.netlink);
    kernel_drop_breakout(&batch, &kernel, &subnet);
    netlink_batch_flush(&batch);
    ck_assert_str_eq(way("198.51.100.7", 0, 0, 0), "tun");
    end();
    ck_assert_str_eq(way("192.0.2.1", 0, 0, 0), "wan");
}
END_TEST

START_TEST(a_better_place_is_a_lower_metric_and_takes_the_worse_ones_place)
{
    struct kernel_route better = {.kind = TUNNEL, .place = 0}, worse = {.kind = TUNNEL, .place = 15},
                        thrown = {.kind = THROW};

    ck_assert_uint_eq(kernel_metric(&kernel, &better), kernel.metric);
    ck_assert_uint_eq(kernel_metric(&kernel, &worse), kernel.metric + 15);
    ck_assert_uint_eq(kernel_metric(&kernel, &thrown), kernel.metric + 16);
    if (!is_alone)
        return;
    begin();
    WANT({"10.2.0.0/16", TUNNEL, 2});
    WANT({"10.2.0.0/16", TUNNEL, 0});
    ck_assert_uint_eq(routes_in(kernel.table).own, 1);
    ck_assert_int_eq(foreign_route(RTM_DELROUTE, "10.2.0.0/16", kernel.table, kernel.metric,
                                   kernel.protocol, "tun"), 0);
    end();
}
END_TEST

START_TEST(others_routes_stay_as_they_are)
{
    if (!is_alone)
        return;
    begin();
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "10.9.0.0/16", kernel.table, 5, FOREIGN, "wan"), 0);
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "10.9.0.0/16", kernel.guard, 5, FOREIGN, "wan"), 0);
    /* in the very place of one of ours, which is then refused */
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "10.2.0.0/16", kernel.table, kernel.metric, FOREIGN,
                                   "wan"), 0);
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "fd00:2::/48", kernel.table, kernel.metric, FOREIGN,
                                   "wan"), 0);
    WANT({"10.2.0.0/16", TUNNEL, 0}, {"fd00:2::/48", TUNNEL, 0});
    ck_assert_str_eq(way("10.2.0.9", 0, 0, 0), "wan");
    WANT({"10.2.0.0/16", GUARD, 0}, {"fd00:2::/48", GUARD, 0});
    ck_assert_uint_eq(routes_in(kernel.table).foreign, 3);
    WANT({"10.2.0.0/16", TUNNEL, 0}, {"fd00:2::/48", TUNNEL, 0});
    ck_assert_int_eq(foreign_route(RTM_DELROUTE, "10.2.0.0/16", kernel.table, kernel.metric, FOREIGN,
                                   "wan"), 0);
    WANT({"10.2.0.0/16", TUNNEL, 0}, {"fd00:2::/48", TUNNEL, 0}); /* its place is free now */
    ck_assert_str_eq(way("10.2.0.9", 0, 0, 0), "tun");
    end();
    ck_assert_uint_eq(routes_in(kernel.table).own, 0);
    ck_assert_uint_eq(routes_in(kernel.table).foreign, 2);
    ck_assert_uint_eq(routes_in(kernel.guard).foreign, 1);
    (void)foreign_route(RTM_DELROUTE, "10.9.0.0/16", kernel.table, 5, FOREIGN, "wan");
    (void)foreign_route(RTM_DELROUTE, "10.9.0.0/16", kernel.guard, 5, FOREIGN, "wan");
    (void)foreign_route(RTM_DELROUTE, "fd00:2::/48", kernel.table, kernel.metric, FOREIGN, "wan");
}
END_TEST

START_TEST(what_a_crash_left_is_cleaned_up)
{
    struct avpn_breakout web = {.size = sizeof web, .protocol = IPPROTO_TCP, .destination_first = 443,
                                .destination_last = 443};
    uint32_t rules_v4, rules_v6;

    if (!is_alone)
        return;
    rules_v4 = rule_count(AF_INET);
    rules_v6 = rule_count(AF_INET6);
    begin();
    WANT({"10.2.0.0/16", TUNNEL, 0}, {"10.3.0.0/16", THROW, 0}, {"10.4.0.0/16", GUARD, 0},
         {"fd00:2::/48", TUNNEL, 3}, {"fd00:3::/48", THROW, 0}, {"fd00:4::/48", GUARD, 0},
         {"0.0.0.0/0", GUARD, 0}, {"::/0", TUNNEL, 0});
    netlink_batch_begin(&batch, &kernel.netlink);
    kernel_put_breakout(&batch, &kernel, &web);
    netlink_batch_flush(&batch);
    ck_assert_uint_eq(rule_count(AF_INET), rules_v4 + KERNEL_RULES);
    ck_assert_uint_eq(rule_count(AF_INET6), rules_v6 + KERNEL_RULES);
    routes_free(&routes); /* of all that nothing is remembered */
    kernel_clean(&kernel);
    ck_assert_uint_eq(routes_in(kernel.table).own, 0);
    ck_assert_uint_eq(routes_in(kernel.guard).own, 0);
    ck_assert_uint_eq(rule_count(AF_INET), rules_v4);
    ck_assert_uint_eq(rule_count(AF_INET6), rules_v6);
}
END_TEST

static double seconds_since(const struct timespec *start)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / 1e9;
}

START_TEST(thousands_of_routes_are_one_turn)
{
    struct timespec start;

    if (!is_alone)
        return;
    begin();
    for (int turn = 0; turn < 3; turn++) {
        struct routes_item *items = calloc(MANY, sizeof *items);

        for (uint32_t i = 0; i < MANY; i++) {
            items[i].route.prefix = prefix_of("11.0.0.0/24");
            items[i].route.prefix.bytes[1] = (uint8_t)(i >> 8);
            items[i].route.prefix.bytes[2] = (uint8_t)i;
            items[i].route.kind = turn == 2 ? GUARD : TUNNEL;
            items[i].route.place = (uint8_t)turn;
        }
        clock_gettime(CLOCK_MONOTONIC, &start);
        routes_change(&routes, &batch, &kernel, items, MANY);
        printf("# %u routes %s in %.3f s\n", MANY,
               turn == 0 ? "added" : turn == 1 ? "got another metric" : "went on standby",
               seconds_since(&start));
        ck_assert_uint_eq(routes_in(kernel.table).own, turn == 2 ? 0 : MANY);
        ck_assert_uint_eq(routes_in(kernel.guard).own, turn == 2 ? MANY : 0);
    }
    clock_gettime(CLOCK_MONOTONIC, &start);
    end();
    printf("# and were cleaned up in %.3f s\n", seconds_since(&start));
    ck_assert_uint_eq(routes_in(kernel.guard).own, 0);
}
END_TEST

static void note_seen(void *user, const struct avpn_prefix *prefix, uint8_t protocol)
{
    char text[AVPN_PREFIX_TEXT];

    ck_assert_int_eq(avpn_prefix_format(prefix, text, sizeof text), AVPN_OK);
    (void)snprintf((char *)user + strlen(user), 256 - strlen(user), "%s %u, ", text, protocol);
}

/* [RTE-8] */
START_TEST(a_watched_table_shows_what_others_put_there)
{
    char seen[256] = "";

    if (!is_alone)
        return;
    begin();
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "10.5.0.0/16", 77, 5, 186, "wan"), 0);
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "fd00:5::/48", 77, 5, 12, "wan"), 0);
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "0.0.0.0/0", 77, 5, 186, "wan"), 0);
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "10.6.0.0/16", 77, 5, kernel.protocol, "wan"), 0);
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "10.7.0.0/16", 77, 5, 186, "tun"), 0);
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "10.8.0.0/16", 78, 5, 186, "wan"), 0);
    ck_assert_int_eq(kernel_each_route(&kernel, 77, note_seen, seen), 0);
    ck_assert_str_eq(seen, "10.5.0.0/16 186, fd00:5::/48 12, ");
    seen[0] = 0;
    ck_assert_int_eq(kernel_each_route(&kernel, 12345, note_seen, seen), 0); /* there is none */
    ck_assert_str_eq(seen, "");
    end();
}
END_TEST

START_TEST(the_monitor_tells_others_changes_and_not_our_own)
{
    if (!is_alone)
        return;
    begin();
    (void)kernel_monitor_drain(&kernel);
    WANT({"10.2.0.0/16", TUNNEL, 0}, {"10.3.0.0/16", GUARD, 0}, {"fd00:2::/48", TUNNEL, 0});
    ck_assert_uint_eq(kernel_monitor_drain(&kernel), 0);
    ck_assert_int_eq(foreign_route(RTM_NEWROUTE, "fd00:9::/48", 77, 5, 186, "wan"), 0);
    ck_assert_uint_eq(kernel_monitor_drain(&kernel), KERNEL_CHANGED_ROUTES);
    ck_assert_int_eq(foreign_route(RTM_DELROUTE, "fd00:9::/48", 77, 5, 186, "wan"), 0);
    ck_assert_uint_eq(kernel_monitor_drain(&kernel), KERNEL_CHANGED_ROUTES);
    ck_assert_int_eq(own_network_up("wan", 1400), 0);
    ck_assert_uint_ne(kernel_monitor_drain(&kernel) & KERNEL_CHANGED_LINKS, 0);
    end();
}
END_TEST

static const struct {
    uint32_t hops[3], count, active;
    uint8_t kind, place;
} plans[] = {
    {{7, 9}, 2, 0, TUNNEL, 0},
    {{7, 9}, 2, 1, TUNNEL, 1},
    {{7, 9}, 2, AVPN_ROUTE_NONE, GUARD, 0},
    {{AVPN_HOP_LOCAL}, 1, 0, THROW, 0},
    {{AVPN_HOP_ATTACHED}, 1, AVPN_ROUTE_NONE, THROW, 0},
    {{AVPN_HOP_NOBODY}, 1, AVPN_ROUTE_NONE, GUARD, 0},
};

/* [RTE-3], [RTE-8], [RTE-10] */
START_TEST(a_route_leads_where_its_hops_say)
{
    struct avpn_route route = {.size = sizeof route, .prefix = prefix_of("10.0.0.0/8"),
                               .hop_count = plans[_i].count};
    struct kernel_route plan;

    memcpy(route.hops, plans[_i].hops, sizeof plans[_i].hops);
    routes_plan(&route, plans[_i].active, &plan);
    ck_assert_uint_eq(plan.kind, plans[_i].kind);
    ck_assert_uint_eq(plan.place, plans[_i].place);
}
END_TEST

static const struct harness_case cases[] = {
    HARNESS_LOOP(a_route_leads_where_its_hops_say, HARNESS_COUNT(plans)),
    HARNESS_CASE(a_better_place_is_a_lower_metric_and_takes_the_worse_ones_place),
    HARNESS_CASE(traffic_of_a_subnet_without_a_tunnel_does_not_leave_in_the_clear),
    HARNESS_CASE(a_full_tunnel_leaves_breakouts_out_and_holds_while_no_exit_hub_is_there),
    HARNESS_CASE(others_routes_stay_as_they_are),
    HARNESS_CASE(what_a_crash_left_is_cleaned_up),
    HARNESS_CASE(a_watched_table_shows_what_others_put_there),
    HARNESS_CASE(the_monitor_tells_others_changes_and_not_our_own),
    HARNESS_CASE(thousands_of_routes_are_one_turn),
};

static int open_device(struct tun *device, const char *name)
{
    return tun_open(device, &(struct tun_options){.name = name, .queue_count = 1});
}

static int open_machine(void)
{
    kernel = (struct kernel){.table = 9350, .guard = 9351, .priority = 9350, .mark = MARK,
                             .metric = 100, .protocol = 0x61};
    if (own_network_open() != 0 || open_device(&tun, "tun") != 0 ||
        open_device(&wan, "wan") != 0 || own_network_up("wan", 1500) != 0 ||
        kernel_open(&kernel) != 0 || kernel_interface(&kernel, "tun", 1500) != 0)
        return 0;
    return foreign_route(RTM_NEWROUTE, "0.0.0.0/0", RT_TABLE_MAIN, 1, 4, "wan") == 0 &&
           foreign_route(RTM_NEWROUTE, "::/0", RT_TABLE_MAIN, 1, 4, "wan") == 0;
}

int main(void)
{
    is_alone = open_machine();
    if (!is_alone)
        harness_skipped(7, "no network namespace of its own, or no /dev/net/tun");
    return harness_run("programs/kernel", cases, HARNESS_COUNT(cases));
}
