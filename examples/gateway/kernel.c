/* SPDX-License-Identifier: ISC */
#include "gateway/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "common/log.h"

#define MONITOR_BYTES 32768
#define MONITOR_BUFFER_BYTES (4 << 20) /* a routing daemon may change thousands of routes at once */

uint8_t kernel_family(const struct avpn_prefix *prefix)
{
    return prefix->family == AVPN_FAMILY_IPV4 ? AF_INET : AF_INET6;
}

uint32_t kernel_address_bytes(uint8_t family)
{
    return family == AF_INET ? 4 : 16;
}

int kernel_open(struct kernel *kernel)
{
    int groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR | RTMGRP_IPV4_ROUTE |
                 RTMGRP_IPV6_ROUTE;
    int bytes = MONITOR_BUFFER_BYTES;

    if (netlink_open(&kernel->netlink, NETLINK_ROUTE) != 0)
        return -1;
    kernel->monitor = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (!kernel->monitor)
        return -1;
    (void)setsockopt(mnl_socket_get_fd(kernel->monitor), SOL_SOCKET, SO_RCVBUFFORCE, &bytes,
                     sizeof bytes);
    return mnl_socket_bind(kernel->monitor, (unsigned)groups, MNL_SOCKET_AUTOPID);
}

void kernel_close(struct kernel *kernel)
{
    netlink_close(&kernel->netlink);
    if (kernel->monitor)
        (void)mnl_socket_close(kernel->monitor);
    kernel->monitor = NULL;
}

/* ---- changes -------------------------------------------------------------------------- */

int kernel_monitor_fd(const struct kernel *kernel)
{
    return mnl_socket_get_fd(kernel->monitor);
}

static uint32_t change_of(const struct kernel *kernel, const struct nlmsghdr *message)
{
    const struct rtmsg *route = mnl_nlmsg_get_payload(message);

    if (message->nlmsg_type != RTM_NEWROUTE && message->nlmsg_type != RTM_DELROUTE)
        return KERNEL_CHANGED_LINKS;
    if (route->rtm_protocol == kernel->protocol || (route->rtm_flags & RTM_F_CLONED))
        return 0;
    return KERNEL_CHANGED_ROUTES;
}

uint32_t kernel_monitor_drain(struct kernel *kernel)
{
    _Alignas(struct nlmsghdr) char bytes[MONITOR_BYTES];
    uint32_t changes = 0;
    ssize_t n;

    while ((n = recv(mnl_socket_get_fd(kernel->monitor), bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
        struct nlmsghdr *message = (struct nlmsghdr *)(void *)bytes;
        int left = (int)n;

        for (; mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left))
            changes |= change_of(kernel, message);
    }
    if (n < 0 && errno == ENOBUFS) /* some were lost: anything may have changed */
        changes = KERNEL_CHANGED_LINKS | KERNEL_CHANGED_ROUTES;
    return changes;
}

/* ---- interface ---------------------------------------------------------------------- */

static void set_ipv4_option(const char *interface, const char *option, const char *value)
{
    char path[96];
    int fd;

    (void)snprintf(path, sizeof path, "/proc/sys/net/ipv4/conf/%s/%s", interface, option);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, value, strlen(value)) < 0)
        log_line(AVPN_LOG_WARNING, "%s cannot be set to %s: %s", path, value, strerror(errno));
    if (fd >= 0)
        (void)close(fd);
}

/*
 * The engine checks every source [RTE-5]. The kernel's check would refuse the engine's ICMP errors, which come from
 * an address of this machine, and packets of sites whose way back is not in the own table now.
 */
static void accept_sources(const char *interface)
{
    char value = '0';
    int fd = open("/proc/sys/net/ipv4/conf/all/rp_filter", O_RDONLY | O_CLOEXEC);

    set_ipv4_option(interface, "accept_local", "1");
    set_ipv4_option(interface, "rp_filter", "0");
    if (fd < 0)
        return;
    if (read(fd, &value, 1) == 1 && value != '0')
        log_line(AVPN_LOG_WARNING, "net.ipv4.conf.all.rp_filter is %c and holds for %s too: packets of "
                                   "other sites may be dropped; set it to 0, and for each other "
                                   "interface by itself",
                 value, interface);
    (void)close(fd);
}

int kernel_interface(struct kernel *kernel, const char *name, uint32_t mtu)
{
    uint8_t buffer[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *request = netlink_begin(buffer, RTM_NEWLINK, 0);
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header(request, sizeof *link);

    kernel->interface = if_nametoindex(name);
    if (kernel->interface == 0)
        return -1;
    link->ifi_index = (int)kernel->interface;
    link->ifi_change = link->ifi_flags = IFF_UP;
    mnl_attr_put_u32(request, IFLA_MTU, mtu);
    accept_sources(name);
    return netlink_talk(&kernel->netlink, request);
}

int kernel_address(struct kernel *kernel, const struct avpn_prefix *address)
{
    uint8_t buffer[NETLINK_REQUEST_BYTES];
    struct nlmsghdr *request = netlink_begin(buffer, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE);
    struct ifaddrmsg *message = mnl_nlmsg_put_extra_header(request, sizeof *message);
    uint32_t bytes;

    message->ifa_family = kernel_family(address);
    message->ifa_prefixlen = address->length;
    message->ifa_index = kernel->interface;
    bytes = kernel_address_bytes(message->ifa_family);
    mnl_attr_put(request, IFA_LOCAL, bytes, address->bytes);
    mnl_attr_put(request, IFA_ADDRESS, bytes, address->bytes);
    return netlink_talk(&kernel->netlink, request);
}
