/* SPDX-License-Identifier: ISC */
/* The example of offload.h: a packet was read from a TUN device, and a batch is to be written to one. */
#include <autovpn/node.h>
#include <autovpn/offload.h>

struct avpn_node *node;
struct avpn_coalescer *coalescer;
void write_slices(void *user, const struct avpn_slice *slices, size_t count);
void example(const uint8_t *vnet, const uint8_t *packet, uint32_t bytes, const struct avpn_packets *batch,
             size_t count, avpn_time now);
void example(const uint8_t *vnet, const uint8_t *packet, uint32_t bytes, const struct avpn_packets *batch,
             size_t count, avpn_time now)
{
    static uint8_t room[AVPN_SEGMENT_ROOM];
    struct avpn_packets run;
    int tun = 3;

EXAMPLE
}
