/* SPDX-License-Identifier: ISC */
/*
 * Routes in the kernel's tables. The metric is part of a route's identity there, so the one with a
 * new metric can be added before the one with the old is removed, and no packet finds neither.
 */
#include "gateway/kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "gateway/subnets.h"

#define METRIC_OF_THE_REST (KERNEL_METRICS - 1)

uint32_t kernel_metric(const struct kernel *kernel, const struct kernel_route *route)
{
    if (route->kind != KERNEL_ROUTE_TUNNEL || route->place >= METRIC_OF_THE_REST)
        return kernel->metric + METRIC_OF_THE_REST;
    return kernel->metric + route->place;
}

/*
 * An unreachable default route would end every lookup, the rules' "but no default route"
 * notwithstanding: that holds for routes which lead somewhere.
 */
static uint8_t type_of(const struct kernel_route *route)
{
    switch (route->kind) {
    case KERNEL_ROUTE_THROW:
        return RTN_THROW;
    case KERNEL_ROUTE_GUARD:
        return route->prefix.length == 0 ? RTN_UNICAST : RTN_UNREACHABLE;
    default:
        return RTN_UNICAST;
    }
}

static struct rtmsg *put_head(struct netlink_batch *batch, const struct kernel *kernel,
                              uint16_t type, uint16_t flags, const struct kernel_route *route,
                              void *subject)
{
    struct nlmsghdr *request = netlink_batch_put(batch, type, flags, subject);
    struct rtmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);
    const struct avpn_prefix *prefix = &route->prefix;

    head->rtm_family = kernel_family(prefix);
    head->rtm_dst_len = prefix->length;
    head->rtm_protocol = kernel->protocol;
    head->rtm_table = RT_TABLE_UNSPEC;
    head->rtm_type = type_of(route);
    if (prefix->length > 0)
        mnl_attr_put(request, RTA_DST, kernel_address_bytes(head->rtm_family), prefix->bytes);
    mnl_attr_put_u32(request, RTA_TABLE,
                     route->kind == KERNEL_ROUTE_GUARD ? kernel->guard : kernel->table);
    mnl_attr_put_u32(request, RTA_PRIORITY, kernel_metric(kernel, route));
    if (head->rtm_type == RTN_UNICAST)
        mnl_attr_put_u32(request, RTA_OIF, kernel->interface);
    return head;
}

void kernel_put_route(struct netlink_batch *batch, const struct kernel *kernel,
                      const struct kernel_route *route, void *subject)
{
    /* without NLM_F_EXCL it might take the place of somebody else's */
    struct rtmsg *head = put_head(batch, kernel, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route,
                                  subject);

    head->rtm_scope = head->rtm_family == AF_INET && head->rtm_type == RTN_UNICAST
                          ? RT_SCOPE_LINK
                          : RT_SCOPE_UNIVERSE;
}

void kernel_drop_route(struct netlink_batch *batch, const struct kernel *kernel,
                       const struct kernel_route *route, void *subject)
{
    put_head(batch, kernel, RTM_DELROUTE, 0, route, subject)->rtm_scope = RT_SCOPE_NOWHERE;
}

/* ---- others' routes ----------------------------------------------------------------------- */

struct listing {
    const struct kernel *kernel;
    uint32_t table;
    void (*note)(void *user, const struct avpn_prefix *prefix, uint8_t protocol);
    void *user;
};

struct attributes {
    const struct nlattr *found[RTA_MAX + 1];
};

static int note_attribute(const struct nlattr *attribute, void *data)
{
    struct attributes *attributes = data;
    uint16_t type = mnl_attr_get_type(attribute);

    if (type <= RTA_MAX)
        attributes->found[type] = attribute;
    return MNL_CB_OK;
}

static uint32_t number_of(const struct attributes *attributes, uint16_t type)
{
    const struct nlattr *attribute = attributes->found[type];

    return attribute && mnl_attr_get_payload_len(attribute) >= sizeof(uint32_t)
               ? mnl_attr_get_u32(attribute)
               : 0;
}

static int is_way(const struct kernel *kernel, uint32_t flags, uint32_t interface)
{
    return !(flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN)) && interface != kernel->interface;
}

/* Whether one of its next hops is there and outside of the tunnel. */
static int has_way(const struct kernel *kernel, const struct rtmsg *head,
                   const struct attributes *attributes)
{
    const struct nlattr *several = attributes->found[RTA_MULTIPATH];
    const uint8_t *place;
    uint32_t left;

    if (!several)
        return is_way(kernel, head->rtm_flags, number_of(attributes, RTA_OIF));
    place = mnl_attr_get_payload(several);
    left = mnl_attr_get_payload_len(several);
    while (left >= sizeof(struct rtnexthop)) {
        struct rtnexthop hop;
        uint32_t step;

        memcpy(&hop, place, sizeof hop);
        if (hop.rtnh_len < sizeof hop || hop.rtnh_len > left)
            return 0;
        if (is_way(kernel, hop.rtnh_flags, (uint32_t)hop.rtnh_ifindex))
            return 1;
        step = (uint32_t)RTNH_ALIGN(hop.rtnh_len);
        if (step > left)
            return 0;
        place += step;
        left -= step;
    }
    return 0;
}

static void list_route(void *user, const struct nlmsghdr *answer)
{
    const struct rtmsg *head = mnl_nlmsg_get_payload(answer);
    struct listing *listing = user;
    struct attributes attributes = {{0}};
    struct avpn_prefix prefix;

    if (answer->nlmsg_type != RTM_NEWROUTE || head->rtm_type != RTN_UNICAST ||
        head->rtm_protocol == listing->kernel->protocol || (head->rtm_flags & RTM_F_CLONED) ||
        (head->rtm_family != AF_INET && head->rtm_family != AF_INET6))
        return;
    (void)mnl_attr_parse(answer, sizeof *head, note_attribute, &attributes);
    /* a default route has no destination */
    if (number_of(&attributes, RTA_TABLE) != listing->table || !attributes.found[RTA_DST] ||
        mnl_attr_get_payload_len(attributes.found[RTA_DST]) !=
            kernel_address_bytes(head->rtm_family) ||
        !has_way(listing->kernel, head, &attributes))
        return;
    subnets_of(head->rtm_family == AF_INET ? AVPN_FAMILY_IPV4 : AVPN_FAMILY_IPV6,
               mnl_attr_get_payload(attributes.found[RTA_DST]), head->rtm_dst_len, &prefix);
    listing->note(listing->user, &prefix, head->rtm_protocol);
}

int kernel_each_route(struct kernel *kernel, uint32_t table,
                      void (*note)(void *user, const struct avpn_prefix *prefix, uint8_t protocol),
                      void *user)
{
    static const uint8_t families[] = {AF_INET, AF_INET6};
    struct listing listing = {kernel, table, note, user};

    for (uint32_t i = 0; i < 2; i++) {
        uint8_t buffer[NETLINK_REQUEST_BYTES];
        struct nlmsghdr *request = netlink_begin(buffer, RTM_GETROUTE, 0);
        struct rtmsg *head = mnl_nlmsg_put_extra_header(request, sizeof *head);

        head->rtm_family = families[i];
        mnl_attr_put_u32(request, RTA_TABLE, table);
        if (netlink_dump(&kernel->netlink, request, list_route, &listing) != 0 &&
            errno != ENOENT && errno != EAFNOSUPPORT && errno != EOPNOTSUPP)
            return -1;
    }
    return 0;
}
