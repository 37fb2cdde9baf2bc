/* SPDX-License-Identifier: ISC */
/* The example of publisher.h: the host has a socket and a clock. */
#include <autovpn/publisher.h>

avpn_time now(void);
void wait_until(int udp, avpn_time deadline);
struct avpn_datagrams datagrams[1];
void example(int udp, struct avpn_publisher_options options, struct avpn_host host, const uint8_t *bundle, size_t bytes,
             size_t n);
void example(int udp, struct avpn_publisher_options options, struct avpn_host host, const uint8_t *bundle, size_t bytes,
             size_t n)
{
    struct avpn_publisher_status status = {.size = sizeof status};
    struct avpn_publisher *publisher;

EXAMPLE
}
