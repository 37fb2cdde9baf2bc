/* SPDX-License-Identifier: ISC */
/* The peers of bench_lpm where there are none. */
#include "lpm_table.h"

bool lpm_peers_begin(char *program)
{
    (void)program;
    return false;
}

bool lpm_peer_build(const struct lpm_table *table, uint32_t number, struct lpm_peer *peer_out)
{
    (void)table;
    (void)number;
    (void)peer_out;
    return false;
}

void lpm_peers_release(void)
{
}
