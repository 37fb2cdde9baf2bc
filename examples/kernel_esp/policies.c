/* SPDX-License-Identifier: ISC */
#include "kernel_esp/policies.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#define MESSAGE_BYTES 1024u
#define PRIORITY 200u /* less the prefix's length: the lowest number decides */
#define TEMPLATES 6u  /* the most that a policy has in the kernel */

static struct xfrm_selector selector_of(const struct avpn_prefix *prefix, int is_source)
{
    struct xfrm_selector selector = {0};
    xfrm_address_t *address = is_source ? &selector.saddr : &selector.daddr;

    selector.family = prefix->family == AVPN_FAMILY_IPV6 ? AF_INET6 : AF_INET;
    memcpy(address, prefix->bytes, sizeof prefix->bytes);
    if (is_source)
        selector.prefixlen_s = prefix->length;
    else
        selector.prefixlen_d = prefix->length;
    return selector;
}

static struct xfrm_userpolicy_info policy_of(const struct avpn_prefix *prefix, uint8_t direction)
{
    struct xfrm_userpolicy_info policy = {.sel = selector_of(prefix, direction != XFRM_POLICY_OUT),
                                          .priority = PRIORITY - prefix->length,
                                          .dir = direction,
                                          .action = XFRM_POLICY_ALLOW};

    policy.lft.soft_byte_limit = policy.lft.hard_byte_limit = XFRM_INF;
    policy.lft.soft_packet_limit = policy.lft.hard_packet_limit = XFRM_INF;
    return policy;
}

/* Any ESP state of a member, in tunnel mode. */
static struct xfrm_user_tmpl template_of(uint32_t member)
{
    struct xfrm_user_tmpl template = {.family = AF_INET,
                                      .reqid = member,
                                      .mode = XFRM_MODE_TUNNEL,
                                      .aalgos = UINT32_MAX,
                                      .ealgos = UINT32_MAX,
                                      .calgos = UINT32_MAX};

    template.id.proto = IPPROTO_ESP;
    return template;
}

static int put_policy(struct netlink *netlink, const struct xfrm_userpolicy_info *policy,
                      const struct xfrm_user_tmpl *templates, size_t count)
{
    _Alignas(struct nlmsghdr) uint8_t bytes[MESSAGE_BYTES];
    struct nlmsghdr *request = netlink_begin(bytes, XFRM_MSG_UPDPOLICY, 0);

    memcpy(mnl_nlmsg_put_extra_header(request, sizeof *policy), policy, sizeof *policy);
    if (count > 0)
        mnl_attr_put(request, XFRMA_TMPL, count * sizeof *templates, templates);
    return netlink_talk(netlink, request);
}

int policies_put_out(struct netlink *netlink, const struct avpn_prefix *prefix,
                     const struct policies_sender *sender)
{
    struct xfrm_userpolicy_info policy = policy_of(prefix, XFRM_POLICY_OUT);
    struct xfrm_user_tmpl template;

    if (sender == NULL) {
        policy.action = XFRM_POLICY_BLOCK;
        return put_policy(netlink, &policy, NULL, 0);
    }
    template = template_of(sender->member);
    template.id.spi = htonl(sender->spi); /* this one, and not the newest */
    template.family = states_family(&sender->ends.remote);
    template.id.daddr = states_address(&sender->ends.remote);
    template.saddr = states_address(&sender->ends.local);
    return put_policy(netlink, &policy, &template, 1);
}

int policies_put_in(struct netlink *netlink, const struct policies_route *route)
{
    static const uint8_t directions[] = {XFRM_POLICY_IN, XFRM_POLICY_FWD};
    struct xfrm_user_tmpl templates[TEMPLATES];
    size_t count = 0;
    int result = 0;

    for (; count < route->hop_count && count < TEMPLATES; count++) {
        templates[count] = template_of(route->hops[count]);
        templates[count].optional = route->hop_count > 1;
    }
    for (size_t i = 0; i < 2 && result == 0; i++) {
        struct xfrm_userpolicy_info policy = policy_of(&route->prefix, directions[i]);

        if (count == 0)
            policy.action = XFRM_POLICY_BLOCK;
        result = put_policy(netlink, &policy, templates, count);
    }
    return result;
}

void policies_remove(struct netlink *netlink, const struct avpn_prefix *prefix)
{
    static const uint8_t directions[] = {XFRM_POLICY_OUT, XFRM_POLICY_IN, XFRM_POLICY_FWD};
    _Alignas(struct nlmsghdr) uint8_t bytes[NETLINK_REQUEST_BYTES];

    for (size_t i = 0; i < 3; i++) {
        struct nlmsghdr *request = netlink_begin(bytes, XFRM_MSG_DELPOLICY, 0);
        struct xfrm_userpolicy_id id = {.sel = selector_of(prefix, i != 0), .dir = directions[i]};

        memcpy(mnl_nlmsg_put_extra_header(request, sizeof id), &id, sizeof id);
        (void)netlink_talk(netlink, request);
    }
}

int policies_except_socket(int fd, uint16_t family)
{
    static const uint8_t directions[] = {XFRM_POLICY_IN, XFRM_POLICY_OUT};
    int level = family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP;
    int option = family == AF_INET6 ? IPV6_XFRM_POLICY : IP_XFRM_POLICY;

    for (size_t i = 0; i < 2; i++) {
        struct avpn_prefix any = {0};
        struct xfrm_userpolicy_info policy;

        any.family = family == AF_INET6 ? AVPN_FAMILY_IPV6 : AVPN_FAMILY_IPV4;
        policy = policy_of(&any, directions[i]);
        if (setsockopt(fd, level, option, &policy, sizeof policy) != 0)
            return -1;
    }
    return 0;
}
