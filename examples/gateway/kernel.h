/* SPDX-License-Identifier: ISC */
/*
 * kernel: what the gateway changes in the Linux kernel's network, over netlink (libmnl): its
 * interface, its routes in a table of their own, and the rules that lead there.
 *
 * Everything it makes carries its protocol number, and it removes only what carries that
 * number in that table: at the end, and what an earlier run left at the start.
 *
 * Rules, for packets without the gateway's own mark (the tunnel's outer packets have it):
 *   priority      own table, but no default route: the VPN's subnets
 *   priority + 1  main table, but no default route: networks this machine is attached to
 *   priority + 2  own table: the VPN's default route, before the machine's own
 */
#ifndef GATEWAY_KERNEL_H
#define GATEWAY_KERNEL_H

#include <stdint.h>

#include <autovpn/types.h>

struct mnl_socket;

struct kernel {
    struct mnl_socket *socket;  /* requests */
    struct mnl_socket *monitor; /* changes of links and addresses */
    uint32_t sequence;
    uint32_t table, priority, mark;
    uint8_t protocol;
};

/* How a prefix is treated: into the tunnel, or by the tables that come after. */
enum kernel_route { KERNEL_ROUTE_TUNNEL, KERNEL_ROUTE_THROW };

/* These return 0, or -1 with errno. */
int kernel_open(struct kernel *kernel);
void kernel_close(struct kernel *kernel);
int kernel_interface(struct kernel *kernel, const char *name, uint32_t mtu, uint32_t *index_out);
int kernel_address(struct kernel *kernel, uint32_t index, const struct avpn_prefix *address);
int kernel_add_route(struct kernel *kernel, const struct avpn_prefix *prefix,
                     enum kernel_route how, uint32_t index);
int kernel_remove_route(struct kernel *kernel, const struct avpn_prefix *prefix,
                        enum kernel_route how);
int kernel_add_rules(struct kernel *kernel);
/* Own routes and rules that are there. */
void kernel_clean(struct kernel *kernel);
/* Descriptor that becomes readable when links, addresses or routes change; drain says so. */
int kernel_monitor_fd(const struct kernel *kernel);
void kernel_monitor_drain(struct kernel *kernel);

#endif
