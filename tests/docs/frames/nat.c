/* SPDX-License-Identifier: ISC */
/* The example of nat.h: two registries have answered. */
#include <autovpn/nat.h>

void example(struct avpn_contact contact_a, struct avpn_contact contact_b, avpn_time now);
void example(struct avpn_contact contact_a, struct avpn_contact contact_b, avpn_time now)
{
EXAMPLE
}
