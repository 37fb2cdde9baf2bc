/* SPDX-License-Identifier: ISC */
#include "gateway/kernel.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#define BUFFER_BYTES 8192
#define STALE_AT_ONCE 256

static uint8_t family_of(const struct avpn_prefix *prefix)
{
    return prefix->family == AVPN_FAMILY_IPV4 ? AF_INET : AF_INET6;
}

static size_t address_bytes(uint8_t family)
{
    return family == AF_INET ? 4 : 16;
}

/* ---- requests -------------------------------------------------------------------- */

static int talk(struct kernel *kernel, struct nlmsghdr *request)
{
    char answer[BUFFER_BYTES];
    uint32_t port = mnl_socket_get_portid(kernel->socket);
    ssize_t n;

    request->nlmsg_seq = ++kernel->sequence;
    if (mnl_socket_sendto(kernel->socket, request, request->nlmsg_len) < 0)
        return -1;
    n = mnl_socket_recvfrom(kernel->socket, answer, sizeof answer);
    if (n < 0)
        return -1;
    return mnl_cb_run(answer, (size_t)n, request->nlmsg_seq, port, NULL, NULL) < 0 ? -1 : 0;
}

static struct nlmsghdr *begin(char *buffer, uint16_t type, uint16_t flags)
{
    struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);

    request->nlmsg_type = type;
    request->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
    return request;
}

int kernel_open(struct kernel *kernel)
{
    int groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE;

    kernel->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    kernel->monitor = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!kernel->socket || !kernel->monitor)
        return -1;
    if (mnl_socket_bind(kernel->socket, 0, MNL_SOCKET_AUTOPID) != 0)
        return -1;
    return mnl_socket_bind(kernel->monitor, (unsigned)groups, MNL_SOCKET_AUTOPID);
}

void kernel_close(struct kernel *kernel)
{
    if (kernel->socket)
        mnl_socket_close(kernel->socket);
    if (kernel->monitor)
        mnl_socket_close(kernel->monitor);
    kernel->socket = kernel->monitor = NULL;
}

int kernel_monitor_fd(const struct kernel *kernel)
{
    return mnl_socket_get_fd(kernel->monitor);
}

void kernel_monitor_drain(struct kernel *kernel)
{
    char bytes[BUFFER_BYTES];

    while (recv(mnl_socket_get_fd(kernel->monitor), bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        ;
}

/* ---- interface ---------------------------------------------------------------------- */

int kernel_interface(struct kernel *kernel, const char *name, uint32_t mtu, uint32_t *index_out)
{
    char buffer[BUFFER_BYTES];
    struct nlmsghdr *request = begin(buffer, RTM_NEWLINK, 0);
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof *link);
    uint32_t index = if_nametoindex(name);

    if (index == 0)
        return -1;
    link->ifi_index = (int)index;
    link->ifi_change = link->ifi_flags = IFF_UP;
    mnl_attr_put_u32(request, IFLA_MTU, mtu);
    if (talk(kernel, request) != 0)
        return -1;
    *index_out = index;
    return 0;
}

int kernel_address(struct kernel *kernel, uint32_t index, const struct avpn_prefix *address)
{
    char buffer[BUFFER_BYTES];
    struct nlmsghdr *request = begin(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
    struct ifaddrmsg *message = mnl_nlmsg_put_extra_header(request, sizeof *message);

    message->ifa_family = family_of(address);
    message->ifa_prefixlen = address->length;
    message->ifa_index = index;
    mnl_attr_put(request, IFA_LOCAL, address_bytes(message->ifa_family), address->bytes);
    mnl_attr_put(request, IFA_ADDRESS, address_bytes(message->ifa_family), address->bytes);
    return talk(kernel, request);
}

/* ---- routes -------------------------------------------------------------------------- */

static struct rtmsg *put_route(struct kernel *kernel, struct nlmsghdr *request, uint8_t family,
                               uint8_t length, const void *bytes)
{
    struct rtmsg *route = mnl_nlmsg_put_extra_header(request, sizeof *route);

    route->rtm_family = family;
    route->rtm_dst_len = length;
    route->rtm_protocol = kernel->protocol;
    route->rtm_table = RT_TABLE_UNSPEC;
    if (length > 0)
        mnl_attr_put(request, RTA_DST, address_bytes(family), bytes);
    mnl_attr_put_u32(request, RTA_TABLE, kernel->table);
    return route;
}

int kernel_add_route(struct kernel *kernel, const struct avpn_prefix *prefix,
                     enum kernel_route how, uint32_t index)
{
    char buffer[BUFFER_BYTES];
    struct nlmsghdr *request = begin(buffer, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE);
    struct rtmsg *route = put_route(kernel, request, family_of(prefix), prefix->length,
                                    prefix->bytes);

    route->rtm_type = how == KERNEL_ROUTE_TUNNEL ? RTN_UNICAST : RTN_THROW;
    route->rtm_scope = RT_SCOPE_UNIVERSE;
    if (how == KERNEL_ROUTE_TUNNEL) {
        route->rtm_scope = family_of(prefix) == AF_INET ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
        mnl_attr_put_u32(request, RTA_OIF, index);
    }
    return talk(kernel, request);
}

int kernel_remove_route(struct kernel *kernel, const struct avpn_prefix *prefix,
                        enum kernel_route how)
{
    char buffer[BUFFER_BYTES];
    struct nlmsghdr *request = begin(buffer, RTM_DELROUTE, 0);
    struct rtmsg *route = put_route(kernel, request, family_of(prefix), prefix->length,
                                    prefix->bytes);

    route->rtm_type = how == KERNEL_ROUTE_TUNNEL ? RTN_UNICAST : RTN_THROW;
    route->rtm_scope = RT_SCOPE_NOWHERE; /* of any scope */
    return talk(kernel, request);
}

/* ---- rules --------------------------------------------------------------------------- */

static int add_rule(struct kernel *kernel, uint8_t family, uint32_t offset, uint32_t table,
                    int is_without_default)
{
    char buffer[BUFFER_BYTES];
    struct nlmsghdr *request = begin(buffer, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
    struct fib_rule_hdr *rule = mnl_nlmsg_put_extra_header(request, sizeof *rule);

    rule->family = family;
    rule->action = FR_ACT_TO_TBL;
    rule->flags = FIB_RULE_INVERT; /* not with our mark */
    mnl_attr_put_u32(request, FRA_TABLE, table);
    mnl_attr_put_u32(request, FRA_PRIORITY, kernel->priority + offset);
    mnl_attr_put_u32(request, FRA_FWMARK, kernel->mark);
    mnl_attr_put_u32(request, FRA_FWMASK, UINT32_MAX);
    mnl_attr_put_u8(request, FRA_PROTOCOL, kernel->protocol);
    if (is_without_default)
        mnl_attr_put_u32(request, FRA_SUPPRESS_PREFIXLEN, 0);
    return talk(kernel, request);
}

static int add_family_rules(struct kernel *kernel, uint8_t family)
{
    if (add_rule(kernel, family, 0, kernel->table, 1) != 0 ||
        add_rule(kernel, family, 1, RT_TABLE_MAIN, 1) != 0)
        return -1;
    return add_rule(kernel, family, 2, kernel->table, 0);
}

int kernel_add_rules(struct kernel *kernel)
{
    if (add_family_rules(kernel, AF_INET) != 0)
        return -1;
    /* A machine without IPv6 is one with less to do. */
    return add_family_rules(kernel, AF_INET6) == 0 || errno == EAFNOSUPPORT ||
                   errno == EOPNOTSUPP
               ? 0
               : -1;
}

/* ---- leftovers ------------------------------------------------------------------------ */

/* Own routes or rules of one family, gathered first and removed after the dump is complete. */
struct stale {
    const struct kernel *kernel;
    uint32_t count;
    struct {
        uint8_t type, length;
        uint8_t bytes[16];
        uint32_t table, priority;
    } items[STALE_AT_ONCE];
};

struct attribute_table {
    const struct nlattr *found[FRA_MAX > RTA_MAX ? FRA_MAX + 1 : RTA_MAX + 1];
};

static int note_attribute(const struct nlattr *attribute, void *data)
{
    struct attribute_table *table = data;
    uint16_t type = mnl_attr_get_type(attribute);

    if (type < sizeof table->found / sizeof table->found[0])
        table->found[type] = attribute;
    return MNL_CB_OK;
}

static uint32_t number_of(const struct attribute_table *table, uint16_t type)
{
    return table->found[type] ? mnl_attr_get_u32(table->found[type]) : 0;
}

static int note_route(const struct nlmsghdr *message, void *data)
{
    const struct rtmsg *route = mnl_nlmsg_get_payload(message);
    struct attribute_table table = {{0}};
    struct stale *stale = data;
    size_t bytes = address_bytes(route->rtm_family);

    (void)mnl_attr_parse(message, sizeof *route, note_attribute, &table);
    if (route->rtm_protocol != stale->kernel->protocol ||
        number_of(&table, RTA_TABLE) != stale->kernel->table || stale->count == STALE_AT_ONCE)
        return MNL_CB_OK;
    stale->items[stale->count].type = route->rtm_type;
    stale->items[stale->count].length = route->rtm_dst_len;
    if (table.found[RTA_DST] && mnl_attr_get_payload_len(table.found[RTA_DST]) == bytes)
        memcpy(stale->items[stale->count].bytes, mnl_attr_get_payload(table.found[RTA_DST]),
               bytes);
    stale->count++;
    return MNL_CB_OK;
}

static int note_rule(const struct nlmsghdr *message, void *data)
{
    const struct fib_rule_hdr *rule = mnl_nlmsg_get_payload(message);
    struct attribute_table table = {{0}};
    struct stale *stale = data;
    uint8_t protocol;

    (void)mnl_attr_parse(message, sizeof *rule, note_attribute, &table);
    protocol = table.found[FRA_PROTOCOL] ? mnl_attr_get_u8(table.found[FRA_PROTOCOL]) : 0;
    if (protocol != stale->kernel->protocol || stale->count == STALE_AT_ONCE)
        return MNL_CB_OK;
    /* another gateway of this machine has other priorities, mark and table */
    if (number_of(&table, FRA_FWMARK) != stale->kernel->mark)
        return MNL_CB_OK;
    stale->items[stale->count].table = number_of(&table, FRA_TABLE);
    stale->items[stale->count].priority = number_of(&table, FRA_PRIORITY);
    stale->count++;
    return MNL_CB_OK;
}

static void dump(struct kernel *kernel, uint16_t type, uint8_t family, mnl_cb_t note,
                 struct stale *stale)
{
    char buffer[BUFFER_BYTES * 4];
    struct nlmsghdr *request = begin(buffer, type, NLM_F_DUMP);
    struct rtmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);
    uint32_t port = mnl_socket_get_portid(kernel->socket);
    ssize_t n;

    memset(stale, 0, sizeof *stale);
    stale->kernel = kernel;
    head->rtm_family = family;
    request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    request->nlmsg_seq = ++kernel->sequence;
    if (mnl_socket_sendto(kernel->socket, request, request->nlmsg_len) < 0)
        return;
    do
        n = mnl_socket_recvfrom(kernel->socket, buffer, sizeof buffer);
    while (n > 0 && mnl_cb_run(buffer, (size_t)n, kernel->sequence, port, note, stale) > 0);
}

static void remove_routes(struct kernel *kernel, uint8_t family, const struct stale *stale)
{
    for (uint32_t i = 0; i < stale->count; i++) {
        char buffer[BUFFER_BYTES];
        struct nlmsghdr *request = begin(buffer, RTM_DELROUTE, 0);
        struct rtmsg *route = put_route(kernel, request, family, stale->items[i].length,
                                        stale->items[i].bytes);

        route->rtm_type = stale->items[i].type;
        route->rtm_scope = RT_SCOPE_NOWHERE;
        (void)talk(kernel, request);
    }
}

static void remove_rules(struct kernel *kernel, uint8_t family, const struct stale *stale)
{
    for (uint32_t i = 0; i < stale->count; i++) {
        char buffer[BUFFER_BYTES];
        struct nlmsghdr *request = begin(buffer, RTM_DELRULE, 0);
        struct fib_rule_hdr *rule = mnl_nlmsg_put_extra_header(request, sizeof *rule);

        rule->family = family;
        rule->action = FR_ACT_TO_TBL;
        rule->flags = FIB_RULE_INVERT;
        mnl_attr_put_u32(request, FRA_TABLE, stale->items[i].table);
        mnl_attr_put_u32(request, FRA_PRIORITY, stale->items[i].priority);
        mnl_attr_put_u32(request, FRA_FWMARK, kernel->mark);
        mnl_attr_put_u32(request, FRA_FWMASK, UINT32_MAX);
        mnl_attr_put_u8(request, FRA_PROTOCOL, kernel->protocol);
        (void)talk(kernel, request);
    }
}

void kernel_clean(struct kernel *kernel)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    struct stale stale;

    for (uint32_t i = 0; i < 2; i++) {
        dump(kernel, RTM_GETRULE, families[i], note_rule, &stale);
        remove_rules(kernel, families[i], &stale);
        /* more than fit at once: again, a bounded number of times */
        for (uint32_t turn = 0; turn < 512; turn++) {
            dump(kernel, RTM_GETROUTE, families[i], note_route, &stale);
            remove_routes(kernel, families[i], &stale);
            if (stale.count < STALE_AT_ONCE)
                break;
        }
    }
}
