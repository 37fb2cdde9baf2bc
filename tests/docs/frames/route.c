/* SPDX-License-Identifier: ISC */
/* The example of route.h. */
#include <autovpn/route.h>

void example(struct avpn_prefix lan, struct avpn_address address, uint32_t hop);
void example(struct avpn_prefix lan, struct avpn_address address, uint32_t hop)
{
EXAMPLE
}
