/* SPDX-License-Identifier: ISC */
/* The example of config.h: entries are filled in. */
#include <autovpn/config.h>

void print_problem(void *user, const struct avpn_problem *problem);
void sign(struct avpn_config *config);
void example(struct avpn_registry_entry registry, struct avpn_member hub, struct avpn_member spoke);
void example(struct avpn_registry_entry registry, struct avpn_member hub, struct avpn_member spoke)
{
EXAMPLE
}
