/* SPDX-License-Identifier: ISC */
/* The example of node.h: the host has a socket, a TUN device and a clock. */
#include <autovpn/node.h>

avpn_time now(void);
void wait_until(int udp, int tun, avpn_time deadline);
void show(const struct avpn_event *event);
struct avpn_datagrams datagrams[1];
struct avpn_packets packets[1];
void example(int udp, int tun, struct avpn_node_options options, struct avpn_host host, struct avpn_uplink uplink, size_t n,
             size_t m);
void example(int udp, int tun, struct avpn_node_options options, struct avpn_host host, struct avpn_uplink uplink, size_t n,
             size_t m)
{
    struct avpn_node *node;
    struct avpn_event event = {0};

EXAMPLE
}
