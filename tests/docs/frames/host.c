/* SPDX-License-Identifier: ISC */
/* The example of host.h: the callbacks are the host's. */
#include <autovpn/host.h>

void my_transmit(void *user, const struct avpn_datagrams *batch, size_t count);
void my_deliver(void *user, const struct avpn_packets *batch, size_t count);
int my_program;
struct avpn_host example(void);
struct avpn_host example(void)
{
EXAMPLE
    return host;
}
