/* SPDX-License-Identifier: ISC */
/* The example of worker.h: both threads' calls in one place. */
#include <autovpn/node.h>

avpn_time now(void);
void send_them(void *user, const struct avpn_datagrams *batch, size_t count);
void write_them(void *user, const struct avpn_packets *batch, size_t count);
void queue_for_the_node(void *user, const uint8_t *bytes, size_t count);
void example(struct avpn_node *node, struct avpn_packets *packets, size_t n, struct avpn_datagrams *datagrams, size_t m,
             uint8_t *bytes, size_t count);
void example(struct avpn_node *node, struct avpn_packets *packets, size_t n, struct avpn_datagrams *datagrams, size_t m,
             uint8_t *bytes, size_t count)
{
    struct avpn_worker *worker;
    int thread = 0;

EXAMPLE
}
