/* SPDX-License-Identifier: ISC */
/* The example of registry.h: one round of the loop. */
#include <autovpn/registry.h>

void example(struct avpn_registry_options options, struct avpn_host host, struct avpn_key organization,
             const uint8_t *bundle, size_t bytes, const struct avpn_datagrams *datagrams, size_t n, avpn_time now);
void example(struct avpn_registry_options options, struct avpn_host host, struct avpn_key organization,
             const uint8_t *bundle, size_t bytes, const struct avpn_datagrams *datagrams, size_t n, avpn_time now)
{
    struct avpn_registry *registry;

EXAMPLE
}
