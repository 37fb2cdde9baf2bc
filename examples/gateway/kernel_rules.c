/* SPDX-License-Identifier: ISC */
#include "gateway/kernel.h"

#include <errno.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

/* Places behind the first priority; kernel.h says what each is for. */
enum place { OWN, MAIN, GUARD, SKIP, BREAKOUTS, OWN_DEFAULT, GUARD_DEFAULT };

static struct fib_rule_hdr *put_head(struct nlmsghdr *request, const struct kernel *kernel,
                                     uint8_t family, enum place place)
{
    struct fib_rule_hdr *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

    head->family = family;
    head->action = FR_ACT_TO_TBL;
    mnl_attr_put_u32(request, FRA_PRIORITY, kernel->priority + place);
    mnl_attr_put_u8(request, FRA_PROTOCOL, kernel->protocol);
    return head;
}

static void put_mark(struct nlmsghdr *request, const struct kernel *kernel)
{
    mnl_attr_put_u32(request, FRA_FWMARK, kernel->mark);
    mnl_attr_put_u32(request, FRA_FWMASK, UINT32_MAX);
}

static int add_table(struct kernel *kernel, uint8_t family, enum place place, uint32_t table,
                     int is_without_default)
{
    uint8_t buffer[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *request = netlink_begin(buffer, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);
    struct fib_rule_hdr *head = put_head(request, kernel, family, place);

    head->flags = FIB_RULE_INVERT; /* not with our mark */
    put_mark(request, kernel);
    mnl_attr_put_u32(request, FRA_TABLE, table);
    if (is_without_default)
        mnl_attr_put_u32(request, FRA_SUPPRESS_PREFIXLEN, 0);
    return netlink_talk(&kernel->netlink, request);
}

static int add_skip(struct kernel *kernel, uint8_t family)
{
    uint8_t buffer[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *request = netlink_begin(buffer, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL);

    put_head(request, kernel, family, SKIP)->action = FR_ACT_GOTO;
    put_mark(request, kernel);
    mnl_attr_put_u32(request, FRA_GOTO, kernel->priority + OWN_DEFAULT);
    return netlink_talk(&kernel->netlink, request);
}

static int add_family(struct kernel *kernel, uint8_t family)
{
    if (add_table(kernel, family, OWN, kernel->table, 1) != 0 ||
        add_table(kernel, family, MAIN, RT_TABLE_MAIN, 1) != 0 ||
        add_table(kernel, family, GUARD, kernel->guard, 1) != 0 ||
        add_table(kernel, family, OWN_DEFAULT, kernel->table, 0) != 0 ||
        add_table(kernel, family, GUARD_DEFAULT, kernel->guard, 0) != 0)
        return -1;
    return add_skip(kernel, family);
}

int kernel_add_rules(struct kernel *kernel)
{
    if (add_family(kernel, AF_INET) != 0)
        return -1;
    /* A machine without IPv6 is one with less to do. */
    kernel->has_ipv6 = add_family(kernel, AF_INET6) == 0;
    return kernel->has_ipv6 || errno == EAFNOSUPPORT || errno == EOPNOTSUPP ? 0 : -1;
}

/* ---- breakouts -------------------------------------------------------------------------- */

static void put_breakout(struct netlink_batch *batch, const struct kernel *kernel, uint16_t type,
                          uint16_t flags, const struct avpn_breakout *breakout, uint8_t family)
{
    const struct avpn_prefix *destination = &breakout->destination;
    struct fib_rule_port_range ports = {breakout->destination_first, breakout->destination_last};
    struct nlmsghdr *request;
    struct fib_rule_hdr *head;

    if ((destination->family != AVPN_FAMILY_NONE && kernel_family(destination) != family) ||
        (family == AF_INET6 && !kernel->has_ipv6))
        return;
    request = netlink_batch_put(batch, type, flags, NULL);
    head = put_head(request, kernel, family, BREAKOUTS);
    mnl_attr_put_u32(request, FRA_TABLE, RT_TABLE_MAIN);
    if (destination->family != AVPN_FAMILY_NONE && destination->length > 0) {
        head->dst_len = destination->length;
        mnl_attr_put(request, FRA_DST, kernel_address_bytes(family), destination->bytes);
    }
    if (breakout->protocol)
        mnl_attr_put_u8(request, FRA_IP_PROTO, breakout->protocol);
    if (ports.end)
        mnl_attr_put(request, FRA_DPORT_RANGE, sizeof ports, &ports);
}

void kernel_put_breakout(struct netlink_batch *batch, const struct kernel *kernel,
                          const struct avpn_breakout *breakout)
{
    put_breakout(batch, kernel, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, breakout, AF_INET);
    put_breakout(batch, kernel, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, breakout, AF_INET6);
}

void kernel_drop_breakout(struct netlink_batch *batch, const struct kernel *kernel,
                           const struct avpn_breakout *breakout)
{
    put_breakout(batch, kernel, RTM_DELRULE, 0, breakout, AF_INET);
    put_breakout(batch, kernel, RTM_DELRULE, 0, breakout, AF_INET6);
}
